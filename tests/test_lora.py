"""genga.training.lora_file: kohya's form and metadata, equal bytes, and the same picture as a manual merge."""

import hashlib
import json

import pytest
import torch
from diffusers import StableDiffusionPipeline
from diffusers.utils import logging
from safetensors import safe_open
from safetensors.torch import load_file
from tiny_base import save_tiny_base

from genga.errors import GengaError
from genga.training import adapters, lora_file, tensor_file
from genga.training._layouts.kohya import text_name, unet_name
from genga.training.applied import modules_by_name
from genga.training.families._sd15.lora import text_modules, unet_modules
from genga.training.families.family import LoadedBase
from genga.training.families.sd15 import FAMILY, encode, load

logging.set_verbosity_error()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_base(tmp_path_factory.mktemp("base"))


def test_a_change_is_alpha_over_rank_times_up_times_down():
    down, up = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    tensors = lora_file.entry("a", down, up, alpha=1.0, dtype=torch.float32)
    assert tensors["a.alpha"].shape == ()
    assert lora_file.deltas(tensors)["a"].tolist() == [[0.5, 1.0], [1.5, 2.0], [2.0, 3.0]]


def test_convolutions_stay_four_dimensional():
    tensors = lora_file.entry("a", torch.ones(2, 3, 5, 5), torch.ones(4, 2, 1, 1), alpha=2.0, dtype=torch.float16)
    delta = lora_file.deltas(tensors)["a"]
    assert delta.shape == (4, 3, 5, 5)
    assert delta.unique().tolist() == [2.0]


def test_equal_content_gives_equal_bytes(tmp_path):
    tensors = lora_file.entry("b", torch.ones(1, 2), torch.ones(2, 1), 1.0, torch.float32)
    about = {f"ss_{number}": str(number) for number in range(20)}
    path, other = tmp_path / "lora.safetensors", tmp_path / "other.safetensors"
    sha256 = tensor_file.write(path, tensors, about)
    data = path.read_bytes()
    tensor_file.write(other, dict(reversed(tensors.items())), dict(reversed(about.items())))
    assert data == other.read_bytes()
    assert sha256 == hashlib.sha256(data).hexdigest()
    start = 8 + int.from_bytes(data[:8], "little")
    assert start % 8 == 0
    header = json.loads(data[8:start])
    assert list(header) == ["__metadata__", "b.alpha", "b.lora_down.weight", "b.lora_up.weight"]
    assert header["__metadata__"]["sshs_model_hash"] == hashlib.sha256(data[start:]).hexdigest()
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == header["__metadata__"]
        assert file.get_tensor("b.lora_up.weight").tolist() == [[1.0], [1.0]]


def test_merging_ends_with_the_block():
    layer = torch.nn.Linear(2, 2, bias=False)
    before = layer.weight.detach().clone()
    tensors = lora_file.entry("a", torch.eye(2), torch.eye(2), alpha=2.0, dtype=torch.float32)
    with lora_file.merged({"a": layer}, tensors, scale=0.5):
        assert torch.equal(layer.weight, before + 0.5 * torch.eye(2))
    assert torch.equal(layer.weight, before)


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ({}, "the LoRA was made for another base: a has no such module here"),
        ({"a": torch.nn.Linear(3, 2)}, r"the LoRA was made for another base: a has shape \(2, 3\), not \(2, 2\) here"),
    ],
)
def test_a_lora_of_another_base_is_refused(modules, message):
    tensors = lora_file.entry("a", torch.eye(2), torch.eye(2), alpha=2.0, dtype=torch.float32)
    with pytest.raises(GengaError, match=message), lora_file.merged(modules, tensors):
        pass


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(b"not one")
    for reader in (tensor_file.read, tensor_file.read_metadata):
        with pytest.raises(GengaError, match="bad.safetensors: cannot be read as safetensors"):
            reader(path)


def write_random_lora(folder, path):
    """A LoRA for every module that can be adapted, with matrices far from zero; returns its tensors."""
    base = load(folder)
    torch.manual_seed(1)
    tensors = {}
    for model, modules, name_of in (
        (base.unet, unet_modules(base.unet, "transformer", True), unet_name),
        (base.text_encoder, text_modules(base.text_encoder), text_name),
    ):
        adapters.attach(model, modules, 2, 1.0, 0, "any")
        for module, down, up in adapters.matrices(model, modules):
            up.data = torch.randn_like(up) * 0.1
            tensors |= lora_file.entry(name_of(module), down, up, 1.0, torch.float32)
    tensor_file.write(path, tensors, {"ss_network_module": "networks.lora"})
    return tensors


def loaded_matrices(model, name_of):
    """What peft holds after loading, by the names in the file."""
    found = {}
    for path, module in model.named_modules():
        if hasattr(module, "lora_A") and module.lora_A:
            (adapter,) = module.lora_A
            name = name_of(path)
            found[f"{name}.lora_down.weight"] = module.lora_A[adapter].weight
            found[f"{name}.lora_up.weight"] = module.lora_B[adapter].weight
            found[f"{name}.alpha"] = torch.tensor(module.scaling[adapter] * module.r[adapter])
    return found


def test_diffusers_uses_every_key_and_draws_what_a_manual_merge_draws(folder, tmp_path):
    path = tmp_path / "lora.safetensors"
    tensors = write_random_lora(folder, path)
    noisy, timestep = torch.randn(1, 4, 8, 8), torch.tensor([500])

    base = load(folder)

    def predict(parts):
        with torch.no_grad():
            return parts.unet(noisy, timestep, encode(parts, ["hana, smile"], 1)[0]).sample

    plain = predict(base)
    with lora_file.merged(modules_by_name(LoadedBase(FAMILY, "sd15", base, "tiny", "")), tensors):
        merged = predict(base)

    pipeline = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    pipeline.load_lora_weights(str(path))
    held = loaded_matrices(pipeline.unet, unet_name) | loaded_matrices(pipeline.text_encoder, text_name)
    saved = load_file(path)
    assert held.keys() == saved.keys()
    assert all(torch.equal(held[key], saved[key]) for key in saved)
    assert torch.allclose(predict(pipeline), merged, atol=1e-5)
    assert (merged - plain).abs().max() > 1e-2
