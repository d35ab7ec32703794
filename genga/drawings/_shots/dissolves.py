"""Dissolves, fades and black: stretches in which one picture becomes another without a cut.

In a dissolve every cell goes from the picture before to the picture after by the same share, so a frame is a mixture of
the two (linear transition model: Hampapur, Jain & Weymouth 1994, "Digital video segmentation"). Where the pictures move
meanwhile, that is so of tiles rather than of cells; but then slow motion is a mixture, too. What tells the two apart is
detail: two pictures laid over each other have half of the gradient energy that each has alone (the parabola of Alattar
1993, "Detecting and compressing dissolve regions in video sequences"), while what moves keeps its own. Where it begins
and ends say the cells: from frame to frame most go on towards the other picture. A fade goes to or from a flat picture.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genga.drawings._shots.events import (
    FLAT,
    REDRAWN,
    SHORTEST,
    Passage,
    Tiles,
    Values,
    dimmed,
    flat,
    going_on,
    kindred,
    nothing,
    sketch,
    softened,
    steady,
    strange,
)
from genga.video.luma_grid import Blocks, Grids, Levels, block_difference, blocks_of, gone, mixes

_REACHES = (3, 4, 6, 9, 13, 19, 28, 36)  # frames before and after, whose mixture a frame is compared with
_CHUNK = 1024  # frames looked at together
_MIDDLE = (0.3, 0.7)  # share of the picture after in a frame that may be the middle of a dissolve
_SPREAD = 0.25  # part of the picture that a dissolve changes at least
_ALIKE = 0.9  # correlation of tiles from which two pictures are one, in another light
_DETAIL = 0.55  # what detail counts that is not lost: all of it for more than the longest dissolve may leave
_LESS = 0.1  # part of the detail that a mixture may lack for noise: of what has gone elsewhere none is left
_OF_ALL = 1.4  # times what may be left, of a dissolve of which a part is sure
_LONG = 60  # frames of a long dissolve
_LAG = 4  # frames within which a dissolve goes on, however long its drawings are held
_GAP = 2  # frames in it without a finding
_ELSEWHERE = 12  # frames from its middle, and twice its reach, beyond which is another: a dissolve after a fade
_STEP, _SLOWEST = 0.012, 0.08  # of the way, from which it goes on over _LAG frames; part of that in the middle
_JUMP = 0.45  # of the way that is left, gone at once: a cut
_EASED = 0.95  # of the time from a quarter to three, that a dissolve has before and after, if it begins and ends slowly
_CLEAR, _WITHIN = 2.2, (0.15, 0.85)  # times what a mixture may leave unexplained that a picture of its own does; shares
_STRANGE = 0.25  # what a mixture shows where its pictures are alike: somebody on the way shows more

Rows = npt.NDArray[np.intp]


class Found(NamedTuple):
    """A frame that may be the middle of a dissolve."""

    left: float  # what a mixture leaves unexplained, part of the change
    frame: int
    reach: int  # frames before and after it, whose mixture it is


def gradual(cells: Grids, black: Sequence[bool], rest: float, changed: float, noise: float = 0.0) -> list[Passage]:
    """Return the gradual transitions of a video in order; a fade out, black and a fade in are one fade.

    cells: every frame's grid. black: whether a frame is black. rest: part of a change that a mixture may leave.
    changed: luma levels at which a cell counts as changed. noise: standard deviation of a cell's noise.
    """
    merged: list[Passage] = []
    for item in transitions(cells, best_of(middles(cells, rest, changed, noise)), rest, changed, noise):
        before = merged[-1] if merged else None
        between = range(before.whole.stop - 1, item.whole.start) if before else ()
        if before and before.kind == item.kind == "fade" and nothing([cells[k] for k in between if not black[k]]):
            middle = (before.whole.stop - 1 + item.whole.start) // 2
            merged[-1] = Passage("fade", before.start, item.end, middle, before.early, item.late)
        else:
            merged.append(item)
    return merged


def middles(cells: Grids, rest: float, changed: float, noise: float) -> Iterator[Found]:
    """Yield the frames that may be the middle of a dissolve, each with every reach by which it may."""
    most = _REACHES[-1]
    for start in range(0, len(cells), _CHUNK):
        first, end = max(0, start - most), min(len(cells), start + _CHUNK + most)
        tones, detail = sketch([cells[frame] for frame in range(first, end)], noise)
        for reach in _REACHES:
            at = np.arange(max(start, first + reach), min(start + _CHUNK, end - reach)) - first
            share, left = mixtures(tones, detail, at - reach, at, at + reach, changed)
            sound = (left <= rest) & (share >= _MIDDLE[0]) & (share <= _MIDDLE[1])
            yield from (Found(float(left[k]), int(at[k]) + first, reach) for k in np.flatnonzero(sound))


def best_of(found: Iterator[Found]) -> list[Found]:
    """Return of each stretch of frames the best with each reach, the best of all first; beyond its ends, the next."""
    stretches: dict[tuple[int, int], list[Found]] = {}
    group, last = 0, -1
    for one in sorted(found, key=lambda one: one.frame):
        group, last = group + (one.frame > last + _GAP), one.frame
        stretches.setdefault((group, one.reach), []).append(one)
    best: list[Found] = []
    for some in stretches.values():
        taken = [min(some)]
        for one in sorted(some):
            if all(abs(one.frame - other.frame) > max(_ELSEWHERE, 2 * one.reach) for other in taken):
                taken.append(one)
        best += taken
    return sorted(best)


def mixtures(
    tones: Tiles, detail: Tiles, before: Rows, frame: Rows, after: Rows, changed: float
) -> tuple[Values, Values]:
    """Return the share of the frame after in each frame as a mixture, and what that leaves unexplained.

    Of the tiles that change: the part of the change, and of the detail that it should have taken and did not. It is
    infinite where not enough changes, or not into another picture. before, frame, after: rows of tones, detail.
    """
    a, b = tones[before], tones[after]
    counts = np.abs(b - a) > changed
    step, way = (b - a) * counts, (tones[frame] - a) * counts
    share = (way * step).sum(1) / np.maximum((step * step).sum(1), 1)
    left = np.abs(way - share[:, None] * step).sum(1) / np.maximum(np.abs(step).sum(1), 1)
    first, energy, second = ((detail[rows] * counts).sum(1) for rows in (before, frame, after))
    mixed, moving = (1 - share) ** 2 * first + share**2 * second, share * (1 - share) * (first + second)
    most = np.maximum(2 * share * (1 - share) * np.sqrt(first * second), moving / 2)  # in another light they go evenly
    kept = np.maximum((energy - mixed) / np.maximum(most, 1e-3), -_LESS)
    many = np.maximum(counts.sum(1), 1)
    one, other = ((part - ((part * counts).sum(1) / many)[:, None]) * counts for part in (a, b))
    sizes = (one * one).sum(1), (other * other).sum(1)
    alike = (one * other).sum(1) / np.sqrt(np.maximum(sizes[0] * sizes[1], 1))
    faded = np.minimum(*sizes) < FLAT**2 * many  # what is left of a picture is no other light
    sound = (counts.mean(1) >= _SPREAD) & ((alike < _ALIKE) | faded)
    return share, np.where(sound, left + _DETAIL * kept, np.inf)


def transitions(cells: Grids, found: Sequence[Found], rest: float, changed: float, noise: float) -> list[Passage]:
    """Return the transitions around the frames `found`, the surest first, in order of time.

    Those of one kind that overlap are one, as the surest of them is. What is light is the fade's.
    """
    blocks = blocks_of(cells)
    sure: list[Passage] = []
    for some in (list(spans(cells, one, rest, changed, noise, blocks)) for one in found):
        sure += islice((item for item in some if proven(cells, item, rest, changed, noise)), 1)
        if sure and some and sure[-1] in some[2:]:  # a part is: less is asked of all of it
            sure += islice((item for item in some[:2] if proven(cells, item, _OF_ALL * rest, changed, noise)), 1)
    taken: list[Passage] = []
    for item in sorted(sure, key=lambda item: item.kind != "fade"):
        start, end = item.start, item.end
        for other in taken:
            if other.kind != item.kind and other.start < end and start < other.end:
                start, end = (other.end, end) if other.start <= start else (start, other.start)
        if end - start >= SHORTEST:
            over = [other for other in taken if other.start < end and start < other.end]
            boundary = over[0].boundary if over else min(max(item.boundary, start + 1), end)
            start, end = min([start, *(other.start for other in over)]), max([end, *(other.end for other in over)])
            taken = [*(other for other in taken if other not in over), Passage(item.kind, start, end, boundary)]
    mixed = (item for item in taken if item.kind == "fade" or softened(cells, item))
    return sorted((dimmed(cells, item) if item.kind == "fade" else item for item in mixed), key=lambda item: item.start)


def spans(cells: Grids, found: Found, rest: float, changed: float, noise: float, blocks: Blocks) -> Iterator[Passage]:
    """Yield what may be the transition around `found`: as far as it goes on evenly, as it goes, as was looked."""
    middle, near = found.frame, (found.frame - found.reach, found.frame + found.reach)
    fade = flat(cells[near[0]]) or flat(cells[near[1]])
    ends = [edge(cells, middle, way, blocks(near[way < 0]), changed, fade, blocks) for way in (-1, 1)]
    for most in ((ends[0], ends[1]), (max(ends[0], near[0] + 1), min(ends[1], near[1] - 1))):
        first, last = most if fade else between_clear(cells, middle, *most, _CLEAR * rest, changed, noise)
        a, b = blocks(max(0, first - 1)), blocks(min(len(cells) - 1, last + 1))
        shares = [gone(a, blocks(frame), b, changed) for frame in range(first, last + 1)]
        if steady(shares):
            grown = np.maximum.accumulate(shares)
            early, boundary, late = (first + int((grown <= share).sum()) for share in (0.25, 0.5, 0.75))
            first, last = (first + place for place in going_on(shares, middle - first))
            slack = round(_EASED * (late - early)) + _LAG
            for start, end in ((max(first, early - slack), min(last, late + slack) + 1), (first, last + 1)):
                if start <= middle < end:
                    yield Passage("fade" if fade else "dissolve", start, end, min(max(start + 1, boundary), end - 1))


def between_clear(
    cells: Grids, middle: int, first: int, last: int, most: float, changed: float, noise: float
) -> tuple[int, int]:
    """Return the frames from `first` to `last` without what lies beyond one, seen from the middle, that is no mixture.

    That is a picture of its own, in full detail, between two transitions or after one. most: a mixture leaves at most.
    """
    start = max(0, first - 1)
    tones, detail = sketch([cells[frame] for frame in range(start, min(len(cells), last + 2))], noise)
    rows = np.arange(len(tones))
    share, left = mixtures(tones, detail, 0 * rows, rows, 0 * rows + rows[-1], changed)
    clear = (share > _WITHIN[0]) & (share < _WITHIN[1]) & (left > most) & np.isfinite(left)
    own = [start + int(place) for place in np.flatnonzero(clear)]
    found = max([first, *(k + 1 for k in own if k < middle)]), min([last, *(k - 1 for k in own if k > middle)])
    return found if found == (first, last) else between_clear(cells, middle, *found, most, changed, noise)


def proven(cells: Grids, item: Passage, rest: float, changed: float, noise: float) -> bool:
    """Whether the frames of a transition are mixtures of the frames before and after it."""
    tones, detail = sketch([cells[k] for k in range(max(0, item.start - 1), min(len(cells), item.end + 1))], noise)
    rows = np.arange(len(tones))
    share, left = mixtures(tones, detail, 0 * rows, rows, 0 * rows + rows[-1], changed)
    among = (share >= _MIDDLE[0]) & (share <= _MIDDLE[1])
    middle, length = left[among], item.end - item.start
    most = rest * min(0.9 + length / _LONG, 1.5)  # the longer, the more the pictures move; of few frames more is asked
    mixed = length >= SHORTEST and len(middle) > 0 and float(middle.mean()) <= most
    return mixed and float(strange(tones, share, changed)[among].mean()) <= _STRANGE


def edge(cells: Grids, middle: int, way: int, goal: Levels, changed: float, fade: bool, blocks: Blocks) -> int:
    """Return the outermost frame of a dissolve, going `way` (-1, 1) from its middle, that shows something of `goal`."""
    limit = 0 if way < 0 else len(cells) - 1

    def within(frame: int) -> int:
        return max(frame, limit) if way < 0 else min(frame, limit)

    least = max(_STEP, _SLOWEST * gone(blocks(within(middle + _LAG * way)), blocks(middle), goal, changed))
    outermost = frame = middle
    while abs(frame - outermost) <= _GAP and frame != limit:
        frame += way
        clean = frame + _LAG * way
        if within(clean) == clean and gone(blocks(clean), blocks(clean - way), goal, changed) > _JUMP:
            limit = clean - way  # a cut
        clean = within(clean)
        bare, now = blocks(clean), blocks(frame)
        goes = kindred(cells[clean], cells[frame], fade) or not fade and mixes(bare, now, goal)
        if goes and gone(bare, now, goal, changed) > least:
            outermost = frame
    # A drawing that is seen once more counts as mixed: what is left of the other picture may be less than noise.
    near, after, other = (cells[within(outermost + steps * way)] for steps in (1, 2, 3))
    held = block_difference(near, after) <= REDRAWN < block_difference(after, other)
    last = within(outermost + held * way)
    # A picture that fades is there until nothing is seen of it, however soon the next one comes.
    until = range(middle, within(last + way * (_LAG + 1)) if fade else middle, way)
    dark = next((frame for frame in until if flat(cells[frame])), last)
    return dark - way if abs(dark - middle) > abs(last - middle) + 1 else last
