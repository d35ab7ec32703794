"""Measure how good a still is as a picture: sharpness, exposure, compression blocks, burned-in text; and grade it.

Every measure but colour is taken on the luma (BT.601 weights), and none knows what is drawn:

- sharpness: variance of the Laplacian (Pech-Pacheco et al. 2000), with the shorter side at 480 px so that 1080p and
  480p stills compare, in the sharpest tenth of the picture's tiles. A drawing is mostly flat colour and its background
  is often soft on purpose, so the variance over the whole picture would say how much is drawn, not how sharply.
- exposure, clipped_dark, clipped_bright: mean luma; the shares of pixels at black and at white.
- blockiness: mean step across the borders of 8 px blocks over the mean step elsewhere (after Wang, Bovik, Evans 2000).
  Steps count up to 16 levels: borders of blocks are low, and drawn lines must not drown them. Where the blocks begin
  is searched, since a picture may have been cropped.
- text_cover: genga.drawings._text.in_still.
- combing: share of the pixels where three lines in a row differ from the lines around them, to and fro, while lines two
  apart are alike: what two fields of different moments leave, woven into one frame.
- colour: how far colours are from what their luma alone would tell, Cb and Cr, code values, the 95th percentile, with
  the picture at 256 x 128 px. A grey picture has 0, and one tint all over makes little of it.

How far motion smears a still is told when all of the clip are measured (genga.drawings.smear). Where models play the
roles, stand beside: `aesthetic`'s score (genga.drawings.aesthetic), what `ocr` reads (genga.drawings.ocr). None changes
a tier.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import polars as pl

from genga.drawings._text.in_still import OF_SHOTS as OF_SHOTS
from genga.drawings._text.in_still import OF_STILLS as PLACED
from genga.drawings._text.in_still import Shares, burnt_in, cover
from genga.drawings._text.in_still import located as places_of
from genga.drawings.ocr import Line
from genga.drawings.outlines import outline
from genga.drawings.smear import along, smears
from genga.images.boxes import Box
from genga.images.image import Image
from genga.params.quality import Params, Ratio, Share
from genga.tables.quality import QUALITY, TIERS
from genga.tables.schema import only
from genga.tables.stills import FILES, STILLS

OF_STILLS = {**PLACED, **only(STILLS, "shot"), **FILES}  # what is read of the table stills; of shots: OF_SHOTS
MEASURES = (
    "sharpness", "exposure", "clipped_dark", "clipped_bright", "blockiness", "text_cover", "combing", "colour",
)  # fmt: skip

Grey = npt.NDArray[np.uint8]  # (height, width)

_SIDE = 480  # px, shorter side of the picture that sharpness and text are measured on
_TILE = 32  # px, side of the tiles that sharpness is measured in
_BLOCK = 8  # px, side of a compression block
_STEP = 16  # luma levels that a step counts at most
_TOOTH = 10  # luma levels that a line stands out by at least where it is combed, and lines two apart differ by at most
_ASIDE = 4  # combing is counted in each fourth column
_SMALL, _TONE = (256, 128), 4  # px that colours are told at; luma levels within which they are held to each other
_DARK, _BRIGHT = 8, 247  # luma at or beyond which a pixel is black or white; leaves room for grain and rounding


def quality(
    stills: Iterable[Sequence[tuple[str, Image]]],
    params: Params,
    located: Mapping[str, Sequence[Shares]] | None = None,
    apply: Callable[..., Iterable[Any]] = map,
    judge: Callable[[Sequence[Image]], Sequence[float]] | None = None,
    reader: Callable[[Sequence[Image]], Sequence[Sequence[Line]]] | None = None,
) -> pl.DataFrame:
    """Return measures and tier of all stills (QUALITY), in their order.

    stills: batches of (still, image). located: where burnt-in text may be in each (genga.drawings._text.in_still); in
    others, and without it, any text counts. apply: map, or the map of a pool that works on a batch in parallel.
    judge: tells how good each of a batch of images looks (genga.drawings.aesthetic); None: nobody does. reader:
    likewise reads the lines of text in each (genga.drawings.ocr); what they are says genga.drawings.inscriptions.
    """
    places = located or {}
    rows: list[dict[str, Any]] = []
    for batch in stills:
        images, nobody = [image for _, image in batch], [None] * len(batch)
        measured = apply(lambda still: still_row(still[0], still[1], params, places.get(still[0])), batch)
        scores = judge(images) if judge is not None else nobody
        texts = [[line._asdict() for line in of] for of in reader(images)] if reader is not None else nobody
        told = zip(measured, scores, texts, strict=True)
        rows += [{**row, "aesthetic": score, "read": lines} for row, score, lines in told]
    usual = smears([row.pop("along") for row in rows])
    return pl.DataFrame([{**row, "smear": one} for row, one in zip(rows, usual, strict=True)], schema=QUALITY)


def still_row(still: str, image: Image, params: Params, places: Sequence[Shares] | None = None) -> dict[str, Any]:
    """Return the row of QUALITY for one still, all but `aesthetic`, `read` and `smear`; `along`, of which that is made.

    places: where burnt-in text may be; None: anywhere.
    """
    text = burnt_in(grey(image), places)
    measures = measure(image, text)
    grade, reason = tier(measures, params)
    lines = [dict(zip(("x0", "y0", "x1", "y1"), box, strict=True)) for box in text]
    told = {"tier": grade, "reason": reason, "text": lines, "outline": outline(image)}
    return {"still": still, **measures, **told, "along": along(at_side(grey(image), _SIDE))}


def measure(image: Image, text: Sequence[Box] | None = None) -> dict[str, float]:
    """Return the MEASURES of one image of any size, rounded to four decimals.

    text: its lines of burnt-in text, px; None to have any text counted.
    """
    luma = grey(image)
    scaled = at_side(luma, _SIDE)
    values = {
        "sharpness": sharpness(scaled),
        "exposure": float(luma.mean()),
        "clipped_dark": float((luma <= _DARK).mean()),
        "clipped_bright": float((luma >= _BRIGHT).mean()),
        "blockiness": blockiness(luma),
        "text_cover": cover(burnt_in(luma, None) if text is None else text, luma.shape[1], luma.shape[0]),
        "combing": combing(luma),
        "colour": colour(image),
    }
    return {name: round(values[name], 4) for name in MEASURES}


def grey(image: Image) -> Grey:
    """Return an image's luma (BT.601 weights)."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def at_side(luma: Grey, side: int) -> Grey:
    """Return `luma` with its shorter side at `side` px, keeping its shape; only ever made smaller, by area."""
    rows, columns = luma.shape
    scale = side / min(rows, columns)
    if scale >= 1:
        return luma
    size = round(columns * scale), round(rows * scale)
    return cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def sharpness(luma: Grey) -> float:
    """Return the variance of the Laplacian in the sharpest tenth of the tiles (the 90th percentile)."""
    response = cv2.Laplacian(luma, cv2.CV_32F)
    variances = [
        float(response[y : y + _TILE, x : x + _TILE].var())
        for y in range(0, max(luma.shape[0] - _TILE // 2, 1), _TILE)
        for x in range(0, max(luma.shape[1] - _TILE // 2, 1), _TILE)
    ]
    return float(np.percentile(variances, 90))


def blockiness(luma: Grey) -> float:
    """Return the ratio of steps at block borders to steps elsewhere, the smaller of across and down.

    Blocks show in both directions; a few upright lines of the drawing at one rhythm show in one.
    """
    return min(_border_ratio(luma), _border_ratio(luma.T))


def _border_ratio(luma: Grey) -> float:
    if luma.shape[1] < 3 * _BLOCK:
        return 1.0  # too few borders to tell
    # A step of one level is a smooth gradient in eight bits, and its bands have a rhythm of their own.
    steps = np.clip(cv2.absdiff(luma[:, 1:], luma[:, :-1]).astype(np.int16) - 1, 0, _STEP).mean(axis=0)  # (width - 1,)
    phases = np.array([steps[phase::_BLOCK].mean() for phase in range(_BLOCK)])
    # A floor of a quarter level: in a flat picture the ratio of two tiny steps says nothing.
    return float((phases.max() + 0.25) / (np.median(phases) + 0.25))


def combing(luma: Grey) -> float:
    """Return the share of pixels in the middle of three lines that two woven fields have left; 0 if too few lines."""
    if luma.shape[0] < 5:
        return 0.0
    steps = np.diff(luma[:, ::_ASIDE].astype(np.int16), axis=0)  # (height - 1, a quarter of the width)
    out = np.minimum(np.abs(steps[:-1]), np.abs(steps[1:])) > _TOOTH
    tooth = out & ((steps[:-1] > 0) != (steps[1:] > 0)) & (np.abs(steps[:-1] + steps[1:]) < _TOOTH)
    return float((tooth[:-2] & tooth[1:-1] & tooth[2:]).mean())


def colour(image: Image) -> float:
    """Return how far colours are from the mean of those that are as light, code values, the 95th percentile."""
    small = cv2.resize(image, _SMALL, interpolation=cv2.INTER_AREA)
    light, *chroma = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb).reshape(-1, 3).T.astype(np.int64)
    tone = light // _TONE
    counts = np.maximum(np.bincount(tone), 1)
    apart = [(one - (np.bincount(tone, one) / counts)[tone]) ** 2 for one in chroma]
    return float(np.percentile(np.sqrt(apart[0] + apart[1]), 95))


def tier(measures: dict[str, float], params: Params) -> tuple[str, str]:
    """Return the tier of a still and why it is no better: the worst that any of its measures gives."""
    clipped = measures["clipped_dark"] + measures["clipped_bright"]
    dark = measures["clipped_dark"] >= measures["clipped_bright"]
    sharp = params.sharpness
    graded = {
        "blurred": _grade(-measures["sharpness"], -sharp.best, -sharp.good, -sharp.poor),
        "blocky": _grade(measures["blockiness"], *_limits(params.blockiness)),
        "black" if dark else "white": _grade(clipped, *_limits(params.clipped)),
        "text": _grade(measures["text_cover"], *_limits(params.text_cover)),
        "combed": _grade(measures["combing"], *_limits(params.combing)),
    }
    worst = max(graded.values())
    return TIERS[worst], ", ".join(why for why, grade in graded.items() if grade == worst and worst > 0)


def _limits(limits: Share | Ratio) -> tuple[float, float, float]:
    return limits.best, limits.good, limits.poor


def _grade(value: float, *limits: float) -> int:
    """How many of the limits the value is beyond: 0 for best, 3 for reject."""
    return sum(value > limit for limit in limits)


def where_text_is(stills: pl.DataFrame, shots: pl.DataFrame, params: Params) -> dict[str, list[Shares]] | None:
    """Return for each still the places of burnt-in text, by stage shots; None if all text counts, wherever it is.

    stills: columns OF_STILLS. shots: columns OF_SHOTS.
    """
    return places_of(stills, shots) if params.text == "located" else None


def in_words(table: pl.DataFrame) -> str:
    """Return how many stills are of each tier, and what most often kept them from a better one."""
    counts = dict(table["tier"].value_counts().iter_rows())
    why = table.filter(pl.col("reason") != "")["reason"].value_counts(sort=True).head(3).iter_rows()
    worst = ", ".join(f"{reason} {number}" for reason, number in sorted(why, key=lambda pair: (-pair[1], pair[0])))
    tiers = ", ".join(f"{counts.get(tier, 0)} {tier}" for tier in TIERS)
    return f"{len(table)} stills: {tiers}{f' (most often: {worst})' if worst else ''}"
