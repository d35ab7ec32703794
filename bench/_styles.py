"""Styles laid over the drawn films of bench/_worlds.py: night, boiling lines, logos, clocks, text, shaken rain, sway.

A style takes a picture and the number of its frame, and gives the picture as it is shown.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from bench._weather import raining
from demo.world.chance import LINES

Image = np.ndarray  # (height, width, 3) uint8 RGB
Colour = tuple[int, int, int]  # RGB

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


def subtitled(image: Image, frame: int, fade: int, soft: bool, lines: Sequence[str] = LINES) -> Image:
    """Lines in the lowest part that stand for two seconds; outlined, or on a soft shadow."""
    height, width = image.shape[:2]
    share = shown(frame, 48, 14, fade)
    text = lines[frame // 62 % len(lines)]
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


def outlined(image: Image, text: str, at: tuple[int, int], font: int, scale: float, thick: int, edge: int,
             colours: tuple[Colour, Colour]) -> Image:  # fmt: skip
    """Letters drawn into the image. thick, edge: of their lines, and more than that of what is behind them, px.

    colours: behind, in front.
    """
    for colour, size in zip(colours, (thick + edge, thick), strict=True):
        cv2.putText(image, text, at, font, scale, colour, size, cv2.LINE_AA)
    return image


def credited(image: Image, frame: int, x: float, y: float) -> Image:
    """Credits of three lines, the first of them a word, that stand for two seconds and fade over six frames."""
    height, width = image.shape[:2]
    share, over = shown(frame, 48, 14, 6), image.copy()
    font, scale, thick = cv2.FONT_HERSHEY_DUPLEX, height / 480, max(1, round(height / 320))
    for k, text in enumerate((("Music", "Sound", "Story")[frame // 62 % 3], "Ann Lindqvist", "Haru Tanimoto")):
        at = round(x * width), round((y + 0.075 * k) * height)
        outlined(over, text, at, font, scale, thick, round(height / 120), ((25, 25, 30), (250, 250, 250)))
    return cv2.addWeighted(over, share, image, 1 - share, 0)


NAMES = ("Key animation", "Ann Lindqvist", "Music", "Peter Osei Mensah", "Backgrounds", "Haru Tanimoto", "Sound")


def lettered(image: Image, words: Sequence[tuple[str, int, int]], scale: float, tone: int = 245) -> Image:
    """The picture with words in front of it, each from a px on, outlined. scale: 1 for the size of subtitles."""
    height = image.shape[0]
    letters = np.zeros(image.shape[:2], np.uint8)
    for word, x, y in words:
        cv2.putText(
            letters, word, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale * height / 430, 255, height // 200, cv2.LINE_AA
        )
    edge = cv2.dilate(letters, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(height / 240) + 1,) * 2))
    out = image.astype(np.float32)
    for mask, colour in ((edge, 20), (letters, tone)):
        share = mask[..., None].astype(np.float32) / 255
        out += (np.float32(colour) - out) * share
    return np.asarray(out.round(), np.uint8)


def rolling(image: Image, frame: int, x: float, speed: float = 0.007) -> Image:
    """Credits that go up over the picture from its lower edge, and do not end. x: where they begin, share of the width.

    speed: shares of the height in a frame.
    """
    height, width = image.shape[:2]
    pitch, gone = round(0.12 * height), round(frame * speed * height)
    seen = range(max(0, (gone - height) // pitch), gone // pitch + 1)
    names = [(NAMES[k % len(NAMES)], round(x * width), height + (k + 1) * pitch - gone) for k in seen]
    return lettered(image, names, 1.0)


def upright(
    image: Image, frame: int, x: float, words: Sequence[str] = ("BEYONDSEA", "HARBOURS", "MIXEDTREES")
) -> Image:
    """A word whose letters stand below each other for two seconds, outlined. x: where, share of the width."""
    height, width = image.shape[:2]
    word = words[frame // 62 % len(words)] if shown(frame, 48, 14, 0) else ""
    rows = [(letter, round(x * width), round((0.14 + 0.062 * k) * height)) for k, letter in enumerate(word)]
    return lettered(image, rows, 1.0)


def signed(image: Image, frame: int, x: float, y: float) -> Image:
    """A sign in the scene that stands for two seconds. x, y: where its letters begin, shares of width and height."""
    height, width = image.shape[:2]
    word = ("Mirai High School", "Closed on Mondays")[frame // 62 % 2] if shown(frame, 48, 14, 0) else ""
    return lettered(image, [(word, round(x * width), round(y * height))], 0.9, tone=240)


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
    colours = (35, 30, 40), (238, 236, 230)
    return outlined(image.copy(), text, at, font, scale, thick, round(height / 90), colours)


def swaying(image: Image, frame: int, reach: float, period: int, closer: float = 0.0) -> Image:
    """A camera that sways by up to `reach` thousandths of the height, and `closer` by a part, in `period` frames."""
    height, width = image.shape[:2]
    at = 2 * np.pi * frame / period
    moved = cv2.getRotationMatrix2D((width / 2, height / 2), 0, 1.04 + closer * np.sin(at))
    moved[:, 2] += reach * height / 1000 * np.array([np.sin(at), 0.6 * np.sin(1.37 * at + 1)])
    return cv2.warpAffine(image, moved, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def creeping(image: Image, frame: int, grows: float, layers: float) -> Image:
    """A program's slow zoom, by `grows` a frame; the middle goes down by `layers` thousandths of the height a frame."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    across, down, by = x - width / 2, y - height / 2, (1 + grows) ** frame
    ahead = layers * height / 1000 * frame * np.exp(-((3 * across / width) ** 2) - (2 * down / height) ** 2)
    there = (across / by + width / 2).astype(np.float32), (down / by + height / 2 - ahead).astype(np.float32)
    return cv2.remap(image, *there, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def hand_held(image: Image, frame: int, reach: float) -> Image:
    """A camera that somebody holds: it goes to and fro by up to twice `reach` thousandths of the height, and turns."""
    height, width = image.shape[:2]
    at, (fast, slow) = frame / 24, ((5.1, 11.3, 23.0), (4.3, 9.7, 19.0))
    away = [sum(np.sin(rate * at + rate) / (1 + k) for k, rate in enumerate(each)) for each in (fast, slow)]
    moved = cv2.getRotationMatrix2D((width / 2, height / 2), 0.1 * np.sin(3 * at), 1.05)
    moved[:, 2] += reach * height / 1000 * np.array(away)
    return cv2.warpAffine(image, moved, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def under_water(image: Image, frame: int, amount: float, period: int) -> Image:
    """Light that goes over the picture in waves, up to `amount` brighter and darker, one in `period` frames."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32) / height
    at = 2 * np.pi * frame / period
    waves = np.sin(9 * x + 3 * y + at) + np.sin(7 * y - 4 * x - 1.3 * at) + np.sin(5 * x + 8 * y + 0.7 * at)
    return (image * (1 + amount / 3 * waves[..., None])).clip(0, 255).astype(np.uint8)


def by_a_fire(image: Image, frame: int, amount: float) -> Image:
    """Night, and light from below that is another every two frames."""
    dark = dimmed(image, frame, 0.55, 10)
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32) / height
    near = np.exp(-((x - 0.4) ** 2 + (y - 1) ** 2) / 0.6)
    flicker = np.random.default_rng([79, frame // 2]).uniform(-amount, amount)
    return (dark * (0.85 + (0.15 + flicker) * near[..., None])).clip(0, 255).astype(np.uint8)


def night_rain(image: Image, frame: int, contrast: float, share: float) -> Image:
    """Rain at night."""
    return raining(dimmed(image, frame, contrast, 8), frame, 200, share)


def shaken_rain(image: Image, frame: int, reach: float, contrast: float, share: float) -> Image:
    """Rain at night, the whole picture elsewhere in every frame by up to `reach` thousandths of its height."""
    return unsteady(night_rain(image, frame, contrast, share), frame, reach)


def unsteady(image: Image, frame: int, reach: float) -> Image:
    """Film that lies up to `reach` thousandths of its height beside its place in the gate, elsewhere in every frame."""
    x, y = np.random.default_rng([9, frame]).uniform(-reach, reach, 2) * image.shape[0] / 1000
    moved = np.array([[1, 0, x], [0, 1, y]], np.float32)
    return np.asarray(cv2.warpAffine(image, moved, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE), np.uint8)


def with_clock(image: Image, frame: int, bars: str = "above", colour: Colour = (0, 0, 0)) -> Image:
    """Narrow bars above and below, or at the sides, and a clock in a corner that tells every second."""
    height = image.shape[0]
    size, out = round(height / 60), image.copy()
    for side in (out[:size], out[-size:]) if bars == "above" else (out[:, :size], out[:, -size:]):
        side[:] = colour
    text, at, font, scale = f"12:{frame // 24:02d}", (5 * size // 2, round(0.09 * height)), 4, height / 420
    thick = round(height / 240)
    colours = (20, 20, 20), (250, 250, 250)
    return outlined(out, text, at, font, scale, thick, round(height / 96) - thick, colours)


def in_frame(image: Image, frame: int) -> Image:
    """A frame of a window all round, with studs."""
    height, width = image.shape[:2]
    out, size = image.copy(), round(0.09 * height)
    for side in (out[:size], out[-size:], out[:, :size], out[:, -size:]):
        side[:] = (90, 60, 40)
    for x in range(0, width, size):
        for y in (size // 2, height - size // 2):
            cv2.circle(out, (x, y), size // 4, (200, 180, 90), -1)
    return out
