"""Whether thresholds hold on videos that they were not chosen on: `python -m bench.left_out [--worlds] [--treated]`.

Every shot's threshold is multiplied by one of FACTORS. For each video, all its encodings together, that factor is
chosen which loses the fewest changes of all *other* videos, and of equal ones keeps the fewest held frames there; the
video is scored with it, beside the threshold as it is (1). Videos as in bench.frames; with `--worlds` also drawn films,
with `--treated` also copies as people have them (bench/_treated.py); `--encodings "native,crf 36"` measures these
encodings alone. The last rows are the sums over each encoding.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import polars as pl
import typer

from bench._keepers import Score, Truth, score
from bench._peers import SAME_FRAMES, encoded
from bench._treated import TREATED
from bench._worlds import WORLDS, drawn
from bench.frames import videos
from bench.models import table
from genga.drawings.dedup import own_drawings
from genga.drawings.frames import frames
from genga.drawings.shots import shots
from genga.jobs.script import progress
from genga.params.dedup import Params as DedupParams
from genga.params.frames import Params as FramesParams
from genga.params.probe import Params as ProbeParams
from genga.params.section import params_of
from genga.params.shots import Params as ShotsParams
from genga.store.shards import writing_shard
from genga.video.decode import decode
from genga.video.grid_store import CellReader, CellWriter
from genga.video.interlace import Fields
from genga.video.probe import probe

FACTORS = (0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0)
HEADER = (
    "video",
    "encoded",
    "chosen on the others",
    "lost",
    "of",
    "wrongly kept",
    "of",
    "as it is: lost",
    "wrongly kept",
)
Scores = Mapping[float, Score]  # by factor


def swept(video: Path, truth: Truth) -> Scores:
    """Return how good the choice of keepers of a video is with its thresholds multiplied by each factor."""
    facts = probe(video, params_of("probe", ProbeParams, ""))
    with tempfile.TemporaryDirectory() as folder:
        with writing_shard(Path(folder) / "cells.tar") as shard:
            decoded = decode(video, 2, fields=Fields.of(facts["fields"]))
            measured = frames(decoded, CellWriter(shard), params_of("frames", FramesParams, ""), facts["weave"])
        with CellReader(measured, "/") as cells:
            found = shots(measured, cells, params_of("shots", ShotsParams, ""))

            def kept(factor: float) -> pl.DataFrame:
                scaled = found.with_columns(pl.col("threshold") * factor)
                return own_drawings(measured, scaled, cells, {}, params_of("dedup", DedupParams, ""))

            return {factor: score(kept(factor)["keeper"].to_list(), truth) for factor in FACTORS}


def chosen(others: Iterable[Scores]) -> float:
    """Return the factor that loses the fewest changes of these, of equal ones the one that keeps the fewest frames."""
    scores = list(others)

    def cost(factor: float) -> tuple[int, int, float]:
        found = [one[factor] for one in scores]
        return sum(one.lost for one in found), sum(one.wrongly_kept for one in found), abs(factor - 1)

    return min(FACTORS, key=cost)


def rows(measured: Mapping[tuple[str, str], Scores]) -> Iterator[tuple[object, ...]]:
    """Yield a row for each video and encoding, scored by what is chosen on the other videos."""
    for (video, variant), own in measured.items():
        factor = chosen(scores for (other, _), scores in measured.items() if other != video)
        left, usual = own[factor], own[1.0]
        yield (video, variant, factor, left.lost, left.changes, left.wrongly_kept, left.held, usual.lost,
               usual.wrongly_kept)  # fmt: skip


def sums(found: Sequence[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    """Yield a row for each encoding: the sums of the rows about it."""
    for variant in dict.fromkeys(row[1] for row in found):
        numbers = [row[3:] for row in found if row[1] == variant]
        yield ("all", variant, "", *(sum(column) for column in zip(*numbers, strict=True)))


def main(
    raw: Path = typer.Option(Path("data/raw/sample"), help="folder of the drawn episodes"),
    truth: Path = typer.Option(Path("data/truth/sample"), help="folder of the truth about them"),
    cache: Path = typer.Option(Path("data/bench/frames"), help="folder of the encoded variants"),
    worlds: bool = typer.Option(False, help="also the films of bench/_worlds.py"),
    treated: bool = typer.Option(False, help="also copies as people have them (bench/_treated.py)"),
    encodings: str = typer.Option(",".join(SAME_FRAMES), help="which of them"),
) -> None:
    """Score each video with what is best on all others."""
    cv2.setNumThreads(1)
    every: Sequence[tuple[Path, Truth]] = list(videos(raw, truth))
    if worlds:
        every = [*every, *(drawn(name, cache.parent / "worlds") for name in WORLDS)]
    variants = [*encodings.split(","), *(TREATED if treated else ())]
    asked = [(video, true, variant) for video, true in every for variant in variants]
    measured = {
        (video.stem, variant): swept(encoded(video, variant, cache), true)
        for video, true, variant in progress(asked, len(asked), "measure", "encodings")
    }
    found = list(rows(measured))
    print(table(HEADER, [*found, *sums(found)]))


if __name__ == "__main__":
    typer.run(main)
