"""Posts on a server of Danbooru's kind: tags and files sent, and what people changed in them back."""

import hashlib
from pathlib import Path

import polars as pl
import pytest
from boorus import KEY, LOGIN, serving
from test_hydrus import BODY, HEAD, OTHER, STILL, dataset, lines
from typer.testing import CliRunner

from genga.__main__ import app
from genga.errors import GengaError
from genga.exchange.booru import OF_TAG
from genga.exchange.folders import OF_DATASET
from genga.images.codec import as_png
from genga.store.parquet import read_table, write_table
from genga.store.shards import ShardReader
from genga.tables.schema import SHARD


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOORU_LOGIN", LOGIN)
    monkeypatch.setenv("BOORU_API_KEY", KEY)
    dataset()
    return tmp_path


def sums() -> dict[str, str]:
    """The md5 of each image as PNG."""
    with ShardReader() as reader:
        rows = read_table("data/dataset/s.parquet", OF_DATASET).iter_rows(named=True)
        return {
            row["image"]: hashlib.md5(as_png(reader.read(*(row[c] for c in SHARD)))).hexdigest() for row in rows
        }  # fmt: skip


def genga(*words: str) -> str:
    return CliRunner().invoke(app, ["booru", *words], catch_exceptions=False).output


def test_general_tags_go_to_the_posts_there_are_and_changes_come_back(project: Path) -> None:
    of = sums()
    posts = {of[BODY]: {"tagme", "solo"}, of[OTHER]: set()}
    with serving(posts, {"akari_k", "some_series"}) as (url, server):
        assert genga("push", "s", "--url", url) == "booru push s: 2 posts changed, 0 as they were, 2 images have none\n"
        assert posts == {of[BODY]: {"tagme", "solo", "star_(symbol)", ":3"}, of[OTHER]: {"sky"}}, "no name is a tag"
        assert genga("push", "s", "--url", url) == "booru push s: 0 posts changed, 2 as they were, 2 images have none\n"
        assert genga("pull", "s", "--url", url) == "booru pull s: nothing new\n"
        posts[of[BODY]] -= {":3", "tagme"}
        posts[of[BODY]] |= {"hat"}
        said = genga("pull", "s", "--url", url, "--who", "kim")
        assert said == "booru pull s: 2 lines in corrections/s/e1/tags.csv\n"
        assert lines("e1/tags.csv") == [
            [BODY, ":3", "remove", "kim", "changed in post 0"], [BODY, "hat", "add", "kim", "changed in post 0"],
        ]  # fmt: skip
        assert genga("pull", "s", "--url", url) == "booru pull s: nothing new\n"
        server.meanwhile = {"night"}
        dataset(fullbody="Akari K, solo, smile", scenery="sky, cloud")
        genga("push", "s", "--url", url)
        assert posts == {of[BODY]: {"solo", "smile", "hat", "night"}, of[OTHER]: {"sky", "cloud", "night"}}
        assert HEAD not in of or of[HEAD] not in posts


def test_a_server_that_goes_away_and_a_wrong_login_are_one_line(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = sums()
    posts = {of[BODY]: set(), of[OTHER]: set()}
    with serving(posts, set()) as (url, server):
        server.away_after = 1
        with pytest.raises(GengaError, match=rf"^{url}: no server answers \(.*\); see that it is there; 3 of 4 images"):
            genga("push", "s", "--url", url)
        server.away_after = None
        assert genga("push", "s", "--url", url) == "booru push s: 1 posts changed, 1 as they were, 2 images have none\n"
        monkeypatch.setenv("BOORU_API_KEY", "another")
        with pytest.raises(GengaError, match=r"the login is not accepted \(Invalid API key\); see BOORU_LOGIN"):
            genga("pull", "s", "--url", url)
        monkeypatch.setenv("BOORU_API_KEY", "")
        with pytest.raises(GengaError, match="^no login is set: BOORU_LOGIN and BOORU_API_KEY"):
            genga("pull", "s", "--url", url)
    with pytest.raises(GengaError, match="^x: is no address of a booru"):
        genga("push", "s", "--url", "x")
    Path("booru/s.jsonl").unlink()
    with pytest.raises(GengaError, match=r"^booru/s\.jsonl: nothing of s was sent yet"):
        genga("pull", "s", "--url", url)


def rated(*rows: tuple[str, int | None, str]) -> None:
    """What taggers said of how safe stills and persons are."""
    for episode in ("e1", "e2"):
        own = [(still, box, tag, "rating", 0.9, True) for still, box, tag in rows if f"/{episode}/" in still]
        write_table(f"data/tag/s/{episode}.parquet", pl.DataFrame(own, dict(OF_TAG), orient="row"), OF_TAG)


def test_images_without_a_post_get_one_where_that_is_asked_for(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genga.exchange.booru_client.PAUSE", 0.0)
    rated((STILL, None, "general"), (STILL, 0, "sensitive"), (OTHER, None, "explicit"))
    of = sums()
    posts = {of[OTHER]: {"tagme"}}
    with serving(posts, set()) as (url, server):
        server.busy, server.refuses = 2, {of[STILL]}
        said = genga("push", "s", "--url", url, "--upload", "--tiers")
        assert sorted(said.splitlines(), reverse=True) == [
            f"{STILL}: File is not an image or video",
            "booru push s: 3 posts changed, 0 as they were, 2 made, 1 not taken",
        ]
        assert posts == {
            of[OTHER]: {"tagme", "sky", "tier:poor"}, of[HEAD]: {"solo", "long_hair", "tier:best"},
            of[BODY]: {"solo", "star_(symbol)", ":3", "tier:good"},
        }  # fmt: skip
        assert {md5: one["rating"] for md5, one in server.said.items()} == {of[HEAD]: "s", of[BODY]: "s"}
        server.refuses = set()
        told = "booru push s: 1 posts changed, 3 as they were, 1 made\n"
        assert genga("push", "s", "--url", url, "--upload", "--tiers", "--rating", "q") == told
        assert server.said[of[STILL]]["rating"] == "q"
        assert genga("pull", "s", "--url", url) == "booru pull s: nothing new\n"


def test_nothing_is_sent_where_nobody_says_how_safe_it_is(project: Path) -> None:
    rated((STILL, None, "general"))
    with serving({}, set()) as (url, server):
        with pytest.raises(
            GengaError, match=rf"^{HEAD}: no tagger says how safe it is \(3 such images\); name --rating"
        ):
            genga("push", "s", "--url", url, "--upload")
        with pytest.raises(GengaError, match="^--rating x: must be one of g, s, q, e$"):
            genga("push", "s", "--url", url, "--upload", "--rating", "x")
        assert server.uploads == []


def test_what_people_think_of_posts_becomes_tiers_and_drops(project: Path) -> None:
    of = sums()
    posts: dict[str, set[str]] = {md5: set() for md5 in of.values()}
    words = ("--score", "10=best", "--score", "20=masterpiece", "--score", "-3=reject", "--rating", "e=drop")
    with serving(posts, set()) as (url, server):
        genga("push", "s", "--url", url, "--tiers")
        assert genga("pull", "s", "--url", url, *words, "--deleted", "poor") == "booru pull s: nothing new\n"
        server.said |= {of[HEAD]: {"score": 12}, of[BODY]: {"score": -3}, of[STILL]: {"is_deleted": True},
                        of[OTHER]: {"rating": "e"}}  # fmt: skip
        posts[of[BODY]].add("tier:best")  # beside the one that it has
        said = genga("pull", "s", "--url", url, *words, "--deleted", "poor", "--who", "kim").splitlines()
        assert sorted(said, reverse=True) == [
            f"{BODY}: has 'tier:best' and 'tier:good', and a picture has one tier, of best, good, poor, reject; "
            "put that right there",
            "booru pull s: 1 line in corrections/s/e2/frames.csv, 3 lines in corrections/s/tiers.csv; 1 not understood",
        ]
        numbers = {image: [*posts].index(md5) for image, md5 in of.items()}
        assert sorted(lines("tiers.csv")) == sorted([
            [HEAD, "best", "kim", f"post {numbers[HEAD]} has 12 votes"],
            [BODY, "reject", "kim", f"post {numbers[BODY]} has -3 votes"],
            [STILL, "poor", "kim", f"post {numbers[STILL]} is deleted"],
        ])  # fmt: skip
        assert lines("e2/frames.csv") == [["70", "drop", "kim", f"post {numbers[OTHER]} was rated e"]]
        posts[of[BODY]].discard("tier:good")
        server.said.clear()
        assert genga("pull", "s", "--url", url) == "booru pull s: 1 line in corrections/s/tiers.csv\n"
        assert [BODY, "best", f"changed in post {numbers[BODY]}"] in lines("tiers.csv")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--rating", "x=best"), "--rating x=best: must be LETTER=TIER, =drop or =TAG, a letter of g, s, q, e"),
        (("--score", "0=best"), "--score 0=best: must be VOTES=TIER, =drop or =TAG, of votes 1.., or ..-1"),
        (("--score", "5=of a great many words and so on"), "--score 5=.*: 'of a great .*' is a sentence, and no tag"),
    ],
)
def test_signs_that_are_none_are_one_line(project: Path, words: tuple[str, ...], line: str) -> None:
    with serving(dict.fromkeys(sums().values(), set()), set()) as (url, _):
        genga("push", "s", "--url", url)
        with pytest.raises(GengaError, match=f"^{line}$"):
            genga("pull", "s", "--url", url, *words)
