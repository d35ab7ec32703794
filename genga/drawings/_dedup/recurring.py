"""Drawings that return: proposed by their signatures, decided by the block difference.

A mouth flap does not move a global hash, so signatures of one scene are all alike and can only propose; faiss finds the
pairs that differ in few bits. Each drawing is compared with the kept drawings before it that are proposed, and stands
for itself unless one of them differs by no more than the threshold, which is the valley between repeats and new ones.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import faiss
import numpy as np
import numpy.typing as npt

from genga.drawings._dedup.holds import HARDLY, REACH, Sway
from genga.drawings._text.tracks import MaskedGrids, difference
from genga.drawings.alignment import UNLIKE
from genga.drawings.bimodal_threshold import valley

Numbers = npt.NDArray[np.int32]  # (n,) of drawings
Differences = npt.NDArray[np.float32]  # (n,) block differences

# Between which the threshold of repeats is looked for: encoded anew, a repeat differs more than a held frame does.
_USUAL, _LOW, _HIGH = 20.0, 14.0, 45.0
_ANEW = 2.0  # times that a repeat may differ by what frames of one hold do
_BATCH = 256  # drawings looked up at once: an episode that repeats itself has millions of pairs
_HELD = 512  # drawings whose grids are in memory at once, 13 MB: reading those before them again is a tenth of the time
_PAIRS = 1 << 18  # pairs of theirs from which fewer are: 5 MB
_NEAREST = 16  # drawings of a shot in which the camera sways that are asked whether it alone moved
_FAINTER = 0.7  # part of the step to the drawing before or after it that a repeat of a drawing differs by at most
_SMALL = 0.1  # part of the steps of a shot that may be smaller than what its repeats differ by


def proposals(signatures: Sequence[bytes], bits: int) -> list[Numbers]:
    """Return for each drawing, in order, the earlier ones whose signature differs in at most `bits` bits, sorted.

    signatures: of one length, in bytes. O(n^2) bit operations: 0.3 s for the 11,000 drawings of an episode.
    """
    if not signatures:
        return []
    codes = np.frombuffer(b"".join(signatures), np.uint8).reshape(len(signatures), -1)
    index = faiss.IndexBinaryFlat(codes.shape[1] * 8)
    index.add(codes)
    found: list[Numbers] = []
    for start in range(0, len(codes), _BATCH):
        limits, _, near = index.range_search(codes[start : start + _BATCH], bits + 1)  # faiss: distance < radius
        each = (near[limits[i] : limits[i + 1]] for i in range(len(limits) - 1))
        found += [np.sort(numbers[numbers < i]).astype(np.int32) for i, numbers in enumerate(each, start)]
    return found


def differences(seen: MaskedGrids, keepers: Sequence[int], proposed: Sequence[Numbers]) -> list[Differences]:
    """Return for each drawing its block differences to the earlier ones proposed. keepers: the frame of each.

    So many at a time as are held in memory; of the earlier ones each is then read once, in order.
    """
    found = [np.empty(len(earlier), np.float32) for earlier in proposed]
    for some in _batches([len(earlier) for earlier in proposed]):
        held = {i: seen[keepers[i]].copy() for i in some}
        lengths = [len(proposed[i]) for i in held]
        drawings = np.repeat(np.fromiter(held, np.int32), lengths)
        places = np.concatenate([np.arange(length, dtype=np.int32) for length in lengths])
        earlier = np.concatenate([proposed[i] for i in held])
        before, other = -1, None
        for pair in np.argsort(earlier, kind="stable"):
            i, j = int(drawings[pair]), int(earlier[pair])
            if other is None or j != before:
                before, other = j, held.get(j) or seen[keepers[j]]
            found[i][places[pair]] = difference(other, held[i])
    return found


def held_still(
    seen: MaskedGrids,
    places: Sequence[tuple[int, int]],
    proposed: Sequence[Numbers],
    distances: Sequence[Differences],
    least: Mapping[int, float],
    sway: Sway,
    swaying: Collection[int],
) -> list[Differences]:
    """Return the differences without what a camera that sways has in them, where it leaves those of one drawing.

    places: of each drawing its shot, and its frame. Asked of the _NEAREST of a shot in which a camera sways, and
    elsewhere of the nearest alone: it may sway by so little that only drawings that return show it. least: as in
    `shot_levels`. swaying: shots in which it does.
    """
    found, sways = [], set(swaying)
    for (shot, frame), earlier, distance in zip(places, proposed, distances, strict=True):
        like = [k for k in np.argsort(distance, kind="stable").tolist() if places[earlier[k]][0] == shot]
        still = distance.copy()
        for k in like[: _NEAREST if shot in sways else 1]:
            apart = float(distance[k])
            far = apart > least[shot]
            reach = REACH if shot in sways else HARDLY
            known = sway.explained(seen[places[earlier[k]][1]], seen[frame], least[shot], reach) if far else None
            if known is not None and known[0] <= known[1]:
                still[k] = min(known[0], apart)
                sways.add(shot)
        found.append(still)
    return found


def _batches(pairs: Sequence[int]) -> Iterator[range]:
    """Drawings, by how many pairs each has, as stretches of at most _HELD, and of _PAIRS pairs if not of one."""
    start = total = 0
    for i, more in enumerate(pairs):
        if i - start == _HELD or (total + more > _PAIRS and i > start):
            yield range(start, i)
            start, total = i, 0
        total += more
    if start < len(pairs):
        yield range(start, len(pairs))


def recurring_threshold(distances: Sequence[Differences], noise: float = 0.0, held: float = 0.0) -> float:
    """Return the block difference up to which a drawing is one that was there before, from this video's pairs.

    noise: what grain alone does not reach (genga.drawings.static_tiles.block_noise). held: by how much frames of one
    hold may differ; a repeat was encoded anew, and is no nearer.
    """
    nearest = [float(found.min()) for found in distances if len(found)]
    low = max(_LOW, noise, held)
    return valley(np.array(nearest, np.float64), max(_USUAL, low), low, max(_HIGH, _ANEW * low))


def shot_levels(
    shots: Sequence[int],
    steps: Sequence[float | None],
    least: Mapping[int, float],
    proposed: Sequence[Numbers],
    distances: Sequence[Differences],
    level: float,
) -> list[float]:
    """Return for each drawing the block difference up to which one of its shot was there before: `level`, or less.

    Drawings that follow each other in a shot differ, and by how much says how finely it has to be told: its repeats
    differ less. So the level is the valley among the pairs of the shot, between its noise and its smallest steps.
    shots, steps: of each drawing its shot, and the block difference to the drawing before it there, if there is one.
    least: for each shot the block difference from which a drawing is new, which is above its noise.
    """
    found: dict[int, float] = {}
    level = min(level, _finest(steps, shots, least))
    for shot in sorted(set(shots)):
        own = [step for step, where in zip(steps, shots, strict=True) if where == shot and step is not None]
        if not own:
            found[shot] = level
            continue
        low, high = least[shot], float(np.quantile(own, _SMALL))
        if high <= low:  # where so many are faint, the others say it
            high = float(np.quantile([step for step in own if step > low] or [low], _SMALL))
        pairs = [
            float(d)
            for i, (earlier, apart) in enumerate(zip(proposed, distances, strict=True)) if shots[i] == shot
            for j, d in zip(earlier, apart, strict=True) if shots[int(j)] == shot
        ]  # fmt: skip
        among = valley(np.array(pairs), float(np.sqrt(low * high)), low, high) if high > low else low
        found[shot] = min(level, among)
    following = [*zip(shots[1:], steps[1:], strict=True), (None, None)]
    return [
        min([found[shot], *(_FAINTER * one for one in (step, then if shot == other else None) if one is not None)])
        for shot, step, (other, then) in zip(shots, steps, following, strict=False)
    ]


def _finest(steps: Sequence[float | None], shots: Sequence[int], least: Mapping[int, float]) -> float:
    """Return the block difference from which no drawing of the video is a repeat, as what follows another is none.

    Arguments: those of `shot_levels`.
    """
    drawn = [step for step, shot in zip(steps, shots, strict=True) if step is not None and step > least[shot]]
    usual = max(least.values(), default=0.0)
    return max(usual, _FAINTER * float(np.quantile(drawn, _SMALL))) if drawn else UNLIKE


def repeats(
    proposed: Sequence[Numbers],
    distances: Sequence[Differences],
    levels: Sequence[float],
    told: Collection[int] = (),
) -> dict[int, int]:
    """Return for each drawing that is a repeat the drawing it repeats.

    Only drawings that are no repeats themselves are repeated; the one that differs least is chosen. levels: block
    difference up to which each drawing may differ; of two the smaller one counts. told: drawings that are told from
    the one before them by less than repeats differ by; they repeat nothing that it repeats.
    """
    found: dict[int, int] = {}
    for drawing, (earlier, distance) in enumerate(zip(proposed, distances, strict=True)):
        another = found.get(drawing - 1, drawing - 1) if drawing in told else None
        near = [
            (float(d), int(j))
            for d, j in zip(distance, earlier, strict=True)
            if d <= min(levels[drawing], levels[int(j)]) and int(j) not in found and int(j) != another
        ]
        if near:
            found[drawing] = min(near)[1]
    return found
