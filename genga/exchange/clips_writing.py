"""An export of clips as it is written: an mp4 of each, texts, and what the captions were (genga.exchange.captions)."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from genga.errors import GengaError
from genga.exchange.captions import Format, Row, base_of
from genga.exchange.clips import edges, grouped, with_names
from genga.exchange.writing import file_in, part_of, path_in, write_note
from genga.images.image import Image, cut, resized
from genga.images.upscaling import How, Upscaler
from genga.jobs.script import progress
from genga.models.interpolator import open_interpolator
from genga.models.registry import models_of
from genga.params.clips import Interpolate
from genga.params.clips import Params as Clips
from genga.params.section import params_of
from genga.store.files import read_facts
from genga.store.folders import replacing_folder
from genga.store.parquet import read_table
from genga.tables.clipset import CLIPSET
from genga.video.decode import check_same
from genga.video.footage import Footage
from genga.video.interpolation import Between, by_ffmpeg, interpolated
from genga.video.writing import write_mp4


def rows_of(series: str, character: str | None, split: str | None = None) -> pl.DataFrame:
    """Return the clips of a series with the names of their files, or one character's or side's part of them.

    Raises GengaError if that is empty.
    """
    path = path_in("clipset", series)
    if not Path(path).is_file():
        raise GengaError(f"{path}: no such file; make it: snakemake --cores all {path}")
    rows = with_names(read_table(path, CLIPSET), None if (how := interpolation()) is None else how.rate)
    return part_of(rows, path, "clip of {} alone", "clip", character, split)


def write_clips(
    series: str, out: Path, rows: pl.DataFrame, format: Format, texts: Iterable[tuple[str, str]], scaling: str,
    in_groups: bool = False,
) -> None:  # fmt: skip
    """Write a folder of videos and texts. rows: see rows_of. texts: (file, text) of all else.

    scaling: params.yaml:stills.scaling. in_groups: only the first 4n+1 pictures of each clip.
    """
    between = _between()
    with replacing_folder(out) as folder:
        for name, text in texts:
            file_in(folder, name).write_text(text, encoding="utf-8")
        shown = pictures_of(rows, scaling)
        for row, pictures in progress(shown, rows.height, f"export {series}", "clips"):
            played = interpolated(pictures, row["rate"], row["plays"], between)
            kept = played[: grouped(len(played))] if in_groups else played
            write_mp4(file_in(folder, format.image(row)), kept, row["plays"])
        stills = dict(rows.select("clip", "stills").iter_rows())
        note = {**base_of(format, rows.iter_rows(named=True)), "stills": stills}
        write_note(folder, note)


def interpolation() -> Interpolate | None:
    """How clips come to a higher rate, as params.yaml says."""
    return params_of("clips", Clips, "").interpolate


def _between() -> Between:
    """What makes the pictures between drawings. Raises GengaError if it is a model that is missing."""
    how = interpolation()
    return by_ffmpeg if how is None or how.by == "minterpolate" else open_interpolator(models_of(""))


def pictures_of(rows: pl.DataFrame, scaling: str) -> Iterator[tuple[Row, list[Image]]]:
    """Yield each clip with its pictures, cut to the shape of its bucket. rows: CLIPSET, clips of a video in order.

    Of a clip whose drawings are made larger they are as large as the bucket, and never larger. Raises GengaError if a
    video is not the one that was probed.
    """
    upscaler = Upscaler("export", rows["clip"][0].partition("/")[0], *_counted(rows))
    for (video, probe), of in rows.group_by("video", "probe", maintain_order=True):
        probed = read_facts(str(probe))
        check_same(str(video), probed["sha256"])
        with Footage(str(video), probed, scaling) as footage:
            for row in of.iter_rows(named=True):
                pictures = footage.pictures(row["times"], row["keys"])
                shown = {id(picture): _shown(picture, row, upscaler) for picture in pictures}
                yield row, [shown[id(picture)] for picture in pictures]
    upscaler.note()


def _counted(rows: pl.DataFrame) -> tuple[int, int]:
    """How many drawings are to be made larger, and in how many frames of clips they are."""
    small = rows.filter(pl.col("upscale").is_not_null()).select("sha256", "frames").explode("frames")
    return small.n_unique(), small.height


def _shown(picture: Image, row: Row, upscaler: Upscaler) -> Image:
    """A picture of a clip as an export has it."""
    if row["upscale"] is None:
        return cut(picture, *edges(row))
    large = upscaler(picture, How(**row["upscale"]))
    x0, y0, x1, y1 = row["crop_box"]
    box = x0, y0, x0 + (x1 - x0) // 2 * 2, y0 + (y1 - y0) // 2 * 2  # even sides, as 4:2:0 has them
    return cut(resized(large, (row["scaled_height"], row["scaled_width"]), "area"), *box)
