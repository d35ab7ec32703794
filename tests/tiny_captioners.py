"""Captioners of transformers, tiny and random, made without a network: BLIP's kind, and LLaVA's, as JoyCaption is."""

import re
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

WORDS = ["a", "girl", "boy", "night", "sky", "with", "red", "hair", "stands", "runs", "picture", "of"]
SIDE = 16  # px
_SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


def _saved(kind: Any, config: Any, folder: Path) -> None:
    """Save a random model that sees so strongly that its words follow what it sees."""
    torch.manual_seed(3)
    model = kind(config)
    with torch.no_grad():
        for name, values in model.named_parameters():
            if values.ndim > 1 and re.search(r"vision|crossattention|projector", name):
                values.normal_(0, 1)
    model.save_pretrained(folder)


def blip(folder: Path) -> Path:
    """A BLIP of one layer each."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join([*special, *WORDS]), encoding="utf-8")
    tokenizer = BertTokenizer(str(folder / "vocab.txt"), additional_special_tokens=["[DEC]"])
    ids = {"bos_token_id": 5, "sep_token_id": 3, "eos_token_id": 3, "pad_token_id": 0}
    size = len(special) + len(WORDS)
    config = BlipConfig(
        text_config={**_SMALL, **ids, "vocab_size": size, "encoder_hidden_size": 16, "max_position_embeddings": 64},
        vision_config={**_SMALL, "image_size": SIDE, "patch_size": 8},
        projection_dim=8,
    )
    _saved(BlipForConditionalGeneration, config, folder)
    BlipProcessor(BlipImageProcessor(size={"height": SIDE, "width": SIDE}), tokenizer).save_pretrained(folder)
    return folder


def llava(folder: Path, template: bool = True) -> Path:
    """A LLaVA of one layer each; template: with the chat template of its processor."""
    words = ["<pad>", "<unk>", "</s>", "<image>", "USER", "ASSISTANT", *WORDS]
    inner = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", unk_token="<unk>", eos_token="</s>",
        additional_special_tokens=["<image>"],
    )  # fmt: skip
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**_SMALL, image_size=SIDE, patch_size=8, projection_dim=16),
        text_config=LlamaConfig(**_SMALL, vocab_size=len(words), max_position_embeddings=128, pad_token_id=0),
        image_token_index=3,
        vision_feature_layer=-1,
    )
    _saved(LlavaForConditionalGeneration, config, folder)
    chat = (
        "{% for one in messages %}USER {% for part in one.content %}{% if part.type == 'image' %}<image> "
        "{% else %}{{ part.text }} {% endif %}{% endfor %}{% endfor %}ASSISTANT"
    )
    pictures = CLIPImageProcessor(size={"height": SIDE, "width": SIDE}, do_center_crop=False)
    LlavaProcessor(
        pictures, tokenizer, patch_size=8, vision_feature_select_strategy="default", num_additional_image_tokens=1,
        chat_template=chat if template else None,
    ).save_pretrained(folder)  # fmt: skip
    return folder
