"""One source, from what it has to what is placed: a file is looked at by its content, and told if it is left out.

Nothing here is a job of the workflow. What ended in the middle goes on where it was: what is placed is on record, what
was downloaded and not placed lies under the cache.
"""

import fcntl
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from genga.errors import GengaError
from genga.exchange.sources import gallery, gifs, local, torrents
from genga.exchange.sources.found import About, Found, Say, look
from genga.exchange.sources.http import Polite
from genga.exchange.sources.placing import Placing, Taken
from genga.exchange.sources.releases import Planned, kept_name, planned, table
from genga.jobs.environment import secret
from genga.jobs.script import progress
from genga.params.sources import Folder, Gallery, Gifs, Named, Source, Torrent
from genga.store.sweeping import check_writable, sweep
from genga.tables.places import RAW

CACHE = Path(".cache/fetch")

Ask = Callable[[list[str]], bool]  # whether a person believes a plan
New = Callable[[Path], bool]  # whether a file of a folder is to be looked at


@dataclass
class Done:
    """What a source has brought."""

    albums: dict[str, int] = field(default_factory=dict)  # path -> pictures in it
    files: list[str] = field(default_factory=list)  # files of their own
    same: int = 0  # that were here already
    waiting: int = 0  # releases that nobody has believed
    said: list[str] = field(default_factory=list)  # a line for what is left out
    would: list[str] = field(default_factory=list)  # in a dry run: what would be placed

    def in_words(self, name: str) -> str:
        """Return all of it on one line."""
        pictures, albums = sum(self.albums.values()), len(self.albums)
        parts = [
            f"{pictures} picture{'s' * (pictures != 1)} in {albums} album{'s' * (albums != 1)}" if albums else "",
            f"{len(self.files)} video{'s' * (len(self.files) != 1)}" if self.files else "",
            f"{len(self.would)} would be placed" if self.would else "",
            f"{self.waiting} not placed" if self.waiting else "",
            f"{self.same} {'was' if self.same == 1 else 'were'} here" if self.same else "",
            f"{len(self.said)} left out" if self.said else "",
        ]
        return f"fetch {name}: {', '.join(filter(None, parts)) or 'nothing new'}"


def folder_of(name: str) -> Path:
    """Return where a source's downloads lie until they are placed."""
    safe = re.sub(r"[^\w.-]", "_", name)
    return CACHE / (safe if safe == name else f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}")


def fetch(name: str, source: Source, say: Say, ask: Ask, dry: bool = False, new: New = lambda path: True) -> Done:
    """Bring what a source has that is new into data/raw, and put it on record.

    say: is given a line at once for whatever is left out. ask: is shown which episode each release is to be. Raises
    GengaError where the source as a whole cannot be had, or a disk is full; what was placed by then stays.
    """
    folder = folder_of(name)
    check_writable([Path(RAW) / source.series, folder])
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder):
        sweep([folder, Path(RAW) / source.series])
        return _fetch(name, source, folder, say, ask, dry, new)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a source's folder. Raises GengaError while another command does."""
    with open(folder / "lock", "w", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise GengaError(f"{folder}: another genga fetch of this source is running; wait for it to end") from error
        yield


def _fetch(name: str, source: Source, folder: Path, say: Say, ask: Ask, dry: bool, new: New) -> Done:
    placing, done = Placing(name, source, folder), Done()
    named: list[Found] = []

    def tell(line: str) -> None:
        done.said.append(line)
        say(line)

    count = local.total(source) if isinstance(source, Folder) else None
    coming = seen(name, source, folder, placing, done, tell, dry, new)
    for path, about in progress(coming, count, f"fetch {name}", "files"):
        found = _looked(path, about, placing, done, tell)
        if found is None:
            continue
        if isinstance(source, Named) and found.kind == "moving":
            named.append(found)
        elif dry:
            done.would.append(f"{about.name} ({found.kind}, {found.size / 1e6:.1f} MB)")
            placing.away(path)
        elif found.kind == "still":
            done.albums.update(placing.keep(found))
        else:
            done.files.append(placing.file(found, kept_name(about.called or Path(about.name).stem), "move", apart=True))
    if not dry:
        done.albums.update(placing.flush())
    if named and isinstance(source, Named):
        _releases(planned(named, source), source, placing, done, tell, ask, dry)
    if isinstance(source, Torrent) and source.seed and not dry:
        torrents.seed(name, source, folder, say)
    return done


def seen(
    name: str, source: Source, folder: Path, placing: Placing, done: Done, tell: Say, dry: bool, new: New
) -> Iterator[tuple[Path, About]]:
    """Yield what a source has: files that are complete, and what is known of each."""
    if isinstance(source, Folder):
        yield from local.seen_in(source, folder, tell, new)
    elif isinstance(source, Gallery):
        if dry:
            for url in source.urls:
                done.would += gallery.run(name, source, folder, url, tell, dry=True)
        else:
            yield from gallery.seen_by(name, source, folder, tell)
    elif isinstance(source, Gifs):
        if source.key is not None and not secret(source.key):
            raise GengaError(
                f"params.yaml:sources.{name}.key: there is no {source.key} in the environment; ask the site for an API"
                f" key, and export {source.key}=…"
            )
        polite, key = Polite(source), secret(source.key) if source.key else ""
        if dry:
            done.would += [
                f"{one.get('id')}" for query in source.queries for one in gifs.results(source, query, key, polite)
            ]
        else:
            yield from gifs.seen_by(source, key, folder, polite, tell, lambda one: not placing.has_name(one))
    elif isinstance(source, Torrent):
        yield from torrents.seen_by(name, source, folder, print, done.would if dry else None)


def _looked(path: Path, about: About, placing: Placing, done: Done, tell: Say) -> Found | None:
    """A file that is new, and is a picture or video; None for others, of which nothing stays in our folder."""
    try:
        found = look(path, about)
    except GengaError as error:
        tell(str(error))
        placing.away(path)
        return None
    if placing.same(found) is not None:
        done.same += 1
        placing.away(path)
        return None
    return found


def _releases(
    plans: list[Planned], source: Named, placing: Placing, done: Done, tell: Say, ask: Ask, dry: bool
) -> None:
    """Show which episode each file is to be, and place what a person believes."""
    lines = table(plans, source.series)
    wanted = [plan for plan in plans if plan.episode]
    if dry:
        done.would += [line.strip() for line in lines]
        return
    if not ask(lines):
        done.waiting = len(wanted)
        return
    for plan in progress(wanted, len(wanted), f"fetch {source.series}", "videos"):
        assert plan.episode is not None
        try:
            done.files.append(placing.file(plan.found, plan.episode, source.place, apart=False))
        except Taken as error:
            tell(str(error))


class Settled:
    """Which files of a folder are complete: those that have not changed between two looks, each once."""

    def __init__(self) -> None:
        self._before: dict[Path, tuple[int, int]] = {}  # size and time of change, at the last look
        self._now: dict[Path, tuple[int, int]] = {}
        self._taken: dict[Path, tuple[int, int]] = {}

    def __call__(self, path: Path) -> bool:
        try:
            stat = path.stat()
        except OSError:  # gone since
            return False
        self._now[path] = at = stat.st_size, stat.st_mtime_ns
        if self._before.get(path) != at or self._taken.get(path) == at:
            return False
        self._taken[path] = at
        return True

    def next(self) -> None:
        """Begin another look."""
        self._before, self._now = self._now, {}


def watch(
    name: str,
    source: Folder,
    say: Say,
    ask: Ask,
    told: Callable[[Done], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Fetch from a folder again and again, until it is stopped. told: is given what each look brought.

    A file is taken when it has not changed between two looks: what is being copied there is not complete.
    """
    settled = Settled()
    while True:
        told(fetch(name, source, say, ask, new=settled))
        settled.next()
        sleep(source.every)
