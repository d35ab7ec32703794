"""genga.jobs.script: one line on error, one line at the end."""

import errno
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from genga.errors import GengaError
from genga.jobs.script import run, summary
from genga.params.section import Section, params_of


class Params(Section):
    threshold: int


def test_a_genga_error_is_one_line_and_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def main() -> None:
        """Fail."""
        raise GengaError("a.mkv: empty file; copy it again")

    monkeypatch.setattr("sys.argv", ["main"])
    with pytest.raises(SystemExit) as stopped:
        run(main)
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "error: a.mkv: empty file; copy it again\n"


def test_arguments_by_name_and_status_0(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def main(out_path: str) -> None:
        """Say it."""
        summary(f"made {out_path}")

    monkeypatch.setattr("sys.argv", ["main", "a.parquet"])
    with pytest.raises(SystemExit) as stopped:
        run(main)
    assert stopped.value.code == 0
    assert capsys.readouterr().out == "made a.parquet\n"


def test_params_from_json_or_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("dedup: {threshold: 7}\n")
    assert params_of("dedup", Params, '{"threshold": 3}').threshold == 3
    assert params_of("dedup", Params, "").threshold == 7
    with pytest.raises(GengaError, match=r"params\.yaml: section tag is missing"):
        params_of("tag", Params, "")


def test_a_disk_that_fails_is_one_line_and_other_errors_are_not_hidden(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def main(number: int) -> None:
        """Fail."""
        raise OSError(number, os.strerror(number), "data/a.tar")

    monkeypatch.setattr("sys.argv", ["main", str(errno.EIO)])
    with pytest.raises(SystemExit) as stopped:
        run(main)
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "error: data/a.tar: Input/output error; put the disk right, and run again\n"
    monkeypatch.setattr("sys.argv", ["main", str(errno.EISDIR)])
    with pytest.raises(IsADirectoryError):
        run(main)


ENDS = """
import atexit, sys, threading, time

from genga.jobs.script import run


class Large:
    def __del__(self):
        print("taken apart")


kept = Large()


def main(what: str) -> None:
    atexit.register(print, "left")
    sys.stdout.write("made\\n")
    if what == "thread":
        threading.Thread(target=lambda: (time.sleep(0.2), print("done"))).start()


run(main)
"""


@pytest.mark.parametrize(("what", "said"), [("alone", "made left"), ("thread", "made done left taken apart")])
def test_a_command_ends_without_taking_apart_what_is_in_memory(tmp_path: Path, what: str, said: str) -> None:
    """Whatever it has written is out, what asked to be told of the end is; a thread at work is waited for."""
    Path(tmp_path, "job.py").write_text(ENDS)
    done = subprocess.run([sys.executable, tmp_path / "job.py", what], capture_output=True, text=True, check=True)
    assert done.stdout.split() == said.split()


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_cannot_be_written_is_said(unbuffered: str, tmp_path: Path) -> None:
    """At once, or where it is held back until the end."""
    Path(tmp_path, "job.py").write_text(ENDS)
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, tmp_path / "job.py", "alone"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=environment)
    assert done.returncode == 1
    assert done.stderr.startswith(
        b"error: a disk or share: No space left on device; put the disk right, and run again\n"
    )


HOLDS = """
import resource

from genga.jobs.script import hold_memory


def cleared():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        some = [bytearray(3 << 20) for _ in range(6)]
        del some
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


print(cleared())
hold_memory()
cleared()
print(cleared())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="others keep what they keep")
def test_memory_that_is_held_is_not_cleared_again(tmp_path: Path) -> None:
    """18 MB twenty times are 92,160 pages of 4 kB, or fewer and larger ones."""
    Path(tmp_path, "job.py").write_text(HOLDS)
    done = subprocess.run([sys.executable, tmp_path / "job.py"], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert after < 100 < 10_000 < before
