"""What looks like letters and is none: rows of like things, strands, rays and grain, drawn over pictures.

Railings, bricks, windows, books on shelves, buttons, steps: a shape that comes again and again along straight rows.
Hair, folds, grass: bundles of curves. What tells letters from them is that no two neighbours are alike, but all of one
height and width of stroke.
"""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]  # (height, width)


def cluttered(rng: np.random.Generator, picture: Grey) -> Grey:
    """The picture with some of it drawn over."""
    ways: tuple[Callable[[np.random.Generator, Grey], Grey], ...] = rows, rows, strands, strands, rays, blots, leaves
    for way in rng.choice(len(ways), int(rng.integers(1, 4))):
        picture = ways[way](rng, picture)
    return picture


def _tone(rng: np.random.Generator) -> int:
    return int(rng.choice([rng.integers(0, 60), rng.integers(0, 256), rng.integers(200, 256)]))


def rows(rng: np.random.Generator, picture: Grey) -> Grey:
    """A shape again and again along straight rows, at any angle, mostly level."""
    height, width = picture.shape
    size = 2 * max(height, width)
    drawn, mask = np.full((size, size), _tone(rng), np.uint8), np.zeros((size, size), np.uint8)
    high = float(np.exp(rng.uniform(np.log(5), np.log(90))))
    wide = high * float(np.exp(rng.uniform(np.log(0.12), np.log(1.6))))
    step = wide * float(rng.uniform(1.15, 3.0)) + 1
    down = high * float(rng.uniform(1.05, 2.2)) + 1
    jitter, shape, tone = float(rng.choice([0, 0, 0.1, 0.3])), str(rng.choice(SHAPES)), _tone(rng)
    thick = -1 if rng.random() < 0.5 else int(rng.integers(1, 4))
    brick = float(rng.choice([0, 0.5])) * step
    many = int(rng.choice([1, 1, 2, 4, 40]))
    top = float(rng.uniform(0.3, 0.7)) * size if many < 40 else 0.0
    same_tone = rng.random() < 0.7
    for row in range(min(many, int(size / down) + 1)):
        y = top + row * down
        for x in np.arange(row % 2 * brick + size * 0.1, size * 0.9, step):
            dx, dw, dh = rng.normal(0, jitter, 3)
            box = (
                int(x + dx * step), int(y - dh * high), int(x + wide * max(0.2, 1 + dw)), int(y + high),
            )  # fmt: skip
            colour = tone if same_tone else _tone(rng)
            _draw(drawn, shape, box, colour, thick)
            _draw(mask, shape, box, 255, thick)
        if shape == "bar" and rng.random() < 0.7:
            for rail in (y, y + high):
                for canvas, colour in ((drawn, tone), (mask, 255)):
                    cv2.line(canvas, (0, int(rail)), (size, int(rail)), colour, max(1, int(wide / 2)), cv2.LINE_AA)
        if rng.random() < 0.1:
            y += high
    if rng.random() < 0.3:  # the ground, too
        end = int(min(size, top + many * down + 4))
        mask[max(0, int(top) - 4) : end, int(size * 0.1) : int(size * 0.9)] = 255
    angle = float(rng.choice([0, 0, 0, 90, rng.uniform(-25, 25), rng.uniform(-90, 90)]))
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), angle, float(rng.uniform(0.7, 1.2)))
    turn[0, 1] += rng.normal(0, 0.15) * (angle != 0)
    turn[:, 2] += (width - size) / 2 + rng.normal(0, width / 4), (height - size) / 2 + rng.normal(0, height / 4)
    drawn, mask = (cv2.warpAffine(one, turn, (width, height)).astype(np.uint8) for one in (drawn, mask))
    return _over(picture, drawn, mask, float(rng.uniform(0.5, 1)))


SHAPES = ("bar", "box", "round", "slope", "wedge", "cross", "arch")


def _draw(canvas: Grey, shape: str, box: tuple[int, int, int, int], tone: int, thick: int) -> None:
    x0, y0, x1, y1 = box
    middle, half = ((x0 + x1) // 2, (y0 + y1) // 2), (max(1, (x1 - x0) // 2), max(1, (y1 - y0) // 2))
    line = max(1, thick)
    if shape in ("bar", "box"):
        cv2.rectangle(canvas, (x0, y0), (x1, y1), tone, -1 if shape == "bar" else thick)
    elif shape == "round":
        cv2.ellipse(canvas, middle, half, 0, 0, 360, tone, thick, cv2.LINE_AA)
    elif shape == "slope":
        cv2.line(canvas, (x0, y1), (x1, y0), tone, line, cv2.LINE_AA)
    elif shape == "wedge":
        cv2.fillPoly(canvas, [np.array([(x0, y1), (middle[0], y0), (x1, y1)], np.int32)], tone, cv2.LINE_AA)
    elif shape == "cross":
        cv2.line(canvas, (x0, y1), (x1, y0), tone, line, cv2.LINE_AA)
        cv2.line(canvas, (x0, y0), (x1, y1), tone, line, cv2.LINE_AA)
    else:
        cv2.ellipse(canvas, (middle[0], y1), (half[0], max(1, y1 - y0)), 0, 180, 360, tone, line, cv2.LINE_AA)


def strands(rng: np.random.Generator, picture: Grey) -> Grey:
    """A bundle of curves that go about the same way."""
    height, width = picture.shape
    drawn = picture.copy()
    start, end = rng.uniform(-0.2, 1.2, (2, 2)) * (width, height)
    bend = (start + end) / 2 + rng.normal(0, height / 4, 2)
    spread = rng.uniform(5, 120)
    tone, other = _tone(rng), _tone(rng)
    thick = int(rng.integers(1, 4))
    t = np.linspace(0, 1, 14)[:, None]
    for _ in range(int(rng.integers(5, 60))):
        one, two, three = (point + rng.normal(0, spread * part, 2) for point, part in
                           ((start, 0.5), (bend, 0.7), (end, 1)))  # fmt: skip
        curve = (1 - t) ** 2 * one + 2 * t * (1 - t) * two + t**2 * three
        colour = tone if rng.random() < 0.8 else other
        cv2.polylines(drawn, [np.rint(curve).astype(np.int32)], False, colour, thick, cv2.LINE_AA)
    return drawn


def rays(rng: np.random.Generator, picture: Grey) -> Grey:
    """Lines from, or to, one point: speed, light."""
    height, width = picture.shape
    drawn = picture.copy()
    centre = rng.uniform(-0.5, 1.5, 2) * (width, height)
    tone = _tone(rng)
    for angle in rng.uniform(0, 2 * np.pi, int(rng.integers(20, 120))):
        way = np.array([np.cos(angle), np.sin(angle)])
        near, far = sorted(rng.uniform(0.1, 1.5, 2) * width)
        ends = [tuple(np.rint(centre + way * reach).astype(int).tolist()) for reach in (near, far)]
        cv2.line(drawn, ends[0], ends[1], tone, int(rng.integers(1, 4)), cv2.LINE_AA)
    return drawn


def blots(rng: np.random.Generator, picture: Grey) -> Grey:
    """Grain of some coarseness, cut to light and dark: foliage, clouds, rubble, wood."""
    height, width = picture.shape
    across, down = np.exp(rng.uniform(np.log(1.5), np.log(40), 2))
    small = rng.normal(0, 1, (max(2, int(height / down)), max(2, int(width / across)))).astype(np.float32)
    grain = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    sharp = rng.uniform(1, 30)
    mask = (np.clip((grain - rng.uniform(-0.5, 1.5)) * sharp, 0, 1) * 255).astype(np.uint8)
    drawn = np.full_like(picture, _tone(rng))
    if rng.random() < 0.6:  # in a part of the picture
        x, y = int(rng.integers(width)), int(rng.integers(height))
        only = np.zeros_like(mask)
        cv2.ellipse(only, (x, y), (int(rng.integers(30, width)), int(rng.integers(20, height))), 0, 0, 360, 255, -1)
        mask = np.minimum(mask, only)
    return _over(picture, drawn, mask, float(rng.uniform(0.3, 1)))


def leaves(rng: np.random.Generator, picture: Grey) -> Grey:
    """Things of one kind strewn about: leaves, petals, sparks, eyes, folds."""
    height, width = picture.shape
    drawn = picture.copy()
    side = np.exp(rng.uniform(np.log(3), np.log(50)))
    place, spread = rng.uniform(0, 1, 2) * (width, height), rng.uniform(0.05, 0.6, 2) * (width, height)
    tones, shape = (_tone(rng), _tone(rng)), str(rng.choice(SHAPES))
    thick = -1 if rng.random() < 0.6 else 1
    for _ in range(int(rng.integers(3, 80))):
        x, y = place + rng.normal(0, 1, 2) * spread
        wide, high = side * np.exp(rng.normal(0, 0.4, 2))
        if shape == "round":
            angle = float(rng.uniform(0, 180))
            half = max(1, int(wide / 2)), max(1, int(high / 2))
            cv2.ellipse(
                drawn, (int(x), int(y)), half, angle, 0, 360, tones[int(rng.random() < 0.2)], thick, cv2.LINE_AA
            )
        else:
            _draw(drawn, shape, (int(x), int(y), int(x + wide), int(y + high)), tones[int(rng.random() < 0.2)], thick)
    return drawn


def _over(picture: Grey, drawn: Grey, mask: Grey, part: float) -> Grey:
    """A picture with another over it where a mask says so, by `part`."""
    share = mask.astype(np.float32) * np.float32(part / 255)
    return np.rint(picture * (1 - share) + drawn * share).astype(np.uint8)
