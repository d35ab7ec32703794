"""Lines of text over stretches of frames: when they come and go, and what of them tells text from what is drawn.

A line found in several looks (genga.drawings._text.scan) at one place is one stretch; the grids say at which frame
between two looks it came and went. Which of them are burnt in: genga.drawings._text.burnt_in.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from genga.drawings._text.standing import keeps, letters_kept, other, over_both
from genga.drawings._text.tracks import (
    FADE,
    WHOLE,
    Lettering,
    all_along,
    in_cells,
    is_upright,
    overlapping,
    step_to,
    turning,
    union,
)
from genga.drawings.static_tiles import CHANGED
from genga.video.luma_grid import Grids, difference_map

_BRIDGE = 12  # frames for which a line may be overlooked: what passes behind it hides its looks, not itself
_SAME_PLACE = 0.5  # intersection over union of two boxes of one line
STILL = 0.4  # s that text stands at least; the shortest subtitles stand for about 0.8 s
_FADES = 0.8  # luma levels, mean over its place, by which a line that fades goes on to do so from frame to frame
_AT_ONCE = 0.75  # part of a line that goes in one frame if it does not fade
_SOON, _AS_BEFORE = 24, 0.4  # frames in which an eye opens again, and part of its change by which it then differs
_EVEN = 3.0  # times that a step of a fade may be larger than the one before; a cut is more
_CALM, _ANEW = 0.8, 0.7  # what is around a line keeps of its gradients, as another takes its place; and that of them
_PLAINLY = 0.3  # part by which it keeps more than the line at another step, which is the one then
_PICTURE = 0.3  # part of the picture that changes at most where a line comes or goes, and no other picture does


def stretches(looks: Sequence[tuple[int, list[Lettering]]], count: int, cells: Grids) -> list[Lettering]:
    """Return the lines of consecutive looks joined where they stand at one place, each with its first frame and end.

    looks: frame and lines found there, in order. count: frames of the video.
    """
    done: list[Lettering] = []
    standing: list[Lettering] = []
    for (before, _), (frame, lines) in pairwise([(0, []), *looks]):
        left, go_on = list(lines), list[Lettering]()
        for old in standing:
            new = next((line for line in left if overlapping(old, line) >= _SAME_PLACE), None)
            if new is None:
                done.append(replace(old, end=turn(cells, old, before, frame, True)))
            elif instead := replaced(cells, old, new, (before, frame), [*standing, *lines]):
                left.remove(new)
                done.append(replace(old, end=instead))
                go_on.append(replace(new, start=instead))
            else:
                left.remove(new)
                goes, comes = (changes(cells, old, before, frame, way) for way in (True, False))
                between = range((goes or 0) + 1, comes or 0)
                if not goes or not comes or any(turning(old, step_to(cells, k)) >= WHOLE for k in between):
                    go_on.append(union(old, new))
                else:  # another at its place
                    done.append(replace(old, end=goes))
                    go_on.append(replace(new, start=comes))
        standing = go_on + [replace(line, start=turn(cells, line, before, frame)) for line in left]
    last = looks[-1][0] if looks else 0
    done += [replace(line, end=changes(cells, line, last, count - 1, True) or count) for line in standing]
    return sorted(done, key=lambda line: (line.start, line.y0))


def replaced(
    cells: Grids, old: Lettering, new: Lettering, looks: tuple[int, int], others: Sequence[Lettering]
) -> int | None:
    """Return the frame after the first of two looks at which another line takes a line's place, None for no such.

    At one step all of it is written anew, however much of it lies where letters were, and nothing is around it, but for
    `others`. One that fades, or is lit, keeps its letters.
    """
    if not (old.sure and new.sure):
        return None
    both, found = union(old, new), list[int]()
    for k in range(looks[0] + 1, looks[1] + 1):
        apart = step_to(cells, k)
        if all(turning(line, apart) >= WHOLE for line in (old, new)):
            rest = keeps(cells, both, k - 1, k, others)[1]
            found += [k] if rest >= _CALM and letters_kept(cells, both, k - 1, k) < _ANEW else []
    return found[0] if len(found) == 1 else None


def turn(cells: Grids, line: Lettering, before: int, frame: int, goes: bool = False) -> int:
    """Return the first frame from which on the place of a line looks as at `frame` rather than as at `before`.

    goes: whether it is there at `before`, else at `frame`. The step at which the picture behind it becomes another, as
    at a cut, is not the one: it may come some frames before that, or go some frames later.
    """
    found = changes(cells, line, before, frame, goes)
    if found:
        return found
    found = _turn(cells, line, before, frame)
    if not found or not over_both(cells, line, found - 1, found):
        return found
    beyond = (found, min(len(cells) - 1, found + _SOON)) if goes else (max(0, found - _SOON), found - 1)
    first, last = (found, frame) if goes else (before, found - 1)
    return changes(cells, line, *beyond, goes) or (_turn(cells, line, first, last) if last > first else found)


def changes(cells: Grids, line: Lettering, before: int, frame: int, goes: bool) -> int | None:
    """Return the frame in (before, frame] at which a line comes, or `goes`, at once over a picture that stays.

    None if there is no such.
    """
    found: tuple[int, float] | None = None
    for k in range(before + 1, frame + 1) if goes else range(frame, before, -1):
        apart = step_to(cells, k)
        if turning(line, apart) >= WHOLE and (apart > CHANGED).mean() <= _PICTURE:
            own, rest = keeps(cells, line, k - 1, k)
            # A cut in a part of the picture may be such a step, too, and the line goes after it, or comes before.
            if other(own, rest) and (found is None or rest - own >= found[1] + _PLAINLY):
                found = k, rest - own
    return found[0] if found else None


def _turn(cells: Grids, line: Lettering, before: int, frame: int) -> int:
    x0, y0, x1, y1 = in_cells(line, cells[frame].shape)
    old, new = (cells[k][y0:y1, x0:x1].astype(np.int16) for k in (before, frame))
    while frame > before + 1:
        place = cells[frame - 1][y0:y1, x0:x1]
        if np.abs(place - new).sum() >= np.abs(place - old).sum():
            break
        frame -= 1
    return frame


def returns(cells: Grids, line: Lettering, edge: int) -> bool:
    """Whether what a line's place changes to at its start or end soon is as it was: an eye that shuts, and no text."""
    x0, y0, x1, y1 = in_cells(line, cells[line.start].shape)
    if not 0 < edge < len(cells):
        return False
    before, after = (cells[frame][y0:y1, x0:x1].astype(np.int16) for frame in (edge - 1, edge))
    there = before if edge == line.end else after  # the line
    beyond = range(edge + 1, edge + _SOON) if edge == line.end else range(edge - 2, edge - 1 - _SOON, -1)
    change = float(np.abs(after - before).mean())
    return any(
        float(np.abs(cells[frame][y0:y1, x0:x1] - there).mean()) < _AS_BEFORE * change
        for frame in beyond if 0 <= frame < len(cells)
    )  # fmt: skip


def holds(cells: Grids, line: Lettering, times: Sequence[float]) -> bool:
    """Whether the line stands for STILL s without changing as a whole: what a mouth speaks comes again and again."""
    shape = cells[line.start].shape
    x0, y0, x1, y1 = in_cells(line, shape)
    places = (cells[frame][y0:y1, x0:x1] for frame in range(line.start, line.end))
    steps = enumerate(pairwise(places), line.start + 1)
    changed = [k for k, (a, b) in steps if all_along(line, difference_map(a, b) > CHANGED, shape) >= WHOLE]
    edges = [line.start, *changed, min(line.end, len(times) - 1)]
    return any(times[after] - times[before] >= STILL for before, after in pairwise(edges))


def faded(line: Lettering, cells: Grids) -> Lettering:
    """Return the line from where it begins to fade in until it has faded out; as it is if it comes and goes at once.

    Its place goes on to look less as it does with the line, frame by frame away from it, until it is gone.
    """
    x0, y0, x1, y1 = in_cells(line, cells[line.start].shape)

    def end_of(edge: int, way: int) -> int:
        """The last frame from `edge` on, going `way`, in which there is some of the line."""
        there = cells[max(line.start, min(line.end - 1, edge - way * FADE))][y0:y1, x0:x1].astype(np.int16)
        apart = [float(np.abs(cells[edge][y0:y1, x0:x1] - there).mean())]
        while len(apart) <= FADE and 0 <= edge + way * len(apart) < len(cells):
            far = float(np.abs(cells[edge + way * len(apart)][y0:y1, x0:x1] - there).mean())
            step, before = far - apart[-1], apart[-1] - apart[max(0, len(apart) - 2)]
            if step < _FADES or (len(apart) > 1 and step > _EVEN * before):  # gone; or another picture
                break
            apart.append(far)
        whole = apart[-1] - apart[0]
        fades = len(apart) > 1 and apart[1] - apart[0] <= _AT_ONCE * whole
        return edge + way * (len(apart) - 2) if fades else edge

    first, last = end_of(line.start, -1), end_of(line.end - 1, 1)
    return replace(line, start=first, end=last + 1)


def grown(line: Lettering, cells: Grids, edge: int) -> Lettering:
    """Return the line as long as what changes at its rows, or columns, where it comes or goes; as it is elsewhere.

    edge: its first frame, or that after its last one.
    """
    if not 0 < edge < len(cells):
        return line
    changed = difference_map(cells[edge - 1], cells[edge]) > CHANGED
    rows, columns = changed.shape
    upright = is_upright(line, changed.shape)
    x0, y0, x1, y1 = in_cells(line, changed.shape, (0, 0))
    along = changed[:, x0:x1].any(axis=1) if upright else changed[y0:y1].any(axis=0)
    first, end = (y0, y1) if upright else (x0, x1)
    gap = x1 - x0 if upright else y1 - y0
    places = np.flatnonzero(along)
    for place in places[places < first][::-1].tolist():
        first = place if first - place <= gap else first
    for place in places[places >= end].tolist():
        end = place + 1 if place + 1 - end <= gap else end
    if upright:
        return replace(line, y0=min(line.y0, first / rows), y1=max(line.y1, end / rows))
    return replace(line, x0=min(line.x0, first / columns), x1=max(line.x1, end / columns))


def there(lines: Sequence[Lettering], first: int, last: int) -> list[Lettering]:
    """Return the lines that stand at some frame from the first to the last."""
    return [line for line in lines if line.start <= last and line.end > first]


def bridged(lines: Sequence[Lettering], cells: Grids) -> list[Lettering]:
    """Return the lines with those joined that are one: at one place, at most _BRIDGE frames apart, and never gone."""
    joined: list[Lettering] = []
    for line in lines:
        near = [
            k for k, old in enumerate(joined)
            if line.start - old.end <= _BRIDGE and overlapping(old, line) >= _SAME_PLACE
            and changes(cells, old, old.end - 1, old.end, True) is None
            and not (line.sure and changes(cells, line, line.start - 1, line.start, False))
            and replaced(cells, old, line, (old.end - 1, line.start), there(lines, old.end - 1, line.start)) is None
        ]  # fmt: skip
        if near:
            joined[near[-1]] = union(joined[near[-1]], line)
        else:
            joined.append(line)
    return joined
