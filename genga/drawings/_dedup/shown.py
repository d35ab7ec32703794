"""What of the picture two grids show: within its bars, and not under burnt-in text."""

import cv2
import numpy as np

from genga.drawings._text.tracks import MaskedGrid
from genga.drawings.static_tiles import Mask
from genga.video.luma_grid import Cells, Levels

_BLOCK = (2, 2)  # cells


def shown_in_both(a: MaskedGrid, b: MaskedGrid, live: Mask | None = None, close: bool = False) -> Cells:
    """Return 1 for each cell that shows the picture in both grids.

    live: cells that do, None for all. close: up to the letters of lines that stand in both, without the margin for what
    comes and goes with them: a mouth may speak right below its words.
    """
    counts = np.ones_like(a.cells) if live is None else live.astype(np.uint8)
    for grid, other in ((a, b), (b, a)):
        stays = {id(line) for line in other.lines if close}
        for line in grid.lines:
            counts[line.letters if id(line) in stays else line.cells] = 0
        if grid.covered is not None and not grid.lines:
            counts[grid.covered] = 0
    return counts


def change(a: MaskedGrid, b: MaskedGrid) -> Levels:
    """Return the mean difference of each block of two grids where text covers neither, (rows, columns), 0..255."""
    return np.asarray(cv2.boxFilter(cv2.absdiff(a.cells, b.cells) * shown_in_both(a, b), cv2.CV_32F, _BLOCK))
