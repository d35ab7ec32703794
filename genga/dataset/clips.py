"""Divide an episode into clips: which frames are a moving picture together, how it moves, and what is on it.

Nothing is decoded and no px is written: what a clip shows is a list of frames (`genga.video.footage` decodes them). All
is told from the tables of other stages and from the grids: which frames (genga.dataset._clips.sampling), how they move
and what speaks against them (genga.dataset._clips.motion), what is on them (genga.dataset._clips.tags).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

from genga.dataset._clips import motion, sampling, tags
from genga.dataset._clips.motion import covered, moves, reason
from genga.dataset._clips.sampling import Cut, Film, cuts, keys, stretches, travelled
from genga.dataset._clips.tags import Scores, scores, voted
from genga.errors import GengaError
from genga.params.clips import Params
from genga.store.parquet import read_table
from genga.tables.clips import CLIPS
from genga.tables.frames import GRID
from genga.tables.quality import QUALITY, TIERS
from genga.tables.schema import only
from genga.tables.stills import STILLS
from genga.video.grid_store import CellReader
from genga.video.luma_grid import Grids

OF_FRAMES = {**sampling.OF_FRAMES, **motion.OF_FRAMES, **GRID}
OF_SHOTS = {**sampling.OF_SHOTS, **motion.OF_SHOTS}
OF_STILLS = only(STILLS, "still", "frame", "x0", "y0", "x1", "y1")
OF_QUALITY = only(QUALITY, "still", "tier")

Size = tuple[int, int]  # width, height, px


@dataclass(frozen=True)
class Episode:
    """What other stages say of an episode."""

    name: str  # series/episode
    probed: Mapping[str, Any]  # what probe found
    frames: pl.DataFrame  # OF_FRAMES
    shots: pl.DataFrame  # OF_SHOTS
    keepers: pl.DataFrame  # of dedup, see sampling.OF_DEDUP
    stills: pl.DataFrame  # OF_STILLS
    quality: pl.DataFrame  # OF_QUALITY
    tags: pl.DataFrame  # see tags.OF_TAG
    boxes: pl.DataFrame  # of detect, see tags.OF_DETECT


def read_episode(data: Path, name: str, probed: Mapping[str, Any]) -> Episode:
    """Read the tables of an episode, series/episode, below the folder `data`."""

    def of(stage: str, columns: Any) -> pl.DataFrame:
        return read_table(data / stage / f"{name}.parquet", columns)

    return Episode(
        name, probed, of("frames", OF_FRAMES), of("shots", OF_SHOTS), of("dedup", sampling.OF_DEDUP),
        of("stills", OF_STILLS), of("quality", OF_QUALITY), of("tag", tags.OF_TAG), of("detect", tags.OF_DETECT),
    )  # fmt: skip


def clips(episode: Episode, params: Params) -> pl.DataFrame:
    """Return a row per clip of an episode (CLIPS), in order. Reads the grids of the frames.

    Raises GengaError where the tables are not of one episode.
    """
    if len(episode.keepers) != len(episode.frames):
        raise GengaError(
            f"stage dedup knows {len(episode.keepers)} frames of {episode.name}, frames {len(episode.frames)}; make its"
            " tables again"
        )
    film = Film.of(episode.frames, episode.shots, episode.keepers, episode.probed["usual_rate"])
    with CellReader(episode.frames) as cells:
        found = _Drawings.of(episode)
        rows = [
            found.row(cut, film, cells, params)
            for stretch in stretches(episode.shots, episode.keepers, params)
            for cut in cuts(film, stretch, params)
        ]
    return pl.DataFrame(rows, schema=dict(CLIPS))


@dataclass(frozen=True)
class _Drawings:
    """What is known of an episode's frames and drawings, as a clip's row asks for it."""

    episode: str
    times: list[float]
    keys: list[float | None]
    luma: list[float]
    lines: dict[int, list[motion.Row]]  # of burnt-in text, by shot
    travelled: set[int]  # frames over which the camera moves
    keeper: list[int | None]  # of each frame the frame whose still shows its drawing; None: no still here does
    again: list[bool]  # of each frame whether an earlier episode has its drawing
    still: dict[int, str]
    size: dict[int, Size]
    whole: Size  # of a frame without a still
    tier: dict[str, str]
    scores: Scores

    @staticmethod
    def of(episode: Episode) -> "_Drawings":
        stills = episode.stills
        own = pl.when(pl.col("keeper_episode").is_null()).then("keeper")
        across, down = (pl.col("x1") - pl.col("x0")).alias("across"), (pl.col("y1") - pl.col("y0")).alias("down")
        return _Drawings(
            episode.name,
            episode.frames["time"].to_list(),
            keys(episode.frames),
            episode.frames["luma"].to_list(),
            dict(episode.shots.select("shot", "lettering").iter_rows()),
            travelled(episode.shots),
            episode.keepers.select(own)["keeper"].to_list(),
            episode.keepers["keeper_episode"].is_not_null().to_list(),
            dict(stills.select("frame", "still").iter_rows()),
            {frame: (width, height) for frame, width, height in stills.select("frame", across, down).iter_rows()},
            size_of(episode.probed),
            dict(episode.quality.select("still", "tier").iter_rows()),
            scores(episode.tags, episode.boxes),
        )

    def row(self, cut: Cut, film: Film, cells: Grids, params: Params) -> dict[str, Any]:
        """The row of a clip, of CLIPS."""
        keepers = [self.keeper[frame] for frame in cut.frames]
        stills = [None if keeper is None else self.still.get(keeper) for keeper in keepers]
        drawn = list(dict.fromkeys(still for still in stills if still is not None))
        sizes = sorted({self.size[keeper] for keeper in keepers if keeper in self.size}) or [self.whole]
        tiers = [self.tier[still] for still in drawn if still in self.tier]
        row = {
            "clip": f"{self.episode}/{cut.first:06d}-{cut.last:06d}",
            "shot": cut.stretch.shot,
            "first": cut.first,
            "last": cut.last,
            "sample": params.sample,
            "frames": cut.frames,
            "times": [self.times[frame] for frame in cut.frames],
            "keys": [self.keys[frame] for frame in cut.frames],
            "holds": cut.holds,
            "rate": cut.rate,
            "width": sizes[-1][0],
            "height": sizes[-1][1],
            **moves(cut, film, self.luma, cells, self.travelled),
            "luma": round(sum(self.luma[frame] for frame in cut.frames) / len(cut.frames), 2),
            "text": covered(cut.frames, self.lines[cut.stretch.shot]),
            "tier": max(tiers, key=TIERS.index, default=None),
            "stills": drawn,
            "tags": voted(stills, self.scores, params),
        }
        return {**row, "reason": reason(row, len(sizes), all(self.again[cut.first : cut.last + 1]), params)}


def size_of(probed: Mapping[str, Any]) -> Size:
    """Return how large a video's pictures are, px, square, from what probe found: edges cut off, upright."""
    left, top, right, bottom = probed["crop"]
    across, down = map(int, (probed["pixel_aspect"] or "1:1").split(":"))
    width, height = probed["width"] - left - right, probed["height"] - top - bottom
    size = max(1, round(width * Fraction(across, down))), height
    return size if probed["rotation"] % 180 == 0 else size[::-1]


def in_words(table: pl.DataFrame) -> str:
    """Return how many clips are kept, at which rates, and why the others are not."""
    kept = table.filter(pl.col("reason").is_null())
    rates = kept["rate"].round(2).value_counts().sort("count", "rate", descending=[True, False]).head(3).iter_rows()
    out = table["reason"].drop_nulls().value_counts().sort("count", "reason", descending=[True, False]).iter_rows()
    said = ", ".join(f"{count} at {rate:g}/s" for rate, count in rates) or "none"
    left = ", ".join(f"{why} {count}" for why, count in out)
    return f"{kept.height} of {table.height} clips kept ({said})" + (f"; left out: {left}" if left else "")
