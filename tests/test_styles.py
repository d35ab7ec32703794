"""Orders and words of captions, as files of captions/ have them."""

from pathlib import Path

import pytest

from genga.dataset.styles import Style, percentiles
from genga.dataset.styles import read_style as read
from genga.errors import GengaError
from genga.params.dataset import CaptionWords, Params
from genga.params.section import section_of_file

ROOT = Path(__file__).resolve().parent.parent
NONE = CaptionWords(style=None, series={}, artist={}, year={})
SECTION = Params.model_validate(section_of_file(ROOT / "params.yaml", "dataset"))


def read_style(root: Path, name: str, words: CaptionWords, captions: tuple[str, ...] = ("tags",)) -> Style:
    changes = {"caption_style": name, "caption_words": words, "captions": list(captions)}
    return read(root, SECTION.model_copy(update=changes))


def test_the_order_of_each_family() -> None:
    assert {name: read_style(ROOT, name, NONE).order for name in ("sd15", "noobai", "anima")} == {
        "sd15": ["names", "series", "artist", "style", "tags", "sentences"],
        "noobai": ["quality", "year", "size", "safety", "counts", "names", "series", "artist", "style", "tags",
                   "sentences"],
        "anima": ["quality", "size", "style", "year", "safety", "counts", "names", "series", "artist", "tags",
                  "sentences"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("percentile", "noobai", "anima"),
    [
        (95.1, ["masterpiece"], ["masterpiece", "score_9"]),
        (95.0, ["best quality"], ["best quality", "score_8"]),
        (85.0, ["good quality"], ["good quality", "score_7"]),
        (60.0, ["normal quality"], ["normal quality", "score_5"]),
        (30.0, ["worst quality"], ["low quality", "score_3"]),
        (10.0, ["worst quality"], ["worst quality", "score_1"]),
        (None, [], []),
    ],
)
def test_quality_is_by_percentile(percentile: float | None, noobai: list[str], anima: list[str]) -> None:
    assert read_style(ROOT, "noobai", NONE).of_quality(percentile) == noobai
    assert read_style(ROOT, "anima", NONE).of_quality(percentile) == anima
    assert read_style(ROOT, "sd15", NONE).of_quality(percentile) == []


@pytest.mark.parametrize(
    ("year", "noobai", "anima"),
    [(2024, ["newest"], ["year 2024"]), (2020, ["recent"], ["year 2020"]), (2017, ["mid"], ["year 2017"]),
     (2014, ["early"], ["year 2014"]), (1995, ["old"], ["year 1995"]), (None, [], [])],
)  # fmt: skip
def test_years(year: int | None, noobai: list[str], anima: list[str]) -> None:
    assert read_style(ROOT, "noobai", NONE).of_year(year) == noobai
    assert read_style(ROOT, "anima", NONE).of_year(year) == anima


def test_other_words() -> None:
    style = read_style(ROOT, "anima", NONE)
    assert [style.of_rating(one) for one in ("general", "sensitive", "questionable", "explicit", None, "x")] == [
        ["safe"], ["sensitive"], ["nsfw"], ["explicit"], [], [],
    ]  # fmt: skip
    assert style.of_size(1920, 1080) == [] and style.of_size(1600, 1200) == ["highres"]
    assert style.of_size(3840, 2399) == ["highres"] and style.of_size(3840, 2400) == ["absurdres", "highres"]
    assert style.given("artist", "someone") == ["@someone"] and style.given("style", None) == []
    assert read_style(ROOT, "noobai", NONE).given("artist", "someone") == ["someone"]


def test_percentiles_are_of_those_that_have_a_score() -> None:
    assert percentiles([(3.0,), None, (1.0,), (1.0,), (7.0,)]) == [62.5, None, 25.0, 25.0, 87.5]
    assert percentiles([(float(number),) for number in range(100)])[94:] == [94.5, 95.5, 96.5, 97.5, 98.5, 99.5]
    assert percentiles([None]) == [None] and percentiles([]) == []


FILE = "about: x\nsource: y\norder: [tags]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("order: [tags]\n", "captions/own.yaml: about is missing; captions/own.yaml: source is missing"),
        ("[]\n", r"captions/own.yaml must be a mapping of keys, got \[\]"),
        (f"{FILE}words: 1\n", "captions/own.yaml: words is not a known key .known: about, source, order, "),
        (FILE.replace("[tags]", "[tags, colour]"), "own.yaml: order.1: input should be 'quality', .* got 'colour'"),
        (FILE.replace("[tags]", "[tags, names, names]"), "captions/own.yaml: order has names twice; keep one of them"),
        (FILE.replace("[tags]", "[names]"), "captions/own.yaml: order is without tags; put them in"),
        (f"{FILE}quality: [{{above: 100, words: [a]}}]\n", "own.yaml: quality.0.above: input should be less than 100"),
        (f"{FILE}quality: [{{above: 1, word: [a]}}]\n", "captions/own.yaml: quality.0.words is missing"),
        (f"{FILE}safety: {{general: safe}}\n", "captions/own.yaml: safety.sensitive is missing"),
        (f"{FILE}written: {{artist: 'a, {{}}'}}\n", "artist: must be a word or more, without a comma"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_style_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "captions").mkdir()
    (tmp_path / "captions/own.yaml").write_text(text)
    with pytest.raises(GengaError, match=message) as said:
        read_style(tmp_path, "own", NONE)
    assert "\n" not in str(said.value) and "params.yaml" not in str(said.value)


def test_a_style_that_is_not_there_is_named_with_those_that_are() -> None:
    there = "there is no captions/sdxl.yaml .styles: anima, noobai, sd15"
    with pytest.raises(GengaError, match=f"^params.yaml:dataset.caption_style: {there}"):
        read_style(ROOT, "sdxl", NONE)
    with pytest.raises(GengaError, match="there is no captions/../params.yaml"):
        read_style(ROOT, "../params", NONE)


def test_a_word_that_has_no_place_is_said() -> None:
    with pytest.raises(
        GengaError, match=r"^params.yaml:dataset.caption_words.year: captions/sd15.yaml has no place for it"
    ):
        read_style(ROOT, "sd15", NONE.model_copy(update={"year": {"s": 2024}}))


def test_sentences_that_have_no_place_are_said(tmp_path: Path) -> None:
    (tmp_path / "captions").mkdir()
    (tmp_path / "captions/own.yaml").write_text(FILE)
    assert read_style(tmp_path, "own", NONE).order == ["tags"]
    with pytest.raises(GengaError, match="^params.yaml:dataset.captions: captions/own.yaml has no place for sentences"):
        read_style(tmp_path, "own", NONE, ("tags", "both"))
