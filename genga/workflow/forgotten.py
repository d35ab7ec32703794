"""Series whose videos are not here: what of them can still be had, and how one is forgotten.

A series is on record as long as records.jsonl has jobs of it. Where its videos are gone, what was made of them is used
as it is, what is gone with them is passed over, and no other series waits for it.
"""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from genga.errors import GengaError
from genga.tables.places import FOLDER, RAW
from genga.video.episodes import find_episodes
from genga.workflow.records import RECORDS_FILE, Records, only, read_records, write_records
from genga.workflow.session import Journal


def unreachable(targets: Iterable[str], records: Records) -> list[str]:
    """Return those that are not here and cannot be made of what is, as they were made when they were."""
    known: dict[str, bool] = {}

    def is_had(path: str) -> bool:
        if path not in known:
            known[path] = False
            job = records.maker.get(path)
            needed = [] if job is None else [name for name in job.inputs if name.startswith(FOLDER)]
            known[path] = Path(path).exists() or (job is not None and all(map(is_had, needed)))
        return known[path]

    return [target for target in targets if not is_had(target)]


def note_of(series: str, gone: Sequence[str]) -> str:
    """Return what to say of a series without videos. gone: what was to be had of it and cannot be."""
    forget = f"genga forget {shlex.quote(series)}"
    if gone:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        return (
            f"{RAW}{series}/ has no videos, and {gone[0]}{more}, made of them, cannot be had: passed over; "
            f"put them back, `dvc pull`, or `{forget}`"
        )
    return f"{RAW}{series}/ has no videos: what was made of them is used as it is; `{forget}` takes it away"


def forget(series: str) -> tuple[int, int]:
    """Take what was made of a series off the records and the disk; return how many jobs and files that was.

    Files go first, so that whoever stops in between can begin again. What runs learnt of it, and what people decided
    about it, stays. Raises GengaError if its videos are here, if nothing of it is on record, or if a run is at work.
    """
    if any(name == series for name, _ in find_episodes(RAW)):
        raise GengaError(f"{RAW}{series}/: its videos are here, and all would be made again; take them away first")
    journal = Journal(".")
    journal.read()
    journal.start()
    try:
        records = read_records()
        mine = [job for job in records.jobs.values() if job.wildcards.get("series") == series]
        if not mine:
            known = ", ".join(sorted({of for job in records.jobs.values() if (of := job.wildcards.get("series"))}))
            raise GengaError(f"{RECORDS_FILE}: has nothing of a series {series!r}; it has: {known or 'none'}")
        files = [path for job in mine for path in map(Path, job.outputs) if path.is_file()]
        for path in files:
            path.unlink()
        for folder in {path.parent for path in files if path.parent.name == series}:
            if not any(folder.iterdir()):
                folder.rmdir()
        theirs = [job for job in records.jobs.values() if job.wildcards.get("series") != series]
        write_records(only(records, theirs))
        return len(mine), len(files)
    finally:
        journal.describe([])
