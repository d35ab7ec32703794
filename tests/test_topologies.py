"""Bases at their full size, on torch's meta device: every name and shape of a single file and of a LoRA."""

import hashlib

import pytest
import torch
from accelerate import init_empty_weights
from diffusers.loaders.single_file_utils import (
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
    convert_open_clip_checkpoint,
)

from genga.training.families import sd15, sdxl
from genga.training.families._sd.files import check_keys, network_of
from genga.training.families._sd15.base import KIND as SD15
from genga.training.families._sd15.base import Base as Sd15Base
from genga.training.families._sdxl.base import KIND as SDXL
from genga.training.families._sdxl.base import Base as SdxlBase

FAMILIES = {"sd15": (sd15, SD15, Sd15Base), "sdxl": (sdxl, SDXL, SdxlBase)}


@pytest.fixture(scope="module", params=FAMILIES)
def full(request):
    """A family, its kind, and a base of its full size whose weights are nowhere."""
    family, kind, base = FAMILIES[request.param]
    with init_empty_weights(include_buffers=True):
        networks = {part.folder: part.build(part.config) for part in kind.parts}
    return family, kind, base(**dict.fromkeys(kind.tokenizers), **networks, schedule=dict(kind.schedule))


def digest(tensors):
    """Of every name and shape, sorted."""
    lines = (f"{name} {tuple(tensor.shape)}\n" for name, tensor in sorted(tensors.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def counts(tensors, prefixes):
    return {prefix: sum(name.startswith(prefix) for name in tensors) for prefix in prefixes}


# Literal names and shapes of the published files (sd_xl_base_1.0.safetensors, v1-5-pruned-emaonly.safetensors).
PUBLISHED = {
    "sd15": {
        "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, 768),
        "model.diffusion_model.input_blocks.3.0.op.weight": (320, 320, 3, 3),
        "model.diffusion_model.middle_block.1.proj_in.weight": (1280, 1280, 1, 1),
        "model.diffusion_model.output_blocks.2.1.conv.weight": (1280, 1280, 3, 3),
        "model.diffusion_model.output_blocks.5.2.conv.bias": (1280,),
        "model.diffusion_model.output_blocks.11.0.skip_connection.weight": (320, 640, 1, 1),
        "model.diffusion_model.out.2.weight": (4, 320, 3, 3),
        "cond_stage_model.transformer.text_model.embeddings.position_ids": (1, 77),
        "cond_stage_model.transformer.text_model.encoder.layers.11.mlp.fc1.weight": (3072, 768),
        "first_stage_model.decoder.mid.attn_1.q.weight": (512, 512, 1, 1),
        "first_stage_model.decoder.up.1.upsample.conv.weight": (256, 256, 3, 3),
        "first_stage_model.encoder.down.2.block.0.nin_shortcut.weight": (512, 256, 1, 1),
        "first_stage_model.post_quant_conv.weight": (4, 4, 1, 1),
    },
    "sdxl": {
        "model.diffusion_model.input_blocks.4.1.transformer_blocks.1.ff.net.0.proj.weight": (5120, 640),
        "model.diffusion_model.input_blocks.6.0.op.weight": (640, 640, 3, 3),
        "model.diffusion_model.input_blocks.8.1.transformer_blocks.9.attn2.to_v.weight": (1280, 2048),
        "model.diffusion_model.label_emb.0.0.weight": (1280, 2816),
        "model.diffusion_model.middle_block.1.proj_in.weight": (1280, 1280),
        "model.diffusion_model.output_blocks.2.2.conv.weight": (1280, 1280, 3, 3),
        "model.diffusion_model.output_blocks.5.2.conv.weight": (640, 640, 3, 3),
        "model.diffusion_model.output_blocks.8.0.in_layers.2.weight": (320, 640, 3, 3),
        "conditioner.embedders.0.transformer.text_model.encoder.layers.0.self_attn.q_proj.weight": (768, 768),
        "conditioner.embedders.1.model.transformer.resblocks.31.attn.in_proj_weight": (3840, 1280),
        "conditioner.embedders.1.model.transformer.resblocks.31.mlp.c_proj.weight": (1280, 5120),
        "conditioner.embedders.1.model.positional_embedding": (77, 1280),
        "conditioner.embedders.1.model.text_projection": (1280, 1280),
        "conditioner.embedders.1.model.ln_final.weight": (1280,),
        "conditioner.embedders.1.model.logit_scale": (),
        "first_stage_model.encoder.mid.attn_1.norm.bias": (512,),
    },
}
WHOLE = {  # keys of a single file, by their beginnings
    "sd15": {"model.diffusion_model.": 686, "cond_stage_model.transformer.text_model.": 197, "first_stage_model.": 248},
    "sdxl": {
        "model.diffusion_model.": 1680, "conditioner.embedders.0.transformer.text_model.": 197,
        "conditioner.embedders.1.model.": 390, "first_stage_model.": 248,
    },
}  # fmt: skip
DIGEST = {"sd15": "81e66b91f3e8ccbb", "sdxl": "511aa541a0f4a3e2"}


def test_a_single_file_has_the_published_names_and_shapes(full):
    family, kind, base = full
    tensors = family.FAMILY.whole(base, {})
    assert {name: tuple(tensors[name].shape) for name in PUBLISHED[kind.family]} == PUBLISHED[kind.family]
    assert counts(tensors, WHOLE[kind.family]) == WHOLE[kind.family]
    assert len(tensors) == {"sd15": 1131, "sdxl": 2515}[kind.family] == sum(WHOLE[kind.family].values())
    assert digest(tensors) == DIGEST[kind.family]
    sizes = {part.network: sum(one.numel() for one in getattr(base, part.folder).parameters()) for part in kind.parts}
    assert sizes["unet"] == {"sd15": 859_520_964, "sdxl": 2_567_463_684}[kind.family]
    assert sizes.get("text_2", 694_659_840) == 694_659_840


def test_every_name_is_the_one_that_diffusers_reads_as_ours(full):
    family, kind, base = full
    tensors = family.FAMILY.whole(base, {})
    unet = convert_ldm_unet_checkpoint(dict(tensors), {**base.unet.config, "class_embed_type": None})
    own = base.unet.state_dict()
    assert unet.keys() == own.keys()
    places = kind.parts[0].places(own)
    assert all(unet[name] is tensors[place.key] for name, place in places.items())
    vae = convert_ldm_vae_checkpoint(dict(tensors), dict(base.vae.config))
    assert vae.keys() == base.vae.state_dict().keys()
    if kind is SDXL:
        second = convert_open_clip_checkpoint(
            base.text_encoder_2, dict(tensors), prefix="conditioner.embedders.1.model."
        )
        assert {name.removeprefix("text_model.") for name in second if "position_ids" not in name} == {
            name.removeprefix("text_model.") for name in base.text_encoder_2.state_dict()
        }


def test_a_file_of_these_tensors_is_loaded_whole(full, tmp_path):
    family, kind, base = full
    tensors = family.FAMILY.whole(base, {})
    check_keys(tmp_path, set(tensors), kind)
    for part in kind.parts:
        network = network_of(tmp_path, set(tensors), tensors.__getitem__, part, part.config)
        found, own = network.state_dict(), getattr(base, part.folder).state_dict()
        assert {name: one.shape for name, one in found.items()} == {name: one.shape for name, one in own.items()}
        assert not [name for name, one in network.named_buffers() if one.device.type == "meta"]


class Everything:
    modules, convolutions, text_encoder = "transformer", False, True


def lora_of(family, base, choices):
    """A LoRA's tensors of rank 4 for all that is adapted."""
    tensors = {}
    for network, modules in family.adapted(base, choices).items():
        for path in modules:
            weight = family.networks(base)[network].get_submodule(path).weight
            down = torch.empty(4, *weight.shape[1:], device="meta")
            up = torch.empty(weight.shape[0], 4, *([1] * (weight.ndim - 2)), device="meta")
            called = family.name_in_file(network, path)
            tensors |= {f"{called}.lora_down.weight": down, f"{called}.lora_up.weight": up}
            tensors |= {f"{called}.alpha": torch.empty((), device="meta")}
    return tensors


LORA = {
    "sd15": {"lora_unet_": 192, "lora_te_text_model_encoder_layers_": 72},
    "sdxl": {"lora_unet_": 722, "lora_te1_text_model_encoder_layers_": 72, "lora_te2_text_model_encoder_layers_": 192},
}
LORA_DIGEST = {"sd15": "905136110b333966", "sdxl": "607ae9c1cd274153"}
# Three of each resnet, shortcuts, samplers.
CONVOLUTIONS = {"sd15": 192 + 22 * 3 + 14 + 3 + 3, "sdxl": 722 + 17 * 3 + 11 + 2 + 2}


def test_a_lora_has_kohyas_names_and_shapes(full):
    family, kind, base = full
    tensors = lora_of(family, base, Everything())
    modules = {name.rpartition(".lora_down")[0] for name in tensors if ".lora_down" in name}
    assert counts(modules, LORA[kind.family]) == LORA[kind.family]
    assert len(tensors) == 3 * len(modules) == 3 * sum(LORA[kind.family].values())
    assert digest(tensors) == LORA_DIGEST[kind.family]
    names = [
        family.name_in_file("unet", path)
        for path in family.adapted(base, type("All", (Everything,), {"convolutions": True})())["unet"]
    ]
    assert len(set(names)) == len(names) == CONVOLUTIONS[kind.family]


@pytest.mark.parametrize("full", ["sdxl"], indirect=True)  # their names of SD 1.x are diffusers'
def test_every_module_of_sdxl_is_in_the_key_map_of_web_interfaces(full):
    """ComfyUI and stable-diffusion-webui: `lora_unet_` and each weight of the file's UNet, its dots as underscores."""
    family, _, base = full
    known = {
        "lora_unet_" + key.removeprefix("model.diffusion_model.").removesuffix(".weight").replace(".", "_")
        for key in family.FAMILY.whole(base, {})
        if key.startswith("model.diffusion_model.") and key.endswith(".weight")
    }
    blocks = ("self_attn_q_proj", "self_attn_k_proj", "self_attn_v_proj", "self_attn_out_proj", "mlp_fc1", "mlp_fc2")
    for encoder, layers in (("te1", 12), ("te2", 32)):
        for layer in range(layers):
            known |= {f"lora_{encoder}_text_model_encoder_layers_{layer}_{block}" for block in blocks}
    loaded = {
        family.name_in_file(network, path)
        for network, modules in family.adapted(base, Everything()).items()
        for path in modules
    }
    assert loaded <= known
    assert "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q" in loaded
    assert "lora_unet_middle_block_1_transformer_blocks_9_ff_net_2" in loaded
    assert "lora_unet_output_blocks_5_1_transformer_blocks_1_attn2_to_out_0" in loaded


def test_every_linear_and_convolution_has_a_name(full):
    family, _, base = full
    names = [
        family.name_in_file(network, path)
        for network, module in family.networks(base).items()
        for path, layer in module.named_modules()
        if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)
    ]
    assert len(set(names)) == len(names)
