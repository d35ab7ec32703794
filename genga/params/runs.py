"""Section `runs`: a training run each, its recipe, and what differs in it from that and the sections above."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from genga.params.names import one_form
from genga.params.section import Section

Name = Annotated[str, AfterValidator(one_form)]


def _as_list(said: Any) -> Any:
    """One name is a list of it. Raises ValueError for what names nothing."""
    if isinstance(said, str):
        return [said]
    if not isinstance(said, list) or not said or not all(isinstance(one, str) for one in said):
        wanted = "must be text, in quotes if it looks like something else, or a list of such names"
        raise ValueError(f"{wanted}, got {'null' if said is None else said}")
    return said


class Params(Section):
    # The series whose dataset it learns from, or several, as one
    series: Annotated[Name | list[Name], BeforeValidator(_as_list)]
    character: Name | None  # the character it learns, as named under corrections/; null: everything in the dataset
    series_weights: dict[Name, Annotated[float, Field(gt=0, le=100)]] = {}  # looks of a series to those of others, or 1
    prior: list[Name] = []  # series of prior images (regularisation), without names, seen as often as all others
    prior_loss_weight: float = Field(default=1.0, ge=0, le=10)  # of the loss of these; 0: they teach nothing
    base: str = "base"  # the model that it learns on: its role in models.yaml
    recipe: str | None = None  # whose values come before those below: a file of recipes/; null: none
    train: dict[str, Any] = {}  # keys of section train that differ
    sample: dict[str, Any] = {}  # likewise
    evaluate: dict[str, Any] = {}
    report: dict[str, Any] = {}

    @model_validator(mode="after")
    def _of_series(self) -> Self:
        for key, names in (("series", self.series), ("prior", self.prior)):
            if len(set(names)) < len(names):
                raise ValueError(f"{key} has one twice, got {', '.join(names)}; name each once")
        if strange := sorted(self.series_weights.keys() - {*self.series}):
            there = ", ".join(self.series)
            raise ValueError(f"series_weights names {strange[0]}, which is not of its series ({there}); take it out")
        if both := [name for name in self.prior if name in self.series and self.character is None]:
            raise ValueError(
                f"prior names {both[0]}, all of which is learnt; name a character, or another series for prior images"
            )
        return self
