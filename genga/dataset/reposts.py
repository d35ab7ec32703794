"""Drawings of short clips that other clips of the series show too: the same clip again, mirrored, cropped, sped up.

Clips are proposed to each other by drawings whose signatures differ in few bits, as they are or one mirrored
(genga.dataset.split.alike). Two clips are then held against each other drawing by
drawing: one is the other again, or a part of it, where most drawings of the shorter one are found in the longer, in the
same order. One drawing that is alike may be chance; a row of them in order is not, so that more bits may differ there
than where a drawing stands alone.

Of two such clips the one with the larger picture is kept, then that with more drawings, then whose name comes first;
what the other shows of it is that clip's, and what it shows besides stays its own. Which images of a drawing are left
out for it, that is genga.dataset.filters.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from genga.dataset.split import alike
from genga.tables.dataset import MIRRORED
from genga.tables.left_out import LEFT_OUT
from genga.tables.schema import only

PROPOSED = 40  # bits of 256 up to which one drawing proposes two clips to each other
ALIKE = 64  # bits up to which drawings of two clips count as one, where enough others do, in order
ALONE = 12  # bits up to which they do where the shorter clip has no more drawings than that
PART = 0.6  # part of the shorter clip's drawings that must be found

Codes = npt.NDArray[np.uint8]  # (n, bytes) signatures
Match = dict[int, int]  # drawing of a clip -> drawing of another


@dataclass(frozen=True)
class Clip:
    name: str  # series/clip
    first: int  # its drawings, in order: rows [first, end)
    end: int
    px: int  # of a picture

    @property
    def rank(self) -> tuple[int, int, str]:  # of clips that are one the first is kept
        return -self.px, self.first - self.end, self.name


def reposts(stills: pl.DataFrame) -> pl.DataFrame:
    """Return each still that another clip shows too, with the still that is kept in its place: still, same_as.

    stills: still (series/clip/frame), signature, width, height.
    """
    schema = only(LEFT_OUT, "still", "same_as")
    if stills.is_empty():
        return pl.DataFrame(schema=schema)
    rows = stills.sort("still")
    names = rows["still"].to_list()
    codes = np.frombuffer(b"".join(rows["signature"].to_list()), np.uint8).reshape(len(names), -1)
    ranked = sorted(_clips(rows), key=lambda clip: clip.rank)
    ranks = {clip.name: place for place, clip in enumerate(ranked)}
    proposed = alike([name.rpartition("/")[0] for name in names], rows["signature"].to_list(), PROPOSED)
    given: dict[int, int] = {}
    for kept, again in sorted(sorted((ranks[a], ranks[b])) for a, b in proposed):
        for drawing, stands in matched(codes, ranked[again], ranked[kept]).items():
            given.setdefault(drawing, stands)
    rows_again = [(names[drawing], names[_root(given, drawing)]) for drawing in sorted(given)]
    return pl.DataFrame(rows_again, schema=schema, orient="row")


def _clips(rows: pl.DataFrame) -> list[Clip]:
    """The clips of stills that are sorted by name."""
    of = rows.with_row_index("row").group_by(pl.col("still").str.replace(r"/[^/]*$", ""), maintain_order=True)
    px = (pl.col("width") * pl.col("height")).max()
    found = of.agg(pl.col("row").first(), end=pl.col("row").last() + 1, px=px).rows()
    return [Clip(*each) for each in found]


def matched(codes: Codes, again: Clip, kept: Clip) -> Match:
    """Return the drawings of `again` that are those of `kept`, if one clip is the other again, or a part of it."""
    theirs, shown = codes[kept.first : kept.end], codes[again.first : again.end]
    found: Match = {}
    for asked in (shown, shown ^ np.uint8(MIRRORED)):
        bits = np.bitwise_count(asked[:, None] ^ theirs[None]).sum(axis=2, dtype=np.int64)
        nearest_of = bits.argmin(axis=1)
        alike = np.flatnonzero(bits.min(axis=1) <= ALIKE)
        rows = in_order(nearest_of[alike].tolist())
        pairs = {int(alike[row]): int(nearest_of[alike[row]]) for row in rows}
        shorter = min(len(shown), len(theirs))
        seen = min(len(pairs), len(set(pairs.values())))
        if shorter == 1:
            pairs = {a: b for a, b in pairs.items() if bits[a, b] <= ALONE}
            seen = len(pairs)
        if seen >= max(1, PART * shorter) and (shorter == 1 or seen > 1) and len(pairs) > len(found):
            found = pairs
    return {again.first + a: kept.first + b for a, b in found.items()}


def in_order(numbers: Sequence[int]) -> list[int]:
    """Return the places of the longest run of numbers, not necessarily side by side, that never falls."""
    ends: list[int] = []  # least last number of a run of each length
    places: list[int] = []  # of those
    before: list[int | None] = []
    for place, number in enumerate(numbers):
        at = bisect_left(ends, number + 1)
        before.append(places[at - 1] if at else None)
        ends[at : at + 1], places[at : at + 1] = [number], [place]
    run: list[int] = []
    at_place: int | None = places[-1] if places else None
    while at_place is not None:
        run.append(at_place)
        at_place = before[at_place]
    return run[::-1]


def _root(given: dict[int, int], drawing: int) -> int:
    """The drawing that stands for one in the end."""
    seen = {drawing}
    while (drawing := given.get(drawing, drawing)) not in seen:
        seen.add(drawing)
    return drawing


def shots_of(reposted: pl.DataFrame, stills: pl.DataFrame) -> Iterable[tuple[str, str]]:
    """Return the shots that are to stay together, for they show one drawing. stills: still, shot."""
    shots = stills.select("still", "shot")
    both = reposted.join(shots, on="still").join(shots, left_on="same_as", right_on="still", suffix="_kept")
    return set(both.select("shot", "shot_kept").iter_rows())
