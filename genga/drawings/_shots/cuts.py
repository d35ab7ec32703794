"""Cuts: steps at which nothing of the picture stays where it was.

A figure that moves leaves its background behind, so some tiles stay (genga.drawings.static_tiles). A moving camera
leaves none, but aligning explains it, and it goes on for several frames. A flash goes away again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from genga.drawings._shots.bars import beside_bars
from genga.drawings._shots.camera_moves import at_once, everywhere
from genga.drawings._shots.events import Event
from genga.drawings._shots.holds import mixed_frames, usual_step
from genga.drawings._shots.pieces import (
    CHANCE,
    alike,
    but_light,
    elsewhere,
    found_again,
    in_any_light,
    piece_by_piece,
    steadied,
    torn,
)
from genga.drawings._text.tracks import Lettering, MaskedGrids, in_cells, mask_of
from genga.drawings.overlays import picture_cells
from genga.drawings.static_tiles import CHANGED, Mask, Noise, noise_of, staying
from genga.params.shots import Params
from genga.video.luma_grid import Cells, Grids, difference_map, tone_difference

_LEAST = 0.05  # fraction of the cells that a cut changes at least
_STRONG, _STRONGER = 0.12, 0.2  # fraction changed times distance of histograms from which the picture must be another
_STEPS, _NEAR = 2, 1 / 8  # steps before and after with which one is compared, and s in which: drawings may be held
_RESTLESS, _CALMER = 0.7, 0.5  # times what a step changes, from which they are alike, and up to which it is alone
_ANOTHER = 0.25  # fraction changed times distance of histograms from which a step among others like it is a cut
_CALM = 0.1  # and one alone
_BEGINS = 0.35  # up to which it may be somebody who begins to act, if pieces are found again
_NOWHERE = 0.05  # part of the pieces up to which next to nothing is found again
_LIT, _LIGHTING = 0.9, 0.65  # correlation of tones from which a picture is the same in another light; soon after a cut
_OWN = 0.0125  # up to which what moves in a part of it has kept its tones: a figure before a plain background
_BY_CHANCE = 2  # times params.cut that may stay by chance, as a horizon does, where the tones are quite other
_SURE = 1 / 3  # part of params.cut from which what stays may be a background
_AGAIN = 0.3  # fraction of the live cells in which a picture that comes back may differ
_BESIDE, _TONES = 0.35, 0.2  # part of what the flash changes up to which it is told by its tones, and their distance
_KEPT, _PLACED = 0.05, 0.75  # up to which a picture has kept its tones, and correlation from which they are in place
_OF_IT = 0.25  # part of a line up to which it lies beside what stands over the video, of which it is a part
_FLAT = 0.3  # distance of histograms from which pictures without texture differ


@dataclass(frozen=True)
class Scene:
    """What of a video's grids may tell of a cut: the picture without its bars and its text, and its noise."""

    cells: Grids
    live: Mask  # within the bars, without what stands still over it (genga.drawings.overlays.standing)
    noise: Noise
    text: MaskedGrids  # what text covers in each frame

    def counting(self, before: int, frame: int) -> Mask:
        """Return the cells that count between two frames: text in either, or bars of both, say nothing about a cut."""
        covered = [mask for mask in (self.text.covered(before), self.text.covered(frame)) if mask is not None]
        shown = self.shown(before, frame)
        counts = shown & ~np.logical_or.reduce(covered) if covered else shown
        return counts if counts.any() else self.live

    def shown(self, before: int, frame: int) -> Mask:
        """Return the cells that show the picture in both frames, without bars that both have."""
        a = self.cells[before]
        within = beside_bars(a, a if before == frame else self.cells[frame])
        return self.live if within is None else self.live & within

    def stays(self, before: int, frame: int) -> float | None:
        """Return the fraction of the tiles with texture that stay; None if none has texture."""
        return staying(self.cells[before], self.cells[frame], self.counting(before, frame), self.noise.gradient)


@dataclass(frozen=True)
class Step:
    """What there is to know of a step from one frame to another."""

    before: int
    frame: int
    stays: float  # fraction of the tiles with texture
    other: float  # fraction of the picture that changes, times how far its tones are from those before
    restless: bool  # the steps just before change nearly as much
    goes_on: bool  # those just after do
    alone: bool  # neither those before nor those after do
    amid: bool = False  # some just before and some just after do, whatever lies between: drawings are held in action

    @classmethod
    def of(
        cls,
        scene: Scene,
        spread: npt.NDArray[np.float64],
        frame: int,
        end: int,
        stays: float,
        near: int = 3,
        since: int = 0,
    ) -> Self:
        """Return the step to `end` from the frame before `frame`.

        spread: part of the picture that changes in each frame. near: frames before and after that are asked, too.
        since: frame after a cut, which says nothing of a step after which nothing goes on.
        """
        b, counts = scene.cells[end], scene.counting(frame - 1, end)
        a = steadied(scene.cells[frame - 1], b)
        size = float((difference_map(a, b)[counts] > CHANGED).mean())
        other = size * tone_difference(a[counts][None], b[counts][None])
        like, calm = (part * size * float(counts.mean()) for part in (_RESTLESS, _CALMER))
        after = most_of(spread[end + 1 : end + 1 + near])
        first = max(0, frame - near)
        before = most_of(spread[first if after >= like else max(first, since) : frame][::-1])
        amid = all(part.max(initial=0) >= like for part in (spread[first:frame], spread[end + 1 : end + 1 + near]))
        alone = not amid and max(before, after) <= calm
        return cls(frame - 1, end, stays, other, before >= like, after >= like, alone, amid)

    def pair(self, scene: Scene) -> tuple[Cells, Cells, Mask]:
        """Return the grids before and after, and the cells that count."""
        return scene.cells[self.before], scene.cells[self.frame], scene.counting(self.before, self.frame)


def most_of(near: npt.NDArray[np.float64]) -> float:
    """Return how much the larger of the next two steps changes, of steps that change anything; 0 if none does."""
    return float(near[near >= _LEAST][:_STEPS].max(initial=0.0))


def scene_of(cells: Grids, texts: Sequence[Lettering]) -> Scene:
    """Return what of a video may tell of a cut. cells: its grids. texts: lines of it; strokes of a logo are none."""
    noise = noise_of(cells)
    live = picture_cells(cells, noise, mask_of(texts, cells[0].shape))
    boxes = {line: in_cells(line, live.shape, (0, 0)) for line in texts}
    own = [line for line, (x0, y0, x1, y1) in boxes.items() if live[y0:y1, x0:x1].mean() > _OF_IT]
    return Scene(cells, live, noise, MaskedGrids(cells, own))


def cuts(frames: pl.DataFrame, scene: Scene, params: Params) -> tuple[list[int], list[Event]]:
    """Return the first frame after each cut, in order, and the frames that mix what is before and after one.

    frames: the frames table.
    """
    spread = but_light(scene.cells, frames["spread"].to_numpy(), _LEAST)
    near = max(2, round(_NEAR / usual_step(frames["time"].to_list()))) if len(frames) > 1 else 2
    mixed = mixed_frames(scene.cells, spread, _LEAST)
    loose = {int(k): loose_at(scene, int(k)) for k in np.flatnonzero(spread >= _LEAST) if k > 0}
    found, blends = list[int](), list[Event]()
    last = -len(frames)  # the last cut
    since = 0  # the frame after the last cut into quite another picture
    back = 0  # frame at which the picture before the last flash is back
    for frame, stays in loose.items():
        if frame <= back or any(event.start <= frame < event.end for event in blends):
            continue
        end = mixed.get(frame, frame)
        if end > frame:  # the step over the mixed frames
            stays = loose_at(scene, end, frame - 1)
        elif stays >= _BY_CHANCE * params.cut:
            continue
        step = Step.of(scene, spread, frame, end, stays, near, since)
        if stays < _BY_CHANCE * params.cut and is_cut(scene, loose, step, params):
            pair, among = step.pair(scene), not step.alone or end > frame
            same = alike(*pair[:2], scene.shown(frame - 1, end))
            lit = same >= (_LIT if frame > last + near else _LIGHTING)
            back = flash_end(scene, frame, end, params.flash)
            if lit or step.other < _KEPT and same >= _PLACED or (among or same >= _PLACED) and in_any_light(*pair):
                continue
            if not back:
                found.append(end)
                last = end
                since = end + 1 if step.other >= _ANOTHER and same < CHANCE else since
                blends += [Event("dissolve", frame, end)] if end > frame else []
                back = end
    return found, blends


def is_cut(scene: Scene, loose: dict[int, float], step: Step, params: Params) -> bool:
    """Whether a step, in which nothing stays, is none of a figure or a camera."""
    if step.stays >= params.cut:
        return step.alone and step.other >= _ANOTHER
    pair = step.pair(scene)
    if step.restless and step.other < _ANOTHER:
        if torn(scene.cells, step.before, step.frame, pair[2], loose):
            return True
        return not step.goes_on and step.other >= _CALM and not found_again(*pair, _NOWHERE)
    much = _OWN if step.alone else _BEGINS if step.goes_on or step.amid else _STRONG
    if piece_by_piece(*pair, step.other, step.alone, much, _STRONG, step.amid):
        return False
    if step.other < _OWN and not everywhere(*pair):
        return False
    if step.stays >= _SURE * params.cut and step.other < (_CALM if step.alone else _STRONGER):
        return not step.goes_on and elsewhere(scene.cells[step.before], scene.cells[step.frame])
    if step.other >= _STRONG:
        return True
    # Motion that goes on: nothing stays in the steps before and after either.
    busy = all(loose.get(near, 1.0) < params.cut for near in (step.before, step.before + 2))
    return not busy and not at_once(scene.cells[step.before], scene.cells[step.frame], params.camera, step.alone)


def loose_at(scene: Scene, frame: int, before: int | None = None) -> float:
    """Return the fraction of the picture that stays from a frame before; of pictures without texture, by tones."""
    before = frame - 1 if before is None else before
    if (stays := scene.stays(before, frame)) is not None:
        return stays
    return float(tone_difference(scene.cells[before], scene.cells[frame]) < _FLAT)


def flash_end(scene: Scene, frame: int, after: int, length: int) -> int:
    """Return the frame, at most `length` after `after`, at which the picture before `frame` is back; 0 if it is not."""
    later, flash = range(after + 1, min(after + 1 + length, len(scene.cells))), changed(scene, frame - 1, frame)
    return next((back for back in later if same_picture(scene, frame - 1, back, _BESIDE * flash)), 0)


def same_picture(scene: Scene, before: int, frame: int, few: float = 0.0) -> bool:
    """Whether two frames differ in few of the live cells, and most of what has texture is where it was.

    few: part of them up to which their tones say so as well, of somebody who acts before a plain wall.
    """
    differ, stays = changed(scene, before, frame), scene.stays(before, frame)
    if differ >= _AGAIN or stays is None or stays >= _AGAIN:
        return differ < _AGAIN
    return differ <= few and tone_difference(scene.cells[before], scene.cells[frame]) <= _TONES


def changed(scene: Scene, before: int, frame: int) -> float:
    """Return the fraction of the live cells in which two frames differ."""
    counts = scene.counting(before, frame)
    return float((difference_map(scene.cells[before], scene.cells[frame])[counts] > CHANGED).mean())
