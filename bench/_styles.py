"""Styles laid over the drawn films of bench/_worlds.py: night, boiling lines, logos, subtitles, rain at night.

A style takes a picture and the number of its frame, and gives the picture as it is shown.
"""

import cv2
import numpy as np

from bench._weather import raining
from demo.world.chance import LINES

Image = np.ndarray  # (height, width, 3) uint8 RGB

BOIL, REDRAWN = 3, 3  # versions of boiling lines, and frames each is shown


def plain(image: Image, frame: int) -> Image:
    """As it was drawn."""
    return image


def dimmed(image: Image, frame: int, contrast: float, low: float) -> Image:
    """Night: less contrast, little light."""
    return cv2.convertScaleAbs(image, alpha=contrast, beta=low)


def boiling(image: Image, frame: int, reach: float) -> Image:
    """Lines redrawn again and again, `reach` thousandths of the height beside where they were."""
    height, width = image.shape[:2]
    rng = np.random.default_rng([5, frame // REDRAWN % BOIL])
    coarse = rng.normal(0, reach * height / 1000, (2, height // 24, width // 24)).astype(np.float32)
    dx, dy = (cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC) for field in coarse)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return cv2.remap(image, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def shown(frame: int, on: int, off: int, fade: int) -> float:
    """How opaque something is that stands for `on` frames of on + off, and comes and goes over `fade` frames."""
    at = frame % (on + off)
    return float(np.clip(min(at + 1, on - at) / (fade + 1), 0, 1))


def with_logo(image: Image, frame: int) -> Image:
    """A station's mark in a corner, there for two seconds of four."""
    height, width = image.shape[:2]
    mark = image.copy()
    middle, size = (round(width - 0.09 * height), round(0.1 * height)), round(0.05 * height)
    cv2.circle(mark, middle, size, (235, 235, 235), -1, cv2.LINE_AA)
    cv2.circle(mark, middle, size // 2, (30, 60, 160), -1, cv2.LINE_AA)
    share = 0.8 * shown(frame, 48, 48, 5)
    return cv2.addWeighted(mark, share, image, 1 - share, 0)


def subtitled(image: Image, frame: int, fade: int, soft: bool) -> Image:
    """Lines in the lowest part that stand for two seconds; outlined, or on a soft shadow."""
    height, width = image.shape[:2]
    share = shown(frame, 48, 14, fade)
    text = LINES[frame // 62 % len(LINES)]
    scale, font = height / 430, cv2.FONT_HERSHEY_DUPLEX
    thick = max(1, round(scale * 1.6))
    (long, _), _ = cv2.getTextSize(text, font, scale, thick)
    at = (width - long) // 2, round(0.92 * height)
    letters = cv2.putText(np.zeros(image.shape[:2], np.uint8), text, at, font, scale, 255, thick, cv2.LINE_AA)
    edge = max(1, round(height / 240))
    dark = cv2.dilate(letters, np.ones((2 * edge + 1, 2 * edge + 1), np.uint8))
    if soft:
        dark = cv2.GaussianBlur(cv2.dilate(dark, np.ones((3, 3), np.uint8)), (0, 0), height / 200)
    over = image * (1 - 0.93 * dark[..., None].astype(np.float32) / 255)
    over = np.maximum(over, letters[..., None] * np.float32(250 / 255)).astype(np.uint8)
    return cv2.addWeighted(over, share, image, 1 - share, 0)


def titled(image: Image, frame: int, low: float, text: str = "PAPER COMETS") -> Image:
    """A title in letters a sixth of the picture high, that comes after half a second. low: of its line, shares."""
    if frame < 12:
        return image
    height, width = image.shape[:2]
    scale, font = height / 132, cv2.FONT_HERSHEY_DUPLEX
    thick = round(height / 34)
    (long, _), _ = cv2.getTextSize(text, font, scale, thick)
    scale *= min(1.0, 0.84 * width / long)
    at = round(0.08 * width), round(low * height)
    edge = cv2.putText(image.copy(), text, at, font, scale, (35, 30, 40), thick + round(height / 90), cv2.LINE_AA)
    return cv2.putText(edge, text, at, font, scale, (238, 236, 230), thick, cv2.LINE_AA)


def night_rain(image: Image, frame: int, contrast: float, share: float) -> Image:
    """Rain at night."""
    return raining(dimmed(image, frame, contrast, 8), frame, 200, share)
