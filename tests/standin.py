"""The project with stand-in scripts that hash what they read: every rule runs in no time, and what reruns is the same.

A stand-in names the modules that the real script imports, so a change of a module concerns the same stages.
"""

import gc
import hashlib
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import yaml
from conftest import ROOT, copy_project

from genga.decisions.placing import OF_DEDUP, OF_DETECT, OF_STILLS
from genga.stages import EPISODE_STAGES, LINE, STAGES
from genga.store.parquet import write_table
from genga.tables.places import path_of

SERIES, RUN, MERGE = "花 s", "hana", "mix 2"
MERGED = {"method": "bake_lora", "a": {"base": "base"}, "b": {"run": RUN}, "alpha": 0.5}
EPISODES = ("ep 1", "第2話")

_SCRIPT = '''"""Stand-in for {stage}."""
import hashlib, json, sys
from pathlib import Path

def imports():
    {imports}

def write(path, text):
    """As the real ones do: beside it, then under its name. What was given for it is what is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside, given = path.with_name("." + path.name + ".tmp"), Path("given", path)
    beside.write_bytes(given.read_bytes() if given.is_file() else text.encode())
    beside.replace(path)

words = sys.argv[1:]
options = {{}}
while words:
    name, _, value = words.pop(0).partition("=")
    options.setdefault(name, []).append(value if _ else words.pop(0))
digest = hashlib.sha256(b"{stage}")
for name in sorted(options):
    for value in options[name]:
        if name == "--decided":  # a list of files
            for path in json.loads(Path(value).read_text()):
                digest.update(Path(path).read_bytes())
        elif name.startswith("--in-") and name != "--in-data" or name == "--corrections":
            of_episodes = sorted(Path(value).glob("*.[pj]*"))  # where it is the folder of a series
            for path in of_episodes or [Path(value)]:
                digest.update(path.read_bytes())
        elif not name.startswith("--out") and name not in ("--threads", "--models"):
            digest.update(value.encode())
series = "" if "{stage}" == "report" else Path(options.get("--out", ["x"])[0]).stem  # a run's are series/episode
for folder, kind in {folders}:  # of all the episodes of the series
    for episode in json.loads(Path(options["--episodes"][0]).read_text()):
        digest.update(Path("data", folder, series, f"{{episode}}.{{kind}}").read_bytes())
made = [Path(value) for name in options if name.startswith("--out") for value in options[name]]
if "{stage}" == "train":
    made = [made[0] / name for name in ("checkpoints.json", *(f"{{one}}.parquet" for one in
            ("ledger", "losses", "held_out", "left_out")))]
    write(made[0].parent / "checkpoints" / "a.safetensors", digest.hexdigest())
for path in made:
    said = {{"sha256": digest.hexdigest(), "of": path.name}}
    if path.name == "checkpoints.json":
        said["checkpoints"] = [
            {{"step": 1, "epoch": 1, "file": f"{{path.parent}}/checkpoints/a.safetensors", "sha256": "0" * 64}}
        ]
        plain = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        said["seal"] = hashlib.sha256(plain.encode()).hexdigest()
    write(path, json.dumps(said))
print("{stage}: done")
'''


class Ran:
    """What a run of Snakemake came to."""

    def __init__(self, code: int, text: str) -> None:
        self.code, self.text = code, text
        self.errors = [line for line in text.splitlines() if line.startswith("error: ")]
        self.nothing = "Nothing to be done" in text

    @property
    def jobs(self) -> dict[str, int]:
        """The jobs to run by rule, as the dry run's table lists them."""
        table = re.search(r"^job +count\n-+ +-+\n(.*?)^total", self.text, re.MULTILINE | re.DOTALL)
        rows = [line.split() for line in table[1].splitlines()] if table else []
        return {rule: int(count) for rule, count in rows if rule in STAGES}


def make_standin(folder: Path) -> Path:
    """Put the project with stand-in scripts, a series of two episodes, a run and a merge of it into `folder`."""
    (folder / "corrections").mkdir(parents=True)
    copy_project(folder)
    for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
        shutil.copy2(ROOT / name, folder / name)
    shutil.copytree(ROOT / ".dvc", folder / ".dvc", ignore=shutil.ignore_patterns("tmp", "cache"))
    for declared in LINE:
        stage = declared.name
        of_episodes = [(name, "parquet") for name in declared.reads if name in EPISODE_STAGES]
        folders = (
            {"overview": [("review", "json")]}.get(stage, of_episodes)
            if declared.level == "series" or stage == "report"
            else []
        )
        script = folder / f"scripts/{stage}.py"
        found = re.findall(r"^(?:from|import) genga[^\n(]*(?:\([^)]*\))?", script.read_text(encoding="utf-8"), re.M)
        script.write_text(_SCRIPT.format(stage=stage, folders=folders, imports="\n    ".join(found)), encoding="utf-8")
    change_params(folder, "runs", **{RUN: {"series": SERIES, "character": "hana"}}, akari=None, moves=None)
    change_params(folder, "merges", **{MERGE: MERGED})
    for episode in EPISODES:
        put(folder / video(episode), f"video of {episode}")
    return folder


def give_tables(project: Path, episode: str) -> None:
    """Have the stand-ins make real tables of an episode: one frame, 200 x 100 px, whose still shows one person."""
    rows = {
        "dedup": (OF_DEDUP, (0, 0, 0, "kept", None, None, None, None)),
        "stills": (OF_STILLS, (0, 0, 200, 100, 0, 0, 200, 100)),
        "detect": (OF_DETECT, (f"{SERIES}/{episode}/000000", 0, "person", 0, 0, 40, 100)),
    }
    for stage, (schema, row) in rows.items():
        table = pl.DataFrame([row], schema=dict(schema), orient="row")
        write_table(project / "given" / path_of(stage, f"{SERIES}/{episode}"), table, schema)


def make_finished(folder: Path, prepare: Callable[[Path], object] = lambda project: None) -> Path:
    """Put the project into `folder`, prepare it, and let the whole line go through it, from videos to report."""
    project = make_standin(folder)
    prepare(project)
    ran = snakemake(project)
    assert ran.code == 0, ran.text
    return project


@contextmanager
def copy_of(finished: Path, folder: Path) -> Iterator[Path]:
    """Yield a copy for one test; its times are those of copying, not of the files."""
    shutil.copytree(finished, folder, copy_function=shutil.copyfile)
    yield folder
    shutil.rmtree(folder)


def video(episode: str) -> str:
    return f"data/raw/{SERIES}/{episode}.mkv"


def put(path: Path, text: str, old: bool = False) -> Path:
    """Write a file, and return its path; with a time far in the past if it is to look `old`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if old:
        os.utime(path, (1e9, 1e9))
    return path


def change_params(project: Path, section: str, **values: object) -> None:
    """Set keys of a section in the project's params.yaml; None takes a key away."""
    path = project / "params.yaml"
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    gone = {key for key, value in values.items() if value is None}
    params[section] = {key: value for key, value in {**params[section], **values}.items() if key not in gone}
    path.write_text(yaml.safe_dump(params, sort_keys=False, allow_unicode=True), encoding="utf-8")


def shuffle_times(project: Path) -> None:
    """Give every file another time, outputs before what they were made of: as a clone and a pull may leave them."""
    files = sorted(path for path in project.rglob("*") if path.is_file() and ".snakemake" not in path.parts)
    for number, path in enumerate(reversed(files)):
        os.utime(path, (1.5e9 + 977 * number % 86400, 1.5e9 + 977 * number % 86400))


def command(folder: Path, *words: object, status: int = 0) -> str:
    """Run git or DVC in a folder, with the commands of this environment; return all it said. status: it ends with."""
    environment = {
        **os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder.parent),
        "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "n",
        "GIT_CONFIG_KEY_1": "user.email", "GIT_CONFIG_VALUE_1": "e",
    }  # fmt: skip
    said = [sys.executable, "-m", *words] if words[0] == "dvc" else words
    done = subprocess.run(
        [str(word) for word in said], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    text = done.stdout + done.stderr
    assert done.returncode == status, f"{said}: {text}"
    return text


def commit_all(project: Path) -> None:
    """Make a project that the whole line has gone through a repository of git and DVC, with a commit of all."""
    assert snakemake(project).code == 0
    command(project, "git", "init", "-q")
    command(project, "dvc", "commit", "--force", "-q")
    command(project, "git", "add", "-A")
    command(project, "git", "commit", "-qm", "first")


def digests(project: Path) -> dict[str, str]:
    """The sha256 of everything that jobs made, by its path: card and audit speak of commits, too, which come later."""
    files = (path for folder in ("data", "models", "reports") for path in (project / folder).rglob("*"))
    return {
        path.relative_to(project).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file() and "raw" not in path.parts and path.name not in ("README.md", "audit.html")
    }


def snakemake(project: Path, *arguments: str) -> Ran:
    """Run Snakemake in `project`: in a fork of this process, which spares it importing Snakemake anew."""
    import snakemake.cli  # noqa: F401  # in this process, so that no fork has to

    log = project.parent / f"{project.name}.{time.monotonic_ns()}.log"
    child = multiprocessing.get_context("fork").Process(target=_run, args=(project, log, arguments))
    child.start()
    child.join()
    text = log.read_text(encoding="utf-8")
    log.unlink()
    return Ran(child.exitcode or 0, text)


def _run(project: Path, log: Path, arguments: tuple[str, ...]) -> None:
    """What the fork does: all that is said goes to `log`."""
    import snakemake.cli

    gc.freeze()  # what other tests left, as sessions of models with threads that no fork has, is not ours to take apart
    os.chdir(project)
    with open(log, "w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # the fork's own, to its end
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
    sys.argv = ["snakemake", "--cores", "2", *arguments]
    snakemake.cli.main(sys.argv[1:])
