"""Frames between two cuts that are no picture: black, a glare, or so smeared that nothing in them is sharp.

Editors smear the last frame of one picture and the first of the next, or let a glare or a black frame stand between
them: two cuts, one frame apart, and one change of picture. A picture that is seen for one frame is sharp.
"""

from collections.abc import Sequence

import numpy as np

from genga.drawings._shots.cuts import Scene
from genga.drawings._shots.events import flat
from genga.drawings._shots.pieces import alike
from genga.drawings.smear import along

_SMEARED = 0.45  # part of the sharpness on either side, in most directions, up to which a frame shows nothing: smeared,
# black and glaring ones of real edits have 0.39 at most, soft close-ups 0.5, other pictures 0.85 and more
_NEAR = 4  # frames before and after that say how sharp pictures are there


def without_smears(scene: Scene, cuts: Sequence[int]) -> list[int]:
    """Return the cuts without one of every two between which there is a single frame that shows nothing.

    The next shot begins with that frame if its tones are rather where they are after it than where they were before.
    """
    found: list[int] = []
    for cut in cuts:
        frame = cut - 1
        if found and found[-1] == frame and smeared(scene, frame):
            before, after = (alike(scene.cells[frame], scene.cells[k], scene.shown(frame, k)) for k in (frame - 1, cut))
            found[-1] = frame if after > max(before, 0.0) else cut
        else:
            found.append(cut)
    return found


def smeared(scene: Scene, frame: int) -> bool:
    """Whether a frame has no contrast, or in most directions is far less sharp than the sharpest on either side."""
    if flat(scene.cells[frame]):
        return True
    sides = range(max(0, frame - _NEAR), frame), range(frame + 1, min(len(scene.cells), frame + 1 + _NEAR))
    sharpest = np.min([np.max([along(scene.cells[k]) for k in side], axis=0) for side in sides], axis=0)
    return float(np.median(np.array(along(scene.cells[frame])) / sharpest)) <= _SMEARED
