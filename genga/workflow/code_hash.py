"""Find the code a script runs, and say by a hash what that code does.

The code of a script is itself, every genga module it imports, and the data files those modules name. Imports are read
from the syntax tree, wherever they stand in the file; nothing is run. An import whose name is computed when the program
runs is not seen. There are two: `genga.params.check` reads a section's class for the check of the whole file, never for
a stage; `genga.training.families.family` finds the family of a base, whose file is told besides (`hashes`).

The hash of a Python file is of its syntax tree without docstrings, so comments, docstrings and formatting do not count.
The tree is written out by this module, not by ast.dump, whose text differs between versions of Python.
"""

import ast
import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from genga.stages import STAGES
from genga.store.files import read_notes, sha256_of, write_json, write_text
from genga.training.families.family import FINDER, family_files

PACKAGE = "genga"
KEY_DIGITS = 16  # of a sha256: enough to tell versions of a file apart
FORM = "1"  # of the hash; another number when this module changes how it is made


@dataclass(frozen=True)
class _Facts:
    """What matters of a Python file's content."""

    hash: str
    imports: list[str]
    words: list[str]  # last part of every string: names of data files are among them


class CodeIndex:
    """Files and hashes of the scripts of one project. Parsed files are remembered in `cache`, by content."""

    def __init__(self, root: str | Path = ".", cache: Path | None = None) -> None:
        self._root = Path(root).resolve()
        self._cache = cache
        self._facts_of: dict[str, _Facts] = {}
        self._known: dict[str, dict[str, object]] = {}  # by path: sha256 of the content, and its facts
        self._parsed_anew = False
        if cache is not None:
            self._known = {path: of for path, of in read_notes(cache).items() if isinstance(of, dict)}
        # What there is, asked of the disk once: eighteen scripts come by the same files again and again.
        paths = [path for path in (self._root / PACKAGE).rglob("*") if path.suffix != ".pyc" and path.is_file()]
        files = sorted(path.relative_to(self._root).as_posix() for path in paths)
        self._modules = {file for file in files if file.endswith(".py")}
        self._data: dict[str, list[str]] = {}  # by the name of a data file
        for file in (file for file in files if file not in self._modules):
            self._data.setdefault(file.rpartition("/")[2], []).append(file)
        self._imported: dict[str, list[str]] = {}  # by dotted name
        self._files_from: dict[tuple[str, ...], list[str]] = {}  # by where one starts
        self._beside: dict[str, list[str]] = {}  # by file: those it leads to

    def files(self, script: str | Path, *also: str | Path) -> list[str]:
        """Return the files that decide what `script` does: paths relative to the root, sorted, `script` among them.

        script: path relative to the root; also: files that it imports by a computed name, paths like it. A module's
        parent packages belong to it, since Python runs them first.
        """
        start = tuple(Path(path).as_posix() for path in (script, *also))
        if start not in self._files_from:
            seen: set[str] = set()
            waiting = list(start)
            while waiting:
                if (path := waiting.pop()) not in seen:
                    seen.add(path)
                    waiting.extend(self._led_to(path) if path.endswith(".py") else ())
            self._files_from[start] = sorted(seen)
        return self._files_from[start]

    def hashes(self, script: str | Path, *also: str | Path) -> dict[str, str]:
        """Return the hash of each of `files(script, *also)`: of what a Python file does, of the bytes of any other."""
        return {
            path: self._facts(path).hash if path.endswith(".py") else sha256_of(self._root / path)[:KEY_DIGITS]
            for path in self.files(script, *also)
        }

    def families(self, script: str | Path) -> list[str]:
        """Return the file of every family of bases if `script` finds one by its name, else none."""
        return family_files(self._root) if FINDER in self.files(script) else []

    def save(self) -> None:
        """Write what was parsed to the cache, if anything was."""
        if self._cache is not None and self._parsed_anew:
            write_text(self._cache, json.dumps(self._known), lasting=False)
            self._parsed_anew = False

    def _led_to(self, path: str) -> list[str]:
        """The files that a Python file imports or names."""
        if path not in self._beside:
            facts = self._facts(path)
            modules = (file for name in facts.imports for file in self._files_of(name))
            self._beside[path] = [*modules, *(file for word in facts.words for file in self._data.get(word, ()))]
        return self._beside[path]

    def _facts(self, path: str) -> _Facts:
        if path not in self._facts_of:
            source = (self._root / path).read_bytes()
            content = f"{FORM}:{hashlib.sha256(source).hexdigest()}"
            if self._known.get(path, {}).get("content") != content:
                self._known[path] = {"content": content, "facts": asdict(_parse(source, Path(path)))}
                self._parsed_anew = True
            self._facts_of[path] = _Facts(**self._known[path]["facts"])  # type: ignore[arg-type]
        return self._facts_of[path]

    def _files_of(self, name: str) -> list[str]:
        """The files Python runs for `import name`: the packages above it and the module; none for names outside."""
        if name not in self._imported:
            parts = name.split(".")
            files = ["/".join([*parts[:depth], "__init__.py"]) for depth in range(1, len(parts) + 1)]
            self._imported[name] = [file for file in (*files, f"{'/'.join(parts)}.py") if file in self._modules]
        return self._imported[name]


def code_files(script: str | Path, root: str | Path = ".") -> list[str]:
    """Return the files that decide what `script` does; see CodeIndex.files."""
    return CodeIndex(root).files(script)


def key_of(hashes: dict[str, str]) -> str:
    """Return one key for many hashes, 16 hex digits."""
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:KEY_DIGITS]


def hash_of_code(source: str | bytes) -> str:
    """Return 16 hex digits that depend on what Python source does: not on comments, docstrings and formatting."""
    return _hash_of_tree(ast.parse(source))


def imported_names(tree: ast.Module, package: str) -> set[str]:
    """Return the dotted names that a module may import; `from a import b` gives `a` and `a.b`.

    package: the dotted package that the module is in, for relative imports.
    """
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return names


def _parse(source: bytes, path: Path) -> _Facts:
    tree = ast.parse(source, filename=str(path))
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    words = {value.rsplit("/", 1)[-1] for value in constants if isinstance(value, str)}
    names = {name for name in imported_names(tree, ".".join(path.parent.parts)) if name.split(".")[0] == PACKAGE}
    # A file's name has a suffix and no blank: other strings need not be remembered.
    return _Facts(_hash_of_tree(tree), sorted(names), sorted(w for w in words if "." in w and " " not in w))


def _hash_of_tree(tree: ast.Module) -> str:
    return hashlib.sha256(_form(tree).encode()).hexdigest()[:KEY_DIGITS]


def _form(value: object) -> str:
    """A syntax tree as text: node names and fields that hold something, without docstrings and positions."""
    if isinstance(value, ast.AST):
        parts = [type(value).__name__]
        for name in value._fields:
            inside = getattr(value, name, None)
            if name == "body" and isinstance(inside, list):
                inside = _without_docstring(value, inside)
            if inside is None and not isinstance(value, ast.Constant) or inside == [] or name == "kind":
                continue
            parts.append(f"{name}={_form(inside)}")
        return f"({' '.join(parts)})"
    if isinstance(value, list):
        return f"[{','.join(map(_form, value))}]"
    return repr(value)


def _without_docstring(node: ast.AST, body: list[ast.stmt]) -> list[ast.stmt]:
    """The body of a module, class or function from its first statement that does something."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or not body:
        return body
    first = body[0]
    said = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return body[1:] if said else body


if __name__ == "__main__":  # python -m genga.workflow.code_hash FILE: the key of every stage's code, for dvc.yaml
    _index = CodeIndex()
    _scripts = {stage: f"scripts/{stage}.py" for stage in STAGES}
    write_json(sys.argv[1], {stage: key_of(_index.hashes(of, *_index.families(of))) for stage, of in _scripts.items()})
