"""How a prompt is read: with the weights of web interfaces; and which tags it asks for, the inverse of composing one.

A prompt is tags with commas between. Weights and escapes are those of stable-diffusion-webui, and act when samples are
drawn; what else it reads in a prompt is refused by name. Text that is no tag of the vocabulary (the trigger, words of
quality) asks for nothing that a tagger can see.
"""

import re
from collections.abc import Iterable, Mapping

from genga.errors import GengaError
from genga.vocabulary.text import Part

EMPHASIS = 1.1  # of a pair of round brackets; a pair of square ones divides by it
# What a prompt is made of: an escape, a bracket, the weight that closes one, and text between them.
_PIECE = re.compile(
    r"\\(?P<escaped>.?)|(?P<open>[(\[])|:\s*(?P<weight>[+-]?(?:\d+\.?\d*|\.\d+))\s*\)|(?P<close>[)\]])|[^\\()\[\]:]+|:",
    re.DOTALL,
)
_OPENS = {")": "(", "]": "["}
# What else web interfaces read in a prompt, and what it would do.
_OTHER = {
    r"\bBREAK\b": "begins a new piece",
    r"\bAND\b": "joins two prompts",
    r"<\w+:[^<>]*>": "loads a network",
    r"\[[^\[\]]*:\s*[+-]?[.\d]+\s*\]": "changes the prompt on its way",
    r"\[[^\[\]]*\|[^\[\]]*\]": "takes turns",
    r"\{(?!trigger\})[^{}]*\}": "is filled in; only {trigger} is known here",
}


def parts(prompt: str) -> list[Part]:
    r"""Return a prompt as a base is to see it, in parts of one weight each; joined they are its text.

    As stable-diffusion-webui reads it: `(x)` weighs 1.1, `[x]` 1 / 1.1, `(x:1.4)` 1.4, brackets in brackets multiply,
    `\(` is a bracket; a backslash before anything else is nothing. Raises GengaError for a bracket left open.
    """
    found: list[Part] = []
    opened: list[tuple[str, int]] = []  # each bracket, and how many parts come before it
    for piece in _PIECE.finditer(prompt):
        bracket = "(" if piece["weight"] else _OPENS.get(piece["close"] or "", "")
        start = next((at for at in reversed(range(len(opened))) if opened[at][0] == bracket), None)
        if piece["open"]:
            opened.append((piece["open"], len(found)))
        elif start is not None:
            factor = float(piece["weight"]) if piece["weight"] else EMPHASIS if bracket == "(" else 1 / EMPHASIS
            first = opened.pop(start)[1]
            found[first:] = [(text, weight * factor) for text, weight in found[first:]]
        else:
            found.append((piece[0] if piece["escaped"] is None else piece["escaped"], 1.0))
    if opened:
        raise GengaError(f"a {opened[-1][0]} is not closed in {prompt!r}; the bracket itself is \\{opened[-1][0]}")
    return _joined(found)


def composed(prompt: Iterable[Part]) -> str:
    """Return the prompt of these parts: the inverse of `parts`."""
    return "".join(literal(text) if weight == 1 else f"({literal(text)}:{weight:g})" for text, weight in prompt)


def literal(text: str) -> str:
    """Return a text as it is written in a prompt to stand for itself."""
    return re.sub(r"([\\()\[\]])", r"\\\1", text)


def check_prompt(prompt: str, key: str) -> None:
    """Refuse what would act in a web interface and does not here. key: of params.yaml, for messages.

    Raises GengaError that names it.
    """
    bare = re.sub(r"\\.", "", prompt)
    for pattern, effect in _OTHER.items():
        if found := re.search(pattern, bare):
            raise GengaError(f"params.yaml:{key}: {found[0]} is not read here (in web interfaces it {effect})")
    try:
        parts(prompt)
    except GengaError as error:
        raise GengaError(f"params.yaml:{key}: {error}") from error


def first(prompt: Iterable[Part], length: int) -> list[Part]:
    """Return the parts that the first `length` characters of a prompt's text are in."""
    found, left = [], length
    for text, weight in prompt:
        if left > 0:
            found.append((text[:left], weight))
        left -= len(text)
    return found


def tag_key(text: str) -> str:
    """Return a tag's name as it is compared: lower case, spaces for underscores."""
    return " ".join(text.replace("_", " ").lower().split())


def vocabulary_keys(tags: Iterable[str]) -> dict[str, str]:
    """Return the tags of a vocabulary by how they are compared."""
    return {tag_key(tag): tag for tag in tags}


def prompt_parts(prompt: str) -> list[str]:
    """Return what stands between the commas, compared as tags are, without weights and escapes.

    What has no weight, or less than none, is not asked for.
    """
    text = "".join(text for text, weight in parts(prompt) if weight > 0)
    return [tag_key(part) for part in (part.strip("{} \t\n") for part in text.split(",")) if part]


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


def _joined(found: Iterable[Part]) -> list[Part]:
    """The parts with neighbours of one weight made one, and empty ones left out."""
    joined: list[Part] = []
    for text, weight in found:
        if joined and joined[-1][1] == weight:
            joined[-1] = (joined[-1][0] + text, weight)
        elif text:
            joined.append((text, weight))
    return joined
