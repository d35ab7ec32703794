"""Latents by content: an image is encoded once, whichever run, epoch or dataset asks for it.

The key is a hash of the pixels, the cut, the mirroring and the autoencoder's weights: nothing stale can be found. What
is kept is what a look's latent is drawn from: mean and log variance, where the base's family has it so. Images are
encoded one at a time: the bits do not depend on which neighbours were missing. Which keys a series has looked for is
noted beside (`of/<series>.json`), for `genga forget`.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import torch

from genga.errors import GengaError
from genga.images.image import Image
from genga.jobs.script import progress
from genga.store.files import read_notes, write_text
from genga.training import checked_tensors
from genga.training.device import state_sha256
from genga.training.distributed import Processes
from genga.training.examples import Example
from genga.training.families.family import Base, Family, LoadedBase
from genga.training.plan import Look
from genga.training.rng import digest
from genga.training.transforms import Cut, bucketed, to_tensor

LatentOf = Callable[[Look, torch.Tensor], torch.Tensor]  # (look, noise to draw it with) -> (channels, height, width)

_VERSION = 2  # of what is kept; another version does not find the files of this one


class LatentCache:
    """What the autoencoder of a base says of images, in a folder, a safetensors file each."""

    def __init__(self, folder: str | Path, family: Family, base: Base, sha256: str, enlarge: str = "opencv") -> None:
        """sha256: of the autoencoder's weights; enlarge: what enlarges images."""
        self._folder = Path(folder)
        self._family = family
        self._base = base
        self._sha256 = sha256
        self.enlarge = enlarge

    def key(self, pixels_sha256: str, cut: Cut, flipped: bool) -> str:
        """Return what an image's latent is kept under: 64 hex digits."""
        by = [self.enlarge] if self.enlarge != "opencv" else []  # which was the only one at first
        return digest(_VERSION, pixels_sha256, *cut.scaled, *cut.box, int(flipped), self._sha256, *by).hex()

    def note(self, used: Iterable[tuple[Example, str]]) -> None:
        """Add to what is noted of each series: the keys of its examples. used: an example, and a key of it."""
        by_series: dict[str, set[str]] = defaultdict(set)
        for example, key in used:
            by_series[example.image.partition("/")[0]].add(key)
        for series, own in by_series.items():
            path = self._folder / "of" / f"{series}.json"
            if own - (known := set(read_notes(path).get("keys", []))):
                write_text(path, json.dumps({"keys": sorted(own | known)}), lasting=False)

    def fill(self, key: str, image: Callable[[], Image], cut: Cut, flipped: bool, called: str = "an image") -> bool:
        """Encode the image unless its latent is there; returns whether it was encoded.

        called: the base and the image, for messages. Raises GengaError, and keeps nothing, if what the autoencoder says
        is not a number.
        """

        def encoded() -> torch.Tensor:
            pixels = bucketed(image(), cut, self.enlarge)
            return self._family.encode_image(self._base, to_tensor(pixels[:, ::-1] if flipped else pixels))

        return self._keep(key, encoded, called)

    def fill_clip(self, key: str, pixels: Callable[[], torch.Tensor], called: str) -> bool:
        """Encode a clip's frames together, (1, 3, frames, height, width), unless that is there: as `fill`."""
        encode = self._family.encode_clip
        assert encode is not None  # the caller has asked
        return self._keep(key, lambda: encode(self._base, pixels()), called)

    def _keep(self, key: str, encoded: Callable[[], torch.Tensor], called: str) -> bool:
        path = self._path(key)
        if path.is_file():
            return False
        with torch.no_grad():
            moments = encoded()
        if not moments.isfinite().all():
            raise GengaError(
                f"{called}: the autoencoder's answer is not a number (NaN); its weights are damaged: verify them (genga"
                " models verify), or name another base in models.yaml"
            )
        checked_tensors.save(path, {"moments": moments.float().cpu().contiguous()}, {})
        return True

    def draw(self, key: str, noise: torch.Tensor) -> torch.Tensor:
        """Return a latent, (channels, height, width) or a clip's: what is kept under `key`, and noise."""
        path = self._path(key)
        try:
            saved = checked_tensors.load(path)
        except OSError as error:
            raise GengaError(f"{path}: latent cannot be read ({error}); run again") from error
        if saved is None:
            raise GengaError(f"{path}: damaged latent; delete it to have it made again")
        tensors, _ = saved
        if not tensors["moments"].isfinite().all():
            raise GengaError(f"{path}: latent is not a number (NaN); delete it to have it made again")
        return self._family.latent(self._base, tensors["moments"], noise)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.safetensors"


def cached_latents(
    examples: list[Example],
    read: Callable[[Example], Image],
    loaded: LoadedBase,
    flip: bool,
    cache: str | Path,
    device: torch.device,
    together: Processes = Processes(),
    enlarge: str = "opencv",
) -> LatentOf:
    """Encode every example that is not in the cache yet; return the function from a look to its latent.

    flip: whether examples are also seen mirrored; together: the processes that share the work; enlarge: what enlarges
    images. The autoencoder goes back to the CPU afterwards.
    """
    autoencoder = loaded.family.autoencoder(loaded.base).to(device)
    latents = LatentCache(cache, loaded.family, loaded.base, state_sha256(autoencoder), enlarge)
    if together.is_first:
        ways = [(example, flipped) for example in examples for flipped in ((False, True) if flip else (False,))]
        latents.note((one, latents.key(one.file[-1], one.cut, flipped)) for one, flipped in ways)
    for example in progress(examples, len(examples), "train: latents", "images"):
        for flipped in (False, True) if flip else (False,):
            key = latents.key(example.file[-1], example.cut, flipped)
            if together.owns(key):
                called = f"base {loaded.name}: image {example.image}"
                latents.fill(key, partial(read, example), example.cut, flipped, called)
    autoencoder.to("cpu")
    together.wait()
    return lambda look, noise: latents.draw(latents.key(look.example.file[-1], look.example.cut, look.flipped), noise)
