"""What people changed in the captions of an export, as lines about tags.

Compared are the tags that the export wrote with those that are in its files now: by image, as sets, for their order is
the trainer's. What is no tag (a name, a sentence, a weight) is said and decides nothing.
"""

import json
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from genga.decisions.csv import content_of
from genga.errors import GengaError
from genga.exchange.captions import Base, Written, read_base, words_in
from genga.vocabulary.text import tag_name, tokens

_WORDS = 6  # more than any tag has
_NAMESPACE = re.compile(r"(series|episode|scene|character|outfit|creator|person|title|meta|rating):\S")
_WEIGHT = re.compile(r"[(\[{].*:\s*-?[\d.]+\s*[)\]}]|<.*:.*>")


class Line(NamedTuple):
    """A decision about an image's tag."""

    image: str  # id of a still or a crop
    tag: str
    decision: str  # add or remove
    file: str  # in which it was changed


class Edits(NamedTuple):
    lines: list[Line]
    odd: list[str]  # what could not be understood: file, line if it has several, why


def edits_of(folder: Path) -> Edits:
    """Return what was changed in an export since it was written.

    Raises GengaError for a folder that is none, and for a file that cannot be read.
    """
    base = read_base(folder, _READERS)
    lines: list[Line] = []
    odd: list[str] = []
    known = {(written.caption, file): written for file, written in base.images.items()}
    seen: set[str] = set()
    for where, file, words in _READERS[base.format](folder, base, odd):
        caption = where.partition(":")[0]
        written = known.get((caption, file))
        if written is None or file in seen:
            odd.append(f"{where}: {f'{file} is there twice' if file in seen else f'{file} is no image of this export'}")
            continue
        seen.add(file)
        lines += _compared(where, written, words, odd)
    gone = (file for file in base.images if file not in seen)
    odd += [f"{base.images[file].caption}: the caption of {file} is not there any more" for file in gone]
    return Edits(sorted(lines, key=lambda line: line.image), sorted(odd))


def _compared(where: str, written: Written, words: list[str], odd: list[str]) -> Iterator[Line]:
    """The lines about one image. words: what its caption has now."""
    now = {word.casefold() for word in words}
    names = written.words[: written.names]
    rest = written.words[written.names :]
    before = {tag_name(word) for word in rest if not _no_tag(word)}
    told = [word for word in rest if _no_tag(word)]
    odd += [f"{where}: {word!r} was changed or taken out, and is no tag" for word in told if word.casefold() not in now]
    if not words:
        odd.append(f"{where}: is empty; take tags out one by one, or leave the image out by its kind or quality")
        return
    gone = (name for name in names if name.casefold() not in now)
    odd += [f"{where}: {name!r} was taken out; who is who says characters.csv" for name in gone]
    kept, known = set[str](), {name.casefold() for name in (*names, *told)}
    for word in words:
        if word.casefold() in known:
            continue
        tag = tag_name(word)
        if tag not in before and (why := _no_tag(word)):
            odd.append(f"{where}: {word!r} {why}")
            continue
        kept.add(tag)
    file = where.partition(":")[0]
    yield from (Line(written.image, tag, "remove", file) for tag in sorted(before - kept))
    yield from (Line(written.image, tag, "add", file) for tag in sorted(kept - before))


def _no_tag(word: str) -> str:
    """Why a text cannot be a tag; "" if it can."""
    if _NAMESPACE.match(word):
        return "is a name, which says characters.csv"
    if _WEIGHT.fullmatch(word.strip()):
        return "has a weight, which no tag has"
    if len(word.split()) > _WORDS or re.search(r"[.!?]$", word) and len(word.split()) > 2:
        return "is a sentence, and no tag"
    return "has a control character in it" if re.search(r"[\x00-\x1f]", word) else ""


def text_of(content: bytes, where: str) -> str:
    """Return a text file's content. Raises GengaError for another encoding than UTF-8."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GengaError(f"{where}: is not UTF-8 ({error.reason}); save it as UTF-8") from error
    if "\0" in text:
        raise GengaError(f"{where}: is no text (a byte is 0), or UTF-16; save it as UTF-8")
    return text


def _read(path: Path) -> str:
    return text_of(content_of(path), str(path))


Found = Iterator[tuple[str, str, list[str]]]  # where, the image's file, what its caption has
Reader = Callable[[Path, Base, list[str]], Found]  # of an export's folder; lines it cannot make out go to the list


def _sidecars(folder: Path, base: Base, odd: list[str]) -> Found:
    """A `.txt` for each image; of several lines, as kohya's wildcards are, all that any line has."""
    for file, written in base.images.items():
        if (folder / written.caption).is_file():
            text = _read(folder / written.caption)
            yield written.caption, file, words_in(text)


def _hydrus(folder: Path, base: Base, odd: list[str]) -> Found:
    """A tag a line, or a list of tags in JSON."""
    for file, written in base.images.items():
        if not (folder / written.caption).is_file():
            continue
        text = _read(folder / written.caption)
        if not written.caption.endswith(".json"):
            yield written.caption, file, [line.strip() for line in text.splitlines() if line.strip()]
            continue
        said = _json(text)
        tags = said.get("tags") if isinstance(said, dict) else said
        if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
            yield written.caption, file, [tag.strip() for tag in tags if tag.strip()]
        else:
            odd.append(f'{written.caption}: is no JSON as {{"tags": ["…"]}}')
            yield written.caption, file, written.words


def _tables(image: str, caption: str) -> Reader:
    """A reader of JSONL with these keys."""

    def read(folder: Path, base: Base, odd: list[str]) -> Found:
        by_table: dict[str, dict[str, str]] = {}  # file of each image by how its table may call it
        for file, written in base.images.items():
            by_table.setdefault(written.caption, {})[Path(file).name] = file
        for table, files in by_table.items():
            lines = _read(folder / table).splitlines() if (folder / table).is_file() else []
            for number, line in enumerate(lines, 1):
                where, said = f"{table}:{number}", _json(line)
                if not line.strip():
                    continue
                if not isinstance(said, dict) or not all(isinstance(said.get(key), str) for key in (image, caption)):
                    odd.append(f"{where}: is no JSON object with {image} and {caption}")
                    continue
                name = Path(said[image]).name
                yield where, str(files.get(name, said[image])), tokens(said[caption])

    return read


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _tars(folder: Path, base: Base, odd: list[str]) -> Found:
    """The `.txt` members of tars."""
    files = {written.caption: file for file, written in base.images.items()}
    for name in sorted({caption.partition("/")[0] for caption in files}):
        if not (folder / name).is_file():
            continue
        try:
            with tarfile.open(folder / name) as tar:
                texts = [one for one in tar if one.isfile() and one.name.endswith(".txt")]
                read = [(f"{name}/{one.name}", data.read()) for one in texts if (data := tar.extractfile(one))]
        except (tarfile.TarError, OSError) as error:
            raise GengaError(f"{folder / name}: cannot be read as a tar ({error}); write it anew") from error
        for caption, content in read:
            text = text_of(content, str(folder / caption))
            yield caption, files.get(caption, caption), [word for line in text.splitlines() for word in tokens(line)]


_READERS: dict[str, Reader] = {
    "kohya": _sidecars,
    "diffusion-pipe": _sidecars,
    "hydrus": _hydrus,
    "imagefolder": _tables("file_name", "text"),
    "musubi": _tables("image_path", "caption"),
    "webdataset": _tars,
}
