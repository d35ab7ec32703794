"""Fades: a picture goes to black or white, or comes out of it, in however few frames and whatever moves in it.

Its contrast falls from frame to frame until nothing is left, in every part of it, and its light goes to that of the
flat picture by the same shares (genga.drawings._shots.falls); each frame is the one before it in another light, moved a
little. A dissolve's contrast does not fall that far, and a light that goes out leaves a picture.
"""

from collections.abc import Sequence
from dataclasses import replace

from genga.drawings._shots.cuts import Scene
from genga.drawings._shots.events import Passage, Span, redrawn
from genga.drawings._shots.falls import OTHER, Fall, Lights

_ALIKE = 0.9  # correlation of parts from which a picture that comes back is the same: a flash
_LONGER = 2  # times its frames that a fade may go on by another account: beyond, a picture stands before the next fade
_HALF = 0.5  # of its light, by more than which a drawing is seen


def fades(scene: Scene, black: Sequence[bool]) -> list[Passage]:
    """Return the fades of a video to black or white and out of it, in order; out, flat and in are one.

    Where one side of it is a cut, the next shot begins there: at its first frame, or after its last one. black: whether
    a frame is; what is so from the first frame on, or to the last, is no part of it.
    """
    lights = Lights(scene)
    found: list[Passage] = []
    frame = 0
    while frame < len(lights.contrast):
        first = frame
        frame += 1
        if not lights.faintest(first):
            continue
        while (
            lights.flat(first)
            and frame < len(lights.contrast)
            and lights.flat(frame)
            and abs(lights.light[frame] - lights.light[frame - 1]) < OTHER
        ):
            frame += 1
        for faint in lights.faint(first, frame):
            out, into = lights.fall(faint[0], -1), lights.fall(faint[1] - 1, 1)
            passage = _passage(lights, faint, out, into, black)
            found += [passage] if passage else []
            frame = max(frame, into.clean) if into else frame
    return found


def with_fades(passages: Sequence[Passage], found: Sequence[Passage]) -> list[Passage]:
    """Return dissolves and fades with the fades found here, in order: of a fade that is known of both, all of it.

    What overlaps a fade otherwise is none: of a dissolve its light was taken for the way to another picture.
    """
    joined = []
    for fade in found:
        over = [one for one in passages if one.kind == "fade" and _meet(one, fade)]
        alone = len(over) == 1 and sum(_meet(over[0], other) for other in found) == 1
        both = _both(fade, over[0]) if alone else fade
        longer = max(fade.whole.start - both.whole.start, both.whole.stop - fade.whole.stop)
        joined.append(fade if longer > _LONGER * len(fade.whole) else both)
    dissolves = [one for one in passages if one.kind != "fade"]
    joined = [_beside(fade, dissolves) for fade in joined]
    return sorted([*(one for one in passages if not any(_meet(one, fade) for fade in joined)), *joined],
                  key=lambda one: one.start)  # fmt: skip


def _beside(fade: Passage, dissolves: Sequence[Passage]) -> Passage:
    """Return a fade without what of its drawings is of a dissolve that begins or ends there."""
    first, last = fade.whole.start, fade.whole.stop - 1
    first = max([first, *(one.end for one in dissolves if one.start < fade.start and one.end <= fade.start)])
    last = min([last, *(one.start for one in dissolves if one.start >= fade.end)])
    return replace(fade, early=fade.start - first, late=last - fade.end)


def _meet(one: Passage, other: Passage) -> bool:
    return one.whole.start < other.whole.stop - 1 and other.whole.start < one.whole.stop - 1


def _both(fade: Passage, known: Passage) -> Passage:
    """Return a fade that is known twice, from its first frame to its last."""
    early, late = (
        min((fade, known), key=lambda one: one.whole.start),
        max((fade, known), key=lambda one: one.whole.stop),
    )
    goes_on = fade.cut_at(fade.boundary) and early.whole.start < fade.boundary < late.whole.stop - 1
    return Passage("fade", early.start, late.end, known.boundary if goes_on else fade.boundary, early.early, late.late)


def _passage(lights: Lights, faint: Span, out: Fall | None, into: Fall | None, black: Sequence[bool]) -> Passage | None:
    """Return the fade over the faint frames [start, end) and what falls to them and rises from them; None for none."""
    count = len(lights.contrast)
    before, after = out.clean if out else faint[0] - 1, into.clean if into else faint[1]
    if not (out and into) and not (lights.flat(faint[0]) and (out or into)):
        return None
    if before >= 0 and after < count and lights.alike(before, after) >= _ALIKE:
        return None
    start, end = out.mixed[-1] if out else faint[0], into.mixed[-1] + 1 if into else faint[1]
    if into is None:  # a cut, if the next picture is there at once
        boundary = end - (not lights.at_once(faint[1], 1))
    else:
        boundary = start + (not lights.at_once(faint[0] - 1, -1)) if out is None else into.mixed[0]
    if out and into and lights.flat(faint[0]):
        boundary = sum(faint) // 2
    elif not into and faint[1] == count and all(black[faint[0] :]):  # to the end
        end, boundary = faint[0], faint[0] - 1
    elif not out and faint[0] == 0 and all(black[: faint[1]]):
        start, boundary = faint[1], faint[1] + 1
    seen = (_seen(lights, out, -1), _seen(lights, into, 1))
    return Passage("fade", start + seen[0], end - seen[1], boundary, *seen)


def _seen(lights: Lights, fall: Fall | None, way: int) -> int:
    """Return how many frames of a fall, the brightest, are drawings that are seen by more than half of their light."""
    if fall is None:
        return 0
    cells, half = lights.scene.cells, _HALF * lights.contrast[fall.clean]
    bright = [place for place, frame in enumerate(fall.mixed) if lights.contrast[frame] > half]
    steps = (place for place in bright if redrawn(cells[fall.mixed[place] + way], cells[fall.mixed[place]]))
    return len(fall.mixed) - next(steps, len(fall.mixed))
