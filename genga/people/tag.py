"""Tag every still and everybody in it: taggers averaged, held against the boxes.

The taggers look at the whole still (rows with `box` null) and at each person box, grown a little. What their mean says
holds if it passes the rules of genga.people.tag_rules; counts and framing come from the boxes (genga.people.figures).
Tags that do not hold stay as rows with their reason. What becomes of them then says genga.people.deciding.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from genga.images.boxes import padded
from genga.images.image import Image, Pictures, cut
from genga.params.tag import Params
from genga.people.ensemble import Ensemble, Means, Opinion
from genga.people.figures import Person, count_tags, main_person, people
from genga.people.tag_rules import FromBoxes, Judged, Scored, framing, judge, mcut
from genga.tables.tag import TAG

Rows = Iterator[tuple[Any, ...]]
Looked = tuple[str, Sequence[Image]]  # still, what `views` gives of it


def tag(
    stills: Iterable[Sequence[Looked]],
    detections: pl.DataFrame,
    ensemble: Ensemble,
    params: Params,
    batch: int,
) -> pl.DataFrame:
    """Return the tags of all stills (TAG): by still, box (null first), kept first, score, name.

    stills: batches of stills with their `views`. detections: the table detect. batch: images the taggers see at once.
    """
    everyone = _everyone(detections)
    of = [
        pl.DataFrame(list(_batch_rows(few, everyone, ensemble, params, batch)), schema=TAG, orient="row")
        for few in stills
    ]
    return pl.concat([pl.DataFrame(schema=TAG), *of], rechunk=True)


def _batch_rows(
    stills: Sequence[Looked],
    everyone: Mapping[str, Sequence[Person]],
    ensemble: Ensemble,
    params: Params,
    batch: int,
) -> Rows:
    scores = ensemble.in_batches(Pictures.joined(images for _, images in stills), batch)
    for still, images in stills:
        present = everyone.get(still, ())
        numbers = [None, *(one.box for one in present if one.person is not None)]
        scored = {number: next(scores) for number in numbers}
        for number, judged in still_tags(scored, present, images[0].shape[0], ensemble, params):
            yield still, number, *judged


def views(detections: pl.DataFrame, pad: float) -> Callable[[str, Image], Iterator[Image]]:
    """Return what yields the pictures of a still to tag: the whole still, then everybody who has a person box.

    detections: the table detect. pad: as in Params.
    """
    everyone = _everyone(detections)

    def of(still: str, image: Image) -> Iterator[Image]:
        height, width = image.shape[:2]
        yield image
        for one in everyone.get(still, ()):
            if one.person is not None:
                yield cut(image, *padded(one.person, pad, width, height))

    return of


def _everyone(detections: pl.DataFrame) -> dict[str, Sequence[Person]]:
    """Who is in each still that somebody is in."""
    stills = detections.group_by("still", maintain_order=True)
    return {str(key): people(group.to_dicts()) for (key,), group in stills}


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


def in_words(table: pl.DataFrame, corrections: int, taggers: str) -> str:
    """Return how many persons, tags and lines of people there are, and who was asked."""
    kept, persons = table["kept"].sum(), table.drop_nulls("box").select("still", "box").n_unique()
    return f"{persons} persons, {kept} tags kept of {len(table)}, {corrections} corrections; taggers {taggers}"
