"""Those who judge a picture: a character embedder, taggers, and a person detector; and what they see in many pictures.

Judges come in as callables, so a test passes simple ones; open_judges makes them of the registry's models. Pictures are
looked at in batches and not kept: what stays of each is a feature, a thumbprint, the person's box and the tags'
probabilities.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genga.evaluation.memorization import Prints, thumbprints
from genga.images.image import Image, cut
from genga.models.registry import Registry
from genga.people.detector import Detector
from genga.people.embedder import open_embedder
from genga.people.ensemble import Ensemble
from genga.people.tagger import open_taggers

Floats = npt.NDArray[np.float32]
Box = tuple[int, int, int, int]  # x0 y0 x1 y1, px


@dataclass(frozen=True)
class Judges:
    """What judges a picture."""

    features: Callable[[Sequence[Image]], Floats]  # (n, d)
    differences: Callable[[Floats, Floats], Floats]  # (n, d), (m, d) -> (n, m), 0 for the same picture
    threshold: float  # difference up to which two pictures show the same character
    counts: Mapping[str, int]  # the vocabulary: how often each tag occurs where the taggers learned it
    probabilities: Callable[[Sequence[Image]], Floats]  # (n, tags), columns as in `counts`
    person: Callable[[Sequence[Image]], list[Box | None]] | None  # the surest one; None: whole pictures are compared


@dataclass(frozen=True)
class Looks:
    """What was seen in n pictures."""

    features: Floats  # (n, d)
    prints: Prints  # (n, p)
    boxes: list[Box | None]  # where the person is who was compared; None: the whole picture was
    probabilities: Floats  # (n, tags), of the samples; (n, 0) of the references


def persons_of(images: Sequence[Image], judges: Judges) -> tuple[list[Image], list[Box | None]]:
    """Return who is to be compared in pictures, cut out as in the dataset, and where; a whole picture for None."""
    found: list[Box | None] = judges.person(images) if judges.person else [None] * len(images)
    return [cut(image, *box) if box else image for image, box in zip(images, found, strict=True)], found


def look_at_samples(batches: Iterable[Sequence[Image]], judges: Judges) -> Looks:
    """Return what the judges see in generated pictures: the person cut out as in the dataset, and the tags."""
    boxes: list[Box | None] = []
    features, prints, tags = [], [], []
    for images in batches:
        persons, found = persons_of(images, judges)
        boxes += found
        tags.append(judges.probabilities(images))
        features.append(judges.features(persons))
        prints.append(thumbprints(persons))
    return Looks(np.concatenate(features), np.concatenate(prints), boxes, np.concatenate(tags))


def look_at_references(batches: Iterable[Sequence[Image]], judges: Judges) -> Looks:
    """Return what the embedder sees in dataset images, which are crops of a person already."""
    features, prints = [], []
    for images in batches:
        features.append(judges.features(images))
        prints.append(thumbprints(images))
    count = sum(map(len, features))
    return Looks(np.concatenate(features), np.concatenate(prints), [None] * count, np.empty((count, 0), np.float32))


def largest_counts(vocabularies: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Return how often each tag occurs, by the tagger that has seen it most; in the order they come."""
    counts: dict[str, int] = {}
    for vocabulary in vocabularies:
        for tag, count in vocabulary.items():
            counts[tag] = max(count, counts.get(tag, 0))
    return counts


def open_judges(registry: Registry, crop_person: bool, threads: int) -> Judges:
    """Return the registry's embedder, taggers and, if `crop_person`, person detector as judges; files verified."""
    embedder, taggers = open_embedder(registry, threads), open_taggers(registry, threads)
    ensemble = Ensemble(taggers, threshold=1.0)  # nobody's vote is asked for, the mean is
    # Only what a picture shows is asked for: ratings and the taggers' names of characters are not adherence.
    general = [name for name, category in ensemble.tags if category == "general"]
    columns = [ensemble.column[name] for name in general]
    known = largest_counts([dict(zip((t.name for t in tagger.tags), tagger.counts, strict=True)) for tagger in taggers])

    def probabilities(images: Sequence[Image]) -> Floats:
        return ensemble.scores(images)[0][:, columns].astype(np.float32)

    return Judges(
        features=embedder.features,
        differences=embedder.differences_between,
        threshold=embedder.threshold,
        counts={name: known[name] for name in general},
        probabilities=probabilities,
        person=_surest_person(registry, threads) if crop_person else None,
    )


def _surest_person(registry: Registry, threads: int) -> Callable[[Sequence[Image]], list[Box | None]]:
    """Return a finder of the person that the detector is surest of; None where it finds nobody."""
    model = registry.model("person").verify()
    detector = Detector(
        model.part("model"), "person", registry.section.device, threads, layout=model.entry.type, name=model.name
    )
    return lambda images: [boxes[0][:4] if boxes else None for boxes in detector.detect(images)]
