"""Learn from corrections how likely a tagger's tag is right at a score: isotonic, or Platt's logistic function.

Labels are what people said. A picture with a line of theirs is one that somebody looked through, so beside its lines
count what was left standing there, as right, and what taggers did not find, as wrong; what rules about names, counts
and boxes decided says nothing of taggers. A tag is calibrated from `least` lines about it on, and if the curve rises.

Isotonic: Zadrozny and Elkan 2002, "Transforming Classifier Scores into Accurate Multiclass Probability Estimates".
Platt: Platt 1999, "Probabilistic Outputs for Support Vector Machines", of the score's logarithm of odds, with his
targets. Neither is surer than its labels are many: 1 / (n + 2) at least, and 1 less that at most.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from genga.decisions.csv import joined
from genga.images.image import Image
from genga.people.calibration import COLUMNS, Curve, Named
from genga.people.ensemble import Floats
from genga.people.sharing import UNIT
from genga.people.tag_rules import NAMES
from genga.tables.schema import only
from genga.tables.tag import TAG

By = Literal["isotonic", "platt"]
Unit = tuple[str, int | None]  # still, box

OF_TAG = only(TAG, *UNIT, "tag", "category", "origin", "kept", "reason")
PERSON = "person"  # origin and reason of what a line decided
# Why a tag is not there that taggers were wrong about, or did not find.
_WRONG = ("score", "votes", "exclusive", "shot", "persons", "no subject box", PERSON)
_FOUND = ("model", "shot", "persons", PERSON)  # who decided that one is there
_STEPS = np.linspace(0, 1, 21)  # scores at which a logistic function is written down
_ODDS = 1e-4  # scores this near to 0 and 1 have the odds of it


@dataclass(frozen=True)
class Looked:
    """A picture that somebody looked through: a still, or a person in it."""

    right: frozenset[str]
    unsure: frozenset[str]  # of which nothing is said; any other tag is wrong
    lines: frozenset[str]  # tags that lines are about


def looked_through(tags: pl.DataFrame) -> dict[Unit, Looked]:
    """Return what people said of each picture with a line. tags: OF_TAG."""
    general = tags.filter(~pl.col("category").is_in([*NAMES, "rating"]))
    found = {}
    for (still, box), rows in general.group_by(UNIT, maintain_order=True):
        lines = rows.filter(origin=PERSON)["tag"].to_list()
        if lines:
            right = pl.col("kept") & pl.col("origin").is_in(_FOUND)
            wrong = ~pl.col("kept") & pl.col("reason").is_in(_WRONG)
            unsure = rows.filter(~right & ~wrong)["tag"].to_list()
            found[str(still), None if box is None else int(str(box))] = Looked(
                frozenset(rows.filter(right)["tag"].to_list()), frozenset(unsure), frozenset(lines)
            )
    return found


@dataclass
class Labels:
    """What taggers and people said of pictures, gathered."""

    scores: dict[str, list[Floats]] = field(default_factory=dict)  # by tagger, of each picture
    said: list[Looked] = field(default_factory=list)

    def add(self, taggers: Sequence[Named], images: Sequence[Image], said: Sequence[Looked]) -> None:
        for tagger in taggers:
            self.scores.setdefault(tagger.name, []).extend(tagger.scores(images))
        self.said += said


@dataclass(frozen=True)
class Learnt:
    """Curves as lines of a table, and what could not be learnt."""

    rows: list[tuple[str, str, float, float]]
    without: dict[str, str]  # by tag: why it has no curve of some tagger


def learnt(taggers: Sequence[Named], labels: Labels, least: int, by: By) -> Learnt:
    """Return the curves of each tagger and tag with at least `least` lines about it, sorted."""
    lines = Counter(tag for one in labels.said for tag in one.lines)
    rows: list[tuple[str, str, float, float]] = []
    without = {tag: f"{count} line{'s' if count > 1 else ''}" for tag, count in lines.items() if count < least}
    for tagger in sorted(taggers, key=lambda one: one.name):
        scores = np.stack(labels.scores[tagger.name]) if labels.said else np.zeros((0, len(tagger.tags)), np.float32)
        for column, (tag, category) in sorted(enumerate(tagger.tags), key=lambda pair: pair[1]):
            if category == "general" and lines[tag] >= least:
                told = np.array([tag not in one.unsure for one in labels.said], np.bool_)
                right = np.array([tag in one.right for one in labels.said], np.bool_)
                curve, why = curve_of(scores[told, column], right[told], by)
                rows += [(tagger.name, tag, *point) for point in zip(*curve, strict=True)] if curve else []
                without |= {tag: why} if why else {}
    return Learnt(rows, dict(sorted(without.items())))


def curve_of(scores: Floats, right: npt.NDArray[np.bool_], by: By) -> tuple[Curve | None, str]:
    """Return how likely a tag is right at a score, or why that cannot be told. scores, right: (n,) of pictures."""
    if right.all() or not right.any():
        return None, f"{'right' if right.all() else 'wrong'} in all {len(right)} pictures"
    x = scores.astype(np.float64).round(4)
    places, values = _isotonic(x, right) if by == "isotonic" else _platt(x, right)
    if values[-1] <= values[0]:
        return None, "right as often at low scores as at high ones"
    least = 1 / (len(right) + 2)
    return Curve(_plain(places), _plain(values.clip(least, 1 - least))), ""


def _isotonic(x: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float64], ...]:
    fitted = IsotonicRegression(out_of_bounds="clip").fit(x, right.astype(np.float64))
    return np.asarray(fitted.X_thresholds_), np.asarray(fitted.y_thresholds_)


def _platt(x: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float64], ...]:
    def odds(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        inside = scores.clip(_ODDS, 1 - _ODDS)
        return np.asarray(np.log(inside / (1 - inside))[:, None])

    yes, no = int(right.sum()), int((~right).sum())
    target = np.where(right, (yes + 1) / (yes + 2), 1 / (no + 2))  # as both answers, each with its share
    answers = np.repeat([True, False], len(x))
    fitted = LogisticRegression(C=1e6, max_iter=1000, tol=1e-8)
    fitted.fit(np.concatenate([odds(x), odds(x)]), answers, np.concatenate([target, 1 - target]))
    return _STEPS, fitted.predict_proba(odds(_STEPS))[:, 1]


def _plain(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)


def as_text(rows: Iterable[tuple[str, str, float, float]]) -> str:
    """Return the text of a table of curves."""
    lines = ([tagger, tag, f"{score:g}", f"{probability:g}"] for tagger, tag, score, probability in rows)
    return "".join(f"{joined(fields)}\n" for fields in [list(COLUMNS), *lines])


def in_words(found: Learnt, labels: Labels) -> str:
    """Return how many curves there are, of how many pictures."""
    curves: Mapping[str, int] = Counter(tagger for tagger, _ in {(tagger, tag) for tagger, tag, *_ in found.rows})
    of = ", ".join(f"{count} of {tagger}" for tagger, count in sorted(curves.items())) or "none"
    return f"{len(labels.said)} pictures with corrections; tags calibrated: {of}"
