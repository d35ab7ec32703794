"""Torrents between two peers on this machine. Nothing looks for peers elsewhere: no DHT, no tracker but ours."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from served import Answering, served
from sites import picture

from genga.errors import GengaError
from genga.exchange.sources.fetch import Done, fetch
from genga.exchange.sources.record import read_origins
from genga.params.sources import Torrent, parse_source
from genga.store.files import sha256_of

lt: Any = pytest.importorskip("libtorrent", reason="pip install libtorrent==2.1.1")

HERE = "127.0.0.1:0"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def content(names: list[str]) -> dict[str, bytes]:
    """Animated GIFs with noise after them, so that there is more than a piece of each."""
    Path("theirs/Show").mkdir(parents=True)
    for number, name in enumerate(names):
        path = Path("theirs/Show", name)
        path.parent.mkdir(exist_ok=True)
        picture(number, (960, 640)).save(path, "gif", save_all=True, append_images=[picture(number + 50)], duration=100)
        path.write_bytes(path.read_bytes() + bytes(range(256)) * 400 * (number + 1))
    return {name: Path("theirs/Show", name).read_bytes() for name in names}


def torrent_of(tracker: str = "") -> Path:
    files = lt.list_files("theirs/Show")
    made = lt.create_torrent(files, 16 * 1024)
    if tracker:
        made.add_tracker(tracker)
    lt.set_piece_hashes(made, "theirs")
    Path("show.torrent").write_bytes(lt.bencode(made.generate()))
    return Path("show.torrent")


@contextmanager
def peer(torrent: Path, folder: str = "theirs") -> Iterator[str]:
    """Somebody who has it: host and port."""
    session = lt.session({"listen_interfaces": HERE, "enable_dht": False, "enable_lsd": False, "enable_upnp": False,
                          "enable_natpmp": False, "allow_multiple_connections_per_ip": True})  # fmt: skip
    asked = lt.load_torrent_file(str(torrent))
    asked.save_path = folder
    asked.flags |= lt.torrent_flags.seed_mode
    asked.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    handle = session.add_torrent(asked)
    try:
        yield f"127.0.0.1:{session.listen_port()}"
    finally:
        session.remove_torrent(handle)


@contextmanager
def tracker() -> Iterator[tuple[str, list[str]]]:
    """A tracker: who asks is told of those who asked before."""
    known: list[str] = []

    class Handler(Answering):
        def do_GET(self) -> None:
            port = int(parse_qs(urlsplit(self.path).query, encoding="latin-1")["port"][0])
            peers = [{b"ip": b"127.0.0.1", b"port": int(one)} for one in known if int(one) != port]
            known.append(str(port))
            body = lt.bencode({b"interval": 1, b"min interval": 1, b"peers": peers})
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # a peer that has left
                self.wfile.write(body)

    with served(Handler) as address:
        yield f"{address}/announce", known


def source(torrent: str | Path, **more: object) -> Torrent:
    found = parse_source("show", {
        "kind": "torrent", "series": "s", "torrent": str(torrent), "dht": False, "stalled": 20, "names": "keep",
        "listen": HERE, **more,
    })  # fmt: skip
    assert isinstance(found, Torrent)
    return found


def fetched(wanted: Torrent, dry: bool = False, name: str = "show") -> Done:
    return fetch(name, wanted, print, lambda lines: True, dry)


def test_the_files_that_are_wanted_come_and_are_placed() -> None:
    theirs = content(["01.gif", "02.gif", "extras/nc.gif"])
    torrent = torrent_of()
    with peer(torrent) as known:
        done = fetched(source(torrent, peers=[known], files=["0?.gif"]))
    assert done.files == ["data/raw/s/01.gif", "data/raw/s/02.gif"]
    assert [Path(path).read_bytes() for path in done.files] == [theirs["01.gif"], theirs["02.gif"]]
    first = read_origins()[0]
    hashes = lt.torrent_info(str(torrent)).info_hashes().get_best()
    assert (first.origin, first.name, first.sha256) == (
        f"magnet:?xt=urn:btih:{hashes}", "01.gif", sha256_of("theirs/Show/01.gif")
    )  # fmt: skip
    again = fetched(source(torrent, files=["0?.gif"]))
    assert (again.files, again.same) == ([], 2), "without a peer: what is there is known"


def test_a_magnet_by_a_tracker() -> None:
    theirs = content(["01.gif"])
    with tracker() as (address, known):
        torrent = torrent_of(address)
        with peer(torrent):
            deadline = threading.Event()
            while not known and not deadline.wait(0.1):
                pass
            done = fetched(source(lt.make_magnet_uri(lt.load_torrent_file(str(torrent)))))
    assert [Path(path).read_bytes() for path in done.files] == [theirs["01.gif"]]


def test_a_torrent_without_seeds_is_one_line_in_time() -> None:
    content(["01.gif"])
    torrent = torrent_of()
    with pytest.raises(GengaError) as error:
        fetched(source(torrent, stalled=1))
    assert str(error.value).startswith("show.torrent: nobody sent what is wanted of it in 1 s (0 of ")
    assert str(error.value).endswith("what came stays: run again later, or raise stalled")
    assert "\n" not in str(error.value) and not Path("data").exists()
    magnet = lt.make_magnet_uri(lt.load_torrent_file(str(torrent)))
    with pytest.raises(GengaError, match="nobody sent the list of its files in 1 s"):
        fetched(source(magnet, stalled=1), name="other")


def test_what_came_is_verified_and_only_the_rest_is_fetched() -> None:
    theirs = content(["01.gif", "02.gif"])
    torrent = torrent_of()
    with peer(torrent) as known:
        fetched(source(torrent, peers=[known], files=["01.gif"]))
    part = Path(".cache/fetch/show/files/Show/01.gif")
    assert part.read_bytes() == theirs["01.gif"] and Path(".cache/fetch/show/resume").is_file()
    Path("theirs/Show/01.gif").unlink()  # nobody has it any more
    with peer(torrent) as known:
        done = fetched(source(torrent, peers=[known]))
    assert done.files == ["data/raw/s/02.gif"] and done.same == 1


def test_without_notes_all_is_verified_anew_and_what_is_damaged_comes_again() -> None:
    theirs = content(["01.gif"])
    torrent = torrent_of()
    part = Path(".cache/fetch/show/files/Show/01.gif")
    part.parent.mkdir(parents=True)
    data = bytearray(theirs["01.gif"])
    data[20_000] ^= 255
    part.write_bytes(data)
    with pytest.raises(GengaError, match=r"nobody sent what is wanted of it in 1 s \((\d+) of \d+ bytes") as error:
        fetched(source(torrent, stalled=1))
    assert len(data) - 3 * 16 * 1024 <= int(str(error.value).partition(" s (")[2].split()[0]) < len(data)
    with peer(torrent) as known:
        done = fetched(source(torrent, peers=[known]))
    assert [Path(path).read_bytes() for path in done.files] == [theirs["01.gif"]]


def test_a_piece_that_is_damaged_on_the_way_is_not_believed() -> None:
    content(["01.gif"])
    torrent = torrent_of()
    data = bytearray(Path("theirs/Show/01.gif").read_bytes())
    data[40_000:60_000] = bytes(20_000)
    Path("theirs/Show/01.gif").write_bytes(data)
    with peer(torrent) as known, pytest.raises(GengaError, match="nobody sent what is wanted of it in 2 s"):
        fetched(source(torrent, peers=[known], stalled=2))
    assert not Path("data").exists()


def test_a_pattern_that_fits_nothing_and_what_is_no_torrent() -> None:
    content(["01.gif"])
    torrent = torrent_of()
    with pytest.raises(GengaError, match=r"sources.show.files: none of .* called so, such as 'Show/01.gif'"):
        fetched(source(torrent, files=["*.mkv"]))
    Path("no.torrent").write_text("no")
    for wrong in ("no.torrent", "gone.torrent", "magnet:?xt=no"):
        with pytest.raises(GengaError, match=r"is no torrent and no magnet \("):
            fetched(source(wrong))


def test_a_dry_run_says_what_is_in_it() -> None:
    content(["01.gif", "02.gif"])
    done = fetched(source(torrent_of(), files=["*02*"]), dry=True)
    assert done.would == ["Show/02.gif"] and not Path("data").exists()


def test_seeding_is_only_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    content(["01.gif"])
    torrent, seeded = torrent_of(), []
    monkeypatch.setattr("genga.exchange.sources.torrents.Download.seed", lambda self: seeded.append(self.magnet))
    with peer(torrent) as known:
        fetched(source(torrent, peers=[known]))
        assert seeded == []
        fetched(source(torrent, peers=[known], seed=True))
    assert len(seeded) == 1


def test_a_disk_that_refuses_is_one_line() -> None:
    content(["01.gif"])
    torrent = torrent_of()
    Path(".cache/fetch/show/files").mkdir(parents=True)
    Path(".cache/fetch/show/files/Show").write_text("a file where a folder is to be")
    with peer(torrent) as known, pytest.raises(GengaError, match=r"^.cache/fetch/show: .*put the disk right, and run"):
        fetched(source(torrent, peers=[known]))
