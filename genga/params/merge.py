"""An entry of section `merges`: a model that is made of others, without training."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from genga.errors import GengaError
from genga.params.names import one_form
from genga.params.section import Section, params_of, parse_section, section_of_file

Name = Annotated[str, AfterValidator(one_form)]
Method = Literal[
    "weighted_sum", "cosine_a", "cosine_b", "add_difference", "train_difference", "bake_lora", "extract_lora"
]

_OF_THREE = ("add_difference", "train_difference")
_NUMBERS = (20, 25, 26)  # block weights: of SDXL, of SD 1.x without BASE and with it


class Parent(Section):
    """What a merge is made of: one of the four."""

    base: str | None = None  # a role in models.yaml
    run: Name | None = None  # a run: its selected checkpoint
    merge: Name | None = None  # another merge
    file: str | None = Field(default=None, pattern=r"^[^{}]+\.safetensors$")  # from the project's folder on
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")  # of that file: it is held to it

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if sum(one is not None for one in (self.base, self.run, self.merge, self.file)) != 1:
            raise ValueError("a parent is one of base, run, merge and file; name one of them")
        if (self.file is None) != (self.sha256 is None):
            raise ValueError("file and sha256 go together: write the sha256 of the file beside it (sha256sum says it)")
        return self

    @property
    def called(self) -> str:
        """What it is, for people."""
        return next(f"{what} {name}" for what, name in self if what != "sha256" and name is not None)


class Params(Section):
    method: Method
    a: Parent
    b: Parent
    c: Parent | None = None  # of add_difference and train_difference: what b was made of
    alpha: float | None = Field(
        default=None, ge=-2, le=2
    )  # 0: a alone; of a weighted sum 1: b alone; a LoRA's strength
    blocks: Literal["animediffusion-high", "animediffusion-low"] | list[float] | None = None  # an alpha for each block
    rank: int | None = Field(default=None, ge=1, le=1024)  # of an extracted LoRA
    convolutions: bool = False  # extract_lora: also of the resnets and samplers (LoCon)
    precision: Literal["float32", "float16", "bfloat16"] | None = None  # of what is written; null: as in a
    threads: int = Field(default=1, ge=1, le=256)  # of the CPU; part of the result where matrices are multiplied

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        """Refuse what the method has no use for, and the want of what it needs."""
        of_three, extracts, bakes = self.method in _OF_THREE, self.method == "extract_lora", self.method == "bake_lora"
        if of_three != (self.c is not None):
            raise ValueError(
                f"{self.method} is of {'three models: c is missing' if of_three else 'a and b: take c away'}"
            )
        if extracts != (self.rank is not None):
            raise ValueError("extract_lora needs a rank" if extracts else f"{self.method} has no rank: take it away")
        if self.convolutions and not extracts:
            raise ValueError(f"{self.method} knows no convolutions of its own: take the key away")
        if self.blocks is not None and (extracts or bakes):
            raise ValueError(f"{self.method} has no blocks: take them away")
        if isinstance(self.blocks, list) and len(self.blocks) not in _NUMBERS:
            raise ValueError(
                f"blocks must be 26 weights (BASE, IN00 … OUT11), 25 without BASE, or SDXL's 20; got {len(self.blocks)}"
            )
        of_base = isinstance(self.blocks, list) and len(self.blocks) == 25
        if (needs := not extracts and (self.blocks is None or of_base)) != (self.alpha is not None):
            of = " for BASE" if of_base else ""
            raise ValueError(f"{self.method} needs an alpha{of}" if needs else "alpha has no effect here: take it away")
        return self

    @property
    def parents(self) -> dict[str, Parent]:
        """What it is made of, by letter."""
        named = {"a": self.a, "b": self.b, "c": self.c}
        return {letter: parent for letter, parent in named.items() if parent is not None}


def merge_of(name: str, text: str) -> Params:
    """Return a merge's entry from `--params` JSON, or from params.yaml in this folder when `text` is empty."""
    if text:
        return params_of(f"merges.{name}", Params, text)
    entries = section_of_file("params.yaml", "merges") or {}
    if name not in entries:
        raise GengaError(f"params.yaml:merges.{name} is missing; add an entry of that name")
    return parse_section(f"merges.{name}", Params, entries[name])
