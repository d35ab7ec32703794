"""The captions of a clip: those of table dataset, of the tags that hold in it, with a word for the style of all, and
what is said of its most typical drawing.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from genga.dataset._clipset.told import Told
from genga.dataset.captions import forms, in_front, words_of
from genga.vocabulary.text import NAMES, TAGS, joined

_STYLE = "style"  # part of a caption


def captioned(
    row: Mapping[str, Any], names: Sequence[str], left_out: Collection[str], word: str | None, told: Told, shot: str
) -> dict[str, Any]:
    """Return caption, captions and keep_tokens of a clip.

    row: of table clips. names: of who is in it, and what they wear. left_out: tags that their name stands for. word:
    of the style of all clips; where a style of captions has no place for it, it stands in front of the tags. told: of
    the series' drawings; shot: the clip's, as table dataset names it.
    """
    params, style = told.params, told.style
    order: list[str] = list(style.order)
    if word and _STYLE not in order:
        order.insert(order.index(TAGS), _STYLE)
    series = row["clip"].split("/")[0]
    given = params.caption_words
    words: dict[str, list[str]] = {
        **words_of([one["tag"] for one in row["tags"]], order, left_out),
        NAMES: list(names),
        **told.words(row, shot),
        "year": style.of_year(given.year.get(series)),
        "size": style.of_size(row["width"], row["height"]),
        "series": style.given("series", given.series.get(series)),
        "artist": style.given("artist", given.artist.get(series)),
        _STYLE: [word] if word else style.given("style", given.style),
    }
    first = params.sentences[0] == "model"
    made = [forms([form], order, words, [], params.escape, told.sentence(row, form), first) for form in params.captions]
    found = list(
        {form: (form, parts) for one in made for form, parts in one}.values()
    )  # without a sentence: one of tags
    return {
        "caption": joined(found[0][1]),
        "captions": [
            {"form": form, "parts": [{"part": part, "text": text} for part, text in parts]} for form, parts in found
        ],
        "keep_tokens": in_front(order, found[0][1]),
    }
