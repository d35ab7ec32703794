"""How the shots of a drawn film are joined: dissolves and wipes while both move, whip pans; and frames put in between.

A film has 24 drawings' frames a second; at 30 or 60 frames a second each is shown for one, two or three, and what is
mixed goes on in every frame, or is held with the drawings, as where a film was finished at 24. A whip pan goes from one
picture to the next beside it so fast that nothing on the way is sharp.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle

import cv2
import numpy as np

from demo.film.picture import Desk
from demo.film.shots import Exposure, Shot
from demo.film.timeline import Frame

_FILM = 24  # frames of film a second
# Of a slide, whether the first picture goes along with the edge, and whether the second does.
_SLIDES = {"pushing": (True, True), "over": (False, True), "off": (True, False)}
_REST = 2  # frames of a shot that are shown before its first and after its last change


def moving(shot: Shot) -> tuple[Exposure, ...]:
    """The exposures of a shot from shortly before its first change to shortly after its last."""
    changes = [k for k in range(1, len(shot.exposures)) if shot.exposures[k] != shot.exposures[k - 1]]
    return shot.exposures[max(0, changes[0] - _REST) : changes[-1] + _REST] if changes else shot.exposures


def overlapped(shots: Sequence[Shot], lengths: Sequence[int], rate: int, baked: bool, n: int) -> list[Frame]:
    """The first n frames of shots, each of which dissolves into the next while both go on.

    lengths: frames of the dissolves, over and over. rate: frames a second. baked: shares are held as drawings are.
    """
    frames: list[Frame] = []
    wanted = cycle(lengths)
    before = 0  # frames of this shot that were mixed with the one before it
    for number, shot in enumerate(shots):
        film = moving(shot)
        shown = [film[k * _FILM // rate] for k in range(len(film) * rate // _FILM)]
        mixed = min(next(wanted), (len(shown) - before) // 2)
        frames += [Frame(number, exposure) for exposure in shown[before : len(shown) - mixed]]
        if number + 1 == len(shots):
            break
        after = moving(shots[number + 1])
        for k, exposure in enumerate(shown[len(shown) - mixed :]):
            held = k if not baked else (k * _FILM // rate) * rate // _FILM
            share = (held + 1) / (mixed + 1)
            other = after[min(k * _FILM // rate, len(after) - 1)]
            frames.append(Frame(number + (share > 0.5), exposure, other, share))
        before = mixed
    return frames[:n]


def faded(
    shots: Sequence[Shot],
    lengths: Sequence[int],
    dark: int,
    n: int,
    dimming: int = 1,
    rate: int = _FILM,
    eased: float = 1.0,
) -> list[Frame]:
    """The first n frames of shots each of which fades to black and out of it while it goes on.

    lengths: film frames of the fades, over and over. dark: black ones between. dimming: those for which the light is
    held. rate: frames a second, of which some show a film frame again. eased: power of its time that the light follows.
    """
    frames: list[Frame] = []
    wanted = cycle(lengths)
    into = 0
    for number, shot in enumerate(shots):
        film, out = moving(shot), next(wanted)
        for k, exposure in enumerate(film):
            steps = (k // dimming * dimming + 1, (len(film) - 1 - k) // dimming * dimming + 1)
            light = min(steps[0] / (into + 1), steps[1] / (out + 1), 1.0)
            frames.append(Frame(number, exposure, share=(1 - light) ** eased))
        frames += [Frame(number + (2 * k >= dark), film[-1], share=1.0) for k in range(dark)]
        into = out
    return [frames[k * _FILM // rate] for k in range(min(n, len(frames) * rate // _FILM))]


def glowing(frame: Frame, desk: Desk) -> np.ndarray:
    """A frame of a fade in glow, (height, width, 3): light is added until all is white."""
    lit = desk.photograph(frame.first).astype(np.uint16) + round(255 * frame.share)
    return np.minimum(lit, 255).astype(np.uint8)


def whip(shots: Sequence[Shot], length: int, n: int) -> list[Frame]:
    """The first n frames of shots in a row, from each of which the camera is whipped to the next in `length` frames."""
    frames: list[Frame] = []
    for number, (shot, after) in enumerate(zip(shots, [*shots[1:], None], strict=True)):
        frames += [Frame(number, exposure) for exposure in shot.exposures]
        for k in range(length if after else 0):
            share = (k + 1) / (length + 1)
            frames.append(Frame(number + (share > 0.5), shot.exposures[-1], after.exposures[0], share))  # type: ignore
    return frames[:n]


def whipped(frame: Frame, desk: Desk) -> np.ndarray:
    """A frame of a whip pan, (height, width, 3): `share` of the way from its first picture to the second beside it."""
    both = np.hstack([desk.photograph(frame.first), desk.photograph(frame.second)])  # type: ignore[arg-type]
    width = both.shape[1] // 2
    way = frame.share * frame.share * (3 - 2 * frame.share)  # slowly, fast, slowly
    speed = 6 * frame.share * (1 - frame.share) * width / 8  # px in a frame, of a move of some eight
    blurred = cv2.blur(both, (max(1, round(speed)), 1))
    left = round(way * width)
    return np.ascontiguousarray(blurred[:, left : left + width])


def wiped(frame: Frame, desk: Desk, edge: str, soft: float) -> np.ndarray:
    """A frame of a wipe, (height, width, 3): on one side of its edge is the first picture, on the other the second.

    edge: across, slanting, opening (a circle), shutting, hand (of a clock); or of a slide from the right: pushing,
    over, off. soft: its width, part of the way.
    """
    first, second = desk.photograph(frame.first), desk.photograph(frame.second)  # type: ignore[arg-type]
    if edge in _SLIDES:
        width = first.shape[1]
        gone = round(width * frame.share)
        goes, comes = _SLIDES[edge]
        left = first[:, gone:] if goes else first[:, : width - gone]
        return np.hstack([left, second[:, :gone] if comes else second[:, width - gone :]])
    rows, columns = np.mgrid[: first.shape[0], : first.shape[1]].astype(np.float32)
    y, x = rows / first.shape[0], columns / first.shape[1]
    radius = np.hypot(columns - first.shape[1] / 2, rows - first.shape[0] / 2) / (np.hypot(*first.shape[:2]) / 2)
    late = {"across": x, "slanting": (x + y) / 2, "opening": radius, "shutting": 1 - radius,
            "hand": np.arctan2(y - 0.5, x - 0.5) / (2 * np.pi) % 1}[edge]  # fmt: skip
    share = np.clip((frame.share * (1 + soft) - late) / soft, 0, 1)[..., None]
    return np.asarray((first * (1 - share) + second * share).round().astype(np.uint8))


def inserted(frames: Sequence[Frame], at: Sequence[int]) -> list[Frame]:
    """The frames with those at some places showing what is shown far from there."""
    found = list(frames)
    for k in at:
        other = frames[(k + len(frames) // 2) % len(frames)].first
        found[k] = replace(frames[k], first=other)
    return found
