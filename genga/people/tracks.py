"""The same person from still to still of one shot, by boxes and by looks, across gaps and where people cross.

Within a shot a character hardly moves from one drawing to the next, so a box that covers another's place is the same
person, whatever the face does. Where several could be, as where two people cross, looks decide first. Who is hidden,
or not found, in some stills is taken up again by looks and place alike: where they were, or would have come to at the
same pace. Whom the embedder finds far too different is nobody's continuation. At most one box of a still goes on with
a person, and one person with a box.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from genga.decisions.placing import Person
from genga.images.boxes import Box, iou
from genga.params.characters import Params
from genga.people.differences import UNIT, Differences, Rows


class _Seen(NamedTuple):
    """Somebody where they were seen last."""

    person: Person
    box: Box
    frame: int
    still: int  # number of the still in the shot
    pace: tuple[float, float]  # px a frame, across and down


def links(
    persons: pl.DataFrame, rows_of: Mapping[Person, Rows], differences: Differences, threshold: float, params: Params
) -> list[tuple[Person, Person]]:
    """Return pairs of the same person in two stills of a shot (of those that show anyone), in order.

    persons: a row per person: still, box, x0, y0, x1, y1, episode, shot, frame. rows_of: the embedded crops of each.
    """
    if not params.track:
        return []
    found = []
    columns = ("episode", "shot", "frame", "still", "box", "x0", "y0", "x1", "y1")
    shots: dict[tuple[str, int], dict[int, list[tuple[Person, Box]]]] = {}
    for episode, shot, frame, still, number, *box in persons.select(columns).sort(columns[:5]).iter_rows():
        present = shots.setdefault((episode, shot), {}).setdefault(frame, [])
        present.append(((still, number), (box[0], box[1], box[2], box[3])))
    for stills in shots.values():
        looks = _Looks([one for present in stills.values() for one, _ in present], rows_of, differences)
        found += sorted(_of_shot(stills, looks, threshold, params))
    return found


class _Looks:
    """How different the people of a shot look, by all of their crops."""

    def __init__(self, persons: list[Person], rows_of: Mapping[Person, Rows], differences: Differences) -> None:
        rows = [rows_of.get(person, np.zeros(0, np.int64)) for person in persons]
        together = np.concatenate([*rows, np.zeros(0, np.int64)])
        ends = np.cumsum([0, *map(len, rows)])
        self._of = {one: slice(ends[place], ends[place + 1]) for place, one in enumerate(persons)}
        self._values = differences.between(together, together)

    def least(self, a: Person, b: Person) -> float | None:
        """The least difference between crops of the two; None if one has none that was embedded."""
        block = self._values[self._of[a], self._of[b]]
        return float(block.min()) / UNIT if block.size else None


def _of_shot(
    stills: Mapping[int, list[tuple[Person, Box]]], looks: _Looks, threshold: float, params: Params
) -> Iterator[tuple[Person, Person]]:
    open_: list[_Seen] = []
    for number, (frame, present) in enumerate(stills.items()):
        open_ = [one for one in open_ if number - one.still <= params.track_gap + 1]
        chances = []
        for i, seen in enumerate(open_):
            for j, (person, box) in enumerate(present):
                difference = looks.least(seen.person, person)
                share = max(iou(seen.box, box), iou(_onward(seen, frame), box))
                alike = difference is not None and difference <= threshold
                if difference is not None and difference > params.track_difference * threshold:
                    continue
                after_gap = number - seen.still > 1
                if share >= params.track_overlap and (alike or not after_gap):
                    chances.append((not alike, after_gap, -share, i, j))
        gone_on: dict[int, int] = {}
        for *_, i, j in sorted(chances):
            if j not in gone_on and i not in gone_on.values():
                gone_on[j] = i
                yield open_[i].person, present[j][0]
        now = [_now(person, box, frame, number, open_, gone_on.get(j)) for j, (person, box) in enumerate(present)]
        open_ = [one for i, one in enumerate(open_) if i not in gone_on.values()] + now


def _now(person: Person, box: Box, frame: int, still: int, open_: list[_Seen], before: int | None) -> _Seen:
    if before is None:
        return _Seen(person, box, frame, still, (0.0, 0.0))
    old = open_[before]
    time = max(frame - old.frame, 1)
    across, down = ((box[k] + box[k + 2] - old.box[k] - old.box[k + 2]) / 2 / time for k in (0, 1))
    return _Seen(person, box, frame, still, (across, down))


def _onward(seen: _Seen, frame: int) -> Box:
    """Where somebody's box would be at the same pace."""
    x, y = (round(pace * (frame - seen.frame)) for pace in seen.pace)
    x0, y0, x1, y1 = seen.box
    return x0 + x, y0 + y, x1 + x, y1 + y
