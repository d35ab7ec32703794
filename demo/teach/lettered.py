"""Pictures with and without lines of text, and where those are: what the finder of burnt-in text learns from.

Drawings of random scenes, as luma; clutter in some; lines in the manners of subtitles, credits, titles and captions;
lossily compressed at the size at which the front looks for text.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from demo.teach.clutter import cluttered
from demo.teach.letters import Ink, random_alphabet
from demo.world.chance import random_scene
from demo.world.render import render

Grey = npt.NDArray[np.uint8]  # (height, width)
Float = npt.NDArray[np.float32]
Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in px

CELL = 4  # px of a cell of the answer
SIZE = 192, 320  # px, height and width of a picture that is learned from: a part of one of 480 lines
_DRAWN = 480, 856  # px, of a drawing
_FAINT = 16.0  # luma levels that letters stand out by at least on the mean, to be asked for
_LIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green, blue, in luma


@dataclass(frozen=True)
class Lettered:
    """Pictures, and what of them is text."""

    images: Grey  # (n, height, width)
    line: Grey  # (n, cells down, cells across), 1 in the box of a line
    core: Grey  # the same, 1 along its middle, by which lines are told apart
    asked: Grey  # the same, 0 where letters are too faint to be asked for


def drawings(rng: np.random.Generator, count: int) -> Grey:
    """Luma of random drawings, (count, 480, 856), without text; of odd mixtures of red, green and blue."""
    found = np.empty((count, *_DRAWN), np.uint8)
    for one in found:
        scene = random_scene(rng)
        image = render(scene, _DRAWN[1], _DRAWN[0]).image
        lights = _LIGHTS + rng.normal(0, 0.15, 3).astype(np.float32)
        one[:] = np.clip(image @ (lights / max(0.3, float(lights.sum()))), 0, 255)
    return found


def draw_lettered(rng: np.random.Generator, count: int, backs: Grey) -> Lettered:
    """Draw pictures of SIZE with lines, over pieces of `backs`."""
    cells = count, SIZE[0] // CELL, SIZE[1] // CELL
    made = Lettered(
        np.empty((count, *SIZE), np.uint8),
        np.zeros(cells, np.uint8),
        np.zeros(cells, np.uint8),
        np.ones(cells, np.uint8),
    )
    for k in range(count):
        picture = ground(rng, backs)
        lines = layout(rng, picture) if rng.random() < 0.7 else []
        picture, shown = laid(rng, picture, lines)
        made.images[k] = worn(rng, picture)
        for box, seen in shown:
            mark(made.line[k], box, 0.0)
            mark(made.core[k], box, 0.25)
            if not seen:
                mark(made.asked[k], box, -0.3, 0)
    return made


def ground(rng: np.random.Generator, backs: Grey) -> Grey:
    """A piece of a drawing, larger or smaller, mirrored, brighter or darker; or an even ground; clutter in most."""
    if rng.random() < 0.1:
        ends = rng.uniform(0, 255, 2)
        ramp = np.linspace(ends[0], ends[1] if rng.random() < 0.5 else ends[0], SIZE[0])
        picture = np.repeat(ramp[:, None], SIZE[1], axis=1).astype(np.uint8)
    else:
        back = backs[int(rng.integers(len(backs)))]
        high = int(SIZE[0] * rng.uniform(0.5, 1.6))
        wide = int(high * SIZE[1] / SIZE[0])
        y, x = int(rng.integers(max(1, len(back) - high))), int(rng.integers(max(1, back.shape[1] - wide)))
        picture = cv2.resize(back[y : y + high, x : x + wide], SIZE[::-1], interpolation=cv2.INTER_LINEAR)
        picture = picture[:, ::-1] if rng.random() < 0.5 else picture
        picture = 255 - picture if rng.random() < 0.1 else picture
        low, high_ = sorted(rng.uniform(0, 255, 2)) if rng.random() < 0.3 else (0, 255)
        picture = np.clip(low + picture * ((high_ - low) / 255), 0, 255).astype(np.uint8)
    return cluttered(rng, np.ascontiguousarray(picture)) if rng.random() < 0.6 else np.ascontiguousarray(picture)


@dataclass(frozen=True)
class Style:
    """How letters are laid over a picture: lengths in parts of their height, tones 0..255."""

    fill: float
    edge: float
    outline: float  # width around the letters; 0 for none
    hollow: bool  # only the outline
    glow: float  # width of a blur around them; 0 for none
    bright: bool  # what glows is added to the picture
    shadow: float  # how far it falls
    boxed: float  # how dense the box behind is, 0..1
    dense: float  # of all of it, 0..1: less while it fades
    ramp: float  # how much darker the foot is


def random_style(rng: np.random.Generator) -> Style:
    """A style as subtitles, titles or signs have."""

    def some(share: float, low: float, high: float) -> float:
        return float(rng.uniform(low, high)) if rng.random() < share else 0.0

    fill = float(rng.choice([rng.uniform(215, 255), rng.uniform(0, 40), rng.uniform(0, 255)], p=[0.5, 0.15, 0.35]))
    edge = (
        float(rng.uniform(0, 60) if fill > 128 else rng.uniform(180, 255))
        if rng.random() < 0.8
        else rng.uniform(0, 255)
    )
    return Style(
        fill, float(edge), some(0.45, 0.04, 0.16), bool(rng.random() < 0.06), some(0.25, 0.08, 0.5),
        bool(rng.random() < 0.6), some(0.2, 0.05, 0.15), some(0.07, 0.3, 1.0), 1 - some(0.3, 0.0, 0.6),
        some(0.12, 30, 120),
    )  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A line of text: its ink at its size, where its box begins, and how it is laid over."""

    ink: Ink
    x: int
    y: int
    size: int  # px, height of a letter
    style: Style


def sized(ink: Ink, size: int, upright: bool = False) -> Ink:
    """Ink of a line, for letters `size` px high."""
    scale = size / 64
    wide, high = max(2, round(ink.shape[1] * scale)), max(2, round(ink.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(ink, (wide, high), interpolation=way).astype(np.float32)


def layout(rng: np.random.Generator, picture: Grey) -> list[Line]:
    """Lines in one of the manners in which they are laid over pictures."""
    height, width = picture.shape
    letters, style = random_alphabet(rng), random_style(rng)
    way = str(rng.choice(["subtitle", "credits", "title", "upright", "words"], p=[0.25, 0.27, 0.18, 0.12, 0.18]))
    lines: list[Line] = []
    if way == "subtitle":
        size = int(rng.uniform(11, 30))
        y, step = int(rng.uniform(0.0, 0.9) * height), size * rng.uniform(1.25, 1.8)
        for k in range(int(rng.integers(1, 4))):
            ink = sized(letters.line(rng, int(rng.integers(4, 34))), size)
            lines.append(
                Line(ink, int((width - ink.shape[1]) / 2 + rng.integers(-60, 60)), int(y + k * step), size, style)
            )
    elif way == "credits":
        size = int(np.exp(rng.uniform(np.log(5.5), np.log(16))))
        step, left, top = (
            size * rng.uniform(1.4, 3.0),
            int(rng.integers(0, width // 2)),
            int(rng.integers(-20, height // 2)),
        )
        second = int(rng.uniform(0.2, 0.6) * width) if rng.random() < 0.5 else 0
        align = float(rng.choice([0, 0.5, 1]))
        for k in range(int(rng.integers(1, 12))):
            for x in (left, left + second)[: 1 + (second > 0)]:
                if rng.random() < 0.9:
                    ink = sized(letters.line(rng, int(rng.integers(3, 22))), size)
                    lines.append(
                        Line(ink, int(x - align * ink.shape[1] + align * 80), int(top + k * step), size, style)
                    )
    elif way == "title":
        size = int(np.exp(rng.uniform(np.log(30), np.log(120))))
        y = int(rng.uniform(-0.1, 0.8) * height)
        for k in range(int(rng.integers(1, 3))):
            ink = sized(letters.line(rng, int(rng.integers(2, 11))), size)
            x = int(rng.uniform(-0.1, 0.6) * width) if rng.random() < 0.5 else (width - ink.shape[1]) // 2
            lines.append(Line(ink, x, y + int(k * 1.4 * size), size, style))
    elif way == "upright":
        size = int(np.exp(rng.uniform(np.log(8), np.log(50))))
        x, y = int(rng.integers(0, width)), int(rng.integers(-20, height // 2))
        for _ in range(int(rng.integers(1, 4))):
            ink = sized(letters.line(rng, int(rng.integers(3, 16)), upright=True), size)
            lines.append(Line(ink, x, y, size, style))
            x -= int(size * rng.uniform(1.8, 2.6))
    else:
        for _ in range(int(rng.integers(1, 5))):
            size = int(np.exp(rng.uniform(np.log(7), np.log(44))))
            ink = sized(letters.line(rng, int(rng.integers(2, 9))), size)
            x, y = int(rng.integers(-10, width)), int(rng.integers(-5, height))
            lines.append(Line(ink, x, y, size, style if rng.random() < 0.5 else random_style(rng)))
    return apart(lines)


def apart(lines: list[Line]) -> list[Line]:
    """Lines of which none lies over another."""
    kept: list[Line] = []
    for line in lines:
        room = line.size // 4 + 2
        a = line.x - room, line.y - room // 2, line.x + line.ink.shape[1] + room, line.y + line.ink.shape[0] + room // 2
        boxes = [(one.x, one.y, one.x + one.ink.shape[1], one.y + one.ink.shape[0]) for one in kept]
        if not any(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for b in boxes):
            kept.append(line)
    return kept


def laid(rng: np.random.Generator, picture: Grey, lines: list[Line]) -> tuple[Grey, list[tuple[Box, bool]]]:
    """A picture with lines laid over, and the boxes of those in it, with whether they can be seen."""
    out, shown = picture.astype(np.float32), list[tuple[Box, bool]]()
    height, width = picture.shape
    for line in lines:
        x0, y0, x1, y1 = line.x, line.y, line.x + line.ink.shape[1], line.y + line.ink.shape[0]
        box = max(0, x0), max(0, y0), min(width, x1), min(height, y1)
        if min(box[2] - box[0], box[3] - box[1]) < 0.6 * min(x1 - x0, y1 - y0):
            continue
        room = line.size
        place = np.s_[max(0, y0 - room) : min(height, y1 + room), max(0, x0 - room) : min(width, x1 + room)]
        ink = np.pad(line.ink, room)[
            place[0].start - y0 + room : place[0].stop - y0 + room,
            place[1].start - x0 + room : place[1].stop - x0 + room,
        ]
        before = out[place].copy()
        out[place] = inked(before, ink, line.style, line.size)
        seen = ink > 0.5
        around = (cv2.dilate(ink, np.ones((3, 3), np.uint8), iterations=max(1, line.size // 8)) > 0.3) & ~(ink > 0.2)
        after = out[place]
        stands = abs(float(after[seen].mean() - after[around].mean())) if seen.any() and around.any() else 0.0
        change = float(np.abs(after - before)[seen].mean()) if seen.any() else 0.0
        rough = float(before[around].std()) if around.any() else 0.0
        shown.append(
            (box, stands >= _FAINT + 0.25 * rough and change >= _FAINT or line.style.hollow and change > _FAINT)
        )
    return np.clip(out, 0, 255).astype(np.uint8), shown


def inked(before: Float, ink: Ink, style: Style, size: int) -> Float:
    """A piece of a picture with ink on it."""
    out = before
    if style.boxed:
        rows, columns = np.flatnonzero(ink.max(axis=1) > 0), np.flatnonzero(ink.max(axis=0) > 0)
        by = max(1, size // 5)
        place = np.s_[max(0, rows[0] - by) : rows[-1] + by, max(0, columns[0] - by) : columns[-1] + by]
        out = out.copy()
        out[place] += (style.edge - out[place]) * style.boxed
    if style.glow:
        wide = max(0.8, style.glow * size)
        glow = np.clip(1.8 * cv2.GaussianBlur(cv2.dilate(ink, np.ones((3, 3), np.uint8)), (0, 0), wide / 2), 0, 1)
        out = out + glow * style.fill * 0.7 if style.bright else out + (style.edge - out) * glow
        out = np.minimum(out, 255)
    if style.shadow:
        by = max(1, round(style.shadow * size))
        out = out + (style.edge - out) * 0.8 * cv2.warpAffine(
            ink, np.array([[1, 0, by], [0, 1, by]], np.float32), ink.shape[::-1]
        )
    if style.outline or style.hollow:
        reach = max(1, round(style.outline * size))
        round_ = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        edge = cv2.dilate(ink, round_)
        if style.hollow:
            edge = edge - ink
        out = out + ((style.fill if style.hollow else style.edge) - out) * edge
    if not style.hollow:
        fill = style.fill - style.ramp * np.linspace(0, 1, len(ink), dtype=np.float32)[:, None]
        out = out + (np.maximum(fill, 0) - out) * ink
    return (before + (out - before) * style.dense).astype(np.float32)


def worn(rng: np.random.Generator, picture: Grey) -> Grey:
    """A picture as it comes out of a video: blurred or sharpened, grained, compressed."""
    height, width = picture.shape
    if rng.random() < 0.4:
        part = float(rng.uniform(0.45, 0.95))
        small = cv2.resize(picture, (int(width * part), int(height * part)), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    if rng.random() < 0.2:
        blur = cv2.GaussianBlur(picture, (0, 0), 1.0).astype(np.int16)
        picture = np.clip(picture + (picture - blur) * float(rng.uniform(0.3, 1.2)), 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        grain = rng.normal(0, rng.uniform(1, 10), picture.shape)
        picture = np.clip(picture + grain, 0, 255).astype(np.uint8)
    if rng.random() < 0.8:
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 96))])
        decoded = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
        assert decoded is not None  # it was encoded just now
        picture = decoded.astype(np.uint8)
    return picture


def mark(cells: Grey, box: Box, shrunk: float, value: int = 1) -> None:
    """Set the cells of a box made smaller on each side by a part of its shorter side; those of its middle at least."""
    x0, y0, x1, y1 = box
    by = shrunk * min(x1 - x0, y1 - y0)

    def span(low: float, high: float) -> slice:
        first, last = (low + by) / CELL, (high - by) / CELL
        start, end = int(np.floor(first + 0.5)), int(np.floor(last + 0.5))
        if end <= start:
            start = int((low + high) / 2 / CELL)
            end = start + 1
        return slice(max(0, start), end)

    cells[span(y0, y1), span(x0, x1)] = value
