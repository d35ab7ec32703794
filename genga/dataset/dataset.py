"""Compose a training set out of a series: which images, how often, with which caption, at which size, on which side.

Candidates are the kept crops and the whole stills. They are chosen by name, quality and size (`genga.dataset.filters`),
divided by shot (`genga.dataset.split`), captioned (`genga.dataset.captions`), repeated so that rare characters and
kinds are seen as often as common ones, and placed in aspect buckets (`genga.dataset.buckets`). Every step depends on
the rows alone, not on their order.
"""

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from genga.dataset.balance import balanced
from genga.dataset.candidates import Tables, candidates
from genga.dataset.captions import Clause, core_tags, forms, in_front, words_of
from genga.dataset.clauses import clauses
from genga.dataset.cut_off import lost_by_bucket
from genga.dataset.filters import choose
from genga.dataset.placing import placed
from genga.dataset.reposts import shots_of
from genga.dataset.split import divided, shot_groups
from genga.dataset.styles import Style, percentiles
from genga.dataset.tiers import Given, overruled, read_tiers
from genga.dataset.twins import with_twins
from genga.dataset.written import Written, read_sentences, without_effect
from genga.decisions.tag_rules import Ruling
from genga.errors import GengaError
from genga.params.dataset import Params
from genga.tables.characters import NOBODY
from genga.tables.dataset import DATASET, TRAIN
from genga.tables.left_out import LEFT_OUT
from genga.tables.quality import TIERS
from genga.tables.schema import only
from genga.vocabulary.text import NAMES, TAGS, joined


@dataclass(frozen=True)
class Outcome:
    table: pl.DataFrame  # DATASET, sorted by image
    left_out: pl.DataFrame  # LEFT_OUT, sorted by image
    core: dict[str, list[str]]  # tags left out of each character's captions
    warnings: list[str]  # and notes

    def tell(self) -> None:
        """Say on stderr what a person should know, and what each name stands for."""
        for warning in self.warnings:
            print(warning, file=sys.stderr)
        for name, tags in self.core.items():
            print(f"{name} stands for: {', '.join(tags) or 'no tag'}", file=sys.stderr)
        for width, height, images, lost in lost_by_bucket(self.table).iter_rows():
            print(f"bucket {width}x{height}: {images} images, {100 * lost:.1f} % of them cut off", file=sys.stderr)


def dataset(
    tables: Tables,
    params: Params,
    style: Style,
    intrude: float,
    ruling: Ruling | None = None,
    written: Mapping[str, Written] | None = None,
    tiers: Sequence[Given] = (),
) -> Outcome:
    """Return the training set of a series. Raises GengaError if nothing is left to train on.

    style: how captions are written; intrude: share of somebody else's head in a crop from which they are in it; ruling:
    rules about characters' tags, none if left out; written: sentences of people, by image; tiers: of people.
    """
    images, unplaced = overruled(candidates(tables, ruling), tiers, tables.scene)
    images = images.join(tables.reposted, on="still", how="left", maintain_order="left")
    judged = placed(choose(images, params), params)
    chosen = judged.filter(reason="")
    left_out = judged.filter(pl.col("reason") != "").select(list(LEFT_OUT))
    if chosen.is_empty():
        raise GengaError(f"no image is left for a dataset, of {counted(left_out)}; loosen params.yaml:dataset")
    signed = with_twins(tables.stills, tables.quality)
    bits = {"signature": params.twin_bits, "outline": params.outline_bits}
    twins = shot_groups(signed, bits, shots_of(tables.reposted, signed))
    sided = divided(chosen, twins, params.held_out, params.seed, params.split_by)
    core = _core(sided, params)
    asked = params.captions != [TAGS]
    said = clauses(tables, sided, intrude, params.clause_tags, core) if asked and "clauses" in params.sentences else {}
    told = told_of(tables, params, written or {}) if asked else {}
    table = _captioned(_repeated(sided, params), core, said, told, params, style)
    notes = without_effect(written or {}, {*images["image"]}) + [f"{file}:{one}" for file, one in unplaced]
    notes += [_in_sentences(table["image"].to_list(), said, told)] if asked else []
    table = table.join(signed.drop("shot"), on="still", how="left", maintain_order="left")
    return Outcome(table.select(list(DATASET)), left_out, core, _warnings(table, left_out, params) + notes)


def read_said(files: Collection[Path]) -> tuple[dict[str, Written], list[Given]]:
    """Return what people said of images, by the tables among `files`: sentences by image, and tiers."""
    return read_sentences(files), read_tiers(files)


def told_of(tables: Tables, params: Params, written: Mapping[str, Written]) -> dict[str, str]:
    """Return what is said of images beside who wears what: a model's words, if wanted, and people's in their place."""
    told = dict(tables.sentences.iter_rows()) if "model" in params.sentences else {}
    return told | {image: one.sentence for image, one in written.items()}


def _in_sentences(images: Sequence[str], said: Collection[str], told: Mapping[str, str]) -> str:
    with_one = sum(image in said or bool(told.get(image)) for image in images)
    by_model = sum(bool(told.get(image)) for image in images)
    of_whom = f"who wears what, {by_model} what a model or a person says" if by_model else "who wears what"
    return f"{with_one} of {len(images)} images have a sentence, {of_whom}; others have tags alone"


def counted(left_out: pl.DataFrame) -> str:
    """Return how many images were left out, and why: `12 (small 10, tier 2)`."""
    counts = left_out["reason"].value_counts().sort("count", "reason", descending=[True, False])
    reasons = ", ".join(f"{reason} {count}" for reason, count in counts.iter_rows())
    return f"{left_out.height} ({reasons})" if reasons else "0"


def _core(images: pl.DataFrame, params: Params) -> dict[str, list[str]]:
    """The core tags of each character, sorted."""
    if not params.drop_core_tags:
        return {}
    named = images.drop_nulls("character").sort("character", "image")
    return {
        str(name): sorted(core_tags(rows["tags"].to_list(), params.core_share))
        for (name,), rows in named.group_by("character", maintain_order=True)
    }


def _repeated(images: pl.DataFrame, params: Params) -> pl.DataFrame:
    """With repeats, by what is to be seen equally often, and the weight of its kind."""
    weight = pl.col("kind").replace_strict(params.weights.model_dump(), return_dtype=pl.Float64)
    return balanced(images, params.balance, params.max_repeats).with_columns(weight=weight)


def _captioned(
    images: pl.DataFrame,
    core: Mapping[str, list[str]],
    said: Mapping[str, list[Clause]],
    told: Mapping[str, str],
    params: Params,
    style: Style,
) -> pl.DataFrame:
    """With captions. The looks that a name stands for are left out where it is the only name."""
    order = style.order
    pieces = [
        forms(
            params.captions,
            order,
            {
                **words_of(row["tags"], order, core.get(row["character"], [])),
                **_other_words(row, percentile, params, style),
            },
            said.get(row["image"], []),
            params.escape,
            told.get(row["image"], ""),
            params.sentences[0] == "model",
        )
        for row, percentile in zip(images.iter_rows(named=True), _percentiles(images), strict=True)
    ]
    columns = {
        "caption": [joined(parts) for (_, parts), *_ in pieces],
        "captions": [
            [{"form": form, "parts": [{"part": part, "text": text} for part, text in parts]} for form, parts in of]
            for of in pieces
        ],
        "keep_tokens": [in_front(order, parts) for (_, parts), *_ in pieces],
    }
    return images.hstack(pl.DataFrame(columns, schema=only(DATASET, *columns)))


def _other_words(
    row: Mapping[str, Any], percentile: float | None, params: Params, style: Style
) -> dict[str, list[str]]:
    """The words of an image that are not tags."""
    given, series = params.caption_words, row["image"].split("/")[0]
    return {
        NAMES: row["names"],
        "quality": style.of_quality(percentile),
        "year": style.of_year(given.year.get(series)),
        "size": style.of_size(row["width"], row["height"]),
        "safety": style.of_rating(row["rating"]),
        "series": style.given("series", given.series.get(series)),
        "artist": style.given("artist", given.artist.get(series)),
        "style": style.given("style", given.style),
    }


def _percentiles(images: pl.DataFrame) -> list[float | None]:
    """Each image's, 0..100: of how good it looks among those of its kind, since that says how it is framed, too."""
    scores, found = _scores(images), dict[int, float | None]()
    kinds = images["kind"] if images["aesthetic"].is_not_null().any() else [""] * len(images)
    places: dict[str, list[int]] = {kind: [] for kind in kinds}
    for place, kind in enumerate(kinds):
        places[kind].append(place)
    for of in places.values():
        found |= zip(of, percentiles([scores[place] for place in of]), strict=True)
    return [found[place] for place in range(len(images))]


def _scores(images: pl.DataFrame) -> list[tuple[float, ...] | None]:
    """What each image is worth beside others: how good it looks, if that is known, else its still's tier, sharpness."""
    if images["aesthetic"].is_not_null().any():
        return [None if score is None else (score,) for score in images["aesthetic"]]
    return [(-TIERS.index(tier), sharpness) for tier, sharpness in images.select("tier", "sharpness").iter_rows()]


_ALL_TRAINED = {
    "shot": "nothing is held out: all that is there hangs together, or each character has one group of shots",
    "episode": "nothing is held out: no episode can be spared, or others show the same; see split_by",
}


def _warnings(table: pl.DataFrame, left_out: pl.DataFrame, params: Params) -> list[str]:
    """A line for each character who was named and has no image to train on, and one if nothing is held out."""
    trained = table.filter(split=TRAIN)["character"].unique()
    lost = left_out.filter((pl.col("character") != NOBODY) & ~pl.col("character").is_in(trained.implode()))
    nothing = [] if not params.held_out or (table["split"] != TRAIN).any() else [_ALL_TRAINED[params.split_by]]
    return nothing + [
        f"{name} has no training image; left out: {counted(rows)}"
        for (name,), rows in lost.sort("character").group_by("character", maintain_order=True)
    ]


def in_words(made: Outcome) -> str:
    """Return how many images there are on each side, of whom, in how many buckets, and how many were left out."""
    sides = dict(made.table["split"].value_counts().iter_rows())
    people = made.table["character"].drop_nulls().value_counts().sort("character").iter_rows()
    buckets = lost_by_bucket(made.table)
    lost = 100 * (buckets["images"] * buckets["lost"]).sum() / made.table.height
    named = ", ".join(f"{name} {count}" for name, count in people) or "nobody named"
    return (
        f"{sides.get('train', 0)} images to train on, {sides.get('held-out', 0)} held out, "
        f"{buckets.height} buckets that cut {lost:.1f} % off; {named}; left out: {counted(made.left_out)}"
    )
