"""What DVC costs beside a plain copy of the same bytes: `python -m bench.dvc [--episodes 12] [--megabytes 300]`.

Files as the workflow leaves them, a shard of stills and one of crops per episode and the tables of every stage, filled
with random bytes; versioned with this repository's own .dvc/config, once with a remote in a folder (a NAS) and once
with DVC's cache itself on the NAS (`shared`), for each link type that is asked for. Every command, and `cp` beside it,
begins with files that are not in memory and ends when what it wrote is on the disk. Bytes read from and written to the
disk are the kernel's count for the process. Each figure is the least of `--repeats` rounds. Prints the table that
docs/remotes.md quotes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import typer

from bench.models import table

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1 << 20
# Files of an episode of 24 minutes, MB; stills and crops share what is left of `--megabytes` 3 : 1.
TABLES = {"probe": 0.01, "frames": 3.0, "shots": 0.05, "dedup": 0.4, "stills": 0.4, "detect": 0.3, "quality": 0.2,
          "tag": 2.0, "crop": 0.6, "embed": 9.0}  # fmt: skip
SHARDS = {"stills": 0.75, "crop": 0.25}
STAGES = tuple(f"data/{stage}" for stage in TABLES)
CP = ("cp", "-r", "--reflink=never")


@dataclass(frozen=True)
class Cost:
    wall: float  # s, until what was written is on the disk
    cpu: float  # s, user and system
    read: float  # MB from the disk
    written: float  # MB to the disk

    def least(self, other: "Cost | None") -> "Cost":
        """The less of each figure: what else the machine did only adds."""
        if other is None:
            return self
        return Cost(*(min(a, b) for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))


def files_in(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def each(folders: tuple[Path, ...], do: Callable[[int], None]) -> None:
    """Do something with every file that is open for reading."""
    for path in files_in(*folders):
        file = os.open(path, os.O_RDONLY)
        try:
            do(file)
        finally:
            os.close(file)


def forget(*folders: Path) -> None:
    """Let the kernel have the files on the disk alone."""
    each(folders, os.fsync)
    each(folders, lambda file: os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED))


def cost(command: tuple[str, ...], folder: Path, reads: tuple[Path, ...], writes: tuple[Path, ...]) -> Cost:
    """Run a command in `folder`; `reads` and `writes` are the folders it reads from and writes to."""
    forget(*reads)
    begin = time.monotonic()
    with open(os.devnull, "w", encoding="utf-8") as nothing:
        child = subprocess.Popen(command, cwd=folder, stdout=nothing)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    each(writes, os.fsync)
    wall = time.monotonic() - begin
    blocks = 512 / MEGABYTE
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_inblock * blocks, usage.ru_oublock * blocks)


def dvc(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "dvc", *words)


def quietly(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def draw(folder: Path, episodes: int, megabytes: float) -> None:
    """Write the files of so many episodes into `folder`/data."""
    shards = megabytes - sum(TABLES.values())
    for episode in range(episodes):
        for stage, size in TABLES.items():
            fill(folder / f"data/{stage}/series/ep{episode:02}.parquet", size)
        for stage, share in SHARDS.items():
            fill(folder / f"data/{stage}/series/ep{episode:02}.tar", share * shards)


def fill(path: Path, megabytes: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    left = int(megabytes * MEGABYTE)
    with open(path, "wb") as file:
        while left > 0:
            left -= file.write(os.urandom(min(left, 8 * MEGABYTE)))


def project(folder: Path, nas: Path, link: str, shared: bool) -> None:
    """Make `folder` a repository with this repository's configuration and a NAS."""
    shutil.copytree(ROOT / ".dvc", folder / ".dvc", ignore=shutil.ignore_patterns("tmp", "cache"))
    quietly(folder, "git", "init", "-q")
    quietly(folder, *dvc("config", "cache.type", link))
    if shared:
        quietly(folder, *dvc("config", "cache.dir", str(nas)))
    else:
        quietly(folder, *dvc("remote", "add", "-q", "-d", "nas", str(nas)))


def measure(folder: Path, episodes: int, megabytes: float, link: str, shared: bool) -> Iterator[tuple[str, Cost]]:
    """Yield what each step costs, once: on the machine that makes the files, then on another one."""
    here, there, nas, copy = (folder / name for name in ("here", "there", "nas", "copy"))
    for one in (here, there, nas):
        one.mkdir()
    draw(here, episodes, megabytes)
    project(here, nas, link, shared)
    data = here / "data"
    yield "cp", cost((*CP, "data", str(copy)), here, (data,), (copy,))
    shutil.rmtree(copy)
    cache = nas if shared else here / ".dvc/cache"
    yield "add", cost(dvc("add", "-q", *STAGES), here, (data,), (cache, data))
    yield "status", cost(dvc("status", "-q"), here, (), ())
    if not shared:
        yield "push", cost(dvc("push", "-q"), here, (cache,), (nas,))
    quietly(folder, "cp", "-r", "here/.dvc/config", "here/.git", "there")
    shutil.copytree(here / ".dvc", there / ".dvc", ignore=shutil.ignore_patterns("tmp", "cache"))
    (there / "data").mkdir()
    for pointer in data.glob("*.dvc"):
        shutil.copy2(pointer, there / "data")
    shutil.rmtree(data)  # room on the disk for the other machine
    shutil.rmtree(here / ".dvc/cache", ignore_errors=True)
    pulled = ("checkout", "-q") if shared else ("pull", "-q")
    yield "pull", cost(dvc(*pulled), there, (nas,), (there / "data", there / ".dvc"))
    if shared:
        return
    found = sum(path.stat().st_size for path in files_in(there / "data"))
    if link != "symlink" and found < episodes * megabytes * MEGABYTE * 0.99:
        raise SystemExit("not everything came back")


def rows(link: str, shared: bool, found: dict[str, Cost], total: float) -> Iterator[tuple[object, ...]]:
    """A row for each step, beside the plain copy of its own round."""
    plain = found["cp"]
    for step, one in found.items():
        yield ("cache on NAS" if shared else "remote", link, step, f"{one.wall:.1f}", f"{one.wall / plain.wall:.2f}",
               f"{one.cpu:.1f}", f"{one.read / total:.2f}", f"{one.written / total:.2f}")  # fmt: skip


def main(
    episodes: int = typer.Option(12, min=1, help="how many"),
    megabytes: float = typer.Option(300.0, min=20, help="MB an episode, in all its files"),
    repeats: int = typer.Option(2, min=1, help="rounds, of which the least counts"),
    link: list[str] = typer.Option(["reflink,copy", "hardlink"], help="DVC's cache.type, again for each"),
    folder: Path | None = typer.Option(None, help="where to write some 4 times as much as the data; the system's own"),
) -> None:
    """Measure DVC beside a plain copy."""
    total = episodes * megabytes
    print(f"## {episodes} episodes of {megabytes:g} MB, {episodes * (len(TABLES) + len(SHARDS))} files\n")
    found: list[tuple[object, ...]] = []
    for one, shared in [(one, shared) for one in link for shared in (False, True)]:
        least: dict[str, Cost] = {}
        for _ in range(repeats):
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                for step, took in measure(Path(scratch), episodes, megabytes, one, shared):
                    least[step] = took.least(least.get(step))
                    print(f"{one}, {'cache on NAS' if shared else 'remote'}: {step} {took}", file=sys.stderr)
        found += rows(one, shared, least, total)
    print(table(("set up", "link", "step", "wall, s", "of cp", "CPU, s", "read, of data", "written, of data"), found))


if __name__ == "__main__":
    typer.run(main)
