"""What the rules share: which episodes and runs there are, and what a job depends on besides its tables."""

import json
import os
import shlex
import sys
import time
from pathlib import Path

# Jobs run the Python that runs Snakemake, activated or not, and the library beside the Snakefile, installed or not.
ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))
os.environ.update(
    PATH=os.pathsep.join([str(Path(sys.executable).parent), os.getenv("PATH") or os.defpath]),
    PYTHONPATH=str(ROOT),
)

from genga import registry
from genga.code import code_files
from genga.episodes import episodes_before, find_episodes
from genga.errors import GengaError
from genga.failures import find_failures
from genga.params.load import check_params, parse_section, section_class, section_of_run

STARTED = time.time()


wildcard_constraints:
    series="[^/]+",
    episode="[^/]+",
    run="[^/]+",


# Before any job, one line for the person who has to act on it.
try:
    check_params(config)
    EPISODES = find_episodes("data/raw")
    MODELS = registry.load(parse_section("models", section_class("models"), config["models"]))
except GengaError as error:
    print(f"error: {error}", file=sys.stderr)
    raise SystemExit(1)

SERIES = sorted({series for series, _ in EPISODES})
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
REPORTS = [f"reports/{run}/index.html" for run in RUNS]
WITHOUT_RUN = tables_of("quality", BARE) + [f"data/characters/{series}.parquet" for series in BARE]


def video(wildcards):
    """Return the video file of an episode."""
    name = (wildcards.series, wildcards.episode)
    return EPISODES.get(name, f"data/raw/{wildcards.series}/{wildcards.episode}.mkv")


def code(stage):
    """Return the script of a stage, every genga module it imports, and the data files they name."""
    return code_files(f"scripts/{stage}.py", ROOT)


def section(name):
    """Return a params function: section `name` as compact JSON, as run {run} has it where a rule is for a run."""

    def values(wildcards):
        run = getattr(wildcards, "run", None)
        found = section_of_run(config, run, name) if run else config[name]
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    return values


def of_run(key):
    """Return a params function: what the section of run {run} says for `key` (series, character), "" for null."""
    return lambda wildcards: config["runs"][wildcards.run][key] or ""


def all_sections(wildcards):
    """Return every section of params.yaml as run {run} has it, as JSON in the file's order."""
    found = {name: section_of_run(config, wildcards.run, name) for name in config if name != "runs"}
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def episodes_of_run(wildcards):
    """Return the names of the episodes that the run's series has, as a JSON list."""
    series = SERIES_OF_RUN[wildcards.run]
    return json.dumps([episode for name, episode in EPISODES if name == series], ensure_ascii=False)


def model_files(*roles):
    """Return the files of the models in these roles; `tagger` is all of tagger-1, tagger-2, ...

    A file that is not there is left out, so that the job itself says which model lacks it and how to get it.
    """
    found = [model for role, model in MODELS.models.items() if {role, role.partition("-")[0]} & set(roles)]
    return [path for model in found for path in model.paths if Path(path).is_file()]


def corrections(kind):
    """Return an input function: what people decided about an episode, or a series; nothing if there is no such file."""

    def files(wildcards):
        path = Path("corrections", wildcards.series, getattr(wildcards, "episode", ""), f"{kind}.csv")
        return [path.as_posix()] if path.is_file() else []

    return files


def tables(stage):
    """Return an input function: the tables of `stage` for every episode of the series, or of the run's series."""
    return lambda wildcards: tables_of(
        stage, [SERIES_OF_RUN[wildcards.run] if hasattr(wildcards, "run") else wildcards.series]
    )


def earlier(stage):
    """Return an input function: the tables of `stage` for the episodes before this one that dedup looks back to."""

    def files(wildcards):
        names = episodes_before(EPISODES, wildcards.series, wildcards.episode, config["dedup"]["back"])
        return [f"data/{stage}/{wildcards.series}/{episode}.parquet" for episode in names]

    return files


def each(option, paths):
    """Return `option` once for each path, quoted for the shell: how a command takes many files."""
    return shlex.join(word for path in paths for word in (option, path))


def of_series(pattern):
    """Return an input function: `pattern` with {series} replaced by the run's series."""
    return lambda wildcards: pattern.replace("{series}", SERIES_OF_RUN[wildcards.run])


def tell_failures():
    """Say again, at the end, what each failed job said, and where its log is."""
    for log, line in find_failures("logs", STARTED):
        print(f"{line} (log: {log})", file=sys.stderr)
