"""Captions by hand: order, what a name stands for, how a tag is written."""

import pytest

from genga.dataset.captions import Clause, caption, core_tags, forms, in_front, is_core, words_of
from genga.vocabulary.text import joined

ORDER = ["names", "tags", "sentences"]


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


def text(names: list[str], tags: list[str], left_out: set[str], escaped: bool) -> str:
    words = {"names": names, **words_of(tags, ORDER, left_out)}
    return joined(caption(ORDER, words, escaped))


def test_an_outfit_that_is_called_as_a_tag_is_mentioned_once() -> None:
    tags = ["solo", "school_uniform", "smile"]
    assert text(["akari", "school uniform"], tags, set(), True) == "akari, school uniform, solo, smile"
    assert text(["akari", "dress (blue)"], ["dress_(blue)"], set(), True) == "akari, dress \\(blue\\)"


def test_names_come_first_and_tags_become_text() -> None:
    tags = ["solo", "1girl", "pink_hair", "star_(symbol)", "^_^"]
    assert text(["hana", "school dress"], tags, {"pink_hair"}, escaped=True) == (
        r"hana, school dress, solo, 1girl, star \(symbol\), ^_^"
    )
    assert text([], ["star_(symbol)"], set(), escaped=False) == "star (symbol)"
    assert text(["hana"], [], set(), escaped=True) == "hana"


@pytest.mark.parametrize("name", ["hana (blue)", r"hana \(blue\)"])
def test_names_are_escaped_as_tags_are_once(name: str) -> None:
    assert text([name], ["smile"], set(), escaped=True) == r"hana \(blue\), smile"
    assert text([name], ["smile"], set(), escaped=False) == f"{name}, smile"


def test_counts_are_a_part_of_their_own_where_the_order_has_one() -> None:
    tags = ["solo", "1girl", "6+boys", "multiple_boys", "2koma", "smile"]
    assert words_of(tags, ["counts", "tags"], {"smile"}) == {
        "counts": ["1girl", "6+boys"], "tags": ["solo", "multiple boys", "2koma"],
    }  # fmt: skip
    assert words_of(tags, ["tags"], set())["counts"] == []


OF_TWO = [Clause(0, "On the left", ["hana"], ["red_hair", "star_(symbol)"]), Clause(1, "On the right", ["a boy"], [])]


def test_of_one_picture_there_are_tags_a_sentence_and_both() -> None:
    words = {"names": ["hana"], **words_of(["1girl", "sky", "red_hair"], ORDER, set())}
    made = forms(["both", "sentence", "tags"], ORDER, words, OF_TWO, escaped=True)
    said = r"On the left, hana, red hair, star \(symbol\). On the right, a boy."
    assert [(form, joined(pieces)) for form, pieces in made] == [
        ("both", f"hana, 1girl, sky, red hair. {said}"),
        ("sentence", f"hana. {said} Around them, sky."),
        ("tags", "hana, 1girl, sky, red hair"),
    ]
    assert [part for part, _ in made[0][1]] == ["names", "tags", "sentences"]
    alone = [("tags", [("names", "hana"), ("tags", "1girl, sky, red hair")])]
    assert forms(["both", "sentence"], ORDER, words, [], escaped=True) == alone


def test_what_stands_in_front_of_the_tags_is_counted() -> None:
    order = ["quality", "names", "tags", "sentences"]
    assert in_front(order, [("quality", "a, b"), ("names", "c"), ("tags", "d"), ("sentences", "e, f.")]) == 3
    assert in_front(order, [("names", "c"), ("sentences", "e, f.")]) == 1
    assert in_front(order, [("tags", "d")]) == 0
