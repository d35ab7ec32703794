"""Rules about tags, sentences, and names that a character has in all series: as edits, and as the desk lists them.

What they say shows in captions and searches after the next run of the workflow: rules meet what models say, and each
other's lines, in stages tag and dataset alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from genga.decisions.characters import aliases_of
from genga.decisions.csv import Decision
from genga.decisions.tag_rules import AND, Rule, rule_of
from genga.desk.edits import ABOUT, Edit, Place
from genga.desk.index import Hit
from genga.desk.piece import Piece
from genga.errors import GengaError
from genga.store.parquet import has_table, read_table
from genga.tables import shots
from genga.tables.schema import only

T = TypeVar("T")

OF_SHOTS = only(shots.SHOTS, "shot", "start", "end")
KINDS = ("tag_rules", "aliases", "sentences")
MOST = 500  # lines of a kind that are listed: captions that came with pictures are sentences, too


def rule_edit(series: str, said: Mapping[str, str], why: str, back: bool = False) -> Edit:
    """Return the edit by which a rule holds, or no more. said: its columns. Raises GengaError for what is none."""
    about = {column: said.get(column, "") for column in ABOUT["tag_rules"]}
    if not back:
        rule = _as_read("a rule", lambda: rule_of(Decision("", 0, "tag_rules", about)))
        about |= {"tag": rule.tag, "with": rule.by, "where": AND.join(rule.where)}
    return Edit(Place("tag_rules", series), about, None if back else {"why": why})


def alias_edit(series: str, character: str, name: str, lines: Iterable[Decision], why: str) -> Edit:
    """Return the edit by which somebody is called so in all series. name: "" to take the line back. lines: of aliases.

    Raises GengaError for a name that is none, and for one that another line calls otherwise.
    """
    said = {"character": character, "name": name}
    if name:
        others = [line for line in lines if line["character"] != character]
        _as_read("an alias", lambda: aliases_of([*others, Decision("", 0, "aliases", said)], ""))
    return Edit(Place("aliases", series), {"character": character}, {"name": name, "why": why} if name else None)


def sentence_edits(hits: Sequence[Hit], sentence: str | None, why: str) -> list[Edit]:
    """Return the edits by which pictures are described so. sentence: "" for nothing; None: lines are taken back."""
    says = None if sentence is None else {"sentence": sentence, "why": why}
    return [Edit(Place("sentences", hit.piece.series), {"still_or_crop": hit.name}, says) for hit in hits]


def _as_read(what: str, read: Callable[[], T]) -> T:
    """Return a line as its stage reads it; what is wrong with it is said without a place."""
    try:
        return read()
    except GengaError as error:
        raise GengaError(f"{what}: {str(error).partition(': ')[2].replace('line 0 says', 'this one says')}") from error


def listed(
    root: Path, series: str, lines: Mapping[str, Sequence[Decision]], pieces: Sequence[Piece]
) -> list[dict[str, Any]]:
    """Return what a series' lines say, of each kind the last MOST, and a search that shows whom they are about.

    lines: by kind. pieces: the episodes of the series. left: pictures on which a rule would change something yet.
    """
    found = []
    for kind in KINDS:
        for line in lines[kind][-MOST:]:
            row = {"kind": kind, "series": series, "line": line.line, **{k: v for k, v in line.values.items() if v}}
            found.append(row | _told(root, kind, line, pieces))
    return found


def _told(root: Path, kind: str, line: Decision, pieces: Sequence[Piece]) -> dict[str, Any]:
    if kind == "aliases":
        here, everywhere = line["character"], line["name"]
        query = f"character:{_quoted(f'{here}|{everywhere}')}"  # as it is called before the next run, and after
        return {"says": f"{here} is {everywhere} in all series", "query": query}
    if kind == "sentences":
        return {"says": line["sentence"] or "nothing is said of it", "query": f"id:{_quoted(line['still_or_crop'])}"}
    try:
        rule = rule_of(line)
    except GengaError as error:
        return {"says": str(error), "query": "", "left": None}
    shot = None if rule.shot is None else shot_of(root, pieces, rule)
    return {"says": str(rule), "query": _query(rule, shot), "left": sum(_left(rule, piece, shot) for piece in pieces)}


def shot_of(root: Path, pieces: Sequence[Piece], rule: Rule) -> int:
    """Return the number of the shot that a rule names by a frame; -1 if there is none."""
    for piece in pieces:
        path = root / shots.PATH.format(series=piece.series, episode=piece.episode)
        if piece.episode == rule.episode and has_table(path):
            rows = read_table(path, OF_SHOTS).rows()
            return next((shot for shot, start, end in rows if start <= (rule.shot or 0) < end), -1)
    return -1


def _left(rule: Rule, piece: Piece, shot: int | None) -> int:
    """How many pictures of an episode a rule would change something on, as they are now."""
    if not rule.is_about(piece.episode):
        return 0
    mask = np.ones(len(piece), bool) if shot is None else piece.shot == shot
    if rule.character:
        mask &= piece.character.where((rule.character,))
    for tag in rule.where:
        mask &= piece.holding(tag)
    holds = piece.holding(rule.tag)
    return int((mask & (~holds if rule.decision == "add" else holds)).sum())


def _query(rule: Rule, shot: int | None) -> str:
    """A search that finds the pictures that a rule is about."""
    tags = [*rule.where, *([rule.tag] if rule.decision != "add" or not rule.where else [])]
    narrowed = {"episode": rule.episode, "character": rule.character, "shot": "" if shot is None else str(shot)}
    return " ".join([*(f"tag:{_quoted(tag)}" for tag in tags),
                     *(f"{key}:{_quoted(text)}" for key, text in narrowed.items() if text)])  # fmt: skip


def _quoted(text: str) -> str:
    return f'"{text}"' if any(letter.isspace() for letter in text) else text
