"""How right boxes, tags and found text are on the sample series: `python -m bench.images [--truth data/truth/sample]`.

Compares the tables that the workflow made (data/stills, detect, quality, tag) with the truth drawn beside the episodes.
A still in a dissolve or fade has no truth of its own and is left out. Prints the tables that docs/embedded.md quotes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import typer

from bench.models import table
from demo.world.vocabulary import INDEX, RATINGS
from genga.images.boxes import Box, area, overlap
from genga.people.figures import FRAMINGS, is_count
from genga.people.tracks import Person
from genga.store.files import read_json
from genga.store.parquet import read_table
from genga.tables.detect import BOXES, KINDS
from genga.tables.quality import QUALITY
from genga.tables.tag import TAG as TAGS
from genga.vocabulary.parts import is_subject

SAME = 0.5  # IoU from which a box found is the true one

Truth = Mapping[str, Any]  # what demo.film.truth writes for one drawing: figures and tags
Tally = Counter[str]  # right, extra, missed


def truths(stills: pl.DataFrame, episode: Mapping[str, Any]) -> dict[str, tuple[int, Truth]]:
    """Return frame number and truth by still, for the stills that show one drawing."""
    found = {}
    for still, frame in stills.select("still", "frame").iter_rows():
        seen = episode["moving"].get(str(frame)) or episode["drawings"].get(str(episode["drawing"][frame]))
        if seen is not None and episode["drawing"][frame] >= 0:
            found[still] = (frame, seen)
    return found


def pairs(found: Sequence[Box], true: Sequence[Box]) -> list[tuple[int, int]]:
    """Return which box found is which true one: best overlap first, each used once, IoU at least SAME."""
    every = sorted(((-iou(a, b), i, j) for i, a in enumerate(found) for j, b in enumerate(true)), key=lambda one: one)
    taken: list[tuple[int, int]] = []
    for share, i, j in every:
        if -share >= SAME and all(i != a and j != b for a, b in taken):
            taken.append((i, j))
    return taken


def iou(a: Box, b: Box) -> float:
    """Intersection over union."""
    return overlap(a, b) / max(area(a) + area(b) - overlap(a, b), 1)


def tally(found: set[str], true: set[str]) -> Tally:
    """Count tags that are right, extra and missed."""
    return Counter(right=len(found & true), extra=len(found - true), missed=len(true - found))


def scores(counted: Tally) -> tuple[float, float, float]:
    """Return precision, recall and F1."""
    right, extra, missed = counted["right"], counted["extra"], counted["missed"]
    return right / max(right + extra, 1), right / max(right + missed, 1), 2 * right / max(2 * right + extra + missed, 1)


def boxes_of(rows: pl.DataFrame) -> list[Box]:
    """The boxes of rows of the table detect."""
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in rows.select("x0", "y0", "x1", "y1").iter_rows()]


def detection(detect: pl.DataFrame, known: Mapping[str, tuple[int, Truth]]) -> Iterator[tuple[str, Tally]]:
    """Yield (kind, tally) for every still and kind."""
    by_still = {(still, kind): rows for (still, kind), rows in detect.group_by("still", "kind")}
    for still, (_, truth) in known.items():
        for kind in KINDS:
            rows = by_still.get((still, kind))
            found = boxes_of(rows) if rows is not None else []
            true = [whole(figure["boxes"][kind]) for figure in truth["figures"] if kind in figure["boxes"]]
            right = len(pairs(found, true))
            yield kind, Counter(right=right, extra=len(found) - right, missed=len(true) - right)


def whole(box: Sequence[float]) -> Box:
    """A true box in whole px."""
    x0, y0, x1, y1 = (round(v) for v in box)
    return x0, y0, x1, y1


def tagging(
    tags: pl.DataFrame, detect: pl.DataFrame, known: Mapping[str, tuple[int, Truth]]
) -> Iterator[tuple[str, str, Tally]]:
    """Yield (picture, kind of tag, tally) for every still, and every person found who is one of the figures."""
    kept = tags.filter(pl.col("kept") & pl.col("tag").is_in(list(INDEX)))
    held = {key: set(rows["tag"].to_list()) for key, rows in kept.group_by("still", "box")}
    for still, (_, truth) in known.items():
        yield from by_kind("still", held.get((still, None), set()), set(truth["tags"]))
    for person, figure in figures_found(detect, known):
        yield from by_kind("person", held.get(person, set()), set(figure["tags"]))


def figures_found(detect: pl.DataFrame, known: Mapping[str, tuple[int, Truth]]) -> Iterator[tuple[Person, Truth]]:
    """Yield ((still, box), figure) for every person found who is one of the figures drawn."""
    persons = {still: rows.sort("box") for (still,), rows in detect.filter(kind="person").group_by("still")}
    for still in (still for still in known if still in persons):
        figures = [figure for figure in known[still][1]["figures"] if "person" in figure["boxes"]]
        true = [whole(figure["boxes"]["person"]) for figure in figures]
        for i, j in pairs(boxes_of(persons[still]), true):
            yield (still, persons[still]["box"][i]), figures[j]


def by_kind(picture: str, found: set[str], true: set[str]) -> Iterator[tuple[str, str, Tally]]:
    """Yield the tallies of composition tags, and of all others; ratings are left out, there is only one."""
    found, true = found - set(RATINGS), true - set(RATINGS)
    composed = {tag for tag in found | true if is_count(tag) or tag in FRAMINGS}
    places = {tag for tag in found - true if picture == "person" and not describes(tag)}
    yield picture, "composition", tally(found & composed, true & composed)
    yield picture, "other", tally(found - composed - places, true - composed)


def describes(tag: str) -> bool:
    """Whether a tag is about somebody: the truth of a figure holds no tags of the place behind it."""
    return is_subject(tag, False)


def text(quality: pl.DataFrame, known: Mapping[str, tuple[int, Truth]], episode: Mapping[str, Any]) -> Tally:
    """Count the stills with burned-in text that was found, text found where there is none, and text missed."""
    spans = [(span["start"], span["end"]) for span in episode["texts"]]
    counted: Tally = Counter()
    for still, cover in quality.select("still", "text_cover").iter_rows():
        if still in known:
            there = any(start <= known[still][0] < end for start, end in spans)
            counted += tally({"text"} if cover > 0 else set(), {"text"} if there else set())
    return counted


def rows_of(counted: Mapping[tuple[str, ...], Tally]) -> Iterable[tuple[object, ...]]:
    """Table rows: the key, precision, recall, F1, how many are true."""
    for key, one in counted.items():
        yield *key, *scores(one), one["right"] + one["missed"]


def main(
    truth: Path = typer.Option(Path("data/truth/sample"), help="folder with a JSON for each episode"),
    data: Path = typer.Option(Path("data"), help="folder that the workflow wrote"),
) -> None:
    """Measure boxes, tags and found text on the sample series."""
    boxes: dict[tuple[str, ...], Tally] = {(kind,): Counter() for kind in KINDS}
    tags: dict[tuple[str, ...], Tally] = {}
    texts: Tally = Counter()
    for path in sorted(truth.glob("*.json")):
        episode, place = read_json(path), f"{truth.name}/{path.stem}.parquet"
        known = truths(read_table(data / "stills" / place, {"still": pl.String, "frame": pl.Int64}), episode)
        found = read_table(data / "detect" / place, BOXES)
        for kind, one in detection(found, known):
            boxes[(kind,)] += one
        for picture, about, one in tagging(read_table(data / "tag" / place, TAGS), found, known):
            tags.setdefault((picture, about), Counter()).update(one)
        texts += text(read_table(data / "quality" / place, QUALITY), known, episode)
    tags[("both", "all")] = sum(tags.values(), Counter())
    print(table(["box", "precision", "recall at IoU 0.5", "F1", "true boxes"], rows_of(boxes)), end="\n\n")
    print(table(["picture", "tags", "precision", "recall", "F1", "true tags"], rows_of(tags)), end="\n\n")
    print(table(["burned-in text", "precision", "recall", "F1", "stills"], rows_of({("found",): texts})))


if __name__ == "__main__":
    typer.run(main)
