"""Real footage with hand-made labels: ../shared/clips, or the folder in GENGA_CLIPS. Not part of the project."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

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
        dedup.main(table["frames"], table["shots"], table["dedup"], None, [], [], "")
        stills.main(video, table["frames"], table["dedup"], table["stills"], images, "", 1)
        return {stage: pl.read_parquet(table[stage]) for stage in STAGES[1:]}
    finally:
        os.chdir(before)


@pytest.fixture(scope="module", params=["talk", "dance"])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Any, Path]:
    """A clip's labels, its tables, and the folder they are in."""
    labels = CLIPS / f"{request.param}.json"
    if not labels.is_file():
        pytest.skip(f"no labelled clips in {CLIPS} (they are not part of the project; GENGA_CLIPS names their folder)")
    folder = tmp_path_factory.mktemp("clips")
    (folder / "params.yaml").write_bytes((Path(__file__).parents[1] / "params.yaml").read_bytes())
    return json.loads(labels.read_text()), through(folder, request.param), folder


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
