"""The walk from a checkpoint to the raw videos, everything on it held against what is on record of it.

Two kinds of records are followed: those of the jobs (genga.audit.lineage: what each read and made, with hashes, command
and software), and what the stages' own files say: a dataset names the sha256 of every image, a list of checkpoints
that of every checkpoint, probe that of the video, models.yaml those of the models.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from genga.audit.checks import (
    ABSENT,
    CHANGED,
    UNRECORDED,
    Check,
    Hashes,
    check_file,
    check_images,
    check_seal,
    check_text,
    counted,
)
from genga.audit.git_history import History
from genga.audit.lineage import recorded
from genga.audit.model import Subject
from genga.audit.models import model_checks
from genga.audit.provenance import Behind, facts, gather, made_by_training
from genga.decisions.csv import FOLDER as CORRECTIONS
from genga.stages import EPISODE_STAGES
from genga.store.hash_cache import Stamps
from genga.tables.places import FOLDER, RAW, path_of
from genga.workflow.records import RECORDS_FILE, Record, Records, line_of


def audit(file: str | Path, records: Records, root: str | Path = ".", known: Stamps | None = None) -> dict[str, Any]:
    """Return everything that is known of how a model came about (genga.audit.provenance), and whether it is still so.

    known: hashes of files that were read before; with it what has not changed since is not read again, and images are
    held against their records by their shards only. Raises GengaError if the file is no checkpoint of a run there.
    """
    behind = gather(file, records, root)
    checks = _settled(_all_checks(behind, known))
    return {
        **facts(behind),
        "records": _records(behind, whole=known is None),
        "all_read": known is None,
        "checks": [asdict(check) for check in checks],
        "counts": counted(checks),
        "verified": not any(check.state == CHANGED for check in checks),
    }


def _records(behind: Behind, whole: bool) -> dict[str, str | int | None]:
    """What all is held against: how many lines, their sha256, that of the file and the newest commit that has it.

    whole: whether to look at the file as a whole, which changes with every job that has nothing to do with this model.
    """
    lines = sorted(map(line_of, behind.jobs))
    own = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    sha256 = Hashes(behind.root).of(RECORDS_FILE) if whole else None
    commit = behind.history.holds(RECORDS_FILE, sha256) if sha256 else None
    return {"lines": len(lines), "lines_sha256": own, "sha256": sha256, "commit": commit}


def _all_checks(behind: Behind, known: Stamps | None) -> Iterator[Check]:
    hashes, jobs, rows = Hashes(behind.root, known), behind.jobs, behind.images
    yield from _subject_checks(behind.subject, behind.root)
    for path, sha256 in recorded(jobs):
        yield check_recorded(path, sha256, jobs, hashes, behind.history)
    yield from behind.code.checks()
    yield from _tables_without_record(behind, hashes)
    yield from _videos(behind, hashes)
    yield from model_checks(behind.registry, behind.subject.base, behind.known, hashes)
    if known is None:
        yield from check_images((row for row in rows if row["shard"]), behind.root)
    yield from (Check("image", row["image"], ABSENT, None, "not in the dataset") for row in rows if not row["shard"])
    yield from (Check("correction", path, ABSENT, None, why) for path, why in sorted(behind.illegible.items()))
    yield from (Check("table", path, CHANGED, None, why) for path, why in sorted(behind.reader.damaged.items()))


def kind_of(path: str, jobs: Iterable[Record]) -> str:
    """Return what a file is to the jobs: correction, video, shard, checkpoint, table or model."""
    top = PurePosixPath(path).parts[0]
    if top == CORRECTIONS:
        return "correction"
    if path.startswith(RAW):
        return "video"
    if path.endswith(".tar"):
        return "shard"
    if top == "models" and path.endswith(".safetensors"):
        return "checkpoint"
    return "table" if path.startswith(FOLDER) or any(path in job.outputs for job in jobs) else "model"


def check_recorded(path: str, sha256: str | None, jobs: Iterable[Record], hashes: Hashes, history: History) -> Check:
    """Hold a file that a job read or made against its record."""
    kind = kind_of(path, jobs)
    if kind == "correction":
        return check_text(kind, path, sha256, hashes, history)
    return check_file(kind, path, sha256, hashes)


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


def _tables_without_record(behind: Behind, hashes: Hashes) -> list[Check]:
    """The tables an audit reads of which no job's record speaks."""
    series = sorted({episode.rpartition("/")[0] for episode in behind.episodes})
    paths = made_by_training(behind.subject.run)
    paths += [path_of(stage, one) for stage in ("dataset", "characters") for one in series]
    suffix = {"probe": "json"}
    paths += [
        path_of(stage, one, suffix.get(stage, "parquet"))
        for stage in EPISODE_STAGES
        if stage != "review"  # a page for people: nothing is made of it
        for one in behind.episodes
    ]
    return [check_file("table", path, None, hashes) for path in paths if path not in behind.known]


def _videos(behind: Behind, hashes: Hashes) -> list[Check]:
    """Hold each video against the sha256 that probe read of it."""
    checks, root = [], behind.root
    for episode in behind.episodes:
        sha256 = behind.reader.json(path_of("probe", episode, "json")).get("sha256")
        series, _, name = episode.partition("/")
        here = sorted(path for path in (root / RAW / series).glob("*") if path.stem == name)
        path = here[0].relative_to(root).as_posix() if here else f"{RAW}{episode}"
        checks.append(check_file("video", path, sha256, hashes))
    return checks


def _settled(checks: Iterable[Check]) -> list[Check]:
    """Each check once, sorted; a file that one record knows by hash is not unrecorded because another does not."""
    found = dict.fromkeys(checks)
    known = {check.name for check in found if check.state != UNRECORDED}
    kept = [check for check in found if check.state != UNRECORDED or check.name not in known]
    return sorted(kept, key=lambda check: (check.what, check.name, check.state, check.sha256 or ""))
