"""What Snakemake 9.27.1 does for every job and file again, done once or with less: the results are equal.

A dry run of 2,000 episodes is 22,000 jobs with 128,000 inputs: what is small for one counts there. Each function says
what Snakemake does, each test in tests/test_snakemake_growth.py that it still does so and that both find the same.
Where files lie in a bucket nothing of this is used: there a file is more than its path.
"""

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache, partial, wraps
from itertools import chain
from types import MappingProxyType
from typing import Any

_SELDOM = (50_000, 20, 50)  # of gc.set_threshold; Python's own are (700, 10, 10)
_UNFLAGGED = MappingProxyType[str, Any]({})
_REMEMBERED = 8  # records of outputs: a job's are asked for one after another, and no job has as many


def lighten() -> None:
    """Change Snakemake in this process; a second call changes nothing."""
    from snakemake import common, dag, iocontainers, jobs, rules
    from snakemake.common.prefix_lookup import PrefixLookup
    from snakemake.io import IOCache, _IOFile
    from snakemake.persistence import PersistenceBase
    from snakemake.persistence.file import FilePersistence

    if hasattr(jobs.Job.__init__, "__wrapped__"):
        return
    gc.set_threshold(*_SELDOM)
    look_at_functions_once(common, rules)
    know_files_by_their_text(_IOFile)
    annotate_flagged_files_only(_IOFile)
    know_what_was_found(_IOFile)
    list_without_guards(iocontainers)
    share_wildcards(jobs, rules)
    find_prefixes_by_length(PrefixLookup)
    ask_for_times_in_turn(IOCache, jobs.Job)
    hold_no_empty_sets(jobs)
    expand_logs_once(jobs.Job)
    compare_folders_by_name(dag.DAG)
    share_what_jobs_request(dag.DAG)
    forget_records(PersistenceBase, FilePersistence)


def look_at_functions_once(common: Any, rules: Any) -> None:
    """Snakemake inspects the signature of an input, params or resources function three times for each job."""
    common.get_function_params = rules.get_function_params = cache(common.get_function_params)


def know_files_by_their_text(file: Any) -> None:
    """A file's hash and comparison are Python's functions there, and whether it lies in a bucket is four calls.

    A path is the text of what is compared; an input function is no path, and its text names its address.
    """
    del file.__hash__, file.__eq__
    file.is_storage = property(lambda self: bool(getattr(self._file, "flags", _UNFLAGGED).get("storage_object")))


def annotate_flagged_files_only(file: Any) -> None:
    """Every path is a second text with a dictionary of flags, which is empty for all but `ancient` ones.

    Whoever would set a flag later gets an error: an unflagged file has flags that can only be read.
    """
    clone = file.clone_flags

    @wraps(clone)
    def clone_flags(self: Any, other: Any, skip_storage_object: bool = False) -> None:
        if type(self._file) is not str or getattr(other._file, "flags", None):
            clone(self, other, skip_storage_object)

    file.clone_flags = clone_flags
    file.flags = property(lambda self: getattr(self._file, "flags", _UNFLAGGED))


def know_what_was_found(file: Any) -> None:
    """Whether a file exists is looked up by its folder first, a file that does not exist each time anew."""
    exists = file.exists

    @wraps(exists)
    async def found(self: Any) -> bool:
        known = self.rule.workflow.iocache
        if not known.active or self.is_storage:
            return bool(await exists(self))
        if (here := dict.get(known.exists_local, self)) is None:
            here = known.exists_local[self] = await exists(self)
        return bool(here)

    file.exists = found


def list_without_guards(iocontainers: Any) -> None:
    """Each of a job's lists has two guards, against `index` and `sort`, a list of these, and a dictionary of names."""
    named, guard = iocontainers.Namedlist, iocontainers.AttributeGuard
    of_snakemake, set_name = named.__init__, named._set_name
    named._allowed_overrides, named._names = ("index", "sort"), _UNFLAGGED
    named.index, named.sort = guard("index"), guard("sort")

    @wraps(of_snakemake)
    def made(self: Any, toclone: Any = None, fromdict: Any = None, plainstr: bool = False, **how: Any) -> None:
        if how or plainstr and any(getattr(file, "is_storage", False) for file in toclone):
            of_snakemake(self, toclone, fromdict, plainstr, **how)
            return
        list.__init__(self, () if toclone is None else map(str, toclone) if plainstr else toclone)
        if isinstance(toclone, named):
            self._take_names(toclone._get_names())
        for name, value in (fromdict or {}).items():
            self.append(value)
            self._add_name(name)

    @wraps(set_name)
    def named_item(self: Any, name: str, index: int, end: int | None = None) -> None:
        if "_names" not in self.__dict__:
            self._names = {}
        set_name(self, name, index, end)

    named.__init__, named._set_name = made, named_item


def share_wildcards(*modules: Any) -> None:
    """Each job, and each function that is asked about it, gets wildcards of its own; eleven jobs have equal ones."""
    known: dict[tuple[tuple[str, str], ...], Any] = {}

    def shared(of_snakemake: Any, toclone: Any = None, fromdict: Any = None) -> Any:
        key = tuple((fromdict or {}).items())
        if toclone is not None or key not in known:
            made = of_snakemake(toclone=toclone, fromdict=fromdict)
            return made if toclone is not None else known.setdefault(key, made)
        return known[key]

    for module in modules:
        module.Wildcards = partial(shared, module.Wildcards)


def find_prefixes_by_length(lookup: Any) -> None:
    """The rules whose outputs begin as a path does are found by bisection, letter by letter."""

    def match_iter(self: Any, query: str) -> Iterator[tuple[str, Any]]:
        if (of_length := self.__dict__.get("of_length")) is None:
            of_length = self.of_length = {}
            for prefix, entries in reversed(self._entries):
                of_length.setdefault(len(prefix), {})[prefix] = entries
        for length, by_prefix in of_length.items():
            yield from ((query[:length], entry) for entry in by_prefix.get(query[:length], ()))

    lookup.match_iter = match_iter


def ask_for_times_in_turn(known: Any, job: Any) -> None:
    """For each file's time there is an entry in a queue, and for each output a task: of use only for a bucket's."""
    inventory = known.mtime_inventory

    @wraps(inventory)
    async def mtime_inventory(self: Any, jobs: Iterable[Any], n_workers: int = 8) -> None:
        for file in chain.from_iterable((*job.input, *job.output) for job in jobs):
            if file not in self.mtime and not file.is_storage and await file.exists():
                self.mtime[file] = await self.collect_mtime(file)
        await inventory(self, [job for job in jobs if job.benchmark], n_workers)

    async def output_mintime(self: Any) -> float | None:
        files = [*self.output, *([self.benchmark] if self.benchmark else [])]
        return min([(await file.mtime()).local_or_storage() for file in files if await file.exists()], default=None)

    known.mtime_inventory, job.output_mintime = mtime_inventory, property(output_mintime)


def hold_no_empty_sets(jobs: Any) -> None:
    """Each job has five sets, nearly all of which are empty: 1,080 bytes."""
    init = jobs.Job.__init__
    sets = ("temp_output", "protected_output", "touch_output", "pipe_or_service_output", "_queue_input")
    none: frozenset[Any] = frozenset()

    @wraps(init)
    def made(self: Any, *args: Any, **options: Any) -> None:
        init(self, *args, **options)
        for name in (name for name in sets if not getattr(self, name)):
            setattr(self, name, none)

    jobs.Job.__init__ = made


def expand_logs_once(job: Any) -> None:
    """A job's log and benchmark are made out a second time to see that they can be."""
    job.is_valid = lambda self: bool((self.benchmark, self.log))


def compare_folders_by_name(dag: Any) -> None:
    """To see that no output is a folder of another's all are made absolute Path objects, and sorted."""
    check = dag.check_directory_outputs

    @wraps(check)
    def check_directory_outputs(self: Any) -> None:
        outputs = {os.path.abspath(file) for job in self.jobs for file in job.output}
        folders: set[str] = set()
        for path in outputs:
            while (path := os.path.dirname(path)) not in folders:
                folders.add(path)
        if not outputs.isdisjoint(folders):
            check(self)  # says which

    dag.check_directory_outputs = check_directory_outputs


def share_what_jobs_request(dag: Any) -> None:
    """What a job requests of another is a set with each of the two: of equal content, always changed together."""
    cleanup = dag.cleanup

    @wraps(cleanup)
    def shared(self: Any) -> None:
        cleanup(self)
        for job, requested in self._dependencies.items():
            for other, files in requested.items():
                self.depending[other][job] = files

    dag.cleanup = shared


def forget_records(persistence: Any, files: Any) -> None:
    """The last 128 records are kept, those of a whole series with 16,000 inputs among them; so is that no parameter
    of a job changed, with three sets, for which `--list-changes params` lists its outputs: it no longer does.
    """
    from snakemake.persistence import NO_PARAMS_CHANGE

    files._read_record_cached = lru_cache(_REMEMBERED)(files._read_record_cached.__wrapped__)
    changed: Callable[..., Any] = persistence.params_changed

    @wraps(changed)
    def params_changed(self: Any, job: Any, file: Any = None) -> Any:
        return changed(self, job, file) or NO_PARAMS_CHANGE

    persistence.params_changed = params_changed
