"""genga audit: everything behind a model is found, and whatever was changed since is named."""

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from audited import EPISODE, FIRST, HEAD, MODEL, PLACE, SECOND, SELECTED, SERIES, checkpoint, make, tamper, text
from pages import Page
from typer.testing import CliRunner

from genga.audit.code import meaning
from genga.audit.git_history import History
from genga.audit.images import words_of
from genga.audit.lineage import behind
from genga.audit.model import subject_of
from genga.audit.safetensors_header import header_of
from genga.audit.verify import audit
from genga.cli.audit import app
from genga.errors import GengaError
from genga.store.files import sha256_of
from genga.workflow.records import Output, Record, Records, read_records


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make(tmp_path)


def found(model: str = MODEL) -> dict:
    return audit(model, read_records())


def states(result: dict, state: str) -> list[tuple[str, str]]:
    return [(check["what"], check["name"]) for check in result["checks"] if check["state"] == state]


def test_a_tag_before_a_sentence_is_in_the_caption() -> None:
    assert {"hana", "dr. x", "hat", "red hair"} <= words_of("hana, dr. x, hat. On the left, hana, red hair, bow.")
    assert "hat. On the left" in words_of("hat. On the left, hana.") and "sky" not in words_of("blue sky")


def test_the_images_of_a_checkpoint_with_all_that_was_decided_about_them(project: Path) -> None:
    whole, head = found()["images"]
    assert (whole["image"], whole["frame"], whole["time"], whole["crop"]) == (FIRST, 0, 0.0, None)
    assert [(tag["tag"], tag["by"]) for tag in whole["tags"]] == [("sky", "model")]
    assert head["crop"] == {"id": HEAD, "box": [1, 2, 3, 4]}
    assert (head["still"], head["episode"], head["frame"], head["kept_as"]) == (SECOND, PLACE, 2, "restored")
    assert head["caption"] == "hana, 1girl, long hair, smile, red hat"
    assert [(tag["tag"], tag["by"]) for tag in head["tags"]] == [
        ("1girl", "box"), ("long_hair", "model"), ("smile", "person"), ("red_hat", "person"),
    ]  # fmt: skip
    assert head["character"] == {"name": "hana", "outfit": None, "cluster": 0, "by": "person"}
    assert [one["said"] for one in head["decisions"]] == [
        "is hana (mai)", "add smile of person 0 (mai: she smiles)", "add red hat (mai)",
    ]  # fmt: skip
    assert (head["looks"], head["first_step"], head["last_step"], head["phases"]) == (2, 1, 3, [1, 2])


def test_an_early_checkpoint_has_seen_less(project: Path) -> None:
    early = found("models/r/checkpoints/r-000002.safetensors")
    assert [(image["image"], image["looks"]) for image in early["images"]] == [(FIRST, 1), (HEAD, 1)]


def test_what_else_is_behind_a_model(project: Path) -> None:
    result = found()
    assert [job["rule"] for job in result["jobs"]] == [
        "probe", "frames", "shots", "dedup", "stills", "detect", "tag", "crop", "embed", "characters", "describe",
        "quality", "dataset", "train",
    ]  # fmt: skip
    assert result["parameters"]["tag"] == {"threshold": 0.35} and result["parameters"]["train"] == {"max_steps": 4}
    assert [(model["name"], model["licence"]) for model in result["models"]] == [("tiny", "Apache-2.0")]
    assert result["software"] == {"torch": ["2.13.0"]}
    assert len(result["corrections"]) == 3 and result["corrections"][0]["values"]["who"] == "mai"


def test_an_untouched_project_is_as_recorded(project: Path) -> None:
    result = found()
    assert result["verdict"] == "uncommitted" and states(result, "changed") == [] and states(result, "absent") == []
    assert result["counts"]["image"] == {"verified": 2}
    assert found(SELECTED)["verdict"] == "uncommitted"
    assert [job["rule"] for job in found(SELECTED)["jobs"]][-1] == "evaluate"


# Each stage's table, an image in a shard, the list of checkpoints and a checkpoint: a bit flipped, size and time kept.
TAMPERED = {
    **{f"data/{stage}/{PLACE}.parquet": "table" for stage in ("frames", "shots", "dedup", "stills", "detect", "tag")},
    **{f"data/{stage}/{SERIES}.parquet": "table" for stage in ("characters", "dataset")},
    "models/r/ledger.parquet": "table",
    "models/r/losses.parquet": "table",
    "models/r/held_out.parquet": "table",
    "models/r/left_out.parquet": "table",
    f"data/crop/{PLACE}.tar": "shard",
    f"data/probe/{PLACE}.json": "table",
    f"data/raw/{PLACE}.mkv": "video",
    f"corrections/{PLACE}/tags.csv": "correction",
    "base/model.safetensors": "model",
    MODEL: "checkpoint",
}


@pytest.mark.parametrize("path", TAMPERED)
def test_one_flipped_bit_is_found_at_the_same_size_and_time(project: Path, path: str) -> None:
    tamper(path, offset=len(Path(path).read_bytes()) // 2 if path != MODEL else -1)
    result = found()
    assert not result["verified"]
    assert (TAMPERED[path], path) in states(result, "changed")


@pytest.mark.parametrize(("path", "image"), [(f"data/crop/{PLACE}.tar", HEAD), (f"data/stills/{PLACE}.tar", FIRST)])
def test_one_flipped_bit_of_an_image_in_a_shard_is_found(project: Path, path: str, image: str) -> None:
    tamper(path, offset=512)  # the first image follows the first header
    result = found()
    assert ("image", image) in states(result, "changed") and not result["verified"]


def test_flipped_tensors_break_the_seal_in_the_header(project: Path) -> None:
    tamper(SELECTED)
    assert ("tensors", SELECTED) in states(found(SELECTED), "changed")


def test_a_table_that_cannot_be_read_is_named_and_the_rest_goes_on(project: Path) -> None:
    text(f"data/tag/{PLACE}.parquet", b"nonsense")
    result = found()
    assert ("table", f"data/tag/{PLACE}.parquet") in states(result, "changed")
    assert [tag["by"] for tag in result["images"][1]["tags"]] == [None, None, None, "person"]


def test_a_partial_pull_is_audited_and_what_is_absent_is_said(project: Path) -> None:
    for folder in ("raw", "frames", "shots", "dedup", "stills", "detect", "tag", "embed", "probe", "quality"):
        shutil.rmtree(project / "data" / folder)
    result = found()
    assert result["verdict"] == "uncommitted"
    assert ("table", f"data/tag/{PLACE}.parquet") in states(result, "absent")
    assert ("video", f"data/raw/{PLACE}.mkv") in states(result, "absent")
    assert states(result, "absent").count(("image", FIRST)) == 1 and ("image", HEAD) in states(result, "verified")
    assert result["images"][1]["caption"] == "hana, 1girl, long hair, smile, red hat"


def test_without_records_of_jobs_the_files_still_vouch_for_each_other(project: Path) -> None:
    (project / "records.jsonl").unlink()
    result = found()
    assert result["verdict"] == "unrecorded"
    assert ("table", f"data/dataset/{SERIES}.parquet") in states(result, "unrecorded")
    assert result["counts"]["image"] == {"verified": 2} and result["counts"]["video"] == {"verified": 1}
    tamper(f"data/raw/{PLACE}.mkv")
    assert states(found(), "changed") == [("video", f"data/raw/{PLACE}.mkv")]


def test_a_copy_elsewhere_is_known_by_its_content(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    copy = tmp_path_factory.mktemp("elsewhere") / "lora.safetensors"
    copy.write_bytes(checkpoint(2))
    subject = subject_of(copy)
    assert (subject.run, subject.checkpoint.step, subject.selected) == ("r", 2, False)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("base/model.safetensors", r"base/model.safetensors: is no checkpoint of a run here \(runs .*: r\)"),
        ("none.safetensors", "none.safetensors: no such file"),
    ],
)
def test_files_that_are_no_checkpoint(project: Path, path: str, message: str) -> None:
    with pytest.raises(GengaError, match=message):
        subject_of(path)


def git(*words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *identity, *words], check=True, capture_output=True, text=True).stdout.strip()


def test_code_and_corrections_that_moved_on_are_found_in_the_history(project: Path) -> None:
    git("init", "-q")
    git("add", "genga", "scripts", "corrections")
    git("commit", "-qm", "as it ran")
    ran = git("rev-parse", "HEAD")
    text("genga/people/tag.py", "TAG = 2\n")
    text(f"corrections/{PLACE}/tags.csv", "still_or_crop,box,tag,decision\n")
    git("commit", "-qam", "later")
    result = found()
    assert result["verdict"] == "uncommitted" and result["code"]["commit"] == ran
    assert len(result["corrections"]) == 3, "as they were when the jobs read them"
    assert History(".", meaning).commit_of(
        {"genga/people/tag.py": meaning("genga/people/tag.py", b"TAG = 2  # two\n")}
    ) == git("rev-parse", "HEAD")


def test_corrections_that_only_an_earlier_version_read_are_said_and_no_failure(project: Path) -> None:
    path = f"corrections/{SERIES}/characters.csv"
    text(path, f'crop,character\n{HEAD},"hana\n')
    records, known = read_records(), sha256_of(path)
    jobs = {key: replace(job, inputs=job.inputs | {path: known}) if path in job.inputs else job
            for key, job in records.jobs.items()}  # fmt: skip
    result = audit(MODEL, replace(records, jobs=jobs))
    assert result["verdict"] == "uncommitted" and len(result["corrections"]) == 2
    (check,) = [one for one in result["checks"] if one["name"] == path and one["state"] == "absent"]
    assert check["note"] == f"{path}:2: is not CSV (unexpected end of data); put its quotes right"


def test_code_of_no_commit_is_said_and_no_failure(project: Path) -> None:
    text("genga/people/tag.py", "TAG = 2\n")
    result = found()
    assert result["verdict"] == "uncommitted" and result["code"]["commit"] is None
    assert states(result, "absent") == [("code", "genga/people/tag.py")]


def job(rule: str, outputs: str, inputs: str) -> Record:
    made = {path: Output(path * 64, 1) for path in outputs}
    return Record(rule, {}, made, {path: path * 64 for path in inputs}, {}, "", "", "")


def test_a_walk_goes_through_every_job_once_and_begins_at_the_beginning() -> None:
    jobs = [job("c", "z", "xy"), job("b", "y", "x"), job("a", "x", ""), job("d", "o", "z")]
    assert [one.rule for one in behind(Records({one.key: one for one in jobs}), "z")] == ["a", "b", "c"]


def test_a_header_is_read_without_the_tensors(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(checkpoint(2))
    assert header_of(tmp_path / "a")["ss_steps"] == "2"
    (tmp_path / "b").write_bytes(b"no header at all")
    with pytest.raises(GengaError, match="b: is not a .safetensors file"):
        header_of(tmp_path / "b")


def command(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_the_command_says_it_and_writes_json_and_page(project: Path) -> None:
    code, said = command(SELECTED, "--images", "--json", "a.json", "--page", "--uncommitted")
    assert code == 0
    assert said.splitlines()[-1].startswith(f"audit {SELECTED}: as recorded, by records that are in no commit yet: ")
    assert f"  {HEAD}: head, frame {SECOND} at 0:00.083 px 1 2 3 4" in said
    assert [line for line in said.splitlines() if line.startswith("    by ")][-3:] == [
        "    by taggers: long_hair", "    by the boxes: 1girl", "    by a person: smile, red_hat",
    ]  # fmt: skip
    assert ", in no commit yet: commit it" in said
    assert json.loads(Path("a.json").read_text())["run"] == "r"
    page = Path("reports/r/audit.html").read_text()
    assert "add smile of person 0 (mai: she smiles)" in page and Page(page).open == [] and str(project) not in page
    command(SELECTED, "--page")
    assert Path("reports/r/audit.html").read_text() == page, "same files, same bytes"


def test_the_command_fails_on_what_is_changed_alone(project: Path) -> None:
    os.unlink(f"data/raw/{PLACE}.mkv")
    assert command(MODEL, "--uncommitted")[0] == 0
    tamper(MODEL)
    code, said = command(MODEL, "--uncommitted", "--unrecorded")
    assert code == 1 and f"  checkpoint {MODEL}, on record " in said
    assert "NOT AS RECORDED" in said.splitlines()[-1]
    assert EPISODE in said
