"""Several series as one training set: balance, twins across series, prior images. Literal tables, counted by hand."""

import json
from pathlib import Path

import polars as pl
import pytest

from genga.dataset.balance import by_series, prior_repeats
from genga.dataset.together import How, Joined, nameless, read, together, twins
from genga.errors import GengaError
from genga.store.parquet import write_table
from genga.tables.dataset import DATASET
from genga.tables.run_left_out import RUN_LEFT_OUT
from genga.tables.schema import only

KEYS = ("image", "still", "crop", "kind", "shot", "split", "character", "outfit", "tags", "caption", "captions",
        "keep_tokens", "repeats", "weight", "signature", "outline")  # fmt: skip
SCHEMA = only(DATASET, *KEYS)


def code(*bits: int) -> bytes:
    """A signature with these of its 256 bits set."""
    return sum(1 << bit for bit in bits).to_bytes(32, "little")


def said(*pieces: tuple[str, str], form: str = "tags") -> dict:
    return {"form": form, "parts": [{"part": part, "text": text} for part, text in pieces]}


def row(image: str, split: str, signature: bytes, character: str | None = "akari", **more: object) -> dict:
    """A head of its own shot: `s/1` is image s/e/1 of shot s/e/1. Its caption is the name and a tag."""
    series, number = image.split("/")
    name = f"{series}/e/{number}"
    names = [("names", character)] if character else []
    caption = said(*names, ("tags", "solo, smile"))
    return {
        "image": name, "still": name, "crop": None, "kind": "head", "shot": name, "split": split,
        "character": character, "outfit": None, "tags": ["solo"], "caption": f"{character}, solo, smile",
        "captions": [caption], "keep_tokens": len(names), "repeats": 9, "weight": 0.5, "signature": signature,
        "outline": None, **more,
    }  # fmt: skip


def table(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(SCHEMA))


FAR = [code(*range(40 * n, 40 * n + 40)) for n in range(6)]  # each differs from all others in 80 bits
HOW = How(series=["a", "b"], balance=["kind"], max_repeats=4, twin_bits=8, outline_bits=8)
A = table(row("a/1", "train", FAR[0]), row("a/2", "held-out", FAR[1]))
B = table(row("b/1", "train", FAR[2]), row("b/2", "train", FAR[3]), row("b/3", "train", FAR[4], "ren"))


def rows(found: Joined) -> list[tuple]:
    return found.table.select("image", "split", "character", "repeats").rows()


def test_two_series_are_one_set_in_which_a_character_is_counted_across_both() -> None:
    expected = [
        ("a/e/1", "train", "akari", 1), ("a/e/2", "held-out", "akari", 1),
        ("b/e/1", "train", "akari", 1), ("b/e/2", "train", "akari", 1), ("b/e/3", "train", "ren", 3),
    ]  # fmt: skip
    found = together({"a": A, "b": B}, HOW)
    assert rows(found) == expected and found.left_out.is_empty() and found.left_out.schema == RUN_LEFT_OUT
    turned = together({"b": B[::-1], "a": A}, How(**{**vars(HOW), "series": ["b", "a"]}))
    assert turned.table.equals(found.table), "whatever the order of series and rows"


def test_a_twin_of_what_another_series_holds_out_is_left_out_with_all_of_its_shot() -> None:
    near = code(*range(40, 80), *range(100, 108))  # 8 bits from what a holds out
    b = table(
        row("b/1", "train", near), row("b/2", "train", FAR[3], shot="b/e/1"), row("b/3", "train", FAR[4]),
        row("b/4", "held-out", FAR[1]),
    )  # fmt: skip
    found = together({"a": A, "b": b}, HOW)
    assert found.left_out.select("image", "reason").rows() == [("b/e/1", "twin"), ("b/e/2", "twin")]
    assert found.table["image"].to_list() == ["a/e/1", "a/e/2", "b/e/3", "b/e/4"]
    farther = How(**{**vars(HOW), "twin_bits": 7})
    assert together({"a": A, "b": b}, farther).left_out.is_empty()


def test_twins_are_found_mirrored_and_by_their_outlines() -> None:
    mirrored = bytes(byte ^ 0x55 for byte in FAR[1])
    held = row("a/2", "held-out", FAR[1], outline=code(1))
    train = [row("b/1", "train", mirrored), row("b/2", "train", FAR[3], outline=code(2)), row("b/3", "train", FAR[4])]
    both = table(held, *train)
    assert twins(both, {"signature": 0}) == {"b/e/1"}
    assert twins(both, {"outline": 2}) == {"b/e/2"} and twins(both, {"outline": 1}) == set()
    assert twins(both.filter(split="train"), {"signature": 64}) == set(), "nothing is held out"


def test_series_are_seen_by_their_weights_and_none_less_than_before() -> None:
    own = {"a/1": 1, "a/2": 1, "b/1": 2, "b/2": 1, "b/3": 1}  # 2 looks and 4
    assert by_series(own, {"a": 1.0, "b": 2.0}) == own
    assert by_series(own, {"b": 1.0}) == {**own, "a/1": 2, "a/2": 2}
    assert by_series(own, {"a": 1.0, "b": 4.0}) == {"a/1": 1, "a/2": 1, "b/1": 4, "b/2": 2, "b/3": 2}
    uneven = by_series(own, {"a": 1.25, "b": 1.0})  # 4 / 1 looks a weight: 5 of a, of which one image has one more
    assert uneven["a/1"] + uneven["a/2"] == 5 and {uneven["a/1"], uneven["a/2"]} == {2, 3}
    assert by_series({}, {"a": 2.0}) == {}


def test_weights_are_about_the_images_that_a_run_learns() -> None:
    found = together({"a": A, "b": B}, How(**{**vars(HOW), "series_weights": {"a": 3.0}, "character": "akari"}))
    # Of akari 1 look in a and 2 in b: b stays, a has three times as many.
    assert rows(found)[0] == ("a/e/1", "train", "akari", 6)
    assert rows(found)[2:] == [
        ("b/e/1", "train", "akari", 1), ("b/e/2", "train", "akari", 1), ("b/e/3", "train", "ren", 3),
    ]  # fmt: skip


def test_prior_images_take_no_name_and_have_as_many_looks_as_all_others() -> None:
    c = table(
        row("c/1", "train", FAR[4], "ren", outfit="coat"), row("c/2", "train", FAR[5], None),
        row("c/3", "held-out", FAR[3], "ren"), row("c/4", "train", FAR[3], "akari"),
        row("c/5", "train", FAR[3], None, captions=[said(("names", "akari, ren"), ("tags", "2girls"))]),
    )  # fmt: skip
    how = How(**{**vars(HOW), "series": ["b"], "prior": ["c"], "prior_loss_weight": 0.25, "character": "akari"})
    found = together({"b": B, "c": c}, how)
    prior = found.table.filter(split="prior")
    assert prior.select("image", "character", "outfit", "repeats", "weight", "caption", "keep_tokens").rows() == [
        ("c/e/1", None, None, 1, 0.125, "solo, smile", 0), ("c/e/2", None, None, 1, 0.125, "solo, smile", 0),
    ]  # fmt: skip
    assert found.table["image"].to_list() == ["b/e/1", "b/e/2", "b/e/3", "c/e/1", "c/e/2"]
    everybody = together({"b": B, "c": c}, How(**{**vars(how), "character": None}))
    assert everybody.table.filter(split="prior")["image"].to_list() == ["c/e/2"], "ren is learnt as well"
    assert everybody.table.filter(split="prior")["repeats"].to_list() == [4], "1 + 1 and 2"


def test_others_of_the_series_itself_may_be_prior_images_and_are_that_alone() -> None:
    how = How(**{**vars(HOW), "series": ["b"], "prior": ["b"], "character": "akari"})
    found = together({"b": B}, how)
    assert rows(found) == [
        ("b/e/1", "train", "akari", 1), ("b/e/2", "train", "akari", 1), ("b/e/3", "prior", None, 2),
    ]  # fmt: skip


def test_of_more_prior_images_than_looks_some_are_not_used_and_twins_of_held_out_none() -> None:
    c = table(*(row(f"c/{n}", "train", code(*range(200 + 8 * n, 208 + 8 * n)), "ren") for n in range(4)),
              row("c/9", "train", FAR[1], "ren"))  # fmt: skip
    how = How(**{**vars(HOW), "series": ["a"], "prior": ["c"], "character": "akari"})
    found = together({"a": A, "c": c}, How(**{**vars(how), "twin_bits": 4}))
    assert found.table.filter(split="prior").select("repeats").rows() == [(1,)]
    assert found.left_out["reason"].sort().to_list() == ["prior", "prior", "prior", "twin"]
    assert found.left_out.filter(reason="twin")["image"].to_list() == ["c/e/9"]


def test_prior_looks_are_spread_as_kohya_spreads_them() -> None:
    assert sorted(prior_repeats(["x", "y", "z"], 7).values()) == [2, 2, 3]
    assert sorted(prior_repeats(["x", "y", "z"], 2).values()) == [1, 1]
    assert prior_repeats(["x"], 0) == {} and prior_repeats([], 5) == {}
    assert prior_repeats(["x", "y", "z"], 2) == prior_repeats(["z", "y", "x"], 2)


def test_captions_without_names_have_no_sentence_either_and_are_each_once() -> None:
    tags = [("counts", "1girl"), ("tags", "solo")]
    names, sentence = ("names", "ren"), ("sentences", "On the left, ren.")
    both, alone = said(names, *tags, sentence, form="both"), said(names, sentence, form="sentence")
    asked = [said(names, *tags), both, alone]
    assert nameless(asked) == [said(*tags)]
    assert nameless(asked[2:]) == [said()]


def test_tables_are_read_by_their_series_and_one_alone_is_as_it_is(tmp_path: Path) -> None:
    columns = only(DATASET, "image", "split", "repeats")
    paths = []
    for name, of in (("a", A), ("b", B)):
        paths.append(tmp_path / f"{name}.parquet")
        write_table(paths[-1], of, SCHEMA)
    how = json.dumps({**vars(HOW), "series": ["a", "b"]})
    assert read(paths, how, columns).table.rows() == [
        row[:2] + row[3:] for row in rows(together({"a": A, "b": B}, HOW))
    ]
    assert read(paths[:1], "", columns).table.equals(A.select(list(columns)))
    with pytest.raises(GengaError, match="2 tables, and --together does not say how they are one"):
        read(paths, "", columns)
