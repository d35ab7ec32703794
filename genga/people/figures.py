"""Who is in a still, by its boxes alone: how many, and how much of each. And the tags that follow from that.

Boxes count better than taggers do, and a tagger asked about a wide frame invents people. So the composition tags of
Danbooru (counts, solo, no_humans, full_body … portrait) are taken from the boxes. Heads and faces without a person box
are people too: someone at the edge of the frame.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from genga.images.boxes import Box, containment

FRAMINGS = ("full_body", "cowboy_shot", "upper_body", "portrait")

_SAME = 0.6  # share of a face in a head from which both are one person
_NOUNS = ("girl", "boy", "other")
_MANY = 6  # from here on Danbooru stops counting


class Person(NamedTuple):
    """Somebody in a still. At least one of the boxes is there."""

    box: int | None  # number of the person box; None where only head or face was found
    score: float  # of the detection, 0..1
    person: Box | None = None
    halfbody: Box | None = None
    head: Box | None = None
    face: Box | None = None


def people(rows: Iterable[Mapping[str, Any]]) -> list[Person]:
    """Return the people in one still, person boxes first, by their numbers. rows: of the table detect, one still's."""
    parts: dict[int, dict[str, Box]] = {}  # by person, then kind
    scores: dict[int, float] = {}
    loose: list[Person] = []
    for row in sorted(rows, key=lambda row: row["box"]):
        box: Box = (row["x0"], row["y0"], row["x1"], row["y1"])
        if row["person"] is not None:
            parts.setdefault(row["person"], {})[row["kind"]] = box
            if row["kind"] == "person":
                scores[row["box"]] = row["score"]
        elif row["kind"] == "head":
            loose.append(Person(None, row["score"], head=box))
        elif row["kind"] == "face" and not _known(box, loose):
            loose.append(Person(None, row["score"], face=box))
    return [*(Person(number, score, **parts[number]) for number, score in scores.items()), *loose]


def _known(face: Box, loose: list[Person]) -> bool:
    """Whether a face belongs to one of the heads without a person."""
    return any(one.head is not None and containment(face, one.head) >= _SAME for one in loose)


def count_tags(nouns: Iterable[str]) -> list[str]:
    """Return the tags that count people, from a noun for each of them: girl, boy or other."""
    counted = list(nouns)
    if not counted:
        return ["no_humans"]
    tags = ["solo"] if len(counted) == 1 else []
    for noun in _NOUNS:
        if number := counted.count(noun):
            tags.append(f"{_MANY}+{noun}s" if number >= _MANY else f"{number}{noun}{'s' if number > 1 else ''}")
        if number > 1:
            tags.append(f"multiple_{noun}s")
    return tags


def is_count(tag: str) -> bool:
    """Return whether a tag is one of those that count_tags decides."""
    if tag in ("solo", "no_humans"):
        return True
    number, noun = (tag.split("_", 1) + [""])[:2] if tag.startswith("multiple_") else (tag[:1], tag[1:].lstrip("+"))
    return (number == "multiple" or number.isdigit()) and noun.removesuffix("s") in _NOUNS


def main_person(everyone: Iterable[Person]) -> Person | None:
    """Return the person whose framing is the picture's: the one with the largest head; ties by number."""
    heads = [one for one in everyone if one.person is not None and one.head is not None]
    return max(heads, key=lambda one: height_of(one.head) if one.head else 0, default=None)


def height_of(box: Box) -> int:
    """Return the height of a box, px."""
    return box[3] - box[1]
