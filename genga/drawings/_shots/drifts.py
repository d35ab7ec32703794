"""Camera moves under which figures go on moving: most of the picture goes one way from each frame to the next.

Over several frames no motion explains such a move, because the figures change meanwhile. From one frame to the next
they mostly do not: drawn on twos or threes, they are held while the camera goes on. And where they do change, what is
around them still says how the camera went.
"""

from collections.abc import Collection, Mapping, Sequence

import cv2
import numpy as np

from genga.drawings._shots.camera_moves import AS_MUCH, LAG, REACH, kind_of, reach
from genga.drawings._shots.events import Event, Span
from genga.drawings.alignment import Motion, largest, left, length, step, way_of
from genga.drawings.static_tiles import Mask, Noise, calm, cosine, tile_means
from genga.video.luma_grid import Cells, Grids

_STIRRED = 0.12  # part of the tiles in which something goes on while a camera moves
_ONWARD = 0.8  # cosine of the ways that the corners go in two steps, from which a camera goes on
_BACK = 0.5  # steps back to each step on, from which it goes nowhere
_ASKED = 4.0  # block difference below which nothing is asked: half of the lowest threshold of a video
_SHORTEST = LAG + 1  # frames: steps on ones that all have to go one way, and most of the picture with them
_KNOWN = 0.4  # part of the steps in which something goes on of which the motion is known

_GIVEN_UP = 6  # steps

Steps = Mapping[int, Motion]  # by frame, from it to the frame before
Asked = dict[int, Motion | None]  # the same, as it is found by itself; None: it is not


def drifts(
    cells: Grids,
    limit: Span,
    live: Mask,
    noise: Noise,
    pace: float,
    known: Sequence[Event] = (),
    asked: Asked | None = None,
) -> list[Event]:
    """Return the camera moves within the frames [start, end) of a shot, figures that move or not, in order.

    live: cells that show the picture. noise: of the video. pace: part of the steps, 0..1, in which a camera moves at
    least. known: moves within which no more are looked for. asked: steps that `held_still` has found.
    """
    stirs = stirred(cells, limit, live, noise)
    found = []
    for stretch in _stretches(stirs, limit, pace):
        if any(move.start <= stretch[0] and stretch[1] <= move.end for move in known):
            continue
        steps = _steps(cells, [k for k in range(*stretch) if k in stirs], live, noise, asked or {})
        for chain in _chains(steps, cells[0].shape):
            move = None if _to_and_fro(chain, steps, cells[0].shape) else _move(chain, stirs, cells, pace)
            found += [] if move is None else [move]
    return found


def held_still(
    change: Sequence[float],
    cells: Grids,
    live: Mask,
    noise: Noise,
    unasked: Collection[int],
    asked: Asked | None = None,
) -> list[float]:
    """Return each frame's block difference to the frame before without what a camera that sways has in it.

    change: with it. live, noise: as in `drifts`. unasked: frames that show another picture than the one before. asked:
    is given the steps that are asked for.
    """
    found, asked = list(change), {} if asked is None else asked
    for frame in (k for k in range(1, len(change)) if change[k] > _ASKED and k not in unasked):
        a, b = cells[frame - 1], cells[frame]
        motion = asked[frame] = step(a, b, live, noise) if _stirs(a, b, live, noise) else None
        if motion is not None and length(way_of(motion, a.shape)) <= REACH:
            known = left(a, b, live.astype(np.uint8), motion)
            found[frame] = found[frame] if known is None else min(found[frame], largest(known[0]))
    return found


def stirred(cells: Grids, limit: Span, live: Mask, noise: Noise) -> set[int]:
    """Return the frames of a shot in which something is other than in the frame before in many parts of the picture."""
    return {frame for frame in range(limit[0] + 1, limit[1]) if _stirs(cells[frame - 1], cells[frame], live, noise)}


def _stirs(a: Cells, b: Cells, live: Mask, noise: Noise) -> bool:
    stirs = tile_means(cv2.absdiff(a, b), live) > calm(noise)
    return bool(np.count_nonzero(stirs) >= _STIRRED * stirs.size)


def _stretches(stirs: set[int], limit: Span, pace: float) -> list[Span]:
    """Return the stretches of a shot, long enough for a move, in which enough of the frames are in `stirs`."""
    found: list[Span] = []
    for first in range(limit[0] + 1, limit[1] - _SHORTEST + 2):
        end = first + _SHORTEST - 1
        if sum(frame in stirs for frame in range(first, end)) < pace * (end - first):
            continue
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], end)
        else:
            found.append((first, end))
    return found


def _steps(cells: Grids, frames: Sequence[int], live: Mask, noise: Noise, asked: Asked) -> Steps:
    """Return the motions to the frames, where known. After _GIVEN_UP of which none is, as many are passed over.

    frames: in which something goes on in many parts of the picture. asked: see `drifts`.
    """
    found: dict[int, Motion] = {}
    k = failed = 0
    motion: Motion | None = None
    while k < len(frames):
        near = motion if k and frames[k] - 1 == frames[k - 1] else None
        if near is None and frames[k] in asked:
            motion = asked[frames[k]]
        else:
            motion = step(cells[frames[k] - 1], cells[frames[k]], live, noise, near)
        failed = failed + 1 if motion is None else 0
        if motion is not None:
            found[frames[k]] = motion
        k += 1
        if failed == _GIVEN_UP:
            k, failed = k + _GIVEN_UP, 0
    return found


def _chains(steps: Steps, shape: tuple[int, ...]) -> Sequence[Steps]:
    """Return the steps in chains, in each of which a camera goes on as it went, with less than a move between two.

    What is known of a step at which a figure changes may be the figure's motion, and begins a chain of its own.
    """
    chains: list[dict[int, Motion]] = []
    for frame, motion in steps.items():
        near = (chain for chain in reversed(chains) if frame - max(chain) < _SHORTEST)
        onward = next((chain for chain in near if _alike(motion, chain[max(chain)], shape)), None)
        if onward is None:
            chains.append({frame: motion})
        else:
            onward[frame] = motion
    return chains


def _to_and_fro(chain: Steps, steps: Steps, shape: tuple[int, ...]) -> bool:
    """Whether nearly as many of the steps among those of a chain go back the way it goes: film that weaves."""
    way = np.sum([way_of(motion, shape) for motion in chain.values()], axis=0)
    others = (way_of(steps[k], shape) for k in steps if min(chain) < k < max(chain) and k not in chain)
    return sum(cosine(other, way) <= -_ONWARD for other in others) > _BACK * len(chain)


def _alike(a: Motion, b: Motion, shape: tuple[int, ...]) -> bool:
    """Whether two motions take the corners of a picture of `shape` nearly the same way, whatever how far."""
    return cosine(way_of(a, shape), way_of(b, shape)) >= _ONWARD


def _move(chain: Steps, stirs: set[int], cells: Grids, pace: float) -> Event | None:
    """Return what the steps make, if it is a camera's move: it goes far, mostly on, and mostly known.

    On it goes in steps that change the picture nearly as much as those that are known: between drawings grain stirs.
    """
    first, last, shape = min(chain), max(chain), cells[0].shape
    active = [frame for frame in range(first, last + 1) if frame in stirs]
    if last - first + 2 < _SHORTEST or len(active) < pace * (last - first + 1) or len(chain) < _KNOWN * len(active):
        return None
    apart = {frame: float(cv2.absdiff(cells[frame - 1], cells[frame]).mean()) for frame in active}
    usual = float(np.median([apart[frame] for frame in chain]))
    if sum(step >= AS_MUCH * usual for step in apart.values()) < pace * (last - first + 1):
        return None
    if reach(chain.values(), shape) < REACH:
        return None
    kinds = [kind_of(motion, shape) for motion in chain.values()]
    kind = max(("pan", "zoom", "other"), key=kinds.count)
    return Event(kind, first - 1, last + 1)
