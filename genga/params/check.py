"""Check the whole of params.yaml: every section there and valid, none unknown.

The file's sections are the stages in pipeline order, `models`, and `runs`. A section's class lives in the module of its
name in this package, and is imported by its name here alone: a stage's code depends on its own section, and not on
which others there are.
"""

import importlib
from typing import Any

from genga.errors import GengaError
from genga.params.section import Section, parse_section, section_of_run
from genga.stages import RUN_STAGES, STAGES


def check_params(values: dict[str, Any]) -> None:
    """Check a whole parameter file: every section there, none unknown, every run's changes valid.

    Raises GengaError that names the key.
    """
    known = ["models", *STAGES, "runs"]
    for section in values:
        if section not in known:
            raise GengaError(f"params.yaml:{section} is not a known section (known: {', '.join(known)})")
    for section in known:
        if section not in values:
            raise GengaError(f"params.yaml:{section} is missing")
    for stage in ["models", *STAGES]:
        parse_section(stage, section_class(stage), values[stage])
    for run, changes in (values["runs"] or {}).items():
        parse_section(f"runs.{run}", section_class("runs"), changes)
        for stage in RUN_STAGES:
            parse_section(f"runs.{run}.{stage}", section_class(stage), section_of_run(values, run, stage))


def section_class(section: str) -> type[Section]:
    """Return the class `Params` of a section's module."""
    return importlib.import_module(f"genga.params.{section}").Params
