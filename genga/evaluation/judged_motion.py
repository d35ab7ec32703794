"""The columns of a judged clip: how it moves beside drawn ones, who is in it over time, and which it is near to."""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genga.errors import GengaError
from genga.evaluation.drawn_clips import FIGURES, Drawn, figures_of, moves, nearest_clips, outside, same_pairs
from genga.evaluation.evaluators import Judges, Looks
from genga.evaluation.watching import Watched
from genga.params.evaluate import Params

# Columns of EVALUATE that are null of a picture.
OF_CLIPS = (
    *FIGURES, "outside", "freezes", "moves", "nearest_clip", "nearest_clip_frame", "nearest_clip_difference",
    "caption_clip", "caption_overlap",
)  # fmt: skip


@dataclass(frozen=True)
class Moving:
    """What samples that move are held against."""

    drawn: Drawn
    clips: list[Any]  # those that were trained on (genga.training.clips.Clip)


def judged_motion(
    watched: Watched, seen: Looks, differences: npt.NDArray[np.float32], stills: list[str], judges: Judges,
    params: Params, moving: Moving | None,
) -> dict[str, list[Any]]:  # fmt: skip
    """Return OF_CLIPS of each sample, null where there is no clip.

    differences: (samples, references), infinite where none may be made; stills: of each reference.
    """
    if moving is None and watched.moving:
        raise GengaError("evaluate: the samples are clips, to be held against drawn ones; name these by --in-clipset")
    if moving is None:
        return {name: [None] * watched.samples.height for name in OF_CLIPS}
    looks = np.split(seen.features, watched.first[1:])
    rates = watched.samples["rate"].to_list()
    found = [
        figures_of(motion, rate, same_pairs(features, judges))
        for motion, rate, features in zip(watched.motions, rates, looks, strict=True)
    ]
    low, high = moving.drawn.rates
    if odd := sorted({rate for rate in rates if not low * 0.99 <= rate <= high * 1.01}):
        print(
            f"note: evaluate: samples play at {odd[0]:g} a second, the clips that they are held against at {low:g} to"
            f" {high:g}; set sample.clips.rate to that",
            file=sys.stderr,
        )
    beyond = [outside(one, moving.drawn.ranges) for one in found]
    texts = watched.samples["prompt_text"].to_list()
    return {
        **{name: [one[name] for one in found] for name in FIGURES},
        "outside": beyond,
        "freezes": ["hold" in names for names in beyond],
        "moves": [moves(one, moving.drawn.ranges) for one in found],
        **nearest_clips(differences, stills, moving.clips, texts, params.nearest),
    }
