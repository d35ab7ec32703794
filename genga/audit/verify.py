"""The walk from a checkpoint to the raw videos, everything on it held against what is on record of it.

And the records against what nobody changes along with a file: a commit or a signature (genga.audit.roots), and the
sums in dvc.lock (genga.audit.second_witness). Five verdicts, in VERDICTS: only what a root stands behind is verified.

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
    VERIFIED,
    Check,
    Hashes,
    check_file,
    check_images,
    check_seal,
    check_text,
    clip_check,
    counted,
    file_of,
)
from genga.audit.git_history import History
from genga.audit.lineage import recorded
from genga.audit.model import Subject
from genga.audit.models import model_checks
from genga.audit.origins import origin_checks
from genga.audit.provenance import Behind, facts, gather, made_by_training
from genga.audit.roots import DVC_LOCK, Root
from genga.audit.second_witness import witnessed
from genga.decisions.csv import FOLDER as CORRECTIONS
from genga.stages import EPISODE_STAGES
from genga.store.hash_cache import Stamps
from genga.tables.places import FOLDER, RAW, path_of
from genga.video.episodes import find_episodes
from genga.workflow.records import RECORDS_FILE, Record, Records, line_of, lines_of, only

# What an audit comes to, the first that is so: something is not what is on record; it is not what dvc.lock says;
# nothing is on record of it; the records have no root; nobody asked for one (the workflow's page); all of it holds.
VERDICTS = ("changed", "contradicted", "unrecorded", "uncommitted", "recorded", "verified")


def audit(
    file: str | Path,
    records: Records,
    root: str | Path = ".",
    known: Stamps | None = None,
    against: Root | None = None,
) -> dict[str, Any]:
    """Return everything that is known of how a model came about (genga.audit.provenance), and whether it is still so.

    records: of the folder. against: what they and the files are held against; None: git's history of the records.
    known: hashes of files that were read before; with it what has not changed since is not read again, images are
    held against their records by their shards only, and neither git nor dvc.lock, which both come after the workflow,
    is asked. Raises GengaError if the file is no checkpoint of a run there.
    """
    behind = gather(file, against.records if against else records, root)
    checks = _settled(
        [
            *_all_checks(behind, known),
            *(_lines_here(behind.jobs, records) if against else ()),
            *(_second_witness(behind, against) if known is None else ()),
        ]
    )
    said = _records(behind, against, known is None)
    verdict = _verdict(checks, rooted=bool(said["root"]), asked=known is None)
    return {
        **facts(behind),
        "records": said,
        "all_read": known is None,
        "checks": [asdict(check) for check in checks],
        "counts": counted(checks),
        "verdict": verdict,
        "verified": verdict == "verified",
    }


def _verdict(checks: Iterable[Check], rooted: bool, asked: bool) -> str:
    """Return which of VERDICTS it is."""
    found = {(check.what == DVC_LOCK, check.state) for check in checks}
    if (False, CHANGED) in found:
        return "changed"
    if (True, CHANGED) in found:
        return "contradicted"
    if (False, UNRECORDED) in found:
        return "unrecorded"
    return ("verified" if rooted else "uncommitted") if asked else "recorded"


def _records(behind: Behind, against: Root | None, asked: bool) -> dict[str, str | int | None]:
    """What all is held against: how many lines, their sha256, and the root that has them: a commit or a signature.

    Lines of jobs that have nothing to do with this model are left out: the page does not change with them.
    """
    lines = lines_of(only(behind.records, behind.jobs))
    own = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    commit = behind.history.having(RECORDS_FILE, lines) if asked and lines and not against else None
    root = against.said if against else f"commit {commit}" if commit else None
    return {"lines": len(lines), "lines_sha256": own, "root": root, "asked": asked}


def _lines_here(jobs: Iterable[Record], here: Records) -> Iterator[Check]:
    """Hold the folder's own lines against those of the root."""
    for job in jobs:
        own = here.jobs.get(job.key)
        if own is None:
            yield Check("record", job.key, ABSENT, None, f"{RECORDS_FILE} here has no line of it")
        elif line_of(own) != line_of(job):
            yield Check("record", job.key, CHANGED, None, f"{RECORDS_FILE} here has another line of it")
        else:
            yield Check("record", job.key, VERIFIED)


def _second_witness(behind: Behind, against: Root | None) -> Iterator[Check]:
    """Hold what the jobs made against dvc.lock: that of the commit that is the root, else the one here."""
    here = behind.root / DVC_LOCK
    lock = against.dvc_lock if against else here.read_bytes() if here.is_file() else None
    if lock is not None:
        yield from witnessed({path for job in behind.jobs for path in job.outputs}, lock, behind.root)


def _all_checks(behind: Behind, known: Stamps | None) -> Iterator[Check]:
    hashes, jobs, rows = Hashes(behind.root, known), behind.jobs, behind.images
    yield from _subject_checks(behind.subject, behind.root)
    for path, sha256 in recorded(jobs):
        yield check_recorded(path, sha256, jobs, hashes, behind.history)
    yield from behind.code.checks()
    yield from _without_record(behind, hashes, behind.root)
    yield from _videos(behind, hashes)
    stills = [] if known is not None else [row["still"] for row in rows]
    yield from origin_checks(behind.reader, behind.episodes, stills)
    bases: list[dict[str, Any] | None] = [one.base for one in behind.learned]
    for base in bases or [None]:
        yield from model_checks(behind.registry, base, behind.known, hashes)
    yield from (Check("checkpoint", path, ABSENT, None, why) for path, why in sorted(behind.missing.items()))
    if known is None:
        yield from check_images((row for row in rows if row["shard"]), behind.root)
    yield from (clip_check(row, hashes) for row in rows if "frames" in row)
    for row in rows:
        if not row["shard"] and "frames" not in row:
            yield Check("image", row["image"], ABSENT, None, "not in the dataset")
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


def _without_record(behind: Behind, hashes: Hashes, root: Path) -> Iterator[Check]:
    """What an audit reads and no job's record speaks of; and what a job read and none is on record to have made."""
    series = sorted({episode.rpartition("/")[0] for episode in behind.episodes})
    suffix, paths = {"probe": "json"}, []
    for one in behind.learned:
        paths += made_by_training(one.run)
        if one.selected:
            paths += [f"models/{one.run}/{one.run}.safetensors", path_of("evaluate", one.run, "json")]
    asked = ("clips", "clipset") if any("frames" in row for row in behind.images) else ()
    paths += [path_of(stage, one) for stage in ("dataset", "characters", *asked[1:]) for one in series]
    paths += [
        path_of(stage, one, suffix.get(stage, "parquet"))
        for stage in (*EPISODE_STAGES, *asked[:1])
        if stage != "review"  # a page for people: nothing is made of it
        for one in behind.episodes
    ]
    shards = {row["shard"] for row in behind.images if row["shard"]}
    # Of clips it is their packs' files.
    for path in dict.fromkeys(file_of(root, path) for path in [*paths, *sorted(shards)]):
        if path not in behind.known:
            kind = kind_of(path, ())
            yield check_file("table" if kind == "model" else kind, path, None, hashes)
    folders = [f"models/{one.run}/" for one in (behind.subject, *behind.learned)]
    for path in behind.known:
        made = path.startswith((FOLDER, *folders)) and not path.startswith(RAW)
        if made and path not in behind.records.maker and hashes.of(path) is not None:
            yield Check("job", path, UNRECORDED, None, f"no line of {RECORDS_FILE} says how it was made")


def _videos(behind: Behind, hashes: Hashes) -> list[Check]:
    """Hold each video against the sha256 that probe read of it."""
    checks, root = [], behind.root
    videos = find_episodes(root / RAW)
    for episode in behind.episodes:
        sha256 = behind.reader.json(path_of("probe", episode, "json")).get("sha256")
        series, _, name = episode.partition("/")
        here = videos.get((series, name))
        path = Path(here).relative_to(root).as_posix() if here else f"{RAW}{episode}"
        checks.append(check_file("video", path, sha256, hashes))
    return checks


def _settled(checks: Iterable[Check]) -> list[Check]:
    """Each check once, sorted; a file that one record knows by hash is not unrecorded because another does not.

    That nothing is on record of how it was made stays, though a reader's record knows its hash.
    """
    found = dict.fromkeys(checks)
    known = {check.name for check in found if check.state != UNRECORDED}
    kept = [check for check in found if check.state != UNRECORDED or check.what == "job" or check.name not in known]
    return sorted(kept, key=lambda check: (check.what, check.name, check.state, check.sha256 or ""))
