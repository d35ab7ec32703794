"""What a data set has of a picture, and what runs made of it: captions, buckets, samples with what they are near to."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from genga.desk.index import Hit
from genga.desk.piece import Piece
from genga.errors import GengaError
from genga.store.parquet import read_table
from genga.tables import dataset, evaluate, sample
from genga.tables.schema import SHARD, only

OF_CAPTION = ("image", "split", "caption", "captions", "repeats", "weight", "bucket_width", "bucket_height")
OF_SAMPLE = {
    **only(sample.SAMPLE, "sample", "step", "prompt", "prompt_text", "seed", "width", "height", "frames"), **SHARD,
}  # fmt: skip
OF_JUDGED = only(
    evaluate.EVALUATE, "sample", "recognition_v1", "adherence", "copies", "nearest_image", "nearest_difference",
    "copy_image",
)  # fmt: skip


def caption_of(root: Path, hit: Hit) -> dict[str, Any] | None:
    """Return what the dataset has of a picture; None if it is not in there. Raises GengaError for a damaged table."""
    path = root / dataset.PATH.format(series=hit.piece.series)
    if not path.is_file():
        return None
    try:  # one row of a table that may be larger than all else together
        found = pl.scan_parquet(path).filter(pl.col("image") == hit.name).select(OF_CAPTION).collect()
    except pl.exceptions.PolarsError as error:
        raise GengaError(f"{path}: damaged table ({str(error).splitlines()[0]}); delete it, run snakemake") from error
    return found.row(0, named=True) if found.height else None


def facets(pieces: Iterable[Piece]) -> dict[str, dict[str, int]]:
    """Return of how many pictures the dataset says what: side or reason, bucket, kind, tier; the commonest first."""
    found: dict[str, dict[str, int]] = {"in": {}, "bucket": {}, "tier": {}, "character": {}}
    for piece in pieces:
        columns = {"in": piece.side, "bucket": piece.bucket, "tier": piece.tier, "character": piece.character}
        for name, words in columns.items():
            counts = pl.Series(words.of).value_counts()
            for code, count in counts.iter_rows():
                word = words.known[code]
                found[name][word] = found[name].get(word, 0) + count
    return {name: dict(sorted(of.items(), key=lambda pair: (-pair[1], pair[0]))) for name, of in found.items()}


def runs(root: Path) -> list[str]:
    """Return the runs that have samples, by name."""
    folder = (root / sample.PATH).parent
    return sorted(path.stem for path in folder.glob("*.parquet"))


def samples_of(root: Path, run: str) -> tuple[list[dict[str, Any]], Mapping[str, tuple[str, int, int, str]]]:
    """Return a run's samples in order, with what they are near to, and where their pictures are.

    Raises GengaError if there is no such run, or a table is damaged.
    """
    if run not in runs(root):
        raise GengaError(f"{run}: there are no samples of such a run; run snakemake --cores all")
    drawn = read_table(root / sample.PATH.format(run=run), OF_SAMPLE)
    judged = root / evaluate.PATH.format(run=run)
    places = {name: tuple(place) for name, *place in drawn.select("sample", *SHARD).iter_rows()}
    rows = drawn.drop(list(SHARD))
    if judged.is_file():
        rows = rows.join(read_table(judged, OF_JUDGED), on="sample", how="left")
    return rows.sort("step", "prompt", "seed").to_dicts(), places
