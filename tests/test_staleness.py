"""What reruns after which change, by Snakemake and by DVC, here and on another machine; with stand-in scripts."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from changes import after, append
from standin import (
    EPISODES,
    RUN,
    SERIES,
    change_params,
    copy_of,
    make_finished,
    make_standin,
    put,
    shuffle_times,
    snakemake,
)

from genga.stages import ASKED_STAGES, STAGES
from genga.workflow.records import read_records

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_finished(tmp_path_factory.mktemp("standin") / "project")


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Iterator[Path]:
    with copy_of(finished, tmp_path / "copy") as project:
        yield project


def test_more_cores_are_nothing(copy: Path) -> None:
    assert snakemake(copy, "-n", "--cores", "7").nothing


def test_a_file_written_into_is_named_and_made_again(copy: Path) -> None:
    table = copy / f"data/tag/{SERIES}/{EPISODES[0]}.parquet"
    state = table.stat()
    table.write_bytes(table.read_bytes()[:-1] + b"?")
    os.utime(table, ns=(state.st_atime_ns, state.st_mtime_ns))  # same size, same time
    ran = snakemake(copy, "-n")
    assert f"note: data/tag/{SERIES}/{EPISODES[0]}.parquet is not what records.jsonl says" in ran.text
    assert ran.jobs == after("tag", "crop", episodes=1)


def test_equal_results_stop_the_next_phase_and_a_change_taken_back_is_nothing(copy: Path) -> None:
    append("genga/dataset/dataset.py", "\n_ADDED = 1\n")(copy)
    assert "train" in snakemake(copy, "-n").jobs
    ran = snakemake(copy, "all_dataset")
    assert ran.code == 0, ran.text
    assert snakemake(copy, "-n", "all_train").nothing
    change_params(copy, "dataset", seed=1)
    assert snakemake(copy, "all_dataset").code == 0
    assert set(snakemake(copy, "-n", "all_train").jobs) == {"train"}
    change_params(copy, "dataset", seed=0)
    assert snakemake(copy, "all_dataset").code == 0
    assert snakemake(copy, "-n", "all_train").nothing


def test_records_are_the_same_on_every_machine_and_name_everything(finished: Path, tmp_path: Path) -> None:
    other = make_standin(tmp_path / "elsewhere")
    assert snakemake(other, "--cores", "1").code == 0
    assert (other / "records.jsonl").read_bytes() == (finished / "records.jsonl").read_bytes()
    records = read_records(finished / "records.jsonl")
    assert {job.rule for job in records.jobs.values()} == set(STAGES) - set(ASKED_STAGES)
    tag = records.maker[f"data/tag/{SERIES}/{EPISODES[0]}.parquet"]
    assert tag.wildcards == {"series": SERIES, "episode": EPISODES[0]}
    assert tag.params["tag"]["threshold"] == 0.35
    assert f"data/detect/{SERIES}/{EPISODES[0]}.parquet" in tag.inputs and None not in tag.inputs.values()
    assert "genga/people/tag_rules.py" in records.code[tag.code] and "python" in records.software[tag.software]
    assert records.shell[tag.shell].startswith("python {params.pack} scripts/tag.py")


def run(folder: Path, *command: str) -> str:
    """Run git or DVC in a folder, with the commands of this environment."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    words = [sys.executable, "-m", *command] if command[0] == "dvc" else list(command)
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def commit(folder: Path, message: str) -> None:
    run(folder, "git", "add", "-A")
    run(folder, "git", "-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", message)


def ran_jobs(text: str) -> set[str]:
    """The stages whose stand-in scripts ran, by what they said."""
    return set(re.findall(r"^(\w+): done$", text, re.MULTILINE))


def logged(project: Path) -> set[str]:
    """The stages that wrote a log since the logs were taken away."""
    return {path.parts[len(project.parts) + 1] for path in project.rglob("logs/**/*.log")}


def test_dvc_and_snakemake_agree_here_and_on_another_machine(copy: Path, tmp_path: Path) -> None:
    run(copy, "git", "init", "-q")
    remote = tmp_path / "nas"
    run(copy, "dvc", "remote", "add", "-q", "-d", "nas", str(remote))
    # After plain Snakemake DVC agrees, and runs nothing; it looks once.
    assert ran_jobs(run(copy, "dvc", "repro")) == set()
    assert "up to date" in run(copy, "dvc", "status")
    commit(copy, "first")
    run(copy, "dvc", "push", "-q")
    first = run(copy, "git", "rev-parse", "HEAD").strip()
    # A comment is nothing to either; code with equal results reruns its own phase alone.
    append("genga/dataset/dataset.py", "\n# a comment\n")(copy)
    assert ran_jobs(run(copy, "dvc", "repro")) == set()
    append("genga/dataset/dataset.py", "\n_ADDED = 1\n")(copy)
    assert ran_jobs(run(copy, "dvc", "repro")) == {"dataset"}
    assert snakemake(copy, "-n").nothing
    # A parameter: what follows, and then both have nothing to do.
    change_params(copy, "train", seed=1)
    assert ran_jobs(run(copy, "dvc", "repro")) == {"train", "sample", "evaluate", "report", "merge"}
    assert snakemake(copy, "-n").nothing and "up to date" in run(copy, "dvc", "status")
    commit(copy, "second")
    run(copy, "dvc", "push", "-q")
    # Another machine: clone, videos by hand, pull; nothing else.
    clone = tmp_path / "clone"
    run(tmp_path, "git", "clone", "-q", str(copy), str(clone))
    shutil.copytree(copy / "data/raw", clone / "data/raw")
    run(clone, "dvc", "pull", "-q")
    shuffle_times(clone)
    assert snakemake(clone, "-n").nothing
    change_params(clone, "tag", threshold=0.4)
    assert snakemake(clone, "-n").jobs == after("tag")
    run(clone, "git", "checkout", "-q", "params.yaml")
    assert snakemake(clone, "-n").nothing
    # An older revision, and back.
    run(clone, "git", "checkout", "-q", first)
    run(clone, "dvc", "pull", "-q")
    assert snakemake(clone, "-n").nothing
    run(clone, "git", "checkout", "-q", "-")
    run(clone, "dvc", "checkout", "-q")
    assert snakemake(clone, "-n").nothing


def test_without_videos_and_stills_a_model_can_be_trained_and_judged(copy: Path) -> None:
    kept = {"crop", "dataset"}
    for stage in (copy / "data").iterdir():
        if stage.is_dir() and stage.name not in kept:
            shutil.rmtree(stage)
    shutil.rmtree(copy / "reports")
    shutil.rmtree(copy / ".snakemake")
    assert snakemake(copy, "-n", "all_train").nothing
    change_params(copy, "train", seed=1)
    scores = f"data/evaluate/{RUN}.json"
    shutil.rmtree(copy / "logs")
    ran = snakemake(copy, scores)
    assert ran.code == 0, ran.text
    assert logged(copy) == {"train", "sample", "evaluate"}
    assert not (copy / "data/stills").exists() and (copy / scores).is_file()


def test_the_second_of_two_users_is_told(copy: Path) -> None:
    (copy / ".snakemake/genga").mkdir(parents=True, exist_ok=True)
    held = (
        "import sys; sys.path.insert(0, '.'); from genga.workflow.session import Journal; "
        "journal = Journal('.'); journal.start(); print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen([sys.executable, "-c", held], cwd=copy, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdin is not None and other.stdout is not None and other.stdout.readline() == b"held\n"
    change_params(copy, "report", quality=80)
    shutil.rmtree(copy / "logs")
    ran = snakemake(copy)
    other.stdin.close()
    other.wait()
    assert ran.code != 0 and logged(copy) == set()
    assert len(ran.errors) == 1 and f"process {other.pid} on" in ran.errors[0] and "is at work here" in ran.errors[0]


def test_the_lock_of_a_killed_run_is_no_hindrance(copy: Path) -> None:
    put(copy / ".snakemake/locks/0.output.lock", f"reports/{RUN}/index.html\n")
    change_params(copy, "report", quality=80)
    shutil.rmtree(copy / "logs")
    ran = snakemake(copy)
    assert ran.code == 0, ran.text
    assert logged(copy) == {"report"}


WAITS = "import time\nwhile not Path('go').exists():\n    time.sleep(0.05)\n"


def test_two_users_at_once_by_snakemake_and_by_dvc_and_a_killed_first(copy: Path) -> None:
    run(copy, "git", "init", "-q")
    append("scripts/report.py", WAITS)(copy)
    shutil.rmtree(copy / "logs")
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    first = subprocess.Popen(command, cwd=copy, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while not (copy / "logs/report").is_dir():
        assert first.poll() is None
        time.sleep(0.05)
    said = f"process {first.pid} on"
    second = snakemake(copy)
    assert second.code != 0 and len(second.errors) == 1 and said in second.errors[0], second.text
    assert "Directory cannot be locked" not in second.text and "Traceback" not in second.text
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    third = subprocess.run(
        [sys.executable, "-m", "dvc", "repro"], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert third.returncode != 0 and said in third.stdout + third.stderr, third.stdout + third.stderr
    first.kill()
    first.wait()
    put(copy / "go", "")
    again = snakemake(copy)  # at once
    assert again.code == 0 and logged(copy) == {"report"}, again.text
    assert snakemake(copy, "-n").nothing
