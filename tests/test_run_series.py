"""A run over several series: what params.yaml may say of it, what its jobs read, and what reruns."""

import json
from pathlib import Path

import pytest
from conftest import ROOT
from standin import MERGE, RUN, SERIES, change_params, command, commit_all, make_standin, put, snakemake

from genga.errors import GengaError
from genga.models import registry
from genga.params.models import Params as Models
from genga.params.runs import Params
from genga.params.section import parse_section
from genga.workflow.families import check_families
from genga.workflow.project import Project
from genga.workflow.run_series import series_of, together

DATASET = {"balance": ["kind"], "max_repeats": 4, "twin_bits": 8, "outline_bits": 8, "seed": 0}


def entry(**said: object) -> Params:
    return parse_section("runs.r", Params, {"character": "hana", **said})


def test_one_series_is_a_list_of_one() -> None:
    assert entry(series="s").series == entry(series=["s"]).series == ["s"]
    assert entry(series=["cafe\u0301", 86]).series == ["caf\u00e9", "86"]


WANTED = "must be text, in quotes if it looks like something else, or a list of such names, got"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"series": []}, f".series: {WANTED} []"),
        ({"series": ["s", None]}, f".series: {WANTED} ['s', None]"),
        ({"series": ["s", "t", "s"]}, ": series has one twice, got s, t, s; name each once"),
        (
            {"series": "s", "series_weights": {"u": 2.0}},
            ": series_weights names u, which is not of its series (s); take it out",
        ),
        ({"series": "s", "series_weights": {"s": 0}}, ".series_weights.s: input should be greater than 0, got 0"),
        (
            {"series": "s", "prior": ["s"], "character": None},
            ": prior names s, all of which is learnt; name a character, or another series for prior images",
        ),
        ({"series": "s", "prior_loss_weight": -1}, ".prior_loss_weight must be 0..10, got -1"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(said: dict, message: str) -> None:
    with pytest.raises(GengaError) as caught:
        entry(**said)
    assert str(caught.value) == f"params.yaml:runs.r{message}"


def test_how_training_sets_become_one() -> None:
    runs = {
        "one": {"series": "s", "character": None},
        "two": {"series": ["t", "s"], "character": "hana", "series_weights": {"t": 2.0}, "prior_loss_weight": 1.0},
        "prior": {"series": ["s"], "prior": ["u"], "character": None, "prior_loss_weight": 0.5},
    }
    params = {"runs": runs, "dataset": DATASET}
    across = {"balance": ["kind"], "max_repeats": 4, "twin_bits": 8, "outline_bits": 8}
    assert together(params, "one") is None
    assert together(params, "two") == {
        "series": ["s", "t"], "prior": [], "character": "hana", "series_weights": {"t": 2.0}, "prior_loss_weight": 1.0,
        **across,
    }  # fmt: skip
    assert together(params, "prior") == {
        "series": ["s"], "prior": ["u"], "character": None, "prior_loss_weight": 0.5, **across,
    }  # fmt: skip
    assert [series_of(of) for of in runs.values()] == [["s"], ["s", "t"], ["s", "u"]]


def test_a_run_is_of_series_that_all_have_episodes() -> None:
    runs = {
        "both": {"series": ["t", "s"], "character": None},
        "prior": {"series": ["s"], "prior": ["gone"], "character": None},
    }
    episodes = {(series, "e"): f"data/raw/{series}/e.mkv" for series in ("s", "t", "bare")}
    project = Project(ROOT, {"runs": runs}, None, None, episodes, frozenset())  # type: ignore[arg-type]
    assert project.runs == ["both"] and project.learned == ["s", "t"]
    assert project.series_for({"run": "both"}) == ["s", "t"]


def test_clips_of_several_series_are_refused() -> None:
    models = registry.load(Models(use="embedded", folder="weights", device="cpu", batch=1), ROOT)
    base = models.models["base"]
    moving = {**models.models, "base": base.__class__(**{
        **vars(base), "entry": base.entry.model_copy(update={"family": "animatediff"})})}  # fmt: skip
    params = {"runs": {"r": {"series": ["s", "t"], "base": "base", "recipe": None, "character": None}}, "merges": {}}
    check_families(params, models, {"s", "t"})
    with pytest.raises(GengaError) as caught:
        check_families(params, models.__class__(**{**vars(models), "models": moving}), {"s", "t"})
    assert str(caught.value) == (
        "params.yaml:runs.r: base moves, and learns from the clips of one series, not of s, t; name one, and no prior"
    )


@pytest.mark.slow
def test_what_changes_in_one_series_makes_the_run_stale(tmp_path: Path) -> None:
    project = make_standin(tmp_path / "project")
    for name in ("other", "bare"):
        put(project / f"data/raw/{name}/01.mkv", f"video of {name}")
    run = {"series": [SERIES, "other"], "character": "hana"}
    change_params(project, "runs", **{RUN: run})
    change_params(project, "merges", **{MERGE: None})
    first = snakemake(project)
    assert first.code == 0, first.text
    commit_all(project)
    assert snakemake(project).nothing and "up to date" in command(project, "dvc", "status")
    learnt = {"train": 1, "sample": 1, "evaluate": 1, "report": 1}

    change_params(project, "runs", **{RUN: {**run, "series": ["other", SERIES]}})
    assert snakemake(project, "-n").jobs == {}, "the order says nothing"
    change_params(project, "runs", **{RUN: {**run, "series_weights": {"other": 2}}})
    assert snakemake(project, "-n").jobs == learnt
    change_params(project, "runs", **{RUN: {**run, "prior": ["bare"]}})
    assert snakemake(project, "-n").jobs == {"describe": 1, "dataset": 1, **learnt}, "of bare there was no training set"
    change_params(project, "runs", **{RUN: run})
    assert snakemake(project, "-n").jobs == {}

    put(project / "corrections/bare/characters.csv", "crop,character\n")
    assert snakemake(project, "-n").jobs == {"characters": 1}
    put(project / "corrections/other/aliases.csv", "character,name\n")
    assert snakemake(project, "-n").jobs == {"characters": 2, "dataset": 1, **learnt}
    done = snakemake(project)
    assert done.code == 0, done.text
    assert snakemake(project).nothing and "up to date" in command(project, "dvc", "status")
    record = next(json.loads(line) for line in (project / "records.jsonl").read_text(encoding="utf-8").splitlines()
                  if '"rule":"train"' in line)  # fmt: skip
    assert {f"data/dataset/{SERIES}.parquet", "data/dataset/other.parquet"} <= record["inputs"].keys()
    assert record["params"]["together"]["series"] == sorted([SERIES, "other"])
