"""Check the whole of params.yaml, every section there and valid, none unknown, and bring its values into one form.

The file's sections are the stages in pipeline order, `models`, and `runs`. A section's class lives in the module of its
name in this package, and is imported by its name here alone: a stage's code depends on its own section, and not on
which others there are.
"""

import importlib
from pathlib import Path
from typing import Any

from genga.errors import GengaError
from genga.params.names import fault_of_run
from genga.params.recipes import FOLDER, SECTIONS, Recipe, read_recipe
from genga.params.section import Section, parse_section, section_of_run
from genga.stages import RUN_STAGES, STAGES


def check_params(values: dict[str, Any], root: Path = Path(".")) -> dict[str, Any]:
    """Return a whole parameter file as its classes have it: the same values, however they were written, are equal.

    Sections and keys are in the order of the line; a number is a whole one or a fraction as its field says; what a
    run's recipe says is in the run's sections. root: the project's folder. Raises GengaError that names the key: every
    section has to be there, none unknown, every recipe and every run's changes valid.
    """
    known = ["models", *STAGES, "runs"]
    for section in values:
        if section not in known:
            raise GengaError(f"params.yaml:{section} is not a known section (known: {', '.join(known)})")
    for section in known:
        if section not in values:
            raise GengaError(f"params.yaml:{section} is missing")
    sections = {stage: _parsed(stage, stage, values[stage]) for stage in ["models", *STAGES]}
    runs = values["runs"] or {}
    if not isinstance(runs, dict):
        raise GengaError(f"params.yaml:runs must be a mapping of runs, got {runs!r}")
    for run in runs:
        if why := fault_of_run(run):
            raise GengaError(f"params.yaml:runs: a run cannot be called {run!r}: {why}")
    return sections | {"runs": {run: _run(values, run, root) for run in runs}}


def _run(values: dict[str, Any], run: str, root: Path) -> dict[str, Any]:
    """A run's section: of the others what differs, as they have it."""
    own = _parsed(f"runs.{run}", "runs", values["runs"][run])
    recipe = check_recipe(values, read_recipe(root, own["recipe"])) if own["recipe"] else None
    for stage in RUN_STAGES:
        whole = _parsed(f"runs.{run}.{stage}", stage, section_of_run(values, run, stage, root))
        said = {**(recipe.of(stage) if recipe else {}), **own[stage]}
        own[stage] = {key: value for key, value in whole.items() if key in said}
    return own


def check_recipe(values: dict[str, Any], recipe: Recipe) -> Recipe:
    """Return a recipe. Raises GengaError that names its file and key, if its values do not hold over params.yaml's."""
    for stage in SECTIONS:
        try:
            _parsed(stage, stage, {**values[stage], **recipe.of(stage)})
        except GengaError as error:
            raise GengaError(str(error).replace("params.yaml:", f"{FOLDER}/{recipe.name}.yaml: ")) from error
    return recipe


def _parsed(name: str, section: str, values: Any) -> dict[str, Any]:
    return parse_section(name, section_class(section), values).model_dump(mode="json")


def section_class(section: str) -> type[Section]:
    """Return the class `Params` of a section's module."""
    return importlib.import_module(f"genga.params.{section}").Params
