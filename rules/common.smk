"""What the rules share: which episodes and runs there are, and what a job depends on besides its tables."""

import json
import os
import shlex
import sys
import time
from functools import cache
from pathlib import Path

# Jobs run the Python that runs Snakemake, activated or not, and the library beside the Snakefile, installed or not.
ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))
os.environ.update(
    PATH=os.pathsep.join([str(Path(sys.executable).parent), os.getenv("PATH") or os.defpath]),
    PYTHONPATH=str(ROOT),
)

from snakemake.io import _IOFile

from genga.models import registry
from genga.workflow.missing_videos import beyond_reach, check_links, links_unnamed, taken_away, videos_on_record
from genga.workflow.bucket import IN_POD, Bucket, check_sent
from genga.video.episodes import episodes_before, episodes_of, find_episodes, in_name_order
from genga.errors import GengaError
from genga.jobs.log_errors import find_failures
from genga.store.files import check_writable, sha256_of
from genga.workflow.session import Journal
from genga.training.launch import read_config
from genga.params.check import check_params, section_class
from genga.params.section import parse_section, section_of_run
from genga.workflow.records import read_records
from genga.workflow.snakemake_metadata import Named

STARTED = time.time()
PROTECTED = _IOFile.protected


async def protected(self):
    """Whether a person write-protected an output. A hard link is read-only because DVC lent it: jobs replace it."""
    return await PROTECTED(self) and os.stat(self).st_nlink == 1


_IOFile.protected = protected


wildcard_constraints:
    series="[^/]+",
    episode="[^/]+",
    run="[^/]+",


# With --default-storage-provider every file that a rule names lies in a bucket, and a job has those and no others.
BUCKET = None
if (STORAGE := workflow.storage_registry.default_storage_provider) is not None:
    BUCKET = Bucket(STORAGE, workflow.storage_settings.default_storage_prefix)
    if workflow.remote_exec:
        os.environ[IN_POD] = "1"
    BUCKET.prepare(in_pod=IN_POD in os.environ)


def papers(*of):
    """Write card and audit of runs: last of all that is done."""
    from genga.audit.written import write_papers  # seconds: not for whoever only looks

    return write_papers(*of)


# Before any job, one line for the person who has to act on it.
try:
    check_params(config)
    if BUCKET is not None and workflow.is_main_process:
        check_sent(ROOT)
    JOURNAL = Journal(ROOT, papers)
    ODD = JOURNAL.read() if workflow.is_main_process else []
    RECORDED = videos_on_record() if BUCKET is None else {}
    UNREACHED = check_links("data/raw", RECORDED.values())
    EPISODES = find_episodes("data/raw") if BUCKET is None else episodes_of(BUCKET.names("data/raw"))
    # A series without any video here was pulled without it: its episodes are those that are on record.
    HERE = {series for series, _ in EPISODES}
    GONE = taken_away(RECORDED, EPISODES)
    EPISODES |= {name: video for name, video in RECORDED.items() if name[0] not in HERE}
    MODELS = registry.load(parse_section("models", section_class("models"), config["models"]))
except GengaError as error:
    print(f"error: {error}", file=sys.stderr)
    raise SystemExit(1)

for path in ODD[:5]:
    print(f"note: {path} is not what records.jsonl says; what depends on its content is made again", file=sys.stderr)
for path in GONE[:5] if workflow.is_main_process else []:
    print(f"note: {path} is on record and not here: its series goes on without it", file=sys.stderr)
for path in links_unnamed("data/raw", "dvc.yaml") if workflow.is_main_process else []:
    print(
        f"note: {path} is a link, behind which DVC does not look: name it in dvc.yaml, deps of stills", file=sys.stderr
    )
for line in UNREACHED if workflow.is_main_process else []:
    print(f"note: {line}", file=sys.stderr)
ORDERED = in_name_order(EPISODES)
SERIES = sorted(ORDERED)
SERIES_OF_RUN = {run: of["series"] for run, of in (config["runs"] or {}).items()}
RUNS = [run for run, series in SERIES_OF_RUN.items() if series in SERIES]
if not EPISODES:
    print("no episodes yet: put videos under data/raw/<series>/", file=sys.stderr)
for run in sorted(SERIES_OF_RUN.keys() - set(RUNS)):
    print(f"run {run} is left out: no video under data/raw/{SERIES_OF_RUN[run]}/", file=sys.stderr)


def tables_of(stage, series):
    """Return the tables of `stage` for every episode of the series, a list of names."""
    return [f"data/{stage}/{name}/{episode}.parquet" for name, episode in EPISODES if name in series]


# A series that no run learns from goes as far as a person can judge it and name its characters.
LEARNED = [series for series in SERIES if series in SERIES_OF_RUN.values()]
BARE = [series for series in SERIES if series not in LEARNED]
PAGES = [f"data/overview/{series}.html" for series in SERIES]
REPORTS = [f"reports/{run}/index.html" for run in RUNS]
WITHOUT_RUN = tables_of("quality", BARE) + [f"data/characters/{series}.parquet" for series in BARE]


def video(wildcards):
    """Return the video file of an episode. Its content counts, not its time: genga.workflow.restore sees to it."""
    name = (wildcards.series, wildcards.episode)
    return ancient(EPISODES.get(name, f"data/raw/{wildcards.series}/{wildcards.episode}.mkv"))


def carried(**files):
    """Return inputs or outputs that a rule has to name only where files lie in a bucket.

    Elsewhere they lie beside those that it names, and a project can be used without them, as after a partial pull.
    """
    return files if BUCKET is not None else {}


def shipped(path):
    """Return a file that git knows as an input; [] where files lie in a bucket: it travels with the code.

    Snakemake would run a job with a `local` input here. That its content changed the parameters say.
    """
    return path if BUCKET is None else []


def code(stage):
    """Return a params function: what a stage's script, its modules and their data files do, as one hash."""
    key = JOURNAL.code(stage)
    value = Named("code", key, key)
    return lambda wildcards: value


def section(name):
    """Return a params function: section `name` as compact JSON, as run {run} has it where a rule is for a run."""

    @cache  # written out once, not for every job
    def of(run):
        return Named(name, section_of_run(config, run, name) if run else config[name])

    return lambda wildcards: of(getattr(wildcards, "run", None))


def one_value(name, key):
    """Return a params function: one value of another stage's section, that a stage has to know."""
    return lambda wildcards: Named(key, config[name][key], config[name][key])


def of_run(key):
    """Return a params function: what the section of run {run} says for `key` (series, character), "" for null."""

    def value(wildcards):
        found = config["runs"][wildcards.run][key]
        return Named(key, found, found or "")

    return value


def launch_of(run):
    """Return the accelerate configuration by which a run's processes are started, and its file; {} and None for one."""
    path = section_of_run(config, run, "train")["launch"]
    try:
        return (read_config(path) if path else {}), path
    except GengaError as error:  # the job itself says so, too
        return {"cannot be read": str(error)}, path


def launched(wildcards):
    """Return the option that starts the run's processes, known by what the configuration says; "" for one process."""
    said, path = launch_of(wildcards.run)
    return Named("launch", said or None, shlex.join(["--launch", path]) if path else "")


def training_threads(wildcards):
    """Return the threads that the run's processes on one machine have together."""
    said, _ = launch_of(wildcards.run)
    each = max(1, said.get("num_processes", 1) // said.get("num_machines", 1))
    return section_of_run(config, wildcards.run, "train")["threads"] * each


def negative(wildcards):
    """What no sample of the run should show: the evaluation leaves it out, too."""
    text = section_of_run(config, wildcards.run, "sample")["negative"]
    return Named("negative", text, text)


def all_sections(wildcards):
    """Return every section of params.yaml as run {run} has it, as JSON in the file's order."""
    found = {name: section_of_run(config, wildcards.run, name) for name in config if name != "runs"}
    return Named("parameters", found, json.dumps(found, ensure_ascii=False, separators=(",", ":")))


def episodes(wildcards):
    """The episodes of the series, or of the run's series: in the command a file that names them.

    A command is one word of the shell's, and such may have 128 KiB: a thousand paths are more.
    """
    series = wildcards.get("series") or SERIES_OF_RUN[wildcards.run]
    names = [episode for name, episode in EPISODES if name == series]
    return Named("episodes", names, JOURNAL.listed(names))


def in_roles(roles):
    """Return the models in these roles; `tagger` is all of tagger-1, tagger-2, ..."""
    return [model for role, model in MODELS.models.items() if {role, role.partition("-")[0]} & set(roles)]


def model_files(*roles):
    """Return the files of the models in these roles; which they are `pins` says, not their time.

    A file that is not there is left out, so that the job itself says which model lacks it and how to get it.
    """
    paths = [path for model in in_roles(roles) for path in model.paths]
    if MODELS.section.use == "published" and BUCKET is not None:
        return [ancient(path) for path in paths if path in weights_in_bucket()]
    return shipped([ancient(path) for path in paths if Path(path).is_file()])


@cache
def weights_in_bucket():
    return set(BUCKET.names(MODELS.section.folder))


def pins(*roles):
    """Return a params function: the sha256 of the models in these roles, to which every job holds them."""
    pinned = {}
    for model in in_roles(roles):
        files = {file.path.as_posix(): file.pinned for file in model.files}
        if model.pinned is not None:
            files[model.path.as_posix()] = model.pinned
        elif not model.is_pinned:  # on no record yet: as the files are
            files |= {path: sha256_of(path) for path in files if Path(path).is_file()}
        pinned |= {path: digest for path, digest in files.items() if digest is not None}
    value = Named("pins", pinned, "")
    return lambda wildcards: value


def decisions(kind, wildcards):
    """Return the file of what people decided about an episode, or a series, as a list; none if there is no such file."""
    path = Path("corrections", wildcards["series"], wildcards.get("episode", ""), f"{kind}.csv")
    return [path.as_posix()] if path.is_file() else []


def digests(paths):
    """Return the sha256 of each file."""
    return {path: sha256_of(path) for path in paths}


def catalogue(wildcards):
    """Return which models.yaml it is, for a rule that has it for an input where there is no bucket."""
    return Named("catalogue", sha256_of("models.yaml"), "")


def corrections(kind):
    """Return an input function: what people decided about an episode, or a series; nothing if there is no such file."""
    return lambda wildcards: shipped([ancient(path) for path in decisions(kind, wildcards)])


def decided(option, kind):
    """Return a params function: the file of corrections behind `option`, if there is one, known by its content."""

    def value(wildcards):
        paths = decisions(kind, wildcards)
        return Named("corrections", digests(paths), each(option, paths))

    return value


def tables(stage):
    """Return an input function: the tables of `stage` for every episode of the series, or of the run's series."""
    return lambda wildcards: tables_of(
        stage, [SERIES_OF_RUN[wildcards.run] if hasattr(wildcards, "run") else wildcards.series]
    )


def shards(*stages):
    """Return an input function: the shards of `stages`, as `tables` does."""
    return lambda wildcards: [
        f"{path.removesuffix('.parquet')}.tar" for stage in stages for path in tables(stage)(wildcards)
    ]


def figures(stage):
    """Return an input function: the figures that `stage` wrote, JSON, for every episode of the series."""
    return lambda wildcards: [f"{path.removesuffix('.parquet')}.json" for path in tables(stage)(wildcards)]


def earlier(stage, kind=".parquet"):
    """Return an input function: the files of `stage` for the episodes before this one that dedup looks back to."""

    def files(wildcards):
        names = episodes_before(ORDERED.get(wildcards.series, []), wildcards.episode, config["dedup"]["back"])
        return [f"data/{stage}/{wildcards.series}/{episode}{kind}" for episode in names]

    return files


def each(option, paths):
    """Return `option` once for each path, quoted for the shell: how a command takes many files."""
    return shlex.join(word for path in paths for word in (option, path))


def of_series(pattern):
    """Return an input function: `pattern` with {series} replaced by the run's series."""
    return lambda wildcards: pattern.replace("{series}", SERIES_OF_RUN[wildcards.run])


# A machine that must have a GPU is asked for where models.device says so; `auto` takes what it finds.
GPUS = 1 if config["models"]["device"] == "cuda" else None


def grows(amount, each=0):
    """Return a resources function: `amount` (MB, or minutes), `each` more for an episode of the series, twice that
    when the job failed for want of it and is tried again (`retries` in a profile). docs/clusters.md says how measured.
    """

    def value(wildcards, attempt):
        series = wildcards.get("series") or SERIES_OF_RUN.get(wildcards.get("run"))
        return (amount + each * len(ORDERED.get(series, []))) * 2 ** (attempt - 1)

    return value


def start():
    """Hold the folder: of two runs at once the second says so and ends. So does one whose outputs cannot be written."""
    try:
        JOURNAL.start()
        check_writable({Path(path).parent for job in workflow.dag.needrun_jobs() for path in job.output})
    except GengaError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1)


def end(well):
    """Write down what was made. After a run that did not end well say again what each failed job said, and its log."""
    try:
        if BUCKET is not None and not well:
            BUCKET.fetch("logs", STARTED)
    except GengaError as error:
        print(f"error: {error}", file=sys.stderr)
    for log, line in find_failures("logs", STARTED) if not well else []:
        print(f"{line} (log: {log})", file=sys.stderr)
    try:
        check_writable(["."])  # a full disk may be why a log has nothing to say
        made = JOURNAL.finish()
        if BUCKET is not None:
            models = {model.path.as_posix(): model.paths for model in MODELS.models.values() if model.entry.folder}
            JOURNAL.expect(BUCKET.places, models)
        if well:
            JOURNAL.write_code()
            JOURNAL.describe(made)
        else:
            JOURNAL.stop()
    except GengaError as error:  # the next run writes it down
        print(f"error: {error}", file=sys.stderr)


CODE_OF = cache(JOURNAL.code)


def as_now(job):
    """Return what the job of a record would have for parameters now: its sections, its code, what people decided."""
    kind = {"dedup": "frames", "tag": "tags", "crop": "tags", "characters": "characters"}.get(job.rule)
    found = {name: config[name] for name in job.params if name in config}
    return found | {"code": CODE_OF(job.rule), "corrections": digests(decisions(kind, job.wildcards))}


def tell_beyond_reach():
    """Say what is no longer as it would be made, where Snakemake cannot say it: videos or tables are not here."""
    away = {series for series, _ in EPISODES} - HERE
    for path, names in beyond_reach(read_records(), away, as_now)[:5] if away else []:
        why = f"made with other {', '.join(names)} than now, and cannot be made again of what is here"
        print(f"note: {path} was {why}: pull more, or take the change back", file=sys.stderr)


if workflow.is_main_process:
    tell_beyond_reach()
