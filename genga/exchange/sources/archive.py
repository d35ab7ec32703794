"""Zips, whose names and sizes are not believed.

No name in a zip becomes a path: what is taken out is called by its place in it. How much comes out is counted as it
comes, whatever the zip says of it.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from genga.errors import GengaError
from genga.params.sources import Folder
from genga.store.files import replacing

SUFFIXES = (".zip", ".cbz")
_PIECE = 1 << 20  # bytes unpacked at a time
_MOST = 200_000  # files in a zip
SMALL = 1 << 20  # bytes that any file may have unpacked, however well it packs


class Archive:
    """An open zip. Raises GengaError, one line that names it, for one that is damaged, locked or a bomb."""

    def __init__(self, path: Path, zipped: zipfile.ZipFile, limits: Folder) -> None:
        self.path, self._zip, self._limits = path, zipped, limits
        self._left = int(limits.megabytes * 1e6)  # bytes that may still come out
        self._entries = {entry.filename: entry for entry in zipped.infolist() if not entry.is_dir()}
        if len(self._entries) > _MOST:
            raise GengaError(f"{path}: has {len(self._entries)} files in it, more than {_MOST}; take it apart by hand")
        if (total := sum(entry.file_size for entry in self._entries.values())) > self._left:
            most = f"megabytes ({limits.megabytes:g})"
            raise GengaError(f"{path}: would unpack to {total / 1e6:.0f} MB; if it is no bomb, raise {most}")

    @property
    def names(self) -> list[str]:
        """The names of its files, sorted."""
        return sorted(self._entries)

    def odd(self, name: str) -> bool:
        """Whether a name would lead out of a folder, were it taken for a path."""
        plain = PurePosixPath(name.replace("\\", "/"))
        return plain.is_absolute() or ".." in plain.parts or ":" in plain.parts[0] or name.startswith("\\")

    def take(self, name: str, to: Path) -> None:
        """Write a file of it to `to`, whole or not at all. Raises GengaError."""
        entry = self._entries[name]
        most = max(SMALL, int(entry.compress_size * self._limits.ratio))
        came = 0
        try:
            with (
                replacing(to, lasting=False) as temporary,
                self._zip.open(entry) as packed,
                temporary.open("wb") as out,
            ):
                while piece := packed.read(_PIECE):
                    came += len(piece)
                    self._left -= len(piece)
                    if came > most or self._left < 0:
                        raise GengaError(
                            f"{self.path}: {name!r} unpacks to over {came / 1e6:.0f} MB of {entry.compress_size} bytes:"
                            " a zip bomb; not taken"
                        )
                    out.write(piece)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
            raise GengaError(f"{self.path}: {name!r} is damaged ({error})") from error
        except RuntimeError as error:  # of zipfile, where a password is wanted
            raise GengaError(f"{self.path}: {name!r} is locked by a password; unpack it by hand") from error


@contextmanager
def opening(path: Path, limits: Folder) -> Iterator[Archive]:
    """Open a zip. Raises GengaError."""
    try:
        zipped = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise GengaError(f"{path}: is no zip, or damaged ({error}); copy it again") from error
    except OSError as error:
        raise GengaError(f"{path}: cannot be read ({error.strerror})") from error
    with zipped:
        yield Archive(path, zipped, limits)
