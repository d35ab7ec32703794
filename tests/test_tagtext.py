"""Tags as text: kaomoji, escaping, order, MCut."""

import pytest

from genga.vocabulary.text import KAOMOJI, escape, in_order, mcut, to_text


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


@pytest.mark.parametrize(
    ("scores", "threshold"),
    [
        ([0.9, 0.1, 0.8, 0.2], 0.5),  # the gap from 0.8 to 0.2
        ([0.75, 0.5, 0.25], 0.625),  # equal gaps: the topmost
        ([0.4], 0.0),
        ([], 0.0),
    ],
)
def test_mcut(scores, threshold):
    assert mcut(scores) == pytest.approx(threshold)
