"""What there is of a project, in memory, and what a person looks for in it.

Episodes are read one after another by a thread, those that are asked for first, and anew when a table of theirs has
changed. A query is answered from arrays alone, once they are there.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from genga.decisions.anchors import target_of
from genga.desk.piece import KINDS, OF_CROP, OF_QUALITY, OF_STILLS, OF_TAG, Numbers, Piece, piece_of, words_of
from genga.desk.query import Query
from genga.desk.search import search
from genga.errors import GengaError
from genga.store.files import is_pack
from genga.store.hash_cache import stamp_of
from genga.store.parquet import empty, has_table, names_in, read_table
from genga.tables import characters, crop, dataset, left_out, quality, stills, tag
from genga.tables.schema import Schema, only

OF_WHO = only(characters.CHARACTERS, "crop", "cluster", "character", "outfit", "distance")
OF_SIDE = only(dataset.DATASET, "image", "split", "bucket_width", "bucket_height", "tier")
OF_LEFT = only(left_out.LEFT_OUT, "image", "reason", "tier")

Name = tuple[str, str]  # series, episode
_EPISODE = {
    stills.PATH: OF_STILLS, crop.PATH: OF_CROP, tag.PATH: OF_TAG, quality.PATH: OF_QUALITY,
}  # fmt: skip
_SERIES = {characters.PATH: OF_WHO, dataset.PATH: OF_SIDE, left_out.PATH: OF_LEFT}


class Hit(NamedTuple):
    piece: Piece
    picture: int

    @property
    def name(self) -> str:
        return self.piece.name(self.picture)

    @property
    def brief(self) -> dict[str, Any]:
        """What a grid shows of it; `tier` is that which people gave it since, "" for none."""
        piece, number = self
        return {
            "id": self.name,
            "kind": KINDS[int(piece.kind[number])],
            "shot": int(piece.shot[number]),
            "size": [int(piece.width[number]), int(piece.height[number])],
            "character": piece.character.word(number),
            "outfit": piece.outfit.word(number),
            "tier": piece.graded.get(number, ""),
            "decided": sum(number in said for said in piece.decided.values()) + (number in piece.graded),
            "key": piece.places["sha256"][number][:12],
        }


@dataclass
class Hits:
    """The pictures that a query found, in order."""

    pieces: Sequence[Piece]
    of: Numbers  # (n,) which of the pieces
    pictures: Numbers  # (n,)

    def __len__(self) -> int:
        return len(self.of)

    def window(self, start: int, count: int) -> list[Hit]:
        chosen = slice(max(0, start), max(0, start) + count)
        pairs = zip(self.of[chosen].tolist(), self.pictures[chosen].tolist(), strict=True)
        return [Hit(self.pieces[of], picture) for of, picture in pairs]


@dataclass
class Index:
    root: Path
    pieces: dict[Name, Piece] = field(default_factory=dict)
    generation: int = 0  # counts changes: what was found at another one may be no more so
    faults: dict[str, str] = field(default_factory=dict)  # by episode, why it could not be read
    _stamps: dict[Name, object] = field(default_factory=dict)
    _clips: dict[Path, tuple[Any, ...]] = field(default_factory=dict)  # of a pack's table: its stamp, and its clips
    _series: dict[str, tuple[Any, ...]] = field(default_factory=dict)  # the table read last, by episode
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def episodes(self) -> list[Name]:
        """Return the episodes of which there are stills, in name order; clips of packs are episodes."""
        return sorted(self._by_table())

    def _by_table(self) -> dict[Name, str]:
        """What the tables of each episode are called, of a clip its pack's: those of one table side by side."""
        paths = sorted((self.root / stills.PATH).parent.parent.glob("*/*.parquet"))
        return {(path.parent.name, name): path.stem for path in paths for name in self._names(path)}

    def _names(self, path: Path) -> list[str]:
        if not is_pack(path.stem):
            return [path.stem]
        stamp, of_pack = stamp_of(path), f"{path.parent.name}/{path.stem}"
        if self._clips.get(path, (None,))[0] != stamp:
            self.faults.pop(of_pack, None)
            try:
                self._clips[path] = stamp, names_in(path)
            except GengaError as error:
                self._clips[path] = stamp, []
                self.faults[of_pack] = str(error)
        return self._clips[path][1]

    def check(self) -> None:
        """Raise GengaError if there is nothing to look at."""
        if not self.episodes():
            there = (self.root / stills.PATH).parent.parent
            raise GengaError(
                f"{there}: no stills of any series are made yet; run snakemake --cores all, then this again"
            )

    def read_all(self) -> Iterator[Name]:
        """Read what was not read yet, or has changed; yield each episode that was."""
        names = self._by_table()
        for name in [one for one in list(self.pieces) if one not in names]:
            with self._lock:
                del self.pieces[name]
                self.generation += 1
        for name in names:
            if self._stamps.get(name) != self._stamp(name, names):
                try:
                    self.piece(*name)
                except GengaError:  # `faults` has it, until a table of it is another
                    continue
                yield name
        self._series.clear()

    def piece(self, series: str, episode: str) -> Piece:
        """Return an episode, read now if it has to be. Raises GengaError if there is none, or a table is damaged."""
        name = series, episode
        if name not in (names := self._by_table()):
            raise GengaError(f"{series}/{episode}: there are no stills of it; reload the page")
        with self._lock:
            stamp = self._stamp(name, names)
            if name not in self.pieces or self._stamps.get(name) != stamp:
                self._stamps[name] = stamp
                self.faults.pop("/".join(name), None)
                try:
                    self.pieces[name] = self._read(name)
                except GengaError as error:
                    self.faults["/".join(name)] = str(error)
                    self.pieces.pop(name, None)
                    raise
                finally:
                    self.generation += 1
            return self.pieces[name]

    def hit(self, picture: str) -> Hit:
        """Return the picture of an id. Raises GengaError if there is none."""
        target = target_of(picture)
        if target is not None and (target.series, target.episode) in self._by_table():
            piece = self.piece(target.series, target.episode)
            if (found := piece.find(target)) is not None:
                return Hit(piece, found)
        raise GengaError(f"{picture}: there is no such picture now; reload the page")

    def find(self, query: Query) -> Hits:
        """Return what a query finds in the episodes that are read."""
        with self._lock:
            pieces = [self.pieces[name] for name in sorted(self.pieces)]
        found = [search(query, piece) for piece in pieces]
        of = np.repeat(np.arange(len(found)), [len(one.pictures) for one in found])
        pictures = np.concatenate([np.zeros(0, np.int64), *(one.pictures for one in found)])
        if query.sort != "frame" and len(found) > 1:
            order = np.argsort(-np.concatenate([one.rank for one in found]), kind="stable")
            of, pictures = of[order], pictures[order]
        return Hits(pieces, of, pictures)

    def _stamp(self, name: Name, tables: Mapping[Name, str]) -> tuple[object, ...]:
        of = name[0], tables.get(name, name[1])
        return tuple(stamp_of(self._path(path, of)) for path in (*_EPISODE, *_SERIES))

    def _path(self, path: str, name: Name) -> Path:
        return self.root / path.format(series=name[0], episode=name[1])

    def _table(self, path: str, name: Name, schema: Schema) -> pl.DataFrame:
        """A table, with no rows if it is not made yet."""
        there = self._path(path, name)
        return read_table(there, schema) if has_table(there) else empty(schema)

    def _read(self, name: Name) -> Piece:
        of_episode = (self._table(path, name, schema) for path, schema in _EPISODE.items())
        piece = piece_of(*name, *of_episode)
        who, side, left = (self._of(path, name, schema) for path, schema in _SERIES.items())
        tell_who(piece, who, side, left)
        return piece

    def _of(self, path: str, name: Name, schema: Schema) -> pl.DataFrame:
        """The rows of a series' table that are about an episode; its first column is an id."""
        stamp = stamp_of(self._path(path, name))
        if self._series.get(path, (None,))[:2] != (name[0], stamp):
            table = self._table(path, name, schema)
            episode = pl.col(table.columns[0]).str.split("/").list.get(1, null_on_oob=True)
            parts = table.with_columns(episode.alias("_")).partition_by("_", as_dict=True, include_key=False)
            self._series[path] = name[0], stamp, {str(key): part for (key,), part in parts.items()}
        parts_of: dict[str, pl.DataFrame] = self._series[path][2]
        return parts_of.get(name[1], empty(schema))


def tell_who(piece: Piece, who: pl.DataFrame, side: pl.DataFrame, left: pl.DataFrame) -> None:
    """Put who is who, and what the dataset makes of it, to an episode. who, side, left: OF_WHO, OF_SIDE, OF_LEFT."""
    named = {row[0]: row[1:] for row in who.rows()}
    buckets = {image: f"{width}x{height}" for image, _, width, height, _ in side.rows()}
    sides: Mapping[str, str] = dict([*left.select("image", "reason").rows(), *side.select("image", "split").rows()])
    tiers = dict([*left.select("image", "tier").rows(), *side.select("image", "tier").rows()])
    if named or sides:
        names = [piece.name(picture) for picture in range(len(piece))]
        rows = [named.get(name, (-2, None, None, None)) for name in names]
        piece.cluster = np.array([row[0] for row in rows], np.int32)
        piece.character = words_of([row[1] if row[1] != "" else "nobody" for row in rows])
        piece.outfit = words_of([row[2] for row in rows])
        piece.distance = np.array([np.nan if row[3] is None else row[3] for row in rows], np.float32)
        piece.side = words_of([sides.get(name) for name in names])
        piece.bucket = words_of([buckets.get(name) for name in names])
        piece.tier = words_of([tiers.get(name) or piece.tier.word(picture) for picture, name in enumerate(names)])


def tag_counts(pieces: Sequence[Piece]) -> dict[str, tuple[int, int]]:
    """Return of each tag on how many stills and crops it holds."""
    found: dict[str, list[int]] = {}
    for piece in pieces:
        whole = piece.kind == 0
        for tag_name in {*piece.held.between, *piece.decided}:
            mask = piece.holding(tag_name) if tag_name in piece.decided else None
            on = piece.held.with_tag(tag_name) if mask is None else np.flatnonzero(mask)
            stills_of = int(whole[on].sum())
            counts = found.setdefault(tag_name, [0, 0])
            counts[0] += stills_of
            counts[1] += len(on) - stills_of
    return {name: (a, b) for name, (a, b) in sorted(found.items(), key=lambda pair: (-sum(pair[1]), pair[0])) if a + b}
