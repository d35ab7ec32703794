"""A hub on this machine: answers the requests that huggingface_hub makes for a model repo's files."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager

from served import Answering, served

COMMIT = "c0ffee" * 6 + "abcd"  # 40 hex digits


class Hub(Answering):
    """`repos`: repo -> path -> content. The first `cuts` downloads break off halfway."""

    repos: dict[str, dict[str, bytes]] = {}
    cuts = 0
    ranges: list[str] = []  # Range headers that were sent

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path = self.path.partition("?")[0]
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/[^/]+)?", path):
            self._info(found[1])
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path):
            self._file(self.repos.get(found[1], {}).get(found[2]), body)
        else:
            self.send_error(404)

    def _info(self, repo: str) -> None:
        siblings = [
            {"rfilename": path, "size": len(data), "blobId": "0" * 40} | self._lfs(path, data)
            for path, data in self.repos[repo].items()
        ]
        self.json({"id": repo, "modelId": repo, "sha": COMMIT, "siblings": siblings})

    @staticmethod
    def _lfs(path: str, data: bytes) -> dict:
        if not path.endswith(".onnx"):
            return {}
        return {"lfs": {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 100}}

    def _file(self, data: bytes | None, body: bool) -> None:
        if data is None:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        if body and (wanted := self.headers.get("Range")):
            type(self).ranges.append(wanted)
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("Content-Length", str(len(data) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.end_headers()
        if body and type(self).cuts:
            type(self).cuts -= 1
            self.wfile.write(data[start : len(data) // 2])
            self.close_connection = True
        elif body:
            self.wfile.write(data[start:])


@contextmanager
def serving(repos: dict[str, dict[str, bytes]], cuts: int = 0) -> Iterator[tuple[str, type[Hub]]]:
    """Serve `repos` on a free port; yields the endpoint and the handler, which counts."""
    handler = type("ServedHub", (Hub,), {"repos": repos, "cuts": cuts, "ranges": []})
    with served(handler) as address:
        yield address, handler
