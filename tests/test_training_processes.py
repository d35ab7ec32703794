"""genga.training.distributed: two processes (gloo, on the CPU) learn what one learns, and write it down alike."""

import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file
from tiny_base import save_tiny_base
from trained_together import RUNS, run

from genga.errors import GengaError
from genga.training.distributed import Processes
from genga.training.plan import Look
from genga.training.resume import RunFolder

START = "import sys; from genga.training.launch import launch; launch(sys.argv[1], sys.argv[2], sys.argv[3:])"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Path:
    """The folders of all runs, as two processes made them, started by accelerate."""
    folder, here = tmp_path_factory.mktemp("two"), Path(__file__).parent
    root = here.parent
    command = [sys.executable, "-c", START, root / "profiles/accelerate/cpus.yaml", here / "trained_together.py"]
    done = subprocess.run([*map(str, command), str(base), str(folder)], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(autouse=True)
def fresh_accelerator() -> None:
    AcceleratorState._reset_state(reset_partial_state=True)


def moved(folder: Path, step: int) -> torch.Tensor:
    """All numbers of a checkpoint's `up` matrices, which are 0 before training: what it has learnt."""
    tensors = load_file(RunFolder(folder, "hana").unfinished(step))
    return torch.cat([tensors[name].flatten() for name in sorted(tensors) if name.endswith("lora_up.weight")])


@pytest.mark.parametrize("name", RUNS)
def test_two_processes_learn_what_one_learns(two: Path, base: Path, tmp_path: Path, name: str) -> None:
    one = run(str(base), tmp_path / name, RUNS[name], Processes())
    theirs = pl.read_parquet(two / name / "losses.parquet")
    assert theirs["loss"].to_list() == pytest.approx(one.losses["loss"].to_list(), rel=1e-5)
    assert theirs.drop("loss").equals(one.losses.drop("loss"))
    assert pl.read_parquet(two / name / "ledger.parquet").equals(one.ledger), "what was seen when, exactly"
    held_out = pl.read_parquet(two / name / "held_out.parquet")
    assert held_out["loss"].to_list() == pytest.approx(one.held_out["loss"].to_list(), rel=1e-5)
    assert held_out.drop("loss").equals(one.held_out.drop("loss")) and held_out["images"].unique().to_list() == [3]
    for checkpoint in one.checkpoints:
        ours, other = (moved(folder / name, checkpoint["step"]) for folder in (tmp_path, two))
        assert (ours - other).norm() < 1e-2 * ours.norm()
        assert ours.norm() > 0


def test_a_run_of_two_that_was_broken_off_ends_in_the_same_bytes(two: Path) -> None:
    for name in ("losses.parquet", "ledger.parquet", "held_out.parquet", "unfinished/hana-000003.safetensors",
                 "unfinished/hana-000006.safetensors"):  # fmt: skip
        assert (two / "resumed" / name).read_bytes() == (two / "everything" / name).read_bytes()


def test_the_state_of_two_is_refused_by_one(two: Path, base: Path, tmp_path: Path) -> None:
    shutil.copytree(two / "everything", tmp_path / "everything")
    before = sorted(path.name for path in (tmp_path / "everything").rglob("*"))
    with pytest.raises(GengaError, match="training by 2 processes, now it is 1; set train.launch as it was, or delete"):
        run(str(base), tmp_path / "everything", RUNS["everything"], Processes())
    assert sorted(path.name for path in (tmp_path / "everything").rglob("*")) == before


def test_only_the_first_writes_and_leaves_nothing_half_written(two: Path) -> None:
    assert sorted(path.relative_to(two / "everything").as_posix() for path in (two / "everything").rglob("*.*")) == [
        ".state", ".state/state.safetensors", "held_out.parquet", "ledger.parquet", "losses.parquet",
        "unfinished/hana-000003.safetensors", "unfinished/hana-000006.safetensors",
    ]  # fmt: skip
    assert not list((two / "cache").rglob("*.tmp"))


def test_processes_that_find_different_things_stop_all(two: Path) -> None:
    said = "here: not all processes find the same there; keep it where all machines see it"
    assert [(two / f"refused-{index}.txt").read_text(encoding="utf-8") for index in (0, 1)] == [said, said]


def test_every_look_is_of_one_process() -> None:
    batch: list[Look] = [*range(5)]  # type: ignore[list-item]
    assert [Processes(index, 3).part(batch) for index in range(3)] == [[0, 3], [1, 4], [2]]
    assert [Processes(index, 2).part(batch[:1]) for index in range(2)] == [[0], []]
    keys = [f"{number:08x}" for number in range(9)]
    assert [[key for key in keys if Processes(index, 2).owns(key)] for index in range(2)] == [keys[::2], keys[1::2]]
