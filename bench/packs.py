"""Short clips in packs beside one episode for each: `python -m bench.packs FOLDER [--clips 100] [--episodes 10]`.

Draws a film, cuts it into clips of 3 and 10 s of 360 lines, and runs the workflow from files to who is who in copies of
this project: all clips in packs, some of them as episodes, then one clip more. What is measured is CPU time (user and
system) of everything that runs. What a clip costs whatever its length is at most what one of two frames costs, which is
one drawing. The last part asks `snakemake -n` about 100,000 names.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from bench._shorts import pictures, write_clip
from demo.series import draw_series

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("Snakefile", "params.yaml", "models.yaml", "recipes", "captions", "vocabulary", "rules", "scripts", "genga",
          "profiles", "envs", "pyproject.toml", "demo/weights")  # fmt: skip
HEIGHT, RATE, SERIES = 360, 24, "shorts"
TARGET = f"data/characters/{SERIES}.parquet"
_PR_SET_CHILD_SUBREAPER = 36  # of Linux: whoever outlives its parent is this process's child


def project(folder: Path, packed: bool) -> Path:
    """A copy of the project without data, whose series of clips is worked on in packs or not."""
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)
    params = folder / "params.yaml"
    said = f"\nseries: {{{SERIES}: {{shorts: {str(packed).lower()}}}}} "
    params.write_text(params.read_text(encoding="utf-8").replace("\nseries: {} ", said), encoding="utf-8")
    (folder / "data/raw" / SERIES).mkdir(parents=True)
    return folder


def spent(folder: Path, *arguments: str) -> tuple[float, int]:
    """CPU time in s of a run of Snakemake with all that it starts, and the largest of their memories, MB."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    cpu, memory, failed = 0.0, 0, False
    with open(folder / "run.log", "w+", encoding="utf-8") as log:
        run = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        with suppress(ChildProcessError):  # workers, which end with the run, are ours when their job has ended
            while True:
                process, status, usage = os.wait4(-1, 0)
                cpu, memory = cpu + usage.ru_utime + usage.ru_stime, max(memory, usage.ru_maxrss >> 10)
                if process == run.pid:
                    run.returncode = os.waitstatus_to_exitcode(status)
                    failed = run.returncode != 0
        if failed:
            log.seek(0)
            sys.exit(log.read())
    return cpu, memory


def drawn(folder: Path, seconds: float) -> Path:
    """A drawn film of this length."""
    folder.mkdir(parents=True)
    return draw_series(folder, folder, episodes=1, seconds=seconds + 1, height=HEIGHT, seed=11)[0]


def cut(film: Path, folder: Path, count: int, seconds: float) -> list[Path]:
    """`count` clips of a film, one after the other."""
    frames = pictures(film)
    images = (list(islice(frames, round(seconds * RATE))) for _ in range(count))
    return [write_clip(folder / f"clip {number:04d}.mp4", one, RATE) for number, one in enumerate(images)]


def of_clips(folder: Path, clips: list[Path], packed: bool) -> tuple[float, int, Path]:
    """CPU time from files to who is who of these clips, the largest job's memory, and the project."""
    made = project(folder, packed)
    for clip in clips:
        shutil.copy2(clip, made / "data/raw" / SERIES)
    return *spent(made, TARGET), made


def main(
    folder: Annotated[Path, typer.Argument(help="an empty folder to work in")],
    clips: Annotated[int, typer.Option(help="clips of 3 s in packs; a third of it of 10 s")] = 100,
    episodes: Annotated[int, typer.Option(help="of them as episodes")] = 10,
    names: Annotated[int, typer.Option(help="names for snakemake -n; 0: not asked")] = 100_000,
) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    film = drawn(folder / "film", 3.0 * (clips + 1))
    short, long = cut(film, folder / "short", clips + 1, 3.0), cut(film, folder / "long", max(2, clips * 3 // 10), 10.0)
    least = cut(film, folder / "least clips", len(long), 2 / RATE)
    packs, memory, made = of_clips(folder / "packs", short[:-1], packed=True)
    shutil.copy2(short[-1], made / "data/raw" / SERIES)
    more, _ = spent(made, TARGET)
    alone, _, _ = of_clips(folder / "alone", short[-1:], packed=True)
    of_long, _, _ = of_clips(folder / "longer", long, packed=True)
    start, _ = spent(made, TARGET)
    (made / TARGET).unlink()
    who, _ = spent(made, TARGET)
    of_least, _, _ = of_clips(folder / "least", least, packed=True)
    single, _, _ = of_clips(folder / "episodes", short[:episodes], packed=False)
    per_short, per_long = (packs - alone) / (clips - 1), (of_long - alone) / (len(long) - 1)
    fixed, each = (of_least - alone + per_short) / len(least), single / episodes
    rows = [
        ("a clip of 3 s as an episode, CPU", f"{each:.2f} s"),
        ("a clip of 3 s in a pack, CPU", f"{per_short:.2f} s"),
        ("1,000 clips of 3 s in packs, CPU", f"{1000 * per_short + 2 * alone:.0f} s"),
        ("as part of as many episodes", f"1/{1000 * each / (1000 * per_short + 2 * alone):.1f}"),
        ("a clip of 10 s in a pack, CPU", f"{per_long:.2f} s"),
        ("a clip of two frames in a pack, CPU", f"{fixed:.2f} s, {100 * fixed / per_long:.0f} % of that"),
        (f"one clip added to {clips}, CPU", f"{more:.1f} s"),
        ("of that who is who of the series", f"{who - start:.1f} s"),
        ("a run with nothing to do, CPU", f"{start:.1f} s"),
        ("the largest job", f"{memory} MB"),
    ]
    if names:
        many = project(folder / "names", packed=True)
        for number in range(names):
            (many / "data/raw" / SERIES / f"clip {number:06d}.gif").write_bytes(b"x")
        cpu, memory = spent(many, "-n")
        rows.append((f"snakemake -n of {names} clips", f"{cpu:.1f} s, {memory} MB"))
    print("\n".join(f"| {what} | {figure} |" for what, figure in rows))


if __name__ == "__main__":
    typer.run(main)
