"""What a family of bases is, and how the one of a base is found: by its name in models.yaml.

A family is all that training and sampling have to know of a kind of model, as functions of a base. It is imported by a
computed name, so it is in the imports of no stage: the workflow asks `family_file` for it, and adds it to a run's code.
Neither torch nor a family is imported for that.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from genga.errors import GengaError
from genga.models.models_file import MODELS_FILE
from genga.models.registry import Model
from genga.vocabulary.text import Part, fit

if TYPE_CHECKING:
    import torch

    from genga.training.choices import Choices, Experts, SeenOfClips

Base = Any  # what a family has loaded; its own functions alone look inside
Conditions = tuple["torch.Tensor", ...]  # what captions say to the network, each (captions, ...)
States = Mapping[str, Mapping[str, "torch.Tensor"]]  # of networks, by the family's names, each by its own
Prediction = Literal["epsilon", "v_prediction", "flow"]  # what the network predicts: noise, velocity, noise - latents

FOLDER = "genga/training/families"
FINDER = f"{FOLDER}/family.py"  # this file: whose code has it finds a family by its name
_NONE = {"__init__", "family"}  # files there that are no family


@dataclass(frozen=True)
class NoiseSchedule:
    """How latents become noise, and what the network is to say of it. Timesteps are (looks,), others (looks, ...)."""

    timesteps: int  # there are; a look's is one of 0..timesteps - 1, the last the noisiest
    prediction: Prediction
    noised: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]  # of latents, noise, timesteps
    target: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]  # of the same: what is to be predicted
    snr: Callable[[torch.Tensor], torch.Tensor]  # of timesteps: signal-to-noise ratio (of powers)
    time: Callable[[torch.Tensor], torch.Tensor]  # of timesteps: what the network is told, as samplers count
    part: range | None = None  # of the timesteps those that a run learns at; None: all

    @property
    def among(self) -> range:
        """The timesteps that a run learns at."""
        return self.part or range(self.timesteps)


@dataclass(frozen=True)
class Size:
    """How an image came to its pixels, in px: some bases are told."""

    original: tuple[int, int]  # width, height of the image as it was
    corner: tuple[int, int]  # x, y of what was cut out of it, after scaling
    target: tuple[int, int]  # width, height of what was cut out


class Clips(NamedTuple):
    """What clips need that pictures do not: in the code of a moving family's runs alone."""

    opened: Callable[..., Any]  # the examples of a run (genga.training.clips), by its tables, and what reads them
    latents: Callable[..., Any]  # as genga.training.latents has them of images
    between: Callable[..., Any]  # what draws between two frames, by the models there are and the key that asks for it


@dataclass(frozen=True)
class Family:
    """A kind of base. Sizes of images are in px, pixels float32 (images, 3, height, width) in -1..1."""

    # The base. `load` freezes it, in float32; it raises GengaError, of one line, for what is none of the family.
    load: Callable[[Path], Base]
    networks: Callable[[Base], dict[str, torch.nn.Module]]  # that a step runs, by names that draws and states go by
    encoders: frozenset[str]  # those of them that make conditions; they learn at `text_learning_rate`
    autoencoder: Callable[[Base], torch.nn.Module]  # from pixels to latents and back

    # Captions.
    # int: which layer of the encoder, as `clip_skip` counts; and how many windows of it a caption fills (1: one).
    encode: Callable[[Base, Sequence[str], int, int], Conditions]
    layers: Callable[[Base], int]  # of the encoder: the highest `clip_skip`
    encode_parts: Callable[[Base, Sequence[Part], int, int], Conditions]  # of a prompt; all weights 1: `encode`
    is_cut: Callable[[Base, Sequence[str], int], bool]  # whether texts, one after another, are longer than the windows

    # Images. What is kept of one is a function of pixels and autoencoder alone: families with one autoencoder share it.
    side: int  # sides of an image are multiples of it
    latent_shape: Callable[[Base, int, int], tuple[int, int, int]]  # (channels, height, width) of a width and a height
    encode_image: Callable[[Base, torch.Tensor], torch.Tensor]  # pixels of one image to what is kept
    latent: Callable[[Base, torch.Tensor, torch.Tensor], torch.Tensor]  # what is kept, noise of a latent's shape
    decode: Callable[[Base, torch.Tensor], torch.Tensor]  # latents to pixels

    # Noise, and one call of the network: noisy latents, timesteps, conditions.
    # float: the shift of flow matching; None: the family's own, and all that is given to one without (see `check`).
    schedule: Callable[[Base, torch.device, float | None], NoiseSchedule]
    # By its name in section `sample`, a fresh scheduler of diffusers; raises GengaError for one that it cannot have.
    sampler: Callable[[Base, str], Any]
    predict: Callable[[Base, torch.Tensor, torch.Tensor, Conditions, Sequence[Size]], torch.Tensor]
    precisions: tuple[str, ...]  # that its networks may be computed in, the best one of half precision first

    # What is learnt, and its file.
    check: Callable[[Base, Choices], None]  # raises GengaError for what it cannot be trained with
    adapted: Callable[[Base, Choices], dict[str, list[str]]]  # paths of the modules that it changes, by network
    name_in_file: Callable[[str, str], str]  # of a network and the path of a module in it
    lora_keys: Any  # a LoraKeys of genga.training.lora_file
    header: Callable[[Base, Choices], dict[str, Any]]  # what the file's metadata say of family and base

    # The whole base, with states that take the place of its own: of networks by their names, and of `autoencoder`.
    whole: Callable[[Base, States], dict[str, torch.Tensor]]  # the tensors of one file that UIs load
    states: Callable[[Base, Mapping[str, torch.Tensor]], States]  # of the networks, out of such a file's tensors
    write_folder: Callable[[Base, States, Path], None]  # a diffusers folder, equal to the byte for equal content

    experts: Experts | None = None  # where a base may be of networks that share the noise among them

    # Where one file is not a whole base: loads it from all files of its entry in models.yaml, by part.
    load_files: Callable[[Mapping[str, Path]], Base] | None = None

    # Of a full fine-tune the parameters that are learnt, by network; None: all of every network that `adapted` names.
    learnt: Callable[[Base, Choices], dict[str, list[str]]] | None = None

    # Moving pictures: latents, noise and what is predicted are (looks, channels, frames, height, width), pixels that
    # come out (looks, 3, frames, height, width). A still is a clip of one frame; `encode_image` takes one at a time.
    clips: Clips | None = None  # where examples and their latents come from; None: from images, it does not move
    latent_frames: Callable[[int], int] = int  # how many frames of latents stand for frames of pixels
    # Makes the base ready for clips of so many frames; bool: positions may be stretched. Raises GengaError if they are
    # too many, or not a number of frames that it can have.
    take_frames: Callable[[Base, int, bool], None] = lambda base, frames, stretch: None
    most_frames: Callable[[Base], int | None] = lambda base: None  # that it has positions for; None: any number
    by_frame: bool = False  # whether `predict` takes conditions of each frame, those of a look one after another
    # The layers that make keys of attention over time: what scales them scales how much is moved. None: it has none.
    keys_over_time: Callable[[Base], list[torch.nn.Module]] | None = None
    # Of an autoencoder that takes frames together: pixels (1, 3, frames, height, width) to what is kept of the clip.
    encode_clip: Callable[[Base, torch.Tensor], torch.Tensor] | None = None

    @property
    def moving(self) -> bool:
        """Whether its examples are clips."""
        return self.clips is not None

    @property
    def draws(self) -> str:
        """What is drawn with its bases, for people."""
        return "clips" if self.moving else "pictures"


@dataclass(frozen=True)
class LoadedBase:
    """A base, its family, and what it is called in the files that name it."""

    family: Family
    kind: str  # what the family is called
    base: Base
    name: str
    sha256: str

    def seen(self, caption: str, windows: int = 1) -> str:
        """Return what the encoders see of a caption in so many windows: its first tags, as many as fit whole."""
        return fit(caption, lambda text: self.family.is_cut(self.base, [text], windows))

    def latent_shape(self, width: int, height: int, frames: int = 1) -> tuple[int, ...]:
        """Return the shape of a look's latent: (channels, height, width), or with frames (channels, frames, ...)."""
        channels, down, across = self.family.latent_shape(self.base, width, height)
        if not self.family.moving:
            return channels, down, across
        return channels, self.family.latent_frames(frames), down, across

    def check_clips(self, said: SeenOfClips, lengths: Collection[int]) -> None:
        """Raise GengaError if looks of so many frames cannot be learnt from; the base is ready for them then.

        said: section `train.clips`.
        """
        if not self.family.moving and said != type(said)():
            raise GengaError(
                f"params.yaml:train.clips: a base of family {self.kind} ({self.name}) learns from images; set it to"
                " {}"
            )
        for frames in sorted(lengths):
            self.family.take_frames(self.base, frames, said.stretch)

    def check_clip_skip(self, clip_skip: int) -> None:
        """Raise GengaError if the base's encoder has not so many layers."""
        if clip_skip > (layers := self.family.layers(self.base)):
            raise GengaError(f"params.yaml:train.clip_skip must be 1..{layers} for base {self.name}, got {clip_skip}")

    def check_precision(self, precision: str, section: str) -> None:
        """Raise GengaError if the base's networks are not to be computed in a precision. section: of params.yaml."""
        if precision not in (known := self.family.precisions):
            raise GengaError(
                f"params.yaml:{section}.precision: a base of family {self.kind} ({self.name}) leaves the range of"
                f" {precision}; set it to {' or '.join(known)}"
            )


def load_base(model: Model, choices: Choices | None = None) -> LoadedBase:
    """Load a base that is in the registry, its files verified. choices: section `train`, if it is to be trained."""
    family, verified = family_of(model), model.verify()
    beside = {file.part: file.path for file in verified.beside}
    if choices is not None and family.experts is not None:
        base = family.experts.load(verified.path, choices.expert)
    elif choices is not None and choices.expert is not None:
        raise GengaError(f"params.yaml:train.expert: a base of family {model.entry.family} has none; set it to null")
    elif family.load_files is not None and model.entry.folder is None:
        base = family.load_files({file.part: file.path for file in verified.files})
    elif family.load_files is not None and beside:
        base = family.load_files({"base": verified.path, **beside})
    else:
        base = family.load(verified.path)
    return LoadedBase(family, model.entry.family, base, verified.name, verified.sha256)


def family_of(model: Model) -> Family:
    """Return the family that models.yaml names for a base. Raises GengaError for one that is not known."""
    return importlib.import_module(Path(family_file(model)).with_suffix("").as_posix().replace("/", ".")).FAMILY


def family_file(model: Model) -> str:
    """Return the file of a base's family, relative to the project. Raises GengaError for one that is not known."""
    known = {Path(file).stem: file for file in family_files(Path(__file__).parents[3])}
    if (name := model.entry.family) not in known:
        key = f"{MODELS_FILE}:{model.set}.{model.role}.family"
        raise GengaError(f"{key}: there is no family {name} (families: {', '.join(known)})")
    return known[name]


def is_moving(model: Model) -> bool:
    """Whether a base's family learns from clips: its file says so, by `MOVES = True`, and is not imported for it."""
    return moves(Path(__file__).parents[3], Path(family_file(model)).stem)


def moves(root: Path, name: str) -> bool:
    """Whether a family of a project, by its name, learns from clips."""
    return "\nMOVES = True" in (root / FOLDER / f"{name}.py").read_text(encoding="utf-8")


def family_files(root: str | Path) -> list[str]:
    """Return the file of every family in a project, relative to it, sorted."""
    names = sorted(path.stem for path in (Path(root) / FOLDER).glob("*.py"))
    return [f"{FOLDER}/{name}.py" for name in names if name not in _NONE]
