"""Names of files and folders that every file system takes, made of names that people gave.

A name stays as it is where it can. One that holds what some system refuses, is too long, or is another's but for case
or Unicode form, is made readable as far as it goes and ends in the first twelve digits of its sha256: so names stay
apart wherever a folder is copied. Which name was meant is said by the metadata beside the files.

Refused by Windows: `< > : " / \\ | ? *`, control characters, a blank or dot at the end, and names of devices (Microsoft
Learn, "Naming Files, Paths, and Namespaces"). A dot in front hides a file from readers. Windows and macOS take names
for equal that differ in case; macOS, in Unicode form and in characters that nobody sees.
"""

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable

LONGEST = 100  # bytes of UTF-8; 255 is what file systems take, with what trainers append, and 143 where they encrypt
DIGITS = 12  # of the sha256, hexadecimal

_REFUSED = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|]')
_DEVICES = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³]) *(\.|$)", re.IGNORECASE)
_INSIDE = "__"  # for a slash


def file_names(names: Iterable[str], taken: Collection[str] = ()) -> dict[str, str]:
    """Return the name of a file or folder for each of `names`; no two are equal, and none is one of `taken`.

    A slash in a name becomes two underscores.
    """
    readable = {name: _readable(name) for name in names}
    times = Counter(_compared(text) for text in (*readable.values(), *taken))
    return {
        name: text if _stays(name, text) and times[_compared(text)] == 1 else _told_apart(name, text)
        for name, text in readable.items()
    }


def _written(name: str) -> str:
    return unicodedata.normalize("NFC", name).replace("/", _INSIDE)


def _readable(name: str) -> str:
    text = _REFUSED.sub("_", _written(name)).strip(" .") or "_"
    return f"_{text}" if _DEVICES.match(text) else text


def _stays(name: str, text: str) -> bool:
    return text == _written(name) and len(text.encode()) <= LONGEST


def _told_apart(name: str, text: str) -> str:
    room = LONGEST - DIGITS - len("-")
    kept = text.encode()[:room].decode(errors="ignore").rstrip(" .")
    return f"{kept}-{hashlib.sha256(name.encode()).hexdigest()[:DIGITS]}"


def _compared(text: str) -> str:
    """What is equal for two names that some file system takes for one."""
    seen = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", seen).casefold())


def quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are among TOML's, which has one more."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
