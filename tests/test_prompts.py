"""Tags read back from prompts."""

import pytest

from genga.errors import GengaError
from genga.evaluation.prompts import (
    check_prompt,
    composed,
    first,
    literal,
    named_character,
    parts,
    prompt_parts,
    prompt_tags,
    vocabulary_keys,
)

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


def rounded(prompt):
    return [(text, round(weight, 4)) for text, weight in parts(prompt)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("rose, smile", [("rose, smile", 1.0)]),
        ("rose, (smile:1.4), solo", [("rose, ", 1.0), ("smile", 1.4), (", solo", 1.0)]),
        ("(rose)", [("rose", 1.1)]),
        ("((rose))", [("rose", 1.21)]),
        ("[rose]", [("rose", 0.9091)]),
        ("(rose, (smile:2), [solo]:1.5)", [("rose, ", 1.5), ("smile", 3.0), (", ", 1.5), ("solo", 1.3636)]),
        ("(rose:.5)(smile: -1 )", [("rose", 0.5), ("smile", -1.0)]),
        (r"star \(symbol\), \[x\], a\\b", [("star (symbol), [x], a\\b", 1.0)]),
        (r"(star \(symbol\):1.2)", [("star (symbol)", 1.2)]),
        (r"\m/ \\", [("m/ \\", 1.0)]),
        (":), :d, 16:9, a:1.2)", [(":), :d, 16:9, a:1.2)", 1.0)]),  # nothing is open
        ("(:d:1.2), (a:b)", [(":d", 1.2), (", ", 1.0), ("a:b", 1.1)]),
        ("", []),
    ],
)
def test_weights_are_those_of_web_interfaces(prompt, expected):
    assert rounded(prompt) == expected


@pytest.mark.parametrize("prompt", ["rose, (smile:1.4), solo", r"(star \(symbol\):0.5)\[x\]", "rose", ""])
def test_composed_is_the_inverse_of_parts(prompt):
    assert composed(parts(prompt)) == prompt


def test_a_text_stands_for_itself():
    for text in ("hana (blue) [x]", r"a\b", "plain"):
        assert parts(literal(text)) == [(text, 1.0)]


def test_the_first_letters_of_a_prompt_keep_their_weights():
    assert first(parts("rose, (smile:1.4), solo"), 8) == [("rose, ", 1.0), ("sm", 1.4)]
    assert first(parts("rose, (smile:1.4), solo"), 11) == [("rose, ", 1.0), ("smile", 1.4)]
    assert first([], 3) == []


def test_what_weighs_nothing_is_not_asked_for():
    assert prompt_parts("(rose:1.2), (smile:0), [solo], (1girl:-1)") == ["rose", "solo"]


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("a BREAK b", "BREAK is not read here (in web interfaces it begins a new piece)"),
        ("a AND b", "AND is not read here (in web interfaces it joins two prompts)"),
        ("<lora:hana:0.8>, a", "<lora:hana:0.8> is not read here (in web interfaces it loads a network)"),
        ("[a:b:0.5]", "[a:b:0.5] is not read here (in web interfaces it changes the prompt on its way)"),
        ("([b:10])", "[b:10] is not read here (in web interfaces it changes the prompt on its way)"),
        ("[a|b], c", "[a|b] is not read here (in web interfaces it takes turns)"),
        ("{triger}, a", "{triger} is not read here (in web interfaces it is filled in; only {trigger} is known here)"),
        ("a, (b", r"a ( is not closed in 'a, (b'; the bracket itself is \("),
        ("[a, (b)", r"a [ is not closed in '[a, (b)'; the bracket itself is \["),
    ],
)
def test_what_would_act_elsewhere_is_refused_by_name(prompt, message):
    with pytest.raises(GengaError) as error:
        check_prompt(prompt, "sample.prompts.0")
    assert str(error.value) == f"params.yaml:sample.prompts.0: {message}"


@pytest.mark.parametrize("prompt", ["{trigger}, break, sand and sea", r"\[a|b\], \(c", "[a, b], (c:1.2), ^_^, :)", ""])
def test_what_is_read_is_not_refused(prompt):
    check_prompt(prompt, "sample.prompts.0")
