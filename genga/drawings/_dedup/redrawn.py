"""The pictures of a shot whose weather is drawn anew every two or three frames, and held between.

Weather is drawn anew all over the picture, again and again; where something changes at one place alone while it is
held, that is drawn. So what tells weather from drawings is asked of the pictures between such steps, not of frames:
each begins with weather drawn anew, and may end otherwise, for what is drawn acts while the weather is held.
"""

from collections.abc import Collection, Sequence

import cv2
import numpy as np

from genga.drawings._dedup.passing import Pictures, changed_from, in_tiles
from genga.drawings._dedup.shown import change
from genga.drawings._text.tracks import MaskedGrids
from genga.drawings.static_tiles import Mask

# Steps in which weather that is held is drawn anew at least, part of the frames, and part of the tiles in each,
FEWEST, _OFTEN, _WIDE = 12, 0.2, 0.12
_ALL_OVER = 0.8  # and with those beside them; a figure is in one place.
# Parts of what most such steps change, with those beside it and without, that others do: a figure changes less.
_AS_FAR, _AS_MANY, _MOST, _LEAST = 0.7, 0.4, 0.75, 0.25
# Weather that is drawn anew in part differs by no more than so many times the least of these steps, in places that lie
_LIKE, _FAR = 1.35, 0.35  # so far apart, part of the picture's width or height;
_BETTERED, _LESS = 0.6, 0.5  # and an encoder betters it by so much less: of that, and of what changed there before.
_SMALL = 4  # tiles in which something small acts at most, as a mouth or an eye
_BESIDE = np.ones((3, 3), np.uint8)


def redrawn(
    seen: MaskedGrids, start: int, end: int, skipped: Collection[int], changes: Sequence[float], threshold: float
) -> tuple[Pictures, dict[int, float]] | None:
    """Return the pictures of a shot over [start, end) whose weather is held; None if nothing is drawn anew all over.

    And the frames within them that begin drawings, with how far each is from the one before. Other arguments: of
    `genga.drawings._dedup.weather.weather_of`.
    """
    fewest = max(FEWEST, _OFTEN * (end - start))
    restless = [frame for frame in range(start + 1, end) if changes[frame] > threshold]
    if len(restless) < fewest:
        return None
    level = changed_from(Pictures(seen, range(start, end), range(start, end)), threshold)
    where = {k: in_tiles(change(seen[k - 1], seen[k]) > level) > 0 for k in restless}
    wide = {k: float(tiles.mean()) for k, tiles in where.items() if tiles.mean() >= _WIDE}
    if len(wide.keys() - {*skipped}) < fewest:
        return None
    reach = {k: float(cv2.dilate(where[k].astype(np.uint8), _BESIDE).mean()) for k in wide}
    far, many = (float(np.quantile(list(each.values()), _MOST)) for each in (reach, wide))
    anew = {k for k in wide if reach[k] >= _AS_FAR * far and wide[k] >= _AS_MANY * many}
    if far < _ALL_OVER or len(anew - {*skipped}) < fewest:
        return None
    usual = float(np.quantile([changes[k] for k in anew], _LEAST))
    weak = [k for k in restless if k not in anew and changes[k] <= _BETTERED * usual and k - 1 > start]
    held = {k for k in weak if bettered(seen, k, threshold)}
    partly = {k for k in restless if k not in anew | held and changes[k] <= _LIKE * usual and far_apart(where[k])}
    beside = {k: changes[k] for k in restless if k not in anew | held | partly}
    small = [change(seen[k - 1], seen[k]) > threshold for k in beside if where[k].sum() <= _SMALL]
    firsts = [start, *sorted(anew | partly)]
    lasts = [first - 1 for first in [*firsts[1:], end]]
    return Pictures(seen, firsts, lasts, partly, np.logical_or.reduce(small) if small else None), beside


def far_apart(tiles: Mask) -> bool:
    """Whether something changes in places that lie far apart."""
    sides = (np.ptp(np.flatnonzero(tiles.any(axis=axis))) / tiles.shape[1 - axis] for axis in (0, 1) if tiles.any())
    return max(sides, default=0.0) >= _FAR


def bettered(seen: MaskedGrids, frame: int, threshold: float) -> bool:
    """Whether a frame differs only where the one before was drawn anew, and by less: an encoder betters that."""
    before, own = (change(seen[near - 1], seen[near]) for near in (frame - 1, frame))
    return bool((own - _LESS * cv2.dilate(before, _BESIDE)).max() <= threshold)
