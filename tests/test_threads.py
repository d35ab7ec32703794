"""What a job makes depends on nothing but its inputs and parameters: not on threads, BLAS kernels or batches."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, copy_project
from standin import digests
from whole_line import EPISODE, RUN

from demo.series import draw_series
from genga.stages import STAGES

# Threads of the job and of the libraries, OpenBLAS's kernel, images in a batch.
WAYS = [(1, "Haswell", 16), (2, "Nehalem", 5), (3, "SkylakeX", 1)]
LIBRARIES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "POLARS_MAX_THREADS",
)  # as Snakemake sets them

# So few of everything that the line is through in seconds, and as much of it as possible computes something.
SMALL = {
    "probe": {"weave": "always"},
    "dedup": {"camera": "stitched"},
    "characters": {"min_crops": 2},
    "dataset": {"resolution": 64, "bucket_min": 32, "bucket_max": 96, "held_out": 0.4},
    "train": {"min_steps": 2, "max_steps": 2, "save_every": 1, "warmup": 0, "batch": 2},
    "sample": {"seeds": [0, 1], "width": 64, "height": 64, "steps": 2, "prompts": ["{trigger}, 1girl, smile"]},
    "evaluate": {"min_held_out": 1, "resamples": 100},
    "runs": {RUN: {"series": "tiny", "character": None}},
}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    return draw_series(folder, folder / "truth", episodes=1, seconds=8, height=180, seed=7)[0]


def made(folder: Path, video: Path, threads: int, kernel: str, batch: int) -> tuple[dict[str, str], str]:
    """Run the whole line; the sha256 of each of its outputs, and how BLAS added up."""
    folder.mkdir()
    copy_project(folder)
    values = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    for section, changes in SMALL.items():
        values[section] = changes if section == "runs" else {**values[section], **changes}
    values["dataset"]["tiers"] = ["best", "good", "poor"]  # so small a series has no clip of good drawings alone
    (folder / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    (folder / "episodes.json").write_text(json.dumps(["ep01"]), encoding="utf-8")
    (folder / "of_run.json").write_text(json.dumps(["tiny/ep01"]), encoding="utf-8")
    (folder / "videos.json").write_text(
        json.dumps({EPISODE.partition("/")[2]: f"data/raw/{EPISODE}.mkv"}), encoding="utf-8"
    )
    there = folder / f"data/raw/{EPISODE}.mkv"
    there.parent.mkdir(parents=True)
    there.write_bytes(video.read_bytes())
    environment = {
        **os.environ, **dict.fromkeys(LIBRARIES, str(threads)), "OPENBLAS_CORETYPE": kernel,
        "PYTHONPATH": f"{folder}:{ROOT / 'tests'}",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, ROOT / "tests/whole_line.py", str(threads), str(batch)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    return digests(folder), done.stdout.splitlines()[-1]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="OpenBLAS's kernels are named for x86-64")
def test_every_stage_makes_the_same_by_any_threads_kernels_and_batches(tmp_path: Path, video: Path) -> None:
    (first, sums), *rest = [made(tmp_path / str(way[0]), video, *way) for way in WAYS]
    folders = {path.split("/")[1] for path in first if path.startswith("data/")} | {"train", "report", "merge"}
    assert set(STAGES) <= folders and "data/others.json" in first
    assert any(other != sums for _, other in rest), "BLAS adds up alike in all ways: nothing was tried"
    assert [sorted(path for path in first if found.get(path) != first[path]) for found, _ in rest] == [[], []]
