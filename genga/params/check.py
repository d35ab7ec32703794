"""Check the whole of params.yaml, every section there and valid, none unknown, and bring its values into one form.

The file's sections are the stages in pipeline order, `models`, `runs`, and three that may be missing: `merges`,
`series`, `sources`. A section's class lives in the module of its name in this package, and is imported by its name here
alone: a stage's code depends on its own section, and not on which others there are.
"""

import importlib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from genga.errors import GengaError
from genga.params import merge as merge_of_models
from genga.params.names import fault_of_name, fault_of_run
from genga.params.recipes import FOLDER, SECTIONS, Recipe, read_recipe
from genga.params.section import Section, parse_section
from genga.params.sources import sources_of
from genga.stages import RUN_STAGES, SECTION_STAGES

_MAY_BE_MISSING = ("series", "merges", "sources")


def check_params(values: dict[str, Any], root: Path = Path(".")) -> dict[str, Any]:
    """Return a whole parameter file as its classes have it: the same values, however they were written, are equal.

    Sections and keys are in the order of the line; a number is a whole one or a fraction as its field says; what a
    run's recipe says is in the run's sections. root: the project's folder. Raises GengaError that names the key: every
    section has to be there, none unknown, every recipe and every run's changes valid.
    """
    known = ["models", *SECTION_STAGES, "runs", *_MAY_BE_MISSING]
    for section in values:
        if section not in known:
            raise GengaError(f"params.yaml:{section} is not a known section (known: {', '.join(known)})")
    for section in known:
        if section not in values and section not in _MAY_BE_MISSING:
            raise GengaError(f"params.yaml:{section} is missing")
    sections = {stage: _parsed(stage, stage, values[stage]) for stage in ["models", *SECTION_STAGES]}
    runs, merges = _named(values, "runs"), _named(values, "merges")
    if both := sorted(runs.keys() & merges.keys()):
        raise GengaError(
            f"params.yaml:merges.{both[0]}: there is a run of that name, whose model has the same path; rename one"
        )
    made = {merge: _merge(merge, of) for merge, of in merges.items()}
    _check_parents(made, runs)
    sources_of(values)  # checked, and left out: no job depends on where files came from
    series = {name: _parsed(f"series.{name}", "series", of) for name, of in _named(values, "series").items()}
    return sections | {"series": series, "runs": {run: _run(values, run, root) for run in runs}, "merges": made}


def _named(values: dict[str, Any], section: str) -> dict[str, Any]:
    """A section that names what is to be made, `runs` or `merges`."""
    found, is_series = values.get(section) or {}, section == "series"
    one, fault = ("series", fault_of_name) if is_series else (section.removesuffix("s"), fault_of_run)
    if not isinstance(found, dict):
        raise GengaError(f"params.yaml:{section} must be a mapping of {section}, got {found!r}")
    for name in found:
        if why := fault(name):
            raise GengaError(f"params.yaml:{section}: a {one} cannot be called {name!r}: {why}")
    return found


def _merge(name: str, of: Any) -> dict[str, Any]:
    """A merge's entry. Its parents are checked first, so that a message speaks of a parent's keys."""
    for letter in ("a", "b", "c"):
        if isinstance(of, dict) and of.get(letter) is not None:
            parse_section(f"merges.{name}.{letter}", merge_of_models.Parent, of[letter])
    return _parsed(f"merges.{name}", "merge", of)


def _check_parents(merges: dict[str, Any], runs: dict[str, Any]) -> None:
    """Raise GengaError for a parent that is no run or merge here, and for merges that are made of themselves."""
    made_of: dict[str, list[str]] = {}
    for name, of in merges.items():
        for letter in ("a", "b", "c"):
            parent = of[letter] or {}
            for what, known in (("run", runs), ("merge", merges)):
                if (said := parent.get(what)) is not None and said not in known:
                    there = ", ".join(known) or "none"
                    raise GengaError(
                        f"params.yaml:merges.{name}.{letter}.{what}: there is no {what} {said} ({what}s: {there})"
                    )
            made_of.setdefault(name, []).extend([parent["merge"]] if parent.get("merge") else [])
    try:
        TopologicalSorter(made_of).prepare()
    except CycleError as error:
        way = " of ".join(reversed(error.args[1]))
        raise GengaError(f"params.yaml:merges: {way}: a merge cannot be made of itself; name another parent") from error


def _run(values: dict[str, Any], run: str, root: Path) -> dict[str, Any]:
    """A run's section: of the others what differs, as they have it."""
    own = _parsed(f"runs.{run}", "runs", values["runs"][run])
    recipe = check_recipe(values, read_recipe(root, own["recipe"])) if own["recipe"] else None
    for stage in RUN_STAGES:
        said = {**(recipe.of(stage) if recipe else {}), **(values["runs"][run].get(stage) or {})}
        whole = _parsed(f"runs.{run}.{stage}", stage, {**values[stage], **said})
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
