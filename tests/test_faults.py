"""Disks that fill up, rot, go away or are read-only, by the real workflow: named before anything is built on it.

What is done to a file is hidden from the workflow's stamps where it says so, as a disk that rots hides it: no time,
no size, no time of inode change is another.
"""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import copy_project
from standin import snakemake

from bench.kills import outputs
from demo.series import draw_series
from genga.store.files import sha256_of
from genga.store.hash_cache import stamp_of

pytestmark = pytest.mark.slow

TARGET = "data/quality/s/ep01.parquet"
VIDEO = "data/raw/s/ep01.mkv"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn episode of three seconds as far as its quality; the video lies elsewhere, as on a NAS."""
    project = tmp_path_factory.mktemp("faults") / "project"
    project.mkdir()
    copy_project(project)
    nas = project.parent / "nas"
    draw_series(nas, project.parent, episodes=1, seconds=3.0, height=180, seed=7)
    (project / "data/raw").mkdir(parents=True)
    (project / "data/raw/s").symlink_to(nas)
    ran = snakemake(project, TARGET)
    assert ran.code == 0, ran.text
    return project


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy for one test, with a NAS of its own."""
    copy = tmp_path / "project"
    shutil.copytree(finished, copy, symlinks=True)
    shutil.copytree(finished.parent / "nas", tmp_path / "nas")
    (copy / "data/raw/s").unlink()
    (copy / "data/raw/s").symlink_to(tmp_path / "nas")
    yield copy
    shutil.rmtree(tmp_path)


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def cut_short(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def rot(project: Path, name: str, damage: Callable[[bytes], bytes]) -> None:
    """Damage a file, and have the workflow's stamps say that nothing happened."""
    path = project / name
    time, digest = path.stat().st_mtime_ns, sha256_of(path)
    path.write_bytes(damage(path.read_bytes()))
    os.utime(path, ns=(time, time))
    stamp = stamp_of(path)
    assert stamp is not None
    for notes in ("stamps", "restored"):
        found = json.loads((project / f".snakemake/genga/{notes}.json").read_text())
        (found["stamps"] if notes == "restored" else found)[name] = [*stamp, *([digest] if notes == "stamps" else [])]
        (project / f".snakemake/genga/{notes}.json").write_text(json.dumps(found))


def forget(project: Path, *stages: str) -> None:
    """Take away what stages have made."""
    for stage in stages:
        shutil.rmtree(project / "data" / stage)


DAMAGED = [
    ("data/probe/s/ep01.json", "frames", "is not "),
    ("data/frames/s/ep01.tar", "shots", "are damaged; delete it to make it again"),
    ("data/dedup/s/ep01.parquet", "stills", "damaged table"),
    (VIDEO, "stills", "not the video that was probed, or damaged"),
]


@pytest.mark.parametrize(("name", "stage", "message"), DAMAGED)
def test_a_flipped_bit_that_no_stamp_tells_is_named_by_the_job_that_reads_it(
    project: Path, name: str, stage: str, message: str
) -> None:
    rot(project, name, flipped)
    forget(project, stage)
    table = f"data/{stage}/s/ep01.parquet"
    ran = snakemake(project, table)
    assert ran.code != 0 and "Traceback" not in ran.text
    assert ran.errors and all(line.startswith(f"error: {name}: ") and message in line for line in ran.errors), ran.text
    assert not (project / table).exists(), "nothing was built on it"


def test_damage_that_stamps_tell_is_named_and_made_again(project: Path) -> None:
    before = outputs(project)
    for name, damage in (("data/stills/s/ep01.tar", flipped), ("data/dedup/s/ep01.parquet", cut_short)):
        time = (project / name).stat().st_mtime_ns
        (project / name).write_bytes(damage((project / name).read_bytes()))
        os.utime(project / name, ns=(time, time))
    ran = snakemake(project, TARGET)
    assert "note: data/stills/s/ep01.tar is not what records.jsonl says" in ran.text
    assert "note: data/dedup/s/ep01.parquet is not what records.jsonl says" in ran.text
    assert ran.code == 0 and outputs(project) == before, ran.text


def test_a_run_killed_when_all_jobs_were_done_is_finished_too(project: Path) -> None:
    assert snakemake(project, TARGET).nothing
    before = outputs(project)
    (project / "data/code.json").unlink()
    (project / ".snakemake/genga/working").touch()  # as it stands until all is written down
    ran = snakemake(project, TARGET)
    assert ran.code == 0 and ran.nothing, ran.text
    assert outputs(project) == before and "data/code.json" in before
    assert not (project / ".snakemake/genga/working").exists()


def test_a_job_without_room_says_so_and_goes_on_when_there_is(project: Path) -> None:
    before = outputs(project)
    forget(project, "stills", "quality")
    limited = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", TARGET],
        cwd=project,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000)),
    )
    said = "error: data/stills/s/ep01.tar: cannot be written (File too large); make room, and run again"
    assert limited.returncode != 0 and said in limited.stdout + limited.stderr, limited.stderr
    assert list(project.rglob(".*.tmp")) == [] and not (project / "data/stills/s/ep01.tar").exists()
    assert snakemake(project, TARGET).code == 0
    assert outputs(project) == before


@pytest.fixture
def mounted(project: Path) -> Iterator[Callable[..., None]]:
    """Mounts a file system of memory at a folder of the project, which needs to be root."""
    done: list[Path] = []

    def mount(name: str, options: str) -> None:
        (project / name).mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(project / name)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("may not mount here")
        done.append(project / name)

    yield mount
    for folder in done:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(project: Path, mounted: Callable[..., None]) -> None:
    forget(project, "stills", "quality")
    mounted("data/stills", "size=1400k")
    (project / "data/stills/other").write_bytes(bytes(1_500))
    ran = snakemake(project, TARGET)
    assert ran.code == 0, ran.text
    shutil.rmtree(project / "data/stills/s")
    forget(project, "quality")
    (project / "data/stills/other").write_bytes(bytes(500_000))
    ran = snakemake(project, TARGET)
    assert ran.code != 0 and "Traceback (" not in ran.text and len(ran.errors) == 1
    assert re.fullmatch(
        rf"error: {project}/data/stills: its disk is full \(\d+ kB left\); make room, .*", ran.errors[0]
    )


def test_a_read_only_folder(project: Path, mounted: Callable[..., None]) -> None:
    forget(project, "quality")
    mounted("data/quality", "ro")
    ran = snakemake(project, TARGET)
    assert ran.code != 0 and "Traceback" not in ran.text
    assert ran.errors == [f"error: {project}/data/quality: is read-only; allow writing there, and run again"]
    assert not (project / "data/quality/s").exists()


def test_a_nas_that_is_away_is_said_and_back_it_is_as_if_nothing_was(project: Path) -> None:
    nas = project.parent / "nas"
    before = outputs(project)
    nas.rename(nas.with_name("away"))
    said = f"note: data/raw/s, a link to {nas}, cannot be read (No such file or directory); bring back"
    forget(project, "quality")  # needs no video
    ran = snakemake(project, TARGET)
    assert ran.code == 0 and outputs(project) == before and said in ran.text, ran.text
    forget(project, "stills", "quality")
    ran = snakemake(project, TARGET)
    assert ran.code != 0 and said in ran.text and VIDEO in ran.text and "Traceback" not in ran.text, ran.text
    nas.with_name("away").rename(nas)
    ran = snakemake(project, TARGET)
    assert ran.code == 0 and outputs(project) == before, ran.text


# What the Python of every job of a project does before anything else, if it lies there under this name.
AWAY = """
import builtins, errno, os, sys
real = open

class Share:
    def __init__(self, file):
        self.file, self.given = file, 0
    def read(self, size=-1):
        if self.given > 20_000:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        data = self.file.read(size if {how!r} == "moved" else 4096)
        self.given += len(data) if {how!r} == "stale" else 0
        return data
    def __getattr__(self, name):
        return getattr(self.file, name)

def opened(path, *rest, **named):
    file = real(path, *rest, **named)
    if str(path).endswith(".mkv") and sys._getframe(1).f_globals["__name__"] == "genga.video.file":
        if {how!r} == "moved":
            os.rename({nas!r}, {away!r})
        return Share(file)
    return file

builtins.open = opened
"""


@pytest.mark.parametrize("how", ["moved", "stale"])
def test_a_nas_that_goes_away_while_a_video_is_decoded(project: Path, how: str) -> None:
    nas, away, table = project.parent / "nas", project.parent / "away", "data/frames/s/ep01.parquet"
    before = outputs(project)
    forget(project, "frames")
    (project / "sitecustomize.py").write_text(AWAY.format(nas=str(nas), away=str(away), how=how))
    ran = snakemake(project, table)
    (project / "sitecustomize.py").unlink()
    assert "Traceback" not in ran.text
    if how == "stale":  # a read fails: that is not the end of the video
        why = "cannot be read (Stale file handle); bring back the disk or share that it is on, and run again"
        assert ran.code != 0 and ran.errors[0].startswith(f"error: {VIDEO}: {why}"), ran.text
        assert not list(project.glob("data/frames/s/*"))
        assert snakemake(project, table).code == 0
    else:  # what is open can be read to its end
        assert ran.code == 0 and not nas.exists(), ran.text
        away.rename(nas)
    assert outputs(project) == before
