"""Pictures like no other, and sites on this machine that have them, as they answer and as they fail.

One answers as Danbooru does, one has a JSON API as Tenor's.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image
from served import Answering
from served import served as serving

Answer = tuple[int, str, bytes]  # status, type, body

HTML: Answer = (200, "text/html", b"<!DOCTYPE html><html><body>Just a moment...</body></html>")


def picture(seed: int, size: tuple[int, int] = (96, 64)) -> Image.Image:
    """A picture like no other: blocks of colours."""
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST)


@dataclass
class Site:
    """`files`: path -> body. `posts`: what a search answers. `troubles`: path -> answers given before the right one."""

    root: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    posts: list[dict] = field(default_factory=list)
    troubles: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # paths with queries, in order
    agents: set[str] = field(default_factory=set)

    def answer(self, target: str) -> Answer:
        split = urlsplit(target)
        if waiting := self.troubles.get(split.path):
            return waiting.pop(0)
        query = {key: values[0] for key, values in parse_qs(split.query).items()}
        if split.path == "/posts.json":
            page, limit = int(query.get("page", "1")), int(query.get("limit", "20"))
            return 200, "application/json", json.dumps(self.posts[(page - 1) * limit : page * limit]).encode()
        if split.path == "/v2/search":
            start, limit = int(query.get("pos", "0")), int(query["limit"])
            more = {"next": str(start + limit)} if start + limit < len(self.posts) else {}
            found = {"results": self.posts[start : start + limit], **more}
            return 200, "application/json", json.dumps(found).encode()
        if split.path in self.files:
            ending = split.path.rpartition(".")[2]
            kind = {"mp4": "video/mp4", "gif": "image/gif", "png": "image/png", "jpg": "image/jpeg"}[ending]
            return 200, kind, self.files[split.path]
        return 404, "text/plain", b"not here"


@contextmanager
def served() -> Iterator[Site]:
    """A site that answers until the block ends."""
    site = Site()

    class Handler(Answering):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            site.asked.append(self.path)
            site.agents.add(self.headers.get("User-Agent", ""))
            status, kind, body = site.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 429:
                self.send_header("Retry-After", "0")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

    with serving(Handler) as site.root:
        yield site
