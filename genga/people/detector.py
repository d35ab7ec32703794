"""Boxes of persons, half-bodies, heads and faces: YOLO and RT-DETR detectors in ONNX.

Input: `images` NCHW RGB 0..1, squashed to the size in the graph's metadata (`imgsz`, height and width), else 640.
Output, one of three layouts: (1, 4+C, A) centre and size in px of the input, C class scores, A anchors; rows of six,
(x0, y0, x1, y1, score, class), of end-to-end models; RT-DETR's (1, A, 4+C) with coordinates in 0..1.
Thresholds and arithmetic follow the publisher's own, so that a published model finds what it finds elsewhere.
"""

import ast
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from genga.errors import GengaError
from genga.images.image import Array, Image, pictures
from genga.models import onnx
from genga.models.preparation import Preparation
from genga.models.registry import Registry

Layout = Literal["yolo", "rtdetr"]

KINDS = ("person", "halfbody", "head", "face")

# A box counts above this score, 0..1: the publisher's value for its models.
CONFIDENCE = {"person": 0.3, "halfbody": 0.5, "head": 0.4, "face": 0.25}
# Of two boxes that overlap by more than this IoU, 0..1, the weaker one goes.
IOU = {"person": 0.5, "halfbody": 0.7, "head": 0.7, "face": 0.7}
END_TO_END_IOU = 0.7  # rows of end-to-end models are thinned at this, whatever the kind

DEFAULT_SIZE = (640, 640)  # height, width


class Box(NamedTuple):
    x0: int  # px of the image, 0..width
    y0: int
    x1: int  # exclusive
    y1: int
    score: float  # 0..1
    label: str  # the model's name for what it found


class Detector:
    """A detector of one kind, ready to run."""

    def __init__(
        self,
        model: str | Path,
        kind: str,
        device: str = "auto",
        threads: int = 2,
        confidence: float | None = None,
        iou: float | None = None,
        layout: Layout = "yolo",
        name: str = "",
    ) -> None:
        """Open the graph. `confidence` and `iou` default to the publisher's for `kind`. Raises GengaError."""
        self.kind = kind
        self.name = name or Path(model).stem
        self.confidence = CONFIDENCE[kind] if confidence is None else confidence
        self.iou = IOU[kind] if iou is None else iou
        self.layout = layout
        self._model = str(model)
        self._session = onnx.session(model, device, threads)
        facts = self._session.get_modelmeta().custom_metadata_map
        self.labels = _labels(self._model, facts.get("names"), kind)
        self.size = _size(self._model, facts.get("imgsz"), self._session.get_inputs()[0].shape)
        self.how = how(self.size)

    def detect(self, images: Sequence[Image]) -> list[list[Box]]:
        """Return the boxes of each image, best first."""
        if not images:
            return []
        rows = onnx.run(self._session, pictures(images).given(self.how))
        return [self._boxes(found, image.shape[:2]) for found, image in zip(rows, images, strict=True)]

    def _boxes(self, rows: Array, shape: tuple[int, ...]) -> list[Box]:
        classes = len(self.labels)
        size: tuple[float, float] = self.size
        if self.layout == "rtdetr" and rows.shape[-1] == 4 + classes:
            corners, scores, labels = _anchors(rows.T, self.confidence, self.iou)
            size = (1.0, 1.0)
        elif self.layout == "yolo" and rows.shape[-1] == 6:
            corners, scores, labels = _end_to_end(rows, self.confidence)
        elif self.layout == "yolo" and rows.shape[0] == 4 + classes:
            corners, scores, labels = _anchors(rows, self.confidence, self.iou)
        else:
            raise GengaError(
                f"{self._model}: answers {list(rows.shape)} for {classes} classes, which is not the layout "
                f"{self.layout}; set its type in models.yaml (yolo or rtdetr)"
            )
        pixels = to_pixels(corners, size, shape)
        return [
            Box(x0, y0, x1, y1, float(score), self.labels[int(label)])
            for (x0, y0, x1, y1), score, label in zip(pixels.tolist(), scores, labels, strict=True)
        ]


def open_detectors(
    registry: Registry,
    threads: int = 2,
    confidence: dict[str, float] | None = None,
    iou: dict[str, float] | None = None,
) -> dict[str, Detector]:
    """Return the registry's detectors by kind, files verified; `confidence` and `iou` override the defaults by kind."""
    detectors = {}
    for kind in KINDS:
        model = registry.model(kind).verify()
        detectors[kind] = Detector(
            model.part("model"),
            kind,
            registry.section.device,
            threads,
            (confidence or {}).get(kind),
            (iou or {}).get(kind),
            model.entry.type,
            model.name,
        )
    return detectors


def how(size: tuple[int, int]) -> Preparation:
    """Return how images are prepared: (3, height, width), RGB, 0..1, squashed to `size` with Pillow's bicubic."""
    return Preparation("NCHW", size, "squash", "bicubic", "RGB", 0.0, 1.0)


def suppress(corners: Array, scores: Array, iou: float) -> npt.NDArray[np.intp]:
    """Return the indices to keep, best first: greedy non-maximum suppression, blind to classes.

    corners: (N, 4) x0 y0 x1 y1. Widths and heights count one pixel more than the difference, as the publisher's do.
    """
    areas = (corners[:, 2] - corners[:, 0] + 1) * (corners[:, 3] - corners[:, 1] + 1)
    order = np.argsort(-scores, kind="stable")
    keep = []
    while order.size:
        best, rest = order[0], order[1:]
        keep.append(best)
        low = np.maximum(corners[best, :2], corners[rest, :2])
        high = np.minimum(corners[best, 2:], corners[rest, 2:])
        shared = np.prod(np.maximum(0, high - low + 1), axis=1)
        order = rest[shared / (areas[best] + areas[rest] - shared) <= iou]
    return np.array(keep, dtype=np.intp)


def to_pixels(corners: Array, size: tuple[float, float], shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Return corners (N, 4) of a `size` (height, width) input as px of a `shape` (height, width) image.

    x and y are scaled on their own, clipped, and rounded half to even; in float64, as the publisher's code does.
    """
    scale = np.array([size[1], size[0], size[1], size[0]], np.float64)
    limit = np.array([shape[1], shape[0], shape[1], shape[0]], np.float64)
    return np.clip(corners / scale * limit, 0, limit).round().astype(np.int64)


def _anchors(rows: Array, confidence: float, iou: float) -> tuple[Array, Array, npt.NDArray[np.intp]]:
    """Rows (4+C, A), centre and size: the corners, best score and its class of what is left after suppression."""
    best = rows[4:].max(axis=0)
    rows, best = rows[:, best > confidence], best[best > confidence]
    centre, half = rows[:2], rows[2:4] / 2
    corners = np.concatenate([centre - half, centre + half]).T
    keep = suppress(corners, best, iou)
    return corners[keep], best[keep], rows[4:, keep].argmax(axis=0)


def _end_to_end(rows: Array, confidence: float) -> tuple[Array, Array, npt.NDArray[np.intp]]:
    """Rows (A, 6), corners, score and class: likewise."""
    rows = rows[rows[:, 4] > confidence]
    rows = rows[suppress(rows[:, :4], rows[:, 4], END_TO_END_IOU)]
    return rows[:, :4], rows[:, 4], rows[:, 5].astype(np.intp)


def _labels(model: str, names: str | None, kind: str) -> list[str]:
    """The class names in the metadata, a Python dict literal {0: 'person'}; the kind alone where there are none.

    Numbers may be written as floats or text, as in JSON: {"0": "person"}.
    """
    if names is None:
        return [kind]
    try:
        said: Any = ast.literal_eval(names)
        found = {float(number): name for number, name in (said.items() if isinstance(said, dict) else enumerate(said))}
        return [str(found[number]) for number in range(len(found))]
    except (ValueError, SyntaxError, TypeError, KeyError) as error:
        raise GengaError(f"{model}: metadata names is {names!r}, expected a dict like {{0: 'person'}}") from error


def _size(model: str, imgsz: str | None, shape: Sequence[Any]) -> tuple[int, int]:
    """Height and width of the input: the metadata's, else the graph's own, else 640."""
    fixed = tuple(shape[2:4]) if len(shape) == 4 and all(isinstance(side, int) for side in shape[2:4]) else None
    if imgsz is None:
        return fixed or DEFAULT_SIZE
    try:
        height, width = json.loads(imgsz)
        size = int(height), int(width)
    except (ValueError, TypeError) as error:
        raise GengaError(f"{model}: metadata imgsz is {imgsz!r}, expected [height, width]") from error
    if fixed not in (None, size):
        raise GengaError(f"{model}: metadata imgsz {list(size)} contradicts the input {list(shape)}")
    return size
