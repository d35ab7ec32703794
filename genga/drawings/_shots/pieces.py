"""Whether two pictures are one: pieces of it are found again, at the same place or somewhere near, or its tones.

A figure that is drawn anew while the camera moves stays nowhere, and no one motion explains it; but piece by piece most
of it is found again, moved a little each. After a cut hardly any piece is.
"""

from collections.abc import Container

import cv2
import numpy as np
import numpy.typing as npt

from genga.drawings.alignment import Motion, laid, motion_of_most, shift
from genga.drawings.static_tiles import CHANGED, TILE, Field, Mask, gradients, tile_means, tiles
from genga.video.luma_grid import Cells, Grids, difference_map, means, mixture

_COARSE = 2  # cells along the side of what is compared
_SIDE, _REACH = 12, 14  # of a piece, and how far it may have moved, in those
_TEXTURE = 0.03  # mean squared compressed gradient from which a piece has texture
_LARGE = 8  # cells along the side of a part, in which outlines do not show
_ELSEWHERE = 0.4  # response of phase correlation from which a whole picture has been found at another place
_SAME = 0.65  # correlation of gradients from which a piece is found
_PIECES, _SURER = 0.2, 2.5  # part of them from which a picture is found again, and how much more where tones are others
_MOST = 0.65  # and where nothing else goes on: a place that is framed anew is another shot
_ALIKE = 0.1  # by which its pieces are more like it than by chance, from which it is, too, however few are found
_AMID = 0.06  # where it goes on before and after: of cuts in the midst of action at most 0.05
_SEEN, _BEYOND = 0.55, 0.26  # part of the pieces, and by how much, of a picture in any light
_FEWEST = 12  # pieces of either picture; of fewer nothing is known
CHANCE = 0.3  # correlation of the tones of two pictures that have nothing to do with each other, at most
_BESIDE, _GOES_ON = 3, 0.7  # steps before and after a cut amid changes, and correlation at least of one that goes on
_STEADY, _BRIGHTER = 0.01, 1.2  # part by which light changes at least, and times that a flickering one does at most
_EXPLAINED = 0.5  # part of what changes that it leaves
_LEFT = 0.2  # part of the tiles with texture that stay from before a dissolve to after it at most, unless it is such:
_UNMIXED = 0.25  # part of the change that its middle leaves, as a mixture, at most,
_LIT = 0.12  # and part of the tiles with texture that change and keep it: a picture in another light has more
_SHARED = 0.3  # part of the picture that two share at least, or nothing is known of them
_RIM = np.ones((5, 5), np.uint8)  # cells at its edge, where others come in


def found_again(a: Cells, b: Cells, live: Mask, least: float) -> bool:
    """Return whether at least this part of the pieces with texture of either grid are found in the other.

    live: cells that count.
    """
    one, other = (_sketch(grid, live) for grid in (a, b))
    return _found(one, other, least) and _found(other, one, least)


def piece_by_piece(
    a: Cells, b: Cells, live: Mask, other: float, alone: bool, much: float, few: float, amid: bool = False
) -> bool:
    """Whether two pictures are one whose parts have moved, each in its own way.

    live: cells that count. other: how far its tones are others. alone: nothing goes on before or after. much: of that,
    up to which it may have been drawn anew, or all of it moved. few: from which more has to be found again. amid: as
    much goes on before and after.
    """
    if alone:
        return other < much and found_again(a, b, live, _MOST)
    if found_again(a, b, live, _PIECES + _SURER * max(0.0, other - few)):
        return True
    return other < much and beyond_chance(a, b, live) >= (_AMID if amid else _ALIKE)


def beyond_chance(a: Cells, b: Cells, live: Mask) -> float:
    """Return by how much more the pieces of either grid are like something near in the other than in it upside down.

    Mean correlations; about 0 of two pictures that have nothing to do with each other, whatever their texture, and of
    those with hardly any. Upside down its dark lines are dark, as they are: two drawings share that by chance, and what
    does not count lies where it did. live: cells that count.
    """
    gains = []
    for first, second in ((a, b), (b, a)):
        own, turned, other = (_sketch(grid, live) for grid in (first, first[::-1, ::-1], second))
        places = _places(other)
        if len(places) < _FEWEST:
            return 0.0
        gains += [_best(own, other, *place) - _best(turned, other, *place) for place in places]
    return float(np.mean(gains))


def another(a: Cells, b: Cells, live: Mask) -> bool:
    """Whether two pictures, both with pieces enough to say so, are no more alike than those before and after a cut.

    live: cells that count.
    """
    known = all(len(_places(_sketch(grid, live))) >= _FEWEST for grid in (a, b))
    return known and beyond_chance(a, b, live) < _AMID


def in_any_light(a: Cells, b: Cells, live: Mask) -> bool:
    """Whether most pieces of either picture are found in the other, far beyond chance, whatever its light and tones.

    live: cells that count.
    """
    return found_again(a, b, live, _SEEN) and beyond_chance(a, b, live) >= _BEYOND


def alike(a: Cells, b: Cells, live: Mask) -> float:
    """Return the correlation of two grids' means over large parts, -1..1: of one picture in another light about 1.

    live: cells that count.
    """
    whole = _all_live(live, _LARGE)
    parts = (means(grid, _LARGE)[whole] for grid in (a, b))
    one, other = (part - part.mean() if len(part) else part for part in parts)
    return float((one * other).sum() / max(1.0, float((one * one).sum() * (other * other).sum()) ** 0.5))


def torn(cells: Grids, before: int, frame: int, live: Mask, changing: Container[int]) -> bool:
    """Whether a picture that changes in each frame, yet has its tones where they were, has them elsewhere at once.

    So it is where light goes, or the next picture comes in blurred; action and effects do that in more than one step.
    While drawings are held, nothing says so. live: cells that count. changing: frames in which much is other than
    before.
    """
    sides = range(before - _BESIDE + 1, before + 1), range(frame + 1, frame + 1 + _BESIDE)
    if sides[0][0] < 1 or sides[1][-1] >= len(cells) or not any(all(k in changing for k in side) for side in sides):
        return False
    steps = [(k - 1, k) for side in sides for k in side]
    return alike(cells[before], cells[frame], live) < CHANCE and all(
        alike(cells[a], cells[b], live) >= _GOES_ON for a, b in steps
    )


def steadied(a: Cells, b: Cells) -> Cells:
    """Return `a` in the light of `b`, if one light all over it explains most of what changes; else `a` as it is."""
    one, other = float(a.mean()), float(b.mean())
    if abs(other - one) <= _STEADY * one:
        return a
    gain = float(np.median(b.astype(np.float32) / np.maximum(a, 1)))
    if not 1 / _BRIGHTER <= gain <= _BRIGHTER:
        return a
    lit = np.clip(a * np.float32(gain), 0, 255).round().astype(np.uint8)
    as_it_is, left = (float((difference_map(grid, b) > CHANGED).mean()) for grid in (a, lit))
    return lit if left < _EXPLAINED * as_it_is else a


def but_light(cells: Grids, spread: npt.NDArray[np.float64], least: float) -> npt.NDArray[np.float64]:
    """Return the part of the picture that changes in each frame, whatever its light does all over it.

    spread: with its light. least: from which it is asked.
    """
    own = spread.copy()
    for k in np.flatnonzero(spread >= least).tolist():
        before = cells[max(0, k - 1)]
        lit = steadied(before, cells[k])
        own[k] = spread[k] if lit is before else float((difference_map(lit, cells[k]) > CHANGED).mean())
    return own


def elsewhere(a: Cells, b: Cells) -> bool:
    """Whether the picture as a whole is found a tile or more from where it was: the same place, framed anew."""
    (dx, dy), response = shift(a, b)
    return response >= _ELSEWHERE and max(abs(dx), abs(dy)) >= TILE


def _sketch(grid: Cells, live: Mask) -> Field:
    """Return the compressed gradients of a grid at half its size, (rows, columns, 2); 0 where it is not live."""
    return np.dstack(gradients(means(grid, _COARSE).astype(np.uint8))) * _all_live(live, _COARSE)[..., None]


def _all_live(live: Mask, side: int) -> Mask:
    """Return the squares of `side` cells all of which are live; a mean of ones is not quite one where they overlap."""
    return means(live, side) >= 1 - 0.5 / side**2


def _found(a: Field, b: Field, least: float) -> bool:
    """Return whether at least this part of the pieces of `b` are found in `a`; looked for until that is known."""
    places = _places(b)
    found, left, count = 0, len(places), max(1, len(places))
    while found / count < least <= (found + left) / count:
        left -= 1
        found += _best(a, b, *places[left]) >= _SAME
    return found / count >= least


def _places(b: Field) -> list[tuple[int, int]]:
    """Return where pieces with texture begin."""
    return [
        (y, x)
        for y in range(0, b.shape[0] - _SIDE + 1, _SIDE)
        for x in range(0, b.shape[1] - _SIDE + 1, _SIDE)
        if 2 * float((b[y : y + _SIDE, x : x + _SIDE] ** 2).mean()) >= _TEXTURE
    ]


def _best(a: Field, b: Field, y: int, x: int) -> float:
    """Return the correlation of a piece of `b` with what is most like it in `a`, near its place."""
    around = a[max(0, y - _REACH) : y + _SIDE + _REACH, max(0, x - _REACH) : x + _SIDE + _REACH]
    return float(cv2.matchTemplate(around, b[y : y + _SIDE, x : x + _SIDE], cv2.TM_CCORR_NORMED).max())


def one_picture(a: Cells, middle: Cells, b: Cells, counts: Mask, noise: float) -> bool:
    """Whether of `a` so much stays in `b` that they are one picture, and no mixture of two is on the way.

    It stays in place, or where a camera has taken it; then, it is on the way, too. What is mixed cell by cell may have
    parts in common, but where it changes, it has another texture then; one picture in another light has its own.
    counts: cells that do. noise: of gradients.
    """
    changed = difference_map(a, b) > CHANGED
    mixed = bool(changed.any()) and mixture(a[changed], middle[changed], b[changed])[1] <= _UNMIXED
    in_place, moved = (_remains(a, b, counts, noise, motion) for motion in _ways(a, b, counts))
    if in_place[0] > _LEFT and not mixed:
        return True
    return any(stays > _LEFT and (lit > _LIT or not mixed) for stays, lit in (in_place, moved)) and all(
        max(_remains(*pair, counts, noise, motion)[0] for motion in _ways(*pair, counts)) > _LEFT
        for pair in ((a, middle), (middle, b))
    )


def _ways(a: Cells, b: Cells, counts: Mask) -> tuple[Motion, Motion]:
    """Return no motion, and that of most from `b` to `a`, if it is known."""
    still, motion = np.eye(2, 3, dtype=np.float32), motion_of_most(a, b, counts)
    return still, still if motion is None else motion


def _remains(a: Cells, b: Cells, counts: Mask, noise: float, motion: Motion) -> tuple[float, float]:
    """Return the part of the tiles with texture that stay from `a`, laid on `b` by a motion, and of those that change.

    0 where they share too little.
    """
    inside = counts
    if not np.array_equal(motion, np.eye(2, 3)):
        a, within = laid(a, motion), laid(counts.astype(np.uint8), motion, exact=True)
        inside = counts & (cv2.erode(within, _RIM, borderValue=0) > 0)
        if inside.sum() < _SHARED * counts.sum():
            return 0.0, 0.0
    stay, drawn = tiles(a, b, inside, noise)
    parts = (drawn, drawn & (tile_means(cv2.absdiff(a, b), inside) > CHANGED))
    whole, lit = (float((stay & part).sum() / max(1, part.sum())) for part in parts)
    return whole, lit
