"""Send many small files to a stand-in for Hydrus and take back what was changed there; what it costs genga.

`python -m bench.hydrus` (50,000 files, some minutes; `--files 2000` to try it). The stand-in (bench/_hydrus.py) is a
process of its own and takes no time to speak of: what a real client takes for a file comes on top (docs/hydrus.md).
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import polars as pl
import typer

from bench._hydrus import GENGA, KEY, STARS, Shelf, serving
from genga.exchange.folders import OF_DATASET
from genga.images.codec import encode
from genga.store.parquet import write_table
from genga.store.shards import writing_shard

ROOT = Path(__file__).resolve().parent.parent
TAGS = 25  # of an image
_WORDS = [f"tag {number}" for number in range(2000)]


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    said: str  # its last line
    wall: float  # s
    cpu: float  # s, user and system
    memory: float  # MB, at its most


def project(files: int) -> None:
    """Write a data set of tiny pictures, no two alike, into the working folder."""
    draw = np.random.default_rng(0)
    rows = []
    with writing_shard("data/crop/s.tar") as shard:
        for number in range(files):
            place = shard.add(f"{number}.png", encode(draw.integers(0, 256, (8, 8, 3), np.uint8)))
            still = f"s/ep{number // 2000:02d}/{number % 2000:06d}"
            words = ["hana", *(_WORDS[pick] for pick in draw.choice(len(_WORDS), TAGS, replace=False))]
            parts = [{"part": "names", "text": "hana"}, {"part": "tags", "text": ", ".join(words[1:])}]
            rows.append(
                {"image": f"{still}-0-head", "still": still, "crop": f"{still}-0-head", "kind": "head",
                 "shot": f"{still.rpartition('/')[0]}/{number % 300}", "split": "train", "character": "hana",
                 "outfit": None, "tier": "best", "caption": ", ".join(words),
                 "captions": [{"form": "tags", "parts": parts}], "keep_tokens": 1, "repeats": 1, "weight": 1.0,
                 "width": 8, "height": 8, "text": [], "persons": [], "masks": None, **place}
            )  # fmt: skip
    write_table("data/dataset/s.parquet", pl.DataFrame(rows, schema=dict(OF_DATASET)), OF_DATASET)


@contextmanager
def standing_in() -> Iterator[str]:
    """A client in a process of its own; yields its address."""
    code = f"from bench.hydrus import stand; stand({os.getpid()})"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def stand(parent: int) -> None:
    """Serve until the process is ended, or that which began it."""
    with serving(Shelf()) as url:
        print(url, flush=True)
        while os.getppid() == parent:
            time.sleep(1)


def run(url: str, *words: str) -> Cost:
    """Run `genga hydrus WORDS`."""
    ours = {"HYDRUS_API_URL": url, "HYDRUS_ACCESS_KEY": KEY, "PYTHONPATH": str(ROOT)}
    start = time.monotonic()
    command = [sys.executable, "-m", "genga", "hydrus", *words, "--tags", "genga"]
    process = subprocess.Popen(command, env={**os.environ, **ours}, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read().splitlines()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(said[-1], time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3)


def edit(url: str, every: int) -> None:
    """Change a tag of each so-manieth file, and its rating, as a person does in the client."""
    lines = Path("hydrus/s.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    for sha256, _, _, words, *_ in map(json.loads, lines[::every]):
        actions = {GENGA: {"0": ["seen by a person"], "1": [words[-1]]}}
        _ask(f"{url}/add_tags/add_tags", {"hash": sha256, "service_keys_to_actions_to_tags": actions})
        _ask(f"{url}/edit_ratings/set_rating", {"hash": sha256, "rating_service_key": STARS, "rating": 1})


def _ask(url: str, value: object) -> None:
    head = {"Hydrus-Client-API-Access-Key": KEY, "Content-Type": "application/json"}
    urlopen(Request(url, json.dumps(value).encode(), head)).read()


def main(
    files: int = typer.Option(50_000, help="files"), every: int = typer.Option(50, help="of which one is edited")
) -> None:
    """Measure a round trip of tags and ratings, and print a table of it."""
    rating = ("--rating", "tier", "--stars", "best=5", "--stars", "reject=1")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        project(files)
        print("| | wall, s | CPU, s | files/s | memory, MB | said |\n|---|---|---|---|---|---|")
        with standing_in() as url:
            _tell("first push", files, run(url, "push", "s", *rating))
            _tell("push again, nothing new", files, run(url, "push", "s", *rating))
            edit(url, every)
            _tell("pull", files, run(url, "pull", "s", *rating))
            _tell("pull again", files, run(url, "pull", "s", *rating))
        os.chdir(ROOT)


def _tell(what: str, files: int, cost: Cost) -> None:
    rate = files / cost.wall
    print(f"| {what} | {cost.wall:.1f} | {cost.cpu:.1f} | {rate:.0f} | {cost.memory:.0f} | {cost.said} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
