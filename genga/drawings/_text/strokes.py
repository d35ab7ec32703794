"""When a line of text is there: from where on, and until when, its place has the strokes that its looks share.

A line is its strokes. Two looks that find a line at one place see the same one if its strokes lie on each other
(genga.drawings._text.again), or if it goes on from frame to frame. What lies behind it moves, goes or is another after
a cut, and of that the mean over the looks keeps little; of the line it keeps all. So a frame shows as much of a line as
it has of those gradients: half where half of it is typed, or has come out of a fade, or where it stops as it flies in.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from genga.drawings._text.standing import some_of
from genga.drawings._text.tracks import LETTERS, Lettering, in_cells
from genga.drawings.static_tiles import cosine, slopes
from genga.video.luma_grid import Grids

AGAIN = 0.43  # correlation of the strokes of two looks from which they see one line: mostly 0.9, of two lines 0.2
_FAR, _STEPS = 48, 12  # frames that looks may miss a line before and after, and so many of those at a time
_THERE = 0.8  # part of a line that is there in all frames up to a look that misses it, if it only is overlooked
_BRIEF = 3  # frames in which what hides a line, such as a flash, is past
_NEXT, _STRONG = 0.7, 0.5  # how far a line that moves keeps its gradients from frame to frame; and of their strength


def goes_on(cells: Grids, line: Lettering, before: int, frame: int) -> bool:
    """Whether a line that is found in two looks is there all the time between them, and goes on from frame to frame.

    So one that zooms or slides, as no letter of it lies where it lay.
    """
    place = _place(cells, line)
    fields = [np.stack(slopes(cells[k][place])) for k in range(before, frame + 1)]
    strong = [float((one * one).sum()) for one in fields]
    stays = min(strong) >= _STRONG * min(strong[0], strong[-1])
    return stays and all(cosine(a, b) >= _NEXT for a, b in pairwise(fields))


def timed(cells: Grids, line: Lettering, looks: tuple[int, int]) -> Lettering:
    """Return the line from the first to the last frame in which there is half of it.

    looks: the one before its first, and the one after its last, that do not find it.
    """
    first, last = line.seen
    early = range(first, max(-1, looks[0] - _FAR - 1), -1)
    late = range(last, min(len(cells), looks[1] + _FAR + 1))
    before = _reach(early, first - looks[0], _shown(cells, line, (first, looks[0])))
    after = _reach(late, looks[1] - last, _shown(cells, line, (last, looks[1])))
    return replace(line, start=first - before, end=last + 1 + after)


def _shown(cells: Grids, line: Lettering, looks: tuple[int, int]) -> Callable[[int], float]:
    """How much a frame has of what those share in which looks find a line, at its place, as a part of it.

    looks: one that finds it, and the next one, that does not. Of a line that moves, as the place looks in these.
    """
    place = _place(cells, line)

    if line.moves:
        there, gone = (cells[k][place].astype(np.int16) for k in looks)

        def nearer(frame: int) -> float:
            to, off = (int(np.abs(cells[frame][place] - one).sum()) for one in (there, gone))
            return off / max(1, to + off)

        return nearer
    own = np.mean([slopes(cells[k][place]) for k in some_of(*line.seen)], axis=0)
    size = float((own * own).sum())
    return lambda frame: float((np.stack(slopes(cells[frame][place])) * own).sum()) / size if size else 1.0


def _reach(frames: Sequence[int], asked: int, shown: Callable[[int], float]) -> int:
    """How many of the frames after the first, that of a look that finds a line, show half of what that shows.

    asked: up to the look that does not find it. Some of it the picture may have, too: half is between that and all.
    Looks that miss what is there are passed over.
    """
    whole, away = min(1.0, shown(frames[0])), frames[1:]
    values: list[float] = []
    while len(values) < len(away):
        values += [shown(k) for k in away[len(values) : max(asked, len(values) + _STEPS)]]
        least = max(0.0, min(values))
        half = (whole + least) / 2
        gone = (n for n, value in enumerate(values) if max(value, float(np.mean(values[n : n + _BRIEF]))) < half)
        if least < _THERE * whole and (found := next(gone, None)) is not None:
            return found
    return len(away)


def _place(cells: Grids, line: Lettering) -> tuple[slice, slice]:
    """The rows and columns of a line's letters."""
    x0, y0, x1, y1 = in_cells(line, cells[line.seen[0]].shape, LETTERS)
    return slice(y0, y1), slice(x0, x1)
