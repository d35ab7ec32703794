"""What corrections of one episode do for the other: `python -m bench.calibration`, after `make demo`.

Every wrong tag of the first episode is corrected, by the truth drawn beside it; composition, which boxes decide, is
left alone. The taggers are calibrated by that (`genga calibrate`), and the second episode, of which nobody corrected
anything, is tagged with and without. Prints the table of docs/tags.md.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import get_args

import polars as pl
import typer

from bench.images import Tally, Truth, describes, figures_found, scores, tagging, truths
from bench.models import table
from demo.world.vocabulary import INDEX, RATINGS
from genga.decisions.tag_rules import Ruling
from genga.decisions.tags import Correction
from genga.images.reading import prepared, reading
from genga.models.registry import models_of
from genga.params.section import params_of
from genga.params.tag import Params
from genga.people.calibrating import By, Labels, learnt, looked_through
from genga.people.calibration import Calibrated, Curve
from genga.people.deciding import OF_STILLS, Said, correct, decide
from genga.people.ensemble import Ensemble, TagScorer
from genga.people.figures import FRAMINGS, is_count
from genga.people.tag import tag, views
from genga.people.tagger import Tagger, open_taggers
from genga.store.files import read_json
from genga.store.parquet import read_table
from genga.tables.detect import DETECT
from genga.tables.tag import TAG

SERIES, EPISODES, LEAST = "sample", ("ep01", "ep02"), 10


class Episode:
    """An episode's tables, and what was drawn in it."""

    def __init__(self, name: str) -> None:
        self.stills, self.detect, self.tags = (
            read_table(f"data/{stage}/{SERIES}/{name}.parquet", schema)
            for stage, schema in (("stills", OF_STILLS), ("detect", DETECT), ("tag", TAG))
        )
        self.known = truths(self.stills, read_json(f"data/truth/{SERIES}/{name}.json"))


def corrections(one: Episode) -> Iterator[Correction]:
    """Yield a line for every wrong tag."""
    kept = one.tags.filter(pl.col("kept") & pl.col("tag").is_in(list(INDEX)))
    held = {key: set(rows["tag"].to_list()) for key, rows in kept.group_by("still", "box")}
    drawn: list[tuple[str, int | None, Truth]] = [(still, None, truth) for still, (_, truth) in one.known.items()]
    drawn += [(*person, figure) for person, figure in figures_found(one.detect, one.known)]
    for still, box, truth in drawn:
        found, true = (set(tags) - set(RATINGS) for tags in (held.get((still, box), ()), truth["tags"]))
        for name in sorted(found ^ true):
            composed = is_count(name) or name in FRAMINGS
            if not composed and (name in true or box is None or describes(name)):
                yield Correction(0, still, box, name, "add" if name in true else "remove")


def labels_of(one: Episode, taggers: list[Tagger], pad: float) -> Labels:
    """What taggers and corrections say of the episode's pictures."""
    said, labels, of = looked_through(correct(one.tags, list(corrections(one)))), Labels(), views(one.detect, pad)
    persons = one.detect.filter(kind="person").sort("still", "box")
    with reading(one.stills, "still") as read:
        for still in one.stills["still"]:
            units = [None, *persons.filter(still=still)["box"].to_list()]
            asked = [
                (box, image) for box, image in zip(units, of(still, read(still)), strict=True) if (still, box) in said
            ]
            labels.add(taggers, [image for _, image in asked], [said[still, box] for box, _ in asked])
    return labels


def f1(one: Episode, taggers: list[TagScorer], params: Params) -> list[str]:
    """F1 of the tags of stills and persons that are not composition."""
    ensemble, of = Ensemble(taggers, params.threshold), views(one.detect, params.pad)
    looks = prepared(one.stills, "still", "tag", ensemble.models(), 16, 2, of)
    tagged = tag(looks, one.detect, ensemble, params, 16)
    held = decide(tagged, one.stills, one.detect, params, Said(Ruling([]), [], []), ensemble.column)
    counted: dict[str, Tally] = {}
    for picture, about, tally in tagging(held, one.detect, one.known):
        if about == "other":
            counted.setdefault(picture, Counter()).update(tally)
    return [f"{scores(counted[picture])[2]:.3f}" for picture in ("still", "person")]


def curves_of(taggers: list[Tagger], labels: Labels, by: By) -> Mapping[str, dict[str, Curve]]:
    """The curves of each tagger, by tag."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {tagger.name: {} for tagger in taggers}
    for tagger, name, *point in learnt(taggers, labels, LEAST, by).rows:
        found[tagger].setdefault(name, []).append((point[0], point[1]))
    return {
        tagger: {name: Curve(*zip(*of, strict=True)) for name, of in tags.items()} for tagger, tags in found.items()
    }


def main() -> None:
    """Measure what corrections of the first episode do for the second."""
    params, taggers = params_of("tag", Params, ""), open_taggers(models_of(""))
    first, second = map(Episode, EPISODES)
    labels = labels_of(first, taggers, params.pad)
    lines = sum(len(one.lines) for one in labels.said)
    rows: list[tuple[str, ...]] = [("as they are", "", *f1(second, list(taggers), params))]
    for by in get_args(By):
        curves = curves_of(taggers, labels, by)
        calibrated: list[TagScorer] = [Calibrated(tagger, curves[tagger.name]) for tagger in taggers]
        rows.append((by, str(sum(map(len, curves.values()))), *f1(second, calibrated, params)))
    print(f"{lines} lines about {len(labels.said)} pictures of {EPISODES[0]}\n")
    print(table(("scores", "curves", "stills, F1", "persons, F1"), rows))


if __name__ == "__main__":
    typer.run(main)
