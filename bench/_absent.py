"""Import genga's modules where not every package is installed that they name.

A module that is about tables or parameters is imported by others for a type or a constant. While `absent` lasts,
packages that are not here are stood in for by modules whose every name can be called, subscripted and inherited from,
and does nothing. Code that really needs one fails where it uses it.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

PACKAGES = ("av", "cv2", "faiss", "pillow_jxl", "polars", "pyarrow", "pydantic", "typer", "yaml")


class _Names(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing


class Nothing(metaclass=_Names):
    """A name of an absent package. Of one that inherits from it, keywords become attributes."""

    def __init__(self, *args: Any, **values: Any) -> None:
        self.__dict__.update(values)

    def __class_getitem__(cls, item: Any) -> Any:
        return cls

    def __call__(self, *args: Any, **values: Any) -> Any:
        """As a decorator: what is decorated stays as it is."""
        return args[0] if args else self


class _Module(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing


class _Finder(MetaPathFinder, Loader):
    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = packages

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Stand in for a package and for whatever is in it."""
        return ModuleSpec(fullname, self, is_package=True) if fullname.split(".")[0] in self._packages else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


@contextmanager
def absent(packages: Sequence[str] = PACKAGES) -> Iterator[list[str]]:
    """Stand in for those of `packages` that are not installed; yields their names.

    Afterwards they are gone again: other libraries ask what is installed, and should be told the truth. Import those
    before.
    """
    missing = [name for name in packages if find_spec(name) is None]
    finder = _Finder(missing)
    sys.meta_path.append(finder)
    try:
        yield missing
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.split(".")[0] in missing]:
            del sys.modules[name]
