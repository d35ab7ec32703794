"""The closest calls of an episode: taken for one drawing or for two by the smallest margin, for a person to check.

Of the frames of one hold only the closest stands for all; what a person has decided is not asked again. Calls whose
other side is in another episode are left out: its frames are not this episode's.
"""

import math
from dataclasses import dataclass

import polars as pl

from genga.decisions.csv import line_of
from genga.drawings.margins import Asked
from genga.tables.dedup import DEDUP
from genga.tables.schema import only

# What the table needs to have.
OF_DEDUP = only(
    DEDUP, "frame", "shot", "keeper", "reason", "keeper_episode", "asked", "compared", "difference", "threshold"
)

_TWO = ("kept", "held", "weather")  # reasons of frames that such a call led to
_ONE = (*_TWO, "recurring")


@dataclass(frozen=True)
class CloseCall:
    """Two frames of an episode that were compared, and what came of it."""

    frame: int
    shot: int
    asked: str  # see genga.drawings.margins
    compared: int
    difference: float  # luma levels, as the threshold
    threshold: float
    one: bool  # whether they were taken for one drawing
    about: int  # the frame that a correction has to name

    @property
    def line(self) -> str:
        """The line of the episode's table of decisions that overrules it, without who and why."""
        return line_of("frames", {"frame": str(self.about), "decision": "keep" if self.one else "drop"})


def closest(dedup: pl.DataFrame, count: int) -> list[CloseCall]:
    """Return the `count` closest calls, the closest first. dedup: the table of stage dedup, columns OF_DEDUP."""
    reasons = dedup["reason"].to_list()
    asked = dedup.filter(pl.col("asked").is_not_null() & pl.col("keeper_episode").is_null()).select(list(OF_DEDUP))
    found: dict[tuple[bool, int], tuple[float, CloseCall]] = {}
    for frame, shot, keeper, reason, _, *question in asked.iter_rows():
        one = Asked(*question)
        same = one.difference <= one.threshold
        if same:
            # Of the keeper it was asked whether it is still the drawing that the hold began with.
            about = one.compared if frame == keeper else frame
            key = (True, one.compared if one.asked == "held" else frame)
            counts = reason in _ONE and reasons[about] in _ONE
        else:
            about, key = keeper, (False, keeper)
            counts = reason in _TWO and reasons[keeper] == "kept"
        if counts and math.isfinite(one.margin) and (key not in found or one.margin < found[key][0]):
            call = CloseCall(frame, shot, one.asked, one.compared, one.difference, one.threshold, same, about)
            found[key] = one.margin, call
    ordered = sorted(found.values(), key=lambda pair: (pair[0], pair[1].frame))
    return [call for _, call in ordered[:count]]
