"""Libraries of auditors' formats: not part of the main environment, imported only where they are used."""

import importlib
from typing import Any

from genga.errors import GengaError

LOCK = "envs/audit.lock"


def library(name: str) -> Any:
    """Return a module of envs/audit.lock. Raises GengaError that says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise GengaError(f"{name}: is not installed ({error}); `make audit`, then run .venv-audit/bin/genga") from error
