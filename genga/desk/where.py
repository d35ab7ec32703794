"""Where what an edit is about is now: the column `at` of lines that the desk begins (genga.decisions.placing)."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from genga.decisions.anchors import target_of
from genga.decisions.frames import at_of, hold_of
from genga.decisions.placing import OF_DEDUP, Scene, read_scene
from genga.desk.edits import TIES, Edit
from genga.store.parquet import has_table, read_table
from genga.tables import dedup
from genga.tables.places import FOLDER


def with_places(root: Path, edits: Iterable[Edit], episodes: Iterable[tuple[str, str]]) -> list[Edit]:
    """Return the edits with their `at`, of those that have one. episodes: of the project, series and name."""
    by_series: dict[str, list[str]] = {}
    for series, episode in episodes:
        by_series.setdefault(series, []).append(episode)
    scenes = {series: read_scene(root / FOLDER, series, names) for series, names in by_series.items()}
    return [replace(edit, at=edit.at or _at(root, edit, scenes)) if edit.says is not None else edit for edit in edits]


def _at(root: Path, edit: Edit, scenes: dict[str, Scene]) -> str:
    place, about = edit.place, edit.about
    if place.kind == "frames":
        frame = int(about["frame"])
        path = root / dedup.PATH.format(series=place.series, episode=place.episode)
        if edit.says is None or edit.says.get("decision") != "drop" or not has_table(path):
            return ""
        hold = hold_of(read_table(path, OF_DEDUP), frame)
        return at_of(frame, hold) if hold else ""
    name = ""
    if place.kind == "tags":
        box = about.get("box", "")
        name = f"{about['still_or_crop']}-{box}" if box not in ("", "*") else about["still_or_crop"]
    elif place.kind == "tiers":
        name = about["still_or_crop"]
    elif place.kind == "characters" and about.get("scope") not in TIES:
        name = about["crop"]
    target = target_of(name)
    if target is None or target.box is None or place.series not in scenes:
        return ""
    return str(scenes[place.series].anchor(target) or "")
