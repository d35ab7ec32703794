"""Decode the kept drawings again and write them losslessly.

Only what is needed is decoded: where the next kept frame has a keyframe between itself and the place reached, the
decoder jumps there, and frames that are neither kept nor referred to by others are left out (genga.video.skip_frames),
unless fields are undone, which takes all the frames before. Frames are found again by their time, which is what
identifies them in the file.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

from genga.drawings._stills.file import Shown, Still
from genga.drawings._stills.stitched import parts, stitched
from genga.errors import GengaError
from genga.images.h264 import Packer
from genga.images.rgb import Converter
from genga.jobs.script import ahead, at_once, progress
from genga.params.stills import Format, Params
from genga.store.shards import ShardWriter
from genga.tables.dedup import KEPT
from genga.tables.stills import STILLS
from genga.video.decode import check_same, opening, prepare
from genga.video.deinterlace import WHOLE, Part
from genga.video.footage import ALL, JUMPS, LEAST, Walk
from genga.video.interlace import PROGRESSIVE, Fields


def wanted(frames: pl.DataFrame, dedup: pl.DataFrame) -> pl.DataFrame:
    """Return frame, shot and time of each kept drawing, and `key`: the time of the last keyframe up to it, or null.

    With the frames that stitched drawings are made of, which are no drawings of their own
    (genga.drawings._stills.stitched).
    """
    keys = frames.select("frame", "time", pl.when("keyframe").then(pl.col("time")).forward_fill().alias("key"))
    more = {frame for frames in parts(dedup).values() for frame in frames}
    kept = dedup.filter(pl.col("reason").is_in(KEPT) | pl.col("frame").is_in(more)).select("frame", "shot")
    return kept.join(keys, on="frame", how="left", maintain_order="left").select("frame", "shot", "time", "key")


def shown(
    path: str | Path,
    kept: pl.DataFrame,
    params: Params,
    threads: int,
    fields: Fields = PROGRESSIVE,
    part: Part = WHOLE,
) -> Generator[tuple[int, Shown]]:
    """Yield (frame, picture) for every row of `wanted`, in order.

    fields: what was done about interlacing and telecine when the frames were numbered. part: what of it is the picture.
    Raises GengaError if the video is not the one that the table was made from.
    """
    done = 0
    # Where leaving out or a jump does not lead to the frame, decoding all does.
    ways = (LEAST, JUMPS, ALL) if fields.kind == "progressive" else (ALL,)
    for way in ways:
        for frame, image in walked(path, kept[done:], params, threads, way, fields, part):
            yield frame, image
            done += 1
        if done == len(kept):
            return
    frame, time = kept.row(done)[0], kept["time"][done]
    raise GengaError(f"{path}: frame {frame} at {time:.3f} s is not there; the file has changed, run again")


def walked(
    path: str | Path,
    kept: pl.DataFrame,
    params: Params,
    threads: int,
    way: int,
    fields: Fields,
    part: Part = WHOLE,
) -> Iterator[tuple[int, Shown]]:
    """Yield (frame, picture) for the rows of `kept` in order, up to the first that is not found.

    way: how much of what need not be decoded is left out, if the file has an index.
    """
    with opening(path, params.hwaccel, part.stream) as (container, stream):
        prepare(stream, threads)
        convert = Converter.of(stream, params.scaling)
        packer = Packer(convert, params.scaling)
        walk = Walk(container, stream, way, fields, part, kept["time"].to_list())
        for frame, _, time, key in kept.iter_rows():
            if (picture := walk.to(time, key)) is None:
                return
            yield frame, Shown(picture, convert, packer)


def stills(
    path: str | Path,
    probed: dict[str, Any],
    frames: pl.DataFrame,
    dedup: pl.DataFrame,
    name: str,
    shard: ShardWriter,
    params: Params,
    threads: int = 1,
) -> pl.DataFrame:
    """Write the kept drawings of a video to `shard`, with progress on stderr; return a row for each (STILLS).

    probed: what probe recorded of the video. frames, dedup: the episode's tables. name: series/episode.
    threads: that decode; where they are more than one, pictures are written while the next is decoded.
    Raises GengaError if the video is not the one that was probed.
    """
    check_same(path, probed["sha256"])
    needed = wanted(frames, dedup)
    kept = needed.join(dedup.filter(pl.col("reason").is_in(KEPT)).select("frame"), on="frame", how="semi")
    decoded = shown(path, needed, params, threads, Fields.of(probed["fields"]), Part.of(probed))
    with closing(ahead(decoded) if at_once(threads) > 1 else decoded) as coming:
        pictures = stitched(progress(coming, len(needed), f"stills {name}", "stills"), parts(dedup))
        return written(pictures, kept, name, shard, params.format)


def written(
    pictures: Iterable[tuple[int, Still]], kept: pl.DataFrame, name: str, shard: ShardWriter, kind: Format
) -> pl.DataFrame:
    """Write the pictures to `shard` and return a row for each (STILLS).

    pictures: (frame, picture) for each row of `kept`, in order. name: series/episode. kind: the files' format.
    """
    rows = []
    for (frame, picture), (_, shot, time, _) in zip(pictures, kept.iter_rows(), strict=True):
        file = picture.written(kind)
        where = shard.add(f"{frame:06d}.{file.kind}", file.data)
        rows.append({"still": f"{name}/{frame:06d}", "frame": frame, "shot": shot, "time": time, **where,
                     "width": file.width, "height": file.height,
                     **dict(zip(("x0", "y0", "x1", "y1"), file.frame, strict=True))})  # fmt: skip
    return pl.DataFrame(rows, schema=dict(STILLS))


def in_words(table: pl.DataFrame) -> str:
    """Return how many stills there are, of which sizes, and how large they are."""
    sizes = table.select("width", "height").unique().sort("width").rows()
    of = ", ".join(f"{width}x{height}" for width, height in sizes)
    return f"{len(table)} stills of {of or 'no size'}, {sum(table['size']) / 1e6:.1f} MB"
