"""What a captioner answered, kept by what was asked: whoever asks again after an interruption asks only what is new.

A line of JSON for each answer: the key, of the image's content and of all by which the captioner answers, and the text.
A line that was cut short in the middle of writing counts as none.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from genga.store.files import write_text


def key_of(image: str, identity: Mapping[str, Any]) -> str:
    """Return the key of an image, by the sha256 of its file, and a captioner."""
    return hashlib.sha256(json.dumps([image, identity], sort_keys=True).encode()).hexdigest()


class Answers:
    """The answers in a file, and those that come."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = {}
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
            try:
                key, text = json.loads(line)
            except (ValueError, TypeError):
                continue
            if isinstance(key, str) and isinstance(text, str):
                self._known[key] = text

    def get(self, key: str) -> str | None:
        """Return the answer to a question; None if there is none."""
        return self._known.get(key)

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def add(self, answers: Mapping[str, str]) -> None:
        """Keep answers, at once: whatever ends this process, they are there."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        torn = self._path.is_file() and self._path.read_bytes()[-1:] not in (b"", b"\n")
        with self._path.open("a", encoding="utf-8") as file:
            file.write(("\n" if torn else "") + "".join(map(_line, answers.items())))
        self._known |= answers

    def keep(self, keys: Iterable[str]) -> None:
        """Forget the answers to all other questions."""
        kept = {key: self._known[key] for key in sorted(set(keys)) if key in self._known}
        if kept or self._path.is_file():
            write_text(self._path, "".join(map(_line, kept.items())))
        self._known = kept


def _line(pair: tuple[str, str]) -> str:
    return json.dumps(pair, ensure_ascii=False) + "\n"
