"""Everything that may happen to a finished project (changes.py), one thing at a time: what both tools make of it."""

import gc
import json
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from changes import CHANGES, table
from conftest import ROOT
from standin import change_params, command, copy_of, digests, make_finished, snakemake

pytestmark = pytest.mark.slow

# Which phase of dvc.yaml has a stage.
PHASES = {
    "stills": ["probe", "frames", "shots", "dedup", "stills", "review", "overview"],
    "tags": ["detect", "quality", "tag"],
    "dataset": ["crop", "embed", "characters", "dataset"],
    "clips": ["clips", "clipset"],
    "train": ["train"],
    "evaluate": ["sample", "evaluate", "report"],
    "merge": ["merge"],
}
# Where DVC names phases in which nothing is to be made: it knows neither that they may be away, nor who uses a family,
# nor that reports show no merges, nor which episode a rule is about.
COARSE = (
    "Gone: a stage's folder, in a project that never had it",
    "Code: a family of no base here",
    "A parameter of: a merge taken away",
    "What people decided: rules that say nothing of what is here",
    "What people decided: tiers of nothing",
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def use_dvc(project: Path) -> None:
        change_params(project, "train", text_learning_rate=0.00005)
        command(project, "dvc", "config", "core.no_scm", "true")
        command(project, "dvc", "remote", "add", "-q", "-d", "nas", project.parent / "nas")

    return make_finished(tmp_path_factory.mktemp("standin") / "project", use_dvc)


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Iterator[Path]:
    with copy_of(finished, tmp_path / "copy") as project:
        yield project


@pytest.mark.parametrize("name", CHANGES)
def test_both_tools_find_what_is_stale_and_nothing_else(copy: Path, name: str) -> None:
    before, (change, jobs) = digests(copy), CHANGES[name]
    change(copy)
    ran = snakemake(copy, "-n")
    assert ran.code == 0, ran.text
    assert ran.jobs == jobs, ran.text
    assert ran.nothing is (jobs == {})
    named = stale_to_dvc(copy)
    first = next((phase for phase, stages in PHASES.items() if jobs.keys() & set(stages)), None)
    assert name in COARSE or (first in named if first else named == set()), named
    if name.startswith("Interrupted"):
        assert digests(copy) == before


def test_the_page_of_all_changes_is_up_to_date() -> None:
    """python -m tests.changes docs/staleness.md"""
    assert (ROOT / "docs/staleness.md").read_text(encoding="utf-8") == table()


def stale_to_dvc(project: Path) -> set[str]:
    """The phases that `dvc status` names, after the step `code`, which is run if DVC wants it."""
    import dvc.repo  # noqa: F401  # in this process, so that no fork has to

    answer = project.parent / f"{project.name}.json"
    child = multiprocessing.get_context("fork").Process(target=_dvc_status, args=(project, answer))
    child.start()
    child.join()
    named = set(json.loads(answer.read_text(encoding="utf-8")))
    answer.unlink()
    return named


def _dvc_status(project: Path, answer: Path) -> None:
    from dvc.repo import Repo

    from genga.workflow.session import Journal

    gc.freeze()  # as in standin._run
    os.chdir(project)
    with Repo(".") as repo:
        named = repo.status()
    if "code" in named:
        Journal(".").write_code()
        with Repo(".") as repo:
            named = repo.status()
    phases = {name.partition("@")[0] for name in named} - {"code"}
    answer.write_text(json.dumps(sorted(phases)), encoding="utf-8")
