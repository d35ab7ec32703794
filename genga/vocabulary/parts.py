"""Which part of a picture a booru tag speaks of: the head, the feet, the place … found from the words of its name.

A published tagger knows ten thousand tags; nobody lists them all. But their names are made of words, and the last one
says what the thing is: `light_blue_hair` is hair, `black_thighhighs` are thighhighs. The order of the rules: whole tags
that need it (EXACT), the form of counts, faces and years, what someone does to `another`, a first word that decides
(OPENERS: holding, looking), the last word (NOUNS) before one like on, of or under, any other word. A tag that no rule
knows is "unknown"; params say what becomes of it. How much of a published vocabulary the rules know is measured in
docs/tags.md.
"""

import re
from functools import cache

from genga.vocabulary.words import BETWEEN, COLOURS, EXACT, NOUNS, OPENERS, PASSING_TAGS, PASSING_WORDS

# part -> what it is. A subject part needs somebody in the picture; the others are true of a place as well.
PARTS = {
    "count": "how many people, of which sex",
    "framing": "how much of them is in the picture",
    "view": "how the camera looks",
    "person": "what someone is, wherever one looks: skin, age, kind",
    "head": "hair, face, expression, gaze, what is worn on the head",
    "neck": "what is worn around the neck",
    "torso": "upper body, arms, hands, what they wear, hold and do; clothes worn over all",
    "legs": "from the hips to the ankles, and tails",
    "feet": "feet and what they wear",
    "pose": "what the whole body does",
    "relation": "what people are or do to each other",
    "scene": "place, time, light, things, animals",
    "style": "medium, text, censorship, origin",
    "unknown": "no rule knows it",
}
SUBJECT = frozenset(["count", "framing", "person", "head", "neck", "torso", "legs", "feet", "pose", "relation"])

# Parts of which a person's own picture tells more than one of everything around; how many there are the boxes tell.
OF_SOMEBODY = SUBJECT - {"count", "framing", "relation"}
# Parts that stay from drawing to drawing of a shot, but for what of them passes (genga.vocabulary.words).
_LASTING = frozenset(["person", "head", "neck", "torso", "legs", "feet", "scene"])

# What a crop of a kind can show of a person's tags. Counts and framing are computed from the boxes instead.
# A head's square reaches a quarter of a head below the chin, so it shows the neck, and next to nothing of the place.
_FULLBODY = frozenset(PARTS) - {"count", "framing", "relation"}
VISIBLE = {
    "fullbody": _FULLBODY,
    "halfbody": _FULLBODY - {"legs", "feet", "pose"},
    "head": frozenset(["view", "person", "head", "neck", "style"]),
}

_COUNT = re.compile(r"\d+\+?(girl|boy|other|koma)s?")
_QUALIFIER = re.compile(r"_\([^()]*\)$")  # star_(symbol) -> star
_WORD = re.compile(r"[a-z]{2}")
_YEAR = re.compile(r"(19|20)\d\d")
_SOMEONE = frozenset(["another", "another's", "each", "other's", "viewer's"])
_BETWEEN = frozenset(BETWEEN.split())
_PASSING_TAGS, _PASSING_WORDS = frozenset(PASSING_TAGS.split()), frozenset(PASSING_WORDS.split())


def _table(words: dict[str, str]) -> dict[str, str]:
    return {word: part for part, text in words.items() for word in text.split()}


_EXACT, _OPENERS, _NOUNS = _table(EXACT), _table(OPENERS), _table(NOUNS)


@cache
def part_of(tag: str) -> str:
    """Return the part (a key of PARTS) that a tag, written with underscores, speaks of."""
    if tag in _EXACT:
        return _EXACT[tag]
    if form := _by_form(tag):
        return form
    if tag.endswith("_(cosplay)"):
        return "person"
    words = _QUALIFIER.sub("", tag).split("_")
    if len(words) > 1:
        if not _SOMEONE.isdisjoint(words):
            return "relation"
        if words[0] in _OPENERS:
            return _OPENERS[words[0]]
    if words[-1] == "frame" and "out" in words:
        return "framing"
    thing = words[: next((i for i, word in enumerate(words) if i and word in _BETWEEN), len(words))]
    # Two last words may name one thing (bobby_socks); where a word is joined by hyphens the last piece speaks.
    tries = ["_".join(thing[-2:]), *reversed(thing), *reversed(words), words[-1].rsplit("-", 1)[-1]]
    return next((part for word in tries if (part := _noun(word))), "unknown")


def _by_form(tag: str) -> str | None:
    """Counts, years, and faces drawn with characters such as ^_^ or :d."""
    if _COUNT.fullmatch(tag):
        return "style" if "koma" in tag else "count"
    if _YEAR.fullmatch(tag):
        return "style"
    return None if _WORD.search(tag) else "head"


def _noun(word: str) -> str | None:
    """The part of a noun, in the plural as well."""
    for form in (word, word.removesuffix("s"), word.removesuffix("es")):
        if form in _NOUNS:
            return _NOUNS[form]
    return None


def is_subject(tag: str, unknown_is_subject: bool) -> bool:
    """Return whether a tag is about somebody, so that it needs one in the picture."""
    part = part_of(tag)
    return part in SUBJECT or (part == "unknown" and unknown_is_subject)


def is_visible(tag: str, kind: str) -> bool:
    """Return whether a crop of a kind (fullbody, halfbody, head) can show what a person's tag speaks of."""
    return part_of(tag) in VISIBLE[kind]


@cache
def lasts(tag: str) -> bool:
    """Return whether what a tag speaks of stays as it is within a shot: hair, clothes, the place; not a smile."""
    if part_of(tag) not in _LASTING or tag in _PASSING_TAGS or not _WORD.search(tag):
        return False
    return _PASSING_WORDS.isdisjoint(tag.split("_"))


# Sets of which one person has one: the best stays, unless a tag beside it says that there are several.
EXCLUSIVE: dict[str, frozenset[str]] = {
    "hair_colour": frozenset(f"{colour}_hair" for colour in COLOURS.split()),
    "eye_colour": frozenset(f"{colour}_eyes" for colour in COLOURS.split()),
    "hair_length": frozenset(["short_hair", "medium_hair", "long_hair"]),
    "mouth": frozenset(["open_mouth", "closed_mouth"]),
}
SEVERAL: dict[str, frozenset[str]] = {
    "hair_colour": frozenset(
        f"{kind}_hair" for kind in ("multicolored", "two-tone", "streaked", "gradient", "split-color")
    )
    | {"colored_inner_hair"},
    "eye_colour": frozenset(["heterochromia", "multicolored_eyes", "gradient_eyes"]),
    "hair_length": frozenset(["asymmetrical_hair"]),
    "mouth": frozenset(),
}
