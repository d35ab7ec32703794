"""Light, and what acts beside the figures, in the drawn films of bench/_worlds.py: dusk, sprites, things in corners.

A style draws them over a picture, as those of bench/_styles.py do. Sprites and things are part of the drawing: what
says `..._shown` numbers what is shown of them at a frame.
"""

import cv2
import numpy as np

from bench._styles import Image, with_logo

_RUN = 20, 220  # frames between which sprites run
_SPRITE, _FAST = 0.016, 0.05  # their size, and how far they go in a frame at most, shares of the height
_COMES, _ACTS = 20, 44  # frames of a shot after which a thing comes, and something acts beside it,
_BLINKS = 3  # drawn anew after so many


def evening(image: Image, frame: int, start: int, end: int) -> Image:
    """The light of a sunset, which goes from frame `start` on and is that of night from `end` on."""
    gone = float(np.clip((frame - start) / (end - start), 0, 1))
    sun, night = np.array([1.0, 0.82, 0.62], np.float32), np.array([0.26, 0.3, 0.42], np.float32)
    return (image * (sun * (1 - gone) + night * gone)).round().astype(np.uint8)


def soft(image: Image, frame: int, by: float) -> Image:
    """A picture without sharp outlines. by: deviation of what it is blurred with, share of the height."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), by * image.shape[0]), np.uint8)


def sprites_shown(frame: int) -> int:
    """What is shown of the sprites: 0 none, else another drawing in each frame."""
    return frame if _RUN[0] <= frame < _RUN[1] else 0


def swarming(image: Image, frame: int, sprites: int) -> Image:
    """Small dark sprites that run over the picture, each its own way, drawn anew for every frame."""
    if not sprites_shown(frame):
        return image
    height, width = image.shape[:2]
    out, gone = image.copy(), frame - _RUN[0]
    for x, y, right, down in np.random.default_rng(15).uniform((0, 0, -1, -1), 1, (sprites, 4)):
        at = (x * width + _FAST * right * height * gone) % width, (y + _FAST * down * gone) % 1 * height
        size = round(_SPRITE * height * (1 + 0.3 * np.sin(1.7 * frame + 6 * x)))
        cv2.circle(out, (round(at[0]), round(at[1])), size, (22, 18, 20), -1, cv2.LINE_AA)
    return out


def things_shown(frame: int, each: int) -> int:
    """What is shown of the things in a corner of shots of `each` frames: 0 none, else a number."""
    shot, at = divmod(frame, each)
    if at < _COMES:
        return 0
    return 1 + 3 * shot + (0 if at < _ACTS else 1 + (at - _ACTS) // _BLINKS % 2)


def with_things(image: Image, frame: int, each: int) -> Image:
    """A moon, a lamp or a window that comes in one corner of each shot, and something small that acts beside it.

    And a station's mark over all shots, in another corner.
    """
    number, out = things_shown(frame, each), image.copy()
    height = image.shape[0]
    shot, acts = divmod(number - 1, 3)
    x, y, size = round(0.16 * height), round(0.13 * height), round((0.045 + 0.006 * shot) * height)
    if number:
        thing = shot % 3
        if thing == 0:
            cv2.circle(out, (x, y), size, (250, 240, 200), -1, cv2.LINE_AA)
        elif thing == 1:
            cv2.line(out, (x, 0), (x, y), (30, 26, 30), max(2, size // 8), cv2.LINE_AA)
            shade = np.array([[x - size, y + size // 2], [x + size, y + size // 2], [x, y - size // 2]])
            cv2.fillPoly(out, [shade], (240, 150, 60), cv2.LINE_AA)
        else:
            cv2.rectangle(out, (x - size, y - size), (x + size, y + size), (70, 50, 40), -1)
            for left, top in ((x - size, y - size), (x, y - size), (x - size, y), (x, y)):
                cv2.rectangle(out, (left + 3, top + 3), (left + size - 3, top + size - 3), (200, 225, 245), -1)
        if acts:
            colour = ((20, 20, 60), (200, 60, 50))[acts - 1]
            cv2.circle(out, (x + size // 2, y + size // 3), round(0.014 * height), colour, -1)
    return with_logo(out, frame)
