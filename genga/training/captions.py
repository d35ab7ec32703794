"""The caption as it is seen this time: dropped, shuffled, thinned.

Order of the steps as kohya's sd-scripts has it: drop the whole caption, keep the first tokens, shuffle the others, drop
tags, join. A token is what stands between two commas.
"""

import numpy as np

from genga.vocabulary.text import SEPARATOR, plain, tokens


def vary(
    caption: str,
    draw: np.random.Generator,
    caption_dropout: float,
    keep_tokens: int,
    shuffle: bool,
    tag_dropout: float,
) -> str:
    """Return `caption` as one look at the image sees it.

    caption_dropout, tag_dropout: probabilities, 0..1. The first `keep_tokens` tags are never moved and never dropped
    alone. Brackets that are escaped for prompts are bare; with nothing to vary that is all that is done.
    """
    caption = plain(caption)
    if draw.random() < caption_dropout:
        return ""
    if not shuffle and tag_dropout == 0:
        return caption
    every = tokens(caption)
    kept, others = every[:keep_tokens], every[keep_tokens:]
    if shuffle:
        others = [others[index] for index in draw.permutation(len(others))]
    if tag_dropout > 0:
        others = [tag for tag, chance in zip(others, draw.random(len(others)), strict=True) if chance >= tag_dropout]
    return SEPARATOR.join(kept + others)
