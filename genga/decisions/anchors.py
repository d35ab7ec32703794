"""What a line is about: the id of a still, of a person in it or of a crop, and where that person was, its column `at`.

And the way from a frame to the still that shows its drawing, along which places go.

`at` is frame and box of the line's own id, and the person's box in thousandths of the frame's width and height:
`152-0 120 40 300 700`. A stitched picture shows more than its frame: of somebody whom another frame of the camera's
move shows better, it is the place in that one, `152-0 120 40 300 700 in 190`. genga writes it; what for says
genga.decisions.placing. Where another episode keeps the drawing, its jobs are told the place there and what the line's
own frame shows of it, `90-0 620 40 800 700 of 500 0 1500 1000`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from genga.errors import GengaError
from genga.images.boxes import WHOLE, Box, area, carried, iou, overlap

_ID = re.compile(r"([^/]+)/([^/]+)/(\d+)(?:-(\d+)(?:-(fullbody|halfbody|head))?)?")
_FOUR = r"(-?\d+) (-?\d+) (-?\d+) (-?\d+)"
_AT = re.compile(rf"(\d+)-(\d+) {_FOUR}(?: in (\d+))?(?: of {_FOUR})?")

SAME_VIEW = 0.9  # IoU of two views of a drawing from which what is said of one picture holds for the other
OTHER = 0.25  # share of a person's place that may show something else in the other picture: a mouth, an eye


class Target(NamedTuple):
    """What an id names: a still, a person in it, or a crop of one."""

    series: str
    episode: str
    frame: int
    box: int | None
    kind: str | None

    @property
    def still(self) -> str:
        return f"{self.series}/{self.episode}/{self.frame:06d}"


class Anchor(NamedTuple):
    """Where a person was when a line was written."""

    frame: int
    box: int
    place: Box  # thousandths of the picture of a frame
    other: int | None = None  # that frame, if it is not the one of the id
    seen: Box = WHOLE  # what of it was seen then

    def __str__(self) -> str:
        place = " ".join(map(str, (f"{self.frame}-{self.box}", *self.place)))
        place += "" if self.other is None else f" in {self.other}"
        return place if self.seen == WHOLE else " ".join(map(str, (place, "of", *self.seen)))

    @property
    def seen_in(self) -> int:
        """The frame in whose picture the place is."""
        return self.frame if self.other is None else self.other

    def is_of(self, target: Target) -> bool:
        """Whether it was taken for this id; whoever changes the id makes it void."""
        return (self.frame, self.box) == (target.frame, target.box)


def target_of(name: str) -> Target | None:
    """Return what an id names; None if it is none."""
    if (match := _ID.fullmatch(name)) is None:
        return None
    return Target(match[1], match[2], int(match[3]), int(match[4]) if match[4] else None, match[5])


def read_anchor(text: str, where: str) -> Anchor | None:
    """Return the anchor in a line's column `at`, None if it is empty. Raises GengaError, which begins with `where`."""
    if not text:
        return None
    if (match := _AT.fullmatch(text)) is None:
        raise GengaError(f"{where}: at must be what genga writes, as 152-0 120 40 300 700, or empty; got {text!r}")
    frame, box, *sides = (int(match[k]) for k in range(1, 7))
    other, *seen = (None if match[k] is None else int(match[k]) for k in range(7, 12))
    return Anchor(frame, box, _box(sides), other, WHOLE if seen[0] is None else _box(seen))


def _box(sides: Sequence[Any]) -> Box:
    x0, y0, x1, y1 = sides
    return x0, y0, x1, y1


class Step(NamedTuple):
    """From a frame to another whose picture lies elsewhere on the drawing: columns of dedup."""

    motion: tuple[float, ...]
    unlike: tuple[Box, ...]  # where it is not the same picture


class Shown(NamedTuple):
    """The still that shows a frame's drawing, None for none, and the way there from the frame's picture."""

    still: Target | None
    why: str = ""  # there is none, or it is not known where in it things are
    steps: tuple[Step, ...] = ()

    def carried(self, place: Box) -> Box:
        """Return where a place in the frame's picture is in that of the still's frame."""
        for step in self.steps:
            place = carried(place, step.motion)
        return place

    def whole(self) -> tuple[Target | None, str]:
        """Return the still in which what was said of a whole frame holds, or else why it does not."""
        if self.still and not self.why and iou(self.carried(WHOLE), WHOLE) < SAME_VIEW:
            return self.still, f"{self.still.still} shows another view of its drawing"
        return self.still, self.why

    def holds(self, place: Box) -> bool:
        """Whether what is in that place is the same picture all the way."""
        for step in self.steps:
            if sum(overlap(place, box) for box in step.unlike) > OTHER * area(place):
                return False
            place = carried(place, step.motion)
        return True


def steps_of(row: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the way that a row of dedup says, none where both pictures are one view. row: motion, unlike."""
    return (Step(tuple(row["motion"]), tuple(map(_box, row["unlike"] or ()))),) if row["motion"] else ()
