"""Find people in the kept drawings: boxes of persons, half bodies, heads and faces, and which part is whose.

Kinds as the published detectors define them: person is the whole visible figure, halfbody from the head to the waist,
head includes the hair, face goes from the brows to the chin. Boxes of a still are numbered from 0, persons first, each
kind from left to right. That number names a person in every later table and in corrections.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import polars as pl

from genga.images.boxes import Box, assign, clip
from genga.images.image import Image, Pictures
from genga.params.detect import Params
from genga.tables.detect import DETECT, KINDS


class BoxFinder(Protocol):
    """What is asked of a detector of one kind; genga.people.detector.Detector is one."""

    @property
    def name(self) -> str:
        """The model's name, for its rows."""

    def detect(self, images: Sequence[Image]) -> Sequence[Sequence[Sequence[Any]]]:
        """Return the boxes of each image; a box begins x0, y0, x1, y1 (px of the image, ends exclusive), score."""


class MaskMaker(Protocol):
    """What is asked of a segmenter; genga.people.segmenter.Segmenter is one."""

    def masks(self, images: Sequence[Image], persons: Sequence[Sequence[Box]]) -> Sequence[Sequence[bytes | None]]:
        """Return the masks of the persons in each image, in their order."""


def detect(
    stills: Iterable[Sequence[tuple[str, Sequence[Image]]]],
    detectors: Mapping[str, BoxFinder],
    params: Params,
    segmenter: MaskMaker | None = None,
) -> pl.DataFrame:
    """Return the boxes in all stills, a row each (DETECT), in the order of the stills.

    stills: batches of (still, its one image), images of any sizes. detectors: one for each of KINDS. segmenter: tells
    which px are a person's; None: nobody does.
    """
    of = [
        pl.DataFrame(list(_batch_rows(few, detectors, params, segmenter)), schema=DETECT, orient="row")
        for few in stills
    ]
    return pl.concat([pl.DataFrame(schema=DETECT), *of], rechunk=True)


def _batch_rows(
    batch: Sequence[tuple[str, Sequence[Image]]],
    detectors: Mapping[str, BoxFinder],
    params: Params,
    segmenter: MaskMaker | None,
) -> Iterator[tuple[object, ...]]:
    images = Pictures.joined(image for _, image in batch)
    found = {kind: detectors[kind].detect(images) for kind in KINDS}  # per kind, per image, boxes
    names = {kind: detectors[kind].name for kind in KINDS}
    usable = [
        {kind: _usable(found[kind][i], image.shape[1], image.shape[0], params.least_side) for kind in KINDS}
        for i, image in enumerate(images)
    ]
    masks = None if segmenter is None else segmenter.masks(images, [[box for box, _ in of["person"]] for of in usable])
    for i, (still, _) in enumerate(batch):
        for number, row in enumerate(still_rows(usable[i], names, params.contain)):
            mask = masks[i][number] if masks is not None and number < len(masks[i]) else None  # persons come first
            yield still, *row, mask


def _usable(found: Sequence[Sequence[Any]], width: int, height: int, least_side: int) -> list[tuple[Box, float]]:
    """Boxes clipped to the image, left to right, without those that are too small."""
    clipped = [(clip((x0, y0, x1, y1), width, height), score) for x0, y0, x1, y1, score, *_ in found]
    return sorted((box, score) for box, score in clipped if min(box[2] - box[0], box[3] - box[1]) >= least_side)


def still_rows(
    found: Mapping[str, Sequence[tuple[Box, float]]], models: Mapping[str, str], contain: float
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of one still, without its id: number, kind, box, score, model, person."""
    persons = [box for box, _ in found["person"]]
    number = 0
    for kind in KINDS:
        boxes = [box for box, _ in found[kind]]
        owners = list(range(len(boxes))) if kind == "person" else assign(boxes, persons, contain)
        for (box, score), owner in zip(found[kind], owners, strict=True):
            # Four decimals: what differs between machines and thread counts is smaller, and must not change the table.
            yield number, kind, *box, round(float(score), 4), models[kind], owner
            number += 1


def in_words(table: pl.DataFrame, stills: int) -> str:
    """Return how many boxes of each kind there are in so many stills."""
    counts = ", ".join(f"{table['kind'].eq(kind).sum()} {kind}" for kind in KINDS)
    return f"{stills} stills, boxes: {counts}; {stills - table['still'].n_unique()} stills without anyone"
