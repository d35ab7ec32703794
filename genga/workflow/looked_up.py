"""Where a table's lines were decided and where they take effect, as the tables of episodes have it now.

Apart from genga.workflow.decided because it reads tables: for that libraries are needed that take half a second and
50 MB, which no `snakemake -n` needs where nothing is new (as what was found is kept), or nothing decided.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from genga.decisions.anchors import Anchor, read_anchor, target_of
from genga.decisions.csv import AT, Decision, content_of, parse
from genga.decisions.frames import at_of, hold_of, is_at
from genga.decisions.placing import OF_DEDUP, Episode, Scene, read_episode
from genga.decisions.tags import lines_of, subject_of
from genga.errors import GengaError
from genga.store.hash_cache import stamp_of
from genga.store.parquet import has_table, read_table
from genga.tables.places import path_of

_LOOKED_AT = ("dedup", "stills", "detect")  # stages whose tables say where somebody is

Stamps = dict[str, list[int] | None]  # of all files that were looked at
Landed = dict[str, list[list[Any]]]  # by episode: lines about its drawings


def looked_up(path: str, kind: str, series: str, episode: str) -> tuple[Stamps, dict[str, str], Landed]:
    """Return what is found of a table, from it and from the tables of the episodes that it is about.

    That is the stamps of all these, by line what its column `at` does not say yet, and by the episode that keeps their
    drawing the lines about it.
    """
    looked_at = {path}

    def read(name: str) -> Episode | None:
        paths = [path_of(stage, f"{series}/{name}") for stage in _LOOKED_AT]
        looked_at.update(paths)
        return read_episode(*map(Path, paths))

    scene, at, landed = Scene(series, read), {}, {}
    stamps = {path: stamp_of(path)}
    try:
        lines = parse(content_of(path), path, kind)
        if kind == "frames":
            looked_at.add(table := path_of("dedup", f"{series}/{episode}"))
            drawings = read_table(table, OF_DEDUP) if has_table(table) else None
            found = {str(one.line): _hold(one, drawings) for one in lines}
        else:
            found = {str(one.line): _lacking(one, scene) for one in lines}
        at = {line: text for line, text in found.items() if text}
        landed = landing(path, scene, at) if kind == "tags" else {}
    except GengaError:  # the job says it, too
        at, landed = {}, {}
    stamps |= {one: stamp_of(one) for one in sorted(looked_at)}
    return {one: None if stamp is None else list(stamp) for one, stamp in stamps.items()}, at, landed


def landing(path: str | Path, scene: Scene, at: Mapping[str, str]) -> Landed:
    """Return by episode the lines of a table whose drawings it keeps, as placed_lines reads them; without its own.

    at: by line, what its column `at` does not say yet.
    """
    found: Landed = {}
    for one in lines_of(path):
        target, noted = subject_of(one), at.get(str(one.line), "")
        anchor = read_anchor(noted, str(path)) if noted else one.at
        known = anchor if target and anchor is not None and anchor.is_of(target) else None
        if target is None or (target.box is not None and known is None):
            continue
        shown = scene.shown(target if known is None else target._replace(frame=known.seen_in))
        still, why = (shown.still, shown.why) if known else shown.whole()
        if still is None or why or still.episode == target.episode or (known and not shown.holds(known.place)):
            continue
        there, place = still._replace(box=target.box, kind=target.kind), ""
        if known is not None and target.box is not None:
            place = str(Anchor(there.frame, target.box, shown.carried(known.place), seen=shown.carried(known.seen)))
        name = f"{there.still}-{there.box}-{there.kind}" if one.of_crop else there.still
        found.setdefault(there.episode, []).append([one.line, name, one.box, one.tag, one.decision, place])
    return found


def _lacking(line: Decision, scene: Scene) -> str:
    """What stands in the column `at` of a line that does not say it, or says it of another id; "" if nothing can."""
    target = target_of(line["crop"] or line["still_or_crop"])
    if target is not None and line["box"].isdecimal():
        target = target._replace(box=int(line["box"]))
    if target is None or target.box is None:
        return ""
    anchor = read_anchor(line[AT], line.where)
    now = scene.anchor(target) if anchor is None or not anchor.is_of(target) else None
    return "" if now is None else str(now)


def _hold(line: Decision, dedup: pl.DataFrame | None) -> str:
    """The same of a line that drops a drawing. dedup: what that stage made of its episode."""
    frame = line["frame"]
    if line["decision"] != "drop" or not frame.isdecimal() or dedup is None or is_at(line[AT], int(frame)):
        return ""
    hold = hold_of(dedup, int(frame))
    return "" if hold is None else at_of(int(frame), hold)
