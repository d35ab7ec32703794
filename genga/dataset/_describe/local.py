"""A captioner in this process: a model of the package transformers, from a folder, and its processor.

BLIP's kind is shown the image, with words that its caption begins with, if there are any. The kind of Qwen-VL and
JoyCaption is asked by the chat template of its processor. Nothing is fetched, no code of the folder's is run, and the
likeliest word is taken each time: equal images are described alike.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from PIL import Image as Pillow

from genga.errors import GengaError
from genga.images.image import Image
from genga.params.models import CaptionContract


class Local:
    """A model ready to be asked."""

    def __init__(self, folder: Path, contract: CaptionContract, device: str = "auto") -> None:
        """Load model and processor. Raises GengaError if the folder has none of these kinds."""
        cuda = device != "cpu" and torch.cuda.is_available()
        self._contract, self._device = contract, "cuda" if cuda else "cpu"
        loader, processor = _class(contract.loader), _class(contract.processor)
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        try:
            self._processor = processor.from_pretrained(folder, local_files_only=True)
            self._model = loader.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, dtype=getattr(torch, contract.precision)
            )
        except (OSError, ValueError, KeyError, ImportError, AttributeError) as error:
            said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise GengaError(
                f"{folder}: is no {contract.loader} with its {contract.processor} ({said}); name the classes that its "
                "card does in models.yaml (role caption, contract.loader and contract.processor)"
            ) from error
        self._model.eval().to(self._device)
        tokenizer = getattr(self._processor, "tokenizer", None)
        if tokenizer is not None:
            tokenizer.padding_side = "left"  # what is written goes on behind what is asked

    def __call__(self, images: Sequence[Image]) -> list[str]:
        """Return what is said of each image."""
        pictures, prompt = [Pillow.fromarray(image) for image in images], self._contract.prompt
        if self._contract.chat:
            prompt = self._templated(prompt)
        words = {"text": [prompt] * len(pictures), "padding": True} if prompt else {}
        given: Any = self._processor(images=pictures, return_tensors="pt", **words).to(self._device)
        for name, values in given.items():
            if values.is_floating_point():
                given[name] = values.to(self._model.dtype)
        with torch.inference_mode():
            tokens = self._model.generate(
                **given, max_new_tokens=self._contract.max_tokens, do_sample=False, num_beams=1
            )
        if self._contract.chat:
            tokens = tokens[:, given["input_ids"].shape[1] :]
        return [str(text) for text in self._processor.batch_decode(tokens, skip_special_tokens=True)]

    def _templated(self, prompt: str) -> str:
        asked = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}]
        try:
            return str(self._processor.apply_chat_template(asked, tokenize=False, add_generation_prompt=True))
        except (ValueError, AttributeError) as error:
            raise GengaError(
                f"{self._contract.processor}: has no chat template ({error}); write contract: {{chat: false}} in "
                "models.yaml (role caption)"
            ) from error


def _class(name: str) -> Any:
    """A class of transformers that can be loaded from a folder."""
    found = getattr(transformers, name, None)
    if not hasattr(found, "from_pretrained"):
        raise GengaError(f"models.yaml, role caption: transformers {transformers.__version__} has no class {name}")
    return found
