"""Drawings that a series' episodes share: openings, endings, eyecatches, recaps, found in an earlier episode.

What episodes share is the same film at another time, so it is looked for as such. Signatures propose by how much the
time is shifted between two episodes: many drawings that are alike at one shift are no chance. At each such shift every
kept drawing is compared with the earlier episode's frame of that time, by the block difference, whose threshold is the
valley between repeats and new ones among these pairs. Only rows of several drawings in one stretch of film count: a
plain background, or a face before the same wall, is alike once, not in step. What an earlier episode itself found
in a still earlier one leads on to there, so that a series has one keeper for a drawing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from genga.drawings._dedup.recurring import recurring_threshold
from genga.drawings._text.tracks import Lettering, MaskedGrids, difference
from genga.drawings.signatures import Codes, nearest
from genga.params.dedup import Params
from genga.tables.dedup import DEDUP
from genga.tables.schema import only
from genga.video.luma_grid import Grids

_ROW = 3  # drawings of one stretch that must be found again: fewer may be alike by chance
_APART = 10.0  # s without any that end a stretch; between them credits and subtitles may differ
_NEAREST = 8  # earlier frames a drawing's signature may propose
_SHIFTS = 64  # shifts looked at, those with the most drawings

Numbers = npt.NDArray[np.int64]  # (n,) frames


@dataclass(frozen=True)
class Film:
    """An episode as a film: `table` as dedup has it, `frames` and `cells` as frames has them."""

    name: str  # without its series
    table: pl.DataFrame
    frames: pl.DataFrame
    cells: Grids
    texts: Sequence[Lettering] = ()  # lines of burnt-in text, which are not compared


@dataclass(frozen=True)
class Match:
    """A drawing found again in an earlier episode."""

    episode: str
    keeper: int  # its frame that stands for the drawing
    distance: float  # block difference to the frame that was compared
    moved: bool = False  # whether what the compared frame shows is elsewhere in the keeper's picture


@dataclass
class Stretch:
    """Kept drawings of this episode that an earlier one shows at the same shift of time."""

    found: dict[int, tuple[int, float]] = field(default_factory=dict)  # drawing -> its frame there, and the distance
    until: float = -np.inf  # s, when the last of them ends


def shared(own: Film, earlier: Sequence[Film], params: Params) -> pl.DataFrame:
    """Return `own.table` with the drawings that an earlier episode shows given to that episode, for reason `series`.

    earlier: those to look in, the first one first; whichever shows a drawing first has it. One whose picture has
    another shape is left out. Only drawings of reason `kept` are looked for: a person's decision stays.
    """
    found: dict[int, Match] = {}
    for other in earlier:
        if len(own.cells) and len(other.cells) and own.cells[0].shape == other.cells[0].shape:
            found = matches(own, other, params) | found
    again = pl.DataFrame(
        [
            (keeper, match.keeper, match.episode, match.distance, [] if match.moved else None)
            for keeper, match in sorted(found.items())
        ],
        schema={"own": DEDUP["keeper"], **only(DEDUP, "keeper", "keeper_episode", "distance", "motion")},
        orient="row",
    )
    rows = own.table.join(again, left_on="keeper", right_on="own", how="left", maintain_order="left", suffix="_there")
    is_own = pl.col("keeper_there").is_null()
    return rows.with_columns(
        keeper=pl.coalesce("keeper_there", "keeper"),
        keeper_episode=pl.coalesce("keeper_episode_there", "keeper_episode"),
        reason=pl.when(is_own).then("reason").otherwise(pl.lit("series")),
        distance=pl.coalesce("distance_there", "distance"),
        # Both motions one after another would need both grids to say where they hold: it is not known then.
        motion=pl.when(is_own | (pl.col("reason") != "kept"))
        .then(pl.coalesce("motion_there", "motion"))
        .otherwise("motion_there"),
        beside=pl.when(is_own).then("beside"),
        unlike=pl.when(is_own | (pl.col("reason") != "kept")).then("unlike"),
    ).select(own.table.columns)


def matches(own: Film, other: Film, params: Params) -> dict[int, Match]:
    """Return each kept drawing of `own` that `other` shows in step with others -> what stands for it."""
    drawings = holds(own.table).filter(pl.col("start") <= pl.col("kept"), pl.col("kept") <= pl.col("end"))
    if drawings.is_empty() or other.table["keeper"].null_count() == len(other.table):
        return {}
    seen = MaskedGrids(own.cells, own.texts), MaskedGrids(other.cells, other.texts)
    compared = {shift: distances(own, other, seen, drawings["kept"].to_numpy(), shift, params.signature)
                for shift in shifts(own, other, drawings, params.signature)}  # fmt: skip
    least: dict[int, float] = {}
    for at in compared.values():
        for drawing, (_, distance) in at.items():
            least[drawing] = min(distance, least.get(drawing, distance))
    level = recurring_threshold([np.array([value], np.float32) for value in least.values()])
    level = level if params.recurring is None else params.recurring
    times = own.frames["time"].to_numpy()
    ends = dict(drawings.select("kept", "end").iter_rows())
    found: dict[int, tuple[int, float]] = {}
    every = [stretch for at in compared.values() for stretch in stretches(at, times, ends, level)]
    for stretch in sorted(every, key=lambda stretch: len(stretch.found)):  # the longest has the last word
        found |= stretch.found
    stands = other.table.select("keeper", "keeper_episode", "motion").rows()
    return {drawing: Match(home or other.name, keeper, distance, motion is not None and (home, keeper) != (None, frame))
            for drawing, (frame, distance) in found.items() for keeper, home, motion in [stands[frame]]}  # fmt: skip


def holds(table: pl.DataFrame) -> pl.DataFrame:
    """Return start and end (the last frame) of each stretch of frames with one keeper, and `kept`.

    kept: the keeper if it is a drawing of reason `kept`, else null.
    """
    which = pl.struct("keeper", "keeper_episode").rle_id()
    kept = table.filter(pl.col("reason") == "kept")["frame"]
    shown = table.with_columns(hold=which).filter(pl.col("keeper").is_not_null())
    runs = shown.group_by("hold", maintain_order=True).agg(
        start=pl.col("frame").min(),
        end=pl.col("frame").max(),
        kept=pl.when(pl.col("keeper_episode").is_null()).then("keeper").first(),
    )
    return runs.select("start", "end", pl.when(pl.col("kept").is_in(kept.implode())).then("kept").alias("kept"))


def shifts(own: Film, other: Film, drawings: pl.DataFrame, bits: int) -> list[float]:
    """Return by how many s `own` may show film of `other` later, at most _SHIFTS, that of the most drawings first.

    A drawing's first frame proposes the first frames of the other's drawings whose signatures are the nearest to its
    own, and differ in at most `bits` bits.
    """
    here, there = drawings["start"].to_numpy(), holds(other.table)["start"].to_numpy()
    far, near = nearest(codes_of(own.frames)[here], codes_of(other.frames)[there], min(_NEAREST, len(there)))
    now, then = own.frames["time"].to_numpy()[here], other.frames["time"].to_numpy()[there]
    step = frame_step(own.frames)
    votes = Counter(
        steps for k in range(len(here)) for steps in {round((now[k] - then[j]) / step) for j in near[k][far[k] <= bits]}
    )
    around = {steps: sum(votes[steps + off] for off in (-1, 0, 1)) for steps in votes}
    likely = sorted((steps for steps, count in around.items() if count >= _ROW),
                    key=lambda steps: (-around[steps], -votes[steps], steps))  # fmt: skip
    return [steps * step for steps in likely[:_SHIFTS]]


def distances(
    own: Film, other: Film, seen: tuple[MaskedGrids, MaskedGrids], drawings: Numbers, shift: float, bits: int
) -> dict[int, tuple[int, float]]:
    """Return each drawing -> the other's frame `shift` s before, or one beside it, that differs least, and by how much.

    seen: the pictures of both. Left out are drawings with no such frame, or whose signatures differ in more than
    `bits` bits from all of them.
    """
    times = other.frames["time"].to_numpy()
    shown = other.table["keeper"].is_not_null().to_numpy()
    codes, own_codes = codes_of(other.frames), codes_of(own.frames)
    wanted = own.frames["time"].to_numpy()[drawings] - shift
    middle = np.searchsorted(times, wanted - frame_step(own.frames) / 2)
    found: dict[int, tuple[int, float]] = {}
    for off in (0, -1, 1):  # the frame of that time before its neighbours
        frames = np.clip(middle + off, 0, len(times) - 1)
        near = np.bitwise_count(codes[frames] ^ own_codes[drawings]).sum(axis=1) <= bits
        inside = (middle + off == frames) & (np.abs(times[frames] - wanted) < 2 * frame_step(own.frames))
        for k in np.flatnonzero(near & inside & shown[frames]):
            drawing, frame = int(drawings[k]), int(frames[k])
            distance = difference(seen[1][frame], seen[0][drawing])
            if drawing not in found or distance < found[drawing][1]:
                found[drawing] = frame, distance
    return found


def stretches(
    at: Mapping[int, tuple[int, float]], times: npt.NDArray[np.float64], ends: Mapping[int, int], level: float
) -> Iterator[Stretch]:
    """Yield the stretches of at least _ROW drawings that differ by no more than `level`.

    at: drawings compared at one shift, see `distances`. times: of the frames, s. ends: of the drawings, last frames.
    """
    stretch = Stretch()
    for drawing in sorted(drawing for drawing, (_, distance) in at.items() if distance <= level):
        if times[drawing] - stretch.until > _APART:
            if len(stretch.found) >= _ROW:
                yield stretch
            stretch = Stretch()
        stretch.found[drawing] = at[drawing]
        stretch.until = float(times[ends[drawing]])
    if len(stretch.found) >= _ROW:
        yield stretch


def codes_of(frames: pl.DataFrame) -> Codes:
    """Return the frames' signatures as (n, bytes)."""
    return np.frombuffer(b"".join(frames["signature"]), np.uint8).reshape(len(frames), -1)


def frame_step(frames: pl.DataFrame) -> float:
    """Return the usual time from a frame to the next, in s; 1 for a single frame."""
    return float(frames["time"].diff().median() or 1.0)  # type: ignore[arg-type]
