"""LoRA, LoCon, DoRA, LoHa and LoKr: what is learnt, written and loaded back, by genga, lycoris and diffusers."""

import json
import math
import re
from dataclasses import replace
from itertools import product

import pytest
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from diffusers.utils import logging
from lycoris import LoConModule, LohaModule, LokrModule
from lycoris.modules import get_module, make_module
from safetensors.torch import load_file
from tiny_anima import save_tiny_anima
from tiny_base import save_tiny_base
from tiny_sdxl import save_tiny_sdxl
from tiny_training import CPU, EXAMPLES, train_tiny
from training_params import params
from transformers import CLIPTextConfig, CLIPTextModel

from genga.errors import GengaError
from genga.training import adapters, lora_file
from genga.training._layouts.kohya import text_name, unet_name
from genga.training.applied import modules_by_name
from genga.training.families import anima, sdxl
from genga.training.families._sd15.lora import text_modules, unet_modules
from genga.training.families.family import LoadedBase
from genga.training.families.sd15 import FAMILY, encode, load
from genga.training.learnt import learnt_of
from genga.training.metadata import metadata
from genga.training.plan import phases_of

logging.set_verbosity_error()

EVERY = {"modules": "transformer", "text_encoder": True, "rank": 2, "alpha": 1.0}
METHODS = {
    "lora": {"method": "lora"},
    "locon": {"method": "lora", "convolutions": True, "conv_rank": 3, "conv_alpha": 6.0},
    "dora": {"method": "dora", "convolutions": True},
    "loha": {"method": "loha", "convolutions": True, "conv_rank": 3, "conv_alpha": 6.0},
    "lokr": {"method": "lokr", "convolutions": True, "factor": 2},
    "lokr-square": {"method": "lokr", "factor": -1},
}
each = pytest.mark.parametrize("method", METHODS)


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory):
    return save_tiny_base(tmp_path_factory.mktemp("base"))


def loaded_of(folder):
    return LoadedBase(FAMILY, "sd15", load(folder), "tiny", "0" * 64)


def values_of(method, **changes):
    return params(**{**EVERY, "max_steps": 3, "epochs": 2, **METHODS[method], **changes})


@pytest.fixture(scope="module")
def trained(base_folder, tmp_path_factory):
    """A checkpoint of each method after three steps, by method; made when it is asked for."""
    made = {}

    def file(method):
        if method not in made:
            folder = tmp_path_factory.mktemp(method)
            train_tiny(loaded_of(base_folder), folder, values_of(method))
            (made[method],) = (folder / "hana").rglob("hana-*.safetensors")
        return made[method]

    return file


NOISY, TIMESTEP = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0)), torch.tensor([500])


@torch.no_grad()
def predicted(parts):
    return parts.unet(NOISY, TIMESTEP, encode(parts, ["hana, smile"], 1)[0]).sample


def merged(folder, tensors):
    loaded = loaded_of(folder)
    with lora_file.merged(modules_by_name(loaded), tensors):
        return predicted(loaded.base)


@each
def test_the_file_gives_what_was_trained_and_lycoris_reads_every_key(base_folder, trained, method):
    tensors = load_file(trained(method))
    found = merged(base_folder, tensors)
    assert (found - predicted(load(base_folder))).abs().max() > 1e-2

    base, used = load(base_folder), set()
    for network, name_of in ((base.unet, unet_name), (base.text_encoder, text_name)):
        for path, module in list(network.named_modules()):
            kind, parts = get_module(tensors, name_of(path))
            if kind is not None:
                made = make_module(kind, parts, name_of(path), module)
                made.merge_to()
                used |= {f"{name_of(path)}.{part}" for part in kind.weight_list} & tensors.keys()
    assert used == tensors.keys()
    assert torch.allclose(predicted(base), found, atol=1e-5)


@each
def test_the_network_with_its_matrices_is_the_base_with_the_file(base_folder, trained, method):
    """What training saw is what a loader gives: not a scale apart, whatever alpha and rank."""
    loaded, values = loaded_of(base_folder), values_of(method)
    before = predicted(loaded.base)
    learnt = learnt_of(loaded, values, CPU)
    assert torch.equal(predicted(loaded.base), before) or method == "dora"  # which divides by the lengths it has
    assert torch.allclose(predicted(loaded.base), before, atol=1e-5)
    torch.manual_seed(0)
    with torch.no_grad():
        for one in learnt.parameters.values():
            one += 0.1 * torch.randn_like(one)
    assert torch.allclose(predicted(loaded.base), merged(base_folder, learnt.tensors(torch.float32)), atol=1e-5)
    assert {one.dtype for one in learnt.parameters.values()} == {torch.float32}


@pytest.mark.parametrize(("kind", "method"), [("sdxl", "locon"), *product(("sdxl", "anima"), ("dora", "loha", "lokr"))])
def test_other_families_are_learnt_by_every_method(tmp_path, kind, method):
    """Every layer that was trained gives what the fresh one with the file gives."""
    family, save = {"sdxl": (sdxl.FAMILY, save_tiny_sdxl), "anima": (anima.FAMILY, save_tiny_anima)}[kind]
    folder = save(tmp_path / "base")
    narrow = (
        {} if kind == "sdxl" else {"text_encoder": False, "convolutions": False, "conv_rank": None, "conv_alpha": None}
    )
    values = values_of(method, max_steps=1, buckets={"sizes": [[32, 32]]}, **narrow)
    trained, fresh = (LoadedBase(family, kind, family.load(folder), "tiny", "0" * 64) for _ in range(2))
    train_tiny(trained, tmp_path, values)
    (file,) = (tmp_path / "hana").rglob("hana-*.safetensors")
    tensors, compared = load_file(file), set()
    with torch.no_grad(), lora_file.merged(modules_by_name(fresh), tensors, family.lora_keys):
        for network, paths in family.adapted(fresh.base, values).items():
            first, second = (family.networks(one.base)[network] for one in (trained, fresh))
            for path in paths:
                compared.add(family.name_in_file(network, path))
                weight = second.get_submodule(path).weight
                shape = (1, weight.shape[1], *[4] * (weight.dim() - 2))
                looks = torch.linspace(-1, 1, math.prod(shape)).reshape(shape)
                found = first.get_submodule(path)(looks)
                assert torch.allclose(found, second.get_submodule(path)(looks), atol=1e-5), path
    assert compared == {re.sub(r"\.(alpha|dora_scale|lora_\w+\.weight|(hada|lokr)_\w+)$", "", key) for key in tensors}
    assert any(key.endswith(".alpha") for key in tensors) == (kind == "sdxl")


@pytest.mark.parametrize("method", ["lora", "locon"])
def test_diffusers_draws_the_same(base_folder, trained, method):
    tensors = load_file(trained(method))
    pipeline = StableDiffusionPipeline.from_pretrained(base_folder, safety_checker=None)
    pipeline.load_lora_weights(str(trained(method)))
    names = {unet_name(path) for path, module in pipeline.unet.named_modules() if hasattr(module, "lora_A")}
    names |= {text_name(path) for path, module in pipeline.text_encoder.named_modules() if hasattr(module, "lora_A")}
    assert names == {key.split(".")[0] for key in tensors}
    assert torch.allclose(predicted(pipeline), merged(base_folder, tensors), atol=1e-5)


@pytest.mark.parametrize("method", ["loha", "lokr"])
def test_diffusers_refuses_the_others_in_stable_diffusion(base_folder, trained, method):
    pipeline = StableDiffusionPipeline.from_pretrained(base_folder, safety_checker=None)
    with pytest.raises(ValueError, match="not been correctly renamed"):
        pipeline.load_lora_weights(str(trained(method)))


def test_diffusers_leaves_the_lengths_of_dora_out(base_folder, trained):
    tensors = load_file(trained("dora"))
    pipeline = StableDiffusionPipeline.from_pretrained(base_folder, safety_checker=None)
    pipeline.load_lora_weights(str(trained("dora")))
    plain = {key: tensor for key, tensor in tensors.items() if not key.endswith(".dora_scale")}
    assert torch.allclose(predicted(pipeline), merged(base_folder, plain), atol=1e-5)
    assert not torch.allclose(predicted(pipeline), merged(base_folder, tensors), atol=1e-3)


@each
def test_a_module_begins_alike_whatever_else_is_learnt(base_folder, method):
    beginnings = []
    for seed, text_encoder in ((0, True), (1, False), (0, False)):
        torch.manual_seed(seed)
        learnt = learnt_of(loaded_of(base_folder), values_of(method, text_encoder=text_encoder, seed=seed), CPU)
        beginnings.append({name: one.detach().clone() for name, one in learnt.parameters.items()})
    first, other, again = beginnings
    assert again.keys() < first.keys()
    assert all(torch.equal(first[name], one) for name, one in again.items())
    assert any(not torch.equal(other[name], one) for name, one in again.items())


@each
def test_mixed_precision_and_checkpointed_gradients(base_folder, tmp_path, method):
    # Without convolutions: of one pixel, as the deepest are here, torch's bfloat16 gradients are at times no numbers.
    narrow = {"convolutions": False, "conv_rank": None, "conv_alpha": None}
    exact = train_tiny(loaded_of(base_folder), tmp_path / "exact", values_of(method, **narrow))
    values = values_of(method, **narrow, precision="bfloat16", gradient_checkpointing=True)
    mixed = train_tiny(loaded_of(base_folder), tmp_path / "mixed", values)
    assert mixed.losses["loss"].to_list() == pytest.approx(exact.losses["loss"].to_list(), rel=0.05)


# What ComfyUI looks for after a module's name (comfy/weight_adapter): of each kind all of the first, maybe the others.
COMFY = {
    "lora": ({"lora_up.weight", "lora_down.weight"}, {"lora_mid.weight", "alpha", "dora_scale", "reshape_weight"}),
    "loha": ({"hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"}, {"hada_t1", "hada_t2", "alpha", "dora_scale"}),
    "lokr": (
        set(),
        {"lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2", "alpha", "dora_scale"},
    ),
}


@each
def test_comfyui_finds_every_key_and_changes_the_weights_alike(base_folder, trained, method):
    tensors = {key: tensor.float() for key, tensor in load_file(trained(method)).items()}
    loaded = loaded_of(base_folder)
    modules = modules_by_name(loaded)
    kind = re.sub("locon|dora", "lora", method.split("-")[0])
    always, maybe = COMFY[kind]
    found = {name: set() for name in {key.split(".")[0] for key in tensors}}
    for key in tensors:
        name, _, part = key.partition(".")
        found[name].add(part)
    assert found.keys() <= modules.keys()  # lora_unet_ and lora_te_text_model_encoder_layers_: what it maps to a weight
    assert all(always <= parts <= always | maybe for parts in found.values())
    if method == "dora":
        return  # of which it divides by the base's lengths: docs/training.md
    deltas = lora_file.deltas(tensors)
    for name in found:
        of = {part: tensors[f"{name}.{part}"] for part in found[name]}
        weight = modules[name].weight
        assert torch.allclose(deltas[name].reshape(weight.shape), comfy(kind, of, weight.shape), atol=1e-6), name


def comfy(kind, of, shape):
    """A module's change as ComfyUI computes it: alpha over the rank that it reads off the matrices."""
    if kind == "lora":
        scale = of["alpha"] / of["lora_down.weight"].shape[0]
        return scale * torch.mm(of["lora_up.weight"].flatten(1), of["lora_down.weight"].flatten(1)).reshape(shape)
    if kind == "loha":
        both = torch.mm(of["hada_w1_a"], of["hada_w1_b"]) * torch.mm(of["hada_w2_a"], of["hada_w2_b"])
        return (of["alpha"] / of["hada_w1_b"].shape[0]) * both.reshape(shape)
    if "lokr_w2" in of:
        first = of["lokr_w1"][:, :, None, None] if of["lokr_w2"].dim() == 4 else of["lokr_w1"]
        return torch.kron(first, of["lokr_w2"]).reshape(shape)
    second = torch.mm(of["lokr_w2_a"], of["lokr_w2_b"])
    return (of["alpha"] / of["lokr_w2_b"].shape[0]) * torch.kron(of["lokr_w1"], second).reshape(shape)


@pytest.mark.parametrize(
    ("values", "module", "arguments"),
    [
        ({"method": "lora"}, "networks.lora", {}),
        ({"method": "dora"}, "lycoris.kohya", {"algo": "lora", "dora_wd": "True"}),
        ({"method": "lokr", "factor": 8}, "lycoris.kohya", {"algo": "lokr", "factor": "8"}),
        (
            {"method": "loha", "convolutions": True, "conv_rank": 4, "conv_alpha": 1.0},
            "lycoris.kohya",
            {"algo": "loha", "conv_dim": "4", "conv_alpha": "1.0"},
        ),
    ],
)
def test_the_file_says_which_network_it_is_of(base_folder, values, module, arguments):
    given = params(**values)
    about = metadata("hana", phases_of(EXAMPLES, given), given, loaded_of(base_folder), 1, 1)
    assert (about["ss_network_module"], json.loads(about["ss_network_args"])) == (module, arguments)


@pytest.mark.parametrize(
    ("values", "modules", "tensors", "numbers"),
    [
        ({"method": "lora"}, 264, 528, 9_437_184),
        ({"method": "lora", "convolutions": True}, 350, 700, 19_467_264),
        ({"method": "dora"}, 264, 792, 9_757_248),
        ({"method": "loha"}, 264, 1056, 18_874_368),
        ({"method": "lokr"}, 264, 644, 483_040),  # rank 16 is more than half of a side in 148 modules: whole there
        ({"method": "lokr", "factor": 8}, 264, 792, 1_196_544),
    ],
)
def test_sizes_on_stable_diffusion_1_5(monkeypatch, values, modules, tensors, numbers):
    """docs/training.md has them as megabytes."""
    monkeypatch.setattr(torch.Tensor, "cpu", lambda self: self)  # where lycoris measures lengths, which meta has not
    with torch.device("meta"):
        unet = UNet2DConditionModel(cross_attention_dim=768)
        text = CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12))
    given = params(rank=16, alpha=16.0, **values)
    found = [
        *adapters.attached(unet, unet_modules(unet, "transformer", given.convolutions), given, "unet").values(),
        *adapters.attached(text, text_modules(text), given, "text").values(),
    ]
    parts = [part for of in found for part in of.parts.values()]
    assert (len(found), len(parts), sum(part.numel() for part in parts)) == (modules, tensors, numbers)


def test_a_family_without_alpha_has_the_scale_in_its_matrices(base_folder):
    keys = lora_file.LoraKeys(".lora_A.weight", ".lora_B.weight", None)  # as anima's files
    loaded = replace(loaded_of(base_folder), family=replace(FAMILY, lora_keys=keys))
    for method, words in {
        "dora": {"lora_A.weight", "lora_B.weight", "dora_scale"},
        "lokr": {"lokr_w1", "lokr_w2"},
    }.items():
        learnt = learnt_of(loaded_of(base_folder), values_of(method), CPU)
        torch.manual_seed(0)
        with torch.no_grad():
            for one in learnt.parameters.values():
                one += 0.1 * torch.randn_like(one)
        bare = learnt_of(loaded, values_of(method), CPU)
        with torch.no_grad():
            for name, one in bare.parameters.items():
                one.copy_(learnt.parameters[name])
        first, second = learnt.tensors(torch.float32), bare.tensors(torch.float32)
        assert {key.split(".", 1)[1] for key in second} >= words and not any(key.endswith(".alpha") for key in second)
        ones, others = lora_file.changes(first), lora_file.changes(second, keys)
        for one, other in zip(ones, others, strict=True):
            assert one.name == other.name and torch.allclose(one.delta, other.delta, atol=1e-6)
            assert one.lengths is None or torch.equal(one.lengths, other.lengths)


@pytest.mark.parametrize("kind", [LoConModule, LohaModule, LokrModule])
def test_convolutions_in_tuckers_form_are_read(kind):
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(12, 20, 3, bias=False)
    made = kind("a", layer, lora_dim=2, alpha=2, use_tucker=True)
    tensors = {f"a.{part}": torch.randn_like(one) for part, one in made.state_dict().items() if part != "alpha"}
    assert {"a.lora_mid.weight", "a.hada_t1", "a.lokr_t2"} & tensors.keys()
    with torch.no_grad():
        for part, one in made.named_parameters():
            one.copy_(tensors[f"a.{part}"])
    wanted, _ = made.get_diff_weight(shape=layer.weight.shape)
    (change,) = lora_file.changes({**tensors, "a.alpha": torch.tensor(2.0)})
    assert torch.allclose(change.delta, wanted, atol=1e-5)


def test_lengths_of_rows_and_of_columns():
    layer = torch.nn.Linear(2, 2, bias=False)
    tensors = lora_file.entry("a", torch.eye(2), torch.tensor([[3.0, 0.0], [4.0, 1.0]]), 2.0, torch.float32)
    for lengths, wanted in (
        ([[10.0], [1.0]], [[10.0, 0.0], [4 / 17**0.5, 1 / 17**0.5]]),  # of (3, 0) and (4, 1)
        ([[10.0, 2.0]], [[6.0, 0.0], [8.0, 2.0]]),  # of (3, 4) and (0, 1)
    ):
        with torch.no_grad():
            layer.weight.zero_()
        with lora_file.merged({"a": layer}, {**tensors, "a.dora_scale": torch.tensor(lengths)}):
            assert torch.allclose(layer.weight, torch.tensor(wanted))
        with lora_file.merged({"a": layer}, {**tensors, "a.dora_scale": torch.tensor(lengths)}, scale=0.5):
            assert torch.allclose(layer.weight, 0.5 * torch.tensor(wanted))
        assert layer.weight.eq(0).all()


@each
def test_the_weights_are_as_before_to_the_bit(base_folder, trained, method):
    loaded = loaded_of(base_folder)
    before = {name: one.detach().clone() for name, one in loaded.base.unet.state_dict().items()}
    with lora_file.merged(modules_by_name(loaded), load_file(trained(method))):
        assert any(not torch.equal(before[name], one) for name, one in loaded.base.unet.state_dict().items())
    assert all(torch.equal(before[name], one) for name, one in loaded.base.unet.state_dict().items())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"factor": 8}, "factor is lokr's, and method is lora; set it to -1, or method to lokr"),
        ({"method": "lokr", "factor": 1}, "factor 1 divides nothing; set it to -1, or to 2 and more"),
        ({"method": "lokr", "factor": 0}, "factor 0 divides nothing; set it to -1, or to 2 and more"),
        ({"method": "loha", "conv_rank": 4}, "conv_rank and conv_alpha are of convolutions; set them to null"),
        (
            {"optimizer": "prodigy", "text_encoder": True, "learning_rate": 1.0, "text_learning_rate": 0.5},
            "prodigy has one learning rate, and learning_rate is 1, text_learning_rate 0.5; set both to 1, or text_enc",
        ),
        ({"method": "locon"}, "Input should be 'lora', 'dora', 'loha', 'lokr' or 'full'"),
    ],
)
def test_what_a_method_has_no_use_for_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        params(**values)


def test_a_factor_that_does_not_divide_is_refused_before_anything_is_done(base_folder, tmp_path):
    with pytest.raises(GengaError) as error:
        train_tiny(loaded_of(base_folder), tmp_path, values_of("lokr", factor=3))
    assert str(error.value) == (
        "params.yaml:train.factor 3 does not divide the 8 x 8 of lora_unet_down_blocks_0_attentions_0_proj_in; take a"
        " divisor of 8, or -1"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (
            {"a.oft_blocks": torch.eye(2)},
            "made for another family, or by another method: nothing here reads a.oft_blocks",
        ),
        (
            {"a.lora_A.weight": torch.eye(2)},
            "made for another family, or by another method: nothing here reads a.lora_A.w",
        ),
        (
            {"a.hada_w1_a": torch.eye(2), "a.alpha": torch.tensor(1.0)},
            "is not whole: a has no hada_w1_b; train the run",
        ),
        ({"a.lokr_w1": torch.eye(2)}, "is not whole: a has no lokr_w2_b; train the run again"),
        (
            {"a.lokr_w1": torch.eye(3), "a.lokr_w2": torch.eye(2)},
            r"another base: a has shape \(4, 4\), not \(6, 6\) here",
        ),
        ({"b.lokr_w1": torch.eye(2), "b.lokr_w2": torch.eye(2)}, "made for another base: b has no such module here"),
    ],
)
def test_a_file_that_is_not_of_this_base_is_one_line(tensors, message):
    layer = torch.nn.Linear(4, 4)
    before = layer.weight.detach().clone()
    with pytest.raises(GengaError, match=message), lora_file.merged({"a": layer}, tensors):
        pass
    assert torch.equal(layer.weight, before)
