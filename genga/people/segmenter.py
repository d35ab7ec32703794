"""Which px are a person's: by a segmenter in ONNX, by its contract in models.yaml.

Without a word about it a segmenter is as SkyTNT's anime-seg (isnetis.onnx): NCHW float32, RGB, 0..1, the image in the
middle of a black square of 1024 px; output (N, 1, height, width), how likely each px is somebody's. What is said of
everybody is everyone's in whose box it lies. `kind: instances` are YOLO's models of segmentation: `output0` rows of
centre, size, classes and coefficients, `output1` (N, coefficients, height, width) what masks are made of; class 0 is
the person, and a box is the found person's that it shares most with.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from genga.errors import GengaError
from genga.images.boxes import Box, iou
from genga.images.codec import encode_mask
from genga.images.image import Image, pictures
from genga.models import onnx
from genga.models.preparation import of_contract, shape_of
from genga.models.registry import Registry
from genga.params.models import SegmenterContract
from genga.people.detector import suppress

ROLE = "segment"

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]  # (height, width)
Region = tuple[float, float, float, float]  # left, top, width, height of an image in what a model is given, px of it

_SIZES = {"mask": 1024, "instances": 640}  # px, where neither contract nor graph say one
_SAME = 0.5  # IoU from which an instance is a person


class Segmenter:
    """A segmenter ready to run."""

    def __init__(self, model: Path, contract: SegmenterContract, device: str = "auto", threads: int = 2) -> None:
        """Open the graph. Raises GengaError if it is not what the contract says."""
        self._model, self._contract = model, contract
        self._session = onnx.session(model, device, threads)
        shape = self._session.get_inputs()[0].shape
        sides = shape[1:3] if contract.layout == "NHWC" else shape[2:4]
        size = contract.size or next((side for side in sides if isinstance(side, int)), _SIZES[contract.kind])
        self.how = of_contract(contract, (size, size))
        wanted = shape_of(self.how)
        if len(shape) != 4 or any(isinstance(a, int) and a != b for a, b in zip(shape[1:], wanted, strict=True)):
            raise GengaError(
                f"{model}: input is {shape}, expected a segmenter's [N, {', '.join(map(str, wanted))}] (role {ROLE}); "
                "it is another model, or its contract is another's"
            )
        names = [output.name for output in self._session.get_outputs()]
        first = names[0] if contract.output is None else contract.output
        if first not in names or contract.kind == "instances" and len(names) < 2:
            raise GengaError(
                f"{model}: answers {', '.join(names)}, and {first} is asked for{_AND[contract.kind]} (role {ROLE}); "
                "put contract.output and contract.kind right in models.yaml"
            )
        self._outputs = [first] if contract.kind == "mask" else [first, next(name for name in names if name != first)]

    def masks(self, images: Sequence[Image], persons: Sequence[Sequence[Box]]) -> list[list[bytes | None]]:
        """Return for each image the masks of its persons (genga.images.codec), in their order; None: it tells none.

        persons: boxes, px of each image. An image of nobody is not looked at.
        """
        seen = [place for place, boxes in enumerate(persons) if boxes]
        shown = iter(pictures(images).given(self.how))
        given = [one for one, boxes in zip(shown, persons, strict=True) if boxes]
        answers = iter(
            list(self._session.map(lambda one: onnx.run_together(self._session, one[None], self._outputs), given))
        )
        of: list[list[bytes | None]] = [[] for _ in images]
        for place in seen:
            of[place] = self._of_image(images[place], persons[place], next(answers))
        return of

    def _of_image(self, image: Image, boxes: Sequence[Box], answer: Sequence[Array]) -> list[bytes | None]:
        if self._contract.kind == "mask":
            everybody = self._everybody(image, answer[0])
            return [encode_mask(_part(everybody, box)) for box in boxes]
        found = self._instances(image, *answer)
        pairs = sorted(((-iou(box, own), i, j) for i, box in enumerate(boxes) for j, (own, _) in enumerate(found)))
        of: dict[int, int] = {}
        for share, i, j in pairs:
            if -share >= _SAME and i not in of and j not in of.values():
                of[i] = j
        return [encode_mask(_part(found[of[i]][1], box)) if i in of else None for i, box in enumerate(boxes)]

    def _everybody(self, image: Image, answer: Array) -> Mask:
        """Which px of an image are somebody's."""
        if answer.shape[:-2] not in ((1, 1), (1,)):
            raise GengaError(
                f"{self._model}: answers {list(answer.shape)}, expected [N, 1, height, width] (role {ROLE}); "
                "it is another model, or contract.kind: instances"
            )
        likely = answer.reshape(answer.shape[-2:])
        if self._contract.activation == "logits":
            return self._whole(image, likely, math.log(self._contract.threshold / (1 - self._contract.threshold)))
        if likely.min() < -0.01 or likely.max() > 1.01:
            raise GengaError(
                f"{self._model}: answers {likely.min():.3g} to {likely.max():.3g}, which is not how likely a px is "
                f"somebody's (role {ROLE}); write contract: {{activation: logits}} in models.yaml"
            )
        return self._whole(image, likely, self._contract.threshold)

    def _whole(self, image: Image, of: Array, limit: float) -> Mask:
        """Where what is said of the model's input is above a limit, px of the image."""
        height, width = image.shape[:2]
        left, top, wide, high = region((height, width), self.how.size, self._contract.fit)
        down, across = (a / b for a, b in zip(of.shape, self.how.size, strict=True))
        x0, y0 = round(left * across), round(top * down)
        x1, y1 = max(x0 + 1, round((left + wide) * across)), max(y0 + 1, round((top + high) * down))
        return np.asarray(cv2.resize(of[y0:y1, x0:x1], (width, height), interpolation=cv2.INTER_LINEAR) > limit)

    def _instances(self, image: Image, rows: Array, made_of: Array) -> list[tuple[Box, Mask]]:
        """Boxes and masks of the persons in an image, px, the best first."""
        if rows.ndim != 3 or made_of.ndim != 4 or rows.shape[1] < 5 + made_of.shape[1]:
            raise GengaError(
                f"{self._model}: answers {list(rows.shape)} and {list(made_of.shape)}, expected YOLO's rows and what "
                f"masks are made of (role {ROLE}); it is another model"
            )
        anchors = rows[0][:, rows[0, 4] > self._contract.confidence]
        centre, half, several = anchors[:2], anchors[2:4] / 2, made_of.shape[1]
        corners = np.concatenate([centre - half, centre + half]).T
        limit = math.log(self._contract.threshold / (1 - self._contract.threshold))
        found = []
        for keep in suppress(corners, anchors[4], self._contract.overlap):
            weights = anchors[-several:, keep]
            summed = np.zeros(made_of.shape[2:], np.float32)
            for weight, plane in zip(weights, made_of[0], strict=True):  # one after another: a sum in a fixed order
                summed += weight * plane
            box = self._in_image(corners[keep], image.shape[:2])
            inside = self._whole(image, summed, limit)
            own = np.zeros_like(inside)
            own[box[1] : box[3], box[0] : box[2]] = inside[box[1] : box[3], box[0] : box[2]]
            found.append((box, own))
        return found

    def _in_image(self, corners: Array, shape: tuple[int, ...]) -> Box:
        """Corners in px of the model's input as a box in px of the image."""
        left, top, wide, high = region((shape[0], shape[1]), self.how.size, self._contract.fit)
        xs = [(float(x) - left) / wide * shape[1] for x in corners[0::2]]
        ys = [(float(y) - top) / high * shape[0] for y in corners[1::2]]
        x0, x1 = (min(max(round(x), 0), shape[1]) for x in xs)
        y0, y1 = (min(max(round(y), 0), shape[0]) for y in ys)
        return x0, y0, x1, y1


_AND: dict[str, str] = {"mask": "", "instances": ", with another beside it"}


def region(shape: tuple[int, int], size: tuple[int, int], fit: str) -> Region:
    """Return where an image (height, width) lies in what it was fitted to, of `size`: see genga.models.preparation."""
    (height, width), (rows, columns) = shape, size
    if fit == "squash":
        return 0.0, 0.0, float(columns), float(rows)
    if fit == "black":
        scale = min(rows / height, columns / width)
        high, wide = max(1, int(height * scale)), max(1, int(width * scale))
        return (columns - wide) // 2, (rows - high) // 2, wide, high
    side = max(height, width)
    left, top = (side - width) // 2, (side - height) // 2
    return left * columns / side, top * rows / side, width * columns / side, height * rows / side


def _part(mask: Mask, box: Box) -> Mask:
    x0, y0, x1, y1 = box
    return mask[y0:y1, x0:x1]


def open_segmenter(registry: Registry, threads: int = 2) -> Segmenter | None:
    """Return the registry's segmenter, its files verified; None if no model plays that role."""
    if ROLE not in registry.models:
        return None
    model = registry.model(ROLE).verify()
    contract = model.entry.contract
    assert isinstance(contract, SegmenterContract)  # of that role: genga.params.models
    return Segmenter(model.part("model"), contract, registry.section.device, threads)
