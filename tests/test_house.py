"""The house: one word is a stage's name everywhere, and what the project promises never to contain."""

import importlib
import re
import subprocess
import warnings
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from genga.stages import EPISODE_STAGES, LINE, RUN_STAGES, SERIES_STAGES, STAGES

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1 << 20

# What may not stand in any text of the repository, and why. Joined from parts, so that this file may.
FORBIDDEN = {
    r"^\s*(import|from) pick" + r"le\b": "pickle runs code when it is loaded: safetensors, ONNX, Parquet, JSON",
    r"except " + r"(Base)?Exception\b": "hides what went wrong: name the errors that are expected",
    r"^\s*except" + r":": "hides what went wrong: name the errors that are expected",
    r"/(wo" + r"rk|root|tmp/br" + r"ief)/": "a path of one machine",
    r"py" + r"pi\.org|files\.python" + r"hosted": "which package index is used is the user's affair",
    r"\bTO" + r"DO\b|\bFIX" + r"ME\b": "do it, or say in docs/ what is not done",
}
# Guidance on size, in lines. Beyond it is a question; beyond three times of it an answer is overdue.
GUIDANCE = {"rules/*.smk": 60, "scripts/*.py": 40, "genga/**/*.py": 200}
# Of functions alone: held to a size of its own.
EXEMPT = {"rules/common.smk"}


def tracked(*patterns: str) -> list[Path]:
    """Return the repository's files (in git, or not ignored by it), relative to its folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = listed.stdout.decode().split("\0")
    return sorted(Path(name) for name in set(names) if name and (ROOT / name).is_file())


@pytest.mark.parametrize(("stage", "room"), [(stage.name, stage.room) for stage in LINE])
def test_a_stage_has_one_name_everywhere(stage: str, room: str) -> None:
    rules = (ROOT / f"rules/{stage}.smk").read_text(encoding="utf-8")
    assert f"rule {stage}:" in rules
    assert f"scripts/{stage}.py" in rules
    assert f'code("{stage}")' in rules, "the rule declares the code it runs"
    assert f'section("{stage}")' in rules, "the rule declares the parameters it reads"
    assert re.search(rf'"(data|models|reports)/({stage}/|\{{run\}})', rules), (
        "the rule writes into a folder of its name"
    )
    assert (ROOT / f"scripts/{stage}.py").is_file()
    assert (ROOT / f"tests/test_{stage}.py").is_file()
    assert importlib.util.find_spec(f"genga.params.{stage}") is not None
    assert callable(getattr(importlib.import_module(f"genga.{room}.{stage}"), stage)), (
        "module and function share the name"
    )


def test_params_yaml_is_in_pipeline_order() -> None:
    sections = re.findall(r"^(\w+):", (ROOT / "params.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sections == ["models", *STAGES, "runs"]


def test_the_snakefile_includes_every_rule_file_in_pipeline_order() -> None:
    included = re.findall(r'include: "rules/(\w+)\.smk"', (ROOT / "Snakefile").read_text(encoding="utf-8"))
    assert [name for name in included if name in STAGES] == list(STAGES)
    assert sorted(included) == sorted(path.stem for path in (ROOT / "rules").glob("*.smk"))


@pytest.mark.parametrize("stage", STAGES)
def test_a_rule_has_log_environment_and_wildcards_of_its_level(stage: str) -> None:
    rules = (ROOT / f"rules/{stage}.smk").read_text(encoding="utf-8")
    level = {**dict.fromkeys(EPISODE_STAGES, "{series}/{episode}"), **dict.fromkeys(SERIES_STAGES, "{series}")}
    where = level.get(stage, "{run}")
    assert stage in RUN_STAGES or where != "{run}"
    assert f'"logs/{stage}/{where}.log"' in rules
    assert '"../envs/genga.yaml"' in rules
    assert re.findall(r"^    (shell|script|run|notebook):", rules, re.MULTILINE) == ["shell"]


def test_what_the_rules_share_are_functions() -> None:
    """Nothing has an effect while it is read: that is genga.workflow.opening, which the Snakefile calls."""
    lines = (ROOT / "rules/common.smk").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150
    top = [line for line in lines if line and not line.startswith((" ", "#", ")", '"""'))]
    kinds = ("def ", "import ", "from ", "wildcard_constraints:", "GPUS = ")
    assert [line for line in top if not line.startswith(kinds)] == []


def test_the_readmes_tree_names_every_entry() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    entries = {path.parts[0] for path in tracked()}
    plumbing = {name for name in entries if name.startswith(".")}
    missing = [name for name in sorted(entries - plumbing) if name not in readme]
    assert missing == []


def test_nothing_forbidden_in_any_text() -> None:
    found = []
    for path in tracked():
        data = (ROOT / path).read_bytes()
        if b"\0" in data:
            continue
        for number, line in enumerate(data.decode("utf-8").splitlines(), 1):
            found += [f"{path}:{number}: {why}" for what, why in FORBIDDEN.items() if re.search(what, line)]
    assert found == []


def test_models_are_loaded_as_data_only() -> None:
    """`torch.load` may run code unless it is told to read weights only."""
    for path in tracked("*.py"):
        for call in re.findall(r"torch\.lo" + r"ad\([^)]*\)", (ROOT / path).read_text(encoding="utf-8")):
            assert "weights_only=True" in call, path


def test_weights_in_git_stay_small() -> None:
    weights = tracked("*.onnx", "*.safetensors")
    assert sum((ROOT / path).stat().st_size for path in weights) <= 24 * MEGABYTE


def test_no_video_and_no_other_binary_in_git() -> None:
    allowed = {".onnx", ".safetensors", ".png", ".webp", ".jpg"}
    binary = [p for p in tracked() if p.suffix not in allowed and b"\0" in (ROOT / p).read_bytes()[: 1 << 16]]
    assert binary == []


def test_every_module_says_what_it_is() -> None:
    for path in tracked("genga/*.py", "scripts/*.py", "demo/*.py", "bench/*.py", "tests/*.py"):
        assert (ROOT / path).read_text(encoding="utf-8").lstrip().startswith('"""'), f"{path} has no docstring"


def test_files_are_of_a_size_to_be_read() -> None:
    gross = []
    for pattern, limit in GUIDANCE.items():
        for path in sorted(ROOT.glob(pattern)):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            name = path.relative_to(ROOT).as_posix()
            if lines > limit and name not in EXEMPT:
                warnings.warn(f"{name}: {lines} lines, guidance {limit}", stacklevel=1)
            if lines > 3 * limit and name not in EXEMPT:
                gross.append(f"{name}: {lines} lines")
    assert gross == []


def test_the_conda_environment_has_the_versions_of_the_lock_file() -> None:
    lock = (ROOT / "envs/requirements.lock").read_text(encoding="utf-8").split()
    pinned = re.findall(r"^      - (\S+)$", (ROOT / "envs/genga.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned and set(pinned) <= set(lock)


def _direct() -> list[str]:
    lines = (ROOT / "envs/requirements.in").read_text(encoding="utf-8").splitlines()
    return [re.split(r"[\[=<>~]", line)[0] for line in lines if line and not line.startswith("#")]


def test_every_direct_dependency_is_locked_and_explained() -> None:
    direct = _direct()
    locked = (ROOT / "envs/requirements.lock").read_text(encoding="utf-8").lower().replace("_", "-")
    why = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    assert [name for name in direct if f"\n{name.lower()}==" not in f"\n{locked}"] == []
    assert [name for name in direct if f"`{name}`" not in why] == []


def test_every_direct_dependency_is_imported_or_is_a_tool() -> None:
    """A part that nothing uses is not a part."""
    tools = {"snakemake", "dvc", "pytest-xdist", "ruff", "mypy", "snakefmt", "setuptools"}
    tools |= {"dvc-s3", "dvc-ssh", "dvc-webdav", "flask", "flask-cors"}  # DVC's and moto's own imports
    imports: dict[str, set[str]] = {}
    for module, distributions in packages_distributions().items():
        for distribution in distributions:
            imports.setdefault(distribution.lower().replace("_", "-"), set()).add(module)
    code = "\n".join((ROOT / path).read_text(encoding="utf-8") for path in tracked("*.py"))
    used = set(re.findall(r"^\s*(?:import|from) (\w+)", code, re.MULTILINE))
    assert [name for name in _direct() if name not in tools and not imports.get(name, set()) & used] == []
