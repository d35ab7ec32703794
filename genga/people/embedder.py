"""Who is who: CCIP (contrastive anime character image pre-training) in ONNX, and whatever keeps its contract.

A feature graph turns an image of one person into a vector; a metric graph turns N vectors into their N x N differences;
two images show the same character if their difference is at most the threshold published with the model.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from genga.errors import GengaError
from genga.images.image import Array, Image, by_level, pictures
from genga.models import onnx
from genga.models.registry import Registry
from genga.store.files import read_json

# Of CLIP's training images, RGB in 0..1.
MEAN = np.array([0.48145466, 0.4578275, 0.40821073])
STD = np.array([0.26862954, 0.26130258, 0.27577711])
_LEVELS = (((np.arange(256, dtype=np.float32) / np.float32(255))[:, None] - MEAN) / STD).astype(np.float32).T.copy()

DEFAULT_SIZE = (384, 384)  # height, width, for a graph that does not say
BLOCK = 2048  # vectors the metric graph sees at once: 16 MB of differences


@dataclass(frozen=True)
class Squash:
    """How images are prepared: (3, height, width), RGB by CLIP's mean and deviation, squashed by Pillow's bilinear."""

    size: tuple[int, int]  # height, width, px

    def __call__(self, image: Image) -> Array:
        if image.shape[:2] != self.size:
            image = np.asarray(Pillow.fromarray(image).resize(self.size[::-1], Pillow.Resampling.BILINEAR))
        return by_level(image, _LEVELS)


class Embedder:
    """Features and differences. `threshold`: same character at or below it."""

    def __init__(
        self,
        feature: str | Path,
        metric: str | Path,
        threshold: str | Path,
        device: str = "auto",
        threads: int = 2,
        name: str = "",
    ) -> None:
        """Open both graphs, and the JSON file that holds the threshold. Raises GengaError."""
        self.name = name or Path(feature).parent.name
        self.threshold = read_threshold(threshold)
        self._features = onnx.session(feature, device, threads)
        self._metric = onnx.session(metric, device, threads)
        shape = self._features.get_inputs()[0].shape
        known = len(shape) == 4 and isinstance(shape[2], int) and isinstance(shape[3], int)
        self.how = Squash((shape[2], shape[3]) if known else DEFAULT_SIZE)

    def features(self, images: Sequence[Image]) -> Array:
        """Return (N, d) float32 for N images of one person each."""
        if not images:
            width = self._features.get_outputs()[0].shape[-1]
            return np.zeros((0, width if isinstance(width, int) else 0), np.float32)
        return onnx.run(self._features, pictures(images).given(self.how))

    def differences(self, features: Array, block: int = BLOCK) -> Array:
        """Return the (N, N) float32 differences of features (N, d), in memory N * N * 4 bytes and a few blocks."""
        result = np.zeros((len(features), len(features)), np.float32)

        def fill(i: int, j: int) -> None:
            a, b = slice(i, i + block), slice(j, j + block)
            if i == j:
                result[a, a] = onnx.run_whole(self._metric, features[a])
            else:
                result[a, b] = part = self._between(features[a], features[b])
                result[b, a] = part.T

        starts = range(0, len(features), block)
        list(self._metric.map(lambda place: fill(*place), [(i, j) for i in starts for j in starts if i <= j]))
        return result

    def differences_between(self, first: Array, second: Array, block: int = BLOCK) -> Array:
        """Return the (N, M) float32 differences of features (N, d) from features (M, d)."""
        result = np.zeros((len(first), len(second)), np.float32)

        def fill(i: int, j: int) -> None:
            a, b = slice(i, i + block), slice(j, j + block)
            result[a, b] = self._between(first[a], second[b])

        starts = [(i, j) for i in range(0, len(first), block) for j in range(0, len(second), block)]
        list(self._metric.map(lambda place: fill(*place), starts))
        return result

    def _between(self, first: Array, second: Array) -> Array:
        """The graph knows one list only: ask for both lists together and take the corner where they meet."""
        together = onnx.run_whole(self._metric, np.concatenate([first, second]))
        return together[: len(first), len(first) :]


def open_embedder(registry: Registry, threads: int = 2) -> Embedder:
    """Return the registry's character embedder, its files verified."""
    feature, metric = registry.model("ccip-feature").verify(), registry.model("ccip-metric").verify()
    return Embedder(
        feature.part("model"),
        metric.part("model"),
        metric.part("threshold"),
        registry.section.device,
        threads,
        feature.name,
    )


def read_threshold(path: str | Path) -> float:
    """Return `threshold` of the model's metrics.json. Raises GengaError if it is not a number there."""
    values = read_json(path)
    threshold = values.get("threshold") if isinstance(values, dict) else None
    if not isinstance(threshold, int | float) or isinstance(threshold, bool) or not math.isfinite(threshold):
        raise GengaError(f"{path}: has no number `threshold`; fetch it: genga models pull")
    return float(threshold)
