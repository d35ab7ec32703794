"""From judged samples to figures for each checkpoint, a selected one, and whether it beats the base.

Three ways to select, all reported: v1.5's and the later published score (genga/evaluation/scores.py), and the corrected
score, which mends what is known to be wrong with the later one: it is relative to the run, has no held-out set and no
interval, and a checkpoint that copies its data wins. Which of the two last decides is a parameter. Of clips the
corrected score is times how well they move: one that stands still, or flickers, does not win by its pictures.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from genga.errors import GengaError
from genga.evaluation.bootstrap import DIGITS, Draws, Interval, draws, interval, out_of_bag
from genga.evaluation.evaluate import References
from genga.evaluation.memorization import excess
from genga.evaluation.scores import best, best_published_v1, corrected_score, published_score
from genga.evaluation.verdict import BASE
from genga.params.evaluate import Params
from genga.training.checkpoints import Checkpoints

Values = npt.NDArray[np.float64]

MEASURES = ("recognition_v1", "recognition_v2", "recognition_train", "adherence", "copies")
OF_CLIPS = ("moves", "freezes", "dynamics", "held", "hold", "flicker", "warping", "identity")  # besides, of clips


@dataclass(frozen=True)
class Trial:
    """What every step scored on every pair of prompt and seed, and which pairs each bootstrap sample holds."""

    steps: list[int]  # the base first
    values: dict[str, Values]  # of each measure, (steps, pairs)
    drawn: Draws
    confidence: float

    def level(self, measure: str, index: int) -> Interval:
        """Return what a step scored."""
        return interval(self.values[measure][index], self.drawn, self.confidence)

    def difference(self, measure: str, index: int, other: int = 0) -> Interval:
        """Return what a step scored more than another one, the base if none is named, pair by pair."""
        return interval(self.values[measure][index] - self.values[measure][other], self.drawn, self.confidence)


def select(table: pl.DataFrame, params: Params, dataset_images: int) -> dict[str, Any]:
    """Return the figures of each step, the selection, and the selected checkpoint's differences to the base.

    table: rows of EVALUATE; dataset_images: in the run's train split. Raises GengaError if the base or all
    checkpoints are missing, or if the steps did not draw the same (prompt, seed) pairs.
    """
    steps, values = by_pair(table)
    pairs = values["adherence"].shape[1]
    trial = Trial(steps, values, draws(pairs, params.resamples, params.seed), params.confidence)
    scores = _scores({name: array[1:].mean(axis=1) for name, array in values.items()}, params)
    resampled = _scores({name: array[1:, trial.drawn].mean(axis=2) for name, array in values.items()}, params)
    chosen = 1 + int(best(scores[params.select_by]))
    often = best(resampled[params.select_by])
    return {
        "steps": [_figures(trial, index, scores, often) for index in range(len(steps))],
        "selection": {
            "step": steps[chosen],
            "select_by": params.select_by,
            "corrected": steps[1 + int(best(scores["corrected"]))],
            "published": steps[1 + int(best(scores["published"]))],
            "published_v1": best_published_v1(steps[1:], values["recognition_v1"][1:].mean(axis=1), dataset_images),
            "dataset_images": dataset_images,
            "not_told_apart": [
                steps[index]
                for index in range(1, len(steps))
                if index != chosen and trial.difference("recognition_v1", index, chosen).decides == "undecided"
            ],
        },
        "difference": {
            **{name: trial.difference(name, chosen).as_dict() for name in values},
            "out_of_bag": {n: out_of_bag(array[1:] - array[BASE], often, trial.drawn) for n, array in values.items()},
        },
        "bootstrap": {
            "pairs": pairs,
            "resamples": params.resamples,
            "confidence": params.confidence,
            "seed": params.seed,
        },
    }


def styles_compared(table: pl.DataFrame, samples: pl.DataFrame, chosen: int, params: Params) -> dict[str, Any] | None:
    """Return what the word for the style of clips adds, with the base and with the selected step; None: not compared.

    table: rows of EVALUATE; samples: prompt and unstyled of SAMPLE; chosen: the selected step.
    """
    unstyled: dict[int, int] = dict(samples.select("prompt", "unstyled").drop_nulls().unique().sort("prompt").rows())
    if not unstyled:
        return None
    sides = [table.filter(pl.col("prompt").is_in(list(side))) for side in (unstyled.keys(), unstyled.values())]
    (steps, with_word), (_, without) = (by_pair(side) for side in sides)
    drawn = draws(next(iter(with_word.values())).shape[1], params.resamples, params.seed)

    def added(step: int) -> dict[str, dict[str, float]]:
        place = steps.index(step)
        return {
            name: interval(values[place] - without[name][place], drawn, params.confidence).as_dict()
            for name, values in with_word.items()
        }

    return {"prompts": [list(pair) for pair in unstyled.items()], "base": added(BASE), "selected": added(chosen)}


def by_pair(table: pl.DataFrame) -> tuple[list[int], dict[str, Values]]:
    """Return the steps, the base first, and each measure as an array (steps, pairs); pairs by prompt and seed."""
    table = table.sort("step", "prompt", "seed")
    steps = table["step"].unique(maintain_order=True).to_list()
    if len(steps) < 2 or steps[0] != BASE:
        raise GengaError(
            "evaluate: samples of the base (step 0) and of a checkpoint are needed; make the samples again"
        )
    parts = [table.filter(pl.col("step") == step) for step in steps]
    pairs = parts[0].select("prompt", "seed")
    for step, part in zip(steps, parts, strict=True):
        if not part.select("prompt", "seed").equals(pairs):
            raise GengaError(f"evaluate: step {step} did not draw the base's prompts and seeds; make the samples again")
    measures = (*MEASURES, *OF_CLIPS) if "moves" in table.columns and table["moves"].is_not_null().all() else MEASURES
    return steps, {name: np.stack([part[name].cast(pl.Float64).to_numpy() for part in parts]) for name in measures}


def _scores(means: dict[str, Values], params: Params) -> dict[str, Values]:
    """Return both scores of arrays whose first axis is the checkpoint (without the base)."""
    recognition, kept = means["recognition_v2"], means["adherence"]
    copies = excess(means["copies"], params.copy_quantile)
    return {
        "corrected": corrected_score(recognition, kept, copies, params.fidelity) * means.get("moves", 1.0),
        "published": published_score(recognition, kept, params.fidelity),
    }


def _figures(trial: Trial, index: int, scores: dict[str, Values], often: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return one step's figures. The base has no scores: it is compared with, not selected.

    often: the index of the checkpoint that each bootstrap sample chose.
    """
    figures: dict[str, Any] = {
        "step": trial.steps[index],
        **{name: trial.level(name, index).as_dict() for name in trial.values},
    }
    if index > 0:
        figures |= {f"score_{name}": round(float(array[index - 1]), DIGITS) for name, array in scores.items()}
        figures["chosen"] = round(float((often == index - 1).mean()), DIGITS)
        figures["difference"] = {name: trial.difference(name, index).as_dict() for name in trial.values}
    return figures


def comparison(
    selected: dict[str, Any],
    against: References,
    threshold: float,
    checkpoints: Checkpoints,
    models: str,
    character: str | None,
    motion: dict[str, Any] | None = None,
    style: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what `data/evaluate/<run>.json` says: `selected` of select(), and what was compared with what.

    motion: of a run whose base moves, how drawn clips do (Drawn.as_dict); style: of styles_compared.
    """
    chosen = checkpoints.at(selected["selection"]["step"])
    known = {checkpoint.step: checkpoint for checkpoint in checkpoints.all}
    return {
        **selected,
        "run": checkpoints.run,
        "character": character,
        "base": checkpoints.base,
        "models": models,
        "steps": [
            {**figures, **({"epoch": known[step].epoch, "file": known[step].file} if step in known else {})}
            for figures in selected["steps"]
            for step in [figures["step"]]
        ],
        "selection": {**selected["selection"], "file": chosen.file, "sha256": chosen.sha256, "epoch": chosen.epoch},
        "references": {
            "deciding": against.split,
            "images": against.counts,
            "upper_bounds": {name or "": round(bound, DIGITS) for name, bound in against.upper_bounds.items()},
            "same_character_up_to": threshold,
            "copy_below": against.copy_threshold,
        },
        **({} if motion is None else {"motion": motion}),
        **({} if style is None else {"style": style}),
    }
