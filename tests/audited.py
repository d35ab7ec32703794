"""A project as it lies after a run, small enough to count by hand: what the audit's tests walk over and tamper with.

One episode of three frames (0 a drawing, 1 holds it, 2 another), a person on each drawing, one head cut out of frame 2;
run `r` saw the head at steps 1 and 3 and the whole frame 0 at steps 2 and 4, and has checkpoints at 2 and 4.
"""

import csv
import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from genga.audit import tables
from genga.audit.code import meaning
from genga.store.files import sha256_of, write_facts
from genga.store.parquet import write_table
from genga.store.shards import writing_shard
from genga.tables.describe import DESCRIBE
from genga.workflow.records import Output, Record, Records, read_records, write_records

SERIES, EPISODE = "花 s", "第1話"
PLACE = f"{SERIES}/{EPISODE}"
FIRST, SECOND = f"{PLACE}/000000", f"{PLACE}/000002"  # the stills
HEAD = f"{SECOND}-0-head"
BASE = "base/model.safetensors"
MODEL, SELECTED = "models/r/checkpoints/r-000004.safetensors", "models/r/r.safetensors"
WHO = "hana"


def checkpoint(step: int) -> bytes:
    """A .safetensors of one tensor of one byte, its seal in the header."""
    tensors = bytes([step])
    header = {
        "__metadata__": {"ss_steps": str(step), "sshs_model_hash": hashlib.sha256(tensors).hexdigest()},
        "t": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
    }
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + tensors


def make(root: Path) -> Path:
    """Make the project in `root`; the working folder must be there."""
    os.chdir(root)
    _texts()
    _tables()
    _run()
    _records()
    return root


def tamper(path: str, offset: int = -1) -> None:
    """Flip one bit of a file, and give it the time it had: same size, same mtime."""
    before = os.stat(path)
    data = bytearray(Path(path).read_bytes())
    data[offset] ^= 1
    Path(path).write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert os.stat(path).st_size == before.st_size and os.stat(path).st_mtime_ns == before.st_mtime_ns


def text(path: str, content: str | bytes) -> None:
    """Write a file and the folders above it."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content.encode() if isinstance(content, str) else content)


def _csv(path: str, *rows: tuple[str, ...]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    text(path, buffer.getvalue())


def _texts() -> None:
    text(f"data/raw/{PLACE}.mkv", b"a video")
    text("base/model.safetensors", b"a base")
    text("scripts/tag.py", "print('tag')\n")
    text("genga/people/tag.py", "TAG = 1\n")
    base = {"path": "base/model.safetensors", "sha256": sha256_of("base/model.safetensors")}
    entry = {"name": "tiny", "knows": "nothing", "licence": "Apache-2.0", "files": {"model": base}}
    text("models.yaml", json.dumps({"embedded": {"base": entry}, "published": {}}))
    text("params.yaml", json.dumps({"models": MODELS}))
    _csv(
        f"corrections/{PLACE}/tags.csv",
        ("still_or_crop", "box", "tag", "decision", "who", "why"),
        (SECOND, "0", "smile", "add", "mai", "she smiles"),
        (HEAD, "", "red hat", "add", "mai", ""),
    )
    _csv(f"corrections/{SERIES}/characters.csv", ("crop", "character", "who"), (HEAD, WHO, "mai"))


MODELS = {"use": "embedded", "folder": "weights", "device": "cpu", "batch": 1}


def _write(path: str, schema: tables.Schema, *rows: dict) -> None:
    defaults = {pl.String: "", pl.Int64: 1, pl.Float64: 0.5, pl.Boolean: True}
    full = [{name: row.get(name, defaults.get(kind)) for name, kind in schema.items()} for row in rows]
    write_table(path, pl.DataFrame(full, schema=dict(schema)), schema)


def _tables() -> None:
    write_facts(f"data/probe/{PLACE}.json", {"sha256": sha256_of(f"data/raw/{PLACE}.mkv"), "codec": "h264"})
    _write(f"data/frames/{PLACE}.parquet", tables.OF_FRAMES, *({"frame": n, "time": n / 24} for n in range(3)))
    _write(f"data/shots/{PLACE}.parquet", tables.OF_SHOTS, {"shot": 0, "start": 0, "end": 3, "camera": "static"})
    kept = [(0, 0, "kept"), (1, 0, "held"), (2, 2, "restored")]
    rows = [
        {"frame": frame, "shot": 0, "keeper": keeper, "keeper_episode": None, "reason": reason}
        for frame, keeper, reason in kept
    ]
    _write(f"data/dedup/{PLACE}.parquet", tables.OF_DEDUP, *rows)
    with writing_shard(f"data/stills/{PLACE}.tar") as shard:
        first, second = (shard.add(f"{n}.png", bytes([n] * 700)) for n in (0, 2))
    stills = [
        {"still": FIRST, "frame": 0, "time": 0.0, **first},
        {"still": SECOND, "frame": 2, "time": 2 / 24, **second},
    ]
    _write(f"data/stills/{PLACE}.parquet", tables.OF_STILLS, *stills)
    boxes = [{"still": still, "box": 0, "kind": "person", "person": 0} for still in (FIRST, SECOND)]
    _write(f"data/detect/{PLACE}.parquet", tables.OF_DETECT, *boxes)
    _write(
        f"data/quality/{PLACE}.parquet",
        tables.OF_QUALITY,
        *({"still": still, "tier": "best"} for still in (FIRST, SECOND)),
    )
    tags = [(FIRST, None, "sky", "model", True, ""), (FIRST, None, "cat", "model", False, "score"),
            (SECOND, 0, "long_hair", "model", True, ""), (SECOND, 0, "smile", "person", True, "")]  # fmt: skip
    names = ("still", "box", "tag", "origin", "kept", "reason")
    _write(f"data/tag/{PLACE}.parquet", tables.OF_TAG, *(dict(zip(names, row, strict=True)) for row in tags))
    with writing_shard(f"data/crop/{PLACE}.tar") as shard:
        place = shard.add("head.png", b"a head")
    head = {"crop": HEAD, "still": SECOND, "box": 0, "kind": "head", "x0": 1, "y0": 2, "x1": 3, "y1": 4, **place}
    _write(f"data/crop/{PLACE}.parquet", tables.OF_CROP, head)
    _write(f"data/embed/{PLACE}.parquet", tables.OF_EMBED, {"crop": HEAD, "model": "tiny"})
    _write(f"data/describe/{PLACE}.parquet", DESCRIBE)
    named = {"crop": HEAD, "still": SECOND, "cluster": 0, "character": WHO, "outfit": None, "origin": "person"}
    _write(f"data/characters/{SERIES}.parquet", tables.OF_CHARACTERS, named)
    common = {"split": "train", "tier": "best", "crop_box": [0, 0, 8, 8], "outfit": None}
    _write(
        f"data/dataset/{SERIES}.parquet", tables.OF_DATASET,
        {**common, "image": FIRST, "still": FIRST, "crop": None, "kind": "still", "character": None, "tags": ["sky"],
         "caption": "sky", **first},
        {**common, "image": HEAD, "still": SECOND, "crop": HEAD, "kind": "head", "character": WHO,
         "tags": ["1girl", "long_hair", "smile", "red_hat"],
         "caption": "hana, 1girl, long hair, smile, red hat", **place},
    )  # fmt: skip
    _write(
        f"data/dataset/left-out/{SERIES}.parquet",
        tables.OF_LEFT_OUT,
        {"image": SECOND, "still": SECOND, "reason": "shot"},
    )


def _run() -> None:
    order = [(1, HEAD), (2, FIRST), (3, HEAD), (4, FIRST)]
    looks = [{"step": step, "phase": 1 + step // 3, "image": image, "still": image.removesuffix("-0-head"),
              "crop": image if image == HEAD else None} for step, image in order]  # fmt: skip
    _write("models/r/ledger.parquet", tables.OF_LEDGER, *looks)
    text("models/r/losses.parquet", b"losses")
    text("models/r/held_out.parquet", b"held out")
    _write("models/r/left_out.parquet", tables.OF_RUN_LEFT_OUT, {"image": SECOND, "still": SECOND, "reason": "twin"})
    listed = []
    for step in (2, 4):
        path = f"models/r/checkpoints/r-{step:06d}.safetensors"
        text(path, checkpoint(step))
        listed.append({"step": step, "epoch": 1, "file": path, "sha256": sha256_of(path)})
    base = {"name": "tiny", "sha256": sha256_of("base/model.safetensors")}
    write_facts("models/r/checkpoints.json", {"run": "r", "base": base, "trigger": WHO, "checkpoints": listed})
    text(SELECTED, checkpoint(4))
    write_facts("data/evaluate/r.json", judged(listed[1]))


def judged(selected: dict[str, Any]) -> dict[str, Any]:
    """What stage evaluate says, as far as anyone reads it: 0.1 for the base, 0.4 for the selected step."""

    def figures(step: int, mean: float) -> dict[str, Any]:
        names = ("recognition_v1", "recognition_v2", "adherence", "copies")
        return {"step": step} | {name: {"mean": mean, "low": mean - 0.1, "high": mean + 0.1} for name in names}

    return {
        "selection": selected,
        "steps": [figures(0, 0.1), figures(4, 0.4)],
        "references": {"deciding": "held-out", "images": {"held-out": 9}},
        "bootstrap": {"confidence": 0.95, "pairs": 12},
        "models": "tiny models",
    }


def _records() -> None:
    stages = ("frames", "shots", "dedup", "stills", "detect", "quality", "tag", "crop", "describe", "embed")
    episode = {stage: f"data/{stage}/{PLACE}.parquet" for stage in stages}
    shards = {stage: f"data/{stage}/{PLACE}.tar" for stage in ("stills", "crop")}
    tags, names = f"corrections/{PLACE}/tags.csv", f"corrections/{SERIES}/characters.csv"
    characters, dataset = f"data/characters/{SERIES}.parquet", f"data/dataset/{SERIES}.parquet"
    probe, base = f"data/probe/{PLACE}.json", "base/model.safetensors"
    made = [
        f"models/r/{name}"
        for name in ("checkpoints.json", "ledger.parquet", "losses.parquet", "held_out.parquet", "left_out.parquet")
    ]
    jobs = [
        record("probe", [probe], [f"data/raw/{PLACE}.mkv"]),
        record("frames", [episode["frames"]], [probe]),
        record("shots", [episode["shots"]], [episode["frames"]]),
        record("dedup", [episode["dedup"]], [episode["frames"], episode["shots"]]),
        record("stills", [episode["stills"], shards["stills"]], [episode["dedup"]]),
        record("detect", [episode["detect"]], [episode["stills"]]),
        record("quality", [episode["quality"]], [episode["stills"]]),
        record("tag", [episode["tag"]], [tags, episode["detect"], episode["stills"]], tag={"threshold": 0.35}),
        record("crop", [episode["crop"], shards["crop"]], [tags, episode["tag"], episode["detect"]]),
        record("embed", [episode["embed"]], [episode["crop"]]),
        record("describe", [episode["describe"]], [episode["stills"], episode["crop"]]),
        record("characters", [characters], [names, episode["embed"], episode["crop"]]),
        record(
            "dataset",
            [dataset],
            [characters, *(episode[name] for name in ("crop", "describe", "quality", "stills", "tag"))],
        ),
        record("train", made, [dataset, base], train={"max_steps": 4}, models=MODELS, character=WHO),
        record("evaluate", [SELECTED, "data/evaluate/r.json"], [made[0], dataset]),
    ]
    code = {path: meaning(path, Path(path).read_bytes()) for path in ("genga/people/tag.py", "scripts/tag.py")}
    shell = {"s": "python scripts/tag.py --out {output:q}"}
    write_records(Records({job.key: job for job in jobs}, {"c": code}, shell, {"v": {"torch": "2.13.0"}}))


def record(rule: str, outputs: list[str], inputs: list[str], **params: Any) -> Record:
    """The record of a job: what it read and made, with hashes."""
    made = {path: Output(sha256_of(path), os.path.getsize(path)) for path in outputs}
    return Record(rule, {}, made, {path: sha256_of(path) for path in inputs}, params, "c", "s", "v")


def add_merge(name: str, number: int, said: Mapping[str, Any] | None = None, **parents: tuple[str, str, str]) -> None:
    """Put a merge into the project and its records.

    number: its content. said: what is otherwise in its entry. parents: by letter what it is, its name, and its place.
    """
    path = f"models/{name}/{name}.safetensors"
    text(path, checkpoint(number))
    places = {letter: place for letter, (_, _, place) in parents.items()}
    inputs = [place for _, _, place in parents.values()]
    empty = dict.fromkeys(("base", "run", "merge", "file", "sha256"))
    entry: dict[str, Any] = {letter: {**empty, what: called} for letter, (what, called, _) in parents.items()}
    pins = {BASE: sha256_of(BASE)} if BASE in inputs else {}
    entry |= {"method": "bake_lora", "alpha": 0.5, **(said or {})}
    made = record("merge", [path], inputs, merge=entry, parents=places, pins=pins)
    records = read_records()
    records.jobs[made.key] = replace(made, wildcards={"merge": name})
    write_records(records)
