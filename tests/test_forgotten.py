"""A series whose folder was deleted: told, passed over where what was made of it is gone, and forgotten on demand."""

import inspect
import json
import re
import shutil
from pathlib import Path

import pytest
from audited import record
from standin import SERIES, command, make_standin, put, snakemake

from genga.images import upscaling
from genga.jobs import pack_files
from genga.workflow.forgotten import _KEPT, _NOTED, _let_go, note_of, unreachable
from genga.workflow.records import Records, read_records
from scripts import train


def test_what_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in ("data/raw/s/1.mkv", "data/stills/s/1.parquet", "data/tag/s/1.parquet", "data/overview/s.html"):
        put(Path(path), path)
    jobs = [
        record("stills", ["data/stills/s/1.parquet"], ["data/raw/s/1.mkv"]),
        record("tag", ["data/tag/s/1.parquet"], ["data/stills/s/1.parquet"]),
        record("overview", ["data/overview/s.html"], ["data/tag/s/1.parquet"]),
    ]
    records = Records({job.key: job for job in jobs})
    stills, tag, overview = (job.key for job in jobs)
    never = "data/characters/s.parquet"
    shutil.rmtree("data")
    made = {never: [tag]}
    assert unreachable([stills, tag, overview, never], made, records) == [stills, tag, overview, never]
    put(Path(stills), "stills")
    assert unreachable([stills, tag, overview, never], made, records) == []
    assert unreachable([stills, tag, overview, never], {}, records) == [never]
    Path(stills).unlink()
    put(Path(overview), "page")
    assert unreachable([stills, tag, overview, never], made, records) == [stills, tag, never]


def cache(folder: str, key: str, ending: str) -> Path:
    return put(Path(folder, key[:2], f"{key}.{ending}"), key)


def note(folder: str, series: str, *keys: str) -> Path:
    return put(Path(folder, "of", f"{series}.json"), json.dumps({"keys": keys}))


def test_of_what_is_kept_goes_what_nobody_else_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mine, both, theirs, nobodys = (letter * 64 for letter in "abcd")
    for folder, ending in ((".cache/latents", "safetensors"), (".cache/upscaled", "jxl")):
        files = [cache(folder, key, ending) for key in (mine, both, theirs, nobodys)]
        note(folder, "s", mine, both, "../../../x", "e" * 64)
        others = note(folder, "t", both, theirs)
        outside = put(Path("x.jxl"), "x")
        assert _let_go(Path(folder), "s") == 1
        assert [file.exists() for file in files] == [False, True, True, True]
        assert not files[0].parent.exists() and others.exists() and outside.exists()
        assert not Path(folder, "of/s.json").exists() and _let_go(Path(folder), "s") == 0
        assert _let_go(Path(folder), "t") == 2 and files[3].exists()
    assert _let_go(Path(".cache/none"), "s") == 0


def test_the_folders_are_those_that_are_written_to() -> None:
    written = inspect.signature(train.main).parameters["cache"].default.default
    assert (written, upscaling.FOLDER, pack_files.CACHE) == (*_KEPT, _NOTED)


def test_the_note_says_the_way_out() -> None:
    assert note_of("s", []) == (
        "data/raw/s/ has no videos: what was made of them is used as it is; `genga forget s` takes it away"
    )
    assert note_of("a b", ["data/x.html", "y"]) == (
        "data/raw/a b/ has no videos, and data/x.html and 1 more, made of them, cannot be had: passed over; "
        "put them back, `dvc pull`, or `genga forget 'a b'`"
    )


@pytest.mark.slow
def test_a_deleted_series_stops_no_other(tmp_path: Path) -> None:
    project = make_standin(tmp_path / "project")
    put(project / "data/raw/other/01.mkv", "another")
    assert snakemake(project).code == 0
    shutil.rmtree(project / "data/raw/other")
    ran = snakemake(project)  # what was made of it is there
    assert ran.code == 0 and ran.nothing and "note: data/raw/other/ has no videos: what was made of them" in ran.text
    (project / "data/overview/other.html").unlink()
    for path in (project / "data").glob("*/other"):
        shutil.rmtree(path)
    put(project / f"data/raw/{SERIES}/new.mkv", "a new one")
    for target in ("all_stills", "all"):
        ran = snakemake(project, "-n", target)
        assert ran.code == 0 and ran.jobs["probe"] == 1 and "Exception" not in ran.text, ran.text
        assert "note: data/raw/other/ has no videos, and data/stills/other/01.parquet and " in ran.text
    (project / f"data/raw/{SERIES}/new.mkv").unlink()
    said = command(project, "genga", "forget", "nobody", status=1)
    assert said == f"error: records.jsonl: has nothing of a series 'nobody'; it has: other, {SERIES}\n"
    assert "its videos are here" in command(project, "genga", "forget", SERIES, status=1)
    before = read_records(project / "records.jsonl").jobs
    latents = str(project / ".cache/latents")
    files = [cache(latents, letter * 64, "safetensors") for letter in "ab"]
    note(latents, "other", *(letter * 64 for letter in "ab"))
    note(latents, SERIES, "b" * 64)
    packed = [put(project / f".cache/packs/tag/{series}/pack-1.json", "{}") for series in ("other", SERIES)]
    said = command(project, "genga", "forget", "other")
    assert [path.exists() for path in (*files, *packed)] == [False, True, False, True]
    assert re.fullmatch(
        r"forget other: \d+ jobs are off records.jsonl, and \d+ files deleted, 1 latents and enlarged drawings beside;"
        r" commit it, and `dvc commit`\n", said,
    )  # fmt: skip
    assert not list((project / "data").glob("*/other*"))
    after = read_records(project / "records.jsonl").jobs
    assert {job.wildcards.get("series") for job in before.values()} >= {"other", SERIES}
    assert after == {key: job for key, job in before.items() if job.wildcards.get("series") != "other"}
    ran = snakemake(project)
    assert ran.code == 0 and ran.nothing and "other" not in ran.text
    assert read_records(project / "records.jsonl").jobs == after


@pytest.mark.slow
def test_a_run_whose_series_was_deleted_is_left_out_and_the_others_go_on(tmp_path: Path) -> None:
    project = make_standin(tmp_path / "project")
    assert snakemake(project, "all_stills").code == 0
    shutil.rmtree(project / f"data/raw/{SERIES}")
    shutil.rmtree(project / f"data/stills/{SERIES}")
    put(project / "data/raw/other/01.mkv", "another")
    ran = snakemake(project, "-n")
    assert ran.code == 0 and ran.jobs["probe"] == 1 and "train" not in ran.jobs, ran.text
    assert f"note: data/raw/{SERIES}/ has no videos, and data/stills/{SERIES}/ep 1.parquet and " in ran.text
