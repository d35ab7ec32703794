"""Several taggers as one: the mean score of every tag over the taggers that know it, how many vote for it, and how far
apart they are.

Vocabularies are joined by name. A tagger that lacks a tag neither votes nor lowers its mean. Taggers call a tag likely
at different scores: those with thresholds of their own are brought to one scale first.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from genga.errors import GengaError
from genga.images.image import Image, Prepare, pictures

Floats = npt.NDArray[np.float32]
Means = npt.NDArray[np.float64]  # (images, tags), 0..1
Votes = npt.NDArray[np.int64]  # (images, tags), 0..number of taggers

USUAL = 0.35  # score from which the WD family, and most of the field, takes a tag


class Opinion(NamedTuple):
    """What all taggers say of some images, or of one: (images, tags) each, or (tags,)."""

    means: Means
    votes: Votes
    spread: Means  # highest less lowest score, 0..1; NaN: fewer than two know the tag


class TagScorer(Protocol):
    """What an ensemble asks of a tagger; genga.people.tagger.Tagger is one."""

    @property
    def tags(self) -> Sequence[tuple[str, str]]:
        """(name, category) for each column of the scores."""

    @property
    def how(self) -> Prepare:
        """What it is given of an image."""

    def scores(self, images: Sequence[Image]) -> Floats:
        """Return (images, tags), 0..1, on the scale of `on_one_scale`."""


def on_one_scale(scores: Floats, thresholds: Floats | None) -> Floats:
    """Return scores (images, tags) on the scale that taggers share: a tag's own threshold becomes USUAL.

    thresholds: (tags,), above 0 and below 1; NaN for a tag without one, None for a tagger without any: its scores stay
    as they are. In between it is a straight line, from 0 to the threshold and from there to 1, so the order stays.
    """
    if thresholds is None:
        return scores
    own = np.where(np.isnan(thresholds), USUAL, thresholds).astype(np.float64)
    below, above = scores * (USUAL / own), 1 - (1 - scores) * ((1 - USUAL) / (1 - own))
    moved = np.where(scores <= own, below, above).astype(np.float32)
    return np.where(np.isnan(thresholds), scores, moved)


class Ensemble:
    """Taggers joined. `tags`: (name, category) of each column, in the order of first appearance; `known`: how many
    taggers know each."""

    def __init__(self, taggers: Sequence[TagScorer], threshold: float, name: str = "") -> None:
        """threshold: score above which a tagger votes for a tag. name: of all of them, for people.

        Raises GengaError if there is no tagger.
        """
        if not taggers:
            raise GengaError("models.yaml names no tagger; give at least one model the role tagger-1")
        self._taggers = taggers
        self.name = name
        self._threshold = threshold
        # The first tagger to name a tag decides its category.
        categories = {name: category for tagger in reversed(taggers) for name, category in reversed(list(tagger.tags))}
        names = dict.fromkeys(name for tagger in taggers for name, _ in tagger.tags)
        self.tags = [(name, categories[name]) for name in names]
        self.column = {name: i for i, name in enumerate(names)}
        self.general = np.array([i for i, (_, category) in enumerate(self.tags) if category == "general"], np.intp)
        self._columns = [np.array([self.column[name] for name, _ in tagger.tags], np.intp) for tagger in taggers]
        self.known = np.zeros(len(names), np.int64)
        for columns in self._columns:
            self.known[columns] += 1

    def models(self) -> list[Prepare]:
        """Return what each tagger is given of an image."""
        return [tagger.how for tagger in self._taggers]

    def scores(self, images: Sequence[Image]) -> Opinion:
        """Return what the taggers say of each image, prepared once for all that want it alike."""
        images = pictures(images)
        shape = len(images), len(self.tags)
        total, votes = np.zeros(shape), np.zeros(shape, np.int64)
        low, high = np.full(shape, np.inf), np.full(shape, -np.inf)
        for tagger, columns in zip(self._taggers, self._columns, strict=True):
            scores, columns = _once(tagger.scores(images), columns)
            total[:, columns] += scores
            votes[:, columns] += scores > self._threshold
            low[:, columns] = np.minimum(low[:, columns], scores)
            high[:, columns] = np.maximum(high[:, columns], scores)
        return Opinion(total / self.known, votes, np.where(self.known > 1, high - low, np.nan))

    def in_batches(self, images: Sequence[Image], size: int) -> Iterator[Opinion]:
        """Yield the taggers' opinion image by image; they see `size` images at once."""
        for start in range(0, len(images), size):
            yield from map(Opinion._make, zip(*self.scores(images[start : start + size]), strict=True))


def _once(scores: Floats, columns: npt.NDArray[np.intp]) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Scores with a column for each name: of a name that a tagger has in two categories the higher one."""
    names, place = np.unique(columns, return_inverse=True)
    if len(names) == len(columns):
        return scores, columns
    best = np.zeros((len(scores), len(names)), np.float32)
    np.maximum.at(best.T, place, scores.T)
    return best, names
