"""What it costs that every job holds what it reads against its sha256: `python -m bench.checks`, after `make demo`.

CPU time of reading and writing with the check and without, the least of several times: the series' tables,
a video against its decoding, cell grids and pictures in shards, and a checkpoint against being loaded. Prints the table
that docs/workflow.md quotes.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import typer
from safetensors.torch import load_file

from bench.models import table
from genga.images.codec import decode as decoded
from genga.store.files import replacing, sha256_of
from genga.store.parquet import read_table, write_table
from genga.store.shards import ShardReader
from genga.tables.schema import SHARD
from genga.video.decode import decode
from genga.video.grid_store import unpack

TIMES = 5


def cpu(work: Callable[[], object], times: int = TIMES) -> float:
    """Return the least CPU time of doing it, s."""
    found = []
    for _ in range(times):
        begin = time.process_time()
        work()
        found.append(time.process_time() - begin)
    return min(found)


def plain(paths: Iterable[Path]) -> None:
    """Read tables as read_table would without the check."""
    for path in paths:
        pl.from_arrow(pq.read_table(path))


def tables(paths: list[Path], folder: Path) -> tuple[float, float, float, float]:
    """Return s of reading without and with the check, and of writing without and with the seal."""
    schemas = {path: dict(pl.read_parquet_schema(path)) for path in paths}
    rows = {path: read_table(path, schemas[path]) for path in paths}

    def write() -> None:
        for path, of in rows.items():
            with replacing(folder / path.name) as temporary:
                arrow = of.to_arrow(compat_level=pl.CompatLevel.oldest())
                pq.write_table(arrow.replace_schema_metadata(None), temporary, compression="zstd", version="2.6")

    def write_sealed() -> None:
        for path, of in rows.items():
            write_table(folder / path.name, of, schemas[path])

    return (
        cpu(lambda: plain(paths)),
        cpu(lambda: [read_table(path, schemas[path]) for path in paths]),
        cpu(write),
        cpu(write_sealed),
    )


def members(path: Path, kind: str) -> tuple[float, float]:
    """Return s of using the files in a table's shards (pictures decoded, grids unpacked), and of their sha256 alone."""
    wanted = ["rows", "columns", *SHARD] if kind == "grids" else list(SHARD)
    rows = pl.read_parquet(path).select(wanted).unique(maintain_order=True).drop_nulls().rows()
    with ShardReader() as shards:
        data = [shards.read(*row[-4:]) for row in rows]
    if kind == "grids":
        use = cpu(lambda: [unpack(of, row[0], row[1]) for of, row in zip(data, rows, strict=True)], 2)
    else:
        use = cpu(lambda: [decoded(of) for of in data], 2)
    return use, cpu(lambda: [hashlib.sha256(of).hexdigest() for of in data], 2)


def main(
    series: str = typer.Option("sample", help="the series in data/"),
    out: Path = typer.Option(Path(".cache/checks"), help="folder for files that are written"),
) -> None:
    """Measure what checking costs."""
    found = sorted(path for path in Path("data").glob(f"*/{series}*") if path.name in (series, f"{series}.parquet"))
    paths = [file for path in found for file in ([path] if path.is_file() else sorted(path.glob("*.parquet")))]
    rows: list[tuple[object, ...]] = []

    def say(what: str, size: float, without: float, check: float) -> None:
        rows.append(
            (what, f"{size / 1e6:.1f}", f"{1000 * without:.0f}", f"{1000 * check:.0f}", f"{check / without:.1%}")
        )

    read, checked, written, sealed = tables(paths, out)
    size = sum(path.stat().st_size for path in paths)
    say(f"{len(paths)} tables read", size, read, checked - read)
    say(f"{len(paths)} tables written", size, written, sealed - written)
    video = min(Path("data/raw", series).glob("*.mkv"))
    work = cpu(lambda: sum(1 for _ in decode(video)), 2)
    say("a video decoded", video.stat().st_size, work, cpu(lambda: sha256_of(video)))
    for stage, what in (("frames", "grids"), ("stills", "pictures")):
        name = Path("data", stage, series, f"{video.stem}.parquet")
        say(f"its {what} read", name.with_suffix(".tar").stat().st_size, *members(name, what))
    model = min(Path("models").glob("*/checkpoints/*.safetensors"))
    say("a checkpoint loaded", model.stat().st_size, cpu(lambda: load_file(model)), cpu(lambda: sha256_of(model)))
    print("## What checking costs\n")
    print(table(("what", "MB", "without, ms of CPU", "check, ms", "more"), rows))


if __name__ == "__main__":
    typer.run(main)
