"""What a cluster made, brought home: records of files in a bucket as Snakemake's records of the same files here.

Where files lie in a bucket Snakemake knows them by their address, a rule names shards besides tables (`carried` in
rules/common.smk), and what travels with the code is no input. A record that says what the same job would have said
here makes its files, once they lie here, as good as made here: nothing is made again, and records.jsonl speaks of them.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from genga.store.files import is_pack
from genga.tables.places import RAW, path_of
from genga.workflow.snakemake_metadata import NO_ENVIRONMENT

BROUGHT = "brought"  # marks such a record: a file's time is that of its upload, in whole seconds
_FOLDER = "/checkpoints"  # how an output ends that a rule names for a bucket's sake alone,
_CARRIED = (".tar", _FOLDER)  # and how such inputs do
_PROBED, _OF_PROBED = path_of("probe"), ("frames", "stills", "clips")  # what probe found, and whose rules name it here


def at_home(record: Mapping[str, Any], places: Sequence[str], models: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the record of one output in a bucket as a job here would have written it.

    places: what stands before a file's path in the project, in addresses and in paths (`s3://genga/project/`).
    models: the files of a model by its path, for those that are pinned as a folder.
    """
    params = record.get("params") or []
    said = {name: value for name, _, value in (text.partition("=") for text in params)}
    inputs = {here(path, places) for path in record.get("input") or []}
    packed = any(path.startswith(_PROBED) and is_pack(PurePosixPath(path).stem) for path in inputs)
    inputs = {
        path for path in inputs if not (path.endswith(_CARRIED) or packed and _is_looked_at(path, record["rule"]))
    }
    for path in _paths(said.get("pins")):
        inputs.update(models.get(path, [path]))
    inputs.update(_paths(said.get("corrections")))
    return {
        **record,
        "input": sorted(inputs),
        "log": [here(path, places) for path in record.get("log") or []],
        "shellcmd": None,
        "conda_env": None,
        "software_stack_hash": NO_ENVIRONMENT,
        "job_hash": None,
        BROUGHT: True,
    }


def _is_looked_at(path: str, rule: str) -> bool:
    """Whether it is an input of a pack's job that no rule names here, where the job finds it by itself."""
    return path.startswith(RAW) or path.startswith(_PROBED) and rule not in _OF_PROBED


def here(path: str, places: Sequence[str]) -> str:
    """Return a path as it is in the project's folder."""
    for place in places:
        if path.startswith(place):
            return path.removeprefix(place)
    return path


def is_carried(path: str) -> bool:
    """Whether it is an output that no rule names here: the folder of checkpoints."""
    return path.endswith(_FOLDER)


def _paths(value: str | None) -> list[str]:
    """The keys of a parameter that is a JSON object."""
    return list(json.loads(value)) if value else []
