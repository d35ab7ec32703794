"""How a series' own clips move, which is what a sample's motion is held against; and which of them a sample is near to.

No figure is good or bad by itself: drawn on threes, a picture stands for three frames, and a camera at rest moves
nothing. So each has a range, the middle share of drawn clips', and a sample is inside or outside of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genga.errors import GengaError
from genga.evaluation.bootstrap import DIGITS
from genga.evaluation.evaluators import Judges, persons_of
from genga.evaluation.motion import Motion, motion
from genga.evaluation.prompts import prompt_parts, tag_key
from genga.images.codec import data_uri
from genga.images.image import Image, cut
from genga.models.registry import Model
from genga.params.evaluate import Params
from genga.training.families.family import family_of

Figures = Mapping[str, float]  # by name, of FIGURES
FIGURES = ("dynamics", "held", "hold", "flicker", "warping", "identity")
_LOW, _HIGH = {"dynamics", "identity"}, {"dynamics", "hold", "flicker", "warping"}  # where less, or more, is outside
_SCORED = ("dynamics", "hold", "flicker", "warping")
_SHOWN, _MIDDLE, _QUALITY = 4, 120, 90  # drawings made larger that are shown; px of their middle; quality of WebP
_GRAIN = {"flicker": 0.5, "warping": 0.5}  # code values below which the two are rounding


@dataclass(frozen=True)
class Drawn:
    """How drawn clips move."""

    split: str  # which of them: held-out, or train where too few are held out
    clips: int  # how many were looked at
    ranges: Mapping[str, tuple[float, float]]  # of FIGURES
    rates: tuple[float, float]  # 1/s, the lowest and highest at which they play
    enlarged: list[dict[str, Any]] = field(default_factory=list)  # see made_larger

    def as_dict(self, inside: float) -> dict[str, Any]:
        """Return what data/evaluate/<run>.json says of them. inside: share of them that a range holds."""
        return {
            "split": self.split, "clips": self.clips, "inside": inside, "rates": [round(one, 3) for one in self.rates],
            "ranges": {name: [round(one, DIGITS) for one in self.ranges[name]] for name in FIGURES},
            "enlarged": self.enlarged,
        }  # fmt: skip


def learnt_clips(model: Model, in_clipset: Path, character: str, scaling: str, threads: int) -> Any:
    """Return the clips that a run learns from (genga.training.clips.Opened), as its base's family has them."""
    family = family_of(model)
    if family.clips is None:
        raise GengaError(
            f"evaluate: base {model.name} does not move, and its samples are clips; make the samples again"
        )
    return family.clips.opened(in_clipset, None, character, family.side, scaling, threads)


def drawn_clips(learnt: Any, judges: Judges, params: Params) -> Drawn:
    """Return how clips of `learnt` (see learnt_clips) move: the held-out ones, or the train split if too few are."""
    enough = len(learnt.held) >= params.min_held_out
    every = sorted(learnt.held if enough else learnt.examples, key=lambda clip: clip.image)
    chosen = [every[place] for place in spread(len(every), params.clips.drawn)]
    figures = []
    with learnt.reading() as read:
        for clip in chosen:
            pictures = dict(read(clip))
            frames = [pictures[number] for number in clip.frames]
            looks = [frames[place] for place in spread(len(frames), params.clips.frames)]
            figures.append(figures_of(motion(frames, clip.rate), clip.rate, identity(looks, judges)))
        enlarged = made_larger(every, read)
    rates = [clip.rate for clip in chosen]
    split = "held-out" if enough else "train"
    return Drawn(split, len(chosen), ranges_of(figures, params.clips.inside), (min(rates), max(rates)), enlarged)


def made_larger(clips: Sequence[Any], read: Callable[[Any], Iterable[tuple[int, Image]]]) -> list[dict[str, Any]]:
    """Return a few drawings of clips that were made larger (params.yaml:clips.upscale), to be shown before and after.

    Of each its `frame`, as stills are called, `by`, `denoise` and `factor`, and the middle of it, `before` enlarged by
    repeated px, `after`, as data URIs. read: gives a clip's pictures with their numbers.
    """
    small = [clip for clip in clips if clip.upscale is not None]
    return [_larger(small[place], read) for place in spread(len(small), _SHOWN)]


def _larger(clip: Any, read: Callable[[Any], Iterable[tuple[int, Image]]]) -> dict[str, Any]:
    before, (number, after) = (next(iter(read(one))) for one in (replace(clip, upscale=None), clip))
    height, width, _ = before[1].shape
    side, factor = min(_MIDDLE, height, width), clip.upscale.factor
    y, x = (height - side) // 2, (width - side) // 2
    px = np.kron(cut(before[1], x, y, x + side, y + side), np.ones((factor, factor, 1), np.uint8))
    large = cut(after, factor * x, factor * y, factor * (x + side), factor * (y + side))
    shown = {
        name: data_uri(np.ascontiguousarray(image), _QUALITY) for name, image in (("before", px), ("after", large))
    }
    return {"frame": f"{clip.image.rpartition('/')[0]}/{number:06d}", **clip.upscale._asdict(), **shown}


def figures_of(of: Motion, rate: float, alike: float) -> dict[str, float]:
    """Return a clip's FIGURES. rate: 1/s; alike: see identity."""
    return {
        "dynamics": of.dynamics, "held": of.held, "hold": of.longest_hold / rate, "flicker": of.flicker,
        "warping": of.warping, "identity": alike,
    }  # fmt: skip


def identity(looks: Sequence[Image], judges: Judges) -> float:
    """Return the share of pairs of a clip's pictures that show the same person, by the embedder; 1 for one picture."""
    return same_pairs(judges.features(persons_of(looks, judges)[0]), judges)


def same_pairs(features: npt.NDArray[np.float32], judges: Judges) -> float:
    """Return the share of pairs of features (n, d) that are the same person; 1 without a pair."""
    first, second = np.triu_indices(len(features), 1)
    if not len(first):
        return 1.0
    return float((judges.differences(features, features)[first, second] <= judges.threshold).mean())


def ranges_of(clips: Sequence[Figures], inside: float) -> dict[str, tuple[float, float]]:
    """Return for each figure the range that holds the middle share `inside` of clips."""
    ends = (1 - inside) / 2, (1 + inside) / 2
    return {
        name: (float(low), float(high))
        for name in FIGURES
        for low, high in [np.quantile([clip[name] for clip in clips], ends)]
    }


def outside(clip: Figures, ranges: Mapping[str, tuple[float, float]]) -> list[str]:
    """Return which figures of a clip are outside the range, where that matters: less flicker is no fault."""
    below = {name for name in _LOW if clip[name] < ranges[name][0]}
    above = {name for name in _HIGH if clip[name] > ranges[name][1]}
    return [name for name in FIGURES if name in below | above]


def moves(clip: Figures, ranges: Mapping[str, tuple[float, float]]) -> float:
    """Return how well a clip moves, 0..1: by the figure farthest outside its range, how many times it is.

    1: none is. 0.5: one is twice, or half, what the range's end is. 0: a picture that stands, where drawn ones move.
    """
    return min(_within(name, clip[name], ranges[name]) for name in _SCORED)


def _within(name: str, value: float, ends: tuple[float, float]) -> float:
    low, high = (end + _GRAIN.get(name, 0.0) for end in ends)
    value += _GRAIN.get(name, 0.0)
    if value > high:
        return high / value
    return value / low if name in _LOW and value < low else 1.0


def spread(count: int, most: int) -> list[int]:
    """Return at most `most` of `count` places, evenly spread, each in the middle of its stretch."""
    wanted = min(count, most)
    return [(2 * place + 1) * count // (2 * wanted) for place in range(wanted)]


def nearest_clips(
    differences: npt.NDArray[np.float32], stills: Sequence[str], clips: Sequence[Any], texts: Sequence[str], most: int
) -> dict[str, list[Any]]:
    """Return which training clips each sample is nearest to: by the embedder, and by the words of captions.

    differences: (samples, references), infinite where none may be made; stills: of each reference, by which it is a
    clip's; clips: the run's; texts: the prompt of each sample.
    """
    of_clip = [[place for place, still in enumerate(stills) if still in shown] for shown in map(_stills, clips)]
    known = [(clip, places) for clip, places in zip(clips, of_clip, strict=True) if places]
    found: dict[str, list[Any]] = {"nearest_clip": [], "nearest_clip_frame": [], "nearest_clip_difference": []}
    for row in differences:
        best = [(row[places].min(), clip.image, places[int(row[places].argmin())]) for clip, places in known]
        near = sorted(one for one in best if np.isfinite(one[0]))[:most]
        found["nearest_clip"].append([name for _, name, _ in near])
        found["nearest_clip_frame"].append([int(stills[place].rpartition("/")[2]) for *_, place in near])
        found["nearest_clip_difference"].append([round(float(value), DIGITS) for value, *_ in near])
    words = [(clip.image, {tag_key(word) for word in clip.caption.split(",") if word.strip()}) for clip in clips]
    by_words = [sorted((-_overlap({*prompt_parts(text)}, own), name) for name, own in words)[:most] for text in texts]
    return {
        **found,
        "caption_clip": [[name for _, name in near] for near in by_words],
        "caption_overlap": [[round(-value, DIGITS) for value, _ in near] for near in by_words],
    }


def _stills(clip: Any) -> set[str]:
    """The frames of a clip as stills are called."""
    episode = clip.image.rpartition("/")[0]
    return {f"{episode}/{number:06d}" for number in clip.frames}


def _overlap(first: set[str], second: set[str]) -> float:
    """Jaccard's coefficient."""
    return len(first & second) / len(first | second) if first | second else 0.0
