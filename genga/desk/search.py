"""Which pictures a query finds (genga.desk.query): an episode in, numbers out."""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genga.decisions.anchors import target_of
from genga.desk.piece import KINDS, UNIT, UNKNOWN, Mask, Numbers, Piece, Words
from genga.desk.query import TAG, Query, Range, Term, matches
from genga.vocabulary.text import tag_name

LEFT_OUT = "out"  # in `in:`, everything that is not in the dataset for a reason

Floats = npt.NDArray[np.float32]


class Found(NamedTuple):
    pictures: Numbers  # of the episode, in the order asked for within it
    rank: Floats  # by which they are sorted, the highest first, over all episodes; 0 where by frame


def search(query: Query, piece: Piece) -> Found:
    """Return the pictures of an episode that a query finds."""
    mask = np.ones(len(piece), bool)
    for term in query.terms:
        mask &= _holds(term, piece) ^ term.without
    rank = np.zeros(len(piece), np.float32)
    if query.of_tags or query.sort != "frame":
        among, rank = _said(query, piece)
        mask &= among
    pictures = np.flatnonzero(mask)
    order = np.argsort(-rank[pictures], kind="stable") if query.sort != "frame" else slice(None)
    return Found(pictures[order], rank[pictures][order])


def _holds(term: Term, piece: Piece) -> Mask:
    """On which pictures a term holds, were there no minus."""
    if term.range is not None:
        return inside(term.range, _NUMBERS[term.key](piece))
    if term.key == TAG:
        mask = np.zeros(len(piece), bool)
        for tag in piece.tags_like(term.words):
            mask |= piece.holding(tag)
        return mask
    if term.key in _WORDS:
        return _WORDS[term.key](piece).where(term.words)
    if term.key == "in":
        return piece.side.where(term.words) | _out(term, piece)
    if term.key == "kind":
        wanted = [number for number, kind in enumerate(KINDS) if matches(kind, term.words)]
        return np.isin(piece.kind, [*wanted, *([1, 2, 3] if "crop" in term.words else [])])
    if term.key == "id":
        return _named(term.words, piece)
    if term.key == "decided":
        return _decided(piece) ^ ("no" in term.words)
    own = piece.series if term.key == "series" else piece.episode
    return np.full(len(piece), matches(own, term.words))


_NUMBERS: Mapping[str, Callable[[Piece], npt.NDArray[np.int32] | Numbers]] = {
    "shot": lambda piece: piece.shot, "frame": lambda piece: piece.frame, "cluster": lambda piece: piece.cluster,
    "width": lambda piece: piece.width, "height": lambda piece: piece.height,
}  # fmt: skip
_WORDS: Mapping[str, Callable[[Piece], Words]] = {
    "character": lambda piece: piece.character, "outfit": lambda piece: piece.outfit, "tier": lambda piece: piece.tier,
    "bucket": lambda piece: piece.bucket,
}  # fmt: skip


def inside(wanted: Range, values: npt.NDArray[np.generic]) -> Mask:
    """Return which values a range holds; nan is in none."""
    numbers = values.astype(np.float64)
    low = numbers > wanted.low if wanted.open_low else numbers >= wanted.low
    high = numbers < wanted.high if wanted.open_high else numbers <= wanted.high
    mask: Mask = low & high & ~np.isnan(numbers)
    return mask


def _said(query: Query, piece: Piece) -> tuple[Mask, Floats]:
    """Of which pictures taggers said of one tag all that is asked for, and the highest figure to sort by."""
    said = piece.said
    count = max(int(said.of.max(initial=-1)), int(piece.subject.max(initial=-1))) + 1
    among, rank = np.zeros(count, bool), np.zeros(count, np.int16)
    stretches = [said.where(tag) for tag in piece.tags_like(query.tags)] if query.tags else [slice(None)]
    for rows in stretches:
        fits = np.ones(len(said.of[rows]), bool)
        for term in query.of_tags:
            fits &= in_units(term.range or Range(), (said.score if term.key == "score" else said.disagreement)[rows])
        who = said.of[rows][fits]
        among[who] = True
        if query.sort != "frame":
            np.maximum.at(rank, who, (said.score if query.sort == "score" else said.disagreement)[rows][fits])
    return among[piece.subject], rank[piece.subject].astype(np.float32)


def in_units(wanted: Range, values: npt.NDArray[np.int16]) -> Mask:
    """Return which figures in 1 / UNIT a range of shares holds; one that is not known is in none."""
    low, high = (min(max(round(end * UNIT), -1), UNIT + 1) for end in (max(wanted.low, -1.0), min(wanted.high, 2.0)))
    above = values > low if wanted.open_low else values >= low
    below = values < high if wanted.open_high else values <= high
    mask: Mask = above & below & (values != UNKNOWN)
    return mask


def _out(term: Term, piece: Piece) -> Mask:
    if LEFT_OUT not in term.words:
        return np.zeros(len(piece), bool)
    inside_of = ("train", "held-out", "none")
    mask: Mask = ~np.isin(piece.side.of, [place for place, word in enumerate(piece.side.known) if word in inside_of])
    return mask


def _named(words: tuple[str, ...], piece: Piece) -> Mask:
    mask = np.zeros(len(piece), bool)
    for word in words:
        target = target_of(word)
        if target and (target.series, target.episode) == (piece.series, piece.episode):
            own = piece.find(target)
            whole = piece.frame == target.frame if target.kind is None else np.zeros(len(piece), bool)
            mask |= whole
            if own is not None:
                mask[own] = True
    return mask


def _decided(piece: Piece) -> Mask:
    mask = np.zeros(len(piece), bool)
    for said in piece.decided.values():
        mask[list(said)] = True
    mask[list(piece.graded)] = True
    return mask


def hint(query: Query, pieces: Sequence[Piece]) -> str:
    """Return what may be meant where a query finds nothing: of a word that is no tag who or what is called so, or near.

    "" where every word is a tag that some picture has.
    """
    for word in (word for term in query.terms if term.key == TAG and not term.without for word in term.words):
        if "*" in word or any(piece.holding(word).any() for piece in pieces):
            continue
        names = {"character": {name for piece in pieces for name in piece.character.known},
                 "outfit": {name for piece in pieces for name in piece.outfit.known}}  # fmt: skip
        meant = [f"{key}:{name}" for key, known in names.items() for name in sorted(known) if tag_name(name) == word]
        tags = {tag for piece in pieces for tag in piece.held.between}
        near = meant or get_close_matches(word, tags, 1, 0.6)
        return f"no picture has the tag {word}" + (f"; is {near[0]} meant?" if near else "")
    return ""
