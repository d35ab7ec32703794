"""Clips as folders of mp4 for the tools that train on moving pictures, and their captions.

- Text-To-Video-Finetuning, as Video-BLIP2-Preprocessor writes for it: `clips.json`.
- AnimateDiff's trainer: `clips.csv` with videoid, name, page_dir beside a folder of videos.
- musubi-tuner and diffusion-pipe: mp4s with `.jsonl` or `.txt`, and `dataset.toml`; 4n+1 pictures, the rest left out.
- Hugging Face datasets: a `videofolder`, `train/` and `test/` with `metadata.jsonl`.

A video has the clip's pictures at the clip's rate, cut to the shape of its bucket and not scaled: trainers scale.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import polars as pl

from genga.exchange.captions import Format, Row, words_of
from genga.exchange.captions_read import Blip2, Blip2Video
from genga.exchange.folders import FOLDERS, TOML, quoted
from genga.exchange.names import file_names
from genga.params.dataset import Params
from genga.video.interpolation import count_at
from genga.vocabulary.text import SEPARATOR

KIND = ".mp4"
VIDEOS, JSON, CSV = "videos", "clips.json", "clips.csv"
_GROUP = 4  # 4n+1 pictures: the autoencoders of these models take so many as one, but for the first


def with_names(table: pl.DataFrame, wanted: float | None = None) -> pl.DataFrame:
    """Return clips with `stem`, a file's name without extension, and `image`, the name that exports know them by.

    And with what an export shows of each: `shown` pictures at a rate `plays`, 1/s, that is `wanted` where it is higher.
    """
    clips = table["clip"].to_list()
    episodes = file_names({clip.rpartition("/")[0] for clip in clips})
    stems = [f"{episodes[of]}__{own}" for of, _, own in (clip.rpartition("/") for clip in clips)]
    plays = [max(rate, wanted or 0.0) for rate in table["rate"]]
    shown = [
        count_at(len(frames), *rates) for frames, *rates in zip(table["frames"], table["rate"], plays, strict=True)
    ]
    return table.with_columns(
        stem=pl.Series(stems, dtype=pl.String), image="clip", plays=pl.Series(plays, dtype=pl.Float64),
        shown=pl.Series(shown, dtype=pl.Int64),
    ).sort("clip")  # fmt: skip


def _subset(row: Row) -> str:
    """Folder of a clip: how often it is seen, and at which rate it plays."""
    return f"{row['repeats']}_{row['plays']:.3f}fps"


def _in_subset(row: Row) -> str:
    return f"{_subset(row)}/{row['stem']}{KIND}"


def _in_videos(row: Row) -> str:
    return f"{VIDEOS}/{row['stem']}{KIND}"


def _in_split(row: Row) -> str:
    return f"{FOLDERS[row['split']]}/{row['stem']}{KIND}"


BLIP2 = Format("clips-video-blip2", _in_videos, lambda row: JSON)
ANIMATEDIFF = Format("clips-animatediff", _in_videos, lambda row: CSV)
MUSUBI = Format("clips-musubi", _in_subset, lambda row: f"{_subset(row)}.jsonl")
DIFFUSION_PIPE = Format("clips-diffusion-pipe", _in_subset, lambda row: f"{_subset(row)}/{row['stem']}.txt")
VIDEOFOLDER = Format("clips-videofolder", _in_split, lambda row: f"{FOLDERS[row['split']]}/metadata.jsonl")


def caption(row: Row) -> str:
    """Return the caption of a clip as these tools take it: without the backslashes of prompts."""
    return SEPARATOR.join(words_of(row))


def grouped(count: int) -> int:
    """Return how many of so many pictures are 4n+1."""
    return (count - 1) // _GROUP * _GROUP + 1


def blip2_texts(rows: pl.DataFrame, series: str, place: str) -> Iterator[tuple[str, str]]:
    """Yield (file, text) of all but the videos. rows: see with_names. place: the folder as the trainer will find it."""
    of = [(f"{place}/{_in_videos(row)}", row) for row in rows.iter_rows(named=True)]
    videos = [
        Blip2Video(path, row["shown"], [{"frame_index": 0, "prompt": caption(row), "clip_path": path}])
        for path, row in of
    ]
    written = Blip2(series, [video._asdict() for video in videos])
    yield JSON, json.dumps(written._asdict(), ensure_ascii=False, indent=1) + "\n"


def animatediff_texts(rows: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield the same for AnimateDiff, which looks for VIDEOS/<videoid>.mp4; page_dir is the episode."""
    table = pl.DataFrame(
        {
            "videoid": rows["stem"],
            "name": [caption(row) for row in rows.iter_rows(named=True)],
            "page_dir": rows["clip"].str.replace(r"/[^/]*$", ""),
        }
    )
    yield CSV, table.write_csv()


def musubi_texts(rows: pl.DataFrame, params: Params, place: str) -> Iterator[tuple[str, str]]:
    """Yield the same for musubi-tuner, by number of repeats and rate, which it is told."""
    lines = [
        "[general]", f"resolution = [{params.resolution}, {params.resolution}]", "batch_size = 1",
        "enable_bucket = true", f"bucket_no_upscale = {str(params.no_upscale).lower()}",
    ]  # fmt: skip
    for name, of in _subsets(rows).items():
        said = ({"video_path": f"{place}/{_in_subset(row)}", "caption": caption(row)} for row in of)
        yield f"{name}.jsonl", _lines(json.dumps(one, ensure_ascii=False) for one in said)
        lines += ["", "[[datasets]]", f"video_jsonl_file = {quoted(f'{place}/{name}.jsonl')}"]
        lines += [f"cache_directory = {quoted(f'{place}/cache/{name}')}", f"num_repeats = {of[0]['repeats']}"]
        lines += [f"target_frames = [{grouped(of[0]['shown'])}]", 'frame_extraction = "head"']
        lines += [f"source_fps = {float(of[0]['plays'])!r}"]
    yield TOML, _lines(lines)


def diffusion_pipe_texts(rows: pl.DataFrame, params: Params, place: str) -> Iterator[tuple[str, str]]:
    """Yield the same for diffusion-pipe."""
    lengths = sorted({1, *map(grouped, rows["shown"])})
    lines = [f"resolutions = [{params.resolution}]", "enable_ar_bucket = true", f"frame_buckets = {lengths}"]
    for name, of in _subsets(rows).items():
        yield from ((DIFFUSION_PIPE.caption(row), caption(row) + "\n") for row in of)
        lines += ["", "[[directory]]", f"path = {quoted(f'{place}/{name}')}", f"num_repeats = {of[0]['repeats']}"]
    yield TOML, _lines(lines)


def videofolder_texts(rows: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield (file, text) of metadata.jsonl for each side of the split."""
    keys = ("clip", "rate", "characters", "drawings", "holds")
    for folder in FOLDERS.values():
        own = [row for row in rows.iter_rows(named=True) if FOLDERS[row["split"]] == folder]
        said = (
            {"file_name": PurePosixPath(_in_split(row)).name, "text": caption(row)}
            | {key: row[key] for key in keys if key in row}
            | {"rate": row["plays"]}
            for row in own
        )
        if own:
            yield f"{folder}/metadata.jsonl", _lines(json.dumps(one, ensure_ascii=False) for one in said)


def edges(row: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Return x0 y0 x1 y1 of what a clip's pictures are cut to, px of them: the shape of its bucket, sides even."""
    across, down = row["width"] / row["scaled_width"], row["height"] / row["scaled_height"]
    x0, y0, x1, y1 = row["crop_box"]
    left, top = round(x0 * across), round(y0 * down)
    width = max(2, (min(row["width"], round(x1 * across)) - left) // 2 * 2)
    height = max(2, (min(row["height"], round(y1 * down)) - top) // 2 * 2)
    return left, top, left + width, top + height


def _subsets(rows: pl.DataFrame) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows.iter_rows(named=True):
        found.setdefault(_subset(row), []).append(row)
    return dict(sorted(found.items()))


def _lines(words: Iterable[str]) -> str:
    return "".join(f"{word}\n" for word in words)
