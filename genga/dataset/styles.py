"""How captions are written for a family of bases: the order of their parts and the words of some, as data.

A file of `captions/` each, whose keys are those of Style. Without `counts` in its order they are among the tags; no
part but the tags is ever shuffled or left out in training.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, model_validator

from genga.errors import GengaError
from genga.params.dataset import CaptionWords, Params, Word
from genga.params.notation import read_yaml
from genga.params.section import Section, parse_section

FOLDER = Path("captions")


Part = Literal[
    "quality", "year", "size", "safety", "counts", "names", "series", "artist", "style", "tags", "sentences"
]  # fmt: skip


class Quality(Section):
    above: float = Field(ge=0, lt=100)  # percentile of the score
    words: list[Word]


class Year(Section):
    since: int = Field(ge=0)
    words: list[Word]  # {} is the year itself


class Size(Section):
    width: int = Field(ge=0)  # px
    height: int = Field(ge=0)
    words: list[Word]


class Safety(Section):
    """The word for each rating of the taggers."""

    general: Word
    sensitive: Word
    questionable: Word
    explicit: Word


class Written(Section):
    """How a word of params.yaml is written: {} is the word."""

    series: Word = "{}"
    artist: Word = "{}"
    style: Word = "{}"


S = TypeVar("S", Quality, Year, Size)


class Style(Section):
    about: str  # what it is for, in a line
    source: str  # where it is from
    order: list[Part]
    quality: list[Quality] = []  # of these three the first that holds
    year: list[Year] = []
    size: list[Size] = []
    safety: Safety | None = None
    written: Written = Written()

    @model_validator(mode="after")
    def _once(self) -> "Style":
        if twice := [part for part, times in Counter(self.order).items() if times > 1]:
            raise ValueError(f"order has {twice[0]} twice; keep one of them")
        if "tags" not in self.order:
            raise ValueError("order is without tags; put them in")
        return self

    def of_quality(self, percentile: float | None) -> list[str]:
        """Return the words for an image that scores above so many of a hundred; none for one without a score."""
        return _first(self.quality, lambda step: percentile is not None and percentile > step.above)

    def of_year(self, year: int | None) -> list[str]:
        """Return the words for what was drawn in a year; none if that is not said."""
        found = _first(self.year, lambda step: year is not None and year >= step.since)
        return [word.replace("{}", str(year)) for word in found]

    def of_size(self, width: int, height: int) -> list[str]:
        """Return the words for an image of so many px."""
        return _first(self.size, lambda step: width >= step.width and height >= step.height)

    def of_rating(self, rating: str | None) -> list[str]:
        """Return the word for a rating, if it is known."""
        return [getattr(self.safety, rating)] if self.safety and rating in Safety.model_fields else []

    def given(self, part: Literal["series", "artist", "style"], word: str | None) -> list[str]:
        """Return a word of params.yaml as it is written here, if there is one."""
        return [getattr(self.written, part).replace("{}", word)] if word else []


def _first(steps: Iterable[S], holds: Callable[[S], bool]) -> list[str]:
    return next((step.words for step in steps if holds(step)), [])


def style_as_said(root: Path, name: str) -> Any:
    """Return what a style's file says. Raises GengaError if there is none of that name."""
    known = sorted(path.stem for path in (root / FOLDER).glob("*.yaml"))
    if name not in known:
        there = ", ".join(known) or "none"
        raise GengaError(f"params.yaml:dataset.caption_style: there is no {FOLDER}/{name}.yaml (styles: {there})")
    return read_yaml(root / FOLDER / f"{name}.yaml")


def style_held(root: Path, name: str) -> dict[str, Any]:
    """Return what a style's file says by which captions are written: all but its words to people."""
    return {key: value for key, value in style_as_said(root, name).items() if key not in ("about", "source")}


def read_style(root: Path, params: Params) -> Style:
    """Return the style that captions are to be written in.

    Raises GengaError that names file and key if it is not there, is none, or has no place for what params.yaml says.
    """
    words, file = params.caption_words, f"{FOLDER}/{params.caption_style}.yaml"
    try:
        style = parse_section(file, Style, style_as_said(root, params.caption_style))
    except GengaError as error:
        said = str(error).replace(f"params.yaml:{file}.", f"{file}: ").replace(f"params.yaml:{file}", file)
        raise GengaError(said) from error
    if missing := [part for part in CaptionWords.model_fields if getattr(words, part) and part not in style.order]:
        raise GengaError(
            f"params.yaml:dataset.caption_words.{missing[0]}: {file} has no place for it; take it out, or put"
            f" {missing[0]} into its order"
        )
    if set(params.captions) - {"tags"} and "sentences" not in style.order:
        raise GengaError(
            f"params.yaml:dataset.captions: {file} has no place for sentences; name tags alone, or put sentences into"
            " its order"
        )
    return style


def percentiles(scores: Sequence[tuple[float, ...] | None]) -> list[float | None]:
    """Return of each score the share of all that are lower, half of its equals among them, 0..100; None has none."""
    times = Counter(score for score in scores if score is not None)
    total, lower, place = times.total(), 0, {}
    for score in sorted(times):
        place[score] = 100 * (lower + times[score] / 2) / total
        lower += times[score]
    return [None if score is None else place[score] for score in scores]
