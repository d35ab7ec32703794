"""A name never becomes a pattern, a path or a number: it works, or one line says why not and what to do."""

import os
import shutil
from pathlib import Path

import pytest
from standin import MERGE, MERGED, change_params, command, commit_all, make_standin, put, snakemake

from genga.audit.decisions import decisions, target_of
from genga.params.names import MOST, fault_of_name, one_form
from genga.video.episodes import find_episodes

# Of series and episodes, and of runs.
ODD = ("86", '-it\'s "so" $HOME `x` *[a]?', "é. " + "".join(map(chr, range(0x4E00, 0x4E00 + (MOST - 4) // 3))))
RUNS = ("86", "-é 花; ls & (#1)")


@pytest.mark.parametrize(
    "name", [*ODD, "1e3", "null", "on", "x..y", "a\\b", "a:b", "a < b > c", "<B>", "a,b", "a=b", "100%", "~", "#1", "&"]
)
def test_names_that_can_stand(name: str) -> None:
    assert fault_of_name(name) == ""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "it is empty, or begins or ends with a blank; take that away"),
        (" a", "it is empty, or begins or ends with a blank; take that away"),
        ("a\u3000", "it is empty, or begins or ends with a blank; take that away"),
        ("..", "it begins with a dot, as hidden files do; take that away"),
        (".a", "it begins with a dot, as hidden files do; take that away"),
        ("{x}", "it has braces in it, which Snakemake takes for a pattern; take them out"),
        ("a}", "it has braces in it, which Snakemake takes for a pattern; take them out"),
        (
            "ep" + "_" * 20,
            "it ends with the same twenty times over, which Snakemake takes for a pattern without end; shorten it",
        ),
        ("a <b> c", "it has <b> in it, which Snakemake takes for a name of a path; take the brackets out"),
        ("a/b", "it has a slash in it; take that out"),
        ("a\nb", "it has a line end or control character in it; take that out"),
        ("a\u2028b", "it has a line end or control character in it; take that out"),
        ("a\0b", "it has a line end or control character in it; take that out"),
        ("\udce9", "it is not UTF-8; rename it"),
        ("ab" * 150 + "c", "it is 301 bytes long, and may have 200; shorten it"),
        ("一二三" * 22 + "四", "it is 201 bytes long, and may have 200; shorten it"),
    ],
)
def test_names_that_cannot(name: str, why: str) -> None:
    assert fault_of_name(name) == why


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("e\u0301", "é"), ("\u304b\u3099", "が"), ("a\u3000b", "a b"), ("a\xa0 b", "a b"), (" a\t", "a"), ("Ａ", "Ａ"),
    ],
)  # fmt: skip
def test_one_form(text: str, form: str) -> None:
    assert one_form(text) == form


def test_files_are_called_by_composed_letters_wherever_they_were_written(tmp_path: Path) -> None:
    put(tmp_path / "e\u0301/o\u0308 1.mkv", "")
    put(tmp_path / "é/ö 2.mkv", "")
    assert find_episodes(tmp_path) == {
        ("é", "ö 1"): f"{tmp_path}/e\u0301/o\u0308 1.mkv",
        ("é", "ö 2"): f"{tmp_path}/é/ö 2.mkv",
    }


def test_a_file_that_cannot_be_an_episode_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    for name in ("s/a\nb.mkv", "s/ ep.mkv", "t /ep.mkv", "s/ep 1.mkv", "s/.gitkeep"):
        put(tmp_path / name, "")
    (tmp_path / "s" / os.fsdecode(b"\xe9.mkv")).touch()
    said: list[str] = []
    assert find_episodes(tmp_path, said) == {("s", "ep 1"): f"{tmp_path}/s/ep 1.mkv"}
    left_out = "is left out, for its name or its folder's: it"
    assert sorted(said) == [
        f"{tmp_path}/s/ ep.mkv {left_out} is empty, or begins or ends with a blank; take that away",
        f"{tmp_path}/s/\\udce9.mkv {left_out} is not UTF-8; rename it",
        f"{tmp_path}/s/a\\nb.mkv {left_out} has a line end or control character in it; take that out",
        f"{tmp_path}/t /ep.mkv {left_out} is empty, or begins or ends with a blank; take that away",
    ]


def test_a_decision_in_a_folder_of_decomposed_letters_is_about_the_same_still() -> None:
    (one,) = decisions("corrections/e\u0301/ep1/frames.csv", b"frame,decision\n3,keep\n")
    assert target_of(one) == "é/ep1/000003"


@pytest.mark.slow
def test_every_rule_and_dvc_take_odd_names_for_what_they_are(tmp_path: Path) -> None:
    project = make_standin(tmp_path / "project")
    shutil.rmtree(project / "data/raw")
    for name in ODD:
        put(project / f"data/raw/{name}/{name}.mkv", name)
    runs = dict(zip(RUNS, ODD, strict=False))
    change_params(project, "runs", hana=None, **{run: {"series": of, "character": None} for run, of in runs.items()})
    merges = {f"{run} and": {**MERGED, "b": {"run": run}} for run in runs}
    change_params(project, "merges", **{MERGE: None}, **merges)
    commit_all(project)
    assert {path.parent.name for path in (project / "reports").glob("*/index.html")} == set(RUNS)
    assert {path.stem for path in (project / "models").glob("* and/*.safetensors")} == set(merges)
    assert {path.stem for path in (project / "data/dataset").glob("*.parquet")} == set(runs.values())
    assert all((project / f"data/quality/{name}/{name}.parquet").is_file() for name in ODD)
    change_params(project, "train", rank=8)
    said = command(project, "dvc", "repro")
    assert said.count("train: done") == len(RUNS) and "probe: done" not in said
    assert "Data and pipelines are up to date." in command(project, "dvc", "status")
    shutil.rmtree(project / ".snakemake")
    assert snakemake(project, "-n").nothing  # as records.jsonl has it
