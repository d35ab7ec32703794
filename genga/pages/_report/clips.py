"""Samples that move, in a page: as a video that every browser plays without anything beside it, and as a filmstrip.

The video is VP9 in WebM: a Chromium or Firefox that was built without licensed codecs plays no H.264. The strip is for
who prints the page, and for who wants to see frames beside each other.
"""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import polars as pl

from genga.evaluation.verdict import BASE
from genga.images.codec import data_uri
from genga.images.image import Image
from genga.images.reading import reading
from genga.images.thumbnails import thumbnail
from genga.pages._report.charts import Line, Point, chart
from genga.store.shards import ShardReader
from genga.tables.schema import SHARD
from genga.video.writing import as_video, frames_of

FRAMES, ACROSS = 8, 4  # of a strip at most, and of a row of it
_WHITE = (255, 255, 255)
_CRF = 30  # how much of a small video may be lost, 0..63
# Figures of how clips move, by what they are called on the page, with the unit.
FIGURES = {
    "dynamics": ("dynamics", "shorter sides a second"),
    "held": ("steps held", "share"),
    "hold": ("longest hold", "s"),
    "flicker": ("flicker", "code values"),
    "warping": ("warping error", "code values"),
    "identity": ("same person", "share of pairs of frames"),
}
Shown = Image | tuple[list[Image], float]  # a picture; or a clip's frames and 1/s at which they play


@contextmanager
def showing(images: pl.DataFrame, samples: pl.DataFrame) -> Iterator[Callable[[str], Shown]]:
    """Give a function that reads a picture or clip by its name, as long as the block lasts.

    images: name and SHARD of all; samples: which of them are clips, with their rate.
    """
    rates = dict(samples.filter(pl.col("rate").is_not_null()).select("sample", "rate").iter_rows())
    places = {name: place for name, *place in images.select("name", *SHARD).iter_rows() if name in rates}
    with reading(images, "name") as read, ShardReader() as shards:
        yield lambda name: (frames_of(shards.read(*places[name]), name), rates[name]) if name in rates else read(name)


def strip_of(name: str) -> str:
    """Return what the strip of a clip is called among the pictures of a page."""
    return f"{name} strip"


def uri_of(name: str, read: Callable[[str], Shown], side: int, quality: int) -> str:
    """Return a picture, a clip as a video, or the strip of one, as a data URI; sides of at most `side` px."""
    is_strip = name.endswith(strip_of(""))
    found = read(name.removesuffix(strip_of("")) if is_strip else name)
    if not isinstance(found, tuple):
        return data_uri(thumbnail(found, side), quality)
    frames, rate = found
    if is_strip:
        return data_uri(strip(frames, side // 2), quality)
    small = [even(thumbnail(frame, side)) for frame in frames]
    return "data:video/webm;base64," + base64.b64encode(as_video(small, rate, "webm", name, _CRF)).decode("ascii")


def strip(frames: Sequence[Image], side: int) -> Image:
    """Return frames of a clip in rows of ACROSS, evenly over it, the first and the last among them."""
    chosen = np.linspace(0, len(frames) - 1, min(FRAMES, len(frames))).round().astype(int)
    small = [
        cv2.copyMakeBorder(thumbnail(frames[place], side), 0, 2, 0, 2, cv2.BORDER_CONSTANT, value=_WHITE)
        for place in chosen
    ]
    blank = [np.full_like(small[0], 255)] * (-len(small) % min(ACROSS, len(small)))
    every = [*small, *blank]
    return np.vstack([np.hstack(every[start : start + ACROSS]) for start in range(0, len(every), ACROSS)])


def even(image: Image) -> Image:
    """Return an image whose sides 4:2:0 can have: without its last column or row where they are odd."""
    height, width = image.shape[:2]
    return np.ascontiguousarray(image[: max(2, height // 2 * 2), : max(2, width // 2 * 2)])


def motion_charts(evaluation: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """Return the curves of how clips move over steps: heading, one line of explanation, chart; none of pictures."""
    if "motion" not in evaluation:
        return []
    steps, base, chosen = evaluation["steps"][1:], evaluation["steps"][0], evaluation["selection"]["step"]
    first, last, ranges = steps[0]["step"], steps[-1]["step"], evaluation["motion"]["ranges"]

    def of(row: Mapping[str, Any], name: str) -> Point:
        return Point(row["step"], *(row[name][key] for key in ("mean", "low", "high")))

    def drawing(name: str, heading: str, ends: bool = True, bounds: tuple[float, float] | None = None) -> Any:
        lines = [Line("samples", [of(row, name) for row in steps])]
        if ends:
            lines += [Line(f"drawn clips from {low:.2f}" if not place else f"drawn clips to {low:.2f}",
                           [Point(first, low), Point(last, low)], "second", dots=False)
                      for place, low in enumerate(ranges[name])]  # fmt: skip
        return chart(heading, lines, Point(BASE, *(base[name][key] for key in ("mean", "low", "high"))), chosen, bounds)

    return [
        ("Moves", "1: as drawn clips do; less by the figure that is farthest out; the score is times this",
         drawing("moves", "Moves", False, (0.0, 1.0))),
        ("Dynamics", "way of what moves most, shorter sides a second; dotted: the range of drawn clips",
         drawing("dynamics", "Dynamics")),
        ("Freezes", "share of clips in which a picture stands longer than in drawn ones",
         drawing("freezes", "Freezes", False, (0.0, 1.0))),
        ("Flicker", "code values by which pixels leave what they are before and after",
         drawing("flicker", "Flicker")),
    ]  # fmt: skip
