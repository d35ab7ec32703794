"""A series' images on a server of Danbooru's kind: tags of posts, posts of files that have none, and changes back.

Posts are those whose file is an image of the data set, by md5. Only general tags are sent and compared: who is on a
picture, and of what series it is, such a server knows by categories of its own. What was sent is kept as for Hydrus
(genga.exchange.hydrus_base), with the rating that a post had then in place of stars.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import polars as pl

from genga.decisions.anchors import target_of
from genga.errors import GengaError
from genga.exchange.booru_client import AT_ONCE, RATINGS, Booru, File, Post, RefusedError
from genga.exchange.captions import words_of
from genga.exchange.corrections import Said, about_tag, meaning_of, meant_by
from genga.exchange.edits import no_tag
from genga.exchange.hydrus_base import Sent, add_sent, read_sent, write_sent
from genga.exchange.hydrus_pull import graded_by
from genga.exchange.hydrus_tags import Held, changes, sending
from genga.exchange.wire import AwayError
from genga.images.codec import as_png
from genga.jobs.script import progress
from genga.store.parquet import read_table
from genga.store.shards import ShardReader
from genga.tables.places import path_of
from genga.tables.schema import SHARD, only
from genga.tables.tag import TAG
from genga.vocabulary.text import tag_name

FOLDER = "booru"
TIER = "tier:"
OF_TAG = only(TAG, "still", "box", "tag", "category", "score", "kept")
_LETTERS = dict(zip(("general", "sensitive", "questionable", "explicit"), RATINGS, strict=True))


class Wishes(NamedTuple):
    """What else than tags comes back, and as what: `drop`, a tier, or a tag to add."""

    ratings: Mapping[str, str] = {}  # letter -> what it stands for that people gave a post this rating
    scores: Mapping[int, str] = {}  # of a post with so many votes or more, or of less than none so few or fewer
    deleted: str = ""  # of a post that was deleted; "": nothing


@dataclass
class Done:
    """What a push did."""

    posts: int = 0  # that were changed
    made: int = 0  # that are new
    same: int = 0
    none: int = 0  # images without a post
    deleted: int = 0  # whose posts are deleted there
    refused: list[str] = field(default_factory=list)  # ids, each with the server's word


def general(post: Post) -> frozenset[str]:
    """Return a post's general tags."""
    return frozenset(str(post.get("tag_string_general", post["tag_string"])).split())


def push(
    booru: Booru, rows: pl.DataFrame, path: Path, tiers: bool = False, ratings: Mapping[str, str] | None = None
) -> Done:
    """Send the tags of images that have a post. rows: of the data set. path: where it is noted what was sent.

    tiers: whether they are sent as tags, tier:best. ratings: of every image, by which those without a post get one;
    None: they get none. Raises AwayError, saying how far it came, if the server is there no longer.
    """
    known = read_sent(path, booru.url)
    write_sent(path, booru.url, known.values())
    done, count = Done(), 0
    with ShardReader() as reader:
        items = list(progress(_items(rows, reader, tiers), rows.height, "booru: look at images", "images"))
        places = {row["image"]: tuple(row[column] for column in SHARD) for row in rows.iter_rows(named=True)}
        steps = progress(items, len(items), f"booru push to {booru.url}", "images")
        try:
            for start in range(0, len(items), AT_ONCE):
                some = items[start : start + AT_ONCE]
                posts = booru.posts([item.sha256 for item in some])
                for item in some:
                    next(steps)
                    if ratings is not None and item.sha256 not in posts:
                        png = as_png(reader.read(*places[item.images[0]]), item.images[0])
                        posts |= _made(booru, item, png, ratings[item.images[0]], done)
                    noted = _push_one(booru, item, known.get(item.sha256), posts.get(item.sha256), done)
                    add_sent(path, [noted] if noted is not None else [])
                    count += 1
        except AwayError as error:
            raise AwayError(f"{error}; {count} of {len(items)} images are done, push again to go on") from error
    done.none -= len(done.refused)
    return done


def _made(booru: Booru, item: Sent, png: bytes, rating: str, done: Done) -> dict[str, Post]:
    """The post that is made of an image, by md5; none if the server refuses it."""
    image = item.images[0]
    try:
        post = booru.upload(File(f"{image.replace('/', '-')}.png", png, item.sha256, item.words, rating))
    except RefusedError as error:
        done.refused.append(f"{image}: {error}")
        return {}
    done.made += 1
    return {item.sha256: post}


def _items(rows: pl.DataFrame, reader: ShardReader, tiers: bool) -> Iterator[Sent]:
    """Each image with its md5, where Sent has the sha256, and its general tags."""
    for row in rows.iter_rows(named=True):
        png = as_png(reader.read(*(row[column] for column in SHARD)), row["image"])
        words = [word for word in words_of(row)[row["keep_tokens"] :] if not no_tag(word)]
        tags = sorted({*map(tag_name, words), *([f"{TIER}{row['tier']}"] if tiers else [])})
        md5 = hashlib.md5(png, usedforsecurity=False).hexdigest()
        yield Sent(md5, [row["image"]], row["sha256"], tags, [], None, False)


def _push_one(booru: Booru, item: Sent, was: Sent | None, post: Post | None, done: Done) -> Sent | None:
    """Change a post's tags; return what to note of it, None for nothing."""
    if post is None or post.get("is_deleted"):
        done.none, done.deleted = done.none + (post is None), done.deleted + (post is not None)
        return None
    tags = {tag: tag for tag in item.words}
    change = sending(tags, was and was.words, was.before if was else (), Held(general(post), frozenset()))
    if change.add or change.remove:
        booru.change(post, change.add, change.remove)
    rating = was.stars if was is not None and was.stars is not None else _number(post)
    noted = item._replace(before=sorted(change.before), stars=rating)
    if noted == was and not change.add and not change.remove:
        done.same += 1
        return None
    done.posts += 1
    return noted


def _number(post: Post) -> int | None:
    """Which of RATINGS a post has."""
    rating = str(post.get("rating") or "-")
    return RATINGS.index(rating) if rating in RATINGS else None


def ratings_of(rows: pl.DataFrame, given: str) -> dict[str, str]:
    """Return the rating of each image, of RATINGS: that which is given, "" for what taggers say of it.

    Raises GengaError for a letter that is none, and for an image of which no tagger said any.
    """
    if given:
        if given not in RATINGS:
            raise GengaError(f"--rating {given}: must be one of {', '.join(RATINGS)}")
        return dict.fromkeys(rows["image"], given)
    said: dict[tuple[str, int | None], str] = {}
    for episode in sorted({image.rpartition("/")[0] for image in rows["image"]}):
        table = read_table(path_of("tag", episode), OF_TAG).filter(pl.col("kept") & (pl.col("category") == "rating"))
        for still, box, tag in table.sort("score", "tag").select("still", "box", "tag").iter_rows():
            said[still, box] = _LETTERS.get(tag, "")
    found = {image: said.get((target.still, target.box), "") for image in rows["image"] if (target := target_of(image))}
    if lacking := [image for image, letter in found.items() if not letter]:
        raise GengaError(f"{lacking[0]}: no tagger says how safe it is ({len(lacking)} such images); name --rating")
    return found


def pull(booru: Booru, path: Path, wishes: Wishes, odd: list[str]) -> list[Said]:
    """Return what people changed in posts, as decisions. path: as for `push`. odd: gets what can be none, in words."""
    sent = read_sent(path, booru.url)
    sums = sorted(sent)
    said: list[Said] = []
    for start in range(0, len(sums), AT_ONCE):
        some = sums[start : start + AT_ONCE]
        for md5, post in booru.posts(some).items():
            for image in sent[md5].images:
                said += _changed(image, sent[md5], post, wishes, odd)
    return said


def _changed(image: str, one: Sent, post: Post, wishes: Wishes, odd: list[str]) -> Iterator[Said]:
    number = int(post["id"])
    if post.get("is_deleted"):
        if wishes.deleted:
            yield meant_by(image, wishes.deleted, f"post {number} is deleted")
        return
    votes = int(post.get("score") or 0)
    reached = [step for step in wishes.scores if (votes >= step if step > 0 else votes <= step)]
    if reached:
        yield meant_by(image, wishes.scores[max(reached, key=abs)], f"post {number} has {votes} votes")
    rating = _number(post)
    if rating is not None and one.stars is not None and rating != one.stars and RATINGS[rating] in wishes.ratings:
        yield meant_by(image, wishes.ratings[RATINGS[rating]], f"post {number} was rated {RATINGS[rating]}")
    change, why = changes(one.words, one.before, general(post)), f"changed in post {number}"
    if graded := {tag for tag in (*change.added, *change.removed) if tag.startswith(TIER)}:
        now = {tag.removeprefix(TIER) for tag in general(post) if tag.startswith(TIER)}
        yield from graded_by(image, now, graded, odd, why)
    for verb, tags in (("remove", change.removed), ("add", change.added)):
        yield from (about_tag(image, tag, verb, why) for tag in sorted(tags) if not tag.startswith(TIER))


def wishes_of(ratings: Sequence[str], scores: Sequence[str], deleted: str) -> Wishes:
    """Return what signs stand for, of `e=reject`, `10=best` and `-3=reject`. Raises GengaError for one that is none."""
    letters: dict[str, str] = {}
    steps: dict[int, str] = {}
    for one in ratings:
        letter, _, meant = one.partition("=")
        if letter not in tuple(RATINGS) or not meant:
            raise GengaError(f"--rating {one}: must be LETTER=TIER, =drop or =TAG, a letter of {', '.join(RATINGS)}")
        letters[letter] = meaning_of(meant, f"--rating {one}")
    for one in scores:
        step, _, meant = one.partition("=")
        if not step.removeprefix("-").isdecimal() or not int(step) or not meant:
            raise GengaError(f"--score {one}: must be VOTES=TIER, =drop or =TAG, of votes 1.., or ..-1")
        steps[int(step)] = meaning_of(meant, f"--score {one}")
    return Wishes(letters, steps, meaning_of(deleted, f"--deleted {deleted}") if deleted else "")
