"""Where a decision takes effect now: which still shows its drawing, and who in there is the person that was meant.

A frame has its number for ever. Which frame of a drawing becomes its still depends on parameters, and so do the numbers
of boxes, which are counted from left to right. So a line about a person says in its column `at` where the person was
when it was written, and is placed by that: its drawing is looked up through the keepers of stage dedup, into earlier
episodes too, and the person is whoever stands in that place there. Where that is not certain nobody is taken: a name
must never go to somebody else.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import polars as pl

from genga.decisions.anchors import Anchor, Target, target_of
from genga.images.boxes import Box, iou
from genga.store.parquet import read_table
from genga.tables.dedup import DEDUP, KEPT, STITCHED
from genga.tables.detect import DETECT
from genga.tables.schema import only
from genga.tables.stills import STILLS

OF_DEDUP = only(DEDUP, "frame", "shot", "keeper", "reason", "keeper_episode")
OF_STILLS = only(STILLS, "frame", "shot", "width", "height")
OF_DETECT = only(DETECT, "still", "box", "kind", "x0", "y0", "x1", "y1")

LEAST = 0.7  # IoU from which somebody stands in a place; of one drawing's frames and detectors it is above 0.8
CLEAR = 0.15  # by which the next one's must be less
MOST = 3  # candidates named

_MOVED = ("camera", STITCHED)  # reasons of frames with what is in the keeper's picture in another place

Person = tuple[str, int]  # still, box


class Placed(NamedTuple):
    """Who is meant. Several: the same person in other stills, if those agree that it is one."""

    persons: tuple[Person, ...]


class Unplaced(NamedTuple):
    why: str
    nearest: tuple[Person | str, ...] = ()  # persons, or stills


@dataclass(frozen=True)
class Episode:
    """What there is of an episode now: OF_DEDUP, OF_STILLS and OF_DETECT of it."""

    dedup: pl.DataFrame
    stills: pl.DataFrame
    detect: pl.DataFrame

    @cached_property
    def moved(self) -> set[int]:
        """The keepers that stand for other views of their drawing, too."""
        return set(self.dedup.filter(pl.col("reason").is_in(_MOVED))["keeper"])

    @cached_property
    def stitched(self) -> dict[int, str]:
        """The size of each still that is stitched, by frame."""
        made = set(self.dedup.filter(pl.col("keeper_episode").is_null(), reason=STITCHED)["keeper"])
        return {frame: f"{width}x{height}" for frame, _, width, height in self.stills.rows() if frame in made}

    @cached_property
    def persons(self) -> dict[int, list[tuple[int, Box]]]:
        """Number and place of everybody with a person box, by the still's frame."""
        sizes = {frame: (width, height) for frame, _, width, height in self.stills.rows()}
        found: dict[int, list[tuple[int, Box]]] = {}
        for still, box, x0, y0, x1, y1 in self.detect.filter(kind="person").drop("kind").rows():
            frame = int(still.rpartition("/")[2])
            width, height = sizes[frame]
            place = (round(1000 * x0 / width), round(1000 * y0 / height),
                     round(1000 * x1 / width), round(1000 * y1 / height))  # fmt: skip
            found.setdefault(frame, []).append((box, place))
        return found

    def standing(self, frame: int, place: Box) -> tuple[int | None, bool]:
        """Return who stands in a place of a still, and whether that is beyond doubt."""
        shares = sorted(((iou(place, other), box) for box, other in self.persons.get(frame, [])), reverse=True)
        if not shares or shares[0][0] < LEAST:
            return None, True
        return shares[0][1], len(shares) == 1 or shares[0][0] - shares[1][0] >= CLEAR

    def beside(self, frame: int) -> list[int]:
        """Return the nearest stills before and after a frame in its shot that show anyone; none if the camera moves."""
        shot = self.dedup["shot"][frame]
        if self.dedup.filter(pl.col("reason").is_in(_MOVED), shot=shot).height:
            return []
        of_shot = [other for other in self.stills.filter(shot=shot)["frame"] if other in self.persons]
        return [f for f in of_shot if f < frame][-1:] + [f for f in of_shot if f > frame][:1]


def read_episode(dedup: Path, stills: Path, detect: Path) -> Episode | None:
    """Read an episode's tables; None if one of them is not there."""
    if not all(path.is_file() for path in (dedup, stills, detect)):
        return None
    return Episode(read_table(dedup, OF_DEDUP), read_table(stills, OF_STILLS), read_table(detect, OF_DETECT))


class Scene:
    """What there is of a series now, episode by episode, as it is asked for."""

    def __init__(self, series: str, read: Callable[[str], Episode | None]) -> None:
        """read: an episode by its name without the series; None if nothing is made of it."""
        self._series, self._read = series, read
        self._known: dict[str, Episode | None] = {}

    def episode(self, name: str) -> Episode | None:
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def shown(self, target: Target) -> tuple[Target | None, str]:
        """Return the still that shows the drawing of a frame, through as many keepers as it takes; None for none.

        And why there is none, or why not everything in it is where it is in the frame; "" if it is.
        """
        name, frame, why = target.episode, target.frame, ""
        for _ in range(1000):  # keepers; more is a circle
            known = self.episode(name) if target.series == self._series else None
            if known is None:
                return None, f"nothing is made of {target.series}/{name}"
            if frame >= len(known.dedup):
                return None, f"{target.series}/{name} has no frame {frame}"
            _, _, keeper, reason, home = known.dedup.row(frame)
            if reason in KEPT:
                return Target(self._series, name, frame, None, None), why
            if keeper is None:
                return None, f"frame {frame} of {name} shows no drawing now ({reason})"
            there = self.episode(home) if home else None
            if reason in (*_MOVED, "blend") or (there is not None and keeper in there.moved):
                why = f"frame {frame} of {name} shows another view of its drawing than {home or name} {keeper}"
            name, frame = home or name, keeper
        return None, f"frame {target.frame} of {target.episode} leads to no still"

    def anchor(self, target: Target) -> Anchor | None:
        """Return where the person of an id is now; None if there is no such still or person."""
        known = self.episode(target.episode) if target.series == self._series else None
        for box, place in known.persons.get(target.frame, []) if known else []:
            if known and box == target.box:
                return Anchor(target.frame, box, place, known.stitched.get(target.frame, ""))
        return None

    def anchors(self, ids: Iterable[str]) -> dict[str, str]:
        """Return what stands in `at` of lines about these persons or crops, by id, of those that are there."""
        found = {name: self.anchor(target) for name in ids if (target := target_of(name)) is not None}
        return {name: str(anchor) for name, anchor in found.items() if anchor is not None}

    def place(self, target: Target, anchor: Anchor | None, along: bool = False) -> Placed | Unplaced:
        """Return who is meant by the id of a person or a crop.

        anchor: None for a line without one, whose number counts while its own still is there. along: if nobody stands
        there in the still any more, go along the shot: who stands there in the stills before and after is the same.
        """
        still, why = self.shown(target)
        known = self.episode(still.episode if still else target.episode)
        if still is None or known is None:
            return Unplaced(why, self.stills_near(target))
        everybody = known.persons.get(still.frame, [])
        if anchor is None or not anchor.is_of(target):
            if still.still == target.still and target.box in dict(everybody):
                return Placed(((still.still, int(target.box or 0)),))
            return Unplaced("the line does not say where the person was (column at)", _named(still, everybody))
        everybody = sorted(everybody, key=lambda one: -iou(anchor.place, one[1]))
        if not why and known.stitched.get(still.frame, "") != anchor.size:
            why = f"{still.still} is another picture of its drawing now (dedup.camera)"
        if why:
            return Unplaced(why, _named(still, everybody))
        best, sure = known.standing(still.frame, anchor.place)
        if best is not None:
            here = Placed(((still.still, best),))
            return here if sure else Unplaced("two people stand in that place now", _named(still, everybody))
        beside = known.beside(still.frame) if along else []
        found = [(still._replace(frame=frame), *known.standing(frame, anchor.place)) for frame in beside]
        if found and all(box is not None and sure for _, box, sure in found):
            return Placed(tuple((other.still, box) for other, box, _ in found if box is not None))
        return Unplaced(f"nobody is found in that place of {still.still} now", _named(still, everybody))

    def stills_near(self, target: Target) -> tuple[str, ...]:
        """Return the stills whose frames are nearest to that of an id."""
        known = self.episode(target.episode) if target.series == self._series else None
        frames = sorted(known.stills["frame"], key=lambda frame: abs(frame - target.frame)) if known else []
        return tuple(target._replace(frame=frame).still for frame in frames[:MOST])


def _named(still: Target, persons: list[tuple[int, Box]]) -> tuple[Person | str, ...]:
    return tuple((still.still, box) for box, _ in persons[:MOST])


def scene_of(out: Path, dedup: Path, stills: Path, detect: Path) -> Scene:
    """Return what there is of one episode by its tables. out: a table of it, <series>/<episode>.parquet."""
    return Scene(out.parent.name, {out.stem: read_episode(dedup, stills, detect)}.get)


def read_scene(data: Path, series: str, episodes: Iterable[str]) -> Scene:
    """Return what there is of these episodes below the folder `data`, read as it is asked for."""
    known = set(episodes)

    def read(name: str) -> Episode | None:
        paths = (data / stage / series / f"{name}.parquet" for stage in ("dedup", "stills", "detect"))
        return read_episode(*paths) if name in known else None

    return Scene(series, read)
