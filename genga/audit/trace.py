"""What became of a frame: what each stage made of it and why, and which checkpoints saw it at which steps."""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from genga.audit.decisions import by_target, decisions, said
from genga.audit.origins import origins
from genga.audit.tables import (  # fmt: skip
    OF_CHARACTERS,
    OF_CLIPSET,
    OF_CROP,
    OF_DATASET,
    OF_DEDUP,
    OF_DETECT,
    OF_EMBED,
    OF_FRAMES,
    OF_LEDGER,
    OF_LEFT_OUT,
    OF_QUALITY,
    OF_RUN_LEFT_OUT,
    OF_SHOTS,
    OF_STILLS,
    OF_TAG,
    Reader,
)
from genga.decisions.csv import FOLDER, Decision
from genga.decisions.folder import in_one_form, tables
from genga.errors import GengaError
from genga.store.files import is_pack, pack_of
from genga.store.parquet import read_pack
from genga.tables.places import path_of
from genga.training.checkpoints import read_checkpoints

Rows = list[dict[str, Any]]


def trace(frame: str, root: str | Path = ".") -> dict[str, Any]:
    """Return what is known of a frame `series/episode/000123`, or of any still or crop of it.

    Stage -> its rows about the frame, or about the frame that stands for it (`shown_by`). Raises GengaError if no such
    frame is known.
    """
    series, episode, number = parse(frame)
    reader = Reader(root)
    of_frame = {
        "frames": _of(reader, path_of("frames", f"{series}/{episode}"), OF_FRAMES, frame=number),
        "shots": _shot(reader, path_of("shots", f"{series}/{episode}"), number),
        "dedup": _of(reader, path_of("dedup", f"{series}/{episode}"), OF_DEDUP, frame=number),
    }
    found: dict[str, Any] = of_frame["dedup"][0] if of_frame["dedup"] else {"keeper": number}
    keeper, home = found["keeper"], found.get("keeper_episode") or episode  # the episode whose drawing it is
    still = f"{series}/{home}/{keeper:06d}" if keeper is not None else None
    of_still = _of_still(reader, series, home, still)
    if not any(of_frame.values()) and not any(of_still.values()):
        where = path_of("frames", f"{series}/{episode}")
        why = _absent(reader, where) if where in reader.absent else f"{where} has no frame {number}"
        raise GengaError(f"{series}/{episode}/{number:06d}: {why}")
    clips = _clips(reader, series, episode, {number, keeper} if home == episode else {number})
    return {
        "frame": f"{series}/{episode}/{number:06d}",
        "shown_by": still,
        "sources": origins(reader, [f"{series}/{episode}"], [f"{series}/{episode}/{number:06d}"]),
        "probe": _video(reader, path_of("probe", f"{series}/{episode}", "json")),
        **of_frame,
        **of_still,
        "clips": clips,
        "seen": list(seen(reader, still, {row["clip"] for row in clips})) if still or clips else [],
        "not_learnt": list(not_learnt(reader, still)) if still else [],
        "decisions": _decided(reader, series, f"{series}/{episode}/{number:06d}", still),
        "absent": sorted(reader.absent),
        "damaged": reader.damaged,
    }


def _absent(reader: Reader, path: str) -> str:
    """Why there is no table of an episode, or of a clip in its pack."""
    if (pack := pack_of(reader.root / path)) is None:
        return f"{path} is not here: `dvc pull` it"
    why = read_pack(pack)[1].get(Path(path).stem)
    return f"nothing is made of it: {why}" if why else f"no such clip is in {pack}"


def parse(frame: str) -> tuple[str, str, int]:
    """Return series, episode and number of a frame, still or crop. Raises GengaError for anything else."""
    match = re.fullmatch(r"([^/]+)/([^/]+)/(\d+)(-\d+-\w+)?", frame)
    if match is None:
        raise GengaError(f"{frame!r} is not a frame; name it as series/episode/number, such as sample/ep01/000123")
    if is_pack(match[2]):
        raise GengaError(f"{frame}: {match[2]} is a pack of clips; name the clip, as {match[1]}/its name/{match[3]}")
    return match[1], match[2], int(match[3])


def seen(reader: Reader, still: str | None, clips: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """Yield for each run and image of the still, or clip: at which steps it was seen, how often by each checkpoint."""
    for path in sorted((reader.root / "models").glob("*/ledger.parquet")):
        run = path.parent.name
        ledger = reader.table(f"models/{run}/ledger.parquet", OF_LEDGER)
        looks = ledger.filter((pl.col("still") == still) | pl.col("image").is_in(list(clips)))
        if looks.is_empty():
            continue
        listed = path.with_name("checkpoints.json")
        checkpoints = read_checkpoints(listed).all if listed.is_file() else ()
        for (image,), rows in looks.sort("image", "step").group_by("image", maintain_order=True):
            steps = rows["step"].to_list()
            times = {one.file: sum(step <= one.step for step in steps) for one in checkpoints}
            yield {"run": run, "image": image, "steps": steps, "checkpoints": times}


def _clips(reader: Reader, series: str, episode: str, frames: set[int | None]) -> Rows:
    """The clips of the clip set, if there is one, that show one of these frames."""
    path = path_of("clipset", series)
    if not (reader.root / path).is_file():
        return []
    rows = reader.table(path, OF_CLIPSET).filter(pl.col("clip").str.starts_with(f"{series}/{episode}/"))
    return [row for row in rows.sort("clip").iter_rows(named=True) if frames & {*row["frames"]}]


def not_learnt(reader: Reader, still: str) -> Iterator[dict[str, Any]]:
    """Yield for each run and image of the still that a series trains on and the run does not: run, image, reason."""
    for path in sorted((reader.root / "models").glob("*/left_out.parquet")):
        table = reader.table(f"models/{path.parent.name}/left_out.parquet", OF_RUN_LEFT_OUT)
        for row in table.filter(still=still).sort("image").iter_rows(named=True):
            yield {"run": path.parent.name, "image": row["image"], "reason": row["reason"]}


def _of_still(reader: Reader, series: str, episode: str, still: str | None) -> dict[str, Rows]:
    own = f"{series}/{episode}"
    tables = {
        "stills": (path_of("stills", own), OF_STILLS),
        "detect": (path_of("detect", own), OF_DETECT),
        "quality": (path_of("quality", own), OF_QUALITY),
        "tag": (path_of("tag", own), OF_TAG),
        "crop": (path_of("crop", own), OF_CROP),
        "characters": (path_of("characters", series), OF_CHARACTERS),
        "dataset": (path_of("dataset", series), OF_DATASET),
        "left_out": (path_of("dataset/left-out", series), OF_LEFT_OUT),
    }
    found = {stage: _of(reader, path, schema, still=still) for stage, (path, schema) in tables.items()}
    features = reader.table(path_of("embed", own), OF_EMBED)
    return {**found, "embed": features.filter(pl.col("crop").str.starts_with(f"{still}-")).to_dicts()}


def _video(reader: Reader, path: str) -> Rows:
    found = reader.json(path)
    return [{name: found.get(name) for name in ("sha256", "codec", "width", "height")}] if found else []


def _of(reader: Reader, path: str, schema: Mapping[str, Any], **key: Any) -> Rows:
    """The rows of a table with a value in a column; none for None."""
    table = reader.table(path, schema)
    ((column, value),) = key.items()
    return [] if value is None else table.filter(pl.col(column) == value).to_dicts()


def _shot(reader: Reader, path: str, frame: int) -> Rows:
    return reader.table(path, OF_SHOTS).filter((pl.col("start") <= frame) & (pl.col("end") > frame)).to_dicts()


def _decided(reader: Reader, series: str, *stills: str | None) -> list[dict[str, Any]]:
    """What people have decided about the frame, the still that shows it, and the crops of it, as it stands today."""
    found: list[Decision] = []
    for form, name in tables(reader.root).items():
        if not form.startswith(in_one_form(f"{FOLDER}/{series}/")):
            continue
        try:
            found += decisions(name, (reader.root / name).read_bytes())
        except GengaError as error:
            reader.damaged[name] = str(error)
    wanted = [
        (target, one)
        for target, lines in by_target(found).items()
        for one in lines
        if any(still and (target == still or target.startswith(f"{still}-")) for still in stills)
    ]
    return [{"file": one.file, "line": one.line, "target": target, "said": said(one)} for target, one in wanted]
