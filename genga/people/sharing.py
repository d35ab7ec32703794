"""What the drawings of a shot, and the people in them, say for each other about tags.

What lasts (hair, clothes, the place: `genga.vocabulary.parts.lasts`) does not come and go within a shot. So a tag that
is on most of its drawings is on all where the taggers saw a trace of it, and one that is on few is on none. The whole
stills of a shot speak for each other, and the pictures of a person from still to still, by where the boxes are: nobody
has looked yet who it is.

And of somebody the own picture tells more than the whole still, in which people are small: a tag about somebody holds
for a still if it holds for one of those in it.
"""

from collections.abc import Iterator
from itertools import pairwise

import polars as pl

from genga.decisions.placing import Person
from genga.images.boxes import Box, iou
from genga.params.tag import Params
from genga.people.figures import people
from genga.store.components import components
from genga.tables.schema import SHARD, only
from genga.tables.stills import STILLS
from genga.tables.tag import TAG
from genga.vocabulary.parts import OF_SOMEBODY, lasts, part_of

OF_STILLS = only(STILLS, "still", "frame", "shot", *SHARD)

_SAME = 0.5  # IoU from which boxes of consecutive stills are one person
_OPEN = ["score", "votes", "exclusive"]  # reasons that other drawings may overrule
_PLACED = ["still", "box", "x0", "y0", "x1", "y1"]
UNIT = ["still", "box"]  # what is tagged: a whole still, box null, or a person in it


def share(tags: pl.DataFrame, stills: pl.DataFrame, detections: pl.DataFrame, params: Params) -> pl.DataFrame:
    """Return the tags (TAG), in the same order, with what drawings and people say for each other.

    stills: OF_STILLS of the episode. detections: the table detect.
    """
    shared = tags
    if params.share.shot < 1:
        shared = _along_shots(shared, _scenes(stills, detections), params.share.shot)
    if params.share.persons:
        shared = _from_persons(shared, detections)
    return ordered(shared, tags)


def ordered(rows: pl.DataFrame, tags: pl.DataFrame) -> pl.DataFrame:
    """Return rows by still and box as in `tags`, kept first, by score, by name."""
    place = tags.select(UNIT).unique(maintain_order=True).with_row_index("place")
    return (
        rows.join(place, on=UNIT, how="left", nulls_equal=True)
        .sort("place", "kept", "score", "tag", descending=[False, True, True, False])
        .select(list(TAG))
    )


def _scenes(stills: pl.DataFrame, detections: pl.DataFrame) -> pl.DataFrame:
    """Return which units show one thing, the still in a shot or a person along its track: still, box, scene."""
    frames = stills.select("still", "frame", "shot")
    boxes = detections.filter(kind="person").join(frames, on="still").sort("shot", "frame", "box")
    track = components(boxes.select(UNIT).rows(), _links(boxes))
    whole = [(still, None, f"shot {shot}") for still, shot in stills.select("still", "shot").rows()]
    own = [(*person, f"track {number}") for person, number in track.items()]
    return pl.DataFrame([*whole, *own], schema={**only(TAG, *UNIT), "scene": TAG["tag"]}, orient="row")


def _links(boxes: pl.DataFrame) -> Iterator[tuple[Person, Person]]:
    """Yield pairs of one person in consecutive stills of a shot: one to one, the best overlap first."""
    for _, shot in boxes.group_by("shot", maintain_order=True):
        stills = [
            [((still, box), (x0, y0, x1, y1)) for still, box, x0, y0, x1, y1 in of.select(_PLACED).iter_rows()]
            for of in shot.partition_by("frame", maintain_order=True)
        ]
        for before, after in pairwise(stills):
            yield from _pairs(before, after)


def _pairs(before: list[tuple[Person, Box]], after: list[tuple[Person, Box]]) -> Iterator[tuple[Person, Person]]:
    near = sorted((-share, a, b) for a, one in before for b, two in after if (share := iou(one, two)) >= _SAME)
    taken: set[Person] = set()
    for _, a, b in near:
        if taken.isdisjoint((a, b)):
            taken |= {a, b}
            yield a, b


def _along_shots(tags: pl.DataFrame, scenes: pl.DataFrame, most: float) -> pl.DataFrame:
    """With tags that last on all of a scene's drawings beyond the share `most`, and on none below the rest."""
    sizes = scenes.group_by("scene").agg(pl.len().alias("drawings"))
    placed = tags.join(scenes.join(sizes, on="scene"), on=UNIT, how="left", nulls_equal=True)
    lasting = [tag for tag in tags.filter(category="general")["tag"].unique() if lasts(tag)]
    on = pl.col("kept").sum().over("scene", "tag") / pl.col("drawings")
    speaks = pl.col("tag").is_in(lasting) & (pl.col("category") == "general")
    more = speaks & (on > most) & pl.col("reason").is_in(_OPEN)
    fewer = speaks & (on < 1 - most) & pl.col("kept")
    return _decided(placed, more, fewer, "shot").select(list(TAG))


def _from_persons(tags: pl.DataFrame, detections: pl.DataFrame) -> pl.DataFrame:
    """With tags about somebody on those whole stills on whose persons they are.

    Where somebody was found without a person box, whom nobody looked at, none is taken away.
    """
    about = [tag for tag in tags.filter(category="general")["tag"].unique() if part_of(tag) in OF_SOMEBODY]
    own = pl.col("tag").is_in(about) & (pl.col("category") == "general")
    shown = tags.filter(own & pl.col("kept") & pl.col("box").is_not_null())
    best = shown.group_by("still", "tag").agg(pl.col("score").max().alias("best"), pl.col("votes").max().alias("agree"))
    known = detections.filter(kind="person")["still"].unique().to_list()
    groups = detections.filter(pl.col("still").is_in(known)).group_by("still")
    everyone = [still for (still,), rows in groups if all(one.box is not None for one in people(rows.to_dicts()))]
    whole = own & pl.col("box").is_null()
    joined = tags.join(best, on=["still", "tag"], how="left")
    more = whole & pl.col("best").is_not_null() & ~pl.col("kept")
    fewer = whole & pl.col("best").is_null() & pl.col("kept") & pl.col("still").is_in(everyone)
    held = _decided(joined.with_columns(score=pl.when(more).then("best").otherwise("score")), more, fewer, "persons")
    lacking = best.join(tags.filter(pl.col("box").is_null()), on=["still", "tag"], how="anti")
    new = lacking.with_columns(
        pl.lit(None, dtype=TAG["box"]).alias("box"), pl.lit("general").alias("category"), pl.col("best").alias("score"),
        pl.col("agree").alias("votes"), pl.lit("persons").alias("origin"), pl.lit(True).alias("kept"),
        pl.lit("").alias("reason"),
    )  # fmt: skip
    return pl.concat([held.select(list(TAG)), new.drop("best", "agree")], how="diagonal")


def _decided(rows: pl.DataFrame, more: pl.Expr, fewer: pl.Expr, who: str) -> pl.DataFrame:
    """With rows kept and no longer kept, as `who` (an origin) decided."""
    return rows.with_columns(
        origin=pl.when(more | fewer).then(pl.lit(who)).otherwise("origin"),
        kept=(pl.col("kept") | more) & ~fewer,
        reason=pl.when(more).then(pl.lit("")).when(fewer).then(pl.lit(who)).otherwise("reason"),
    )
