"""genga trace, card and diff: what became of a frame, what a run is made of, and how two runs differ."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from audited import FIRST, HEAD, MODEL, PLACE, SECOND, SERIES, make, text
from typer.testing import CliRunner

from genga.audit.card import card
from genga.audit.diff import diff
from genga.audit.diff import lines as diff_lines
from genga.audit.page import page as page_of
from genga.audit.trace import parse, trace
from genga.audit.tracetext import lines
from genga.audit.verify import audit
from genga.audit.written import write_papers
from genga.cli.card import app as card_app
from genga.cli.diff import app as diff_app
from genga.cli.trace import app as trace_app
from genga.errors import GengaError
from genga.store.files import read_facts, read_json, write_facts
from genga.store.hash_cache import Stamps
from genga.workflow.records import Output, Record, read_records, write_records
from genga.workflow.session import Journal


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make(tmp_path)


def test_a_frame_that_was_seen(project: Path) -> None:
    found = trace(f"{PLACE}/2")
    assert (found["frame"], found["shown_by"]) == (SECOND, SECOND)
    assert [(row["reason"], row["keeper"]) for row in found["dedup"]] == [("restored", 2)]
    assert [row["crop"] for row in found["crop"]] == [HEAD] and [row["model"] for row in found["embed"]] == ["tiny"]
    assert [row["reason"] for row in found["left_out"]] == ["shot"]
    early, late = "models/r/checkpoints/r-000002.safetensors", MODEL
    assert found["seen"] == [{"run": "r", "image": HEAD, "steps": [1, 3], "checkpoints": {early: 1, late: 2}}]
    assert found["not_learnt"] == [{"run": "r", "image": SECOND, "reason": "twin"}]
    assert f"  train      run r leaves {SECOND} out: twin" in list(lines(found))
    assert len(found["decisions"]) == 3 and found["absent"] == []


def test_a_table_of_corrections_that_cannot_be_read_is_named_and_the_rest_goes_on(project: Path) -> None:
    path = f"corrections/{PLACE}/tags.csv"
    text(path, "still,tag\n")
    text(f"corrections/{PLACE}/notes.csv", "no table of corrections\n")
    found = trace(f"{PLACE}/2")
    assert [one["said"] for one in found["decisions"]] == ["is hana (mai)"]
    assert list(found["damaged"]) == [path] and "column still_or_crop is missing" in found["damaged"][path]


def test_a_frame_that_another_stands_for_says_why(project: Path) -> None:
    said = list(lines(trace(f"{PLACE}/000001")))
    assert said[0] == f"{PLACE}/000001"
    assert f"  dedup      held: the drawing is held; shown by {FIRST}, of which all below speaks" in said
    assert "  tag        the still: sky 0.50 model" in said and "             not kept: cat 0.50 score" in said
    assert f"  train      run r saw {FIRST} at step 2, 4" in said


def test_a_trace_of_what_is_left_after_a_partial_pull(project: Path) -> None:
    for folder in ("raw", "frames", "shots", "dedup", "stills", "tag"):
        shutil.rmtree(project / "data" / folder)
    found = trace(HEAD)
    assert f"data/dedup/{PLACE}.parquet" in found["absent"] and found["seen"][0]["steps"] == [1, 3]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ("sample", "'sample' is not a frame; name it as series/episode/number"),
        (f"{PLACE}/7", f"{PLACE}/000007: data/frames/{PLACE}.parquet has no frame 7"),
        ("a/b/1", "a/b/000001: data/frames/a/b.parquet is not here"),
    ],
)
def test_frames_that_are_none(project: Path, frame: str, message: str) -> None:
    with pytest.raises(GengaError, match=message):
        trace(frame)


def test_a_still_a_crop_and_a_number_name_a_frame() -> None:
    assert parse("s/e 1/000123") == parse("s/e 1/123") == parse("s/e 1/000123-0-head") == ("s", "e 1", 123)


def test_the_card_of_a_run(project: Path) -> None:
    said = card("r", read_records())
    _, head, body = said.split("---\n", 2)
    assert yaml.safe_load(head) == {
        "library_name": "diffusers", "pipeline_tag": "text-to-image", "tags": ["lora", "anime", "genga"],
        "base_model": "tiny", "instance_prompt": "hana",
    }  # fmt: skip
    assert "A LoRA fine-tuned from tiny, step 4, selected by its evaluation." in body
    assert "2 images of 1 episodes, looked at 4 times." in body
    assert "| character hana | 1 |" in body and "| kind still | 1 |" in body
    assert "| recognition_v1 | 0.10 [0.00, 0.20] | 0.40 [0.30, 0.50] |" in body
    assert '| tag | `{"threshold": 0.35}` |' in body and "Software: torch 2.13.0." in body
    assert "People corrected 3 times what models had decided before this." in body


@pytest.mark.parametrize(
    ("train", "kind"),
    [({}, "LoRA"), ({"method": "lora"}, "LoRA"), ({"method": "lokr"}, "LoKr"), ({"method": "full"}, "model")],
)
def test_a_card_says_what_the_model_is(project: Path, train: dict[str, str], kind: str) -> None:
    records = read_records()
    jobs = {key: replace(job, params=job.params | {"train": train}) for key, job in records.jobs.items()}
    _, head, body = card("r", replace(records, jobs=jobs)).split("---\n", 2)
    assert yaml.safe_load(head)["tags"] == [*({kind.lower()} - {"model"}), "anime", "genga"]
    assert f"A {kind} fine-tuned from tiny, step 4" in body


def test_the_card_is_the_same_where_only_a_part_was_pulled(project: Path) -> None:
    whole = card("r", read_records())
    for folder in ("raw", "frames", "shots", "dedup", "stills", "detect", "tag", "embed", "probe", "characters"):
        shutil.rmtree(project / "data" / folder)
    assert card("r", read_records()) == whole
    assert str(project) not in whole


def test_the_commands_write_what_they_say(project: Path) -> None:
    run = CliRunner()
    assert run.invoke(card_app, []).output == "card: 1 models: models/r/README.md\n"
    assert Path("models/r/README.md").read_text(encoding="utf-8") == card("r", read_records())
    assert run.invoke(trace_app, [HEAD, "--json", "t.json"]).exit_code == 0
    assert read_json("t.json")["frame"] == SECOND
    assert run.invoke(diff_app, ["r", "r", "--json", "d.json"]).exit_code == 0
    assert read_json("d.json")["code"] == {}


def second_run() -> None:
    """Run q: as r, but of its first checkpoint alone, with fewer steps and another genga/people/tag.py."""
    shutil.copytree("models/r", "models/q")
    listed = read_json("models/q/checkpoints.json")
    write_facts("models/q/checkpoints.json", {**listed, "run": "q", "checkpoints": listed["checkpoints"][:1]})
    records = read_records()
    train = records.maker["models/r/checkpoints.json"]
    made = {path.replace("/r/", "/q/"): output for path, output in train.outputs.items()}
    other = replace(train, outputs=made, params={**train.params, "train": {"max_steps": 2}}, code="d")
    records.code["d"] = {**records.code["c"], "genga/people/tag.py": "another"}
    records.jobs[other.key] = other
    write_records(records)


def test_two_runs_differ_in_what_they_differ(project: Path) -> None:
    second_run()
    Path("models/q/checkpoints/r-000002.safetensors").write_bytes(b"q")
    listed = read_json("models/q/checkpoints.json")
    listed["checkpoints"][0] |= {"file": "models/q/checkpoints/r-000002.safetensors", "sha256": "0" * 64}
    write_facts("models/q/checkpoints.json", listed)
    found = diff("r", "q", read_records())
    assert found["images"] == {"only": [[], []], "both": 2}
    assert set(found["changed_images"]) == {FIRST, HEAD}, "seen twice, and once"
    assert found["parameters"] == {"train.max_steps": (4, 2)}
    assert list(found["code"]) == ["genga/people/tag.py"]
    assert found["models"] == found["software"] == found["inputs"] == found["corrections"] == {}
    assert "  train.max_steps: 4 -> 2" in list(diff_lines(found))


def test_a_run_does_not_differ_from_itself(project: Path) -> None:
    said = list(diff_lines(diff("r", "r", read_records())))
    assert said[0] == "images: 2 in both, 0 only in r, 0 only in r"
    assert all(line.endswith("no differences") for line in said[1:])
    assert json.dumps(said)


def test_a_run_that_was_not_trained(project: Path) -> None:
    with pytest.raises(GengaError, match=r"'none': no such run here \(runs .*: r\)"):
        diff("r", "none", read_records())
    assert SERIES


def papers(made: list[Record] | None) -> list[str]:
    return write_papers(read_records(), Stamps("stamps.json"), made)


def test_the_workflow_writes_card_and_audit_of_the_runs_it_has_worked_on(project: Path) -> None:
    second_run()
    records = read_records()
    assert papers([]) == []
    assert papers([records.maker["data/evaluate/r.json"]]) == ["r"] and not Path("models/q/README.md").exists()
    assert papers([records.maker[f"data/tag/{PLACE}.parquet"]]) == papers(None) == ["q", "r"]
    assert Path("models/r/README.md").read_text(encoding="utf-8") == card("r", records)
    page = Path("reports/r/audit.html").read_text(encoding="utf-8")
    assert "Written at the end of the workflow" in page and str(project) not in page
    papers(None)
    assert Path("reports/r/audit.html").read_text(encoding="utf-8") == page, "same files, same bytes"


def test_the_page_that_the_workflow_writes_does_not_change_with_other_work(project: Path) -> None:
    papers(None)
    before = Path("reports/r/audit.html").read_text(encoding="utf-8")
    records = read_records()
    other = replace(next(iter(records.jobs.values())), outputs={"data/probe/other/ep01.json": Output("0" * 64, 1)})
    records.jobs[other.key] = other
    assert write_records(records)
    papers(None)
    assert Path("reports/r/audit.html").read_text(encoding="utf-8") == before and "lines of records.jsonl" in before


def test_an_audit_that_reads_only_what_has_changed_finds_what_has_changed(project: Path) -> None:
    stamps = Stamps("stamps.json")
    before = audit(MODEL, read_records(), known=stamps)
    assert before["verdict"] == "recorded" and not before["all_read"] and "image" not in before["counts"]
    text(f"data/crop/{PLACE}.tar", b"another")
    after = audit(MODEL, read_records(), known=stamps)
    changed = [(check["what"], check["name"]) for check in after["checks"] if check["state"] == "changed"]
    assert changed == [("shard", f"data/crop/{PLACE}.tar")]


def test_a_run_that_cannot_be_described_is_said_and_the_others_are_described(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text("models/a/checkpoints.json", "[]")
    assert papers(None) == ["r"]
    assert capsys.readouterr().err.startswith("note: no card and no audit of run a: models/a/checkpoints.json: is not ")


@pytest.mark.parametrize("gone", ["models/r/README.md", "reports/r/audit.html"])
def test_card_and_audit_that_are_gone_are_written_again(project: Path, gone: str) -> None:
    Journal(project, write_papers).describe([], all_runs=True)
    written = Path(gone).read_bytes()
    Path(gone).unlink()
    Journal(project, write_papers).read()
    assert Path(gone).read_bytes() == written


def test_a_card_names_no_figures_of_checkpoints_that_were_trained_anew(project: Path) -> None:
    listed = read_facts("models/r/checkpoints.json")
    listed["checkpoints"][1]["sha256"] = "0" * 64
    write_facts("models/r/checkpoints.json", listed)
    said = card("r", read_records())
    assert "step 4, the last one; none has been selected yet" in said and "recognition" not in said


def test_a_page_of_many_images_says_how_many_more_there_are(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genga.audit.page.LISTED", 1)
    said = page_of(audit(MODEL, read_records()))
    assert "The first 1 are here" in said and FIRST in said and f"<code>{HEAD}</code>" not in said
