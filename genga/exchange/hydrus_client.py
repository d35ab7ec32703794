"""Talk to a Hydrus client by its Client API: a thin client of HTTP and JSON, one connection, each request once more.

https://hydrusnetwork.github.io/hydrus/developer_api.html. Every request here may be sent twice without harm. What an
answer has besides what is asked for is passed over.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from genga.errors import GengaError
from genga.exchange.wire import Wire

URL = "http://127.0.0.1:45869"  # where a client answers if nobody told it otherwise
LEAST, LEAST_CLIENT = 48, 534  # versions of API and client from which on ratings can be set
AT_ONCE = 200  # files that are asked about together: older clients take lines of 16 KiB
_AWAY = "{url}: no Hydrus client answers ({why}); start it, with its Client API on"
KEY_HEADER = "Hydrus-Client-API-Access-Key"
# What a key must permit, by number: https://hydrusnetwork.github.io/hydrus/developer_api.html#request_new_permissions
FILES, TAGS, SEARCH, RATINGS = 1, 2, 3, 9
_CALLED = {FILES: "import files", TAGS: "edit file tags", SEARCH: "search for files", RATINGS: "edit file ratings"}
LOCAL_TAGS, REPOSITORY = 5, 0  # types of services
STARS, LIKE = 6, 7
TAKEN, THERE, DELETED = 1, 2, 3  # what becomes of a file that is sent; anything else is a failure


class Service(NamedTuple):
    """A service of a client."""

    key: str
    name: str
    type: int
    most: int = 0  # stars


class Client(Wire):
    """A connection to a client. All that fails is a GengaError of one line, AwayError if nobody answers."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url, "a Client API", URL, _AWAY)
        if not key:
            raise GengaError(
                "no access key is set: HYDRUS_ACCESS_KEY, 64 hex digits (services > review services there)"
            )
        if len(key) != 64 or set(key.lower()) - set("0123456789abcdef"):
            raise GengaError("the access key is none: HYDRUS_ACCESS_KEY must be 64 hex digits, as the client shows it")
        self._key = key

    def check(self, permissions: Collection[int]) -> str:
        """Return the client's version in words. Raises GengaError if it is too old, or the key does not permit all."""
        said = self._get("/api_version", {})
        api, client = said.get("version"), said.get("hydrus_version")
        if not isinstance(api, int):
            raise GengaError(f"{self.url}: is no Hydrus client (its answer has no version); name the right address")
        if api < LEAST:
            raise GengaError(
                f"{self.url}: Client API {api} of Hydrus {client} is too old; {LEAST} is needed, of Hydrus "
                f"{LEAST_CLIENT}: update the client"
            )
        allowed = self._get("/verify_access_key", {})
        if not allowed.get("permits_everything"):
            lacking = [_CALLED[one] for one in sorted(permissions) if one not in allowed.get("basic_permissions", ())]
            if lacking:
                raise GengaError(f"{self.url}: the access key does not permit: {', '.join(lacking)}; allow it there")
        return f"Hydrus {client}, Client API {api}"

    def service(self, name: str, types: Collection[int]) -> Service:
        """Return a service by name or key. Raises GengaError that names those there are."""
        known = [
            Service(key, of["name"], of["type"], int(of.get("max_stars") or 0))
            for key, of in self._get("/get_services", {})["services"].items()
            if of["type"] in types
        ]
        for service in known:
            if name in (service.key, service.name):
                return service
        there = ", ".join(sorted(repr(service.name) for service in known)) or "none"
        raise GengaError(f"{self.url}: no service {name!r} of that kind (there: {there}); name one, or make it there")

    def files(self, hashes: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return what is known of files, by sha256; those never seen are not in it."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(hashes), AT_ONCE):
            some = json.dumps(hashes[start : start + AT_ONCE], separators=(",", ":"))
            said = self._get("/get_files/file_metadata", {"hashes": some, "include_services_object": "false"})
            found |= {one["hash"]: one for one in said["metadata"] if one.get("file_id") is not None}
        return found

    def add_file(self, data: bytes) -> tuple[int, str]:
        """Send a file; return what became of it, and a note."""
        said = self._sent("POST", "/add_files/add_file", data, "application/octet-stream")
        return int(said["status"]), str(said.get("note", ""))

    def change_tags(self, sha256: str, service: Service, add: Iterable[str], remove: Iterable[str]) -> None:
        """Add tags to a file, and take others off it."""
        adds, removes = ("2", "4") if service.type == REPOSITORY else ("0", "1")
        actions = {kind: sorted(tags) for kind, tags in ((adds, {*add}), (removes, {*remove})) if tags}
        if actions:
            self._post(
                "/add_tags/add_tags", {"hash": sha256, "service_keys_to_actions_to_tags": {service.key: actions}}
            )

    def rate(self, sha256: str, service: Service, rating: int | bool) -> None:
        """Set a file's rating."""
        self._post("/edit_ratings/set_rating", {"hash": sha256, "rating_service_key": service.key, "rating": rating})

    def _get(self, path: str, query: Mapping[str, str]) -> Any:
        asked = urlencode(query, quote_via=quote)
        return self._sent("GET", f"{path}?{asked}" if asked else path, None, None)

    def _post(self, path: str, value: Any) -> Any:
        return self._sent("POST", path, json.dumps(value).encode(), "application/json")

    def _sent(self, method: str, path: str, body: bytes | None, kind: str | None) -> Any:
        headers = {KEY_HEADER: self._key, **({"Content-Type": kind} if kind else {})}
        answer = self.request(method, path, body, headers)
        try:
            said = json.loads(answer.data) if answer.data else {}
        except ValueError:
            said = {"error": "its answer is no JSON"}
        if not isinstance(said, dict):
            said = {"error": "its answer is no JSON object"}
        if answer.status in (401, 403, 419):
            raise GengaError(f"{self.url}: the access key is not accepted ({said.get('error')}); see HYDRUS_ACCESS_KEY")
        if answer.status != 200 or "error" in said:
            why = " ".join(str(said.get("error", "")).split())[:200]
            where = f"{self.url}{path.partition('?')[0]}"
            raise GengaError(f"{where}: answers {answer.status} ({why}); see the client's log")
        return said
