"""The search language of the desk: what a person types, taken apart.

    character:akari -smile shot:12 score:0.2..0.4 disagreement:>0.3 sort:disagreement

Terms stand between blanks, and all of them must hold. A word is a tag; `key:value` asks for something else; `-` before
either turns it around. Of several values with `|` between them one must hold, `*` stands for any letters, and a value
with blanks stands in quotes. Numbers are `12`, `0.2..0.4` (both ends count), `0.2..`, `..0.4`, `>0.3`, `>=0.3`, `<0.3`,
`<=0.3`.

`score` and `disagreement` are about the tags that the query names, with `-` before them or not: `-smile score:0.2..0.4`
are pictures without smile of which taggers were in doubt. Where it names none, they are about any one tag.
"""

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache

from genga.errors import GengaError
from genga.vocabulary.text import KAOMOJI, tag_name

TAG = "tag"
# Keys with words.
WORDS = (TAG, "character", "outfit", "series", "episode", "kind", "tier", "in", "bucket", "id", "decided")
NUMBERS = ("shot", "frame", "cluster", "width", "height")  # keys with numbers, of a picture
OF_TAGS = ("score", "disagreement")  # of tags on a picture
SORT = "sort"
ORDERS = ("frame", "disagreement", "score")
KEYS = (*WORDS, *NUMBERS, *OF_TAGS, SORT)

_TERM = re.compile(r'(-?)(?:([a-z]+):)?("(?:[^"]*)"|[^\s"]\S*|)')
_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)"
_RANGE = re.compile(rf"(?:({_NUMBER})?\.\.({_NUMBER})?|(<=|>=|<|>)({_NUMBER})|({_NUMBER}))")


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`; an open end does not count itself."""

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False


@dataclass(frozen=True)
class Term:
    """Something that must hold, or must not."""

    key: str
    words: tuple[str, ...] = ()  # one of which must hold; patterns with *
    range: Range | None = None  # of keys with numbers
    without: bool = False  # turned around


@dataclass(frozen=True)
class Query:
    terms: tuple[Term, ...] = ()
    of_tags: tuple[Term, ...] = ()  # score and disagreement, which hold of one tag together
    sort: str = ORDERS[0]
    tags: tuple[str, ...] = field(default=())  # patterns of the tags that it names


def parse(text: str) -> Query:
    """Return what a person asks for. Raises GengaError that says which term is not understood."""
    terms: list[Term] = []
    of_tags: list[Term] = []
    sort = ORDERS[0]
    for minus, key, value in _taken_apart(text):
        term = _term(key or TAG, value, minus == "-", f"{minus}{key + ':' if key else ''}{value}")
        if term.key == SORT:
            sort = term.words[0]
        else:
            (of_tags if term.key in OF_TAGS else terms).append(term)
    tags = tuple(word for term in terms if term.key == TAG for word in term.words)
    return Query(tuple(terms), tuple(of_tags), sort, tags)


def _taken_apart(text: str) -> list[tuple[str, str, str]]:
    found, place = [], 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        if (word := text[place:].split(maxsplit=1)[0]) in KAOMOJI:  # which may begin with - or have | in them
            found.append(("", "", word))
            place += len(word)
            continue
        match = _TERM.match(text, place)
        if match is None or match.end() == place:
            raise GengaError(f"search: a quote is not closed in {text[place:]!r}; write it twice, or take it out")
        minus, key, value = match.groups()
        if key is not None and key not in KEYS:  # a tag with a colon in it, as kaomoji have
            key, value = None, f"{key}:{value}"
        found.append((minus, key or "", value.strip('"')))
        place = match.end()
    return found


def _term(key: str, value: str, without: bool, said: str) -> Term:
    if not value:
        raise GengaError(f"search: {said!r} says nothing; write something behind it")
    if key in (*NUMBERS, *OF_TAGS):
        if without and key in OF_TAGS:
            raise GengaError(f"search: {said!r} cannot be turned around; write the other range")
        return Term(key, range=_range(value, said), without=without)
    if key == SORT:
        if value not in ORDERS or without:
            raise GengaError(f"search: {said!r} is no order; known: {', '.join(ORDERS)}")
        return Term(key, (value,))
    words = (value,) if value in KAOMOJI else tuple(filter(None, value.split("|")))
    if not words:
        raise GengaError(f"search: {said!r} says nothing; write something beside the |")
    return Term(key, tuple(map(tag_name, words)) if key == TAG else words, without=without)


def _range(value: str, said: str) -> Range:
    match = _RANGE.fullmatch(value)
    if match is None or value == "..":
        raise GengaError(f"search: {said!r} is no number or range; write 3, 0.2..0.4, >0.3 or <=0.3")
    low, high, sign, limit, exact = match.groups()
    if exact is not None:
        return Range(float(exact), float(exact))
    if sign is None:
        return Range(float(low or "-inf"), float(high or "inf"))
    number, is_open = float(limit), "=" not in sign
    return Range(high=number, open_high=is_open) if sign[0] == "<" else Range(low=number, open_low=is_open)


def matches(word: str, patterns: tuple[str, ...]) -> bool:
    """Whether a word is one of these; `*` in a pattern stands for any letters, every other sign for itself."""
    return any(word == one or "*" in one and _pattern(one).fullmatch(word) is not None for one in patterns)


@lru_cache(256)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split("*"))))
