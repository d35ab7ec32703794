"""What an audit is held against: a commit, dvc.lock; a signature is in test_formats. And what it says without."""

import hashlib
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from audited import MODEL, PLACE, SELECTED, SERIES, make, text
from typer.testing import CliRunner

from genga.audit.as_text import verdict
from genga.audit.roots import keep_records, root_of
from genga.audit.signing import sign
from genga.audit.verify import audit
from genga.cli.audit import app
from genga.errors import GengaError
from genga.store.files import sha256_of
from genga.workflow.records import Output, read_records, write_records

LOSSES = "models/r/losses.parquet"  # no job reads it: changed with its line, no other line tells


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make(tmp_path)
    git("init", "-q")
    return tmp_path


def git(*words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *identity, *words], check=True, capture_output=True, text=True).stdout.strip()


def commit() -> str:
    git("add", "records.jsonl", *(["dvc.lock"] if Path("dvc.lock").is_file() else []))
    git("commit", "-qm", "records", "--allow-empty")
    return git("rev-parse", "HEAD")


def command(*arguments: str) -> tuple[int, str]:
    """Exit status, and the last line."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    return result.exit_code, result.output.splitlines()[-1]


def states(result: dict, state: str) -> list[tuple[str, str]]:
    return [(check["what"], check["name"]) for check in result["checks"] if check["state"] == state]


def rewrite(path: str) -> None:
    """Change a file, and its line in the records alike."""
    text(path, "another")
    records = read_records()
    job = records.maker[path]
    made = {**job.outputs, path: Output(sha256_of(path), os.path.getsize(path))}
    write_records(replace(records, jobs={**records.jobs, job.key: replace(job, outputs=made)}))


def test_just_after_the_workflow_it_is_as_recorded_and_the_line_has_the_way_out(project: Path) -> None:
    code, said = command(MODEL)
    assert code == 1
    assert said == (
        f"audit {MODEL}: as recorded, by records that are in no commit yet: 31 verified, 0 changed, 0 absent, "
        "0 unrecorded; `git add records.jsonl && git commit` gives them a root, --uncommitted does without"
    )
    assert command(MODEL, "--uncommitted") == (0, said)
    root = commit()
    assert command(MODEL) == (
        0, f"audit {MODEL}: verified against commit {root}: 31 verified, 0 changed, 0 absent, 0 unrecorded",
    )  # fmt: skip


def test_lines_of_other_jobs_need_no_commit(project: Path) -> None:
    root = commit()
    records = read_records()
    more = replace(records.jobs["data/evaluate/r.json"], outputs={"data/evaluate/s.json": Output("0" * 64, 1)})
    write_records(replace(records, jobs={**records.jobs, more.key: more}))
    assert audit(MODEL, read_records())["records"]["root"] == f"commit {root}"
    git("commit", "-qam", "more")
    assert audit(MODEL, read_records())["records"]["root"] == f"commit {git('rev-parse', 'HEAD')}"


def test_a_file_changed_with_its_line_has_no_root_and_is_changed_against_a_commit(project: Path) -> None:
    root = commit()
    rewrite(LOSSES)
    assert audit(MODEL, read_records())["verdict"] == "uncommitted"
    code, said = command(MODEL, "--against", root[:10], "--uncommitted", "--unrecorded")
    assert code == 1 and ": NOT AS RECORDED: " in said
    found = audit(MODEL, read_records(), against=root_of("HEAD", None))
    assert states(found, "changed") == [("record", "models/r/checkpoints.json"), ("table", LOSSES)]
    commit()
    assert audit(MODEL, read_records())["verdict"] == "verified", "by its own commit: name the one that you know"
    assert command(MODEL, "--against", root)[0] == 1 and command(MODEL, "--against", "HEAD")[0] == 0


def test_records_that_are_gone_or_lack_a_line_are_a_verdict(project: Path) -> None:
    root, whole = commit(), Path("records.jsonl").read_text()
    for gone in (f"data/tag/{PLACE}.parquet", f"data/crop/{PLACE}.parquet", f"data/dataset/{SERIES}.parquet"):
        lines = whole.split("\n")
        Path("records.jsonl").write_text("\n".join(line for line in lines if not line.startswith(f'{{"job":"{gone}"')))
        found = audit(MODEL, read_records())
        assert found["verdict"] == "unrecorded" and ("job", gone) in states(found, "unrecorded"), gone
    Path("records.jsonl").unlink()
    code, said = command(MODEL)
    assert code == 1 and ": NOT ALL ON RECORD: " in said and "`git checkout records.jsonl` brings lines back" in said
    assert command(MODEL, "--unrecorded")[0] == 0
    found = audit(MODEL, read_records(), against=root_of(root, None))
    assert (found["verdict"], len(states(found, "absent"))) == ("verified", 14), "the lines of 14 jobs are not here"


def test_a_selected_copy_without_the_line_of_its_selection_is_not_all_on_record(project: Path) -> None:
    records = read_records()
    del records.jobs["data/evaluate/r.json"]
    assert audit(SELECTED, records)["verdict"] == "unrecorded" and audit(MODEL, records)["verdict"] == "uncommitted"


@pytest.mark.parametrize(
    ("against", "key", "message"),
    [
        ("none", None, "none: no such commit here, and no signature"),
        ("--all", None, "--all: no such commit here"),
        ("HEAD~", None, "records.jsonl: is not in commit"),
        ("HEAD", "key.pub", "key.pub: a key goes with a signature; name one: --against models/RUN.sig"),
        ("models/r.sig", None, "models/r.sig: whose signature.* --key KEY.pub"),
        ("models/r.sig", "key.pub", "key.pub: no such key"),
        ("models/none.sig", "key.pub", "models/none: no such run"),
    ],
)
def test_what_is_no_root_is_one_line(project: Path, against: str, key: str | None, message: str) -> None:
    git("commit", "-qm", "empty", "--allow-empty")
    commit()
    with pytest.raises(GengaError, match=message) as error:
        root_of(against, Path(key) if key else None)
    assert "\n" not in str(error.value)


def test_without_git_nothing_has_a_root(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit()
    monkeypatch.setenv("PATH", "")
    assert audit(MODEL, read_records())["verdict"] == "uncommitted"


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def lock(cache: str = ".dvc/cache", wrong: str = "") -> None:
    """What `dvc commit` writes: a file by its md5, a folder by that of a list, which lies in the cache."""
    sums = {path: md5(path.read_bytes()) for path in sorted(Path("data/dataset").rglob("*.parquet"))}
    sums |= {Path(wrong): "0" * 32} if wrong else {}
    rows = [{"md5": of, "relpath": path.relative_to("data/dataset").as_posix()} for path, of in sums.items()]
    listed = json.dumps(rows).encode()
    text(f"{cache}/files/md5/{md5(listed)[:2]}/{md5(listed)[2:]}.dir", listed)
    outs = [
        {"path": LOSSES, "hash": "md5", "md5": md5(Path(LOSSES).read_bytes()), "size": 6},
        {"path": "data/dataset", "hash": "md5", "md5": f"{md5(listed)}.dir", "nfiles": len(rows)},
        {"path": "data/elsewhere", "md5": "0" * 32},
    ]
    text("dvc.lock", json.dumps({"schema": "2.0", "stages": {"all": {"cmd": "x", "outs": outs}, "code": {"cmd": "y"}}}))


def test_dvc_lock_is_a_second_witness(project: Path) -> None:
    lock()
    root = commit()
    found = audit(MODEL, read_records())
    assert (found["verdict"], found["counts"]["dvc.lock"]) == ("verified", {"verified": 2})
    rewrite(LOSSES)
    git("commit", "-qam", "the file and its line alike")
    assert audit(MODEL, read_records())["verdict"] == "contradicted"
    lock()
    assert audit(MODEL, read_records())["verdict"] == "verified"
    found = audit(MODEL, read_records(), against=root_of(root, None))
    assert ("dvc.lock", LOSSES) in states(found, "changed"), "by the dvc.lock of that commit"
    lock(wrong=f"data/dataset/{SERIES}.parquet")
    assert states(audit(MODEL, read_records()), "changed") == [("dvc.lock", f"data/dataset/{SERIES}.parquet")]


def test_a_file_that_only_dvc_knows_otherwise_is_a_verdict_with_its_way_out(project: Path) -> None:
    lock()
    rewrite(LOSSES)
    code, said = command(MODEL)
    assert code == 1 and ": as recorded, NOT AS IN dvc.lock: " in said and "`dvc commit` what was made since" in said
    assert command(MODEL, "--uncommitted")[0] == 0
    assert states(audit(MODEL, read_records()), "changed") == [("dvc.lock", LOSSES)]


def test_the_list_of_a_folder_is_found_where_the_cache_is_or_said_to_be_away(project: Path) -> None:
    text(".dvc/config", "[core]\n    autostage = false\n[cache]\n    dir = ../elsewhere\n")
    lock("elsewhere")
    commit()
    assert audit(MODEL, read_records())["counts"]["dvc.lock"] == {"verified": 2}
    (listed,) = Path("elsewhere").rglob("*.dir")
    for content in (b"[]", None):
        listed.write_bytes(content) if content else listed.unlink()
        found = audit(MODEL, read_records())
        assert (found["verdict"], found["counts"]["dvc.lock"]) == ("verified", {"verified": 1, "absent": 1})
    assert [check["note"] for check in found["checks"] if check["name"] == "data/dataset"] == [
        "the list of its files is not in DVC's cache: dvc fetch"
    ]


@pytest.mark.parametrize(
    "content", ["[]", "stages: 3", "stages: {a: 3}", "stages: {a: {outs: [{path: x}]}}", "a: [", "a: \x07"]
)
def test_a_dvc_lock_of_another_form_is_one_line(project: Path, content: str) -> None:
    text("dvc.lock", content)
    with pytest.raises(
        GengaError, match=r"dvc\.lock: is not DVC's .*; `git checkout dvc.lock`, or dvc commit"
    ) as error:
        audit(MODEL, read_records())
    assert "\n" not in str(error.value)


def test_the_part_of_the_records_that_is_signed(project: Path) -> None:
    assert keep_records("r", read_records()) == 15
    assert Path("models/r/records.jsonl").read_text() == Path("records.jsonl").read_text()
    records = read_records()
    other = replace(records.jobs["data/evaluate/r.json"], outputs={"data/evaluate/s.json": Output("0" * 64, 1)})
    assert keep_records("r", replace(records, jobs={**records.jobs, other.key: other})) == 15
    report = replace(other, outputs={"reports/r/index.html": Output("0" * 64, 1)}, wildcards={"run": "r"})
    assert keep_records("r", replace(records, jobs={**records.jobs, report.key: report})) == 16


def test_what_is_not_on_record_is_not_signed(project: Path) -> None:
    text(LOSSES, "another")
    with pytest.raises(GengaError, match=r"losses.parquet: is not what records.jsonl says; .*then sign"):
        keep_records("r", read_records())
    records = read_records()
    del records.jobs["models/r/checkpoints.json"]
    with pytest.raises(GengaError, match=r"checkpoints.json: no line of records.jsonl says how it was made"):
        keep_records("r", records)
    assert not Path("models/r/records.jsonl").exists()


@pytest.mark.parametrize("going_on", ["unfinished/r-000001.safetensors", ".state/state.safetensors"])
def test_a_run_whose_training_goes_on_is_not_signed(project: Path, going_on: str) -> None:
    text("key", "a key")
    text(f"models/r/{going_on}", "half")
    with pytest.raises(GengaError, match="is of training that is not done; finish it with snakemake, or delete it"):
        sign(Path("models/r"), Path("key"))
    assert not Path("models/r.sig").exists()


def test_a_page_of_the_workflow_says_nothing_of_a_root(project: Path) -> None:
    from genga.store.hash_cache import Stamps

    said = verdict(audit(MODEL, read_records(), known=Stamps("stamps.json")))
    assert said.startswith(f"audit {MODEL}: as recorded: ") and "commit" not in said
