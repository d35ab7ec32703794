"""`genga models`: list, pull, verify, lock-embedded."""

from pathlib import Path
from typing import Annotated

import typer

from genga.jobs.script import summary
from genga.models.models_file import MODELS_FILE
from genga.models.registry import Model, Registry, load
from genga.params.models import Params, Profile, Use
from genga.params.section import parse_section, section_of_file

app = typer.Typer(help="The models that play the roles in models.yaml.", no_args_is_help=True, add_completion=False)

ROOT = Path(".")

Set = Annotated[
    Use | None,
    typer.Option("--set", help="which set; default: models.use in params.yaml"),
]
Published = Annotated[
    Profile | None, typer.Option("--set", help="which profile; default: models.use in params.yaml, if it is one")
]
Roles = Annotated[list[str] | None, typer.Option("--role", help="this role only; may be given more than once")]


@app.command("list")
def list_models(which: Set = None, role: Roles = None) -> None:
    """Show every model: role, name, what lies in place, licence."""
    registry = _registry(which)
    for model in _chosen(registry, role):
        print(f"{model.role:<13} {model.name:<32} {_state(model):<22} {model.entry.licence}")
    summary(registry.summary())


@app.command()
def pull(
    which: Published = None,
    role: Roles = None,
    origin: Annotated[
        Path | None, typer.Option("--from", help="take files from this folder (<repo>/<path>), not from the hub")
    ] = None,
) -> None:
    """Fetch the published models, verify them, and record in models.lock what models.yaml does not know."""
    from genga.models.download import pull as pull_model

    registry = _registry(which)
    if registry.section.use == "embedded":
        registry = _registry("published")
    models = _chosen(registry, role)
    for model in models:
        for line in pull_model(model, ROOT, Path(registry.section.folder), origin):
            print(line, flush=True)
    use, folder = registry.section.use, registry.section.folder
    summary(f"pull: {len(models)} models under {folder}/; models.use: {use} switches them on")


@app.command()
def verify(which: Set = None, role: Roles = None) -> None:
    """Read every file and compare its sha256 with the one on record."""
    models = _chosen(_registry(which), role)
    for model in models:
        print(f"{model.role}: {model.name} {model.verify().sha256}", flush=True)
    summary(f"verify: {len(models)} models are what models.yaml and models.lock say")


@app.command("lock-embedded")
def lock_embedded() -> None:
    """Write the sha256 of the embedded models' files, as they lie here, into models.yaml."""
    from genga.models.pin import lock_embedded as lock

    changed = lock(ROOT, _registry("embedded"))
    summary(f"lock-embedded: {changed} sha256 changed in {MODELS_FILE}")


def _registry(which: str | None) -> Registry:
    section = parse_section("models", Params, section_of_file("params.yaml", "models"))
    return load(section if which is None else section.model_copy(update={"use": which}), ROOT)


def _chosen(registry: Registry, roles: list[str] | None) -> list[Model]:
    return [registry.model(role) for role in roles] if roles else list(registry.models.values())


def _state(model: Model) -> str:
    """What can be said without reading the files."""
    missing = sum(not file.path.is_file() for file in model.files)
    if missing:
        return f"{missing} of {len(model.files)} missing"
    return "in place" if model.is_pinned else "in place, not pinned"
