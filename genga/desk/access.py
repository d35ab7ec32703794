"""Who may speak to the desk, and what a browser may do with what it says.

The address has a token, which becomes a cookie. Requests must name this host, so that no name of somebody else's leads
here; those that change something must come from a page of the desk's own. A page may run the desk's own scripts and
nothing else: no inline script or style, no other host, no frame.
"""

import hmac
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.responses import PlainTextResponse, RedirectResponse, Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN = "token"  # in the address
HEADER = "x-genga-desk"  # of requests that change something: the token again, which no other page knows
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
LOOPBACK = ("127.0.0.1", "localhost", "::1")
READING = ("GET", "HEAD")


class Guard:
    """Stands before the app. hosts: names that requests may have for this machine. read_only: nothing is changed.

    Where it listens on all addresses, a request may have any address for it, but no other name.
    """

    def __init__(self, app: App, token: str, hosts: Collection[str], port: int, read_only: bool = False) -> None:
        self._app, self._token, self._hosts, self._port = app, token, {*hosts}, port
        self._read_only = read_only
        self._open = not {"0.0.0.0", "::"}.isdisjoint(hosts)  # to all addresses; no name can be one of these
        self._answering, self._answered = 0, time.monotonic() - 60.0

    def quiet(self) -> float:
        """Return for how many s nobody has asked for anything."""
        return 0.0 if self._answering else time.monotonic() - self._answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer = self._answer(scope, headers)

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                known = {name for name, _ in message["headers"]}
                own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message["headers"], *(pair for pair in own if pair[0] not in known)]
            await send(message)

        self._answering += 1
        try:
            await (answer or self._app)(scope, receive, send_with_headers)
        finally:
            self._answering, self._answered = self._answering - 1, time.monotonic()

    def _answer(self, scope: Scope, headers: dict[str, str]) -> Response | None:
        """What is answered in place of the app; None: the app may."""
        if not self._is_here(headers.get("host", "")):
            return _refused("this address is not the desk's; open the one that genga review printed", 421)
        said = parse_qs(scope["query_string"].decode("latin-1")).get(TOKEN)
        if said is not None:
            if not self._is_token(said[0]):
                return _refused("the token in the address is wrong; open the address that genga review printed", 403)
            return self._with_cookie(scope["path"])
        if not self._is_token(self._cookie(headers.get("cookie", ""))):
            return _refused("no token; open the address that genga review printed", 403)
        if scope["method"] in READING:
            return None
        if self._read_only:
            return _refused("this desk is read-only", 403)
        if not self._is_token(headers.get(HEADER, "")) or not self._is_own(headers.get("origin")):
            return _refused("this request came from no page of the desk; reload the page", 403)
        return None

    def _is_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self._token.encode())

    def _is_here(self, host: str) -> bool:
        try:
            parts = urlsplit(f"//{host}")
            named = parts.hostname in self._hosts or self._open and bool(ip_address(parts.hostname or ""))
            return named and (parts.port or 80) == self._port
        except ValueError:
            return False

    def _is_own(self, origin: str | None) -> bool:
        return origin is None or self._is_here(origin.removeprefix("http://"))

    @property
    def _name(self) -> str:
        return f"genga-desk-{self._port}"  # cookies do not tell ports apart: two desks have two

    def _cookie(self, text: str) -> str:
        try:
            found = SimpleCookie(text).get(self._name)
        except CookieError:
            return ""
        return found.value if found else ""

    def _with_cookie(self, path: str) -> Response:
        there = path if path.startswith("/") and not path.startswith("//") else "/"
        response = RedirectResponse(there, 303)
        response.set_cookie(self._name, self._token, httponly=True, samesite="strict", path="/")
        return response


def _refused(why: str, status: int) -> Response:
    return PlainTextResponse(f"genga review: {why}\n", status)
