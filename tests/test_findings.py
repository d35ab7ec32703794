"""The scripts of findings/ keep their form, and their page lists them. They are not run here: they install packages."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted((ROOT / "findings").iterdir())
HEADER = ["Expected", "Happens", "Versions", "Matters", "genga", "Output"]  # each begins a line, in this order
MOST_LINES = 70
INSTALL = re.compile(r"^venv/bin/pip install --quiet ((?:.*\\\n)*.*)$", re.MULTILINE)
PIN = re.compile(r"([A-Za-z0-9_.-]+)(?:\[\w+\])?==([0-9][0-9.]*[0-9])")

each = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


def header(script: Path) -> str:
    """Return the comment at the head of a script, without its `#`."""
    lines = script.read_text(encoding="utf-8").split("\nset -euo pipefail\n")[0].splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert all(line.startswith("# ") for line in lines[1:])
    return "\n".join(line[2:] for line in lines[1:])


def installed(script: Path) -> dict[str, str]:
    """Return the packages that a script installs, with their versions; each has to be pinned."""
    (words,) = INSTALL.findall(script.read_text(encoding="utf-8"))
    packages = words.replace("\\\n", " ").replace('"', "").split()
    pins = [PIN.fullmatch(package) for package in packages]
    assert packages and all(pins), packages
    return {pin[1]: pin[2] for pin in pins if pin}


def test_there_are_some_and_nothing_else() -> None:
    assert SCRIPTS and {path.suffix for path in SCRIPTS} == {".sh"}


@each
def test_it_is_a_script_of_bash(script: Path) -> None:
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    assert len(script.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@each
def test_its_head_says_what_was_seen_with_what_and_when(script: Path) -> None:
    said = header(script)
    assert re.findall(rf"^({'|'.join(HEADER)})\b.*", said, re.MULTILINE) == HEADER
    assert re.search(r"Seen:\s+20\d\d-\d\d-\d\d\.$", said, re.MULTILINE)
    assert said.split("Output", 1)[1].count("\n") >= 2, "the output that was seen"
    versions = dict(PIN.findall(said))
    assert versions and versions.items() <= installed(script).items(), "what was seen is what is installed"


@each
def test_it_stands_alone_and_leaves_nothing_behind(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert text.count('\nset -euo pipefail\n\nwork=$(mktemp -d)\ntrap \'rm -rf "$work"\' EXIT\ncd "$work"\n') == 1
    assert "python3 -m venv venv" in text
    assert not re.search(r"\b(import|from|-m) genga\b", text)
    assert not re.search(r"https?://(?!\{)|--(extra-)?index-url|/(home|tmp|opt)/", text)


def test_the_page_lists_each_and_no_other() -> None:
    page = (ROOT / "docs/findings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", page, re.MULTILINE)
    assert sorted(name for name, _ in rows) == [path.stem for path in SCRIPTS]
    for name, versions in rows:
        told = set(re.findall(r"\d+(?:\.\d+)+", versions))
        assert told and told <= set(re.findall(r"\d+(?:\.\d+)+", header(ROOT / f"findings/{name}.sh"))), name
