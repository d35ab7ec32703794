"""Every recipe for a base that moves trains one of its family's topology, and others load what it writes: every key of
it is used, by diffusers' loader and by the UIs' names.

The names that UIs look for are written here from their code, not taken from the families.
"""

import importlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import ROOT
from diffusers import (
    AnimateDiffPipeline,
    MotionAdapter,
    StableDiffusionPipeline,
    UNet3DConditionModel,
    UNetMotionModel,
    WanPipeline,
)
from diffusers.loaders.single_file_utils import convert_animatediff_checkpoint_to_diffusers
from safetensors.torch import load_file, save_file
from tiny_base import save_tiny_base
from tiny_clips import clip, train_clips
from tiny_modelscope import save_tiny_modelscope
from tiny_training import example
from tiny_wan import save_tiny_wan

from genga.params.recipes import names_of_recipes, read_recipe
from genga.params.section import parse_section, read_params, section_of_run
from genga.params.train import Params
from genga.training.applied import applied
from genga.training.families.family import LoadedBase, moves
from genga.training.tensor_file import read_metadata

RECIPES = {
    name: recipe for name in names_of_recipes(ROOT) if moves(ROOT, (recipe := read_recipe(ROOT, name)).family)
}  # fmt: skip
BASES = {"animatediff": save_tiny_base, "modelscope": save_tiny_modelscope, "wan": save_tiny_wan}
WAN = [name for name in RECIPES if RECIPES[name].family == "wan"]


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
    assert set(RECIPES) == {"motion", "motion-lora", "modelscope-finetune", "modelscope-lora", *WAN}
    assert {recipe.family for recipe in RECIPES.values()} == BASES.keys()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory):
    """What a recipe writes, trained when it is asked for: its folder, the file, the base that it was trained with."""
    made: dict[str, tuple[Path, Path, LoadedBase]] = {}

    def of(name: str) -> tuple[Path, Path, LoadedBase]:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            loaded = trained_by(name, folder)
            made[name] = folder, sorted((folder / "hana/unfinished").glob("*.safetensors"))[-1], loaded
        return made[name]

    return of


def trained_by(name: str, folder: Path) -> LoadedBase:
    loaded, values = base_of(name, folder), params_of_run(name)
    length = values.clips.length
    clips = [clip(number, range(40 * number, 40 * number + length), (64, 64)) for number in range(2)]
    images = [replace(example(number, (64, 64)), tier="best", kind="head") for number in range(2)]
    trained = train_clips(loaded, folder, values, [*clips, *images])
    phases = max(1, len(values.phases))
    assert trained.losses.height == 2 * phases and trained.frames == length
    stills = trained.ledger.filter(trained.ledger["image"].is_in([one.image for one in images]))
    assert (stills.height > 0) == (values.clips.stills > 0)
    return loaded


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_trains_its_family(written, name: str) -> None:
    _, file, _ = written(name)
    tensors = load_file(file)
    assert tensors and all(bool(one.isfinite().all()) for one in tensors.values())


# AnimateDiff: ComfyUI-AnimateDiff-Evolved and sd-webui-animatediff go by these names, all of which have to be there.
PLACES = [
    *(f"down_blocks.{level}.motion_modules.0" for level in range(4)), "mid_block.motion_modules.0",
    *(f"up_blocks.{level}.motion_modules.{number}" for level in range(4) for number in (0, 1)),
]  # fmt: skip
LAYERS = [f"attention_blocks.{block}.to_{one}" for block in (0, 1) for one in ("q", "k", "v", "out.0")]
BLOCK = [
    *(f"{layer}.weight" for layer in LAYERS), *(f"attention_blocks.{block}.to_out.0.bias" for block in (0, 1)),
    *(f"attention_blocks.{block}.pos_encoder.pe" for block in (0, 1)),
    *(f"{layer}.{kind}" for layer in ("norms.0", "norms.1", "ff_norm", "ff.net.0.proj", "ff.net.2")
      for kind in ("weight", "bias")),
]  # fmt: skip
ENDS = [f"{layer}.{kind}" for layer in ("norm", "proj_in", "proj_out") for kind in ("weight", "bias")]


def test_a_motion_module_has_the_names_of_the_uis_and_diffusers_uses_every_key(written) -> None:
    folder, file, loaded = written("motion")
    tensors = load_file(file)
    inside = [*ENDS, *(f"transformer_blocks.0.{name}" for name in BLOCK)]
    assert set(tensors) == {f"{place}.temporal_transformer.{name}" for place in PLACES for name in inside}
    config = dict(loaded.base.unet.config)
    MotionAdapter(
        block_out_channels=config["block_out_channels"], motion_layers_per_block=1, motion_num_attention_heads=8,
        motion_norm_num_groups=config["norm_num_groups"], motion_max_seq_length=32,
    ).save_config(folder / "adapter")  # fmt: skip
    adapter = MotionAdapter.from_single_file(str(file), config=str(folder / "adapter"), local_files_only=True)
    theirs = convert_animatediff_checkpoint_to_diffusers(dict(tensors))  # all but positions, which it makes anew
    own = {name: one for name, one in adapter.state_dict().items() if not name.endswith(".pe")}
    assert own.keys() == theirs.keys() and len(theirs) == len(tensors) - 2 * len(PLACES)
    assert all(torch.equal(one, theirs[name].to(one)) for name, one in own.items())
    unet = UNetMotionModel.from_unet2d(StableDiffusionPipeline.from_pretrained(folder / "base").unet, adapter)
    pe = {name: one for name, one in unet.state_dict().items() if name.endswith(".pe")}
    of_file = {one.shape: one for key, one in tensors.items() if key.endswith(".pos_encoder.pe")}
    assert len(pe) == len(PLACES)  # one for both attentions of a block
    assert all(torch.allclose(one, of_file[one.shape].to(one), atol=1e-3) for one in pe.values())  # in half precision


def test_a_motion_lora_has_the_published_names_and_diffusers_uses_every_key(written) -> None:
    folder, file, _ = written("motion-lora")
    tensors = load_file(file)
    before = "temporal_transformer.transformer_blocks.0.attention_blocks"
    ends = [f"{block}.processor.to_{one}_lora.{side}.weight" for block in (0, 1) for one in ("q", "k", "v", "out")
            for side in ("down", "up")]  # fmt: skip
    assert set(tensors) == {f"{place}.{before}.{end}" for place in PLACES for end in ends}
    flat = StableDiffusionPipeline.from_pretrained(folder / "base")
    (folder / "again").mkdir()
    pipeline = AnimateDiffPipeline(
        vae=flat.vae, text_encoder=flat.text_encoder, tokenizer=flat.tokenizer, scheduler=flat.scheduler,
        unet=base_of("motion-lora", folder / "again").base.unet, motion_adapter=None,
    )  # fmt: skip
    # diffusers takes published ones by its own names alone (scripts/convert_animatediff_motion_lora_to_diffusers.py).
    renamed = {f"unet.{key}": one for key, one in convert_animatediff_checkpoint_to_diffusers(dict(tensors)).items()}
    assert len(renamed) == len(tensors)
    pipeline.load_lora_weights(dict(renamed))
    assert used(pipeline.unet, ("to_q", "to_k", "to_v", "to_out")) == len(tensors)
    for key, one in renamed.items():
        module, kind, side = re.fullmatch(
            r"unet\.(.+)\.processor\.to_(q|k|v|out)_lora\.(down|up)\.weight", key
        ).groups()
        layer = pipeline.unet.get_submodule(f"{module}.to_{kind}{'.0' * (kind == 'out')}")
        found = (layer.lora_A if side == "down" else layer.lora_B)["default_0"].weight
        assert torch.equal(found, one.to(found))


def used(network: torch.nn.Module, kinds: Iterable[str] = ()) -> int:
    """How many matrices of a LoRA diffusers has put into a network; none is scaled but by 1."""
    layers = [(path, layer) for path, layer in network.named_modules() if hasattr(layer, "lora_A")]
    assert all(layer.scaling[one] == 1.0 for _, layer in layers for one in layer.lora_A)
    assert all(any(kind in path for kind in kinds) for path, _ in layers) or not kinds
    return sum(len(layer.lora_A) + len(layer.lora_B) for _, layer in layers)


# ModelScope: names of the UNet in the original code, which loads them strictly, as its UI does.
RESNET = {"in_layers.0", "in_layers.2", "emb_layers.1", "out_layers.0", "out_layers.3", "temopral_conv.conv1.0",
          "temopral_conv.conv1.2", *(f"temopral_conv.conv{n}.{at}" for n in (2, 3, 4) for at in (0, 3))}  # fmt: skip
LINEAR = [*(f"attn{n}.to_{one}" for n in (1, 2) for one in ("q", "k", "v", "out.0")), "ff.net.0.proj", "ff.net.2"]
TRANSFORMER = {"norm", "proj_in", "proj_out",
               *(f"transformer_blocks.0.{one}" for one in (*LINEAR, "norm1", "norm2", "norm3"))}  # fmt: skip


def modules_of_ui(widths: tuple[int, ...]) -> Iterator[tuple[str, str, set[str]]]:
    """Each part of a UNet: where it is, what it is, and the layers in it. widths: of the levels, each of two layers."""
    yield from (("time_embed.0", "", {""}), ("time_embed.2", "", {""}), ("input_blocks.0.0", "", {""}))
    yield "input_blocks.0.1", "time", TRANSFORMER
    place, width, skipped = 0, widths[0], [widths[0]]
    for level, out in enumerate(widths):
        for _ in range(2):
            place += 1
            yield from layers_of_ui(f"input_blocks.{place}", width != out, level < len(widths) - 1)
            width = out
            skipped.append(out)
        if level < len(widths) - 1:
            place += 1
            yield f"input_blocks.{place}.op", "", {""}
            skipped.append(out)
    yield from layers_of_ui("middle_block", False, True)
    yield "middle_block.3", "resnet", RESNET
    place = -1
    for level, out in reversed(list(enumerate(widths))):
        for number in range(3):
            place += 1
            attends = level < len(widths) - 1
            yield from layers_of_ui(f"output_blocks.{place}", width + skipped.pop() != out, attends)
            width = out
            if number == 2 and level:
                yield f"output_blocks.{place}.{3 if attends else 1}.conv", "", {""}
    yield from (("out.0", "", {""}), ("out.2", "", {""}))


def layers_of_ui(place: str, skips: bool, attends: bool) -> Iterator[tuple[str, str, set[str]]]:
    yield f"{place}.0", "resnet", RESNET | ({"skip_connection"} if skips else set())
    if attends:
        yield f"{place}.1", "space", TRANSFORMER
        yield f"{place}.2", "time", TRANSFORMER


def names_of_ui(widths: tuple[int, ...]) -> set[str]:
    """The names of all parameters: queries, keys and values have no bias."""
    paths = [f"{place}.{layer}".removesuffix(".") for place, _, layers in modules_of_ui(widths) for layer in layers]
    plain = re.compile(r".*\.attn[12]\.to_[qkv]")
    return {f"{path}.{kind}" for path in paths for kind in ("weight", "bias")
            if kind == "weight" or not plain.fullmatch(path)}  # fmt: skip


def test_a_modelscope_fine_tune_has_the_names_of_the_ui_and_diffusers_uses_every_key(written) -> None:
    assert len(names_of_ui((320, 640, 1280, 1280))) == 1480  # of the published file
    folder, file, loaded = written("modelscope-finetune")
    tensors = load_file(file)
    assert set(tensors) == names_of_ui((8, 16, 16, 16))
    with applied(loaded, file, True):
        loaded.family.write_folder(loaded.base, {}, folder / "out")
    network = UNet3DConditionModel.from_pretrained(folder / "out/unet")
    again = loaded.family.whole(replace(loaded.base, unet=network), {})
    assert again.keys() == tensors.keys() and all(torch.equal(one, tensors[key].float()) for key, one in again.items())


def test_a_modelscope_lora_has_the_names_of_the_ui_and_it_uses_every_key(written) -> None:
    folder, file, loaded = written("modelscope-lora")
    tensors = load_file(file)
    layers = {f"{place}.transformer_blocks.0.{one}" for place, kind, _ in modules_of_ui((8, 16, 16, 16))
              if kind in ("space", "time") for one in LINEAR}  # fmt: skip
    layers |= {f"{place}.proj_{way}" for place, kind, _ in modules_of_ui((8, 16, 16, 16)) if kind == "space"
               for way in ("in", "out")}  # fmt: skip
    assert set(tensors) == {f"{layer}.lora_{side}" for layer in layers for side in "AB"}
    assert read_metadata(file)["stable_lora_text_to_video"] == "v1"  # without which the file is not even listed
    base = loaded.family.load(folder / "base")
    whole, fresh = {key: one.clone() for key, one in loaded.family.whole(base, {}).items()}, replace(loaded, base=base)
    theirs = {layer: whole[f"{layer}.weight"] + tensors[f"{layer}.lora_B"].float() @ tensors[f"{layer}.lora_A"].float()
              for layer in layers}  # fmt: skip
    with applied(fresh, file, False):
        ours = loaded.family.whole(base, {})
        for layer, weight in theirs.items():
            torch.testing.assert_close(ours[f"{layer}.weight"], weight, rtol=0, atol=1e-6)
            is_alone = re.fullmatch(r"middle_block\.1\..*attn1\.to_[qk]", layer) is not None  # 1 px looks at itself
            assert ((weight - whole[f"{layer}.weight"]).abs().max() > 1e-4) == (not is_alone)  # what can be was learnt
    # diffusers reads no LoRA of this UNet: once it does, hold the file to that.
    assert not hasattr(UNet3DConditionModel, "load_lora_adapter")


IN_WAN = r"diffusion_model\.blocks\.[01]\.(?:(?:self|cross)_attn\.[qkvo]|ffn\.[02])\.lora_[AB]\.weight"


@pytest.mark.parametrize("name", WAN)
def test_a_wan_lora_has_the_names_of_the_uis_and_diffusers_uses_every_key(written, name: str) -> None:
    folder, file, _ = written(name)
    tensors, expert = load_file(file), RECIPES[name].of("train").get("expert")
    assert len(tensors) == 2 * 10 * 2 and all(re.fullmatch(IN_WAN, key) for key in tensors)
    pipeline = WanPipeline.from_pretrained(folder / "base")
    second = expert == "low_noise"
    pipeline.load_lora_weights(str(file), load_into_transformer_2=second)
    one, other = (pipeline.transformer_2, pipeline.transformer) if second else (
        pipeline.transformer, pipeline.transformer_2)  # fmt: skip
    assert used(one) == len(tensors) and (other is None or used(other) == 0)
    assert (other is None) == (expert is None)


def test_what_the_sources_say() -> None:
    motion, film = (RECIPES[name].of("train") for name in ("motion", "modelscope-finetune"))
    assert (motion["clips"]["length"], motion["caption_dropout"], motion["learning_rate"]) == (16, 0.1, 1e-4)
    assert motion["method"] == "full" and motion["ema"] > 0
    assert film["learning_rate"] == 5e-6 and [phase["buckets"]["resolution"] for phase in film["phases"]] == [
        256, 384, 512
    ]  # fmt: skip
    assert (film["modules"], film["convolutions"], film["clips"]["stills"]) == ("attention", True, 0.25)
    assert (RECIPES["wan-lora"].of("train")["clips"]["length"] - 1) % 4 == 0
