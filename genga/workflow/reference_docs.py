"""Make docs/reference/ from the code: every stage, command and room, so that no page can be out of date.

`python -m genga.workflow.reference_docs` writes the pages; a test compares them with what the code says. Comments are
the source: beside a key in params.yaml, beside a column in genga/tables/; a command's help is what `--help` prints.
"""

import ast
import importlib
import importlib.util
import io
import json
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from genga.jobs.script import command_of, leaves
from genga.stages import LINE
from genga.store.files import write_text
from genga.workflow.house_picture import house

FOLDER = "docs/reference"
_MADE = "<!-- Made from the code by `python -m genga.workflow.reference_docs`: change it there. -->\n"
_KEY = re.compile(r"^(?P<indent>  |    )(?P<key>\w+):")
_COMMENT = re.compile(r"(?:^|\s)# ?(?P<text>.*)$")


def stages_page(root: Path) -> str:
    """Return the page of every stage, in the order of the line: what it does, its parameters, tables and command."""
    text = (root / "params.yaml").read_text(encoding="utf-8")
    lines = [f"{_MADE}\n# Stages\n\nThe values of parameters are those of `params.yaml` as it comes.\n"]
    lines += ["\n## models\n", "Which models the stages use.\n", *params_rows(text, "models")]
    for stage in LINE:
        lines += [f"\n## {stage.name}\n", f"{stage.does[0].upper()}{stage.does[1:]}; once for each {stage.level}.\n"]
        lines += params_rows(text, stage.name)
        for name in stage.writes:
            lines += table_rows(root, name)
        script = f"scripts/{stage.name}.py"
        lines += _command(f"python {script}", script_command(root / script), "###", told=False)
    return "\n".join(lines) + "\n"


def params_rows(text: str, section: str) -> list[str]:
    """Return a section's parameters as a table.

    text: params.yaml; a comment goes on in lines of only a comment below it.
    """
    if not (values := yaml.safe_load(text).get(section)):
        return []
    comments = key_comments(_block(text, section))
    rows = [_row(f"`{key}`", value, comments.get(key, "")) for key, value in _flat(values)]
    return ["| parameter | value | meaning, unit, range |", "|---|---|---|", *rows]


def table_rows(root: Path, name: str) -> list[str]:
    """Return a table's columns as a table, under its path."""
    folder = root / "genga/tables"
    comments = {
        key: said
        for stem in ("schema", name)
        for key, said in column_comments((folder / f"{stem}.py").read_text(encoding="utf-8")).items()
    }
    module = importlib.import_module(f"genga.tables.{name}")
    about = (module.__doc__ or "").strip().partition(": ")[2]
    columns = getattr(module, name.upper()).items()
    return [
        f"\n### {name.replace('_', ' ')}\n",
        f"`{module.PATH}`: {about}\n",
        "| column | type | meaning |",
        "|---|---|---|",
        *(_row(f"`{column}`", str(kind), comments.get(column, "")) for column, kind in columns),
    ]


def key_comments(block: str) -> dict[str, str]:
    """Return the comment beside, and below, each key of a section's lines; a key under a key as `upper.lower`."""
    found: dict[str, str] = {}
    upper = key = None
    for line in block.splitlines():
        if match := _KEY.match(line):
            lower = len(match["indent"]) > 2
            key = f"{upper}.{match['key']}" if lower else match["key"]
            upper = upper if lower else key
        comment = _COMMENT.search(line)
        if key is not None and comment is not None:
            found[key] = f"{found.get(key, '')} {comment['text']}".strip()
    return found


def _flat(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """A section's keys with their values as JSON in code; a key with keys under it has none of its own."""
    for key, value in values.items():
        yield key, "" if isinstance(value, dict) else f"`{_json(value)}`"
        if isinstance(value, dict):
            yield from ((f"{key}.{lower}", f"`{_json(below)}`") for lower, below in value.items())


def _block(text: str, section: str) -> str:
    """The lines of a section of params.yaml, without its own name."""
    match = re.search(rf"^{section}:.*\n((?:[ #].*\n|\n)*)", text, re.MULTILINE)
    return match[1] if match else ""


def column_comments(source: str) -> dict[str, str]:
    """Return the comment beside, or above, each key of the dicts at the top of a module."""
    lines = source.splitlines()
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and "fmt: skip" not in token.string
    }
    assigned = (node.value for node in ast.parse(source).body if isinstance(node, ast.Assign | ast.AnnAssign))
    keys = (key for value in assigned if isinstance(value, ast.Dict) for key in value.keys)
    found: dict[str, str] = {}
    for key in (key for key in keys if isinstance(key, ast.Constant)):
        above = key.lineno
        while above - 1 in comments and lines[above - 2].lstrip().startswith("#"):
            above -= 1
        said = [comments[line] for line in range(above, key.lineno + 1) if line in comments]
        if said:
            found[str(key.value)] = " ".join(said)
    return found


def commands_page() -> str:
    """Return the page of the command `genga`, as its `--help` says."""
    lines = [f"{_MADE}\n# Commands\n\nThose of the stages are on [their page](stages.md).\n"]
    for name, command in sorted(leaves("genga", importlib.import_module("genga.__main__").command())):
        lines += _command(name, command)
    return "\n".join(lines) + "\n"


def script_command(path: Path) -> Any:
    """Return a stage's script as the command that `genga.jobs.script.run` makes of it."""
    module = _module(path)
    return command_of(module.main, module.__doc__)


def _module(path: Path) -> Any:
    """A script as a module, its `main` not run."""
    spec = importlib.util.spec_from_file_location(f"scripts_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _command(name: str, command: Any, level: str = "##", told: bool = True) -> Iterator[str]:
    yield f"\n{level} {name}\n"
    if told:
        yield f"{' '.join((command.help or '').split())}\n"
    params = [param for param in command.params if param.name != "help"]
    if not params:
        return
    yield "| argument | meaning | without it |"
    yield "|---|---|---|"
    for param in params:
        called = param.opts[0] if param.opts[0].startswith("-") else param.opts[0].upper()
        default = "required" if param.required else f"`{param.default}`" if param.default not in (None, "") else ""
        yield _row(f"`{called}`", getattr(param, "help", None) or "", default)


def _row(*cells: str) -> str:
    """A row of a table in Markdown: bars escaped, and in cells that are not code what would be read as HTML."""
    safe = (cell if cell.startswith("`") else cell.replace("<", "&lt;") for cell in cells)
    return "| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in safe) + " |"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def pages(root: str | Path = ".") -> dict[str, str]:
    """Return every page of the reference by its path."""
    root = Path(root)
    return {
        f"{FOLDER}/stages.md": stages_page(root),
        f"{FOLDER}/commands.md": commands_page(),
        f"{FOLDER}/house.svg": house(root),
    }


if __name__ == "__main__":
    for name, page in pages().items():
        write_text(name, page)
        print(name, file=sys.stderr)
