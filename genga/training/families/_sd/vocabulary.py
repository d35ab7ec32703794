"""The vocabulary of CLIP (OpenAI, MIT), by which every Stable Diffusion reads: single files come without it.

It is 1.6 MB, the same in every published base, and pinned here by content: whichever base brought it, and wherever
`genga models pull` put it, the tokens are the same.
"""

from pathlib import Path
from typing import Any

from transformers import CLIPTokenizer

from genga.errors import GengaError
from genga.store.files import sha256_of

PLACE = "stable-diffusion-v1-5/stable-diffusion-v1-5/tokenizer"  # below the folder of models
SHA256 = {
    "vocab.json": "e089ad92ba36837a0d31433e555c8f45fe601ab5c221d4f607ded32d9f7a4349",
    "merges.txt": "9fd691f7c8039210e0fced15865466c65820d09b63988b0174bfe25de299051a",
}


def tokenizers(path: Path, config: Path, names: tuple[str, ...], length: int) -> dict[str, Any]:
    """Return the tokenizers of a single file: those in its folder of configuration, else CLIP's vocabulary.

    path: the file; config: that folder; names: of the tokenizers, whose second pads with "!", as SDXL's does. length:
    tokens of a window, start and end among them. Raises GengaError if there is no vocabulary.
    """
    found: dict[str, Any] = {}
    for name in names:
        own = config / name
        first = config / names[0]
        if own.is_dir():
            found[name] = CLIPTokenizer.from_pretrained(own, local_files_only=True)
        elif first.is_dir():
            found[name] = CLIPTokenizer.from_pretrained(first, local_files_only=True)
        else:
            place = _place(path)
            found[name] = CLIPTokenizer(str(place / "vocab.json"), str(place / "merges.txt"))
        if name != names[0] and not own.is_dir():
            found[name].pad_token = "!"
        found[name].model_max_length = min(length, found[name].model_max_length)
    return found


def _place(path: Path) -> Path:
    """The folder of the vocabulary: below one that the base is in, or below one of the project's."""
    absolute = path.absolute()
    places = [parent / PLACE for parent in absolute.parents] + sorted(Path().glob(f"*/{PLACE}"))
    for place in places:
        if all((place / name).is_file() for name in SHA256):
            for name, sha256 in SHA256.items():
                if sha256_of(place / name) != sha256:
                    raise GengaError(
                        f"{place / name}: is not CLIP's vocabulary (sha256 {sha256[:12]}… expected); fetch it:"
                        " genga models pull --role vocabulary"
                    )
            return place
    raise GengaError(
        f"{path}: a single file has no vocabulary, and CLIP's is not below the folder of models ({PLACE}/); fetch it:"
        " genga models pull --role vocabulary"
    )
