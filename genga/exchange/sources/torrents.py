"""Torrents and magnets, by libtorrent, in this process.

Every piece is held against the torrent's own hashes as it comes, and again what lay there before. What there is of a
download, and where it stands, is kept under the cache, so that it goes on where it was; what is placed in data/raw is
the same file under a second name. Nothing is uploaded when all is there, unless `seed` says so.
"""

import importlib
import time
from collections.abc import Iterator
from contextlib import closing
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from genga.errors import GengaError
from genga.exchange.sources.found import About, Say
from genga.jobs.script import duration
from genga.params.sources import Torrent
from genga.store.files import replacing

VERSION = "2.1.1"  # envs/sources.lock has it
_KEPT = 30.0  # s between notes of where a download stands
_SAID = 5.0  # s between lines of progress
_WAIT = 500  # ms for libtorrent to tell something

_UNWANTED, _WANTED = 0, 4  # priorities


def seen_by(
    name: str, source: Torrent, folder: Path, say: Say, would: list[str] | None
) -> Iterator[tuple[Path, About]]:
    """Yield each wanted file, complete. say: is given lines of progress. would: of a dry run, gets the files instead.

    Raises GengaError, one line, where libtorrent is not installed, the torrent is none, nobody has it, or the disk is
    full.
    """
    with closing(Download(name, source, folder, say)) as download:
        wanted = download.choose()
        if would is not None:
            would += wanted
            return
        download.finish()
        magnet = download.magnet
    for path in wanted:
        yield folder / "files" / path, About(magnet, PurePosixPath(path).name)


def seed(name: str, source: Torrent, folder: Path, say: Say) -> None:
    """Upload what is there until somebody stops it."""
    with closing(Download(name, source, folder, say)) as download:
        download.choose()
        download.finish()
        download.seed()


class Download:
    """A torrent in a session of its own."""

    def __init__(self, name: str, source: Torrent, folder: Path, say: Say) -> None:
        self._name, self._source, self._folder, self._say = name, source, folder, say
        try:
            self._lt = lt = importlib.import_module("libtorrent")
        except ImportError as error:
            raise GengaError(
                f"params.yaml:sources.{name}: torrents need libtorrent: pip install libtorrent=={VERSION} ({error})"
            ) from error
        (folder / "files").mkdir(parents=True, exist_ok=True)
        self._resume = folder / "resume"
        asked = self._asked()
        asked.save_path = str(folder / "files")
        own = lt.torrent_flags
        asked.flags = (asked.flags | own.update_subscribe) & ~(own.auto_managed | own.paused)
        self._session = lt.session({
            "listen_interfaces": source.listen, "enable_dht": source.dht, "enable_lsd": False, "enable_upnp": False,
            "enable_natpmp": False, "upload_rate_limit": source.upload, "user_agent": "genga",
            "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.status_notification
            | lt.alert.category_t.storage_notification,
        })  # fmt: skip
        self._handle = self._session.add_torrent(asked)
        for peer in source.peers:
            host, _, port = peer.rpartition(":")
            self._handle.connect_peer((host, int(port)))
        self._wanted: list[tuple[int, int]] = []  # number and size of each file
        self._came, self._last, self._told, self._noted = -1, time.monotonic(), time.monotonic(), time.monotonic()

    def _asked(self) -> Any:
        """What is to be fetched: as it stood when it was left, else as the source says."""
        lt, said = self._lt, self._source.torrent
        try:
            asked = lt.parse_magnet_uri(said) if said.startswith("magnet:") else lt.load_torrent_file(said)
        except RuntimeError as error:
            raise GengaError(f"{said}: is no torrent and no magnet ({error})") from error
        if self._resume.is_file():
            try:
                left = lt.read_resume_data(self._resume.read_bytes())
            except RuntimeError:  # what a loss of power left: all is checked anew
                return asked
            if left.info_hashes == asked.info_hashes:
                return left
        return asked

    @property
    def magnet(self) -> str:
        """What it is, for the record."""
        return f"magnet:?xt=urn:btih:{self._handle.info_hashes().get_best()}"

    def files(self) -> dict[str, tuple[int, int]]:
        """Return number and size, bytes, of each of its files, by path; waits for them, of a magnet."""
        while not self._handle.status().has_metadata:
            self._step("the list of its files")
        found = self._handle.torrent_file().files()
        kinds = self._lt.file_flags_t
        none = int(kinds.flag_pad_file) | int(
            kinds.flag_symlink
        )  # version 2's blanks between files; links lead anywhere
        return {
            found.file_path(n).replace("\\", "/"): (n, found.file_size(n))
            for n in range(found.num_files())
            if not int(found.file_flags(n)) & none
        }

    def choose(self) -> list[str]:
        """Leave out what is not wanted; return the paths of what is, sorted. Raises GengaError if nothing is."""
        files = self.files()
        self._wanted = [of for path, of in files.items() if any(_fits(path, one) for one in self._source.files)]
        numbers = {number for number, _ in self._wanted}
        if not numbers:
            key = f"params.yaml:sources.{self._name}.files"
            raise GengaError(f"{key}: none of the torrent's files is called so, such as {next(iter(files))!r}")
        count = self._handle.torrent_file().files().num_files()
        self._handle.prioritize_files([_WANTED if n in numbers else _UNWANTED for n in range(count)])
        return sorted(path for path, (number, _) in files.items() if number in numbers)

    def finish(self) -> None:
        """Wait until all that is wanted is there, in pieces that are as the torrent says."""
        while self._handle.status().state in self._checking or not self._is_there():
            self._step("what is wanted of it")
        self._handle.flush_cache()
        self._note(wait=True)

    def _is_there(self) -> bool:
        """Whether every piece of what is wanted is; its status speaks of what was wanted before for a while."""
        came = self._handle.file_progress(self._lt.file_progress_flags_t.piece_granularity)
        return all(came[number] >= size for number, size in self._wanted)

    @property
    def _checking(self) -> tuple[Any, ...]:
        state = self._lt.torrent_status
        return state.checking_files, state.checking_resume_data, state.downloading_metadata

    def seed(self) -> None:
        """Go on uploading until somebody stops it."""
        self._say(f"fetch {self._name}: all is there; seeding until it is stopped (Ctrl-C)")
        try:
            while True:
                self._session.wait_for_alert(_WAIT)
                self._alerts()
        except KeyboardInterrupt:
            return

    def _step(self, what: str) -> None:
        """Wait a little; raise GengaError for what went wrong, and when nothing has come for too long."""
        self._session.wait_for_alert(_WAIT)
        self._alerts()
        status, now = self._handle.status(), time.monotonic()
        came = status.total_payload_download + status.total_wanted_done
        if came != self._came or status.state == self._lt.torrent_status.checking_files:
            self._came, self._last = came, now
        if now - self._last > self._source.stalled:
            self._note(wait=True)
            raise GengaError(
                f"{self._source.torrent[:80]}: nobody sent {what} in {self._source.stalled:g} s"
                f" ({status.total_wanted_done} of {status.total_wanted} bytes are here, {status.num_peers} peers,"
                f" {status.num_seeds} seeds); what came stays: run again later, or raise stalled"
            )
        if now - self._told > _SAID:
            self._told = now
            self._say(self._line(status))
        if now - self._noted > _KEPT:
            self._note()

    def _line(self, status: Any) -> str:
        rate, left = status.download_payload_rate, status.total_wanted - status.total_wanted_done
        ends = f"{duration(left / rate)} left" if rate else "waiting"
        return (
            f"fetch {self._name}: {status.total_wanted_done / 1e6:.1f}/{status.total_wanted / 1e6:.1f} MB,"
            f" {rate / 1e6:.2f} MB/s, {status.num_peers} peers, {ends}"
        )

    def _alerts(self) -> None:
        """Raise GengaError for an error of the torrent or of its disk; keep what says where it stands."""
        lt = self._lt
        for alert in self._session.pop_alerts():
            if isinstance(alert, lt.save_resume_data_alert):
                with replacing(self._resume) as temporary:
                    temporary.write_bytes(lt.write_resume_data_buf(alert.params))
                self._noted = time.monotonic()
            elif isinstance(alert, lt.file_error_alert | lt.torrent_error_alert):
                raise GengaError(
                    f"{self._folder}: {alert.message()}; put the disk right, and run again: what came stays"
                )

    def _note(self, wait: bool = False) -> None:
        """Ask for where it stands to be written down. wait: until it is, if it has its files' names."""
        self._noted = before = time.monotonic()
        if not self._handle.status().has_metadata:
            return
        self._handle.save_resume_data(self._lt.save_resume_flags_t.save_info_dict)
        while wait and self._noted == before and time.monotonic() - before < 10:
            self._session.wait_for_alert(_WAIT)
            self._alerts()

    def close(self) -> None:
        """Leave the swarm."""
        self._session.remove_torrent(self._handle)
        self._session.pause()


def _fits(path: str, pattern: str) -> bool:
    return fnmatch(path, pattern) or fnmatch(PurePosixPath(path).name, pattern)
