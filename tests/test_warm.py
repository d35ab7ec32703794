"""genga.jobs.warm: packs' stages in one process, which ends as jobs and runs do."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from conftest import ROOT

from genga.jobs.script import HELD, RUN, who
from genga.jobs.warm import FOLDER, started_here

STAGE = '''
"""Look at a file."""
import os, time
from pathlib import Path
import typer
from genga.errors import GengaError
from genga.jobs.script import run
from genga.store.files import write_facts

def main(in_video: Path = typer.Option(...), out: Path = typer.Option(...)) -> None:
    said = in_video.read_text()
    if said == "slow":
        Path("begun").write_text(str(os.getpid()))
        time.sleep(60)
    if said == "odd":
        raise NotImplementedError("odd")
    if said == "away":
        raise OSError(5, "Input/output error", str(in_video))
    write_facts(out, {"by": os.getpid(), "said": said})

if __name__ == "__main__":
    run(main)
'''


@pytest.fixture
def held(tmp_path: Path) -> Iterator[IO[str]]:
    """What this process holds, as a run does."""
    with open(tmp_path / "held", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write(f"{who()}, since 12:00")
        held.flush()
        yield held


@pytest.fixture
def project(tmp_path: Path, held: IO[str]) -> Path:
    (tmp_path / "probe.py").write_text(STAGE)
    for clip in ("a", "b"):
        (tmp_path / f"{clip}.gif").write_text(clip)
    return tmp_path


def job(project: Path, name: str, run: str | None = None, **clips: str) -> subprocess.Popen[str]:
    (project / f"data/{name}/s").mkdir(parents=True)
    listed = project / f"{name}.json"
    listed.write_text(json.dumps(list(clips.items())))
    stage = ["probe.py", "--in-video", "", "--out", f"data/{name}/s/pack.json"]
    words = ["--held", name, "--clips", listed.name, "--", *stage]
    run = who() if run is None else run
    environment = {**os.environ, "PYTHONPATH": str(ROOT), HELD: str(project / "held"), RUN: run}
    return subprocess.Popen(
        [sys.executable, "-m", "genga.jobs.warm", *words],
        cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def worker_of(project: Path, name: str) -> int:
    done = job(project, name, a="a.gif", b="b.gif")
    out, err = done.communicate(timeout=60)
    assert (done.returncode, err) == (0, ""), err
    assert out == "probe s/pack: 2 clips, 2 anew, 0 as they were\n"
    clips = json.loads((project / f"data/{name}/s/pack.json").read_text())["clips"]
    assert {clip: found["said"] for clip, found in clips.items()} == {"a": "a", "b": "b"}
    (worker,) = {found["by"] for found in clips.values()}
    assert worker != done.pid
    return int(worker)


def ends(process: int, seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
            threads = len(list(Path(f"/proc/{process}/task").iterdir()))
        except OSError:
            return True
        if state == "Z" and threads == 1:  # of more, one has its files open yet
            return True
        time.sleep(0.02)
    return False


def begun(project: Path) -> int:
    while not (project / "begun").exists() or not (said := (project / "begun").read_text()):
        time.sleep(0.01)
    return int(said)


def test_jobs_of_a_run_have_one_worker_which_ends_with_it(project: Path, held: IO[str]) -> None:
    worker = worker_of(project, "one")
    assert worker_of(project, "two") == worker and not ends(worker, 0)
    held.close()
    assert ends(worker)


def test_a_job_at_the_same_time_has_a_worker_of_its_own_and_a_killed_one_takes_its_along(project: Path) -> None:
    worker = worker_of(project, "one")
    (project / "c.gif").write_text("slow")
    slow = job(project, "slow", c="c.gif")
    assert begun(project) == worker
    other = worker_of(project, "two")
    assert other != worker
    slow.kill()
    assert ends(worker) and not (project / "data/slow/s/pack.json").exists()
    assert sorted(path.name for path in (project / FOLDER).iterdir()) == ["0.lock", "1.lock"]
    assert worker_of(project, "three") not in (worker, other)


def test_a_worker_that_is_killed_ends_its_job_as_killed(project: Path) -> None:
    (project / "c.gif").write_text("slow")
    slow = job(project, "slow", c="c.gif")
    os.kill(begun(project), signal.SIGKILL)
    assert slow.communicate(timeout=20) == ("", "") and slow.returncode == -signal.SIGKILL


def test_a_failure_is_the_jobs_and_ends_the_worker(project: Path) -> None:
    worker = worker_of(project, "one")
    (project / "c.gif").write_text("away")
    out, err = (failed := job(project, "away", c="c.gif")).communicate(timeout=60)
    assert (failed.returncode, out) == (1, "")
    assert err == "error: c.gif: Input/output error; put the disk right, and run again\n"
    assert ends(worker)


def test_a_crash_is_told_as_python_does(project: Path) -> None:
    (project / "c.gif").write_text("odd")
    out, err = (failed := job(project, "odd", c="c.gif")).communicate(timeout=60)
    assert (failed.returncode, out) == (1, "")
    assert err.startswith("Traceback (most recent call last):\n") and err.endswith("\nNotImplementedError: odd\n")


def test_whom_no_run_here_started_works_alone(project: Path) -> None:
    for number, run in enumerate(("", "process 1 on another machine")):
        alone = job(project, str(number), run=run, a="a.gif")
        assert alone.wait(timeout=60) == 0
        clips = json.loads((project / f"data/{number}/s/pack.json").read_text())["clips"]
        assert clips["a"]["by"] == alone.pid
    assert not (project / FOLDER).exists()
    here = os.uname().nodename  # a queue's job there has limits of its own, and is no descendant of the run
    assert started_here(f"process {os.getppid()} on {here}") and not started_here(f"process {os.getpid()} on {here}")
    assert not any(started_here(run) for run in ("", "process 1", f"process {os.getppid()} on x", f"process on {here}"))


def test_it_loads_little() -> None:
    code = "import sys, genga.jobs.warm; print({'numpy', 'typer', 'av', 'polars'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
