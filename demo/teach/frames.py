"""Frames as a broadcast shows them, and what a crop of one shows: drawings for detectors, taggers and embedder.

A drawing is rendered at one of the sizes in use, grained, and compressed lossily, as the stills of a video are. Random
people only, never the sample series' own.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from demo.world.chance import random_scene
from demo.world.model import Scene
from demo.world.render import KINDS, Truth, render
from genga.people.detector import how as squash

Image = npt.NDArray[np.uint8]
Span = tuple[float, float, float, float]  # x0, y0, x1, y1 in px

HEIGHTS = (180, 240, 360)  # px, of rendered frames
QUALITY = (40, 96)  # of the lossy compression: JPEG's, with its halved chroma much like x264's
GRAIN = 5.0  # largest standard deviation of the grain, of 255
MOST_FIGURES = 3  # in a scene


@dataclass(frozen=True)
class Frame:
    """A drawing as it looks in a still."""

    scene: Scene
    image: Image  # (H, W, 3) RGB
    truth: tuple[Truth, ...]


def photograph(rng: np.random.Generator, scene: Scene, width: int, height: int) -> Frame:
    """A scene drawn at `width` x `height` px, with grain, compressed."""
    drawing = render(scene, width, height)
    return Frame(scene, compressed(rng, grained(rng, drawing.image)), drawing.truth)


def random_frame(rng: np.random.Generator, aspect: float = 16 / 9, heights: tuple[int, ...] = HEIGHTS) -> Frame:
    """A scene of the training distribution at one of `heights`."""
    height = int(rng.choice(heights))
    return photograph(rng, random_scene(rng, aspect=aspect), round(height * aspect / 2) * 2, height)


def grained(rng: np.random.Generator, image: Image) -> Image:
    """The image with luma noise: a normal deviate a pixel, of a random strength up to GRAIN."""
    noise = np.empty(image.shape[:2], np.int16)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(noise, np.zeros(1), np.array([rng.uniform(0, GRAIN)]))
    return np.clip(image + noise[:, :, None], 0, 255).astype(np.uint8)


def compressed(rng: np.random.Generator, image: Image) -> Image:
    """The image after lossy compression of a random quality."""
    quality = int(rng.integers(*QUALITY))
    _, data = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None  # it was encoded just now
    return np.ascontiguousarray(decoded[:, :, ::-1]).astype(np.uint8)


def seen_through(frame: Frame, span: Span) -> tuple[Scene, float]:
    """The scene whose camera shows just `span` of a frame, and the aspect of that view: the tags of a crop."""
    height, width = frame.image.shape[:2]
    camera = frame.scene.camera
    unit = camera.zoom * height  # px of the frame to a scene unit
    x0, y0, x1, y1 = span
    moved = replace(
        camera,
        x=camera.x + ((x0 + x1) / 2 - width / 2) / unit,
        y=camera.y + ((y0 + y1) / 2 - height / 2) / unit,
        zoom=unit / (y1 - y0),
    )
    return replace(frame.scene, camera=moved), (x1 - x0) / (y1 - y0)


@dataclass(frozen=True)
class Boxed:
    """Frames with the boxes in them."""

    images: Image  # (n, height, width, 3) RGB
    boxes: npt.NDArray[np.float32]  # (n, MOST_FIGURES, kinds, 4): x0 y0 x1 y1 in px of `images`, NaN where not seen


def draw_boxed(count: int, seed: int, size: tuple[int, int]) -> Boxed:
    """Draw frames squashed to `size` (height, width), as the detector sees them. The same seed draws the same ones."""
    rng = np.random.default_rng(seed)
    images = np.empty((count, *size, 3), np.uint8)
    boxes = np.full((count, MOST_FIGURES, len(KINDS), 4), np.nan, np.float32)
    for i in range(count):
        frame = random_frame(rng, aspect=float(rng.choice((16 / 9, 16 / 9, 16 / 9, 4 / 3, 1.0))))
        images[i] = np.rint(squash(size)(frame.image) * 255).astype(np.uint8).transpose(1, 2, 0)
        height, width = frame.image.shape[:2]
        scale = np.array([size[1] / width, size[0] / height] * 2)
        for row, truth in zip(boxes[i], frame.truth, strict=False):
            for kind, box in truth.boxes.items():
                row[KINDS.index(kind)] = np.array(box) * scale
    return Boxed(images, boxes)
