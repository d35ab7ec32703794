"""The walk from a checkpoint to the raw videos, everything on it held against what is on record of it.

Two kinds of records are followed: those of the jobs (genga.audit.jobs: what each read and made, with hashes, command
and software), and what the stages' own files say: a dataset names the sha256 of every image, a list of checkpoints
that of every checkpoint, probe that of the video, models.yaml those of the models.
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from genga.audit.checks import (
    ABSENT,
    CHANGED,
    UNRECORDED,
    Check,
    Hashes,
    check_code,
    check_file,
    check_images,
    check_seal,
    check_text,
    counted,
)  # fmt: skip
from genga.audit.decisions import FOLDER as CORRECTIONS
from genga.audit.decisions import Decision, by_target, decisions
from genga.audit.history import History
from genga.audit.images import episodes_of, images, seen_images
from genga.audit.jobs import Job, Jobs, recorded
from genga.audit.model import Subject, subject_of
from genga.audit.models import model_checks, models_of, registry_of
from genga.audit.tables import Reader
from genga.stages import EPISODE_STAGES

CODE = ("genga", "scripts")
VIDEOS = "data/raw/"


def audit(file: str | Path, jobs: Jobs, root: str | Path = ".") -> dict[str, Any]:
    """Return everything that is known of how a model came about, and whether it is still so.

    Raises GengaError if the file is no checkpoint of a run under `root`.
    """
    root = Path(root)
    subject, reader, hashes, history = subject_of(file, root), Reader(root), Hashes(root), History(root)
    behind = jobs.behind(*_made(subject))
    known = dict.fromkeys(path for path, _ in recorded(behind))
    seen = seen_images(reader, subject.run, subject.checkpoint.step)
    episodes = episodes_of(seen)
    read = corrections_read(behind, history, root)
    entries = images(reader, seen, by_target(read))
    registry = registry_of(behind, root)
    checks = [
        *_subject_checks(subject, root),
        *(check_recorded(path, sha256, behind, hashes, history) for path, sha256 in recorded(behind)),
        *_tables_without_record(known, episodes, subject, hashes),
        *_videos(episodes, reader, hashes),
        *model_checks(registry, subject.base, known, hashes),
        *check_images((row for row in entries if row["shard"]), root),
        *(Check("image", row["image"], ABSENT, None, "not in the dataset") for row in entries if not row["shard"]),
    ]
    checks = _settled([*checks, *_damaged(reader)])
    return {
        "model": {"file": subject.file, "sha256": subject.sha256, "selected": subject.selected},
        "run": subject.run,
        "checkpoint": asdict(subject.checkpoint),
        "base": subject.base,
        "images": entries,
        "episodes": episodes,
        "corrections": [{"file": one.file, "line": one.line, "values": dict(one.values)} for one in read],
        "jobs": [asdict(job) for job in behind],
        "parameters": parameters_of(behind),
        "models": models_of(registry, known, root),
        "code": code_of(behind, history),
        "software": software_of(behind),
        "checks": [asdict(check) for check in checks],
        "counts": counted(checks),
        "verified": not any(check.state == CHANGED for check in checks),
    }  # fmt: skip


def kind_of(path: str, jobs: Iterable[Job]) -> str:
    """Return what a file is to the jobs: code, correction, video, table, images or model."""
    parts = PurePosixPath(path).parts
    if parts[0] in CODE:
        return "code"
    if parts[0] == CORRECTIONS:
        return "correction"
    if path.startswith(VIDEOS):
        return "video"
    if path.endswith(".tar"):
        return "shard"
    if parts[0] == "models" and path.endswith(".safetensors"):
        return "checkpoint"
    made = parts[0] in ("data", "models", "reports") and any(path in job.outputs for job in jobs)
    return "table" if made or parts[0] == "data" else "model"


def check_recorded(path: str, sha256: str | None, jobs: Iterable[Job], hashes: Hashes, history: History) -> Check:
    """Hold a file that a job read or made against its record."""
    match kind := kind_of(path, jobs):
        case "code":
            return check_code(path, sha256, hashes, history)
        case "correction":
            return check_text(kind, path, sha256, hashes, history)
        case _:
            return check_file(kind, path, sha256, hashes)


def corrections_read(jobs: Iterable[Job], history: History, root: Path) -> list[Decision]:
    """Return the decisions that the jobs had read, in the order of files and lines."""
    found: list[Decision] = []
    for path, sha256 in recorded(jobs):
        if PurePosixPath(path).parts[0] != CORRECTIONS or sha256 is None:
            continue
        content = history.read(path, sha256)
        if content is not None:
            found += decisions(path, content)
    return found


def parameters_of(jobs: Iterable[Job]) -> dict[str, Any]:
    """Return the parameters of each stage as it ran; where its jobs had different ones, by what the jobs made."""
    ran: dict[str, dict[str, Any]] = {}
    for job in jobs:
        ran.setdefault(job.rule, {})[min(job.outputs)] = job.parameters
    same = {rule: list(values.values()) for rule, values in ran.items()}
    return {rule: same[rule][0] if all(one == same[rule][0] for one in same[rule]) else ran[rule] for rule in ran}


def code_of(jobs: Iterable[Job], history: History) -> dict[str, Any]:
    """Return the commit whose code the jobs ran: one for all, or one for each stage; None: no commit has it all."""
    files: dict[str, dict[str, str]] = {}
    for job in jobs:
        of_job = {
            path: sha256 for path, sha256 in job.inputs.items() if sha256 and PurePosixPath(path).parts[0] in CODE
        }
        files[job.name] = of_job
    every = {pair for of_job in files.values() for pair in of_job.items()}
    one_each = len({path for path, _ in every}) == len(every)
    commit = history.commit_of(dict(every)) if every and one_each else None
    by_job = {} if commit else {name: history.commit_of(of_job) for name, of_job in files.items() if of_job}
    return {"commit": commit, "by_job": by_job, "files": [list(pair) for pair in sorted(every)]}


def software_of(jobs: Iterable[Job]) -> dict[str, list[str]]:
    """Return the versions of each package that the jobs ran with, sorted by name."""
    found: dict[str, set[str]] = {}
    for job in jobs:
        for name, version in job.software.items():
            found.setdefault(name, set()).add(version)
    return {name: sorted(found[name]) for name in sorted(found, key=str.lower)}


def _made(subject: Subject) -> list[str]:
    """The files to walk from."""
    folder = f"models/{subject.run}"
    made = [f"{folder}/{name}" for name in ("checkpoints.json", "ledger.parquet", "losses.parquet")]
    return [*made, f"{folder}/{subject.run}.safetensors"] if subject.selected else made


def _subject_checks(subject: Subject, root: Path) -> list[Check]:
    """Is the file the checkpoint that was recorded, and are its tensors those its header speaks of?"""
    recorded_as = subject.checkpoint.sha256
    if subject.sha256 is None:
        return [Check("checkpoint", subject.file, ABSENT, recorded_as)]
    hashes = Hashes(root)
    checks = [check_file("checkpoint", subject.file, recorded_as, hashes)]
    if (root / subject.checkpoint.file).resolve() != (root / subject.file).resolve():
        checks.append(check_file("checkpoint", subject.checkpoint.file, recorded_as, hashes))
    seal = check_seal(root / subject.file, subject.file)
    return [*checks, seal] if seal else checks


def _tables_without_record(
    known: Iterable[str], episodes: Iterable[str], subject: Subject, hashes: Hashes
) -> list[Check]:
    """The tables an audit reads of which no job's record speaks."""
    series = sorted({episode.rpartition("/")[0] for episode in episodes})
    paths = [f"models/{subject.run}/{name}" for name in ("checkpoints.json", "ledger.parquet", "losses.parquet")]
    paths += [f"data/{stage}/{one}.parquet" for stage in ("dataset", "characters") for one in series]
    suffix = {"probe": "json"}
    paths += [f"data/{stage}/{one}.{suffix.get(stage, 'parquet')}" for stage in EPISODE_STAGES for one in episodes]
    return [check_file("table", path, None, hashes) for path in paths if path not in set(known)]


def _videos(episodes: Iterable[str], reader: Reader, hashes: Hashes) -> list[Check]:
    """Hold each video against the sha256 that probe read of it."""
    checks, root = [], reader.root
    for episode in episodes:
        sha256 = reader.json(f"data/probe/{episode}.json").get("sha256")
        series, _, name = episode.partition("/")
        here = sorted(path for path in (root / VIDEOS / series).glob("*") if path.stem == name)
        path = here[0].relative_to(root).as_posix() if here else f"{VIDEOS}{episode}"
        checks.append(check_file("video", path, sha256, hashes))
    return checks


def _settled(checks: Iterable[Check]) -> list[Check]:
    """Each check once, sorted; a file that one record knows by hash is not unrecorded because another does not."""
    found = dict.fromkeys(checks)
    known = {check.name for check in found if check.state != UNRECORDED}
    kept = [check for check in found if check.state != UNRECORDED or check.name not in known]
    return sorted(kept, key=lambda check: (check.what, check.name, check.state, check.sha256 or ""))


def _damaged(reader: Reader) -> list[Check]:
    return [Check("table", path, CHANGED, None, problem) for path, problem in sorted(reader.damaged.items())]
