"""Everything that is on record of how a checkpoint came about: audits hold it against the files, cards tell it."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from genga.audit.code import Code
from genga.audit.decisions import by_target, decisions
from genga.audit.git_history import History
from genga.audit.images import episodes_of, images, seen_images
from genga.audit.lineage import behind, recorded
from genga.audit.model import Subject, merge_of, parents_of, runs_of, subject_of
from genga.audit.models import models_of, registry_of
from genga.audit.origins import origins
from genga.audit.tables import Reader
from genga.decisions.csv import FOLDER, Decision
from genga.errors import GengaError
from genga.models.registry import Registry
from genga.workflow.records import Record, Records


@dataclass(frozen=True)
class Behind:
    """What is behind a checkpoint."""

    root: Path
    subject: Subject
    learned: list[Subject]  # the checkpoint itself, or those of runs that a merge was made of
    missing: dict[str, str]  # checkpoints of such runs that are not known here, with the reason
    records: Records
    jobs: list[Record]  # earliest first
    known: dict[str, None]  # paths of which a job's record speaks
    images: list[dict[str, Any]]  # see genga.audit.images
    episodes: list[str]  # series/episode
    corrections: list[Decision]  # that the jobs had read
    illegible: dict[str, str]  # tables of corrections that are read no more, with the reason
    registry: Registry
    code: Code
    reader: Reader
    history: History


def gather(file: str | Path, records: Records, root: str | Path = ".") -> Behind:
    """Return what is behind a model file. Raises GengaError if it is neither a checkpoint nor a merge under `root`."""
    root = Path(root)
    subject, reader = merge_of(file, records, root) or subject_of(file, root), Reader(root)
    history = History(root, lambda _, data: hashlib.sha256(data).hexdigest())
    jobs = behind(records, *_made(subject))
    learned, missing = runs_of(jobs, root) if subject.merge else ([subject], {})
    seen = [seen_images(reader, one.run, one.checkpoint.step) for one in learned]
    read, illegible = corrections_read(jobs, history)
    return Behind(
        root=root,
        subject=subject,
        learned=learned,
        missing=missing,
        records=records,
        jobs=jobs,
        known=dict.fromkeys(path for path, _ in recorded(jobs)),
        images=[image for one in seen for image in images(reader, one, by_target(read))],
        episodes=sorted({episode for one in seen for episode in episodes_of(one)}),
        corrections=read,
        illegible=illegible,
        registry=registry_of(jobs, root),
        code=Code(jobs, records, root),
        reader=reader,
        history=history,
    )


def facts(of: Behind) -> dict[str, Any]:
    """Return what is behind a model as data that JSON can hold."""
    subject, shell, parameters = of.subject, of.records.shell, parameters_of(of.jobs)
    return {
        "model": {"file": subject.file, "sha256": subject.sha256, "selected": subject.selected},
        "run": subject.run,
        "title": subject.title,
        "kind": (kind := _kind(parameters)),
        "about": _about(subject, kind),
        "runs": [one.run for one in of.learned],
        "merged": parents_of(subject.merge) if subject.merge else [],
        "checkpoint": asdict(subject.checkpoint),
        "base": subject.base,
        "images": of.images,
        "episodes": of.episodes,
        "sources": origins(of.reader, of.episodes, [image["still"] for image in of.images]),
        "corrections": [{"file": one.file, "line": one.line, "values": dict(one.values)} for one in of.corrections],
        "jobs": [{**asdict(job), "shell": shell.get(job.shell, "")} for job in of.jobs],
        "parameters": parameters,
        "models": models_of(of.registry, of.known, of.root),
        "code": of.code.said(),
        "software": software_of(of.jobs, of.records),
    }


def made_by_training(run: str) -> list[str]:
    """Return the files that stage train makes of a run."""
    names = ("checkpoints.json", "ledger.parquet", "losses.parquet", "held_out.parquet", "left_out.parquet")
    return [f"models/{run}/{name}" for name in names]


def corrections_read(jobs: Iterable[Record], history: History) -> tuple[list[Decision], dict[str, str]]:
    """Return the decisions that the jobs had read, in the order of files and lines.

    And by path what is wrong with tables that an earlier version took, and this one does not.
    """
    found: list[Decision] = []
    illegible: dict[str, str] = {}
    for path, sha256 in recorded(jobs):
        if PurePosixPath(path).parts[0] != FOLDER or sha256 is None:
            continue
        try:
            content = history.read(path, sha256)
            found += decisions(path, content) if content is not None else []
        except GengaError as error:
            illegible[path] = str(error)
    return found, illegible


def parameters_of(jobs: Iterable[Record]) -> dict[str, Any]:
    """Return the parameters of each stage as it ran; where its jobs had different ones, by what the jobs made."""
    ran: dict[str, dict[str, Any]] = {}
    for job in jobs:
        ran.setdefault(job.rule, {})[job.key] = job.params.get(job.rule) or {}
    return {rule: one if (one := same(values.values())) is not None else values for rule, values in ran.items()}


def same(values: Iterable[Any]) -> Any:
    """Return the one value that all are equal to; None if they differ."""
    first, *others = values
    return first if all(other == first for other in others) else None


def software_of(jobs: Iterable[Record], records: Records) -> dict[str, list[str]]:
    """Return the versions of each package that the jobs ran with, sorted by name."""
    found: dict[str, set[str]] = {}
    for key in sorted({job.software for job in jobs}):
        for name, version in records.software.get(key, {}).items():
            found.setdefault(name, set()).add(version)
    return {name: sorted(found[name]) for name in sorted(found, key=str.lower)}


def _kind(parameters: Mapping[str, Any]) -> str:
    """What training made, in the field's word; records of old say no method, and are of LoRAs."""
    kinds = {"dora": "DoRA", "loha": "LoHa", "lokr": "LoKr", "full": "model"}
    return kinds.get(parameters.get("train", {}).get("method", ""), "LoRA")


def _about(subject: Subject, kind: str) -> str:
    """What it is, as the beginning of a sentence."""
    if subject.merge:
        names = [str(parent["called"]) for parent in parents_of(subject.merge)]
        return f"A merge of {', '.join(names[:-1])} and {names[-1]}"
    return f"A {kind} fine-tuned from {subject.base['name']}"


def _made(subject: Subject) -> list[str]:
    """The files to walk from."""
    if subject.merge:
        return [subject.checkpoint.file]
    made = made_by_training(subject.run)
    return [*made, f"models/{subject.run}/{subject.run}.safetensors"] if subject.selected else made
