"""Latents by content: an image is encoded once, whichever run, epoch or dataset asks for it.

The key is a hash of the pixels, the cut, the mirroring and the VAE's weights, so that nothing stale can be found. What
is kept is the mean and the log variance of the VAE's output: each look at the image draws its own latent from them.
Images are encoded one at a time: the bits do not depend on which neighbours were missing.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from genga.errors import GengaError
from genga.images.image import Image
from genga.jobs.progress import progress
from genga.training import checked_tensors
from genga.training.distributed import Processes
from genga.training.examples import Picture
from genga.training.families.sd15 import Base, state_sha256
from genga.training.plan import Look
from genga.training.rng import digest
from genga.training.transforms import Cut, bucketed, to_tensor

LatentOf = Callable[[Look, torch.Tensor], torch.Tensor]  # (look, noise to draw it with) -> (channels, height, width)

_VERSION = 2  # of what is kept; another version does not find the files of this one


class LatentCache:
    """The latents of one VAE (diffusers.AutoencoderKL) in a folder, a safetensors file each."""

    def __init__(self, folder: str | Path, vae: Any, vae_sha256: str) -> None:
        self._folder = Path(folder)
        self._vae = vae
        self._vae_sha256 = vae_sha256

    def key(self, pixels_sha256: str, cut: Cut, flipped: bool) -> str:
        """Return what an image's latent is kept under: 64 hex digits."""
        return digest(_VERSION, pixels_sha256, *cut.scaled, *cut.box, int(flipped), self._vae_sha256).hex()

    def fill(self, key: str, image: Callable[[], Image], cut: Cut, flipped: bool) -> bool:
        """Encode the image unless its latent is there; returns whether it was encoded."""
        path = self._path(key)
        if path.is_file():
            return False
        pixels = bucketed(image(), cut)
        tensor = to_tensor(pixels[:, ::-1] if flipped else pixels)
        with torch.no_grad():
            moments = self._vae.encode(tensor.to(self._vae.device)).latent_dist.parameters[0]
        checked_tensors.save(path, {"moments": moments.float().cpu().contiguous()}, {})
        return True

    def draw(self, key: str, noise: torch.Tensor) -> torch.Tensor:
        """Return a latent (channels, height, width), scaled as the UNet takes it: mean + deviation * noise."""
        path = self._path(key)
        try:
            found = checked_tensors.load(path)
        except OSError as error:
            raise GengaError(f"{path}: latent cannot be read ({error}); run again") from error
        if found is None:
            raise GengaError(f"{path}: damaged latent; delete it to have it made again")
        mean, log_variance = found[0]["moments"].chunk(2)
        return (mean + torch.exp(0.5 * log_variance.clamp(-30, 20)) * noise) * self._vae.config.scaling_factor

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.safetensors"


def cached_latents(
    pictures: list[Picture],
    read: Callable[[Picture], Image],
    base: Base,
    flip: bool,
    cache: str | Path,
    device: torch.device,
    together: Processes = Processes(),
) -> LatentOf:
    """Encode every picture that is not in the cache yet; return the function from a look to its latent.

    flip: whether pictures are also seen mirrored; together: the processes that share the work. The VAE goes back to the
    CPU afterwards.
    """
    base.vae.to(device)
    latents = LatentCache(cache, base.vae, state_sha256(base.vae))
    for picture in progress(pictures, len(pictures), "train: latents", "images"):
        for flipped in (False, True) if flip else (False,):
            key = latents.key(picture.file[-1], picture.cut, flipped)
            if together.owns(key):
                latents.fill(key, partial(read, picture), picture.cut, flipped)
    base.vae.to("cpu")
    together.wait()
    return lambda look, noise: latents.draw(latents.key(look.picture.file[-1], look.picture.cut, look.flipped), noise)
