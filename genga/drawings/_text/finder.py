"""Find lines of text in a picture by a small network that was taught on drawn text: demo/teach/text_lines.py.

It says of each cell of luma how likely it is in a line of text, and in its core: the line's box made smaller, by which
lines that lie close to each other are told apart (Wang et al. 2019, "Shape Robust Text Detection with Progressive Scale
Expansion Network"). One picture alone is looked at; nothing is read. Letters of any script, level or upright, light or
dark, plain or glowing, from six px of 480 lines up to a quarter of the height.

Known limits: text on a slant, and what only colour tells from the ground, are missed; a sign in the picture is text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from genga.images.boxes import Box, around

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Grey = npt.NDArray[np.uint8]  # (height, width)
Likely = npt.NDArray[np.float32]  # (rows, columns) of cells, 0..1

CELL = 4  # px
_STEP = 8  # px that sides are multiples of
_WEIGHTS = "text_lines.onnx"
_CORE = 0.5  # likelihood from which a cell is in a core,
_SURE = 0.7  # and that of a core's cells on the mean, from which a line is sure
_LEAST = 2  # cells that a core has
_SHARED, _GAP = 0.5, 1.0  # parts of a line's height: that pieces of it share, and that lies between them at most
_SHORTEST, _LONG = 24, 1.5  # px, and times its height, that a line is long at least: "No." or two characters
_SQUARE = 1.5  # times as high as long may a piece of a line be
_LEVEL, _UPRIGHT = (0, 2, 1, 3), (1, 3, 0, 2)  # of a box, its sides along a line and across


@cache
def _network() -> "InferenceSession":
    """The network, which belongs to the code: on the CPU, by one thread: it says the same again."""
    import onnxruntime as ort  # takes 60 ms: whoever looks for no text needs none of it

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    options.use_deterministic_compute = True
    return ort.InferenceSession(str(Path(__file__).with_name(_WEIGHTS)), options, providers=["CPUExecutionProvider"])


def likely_cores(luma: Grey) -> Likely:
    """Return how likely each cell of a picture whose shorter side is about 480 px is in the core of a line."""
    height, width = luma.shape
    whole = cv2.copyMakeBorder(luma, 0, -height % _STEP, 0, -width % _STEP, cv2.BORDER_REPLICATE)
    said: Likely = _network().run(None, {"luma": whole[None, None].astype(np.float32)})[0][0, 1]
    return said


def lines_in(luma: Grey) -> list[tuple[Box, bool]]:
    """Return the boxes of the lines of text in a picture whose shorter side is about 480 px; whether each is sure."""
    likely = likely_cores(luma)
    _, labels, found, _ = cv2.connectedComponentsWithStats((likely >= _CORE).astype(np.uint8), connectivity=4)
    pieces = []
    for label, (x, y, width, height, cells) in enumerate(found.tolist()):
        if label and cells >= _LEAST:
            place = np.s_[y : y + height, x : x + width]
            core = np.where(labels[place] == label, likely[place], 0)
            pieces.append(Piece(_of_core(core, x, y, luma.shape), float(core.sum()), cells))
    lines = [line for line in joined(pieces) if line.long]
    return [(line.box, line.likely >= _SURE * line.cells) for line in sorted(lines, key=_by_row)]


@dataclass(frozen=True)
class Piece:
    """A line, or a piece of one."""

    box: Box
    likely: float  # of all cells of its core together
    cells: int

    @property
    def long(self) -> bool:
        """Whether it is as long as two letters: one may be an eye, or a leaf."""
        low, high = sorted((self.box[2] - self.box[0], self.box[3] - self.box[1]))
        return high >= max(_SHORTEST, _LONG * low)

    def goes_on(self, other: "Piece") -> bool:
        """Whether another piece lies right before or after it, in the same row or column; a square one in either."""
        return any(_beside(self.box, other.box, way) for way in (_LEVEL, _UPRIGHT))


def _beside(one: Box, other: Box, way: tuple[int, int, int, int]) -> bool:
    """Whether pieces of a line that goes one way lie next to each other."""
    a, b, c, d = way  # sides of a box, along the line and across
    least = min(box[d] - box[c] for box in (one, other))
    square = all(_SQUARE * (box[b] - box[a]) >= box[d] - box[c] for box in (one, other))
    shared = min(one[d], other[d]) - max(one[c], other[c])
    return square and shared >= _SHARED * least and max(one[a], other[a]) - min(one[b], other[b]) <= _GAP * least


def joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Return lines of pieces that go on: between letters that stand far apart there may be no core."""
    lines: list[Piece] = []
    for piece in sorted(pieces, key=lambda one: one.box):
        same = [line for line in lines if line.goes_on(piece)]
        some = [piece, *same]
        box = around([one.box for one in some])
        whole = Piece(box, sum(one.likely for one in some), sum(one.cells for one in some))
        lines = [line for line in lines if line not in same] + [whole]
    return lines


def _by_row(line: Piece) -> tuple[int, int]:
    return line.box[1], line.box[0]


def _of_core(core: Likely, x: int, y: int, shape: tuple[int, ...]) -> Box:
    """The box, in px of a picture, of the line whose core's cells begin at `x`, `y`.

    Where it lies across its length is told to a part of a cell, by how likely the cells on either side are.
    """
    level = core.shape[1] >= core.shape[0]
    across = np.maximum(core - _CORE, 0).sum(axis=1 if level else 0, dtype=np.float64) + 1e-6
    high = np.count_nonzero(core) / max(core.shape)  # cells; the line is twice as high
    middle = float((across * (np.arange(len(across)) + 0.5)).sum() / across.sum()) + (y if level else x)
    first, last = (x, x + core.shape[1]) if level else (y, y + core.shape[0])
    ends, sides = (first - high / 2, last + high / 2), (middle - high, middle + high)
    (x0, x1), (y0, y1) = (ends, sides) if level else (sides, ends)
    box = [round(side * CELL) for side in (x0, y0, x1, y1)]
    return max(0, box[0]), max(0, box[1]), min(shape[1], box[2]), min(shape[0], box[3])
