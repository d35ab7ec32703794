"""genga trace of a sample that moves: the checkpoint that drew it, and the clips, frames and video it is near to."""

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from genga.audit.sampled import is_sample, sampled
from genga.audit.tables import OF_CLIPSET, OF_EVALUATE, OF_LEDGER, OF_SAMPLE
from genga.audit.trace import trace
from genga.audit.tracetext import lines, lines_of_sample
from genga.cli.trace import app
from genga.errors import GengaError
from genga.store.files import write_facts
from genga.store.parquet import write_table
from genga.tables.frames import FRAMES

NEAR, LIKE = "s/e/000010-000025", "s/e/000040-000055"
DRAWN = {
    "sample": "hana/000050-0-3", "prompt_text": "hana, smile", "seed": 3, "frames": 16, "rate": 8.0, "width": 64,
    "height": 48, "by_frame": [{"frame": 0, "text": "hana, smile"}, {"frame": 8, "text": "hana, closed eyes"}],
    "shard": "data/sample/hana.tar", "offset": 512, "size": 9, "sha256": "5a" * 32,
}  # fmt: skip
JUDGED = {
    "sample": "hana/000050-0-3", "nearest_image": ["s/e/000012"], "nearest_still": ["s/e/000012"],
    "nearest_difference": [0.125], "nearest_clip": [NEAR], "nearest_clip_frame": [12],
    "nearest_clip_difference": [0.125], "caption_clip": [LIKE], "caption_overlap": [0.5],
}  # fmt: skip


def clip(name: str, frames: list[int]) -> dict:
    return {"clip": name, "split": "train", "caption": "hana, smile", "frames": frames, "rate": 8.0,
            "video": "data/raw/s/e.mkv", "sha256": "1d" * 32, "tags": []}  # fmt: skip


def write(path: str, schema, rows: list[dict]) -> None:
    write_table(path, pl.DataFrame(rows, schema=dict(schema)), schema)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    base = {**DRAWN, "sample": "hana/000000-0-3"}
    write("data/sample/hana.parquet", OF_SAMPLE, [DRAWN, base])
    write("data/evaluate/hana.parquet", OF_EVALUATE, [JUDGED, {**JUDGED, "sample": "hana/000000-0-3"}])
    write("data/clipset/s.parquet", OF_CLIPSET, [clip(NEAR, [10, 10, 12, 12]), clip(LIKE, [40, 42, 44, 46])])
    looks = [{"step": step, "image": NEAR, "still": "s/e/000010"} for step in (1, 2, 50, 51)]
    write("models/hana/ledger.parquet", OF_LEDGER, looks)
    checkpoint = {"step": 50, "epoch": 1, "file": "models/hana/hana-000050.safetensors", "sha256": "c0" * 32}
    write_facts("models/hana/checkpoints.json", {"run": "hana", "base": {}, "checkpoints": [checkpoint]})
    return tmp_path


def test_a_sample_leads_to_its_clips_their_frames_and_their_video(project: Path) -> None:
    found = sampled("hana/000050-0-3")
    assert [(one["by"], one["clip"], one["frames"], one["looks"]) for one in found["clips"]] == [
        ("features", NEAR, [10, 10, 12, 12], 3), ("caption", LIKE, [40, 42, 44, 46], 0),
    ]  # fmt: skip
    assert list(lines_of_sample(found)) == [
        "hana/000050-0-3",
        f"  sample     seed 3, 64x48, 16 frames at 8 a second in data/sample/hana.tar, sha256 {'5a' * 32}",
        "             from frame 0: hana, smile",
        "             from frame 8: hana, closed eyes",
        f"  train      models/hana/hana-000050.safetensors, sha256 {'c0' * 32}",
        "  evaluate   near to s/e/000012, frame s/e/000012, difference 0.125, looked at 0 times before",
        f"  evaluate   near by features to {NEAR}: frame 12, difference 0.125, looked at 3 times before",
        f"  clipset    {NEAR}: 4 frames of 2 drawings at 8/s: hana, smile",
        f"             frames 10 10 12 12 of data/raw/s/e.mkv, sha256 {'1d' * 32}",
        f"  evaluate   near by caption to {LIKE}: 50% of the words, looked at 0 times before",
        f"  clipset    {LIKE}: 4 frames of 4 drawings at 8/s: hana, smile",
        f"             frames 40 42 44 46 of data/raw/s/e.mkv, sha256 {'1d' * 32}",
    ]


def test_a_sample_of_the_base_was_drawn_by_no_checkpoint(project: Path) -> None:
    said = CliRunner().invoke(app, ["hana/000000-0-3"]).output
    assert "  train      drawn by the base\n" in said and "looked at" not in said


def test_what_is_no_sample_is_said(project: Path) -> None:
    assert [is_sample(name) for name in ("hana/000050-0-3", "s/e/000012", "s/e/000012-0-head")] == [True, False, False]
    with pytest.raises(GengaError, match="^hana/000050-0-9: data/sample/hana.parquet has no such sample$"):
        sampled("hana/000050-0-9")
    with pytest.raises(GengaError, match="data/sample/aki.parquet is not here: `dvc pull` it$"):
        sampled("aki/000050-0-3")


def test_a_frame_in_the_middle_of_a_clip_leads_to_it_and_to_who_saw_it(project: Path) -> None:
    write("data/frames/s/e.parquet", FRAMES, [{"frame": 12}])
    found = trace("s/e/000012")
    assert [row["clip"] for row in found["clips"]] == [NEAR]
    assert [(row["run"], row["image"], row["steps"]) for row in found["seen"]] == [("hana", NEAR, [1, 2, 50, 51])]
    clips = [line for line in lines({**found, "frames": [], "absent": []}) if line.startswith("  clipset")]
    assert clips == [f"  clipset    {NEAR}: train, 4 frames of 2 drawings at 8/s: hana, smile"]
