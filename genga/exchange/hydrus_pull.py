"""What people changed in Hydrus since it was sent there, as decisions: tags, who is on a crop, tiers, drops.

Held against each other are what was sent, what is there now, and what the tables under corrections/ say already; only
what people changed comes out. What cannot be a decision (another series, a sentence, two names) is said.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from genga.decisions.characters import check_name
from genga.errors import GengaError
from genga.exchange.corrections import Said, about_crop, about_frame, about_tag, about_tier, meaning_of, meant_by
from genga.exchange.edits import no_tag
from genga.exchange.hydrus_base import Sent
from genga.exchange.hydrus_client import AT_ONCE, LIKE, Client, Service
from genga.exchange.hydrus_tags import (
    changes,
    form_of,
    forms_of,
    held,
    namespace_of,
    subtag_of,
    tag_in,
    text_of,
)
from genga.jobs.script import progress
from genga.tables.quality import TIERS
from genga.vocabulary.text import tag_name

KEEP = "keep"


class Wishes(NamedTuple):
    """What else than tags comes back, and as what: `drop`, a tier, or a tag to add."""

    rating: Service | None = None
    stars: Mapping[int, str] = {}  # number of stars -> what they stand for; of likes 0 and 1
    deleted: Collection[str] = ()  # what it stands for that a file was deleted: DROP, a tier
    archived: Collection[str] = ()  # that one was archived: KEEP (of stills), a tier


@dataclass
class Found:
    """What a pull found."""

    said: list[Said] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    files: int = 0  # that were looked at
    deleted: int = 0
    unknown: int = 0  # that the client does not know any more


def pull(client: Client, tags: Service, sent: Mapping[str, Sent], wishes: Wishes) -> Found:
    """Return what people changed. sent: by sha256. Raises GengaError if the client is away: nothing is written then."""
    found = Found()
    names = names_of(sent.values())
    hashes = sorted(sent)
    steps = progress(hashes, len(hashes), f"hydrus pull from {tags.name}", "files")
    for start in range(0, len(hashes), AT_ONCE):
        there = client.files(hashes[start : start + AT_ONCE])
        for sha256 in hashes[start : start + AT_ONCE]:
            next(steps)
            one, file = sent[sha256], there.get(sha256)
            found.files += 1
            if file is None:
                found.unknown += 1
                continue
            for image in one.images:
                _image(image, one, file, tags, names, wishes, found)
            found.deleted += bool(file.get("is_deleted"))
    return found


def _image(
    image: str,
    one: Sent,
    file: Mapping[str, Any],
    tags: Service,
    names: Mapping[str, str],
    wishes: Wishes,
    found: Found,
) -> None:
    if file.get("is_deleted"):
        found.said += [meant_by(image, meaning, "deleted in Hydrus") for meaning in wishes.deleted]
        return
    if file.get("is_inbox") is False:
        found.said += _archived(image, wishes)
    found.said += _rated(image, one, file, wishes, found.odd)  # what a person says of it goes over that they kept it
    if not one.deleted:
        found.said += changed_tags(image, one, held(file, tags).current, names, found.odd, "in Hydrus")


def _archived(image: str, wishes: Wishes) -> Iterator[Said]:
    for meaning in wishes.archived:
        if meaning != KEEP:
            yield meant_by(image, meaning, "archived in Hydrus")
        elif "-" not in image.rpartition("/")[2]:
            yield about_frame(image, KEEP, "archived in Hydrus")


def _rated(image: str, one: Sent, file: Mapping[str, Any], wishes: Wishes, odd: list[str]) -> Iterator[Said]:
    """The decision that a rating stands for, if a person changed it."""
    if wishes.rating is None:
        return
    rating = file.get("ratings", {}).get(wishes.rating.key)
    if rating is None or rating == one.stars:
        return
    liked = wishes.rating.type == LIKE
    why = f"{'liked' if rating else 'disliked'} in Hydrus" if liked else f"rated {int(rating)} in Hydrus"
    if (meant := wishes.stars.get(int(rating))) is None:
        odd.append(f"{image}: {why}, and no --stars says what {int(rating)} stands for")
        return
    yield meant_by(image, meant, why)


def changed_tags(
    image: str, one: Sent, there: frozenset[str], names: Mapping[str, str], odd: list[str], where: str
) -> Iterator[Said]:
    """Yield what people changed in an image's tags. there: forms that it has now. names: as names_of returns them."""
    ours = forms_of(one.words)
    change = changes(ours, one.before, there)
    why = f"changed {where}"
    for form in sorted(form for form in change.removed if not namespace_of(form)):
        word = ours.get(form, text_of(form))
        if said := no_tag(word):
            odd.append(f"{image}: {word!r} was taken off, and {said}")
        else:
            yield about_tag(image, tag_name(word), "remove", why)
    for form in sorted(form for form in change.added if not namespace_of(form)):
        if said := no_tag(text_of(form)):
            odd.append(f"{image}: {text_of(form)!r} {said}")
        else:
            yield about_tag(image, tag_in(form), "add", why)
    named = {form for form in (*change.added, *change.removed) if namespace_of(form)}
    for form in sorted(form for form in named if namespace_of(form) in ("series", "episode", "scene")):
        odd.append(f"{image}: {form!r} was changed, and no decision says where an image is from")
    if named := {form for form in named if namespace_of(form) in ("character", "outfit")}:
        yield from _renamed(image, there, named, names, odd, why)
    if graded := {form for form in (*change.added, *change.removed) if namespace_of(form) == "tier"}:
        now = {subtag_of(form) for form in there if namespace_of(form) == "tier"}
        yield from graded_by(image, now, graded, odd, why)


def graded_by(image: str, there: Collection[str], changed: Collection[str], odd: list[str], why: str) -> Iterator[Said]:
    """Yield the decision that tags `tier:` stand for. there: tiers that an image has by them; changed: which did."""
    known = [tier for tier in TIERS if tier in there]
    if len(there) == len(known) == 1:
        yield about_tier(image, known[0], why)
    elif not there:
        odd.append(f"{image}: {', '.join(map(repr, sorted(changed)))} was taken off, and no other tier is there")
    else:
        has = " and ".join(repr(f"tier:{one}") for one in sorted(there))
        odd.append(f"{image}: has {has}, and a picture has one tier, of {', '.join(TIERS)}; put that right there")


def _renamed(
    image: str, there: frozenset[str], changed: Iterable[str], names: Mapping[str, str], odd: list[str], why: str
) -> Iterator[Said]:
    """The decision about who is on a crop, and in what."""
    if "-" not in image.rpartition("/")[2]:
        odd.append(f"{image}: {', '.join(map(repr, sorted(changed)))} was changed; who is in a still say its crops")
        return
    now = {kind: sorted(form for form in there if namespace_of(form) == kind) for kind in ("character", "outfit")}
    if several := next((forms for forms in now.values() if len(forms) > 1), None):
        odd.append(f"{image}: has {' and '.join(map(repr, several))}, and is of one person; take one of them off there")
        return
    who, worn = (names.get(form, subtag_of(form)) for form in (*(now[kind][0] if now[kind] else "" for kind in now),))
    try:
        for name in (who, worn):
            check_name(name, image)
    except GengaError as error:
        odd.append(str(error))
        return
    yield about_crop(image, who, worn if who else "", why)


def names_of(sent: Iterable[Sent]) -> dict[str, str]:
    """Return the names of characters and outfits as genga has them, by form: Hydrus has small letters alone."""
    named = {word for one in sent for word in one.words if word.startswith(("character:", "outfit:"))}
    return {form_of(word): subtag_of(word) for word in sorted(named)}


def stars_meant(said: Iterable[str], most: int) -> dict[int, str]:
    """Return what numbers of stars stand for, of `1=drop`, `5=best`, or `best=5` as a push has it, `4=masterpiece`.

    Raises GengaError for one that is none.
    """
    found = {}
    for one in said:
        stars, _, meant = one.partition("=")
        if stars in TIERS and meant.isdecimal():
            stars, meant = meant, stars
        if not stars.isdecimal() or int(stars) > max(most, 1) or not meant:
            raise GengaError(f"--stars {one}: must be STARS=drop, STARS=TIER or STARS=TAG, stars 0..{max(most, 1)}")
        found[int(stars)] = meaning_of(meant, f"--stars {one}")
    return found


def meanings(option: str, words: Sequence[str], tier: str) -> list[str]:
    """Return what a sign stands for: words, and a tier, "" for none. Raises GengaError, which names the option."""
    if tier and tier not in TIERS:
        raise GengaError(f"{option} {tier}: must be a tier: {', '.join(TIERS)}")
    return [*words, *([tier] if tier else [])]
