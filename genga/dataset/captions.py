"""Captions: the names of who is there, then the tags, without those that the name is to stand for.

Order: character, outfit, then the tags as they come (solo, counts, then by score). Core tags, the looks somebody is
born with (hair, eyes, ears, horns, skin), are left out of a character's captions where they hold for nearly all of its
images: what no caption mentions is learnt as part of the trigger. Which tags are core follows the published practice of
waifuc and cyberharem, which go by the last words of a tag; that they must hold nearly always is added here.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from genga.vocabulary.text import SEPARATOR, escape, plain, to_text

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


def caption(names: Iterable[str], tags: Iterable[str], left_out: Collection[str], escaped: bool) -> str:
    """Return the caption: names as people wrote them, tags as text; in both brackets are escaped if asked for.

    names: characters and outfits; tags: with underscores, in order; left_out: tags not to mention.
    """
    names = list(names)
    texts = [text for tag in tags if tag not in left_out and (text := to_text(tag)) not in names]  # an outfit is a tag
    if escaped:
        return SEPARATOR.join([escape(text) for text in (*map(plain, names), *texts)])
    return SEPARATOR.join([*names, *texts])
