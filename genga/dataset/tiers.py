"""Which tier people gave images, in place of the judge's: `corrections/<series>/tiers.csv`.

Columns: still_or_crop, tier, and optionally who, why, at. A line about a still is about its picture and every crop of
it, a line about a crop about that crop alone, whatever is said of its still. Of two lines about one image the later one
holds, and both are named. What a line is about where drawings have other stills now, and persons other numbers, says
genga.decisions.placing.
"""

import sys
from collections.abc import Callable, Iterable, Sequence, Set
from pathlib import Path
from typing import NamedTuple

import polars as pl

from genga.decisions.anchors import Anchor, read_anchor, target_of
from genga.decisions.csv import AT, KINDS, Open, read
from genga.decisions.placing import Scene, Unplaced, read_scene
from genga.errors import GengaError
from genga.store.parquet import read_table
from genga.tables.crop import KINDS as CUTS
from genga.tables.left_out import LEFT_OUT
from genga.tables.quality import TIERS
from genga.tables.schema import only

FILE = KINDS["tiers"].file


class Given(NamedTuple):
    """A line of the table."""

    file: str
    line: int  # in it
    image: str  # id of a still or a crop
    tier: str  # one of TIERS
    at: Anchor | None = None  # where the person was, of a line about a crop

    @property
    def says(self) -> str:
        return f"{self.image} is {self.tier}"


def read_tiers(files: Iterable[Path]) -> list[Given]:
    """Return what the table among `files` says, in order; [] if there is none."""
    path = next((path for path in files if path.name == FILE), None)
    return read_table_of(path) if path else []


def read_table_of(path: Path, tell: bool = True) -> list[Given]:
    """Return the lines of a table. Raises GengaError naming file and line.

    tell: whether those that contradict each other are named on stderr.
    """
    found: list[Given] = []
    last: dict[str, Given] = {}
    for one in read(path, "tiers"):
        image, tier = one["still_or_crop"], one["tier"]
        if not image:
            raise GengaError(f"{one.where}: names no still or crop")
        if tier not in TIERS:
            raise GengaError(f"{one.where}: tier must be {', '.join(TIERS)}, got {tier!r}")
        given = Given(one.file, one.line, image, tier, read_anchor(one[AT], one.where))
        if tell and (before := last.get(image, given)).tier != tier:
            said = f"says {tier} of {image}, and line {before.line} {before.tier}; the later one holds"
            print(f"warning: {one.where}: {said}: take one of them out", file=sys.stderr)
        last[image] = given
        found.append(given)
    return found


def overruled(
    images: pl.DataFrame, lines: Sequence[Given], scene: Callable[[], Scene] | None
) -> tuple[pl.DataFrame, list[tuple[str, Open]]]:
    """Return the images with the tiers that people gave them, and the lines that take no effect, with their file.

    images: image, still, tier. scene: in which lines are placed, read if there are any; None: by their ids alone.
    """
    if not lines:
        return images, []
    given, found = placed(lines, {*images["image"]}, scene() if scene else None)
    said = [pl.col(of).replace_strict(given, default=None, return_dtype=pl.String) for of in ("image", "still")]
    return images.with_columns(tier=pl.coalesce(*said, "tier")), found


def placed(
    lines: Sequence[Given], images: Set[str], scene: Scene | None
) -> tuple[dict[str, str], list[tuple[str, Open]]]:
    """Return the tier that people gave images, by id as it is now, and the lines that take no effect.

    Of lines that came to one image one about that very id holds, else the last one; others that say something else take
    no effect. images: ids of all that there are.
    """
    about: dict[str, list[Given]] = {}
    found: list[tuple[str, Open]] = []
    for one in lines:
        where = _placed(one, images, scene)
        if isinstance(where, Unplaced):
            found.append((one.file, _open(one, where, images)))
        else:
            about.setdefault(where, []).append(one)
    holds = {image: next((one for one in reversed(of) if one.image == image), of[-1]) for image, of in about.items()}
    for image, of in about.items():
        said = Unplaced(f"line {holds[image].line} says {holds[image].tier} of the same", (image,))
        found += [(one.file, _open(one, said, images)) for one in of
                  if one.tier != holds[image].tier and one.image != holds[image].image]  # fmt: skip
    return {image: one.tier for image, one in holds.items()}, sorted(found)


def _placed(one: Given, images: Set[str], scene: Scene | None) -> str | Unplaced:
    """The id of what a line is about now."""
    target = target_of(one.image)
    if target is None or (target.box is not None and target.kind is None):
        return Unplaced("that is the id of no still or crop")
    own = one.at is None or not one.at.is_of(target)
    if (own and one.image in images) or scene is None or scene.episode(target.episode) is None:
        return one.image if one.image in images else Unplaced("there is no such image now")
    if target.box is None:
        still, why = scene.shown(target).whole()
        if still is None or why:
            return Unplaced(why, (still.still,) if still else scene.stills_near(target))
        return still.still
    whom = scene.place(target, one.at)
    if isinstance(whom, Unplaced):
        return whom
    ((where, box),) = whom.persons
    name = f"{where}-{box}-{target.kind}"
    return name if name in images else Unplaced("that person has no such crop now", ((where, box),))


def _open(one: Given, why: Unplaced, images: Set[str]) -> Open:
    """A line that takes no effect. Offered are the images that there are, of persons the crops."""
    nearest = [
        image
        for near in why.nearest
        for image in ([near] if isinstance(near, str) else [f"{near[0]}-{near[1]}-{kind}" for kind in CUTS])
    ]
    return Open(one.line, one.says, why.why, tuple(image for image in nearest if image in images))


def without_effect(file: Path, data: Path, series: str, episodes: Sequence[str]) -> list[tuple[str, Open]]:
    """Return the lines of a table that take no effect, with their file; none as long as there is no dataset.

    data: folder of the tables, in which the images that there are are looked up.
    """
    paths = [data / stage / f"{series}.parquet" for stage in ("dataset", "dataset/left-out")]
    if not file.is_file() or not all(path.is_file() for path in paths):
        return []
    images = {image for path in paths for image in read_table(path, only(LEFT_OUT, "image"))["image"]}
    return placed(read_table_of(file, tell=False), images, read_scene(data, series, episodes))[1]
