"""What Snakemake and its plugins do otherwise than they would, each with the version it was seen in, and why.

tests/test_snakemake_patches.py fails where one is no longer needed, or where another version is locked than was looked
at.
"""

import os
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import Any

SNAKEMAKE, S3_PLUGIN = "9.27.1", "0.3.6"  # versions that were looked at


def let_lent_files_be_replaced() -> None:
    """Snakemake 9.27.1 takes any output that is read-only for one that a person protects, and refuses to make it again.

    DVC makes a file read-only that it lends as a hard link (cache.type hardlink): jobs write a new file in its place,
    which harms nothing. So a read-only file with several names counts as lent, not as protected.
    """
    from snakemake.io import _IOFile

    if hasattr(_IOFile.protected, "of_snakemake"):
        return
    of_snakemake = _IOFile.protected

    async def protected(self: Any) -> bool:
        """Whether a person write-protected an output."""
        return bool(await of_snakemake(self)) and os.stat(self).st_nlink == 1

    protected.of_snakemake = of_snakemake  # type: ignore[attr-defined]
    _IOFile.protected = protected


def keep_outputs_until_replaced() -> None:
    """Snakemake 9.27.1 removes what a job made before, when it begins and when it fails or is interrupted.

    Then whoever interrupts a job, as training that takes a day, and takes the change back that it was for, has lost
    what there was. Jobs write whole files in the place of others, so nothing has to go before. What a job that failed
    made for the first time still goes. What it was to replace stays, marked as half made: genga.workflow.restore takes
    the mark off what is as on record.
    """
    from snakemake.jobs import Job

    if hasattr(Job.postprocess, "of_snakemake"):
        return
    of_snakemake = Job.postprocess
    before: dict[Any, Set[Any]] = {}  # outputs that were there when a job began

    async def remove_existing_output(self: Any) -> None:
        before[self] = {file for file in self.output if os.path.lexists(file)}
        for file in self.log:
            await file.remove(remove_non_empty_dir=False)

    async def postprocess(self: Any, *args: Any, error: bool = False, **options: Any) -> None:
        kept = before.pop(self, set())
        if not (error and kept):
            await of_snakemake(self, *args, error=error, **options)
            return
        await self.dag.handle_log(self)
        await self.cleanup(kept)

    postprocess.of_snakemake = of_snakemake  # type: ignore[attr-defined]
    Job.postprocess, Job.remove_existing_output = postprocess, remove_existing_output


def make_again(lost: Set[str], outputs: Mapping[str, Set[str]]) -> None:
    """Snakemake 9.27.1 makes a file that is gone only if it is asked for, or something that is stale needs it.

    And then all that follows from it is made again, which after training that made the same bytes is a day's work. So
    it plans as if these files were here, and old, and then the jobs that make them are added.

    outputs: the lost ones that a job makes, by each output that its rule names.
    """
    from snakemake.dag import DAG
    from snakemake_interface_storage_plugins.io import Mtime

    of_snakemake = getattr(DAG.update_needrun, "of_snakemake", DAG.update_needrun)

    async def update_needrun(self: Any, create_inventory: bool = False) -> None:
        cache = self.workflow.iocache
        if cache.active:
            cache.exists_local.update(dict.fromkeys(lost, True))
            cache.mtime.update({path: Mtime(local=0.0) for path in lost})
        await of_snakemake(self, create_inventory)
        cache.exists_local.update(dict.fromkeys(lost, False))
        for path in lost:
            cache.mtime.pop(path, None)
        _add(self, outputs)

    update_needrun.of_snakemake = of_snakemake  # type: ignore[attr-defined]
    DAG.update_needrun = update_needrun if lost else of_snakemake


def keep_dry_runs_short() -> None:
    """Snakemake 9.27.1 puts together what a dry run would say of each job, its command three times, and then keeps it
    back (`quiet: rules`); it works out the resources of each, to take them back where none were given.
    """
    from snakemake.executors.dryrun import Executor
    from snakemake.scheduling.job_scheduler import JobScheduler
    from snakemake.settings.enums import Quietness

    if hasattr(Executor.printjob, "of_snakemake"):
        return
    say, free = Executor.printjob, JobScheduler._free_resources

    def printjob(self: Any, job: Any) -> None:
        said = self.workflow.output_settings
        if Quietness.RULES not in (said.quiet or ()) or said.log_handler_settings:
            say(self, job)

    def free_resources(self: Any, job: Any) -> None:
        if not self.dryrun:
            free(self, job)

    printjob.of_snakemake = say  # type: ignore[attr-defined]
    Executor.printjob, JobScheduler._free_resources = printjob, free_resources


def after_nothing(workflow: Any, do: Callable[[Set[str]], object]) -> None:
    """Snakemake 9.27.1 calls neither onstart nor onsuccess where nothing is to be done.

    do: gets the outputs of all jobs that were asked for, which are fresh.
    """
    of_snakemake = workflow.execute

    def execute(*args: Any, **options: Any) -> None:
        of_snakemake(*args, **options)
        if workflow.is_main_process and not (workflow.dryrun or workflow.touch or len(workflow.dag)):
            do({str(path) for job in workflow.dag.jobs for path in job.output})

    workflow.execute = execute


def _add(dag: Any, outputs: Mapping[str, Set[str]]) -> None:
    """Have the jobs run that make lost files, and those wait for them that run as well."""
    allowed, needed = dag.rules_allowed_for_needrun, dag._needrun
    for job in dag.jobs:
        again = frozenset().union(*(outputs.get(str(file), ()) for file in job.output))
        if again and not dag.finished(job) and (not allowed or job.rule.name in allowed):
            dag.reason(job).missing_output.update(again)
            needed.add(job)
    for job in needed:
        dag._n_until_ready[job] = sum(of in needed for of in dag.dependencies[job])
    dag._len = len(dag._finished | needed)


def mend_s3_objects(provider: Any, kept_in: Path, in_pod: bool) -> None:
    """Mend two things of snakemake-storage-plugin-s3 0.3.6.

    It remembers that there was no such folder before a job made one: then the folder is taken for a file, and the job
    fails. And in a pod it puts files below .snakemake/storage: genga has them where they lie on one machine, below this
    folder, so that tables speak of the same paths wherever they were made; and by absolute paths, because to Snakemake
    a file whose path is the one that its rule says is in no bucket.

    kept_in: where the plugin keeps copies of the project's files.
    """
    here, made = Path.cwd(), provider.get_storage_object_cls()

    class Object(made):  # type: ignore[misc, valid-type]
        def is_dir(self) -> bool:
            """Look again, where the plugin remembers that before the job there was no such folder."""
            self._is_dir: bool | None = getattr(self, "_is_dir", None) or None
            return bool(super().is_dir())

        def local_path(self) -> Path:
            path: Path = super().local_path()
            return here / path.relative_to(kept_in) if in_pod and path.is_relative_to(kept_in) else path

    provider.get_storage_object_cls = lambda: Object
