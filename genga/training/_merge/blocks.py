"""Which block of block weights a tensor is of: the notation of stable-diffusion-webui's merge extensions.

SD 1.x has 26: BASE, IN00 to IN11, M00, OUT00 to OUT11; SDXL 20: BASE, IN00 to IN08, M00, OUT00 to OUT08. What comes
before the input blocks (time_embed, and SDXL's label_emb) counts as IN00, what comes after the output blocks (out.) as
the last of them; text encoders and autoencoder are BASE. Without a weight for BASE, `alpha` is it.
Notation: bbc-mc's merge-block-weighted, hako-mikan's SuperMerger.
"""

import re
from collections.abc import Sequence

from genga.errors import GengaError
from genga.training._layouts.sd import UNET

BLOCKS = {
    kind: ("BASE", *(f"IN{number:02}" for number in range(depth)), "M00", *(f"OUT{n:02}" for n in range(depth)))
    for kind, depth in (("sd15", 12), ("sdxl", 9))
}
# The two vectors of the AnimeDiffusion process: what is drawn finely, and what coarsely, is taken of B.
PRESETS = {
    "animediffusion-high": (0, 0, 1, 1, .67, .67, .33, .33, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .33, .33, .67, .67, 1, 1,
                            0),
    "animediffusion-low": (0, 0, 0, 0, 0, 0, 0, .33, .33, .67, .67, 1, 1, 1, 1, 1, .67, .67, .33, .33, 0, 0, 0, 0, 0,
                           0),
}  # fmt: skip
_PLACE = re.compile(r"(input|middle|output)_blocks?\.(\d+)\.")


def block_of(key: str, kind: str) -> str:
    """Return the block of a tensor by its name in the original layout. kind: sd15 or sdxl."""
    if not key.startswith(UNET):
        return "BASE"
    rest = key.removeprefix(UNET)
    if (match := _PLACE.match(rest)) is not None:
        side = {"input": "IN", "middle": "M", "output": "OUT"}[match[1]]
        return "M00" if side == "M" else f"{side}{int(match[2]):02}"
    return BLOCKS[kind][-1] if rest.startswith("out.") else "IN00"


def weights_of(key: str, said: str | Sequence[float], alpha: float | None, kind: str) -> dict[str, float]:
    """Return the weight of each block. said: the weights, or a preset's name; key: which says so, for people.

    Raises GengaError if there are not as many as this kind of checkpoint has blocks, or it has none.
    """
    if kind not in BLOCKS:
        raise GengaError(f"{key}: there are no block weights for Anima; say alpha in their place")
    numbers = list(PRESETS[said]) if isinstance(said, str) else list(said)
    blocks = BLOCKS[kind]
    if len(numbers) == 25 and alpha is not None:
        numbers = [alpha, *numbers]
    if len(numbers) != len(blocks):
        given = f"{said}, which has {len(numbers)}" if isinstance(said, str) else str(len(numbers))
        there = f"{len(blocks)} blocks, {', '.join(blocks[:2])} … {blocks[-1]}"
        other = " (or 25, with alpha for BASE)" if kind == "sd15" else ""
        raise GengaError(f"{key}: {_NAMES[kind]} has {there}{other}; got {given}")
    return dict(zip(blocks, map(float, numbers), strict=True))


_NAMES = {"sd15": "SD 1.x", "sdxl": "SDXL"}
