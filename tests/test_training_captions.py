"""genga.training.captions: what is dropped, what is shuffled, what stays in front."""

import numpy as np
import pytest

from genga.training.captions import mirrored, vary
from genga.vocabulary.text import joined, pieces_of, tokens

CAPTION = "hana, 1girl, smile, solo, outdoors"


def vary_many(names=1, **changes):
    nothing = {"caption_dropout": 0.0, "shuffle": False, "tag_dropout": 0.0}
    pieces = pieces_of(CAPTION, names)
    return [vary(pieces, np.random.default_rng(seed), **{**nothing, **changes}) for seed in range(200)]


def test_tokens_are_between_commas():
    assert tokens(" hana,1girl , ,smile,") == ["hana", "1girl", "smile"]


def test_nothing_varies_by_default():
    assert set(vary_many()) == {CAPTION}


def test_the_whole_caption_is_dropped_as_often_as_asked():
    assert set(vary_many(caption_dropout=1.0)) == {""}
    assert vary_many(caption_dropout=0.2).count("") == pytest.approx(40, abs=15)


def test_shuffling_keeps_the_first_tags_and_loses_none():
    seen = vary_many(shuffle=True, names=2)
    assert all(caption.startswith("hana, 1girl, ") for caption in seen)
    assert {tuple(sorted(tokens(caption))) for caption in seen} == {("1girl", "hana", "outdoors", "smile", "solo")}
    assert len(set(seen)) == 6  # the orders of three tags


def test_tags_are_dropped_but_for_the_kept_ones():
    assert set(vary_many(tag_dropout=1.0, names=2)) == {"hana, 1girl"}
    counts = [len(tokens(caption)) for caption in vary_many(tag_dropout=0.5)]
    assert sum(counts) / len(counts) == pytest.approx(3.0, abs=0.25)  # the trigger and half of four


def test_keeping_more_tags_than_there_are_keeps_all():
    assert set(vary_many(shuffle=True, tag_dropout=0.5, names=9)) == {CAPTION}


@pytest.mark.parametrize("shuffle", [False, True])
def test_brackets_are_seen_without_the_backslashes_of_prompts(shuffle):
    pieces = [("names", r"hana \(blue\)"), ("tags", r"star \(symbol\)"), ("sentences", r"Ren \(red\) waves.")]
    seen = vary(pieces, np.random.default_rng(0), 0.0, shuffle, 0.0)
    assert seen == "hana (blue), star (symbol). Ren (red) waves."


BOTH = [
    ("counts", "1boy, 1girl"), ("names", "hana, ren"), ("tags", "smile, sky, tree, cloud"),
    ("sentences", "On the left, hana, red hair, hat. On the right, ren, left-handed, glasses."),
]  # fmt: skip


def test_sentences_and_all_but_the_tags_stay_whole():
    seen = [vary(BOTH, np.random.default_rng(seed), 0.0, True, 0.5) for seed in range(200)]
    front, end = "1boy, 1girl, hana, ren", f". {BOTH[3][1]}"
    assert all(one.startswith(front) and one.endswith(end) for one in seen)
    tags = [tokens(one[len(front) : -len(end)]) for one in seen]
    assert {tag for one in tags for tag in one} == {"smile", "sky", "tree", "cloud"} and [] in tags
    assert sum(map(len, tags)) / 200 == pytest.approx(2.0, abs=0.2)
    assert ["tree", "smile"] in tags and ["smile", "tree"] in tags


def test_a_whole_caption_is_dropped_with_its_sentences():
    assert vary(BOTH, np.random.default_rng(0), 1.0, True, 0.5) == ""


def test_what_varies_is_drawn_as_it_was_when_every_comma_was_a_seam():
    """The draws of a caption of names and tags: one, then the order of the tags, then a number for each."""
    draw = np.random.default_rng(5)
    draw.random()
    order, chances = draw.permutation(4), draw.random(4)
    tags = [["1girl", "smile", "solo", "outdoors"][index] for index in order]
    left = [tag for tag, chance in zip(tags, chances, strict=True) if chance >= 0.4]
    assert vary(pieces_of(CAPTION, 1), np.random.default_rng(5), 0.1, True, 0.4) == ", ".join(["hana", *left])


def test_in_the_mirror_left_is_right():
    turned = "On the right, hana, red hair, hat. On the left, ren, left-handed, glasses."
    assert mirrored(BOTH) == [*BOTH[:3], ("sentences", turned)]
    text = "First from the left, a. Second from the left, b."
    assert mirrored([("sentences", text)]) == [("sentences", "First from the right, a. Second from the right, b.")]


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([("names", "hana"), ("tags", "smile, hat")], "hana, smile, hat"),
        ([("names", "hana"), ("sentences", "She waves."), ("tags", "smile")], "hana. She waves. smile"),
        ([("sentences", "She waves! He too."), ("sentences", "All wave.")], "She waves! He too. All wave."),
        ([("names", "hana"), ("tags", ""), ("style", "screencap")], "hana, screencap"),
        ([("tags", "")], ""),
        ([], ""),
    ],
)
def test_parts_are_joined_by_commas_and_sentences_set_off(pieces, text):
    assert joined(pieces) == text
