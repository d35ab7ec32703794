"""Read what is on record of the jobs."""

import base64
import json
import re
from pathlib import Path
from typing import Any

from genga.audit.jobs import Job, Jobs

METADATA = ".snakemake/metadata"


def read_jobs(root: str | Path = ".") -> Jobs:
    """Return the jobs that Snakemake's records in the folder speak of."""
    grouped: dict[tuple[str, str], dict[str, Any]] = {}
    outputs: dict[tuple[str, str], list[str]] = {}
    for file in sorted((Path(root) / METADATA).rglob("*")):
        if file.is_file():
            record = json.loads(file.read_text(encoding="utf-8"))
            key = (record["rule"], record["shellcmd"])
            grouped[key] = record
            outputs.setdefault(key, []).append(_path_of(file.relative_to(Path(root) / METADATA)))
    return Jobs(_job(record, outputs[key]) for key, record in grouped.items())


def _path_of(record: Path) -> str:
    """The output a record is of: its name in base64, divided into folders that begin with @ where it is long."""
    return base64.urlsafe_b64decode("".join(part.removeprefix("@") for part in record.parts)).decode()


def _job(record: dict[str, Any], outputs: list[str]) -> Job:
    hashes = {path: value.removeprefix("sha256:") for path, value in (record["input_checksums"] or {}).items()}
    software = base64.b64decode(record["conda_env"] or "").decode()
    return Job(
        record["rule"],
        dict.fromkeys(sorted(outputs)),
        {path: hashes.get(path) for path in record["input"]},
        record["shellcmd"] or "",
        dict(re.findall(r"^ +- (\S+?)==(\S+)$", software, re.MULTILINE)),
    )
