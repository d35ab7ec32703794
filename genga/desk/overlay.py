"""What people have decided since the tables were made, put over what the tables say.

So a search finds what a person just said, and not first after the next run of the workflow. Lines about what is not
found under its own id now are left to that run, which places them.

Every change of a line, by this desk or by whoever else writes there, has a revision. A page knows at which one it was
made; what changed since then its person has not seen.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genga.decisions.anchors import target_of
from genga.decisions.csv import Decision, path_of, read
from genga.decisions.folder import in_one_form, tables
from genga.desk.edits import TIES, Edit, Values, key_of, meaning
from genga.desk.piece import Piece, Words, words_of
from genga.errors import GengaError
from genga.store.hash_cache import stamp_of
from genga.vocabulary.text import tag_name

_Thing = tuple[str, tuple[str, ...]]  # a table's path, and what a line of it is about
Said = Mapping[tuple[str, ...], Values]  # the line that holds, by what it is about


class Overlay:
    """The lines of a project's tables as they were read last, by series and episode."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._there: dict[str, str] = tables(root)
        self._places: dict[tuple[str, str, str], None] = {}
        self._read: dict[str, tuple[Any, list[Decision]]] = {}
        self._touched: dict[_Thing, int] = {}  # at which revision
        self.revision = self._first = time.time_ns() // 1000  # no page of an earlier desk has a later one
        self._laid: dict[tuple[str, str], tuple[Any, ...]] = {}
        self.faults: dict[str, str] = {}  # by table, why it cannot be read

    def look(self) -> None:
        """Read again those of the tables that were read before and have changed."""
        self._there = tables(self._root)
        for place in list(self._places):
            self.lines(*place)

    def lines(self, kind: str, series: str, episode: str = "") -> list[Decision]:
        """Return the lines of a table as it is now; none if it is not there or cannot be read, which `faults` has."""
        path = path_of(kind, series, episode)
        self._places[kind, series, episode] = None
        path = self._there.get(in_one_form(path), path)
        stamp = stamp_of(self._root / path)
        if (known := self._read.get(path)) is None or known[0] != stamp:
            self.faults.pop(path, None)
            found: list[Decision] = []
            try:
                found = read(self._root / path, kind) if stamp is not None else []
            except GengaError as error:
                self.faults[path] = str(error).replace(f"{self._root}/", "", 1)
            if known is not None:
                self._touch(path, as_said(kind, known[1]), as_said(kind, found))
            known = self._read[path] = stamp, found
        return known[1]

    def _touch(self, path: str, before: Said, after: Said) -> None:
        changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
        self.revision += 1
        self._touched.update({(path, key): self.revision for key in changed})

    def saw(self, edit: Edit, revision: int) -> Values | None:
        """Return the line that a page of a revision had about what an edit is about; None for no line.

        Raises GengaError if it was changed since then.
        """
        kind, series, episode = edit.place
        line = as_said(kind, self.lines(kind, series, episode)).get(edit.key)
        if self._touched.get(key := self._key(edit), self._first) > revision:
            said = " ".join(filter(None, (meaning(kind, line) or {}).values())) or "nothing"
            raise GengaError(f"{key[0]}: {' '.join(filter(None, edit.key))}: says {said} now, changed since you looked")
        return line

    def since(self, revision: int) -> set[_Thing]:
        """Return what was changed after a revision."""
        return {key for key, touched in self._touched.items() if touched > revision}

    def keys(self, edits: Iterable[Edit]) -> set[_Thing]:
        """Return what edits are about."""
        return {self._key(edit) for edit in edits}

    def _key(self, edit: Edit) -> _Thing:
        return self._there.get(in_one_form(edit.place.path), edit.place.path), edit.key

    def lay(self, pieces: Iterable[Piece]) -> bool:
        """Put the lines over these episodes, where they are not yet; return whether anything changed."""
        every = list(pieces)
        self.look()
        changed = False
        for series in {piece.series for piece in every}:
            own = [piece for piece in every if piece.series == series]
            names, tiers = self.lines("characters", series), self.lines("tiers", series)
            for piece in own:
                tags = self.lines("tags", series, piece.episode)
                state = id(piece), id(names), id(tiers), id(tags), len(own)
                if self._laid.get((series, piece.episode)) != state:
                    self._laid[series, piece.episode] = state
                    piece.decided = tags_over(piece, tags)
                    name_over(piece, names, own)
                    grade_over(piece, tiers)
                    changed = True
        return changed


def tags_over(piece: Piece, lines: Sequence[Decision]) -> dict[str, dict[int, bool]]:
    """Return by tag what lines say of an episode's pictures."""
    found: dict[str, dict[int, bool]] = {}
    for line in lines:
        target, box = target_of(line["still_or_crop"]), line["box"]
        if target is None or (target.series, target.episode) != (piece.series, piece.episode):
            continue
        if box == "*":
            pictures = np.flatnonzero(piece.frame == target.frame).tolist()
        else:
            pictures = piece.pictures_of(target._replace(box=int(box)) if box.isdecimal() else target)
        found.setdefault(tag_name(line["tag"]), {}).update(dict.fromkeys(pictures, line["decision"] == "add"))
    return found


def grade_over(piece: Piece, lines: Sequence[Decision]) -> None:
    """Put tiers that people gave over those of an episode's tables. A line about a crop goes over that of its still."""
    of_stills: dict[int, str] = {}
    of_crops: dict[int, str] = {}
    for line in lines:
        target = target_of(line["still_or_crop"])
        if target is None or (target.series, target.episode) != (piece.series, piece.episode):
            continue
        whole = target.box is None
        pictures = np.flatnonzero(piece.frame == target.frame).tolist() if whole else piece.pictures_of(target)
        (of_stills if whole else of_crops).update(dict.fromkeys(pictures, line["tier"]))
    base, piece.graded = _base(piece, "tier"), of_stills | of_crops
    said = [piece.graded.get(picture) or base.word(picture) for picture in range(len(piece))] if piece.graded else ()
    piece.tier = words_of(said) if piece.graded else base


def name_over(piece: Piece, lines: Sequence[Decision], pieces: Sequence[Piece]) -> None:
    """Put names that people gave over those of an episode's table. pieces: all episodes of the series."""
    piece.character = _base(piece, "character")
    piece.outfit = _base(piece, "outfit")
    if not lines:
        return
    character = [piece.character.word(k) for k in range(len(piece))]
    outfit = [piece.outfit.word(k) for k in range(len(piece))]
    for alone in (False, True):
        for line in lines:
            if line["scope"] in TIES or (line["scope"] == "crop") != alone:
                continue
            for picture in _meant(line, piece, pieces, alone):
                character[picture], outfit[picture] = line["character"] or "nobody", line["outfit"] or "none"
    piece.character, piece.outfit = words_of(character), words_of(outfit)


def _meant(line: Decision, piece: Piece, pieces: Sequence[Piece], alone: bool) -> list[int]:
    target = target_of(line["crop"])
    home = next((one for one in pieces if target and one.episode == target.episode), None)
    if target is None or home is None or (own := home.find(target)) is None:
        return []
    if alone:
        return piece.pictures_of(target._replace(kind=None)) if home is piece else []
    cluster = int(home.cluster[own])
    return np.flatnonzero(piece.cluster == cluster).tolist() if cluster >= 0 else [own] if home is piece else []


def _base(piece: Piece, what: str) -> Words:
    """What the table says, which is kept beside what is over it."""
    own: Words = getattr(piece, what)
    return piece.told.setdefault(what, own)


def as_said(kind: str, lines: Sequence[Decision]) -> dict[tuple[str, ...], Values]:
    """Return what holds by thing: the last line about each."""
    return {key_of(kind, line.values): line.values for line in lines}
