"""What is gone: made again if it was here before, left alone if it was never pulled; with stand-in scripts."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from standin import EPISODES, RUN, SERIES, change_params, copy_of, digests, make_finished, snakemake, video

from genga.workflow.records import read_records

pytestmark = pytest.mark.slow

CHECKPOINT = f"models/{RUN}/checkpoints/a.safetensors"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_finished(tmp_path_factory.mktemp("standin") / "project")


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy in which Snakemake has looked once."""
    with copy_of(finished, tmp_path / "copy") as project:
        assert snakemake(project, "-n").nothing
        yield project


def outputs(project: Path) -> dict[str, str]:
    """The rule of every file on record."""
    return {path: job.rule for path, job in read_records(project / "records.jsonl").maker.items()}


def test_all_of_them_at_once(copy: Path) -> None:
    before, paths = digests(copy), [path for path in outputs(copy) if "/stills/" in path or "/crop/" in path]
    for path in [*paths, f"data/dataset/{SERIES}.parquet", CHECKPOINT]:
        (copy / path).unlink()
    jobs = {"stills": 2, "crop": 2, "dataset": 1, "train": 1}
    assert snakemake(copy, "-n").jobs == jobs
    ran = snakemake(copy)  # and whoever looks twice is told the same
    assert ran.code == 0, ran.text
    assert ran.jobs == jobs
    assert digests(copy) == before and snakemake(copy, "-n").nothing


def test_a_stale_job_that_needs_a_lost_file_has_it_made_and_nothing_else(copy: Path) -> None:
    (copy / f"data/dataset/{SERIES}.parquet").unlink()
    change_params(copy, "evaluate", seed=1)
    assert snakemake(copy, "-n").jobs == {"dataset": 1, "evaluate": 1, "report": 1, "merge": 1}
    ran = snakemake(copy)
    assert ran.code == 0, ran.text
    assert snakemake(copy, "-n").nothing


def test_what_was_never_pulled_stays_away(copy: Path) -> None:
    shutil.rmtree(copy / ".snakemake")
    shutil.rmtree(copy / "data/stills")
    for _ in range(2):
        ran = snakemake(copy, "-n")
        assert ran.nothing, ran.text
    assert snakemake(copy).nothing and not (copy / "data/stills").exists()


def test_what_cannot_be_made_again_is_named_with_the_pull_that_brings_it(copy: Path) -> None:
    shutil.rmtree(copy / "data/raw")
    assert snakemake(copy, "-n").nothing
    path = f"data/probe/{SERIES}/{EPISODES[0]}.json"
    (copy / path).unlink()
    for _ in range(2):
        ran = snakemake(copy, "-n")
        assert ran.nothing and ran.code == 0, ran.text
        assert (
            f"note: {path} was here and is gone, and {video(EPISODES[0])}, of which it is made, is not here:"
            f" `dvc pull {path}` brings it back"
        ) in ran.text


def test_a_checkpoint_that_is_not_what_it_was_is_seen(copy: Path) -> None:
    before, path = digests(copy), copy / CHECKPOINT
    state, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:-1])
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    ran = snakemake(copy, "-n")
    assert f"note: {CHECKPOINT} is not what records.jsonl says" in ran.text
    assert "train" in ran.jobs
    assert snakemake(copy).code == 0 and digests(copy) == before


@pytest.mark.parametrize("content", ["{", "[]", '{"records": 1}'])
def test_state_that_cannot_be_read_is_no_state(copy: Path, content: str) -> None:
    """As a loss of power leaves it: every file of the workflow's own notes."""
    notes = [path for path in (copy / ".snakemake/genga").rglob("*.json")]
    assert len(notes) > 4
    for path in notes:
        path.write_text(content)
    ran = snakemake(copy, "-n")
    assert ran.code == 0 and ran.nothing, ran.text
    assert "Traceback" not in ran.text


def test_a_job_that_fails_leaves_what_was_there_and_is_run_again(copy: Path) -> None:
    before, script = digests(copy), copy / "scripts/crop.py"
    text = script.read_text(encoding="utf-8")
    script.write_text(f"{text}\nwrite(made[0], 'half')\nraise SystemExit(1)\n", encoding="utf-8")
    assert snakemake(copy).code != 0
    assert digests(copy).keys() == before.keys()
    assert "crop" in snakemake(copy, "-n").jobs
    script.write_text(text, encoding="utf-8")
    assert "crop" in snakemake(copy, "-n").jobs  # what it wrote is not on record
    assert snakemake(copy).code == 0 and digests(copy) == before
    assert snakemake(copy, "-n").nothing


def test_what_was_done_before_a_job_failed_is_described(copy: Path) -> None:
    """The run that comes after makes the report alone, of which neither card nor audit says anything."""
    change_params(copy, "evaluate", seed=7)
    script = copy / "scripts/report.py"
    whole = script.read_text(encoding="utf-8")
    script.write_text("raise SystemExit(1)\n", encoding="utf-8")
    ran = snakemake(copy)
    assert ran.code == 1
    assert f"no card and no audit of run {RUN}" in ran.text  # tried: a stand-in's cannot be written
    script.write_text(whole, encoding="utf-8")
    ran = snakemake(copy)
    assert ran.jobs == {"report": 1} and "audit of run" not in ran.text


def test_what_a_failing_job_made_for_the_first_time_goes(copy: Path) -> None:
    script, page = copy / "scripts/report.py", copy / f"reports/{RUN}/index.html"
    text = script.read_text(encoding="utf-8")
    script.write_text(f"{text}\nraise SystemExit(1)\n", encoding="utf-8")
    shutil.rmtree(copy / "reports")
    assert snakemake(copy).code != 0 and not page.exists()
    script.write_text(text, encoding="utf-8")
    assert snakemake(copy).code == 0 and page.is_file()
