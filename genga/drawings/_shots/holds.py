"""How long drawings are held, in frames of the film that a video was made from.

A video of another rate than its film shows some frames twice, or mixes neighbours.
"""

from collections.abc import Collection, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from genga.drawings._shots.events import Passage, Span
from genga.video.luma_grid import Cells, Grids, block_difference, mixture

_STEPS = 20  # frames whose time is measured at once: whole cycles of telecine
_FILM = 24  # frames of film a second
_DRAWN, _FASTEST = 26.0, 45.0  # frames a second up to which all may be drawn, and from which they are not
_CONVERTED = 0.25  # part of the changes that are mixtures, where a frame rate between these was converted
_CYCLE = 5  # frames that telecine makes of four
_FEWEST = 30  # changes from which that can be told
_NEVER = 0.03  # part of the changes at that place of the cycle which repeats the frame before
_GHOST = (0.08, 0.92)  # share of the drawing after in a mixture
_LEFT = 0.25  # part of the change that it may leave
_BRIEF = range(6, 2, -1)  # frames of a dissolve so short that cells are mixed,
_FAINT, _CLEAN = 0.02, 0.12  # part of the picture that each step of it changes; of the change that a mixture may leave
_JUMP, _MIDDLE = 0.5, (0.25, 0.75)  # of the way, gone at once at most; in the middle
_OWN = 0.35  # part of the largest difference, by which a place is of neither picture: something is drawn there


def usual_step(times: Sequence[float]) -> float:
    """Return the time from frame to frame, s: the mean over stretches of the usual length.

    Not over all: where telecine was not undone everywhere, some stretches have a frame too many.
    """
    known = np.asarray(times)
    count = min(_STEPS, len(times) - 1)
    if count < 1:
        return 1.0
    spans = known[count:] - known[:-count]
    middle = np.quantile(spans, 0.5, method="lower")  # one of them, also where half are of another rate
    usual = spans[np.abs(spans - middle) * 2 * _STEPS <= middle]
    return float(usual.mean()) / count or 1.0


def film_step(step: float, new: Collection[int], mixed: Collection[int]) -> float:
    """Return the time from frame to frame, s, of the film that a video was made from.

    step: of the video, s. new: frames that differ from the one before. mixed: those that are mixtures of neighbours.
    """
    rate = 1 / step
    if rate < _DRAWN:
        return step
    if rate < _FASTEST:
        drawn = np.bincount([frame % _CYCLE for frame in new], minlength=_CYCLE)
        repeats = len(new) >= _FEWEST and drawn.min() <= _NEVER * len(new)
        return 1 / _FILM if repeats or len(mixed) >= _CONVERTED * max(_FEWEST, len(new) - len(mixed)) else step
    return 2 * step if abs(rate - 2 * 25) < 1 else 1 / _FILM


def mixed_changes(new: Sequence[int], cells: Grids, changed: float) -> set[int]:
    """Return those of the frames `new`, which differ from the one before, that mix the drawings before and after."""
    known = set(new)
    return {
        frame
        for frame in new
        if frame + 1 in known and mixes(cells[frame - 1], cells[frame], cells[frame + 1], changed)
    }


def mixes(a: Cells, frame: Cells, b: Cells, changed: float) -> bool:
    """Whether a frame is a mixture of two others, in the cells in which those differ by more than `changed` levels."""
    far = np.abs(b.astype(np.int16) - a) > changed
    if not far.any():
        return False
    share, left = mixture(a[far], frame[far], b[far])
    return left <= _LEFT and _GHOST[0] <= share <= _GHOST[1]


def mixed_frames(cells: Grids, spread: npt.NDArray[np.float64], least: float) -> dict[int, int]:
    """Return each frame from which on one or two mix what is before and after them -> the frame after them.

    spread: part of the picture that changes in each frame. least: of it at a cut. Converting a frame rate leaves them.
    """
    mixed: dict[int, int] = {}
    for frame in np.flatnonzero((spread[:-1] >= least) & (spread[1:] >= least)).tolist():
        for end in (frame + 2, frame + 1):
            if frame == 0 or end >= len(spread) or min(spread[frame : end + 1]) < least:
                continue
            a, b = cells[frame - 1], cells[end]
            parts = [mixture(a, cells[k], b) for k in range(frame, end)]
            shares = [share for share, _ in parts]
            clear = _GHOST[0] <= shares[0] and shares[-1] <= _GHOST[1] and shares == sorted(shares)
            if clear and all(left <= _LEFT * min(1.0, 3 * share, 3 - 3 * share) for share, left in parts):
                mixed.setdefault(frame, end)
    return mixed


def brief_dissolves(cells: Grids, spread: Sequence[float]) -> list[Passage]:
    """Return dissolves of three to six frames that mix cell by cell what is before and after them, in order.

    Nothing moves far in so few, so this needs no tiles, of which thin lines on white change hardly any. spread: part of
    the picture that changes in each frame.
    """
    found: list[Passage] = []
    frame = 1
    while frame < len(cells):
        still = (n for n, part in enumerate(spread[frame : frame + _BRIEF.start + 1]) if part < _FAINT)
        most = next(still, min(len(cells) - frame, _BRIEF.start + 1))
        dissolve = next(filter(None, (_brief(cells, frame, frame + n) for n in _BRIEF if n < most)), None)
        found += [dissolve] if dissolve else []
        frame = dissolve.end if dissolve else frame + 1
    return found


def _brief(cells: Grids, frame: int, end: int) -> Passage | None:
    """Return the dissolve that the frames [frame, end) are, all of them, between the one before and the one after."""
    a, b, middle = cells[frame - 1], cells[end], (frame + end) // 2
    share, left = mixture(a, cells[middle], b)
    if left > _CLEAN or not _MIDDLE[0] <= share <= _MIDDLE[1]:
        return None
    parts = [mixture(a, cells[k], b) for k in range(frame, end)]
    shares = [share for share, _ in parts]
    steps = np.diff([0.0, *shares, 1.0])
    clean = all(left <= _CLEAN * min(1.0, 3 * share, 3 - 3 * share) for share, left in parts)
    if steps.min() <= 0 or steps.max() > _JUMP or not clean:
        return None
    if any(_drawn(a, cells[k], b, share) for k, share in enumerate(shares, frame)):
        return None
    more = ((frame - 2, frame - 1, end), (frame - 1, end, end + 1))  # the one before, or after, is mixed itself
    if any(mixes(cells[x], cells[y], cells[z], 0) for x, y, z in more if x >= 0 and z < len(cells)):
        return None
    return Passage("dissolve", frame, end, boundary=frame + max(1, sum(share <= 0.5 for share in shares)))


def _drawn(a: Cells, frame: Cells, b: Cells, share: float) -> bool:
    """Whether something in a frame, as a mixture of two others, is of neither: it is drawn."""
    first, second = a.astype(np.float32), b.astype(np.float32)
    own = np.abs(frame - first - share * (second - first))
    return float(cv2.blur(own, (2, 2)).max()) > _OWN * block_difference(a, b)


def timing(
    change: Sequence[float],
    times: Sequence[float],
    step: float,
    limit: Span,
    level: float,
    moving: Sequence[Span],
    mixed: Collection[int] = (),
) -> float:
    """Return the median number of frames from one new drawing to the next; frames in `moving` or `mixed` begin none.

    change: each frame's block difference to the frame before. times: s; a hold counts as many frames as go into its
    time by `step`, s, because undoing telecine leaves out frames of holds, but keeps their times.
    """
    start, end = limit
    new = [
        frame
        for frame in range(start + 1, end)
        if change[frame] > level and frame not in mixed and not any(a <= frame <= b for a, b in moving)
    ]
    begun = [times[frame] for frame in (start, *new)] + [times[end] if end < len(times) else times[-1] + step]
    return float(np.median(np.maximum(1, np.round(np.diff(begun) / step))))
