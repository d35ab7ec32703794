"""Rain, snow and sparks in front of a picture: what is elsewhere in every frame makes no new drawing by itself.

A shot has weather in it if nearly all that comes is gone again, all over its picture, or if that is most of what
happens in it (genga.drawings._dedup.passing). Then three things tell what is drawn.

**What passes goes on, and what is drawn stays**: of a step counts the gap between the values of cells in two frames
before and two after it, or three and three, by the mean over 4x4 cells, in which a mouth is whole and a drop is little,
beyond what so stays around there of the steps beside it. What weather leaves say the least of the steps, and the level
lies in the first gap that all leave above these.

**What is drawn on ones** stays nowhere, but is large: a step begins a drawing if the mean over 8x8 cells changes by
more than weather does, by a gap again.

**Weather is everywhere, and what is drawn acts at a place**: where in some tiles far more of the change is left than in
most, in one step after another and more often so than by chance, all steps around begin drawings. If many of these show
nothing else, something acts that cannot be told from weather: then nothing is hidden.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from genga.drawings._dedup.faint import staying_beyond
from genga.drawings._dedup.passing import CHANCE, Values, acting, apart, fleeting, measured, on_ones, settled
from genga.drawings._text.tracks import MaskedGrid, MaskedGrids

_RESTLESS = 0.6  # part of a shot's steps that are above its threshold, where it rains
_FEWEST = 20  # steps from which that can be told
# It is weather where something passes for a frame in this part of the tiles of a picture, in most steps,
_WIDE = 0.12
_SEEN, _WEAK = 0.05, 0.8  # (enough, if it leaves less than so many times the shot's threshold)
_LEFT = 0.3  # and part of the cells that change that do so without what passes.
# The least of the steps are weather's alone: the part of them that surely is, and times what these leave that one may.
_ALONE, _AT_MOST = 0.25, 2.2
_LEFT_AT_MOST = 0.6  # what may be left of the change in these, where figures act in the others or an encoder blurs what
_FAINTER_ALONE = 1.1  # passes; times the shot's threshold that weather then leaves at most,
_FAINTER_APART, _APART = 1.6, 1.5  # and that where all other steps differ by so many times what any of these do
_FAINTER = 1.4  # times the shot's threshold that it leaves at most
_CLEARLY = 0.28  # part that may be left of the change in these, where what comes all over is gone again
_HELD, _LONG = 2, 3  # frames before and after over which something stays, or does so for long
_USUAL = 1.2  # times what the least of the steps leave, that weather usually does
_TIMES = 1.2, 3.0  # of that, between which the level lies from which a step is a drawing's,
_PARTS = 0.4, 1.5  # and times the shot's threshold,
_GAP = 1.35  # in the first gap of so many times;
_WHOLE = 1.2, 0.8  # times the threshold that it is at most where weather leaves less: of what stays, and does for long;
_LONGER = 0.7, 0.3  # part of it of what stays for long, and of the level of what stays: weather hardly does
_STILL = 0.15  # part of the tiles that usually change, in less of which it is held: then nothing passes
_HIDDEN = 0.9  # times the threshold that usually stays for long, from which weather hides what is drawn
_ENDS = 2.0, 2.0  # times as much at either end of a shot, and near it, where nothing says what passes,
_FIRST = 1.5  # and times what the least of the steps differ by
_LEAST = 0.1  # part of the steps that are weather's alone even where most are drawn on ones,
_ONE_PLACE = 0.5  # unless so many are the most at one place: then those of the other tiles,
_BUSY, _NEARLY = 1.5, (0.75, 0.95)  # in which usually not so many times as much changes as rarely in most tiles
_LARGE = 1.3, 4.0, 1.25  # times that, between which what is drawn on ones differs from weather, in a gap of so many
_GONE = 0.9  # part of what comes to a tile that is gone again, where what acts there may be weather;
_MUCH = 0.25  # part of the steps that act and show nothing else, from which nothing is hidden
_FARTHER = 1.5  # times the threshold that the picture behind may be from that of the first frames of a drawing
_LONG_HELD = 9  # frames of which that is the median


@dataclass(frozen=True)
class Weather:
    """What a shot over [start, end) shows behind its weather."""

    seen: MaskedGrids
    start: int
    end: int
    begins: Mapping[int, float]  # frames that begin a drawing, and how far each is from the one before, 0..255
    farthest: float  # that the picture behind may be from that of the first frames of its drawing

    def drifts(self, first: int, frame: int) -> bool:
        """Whether the picture behind has become another little by little since the first frame of its drawing."""
        if (frame - first + 1) % _LONG_HELD or frame - first < _LONG_HELD:
            return False
        then, now = (
            MaskedGrid(settled([self.seen[near].cells for near in range(last - _LONG_HELD + 1, last + 1)]), covered)
            for last, covered in ((first + _LONG_HELD - 1, self.seen.covered(first)), (frame, self.seen.covered(frame)))
        )
        return apart(then, now) > self.farthest


def weather_of(
    seen: MaskedGrids, start: int, end: int, skipped: Collection[int], changes: Sequence[float], threshold: float
) -> Weather | None:
    """Return what a shot over [start, end) shows behind its weather; None if it has none.

    Nor if drawings could not be told from it: then nothing is hidden. skipped: frames in which something else goes on.
    changes: block difference of each frame of the video to the one before. threshold: of the shot.
    """
    steps = [frame for frame in range(start + 1, end) if frame not in skipped and frame - 1 not in skipped]
    restless = sum(changes[frame] > threshold for frame in steps)
    if len(steps) < _FEWEST or restless < _RESTLESS * len(steps):
        return None
    gone, all_over = fleeting(seen, start, end, threshold)
    frames = range(start + 1, end)
    own = np.array(steps) - frames[0]
    tiles, left, distances, before, after, limbs, firsts = (
        np.array(values) for values in zip(*measured(seen, frames, start, end), strict=True)
    )
    touched = (before > 0).mean(axis=(1, 2))
    moves = touched >= _STILL * np.quantile(touched[own], 1 - _ALONE)
    if not passes(tiles[own], left[own], distances[own], threshold, all_over):
        return None
    stays, longer = (np.fromiter(staying_beyond(seen, start, end, held), float) for held in (_HELD, _LONG))
    at_ends = np.array([min(frame - start, end - frame) for frame in frames])
    inner = own[(at_ends > _LONG)[own] & moves[own]]
    if not len(inner):
        return None
    first = np.where(at_ends <= 1, _FIRST * np.quantile(firsts[inner], _ALONE), 0)
    least = level(stays[inner], threshold, _WHOLE[0])
    if usual_of(longer[inner]) > _HIDDEN * threshold:
        return None
    begins = stays > np.maximum(times_at(at_ends, _HELD) * least, first)
    least = max(_LONGER[1] * least, _LONGER[0] * level(longer[inner], threshold, _WHOLE[1]))
    begins |= longer > np.maximum(times_at(at_ends, _LONG) * least, first)
    begins |= limbs.max(axis=(1, 2)) > max(level_on_ones(limbs[inner]), _PARTS[0] * threshold)
    for where in (np.ones(gone.shape, bool), gone < _GONE):  # what goes on, as an arm may, is mostly weather
        places = acting(before, after, where, own) & (at_ends > 1)[:, None]
        acts, around = np.asarray(places.any(axis=1)), on_ones(places)
        hidden = float((acts & ~begins)[own].mean())
        if hidden >= _MUCH and around.any():
            return None
    if hidden > CHANCE:
        begins |= acts
    begins |= around
    change = np.array([changes[frame] for frame in frames])
    begins = np.where(moves, begins, change > threshold)
    far = np.where(moves, np.maximum(stays, longer), change)
    begun = {frame: float(by) for frame, by, new in zip(frames, far, begins, strict=True) if new}
    return Weather(seen, start, end, begun, _FARTHER * threshold)


def times_at(at_ends: npt.NDArray[np.int_], held: int) -> Values:
    """Return how many times as much has to stay of each step, by its frames from either end of the shot, (n,)."""
    return np.select([at_ends <= 1, at_ends < held], _ENDS, 1.0)


def passes(tiles: Values, left: Values, distances: Values, threshold: float, all_over: bool) -> bool:
    """Whether what passes over cells for a frame is weather. Each of a shot's steps: see `measured`.

    all_over: whether what comes is gone again all over the picture: then it is if hardly anything is left of it.
    """
    alone = distances <= _AT_MOST * np.quantile(distances, _ALONE)  # the steps that are weather's
    if all_over and float(np.median(left[alone])) <= _CLEARLY:
        return True
    two_kinds = distances[~alone].min(initial=np.inf) >= _APART * distances[alone].max() and not alone.all()
    sure = _is_weather(tiles, left, distances, _LEFT, _FAINTER * threshold, _WIDE)
    wide = _SEEN if float(np.median(distances[alone])) <= _WEAK * threshold else _WIDE
    most = _FAINTER if sure else _FAINTER_APART if two_kinds else _FAINTER_ALONE
    return _is_weather(tiles[alone], left[alone], distances[alone], _LEFT_AT_MOST, most * threshold, wide)


def _is_weather(tiles: Values, left: Values, distances: Values, most: float, farthest: float, wide: float) -> bool:
    """Whether steps, of which each is measured, are weather's: it passes all over, and hardly leaves anything."""
    return bool(np.median(tiles) >= wide and np.median(left) <= most and np.median(distances) <= farthest)


def usual_of(stays: Values) -> float:
    """Return what weather usually leaves of a step, by what stays of each (n,): the least are its alone."""
    return _USUAL * float(np.quantile(stays, _ALONE))


def level(stays: Values, threshold: float, whole: float) -> float:
    """Return the level from which a step is a drawing's, by what stays of each of a shot (n,): a gap above weather's.

    threshold: of the shot, of which it is `whole` at most where weather leaves less: faint drawings are as few as large
    ones.
    """
    usual = usual_of(stays)
    low, high = max(_TIMES[0] * usual, _PARTS[0] * threshold), max(_TIMES[1] * usual, _PARTS[1] * threshold)
    below = float(stays[stays <= low].max(initial=0.0)) or low
    places = np.array([below, *np.sort(stays[(stays > low) & (stays < high)]), high])
    wide = np.flatnonzero(places[1:] > _GAP * places[:-1])
    own = min(whole * threshold, _TIMES[1] * usual)
    if len(wide):
        top, above = places[wide[0]], places[wide[0] + 1]
        own = min(np.sqrt(top * above), max(min(top, _TIMES[1] * usual), whole * threshold, low))
    return float(max(_TIMES[0] * usual, own))


def level_on_ones(limbs: Values) -> float:
    """Return the level from which a step is a drawing's, whatever stays of it. limbs: see `measured`.

    The middle of the first gap above what weather does, which the least of the steps are; but where nearly all are the
    most at one place, at which something is drawn on ones, it is what the other tiles do.
    """
    steps, rows, columns = limbs.shape
    each = limbs.reshape(steps, -1)
    most = each.max(axis=1)
    usual = float(np.quantile(most, _LEAST))
    places = np.bincount(each.argmax(axis=1), minlength=rows * columns).reshape(rows, columns).astype(np.float32)
    near = cv2.boxFilter(places, cv2.CV_32F, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    if near.max() >= _ONE_PLACE * steps:
        mostly, rarely = np.quantile(each, _NEARLY, axis=0)
        acts = mostly > _BUSY * np.median(rarely[rarely > 1]) + 1 if (rarely > 1).any() else rarely < 0
        usual = min(usual, float(np.median(each[:, ~acts].max(axis=1))))
    low, high = _LARGE[0] * usual, _LARGE[1] * usual
    below = float(most[most <= low].max(initial=0.0)) or low
    ordered = np.array([below, *np.sort(most[(most > low) & (most < high)]), high])
    wide = np.flatnonzero(ordered[1:] > _LARGE[2] * ordered[:-1])
    return float(np.sqrt(ordered[wide[0]] * ordered[wide[0] + 1])) if len(wide) else 0.7 * high
