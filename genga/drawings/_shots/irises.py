"""Irises: a picture closes to black from its edges in a few frames, and after some black frames the next one opens.

Too fast for a wipe, they pass for cuts to black and out of it. In the last frames much of the picture is black
already, and much is as it was: a fade darkens all of it, and before a cut nothing has gone.
"""

from collections.abc import Sequence
from itertools import pairwise

import cv2

from genga.drawings._shots.cuts import Scene
from genga.drawings._shots.events import Passage
from genga.drawings.static_tiles import CHANGED

_FRAMES = 4  # on either side, at most
_CLOSED = _OPEN = 0.2  # part of the picture that is black in the frame next to the black ones, and that is as it was
_BEGUN = 0.05  # part of it that is black where it has begun


def irises(scene: Scene, black: Sequence[bool], longest: int) -> list[Passage]:
    """Return the irises over 1 to `longest` black frames of a video, as fades, in order.

    black: whether each frame is.
    """
    edges = [frame for frame in range(1, len(black)) if black[frame] != black[frame - 1]]
    found: list[Passage] = []
    for first, end in pairwise(edges):
        if black[first] and end - first <= longest:
            partly = [*_closing(scene, first, -1), *_closing(scene, end - 1, 1)]
            if partly:
                start, stop = min(first, *partly), max(end - 1, *partly) + 1
                found.append(Passage("fade", start, stop, boundary=min(max((first + end) // 2, start + 1), stop - 1)))
    return found


def _closing(scene: Scene, black: int, way: int) -> list[int]:
    """Return the frames in which a picture closes to a black one, or opens from it going `way` (-1, 1), if it does."""
    frames = range(black + way, black + way * (_FRAMES + 2), way)
    if not 0 <= frames[-1] < len(scene.cells):
        return []
    goal, whole, last = (scene.cells[frame] for frame in (black, frames[-1], frames[0]))
    counts = scene.shown(black, frames[-1]) & (cv2.absdiff(whole, goal) > CHANGED)
    if not counts.any():
        return []
    gone = [float((cv2.absdiff(scene.cells[frame], goal) <= CHANGED)[counts].mean()) for frame in frames]
    stays = float((cv2.absdiff(last, whole) <= CHANGED)[counts].mean())
    if gone[0] < _CLOSED or stays < _OPEN:
        return []
    return [frame for frame, part in zip(frames, gone, strict=True) if part >= _BEGUN]
