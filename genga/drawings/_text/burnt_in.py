"""What is burnt into a picture: lines of text that are believed. Marks in its corners: genga.drawings._text.marks.

Text stands still for a while: what is there for less than `STILL` s is none, nor what goes along with the picture, or
rolls past. A line that may be part of the drawing (a railing, a shop sign) is believed where it is sure and stands
where subtitles do, or upright ones, or is so look after look; or if it came or went as a whole while the rest of the
picture, or what is around it, stayed; or if it stands still while what is around it moves. Of an unsure one both are
asked, place and coming, and that it is centred, so that no mouth is a subtitle; an unsure upright one stands at a side.
"""

from bisect import bisect_left
from collections.abc import Sequence

import polars as pl

from genga.drawings._text.standing import (
    adds,
    alone,
    goes_along,
    goes_past,
    outlasts,
    parts,
    stands_over,
)
from genga.drawings._text.stretches import STILL, bridged, faded, grown, holds, returns, stretches
from genga.drawings._text.tracks import FADE, TOGETHER, Lettering, beneath, is_upright, overlapping
from genga.video.luma_grid import Grids

_CARD = 0.8  # s that credits stand whose lines come as one; what rolls does not
_LOW, _HIGH = 0.65, 0.25  # share of the height below or above which the middle of a subtitle lies,
_LOWER, _HIGHER = 0.78, 0.14  # and that of a short one: eyes and mouths seldom do
_CENTRED = 0.12  # share of the width by which the middle of an unsure line may lie beside that of the picture
_ASIDE, _OUTER = 0.25, 0.375  # share of the width by which that of an unsure upright line does, and of a sure one
_REDRAWN = 0.3  # intersection over union of two lines of which one is drawn instead of the other
_AGAIN, _OFTEN = 3, 5  # looks in which a line is found at one place, as hardly anything is where the picture moves
_FOUND = 0.5  # part of the looks in a line's frames, of which more find one that is not sure
_REACHES = 0, FADE // 4, FADE // 2, FADE  # frames on either side of a turn over which a line may fade


def lettering(frames: pl.DataFrame, cells: Grids) -> list[Lettering]:
    """Return the lines of burnt-in text of a video, by their first frames. frames: its table. cells: its grids."""
    looked = frames.filter(pl.col("lettering").is_not_null()).select("frame", "lettering").rows()
    looks = [(k, [Lettering(k, k, **line, seen=(k, k)) for line in found]) for k, found in looked]
    times = frames["time"].to_list()
    lines = [whole(line, cells) for line in bridged(stretches(looks, len(frames), cells))]
    lines = [line for line in lines if line.sure or line.looks > _FOUND * _within([k for k, _ in looks], line)]
    stood = {line: times[min(line.end, len(times) - 1)] - times[line.start] for line in lines}
    cards = [line for line, seconds in stood.items() if seconds >= _CARD]
    known = {
        line: believed(line, cells, times, cards if s >= _CARD else (), lines)
        for line, s in stood.items() if s >= STILL and not goes_past(cells, line)
    }  # fmt: skip
    sure = [line for line in cards if known.get(line)]  # and what comes and goes with one of them, right above or below
    found = [line for line in known if known[line] or any(beneath(line, one) for one in sure)]
    return [faded(line, cells) for line in found if not goes_along(cells, line)]


def _within(looks: Sequence[int], line: Lettering) -> int:
    """How many of the looks, frames in order, lie where a line stands."""
    return bisect_left(looks, line.end) - bisect_left(looks, line.start)


def believed(
    line: Lettering,
    cells: Grids,
    times: Sequence[float],
    others: Sequence[Lettering] = (),
    known: Sequence[Lettering] = (),
) -> bool:
    """Whether a line is burnt in: where subtitles stand, or by how it comes, goes and stands; of an unsure one both.

    times: of the frames, s. others: lines that may come and go with it. known: all that may be lines.
    """
    middle, across = (line.y0 + line.y1) / 2, (line.x0 + line.x1) / 2
    upright = is_upright(line, cells[line.start].shape)
    usual = not upright and (middle >= _LOW or middle <= _HIGH)
    if line.sure and (line.votes >= _AGAIN or usual or upright and abs(across - 0.5) >= _OUTER):
        return True
    centred = not upright and abs(across - 0.5) <= _CENTRED
    outer = centred and (middle >= _LOWER or middle <= _HIGHER) or upright and abs(across - 0.5) >= _ASIDE
    likely = line.sure or outer and holds(cells, line, times)
    reaches = _REACHES if usual and centred or line.sure and holds(cells, line, times) else _REACHES[:1]  # it may fade
    edges = [edge for edge in (line.start, line.end) if line.sure or not returns(cells, line, edge)]
    ways = [(edge, reach) for edge in edges for reach in reaches]
    comes = likely and any(turns_alone(cells, line, *way, others, line.sure) for way in ways)
    again, often = (abs(line.votes) >= looks for looks in (_AGAIN, _OFTEN))
    if comes or (line.sure or centred or often) and stands_over(cells, line):
        return True
    near = [one for one in known if one.start <= line.end + TOGETHER and line.start <= one.end + TOGETHER]
    if (often if upright else again) and outlasts(cells, line, near):
        return True
    return passes(cells, line, times, others, near)


def passes(
    cells: Grids, line: Lettering, times: Sequence[float], others: Sequence[Lettering], near: Sequence[Lettering]
) -> bool:
    """Whether a line comes and goes by itself, for good, and no other takes its place, as what is drawn anew does."""

    instead = (one for one in near if overlapping(one, line) >= _REDRAWN and one != line)
    drawn = any(min(abs(one.end - line.start), abs(one.start - line.end)) <= TOGETHER for one in instead)
    edges = line.start, min(line.end, len(times) - 1)
    for_good = times[edges[1]] - times[edges[0]] >= _CARD and not drawn and holds(cells, line, times)
    again = line.sure or line.seen[1] > line.seen[0]
    return for_good and all(
        not returns(cells, line, edge)
        and any(turns_alone(cells, line, edge, reach, others, again) for reach in _REACHES)
        for edge in edges
    )


def turns_alone(cells: Grids, line: Lettering, edge: int, reach: int, others: Sequence[Lettering], fine: bool) -> bool:
    """Whether a line comes or goes by itself over the frames around its start or end.

    others: lines that may do so with it. fine: whether it is enough that gradients say so, whatever acts beside it.
    """
    by_itself = alone(cells, line, edge, reach, others) or fine and parts(cells, line, edge, reach)
    return by_itself and adds(cells, line, edge, reach)


def whole(line: Lettering, cells: Grids) -> Lettering:
    """Return the line with its letters that were not seen as such, if what comes or goes says where they are."""
    for edge in (line.start, line.end):
        longer = grown(line, cells, edge)
        if longer != line and alone(cells, longer, edge) and adds(cells, longer, edge):
            line = longer
    return line
