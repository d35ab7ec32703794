"""HTTP to one server by one connection that is kept: a request that finds it closed is sent once more, no other is.

So whatever is asked by it has to be such that twice does no harm.
"""

import socket
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from genga.errors import GengaError

TIMEOUT = 120.0  # s without a byte; a busy database takes its time


class Answer(NamedTuple):
    status: int
    data: bytes


class AwayError(GengaError):
    """Nobody answers, or no longer."""


class Wire:
    """A connection to a server. Use as a context manager."""

    def __init__(self, url: str, what: str, example: str, away: str) -> None:
        """what: of which this is an address, for messages. away: what to say, and to do, if nobody answers."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise GengaError(f"{url}: is no address of {what}, as {example}")
        self.url, self._away = url.rstrip("/"), away
        self._before = parts.path.rstrip("/")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def request(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Return what the server answers. Raises AwayError, in one line, if nobody does."""
        for last in (False, True):
            try:
                self._connection.request(method, self._before + path, body, dict(headers))
                answer = self._connection.getresponse()
                return Answer(answer.status, answer.read())
            except (OSError, HTTPException) as error:
                self._connection.close()
                if last or isinstance(error, ConnectionRefusedError | socket.gaierror | TimeoutError):
                    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
                    raise AwayError(self._away.format(url=self.url, why=why)) from error
        raise AssertionError("unreachable")
