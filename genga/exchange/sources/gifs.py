"""JSON APIs of gifs and short mp4s in the form of Tenor's (v2), which others have taken over.

`GET endpoint?q=…&limit=…&pos=…&key=…` answers `{"results": [{"id", "content_description", "tags", "itemurl",
"media_formats": {"mp4": {"url"}, …}}, …], "next": "…"}`; without `next` that was all.
"""

import hashlib
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from genga.errors import GengaError
from genga.exchange.sources.found import About, Say
from genga.exchange.sources.http import Polite
from genga.exchange.sources.sidecars import by_category
from genga.params.sources import Gifs

_PAGE = 50  # results asked for at once: the most that Tenor gives


def results(source: Gifs, query: str, key: str, polite: Polite) -> Iterator[dict[str, Any]]:
    """Yield what the API has for a query, `source.most` at most. Raises GengaError."""
    position, left = "", source.most
    while left > 0:
        asked = {"q": query, "limit": str(min(_PAGE, left)), **({"pos": position} if position else {})}
        split = urllib.parse.urlsplit(source.endpoint)
        said = urllib.parse.urlencode(
            [*urllib.parse.parse_qsl(split.query), *asked.items(), *([("key", key)] if key else [])]
        )
        answer = polite.json(split._replace(query=said).geturl(), f"{source.endpoint} (q={query})")
        found = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise GengaError(f"{source.endpoint}: answers without `results`; it is no API in Tenor's form")
        yield from (one for one in found[:left] if isinstance(one, dict))
        left -= len(found)
        before, position = position, str(answer.get("next") or "")
        if not found or not position or position == before:
            return


def seen_by(
    source: Gifs, key: str, staging: Path, polite: Polite, tell: Say, new: Callable[[str], bool]
) -> Iterator[tuple[Path, About]]:
    """Yield each file of each query, fetched into `staging`. tell: is given a line for each that cannot be had.

    new: whether what has this name is not on record. Raises GengaError where the API itself does not answer.
    """
    for query in source.queries:
        for one in results(source, query, key, polite):
            name = f"{query}/{one.get('id')}"
            url = ((one.get("media_formats") or {}).get(source.format) or {}).get("url")
            if not isinstance(url, str) or not url.startswith(("http://", "https://")):
                there = ", ".join(one.get("media_formats") or {}) or "none"
                tell(f"{name}: has no {source.format} (its formats: {there})")
            elif new(name):
                path = staging / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.{source.format}"
                try:
                    polite.file(url, path)
                except GengaError as error:
                    tell(str(error))
                    continue
                yield path, _about(one, query, name, url)


def _about(one: dict[str, Any], query: str, name: str, url: str) -> About:
    tags = [tag for tag in one.get("tags") or () if isinstance(tag, str)]
    text = one.get("content_description") or one.get("title") or ""
    return About(
        str(one.get("itemurl") or url), name, by_category([*(("", tag) for tag in tags), ("query", query)]),
        text=str(text), called=f"{query} {one.get('id')}",
    )  # fmt: skip
