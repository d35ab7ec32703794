"""A server of Danbooru's kind on this machine: posts by md5, and their tags, as its JSON has them."""

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LOGIN, KEY = "hana", "a key"


class Handler(BaseHTTPRequestHandler):
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
        self._json([self._post(md5) for md5 in wanted if md5 in self.posts])

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
        self._raw(b"", 204)

    def _post(self, md5: str) -> dict[str, Any]:
        general = sorted(self.posts[md5])
        return {"id": [*self.posts].index(md5), "md5": md5, "tag_string": " ".join(sorted({*general, *self.others})),
                "tag_string_general": " ".join(general)}  # fmt: skip

    def _allowed(self) -> bool:
        said = base64.b64encode(f"{LOGIN}:{KEY}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {said}":
            return True
        self._json({"success": False, "error": "AuthenticationFailure", "message": "Invalid API key"}, 401)
        return False

    def _json(self, value: Any, status: int = 200) -> None:
        self._raw(json.dumps(value).encode(), status)

    def _raw(self, data: bytes, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(posts: dict[str, set[str]], others: set[str]) -> Iterator[tuple[str, type[Handler]]]:
    """Serve on a free port; yields the address and the handler, which has the posts."""
    handler = type("Served", (Handler,), {"posts": posts, "others": others, "meanwhile": set(), "changed": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
