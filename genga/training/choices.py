"""What of section `train` of params.yaml a family of bases is asked about, and how it refuses what it has not."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from genga.errors import GengaError


class Choices(Protocol):
    """What section `train` of params.yaml leaves to a family."""

    @property
    def modules(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def convolutions(self) -> bool: ...
    @property
    def expert(self) -> str | None: ...
    @property
    def text_encoder(self) -> bool: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def text_learning_rate(self) -> float: ...
    @property
    def clip_skip(self) -> int: ...
    @property
    def min_snr_gamma(self) -> float: ...
    @property
    def debiased(self) -> bool: ...
    @property
    def max_tokens(self) -> int: ...
    @property
    def timesteps(self) -> str: ...
    @property
    def timestep_scale(self) -> float: ...
    @property
    def timestep_mean(self) -> float: ...
    @property
    def shift(self) -> float | None: ...
    @property
    def noise_offset(self) -> float: ...
    @property
    def multires_iterations(self) -> int: ...
    @property
    def loss(self) -> str: ...
    @property
    def huber_schedule(self) -> str: ...
    @property
    def mask_text(self) -> float: ...
    @property
    def mask_background(self) -> float: ...


class SeenOfClips(Protocol):
    """What section `train.clips` of params.yaml says."""

    @property
    def stretch(self) -> bool: ...


class Experts(NamedTuple):
    """What a family has whose bases may be of networks that share the noise among them, each learnt by itself."""

    load: Callable[[Path, str | None], Any]  # a base to train, with the one network that `train.expert` names
    of: Callable[[Any, str | None], Any]  # a base of which a checkpoint changes that one alone
    names: Callable[[Any], tuple[str, ...]]  # of a base's networks, as `train.expert` has them; none, if it has one
    has_little_noise: Callable[[Any, Any], bool]  # whether a timestep, as samplers count, is its second network's


def refuse(kind: str, wrong: Mapping[str, bool]) -> None:
    """Raise GengaError for every choice that has no meaning for a family. wrong: by what to set it to."""
    if found := [what for what, is_wrong in wrong.items() if is_wrong]:
        raise GengaError(f"params.yaml:train: for a base of family {kind} set {', '.join(found)}")
