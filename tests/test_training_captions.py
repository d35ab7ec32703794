"""genga.training.captions: what is dropped, what is shuffled, what stays in front."""

import numpy as np
import pytest

from genga.training.captions import vary
from genga.vocabulary.text import tokens

CAPTION = "hana, 1girl, smile, solo, outdoors"


def vary_many(**changes):
    nothing = {"caption_dropout": 0.0, "keep_tokens": 1, "shuffle": False, "tag_dropout": 0.0}
    return [vary(CAPTION, np.random.default_rng(seed), **{**nothing, **changes}) for seed in range(200)]


def test_tokens_are_between_commas():
    assert tokens(" hana,1girl , ,smile,") == ["hana", "1girl", "smile"]


def test_nothing_varies_by_default():
    assert set(vary_many()) == {CAPTION}


def test_the_whole_caption_is_dropped_as_often_as_asked():
    assert set(vary_many(caption_dropout=1.0)) == {""}
    assert vary_many(caption_dropout=0.2).count("") == pytest.approx(40, abs=15)


def test_shuffling_keeps_the_first_tags_and_loses_none():
    seen = vary_many(shuffle=True, keep_tokens=2)
    assert all(caption.startswith("hana, 1girl, ") for caption in seen)
    assert {tuple(sorted(tokens(caption))) for caption in seen} == {("1girl", "hana", "outdoors", "smile", "solo")}
    assert len(set(seen)) == 6  # the orders of three tags


def test_tags_are_dropped_but_for_the_kept_ones():
    assert set(vary_many(tag_dropout=1.0, keep_tokens=2)) == {"hana, 1girl"}
    counts = [len(tokens(caption)) for caption in vary_many(tag_dropout=0.5)]
    assert sum(counts) / len(counts) == pytest.approx(3.0, abs=0.25)  # the trigger and half of four


def test_keeping_more_tags_than_there_are_keeps_all():
    assert set(vary_many(shuffle=True, tag_dropout=0.5, keep_tokens=9)) == {CAPTION}


@pytest.mark.parametrize("shuffle", [False, True])
def test_brackets_are_seen_without_the_backslashes_of_prompts(shuffle):
    seen = vary(r"hana \(blue\), star \(symbol\)", np.random.default_rng(0), 0.0, 1, shuffle, 0.0)
    assert seen == "hana (blue), star (symbol)"
