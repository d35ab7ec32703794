"""Decide from the pictures themselves whether the two fields of a video's frames were taken at different times.

A frame is woven of a top and a bottom field (its even and odd lines). Where something moved between the two, the odd
lines stick out from between the even ones: they *comb*. Weaving a frame's top field with the bottom field of the frame
before, or after, combs as well where there is motion; which of the three weaves combs least tells what the frame is:

- *sound*: its own fields belong together. So are all frames of progressive video.
- *shifted*: its top field fits a neighbour's bottom field. So are two frames in five under 3:2 pulldown.
- *mixed*: its fields comb as much with each other as with a neighbour's: each shows a moment of its own.

Only lines that comb in one weave and not in the other are counted, so fine drawing, which combs in every weave, does
not speak, nor does a line alone, and lines must stick out further than grain makes them. Flags in the file decide only
where nothing moves.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from genga.images.image import median

T = TypeVar("T")
Thin = npt.NDArray[np.uint8]  # (height, about width / 4), luma, smoothed along the line
Mask = npt.NDArray[np.bool_]  # (bottom lines, columns)
Kind = Literal["progressive", "deinterlace", "telecine"]
Order = Literal["tff", "bff", "auto"]  # which field is shown first; auto: by the frames' flags

_SMOOTH, _STEP = 9, 4  # px along the line: averages grain away, and no comb; two steps and a px
_LINES = 120  # of the picture that are smoothed at once
_SUMMED = 12  # bits of px of which 16 bits hold the sum of so many
_STRONG = 12  # luma levels by which a line must stick out to comb, and may by half of it without being clean
_GRAINY = 5.0  # times the grain's deviation that it must be: so far a line of one picture sticks out once in 10,000
_STATIC = 0.25  # part of the pairs of frames that are taken to show mostly what stands still
_SPARSE = 4, 3  # of a field every such line and column is asked how much grain there is
_DEVIATION = 0.954, 0.826  # median of differences over deviation: of two frames, and of a line to the mean of two
_LEAST = 0.0005  # part of the picture that must differ between two weaves before they are compared
_BETTER = 0.75  # part of the differing combs from which a weave is the worse one; 0.5: both alike
_UNSOUND = 0.03  # part of the frames that tell anything which may be unsound in progressive video
_FEWEST = 3  # unsound frames below which nothing is concluded from them
_MATCHED = 0.7  # part of the unsound frames that a neighbour's field must repair for matching to be the cure
_PULLDOWN = (29.0, 31.0)  # frames a second at which film has every fifth frame twice (30000/1001)


@dataclass(frozen=True)
class Fields:
    """What decoding has to do about fields."""

    kind: Kind = "progressive"
    order: Order = "auto"
    cycle: int | None = None  # of so many frames one is a repeat, which is left out; null: none is

    @classmethod
    def of(cls, found: dict[str, Any]) -> "Fields":
        """Return what `probe` recorded under `fields`."""
        return cls(found["kind"], found["order"], found["cycle"])


PROGRESSIVE = Fields()


def thinned(plane: npt.NDArray[Any], bits: int) -> Thin:
    """Return a luma plane (height, width) of `bits` bits, smoothed along its lines, every fourth column.

    Sums of four px, of which two and a px more make a mean, take a third of the time of a mean at every px.
    """
    height, steps = plane.shape[0], plane.shape[1] // _STEP
    if steps < 4 or bits > _SUMMED:
        return _smooth(plane, bits)
    found = np.empty((height, -(-plane.shape[1] // _STEP)), np.uint8)
    found[:, 0] = _smooth(plane[:, : 3 * _STEP], bits)[:, 0]
    found[:, steps - 1 :] = _smooth(plane[:, (steps - 3) * _STEP :], bits)[:, 2:]
    for top in range(0, height, _LINES):  # what lies between is made where it stays in the processor's caches
        lines = plane[top : top + _LINES, : steps * _STEP]
        px, *others = cv2.split(lines.reshape(len(lines), steps, _STEP))
        four = np.add(px, others[0], dtype=np.uint16) + np.add(others[1], others[2], dtype=np.uint16)
        nine = np.add(four[:, :-2] + four[:, 1:-1], px[:, 2:])
        if bits == 8:
            found[top : top + _LINES, 1 : steps - 1] = cv2.convertScaleAbs(nine, alpha=1 / _SMOOTH)
        else:
            means = cv2.multiply(nine, 1 / _SMOOTH, dtype=cv2.CV_16U)  # type: ignore[call-overload]
            found[top : top + _LINES, 1 : steps - 1] = means >> (bits - 8)
    return found


def _smooth(plane: npt.NDArray[Any], bits: int) -> Thin:
    smooth: npt.NDArray[Any] = cv2.blur(plane, (_SMOOTH, 1))[:, ::_STEP]
    return (smooth >> (bits - 8)).astype(np.uint8)


def combs(top: Thin, bottom: Thin, beyond: int) -> Mask:
    """Return where bottom lines of one frame, two on end, stick out from between another's top ones by over that."""
    found: Mask = stuck_out(top, bottom) > beyond
    return found


def stuck_out(top: Thin, bottom: Thin) -> Thin:
    """Return by how many levels bottom lines of one frame, two on end, stick out from between another's top ones."""
    lines = min(top[2::2].shape[0], bottom[1::2].shape[0])
    if lines < 2:
        return np.zeros((lines, top.shape[1]), np.uint8)
    between, above, below = bottom[1::2][:lines], top[0::2][:lines], top[2::2][:lines]
    # Differences of bytes that stop at 0 tell what is asked, in a tenth of the time of whole numbers.
    brighter, darker = cv2.subtract(between, cv2.max(above, below)), cv2.subtract(cv2.min(above, below), between)
    # What moves sideways combs in lines on end; one alone is a thin line that is drawn, and lies elsewhere in the next
    # frame where film weaves in its gate or text fades.
    pairs = cv2.max(cv2.min(brighter[1:], brighter[:-1]), cv2.min(darker[1:], darker[:-1]))
    both = np.zeros(between.shape, np.uint8)
    both[:-1] = pairs
    cv2.max(both[1:], pairs, dst=both[1:])
    return both


def grain(stretches: Iterable[Sequence[Thin]]) -> float:
    """Return the deviation of the grain in runs of consecutive frames, in luma levels; at most, where all moves.

    A field differs from the same field of the frame before by grain and by what moved, and from itself a line further
    by grain and by what is drawn there; the smaller is nearer to grain alone.
    """
    found = _of_each(list(stretches), _grains)
    return float(np.quantile(found, _STATIC)) if found else 0.0


def _grains(run: Sequence[Thin]) -> list[float]:
    """What each frame of a run but the first may have of grain at most, deviations."""
    return [
        min(
            median(cv2.absdiff(now, before)) / _DEVIATION[0],
            median(np.abs(now[1:-1].astype(np.float32) - now[:-2] / 2.0 - now[2:] / 2.0)) / _DEVIATION[1],
        )
        for before, now in pairwise([frame[:: 2 * _SPARSE[0], :: _SPARSE[1]] for frame in run])
        if before.shape == now.shape and min(now.shape) > 2
    ]


def _of_each(runs: Sequence[Sequence[Thin]], asked: Callable[[Sequence[Thin]], list[T]]) -> list[T]:
    """What is asked of each run, one after another: once of one that is there several times."""
    said = {key: asked(run) for key, run in {id(run): run for run in runs}.items()}
    return [one for run in runs for one in said[id(run)]]


def worse(frame: Thin, own: Thin, other: Thin, strong: int = _STRONG) -> float | None:
    """Return how much worse a frame combs by itself than with the bottom field of `other`, 0 (never) .. 1 (only).

    own: how its own bottom lines stick out (`stuck_out`). strong: levels by which a line must.
    None where the two weaves differ too little to tell.
    """
    mixed = stuck_out(frame, other)
    only_own = np.count_nonzero((own > strong) & (mixed <= strong // 2))
    only_mixed = np.count_nonzero((mixed > strong) & (own <= strong // 2))
    if only_own + only_mixed < max(4.0, _LEAST * own.size):
        return None
    return only_own / (only_own + only_mixed)


def verdict(before: Thin, frame: Thin, after: Thin, strong: int = _STRONG) -> tuple[str, Order] | None:
    """Return (sound | shifted | mixed, field order that this speaks for), or None if the frame tells nothing.

    strong: levels by which a line must stick out to comb.
    """
    if before.shape != frame.shape or after.shape != frame.shape:
        return None
    own = stuck_out(frame, frame)
    back, on = worse(frame, own, before, strong), worse(frame, own, after, strong)
    both: tuple[tuple[float | None, Order], ...] = ((back, "tff"), (on, "bff"))
    sides = [(side, order) for side, order in both if side is not None]
    if not sides:
        return None
    most, order = max(sides)
    if most > _BETTER:
        return "shifted", order
    if most < 1 - _BETTER:
        return "sound", "auto"
    # Motion makes the weave with the far field the worst of all; grain makes all weaves alike.
    return ("mixed", order) if len(sides) == 2 and min(sides)[0] < 1 - _BETTER else None


def verdicts(stretches: Iterable[Sequence[Thin]]) -> list[tuple[str, Order]]:
    """Return the verdict of every frame that tells something, in runs of consecutive frames."""
    runs = list(stretches)
    strong = max(_STRONG, round(_GRAINY * grain(runs)))

    def said(run: Sequence[Thin]) -> list[tuple[str, Order]]:
        found = (verdict(a, b, c, strong) for a, b, c in zip(run, run[1:], run[2:], strict=False))
        return [each for each in found if each is not None]

    return _of_each(runs, said)


def decide(said: Sequence[tuple[str, Order]], flagged: bool, rate: float, asked: str) -> dict[str, Any]:
    """Return what `probe` records under `fields`: kind, order and cycle (see Fields), and what that rests on.

    said: verdicts. flagged: whether the file calls itself interlaced. rate: frames/s. asked: `probe.fields`.
    """
    counts = {word: sum(what == word for what, _ in said) for word in ("sound", "shifted", "mixed")}
    unsound = counts["shifted"] + counts["mixed"]
    kind, by = asked, "params"
    if asked == "auto":
        by = "content" if said else "flags"
        if not said:
            kind = "deinterlace" if flagged else "progressive"
        elif unsound < max(_FEWEST, _UNSOUND * len(said)):
            kind = "progressive"
        else:
            kind = "telecine" if counts["shifted"] >= _MATCHED * unsound else "deinterlace"
    votes = sum((order == "tff") - (order == "bff") for _, order in said)
    order = "auto" if kind == "progressive" or votes == 0 else "tff" if votes > 0 else "bff"
    cycle = 5 if kind == "telecine" and _PULLDOWN[0] <= rate <= _PULLDOWN[1] else None
    return {"kind": kind, "order": order, "cycle": cycle, "by": by, "flagged": flagged, **counts}
