"""The desk: what it finds, what it writes, and whom it lets in. The project is that of tests/desk_project.py."""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from desk_project import EPISODES, build, into_a_pack, of_series
from starlette.testclient import TestClient

from genga.desk.access import Guard
from genga.desk.app import Keeper, Site
from genga.desk.desk import FOLDER, Desk
from genga.desk.edits import Edit, Place, carried_out
from genga.desk.pages import page
from genga.desk.people import nearest
from genga.desk.played import Player
from genga.desk.query import Query, Range, Term, parse
from genga.desk.server import address, listening, serve
from genga.desk.work import Work, jobs_in
from genga.errors import GengaError

TOKEN = "t0ken"


@pytest.fixture(scope="module", params=["episodes", "clips of a pack"])
def built(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    with contextlib.chdir(folder):
        build(folder)
        if request.param != "episodes":
            into_a_pack()
    return folder


@pytest.fixture
def desk(tmp_path: Path, built: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    found = Desk(Path(), "ann")
    Keeper(found).look()
    return found


def client(desk: Desk, read_only: bool = False, signed_in: bool = True) -> TestClient:
    site = Site(desk, Work(desk.root, "1"), Player(desk.root, "bicubic"), TOKEN)
    guard = Guard(site.app(), TOKEN, ("127.0.0.1", "localhost"), 8686, read_only)
    found = TestClient(guard, base_url="http://127.0.0.1:8686", headers={"x-genga-desk": TOKEN})
    if signed_in:
        assert found.get(f"/?token={TOKEN}").status_code == 200
    return found


def table(kind: str, episode: str = "") -> str:
    return Path("corrections/s", episode, f"{kind}.csv").read_text(encoding="utf-8")


# The search language


@pytest.mark.parametrize(
    ("text", "terms", "of_tags", "sort"),
    [
        ("", (), (), "frame"),
        ("smile", (Term("tag", ("smile",)),), (), "frame"),
        ('-"Long Hair"', (Term("tag", ("long_hair",), without=True),), (), "frame"),
        ("character:akari|mika", (Term("character", ("akari", "mika")),), (), "frame"),
        ('character:"akari k"', (Term("character", ("akari k",)),), (), "frame"),
        ("shot:12", (Term("shot", range=Range(12, 12)),), (), "frame"),
        ("-frame:..5", (Term("frame", range=Range(high=5), without=True),), (), "frame"),
        ("score:0.2..0.4", (), (Term("score", range=Range(0.2, 0.4)),), "frame"),
        ("disagreement:>0.3", (), (Term("disagreement", range=Range(low=0.3, open_low=True)),), "frame"),
        ("score:<=0.3 sort:score", (), (Term("score", range=Range(high=0.3)),), "score"),
        (":d d:x |_|", tuple(Term("tag", (one,)) for one in (":d", "d:x", "|_|")), (), "frame"),
        ("tag:-_-", (Term("tag", ("-_-",)),), (), "frame"),
    ],
)
def test_a_query_is_taken_apart(text: str, terms: tuple, of_tags: tuple, sort: str) -> None:
    tags = tuple(word for term in terms if term.key == "tag" for word in term.words)
    assert parse(text) == Query(terms, of_tags, sort, tags)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("score:much", "search: 'score:much' is no number or range; write 3, 0.2..0.4, >0.3 or <=0.3"),
        ("shot:..", "search: 'shot:..' is no number or range; write 3, 0.2..0.4, >0.3 or <=0.3"),
        ("-score:1", "search: '-score:1' cannot be turned around; write the other range"),
        ("sort:size", "search: 'sort:size' is no order; known: frame, disagreement, score"),
        ('a "b', "search: a quote is not closed in '\"b'; write it twice, or take it out"),
        ("character:", "search: 'character:' says nothing; write something behind it"),
        ("kind:|", "search: 'kind:|' says nothing; write something beside the |"),
    ],
)
def test_what_is_not_understood_is_said(text: str, message: str) -> None:
    with pytest.raises(GengaError) as error:
        parse(text)
    assert str(error.value) == message


FULL, HEAD = "-0-fullbody", "-0-head"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kind:still", ["0", "2", "4"]),
        ("smile", ["0", f"0{FULL}", f"0{HEAD}"]),
        ("-smile kind:still", ["2", "4"]),
        ("smile|long_hair kind:still", ["0", "4"]),
        ("*_hair", ["4", f"4{FULL}", f"4{HEAD}"]),
        ("character:akari kind:head", [f"0{HEAD}", f"2{HEAD}"]),
        ("character:none kind:crop", [f"4{FULL}", f"4{HEAD}"]),
        ("shot:1 kind:still|head", ["4", f"4{HEAD}"]),
        ("-smile score:0.25..0.4 kind:still", ["2", "4"]),  # of smile alone: 0.3 and 0.25
        ("smile score:0.25..0.4", []),
        ("-smile score:0.25..0.4 disagreement:>0.3 kind:still", ["2"]),
        ("score:>=0.9 kind:still", ["0"]),
        ("score:0.6 disagreement:0.6 kind:still", []),  # of one tag both, not of two
        ("disagreement:>=0.2 sort:disagreement kind:still", ["4", "2", "0"]),
        ("tier:good kind:still", ["0"]),
        ("in:train", [f"0{HEAD}"]),
        ("in:out kind:head", [f"4{HEAD}"]),
        ("in:shot", [f"0{FULL}", f"2{FULL}"]),
        ("bucket:96x160", [f"0{HEAD}", f"2{HEAD}"]),
        ("cluster:1 frame:>=4", [f"4{FULL}", f"4{HEAD}"]),
        ("id:s/e1/000002", ["2", f"2{FULL}", f"2{HEAD}"]),
        (f"id:s/e1/000002{HEAD}|s/e1/000004{HEAD}", [f"2{HEAD}", f"4{HEAD}"]),
        ("decided:yes", []),
    ],
)
def test_a_query_finds(desk: Desk, text: str, found: list[str]) -> None:
    hits = desk.index.find(parse(f"{text} episode:e1"))
    named = [f"s/e1/{int(one.split('-')[0]):06d}{one[1:]}" for one in found]
    assert [hit.name for hit in hits.window(0, 99)] == named


def test_over_all_episodes_the_highest_figure_is_first(desk: Desk) -> None:
    hits = desk.index.find(parse("kind:still score:>0.5 sort:score"))
    names = [hit.name for hit in hits.window(0, 9)]
    assert names == [f"s/{one}/{frame}" for frame in ("000000", "000004") for one in ("e1", "e2")]


def test_a_window_and_the_index_of_tags(desk: Desk) -> None:
    with client(desk) as browser:
        found = browser.get("/api/find", params={"q": "kind:still", "from": 4, "count": 1}).json()
        assert (found["total"], [one["id"] for one in found["items"]]) == (6, ["s/e2/000002"])
        assert browser.get("/api/tags").json()["tags"] == [
            ["hat", 2, 4, []], ["long_hair", 2, 4, []], ["smile", 2, 4, []],
        ]  # fmt: skip
        ids = browser.get("/api/ids", params={"q": "kind:head", "from": 1, "to": 3}).json()["ids"]
        assert ids == ["s/e1/000002-0-head", "s/e1/000004-0-head"]
        assert browser.get("/api/find", params={"q": "score:x"}).json()["error"].startswith("search: 'score:x' is no ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("akari smile", "no picture has the tag akari; is character:akari meant?"),
        ("smil", "no picture has the tag smil; is smile meant?"),
        ("smile xyzzy", "no picture has the tag xyzzy"),
        ("smile character:nobody", ""),  # every word is a tag that there is
        ("smile", ""),
    ],
)
def test_where_nothing_is_found_it_is_said_what_may_be_meant(desk: Desk, text: str, said: str) -> None:
    with client(desk) as browser:
        assert browser.get("/api/find", params={"q": text}).json()["hint"] == said


def test_the_nearest_crops_by_their_vectors(desk: Desk) -> None:
    crop = desk.index.hit("s/e1/000000-0-head")
    found = nearest(desk.root, crop, list(desk.index.pieces.values()), 3)
    assert [one.hit.name for one in found] == ["s/e2/000000-0-head", "s/e1/000000-0-fullbody", "s/e2/000000-0-fullbody"]
    assert [round(one.likeness, 4) for one in found] == [1.0, 0.995, 0.995]


# What is written


def said(desk: Desk, what: str, **sent: object) -> dict:
    with client(desk) as browser:
        revision = browser.get("/api/project").json()["revision"]
        return browser.post(f"/api/{what}", json={"revision": revision, "why": "seen", **sent}).json()


def test_a_tag_of_a_crop_is_said_of_the_person_once(desk: Desk) -> None:
    ids = ["s/e1/000000-0-head", "s/e1/000000-0-fullbody"]
    assert said(desk, "tag", ids=ids, remove=["smile"], add=["red hat"])["done"] == 2
    assert table("tags", "e1") == (
        "still_or_crop,box,tag,decision,at,who,why\n"
        "s/e1/000000,0,red_hat,add,0-0 125 167 625 1000,ann,seen\n"
        "s/e1/000000,0,smile,remove,0-0 125 167 625 1000,ann,seen\n"
    )
    assert [hit.name for hit in desk.index.find(parse("smile episode:e1")).window(0, 9)] == ["s/e1/000000"]
    assert len(desk.index.find(parse("decided:yes"))) == 2


def test_a_tag_of_a_still_and_of_a_crop_alone(desk: Desk) -> None:
    assert said(desk, "tag", ids=["s/e1/000000"], remove=["hat"])["done"] == 1
    assert said(desk, "tag", ids=["s/e1/000002-0-head"], add=["hat"], alone=True)["done"] == 1
    assert table("tags", "e1").splitlines()[1:] == [
        "s/e1/000000,,hat,remove,,ann,seen", "s/e1/000002-0-head,,hat,add,2-0 125 167 625 1000,ann,seen",
    ]  # fmt: skip


def test_what_is_so_already_is_not_said_and_what_was_said_can_be_taken_back(desk: Desk) -> None:
    assert said(desk, "tag", ids=["s/e1/000000"], add=["smile"])["done"] == 0
    assert not Path("corrections").exists()
    assert said(desk, "tag", ids=["s/e1/000000"], remove=["smile"])["done"] == 1
    assert said(desk, "tag", ids=["s/e1/000000"], clear=["smile"])["done"] == 1
    assert table("tags", "e1") == "still_or_crop,box,tag,decision,at,who,why\n"


def test_how_good_pictures_are_in_a_persons_eyes(desk: Desk) -> None:
    head, still = "s/e1/000000-0-head", "s/e1/000000"
    assert said(desk, "tier", ids=[still], tier="good")["done"] == 0, "it is so already"
    assert said(desk, "tier", ids=[head], tier="reject")["done"] == 1
    every = [hit.name for hit in desk.index.find(parse("id:s/e1/000000")).window(0, 9)]
    assert said(desk, "tier", ids=every, tier="poor")["done"] == 2, "the other crop goes with its still"
    assert table("tiers") == (
        "still_or_crop,tier,at,who,why\n"
        "s/e1/000000-0-head,poor,0-0 125 167 625 1000,ann,seen\ns/e1/000000,poor,,ann,seen\n"
    )
    assert len(desk.index.find(parse("tier:poor episode:e1 id:s/e1/000000"))) == 3
    assert said(desk, "tier", ids=[head], tier="best")["done"] == 1
    assert [hit.name for hit in desk.index.find(parse("tier:best id:s/e1/000000")).window(0, 9)] == [head]
    assert len(desk.index.find(parse("decided:yes"))) == 3
    with client(desk) as browser:
        shown = browser.get("/api/picture", params={"id": head}).json()
        assert (shown["tier"], shown["quality"], shown["judged"]) == ("best", "best", "good for sharpness")
        assert browser.get("/api/facets").json()["facets"]["tier"]["poor"] >= 2
    assert said(desk, "tier", ids=every, tier="")["done"] == 2
    assert table("tiers") == "still_or_crop,tier,at,who,why\n"
    assert said(desk, "undo")["done"] == 2 and len(desk.index.find(parse("tier:best id:s/e1/000000"))) == 1


def test_a_rule_about_a_tag_is_said_once_and_taken_back(desk: Desk) -> None:
    rule = {"series": "s", "decision": "remove", "tag": "Hat", "where": "smile & Long Hair", "episode": "e1"}
    assert said(desk, "rule", **rule)["done"] == 1
    assert said(desk, "rule", **{**rule, "tag": "hat", "where": "long_hair & smile"})["done"] == 0
    assert said(desk, "rule", series="s", decision="replace", tag="hat", **{"with": "cap"})["done"] == 1
    assert table("tag_rules") == (
        "tag,decision,with,where,episode,shot,character,who,why\n"
        "hat,remove,,smile & long_hair,e1,,,ann,seen\nhat,replace,cap,,,,,ann,seen\n"
    )
    assert said(desk, "rule", **rule, back=True)["done"] == 1
    assert said(desk, "undo")["done"] == 1 and len(table("tag_rules").splitlines()) == 3


def test_sentences_are_said_of_pictures(desk: Desk) -> None:
    ids = ["s/e1/000000", "s/e1/000000-0-head"]
    assert said(desk, "sentence", ids=ids, sentence="She waits, and smiles.")["done"] == 2
    assert said(desk, "sentence", ids=ids[1:], sentence="")["done"] == 1
    assert table("sentences").splitlines()[1:] == [
        's/e1/000000,"She waits, and smiles.",ann,seen', "s/e1/000000-0-head,,ann,seen",
    ]  # fmt: skip
    with client(desk) as browser:
        told = [browser.get("/api/picture", params={"id": one}).json()["sentence"] for one in (*ids, "s/e1/000002")]
    assert told == ["She waits, and smiles.", "", None]
    assert said(desk, "sentence", ids=ids, sentence=None)["done"] == 2
    assert table("sentences") == "still_or_crop,sentence,who,why\n"


def test_a_character_is_called_otherwise_in_all_series(desk: Desk) -> None:
    assert said(desk, "alias", series="s", character="akari", name="hana")["done"] == 1
    assert table("aliases") == "character,name,who,why\nakari,hana,ann,seen\n"
    told = "'akari' is 'hana', and this one says 'hana' is 'ren'; write who is meant into both"
    assert said(desk, "alias", series="s", character="hana", name="ren") == {"error": f"an alias: {told}"}
    assert said(desk, "alias", series="s", character="akari", name="ren")["done"] == 1
    assert said(desk, "alias", series="s", character="akari", name="")["done"] == 1
    assert table("aliases") == "character,name,who,why\n"


def test_what_there_is_of_rules_names_and_sentences(desk: Desk) -> None:
    said(desk, "rule", series="s", decision="remove", tag="hat", episode="e1")
    said(desk, "rule", series="s", decision="add", tag="cap", where="smile & hat", episode="e1", shot="3")
    said(desk, "rule", series="s", decision="remove", tag="hat", character="akari")
    said(desk, "alias", series="s", character="akari", name="akari k")
    said(desk, "sentence", ids=["s/e1/000000"], sentence="She waits.")
    with open("corrections/s/tag_rules.csv", "a", encoding="utf-8") as file:
        file.write("hat,drop,,,,,,bo,\n")
    with client(desk) as browser:
        found = browser.get("/api/rules").json()
        rows = [(one["kind"], one["says"], one["query"], one.get("left")) for one in found["rules"]]
        totals = [browser.get("/api/find", params={"q": one["query"]}).json()["total"] for one in found["rules"]]
    assert found["series"] == ["s"]
    in_shot = "the shot of frame 3 of e1"
    assert rows == [
        ("tag_rules", "remove hat in e1", "tag:hat episode:e1", 3),
        ("tag_rules", f"add cap where smile & hat in {in_shot}", "tag:smile tag:hat episode:e1 shot:0", 3),
        ("tag_rules", "remove hat of akari", "tag:hat character:akari", 4),
        ("tag_rules", "corrections/s/tag_rules.csv:5: decision must be add, remove or replace, got 'drop'", "", None),
        ("aliases", "akari is akari k in all series", 'character:"akari|akari k"', None),
        ("sentences", "She waits.", "id:s/e1/000000", None),
    ]
    assert totals == [3, 3, 4, 18, 8, 3]


def test_frames_are_kept_dropped_and_restored(desk: Desk) -> None:
    for frame, verb in ((1, "keep"), (4, "drop"), (2, "drop"), (2, "")):
        assert said(desk, "frame", series="s", episode="e1", frame=frame, verb=verb)["done"] == 1
    assert table("frames", "e1") == "frame,decision,at,who,why\n1,keep,,ann,seen\n4,drop,4 4-7,ann,seen\n"


def test_a_cluster_gets_a_line_and_a_line_that_names_it_is_changed(desk: Desk) -> None:
    assert said(desk, "name", series="s", clusters=[1], character="mika", outfit="coat")["done"] == 1
    line = "s/e1/000004-0-fullbody,mika,coat,cluster,4-0 125 167 625 1000,ann,seen"
    assert table("characters").splitlines()[1:] == [line]
    assert len(desk.index.find(parse("character:mika outfit:coat"))) == 4
    assert said(desk, "name", series="s", clusters=[1], character="", outfit="")["done"] == 1
    assert table("characters").splitlines()[1:] == [line.replace("mika,coat", ",")]
    assert len(desk.index.find(parse("character:nobody"))) == 4


def test_crops_are_named_against_their_cluster(desk: Desk) -> None:
    ids = ["s/e1/000000-0-head", "s/e1/000000-0-fullbody", "s/e2/000002-0-head"]
    assert said(desk, "crops", ids=ids, character="ren", outfit="")["done"] == 2
    assert [line.split(",")[:4] for line in table("characters").splitlines()[1:]] == [
        ["s/e1/000000-0-fullbody", "ren", "", "crop"], ["s/e2/000002-0-head", "ren", "", "crop"],
    ]  # fmt: skip
    assert len(desk.index.find(parse("character:ren"))) == 4
    assert said(desk, "crops", ids=ids, character=None)["done"] == 2
    assert len(desk.index.find(parse("character:ren"))) == 0


def test_clusters_become_one_person_and_crops_another(desk: Desk) -> None:
    assert said(desk, "merge", series="s", clusters=[0, 1])["done"] == 1  # named as the first is
    assert table("characters").splitlines()[1:] == [
        "s/e1/000004-0-fullbody,akari,,cluster,4-0 125 167 625 1000,ann,seen"
    ]
    assert said(desk, "split", series="s", ids=["s/e2/000002-0-head", "s/e2/000002-0-fullbody"])["done"] == 4
    assert [",".join(line.split(",")[:4]) for line in table("characters").splitlines()[2:]] == [
        "s/e2/000002-0-head,apart-1,,apart", "s/e1/000000-0-fullbody,apart-1,,apart",
        "s/e2/000002-0-head,together-1,,together", "s/e2/000002-0-fullbody,together-1,,together",
    ]  # fmt: skip


def test_clusters_without_a_name_are_tied(desk: Desk) -> None:
    assert said(desk, "merge", series="s", clusters=[1, 0])["done"] == 2
    assert [",".join(line.split(",")[:4]) for line in table("characters").splitlines()[1:]] == [
        "s/e1/000004-0-fullbody,together-1,,together", "s/e1/000000-0-fullbody,together-1,,together",
    ]  # fmt: skip


def test_an_issue_is_noted_and_its_state_changed(desk: Desk) -> None:
    sent = {"series": "s", "about": "tag", "name": "Red Hat", "issue": "is hair"}
    assert said(desk, "issue", state="open", **sent)["done"] == 1
    assert said(desk, "issue", state="fixed", **sent)["done"] == 1
    assert table("issues") == "about,name,issue,state,run,who,why\ntag,red_hat,is hair,fixed,,ann,seen\n"
    assert said(desk, "issue", state="done", **sent)["error"].startswith("an issue is about a tag or a character, and ")
    sent = {"run": "akari", "about": "character", "name": "akari", "issue": "too tall", "state": "open"}
    assert said(desk, "issue", **sent)["done"] == 1  # of the series that the run learns from
    assert table("issues").splitlines()[2] == "character,akari,too tall,open,akari,ann,seen"


WRONG = [
    ("tag", {"ids": ["s/e1/000000"]}, "no tag is named; write one, with - before it to take it away"),
    ("tag", {"ids": [], "add": ["a"]}, "nothing is selected"),
    ("tag", {"ids": ["../../etc"], "add": ["a"]}, "../../etc: there is no such picture now; reload the page"),
    ("tag", {"ids": ["s/e1/000000"], "add": ["a,b"]}, "'a,b' is no tag: write one at a time, without commas"),
    ("tag", {"ids": ["s/e1/000000"], "add": ["a\nb"]}, "add: must be text on one line"),
    ("tag", {"ids": "s", "add": ["a"]}, "ids: must be a list of texts"),
    ("rule", {"series": "s", "decision": "remove"}, "a rule: names no tag"),
    ("rule", {"series": "s", "decision": "remove", "tag": "a", "episode": "e9"},
     "e9: s has no such episode; reload the page"),
    ("rule", {"series": "s", "decision": "add", "tag": "a", "with": "b"},
     "a rule: with names the tag that replaces another, with decision replace alone"),
    ("alias", {"series": "s", "character": "a", "name": "a"}, "an alias: 'a' is its own alias; take the line out"),
    ("alias", {"series": "s", "name": "a"}, "an alias: names nobody; a line wants a character and a name"),
    ("sentence", {"ids": ["s/e1/000000"], "sentence": "a\nb"}, "sentence: must be text on one line"),
    ("tier", {"ids": ["s/e1/000000"], "tier": "fine"}, "'fine' is no tier; known: best, good, poor, reject"),
    ("frame", {"series": "..", "episode": "e1", "frame": 1, "verb": "keep"},
     "../e1: there are no stills of it; reload the page"),
    ("frame", {"series": "s", "episode": "e1", "frame": "1", "verb": "keep"}, "frame: must be a frame's number"),
    ("frame", {"series": "s", "episode": "e1", "frame": 1, "verb": "burn"},
     "'burn' is nothing that can be done with a frame; it is kept, dropped, or neither"),
    ("name", {"series": "x", "clusters": [0]}, "x: there is no such series; reload the page"),
    ("name", {"series": "s", "clusters": [7]}, "select clusters that there are; reload the page"),
    ("name", {"series": "s", "clusters": [0], "character": "a/b"},
     "who is who: 'a/b' has / in it, and folders are called after names; take it out"),
    ("name", {"series": "s", "clusters": [0], "outfit": "coat"}, "an outfit wants a character who wears it"),
    ("merge", {"series": "s", "clusters": [0]}, "select two clusters or more to make them one"),
    ("split", {"series": "s", "ids": ["s/e1/000000-0-head", "s/e1/000004-0-head"]},
     "select crops of one cluster to split them from it"),
    ("crops", {"ids": ["s/e1/000000"], "character": "a"},
     "none of these pictures is a crop; who somebody is, is said of crops"),
    ("undo", {}, "there is nothing to be undone"),
    ("redo", {}, "there is nothing to be done again"),
    ("stop", {}, "this desk has no run that could be stopped"),
    ("issue", {"run": "x"}, "params.yaml has no run 'x'; choose a series"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "sent", "message"), WRONG)
def test_what_cannot_be_is_refused_in_a_line_and_nothing_is_written(
    desk: Desk, what: str, sent: dict, message: str
) -> None:
    assert said(desk, what, **sent) == {"error": message}
    assert not Path("corrections").exists()


# Two windows, editors, undo


def test_two_windows_do_not_lose_each_others_work(desk: Desk) -> None:
    with client(desk) as one, client(desk) as other:
        old = one.get("/api/find").json()["revision"]
        sent = {"ids": ["s/e1/000000"], "why": "one", "revision": old}
        assert one.post("/api/tag", json={**sent, "remove": ["smile"]}).json()["done"] == 1
        both = other.post("/api/tag", json={**sent, "why": "other", "add": ["smile"], "remove": ["hat"]}).json()
    assert both["done"] == 1 and both["refused"] == [
        "corrections/s/e1/tags.csv: s/e1/000000 smile: says remove now, changed since you looked"
    ]
    assert table("tags", "e1").splitlines()[1:] == [
        "s/e1/000000,,smile,remove,,ann,one", "s/e1/000000,,hat,remove,,ann,other",
    ]  # fmt: skip


def test_a_page_knows_its_own_lines_before_it_looks_again_and_those_of_others_only_then(desk: Desk) -> None:
    with client(desk) as one, client(desk) as other:

        def rate(browser: TestClient, picture: str, tier: str, revision: int) -> dict:
            sent = {"ids": [f"s/e1/{picture}"], "tier": tier, "revision": revision}
            return browser.post("/api/tier", json=sent).json()

        said(desk, "tier", ids=["s/e1/000004"], tier="good")  # the table is there, and was read
        old = one.get("/api/find").json()["revision"]
        revision = rate(one, "000000", "poor", old)["revision"]
        assert rate(one, "000000", "best", revision)["done"] == 1  # at once, on second thoughts
        revision = one.post("/api/undo", json={"revision": revision}).json()["revision"]
        done = rate(one, "000000", "good", revision)
        assert (done["done"], done["refused"]) == (1, [])
        assert rate(other, "000002", "poor", old)["revision"] == 0  # has not seen that of one
        assert rate(one, "000002", "good", done["revision"])["refused"] == [
            "corrections/s/tiers.csv: s/e1/000002: says poor now, changed since you looked"
        ]


def test_what_an_editor_wrote_meanwhile_stays_and_its_own_lines_are_not_overruled(desk: Desk) -> None:
    path = Path("corrections/s/e1/tags.csv")
    with client(desk) as browser:
        said(desk, "tag", ids=["s/e1/000000"], remove=["smile"])
        old = browser.get("/api/find").json()["revision"]
        path.write_text("# mine\ntag,still_or_crop,decision\nsmile,s/e1/000000,add\nsky,s/e1/000002,add\n")
        sent = {"ids": ["s/e1/000000"], "clear": ["smile"], "remove": ["hat"], "why": "w", "revision": old}
        done = browser.post("/api/tag", json=sent).json()
    assert done["done"] == 1
    assert done["refused"] == ["corrections/s/e1/tags.csv: s/e1/000000 smile: says add now, changed since you looked"]
    assert path.read_text() == (
        "# mine\ntag,still_or_crop,decision,who,why\nsmile,s/e1/000000,add\nsky,s/e1/000002,add\n"
        "hat,s/e1/000000,remove,ann,w\n"
    )


def test_a_line_that_is_another_than_was_seen_is_refused_and_the_rest_is_done() -> None:
    place = Place("frames", "s", "e")
    content = b"frame,decision\r\n1,keep\r\n2,drop\r\n3,keep\r\n"
    edits = [
        Edit(place, {"frame": "1"}, {"decision": "drop"}, {"decision": "keep"}),
        Edit(place, {"frame": "2"}, None, {"decision": "keep"}),
        Edit(place, {"frame": "3"}, None, {"decision": "keep"}),
        Edit(place, {"frame": "4"}, {"decision": "keep"}, None, "4 4-4"),
        Edit(place, {"frame": "5"}, None, {"decision": "keep"}),
    ]
    after, done, refused = carried_out(content, place, edits, "ann")
    assert after == b"frame,decision,who,at\r\n1,drop,ann\r\n2,drop\r\n4,keep,ann,4 4-4\r\n"
    assert [one.edit.about["frame"] for one in done] == ["1", "3", "4"]
    assert [one.why for one in refused] == [
        "corrections/s/e/frames.csv:3: says drop now, and was changed since you looked; look again",
        "corrections/s/e/frames.csv: has no such line any more, and was changed since you looked; look again",
    ]


def test_a_table_that_git_could_not_merge_is_named_by_line_and_left_as_it_is(desk: Desk) -> None:
    content = "frame,decision\n<<<<<<< HEAD\n1,keep\n=======\n1,drop\n>>>>>>> theirs\n"
    path = Path("corrections/s/e1/frames.csv")
    path.parent.mkdir(parents=True)
    path.write_text(content)
    done = said(desk, "frame", series="s", episode="e1", frame=2, verb="drop")
    line = "corrections/s/e1/frames.csv:2: is half merged by git; keep the lines that hold, and take the marks out"
    assert (done["done"], done["refused"]) == (0, [line])
    assert path.read_text() == content


def test_undo_and_redo_without_end_and_after_a_new_start(desk: Desk) -> None:
    for frame in (1, 2, 3):
        said(desk, "frame", series="s", episode="e1", frame=frame, verb="keep")
    whole = table("frames", "e1")
    again = Desk(Path(), "bob")
    Keeper(again).look()
    assert [said(again, "undo")["what"] for _ in range(3)] == [f"undone: keep frame {one} of s/e1" for one in (3, 2, 1)]
    assert table("frames", "e1") == "frame,decision,at,who,why\n"
    third = Desk(Path(), "cat")
    Keeper(third).look()
    assert [said(third, "redo")["done"] for _ in range(3)] == [1, 1, 1]
    assert table("frames", "e1") == whole  # with who said so at first
    said(third, "undo")
    said(third, "frame", series="s", episode="e1", frame=5, verb="keep")
    assert said(third, "redo") == {"error": "there is nothing to be done again"}


def test_an_undo_leaves_alone_what_somebody_else_has_changed_since(desk: Desk) -> None:
    said(desk, "tag", ids=["s/e1/000000"], remove=["smile", "hat"])
    path = Path("corrections/s/e1/tags.csv")
    path.write_text(path.read_text().replace("hat,remove", "hat,add"))
    done = said(desk, "undo")
    assert (done["done"], len(done["refused"])) == (1, 1)
    assert done["refused"][0].startswith("corrections/s/e1/tags.csv:3: says add now, and was changed since you looked")
    assert table("tags", "e1").splitlines()[1:] == ["s/e1/000000,,hat,add,,ann,seen"]


def test_while_a_run_is_at_work_edits_wait_and_are_written_when_it_ended(desk: Desk) -> None:
    held = Path(".snakemake/genga/held")
    held.parent.mkdir(parents=True, exist_ok=True)
    with open(held, "w") as run:
        fcntl.flock(run, fcntl.LOCK_EX)
        run.write("snakemake of ann, since 10:00")
        run.flush()
        done = said(desk, "frame", series="s", episode="e1", frame=1, verb="keep")
        assert (done["done"], done["waits"]) == (0, "snakemake of ann, since 10:00")
        assert not Path("corrections").exists() and desk.waiting == 1
        assert desk.catch_up() is None
        assert said(desk, "run") == {
            "error": "snakemake of ann, since 10:00 is at work in this project; wait for its end"
        }
    again = Desk(Path(), "ann")  # what waits is on disk
    Keeper(again).look()
    assert table("frames", "e1") == "frame,decision,at,who,why\n1,keep,,ann,seen\n"
    assert again.waiting == 0 and again.told == ["written after the run: 1 lines"]


def test_what_a_killed_desk_was_writing_is_swept_away(desk: Desk) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    folder = desk.root / FOLDER / "small/ab"
    folder.mkdir(parents=True)
    left, young = folder / f".x-192.jpg.{process.pid}-14.tmp", folder / f".y-192.jpg.{process.pid}-14.tmp"
    for path in (left, young):
        path.write_bytes(b"half")
    os.utime(left, (1e9, 1e9))
    keeper = Keeper(desk, every=0.01)
    keeper.start()
    until = time.monotonic() + 20
    while left.exists() and time.monotonic() < until:
        time.sleep(0.01)
    keeper.ended.set()
    keeper.join()
    assert not left.exists() and young.exists(), "perhaps a desk on another machine writes it"


def test_a_small_picture_that_is_empty_is_made_anew(desk: Desk) -> None:
    site = Site(desk, Work(desk.root, "1"), Player(desk.root, "bicubic"), TOKEN)
    hit = desk.index.hit("s/e1/000000")
    place = hit.piece.places.row(hit.picture)
    data = site.pictures.of(place, hit.name)
    (kept,) = (desk.root / FOLDER / "small").rglob("*.jpg")
    kept.write_bytes(b"")
    again = Site(desk, Work(desk.root, "1"), Player(desk.root, "bicubic"), TOKEN)
    assert again.pictures.of(place, hit.name) == data == kept.read_bytes()


def test_what_changed_on_disk_is_read_again(desk: Desk) -> None:
    of_series("s", EPISODES[:1])  # of the second episode nobody is told
    Keeper(desk).look()
    assert [len(desk.index.find(parse(f"character:akari episode:{one}"))) for one in EPISODES] == [4, 0]
    packed = Path("data/tag/s/pack.parquet").is_file()
    there = Path(f"data/tag/s/{'pack' if packed else 'e1'}.parquet")
    there.write_bytes(b"half")
    Keeper(desk).look()
    assert list(desk.index.faults) == ["s/e1", "s/e2"][: 1 + packed]
    assert there.name in desk.index.faults["s/e1"] and "run snakemake" in desk.index.faults["s/e1"]
    assert len(desk.index.find(parse("kind:still"))) == 3 - 3 * packed


def test_a_pack_of_stills_that_is_damaged_is_told(desk: Desk) -> None:
    if not (pack := Path("data/stills/s/pack.parquet")).is_file():
        return
    pack.write_bytes(b"half")
    Keeper(desk).look()
    assert list(desk.index.faults) == ["s/pack"] and desk.index.episodes() == []


# Who is let in


def test_without_the_token_nothing_is_shown(desk: Desk) -> None:
    with client(desk, signed_in=False) as browser:
        for path in ("/", "/api/project", "/static/desk.js", "/small/s/e1/000000", "/nothing"):
            answer = browser.get(path)
            assert answer.status_code == 403
            assert answer.text == "genga review: no token; open the address that genga review printed\n"
        wrong = browser.get("/?token=guess")
        assert wrong.status_code == 403 and "the token in the address is wrong" in wrong.text
        assert not browser.cookies
        right = browser.get(f"/tags?token={TOKEN}", follow_redirects=False)
        assert (right.status_code, right.headers["location"]) == (303, "/tags")
        cookie = right.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie and TOKEN not in right.headers["location"]
        assert browser.get("/").status_code == 200


@pytest.mark.parametrize("host", ["evil.example:8686", "127.0.0.1:9999", "127.0.0.1.evil.example:8686", "", "[::1"])
def test_a_request_to_another_host_is_refused(desk: Desk, host: str) -> None:
    with client(desk) as browser:
        answer = browser.get("/", headers={"host": host})
        assert answer.status_code == 421 and "this address is not the desk's" in answer.text


@pytest.mark.parametrize(
    ("hosts", "host", "is_here"),
    [
        (("127.0.0.1",), "127.0.0.1:8686", True), (("127.0.0.1",), "10.0.0.7:8686", False),
        (("127.0.0.1", "0.0.0.0"), "10.0.0.7:8686", True), (("127.0.0.1", "0.0.0.0"), "evil.example:8686", False),
        (("::1", "::"), "[fe80::1]:8686", True), (("127.0.0.1", "box"), "box:8686", True),
    ],
)  # fmt: skip
def test_which_names_are_this_machines(hosts: tuple[str, ...], host: str, is_here: bool) -> None:
    guard = Guard(lambda *_: None, TOKEN, hosts, 8686)
    answer = TestClient(guard, base_url=f"http://{host}").get("/")
    assert answer.status_code == (403 if is_here else 421)  # it has no token yet


def test_what_changes_something_must_come_from_a_page_of_the_desk(desk: Desk) -> None:
    sent = {"series": "s", "episode": "e1", "frame": 1, "verb": "keep", "revision": 1 << 60}
    with client(desk) as browser:
        for headers in (
            {"x-genga-desk": ""},
            {"x-genga-desk": "x"},
            {"origin": "http://evil.example"},
            {"origin": "null"},
        ):
            answer = browser.post("/api/frame", json=sent, headers=headers)
            assert answer.status_code == 403 and "came from no page of the desk" in answer.text
        assert browser.get("/api/frame").status_code == 405
        own = {"origin": "http://127.0.0.1:8686"}
        assert browser.post("/api/frame", json=sent, headers=own).json()["done"] == 1


def test_a_read_only_desk_changes_nothing(desk: Desk) -> None:
    desk.read_only = True
    with client(desk, read_only=True) as browser:
        assert browser.post("/api/undo", json={}).text == "genga review: this desk is read-only\n"
        assert "data-read-only" in browser.get("/").text
    with pytest.raises(GengaError, match="^this desk is read-only"):
        desk.undo()


def test_every_answer_has_its_headers_and_no_page_has_anything_inline(desk: Desk) -> None:
    with client(desk) as browser:
        for path in ("/", "/drawings", "/tags", "/people", "/dataset", "/samples", "/issues", "/api/project", "/x"):
            headers = browser.get(path).headers
            assert "default-src 'none'; script-src 'self'; style-src 'self'" in headers["content-security-policy"]
            assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    text = page("start", TOKEN, False, '<b>"s"')
    assert "&lt;b&gt;&#34;s&#34;" in text and '<b>"' not in text
    assert "style=" not in text and " on" not in text.replace(" on the", "") and "<script>" not in text


@pytest.mark.parametrize(
    "path", ["/static/..%2f..%2fapp.py", "/static/%2e%2e/app.py", "/small/..%2f..%2fetc%2fpasswd", "/small/s/e1/999999",
             "/frame/..%2f/e1/0", "/frame/s/nope/0", "/drawn/akari/../x", "/drawn/../params.yaml"],
)  # fmt: skip
def test_no_path_leaves_the_project(desk: Desk, path: str) -> None:
    with client(desk) as browser:
        answer = browser.get(path)
        assert answer.status_code in (404, 409) and "root:" not in answer.text and len(answer.text) < 120


def test_pictures_are_small_jpegs_that_are_kept(desk: Desk) -> None:
    with client(desk) as browser:
        for path in ("/small/s/e1/000000", "/small/s/e1/000000-0-head?side=large", "/drawn/akari/000100-0-0"):
            answer = browser.get(path)
            assert answer.headers["content-type"] == "image/jpeg" and answer.content[:3] == b"\xff\xd8\xff"
    assert len(list(Path(".cache/desk/small").rglob("*.jpg"))) == 3
    with client(desk) as browser:
        said_of = browser.get("/frame/s/e1/0").json()
    assert said_of == {"error": "data/raw/s/e1: its video is not here; bring it back to play its frames"}


def test_what_a_page_asks_for(desk: Desk) -> None:
    with client(desk) as browser:
        drawn = browser.get("/api/drawings", params={"series": "s", "episode": "e1"}).json()
        assert [one["blocks"] for one in drawn["shots"]] == [
            [[0, 2, 0, "first", None], [2, 2, 2, "first", None]], [[4, 4, 4, "first", None]],
        ]  # fmt: skip
        assert [(one["about"], one["one"]) for one in drawn["closest"]] == [(1, True), (2, False), (5, True)]
        rows = browser.get("/api/people", params={"series": "s"}).json()["clusters"]
        assert [(one["cluster"], one["crops"], one["name"]) for one in rows] == [(0, 8, "akari"), (1, 4, "none")]
        assert rows[0]["nearest"][0] == "s/e1/000000-0-fullbody"
        of = browser.get("/api/picture", params={"id": "s/e1/000000-0-head"}).json()
        assert of["tags"] == [["hat", 0.6, 0.2], ["smile", 0.9, 0.05]]
        assert of["caption"]["captions"][0]["parts"][1] == {"part": "tags", "text": "smile"}
        facets = browser.get("/api/facets").json()["facets"]
        assert facets["in"] == {"none": 6, "shot": 4, "unnamed": 4, "held-out": 2, "train": 2}
        drawn = browser.get("/api/samples", params={"run": "akari"}).json()["samples"]
        assert [(one["step"], one["nearest_image"]) for one in drawn] == [
            (0, ["s/e1/000000-0-head"]),
            (100, ["s/e1/000000-0-head"]),
        ]


# Start and end


def test_a_port_in_use_is_a_line(tmp_path: Path) -> None:
    found = listening("127.0.0.1", 0)
    port = found.getsockname()[1]
    with pytest.raises(
        GengaError, match=f"^127.0.0.1 port {port}: cannot be listened on .*; name another with --port$"
    ):
        listening("127.0.0.1", port)
    found.close()
    assert address("::1", 80, "x") == "http://[::1]:80/?token=x"


def test_a_project_without_stills_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(GengaError, match="no stills of any series are made yet; run snakemake --cores all, then this"):
        serve(Desk(tmp_path, "ann"), "1", "bicubic", "127.0.0.1", 0, print)


def test_the_command_shows_an_address_and_ends_when_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import urllib.error
    import urllib.request

    monkeypatch.chdir(tmp_path)
    build(tmp_path, ("e1",))
    root = Path(__file__).resolve().parent.parent
    code = f"import sys; sys.path.insert(0, {str(root)!r}); from genga.__main__ import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "review", "--port", "0", "--who", "ann"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        shown = process.stdout.readline().split()[-1]
        assert shown.startswith("http://127.0.0.1:") and "/?token=" in shown
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(shown.split("?")[0])
        assert refused.value.code == 403
        process.terminate()
        assert process.wait(10) in (0, -15)


def test_jobs_that_a_dry_run_names() -> None:
    table_of = "job     count\n------  -----\ntag         1\nall         1\ntotal       2\n"
    text = f"Building DAG\nJob stats:\n{table_of}\nReasons:\n"
    assert jobs_in(text) == {"tag": 1}
    assert jobs_in(text + "\n" + text) == {"tag": 1}
    assert jobs_in("Nothing to be done\n") == {}


def test_a_run_of_the_desk_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genga.desk.work._SNAKEMAKE", (sys.executable, "-c", "print('1 of 4 steps (25%) done')"))
    work = Work(tmp_path, "1")
    work.start()
    until = time.monotonic() + 20
    while work.state()["running"] and time.monotonic() < until:
        time.sleep(0.05)
    state = work.state()
    assert (state["steps"], state["code"], state["log"]) == ([1, 4], 0, ["1 of 4 steps (25%) done"])
    monkeypatch.setattr(
        "genga.desk.work._SNAKEMAKE", (sys.executable, "-c", "raise SystemExit('error: a.csv:2: is x')")
    )
    work.ask()
    while work.state()["asking"] and time.monotonic() < until:
        time.sleep(0.05)
    assert work.state()["fault"] == "snakemake -n: a.csv:2: is x"


def test_half_a_line_of_the_journal_is_passed_over(desk: Desk) -> None:
    said(desk, "frame", series="s", episode="e1", frame=1, verb="keep")
    path = Path(".cache/desk/journal.jsonl")
    path.write_text(path.read_text() + json.dumps({"did": "x"})[:-3] + "\n")
    assert [one.what for one in Desk(Path(), "ann").journal.past] == ["keep frame 1 of s/e1"]
