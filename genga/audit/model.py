"""Which checkpoint of which run is a model file, or which merge?"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genga.errors import GengaError
from genga.store.files import read_facts, sha256_of
from genga.tables.places import path_of
from genga.training.checkpoints import Checkpoint, read_checkpoints
from genga.workflow.records import Record, Records

MERGE = "merge"  # the stage, and the parameter of its jobs


@dataclass(frozen=True)
class Subject:
    """A checkpoint that is asked about."""

    file: str  # as it was named
    run: str
    checkpoint: Checkpoint
    base: dict[str, Any]  # name and sha256 of the model it was fine-tuned from
    sha256: str | None  # of the file's content, None: it is not here
    selected: bool  # whether it is the copy under the run's name
    merge: Record | None = None  # the job that made it, if it is a merge; then `run` is its name, without step and base

    @property
    def title(self) -> str:
        """What it is, in few words."""
        return f"{self.run}, a merge" if self.merge else f"{self.run}, step {self.checkpoint.step}"


def merge_of(file: str | Path, records: Records, root: str | Path = ".") -> Subject | None:
    """Return which merge a file is: by its content, wherever it lies, else by its place; None if none on record is."""
    here = Path(root, file)
    sha256 = sha256_of(here) if os.path.isfile(here) else None
    made = [(path, job) for path, job in sorted(records.maker.items()) if job.rule == MERGE]
    alike = [(path, job) for path, job in made if job.outputs[path].sha256 == sha256]
    there = [(path, job) for path, job in made if here.resolve() == Path(root, path).resolve()]
    for path, job in [*[one for one in there if one in alike], *alike, *there]:
        known = Checkpoint(0, 0, path, job.outputs[path].sha256)
        return Subject(Path(file).as_posix(), job.wildcards["merge"], known, {}, sha256, False, job)
    return None


def runs_of(jobs: Iterable[Record], root: str | Path = ".") -> tuple[list[Subject], dict[str, str]]:
    """Return the checkpoints of runs that merges among the jobs were made of, and those that are not here, with why."""
    found: dict[str, Subject] = {}
    missing: dict[str, str] = {}
    for job in (job for job in jobs if job.rule == MERGE):
        for parent in parents_of(job):
            if parent["run"] is None or parent["file"] in found:
                continue
            path = Path(root, "models", parent["run"], "checkpoints.json")
            try:
                listed = read_checkpoints(path)
            except GengaError as error:
                missing[parent["file"]] = str(error)
                continue
            known = [one for one in listed.all if one.sha256 == parent["sha256"]]
            if not known:
                missing[parent["file"]] = f"{path} has no checkpoint of that content"
            for one in known[:1]:
                found[parent["file"]] = Subject(parent["file"], listed.run, one, listed.base, one.sha256, True)
    return list(found.values()), missing


def parents_of(merge: Record) -> list[dict[str, Any]]:
    """Return what a merge was made of: letter, what it is called, run (None: none), file or folder, and its sha256."""
    entry, found = merge.params.get(MERGE) or {}, []
    places = merge.params.get("parents") or {}
    for letter in ("a", "b", "c"):
        if (parent := entry.get(letter)) is None:
            continue
        path = places.get(letter, "")
        what, name = next((what, parent[what]) for what in ("base", "run", "merge", "file") if parent.get(what))
        sha256 = (merge.params.get("pins") or {}).get(path) or merge.inputs.get(path)
        said = path if what == "file" else f"{what} {name}"
        run = name if what == "run" else None
        found.append({"letter": letter, "called": said, "run": run, "file": path, "sha256": sha256})
    return found


def subject_of(file: str | Path, root: str | Path = ".") -> Subject:
    """Return what a model file is: known by its content, wherever it lies, else by its place under models/.

    Raises GengaError if it is neither.
    """
    root, file = Path(root), Path(file)
    here = root / file
    sha256 = sha256_of(here) if os.path.isfile(here) else None  # Path.is_file fails for too long a name
    known, damaged = _checkpoints(root)
    for run, checkpoint, base in known:
        if sha256 == checkpoint.sha256:
            return Subject(file.as_posix(), run, checkpoint, base, sha256, _is_selected(here, root, run))
    for run, checkpoint, base in known:
        selected = _is_selected(here, root, run) and checkpoint.step == _selected_step(root, run)
        if selected or here.resolve() == (root / checkpoint.file).resolve():
            return Subject(file.as_posix(), run, checkpoint, base, sha256, selected)
    if damaged:
        raise GengaError(damaged[0])
    if sha256 is None:
        raise GengaError(f"{file}: no such file, and no run's checkpoint of that name; `dvc pull` it, or name another")
    runs = ", ".join(sorted({run for run, _, _ in known})) or "none"
    known_runs = f"runs with a checkpoints.json: {runs}"
    raise GengaError(f"{file}: is no checkpoint of a run here ({known_runs}), and no merge on record")


def merges(records: Records, root: str | Path = ".") -> dict[str, str]:
    """Return the merges on record whose models are here: name -> file."""
    made = {job.wildcards[MERGE]: path for path, job in sorted(records.maker.items()) if job.rule == MERGE}
    return {name: path for name, path in made.items() if Path(root, path).is_file()}


def file_of(name: str, records: Records, root: str | Path = ".") -> str:
    """Return the model that a name stands for: a merge's, or a run's last checkpoint.

    Raises GengaError if there is neither, or the run has no checkpoints.
    """
    if (merged := merges(records, root).get(name)) is not None:
        return merged
    listed = read_checkpoints(folder_of(name, root) / "checkpoints.json").all
    if not listed:
        raise GengaError(f"models/{name}/checkpoints.json: names no checkpoint; train the run again")
    return listed[-1].file


def published(name: str, root: str | Path = ".") -> Path:
    """Return the folder of a run, or of a merge, that is given away as one. Raises GengaError for a name of neither."""
    folder = Path(root, "models", name)
    is_name = name == folder.name and name not in ("", "..")
    return folder if is_name and (folder / f"{name}.safetensors").is_file() else folder_of(name, root)


def trained(root: str | Path = ".") -> list[str]:
    """Return the runs that have checkpoints here, sorted."""
    return sorted(path.parent.name for path in Path(root, "models").glob("*/checkpoints.json"))


def folder_of(run: str, root: str | Path = ".") -> Path:
    """Return the folder of a run, `models/<run>`. Raises GengaError if that is not the name of a run that is here."""
    here = trained(root)
    if run not in here:
        known = ", ".join(here) or "none"
        raise GengaError(f"{run!r}: no such run here (runs with a checkpoints.json: {known}); train it, or pull it")
    return Path(root, "models", run)


def evaluation_of(run: str, root: str | Path = ".") -> dict[str, Any] | None:
    """Return what stage evaluate wrote of a run; None before it has, or if it judged checkpoints of before."""
    path, listed = Path(root, path_of("evaluate", run, "json")), Path(root, "models", run, "checkpoints.json")
    if not path.is_file() or not listed.is_file():
        return None
    judged = read_facts(path)
    try:
        chosen = (judged["selection"]["step"], judged["selection"]["sha256"])
        references = judged["references"]
        _ = (judged["models"], references["images"][references["deciding"]], {row["step"] for row in judged["steps"]})
        _ = (judged["bootstrap"]["confidence"], judged["bootstrap"]["pairs"])
    except (LookupError, TypeError) as error:
        raise GengaError(f"{path}: is not what stage evaluate writes now; delete it and run snakemake again") from error
    return judged if chosen in {(one.step, one.sha256) for one in read_checkpoints(listed).all} else None


def _checkpoints(root: Path) -> tuple[list[tuple[str, Checkpoint, dict[str, Any]]], list[str]]:
    """Every checkpoint with its run and base, and what is wrong with lists that cannot be read."""
    found, damaged = [], []
    for path in sorted((root / "models").glob("*/checkpoints.json")):
        try:
            listed = read_checkpoints(path)
        except GengaError as error:
            damaged.append(str(error))
            continue
        found += [(listed.run, checkpoint, listed.base) for checkpoint in listed.all]
    return found, damaged


def _is_selected(file: Path, root: Path, run: str) -> bool:
    return file.resolve() == (root / "models" / run / f"{run}.safetensors").resolve()


def _selected_step(root: Path, run: str) -> int | None:
    """The step that stage evaluate selected; None if that is not known here."""
    judged = evaluation_of(run, root)
    return int(judged["selection"]["step"]) if judged else None
