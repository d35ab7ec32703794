"""Is a workflow that is killed finished by one command, to the same bytes: `python -m bench.kills [--moments 50]`.

The drawn series goes through the whole workflow once undisturbed, and then again and again while SIGKILL hits a job,
Snakemake, or everything, at moments drawn from `--seed`: in every stage, while the Snakefile is read, between a job's
end and its record, while a checkpoint or records.jsonl is written. After each kill the same command is given again.
After each kill no file that a job makes may stand under its name unless it is what the undisturbed run made, and at the
end of each pass every file must be there and equal. Prints a line a kill as it happens, and at the end a table of all.

`--retrain 20` adds kills of a finished project while a run is trained anew with another seed, by SIGKILL, SIGTERM,
SIGHUP and SIGINT in turn: then the change is taken back; every file must be there and equal, and nothing to be done.
"""

import hashlib
import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import typer

from bench.models import table
from genga.stages import STAGES
from genga.workflow.snakemake_metadata import Store

ROOT = Path(__file__).resolve().parent.parent
MADE = ("data", "models", "reports")  # where outputs are
SINGLE = ("start", "record", "checkpoint", "finish")  # moments that no stage stands for
WHO = ("job", "snakemake", "everything")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)  # while a run is trained anew
_SAYS = re.compile(r"records\.jsonl|models/[^/]+/README\.md|reports/[^/]+/audit\.html")
_BEFORE_THE_END = 0.6  # of training's time as it was measured: a kill after its end is none of training
_GOING_ON = re.compile(r"models/[^/]+/(\.state|unfinished)/")  # of training that lasts
_LOOK = 0.02  # s between looks at what runs; at moments that are over soon a tenth of it


@dataclass
class Moment:
    """A kill to be, and what came of it."""

    where: str  # a stage, or one of SINGLE
    who: str
    part: float  # of the time that this takes undisturbed, 0..1
    pass_: int
    running: str = "nothing"  # the jobs there were when it came
    next: list[str] = field(default_factory=list)  # the first jobs that the next run started
    odd: list[str] = field(default_factory=list)  # files under their names that are not what they should be
    number: signal.Signals = signal.SIGKILL


def copy_project(folder: Path, data: Path) -> None:
    """Put this repository's files and the raw videos under `data` into `folder`."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    shutil.copytree(data, folder / "data/raw", ignore=shutil.ignore_patterns(".*"))


def start(folder: Path, cores: int, targets: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    """Start the one command, in a process group of its own."""
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), *targets]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with open(folder / "run.log", "ab") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


def below(parent: int) -> dict[int, str]:
    """Return the processes that `parent` started, and those that these started: the stage that each runs, or ""."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                words = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(words[1]), []).append(int(name))
    found, waiting = {}, [parent]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found[child] = _stage(child)
            waiting.append(child)
    return found


def _stage(process: int) -> str:
    try:
        words = Path("/proc", str(process), "cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    script = words[1].decode() if len(words) > 1 else ""
    return Path(script).stem if script.startswith("scripts/") and b"python" in words[0] else ""


def outputs(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file that the workflow makes in `folder`, temporary ones aside, by path."""
    paths = [folder / "records.jsonl"] + [
        path for name in MADE for path in (folder / name).rglob("*") if path.is_file()
    ]
    names = {path: path.relative_to(folder).as_posix() for path in paths if path.is_file()}
    kept = {
        path: name for path, name in names.items() if not name.startswith("data/raw/") and not _GOING_ON.search(name)
    }
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for path, name in kept.items() if path.suffix != ".tmp"}


def disturb(folder: Path, moment: Moment, cores: int, lasts: dict[str, float], targets: tuple[str, ...] = ()) -> bool:
    """Start the command and kill at the moment; return whether there was anything left to kill.

    lasts: s that each stage takes undisturbed, in the order in which they begin, and what SINGLE names.
    """
    run = start(folder, cores, targets)
    due: float | None = time.monotonic() + moment.part * lasts["start"] if moment.where == "start" else None
    jobs: dict[int, str] = {}
    while run.poll() is None:
        before, jobs = jobs, {process: stage for process, stage in below(run.pid).items() if stage}
        moment.next += [stage for process, stage in jobs.items() if process not in before]
        now = time.monotonic()
        if due is None and _reached(moment, folder, before, jobs):
            due = now + moment.part * lasts.get(moment.where, 0.0)
        if (due is not None and now >= due) or _passed(moment, jobs, due is not None, list(lasts)):
            break
        time.sleep(_LOOK if moment.where in STAGES else _LOOK / 10)
    else:
        return False
    moment.running = ", ".join(sorted(jobs.values())) or "nothing"
    moment.who = moment.who if jobs or moment.who != "job" else "snakemake"
    kill(run, jobs, moment.who, moment.number)
    return True


def _reached(moment: Moment, folder: Path, before: dict[int, str], jobs: dict[int, str]) -> bool:
    """Whether what the moment counts from has begun."""
    if moment.where == "record":
        return bool(before.keys() - jobs.keys())
    if moment.where == "checkpoint":
        return any((folder / "models").glob("*/**/.*.tmp"))
    if moment.where == "finish":
        return any(folder.glob(".records.jsonl.*.tmp")) or ("report" in before.values() and not jobs)
    return moment.where in jobs.values()


def _passed(moment: Moment, jobs: dict[int, str], begun: bool, line: list[str]) -> bool:
    """Whether a stage is over that was to be hit: it ran and does not any more, or one that comes after it runs."""
    stage = {"checkpoint": "train"}.get(moment.where, moment.where)
    if stage not in STAGES or stage in jobs.values():
        return False
    later = line[line.index(stage) + 1 :]
    return begun or any(stage in later for stage in jobs.values())


def kill(run: subprocess.Popen[bytes], jobs: dict[int, str], who: str, number: signal.Signals) -> None:
    """Send the signal, and wait until nothing of the run is left."""
    everything = [run.pid, *below(run.pid)]
    hit = {"job": list(jobs)[:1] or [run.pid], "snakemake": [run.pid], "everything": everything}[who]
    for process in hit:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue
    run.wait()
    patient = time.monotonic() + 60  # a job looks for its run when it has loaded its modules
    while any(_stage(process) for process in jobs):
        if time.monotonic() > patient:
            raise SystemExit(f"jobs {jobs} go on after their run was killed")
        time.sleep(0.01)


def moments(count: int, seed: int, passes: int, order: Sequence[str] = STAGES) -> list[Moment]:
    """Draw `count` moments, in the order of the line within each pass; every stage and every one of SINGLE in turn.

    order: the stages as Snakemake comes to them.
    """
    draw = random.Random(seed)
    places = {"probe": ["probe", "record"], "train": ["train", "checkpoint", "train"]}
    line = ["start", *(place for stage in order for place in places.get(stage, [stage])), "finish"]
    turns = [place for _ in range(-(-count // len(line))) for place in draw.sample(range(len(line)), len(line))]
    drawn = sorted((draw.randrange(passes), place, draw.random()) for place in turns[:count])
    return [Moment(line[place], WHO[n % len(WHO)], part, pass_) for n, (pass_, place, part) in enumerate(drawn)]


def finish(folder: Path, cores: int, targets: tuple[str, ...] = ()) -> None:
    """Give the command until its end. Raises SystemExit if it fails."""
    if start(folder, cores, targets).wait():
        raise SystemExit((folder / "run.log").read_text(encoding="utf-8", errors="replace")[-4000:])


def retrained(whole: Path, folder: Path, count: int, seed: int, cores: int) -> list[tuple[object, ...]]:
    """Interrupt `count` times the training anew of a copy of a finished project, and take the change back each time.

    Returns a row each: number, who, signal, part of training, files that are not what they were, what is said after.
    """
    shutil.copytree(whole, folder, symlinks=True, ignore=shutil.ignore_patterns(".venv*"))
    finish(folder, cores)  # what a copy's times make of it
    params, lasts, draw = folder / "params.yaml", lasted(folder), random.Random(seed)
    rows: list[tuple[object, ...]] = []
    before, text = outputs(folder), params.read_text(encoding="utf-8")
    section = text.index("\ntrain:")
    at = text.index("  seed: ", section) + len("  seed: ")
    for turn in itertools.count():
        if len(rows) == count:
            break
        part = draw.random() * _BEFORE_THE_END
        moment = Moment("train", WHO[turn % len(WHO)], part, 0, number=SIGNALS[turn % len(SIGNALS)])
        params.write_text(f"{text[:at]}{turn + 1}0{text[at:]}", encoding="utf-8")
        hit = disturb(folder, moment, cores, lasts)
        params.write_text(text, encoding="utf-8")
        found = outputs(folder)
        moment.odd = sorted(name for name in found.keys() | before.keys() if found.get(name) != before.get(name))
        if not hit or "train" not in moment.running or (moment.odd and _trained(folder, found, before)):
            finish(folder, cores)  # it was done, or went on to its end as Snakemake's jobs do at SIGTERM
            lasts = lasted(folder)
            continue
        said = subprocess.run(
            [sys.executable, "-m", "snakemake", "-n"], cwd=folder, capture_output=True, text=True, check=False
        )
        nothing = "Nothing to be done" in said.stdout + said.stderr
        rows.append((len(rows) + 1, moment.who, moment.number.name, f"{part:.2f}", len(moment.odd), nothing))
        print(f"{rows[-1]} running {moment.running}; {moment.odd}", flush=True)
    return rows


def _trained(folder: Path, found: Mapping[str, str], before: Mapping[str, str]) -> bool:
    """Whether training ended by itself: nothing is away, and nothing is left to go on from."""
    return found.keys() == before.keys() and not any((folder / "models").glob("*/.state"))


def clean(folder: Path) -> None:
    """Take away what the workflow made, as if it had never run."""
    for path in [
        *folder.glob("data/*"),
        *(folder / name for name in ("models", "reports", "logs", ".snakemake", ".cache")),
    ]:
        if path.name != "raw":
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    (folder / "records.jsonl").unlink(missing_ok=True)


def lasted(folder: Path) -> dict[str, float]:
    """Return how long each stage's longest job and what SINGLE names take in a finished project, s; stages in order."""
    store = Store(folder / ".snakemake")
    jobs = sorted(filter(None, map(store.read, store.outputs())), key=lambda job: job["starttime"])
    longest = {job["rule"]: 0.0 for job in jobs}
    for job in jobs:
        longest[job["rule"]] = max(longest[job["rule"]], job["endtime"] - job["starttime"])
    begin = time.monotonic()
    finish(folder, 1, ("-n",))
    return {**longest, "start": time.monotonic() - begin, "record": 0.05, "checkpoint": 0.02, "finish": 0.05}


def main(
    moments_: int = typer.Option(50, "--moments", min=0, help="kills on the way through the whole line"),
    seed: int = typer.Option(0, help="of the moments"),
    passes: int = typer.Option(2, min=1, help="times through the workflow that hold them"),
    cores: int = typer.Option(1, min=1),
    folder: Path | None = typer.Option(None, help="where to work, a new folder; a temporary one if left out"),
    data: Path = typer.Option(Path("data/raw"), help="folder of the series' folders"),
    whole: Path | None = typer.Option(
        None, help="where the same videos went through undisturbed; else that is done first"
    ),
    again: int = typer.Option(0, "--retrain", min=0, help="kills while a finished run is trained anew"),
) -> None:
    """Kill the workflow and see whether one command finishes it."""
    with tempfile.TemporaryDirectory() as temporary:
        home = folder or Path(temporary)
        killed = home / "killed"
        copy_project(killed, data)
        if whole is None:
            whole = home / "whole"
            copy_project(whole, data)
            finish(whole, cores)
        expected, lasts = outputs(whole), lasted(whole)
        drawn, bad = moments(moments_, seed, passes, [stage for stage in lasts if stage in STAGES]), 0
        for number, moment in enumerate(drawn, 1):
            if number > 1 and drawn[number - 2].pass_ != moment.pass_:
                clean(killed)
            hit = disturb(killed, moment, cores, lasts)
            moment.odd = _odd(killed, expected)
            last = moment is drawn[-1] or drawn[number].pass_ != moment.pass_
            said = f"{moment.who} killed" if hit else "over before the moment"
            print(f"{number}/{len(drawn)} {moment.where}: {said}, running {moment.running}; {moment.odd}", flush=True)
            if last:
                finish(killed, cores)
                bad += _equal(killed, expected, moment.pass_)
        rows = [(n, m.pass_ + 1, m.where, m.who, m.running, _short(following), len(m.odd))
                for n, (m, following) in enumerate(zip(drawn, [*drawn[1:], None], strict=False), 1)]  # fmt: skip
        anew = retrained(whole, home / "retrained", again, seed, cores) if again else []
        print(f"\n## {len(drawn)} kills in {passes} passes\n")
        print(table(("kill", "pass", "moment", "killed", "was running", "the next run began with", "odd files"), rows))
        print(f"\n## {len(anew)} kills while a finished run is trained anew, and the change taken back\n")
        print(table(("kill", "killed", "by", "part of training", "files not as before", "nothing to be done"), anew))
    lost = [row for row in anew if row[4] or not row[5]]
    raise SystemExit(1 if bad or lost or any(moment.odd for moment in drawn) else 0)


def _short(following: Moment | None) -> str:
    return ", ".join(dict.fromkeys(following.next[:3])) if following else ""


def _odd(folder: Path, whole: dict[str, str]) -> list[str]:
    """The outputs that are there and not what the undisturbed run made.

    Left out is what says how far the work is: records.jsonl, and a model's card and audit, which the next run writes
    for a killed one. At the end of a pass they are compared, too.
    """
    found = outputs(folder)
    return [name for name, digest in found.items() if not _SAYS.fullmatch(name) and whole.get(name) != digest]


def _equal(folder: Path, whole: dict[str, str], pass_: int) -> int:
    """Say what differs from the undisturbed run at the end of a pass; return how many files."""
    found = outputs(folder)
    differing = sorted(name for name in found.keys() | whole.keys() if found.get(name) != whole.get(name))
    left = [path.relative_to(folder).as_posix() for path in folder.rglob(".*.tmp")]
    print(f"pass {pass_ + 1}: {len(found)} files, {len(differing)} differ: {differing}; left over: {left}", flush=True)
    return len(differing) + len(left)


if __name__ == "__main__":
    typer.run(main)
