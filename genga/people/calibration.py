"""Scores of taggers as people found them: how likely a tag is right at a score, by tagger and tag.

A curve is some lines of a table in vocabulary/, `tagger,tag,score,probability`, straight between them and level
beyond; `genga calibrate` makes it of corrections (genga.people.calibrating). On the scale that taggers share a tag that
is right as often as not is where the WD family would begin to take it, so `tag.threshold` goes on meaning the same.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import polars as pl

from genga.errors import GengaError
from genga.images.image import Image, Prepare
from genga.models.registry import Registry
from genga.params.tag import VOCABULARY, Params
from genga.people.ensemble import Ensemble, Floats, TagScorer, on_one_scale
from genga.people.tagger import open_ensemble

COLUMNS = ("tagger", "tag", "score", "probability")
AS_NOT = 0.5  # a tag is as often right as not


class Curve(NamedTuple):
    """Probabilities, 0..1, never falling, at rising scores, 0..1."""

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    def at(self, scores: Floats) -> Floats:
        """Return the probability at each score."""
        return np.interp(scores, self.scores, self.probabilities).astype(np.float32)


Curves = Mapping[str, Mapping[str, Curve]]  # by tagger, then tag


class Named(TagScorer, Protocol):
    """A tagger that has a name."""

    name: str


class Calibrated:
    """A tagger whose scores of some tags go by curves; of others they are its own."""

    def __init__(self, tagger: TagScorer, curves: Mapping[str, Curve]) -> None:
        self._tagger = tagger
        self._curves = [(i, curves[name]) for i, (name, category) in enumerate(tagger.tags)
                        if category == "general" and name in curves]  # fmt: skip

    @property
    def tags(self) -> Sequence[tuple[str, str]]:
        return self._tagger.tags

    @property
    def how(self) -> Prepare:
        return self._tagger.how

    def scores(self, images: Sequence[Image]) -> Floats:
        """Return (images, tags), 0..1, on the scale of `on_one_scale`."""
        found = self._tagger.scores(images).copy()
        for column, curve in self._curves:
            found[:, column] = on_one_scale(curve.at(found[:, column]), np.full(1, AS_NOT, np.float32))
        return found


def open_calibrated(registry: Registry, threads: int, params: Params) -> Ensemble:
    """Return the registry's taggers as one, each as section `tag` has it asked."""
    return open_ensemble(registry, threads, params.threshold, calibrated(params))


def calibrated(params: Params) -> Callable[[Sequence[Named]], list[TagScorer]]:
    """Return what gives taggers the curves of the table that the section names; as they are where it names none.

    Says on stderr of which taggers nothing is known. Raises GengaError naming file and line.
    """
    if params.calibration is None:
        return list
    path = Path(VOCABULARY, params.calibration)
    curves = read_curves(path)

    def of(taggers: Sequence[Named]) -> list[TagScorer]:
        if without := [tagger.name for tagger in taggers if tagger.name not in curves]:
            print(f"note: {path} has no line about {', '.join(without)}: scores as they are", file=sys.stderr)
        return [Calibrated(tagger, curves.get(tagger.name, {})) for tagger in taggers]

    return of


def read_curves(path: Path) -> dict[str, dict[str, Curve]]:
    """Return the curves of a table. Raises GengaError naming file and line."""
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise GengaError(f"{path}: cannot be read as CSV ({str(error).splitlines()[0]}); {_ANEW}") from error
    if tuple(table.columns) != COLUMNS:
        raise GengaError(f"{path}:1: the first line must be {','.join(COLUMNS)}; {_ANEW}")
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for number, (tagger, tag, *values) in enumerate(table.iter_rows(), 2):
        points = found.setdefault(tagger, {}).setdefault(tag, [])
        if why := _fault(tag, values, points):
            raise GengaError(f"{path}:{number}: {why}; {_ANEW}")
    return {
        tagger: {tag: Curve(*map(tuple, zip(*points, strict=True))) for tag, points in of.items()}
        for tagger, of in found.items()
    }


def _fault(tag: str | None, values: Sequence[str | None], points: list[tuple[float, float]]) -> str:
    """Put a line's point to those of its tag; return why it cannot be one of them, or ""."""
    try:
        score, probability = (float(value or "") for value in values)
    except ValueError:
        return f"score and probability must be numbers, got {values[0]!r} and {values[1]!r}"
    if not (0 <= score <= 1 and 0 <= probability <= 1):
        return f"score and probability must be 0..1, got {values[0]} and {values[1]}"
    if points and (score <= points[-1][0] or probability < points[-1][1]):
        return f"scores of {tag} must rise and probabilities not fall"
    points.append((score, probability))
    return ""


_ANEW = "make it anew: genga calibrate"
