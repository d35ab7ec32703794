"""Real footage with hand-made labels: ../shared/clips, or the folder in GENGA_CLIPS. Not part of the project."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import copy_project

from bench.clips import across, without_tags
from genga.dataset.clips import clips
from genga.params.clips import Params
from genga.params.section import params_of
from genga.stages import EPISODE_STAGES
from scripts import dedup, frames, probe, shots, stills

CLIPS = Path(os.environ.get("GENGA_CLIPS") or Path(__file__).resolve().parents[2] / "shared" / "clips")
STAGES = ("probe", "frames", "shots", "dedup", "stills")


def through(folder: Path, clip: str) -> dict[str, pl.DataFrame]:
    """Take a clip from probe to stills, as the workflow does, in `folder`; the tables."""
    video = CLIPS / f"{clip}.mp4"
    table = {stage: Path(f"data/{stage}/clips/{clip}.parquet") for stage in STAGES}
    seen = table["probe"].with_suffix(".json")
    cells, images = table["frames"].with_suffix(".tar"), table["stills"].with_suffix(".tar")
    before = Path.cwd()
    os.chdir(folder)
    try:
        probe.main(video, seen, "")
        frames.main(video, seen, table["frames"], cells, "", 1)
        shots.main(table["frames"], table["shots"], "")
        dedup.main(table["frames"], table["shots"], table["dedup"], None, [], [], [], "")
        stills.main(video, seen, table["frames"], table["dedup"], table["stills"], images, "", 1)
        return {stage: pl.read_parquet(table[stage]) for stage in STAGES[1:]}
    finally:
        os.chdir(before)


def labels_of(clip: str) -> dict[str, Any]:
    """A clip's labels; the test is skipped where there are none."""
    labels = CLIPS / f"{clip}.json"
    if not labels.is_file():
        pytest.skip(f"no labelled clips in {CLIPS} (they are not part of the project; GENGA_CLIPS names their folder)")
    return json.loads(labels.read_text())


@pytest.fixture(scope="module", params=["talk", "dance"])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Any, Path]:
    """A clip's labels, its tables, and the folder they are in."""
    labels = labels_of(request.param)
    folder = tmp_path_factory.mktemp("clips")
    (folder / "params.yaml").write_bytes((Path(__file__).parents[1] / "params.yaml").read_bytes())
    return labels, through(folder, request.param), folder


def test_every_frame_has_a_row(clip: tuple[dict[str, Any], Any, Path]) -> None:
    labels, tables, _ = clip
    assert tables["frames"]["frame"].to_list() == list(range(labels["frames"]))
    assert tables["dedup"]["frame"].to_list() == list(range(labels["frames"]))


def test_cuts_are_where_they_were_seen(clip: tuple[dict[str, Any], Any, Path]) -> None:
    labels, tables, _ = clip
    assert tables["shots"]["start"].to_list() == [0, *labels["hard_cuts"]]
    assert tables["shots"]["transition"].unique().to_list() == ["cut"]


def test_no_drawing_is_lost_and_no_held_frame_kept(clip: tuple[dict[str, Any], Any, Path]) -> None:
    labels, tables, _ = clip
    keeper = tables["dedup"]["keeper"].to_list()
    pairs = list(enumerate(labels["pair_labels"]))
    assert [i for i, label in pairs if label in "DC" and keeper[i] == keeper[i - 1]] == []
    assert [i for i, label in pairs if label == "H" and keeper[i] != keeper[i - 1]] == []


def test_returning_drawings_are_found(clip: tuple[dict[str, Any], Any, Path]) -> None:
    labels, tables, _ = clip
    keeper = tables["dedup"]["keeper"].to_list()
    runs = [
        (keeper[run[0]], kind) for run, kind in zip(labels["held_runs"], labels["drawing_class_per_run"], strict=True)
    ]
    pairs = [(a[0] == b[0], a[1] == b[1]) for k, a in enumerate(runs) for b in runs[:k]]
    right, wrong, missed = (pairs.count(kind) for kind in ((True, True), (True, False), (False, True)))
    assert 2 * right / (2 * right + wrong + missed) >= 0.95


def test_stills_are_the_keepers(clip: tuple[dict[str, Any], Any, Path]) -> None:
    _, tables, folder = clip
    found = tables["stills"]
    assert found["frame"].to_list() == sorted(set(tables["dedup"]["keeper"].to_list()))
    data = (folder / found["shard"][0]).read_bytes()
    for offset, size, sha256 in found.select("offset", "size", "sha256").rows():
        assert hashlib.sha256(data[offset : offset + size]).hexdigest() == sha256


@pytest.mark.slow
@pytest.mark.parametrize("name", ["zoom", "blend", "edit"])
def test_no_clip_goes_across_a_labelled_cut_or_dissolve(tmp_path: Path, name: str, monkeypatch: Any) -> None:
    labels = labels_of(name)
    (tmp_path / "params.yaml").write_bytes((Path(__file__).parents[1] / "params.yaml").read_bytes())
    through(tmp_path, name)
    monkeypatch.chdir(tmp_path)
    values, episode = params_of("clips", Params, ""), without_tags(f"clips/{name}", tmp_path)
    for sample, length in (("timing", 16), ("frames", 8), ("drawings", 8)):
        found = clips(episode, values.model_copy(update={"sample": sample, "length": length}))
        kept = found.filter(pl.col("reason").is_null())
        assert kept.height > 2 and across(kept, labels["hard_cuts"], labels["dissolves"]) == 0


@pytest.mark.slow
def test_real_footage_goes_through_the_workflow_to_a_dataset(tmp_path: Path) -> None:
    labels = labels_of("talk")
    copy_project(tmp_path)
    (tmp_path / "data/raw/clips").mkdir(parents=True)
    shutil.copy2(CLIPS / "talk.mp4", tmp_path / "data/raw/clips")
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "data/dataset/clips.parquet", "all_stills"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for stage in EPISODE_STAGES:
        assert list((tmp_path / f"data/{stage}/clips").glob("talk.*")), stage
    images = pl.read_parquet(tmp_path / "data/dataset/clips.parquet")
    kept = pl.read_parquet(tmp_path / "data/stills/clips/talk.parquet")
    assert len(images) > 0 and set(images["still"]) <= set(kept["still"])
    assert 0 < len(kept) < labels["frames"] / 4, "drawings, not frames"
    assert images["bucket_width"].is_between(64, 192).all() and images["bucket_height"].is_between(64, 192).all()
    said = subprocess.run(
        [sys.executable, "-m", "genga", "summary"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "know the drawn demo world only" in said.stdout
