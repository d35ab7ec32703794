"""DVC's cache stays what it is, whatever writes to the files that it lent: every link type, through the workflow."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from standin import EPISODES, RUN, SERIES, change_params, command, commit_all, digests, make_standin, snakemake

pytestmark = pytest.mark.slow

LINKS = ("copy", "reflink", "hardlink", "symlink")
SHARD, CHECKPOINT = f"data/stills/{SERIES}/{EPISODES[0]}.tar", f"models/{RUN}/checkpoints/a.safetensors"


def intact(project: Path) -> int:
    """How many files the cache has; each is still what its name says."""
    files = list((project / ".dvc/cache/files/md5").glob("*/*"))
    for path in files:
        assert hashlib.md5(path.read_bytes()).hexdigest() == "".join(path.parts[-2:]).removesuffix(".dir"), path
    return len(files)


def kind_of(path: Path) -> str:
    """How a file hangs together with the cache: symlink, hardlink, or a copy (reflinks cannot be told from these)."""
    if path.is_symlink():
        return "symlink"
    return "hardlink" if path.stat().st_nlink > 1 else "copy"


@pytest.fixture(scope="module")
def versioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole line gone through, in DVC's cache."""
    project = make_standin(tmp_path_factory.mktemp("versioned") / "project")
    commit_all(project)
    return project


@pytest.mark.parametrize("link", LINKS)
def test_jobs_write_beside_what_the_cache_lent(versioned: Path, tmp_path: Path, link: str) -> None:
    project = tmp_path / "project"
    shutil.copytree(versioned, project)
    command(project, "dvc", "config", "cache.type", link)
    if link == "reflink" and not reflinks(tmp_path):
        pytest.skip("this file system has no reflinks")
    command(project, "dvc", "checkout", "--relink", "-q")
    wanted = "copy" if link == "reflink" else link
    assert {kind_of(project / path) for path in (SHARD, CHECKPOINT, "data/code.json")} == {wanted}
    before, held = digests(project), intact(project)
    # An editor that writes in place is refused, or writes into the project's own copy.
    edit = unprivileged(project, "-c", f"open({SHARD!r}, 'r+b').write(b'{{')")
    assert (edit.returncode == 0) is (wanted == "copy") and ("PermissionError" in edit.stdout) is (wanted != "copy")
    assert intact(project) == held
    # Every job writes its outputs anew, as one whom the lent files' mode stops.
    change_params(project, "probe", looked_at=20)
    change_params(project, "train", seed=1)
    ran = unprivileged(project)
    assert ran.returncode == 0, ran.stdout
    # What it had is as it was; what is new is in it, too, and is lent in the same way.
    assert digests(project) != before and intact(project) > held
    assert {kind_of(project / path) for path in (SHARD, CHECKPOINT)} == {wanted}
    assert snakemake(project, "-n").nothing
    # DVC lends what it had; with the old parameters that is fresh. Its own phase writes anew, too, and lends that.
    command(project, "git", "checkout", "-q", "params.yaml", "records.jsonl", "dvc.lock")
    command(project, "dvc", "checkout", "--force", "-q")
    assert kind_of(project / SHARD) == wanted and digests(project) == before
    assert snakemake(project, "-n").nothing
    held = intact(project)
    change_params(project, "train", seed=2)
    command(project, "dvc", "repro", "-q", f"train@{RUN}")
    assert intact(project) > held and kind_of(project / CHECKPOINT) == wanted
    assert digests(project)[CHECKPOINT] != before[CHECKPOINT]


def test_the_cache_lends_copies_unless_told_otherwise(root: Path) -> None:
    assert '    type = "reflink,copy"\n' in (root / ".dvc/config").read_text(encoding="utf-8")


def unprivileged(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake, or Python with `arguments`, as one who may not write to read-only files: root may."""
    words = [sys.executable, *(arguments or ("-m", "snakemake", "--cores", "2"))]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write to everything, and there is no setpriv")
        words = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override", *words]
    return subprocess.run(words, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def reflinks(folder: Path) -> bool:
    """Whether the file system can."""
    (folder / "a").write_bytes(b"a" * 4096)
    done = subprocess.run(["cp", "--reflink=always", folder / "a", folder / "b"], capture_output=True, check=False)
    return done.returncode == 0
