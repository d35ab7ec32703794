"""Files and JSON by HTTP, politely: so many requests a second, again after a 429 or 5xx, never a page for a file."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

from genga.errors import GengaError
from genga.params.sources import Web
from genga.store.files import replacing

_PIECE = 1 << 18  # bytes
_TIMEOUT = 30.0  # s without a byte
_PAUSE = 1.0  # s before the second time, doubled for each further one
_LONGEST = 300.0  # s that a site may ask to wait


@dataclass
class Polite:
    """Requests of one source, one after another. sleep, now: of the clock, for tests."""

    limits: Web
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic
    _last: float = field(default=-1e9, init=False)

    def json(self, url: str, called: str) -> Any:
        """Return the JSON at an address. called: what messages call it, for addresses hold keys. Raises GengaError."""
        data = self._asked(url, called, lambda answer: answer.read())
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            words = " ".join(data[:80].decode("utf-8", "replace").split())[:40]
            raise GengaError(f"{called}: is not JSON ({words!r}); is it the endpoint of an API?") from error

    def file(self, url: str, to: Path) -> None:
        """Write what is at an address to `to`, whole or not at all. Raises GengaError."""

        def write(answer: Any) -> None:
            length, came = answer.headers.get("Content-Length"), 0
            with replacing(to, lasting=False) as temporary:
                with temporary.open("wb") as out:
                    while piece := answer.read(_PIECE):
                        out.write(piece)
                        came += len(piece)
                if length is not None and length.isdecimal() and came != int(length):
                    raise HTTPException(f"{came} of {length} bytes came")

        self._asked(url, url, write)

    def _asked(self, url: str, called: str, use: Callable[[Any], Any]) -> Any:
        """Ask, and ask again after what passes."""
        why = ""
        for again in range(self.limits.retries + 1):
            self._wait()
            request = urllib.request.Request(url, headers={"User-Agent": self.limits.user_agent})
            pause = min(_LONGEST, _PAUSE * 2**again)
            try:
                with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
                    return use(answer)
            except urllib.error.HTTPError as error:
                why = f"{error.code} {error.reason}"
                if error.code != 429 and error.code < 500:
                    raise GengaError(f"{called}: {why}{_ways_out(error.code)}") from error
                pause = max(pause, _asked_to_wait(error.headers.get("Retry-After")))
            except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
                why = str(getattr(error, "reason", error))
            if again < self.limits.retries:
                self.sleep(pause)
        raise GengaError(f"{called}: {why}, asked {self.limits.retries + 1} times; try later")

    def _wait(self) -> None:
        left = self._last + 1 / self.limits.rate - self.now()
        if left > 0:
            self.sleep(left)
        self._last = self.now()


def _ways_out(code: int) -> str:
    return "; is the key right?" if code in (401, 403) else ""


def _asked_to_wait(said: str | None) -> float:
    """Seconds of a Retry-After, which may be a date; 0 for none."""
    if not said:
        return 0.0
    if said.strip().isdecimal():
        return min(_LONGEST, float(said))
    try:
        return min(_LONGEST, max(0.0, parsedate_to_datetime(said).timestamp() - time.time()))
    except (TypeError, ValueError):
        return 0.0
