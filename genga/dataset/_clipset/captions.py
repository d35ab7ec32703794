"""The captions of a clip: those of table dataset, of the tags that hold in it, with a word for the style of all."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from genga.dataset.captions import forms, in_front, words_of
from genga.dataset.styles import Style
from genga.params.dataset import Params
from genga.vocabulary.text import NAMES, TAGS, joined

_STYLE = "style"  # part of a caption


def captioned(
    row: Mapping[str, Any], names: Sequence[str], left_out: Collection[str], word: str | None, params: Params,
    style: Style,
) -> dict[str, Any]:  # fmt: skip
    """Return caption, captions and keep_tokens of a clip.

    row: of table clips. names: of who is in it, and what they wear. left_out: tags that their name stands for. word:
    of the style of all clips; where a style of captions has no place for it, it stands in front of the tags.
    """
    order: list[str] = list(style.order)
    if word and _STYLE not in order:
        order.insert(order.index(TAGS), _STYLE)
    series = row["clip"].split("/")[0]
    given = params.caption_words
    words: dict[str, list[str]] = {
        **words_of([one["tag"] for one in row["tags"]], order, left_out),
        NAMES: list(names),
        "year": style.of_year(given.year.get(series)),
        "size": style.of_size(row["width"], row["height"]),
        "series": style.given("series", given.series.get(series)),
        "artist": style.given("artist", given.artist.get(series)),
        _STYLE: [word] if word else style.given("style", given.style),
    }
    found = forms(params.captions, order, words, [], params.escape)
    return {
        "caption": joined(found[0][1]),
        "captions": [
            {"form": form, "parts": [{"part": part, "text": text} for part, text in parts]} for form, parts in found
        ],
        "keep_tokens": in_front(order, found[0][1]),
    }
