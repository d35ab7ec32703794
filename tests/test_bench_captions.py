"""Who was meant by a sentence, and what of it is true, told by hand."""

import pytest

from bench.captions import drawn_in, meant, outcomes, read


def figure(character: str, x: int, tags: list[str], high: int = 300) -> dict:
    """Somebody 100 px wide whose head's middle is at `x`."""
    return {
        "character": character, "tags": tags,
        "boxes": {"person": [x - 50, 360 - high, x + 50, 360], "head": [x - 20, 360 - high, x + 20, 400 - high]},
    }  # fmt: skip


AKARI, REN = figure("akari", 100, ["red_hair", "boots"]), figure("ren", 400, ["glasses", "boots"], high=200)
THREE = [AKARI, REN, figure("yuki", 600, ["hat"])]


def test_a_sentence_is_read_by_its_place() -> None:
    lines = ["On the left, akari, red hair.", "Second from the left, a boy.", "Around them, sky."]
    assert read(lines) == [("On the left", ["akari", "red hair"]), ("Second from the left", ["a boy"])]


@pytest.mark.parametrize(
    ("place", "who"),
    [("On the left", "akari"), ("In the middle", "ren"), ("On the right", "yuki"), ("First from the left", "akari"),
     ("Third from the left", "yuki"), ("Fourth from the left", None)],
)  # fmt: skip
def test_places_are_those_of_who_was_drawn(place: str, who: str | None) -> None:
    found = meant(place, THREE)
    assert (found["character"] if found else None) == who


def test_in_front_is_who_was_drawn_larger() -> None:
    assert [meant(place, [AKARI, REN]) for place in ("In front", "Behind")] == [AKARI, REN]


def test_what_is_said_is_true_of_who_is_meant_of_another_or_of_nobody() -> None:
    words = ["akari", "ren", "red hair", "glasses", "boots", "hat", "a girl"]
    assert list(outcomes(words, AKARI, [AKARI, REN])) == [
        ("name", "right"), ("name", "another"), ("attribute", "right"), ("attribute", "another"),
        ("attribute", "right"), ("attribute", "nobody"),
    ]  # fmt: skip
    assert list(outcomes(["boots"], None, [AKARI])) == [("attribute", "another")]


def test_of_a_crop_are_those_whose_heads_are_in_it() -> None:
    seen = {"figures": THREE[::-1]}
    assert [one["character"] for one in drawn_in(seen, None)] == ["akari", "ren", "yuki"]
    assert [one["character"] for one in drawn_in(seen, [0, 0, 500, 170])] == ["akari"]
