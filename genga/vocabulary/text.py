"""Tags as people and captions write them: spaces, kaomoji, escaping, order.

A tag's name has underscores everywhere in genga; its text is made once, when a caption is written.
"""

import re
from collections.abc import Iterable

# Faces drawn with characters: their underscores are part of them.
KAOMOJI = frozenset(
    [
        "0_0", "(o)_(o)", "+_+", "+_-", "._.", "<o>_<o>", "<|>_<|>", "=_=", ">_<", "3_3", "6_9", ">_o", "@_@", "^_^",
        "o_o", "u_u", "x_x", "|_|", "||_||",
    ]
)  # fmt: skip

COUNT = re.compile(r"\d+\+?(boy|girl)s?")  # 1girl, 2girls, 6+boys


def to_text(tag: str) -> str:
    """Return the tag as a caption shows it: `long_hair` is `long hair`, `^_^` stays."""
    return tag if tag in KAOMOJI else tag.replace("_", " ")


def escape(text: str) -> str:
    r"""Return the text with `\`, `(` and `)` escaped: prompts read brackets as emphasis."""
    return re.sub(r"([\\()])", r"\\\1", text)


def in_order(scores: Iterable[tuple[str, float]]) -> list[str]:
    """Return tags in a caption's order: solo, counts (1girl, 2boys), then by score; ties by name.

    scores: (tag, score) pairs; a tag may be written with underscores or spaces.
    """
    return [tag for tag, _ in sorted(scores, key=lambda pair: (_rank(pair[0]), -pair[1], pair[0]))]


def _rank(tag: str) -> int:
    return 0 if tag == "solo" else 1 if COUNT.fullmatch(tag) else 2
