"""Captions: in a family's order names, tags and the other parts; without the tags that a name is to stand for.

Names are character, then outfit; tags stand as they come (solo, counts, then by score). Core tags, the looks somebody
is born with (hair, eyes, ears, horns, skin), are left out of a character's captions where they hold for nearly all of
its images: what no caption mentions is learnt as part of the trigger. Which tags are core follows the published
practice of waifuc and cyberharem, which go by the last words of a tag; that they must hold nearly always is added here.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from genga.vocabulary.parts import part_of
from genga.vocabulary.text import NAMES, SENTENCES, SEPARATOR, TAGS, Piece, escape, plain, to_text, tokens

COUNTS = "counts"


class Clause(NamedTuple):
    box: int  # of the person in the still
    place: str  # On the left
    who: list[str]  # names, or what they are counted as
    tags: list[str]  # with underscores


# A core tag ends in one of these words ...
_LAST = (
    "hair|eyes|pupils|eyebrows|eyelashes|skin|bangs|sidelocks|cut|bun|buns|braid|braids|twintails|ponytail|updo|drill"
    "|drills|ahoge|afro|dreadlocks|bald|beard|mustache|stubble|ear|ears|horn|horns|antlers|tail|tails|wing|wings|fang"
    "|fangs|mole|freckles|scar|mark|marking|markings|heterochromia|halo"
)
# ... or begins like this ...
_FIRST = "hair_over|hair_between|mole_|scar_"
# ... unless it says what somebody does, or how it happens to be.
_STATE = (
    "closed_eyes|half-closed_eyes|empty_eyes|rolling_eyes|crossed_eyes|glowing_eyes|(?:wet|floating|messy)_hair"
    "|.*(?:own|another's|holding|playing|adjusting|covering|covered|hand|tucking|touching|brushing|rubbing).*"
    "|(?:question|exclamation)_mark"
)
_CORE = re.compile(rf"(?!(?:{_STATE})$)(?:(?:.*[_-])?(?:{_LAST})|(?:{_FIRST}).*)")


def is_core(tag: str) -> bool:
    """Return whether a tag, with underscores, names the looks that somebody is born with."""
    return _CORE.fullmatch(tag) is not None


def core_tags(images: Sequence[Collection[str]], share: float) -> frozenset[str]:
    """Return the core tags that at least `share` of a character's images have. images: the tags of each."""
    counts = Counter(tag for tags in images for tag in set(tags) if is_core(tag))
    return frozenset(tag for tag, count in counts.items() if count >= share * len(images))


def caption(order: Iterable[str], words: Mapping[str, Sequence[str]], escaped: bool) -> list[Piece]:
    """Return a caption part by part, in this order; a part without a word is not in it.

    words: of each part, names as people wrote them, tags as text; in all of them brackets are escaped if asked for.
    """
    told = {**words, TAGS: [tag for tag in words.get(TAGS, ()) if tag not in words.get(NAMES, ())]}  # an outfit's name
    there = [part for part in order if told.get(part)]
    return [
        (part, (" " if part == SENTENCES else SEPARATOR).join(_written(part, told[part], escaped))) for part in there
    ]


def _written(part: str, words: Iterable[str], escaped: bool) -> Iterable[str]:
    if not escaped:
        return words
    return map(escape, map(plain, words) if part == NAMES else words)


def words_of(tags: Iterable[str], order: Collection[str], left_out: Collection[str]) -> dict[str, list[str]]:
    """Return the words of tags, and of counts (1girl, 2boys) where the order has a part for them.

    tags: with underscores, in order; left_out: tags not to mention.
    """
    told = [tag for tag in tags if tag not in left_out]
    counts = [tag for tag in told if tag[:1].isdigit() and part_of(tag) == "count"] if COUNTS in order else []
    return {COUNTS: counts, TAGS: [to_text(tag) for tag in told if tag not in counts]}


def forms(
    wanted: Iterable[str],
    order: Sequence[str],
    words: Mapping[str, Sequence[str]],
    of: Sequence[Clause],
    escaped: bool,
    told: str = "",
    first: bool = True,
) -> list[tuple[str, list[Piece]]]:
    """Return the captions of an image that are wanted (tags, sentence, both), each with its parts.

    of: who wears what in it. told: what a model or a person says of it, before that or after it (`first`). Without
    either its caption is of tags alone. Without tags, and a model's word, the scene's stand in a last sentence.
    """
    if not of and not told:
        return [(TAGS, caption(order, words, escaped))]
    scene = [] if told else [tag for tag in words[TAGS] if part_of(tag.replace(" ", "_")) == "scene"]

    def all_of(*clauses: str) -> list[str]:
        said = [told] if told else []
        return [*said, *clauses] if first else [*clauses, *said]

    said: dict[str, dict[str, Sequence[str]]] = {
        TAGS: {**words},
        "sentence": {**words, TAGS: [], SENTENCES: all_of(*sentences(of, scene))},
        "both": {**words, SENTENCES: all_of(*sentences(of))},
    }
    return [(form, caption(order, said[form], escaped)) for form in wanted]


def sentences(of: Sequence[Clause], scene: Sequence[str] = ()) -> list[str]:
    """Return a sentence for each clause, and one for the words of the scene, if there are any."""
    said = [[one.place, *one.who, *map(to_text, one.tags)] for one in of]
    return [f"{SEPARATOR.join(words)}." for words in said + ([["Around them", *scene]] if scene else [])]


def in_front(order: Sequence[str], pieces: Iterable[Piece]) -> int:
    """Return how many words of a caption stand in front of where its tags are."""
    before = order[: order.index(TAGS)]
    return sum(len(tokens(text)) for part, text in pieces if part in before)
