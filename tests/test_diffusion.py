"""genga.training.families.sd15: a base from a folder or a single file, its prompts encoded, its tokens counted."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from single_file import save_single_file
from tiny_base import save_tiny_base

from genga.errors import GengaError
from genga.training.families.sd15 import device_of, encode, length_of, load_base, state_sha256


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "base")


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_folder_is_loaded_frozen_and_in_float32(copy):
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    save_file({name: tensor.half() for name, tensor in load_file(weights).items()}, weights)
    base = load_base(copy)
    for part in (base.unet, base.vae, base.text_encoder):
        assert {(weight.dtype, weight.requires_grad) for weight in part.parameters()} == {(torch.float32, False)}
    assert base.prediction == "epsilon"
    assert base.alphas_cumprod.shape == (1000,)
    assert base.alphas_cumprod[0].item() == pytest.approx(1 - 0.00085)


def test_the_text_encoder_of_published_files_has_a_wrapper_in_its_names(folder, copy):
    weights = copy / "text_encoder" / "model.safetensors"
    bare = {f"text_model.{name.removeprefix('text_model.')}": tensor for name, tensor in load_file(weights).items()}
    save_file(bare, weights, {"format": "pt"})
    assert state_sha256(load_base(copy).text_encoder) == state_sha256(load_base(folder).text_encoder)


def test_clip_skip_takes_an_earlier_layer(folder):
    base = load_base(folder)
    ids = base.tokenizer(["hana"], padding="max_length", return_tensors="pt").input_ids
    states = base.text_encoder(ids, output_hidden_states=True)
    norm = base.text_encoder.final_layer_norm
    assert torch.equal(encode(base, ["hana"], 1), norm(states.hidden_states[-1]))
    assert torch.equal(encode(base, ["hana"], 2), norm(states.hidden_states[-2]))


def test_tokens_are_counted_without_start_and_end(folder):
    base = load_base(folder)
    # CLIP reads a digit as a word of its own, and "girl" alone is not in this vocabulary
    assert [length_of(base, caption) for caption in ("", "hana", "hana, smile", "hana, 1girl")] == [0, 1, 3, 7]


def test_equal_weights_have_equal_hashes(folder):
    base = load_base(folder)
    before = state_sha256(base.vae)
    assert state_sha256(load_base(folder).vae) == before
    next(base.vae.parameters()).data += 1
    assert state_sha256(base.vae) != before


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda base: shutil.rmtree(base / "vae"), r"not a diffusers folder, vae/ is missing; `genga models pull`"),
        (lambda base: (base / "unet" / "config.json").write_text("{"), "cannot be loaded as a base: "),
        (
            lambda base: (base / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"half"),
            "cannot be loaded as a base: ",
        ),
        (
            lambda base: change(base / "scheduler" / "scheduler_config.json", prediction_type="sample"),
            "prediction_type sample is not epsilon or v_prediction",
        ),
    ],
)
def test_what_is_no_base_is_named_in_one_line(copy, damage, message):
    damage(copy)
    with pytest.raises(GengaError, match=message) as caught:
        load_base(copy)
    assert str(caught.value).startswith(str(copy))
    assert "\n" not in str(caught.value)


def test_a_single_file_is_the_base_it_was_written_from(folder, tmp_path):
    save_single_file(folder, tmp_path / "tiny.safetensors")
    weights = shutil.ignore_patterns("*.safetensors")
    shutil.copytree(folder, tmp_path / "tiny", ignore=weights)
    single, whole = load_base(tmp_path / "tiny.safetensors"), load_base(folder)
    for part in ("unet", "vae", "text_encoder"):
        assert state_sha256(getattr(single, part)) == state_sha256(getattr(whole, part)), part
    assert single.prediction == whole.prediction
    assert torch.equal(single.alphas_cumprod, whole.alphas_cumprod)
    assert torch.equal(encode(single, ["hana"], 1), encode(whole, ["hana"], 1))


def test_a_single_file_needs_its_configuration_beside_it(tmp_path):
    with pytest.raises(GengaError, match="model.safetensors: no such file"):
        load_base(tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(GengaError, match=r"needs its configuration beside it: .* as .*/model/$"):
        load_base(tmp_path / "model.safetensors")


def test_the_device_is_the_cpu_where_there_is_no_other(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of("auto") == torch.device("cpu")
    assert capsys.readouterr().err == ""
    assert device_of("cuda") == torch.device("cpu")
    assert "there is no CUDA device: the CPU is used" in capsys.readouterr().err
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_of("cpu") == torch.device("cpu")
    assert device_of("auto") == torch.device("cuda")
