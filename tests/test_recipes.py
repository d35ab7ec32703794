"""Recipes: files of values that a run names and may overrule."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, copy_project

from genga.cli import recipes as cli
from genga.errors import GengaError
from genga.models.registry import Registry, load
from genga.params.check import check_params, check_recipe
from genga.params.models import Params as Models
from genga.params.recipes import SECTIONS, names_of_recipes, read_recipe
from genga.params.section import read_params, section_of_file
from genga.params.train import Params
from genga.workflow.families import check_families

NAMES = names_of_recipes(ROOT)
PUBLISHED = {"lora-v1.0", "lora-v1.3", "lora-v1.4", "nai-finetune", "animediffusion", "sdxl-lora", "noobai-vpred-lora",
             "anima-lora", "low-memory"}  # fmt: skip
OF_A_MACHINE = {"seed", "threads", "launch"}  # of a run or its machine, not of a process
WHOLE = {"about": "x", "family": "sd15", "values": [{"from": "me", "train": {"epochs": 3}}]}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(project: Path, name: str, **changes: object) -> None:
    (project / f"recipes/{name}.yaml").write_text(yaml.safe_dump({**WHOLE, **changes}), encoding="utf-8")


def with_run(project: Path, **own: object) -> dict:
    values = read_params(project / "params.yaml")
    values["runs"] = {"hana": {"series": "s", "character": None, **own}}
    return values


def test_the_published_processes_are_there() -> None:
    assert set(NAMES) >= PUBLISHED


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_leaves_no_value_of_the_demo_in_training(name: str) -> None:
    recipe = check_recipe(read_params(ROOT / "params.yaml"), read_recipe(ROOT, name))
    assert set(Params.model_fields) - OF_A_MACHINE - set(recipe.of("train")) == set()
    assert {"width", "height", "steps", "guidance", "precision"} <= set(recipe.of("sample"))
    assert all(value.source for value in recipe.values)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lora-v1.0", {"buckets": {"sizes": [[640, 880]]}, "select": {"kinds": ["fullbody"], "images": 200},
                       "min_steps": 1500, "max_steps": 1500}),
        ("lora-v1.3", {"epochs": 12, "buckets": {"sizes": [[640, 880]]}}),
        ("lora-v1.4", {"epochs": 15, "min_steps": 3000, "select": {"kinds": ["fullbody", "halfbody", "head"]}}),
        ("animediffusion", {"noise_offset": 0.05, "caption_dropout": 0.2, "method": "full",
                            "phases": [{"epochs": 5}, {"epochs": 3, "select": {"tiers": ["best"]}}]}),
    ],
)  # fmt: skip
def test_what_the_published_descriptions_say(name: str, said: dict) -> None:
    recipe = read_recipe(ROOT, name).of("train")
    assert {key: recipe[key] for key in said} == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("noobai-vpred-lora", {"scheduler": "euler", "guidance": 4.5, "steps": 28, "width": 832, "height": 1216}),
        ("sdxl-lora", {"guidance": 5.0, "steps": 28, "width": 832, "height": 1216}),
        ("anima-lora", {"scheduler": "euler", "guidance": 4.0, "steps": 30}),
    ],
)
def test_samples_are_drawn_as_model_cards_say(name: str, said: dict) -> None:
    values = {value.key: value for value in read_recipe(ROOT, name).values if value.section == "sample"}
    assert {key: values[key].value for key in said} == said
    assert all("model card" in values[key].source for key in said)


def test_a_run_overrules_its_recipe_and_the_recipe_the_sections(project: Path) -> None:
    write(project, "mine", values=[{"from": "me", "train": {"epochs": 3, "rank": 4}, "sample": {"steps": 5}}])
    values = with_run(project, recipe="mine", train={"rank": 8})
    (project / "params.yaml").write_text(json.dumps(values), encoding="utf-8")
    assert [section_of_file("params.yaml", "train:hana")[key] for key in ("epochs", "rank", "batch")] == [3, 8, 8]
    run = check_params(values)["runs"]["hana"]
    assert run["train"] == {"epochs": 3, "rank": 8} and run["sample"] == {"steps": 5}
    assert check_params({**values, "runs": {"hana": run}})["runs"]["hana"] == run


def test_a_recipe_may_stand_on_another(project: Path) -> None:
    write(project, "low", values=[{"from": "one", "train": {"epochs": 3, "rank": 4}}])
    write(project, "high", on="low", values=[{"from": "two", "train": {"rank": 8}}])
    values = {(one.key, one.value, one.source) for one in read_recipe(project, "high").values}
    assert values == {("epochs", 3, "one"), ("rank", 8, "two")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"values": [{"from": "me", "train": {"epoch": 3}}]},
            r"recipes/x.yaml: train.epoch is not a known key \(known: s",
        ),
        ({"values": [{"from": "me", "train": {"epochs": 0}}]}, "recipes/x.yaml: train.epochs must be 1..10000, got 0"),
        ({"values": [{"train": {"epochs": 1}}]}, "recipes/x.yaml: values.0.from is missing"),
        ({"values": [{"from": "me", "dataset": {}}]}, "recipes/x.yaml: values.0.dataset is not a known key"),
        ({"values": {}}, "recipes/x.yaml: values must be a list, got {}"),
        ({"author": "me"}, r"recipes/x.yaml: author is not a known key \(known: about, family, on, values\)"),
        ({"about": 3}, "recipes/x.yaml: about must be text, got 3"),
        ({"on": "x"}, "recipes/x.yaml: on x leads back to itself"),
        ({"on": "nobody"}, "recipes/nobody.yaml: there is no such recipe"),
        ({"values": WHOLE["values"] * 2}, "recipes/x.yaml: train.epochs is there twice; keep one of them"),
    ],
)
def test_what_is_no_recipe_is_one_line(project: Path, changes: dict, message: str) -> None:
    write(project, "x", **changes)
    with pytest.raises(GengaError, match=message):
        check_params(with_run(project, recipe="x"))


def test_a_recipe_that_is_not_there_is_one_line(project: Path) -> None:
    with pytest.raises(
        GengaError, match=r"recipes/lora.yaml: there is no such recipe \(recipes: anima-lora, animediff"
    ):
        check_params(with_run(project, recipe="lora"))


def test_a_recipe_for_other_bases_is_one_line(project: Path) -> None:
    params = check_params(with_run(project, recipe="noobai-vpred-lora"))
    check_families(params, with_bases(base="sdxl"), {"s", "t"})
    message = (
        "runs.hana.recipe: noobai-vpred-lora is for bases of family sdxl, and base in models.yaml is of sd15; name"
    )
    with pytest.raises(GengaError, match=message):
        check_families(params, with_bases(base="sd15"), {"s", "t"})


def with_bases(**families: str) -> Registry:
    """The models of this project, and in these roles bases of these families."""
    known = load(Models(use="embedded", folder="weights", device="cpu", batch=1), ROOT)
    base = known.models["base"]
    more = {
        role: replace(base, role=role, entry=base.entry.model_copy(update={"family": family}))
        for role, family in families.items()
    }
    return replace(known, models={**known.models, **more})


def test_samples_that_ask_for_a_model_that_is_not_named_are_one_line(project: Path) -> None:
    own = {"series": "s", "character": None, "base": "moving"}
    asked = {"clips": {"frames": 16, "interpolate": {"by": "model", "rate": 24}}}
    values = with_run(project)
    for sample, wrong in ((asked, True), ({"clips": {"interpolate": 24}}, False)):
        values["runs"] = {"hana": {**own, "sample": sample}}
        params = check_params(values)
        check_families(params, with_bases(moving="animatediff", interpolate="sd15"), {"s", "t"})
        if wrong:
            said = (
                r"^params.yaml:runs.hana: sample.clips.interpolate asks for a model, and models.yaml:embedded has none"
            )
            with pytest.raises(GengaError, match=said):
                check_families(params, with_bases(moving="animatediff"), {"s", "t"})
        else:
            check_families(params, with_bases(moving="animatediff"), {"s", "t"})


def test_each_run_may_have_a_base_of_its_own(project: Path) -> None:
    values = with_run(project)
    values["runs"] = {
        "small": {"series": "s", "character": None, "recipe": "sd15-lora"},
        "noob": {"series": "s", "character": None, "base": "xl", "recipe": "noobai-vpred-lora"},
    }
    params = check_params(values)
    assert [own["base"] for own in params["runs"].values()] == ["base", "xl"]
    check_families(params, with_bases(xl="sdxl"), {"s", "t"})
    with pytest.raises(
        GengaError, match=r"runs.noob.recipe: .* family sdxl, and xl in models.yaml is of anima; name a"
    ):
        check_families(params, with_bases(xl="anima"), {"s", "t"})
    with pytest.raises(
        GengaError,
        match=r"^params.yaml:runs.noob.base: xl: models.yaml:embedded has no model in that role \(roles: pers",
    ):
        check_families(params, with_bases(), {"s", "t"})
    check_families(params, with_bases(), {"t"})  # the run is left out: there is no video of its series


@pytest.mark.parametrize(
    ("merges", "said"),
    [
        (
            {"m": {"a": {"run": "small"}, "b": {"run": "big"}}},
            "m: run small is of family sd15, run big is of family sdxl",
        ),
        (
            {"m": {"a": {"base": "base"}, "b": {"run": "big"}}},
            "m: base base is of family sd15, run big is of family sdxl",
        ),
        (
            {
                "m": {"a": {"run": "small"}, "b": {"file": "x.safetensors", "sha256": "0" * 64}},
                "n": {"a": {"run": "big"}, "b": {"merge": "m"}},
            },
            "n: run small is of family sd15, run big is of family sdxl",
        ),
    ],
)
def test_a_merge_of_different_families_is_one_line(project: Path, merges: dict, said: str) -> None:
    values = with_run(project)
    values["runs"] = {
        "small": {"series": "s", "character": None},
        "big": {"series": "s", "character": None, "base": "xl"},
    }
    values["merges"] = {name: {"method": "weighted_sum", "alpha": 0.5, **of} for name, of in merges.items()}
    params = check_params(values)
    with pytest.raises(GengaError) as error:
        check_families(params, with_bases(xl="sdxl"), {"s", "t"})
    assert str(error.value) == f"params.yaml:merges.{said}; models of different families have no merge"
    check_families(params, with_bases(xl="sd15"), {"s", "t"})


def test_recipes_are_listed_and_shown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.list_recipes()
    said = capsys.readouterr().out
    assert all(f"\n{name} " in f"\n{said}" for name in NAMES)
    cli.show("lora-v1.3")
    said = capsys.readouterr().out
    assert "from the authors' description of process v1.3" in said
    assert f"{'  train.epochs: 12':<48} # params.yaml: 20\n" in said
    assert "  train.optimizer: adamw\n" in said  # not other than in params.yaml
    assert "of which the recipe says nothing\n  train.seed: 0\n" in said
    assert "trigger" in said and len(SECTIONS) == 4


def in_docs(section: str) -> str:
    """A section of docs/training.md."""
    page = (ROOT / "docs/training.md").read_text(encoding="utf-8")
    return page.split(f"\n## {section}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(("section", "recipes"), [("Recipes", set(NAMES)), ("Phases", {"sd15-lora"})])
def test_runs_that_the_docs_show_hold(section: str, recipes: set) -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```", in_docs(section), re.MULTILINE | re.DOTALL)
    values = {**read_params(ROOT / "params.yaml"), **yaml.safe_load(block)}
    assert {run["recipe"] for run in values["runs"].values()} == recipes
    assert check_params(values, ROOT)["runs"].keys() == values["runs"].keys()


def test_the_docs_name_every_recipe_and_show_what_is_printed(capsys: pytest.CaptureFixture[str], project: Path) -> None:
    table = re.findall(r"^\| `(\S+)` \| ", in_docs("Recipes"), re.MULTILINE)
    assert sorted(table) == NAMES
    (block,) = re.findall(
        r"^```\n\$ genga recipes show lora-v1.3\n(.*?)^```", in_docs("Recipes"), re.MULTILINE | re.DOTALL
    )
    cli.show("lora-v1.3")
    printed = capsys.readouterr().out.splitlines()
    assert [line for line in block.splitlines() if line != "…" and line not in printed] == []
