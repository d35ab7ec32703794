"""Cuts: steps at which nothing of the picture stays where it was.

A figure that moves leaves its background behind, so some tiles stay (genga.structure). A moving camera leaves none, but
aligning explains it, and it goes on for several frames. A flash goes away again.
"""

import numpy as np
import polars as pl

from genga.cells import Cells, Grids, difference_map, tone_difference
from genga.params.shots import Params
from genga.shots_camera import align, kind_of
from genga.structure import Mask, staying

CHANGED = 12.0  # luma levels at which a cell counts as changed
_LEAST = 0.05  # fraction of the cells that a cut changes at least
_STRONG = 0.12  # fraction changed times distance of histograms from which the picture must be another one
_AGAIN = 0.3  # fraction of the live cells in which a picture that comes back may differ
_FASTEST = 0.35  # of the width that a camera moves in one step at most; a figure may be elsewhere after a cut
_FLAT = 0.3  # distance of histograms from which pictures without texture differ


def cuts(frames: pl.DataFrame, cells: Grids, live: Mask, params: Params) -> list[int]:
    """Return the first frame after each cut, in order.

    frames: the frames table. cells: its grids. live: the cells that change at all in this video.
    """
    share = float(live.mean())
    spread = frames["spread"].to_numpy()
    loose = {int(k): loose_at(cells, int(k), live) for k in np.flatnonzero(spread >= _LEAST) if k > 0}
    found: list[int] = []
    back = 0  # frame at which the picture before the last flash is back
    for frame, stays in loose.items():
        if stays >= params.cut or frame <= back:
            continue
        strong = spread[frame] * frames["tone"][frame] / share**2 >= _STRONG
        if not strong and (busy(loose, frame, params.cut) or moved(cells, frame, params.camera)):
            continue
        back = flash_end(cells, frame, live, params.flash)
        if not back:
            found.append(frame)
    return found


def loose_at(cells: Grids, frame: int, live: Mask) -> float:
    """Return the fraction of the picture that stays from the frame before; of pictures without texture, by tones."""
    stays = staying(cells[frame - 1], cells[frame], live)
    return float(tone_difference(cells[frame - 1], cells[frame]) < _FLAT) if stays is None else stays


def busy(loose: dict[int, float], frame: int, least: float) -> bool:
    """Whether nothing stays in the steps before and after either: motion that goes on."""
    return all(loose.get(near, 1.0) < least for near in (frame - 1, frame + 1))


def moved(cells: Grids, frame: int, rest: float) -> bool:
    """Whether moving the whole picture explains the step to `frame`."""
    found = align(cells[frame - 1], cells[frame])
    if found is None or found[1] > rest or kind_of(found[0], cells[frame].shape) is None:
        return False
    rows, columns = cells[frame].shape
    middle = np.array([columns / 2, rows / 2, 1])
    return float(np.linalg.norm(found[0] @ middle - middle[:2])) <= _FASTEST * columns


def flash_end(cells: Grids, frame: int, live: Mask, length: int) -> int:
    """Return the frame, at most `length` frames on, at which the picture before `frame` is back; 0 if it is not."""
    later = range(frame + 1, min(frame + 1 + length, len(cells)))
    return next((back for back in later if same_picture(cells[frame - 1], cells[back], live)), 0)


def same_picture(a: Cells, b: Cells, live: Mask) -> bool:
    """Whether two grids differ in few of the live cells, and most of what has texture is where it was."""
    stays = staying(a, b, live)
    return float((difference_map(a, b)[live] > CHANGED).mean()) < _AGAIN and (stays is None or stays >= _AGAIN)
