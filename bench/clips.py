"""Whether clips are right, and what they cost: `python -m bench.clips` in a project whose sample series has clips.

Timing: of each drawn shot at rest, on which its clips are sampled, beside what it was drawn on. Cuts and dissolves: of
the drawn truth, and of labelled clips where there are such (GENGA_CLIPS, else ../shared/clips), which a kept clip may
not go across. Rate: how long the pictures of a clip last at the rate of the table, beside how long they were drawn to.

Cost: CPU of the clips table beside that of decoding and measuring every frame (stage frames), each the least of
several. Random access: CPU of all clips' pictures, clips in any order, beside a plain loop of PyAV that goes to the
keyframe before each clip and decodes all frames up to its last; both convert what is shown to RGB.

Prints the tables of docs/clips.md.
"""

import importlib
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import polars as pl
import typer

from bench.models import table
from genga.dataset import clips as stage
from genga.dataset._clips import sampling
from genga.dataset.clips import Episode, clips, read_episode
from genga.drawings.frames import frames
from genga.images.rgb import Converter
from genga.params.clips import Params
from genga.params.frames import Params as Frames
from genga.params.section import params_of
from genga.store.files import read_facts, read_json
from genga.store.parquet import empty, read_table
from genga.store.shards import writing_shard
from genga.tables.detect import DETECT
from genga.tables.quality import QUALITY
from genga.tables.tag import TAG
from genga.video.decode import decode_probed
from genga.video.decode_errors import Damage
from genga.video.footage import Footage
from genga.video.grid_store import CellWriter

DATA, SERIES = Path("data"), "sample"
ROUNDS = 3
ORDER = 0  # seed of the order in which clips are asked for
LABELLED = Path(os.environ.get("GENGA_CLIPS") or Path(__file__).resolve().parents[2] / "shared" / "clips")
LINE = ("probe", "frames", "shots", "dedup", "stills")
LEAST = 2  # changes of drawing that a shot needs for what it is drawn on to be seen

Row = dict[str, Any]


def cpu(what: Callable[[], object]) -> float:
    """CPU of one call, s, the least of several."""
    found = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        what()
        found.append(time.process_time() - begun)
    return min(found)


def drawn_on(truth: Row, shot: Row, params: Params) -> float | None:
    """On how many frames a shot at rest was drawn; None where what moves is too little, or held too long, to say."""
    drawings = truth["drawing"][shot["start"] : shot["end"]]
    changes = sum(a != b and min(a, b) >= 0 for a, b in pairwise(drawings))  # below 0: black, or mixed
    said = shot["camera"] == "static" and changes >= LEAST and shot["timing"] <= params.slowest
    return shot["timing"] if said else None


def timing(rows: pl.DataFrame, truth: Row, params: Params) -> Iterator[tuple[float, float]]:
    """Yield what each drawn shot was drawn on and what its clips are sampled on, in frames."""
    rate = truth["fps"][0] / truth["fps"][1]
    for shot in truth["shots"]:
        on = drawn_on(truth, shot, params)
        inside = rows.filter(pl.col("first") >= shot["start"], pl.col("last") < shot["end"])
        if on is not None and not inside.is_empty():
            yield on, rate / inside["rate"][0]


def across(kept: pl.DataFrame, cuts: Sequence[int], mixed: Sequence[Sequence[int]]) -> int:
    """How many clips go across a cut, or show a frame of a dissolve or fade. mixed: first and last frame."""
    return sum(
        any(first < cut <= last for cut in cuts) or any(first <= b and a <= last for a, b in mixed)
        for first, last in kept.select("first", "last").iter_rows()
    )


def rate_off(rows: pl.DataFrame, truth: Row) -> float:
    """The largest part by which how long a clip's pictures last at their rate differs from how long they were drawn."""
    rate = truth["fps"][0] / truth["fps"][1]
    frames = pl.col("last") - pl.col("first") + 1
    lasts = rows.select((pl.col("frames").list.len() / pl.col("rate")) / (frames / rate) - 1).to_series()
    return float(lasts.abs().to_numpy().max())


def without_tags(name: str, folder: Path) -> Episode:
    """A labelled clip as stage clips reads it, of whose tags nothing is known."""
    names = {"frames": stage.OF_FRAMES, "shots": stage.OF_SHOTS, "dedup": sampling.OF_DEDUP, "stills": stage.OF_STILLS}
    tables = [read_table(folder / f"data/{one}/{name}.parquet", columns) for one, columns in names.items()]
    probed = read_facts(folder / f"data/probe/{name}.json")
    return Episode(name, probed, *tables, *(empty(of) for of in (QUALITY, TAG, DETECT)))


def labelled(params: Params) -> Iterator[tuple[str, int, int]]:
    """Yield name, kept clips, and how many go across a labelled cut or dissolve, of each labelled clip."""
    probe, frames, shots, dedup, stills = (importlib.import_module(f"scripts.{name}") for name in LINE)
    before = Path.cwd()
    for label in sorted(LABELLED.glob("*.json")):
        said = read_json(label)
        name = f"labelled/{label.stem}"
        at = {one: Path(f"data/{one}/{name}.parquet") for one in ("frames", "shots", "dedup", "stills")}
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "params.yaml").write_bytes(Path("params.yaml").read_bytes())
            os.chdir(folder)
            try:
                seen, video = Path(f"data/probe/{name}.json"), label.with_suffix(".mp4")
                probe.main(video, seen, "")
                frames.main(video, seen, at["frames"], at["frames"].with_suffix(".tar"), "", 1)
                shots.main(at["frames"], at["shots"], "")
                dedup.main(at["frames"], at["shots"], at["dedup"], None, [], [], [], "")
                images = at["stills"].with_suffix(".tar")
                stills.main(video, seen, at["frames"], at["dedup"], at["stills"], images, "", 1)
                kept = clips(without_tags(name, Path(".")), params).filter(pl.col("reason").is_null())
            finally:
                os.chdir(before)
        yield label.stem, kept.height, across(kept, said["hard_cuts"], said["dissolves"])


def by_footage(video: Path, probed: Row, rows: Sequence[Row], scaling: str) -> None:
    with Footage(video, probed, scaling) as footage:
        for row in rows:
            footage.pictures(row["times"], row["keys"])


def by_pyav(video: Path, rows: Sequence[Row], scaling: str) -> None:
    """The plain loop: to the keyframe before a clip's first frame, then every frame up to its last."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        convert = Converter.of(stream, scaling)
        for row in rows:
            wanted = set(row["times"])
            start = min(zip(row["times"], row["keys"], strict=True))[1]
            container.seek(round(start / stream.time_base), stream=stream)
            for frame in container.decode(stream):
                if frame.time in wanted:
                    convert.image(frame)
                if frame.time >= max(wanted):
                    break


def measured(video: Path, probed: Row, values: Frames) -> None:
    """Stage frames, as its script runs it, into a shard that is thrown away."""
    decoded = decode_probed(video, probed, 1, Damage(), "off", "frames bench")
    with tempfile.TemporaryDirectory() as folder, writing_shard(Path(folder, "cells.tar")) as shard:
        frames(decoded, CellWriter(shard), values, probed["weave"])


def costs_of(video: Path, episode: Episode, kept: Sequence[Row], params: Params, scaling: str) -> list[float]:
    """CPU of an episode's table of clips, of stage frames, of random access to its clips, and of the plain loop, s."""
    values = params_of("frames", Frames, "")
    order = random.Random(ORDER).sample(kept, len(kept))
    return [
        cpu(partial(clips, episode, params)),
        cpu(partial(measured, video, dict(episode.probed), values)),
        cpu(partial(by_footage, video, dict(episode.probed), order, scaling)),
        cpu(partial(by_pyav, video, order, scaling)),
    ]


def main() -> None:
    """Measure clips of the sample series here, and of labelled clips."""
    params, names = (
        params_of("clips", Params, ""),
        sorted(one.stem for one in (DATA / "frames" / SERIES).glob("*.parquet")),
    )
    on: list[tuple[float, float]] = []
    crossed, kept_of, off, costs = 0, 0, 0.0, []
    for name in names:
        episode = read_episode(DATA, f"{SERIES}/{name}", read_facts(DATA / "probe" / SERIES / f"{name}.json"))
        rows = clips(episode, params)
        kept = rows.filter(pl.col("reason").is_null())
        truth = json.loads((DATA / "truth" / SERIES / f"{name}.json").read_text(encoding="utf-8"))
        on += list(timing(rows, truth, params))
        crossed, kept_of = (
            crossed + across(kept, truth["cuts"], truth["dissolves"] + truth["fades"]),
            kept_of + kept.height,
        )
        off = max(off, rate_off(kept, truth))
        video = next((DATA / "raw" / SERIES).glob(f"{name}.*"))
        costs.append(costs_of(video, episode, list(kept.iter_rows(named=True)), params, "lanczos"))
    right = sum(abs(told - drawn) <= 0.05 * drawn for drawn, told in on)
    making, measuring, ours, plain = (sum(column) for column in zip(*costs, strict=True))
    print(
        table(
            ("of the drawn series", "is", "may be"),
            [
                ("shots sampled as they are drawn", f"{right} of {len(on)} ({100 * right / len(on):.0f} %)", "95 %"),
                ("kept clips across a cut, dissolve or fade", f"{crossed} of {kept_of}", "0"),
                ("rate off by at most", f"{100 * off:.3f} %", "0.1 %"),
                ("CPU of the table, of that of stage frames", f"{100 * making / measuring:.1f} %", "5 %"),
                ("CPU of random access, of the plain loop's", f"{ours / plain:.2f}", "2"),
            ],
        )
    )
    with redirect_stdout(sys.stderr):  # what the stages say
        found = [(name, str(kept), str(over)) for name, kept, over in labelled(params)]
    print()
    print(table(("labelled clip", "kept", "across a cut or dissolve"), found))


if __name__ == "__main__":
    typer.run(main)
