"""Crops of people whose boxes are drawn on paper: where they are, what they show, why they are left out."""

import numpy as np
import polars as pl
import pytest

from genga.decisions.tags import Correction
from genga.errors import GengaError
from genga.params.crop import LeastSide, Params, Text
from genga.people.crop import OF_TAG, correct, cut_crops, planned
from genga.tables.crop import PLAN
from genga.tables.detect import BOXES

WIDTHS = {"s/e/000001": 320}
PARAMS = Params(
    head_scale=1.5,
    least_aspect=0,
    least_side=LeastSide(fullbody=20, halfbody=20, head=20),
    repeat=0.85,
    intrude=0.5,
    text=Text(most=0.01, trim=0.25),
)
STILL = "s/e/000001"


def boxes(*rows):
    """(box, kind, x0, y0, x1, y1, person) of one still as a detect table."""
    return pl.DataFrame([(STILL, *row[:6], 0.9, "stub", row[6]) for row in rows], schema=BOXES, orient="row")


def tags(box, *names, category="general", origin="model", kept=True):
    """Tags of a person, best first, as a tag table."""
    return pl.DataFrame(
        [(STILL, box, name, category, 0.9 - i / 100, origin, kept) for i, name in enumerate(names)],
        schema=OF_TAG,
        orient="row",
    )


WHOLE = (0, "person", 100, 10, 160, 190, 0)
HALF = (1, "halfbody", 105, 10, 155, 90, 0)
HEAD = (2, "head", 115, 20, 145, 60, 0)


def test_three_stages_with_the_coordinates_of_the_still():
    table = planned(boxes(WHOLE, HALF, HEAD), tags(0, "1girl"), WIDTHS, PARAMS)
    assert dict(table.schema) == PLAN
    assert table.select("crop", "x0", "y0", "x1", "y1", "width", "height", "kept").rows() == [
        ("s/e/000001-0-fullbody", 100, 10, 160, 190, 60, 180, True),
        ("s/e/000001-0-halfbody", 105, 10, 155, 90, 50, 80, True),
        ("s/e/000001-0-head", 100, 10, 160, 70, 60, 60, True),  # 1.5 x 40 px around (130, 40)
    ]


def test_the_head_square_is_clipped_to_the_person():
    table = planned(boxes(WHOLE, (1, "head", 100, 10, 140, 50, 0)), tags(0), WIDTHS, PARAMS)
    assert table.filter(pl.col("kind") == "head").select("x0", "y0", "x1", "y1").row(0) == (100, 10, 150, 60)


def test_a_narrow_person_is_widened_within_the_still():
    wide = PARAMS.model_copy(update={"least_aspect": 0.6})
    whole = planned(boxes(WHOLE), tags(0), WIDTHS, wide)
    assert whole.select("x0", "y0", "x1", "y1").row(0) == (76, 10, 184, 190)  # 0.6 x 180 px around x = 130
    corner = planned(boxes((0, "person", 300, 0, 320, 100, 0)), tags(0), WIDTHS, wide)
    assert corner.select("x0", "y0", "x1", "y1").row(0) == (260, 0, 320, 100)


def test_small_crops_and_repeats_stay_as_rows_with_their_reason():
    bust = (0, "person", 0, 0, 100, 100, 0)
    table = planned(
        boxes(bust, (1, "halfbody", 0, 0, 100, 98, 0), (2, "head", 40, 40, 52, 52, 0)), tags(0), WIDTHS, PARAMS
    )
    assert table.select("kind", "kept", "reason").rows() == [
        ("fullbody", True, ""),
        ("halfbody", False, "repeat"),
        ("head", False, "small"),  # 18 px
    ]


def test_a_head_without_a_person_is_not_cut():
    assert planned(boxes((0, "head", 0, 0, 50, 50, None)), tags(0), WIDTHS, PARAMS).is_empty()


def test_a_crop_carries_the_tags_it_can_show_and_its_own_counts_and_framing():
    known = pl.concat(
        [
            tags(0, "boots", "red_hair", "full_body", "1girl", "solo", "skirt", "shirt", "beach"),
            tags(0, "general", category="rating"),
            tags(0, "blue_hair", kept=False),
            tags(1, "hat"),
        ]
    )
    table = planned(boxes(WHOLE, HALF, HEAD), known, WIDTHS, PARAMS)
    assert table.select("kind", "tags").rows() == [
        ("fullbody", ["solo", "1girl", "boots", "red_hair", "full_body", "skirt", "shirt", "beach"]),
        ("halfbody", ["solo", "1girl", "upper_body", "red_hair", "shirt", "beach"]),
        ("head", ["solo", "1girl", "portrait", "red_hair"]),
    ]


def test_a_bust_stays_a_portrait_in_every_crop():
    table = planned(boxes(WHOLE, HALF, HEAD), tags(0, "1boy", "portrait"), WIDTHS, PARAMS)
    assert table["tags"].to_list() == [["solo", "1boy", "portrait"]] * 3


def test_somebody_else_in_the_crop_is_counted_in():
    other = [(3, "person", 130, 0, 260, 190, 3), (4, "head", 135, 100, 155, 130, 3)]
    known = pl.concat([tags(0, "1girl"), tags(3, "1boy")])
    table = planned(boxes(WHOLE, HALF, HEAD, *other), known, WIDTHS, PARAMS).filter(pl.col("box") == 0)
    assert table.select("kind", "tags").rows() == [
        ("fullbody", ["1boy", "1girl"]),  # his head is in the lower part of her box
        ("halfbody", ["solo", "1girl", "upper_body"]),
        ("head", ["solo", "1girl", "portrait"]),
    ]


def test_a_loose_head_in_the_crop_is_not_solo():
    table = planned(boxes(WHOLE, (1, "head", 110, 120, 130, 140, None)), tags(0, "1girl"), WIDTHS, PARAMS)
    assert table["tags"].to_list() == [["1girl"]]


def test_the_pixels_are_those_of_the_box():
    image = np.arange(200 * 300 * 3, dtype=np.uint32).astype(np.uint8).reshape(200, 300, 3)
    table = planned(boxes(WHOLE, HALF, HEAD), tags(0), WIDTHS, PARAMS)
    cuts = dict(cut_crops([(STILL, image)], table))
    assert list(cuts) == table["crop"].to_list()
    assert np.array_equal(cuts["s/e/000001-0-halfbody"], image[10:90, 105:155])


def test_a_person_corrects_one_crop():
    table = planned(boxes(WHOLE, HEAD), tags(0, "1girl", "hat"), WIDTHS, PARAMS)
    lines = [
        Correction(2, "s/e/000001-0-head", None, "hat", "remove"),
        Correction(3, "s/e/000001-0-head", None, "glasses", "add"),
        Correction(4, "s/e/000001", None, "beach", "add"),  # of the still: not for this stage
    ]
    assert correct(table, lines)["tags"].to_list() == [
        ["solo", "1girl", "hat"],
        ["solo", "1girl", "portrait", "glasses"],
    ]


def test_a_correction_of_a_crop_that_is_not_there_is_an_error():
    with pytest.raises(GengaError, match="^tags.csv:7: there is no crop s/e/000001-5-head; "):
        correct(
            planned(boxes(WHOLE), tags(0), WIDTHS, PARAMS), [Correction(7, "s/e/000001-5-head", None, "hat", "add")]
        )


def test_text_over_a_crop_is_measured_and_cut_off_where_no_legs_are() -> None:
    line = {STILL: [(90, 80, 170, 90)]}  # over the lower edge of the half body, 60 of whose 80 px are 50 wide
    table = planned(boxes(WHOLE, HALF, HEAD), tags(0, "1girl", "full_body"), WIDTHS, PARAMS, line)
    assert table.select("kind", "y1", "kept", "reason", "text").rows() == [
        ("fullbody", 190, False, "text", 0.0556),  # 600 of 10800 px; its legs are not cut off
        ("halfbody", 80, True, "", 0.0),
        ("head", 70, True, "", 0.0),
    ]


def test_a_bust_is_trimmed_at_either_edge_but_not_by_too_much() -> None:
    bust, shown = (0, "person", 0, 0, 100, 100, 0), tags(0, "portrait")
    both = {STILL: [(0, 2, 100, 10), (0, 85, 100, 95)]}
    assert planned(boxes(bust), shown, WIDTHS, PARAMS, both).select("y0", "y1", "kept").row(0) == (10, 85, True)
    middle = {STILL: [(0, 60, 100, 70)]}
    assert planned(boxes(bust), shown, WIDTHS, PARAMS, middle).select("y0", "y1", "reason").row(0) == (0, 100, "text")


def test_little_text_and_any_text_where_it_is_no_matter_stay() -> None:
    bust, shown, little = (0, "person", 0, 0, 100, 100, 0), tags(0, "portrait"), {STILL: [(0, 95, 15, 100)]}
    assert planned(boxes(bust), shown, WIDTHS, PARAMS, little).select("y1", "text", "kept").row(0) == (
        100,
        0.0075,
        True,
    )
    loose = PARAMS.model_copy(update={"text": Text(most=1, trim=0)})
    much = {STILL: [(0, 0, 100, 90)]}
    assert planned(boxes(bust), shown, WIDTHS, loose, much).select("y1", "text", "kept").row(0) == (100, 0.9, True)


def test_a_crop_is_no_repeat_of_one_that_text_spoils() -> None:
    line = {STILL: [(0, 92, 100, 100)]}
    table = planned(boxes((0, "person", 0, 0, 100, 100, 0), (1, "halfbody", 0, 0, 100, 98, 0)),
                 tags(0, "cowboy_shot"), WIDTHS, PARAMS, line)  # fmt: skip
    assert table.select("kind", "y1", "kept", "reason").rows() == [
        ("fullbody", 100, False, "text"), ("halfbody", 92, True, ""),
    ]  # fmt: skip
