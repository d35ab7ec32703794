"""Sites on this machine, as they answer and as they fail: by gallery-dl or a stand-in for it, and by our own door."""

import io
import json
import os
import shutil
import sys
import urllib.error
from pathlib import Path

import pytest
from sites import HTML, Site, picture, served

from genga.errors import GengaError
from genga.exchange.sources.fetch import Done, fetch
from genga.exchange.sources.gallery import NAME, OURS, about, command, settings
from genga.exchange.sources.gallery import program as program_of
from genga.exchange.sources.http import Polite
from genga.exchange.sources.record import read_origins
from genga.params.sources import Gallery, Gifs, Source, parse_source
from genga.video.album import read_album

ROOT = Path(__file__).resolve().parent.parent

# What the program does as far as it is asked to: a search, its files, metadata, again after 429 and 5xx, an archive.
STAND_IN = """
import json, sys, time, urllib.error, urllib.request
from pathlib import Path
args = sys.argv[1:]
value = lambda name: args[args.index(name) + 1]
conf = json.loads(Path(value("--config")).read_text())
folder, most, url = Path(value("--directory")), int(value("--range").split("-")[1]), args[-1]
archive = Path(value("--download-archive"))
had = archive.read_text().split() if archive.exists() else []
def get(url):
    for again in range(conf["extractor"]["retries"] + 1):
        try:
            ask = urllib.request.Request(url, headers={"User-Agent": conf["user-agent"]})
            with urllib.request.urlopen(ask) as answer:
                return answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            print(f"[downloader.http][warning] '{error.code} {error.reason}' for '{url}'", file=sys.stderr)
    return None, b""
_, found = get(url.replace("/posts?", "/posts.json?") + "&limit=200")
failed = 0
for post in json.loads(found or b"[]")[:most]:
    name = f"here_{post['id']}.{post['file_ext']}"
    if "--simulate" in args or name in had:
        print(("" if "--simulate" in args else "# ") + str(folder / name))
        continue
    kind, data = get(post["file_url"])
    if kind is None or kind.startswith("text/html"):
        failed = 4
        if kind:
            print("[downloader.http][warning] HTML response", file=sys.stderr)
        print(f"[download][error] Failed to download {name}", file=sys.stderr)
        continue
    (folder / f"{name}.json").write_text(json.dumps({**post, "category": "here"}))
    (folder / name).write_bytes(data)
    had.append(name)
    archive.write_text(" ".join(had))
    print(folder / name, flush=True)
sys.exit(failed)
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("genga.exchange.sources.http._PAUSE", 0.0)
    return tmp_path


@pytest.fixture(params=["stand-in", "gallery-dl"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The program: a stand-in, and the real one where it is installed."""
    if request.param == "gallery-dl":
        if (found := shutil.which(NAME) or shutil.which(str(ROOT / OURS))) is None:
            pytest.skip("gallery-dl is not installed here")
        return found
    path = tmp_path / "stand-in"
    path.write_text(f"#!{sys.executable}\n{STAND_IN}")
    path.chmod(0o755)
    return str(path)


def png(seed: int) -> bytes:
    out = io.BytesIO()
    picture(seed).save(out, "png")
    return out.getvalue()


def gif(seed: int) -> bytes:
    out = io.BytesIO()
    picture(seed).save(out, "gif", save_all=True, append_images=[picture(seed + 100)], duration=100)
    return out.getvalue()


def booru(site: Site, numbers: range) -> None:
    """Put posts on a site, as Danbooru has them; the fifth is the first once more, the sixth moves."""
    for n in numbers:
        ending = "gif" if n == 6 else "png"
        site.files[f"/data/{n}.{ending}"] = gif(n) if n == 6 else png(1 if n == 5 else n)
        site.posts.append({
            "id": n, "file_url": f"{site.root}/data/{n}.{ending}", "file_ext": ending, "md5": f"{n:032x}",
            "rating": "g", "created_at": "2026-01-01T00:00:00.000-05:00", "source": f"https://art.example/{n}",
            "tag_string": "hat akari", "tag_string_general": "hat smile", "tag_string_character": "akari",
            "tag_string_artist": "x", "tag_string_copyright": "world", "tag_string_meta": "", "image_width": 96,
            "image_height": 64, "score": 1, "file_size": 100,
        })  # fmt: skip


def gallery(site: Site, program: str, **more: object) -> Gallery:
    port = site.root.rpartition(":")[2]
    own = {
        "extractor": {"sleep-429": 0.1, "Danbooru": {"here": {"root": site.root, "pattern": f"127\\.0\\.0\\.1:{port}"}}}
    }
    found = parse_source("akari", {
        "kind": "gallery", "series": "s", "urls": [f"{site.root}/posts?tags=akari"], "rate": 50, "user_agent": "me/1",
        "retries": 2, "command": program, "config": own, **more,
    })  # fmt: skip
    assert isinstance(found, Gallery)
    return found


def fetched(name: str, source: Source, dry: bool = False) -> tuple[Done, list[str]]:
    said: list[str] = []
    return fetch(name, source, said.append, lambda lines: True, dry), said


def test_a_booru_with_429_500_and_html_in_between(program: str) -> None:
    with served() as site:
        booru(site, range(1, 8))
        site.troubles = {
            "/posts.json": [(429, "text/plain", b"slow down"), (500, "text/plain", b"oops")],
            "/data/2.png": [(500, "text/plain", b"")],
            "/data/3.png": [HTML] * 3,
        }
        source = gallery(site, program, most=6)
        done, said = fetched("akari", source)
        assert (done.albums, done.files, done.same) == (
            {"data/raw/s/akari 001.mov": 3}, ["data/raw/s/here 6.gif"], 1
        )  # fmt: skip
        query = source.urls[0]
        assert said == [f"{query}: gallery-dl: Failed to download here_3.png (HTML response)"]
        assert not any(path.startswith("/data/7") for path in site.asked), "six of a query, and no more"
        assert site.agents == {"me/1"}
        assert read_album("data/raw/s/akari 001.mov") == [site.files[f"/data/{n}.png"] for n in (1, 2, 4)]
        lines = read_origins()
        assert [(one.name, one.frame, one.credited, one.rating, one.tags) for one in lines if one.frame == 1] == [
            ("here_2.png", 1, "https://art.example/2", "general",
             {"general": ["hat", "smile"], "character": ["akari"], "artist": ["x"], "copyright": ["world"]})
        ]  # fmt: skip
        assert {one.origin for one in lines} == {
            "3 pictures", *(f"{site.root}/data/{name}" for name in ("1.png", "2.png", "4.png", "6.gif"))
        }  # fmt: skip
        before = list(site.asked)
        site.troubles = {}
        again, _ = fetched("akari", source)
        assert again.albums == {"data/raw/s/akari 002.mov": 1}, "the one that failed is had, and nothing else"
        assert [path for path in site.asked[len(before) :] if "/data/" in path] == ["/data/3.png"]


def test_a_dry_run_downloads_nothing(program: str) -> None:
    with served() as site:
        booru(site, range(1, 4))
        done, _ = fetched("akari", gallery(site, program), dry=True)
        assert len(done.would) == 3 and not any("/data/" in path for path in site.asked)
    assert not Path("data").exists()


def test_what_a_run_downloaded_and_did_not_place_is_placed_by_the_next(program: str) -> None:
    files = Path(".cache/fetch/akari/files")
    files.mkdir(parents=True)
    (files / "here_9.png").write_bytes(png(9))
    (files / "here_9.png.json").write_text('{"id": 9, "category": "here", "tags_general": ["sky"]}')
    (files / "here_8.png.part").write_bytes(b"half")
    with served() as site:
        done, _ = fetched("akari", gallery(site, program))
    assert done.albums == {"data/raw/s/akari 001.mov": 1}
    assert read_origins()[1].tags == {"general": ["sky"]}
    assert sorted(path.name for path in files.iterdir()) == ["here_8.png.part"]


def test_a_program_that_is_not_there_is_one_line() -> None:
    with (
        served() as site,
        pytest.raises(
            GengaError,
            match=r"sources.akari.command: no-such-program cannot be started .*`pip install gallery-dl==1.32.18`",
        ),
    ):
        fetched("akari", gallery(site, "no-such-program"))


def test_a_program_that_ends_without_a_word_and_a_full_disk(tmp_path: Path) -> None:
    for name, text in (
        ("mute", "exit 3"),
        ("full", 'echo "[download][error] [Errno 28] No space left on device" >&2; exit 4'),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    with served() as site:
        _, said = fetched("akari", gallery(site, str(tmp_path / "mute")))
        assert said == [f"{site.root}/posts?tags=akari: gallery-dl: ended with 3"]
        with pytest.raises(GengaError, match="No space left on device; make room, and run again"):
            fetched("akari", gallery(site, str(tmp_path / "full")))


def test_what_make_sources_installed_is_found_without_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.path.abspath("bin"))
    assert program_of(NAME) == NAME
    for path in (OURS, "bin/gallery-dl"):
        Path(path).parent.mkdir(parents=True)
        Path(path).write_text("#!/bin/sh\n")
        Path(path).chmod(0o755)
        assert program_of(NAME) == (OURS if path == OURS else NAME)
    assert program_of("other/gallery-dl") == "other/gallery-dl"


def test_what_gallery_dl_is_told() -> None:
    source = parse_source("a", {"kind": "gallery", "series": "s", "urls": ["https://x/1"], "rate": 0.5, "most": 7,
                                "config": {"extractor": {"sleep-429": 5, "pixiv": {"token": "t"}}}})  # fmt: skip
    assert isinstance(source, Gallery)
    assert settings(source) == {
        "user-agent": "genga",
        "extractor": {"sleep-request": 2.0, "sleep": 2.0, "sleep-429": 5, "retries": 4, "tags": True,
                      "pixiv": {"token": "t"}},
    }  # fmt: skip
    told = command(source, Path("c"))
    assert told[:2] == ["gallery-dl", "--config-ignore"] and "1-7" in told and "--write-metadata" in told
    assert about({}, "x.png", "https://x/1").origin == "https://x/1"


def test_gallery_dl_is_never_imported() -> None:
    for path in Path(__file__).parent.parent.joinpath("genga").rglob("*.py"):
        assert "import gallery_dl" not in path.read_text(encoding="utf-8")


def gifs(site: Site, **more: object) -> Gifs:
    found = parse_source("gifs", {"kind": "gifs", "series": "s", "endpoint": f"{site.root}/v2/search?client=me",
                                  "queries": ["akari hat"], "rate": 100, "format": "gif", **more})  # fmt: skip
    assert isinstance(found, Gifs)
    return found


def tenor(site: Site, count: int) -> None:
    for n in range(count):
        site.files[f"/m/{n}.gif"] = gif(n)
        site.posts.append({
            "id": str(n), "content_description": "A girl waves.", "tags": ["wave", "Akari"],
            "itemurl": f"https://gif.example/{n}", "media_formats": {"gif": {"url": f"{site.root}/m/{n}.gif"}},
        })  # fmt: skip


def test_an_api_of_gifs_page_by_page_up_to_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIF_KEY", " secret ")
    with served() as site:
        tenor(site, 60)
        done, said = fetched("gifs", gifs(site, most=52, key="GIF_KEY"))
        assert (len(done.files), said) == (52, [])
        searches = [path for path in site.asked if path.startswith("/v2")]
        assert searches == [
            "/v2/search?client=me&q=akari+hat&limit=50&key=secret",
            "/v2/search?client=me&q=akari+hat&limit=2&pos=50&key=secret",
        ]
        assert done.files[0] == "data/raw/s/akari hat 0.gif"
        first = read_origins()[0]
        assert (first.name, first.origin, first.text) == ("akari hat/0", "https://gif.example/0", "A girl waves.")
        assert first.tags == {"general": ["wave", "akari"], "query": ["akari_hat"]}
        count = len(site.asked)
        again, _ = fetched("gifs", gifs(site, most=52, key="GIF_KEY"))
        assert again.files == [] and len(site.asked) == count + 2, "what is on record is not asked for again"


def test_an_api_that_is_slow_down_and_sends_pages_for_gifs() -> None:
    with served() as site:
        tenor(site, 4)
        site.posts[3]["media_formats"] = {"webm": {"url": "x"}}
        site.troubles = {
            "/v2/search": [(429, "text/plain", b""), (503, "text/plain", b"")],
            "/m/1.gif": [HTML], "/m/2.gif": [(404, "text/plain", b"")],
        }  # fmt: skip
        done, said = fetched("gifs", gifs(site))
        assert done.files == ["data/raw/s/akari hat 0.gif"]
        assert said == [
            "akari hat/1: is a page of text ('<!DOCTYPE html><html><body>Just a moment'), not a picture or video",
            f"{site.root}/m/2.gif: 404 Not Found",
            "akari hat/3: has no gif (its formats: webm)",
        ]
        assert [path.name for path in Path(".cache/fetch/gifs").iterdir()] == ["lock"]


def test_a_key_that_is_missing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIF_KEY", raising=False)
    with served() as site:
        with pytest.raises(GengaError, match="sources.gifs.key: there is no GIF_KEY in the environment; ask the site"):
            fetched("gifs", gifs(site, key="GIF_KEY"))
        assert site.asked == []


def test_an_api_that_is_none_refuses_or_never_answers() -> None:
    with served() as site:
        site.troubles["/v2/search"] = [HTML]
        with pytest.raises(GengaError, match=r"is not JSON \('<!DOCTYPE html>.*is it the endpoint of an API"):
            fetched("gifs", gifs(site))
        site.troubles["/v2/search"] = [(200, "application/json", b"{}")]
        with pytest.raises(GengaError, match="answers without `results`; it is no API in Tenor's form"):
            fetched("gifs", gifs(site))
        site.troubles["/v2/search"] = [(403, "text/plain", b"")]
        with pytest.raises(GengaError, match="403 Forbidden; is the key right"):
            fetched("gifs", gifs(site))
        site.troubles["/v2/search"] = [(500, "text/plain", b"")] * 3
        with pytest.raises(GengaError, match="500 Internal Server Error, asked 3 times; try later") as error:
            fetched("gifs", gifs(site, retries=2))
        assert "\n" not in str(error.value)


def test_requests_are_so_many_a_second_and_wait_as_long_as_they_are_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 3))
        clock[0] += seconds

    limits = parse_source("g", {"kind": "gifs", "series": "s", "endpoint": "http://127.0.0.1:1/x", "queries": ["q"],
                                "rate": 4, "retries": 2})  # fmt: skip
    assert isinstance(limits, Gifs)
    polite = Polite(limits, sleep, lambda: clock[0])

    class Refused(urllib.error.HTTPError):
        def __init__(self) -> None:
            super().__init__("x", 429, "Too Many Requests", {"Retry-After": "7"}, io.BytesIO())  # type: ignore[arg-type]

    def refuse(*args: object, **more: object) -> object:
        raise Refused()

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    with pytest.raises(GengaError, match="429 Too Many Requests, asked 3 times"):
        polite.json("http://127.0.0.1:1/x", "x")
    assert slept == [7.0, 7.0]
    slept.clear()
    monkeypatch.setattr("urllib.request.urlopen", lambda *args, **more: io.BytesIO(b"[1]"))
    for _ in range(3):
        clock[0] += 0.05
        assert polite.json("http://127.0.0.1:1/x", "x") == [1]
    assert slept == [0.2, 0.2, 0.2]


def test_a_download_that_breaks_off_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Short(io.BytesIO):
        headers = {"Content-Length": "10"}

    limits = parse_source("g", {"kind": "gifs", "series": "s", "endpoint": "http://127.0.0.1:1/x", "queries": ["q"],
                                "rate": 100, "retries": 0})  # fmt: skip
    assert isinstance(limits, Gifs)
    monkeypatch.setattr("urllib.request.urlopen", lambda *args, **more: Short(b"12345"))
    with pytest.raises(GengaError, match="5 of 10 bytes came, asked 1 times"):
        Polite(limits).file("http://127.0.0.1:1/x", Path("x.gif"))
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"kind": "ftp"}, "params.yaml:sources.x.kind must be one of gallery, gifs, torrent, folder, got 'ftp'"),
        ([], "params.yaml:sources.x.kind must be one of gallery, gifs, torrent, folder, got None"),
        ({"kind": "gallery", "series": "s", "urls": []}, "params.yaml:sources.x.urls: list should have at least 1"),
        ({"kind": "folder", "series": "a/b", "path": "x"}, "params.yaml:sources.x.series: .*it has a slash in it"),
        ({"kind": "folder", "series": "s", "path": "x", "rate": 1}, "sources.x.rate is not a known key"),
        ({"kind": "torrent", "series": "s", "torrent": "m", "place": "move"}, "place: move takes files away"),
        ({"kind": "gifs", "series": "s", "endpoint": "ftp://x", "queries": ["q"]}, "sources.x.endpoint: string should"),
    ],
)
def test_a_wrong_entry_is_named(said: object, message: str) -> None:
    with pytest.raises(GengaError, match=message):
        parse_source("x", said)
    json.dumps(said)
