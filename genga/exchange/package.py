"""A data set that is given away, with pictures or without: what is in it, and the notes that it is made again from.

A package without pictures has of each image its frame, its box, its caption and sha256s; with the videos, found by
their sha256, the same package with pictures can be made of it to the byte (genga.exchange.rebuild).
"""

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import polars as pl

from genga.errors import GengaError
from genga.exchange.folders import FOLDERS, with_names
from genga.exchange.writing import part_of, path_in
from genga.images.codec import EXTENSION, as_png, decode
from genga.images.image import Image
from genga.images.reading import batched
from genga.jobs.script import progress
from genga.params.stills import Params as Stills
from genga.store.files import read_facts, read_json, sealed, sha256_of
from genga.store.parquet import read_table
from genga.store.shards import ShardReader, ShardWriter
from genga.tables.crop import CROP
from genga.tables.dataset import DATASET
from genga.tables.dedup import DEDUP
from genga.tables.frames import FRAMES
from genga.tables.package import PACKAGE, PACKAGE_FRAMES, PACKAGE_ORIGINS
from genga.tables.places import RAW, path_of
from genga.tables.schema import SHARD, only
from genga.video.episodes import find_episodes
from genga.video.libraries import libraries
from genga.vocabulary.text import plain

NOTE = "genga-package.json"
FRAMES_FILE, ORIGINS_FILE = "frames.parquet", "origins.parquet"
ROWS = "rows"  # folder of the tables of rows, by side
FORMAT = 1
Layout = Literal["parquet", "webdataset"]

OF_DATASET = only(
    DATASET, "image", "still", "crop", "kind", "shot", "split", "character", "outfit", "tier", "tags", "caption",
    "captions", "keep_tokens", "repeats", "weight", "width", "height", "text", "persons", "masks", *SHARD,
)  # fmt: skip
OF_CROP = only(CROP, "crop", "x0", "y0", "x1", "y1")
OF_FRAMES = only(FRAMES, "frame", "time", "keyframe")
OF_DEDUP = only(DEDUP, "frame", "shot", "keeper", "reason")
_NOT_OF_PICTURES = ("audio", "subtitles", "others", "damaged")  # what probe says besides
_NOBODYS = pl.lit(None, PACKAGE["masks"])
_AT_ONCE = 64  # images that are encoded together


@dataclass(frozen=True)
class Package:
    """What is given away, but for the pictures."""

    note: dict[str, Any]  # what stands in NOTE
    rows: pl.DataFrame  # PACKAGE, by side and id
    frames: pl.DataFrame  # PACKAGE_FRAMES, by episode and frame
    origins: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(PACKAGE_ORIGINS)))

    @property
    def pixels(self) -> bool:
        return bool(self.note["pixels"])

    @property
    def name(self) -> str:
        return str(self.note["name"])

    @property
    def masks(self) -> str:
        """What its masks leave out, as exports have it: text, person, both; "": it has none."""
        return str(self.note.get("masks", ""))

    def side(self, split: str) -> pl.DataFrame:
        return self.rows.filter(split=split)

    @property
    def sides(self) -> list[str]:
        """The sides of the split that have images, training first."""
        return [split for split in FOLDERS if not self.side(split).is_empty()]

    def with_pixels(self) -> "Package":
        return replace(self, note={**self.note, "pixels": True})


class Licence(NamedTuple):
    """What whoever packs says of rights."""

    id: str  # as model hubs name licences
    name: str  # of `other`
    link: str
    rights: str  # of the pictures, which are others'

    def said(self) -> dict[str, str]:
        return {key: value for key, value in self._asdict().items() if value}


def described(
    series: str, licence: Licence, layout: Layout, pixels: bool, stills: Stills, character: str | None,
    masks: str = "",
) -> tuple[Package, pl.DataFrame]:  # fmt: skip
    """Return what is to be given away, still without the sums of its images, and where these are: `id` and SHARD.

    stills: how stills were taken out of the videos. masks: see Package. Raises GengaError for a series without a data
    set.
    """
    path = path_in("dataset", series)
    table = with_names(read_table(path, OF_DATASET))
    taken = part_of(table, path, "image of {}", "image", character, None)
    episodes = sorted({still.rpartition("/")[0] for still in taken["still"]})
    rows = _rows(taken if masks in ("person", "both") else taken.with_columns(masks=_NOBODYS), episodes)
    here = {"/".join(of): Path(video) for of, video in find_episodes(RAW).items()}
    note = {
        "format": FORMAT,
        "name": series,
        "licence": licence.said(),
        "layout": layout,
        "pixels": pixels,
        **({"masks": masks} if masks else {}),
        "software": libraries(),
        "stills": {"scaling": stills.scaling, "format": stills.format},
        "videos": {episode: _video(episode, here.get(episode)) for episode in episodes},
    }
    frames = pl.concat([_frames(episode, rows.filter(episode=episode)["frame"]) for episode in episodes])
    places = taken.select(pl.col("image").alias("id"), *SHARD)
    return Package(note, rows, frames), places


def _rows(taken: pl.DataFrame, episodes: list[str]) -> pl.DataFrame:
    """The rows of PACKAGE without their sums."""
    crops = pl.concat([read_table(path_of("crop", episode), OF_CROP) for episode in episodes])
    boxes = crops.select("crop", box=pl.concat_list("x0", "y0", "x1", "y1"))
    still = pl.col("still").str
    told = taken.drop("size", "sha256").join(boxes, on="crop", how="left", maintain_order="left")
    if (lost := told.filter(pl.col("crop").is_not_null() & pl.col("box").is_null())).height:
        raise GengaError(f"{path_of('crop', episodes[0])}: has no crop {lost['crop'][0]}; run snakemake again")
    rows = told.with_columns(
        id=pl.col("image"), file=pl.col("stem") + EXTENSION, lines=pl.col("text"),
        caption=pl.col("caption").map_elements(plain, pl.String),
        episode=still.extract(r"^(.*)/\d+$"), frame=still.extract(r"(\d+)$").cast(pl.Int64),
    ).sort(pl.col("split") != next(iter(FOLDERS)), "id")  # fmt: skip
    return rows.select([column for column in PACKAGE if column in rows.columns])


def _video(episode: str, path: Path | None) -> dict[str, Any]:
    """What is said of an episode's video. path: where it lies, if it is here."""
    probed = read_facts(path_of("probe", episode, "json"))
    found = {"sha256": probed["sha256"], "probe": {k: v for k, v in probed.items() if k not in _NOT_OF_PICTURES}}
    if path is None or sha256_of(path) != probed["sha256"]:  # gone, or another by now
        return found
    return {**found, "file": path.name, "size": path.stat().st_size}


def _frames(episode: str, stills: pl.Series) -> pl.DataFrame:
    """The frames that stills of an episode are made of: PACKAGE_FRAMES."""
    frames = read_table(path_of("frames", episode), OF_FRAMES)
    dedup = read_table(path_of("dedup", episode), OF_DEDUP)
    own = pl.col("frame").is_in(stills.unique().implode())
    part = (pl.col("reason") == "stitched") & pl.col("keeper").is_in(stills.unique().implode())
    needed = dedup.filter(own | part)
    keys = frames.with_columns(key=pl.when("keyframe").then("frame").forward_fill())
    on_the_way = keys.join(needed, on="frame", how="semi")["key"].drop_nulls().unique()
    kept = frames.filter(pl.col("frame").is_in(pl.concat([needed["frame"], on_the_way]).unique().implode()))
    told = kept.join(needed, on="frame", how="left", maintain_order="left").with_columns(episode=pl.lit(episode))
    return told.select(list(PACKAGE_FRAMES))


def measured(package: Package, places: pl.DataFrame, shard: ShardWriter | None) -> tuple[Package, pl.DataFrame]:
    """Return a package with the sums of its images as PNG, and where these are in `shard`, if there is one.

    places: `id` and SHARD of the images as the project keeps them, in any order.
    """
    kept = package.rows.select("id").join(places, on="id", how="left", maintain_order="left")
    sums: list[dict[str, Any]] = []
    put: list[dict[str, Any]] = []
    with ShardReader() as reader, ThreadPoolExecutor() as threads:

        def png(row: tuple[Any, ...]) -> tuple[str, bytes, str]:
            data = as_png(reader.read(*row[1:]), row[0])
            return row[0], data, pixels_sum(decode(data, row[0]))

        for some in batched(progress(kept.iter_rows(), kept.height, f"package {package.name}", "images"), _AT_ONCE):
            for name, data, pixels in threads.map(png, some):
                sums.append({"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "pixels": pixels})
                put += [] if shard is None else [{"id": name, **shard.add(name, data)}]
    told = pl.DataFrame(sums, schema=only(PACKAGE, "size", "sha256", "pixels"))
    rows = pl.concat([package.rows, told], how="horizontal").select(list(PACKAGE))
    return replace(package, rows=rows), pl.DataFrame(put, schema={"id": PACKAGE["id"], **SHARD})


def pixels_sum(image: Image) -> str:
    """Return the sha256 of an image's size and RGB bytes."""
    height, width, _ = image.shape
    return hashlib.sha256(f"{height}x{width}\n".encode() + image.tobytes()).hexdigest()


def counted(package: Package) -> dict[str, int]:
    """Return how much of others' pictures a package is about."""
    rows = package.rows
    return {
        "images": rows.height,
        "whole": rows["box"].null_count(),
        "parts": rows.height - rows["box"].null_count(),
        "frames": rows["still"].n_unique(),
        "videos": rows["episode"].n_unique(),
    }


def note_of(package: Package) -> dict[str, Any]:
    """Return what stands in NOTE."""
    return sealed({**package.note, "of_others_pictures": counted(package)})


def read_package(folder: Path) -> Package:
    """Return what a package says. Raises GengaError if a folder is none, or one of another version."""
    if not (folder / NOTE).is_file():
        raise GengaError(f"{folder}: is no package ({NOTE} is missing); name a folder that genga package dataset made")
    note = read_json(folder / NOTE)
    if not isinstance(note, Mapping) or note.get("format") != FORMAT or "videos" not in note:
        raise GengaError(f"{folder / NOTE}: is of another version of genga, or of no data set; have it packed again")
    said, note = note, {key: value for key, value in note.items() if key != "of_others_pictures"}
    tables = [table for split in FOLDERS if (table := rows_file(folder, split)).is_file()]
    if not tables:
        raise GengaError(f"{folder}: has no tables in {ROWS}/; get it again")
    rows = pl.concat([read_table(table, PACKAGE) for table in tables])
    origins = [read_table(table, PACKAGE_ORIGINS)] if (table := folder / ORIGINS_FILE).is_file() else []
    package = Package(dict(note), rows, read_table(folder / FRAMES_FILE, PACKAGE_FRAMES), *origins)
    if counted(package) != said.get("of_others_pictures") or {*rows["episode"]} != {*note["videos"]}:
        raise GengaError(f"{folder}: {ROWS}/ and {NOTE} are not of one package; get it again")
    return package


def rows_file(folder: Path, split: str) -> Path:
    """Return where the rows of a side stand."""
    return folder / ROWS / f"{FOLDERS[split]}.parquet"
