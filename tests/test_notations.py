"""A value written otherwise is the same value: nothing is stale, neither by Snakemake nor by DVC."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from changes import OTHERWISE, turned, written
from standin import change_params, command, commit_all, make_standin, snakemake

pytestmark = pytest.mark.slow

# Of the same value as another one, or done first.
EITHER = ("an exponent for a whole number", "all digits", "the other order")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole line gone through, and committed to git and DVC."""
    project = make_standin(tmp_path_factory.mktemp("notations") / "project")
    change_params(project, "train", text_learning_rate=0.00005)
    commit_all(project)
    return project


@pytest.fixture
def params(finished: Path) -> Iterator[Path]:
    """params.yaml, which is afterwards what it was."""
    path = finished / "params.yaml"
    before = path.read_bytes()
    yield path
    path.write_bytes(before)


def test_dvc_finds_nothing_stale_with_all_of_them_at_once(params: Path) -> None:
    text = turned(params.read_text(encoding="utf-8"))
    for name in [name for name in OTHERWISE if name not in EITHER]:
        text = OTHERWISE[name](text)
    params.write_bytes(text.encode())
    assert "Data and pipelines are up to date." in command(params.parent, "dvc", "status")


def test_a_value_that_dvc_writes_is_read(finished: Path, tmp_path: Path) -> None:
    project = tmp_path / "copy"
    shutil.copytree(finished, project, symlinks=True)
    path = project / "params.yaml"
    path.write_text(written("text_learning_rate: .*", "text_learning_rate: 0.001")(path.read_text(encoding="utf-8")))
    command(project, "git", "config", "user.name", "n")
    command(project, "git", "config", "user.email", "e")
    # DVC's writer puts 5e-05 down, which YAML 1.1 takes for text; the value is what was made before.
    said = command(project, "dvc", "exp", "run", "-S", "train.text_learning_rate=0.00005", "-S", "frames.hwaccel=off")
    text = path.read_text(encoding="utf-8")
    assert "text_learning_rate: 5e-05" in text and "hwaccel: off" in text
    assert ": done" not in said and snakemake(project, "-n").nothing
