"""Which parts of a picture stay where they are from one frame to another.

The grid is divided into tiles. A tile with texture stays if the gradients of the two frames in it correlate; gradient
magnitudes are compressed (g / (g + 8)), so that a faint background counts as much as a bold outline. When a figure
moves, its background stays; in a cut nothing does; when the camera moves nothing does either, but aligning brings it
back (genga.drawings._shots.camera_moves).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from genga.video.luma_grid import BLOCK_CELLS, Cells, Grids, block_sums, kept, mixture

TILE = 12  # cells along the side of a tile
_SOFT = 8.0  # luma per cell at which a gradient counts half
_TEXTURED = 0.03  # mean squared compressed gradient from which a tile has texture
_NOISY = 8.0  # standard deviations of noise by which a cell that never changes differs at most over a video
_SAMPLES = 400  # frames looked at for what changes at all
CHANGED = 12.0  # luma levels at which a cell counts as changed
_RARE = 0.02  # part of the frames in which a cell of a bar may have any value: noise
_PICTURE = 0.3  # part of the frame that a picture in a letterbox fills at least: 16:9 in 9:16
_SPECKS = 0.05  # part of a row or column that changes, up to which it is noise
_FLATTEST = 0.1  # part of the tiles taken to be flat
_GRAIN = 0.06  # mean squared compressed gradient from which even the flattest tiles are drawn, not grain
_PAIRS = 60  # steps looked at for what noise adds to gradients
_AT_REST = 0.25  # part of the steps taken to show hardly anything but noise
_BORDER = 2  # cells at the edge of a picture between bars whose gradients are the bars'
_FARTHEST = 3.8  # deviations of a cell's noise, than which two frames differ less in all their 2x2 cells
_CALM, _OWN = 0.4, 1.15  # levels by which tiles differ in which nothing does, and deviations of noise
_STAYS = 0.7  # correlation of gradients from which a tile is where it was
_OTHER, _BLANK = 0.6, 8.0  # part of the cells in which pictures are others; deviation up to which one is blank
_LOOKED, _FEWEST, _MOST = 200, 4, 24  # frames looked at for such pictures; how many tell something, and are enough
_SHARES, _UNMIXED = (0.2, 0.8), 0.3  # share of the frame after in a mixture, part of the change that it may leave
_APART = 8  # of the frames looked at, as many lie between two that are looked at one after the other
_SAME, _ALWAYS = 12.0, 0.9  # levels from its median that a cell may be at, in this part of the pictures, and stand
_COHERENT = 0.75  # part of a cell's gradients that all pictures share; of n that share nothing 1/n of it
_SPECK = np.ones((3, 3), np.uint8)  # cells, smallest part of an overlay

Mask = npt.NDArray[np.bool_]
Field = npt.NDArray[np.float32]


def staying(a: Cells, b: Cells, live: Mask | None = None, noise: float | None = None) -> float | None:
    """Return the fraction of the tiles with texture that stay, or None if none has texture.

    live: cells that count; None for all of them (letterbox and lettering that never change say nothing about a cut).
    noise: of the video, as noise_of says; None: what the flattest tiles of the two frames say.
    """
    stays, drawn = tiles(a, b, live, noise)
    return float((stays & drawn).sum() / drawn.sum()) if drawn.any() else None


def tiles(a: Cells, b: Cells, live: Mask | None = None, noise: float | None = None) -> tuple[Mask, Mask]:
    """Return for each tile whether it stays from `a` to `b`, and whether it has texture in either."""
    (ax, ay), (bx, by) = gradients(a), gradients(b)
    first, second = tile_means(ax * ax + ay * ay, live), tile_means(bx * bx + by * by, live)
    most, common = np.maximum(first, second), tile_means(ax * bx + ay * by, live)
    # Grain gives flat tiles gradients too, which no two frames share.
    if noise is None:
        flattest = float(np.quantile(most, _FLATTEST))
        noise = flattest if flattest < _GRAIN else 0.0
    return common > _STAYS * (most - noise), most > _TEXTURED + 2 * noise


def textured(a: Cells, b: Cells, live: Mask, noise: float) -> Mask:
    """Return whether each tile has texture in either of two grids. live, noise: as in `tiles`."""
    return np.maximum(*(tile_means(x * x + y * y, live) for x, y in map(gradients, (a, b)))) > _TEXTURED + 2 * noise


def loose_cells(a: Cells, b: Cells) -> Mask:
    """Return the cells of the tiles that do not stay, (rows, columns)."""
    loose = ~tiles(a, b)[0]
    return loose.repeat(TILE, axis=0).repeat(TILE, axis=1)[: a.shape[0], : a.shape[1]]


@dataclass(frozen=True)
class Noise:
    """What a video's noise alone does, from its calmest steps."""

    luma: float  # standard deviation of a cell, code values
    gradient: float  # what it adds to the mean squared compressed gradient of a tile


def calm(noise: Noise) -> float:
    """Return the mean difference of two frames in a tile from which something goes on in it."""
    return _CALM + _OWN * noise.luma


def block_noise(noise: Noise) -> float:
    """Return the block difference (genga.video.luma_grid) that a video's noise alone does not reach.

    Of normal noise the mean difference of a block is 1.13 deviations, and the largest of a picture's some four of its
    own deviations (0.43) more. Noise that is not everywhere, as an encoder's, is not known by this.
    """
    return _FARTHEST * noise.luma


def noise_of(grids: Grids) -> Noise:
    """Return the noise of a video: what differs from frame to frame in the middle of the picture's cells and tiles."""
    steps = np.unique(np.linspace(1, len(grids) - 1, _PAIRS).astype(int)).tolist() if len(grids) > 1 else []
    levels, shares = [0.0], [0.0]
    for frame in steps:
        a, b = grids[frame - 1], grids[frame]
        (ax, ay), (bx, by) = gradients(a), gradients(b)
        levels.append(float(np.median(cv2.absdiff(a, b))))
        shares.append(float(np.median(tile_means((ax - bx) ** 2 + (ay - by) ** 2, None))))
    calmest = [float(np.quantile(values[1:] or values, _AT_REST)) for values in (levels, shares)]
    # Two frames differ by both their noises; 1.4826 makes a deviation of the median of a normal distribution.
    return Noise(1.4826 * calmest[0] / 2**0.5, calmest[1] / 2)


def picture_cells(cells: Grids, noise: Noise, text: Mask | None = None) -> Mask:
    """Return the cells that show the picture: within its bars, not under what stands still over it, nor at their edges.

    text: cells that burnt-in text covers at some time.
    """
    live, stands = layers(cells, noise, text)
    return within(live & ~stands)


def layers(cells: Grids, noise: Noise, text: Mask | None = None) -> tuple[Mask, Mask]:
    """Return the cells within the bars of a video, but for those at the bars, and those that stand still over it.

    text: cells that burnt-in text covers at some time.
    """
    step = max(1, len(cells) // _SAMPLES)
    # Copies: a reader gives views, and a view keeps its whole stretch of frames in memory.
    some = [cells[frame].copy() for frame in range(0, len(cells), step)]
    live = live_cells(some, max(CHANGED, _NOISY * noise.luma), text)
    return within(live), standing(some, live)


def within(live: Mask) -> Mask:
    """Return the cells of a picture whose gradients are its own: not those where it meets the bars."""
    size = 2 * _BORDER + 1
    inner = cv2.erode(live.astype(np.uint8), np.ones((size, size), np.uint8), borderValue=1)
    return inner.astype(bool)


@kept(8)
def gradients(cells: Cells) -> tuple[Field, Field]:
    """Return the compressed gradient of a grid, its x and y part, each (rows, columns), of length under 1."""
    values = cells.astype(np.float32)
    x, y = cv2.Sobel(values, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(values, cv2.CV_32F, 0, 1, scale=0.25)
    size = cv2.magnitude(x, y) + _SOFT
    return x / size, y / size


def live_cells(grids: Sequence[Cells], least: float, text: Mask | None = None) -> Mask:
    """Return the picture within its letterbox: the rectangle around the cells that change by more than `least`.

    All cells if the rectangle is too small to be a picture in a letterbox: then it is a figure on a background.

    grids: frames all over the video. text: cells that burnt-in text covers at some time, which may be on the bars.
    """
    few, all_of = int(_RARE * len(grids)), np.stack(grids)

    def changing(part: tuple[slice, slice]) -> Mask:
        levels = np.partition(all_of[:, *part], [few, -1 - few], axis=0)
        found = (levels[-1 - few] - levels[few]) > least
        return found if text is None else found & ~text[part]

    outermost = np.s_[:1, :], np.s_[-1:, :], np.s_[:, :1], np.s_[:, -1:]
    if all(changing(edge).mean() > _SPECKS for edge in outermost):  # no bars: nothing else has to be looked at
        return np.ones(grids[0].shape, bool)
    changed = changing(np.s_[:, :])
    rows, columns = (np.flatnonzero(changed.mean(axis=axis) > _SPECKS) for axis in (1, 0))
    live = np.zeros_like(changed)
    if len(rows) and len(columns):
        live[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return live if live.mean() >= _PICTURE else np.ones_like(live)


def standing(grids: Grids, live: Mask) -> Mask:
    """Return the cells that stand still over everything else: logos, clocks, frames of windows, lines on the bars.

    What is drawn changes nearly all over from one picture to another; what is laid over it does not, whatever its
    shape and tone: all pictures share its gradients, also where they shine through, and between these its levels. A
    video of fewer than four pictures says nothing, and none stands. grids: a video's, or those of a part of it. live:
    see live_cells.
    """
    found = pictures(grids, live)
    if len(found) < _FEWEST:
        return np.zeros_like(live)
    levels = np.stack(found)
    fixed = (np.abs(levels - np.median(levels, axis=0)) <= _SAME).mean(axis=0) >= _ALWAYS
    x, y = (np.stack(part) for part in zip(*map(gradients, found), strict=True))
    common, own = (
        cv2.blur(part.astype(np.float32), _SPECK.shape)
        for part in (x.mean(axis=0) ** 2 + y.mean(axis=0) ** 2, (x * x + y * y).mean(axis=0))
    )
    shared = cv2.morphologyEx(
        (live & (own > _TEXTURED) & (common > _COHERENT * own)).astype(np.uint8), cv2.MORPH_OPEN, _SPECK
    )
    whole = cv2.morphologyEx((live & fixed | (shared > 0)).astype(np.uint8), cv2.MORPH_OPEN, _SPECK)
    _, parts = cv2.connectedComponents(whole)
    return np.isin(parts, np.unique(parts[(shared > 0) & (whole > 0)]))


def pictures(grids: Grids, live: Mask) -> list[Cells]:
    """Return up to _MOST of a video's grids no two of which are alike in half of the `live` cells."""
    found: list[Cells] = []
    places = range(0, len(grids), max(1, len(grids) // _LOOKED))
    counting, size, like = live.astype(np.uint8), np.count_nonzero(live), 0

    def alike(cells: Cells, other: Cells) -> bool:
        return bool(np.count_nonzero((block_sums(cells, other) > _SAME * BLOCK_CELLS) & live) < _OTHER * size)

    for frame in (frame for first in range(_APART) for frame in places[first::_APART]):  # all over it from the first on
        cells = grids[frame]
        if float(cv2.meanStdDev(cells, mask=counting)[1][0, 0]) >= _BLANK:
            # What the frame before was like first: so is this one, mostly.
            near = (k for k in (*range(like, len(found)), *range(like)) if alike(cells, found[k]))
            like = next(near, len(found))
            if like == len(found) and not mixes_neighbours(grids, frame):
                found.append(cells.copy())  # a reader's grid is a view of a whole stretch of frames
        if len(found) == _MOST:
            break
    return found


def mixes_neighbours(grids: Grids, frame: int) -> bool:
    """Whether a grid is a mixture of those beside it, as in a dissolve: it shows their overlays, and their drawings."""
    if not 0 < frame < len(grids) - 1:
        return False
    share, left = mixture(grids[frame - 1], grids[frame], grids[frame + 1])
    return _SHARES[0] <= share <= _SHARES[1] and left <= _UNMIXED


def tile_means(values: npt.NDArray[Any], live: Mask | None) -> Field:
    """Return the means over tiles, (ceil(rows / TILE), ceil(columns / TILE)); cells that are not live count as 0."""
    (rows, columns), padded = values.shape, np.zeros([-(-side // TILE) * TILE for side in values.shape], np.float32)
    padded[:rows, :columns] = values if live is None else values * live
    size = padded.shape[1] // TILE, padded.shape[0] // TILE
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.float32)
