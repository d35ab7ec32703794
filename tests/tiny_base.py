"""A base of the SD 1.5 topology with random weights and very few channels, as a diffusers folder."""

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

torch.set_num_threads(1)  # these are so small that more threads only wait for each other

TAGS = ("hana", "yuki", "1girl", "solo", "smile", "outdoors", "standing")


def tokenizer(folder: Path, more: str = "", length: int = 16) -> CLIPTokenizer:
    """A CLIP tokenizer that knows TAGS as words and everything else by its letters; more: further ones, the first."""
    letters = [*more, *"abcdefghijklmnopqrstuvwxyz0123456789,_()"]
    pieces = letters + [letter + "</w>" for letter in letters]
    merges = []
    for tag in TAGS:
        parts = [*tag[:-1], tag[-1] + "</w>"]
        while len(parts) > 1:
            merges.append((parts[0], parts[1]))
            parts = [parts[0] + parts[1], *parts[2:]]
            pieces.append(parts[0])
    vocabulary = list(dict.fromkeys([*pieces, "<|startoftext|>", "<|endoftext|>"]))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({piece: index for index, piece in enumerate(vocabulary)}))
    lines = list(dict.fromkeys(f"{left} {right}" for left, right in merges))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(lines) + "\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=length)


def unet(**changes) -> UNet2DConditionModel:
    """The UNet of SD 1.5 with few channels, and one layer a block instead of two."""
    settings = {
        "sample_size": 4,
        "block_out_channels": (8, 16, 16, 16),
        "norm_num_groups": 4,
        "cross_attention_dim": 16,
        "attention_head_dim": 2,
        "layers_per_block": 1,
    }
    return UNet2DConditionModel(**{**settings, **changes})


def save_tiny_base(folder: Path, prediction: str = "epsilon", length: int = 16) -> Path:
    """Write the base into `folder`; the same weights every time. length: tokens of a window."""
    torch.manual_seed(0)
    words = tokenizer(folder / "words", length=length)
    text = CLIPTextConfig(
        vocab_size=len(words),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=length,
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
    )
    vae = AutoencoderKL(
        block_out_channels=(4, 4, 4, 4),
        layers_per_block=1,
        norm_num_groups=2,
        latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
    )
    StableDiffusionPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(text),
        tokenizer=words,
        unet=unet(),
        scheduler=DDPMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            clip_sample=False,
            steps_offset=1,
            prediction_type=prediction,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder
