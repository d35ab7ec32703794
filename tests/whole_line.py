"""The whole line in one process, stage after stage as the workflow's jobs run them: `whole_line.py THREADS BATCH`.

In the working folder, on the series `tiny` of one episode, of which nothing is there but its video. What so small a
series has nothing for (a camera move, a flash) is computed on drawn input, and its results are written down too.
"""

import hashlib
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from genga.drawings._dedup.flashes import turned_up
from genga.drawings._shots.camera_moves import align, kind_of, reach
from genga.drawings.frames import signature
from genga.images.panorama import stitch
from genga.jobs.script import run
from genga.params.characters import Params
from genga.people.clustering import cluster
from genga.people.differences import Differences
from genga.people.linkage import linked, pairs_of
from genga.stages import LINE
from genga.video.gate_weave import Anchor, beside, small_of

EPISODE, RUN = "tiny/ep01", "r"
MERGED = {"method": "bake_lora", "a": {"base": "base"}, "b": {"run": RUN}, "alpha": 0.5}


def commands(threads: int, batch: int) -> dict[str, list[str]]:
    """The words of each stage's command, by stage, in the order of the line. batch: images that are read at once."""
    table = {stage.name: f"data/{stage.name}/{EPISODE}.parquet" for stage in LINE}
    tar = {name: path.replace(".parquet", ".tar") for name, path in table.items()}
    video, probed = f"data/raw/{EPISODE}.mkv", f"data/probe/{EPISODE}.json"
    shown = [word for name in ("frames", "shots", "dedup", "stills") for word in (f"--in-{name}", table[name])]
    people, dataset, left_out = (f"data/{name}/tiny.parquet" for name in ("characters", "dataset", "dataset/left-out"))
    unplaced = "data/characters/open/tiny.parquet"
    samples, judged = f"data/sample/{RUN}.parquet", f"data/evaluate/{RUN}"
    checkpoints, many = f"models/{RUN}/checkpoints.json", ["--threads", str(threads)]
    models = ["--models", json.dumps({"use": "embedded", "folder": "weights", "device": "cpu", "batch": batch}), *many]
    series = ["--in-data", "data", "--episodes", "episodes.json"]
    drawn = [*shown[6:], "--in-detect", table["detect"], "--in-dedup", table["dedup"]]
    return {
        "probe": ["--in-video", video, "--out", probed],
        "frames": ["--in-video", video, "--in-probe", probed, "--out", table["frames"], "--out-cells", tar["frames"],
                   *many],
        "shots": [*shown[:2], "--out", table["shots"]],
        "dedup": [*shown[:4], "--out", table["dedup"]],
        "stills": ["--in-video", video, "--in-probe", probed, *shown[:2], *shown[4:6], "--out", table["stills"],
                   "--out-shard", tar["stills"], *many],
        "review": [*shown, "--out-page", "data/review/page.html", "--out-figures", "data/review/tiny/ep01.json", *many],
        "detect": [*shown[6:], "--out", table["detect"], *models],
        "quality": [*shown[6:], *shown[2:4], "--out", table["quality"], *many],
        "tag": [*drawn, "--in-quality", table["quality"], "--out", table["tag"], *models],
        "crop": [*drawn, "--in-tag", table["tag"], "--in-quality", table["quality"],
                 "--out", table["crop"], "--out-shard", tar["crop"]],
        "describe": ["--in-stills", table["stills"], "--in-crop", table["crop"], "--out", table["describe"]],
        "embed": ["--in-crop", table["crop"], "--out", table["embed"], *models],
        "overview": [*series, "--out", "data/overview/tiny.html"],
        "characters": [*series, "--out", people, "--out-sheet", "data/characters/tiny.html",
                       "--out-open", unplaced, *models],
        "dataset": [*series, "--in-characters", people, "--out", dataset, "--out-left-out", left_out,
                    "--intrude", "0.5"],
        "clips": ["--in-data", "data", "--in-probe", probed, "--out", "data/clips/tiny/ep01.parquet"],
        "clipset": [*series, "--videos", "videos.json", "--out", "data/clipset/tiny.parquet",
                    "--out-left-out", "data/clipset/left-out/tiny.parquet"],
        "train": ["--in-dataset", dataset, "--run", RUN, "--out", f"models/{RUN}"],
        "sample": ["--in-checkpoints", checkpoints, "--out-table", samples, "--out-shard", f"data/sample/{RUN}.tar"],
        "evaluate": ["--in-samples", samples, "--in-dataset", dataset, "--in-checkpoints", checkpoints, *models,
                     "--out-scores", f"{judged}.json", "--out-table", f"{judged}.parquet",
                     "--out-model", f"models/{RUN}/{RUN}.safetensors"],
        "report": ["--in-scores", f"{judged}.json", "--in-judged", f"{judged}.parquet", "--in-samples", samples,
                   "--in-losses", f"models/{RUN}/losses.parquet",
                   "--in-held-out", f"models/{RUN}/held_out.parquet", "--in-dataset", dataset,
                   "--in-data", "data", "--episodes", "of_run.json",
                   "--out-page", "reports/r.html", "--out-figures", "reports/r.json"],
        "merge": ["--merge", "mix", "--in-a", "demo/weights/base", "--in-b", f"models/{RUN}/{RUN}.safetensors",
                  "--out-model", "models/mix/mix.safetensors", *models[:2], "--params", json.dumps(MERGED)],
    }  # fmt: skip


def others() -> Iterator[tuple[str, Any]]:
    """What is computed on drawn input, by name."""
    drawn = np.random.default_rng(0)
    scene = np.kron(drawn.integers(0, 256, (40, 60, 3)), np.ones((8, 8, 1))).astype(np.uint8)  # 320 x 480 px
    frames = [scene[10 : 210, 3 * n : 300 + 3 * n].copy() for n in range(4)]  # fmt: skip
    grids = [frame[::2, ::2, 0].copy() for frame in frames]
    moved = align(grids[0], grids[1])
    assert moved is not None
    yield "camera move", [moved[0].tolist(), moved[1], kind_of(moved[0], grids[0].shape), reach([moved[0]], (100, 150))]
    yield "panorama", hashlib.sha256(stitch(frames)[0].tobytes()).hexdigest()
    first, second = (small_of(frame[:, :, 0], 8) for frame in frames[:2])
    yield "weave", beside(Anchor(first), second)
    lit = turned_up(grids[0], (grids[0] * 0.5 + 120).astype(np.uint8))
    yield "flash", None if lit is None else hashlib.sha256(lit.tobytes()).hexdigest()
    yield "signatures", [signature(grid).hex() for grid in grids]
    points = drawn.integers(0, 6, (90, 1)) + drawn.random((90, 2))
    apart = np.round(np.sqrt(np.square(points[:, None] - points).sum(axis=2)), 4).astype(np.float32)
    for method in ("optics", "hdbscan"):
        how = Params(
            method=method, min_crops=3, join=1.0, few_shots=2, few_join=2.0, adopt_share=0.5, merge_share=0.8,
            track=True, track_overlap=0.5, track_difference=2.0, track_gap=3, track_share=0.5, outfits=0.5,
            sheet_crops=9, sheet_tags=0,
        )  # fmt: skip
        yield method, cluster(apart, 0.9, how).tolist()
    on_plane = Differences(points.astype(np.float32), lambda a, b: np.sqrt(np.square(a[:, None] - b).sum(axis=2)))
    yield "linkage", linked(np.arange(90), pairs_of([(0, 1)]), on_plane, 0.9).tolist()


def main() -> None:
    """Run it. At the end, on a line of its own, how BLAS adds up here: what no result may depend on."""
    for stage, words in commands(*map(int, sys.argv[1:])).items():
        script = importlib.import_module(f"scripts.{stage}")
        sys.argv = [stage, *words]
        try:
            run(script.main)
        except SystemExit as ended:
            if ended.code:
                sys.exit(f"{stage} ended with {ended.code}")
    Path("data/others.json").write_text(json.dumps(dict(others())), encoding="utf-8")
    rough = np.random.default_rng(0).standard_normal((300, 300)).astype(np.float32)
    print(hashlib.sha256((rough @ rough).tobytes()).hexdigest())


if __name__ == "__main__":
    main()
