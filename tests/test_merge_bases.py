"""Merges of whole bases, tiny ones of SD 1.5's topology: folder and file are one, and what is made loads as a base."""

from pathlib import Path

import pytest
import torch
from merge_files import given, merged, params
from safetensors.torch import load_file
from single_file import save_single_file
from tiny_base import save_tiny_base

from genga.training import lora_file, tensor_file
from genga.training.applied import modules_by_name
from genga.training.families.family import LoadedBase
from genga.training.families.sd15 import FAMILY
from genga.training.merge import Given, merge


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_base(tmp_path_factory.mktemp("base") / "base")


@pytest.fixture(scope="module")
def single(folder: Path) -> Path:
    """The same base as one file, its configuration beside it."""
    path = folder.with_name("one.safetensors")
    save_single_file(folder, path)
    configured(folder, path)
    return path


def configured(folder: Path, path: Path) -> None:
    """Put what a single file lacks beside it: the folder without its weights."""
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix != ".safetensors":
            target = path.with_suffix("") / file.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())


@pytest.fixture(scope="module")
def lora(folder: Path) -> Path:
    """A LoRA of every module, written as training does."""
    loaded = LoadedBase(FAMILY, "sd15", FAMILY.load(folder), "tiny", "0" * 64)
    torch.manual_seed(1)
    tensors = {}
    for name, module in modules_by_name(loaded).items():
        if ("attentions" in name or "self_attn" in name or "_mlp_" in name or "_conv" in name) and "_vae" not in name:
            shape = module.weight.shape
            down, up = torch.randn(2, *shape[1:]), torch.randn(shape[0], 2, *(1 for _ in shape[2:]))
            tensors |= lora_file.entry(name, down * 0.1, up * 0.1, 1.0, torch.float32)
    path = folder.with_name("lora.safetensors")
    tensor_file.write(path, tensors, {})
    return path


def of_folder(folder: Path) -> Given:
    return Given(folder, "base", "0" * 64)


def test_a_folder_is_the_file_of_the_same_weights(folder: Path, single: Path, tmp_path: Path) -> None:
    """single_file.py names them by a way of its own."""
    out = tmp_path / "out.safetensors"
    merge("mix", params("weighted_sum", alpha=0.0), {"a": of_folder(folder), "b": given(single)}).write(out)
    found, expected = load_file(out), load_file(single)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], tensor) for key, tensor in expected.items())


def test_a_baked_base_loads_and_is_the_base_with_the_lora_in_it(folder: Path, lora: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.safetensors"
    made = merge("mix", params("bake_lora", alpha=0.7), {"a": of_folder(folder), "b": given(lora)})
    made.write(out)
    configured(folder, out)
    baked, base = FAMILY.load(out), FAMILY.load(folder)
    tensors = tensor_file.read(lora)
    assert made.changed == len(lora_file.deltas(tensors)) > 100
    modules = modules_by_name(LoadedBase(FAMILY, "sd15", base, "tiny", "0" * 64))
    with lora_file.merged(modules, tensors, scale=0.7):
        for name, network in FAMILY.networks(base).items():
            mine = FAMILY.networks(baked)[name].state_dict()
            for key, tensor in network.state_dict().items():
                assert torch.allclose(mine[key], tensor, atol=1e-6), key


def test_what_was_baked_in_is_extracted_and_loads_as_a_lora(folder: Path, lora: Path, tmp_path: Path) -> None:
    baked, out = tmp_path / "baked.safetensors", tmp_path / "out.safetensors"
    merge("one", params("bake_lora", alpha=1.0), {"a": of_folder(folder), "b": given(lora)}).write(baked)
    said = params("extract_lora", rank=2, convolutions=True)
    merge("two", said, {"a": given(baked), "b": of_folder(folder)}).write(out)
    before, found = lora_file.deltas(tensor_file.read(lora)), lora_file.deltas(tensor_file.read(out))
    assert found.keys() == before.keys()
    for name, change in before.items():
        assert torch.allclose(found[name].reshape(change.shape), change, atol=1e-5), name


def test_an_extracted_lora_is_taken_whole_by_diffusers(folder: Path, lora: Path, tmp_path: Path) -> None:
    from diffusers import StableDiffusionPipeline

    baked, out = tmp_path / "baked.safetensors", tmp_path / "out.safetensors"
    merge("one", params("bake_lora", alpha=1.0), {"a": of_folder(folder), "b": given(lora)}).write(baked)
    merge("two", params("extract_lora", rank=2), {"a": given(baked), "b": of_folder(folder)}).write(out)
    pipeline = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    pipeline.load_lora_weights(str(out))
    adapted = [
        name for network in (pipeline.unet, pipeline.text_encoder)
        for name, module in network.named_modules() if hasattr(module, "lora_A") and module.lora_A
    ]  # fmt: skip
    written = {key.partition(".")[0] for key in load_file(out)}
    assert len(adapted) == len(written)


def test_sums_of_a_file_and_a_folder(folder: Path, single: Path, lora: Path, tmp_path: Path) -> None:
    baked = tmp_path / "baked.safetensors"
    merge("one", params("bake_lora", alpha=1.0), {"a": of_folder(folder), "b": given(lora)}).write(baked)
    found = merged(tmp_path / "out.safetensors", params("weighted_sum", alpha=0.5), baked, single)
    one, two = load_file(baked), load_file(single)
    assert all(torch.allclose(found[key], 0.5 * one[key] + 0.5 * two[key], atol=1e-6) for key in one)
