"""Whether runs and merges fit the models that models.yaml has in the roles they name, said before any job begins."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from genga.errors import GengaError
from genga.models import registry
from genga.params.recipes import read_recipe
from genga.params.section import section_of_run
from genga.training.families.family import family_file, is_moving
from genga.workflow.run_series import series_of

Params = Mapping[str, Any]  # params.yaml, section by section


def check_families(params: Params, models: registry.Registry, series: Collection[str]) -> None:
    """Raise GengaError for a run of `series` whose base is not there, or of a run whose base its recipe is not for.

    And for a merge of models whose families differ, as far as they are known before any is made.
    """
    for run, own in params["runs"].items():
        if (role := own["base"]) not in models.models:
            if not {*series_of(own)} <= {*series}:
                continue  # it is left out: perhaps the demo's, whose base the published set has not
            there = f"models.yaml:{models.section.set} has no model in that role (roles: {', '.join(models.models)})"
            raise GengaError(f"params.yaml:runs.{run}.base: {role}: {there}; name one of them, or write it there")
        family = Path(family_file(models.models[role])).stem
        if own["recipe"] and (wanted := read_recipe(Path("."), own["recipe"]).family) != family:
            raise GengaError(
                f"params.yaml:runs.{run}.recipe: {own['recipe']} is for bases of family {wanted}, and {role} in"
                f" models.yaml is of {family}; name a recipe for that (genga recipes list), or another base"
            )
        if is_moving(models.models[role]) and len(all_of := series_of(own)) > 1:
            raise GengaError(
                f"params.yaml:runs.{run}: {role} moves, and learns from the clips of one series, not of"
                f" {', '.join(all_of)}; name one, and no prior"
            )
        if is_moving(models.models[role]):
            how = (section_of_run(dict(params), run, "sample").get("clips") or {}).get("interpolate")
            if isinstance(how, Mapping) and how.get("by") == "model" and "interpolate" not in models.models:
                raise GengaError(
                    f"params.yaml:runs.{run}: sample.clips.interpolate asks for a model, and models.yaml:"
                    f"{models.section.set} has none in the role interpolate (docs/models.md); name one, or take by:"
                    " minterpolate"
                )
    for merge in params["merges"]:
        if len(found := _families_of(merge, params, models)) > 1:
            said = ", ".join(f"{what} is of family {family}" for family, what in found.items())
            raise GengaError(f"params.yaml:merges.{merge}: {said}; models of different families have no merge")


def _families_of(merge: str, params: Params, models: registry.Registry) -> dict[str, str]:
    """The families of a merge's parents, each with one of it; of files nothing is known yet."""
    found: dict[str, str] = {}
    for parent in (of for letter in ("a", "b", "c") if (of := params["merges"][merge][letter]) is not None):
        if parent["merge"]:
            found = {**_families_of(parent["merge"], params, models), **found}
        role = params["runs"][parent["run"]]["base"] if parent["run"] else parent["base"]
        if role in models.models:
            called = f"run {parent['run']}" if parent["run"] else f"base {role}"
            found.setdefault(models.models[role].entry.family, called)
    return found
