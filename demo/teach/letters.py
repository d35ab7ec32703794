"""Lines of letters to lay over pictures: of made-up alphabets, and of the outlines that OpenCV knows.

A made-up letter is what letters are of in any script: some strokes of one width, straight or bent, on a coarse grid,
in a box of about one height. So what learns from them learns no font, nor any language.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Ink = npt.NDArray[np.float32]  # (height, width), 0..1
Glyph = npt.NDArray[np.float32]

_EM = 64  # px, height that letters are drawn at
_DROP = 24  # px below, for those that reach there, and above
_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX, cv2.FONT_HERSHEY_PLAIN,
)  # fmt: skip
_CHARACTERS = "eeeettaaooiinnsshhrrddlluucmfwypvbgkjqxzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?&-'"


@dataclass(frozen=True)
class Alphabet:
    """Letters of one look, each _EM + 2 _DROP px high."""

    glyphs: tuple[Ink, ...]
    gap: int  # px between letters
    space: int  # px between words; 0 where there are none

    def line(self, rng: np.random.Generator, count: int, upright: bool = False) -> Ink:
        """The ink of a line of about `count` letters, cut to what is inked; upright: below each other."""
        pieces: list[Ink] = []
        word = int(rng.integers(1, 9))
        for _ in range(count):
            glyph = self.glyphs[int(rng.integers(len(self.glyphs)))]
            gap = self.gap
            word -= 1
            if self.space and word <= 0:
                gap, word = self.space, int(rng.integers(1, 9))
            if upright:
                glyph = glyph[_DROP:-_DROP]
                pieces += [_wide(glyph), np.zeros((self.gap + 6, _EM + _DROP), np.float32)]
            else:
                pieces += [glyph, np.zeros((len(glyph), gap), np.float32)]
        return _cut(np.concatenate(pieces[:-1], axis=0 if upright else 1))


def _wide(glyph: Ink) -> Ink:
    """A letter in the middle of a column."""
    width = _EM + _DROP
    glyph = glyph[:, :width]
    left = (width - glyph.shape[1]) // 2
    return np.pad(glyph, ((0, 0), (left, width - glyph.shape[1] - left))).astype(np.float32)


def _cut(ink: Ink) -> Ink:
    """Ink without what is empty around it."""
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.3), np.flatnonzero(ink.max(axis=0) > 0.3)
    if not len(rows) or not len(columns):
        return ink
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def random_alphabet(rng: np.random.Generator) -> Alphabet:
    """An alphabet of a random kind and look."""
    kind = str(rng.choice(["outlines", "few", "many"], p=[0.5, 0.25, 0.25]))
    thick = int(np.exp(rng.uniform(np.log(2.5), np.log(15))))
    slant = float(rng.uniform(0.1, 0.35)) if rng.random() < 0.15 else 0.0
    gap = int(rng.integers(2, 14)) + thick // 2
    if kind == "outlines":
        font = int(rng.choice(_FONTS))
        upper = rng.random() < 0.35
        some = _CHARACTERS.upper() if upper else _CHARACTERS
        glyphs = [_outline(str(rng.choice(list(some))), font, max(2, thick // 2 + 1)) for _ in range(24)]
        gap, space = int(rng.integers(0, 10)) + thick // 2, int(rng.integers(20, 50))
    elif kind == "few":
        wide, bent = rng.uniform(0.35, 0.75), rng.uniform(0.2, 0.8)
        glyphs = [_few(rng, thick, wide, bent) for _ in range(24)]
        space = int(rng.integers(20, 50))
    else:
        dense = int(rng.integers(3, 10))
        glyphs = [_many(rng, max(2, min(thick, 40 // dense)), dense) for _ in range(24)]
        space = int(rng.integers(30, 70)) if rng.random() < 0.3 else 0
    if rng.random() < 0.1:
        gap += int(rng.integers(10, 40))
    width = float(rng.uniform(0.75, 1.3))
    shaped = [_shaped(glyph, slant, width) for glyph in glyphs if glyph.max() > 0]
    return Alphabet(tuple(shaped), gap, space)


def _outline(letter: str, font: int, thick: int) -> Ink:
    """A letter of a font that OpenCV draws."""
    (_, high), _ = cv2.getTextSize("H", font, 1.0, 1)
    scale = _EM / max(1, high)
    (wide, _), _ = cv2.getTextSize(letter, font, scale, thick)
    ink = np.zeros((_EM + 2 * _DROP, max(4, wide)), np.uint8)
    cv2.putText(ink, letter, (0, _EM + _DROP), font, scale, 255, thick, cv2.LINE_AA)
    return (ink / np.float32(255)).astype(np.float32)


def _few(rng: np.random.Generator, thick: int, wide: float, bent: float) -> Ink:
    """A letter of one to three strokes, straight or bent, as of Latin and kana."""
    width = int(_EM * wide * rng.choice([0.3, 0.8, 1.0, 1.0, 1.3]))
    top = _DROP + int(rng.choice([0, 0.3]) * _EM)
    foot = _DROP + _EM + int(rng.choice([0, 0, 0, 0.3]) * _EM)
    ink = np.zeros((_EM + 2 * _DROP, width + 2 * thick), np.uint8)
    xs, ys = (np.linspace(a, b, 3).astype(int).tolist() for a, b in ((thick, width + thick), (top, foot)))
    for _ in range(int(rng.integers(1, 4))):
        if rng.random() < bent:
            a, b = sorted(rng.choice(3, 2, replace=False).tolist())
            c, d = (0, 2) if rng.random() < 0.7 else (0, 1)
            axes = max(2, (xs[d] - xs[c]) // 2), max(2, (ys[b] - ys[a]) // 2)
            middle = (xs[c] + xs[d]) // 2, (ys[a] + ys[b]) // 2
            start = int(rng.choice([0, 90, 180, 270, 45, 135]))
            sweep = int(rng.choice([180, 270, 360, 220]))
            cv2.ellipse(ink, middle, axes, 0, start, start + sweep, 255, thick, cv2.LINE_AA)
        else:
            way = rng.choice(["stem", "bar", "slope"], p=[0.5, 0.25, 0.25])
            x0, x1 = (int(x) for x in rng.choice(xs, 2, replace=way == "stem"))
            y0, y1 = (int(y) for y in rng.choice(ys, 2, replace=False))
            one, other = ((x0, ys[0]), (x0, ys[2])) if way == "stem" else ((x0, y0), (x1, y0 if way == "bar" else y1))
            cv2.line(ink, one, other, 255, thick, cv2.LINE_AA)
    return (ink / np.float32(255)).astype(np.float32)


def _many(rng: np.random.Generator, thick: int, dense: int) -> Ink:
    """A letter of many strokes in a square, as of Chinese."""
    side = _EM + 8
    ink = np.zeros((_EM + 2 * _DROP, side + thick), np.uint8)
    places = np.linspace(thick // 2 + 1, _EM - thick // 2, 6).astype(int).tolist()
    for _ in range(dense):
        x0, x1 = sorted(int(x) for x in rng.choice(places, 2, replace=False))
        y0, y1 = (_DROP + int(y) for y in rng.choice(places, 2, replace=False))
        ends = {
            "level": ((x0, y0), (x1, y0)), "upright": ((x0, y0), (x0, y1)), "slope": ((x0, y0), (x1, y1)),
        }  # fmt: skip
        way = str(rng.choice(["level", "upright", "slope", "box", "arc"], p=[0.35, 0.3, 0.2, 0.08, 0.07]))
        if way == "box":
            cv2.rectangle(ink, (x0, min(y0, y1)), (x1, max(y0, y1)), 255, thick, cv2.LINE_AA)
        elif way == "arc":
            cv2.ellipse(ink, (x0, y0), (max(4, x1 - x0), max(4, abs(y1 - y0))), 0, 0, 110, 255, thick, cv2.LINE_AA)
        else:
            cv2.line(ink, *ends[way], 255, thick, cv2.LINE_AA)
    return (ink / np.float32(255)).astype(np.float32)


def _shaped(glyph: Ink, slant: float, width: float) -> Ink:
    """A letter made wider, and slanted."""
    high, wide = glyph.shape
    extra = int(slant * high)
    way = np.array([[width, -slant, extra], [0, 1, 0]], np.float32)
    shaped = cv2.warpAffine(glyph, way, (max(3, int(wide * width) + extra), high))
    if slant:
        columns = np.flatnonzero(shaped.max(axis=0) > 0.1)
        shaped = shaped[:, columns[0] : columns[-1] + 1] if len(columns) else shaped
    return shaped.astype(np.float32)
