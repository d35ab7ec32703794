"""Which episode a file is, by the name of a release: read by aniparse, shown to a person, and only then believed.

An episode is called by its number, `05`, from the second season on `S02E05`; what is no numbered episode by its kind,
`OVA 2`, `NCOP 1`, `Movie`. What cannot be read keeps its name.
"""

import hashlib
import importlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any

from genga.errors import GengaError
from genga.exchange.names import file_names
from genga.exchange.sources.found import Found
from genga.params.names import fault_of_name, one_form
from genga.params.sources import Named

VERSION = "2.0.0"  # of aniparse
_SPECIALS = {"ova": "OVA", "ona": "ONA", "oad": "OAD", "special": "Special", "movie": "Movie"}


@dataclass(frozen=True)
class Release:
    """What a name says."""

    title: str = ""
    season: int | None = None
    episode: str = ""  # 05, 12.5, 01-02
    version: int = 1
    kind: str = ""  # OVA, Special, NCOP, …; "": a numbered episode

    @property
    def called(self) -> str:
        """The episode's name; "" if it cannot be told."""
        if self.season == 0 or self.kind:
            return " ".join(part for part in (self.kind or "Special", self.episode.lstrip("0") or self.episode) if part)
        season = f"S{self.season:02d}E" if (self.season or 1) > 1 else ""
        return f"{season}{self.episode}" if self.episode else ""


@dataclass(frozen=True)
class Planned:
    """A file, and the episode that it is to be."""

    found: Found
    episode: str | None  # None: it is left out
    why: str  # how that is known
    version: int = 1


def read_name(name: str) -> Release:
    """Return what a release's name says. Raises GengaError if the parser is not installed."""
    try:
        aniparse = importlib.import_module("aniparse")
    except ImportError as error:
        raise GengaError(
            f"names: read needs aniparse: pip install aniparse=={VERSION}, or write names: keep ({error})"
        ) from error
    return said_by(aniparse.parse(name) or {})


def said_by(parsed: Mapping[str, Any]) -> Release:
    """Return what aniparse has found, in our words."""
    series = _first(parsed, "series")
    episode, content = _first(series, "episode"), _first(series, "content_type")
    versions = [str(one) for one in (episode.get("release_version"), *(parsed.get("release_version") or ())) if one]
    season = _first(series, "season").get("number")
    kind = str(content.get("identifier") or "") or _SPECIALS.get(str(series.get("type") or "").lower(), "")
    return Release(
        str(series.get("title") or ""),
        int(season) if isinstance(season, int | float) else None,
        _numbers(episode) or (_number(content.get("number")) if content else ""),
        int(versions[0]) if versions and versions[0].isdecimal() else 1,
        kind,
    )


def _first(of: Mapping[str, Any], key: str) -> dict[str, Any]:
    return next(iter(of.get(key) or ()), {})


def _numbers(episode: Mapping[str, Any]) -> str:
    """05, or 01-02 of a file with two."""
    if "start" in episode and "end" in episode:
        return f"{_numbers(episode['start'])}-{_numbers(episode['end'])}"
    return _number(episode.get("number"))


def _number(number: Any) -> str:
    if number is None or number == "":
        return ""
    text = f"{number:g}" if isinstance(number, int | float) else str(number)
    whole, dot, rest = text.partition(".")
    return f"{whole.zfill(2)}{dot}{rest}"


def planned(found: Sequence[Found], source: Named) -> list[Planned]:
    """Return what each file is to be. Raises GengaError for two of one episode, naming both and the way to choose."""
    plans = [_planned(one, source) for one in found]
    if source.versions == "newest":
        newest: dict[str, int] = {}
        for plan in plans:
            if plan.episode:
                newest[plan.episode] = max(plan.version, newest.get(plan.episode, 0))
        plans = [
            Planned(plan.found, None, f"v{newest[plan.episode]} is newer", plan.version)
            if plan.episode and plan.version < newest[plan.episode] else plan
            for plan in plans
        ]  # fmt: skip
    first: dict[str, Planned] = {}
    twice = [
        (other, plan) for plan in plans if plan.episode and (other := first.setdefault(plan.episode, plan)) is not plan
    ]
    if twice:
        raise GengaError(_same(twice, source.series))
    return plans


def _same(twice: Sequence[tuple[Planned, Planned]], series: str) -> str:
    """Which files are one episode, and how to choose."""
    other, plan = twice[0]
    one, two = other.found.about.name, plan.found.about.name
    newer = ", or write versions: newest" if plan.version != other.version else ""
    more = f"; so are {len(twice) - 1} more, such as {twice[1][1].found.about.name!r}" if len(twice) > 1 else ""
    return (
        f"{one!r} and {two!r} are both episode {plan.episode} of {series}: say under episodes what each"
        f" is ({{{two!r}: null}} leaves one out){newer}{more}"
    )


def _planned(found: Found, source: Named) -> Planned:
    name = PurePosixPath(found.about.name).name
    for pattern, episode in source.episodes.items():
        if name == pattern or fnmatch(name, pattern) or found.about.name == pattern:
            return Planned(found, one_form(episode) if episode else None, f"episodes: {pattern!r}")
    release = read_name(name) if source.names == "read" else Release()
    if called := release.called:
        return Planned(found, called, f"its name: {_words(release)}", release.version)
    return Planned(found, kept_name(PurePosixPath(name).stem), "its own name")


def kept_name(stem: str) -> str:
    """Return a name that an episode can have, as near to this one as may be."""
    plain = re.sub(r"[{}]", "_", stem) or "_"
    name = one_form(file_names([plain])[plain])
    return name if not fault_of_name(name) else f"file-{hashlib.sha256(stem.encode()).hexdigest()[:12]}"


def _words(release: Release) -> str:
    season = f"season {release.season}" if release.season is not None else ""
    version = f"v{release.version}" if release.version > 1 else ""
    return ", ".join(part for part in (repr(release.title) if release.title else "", season, version) if part) or "read"


def table(plans: Iterable[Planned], series: str) -> list[str]:
    """Return the plan as lines for a person: each file, and what it is to be."""
    rows = [
        (plan.found.about.name, f"{series}/{plan.episode}" if plan.episode else "left out", plan.why) for plan in plans
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return [f"  {name:<{widths[0]}}  ->  {to:<{widths[1]}}  ({why})" for name, to, why in rows]
