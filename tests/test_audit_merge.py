"""genga audit of a merge: through its parents to the frames, and whatever was changed since is named."""

from pathlib import Path

import pytest
from audited import BASE, FIRST, HEAD, PLACE, SELECTED, add_merge, make, tamper
from pages import Page

from genga.audit.as_text import lines
from genga.audit.page import page
from genga.audit.provenance import facts, gather
from genga.audit.verify import audit
from genga.errors import GengaError
from genga.store.files import read_facts, sha256_of, write_facts
from genga.workflow.records import read_records

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
