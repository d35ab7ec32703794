"""Pictures between two drawings by a model in ONNX, by its contract in models.yaml.

Without a word about it a model is as RIFE 4 is published for ComfyUI-Rife-Tensorrt: `img0` and `img1` (1, 3, height,
width) float32, RGB, 0..1, sides multiples of 32 px; `timestep` (1), how far on the way from one to the other; the first
output (1, 3, height, width). FILM as ONNX has `layout: NHWC` and its own names.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from genga.errors import GengaError
from genga.images.image import Image
from genga.models import onnx
from genga.models.registry import MODELS_FILE, Registry
from genga.params.models import InterpolatorContract

ROLE = "interpolate"


class Interpolator:
    """A model that draws what lies between two pictures, ready to run."""

    def __init__(self, model: Path, contract: InterpolatorContract, device: str = "auto", threads: int = 1) -> None:
        """Open the graph. Raises GengaError if it is not what the contract says."""
        self._contract = contract
        self._session = onnx.session(model, device, threads)
        inputs = {entry.name: list(entry.shape) for entry in self._session.get_inputs()}
        named = [contract.first, contract.second, contract.time]
        if sorted(inputs) != sorted(named):
            raise GengaError(
                f"{model}: inputs are {', '.join(inputs)}, expected {', '.join(named)} (role {ROLE}); it is another"
                f" model, or put contract.first, second and time right in {MODELS_FILE}"
            )
        self._time = [side if isinstance(side, int) else 1 for side in inputs[contract.time]]
        self._model, self._output = model, self._session.get_outputs()[0].name

    def __call__(self, one: Image, other: Image, way: Sequence[Fraction]) -> list[Image]:
        """Return the pictures so far on the way from one drawing to another, 0..1."""
        height, width = one.shape[:2]
        seen = {self._contract.first: self._given(one), self._contract.second: self._given(other)}
        return [
            self._shown(onnx.run_named(self._session, {**seen, self._contract.time: time}, self._output), height, width)
            for time in (np.full(self._time, float(place), np.float32) for place in way)
        ]

    def _given(self, image: Image) -> onnx.Array:
        """A picture as the model takes it, its edges drawn out to whole steps."""
        of, (height, width) = self._contract, image.shape[:2]
        down, right = -height % of.multiple, -width % of.multiple
        pixels = cv2.copyMakeBorder(image, 0, down, 0, right, cv2.BORDER_REPLICATE)
        pixels = pixels[:, :, ::-1] if of.order == "BGR" else pixels
        low, high = of.range
        values = (pixels.astype(np.float32) / 255 * (high - low) + low)[None]
        return np.ascontiguousarray(values if of.layout == "NHWC" else values.transpose(0, 3, 1, 2))

    def _shown(self, answer: onnx.Array, height: int, width: int) -> Image:
        of = self._contract
        values = answer[0] if of.layout == "NHWC" else answer[0].transpose(1, 2, 0)
        if values.ndim != 3 or values.shape[0] < height or values.shape[1] < width or values.shape[2] != 3:
            raise GengaError(
                f"{self._model}: gave {list(answer.shape)} for pictures of {width}x{height} px (role {ROLE})"
            )
        low, high = of.range
        levels = np.rint((values[:height, :width] - low) / (high - low) * 255).clip(0, 255).astype(np.uint8)
        return np.ascontiguousarray(levels[:, :, ::-1] if of.order == "BGR" else levels)


def open_interpolator(registry: Registry, key: str = "clips.interpolate") -> Interpolator:
    """Return the model in the role `interpolate`. key: of params.yaml, that asks for one.

    Raises GengaError that says what to do if there is none.
    """
    if ROLE not in registry.models:
        raise GengaError(
            f"{MODELS_FILE}:{registry.section.set}.{ROLE} is missing, and params.yaml:{key} asks for a model: name one"
            " (docs/models.md), or take by: minterpolate"
        )
    model = registry.model(ROLE).verify()
    contract = model.entry.contract
    assert isinstance(contract, InterpolatorContract)
    return Interpolator(model.part("model"), contract, registry.section.device)
