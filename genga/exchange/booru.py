"""The tags of posts on a server of Danbooru's kind, by its JSON: sent, and what people changed in them back.

Posts are those whose file is an image of the data set, by md5; none is made. Only general tags are sent and compared:
who is on a picture, and of what series it is, such a server knows by categories of its own. What was sent is kept as
for Hydrus (genga.exchange.hydrus_base). The API: https://danbooru.donmai.us/wiki_pages/help:api.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import polars as pl

from genga.errors import GengaError
from genga.exchange.captions import words_of
from genga.exchange.corrections import Said, about_tag
from genga.exchange.edits import no_tag
from genga.exchange.hydrus_base import Sent, add_sent, read_sent, write_sent
from genga.exchange.hydrus_tags import Held, changes, sending
from genga.exchange.wire import AwayError, Wire
from genga.images.codec import as_png
from genga.jobs.script import progress
from genga.store.shards import ShardReader
from genga.tables.schema import SHARD
from genga.vocabulary.text import tag_name

FOLDER = "booru"
AT_ONCE = 50  # posts that are asked for together
_AWAY = "{url}: no server answers ({why}); see that it is there"


@dataclass
class Done:
    """What a push did."""

    posts: int = 0  # that were changed
    same: int = 0
    none: int = 0  # images without a post


class Booru(Wire):
    """A connection to a server. Use as a context manager. All that fails is a GengaError of one line."""

    def __init__(self, url: str, login: str, key: str) -> None:
        super().__init__(url, "a booru", "http://127.0.0.1:3000", _AWAY)
        if not login or not key:
            raise GengaError("no login is set: BOORU_LOGIN and BOORU_API_KEY, as the page of your account has them")
        said = base64.b64encode(f"{login}:{key}".encode()).decode()
        self._headers = {"Authorization": f"Basic {said}", "Accept": "application/json"}

    def posts(self, sums: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the posts of files, by md5; of those that have one."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(sums), AT_ONCE):
            query = urlencode({"tags": f"md5:{','.join(sums[start : start + AT_ONCE])}", "limit": 2 * AT_ONCE})
            for post in self._json("GET", f"/posts.json?{query}", None):
                if post.get("md5") in sums:
                    found[post["md5"]] = post
        return found

    def change(self, post: dict[str, Any], add: set[str], remove: set[str]) -> None:
        """Add tags to a post, and take others off it; what others did to it meanwhile stays."""
        old = {*post["tag_string"].split()}
        said = {"tag_string": " ".join(sorted((old | add) - remove)), "old_tag_string": post["tag_string"]}
        self._json("PUT", f"/posts/{int(post['id'])}.json", {"post": said})

    def _json(self, method: str, path: str, value: Any) -> Any:
        body = None if value is None else json.dumps(value).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        answer = self.request(method, path, body, {**self._headers, **kind})
        try:
            said = json.loads(answer.data) if answer.data.strip() else {}
        except ValueError:
            said = {"message": "its answer is no JSON"}
        why = (
            " ".join(str(said.get("message") or said.get("error") or "").split())[:200]
            if isinstance(said, dict)
            else ""
        )
        if answer.status in (401, 403):
            raise GengaError(f"{self.url}: the login is not accepted ({why}); see BOORU_LOGIN and BOORU_API_KEY")
        if not 200 <= answer.status < 300 or why:
            raise GengaError(f"{self.url}{path.partition('?')[0]}: answers {answer.status} ({why})")
        return said


def general(post: dict[str, Any]) -> frozenset[str]:
    """Return a post's general tags."""
    return frozenset(post.get("tag_string_general", post["tag_string"]).split())


def push(booru: Booru, rows: pl.DataFrame, path: Path) -> Done:
    """Send the tags of images that have a post. rows: of the data set. path: where it is noted what was sent.

    Raises AwayError, saying how far it came, if the server is there no longer.
    """
    known = read_sent(path, booru.url)
    write_sent(path, booru.url, known.values())
    done, count = Done(), 0
    with ShardReader() as reader:
        items = list(progress(_items(rows, reader), rows.height, "booru: look at images", "images"))
        steps = progress(items, len(items), f"booru push to {booru.url}", "images")
        try:
            for start in range(0, len(items), AT_ONCE):
                some = items[start : start + AT_ONCE]
                posts = booru.posts([item.sha256 for item in some])
                for item in some:
                    next(steps)
                    noted = _push_one(booru, item, known.get(item.sha256), posts.get(item.sha256), done)
                    add_sent(path, [noted] if noted is not None else [])
                    count += 1
        except AwayError as error:
            raise AwayError(f"{error}; {count} of {len(items)} images are done, push again to go on") from error
    return done


def _items(rows: pl.DataFrame, reader: ShardReader) -> Iterator[Sent]:
    """Each image with its md5, where Sent has the sha256, and its general tags."""
    for row in rows.iter_rows(named=True):
        png = as_png(reader.read(*(row[column] for column in SHARD)), row["image"])
        words = [word for word in words_of(row)[row["keep_tokens"] :] if not no_tag(word)]
        tags = sorted({tag_name(word) for word in words})
        md5 = hashlib.md5(png, usedforsecurity=False).hexdigest()
        yield Sent(md5, [row["image"]], row["sha256"], tags, [], None, False)


def _push_one(booru: Booru, item: Sent, was: Sent | None, post: dict[str, Any] | None, done: Done) -> Sent | None:
    """Change a post's tags; return what to note of it, None for nothing."""
    if post is None:
        done.none += 1
        return None
    tags = {tag: tag for tag in item.words}
    change = sending(tags, was and was.words, was.before if was else (), Held(general(post), frozenset()))
    if change.add or change.remove:
        booru.change(post, change.add, change.remove)
    noted = item._replace(before=sorted(change.before))
    if noted == was and not change.add and not change.remove:
        done.same += 1
        return None
    done.posts += 1
    return noted


def pull(booru: Booru, path: Path) -> list[Said]:
    """Return what people changed in the general tags of posts, as decisions. path: as for `push`."""
    sent = read_sent(path, booru.url)
    sums = sorted(sent)
    said: list[Said] = []
    for start in range(0, len(sums), AT_ONCE):
        some = sums[start : start + AT_ONCE]
        for md5, post in booru.posts(some).items():
            one = sent[md5]
            change = changes(one.words, one.before, general(post))
            for image in one.images:
                why = f"changed in post {int(post['id'])}"
                said += [about_tag(image, tag, "remove", why) for tag in sorted(change.removed)]
                said += [about_tag(image, tag, "add", why) for tag in sorted(change.added)]
    return said
