"""What the tests share: one thread per process (they run side by side), and a project folder of their own."""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test may reach for a network

import shutil  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

import pytest  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # so that demo/ and bench/ can be imported, whoever started pytest

# What a run of the workflow needs.
COPIED = (
    "Snakefile", "params.yaml", "models.yaml", "recipes", "captions", "vocabulary",
    "rules", "scripts", "genga", "profiles", "envs",
    "pyproject.toml", "demo/weights",
)  # fmt: skip


@pytest.fixture
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project without data, for one test module to run the workflow in."""
    folder = tmp_path_factory.mktemp("project")
    copy_project(folder)
    return folder


def copy_project(folder: Path) -> None:
    """Copy the workflow into `folder`: everything a job depends on, no data, nobody's corrections."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        elif source.is_file():
            shutil.copy2(source, folder / name)
