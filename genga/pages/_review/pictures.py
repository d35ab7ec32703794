"""The pictures of an episode's page: kept drawings as small WebP, and the grids of frames that were compared."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from genga.images.codec import data_uri, decode
from genga.images.image import Image
from genga.images.thumbnails import thumbnail
from genga.pages.closest import CloseCall
from genga.params.review import Params
from genga.video.luma_grid import Cells, Grids, difference_map

_LEAST = 32  # px, to which thumbnails are made smaller at most
_SHOWN = 240  # px, shorter side at least of a grid as a picture
_WIDEST = 4096  # px, its longer side at most; WebP ends at 16383
_GRID_QUALITY = 80  # of the WebP of a grid, 1..100
_AROUND = 5.5  # a detail is this part of the grid's shorter side high
_BATCH = 16  # stills in memory at a time


@dataclass(frozen=True)
class Pair:
    """Where two frames that were compared differ, in cells of their grid: x, y, width, height."""

    size: tuple[int, int]  # of the grid: columns, rows
    block: tuple[int, int, int, int]  # the cells whose difference decided
    detail: tuple[int, int, int, int]  # a part of the picture around them


def thumbnails(stills: Iterable[tuple[int, bytes]], params: Params, pool: Executor) -> dict[int, str]:
    """Return the data URI of each still by its frame; all of one size, smaller if they exceed params.max_megabytes.

    stills: (frame, image file).
    """

    def made_small(one: tuple[int, bytes]) -> tuple[int, Image]:
        return one[0], thumbnail(decode(one[1], f"still {one[0]}"), params.thumbnail)

    small = {frame: image for batch in _batches(iter(stills)) for frame, image in pool.map(made_small, batch)}
    side, limit = params.thumbnail, params.max_megabytes * 1e6
    while True:
        found = {frame: data_uri(thumbnail(image, side), params.quality) for frame, image in small.items()}
        used = sum(map(len, found.values()))
        if used <= limit or side <= _LEAST:
            return found
        side = max(_LEAST, min(side - 4, round(side * (limit / used) ** 0.5)))


def _batches(stills: Iterator[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    while batch := list(islice(stills, _BATCH)):
        yield batch


def grid_pictures(calls: Iterable[CloseCall], cells: Grids) -> dict[int, str]:
    """Return the data URI of each frame that a call speaks of, as genga compares them."""
    frames = sorted({frame for one in calls for frame in (one.frame, one.compared)})
    return {frame: data_uri(enlarged(cells[frame]), _GRID_QUALITY) for frame in frames}


def enlarged(cells: Cells) -> Image:
    """Return a grid as a picture (rows, columns, 3) times a whole number, with smooth steps between cells."""
    factor = max(1, min(round(_SHOWN / min(cells.shape)), _WIDEST // max(cells.shape)))
    big = cv2.resize(cells, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    return np.repeat(big[:, :, None], 3, axis=2).astype(np.uint8, copy=False)


def pair(one: CloseCall, cells: Grids) -> Pair:
    """Return where the frames of a call differ.

    The block is the one of just that difference: where text is left out of the comparison, others differ more.
    """
    apart = difference_map(cells[one.compared], cells[one.frame])
    rows, columns = apart.shape
    y, x = (int(place) for place in np.unravel_index(int(np.abs(apart - one.difference).argmin()), apart.shape))
    height = min(rows, max(6, round(min(rows, columns) / _AROUND)))
    width = min(columns, round(height * 16 / 9))
    left, top = (min(max(0, middle - length // 2), max(0, whole - length))
                 for middle, length, whole in ((x, width, columns), (y, height, rows)))  # fmt: skip
    return Pair((columns, rows), (max(0, x - 1), max(0, y - 1), 2, 2), (left, top, width, height))
