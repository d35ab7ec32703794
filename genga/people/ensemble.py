"""Several taggers as one: the mean score of every tag over the taggers that know it, and how many vote for it.

Vocabularies are joined by name. A tagger that lacks a tag neither votes nor lowers its mean.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from genga.errors import GengaError
from genga.images.image import Image

Means = npt.NDArray[np.float64]  # (images, tags), 0..1
Votes = npt.NDArray[np.int64]  # (images, tags), 0..number of taggers


class TagScorer(Protocol):
    """What an ensemble asks of a tagger; genga.people.tagger.Tagger is one."""

    @property
    def tags(self) -> Sequence[tuple[str, str]]:
        """(name, category) for each column of the scores."""

    def scores(self, images: Sequence[Image]) -> npt.NDArray[np.float32]:
        """Return (images, tags), 0..1."""


class Ensemble:
    """Taggers joined. `tags`: (name, category) of each column of the means, in the order of first appearance."""

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
        categories = {name: category for tagger in reversed(taggers) for name, category in tagger.tags}
        names = dict.fromkeys(name for tagger in taggers for name, _ in tagger.tags)
        self.tags = [(name, categories[name]) for name in names]
        self.column = {name: i for i, name in enumerate(names)}
        self._columns = [np.array([self.column[name] for name, _ in tagger.tags], np.intp) for tagger in taggers]
        self._known = np.zeros(len(names), np.int64)  # taggers that know each tag
        for columns in self._columns:
            self._known[columns] += 1

    def scores(self, images: Sequence[Image]) -> tuple[Means, Votes]:
        """Return means and votes for each image."""
        total = np.zeros((len(images), len(self.tags)))
        votes = np.zeros((len(images), len(self.tags)), np.int64)
        for tagger, columns in zip(self._taggers, self._columns, strict=True):
            scores = tagger.scores(images)
            total[:, columns] += scores
            votes[:, columns] += scores > self._threshold
        return total / self._known, votes

    def in_batches(self, images: Sequence[Image], size: int) -> Iterator[tuple[Means, Votes]]:
        """Yield (tags,) means and votes image by image; the taggers see `size` images at once."""
        for start in range(0, len(images), size):
            means, votes = self.scores(images[start : start + size])
            yield from zip(means, votes, strict=True)
