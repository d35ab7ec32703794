"""`genga recipes`: list, show."""

import json
from pathlib import Path
from typing import Any

import typer

from genga.jobs.script import summary
from genga.params.check import check_recipe
from genga.params.recipes import SECTIONS, Recipe, names_of_recipes, read_recipe
from genga.params.section import read_params

app = typer.Typer(help="Processes of training as data: recipes/*.yaml.", no_args_is_help=True, add_completion=False)

ROOT = Path(".")


@app.command("list")
def list_recipes() -> None:
    """Show every recipe: name, family of its base, what it is."""
    recipes = [read_recipe(ROOT, name) for name in names_of_recipes(ROOT)]
    for recipe in recipes:
        print(f"{recipe.name:<19} {recipe.family:<11} {recipe.about}")
    summary(
        f"{len(recipes)} recipes; `genga recipes show NAME` for one, `recipe: NAME` in a run of params.yaml to use it"
    )


@app.command()
def show(name: str) -> None:
    """Print every value of a recipe, where it is from, and what it is in params.yaml where that differs."""
    values = read_params("params.yaml")
    recipe = check_recipe(values, read_recipe(ROOT, name))
    print(f"{recipe.name}: {recipe.about}; for bases of family {recipe.family}")
    for source in dict.fromkeys(value.source for value in recipe.values):
        print(f"\nfrom {source}")
        for line in _lines(recipe, source, values):
            print(line)
    print("\nas in params.yaml, of which the recipe says nothing")
    for section in SECTIONS[:2]:
        left = [key for key in values[section] if key not in recipe.of(section)]
        print("\n".join(f"  {section}.{key}: {_written(values[section][key])}" for key in left))


def _lines(recipe: Recipe, source: str, values: dict[str, Any]) -> list[str]:
    lines = []
    for value in recipe.values:
        if value.source == source:
            said = f"  {value.section}.{value.key}: {_written(value.value)}"
            before = values[value.section].get(value.key)
            lines.append(said if before == value.value else f"{said:<48} # params.yaml: {_written(before)}")
    return lines


def _written(value: Any) -> str:
    """A value as params.yaml takes it."""
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
