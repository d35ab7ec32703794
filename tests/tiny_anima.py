"""A base of Anima's topology with random weights and very few channels: a diffusers folder, or original files."""

from pathlib import Path

import torch
from diffusers import (
    AnimaAutoBlocks,
    AnimaTextConditioner,
    AutoencoderKLQwenImage,
    CosmosTransformer3DModel,
    FlowMatchEulerDiscreteScheduler,
)
from tokenizers import pre_tokenizers
from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3Model, T5TokenizerFast

torch.set_num_threads(1)  # these are so small that more threads only wait for each other

TAGS = ("hana", "yuki", "girl", "solo", "smile", "outdoors", "standing")
WIDTH = 24  # of the text's vectors


def qwen_tokenizer() -> Qwen2Tokenizer:
    """Byte-level BPE that knows TAGS, with a space in front or none, and everything else by its bytes."""
    pieces, merges = sorted(pre_tokenizers.ByteLevel.alphabet()), []
    for word in [start + tag for tag in TAGS for start in ("", "Ġ")]:
        for end in range(1, len(word)):
            merges.append((word[:end], word[end]))
            pieces.append(word[: end + 1])
    vocabulary = [*dict.fromkeys(pieces), "<|endoftext|>"]
    return Qwen2Tokenizer({piece: number for number, piece in enumerate(vocabulary)}, list(dict.fromkeys(merges)))


def t5_tokenizer() -> T5TokenizerFast:
    """Unigrams: TAGS as words, everything else by its letters, and the end of the text behind."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789,_().:"
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    words = [(f"▁{tag}", -1.0) for tag in TAGS]
    return T5TokenizerFast([*special, ("▁", -3.0), *words, *((letter, -4.0) for letter in letters)], extra_ids=0)


FULL_SIZE = {  # of Cosmos-Predict2 2B, as Anima has it
    "in_channels": 16,
    "out_channels": 16,
    "num_attention_heads": 16,
    "attention_head_dim": 128,
    "num_layers": 28,
    "mlp_ratio": 4.0,
    "text_embed_dim": 1024,
    "adaln_lora_dim": 256,
    "max_size": (128, 240, 240),
    "patch_size": (1, 2, 2),
    "rope_scale": (1.0, 4.0, 4.0),
    "concat_padding_mask": True,
    "extra_pos_embed_type": None,
}
TINY = {  # what differs in the tiny one
    "num_attention_heads": 2,
    "attention_head_dim": 12,
    "num_layers": 2,
    "text_embed_dim": WIDTH,
    "adaln_lora_dim": 4,
}


def transformer(**changes) -> CosmosTransformer3DModel:
    """Anima's transformer with two narrow blocks."""
    return CosmosTransformer3DModel(**{**FULL_SIZE, **TINY, **changes})


def save_tiny_anima(folder: Path) -> Path:
    """Write the base into `folder` as diffusers does; the same weights every time."""
    torch.manual_seed(0)
    words, t5 = qwen_tokenizer(), t5_tokenizer()
    encoder = Qwen3Config(
        vocab_size=len(words),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=32768,
        rms_norm_eps=1e-6,
        rope_theta=1000000.0,
        tie_word_embeddings=False,
    )
    conditioner = AnimaTextConditioner(
        source_dim=16,
        target_dim=WIDTH,
        model_dim=WIDTH,
        num_layers=1,
        num_attention_heads=2,
        target_vocab_size=len(t5),
        min_sequence_length=32,
    )
    pipeline = AnimaAutoBlocks().init_pipeline()
    pipeline.update_components(
        text_encoder=Qwen3Model(encoder),
        tokenizer=words,
        t5_tokenizer=t5,
        text_conditioner=conditioner,
        transformer=transformer(),
        vae=AutoencoderKLQwenImage(base_dim=4),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    )
    pipeline.save_pretrained(str(folder), overwrite_modular_index=True)
    return folder
