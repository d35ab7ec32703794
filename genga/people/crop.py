"""Cut people out of the stills in three stages: the whole figure, its half body, its head.

The published three-stage crop: the person box; in it the half-body box; in it a square around the head, 1.5 times its
longer side, clipped to the person box. A narrow person box is widened first, because a trainer's buckets would cut off
head and feet of it. Coordinates stay those of the still. A crop carries the tags of its person that it can show
(genga.vocabulary.parts.VISIBLE), with counts and framing for this very crop; small ones and repeats are rows too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from genga.decisions.tags import FILE, Correction
from genga.errors import GengaError
from genga.images.boxes import Box, containment
from genga.images.codec import EXTENSION, encode
from genga.images.image import Image, cut
from genga.images.reading import batched, read_images
from genga.params.crop import Params
from genga.people._crop.boxes import against, crop_boxes, freed, under
from genga.people.figures import FRAMINGS, Person, count_tags, is_count, people
from genga.store.shards import ShardWriter
from genga.tables.crop import CROP, PLAN
from genga.tables.detect import BOXES
from genga.tables.quality import QUALITY
from genga.tables.schema import SHARD, only
from genga.tables.stills import STILLS
from genga.tables.tag import TAG
from genga.vocabulary.parts import is_visible
from genga.vocabulary.text import in_order

OF_STILLS = only(STILLS, "still", "width", *SHARD)
OF_DETECT = BOXES
OF_QUALITY = only(QUALITY, "still", "text")
OF_TAG = only(TAG, "still", "box", "tag", "category", "score", "origin", "kept")
_AT_ONCE = 8  # crops that are judged together

Scores = Mapping[str, float]  # kept general tags of a person, with their scores


def crop(
    stills: pl.DataFrame, detections: pl.DataFrame, tags: pl.DataFrame, params: Params, quality: pl.DataFrame
) -> pl.DataFrame:
    """Return the crops of all stills (PLAN), in the order of the detections, by person, then KINDS.

    The tables of the episode: of stills the columns OF_STILLS, of tag OF_TAG, of quality OF_QUALITY.
    """
    widths = dict(stills.select("still", "width").iter_rows())
    return planned(detections, tags, widths, params, texts_of(quality))


def texts_of(quality: pl.DataFrame) -> dict[str, list[Box]]:
    """Return the lines of burnt-in text of each still that has any. quality: its table, columns OF_QUALITY."""
    return {
        still: [(line["x0"], line["y0"], line["x1"], line["y1"]) for line in lines]
        for still, lines in quality.select("still", "text").iter_rows()
        if lines
    }


def written(
    crops: pl.DataFrame,
    stills: pl.DataFrame,
    shard: ShardWriter,
    what: str,
    judge: Callable[[Sequence[Image]], Sequence[float]] | None = None,
) -> pl.DataFrame:
    """Write the kept crops to `shard`, with progress on stderr; return all of them with their place there (CROP).

    crops: PLAN. stills: columns OF_STILLS. judge: tells how good each of some images looks; None: nobody does.
    """
    kept = crops.filter("kept")
    busy = stills.filter(pl.col("still").is_in(kept["still"].unique().to_list()))
    rows = []
    for batch in batched(cut_crops(read_images(busy, "still", what), kept), _AT_ONCE):
        scores = judge([image for _, image in batch]) if judge is not None else [None] * len(batch)
        for (name, image), score in zip(batch, scores, strict=True):
            rows.append({"crop": name, "aesthetic": score, **shard.add(f"{name}{EXTENSION}", encode(image))})
    places = pl.DataFrame(rows, schema=only(CROP, "crop", "aesthetic", *SHARD))
    return crops.join(places, on="crop", how="left", maintain_order="left")


def planned(
    detections: pl.DataFrame,
    tags: pl.DataFrame,
    widths: Mapping[str, int],
    params: Params,
    text: Mapping[str, Sequence[Box]] | None = None,
) -> pl.DataFrame:
    """Return the crops of all stills (PLAN), in the order of the detections, by person, then KINDS.

    detections, tags: the tables detect and tag; of the latter the columns OF_TAG. widths: px of each still.
    text: lines of burnt-in text in the stills that have any, px.
    """
    scores, texts, decided = _scores(tags), text or {}, _decided(tags)
    rows: list[dict[str, Any]] = []
    for (still,), boxes in detections.group_by("still", maintain_order=True):
        everyone = people(boxes.to_dicts())
        of_person = {one.box: scores.get((str(still), one.box), {}) for one in everyone}
        rows += [
            {
                "crop": f"{still}-{row['box']}-{row['kind']}",
                "still": still,
                **row,
                "decided": decided.get((str(still), row["box"]), []),
            }
            for row in _still_rows(everyone, of_person, widths[str(still)], texts.get(str(still), ()), params)
        ]
    return pl.DataFrame(rows, schema=PLAN)


def _scores(tags: pl.DataFrame) -> dict[tuple[str, int | None], dict[str, float]]:
    """Kept general tags by (still, box)."""
    found: dict[tuple[str, int | None], dict[str, float]] = {}
    kept = tags.filter(pl.col("kept") & (pl.col("category") == "general") & pl.col("box").is_not_null())
    for still, box, tag, score in kept.select("still", "box", "tag", "score").iter_rows():
        found.setdefault((still, box), {})[tag] = score
    return found


def _decided(tags: pl.DataFrame) -> dict[tuple[str, int | None], list[str]]:
    """Tags that lines of people decided about persons, by (still, box)."""
    lines = tags.filter(pl.col("box").is_not_null() & (pl.col("origin") == "person")).sort("tag")
    return {(still, box): of for still, box, of in lines.group_by("still", "box").agg("tag").iter_rows()}


def _still_rows(
    everyone: Sequence[Person],
    scores: Mapping[int | None, Scores],
    width: int,
    text: Sequence[Box],
    params: Params,
) -> Iterator[dict[str, Any]]:
    for one in everyone:
        larger: list[Box] = []
        for kind, box in crop_boxes(one, width, params).items():
            if under(box, text) > params.text.most and not _legs(kind, scores[one.box]):
                box = freed(box, text, params.text.trim)
            covered = under(box, text)
            reason = against(box, larger, getattr(params.least_side, kind), params.repeat)
            if covered > params.text.most:
                reason = reason or "text"
            else:
                larger.append(box)
            yield {
                "box": one.box,
                "kind": kind,
                **dict(zip(("x0", "y0", "x1", "y1"), box, strict=True)),
                "width": box[2] - box[0],
                "height": box[3] - box[1],
                "kept": not reason,
                "reason": reason,
                "text": round(covered, 4),
                "tags": crop_tags(kind, box, one, everyone, scores, params.intrude),
            }


def _legs(kind: str, scores: Scores) -> bool:
    """Whether a crop shows legs: what it is tagged with may be cut off at its lower edge."""
    return kind == "fullbody" and _framing(kind, scores) not in ("portrait", "upper_body")


def crop_tags(
    kind: str,
    box: Box,
    one: Person,
    everyone: Sequence[Person],
    scores: Mapping[int | None, Scores],
    intrude: float,
) -> list[str]:
    """Return the tags of one crop of person `one`, in the order of a caption.

    scores: kept tags by person box. Others whose head reaches into the crop by the share `intrude` are counted in.
    """
    own = scores[one.box]
    inside = [other for other in everyone if other is one or _reaches(other, box, intrude)]
    counted = [noun for other in inside if (noun := _noun(scores[other.box])) is not None]
    composed = set(count_tags(counted)) if counted else set()
    if len(inside) > 1:
        composed.discard("solo")
    if shape := _framing(kind, own):
        composed.add(shape)
    shown = {tag for tag in own if not is_count(tag) and tag not in FRAMINGS and is_visible(tag, kind)}
    return in_order((tag, own.get(tag, 1.0)) for tag in composed | shown)


def _reaches(other: Person, box: Box, share: float) -> bool:
    part = other.head or other.face or other.person
    return part is not None and containment(part, box) >= share


def _noun(scores: Scores) -> str | None:
    """What a person is counted as; None for somebody without a person box, whom nobody looked at."""
    return next((noun for noun in ("girl", "boy", "other") if f"1{noun}" in scores), None)


def _framing(kind: str, scores: Scores) -> str | None:
    """How much of the person a crop shows: what the person box shows, but no more than the kind does."""
    if kind == "head":
        return "portrait"
    whole = next((tag for tag in FRAMINGS if tag in scores), None)
    return whole if kind == "fullbody" or whole == "portrait" else "upper_body"


def cut_crops(images: Iterable[tuple[str, Image]], crops: pl.DataFrame) -> Iterator[tuple[str, Image]]:
    """Yield (crop, pixels) for the rows of `crops`, as their stills come by. images: (still, image)."""
    wanted = {str(still): rows for (still,), rows in crops.group_by("still", maintain_order=True)}
    for still, image in images:
        for name, *box in wanted[still].select("crop", "x0", "y0", "x1", "y1").iter_rows():
            yield name, cut(image, *box)


def correct(crops: pl.DataFrame, corrections: Sequence[Correction], source: str = FILE) -> pl.DataFrame:
    """Return the crops with the tags that people added to single crops, or removed.

    An added tag stands last. source: the file's name, for messages. Raises GengaError for a crop that is not there.
    """
    tags = dict(zip(crops["crop"].to_list(), crops["tags"].to_list(), strict=True))
    decided = dict(zip(crops["crop"].to_list(), crops["decided"].to_list(), strict=True))
    for one in (one for one in corrections if one.of_crop):
        if one.target not in tags:
            raise GengaError(f"{source}:{one.line}: there is no crop {one.target}; put it right or take the line out")
        others = [tag for tag in tags[one.target] if tag != one.tag]
        tags[one.target] = [*others, one.tag] if one.decision == "add" else others
        decided[one.target] = sorted({*decided[one.target], one.tag})
    columns = {"tags": list(tags.values()), "decided": list(decided.values())}
    return crops.with_columns(pl.DataFrame(columns, schema=only(CROP, *columns)))


def in_words(table: pl.DataFrame) -> str:
    """Return how many crops there are, kept by kind, and left out by reason."""
    kinds, reasons = _counts(table.filter("kept")["kind"]), _counts(table.filter(~pl.col("kept"))["reason"])
    return f"{len(table)} crops; kept {kinds}; left out {reasons}"


def _counts(values: pl.Series) -> str:
    """The values and how often each is there: `12 head, 3 small`."""
    return ", ".join(f"{number} {value}" for value, number in sorted(values.value_counts().iter_rows())) or "none"
