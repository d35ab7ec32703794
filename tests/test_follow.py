"""genga.jobs.script: a job ends with the run that started it, however that ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT

from genga.jobs.script import HELD, RUN
from genga.stages import STAGES

JOB = "from genga.jobs.script import follow; follow(); print('at work', flush=True); import time; time.sleep(60)"
HOLDER = (
    "import sys; from genga.workflow.session import Journal; journal = Journal('.'); journal.read(); journal.start();"
    "import os; print(os.environ['GENGA_RUN'], flush=True); sys.stdin.read()"
)


def start(folder: Path, code: str, **more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    (tmp_path / "pyproject.toml").touch()
    for folder in ("genga", "scripts"):
        (tmp_path / folder).mkdir()
    for stage in STAGES:
        (tmp_path / f"scripts/{stage}.py").touch()
    return start(tmp_path, HOLDER)


def test_a_job_ends_when_its_run_is_killed(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    run = said(holder)
    held = {HELD: str(tmp_path / ".snakemake/genga/held")}
    job = start(tmp_path, JOB, **held, **{RUN: run})
    alone = start(tmp_path, JOB, **{HELD: "", RUN: ""})
    elsewhere = start(tmp_path, JOB, **held, **{RUN: "process 1 on another machine"})
    assert [said(process) for process in (job, alone, elsewhere)] == ["at work"] * 3
    time.sleep(0.2)
    assert job.poll() is None
    holder.kill()
    assert job.wait(timeout=10) == -signal.SIGKILL
    late = start(tmp_path, JOB, **held, **{RUN: run})  # began before the run was killed, looks for it only now
    assert late.wait(timeout=30) == -signal.SIGKILL
    for process in (alone, elsewhere):
        assert process.poll() is None
        process.kill()


def test_a_second_run_is_told_and_may_begin_at_once_when_the_first_is_killed(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    run = said(holder)
    second = start(tmp_path, HOLDER)
    assert second.wait(timeout=30) != 0 and second.stderr is not None
    last = second.stderr.read().splitlines()[-1]
    assert f"{run}, since " in last and last.endswith("is at work here; wait for its end, or use a clone")
    holder.kill()
    third = start(tmp_path, HOLDER)
    assert said(third).startswith("process ")
    third.kill()
