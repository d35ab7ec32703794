"""Files into data/raw, and pictures into albums: whole or not at all, on record before the next one, nothing twice.

Pictures become frames of albums, `data/raw/<series>/<source> 001.mov` (genga.video.album). What came with them about
what they show becomes lines under corrections/, unless `tags: anew` leaves that to the taggers.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from genga.decisions.csv import path_of
from genga.decisions.writer import append
from genga.errors import GengaError
from genga.exchange.sources.found import Found, Stored, stored
from genga.exchange.sources.record import Origin, add_origins, read_origins
from genga.exchange.sources.sidecars import GENERAL
from genga.params.sources import Source
from genga.store.files import replacing, sha256_of
from genga.tables.places import RAW
from genga.video.album import SUFFIX, write_album
from genga.video.episodes import EXTENSIONS, find_episodes

# How files begin and, after four bytes of a size, go on -> the ending of one that has none, or another's.
_ENDINGS = {(b"GIF8", b""): ".gif", (b"\x89PNG", b""): ".apng", (b"RIFF", b"WEBP"): ".webp", (b"RIFF", b"AVI "): ".avi",
            (b"\x1aE\xdf\xa3", b""): ".mkv"}  # fmt: skip
_ANIMATIONS = (".gif", ".apng", ".webp")  # whatever they are called

Album = tuple[str, int]  # its path, and how many pictures are in it


class Taken(GengaError):
    """An episode that is another file's."""


@dataclass(frozen=True)
class Waiting:
    """A still that is to be a frame of an album."""

    found: Found
    path: Path  # of the bytes that the album is to have
    as_stored: Stored  # without its bytes


class Placing:
    """Where the files of one source go."""

    def __init__(self, name: str, source: Source, folder: Path) -> None:
        self._name, self._source, self._folder = name, source, folder
        self._series = Path(RAW) / source.series
        self._lines = read_origins()
        self._known = {one.sha256: one.file for one in self._lines}
        self._names = {(one.source, one.name) for one in self._lines}
        self._episodes = find_episodes(RAW)
        self._sizes: dict[int, list[Path]] = {}
        for path in map(Path, self._episodes.values()):  # images that lie there are no episodes yet
            if path.is_file():
                self._sizes.setdefault(path.stat().st_size, []).append(path)
        self.waiting: dict[str, list[Waiting]] = {}  # by codec

    def has_name(self, name: str) -> bool:
        """Whether something that was called so where it came from is on record of this source."""
        return (self._name, name) in self._names

    def same(self, found: Found) -> str | None:
        """Return where the same content lies or lay, if it was ever fetched; None if it is new.

        A file that lies in data/raw and is not on record, for a run ended before that, is put on record.
        """
        if (at := self._known.get(found.sha256)) is not None:
            return at
        for path in self._sizes.get(found.size, []):
            if path.is_file() and sha256_of(path) == found.sha256:
                self._record([self._line(found, path.as_posix())])
                return path.as_posix()
        return None

    def keep(self, found: Found) -> Iterator[Album]:
        """Keep a still for the next album; yield that if it is full."""
        made = stored(found.path)
        path = found.path
        if made.repacked:
            path = self._folder / "repacked" / f"{found.sha256}.png"
            with replacing(path, lasting=False) as temporary:
                temporary.write_bytes(made.data)
        self._known[found.sha256] = f"{self._series.as_posix()}/{self._name}"
        of_kind = self.waiting.setdefault(made.codec, [])
        of_kind.append(Waiting(found, path, made._replace(data=b"")))
        if len(of_kind) >= self._source.album:
            yield self._album(made.codec)

    def flush(self) -> Iterator[Album]:
        """Write what waits into albums that are not full; yield them."""
        for codec in [codec for codec, of in self.waiting.items() if of]:
            yield self._album(codec)

    def _album(self, codec: str) -> Album:
        pictures, self.waiting[codec] = self.waiting[codec], []
        path = self._free()
        self._tell(path.stem, pictures)
        sizes = pictures[0].as_stored
        with replacing(path) as temporary:
            write_album(temporary, (one.path.read_bytes() for one in pictures), codec, (sizes.width, sizes.height))
        self._record([
            Origin(path.as_posix(), sha256_of(path), path.stat().st_size, self._name, self._source.kind,
                   f"{len(pictures)} pictures", path.name, _now(), self._source.licence),
            *(self._line(one.found, path.as_posix(), frame, one.as_stored.repacked)
              for frame, one in enumerate(pictures)),
        ])  # fmt: skip
        for one in pictures:
            self.away(one.found.path)
            self.away(one.path)
        return path.as_posix(), len(pictures)

    def _free(self) -> Path:
        """The first album of the source that is neither there nor on record."""
        taken = {one.file for one in self._lines}
        number = 1
        while (path := self._series / f"{self._name} {number:03d}{SUFFIX}").exists() or path.as_posix() in taken:
            number += 1
        return path

    def _tell(self, album: str, pictures: Sequence[Waiting]) -> None:
        """Write down as corrections what came with pictures about what they show."""
        if self._source.tags == "anew":
            return
        stills = [(f"{self._source.series}/{album}/{frame:06d}", one.found.about) for frame, one in enumerate(pictures)]
        tags = [
            {"still_or_crop": still, "tag": tag, "decision": "add", "who": self._name, "why": f"came with {about.name}"}
            for still, about in stills
            for tag in about.tags.get(GENERAL, ())
            if "," not in tag and tag.isprintable()  # no correction can say such
        ]
        table = Path(path_of("tags", self._source.series, album))
        table.unlink(missing_ok=True)  # of a run that ended before there was such an album
        sentences = [
            {"still_or_crop": still, "sentence": " ".join(about.text.split()), "who": self._name,
             "why": f"came with {about.name}"}
            for still, about in stills if about.text
        ]  # fmt: skip
        if tags:
            table.parent.mkdir(parents=True, exist_ok=True)
            append(table, "tags", tags)
        of_series = Path(path_of("sentences", self._source.series))
        there = of_series.read_text(encoding="utf-8") if of_series.is_file() else ""
        if sentences and f"{self._source.series}/{album}/" not in there:
            of_series.parent.mkdir(parents=True, exist_ok=True)
            append(of_series, "sentences", sentences)

    def file(self, found: Found, called: str, how: str, apart: bool) -> str:
        """Put a file of its own into data/raw, as `called`; return its path.

        how: link, copy or move. apart: where that name is another's, make one of it; else raise GengaError.
        """
        there = self._episodes.get((self._source.series, called))
        if there is not None and apart:
            called = f"{called}-{found.sha256[:12]}"
        elif there is not None:
            raise Taken(
                f"{found.about.name}: {there} is episode {called} already, of other content; take one of them away, or"
                f" say under episodes what this one is"
            )
        to = self._series / f"{called}{_ending(found)}"
        put(found.path, to, how)
        self.away(found.path)
        self._known[found.sha256] = self._episodes[self._source.series, to.stem] = to.as_posix()
        self._record([self._line(found, to.as_posix())])
        return to.as_posix()

    def away(self, path: Path) -> None:
        """Take a file away that lies in a folder of ours, and that data/raw has or nobody wants."""
        held = self._source.kind == "torrent" and path.is_relative_to(self._folder / "files")  # libtorrent's own
        if path.is_relative_to(self._folder) and not held:
            path.unlink(missing_ok=True)
            path.with_name(f"{path.name}.json").unlink(missing_ok=True)  # gallery-dl's, of it

    def _line(self, found: Found, file: str, frame: int | None = None, repacked: bool = False) -> Origin:
        about = found.about
        return Origin(file, found.sha256, found.size, self._name, self._source.kind, about.origin, about.name, _now(),
                      self._source.licence, about.credited, frame, repacked, about.rating, about.tags,
                      about.text)  # fmt: skip

    def _record(self, lines: list[Origin]) -> None:
        add_origins(lines)
        self._lines += lines


def put(path: Path, to: Path, how: str) -> None:
    """Put a file where it belongs, whole or not at all. how: link (a copy on another disk), copy or move."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if how == "link":
        try:
            os.link(path.resolve(), to)
            return
        except FileExistsError as error:
            raise GengaError(f"{to}: is there already; take it away") from error
        except OSError:  # another disk, or one without links
            pass
    with replacing(to) as temporary:
        shutil.copyfile(path, temporary)
    if how == "move":
        path.unlink()


def _ending(found: Found) -> str:
    """The ending of a file's name, which tells a video from what lies beside it."""
    ending = Path(found.about.name).suffix.lower() or found.path.suffix.lower()
    with found.path.open("rb") as file:
        head = file.read(12)
    begins = ((by, start, then) for (start, then), by in _ENDINGS.items())
    told = next((by for by, start, then in begins if head.startswith(start) and head[8:].startswith(then)), ".mp4")
    return ending if ending in EXTENSIONS and told not in _ANIMATIONS else told


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
