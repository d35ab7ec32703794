"""Ask a server on this machine what images show, as OpenAI's chat completions are asked: the image as a data URL.

vLLM, llama.cpp, LM Studio, Ollama and others answer so. Where it says 429 or 5xx, or nobody answers, it is asked again,
after as long as it says (`Retry-After`), else after 1, 2, 4, … s, up to a minute.
"""

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from genga.errors import GengaError
from genga.images.codec import encode
from genga.images.image import Image
from genga.params.models import CaptionContract

_LONGEST = 60.0  # s between two questions
_BUSY = 429

Failure = tuple[str, float | None]  # what went wrong, and after how many s to ask again; None: not said


class Server:
    """A captioner that is asked over HTTP."""

    def __init__(self, contract: CaptionContract, wait: Callable[[float], None] = time.sleep) -> None:
        """wait: for so many s."""
        self._contract, self._wait = contract, wait
        self._url = f"{str(contract.server).rstrip('/')}/chat/completions"
        # None of the proxies that the environment may name: images stay on this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._pool = ThreadPoolExecutor(contract.batch, "captioner")

    def __call__(self, images: Sequence[Image]) -> list[str]:
        """Return what is said of each image. Raises GengaError for a server that does not answer, or something else."""
        return list(self._pool.map(self._said, images))

    def _said(self, image: Image) -> str:
        body = json.dumps(_question(image, self._contract)).encode()
        for pause in self._pauses():
            failed = self._asked(body)
            if isinstance(failed, str):
                return failed
            why, after = failed
            if pause is None:
                break
            self._wait(min(after if after is not None else pause, _LONGEST))
        raise GengaError(
            f"{self._url}: {why}, {self._contract.retries + 1} times (role caption); start the server, and run again: "
            "what was answered is kept"
        )

    def _pauses(self) -> Iterator[float | None]:
        """How long to wait after each question; None after the last."""
        yield from (2.0**number for number in range(self._contract.retries))
        yield None

    def _asked(self, body: bytes) -> str | Failure:
        """An answer, or why there is none yet."""
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
        try:
            with self._opener.open(request, timeout=self._contract.timeout) as response:
                return self._text(response.read())
        except urllib.error.HTTPError as error:
            if error.code != _BUSY and error.code < 500:
                raise GengaError(
                    f"{self._url}: answers {error.code}: {_begins(error.read())} (role caption)"
                ) from error
            said = error.headers.get("Retry-After", "")
            return f"answers {error.code}", float(said) if said.isdecimal() else None
        except urllib.error.URLError as error:
            return f"nobody answers ({error.reason})", None
        except (TimeoutError, ConnectionError) as error:
            return f"no answer ({error or type(error).__name__})", None

    def _text(self, content: bytes) -> str:
        """The text in what the server sent."""
        try:
            said: Any = json.loads(content)["choices"][0]["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise GengaError(
                f"{self._url}: answers what is no chat completion: {_begins(content)} (role caption); "
                "is it the address of an OpenAI-compatible server, with its /v1?"
            ) from error
        if isinstance(said, list):  # in parts
            said = "".join(str(part.get("text", "")) for part in said if isinstance(part, dict))
        return "" if said is None else str(said)


def _question(image: Image, contract: CaptionContract) -> dict[str, Any]:
    url = f"data:image/png;base64,{base64.b64encode(encode(image)).decode()}"
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": contract.prompt}]
    return {
        "model": contract.model,
        "messages": [{"role": "user", "content": content}],
        "max_tokens": contract.max_tokens,
        "temperature": 0,
        "seed": 0,
    }


def _begins(content: bytes) -> str:
    text = " ".join(content.decode(errors="replace").split())
    return repr(text[:80] + ("…" if len(text) > 80 else "")) if text else "nothing"
