"""What a line is about: the id of a still, of a person in it or of a crop, and where that person was, its column `at`.

`at` is frame and box of the line's own id, the person's box in thousandths of the picture's width and height, and for a
stitched picture, which has a place of its own for everything, its size: `152-0 120 40 300 700`. genga writes it; what
for says genga.decisions.placing.
"""

import re
from typing import NamedTuple

from genga.errors import GengaError
from genga.images.boxes import Box

_ID = re.compile(r"([^/]+)/([^/]+)/(\d+)(?:-(\d+)(?:-(fullbody|halfbody|head))?)?")
_AT = re.compile(r"(\d+)-(\d+) (\d+) (\d+) (\d+) (\d+)(?: (\d+x\d+))?")


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
    place: Box  # thousandths of the picture
    size: str = ""  # of a stitched picture, px: 2048x360

    def __str__(self) -> str:
        return " ".join(map(str, [f"{self.frame}-{self.box}", *self.place, *filter(None, [self.size])]))

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
    frame, box, *place = (int(match[k]) for k in range(1, 7))
    return Anchor(frame, box, (place[0], place[1], place[2], place[3]), match[7] or "")
