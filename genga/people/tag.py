"""Tag every still and everybody in it: taggers averaged, held against the boxes.

The taggers look at the whole still (rows with `box` null) and at each person box, grown a little. What their mean says
holds if it passes the rules of genga.people.tag_rules; counts and framing come from the boxes (genga.people.figures).
Tags that do not hold stay as rows with their reason. What becomes of them then says genga.people.deciding.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from genga.images.boxes import padded
from genga.images.image import Image, cut
from genga.params.tag import Params
from genga.people.ensemble import Ensemble, Means, Opinion
from genga.people.figures import Person, count_tags, main_person, people
from genga.people.tag_rules import FromBoxes, Judged, Scored, framing, judge, mcut
from genga.tables.tag import TAG

Rows = Iterator[tuple[Any, ...]]
Unit = tuple[int | None, Image]  # box number, pixels


def tag(
    stills: Iterable[Sequence[tuple[str, Image]]],
    detections: pl.DataFrame,
    ensemble: Ensemble,
    params: Params,
    batch: int,
) -> pl.DataFrame:
    """Return the tags of all stills (TAG): by still, box (null first), kept first, score, name.

    stills: batches of (still, image). detections: the table detect. batch: images the taggers see at once.
    """
    boxes = {str(key): group.to_dicts() for (key,), group in detections.group_by("still", maintain_order=True)}
    rows = [(still, *row) for few in stills for still, *row in _batch_rows(few, boxes, ensemble, params, batch)]
    return pl.DataFrame(rows, schema=TAG, orient="row")


def _batch_rows(
    stills: Sequence[tuple[str, Image]],
    boxes: Mapping[str, list[dict[str, Any]]],
    ensemble: Ensemble,
    params: Params,
    batch: int,
) -> Rows:
    everyone = [people(boxes.get(still, [])) for still, _ in stills]
    units = [list(_units(image, present, params.pad)) for (_, image), present in zip(stills, everyone, strict=True)]
    scores = ensemble.in_batches([image for unit in units for _, image in unit], batch)
    for (still, image), present, unit in zip(stills, everyone, units, strict=True):
        scored = {number: next(scores) for number, _ in unit}
        for number, judged in still_tags(scored, present, image.shape[0], ensemble, params):
            yield still, number, *judged


def _units(image: Image, present: Sequence[Person], pad: float) -> Iterator[Unit]:
    """The pictures to tag: the whole still, then everybody who has a person box."""
    height, width = image.shape[:2]
    yield None, image
    for one in present:
        if one.person is not None:
            yield one.box, cut(image, *padded(one.person, pad, width, height))


def still_tags(
    scored: Mapping[int | None, Opinion],
    present: Sequence[Person],
    height: int,
    ensemble: Ensemble,
    params: Params,
) -> Iterator[tuple[int | None, Judged]]:
    """Yield (box, decision) for one still `height` px high, ordered.

    scored: what the taggers say (tags,) of the whole still (key None) and of every person box.
    """
    nouns = {one.box: _noun(scored[one.box].means, ensemble) for one in present}
    for number, said in scored.items():
        seen = (
            _whole(present, nouns, height, params) if number is None else _alone(present, number, nouns, height, params)
        )
        limit = mcut(said.means[ensemble.general]) if params.ensemble == "mcut" else params.threshold
        judged = judge(_above(said, ensemble, params.floor), seen, params, limit)
        for one in sorted(judged, key=lambda one: (not one.kept, -one.score, one.tag)):
            yield number, one


def _noun(means: Means, ensemble: Ensemble) -> str:
    """What to count somebody as: the likelier of girl and boy, other if no tagger knows these words.

    For somebody without a person box (key None) the whole still's scores decide.
    """
    columns = [(noun, ensemble.column.get(f"1{noun}")) for noun in ("girl", "boy")]
    known = [(float(means[column]), noun) for noun, column in columns if column is not None]
    return max(known, key=lambda pair: pair[0])[1] if known else "other"


def _whole(present: Sequence[Person], nouns: Mapping[int | None, str], height: int, params: Params) -> FromBoxes:
    """What the boxes say about a whole still."""
    score = min((one.score for one in present), default=1.0)
    composed = {name: score for name in count_tags(nouns[one.box] for one in present)}
    main = main_person(present)
    shape = framing(main, height, params.framing) if main else None
    return FromBoxes(composed | ({shape: score} if shape else {}), bool(present), len(present))


def _alone(
    present: Sequence[Person], number: int, nouns: Mapping[int | None, str], height: int, params: Params
) -> FromBoxes:
    """What the boxes say about one person."""
    one = next(one for one in present if one.box == number)
    return _whole([one], nouns, height, params)


def _above(said: Opinion, ensemble: Ensemble, floor: float) -> Iterator[Scored]:
    """Tags with a mean of at least `floor`. Four decimals: less is noise of threads and machines."""
    rounded, spread = said.means.round(4), said.spread.round(4)
    for column in np.flatnonzero(rounded >= floor).tolist():
        apart = None if np.isnan(spread[column]) else float(spread[column])
        votes, known = int(said.votes[column]), int(ensemble.known[column])
        yield Scored(*ensemble.tags[column], float(rounded[column]), votes, apart, known)


def in_words(table: pl.DataFrame) -> str:
    """Return how many persons and tags there are."""
    kept, persons = table["kept"].sum(), table.drop_nulls("box").select("still", "box").n_unique()
    return f"{persons} persons, {kept} tags kept of {len(table)}"
