"""Send a series' images and tags to Hydrus: in batches, each noted when it is done, so that the next push goes on.

What a person decided there stays: a tag that was taken off is not put on again, a file that was deleted is not sent.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from genga.errors import GengaError
from genga.exchange.hydrus_base import Sent, add_sent, read_sent, write_sent
from genga.exchange.hydrus_client import AT_ONCE, DELETED, TAKEN, THERE, Client, Service
from genga.exchange.hydrus_tags import forms_of, held, sending
from genga.exchange.tools import hydrus_words
from genga.exchange.wire import AwayError
from genga.images.codec import as_png
from genga.jobs.script import progress
from genga.store.shards import ShardReader
from genga.tables.schema import SHARD


class Item(NamedTuple):
    """A file to send: an image, or several that are equal to the byte."""

    sha256: str
    images: list[str]
    source: str
    words: list[str]
    stars: int | None
    place: tuple[Any, ...]  # SHARD


@dataclass
class Done:
    """What a push did."""

    files: int = 0  # that were sent, or changed
    same: int = 0  # that are as they were
    deleted: int = 0  # that people have deleted there
    refused: list[str] = field(default_factory=list)  # ids, each with the client's word


def items_of(
    rows: pl.DataFrame, known: Mapping[str, Sent], stars: Mapping[str, int], reader: ShardReader, tiers: bool = False
) -> list[Item]:
    """Return the files of a data set. known: what was sent. stars: rating by tier. tiers: whether they are tags, too.

    An image whose bytes in the project are those of a file that was sent is not read to know its sha256.
    """
    sums = {one.source: one.sha256 for one in known.values()}
    found: dict[str, Item] = {}
    for row in progress(rows.iter_rows(named=True), rows.height, "hydrus: look at images", "images"):
        place = tuple(row[column] for column in SHARD)
        sha256 = sums.get(row["sha256"]) or hashlib.sha256(as_png(reader.read(*place), row["image"])).hexdigest()
        same = found.get(sha256)
        words = list(dict.fromkeys([*(same.words if same else ()), *hydrus_words(row, tiers)]))
        images = [*(same.images if same else ()), row["image"]]
        found[sha256] = Item(sha256, images, row["sha256"], words, stars.get(row["tier"]), place)
    return list(found.values())


def push(
    client: Client, tags: Service, rating: Service | None, items: Sequence[Item], path: Path, reader: ShardReader
) -> Done:
    """Send what is new or changed. path: where it is noted what was sent.

    Raises AwayError, saying how far it came, if the client is there no longer.
    """
    known = read_sent(path, tags.key)
    write_sent(path, tags.key, known.values())  # a line that was cut off is no more
    batches = [items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE)]
    done, count = Done(), 0
    steps = progress(_each(batches), len(items), f"hydrus push to {tags.name}", "files")
    sent: list[Sent] = []
    try:
        for batch in batches:
            there = client.files([item.sha256 for item in batch])
            for item in batch:
                next(steps)
                one = _push_one(
                    client, tags, rating, item, known.get(item.sha256), there.get(item.sha256), reader, done
                )
                sent += [one] if one is not None else []
                count += 1
            add_sent(path, sent)
            sent = []
    except AwayError as error:
        raise AwayError(f"{error}; {count} of {len(items)} files are done, push again to go on") from error
    finally:
        if sent:
            add_sent(path, sent)
    write_sent(path, tags.key, read_sent(path, tags.key).values())
    return done


def _each(batches: Sequence[Sequence[Item]]) -> Iterator[Item]:
    for batch in batches:
        yield from batch


def _push_one(
    client: Client, tags: Service, rating: Service | None, item: Item, was: Sent | None, file: Mapping[str, Any] | None,
    reader: ShardReader, done: Done,
) -> Sent | None:  # fmt: skip
    """Send a file; return what to note of it, None for nothing. file: what the client knows of it."""
    if file is not None and file.get("is_deleted"):
        done.deleted += 1
        return None if was is not None and was.deleted else _noted(item, was, (), deleted=True)
    if file is None or not file.get("is_local", True):
        status, note = client.add_file(as_png(reader.read(*item.place), item.images[0]))
        if status == DELETED:
            done.deleted += 1
            return _noted(item, was, (), deleted=True)
        if status not in (TAKEN, THERE):
            done.refused.append(f"{item.images[0]}: {note or f'status {status}'}")
            return None
    now, there = forms_of(item.words), held(file or {}, tags)
    old = None if was is None or was.deleted else was
    change = sending(now, None if old is None else forms_of(old.words), () if old is None else old.before, there)
    client.change_tags(item.sha256, tags, change.add, change.remove)
    # One that is there before anything was sent is a person's.
    own = old.stars if old is not None else (file or {}).get("ratings", {}).get(rating.key) if rating else None
    if rating is not None and item.stars is not None and (own != item.stars if old is not None else own is None):
        client.rate(item.sha256, rating, item.stars > 0 if rating.most == 0 else item.stars)
    noted = _noted(item, old, change.before)
    if noted == was and not change.add and not change.remove:
        done.same += 1
        return None
    done.files += 1
    return noted


def _noted(item: Item, was: Sent | None, before: Collection[str], deleted: bool = False) -> Sent:
    kept = was.stars if was is not None else None
    stars = item.stars if item.stars is not None else kept
    return Sent(item.sha256, item.images, item.source, item.words, sorted(before), stars, deleted)


def stars_of(said: Sequence[str], tiers: Collection[str], most: int) -> dict[str, int]:
    """Return rating by tier of `best=5` and the like. Raises GengaError for one that is none."""
    found = {}
    for one in said:
        tier, _, stars = one.partition("=")
        if tier not in tiers or not stars.isdecimal() or int(stars) > max(most, 1):
            raise GengaError(
                f"--stars {one}: must be TIER=STARS, a tier of {', '.join(tiers)}, stars 0..{max(most, 1)}"
            )
        found[tier] = int(stars)
    return found
