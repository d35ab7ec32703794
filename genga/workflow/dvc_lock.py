"""Keep dvc.lock complete after Snakemake, so that DVC finds on it all that was made here.

DVC 3.67 takes away what an output of dvc.yaml holds and dvc.lock does not name: `dvc exp run` does, and `dvc checkout
--force`, without a word. So after its jobs the workflow writes down what is here, by DVC's own means. Where DVC is used
(a remote is set up, or its cache has files) contents go into its cache, and a finished phase counts as done, as after
`dvc commit --force`. Elsewhere nothing is copied, nor read for it what phases depend on, all videos for instance: DVC
knows the outputs, and runs each phase once, in which Snakemake has nothing to do.
"""

import logging
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from genga.errors import GengaError
from genga.store.files import read_notes, write_json
from genga.tables.places import CODE
from genga.workflow.records import RECORDS_FILE, read_records

LOCK, PHASES = "dvc.lock", "dvc.yaml"
PHASE = "DVC_STAGE"  # in the environment of a phase's commands: what these make DVC writes down itself
_UNTOLD = Path(".snakemake/genga/untold.json")  # what was made and is not in dvc.lock yet
_CODE = "code"  # the phase that depends on code alone


def note(made: Iterable[str]) -> None:
    """Note files that were made, until dvc.lock has them."""
    write_json(_UNTOLD, {"made": sorted({*_untold(), *made})})


def catch_up() -> None:
    """Bring dvc.lock up to date after a run that could not, or where there is none."""
    left = _UNTOLD.is_file() or (Path(RECORDS_FILE).is_file() and not Path(LOCK).exists())
    if left and PHASE not in os.environ:
        try:
            tell([])
        except GengaError as error:  # whoever only looks is not held up
            print(f"note: {error}", file=sys.stderr)


def tell(phases: Collection[str], again: bool = False) -> None:
    """Bring dvc.lock up to date. phases: those of dvc.yaml that are finished. Raises GengaError if it cannot be.

    again: Snakemake has more to do, by what these jobs made: then no phase counts as finished.
    """
    if not (Path(".dvc").is_dir() and Path(PHASES).is_file()) or (phases and PHASE in os.environ):
        return
    if keep([] if again else phases, [CODE, *_untold()], read_records().maker.keys()):
        _UNTOLD.unlink(missing_ok=True)
    else:
        print(f"note: {LOCK} waits for another process of DVC; the next run writes it", file=sys.stderr)


def _untold() -> Sequence[str]:
    found: Sequence[str] = read_notes(_UNTOLD).get("made", ())
    return found


def finished(phases: Mapping[str, Collection[str]], planned: Collection[str], all_here: bool) -> list[str]:
    """Return the phases that are, when all jobs that make `planned` are done and fresh.

    phases: the last files of each. all_here: the videos of every series, without which `stills` is not what it reads.
    """
    done = [phase for phase, last in phases.items() if last and set(last) <= set(planned)]
    return done if all_here else [phase for phase in done if phase != "stills"]


def keep(finished: Collection[str], made: Iterable[str], on_record: Collection[str]) -> bool:
    """Write what is here into dvc.lock; return False if another process of DVC is at work here.

    finished: phases of dvc.yaml whose jobs are all done and fresh. made: files that were made since the last time: what
    a phase that is not finished has of them is written too, and DVC finds it stale. Without dvc.lock every phase is.
    on_record: files of records.jsonl: one that is not here stays on dvc.lock, so that a partial pull takes nothing off.
    Raises GengaError if it cannot be written.
    """
    try:
        from dvc.exceptions import DvcException
        from dvc.lock import LockError
    except ImportError:  # then there is no DVC here that takes anything away
        return True
    every = not Path(LOCK).exists()
    try:
        with _opened() as repo, repo.lock:
            keeper = _Keeper(_in_use(repo), on_record)
            for phase in repo.index.stages:
                outs = [out.def_path for out in phase.outs]
                if phase.addressing in finished or any(is_below(path, outs) for path in made) or every:
                    keeper.keep(phase, finished=phase.addressing in {*finished, _CODE})
    except LockError:
        return False
    except (DvcException, OSError) as error:
        said = " ".join(str(error).split())
        raise GengaError(f"{LOCK}: cannot be brought up to date ({said}); put that right, and run again") from error
    return True


@contextmanager
def unmoved(folder: str) -> Iterator[None]:
    """Have the phases that were made of a folder as it is count as made of what it is after the block.

    For what is written there that changes nothing of what they make. In a command of a phase DVC waits for it, and
    keeps what others say in dvc.lock. Where another process of DVC is at work, or dvc.lock cannot be read, DVC runs
    these phases once more, in which Snakemake has nothing to do.
    """
    with ExitStack() as held:
        reading = list[tuple[Any, Any]]()  # phases, and their dependency on the folder
        if Path(".dvc").is_dir() and Path(LOCK).is_file():
            with suppress(*_errors()):
                repo = held.enter_context(_opened())
                if PHASE not in os.environ:
                    held.enter_context(repo.lock)
                every = [(phase, dep) for phase in repo.index.stages for dep in phase.deps if dep.def_path == folder]
                reading = [(phase, dep) for phase, dep in every if dep.exists and not dep.changed_checksum()]
        yield
        with suppress(*_errors()):
            for phase, dep in reading:
                dep.save()
                phase.dump(update_pipeline=False)


def is_below(path: str, outs: Iterable[str]) -> bool:
    """Whether a file is one of these outputs of DVC's, or in one."""
    return any(path == out or path.startswith(f"{out}/") for out in outs)


class _Keeper:
    """Writes phases (dvc.stage.PipelineStage) into their lock file."""

    def __init__(self, in_use: bool, on_record: Collection[str]) -> None:
        self._in_use, self._on_record = in_use, on_record
        self._kept: dict[str, Any] = {}  # hash of each output, by its path

    def keep(self, phase: Any, finished: bool) -> None:
        before = {out.def_path: out.hash_info for out in phase.outs}
        here = [out for out in phase.outs if out.exists]
        if not here or not all([self._take(out) for out in here]):
            return
        if not self._in_use:  # what is not here is nowhere
            phase.outs = here
        after = {out.def_path: out.hash_info for out in phase.outs}
        self._kept |= after
        if not (finished and (self._in_use or phase.addressing == _CODE) and self._has_all_it_reads(phase)):
            if after == before:
                return  # what they were made of is still said
            phase.deps = []  # stale to DVC
        phase.dump(update_pipeline=False)

    def _take(self, out: Any) -> bool:
        """Have DVC know an output as it is here; False if that might take off the lock what was never pulled."""
        before = out.hash_info
        listed = out.get_obj() if before and before.isdir else None  # what was in the folder; none if never pulled
        out.save()
        if out.hash_info == before:
            away = {}
        elif before and before.isdir and listed is None:
            return False
        else:
            away = self._away(out, listed) if listed is not None and self._in_use else {}
        if self._in_use:
            out.commit()
        for key, of in away.items():
            out.obj.add(key, *of)
        if away:
            out.obj.digest()
            out.hash_info, out.meta.nfiles = out.obj.hash_info, len(out.obj)
        if out.hash_info.isdir:  # without its list a folder cannot be compared
            out.cache.add(out.obj.path, out.obj.fs, out.obj.oid)
        return True

    def _away(self, out: Any, listed: Any) -> dict[Any, Any]:
        """What was in a folder, is on record, and is not here."""
        missing = listed.as_dict().keys() - out.obj.as_dict().keys()
        return {key: listed.get(key) for key in missing if "/".join((out.def_path, *key)) in self._on_record}

    def _has_all_it_reads(self, phase: Any) -> bool:
        """Have DVC know what a phase reads; False if that is not here as the phases before it made it."""
        if not all(dep.exists for dep in phase.deps):
            return False
        phase.save_deps()
        whole = [dep for dep in phase.deps if dep not in phase.params]  # the others are keys of a file
        return all(self._kept.get(dep.def_path, dep.hash_info) == dep.hash_info for dep in whole)


def _errors() -> tuple[type[Exception], ...]:
    """What DVC raises."""
    try:
        from dvc.exceptions import DvcException
        from dvc.lock import LockError
    except ImportError:
        return (ImportError,)
    return DvcException, LockError, OSError


def _opened() -> Any:
    """DVC's view of the project; without git: what is to be committed, and what it ignores, people say."""
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.ERROR)
    return Repo(".", config={"core": {"no_scm": True}})


def _in_use(repo: Any) -> bool:
    """Whether there is a remote to push to, or more in DVC's cache than lists of folders, which are put there here."""
    found = Path(repo.cache.repo.path).glob("??/*")
    return bool(repo.config["remote"]) or any(path.suffix != ".dir" for path in found)
