"""A stand-in for a Hydrus client on this machine: its Client API as documented, as far as genga speaks it.

https://hydrusnetwork.github.io/hydrus/developer_api.html; answers, statuses and messages are those that Hydrus 682
(Client API 95) gave, asked by hand. Files are kept by sha256 with what the API tells of them, not their bytes.
"""

import hashlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY, READER = "ab" * 32, "cd" * 32  # of everything, of tags alone
MY_TAGS, GENGA, REPOSITORY = "6c6f63616c2074616773", "0a" * 32, "0b" * 32
STARS, LIKE = "57" * 32, "1b" * 32
SERVICES: dict[str, dict[str, Any]] = {
    MY_TAGS: {"name": "my tags", "type": 5, "type_pretty": "local tag domain"},
    GENGA: {"name": "genga", "type": 5, "type_pretty": "local tag domain"},
    REPOSITORY: {"name": "public", "type": 0, "type_pretty": "hydrus tag repository"},
    STARS: {"name": "tier", "type": 6, "type_pretty": "local numerical rating service", "min_stars": 0, "max_stars": 5},
    LIKE: {"name": "like", "type": 7, "type_pretty": "local like/dislike rating service"},
}
PERMITS = {KEY: None, READER: [2]}  # None: everything
_NEEDED = {"/get_files/file_metadata": (3, "search for and fetch files"),
           "/add_files/add_file": (1, "import and delete files"),
           "/edit_ratings/set_rating": (9, "edit ratings"), "/add_tags/add_tags": (2, "edit file tags")}  # fmt: skip


@dataclass
class File:
    """What a client has of a file."""

    number: int
    inbox: bool = True
    deleted: bool = False
    tags: dict[str, dict[str, set[str]]] = field(default_factory=dict)  # service -> status -> tags
    ratings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Shelf:
    """A client: its files, how often it was asked, and when it goes away."""

    api: int = 95
    client: int = 682
    files: dict[str, File] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)  # path -> requests
    away_after: int | None = None  # requests after which it is gone
    refuses: set[str] = field(default_factory=set)  # sha256 of what it takes for no picture

    def file(self, sha256: str) -> File:
        return self.files.setdefault(sha256, File(len(self.files) + 1))

    def tags(self, sha256: str, service: str = GENGA) -> set[str]:
        return self.files[sha256].tags.get(service, {}).get("0", set())

    def edit(self, sha256: str, add: tuple[str, ...] = (), remove: tuple[str, ...] = (), service: str = GENGA) -> None:
        """What a person does in the client."""
        stored = self.file(sha256).tags.setdefault(service, {})
        for kind, other, tags in (("0", "2", add), ("2", "0", remove)):
            for tag in filter(None, map(clean, tags)):
                stored.setdefault(kind, set()).add(tag)
                stored.get(other, set()).discard(tag)


def clean(tag: str) -> str:
    """A tag as the client keeps it."""
    tag = tag[:1024].lower()
    tag = f":{tag}" if tag.startswith(":") and tag.count(":") == 1 and len(tag) > 1 else tag
    if ":" not in tag:
        return _plain(tag)
    first, colon, rest = _plain(tag).partition(":")
    if not colon:
        return first
    first, rest = _plain(first), _plain(rest)
    if not rest:
        return ""
    return f"{first}:{rest}" if first or ":" in rest else rest


def _plain(text: str) -> str:
    text = re.sub(r"\s+", " ", "".join(letter for letter in text if letter >= " " and letter != "\x7f")).strip()
    while text.startswith(("-", "system:")):
        text = text.removeprefix("-") if text.startswith("-") else text.removeprefix("system:")
    return text.strip()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else an answer of two packets waits 40 ms for the first one's receipt
    shelf: Shelf

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self._answer(parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}, b"")

    def do_POST(self) -> None:
        self._answer(self.path, {}, self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _answer(self, path: str, query: dict[str, str], body: bytes) -> None:
        shelf = self.shelf
        if shelf.away_after is not None and sum(shelf.asked.values()) >= shelf.away_after:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        shelf.asked[path] = shelf.asked.get(path, 0) + 1
        if path == "/api_version":
            return self._json({})
        key = self.headers.get("Hydrus-Client-API-Access-Key")
        if key is None:
            return self._error(401, "No access key or session key provided!", "MissingCredentialsException")
        if key not in PERMITS:
            return self._error(403, "Did not find an entry for that access key!", "InsufficientCredentialsException")
        needed, named = _NEEDED.get(path, (None, ""))
        allowed = PERMITS[key]
        if needed is not None and allowed is not None and needed not in allowed:
            return self._error(403, f"You do not have permission to: {named}", "InsufficientCredentialsException")
        route = {
            "/verify_access_key": lambda: self._json(
                {"permits_everything": allowed is None, "basic_permissions": allowed or [*range(14)]}
            ),
            "/get_services": lambda: self._json({"services": SERVICES}),
            "/get_files/file_metadata": lambda: self._metadata(json.loads(query["hashes"])),
            "/add_files/add_file": lambda: self._add_file(body),
            "/add_tags/add_tags": lambda: self._add_tags(json.loads(body)),
            "/edit_ratings/set_rating": lambda: self._rate(json.loads(body)),
        }.get(path)  # fmt: skip
        return self._raw(b"<html>No Such Resource</html>", 404, "text/html") if route is None else route()

    def _metadata(self, hashes: list[str]) -> None:
        self._json({"metadata": [self._told(sha256, self.shelf.files.get(sha256)) for sha256 in hashes]})

    def _told(self, sha256: str, file: File | None) -> dict[str, Any]:
        if file is None:
            return {"file_id": None, "hash": sha256}
        tags = {
            service: {"storage_tags": {kind: sorted(of) for kind, of in file.tags.get(service, {}).items() if of},
                      "display_tags": {}}
            for service, about in SERVICES.items() if about["type"] in (0, 5)
        }  # fmt: skip
        ratings = {service: file.ratings.get(service) for service in (STARS, LIKE)}
        return {"file_id": file.number, "hash": sha256, "is_inbox": file.inbox, "is_local": True,
                "is_trashed": file.deleted, "is_deleted": file.deleted, "tags": tags, "ratings": ratings}  # fmt: skip

    def _add_file(self, data: bytes) -> None:
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 in self.shelf.refuses or not data.startswith(b"\x89PNG"):
            return self._json({"status": 4, "hash": sha256, "note": "Unknown filetype!", "traceback": "…"})
        known = self.shelf.files.get(sha256)
        status = 1 if known is None else 3 if known.deleted else 2
        self.shelf.file(sha256)
        self._json({"status": status, "hash": sha256, "note": ""})

    def _add_tags(self, said: dict[str, Any]) -> None:
        for service, actions in said["service_keys_to_actions_to_tags"].items():
            if SERVICES.get(service, {}).get("type") not in (0, 5):
                return self._error(400, f'Could not find the tag service "{service}"!', "BadRequestException")
            for action, tags in actions.items():
                gets, loses = {"0": ("0", "2"), "1": ("2", "0"), "2": ("1", "3"), "4": ("3", "1")}[action]
                for sha256 in said.get("hashes", [said.get("hash")]):
                    stored = self.shelf.file(sha256).tags.setdefault(service, {})
                    cleaned = {form for tag in tags if (form := clean(tag))}
                    stored.setdefault(gets, set()).update(cleaned)
                    stored.get(loses, set()).difference_update(cleaned)
        self._raw(b"", 200, None)

    def _rate(self, said: dict[str, Any]) -> None:
        service = said["rating_service_key"]
        if service not in (STARS, LIKE):
            return self._error(400, "That is not a rating service!", "BadRequestException")
        self.shelf.files[said["hash"]].ratings[service] = said["rating"]
        self._raw(b"", 200, None)

    def _error(self, status: int, error: str, kind: str) -> None:
        self._json({"error": error, "exception_type": kind, "status_code": status}, status)

    def _json(self, value: dict[str, Any], status: int = 200) -> None:
        told = {**value, "version": self.shelf.api, "hydrus_version": self.shelf.client}
        self._raw(json.dumps(told).encode(), status, "application/json")

    def _raw(self, data: bytes, status: int, kind: str | None) -> None:
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(shelf: Shelf) -> Iterator[str]:
    """Serve a client on a free port of this machine; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Served", (Handler,), {"shelf": shelf}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
