"""Functions that the rules share: inputs, parameters and resources of a job, by what there is (genga.workflow.project)."""

import json
import shlex
from functools import cache
from pathlib import Path

from genga.workflow.cores import decoding_threads
from genga.workflow.snakemake_metadata import Named, each


wildcard_constraints:
    series="[^/]+",
    episode="[^/]+",
    run=PROJECT.pattern("runs"),  # models/<name>/<name>.safetensors is of a run or of a merge
    merge=PROJECT.pattern("merges"),


def carried(**files):
    """Return inputs or outputs that a rule has to name only where files lie in a bucket.

    Elsewhere they lie beside those that it names, and a project can be used without them, as after a partial pull.
    """
    return files if PROJECT.bucket is not None else {}


def shipped(path):
    """Return a file that git knows as an input; [] where files lie in a bucket: it travels with the code.

    Snakemake would run a job with a `local` input here. That its content changed the parameters say.
    """
    return path if PROJECT.bucket is None else []


def tables(stage, kind="parquet"):
    """Return an input function: what `stage` made of every episode of the series, or of the run's series."""
    return lambda wildcards: PROJECT.made(stage, PROJECT.series_for(wildcards), kind)


def shards(*stages):
    """Return an input function: the shards of `stages`, as `tables` does."""
    return lambda wildcards: [path for stage in stages for path in tables(stage, "tar")(wildcards)]


def earlier(stage, kind="parquet"):
    """Return an input function: the files of `stage` for the episodes before this one that dedup looks back to."""
    return lambda wildcards: PROJECT.earlier(stage, wildcards.series, wildcards.episode, kind)


def of_series(pattern):
    """Return an input function: `pattern` for each of the run's series, which stands for {series}."""
    return lambda wildcards: [pattern.replace("{series}", one) for one in PROJECT.series_for(wildcards)]


def model_files(*roles):
    """Return the files of the models in these roles; which they are `pins` says, not their time."""
    files = [ancient(path) for path in PROJECT.held.files(roles)]
    return shipped(files) if PROJECT.models.section.use == "embedded" else files


def corrections(*kinds):
    """Return an input function: what people decided about an episode, or a series; nothing if there is no such file."""
    return lambda wildcards: shipped([ancient(path) for kind in kinds for path in PROJECT.decided(kind, wildcards)])


def decided(option, *kinds):
    """Return a params function: the files of corrections behind `option`, if there are any, known by their content."""
    return lambda wildcards: Named("corrections", (of := PROJECT.corrections(kinds, wildcards))[0], each(option, of[1]))


def code(stage):
    """Return a params function: what a stage's script, its modules and their data files do, as one hash."""
    of = cache(lambda run: Named("code", key := PROJECT.code(stage, run), key))
    return lambda wildcards: of(wildcards.get("run"))


def section(name, counts=True):
    """Return a params function: section `name` as compact JSON, as run {run} has it; `merge` is the entry of {merge}.

    counts: else the job is held to nothing of it, and "" stands in the command.
    """

    @cache  # written out once, not for every job
    def of(which):
        return Named(name, PROJECT.section(name, which)) if counts else Named(f"no {name}", None, "")

    return lambda wildcards: of(wildcards.get("run") or wildcards.get("merge"))


def all_sections(wildcards):
    """Every section of params.yaml as run {run} has it, as JSON in the file's order."""
    values = PROJECT.sections(wildcards.run)
    return Named("parameters", values, json.dumps(values, ensure_ascii=False, separators=(",", ":")))


def one_value(name, key):
    """Return a params function: one value of another stage's section, that a stage has to know, as the run has it."""
    return lambda wildcards: Named(key, said := PROJECT.section(name, wildcards.get("run"))[key], said)


def of_run(key):
    """Return a params function: what the section of run {run} says for `key` (series, character), "" for null."""
    values = {run: Named(key, of[key], of[key] or "") for run, of in (PROJECT.params["runs"] or {}).items()}
    return lambda wildcards: values[wildcards.run]


def launched(wildcards):
    """The option that starts the run's processes, known by what the configuration says; "" for one process."""
    said, path = PROJECT.launch(wildcards.run)
    return Named("launch", said or None, shlex.join(["--launch", path]) if path else "")


def episodes(wildcards):
    """The episodes of the series; of a run's as series/episode. In the command a file names them: a command is one word
    of the shell's, and such may have 128 KiB, where a thousand paths are more."""
    of_run = [f"{one}/{name}" for one in PROJECT.series_for(wildcards) for name in PROJECT.names_of(one)]
    names = of_run if wildcards.get("run") else PROJECT.names_of(wildcards.series)
    return Named("episodes", names, PROJECT.journal.listed(names))


def held_to(what, *roles):
    """Return a params function: the `pins` or `contracts` to which a job is held of models: these, or the run's base."""
    of = cache(lambda *roles: Named(what, getattr(PROJECT.held, what)(roles), ""))
    return lambda wildcards: of(*(roles or [PROJECT.base(wildcards.run)]))


def catalogue(wildcards):
    """What models.yaml says of every model in use."""
    return Named("catalogue", PROJECT.held.catalogue, "")


# A machine that must have a GPU is asked for where models.device says so; `auto` takes what it finds.
GPUS = 1 if PROJECT.section("models")["device"] == "cuda" else None


def decoding(stage):
    """Return the threads of a job of `stage`, which decodes a video (genga.workflow.cores)."""
    return decoding_threads(workflow, PROJECT.made(stage, PROJECT.series))


def grows(amount, each=0):
    """Return a resources function: `amount` (MB, or minutes), `each` more for an episode of the series, twice that
    when the job failed for want of it and is tried again (`retries` in a profile). docs/clusters.md says how measured.
    """

    def value(wildcards, attempt):
        series = PROJECT.series_for(wildcards) if {"series", "run"} & set(wildcards.keys()) else ()
        return (amount + each * sum(len(PROJECT.ordered.get(one, ())) for one in series)) * 2 ** (attempt - 1)

    return value
