"""Which scored tags hold for one picture (a still, or one person in it): the rules and their reasons.

Nothing is thrown away: a tag that does not hold keeps its row, with the first of REASONS that speaks against it.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genga.params.tag import Framing, Params
from genga.people.figures import FRAMINGS, Person, height_of, is_count
from genga.vocabulary.parts import EXCLUSIVE, SEVERAL, is_subject

_EDGE = 0.02  # of the frame's height: a box that ends so near to the lower edge goes on beyond it

# Why a tag was not kept.
REASONS = {
    "score": "its mean score is not above the threshold",
    "votes": "too few taggers are above the threshold",
    "rating": "another rating is likelier",
    "name": "names of characters, works and artists are not taken from taggers, nor what they say of years and quality",
    "boxes": "the boxes say otherwise about who is there and how much of them",
    "no subject box": "it is about somebody, and nobody was found",
    "exclusive": "another of its kind is likelier, and a person has only one",
    "shot": "it is on few drawings of the shot, and does not come and go",
    "persons": "it is about somebody, and holds for nobody in the still",
    "read": "it is about text, and what was read in the picture says otherwise",
    "rule": "a rule of a person's took it away",
    "alias": "it is another name for a tag, which stands instead",
    "implied": "another tag that is kept implies it",
    "blocklist": "it is on the blocklist",
    "overlap": "its words end another tag that is kept",
    "person": "a person took it away",
}
NAMES = ("character", "copyright", "artist", "meta", "year", "quality", "model")


class Scored(NamedTuple):
    tag: str
    category: str  # general, rating, or one of NAMES
    score: float  # mean over the taggers that know it, 0..1
    votes: int  # taggers above the threshold
    spread: float | None = None  # highest less lowest score of the taggers, 0..1; None: fewer than two know it
    known: int = 1  # taggers that know it


class FromBoxes(NamedTuple):
    """What the boxes say about the picture."""

    composed: Mapping[str, float]  # tags that follow from the boxes, with the detections' score
    vouched: bool  # whether a person, half body, head or face was found
    people: int  # how many


class Judged(NamedTuple):
    tag: str
    category: str
    score: float
    votes: int
    spread: float | None
    origin: str  # model, box
    kept: bool
    reason: str  # a key of REASONS; "" if kept


def judge(
    scored: Iterable[Scored], seen: FromBoxes, params: Params, threshold: float | None = None
) -> Iterator[Judged]:
    """Yield every tag with the decision on it: what the boxes say, then the taggers' tags in the given order.

    A tag given by the boxes carries the detection's score, whatever the taggers thought of it. threshold: of the mean,
    if it is another than that of `params`.
    """
    listed, limit = list(scored), params.threshold if threshold is None else threshold
    said = {one.tag: one for one in listed}
    for tag, score in seen.composed.items():
        one = said.get(tag, Scored(tag, "general", 0.0, 0))
        yield Judged(tag, "general", score, one.votes, one.spread, "box", True, "")
    unlikely = {one.tag: reason for one in listed if (reason := _too_low(one, limit, params))}
    rating = _best(one for one in listed if one.category == "rating")
    losers = _losers(listed, unlikely, params) if seen.people == 1 else frozenset()
    for one in listed:
        if one.tag not in seen.composed:
            reason = _against(one, seen, params, rating, losers, unlikely.get(one.tag, ""))
            yield Judged(*one[:5], "box" if reason == "boxes" else "model", not reason, reason)


def _too_low(one: Scored, limit: float, params: Params) -> str:
    """The reason why the taggers together do not say so, or ""."""
    if params.ensemble == "vote" and 2 * one.votes <= one.known:
        return "votes"
    return "score" if params.ensemble != "vote" and one.score <= limit else ""


def mcut(scores: npt.NDArray[np.float64]) -> float:
    """Return the middle of the widest gap between scores (n,), the highest one of several as wide; 0 for fewer than 2.

    Largeron, Moulin, Gery 2012, "MCut: A Thresholding Strategy for Multi-label Classification".
    """
    ordered = np.sort(scores)[::-1]
    if len(ordered) < 2:
        return 0.0
    gap = int((ordered[:-1] - ordered[1:]).argmax())
    return float((ordered[gap] + ordered[gap + 1]) / 2)


def _against(
    one: Scored, seen: FromBoxes, params: Params, rating: str | None, losers: frozenset[str], unlikely: str
) -> str:
    """The first reason against a tag, or ""."""
    if one.category == "rating":
        return "" if one.tag == rating else "rating"
    if one.category in NAMES:
        return "name"
    if unlikely:
        return unlikely
    if one.votes < params.votes:
        return "votes"
    if is_count(one.tag) or (one.tag in FRAMINGS and not seen.composed.keys().isdisjoint(FRAMINGS)):
        return "boxes"
    if not seen.vouched and is_subject(one.tag, params.unknown == "subject"):
        return "no subject box"
    return "exclusive" if one.tag in losers else ""


def _best(scored: Iterable[Scored]) -> str | None:
    """The tag with the highest score; ties by name."""
    best = min(scored, key=lambda one: (-one.score, one.tag), default=None)
    return best.tag if best else None


def _losers(scored: list[Scored], unlikely: Container[str], params: Params) -> frozenset[str]:
    """Tags of exclusive groups that are not the best of their group, where no tag says there are several."""
    holds = {one.tag for one in scored if one.tag not in unlikely}
    lost: set[str] = set()
    for group in params.exclusive:
        if holds.isdisjoint(SEVERAL[group]):
            members = [one for one in scored if one.tag in EXCLUSIVE[group] and one.category == "general"]
            lost |= {one.tag for one in members} - {_best(members)}
    return frozenset(lost)


def framing(one: Person, frame_height: int, params: Framing) -> str | None:
    """Return which of FRAMINGS a figure has in a frame of that height in px; None if its head is not known.

    Measured in half bodies (head to waist) where one is known, so that short and tall figures are judged alike; else
    by the head, taking a half body for two portraits.
    """
    if one.person is None or one.head is None:
        return None
    height, head = height_of(one.person), max(height_of(one.head), 1)
    half = max(height_of(one.halfbody), 1) if one.halfbody is not None else 2 * params.portrait * head / params.cowboy
    is_cut = one.person[3] >= frame_height * (1 - _EDGE)
    if height >= params.full * half or (not is_cut and height >= params.cowboy * half):
        return "full_body"
    if height >= params.cowboy * half:
        return "cowboy_shot"
    return "portrait" if height < params.portrait * head else "upper_body"
