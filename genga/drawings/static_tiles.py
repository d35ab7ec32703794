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

from genga.video.luma_grid import Cells, Grids, kept

TILE = 12  # cells along the side of a tile
_SOFT = 8.0  # luma per cell at which a gradient counts half
TEXTURED = 0.03  # mean squared compressed gradient from which a tile has texture
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
STAYS = 0.7  # correlation of gradients from which a tile is where it was

Mask = npt.NDArray[np.bool_]
Field = npt.NDArray[np.float32]


def cosine(a: npt.NDArray[Any], b: npt.NDArray[Any], nothing: float = 0.0) -> float:
    """Return how far two fields or motions of one shape go one way, however far, -1..1; `nothing` if either is 0."""
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 0 else nothing


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
    return common > STAYS * (most - noise), most > TEXTURED + 2 * noise


def textured(a: Cells, b: Cells, live: Mask, noise: float) -> Mask:
    """Return whether each tile has texture in either of two grids. live, noise: as in `tiles`."""
    return np.maximum(*(tile_means(x * x + y * y, live) for x, y in map(gradients, (a, b)))) > TEXTURED + 2 * noise


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


def within(live: Mask) -> Mask:
    """Return the cells of a picture whose gradients are its own: not those where it meets the bars."""
    size = 2 * _BORDER + 1
    inner = cv2.erode(live.astype(np.uint8), np.ones((size, size), np.uint8), borderValue=1)
    return inner.astype(bool)


@kept(8)
def slopes(cells: Cells | Field) -> tuple[Field, Field]:
    """Return the gradient of a grid as it is, its x and y part, each (rows, columns): of half of a tone, half."""
    values = cells.astype(np.float32)
    x, y = (np.asarray(cv2.Sobel(values, cv2.CV_32F, *way, scale=0.25), np.float32) for way in ((1, 0), (0, 1)))
    return x, y


def gradients(cells: Cells) -> tuple[Field, Field]:
    """Return the compressed gradient of a grid, its x and y part, each (rows, columns), of length under 1."""
    x, y = slopes(cells)
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


def tile_means(values: npt.NDArray[Any], live: Mask | None) -> Field:
    """Return the means over tiles, (ceil(rows / TILE), ceil(columns / TILE)); cells that are not live count as 0."""
    (rows, columns), padded = values.shape, np.zeros([-(-side // TILE) * TILE for side in values.shape], np.float32)
    whole = padded[:rows, :columns]
    if live is not None and values.dtype == np.float32:
        cv2.copyTo(values, live.view(np.uint8), whole)  # fractions times a mask take twice as long
    else:
        whole[:] = values if live is None else values * live
    size = padded.shape[1] // TILE, padded.shape[0] // TILE
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.float32)
