"""The caption as it is seen this time: dropped, shuffled, thinned.

Order of the steps as kohya's sd-scripts has it: drop the whole caption, shuffle the tags, drop tags, join. A tag is
what stands between two commas of a caption's tags; its other parts, such as names and sentences, stay as they are.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from genga.vocabulary.text import SENTENCES, SEPARATOR, TAGS, Piece, joined, plain, tokens

# Where somebody stands, as genga.dataset.clauses and those who describe pictures have it.
_PLACE = re.compile(r"\b((?:the|her|his|its|their) (?:far |upper |lower |top |bottom )?)(left|right)\b")
_MIRRORED = {"left": "right", "right": "left"}


def vary(
    pieces: Sequence[Piece],
    draw: np.random.Generator,
    caption_dropout: float,
    shuffle: bool,
    tag_dropout: float,
) -> str:
    """Return a caption as one look at the image sees it.

    pieces: its parts, in order. caption_dropout, tag_dropout: probabilities, 0..1. Nothing but tags is moved or dropped
    alone. Brackets that are escaped for prompts are bare; with nothing to vary that is all that is done.
    """
    if draw.random() < caption_dropout:
        return ""
    return joined(
        (part, _varied(plain(text), draw, shuffle, tag_dropout) if part == TAGS else plain(text))
        for part, text in pieces
    )


def _varied(text: str, draw: np.random.Generator, shuffle: bool, tag_dropout: float) -> str:
    if not shuffle and tag_dropout == 0:
        return text
    tags = tokens(text)
    if shuffle:
        tags = [tags[index] for index in draw.permutation(len(tags))]
    if tag_dropout > 0:
        tags = [tag for tag, chance in zip(tags, draw.random(len(tags)), strict=True) if chance >= tag_dropout]
    return SEPARATOR.join(tags)


def mirrored(pieces: Iterable[Piece]) -> list[Piece]:
    """Return a caption as it is of the mirror image: who stood on the left stands on the right."""
    return [
        (part, _PLACE.sub(lambda found: found[1] + _MIRRORED[found[2]], text) if part == SENTENCES else text)
        for part, text in pieces
    ]
