"""How often captions say the right thing of the right person: `python -m bench.captions`.

Reads sentences as a person would: "On the left" is the leftmost of those who were drawn there, whatever box was found.
A pair is an attribute, or a name, said of somebody: right if it is true of whoever was drawn in that place, of another
if only of somebody else in the picture, of nobody else. Beside it the tags of the whole picture, each said of everyone.
Stills of the sample series that show no single drawing have no truth and are left out; random scenes have two or three
people anywhere, one before another too. Prints the table of docs/dataset.md.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import typer

from bench.images import Truth, truths
from bench.models import table
from demo.teach.frames import Frame, random_frame
from demo.world.tags import figure_tags
from demo.world.vocabulary import INDEX
from genga.dataset.candidates import OF_CHARACTERS, SIDES, Tables, candidates, read_tables
from genga.dataset.captions import sentences
from genga.dataset.clauses import clauses
from genga.models.registry import models_of
from genga.params.crop import Params as Crop
from genga.params.detect import Params as Detect
from genga.params.section import params_of, section_of_file
from genga.params.tag import Params as Tag
from genga.people.crop import OF_TAG, planned
from genga.people.detect import detect
from genga.people.detector import open_detectors
from genga.people.tag import tag, views
from genga.people.tagger import open_ensemble
from genga.store.files import read_json
from genga.store.parquet import empty
from genga.vocabulary.parts import SUBJECT, part_of

SEED = 123_456  # of the random scenes; the models were taught with others
ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth")
PLACE = re.compile(rf"(On the left|On the right|In the middle|In front|Behind|(?:{'|'.join(ORDINALS)}) from the left)")

Said = tuple[str, list[str]]  # a place, and what is said of who stands there


def read(lines: Sequence[str]) -> list[Said]:
    """Return place and words of each sentence that has a place."""
    split = [line.rstrip(".").split(", ") for line in lines]
    return [(words[0], words[1:]) for words in split if PLACE.fullmatch(words[0])]


def meant(place: str, figures: Sequence[Truth]) -> Truth | None:
    """Return who of those drawn, from left to right, stands in a place; None for one more than there are."""
    if place in ("In front", "Behind"):
        by_height = sorted(figures, key=lambda one: float(one["boxes"]["person"][1] - one["boxes"]["person"][3]))
        return by_height[0 if place == "In front" else -1]
    ends = {"On the left": 0, "In the middle": len(figures) // 2, "On the right": len(figures) - 1}
    number = ends[place] if place in ends else ORDINALS.index(place.split()[0])
    return figures[number] if number < len(figures) else None


def outcomes(words: Sequence[str], figure: Truth | None, figures: Sequence[Truth]) -> Iterator[tuple[str, str]]:
    """Yield (attribute or name, right, another or nobody) for what is said of somebody."""
    for word in words:
        tag = word.replace(" ", "_")
        of = [one for one in figures if tag in one["tags"] or word == one["character"]]
        if tag in INDEX or of:
            kind = "attribute" if tag in INDEX else "name"
            yield kind, "right" if any(one is figure for one in of) else "another" if of else "nobody"


def drawn_in(seen: Truth, cut: Sequence[int] | None) -> list[Truth]:
    """Return who was drawn there, from left to right: whose head's middle is in the image. cut: of a crop, px."""
    found = []
    for one in (one for one in seen["figures"] if "person" in one["boxes"]):
        x0, y0, x1, y1 = one["boxes"].get("head") or one["boxes"]["person"]
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        if cut is None or (cut[0] <= x < cut[2] and cut[1] <= y < cut[3]):
            found.append((x, one))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def known_of(tables: Tables, truth: Path) -> dict[str, Truth]:
    """Return the truth of each still that has any."""
    found: dict[str, Truth] = {}
    for path in sorted(truth.glob("*.json")):
        own = tables.stills.filter(pl.col("still").str.starts_with(f"{truth.name}/{path.stem}/"))
        found |= {still: seen for still, (_, seen) in truths(own, read_json(path)).items()}
    return found


def drawn_scenes(count: int) -> tuple[Tables, pl.DataFrame, dict[str, Truth]]:
    """Return what the stages before say of so many random scenes with several people, their images, and the truth."""
    rng = np.random.default_rng(SEED)
    frames: list[Frame] = []
    while len(frames) < count:
        frame = random_frame(rng)
        frames += [frame] if len(frame.truth) > 1 else []
    stills = [(f"drawn/scenes/{number:06d}", frame.image) for number, frame in enumerate(frames)]
    seen = {still: seen_of(frame) for (still, _), frame in zip(stills, frames, strict=True)}
    registry = models_of("")
    finding = params_of("detect", Detect, "")
    tagging = params_of("tag", Tag, "")
    cropping = params_of("crop", Crop, "")
    detectors = open_detectors(registry, 2, finding.confidence.model_dump(), finding.overlap.model_dump())
    found = detect(([(still, [image])] for still, image in stills), detectors, finding)
    of = views(found, tagging.pad)
    looks = ([(still, list(of(still, image)))] for still, image in stills)
    tags = tag(looks, found, open_ensemble(registry, 2, tagging.threshold), tagging, 16)
    crops = planned(found, tags.select(list(OF_TAG)), {still: image.shape[1] for still, image in stills}, cropping)
    nobody = pl.lit(None, dtype=pl.String)
    tables = Tables(crops, empty({}), found, tags, empty({}), empty(OF_CHARACTERS))
    whole = pl.DataFrame({"still": [still for still, _ in stills], "kind": "still"}).with_columns(
        image="still", crop=nobody, tags=pl.col("still").replace_strict(tags_of(tags), default=[])
    )
    cut = crops.filter("kept").with_columns(image="crop")
    columns = ["image", "still", "crop", "kind", "tags"]
    return tables, pl.concat([whole.select(columns), cut.select(columns)]).with_columns(character=nobody), seen


def seen_of(frame: Frame) -> Truth:
    """Return the figures of a random scene, as the truth of an episode has them."""
    height, width = frame.image.shape[:2]
    return {
        "figures": [
            {"character": "", "boxes": one.boxes, "tags": figure_tags(frame.scene, one.figure, width / height)}
            for one in frame.truth
        ]
    }


def tags_of(tags: pl.DataFrame) -> dict[str, list[str]]:
    """Return the tags of each still as a whole."""
    kept = tags.filter(pl.col("kept") & pl.col("box").is_null() & (pl.col("category") == "general"))
    return dict(kept.group_by("still", maintain_order=True).agg("tag").iter_rows())


def measured(
    tables: Tables, images: pl.DataFrame, seen: Mapping[str, Truth], most: int
) -> tuple[dict[tuple[str, str], Counter[str]], int, int]:
    """Return outcomes by who says it and of what, how many images show several people, and how many of them say it.

    images: image, still, crop, kind, character, tags.
    """
    said = clauses(tables, images, section_of_file("params.yaml", "crop")["intrude"], most, {})
    cuts = {crop: cut for crop, *cut in tables.crops.select("crop", *SIDES).iter_rows()}
    tallies: dict[tuple[str, str], Counter[str]] = {}
    there, told = 0, 0
    for image, still, crop, tags in images.select("image", "still", "crop", "tags").iter_rows():
        figures = drawn_in(seen[still], cuts.get(crop)) if still in seen else []
        there, told = there + (len(figures) > 1), told + (len(figures) > 1 and image in said)
        own = read(sentences(said[image])) if image in said and figures else []
        looks = [tag.replace("_", " ") for tag in tags if part_of(tag) in SUBJECT - {"count", "framing", "relation"}]
        for by, of in (("sentences", own), ("tags of the whole, of everyone", [(place, looks) for place, _ in own])):
            for place, words in of:
                for kind, outcome in outcomes(words, meant(place, figures), figures):
                    tallies.setdefault((by, kind), Counter())[outcome] += 1
    return tallies, there, told


def main(
    truth: Path = typer.Option(Path("data/truth/sample"), help="folder with a JSON for each episode"),
    data: Path = typer.Option(Path("data"), help="folder that the workflow wrote"),
    scenes: int = typer.Option(200, help="random scenes with several people"),
) -> None:
    """Measure who is said to wear what, on the sample series and on random scenes."""
    most = section_of_file("params.yaml", "dataset")["clause_tags"]
    names = sorted(path.stem for path in truth.glob("*.json"))
    tables = read_tables(data, truth.name, names, data / "characters" / f"{truth.name}.parquet")
    found = {
        "sample series": measured(tables, candidates(tables), known_of(tables, truth), most),
        "random scenes": measured(*drawn_scenes(scenes), most),
    }
    rows: list[tuple[Any, ...]] = [
        (of, by, kind, one.total(), one["right"] / one.total(), one["another"], one["nobody"])
        for of, (tallies, _, _) in found.items()
        for (by, kind), one in sorted(tallies.items())
    ]
    typer.echo(table(("of", "said by", "what", "pairs", "of the right person", "of another", "of nobody"), rows))
    for of, (_, there, told) in found.items():
        typer.echo(f"{of}: {there} images of several people, of which {told} say who wears what")


if __name__ == "__main__":
    typer.run(main)
