"""Cuts: steps at which nothing of the picture stays where it was.

A figure that moves leaves its background behind, so some tiles stay (genga.drawings.static_tiles). A moving camera
leaves none, but aligning explains it, and it goes on for several frames. A flash goes away again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from genga.drawings._shots.camera_moves import align, kind_of, shift
from genga.drawings._text.tracks import Lettering, MaskedGrids, mask_of
from genga.drawings.static_tiles import TILE, Mask, Noise, live_cells, noise_of, standing, staying, within
from genga.images.affine import carried
from genga.params.shots import Params
from genga.video.luma_grid import Grids, difference_map, tone_difference

CHANGED = 12.0  # luma levels at which a cell counts as changed
_NOISY = 8.0  # standard deviations of noise by which a cell that never changes differs at most over a video
_SAMPLES = 400  # frames looked at for what changes at all
_LEAST = 0.05  # fraction of the cells that a cut changes at least
_STRONG, _STRONGER = 0.12, 0.2  # fraction changed times distance of histograms from which the picture must be another
_SURE = 1 / 3  # part of params.cut from which what stays may be a background
_ELSEWHERE = 0.4  # response of phase correlation from which a whole picture has been found at another place
_AGAIN = 0.3  # fraction of the live cells in which a picture that comes back may differ
_FASTEST = 0.35  # of the width that a camera moves in one step at most; a figure may be elsewhere after a cut
_FLAT = 0.3  # distance of histograms from which pictures without texture differ


@dataclass(frozen=True)
class Scene:
    """What of a video's grids may tell of a cut: the picture without its bars and its text, and its noise."""

    cells: Grids
    live: Mask  # within the bars, without what stands still over it (genga.drawings.static_tiles.standing)
    noise: Noise
    text: MaskedGrids  # what text covers in each frame

    def counting(self, before: int, frame: int) -> Mask:
        """Return the cells that count between two frames: text that stands in both says nothing about a cut."""
        a, b = self.text.covered(before), self.text.covered(frame)
        return self.live if a is None or b is None else self.live & ~(a & b)

    def stays(self, before: int, frame: int) -> float | None:
        """Return the fraction of the tiles with texture that stay; None if none has texture."""
        return staying(self.cells[before], self.cells[frame], self.counting(before, frame), self.noise.gradient)


def scene_of(cells: Grids, texts: Sequence[Lettering]) -> Scene:
    """Return what of a video may tell of a cut. cells: its grids. texts: its lines of burnt-in text."""
    noise = noise_of(cells)
    step = max(1, len(cells) // _SAMPLES)
    # Copies: a reader gives views, and a view keeps its whole stretch of frames in memory.
    some = [cells[frame].copy() for frame in range(0, len(cells), step)]
    live = live_cells(some, max(CHANGED, _NOISY * noise.luma), mask_of(texts, some[0].shape))
    return Scene(cells, within(live & ~standing(some, live)), noise, MaskedGrids(cells, texts))


def cuts(frames: pl.DataFrame, scene: Scene, params: Params) -> list[int]:
    """Return the first frame after each cut, in order.

    frames: the frames table.
    """
    share = float(scene.live.mean())
    spread = frames["spread"].to_numpy()
    loose = {int(k): loose_at(scene, int(k)) for k in np.flatnonzero(spread >= _LEAST) if k > 0}
    found: list[int] = []
    back = 0  # frame at which the picture before the last flash is back
    for frame, stays in loose.items():
        if stays >= params.cut or frame <= back:
            continue
        other = spread[frame] * frames["tone"][frame] / share**2
        if stays >= _SURE * params.cut and other < _STRONGER and not elsewhere(scene.cells, frame):
            continue
        if other < _STRONG and (busy(loose, frame, params.cut) or moved(scene.cells, frame, params.camera)):
            continue
        back = flash_end(scene, frame, params.flash)
        if not back:
            found.append(frame)
    return found


def loose_at(scene: Scene, frame: int) -> float:
    """Return the fraction of the picture that stays from the frame before; of pictures without texture, by tones."""
    stays = scene.stays(frame - 1, frame)
    return float(tone_difference(scene.cells[frame - 1], scene.cells[frame]) < _FLAT) if stays is None else stays


def busy(loose: dict[int, float], frame: int, least: float) -> bool:
    """Whether nothing stays in the steps before and after either: motion that goes on."""
    return all(loose.get(near, 1.0) < least for near in (frame - 1, frame + 1))


def moved(cells: Grids, frame: int, rest: float) -> bool:
    """Whether moving the whole picture explains the step to `frame`."""
    found = align(cells[frame - 1], cells[frame])
    if found is None or found[1] > rest or kind_of(found[0], cells[frame].shape) is None:
        return False
    rows, columns = cells[frame].shape
    middle = np.array([[columns / 2, rows / 2]])
    return float(np.hypot(*(carried(found[0], middle) - middle)[0])) <= _FASTEST * columns


def elsewhere(cells: Grids, frame: int) -> bool:
    """Whether the picture as a whole is found a tile or more from where it was: the same place, framed anew."""
    (dx, dy), response = shift(cells[frame - 1], cells[frame])
    return response >= _ELSEWHERE and max(abs(dx), abs(dy)) >= TILE


def flash_end(scene: Scene, frame: int, length: int) -> int:
    """Return the frame, at most `length` frames on, at which the picture before `frame` is back; 0 if it is not."""
    later = range(frame + 1, min(frame + 1 + length, len(scene.cells)))
    return next((back for back in later if same_picture(scene, frame - 1, back)), 0)


def same_picture(scene: Scene, before: int, frame: int) -> bool:
    """Whether two frames differ in few of the live cells, and most of what has texture is where it was."""
    stays = scene.stays(before, frame)
    changed = difference_map(scene.cells[before], scene.cells[frame])[scene.counting(before, frame)] > CHANGED
    return float(changed.mean()) < _AGAIN and (stays is None or stays >= _AGAIN)
