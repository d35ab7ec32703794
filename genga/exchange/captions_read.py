"""Read the captions of an export as they are now, in the form of each tool."""

import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from genga.decisions.csv import content_of
from genga.errors import GengaError
from genga.exchange.captions import Base, words_in
from genga.vocabulary.text import tokens


class Blip2(NamedTuple):
    """The JSON of Video-BLIP2-Preprocessor."""

    name: str
    data: list[dict[str, Any]]  # a Blip2Video each


class Blip2Video(NamedTuple):
    video_path: str
    num_frames: int
    data: list[dict[str, Any]]  # frame_index, prompt, clip_path


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


def _blip2(folder: Path, base: Base, odd: list[str]) -> Found:
    """The prompts of Video-BLIP2's JSON."""
    files = {Path(file).name: file for file in base.images}
    for table in sorted({written.caption for written in base.images.values()}):
        said: Any = _json(_read(folder / table)) if (folder / table).is_file() else None
        try:
            videos = [Blip2Video(**one) for one in Blip2(**said).data]
            found = [(Path(one.video_path).name, [word["prompt"] for word in one.data]) for one in videos]
        except (TypeError, KeyError) as error:
            raise GengaError(f"{folder / table}: is not as Video-BLIP2 writes it ({error}); export again") from error
        for name, prompts in found:
            yield table, files.get(name, name), [word for prompt in prompts for word in tokens(prompt)]


def _csv(folder: Path, base: Base, odd: list[str]) -> Found:
    """The names of AnimateDiff's CSV."""
    files = {Path(file).stem: file for file in base.images}
    for table in sorted({written.caption for written in base.images.values()}):
        if not (folder / table).is_file():
            continue
        try:
            rows = pl.read_csv(_read(folder / table).encode(), infer_schema=False).select("videoid", "name")
        except pl.exceptions.PolarsError as error:
            raise GengaError(f"{folder / table}: is no CSV with videoid and name; export again") from error
        for number, (name, caption) in enumerate(rows.iter_rows(), 2):
            yield f"{table}:{number}", files.get(name or "", name or ""), tokens(caption or "")


READERS: dict[str, Reader] = {
    "kohya": _sidecars,
    "diffusion-pipe": _sidecars,
    "hydrus": _hydrus,
    "imagefolder": _tables("file_name", "text"),
    "musubi": _tables("image_path", "caption"),
    "webdataset": _tars,
    "clips-video-blip2": _blip2,
    "clips-animatediff": _csv,
    "clips-musubi": _tables("video_path", "caption"),
    "clips-diffusion-pipe": _sidecars,
    "clips-videofolder": _tables("file_name", "text"),
}
