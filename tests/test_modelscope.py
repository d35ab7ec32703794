"""Family modelscope: a UNet with layers over time, its two layouts, and what is learnt of it."""

import re
from pathlib import Path

import pytest
import torch
from diffusers import TextToVideoSDPipeline, UNet3DConditionModel
from safetensors.torch import load_file, save_file
from tiny_base import save_tiny_base
from tiny_clips import assert_draws_as, train_clips
from tiny_modelscope import save_tiny_modelscope
from training_params import params

from genga.errors import GengaError
from genga.training._layouts import modelscope as names
from genga.training.applied import applied
from genga.training.families import modelscope
from genga.training.families.family import LoadedBase

FAMILY = modelscope.FAMILY
VALUES = {"max_steps": 3, "epochs": 2, "batch": 2, "learning_rate": 0.001}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_modelscope(tmp_path_factory.mktemp("base"))


def loaded(base) -> LoadedBase:
    return LoadedBase(FAMILY, "modelscope", base, "tiny", "0" * 64)


def test_a_clip_is_drawn_as_by_the_pipeline_of_diffusers(folder: Path) -> None:
    base = FAMILY.load(folder)
    pipeline = TextToVideoSDPipeline.from_pretrained(folder)
    pipeline.scheduler = FAMILY.sampler(base, "ddim")
    assert_draws_as(FAMILY, base, pipeline)


def full_size() -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        return UNet3DConditionModel().state_dict()


def test_every_key_and_shape_at_full_size() -> None:
    """What text2video_pytorch_model has: 1,411,233,860 numbers, 5.64 GB of float32."""
    state = full_size()
    file = names.outside(state)
    assert len(file) == len(state) == 1480 and sum(one.numel() for one in file.values()) == 1_411_233_860
    shapes = {key: tuple(tensor.shape) for key, tensor in file.items()}
    assert {key: shapes[key] for key in SOME} == SOME
    blocks = {key.split(".")[1] for key in file if key.startswith("input_blocks.")}
    assert blocks == {str(number) for number in range(12)}
    again = names.inside(state, file.__getitem__)
    assert {name: one.shape for name, one in again.items()} == {name: one.shape for name, one in state.items()}


SOME = {  # one of each kind of place, by hand
    "time_embed.0.weight": (1280, 320),
    "input_blocks.0.0.weight": (320, 4, 3, 3),
    "input_blocks.0.1.proj_in.weight": (512, 320, 1),
    "input_blocks.0.1.transformer_blocks.0.attn1.to_q.weight": (512, 512),
    "input_blocks.1.0.in_layers.2.weight": (320, 320, 3, 3),
    "input_blocks.1.0.temopral_conv.conv1.2.weight": (320, 320, 3, 1, 1),
    "input_blocks.1.0.temopral_conv.conv4.3.weight": (320, 320, 3, 1, 1),
    "input_blocks.1.1.proj_in.weight": (320, 320),
    "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, 1024),
    "input_blocks.1.2.proj_out.weight": (320, 320, 1),
    "input_blocks.3.op.weight": (320, 320, 3, 3),
    "input_blocks.4.0.skip_connection.weight": (640, 320, 1, 1),
    "input_blocks.11.0.temopral_conv.conv2.3.bias": (1280,),
    "middle_block.0.emb_layers.1.weight": (1280, 1280),
    "middle_block.1.norm.weight": (1280,),
    "middle_block.2.proj_in.weight": (1280, 1280, 1),
    "middle_block.3.temopral_conv.conv3.0.weight": (1280,),
    "output_blocks.0.0.in_layers.0.weight": (2560,),
    "output_blocks.2.1.conv.weight": (1280, 1280, 3, 3),
    "output_blocks.5.3.conv.weight": (1280, 1280, 3, 3),
    "output_blocks.8.3.conv.bias": (640,),
    "output_blocks.11.2.transformer_blocks.0.ff.net.0.proj.weight": (2560, 320),
    "out.0.weight": (320,),
    "out.2.weight": (4, 320, 3, 3),
}


def test_the_original_file_and_the_folder_are_written_and_loaded(folder: Path, tmp_path: Path) -> None:
    base = FAMILY.load(folder)
    state = base.unet.state_dict()
    save_file(FAMILY.whole(base, {}), tmp_path / "unet.safetensors")
    other = save_tiny_modelscope(tmp_path / "other")
    FAMILY.write_folder(base, {}, tmp_path / "written")
    again = FAMILY.load_files({"base": other, "original": tmp_path / "unet.safetensors"}).unet.state_dict()
    assert all(torch.equal(again[name], tensor) for name, tensor in state.items())
    pipeline = TextToVideoSDPipeline.from_pretrained(tmp_path / "written")
    assert all(torch.equal(one, state[name]) for name, one in pipeline.unet.state_dict().items())
    assert FAMILY.load(tmp_path / "written").schedule["beta_schedule"] == "scaled_linear"


@pytest.mark.parametrize(
    ("said", "pattern"),
    [
        ({"modules": "attention", "convolutions": True}, r".*\.(attn1|attn2)\..*|.*\.temp_convs\..*"),
        ({"modules": "attention"}, r".*\.(attn1|attn2)\..*"),
        ({"modules": "attention", "parts": ["attn1"]}, r".*\.attn1\..*"),
        ({"modules": "attention", "convolutions": True, "parts": ["temp_"]},
         r".*\.temp_attentions\..*\.(attn1|attn2)\..*|.*\.temp_convs\..*"),
        ({"modules": "transformer"}, r".*\.(temp_)?attentions\..*|transformer_in\..*"),
    ],
)  # fmt: skip
def test_what_is_learnt_is_what_was_chosen(folder: Path, tmp_path: Path, said: dict, pattern: str) -> None:
    base = FAMILY.load(folder)
    before = {name: tensor.clone() for name, tensor in base.unet.state_dict().items()}
    train_clips(loaded(base), tmp_path, params(**VALUES, method="full", **said))
    changed = {name for name, tensor in base.unet.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {name for name in before if re.fullmatch(pattern, name)} and changed
    written = load_file(tmp_path / "hana/unfinished/hana-000003.safetensors")
    assert written.keys() == FAMILY.whole(base, {}).keys()


def test_a_lora_is_put_in_and_taken_out(folder: Path, tmp_path: Path) -> None:
    base = FAMILY.load(folder)
    values = params(**VALUES, method="lora", modules="attention", convolutions=True, rank=2, alpha=1.0)
    train_clips(loaded(base), tmp_path, values)
    file = tmp_path / "hana/unfinished/hana-000003.safetensors"
    tensors = load_file(file)
    convolution = "input_blocks.1.0.temopral_conv.conv1.2"
    assert tensors[f"{convolution}.lora_A"].shape == (2 * 3, 8 * 3)
    assert tensors[f"{convolution}.lora_B"].shape == (8 * 3, 2 * 3)
    fresh = FAMILY.load(folder)
    before = {name: tensor.clone() for name, tensor in fresh.unet.state_dict().items()}
    noisy, at = torch.randn(1, 4, 5, 4, 4, generator=torch.Generator().manual_seed(1)), torch.tensor([500])
    said = FAMILY.encode(fresh, ["hana"], 1, 1)
    with torch.no_grad():
        learnt, plain = FAMILY.predict(base, noisy, at, said, []), FAMILY.predict(fresh, noisy, at, said, [])
        with applied(loaded(fresh), file, False):
            merged = FAMILY.predict(fresh, noisy, at, said, [])
    assert (learnt - plain).abs().max() > 1e-4
    torch.testing.assert_close(merged, learnt, rtol=0, atol=1e-5)
    assert all(torch.equal(one, before[name]) for name, one in fresh.unet.state_dict().items())


def test_memory_is_spared_and_nothing_else_changes(folder: Path, tmp_path: Path) -> None:
    values = {**VALUES, "method": "full", "convolutions": True}
    plain = train_clips(loaded(FAMILY.load(folder)), tmp_path / "a", params(**values)).losses["loss"].to_list()
    spared = params(**values, gradient_checkpointing=True)
    base = FAMILY.load(folder)
    assert train_clips(loaded(base), tmp_path / "b", spared).losses["loss"].to_list() == plain
    assert "forward" in vars(base.unet.down_blocks[0].temp_attentions[0])


def test_what_is_no_such_base_is_one_line(folder: Path, tmp_path: Path) -> None:
    flat = save_tiny_base(tmp_path / "flat")
    with pytest.raises(GengaError, match=r"unet/config.json: is of a UNet2DConditionModel, not a UNet3DConditionModel"):
        FAMILY.load(flat)
    with pytest.raises(GengaError, match="models.yaml has to name a base of family modelscope as folder, of diffusers"):
        FAMILY.load(tmp_path / "unet.pth")
    tensors = FAMILY.whole(FAMILY.load(folder), {})
    save_file({key: one for key, one in tensors.items() if key != "out.0.bias"}, tmp_path / "less.safetensors")
    with pytest.raises(
        GengaError, match=r"less.safetensors: out.0.bias is missing \(1 tensors of unet\): it is cut, or"
    ):
        FAMILY.load_files({"base": folder, "original": tmp_path / "less.safetensors"})
    save_file({**tensors, "out.0.bias": torch.zeros(3)}, tmp_path / "odd.safetensors")
    with pytest.raises(GengaError, match=r"odd.safetensors: out.0.bias has shape \(3,\), expected \(8,\): it is of an"):
        FAMILY.load_files({"base": folder, "original": tmp_path / "odd.safetensors"})
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    with pytest.raises(GengaError, match=r"broken.safetensors: cannot be read as safetensors"):
        FAMILY.load_files({"base": folder, "original": tmp_path / "broken.safetensors"})
