"""Decisions stand when parameters change: two drawn episodes, everybody in them named, each parameter moved.

Frames, shots and drawings are found by the stages' scripts. Who is where in a still says the truth that was drawn, as
a detector would that misses nobody: so what is judged is the placing alone, and by whom it should be.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
import typer
from conftest import ROOT
from typer.testing import CliRunner

from bench.decisions import CHOSEN, Sections, changed, make, variants
from bench.images import truths, whole
from demo.series import draw_series
from genga.decisions.anchors import Target
from genga.decisions.placing import Person, Placed, Scene, read_scene
from genga.params.section import section_of_file
from genga.store.files import read_json
from genga.store.parquet import read_table, write_table
from genga.tables.dedup import DEDUP, KEPT
from genga.tables.detect import BOXES
from genga.tables.stills import STILLS

NAMES = ["ep01", "ep02"]
STAGES = ("probe", "frames", "shots", "dedup")
SECTIONS: Sections = {name: section_of_file(ROOT / "params.yaml", name) for name in STAGES}
MEASURED: dict[tuple[str, ...], float] = {("dedup", "threshold"): 14.0, ("dedup", "recurring"): 20.0}
APART = {"dedup.camera: stitched"}  # a stitched picture is made by stills, of whose places the truth says nothing
EVERY = [
    (name, path, value)
    for name, path, value in variants(SECTIONS | {"detect": {}}, MEASURED)
    if path != ("stills", "format") and name not in APART
]


def script(stage: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{stage}_script", ROOT / f"scripts/{stage}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COMMANDS: dict[str, Callable[..., None]] = {stage: script(stage).main for stage in STAGES}


def here(stage: str, words: list[str]) -> None:
    """Run a stage's script in this process."""
    app = typer.Typer()
    app.command()(COMMANDS[stage])
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output


def seen(data: Path, raw: Path) -> dict[Person, str]:
    """Write stills and boxes of every kept drawing as they were drawn; return who is who."""
    who: dict[Person, str] = {}
    for name in NAMES:
        truth = read_json(raw / f"{name}.json")
        kept = read_table(data / f"dedup/s/{name}.parquet", DEDUP).filter(pl.col("reason").is_in(KEPT))
        width, height = truth["width"], truth["height"]
        size = {"width": width, "height": height, "x0": 0, "y0": 0, "x1": width, "y1": height}
        rows = [{"still": f"s/{name}/{frame:06d}", "frame": frame, "shot": shot, "time": 0.0, "shard": "", "offset": 0,
                 "size": 0, "sha256": "", **size} for frame, shot in kept.select("frame", "shot").rows()]  # fmt: skip
        stills = pl.DataFrame(rows, schema=dict(STILLS))
        write_table(data / f"stills/s/{name}.parquet", stills, STILLS)
        boxes = []
        for still, (_, drawn) in truths(stills, truth).items():
            figures = sorted((whole(one["boxes"]["person"]), one["character"]) for one in drawn["figures"]
                             if "person" in one["boxes"])  # fmt: skip
            for box, (sides, character) in enumerate(figures):
                boxes.append((still, box, "person", *sides, 1.0, "truth", box))
                who[still, box] = character
        write_table(data / f"detect/s/{name}.parquet", pl.DataFrame(boxes, schema=dict(BOXES), orient="row"), BOXES)
    return who


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scene, dict[Person, str]]:
    """The folder of two episodes' tables, what there is, and who is who."""
    data = tmp_path_factory.mktemp("data")
    draw_series(data / "raw/s", data / "truth", 2, 12, 144, 7)
    make(data, data, "s", NAMES, SECTIONS, "probe", "dedup", here)
    return data, read_scene(data, "s", NAMES), seen(data, data / "truth")


@pytest.mark.slow
def test_there_is_something_to_decide(drawn) -> None:
    _, _, who = drawn
    assert len(who) > 40 and len(set(who.values())) > 2
    assert len(EVERY) > 30 and {path[0] for _, path, _ in EVERY} == {"frames", "shots", "dedup"}
    assert {path for _, path, _ in EVERY} >= CHOSEN.keys() - {("stills", "format")}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "path", "value"), EVERY, ids=[one[0] for one in EVERY])
def test_every_decision_stands_whose_drawing_is_there_and_none_goes_to_somebody_else(
    drawn, tmp_path: Path, name: str, path: tuple[str, ...], value: object
) -> None:
    data, then, who = drawn
    make(tmp_path, data, "s", NAMES, changed(SECTIONS, path, value), path[0], "dedup", here)
    who_now = seen(tmp_path, data / "truth")
    now, listed = read_scene(tmp_path, "s", NAMES), set()
    for (still, box), character in who.items():
        series, episode, frame = still.split("/")
        target = Target(series, episode, int(frame), box, None)
        found = now.place(target, then.anchor(target), along=True)
        if isinstance(found, Placed):
            assert {who_now[person] for person in found.persons} == {character}, (name, still, box)
        else:  # its drawing is no still, or seen in another view, in which that one is not
            shown = now.shown(target)
            there = {one for (place, _), one in who_now.items() if shown.still and place == shown.still.still}
            assert shown.why or character not in there, (name, still, box, found)
            listed.add(still)
    assert len(listed) <= 2, (
        name,
        listed,
    )  # of some fifty: a drawing that is taken for a blend, an end of a camera move
