"""Draw the pictures of docs/frames.md from the finished sample series: `python -m demo.pictures [--data data] [--out
docs/pictures]`, after `make demo`. All that is on them is drawn by demo/; the same tables give the same bytes.
"""

from __future__ import annotations

import argparse
import base64
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import polars as pl

from genga.drawings._stills.stitched import spread
from genga.drawings._text.tracks import in_cells
from genga.drawings.dedup import texts
from genga.drawings.exposure_sheet import exposures
from genga.errors import GengaError
from genga.images.image import Image, moved
from genga.images.panorama import stitch
from genga.images.rgb import Converter
from genga.images.thumbnails import thumbnail
from genga.pages._review.figures import shots_of
from genga.store.files import read_json, replacing, write_text
from genga.tables.dedup import DEDUP
from genga.tables.frames import FRAMES
from genga.tables.shots import SHOTS
from genga.video.decode import opening, timed_frames
from genga.video.gate_weave import Steady
from genga.video.grid_store import CellReader
from genga.video.luma_grid import Grids, cells_of, difference_map, grid_size, mixture

WIDE, GAP = 300, 8  # px: width of a picture beside others, and between them
QUALITY = 82  # of WebP
WEAVE = (1.2, -0.9)  # px that a frame is moved to show film that weaves
LINES = 120  # of its grid
_PART = 3  # the grid is shown by a part of its width and height
RED, PAPER = (194, 58, 51), 250
BLUE, PALE, INK, QUIET = "#2a63b0", "#8fb3de", "#23262d", "#66685f"

Values = npt.NDArray[np.float64]


def beside(images: Sequence[Image]) -> Image:
    """The images in a row, each WIDE px wide and of the height of the tallest."""
    sized = [cv2.resize(image, (WIDE, round(image.shape[0] * WIDE / image.shape[1])), interpolation=cv2.INTER_AREA)
             for image in images]  # fmt: skip
    tall = max(image.shape[0] for image in sized)
    row = np.full((tall, len(sized) * (WIDE + GAP) - GAP, 3), PAPER, np.uint8)
    for k, image in enumerate(sized):
        row[: image.shape[0], k * (WIDE + GAP) : k * (WIDE + GAP) + WIDE] = image
    return row


def framed(image: Image, x0: float, y0: float, x1: float, y1: float) -> Image:
    """The image with a red frame around a box in px."""
    width = max(2, round(image.shape[1] / 240))
    corners = (round(x0) - width, round(y0) - width), (round(x1) + width, round(y1) + width)
    return cv2.rectangle(image.copy(), *corners, RED, width).astype(np.uint8)


def heat(apart: npt.NDArray[np.float32], most: float) -> Image:
    """Differences (rows, columns) as a picture: paper for none, red for `most` and more."""
    share = np.clip(apart / most, 0, 1)[:, :, None]
    mixed = (1 - share) * PAPER + share * np.array(RED, np.float32)
    return mixed.round().astype(np.uint8)


def large(image: Image, width: int) -> Image:
    """A grid as a picture `width` px wide, its cells to be seen."""
    rows, columns = image.shape[:2]
    picture = image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)
    return cv2.resize(picture, (width, round(rows * width / columns)), interpolation=cv2.INTER_NEAREST).astype(np.uint8)


def cells_picture(a: Image, b: Image, grid: Image, apart: npt.NDArray[np.float32], level: float) -> Image:
    """A part of two frames, of the grid of the second, and of their block difference, around the cell that decides."""
    rows, columns = apart.shape
    y, x = (int(place) for place in np.unravel_index(int(apart.argmax()), apart.shape))
    tall, wide = rows // _PART, columns // _PART
    top, left = min(max(0, y - tall // 2), rows - tall), min(max(0, x - wide // 2), columns - wide)
    px = a.shape[1] / columns
    part = np.s_[round(top * px) : round((top + tall) * px), round(left * px) : round((left + wide) * px)]
    cells = np.s_[top : top + tall, left : left + wide]
    size = 2 * WIDE
    return beside([large(a[part], size), large(b[part], size), large(grid[cells], size),
                   large(heat(apart[cells], 2 * level), size)])  # fmt: skip


def weave_picture(image: Image, level: float) -> Image:
    """A frame, as film leaves it beside its place, their block difference, and what of it is left when held still."""
    woven = moved(image, WEAVE)
    first, second = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(np.uint8) for one in (image, woven))
    steady = Steady()
    grid = grid_size(first.shape[1], first.shape[0], LINES)
    before, still = (steady.cells(picture, 8, grid) for picture in (first, second))
    loose = cells_of(second, 8, grid)
    apart = [heat(difference_map(before, other), 2 * level) for other in (loose, still)]
    return beside([image, woven, *(large(one, WIDE) for one in apart)])


def valley_chart(held: Values, new: Values, threshold: float) -> str:
    """The differences of a video as two hills on a logarithmic axis, an SVG. held, new: by the truth."""
    edges = np.exp(np.linspace(np.log(1.0), np.log(256.0), 57))
    hills = [(np.histogram(values, edges)[0], colour) for values, colour in ((held, PALE), (new, BLUE))]
    width, height, left, foot = 720, 240, 20, 200
    most = max(int(counts.max()) for counts, _ in hills)

    def across(value: float) -> float:
        return round(left + (width - 2 * left) * float(np.log(value) / np.log(256.0)), 1)

    bars = "".join(
        f'<path fill="{colour}" d="'
        + "".join(
            f"M{across(a)} {foot}V{round(foot - 170 * float(np.sqrt(count / most)), 1)}H{across(b) - 1}V{foot}z"
            for count, a, b in zip(counts, edges[:-1], edges[1:], strict=True)
            if count
        )
        + '"/>'
        for counts, colour in hills
    )
    marks = "".join(
        f'<text x="{across(value)}" y="{foot + 18}" text-anchor="middle">{value}</text>'
        for value in (1, 2, 4, 8, 16, 32, 64, 128)
    )
    line = across(threshold)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="13" fill="{QUIET}"><rect width="{width}" height="{height}" fill="#faf8f2"/>{bars}'
        f'<path stroke="rgb{RED}" stroke-width="2" d="M{line} 14V{foot}"/>'
        f'<text x="{line + 6}" y="24" fill="{INK}">threshold {threshold:.1f}</text>'
        f'<text x="{across(1.5)}" y="24">held frames</text>'
        f'<text x="{across(60)}" y="24">new drawings</text>{marks}'
        f'<text x="{width - left}" y="{height - 6}" text-anchor="end">block difference to the frame before, luma '
        f"levels; heights are square roots of counts</text></svg>\n"
    )


def sheet_picture(shot: Mapping[str, Any], drawn: Mapping[int, Image]) -> str:
    """The exposure sheet of a shot lying down, an SVG: a row for each drawing, which stands before it."""
    side, row, left = 84, 52, 108
    width, scale = 760, (760 - left - 12) / shot["frames"]
    height = row * shot["rows"] + 34
    rows = []
    for one in shot["new"]:
        y = one["row"] * row + 6
        picture = data_uri(thumbnail(drawn[one["drawing"]], side))
        rows.append(f'<image href="{picture}" x="10" y="{y}" width="{side}" height="{side * 9 / 16:.0f}"/>')
    blocks = [
        f'<rect x="{left + start * scale:.1f}" y="{number * row + 10}" width="{length * scale - 1:.1f}" height="38" '
        f'rx="3" fill="{BLUE if seen == "first" else PALE}"/><text x="{left + (start + length / 2) * scale:.1f}" '
        f'y="{number * row + 34}" text-anchor="middle" fill="{"#fff" if seen == "first" else INK}">{length}</text>'
        for start, length, number, seen in shot["blocks"]
        if number is not None
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12" fill="{QUIET}"><rect width="{width}" height="{height}" fill="#faf8f2"/>'
        f'{"".join(rows)}{"".join(blocks)}<text x="{left}" y="{height - 8}">frame {shot["start"]}</text>'
        f'<text x="{width - 12}" y="{height - 8}" text-anchor="end">frame {shot["end"] - 1}</text></svg>\n'
    )


def data_uri(image: Image) -> str:
    """The image as WebP in a data URI."""
    return "data:image/webp;base64," + base64.b64encode(webp(image)).decode("ascii")


def webp(image: Image) -> bytes:
    """The image as WebP."""
    _, data = cv2.imencode(".webp", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
    return data.tobytes()


def frames_of(video: Path, wanted: Collection[int]) -> dict[int, Image]:
    """Some frames of a video as pictures, by their numbers."""
    with opening(video) as (container, stream):
        convert = Converter.of(stream, "lanczos")
        return {n: convert.image(frame) for n, (_, frame) in enumerate(timed_frames(container, stream)) if n in wanted}


def event(shots: pl.DataFrame, kind: str) -> tuple[int, int]:
    """Start and end of the first event of a kind. Raises GengaError if there is none."""
    every = [one for events in shots["events"].to_list() for one in events if one["kind"] == kind]
    if not every:
        raise GengaError(f"demo.pictures: the sample series has no {kind}; draw it anew: make demo")
    return every[0]["start"], every[0]["end"]


def smallest(dedup: pl.DataFrame, shots: pl.DataFrame, cells: Grids) -> dict[str, Any]:
    """The row of the new drawing that changes the fewest cells, in frames without burnt-in text: a mouth."""
    new = dedup.filter(reason="kept").filter(pl.col("difference") > pl.col("threshold"))
    lettered = {frame for line in texts(shots) for frame in range(line.start, line.end)}
    plain = [row for row in new.iter_rows(named=True) if not lettered & {row["frame"], row["compared"]}]

    def changed(row: dict[str, Any]) -> tuple[int, int]:
        apart = difference_map(cells[row["compared"]], cells[row["frame"]])
        return int((apart > row["threshold"]).sum()), row["frame"]

    return min(plain, key=changed)


def draw(data: Path, out: Path) -> list[Path]:
    """Write every picture; the files, in order."""
    tables = [pl.read_parquet(data / stage / "sample/ep01.parquet").select(list(schema))
              for stage, schema in (("frames", FRAMES), ("shots", SHOTS), ("dedup", DEDUP))]  # fmt: skip
    frames, shots, dedup = tables
    labels = read_json(data / "truth/sample/ep01.json")["pair_labels"]
    with CellReader(frames, data.parent) as cells:
        mouth = smallest(dedup, shots, cells)
    dissolve, pan = event(shots, "dissolve"), event(shots, "pan")
    middle = sum(dissolve) // 2
    line = next(line for line in texts(shots) if line.start not in set(shots["start"]))
    lettered = (line.start + line.end) // 2
    exposed = exposures(frames.select("frame", "time"), dedup)
    calm = [shot for shot in shots_of(shots, dedup, exposed)
            if shot["rows"] == len(shot["new"]) <= 5 and shot["timing"] >= 2]  # fmt: skip
    sheet = max(calm, key=lambda shot: (len(shot["blocks"]), -shot["shot"]))
    moving = [pan[0], *spread(range(pan[0] + 1, pan[1]))]
    wanted = {mouth["compared"], mouth["frame"], dissolve[0] - 1, middle, dissolve[1], lettered, *moving,
              *(one["drawing"] for one in sheet["new"])}  # fmt: skip
    shown = frames_of(data / "raw/sample/ep01.mkv", wanted)
    with CellReader(frames, data.parent) as cells:
        apart = difference_map(cells[mouth["compared"]], cells[mouth["frame"]])
        pair = cells_picture(shown[mouth["compared"]], shown[mouth["frame"]], cells[mouth["frame"]], apart,
                             mouth["threshold"])  # fmt: skip
        share, _ = mixture(cells[dissolve[0] - 1], cells[middle], cells[dissolve[1]])
        box = in_cells(line, cells[lettered].shape)
        px = shown[lettered].shape[1] / cells[lettered].shape[1]
    before, after = (shown[frame].astype(float) for frame in (dissolve[0] - 1, dissolve[1]))
    mixed = (before + share * (after - before)).round().clip(0, 255).astype(np.uint8)
    left = cv2.absdiff(mixed, shown[middle]).mean(axis=2).astype(np.float32)
    picture, count, _ = stitch([shown[frame] for frame in moving])
    x0, y0, x1, y1 = (side * px for side in box)
    images = {
        "cells": pair,
        "dissolve": beside([shown[dissolve[0] - 1], shown[middle], shown[dissolve[1]], heat(left, mouth["threshold"])]),
        "move": beside([shown[moving[0]], shown[moving[count // 2]], shown[moving[count - 1]]]),
        "stitched": thumbnail(picture, 3 * WIDE + 2 * GAP),
        "weave": weave_picture(shown[mouth["frame"]], mouth["threshold"]),
        "lettering": framed(shown[lettered], x0, y0, x1, y1),
    }
    change = frames["change"].to_numpy()
    held, redrawn = (change[[label in kinds for label in labels]] for kinds in ("H", "D"))
    written = []
    for name, image in images.items():
        written.append(out / f"{name}.webp")
        with replacing(written[-1]) as temporary:
            temporary.write_bytes(webp(image))
    for name, text in (("valley", valley_chart(held, redrawn, float(shots["threshold"][0]))),
                       ("sheet", sheet_picture(sheet, shown))):  # fmt: skip
        written.append(out / f"{name}.svg")
        write_text(written[-1], text)
    return written


def main() -> None:
    """Read the arguments and draw."""
    parser = argparse.ArgumentParser(description="Draw the pictures of docs/frames.md.")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the finished sample series")
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    a = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        for path in draw(a.data, a.out):
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    except (GengaError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
