"""Names in files: what a base's tensors and modules are called there, and that the way back is the same map."""

import pytest

from genga.training._layouts import anima, kohya, sd
from genga.training._layouts.unet import Levels, from_original, unet_path

SDXL = Levels(layers=2, attending=frozenset({0, 1}))
PATHS = {
    "conv_in.weight": "input_blocks.0.0.weight",
    "time_embedding.linear_2.bias": "time_embed.2.bias",
    "add_embedding.linear_1.weight": "label_emb.0.0.weight",
    "down_blocks.0.resnets.1.conv1.weight": "input_blocks.2.0.in_layers.2.weight",
    "down_blocks.0.downsamplers.0.conv.bias": "input_blocks.3.0.op.bias",
    "down_blocks.1.attentions.0.proj_in.weight": "input_blocks.4.1.proj_in.weight",
    "mid_block.attentions.0.norm.weight": "middle_block.1.norm.weight",
    "mid_block.resnets.1.time_emb_proj.weight": "middle_block.2.emb_layers.1.weight",
    "up_blocks.0.resnets.2.conv_shortcut.weight": "output_blocks.2.0.skip_connection.weight",
    "up_blocks.0.upsamplers.0.conv.weight": "output_blocks.2.2.conv.weight",
    "up_blocks.2.resnets.0.norm2.weight": "output_blocks.6.0.out_layers.0.weight",
    "conv_norm_out.weight": "out.0.weight",
}


@pytest.mark.parametrize("ours", PATHS)
def test_a_parameter_has_its_place_in_the_original_unet(ours: str) -> None:
    assert unet_path(ours, SDXL) == PATHS[ours]


def test_the_way_back_is_the_same_map() -> None:
    # Where the levels end, and which have attention on the way up.
    known = ["input_blocks.3.0.op.weight", "input_blocks.6.0.op.weight", "input_blocks.8.0.in_layers.0.bias"]
    known += ["output_blocks.0.1.proj_in.weight", "output_blocks.5.1.proj_in.weight"]
    names = from_original([*PATHS.values(), *known])
    assert {names[theirs]: theirs for theirs in PATHS.values()} == PATHS


@pytest.mark.parametrize(
    "path", ["down_blocks.0.motion_modules.0.x", "mid_block.resnets.0.conv3.weight", "mid_block.resnets.0", "more"]
)
def test_what_no_unet_has_is_no_name(path: str) -> None:
    with pytest.raises(KeyError, match=path):
        unet_path(path, SDXL)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("to_q", "q"), ("to_out.0", "proj_out"), ("query", "q"), ("key", "k"), ("value", "v"), ("proj_attn", "proj_out")],
)
def test_an_autoencoders_attention_has_two_names_in_folders(ours: str, theirs: str) -> None:
    names = ["decoder.up_blocks.3.resnets.0.conv1.weight", f"decoder.mid_block.attentions.0.{ours}.weight"]
    places = sd.autoencoder_places(names)
    assert places[names[0]] == ("first_stage_model.decoder.up.0.block.0.conv1.weight", "same")
    assert places[names[1]] == (f"first_stage_model.decoder.mid.attn_1.{theirs}.weight", "convolution")


@pytest.mark.parametrize(
    ("key", "now"),
    [
        (
            "cond_stage_model.transformer.encoder.layers.0.x",
            "cond_stage_model.transformer.text_model.encoder.layers.0.x",
        ),
        ("cond_stage_model.transformer.text_model.encoder.x", "cond_stage_model.transformer.text_model.encoder.x"),
        ("model.diffusion_model.encoder.x", "model.diffusion_model.encoder.x"),
    ],
)
def test_the_first_anime_bases_text_encoder_has_todays_name(key: str, now: str) -> None:
    assert sd.today(key) == now


def test_the_modules_of_a_lora_have_kohyas_names() -> None:
    assert kohya.unet_name("mid_block.attentions.0.proj_in") == "lora_unet_mid_block_attentions_0_proj_in"
    for path in ("encoder.layers.3.mlp.fc1", "text_model.encoder.layers.3.mlp.fc1"):
        assert kohya.text_name(path) == "lora_te_text_model_encoder_layers_3_mlp_fc1"
        assert kohya.text_name(path, "lora_te2") == "lora_te2_text_model_encoder_layers_3_mlp_fc1"


def test_what_of_anima_a_lora_changes() -> None:
    ten = [f"self_attn.{which}_proj" for which in ("q", "k", "v", "output")]
    ten += [f"cross_attn.{which}_proj" for which in ("q", "k", "v", "output")] + ["mlp.layer1", "mlp.layer2"]
    assert all(anima.is_adapted(f"blocks.27.{name}") for name in ten)
    others = ["blocks.0.adaln_modulation_mlp.1", "blocks.0.self_attn.q_norm", "final_layer.linear", "x_embedder.proj.1"]
    assert not any(map(anima.is_adapted, [*others, "llm_adapter.blocks.0.self_attn.q_proj"]))


@pytest.mark.parametrize(
    ("key", "prefix"),
    [("net.blocks.0.x", "net."), ("model.diffusion_model.blocks.0.x", "model.diffusion_model."), ("blocks.0.x", "")],
)
def test_what_is_before_animas_names_is_seen(key: str, prefix: str) -> None:
    assert anima.prefix_of([key]) == prefix


@pytest.mark.parametrize("key", ["pos_embedder.seq", "accum_iteration", "blocks.0.self_attn._extra_state"])
def test_what_of_anima_is_not_learnt_is_known(key: str) -> None:
    assert anima.is_buffer(key) and not anima.is_buffer("blocks.0.mlp.layer1.weight")
