"""How an image becomes what a model is given. Pure, and by values that can be compared: models whose preparations are
equal are given one array (genga.images.image.Pictures).

Two ways to say it: a model's contract in models.yaml (`Preparation`), or its publisher's `preprocess.json` (`Stages`).
The latter's stages are those of the package dghs-imgutils (imgutils.preprocess, deepghs), by which the models of
deepghs and animetimm are published: resize, center_crop, pad_to_size, to_tensor, normalize and so on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageColor

from genga.errors import GengaError
from genga.images.image import Array, Image, by_level, padded, resized
from genga.params.models import Contract
from genga.store.files import read_json

_FILTERS = {one.name.lower(): one for one in Pillow.Resampling}  # Pillow's, by name
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_NUMBERED = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")  # Pillow's numbers


@dataclass(frozen=True)
class Preparation:
    """A contract's preparation: its fields as genga.params.models.Contract has them."""

    layout: str
    size: tuple[int, int]  # height, width, px
    fit: str
    filter: str
    order: str
    low: float  # value of black
    high: float  # value of white

    def __call__(self, image: Image) -> Array:
        return prepare(image, self)


@dataclass(frozen=True)
class Stages:
    """A `preprocess.json`'s preparation: names and values, in order. The result is (3, height, width), RGB."""

    steps: tuple[tuple[str, tuple[Any, ...]], ...]

    def __call__(self, image: Image) -> Array:
        return prepare(image, self)


How = Preparation | Stages


def of_contract(contract: Contract, size: tuple[int, int]) -> Preparation:
    """Return a contract's preparation for an input of `size` (height, width)."""
    low, high = contract.range
    return Preparation(contract.layout, size, contract.fit, contract.filter, contract.order, low, high)


def prepare(image: Image, how: How) -> Array:
    """Return an image as float32, (height, width, 3) or (3, height, width) by its layout."""
    pixels = _by(how, image, True) if isinstance(how, Stages) else _fitted(image, how)
    if isinstance(how, Preparation) and how.order == "BGR":
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR).astype(np.uint8, copy=False)
    if isinstance(how, Stages) or how.layout == "NCHW":
        return by_level(pixels, _levels(how))
    return _scaled(pixels, how.low, how.high)


@cache
def _levels(how: How) -> Array:
    """What black to white become, (3, 256): the arithmetic of each level is done once, not once for each pixel."""
    levels = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    if isinstance(how, Stages):
        return np.ascontiguousarray(_by(how, levels, False).reshape(3, 256))
    return np.ascontiguousarray(_scaled(levels, how.low, how.high)[0].T)


def _by(how: Stages, image: Any, on_pixels: bool) -> Any:
    """What those stages make of it that are for pixels, or those that are for values."""
    steps = (step for step in how.steps if (step[0] in _ON_PIXELS) is on_pixels)
    return reduce(lambda pixels, step: _STAGES[step[0]](pixels, *step[1]), steps, image)


def shape_of(how: How) -> tuple[int, ...]:
    """Return the shape of what `prepare` gives."""
    return prepare(np.zeros((8, 8, 3), np.uint8), how).shape


def _fitted(image: Image, how: Preparation) -> Image:
    if how.fit == "white":
        side = max(image.shape[:2])
        if image.shape[1] < side or how.filter == "area":
            return resized(padded(image, (side, side), _WHITE), how.size, how.filter)
        narrow = resized(image, (image.shape[0], how.size[1]), how.filter)  # Pillow's first step, to white only white
        return resized(padded(narrow, (side, how.size[1]), _WHITE), how.size, how.filter)
    if how.fit == "squash":
        return resized(image, how.size, how.filter)
    scale = min(how.size[0] / image.shape[0], how.size[1] / image.shape[1])
    inside = max(1, int(image.shape[0] * scale)), max(1, int(image.shape[1] * scale))
    return image if image.shape[:2] == how.size else padded(resized(image, inside, how.filter), how.size, _BLACK)


def _scaled(pixels: Image, low: float, high: float) -> Array:
    """Values of `low` for black to `high` for white; as publishers do it, (x / 255 - mean) / deviation."""
    values = pixels.astype(np.float32)
    if (low, high) == (0.0, 255.0):
        return values
    span = high - low
    return (values / np.float32(255) - np.float32(-low / span)) / np.float32(1 / span)


# The stages: pixels (height, width, 3) uint8, or float32 (3, height, width) after to_tensor, and the values.


def _resize(pixels: Image, size: tuple[int, ...], how: str, most: int | None, antialias: bool) -> Image:
    height, width = pixels.shape[:2]
    if len(size) == 2:
        wanted = size
    else:
        side = size[0]  # the shorter one's
        wanted = (int(side * height / width), side) if width < height else (side, int(side * width / height))
        if most is not None and max(wanted) > most:
            tall, wide = wanted
            wanted = (most, int(most * wide / tall)) if tall > wide else (int(most * tall / wide), most)
    if wanted == (height, width):
        return pixels
    gap = None if antialias or how not in ("bilinear", "bicubic") else 1.0
    return np.asarray(Pillow.fromarray(pixels).resize(wanted[::-1], _FILTERS[how], reducing_gap=gap))


def _center_crop(pixels: Image, height: int, width: int) -> Image:
    missing = max(height, pixels.shape[0]), max(width, pixels.shape[1])
    pixels = padded(pixels, missing, _BLACK) if missing != pixels.shape[:2] else pixels
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


def _pad_to_size(pixels: Image, height: int, width: int, colour: tuple[int, ...], how: str) -> Image:
    scale = min(width / pixels.shape[1], height / pixels.shape[0])
    inside = max(1, round(pixels.shape[0] * scale)), max(1, round(pixels.shape[1] * scale))
    return padded(np.asarray(Pillow.fromarray(pixels).resize(inside[::-1], _FILTERS[how])), (height, width), colour)


def _to_tensor(pixels: Image) -> Array:
    return pixels.transpose(2, 0, 1).astype(np.float32) / np.float32(255)


def _normalize(values: Array, mean: tuple[float, ...], deviation: tuple[float, ...]) -> Array:
    return (values - np.array(mean, np.float32)[:, None, None]) / np.array(deviation, np.float32)[:, None, None]


_STAGES: dict[str, Any] = {
    "resize": _resize, "center_crop": _center_crop, "pad_to_size": _pad_to_size, "to_tensor": _to_tensor,
    "normalize": _normalize, "rescale": lambda values, factor: values * np.float32(factor),
}  # fmt: skip
_ON_PIXELS = ("resize", "center_crop", "pad_to_size")


def read_stages(path: Path) -> Stages:
    """Return the stages of a `preprocess.json`: its list `stages`, else `test`.

    Raises GengaError that names the file and the stage, if it is none that is known or says something else.
    """
    said = read_json(path)
    listed = next((said[key] for key in ("stages", "test") if key in said), None) if isinstance(said, dict) else None
    if not isinstance(listed, list) or not listed:
        raise GengaError(f"{path}: has no list `stages` or `test`; it is no preprocess.json: genga models pull")
    steps = [step for number, of in enumerate(listed) if (step := _step(path, number, of)) is not None]
    kinds = [name for name, _ in steps]
    before = kinds.index("to_tensor") if kinds.count("to_tensor") == 1 else -1
    if [kind in _ON_PIXELS for kind in kinds] != [place < before for place in range(len(kinds))] or before < 0:
        raise GengaError(f"{path}: its stages are {', '.join(kinds)}; those of pixels come before one to_tensor")
    return Stages(tuple(steps))


def _step(path: Path, number: int, of: Any) -> tuple[str, tuple[Any, ...]] | None:
    """A stage's name and values; None for one that images here have behind them."""
    try:
        values = dict(of)
        kind = values.pop("type")
        if kind == "convert_rgb":
            return None
        if kind in ("to_tensor", "maybe_to_tensor"):
            return "to_tensor", ()
        return kind, _VALUES[kind](values)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise GengaError(f"{path}: stage {number} is {of!r}, of which nothing is known here ({error!r})") from error


def _pair(size: Any) -> tuple[int, int]:
    """Height and width of a size: a number, or a list of one or two."""
    sides = [size] if isinstance(size, int) else list(size)
    height, width = (int(side) for side in (sides * 2)[:2] if side > 0)
    return height, width


def _colour(said: Any) -> tuple[int, ...]:
    colour = ImageColor.getrgb(said) if isinstance(said, str) else (said,) * 3 if isinstance(said, int) else said
    red, green, blue = (int(level) for level in tuple(colour)[:3])
    return red, green, blue


def _filter(said: Any) -> str:
    name = _NUMBERED[said] if isinstance(said, int) else str(said).lower()
    return _FILTERS[name].name.lower()


def _channels(said: Any) -> tuple[float, ...]:
    values = tuple(float(value) for value in (said if isinstance(said, Sequence) else [said]))
    if len(values) not in (1, 3):
        raise ValueError(f"{said!r} is not for three channels")
    return values


def _of_resize(said: Mapping[str, Any]) -> tuple[Any, ...]:
    sides = (int(said["size"]),) if isinstance(said["size"], int) else tuple(int(side) for side in said["size"])
    if len(sides) not in (1, 2) or min(sides) < 1:
        raise ValueError(f"size {said['size']!r}")
    most = said.get("max_size")
    return sides, _filter(said.get("interpolation", "bilinear")), most, bool(said.get("antialias", True))


_VALUES: dict[str, Any] = {
    "resize": _of_resize,
    "center_crop": lambda said: _pair(said["size"]),
    "pad_to_size": lambda said: (
        *_pair(said["size"])[::-1],  # there width comes first
        _colour(said.get("background_color", "white")),
        _filter(said.get("interpolation", "bilinear")),
    ),
    "normalize": lambda said: (_channels(said["mean"]), _channels(said["std"])),
    "rescale": lambda said: (float(said.get("rescale_factor", 1 / 255)),),
}
