"""Tell who is who in a series: cluster the crops of people, and call the clusters what a person named them.

Three voices, each overruling the one before: the embedder (crops that it finds alike form a cluster, see
`genga.people.clustering`), the shot (boxes that stay in place from still to still are one person: clusters that meet in
such tracks are one, and the crops of a track go where most of them went), and people (`genga.decisions.characters`).
Outfits are not clustered: the embedder is made to see past them, so an outfit is known where a person named it.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from genga.decisions.characters import ALIASES, FILE, Alias, Name, read_aliases, read_names
from genga.decisions.csv import Open
from genga.decisions.placing import Scene, read_scene
from genga.errors import GengaError
from genga.images.boxes import Box
from genga.params.characters import Params
from genga.people.clustering import NOISE
from genga.people.differences import Array, Differences, Metric
from genga.people.embedder import Embedder
from genga.people.embedder import open_embedder as open_embedder
from genga.people.gathering import Gathered, gather, tracked
from genga.people.naming import Crop, Naming, by_id, by_place, give_names, person_of
from genga.people.outfits import LOOKED_AT, ImageOf, Worn, colours_below, is_worn, outfits
from genga.people.references import is_reference, known_by, read_references
from genga.people.ties import ties_of
from genga.people.tracks import Person
from genga.people.unplaced import open_rows
from genga.store.files import read_json
from genga.store.parquet import read_episodes
from genga.tables.characters import CHARACTERS
from genga.tables.crop import CROP
from genga.tables.embed import EMBED
from genga.tables.schema import SHARD, only
from genga.tables.stills import STILLS
from genga.tables.tag import TAG

_SIDES = ("x0", "y0", "x1", "y1")

# What is read of the tables of other stages.
OF_CROP = only(CROP, "crop", "still", "box", "kind", "x0", "y0", "x1", "y1", "kept", "tags")
OF_EMBED = only(EMBED, "crop", "feature", "model")
OF_STILLS = only(STILLS, "still", "frame", "shot")
OF_TAG = only(TAG, "still", "box", "tag", "category", "score", "disagreement", "origin", "kept", "reason")


@dataclass(frozen=True)
class Outcome:
    table: pl.DataFrame  # CHARACTERS, a row for every kept crop, sorted by crop
    medoids: list[str]  # crop of each cluster that is nearest to all others in it
    warnings: list[str]  # what a person should know about the names
    unlike: Sequence[str]  # and about pictures that name nobody
    open: list[Open]  # the lines that take no effect
    at: Mapping[str, str]  # what lines about the medoids say of where they are
    unheard: Sequence[Open] = ()  # aliases of nobody


class Tables(NamedTuple):
    """What other stages say of a series, all its episodes together."""

    crops: pl.DataFrame  # OF_CROP and SHARD
    features: pl.DataFrame  # OF_EMBED
    stills: pl.DataFrame  # OF_STILLS
    scene: Scene  # in which lines about crops that have another id now are placed
    decided: Sequence[Path]  # tables of corrections
    pictures: Sequence[Path]  # of references
    tags: pl.DataFrame  # OF_TAG, for the page alone


def read_tables(data: Path, series: str, episodes: Sequence[str], decided: Path | None) -> Tables:
    """Read the tables of these episodes below the folder `data`. decided: a JSON list of files under corrections/."""
    files = [Path(path) for path in read_json(decided)] if decided else []
    return Tables(
        read_episodes(data / "crop" / series, episodes, {**OF_CROP, **SHARD}),
        read_episodes(data / "embed" / series, episodes, OF_EMBED),
        read_episodes(data / "stills" / series, episodes, OF_STILLS),
        read_scene(data, series, episodes),
        [path for path in files if not is_reference(path)],
        [path for path in files if is_reference(path)],
        read_episodes(data / "tag" / series, episodes, OF_TAG),
    )


def who_is_who(tables: Tables, embedder: Embedder, params: Params, image_of: ImageOf) -> Outcome:
    """Return what `characters` does with what people gave: lines and pictures."""
    names = [name for path in tables.decided if path.name == FILE for name in read_names(path)]
    references = read_references(tables.pictures, embedder.features)
    measured = embedder.differences_between, embedder.threshold
    told = characters(*tables[:4], names, *measured, params, image_of, references)
    return renamed(told, [alias for path in tables.decided if path.name == ALIASES for alias in read_aliases(path)])


def renamed(told: Outcome, aliases: Sequence[Alias]) -> Outcome:
    """Return who is who with everybody called as in all series; aliases of nobody are unheard."""
    known = set(told.table["character"].drop_nulls())
    unheard = [
        Open(alias.line, f"{alias.character!r} is {alias.name!r}", "nobody in the series is called so",
             tuple(get_close_matches(alias.character, sorted(filter(None, known)), 1, 0.5)))
        for alias in aliases if alias.character not in known
    ]  # fmt: skip
    name_of = {alias.character: alias.name for alias in aliases}
    return replace(told, table=told.table.with_columns(pl.col("character").replace(name_of)), unheard=unheard)


def without_effect(tables: Tables, told: Outcome) -> pl.DataFrame:
    """Return a row for each decision about a series that takes no effect (OPEN); say on stderr which names do not."""
    for said in told.unlike:
        print(f"warning: {said}", file=sys.stderr)
    crops = tables.crops["crop"].to_list()
    return open_rows(told.open, told.warnings, told.unheard, tables.decided, tables.scene, crops)


def characters(
    crops: pl.DataFrame,
    features: pl.DataFrame,
    stills: pl.DataFrame,
    scene: Scene | None,
    names: Sequence[Name],
    metric: Metric,
    threshold: float,
    params: Params,
    image_of: ImageOf | None = None,
    references: Mapping[str, Array] | None = None,
) -> Outcome:
    """Return the cluster and the name of every kept crop of a series.

    crops, features, stills, scene: see Tables, of all its episodes in any order; without a scene a line is about the
    crop of its id. threshold: the embedder's, same character at or below. image_of: by whose colours outfits are told;
    without, by tags alone. references: by name the features of pictures (genga.people.references). Raises GengaError if
    features come from more than one model.
    """
    kept = crops.filter("kept").sort("crop")
    embedded = kept.join(features, on="crop", maintain_order="left")
    differences = Differences(features_of(embedded), metric)
    where = by_place(set(kept["crop"]), scene) if scene else by_id(set(kept["crop"]))
    track_of = tracked(crops, embedded, stills, differences, threshold, params)
    ties = ties_of(names, where, track_of)
    found = gather(embedded, stills, differences, track_of, ties, threshold, params)
    seen = {
        crop: Crop((still, box), found.track_of[still, box], found.cluster_of(found.track_of[still, box]))
        for crop, still, box in kept.select("crop", "still", "box").iter_rows()
    }
    tracks = {person: (track, found.cluster_of(track)) for person, track in found.track_of.items()}
    known = known_by(references or {}, found.labels, differences, threshold)
    worn = outfits(worn_by(kept, seen, _heads(crops), image_of if params.outfits else None), params.outfits)
    named = give_names(seen, names, found.between, tracks, where, worn, known.names)
    row_of = {crop: row for row, crop in enumerate(embedded["crop"])}
    rows = [_row(crop, of, row_of.get(crop), found, named) for crop, of in seen.items()]
    table = pl.DataFrame(rows, schema=CHARACTERS, orient="row")
    centres = [embedded["crop"][medoid] for medoid in found.medoids]
    without = sorted([*ties.open, *named.open])
    at = scene.anchors(centres) if scene else {}
    return Outcome(table, centres, named.warnings, known.warnings, without, at)


def worn_by(
    kept: pl.DataFrame, seen: Mapping[str, Crop], heads: Mapping[Person, Box], image_of: ImageOf | None
) -> list[Worn]:
    """Return what is seen of the clothes of every track in a cluster. kept: the crops in `seen`. heads: in px."""
    of_track: dict[int, list[tuple[str, Box, list[str]]]] = {}
    for crop, kind, tags, *box in kept.select("crop", "kind", "tags", *_SIDES).sort("crop").iter_rows():
        if (one := seen[crop]).cluster != NOISE:
            shown = of_track.setdefault(one.track, [])
            if kind != "head":
                shown.append((crop, (box[0], box[1], box[2], box[3]), [tag for tag in tags or () if is_worn(tag)]))
    first = {one.track: one for one in reversed([seen[crop] for crop in kept["crop"].sort()])}
    return [_worn(first[track], shown, heads, image_of) for track, shown in of_track.items()]


def _worn(
    first: Crop, shown: Sequence[tuple[str, Box, list[str]]], heads: Mapping[Person, Box], image_of: ImageOf | None
) -> Worn:
    episode, _, frame = first.person[0].rpartition("/")
    counts = Counter(tag for _, _, tags in shown for tag in tags)
    some = shown[:: max(len(shown) // LOOKED_AT, 1)][:LOOKED_AT] if image_of else []
    looks = [
        look for crop, box, _ in some
        if image_of and (look := colours_below(image_of(crop), box, heads.get(person_of(crop)))) is not None
    ]  # fmt: skip
    return Worn(
        first.track, first.cluster, episode, int(frame), len(shown),
        {tag: count / len(shown) for tag, count in counts.items()}, np.mean(looks, axis=0) if looks else None,
    )  # fmt: skip


def _heads(crops: pl.DataFrame) -> dict[Person, Box]:
    """The head of everybody who has one, kept or not."""
    rows = crops.filter(pl.col("kind") == "head").select("still", "box", *_SIDES).iter_rows()
    return {(still, number): (x0, y0, x1, y1) for still, number, x0, y0, x1, y1 in rows}


def _row(crop: str, of: Crop, row: int | None, found: Gathered, named: Naming) -> tuple[object, ...]:
    by_model = row is not None and found.by_model[row]
    origin = "person" if crop in named.decided else "model" if by_model else "track"
    distance = None if row is None or of.cluster == NOISE else round(float(found.distance[row]), 4)
    return crop, *of.person, of.cluster, *named.labels[crop], distance, origin


def features_of(embedded: pl.DataFrame) -> Array:
    """Return the features of embedded crops, (n, d) float32. Raises GengaError if they come from several models."""
    models = embedded["model"].unique().sort().to_list()
    if len(models) > 1:
        raise GengaError(f"features come from {' and '.join(models)}, which cannot be compared; make data/embed again")
    values = embedded["feature"].explode().to_numpy()
    return values.reshape(len(embedded), -1).astype(np.float32) if len(embedded) else np.zeros((0, 0), np.float32)


def in_words(table: pl.DataFrame) -> str:
    """Return how many crops, clusters, strays and names there are."""
    people = table["character"].drop_nulls().value_counts().sort("character")
    named = ", ".join(f"{name or 'nobody'} {count}" for name, count in people.iter_rows()) or "none yet"
    clusters = table.filter(pl.col("cluster") >= 0)["cluster"].n_unique()
    strays = table.filter(pl.col("cluster") < 0).height
    return f"{table.height} crops, {clusters} clusters, {strays} in none; named: {named}"
