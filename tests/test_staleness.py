"""What reruns after which change, by Snakemake and by DVC, here and on another machine; with stand-in scripts."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from standin import EPISODES, RUN, SERIES, change_params, make_standin, put, shuffle_times, snakemake, video

from genga.stages import EPISODE_STAGES, STAGES
from genga.workflow.records import read_records

pytestmark = pytest.mark.slow

FOLLOWS = {
    "probe": ["frames", "report"],
    "frames": ["shots", "dedup", "stills", "review", "dataset"],
    "shots": ["dedup", "review", "quality", "report"],
    "dedup": ["stills", "review", "report"],
    "stills": ["review", "detect", "quality", "tag", "crop", "characters", "dataset", "report"],
    "review": ["overview"],
    "detect": ["tag", "crop", "dataset", "report"],
    "quality": ["crop", "dataset", "report"],
    "tag": ["crop", "dataset", "report"],
    "crop": ["embed", "characters", "dataset", "report"],
    "embed": ["characters"],
    "characters": ["dataset", "report"],
    "dataset": ["train", "evaluate", "report"],
    "train": ["sample", "evaluate", "report"],
    "sample": ["evaluate", "report"],
    "evaluate": ["report"],
}


def after(*stages: str, episodes: int = 2) -> dict[str, int]:
    """The jobs that follow from any of `stages`, those included, where so many episodes are concerned."""
    found = set(stages)
    for stage in STAGES:
        found |= {following for following in FOLLOWS.get(stage, []) if stage in found}
    return {stage: episodes if stage in EPISODE_STAGES else 1 for stage in found}


def append(path: str, text: str) -> Callable[[Path], None]:
    def do(project: Path) -> None:
        with open(project / path, "a", encoding="utf-8") as file:
            file.write(text)

    return do


def replace(path: str, old: str, new: str) -> Callable[[Path], None]:
    def do(project: Path) -> None:
        text = (project / path).read_text(encoding="utf-8")
        assert old in text
        (project / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    return do


def section(name: str, **values: object) -> Callable[[Path], None]:
    return lambda project: change_params(project, name, **values)


CORRECTION = "still_or_crop,box,tag,decision,who,why\n"
PERSON = re.findall(r"person.onnx, sha256: ([0-9a-f]{64})", (ROOT / "models.yaml").read_text(encoding="utf-8"))[0]
CHANGES: dict[str, tuple[Callable[[Path], None], dict[str, int]]] = {
    "nothing": (lambda project: None, {}),
    "times of files only": (shuffle_times, {}),
    "probe": (section("probe", looked_at=20), after("probe")),
    "frames": (section("frames", changed=13.0), after("frames")),
    "shots": (section("shots", black=31.0), after("shots")),
    "dedup": (section("dedup", black=31.0), after("dedup")),
    "stills": (section("stills", scaling="bicubic"), after("stills")),
    # The report shows every section, so it reruns with any value.
    "review": (section("review", closest=9), {**after("review"), **after("report")}),
    "overview": (section("overview", closest=9), {**after("overview"), **after("report")}),
    "detect": (section("detect", least_side=13), after("detect")),
    "quality": (replace("params.yaml", "poor: 25.0", "poor: 24.0"), after("quality")),
    "whether text is looked for at all": (section("frames", lettering=0), after("frames")),
    "tag": (section("tag", threshold=0.4), after("tag")),
    "crop": (section("crop", head_scale=1.4), after("crop")),
    "embed": (section("embed", kinds=["head"]), after("embed")),
    "characters": (section("characters", min_crops=4), after("characters")),
    "dataset": (section("dataset", seed=1), after("dataset")),
    "train": (section("train", seed=1), after("train")),
    "sample": (section("sample", steps=19), after("sample")),
    "evaluate": (section("evaluate", seed=1), after("evaluate")),
    "report": (section("report", quality=80), after("report")),
    "a run's own value": (
        section("runs", **{RUN: {"series": SERIES, "character": "hana", "train": {"seed": 2}}}),
        after("train"),
    ),
    "a run added": (section("runs", aoi={"series": SERIES, "character": "aoi"}), after("train")),
    "a module": (append("genga/people/tag_rules.py", "\n_ADDED = 1\n"), after("tag")),
    "a script": (append("scripts/detect.py", "\nADDED = 1\n"), after("detect")),
    "the family of the base": (
        append("genga/training/families/sd15.py", "\n_ADDED = 1\n"),
        {**after("train"), **after("sample")},
    ),
    "a family of no base here": (
        lambda project: put(project / "genga/training/families/other.py", "FAMILY = None\n"),
        {},
    ),
    "a data file of a module": (append("genga/pages/templates/report.css", "\n/* a */\n"), after("report")),
    "the palette of the pages": (
        append("genga/pages/templates/palette.css", "\n/* a */\n"),
        {**after("review"), **after("report")},
    ),
    "a decision about a frame": (
        lambda project: put(
            project / f"corrections/{SERIES}/{EPISODES[1]}/frames.csv", "frame,decision,who,why\n", old=True
        ),
        after("dedup", episodes=1),
    ),
    "comments and form of code": (
        lambda project: [
            append("genga/people/tag.py", "\n\n# a comment\n")(project),
            replace("genga/store/files.py", '"""Files that', '"""All files that')(project),
        ][0],
        {},
    ),
    "comments of params.yaml": (append("params.yaml", "# a comment\n"), {}),
    "a correction in one episode": (
        lambda project: put(project / f"corrections/{SERIES}/{EPISODES[0]}/tags.csv", CORRECTION, old=True),
        after("tag", "crop", episodes=1),
    ),
    "names of characters": (
        lambda project: put(project / f"corrections/{SERIES}/characters.csv", "crop,character\n", old=True),
        after("characters"),
    ),
    "a new episode": (lambda project: put(project / video("第3話"), "third"), after("probe", episodes=1)),
    "a new episode before another": (  # whose dedup looks back to it
        lambda project: put(project / video("ep 3"), "third"),
        {**after("probe", episodes=1), **after("dedup")},
    ),
    "a removed episode": (
        lambda project: (project / video(EPISODES[1])).unlink(),
        after("overview", "characters"),
    ),
    "another video under the name": (
        lambda project: put(project / video(EPISODES[1]), "VIDEO of ep 2", old=True),
        after("probe", episodes=1),
    ),
    "another video that an episode looks back to": (
        lambda project: put(project / video(EPISODES[0]), "VIDEO of ep 1", old=True),
        {**after("probe", episodes=1), **after("dedup")},
    ),
    "the same video copied anew": (lambda project: put(project / video(EPISODES[0]), "video of ep 1"), {}),
    "how a tagger's pictures are prepared": (
        replace("models.yaml", "name: genga-demo-tagger-a\n", "name: genga-demo-tagger-a\n    preprocess: opencv\n"),
        after("tag", "evaluate"),
    ),
    "how a detector's output is read": (
        replace("models.yaml", "name: genga-demo-head\n", "name: genga-demo-head\n    type: rtdetr\n"),
        {**after("detect"), **after("report")},
    ),
    "what is said of a model": (replace("models.yaml", "licence: Apache-2.0", "licence: MIT"), after("report")),
    "another revision of a model": (replace("models.yaml", PERSON, "a" * 64), after("detect", "evaluate")),
    "the lock file of packages": (append("envs/requirements.lock", "other==1.0\n"), {}),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole line gone through, from videos to report."""
    project = make_standin(tmp_path_factory.mktemp("standin") / "project")
    ran = snakemake(project)
    assert ran.code == 0, ran.text
    return project


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy for one test; its times are those of copying, not of the files."""
    project = tmp_path / "copy"
    shutil.copytree(finished, project, copy_function=shutil.copyfile)
    yield project
    shutil.rmtree(project)


@pytest.mark.parametrize("name", CHANGES)
def test_exactly_the_stale_jobs_rerun(copy: Path, name: str) -> None:
    change, jobs = CHANGES[name]
    change(copy)
    ran = snakemake(copy, "-n")
    assert ran.code == 0, ran.text
    assert ran.jobs == jobs, ran.text
    assert ran.nothing is (jobs == {})


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
    assert {job.rule for job in records.jobs.values()} == set(STAGES)
    tag = records.maker[f"data/tag/{SERIES}/{EPISODES[0]}.parquet"]
    assert tag.wildcards == {"series": SERIES, "episode": EPISODES[0]}
    assert tag.params["tag"]["threshold"] == 0.35
    assert f"data/detect/{SERIES}/{EPISODES[0]}.parquet" in tag.inputs and None not in tag.inputs.values()
    assert "genga/people/tag_rules.py" in records.code[tag.code] and "python" in records.software[tag.software]
    assert records.shell[tag.shell].startswith("python scripts/tag.py")


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
    assert ran_jobs(run(copy, "dvc", "repro")) == {"train", "sample", "evaluate", "report"}
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
