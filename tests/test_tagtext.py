"""Tags as text: kaomoji, escaping, order."""

import pytest

from genga.vocabulary.text import KAOMOJI, escape, fit, in_order, plain, to_text


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("long_hair", "long hair"),
        ("^_^", "^_^"),
        ("||_||", "||_||"),
        ("o_o", "o_o"),
        ("o_O", "o O"),
        ("smile", "smile"),
    ],
)
def test_to_text(tag, text):
    assert to_text(tag) == text


def test_nineteen_kaomoji():
    assert len(KAOMOJI) == 19


def test_escape():
    assert escape(r"hana (sample)\n") == r"hana \(sample\)\\n"


@pytest.mark.parametrize(
    ("caption", "seen"),
    [
        (r"hana, star \(symbol\), smile", "hana, star (symbol), smile"),
        ("hana (blue), star (symbol)", "hana (blue), star (symbol)"),  # escaped by nobody
        (r"\\m/, \\\(^o^\)/", r"\m/, \(^o^)/"),
        (r"\m/, \(^o^)/, :\ ", r"\m/, \(^o^)/, :\ "),  # faces as they are written without escapes
        ("", ""),
    ],
)
def test_plain_takes_off_what_escape_put_on(caption, seen):
    assert plain(caption) == seen


@pytest.mark.parametrize("text", ["star (symbol)", r"\m/", r"\(^o^)/", ":)", "plain"])
def test_plain_is_the_inverse_of_escape(text):
    assert plain(escape(text)) == text


@pytest.mark.parametrize(
    ("caption", "seen"),  # of at most 10 letters; commas and spaces are none
    [
        ("hana, smile", "hana, smile"),
        ("hana, smile, solo", "hana, smile"),
        ("hana, outdoors, solo", "hana"),  # whole tags, in their order
        ("hana,smile,solo", "hana,smile"),
        ("hana, she looks at us and smiles", "hana, she"),  # never whole: cut at a word
        ("she looks at us and smiles, hana", "she looks at"),
        ("abcdefghijklmno, hana", "abcdefghij"),  # nor that
        ("hana, abcdefghijklmno", "hana, abcdef"),
        ("", ""),
    ],
)
def test_fit_keeps_whole_tags_as_far_as_it_can(caption, seen):
    assert fit(caption, lambda text: sum(map(str.isalpha, text)) > 10) == seen


def test_in_order_solo_counts_score_name():
    scores = [("smile", 0.9), ("1girl", 0.4), ("blush", 0.9), ("solo", 0.1), ("6+boys", 0.5), ("1girly", 0.95)]
    assert in_order(scores) == ["solo", "6+boys", "1girl", "1girly", "blush", "smile"]
