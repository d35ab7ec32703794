"""Weather in front of the drawn films of bench/_worlds.py: rain, snow and sparks, drawn anew for every frame or held.

None of it changes what is drawn behind it. Sizes are shares of the picture's height, so that it looks alike at any.
"""

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]  # (height, width, 3) RGB


def _laid(image: Image, over: npt.NDArray[np.uint8], colour: tuple[int, int, int], share: float) -> Image:
    """The picture with a colour laid over it, `share` of it where `over` (height, width) is 255."""
    amount = over[..., None].astype(np.float32) * (share / 255)
    return (image * (1 - amount) + np.array(colour, np.float32) * amount).round().astype(np.uint8)


def raining(image: Image, frame: int, drops: int, share: float = 0.45, held: float = 1) -> Image:
    """Slanting streaks, elsewhere in every frame, or in every `held` (2.5: two and three). drops: in a picture."""
    height, width = image.shape[:2]
    rng = np.random.default_rng([11, int(frame / held)])
    over = np.zeros((height, width), np.uint8)
    for x, y, long in zip(rng.uniform(-0.1, 1.1, drops) * width, rng.uniform(-0.2, 1, drops) * height,
                          rng.uniform(0.06, 0.16, drops) * height, strict=True):  # fmt: skip
        end = round(x - 0.18 * long), round(y + long)
        cv2.line(over, (round(x), round(y)), end, 255, max(1, round(height / 300)), cv2.LINE_AA)
    return _laid(image, over, (225, 232, 240), share)


def snowing(image: Image, frame: int, flakes: int, held: int = 1) -> Image:
    """Flakes that come down slowly, each at a speed of its own, swaying; drawn anew for every `held` frames."""
    height, width = image.shape[:2]
    frame -= frame % held
    rng = np.random.default_rng(12)
    over = np.zeros((height, width), np.uint8)
    for x, y, speed, size, turn in rng.uniform(0, 1, (flakes, 5)):
        down = (y + frame * (0.008 + 0.016 * speed)) % 1.1 - 0.05
        side = x * width + 0.02 * height * np.sin(frame / 9 + 6.3 * turn)
        cv2.circle(over, (round(side), round(down * height)), max(1, round(height * (0.002 + 0.005 * size))), 255, -1,
                   cv2.LINE_AA)  # fmt: skip
    return _laid(image, over, (250, 250, 255), 0.9)


def sparking(image: Image, frame: int, sparks: int) -> Image:
    """Small lights that rise and flicker."""
    height, width = image.shape[:2]
    rng = np.random.default_rng(13)
    over = np.zeros((height, width), np.uint8)
    lit = np.random.default_rng([14, frame]).random(sparks)
    for (x, y, speed, size), bright in zip(rng.uniform(0, 1, (sparks, 4)), lit, strict=True):
        up = (y - frame * (0.01 + 0.03 * speed)) % 1
        if bright > 0.4:
            cv2.circle(over, (round(x * width), round(up * height)), max(1, round(height * (0.002 + 0.004 * size))),
                       255, -1, cv2.LINE_AA)  # fmt: skip
    return _laid(image, over, (255, 190, 90), 0.95)
