"""genga.training.families.sd15: a base from a folder or a file, prompts encoded, tokens counted, modules named."""

import json
import shutil

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file
from single_file import save_single_file
from tiny_base import save_tiny_base
from training_params import params
from transformers import CLIPTextConfig, CLIPTextModel

from genga.errors import GengaError
from genga.training._layouts.kohya import text_name, unet_name
from genga.training.device import state_sha256
from genga.training.families import sd15
from genga.training.families._sd15.lora import text_modules, unet_modules
from genga.training.families.sd15 import FAMILY, encode, encode_parts, is_cut, layers, length_of, load


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
    base = load(copy)
    for part in (base.unet, base.vae, base.text_encoder):
        assert {(weight.dtype, weight.requires_grad) for weight in part.parameters()} == {(torch.float32, False)}
    assert base.prediction == "epsilon"
    assert base.alphas_cumprod.shape == (1000,)
    assert base.alphas_cumprod[0].item() == pytest.approx(1 - 0.00085)


def test_the_text_encoder_of_published_files_has_a_wrapper_in_its_names(folder, copy):
    weights = copy / "text_encoder" / "model.safetensors"
    bare = {f"text_model.{name.removeprefix('text_model.')}": tensor for name, tensor in load_file(weights).items()}
    save_file(bare, weights, {"format": "pt"})
    assert state_sha256(load(copy).text_encoder) == state_sha256(load(folder).text_encoder)


def test_clip_skip_takes_an_earlier_layer(folder):
    base = load(folder)
    ids = base.tokenizer(["hana"], padding="max_length", return_tensors="pt").input_ids
    states = base.text_encoder(ids, output_hidden_states=True)
    norm = base.text_encoder.final_layer_norm
    assert torch.equal(encode(base, ["hana"], 1)[0], norm(states.hidden_states[-1]))
    assert torch.equal(encode(base, ["hana"], 2)[0], norm(states.hidden_states[-2]))


def test_tokens_are_counted_without_start_and_end(folder):
    base = load(folder)
    # CLIP reads a digit as a word of its own, and "girl" alone is not in this vocabulary
    assert [length_of(base, caption) for caption in ("", "hana", "hana, smile", "hana, 1girl")] == [0, 1, 3, 7]


def test_a_text_is_cut_after_the_tokens_between_start_and_end(folder):
    base = load(folder)  # 16 tokens: 14 between start and end
    assert [is_cut(base, [", ".join(["smile"] * count)]) for count in (7, 8)] == [False, True]
    assert [is_cut(base, ["smile, " * 7, *more]) for more in ([], [""], ["smile"])] == [False, False, True]


def test_a_prompt_without_weights_is_encoded_as_a_caption_is(folder):
    base = load(folder)
    for clip_skip in (1, 2):
        for parts in ([], [("hana, smile", 1.0)], [("hana, ", 1.0), ("smile", 1.0)]):
            text = "".join(text for text, _ in parts)
            assert torch.equal(encode_parts(base, parts, clip_skip)[0], encode(base, [text], clip_skip)[0])


@pytest.mark.parametrize(
    ("bias", "mean_kept"),  # of the last layer norm: with none, the mean of what it says is zero
    [(0.0, lambda before, after: 1.0), (0.3, lambda before, after: before.mean() / after.mean())],
)
def test_a_weight_scales_its_own_tokens_and_the_mean_stays(folder, bias, mean_kept):
    base = load(folder)
    base.text_encoder.final_layer_norm.bias.fill_(bias)
    (plain,) = encode(base, ["hana, smile, solo"], 1)  # start, hana, comma, smile: the fourth
    (found,) = encode_parts(base, [("hana, ", 1.0), ("smile", 1.5), (", solo", 1.0)], 1)
    by_hand = plain.clone()
    by_hand[0, 3] *= 1.5
    assert torch.allclose(found, by_hand * mean_kept(plain, by_hand), atol=1e-5)
    assert not torch.allclose(found, plain, atol=1e-3)


def test_the_encoder_has_two_layers(folder):
    assert layers(load(folder)) == 2


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
        (
            lambda base: change(base / "scheduler" / "scheduler_config.json", rescale_betas_zero_snr=True),
            "rescale_betas_zero_snr with prediction_type epsilon: .*; correct scheduler/scheduler_config.json",
        ),
    ],
)
def test_what_is_no_base_is_named_in_one_line(copy, damage, message):
    damage(copy)
    with pytest.raises(GengaError, match=message) as caught:
        load(copy)
    assert str(caught.value).startswith(str(copy))
    assert "\n" not in str(caught.value)


def test_a_single_file_is_the_base_it_was_written_from(folder, tmp_path):
    save_single_file(folder, tmp_path / "tiny.safetensors")
    weights = shutil.ignore_patterns("*.safetensors")
    shutil.copytree(folder, tmp_path / "tiny", ignore=weights)
    single, whole = load(tmp_path / "tiny.safetensors"), load(folder)
    for part in ("unet", "vae", "text_encoder"):
        assert state_sha256(getattr(single, part)) == state_sha256(getattr(whole, part)), part
    assert single.prediction == whole.prediction
    assert torch.equal(single.alphas_cumprod, whole.alphas_cumprod)
    assert torch.equal(encode(single, ["hana"], 1)[0], encode(whole, ["hana"], 1)[0])


def test_a_single_file_that_is_missing_or_of_other_sizes_is_named(folder, tmp_path):
    with pytest.raises(GengaError, match="model.safetensors: no such file"):
        load(tmp_path / "model.safetensors")
    save_single_file(folder, tmp_path / "model.safetensors")  # alone it is taken for one of SD 1.5's size
    with pytest.raises(GengaError, match=r"model\.safetensors: .* or of another kind$"):
        load(tmp_path / "model.safetensors")


def test_names_are_kohyas():
    assert unet_name("mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0") == (
        "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_out_0"
    )
    # with the wrapper of older transformers and without it
    for module in ("text_model.encoder.layers.3.mlp.fc1", "encoder.layers.3.mlp.fc1"):
        assert text_name(module) == "lora_te_text_model_encoder_layers_3_mlp_fc1"


def test_sd15_has_192_unet_and_72_text_encoder_modules():
    with torch.device("meta"):
        unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768)  # the rest of SD 1.5 is the default
        text = CLIPTextModel(
            CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)
        )
    assert sum(weight.numel() for weight in unet.parameters()) == 859_520_964
    modules = unet_modules(unet, "transformer", False)
    assert len(modules) == 192
    assert len(unet_modules(unet, "attention", False)) == 128
    assert len(unet_modules(unet, "transformer", True)) == 192 + 22 * 3 + 14 + 3 + 3
    assert len(text_modules(text)) == 72
    names = [unet_name(module) for module in modules]
    block = "lora_unet_down_blocks_0_attentions_0_"
    assert [name.removeprefix(block) for name in names if name.startswith(block)] == [
        "proj_in",
        "proj_out",
        "transformer_blocks_0_attn1_to_k",
        "transformer_blocks_0_attn1_to_out_0",
        "transformer_blocks_0_attn1_to_q",
        "transformer_blocks_0_attn1_to_v",
        "transformer_blocks_0_attn2_to_k",
        "transformer_blocks_0_attn2_to_out_0",
        "transformer_blocks_0_attn2_to_q",
        "transformer_blocks_0_attn2_to_v",
        "transformer_blocks_0_ff_net_0_proj",
        "transformer_blocks_0_ff_net_2",
    ]


def test_a_shift_is_of_flow_matching(folder):
    sd15.FAMILY.check(load(folder), params())
    with pytest.raises(GengaError, match=r"^params.yaml:train.shift is 3, but this base has no flow matching; set it"):
        sd15.FAMILY.check(load(folder), params(shift=3.0))


def test_a_folder_that_says_nothing_of_what_is_predicted_predicts_noise(tmp_path):
    """As the scheduler_config.json of stable-diffusion-v1-5, which is older than the key."""
    folder = save_tiny_base(tmp_path / "base")
    file = folder / "scheduler" / "scheduler_config.json"
    known = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({key: known[key] for key in known if key != "prediction_type"}), encoding="utf-8")
    base = load(folder)
    assert base.schedule == known
    assert FAMILY.schedule(base, torch.device("cpu"), None).prediction == "epsilon"
