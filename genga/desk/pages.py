"""The desk's pages as a browser gets them: one frame around all, filled by the page's own script."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

TITLES = {
    "start": "Start", "drawings": "Drawings", "tags": "Tags", "people": "Who is who", "dataset": "Data set",
    "samples": "Samples", "issues": "Issues", "rules": "Rules",
}  # fmt: skip


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("genga.desk"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(name)


def page(name: str, token: str, read_only: bool, project: str) -> str:
    """Return a page. token: what its requests must say. project: how its folder is called."""
    return _template("page.html.j2").render(name=name, titles=TITLES, token=token, read_only=read_only, project=project)
