"""Who wears what: a clause for each person in a picture with several, by where they stand.

`On the left, akari, red hair, school uniform. On the right, ren, glasses.` What is said of a person is what the taggers
say of its own box. People are told apart by left and right, from the middles of their heads; two who are too near for
that by front and back: in front is whose px are most of what their boxes share, where a model tells each one's px, else
who is larger and nearer to the lower edge. Where neither is certain nothing is said, nor
where somebody has no person box, nor of a crowd.
"""

import io
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from PIL import Image as Pillow

from genga.dataset.candidates import SIDES, Tables, within
from genga.dataset.captions import Clause
from genga.people.figures import Person, people
from genga.tables.characters import NOBODY
from genga.vocabulary.parts import OF_SOMEBODY, VISIBLE, part_of
from genga.vocabulary.text import in_order

APART = 0.25  # of their mean width: how far the middles of two neighbours are apart at least
NEARER = 1.25  # times the other's height: from here on somebody is in front
COVERS = 2.0  # times the other's px of what the boxes of two share: likewise
MOST = 6  # people in a picture; of more nothing is said

_ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth")

Box = tuple[int, int, int, int]  # x0 y0 x1 y1, px of the still, exclusive end
Tags = Mapping[tuple[str, int], Mapping[str, float]]  # kept general tags of each (still, box), with their scores


class Somebody(NamedTuple):
    box: int | None  # None: a head or a face without a person
    place: Box  # of the person, px
    head: Box | None = None
    mask: bytes | None = None  # which px of the place are theirs (genga.tables.detect); None: nobody says


def clauses(
    tables: Tables, images: pl.DataFrame, intrude: float, most: int, left_out: Mapping[str, Collection[str]]
) -> dict[str, list[Clause]]:
    """Return the clauses of each image that shows several people, from left to right.

    images: image, still, crop, kind, character. intrude: share of somebody else's head in a crop from which they are in
    it. most: tags of each. left_out: tags that a character's own crops do not mention.
    """
    everyone, tags, names = _everyone(tables.persons), _tags(tables.tags), _names(tables)
    cuts = {crop: (box, place) for crop, box, *place in tables.crops.select("crop", "box", *SIDES).iter_rows()}
    found = {}
    for image, still, crop, kind, character in images.select("image", "still", "crop", "kind", "character").iter_rows():
        inside, own = everyone.get(still, []), None
        if crop is not None:
            own, cut = cuts[crop][0], _box(cuts[crop][1])
            inside = [one for one in inside if one.box == own or _reaches(one.head or one.place, cut, intrude)]
        placed = places(inside)
        said = {
            box: [
                tag
                for tag in _of(tags.get((still, box), {}), kind)
                if box != own or tag not in left_out.get(character, ())
            ]
            for box in placed
        }
        if placed:
            found[image] = [
                Clause(box, place, names.get((still, box)) or _counted(tags.get((still, box), {})), first[:most])
                for (box, place), first in zip(placed.items(), told_apart(list(said.values())), strict=True)
            ]
    return found


def _reaches(head: Box, cut: Box, share: float) -> bool:
    """Whether so much of somebody's head is in a crop."""
    whole = (head[2] - head[0]) * (head[3] - head[1])
    return any((x1 - x0) * (y1 - y0) >= share * whole for x0, y0, x1, y1 in within([head], cut))


def places(people: Sequence[Somebody]) -> dict[int, str]:
    """Return the place of each person by box, from left to right; of nobody where it would not tell who is meant."""
    if not 2 <= len(people) <= MOST:
        return {}
    ordered = sorted(people, key=lambda one: (_middle(one), one.box or 0))
    boxes = [one.box for one in ordered if one.box is not None]
    if len(boxes) < len(people):
        return {}
    if all(map(_apart, ordered, ordered[1:])):
        return dict(zip(boxes, _across(len(boxes)), strict=True))
    if len(boxes) == 2:
        for front, behind in (ordered, ordered[::-1]):
            if _covers(front, behind.place) > COVERS * _covers(behind, front.place):
                return {boxes[ordered.index(front)]: "In front", boxes[ordered.index(behind)]: "Behind"}
        for front, behind in (ordered, ordered[::-1]):
            if _height(front) >= NEARER * _height(behind) and front.place[3] >= behind.place[3]:
                return {boxes[ordered.index(front)]: "In front", boxes[ordered.index(behind)]: "Behind"}
    return {}


def _across(count: int) -> list[str]:
    """Places from left to right."""
    if count <= 3:
        return ["On the left", *["In the middle"][: count - 2], "On the right"]
    return [f"{ordinal} from the left" for ordinal in _ORDINALS[:count]]


def _middle(one: Somebody) -> float:
    x0, _, x1, _ = one.head or one.place
    return (x0 + x1) / 2


def _apart(left: Somebody, right: Somebody) -> bool:
    widths = sum(one.place[2] - one.place[0] for one in (left, right))
    return _middle(right) - _middle(left) >= APART * widths / 2


def _height(one: Somebody) -> int:
    return one.place[3] - one.place[1]


def _covers(one: Somebody, place: Box) -> float:
    """How many px of a place are somebody's; 0 where nobody says."""
    if one.mask is None:
        return 0.0
    mask = np.asarray(Pillow.open(io.BytesIO(one.mask)), bool)
    (x0, y0, x1, y1), (rows, columns) = one.place, mask.shape
    across, down = columns / (x1 - x0), rows / (y1 - y0)
    left, right = (round((min(max(x, x0), x1) - x0) * across) for x in place[0::2])
    top, bottom = (round((min(max(y, y0), y1) - y0) * down) for y in place[1::2])
    return float(mask[top:bottom, left:right].sum()) / (across * down)


def told_apart(tags: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the tags of several people, those first that none of the others has."""
    times = Counter(tag for own in tags for tag in own)
    return [sorted(own, key=lambda tag: times[tag] > 1) for own in tags]


def _everyone(detected: pl.DataFrame) -> dict[str, list[Somebody]]:
    """The people in each still: who has a person box, and of whom only head or face was found."""
    stills = detected.group_by("still", maintain_order=True)
    return {str(still): _somebodies(rows.to_dicts()) for (still,), rows in stills}


def _somebodies(rows: list[dict[str, Any]]) -> list[Somebody]:
    masks = {row["box"]: row["mask"] for row in rows if row["kind"] == "person"}
    return [_somebody(one, None if one.box is None else masks[one.box]) for one in people(rows)]


def _somebody(one: Person, mask: bytes | None) -> Somebody:
    place = next(box for box in (one.person, one.head, one.face) if box is not None)
    return Somebody(one.box, place, one.head if one.person else None, mask)


def _box(sides: Sequence[int]) -> Box:
    x0, y0, x1, y1 = sides
    return x0, y0, x1, y1


def _tags(tags: pl.DataFrame) -> Tags:
    kept = tags.filter(pl.col("kept") & (pl.col("category") == "general") & pl.col("box").is_not_null())
    found: dict[tuple[str, int], dict[str, float]] = {}
    for still, box, tag, score in kept.select("still", "box", "tag", "score").iter_rows():
        found.setdefault((still, box), {})[tag] = score
    return found


def _of(scores: Mapping[str, float], kind: str) -> list[str]:
    """What of a person's tags is said of somebody in a picture of this kind, in a caption's order."""
    shown = OF_SOMEBODY & VISIBLE.get(kind, OF_SOMEBODY)
    return in_order((tag, score) for tag, score in scores.items() if part_of(tag) in shown)


def _names(tables: Tables) -> dict[tuple[str, int], list[str]]:
    """Character and outfit of each person who was named."""
    crops = tables.crops.select("crop", "still", "box").join(tables.names.drop("still"), on="crop")
    named = crops.filter(pl.col("character").is_not_null() & (pl.col("character") != NOBODY)).sort("crop")
    found: dict[tuple[str, int], list[str]] = {}
    for still, box, character, outfit in named.select("still", "box", "character", "outfit").iter_rows():
        found.setdefault((still, box), [character, *([outfit] if outfit else [])])
    return found


def _counted(scores: Mapping[str, float]) -> list[str]:
    """What somebody without a name is called."""
    return [next((f"a {noun}" for noun in ("girl", "boy") if f"1{noun}" in scores), "somebody")]
