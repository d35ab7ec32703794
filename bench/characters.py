"""How well the crops of the sample series are gathered by who is on them: `python -m bench.characters`.

Compares clusters with the truth drawn beside the episodes, for every way of clustering, with the embedder alone and
with tracks, and by what they wear. A pair is two crops: truly of one character (in one outfit), and found to be. Crops
of persons that nobody drew (false boxes) and of stills that show no single drawing have no truth and are left out.
Prints the table of docs/characters.md.
"""

from collections import Counter
from collections.abc import Mapping
from math import comb
from pathlib import Path

import polars as pl
import typer

from bench.images import figures_found, truths
from bench.models import table
from genga.images.reading import reading
from genga.models.registry import models_of
from genga.params.characters import Params
from genga.params.section import params_of
from genga.people.characters import OF_CROP, OF_EMBED, OF_STILLS, characters
from genga.people.clustering import NOISE
from genga.people.embedder import open_embedder
from genga.people.tracks import Person
from genga.store.files import read_json
from genga.store.parquet import read_table
from genga.tables.crop import CROP
from genga.tables.detect import BOXES
from genga.tables.schema import SHARD, Schema, only

METHODS = ("optics", "hdbscan", "linkage")


def pair_scores(found: Mapping[str, int], true: Mapping[str, str]) -> tuple[float, float, float]:
    """Precision, recall and F1 of pairs of crops in one cluster as pairs of crops of one character.

    found: cluster of each crop, negative for none. true: its character. Crops in either alone do not count.
    """
    both = [(found[crop], true[crop]) for crop in found if crop in true]
    together = sum(comb(n, 2) for n in Counter(cluster for cluster, _ in both if cluster >= 0).values())
    alike = sum(comb(n, 2) for n in Counter(character for _, character in both).values())
    right = sum(comb(n, 2) for (cluster, _), n in Counter(both).items() if cluster >= 0)
    return right / max(together, 1), right / max(alike, 1), 2 * right / max(together + alike, 1)


def numbered(table: pl.DataFrame) -> dict[str, int]:
    """Return a number for cluster and outfit of each crop, -1 for noise. table: CHARACTERS."""
    numbers: dict[tuple[int, str | None], int] = {}
    return {
        crop: NOISE if cluster == NOISE else numbers.setdefault((cluster, outfit), len(numbers))
        for crop, cluster, outfit in table.select("crop", "cluster", "outfit").iter_rows()
    }


def main(
    truth: Path = typer.Option(Path("data/truth/sample"), help="folder with a JSON for each episode"),
    data: Path = typer.Option(Path("data"), help="folder that the workflow wrote"),
) -> None:
    """Measure how the crops of the sample series are gathered by character."""
    names = sorted(path.stem for path in truth.glob("*.json"))

    def read(stage: str, schema: Schema) -> pl.DataFrame:
        return pl.concat([read_table(data / stage / truth.name / f"{name}.parquet", schema) for name in names])

    crops, shards = read("crop", OF_CROP), read("crop", {**only(CROP, "crop", "kept"), **SHARD})
    features, stills = read("embed", OF_EMBED), read("stills", OF_STILLS)
    worn_by: dict[Person, tuple[str, int]] = {}
    for name in names:
        place = f"{truth.name}/{name}.parquet"
        known = truths(read_table(data / "stills" / place, OF_STILLS), read_json(truth / f"{name}.json"))
        found = figures_found(read_table(data / "detect" / place, BOXES), known)
        worn_by |= {person: (figure["character"], figure["outfit"]) for person, figure in found}
    kept = crops.filter("kept").select("crop", "still", "box").rows()
    worn = {crop: worn_by[still, box] for crop, still, box in kept if (still, box) in worn_by}
    true = {crop: character for crop, (character, _) in worn.items()}
    embedder = open_embedder(models_of(""), 2)
    usual = params_of("characters", Params, "")
    rows: list[tuple[object, ...]] = []
    for method in METHODS:
        for track in (False, True):
            params = usual.model_copy(update={"method": method, "track": track})
            measured = embedder.differences_between, embedder.threshold
            with reading(shards.filter("kept"), "crop") as image_of:
                made = characters(crops, features, stills, None, [], *measured, params, image_of).table
            cluster_of = dict(made.select("crop", "cluster").iter_rows())
            clusters = made.filter(pl.col("cluster") >= 0)["cluster"].n_unique()
            noise = made.filter(pl.col("crop").is_in(list(true)), pl.col("cluster") < 0).height / len(true)
            *_, outfits = pair_scores(numbered(made), {crop: f"{who} {outfit}" for crop, (who, outfit) in worn.items()})
            scores = *pair_scores(cluster_of, true), noise, outfits
            rows.append((method, "with" if track else "without", *scores, clusters, len(true)))
    typer.echo(
        table(("method", "tracks", "pair precision", "recall", "F1", "noise", "outfits F1", "clusters", "crops"), rows)
    )


if __name__ == "__main__":
    typer.run(main)
