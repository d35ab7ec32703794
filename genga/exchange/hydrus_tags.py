"""Tags as Hydrus keeps them, and what people changed in them since they were sent.

Hydrus writes tags in small letters, with single blanks, without a hyphen or `system:` in front, and one that begins
with a colon and has no other with two (CleanTag in hydrus/core/HydrusTags.py, version 682).
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from genga.exchange.hydrus_client import REPOSITORY, Service
from genga.vocabulary.text import tag_name

NAMES = ("series", "episode", "scene", "character", "outfit", "tier")  # namespaces of what is no tag
CURRENT, PENDING, GONE, PETITIONED = "0", "1", "2", "3"  # of storage_tags

_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ue000-\uf8ff\ud800-\udfff]"
)  # but blanks, which become one
_GARBAGE = re.compile(r"^(-|system:)+")
_LATIN = re.compile(r"[\u0020-\u007e\u00a0-\u024f\u200c\u200d]+")
_LONGEST = 1024  # letters


@lru_cache(maxsize=1 << 16)
def form_of(tag: str) -> str:
    """Return a tag as Hydrus keeps it, "" for what it drops."""
    tag = tag[:_LONGEST].lower()
    if re.fullmatch(":[^:]+", tag):
        tag = f":{tag}"
    if ":" not in tag:
        return _stripped(tag)
    namespace, subtag = map(_stripped, _stripped(tag).split(":", 1)) if ":" in _stripped(tag) else ("", _stripped(tag))
    if not subtag:
        return ""
    if namespace:
        return f"{namespace}:{subtag}"
    return f":{subtag}" if ":" in subtag else subtag


def _stripped(text: str) -> str:
    """Without control characters, blanks around, and what may not stand in front."""
    text = " ".join(_CONTROL.sub("", text).split())
    text = _GARBAGE.sub("", text).strip()
    text = re.sub(r"[\u200c\u200d]", "", text) if _LATIN.fullmatch(text) else text
    return " ".join(text.split())


def text_of(form: str) -> str:
    """Return the tag that Hydrus shows of a form."""
    return form[1:] if form.startswith("::") else form


def namespace_of(form: str) -> str:
    """Return a form's namespace, if it is one of NAMES; "" for tags."""
    before, colon, _ = form.partition(":")
    return before if colon and before in NAMES else ""


def subtag_of(form: str) -> str:
    return form.partition(":")[2]


class Held(NamedTuple):
    """What a service has of a file's tags."""

    current: frozenset[str]
    gone: frozenset[str]  # that somebody took off


def held(file: Mapping[str, Any], service: Service) -> Held:
    """Return the tags of a file in a service. file: as the client tells it."""
    stored = file.get("tags", {}).get(service.key, {}).get("storage_tags", {})
    there, pending, gone, petitioned = ({*stored.get(kind, ())} for kind in (CURRENT, PENDING, GONE, PETITIONED))
    if service.type == REPOSITORY:
        return Held(frozenset((there | pending) - petitioned), frozenset(gone | petitioned))
    return Held(frozenset(there), frozenset(gone))


def forms_of(words: Iterable[str]) -> dict[str, str]:
    """Return form -> word of those that Hydrus keeps."""
    return {form: word for word in words if (form := form_of(word))}


class Sending(NamedTuple):
    add: set[str]
    remove: set[str]
    before: set[str]  # that were there before anything was sent, and are not ours


def sending(now: Mapping[str, str], was: Iterable[str] | None, before: Iterable[str], there: Held) -> Sending:
    """Return what to change so that a file has our tags, and people's decisions stay.

    now: forms of what is to be sent. was: forms of what was sent before, None: nothing was. before: see Sending.
    A tag that somebody took off is not put on again, nor is one taken off that somebody added.
    """
    if was is None:
        return Sending({*now} - there.current - there.gone, set(), {*there.current} - {*now})
    old, other = {*was}, {*before}
    taken_off = (old | other) - there.current
    return Sending({*now} - there.current - taken_off, ((old - {*now}) & there.current) - other, other)


class Changes(NamedTuple):
    """What people changed on a file: forms."""

    added: set[str]
    removed: set[str]


def changes(sent: Iterable[str], before: Iterable[str], there: frozenset[str]) -> Changes:
    """Return what is otherwise than when it was sent. sent: forms."""
    base = {*sent} | {*before}
    return Changes({*there} - base, base - there - ({*before} - {*sent}))


def tag_in(form: str) -> str:
    """Return the name of the tag that a person wrote in Hydrus."""
    return tag_name(text_of(form))
