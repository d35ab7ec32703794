"""Stills of camera moves: one picture of the whole background in place of the frame the move starts from.

`dedup` says by the reason `stitched` which frames a keeper's picture is made of (params.yaml:dedup.camera).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from genga.drawings._stills.file import Made, Still
from genga.images.panorama import stitch
from genga.tables.dedup import STITCHED

MOST = 24  # frames of a move that are laid beside its first: enough for any overlap, and 150 MB at 1080p


def parts(dedup: pl.DataFrame) -> dict[int, list[int]]:
    """Return for each keeper that is stitched the frames it is made of, itself first.

    dedup: frame, shot, keeper, reason. Only frames of the keeper's own shot: a move that returns is the same picture.
    """
    shot_of = dict(dedup.select("frame", "shot").iter_rows())
    own: dict[int, list[int]] = {}
    for frame, shot, keeper in dedup.filter(reason=STITCHED).select("frame", "shot", "keeper").iter_rows():
        if shot_of[keeper] == shot:
            own.setdefault(keeper, []).append(frame)
    return {keeper: [keeper, *spread(frames)] for keeper, frames in own.items()}


def spread(frames: Sequence[int]) -> list[int]:
    """Return at most MOST of the frames, evenly from the first to the last."""
    picks = np.linspace(0, len(frames) - 1, min(MOST, len(frames))).round().astype(int)
    return [frames[pick] for pick in picks.tolist()]


def stitched(shown: Iterable[tuple[int, Still]], made_of: Mapping[int, Sequence[int]]) -> Iterator[tuple[int, Still]]:
    """Yield (frame, picture) for each frame of `shown` that is no mere part of another, in order.

    shown: in order of their frames. made_of: see `parts`.
    """
    owner = {frame: keeper for keeper, frames in made_of.items() for frame in frames}
    waiting: dict[int, list[Still]] = {}  # of each keeper not yet yielded, in order, the pictures there are
    for frame, picture in shown:
        waiting.setdefault(owner.get(frame, frame), []).append(picture)
        while waiting and len(first := next(iter(waiting.items()))[1]) == len(made_of.get(next(iter(waiting)), [0])):
            keeper = next(iter(waiting))
            del waiting[keeper]
            yield keeper, _laid_together(first) if len(first) > 1 else first[0]


def _laid_together(pictures: Sequence[Still]) -> Made:
    """One picture of all that can be aligned, and where in it the first one lies."""
    images = [picture.image for picture in pictures]
    image, _, (left, top) = stitch(images)
    height, width = images[0].shape[:2]
    return Made(image, (left, top, left + width, top + height))
