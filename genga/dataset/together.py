"""The training sets of several series as the one that a run learns from, and images beside it for what must stay.

What is held out in a series is new to the run: an image that is trained on in another series and shares its shot with a
twin of a held-out drawing is left out. Twins are found as within a series (`genga.dataset.split`): by signatures that
differ in few bits, of the drawings as they are, mirrored or in other colours.

Prior images (regularisation; Ruiz et al. 2022, "DreamBooth") say to a run what it is not to forget. They take no name:
whoever is learnt is on none of them, and what their captions say of anybody's name is taken out.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from genga.dataset.balance import balanced, by_series, prior_repeats
from genga.errors import GengaError
from genga.store.parquet import empty, read_table
from genga.tables.dataset import DATASET, HELD_OUT, MIRRORED, PRIOR, TRAIN
from genga.tables.schema import Schema, only
from genga.vocabulary.text import NAMES, SENTENCES, TAGS, joined, plain, tokens

# What is read of each series' table beside what is asked for.
OF_DATASET = only(
    DATASET, "image", "still", "crop", "kind", "shot", "split", "character", "outfit", "tags", "caption", "captions",
    "keep_tokens", "repeats", "weight", "signature", "outline",
)  # fmt: skip

# What is said of an image that is left out.
_LEFT_OUT = {**only(DATASET, "image", "still", "crop", "kind", "character"), "reason": DATASET["image"]}
_BLOCK = 1 << 22  # comparisons at a time: 128 MB


@dataclass(frozen=True)
class How:
    """How series are put together; see genga.params.runs and genga.params.dataset."""

    series: Sequence[str]
    balance: Sequence[str]
    max_repeats: int
    twin_bits: int
    outline_bits: int
    character: str | None = None  # the one that is learnt; None: everybody
    series_weights: Mapping[str, float] = field(default_factory=dict)
    prior: Sequence[str] = ()
    prior_loss_weight: float = 1.0


class Joined(NamedTuple):
    """What a run learns from, and what it does not."""

    table: pl.DataFrame  # rows of DATASET, sorted by image; on side PRIOR are prior images
    left_out: pl.DataFrame  # RUN_LEFT_OUT: what is in a series' training set and not in the run's


def read(paths: Sequence[Path], how: str, columns: Schema) -> Joined:
    """Read the training sets that a run learns from, these columns of them.

    paths: a table for each series, which it is called after. how: JSON of How; "": of one series, whose table is as it
    is. Raises GengaError if a table cannot be read, or nothing says how several are one.
    """
    if how:
        tables = {path.stem: read_table(path, {**columns, **OF_DATASET}) for path in paths}
        made = together(tables, How(**json.loads(how)))
        return Joined(made.table.select(list(columns)), made.left_out)
    if len(paths) != 1:
        raise GengaError(f"--in-dataset: {len(paths)} tables, and --together does not say how they are one")
    return Joined(read_table(paths[0], columns), empty(_LEFT_OUT))


def together(tables: Mapping[str, pl.DataFrame], how: How) -> Joined:
    """Return the training sets of several series as one, whatever their order.

    tables: OF_DATASET at least, by series.
    """
    whole = pl.concat([tables[series] for series in sorted(how.series)]).sort("image")
    priors = [_prior(tables[series], learnt_in(whole, how)) for series in sorted(how.prior)]
    rows = pl.concat([whole, *priors])
    shots = twins(rows, {"signature": how.twin_bits, "outline": how.outline_bits})
    is_twin = (pl.col("split") != HELD_OUT) & pl.col("shot").is_in(sorted(shots))
    kept = rows.filter(~is_twin)
    learnt = _weighed(balanced(kept.filter(pl.col("split") != PRIOR), how.balance, how.max_repeats), how)
    prior = kept.filter(split=PRIOR)
    looks = sum(learnt.filter(_is_learnt(how))["repeats"].to_list())
    counts = prior_repeats(prior["image"].to_list(), looks)
    used, unused = _parted(prior, counts, how.prior_loss_weight)
    others = learnt.join(prior, on="image", how="anti", maintain_order="left")  # of one series both ways
    left_out = [rows.filter(is_twin).with_columns(reason=pl.lit("twin")),
                unused.with_columns(reason=pl.lit("prior"))]  # fmt: skip
    return Joined(
        pl.concat([others, used.select(others.columns)]).sort("image"),
        pl.concat(left_out).select(list(_LEFT_OUT)).sort("image"),
    )


def _parted(prior: pl.DataFrame, counts: Mapping[str, int], weight: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The prior images that are used, with their repeats and what their loss weighs, and the others."""
    is_used = pl.col("image").is_in(sorted(counts))
    used = prior.filter(is_used)
    repeats = pl.Series([counts[image] for image in used["image"]], dtype=pl.Int64)
    return used.with_columns(repeats=repeats, weight=pl.col("weight") * weight), prior.filter(~is_used)


def learnt_in(whole: pl.DataFrame, how: How) -> set[str]:
    """Return who is learnt: the run's character, or all that have images. whole: split, character."""
    return {how.character} if how.character else set(whole["character"].drop_nulls())


def _is_learnt(how: How) -> pl.Expr:
    own = pl.col("character") == how.character if how.character else pl.lit(True)
    return (pl.col("split") == TRAIN) & own


def _weighed(images: pl.DataFrame, how: How) -> pl.DataFrame:
    """With repeats by the weights of the series, if there are any, of what the run learns."""
    if not how.series_weights:
        return images
    own = images.filter(_is_learnt(how)).select("image", "repeats")
    if own.is_empty():
        return images
    counts = by_series(dict(own.iter_rows()), how.series_weights)
    return images.with_columns(
        repeats=pl.coalesce(pl.col("image").replace_strict(counts, default=None, return_dtype=pl.Int64), "repeats")
    )


def twins(rows: pl.DataFrame, bits: Mapping[str, int]) -> set[str]:
    """Return the shots not held out that show a drawing, or nearly so, that is held out.

    rows: shot, split, and columns of signatures, bytes of one length or null. bits: by column, in how many twins differ
    at most; they may be mirrored.
    """
    found: set[str] = set()
    for column, within in bits.items():
        signed = rows.select("shot", "split", column).drop_nulls().unique().sort("shot", "split", column)
        held, seen = signed.filter(split=HELD_OUT), signed.filter(pl.col("split") != HELD_OUT)
        if held.is_empty() or seen.is_empty():
            continue
        near = _near(_codes(seen[column]), _codes(held[column]), within)
        found |= {shot for shot, is_near in zip(seen["shot"], near, strict=True) if is_near}
    return found


def _codes(signatures: pl.Series) -> npt.NDArray[np.uint8]:
    return np.frombuffer(b"".join(signatures), np.uint8).reshape(len(signatures), -1)


def _near(codes: npt.NDArray[np.uint8], others: npt.NDArray[np.uint8], bits: int) -> npt.NDArray[np.bool_]:
    """Which of the codes, (n, bytes), differ from any of the others, as it is or mirrored, in at most so many bits."""
    found = np.zeros(len(codes), bool)
    both = np.concatenate([others, others ^ np.uint8(MIRRORED)]).view(np.uint64)
    words, step = codes.view(np.uint64), max(1, _BLOCK // len(both))
    for start in range(0, len(words), step):
        apart = np.bitwise_count(words[start : start + step, None] ^ both[None]).sum(axis=2, dtype=np.int64)
        found[start : start + step] = (apart <= bits).any(axis=1)
    return found


def _prior(rows: pl.DataFrame, learnt: Iterable[str]) -> pl.DataFrame:
    """The prior images of a series: those that it trains on and that show nobody who is learnt, without names."""
    whom = {plain(name) for name in learnt}
    trained = rows.filter(split=TRAIN)
    shows = [not whom.isdisjoint(_names(captions)) for captions in trained["captions"]]
    others = trained.filter(~pl.Series(shows, dtype=pl.Boolean))
    said = [nameless(captions) for captions in others["captions"]]
    columns = {
        "captions": said,
        "caption": [joined(_pieces(captions[0])) for captions in said],
        "keep_tokens": [_in_front(captions[0]) for captions in said],
    }
    own = others.with_columns(pl.DataFrame(columns, schema=only(DATASET, *columns)))
    return own.with_columns(split=pl.lit(PRIOR), character=pl.lit(None, pl.String), outfit=pl.lit(None, pl.String))


def _names(captions: Iterable[Mapping[str, Any]]) -> set[str]:
    return {name for one in captions for part, text in _pieces(one) if part == NAMES for name in tokens(plain(text))}


def nameless(captions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return captions (CAPTION) without names and sentences, which have names in them, each once.

    One without a word is left where no other is.
    """
    found: list[dict[str, Any]] = []
    for one in captions:
        parts = [piece for piece in one["parts"] if piece["part"] not in (NAMES, SENTENCES)]
        if parts and parts not in [other["parts"] for other in found]:
            found.append({"form": TAGS, "parts": parts})
    return found or [{"form": TAGS, "parts": []}]


def _pieces(caption: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(piece["part"], piece["text"]) for piece in caption["parts"]]


def _in_front(caption: Mapping[str, Any]) -> int:
    """How many words stand in front of where the tags are; of a caption without tags, all."""
    count = 0
    for part, text in _pieces(caption):
        if part == TAGS:
            break
        count += len(tokens(text))
    return count
