"""What people decided, as the jobs will have it: lines with where they were decided, and where they take effect.

Before anything is made anew, while the tables are still those that a person looked at, every line that says of somebody
or of a dropped drawing, and not yet where, is looked up in them (`at`, genga.decisions.placing). Jobs are held to what
the table says with that; it is written down when a run starts, and never in a dry run. Of what is made for the first
time in a run that is written down at its end. And a line about a drawing that another episode keeps goes to that
episode's jobs, which are held to these lines alone.

What was found of a table is kept under .snakemake/ with the stamps of all files that it came from.
"""

import hashlib
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from genga.decisions.csv import AT, FOLDER, KINDS, content_of, parse
from genga.decisions.csv import path_of as table_path
from genga.decisions.folder import in_one_form
from genga.decisions.issues import read_issues
from genga.decisions.tag_rules import Rule, of_characters, of_episode, rules_in
from genga.decisions.writer import changed
from genga.errors import GengaError
from genga.params.tag import VOCABULARY
from genga.store.files import read_notes, replacing, sha256_of, write_json
from genga.store.hash_cache import stamp_of
from genga.workflow.dvc_lock import unmoved
from genga.workflow.noted import Noted, held_to, noted
from genga.workflow.packs import Packs, clips_of

_NOTES = Path(".snakemake/genga/decided.json")


@dataclass
class Decided:
    """What people decided in this folder, as it was when it was looked at."""

    there: Mapping[str, str] = field(default_factory=dict)  # tables, see genga.decisions.folder
    series: Mapping[str, Iterable[str]] = field(default_factory=dict)  # with their episodes
    noted: dict[str, bytes] = field(default_factory=dict)  # tables with `at` in more lines than they have it
    before: dict[str, bytes] = field(default_factory=dict)  # the same as they are
    lines: dict[str, int] = field(default_factory=dict)  # how many lines of them
    landed: dict[str, dict[str, list[list[Any]]]] = field(default_factory=dict)  # by series/episode, of other episodes
    packs: Mapping[str, Packs] = field(default_factory=dict)  # of series of short clips
    rules: dict[str, list[Rule] | None] = field(default_factory=dict, compare=False)  # None: cannot be read
    held: dict[str, Any] = field(default_factory=dict, compare=False)  # what jobs are held to of a table, once asked

    def digest(self, path: str) -> str:
        """Return the sha256 of a file as the jobs will have it."""
        digest = hashlib.sha256(self.noted[path]).hexdigest() if path in self.noted else sha256_of(path)
        self.held.setdefault(path, digest)
        return digest

    def write(self) -> None:
        """Write down where lines were decided. Raises GengaError for a table that is not what was looked at."""
        with unmoved(FOLDER) if self.noted else nullcontext():
            for path, content in self.noted.items():
                if content_of(path) != self.before[path]:
                    raise GengaError(f"{path}: was written while it was read; run again")
                with replacing(path) as temporary:
                    temporary.write_bytes(content)
                lines = f"{self.lines[path]} line{'s' if self.lines[path] > 1 else ''}"
                print(f"{path}: noted in {lines} where that was (column {AT})", file=sys.stderr)

    def write_after(self) -> dict[str, Noted]:
        """Write down after a run where lines were decided that are about what it made; return what to put on record.

        That is of tables that its jobs had, and as they had them: of a line that was written since, or that no job has
        read yet, the next run looks up where that was.
        """
        now = look(self.there, self.series, self.packs)
        found = {path: noted(path, now.before[path], text) for path, text in now.noted.items()}
        found = {path: one for path, one in found.items() if self.held.get(path) == one.held[0]}
        now.noted = {path: now.noted[path] for path in found}
        now.write()
        return found

    def of(
        self, wildcards: Mapping[str, str], kind: str, paths: list[str], listed: Callable[[Any], str]
    ) -> tuple[dict[str, Any], list[str]]:
        """Return what a job with these tables is held to, and the files that it reads.

        Those of a series are listed in a file. An episode's tags have a file more: other episodes' lines about drawings
        that it keeps. Of rules about tags a job is held to those that concern it, of tiers to what they say. listed:
        writes a list or the like into a file, and says which.
        """
        if kind == "tag_rules":
            return {path: self.rules_for(path, wildcards) for path in paths}, paths
        if kind == "tiers":
            return {path: self.tiers_in(path) for path in paths}, paths
        if kind == "sentences":
            return {path: self.digest(path) for path in paths}, paths
        if kind == "issues":  # the job reads what they say, not the tables
            found = {path: _issues(path) for path in paths}
            return dict(found), [listed(found)] if paths else []
        said: dict[str, Any] = {path: self.digest(path) for path in paths}
        if not (episode := wildcards.get("episode")):  # Snakemake's are no mapping: `in` asks for a value
            return said, [listed(paths)] if paths else []
        landed = self.landed.get(f"{wildcards['series']}/{episode}", {}) if kind == "tags" else {}
        said |= {f"{path}, about drawings of this episode": lines for path, lines in landed.items()}
        return said, [*paths, *([listed(landed)] if landed else [])]

    def concern(self, kind: str, wildcards: Mapping[str, str], episodes: Iterable[str]) -> list[str]:
        """Return the tables of a kind that are there and concern a job of these wildcards."""
        clips = clips_of(self.packs, wildcards["series"], episodes) if self.there else ()
        found = tables_of(self.there, kind, wildcards, clips)
        if kind == "tiers":
            return [path for path in found if self.tiers_in(path)]
        return [path for path in found if kind != "tag_rules" or self.rules_for(path, wildcards)]

    def rules_for(self, path: str, wildcards: Mapping[str, str]) -> Any:
        """Return what those rules in a table say that concern the job of an episode, or the dataset of a series.

        Of a table that cannot be read its digest: the job says what is wrong with it.
        """
        if path not in self.rules:
            try:
                self.rules[path] = rules_in(path)
            except GengaError:
                self.rules[path] = None
        if (rules := self.rules[path]) is None:
            return self.digest(path)
        if not (episode := wildcards.get("episode")):
            return [list(rule[1:]) for rule in of_characters(rules)]
        clips = clips_of(self.packs, wildcards["series"], [episode])
        return [list(rule[1:]) for rule in rules if any(of_episode([rule], clip) for clip in clips)]

    def tiers_in(self, path: str) -> Any:
        """Return what a table of tiers says: of what, which, where that was; of one that cannot be read its digest."""
        try:
            return self.held.setdefault(path, held_to(path, self.noted.get(path) or content_of(path)))
        except GengaError:
            return self.digest(path)

    def tell_moved(self) -> bool:
        """Say after a run how many lines are about drawings that other episodes keep since, or keep no more; if any."""
        if moved := len(_places(self) ^ _places(look(self.there, self.series, self.packs))):
            print(
                f"{moved} decisions moved to or from drawings of other episodes: run snakemake again", file=sys.stderr
            )
        return moved > 0


def _issues(path: str) -> list[dict[str, Any]] | str:
    """What a table of issues says, or why it cannot be read: the job says it, too."""
    try:
        return [one._asdict() for one in read_issues(path)]
    except GengaError as error:
        return str(error)


def tables_of(there: Mapping[str, str], kind: str, wildcards: Mapping[str, str], episodes: Iterable[str]) -> list[str]:
    """Return the tables that a job of these wildcards and episodes reads for a kind, if they are there.

    For the names of a series also its aliases, and those of its episodes: what takes no effect is counted with them.
    there: see genga.decisions.folder.tables.
    """
    if not there:
        return []
    places = [(kind, name) for name in episodes] if KINDS[kind].level == "episode" else [(kind, "")]
    if kind == "characters":
        places += [(one.name, name) for name in episodes for one in KINDS.values() if one.level == "episode"]
        places += [("aliases", "")]
    names = [in_one_form(table_path(one, wildcards["series"], name)) for one, name in places]
    return [there[name] for name in names if name in there]


def tables_named(section: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the tables of vocabulary/ that section tag names, with the sha256 of each; None: it is not there."""
    named = (*(section["implied"][kind] for kind in ("implications", "aliases")), section["calibration"])
    paths = [f"{VOCABULARY}/{name}" for name in named if name]
    return {path: sha256_of(path) if Path(path).is_file() else None for path in paths}


def _places(decided: Decided) -> set[tuple[str, str, str]]:
    """Episode, table and line of each line that is about another episode's drawing."""
    return {
        (episode, table, str(line))
        for episode, tables in decided.landed.items()
        for table, lines in tables.items()
        for line in lines
    }


@dataclass
class _Found:
    """What was found of one table."""

    stamps: dict[str, list[int] | None]  # of all files that were looked at
    at: dict[str, str]  # by line: what it does not say yet
    landed: dict[str, list[list[Any]]]  # by the episode that keeps the drawing


def look(
    there: Mapping[str, str], series: Mapping[str, Iterable[str]], packs: Mapping[str, Packs] | None = None
) -> Decided:
    """Return what people decided in this folder about these series and their episodes.

    there: the tables, see genga.decisions.folder. One that cannot be read is left as it is: the job that reads it says
    what is wrong with it.
    """
    known = {path: _Found(**found) for path, found in read_notes(_NOTES).items()}
    decided, found = Decided(there, series, packs=packs or {}), {}
    for name, episodes in series.items() if there else ():
        clips = clips_of(decided.packs, name, episodes)
        of_episodes = ((kind, one) for one in clips for kind in ("frames", "tags"))
        for kind, episode in [("characters", ""), ("tiers", ""), *of_episodes]:
            if (path := there.get(in_one_form(table_path(kind, name, episode)))) is None:
                continue
            old = known.get(path)
            found[path] = old if old is not None and _holds(old) else _looked_up(path, kind, name, episode)
            _take(decided, path, kind, name, found[path])
    if found != known:
        write_json(_NOTES, {path: asdict(one) for path, one in found.items()})
    return decided


def _holds(found: _Found) -> bool:
    return all((None if (now := stamp_of(path)) is None else list(now)) == was for path, was in found.stamps.items())


def _looked_up(path: str, kind: str, series: str, episode: str) -> _Found:
    from genga.workflow.looked_up import looked_up  # brings what reads tables: not for whoever knows what they say

    return _Found(*looked_up(path, kind, series, episode))


def _take(decided: Decided, path: str, kind: str, series: str, found: _Found) -> None:
    """Put what was found of a table to the rest."""
    if found.at:
        content = content_of(path)
        said = {str(one.line): one for one in parse(content, path, kind)}
        decided.before[path], decided.lines[path] = content, len(found.at)
        decided.noted[path] = changed(content, [(said[line], {AT: text}) for line, text in found.at.items()])
    for episode, lines_there in found.landed.items():
        decided.landed.setdefault(f"{series}/{episode}", {})[path] = lines_there
