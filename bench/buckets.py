"""What buckets cut off: `python -m bench.buckets [TABLE]`, of a training set (data/dataset/sample.parquet).

Prints what a 16:9 still loses to kohya's buckets at some resolutions, and what the images of the set lose at 1024 in
steps of 64 to kohya's buckets and to as many as are chosen for them. docs/dataset.md quotes both.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
import typer

from bench.models import table as printed
from genga.dataset.buckets import Size, bucket_sizes, fit, least_lost, sizes_within
from genga.store.parquet import read_table

SIDES = (512, 2048)  # px, of SDXL's buckets
BAND = (0.9, 1.0)  # as shares of the resolution squared
WIDE = (1920, 1080)


def of_wide(resolution: int, step: int) -> tuple[str, str, str]:
    """A row: resolution and step, the bucket of a 16:9 still, the share of the picture that is lost."""
    buckets = bucket_sizes(resolution, 256, 1024, step)
    placed = fit(*WIDE, buckets)
    width, height = placed.bucket
    return f"{resolution}, {step}", f"{width}x{height}", f"{100 * placed.lost:.1f} %"


def lost(images: Mapping[Size, int], buckets: Sequence[Size]) -> float:
    """The mean share of a picture that is cut off."""
    sizes = list(buckets)
    cut = sum(fit(width, height, sizes).lost * count for (width, height), count in images.items())
    return cut / sum(images.values())


def main(table: Path = typer.Argument(Path("data/dataset/sample.parquet"), help="a training set")) -> None:
    """Measure what is lost to buckets."""
    rows = [of_wide(*of) for of in ((512, 64), (512, 32), (768, 64), (720, 64))]
    print(printed(["resolution, step", "bucket", "lost"], rows), end="\n\n")
    sides = read_table(table, {"width": pl.Int64, "height": pl.Int64})
    images = Counter(sides.iter_rows())
    usual, within = bucket_sizes(1024, *SIDES, 64), sizes_within(1024, *SIDES, 64, BAND)
    used = {fit(width, height, usual).bucket for width, height in images}
    sets = {f"{len(usual)} of kohya's, {len(used)} used": usual}
    for count in (4, 8, len(within)):
        chosen = least_lost(images, within, count)
        sets[f"{len(chosen)} chosen"] = chosen
    print(
        printed(
            [f"{len(sides)} images", "lost"], [(name, f"{100 * lost(images, of):.1f} %") for name, of in sets.items()]
        )
    )


if __name__ == "__main__":
    typer.run(main)
