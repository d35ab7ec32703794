"""The house: one word is a stage's name everywhere, and what the project promises never to contain."""

import importlib
import re
import shutil
import subprocess
import sys
import tomllib
import warnings
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pages import POLICY
from rooms import code_of, graph_of, imported, sources_of

from genga.exchange.sources import gallery, releases, torrents
from genga.images.upscaling import PACKAGES
from genga.stages import LINE, SECTION_STAGES, STAGES, WILDCARDS

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1 << 20
LEVELS = {stage.name: stage.level for stage in LINE}

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
    assert re.search(rf'"(data|models|reports)/({stage}/|\{{run\}}|\{{merge\}})', rules), (
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
    assert sections == ["models", *SECTION_STAGES, "series", "runs", "merges", "sources"]


def test_the_snakefile_includes_every_rule_file_in_pipeline_order() -> None:
    included = re.findall(r'include: "rules/(\w+)\.smk"', (ROOT / "Snakefile").read_text(encoding="utf-8"))
    assert [name for name in included if name in STAGES] == list(STAGES)
    assert sorted(included) == sorted(path.stem for path in (ROOT / "rules").glob("*.smk"))


@pytest.mark.parametrize("stage", STAGES)
def test_a_rule_has_log_environment_and_wildcards_of_its_level(stage: str) -> None:
    rules = (ROOT / f"rules/{stage}.smk").read_text(encoding="utf-8")
    where = "/".join(f"{{{name}}}" for name in WILDCARDS[LEVELS[stage]])
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


def test_the_wheel_has_every_file_of_the_package(tmp_path: Path) -> None:
    files = [*tracked("genga"), Path("pyproject.toml"), Path("README.md"), Path("LICENSE")]
    for path in files:  # a build leaves folders behind
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    build = "import setuptools.build_meta; print(setuptools.build_meta.build_wheel('.'))"
    done = subprocess.run([sys.executable, "-c", build], cwd=tmp_path, capture_output=True, text=True, check=True)
    inside = ZipFile(tmp_path / done.stdout.splitlines()[-1]).namelist()
    assert {name for name in inside if ".dist-info/" not in name} == {path.as_posix() for path in files[:-3]}


def _project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _direct(*extras: str) -> list[Requirement]:
    """What pyproject.toml names: genga's own dependencies, and those of extras."""
    project = _project()
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return [Requirement(line) for line in lines]


def _lock(name: str) -> dict[str, str]:
    """The versions in a lock file, by name."""
    lines = (ROOT / f"envs/{name}.lock").read_text(encoding="utf-8").split()
    return dict(line.split("==") for line in lines)


def test_the_conda_environment_has_what_jobs_import_at_the_versions_of_the_lock_file() -> None:
    lock = (ROOT / "envs/requirements.lock").read_text(encoding="utf-8").split()
    pinned = re.findall(r"^      - (\S+)$", (ROOT / "envs/genga.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned and set(pinned) <= set(lock)
    around = {"snakemake", "dvc", "dvc-s3", "dvc-ssh", "dvc-webdav"}  # jobs run by them, not with them
    around |= {"starlette", "uvicorn"}  # the desk's, which is no job
    assert {line.split("==")[0] for line in pinned} == {part.name for part in _direct()} - around


@pytest.mark.parametrize("module", ["audit.croissant", "audit.crate", "audit.mlbom", "audit.signing"])
def test_the_environment_of_auditors_holds_what_their_formats_import(module: str) -> None:
    sources, locked = sources_of(ROOT), {canonicalize_name(name) for name in _lock("audit")}
    code = [sources[one] for one in code_of(module, graph_of(sources))]
    libraries = {name.split(".")[0] for source in code for name in imported(source)}
    packages = packages_distributions()
    names = {name: packages.get(name, [name]) for name in libraries - {"genga", *sys.stdlib_module_names}}
    assert not {name for name, of in names.items() if not locked & {canonicalize_name(one) for one in of}}


@pytest.mark.parametrize(
    ("names", "extras", "without"),
    [
        (("requirements",), ("dev",), ()),
        (("gpu",), ("dev", "gpu"), ("onnxruntime",)),
        (("requirements", "cluster"), ("dev", "cluster"), ()),
    ],
)
def test_a_lock_has_what_pyproject_names(names: tuple[str], extras: tuple[str], without: tuple[str]) -> None:
    locked = {name: version for lock in names for name, version in _lock(lock).items()}
    wanted = [part for part in _direct(*extras) if part.name not in without]
    assert [str(part) for part in wanted if locked.get(canonicalize_name(part.name), "") not in part.specifier] == []
    assert [name for name in without if name in locked] == []


def test_the_lock_of_audits_has_its_formats_libraries() -> None:
    locked = _lock("audit")
    for part in map(Requirement, _project()["optional-dependencies"]["audit"]):
        assert locked[canonicalize_name(part.name)] in part.specifier
    parts = {part.name: part.specifier for part in _direct()}
    assert [name for name, version in locked.items() if name in parts and version not in parts[name]] == []


def test_the_lock_of_upscaling_is_what_the_stage_says_to_install() -> None:
    locked = _lock("upscale")
    wanted = [Requirement(part) for part in _project()["optional-dependencies"]["upscale"]]
    assert sorted(locked) == sorted(part.name for part in wanted)
    assert all(locked[part.name] in part.specifier for part in wanted)
    assert locked == {package.name: package.version for package in PACKAGES.values()}


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("sources", {"aniparse": releases.VERSION, "libtorrent": torrents.VERSION}),
        ("gallery", {"gallery-dl": gallery.VERSION}),
    ],
)
def test_the_locks_of_fetch_are_what_it_says_to_install(extra: str, said: dict[str, str]) -> None:
    locked = _lock(extra)
    wanted = [Requirement(part) for part in _project()["optional-dependencies"][extra]]
    assert {part.name for part in wanted} == said.keys() and said.items() <= locked.items()
    assert all(locked[part.name] in part.specifier for part in wanted)


def test_the_lock_for_a_gpu_is_the_main_one_and_cuda() -> None:
    main, gpu = _lock("requirements"), _lock("gpu")
    assert main.pop("onnxruntime") == gpu.pop("onnxruntime-gpu")
    assert main.items() <= gpu.items()
    cuda = [name for name in gpu if name not in main]
    assert "nvidia-cudnn-cu13" in cuda
    assert [name for name in cuda if not re.match(r"(nvidia|cuda)-|triton$|bitsandbytes$", name)] == []


def test_every_direct_dependency_is_explained() -> None:
    why = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    every = _direct(*_project()["optional-dependencies"])
    assert [part.name for part in every if f"`{part.name}`" not in why] == []


def test_every_direct_dependency_is_imported_or_is_a_tool() -> None:
    """A part that nothing uses is not a part."""
    tools = {"snakemake", "dvc", "pytest-xdist", "ruff", "mypy", "snakefmt", "setuptools"}
    tools |= {"dvc-s3", "dvc-ssh", "dvc-webdav", "flask", "flask-cors"}  # DVC's and moto's own imports
    imports: dict[str, set[str]] = {}
    for module, distributions in packages_distributions().items():
        for distribution in distributions:
            imports.setdefault(canonicalize_name(distribution), set()).add(module)
    imports.setdefault("onnxruntime", imports.get("onnxruntime-gpu", set()))
    code = "\n".join((ROOT / path).read_text(encoding="utf-8") for path in tracked("*.py"))
    used = set(re.findall(r"^\s*(?:import|from) (\w+)", code, re.MULTILINE))
    parts = [part.name for part in _direct("dev")]
    assert [name for name in parts if name not in tools and not imports.get(name, set()) & used] == []


def test_what_jobs_import_is_no_part_for_development() -> None:
    """`pip install .` brings the extra dev along for nobody."""
    modules = {"onnx", "ffmpeg", "imageio_ffmpeg", "imagehash", "pytest", "boto3", "moto", "setuptools"}
    code = "\n".join((ROOT / path).read_text(encoding="utf-8") for path in tracked("genga/*.py", "scripts/*.py"))
    assert set(re.findall(r"^\s*(?:import|from) (\w+)", code, re.MULTILINE)) & modules == set()


@pytest.mark.parametrize("path", sorted((ROOT / "genga/pages/templates").glob("*.j2")), ids=lambda path: path.name)
def test_every_page_has_the_policy_before_anything_it_holds_for(path: Path) -> None:
    # Where a run's samples are clips its report plays them: videos that are in the page itself.
    text = path.read_text(encoding="utf-8").replace(
        "{% if evaluation.motion is defined %} media-src data:;{% endif %}", ""
    )
    head = text.partition("<head>\n")[2].split("\n")
    assert head[:2] == ['<meta charset="utf-8">', f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">']
