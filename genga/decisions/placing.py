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

from genga.decisions.anchors import Anchor, Shown, Step, Target, steps_of, target_of
from genga.images.boxes import WHOLE, Box, carried, containment, iou, off_middle, thousandths, within
from genga.store.parquet import has_table, names_in, read_table
from genga.tables.dedup import DEDUP, KEPT, MOVED, STITCHED
from genga.tables.detect import DETECT
from genga.tables.schema import only
from genga.tables.stills import STILLS

OF_DEDUP = only(DEDUP, "frame", "shot", "keeper", "reason", "keeper_episode", "motion", "beside", "unlike")
OF_STILLS = only(STILLS, "frame", "shot", "width", "height", "x0", "y0", "x1", "y1")
OF_DETECT = only(DETECT, "still", "box", "kind", "x0", "y0", "x1", "y1")

LEAST = 0.7  # IoU from which somebody stands in a place; of one drawing's frames and detectors it is above 0.8
CLEAR = 0.15  # by which the next one's must be less
COMMON = 0.4  # share of a person that both pictures must show: of a whole figure a close-up shows head and shoulders
MOST = 3  # candidates named

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
    def pictures(self) -> dict[int, tuple[Box, Box]]:
        """Of each still by frame: where in it the frame lies, px, and what it shows, in thousandths of the frame."""
        return {
            frame: ((x0, y0, x1, y1), thousandths((0, 0, width, height), (x0, y0, x1, y1)))
            for frame, _, width, height, x0, y0, x1, y1 in self.stills.rows()
        }

    @cached_property
    def persons(self) -> dict[int, list[tuple[int, Box]]]:
        """Number and place of everybody with a person box, by the still's frame, in thousandths of that frame."""
        found: dict[int, list[tuple[int, Box]]] = {}
        for still, box, x0, y0, x1, y1 in self.detect.filter(kind="person").drop("kind").rows():
            frame = int(still.rpartition("/")[2])
            place = thousandths((x0, y0, x1, y1), self.pictures[frame][0])
            found.setdefault(frame, []).append((box, place))
        return found

    def standing(self, frame: int, place: Box, seen: Box = WHOLE) -> tuple[int | None, bool]:
        """Return who stands in a place of a still, and whether that is beyond doubt. seen: what is compared of it."""
        every = self.persons.get(frame, [])
        shares = sorted(((iou(within(place, seen), within(other, seen)), box) for box, other in every), reverse=True)
        if not shares or shares[0][0] < LEAST:
            return None, True
        if min(containment(one, seen) for one in (place, dict(every)[shares[0][1]])) < COMMON:
            return None, True
        return shares[0][1], len(shares) == 1 or shares[0][0] - shares[1][0] >= CLEAR

    def best_view(self, frame: int, place: Box) -> tuple[int, Box]:
        """Return the frame of a stitched still that shows a place of it best, and the place there."""
        parts = self.dedup.filter(pl.col("frame") != frame, keeper=frame, reason=STITCHED).select("frame", "motion")
        views = [(frame, WHOLE), *((other, carried(WHOLE, motion)) for other, motion in parts.rows() if motion)]
        shares = [
            (round(containment(place, view), 2), other == frame, -off_middle(place, view)) for other, view in views
        ]
        best, view = views[shares.index(max(shares))]
        return best, thousandths(within(place, view), view)

    def around(self, frame: int) -> list[int]:
        """Return the nearest stills before and after a frame in its shot that show anyone; none if the camera moves."""
        shot = self.dedup["shot"][frame]
        if self.dedup.filter(pl.col("reason").is_in(MOVED), shot=shot).height:
            return []
        of_shot = [other for other in self.stills.filter(shot=shot)["frame"] if other in self.persons]
        return [f for f in of_shot if f < frame][-1:] + [f for f in of_shot if f > frame][:1]


def read_episode(dedup: Path, stills: Path, detect: Path) -> Episode | None:
    """Read an episode's tables; None if one of them is not there."""
    if not all(map(has_table, (dedup, stills, detect))):
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

    def shown(self, target: Target) -> Shown:
        """Return the still that shows the drawing of a frame, through as many keepers as it takes."""
        name, frame, why = target.episode, target.frame, ""
        steps: tuple[Step, ...] = ()
        for _ in range(1000):  # keepers; more is a circle
            known = self.episode(name) if target.series == self._series else None
            if known is None:
                return Shown(None, f"nothing is made of {target.series}/{name}")
            if frame >= len(known.dedup):
                return Shown(None, f"{target.series}/{name} has no frame {frame}")
            row = known.dedup.row(frame, named=True)
            keeper, reason, home = row["keeper"], row["reason"], row["keeper_episode"]
            if reason in KEPT:
                return Shown(Target(self._series, name, frame, None, None), why, steps)
            if keeper is None:
                return Shown(None, f"frame {frame} of {name} shows no drawing now ({reason})")
            if reason == "blend" or row["motion"] == []:
                why = f"frame {frame} of {name} shows another view of its drawing than {home or name} {keeper}"
            name, frame, steps = home or name, keeper, (*steps, *steps_of(row))
        return Shown(None, f"frame {target.frame} of {target.episode} leads to no still")

    def _views(self, shown: Shown) -> list[Shown]:
        """The stills that show the drawing, the nearest first: from one end of a camera's move on to the other."""
        found: list[Shown] = []
        while shown.still and not shown.why and shown.still not in [one.still for one in found]:
            found.append(shown)
            known = self.episode(shown.still.episode)
            row = known.dedup.row(shown.still.frame, named=True) if known else {"beside": None}
            if row["beside"] is None or not row["motion"]:
                break
            there = self.shown(shown.still._replace(frame=row["beside"]))
            shown = Shown(there.still, there.why, (*shown.steps, *steps_of(row), *there.steps))
        return found

    def anchor(self, target: Target) -> Anchor | None:
        """Return where the person of an id is now; None if there is no such still or person."""
        known = self.episode(target.episode) if target.series == self._series else None
        for box, place in known.persons.get(target.frame, []) if known else []:
            if known and box == target.box:
                best, place = known.best_view(target.frame, place)
                return Anchor(target.frame, box, place, None if best == target.frame else best)
        return None

    def anchors(self, ids: Iterable[str]) -> dict[str, str]:
        """Return what stands in `at` of lines about these persons or crops, by id, of those that are there."""
        found = {name: self.anchor(target) for name in ids if (target := target_of(name)) is not None}
        return {name: str(anchor) for name, anchor in found.items() if anchor is not None}

    def place(self, target: Target, anchor: Anchor | None, along: bool = False) -> Placed | Unplaced:
        """Return who is meant by the id of a person or a crop.

        anchor: None for a line without one, whose number counts while its own still is there, and else until something
        moved. along: if nobody stands there any more, go along the shot: who does before and after is the same.
        """
        meant = anchor if anchor is not None and anchor.is_of(target) else None
        if (now := self.anchor(target)) is not None and meant in (None, now):
            return Placed(((target.still, now.box),))
        shown = self.shown(target if meant is None else target._replace(frame=meant.seen_in))
        still = shown.still
        known = self.episode(still.episode if still else target.episode)
        if still is None or known is None:
            return Unplaced(shown.why, self.stills_near(target))
        everybody = known.persons.get(still.frame, [])
        if meant is None:
            return Unplaced("the line does not say where the person was (column at)", _named(still, everybody))
        everybody = sorted(everybody, key=lambda one: -iou(shown.carried(meant.place), one[1]))
        if shown.why:
            return Unplaced(shown.why, _named(still, everybody))
        for view in self._views(shown):
            if (found := self._standing(view, meant)) is not None:
                return found if isinstance(found, Placed) else found._replace(nearest=_named(still, everybody))
        around = known.around(still.frame) if along and not shown.steps else []
        seen = [(still._replace(frame=frame), *known.standing(frame, meant.place)) for frame in around]
        if seen and all(box is not None and sure for _, box, sure in seen):
            return Placed(tuple((other.still, box) for other, box, _ in seen if box is not None))
        return Unplaced(f"nobody is found in that place of {still.still} now", _named(still, everybody))

    def _standing(self, shown: Shown, at: Anchor) -> Placed | Unplaced | None:
        """Who stands in a place of a frame's picture, in a still that shows its drawing; None for nobody."""
        known = self.episode(shown.still.episode) if shown.still else None
        if shown.still is None or known is None or not shown.holds(at.place):
            return None
        seen = within(shown.carried(at.seen), known.pictures[shown.still.frame][1])
        best, sure = known.standing(shown.still.frame, shown.carried(at.place), seen)
        return (
            None
            if best is None
            else Placed(((shown.still.still, best),))
            if sure
            else Unplaced("two people stand in that place now")
        )

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
    known = {clip for name in episodes for clip in names_in(data / "dedup" / series / f"{name}.parquet")}

    def read(name: str) -> Episode | None:
        paths = (data / stage / series / f"{name}.parquet" for stage in ("dedup", "stills", "detect"))
        return read_episode(*paths) if name in known else None

    return Scene(series, read)
