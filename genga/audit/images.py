"""The images that a checkpoint was trained on: where each is from, what is written under it, and who decided that."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from genga.audit.decisions import of_image, said, target_of
from genga.audit.tables import (
    OF_CHARACTERS,
    OF_CLIPSET,
    OF_CROP,
    OF_DATASET,
    OF_DEDUP,
    OF_LEDGER,
    OF_STILLS,
    OF_TAG,
    Reader,
    episode_of,
    series_of,
)
from genga.decisions.csv import Decision
from genga.tables.left_out import LEFT_OUT
from genga.tables.places import path_of
from genga.tables.schema import only
from genga.vocabulary.text import SEPARATOR, escape, to_text

Row = Mapping[str, Any]
Tags = dict[tuple[str, int | None], dict[str, Row]]  # (still, box or None) -> tag -> row of OF_TAG

_CLIP = re.compile(r"[^/]+/[^/]+/\d{6,}-\d{6,}")
SEEN = ("looks", "first_step", "last_step", "phases")
PLACE = ("shard", "offset", "size", "sha256")


def seen_images(reader: Reader, run: str, step: int) -> pl.DataFrame:
    """Return what the run had looked at after `step` steps: image, still, crop, and SEEN."""
    ledger = reader.table(f"models/{run}/ledger.parquet", OF_LEDGER).filter(pl.col("step") <= step)
    counts = {
        "looks": pl.len().cast(pl.Int64),
        "first_step": pl.col("step").min(),
        "last_step": pl.col("step").max(),
        "phases": pl.col("phase").unique().sort(),
    }
    return ledger.group_by("image", "still", "crop").agg(**counts).sort("image")


def episodes_of(seen: pl.DataFrame) -> list[str]:
    """Return the episodes (series/episode) that the images come from, sorted."""
    return sorted({episode_of(still) for still in seen["still"]})


def images(reader: Reader, seen: pl.DataFrame, decided: Mapping[str, list[Decision]]) -> list[dict[str, Any]]:
    """Return an entry for each image, sorted; values that follow from a table that is not here are None.

    seen: see seen_images(); decided: decisions by target.
    """
    episodes = episodes_of(seen)
    series = sorted({series_of(still) for still in seen["still"]})
    crops = _by(reader.episodes("crop", episodes, OF_CROP), "crop")
    stills = _by(reader.episodes("stills", episodes, OF_STILLS), "still")
    named = _by(reader.tables([path_of("characters", one) for one in series], OF_CHARACTERS), "crop")
    listed = _by(reader.tables([path_of("dataset", one) for one in series], OF_DATASET), "image")
    clips = _clips(reader, series) if any(map(is_clip, seen["image"])) else {}
    listed |= {clip: _as_image(row) for clip, row in clips.items()}
    kept = _by(_frames(reader, episodes), "still")
    tags = _tags(reader.episodes("tag", episodes, OF_TAG), seen)
    naming = _naming(named, decided)
    found = []
    for row in seen.iter_rows(named=True):
        still, crop = row["still"], row["crop"]
        about = of_image(still, crop, decided, naming.get(_cluster(named.get(crop)), ()))
        at = crops.get(crop) if crop else None
        found.append(
            {
                "image": row["image"],
                **_frame(still, stills.get(still), kept.get(still)),
                **_moving(clips.get(row["image"])),
                "crop": _crop(crop, at),
                **_listed(listed.get(row["image"])),
                "character": _who(named.get(crop), listed.get(row["image"])),
                "tags": _voted(clips[row["image"]])
                if row["image"] in clips
                else _decided_tags(listed.get(row["image"]), row, at, tags, about),
                "decisions": [{"file": one.file, "line": one.line, "said": said(one)} for one in about],
                **{name: row[name] for name in SEEN},
            }
        )
    return found


def is_clip(image: str) -> bool:
    """Whether what a run looked at is a clip: its id is that of an episode, with the first and the last frame."""
    return _CLIP.fullmatch(image) is not None


def _clips(reader: Reader, series: Iterable[str]) -> dict[str, Row]:
    return _by(reader.tables([path_of("clipset", one) for one in series], OF_CLIPSET), "clip")


def _as_image(row: Row) -> Row:
    """What the clip set says of a clip, as the dataset says it of an image; it lies in no shard."""
    none = dict.fromkeys(("shard", "offset", "size", "outfit"))
    return {**row, **none, "image": row["clip"], "kind": "clip", "tags": [one["tag"] for one in row["tags"]]}


def _moving(row: Row | None) -> dict[str, Any]:
    """Of a clip its frames in order, how fast they play, and the video that they are read from."""
    return {} if row is None else {"frames": row["frames"], "rate": row["rate"], "video": row["video"]}


def _by(table: pl.DataFrame, key: str) -> dict[str, Row]:
    return {row[key]: row for row in table.iter_rows(named=True)}


def _frames(reader: Reader, episodes: Iterable[str]) -> pl.DataFrame:
    """Why each frame is a drawing of its own: still, reason."""
    rows = [
        (f"{episode}/{frame:06d}", reason)
        for episode in episodes
        for frame, reason in reader.table(path_of("dedup", episode), OF_DEDUP).select("frame", "reason").iter_rows()
    ]
    return pl.DataFrame(rows, schema=only(LEFT_OUT, "still", "reason"), orient="row")


def _frame(still: str, row: Row | None, kept: Row | None) -> dict[str, Any]:
    return {
        "still": still,
        "episode": episode_of(still),
        "frame": int(still.rpartition("/")[2]),
        "time": row["time"] if row else None,
        "kept_as": kept["reason"] if kept else None,
    }


def _crop(crop: str | None, row: Row | None) -> dict[str, Any] | None:
    if crop is None:
        return None
    return {"id": crop, "box": [row[side] for side in ("x0", "y0", "x1", "y1")] if row else None}


def _listed(row: Row | None) -> dict[str, Any]:
    """What the dataset says; None where the image is not in it."""
    names = ("kind", "split", "caption", "tier", "repeats", "weight", *PLACE)
    placed = [row["scaled_width"], row["scaled_height"], *row["crop_box"]] if row else None
    return {**{name: row[name] if row else None for name in names}, "scaled_and_cut": placed}


def _who(row: Row | None, listed: Row | None) -> dict[str, Any] | None:
    """Whose crop it is, and who said so; without the table of who is who what the dataset says."""
    if row is None and (listed is None or listed["character"] is None):
        return None
    said = row or listed or {}
    return {
        "name": said["character"],
        "outfit": said["outfit"],
        "cluster": said.get("cluster"),
        "by": said.get("origin"),
    }


def _cluster(row: Row | None) -> tuple[Any, ...]:
    """What a crop shares with those whose name it takes: series, cluster, name; () for noise and for the unnamed."""
    if row is None or row["cluster"] < 0 or row["character"] is None:
        return ()
    return (series_of(row["still"]), row["cluster"], row["character"])


def _naming(named: Mapping[str, Row], decided: Mapping[str, list[Decision]]) -> dict[tuple[Any, ...], list[Decision]]:
    """The decisions about crops of each named cluster that say who it is."""
    found: dict[tuple[Any, ...], list[Decision]] = {}
    for target, ones in decided.items():
        if cluster := _cluster(named.get(target)):
            found.setdefault(cluster, []).extend(one for one in ones if one.kind == "characters")
    return found


def _tags(table: pl.DataFrame, seen: pl.DataFrame) -> Tags:
    """The kept tags of the stills that were seen."""
    rows = table.filter(pl.col("kept") & pl.col("still").is_in(seen["still"].unique().implode()))
    found: Tags = {}
    for row in rows.iter_rows(named=True):
        found.setdefault((row["still"], row["box"]), {})[row["tag"]] = row
    return found


def _voted(row: Row) -> list[dict[str, Any]]:
    """Each tag of a clip: it holds by a vote of its drawings' tags, which models gave."""
    written = words_of(row["caption"])
    return [
        {"tag": one["tag"], "by": "model", "score": one["score"], "votes": None,
         "in_caption": (text := to_text(one["tag"])) in written or escape(text) in written}
        for one in row["tags"]
    ]  # fmt: skip


def words_of(caption: str) -> set[str]:
    """Return what stands between the commas of a caption, the last word before a sentence without what follows it."""
    between = caption.split(SEPARATOR)
    return {*between, *(text.partition(". ")[0] for text in between)}


def _decided_tags(
    listed: Row | None, row: Row, at: Row | None, tags: Tags, about: Iterable[Decision]
) -> list[dict[str, Any]] | None:
    """Each tag of the image, who decided it (model, box, person), whether its caption says it; None: not known here."""
    if listed is None:
        return None
    by_person = {one["tag"].replace(" ", "_") for one in about if target_of(one) == row["crop"]}
    of = tags.get((row["still"], at["box"] if at else None)) if at or row["crop"] is None else None
    found, written = [], words_of(listed["caption"])
    for tag in listed["tags"]:
        known = (of or {}).get(tag)
        # A crop's own counts and framing follow from the boxes in it: they have no row on the still.
        by = "person" if tag in by_person else known["origin"] if known else "box" if of else None
        text = to_text(tag)
        found.append(
            {
                "tag": tag,
                "by": by,
                "score": known and known["score"],
                "votes": known and known["votes"],
                "in_caption": text in written or escape(text) in written,
            }
        )
    return found
