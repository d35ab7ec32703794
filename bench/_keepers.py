"""How good a choice of keepers is: drawings lost, held frames wrongly kept, drawings found again, cuts.

A keeper is the frame that stands for a frame; None stands for none. Labels are a letter per frame about the step from
the frame before: H held, D new drawing, C cut, and others (camera, dissolve, lettering) that are not judged.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from genga.video.luma_grid import Cells, block_difference

Keepers = Sequence[int | None]

_NEAR = 4  # frames by which a frame may be matched beside the one of its time


@dataclass(frozen=True)
class Truth:
    """What is true of a video."""

    labels: str  # a letter per frame
    runs: list[tuple[int, int]]  # first frame of a held drawing, and which drawing it is
    cuts: list[int]  # first frames after hard cuts
    timings: dict[int, float] = field(default_factory=dict)  # first frame of a shot -> median frames a drawing is held
    mixed: list[int] = field(default_factory=list)  # frames of dissolves and fades


@dataclass(frozen=True)
class Score:
    """What a choice of keepers got wrong, and out of how many."""

    lost: int  # changes (D, C) whose two frames share a keeper, and drawings that no keeper stands for
    changes: int
    wrongly_kept: int  # keepers beyond the first of each held run
    held: int
    again: float | None  # pair F1 of runs of one drawing; None if no drawing returns
    cuts: float | None  # F1 within one frame; None if not looked for
    kept: int
    mixed: int = 0  # keepers that are mixtures of two pictures, or dimmed by a fade


def score(keepers: Keepers, truth: Truth, cuts: Sequence[int] | None = None) -> Score:
    """Return the score of `keepers`, a value per frame, and of the `cuts` found, if they were looked for."""
    labels = truth.labels
    held = [k for k, label in enumerate(labels) if label == "H"]
    changed = [k for k, label in enumerate(labels) if label in "DC"]
    return Score(
        lost=sum(keepers[k] is not None and keepers[k] == keepers[k - 1] for k in changed) + left_out(keepers, truth),
        changes=len(changed),
        wrongly_kept=sum(len(set(keepers[a:b]) - {None}) - 1 for a, b in held_runs(labels) if any_kept(keepers[a:b])),
        held=len(held),
        again=again(keepers, truth),
        cuts=None if cuts is None else cut_f1(cuts, truth.cuts),
        kept=len(set(keepers) - {None}),
        mixed=len(set(keepers) & set(truth.mixed)),
    )


def any_kept(keepers: Keepers) -> bool:
    """Whether any of the frames has a keeper."""
    return any(keeper is not None for keeper in keepers)


def held_runs(labels: str) -> list[tuple[int, int]]:
    """Return [start, end) of each stretch of frames joined by H."""
    starts = [k for k, label in enumerate(labels) if label != "H"]
    return list(zip(starts, [*starts[1:], len(labels)], strict=True))


def left_out(keepers: Keepers, truth: Truth) -> int:
    """Return how many drawings have no frame with a keeper, though they are labelled and not all of them is mixed.

    Each time that one is held counts, as a passage told where none is leaves out what is seen elsewhere, too; of those
    that begin as no change, beside a passage, only what is seen nowhere.
    """
    mixed = set(truth.mixed)
    gone = {
        start for start, end in held_runs(truth.labels)
        if truth.labels[start] in "DC" and not any_kept(keepers[start:end]) and not mixed.issuperset(range(start, end))
    }  # fmt: skip
    ends = [*(start for start, _ in truth.runs), len(keepers)][1:]
    seen = {
        kind for (start, kind), end in zip(truth.runs, ends, strict=True)
        if start in gone or any_kept(keepers[start:end])
    }  # fmt: skip
    return len(gone) + len({kind for _, kind in truth.runs} - seen)


def again(keepers: Keepers, truth: Truth) -> float | None:
    """Return the F1 of pairs of runs with one keeper as pairs of runs of one drawing."""
    pairs = [
        (keepers[a] is not None and keepers[a] == keepers[b], kind == other)
        for (a, kind), (b, other) in combinations(truth.runs, 2)
    ]
    if not any(same for _, same in pairs):
        return None
    return f1(pairs.count((True, True)), pairs.count((True, False)), pairs.count((False, True)))


def cut_f1(found: Sequence[int], true: Sequence[int]) -> float | None:
    """Return the F1 of cuts, each true one found at most once, within one frame."""
    left = sorted(true)
    right = 0
    for cut in sorted(found):
        near = [t for t in left if abs(t - cut) <= 1]
        if near:
            left.remove(min(near, key=lambda t: abs(t - cut)))
            right += 1
    return f1(right, len(found) - right, len(left)) if found or true else None


def timing_share(found: Mapping[int, float], true: Mapping[int, float]) -> float | None:
    """Return the share of the true shots whose timing was found, in a shot that begins within a frame of theirs."""
    near = [{found.get(start + k) for k in (-1, 0, 1)} for start in true]
    right = [timing in values for timing, values in zip(true.values(), near, strict=True)]
    return sum(right) / len(right) if right else None


def nearest(times: Sequence[float], wanted: Sequence[float]) -> list[int]:
    """Return for each wanted time the position in `times` (in order, not empty) of the nearest, the earlier of two."""
    found = []
    for time in wanted:
        after = bisect_left(times, time)
        around = [k for k in (after - 1, after) if 0 <= k < len(times)]
        found.append(min(around, key=lambda k: abs(times[k] - time)))
    return found


def matched(here: Sequence[Cells], there: Sequence[Cells], times: Sequence[float], seen: Sequence[float]) -> list[int]:
    """Return for each labelled frame the frame of a variant that shows it: in order, near in time, alike in content.

    here, times: grids and times (s) of the labelled frames; there, seen: of the variant. Undoing telecine leaves out
    one of five frames, of equal ones any, so neither number nor time says which is which. The matching is the one of
    least total block difference (dynamic time warping, Sakoe & Chiba 1978) among those that never go back and stay
    within _NEAR frames of the same time; a step of time counts as one level. Every labelled frame has one, so that a
    drawing the variant has lost falls on a neighbour that shows another, and is counted.
    """
    middle = nearest(seen, times)
    step = max(1e-6, (times[-1] - times[0]) / max(1, len(times) - 1))
    best = np.zeros(len(there))
    ways = []
    for frame, j in enumerate(middle):
        near = range(max(0, j - _NEAR), min(len(there), j + _NEAR + 1))
        cost = np.full(len(there), np.inf)
        for k in near:
            cost[k] = block_difference(here[frame], there[k]) + abs(seen[k] - times[frame]) / step
        least = np.minimum.accumulate(best)
        # The latest of the equally good ways here: what stands still goes on from frame to frame.
        ways.append(np.maximum.accumulate(np.where(best <= least, np.arange(len(best)), 0)))
        best = least + cost
    found = [int(best.argmin())]
    for way in reversed(ways[1:]):
        found.append(int(way[found[-1]]))
    return found[::-1]


def beyond(keepers: Keepers, same: Sequence[int]) -> int:
    """Return how many keepers of a variant stand for none of the frames that labelled ones are matched with."""
    return len({keeper for keeper in keepers if keeper is not None} - {keepers[frame] for frame in same})


def f1(right: int, wrong: int, missed: int) -> float:
    """Return the harmonic mean of precision and recall; 0 if nothing is right."""
    return 2 * right / (2 * right + wrong + missed) if right else 0.0
