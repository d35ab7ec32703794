"""Where a sample comes from: the checkpoint that drew it, and the images and clips that it is near to."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from genga.audit.tables import OF_CLIPSET, OF_EVALUATE, OF_LEDGER, OF_SAMPLE, Reader, series_of
from genga.errors import GengaError
from genga.tables.places import path_of
from genga.training.checkpoints import read_checkpoints

_SAMPLE = re.compile(r"([^/]+)/(\d{6,})-\d+-\d+")


def is_sample(name: str) -> bool:
    """Whether a name is that of a sample, run/step-prompt-seed."""
    return _SAMPLE.fullmatch(name) is not None


def sampled(name: str, root: str | Path = ".") -> dict[str, Any]:
    """Return what is known of a sample: its row, the checkpoint's file, and what it is near to with frames and video.

    Raises GengaError if there is no such sample.
    """
    run, step = name.split("/")[0], int(name.split("/")[1].split("-")[0])
    reader, path = Reader(root), path_of("sample", run)
    drawn = reader.table(path, OF_SAMPLE).filter(sample=name).to_dicts()
    if not drawn:
        known = "is not here: `dvc pull` it" if path in reader.absent else "has no such sample"
        raise GengaError(f"{name}: {path} {known}")
    judged = reader.table(path_of("evaluate", run), OF_EVALUATE).filter(sample=name).to_dicts()
    looks = _looks(reader, run, step) if step else {}
    near = judged[0] if judged else {column: [] for column in OF_EVALUATE}
    return {
        "sample": name,
        "drawn": drawn[0],
        "checkpoint": _checkpoint(reader, run, step) if step else None,
        "images": [
            {"image": image, "still": still, "difference": difference, "looks": looks.get(image, 0) if step else None}
            for image, still, difference in zip(
                near["nearest_image"], near["nearest_still"], near["nearest_difference"], strict=True
            )
        ],
        "clips": [{**row, "looks": looks.get(row["clip"], 0) if step else None} for row in _clips(reader, near)],
        "absent": sorted(reader.absent),
        "damaged": reader.damaged,
    }


def _clips(reader: Reader, near: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The clips that a sample is near to, by features and by caption, each with its row of the clip set."""
    told = ("nearest_clip", "nearest_clip_frame", "nearest_clip_difference"), ("caption_clip", "caption_overlap")
    features, words = (list(zip(*(near[column] or [] for column in columns), strict=True)) for columns in told)
    said = [("features", clip, f"frame {frame}, difference {value:.3f}") for clip, frame, value in features]
    said += [("caption", clip, f"{value:.0%} of the words") for clip, value in words]
    series = sorted({series_of(clip) for _, clip, _ in said})
    rows = reader.tables([path_of("clipset", one) for one in series], OF_CLIPSET)
    known = {row["clip"]: row for row in rows.iter_rows(named=True)}
    columns = ("frames", "rate", "caption", "video", "sha256")
    for by, clip, what in said:
        yield {"by": by, "clip": clip, "says": what, **{name: known.get(clip, {}).get(name) for name in columns}}


def _looks(reader: Reader, run: str, step: int) -> dict[str, int]:
    """How often a run had looked at what up to a step."""
    ledger = reader.table(f"models/{run}/ledger.parquet", OF_LEDGER).filter(pl.col("step") <= step)
    return dict(ledger["image"].value_counts().iter_rows())


def _checkpoint(reader: Reader, run: str, step: int) -> str | None:
    path = reader.root / "models" / run / "checkpoints.json"
    if not path.is_file():
        reader.absent.add(f"models/{run}/checkpoints.json")
        return None
    one = read_checkpoints(path).at(step)
    return f"{one.file}, sha256 {one.sha256}"
