"""Hydrus: what is sent, what comes back, and what does when the client is away, old, or somebody else's.

Against a stand-in of its Client API (bench/_hydrus.py); that a real client does the same was tried: docs/hydrus.md.
"""

import csv
import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from bench._hydrus import GENGA, KEY, LIKE, READER, REPOSITORY, STARS, Shelf, clean, serving
from genga.__main__ import app
from genga.dataset.tiers import read_table_of
from genga.decisions.characters import read_names
from genga.decisions.frames import read_verdicts
from genga.decisions.tags import read_corrections
from genga.errors import GengaError
from genga.exchange import hydrus_push
from genga.exchange.folders import OF_DATASET
from genga.exchange.hydrus_tags import form_of
from genga.images.codec import encode
from genga.store.files import sha256_of
from genga.store.parquet import write_table
from genga.store.shards import writing_shard
from genga.vocabulary.text import pieces_of

HEAD, BODY, STILL, OTHER = "s/e1/000001-0-head", "s/e1/000001-0-fullbody", "s/e1/000001", "s/e2/000070"
# image, kind, tier, who, in what, caption, names in it
IMAGES = [
    (HEAD, "head", "best", "Akari K", "coat", "Akari K, coat, solo, long hair", 2),
    (BODY, "fullbody", "good", "Akari K", None, r"Akari K, solo, star \(symbol\), :3", 1),
    (STILL, "still", "good", None, None, "Akari K, outdoors, she waves at someone far away there.", 1),
    (OTHER, "scenery", "poor", None, None, "sky", 0),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDRUS_ACCESS_KEY", KEY)
    dataset()
    return tmp_path


def dataset(**captions: str) -> None:
    """Write the data set; captions: other ones, by kind."""
    rows = []
    with writing_shard("data/crop/s.tar") as shard:
        for number, (image, kind, tier, who, worn, caption, names) in enumerate(IMAGES):
            place = shard.add(
                f"{number}", encode(np.full((4, 6, 3), 40 * number, np.uint8), "png" if number else "jxl")
            )
            caption = captions.get(kind, caption)
            crop, still = (image, image.rsplit("-", 2)[0]) if "-" in image else (None, image)
            parts = [{"part": part, "text": text} for part, text in pieces_of(caption, names)]
            rows.append(
                {"image": image, "still": still, "crop": crop, "kind": kind, "shot": f"{still.rpartition('/')[0]}/7",
                 "split": "train", "character": who, "outfit": worn, "tier": tier, "caption": caption,
                 "captions": [{"form": "tags", "parts": parts}], "keep_tokens": names, "repeats": 1, "weight": 1.0,
                 "width": 6, "height": 4, "text": [], "persons": [], "masks": None, **place}
            )  # fmt: skip
    write_table("data/dataset/s.parquet", pl.DataFrame(rows, schema=dict(OF_DATASET)), OF_DATASET)


def genga(*words: str) -> str:
    """What `genga hydrus WORDS` prints; raises what it raises."""
    result = CliRunner().invoke(app, ["hydrus", *words], catch_exceptions=False)
    return result.output


def sent(image: str) -> str:
    """The sha256 of an image as it was sent."""
    lines = [json.loads(line) for line in Path("hydrus/s.jsonl").read_text(encoding="utf-8").splitlines()[1:]]
    return next(line[0] for line in lines if image in line[1])


def lines(path: str) -> list[list[str]]:
    """The lines of a table under corrections/ without its first."""
    with open(f"corrections/s/{path}", encoding="utf-8") as file:
        return [[value for value in row if value] for row in list(csv.reader(file))[1:]]


def push(url: str, *more: str) -> str:
    return genga("push", "s", "--url", url, "--tags", "genga", *more)


def pull(url: str, *more: str) -> str:
    return genga("pull", "s", "--url", url, "--tags", "genga", *more)


def test_images_are_sent_once_with_namespaces_in_front(project: Path) -> None:
    shelf = Shelf()
    with serving(shelf) as url:
        assert push(url) == "hydrus push s: 4 files sent or changed, 0 as they were (Hydrus 682, Client API 95)\n"
        assert len(shelf.files) == 4
        assert shelf.tags(sent(HEAD)) == {
            "series:s", "episode:e1", "scene:7", "character:akari k", "outfit:coat", "solo", "long hair",
        }  # fmt: skip
        assert shelf.tags(sent(BODY)) >= {"star (symbol)", "::3", "character:akari k"}
        assert shelf.tags(sent(OTHER)) == {"series:s", "episode:e2", "scene:7", "sky"}
        before = dict(shelf.asked)
        assert push(url) == "hydrus push s: 0 files sent or changed, 4 as they were (Hydrus 682, Client API 95)\n"
    assert shelf.asked["/add_files/add_file"] == before["/add_files/add_file"] == 4
    assert shelf.asked["/add_tags/add_tags"] == before["/add_tags/add_tags"] == 4


def test_only_what_people_changed_comes_back(project: Path) -> None:
    shelf = Shelf()
    with serving(shelf) as url:
        push(url)
        assert pull(url) == "hydrus pull s: 4 files, nothing new; 0 not understood (Hydrus 682, Client API 95)\n"
        shelf.edit(sent(BODY), add=("Big Smile", ":D"), remove=("star (symbol)",))
        shelf.edit(sent(OTHER), add=("night",))
        assert pull(url, "--who", "kim") == (
            "hydrus pull s: 4 files, 3 lines in corrections/s/e1/tags.csv, 1 line in corrections/s/e2/tags.csv; "
            "0 not understood (Hydrus 682, Client API 95)\n"
        )
        assert lines("e1/tags.csv") == [
            [BODY, "star_(symbol)", "remove", "kim", "changed in Hydrus"],
            [BODY, ":d", "add", "kim", "changed in Hydrus"],
            [BODY, "big_smile", "add", "kim", "changed in Hydrus"],
        ]
        assert lines("e2/tags.csv") == [[OTHER, "night", "add", "kim", "changed in Hydrus"]]
        read = [(one.target, one.tag, one.decision) for one in read_corrections("corrections/s/e1/tags.csv")]
        assert read[0] == (BODY, "star_(symbol)", "remove"), "as stage crop reads it"
        assert "nothing new" in pull(url), "what the tables say already"


def test_a_name_that_was_changed_is_about_that_crop(project: Path) -> None:
    shelf = Shelf()
    with serving(shelf) as url:
        push(url)
        shelf.edit(sent(HEAD), add=("character:mika",), remove=("character:akari k", "outfit:coat"))
        shelf.edit(sent(BODY), remove=("character:akari k",))
        pull(url)
        assert lines("characters.csv") == [
            [HEAD, "mika", "crop", "changed in Hydrus"],
            [BODY, "crop", "changed in Hydrus"],
        ]
        shelf.edit(sent(BODY), add=("character:akari k", "outfit:coat"))
        pull(url)
    assert lines("characters.csv")[1] == [BODY, "Akari K", "coat", "crop", "changed in Hydrus"], "in its own letters"


def test_what_can_be_no_decision_is_said(project: Path) -> None:
    shelf = Shelf()
    with serving(shelf) as url:
        push(url)
        shelf.edit(sent(HEAD), add=("character:b", "series:t"), remove=("episode:e1",))
        shelf.edit(
            sent(BODY), add=("character:a/b", "she is here, and smiles at us today."), remove=("character:akari k",)
        )
        shelf.edit(sent(STILL), add=("character:mika",), remove=("she waves at someone far away there.",))
        said = pull(url)
    assert "nothing new; 7 not understood" in said and not Path("corrections").exists()
    told = "she waves at someone far away there."
    for line in (
        f"{HEAD}: has 'character:akari k' and 'character:b', and is of one person; take one of them off there",
        f"{HEAD}: 'series:t' was changed, and no decision says where an image is from",
        f"{BODY}: 'a/b' has / in it, and folders are called after names; take it out",
        f"{BODY}: 'she is here, and smiles at us today.' is a sentence, and no tag",
        f"{STILL}: 'character:mika' was changed; who is in a still say its crops",
        f"{STILL}: {told!r} was taken off, and is a sentence, and no tag",
    ):
        assert line in said


def test_a_push_keeps_what_people_decided_and_changes_the_rest(project: Path) -> None:
    shelf = Shelf()
    with serving(shelf) as url:
        push(url)
        shelf.edit(sent(BODY), add=("hat",), remove=("solo",))
        dataset(fullbody="Akari K, solo, smile")
        assert push(url).startswith("hydrus push s: 1 files sent or changed, 3 as they were")
        assert shelf.tags(sent(BODY)) >= {"hat", "smile"} and not shelf.tags(sent(BODY)) & {"solo", "::3"}
        pull(url)
        assert [line[1:3] for line in lines("e1/tags.csv")] == [["solo", "remove"], ["hat", "add"]]
        dataset(fullbody="Akari K, smile, hat")  # as the decisions make it
        push(url)
        Path("corrections/s/e1/tags.csv").unlink()
        assert "nothing new" in pull(url)


def test_what_was_there_before_is_nobodys_change(project: Path) -> None:
    shelf = Shelf()
    with serving(shelf) as url:
        push(url)
        sha256 = sent(OTHER)
        shelf.edit(sha256, add=("from a booru",), remove=("sky",))
        Path("hydrus/s.jsonl").unlink()  # another machine: nothing is known to have been sent
        push(url)
        assert shelf.tags(sha256) == {"series:s", "episode:e2", "scene:7", "from a booru"}, "sky stays off"
        pull(url)
        assert lines("e2/tags.csv") == [[OTHER, "sky", "remove", "changed in Hydrus"]]
        shelf.edit(sha256, remove=("from a booru",))
        assert "nothing new" in pull(url)


def test_a_client_that_goes_away_keeps_the_work_and_the_next_push_goes_on(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hydrus_push, "AT_ONCE", 2)
    shelf = Shelf(away_after=3 + 1 + 2 * 2 + 1 + 1)  # in the second batch, behind its first file
    with serving(shelf) as url:
        with pytest.raises(GengaError) as told:
            push(url)
        assert str(told.value).startswith(f"{url}: no Hydrus client answers (")
        assert str(told.value).endswith("; 2 of 4 files are done, push again to go on") and "\n" not in str(told.value)
        assert len(Path("hydrus/s.jsonl").read_text().splitlines()) == 3
        shelf.away_after = None
        assert push(url).startswith("hydrus push s: 2 files sent or changed, 2 as they were")
    assert shelf.asked["/add_files/add_file"] == 4 and len(shelf.files) == 4
    with pytest.raises(GengaError, match=r"no Hydrus client answers \(Connection refused\); start it, with its Client"):
        pull(url)
    assert not Path("corrections").exists()


def test_a_line_that_was_cut_off_is_as_if_it_were_not_there(project: Path) -> None:
    shelf = Shelf()
    with serving(shelf) as url:
        push(url)
        whole = Path("hydrus/s.jsonl").read_bytes()
        Path("hydrus/s.jsonl").write_bytes(whole[:-20])
        assert push(url).startswith("hydrus push s: 1 files sent or changed, 3 as they were")
        assert Path("hydrus/s.jsonl").read_bytes() == whole
        Path("hydrus/s.jsonl").write_bytes(whole.replace(b'["', b'{"', 1))
        with pytest.raises(GengaError, match=r"^hydrus/s\.jsonl:2: is not as a push writes it; "):
            push(url)


def test_a_file_that_was_deleted_there_is_not_sent_again_and_dropped_where_that_is_asked_for(project: Path) -> None:
    shelf = Shelf()
    with serving(shelf) as url:
        push(url)
        for image in (HEAD, OTHER):
            shelf.files[sent(image)].deleted = True
        shelf.files[sent(STILL)].inbox = False
        assert "2 as they were, 2 deleted there are let be" in push(url)
        assert "nothing new; 0 not understood; 2 are deleted there (--drop-deleted)" in pull(url)
        pull(url, "--drop-deleted", "--keep-archived")
    assert lines("characters.csv") == [[HEAD, "crop", "deleted in Hydrus"]], "of nobody: in no data set"
    assert lines("e2/frames.csv") == [["70", "drop", "deleted in Hydrus"]]
    assert lines("e1/frames.csv") == [["1", "keep", "archived in Hydrus"]]
    nobody = read_names("corrections/s/characters.csv")[0]
    assert (nobody.label, nobody.scope) == (("", None), "crop"), "as stage characters reads it"
    assert read_verdicts("corrections/s/e2/frames.csv", 100)[70].verb == "drop"


def test_ratings_are_tiers_there_and_drops_and_tags_here(project: Path) -> None:
    shelf = Shelf()
    with serving(shelf) as url:
        push(url, "--rating", "tier", "--stars", "best=5", "--stars", "good=4")
        stars = {image: shelf.files[sent(image)].ratings.get(STARS) for image in (HEAD, BODY, STILL, OTHER)}
        assert stars == {HEAD: 5, BODY: 4, STILL: 4, OTHER: None}
        back = ("--rating", "tier", "--stars", "1=drop", "--stars", "5=Fine Art")
        assert "nothing new" in pull(url, *back)
        for image, rating in ((HEAD, 1), (BODY, 5), (OTHER, 1), (STILL, 3)):
            shelf.files[sent(image)].ratings[STARS] = rating
        pull(url, *back)
        assert lines("characters.csv") == [[HEAD, "crop", "rated 1 in Hydrus"]]
        assert lines("e2/frames.csv") == [["70", "drop", "rated 1 in Hydrus"]]
        assert lines("e1/tags.csv") == [[BODY, "fine_art", "add", "rated 5 in Hydrus"]]
        shelf.files[sent(STILL)].ratings[LIKE] = False
        pull(url, "--rating", "like", "--stars", "0=drop")
        assert lines("e1/frames.csv") == [["1", "drop", "disliked in Hydrus"]]
        push(url, "--rating", "tier", "--stars", "best=5", "--stars", "good=4")
        assert shelf.files[sent(HEAD)].ratings[STARS] == 1, "a person's rating stays"


def test_ratings_archives_and_deletions_are_tiers_by_parameter(project: Path) -> None:
    shelf = Shelf()
    stars = ("--rating", "tier", "--stars", "best=5", "--stars", "good=3")
    with serving(shelf) as url:
        push(url, *stars)
        back = (*stars, "--stars", "1=reject", "--archived", "good", "--deleted", "reject")
        assert "nothing new; 0 not understood" in pull(url, *back)
        for image, rating in ((HEAD, 1), (BODY, 5), (STILL, 2)):
            shelf.files[sent(image)].ratings[STARS] = rating
            shelf.files[sent(image)].inbox = False
        shelf.files[sent(OTHER)].deleted = True
        said = pull(url, *back, "--who", "kim")
        assert f"{STILL}: rated 2 in Hydrus, and no --stars says what 2 stands for" in said
        assert "4 lines in corrections/s/tiers.csv; 1 not understood" in said
        assert sorted(lines("tiers.csv")) == sorted([
            [HEAD, "reject", "kim", "rated 1 in Hydrus"], [STILL, "good", "kim", "archived in Hydrus"],
            [BODY, "best", "kim", "rated 5 in Hydrus"], [OTHER, "reject", "kim", "deleted in Hydrus"],
        ])  # fmt: skip
        read = {one.image: one.tier for one in read_table_of(Path("corrections/s/tiers.csv"))}
        assert read == {HEAD: "reject", STILL: "good", BODY: "best", OTHER: "reject"}, "as stage dataset reads it"
        assert "nothing new; 1 not understood" in pull(url, *back)
        shelf.files[sent(HEAD)].ratings[STARS] = 3
        pull(url, *back)
        assert [line[1] for line in lines("tiers.csv") if line[0] == HEAD] == ["good"], "the line says it now"


def test_a_rating_from_before_is_a_persons(project: Path) -> None:
    shelf, stars = Shelf(), ("--rating", "tier", "--stars", "best=5", "--stars", "good=3")
    with serving(shelf) as url:
        push(url)
        shelf.files[sent(HEAD)].ratings[STARS] = 3
        Path("hydrus/s.jsonl").unlink()
        push(url, *stars)
        push(url, *stars)
        assert shelf.files[sent(HEAD)].ratings[STARS] == 3 and shelf.files[sent(BODY)].ratings[STARS] == 3
        pull(url, *stars)
    assert lines("tiers.csv") == [[HEAD, "good", "rated 3 in Hydrus"]]


@pytest.mark.parametrize("way", ["api", "sidecars"])
def test_tags_say_tiers_too(project: Path, way: str) -> None:
    shelf = Shelf()
    with serving(shelf) as url:
        where = ["--sidecars", "out"] if way == "sidecars" else []
        push(url, "--tiers", *where)

        def edit(image: str, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
            if not where:
                return shelf.edit(sent(image), add, remove)
            png = next(path for path in Path("out").rglob("*.png") if sha256_of(path) == sent(image))
            name = png.with_name(f"{png.name}.txt")
            words = {*name.read_text(encoding="utf-8").splitlines()}
            assert {*remove} <= words
            name.write_text("".join(f"{word}\n" for word in sorted((words - {*remove}) | {*add})), encoding="utf-8")
            return None

        edit(HEAD, ("tier:reject",), ("tier:best",))
        edit(OTHER, ("tier:top",), ("tier:poor",))
        said = pull(url, *where)
        assert "1 line in corrections/s/tiers.csv; 1 not understood" in said
        assert f"{OTHER}: has 'tier:top', and a picture has one tier, of best, good, poor, reject; put" in said
        edit(OTHER, (), ("tier:top",))
        assert f"{OTHER}: 'tier:poor' was taken off, and no other tier is there" in pull(url, *where)
    (line,) = lines("tiers.csv")
    assert line[:2] == [HEAD, "reject"]


def test_images_that_are_equal_to_the_byte_are_one_file_and_its_changes_are_of_both(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    black = encode(np.zeros((4, 6, 3), np.uint8))
    monkeypatch.setattr("test_hydrus.encode", lambda *_: black)
    dataset()
    shelf = Shelf()
    with serving(shelf) as url:
        assert push(url).startswith("hydrus push s: 1 files sent or changed")
        assert shelf.tags(sent(OTHER)) >= {"sky", "solo", "episode:e1", "episode:e2"}
        shelf.edit(sent(OTHER), add=("night",))
        pull(url)
    assert [line[0] for line in lines("e1/tags.csv")] == [HEAD, BODY, STILL]
    assert [line[:3] for line in lines("e2/tags.csv")] == [[OTHER, "night", "add"]]


def test_a_repository_is_pended_to_and_petitioned(project: Path) -> None:
    shelf = Shelf()
    with serving(shelf) as url:
        genga("push", "s", "--url", url, "--tags", "public")
        pending = shelf.files[sent(OTHER)].tags[REPOSITORY]["1"]
        assert pending == {"series:s", "episode:e2", "scene:7", "sky"}
        dataset(scenery="night")
        genga("push", "s", "--url", url, "--tags", "public")
        assert shelf.files[sent(OTHER)].tags[REPOSITORY]["3"] == {"sky"}
        assert "nothing new" in genga("pull", "s", "--url", url, "--tags", "public")


def test_a_file_that_is_not_taken_is_named_and_the_others_are(project: Path) -> None:
    shelf = Shelf()
    with serving(shelf) as url:
        push(url)
        shelf.refuses.add(sent(OTHER))
        shelf.files.clear()
        Path("hydrus/s.jsonl").unlink()
        result = CliRunner().invoke(app, ["hydrus", "push", "s", "--url", url, "--tags", "genga"])
    assert "3 files sent or changed, 0 as they were, 1 not taken" in result.output
    assert f"{OTHER}: Unknown filetype!" in result.output


def test_dry_writes_nothing(project: Path) -> None:
    shelf = Shelf()
    with serving(shelf) as url:
        push(url)
        shelf.edit(sent(OTHER), add=("night",))
        assert "1 line in corrections/s/e2/tags.csv; 0 not understood, and nothing is written" in pull(url, "--dry")
    assert not Path("corrections").exists()


@pytest.mark.parametrize(
    ("words", "key", "line"),
    [
        (("push", "s"), "", "no access key is set: HYDRUS_ACCESS_KEY, 64 hex digits .*"),
        (("push", "s"), "abc", "the access key is none: HYDRUS_ACCESS_KEY must be 64 hex digits, .*"),
        (("push", "s"), "00" * 32, r"URL: the access key is not accepted \(Did not find an entry .*\); see .*"),
        (("push", "s"), READER, "URL: the access key does not permit: import files, search for files; allow it there"),
        (("push", "s", "--tags", "x"), KEY, r"URL: no service 'x' of that kind \(there: 'genga', 'my tags', .*"),
        (("push", "s", "--rating", "tier", "--stars", "best=6"), KEY, "--stars best=6: must be TIER=STARS, .*"),
        (("push", "s", "--rating", "tier", "--stars", "top=1"), KEY, "--stars top=1: must be TIER=STARS, .*"),
        (("pull", "s", "--archived", "top"), KEY, r"hydrus/s\.jsonl: nothing of s was sent yet, .*"),
        (("push", "../s"), KEY, r"a series is named as its folder in data/raw/, as in sample; got '\.\./s'"),
        (("push", "t"), KEY, r"data/dataset/t\.parquet: no such table; run snakemake to make it"),
        (("pull", "s"), KEY, r"hydrus/s\.jsonl: nothing of s was sent yet, so nothing can have changed; push first"),
        (("push", "s", "--url", "ftp://x"), KEY, "ftp://x: is no address of a Client API, as http://127.0.0.1:45869"),
    ],
)  # fmt: skip
def test_bad_words_are_one_line(
    project: Path, words: tuple[str, ...], key: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDRUS_ACCESS_KEY", key)
    with serving(Shelf()) as url:
        monkeypatch.setenv("HYDRUS_API_URL", url)
        with pytest.raises(GengaError, match=f"^{line.replace('URL', url)}$"):
            genga(*words)
    assert not os.path.exists("hydrus/s.jsonl")


def test_an_old_client_is_told_so_and_another_service_is_not_mixed_up(project: Path) -> None:
    with serving(Shelf(api=47, client=533)) as url, pytest.raises(GengaError) as told:
        push(url)
    assert str(told.value) == (
        f"{url}: Client API 47 of Hydrus 533 is too old; 48 is needed, of Hydrus 534: update the client"
    )
    with serving(Shelf()) as url:
        push(url)
        with pytest.raises(GengaError, match=rf"^hydrus/s\.jsonl: was sent to another service \({GENGA}\), not 6c6f"):
            genga("push", "s", "--url", url)


@pytest.mark.parametrize(
    ("tag", "form"),  # as Hydrus 682 answered /add_tags/clean_tags
    [
        ("Big  Smile ", "big smile"), (":3", "::3"), (":D", "::d"), ("-_-", "_-"), ("- a", "a"), ("a:b:c", "a:b:c"),
        ("character: X  Y", "character:x y"), ("series:", ""), (":", ""), ("::", "::"),
        ("system:x", "x"), ("character:-x", "character:x"), (">:(", ">:("), ("re:zero", "re:zero"), ("a\tb", "ab"),
        ("a\u3000b", "a b"), ("İ", "i̇"), ("x" * 1200, "x" * 1024), (" : b", "b"), ("", ""),
    ],
)  # fmt: skip
def test_tags_as_the_client_keeps_them(tag: str, form: str) -> None:
    assert form_of(tag) == clean(tag) == form


def test_the_stand_in_has_errors_as_the_client_has_them(project: Path) -> None:
    from urllib.error import HTTPError
    from urllib.request import urlopen

    with serving(Shelf()) as url, pytest.raises(HTTPError) as told:
        urlopen(f"{url}/get_services")
    assert told.value.code == 401
    assert json.loads(told.value.read())["error"] == "No access key or session key provided!"


@pytest.mark.parametrize("kind", ["txt", "json"])
def test_a_folder_goes_out_and_what_hydrus_exports_comes_back(project: Path, kind: str) -> None:
    said = genga("push", "s", "--sidecars", "out", *(["--json"] if kind == "json" else []))
    assert said == "hydrus push s: 4 files in out; import them there with their sidecars\n"
    exported = Path("exported/of hydrus")
    exported.mkdir(parents=True)
    changed = {BODY: ("big smile", "star (symbol)"), HEAD: ("character:mika", "character:akari k")}
    for image in (HEAD, BODY, OTHER):
        name = next(Path("out").rglob(f"*{image.rpartition('/')[2]}.png"))
        (exported / f"{sent(image)}.png").write_bytes(name.read_bytes())  # as Hydrus calls it by its hash
        text = name.with_name(f"{name.name}.{kind}").read_text(encoding="utf-8")
        forms = {*map(form_of, json.loads(text)["tags"] if kind == "json" else text.splitlines())}
        add, off = changed.get(image, ("", ""))
        tags = sorted((forms - {off}) | ({add} - {""}))
        written = json.dumps({"metadata": {"tags": tags}}) if kind == "json" else "\n".join(tags)
        (exported / f"{sent(image)}.png.{kind}").write_text(written, encoding="utf-8")
    (exported / "of somebody else.png").write_bytes(b"x")
    told = pull("http://127.0.0.1:1", "--sidecars", "exported")
    assert told.endswith(
        "1 line in corrections/s/characters.csv, 2 lines in corrections/s/e1/tags.csv; 0 not understood; "
        "1 are not known; by exported\n"
    )
    why = f"changed in {sent(BODY)}.png.{kind}"
    assert lines("e1/tags.csv") == [[BODY, "star_(symbol)", "remove", why], [BODY, "big_smile", "add", why]]
    assert lines("characters.csv")[0][:2] == [HEAD, "mika"]


def test_a_folder_that_is_no_export_and_sidecars_that_are_none_are_said(project: Path) -> None:
    genga("push", "s", "--sidecars", "out", "--json")
    Path("empty").mkdir()
    with pytest.raises(GengaError, match="^empty: has no images; name the folder that Hydrus exported to"):
        pull("http://127.0.0.1:1", "--sidecars", "empty")
    Path("empty/a.png").write_bytes(b"x")
    with pytest.raises(GengaError, match="^empty: none of its 1 images was sent from here; name the folder of an"):
        pull("http://127.0.0.1:1", "--sidecars", "empty")
    sidecar = next(Path("out").glob("*70.png.json"))
    for text, line in (("{", r"is no JSON \("), ('{"urls": []}', r"has not one list of tags, as \{\"tags\"")):
        sidecar.write_text(text)
        with pytest.raises(GengaError, match=f"^{sidecar}: {line}"):
            pull("http://127.0.0.1:1", "--sidecars", "out")
    sidecar.unlink()
    assert f"{sidecar.with_suffix('')}: has no sidecar beside it" in pull("http://127.0.0.1:1", "--sidecars", "out")
    with (
        serving(Shelf()) as url,
        pytest.raises(GengaError, match=rf"was sent to another service \(sidecars\), not {GENGA}"),
    ):
        push(url)
