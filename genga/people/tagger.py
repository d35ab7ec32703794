"""Booru taggers in ONNX: the WD v3 family (SmilingWolf) and whatever keeps its contract.

Input: NHWC float32, BGR, 0..255, the image padded to a white square; the size is read from the graph. Output:
probabilities, a column per row of `selected_tags.csv` (`tag_id,name,category,count`).
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from genga.errors import GengaError
from genga.images.image import Image
from genga.models import onnx
from genga.models.registry import Registry
from genga.people.ensemble import Ensemble

Dialect = Literal["pillow", "opencv"]  # how an image is resized: see prepare

# Danbooru's category numbers, and 9, which the WD family gave its ratings.
CATEGORIES = {0: "general", 1: "artist", 3: "copyright", 4: "character", 5: "meta", 9: "rating"}

WHITE = 255


class Tag(NamedTuple):
    name: str  # as booru sites write it, with underscores
    category: str  # a value of CATEGORIES


class Tagger:
    """A tagger ready to run. `tags`: what the columns of `scores` stand for; `counts`: images per tag in training."""

    def __init__(
        self,
        model: str | Path,
        tags: str | Path,
        device: str = "auto",
        threads: int = 2,
        preprocess: Dialect = "pillow",
        name: str = "",
    ) -> None:
        """Open graph and vocabulary. Raises GengaError if one cannot be read or their widths differ."""
        self.name = name or Path(model).parent.name
        self.tags, self.counts = read_tags(tags)
        self.dialect: Dialect = preprocess
        self._model, self._csv = str(model), str(tags)
        self._session = onnx.session(model, device, threads)
        self.size = self._input_size()
        self._output = self._scores_output()

    def scores(self, images: Sequence[Image]) -> npt.NDArray[np.float32]:
        """Return probabilities (N, tags) float32 for N images."""
        if not images:
            return np.zeros((0, len(self.tags)), np.float32)
        batch = np.stack([prepare(image, self.size, self.dialect) for image in images])
        scores = onnx.run(self._session, batch, self._output)
        if scores.shape[1] != len(self.tags):
            raise self._mismatch(scores.shape[1])
        return scores

    def _input_size(self) -> int:
        shape = self._session.get_inputs()[0].shape
        if len(shape) != 4 or shape[1] != shape[2] or not isinstance(shape[1], int) or shape[3] != 3:
            raise GengaError(f"{self._model}: input is {shape}, expected a tagger's [N, size, size, 3]")
        return shape[1]

    def _scores_output(self) -> str:
        """The output as wide as the vocabulary (some exports add an embedding); the first if no width is written."""
        outputs = self._session.get_outputs()
        widths = [output.shape[-1] if output.shape else None for output in outputs]
        for output, width in zip(outputs, widths, strict=True):
            if width == len(self.tags):
                return output.name
        if isinstance(widths[0], int):
            raise self._mismatch(widths[0])
        return outputs[0].name

    def _mismatch(self, width: int) -> GengaError:
        return GengaError(
            f"{self._csv}: has {len(self.tags)} tags but {self._model} answers {width} (model {self.name}); "
            "they are not of one revision: genga models pull"
        )


def open_taggers(registry: Registry, threads: int = 2) -> list[Tagger]:
    """Return every tagger of the registry, in order, its files verified."""
    return [
        Tagger(
            model.part("model"),
            model.part("tags"),
            registry.section.device,
            threads,
            model.entry.preprocess,
            model.name,
        )
        for model in map(lambda found: found.verify(), registry.taggers())
    ]


def read_tags(path: str | Path) -> tuple[list[Tag], list[int]]:
    """Return the vocabulary of a `selected_tags.csv` and its counts. Raises GengaError that names file and line.

    Numbers may be written as floats, as some tools do that went over the file: 1589178.0.
    """
    tags, counts = [], []
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            for row in (reader := csv.DictReader(file)):
                try:
                    tags.append(Tag(_field(row, "name"), _category(row)))
                    counts.append(_whole(row, "count"))
                except ValueError as error:
                    line = f"line {reader.line_num} is not tag_id,name,category,count"
                    raise GengaError(f"{path}: {line}: {error}; fetch it: genga models pull") from error
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror}); fetch it: genga models pull") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise GengaError(f"{path}: is no CSV in UTF-8 ({error}); fetch it: genga models pull") from error
    if not tags:
        raise GengaError(f"{path}: has no tags")
    return tags, counts


def _field(row: Mapping[str, str | None], name: str) -> str:
    """A field's text. Raises ValueError if it is missing or empty."""
    if not (text := row.get(name)):
        raise ValueError(f"it has no {name}")
    return text


def _category(row: Mapping[str, str | None]) -> str:
    """The category's name. Raises ValueError if it is none that is known."""
    if (number := _whole(row, "category")) not in CATEGORIES:
        raise ValueError(f"category is {number}, none of {', '.join(map(str, CATEGORIES))}")
    return CATEGORIES[number]


def _whole(row: Mapping[str, str | None], name: str) -> int:
    """A field that is a whole number, 0 or more. Raises ValueError if it is none."""
    text = _field(row, name)
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if number < 0 or not number.is_integer():
        raise ValueError(f"{name} is {text!r}, no whole number")
    return int(number)


def prepare(image: Image, size: int, dialect: Dialect = "pillow") -> npt.NDArray[np.float32]:
    """Return (size, size, 3) float32, BGR, 0..255: padded to a white square, then resized.

    pillow: bicubic, as the model's own demonstration does. opencv: OpenCV's areas when shrinking, Pillow's Lanczos when
    growing, as kohya's sd-scripts do (resize_image in library/utils.py).
    """
    square = pad_square(image)
    side = square.shape[0]
    if side > size and dialect == "opencv":
        square = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    elif side != size:
        how = Pillow.Resampling.BICUBIC if dialect == "pillow" else Pillow.Resampling.LANCZOS
        square = np.asarray(Pillow.fromarray(square).resize((size, size), how))
    return square[:, :, ::-1].astype(np.float32)


def pad_square(image: Image) -> Image:
    """Return the image in the middle of a white square, a pixel nearer to left and top when it cannot be exact."""
    height, width = image.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    square = np.full((side, side, 3), WHITE, np.uint8)
    square[top : top + height, left : left + width] = image
    return square


def open_ensemble(registry: Registry, threads: int, threshold: float) -> Ensemble:
    """Return the registry's taggers as one. threshold: score above which a tagger votes for a tag."""
    taggers = open_taggers(registry, threads)
    return Ensemble(taggers, threshold, ", ".join(tagger.name for tagger in taggers))
