"""The pages for people: the reference is what the code says, links lead somewhere, commands exist."""

import ast
import re
import shlex
from pathlib import Path

import pytest
import typer
import yaml

from genga.__main__ import app
from genga.workflow.reference_docs import column_comments, key_comments, pages, params_rows

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "corrections/README.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


def _ids(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_comments_beside_and_below_a_key() -> None:
    block = "  a: 1  # px, 0..9\n        # and more\n  b: [1, 2]\n  c:  # at or above\n    d: 3  # s\n    e: 4\n"
    assert key_comments(block) == {"a": "px, 0..9 and more", "c": "at or above", "c.d": "s"}


def test_comments_beside_columns() -> None:
    source = 'SCHEMA: dict = {\n    "a": 1,  # px\n    "b": 2,\n    **OTHER,\n}\nELSE = {"c": 3}  # fmt: skip\n'
    assert column_comments(source) == {"a": "px"}


def test_comments_above_columns() -> None:
    source = 'T: dict = {\n    # A frame,\n    # or null.\n    "a": 1,\n    "b": 2,  # px\n    "c": 3,\n}\n'
    assert column_comments(source) == {"a": "A frame, or null.", "b": "px"}


def test_parameters_as_rows() -> None:
    text = "dedup:\n  threshold: 12  # luma, 0..255\n  of:  # a\n    b: 1  # c\nstills: {}\nruns: {}\n"
    assert params_rows(text, "dedup") == [
        "| parameter | value | meaning, unit, range |", "|---|---|---|",
        "| `threshold` | `12` | luma, 0..255 |", "| `of` |  | a |", "| `of.b` | `1` | c |",
    ]  # fmt: skip
    assert params_rows(text, "stills") == []


@pytest.mark.parametrize("name", ["stages.md", "commands.md", "house.svg"])
def test_the_reference_is_up_to_date(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = f"docs/reference/{name}"
    assert (ROOT / page).read_text(encoding="utf-8") == pages()[page], "run: python -m genga.workflow.reference_docs"


def test_every_key_of_params_yaml_has_its_meaning_beside_it() -> None:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    rows = [row for section in yaml.safe_load(text) if section != "runs" for row in params_rows(text, section)]
    assert [row for row in rows if row.endswith("|  |") and "." not in row.split("`")[1]] == []


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_links_lead_to_files_in_the_repository(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_commands_that_a_page_shows_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    lines = [line for block in FENCE.findall(text) for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    assert [line for line in lines if (problem := _problem(line.removeprefix("$ "))) is not None and problem] == []


def _problem(line: str) -> str | None:
    """What is wrong with a command line as a page shows it; None for what is not a command of ours."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return None
    if words[:1] == ["nice"]:
        words = words[3:]
    match words:
        case ["make", *targets]:
            makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
            made = re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)
            made += re.findall(r"^([A-Z]+) \?=", makefile, re.MULTILINE)  # that may be set: make demo GPU=0
            return "" if {word.split("=")[0] for word in targets} <= set(made) else "no such target or variable"
        case ["python", script, *_] if script.endswith(".py"):
            return "" if (ROOT / script).is_file() else "no such script"
        case ["python", "-m", module, *_] if module.split(".")[0] in ("genga", "demo", "bench"):
            path = ROOT.joinpath(*module.split("."))
            return "" if path.with_suffix(".py").is_file() or (path / "__main__.py").is_file() else "no such module"
        case ["genga", *rest]:
            return _genga_problem(rest)
        case ["snakemake", *rest]:
            rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "rules").glob("*.smk"))
            targets = [word for word in rest if re.fullmatch(r"all_\w+", word)]
            return "" if all(f"rule {target}:" in rules for target in targets) else "no such target"
    return None


def _genga_problem(words: list[str]) -> str:
    """Whether the `genga` command has the subcommands and options that a page gives it."""
    command = typer.main.get_command(app)
    while words and hasattr(command, "list_commands") and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        context = typer.Context(command)
        if words[0] not in command.list_commands(context):
            return f"no such subcommand: {words[0]}"
        command = command.get_command(context, words.pop(0))
    known = {option for param in command.params for option in param.opts}
    return next((f"no such option: {word}" for word in words if word.startswith("--") and word not in known), "")


MODULES = sorted({
    name
    for page in [*PAGES, ROOT / "Makefile", *(ROOT / "tests").glob("*.py")]
    for name in re.findall(r"python -m ((?:genga|bench|demo|tests)\.[\w.]*\w)", page.read_text(encoding="utf-8"))
})  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_a_page_has_python_run_is_there_and_finds_its_neighbours(name: str) -> None:
    path = ROOT / f"{name.replace('.', '/')}.py"
    assert path.is_file()
    if name.startswith("tests."):
        assert lost(path) == [], "put sys.path.insert(0, str(Path(__file__).parent)) above the imports"


def lost(path: Path) -> list[str]:
    """Modules of tests/ that one beside them imports, at whatever remove, and that only pytest's path leads to."""
    beside, found, left = {one.stem for one in (ROOT / "tests").glob("*.py")}, set[Path](), [path]
    if "sys.path.insert(0, str(Path(__file__).parent))" in path.read_text(encoding="utf-8"):
        return []
    names: list[str] = []
    while left:
        found.add(one := left.pop())
        for node in ast.walk(ast.parse(one.read_text(encoding="utf-8"))):
            of = node.module if isinstance(node, ast.ImportFrom) else None
            for module in [of] if of else [name.name for name in node.names] if isinstance(node, ast.Import) else []:
                names += [f"{one.name}: {module}"] if module in beside else []
                there = ROOT / f"{module.replace('.', '/')}.py"
                left += [there] if module.startswith("tests.") and there.is_file() and there not in found else []
    return sorted({*names})


def test_a_neighbour_that_is_found_by_pytest_alone_is_seen(tmp_path: Path) -> None:
    command = tmp_path / "command.py"
    command.write_text("from tests.sites import served\n")
    assert lost(command) == ["sites.py: served"]
