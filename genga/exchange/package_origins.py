"""Where what a package is made of came from: a row for each video, and each picture of an album, that is on record.

Said are addresses that others can open, and licences and credits as they were noted. A place on somebody's own disk is
nobody's business, nor is what stands before the host of an address.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import polars as pl

from genga.exchange.markdown import row, text
from genga.exchange.package import ORIGINS_FILE
from genga.tables.package import PACKAGE_ORIGINS

_MOST = 20  # rows of the card's table


def origins_of(lines: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return the rows of PACKAGE_ORIGINS, by episode and frame. lines: those of sources.jsonl, with their `episode`."""
    rows = [{**{column: one.get(column) for column in PACKAGE_ORIGINS}, "origin": public(one["origin"])}
            for one in lines]  # fmt: skip
    found = pl.DataFrame(rows, schema=dict(PACKAGE_ORIGINS))
    return found.unique(maintain_order=True).sort("episode", "frame", nulls_last=False, maintain_order=True)


def public(origin: str) -> str:
    """Return an address that others can open, "" for a place of one's own."""
    parts = urlsplit(origin)
    if parts.scheme == "magnet":
        return origin
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


def told(origins: pl.DataFrame) -> Iterator[str]:
    """Yield the lines of a card: from where, how many files, under which licence as it was noted."""
    if origins.is_empty():
        return
    yield from [f"Where they came from, file by file, says `{ORIGINS_FILE}`:", ""]
    yield from ["| from | files | licence, as noted |", "|---|---|---|"]
    counts = Counter((_site(one["origin"], one["kind"]), one["licence"]) for one in origins.iter_rows(named=True))
    rows = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    for (site, licence), count in rows[:_MOST]:
        yield row(text(site), text(count), text(licence or "not noted"))
    if len(rows) > _MOST:
        yield row("and others", text(sum(count for _, count in rows[_MOST:])), "")
    yield ""


def _site(origin: str, kind: str) -> str:
    return urlsplit(origin).hostname or {"torrent": "a torrent", "folder": "a folder"}.get(kind, kind)
