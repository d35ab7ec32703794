"""Read the text in a picture: lines found by one graph, read by another, by their contract in models.yaml.

As RapidOCR runs the models of PP-OCR (Apache-2.0). Finding is differentiable binarization (Liao et al. 2020,
"Real-time Scene Text Detection with Differentiable Binarization"): the graph says of every px whether it is text, in
the middle of a line; what hangs together is a line, and is made wider again by its area over its length. Reading is
connectionist temporal classification (Graves et al. 2006): the likeliest letter of each step, of equal neighbours one,
no blanks. No line is turned upside down.

Find: NCHW, any multiples of 32, to (N, 1, height, width), 0..1. Read: NCHW, 48 px high, to (N, steps, letters), the
first of which is the blank, the last the space; the others stand in its metadata `character`, or in the file `letters`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from genga.errors import GengaError
from genga.images.image import Image
from genga.models.registry import Registry, models_of
from genga.params.models import ReaderContract

ROLE = "ocr"

Array = npt.NDArray[np.float32]
Corners = npt.NDArray[np.float32]  # (4, 2) x y: top left, top right, bottom right, bottom left, px

_STEP = 32  # px that sides of what is searched are multiples of
_MOST = 1000  # lines of a picture
_LEAST = 3  # px, of a line's shorter side
_NARROW = 320 / 48  # width by height that what is read has at least
_TALL = 1.5  # height by width from which a line is taken to stand upright, and laid down


class Line(NamedTuple):
    x0: int  # px of the image
    y0: int
    x1: int  # exclusive
    y1: int
    text: str
    score: float  # mean probability of its letters, 0..1


class Reader:
    """Two graphs ready to run."""

    def __init__(
        self,
        find: Path,
        read: Path,
        contract: ReaderContract,
        letters: Path | None = None,
        device: str = "auto",
        threads: int = 2,
    ) -> None:
        """Open the graphs. letters: a file with a letter a line. Raises GengaError if one is not what it should be."""
        # Here, so that stages in which no model reads do not wait for the runtime.
        from genga.models import onnx

        self._contract, self._run = contract, onnx.run_whole
        self._find_by, self._read_by = find, read
        self._finder, self._reader = (onnx.session(path, device, threads) for path in (find, read))
        for path, session in ((find, self._finder), (read, self._reader)):
            shape = session.get_inputs()[0].shape
            if len(shape) != 4 or shape[1] != 3:
                raise GengaError(
                    f"{path}: input is {shape}, expected [N, 3, height, width] (role {ROLE}); another model"
                )
        self._height = next(iter(s for s in self._reader.get_inputs()[0].shape[2:3] if isinstance(s, int)), 48)
        said = self._reader.get_modelmeta().custom_metadata_map.get("character")
        self._letters = ["", *_letters(read, said, letters), " "]

    def __call__(self, images: Sequence[Image]) -> list[list[Line]]:
        """Return the lines of each image, from top to bottom, then left to right."""
        found = list(self._finder.map(self._lines, images))
        strips = [upright(image, corners) for image, lines in zip(images, found, strict=True) for corners in lines]
        said = iter(list(self._reader.map(self._said, strips)))
        return [
            self._kept(image, lines, [next(said) for _ in lines]) for image, lines in zip(images, found, strict=True)
        ]

    def _kept(self, image: Image, lines: Sequence[Corners], said: Sequence[tuple[str, float]]) -> list[Line]:
        kept = [
            Line(*around(corners, image.shape), text, round(score, 4))
            for corners, (text, score) in zip(lines, said, strict=True)
            if text and score >= self._contract.least
        ]
        return sorted(kept, key=lambda line: (line.y0, line.x0))

    def _lines(self, image: Image) -> list[Corners]:
        """Where lines are in an image."""
        shown = searched(image, self._contract)
        answer = self._run(self._finder, shown[None])
        if answer.ndim != 4 or answer.shape[1:] != (1, *shown.shape[1:]):
            raise GengaError(
                f"{self._find_by}: answers {list(answer.shape)} for {list(shown.shape)}, expected a map of the same "
                f"size (role {ROLE}); it is another model"
            )
        scale = image.shape[1] / shown.shape[2], image.shape[0] / shown.shape[1]
        return lines_in(answer[0, 0], self._contract, scale)

    def _said(self, strip: Image) -> tuple[str, float]:
        """What stands in a line, and the mean probability of its letters."""
        answer = self._run(self._reader, shown_to_read(strip, self._height, self._contract.order)[None])
        if answer.ndim != 3 or answer.shape[2] != len(self._letters):
            raise GengaError(
                f"{self._read_by}: answers {list(answer.shape)}, and {len(self._letters)} letters are known (role "
                f"{ROLE}); they are not of one revision: genga models pull"
            )
        return in_letters(answer[0], self._letters)


def searched(image: Image, contract: ReaderContract) -> Array:
    """Return what text is found in, (3, height, width): the side as the contract says, both multiples of 32."""
    height, width = image.shape[:2]
    bound = min(height, width) if contract.bound == "least" else max(height, width)
    least = contract.bound == "least"
    scale = contract.side / bound if (bound < contract.side if least else bound > contract.side) else 1.0
    size = [max(_STEP, round(int(side * scale) / _STEP) * _STEP) for side in (width, height)]
    pixels = _ordered(cv2.resize(image, size), contract.order).astype(np.float32) / 255
    return ((pixels - _array(contract.mean)) / _array(contract.std)).transpose(2, 0, 1).copy()


def lines_in(likely: Array, contract: ReaderContract, scale: tuple[float, float]) -> list[Corners]:
    """Return the lines of a map of how likely each px is text, in px of the image. scale: px of it per px, x and y."""
    mask = (likely > contract.threshold).astype(np.uint8)
    if contract.dilate:
        mask = cv2.dilate(mask, np.ones((2, 2), np.uint8)).astype(np.uint8, copy=False)
    found = []
    for contour in cv2.findContours(mask * 255, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0][:_MOST]:
        (x, y), (wide, high), angle = cv2.minAreaRect(contour)
        corners = _in_order(cv2.boxPoints(((x, y), (wide, high), angle)))
        if min(wide, high) < _LEAST or _mean(likely, corners) < contract.box_threshold:
            continue
        more = 2 * wide * high * contract.unclip / (2 * (wide + high))  # on both sides of either
        if min(wide, high) + more < _LEAST + 2:
            continue
        wider = _in_order(cv2.boxPoints(((x, y), (wide + more, high + more), angle)))
        limits = _array(likely.shape[::-1])
        found.append(np.clip(np.round(np.clip(wider, 0, limits) * _array(scale)), 0, None).astype(np.float32))
    return found


def _in_order(points: Any) -> Corners:
    """Corners from the top left on, clockwise: of the two on the left the upper one is first."""
    by_x = np.asarray(points, np.float32)[np.argsort(np.asarray(points)[:, 0], kind="stable")]
    left, right = (pair[np.argsort(pair[:, 1], kind="stable")] for pair in (by_x[:2], by_x[2:]))
    return np.stack([left[0], right[0], right[1], left[1]])


def _mean(likely: Array, corners: Corners) -> float:
    """How likely the px within the corners are text, in the mean."""
    height, width = likely.shape
    (x0, y0), (x1, y1) = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
    x0, x1, y0, y1 = (
        int(np.clip(side, 0, most - 1)) for side, most in ((x0, width), (x1, width), (y0, height), (y1, height))
    )
    inside = np.zeros((y1 - y0 + 1, x1 - x0 + 1), np.uint8)
    cv2.fillPoly(inside, [(corners - _array([x0, y0])).astype(np.int32)], (1,))
    return float(cv2.mean(likely[y0 : y1 + 1, x0 : x1 + 1], inside)[0])


def upright(image: Image, corners: Corners) -> Image:
    """Return the part of an image between four corners as a rectangle; one that stands is laid down."""
    limits = _array([image.shape[1] - 1, image.shape[0] - 1])
    corners = np.minimum(corners, limits)
    sides = [float(np.hypot(*(corners[a] - corners[b]))) for a, b in ((0, 1), (2, 3), (0, 3), (1, 2))]
    width, height = max(1, int(max(sides[:2]))), max(1, int(max(sides[2:])))
    flat = _array([[0, 0], [width, 0], [width, height], [0, height]])
    matrix = cv2.getPerspectiveTransform(corners, flat)
    part = cv2.warpPerspective(
        image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    ).astype(np.uint8, copy=False)
    return np.ascontiguousarray(np.rot90(part)) if height / width >= _TALL else part


def shown_to_read(strip: Image, height: int, order: str) -> Array:
    """Return a line as it is read, (3, height, width), -1..1; a short one has zeros behind it."""
    rows, columns = strip.shape[:2]
    width = int(height * max(_NARROW, columns / rows))
    filled = max(1, min(width, int(np.ceil(height * columns / rows))))
    shown = np.zeros((3, height, width), np.float32)
    pixels = _ordered(cv2.resize(strip, (filled, height)), order).astype(np.float32)
    shown[:, :, :filled] = pixels.transpose(2, 0, 1) / 127.5 - 1
    return shown


def in_letters(steps: Array, letters: Sequence[str]) -> tuple[str, float]:
    """Return the text of an answer (steps, letters), and the mean probability of its letters; 0 without any.

    Of equal neighbours the first counts, and letter 0 is no letter.
    """
    best = steps.argmax(axis=1)
    told = (best != 0) & np.append(True, best[1:] != best[:-1])
    text = "".join(letters[number] for number in best[told]).strip()
    return text, float(steps.max(axis=1)[told].astype(np.float64).mean()) if told.any() else 0.0


def around(corners: Corners, shape: Sequence[int]) -> tuple[int, int, int, int]:
    """Return the box around corners, px of an image of that shape, its end exclusive."""
    (x0, y0), (x1, y1) = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
    return max(0, int(x0)), max(0, int(y0)), min(shape[1], int(x1)), min(shape[0], int(y1))


def _array(values: Any) -> Array:
    return np.array(values, np.float32)


def _ordered(image: Any, order: str) -> Any:
    return cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if order == "BGR" else image


def _letters(model: Path, said: str | None, file: Path | None) -> list[str]:
    """The letters that a graph knows, by its metadata or a file, without blank and space."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise GengaError(f"{file}: is no list of letters ({error}): genga models pull --role {ROLE}") from error
    if said is None:
        raise GengaError(f"{model}: does not say its letters (metadata character; role {ROLE}); name a file `letters`")
    return said.splitlines()


def reader_of(models: str, threads: int = 2) -> Callable[[Sequence[Image]], list[list[Line]]] | None:
    """Return the reader of the set that `--models` names (genga.models.registry.models_of), as `open_reader` does."""
    return open_reader(models_of(models), threads)


def open_reader(registry: Registry, threads: int = 2) -> Callable[[Sequence[Image]], list[list[Line]]] | None:
    """Return the registry's reader, its files verified; None if no model plays that role."""
    if ROLE not in registry.models:
        return None
    model = registry.model(ROLE).verify()
    contract, letters = model.entry.contract, model.part("letters") if "letters" in model.entry.files else None
    assert isinstance(contract, ReaderContract)  # of that role: genga.params.models
    return Reader(model.part("find"), model.part("read"), contract, letters, registry.section.device, threads)
