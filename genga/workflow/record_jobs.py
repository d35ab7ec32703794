"""From Snakemake's records of finished jobs to the lines of records.jsonl."""

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any

from genga.errors import GengaError
from genga.stages import LINE, WILDCARDS
from genga.store.files import read_facts, read_json
from genga.store.hash_cache import Stamps, stamp_of
from genga.tables.places import RAW, path_of
from genga.workflow.bucket_records import BROUGHT
from genga.workflow.code_hash import key_of
from genga.workflow.noted import Noted, with_noted
from genga.workflow.records import Output, Record, Records
from genga.workflow.snakemake_metadata import Store

_LEVELS = {stage.name: WILDCARDS[stage.level] for stage in LINE}

CHECKPOINTS = "checkpoints.json"  # a run's list of them
_EXTRAS = ("dev", "gpu")  # the others have environments of their own, and no job runs by what is in them alone


def gather(
    records: Records,
    store: Store,
    stamps: Stamps,
    code: dict[str, dict[str, str]],
    software: dict[str, str],
    noted: Mapping[str, Noted],
) -> list[Record]:
    """Put every job that Snakemake finished since into `records`, and return those jobs, sorted by their key.

    code: files by code key, of now and before. software: versions by package, of now. noted: see genga.workflow.noted.
    A file that is no longer what its job wrote (its time says so) is left out: it stays what the lines said before.
    """
    made = []
    for outputs in _finished(records, store, stamps).values():
        if noted:
            outputs = {output: with_noted(found, noted) for output, found in outputs.items()}
            for output, found in outputs.items():
                store.write(output, found)
        job = _record(outputs, stamps, key_of(software))
        for output in job.outputs:
            if (before := records.maker.get(output)) is not None:
                records.jobs.pop(before.key, None)
        records.jobs[job.key] = job
        records.code.update({job.code: code[job.code]} if job.code in code else {})
        records.shell[job.shell] = next(iter(outputs.values()))["code"]
        made.append(job)
    if made:
        records.software[key_of(software)] = software
        records.__dict__.pop("maker", None)  # is computed anew
    return sorted(made, key=lambda job: job.key)


def versions(pyproject: str | Path) -> dict[str, str]:
    """Return the versions of Python and of every package that a pyproject.toml names, as installed here."""
    project = tomllib.loads(Path(pyproject).read_text(encoding="utf-8")).get("project", {})
    extras = project.get("optional-dependencies", {})
    named = [*project.get("dependencies", ()), *(line for extra in _EXTRAS for line in extras.get(extra, ()))]
    found = {"python": python_version()}
    for line in named:
        if name := re.match(r"[A-Za-z0-9._-]+", line):
            try:
                found[name[0]] = version(name[0])
            except PackageNotFoundError:
                continue  # of an extra that is not installed here
    return found


def _finished(records: Records, store: Store, stamps: Stamps) -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
    """Snakemake's records by job (rule and log) and output: of outputs as their job left them, not on record yet."""
    jobs: dict[tuple[str, str], dict[str, dict[str, Any]]] = defaultdict(dict)
    for output in store.outputs():
        stamp, last = stamp_of(output), stamps.last(output)
        if stamp is None or (output in records.maker and last is not None and last[1] == stamp[1]):
            continue
        found = store.read(output)
        if (
            found is not None
            and found.get("rule") in _LEVELS
            and abs((found.get("endtime") or 0) - stamp[1] / 1e9) < (1 if found.get(BROUGHT) else 1e-5)
        ):
            jobs[found["rule"], (found.get("log") or [""])[0]][output] = found
    return jobs


def _record(outputs: dict[str, dict[str, Any]], stamps: Stamps, software: str) -> Record:
    """One job's line. outputs: Snakemake's record by output; they are equal but for times."""
    found = outputs[min(outputs)]
    levels = _LEVELS[found["rule"]]
    places = (found.get("log") or [""])[0].removesuffix(".log").split("/")[2:]
    wildcards = dict(zip(levels, places, strict=False))
    params = _params(found.get("params") or [])
    written = {}
    for output in [*outputs, *_checkpoints(outputs)]:
        digest, stamp = stamps.sha256(output), stamp_of(output)
        written[output] = Output(digest, stamp[0] if stamp else 0)
    return Record(
        rule=found["rule"],
        wildcards=wildcards,
        outputs=written,
        inputs={path: _digest(path, found, params, wildcards, stamps) for path in found.get("input") or []},
        params=params,
        code=str(params.get("code", "")),
        shell=key_of({"shell": found.get("code") or ""}),
        software=software,
    )


def _checkpoints(outputs: Iterable[str]) -> list[str]:
    """The checkpoints that are here of the list that a job wrote, if it wrote one: its rule does not name them."""
    lists = [path for path in outputs if path.endswith(f"/{CHECKPOINTS}") and Path(path).is_file()]
    try:
        named = [str(of["file"]) for path in lists for of in read_facts(path)["checkpoints"]]
    except (GengaError, KeyError, TypeError):  # whoever reads the list next says what is wrong with it
        return []
    return [path for path in named if stamp_of(path) is not None]


def _params(said: list[str]) -> dict[str, Any]:
    """Parameters by name, from what Snakemake wrote of each: `name=<JSON>`; others under their own text."""
    params: dict[str, Any] = {}
    for text in said:
        name, _, value = text.partition("=")
        try:
            params[name] = json.loads(value)
        except ValueError:
            params[text] = None
    return params


def _digest(
    path: str, found: dict[str, Any], params: dict[str, Any], wildcards: dict[str, str], stamps: Stamps
) -> str | None:
    """The sha256 of an input: as Snakemake read it, as it is pinned, as probe read it, or by reading it now."""
    checksum = (found.get("input_checksums") or {}).get(path)
    if checksum is not None:
        return str(checksum).removeprefix("sha256:")
    pinned = (params.get("pins") or {}).get(path)
    if pinned is not None:
        return str(pinned)
    stamp = stamp_of(path)
    probe = Path(path_of("probe", f"{wildcards.get('series', '')}/{wildcards.get('episode', '')}", "json"))
    probed = _probed(path, probe) if path.startswith(RAW) and probe.is_file() else None
    if stamp is None:  # a share that went away after the job, which held the video to what probe saw
        return probed
    if probed and stamp[1] / 1e9 < found["starttime"]:
        stamps.set(path, stamp, probed)
    return stamps.sha256(path)


def _probed(video: str, probe: Path) -> str | None:
    """The sha256 of a video as probe read it, for an episode or for a clip of a pack; None of one it could not read."""
    said = read_json(probe)
    if "videos" in said:
        said = said["clips"].get(next((clip for clip, path in said["videos"].items() if path == video), ""), {})
    return said.get("sha256")
