"""genga.training.latents: encoded once, kept by content."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genga.errors import GengaError
from genga.training import checked_tensors
from genga.training.families.sd15 import FAMILY
from genga.training.latents import LatentCache
from genga.training.transforms import Cut

CUT = Cut((8, 8), (0, 0, 8, 8))


class Halves:
    """A VAE whose latent is the left half's mean colour, with deviation e."""

    device = torch.device("cpu")
    config = SimpleNamespace(scaling_factor=0.5)

    def __init__(self):
        self.calls = 0

    def encode(self, pixels):
        self.calls += 1
        mean = pixels[:, :, :, :4].mean(dim=(1, 2, 3)).view(1, 1, 1, 1)
        return SimpleNamespace(latent_dist=SimpleNamespace(parameters=torch.cat([mean, torch.full_like(mean, 2.0)], 1)))


def cache_in(folder, vae=None, sha256="vae", enlarge="opencv"):
    return LatentCache(folder, FAMILY, SimpleNamespace(vae=vae or Halves()), sha256, enlarge)


def image():
    made = np.zeros((8, 8, 3), np.uint8)
    made[:, 4:] = 255
    return made


def test_an_image_is_encoded_once_and_drawn_with_noise(tmp_path):
    vae = Halves()
    cache = cache_in(tmp_path, vae)
    key = cache.key("pixels", CUT, False)
    assert [cache.fill(key, image, CUT, False) for _ in range(2)] == [True, False]
    assert vae.calls == 1
    assert cache.draw(key, torch.zeros(1, 1, 1)).item() == -0.5  # (-1 + 0) * 0.5
    assert cache.draw(key, torch.ones(1, 1, 1)).item() == pytest.approx((-1 + np.e) * 0.5)


def test_mirroring_is_another_latent(tmp_path):
    cache = cache_in(tmp_path)
    key = cache.key("pixels", CUT, True)
    cache.fill(key, image, CUT, True)
    assert cache.draw(key, torch.zeros(1, 1, 1)).item() == 0.5


def test_whatever_changes_the_latent_changes_the_key(tmp_path):
    cache = cache_in(tmp_path)
    keys = {
        cache.key("pixels", CUT, False),
        cache.key("others", CUT, False),
        cache.key("pixels", Cut((8, 9), (0, 0, 8, 8)), False),
        cache.key("pixels", Cut((8, 9), (0, 1, 8, 9)), False),
        cache.key("pixels", CUT, True),
        cache_in(tmp_path, sha256="another").key("pixels", CUT, False),
        cache_in(tmp_path, enlarge="pillow").key("pixels", CUT, False),
    }
    assert len(keys) == 7
    assert cache.key("pixels", CUT, False).startswith("4c7ff6bc736bd7b1"), "what is kept from before is found"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_not_a_number_is_not_kept(tmp_path, number):
    vae = Halves()
    answer = SimpleNamespace(latent_dist=SimpleNamespace(parameters=torch.full((1, 2, 1, 1), number)))
    vae.encode = lambda pixels: answer
    cache = cache_in(tmp_path, vae)
    with pytest.raises(GengaError, match="^base b: image i: the autoencoder's answer is not a number"):
        cache.fill("ab", image, CUT, False, "base b: image i")
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_latent_of_before_that_is_not_a_number_is_named(tmp_path):
    cache = cache_in(tmp_path)
    checked_tensors.save(tmp_path / "ab" / "ab.safetensors", {"moments": torch.full((2, 1, 1), float("nan"))}, {})
    with pytest.raises(GengaError, match="ab.safetensors: latent is not a number .*; delete it to have it made again"):
        cache.draw("ab", torch.zeros(1, 1, 1))


def test_a_damaged_latent_is_named(tmp_path):
    cache = cache_in(tmp_path)
    key = cache.key("pixels", CUT, False)
    cache.fill(key, image, CUT, False)
    (file,) = tmp_path.rglob("*.safetensors")
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(GengaError, match=f"{key}.safetensors: damaged latent; delete it"):
        cache.draw(key, torch.zeros(1, 1, 1))
