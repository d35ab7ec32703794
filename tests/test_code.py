"""genga.workflow.code_hash: the files that decide what a script does."""

import ast
from pathlib import Path

import pytest

from genga.workflow.code_hash import CodeIndex, code_files, hash_of_code, imported_names, key_of


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """scripts/tag.py -> genga.tag -> genga.words, genga.data (a csv); genga.train is another stage's."""
    files = {
        "scripts/tag.py": "import numpy\nfrom genga.tag import tag\n",
        "genga/__init__.py": "",
        "genga/tag.py": "from genga import words\nTABLE = 'data/tags.csv'\n",
        "genga/words.py": "def late():\n    import genga.params.tag\n",
        "genga/params/__init__.py": "from .base import Section\n",
        "genga/params/base.py": "",
        "genga/params/tag.py": "from genga.params.base import Section\n",
        "genga/train.py": "import genga.words\n",
        "genga/data/tags.csv": "tag\n",
        "genga/data/other.csv": "tag\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_script_modules_and_named_data(project: Path) -> None:
    assert code_files("scripts/tag.py", project) == [
        "genga/__init__.py",
        "genga/data/tags.csv",
        "genga/params/__init__.py",
        "genga/params/base.py",
        "genga/params/tag.py",
        "genga/tag.py",
        "genga/words.py",
        "scripts/tag.py",
    ]


def test_imports_in_a_circle_end(project: Path) -> None:
    (project / "genga/words.py").write_text("import genga.tag\n")
    assert "genga/tag.py" in code_files("scripts/tag.py", project)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import genga.tag as t", {"genga.tag"}),
        ("from genga import tag", {"genga", "genga.tag"}),
        ("from . import base", {"genga.params", "genga.params.base"}),
        ("from .base import Section", {"genga.params.base", "genga.params.base.Section"}),
        ("from ..files import sha256_of", {"genga.files", "genga.files.sha256_of"}),
        ("def f():\n    import polars", {"polars"}),
    ],
)
def test_imported_names(source: str, names: set[str]) -> None:
    assert imported_names(ast.parse(source), "genga.params") == names


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("x = 1", "x  =  1  # why", True),
        ('"""Says."""\nx = 1', "x = 1", True),
        ('def f():\n    """Says."""\n    return 1', "def f():\n\n    return 1\n", True),
        ('class A:\n    """Says."""\n    x: int', "class A:\n    x: int", True),
        ("x = 'a'", 'x = "a"', True),
        ("x = (\n    1,\n    2,\n)", "x = (1, 2)", True),
        ("x = 1", "x = 2", False),
        ("x = 1", "x = 1.0", False),
        ("x = 1", "x = True", False),
        ("x = None", "x = 'None'", False),
        ("def f():\n    return None", "def f():\n    return", False),
        ("a = b", "b = a", False),
        ("f(*a)", "f(**a)", False),
        ("x = ['a']", "x = ['a', '']", False),
    ],
)
def test_the_hash_is_of_what_the_code_does(one: str, other: str, same: bool) -> None:
    assert (hash_of_code(one) == hash_of_code(other)) is same


def test_the_hash_is_the_same_on_every_machine_and_python() -> None:
    assert hash_of_code("def f(a, *, b=1):\n    return f'{a!r}' if b else None\n") == "a4a385ccba18ceae"


def test_hashes_of_modules_and_data(project: Path) -> None:
    before = CodeIndex(project).hashes("scripts/tag.py")
    (project / "genga/words.py").write_text("def late():\n    import genga.params.tag  # late\n")
    assert CodeIndex(project).hashes("scripts/tag.py") == before
    (project / "genga/data/tags.csv").write_text("tag\nsmile\n")
    after = CodeIndex(project).hashes("scripts/tag.py")
    assert {path for path in after if after[path] != before[path]} == {"genga/data/tags.csv"}
    assert key_of(after) != key_of(before) and len(key_of(after)) == 16


def test_what_was_parsed_is_remembered_by_content(project: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache.json"
    index = CodeIndex(project, cache)
    hashes = index.hashes("scripts/tag.py")
    index.save()
    (project / "genga/words.py").write_text("import genga.params.tag, genga.train\n")
    again = CodeIndex(project, cache)
    assert again.files("scripts/tag.py") == sorted([*hashes, "genga/train.py"])
    assert again.hashes("scripts/tag.py")["genga/words.py"] != hashes["genga/words.py"]
