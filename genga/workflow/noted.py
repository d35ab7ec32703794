"""Records of jobs after genga noted in a table, at the end of their run, where its lines were decided.

What a job made of a table is the same with it: the column `at` then says where that is which a line is about by the
tables that the job had. And the table as the job had it is nowhere any more. So the job is put on record as one that
had the table as it is now.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from genga.decisions.csv import AT, kind_at, parse
from genga.workflow.records import compact

_PARAMETER = "corrections="  # how rules/common.smk calls what a job is held to of them


class Noted(NamedTuple):
    """A table before and after."""

    held: tuple[Any, Any]  # what jobs are held to of it
    sha256: tuple[str, str]


def held_to(path: str, content: bytes) -> Any:
    """Return what a job is held to of a table's bytes, of tiers what its lines say: of what, which, where that was.

    Raises GengaError for tiers that cannot be read.
    """
    if kind_at(path) != "tiers":
        return hashlib.sha256(content).hexdigest()
    return [[one[column] for column in ("still_or_crop", "tier", AT)] for one in parse(content, path, "tiers")]


def noted(path: str, before: bytes, now: bytes) -> Noted:
    """Return what becomes of a table by its bytes. Raises GengaError as `held_to`."""
    digests = hashlib.sha256(before).hexdigest(), hashlib.sha256(now).hexdigest()
    return Noted((held_to(path, before), held_to(path, now)), digests)


def with_noted(found: Mapping[str, Any], noted: Mapping[str, Noted]) -> dict[str, Any]:
    """Return Snakemake's record of a job as if it had had these tables, by path, as they are now."""
    checksums = dict(found.get("input_checksums") or {})
    for path, table in noted.items():
        before, now = (f"sha256:{digest}" for digest in table.sha256)
        if checksums.get(path) == before:
            checksums[path] = now
    params = sorted(_param(text, noted) for text in found.get("params") or [])
    return {**found, "params": params, "input_checksums": checksums}


def _param(text: str, noted: Mapping[str, Noted]) -> str:
    if not text.startswith(_PARAMETER):
        return text
    said = json.loads(text.removeprefix(_PARAMETER))
    for path, table in noted.items():
        before, now = table.held
        if path in said and said[path] == before:
            said[path] = now
    return f"{_PARAMETER}{compact(said)}"
