"""How clips reach a family that moves, what it refuses, and frames that are decoded one by one."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from diffusers.models.resnet import ResnetBlock2D, TemporalConvLayer
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.transformers.transformer_temporal import TransformerTemporalModel
from diffusers.models.unets.unet_motion_model import AnimateDiffTransformer3D
from torch.utils.checkpoint import checkpoint

from genga.models.interpolator import open_interpolator
from genga.training import choices as chosen
from genga.training.choices import Choices
from genga.training.clip_latents import cached_latents
from genga.training.clips import opened
from genga.training.families import family

MOVING = family.Clips(opened, cached_latents, open_interpolator)
LAYERS = ResnetBlock2D, TemporalConvLayer, Transformer2DModel, TransformerTemporalModel, AnimateDiffTransformer3D


def frame_by_frame(decode: Callable[[torch.Tensor], torch.Tensor], latents: torch.Tensor) -> torch.Tensor:
    """Return the pixels of clips, (looks, 3, frames, height, width), of their latents: never of two frames at once."""
    return torch.stack(
        [torch.stack([decode(frame[None])[0] for frame in clip.unbind(1)], dim=1) for clip in latents.unbind(0)]
    )


def refuse(kind: str, choices: Choices, wrong: Mapping[str, bool]) -> None:
    """As genga.training.choices has it, and for masks, which clips have not."""
    masks = {
        "mask_text: 1 (clips have no boxes)": choices.mask_text < 1,
        "mask_background: 1 (clips have no boxes)": choices.mask_background < 1,
    }
    chosen.refuse(kind, {**wrong, **masks})


def spare_memory(network: torch.nn.Module) -> None:
    """Have a network's layers compute their activations again in the backward pass, each layer by itself.

    Chen et al. 2016, "Training deep nets with sublinear memory cost". A layer is whatever of LAYERS is in no other.
    """
    for layer in network.modules():
        if isinstance(layer, LAYERS) and "forward" not in vars(layer):
            again = partial(checkpoint, layer.forward, use_reentrant=False, preserve_rng_state=False)
            vars(layer)["forward"] = again
