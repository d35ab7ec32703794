"""Tags read back from prompts."""

import pytest

from genga.evaluation.prompts import named_character, prompt_parts, prompt_tags, vocabulary_keys

VOCABULARY = vocabulary_keys(["1girl", "long_hair", "ribbon_(hair)", "rose", ":d", "^_^"])


@pytest.mark.parametrize(
    "prompt, parts",
    [
        ("rose, 1girl, long hair", ["rose", "1girl", "long hair"]),
        ("(Long_Hair:1.2), ((1girl)),, ", ["long hair", "1girl"]),
        (r"ribbon \(hair\), {1girl}", ["ribbon (hair)", "1girl"]),
        (":d, ^_^", [":d", "^ ^"]),
        ("", []),
    ],
)
def test_parts_are_compared_without_weights_and_escapes(prompt, parts):
    assert prompt_parts(prompt) == parts


def test_only_known_tags_count_each_once():
    assert prompt_tags("masterpiece, 1girl, long hair, long_hair", VOCABULARY) == ["1girl", "long_hair"]


def test_an_escaped_tag_and_emoticons_are_found():
    assert prompt_tags(r"ribbon \(hair\), ^_^, :d", VOCABULARY) == ["ribbon_(hair)", "^_^", ":d"]


def test_the_trigger_is_no_tag_though_there_is_one_of_its_name():
    assert prompt_tags("rose, 1girl", VOCABULARY) == ["rose", "1girl"]
    assert prompt_tags("rose, 1girl", VOCABULARY, "Rose") == ["1girl"]


def test_a_prompt_names_a_character_by_a_whole_part():
    assert named_character("hana mori, 1girl", ["aki", "hana_mori"]) == "hana_mori"
    assert named_character("hana, 1girl", ["aki", "hana_mori"]) is None
