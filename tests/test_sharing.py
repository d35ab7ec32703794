"""What drawings of a shot, and the people in them, say for each other about tags."""

import polars as pl
import pytest
from test_tag import PARAMS

from genga.params.tag import Share
from genga.people.sharing import OF_STILLS, share
from genga.tables.detect import BOXES
from genga.tables.schema import only
from genga.tables.tag import TAG
from genga.vocabulary.parts import lasts

NOTHING = ("", 0, 0, "")


def tags(*rows):
    """(still, box, tag, score, kept, reason), reason `score` if left out of one that is not kept."""
    full = [(s, b, t, "general", v, 1, "model", k, *(r or ("" if k else "score",))) for s, b, t, v, k, *r in rows]
    known = only(TAG, "still", "box", "tag", "category", "score", "votes", "origin", "kept", "reason")
    return pl.concat([pl.DataFrame(schema=TAG), pl.DataFrame(full, schema=known, orient="row")], how="diagonal")


def stills(*shots):
    """A still `a`, `b`, … in each of these shots."""
    rows = [("abcdefgh"[i], i, shot, *NOTHING) for i, shot in enumerate(shots)]
    return pl.DataFrame(rows, schema=OF_STILLS, orient="row")


def boxes(*rows):
    """(still, box, kind, x0, person): 100 px wide and high."""
    full = [(s, b, kind, x, 0, x + 100, 100, 0.9, "stub", who) for s, b, kind, x, who in rows]
    return pl.DataFrame(full, schema=BOXES, orient="row")


def shared(given, shots, found=(), shot=0.7, persons=False):
    params = PARAMS.model_copy(update={"share": Share(shot=shot, persons=persons)})
    return share(given, stills(*shots), boxes(*found), params)


def said(table, *columns):
    return table.select(columns or ("still", "tag", "score", "origin", "kept", "reason")).rows()


def test_what_is_on_most_drawings_is_on_the_one_that_has_a_trace_of_it_and_a_flicker_is_on_none():
    given = tags(
        *((still, None, "tree", 0.9, True) for still in "abc"), ("d", None, "tree", 0.2, False),
        ("a", None, "sky", 0.5, True), ("b", None, "sky", 0.1, False),
        ("a", None, "smile", 0.5, True),
    )  # fmt: skip
    assert said(shared(given, [1, 1, 1, 1])) == [
        ("a", "tree", 0.9, "model", True, ""),
        ("a", "smile", 0.5, "model", True, ""),  # comes and goes
        ("a", "sky", 0.5, "shot", False, "shot"),
        ("b", "tree", 0.9, "model", True, ""),
        ("b", "sky", 0.1, "model", False, "score"),
        ("c", "tree", 0.9, "model", True, ""),
        ("d", "tree", 0.2, "shot", True, ""),
    ]


@pytest.mark.parametrize("reason", ["no subject box", "boxes", "name", "rating"])
def test_other_drawings_do_not_overrule_the_boxes(reason):
    rows = [(still, None, "red_hair", 0.9, True) for still in "abc"]
    given = tags(*rows, ("d", None, "red_hair", 0.9, False, reason))
    assert shared(given, [1, 1, 1, 1]).equals(given)


def test_three_of_four_are_most_two_of_three_are_not_and_another_shot_says_nothing():
    few = tags(*((still, None, "tree", 0.9, True) for still in "ab"), ("c", None, "tree", 0.2, False))
    assert shared(few, [1, 1, 1]).equals(few)
    apart = tags(*((still, None, "tree", 0.9, True) for still in "abc"), ("d", None, "tree", 0.2, False))
    assert shared(apart, [1, 1, 1, 2]).equals(apart)
    assert shared(apart, [1, 1, 1, 1], shot=1.0).equals(apart)


def test_a_person_keeps_what_is_worn_along_the_track_and_the_other_does_not_get_it():
    """Numbers of boxes change places; one person stays at the left, the other at the right."""
    left, right = {"a": 0, "b": 1, "c": 0, "d": 0}, {"a": 1, "b": 0, "c": 1, "d": 1}
    found = [(s, of[s], "person", x, of[s]) for of, x in ((left, 10), (right, 300)) for s in "abcd"]
    given = tags(
        *((s, left[s], "red_hair", 0.8 if s != "d" else 0.2, s != "d") for s in "abcd"),
        *((s, right[s], "red_hair", 0.2, False) for s in "abcd"),
    )
    table = shared(given, [1, 1, 1, 1], found)
    assert said(table.filter("kept"), "still", "box") == [("a", 0), ("b", 1), ("c", 0), ("d", 0)]


def test_of_two_colours_of_hair_the_one_of_most_drawings_is_left():
    given = tags(
        *((s, None, "red_hair", 0.8, True) for s in "abc"), ("d", None, "red_hair", 0.4, False, "exclusive"),
        ("d", None, "pink_hair", 0.6, True),
    )  # fmt: skip
    of_d = shared(given, [1, 1, 1, 1]).filter(still="d")
    assert said(of_d, "tag", "kept", "reason") == [("red_hair", True, ""), ("pink_hair", False, "shot")]


def test_a_still_shows_of_people_what_holds_for_one_of_them():
    given = tags(
        ("a", None, "hat", 0.9, True), ("a", None, "red_hair", 0.2, False), ("a", None, "tree", 0.9, True),
        ("a", None, "solo", 0.9, True), ("a", None, "hug", 0.8, True),
        ("a", 0, "red_hair", 0.7, True), ("a", 0, "hat", 0.3, False), ("a", 0, "night", 0.5, True),
        ("a", 1, "scarf", 0.6, True),
    )  # fmt: skip
    found = [("a", 0, "person", 10, 0), ("a", 1, "person", 300, 1), ("a", 2, "head", 10, 0)]
    whole = shared(given, [1], found, persons=True).filter(pl.col("box").is_null())
    assert said(whole, "tag", "score", "origin", "kept", "reason") == [
        ("solo", 0.9, "model", True, ""),  # counts, places and what two do to each other: not of one person
        ("tree", 0.9, "model", True, ""),
        ("hug", 0.8, "model", True, ""),
        ("red_hair", 0.7, "persons", True, ""),
        ("scarf", 0.6, "persons", True, ""),
        ("hat", 0.9, "persons", False, "persons"),
    ]


def test_where_somebody_has_no_person_box_nothing_is_taken_away():
    given = tags(("a", None, "hat", 0.9, True), ("a", 0, "scarf", 0.6, True))
    loose = [("a", 0, "person", 10, 0), ("a", 1, "head", 300, None)]
    assert said(shared(given, [1], loose, persons=True).filter("kept"), "box", "tag") == [
        (None, "hat"), (None, "scarf"), (0, "scarf"),
    ]  # fmt: skip
    nobody = tags(("a", None, "hat", 0.9, True))
    assert shared(nobody, [1], [("a", 0, "head", 300, None)], persons=True).equals(nobody)


def test_the_order_of_rows_stays_and_an_empty_table_is_one():
    assert shared(tags(), [], persons=True).equals(tags())


@pytest.mark.parametrize(
    ("tag", "does"),
    [
        ("red_hair", True), ("long_hair", True), ("school_uniform", True), ("hair_ribbon", True), ("boots", True),
        ("classroom", True), ("night", True), ("glasses", True), ("dark_skin", True), ("long_sleeves", True),
        ("smile", False), ("open_mouth", False), ("closed_eyes", False), ("looking_at_viewer", False),
        ("arm_up", False), ("holding_sword", False), ("hand_on_own_hip", False), ("standing", False), ("hug", False),
        ("solo", False), ("upper_body", False), ("from_behind", False), ("skirt_lift", False), ("^_^", False),
        ("subtitled", False), ("zzyzx", False),
    ],
)  # fmt: skip
def test_what_lasts_within_a_shot(tag, does):
    assert lasts(tag) is does
