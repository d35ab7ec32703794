"""Text in a PNG, as UIs write how a picture was drawn: chunks of PNG, the pixels untouched.

`parameters` is what AUTOMATIC1111's web UI, Forge, ComfyUI's readers and Civitai look for: the prompt, a line with the
negative prompt, and a line `Steps: 20, Sampler: …`. What Latin-1 holds goes into tEXt, the rest into iTXt, as PNG says.
"""

import zlib
from collections.abc import Mapping

from genga.errors import GengaError

KEY = "parameters"
_PNG = b"\x89PNG\r\n\x1a\n"
_HEADER = len(_PNG) + 25  # the first chunk, IHDR, has 13 bytes, and 12 around them


def with_text(png: bytes, texts: Mapping[str, str]) -> bytes:
    """Return a PNG with these texts, by keyword. Raises GengaError if the bytes are none."""
    if not png.startswith(_PNG):
        raise GengaError("a picture that texts are to be put into is no PNG")
    return png[:_HEADER] + b"".join(_chunk(key, text) for key, text in texts.items()) + png[_HEADER:]


def _chunk(key: str, text: str) -> bytes:
    try:
        kind, data = b"tEXt", key.encode("latin-1") + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        kind, data = b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + text.encode()
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def infotext(prompt: str, negative: str, settings: Mapping[str, object]) -> str:
    """Return the text of `parameters`. settings: name -> value, in order, as that UI calls them."""
    return "\n".join(
        [prompt, *([f"Negative prompt: {negative}"] if negative else []),
         ", ".join(f"{name}: {_quoted(str(value))}" for name, value in settings.items())]
    )  # fmt: skip


def _quoted(value: str) -> str:
    """A value as its readers take it apart: in quotes, JSON's, where it has what separates."""
    if not set(',:\n"') & set(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
