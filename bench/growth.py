"""What the workflow costs before any job runs, as episodes grow in number: `python -m bench.growth`.

Builds a project of so many episodes whose records are Snakemake's own, and beside it `bench/bare.smk`: the same graph,
files, logs and commands without anything of genga. Both are asked in turn for a dry run with nothing to do, and with
everything to do; a figure is the least of the rounds, in s of CPU time of the process. Then a copy without all that
Snakemake knew, without videos and with arbitrary times, as after a clone and a pull, restores the records; its tables
are as large as those of an episode of 24 minutes (of holes: nothing is read from a disk). Prints the tables that
docs/clusters.md quotes. 1,000 episodes take some fifteen minutes.

`python -m bench.growth --against COMMIT --episodes 2000` holds the code here against another commit's instead: CPU time
and peak memory of `snakemake -n` in projects of one and of ten series, up to date and with nothing made yet, in turn.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import typer
import yaml

from bench._children import Cost, cost
from bench.models import table
from genga.stages import EPISODE_STAGES
from genga.store.files import write_json

ROOT = Path(__file__).resolve().parent.parent
COPIED = (
    "Snakefile", "params.yaml", "models.yaml", "recipes", "captions", "rules", "scripts", "genga", "profiles", "envs",
    "pyproject.toml", "demo/weights",
)  # fmt: skip
SHARDS = ("frames", "stills", "crop")  # stages that write a shard beside their table
OF_SERIES = (  # of series s and its run
    "data/overview/s.html", "data/characters/s.parquet", "data/characters/s.html",
    "data/characters/open/s.parquet", "data/dataset/s.parquet", "data/dataset/left-out/s.parquet",
    "models/hana/checkpoints.json", "models/hana/ledger.parquet",
    "models/hana/losses.parquet", "models/hana/held_out.parquet", "data/sample/hana.parquet",
    "data/sample/hana.tar", "data/evaluate/hana.json", "data/evaluate/hana.parquet", "models/hana/hana.safetensors",
    "reports/hana/index.html", "reports/hana/figures.json",
)  # fmt: skip
# Bytes of a table of an episode of 24 minutes: the drawn minute's, 24 times. Shards stay small here: what
# is larger than 64 MB is not read when records are restored.
SIZES = {
    "frames": 2_030_000, "shots": 177_000, "dedup": 203_000, "stills": 304_000, "detect": 310_000, "quality": 209_000,
    "tag": 1_335_000, "crop": 1_058_000, "embed": 9_452_000,
}  # fmt: skip
PULLED = (
    *(Path(name).parts[0] for name in COPIED if name != "demo/weights"),
    "demo",
    "data",
    "models",
    "reports",
    "records.jsonl",
)
LIMIT = 1.5  # of the bare workflow's CPU
RESTORED = 30.0  # s, wall clock

# Snakemake's own way to write records of files that are there; it would wait a tenth of a second for each job.
TOUCH = (
    "import sys, snakemake.cli, snakemake.executors.touch as touch; touch.Executor.SLEEPING_TIME = 0; "
    "snakemake.cli.main(sys.argv[1:])"
)
# What the Snakefile does first: parse everything, hand the records over.
RESTORE = (
    "import sys, time; sys.path.insert(0, '.'); from genga.workflow.session import Journal; "
    "start = time.perf_counter(); odd = Journal('.').read(); assert odd == [], odd; "
    "print(time.perf_counter() - start, time.process_time())"
)


def build(
    folder: Path,
    episodes: int,
    bare: bool = False,
    of: Path = ROOT,
    series: int = 1,
    made: bool = True,
    sizes: Mapping[str, int] = SIZES,
) -> None:
    """Make a project with so many episodes, unless it is there already.

    of: the repository whose code it gets. made: everything is, and nothing of it is stale; else there are only videos.
    sizes: bytes of a table by stage.
    """
    if (folder / "built").is_file():
        return
    shutil.rmtree(folder, ignore_errors=True)
    for name in COPIED:
        source, target = of / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    if bare:
        shutil.copy2(ROOT / "bench/bare.smk", folder / "Snakefile")
    names = [f"s{number}" if number else "s" for number in range(series)]
    params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    params["runs"] = {_run(name): {"series": name, "character": "hana"} for name in names}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    for name in (path for series in names for path in _paths(series, episodes // len(names), made)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}\n", encoding="utf-8")
        if name.endswith(".parquet") and (size := sizes.get(Path(name).parts[1])):
            os.truncate(folder / name, size)  # a hole follows the name
    words = [sys.executable, "-c", TOUCH, "--cores", "1000", "--touch", "--forceall"]
    done = subprocess.run(words if made else ["true"], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{folder}: {done.stderr}")
    write_json(folder / "built", episodes)


def _run(series: str) -> str:
    return f"hana{series.removeprefix('s')}"


def _paths(series: str, episodes: int, made: bool) -> list[str]:
    """The files of a series: those of its episodes, or of them the videos alone, and those of its run."""
    of_series = [path.replace("/s.", f"/{series}.").replace("hana", _run(series)) for path in OF_SERIES]
    of_episodes = [path for number in range(episodes) for path in files(number, series)[: None if made else 1]]
    return of_episodes + (of_series if made else [])


def files(number: int, series: str = "s") -> list[str]:
    """The video of an episode and what its stages write."""
    suffixes = {"probe": (".json",), "review": (".html", ".json"), **dict.fromkeys(SHARDS, (".parquet", ".tar"))}
    made = [(stage, suffix) for stage in EPISODE_STAGES for suffix in suffixes.get(stage, (".parquet",))]
    name = f"{series}/ep{number:04}"
    return [f"data/raw/{name}.mkv", *(f"data/{stage}/{name}{suffix}" for stage, suffix in made)]


def beside(commit: str, episodes: int, folder: Path, rounds: int) -> None:
    """Print what a dry run costs here and with another commit's code: the least of the rounds of each, in turn."""
    there = folder / f"code-{commit}"
    if not (there / "Snakefile").is_file():
        there.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True)
        subprocess.run(["tar", "--extract"], cwd=there, input=archive.stdout, check=True)
    header = ("series", "to do", "CPU, s", f"{commit}, CPU s", "ratio", "MB", f"{commit}, MB", "ratio")
    print(table(header, []), flush=True)
    for series in (1, 10):
        for made in (True, False):
            projects = [folder / f"{name}-{series}-{episodes}-{made}" for name in ("here", commit)]
            for project, of in zip(projects, (ROOT, there), strict=True):
                build(project, episodes, of=of, series=series, made=made, sizes={})
            command = [sys.executable, "-m", "snakemake", "--dry-run"]
            costs = [[cost(command, project) for project in projects] for _ in range(rounds)]
            cpu, memory = ([min(found) for found in zip(*each, strict=True)] for each in _columns(costs))
            said(
                series, "nothing" if made else "everything", f"{cpu[0]:.1f}", f"{cpu[1]:.1f}",
                f"{cpu[0] / cpu[1]:.2f}", f"{memory[0]:.0f}", f"{memory[1]:.0f}", f"{memory[0] / memory[1]:.2f}",
            )  # fmt: skip


def _columns(costs: list[list[Cost]]) -> tuple[list[list[float]], list[list[float]]]:
    """CPU time and memory by round and project."""
    return [[one.cpu for one in row] for row in costs], [[one.memory for one in row] for row in costs]


def least(folders: list[Path], words: list[str], rounds: int) -> list[float]:
    """CPU time of Snakemake in each folder, s: in turn, the least of the rounds."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "--quiet", *words]
    found = [[cost(command, folder).cpu for folder in folders] for _ in range(rounds)]
    return [min(times) for times in zip(*found, strict=True)]


def nothing_to_do(folder: Path) -> str:
    """What a dry run says of it: Snakemake's own words, or that there is something to do."""
    words = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    return "nothing to be done" if "Nothing to be done" in done.stdout + done.stderr else "SOMETHING TO DO"


def pulled(folder: Path, target: Path) -> Path:
    """A copy as after a clone and a pull: nothing that Snakemake knew, no videos, arbitrary times."""
    shutil.rmtree(target, ignore_errors=True)
    words = ["cp", "--recursive", "--sparse=always", *(str(folder / name) for name in PULLED), str(target)]
    target.mkdir(parents=True)
    subprocess.run(words, check=True)
    shutil.rmtree(target / "data/raw")
    for number, path in enumerate(sorted(path for path in (target / "data").rglob("*") if path.is_file())):
        os.utime(path, (1.5e9 + 977 * number % 86400,) * 2)
    return target


def restored(folder: Path) -> tuple[float, float]:
    """How long handing the records to Snakemake takes, s: by the clock, and CPU."""
    words = [sys.executable, "-c", RESTORE]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{folder}: {done.stderr}")
    wall, cpu = map(float, done.stdout.split())
    return wall, cpu


def said(*cells: object) -> None:
    """Print a row of a table at once: the next takes minutes."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def main(
    episodes: list[int] = typer.Option([24, 200, 1000], help="how many; again for each"),
    folder: Path = typer.Option(Path("data/bench/growth"), help="where the projects are built"),
    rounds: int = typer.Option(3, min=1, help="measured in turn, the least counts"),
    against: str = typer.Option("", help="a commit, whose dry runs the code here is held against"),
) -> None:
    """Measure what the workflow costs before any job runs, as episodes grow in number."""
    if against:
        for count in episodes:
            beside(against, count, folder.absolute(), rounds)
        return
    header = ("episodes", "to do", "genga, CPU s", "bare workflow, CPU s", "ratio", "at most")
    print("## A dry run\n\n" + table(header, []), flush=True)
    for count in episodes:
        genga, bare = (folder.absolute() / f"{name}-{count}" for name in ("genga", "bare"))
        build(genga, count)
        build(bare, count, bare=True)
        for what, words in (("nothing", []), ("everything", ["--forceall"])):
            ours, theirs = least([genga, bare], words, rounds)
            said(f"{count:,}", what, f"{ours:.1f}", f"{theirs:.1f}", f"{ours / theirs:.2f}", LIMIT)
    columns = ("episodes", "s", "CPU, s", "at most, s", "afterwards")
    print("\n## Records restored after a pull\n\n" + table(columns, []), flush=True)
    for count in episodes:
        clone = pulled(folder.absolute() / f"genga-{count}", folder.absolute() / f"pulled-{count}")
        wall, cpu = restored(clone)
        said(f"{count:,}", f"{wall:.1f}", f"{cpu:.1f}", RESTORED, nothing_to_do(clone))
        shutil.rmtree(clone)


if __name__ == "__main__":
    typer.run(main)
