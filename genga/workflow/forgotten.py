"""Series whose videos are not here: what of them can still be had, and how one is forgotten.

A series is on record as long as records.jsonl has jobs of it. Where its videos are gone, what was made of them is used
as it is, what is gone with them is passed over, and no other series waits for it.
"""

import re
import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from genga.errors import GengaError
from genga.stages import LINE
from genga.store.files import read_notes
from genga.tables.places import FOLDER, RAW, path_of
from genga.video.episodes import find_episodes
from genga.workflow.merges import checkpoints_of, model_of, report_of
from genga.workflow.project import Project
from genga.workflow.records import RECORDS_FILE, Records, only, read_records, write_records
from genga.workflow.session import Journal

_KINDS = {"probe": "json", "review": "json", "overview": "html"}  # of what stands for a stage's job; others: a table
_OF_VIDEOS = ("probe", "frames", "stills")  # stages that read them
_OURS = (FOLDER, "models/", "reports/")  # where jobs write
# What is kept by content, and noted by series: latents, and drawings made larger. By series: what packs were made of.
_KEPT, _NOTED = (Path(".cache/latents"), Path(".cache/upscaled")), Path(".cache/packs")
_KEY = re.compile(r"[0-9a-f]{64}")


def asked_of(project: Project, series: str) -> list[str]:
    """Return what targets ask for of a series, of the runs that learn from it, and of merges of those."""
    runs = [run for run, of in project.series_of_run.items() if series in of]
    merges = [merge for merge in project.merges.names if project.merges.runs_behind(merge) & set(runs)]
    return [
        *(path for stage in ("stills", "quality", "tag") for path in project.made(stage, [series])),
        path_of("overview", series, "html"), path_of("characters", series),
        *([path_of("dataset", series)] if series in project.learned else []),
        *map(checkpoints_of, runs), *map(report_of, runs), *map(model_of, merges),
    ]  # fmt: skip


def made_of(project: Project, series: str) -> dict[str, list[str]]:
    """Return what each file of a series is made of, as stages declare it (genga.stages)."""
    found: dict[str, list[str]] = {}
    whole: dict[str, list[str]] = {}  # by stage, of all its episodes or of the series
    for stage in LINE:
        if stage.level == "episode":
            kind = _KINDS.get(stage.name, "parquet")
            for name in project.names_of(series):
                path = path_of(stage.name, f"{series}/{name}", kind)
                tables = [path_of(table, f"{series}/{name}") for table in stage.reads]
                found[path] = tables + ([*project.videos(series, name).values()] if stage.name in _OF_VIDEOS else [])
                whole.setdefault(stage.name, []).append(path)
        elif stage.level == "series":
            path = path_of(stage.name, series, _KINDS.get(stage.name, "parquet"))
            needed = stage.reads or ("review",)  # overview reads its figures
            found[path] = [one for table in needed for one in whole.get(table, ())]
            whole[stage.name] = [path]
    for run in [run for run, of in project.series_of_run.items() if series in of]:
        found[checkpoints_of(run)] = whole["dataset"]
        found[model_of(run)] = [checkpoints_of(run)]
        found[report_of(run)] = [checkpoints_of(run), *(path for paths in whole.values() for path in paths)]
    for merge in project.merges.names:
        found[model_of(merge)] = list(map(model_of, project.merges.runs_behind(merge)))
    return found


def unreachable(targets: Iterable[str], made_of: Mapping[str, Sequence[str]], records: Records) -> list[str]:
    """Return those that are not here and cannot be made of what is.

    made_of: what each is made of where it is on no record.
    """
    known: dict[str, bool] = {}

    def is_had(path: str) -> bool:
        if path not in known:
            known[path] = False
            job = records.maker.get(path)
            needed = made_of.get(path) if job is None else [one for one in job.inputs if one.startswith(_OURS)]
            known[path] = Path(path).exists() or (needed is not None and all(map(is_had, needed)))
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


def forget(series: str) -> tuple[int, int, int]:
    """Take what was made of a series off the records and the disk; return how many jobs and files, and what was kept.

    Files go first, so that whoever stops in between can begin again. What runs learnt of it, and what people decided
    about it, stays, and so do latents and drawings made larger that another series has, too. Raises GengaError if its
    videos are here, if nothing of it is on record, or if a run is at work.
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
        kept = sum(_let_go(folder, series) for folder in _KEPT)
        for folder in _NOTED.iterdir() if _NOTED.is_dir() else ():
            shutil.rmtree(folder / series, ignore_errors=True)
        theirs = [job for job in records.jobs.values() if job.wildcards.get("series") != series]
        write_records(only(records, theirs))
        return len(mine), len(files), kept
    finally:
        journal.describe([])


def _let_go(folder: Path, series: str) -> int:
    """Delete what a folder by content keeps for a series alone, as it is noted there; return how many files."""
    notes = folder / "of"
    mine = notes / f"{series}.json"
    others = {key for path in notes.glob("*.json") if path != mine for key in _keys(path)}
    found = [path for key in sorted(_keys(mine) - others) for path in (folder / key[:2]).glob(f"{key}.*")]
    for path in found:
        path.unlink()
    for place in {path.parent for path in found}:
        if not any(place.iterdir()):
            place.rmdir()
    mine.unlink(missing_ok=True)
    return len(found)


def _keys(path: Path) -> set[str]:
    """The keys on note in a file: hex digits; what else stands there is none."""
    return {key for key in read_notes(path).get("keys", []) if isinstance(key, str) and _KEY.fullmatch(key)}
