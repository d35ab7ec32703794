"""Training on clips for real, by Snakemake, on seconds of drawn video: a fresh motion module in the demo's base."""

import json
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml
from conftest import copy_project
from safetensors.torch import load_file
from test_interpolation import mixing
from test_workflow import snakemake

from demo.series import draw_series
from genga.store.files import sha256_of

TRAIN = {
    "method": "full", "modules": "transformer", "text_encoder": False, "convolutions": False, "batch": 1, "warmup": 0,
    "save_every": 2, "min_steps": 2, "max_steps": 2, "held_out": 1, "min_snr_gamma": 0.0, "caption_dropout": 0.1,
    "buckets": {"sizes": [[64, 64]]}, "clips": {"length": 6, "stills": 0.2}, "learning_rate": 0.001, "flip": False,
}  # fmt: skip
SAMPLE = {
    "prompts": [{0: "1girl, standing", 4: "1girl, smile"}], "seeds": [0], "width": 64, "height": 64, "steps": 2,
    "clips": {"frames": 6, "rate": 12, "window": 4, "overlap": 2},
}  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, drawn = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("drawn")
    copy_project(folder)
    draw_series(folder / "data/raw/s", drawn, episodes=1, seconds=16.0, height=180, seed=7)
    models = yaml.safe_load((folder / "models.yaml").read_text(encoding="utf-8"))
    base = models["embedded"]["base"]
    models["embedded"]["moving"] = {**base, "family": "animatediff"}
    (folder / "models.yaml").write_text(json.dumps(models), encoding="utf-8")
    values = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    values["dataset"] |= {"unnamed": True, "min_side": 16}
    values["clips"] |= {"length": 8, "sample": "frames", "stride": 2, "frozen": 0.0, "restless": 1.0, "cut": 1.0}
    own = {"train": TRAIN, "sample": SAMPLE, "evaluate": {"clips": {"frames": 2, "drawn": 3}, "min_held_out": 3}}
    values["runs"] = {"moving": {"series": "s", "character": None, "base": "moving", **own}}
    values["clipset"]["style"] = "anime"
    values["merges"] = {}
    (folder / "params.yaml").write_text(json.dumps(values), encoding="utf-8")
    ran = snakemake(folder, "all_train")
    assert ran.code == 0, ran.text
    return folder


@pytest.mark.slow
def test_a_run_reads_the_clip_set_and_the_video(trained: Path) -> None:
    listed = json.loads((trained / "models/moving/checkpoints.json").read_text(encoding="utf-8"))
    assert listed["frames"] == 6 and [one["step"] for one in listed["checkpoints"]] == [2]
    ledger = pl.read_parquet(trained / "models/moving/ledger.parquet")
    clips = pl.read_parquet(trained / "data/clipset/s.parquet")
    images = pl.read_parquet(trained / "data/dataset/s.parquet")
    assert set(ledger["image"]) <= {*clips["clip"], *images["image"]}
    file = trained / "models/moving/checkpoints/moving-000002.safetensors"
    assert sha256_of(file) == listed["checkpoints"][0]["sha256"]
    assert all("motion_modules" in key for key in load_file(file))


@pytest.mark.slow
def test_nothing_is_left_to_be_done_and_a_change_of_clips_trains_anew(trained: Path) -> None:
    assert "Nothing to be done" in snakemake(trained, "all_train").text
    values = json.loads((trained / "params.yaml").read_text(encoding="utf-8"))
    values["runs"]["moving"]["train"]["clips"]["length"] = 5
    (trained / "params.yaml").write_text(json.dumps(values), encoding="utf-8")
    planned = snakemake(trained, "all_train", "-n").text
    values["runs"]["moving"]["train"]["clips"]["length"] = 6
    (trained / "params.yaml").write_text(json.dumps(values), encoding="utf-8")
    assert re.search(r"^train +1$", planned, re.MULTILINE) and not re.search(r"^clipset +", planned, re.MULTILINE)


@pytest.mark.slow
def test_an_audit_walks_from_the_module_to_clips_and_frames(trained: Path) -> None:
    command = [sys.executable, "-m", "genga", "audit", "models/moving/checkpoints/moving-000002.safetensors"]
    done = subprocess.run(
        [*command, "--images", "--uncommitted"], cwd=trained, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen = set(pl.read_parquet(trained / "models/moving/ledger.parquet")["image"])
    clips = pl.read_parquet(trained / "data/clipset/s.parquet")
    for row in clips.filter(pl.col("clip").is_in(seen)).to_dicts():
        assert f"  {row['clip']}: clip, frame " in done.stdout
        assert f"    frames of data/raw/s/ep01.mkv: {' '.join(map(str, row['frames']))}\n" in done.stdout
    (verified,) = re.findall(r"^  clip +(\d+) *$", done.stdout, re.MULTILINE)  # and none is changed or absent
    assert int(verified) == len(seen & set(clips["clip"])) > 0
    page = (trained / "models/moving/README.md").read_text(encoding="utf-8")
    assert "| kind clip |" in page


@pytest.mark.slow
def test_samples_are_clips_that_are_judged_played_and_traced(trained: Path) -> None:
    """Run last: it makes what the run has beside its checkpoints."""
    ran = snakemake(trained, "reports/moving/index.html")
    assert ran.code == 0, ran.text
    drawn = pl.read_parquet(trained / "data/sample/moving.parquet")
    assert drawn.select("step", "prompt", "unstyled", "prompt_text", "frames", "rate").rows() == [
        (step, prompt, unstyled, text, 6, 12.0)
        for step in (0, 2)
        for prompt, unstyled, text in ((0, 1, "anime, 1girl, standing"), (1, None, "1girl, standing"))
    ]
    figures = json.loads((trained / "data/evaluate/moving.json").read_text(encoding="utf-8"))
    assert figures["motion"]["clips"] == 3 and figures["style"]["prompts"] == [[0, 1]]
    # The base's module is fresh: each frame is drawn by itself, and they flicker.
    assert figures["steps"][0]["moves"]["mean"] < 0.5
    assert "flicker" in pl.read_parquet(trained / "data/evaluate/moving.parquet")["outside"][0]
    page = (trained / "reports/moving/index.html").read_text(encoding="utf-8")
    assert 'src="data:video/webm;base64,' in page and "With and without the word for their style" in page
    done = subprocess.run(
        [sys.executable, "-m", "genga", "trace", "moving/000002-0-0"],
        cwd=trained, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "near by caption to s/ep01/" in done.stdout and "of data/raw/s/ep01.mkv, sha256" in done.stdout, done.stderr
    assert "Nothing to be done" in snakemake(trained, "reports/moving/index.html").text


@pytest.mark.slow
def test_samples_are_held_to_the_model_that_draws_between_their_frames(trained: Path) -> None:
    values = json.loads((trained / "params.yaml").read_text(encoding="utf-8"))
    before = json.dumps(values)
    values["runs"]["moving"]["sample"] = {
        **SAMPLE,
        "clips": {**SAMPLE["clips"], "interpolate": {"by": "model", "rate": 24}},
    }
    (trained / "params.yaml").write_text(json.dumps(values), encoding="utf-8")
    missing = snakemake(trained, "data/sample/moving.parquet")
    assert missing.code != 0 and "models.yaml:embedded has none in the role interpolate" in missing.text
    mixing(trained / "demo/fade.onnx")
    models = json.loads((trained / "models.yaml").read_text(encoding="utf-8"))
    entry = {"name": "fade", "knows": "fading", "licence": "none", "files": {"model": {"path": "demo/fade.onnx"}}}
    models["embedded"]["interpolate"] = entry
    (trained / "models.yaml").write_text(json.dumps(models), encoding="utf-8")
    assert (ran := snakemake(trained, "data/sample/moving.parquet")).code == 0, ran.text
    drawn = pl.read_parquet(trained / "data/sample/moving.parquet")
    assert set(drawn.select("frames", "rate").rows()) == {(12, 24.0)}
    assert "Nothing to be done" in snakemake(trained, "data/sample/moving.parquet", "-n").text
    models["embedded"]["interpolate"]["contract"] = {"multiple": 16}
    (trained / "models.yaml").write_text(json.dumps(models), encoding="utf-8")
    assert re.search(r"^sample +1$", snakemake(trained, "data/sample/moving.parquet", "-n").text, re.MULTILINE)
    (trained / "params.yaml").write_text(before, encoding="utf-8")
