"""genga.workflow.snakemake_growth: Snakemake still does each thing for every job, and less finds the same."""

import asyncio
import gc
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import ROOT
from snakemake import api, common, dag, iocontainers, jobs, rules  # noqa: F401 (api first: its modules need each other)
from snakemake.common.prefix_lookup import PrefixLookup
from snakemake.exceptions import ChildIOException
from snakemake.executors import dryrun
from snakemake.io import ExistsDict, IOCache, IOFile, _IOFile, ancient
from snakemake.persistence import NO_PARAMS_CHANGE, ParamsChange, PersistenceBase
from snakemake.persistence.file import FilePersistence
from snakemake.scheduling.job_scheduler import JobScheduler
from standin import snakemake

from genga.workflow.snakemake_growth import lighten
from genga.workflow.snakemake_patches import keep_dry_runs_short

_CHANGED = (
    common, rules, _IOFile, iocontainers.Namedlist, PrefixLookup, IOCache, jobs.Job, dag.DAG, PersistenceBase,
    FilePersistence, dryrun.Executor, JobScheduler, jobs,
)  # fmt: skip


@pytest.fixture
def light() -> Iterator[None]:
    """Snakemake lightened in this process, and afterwards as it comes."""
    before = [(place, dict(vars(place))) for place in _CHANGED]
    thresholds = gc.get_threshold()
    lighten()
    keep_dry_runs_short()
    lighten()  # of two Snakefiles read in one process
    keep_dry_runs_short()
    yield
    gc.set_threshold(*thresholds)
    for place, was in before:
        for name in [name for name, value in vars(place).items() if was.get(name, place) is not value]:
            setattr(place, name, was[name]) if name in was else delattr(place, name)
        for name in was.keys() - vars(place).keys():
            setattr(place, name, was[name])


@pytest.mark.parametrize(
    ("still", "so"),
    [
        (common.get_function_params, "return inspect.signature(func).parameters"),
        (_IOFile.__hash__, "self._file.__hash__()"),
        (_IOFile.is_storage.fget, "is_flagged(self._file"),
        (_IOFile.clone_flags, "self._file = AnnotatedString(self._file)"),
        (ExistsDict.__contains__, "path.get_inventory_parent()"),
        (iocontainers.Namedlist.__init__, "setattr(self, name, AttributeGuard(name))"),
        (PrefixLookup.match_iter, "self._common_prefix(k, query)"),
        (IOCache.mtime_inventory, "queue.put_nowait(f)"),
        (jobs.Job.output_mintime.fget, "asyncio.TaskGroup()"),
        (jobs.Job.__init__, "self.temp_output, self.protected_output = set(), set()"),
        (jobs.Job.is_valid, "self.rule.expand_log(self.wildcards_dict)"),
        (dag.DAG.check_directory_outputs, "Path(f).absolute()"),
        (dag.DAG.update_, "self.depending[job_][job].add(file)"),
        (FilePersistence._read_record_cached, "@lru_cache()"),
        (ParamsChange.__or__, "if not self:\n            return other"),
        (jobs.Job.log_info, "shellcmd=self.shellcmd"),
        (rules.Rule.apply_input_function, "wildcards_arg = Wildcards(fromdict=wildcards)"),
        (JobScheduler._finish_jobs, "self._free_resources(job)"),
    ],
)
def test_snakemake_still_does_it_for_every_job_or_file(still: Callable[..., Any], so: str) -> None:
    """If one fails, read what Snakemake does now: the change in snakemake_growth may be needed no longer, or wrong."""
    assert so in inspect.getsource(inspect.unwrap(still))


def _file(path: Any) -> Any:
    pathvars = SimpleNamespace(apply=lambda text: text)
    file = IOFile(path, SimpleNamespace(pathvars=pathvars, workflow=SimpleNamespace(iocache=IOCache(0))))
    made = file.apply_wildcards({"episode": "ep1"})
    made.rule = file.rule
    return made


def test_a_file_is_its_path(light: None) -> None:
    assert _file("a/{episode}") == "a/ep1" and {_file("a/{episode}"): 1}["a/ep1"] == 1
    assert _file("a/{episode}") != _file("b/{episode}") and not _file("a/{episode}").is_storage


def test_flags_are_kept_and_a_file_without_any_takes_none(light: None) -> None:
    assert _file(ancient("a/{episode}")).is_ancient and not _file("a/{episode}").is_ancient
    with pytest.raises(TypeError):
        _file("a/{episode}").flags["temp"] = True


def test_a_file_that_does_not_exist_is_looked_for_once(
    light: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = _file("{episode}")
    assert not asyncio.run(file.exists())
    (tmp_path / "ep1").touch()
    assert not asyncio.run(file.exists())  # as Snakemake: what was found counts until jobs run
    file.rule.workflow.iocache.deactivate()
    assert asyncio.run(file.exists())


def test_lists_have_names_and_guard_index_and_sort(light: None) -> None:
    inside = iocontainers.Namedlist(["a", "b"])
    made = iocontainers.InputFiles(toclone=["a", "b", "c"])
    made._set_name("first", 0)
    made._set_name("rest", 1, end=3)
    copy = made._plainstrings()
    assert (copy.first, copy.rest, list(copy.keys())) == ("a", ["b", "c"], ["first", "rest"])
    assert iocontainers.Wildcards(fromdict={"index": "1", "series": "s"}).index == "1"
    assert made.get("index") is None and list(inside.items()) == [] and not inside.keys()
    with pytest.raises(AttributeError, match="cannot be used"):
        inside.index("a")


def test_equal_wildcards_are_one(light: None) -> None:
    one = rules.Wildcards(fromdict={"series": "s", "episode": "1"})
    assert one is jobs.Wildcards(fromdict={"series": "s", "episode": "1"}) and (one.series, one.episode) == ("s", "1")
    assert one is not rules.Wildcards(fromdict={"series": "s", "episode": "2"})
    assert jobs.Wildcards(toclone=one) == one and list(rules.Wildcards(fromdict={})) == []


def test_rules_are_found_by_prefix_as_before(light: None) -> None:
    lookup = PrefixLookup([("data/", 1), ("data/tag/", 2), ("data/tag/", 3), ("models/", 4), ("", 5), ("data/tags", 6)])
    assert sorted(lookup.match_iter("data/tag/s")) == [("", 5), ("data/", 1), ("data/tag/", 2), ("data/tag/", 3)]
    assert lookup.match("models/a") == {4, 5} and lookup.match("data/tags") == {1, 5, 6} and lookup.match("") == {5}


def test_an_output_in_another_output_is_still_found(light: None) -> None:
    jobs_of = [SimpleNamespace(output=["a/b"], rule="x"), SimpleNamespace(output=["a/bc", "a/d"], rule="y")]
    dag.DAG.check_directory_outputs(SimpleNamespace(jobs=jobs_of))
    ordered = type("Job", (), {"__init__": lambda self, output: setattr(self, "output", output), "rule": "x"})
    with pytest.raises(ChildIOException):
        dag.DAG.check_directory_outputs(SimpleNamespace(jobs=[ordered(["a/b"]), ordered(["a/b/c"])]))


def test_that_nothing_changed_is_said_by_one_object(light: None) -> None:
    store = SimpleNamespace(_params=lambda job: ["b"], record_format_version=lambda file: 6, params=lambda file: ["a"])
    job = SimpleNamespace(output=["x"])
    assert PersistenceBase.params_changed(store, job).only_old == {"a"}
    store.params = lambda file: ["b"]
    assert PersistenceBase.params_changed(store, job) is NO_PARAMS_CHANGE


_SNAKEFILE = """
{patch}
import sys
THRESHOLD = 1
def both(wildcards):
    return ["a/1", "a/2"]
rule all:
    input: "c", "d"
rule a:
    input: ancient("raw")
    output: table="a/{{n}}", side="side/{{n}}"
    log: "logs/{{n}}"
    params: n=lambda wildcards: int(wildcards.n) * THRESHOLD, same="x"
    resources: mem_mb=lambda wildcards, attempt: 10 * attempt
    shell: "echo {{params.n}} {{resources.mem_mb}} > {{output.table}}; echo 1 > {{output.side}}"
rule c:
    input: many=both, code="code"
    output: "c"
    params: names=lambda wildcards, input: len(input.many)
    shell: "cat {{input.many}} {{input.code}} > {{output}}; echo {{params.names}}"
rule d:
    input: "a/1"
    output: "d"
    shell: "cat {{input}} > {{output}}"
"""


_LIGHT = """
from genga.workflow.snakemake_growth import lighten
from genga.workflow.snakemake_patches import keep_dry_runs_short
lighten()
keep_dry_runs_short()
"""


def _said(folder: Path, quiet: str, snakefile: str = _SNAKEFILE) -> list[list[str]]:
    """What dry runs say with Snakemake as it comes and lightened, without times and numbers of jobs, sorted."""
    found = []
    for patch in ("", _LIGHT):
        (folder / "Snakefile").write_text(snakefile.format(patch=patch))
        ran = snakemake(folder, "-n", "--printshellcmds", quiet)
        assert ran.code == 0, ran.text
        lines = (line for line in ran.text.splitlines() if "jobid" not in line and not line.startswith("["))
        found.append(sorted(line for line in lines if "Date" not in line and "Workflow ID" not in line))
    return found


@pytest.mark.slow
def test_dry_runs_say_the_same(tmp_path: Path) -> None:
    """Jobs, reasons, parameters, commands and resources, in each state that a project comes to."""
    for name in ("raw", "code"):
        (tmp_path / name).write_text("1\n")
    new, light = _said(tmp_path, "--quiet=host")
    assert new == light and any("Missing output files" in line for line in new)
    assert snakemake(tmp_path, "--cores", "1").code == 0  # by the lightened one
    states: list[tuple[str, Callable[[], Any]]] = [
        ("Nothing to be done", lambda: (tmp_path / "raw").write_text("2\n")),
        ("Updated input files", lambda: (tmp_path / "code").write_text("2\n")),
        ("Missing output files", lambda: (tmp_path / "d").unlink()),
    ]
    for reason, change in states:
        change()
        came, light = _said(tmp_path, "--quiet=host")
        assert came == light and any(reason in line for line in came), reason
    assert snakemake(tmp_path, "--cores", "1").code == 0
    for other, reason in (
        (_SNAKEFILE.replace("THRESHOLD = 1", "THRESHOLD = 2"), "Params have changed"),
        (_SNAKEFILE.replace('["a/1", "a/2"]', '["a/1"]'), "Set of input files has changed"),
        (_SNAKEFILE.replace("cat {{input}} >", "cat < {{input}} >"), "Code has changed"),
    ):
        came, light = _said(tmp_path, "--quiet=host", other)
        assert came == light and any(reason in line for line in came), reason
    quiet, light = _said(tmp_path, "--quiet=rules", _SNAKEFILE.replace("THRESHOLD = 1", "THRESHOLD = 2"))
    assert quiet == light and any("params have changed" in line for line in quiet)


def test_whoever_only_looks_brings_no_library_that_reads_tables() -> None:
    """They take half a second and 50 MB at each `snakemake -n`."""
    heavy = "{'numpy', 'polars', 'pyarrow', 'PIL', 'cv2', 'torch', 'typer'}"
    code = f"import sys, genga.workflow.opening; assert not {heavy} & sys.modules.keys(), {heavy} & sys.modules.keys()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
