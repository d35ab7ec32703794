"""Tags as people and captions write them: spaces, kaomoji, escaping, order, length.

A tag's name has underscores everywhere in genga; its text is made once, when a caption is written. Backslashes are for
prompts, where web interfaces take them off again: a text encoder never sees them.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches

SEPARATOR = ", "  # between the tags of a caption or prompt

Part = tuple[str, float]  # of a prompt: a text, and what it weighs
Piece = tuple[str, str]  # of a caption: which part of it (names, tags, sentences, ...), and its text
NAMES, TAGS, SENTENCES = "names", "tags", "sentences"

# Faces drawn with characters: their underscores are part of them.
KAOMOJI = frozenset(
    [
        "0_0", "(o)_(o)", "+_+", "+_-", "._.", "<o>_<o>", "<|>_<|>", "=_=", ">_<", "3_3", "6_9", ">_o", "@_@", "^_^",
        "o_o", "u_u", "x_x", "|_|", "||_||",
    ]
)  # fmt: skip

COUNT = re.compile(r"\d+\+?(boy|girl)s?")  # 1girl, 2girls, 6+boys

_ESCAPED = re.compile(r"(?:[^\\()]|\\[\\()])*")  # a tag that `escape` may have written


def to_text(tag: str) -> str:
    """Return the tag as a caption shows it: `long_hair` is `long hair`, `^_^` stays."""
    return tag if tag in KAOMOJI else tag.replace("_", " ")


def tag_name(text: str) -> str:
    """Return the tag that a person wrote: taggers' names are in small letters, with underscores and without escapes."""
    name = re.sub(r"\\([\\()])", r"\1", text.lower())
    return name if name in KAOMOJI else name.replace(" ", "_")


def unknown(tag: str, known: Collection[str]) -> str:
    """Return what to say of a tag that no tagger knows; "" if it is among the `known`."""
    if tag in known:
        return ""
    near = get_close_matches(tag, known, 1, 0.8)
    return f"no tagger here knows {tag}{f' (is {near[0]} meant?)' if near else ''}"


def tokens(caption: str) -> list[str]:
    """Return the tags of a caption; empty ones are left out."""
    return [token.strip() for token in caption.split(",") if token.strip()]


def escape(text: str) -> str:
    r"""Return the text with `\`, `(` and `)` escaped: prompts read brackets as emphasis."""
    return re.sub(r"([\\()])", r"\\\1", text)


def plain(caption: str) -> str:
    r"""Return a caption as a base is to see it: without the backslashes of `escape`.

    Tag by tag: one that `escape` cannot have written, such as `\o/`, stays as it is.
    """
    tags = caption.split(",")
    return ",".join(re.sub(r"\\(.)", r"\1", tag) if _ESCAPED.fullmatch(tag) else tag for tag in tags)


def pieces_of(caption: str, names: int) -> list[Piece]:
    """Return a caption that is nothing but names and tags in its parts. names: how many stand in front."""
    every = tokens(caption)
    parts = ((NAMES, every[:names]), (TAGS, every[names:]))
    return [(part, SEPARATOR.join(texts)) for part, texts in parts if texts]


def joined(pieces: Iterable[Piece]) -> str:
    """Return a caption of its parts: with commas between them, and full stops before and after sentences."""
    caption, after_sentence = "", False
    for part, text in pieces:
        if caption and text:
            stopped = caption[-1] in ".!?"
            is_set_off = part == SENTENCES or after_sentence
            caption += (" " if stopped else ". ") if is_set_off else SEPARATOR
        caption += text
        after_sentence = part == SENTENCES if text else after_sentence
    return caption


def fit(caption: str, is_cut: Callable[[str], bool]) -> str:
    """Return what is seen of a caption: all of it, or its first tags, as many as fit whole.

    is_cut: whether a text is longer than what is seen. What would never fit whole, a long sentence, is cut at a word,
    and a word that would not at a letter.
    """
    kept = caption
    for boundary in (",", r"\s", "") if is_cut(caption) else ():
        ends = [found.start() for found in re.finditer(boundary, caption)]
        fitting = bisect_left(ends, True, key=lambda end: is_cut(caption[:end]))
        kept = caption[: ends[fitting - 1]].rstrip(SEPARATOR) if fitting else ""
        if boundary and not is_cut(re.split(boundary, caption[len(kept) :].lstrip(SEPARATOR), maxsplit=1)[0]):
            break
    return kept


def in_order(scores: Iterable[tuple[str, float]]) -> list[str]:
    """Return tags in a caption's order: solo, counts (1girl, 2boys), then by score; ties by name.

    scores: (tag, score) pairs; a tag may be written with underscores or spaces.
    """
    return [tag for tag, _ in sorted(scores, key=lambda pair: (_rank(pair[0]), -pair[1], pair[0]))]


def _rank(tag: str) -> int:
    return 0 if tag == "solo" else 1 if COUNT.fullmatch(tag) else 2
