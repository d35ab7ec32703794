"""Divide a dataset into what is trained on and what is held out, so that held-out images are new to the model.

Drawings of one shot look alike, so a shot is never divided. Shots that share a drawing or nearly so (a shot that
returns, the two sides of a conversation, the opening of every episode) are found by the signatures of their stills and
stay together as well, also where the drawing is mirrored or coloured anew. Which side a group of shots goes to is a
function of the seed and the group's first shot alone: another episode, or another order of the files, moves nothing
else. Where episodes are held out as a whole, a group is held out if no episode that is trained on has a shot of it.

A picture's mirror image has the same cosine coefficients, those of odd frequency across with the other sign; a
signature says which coefficients are above their median, which is all but 0: in that of the mirror image the bits of
the odd frequencies are turned. On 107 stills of the drawn series that misses at most 12 of 256 bits.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import faiss
import numpy as np
import polars as pl

from genga.store.components import components
from genga.tables.dataset import HELD_OUT, MIRRORED, TRAIN

Shot = str  # series/episode/number
EXACT = 50_000  # signatures up to which comparing all is as fast


def shot_groups(
    stills: pl.DataFrame, bits: Mapping[str, int], also: Iterable[tuple[Shot, Shot]] = ()
) -> dict[Shot, Shot]:
    """Return each shot's group, by the name of the group's first shot.

    stills: shot (Shot), and columns of signatures, bytes of one length or null. bits: by column; shots are together if
    stills of theirs, as they are or one of them mirrored, differ in so few bits of one of them. also: shots that are
    together besides.
    """
    pairs: set[tuple[Shot, Shot]] = set(also)
    for column, within in bits.items():
        rows = stills.select("shot", column).drop_nulls().unique().sort("shot", column)
        pairs |= alike(rows["shot"].to_list(), rows[column].to_list(), within)
    number_of = components(stills["shot"].unique().sort().to_list(), sorted(pairs))
    first: dict[int, Shot] = {}
    for shot in sorted(number_of):
        first.setdefault(number_of[shot], shot)
    return {shot: first[number] for shot, number in number_of.items()}


def alike(names: Sequence[str], signatures: Sequence[bytes], bits: int) -> set[tuple[str, str]]:
    """Return pairs of names whose signatures, as they are or one mirrored, differ in at most `bits`; the lesser first.

    names: of each signature its shot, or whatever is to be told apart. Beyond EXACT signatures not all are compared but
    those that agree in a stretch of bits (Norouzi, Punjani and Fleet 2012, "Fast search in Hamming space with
    multi-index hashing"): of pairs that differ in 16 of 256 bits one in a hundred is missed, in 40 six in ten.
    """
    if not signatures:
        return set()
    codes = np.frombuffer(b"".join(signatures), np.uint8).reshape(len(signatures), -1)
    size, stretch = codes.shape[1] * 8, max(1, round(math.log2(len(codes) / 2 + 1)))
    exact = len(codes) <= EXACT
    index = faiss.IndexBinaryFlat(size) if exact else faiss.IndexBinaryMultiHash(size, size // stretch, stretch)
    index.add(codes)
    found = set()
    for asked in (codes, codes ^ np.uint8(MIRRORED)):
        ends, _, neighbours = index.range_search(asked, bits + 1)  # finds what is nearer than its radius
        spans = zip(ends.tolist(), ends.tolist()[1:], strict=False)  # where each code's neighbours stand
        for a, (i, j) in enumerate(spans):
            found |= {(names[a], names[b]) for b in neighbours[i:j].tolist() if names[a] < names[b]}
    return found


def divided(
    images: pl.DataFrame, group_of: Mapping[Shot, Shot], share: float, seed: int, by: Literal["shot", "episode"]
) -> pl.DataFrame:
    """Return the images with their group and the side they are on. images: shot, character."""
    grouped = images.with_columns(group=pl.col("shot").replace_strict(group_of, return_dtype=pl.String))
    unit = pl.col("group") if by == "shot" else pl.col("shot").str.replace(r"/[^/]*$", "")
    units_of = {
        name: rows["unit"].unique().sort().to_list()
        for (name,), rows in grouped.with_columns(unit=unit).group_by("character", maintain_order=True)
    }
    sides = split(units_of, share, seed)
    sided = grouped.with_columns(split=unit.replace_strict(sides, return_dtype=pl.String))
    trained = (pl.col("split") == TRAIN).any().over("group")  # all of a group is on one side already, by shot
    return sided.with_columns(split=pl.when(trained).then(pl.lit(TRAIN)).otherwise(pl.lit(HELD_OUT)))


def split(groups_of: Mapping[str | None, Iterable[str]], share: float, seed: int) -> dict[str, str]:
    """Return the side of each group: TRAIN or HELD_OUT.

    groups_of: the groups in which each character appears (None: no character). share: of the groups to hold out, about;
    0: none. Where chance leaves a character short, groups are moved: it has one in TRAIN, and if it has two or more,
    its share of them in HELD_OUT, one at least. Rare characters choose first.
    """
    draws = {group: draw(seed, group) for groups in groups_of.values() for group in groups}
    sides = {group: HELD_OUT if value < share else TRAIN for group, value in draws.items()}
    if not share:
        return sides
    pinned: set[str] = set()  # groups that a character needs where they are
    ordered = sorted((len(set(groups)), name or "", sorted(set(groups))) for name, groups in groups_of.items())
    for count, _, groups in ordered:
        by_draw = sorted(groups, key=lambda group: (draws[group], group))
        _ensure(sides, pinned, by_draw[::-1], TRAIN, 1)
        if count > 1:
            _ensure(sides, pinned, by_draw, HELD_OUT, max(1, round(share * count)))
    return sides


def _ensure(sides: dict[str, str], pinned: set[str], groups: Sequence[str], side: str, count: int) -> None:
    """Have `count` of the groups on `side`, moving the first that are free to move, and pin them there."""
    there = sorted((group for group in groups if sides[group] == side), key=lambda group: group not in pinned)
    free = (group for group in groups if sides[group] != side and group not in pinned)
    for group in [*there, *free][:count]:
        sides[group] = side
        pinned.add(group)


def draw(seed: int, group: str) -> float:
    """Return a number in 0..1 that depends on seed and group alone."""
    digest = hashlib.sha256(f"{seed}/{group}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
