"""A server of Danbooru's kind on this machine: posts by md5, their tags, and uploads, as its JSON has them.

Its answers are those that Danbooru's source gives (app/controllers/uploads_controller.rb, posts_controller.rb, 2026).
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from served import Answering, served

LOGIN, KEY = "hana", "a key"


class Handler(Answering):
    """`posts`: md5 -> general tags. `others`: of other categories. `meanwhile`: what others add before a change.

    `said`: md5 -> what else a post has, as score or is_deleted. `refuses`: md5 of what it takes for no picture. `busy`:
    how many requests are to wait.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    posts: dict[str, set[str]] = {}
    others: set[str] = set()
    meanwhile: set[str] = set()
    changed = 0
    away_after: int | None = None  # changes
    said: dict[str, dict[str, Any]] = {}
    refuses: set[str] = set()
    busy = 0
    uploads: list[str] = []  # md5 of each

    def do_GET(self) -> None:
        if not self._allowed():
            return
        if found := re.fullmatch(r"/uploads/(\d+)\.json", self.path):
            self.json(self._upload(int(found[1]), "completed"))
            return
        wanted = parse_qs(urlsplit(self.path).query)["tags"][0].removeprefix("md5:").split(",")
        self.json([self._post(md5) for md5 in wanted if md5 in self.posts])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._allowed():
            return
        if type(self).busy:
            type(self).busy -= 1
            self.json({"success": False, "error": "RateLimiter::RateLimitError", "message": "Too fast."}, 429)
        elif self.path == "/uploads.json":
            mark = self.headers["Content-Type"].partition("boundary=")[2].encode()
            head, _, rest = body.partition(b"\r\n\r\n")
            assert head.startswith(b"--" + mark) and b'name="upload[files][0]"; filename=' in head
            self.uploads.append(hashlib.md5(rest.removesuffix(b"\r\n--" + mark + b"--\r\n")).hexdigest())
            self.json(self._upload(len(self.uploads) - 1, "processing"), 201)
        else:
            self._new_post(json.loads(body))

    def _upload(self, number: int, status: str) -> dict[str, Any]:
        md5 = self.uploads[number]
        failed = md5 in self.refuses and status == "completed"
        known = {"md5": md5, "post": self._post(md5) if md5 in self.posts else None}
        asset = {"id": number, "status": "active", "error": None, "media_asset": known}
        done = [asset] if status == "completed" and not failed else []
        error = "File is not an image or video" if failed else None
        return {"id": number, "status": "error" if failed else status, "error": error, "upload_media_assets": done}

    def _new_post(self, said: dict[str, Any]) -> None:
        md5, post = self.uploads[said["upload_media_asset_id"]], said["post"]
        if post["rating"] not in ("g", "s", "q", "e"):
            self.json({"errors": {"rating": ["not selected"]}}, 422)
            return
        self.posts[md5] = {*post["tag_string"].split()}
        self.said.setdefault(md5, {})["rating"] = post["rating"]
        self.json(self._post(md5), 201)

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
                "tag_string_general": " ".join(general), "rating": "s", "score": 0, "is_deleted": False,
                **self.said.get(md5, {})}  # fmt: skip

    def _allowed(self) -> bool:
        said = base64.b64encode(f"{LOGIN}:{KEY}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {said}":
            return True
        self.json({"success": False, "error": "AuthenticationFailure", "message": "Invalid API key"}, 401)
        return False


@contextmanager
def serving(posts: dict[str, set[str]], others: set[str]) -> Iterator[tuple[str, type[Handler]]]:
    """Serve on a free port; yields the address and the handler, which has the posts."""
    own = {"posts": posts, "others": others, "meanwhile": set(), "said": {}, "refuses": set(), "uploads": []}
    handler = type("Served", (Handler,), {**own, "changed": 0, "busy": 0})
    with served(handler) as address:
        yield address, handler
