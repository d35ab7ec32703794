"""A value written otherwise is the same value: nothing is stale, neither by Snakemake nor by DVC."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from standin import change_params, command, commit_all, make_standin, snakemake

pytestmark = pytest.mark.slow

Write = Callable[[str], str]  # params.yaml's text -> the same values, written otherwise


def put(pattern: str, other: str) -> Write:
    def write(text: str) -> str:
        found, count = re.subn(pattern, other, text, flags=re.MULTILINE)
        assert count, pattern
        return found

    return write


def turned(text: str) -> str:
    """Every section and key in the other order."""

    def turn(value: object) -> object:
        return {key: turn(value[key]) for key in reversed(value)} if isinstance(value, dict) else value

    return yaml.safe_dump(turn(yaml.safe_load(text)), sort_keys=False, allow_unicode=True)


OTHERWISE: dict[str, Write] = {
    "off without quotes": put(r"hwaccel: 'off'", "hwaccel: off"),
    "a whole number for a fraction": put(r"changed: 12\.0", "changed: 12"),
    "a fraction for a whole number": put(r"max_steps: 600", "max_steps: 600.0"),
    "an exponent for a whole number": put(r"max_steps: 600", "max_steps: 6e2"),
    "16.0 for 16": put(r"alpha: 16$", "alpha: 16.0"),
    "as DVC writes small numbers": put(r"text_learning_rate: 5.0e-05", "text_learning_rate: 5e-05"),
    "all digits": put(r"text_learning_rate: 5.0e-05", "text_learning_rate: 0.00005"),
    "no zero before the point": put(r"threshold: 0\.35", "threshold: .35"),
    "digits in groups": put(r"resamples: 2000", "resamples: 2_000"),
    "words in quotes": put(r"keep: sharpest", 'keep: "sharpest"'),
    "a list on its own lines": put(r"tiers:\n  - best\n  - good", "tiers: [best, good]"),
    "null as a tilde": put(r"threshold: null", "threshold: ~"),
    "true in capitals": put(r"shuffle: true", "shuffle: TRUE"),
    "the other order": turned,
    "comments": lambda text: "# mine\n" + text.replace("\n", "   # so\n", 3),
    "Windows' line ends": lambda text: text.replace("\n", "\r\n"),
}
# Of the same value as another one, or done first.
EITHER = ("an exponent for a whole number", "all digits", "the other order")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole line gone through, and committed to git and DVC."""
    project = make_standin(tmp_path_factory.mktemp("notations") / "project")
    change_params(project, "train", text_learning_rate=0.00005)
    commit_all(project)
    return project


@pytest.fixture
def params(finished: Path) -> Iterator[Path]:
    """params.yaml, which is afterwards what it was."""
    path = finished / "params.yaml"
    before = path.read_bytes()
    yield path
    path.write_bytes(before)


@pytest.mark.parametrize("name", OTHERWISE)
def test_snakemake_finds_nothing_stale(params: Path, name: str) -> None:
    params.write_bytes(OTHERWISE[name](params.read_text(encoding="utf-8")).encode())
    ran = snakemake(params.parent, "-n")
    assert ran.nothing and ran.code == 0, ran.text


def test_dvc_finds_nothing_stale_with_all_of_them_at_once(params: Path) -> None:
    text = turned(params.read_text(encoding="utf-8"))
    for name in [name for name in OTHERWISE if name not in EITHER]:
        text = OTHERWISE[name](text)
    params.write_bytes(text.encode())
    assert "Data and pipelines are up to date." in command(params.parent, "dvc", "status")


def test_a_value_that_dvc_writes_is_read(finished: Path, tmp_path: Path) -> None:
    project = tmp_path / "copy"
    shutil.copytree(finished, project, symlinks=True)
    path = project / "params.yaml"
    path.write_text(put("text_learning_rate: .*", "text_learning_rate: 0.001")(path.read_text(encoding="utf-8")))
    command(project, "git", "config", "user.name", "n")
    command(project, "git", "config", "user.email", "e")
    # DVC's writer puts 5e-05 down, which YAML 1.1 takes for text; the value is what was made before.
    said = command(project, "dvc", "exp", "run", "-S", "train.text_learning_rate=0.00005", "-S", "frames.hwaccel=off")
    text = path.read_text(encoding="utf-8")
    assert "text_learning_rate: 5e-05" in text and "hwaccel: off" in text
    assert ": done" not in said and snakemake(project, "-n").nothing
