"""Names and blocks of the real SD 1.5 and SDXL: every key of the full-size models on torch's meta device."""

from collections import Counter
from pathlib import Path

import pytest
import torch
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from bench._checkpoints import real_texts, real_unet, real_vae
from bench._checkpoints import source as real
from genga.errors import GengaError
from genga.params.merge import Params
from genga.training._layouts.sd import AUTOENCODER, OPEN_CLIP, UNET, autoencoder_places, outside, unet_places
from genga.training._layouts.unet import from_original
from genga.training._merge.blocks import BLOCKS, PRESETS, block_of, weights_of
from genga.training._merge.layout import source_of
from genga.training._merge.lora import modules_of

KINDS = ("sd15", "sdxl")


def original_unet(kind: str) -> dict[str, torch.Tensor]:
    """The UNet's parameters by their original names."""
    state = real_unet(kind).state_dict()
    return {key.removeprefix(UNET): tensor for key, tensor in outside(unet_places(state), state).items()}


@pytest.mark.parametrize(("kind", "keys"), [("sd15", 686), ("sdxl", 1680)])
def test_every_key_of_the_unet_has_an_original_name_and_back(kind: str, keys: int) -> None:
    """diffusers' own converter, which reads the original names, finds what was named."""
    unet, original = real_unet(kind), original_unet(kind)
    assert len(original) == keys
    config = {**unet.config, "layers_per_block": 2}
    back = convert_ldm_unet_checkpoint({UNET + key: tensor for key, tensor in original.items()}, config)
    assert {key: of.shape for key, of in back.items()} == {key: of.shape for key, of in unet.state_dict().items()}
    names = from_original(original)
    assert set(names.values()) == unet.state_dict().keys()
    assert {UNET + key: name for key, name in names.items()} == {
        place.key: name for name, place in unet_places(unet.state_dict()).items()
    }


def test_every_key_of_the_autoencoder_has_an_original_name_and_back() -> None:
    vae = real_vae()
    state = vae.state_dict()
    original = outside(autoencoder_places(state), state)
    assert len(original) == len(state) == 248 and all(key.startswith(AUTOENCODER) for key in original)
    back = convert_ldm_vae_checkpoint(original, vae.config)
    assert {key: of.shape for key, of in back.items()} == {key: of.shape for key, of in state.items()}


def test_every_key_of_the_unet_of_sd15_has_a_block() -> None:
    counts = Counter(block_of(UNET + key, "sd15") for key in original_unet("sd15"))
    assert sum(counts.values()) == 686 and counts.keys() == set(BLOCKS["sd15"]) - {"BASE"}
    # time_embed is with IN00, out. with OUT11, a sampler with the block before it: OUT02, 05, 08
    assert [counts[block] for block in BLOCKS["sd15"][1:]] == [
        6, 36, 36, 2, 38, 36, 2, 38, 36, 2, 10, 10, 46, 12, 12, 14, 38, 38, 40, 38, 38, 40, 38, 38, 42,
    ]  # fmt: skip


def test_every_key_of_the_unet_of_sdxl_has_a_block() -> None:
    counts = Counter(block_of(UNET + key, "sdxl") for key in original_unet("sdxl"))
    assert sum(counts.values()) == 1680 and counts.keys() == set(BLOCKS["sdxl"]) - {"BASE"}
    assert [counts[block] for block in BLOCKS["sdxl"][1:]] == [
        10, 10, 10, 2, 58, 56, 2, 218, 216, 226, 218, 218, 220, 58, 58, 60, 12, 12, 16,
    ]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_text_encoders_and_autoencoder_are_base(kind: str) -> None:
    entries = real(kind).entries
    assert {block_of(key, kind) for key in entries if not key.startswith(UNET)} == {"BASE"}


@pytest.mark.parametrize(
    ("key", "kind", "block"),
    [
        ("time_embed.0.weight", "sd15", "IN00"), ("input_blocks.0.0.bias", "sd15", "IN00"),
        ("input_blocks.11.0.in_layers.0.weight", "sd15", "IN11"), ("middle_block.2.out_layers.3.bias", "sd15", "M00"),
        ("output_blocks.1.0.emb_layers.1.bias", "sd15", "OUT01"), ("out.0.weight", "sd15", "OUT11"),
        ("label_emb.0.2.bias", "sdxl", "IN00"), ("output_blocks.8.0.skip_connection.bias", "sdxl", "OUT08"),
        ("out.2.bias", "sdxl", "OUT08"), ("middle_block.1.transformer_blocks.9.norm1.bias", "sdxl", "M00"),
    ],
)  # fmt: skip
def test_a_key_is_of_its_block(key: str, kind: str, block: str) -> None:
    assert block_of(UNET + key, kind) == block


def test_the_presets_have_26_weights_and_are_those_of_the_process() -> None:
    high = weights_of("k", "animediffusion-high", None, "sd15")
    low = weights_of("k", "animediffusion-low", None, "sd15")
    assert list(high) == list(BLOCKS["sd15"]) and (high["BASE"], high["IN01"], high["IN06"], high["M00"]) == (
        0,
        1,
        0.33,
        0,
    )
    assert [high[f"OUT{number:02}"] for number in range(5, 12)] == [0.33, 0.33, 0.67, 0.67, 1, 1, 0]
    assert (low["IN05"], low["IN06"], low["IN10"], low["M00"], low["OUT01"], low["OUT05"], low["OUT06"]) == (
        0,
        0.33,
        1,
        1,
        1,
        0.33,
        0,
    )
    assert sum(high.values()) == pytest.approx(8.0) and sum(low.values()) == pytest.approx(9.0)
    words = Params.model_json_schema()["properties"]["blocks"]["anyOf"][0]["enum"]
    assert words == list(PRESETS)


@pytest.mark.parametrize(
    ("said", "kind", "got"),
    [
        ([0.0] * 26, "sdxl", "26"),
        ([0.0] * 20, "sd15", "20"),
        ("animediffusion-low", "sdxl", "animediffusion-low, which has 26"),
    ],
)
def test_block_weights_of_another_number_are_refused(said, kind: str, got: str) -> None:
    with pytest.raises(
        GengaError, match=rf"^params\.yaml:merges\.x\.blocks: .* blocks, BASE, IN00 … OUT.*; got {got}$"
    ):
        weights_of("params.yaml:merges.x.blocks", said, None, kind)


def kohya(kind: str) -> set[str]:
    """The modules that kohya's sd-scripts train, by the rule that its documents give: all linear layers and 1x1
    convolutions of the transformers; q, k, v, out and MLP of the text encoders."""
    found = set()
    for path, module in real_unet(kind).named_modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d) and ".attentions." in path:
            found.add("lora_unet_" + path.replace(".", "_"))
    for number, encoder in enumerate(real_texts(kind).values(), 1):
        for path, module in encoder.named_modules():
            if isinstance(module, torch.nn.Linear) and "encoder" in path:
                te = "lora_te" if kind == "sd15" else f"lora_te{number}"
                found.add(f"{te}_text_model_{path.removeprefix('text_model.').replace('.', '_')}")
    return found


@pytest.mark.parametrize(("kind", "modules"), [("sd15", 192 + 72), ("sdxl", 722 + 72 + 192)])
def test_every_module_of_a_lora_is_found(kind: str, modules: int) -> None:
    names = kohya(kind)
    assert len(names) == modules
    assert not names - modules_of(real(kind)).keys()


def test_sdxls_modules_have_their_original_names_too() -> None:
    """As kohya writes them: SDXL's UNet by input_blocks, middle_block, output_blocks."""
    found = modules_of(real("sdxl"))
    name = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q"
    assert found[name] == found["lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q"]
    assert found[name].key == f"{UNET}input_blocks.4.1.transformer_blocks.0.attn1.to_q.weight"
    third = found["lora_te2_text_model_encoder_layers_31_self_attn_v_proj"]
    assert (third.key, third.third) == (f"{OPEN_CLIP}transformer.resblocks.31.attn.in_proj_weight", 2)


def test_open_clips_names_are_those_that_diffusers_reads(tmp_path: Path) -> None:
    """A folder's second text encoder, put under original names, is by diffusers' own converter what it was."""
    from diffusers.loaders.single_file_utils import convert_open_clip_checkpoint

    torch.manual_seed(0)
    config = CLIPTextConfig(hidden_size=8, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
                            vocab_size=20, max_position_embeddings=7, projection_dim=6)  # fmt: skip
    encoder = CLIPTextModelWithProjection(config)
    unet, vae = real_unet("sdxl").state_dict(), real_vae().state_dict()
    parts = {"unet": {key: torch.zeros(1) for key in unet}, "vae": {key: torch.zeros(1) for key in vae},
             "text_encoder": {"text_model.x": torch.zeros(1)}, "text_encoder_2": encoder.state_dict()}  # fmt: skip
    for name, tensors in parts.items():
        (tmp_path / name).mkdir()
        save_file({key: of.contiguous() for key, of in tensors.items()}, tmp_path / name / "model.safetensors")
    entries = source_of(tmp_path, "merges.x.a", "0").entries
    read = {key: of.read() for key, of in entries.items() if key.startswith(OPEN_CLIP)}
    back = convert_open_clip_checkpoint(encoder, read, prefix=OPEN_CLIP)
    for key, tensor in encoder.state_dict().items():
        assert torch.equal(back[key], tensor), key
