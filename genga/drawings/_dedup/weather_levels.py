"""From which level a step under weather is a drawing's: the least of a shot's steps are weather's alone, and say so."""

import cv2
import numpy as np
import numpy.typing as npt

from genga.drawings._dedup.passing import HELD, Values
from genga.drawings.bimodal_threshold import gap_above

# The least of the steps are weather's alone: the part of them that surely is, and times what these leave that one may.
ALONE, _AT_MOST = 0.25, 2.2
_USUAL = 1.2  # times what the least of the steps leave, that weather usually does
_TIMES = 1.2, 3.0  # of that, between which the level lies from which a step is a drawing's,
PARTS = 0.4, 1.5  # and times the shot's threshold,
_GAP = 1.35  # in the first gap of so many times;
_ENDS = 2.0, 2.0  # times as much at either end of a shot, and near it, where nothing says what passes
LEAST = 0.1  # part of the steps that are weather's alone even where most are drawn on ones,
_ONE_PLACE = 0.5  # unless so many are the most at one place: then those of the other tiles,
_BUSY, _NEARLY = 1.5, (0.75, 0.95)  # in which usually not so many times as much changes as rarely in most tiles
_LARGE = 1.3, 4.0  # times that, between which what is drawn on ones differs from weather, by as wide a gap
# Without what passes: times what weather usually leaves, between which the level lies from which frames are others,
_OTHERS = 2.0, 3.0
_STAYS = 1.7, 3.2
_LONGER = 0.5, 2.2  # and, as much of what stays for a shorter time, of what stays for long;
_WIDE_GAP = 3.0  # times what the next smaller step leaves: what is so far from weather is drawn


def times_at(at_ends: npt.NDArray[np.int_], held: int) -> Values:
    """Return how many times as much has to stay of each step, by its frames from either end of the shot, (n,)."""
    return np.select([at_ends <= 1, at_ends < held], _ENDS, 1.0)


def usual_of(stays: Values) -> float:
    """Return what weather usually leaves of a step, by what stays of each (n,): the least are its alone."""
    return _USUAL * float(np.quantile(stays, ALONE))


def level(stays: Values, threshold: float, whole: float) -> float:
    """Return the level from which a step is a drawing's, by what stays of each of a shot (n,): a gap above weather's.

    threshold: of the shot, of which it is `whole` at most where weather leaves less: faint drawings are as few as large
    ones.
    """
    usual = usual_of(stays)
    low, high = max(_TIMES[0] * usual, PARTS[0] * threshold), max(_TIMES[1] * usual, PARTS[1] * threshold)
    own = min(whole * threshold, _TIMES[1] * usual)
    if gap := first_gap(stays, low, high):
        top, above = gap
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
    usual = float(np.quantile(most, LEAST))
    places = np.bincount(each.argmax(axis=1), minlength=rows * columns).reshape(rows, columns).astype(np.float32)
    near = cv2.boxFilter(places, cv2.CV_32F, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    if near.max() >= _ONE_PLACE * steps:
        mostly, rarely = np.quantile(each, _NEARLY, axis=0)
        acts = mostly > _BUSY * np.median(rarely[rarely > 1]) + 1 if (rarely > 1).any() else rarely < 0
        usual = min(usual, float(np.median(each[:, ~acts].max(axis=1))))
    return level_above(most, usual)


def level_above(values: Values, usual: float) -> float:
    """Return the middle of the first gap above what weather usually does, of all steps (n,), or far above it."""
    high = _LARGE[1] * usual
    gap = first_gap(values, _LARGE[0] * usual, high)
    return float(np.sqrt(gap[0] * gap[1])) if gap else 0.7 * high


def first_gap(values: Values, low: float, high: float) -> tuple[float, float] | None:
    """Return the ends of the first gap that values (n,) leave up to `high`, from the last up to `low` on, or None."""
    below = float(values[values <= low].max(initial=0.0)) or low
    places = np.array([below, *np.sort(values[(values > low) & (values < high)]), high])
    wide = np.flatnonzero(places[1:] > _GAP * places[:-1])
    return (places[wide[0]], places[wide[0] + 1]) if len(wide) else None


def weathers(distances: Values) -> npt.NDArray[np.bool_]:
    """Return which of a shot's steps (n,) are surely weather's, by how far the frames are apart without what passes."""
    return np.asarray(distances <= _AT_MOST * np.quantile(distances, ALONE))


def others(
    distances: Values,
    stays: Values,
    longer: Values,
    at_ends: npt.NDArray[np.int_],
    asked: npt.NDArray[np.int_],
    threshold: float,
) -> npt.NDArray[np.bool_]:
    """Return the steps (n,) that make another picture where what passes for a frame is taken out.

    distances, stays, longer: see `genga.drawings._dedup.passing.measured`; at_ends: frames of each step from either end
    of the shot; asked: the steps that say what weather leaves; threshold: of the shot.
    """
    alone = weathers(distances[asked])
    low = float(np.quantile(distances[asked], ALONE))
    if gap := first_gap(distances[asked], low, _AT_MOST * low):  # a mouth may act in half of the steps
        alone &= distances[asked] <= gap[0]
    usual, stay = (float(np.median(values[asked][alone])) for values in (distances, stays))
    level = level_without(distances[asked], usual, _OTHERS, threshold)
    found = distances > np.where(at_ends <= 1, _ENDS[0], 1) * level
    for values, times in ((stays, _STAYS), (longer, _LONGER)):
        found |= values > times_at(at_ends, HELD + 1) * level_without(values[asked], stay, times, threshold)
    return np.asarray(found)


def level_without(values: Values, usual: float, times: tuple[float, float], threshold: float) -> float:
    """Return the level from which a step makes another picture. values: of steps (n,); usual: what weather leaves.

    Where weather leaves little, it is no more than the shot's threshold: faint drawings are as few as large ones.
    """
    low = times[0] * usual
    ordered = np.concatenate([[values[values <= low].max(initial=0.0) or low], np.sort(values[values > low])])
    wide = np.flatnonzero(ordered[1:] >= _WIDE_GAP * ordered[:-1])
    if low > 0 and len(wide):
        return min(float(np.sqrt(ordered[wide[0]] * ordered[wide[0] + 1])), max(times[1] * usual, threshold))
    return gap_above(values, low, times[1] * usual)
