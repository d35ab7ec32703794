"""What a report says, as data: every figure of the page, and where each training image it shows comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from genga.evaluation.verdict import verdict
from genga.models.registry import Registry
from genga.pages.tally import Counts, add_up
from genga.tables.crop import CROP
from genga.tables.dataset import DATASET
from genga.tables.losses import LOSSES
from genga.tables.sample import SAMPLE
from genga.tables.schema import only
from genga.tables.stills import STILLS

# What is read of the tables that others write.
OF_SAMPLE = only(SAMPLE, "sample", "prompt_text", "frames", "rate", "by_frame")
OF_DATASET = only(
    DATASET,
    "image",
    "still",
    "crop",
    "kind",
    "character",
    "caption",
    "captions",
    "persons",
    "width",
    "height",
    "scaled_width",
    "scaled_height",
    "bucket_width",
    "bucket_height",
)
OF_CROP = only(CROP, "crop", "x0", "y0", "x1", "y1")
OF_STILLS = only(STILLS, "still", "time")
OF_LOSSES = only(LOSSES, "step", "phase", "loss")

# Columns of samples that say nothing of pictures.
OF_CLIPS = (
    "frames", "rate", "by_frame", "dynamics", "held", "hold", "flicker", "warping", "identity", "outside", "freezes",
    "moves", "nearest_clip", "nearest_clip_frame", "nearest_clip_difference", "caption_clip", "caption_overlap",
)  # fmt: skip
MOST_SEVERAL = 6  # images of several people that the page shows
LOSS_POINTS = 200  # of the loss curve at most: each is the mean of its stretch


@dataclass(frozen=True)
class Source:
    """Something the run was made of, known by its content."""

    what: str  # video, table, model
    path: str
    sha256: str


def compose(
    evaluation: Mapping[str, Any],
    judged: pl.DataFrame,
    samples: pl.DataFrame,
    origins: Mapping[str, dict[str, Any]],
    losses: pl.DataFrame,
    held_out: pl.DataFrame,
    series: str,
    counts: Mapping[str, Counts],
    models: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, Any],
    sources: Sequence[Source],
    without_effect: pl.DataFrame,
) -> dict[str, Any]:
    """Return the figures of a report.

    evaluation: what stage evaluate wrote; judged: its rows; samples: OF_SAMPLE; origins: see origins(), of the images
    that `judged` names; losses: OF_LOSSES; held_out: HELD_OUT; series: what the run learned from; counts: by
    episode, see genga.pages.counts; models: role, name, licence, ...; without_effect: decisions that take none, OPEN
    """
    rows = judged.join(samples, on="sample", how="left", maintain_order="left").sort("prompt", "seed", "step")
    if rows["rate"].is_null().all():
        rows = rows.drop(*OF_CLIPS)
    return {
        "run": evaluation["run"],
        "character": evaluation["character"],
        "series": series,
        "verdict": verdict(dict(evaluation)),
        "evaluation": dict(evaluation),
        "samples": rows.to_dicts(),
        "training_images": {name: origins[name] for name in named_images(judged)},
        "losses": curve(losses),
        "phases": phases(losses, parameters.get("train", {}).get("phases", ())),
        "held_out": unseen(held_out),
        "counts": dict(counts),
        "total": add_up(counts.values()),
        "open": without_effect.to_dicts(),
        "models": [dict(model) for model in models],
        "parameters": dict(parameters),
        "sources": [vars(source) for source in sources],
    }


def roles(registry: Registry) -> list[dict[str, Any]]:
    """Return the models in their roles: name, licence, what they know, revision (None: embedded)."""
    return [
        {
            "role": role,
            "name": model.name,
            "licence": model.entry.licence,
            "knows": model.knows,
            "revision": model.revision,
        }
        for role, model in registry.models.items()
    ]


def named_images(judged: pl.DataFrame) -> list[str]:
    """Return the training images that the judged samples name, each once, sorted."""
    near = judged["nearest_image"].explode().drop_nulls().to_list()
    return sorted({*near, *judged["copy_image"].drop_nulls()})


def origins(dataset: pl.DataFrame, crops: pl.DataFrame, stills: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Return where each training image comes from: still, time in s, kind, box in px of the still, caption.

    box is None for a whole still. Tables: OF_DATASET, OF_CROP and OF_STILLS of all episodes.
    """
    boxes = crops.select("crop", box=pl.concat_list("x0", "y0", "x1", "y1"))
    joined = dataset.join(boxes, on="crop", how="left").join(stills, on="still", how="left")
    return {
        row["image"]: {name: row[name] for name in ("still", "time", "kind", "box", "character", "caption")}
        for row in joined.sort("image").to_dicts()
    }


def several(dataset: pl.DataFrame) -> list[dict[str, Any]]:
    """Return images whose captions have sentences, evenly over the dataset: size and boxes in px, the captions.

    dataset: OF_DATASET.
    """
    rows = [
        {name: row[name] for name in ("image", "width", "height", "persons", "captions")}
        for row in dataset.sort("image").iter_rows(named=True)
        if any(of["form"] != "tags" for of in row["captions"])
    ]
    count = min(MOST_SEVERAL, len(rows))
    return [rows[(2 * place + 1) * len(rows) // (2 * count)] for place in range(count)]


def curve(losses: pl.DataFrame) -> list[dict[str, float]]:
    """Return the loss over steps as at most LOSS_POINTS points: the mean loss of equal stretches at their last step."""
    length = max(1, -(-losses.height // LOSS_POINTS))
    stretches = (
        losses.sort("step")
        .with_row_index("row")
        .group_by(pl.col("row") // length, maintain_order=True)
        .agg(pl.col("step").last(), pl.col("loss").mean().round(6))
    )
    return stretches.select("step", "loss").to_dicts()


def phases(losses: pl.DataFrame, said: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the phases of a run that has several: first and last step, the mean loss of each end, what differs.

    losses: OF_LOSSES; said: train.phases, where that is known. An end is a tenth of the phase's steps.
    """
    found = []
    for (number,), rows in losses.sort("step").group_by("phase", maintain_order=True):
        tenth = rows.height // 10 + 1
        found.append(
            {
                "phase": number,
                "first": rows["step"][0],
                "last": rows["step"][-1],
                "loss_first": round(float(rows["loss"].head(tenth).mean()), 6),  # type: ignore[arg-type]
                "loss_last": round(float(rows["loss"].tail(tenth).mean()), 6),  # type: ignore[arg-type]
                "says": _said(said[number - 1]) if said else {},
            }
        )
    return found if len(found) > 1 else []


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is not null of parameters, at any depth."""
    return {
        key: _said(value) if isinstance(value, Mapping) else value for key, value in values.items() if value is not None
    }


def unseen(held_out: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the held-out loss of each step, 0 the base, over all timesteps: by what is new of the images, step, loss.

    held_out: HELD_OUT, whose rows of one step and sort are of as many images each.
    """
    means = held_out.group_by("by", "step").agg(pl.col("images").first(), pl.col("loss").mean().round(6))
    return means.select("by", "step", "images", "loss").sort("by", "step", descending=[True, False]).to_dicts()
