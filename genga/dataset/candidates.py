"""What could be trained on: the kept crops and the whole stills of a series, in one table.

A whole still carries the names of everybody in it, but no character of its own: it belongs to nobody's run alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from genga.dataset.reposts import reposts
from genga.dataset.ruled import ruled, said_of
from genga.dataset.twins import joined, read_signed, with_shots
from genga.decisions.placing import Scene, read_scene
from genga.decisions.tag_rules import Ruling
from genga.errors import GengaError
from genga.store.files import is_pack
from genga.store.parquet import read_episodes, read_table
from genga.tables.characters import CHARACTERS, NOBODY
from genga.tables.crop import CROP
from genga.tables.dataset import DATASET, MEASURES
from genga.tables.describe import DESCRIBE
from genga.tables.detect import DETECT
from genga.tables.frames import FRAMES
from genga.tables.left_out import LEFT_OUT
from genga.tables.quality import QUALITY
from genga.tables.schema import SHARD, Schema, only
from genga.tables.stills import STILLS
from genga.tables.tag import TAG
from genga.vocabulary.text import in_order

# What is read of the tables of other stages.
SIDES = ("x0", "y0", "x1", "y1")
OF_CROP = only(
    CROP, "crop", "still", "box", "kind", *SIDES, "kept", "tags", "decided", "width", "height", "aesthetic", *SHARD
)
OF_STILLS = only(STILLS, "still", "frame", "shot", "width", "height", *SHARD)
OF_FRAMES = only(FRAMES, "frame", "signature")
OF_DETECT = only(DETECT, "still", "box", "kind", *SIDES, "person", "score", "mask")
OF_TAG = only(TAG, "still", "box", "tag", "category", "score", "origin", "kept")
OF_QUALITY = only(QUALITY, "still", "tier", *MEASURES, "text", "outline")
OF_DESCRIBE = only(DESCRIBE, "image", "sentences")
OF_CHARACTERS = only(CHARACTERS, "crop", "still", "character", "outfit")
# What may become a training image: columns of the dataset, and what its captions and choice go by.
CANDIDATES = {
    **only(DATASET, "image", "still", "crop", "kind", "shot"), **only(STILLS, "frame"),
    **only(DATASET, "character", "outfit"), "names": DATASET["tags"], **only(DATASET, "tags"), "rating": TAG["tag"],
    **only(DATASET, "tier", *MEASURES, "width", "height", "text", "persons", "masks"), **SHARD,
}  # fmt: skip


@dataclass(frozen=True)
class Tables:
    """What other stages say of a series, all its episodes together, in any order."""

    crops: pl.DataFrame  # OF_CROP
    stills: pl.DataFrame  # OF_STILLS and signature, see with_signatures
    persons: pl.DataFrame  # OF_DETECT
    tags: pl.DataFrame  # OF_TAG
    quality: pl.DataFrame  # OF_QUALITY
    names: pl.DataFrame  # OF_CHARACTERS
    sentences: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=OF_DESCRIBE))
    # Of short clips the stills that other clips show too, and which is to stand for them: still, same_as.
    reposted: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=only(LEFT_OUT, "still", "same_as")))
    scene: Callable[[], Scene] | None = None  # reads where lines about images that have other ids now are placed


def read_tables(data: Path, series: str, episodes: Sequence[str], characters: Path) -> Tables:
    """Read the tables of these episodes below the folder `data`, and who is who in the series."""

    def of(stage: str, columns: Schema) -> pl.DataFrame:
        return read_episodes(data / stage / series, episodes, columns)

    stills = pl.concat([read_signed(data, series, name, OF_STILLS, OF_FRAMES) for name in episodes])
    return Tables(
        crops=of("crop", OF_CROP),
        stills=stills,
        persons=of("detect", OF_DETECT),
        tags=of("tag", OF_TAG),
        quality=of("quality", OF_QUALITY),
        names=read_table(characters, OF_CHARACTERS),
        sentences=of("describe", OF_DESCRIBE),
        reposted=reposts(stills if any(map(is_pack, episodes)) else stills.clear()),
        scene=partial(read_scene, data, series, episodes),
    )


def candidates(tables: Tables, ruling: Ruling | None = None) -> pl.DataFrame:
    """Return all candidates (CANDIDATES), sorted by image. Raises GengaError where a table lacks what another has.

    ruling: rules about characters, none if left out.
    """
    both = pl.concat([_crops(tables), _stills(tables)])
    both = ruled(both, said_of(tables.tags, tables.crops), ruling) if ruling and ruling.rules else both
    measured = joined(both, tables.quality.rename({"text": "lines"}), "still", "quality")
    judged = _judged(measured, tables.crops)
    return _with_boxes(judged, tables).select(list(CANDIDATES)).sort("image")


def _judged(images: pl.DataFrame, crops: pl.DataFrame) -> pl.DataFrame:
    """With a crop's own score in `aesthetic` where there was its still's: how good a face looks no still says."""
    own = images.join(crops.select("crop", own="aesthetic"), on="crop", how="left", maintain_order="left")
    return own.with_columns(aesthetic=pl.when(pl.col("crop").is_null()).then("aesthetic").otherwise("own")).drop("own")


def _with_boxes(images: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """With the lines of text and the persons in each image, px of it. A crop is of one person, a still of all."""
    places = {name: (still, box, place) for name, still, box, *place in _boxes(tables.crops, "crop", "still", "box")}
    detected = tables.persons.filter(kind="person")
    whom = {(still, box): place for still, box, *place in _boxes(detected, "still", "box")}
    told = {(still, box): mask for still, box, mask in detected.select("still", "box", "mask").iter_rows()}
    all_of: dict[str, list[int]] = defaultdict(list)
    for still, box in whom:
        all_of[still].append(box)
    anybody = tables.persons["mask"].is_not_null().any()
    text, persons, masks = [], [], []
    for image, still, lines, width, height in images.select("image", "still", "lines", "width", "height").iter_rows():
        _, box, cut = places.get(image, (still, None, [0, 0, width, height]))
        if box is not None and (still, box) not in whom:
            raise GengaError(f"stage detect knows nothing of person {box} in {still}; make its tables again")
        people = [(still, one) for one in (all_of[still] if box is None else [box]) if within([whom[still, one]], cut)]
        text.append(within(([line[side] for side in SIDES] for line in lines), cut))
        persons.append(within((whom[one] for one in people), cut))
        masks.append([_moved(whom[one], cut) | {"mask": told[one]} for one in people] if anybody else None)
    boxes = {"text": text, "persons": persons, "masks": masks}
    return images.hstack(pl.DataFrame(boxes, schema=only(CANDIDATES, *boxes)))


def _moved(place: Sequence[int], cut: Sequence[int]) -> dict[str, Any]:
    """A box in px of `cut`, beyond which it may reach."""
    return {side: place[at] - cut[at % 2] for at, side in enumerate(SIDES)}


def _boxes(table: pl.DataFrame, *names: str) -> list[tuple]:
    """Rows of these columns and the box's sides, sorted."""
    return table.select(*names, *SIDES).sort(names).rows()


def within(boxes: Iterable[Sequence[int]], cut: Sequence[int]) -> list[list[int]]:
    """Return what of boxes is in `cut`, in px of it; none of what is empty there."""
    left, top, right, bottom = cut
    shown = ([max(x0, left), max(y0, top), min(x1, right), min(y1, bottom)] for x0, y0, x1, y1 in boxes)
    return [[x0 - left, y0 - top, x1 - left, y1 - top] for x0, y0, x1, y1 in shown if x0 < x1 and y0 < y1]


def _crops(tables: Tables) -> pl.DataFrame:
    crops = joined(tables.crops.filter("kept"), tables.names.drop("still"), "crop", "characters")
    placed = joined(crops, with_shots(tables.stills).select("still", "shot", "frame"), "still", "stills")
    worn = pl.when(pl.col("character").is_not_null()).then("outfit")  # of somebody who has a name
    names = pl.concat_list("character", worn).list.drop_nulls().list.filter(pl.element() != NOBODY)
    rated = placed.join(_ratings(tables.tags), on=["still", "box"], how="left", maintain_order="left")
    return _common(rated.with_columns(image="crop", names=names))


def _stills(tables: Tables) -> pl.DataFrame:
    named = tables.names.filter(pl.col("character") != NOBODY).group_by("still")
    people = named.agg(names=pl.col("character").unique().sort())
    peopled = tables.persons["still"].unique()  # a loose head or face is somebody too
    kind = pl.when(pl.col("still").is_in(peopled.implode())).then(pl.lit("still")).otherwise(pl.lit("scenery"))
    empty = pl.lit([], dtype=pl.List(pl.String))
    stills = (
        with_shots(tables.stills).join(people, on="still", how="left").join(_tags(tables.tags), on="still", how="left")
    ).join(_ratings(tables.tags).filter(pl.col("box").is_null()).drop("box"), on="still", how="left")
    return _common(
        stills.with_columns(
            image="still",
            crop=pl.lit(None, dtype=pl.String),
            character=pl.lit(None, dtype=pl.String),
            outfit=pl.lit(None, dtype=pl.String),
            kind=kind,
            names=pl.coalesce("names", empty),
            tags=pl.coalesce("tags", empty),
        )
    )


def _common(images: pl.DataFrame) -> pl.DataFrame:
    later = {*OF_QUALITY, "persons", "masks"} - {"still"}  # of a still, whatever is cut out of it
    return images.select([column for column in CANDIDATES if column not in later])


def _tags(tags: pl.DataFrame) -> pl.DataFrame:
    """Each still's general tags that hold for it as a whole, in the order of a caption: still, tags."""
    kept = tags.filter(pl.col("kept") & pl.col("box").is_null() & (pl.col("category") == "general"))
    rows = [
        (still, in_order(own.select("tag", "score").iter_rows()))
        for (still,), own in kept.group_by("still", maintain_order=True)
    ]
    return pl.DataFrame(rows, schema=only(CANDIDATES, "still", "tags"), orient="row")


def _ratings(tags: pl.DataFrame) -> pl.DataFrame:
    """The rating of each still, with box null, and of each person: still, box, rating."""
    kept = tags.filter(pl.col("kept") & (pl.col("category") == "rating"))
    return (
        kept.sort("score", "tag", descending=[True, False])
        .unique(["still", "box"], keep="first")
        .select("still", "box", rating="tag")
    )
