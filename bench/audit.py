"""What an audit of a large run costs: `python -m bench.audit [COUNT ...]`.

For each count a project is made up in a temporary folder: episodes of 4,000 frames and as many training images as asked
for, each a crop of 2 kB in a shard, with 20 tags, seen three times. Then `genga audit` as a process of its own: every
image read and held against its sha256, text, JSON and page written. Times are the process's own (user and system).
Prints the table that docs/audit.md quotes.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import typer

from bench.models import table
from genga.audit import tables
from genga.store.files import sha256_of, write_facts, write_json
from genga.store.parquet import write_table
from genga.store.shards import writing_shard
from genga.tables.schema import Schema

FRAMES, TAGS, LOOKS, SIZE = 4000, 20, 3, 2000  # frames an episode, tags an image, looks at it, bytes of it
OPTIONS = ("--page", "--json", "audit.json", "--uncommitted", "--unrecorded")  # made up: no jobs, no commits
SERIES = "made"


def made_up(count: int) -> str:
    """Make a project of `count` training images in this folder; return its model."""
    images: list[dict[str, Any]] = []
    for episode in range(-(-count // FRAMES)):
        images += _episode(f"{SERIES}/{episode:03d}", min(FRAMES, count - len(images)))
    named = [{**row, "cluster": 0, "character": "hana", "origin": "model"} for row in images]
    _write(f"data/characters/{SERIES}.parquet", tables.OF_CHARACTERS, named)
    _write(f"data/dataset/{SERIES}.parquet", tables.OF_DATASET, images)
    looks = [{**row, "step": step} for step in range(1, LOOKS + 1) for row in images]
    _write("models/made/ledger.parquet", tables.OF_LEDGER, looks)
    Path("models/made/made.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    model = {"file": "models/made/made.safetensors", "sha256": sha256_of("models/made/made.safetensors")}
    listed = {"run": "made", "base": {"name": "none", "sha256": "0" * 64}, "trigger": ""}
    write_facts("models/made/checkpoints.json", {**listed, "checkpoints": [{"step": LOOKS, "epoch": 1, **model}]})
    write_json("params.yaml", {"models": {"use": "embedded", "folder": "weights", "device": "cpu", "batch": 1}})
    write_json("models.yaml", {"embedded": {}, "published": {}})
    return model["file"]


def _episode(place: str, count: int) -> list[dict[str, Any]]:
    rng, images = random.Random(place), []
    frames = [{"frame": n, "time": n / 24, "keeper": n, "reason": "kept"} for n in range(count)]
    with writing_shard(f"data/crop/{place}.tar") as shard:
        for frame in range(count):
            still = f"{place}/{frame:06d}"
            at = {"x0": 0, "y0": 0, "x1": 99, "y1": 99, **shard.add(f"{frame}.png", rng.randbytes(SIZE))}
            tags = [f"tag_{n}" for n in range(TAGS)]
            said = {"tags": tags, "caption": ", ".join(tags), "split": "train", "crop_box": [0, 0, 64, 64]}
            crop = f"{still}-0-head"
            images.append({"image": crop, "still": still, "crop": crop, "box": 0, "kind": "head", **said, **at})
    _write(f"data/dedup/{place}.parquet", tables.OF_DEDUP, frames)
    _write(f"data/crop/{place}.parquet", tables.OF_CROP, images)
    _write(f"data/stills/{place}.parquet", tables.OF_STILLS, [{**row, "time": row["y0"]} for row in images])
    tags = [f"tag_{n}" for n in range(TAGS)]
    rows = [{"still": row["still"], "box": 0, "tag": tag, "origin": "model"} for row in images for tag in tags]
    _write(f"data/tag/{place}.parquet", tables.OF_TAG, rows)
    return images


def _write(path: str, schema: Schema, rows: list[dict[str, Any]]) -> None:
    defaults = {"String": "", "Int64": 1, "Float64": 0.5, "Boolean": True}
    columns = {name: [row.get(name, defaults.get(str(kind))) for row in rows] for name, kind in schema.items()}
    write_table(path, pl.DataFrame(columns, schema=dict(schema)), schema)


def measured(*words: str) -> tuple[float, float]:
    """User and system seconds of a command of genga, and the most memory it took, GB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-m", "genga", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1e6


def main(counts: list[int] = typer.Argument(default=[2_000, 20_000])) -> None:
    """Measure audits of runs with so many training images each."""
    home, rows = Path.cwd(), []
    os.environ["PYTHONPATH"] = os.pathsep.join([str(home), os.environ.get("PYTHONPATH", "")])
    for count in sorted(counts):  # the most memory of all children so far is that of the largest
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                seconds, memory = measured("audit", made_up(count), *OPTIONS)
                page = Path("reports/made/audit.html").stat().st_size / 1e6
                found = json.loads(Path("audit.json").read_text(encoding="utf-8"))
            finally:
                os.chdir(home)
        assert found["counts"]["image"] == {"verified": count}
        rows.append([f"{count:,}", f"{seconds:.1f} s", f"{memory:.1f} GB", f"{page:.1f} MB"])
    print(table(["training images", "audit", "most memory", "page"], rows))


if __name__ == "__main__":
    typer.run(main)
