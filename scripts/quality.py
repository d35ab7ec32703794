"""Measure how good the stills of an episode are as pictures, grade them, and read what is written in them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import typer

from genga.drawings import inscriptions
from genga.drawings.aesthetic import judge_of
from genga.drawings.ocr import reader_of
from genga.drawings.quality import OF_SHOTS, OF_STILLS, in_words, quality, where_text_is
from genga.images.reading import batched, read_images
from genga.jobs.script import MODELS, PARAMS, THREADS, params_of, run, summary
from genga.params.quality import Params
from genga.store.parquet import read_table, write_table
from genga.tables.quality import QUALITY


def main(
    in_stills: Path = typer.Option(..., help="stills table of the episode"),
    in_shots: Path = typer.Option(..., help="shots table of the episode: where burnt-in text was found"),
    out: Path = typer.Option(..., help="table of measures and tiers"),
    lettering: int = typer.Option(1, help="params.yaml:frames.lettering; 0: nobody has looked for burnt-in text"),
    params: str = PARAMS,
    models: str = MODELS,
    threads: int = THREADS,
) -> None:
    values, name = params_of("quality", Params, params), f"quality {out.parent.name}/{out.stem}"
    stills, shots = read_table(in_stills, OF_STILLS), read_table(in_shots, OF_SHOTS)
    judge, reader = judge_of(models, threads), reader_of(models, threads)
    places = where_text_is(stills, shots, values) if lettering > 0 else None
    with ThreadPoolExecutor(threads) as pool:
        batches = batched(read_images(stills, "still", name), 4 * threads)
        table = quality(batches, values, places, pool.map, judge, reader)
    write_table(out, table := inscriptions.told(table, stills, places), QUALITY)
    summary(f"{name}: {in_words(table)}{inscriptions.in_words(table)}")


if __name__ == "__main__":
    run(main)
