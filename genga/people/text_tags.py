"""Tags about text in a picture, by what was read in it (genga.drawings.ocr): known, where taggers guess.

Which script letters are of says their Unicode name. A still has `subtitled` and `watermark` by what its lines are, and
the tag of each script that enough of its letters are of. A person has the script tags of the lines inside its box. What
taggers say beside that of these tags, and of text at all where nothing was read, does not hold.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from genga.images.boxes import Box, containment
from genga.tables.quality import QUALITY
from genga.tables.schema import only

OF_QUALITY = only(QUALITY, "still", "read")

ORIGIN = "read"  # who decided such a tag, and the reason against one

_OF_LINES = {"subtitle": "subtitled", "mark": "watermark"}
# By the first words of a letter's name; of these letters, a share of all and so many at least make a tag.
_SCRIPTS = {
    "LATIN": "english_text", "HIRAGANA": "japanese_text", "KATAKANA": "japanese_text", "CJK": "chinese_text",
    "HANGUL": "korean_text", "CYRILLIC": "russian_text",
}  # fmt: skip
_SHARE, _LETTERS = 0.2, 3
DECIDED = frozenset([*_OF_LINES.values(), *_SCRIPTS.values()])
# Tags of taggers that are about text, and hold nowhere where nothing was read.
ABOUT_TEXT = DECIDED | {
    "text", "text_focus", "mixed-language_text", "engrish_text", "ranguage", "translated", "hard_translated", "dated",
    "web_address", "artist_name", "signature", "twitter_username", "pixiv_username", "patreon_username",
    "copyright_name", "character_name", "company_name",
}  # fmt: skip
_INSIDE = 0.5  # part of a line that lies in somebody's box


def scripts(texts: Iterable[str]) -> set[str]:
    """Return the tags of the scripts that lines are in. Chinese characters among kana are Japanese."""
    letters = Counter(
        tag
        for text in texts
        for letter in text
        if (tag := _SCRIPTS.get(unicodedata.name(letter, "").partition(" ")[0])) is not None
    )
    if letters["japanese_text"] and letters["chinese_text"]:
        letters["japanese_text"] += letters.pop("chinese_text")
    return {tag for tag, number in letters.items() if number >= max(_LETTERS, _SHARE * letters.total())}


def decided(
    tags: pl.DataFrame, detections: pl.DataFrame, read: pl.DataFrame
) -> dict[tuple[str, int | None, str], bool]:
    """Return what follows of tags about text, by still, box (None: the whole still) and tag: whether it holds.

    tags: the table tag so far. detections: the table detect. read: OF_QUALITY; of stills that nobody read nothing
    follows.
    """
    boxes = {(still, box): place for still, box, place in _persons(detections)}
    lines = {still: of for still, of in read.select(list(OF_QUALITY)).iter_rows() if of is not None}
    kept = pl.col("tag").filter("kept")
    said = {(still, box): {*of} for still, box, of in tags.group_by("still", "box").agg(kept).iter_rows()}
    found: dict[tuple[str, int | None, str], bool] = {}
    for (still, box), taggers in said.items():
        if still not in lines or box is not None and (still, box) not in boxes:
            continue
        own = lines[still] if box is None else _within(boxes[still, box], lines[still])
        known = scripts(line["text"] for line in own)
        over = {_OF_LINES[line["kind"]] for line in own if line["kind"] in _OF_LINES}
        holds = known | (over if box is None else set())
        unsure = set(_OF_LINES.values()) if any(line["kind"] == "text" for line in own) else set()
        against = (DECIDED if own else ABOUT_TEXT) - holds - unsure
        found |= {(still, box, tag): True for tag in holds} | {(still, box, tag): False for tag in against & taggers}
    return found


def _persons(detections: pl.DataFrame) -> Iterator[tuple[str, int, Box]]:
    rows = detections.filter(kind="person").select("still", "box", "x0", "y0", "x1", "y1")
    yield from ((still, box, (x0, y0, x1, y1)) for still, box, x0, y0, x1, y1 in rows.iter_rows())


def _within(place: Box, lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The lines in the scene that lie in somebody's box."""
    sides = ("x0", "y0", "x1", "y1")
    return [
        line
        for line in lines
        if line["kind"] not in _OF_LINES
        and containment((line[sides[0]], line[sides[1]], line[sides[2]], line[sides[3]]), place) >= _INSIDE
    ]
