"""Tiers that people gave: what they overrule, and where lines hold when drawings have other stills and numbers."""

from pathlib import Path

import polars as pl
import pytest

from genga.dataset.tiers import Given, overruled, placed, without_effect
from genga.decisions.anchors import read_anchor
from genga.decisions.csv import Open
from genga.decisions.placing import OF_DEDUP, OF_DETECT, OF_STILLS, Episode, Scene
from genga.store.parquet import write_table
from genga.tables.dataset import DATASET
from genga.tables.left_out import LEFT_OUT

ANNA, BEA = (0, 0, 40, 100), (100, 0, 140, 100)  # of a still of 200 x 100 px
AT_BEA = "500 0 700 1000"
# Frame 0 and 1 are one drawing, 2 another, 3 shows none. Of the first drawing frame 1 is the still.
DEDUP = [(0, 0, 1, "held"), (1, 0, 1, "kept"), (2, 0, 2, "kept"), (3, 0, None, "black")]
STILLS = {1: (ANNA, BEA), 2: (BEA,)}
IMAGES = {"s/e/000001", "s/e/000001-0-head", "s/e/000001-1-head", "s/e/000002", "s/e/000002-0-head"}


def episode() -> Episode:
    def table(rows: list[tuple], schema: dict) -> pl.DataFrame:
        return pl.DataFrame([(*row, *(None,) * (len(schema) - len(row))) for row in rows], schema=schema, orient="row")

    stills = [(frame, 0, 200, 100, 0, 0, 200, 100) for frame in STILLS]
    persons = [
        (f"s/e/{frame:06d}", number, "person", *box)
        for frame, found in STILLS.items()
        for number, box in enumerate(found)
    ]
    return Episode(table(DEDUP, OF_DEDUP), table(stills, OF_STILLS), table(persons, OF_DETECT))


SCENE = Scene("s", {"e": episode()}.get)


def given(line: int, image: str, tier: str, at: str = "") -> Given:
    return Given("tiers.csv", line, image, tier, read_anchor(at, "tiers.csv"))


def images(*names: str) -> pl.DataFrame:
    rows = [(name, name.partition("-")[0], "good") for name in names]
    return pl.DataFrame(rows, schema=["image", "still", "tier"], orient="row")


def tiers(names: list[str], *lines: Given) -> list[str]:
    found, without = overruled(images(*names), lines, lambda: SCENE)
    assert found["image"].to_list() == names and without == []
    return found["tier"].to_list()


ALL = ["s/e/000001", "s/e/000001-0-head", "s/e/000001-1-head", "s/e/000002"]


def test_a_stills_tier_is_that_of_its_crops_but_for_those_that_have_their_own() -> None:
    lines = given(2, "s/e/000001-1-head", "best"), given(3, "s/e/000001", "poor")
    assert tiers(ALL, *lines) == tiers(ALL, *reversed(lines)) == ["poor", "poor", "best", "good"]
    assert tiers(ALL, given(2, "s/e/000001-0-head", "reject")) == ["good", "reject", "good", "good"]


def test_nothing_is_read_where_nobody_said_anything() -> None:
    found, without = overruled(images(*ALL), [], lambda: pytest.fail("the scene was read"))
    assert found["tier"].to_list() == ["good"] * 4 and without == []


def test_of_two_lines_about_one_image_the_later_holds() -> None:
    assert tiers(ALL[:1], given(2, ALL[0], "best"), given(3, ALL[0], "poor")) == ["poor"]


@pytest.mark.parametrize(
    ("line", "now"),
    [
        (("s/e/000000", "best"), "s/e/000001"),  # another frame of the drawing is its still now
        (("s/e/000000-0-head", "best", f"0-0 {AT_BEA}"), "s/e/000001-1-head"),  # and she has another number there
        (("s/e/000001-0-head", "best", f"1-0 {AT_BEA}"), "s/e/000001-1-head"),
        (("s/e/000002-0-head", "best"), "s/e/000002-0-head"),  # without a place the number counts
        (("s/e/000002-0-head", "best", f"1-0 {AT_BEA}"), "s/e/000002-0-head"),  # a place of another id is void
    ],
)
def test_a_line_holds_of_what_it_was_about(line: tuple[str, ...], now: str) -> None:
    assert placed([given(2, *line)], IMAGES, SCENE) == ({now: "best"}, [])


@pytest.mark.parametrize(
    ("line", "why", "nearest"),
    [
        (("s/e/000003", "best"), "frame 3 of e shows no drawing now (black)", ("s/e/000002", "s/e/000001")),
        (("s/e/000009", "best"), "s/e has no frame 9", ("s/e/000002", "s/e/000001")),
        (("s/e/000000-1-head", "best"), "the line does not say where the person was (column at)",
         ("s/e/000001-0-head", "s/e/000001-1-head")),
        (("s/e/000001-1-fullbody", "best"), "that person has no such crop now", ("s/e/000001-1-head",)),
        (("s/e/000002-0-head", "best", "2-0 0 0 200 1000"), "nobody is found in that place of s/e/000002 now",
         ("s/e/000002-0-head",)),
        (("s/x/000002", "best"), "there is no such image now", ()),
        (("s/e/000002-0", "best"), "that is the id of no still or crop", ()),
    ],
)  # fmt: skip
def test_what_is_not_found_for_certain_takes_no_effect(line: tuple[str, ...], why: str, nearest: tuple) -> None:
    assert placed([given(2, *line)], IMAGES, SCENE) == (
        {}, [("tiers.csv", Open(2, f"{line[0]} is best", why, nearest))]
    )  # fmt: skip
    assert overruled(images(*ALL), [given(2, *line)], lambda: SCENE)[0].equals(images(*ALL))


def test_of_lines_that_come_to_one_image_that_about_its_own_id_holds() -> None:
    own, moved = given(2, "s/e/000001", "best"), given(3, "s/e/000000", "poor")
    said = [("tiers.csv", Open(3, "s/e/000000 is poor", "line 2 says best of the same", ("s/e/000001",)))]
    assert placed([own, moved], IMAGES, SCENE) == ({"s/e/000001": "best"}, said)
    assert placed([own, moved._replace(tier="best")], IMAGES, SCENE) == ({"s/e/000001": "best"}, [])


def test_a_summary_asks_what_takes_no_effect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table = Path("corrections/s/tiers.csv")
    assert without_effect(table, Path("data"), "s", ["e"]) == []
    table.parent.mkdir(parents=True)
    table.write_text("still_or_crop,tier\ns/e/000001,best\ns/e/000003,poor\ns/e/000002,poor\n", encoding="utf-8")
    assert without_effect(table, Path("data"), "s", ["e"]) == []  # as long as there is no dataset
    of = episode()
    for stage, rows, schema in (("dedup", of.dedup, OF_DEDUP), ("stills", of.stills, OF_STILLS),
                                ("detect", of.detect, OF_DETECT)):  # fmt: skip
        write_table(f"data/{stage}/s/e.parquet", rows, schema)
    for path, schema, name in (("data/dataset/s.parquet", DATASET, "s/e/000001"),
                               ("data/dataset/left-out/s.parquet", LEFT_OUT, "s/e/000002")):  # fmt: skip
        write_table(path, pl.DataFrame([{"image": name}], schema=dict(schema)), schema)
    why = "frame 3 of e shows no drawing now (black)"
    assert without_effect(table, Path("data"), "s", ["e"]) == [
        (str(table), Open(3, "s/e/000003 is poor", why, ("s/e/000002", "s/e/000001")))
    ]
