"""Every recipe for a base that moves trains one of its family's topology, as a run of the recipe does."""

import importlib
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT
from safetensors.torch import load_file, save_file
from tiny_base import save_tiny_base
from tiny_clips import clip, train_clips
from tiny_modelscope import save_tiny_modelscope
from tiny_training import example
from tiny_wan import save_tiny_wan

from genga.params.recipes import names_of_recipes, read_recipe
from genga.params.section import parse_section, read_params, section_of_run
from genga.params.train import Params
from genga.training.families.family import LoadedBase, moves

RECIPES = {
    name: recipe for name in names_of_recipes(ROOT) if moves(ROOT, (recipe := read_recipe(ROOT, name)).family)
}  # fmt: skip
BASES = {"animatediff": save_tiny_base, "modelscope": save_tiny_modelscope, "wan": save_tiny_wan}
TENSORS = {  # of a tiny base's checkpoint
    "motion": 13 * 28, "motion-lora": 13 * 8 * 2, "modelscope-finetune": None, "modelscope-lora": None,
    "wan-lora": 2 * 10 * 2, "wan22-high-lora": 2 * 10 * 2, "wan22-low-lora": 2 * 10 * 2,
}  # fmt: skip


def params_of_run(name: str) -> Params:
    """Section `train` as a run of the recipe has it, but for what a CPU, a few channels and two steps cannot have."""
    said = RECIPES[name].of("train")
    tiny = {"buckets": {"resolution": 64, "min": 32, "max": 128, "step": 32}}
    own = {
        **tiny, "threads": 1, "precision": "float32", "max_steps": 2, "optimizer": "adamw", "learning_rate": 0.01,
        "warmup": 0, "held_out": 0,
        "phases": [{**phase, **tiny} for phase in said.get("phases", [])],
    }  # fmt: skip
    values = {**read_params(ROOT / "params.yaml")}
    values["runs"] = {"hana": {"series": "s", "character": None, "recipe": name, "train": own}}
    return parse_section("runs.hana.train", Params, section_of_run(values, "hana", "train", ROOT))


def base_of(name: str, folder: Path) -> LoadedBase:
    """A tiny base of the recipe's family; a motion LoRA's has a module that was trained."""
    kind = RECIPES[name].family
    family = importlib.import_module(f"genga.training.families.{kind}").FAMILY
    if expert := RECIPES[name].of("train").get("expert"):
        return LoadedBase(
            family, kind, family.experts.load(save_tiny_wan(folder / "base", 0.875), expert), "tiny", "0" * 64
        )
    base = family.load(BASES[kind](folder / "base"))
    if name == "motion-lora":
        tensors = {key: one + 0.1 * key.endswith("proj_out.weight") for key, one in family.whole(base, {}).items()}
        save_file(tensors, folder / "motion.safetensors")
        base = family.load_files({"base": folder / "base", "motion": folder / "motion.safetensors"})
    return LoadedBase(family, kind, base, "tiny", "0" * 64)


def test_there_is_a_recipe_of_each() -> None:
    assert RECIPES.keys() == TENSORS.keys()
    assert {recipe.family for recipe in RECIPES.values()} == BASES.keys()


@pytest.mark.parametrize("name", TENSORS)
def test_a_recipe_trains_its_family(tmp_path: Path, name: str) -> None:
    loaded, values = base_of(name, tmp_path), params_of_run(name)
    length = values.clips.length
    clips = [clip(number, range(40 * number, 40 * number + length), (64, 64)) for number in range(2)]
    images = [replace(example(number, (64, 64)), tier="best", kind="head") for number in range(2)]
    trained = train_clips(loaded, tmp_path, values, [*clips, *images])
    phases = max(1, len(values.phases))
    assert trained.losses.height == 2 * phases and trained.frames == length
    stills = trained.ledger.filter(trained.ledger["image"].is_in([one.image for one in images]))
    assert (stills.height > 0) == (values.clips.stills > 0)
    written = load_file(sorted((tmp_path / "hana/unfinished").glob("*.safetensors"))[-1])
    assert TENSORS[name] in (None, len(written))
    assert all(bool(one.isfinite().all()) for one in written.values())


def test_what_the_sources_say() -> None:
    motion, film = (RECIPES[name].of("train") for name in ("motion", "modelscope-finetune"))
    assert (motion["clips"]["length"], motion["caption_dropout"], motion["learning_rate"]) == (16, 0.1, 1e-4)
    assert motion["method"] == "full" and motion["ema"] > 0
    assert film["learning_rate"] == 5e-6 and [phase["buckets"]["resolution"] for phase in film["phases"]] == [
        256, 384, 512
    ]  # fmt: skip
    assert (film["modules"], film["convolutions"], film["clips"]["stills"]) == ("attention", True, 0.25)
    assert (RECIPES["wan-lora"].of("train")["clips"]["length"] - 1) % 4 == 0
