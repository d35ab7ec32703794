"""An episode's drawings as the desk shows them: by shot, with holds, and the closest decisions first."""

from pathlib import Path
from typing import Any

from genga.decisions.csv import Decision
from genga.drawings.exposure_sheet import OF_FRAMES, exposures
from genga.drawings.reasons import ANSWERS
from genga.pages.closest import OF_DEDUP, CloseCall, closest
from genga.store.parquet import read_table
from genga.tables import dedup, frames, shots
from genga.tables.schema import only

OF_SHOTS = only(shots.SHOTS, "shot", "start", "end", "start_time", "camera", "transition", "timing")
MOST = 200  # closest decisions


def drawings_of(root: Path, series: str, episode: str, lines: list[Decision]) -> dict[str, Any]:
    """Return an episode's shots, exposures and closest decisions. lines: of its table of decisions about frames.

    blocks: first frame, frames, drawing or null, seen, earlier episode or null, as the exposure sheet has them.
    Raises GengaError for a table that is missing or damaged.
    """
    where = {"series": series, "episode": episode}
    measured = read_table(root / frames.PATH.format(**where), OF_FRAMES)
    table = read_table(root / dedup.PATH.format(**where), {**OF_DEDUP, **only(dedup.DEDUP, "keeper")})
    sheet = exposures(measured, table)
    blocks: dict[int, list[list[Any]]] = {}
    columns = ("shot", "start", "frames", "drawing", "seen", "episode")
    for shot, *block in sheet.select(columns).iter_rows():
        blocks.setdefault(shot, []).append(block)
    rows = read_table(root / shots.PATH.format(**where), OF_SHOTS).iter_rows(named=True)
    seconds = float(sheet["duration"].sum())
    return {
        **where,
        "frames": table.height,
        "rate": round(table.height / seconds, 3) if seconds else 24.0,
        "shots": [{**row, "blocks": blocks.get(row["shot"], [])} for row in rows],
        "closest": [_call(one) for one in closest(table, MOST)],
        "dropped": table.filter(reason="dropped")["frame"].to_list(),
        "decided": {line["frame"]: _said(line) for line in lines if line["frame"].isdecimal()},
    }


def _call(one: CloseCall) -> dict[str, Any]:
    return {
        "frame": one.frame, "compared": one.compared, "about": one.about, "shot": one.shot, "one": one.one,
        "answer": ANSWERS.get((one.asked, one.one), one.asked), "difference": round(one.difference, 2),
        "threshold": round(one.threshold, 2),
    }  # fmt: skip


def _said(line: Decision) -> dict[str, str]:
    return {"decision": line["decision"], "who": line["who"], "why": line["why"]}
