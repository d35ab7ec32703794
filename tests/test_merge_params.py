"""Section merges of params.yaml, and a merge's command: what is wrong is one line that names file, key and way out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from merge_files import checkpoint, merged, params
from safetensors.torch import load_file
from standin import MERGE, MERGED, RUN, change_params, make_standin, snakemake

from genga.cli.summary import merge_lines
from genga.errors import GengaError
from genga.params.check import check_params
from genga.params.section import read_params
from genga.store.files import sha256_of

A: dict[str, Any] = {"base": "base"}
FILE: dict[str, Any] = {"file": "weights/x.safetensors", "sha256": "0" * 64}
SUM: dict[str, Any] = {"method": "weighted_sum", "a": A, "b": FILE, "alpha": 0.5}


def checked(**merges: Any) -> dict[str, Any]:
    return check_params({**read_params(ROOT / "params.yaml"), "merges": merges})["merges"]


def test_a_section_may_be_empty_or_missing() -> None:
    values = read_params(ROOT / "params.yaml")
    assert check_params({**values, "merges": None})["merges"] == {}
    assert check_params({key: of for key, of in values.items() if key != "merges"})["merges"] == {}


def test_an_entry_has_every_key() -> None:
    nothing = {"base": None, "run": None, "merge": None, "file": None, "sha256": None}
    assert checked(mix=SUM)["mix"] == {
        "method": "weighted_sum", "a": {**nothing, **A}, "b": {**nothing, **FILE}, "c": None, "alpha": 0.5,
        "blocks": None, "rank": None, "convolutions": False, "precision": None, "threads": 1,
    }  # fmt: skip


@pytest.mark.parametrize("count", [20, 25, 26])
def test_block_weights_may_be_of_these_numbers(count: int) -> None:
    alpha = {"alpha": 0.5} if count == 25 else {"alpha": None}
    assert len(checked(mix={**SUM, "blocks": [0.5] * count, **alpha})["mix"]["blocks"]) == count


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no such method": (
        {"mix": {**SUM, "method": "sum"}},
        "params.yaml:merges.mix.method: input should be 'weighted_sum', 'cosine_a', 'cosine_b', 'add_difference',"
        " 'train_difference', 'bake_lora' or 'extract_lora', got 'sum'",
    ),
    "an unknown key": (
        {"mix": {**SUM, "beta": 1}},
        "params.yaml:merges.mix.beta is not a known key (known: method, a, b, c, alpha, blocks, rank, convolutions,"
        " precision, threads)",
    ),
    "an unknown key of a parent": (
        {"mix": {**SUM, "a": {"role": "base"}}},
        "params.yaml:merges.mix.a.role is not a known key (known: base, run, merge, file, sha256)",
    ),
    "a parent that is two": (
        {"mix": {**SUM, "a": {"base": "base", "run": "akari"}}},
        "params.yaml:merges.mix.a: a parent is one of base, run, merge and file; name one of them",
    ),
    "a file without its sha256": (
        {"mix": {**SUM, "b": {"file": "x.safetensors"}}},
        "params.yaml:merges.mix.b: file and sha256 go together: write the sha256 of the file beside it"
        " (sha256sum says it)",
    ),
    "an unknown run": (
        {"mix": {**SUM, "b": {"run": "hanna"}}},
        "params.yaml:merges.mix.b.run: there is no run hanna (runs: akari, moves)",
    ),
    "an unknown merge": (
        {"mix": {**SUM, "b": {"merge": "mux"}}},
        "params.yaml:merges.mix.b.merge: there is no merge mux (merges: mix)",
    ),
    "a circle": (
        {"one": {**SUM, "a": {"merge": "two"}}, "two": {**SUM, "a": {"merge": "one"}}},
        "params.yaml:merges: one of two of one: a merge cannot be made of itself; name another parent",
    ),
    "a merge of itself": (
        {"one": {**SUM, "a": {"merge": "one"}}},
        "params.yaml:merges: one of one: a merge cannot be made of itself; name another parent",
    ),
    "a run's name": (
        {"akari": SUM},
        "params.yaml:merges.akari: there is a run of that name, whose model has the same path; rename one",
    ),
    "a name that is a path": (
        {"a/b": SUM},
        "params.yaml:merges: a merge cannot be called 'a/b': it has a slash in it; take that out",
    ),
    "block weights of another number": (
        {"mix": {**SUM, "blocks": [0.5] * 24, "alpha": None}},
        "params.yaml:merges.mix: blocks must be 26 weights (BASE, IN00 … OUT11), 25 without BASE, or SDXL's 20; got 24",
    ),
    "blocks without BASE, and no alpha": (
        {"mix": {**SUM, "blocks": [0.5] * 25, "alpha": None}},
        "params.yaml:merges.mix: weighted_sum needs an alpha for BASE",
    ),
    "blocks and alpha": (
        {"mix": {**SUM, "blocks": "animediffusion-low"}},
        "params.yaml:merges.mix: alpha has no effect here: take it away",
    ),
    "neither": ({"mix": {**SUM, "alpha": None}}, "params.yaml:merges.mix: weighted_sum needs an alpha"),
    "alpha out of range": ({"mix": {**SUM, "alpha": 3}}, "params.yaml:merges.mix.alpha must be -2..2, got 3"),
    "no third": (
        {"mix": {**SUM, "method": "add_difference"}},
        "params.yaml:merges.mix: add_difference is of three models: c is missing",
    ),
    "a third": ({"mix": {**SUM, "c": A}}, "params.yaml:merges.mix: weighted_sum is of a and b: take c away"),
    "a rank": ({"mix": {**SUM, "rank": 8}}, "params.yaml:merges.mix: weighted_sum has no rank: take it away"),
    "no rank": (
        {"mix": {"method": "extract_lora", "a": A, "b": FILE}},
        "params.yaml:merges.mix: extract_lora needs a rank",
    ),
    "blocks of a LoRA": (
        {"mix": {**SUM, "method": "bake_lora", "blocks": [0.5] * 26, "alpha": None}},
        "params.yaml:merges.mix: bake_lora has no blocks: take them away",
    ),
    "no mapping": ({"mix": 3}, "params.yaml:merges.mix must be a mapping of keys, got 3"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_entry_is_one_line(name: str) -> None:
    merges, message = WRONG[name]
    with pytest.raises(GengaError) as refused:
        checked(**merges)
    assert str(refused.value) == message


def script(folder: Path, entry: dict[str, Any], *words: str) -> subprocess.CompletedProcess[str]:
    said = [sys.executable, ROOT / "scripts/merge.py", "--merge", "mix", *words, "--params", json.dumps(entry)]
    models = json.dumps({"use": "embedded", "folder": "weights", "device": "cpu", "batch": 1})
    return subprocess.run(
        [*said, "--models", models, "--out-model", "models/mix/mix.safetensors"],
        cwd=folder, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_command_merges_files_and_says_so_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text("embedded: {}\npublished: {}\n")
    a, b = checkpoint(tmp_path / "a.safetensors", 1, 2, 3, 4), checkpoint(tmp_path / "b.safetensors", 3, 6, -1, 0)
    parents = {letter: {"file": path.name, "sha256": sha256_of(path)} for letter, path in (("a", a), ("b", b))}
    entry = {"method": "weighted_sum", **parents, "alpha": 0.25}
    done = script(tmp_path, entry, "--in-a", "a.safetensors", "--in-b", "b.safetensors")
    assert (done.returncode, done.stdout) == (0, "merge mix: weighted_sum of a, b: 4 of 5 tensors made\n"), done.stderr
    expected = merged(tmp_path / "out.safetensors", params("weighted_sum", alpha=0.25), a, b)
    found = load_file(tmp_path / "models/mix/mix.safetensors")
    assert all((found[key] == tensor).all() for key, tensor in expected.items())

    entry["b"] = {"file": "b.safetensors", "sha256": "0" * 64}
    other = script(tmp_path, entry, "--in-a", "a.safetensors", "--in-b", "b.safetensors")
    assert other.returncode == 1 and other.stderr == (
        f"error: b.safetensors: sha256 is {sha256_of(b)[:12]}…, recorded 000000000000…; params.yaml:merges.mix.b.sha256"
        " names another content: fetch that, or write the new\n"
    )
    gone = script(tmp_path, entry, "--in-a", "a.safetensors", "--in-b", "gone.safetensors")
    assert gone.returncode == 1 and gone.stderr == (
        "error: params.yaml:merges.mix.b: gone.safetensors: no such file; put it there\n"
    )
    entry["b"] = {"base": "nai"}
    role = script(tmp_path, entry, "--in-a", "a.safetensors", "--in-b", "nai")
    assert role.returncode == 1 and role.stderr == "error: models.yaml:embedded.nai is missing (roles: )\n"


def test_a_merge_of_a_run_without_videos_is_left_out_and_said(tmp_path: Path) -> None:
    project = make_standin(tmp_path / "project")
    change_params(project, "runs", aoi={"series": "other", "character": "aoi"})
    change_params(
        project, "merges", of_aoi={**MERGED, "b": {"run": "aoi"}}, of_that={**MERGED, "b": {"merge": "of_aoi"}}
    )
    ran = snakemake(project, "-n")
    assert ran.code == 0 and ran.jobs["merge"] == 1, ran.text
    for name in ("of_aoi", "of_that"):
        assert f"merge {name} is left out: it is made of aoi, and there is no video for that" in ran.text
    assert snakemake(project, "-n", f"models/{MERGE}/{MERGE}.safetensors").jobs["evaluate"] == 1
    assert RUN in MERGED["b"].values()


def test_a_file_that_is_missing_is_said_by_the_job(tmp_path: Path) -> None:
    project = make_standin(tmp_path / "project")
    change_params(project, "merges", **{MERGE: None}, other={**SUM, "a": FILE})
    assert snakemake(project, "-n", "models/other/other.safetensors").jobs == {"merge": 1}


def test_the_summary_has_a_line_for_each_merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    three = {"method": "add_difference", "a": {"merge": "mix"}, "b": {"run": "akari"}, "c": FILE, "alpha": 1}
    (tmp_path / "models/mix").mkdir(parents=True)
    (tmp_path / "models/mix/mix.safetensors").touch()
    assert merge_lines({"mix": {**SUM, "a": A}, "more": three}) == [
        "\nmix: weighted sum of base base, file weights/x.safetensors\n  models/mix/mix.safetensors",
        "\nmore: add difference of merge mix, run akari, file weights/x.safetensors\n"
        "  not made yet; run snakemake --cores all",
    ]
