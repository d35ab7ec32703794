"""Run the demo on the Slurm that `node.sh` started, and hold what came out against a run without it.

A copy of the project, with the drawn videos alone, goes through `snakemake --profile profiles/slurm` to its end. Then
every output must be, to the byte, that of a run on this machine alone, by the sha256 in records.jsonl: of the project's
folder if all of it was made there, else of one that is made now, or of the file named as argument. And nothing must be
left to do. `--packs` instead: a series of short clips in three packs, to its training set.
"""

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from itertools import cycle
from pathlib import Path

from bench._shorts import cut, pictures, write_clip
from genga.workflow.records import read_records

ROOT = Path(__file__).resolve().parents[2]
COPIED = (
    "Snakefile", "params.yaml", "models.yaml", "recipes", "captions", "vocabulary",
    "rules", "scripts", "genga", "profiles", "envs",
    "pyproject.toml",
    "corrections", "demo/weights", "data/raw", ".gitignore",
)  # fmt: skip
NOTHING = "Nothing to be done"
PACKS = "--packs" in sys.argv[1:]
TARGETS = ["data/dataset/shorts.parquet"] if PACKS else []
CLIPS, SECONDS, RATE = 10, 2, 24


def main() -> None:
    """Run it; one line for each thing that was found, exit status 1 at the first that is wrong."""
    with tempfile.TemporaryDirectory(prefix="genga-slurm-") as name:
        ours, alone = Path(name, "slurm"), Path(name, "alone")
        copy(ours)
        began = time.perf_counter()
        # A group asks for the cores of those of its jobs that run at once, two of two threads each: more than a small
        # node has. What is made does not depend on it.
        small = ["--max-threads", "1"] if (os.cpu_count() or 1) < 4 else []
        snakemake(
            ours, *TARGETS, "--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "5", *small
        )
        print(f"the demo ran to its end on Slurm in {time.perf_counter() - began:.0f} s, jobs: {submitted()}")
        check(
            NOTHING in snakemake(ours, "-n", "--cores", "1", *TARGETS),
            "after it there is something left to do: snakemake -n",
        )
        print("afterwards there is nothing to do")
        expected, found = made_alone(alone), outputs(ours / "records.jsonl")
        odd = sorted(path for path in expected.keys() | found.keys() if expected.get(path) != found.get(path))
        check(not odd, f"{len(odd)} outputs are not those of a run without Slurm, first: {odd[:1]}")
        print(f"all {len(found)} outputs have the sha256 that they have without Slurm")


def made_alone(folder: Path) -> dict[str, str]:
    """The sha256 of every output by path, as a run on this machine alone has it; made in `folder` if there is none."""
    named = [word for word in sys.argv[1:] if not word.startswith("--")]
    records = Path(named[0]) if named else ROOT / "records.jsonl"
    if PACKS or not named and not (records.is_file() and NOTHING in snakemake(ROOT, "-n", "--cores", "1")):
        print("the same on this machine alone, which takes some minutes", flush=True)
        copy(folder)
        snakemake(folder, "--cores", "all", *TARGETS)
        records = folder / "records.jsonl"
    return outputs(records)


def outputs(records: Path) -> dict[str, str]:
    """The sha256 of every output on record, by path."""
    return {path: of.sha256 for job in read_records(records).jobs.values() for path, of in job.outputs.items()}


def copy(target: Path) -> None:
    """Put the project and its videos into a folder of its own."""
    for name in COPIED:
        source = ROOT / name
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target / name)
    if PACKS:
        of_clips(target)


def of_clips(target: Path) -> None:
    """Have a copy of the project work on short clips in packs."""
    shutil.rmtree(target / "data/raw")
    shutil.copytree(clips(), target / "data/raw/shorts")
    params = target / "params.yaml"
    said = "\nseries: {shorts: {shorts: true, pack: 4}} "
    params.write_text(params.read_text(encoding="utf-8").replace("\nseries: {} ", said), encoding="utf-8")


@cache
def clips() -> Path:
    """A folder with short clips of the drawn film, written once: a WebM has another number in it each time."""
    folder = Path(tempfile.mkdtemp(prefix="genga-clips-"))
    atexit.register(shutil.rmtree, folder)
    film, endings = next((ROOT / "data/raw").glob("*/*.mkv")), cycle([".mp4", ".gif", ".webm", ".webp"])
    for number, images in enumerate(cut(pictures(film), CLIPS, SECONDS * RATE)):
        write_clip(folder / f"clip {number}{next(endings)}", images, RATE)
    return folder


def snakemake(folder: Path, *words: str) -> str:
    """Run Snakemake in a folder and return what it said; the end of that, and stop, if it fails."""
    command = [sys.executable, "-m", "snakemake", *words]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    check(done.returncode == 0, f"{' '.join(words)}: ended with {done.returncode}:\n{text[-4000:]}")
    return text


def submitted() -> int:
    """How many jobs Slurm was given: it numbers them from one on."""
    done = subprocess.run(["scontrol", "show", "config"], capture_output=True, text=True, check=True)
    return int(re.findall(r"NEXT_JOB_ID\s*=\s*(\d+)", done.stdout)[0]) - 1


def check(holds: bool, otherwise: str) -> None:
    """Stop with one line if something does not hold."""
    if not holds:
        print(f"error: {otherwise}", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
