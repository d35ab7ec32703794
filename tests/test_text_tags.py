"""Tags about text, by what was read: literal lines in, literal tags out."""

import polars as pl
import pytest
from test_tag import PARAMS

from genga.decisions.tag_rules import Ruling
from genga.people.deciding import Said, decide
from genga.people.text_tags import OF_QUALITY, decided, scripts
from genga.tables.detect import BOXES
from genga.tables.tag import TAG


@pytest.mark.parametrize(
    ("texts", "tags"),
    [
        (["PAPER COMETS"], {"english_text"}),
        (["いらっしゃい", "本日開店"], {"japanese_text"}),  # kana among characters: these are Japanese, too
        (["本日開店中国"], {"chinese_text"}),
        (["ようこそ", "WELCOME"], {"japanese_text", "english_text"}),
        (["한국어"], {"korean_text"}),
        (["Привет"], {"russian_text"}),
        (["OK"], set()),  # two letters are no text
        (["いらっしゃいませいらっしゃいませ", "abc"], {"japanese_text"}),  # 3 of 19: less than a fifth
        (["12:45", "!?"], set()),
        ([], set()),
    ],
)
def test_scripts_of_letters(texts, tags):
    assert scripts(texts) == tags


def line(text: str, kind: str, *place: int) -> dict:
    return {**dict(zip(("x0", "y0", "x1", "y1"), place or (0, 90, 100, 99), strict=True)), "text": text, "score": 0.9,
            "kind": kind}  # fmt: skip


def tagged(*rows: tuple) -> pl.DataFrame:
    """(still, box, tag, score, kept) as the table tag."""
    full = [
        {
            "still": still, "box": box, "tag": tag, "category": "general", "score": score, "votes": 1,
            "disagreement": None, "origin": "model", "kept": kept, "reason": "" if kept else "score",
        }
        for still, box, tag, score, kept in rows
    ]  # fmt: skip
    return pl.DataFrame(full, schema=TAG)


PERSONS = pl.DataFrame([("s", 0, "person", 0, 0, 50, 100, 0.9, "m", 0)], schema=BOXES, orient="row")


def read(*lines: dict | None, still: str = "s") -> pl.DataFrame:
    return pl.DataFrame([(still, None if lines == (None,) else list(lines))], schema=OF_QUALITY, orient="row")


def test_what_is_read_decides_on_tags_about_text():
    tags = tagged(
        ("s", None, "night", 0.9, True), ("s", None, "watermark", 0.8, True), ("s", None, "english_text", 0.2, False),
        ("s", 0, "text_focus", 0.7, True), ("s", 0, "smile", 0.7, True),
    )  # fmt: skip
    assert decided(tags, PERSONS, read(line("Good morning", "subtitle"))) == {
        ("s", None, "subtitled"): True, ("s", None, "english_text"): True, ("s", None, "watermark"): False,
        ("s", 0, "text_focus"): False,  # no line in the scene lies in that box
    }  # fmt: skip
    assert decided(tags, PERSONS, read(line("TV 5 NEWS", "mark"))) == {
        ("s", None, "watermark"): True, ("s", None, "english_text"): True, ("s", 0, "text_focus"): False,
    }  # fmt: skip
    assert decided(tags, PERSONS, read()) == {("s", None, "watermark"): False, ("s", 0, "text_focus"): False}


def test_a_sign_on_somebodys_shirt_is_theirs():
    tags = tagged(("s", None, "night", 0.9, True), ("s", 0, "smile", 0.7, True))
    on_shirt = line("ROCKETS", "sign", 10, 40, 40, 50)
    assert decided(tags, PERSONS, read(on_shirt)) == {("s", None, "english_text"): True, ("s", 0, "english_text"): True}
    beside = line("ROCKETS", "sign", 40, 40, 90, 50)
    assert decided(tags, PERSONS, read(beside)) == {("s", None, "english_text"): True}


def test_text_of_which_nobody_knows_what_it_is_leaves_subtitles_to_the_taggers():
    tags = tagged(("s", None, "subtitled", 0.9, True), ("s", None, "korean_text", 0.9, True))
    assert decided(tags, PERSONS, read(line("Hello there", "text"))) == {
        ("s", None, "english_text"): True, ("s", None, "korean_text"): False,
    }  # fmt: skip


def test_of_a_still_that_nobody_read_nothing_follows():
    tags = tagged(("s", None, "watermark", 0.8, True))
    assert decided(tags, PERSONS, read(None)) == decided(tags, PERSONS, read(still="other")) == {}


def test_rows_say_who_decided_and_people_still_win():
    tags = tagged(("s", None, "night", 0.9, True), ("s", None, "watermark", 0.8, True), ("s", 0, "smile", 0.7, True))
    stills = pl.DataFrame({"still": ["s"], "frame": [0], "shot": [0]})
    nobody = Said(Ruling([], ""), [0], [])
    rows = read(line("Good morning", "subtitle"))

    def made(params=PARAMS, of: pl.DataFrame | None = rows) -> list[tuple]:
        found = decide(tags, stills, PERSONS, params, nobody, {"night", "watermark", "smile"}, of)
        return found.filter(pl.col("box").is_null()).select("tag", "origin", "kept", "reason").sort("tag").rows()

    before = [("night", "model", True, ""), ("watermark", "model", True, "")]
    assert made() == [
        ("english_text", "read", True, ""), before[0], ("subtitled", "read", True, ""),
        ("watermark", "read", False, "read"),
    ]  # fmt: skip
    assert made(of=read(None)) == made(of=None) == made(PARAMS.model_copy(update={"read": False})) == before
