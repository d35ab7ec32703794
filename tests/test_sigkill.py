"""SIGKILL in any family, method, optimizer and phase: the run goes on, to the bytes of an undisturbed one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from killed_runs import CASES

from genga.store.files import sha256_of


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Each case's folder: what it left undisturbed, and what it left when it had been killed."""
    folder, here = tmp_path_factory.mktemp("killed"), Path(__file__).parent
    for number, what in enumerate(("begin", "finish")):
        paths = os.pathsep.join([str(here.parent), str(here)])
        environment = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": str(number)}
        command = [sys.executable, str(here / "killed_runs.py"), str(folder), what]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return folder


def left(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", CASES)
def test_killed_at_any_step_it_ends_in_the_same_bytes(home, name):
    case = CASES[name]
    whole, killed = (left(home / name / which / "project") for which in ("whole", "killed"))
    assert killed == whole
    saved = range(2, max(case.steps) + 1, 2)
    listed = json.loads((home / name / "killed/project/models/hana/checkpoints.json").read_text(encoding="utf-8"))
    assert [one["step"] for one in listed["checkpoints"]] == [*saved]
    assert {f"models/hana/checkpoints/hana-{step:06d}.safetensors" for step in saved} <= killed.keys()
    done = [
        [int(step) for step in (home / name / which / "steps.txt").read_text(encoding="utf-8").split()]
        for which in ("whole", "killed")
    ]
    assert done[0] == list(range(1, max(case.steps) + 1))
    # Of several processes the first may or may not have come to write what it did when another is killed.
    assert done[1] == list(case.steps) if case.processes == 1 else done[1].count(1) == 1, "it goes on"


def test_of_each_phase_the_ledger_has_its_own_steps(home):
    ledger = pl.read_parquet(home / "anima-phases/killed/project/models/hana/ledger.parquet")
    pairs = ledger.select("phase", "step").unique(maintain_order=True).rows()
    assert pairs == [(1, 1), (1, 2), (1, 3), (2, 4), (3, 5), (3, 6)]
