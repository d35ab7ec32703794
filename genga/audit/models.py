"""The models that the jobs used: models.yaml knows names, revisions and licences, the records know the content."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from genga.audit.checks import ABSENT, CHANGED, VERIFIED, Check, Hashes, check_file
from genga.models import registry as models
from genga.models.registry import Model, Registry
from genga.params.models import Params
from genga.params.section import parse_section, section_of_file
from genga.workflow.records import Record

BASE = "base"


def registry_of(jobs: Iterable[Record], root: Path) -> Registry:
    """Return the set of models that the jobs were told to use; without a record the one in params.yaml."""
    told = next((job.params["models"] for job in jobs if job.params.get("models")), None)
    values = told or section_of_file(root / "params.yaml", "models")
    return models.load(parse_section("models", Params, values), root)


def used(registry: Registry, known: Iterable[str], root: Path) -> list[Model]:
    """Return the models of which a job read a file; all of them if no job's record names one."""
    known = set(known)
    found = [model for model in registry.models.values() if known & set(relative_paths(model, root))]
    return found or list(registry.models.values())


def relative_paths(model: Model, root: Path) -> list[str]:
    """Return the model's files, relative to the project."""
    return [Path(path).relative_to(root).as_posix() if root != Path(".") else path for path in model.paths]


def models_of(registry: Registry, known: Mapping[str, Any], root: Path = Path(".")) -> list[dict[str, Any]]:
    """Return role, name, licence, revision and files of each model that was used."""
    return [
        {
            "role": model.role,
            "name": model.name,
            "licence": model.entry.licence,
            "knows": model.knows,
            "repo": model.entry.repo,
            "revision": model.revision,
            "set": model.set,
            "files": relative_paths(model, root),
        }
        for model in used(registry, known, root)
    ]


def role_of(base: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return the role of a run's base among models, by role their names; `base`, if none has its name."""
    return next((role for role, name in names.items() if name == base.get("name")), BASE)


def model_checks(
    registry: Registry, base: Mapping[str, Any] | None, known: Iterable[str], hashes: Hashes
) -> list[Check]:
    """Hold the used models' files against models.yaml, and the base against what a run says it was tuned from."""
    checks = []
    for model in used(registry, known, hashes.root):
        for file, path in zip(model.files, relative_paths(model, hashes.root), strict=True):
            if file.pinned is not None:
                checks.append(check_file("model", path, file.pinned, hashes))
    if base is None:
        return checks
    role = role_of(base, {role: model.name for role, model in registry.models.items()})
    if (tuned := registry.models.get(role)) is None:
        return checks
    if not all(file.path.is_file() for file in tuned.files):
        return [*checks, Check("model", f"{role}: {base['name']}", ABSENT, base["sha256"])]
    state = VERIFIED if tuned.sha256 == base["sha256"] else CHANGED
    note = "" if state == VERIFIED else f"models.yaml's {tuned.name} is {tuned.sha256}"
    return [*checks, Check("model", f"{role}: {base['name']}", state, base["sha256"], note)]
