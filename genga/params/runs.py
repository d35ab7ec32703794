"""Section `runs`: a training run each, and what differs in it from the sections above."""

from typing import Any

from genga.params.section import Section


class Params(Section):
    series: str  # the series whose dataset it learns from
    character: str | None  # the character it learns, as named under corrections/; null: everything in the dataset
    train: dict[str, Any] = {}  # keys of section train that differ
    sample: dict[str, Any] = {}  # likewise
    evaluate: dict[str, Any] = {}
    report: dict[str, Any] = {}
