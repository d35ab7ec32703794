"""Which episode a file is by its release's name; shown, corrected, and two of one episode are an error."""

import sys
from pathlib import Path

import pytest
from sites import picture

from genga.errors import GengaError
from genga.exchange.sources.fetch import Done, fetch
from genga.exchange.sources.found import About, Found
from genga.exchange.sources.record import read_origins
from genga.exchange.sources.releases import Release, kept_name, planned, read_name, said_by, table
from genga.params.names import fault_of_name
from genga.params.sources import Folder, parse_source


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def source(**more: object) -> Folder:
    found = parse_source("show", {"kind": "folder", "series": "Show", "path": "in", **more})
    assert isinstance(found, Folder)
    return found


def found(name: str) -> Found:
    return Found(Path(name), About("in", name), name, 1, "moving")


# What aniparse 2.0.0 makes of these names.
PARSED = {
    "[A] Show - 03 [1080p].mkv": ({"series": [{"title": "Show", "episode": [{"number": 3}]}]}, "03", 1),
    "[A] Show S2 - 14v2.mkv": (
        {"release_version": ["2"], "series": [{"title": "Show", "season": [{"number": 2}],
                                               "episode": [{"number": 14, "release_version": "2"}]}]}, "S02E14", 2),
    "Show.S01E05.mkv": (
        {"series": [{"title": "Show", "season": [{"number": 1}], "episode": [{"number": 5}]}]}, "05", 1),
    "[A] Show - OVA 2 [BD].mkv": (
        {"series": [{"title": "Show", "type": "ova", "episode": [{"number": 2}]}]}, "OVA 2", 1),
    "[A] Show - NCOP1.mkv": (
        {"series": [{"title": "Show", "content_type": [{"number": 1, "identifier": "NCOP"}]}]}, "NCOP 1", 1),
    "[A] Show - S00E03.mkv": (
        {"series": [{"title": "Show", "type": "special", "season": [{"number": 0}], "episode": [{"number": 3}]}]},
        "Special 3", 1),
    "[A] Show - 12.5.mkv": ({"series": [{"title": "Show", "episode": [{"number": 12.5}]}]}, "12.5", 1),
    "[A] Show - 01-02.mkv": (
        {"series": [{"title": "Show", "episode": [{"start": {"number": 1}, "end": {"number": 2}}]}]}, "01-02", 1),
    "Show (2011) Movie [BD].mkv": (
        {"series": [{"title": "Show", "type": "movie", "year": [{"number": 2011}]}]}, "Movie", 1),
    "holiday.mkv": ({"series": [{"title": "holiday"}]}, "", 1),
    "": ({}, "", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", PARSED)
def test_what_a_parsed_name_is_called(name: str) -> None:
    parsed, called, version = PARSED[name]
    release = said_by(parsed)
    assert (release.called, release.version) == (called, version)


@pytest.mark.parametrize("name", [name for name in PARSED if name])
def test_the_parser_reads_these_names_so(name: str) -> None:
    pytest.importorskip("aniparse", reason="pip install aniparse==2.0.0")
    _, called, version = PARSED[name]
    release = read_name(name)
    assert (release.called, release.version) == (called, version)


def test_without_the_parser_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aniparse", None)
    with pytest.raises(
        GengaError, match="names: read needs aniparse: pip install aniparse==2.0.0, or write names: keep"
    ):
        read_name("x.mkv")


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser as it answers, wherever it is not installed."""
    known = {name: said_by(parsed) for name, (parsed, *_) in PARSED.items()}
    known["[B] Show - 03v2.mkv"] = Release("Show", None, "03", 2)
    monkeypatch.setattr("genga.exchange.sources.releases.read_name", lambda name: known.get(name, Release()))


def test_a_plan_is_shown_with_what_it_rests_on(parser: None) -> None:
    names = ["a/[A] Show - 03 [1080p].mkv", "[A] Show S2 - 14v2.mkv", "holiday.mkv", "extra.mkv"]
    plans = planned([found(name) for name in names], source(episodes={"extra.mkv": None, "hol*": "  Day  off "}))
    assert [plan.episode for plan in plans] == ["03", "S02E14", "Day off", None]
    assert table(plans, "Show") == [
        "  a/[A] Show - 03 [1080p].mkv  ->  Show/03       (its name: 'Show')",
        "  [A] Show S2 - 14v2.mkv       ->  Show/S02E14   (its name: 'Show', season 2, v2)",
        "  holiday.mkv                  ->  Show/Day off  (episodes: 'hol*')",
        "  extra.mkv                    ->  left out      (episodes: 'extra.mkv')",
    ]


def test_two_files_of_one_episode_are_named_with_the_way_to_choose(parser: None) -> None:
    two = [found("[A] Show - 03 [1080p].mkv"), found("[B] Show - 03v2.mkv")]
    with pytest.raises(GengaError) as error:
        planned(two, source())
    assert str(error.value) == (
        "'[A] Show - 03 [1080p].mkv' and '[B] Show - 03v2.mkv' are both episode 03 of Show: say under episodes what"
        " each is ({'[B] Show - 03v2.mkv': null} leaves one out), or write versions: newest"
    )
    newest = planned(two, source(versions="newest"))
    assert [(plan.episode, plan.why) for plan in newest] == [(None, "v2 is newer"), ("03", "its name: 'Show', v2")]
    left = planned(two, source(episodes={"[[]B] Show - 03v2.mkv": None}))
    assert [plan.episode for plan in left] == ["03", None]
    with pytest.raises(GengaError, match="are both episode 03 of Show: say under episodes what each is .* one out\\)$"):
        planned([found("x/[A] Show - 03 [1080p].mkv"), found("y/[A] Show - 03 [1080p].mkv")], source())
    with pytest.raises(
        GengaError, match=r"one out\), or .* newest; so are 2 more, such as 'y/\[A\] Show - 03 \[1080p\].mkv'$"
    ):
        planned([*two, found("y/[A] Show - 03 [1080p].mkv"), found("z/[B] Show - 03v2.mkv")], source())


@pytest.mark.parametrize(
    ("stem", "name"),
    [("a", "a"), ("a{b}", "a_b_"), ("  x . ", "x"), ("a\x00b", "a_b"), ("..", "_"), ("ab" * 200, None),
     ("x" * 99, None), ("wh?t", None)],
)  # fmt: skip
def test_a_name_that_no_episode_can_have_is_made_one(stem: str, name: str | None) -> None:
    made = kept_name(stem)
    assert fault_of_name(made) == "" and "/" not in made
    if name is not None:
        assert made.partition("-")[0] == name


def video(path: str, seed: int) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    picture(seed).save(path, "gif", save_all=True, append_images=[picture(seed + 50)], duration=100)


def placed(ask: bool = True, dry: bool = False, **more: object) -> tuple[Done, list[str], list[str]]:
    said: list[str] = []
    shown: list[str] = []

    def believed(lines: list[str]) -> bool:
        shown.extend(lines)
        return ask

    return fetch("show", source(**more), said.append, believed, dry), said, shown


def test_nothing_is_placed_before_it_is_believed(parser: None) -> None:
    video("in/[A] Show - 03 [1080p].mkv", 1)
    for ask, dry in ((False, False), (True, True)):
        done, said, shown = placed(ask, dry)
        assert done.files == [] and not Path("data").exists() and said == []
        assert done.in_words("x") == ("fetch x: 1 would be placed" if dry else "fetch x: 1 not placed")
        assert len(shown) == (0 if dry else 1) and len(done.would) == (1 if dry else 0)
    done, _, _ = placed()
    assert done.files == ["data/raw/Show/03.gif"], "the ending is the content's"
    assert Path("in/[A] Show - 03 [1080p].mkv").exists()
    assert read_origins()[0].name == "[A] Show - 03 [1080p].mkv"


def test_an_episode_that_is_there_stays(parser: None) -> None:
    video("data/raw/Show/03.gif", 7)
    video("in/[A] Show - 03 [1080p].mkv", 1)
    video("in/Show.S01E05.mkv", 2)
    before = Path("data/raw/Show/03.gif").read_bytes()
    done, said, _ = placed()
    assert done.files == ["data/raw/Show/05.gif"] and Path("data/raw/Show/03.gif").read_bytes() == before
    assert said == [
        "[A] Show - 03 [1080p].mkv: data/raw/Show/03.gif is episode 03 already, of other content; take one of them"
        " away, or say under episodes what this one is"
    ]


@pytest.mark.parametrize(
    ("place", "stays", "one"),
    [("link", True, True), ("copy", True, False), ("move", False, False)],
)
def test_files_are_linked_copied_or_moved(parser: None, place: str, stays: bool, one: bool) -> None:
    video("in/Show.S01E05.mkv", 1)
    there = Path("in/Show.S01E05.mkv")
    inode = there.stat().st_ino
    placed(place=place)
    assert there.exists() is stays and (Path("data/raw/Show/05.gif").stat().st_ino == inode) is one


def test_on_another_disk_a_link_is_a_copy(parser: None, monkeypatch: pytest.MonkeyPatch) -> None:
    video("in/Show.S01E05.mkv", 1)

    def refuse(*args: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    placed()
    assert Path("data/raw/Show/05.gif").read_bytes() == Path("in/Show.S01E05.mkv").read_bytes()
