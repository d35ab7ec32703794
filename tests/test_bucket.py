"""Files in a bucket: what git has to know, and records brought home. Pods and S3 are in test_kubernetes.py."""

import json
import os
from pathlib import Path

import pytest
from standin import command, make_standin

from genga.errors import GengaError
from genga.store.files import in_project
from genga.store.hash_cache import Stamps
from genga.workflow.bucket import check_sent
from genga.workflow.bucket_records import BROUGHT, at_home
from genga.workflow.record_jobs import gather
from genga.workflow.records import Records
from genga.workflow.session import Journal
from genga.workflow.snakemake_metadata import Store

PLACES = ("s3://genga/project/", ".snakemake/storage/s3/genga/project/")


def record(**said: object) -> dict[str, object]:
    """Snakemake's record of a table in the bucket."""
    return {
        "rule": "tag",
        "input": [
            "s3://genga/project/data/stills/s/e.parquet",
            "s3://genga/project/data/stills/s/e.tar",
            "s3://genga/project/models/r/checkpoints",
        ],
        "log": [".snakemake/storage/s3/genga/project/logs/tag/s/e.log"],
        "params": ['code="c"', 'pins={"weights/a":"1","weights/t.onnx":"2"}', 'corrections={"corrections/t.csv":"3"}'],
        "shellcmd": "python scripts/tag.py .snakemake/storage/…",
        "code": "python scripts/tag.py",
        "conda_env": "an environment",
        "job_hash": 7,
        "endtime": 1000.0,
        **said,
    }


def test_a_record_from_a_bucket_says_what_the_job_would_have_said_here() -> None:
    found = at_home(record(), PLACES, {"weights/a": ["weights/a/1", "weights/a/2"]})
    assert found["input"] == [
        "corrections/t.csv", "data/stills/s/e.parquet", "weights/a/1", "weights/a/2", "weights/t.onnx",
    ]  # fmt: skip
    assert found["log"] == ["logs/tag/s/e.log"]
    assert found["params"] == record()["params"]
    assert (found["shellcmd"], found["conda_env"], found["job_hash"]) == (None, None, None)
    assert (found["endtime"], found[BROUGHT]) == (1000.0, True)


@pytest.mark.parametrize(
    ("rule", "episode", "kept"),
    [
        ("frames", "pack-01", ["data/probe/s/pack-01.json"]),
        ("tag", "pack-01", []),
        ("frames", "e", ["data/probe/s/e.json", "data/raw/s/a.gif"]),
        ("clips", "e", ["data/probe/s/e.json", "data/raw/s/a.gif"]),
    ],
)
def test_what_a_packs_job_finds_by_itself_here_is_no_input(rule: str, episode: str, kept: list[str]) -> None:
    inputs = [f"s3://genga/project/data/{name}" for name in (f"probe/s/{episode}.json", "raw/s/a.gif")]
    assert at_home(record(rule=rule, input=inputs, params=[]), PLACES, {})["input"] == kept
    probed = at_home(record(rule="probe", input=inputs[1:], params=[]), PLACES, {})
    assert probed["input"] == ["data/raw/s/a.gif"]


def test_a_file_brought_home_has_the_time_of_its_upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store()
    for episode, seconds in (("near", 1000.4), ("far", 1002.0)):
        path = Path(f"data/tag/s/{episode}.parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("table")
        os.utime(path, (seconds, seconds))
        log = f".snakemake/storage/s3/genga/project/logs/tag/s/{episode}.log"
        store.write(path.as_posix(), at_home(record(input=[], params=[], log=[log]), PLACES, {}))
    records = Records({}, {}, {}, {})
    made = gather(records, store, Stamps(tmp_path / "stamps.json"), {}, {}, {})
    assert [job.wildcards for job in made] == [{"series": "s", "episode": "near"}]


def test_the_journal_waits_for_what_was_made_in_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_standin(tmp_path / "project")
    monkeypatch.chdir(project)
    journal = Journal(project)
    journal.read()
    Store().write("s3://genga/project/data/tag/s/e.parquet", record())
    Store().write("s3://genga/project/models/r/checkpoints", record())
    journal.expect(PLACES, {})
    awaited = project / ".snakemake/genga/awaited.json"
    assert json.loads(awaited.read_text())["awaited"] == ["data/tag/s/e.parquet"]
    journal.read()
    assert not (project / "records.jsonl").exists()
    path = project / "data/tag/s/e.parquet"
    path.parent.mkdir(parents=True)
    path.write_text("table")
    os.utime(path, (1000, 1000))
    journal.read()
    assert json.loads(awaited.read_text())["awaited"] == []
    assert "data/tag/s/e.parquet" in (project / "records.jsonl").read_text()


def test_git_has_to_know_what_jobs_read(tmp_path: Path) -> None:
    with pytest.raises(GengaError, match="not a git repository.*git clone genga anew"):
        check_sent(tmp_path)
    command(tmp_path, "git", "init")
    for path in ("corrections/s/e/frames.csv", "notes.txt", "data/x"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x")
    with pytest.raises(GengaError, match="^corrections/s/e/frames.csv: not known to git"):
        check_sent(tmp_path)
    command(tmp_path, "git", "add", "corrections")
    check_sent(tmp_path)


@pytest.mark.parametrize(
    ("path", "expected"), [("data/a.tar", "data/a.tar"), ("{here}/data/a.tar", "data/a.tar"), ("/else/a", "/else/a")]
)
def test_tables_name_files_as_seen_from_the_project(path: str, expected: str) -> None:
    assert in_project(path.format(here=Path.cwd())) == expected
