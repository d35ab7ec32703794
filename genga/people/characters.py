"""Tell who is who in a series: cluster the crops of people, and call the clusters what a person named them.

Three voices, each overruling the one before: the embedder (crops that it finds alike form a cluster, see
`genga.people.clustering`), the shot (boxes that stay in place from still to still are one person: clusters that meet in
such tracks are one, and the crops of a track go where most of them went), and people (`genga.decisions.characters`).
Outfits are not clustered: the embedder is made to see past them, so an outfit is known where a person named it.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from genga.decisions.characters import FILE, Name, read_names
from genga.decisions.csv import Open
from genga.decisions.placing import Scene, read_scene
from genga.errors import GengaError
from genga.params.characters import Params
from genga.people.clustering import NOISE, Differences, Labels, by_size, cluster, medoids, merge_tracked
from genga.people.embedder import open_embedder as open_embedder
from genga.people.naming import Crop, Naming, by_place, give_names, open_rows
from genga.people.tracks import Person, links
from genga.store.components import components
from genga.store.files import read_json
from genga.store.parquet import read_episodes
from genga.tables.characters import CHARACTERS
from genga.tables.crop import CROP
from genga.tables.embed import EMBED
from genga.tables.schema import SHARD, only
from genga.tables.stills import STILLS

# What is read of the tables of other stages.
OF_CROP = only(CROP, "crop", "still", "box", "kind", "x0", "y0", "x1", "y1", "kept")
OF_EMBED = only(EMBED, "crop", "feature", "model")
OF_STILLS = only(STILLS, "still", "frame", "shot")

# The embedder: (n, d) float32 features -> (n, n) float32 differences, symmetric.
Metric = Callable[[Differences], Differences]
Rows = npt.NDArray[np.int64]  # indices into the embedded crops
K = TypeVar("K")


@dataclass(frozen=True)
class Outcome:
    table: pl.DataFrame  # CHARACTERS, a row for every kept crop, sorted by crop
    medoids: list[str]  # crop of each cluster that is nearest to all others in it
    warnings: list[str]  # what a person should know about the names
    open: list[Open]  # the lines that take no effect
    at: Mapping[str, str]  # what lines about the medoids say of where they are


class Tables(NamedTuple):
    """What other stages say of a series, all its episodes together."""

    crops: pl.DataFrame  # OF_CROP and SHARD
    features: pl.DataFrame  # OF_EMBED
    stills: pl.DataFrame  # OF_STILLS
    scene: Scene  # in which lines about crops that have another id now are placed
    decided: Sequence[Path]  # tables of corrections


def read_tables(data: Path, series: str, episodes: Sequence[str], decided: Path | None) -> Tables:
    """Read the tables of these episodes below the folder `data`. decided: a JSON list of tables of corrections."""
    return Tables(
        read_episodes(data / "crop" / series, episodes, {**OF_CROP, **SHARD}),
        read_episodes(data / "embed" / series, episodes, OF_EMBED),
        read_episodes(data / "stills" / series, episodes, OF_STILLS),
        read_scene(data, series, episodes),
        [Path(path) for path in read_json(decided)] if decided else [],
    )


def read_given(tables: Tables) -> list[Name]:
    """Return the names that people gave."""
    return [name for path in tables.decided if path.name == FILE for name in read_names(path)]


def without_effect(tables: Tables, told: Outcome) -> pl.DataFrame:
    """Return a row for each decision about a series that takes no effect (OPEN); say on stderr which names do not."""
    return open_rows(told.open, told.warnings, tables.decided, tables.scene, tables.crops["crop"].to_list())


def characters(
    crops: pl.DataFrame,
    features: pl.DataFrame,
    stills: pl.DataFrame,
    scene: Scene | None,
    names: Sequence[Name],
    metric: Metric,
    threshold: float,
    params: Params,
) -> Outcome:
    """Return the cluster and the name of every kept crop of a series.

    crops, features, stills, scene: see Tables, of all its episodes in any order; without a scene a line is about the
    crop of its id. threshold: the embedder's, same character at or below. Raises GengaError if features come from more
    than one model.
    """
    kept = crops.filter("kept").sort("crop")
    embedded = kept.join(features, on="crop", maintain_order="left")
    found = _gather(crops, embedded, stills, _differences(embedded, metric), threshold, params)
    seen = {
        crop: Crop((still, box), found.track_of[still, box], found.cluster_of(found.track_of[still, box]))
        for crop, still, box in kept.select("crop", "still", "box").iter_rows()
    }
    tracks = {person: (track, found.cluster_of(track)) for person, track in found.track_of.items()}
    named = give_names(seen, names, found.between, tracks, by_place(seen, scene) if scene else None)
    row_of = {crop: row for row, crop in enumerate(embedded["crop"])}
    rows = [_row(crop, of, row_of.get(crop), found, named) for crop, of in seen.items()]
    table = pl.DataFrame(rows, schema=CHARACTERS, orient="row")
    centres = [embedded["crop"][medoid] for medoid in found.medoids]
    return Outcome(table, centres, named.warnings, named.open, scene.anchors(centres) if scene else {})


@dataclass(frozen=True)
class _Gathered:
    """The embedded crops in clusters and tracks. Rows are their positions, 0..n-1."""

    differences: Differences  # (n, n)
    labels: Labels  # (n,), final
    by_model: npt.NDArray[np.bool_]  # (n,), the embedder put the crop there itself, not its track
    medoids: list[int]  # row of each cluster's
    track_of: dict[Person, int]  # of every person, embedded or not
    rows_of: dict[int, Rows]  # of the tracks that have any

    def cluster_of(self, track: int) -> int:
        return int(self.labels[self.rows_of[track][0]]) if track in self.rows_of else NOISE

    def between(self, a: int, b: int) -> float:
        """Mean difference of the crops of two tracks; one that was not embedded is infinitely far from all."""
        if a not in self.rows_of or b not in self.rows_of:
            return math.inf
        return float(self.differences[np.ix_(self.rows_of[a], self.rows_of[b])].mean(dtype=np.float64))

    def to_medoid(self, row: int) -> float | None:
        label = self.labels[row]
        return None if label == NOISE else round(float(self.differences[row, self.medoids[label]]), 4)


def _gather(
    crops: pl.DataFrame,
    embedded: pl.DataFrame,
    stills: pl.DataFrame,
    differences: Differences,
    threshold: float,
    params: Params,
) -> _Gathered:
    persons = [(still, box) for still, box in embedded.select("still", "box").iter_rows()]
    labels = cluster(differences, threshold, params)
    track_of = components(_persons(crops), _links(crops, stills, persons, differences, threshold, params))
    rows_of = _positions([track_of[person] for person in persons])
    merged = merge_tracked(labels, np.array([track_of[person] for person in persons], np.int64), params.track_share)
    voted = vote(merged, rows_of)
    final = by_size(voted)
    return _Gathered(differences, final, voted == merged, medoids(final, differences), track_of, rows_of)


def vote(labels: Labels, tracks: Mapping[int, Rows]) -> Labels:
    """Return labels where all crops of a track have that which most of them had; noise has no voice.

    tracks: the rows of each track. Of equal votes, the cluster with more crops wins, then the lower number.
    """
    sizes = Counter(labels.tolist())
    voted = labels.copy()
    for rows in tracks.values():
        votes = Counter(label for label in labels[rows].tolist() if label != NOISE)
        if votes:
            voted[rows] = max(votes, key=lambda label: (votes[label], sizes[label], -label))
    return voted


def _row(crop: str, of: Crop, row: int | None, found: _Gathered, named: Naming) -> tuple[object, ...]:
    by_model = row is not None and found.by_model[row]
    origin = "person" if crop in named.decided else "model" if by_model else "track"
    return crop, *of.person, of.cluster, *named.labels[crop], None if row is None else found.to_medoid(row), origin


def _differences(embedded: pl.DataFrame, metric: Metric) -> Differences:
    """The embedder's differences between the crops, (n, n) float32."""
    models = embedded["model"].unique().sort().to_list()
    if len(models) > 1:
        raise GengaError(f"features come from {' and '.join(models)}, which cannot be compared; make data/embed again")
    if embedded.is_empty():
        return np.zeros((0, 0), np.float32)
    found = metric(np.array(embedded["feature"].to_list(), np.float32))
    # Four decimals: what differs between machines and thread counts is smaller, and must not decide a tie.
    return np.round(found, 4, out=found)


def _persons(crops: pl.DataFrame) -> list[Person]:
    """Every person of the crop tables, sorted."""
    return [(still, box) for still, box in crops.select("still", "box").unique().sort("still", "box").iter_rows()]


def _links(
    crops: pl.DataFrame,
    stills: pl.DataFrame,
    persons: Sequence[Person],
    differences: Differences,
    threshold: float,
    params: Params,
) -> list[tuple[Person, Person]]:
    """Pairs of one person in consecutive stills, without those that look too different to the embedder.

    persons: the person of each row of `differences`.
    """
    if not params.track:
        return []
    boxes = crops.filter(pl.col("kind") == "fullbody").join(stills, on="still")
    boxes = boxes.with_columns(episode=pl.col("still").str.replace(r"/[^/]*$", ""))
    rows_of = _positions(persons)
    limit = params.track_difference * threshold
    return [
        (a, b)
        for a, b in links(boxes, params.track_overlap)
        if a not in rows_of or b not in rows_of or differences[np.ix_(rows_of[a], rows_of[b])].min() <= limit
    ]


def _positions(keys: Sequence[K]) -> dict[K, Rows]:
    """Where each key stands in the list."""
    found: dict[K, list[int]] = defaultdict(list)
    for position, key in enumerate(keys):
        found[key].append(position)
    return {key: np.array(positions, np.int64) for key, positions in found.items()}


def in_words(table: pl.DataFrame) -> str:
    """Return how many crops, clusters, strays and names there are."""
    people = table["character"].drop_nulls().value_counts().sort("character")
    named = ", ".join(f"{name or 'nobody'} {count}" for name, count in people.iter_rows()) or "none yet"
    clusters = table.filter(pl.col("cluster") >= 0)["cluster"].n_unique()
    strays = table.filter(pl.col("cluster") < 0).height
    return f"{table.height} crops, {clusters} clusters, {strays} in none; named: {named}"
