"""Measure every frame of a video in one decode pass.

For each frame: its time, how much it differs from the frame before, how bright and how sharp it is, a signature by
which the drawing can be found again, and its cell grid (genga.cells), by which later stages compare any two frames
without decoding again. Where the picture changed, burnt-in text is looked for (genga.lettering_looks).

Signature: 256-bit perceptual hash (imagehash's `phash`, Zauner 2010, "Implementation and Benchmarking of Perceptual
Image Hash Functions") of the grid. Sharpness: Brenner gradient, the mean square difference of luma two pixels apart
(Brenner et al. 1976, "An automated microscope for cytologic research"), on every fourth line, along the line only.
"""

from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt
import polars as pl
from PIL import Image

from genga.cells import Cells, cells_of, difference_map, grid_size, tone_difference
from genga.cellstore import CELLS_SCHEMA, CellWriter
from genga.lettering_looks import LINE, Lookout
from genga.params.frames import Params
from genga.tables import Schema
from genga.video import Decoded, Luma, luma

SCHEMA: Schema = {
    "frame": pl.Int64,  # 0-based, in the order shown
    "time": pl.Float64,  # s, from the presentation timestamp
    "keyframe": pl.Boolean,
    "change": pl.Float64,  # largest local luma difference to the frame before, 0..255; 0 for the first frame
    "spread": pl.Float64,  # fraction of the cells that differ from the frame before by more than params.changed
    "tone": pl.Float64,  # histogram distance to the frame before, 0..1
    "luma": pl.Float64,  # mean, code value 0..255
    "contrast": pl.Float64,  # standard deviation of the cells' luma, code values
    "sharpness": pl.Float64,  # Brenner gradient, squared code values
    "signature": pl.Binary,  # 32 bytes
    "lettering": pl.List(LINE),  # lines of burnt-in text, where it was looked for; null where it was not
    **CELLS_SCHEMA,
}

_HASH_SIDE = 16  # the signature has this many bits squared
_HASH_PICTURE = 64  # px, side of the picture that the hash is taken of
_COSINES = np.cos(np.pi / _HASH_PICTURE * np.outer(np.arange(_HASH_SIDE), np.arange(_HASH_PICTURE) + 0.5))
_LEVEL = 6  # decimals of a coefficient that count: rounding errors of the sums lie below, on any machine
_LINE_STEP = 4  # sharpness looks at every fourth line


def frames(decoded: Iterable[Decoded], store: CellWriter, params: Params) -> pl.DataFrame:
    """Return a row per frame (SCHEMA), writing each frame's cells to `store`.

    decoded: in order. Every grid has the size of the first frame's, also after a change of resolution.
    """
    rows = []
    before: Cells | None = None
    grid: tuple[int, int] | None = None
    lookout = Lookout(params.lettering)
    for item in decoded:
        plane, bits = luma(item.picture)
        grid = grid or grid_size(plane.shape[1], plane.shape[0], params.lines)
        cells = cells_of(plane, bits, grid)
        local = difference_map(cells if before is None else before, cells)
        rows.append(
            {
                "frame": item.number,
                "time": item.time,
                "keyframe": item.keyframe,
                **compare(cells, cells if before is None else before, params.changed, local),
                "luma": float(cells.mean()),
                "contrast": float(cells.std()),
                "sharpness": sharpness(plane, bits),
                "signature": signature(cells),
                "lettering": lookout.look(plane, bits, local > params.changed),
            }
        )
        store.add(cells)
        before = cells
    store.close()
    table = pl.DataFrame(rows, schema={name: kind for name, kind in SCHEMA.items() if name not in CELLS_SCHEMA})
    return pl.concat([table, pl.DataFrame(store.index, schema=CELLS_SCHEMA)], how="horizontal")


def compare(
    cells: Cells, before: Cells, changed: float, local: npt.NDArray[np.float32] | None = None
) -> dict[str, float]:
    """Return change, spread and tone (see SCHEMA) between two grids. local: their difference map, if it is known."""
    local = difference_map(before, cells) if local is None else local
    return {
        "change": float(local.max()),
        "spread": float((local > changed).mean()),
        "tone": tone_difference(before, cells),
    }


def sharpness(plane: Luma, bits: int) -> float:
    """Return the Brenner gradient of a luma plane (height, width), in 8-bit code values squared; 0 if too narrow."""
    lines = plane[::_LINE_STEP]
    if lines.shape[1] < 3:
        return 0.0
    total = round(cv2.norm(lines[:, 2:], lines[:, :-2], cv2.NORM_L2SQR))  # a sum of squares of whole numbers
    return total / lines[:, 2:].size / 4 ** (bits - 8)


def signature(cells: Cells) -> bytes:
    """Return the 256 bits of the grid's perceptual hash, as 32 bytes.

    As imagehash's phash with 16 x 16 bits, without scipy: only the lowest coefficients are computed, as products of
    matrices. Where imagehash compares rounding errors (a picture of one tone) they count as equal here.
    """
    small = np.asarray(Image.fromarray(cells).resize((_HASH_PICTURE,) * 2, Image.Resampling.LANCZOS), np.float64)
    low = np.round(_COSINES @ small @ _COSINES.T, _LEVEL)
    middle = np.partition(low, (low.size // 2 - 1, low.size // 2), axis=None)[low.size // 2 - 1 : low.size // 2 + 1]
    return np.packbits(low > middle.mean()).tobytes()
