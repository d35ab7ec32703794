"""An episode as the desk holds it in memory: its stills and kept crops, and what was said of them.

Pictures go by a number, their place among the episode's, sorted by frame, a still before the crops of it. What is true
of many is held in arrays by that number, which tags hold in lists of numbers by tag: 50,000 stills and 200,000 crops
with their tags take less than 200 MB, and a search looks at arrays alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from genga.decisions.anchors import Target
from genga.desk.query import matches
from genga.tables.crop import CROP
from genga.tables.crop import KINDS as CUTS
from genga.tables.quality import QUALITY
from genga.tables.schema import SHARD, only
from genga.tables.stills import STILLS
from genga.tables.tag import TAG

# What is read of an episode's tables.
OF_STILLS = {**only(STILLS, "still", "frame", "shot", "width", "height"), **SHARD}
OF_CROP = {**only(CROP, "crop", "still", "box", "kind", "width", "height", "kept", "tags"), **SHARD}
OF_QUALITY = only(QUALITY, "still", "tier", "reason")
OF_TAG = only(TAG, "still", "box", "tag", "score", "disagreement", "kept")

KINDS = ("still", *CUTS)
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
UNIT = 10_000  # scores are whole numbers of these parts: as tables have them, to four places
UNKNOWN = -1  # a score that there is not


@dataclass
class ByTag:
    """Rows that are sorted by tag, and between which of them each tag's stand."""

    between: dict[str, tuple[int, int]]
    of: npt.NDArray[np.int32]  # pictures that have the tag, rising; or subjects of whom it was spoken

    def where(self, tag: str) -> slice:
        return slice(*self.between.get(tag, (0, 0)))

    def with_tag(self, tag: str) -> npt.NDArray[np.int32]:
        return self.of[self.where(tag)]


@dataclass
class Said(ByTag):
    """What taggers said of tags: of whom, and how sure they were."""

    score: npt.NDArray[np.int16]  # mean over the taggers, in 1 / UNIT
    disagreement: npt.NDArray[np.int16]  # highest less lowest, in 1 / UNIT; UNKNOWN: fewer than two know the tag


@dataclass
class Words:
    """Words of pictures: a number for each into a list of words."""

    known: list[str]
    of: npt.NDArray[np.int32]

    def where(self, patterns: tuple[str, ...]) -> Mask:
        return np.array([matches(word, patterns) for word in self.known], bool)[self.of]

    def word(self, picture: int) -> str:
        return self.known[self.of[picture]]


@dataclass
class Piece:
    series: str
    episode: str
    keys: Numbers  # (n,) rising; a picture's frame, box and kind in one number
    shot: npt.NDArray[np.int32]
    width: npt.NDArray[np.int32]  # px
    height: npt.NDArray[np.int32]
    tier: Words  # as people said, or else as judged
    judged: Words  # by stage quality, and why: `good for sharpness`
    subject: npt.NDArray[np.int32]  # of what taggers spoke: the still, or a person in it
    places: pl.DataFrame  # SHARD, a row for each
    held: ByTag  # the pictures on which tags hold
    said: Said
    cluster: npt.NDArray[np.int32]  # -1: of none; -2: nobody looked, as of stills
    character: Words  # `none`: not named, `nobody`: named as nobody
    outfit: Words
    side: Words  # train, held-out, the reason why it was left out, or `none`
    bucket: Words  # `160x96`, or `none`
    distance: npt.NDArray[np.float32]  # to the medoid of the cluster; nan: not known
    decided: dict[str, dict[int, bool]] = field(default_factory=dict)  # by tag: what people said since then
    graded: dict[int, str] = field(default_factory=dict)  # by picture: which tier people gave it
    told: dict[str, Words] = field(default_factory=dict)  # character, outfit and tier as the tables have them

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def frame(self) -> Numbers:
        return self.keys >> 24

    @property
    def kind(self) -> Numbers:
        return self.keys & 15

    @property
    def box(self) -> Numbers:  # -1: the whole still
        return ((self.keys >> 4) & 0xFFFFF) - 1

    def name(self, picture: int) -> str:
        """Return the id of a picture."""
        key = int(self.keys[picture])
        still = f"{self.series}/{self.episode}/{key >> 24:06d}"
        return still if not key & 15 else f"{still}-{((key >> 4) & 0xFFFFF) - 1}-{KINDS[key & 15]}"

    def find(self, target: Target) -> int | None:
        """Return the number of the picture of an id; None if there is none."""
        key = key_of(target.frame, -1 if target.box is None else target.box, target.kind or KINDS[0])
        place = int(np.searchsorted(self.keys, key))
        return place if place < len(self.keys) and self.keys[place] == key else None

    def pictures_of(self, target: Target) -> list[int]:
        """Return the pictures that show a person of a still, or the still for no box; of a crop itself alone."""
        if target.kind is not None or target.box is None:
            return [found] if (found := self.find(target)) is not None else []
        return [found for kind in CUTS if (found := self.find(target._replace(kind=kind))) is not None]

    def tags_like(self, patterns: Iterable[str]) -> Iterator[str]:
        """Yield the tags that there are, or that taggers spoke of, which match one of the patterns."""
        plain = tuple(one for one in patterns if "*" not in one)
        yield from plain
        if rest := tuple(one for one in patterns if "*" in one):
            known = {*self.held.between, *self.said.between, *self.decided}
            yield from (tag for tag in sorted(known) if tag not in plain and matches(tag, rest))

    def holding(self, tag: str) -> Mask:
        """Return on which pictures a tag holds, with what people decided since the tables were made."""
        mask = np.zeros(len(self), bool)
        mask[self.held.with_tag(tag)] = True
        for picture, holds in self.decided.get(tag, {}).items():
            mask[picture] = holds
        return mask

    def tags_of(self, picture: int) -> list[str]:
        """Return the tags that hold on a picture, by name."""
        found = set(_tags_at(self.held, np.flatnonzero(self.held.of == picture)))
        for tag, said in self.decided.items():
            if picture in said:
                (found.add if said[picture] else found.discard)(tag)
        return sorted(found)

    def scores_of(self, picture: int) -> dict[str, tuple[float | None, float | None]]:
        """Return what taggers said of a picture: score and disagreement by tag."""
        rows = np.flatnonzero(self.said.of == self.subject[picture])
        figures = zip(_parts(self.said.score[rows]), _parts(self.said.disagreement[rows]), strict=True)
        return dict(zip(_tags_at(self.said, rows), figures, strict=True))


def _tags_at(rows: ByTag, places: Numbers) -> list[str]:
    """The tags of these rows."""
    tags, starts = list(rows.between), [start for start, _ in rows.between.values()]
    return [tags[int(place)] for place in np.searchsorted(starts, places, "right") - 1]


def _parts(figures: npt.NDArray[np.int16]) -> list[float | None]:
    return [None if figure == UNKNOWN else figure / UNIT for figure in figures.tolist()]


def key_of(frame: int, box: int, kind: str) -> int:
    return frame << 24 | (box + 1) << 4 | KINDS.index(kind)


def piece_of(
    series: str, episode: str, stills: pl.DataFrame, crops: pl.DataFrame, tags: pl.DataFrame, tiers: pl.DataFrame
) -> Piece:
    """Return an episode, as yet without who is who. stills, crops, tags, tiers: OF_STILLS, OF_CROP, OF_TAG, OF_QUALITY.

    Tables that are not made yet have no rows.
    """
    pictures = _pictures(stills, crops, tiers)
    subjects = pl.concat([pictures.select("still", "box"), tags.select("still", "box")]).unique(maintain_order=True)
    numbered = subjects.with_row_index("subject")
    of = pictures.join(numbered, on=["still", "box"], how="left", nulls_equal=True, maintain_order="left")
    whole = tags.filter(pl.col("kept") & pl.col("box").is_null()).join(
        of.filter(kind=0).select("still", "picture"), on="still"
    )
    cut = crops.filter("kept").select("crop", pl.col("tags").alias("tag")).explode("tag").drop_nulls("tag")
    held = pl.concat(
        [whole.select("tag", "picture"), cut.join(of.select("crop", "picture"), on="crop").select("tag", "picture")]
    ).sort("tag", "picture")
    said = tags.join(numbered, on=["still", "box"], nulls_equal=True).sort("tag", "subject")
    none = Words(["none"], np.zeros(len(pictures), np.int32))
    shot, width, height = (whole_numbers(pictures[name]) for name in ("shot", "width", "height"))
    tier, judged = (words_of(pictures[name]) for name in ("tier", "judged"))
    return Piece(
        series, episode, pictures["key"].to_numpy(), shot, width, height, tier, judged, whole_numbers(of["subject"]),
        pictures.select(list(SHARD)), ByTag(_between(held), whole_numbers(held["picture"])),
        Said(_between(said), whole_numbers(said["subject"]), _in_units(said["score"]), _in_units(said["disagreement"])),
        np.full(len(pictures), -2, np.int32), none, none, none, none, np.full(len(pictures), np.nan, np.float32),
    )  # fmt: skip


def whole_numbers(column: pl.Series) -> npt.NDArray[np.int32]:
    return np.asarray(column.cast(pl.Int32).to_numpy(), np.int32)


def _in_units(column: pl.Series) -> npt.NDArray[np.int16]:
    return np.asarray((column * UNIT).round().fill_null(UNKNOWN).cast(pl.Int16).to_numpy(), np.int16)


def _between(rows: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """Between which rows each tag's stand. rows: sorted by tag."""
    runs = rows["tag"].rle()
    ends = runs.struct.field("len").cast(pl.Int64).cum_sum().to_list()
    return dict(zip(runs.struct.field("value").to_list(), zip([0, *ends[:-1]], ends, strict=False), strict=True))


def _pictures(stills: pl.DataFrame, crops: pl.DataFrame, tiers: pl.DataFrame) -> pl.DataFrame:
    """A row per picture, in order: picture, key, still, crop, box, kind, shot, width, height, tier, judged, SHARD."""
    kept = crops.filter("kept").join(stills.select("still", "frame", "shot"), on="still")
    whole = stills.with_columns(crop=pl.lit(None, kept["crop"].dtype), box=pl.lit(None, kept["box"].dtype), kind=0)
    number = pl.col("kind").replace_strict({name: place for place, name in enumerate(KINDS)})
    columns = ["still", "crop", "box", "kind", "frame", "shot", "width", "height", *SHARD]
    rows = pl.concat(
        [part.with_columns(pl.col("kind").cast(pl.Int64)).select(columns)
         for part in (whole, kept.with_columns(number if kept.height else pl.lit(0).alias("kind")))]
    )  # fmt: skip
    key = (pl.col("frame") * (1 << 24) + (pl.col("box").fill_null(-1) + 1) * 16 + pl.col("kind")).alias("key")
    judged = tiers.with_columns(judged=pl.format("{} for {}", "tier", "reason").str.strip_suffix(" for "))
    return rows.join(judged, on="still", how="left").with_columns(key).sort("key").with_row_index("picture")


def words_of(column: Sequence[str | None] | pl.Series, none: str = "none") -> Words:
    """Return words by number; null is `none`."""
    series = pl.Series(column, dtype=pl.String).fill_null(none)
    known = series.unique(maintain_order=True).to_list() or [none]
    codes = series.replace_strict(known, list(range(len(known))), return_dtype=pl.Int32) if len(series) else series
    return Words(known, codes.to_numpy().astype(np.int32))
