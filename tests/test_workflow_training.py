"""Training for real, by Snakemake, on a few seconds of video: a run in two phases, and a merge of its LoRA."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import copy_project
from test_workflow import snakemake

from demo.series import draw_series
from genga.training.tensor_file import read_metadata

TRAIN = {"rank": 2, "alpha": 2.0, "batch": 2, "warmup": 0, "save_every": 2, "min_steps": 2, "max_steps": 2,
         "held_out": 2, "phases": [{}, {"select": {"kinds": ["fullbody", "halfbody"]},
                                        "buckets": {"sizes": [[64, 96]]}}]}  # fmt: skip
SAMPLE = {"prompts": ["1girl, standing"], "seeds": [0], "width": 64, "height": 64, "steps": 2}
BAKED = {"method": "bake_lora", "a": {"base": "base"}, "b": {"run": "short"}, "alpha": 0.5}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, drawn = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("drawn")
    copy_project(folder)
    draw_series(folder / "data/raw/s", drawn, episodes=1, seconds=12.0, height=180, seed=7)
    values = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    values["dataset"] |= {"unnamed": True, "min_side": 16}
    values["runs"] = {"short": {"series": "s", "character": None, "train": TRAIN, "sample": SAMPLE}}
    values["merges"] = {"mix": BAKED}
    (folder / "params.yaml").write_text(json.dumps(values), encoding="utf-8")
    ran = snakemake(folder)
    assert ran.code == 0, ran.text
    assert "Nothing to be done" in snakemake(folder).text
    return folder


def audit(project: Path, model: str) -> str:
    command = [sys.executable, "-m", "genga", "audit", model, "--images", "--uncommitted", "--page"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_report_audit_and_card_show_the_phases(trained: Path) -> None:
    page = (trained / "reports/short/index.html").read_text(encoding="utf-8")
    assert "Phases of training" in page and "<td>3 to 4</td>" in page
    assert "It was trained in 2 phases." in (trained / "models/short/README.md").read_text(encoding="utf-8")
    assert ", phase 2" in audit(trained, "models/short/checkpoints/short-000004.safetensors")
    assert "<br>phase 2</td>" in (trained / "reports/short/audit.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(("step", "size"), [(2, "(128, 128)"), (4, "(64, 96)")])  # of the dataset, of the phase's own
def test_a_file_says_at_which_resolution_it_was_trained(trained: Path, step: int, size: str) -> None:
    about = read_metadata(trained / f"models/short/checkpoints/short-{step:06d}.safetensors")
    assert about["ss_resolution"] == size


@pytest.mark.slow
def test_an_audit_walks_through_the_merge_to_the_frames(trained: Path) -> None:
    card, page = trained / "models/mix/README.md", trained / "reports/mix/audit.html"
    assert "A merge of base base and run short: `bake_lora, alpha 0.5`." in card.read_text(encoding="utf-8")
    assert "<h1>mix, a merge</h1>" in page.read_text(encoding="utf-8")
    said = audit(trained, "models/mix/mix.safetensors")
    assert "run short" in said and "frame s/ep01/" in said
