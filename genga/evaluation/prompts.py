"""Which tags a prompt asks for: the inverse of composing one.

A prompt is tags with commas between; a tag may carry a weight or emphasis, `(smile:1.2)` or `((smile))`, and escaped
parentheses, `\\(`. Text that is no tag of the vocabulary (the trigger, words of quality) asks for nothing that a tagger
can see.
"""

import re
from collections.abc import Iterable, Mapping

_ESCAPED = {r"\(": "\x00", r"\)": "\x01"}  # kept out of the way while emphasis is taken off
_WEIGHT = re.compile(r":\s*[0-9.]+\s*$")
_EMPHASIS = "()[]{} \t\n"


def tag_key(text: str) -> str:
    """Return a tag's name as it is compared: lower case, spaces for underscores."""
    return " ".join(text.replace("_", " ").lower().split())


def vocabulary_keys(tags: Iterable[str]) -> dict[str, str]:
    """Return the tags of a vocabulary by how they are compared."""
    return {tag_key(tag): tag for tag in tags}


def prompt_parts(prompt: str) -> list[str]:
    """Return what stands between the commas, compared as tags are, without weights and escapes."""
    for escaped, mark in _ESCAPED.items():
        prompt = prompt.replace(escaped, mark)
    parts = []
    for part in prompt.split(","):
        bare = part.strip(_EMPHASIS)
        weighted = bare != part.strip()
        bare = _WEIGHT.sub("", bare).strip(_EMPHASIS) if weighted else bare
        for escaped, mark in _ESCAPED.items():
            bare = bare.replace(mark, escaped[1])
        if bare:
            parts.append(tag_key(bare))
    return parts


def prompt_tags(prompt: str, vocabulary: Mapping[str, str], trigger: str | None = None) -> list[str]:
    """Return the tags of `vocabulary` (see vocabulary_keys) that the prompt asks for, each once, in order.

    The trigger stands for a character, even where a tag of the same name exists: it is left out.
    """
    skipped = tag_key(trigger) if trigger else None
    known = (vocabulary[part] for part in prompt_parts(prompt) if part in vocabulary and part != skipped)
    return list(dict.fromkeys(known))


def named_character(prompt: str, characters: Iterable[str]) -> str | None:
    """Return the first character that the prompt names by trigger; None if it names none."""
    keys = {tag_key(character): character for character in characters}
    return next((keys[part] for part in prompt_parts(prompt) if part in keys), None)
