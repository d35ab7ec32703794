"""A hub on this machine that takes uploads: answers what huggingface_hub asks to make a repo and to commit files.

As the hub's own API has it: small files travel in the commit itself, large ones by LFS before it.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from served import Answering, served

TOKEN = "hf_ours"
LARGE = (".parquet", ".tar", ".safetensors")
_KINDS = {"datasets/": "dataset", "": "model"}


class Hub(Answering):
    """`repos`: (kind, repo) -> path -> content. `cuts`: commits that break off."""

    protocol_version = "HTTP/1.1"
    repos: dict[tuple[str, str], dict[str, bytes]] = {}
    private: dict[tuple[str, str], bool] = {}
    stored: dict[str, bytes] = {}  # by sha256
    sent: list[str] = []  # sha256 of what came by LFS
    cuts = 0

    def do_GET(self) -> None:
        if found := re.fullmatch(r"/api/(datasets|models)/([^/]+/[^/?]+)(?:/revision/[^?]+)?(?:\?.*)?", self.path):
            kind, repo = found[1].rstrip("s"), found[2]
            if (kind, repo) in self.repos:
                return self.json({"id": repo, "sha": "0" * 40, "siblings": [], "private": True})
        self.json({"error": "not found"}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.json({"error": "Invalid user token"}, 401)
        if self.path == "/api/repos/create":
            said = json.loads(body)
            key = (said.get("type", "model"), f"{said['organization']}/{said['name']}")
            there = key in self.repos
            self.repos.setdefault(key, {})
            self.private.setdefault(key, bool(said.get("private") or said.get("visibility") == "private"))
            return self.json({"url": f"{self._here}/{key[1]}", "id": key[1]}, 409 if there else 200)
        if found := re.fullmatch(r"/api/(datasets|models)/([^/]+/[^/]+)/preupload/main", self.path):
            files = json.loads(body)["files"]
            modes = [
                {"path": one["path"], "uploadMode": "lfs" if one["path"].endswith(LARGE) else "regular",
                 "shouldIgnore": False, "oid": None}
                for one in files
            ]  # fmt: skip
            return self.json({"files": modes})
        if re.fullmatch(r"/(?:datasets/)?[^/]+/[^/]+\.git/info/lfs/objects/batch", self.path):
            return self.json({"transfer": "basic", "objects": [*map(self._object, json.loads(body)["objects"])]})
        if found := re.fullmatch(r"/api/(datasets|models)/([^/]+/[^/]+)/commit/main", self.path):
            return self._commit((found[1].rstrip("s"), found[2]), body)
        if self.path == "/api/validate-yaml":
            return self.json({"errors": [], "warnings": []})
        if self.path == "/verify":
            return self.json({})
        self.json({"error": f"no such route {self.path}"}, 404)

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        sha256 = self.path.rpartition("/")[2]
        if hashlib.sha256(data).hexdigest() != sha256:
            return self.json({"error": "another content"}, 400)
        self.stored[sha256] = data
        self.sent.append(sha256)
        self.json({})

    def _object(self, of: dict[str, Any]) -> dict[str, Any]:
        told = {"oid": of["oid"], "size": of["size"]}
        if of["oid"] in self.stored:
            return told  # nothing to do
        upload = {"href": f"{self._here}/lfs/{of['oid']}"}
        return {**told, "actions": {"upload": upload, "verify": {"href": f"{self._here}/verify"}}}

    def _commit(self, repo: tuple[str, str], body: bytes) -> None:
        if type(self).cuts:
            type(self).cuts -= 1
            self.close_connection = True
            self.connection.close()
            return
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                self.repos[repo][value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.repos[repo][value["path"]] = self.stored[value["oid"]]
        self.json({"commitUrl": f"{self._here}/{repo[1]}/commit/1", "commitOid": "1" * 40, "pullRequestUrl": None})

    @property
    def _here(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@contextmanager
def serving(cuts: int = 0) -> Iterator[tuple[str, type[Hub]]]:
    """Serve on a free port; yields the endpoint and the handler, which has what came."""
    fresh = {"repos": {}, "private": {}, "stored": {}, "sent": [], "cuts": cuts}
    handler = type("ServedHub", (Hub,), fresh)
    with served(handler) as address:
        yield address, handler
