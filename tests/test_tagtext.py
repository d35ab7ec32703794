"""Tags as text: kaomoji, escaping, order."""

import pytest

from genga.vocabulary.text import KAOMOJI, escape, in_order, to_text


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


def test_in_order_solo_counts_score_name():
    scores = [("smile", 0.9), ("1girl", 0.4), ("blush", 0.9), ("solo", 0.1), ("6+boys", 0.5), ("1girly", 0.95)]
    assert in_order(scores) == ["solo", "6+boys", "1girl", "1girly", "blush", "smile"]
