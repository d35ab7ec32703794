"""genga audit of a merge: through its parents to the frames, and whatever was changed since is named."""

from pathlib import Path

import pytest
import yaml
from audited import BASE, FIRST, HEAD, PLACE, SELECTED, add_merge, make, tamper, text
from pages import Page
from typer.testing import CliRunner

from genga.audit.as_text import lines
from genga.audit.card import card
from genga.audit.diff import diff
from genga.audit.diff import lines as diff_lines
from genga.audit.page import page
from genga.audit.provenance import facts, gather
from genga.audit.verify import audit
from genga.audit.written import write_papers
from genga.cli.card import app as card_app
from genga.errors import GengaError
from genga.store.files import read_facts, sha256_of, write_facts
from genga.store.hash_cache import Stamps
from genga.workflow.records import Record, read_records
from genga.workflow.session import Journal

ONE, TWO = "models/one/one.safetensors", "models/two/two.safetensors"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a merge of base and run, and a merge of that and the base."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path)
    add_merge("one", 91, a=("base", "base", BASE), b=("run", "r", SELECTED))
    add_merge("two", 92, a=("merge", "one", ONE), b=("base", "base", BASE))
    return tmp_path


def found(model: str) -> dict:
    return audit(model, read_records())


def states(result: dict, state: str) -> list[tuple[str, str]]:
    return [(check["what"], check["name"]) for check in result["checks"] if check["state"] == state]


@pytest.mark.parametrize("model", [ONE, TWO])
def test_a_merge_is_walked_to_the_frames(project: Path, model: str) -> None:
    result = found(model)
    assert [image["image"] for image in result["images"]] == [FIRST, HEAD] and result["episodes"] == [PLACE]
    rules = [job["rule"] for job in result["jobs"]]
    assert {"probe", "frames", "tag", "dataset", "train", "evaluate", "merge"} <= set(rules)
    assert rules.count("merge") == (1 if model == ONE else 2)
    assert states(result, "changed") == states(result, "unrecorded") == states(result, "absent") == []
    verified = states(result, "verified")
    for path in {ONE, SELECTED, model}:
        assert ("checkpoint", path) in verified
    assert ("tensors", model) in verified and ("video", f"data/raw/{PLACE}.mkv") in verified


def test_its_parents_are_named_with_their_sha256(project: Path) -> None:
    assert found(ONE)["merged"] == [
        {"letter": "a", "called": "base base", "run": None, "file": BASE, "sha256": sha256_of(BASE)},
        {"letter": "b", "called": "run r", "run": "r", "file": SELECTED, "sha256": sha256_of(SELECTED)},
    ]
    said = list(lines(found(TWO), with_images=False))
    assert said[:4] == [
        f"{TWO}: merge two", f"  sha256 {sha256_of(TWO)}", f"  a: merge one, sha256 {sha256_of(ONE)}",
        f"  b: base base, sha256 {sha256_of(BASE)}",
    ]  # fmt: skip
    assert said[4].startswith("images: 2, seen 4 times, of episodes ")


@pytest.mark.parametrize("path", [ONE, SELECTED, f"data/raw/{PLACE}.mkv", "models/r/ledger.parquet", BASE])
def test_what_was_changed_behind_a_merge_is_found(project: Path, path: str) -> None:
    tamper(path)
    result = found(TWO)
    assert path in [name for _, name in states(result, "changed")] and result["verdict"] == "changed"


def test_a_merge_whose_run_was_trained_anew_says_what_is_not_here(project: Path) -> None:
    listed = read_facts("models/r/checkpoints.json")
    write_facts("models/r/checkpoints.json", {**listed, "checkpoints": listed["checkpoints"][:1]})
    result = found(ONE)
    absent = [check for check in result["checks"] if check["name"] == SELECTED and check["state"] == "absent"]
    assert [check["note"] for check in absent] == ["models/r/checkpoints.json has no checkpoint of that content"]
    assert result["images"] == []


def test_a_copy_elsewhere_is_known_by_its_content(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    copy = tmp_path_factory.mktemp("elsewhere") / "mine.safetensors"
    copy.write_bytes(Path(TWO).read_bytes())
    known = facts(gather(copy, read_records()))
    assert (known["run"], known["title"], known["runs"]) == ("two", "two, a merge", ["r"])
    assert known["about"] == "A merge of merge one and base base"


def test_a_merge_of_which_nothing_is_on_record_is_one_line(project: Path) -> None:
    Path("records.jsonl").unlink()
    with pytest.raises(GengaError, match=rf"^{ONE}: is no checkpoint of a run here .*, and no merge on record$"):
        found(ONE)


def test_the_page_tells_of_a_merge(project: Path) -> None:
    shown = page(found(TWO))
    assert "<h1>two, a merge</h1>" in shown and "a: merge one" in shown and sha256_of(ONE) in shown
    assert Page(shown).open == []


def test_the_card_of_a_merge_names_its_parents_and_how_they_were_merged(project: Path) -> None:
    said = card("one", read_records())
    _, head, body = said.split("---\n", 2)
    assert yaml.safe_load(head) == {
        "library_name": "diffusers", "pipeline_tag": "text-to-image", "tags": ["merge", "anime", "genga"],
        "base_model": ["tiny", "run r"], "base_model_relation": "merge",
    }  # fmt: skip
    assert "# one\n\nA merge of base base and run r: `bake_lora, alpha 0.5`.\n" in body
    assert f"- a, base base: `{sha256_of(BASE)}`\n- b, run r: `{sha256_of(SELECTED)}`\n" in body
    assert "2 images of 1 episodes, looked at 4 times." in body and f"`genga audit {ONE} --images`" in body
    assert f"| `one.safetensors` | `{sha256_of(ONE)}` |" in body
    assert card("one", read_records()) == said and str(project) not in said


def test_the_card_of_a_merge_of_a_merge_tells_of_its_own_entry(project: Path) -> None:
    of_lora = {"method": "extract_lora", "rank": 8, "alpha": None}
    add_merge("four", 94, of_lora, a=("merge", "one", ONE), b=("base", "base", BASE))
    _, head, body = card("four", read_records()).split("---\n", 2)
    assert yaml.safe_load(head)["tags"] == ["lora", "merge", "anime", "genga"]
    assert yaml.safe_load(head)["base_model"] == ["tiny"] and yaml.safe_load(head)["base_model_relation"] == "adapter"
    assert "A merge of merge one and base base: `extract_lora, rank 8`." in body
    assert "`bake_lora, alpha 0.5`" in card("two", read_records())


def test_the_card_of_a_merge_of_models_alone_speaks_of_no_images(project: Path) -> None:
    add_merge("three", 93, a=("base", "base", BASE), b=("base", "base", BASE))
    said = card("three", read_records())
    assert "Training data" not in said and "A merge of base base and base base" in said


def papers(made: list[Record] | None) -> list[str]:
    return write_papers(read_records(), Stamps("stamps.json"), made)


def test_the_workflow_writes_card_and_audit_of_merges(project: Path) -> None:
    records = read_records()
    assert papers([records.maker[TWO]]) == ["two"] and not Path("reports/one").exists()
    assert papers([records.maker[ONE]]) == ["one", "two"]
    assert papers([records.maker[f"data/tag/{PLACE}.parquet"]]) == papers(None) == ["r", "one", "two"]
    assert Path("models/two/README.md").read_text(encoding="utf-8") == card("two", records)
    shown = Path("reports/two/audit.html").read_text(encoding="utf-8")
    assert "<h1>two, a merge</h1>" in shown and "Written at the end of the workflow" in shown
    Path(ONE).unlink()  # pulled in part
    assert papers(None) == ["r", "two"]


def test_what_the_workflow_wrote_of_a_merge_and_is_gone_is_written_again(project: Path) -> None:
    Journal(project, write_papers).describe([], all_runs=True)
    written = {path: Path(path).read_bytes() for path in ("models/two/README.md", "reports/two/audit.html")}
    for path, content in written.items():
        Path(path).unlink()
        Journal(project, write_papers).read()
        assert Path(path).read_bytes() == content


def test_a_run_that_cannot_be_described_holds_up_no_merge(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text("data/evaluate/r.json", "{}")
    assert papers(None) == ["one", "two"]
    assert capsys.readouterr().err.startswith("note: no card and no audit of run r: data/evaluate/r.json: ")


def test_merges_differ_from_each_other_and_from_runs_in_what_they_differ(project: Path) -> None:
    records = read_records()
    assert list(diff_lines(diff("one", "one", records)))[0] == "images: 2 in both, 0 only in one, 0 only in one"
    found = diff("one", "two", records)
    of = {name: f"{name} {sha256_of(path)}" for name, path in (("base base", BASE), ("merge one", ONE))}
    assert found["models"] == {
        "parent a": (of["base base"], of["merge one"]), "parent b": (f"run r {sha256_of(SELECTED)}", of["base base"]),
    }  # fmt: skip
    other = diff("r", "one", records)
    assert other["models"]["base"] == (f"tiny {sha256_of(BASE)}", "tiny embedded")
    assert other["models"]["parent b"] == (None, f"run r {sha256_of(SELECTED)}")
    assert other["images"]["both"] == 2 and other["parameters"]["merge.method"] == (None, "bake_lora")
    with pytest.raises(GengaError, match=r"'none': no such run here"):
        diff("one", "none", records)


def test_the_command_writes_the_cards_of_merges(project: Path) -> None:
    found = CliRunner().invoke(card_app, [])
    assert found.output == "card: 3 models: models/one/README.md, models/r/README.md, models/two/README.md\n"
    assert CliRunner().invoke(card_app, ["two"]).output == "card: 1 models: models/two/README.md\n"
    assert Path("models/two/README.md").read_text(encoding="utf-8") == card("two", read_records())
