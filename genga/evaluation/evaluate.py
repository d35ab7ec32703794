"""Judge a run: every sample of the base and of every checkpoint, against drawings of the same character.

Of a sample that moves the frames that are looked at are judged as pictures are, and the mean of them counts; how it
moves is held against how drawn clips do (genga/evaluation/drawn_clips.py).

A row for each sample, by the definitions of genga/evaluation/scores.py and genga/evaluation/memorization.py; from the
rows the figures of each checkpoint, the selection and the comparison with the base (genga/evaluation/selection.py).

References are the run's dataset images. The held-out ones decide where there are enough of them: they were never
trained on, so learning images by heart does not help. The figure against the train split stands beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from genga.errors import GengaError
from genga.evaluation.bootstrap import DIGITS
from genga.evaluation.evaluators import Judges, Looks
from genga.evaluation.judged_motion import OF_CLIPS, Moving, judged_motion
from genga.evaluation.memorization import copy_threshold, print_differences
from genga.evaluation.prompts import named_character, prompt_tags, vocabulary_keys
from genga.evaluation.scores import adherence, merged, same, tag_weights
from genga.evaluation.watching import Watched
from genga.params.evaluate import Params
from genga.tables.dataset import DATASET, PRIOR
from genga.tables.evaluate import EVALUATE
from genga.tables.sample import SAMPLE
from genga.tables.schema import only

# What is read of the tables that others write.
OF_SAMPLE = only(SAMPLE, "sample", "step", "prompt", "prompt_text", "seed", "frames", "rate", "by_frame", "unstyled")
OF_DATASET = only(DATASET, "image", "still", "kind", "split", "character")


@dataclass(frozen=True)
class References:
    """The deciding references, and how near is too near."""

    split: str  # held-out, or train where there are too few held out
    counts: dict[str, int]  # images of each split
    upper_bounds: dict[str | None, float]  # by character: how much of its own dataset a perfect picture would match
    copy_threshold: float | None  # of the difference by pixels; None: too few held out to tell


def select_references(dataset: pl.DataFrame, character: str | None, params: Params) -> pl.DataFrame:
    """Return the dataset images that samples are compared with, sorted by image; prior images are none.

    Raises GengaError if there is none in the train split.
    """
    chosen = dataset.filter(pl.col("kind").is_in(list(params.kinds)) & (pl.col("split") != PRIOR))
    if character:
        chosen = chosen.filter(pl.col("character") == character)
    if chosen.filter(pl.col("split") == "train").is_empty():
        who = f"of {character} " if character else ""
        raise GengaError(
            f"evaluate: the dataset has no training image {who}of kind {', '.join(params.kinds)}; "
            "name the character in the run's section, or add a kind to params.yaml:evaluate.kinds"
        )
    return chosen.sort("image")


def evaluate(
    watched: Watched,
    seen: Looks,
    references: pl.DataFrame,
    known: Looks,
    judges: Judges,
    params: Params,
    character: str | None = None,
    negative: str = "",
    moving: Moving | None = None,
) -> tuple[pl.DataFrame, References]:
    """Return a row of EVALUATE for each sample, and what they were compared with.

    watched: samples, and what of them is in `seen`; references: a row of OF_DATASET for each in `known`, see
    select_references; negative: the prompt of what is not wanted; moving: what clips are held against.
    """
    samples, owner, first = watched.samples, watched.owner, watched.first
    people = references["character"].drop_nulls().unique(maintain_order=True).to_list()
    whose = [character or named_character(text, people) for text in samples["prompt_text"]]
    differences = judges.differences(seen.features, known.features)
    against = _references(references, known, whose, judges, params)
    comparable = _comparable(references, whose)
    is_train = (references["split"] == "train").to_numpy()
    deciding = comparable & (references["split"] == against.split).to_numpy()
    v1 = watched.mean(_recognition(differences, deciding[owner], judges.threshold))
    bounds = np.array([against.upper_bounds[name] for name in whose])
    learnt = comparable & is_train
    each = np.where(learnt[owner], print_differences(seen.prints, known.prints), np.inf)  # of each look
    by_pixels = np.minimum.reduceat(each, first)
    by_looks = np.where(learnt, np.minimum.reduceat(differences, first), np.inf)
    limit = -np.inf if against.copy_threshold is None else against.copy_threshold
    middle = [(start + end) // 2 for start, end in pairwise([*first, len(owner)])]
    boxes = [seen.boxes[place] for place in middle]
    table = pl.DataFrame(
        {
            **{name: samples[name] for name in ("sample", "step", "prompt", "seed")},
            "character": pl.Series(whose, dtype=pl.String),
            "box": pl.Series([list(box) if box else None for box in boxes], dtype=pl.List(pl.Int64)),
            "recognition_v1": v1,
            "recognition_v2": np.divide(v1, bounds, out=np.zeros_like(v1), where=bounds > 0),
            "recognition_train": watched.mean(_recognition(differences, learnt[owner], judges.threshold)),
            "adherence": watched.mean(_adherence(watched, seen, judges.counts, whose, negative)),
            **_nearest(by_looks, references, params.nearest),
            "copy_image": references["image"].gather(by_pixels.argmin(axis=1)),
            "copy_still": references["still"].gather(by_pixels.argmin(axis=1)),
            "copy_difference": by_pixels.min(axis=1).astype(np.float64),
            "copies": watched.mean(each.min(axis=1) < limit) > 0.5,  # of a clip most of what is looked at
            **judged_motion(watched, seen, by_looks, references["still"].to_list(), judges, params, moving),
        },
        schema_overrides=only(EVALUATE, *OF_CLIPS),
    )
    return table.with_columns(pl.col(pl.Float64).round(DIGITS)), against


def _comparable(references: pl.DataFrame, whose: list[str | None]) -> npt.NDArray[np.bool_]:
    """Return which references (columns) show the character of each sample (rows)."""
    names = references["character"].to_numpy()
    return np.stack([np.full(len(names), True) if name is None else names == name for name in whose])


def _recognition(
    differences: npt.NDArray[np.float32], comparable: npt.NDArray[np.bool_], threshold: float
) -> npt.NDArray[np.float64]:
    """Return each sample's share of comparable references that are the same character; 0 without any."""
    return np.array(
        [same(row[None, mask], threshold)[0] if mask.any() else 0.0
         for row, mask in zip(differences, comparable, strict=True)]
    )  # fmt: skip


def _references(
    references: pl.DataFrame, known: Looks, whose: list[str | None], judges: Judges, params: Params
) -> References:
    """Decide which split decides, and measure its upper bounds and how near its drawings come to the train split."""
    held_out = (references["split"] == "held-out").to_numpy()
    names = sorted(set(whose), key=lambda name: name or "")
    masks = dict(zip(names, _comparable(references, list(names)), strict=True))
    enough = min(int((held_out & mask).sum()) for mask in masks.values()) >= params.min_held_out
    deciding = held_out if enough else ~held_out
    bounds = {name: _upper_bound(known.features[mask & deciding], judges) for name, mask in masks.items()}
    apart = print_differences(known.prints[held_out], known.prints[~held_out]) if enough else None
    return References(
        split="held-out" if enough else "train",
        counts={"held-out": int(held_out.sum()), "train": int((~held_out).sum())},
        upper_bounds=bounds,
        copy_threshold=None if apart is None else round(copy_threshold(apart, params.copy_quantile), DIGITS),
    )


def _upper_bound(features: npt.NDArray[np.float32], judges: Judges) -> float:
    """Return the fraction of a character's images that are the same as their merged feature."""
    if not len(features):
        return 0.0
    centre = judges.differences(merged(features)[None], features)
    return float(same(centre, judges.threshold)[0])


def _adherence(
    watched: Watched, seen: Looks, counts: Mapping[str, int], whose: list[str | None], negative: str
) -> npt.NDArray[np.float64]:
    """Return how well each look keeps to the prompt of its frame."""
    weights, keys = tag_weights(counts), vocabulary_keys(counts)
    column = {tag: number for number, tag in enumerate(counts)}
    unwanted = prompt_tags(negative, keys)
    kept = []
    for row, text, owner in zip(seen.probabilities, watched.texts, watched.owner, strict=True):
        wanted = prompt_tags(text, keys, whose[owner])
        probabilities = {tag: float(row[column[tag]]) for tag in (*wanted, *unwanted)}
        kept.append(adherence(probabilities, wanted, unwanted, weights))
    return np.array(kept)


def _nearest(differences: npt.NDArray[np.float32], references: pl.DataFrame, count: int) -> dict[str, Any]:
    """Return the nearest references of each sample, one of a still; differences are infinite where none may be made."""
    images, stills = references["image"].to_list(), references["still"].to_list()
    found: dict[str, Any] = {"nearest_image": [], "nearest_still": [], "nearest_difference": []}
    for row in differences:
        by_still: dict[str, int] = {}
        for place in np.argsort(row, kind="stable"):
            if np.isfinite(row[place]) and len(by_still) < count:
                by_still.setdefault(stills[place], int(place))
        found["nearest_image"].append([images[place] for place in by_still.values()])
        found["nearest_still"].append(list(by_still))
        found["nearest_difference"].append([round(float(row[place]), DIGITS) for place in by_still.values()])
    return found
