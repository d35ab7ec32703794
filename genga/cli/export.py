"""`genga export`: a dataset for other tools; stills, sheet; a model; for auditors croissant, mlbom, rocrate."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from genga.drawings.exposure_sheet import OF_DEDUP, OF_FRAMES, exposures
from genga.errors import GengaError
from genga.exchange import folders, tools
from genga.exchange.writing import checked_place, masker, path_in, rows_of, write_export, write_webdataset
from genga.images.codec import EXTENSION, as_png
from genga.jobs.script import progress, summary
from genga.params.dataset import Params
from genga.params.section import params_of, parse_section, section_of_file
from genga.store.files import is_pack, write_text
from genga.store.folders import replacing_folder
from genga.store.parquet import read_table
from genga.store.shards import ShardReader
from genga.tables.dataset import TRAIN
from genga.tables.places import path_of
from genga.tables.stills import FILES

app = typer.Typer(
    help="Write a dataset, an exposure sheet, or what is behind a model, as files for other tools.",
    no_args_is_help=True,
    add_completion=False,
)

Series = Annotated[str, typer.Argument(help="series whose dataset to write: data/dataset/SERIES.parquet")]
Out = Annotated[Path, typer.Argument(help="folder to make; one from an earlier export is replaced, no other is")]
Model = Annotated[Path, typer.Argument(help="a checkpoint: models/RUN/checkpoints/*.safetensors, or any copy of it")]
Who = Annotated[str | None, typer.Option(help="only images of this character")]

Split = Annotated[Literal["train", "held-out"], typer.Option(help="side of the split to write")]
Place = Annotated[
    str | None, typer.Option(help="the folder as the trainer will find it; default: OUT as it is written here")
]
Masks = Annotated[Literal["text", "person", "both"] | None, typer.Option(help="leave out text, all but people, both")]
Wildcard = Annotated[bool, typer.Option(help="all captions of an image, a line each: sd-scripts draws one")]
Json = Annotated[bool, typer.Option("--json", help="sidecars in JSON, not a tag a line")]


@app.command()
def kohya(
    series: Series, out: Out, character: Who = None, split: Split = "train", found_at: Place = None,
    masks: Masks = None, wildcard: Wildcard = False,
) -> None:  # fmt: skip
    """Write images, .txt captions, metadata JSON and dataset.toml for kohya's sd-scripts."""
    rows, place = rows_of(series, character, split), checked_place(out, found_at)
    of, masked = folders.kohya_for(rows, wildcard), tools.MASKS if masks else ""
    texts = folders.kohya_texts(rows, params_of("dataset", Params, ""), place, of, masked)
    write_export(series, out, rows, folders.kohya(of), texts, masker(masks))
    summary(f"export {series}: {rows.height} images in {out}; train with --dataset_config {place}/{folders.TOML}")


@app.command()
def diffusion_pipe(
    series: Series, out: Out, character: Who = None, split: Split = "train", found_at: Place = None, masks: Masks = None
) -> None:
    """Write images, .txt captions, masks and dataset.toml for diffusion-pipe."""
    rows, place = rows_of(series, character, split), checked_place(out, found_at)
    texts = tools.diffusion_pipe_texts(rows, params_of("dataset", Params, ""), place, masks is not None)
    write_export(series, out, rows, tools.DIFFUSION_PIPE, texts, masker(masks))
    summary(f"export {series}: {rows.height} images in {out}; name {place}/{folders.TOML} as dataset")


@app.command()
def musubi(series: Series, out: Out, character: Who = None, split: Split = "train", found_at: Place = None) -> None:
    """Write images, JSONL captions and dataset.toml for musubi-tuner."""
    rows, place = rows_of(series, character, split), checked_place(out, found_at)
    write_export(series, out, rows, tools.MUSUBI, tools.musubi_texts(rows, params_of("dataset", Params, ""), place))
    summary(f"export {series}: {rows.height} images in {out}; train with --dataset_config {place}/{folders.TOML}")


@app.command()
def imagefolder(series: Series, out: Out, character: Who = None) -> None:
    """Write train/ and test/ with metadata.jsonl, as Hugging Face datasets reads them."""
    rows = rows_of(series, character)
    write_export(series, out, rows, folders.IMAGEFOLDER, folders.imagefolder_texts(rows))
    trained = rows.filter(split=TRAIN).height
    summary(f"export {series}: {trained} images in {out}/train, {rows.height - trained} in {out}/test")


@app.command()
def webdataset(series: Series, out: Out, character: Who = None) -> None:
    """Write train-000000.tar and so on, as WebDataset reads them."""
    rows = rows_of(series, character)
    write_webdataset(series, out, rows)
    summary(f"export {series}: {rows.height} images in {out}")


@app.command()
def hydrus(series: Series, out: Out, character: Who = None, as_json: Json = False) -> None:
    """Write images with sidecars of namespaced tags, as Hydrus Network imports them."""
    rows, format = rows_of(series, character), tools.hydrus(as_json)
    write_export(series, out, rows, format, tools.hydrus_texts(rows, format))
    summary(f"export {series}: {rows.height} images in {out}")


@app.command()
def stills(
    episode: Annotated[str, typer.Argument(help="SERIES/EPISODE: data/stills/SERIES/EPISODE.parquet")], out: Out
) -> None:
    """Write an episode's stills as PNG files, whatever format they are kept in: 000123.png is frame 123."""
    rows = read_table(path_of("stills", _named(episode)), FILES)
    with replacing_folder(out) as folder, ShardReader() as reader:
        for name, *place in progress(rows.iter_rows(), rows.height, f"export {episode}", "stills"):
            (folder / f"{Path(name).name}{EXTENSION}").write_bytes(as_png(reader.read(*place), name))
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
    out: Annotated[Path, typer.Argument(help=".safetensors, or torch's .pth, to write; one that is there is replaced")],
    step: Step = None,
    precision: Annotated[Literal["float32", "float16", "bfloat16"], typer.Option(help="of its weights")] = "float16",
) -> None:
    """Write a run's model as one file that UIs load: the fine-tune, or its base with the LoRA baked in."""
    from genga.training.whole import check_ending, write_file

    check_ending(out)
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

    rows = read_table(path_in("dataset", series), OF_DATASET)
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
    if is_pack(parts[1]):
        raise GengaError(f"{episode}: is a pack of clips; name one of them, as {parts[0]}/its name")
    return episode


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
