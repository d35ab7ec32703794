"""Every recipe trains a base of its family's topology, and others load what it writes: every key of it is used.

The values are a recipe's, put together as a run's are. Only what a base of a few channels, the CPU and two steps cannot
have is overruled, in `overruled`.
"""

import importlib
import re
import shutil
from dataclasses import replace

import pytest
import torch
from conftest import ROOT
from diffusers import ModularPipeline, StableDiffusionPipeline, StableDiffusionXLPipeline
from diffusers.loaders.single_file_utils import (
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
)
from diffusers.utils import logging
from safetensors.torch import load_file
from single_file import save_single_file
from tiny_anima import save_tiny_anima
from tiny_base import save_tiny_base
from tiny_sdxl import VELOCITY, save_tiny_sdxl
from tiny_training import example, train_tiny

from genga.params.recipes import names_of_recipes, read_recipe
from genga.params.section import parse_section, read_params, section_of_run
from genga.params.train import Params
from genga.training.families.family import LoadedBase, moves
from genga.training.resume import RunFolder

logging.set_verbosity_error()

RECIPES = {
    name: recipe
    for name in names_of_recipes(ROOT)
    if not moves(ROOT, (recipe := read_recipe(ROOT, name)).family)  # tests/test_recipes_clips.py has those that do
}
VALUES = read_params(ROOT / "params.yaml")
METHOD = {name: recipe.of("train")["method"] for name, recipe in RECIPES.items()}
BASES = {
    "sd15": save_tiny_base,
    "sdxl": lambda folder: save_tiny_sdxl(folder, shallow=True),
    "anima": save_tiny_anima,
    "noobai-vpred-lora": lambda folder: save_tiny_sdxl(folder, shallow=True, **VELOCITY),
}  # by family, or of one recipe

EXAMPLES = [
    replace(example(number, (128, 128)), image=image, kind=kind, tier=tier, character="hana")
    for number, (image, kind, tier) in enumerate(
        [("a", "fullbody", "best"), ("b", "halfbody", "good"), ("c", "head", "best"), ("d", "still", "poor")]
    )
]
EVERYTHING = ["abcd"]
SEEN = {  # which of these images, in each phase
    "lora-v1.0": ["a"],
    "lora-v1.3": ["a"],
    "lora-v1.4": ["abc"],
    "animediffusion": ["abcd", "ac"],
}

# A module's name in a file, and of how many there are in a tiny base: transformers, by the linear layers of each.
IN_UNET = r"_(?:proj_in|proj_out|transformer_blocks_0_(?:attn[12]_to_(?:q|k|v|out_0)|ff_net_(?:0_proj|2)))"
IN_ENCODER = r"_text_model_encoder_layers_[01]_(?:self_attn_(?:q|k|v|out)_proj|mlp_fc[12])"
NAMES = {
    "sd15": {
        rf"lora_unet_(?:down_blocks_[012]|mid_block|up_blocks_[123])_attentions_[01]{IN_UNET}": 10 * 12,
        rf"lora_te{IN_ENCODER}": 2 * 6,
    },
    "sdxl": {
        rf"lora_unet_(?:input_blocks_(?:4|5|7|8)|middle_block|output_blocks_[0-5])_1{IN_UNET}": 11 * 12,
    },
    "anima": {
        r"diffusion_model\.blocks\.[01]\.(?:(?:self|cross)_attn\.(?:q|k|v|output)_proj|mlp\.layer[12])": 2 * 10,
    },
}
KOHYA, COMFY = (r"\.(?:lora_down\.weight|lora_up\.weight|alpha)", 3), (r"\.lora_[AB]\.weight", 2)
ENDS = {"sd15": KOHYA, "sdxl": KOHYA, "anima": COMFY}  # of a module's tensors, and how many
NO_ENCODER = {"low-memory"}  # of recipes for SD 1.5: those that leave it alone


def overruled(said: dict) -> dict:
    """What differs from a recipe's values, and why."""
    buckets = said["buckets"]
    tiny = {"sizes": [[128, 192]]} if "sizes" in buckets else {"resolution": 128, "min": 64, "max": 256, "step": 32}
    return {
        "threads": 1,
        "precision": "float32",  # of the CPU
        "max_steps": 2,  # of a phase
        "buckets": tiny,
        # What two steps change is to be seen in half precision too.
        "warmup": 0,
        "learning_rate": 0.01,
        "text_learning_rate": 0.01,
        **({"optimizer": "adamw"} if said["optimizer"] == "adamw8bit" else {}),  # for GPUs
    }


def params_of_run(name: str) -> Params:
    """Section `train` as a run of the recipe has it."""
    own = {"series": "s", "character": None, "recipe": name, "train": overruled(RECIPES[name].of("train"))}
    section = section_of_run({**VALUES, "runs": {"hana": own}}, "hana", "train", ROOT)
    return parse_section("runs.hana.train", Params, section)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Where the base of each kind is, made when it is asked for."""
    made = {}

    def folder_of(name):
        kind = name if name in BASES else RECIPES[name].family
        if kind not in made:
            made[kind] = BASES[kind](tmp_path_factory.mktemp("bases") / kind)
        return made[kind]

    return folder_of


def trained(name, base, tmp_path):
    """What a recipe writes: the last checkpoint's file, and the base that it was trained with."""
    family = importlib.import_module(f"genga.training.families.{RECIPES[name].family}").FAMILY
    loaded = LoadedBase(family, RECIPES[name].family, family.load(base), "tiny", "0" * 64)
    done = train_tiny(loaded, tmp_path, params_of_run(name), examples=EXAMPLES)
    seen = SEEN.get(name, EVERYTHING)
    phases = len(seen)
    looks = list(zip(done.ledger["phase"], done.ledger["image"], strict=True))
    assert ["".join(sorted({image for of, image in looks if of == number + 1})) for number in range(phases)] == seen
    assert done.checkpoints[-1]["step"] == 2 * phases == done.losses.height
    return RunFolder(tmp_path / "hana", "hana").unfinished(2 * phases), loaded


@pytest.mark.parametrize("name", RECIPES)
def test_a_run_has_the_values_of_its_recipe(name):
    said, whole = RECIPES[name].of("train"), params_of_run(name)
    kept = {key: value for key, value in said.items() if key not in overruled(said)}
    assert len(kept) >= 34
    assert whole == Params.model_validate({**whole.model_dump(), **kept})


def held(family, pipeline):
    """What diffusers holds after loading, by network and the path of a module: A, B, and what they are scaled by."""
    networks = {"unet": "unet", "text": "text_encoder", "text_2": "text_encoder_2", "transformer": "transformer"}
    return {
        family.name_in_file(network, path): (module.lora_A[one].weight, module.lora_B[one].weight, module.scaling[one])
        for network, part in networks.items()
        if getattr(pipeline, part, None) is not None
        for path, module in getattr(pipeline, part).named_modules()
        if hasattr(module, "lora_A")
        for one in module.lora_A
    }


def opened(family, folder):
    """The base as diffusers opens it."""
    if family == "anima":
        pipeline = ModularPipeline.from_pretrained(str(folder))
        pipeline.load_components(dtype=torch.float32)
        return pipeline
    classes = {"sd15": StableDiffusionPipeline, "sdxl": StableDiffusionXLPipeline}
    return classes[family].from_pretrained(folder)


@pytest.mark.parametrize("name", [name for name in RECIPES if METHOD[name] == "lora"])
def test_a_lora_has_the_names_of_the_uis_and_diffusers_uses_every_key(name, folders, tmp_path):
    kind, base = RECIPES[name].family, folders(name)
    file, loaded = trained(name, base, tmp_path)
    saved = load_file(file)
    end, each = ENDS[kind]
    names = {key: count for key, count in NAMES[kind].items() if not (name in NO_ENCODER and "lora_te" in key)}
    for pattern, count in names.items():
        assert sum(re.fullmatch(pattern + end, key) is not None for key in saved) == each * count, pattern
    assert len(saved) == each * sum(names.values())

    pipeline = opened(kind, base)
    pipeline.load_lora_weights(str(file))
    found, train = held(loaded.family, pipeline), RECIPES[name].of("train")
    keys = loaded.family.lora_keys
    assert len(found) * each == len(saved)
    for module, (down, up, scale) in found.items():
        assert torch.equal(down, saved[module + keys.down].to(down)), module
        assert torch.equal(up, saved[module + keys.up].to(up)), module
        assert down.shape[0] == train["rank"]
        assert scale == (1.0 if keys.alpha is None else train["alpha"] / train["rank"])
        is_left_out = train["clip_skip"] == 2 and "te_text_model_encoder_layers_1" in module  # the last of two
        assert (up.abs().max() > 1e-3) == (not is_left_out), module  # it begins at 0


@pytest.mark.parametrize("name", [name for name in RECIPES if METHOD[name] == "full"])
def test_a_fine_tune_is_one_file_that_loads_with_every_tensor(name, folders, tmp_path):
    base = folders(name)
    file, loaded = trained(name, base, tmp_path)
    saved = load_file(file)
    assert {tensor.dtype for tensor in saved.values() if tensor.is_floating_point()} == {torch.float16}
    save_single_file(base, tmp_path / "published.safetensors")
    assert saved.keys() - load_file(tmp_path / "published.safetensors").keys() == {POSITIONS}
    shutil.copytree(base, file.with_suffix(""), ignore=shutil.ignore_patterns("*.safetensors"))  # its sizes
    found, before = loaded.family.load(file), loaded.family.load(base)

    unet = convert_ldm_unet_checkpoint(dict(saved), {**found.unet.config, "class_embed_type": None})
    vae = convert_ldm_vae_checkpoint(dict(saved), dict(found.vae.config))
    for part, theirs in (("unet", unet), ("vae", vae)):
        own = getattr(found, part).state_dict()
        assert own.keys() == theirs.keys()
        assert all(torch.equal(own[key], theirs[key].float().reshape(own[key].shape)) for key in own), part
    text = {key: one for key, one in saved.items() if key.startswith(TEXT) and key != POSITIONS}
    own = found.text_encoder.state_dict()
    assert {key.removeprefix("text_model.") for key in own} == {key.removeprefix(TEXT) for key in text}
    assert len(unet) + len(vae) + len(text) + 1 == len(saved)

    assert all(not torch.equal(one, before.unet.state_dict()[key].half()) for key, one in unet.items() if "bias" in key)
    for part in ("vae", "text_encoder"):  # not learnt
        was = getattr(before, part).state_dict()
        assert all(torch.equal(one, was[key].half().float()) for key, one in getattr(found, part).state_dict().items())


TEXT = "cond_stage_model.transformer.text_model."
POSITIONS = f"{TEXT}embeddings.position_ids"
