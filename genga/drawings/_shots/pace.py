"""In how many of a video's steps its picture may change: a camera moves in most of them, and waits for no drawing.

That is told by **when** pictures change. A file made of fewer pictures a second shows each of them twice, or for two
and for three frames in turn, and so on: all changes lie where its clock ticks. Drawings on twos and threes do not, for
some are held longer, and cuts come when they like: then the clock ticks in every frame, and what goes on at every third
is drawn, however few change faster.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_SLOWEST = 17.0  # times a second that a picture changes at its liveliest at least, where a camera moves in 0.6 of these
_FILM = 1 / 20  # s from frame to frame up to which a video may be film at its own rate
_DOZEN = 12  # steps, in any of which a video is at its liveliest
# Clocks: of so many frames each so many ticks. Those that tick in most frames make no difference.
_CLOCKS = (1, 8), (1, 7), (1, 6), (1, 5), (1, 4), (1, 3), (2, 5), (12, 25), (1, 2), (3, 5)
_TOLD = 16  # changes by which a clock is told: its phase holds over so many, if nothing was cut out
_OFF = 1  # of these that may be off it: an encoder's
_MOSTLY = 0.8  # part of such stretches in which all others are on it


def liveliest(change: Sequence[float], level: float, step: float) -> float:
    """Return the part of a video's steps, 0..1, in which its picture changes where it is at its liveliest.

    That of any dozen steps, or if its changes lie on no clock, 1: 0.4 of 24 pictures a second in 60, 0.8 in 30.

    And never less than _SLOWEST times a second, in a video of 20 frames and more: what goes on more seldom is drawn.

    change: each frame's block difference to the frame before. level: from which it is one. step: of time, s.
    """
    new = np.asarray(change[1:]) > level
    fastest = _fastest(new) if on_a_clock(np.flatnonzero(new)) else 1.0
    return max(fastest, _SLOWEST * step) if step <= _FILM else fastest


def _fastest(new: npt.NDArray[np.bool_]) -> float:
    """The largest part of changes among any dozen of steps (n,)."""
    changed = np.concatenate([[0], np.cumsum(new)])
    dozen = min(_DOZEN, len(changed) - 1)
    return float((changed[dozen:] - changed[:-dozen]).max()) / dozen if dozen else 0.0


def on_a_clock(new: npt.NDArray[np.int64]) -> bool:
    """Whether the frames that change (n,) may all lie where a clock ticks that does so in few frames; as few do.

    In stretches of _TOLD changes each: where something was cut out, the clock goes on at another place.
    """
    parts = [new[first : first + _TOLD] for first in range(0, len(new) - _TOLD + 1, _TOLD)]
    return any(sum(_ticks(part, *clock) >= _TOLD - _OFF for part in parts) >= _MOSTLY * len(parts) for clock in _CLOCKS)


def _ticks(new: npt.NDArray[np.int64], ticks: int, frames: int) -> int:
    """How many of the frames `new` lie on a clock of so many ticks in so many frames, where it fits best."""
    phases = new[None, :] * ticks % frames - np.arange(frames)[:, None]
    return int((phases % frames < ticks).sum(axis=1).max())
