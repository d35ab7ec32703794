"""What people decided about tags: `corrections/<series>/<episode>/tags.csv`.

Columns: still_or_crop, tag, decision, and optionally box, who, why, at. A line is about

- a still (`S/E/000123`): with `box` empty about the whole still, with a number about that person, with `*` about both
  the still and everybody in it;
- a crop (`S/E/000123-0-head`): about that crop alone, `box` empty.

decision: `add` or `remove`. A tag may be written with spaces, capitals and a caption's escapes: `star \\(symbol\\)`. Of
two lines that contradict each other about one tag of one target the later one holds, and both are named.
"""

import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from genga.decisions.anchors import Anchor, Target, read_anchor, target_of
from genga.decisions.csv import AT, KINDS, Decision, Open, read
from genga.decisions.placing import Scene, Unplaced, scene_of
from genga.errors import GengaError
from genga.store.files import read_json
from genga.vocabulary.text import tag_name, unknown

FILE = KINDS["tags"].file

_CROP = re.compile(r".*-\d+-(fullbody|halfbody|head)")


class Correction(NamedTuple):
    line: int  # in the file
    target: str  # id of a still or a crop
    box: int | Literal["*"] | None  # None: the whole still, or a crop
    tag: str  # with underscores
    decision: Literal["add", "remove"]
    at: Anchor | None = None  # where the person was, of a line about one

    @property
    def of_crop(self) -> bool:
        """Whether it is about a crop, rather than a still."""
        return _CROP.fullmatch(self.target) is not None


def read_corrections(path: str | Path) -> list[Correction]:
    """Return the lines of a corrections file, in order; names those that contradict each other on stderr.

    Raises GengaError naming file and line.
    """
    found = lines_of(path)
    last: dict[tuple[str, object, str], Correction] = {}
    for one in found:
        before = last.get(about := (one.target, one.box, one.tag), one)
        if before.decision != one.decision:
            said = f"says {one.decision} {one.tag}, and line {before.line} {before.decision} of the same"
            print(f"warning: {path}:{one.line}: {said}; the later one holds: take one of them out", file=sys.stderr)
        last[about] = one
    return found


def lines_of(path: str | Path) -> list[Correction]:
    """Return the same, and say nothing."""
    return [_correction(decision) for decision in read(path, "tags")]


def tell_unknown(
    corrections: Sequence[Correction], known: Collection[str], path: str | Path | None
) -> Sequence[Correction]:
    """Say on stderr which tags are not `known`, with the nearest that is; return all: people may add what is new."""
    alike: dict[tuple[str, str], list[int]] = {}  # the lines of each
    for one in corrections:
        alike.setdefault((one.tag, one.decision), []).append(one.line)
    for (tag, decision), (line, *more) in alike.items():
        if said := unknown(tag, known):
            does = "it is added as it is" if decision == "add" else "there is none to remove"
            so = f", as by {len(more)} more line{'s' if len(more) > 1 else ''}" if more else ""
            print(f"warning: {path}:{line}: {said}; {does}{so}", file=sys.stderr)
    return corrections


def _correction(decision: Decision) -> Correction:
    target, box, tag, verb = (decision[column] for column in ("still_or_crop", "box", "tag", "decision"))
    if not target or not tag:
        raise GengaError(f"{decision.where}: names no {'tag' if target else 'still or crop'}")
    if verb not in ("add", "remove"):
        raise GengaError(f"{decision.where}: decision must be add or remove, got {verb!r}")
    if box not in ("", "*") and not (box.isdecimal() and len(box) <= 9):
        raise GengaError(f"{decision.where}: box must be a person's number, * or empty, got {box!r}")
    if "," in tag:
        raise GengaError(f"{decision.where}: {tag!r} holds a comma, which separates tags; write a line for each")
    number: int | Literal["*"] | None = "*" if box == "*" else int(box) if box else None
    at = read_anchor(decision[AT], decision.where)
    return Correction(decision.line, target, number, tag_name(tag), "add" if verb == "add" else "remove", at)


def place(lines: Sequence[Correction], scene: Scene, name: str) -> tuple[list[Correction], list[Open]]:
    """Return the lines with the ids of what they are about now, and those that take no effect.

    name: series/episode of the table. Left out are lines whose drawing an earlier episode keeps, which take effect
    there (genga.workflow.decided); with "" they are not. Left as they are are lines of an id that never was one, for
    correct() to refuse.
    """
    placed, found = [], []
    for one in lines:
        moved = _placed(one, scene, name)
        if isinstance(moved, Correction):
            placed.append((one, moved))
        elif moved is not None:
            found.append(opened(one, moved))
    holds, against = _settled(placed)
    return holds, sorted([*found, *against])


def subject_of(one: Correction) -> Target | None:
    """Return what a line is about; None if it names nothing that can be."""
    target = target_of(one.target)
    return target._replace(box=one.box) if target and isinstance(one.box, int) else target


def opened(one: Correction, why: Unplaced) -> Open:
    """Return a line that takes no effect, with the reason, and what may be meant."""
    kind = one.target.rpartition("-")[2]
    nearest = (
        near if isinstance(near, str) else f"{near[0]}-{near[1]}-{kind}" if one.of_crop else f"{near[0]} box {near[1]}"
        for near in why.nearest
    )
    of = "" if one.box is None else f" box {one.box}"
    return Open(one.line, f"{one.target}{of} {one.decision} {one.tag}", why.why, tuple(nearest))


def _placed(one: Correction, scene: Scene, name: str) -> Correction | Unplaced | None:
    """A line about what it is about now; None if another episode has it."""
    target = subject_of(one)
    known = scene.episode(target.episode) if target and name in ("", f"{target.series}/{target.episode}") else None
    if target is None or known is None or target.frame >= len(known.dedup):
        return one
    if name and known.dedup["keeper_episode"][target.frame] is not None:
        return None
    still, why = scene.shown(target).whole()
    if target.box is None:
        if still is None or why:
            return Unplaced(why, (still.still,) if still else scene.stills_near(target))
        return one._replace(target=still.still)
    if still is not None and still.still == target.still and (one.at is None or not one.at.is_of(target)):
        return one
    whom = scene.place(target, one.at)
    if isinstance(whom, Unplaced):
        return whom
    ((where, box),) = whom.persons
    return (
        one._replace(target=f"{where}-{box}-{target.kind}", at=None)
        if one.of_crop
        else one._replace(target=where, box=box, at=None)
    )


def _settled(placed: Iterable[tuple[Correction, Correction]]) -> tuple[list[Correction], list[Open]]:
    """The lines that hold, and those that another contradicts since both came to the same person or picture.

    placed: each line as it was written, and as it is now. One about the very still holds against others, else the
    later one does; of lines about one id the later one holds, as ever.
    """
    about: dict[tuple[object, ...], list[tuple[Correction, Correction]]] = {}
    for was, now in placed:
        about.setdefault((now.target, now.box, now.tag), []).append((was, now))
    against: dict[int, Open] = {}
    for lines in about.values():
        holds, _ = next((pair for pair in reversed(lines) if pair[0].target == pair[1].target), lines[-1])
        for was, _ in lines:
            if was.decision != holds.decision and was.target != holds.target:
                said = f"line {holds.line} says {holds.decision} of the same"
                against[was.line] = opened(was, Unplaced(said, (holds.target,)))
    return [now for was, now in placed if was.line not in against], list(against.values())


def placed_lines(
    files: Sequence[Path], out: Path, tables: tuple[Path, Path, Path], crops: Collection[str] | None = None
) -> list[Correction]:
    """Return what people decided about the stills and persons of an episode, or about its crops, with today's ids.

    Lines that take no effect are told on stderr. files: its table, and a JSON of other episodes' lines about drawings
    that it keeps, see genga.workflow.decided; others are passed over. out: a table of it, <series>/<episode>.parquet.
    tables: of dedup, stills, detect. crops: ids of all its crops, for lines about crops. Raises GengaError naming file
    and line.
    """
    files = [path for path in files if path.name == FILE or path.suffix == ".json"]
    if not files:
        return []
    scene, name = scene_of(out, *tables), f"{out.parent.name}/{out.stem}"
    found: list[Correction] = []
    for file, lines in (pair for path in files for pair in _lines_in(path)):
        own = [one for one in lines if one.of_crop == (crops is not None)]
        placed, without = _cut_out(own, *place(own, scene, name), crops or ())
        for one in without:
            print(f"{file}:{one}", file=sys.stderr)
        found += placed
    return found


def without_effect(file: Path, scene: Scene, crops: Collection[str]) -> list[Open]:
    """Return the lines of a table that take no effect, wherever their drawings are kept. crops: ids of all crops."""
    lines = lines_of(file)
    return _cut_out(lines, *place(lines, scene, ""), crops)[1]


def _cut_out(
    lines: Sequence[Correction], placed: list[Correction], without: list[Open], crops: Collection[str]
) -> tuple[list[Correction], list[Open]]:
    """The lines that hold and the others, where a line about a crop moved to one that there is not."""
    was = {one.line: one for one in lines}
    gone = [one for one in placed if one.of_crop and one.target not in crops and one != was[one.line]]
    why = "that person has no such crop now"
    more = [opened(was[one.line], Unplaced(why, _others(one, crops))) for one in gone]
    return [one for one in placed if one not in gone], sorted([*without, *more])


def table_in(files: Sequence[Path]) -> str:
    """Return the episode's own table among `files`, for messages."""
    return next((str(path) for path in files if path.name == FILE), FILE)


def _lines_in(path: Path) -> Iterator[tuple[str, list[Correction]]]:
    """Yield the lines in a file, with the name of the table that they stand in."""
    if path.suffix != ".json":
        yield str(path), read_corrections(path)
        return
    for file, lines in read_json(path).items():
        yield file, [Correction._make([*values, read_anchor(at, file)]) for *values, at in lines]


def _others(one: Correction, crops: Iterable[str]) -> tuple[str, ...]:
    person = one.target.rpartition("-")[0]
    return tuple(crop for crop in crops if crop.startswith(f"{person}-"))
