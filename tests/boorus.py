"""A server of Danbooru's kind on this machine: posts by md5, and their tags, as its JSON has them."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from served import Answering, served

LOGIN, KEY = "hana", "a key"


class Handler(Answering):
    """`posts`: md5 -> general tags. `others`: of other categories. `meanwhile`: what others add before a change."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    posts: dict[str, set[str]] = {}
    others: set[str] = set()
    meanwhile: set[str] = set()
    changed = 0
    away_after: int | None = None  # changes

    def do_GET(self) -> None:
        if not self._allowed():
            return
        wanted = parse_qs(urlsplit(self.path).query)["tags"][0].removeprefix("md5:").split(",")
        self.json([self._post(md5) for md5 in wanted if md5 in self.posts])

    def do_PUT(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["post"]
        if type(self).away_after == type(self).changed:
            self.close_connection = True
            self.connection.close()
            return
        if not self._allowed() or (found := re.fullmatch(r"/posts/(\d+)\.json", self.path)) is None:
            return
        tags = self.posts[[*self.posts][int(found[1])]]
        tags |= self.meanwhile
        old, new = {*said["old_tag_string"].split()}, {*said["tag_string"].split()}
        tags |= (new - old) - self.others  # as Danbooru merges: what the sender changed, onto what is there
        tags -= old - new
        type(self).changed += 1
        self.raw(b"", 204)

    def _post(self, md5: str) -> dict[str, Any]:
        general = sorted(self.posts[md5])
        return {"id": [*self.posts].index(md5), "md5": md5, "tag_string": " ".join(sorted({*general, *self.others})),
                "tag_string_general": " ".join(general)}  # fmt: skip

    def _allowed(self) -> bool:
        said = base64.b64encode(f"{LOGIN}:{KEY}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {said}":
            return True
        self.json({"success": False, "error": "AuthenticationFailure", "message": "Invalid API key"}, 401)
        return False


@contextmanager
def serving(posts: dict[str, set[str]], others: set[str]) -> Iterator[tuple[str, type[Handler]]]:
    """Serve on a free port; yields the address and the handler, which has the posts."""
    handler = type("Served", (Handler,), {"posts": posts, "others": others, "meanwhile": set(), "changed": 0})
    with served(handler) as address:
        yield address, handler
