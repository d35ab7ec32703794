"""A small project for the desk, from tables that can be counted by hand: two episodes, two people, one sample run."""

from pathlib import Path

import numpy as np
import polars as pl

from genga.images.codec import encode
from genga.store.files import write_text
from genga.store.parquet import read_table, write_pack, write_table
from genga.store.shards import writing_shard
from genga.tables import (
    characters,
    crop,
    dataset,
    dedup,
    detect,
    embed,
    evaluate,
    frames,
    left_out,
    quality,
    sample,
    shots,
    stills,
    tag,
)  # fmt: skip
from genga.tables.schema import Schema

ROOT = Path(__file__).resolve().parent.parent
EPISODES = ("e1", "e2")
FRAMES = 8  # of an episode; stills at 0, 2 and 4, in shots [0, 4) and [4, 8)
STILLS = (0, 2, 4)
# tag: score and disagreement on stills, by frame; it holds from 0.5 on
SAID = {"smile": {0: (0.9, 0.05), 2: (0.3, 0.4), 4: (0.25, 0.1)}, "hat": {0: (0.6, 0.2)}, "long_hair": {4: (0.7, 0.6)}}


def rows_of(schema: Schema, rows: list[dict]) -> pl.DataFrame:
    """A table with these rows; what a row does not say is null."""
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=dict(schema))


def put(path: str, schema: Schema, rows: list[dict]) -> None:
    write_table(path, rows_of(schema, rows), schema)


def picture(shade: int, width: int = 32, height: int = 24) -> bytes:
    return encode(np.full((height, width, 3), shade, np.uint8))


def build(folder: Path, episodes: tuple[str, ...] = EPISODES, series: str = "s") -> Path:
    """Write the project's tables below `folder`, which has to be the current one: paths in tables are seen from it."""
    write_text(folder / "models.yaml", (ROOT / "models.yaml").read_text(encoding="utf-8"))
    params = (ROOT / "params.yaml").read_text(encoding="utf-8")
    write_text(folder / "params.yaml", params.replace("series: sample ", f"series: {series} "))
    for episode in episodes:
        _episode(series, episode)
    of_series(series, episodes)
    _run(f"{series}/{episodes[0]}")
    return folder


def _episode(series: str, episode: str) -> None:
    where = {"series": series, "episode": episode}
    with writing_shard(f"data/stills/{series}/{episode}.tar") as shard:
        places = {frame: shard.add(f"{frame:06d}.png", picture(40 + 20 * frame)) for frame in STILLS}
    whole = {"width": 32, "height": 24, "x0": 0, "y0": 0, "x1": 32, "y1": 24}
    put(stills.PATH.format(**where), stills.STILLS, [
        {"still": f"{series}/{episode}/{frame:06d}", "frame": frame, "shot": frame // 4, "time": frame / 8,
         **places[frame], **whole} for frame in STILLS])  # fmt: skip
    put(shots.PATH.format(**where), shots.SHOTS, [
        {"shot": number, "start": 4 * number, "end": 4 * number + 4, "start_time": number / 2,
         "end_time": number / 2 + 0.5, "camera": "static", "transition": "cut", "timing": 2.0, "threshold": 10.0,
         "events": [], "lettering": [], "path": []} for number in (0, 1)])  # fmt: skip
    keeper = [0, 0, 2, 2, 4, 4, 4, 4]
    asked = {1: ("held", 0, 8.0, 10.0), 2: ("held", 1, 40.0, 10.0), 5: ("held", 4, 2.0, 10.0)}
    put(dedup.PATH.format(**where), dedup.DEDUP, [
        {"frame": at, "shot": at // 4, "keeper": keeper[at], "reason": "kept" if keeper[at] == at else "held",
         **dict(zip(("asked", "compared", "difference", "threshold"), asked.get(at, (None,) * 4), strict=True))}
        for at in range(FRAMES)])  # fmt: skip
    put(frames.PATH.format(**where), frames.FRAMES, [
        {"frame": at, "time": at / 8, "keyframe": at == 0, "change": 0.0, "spread": 0.0, "tone": 0.0, "luma": 0.0,
         "contrast": 0.0, "sharpness": 0.0, "signature": b"", "rows": 1, "columns": 1, "shard": "", "offset": 0,
         "size": 0, "sha256": ""} for at in range(FRAMES)])  # fmt: skip
    put(detect.PATH.format(**where), detect.DETECT, [
        {"still": f"{series}/{episode}/{frame:06d}", "box": 0, "kind": "person", "x0": 4, "y0": 4, "x1": 20, "y1": 24,
         "score": 0.9, "model": "m", "person": 0} for frame in STILLS])  # fmt: skip
    put(quality.PATH.format(**where), quality.QUALITY, [
        {"still": f"{series}/{episode}/{frame:06d}", "tier": "best" if frame else "good",
         "reason": "" if frame else "sharpness"}
        for frame in STILLS])  # fmt: skip
    put(
        tag.PATH.format(**where),
        tag.TAG,
        [
            {
                "still": f"{series}/{episode}/{frame:06d}",
                "box": box,
                "tag": name,
                "category": "general",
                "score": score,
                "votes": 1,
                "disagreement": apart,
                "origin": "model",
                "kept": score >= 0.5,
                "reason": "" if score >= 0.5 else "score",
            }
            for name, by_frame in SAID.items()
            for frame, (score, apart) in by_frame.items()
            for box in (None, 0)
        ],
    )
    cuts = [(frame, kind) for frame in STILLS for kind in ("fullbody", "head")]
    with writing_shard(f"data/crop/{series}/{episode}.tar") as shard:
        cut = {
            (frame, kind): shard.add(f"{frame}-{kind}.png", picture(60 + 20 * frame, 16, 20)) for frame, kind in cuts
        }
    put(crop.PATH.format(**where), crop.CROP, [
        {"crop": f"{series}/{episode}/{frame:06d}-0-{kind}", "still": f"{series}/{episode}/{frame:06d}", "box": 0,
         "kind": kind, "x0": 4, "y0": 4, "x1": 20, "y1": 24, "width": 16, "height": 20, "kept": True, "reason": "",
         "text": 0.0, "tags": [name for name, of in SAID.items() if of.get(frame, (0,))[0] >= 0.5], "decided": [],
         **cut[frame, kind]} for frame, kind in cuts])  # fmt: skip
    put(embed.PATH.format(**where), embed.EMBED, [
        {"crop": f"{series}/{episode}/{frame:06d}-0-{kind}", "kind": kind, "model": "m",
         "feature": [1.0, frame / 4, 0.0 if kind == "head" else 0.1]} for frame, kind in cuts])  # fmt: skip


def into_a_pack(episodes: tuple[str, ...] = EPISODES, series: str = "s") -> None:
    """Put the episodes' tables together, as clips of a pack have them."""
    declared = {
        stills.PATH: stills.STILLS, shots.PATH: shots.SHOTS, dedup.PATH: dedup.DEDUP, frames.PATH: frames.FRAMES,
        detect.PATH: detect.DETECT, quality.PATH: quality.QUALITY, tag.PATH: tag.TAG, crop.PATH: crop.CROP,
        embed.PATH: embed.EMBED,
    }  # fmt: skip
    for path, schema in declared.items():
        own = {episode: Path(path.format(series=series, episode=episode)) for episode in episodes}
        tables = {episode: read_table(where, schema) for episode, where in own.items()}
        write_pack(path.format(series=series, episode="pack"), tables, {"broken": "it is a page"}, schema)
        for where in own.values():
            where.unlink()


def of_series(series: str, episodes: tuple[str, ...]) -> None:
    crops = [
        (f"{series}/{one}/{frame:06d}", frame, kind)
        for one in episodes
        for frame in STILLS
        for kind in ("fullbody", "head")
    ]
    put(characters.PATH.format(series=series), characters.CHARACTERS, [
        {"crop": f"{still}-0-{kind}", "still": still, "box": 0, "cluster": 0 if frame < 4 else 1,
         "character": "akari" if frame < 4 else None, "outfit": None, "distance": frame / 10 + 0.1, "origin": "model"}
        for still, frame, kind in crops])  # fmt: skip
    captions = [{"form": "tags", "parts": [{"part": "names", "text": "akari"}, {"part": "tags", "text": "smile"}]}]
    put(dataset.PATH.format(series=series), dataset.DATASET, [
        {"image": f"{still}-0-{kind}", "still": still, "crop": f"{still}-0-{kind}", "kind": kind,
         "split": "train" if frame == 0 else "held-out", "caption": "akari, smile", "captions": captions,
         "bucket_width": 96, "bucket_height": 160, "repeats": 1, "weight": 1.0}
        for still, frame, kind in crops if kind == "head" and frame < 4])  # fmt: skip
    put(left_out.PATH.format(series=series), left_out.LEFT_OUT, [
        {"image": f"{still}-0-{kind}", "still": still, "crop": f"{still}-0-{kind}", "kind": kind,
         "reason": "shot" if frame < 4 else "unnamed"}
        for still, frame, kind in crops if kind != "head" or frame == 4])  # fmt: skip


def _run(episode: str) -> None:
    with writing_shard("data/sample/akari.tar") as shard:
        places = {step: shard.add(f"{step}.png", picture(200 - step)) for step in (0, 100)}
    put(sample.PATH.format(run="akari"), sample.SAMPLE, [
        {"sample": f"akari/{step:06d}-0-0", "step": step, "prompt": 0, "prompt_text": "akari, smile", "seed": 0,
         **places[step], "width": 32, "height": 24, "frames": 1} for step in (0, 100)])  # fmt: skip
    put(evaluate.PATH.format(run="akari"), evaluate.EVALUATE, [
        {"sample": f"akari/{step:06d}-0-0", "step": step, "prompt": 0, "seed": 0, "recognition_v1": 0.5,
         "adherence": 0.9, "copies": False, "nearest_image": [f"{episode}/000000-0-head"], "nearest_difference": [0.2],
         "copy_image": f"{episode}/000002-0-head"} for step in (0, 100)])  # fmt: skip
