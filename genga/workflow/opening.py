"""Open the project when the Snakefile is read: all that has an effect before any job is here; rules/ only ask.

params.yaml is checked, the videos are found, the records are handed to Snakemake, and a person is told what is odd.
"""

import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from genga.dataset.styles import read_style
from genga.decisions.csv import of_stage
from genga.decisions.folder import misplaced, tables, without_episode
from genga.errors import GengaError
from genga.models import registry
from genga.params.check import check_params
from genga.params.dataset import Params as Dataset
from genga.params.models import Params as Models
from genga.params.notation import plain
from genga.params.section import parse_section, read_params
from genga.stages import ASKED_STAGES
from genga.tables.places import RAW, path_of
from genga.video.episodes import episodes_of, find_episodes, in_name_order
from genga.workflow.bucket import Bucket, check_sent
from genga.workflow.decided import Decided, look
from genga.workflow.dvc_lock import PHASE, finished, tell
from genga.workflow.families import check_families
from genga.workflow.forgotten import asked_of, made_of, note_of, unreachable
from genga.workflow.missing_videos import (
    beyond_reach,
    check_links,
    links_unnamed,
    put_aside,
    taken_away,
    videos_on_record,
    with_recorded,
)
from genga.workflow.packs import in_packs
from genga.workflow.project import Params, Project
from genga.workflow.records import Record, read_records
from genga.workflow.session import Journal, Papers, between_runs, ended
from genga.workflow.snakemake_growth import lighten
from genga.workflow.snakemake_patches import (
    after_nothing,
    keep_dry_runs_short,
    keep_outputs_until_replaced,
    let_lent_files_be_replaced,
    make_again,
    mend_s3_objects,
)
from genga.workflow.unreadable import leave_out

IN_POD = "GENGA_IN_POD"  # set in a pod, for the processes that it starts
_MOST = 5  # lines said of one kind


def opened(workflow: Any, said: Params, papers: Papers) -> Project:
    """Return the project of Snakemake's `workflow` in this folder; ends the process in one line where something has to
    be put right first.

    said: what its --config and --configfile say, which goes over params.yaml. papers: writes card and audit of runs.
    """
    root = Path(workflow.basedir)
    try:
        params = over(read_params("params.yaml"), said)
    except GengaError as error:
        ended(error)
    use_this_python(root)
    let_lent_files_be_replaced()
    journal, bucket = Journal(root, papers), bucket_of(workflow)
    if bucket is None:
        lighten()
        keep_dry_runs_short()
        keep_outputs_until_replaced()
    project = open_project(root, params, journal, bucket, workflow.is_main_process)
    if bucket is None:
        make_again(journal.lost.again, journal.lost.beside)
        if PHASE not in os.environ:
            after_nothing(workflow, partial(tell_finished, project))
    return project


def tell_finished(project: Project, planned: Collection[str]) -> None:
    """Have DVC know which phases are finished where nothing was to be done: what they read may be something else.

    planned: see Project.end.
    """
    with between_runs(Path()) as at_work:
        pass
    try:
        if not at_work:
            project.journal.write_code()
            tell(finished(project.phases, planned, project.here >= set(project.series)))
    except GengaError as error:
        ended(error)


def over(params: Params, said: Params) -> dict[str, Any]:
    """Return params.yaml with what Snakemake was told beside it, of whose --config it makes text, whatever it says."""
    found = dict(params)
    for name, value in said.items():
        if isinstance(value, Mapping):
            found[name] = over(found[name] if isinstance(found.get(name), Mapping) else {}, value)
        else:
            found[name] = plain(value) if isinstance(value, str) else value
    return found


def use_this_python(root: Path) -> None:
    """Have jobs run the Python that runs Snakemake, activated or not, and the library in `root`, installed or not.

    They keep the bytecode of what they load, also in a container that says otherwise: else each compiles all of it, two
    thirds of what a job takes to start. OpenBLAS's threads sleep when they have nothing to do: else each waits with the
    processor busy for 2^26 of its ticks from when NumPy is loaded, and again after every product that it had a part in.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.getenv("PATH") or os.defpath])
    os.environ.update(PATH=path, PYTHONPATH=str(root))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # 2^4 ticks, the fewest
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to ask all packages for some takes 6 ms


def bucket_of(workflow: Any) -> Bucket | None:
    """Return the bucket in which every file that a rule names lies (--default-storage-provider); None if they lie here.

    A job elsewhere has the files that its rule names, and no others.
    """
    if (provider := workflow.storage_registry.default_storage_provider) is None:
        return None
    if workflow.remote_exec:
        os.environ[IN_POD] = "1"
    bucket = Bucket(provider, workflow.storage_settings.default_storage_prefix)
    mend_s3_objects(provider, bucket.kept_in, in_pod=IN_POD in os.environ)
    return bucket


def open_project(
    root: Path, params: Params, journal: Journal, bucket: Bucket | None = None, is_main: bool = True
) -> Project:
    """Return the project in this folder; see `opened`.

    is_main: not a job of a run on another machine, which says nothing and leaves the records alone.
    """
    try:
        params = check_params(dict(params))
        if bucket is not None and is_main:
            check_sent(root)
        odd = journal.read() if is_main else []
        recorded = videos_on_record() if bucket is None else {}
        unnamable, told, aside = list[str](), list[str](), dict[str, str]()
        unreached = check_links(RAW, recorded.values(), aside)
        lying = bucket.names(RAW.rstrip("/")) if bucket is not None else []
        lies = find_episodes(RAW, unnamable, aside) if bucket is None else episodes_of(RAW, lying, unnamable, aside)
        unreached += put_aside(aside, (series for series, _ in lies))
        videos = {name: video for name, video in lies.items() if name[0] not in aside}
        gone = taken_away(recorded, videos)
        videos = leave_out(videos, journal, params, told) if bucket is None else videos
        here = frozenset(series for series, _ in videos)
        clips = with_recorded(videos, recorded)
        packs, videos = in_packs(clips, params["series"], told)
        models = registry.load(parse_section("models", Models, params["models"]))
        check_families(params, models, {series for series, _ in videos})
        check_captions(params)
        decided = tables()
        if is_main and (wrong := misplaced(decided.values())):
            raise GengaError("; ".join(wrong[:_MOST]))
    except GengaError as error:
        ended(error)
    people = Decided(decided, packs=packs)
    project = Project(root, params, journal, models, videos, here, bucket, packs=packs, people=people)
    absent = {series: beyond(project, series) for series in project.series if series not in here} if recorded else {}
    if any(absent.values()):
        project = replace(project, beyond=frozenset(path for gone in absent.values() for path in gone))
    if bucket is None:
        project.people = look(decided, project.ordered, packs)
    changed = "is not what records.jsonl says; what depends on its content is made again"
    notes = [f"{path} {changed}" for path in odd[:_MOST]]
    notes += [note_of(series, gone) for series, gone in absent.items() if series not in aside][:_MOST]
    notes += [f"{path} is on record and not here: its series goes on without it" for path in gone[:_MOST]]
    away = [(path, lacks) for path, (job, lacks) in journal.lost.away.items() if project.has(job.wildcards)]
    notes += [
        f"{path} was here and is gone, and {lacks}, of which it is made, is not here: `dvc pull {path}` brings it back"
        for path, lacks in away[:_MOST]
    ]
    behind = "is a link, behind which DVC does not look: name it in dvc.yaml, deps of stills"
    notes += [f"{path} {behind}" for path in links_unnamed(RAW, "dvc.yaml")]
    notes += [*told, *unreached, *unnamable, *unheard(project), *_beyond_reach(project)]
    print(*[f"note: {note}\n" for note in notes if is_main], sep="", end="", file=sys.stderr)
    for unread in without_episode(decided.values(), in_name_order([*clips, *lies, *recorded])) if is_main else []:
        print(f"warning: {unread}", file=sys.stderr)
    if not videos:
        print(f"no episodes yet: put videos under {RAW}<series>/", file=sys.stderr)
    for run in sorted(project.series_of_run.keys() - set(project.runs)):
        lacking = next(series for series in project.series_of_run[run] if series not in project.ordered)
        print(f"run {run} is left out: no video under {RAW}{lacking}/", file=sys.stderr)
    for merge in sorted(project.params["merges"].keys() - set(project.merges.names)):
        without = ", ".join(sorted(project.merges.lacking(merge)))
        print(f"merge {merge} is left out: it is made of {without}, and there is no video for that", file=sys.stderr)
    # DVC's phases of merges and clips look there, whether or not a run was judged, or learns from clips.
    for stage in (*ASKED_STAGES, *(["evaluate"] if project.params["merges"] else [])) if bucket is None else ():
        Path(path_of(stage)).mkdir(parents=True, exist_ok=True)
    return project


def beyond(project: Project, series: str) -> list[str]:
    """Return what is asked for of a series without videos, and can neither be had nor made."""
    return unreachable(asked_of(project, series), made_of(project, series), read_records())


def check_captions(params: Params) -> None:
    """Raise GengaError where captions cannot be written as section dataset says."""
    read_style(Path("."), parse_section("dataset", Dataset, params["dataset"]))


def unheard(project: Project) -> list[str]:
    """Return a note for each word of captions that is for a series that is not there."""
    words = project.params["dataset"]["caption_words"]
    return [
        f"params.yaml:dataset.caption_words.{part}.{series}: there is no series of that name"
        for part in ("series", "artist", "year")
        for series in sorted(words[part].keys() - project.ordered.keys())
    ]


def _beyond_reach(project: Project) -> list[str]:
    """What is no longer as it would be made, where Snakemake cannot say it: videos or tables are not here."""
    away = {series for series, _ in project.episodes} - project.here
    found = beyond_reach(read_records(), away, partial(as_now, project))[:_MOST] if away else []
    why = "and cannot be made again of what is here: pull more, or take the change back"
    return [f"{path} was made with other {', '.join(names)} than now, {why}" for path, names in found]


def as_now(project: Project, job: Record) -> dict[str, Any]:
    """What the job of a record would have for parameters now: sections, code, what people decided."""
    known = {name: project.params[name] for name in job.params if name in project.params}
    known["corrections"] = project.corrections(of_stage(job.rule), job.wildcards)[0]
    return known | {"code": project.code(job.rule, job.wildcards.get("run"))}
