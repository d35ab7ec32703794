"""The bench that holds reading to what was drawn and to rapidocr: its counts, by hand."""

from bench._rapidocr import lines_of
from bench.reading import agreement, found_in, right_letters
from genga.drawings.ocr import Line

EPISODE = {"texts": [{"start": 2, "end": 4, "text": "Hello There"}]}
KNOWN = {"a": (1, {}), "b": (2, {}), "c": (3, {}), "d": (4, {})}


def line(text: str, x0: int = 0) -> Line:
    return Line(x0, 0, x0 + 10, 10, text, 0.9)


def test_stills_with_text_are_counted_by_frame() -> None:
    has = {"a": True, "b": True, "c": False, "d": False}
    assert found_in(has, KNOWN, EPISODE) == {"right": 1, "extra": 1, "missed": 1}


def test_letters_are_compared_without_blanks_and_capitals() -> None:
    lines = {"b": [line("hellothere")], "c": [line("Hello")]}
    assert right_letters(lines, KNOWN, EPISODE) == [1.0, 2 * 5 / 15]


def test_lines_in_the_same_place_and_with_the_same_letters() -> None:
    ours, theirs = {"a": [line("x"), line("y", 40)], "b": [line("z")]}, {"a": [line("X", 2), line("n", 42)], "b": []}
    assert agreement(ours, theirs) == (3, 2, 2, 1)


def test_nothing_read_is_no_line() -> None:
    class Nothing:
        boxes = None

    assert lines_of(Nothing()) == []
