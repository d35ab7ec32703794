"""`genga clips`: the clips of a series as videos with captions, for tools that train on moving pictures."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from genga.exchange import clips
from genga.exchange.clips_writing import rows_of, write_clips
from genga.exchange.folders import TOML
from genga.exchange.writing import checked_place
from genga.jobs.script import summary
from genga.params.dataset import Params
from genga.params.section import params_of
from genga.params.stills import Params as Stills

app = typer.Typer(
    help="Write the clips of a series as mp4 with captions, for other tools.",
    no_args_is_help=True,
    add_completion=False,
)

Series = Annotated[str, typer.Argument(help="series whose clips to write: data/clipset/SERIES.parquet")]
Out = Annotated[Path, typer.Argument(help="folder to make; one from an earlier export is replaced, no other is")]
Who = Annotated[str | None, typer.Option(help="only clips of this character alone")]
Split = Annotated[Literal["train", "held-out"], typer.Option(help="side of the split to write")]
Place = Annotated[
    str | None, typer.Option(help="the folder as the trainer will find it; default: OUT as it is written here")
]


@app.command()
def video_blip2(
    series: Series, out: Out, character: Who = None, split: Split = "train", found_at: Place = None
) -> None:
    """Write mp4s and clips.json, as Video-BLIP2-Preprocessor does for Text-To-Video-Finetuning."""
    rows, place = rows_of(series, character, split), checked_place(out, found_at)
    write_clips(series, out, rows, clips.BLIP2, clips.blip2_texts(rows, series, place), _scaling())
    summary(f"clips {series}: {rows.height} in {out}; name {place}/{clips.JSON} as json_path")


@app.command()
def animatediff(series: Series, out: Out, character: Who = None, split: Split = "train") -> None:
    """Write mp4s and clips.csv (videoid, name, page_dir), as AnimateDiff's trainer reads them."""
    rows = rows_of(series, character, split)
    write_clips(series, out, rows, clips.ANIMATEDIFF, clips.animatediff_texts(rows), _scaling())
    summary(
        f"clips {series}: {rows.height} in {out}; csv_path {out / clips.CSV}, video_folder {out / clips.VIDEOS},"
        f" sample_n_frames {rows['shown'][0]}, sample_stride 1"
    )


@app.command()
def musubi(series: Series, out: Out, character: Who = None, split: Split = "train", found_at: Place = None) -> None:
    """Write mp4s of 4n+1 pictures, JSONL captions and dataset.toml for musubi-tuner."""
    rows, place = rows_of(series, character, split), checked_place(out, found_at)
    texts = clips.musubi_texts(rows, params_of("dataset", Params, ""), place)
    write_clips(series, out, rows, clips.MUSUBI, texts, _scaling(), in_groups=True)
    summary(f"clips {series}: {rows.height} in {out}; train with --dataset_config {place}/{TOML}")


@app.command()
def diffusion_pipe(
    series: Series, out: Out, character: Who = None, split: Split = "train", found_at: Place = None
) -> None:
    """Write mp4s of 4n+1 pictures, .txt captions and dataset.toml for diffusion-pipe."""
    rows, place = rows_of(series, character, split), checked_place(out, found_at)
    texts = clips.diffusion_pipe_texts(rows, params_of("dataset", Params, ""), place)
    write_clips(series, out, rows, clips.DIFFUSION_PIPE, texts, _scaling(), in_groups=True)
    summary(f"clips {series}: {rows.height} in {out}; name {place}/{TOML} as dataset")


@app.command()
def videofolder(series: Series, out: Out, character: Who = None) -> None:
    """Write train/ and test/ with metadata.jsonl, as Hugging Face datasets reads a videofolder."""
    rows = rows_of(series, character)
    write_clips(series, out, rows, clips.VIDEOFOLDER, clips.videofolder_texts(rows), _scaling())
    summary(f"clips {series}: {rows.height} in {out}")


def _scaling() -> str:
    """How chroma is brought to the size of luma, as stills have it."""
    return params_of("stills", Stills, "").scaling
