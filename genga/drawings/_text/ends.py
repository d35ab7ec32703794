"""Where a line of text begins and ends: from the first to the last frame in which its strokes are there."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from genga.drawings._text.standing import LASTS, Gradients, keeps, some_of
from genga.drawings._text.stretches import changes
from genga.drawings._text.tracks import LETTERS, Lettering, in_cells
from genga.drawings.static_tiles import gradients
from genga.video.luma_grid import Grids

_FAR = 48  # frames that looks may miss a line before and after


def drawn_out(cells: Grids, line: Lettering) -> Lettering:
    """Return the line from where on, and until when, it is there: looks may miss it, and what acts behind it hides it.

    What is there of a sure one is told by the strokes that its looks share; of another by all that is at its place.
    """
    return _while_written(cells, line, *_unsaid(cells, line)) if line.sure else _while_kept(cells, line)


def _while_kept(cells: Grids, line: Lettering) -> Lettering:
    """Return the line from where on, and until when, its place keeps the gradients that it has."""

    def as_long_as(frames: Sequence[int], of: int) -> int:
        """How many of the frames keep what is at the line's place in a frame of it."""
        return next((n for n, k in enumerate(frames) if keeps(cells, line, k, of)[0] < LASTS), len(frames))

    early = as_long_as(_before(line), line.start + 1)
    late = as_long_as(_after(line, len(cells)), max(line.start, line.end - 2))
    return replace(line, start=line.start - early, end=line.end + late)


def _while_written(cells: Grids, line: Lettering, start: bool, end: bool) -> Lettering:
    """Return the line from where on, and until when, there is of it what all its looks share, whatever acts behind it.

    start, end: which of the two is not known.
    """
    x0, y0, x1, y1 = in_cells(line, cells[line.start].shape, LETTERS)

    def strokes(frame: int) -> Gradients:
        return np.stack(gradients(cells[frame][y0:y1, x0:x1]))

    own = np.mean([strokes(k) for k in some_of(*line.seen)], axis=0)
    size = float((own * own).sum())

    def as_long_as(frames: Sequence[int]) -> int:
        """In how many of the frames there are the line's gradients."""
        gone = (n for n, k in enumerate(frames) if float((strokes(k) * own).sum()) < LASTS * size)
        return next(gone, len(frames))

    early = as_long_as(_before(line)) if start else 0
    late = as_long_as(_after(line, len(cells))) if end else 0
    return replace(line, start=line.start - early, end=line.end + late)


def _before(line: Lettering) -> Sequence[int]:
    """The frames before a line in which looks may miss it, from the last one on."""
    return range(line.start - 1, max(-1, line.start - 1 - _FAR), -1)


def _after(line: Lettering, count: int) -> Sequence[int]:
    """Those after it, of `count` of the video."""
    return range(line.end, min(count, line.end + _FAR))


def _unsaid(cells: Grids, line: Lettering) -> tuple[bool, bool]:
    """Whether no step says where the line comes, and where it goes.

    Then all that changes at its place was asked: a mouth behind it as well.
    """
    ends = line.end < len(cells) and changes(cells, line, line.end - 1, line.end, True) is None
    return changes(cells, line, line.start - 1, line.start, False) is None, ends
