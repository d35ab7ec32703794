"""Cut people out of the stills of an episode: full body, half body, head, with coordinates and tags."""

from pathlib import Path

import polars as pl
import typer

from genga.command import PARAMS_HELP, params_of, run, summary
from genga.crop import OF_TAG, correct, crop, cut_crops
from genga.images import EXTENSION, encode
from genga.params.crop import Params
from genga.pictures import OF_STILLS, pictures
from genga.progress import progress
from genga.quality_text import by_still
from genga.shards import ShardReader, writing_shard
from genga.store.parquet import read_table, write_table
from genga.tables.crop import CROP
from genga.tables.detect import DETECT as BOXES
from genga.tables.quality import TEXT
from genga.tables.shard import SHARD
from genga.tagcorrections import read_corrections


def main(
    in_stills: Path = typer.Option(..., help="stills table of the episode"),
    in_detect: Path = typer.Option(..., help="detect table of the episode"),
    in_tag: Path = typer.Option(..., help="tag table of the episode"),
    in_quality: Path = typer.Option(..., help="quality table of the episode: where its stills have burnt-in text"),
    out: Path = typer.Option(..., help="table of crops"),
    out_shard: Path = typer.Option(..., help="the crops, a tar"),
    corrections: Path | None = typer.Option(None, help="CSV: still_or_crop, box, tag, decision, who, why"),
    params: str = typer.Option("", help=PARAMS_HELP),
) -> None:
    """Cut people out of the stills of an episode: full body, half body, head, with coordinates and tags."""
    values = params_of("crop", Params, params)
    stills = read_table(in_stills, {**OF_STILLS, "width": pl.Int64})
    widths = dict(stills.select("still", "width").iter_rows())
    text = by_still(read_table(in_quality, {"still": pl.String, "text": pl.List(TEXT)}))
    planned = crop(read_table(in_detect, BOXES), read_table(in_tag, OF_TAG), widths, values, text)
    planned = correct(planned, read_corrections(corrections) if corrections else [], str(corrections))
    name = f"crop {out.parent.name}/{out.stem}"
    kept = planned.filter("kept")
    with ShardReader() as shards, writing_shard(out_shard) as writer:
        busy = stills.filter(pl.col("still").is_in(kept["still"].unique().to_list()))
        shown = progress(pictures(busy, "still", shards), len(busy), name, "stills")
        rows = [
            {"crop": key, **writer.add(f"{key}{EXTENSION}", encode(image))} for key, image in cut_crops(shown, kept)
        ]
    table = planned.join(
        pl.DataFrame(rows, schema={"crop": pl.String, **SHARD}), on="crop", how="left", maintain_order="left"
    )
    write_table(out, table, CROP)
    kinds, reasons = _counts(kept["kind"]), _counts(planned.filter(~pl.col("kept"))["reason"])
    summary(f"{name}: {len(planned)} crops; kept {kinds}; left out {reasons}")


def _counts(values: pl.Series) -> str:
    """The values and how often each is there: `12 head, 3 small`."""
    return ", ".join(f"{number} {value}" for value, number in sorted(values.value_counts().iter_rows())) or "none"


if __name__ == "__main__":
    run(main)
