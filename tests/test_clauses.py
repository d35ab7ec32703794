"""Who wears what: places from boxes, tags of each person's own box, and the sentences made of them, by hand."""

from dataclasses import replace

import polars as pl
import pytest

from genga.dataset.candidates import OF_CHARACTERS, OF_CROP, OF_DETECT, OF_QUALITY, OF_STILLS, OF_TAG, Tables
from genga.dataset.captions import Clause, sentences
from genga.dataset.clauses import Box, Somebody, clauses, places, told_apart


def somebody(number: int | None, middle: int, width: int = 100, top: int = 0, bottom: int = 300) -> Somebody:
    return Somebody(number, (middle - width // 2, top, middle + width // 2, bottom))


def test_two_stand_left_and_right_whatever_their_numbers() -> None:
    assert places([somebody(0, 400), somebody(1, 100)]) == {1: "On the left", 0: "On the right"}


def test_of_three_one_is_in_the_middle() -> None:
    found = places([somebody(2, 100), somebody(0, 300), somebody(1, 500)])
    assert found == {2: "On the left", 0: "In the middle", 1: "On the right"}


def test_four_and_more_are_counted_from_the_left() -> None:
    assert places([somebody(number, 600 - 100 * number) for number in range(4)]) == {
        3: "First from the left", 2: "Second from the left", 1: "Third from the left", 0: "Fourth from the left",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("people", "why"),
    [
        ([], "nobody"),
        ([somebody(0, 100)], "nobody else"),
        ([somebody(0, 100), somebody(1, 124)], "24 px apart, 100 wide"),
        ([somebody(0, 100), somebody(1, 300), somebody(2, 310)], "two of three too near"),
        ([somebody(0, 100), somebody(None, 400)], "a head without a person"),
        ([somebody(number, 100 * number) for number in range(7)], "a crowd"),
    ],
)
def test_where_it_would_not_tell_who_is_meant_nothing_is_said(people: list[Somebody], why: str) -> None:
    assert places(people) == {}, why


def test_25_px_of_100_are_enough() -> None:
    assert places([somebody(0, 100), somebody(1, 125)]) == {0: "On the left", 1: "On the right"}


def test_heads_say_who_is_left_of_whom() -> None:
    """An arm stretched out moves the middle of a box, not of the head."""
    pointing = Somebody(0, (0, 0, 400, 300), head=(20, 0, 60, 40))
    other = Somebody(1, (100, 0, 200, 300), head=(130, 0, 170, 40))
    assert places([other, pointing]) == {0: "On the left", 1: "On the right"}


def test_of_two_at_one_place_the_larger_and_lower_is_in_front() -> None:
    near, far = somebody(0, 200, top=50, bottom=350), somebody(1, 210, top=0, bottom=200)
    assert places([far, near]) == {0: "In front", 1: "Behind"}
    assert places([somebody(0, 200, bottom=300), somebody(1, 210, bottom=250)]) == {}  # 1.2 times: not certain
    assert places([somebody(0, 200, top=0, bottom=300), somebody(1, 210, top=200, bottom=400)]) == {}  # but higher up


def test_what_only_one_of_them_has_comes_first() -> None:
    own = [["smile", "red_hair", "hat"], ["smile", "glasses"]]
    assert told_apart(own) == [["red_hair", "hat", "smile"], ["glasses", "smile"]]


def test_sentences() -> None:
    of = [Clause(1, "On the left", ["akari", "coat"], ["red_hair", "^_^"]), Clause(0, "On the right", ["a boy"], [])]
    assert sentences(of) == ["On the left, akari, coat, red hair, ^_^.", "On the right, a boy."]
    assert sentences(of, ["night sky", "tree"])[2:] == ["Around them, night sky, tree."]


# From tables


def table(rows: list[tuple], schema: dict) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(schema), orient="row")


def row(box: int, kind: str, sides: Box, person: int | None) -> tuple:
    return ("s/e/1", box, kind, *sides, person, 0.9, None)


def tag(box: int | None, name: str, score: float = 0.9, kept: bool = True, category: str = "general") -> tuple:
    return ("s/e/1", box, name, category, score, "model", kept)


PLACE = ("x.tar", 0, 1, "sha")
LEFT, RIGHT = (0, 0, 200, 360), (300, 0, 500, 360)
TABLES = Tables(
    crops=table(
        [("s/e/1-1-fullbody", "s/e/1", 1, "fullbody", *RIGHT, True, [], [], 200, 360, None, *PLACE),
         ("s/e/1-1-head", "s/e/1", 1, "head", 150, 0, 450, 100, True, [], [], 300, 100, None, *PLACE)],
        OF_CROP,
    ),
    stills=table([], {**OF_STILLS, "signature": pl.Binary}),
    persons=table(
        [row(0, "person", LEFT, 0), row(1, "person", RIGHT, 1), row(2, "head", (150, 0, 200, 60), 0),
         row(3, "head", (370, 0, 430, 60), 1)],
        OF_DETECT,
    ),
    tags=table(
        [tag(0, "1girl"), tag(0, "long_hair", 0.8), tag(0, "hat", 0.7), tag(0, "boots", 0.9), tag(0, "sky", 1.0),
         tag(0, "solo", 1.0), tag(0, "general", 1.0, category="rating"), tag(0, "glasses", 0.3, kept=False),
         tag(1, "1boy"), tag(1, "long_hair"), tag(1, "red_hair", 0.6), tag(None, "scarf")],
        OF_TAG,
    ),
    quality=table([], OF_QUALITY),
    names=table([(f"s/e/1-1-{kind}", "s/e/1", "ren", "coat") for kind in ("fullbody", "head")], OF_CHARACTERS),
)  # fmt: skip
IMAGES = pl.DataFrame(
    [("s/e/1", "s/e/1", None, "still", None), ("s/e/1-1-fullbody", "s/e/1", "s/e/1-1-fullbody", "fullbody", "ren"),
     ("s/e/1-1-head", "s/e/1", "s/e/1-1-head", "head", "ren")],
    schema=["image", "still", "crop", "kind", "character"], orient="row",
)  # fmt: skip


def test_each_person_has_the_tags_of_its_own_box() -> None:
    found = clauses(TABLES, IMAGES, 0.5, 12, {"ren": ["red_hair"]})
    assert found["s/e/1"] == [
        Clause(0, "On the left", ["a girl"], ["boots", "hat", "long_hair"]),
        Clause(1, "On the right", ["ren", "coat"], ["red_hair", "long_hair"]),
    ]


@pytest.mark.parametrize(
    ("loose", "said"),
    [
        ([("face", (560, 10, 590, 50))], False),  # of somebody who has neither box nor head
        ([("head", (550, 0, 600, 60)), ("face", (560, 10, 590, 50))], False),
        ([("halfbody", (550, 0, 600, 160))], True),  # of nobody whose head or face was found
        ([], True),
    ],
)
def test_where_somebody_is_found_by_a_face_alone_nothing_is_said(loose: list[tuple[str, Box]], said: bool) -> None:
    more = table([row(4 + number, kind, sides, None) for number, (kind, sides) in enumerate(loose)], OF_DETECT)
    found = clauses(replace(TABLES, persons=pl.concat([TABLES.persons, more])), IMAGES, 0.5, 12, {})
    assert ("s/e/1" in found, "s/e/1-1-head" in found) == (said, True)  # whose crop shows nothing of that face


def test_a_crop_has_those_whose_heads_are_in_it_and_what_it_can_show() -> None:
    found = clauses(TABLES, IMAGES, 0.5, 12, {"ren": ["red_hair"]})
    assert "s/e/1-1-fullbody" not in found  # the other is not in it
    assert found["s/e/1-1-head"] == [
        Clause(0, "On the left", ["a girl"], ["hat", "long_hair"]),  # no boots in a crop of heads
        Clause(1, "On the right", ["ren", "coat"], ["long_hair"]),  # whose looks its own crops do not mention
    ]


@pytest.mark.parametrize(("intrude", "there"), [(0.25, True), (0.26, False)])
def test_so_much_of_a_head_has_to_be_in_a_crop(intrude: float, there: bool) -> None:
    crops = TABLES.crops.filter(crop="s/e/1-1-fullbody").with_columns(x0=175, y0=30)  # 25 px of 50, 30 of 60
    found = clauses(Tables(**{**vars(TABLES), "crops": crops}), IMAGES[:2], intrude, 12, {})
    assert ("s/e/1-1-fullbody" in found) == there


def test_at_most_so_many_tags_are_said_of_each() -> None:
    found = clauses(TABLES, IMAGES, 0.5, 1, {})
    assert [one.tags for one in found["s/e/1"]] == [["boots"], ["red_hair"]]


def test_who_was_named_as_nobody_has_no_name() -> None:
    nobody = TABLES.names.with_columns(character=pl.lit(""), outfit=pl.lit(None, dtype=pl.String))
    given = Tables(**{**vars(TABLES), "names": nobody})
    assert [one.who for one in clauses(given, IMAGES, 0.5, 12, {})["s/e/1"]] == [["a girl"], ["a boy"]]
