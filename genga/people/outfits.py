"""What somebody wears: the tracks of a cluster, gathered by clothes. Somebody in one shot wears one outfit.

Two tracks differ by tags of what is worn (how much of what is seen on the one who shows less is not seen on the other,
a tag counting by the share of crops that have it) and by the colours below the head, in the mean of both. Of a face
alone nothing is known: such a track, and one that is like no outfit, has the outfit of the nearest shot of its episode.
An outfit is proposed by the tags that tell it from the others of that cluster; a cluster with one outfit has none.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
import numpy.typing as npt

from genga.images.boxes import Box
from genga.images.image import Image
from genga.people.linkage import average, pairs_of
from genga.vocabulary.parts import part_of
from genga.vocabulary.text import to_text

LOOKED_AT = 3  # crops of a track whose colours are looked at
_WORN = ("torso", "legs", "neck", "feet")  # parts of the vocabulary; what a name is taken of first


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BODY = _words("""
    arm hand finger fingernail elbow wrist palm fist shoulder armpit collarbone chest breast cleavage nipple abs belly
    navel midriff stomach waist back hip leg knee thigh crotch groin ass foot feet toe toenail barefoot tail wing nail
""")
_POSED = _words("on up down behind own between over apart crossed raised holding grab pull lift tug hug")
_GENERAL = _words("sleeve trim cuff frill button zipper pocket belt footwear legwear clothes clothing")
_GREY = 50  # of 255, saturation below which a colour counts by its brightness
_SIDE = (24, 32)  # px, to which the body is scaled: so many colours are counted, whatever its size
_MOST = 1000  # tracks of a cluster that are compared, those with most crops; the others go by the nearest shot
_SURE = 0.5  # share of an outfit's crops that have a tag that it is called by

Colours = npt.NDArray[np.float64]  # (16,) shares: 12 hues, then 4 greys from dark to light
ImageOf = Callable[[str], Image]  # the pixels of a crop


@dataclass(frozen=True)
class Worn:
    """What is seen of a track's clothes. At least one of both is there for a track that shows any."""

    track: int
    cluster: int
    episode: str
    frame: int  # of the first still
    crops: int  # whole figures and half bodies; 0: nothing is known
    tags: Mapping[str, float]  # share of the crops that have it, of what is worn
    colours: Colours | None


def is_worn(tag: str) -> bool:
    """Return whether a tag is of clothes, not of the body or a pose."""
    words = tag.split("_(")[0].split("_")
    return part_of(tag) in _WORN and words[-1].removesuffix("s") not in _BODY and _POSED.isdisjoint(words)


def colours_below(image: Image, box: Box, head: Box | None) -> Colours | None:
    """Return the colours of the middle of a crop below the head; None where hardly any body is seen.

    box, head: of crop and head, px of the still.
    """
    below = min(max(head[3] - box[1], 0), image.shape[0]) if head else image.shape[0] // 3
    quarter = image.shape[1] // 4
    body = image[below:, quarter : image.shape[1] - quarter]
    if body.shape[0] < max(8, image.shape[0] // 8) or body.shape[1] < 4:
        return None
    hues = cv2.cvtColor(cv2.resize(body, _SIDE, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2HSV).reshape(-1, 3)
    hue, saturation, value = hues.astype(np.int64).T
    kinds = np.where(saturation < _GREY, 12 + value // 64, hue // 15)
    return np.bincount(kinds, minlength=16) / len(kinds)


def outfits(worn: Sequence[Worn], cut: float) -> dict[int, str]:
    """Return the proposed outfit of each track, of clusters with two or more. cut: difference, 0..1; 0: none."""
    by_cluster: dict[int, list[Worn]] = defaultdict(list)
    for one in worn:
        by_cluster[one.cluster].append(one)
    found: dict[int, str] = {}
    for tracks in by_cluster.values() if cut > 0 else ():
        group = _groups(tracks, cut)
        if len(set(group.values())) > 1:
            called = names({number: [one for one in tracks if group.get(one.track) == number] for number in
                            sorted(set(group.values()))})  # fmt: skip
            found |= {one.track: called[_nearest_in_time(one, tracks, group)] for one in tracks}
    return found


def _groups(tracks: Sequence[Worn], cut: float) -> dict[int, int]:
    """The outfit of the tracks that are like others in it, or long enough to stand alone."""
    known = sorted((one for one in tracks if one.crops), key=lambda one: (-one.crops, one.track))[:_MOST]
    means = np.zeros((len(known), len(known)))
    for i, j in combinations(range(len(known)), 2):
        means[i, j] = means[j, i] = unlike(known[i], known[j])
    leader = average(means, np.array([one.crops for one in known], np.int64), pairs_of([]), cut)
    tracks_of = Counter(leader.tolist())
    return {one.track: int(of) for one, of in zip(known, leader, strict=True) if tracks_of[int(of)] > 1}


def unlike(a: Worn, b: Worn) -> float:
    """Return how different two tracks are by clothes, 0..1."""
    found = []
    less = min(sum(a.tags.values()), sum(b.tags.values()))
    if less > 0:
        common = sum(min(share, b.tags.get(tag, 0.0)) for tag, share in sorted(a.tags.items()))
        found.append(1 - common / less)
    if a.colours is not None and b.colours is not None:
        found.append(float(np.abs(a.colours - b.colours).sum()) / 2)
    return round(sum(found) / len(found), 4) if found else 1.0


def _nearest_in_time(one: Worn, tracks: Sequence[Worn], group: Mapping[int, int]) -> int:
    """The outfit of a track: its own, or that of the nearest track before or after it, of its own episode if any."""
    return min(
        (other.track != one.track, other.episode != one.episode, abs(other.frame - one.frame), other.frame, of)
        for other in tracks
        if (of := group.get(other.track)) is not None
    )[-1]


def names(groups: Mapping[int, Sequence[Worn]]) -> dict[int, str]:
    """Return what each outfit of a cluster is called: by the tag that tells it best from the others."""
    shares = {number: _shares(tracks) for number, tracks in groups.items()}
    found: dict[int, str] = {}
    for number, own in shares.items():
        others = [share for other, share in shares.items() if other != number]

        def tells(tag: str, own: Mapping[str, float] = own, others: Sequence[Mapping[str, float]] = others) -> float:
            return round(own[tag] - max((share.get(tag, 0.0) for share in others), default=0.0), 1)

        sure = [tag for tag, share in own.items() if share >= _SURE and tells(tag) > 0]
        best = sorted(sure, key=lambda tag: (_is_general(tag), -tells(tag), _WORN.index(part_of(tag)), tag))
        name = next((text for tag in best if (text := to_text(tag)) not in found.values()), "")
        found[number] = name or next(text for k in range(1, len(groups) + 1) if (text := f"outfit {k}") not in
                                     found.values())  # fmt: skip
    return found


def _is_general(tag: str) -> bool:
    return tag.split("_")[-1].removesuffix("s") in _GENERAL


def _shares(tracks: Sequence[Worn]) -> dict[str, float]:
    """The share of all crops that have a tag."""
    crops = sum(one.crops for one in tracks)
    counted: Counter[str] = Counter()
    for one in tracks:
        counted.update({tag: round(share * one.crops) for tag, share in one.tags.items()})
    return {tag: count / crops for tag, count in sorted(counted.items())}
