"""Captions by hand: order, what a name stands for, how a tag is written."""

import pytest

from genga.dataset.captions import caption, core_tags, is_core


@pytest.mark.parametrize(
    "tag",
    [
        "pink_hair", "long_hair", "hair_over_one_eye", "hair_between_eyes", "blue_eyes", "twintails", "low_twintails",
        "bob_cut", "blunt_bangs", "dark_skin", "cat_ears", "horns", "demon_wings", "ahoge", "mole_under_eye",
        "facial_mark", "double_bun",
    ],
)  # fmt: skip
def test_inborn_looks_are_core(tag: str) -> None:
    assert is_core(tag)


@pytest.mark.parametrize(
    "tag",
    [
        "1girl", "solo", "smile", "closed_eyes", "half-closed_eyes", "wet_hair", "hand_in_own_hair", "hair_ribbon",
        "hairclip", "school_uniform", "chair", "hat", "looking_at_viewer", "?", "question_mark", "cutlass",
    ],
)  # fmt: skip
def test_states_clothes_and_things_are_not(tag: str) -> None:
    assert not is_core(tag)


def test_core_tags_hold_for_nearly_all_images() -> None:
    images = [
        ["1girl", "pink_hair", "blue_eyes"],
        ["1girl", "pink_hair"],
        ["1girl", "pink_hair", "blue_eyes"],
        ["solo"],
    ]
    assert core_tags(images, 0.75) == {"pink_hair"}
    assert core_tags(images, 0.5) == {"pink_hair", "blue_eyes"}
    assert core_tags(images, 1.0) == set()
    assert core_tags([], 0.75) == set()


def test_an_outfit_that_is_called_as_a_tag_is_mentioned_once() -> None:
    tags = ["solo", "school_uniform", "smile"]
    assert caption(["akari", "school uniform"], tags, [], True) == "akari, school uniform, solo, smile"
    assert caption(iter(["akari", "dress (blue)"]), ["dress_(blue)"], [], True) == "akari, dress \\(blue\\)"


def test_names_come_first_and_tags_become_text() -> None:
    tags = ["solo", "1girl", "pink_hair", "star_(symbol)", "^_^"]
    assert caption(["hana", "school dress"], tags, {"pink_hair"}, escaped=True) == (
        r"hana, school dress, solo, 1girl, star \(symbol\), ^_^"
    )
    assert caption([], ["star_(symbol)"], [], escaped=False) == "star (symbol)"
    assert caption(["hana"], [], [], escaped=True) == "hana"


@pytest.mark.parametrize("name", ["hana (blue)", r"hana \(blue\)"])
def test_names_are_escaped_as_tags_are_once(name: str) -> None:
    assert caption([name], ["smile"], [], escaped=True) == r"hana \(blue\), smile"
    assert caption([name], ["smile"], [], escaped=False) == f"{name}, smile"
