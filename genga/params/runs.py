"""Section `runs`: a training run each, its recipe, and what differs in it from that and the sections above."""

from typing import Annotated, Any

from pydantic import AfterValidator

from genga.params.names import one_form
from genga.params.section import Section

Name = Annotated[str, AfterValidator(one_form)]


class Params(Section):
    series: Name  # the series whose dataset it learns from
    character: Name | None  # the character it learns, as named under corrections/; null: everything in the dataset
    base: str = "base"  # the model that it learns on: its role in models.yaml
    recipe: str | None = None  # whose values come before those below: a file of recipes/; null: none
    train: dict[str, Any] = {}  # keys of section train that differ
    sample: dict[str, Any] = {}  # likewise
    evaluate: dict[str, Any] = {}
    report: dict[str, Any] = {}
