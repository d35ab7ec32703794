"""How often captions say the right thing of the right person: `python -m bench.captions`.

Reads sentences as a person would: "On the left" is the leftmost of those who were drawn there, whatever box was found.
A pair is an attribute, or a name, said of somebody: right if it is true of whoever was drawn in that place, of another
if only of somebody else in the picture, of nobody else. Beside it the tags of the whole picture, each said of everyone.
Stills that show no single drawing have no truth and are left out. Prints the table of docs/dataset.md.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import typer

from bench.images import Truth, truths
from bench.models import table
from demo.world.vocabulary import INDEX
from genga.dataset.candidates import Tables, candidates, read_tables
from genga.dataset.clauses import clauses, sentences
from genga.params.dataset import Params
from genga.params.section import parse_section, section_of_file
from genga.store.files import read_json
from genga.vocabulary.parts import SUBJECT, part_of

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


def main(
    truth: Path = typer.Option(Path("data/truth/sample"), help="folder with a JSON for each episode"),
    data: Path = typer.Option(Path("data"), help="folder that the workflow wrote"),
) -> None:
    """Measure who is said to wear what on the sample series."""
    names = sorted(path.stem for path in truth.glob("*.json"))
    tables = read_tables(data, truth.name, names, data / "characters" / f"{truth.name}.parquet")
    params = parse_section("dataset", Params, section_of_file("params.yaml", "dataset"))
    images, seen = candidates(tables), known_of(tables, truth)
    said = clauses(tables, images, section_of_file("params.yaml", "crop")["intrude"], params.clause_tags, {})
    cuts = {crop: cut for crop, *cut in tables.crops.select("crop", "x0", "y0", "x1", "y1").iter_rows()}
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
    rows: list[tuple[Any, ...]] = [
        (by, kind, found.total(), found["right"] / found.total(), *(found[one] for one in ("another", "nobody")))
        for (by, kind), found in sorted(tallies.items())
    ]
    typer.echo(table(("said by", "what", "pairs", "of the right person", "of another", "of nobody"), rows))
    typer.echo(f"\nImages with several people: {there}, of which {told} say who wears what.")


if __name__ == "__main__":
    typer.run(main)
