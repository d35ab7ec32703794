"""The same person from still to still: boxes that overlap in consecutive stills of one shot.

Within a shot a character hardly moves from one drawing to the next, so a box that covers another's place is the same
person, whatever the face does. A link can be wrong (two people cross, a cut was missed); whoever uses links may drop
those that the embedder denies before it joins the rest into tracks (`genga.store.components`).
"""

from itertools import pairwise

import polars as pl

from genga.images.boxes import Box, iou

Person = tuple[str, int]  # still, box


def links(persons: pl.DataFrame, least: float) -> list[tuple[Person, Person]]:
    """Return pairs of the same person in consecutive stills of a shot (those that show anyone), in order.

    persons: a row per person: still, box, x0, y0, x1, y1, episode, shot, frame. least: IoU. Boxes are paired one to
    one, the best overlap first.
    """
    found = []
    for _, shot in persons.sort("episode", "shot", "frame", "box").group_by("episode", "shot", maintain_order=True):
        stills = shot.partition_by("frame", maintain_order=True)
        for before, after in pairwise(stills):
            found += _pairs(_boxes(before), _boxes(after), least)
    return found


def _boxes(persons: pl.DataFrame) -> list[tuple[Person, Box]]:
    return [
        ((still, box), (x0, y0, x1, y1))
        for still, box, x0, y0, x1, y1 in persons.select("still", "box", "x0", "y0", "x1", "y1").iter_rows()
    ]


def _pairs(
    before: list[tuple[Person, Box]], after: list[tuple[Person, Box]], least: float
) -> list[tuple[Person, Person]]:
    """Pair boxes one to one, the best overlap first; of equal overlaps, the first in order."""
    candidates = sorted((-iou(a, b), one, two) for one, a in before for two, b in after if iou(a, b) >= least)
    taken: set[Person] = set()
    pairs = []
    for _, one, two in candidates:
        if one not in taken and two not in taken:
            taken |= {one, two}
            pairs.append((one, two))
    return sorted(pairs)
