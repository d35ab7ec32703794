"""Find people in the stills of an episode: persons, half bodies, heads, faces, and which px are a person's."""

from pathlib import Path

import typer

from genga.images.reading import prepared
from genga.jobs.script import MODELS, PARAMS, THREADS, params_of, run, summary
from genga.models.registry import models_of
from genga.params.detect import Params
from genga.people.detect import detect, in_words
from genga.people.detector import open_detectors
from genga.people.segmenter import open_segmenter
from genga.store.parquet import read_table, write_table
from genga.tables.detect import DETECT
from genga.tables.stills import FILES


def main(
    in_stills: Path = typer.Option(..., help="stills table of the episode"),
    out: Path = typer.Option(..., help="table of boxes"),
    params: str = PARAMS,
    models: str = MODELS,
    threads: int = THREADS,
) -> None:
    values, registry = params_of("detect", Params, params), models_of(models)
    detectors = open_detectors(registry, threads, values.confidence.model_dump(), values.overlap.model_dump())
    stills, name = read_table(in_stills, FILES), f"detect {out.parent.name}/{out.stem}"
    segmenter = open_segmenter(registry, threads)
    how = [detector.how for detector in detectors.values()] + ([segmenter.how] if segmenter else [])
    images = prepared(stills, "still", name, how, registry.section.batch, threads)
    table = detect(images, detectors, values, segmenter)
    write_table(out, table, DETECT)
    summary(f"{name}: {in_words(table, len(stills))}")


if __name__ == "__main__":
    run(main)
