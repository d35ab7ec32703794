"""`genga export`: kohya, imagefolder, stills, sheet; checkpoint, diffusers; for auditors croissant, mlbom, rocrate."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
import typer

from genga.drawings.exposure_sheet import OF_DEDUP, OF_FRAMES, exposures
from genga.errors import GengaError
from genga.exchange import folders
from genga.images.codec import EXTENSION, as_png
from genga.jobs.progress import progress
from genga.jobs.script import summary
from genga.params.dataset import Params
from genga.params.section import parse_section, section_of_file
from genga.store.files import write_text
from genga.store.folders import replacing_folder
from genga.store.parquet import read_table
from genga.store.shards import ShardReader
from genga.tables.dataset import TRAIN
from genga.tables.places import RAW, path_of
from genga.tables.schema import SHARD
from genga.tables.stills import FILES

app = typer.Typer(
    help="Write a dataset, an exposure sheet, or what is behind a model, as files for other tools.",
    no_args_is_help=True,
    add_completion=False,
)

Series = Annotated[str, typer.Argument(help="series whose dataset to write: data/dataset/SERIES.parquet")]
Out = Annotated[Path, typer.Argument(help="folder to make; one from an earlier export is replaced, no other is")]
Model = Annotated[Path, typer.Argument(help="a checkpoint: models/RUN/checkpoints/*.safetensors, or any copy of it")]
Character = Annotated[str | None, typer.Option(help="only images of this character")]


@app.command()
def kohya(
    series: Series,
    out: Out,
    character: Character = None,
    split: Annotated[Literal["train", "held-out"], typer.Option(help="side of the split to write")] = "train",
    found_at: Annotated[
        str | None, typer.Option(help="the folder as the trainer will find it; default: OUT as it is written here")
    ] = None,
    wildcard: Annotated[bool, typer.Option(help="all captions of an image, a line each: sd-scripts draws one")] = False,
) -> None:
    """Write images, .txt captions, metadata JSON and dataset.toml for kohya's sd-scripts."""
    params = parse_section("dataset", Params, section_of_file("params.yaml", "dataset"))
    rows = _rows(series, character).filter(split=split)
    if rows.is_empty():
        raise GengaError(f"{path_of('dataset', series)}: no image is {split}; see params.yaml:dataset.held_out")
    place = found_at or out.as_posix()
    if place.encode(errors="ignore").decode() != place:
        raise GengaError(f"{place!r} is not UTF-8, as {folders.TOML} is; name another folder, or one by --found-at")
    of = folders.kohya_for(rows, wildcard)
    _write(series, out, rows, folders.kohya_texts(rows, params, place, of), of.image)
    summary(f"export {series}: {rows.height} images in {out}; train with --dataset_config {place}/{folders.TOML}")


@app.command()
def imagefolder(series: Series, out: Out, character: Character = None) -> None:
    """Write train/ and test/ with metadata.jsonl, as Hugging Face datasets reads them."""
    rows = _rows(series, character)
    _write(series, out, rows, folders.imagefolder_texts(rows), folders.imagefolder_image)
    trained = rows.filter(split=TRAIN).height
    summary(f"export {series}: {trained} images in {out}/train, {rows.height - trained} in {out}/test")


@app.command()
def stills(
    episode: Annotated[str, typer.Argument(help="SERIES/EPISODE: data/stills/SERIES/EPISODE.parquet")], out: Out
) -> None:
    """Write an episode's stills as PNG files, whatever format they are kept in: 000123.png is frame 123."""
    rows = read_table(path_of("stills", _named(episode)), FILES)
    with replacing_folder(out) as folder, ShardReader() as reader:
        for name, *place in progress(rows.iter_rows(), rows.height, f"export {episode}", "stills"):
            _file(folder, f"{Path(name).name}{EXTENSION}").write_bytes(as_png(reader.read(*place), name))
    summary(f"export {episode}: {rows.height} stills in {out}")


@app.command()
def sheet(
    episode: Annotated[str, typer.Argument(help="SERIES/EPISODE: data/dedup/SERIES/EPISODE.parquet")],
    out: Annotated[Path, typer.Argument(help="CSV file to write; one that is there is replaced")],
) -> None:
    """Write an episode's exposure sheet: which drawing is on screen from which frame on, and for how long."""
    _named(episode)
    table = exposures(
        read_table(path_of("frames", episode), OF_FRAMES), read_table(path_of("dedup", episode), OF_DEDUP)
    )
    write_text(out, table.write_csv(float_precision=6))
    summary(
        f"export {episode}: {table.height} exposures of {table['drawing'].drop_nulls().n_unique()} drawings in {out}"
    )


Run = Annotated[str, typer.Argument(help="run whose model to write: models/RUN")]
Step = Annotated[int | None, typer.Option(help="its checkpoint; default: the selected one, else the last")]


@app.command()
def checkpoint(
    run: Run,
    out: Annotated[Path, typer.Argument(help=".safetensors to write; one that is there is replaced")],
    step: Step = None,
    precision: Annotated[Literal["float32", "float16", "bfloat16"], typer.Option(help="of its weights")] = "float16",
) -> None:
    """Write a run's model as one .safetensors that UIs load: the fine-tune, or its base with the LoRA baked in."""
    from genga.training.whole import write_file

    step = _whole(run, step, lambda base, taken, listed: write_file(base, taken, listed, out, precision))
    summary(f"export {run}: the base as step {step} makes it in {out}, {precision}")


@app.command()
def diffusers(run: Run, out: Out, step: Step = None) -> None:
    """Write a run's model as a diffusers folder: the fine-tune, or its base with the LoRA baked in."""
    from genga.training.whole import write_folder

    step = _whole(run, step, lambda base, taken, listed: write_folder(base, taken, listed, out))
    summary(f"export {run}: the base as step {step} makes it in {out}")


@app.command()
def croissant(series: Series, out: Out) -> None:
    """Write the dataset's table and images with croissant.json, as ML Croissant describes datasets."""
    from genga.audit.croissant import NAME
    from genga.audit.croissant import croissant as write
    from genga.audit.tables import OF_DATASET

    rows = read_table(_dataset(series), OF_DATASET)
    with replacing_folder(out) as folder:
        write(series, rows, folder)
    summary(f"export {series}: {rows.height} images in {out}; described in {out}/{NAME}")


@app.command()
def mlbom(model: Model, out: Annotated[Path, typer.Argument(help="JSON file to write")]) -> None:
    """Write what is behind a model as a CycloneDX bill of materials with a model card (ML-BOM)."""
    from genga.audit.mlbom import mlbom as bill

    known, judged = _behind(model)
    write_text(out, bill(known, judged))
    summary(f"export {known['run']}: {out}, CycloneDX 1.6, valid by its strict schema")


@app.command()
def rocrate(model: Model, out: Out) -> None:
    """Write what is behind a model as a Workflow Run RO-Crate: small files in it, large ones by path and sha256."""
    from genga.audit.crate import crate

    known, _ = _behind(model)
    with replacing_folder(out) as folder:
        count = crate(known, folder)
    summary(f"export {known['run']}: {out}, {count} files and what they were made of")


def _named(episode: str) -> str:
    """The episode's name. Raises GengaError if it is none."""
    if len(parts := episode.split("/")) != 2 or {"", ".", ".."} & set(parts):
        raise GengaError(f"an episode is named SERIES/EPISODE, as in sample/ep01; got {episode!r}")
    return episode


def _dataset(series: str) -> str:
    """Where a series' dataset lies. Raises GengaError if that is no series' name."""
    if series in ("", ".", "..") or "/" in series:
        raise GengaError(f"a series is named as its folder in {RAW}, as in sample; got {series!r}")
    return path_of("dataset", series)


def _behind(model: Path) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What is on record of a model, and what stage evaluate wrote of its run."""
    from genga.audit.model import evaluation_of
    from genga.audit.provenance import facts, gather
    from genga.workflow.records import read_records

    known = facts(gather(model, read_records()))
    return known, evaluation_of(known["run"])


def _whole(run: str, step: int | None, write: Callable[..., None]) -> int:
    """Write a run's model on its base; returns its step."""
    from genga.audit.model import evaluation_of
    from genga.audit.models import role_of
    from genga.models.registry import load
    from genga.params.models import Params as Models
    from genga.training.checkpoints import read_checkpoints
    from genga.training.families.family import load_base
    from genga.training.whole import chosen

    judged = evaluation_of(run)
    taken = chosen(run, step, judged["selection"]["step"] if judged else None)
    listed = Path("models", run, "checkpoints.json")
    models = load(parse_section("models", Models, section_of_file("params.yaml", "models")))
    base = read_checkpoints(listed).base
    loaded = load_base(models.model(role_of(base, {role: model.name for role, model in models.models.items()})))
    if loaded.sha256 != base["sha256"]:
        raise GengaError(
            f"{listed}: the run was trained on {base['name']} ({base['sha256'][:12]}…), and models.yaml's {loaded.name}"
            f" is {loaded.sha256[:12]}…; name the base as it was in models.yaml, or train again"
        )
    write(loaded, taken, listed)
    return taken.step


def _rows(series: str, character: str | None) -> pl.DataFrame:
    """The dataset with the names of its files, or one character's part of it. Raises GengaError if that is empty."""
    path = _dataset(series)
    rows = folders.with_names(read_table(path, folders.OF_DATASET))
    if character is None:
        return rows
    own = rows.filter(character=character)
    if own.is_empty():
        known = ", ".join(rows["character"].drop_nulls().unique().sort()) or "none"
        raise GengaError(f"{path}: no image of {character} (characters there: {known})")
    return own


def _write(
    series: str, out: Path, rows: pl.DataFrame, texts: Iterable[tuple[str, str]], name_of: Callable[[folders.Row], str]
) -> None:
    with replacing_folder(out) as folder, ShardReader() as reader:
        for name, text in texts:
            _file(folder, name).write_text(text, encoding="utf-8")
        for row in progress(rows.iter_rows(named=True), rows.height, f"export {series}", "images"):
            data = reader.read(*(row[column] for column in SHARD))
            _file(folder, name_of(row)).write_bytes(as_png(data, row["image"]))


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    return path
