"""Stretches of a shot in which frames are not one drawing at rest."""

from dataclasses import dataclass

Span = tuple[int, int]  # frames, end exclusive


@dataclass(frozen=True)
class Event:
    """Something that goes on over the frames [start, end)."""

    kind: str  # dissolve, fade; or a camera move: pan, zoom, other
    start: int
    end: int


@dataclass(frozen=True)
class Passage(Event):
    """A dissolve or fade from one picture to another; a new shot begins at `boundary`."""

    boundary: int
