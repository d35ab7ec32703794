"""Tags of posts on a server of Danbooru's kind: sent, and what people changed in them back."""

import hashlib
from pathlib import Path

import pytest
from boorus import KEY, LOGIN, serving
from test_hydrus import BODY, HEAD, OTHER, dataset, lines
from typer.testing import CliRunner

from genga.__main__ import app
from genga.errors import GengaError
from genga.exchange.folders import OF_DATASET
from genga.images.codec import as_png
from genga.store.parquet import read_table
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
