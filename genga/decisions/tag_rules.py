"""Rules about tags: `corrections/<series>/tag_rules.csv` adds, removes or replaces a tag wherever another one holds.

Columns: tag, decision, and optionally with, where, episode, shot, character, who, why. A line says `add`, `remove` or
`replace` (by the tag in `with`) of a tag on every picture of the series: whole stills, and people in them. It is
narrowed by `where`, tags that must all hold there, with ` & ` between them; by episode, or a shot of it; or by a
character, whose images it is about then, once it is known who is who. A shot is named by a frame in it, whose number
stays when cuts are found otherwise.

Rules are about what models said, and see nothing of each other. The narrower one holds (shot, episode, series), of two
alike that contradict each other on a picture the later one, and both are named. Lines about single pictures in
`tags.csv` hold against all rules.
"""

import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple
from unicodedata import normalize

from genga.decisions.csv import KINDS, Decision, read
from genga.errors import GengaError
from genga.vocabulary.text import tag_name, unknown

FILE = KINDS["tag_rules"].file
RULE = "rule"  # origin and reason of what a rule decided

AND = " & "  # between the tags of `where`; blanks within a tag are underscores


class Rule(NamedTuple):
    line: int  # in the file
    tag: str  # with underscores, as all tags
    decision: Literal["add", "remove", "replace"]
    by: str = ""  # what it is replaced by
    where: tuple[str, ...] = ()
    episode: str = ""  # "": all
    shot: int | None = None  # a frame of the shot, by its number in the episode; None: all
    character: str = ""  # "": everybody, and pictures of nobody

    @property
    def width(self) -> int:
        """0 for one about a shot, 1 for an episode, 2 for the series."""
        return 2 if not self.episode else 1 if self.shot is None else 0

    @property
    def scope(self) -> tuple[object, ...]:
        """What it is narrowed by."""
        return frozenset(self.where), self.episode, self.shot, self.character

    @property
    def outcome(self) -> dict[str, bool]:
        """Which tags hold by it, and which do not."""
        return {self.tag: self.decision == "add", **({self.by: True} if self.by else {})}

    def __str__(self) -> str:
        said = f"{self.decision} {self.tag}{f' with {self.by}' if self.by else ''}"
        of = ("" if self.shot is None else f"the shot of frame {self.shot} of ") + self.episode
        narrowed = (f"where {AND.join(self.where)}" if self.where else "", f"in {of}" if of else "")
        return " ".join(filter(None, (said, *narrowed, f"of {self.character}" if self.character else "")))

    def is_on(self, kept: Collection[str]) -> bool:
        """Whether it says something of a picture with these tags."""
        return all(tag in kept for tag in self.where) and (self.decision == "add" or self.tag in kept)

    def is_about(self, episode: str) -> bool:
        """Whether it is about pictures of an episode, whoever they show."""
        return self.episode in ("", normalize("NFC", episode))


def read_rules(path: str | Path) -> list[Rule]:
    """Return the rules in a file, in order; names those that contradict each other everywhere on stderr.

    Raises GengaError naming file and line.
    """
    found = rules_in(path)
    last: dict[tuple[object, ...], tuple[Rule, bool]] = {}
    for rule in found:
        for tag, holds in rule.outcome.items():
            before, other = last.get((tag, *rule.scope), (rule, holds))
            if other != holds:
                said = f"says {rule}, and line {before.line} {before}; the later one holds: take one of them out"
                print(f"warning: {path}:{rule.line}: {said}", file=sys.stderr)
            last[tag, *rule.scope] = rule, holds
    return found


def rules_in(path: str | Path) -> list[Rule]:
    """Return the same, and say nothing."""
    return [rule_of(decision) for decision in read(path, "tag_rules")]


def rule_of(decision: Decision) -> Rule:
    """Return what a line says. Raises GengaError naming file and line."""
    tag, verb, by, where = (decision[column] for column in ("tag", "decision", "with", "where"))
    episode, shot, character = (decision[column] for column in ("episode", "shot", "character"))
    if not tag:
        raise GengaError(f"{decision.where}: names no tag")
    if verb not in ("add", "remove", "replace"):
        raise GengaError(f"{decision.where}: decision must be add, remove or replace, got {verb!r}")
    if (verb == "replace") != bool(by):
        raise GengaError(f"{decision.where}: with names the tag that replaces another, with decision replace alone")
    if shot and not (shot.isdecimal() and len(shot) <= 9 and episode):
        raise GengaError(f"{decision.where}: shot must be the number of a frame in it, of the episode named beside it")
    if shot and character:
        raise GengaError(f"{decision.where}: a rule about a character can be narrowed to an episode, not to a shot")
    for text in (tag, by, where):
        if "," in text:
            raise GengaError(f"{decision.where}: {text!r} holds a comma, which separates tags; write {AND!r}")
    names = tag_name(tag), tag_name(by)
    if names[0] == names[1]:
        raise GengaError(f"{decision.where}: replaces {names[0]} by itself; take the line out")
    also = tuple(tag_name(one.strip()) for one in where.split(AND)) if where else ()
    number = int(shot) if shot else None
    kind: Literal["add", "remove", "replace"] = "add" if verb == "add" else "remove" if verb == "remove" else "replace"
    return Rule(decision.line, names[0], kind, names[1], also, episode, number, character)


def of_episode(rules: Iterable[Rule], episode: str) -> list[Rule]:
    """Return the rules that the stage tag applies to an episode."""
    return [rule for rule in rules if not rule.character and rule.is_about(episode)]


def of_characters(rules: Iterable[Rule]) -> list[Rule]:
    """Return the rules that wait until it is known who is who, for the stage dataset."""
    return [rule for rule in rules if rule.character]


def ruling_of(files: Iterable[Path], episode: str = "") -> "Ruling":
    """Return the rules that the table among `files` has for an episode; without one for characters, of the series."""
    path = next((path for path in files if path.name == FILE), None)
    rules = read_rules(path) if path else []
    return Ruling(of_episode(rules, episode) if episode else of_characters(rules), str(path or FILE))


@dataclass
class Ruling:
    """Rules of one file as they are applied to pictures, and what came of it."""

    rules: Sequence[Rule]
    file: str = FILE
    hits: Counter[Rule] = field(default_factory=Counter)  # pictures that each changed
    against: dict[tuple[Rule, Rule], list[str]] = field(default_factory=dict)  # pictures, by earlier and later rule

    def on(
        self,
        about: Iterable[Rule],
        picture: str,
        kept: Collection[str],
        barred: Callable[[str], bool],
        said_already: Collection[str] = (),
    ) -> dict[str, bool]:
        """Return which tags of a picture hold by the rules and which do not, of those that change.

        about: rules that are about the picture. kept: the tags that hold. barred: whether a tag cannot be added to it.
        said_already: tags that single lines decided.
        """
        said: dict[str, tuple[Rule, bool]] = {}
        fitting = [rule for rule in about if rule.is_on(kept)]
        for rule in sorted(fitting, key=lambda rule: (-rule.width, rule.line)):
            for tag, holds in rule.outcome.items():
                before, other = said.get(tag, (rule, holds))
                if other != holds and before.width == rule.width and before.scope != rule.scope:
                    self.against.setdefault((before, rule), []).append(picture)
                said[tag] = rule, holds
        changed = {
            tag: of
            for tag, of in said.items()
            if of[1] != (tag in kept) and tag not in said_already and not (of[1] and barred(tag))
        }
        self.hits.update({rule for rule, _ in changed.values()})
        return {tag: holds for tag, (_, holds) in changed.items()}

    def tell_unknown(self, known: Collection[str]) -> None:
        """Say on stderr which tags no tagger knows. known: those that one does."""
        for rule in self.rules:
            for tag in {*rule.outcome, *rule.where}:
                if said := unknown(tag, known):
                    print(f"warning: {self.file}:{rule.line}: {rule}: {said}", file=sys.stderr)

    def tell(self) -> None:
        """Say on stderr how many pictures each rule changed, and which contradict each other."""
        for rule in self.rules:
            count = self.hits[rule]
            effect = f"{count} picture{'s' if count != 1 else ''}" if count else "without effect"
            print(f"{self.file}:{rule.line}: {rule}: {effect}", file=sys.stderr)
        for (one, other), pictures in self.against.items():
            said = f"{other} contradicts line {one.line}, {one}, on {pictures[0]}"
            more = f" and {len(pictures) - 1} more" if len(pictures) > 1 else ""
            print(
                f"warning: {self.file}:{other.line}: {said}{more}; the later one holds: take one of them out",
                file=sys.stderr,
            )
