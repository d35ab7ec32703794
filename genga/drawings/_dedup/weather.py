"""Rain, snow and sparks in front of a picture: what is elsewhere in every frame makes no new drawing by itself.

A shot has weather in it if nearly all that comes is gone again, all over its picture, or if that is most of what
happens in it (genga.drawings._dedup.passing), and hardly any of it is large: sprites that run over a wall are drawn.
Then three things tell what is drawn.

**What passes goes on, and what is drawn stays**: of a step counts the gap between the values of cells in two frames
before and two after it, or three and three, by the mean over 4x4 cells, in which a mouth is whole and a drop is little,
beyond what so stays around there of the steps beside it. What weather leaves say the least of the steps, and the level
lies in the first gap that all leave above these. And the step makes another picture where what passes for a frame is
taken out, by a gap as well: two accounts of one step hide more of weather than either, and no more of what is drawn.

**What is drawn on ones** stays nowhere, but is large: a step begins a drawing if the mean over 8x8 cells changes by
more than weather does, by a gap again.

**Weather is everywhere, and what is drawn acts at a place**: where in some tiles far more of the change is left than in
most, in one step after another and more often so than by chance, all steps around begin drawings. If many of these show
nothing else, something acts that cannot be told from weather: then nothing is hidden.
"""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from genga.drawings._dedup.faint import staying_beyond
from genga.drawings._dedup.passing import (
    CHANCE,
    HELD,
    LONG,
    Pictures,
    Values,
    acting,
    apart,
    cleaned,
    fleeting,
    measured,
    on_ones,
    passing_from,
    settled,
)
from genga.drawings._dedup.redrawn import FEWEST, redrawn
from genga.drawings._dedup.weather_levels import (
    ALONE,
    LEAST,
    PARTS,
    level,
    level_above,
    level_on_ones,
    others,
    times_at,
    usual_of,
    weathers,
)
from genga.drawings._text.tracks import MaskedGrid, MaskedGrids

_RESTLESS = 0.6  # part of a shot's steps that are above its threshold, where it rains
_FEWEST = 20  # steps from which that can be told
# It is weather where something passes for a frame in this part of the tiles of a picture, in most steps,
_WIDE = 0.12
_SEEN, _WEAK = 0.05, 0.8  # (enough, if it leaves less than so many times the shot's threshold)
_LEFT = 0.3  # and part of the cells that change that do so without what passes.
_LEFT_AT_MOST = 0.6  # what may be left of the change in these, where figures act in the others or an encoder blurs what
_FAINTER_ALONE = 1.1  # passes; times the shot's threshold that weather then leaves at most,
_FAINTER_APART, _APART = 1.6, 1.5  # and that where all other steps differ by so many times what any of these do
_FAINTER = 1.4  # times the shot's threshold that it leaves at most
_CLEARLY = 0.28  # part that may be left of the change in these, where what comes all over is gone again
_FIRST = 1.5  # times what the least of the steps differ by, at either end of a shot
_WHOLE = 1.2, 0.8  # times the threshold that a level is at most where weather leaves less: what stays, and for long;
_LONGER = 0.7, 0.3  # part of it of what stays for long, and of the level of what stays: weather hardly does
_LARGE, _FEW = (3, 3), 0.18  # cells that what passes hardly ever covers, and the part of it that may
_MOSTLY = 0.5  # part of the steps that begin drawings, from which none need be weather's alone
_STILL = 0.15  # part of the tiles that usually change, in less of which it is held: then nothing passes
_HIDDEN = 0.9  # times the threshold that usually stays for long, from which weather hides what is drawn
_AS_MUCH = 14.0  # luma levels left over two pictures, from which held weather does, whatever an encode's noise is
_GONE = 0.9  # part of what comes to a tile that is gone again, where what acts there may be weather;
_MUCH = 0.25  # part of the steps that act and show nothing else, from which nothing is hidden;
_SURELY = 3  # deviations above chance, from which all that act begin drawings
_FARTHER = 1.5  # times the threshold that the picture behind may be from that of the first frames of a drawing
_PICTURE = 9  # frames of which that is the median


@dataclass(frozen=True)
class Weather:
    """What a shot over [start, end) shows behind its weather."""

    pictures: Pictures
    begins: Mapping[int, float]  # frames that begin a drawing, and how far each is from the one before, 0..255
    farthest: float  # that the picture behind may be from that of the first frames of its drawing

    def drifts(self, first: int, frame: int) -> bool:
        """Whether the picture behind has become another little by little since the first frame of its drawing."""
        firsts = self.pictures.firsts
        then, now = bisect_right(firsts, first) - 1, bisect_right(firsts, frame) - 1
        if firsts[now] != frame or (now - then + 1) % _PICTURE or now - then < _PICTURE:
            return False
        old, new = (
            MaskedGrid(settled([self.pictures[near].cells for near in range(last - _PICTURE + 1, last + 1)]), covered)
            for last, covered in (
                (then + _PICTURE - 1, self.pictures[then].covered), (now, self.pictures[now].covered)
            )
        )  # fmt: skip
        return apart(old, new) > self.farthest


def weather_of(
    seen: MaskedGrids, start: int, end: int, skipped: Collection[int], changes: Sequence[float], threshold: float
) -> Weather | None:
    """Return what a shot over [start, end) shows behind its weather; None if it has none.

    Nor if drawings could not be told from it: then nothing is hidden. skipped: frames in which something else goes on.
    changes: block difference of each frame of the video to the one before. threshold: of the shot.
    """
    steps = [frame for frame in range(start + 1, end) if frame not in skipped and frame - 1 not in skipped]
    restless = sum(changes[frame] > threshold for frame in steps)
    if len(steps) < _FEWEST:
        return None
    if restless >= _RESTLESS * len(steps):
        every = Pictures(seen, range(start, end), range(start, end))
        begun = begins(every, skipped, changes, threshold)
        if begun is not None:
            return Weather(every, begun, _FARTHER * threshold)
    held = redrawn(seen, start, end, skipped, changes, threshold)
    if held is None:
        return None
    pictures, beside = held
    begun = begins(pictures, skipped, changes, threshold)
    return None if begun is None else Weather(pictures, begun | beside, _FARTHER * threshold)


def begins(
    seen: Pictures, skipped: Collection[int], changes: Sequence[float], threshold: float
) -> dict[int, float] | None:
    """Return the frames that begin drawings behind the weather of a shot, and how far each is from the one before.

    None if it has none, or drawings could not be told from it. Other arguments: of `weather_of`.
    """
    shown, held = range(1, len(seen)), np.array([seen.acts(k - 1) or seen.acts(k) for k in range(1, len(seen))])
    partly = np.array([seen.firsts[k] in seen.partly for k in shown])
    own = np.array([k - 1 for k in shown if not {seen.firsts[k], seen.lasts[k - 1]} & {*skipped} and not partly[k - 1]])
    if len(own) < FEWEST:
        return None
    tiles, left, distances, short, long, before, after, limbs, firsts, at_places, most = (
        np.array(values) for values in zip(*measured(seen, threshold), strict=True)
    )
    in_tiles = (before > 0).mean(axis=(1, 2))
    moves = partly | (in_tiles >= _STILL * np.quantile(in_tiles[own], 1 - ALONE))
    weather, clear = passes(tiles[own], left[own], distances[own], threshold)
    if not weather and not clear:
        return None
    gone, all_over = fleeting(seen, threshold)
    if not weather and not all_over or large(seen, threshold) > _FEW:
        return None
    ended = [seen.last(k) for k in range(len(seen))]
    shows = [seen[k] for k in range(len(seen))]
    stays, longer = (np.array(list(staying_beyond(shows, ended, frames))) for frames in (HELD, LONG))
    at_ends = np.array([min(picture, len(seen) - picture) for picture in shown])
    inner = own[(at_ends > LONG)[own] & moves[own]]
    if not len(inner):
        return None
    first = np.where(at_ends <= 1, _FIRST * np.quantile(firsts[inner], ALONE), 0)
    least = level(stays[inner], threshold, _WHOLE[0])
    usual = float(np.median(short[own][weathers(distances[own])]))
    if usual_of(longer[inner]) > _HIDDEN * threshold or held.any() and usual > min(threshold, _AS_MUCH):
        return None
    begun = stays > np.maximum(times_at(at_ends, HELD) * least, first)
    least = max(_LONGER[1] * least, _LONGER[0] * level(longer[inner], threshold, _WHOLE[1]))
    begun |= longer > np.maximum(times_at(at_ends, LONG) * least, first)
    apart_too = others(distances, short, long, at_ends, own, threshold)
    begun &= apart_too
    begun |= limbs.max(axis=(1, 2)) > max(level_on_ones(limbs[inner]), PARTS[0] * threshold)
    for where in (np.ones(gone.shape, bool), gone < _GONE):  # what goes on, as an arm may, is mostly weather
        at = acting(before, after, where, own) & ((at_ends > 1) & (apart_too | ~held))[:, None]
        acts, around = np.asarray(at.any(axis=1)), on_ones(at)
        hidden = float((acts & ~begun)[own].mean())
        if hidden >= _MUCH and around.any():
            return None
    if hidden > CHANCE + _SURELY * (CHANCE / len(own)) ** 0.5:
        begun |= acts
    begun |= around
    change = np.array([changes[seen.firsts[picture]] for picture in shown])
    begun |= at_places > max(PARTS[0] * threshold, usual)
    largest = most.max(axis=(1, 2))
    if begun[inner].mean() < _MOSTLY:
        begun |= held & (largest > level_above(largest[inner], float(np.quantile(largest[inner], LEAST))))
    else:
        begun |= held & (largest > level_on_ones(most[inner]))
    begun = np.where(moves, begun, change > threshold)
    far = np.where(moves, np.maximum(stays, longer), change)
    return {seen.firsts[k]: float(by) for k, by, new in zip(shown, far, begun, strict=True) if new}


def large(seen: Pictures, threshold: float) -> float:
    """Return the part of the marks that pass in a shot, 0..1, that are as large as what is drawn: drops are not.

    A mark is what passes in cells beside each other, two at least: one alone is noise. threshold: of the shot.
    """
    level, marks, among = passing_from(seen, threshold), 0, 0
    for picture in range(1, len(seen) - 1):
        passing = cleaned(seen, picture, seen[picture], level)[1].astype(np.uint8)
        _, places, facts, _ = cv2.connectedComponentsWithStats(passing)
        marks += int(np.count_nonzero(facts[1:, cv2.CC_STAT_AREA] > 1))
        among += len(np.unique(places[cv2.erode(passing, np.ones(_LARGE, np.uint8)) > 0]))
    return among / max(1, marks)


def passes(tiles: Values, left: Values, distances: Values, threshold: float) -> tuple[bool, bool]:
    """Whether what passes over cells for a frame is weather, and whether it is where what comes all over is gone again.

    Each of a shot's steps: see `measured`. The latter where hardly anything is left of it.
    """
    alone = weathers(distances)
    clear = float(np.median(left[alone])) <= _CLEARLY
    two_kinds = distances[~alone].min(initial=np.inf) >= _APART * distances[alone].max() and not alone.all()
    sure = _is_weather(tiles, left, distances, _LEFT, _FAINTER * threshold, _WIDE)
    wide = _SEEN if float(np.median(distances[alone])) <= _WEAK * threshold else _WIDE
    most = _FAINTER if sure else _FAINTER_APART if two_kinds else _FAINTER_ALONE
    return _is_weather(tiles[alone], left[alone], distances[alone], _LEFT_AT_MOST, most * threshold, wide), clear


def _is_weather(tiles: Values, left: Values, distances: Values, most: float, farthest: float, wide: float) -> bool:
    """Whether steps, of which each is measured, are weather's: it passes all over, and hardly leaves anything."""
    return bool(np.median(tiles) >= wide and np.median(left) <= most and np.median(distances) <= farthest)
