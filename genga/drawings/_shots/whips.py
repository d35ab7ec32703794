"""Whip pans: the camera goes from one picture to the next so fast that nothing on the way is sharp.

What is blurred along the way keeps next to nothing of the gradients along it, in every part of the picture, for some
frames on end, each of which is nearly all other than the one before. A figure that stays sharp meanwhile is drawn, and
so are smears, which last a frame or two; a focus that is drawn changes little from frame to frame.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import cv2
import numpy as np

from genga.drawings._shots.cuts import Scene
from genga.drawings._shots.events import Passage, within
from genga.drawings._shots.pieces import another, one_picture
from genga.drawings.alignment import laid, motion_of_most
from genga.drawings.static_tiles import tile_means
from genga.video.luma_grid import Cells, Grids, means

_MOST, _MEAN = 0.15, 0.3  # part of the picture that changes in each step of a whip and at either end, and in the mean
_FEWEST, _LONGEST = 4, 24  # frames
_SHARPEST = 0.95  # quantile of the parts by their gradients along the way,
_BLURRED = 0.6  # and what is left there of those of the ends
_FAINT = 0.4  # part of either end's deviation of luma, below which a frame is white, black or a fade
_AT_ONCE, _TILE = 0.45, 8  # of how two pictures differ in tiles of so many cells, from which a cut makes one the other,
_OTHERS = 1.5  # if it is so many times any other step between them
_LONGER = 1.25  # times what of a dissolve is known, from which one in light is more of it
_LAGS, _LOOKED_AT = (1, 3), 12  # frames over which a motion is looked for, and at how many places for the first
_EXPLAINED, _NEARER = 0.75, 1.5  # part that it leaves of what changes, and times that things are larger at one end
_SEEN, _STANDS = 2, 0.35  # steps beside it, and part of the usual one, from which a picture stands before it goes on


def whips(cells: Grids, spread: Sequence[float]) -> list[Passage]:
    """Return the whip pans of a video, in order; of each its blurred frames [start, end).

    spread: part of the picture that changes in each frame.
    """
    found: list[Passage] = []
    frame = 1
    while frame < len(cells):
        run = frame
        while run < len(cells) and spread[run] >= _MOST:
            run += 1
        if run - frame > _FEWEST:  # the steps into the blur, within it, and out of it
            found += _within(cells, frame, run, spread)
        frame = run + 1
    return found


def with_others(passages: Iterable[Passage], found: Sequence[Passage]) -> list[Passage]:
    """Return dissolves and fades with whip pans, wipes or slides, in order, of which parts may pass for dissolves."""
    others = (one for one in passages if all(one.end < other.start or other.end < one.start for other in found))
    return sorted([*others, *found], key=lambda one: one.start)


def with_light(passages: Sequence[Passage], lit: Iterable[Passage]) -> list[Passage]:
    """Return dissolves and fades with those dissolves that mix light, in order: of which no more than a part is known.

    lit: what was found in light, which is darker in the middle tones than code values: those mix otherwise.
    """
    longer = []
    for one in lit:
        known = [other for other in passages if other.start <= one.end and one.start <= other.end]
        most = sum(other.end - other.start for other in known)
        if one.end - one.start >= _LONGER * most and all(other.kind == "dissolve" for other in (one, *known)):
            longer.append(one)
    return with_others(passages, longer)


def of_two_pictures(scene: Scene, passage: Passage, cuts: Iterable[int] = ()) -> bool:
    """Whether what may be a dissolve or a whip pan is: little of the first picture stays in the second, or its middle
    mixes both, and no cut has made the one the other.

    cuts: frames at which there may be one.

    A figure that walks through a picture is a mixture in tiles of what is before and after, and leaves the picture; so
    does one that is drawn without lines for some frames, as if it were blurred. A camera leaves it where it takes it,
    and light leaves its texture; what is mixed with another picture has that of the other where it changes.
    """
    if passage.kind == "fade":
        return True
    if any(made_by_a_cut(scene.cells, passage, frame) for frame in cuts):
        return False
    before, end = max(0, passage.start - 1), min(passage.end, len(scene.cells) - 1)
    a, middle, b = (scene.cells[frame] for frame in (before, (passage.start + passage.end) // 2, end))
    if one_picture(a, middle, b, scene.counting(before, end), scene.noise.gradient):
        return False
    return passage.kind != "dissolve" or not goes_away(scene.cells, before, end)


def broken(scene: Scene, passage: Passage, cuts: Iterable[int]) -> bool:
    """Whether at one of these cuts a dissolve goes on with another picture.

    Two that are mixed are still the same two from frame to frame. While light changes, so does most of the picture, and
    of that a cut may be little.
    """
    steps = range(max(1, passage.start), min(passage.end + 1, len(scene.cells)))
    return passage.kind == "dissolve" and any(
        another(scene.cells[cut - 1], scene.cells[cut], scene.counting(cut - 1, cut)) for cut in cuts if cut in steps
    )


def goes_away(cells: Grids, first: int, last: int) -> bool:
    """Whether a camera goes away over these frames, or nearer: what was seen of a picture is soft or small then.

    Much of each step is its motion. Where two pictures are laid over each other that is so as well if both are moved;
    but then things are about as large before and after.
    """
    for lag in _LAGS:
        every = lag if lag == _LAGS[-1] else 1 + (last - first) // _LOOKED_AT
        steps = [_step(cells[k], cells[k + lag]) for k in range(first, last + 1 - lag, every)]
        if not steps or float(np.median([left for left, _ in steps])) >= _EXPLAINED:
            return False
    grown = float(np.log([scale for _, scale in steps]).sum())
    return abs(grown) >= float(np.log(_NEARER))


def _step(a: Cells, b: Cells) -> tuple[float, float]:
    """What the motion of most of a picture leaves of a step, part of it, and how much smaller things are after it."""
    motion = motion_of_most(a, b, np.ones(a.shape, np.bool_))
    if motion is None:
        return 1.0, 1.0
    known = within(motion, a.shape)
    step, left = (cv2.mean(cv2.absdiff(one, b), known)[0] for one in (a, laid(a, motion)))
    return left / step if step > 0 else 1.0, float(np.hypot(motion[0, 0], motion[1, 0]))


def made_by_a_cut(cells: Grids, passage: Passage, cut: int) -> bool:
    """Whether a cut in a passage, or a frame from it, is most of what changes from its first picture to its last.

    What is left is the beginning or the end of one shot, blurred or fast as it may be. A picture that goes over to
    another in three frames or more changes by less in each, and is seen for more than one frame before and after; a
    camera that is whipped does not stop at once. A cut to black or white may begin a fade out of it.
    """
    first, last = max(1, min(passage.start, cut)), min(max(passage.end, cut), len(cells) - 1)
    if not passage.start - 1 <= cut <= passage.end + 1 or not first <= cut <= last:
        return False
    tones = [means(cells[frame], _TILE) for frame in range(first - 1, last + 1)]
    steps = [float(np.abs(after - before).mean()) for before, after in pairwise(tones)]
    before, step, after = steps[: cut - first][::-1], steps[cut - first], steps[cut - first + 1 :]
    if step < max(_AT_ONCE * float(np.abs(tones[-1] - tones[0]).mean()), _OTHERS * max(before + after, default=0.0)):
        return False
    rest, spreads = max(before, after, key=len), [float(tone.std()) for tone in tones]
    seen = len(rest) > _SEEN and max(rest[:_SEEN]) < _STANDS * float(np.median(rest))  # for a while, before it goes on
    inner = min(spreads[cut - first : cut - first + 2])
    return not seen and inner >= _FAINT * min(spreads[0], spreads[-1])


def _within(cells: Grids, first: int, end: int, spread: Sequence[float]) -> list[Passage]:
    """Return the whip pans among the frames [first, end), each of which is quite other than the one before."""
    detail = [_detail(cells[frame]) for frame in range(first - 1, end)]
    found: list[Passage] = []
    start = 1
    while start + _FEWEST < len(detail):
        last = min(start + _LONGEST, len(detail) - 1)
        stops = range(last, start + _FEWEST - 1, -1)
        stop = next((stop for stop in stops if _blurred(detail, start, stop)), None)
        if stop is None:
            start += 1
            continue
        a, b = first - 1 + start, first - 1 + stop
        if np.mean(spread[a : b + 1]) >= _MEAN:
            found.append(Passage("dissolve", a, b, boundary=(a + b) // 2))
        start = stop + 1
    return found


Detail = tuple[float, float, float]  # gradients across and down in the sharpest parts, deviation of luma; levels


def _detail(cells: Cells) -> Detail:
    values = cells.astype(np.float32)
    sides = (np.abs(np.diff(values, axis=axis)) for axis in (1, 0))
    across, down = (float(np.quantile(tile_means(side, None), _SHARPEST)) for side in sides)
    return across, down, float(values.std())


def _blurred(detail: Sequence[Detail], start: int, stop: int) -> bool:
    """Whether all frames [start, stop) are blurred along one way, beside the frame before them and the one after."""
    before, after = detail[start - 1], detail[stop]
    if any(one[2] < _FAINT * min(before[2], after[2]) for one in detail[start:stop]):
        return False
    shares = np.arange(1, stop - start + 1) / (stop - start + 1)
    for way in (0, 1):
        between = before[way] ** (1 - shares) * after[way] ** shares  # what is on the way has of both ends
        if all(one[way] < _BLURRED * most for one, most in zip(detail[start:stop], between, strict=True)):
            return True
    return False
