"""Features of crops by a stub: which crops, in which order."""

import numpy as np
import polars as pl

from genga.params.embed import Params
from genga.people.embed import OF_CROP, embed, wanted
from genga.tables.embed import EMBED


def crops(*rows):
    """(crop, kind, kept) as the columns of a crop table."""
    return pl.DataFrame([(*row, "shard", 0, 1, "hash") for row in rows], schema=OF_CROP, orient="row")


def first_pixels(images):
    return np.array([[image[0, 0, 0], len(images)] for image in images], np.float32)


def picture(name, pixel):
    return name, [np.full((4, 4, 3), pixel, np.uint8)]


def test_kept_crops_of_the_wanted_kinds_only():
    table = crops(("a", "fullbody", True), ("b", "head", True), ("c", "fullbody", False))
    assert wanted(table, Params(kinds=["fullbody"]))["crop"].to_list() == ["a"]


def test_a_feature_for_every_crop_in_order():
    table = embed(
        crops(("a", "fullbody", True), ("b", "head", True), ("c", "head", True)),
        [[picture("a", 5), picture("b", 6)], [picture("c", 7)]],
        first_pixels,
        "stub",
    )
    assert dict(table.schema) == EMBED
    assert table.rows() == [
        ("a", "fullbody", [5.0, 2.0], "stub"),
        ("b", "head", [6.0, 2.0], "stub"),
        ("c", "head", [7.0, 1.0], "stub"),
    ]


def test_no_crops_no_rows():
    table = embed(crops(), [], first_pixels, "stub")
    assert table.is_empty()
    assert dict(table.schema) == EMBED
