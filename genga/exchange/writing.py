"""An export as it is written: images, captions, settings, and what the captions were (genga.exchange.captions)."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from genga.errors import GengaError
from genga.exchange.captions import FILE, Format, Row, base_of
from genga.exchange.folders import OF_DATASET, TOML, with_names
from genga.exchange.tools import MASKS, WEBDATASET, in_tars, mask_of, write_tars
from genga.images.codec import as_png
from genga.jobs.script import progress
from genga.store.folders import replacing_folder
from genga.store.parquet import read_table
from genga.store.shards import ShardReader
from genga.tables.places import RAW, path_of
from genga.tables.schema import SHARD


def path_in(table: str, series: str) -> str:
    """Return where a table of a series lies. Raises GengaError if that is no series' name."""
    if series in ("", ".", "..") or "/" in series:
        raise GengaError(f"a series is named as its folder in {RAW}, as in sample; got {series!r}")
    return path_of(table, series)


def rows_of(series: str, character: str | None, split: str | None = None) -> pl.DataFrame:
    """Return the dataset with the names of its files, or one character's or side's part of it.

    Raises GengaError if that is empty.
    """
    path = path_in("dataset", series)
    return part_of(with_names(read_table(path, OF_DATASET)), path, "image of {}", "image", character, split)


def part_of(
    rows: pl.DataFrame, path: str, whose: str, what: str, character: str | None, split: str | None
) -> pl.DataFrame:
    """Return the rows of a character, or of a side. Raises GengaError if there are none.

    path: of the table, what: one row shows, whose: the same with {} for the character, for messages.
    """
    own = rows if character is None else rows.filter(character=character)
    if character is not None and own.is_empty():
        known = ", ".join(rows["character"].drop_nulls().unique().sort()) or "none"
        raise GengaError(f"{path}: no {whose.format(character)} (characters there: {known})")
    found = own if split is None else own.filter(split=split)
    if found.is_empty():
        raise GengaError(f"{path}: no {what} is {split}; see params.yaml:dataset.held_out")
    return found


def write_export(
    series: str,
    out: Path,
    rows: pl.DataFrame,
    format: Format,
    texts: Iterable[tuple[str, str]],
    mask: Callable[[Row], bytes] | None = None,
) -> None:
    """Write a folder of images and texts. rows: see rows_of. texts: (file, text) of all else. mask: of each image."""
    with replacing_folder(out) as folder, ShardReader() as reader:
        for name, text in texts:
            file_in(folder, name).write_text(text, encoding="utf-8")
        for row in progress(rows.iter_rows(named=True), rows.height, f"export {series}", "images"):
            data = reader.read(*(row[column] for column in SHARD))
            file_in(folder, format.image(row)).write_bytes(as_png(data, row["image"]))
            if mask is not None:
                file_in(folder, f"{MASKS}/{format.image(row)}").write_bytes(mask(row))
        _note(folder, format, rows)


def write_webdataset(series: str, out: Path, rows: pl.DataFrame) -> None:
    """Write tars, as WebDataset reads them. rows: see rows_of."""
    placed = in_tars(rows)
    with replacing_folder(out) as folder, ShardReader() as reader:
        for _ in progress(write_tars(placed, folder, reader), rows.height, f"export {series}", "images"):
            pass
        _note(folder, WEBDATASET, placed)


def masker(what: str | None) -> Callable[[Row], bytes] | None:
    """Return the function that makes masks of a kind, None for none."""
    return None if what is None else lambda row: mask_of(row, what)


def _note(folder: Path, format: Format, rows: pl.DataFrame) -> None:
    write_note(folder, base_of(format, rows.iter_rows(named=True)))


def write_note(folder: Path, note: Mapping[str, Any]) -> None:
    """Write what an import has to know of an export."""
    (folder / FILE).write_text(json.dumps(note, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def file_in(folder: Path, name: str) -> Path:
    """Return where a file of an export lies; its folder is there then."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def checked_place(out: Path, found_at: str | None) -> str:
    """Return where a trainer will find a folder. Raises GengaError if TOML cannot say so."""
    place = found_at or out.as_posix()
    if place.encode(errors="ignore").decode() != place:
        raise GengaError(f"{place!r} is not UTF-8, as {TOML} is; name another folder, or one by --found-at")
    return place
