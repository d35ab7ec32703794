"""A base of ModelScope's topology with random weights and very few channels, as a folder or in the original files."""

import itertools
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, TextToVideoSDPipeline, UNet3DConditionModel
from safetensors.torch import load_file
from single_file import vae_key
from tiny_base import tokenizer
from transformers import CLIPTextConfig, CLIPTextModel

from genga.training._layouts import modelscope as names

torch.set_num_threads(1)  # these are so small that more threads only wait for each other


def unet(**changes) -> UNet3DConditionModel:
    """ModelScope's UNet with few channels."""
    settings = {
        "sample_size": 4, "block_out_channels": (8, 16, 16, 16), "norm_num_groups": 4, "cross_attention_dim": 16,
        "attention_head_dim": 4,
    }  # fmt: skip
    return UNet3DConditionModel(**{**settings, **changes})


def save_tiny_modelscope(folder: Path) -> Path:
    """Write the base into `folder`; the same weights every time, and none of them zeros."""
    torch.manual_seed(0)
    words = tokenizer(folder / "words", length=16)
    text = CLIPTextConfig(
        vocab_size=len(words), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=16, bos_token_id=words.bos_token_id, eos_token_id=words.eos_token_id,
        hidden_act="gelu",
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(4, 4, 4, 4), layers_per_block=1, norm_num_groups=2, latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    network = unet()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if ".conv4." in name:  # which begin as zeros
                weight.normal_(std=0.1)
    TextToVideoSDPipeline(
        vae=vae, text_encoder=CLIPTextModel(text), tokenizer=words, unet=network,
        scheduler=DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, steps_offset=1,
            set_alpha_to_one=False,
        ),
    ).save_pretrained(folder)  # fmt: skip
    return folder


def save_tiny_originals(folder: Path, base: Path) -> dict[str, Path]:
    """Write a base's folder as the three files of the original code, with all else that these have; by part.

    What is of another size than the published one lies beside, in a folder of the UNet's name.
    """
    folder.mkdir(parents=True)
    unet, text, vae = (load_file(base / part) for part in (
        "unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    ))  # fmt: skip
    layers = open_clip(text)
    last = {key.replace("s.1.", "s.2."): one + 1 for key, one in layers.items() if "resblocks.1." in key}
    rest = {"logit_scale": torch.tensor(4.6), "text_projection": torch.ones(16, 8), "visual.proj": torch.ones(8, 8)}
    others = {"model.diffusion_model.out.2.bias": torch.zeros(4), "model_ema.decay": torch.tensor(0.5)}
    files = {
        "original": (folder / "text2video_pytorch_model.pth", names.outside(unet)),
        "text_encoder": (folder / "open_clip_pytorch_model.bin", layers | last | rest),
        "vae": (folder / "VQGAN_autoencoder.pth", {"epoch": 3, "state_dict": of_autoencoder(vae) | others}),
    }
    for path, content in files.values():
        torch.save(content, path)
    beside = folder / "text2video_pytorch_model"
    shutil.copytree(base, beside, ignore=shutil.ignore_patterns("*.safetensors"))
    return {part: path for part, (path, _) in files.items()}


def open_clip(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A text encoder's tensors in the names of OpenCLIP."""
    state = {name.removeprefix("text_model."): one for name, one in state.items()}
    found = {
        "token_embedding.weight": state["embeddings.token_embedding.weight"],
        "positional_embedding": state["embeddings.position_embedding.weight"],
        "ln_final.weight": state["final_layer_norm.weight"], "ln_final.bias": state["final_layer_norm.bias"],
    }  # fmt: skip
    theirs = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
              "self_attn.out_proj": "attn.out_proj"}  # fmt: skip
    for number, kind in itertools.product(range(2), ("weight", "bias")):
        of, block = f"encoder.layers.{number}", f"transformer.resblocks.{number}"
        found |= {f"{block}.{new}.{kind}": state[f"{of}.{old}.{kind}"] for old, new in theirs.items()}
        found[f"{block}.attn.in_proj_{kind}"] = torch.cat([state[f"{of}.self_attn.{one}_proj.{kind}"] for one in "qkv"])
    return found


def of_autoencoder(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """An autoencoder's tensors as a whole Stable Diffusion has them, whose attention is of convolutions."""
    return {
        vae_key(name): one[:, :, None, None].contiguous() if "attentions" in name and one.ndim == 2 else one
        for name, one in state.items()
    }
