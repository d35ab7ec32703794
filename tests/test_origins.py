"""An audit and a trace walk on to where a raw file came from, and to the picture in an album."""

from pathlib import Path

import polars as pl
import pytest
from test_sources_local import saved

from genga.audit import as_text
from genga.audit.checks import Check
from genga.audit.origins import in_words, origin_checks, origins
from genga.audit.tables import Reader
from genga.audit.trace import trace
from genga.audit.tracetext import lines as trace_lines
from genga.exchange.sources.record import Origin, add_origins
from genga.store.files import sha256_of, write_facts
from genga.store.parquet import write_table
from genga.tables.dedup import DEDUP
from genga.video.album import write_album

TIME = "2026-03-01T12:00:00Z"
ALBUM = Origin("data/raw/s/mine 001.mov", "aa", 9, "mine", "folder", "2 pictures", "mine 001.mov", TIME, "CC0")
FIRST = Origin("data/raw/s/mine 001.mov", "b0", 4, "mine", "folder", "in", "a.png", TIME, "CC0", frame=0)
SECOND = Origin(
    "data/raw/s/mine 001.mov", "b1", 5, "mine", "folder", "in", "b.png", TIME, "CC0", "https://x/1", frame=1
)
CLIP = Origin("data/raw/s/02.gif", "cc", 7, "site", "gifs", "https://gif.example/2", "q/2", TIME)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    add_origins([ALBUM, FIRST, SECOND, CLIP])
    write_facts("data/probe/s/mine 001.json", {"sha256": "aa", "codec": "png", "width": 9, "height": 6})
    write_facts("data/probe/s/renamed.json", {"sha256": "cc"})
    write_facts("data/probe/s/02.json", {"sha256": "dd"})
    write_facts("data/probe/s/by hand.json", {"sha256": "ee"})
    return tmp_path


EPISODES = ["s/mine 001", "s/renamed", "s/02", "s/by hand", "s/gone"]


def test_lines_are_found_by_content_and_of_pictures_those_that_were_learnt() -> None:
    found = origins(Reader("."), EPISODES, ["s/mine 001/000001", "s/renamed/000001"])
    assert [(one["episode"], one["file"], one["frame"], one["sha256"]) for one in found] == [
        ("s/mine 001", "data/raw/s/mine 001.mov", None, "aa"),
        ("s/mine 001", "data/raw/s/mine 001.mov", 1, "b1"),
        ("s/renamed", "data/raw/s/02.gif", None, "cc"),
    ]
    Path("sources.jsonl").unlink()
    assert origins(Reader("."), EPISODES) == []


def test_a_file_that_is_another_than_was_fetched_is_changed() -> None:
    assert list(origin_checks(Reader("."), EPISODES, [])) == [
        Check("source", "s/02", "changed", "cc", "is dd, which was never fetched"),
        Check("source", "s/mine 001", "verified", "aa"),
        Check("source", "s/renamed", "verified", "cc"),
    ]


def test_a_picture_in_an_album_is_the_file_that_was_fetched() -> None:
    files = [saved(Path(f"{n}.png"), n).read_bytes() for n in range(3)]
    path = Path("data/raw/s/b.mov")
    path.parent.mkdir(parents=True)
    write_album(path, files, "png", (96, 64))
    sha256 = sha256_of(path)
    write_facts("data/probe/s/b.json", {"sha256": sha256})
    pictures = [(0, sha256_of("0.png"), False), (1, "other", False), (2, "other", True), (7, "other", False)]
    add_origins([
        Origin(path.as_posix(), sha256, 1, "mine", "folder", "in", "b.mov", TIME),
        *(Origin(path.as_posix(), of, 1, "mine", "folder", "in", f"{n}.png", TIME, frame=n, repacked=repacked)
          for n, of, repacked in pictures),
    ])  # fmt: skip
    stills = [f"s/b/{n:06d}" for n, _, _ in pictures]
    assert list(origin_checks(Reader("."), ["s/b"], stills)) == [
        Check("source", "s/b", "verified", sha256),
        Check("picture", "s/b/000000", "verified", sha256_of("0.png")),
        Check("picture", "s/b/000001", "changed", "other", f"is {sha256_of('1.png')}"),
        Check("picture", "s/b/000007", "changed", "other", "is not there"),
    ]


def test_in_words() -> None:
    first, second, clip = origins(Reader("."), EPISODES, ["s/mine 001/000001"])
    assert in_words(first) == (
        f"data/raw/s/mine 001.mov from 2 pictures, by mine (folder) at {TIME}, sha256 aa, licence: CC0"
    )
    assert in_words(second) == (
        f"b.png of in, by mine (folder) at {TIME}, sha256 b1, from https://x/1 as it says, licence: CC0"
    )
    assert in_words(clip) == f"data/raw/s/02.gif from https://gif.example/2, by site (gifs) at {TIME}, sha256 cc"


def test_a_trace_begins_where_the_picture_came_from() -> None:
    row = {name: None for name in DEDUP} | {"frame": 1, "shot": 1, "keeper": 1, "reason": "kept"}
    write_table("data/dedup/s/mine 001.parquet", pl.DataFrame([row], schema=dict(DEDUP)), DEDUP)
    found = list(trace_lines(trace("s/mine 001/000001")))
    assert found[:4] == [
        "s/mine 001/000001",
        f"  fetch      data/raw/s/mine 001.mov from 2 pictures, by mine (folder) at {TIME}, sha256 aa, licence: CC0",
        f"  fetch      b.png of in, by mine (folder) at {TIME}, sha256 b1, from https://x/1 as it says, licence: CC0",
        "  probe      png 9x6, sha256 aa",
    ]


@pytest.mark.parametrize(("with_images", "count"), [(False, 3), (True, 4)])
def test_an_audit_names_the_files_and_with_images_the_pictures(with_images: bool, count: int) -> None:
    audit = {"sources": origins(Reader("."), EPISODES, ["s/mine 001/000001"])}
    found = list(as_text._sources(audit, with_images))
    assert (
        found[0] == "sources: 2 of the files were fetched, with 1 picture that is learnt from" and len(found) == count
    )
    assert list(as_text._sources({"sources": []}, True)) == []
