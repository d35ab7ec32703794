"""The house: its rooms bottom to top, and the walls between them. Each rule has been seen to fail: see `planted`."""

from collections.abc import Callable
from pathlib import Path

import pytest
import rooms

from genga.stages import LINE, ROOMS, STAGES, Stage

ROOT = Path(__file__).resolve().parent.parent
SOURCES = rooms.sources_of(ROOT)
PACKAGES = {
    path.parent.relative_to(ROOT / "genga").as_posix().replace("/", "."): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "genga").rglob("*/__init__.py"))
}
ROOM_OF = {stage.name: stage.room for stage in LINE}
# Which stages hold what is dear: a change in it makes their outputs anew.
DEAR = {
    "video.interlace": {"probe", "frames", "stills"},
    "drawings._shots": {"shots"},
    "drawings._dedup": {"dedup"},
    "drawings._stills": {"stills"},
    "people._crop": {"crop"},
    "training.families.family": {"train", "sample", "evaluate"},
    "training.families.sd15": set(),  # in a run's code by the name of its family: test_families
    "pages._review": {"review"},
    "pages._report": {"report"},
}


def nameless(sources: rooms.Sources) -> list[str]:
    return rooms.nameless(sources, ROOM_OF)


def too_large(sources: rooms.Sources) -> list[str]:
    return rooms.too_large(sources, ROOM_OF)


def other_stages(sources: rooms.Sources) -> list[str]:
    return rooms.other_stages(sources, ROOM_OF)


RULES: list[Callable[[rooms.Sources], list[str]]] = [
    rooms.upwards, rooms.circles, rooms.trespasses, rooms.families_known, other_stages, rooms.strangers,
    rooms.out_of_place, rooms.summed_elsewhere, nameless, rooms.too_long, too_large, rooms.crowded,
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_the_rule(rule: Callable[[rooms.Sources], list[str]]) -> None:
    assert rule(SOURCES) == []


def planted(module: str, line: str) -> dict[str, str]:
    """The house's code with one more line in a module, or with a new module."""
    return {**SOURCES, module: f"{SOURCES.get(module, '')}\n{line}\n"}


@pytest.mark.parametrize(
    ("rule", "module", "line"),
    [
        (rooms.upwards, "images.codec", "from genga.video import decode"),
        (rooms.upwards, "store.files", "def late():\n    import genga.models.registry"),
        (rooms.circles, "images.image", "from genga.images import codec"),
        (rooms.circles, "params.section", "import genga.params.train"),
        (rooms.trespasses, "pages.overview", "import genga.drawings._text.scan"),
        (rooms.families_known, "training.trainer", "from genga.training.families import sd15"),
        (rooms.families_known, "scripts.train", "from genga.training.families.sd15 import FAMILY"),
        (other_stages, "scripts.dedup", "from genga.drawings.stills import written"),
        (other_stages, "drawings.margins", "from genga.drawings._shots.cuts import cuts"),
        (rooms.strangers, "drawings.dedup", "import av"),
        (rooms.strangers, "people.embed", "from torch import nn"),
        (rooms.strangers, "pages.counts", "import csv"),
        (rooms.strangers, "models.registry", "def late():\n    from typer import Option"),
        (rooms.strangers, "people.tagger", "import onnxruntime as ort"),
        (rooms.out_of_place, "training.train", "import os\nos.environ['X'] = '1'"),
        (rooms.out_of_place, "people.crop", "X = {'a': pl.Int64}"),
        (rooms.out_of_place, "people.crop", "X = {'a': pl.List(pl.String)}"),
        (rooms.out_of_place, "audit.trace", "X = f'data/frames/{series}'"),
        (rooms.out_of_place, "drawings.shots", "cv2.setNumThreads(1)"),
        (rooms.out_of_place, "evaluation.sample", "torch.set_num_threads(1)"),
        (rooms.summed_elsewhere, "evaluation.scores", "X = A @ B"),
        (rooms.summed_elsewhere, "images.panorama", "A @= B"),
        (rooms.summed_elsewhere, "drawings._dedup.flashes", "gain, plus = np.polyfit(x, y, 1)"),
        (rooms.summed_elsewhere, "evaluation.scores", "length = np.linalg.norm(row)"),
        (rooms.too_long, "drawings.shots", "\n" * 240),
        (rooms.too_long, "scripts.probe", "\n" * 40),
        (too_large, "errors", "".join(f"import genga.{name}\n" for name in SOURCES if not name.startswith("scripts."))),
    ],
)  # fmt: skip
def test_the_rule_sees_a_breach(rule: Callable[[rooms.Sources], list[str]], module: str, line: str) -> None:
    assert rule(planted(module, line)) != []


# A section of params.yaml, and a table, have a module of their name.
NAMED = {f"params.{name}" for name in (*STAGES, "models", "runs")}
NAMED |= {f"tables.{name}" for stage in LINE for name in stage.writes}


def test_a_rooms_own_file_is_its_map() -> None:
    top = {package: source for package, source in PACKAGES.items() if "." not in package}
    assert set(top) == {room for room in ROOMS if room not in ("errors", "stages")}
    mapped = {**top, "training.families": PACKAGES["training.families"]}
    assert rooms.facades(PACKAGES) == [] and rooms.unmapped(mapped, SOURCES, NAMED) == []


def test_a_facade_and_a_wrong_map_are_seen() -> None:
    assert rooms.facades({"video": '"""Video."""\nfrom genga.video.decode import decode\n', "store": "X = 1\n"}) == [
        "store/__init__.py does more than say what is in it", "video/__init__.py does more than say what is in it",
    ]  # fmt: skip
    jobs = '"""Jobs.\n\nscript  How\n        it begins.\ngone    x\n"""\n'
    assert rooms.unmapped({"jobs": jobs.replace("gone", "script")}, {"jobs.script": ""}) == [
        "jobs/__init__.py names script twice"
    ]
    assert rooms.unmapped({"jobs": jobs}, {"jobs.script": "", "jobs.new": ""}) == [
        "jobs/__init__.py does not name new", "jobs/__init__.py names gone, which is not there",
    ]  # fmt: skip


@pytest.mark.parametrize(("module", "stages"), DEAR.items())
def test_what_is_dear_is_in_the_code_of_these_stages(module: str, stages: set[str]) -> None:
    assert rooms.holders(module, SOURCES, STAGES) == stages


def test_a_new_holder_is_seen() -> None:
    everywhere = planted("jobs.script", "from genga.video import interlace")
    assert rooms.holders("video.interlace", everywhere, STAGES) == set(STAGES)


@pytest.mark.parametrize("stage", LINE, ids=STAGES)
def test_a_stage_reads_and_writes_the_tables_that_it_declares(stage: Stage) -> None:
    assert rooms.undeclared(SOURCES, stage.name, (*stage.reads, *stage.writes)) == []


def test_an_entry_too_many_and_a_stage_without_its_function_are_seen() -> None:
    assert rooms.crowded({**SOURCES, "utils": "", "helpers": ""}) == ["genga/ has 26 entries"]
    renamed = {**SOURCES, "drawings.shots": SOURCES["drawings.shots"].replace("def shots(", "def divide(")}
    assert nameless(renamed) == ["drawings.shots has no function shots"]


def test_a_table_too_many_or_too_few_is_seen() -> None:
    more = planted("people.embed", "from genga.tables.shots import SHOTS")
    assert rooms.undeclared(more, "embed", ("crop", "embed")) == [
        "stage embed holds table shots and does not declare it"
    ]
    assert rooms.undeclared(SOURCES, "embed", ("crop", "embed", "tag")) != []
