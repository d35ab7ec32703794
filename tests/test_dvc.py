"""DVC never takes away or forgets what Snakemake made: genga.workflow.dvc_lock and dvc_phase, with the real DVC."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo
from standin import (
    EPISODES,
    MERGE,
    RUN,
    SERIES,
    change_params,
    command,
    digests,
    give_tables,
    make_standin,
    put,
    snakemake,
    video,
)

from genga.errors import GengaError
from genga.store.files import sha256_of
from genga.workflow import dvc_lock
from genga.workflow.dvc_lock import finished, is_below
from genga.workflow.dvc_phase import not_here, outs_of
from genga.workflow.records import Output, Record, Records, read_records

SHARD = f"data/stills/{SERIES}/{EPISODES[0]}.tar"
TABLE = f"data/dedup/{SERIES}/{EPISODES[1]}.parquet"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole line gone through by Snakemake alone, and committed to git; nobody ever called DVC."""
    project = make_standin(tmp_path_factory.mktemp("made") / "project")
    give_tables(project, EPISODES[0])
    (project / "corrections/about.txt").touch()
    assert snakemake(project).code == 0
    command(project, "git", "init", "-q")
    command(project, "git", "add", "-A")
    command(project, "git", "commit", "-qm", "made by snakemake")
    return project


@pytest.fixture(scope="module")
def used(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with a remote, after `dvc repro` and `dvc push`."""
    folder = tmp_path_factory.mktemp("used")
    shutil.copytree(made, project := folder / "project")
    command(project, "dvc", "remote", "add", "-q", "-d", "nas", folder / "nas")
    said = command(project, "dvc", "repro")
    assert said.count("Nothing to be done") == 7 and ": done" not in said
    command(project, "git", "add", "-A")
    command(project, "git", "commit", "-qm", "by dvc")
    command(project, "dvc", "push", "-q")
    return project


@pytest.fixture
def here(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "here"))


@pytest.fixture
def there(used: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(used, tmp_path / "there"))


def contents(project: Path) -> int:
    """How many files DVC's cache has, but for its lists of folders."""
    return len([path for path in project.glob(".dvc/cache/files/md5/??/*") if path.suffix != ".dir"])


def phases(project: Path) -> dict[str, dict]:
    found: dict[str, dict] = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    return found


def job(rule: str, *outputs: str, **wildcards: str) -> Record:
    return Record(rule, wildcards, {path: Output("0" * 64, 1) for path in outputs}, {}, {}, "", "", "")


def fails(project: Path, stage: str) -> None:
    """Have the stand-in of a stage end badly."""
    with open(project / f"scripts/{stage}.py", "a", encoding="utf-8") as file:
        file.write("\nsys.exit('error: no')\n")


@pytest.mark.slow
def test_snakemake_alone_leaves_a_lock_that_names_all_outputs_and_copies_nothing(made: Path) -> None:
    found = phases(made)
    runs = [f"train@{RUN}", f"evaluate@{RUN}", f"merge@{MERGE}"]
    assert list(found) == ["code", "stills", "tags", "dataset", "clips", *runs]
    assert {out["path"]: out.get("nfiles") for out in found["stills"]["outs"]} == {
        "data/probe": 2, "data/frames": 4, "data/shots": 2, "data/dedup": 2, "data/stills": 4, "data/review": 4,
        "data/overview": 1,
    }  # fmt: skip
    assert contents(made) == 0 and "deps" not in found["stills"], "no video is read for it"
    assert not (made / ".snakemake/genga/untold.json").exists()
    assert command(made, "git", "status", "--short") == ""


@pytest.mark.slow
@pytest.mark.parametrize("change", [["-S", "report.thumbnail=100"], []])
def test_an_experiment_loses_nothing(here: Path, change: list[str]) -> None:
    before = digests(here)
    assert "Ran experiment" in command(here, "dvc", "exp", "run", *change)
    assert digests(here).keys() == before.keys()
    assert bool(change) is (digests(here) != before)
    assert snakemake(here, "-n").nothing and "up to date" in command(here, "dvc", "status")


@pytest.mark.slow
def test_an_experiment_in_a_project_that_is_half_made_loses_nothing(tmp_path: Path) -> None:
    project = make_standin(tmp_path / "project")
    fails(project, "evaluate")
    assert snakemake(project).code == 1
    before = digests(project)
    assert f"data/sample/{RUN}.tar" in before and f"models/{RUN}/checkpoints/a.safetensors" in before
    command(project, "git", "init", "-q")
    command(project, "git", "add", "-A")
    command(project, "git", "commit", "-qm", "half")
    command(project, "dvc", "exp", "run", status=255)
    after = digests(project)
    after.pop("data/code.json")  # of DVC's own step
    assert after == before


@pytest.mark.slow
def test_where_dvc_is_used_status_is_clean_after_snakemake(there: Path) -> None:
    assert "up to date" in command(there, "dvc", "status")
    held = contents(there)
    change_params(there, "tag", threshold=0.4)
    assert snakemake(there).code == 0
    assert "up to date" in command(there, "dvc", "status")
    assert contents(there) > held and snakemake(there, "-n").nothing
    # What was there before is in the cache.
    before = digests(there)
    command(there, "git", "stash", "-q")
    command(there, "dvc", "checkout", "-q")
    assert digests(there) != before and snakemake(there, "-n").nothing
    command(there, "git", "stash", "pop", "-q")
    command(there, "dvc", "checkout", "-q")
    assert digests(there) == before and snakemake(there, "-n").nothing


@pytest.mark.slow
def test_status_is_clean_after_snakemake_where_nothing_was_to_be_done(there: Path) -> None:
    put(there / f"corrections/{SERIES}/tiers.csv", "# nothing yet\nstill_or_crop,tier\n")
    assert "corrections" in command(there, "dvc", "status")
    assert snakemake(there, "-n").nothing and "corrections" in command(there, "dvc", "status"), (
        "a dry run writes nothing"
    )
    assert snakemake(there).nothing
    assert "up to date" in command(there, "dvc", "status")


@pytest.mark.slow
def test_a_part_is_no_finished_phase(there: Path) -> None:
    change_params(there, "dedup", black=31.0)
    assert snakemake(there, TABLE).code == 0
    stages = phases(there)
    assert "deps" not in stages["stills"] and "deps" in stages["tags"]
    assert snakemake(there, "all_stills").code == 0
    assert "deps" in phases(there)["stills"]
    assert "up to date" in command(there, "dvc", "status", "stills")
    assert "data/stills" in command(there, "dvc", "status", "tags")


@pytest.mark.slow
def test_what_was_never_pulled_stays_on_the_lock_and_dvc_commits_nothing_without_it(there: Path) -> None:
    shutil.rmtree(there / ".snakemake")  # as on another machine, where nothing is known of what was here
    (there / SHARD).unlink()
    shutil.rmtree(there / "data/review")
    listed = (there / "dvc.lock").read_bytes()
    said = command(there, "dvc", "repro", "--single-item", "--force", "stills", status=255)
    assert said.count("\nerror: ") == 1
    assert "and 4 more: on record and not here, and DVC would forget it; `dvc pull stills`" in said
    assert (there / "dvc.lock").read_bytes() == listed
    # Snakemake goes on without, and its lock still names what is elsewhere.
    before = {out["path"]: out.get("nfiles") for out in phases(there)["stills"]["outs"]}
    change_params(there, "dedup", black=31.0)
    assert snakemake(there, TABLE).code == 0
    after = {out["path"]: out.get("nfiles") for out in phases(there)["stills"]["outs"]}
    assert after == before
    assert command(there, "dvc", "checkout", "-q", "stills", "--force") == "" and (there / SHARD).is_file()


@pytest.mark.slow
def test_dvc_repro_makes_again_what_was_here_and_is_gone(there: Path) -> None:
    listed, before = phases(there), digests(there)
    assert snakemake(there, "-n").nothing
    for path in (SHARD, f"models/{RUN}/losses.parquet"):
        (there / path).unlink()
    command(there, "dvc", "repro")
    assert digests(there) == before and phases(there) == listed


@pytest.mark.slow
def test_the_next_run_writes_what_a_killed_one_could_not(there: Path) -> None:
    with open(there / "scripts/report.py", "a", encoding="utf-8") as file:
        file.write("import time\nwhile not Path('go').exists():\n    time.sleep(0.05)\n")
    change_params(there, "train", seed=1)
    shutil.rmtree(there / "logs")
    listed = phases(there)
    words = [sys.executable, "-m", "snakemake", "--cores", "1"]
    run = subprocess.Popen(words, cwd=there, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (there / "logs/report").is_dir():
        assert run.poll() is None
        time.sleep(0.05)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert phases(there) == listed
    put(there / "go", "")
    snakemake(there, "-n")
    now = phases(there)
    assert now[f"train@{RUN}"]["outs"] != listed[f"train@{RUN}"]["outs"] and now["stills"] == listed["stills"]
    before = digests(there)
    command(there, "dvc", "checkout", "-q", "--force")
    assert before.items() <= digests(there).items()


@pytest.mark.slow
def test_a_project_made_before_gets_its_lock_when_the_snakefile_is_read(here: Path) -> None:
    (here / "dvc.lock").unlink()
    assert snakemake(here, "-n").nothing
    assert phases(here) == yaml.safe_load(command(here, "git", "show", "HEAD:dvc.lock"))["stages"]


NAMES, DROPS = f"corrections/{SERIES}/characters.csv", f"corrections/{SERIES}/{EPISODES[0]}/frames.csv"
SNAKEMAKE = ("snakemake", "--cores", "2")  # a process of its own: polars, which reads tables, stands still in a fork
NAME = f"{SERIES}/{EPISODES[0]}/000000-0-head,hana"


@pytest.mark.slow
def test_one_repro_is_enough_after_names_and_after_an_episode_is_taken_away(there: Path) -> None:
    put(there / NAMES, f"crop,character\n{NAME}\n")
    assert "characters: done" in command(there, "dvc", "repro", "dataset")
    assert (there / NAMES).read_text(encoding="utf-8") == f"crop,character,at\n{NAME},0-0 0 0 200 1000\n"
    assert "up to date" in command(there, "dvc", "status", "stills", "tags", "dataset")
    (there / video(EPISODES[1])).unlink()
    assert "characters: done" in command(there, "dvc", "repro", "dataset")
    assert "up to date" in command(there, "dvc", "status", "stills", "tags", "dataset")
    assert "Nothing to be done" in command(there, *SNAKEMAKE, "-n", "all_dataset")


@pytest.mark.slow
def test_one_run_is_enough_for_lines_about_what_is_not_made_yet(tmp_path: Path) -> None:
    project = make_standin(tmp_path / "project")
    give_tables(project, EPISODES[0])
    put(project / NAMES, f"crop,character\n{NAME}\n")
    put(project / DROPS, "frame,decision\n0,drop\n")
    command(project, *SNAKEMAKE, "all_stills")
    assert (project / DROPS).read_text(encoding="utf-8") == "frame,decision,at\n0,drop,0 0-0\n"
    command(project, *SNAKEMAKE, "all_dataset")
    assert (project / NAMES).read_text(encoding="utf-8") == f"crop,character,at\n{NAME},0-0 0 0 200 1000\n"
    assert "Nothing to be done" in command(project, *SNAKEMAKE, "-n", "all_dataset")
    made = read_records(project / "records.jsonl").maker[f"data/characters/{SERIES}.parquet"]
    assert made.inputs[NAMES] == made.params["corrections"][NAMES] == sha256_of(project / NAMES)


@pytest.mark.slow
def test_a_busy_dvc_is_waited_for_by_the_next_run(there: Path) -> None:
    hold = (
        "import sys; from dvc.repo import Repo\n"
        "with Repo('.').lock: print('held', flush=True); sys.stdin.read()"
    )  # fmt: skip
    other = subprocess.Popen([sys.executable, "-c", hold], cwd=there, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdin is not None and other.stdout is not None and other.stdout.readline() == b"held\n"
    change_params(there, "report", quality=80)
    ran = snakemake(there)
    other.stdin.close()
    other.wait()
    assert ran.code == 0 and "note: dvc.lock waits for another process of DVC; the next run writes it" in ran.text
    assert snakemake(there, "-n").nothing
    assert "changed outs" not in command(there, "dvc", "status")


@pytest.mark.slow
def test_the_status_says_that_what_was_made_could_not_be_written_down(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_params(here, "report", quality=80)
    with monkeypatch.context() as patched:  # the run is a fork of this process
        patched.setattr("genga.workflow.session.write_records", full)
        ran = snakemake(here)
    assert ran.code == 1 and ran.errors == ["error: records.jsonl: cannot be written (No space left on device)"]
    assert "Traceback" not in ran.text
    before = digests(here)
    assert snakemake(here).nothing and digests(here) == before, "the next one writes it"
    assert '"quality":80' in (here / "records.jsonl").read_text(encoding="utf-8")


def full(*_: object) -> None:
    raise GengaError("records.jsonl: cannot be written (No space left on device)")


def test_what_is_noted_in_a_folder_makes_no_phase_stale_that_was_fresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "said/a.csv", "a\n")
    put(tmp_path / "more", "a\n")
    put(tmp_path / "dvc.yaml", "stages: {one: {cmd: 'true', deps: [said]}, two: {cmd: 'true', deps: [said, more]}}\n")
    with Repo.init(no_scm=True) as repo:
        repo.reproduce()
        put(tmp_path / "more", "b\n")
        with dvc_lock.unmoved("said"):
            put(tmp_path / "said/a.csv", "a,at\n")
        assert repo.status() == {"two": [{"changed deps": {"more": "modified"}}]}
        put(tmp_path / "said/a.csv", "by hand\n")
        with dvc_lock.unmoved("said"):
            put(tmp_path / "said/a.csv", "by hand,at\n")
        assert list(repo.status()) == ["one", "two"], "what was stale stays so"
        repo.reproduce()
        # In a command of a phase, while DVC holds its lock; not beside another DVC.
        for inside, stale in ((True, []), (False, ["one", "two"])):
            with monkeypatch.context() as patched, repo.lock:
                patched.setenv(dvc_lock.PHASE, "two") if inside else patched.delenv(dvc_lock.PHASE, raising=False)
                with dvc_lock.unmoved("said"):
                    put(tmp_path / "said/a.csv", f"{inside}\n")
            assert list(repo.status()) == stale


def test_phases_are_finished_with_their_last_files() -> None:
    last = {"stills": ["a", "b"], "tags": ["c"], "dataset": []}
    assert finished(last, {"a", "b", "c", "d"}, all_here=True) == ["stills", "tags"]
    assert finished(last, {"a", "b", "c"}, all_here=False) == ["tags"], "not what it reads: videos are not here"
    assert finished(last, {"a"}, all_here=True) == []


def test_a_file_is_below_an_output() -> None:
    assert is_below("data/tag/s/1.parquet", ["data/tag"]) and is_below("models/r/a.json", ["models/r/a.json"])
    assert not is_below("data/tags/s/1.parquet", ["data/tag"]) and not is_below("data/tag/s", [])


def test_the_outputs_of_a_phase_are_those_of_dvc_yaml(root: Path) -> None:
    declared = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))
    assert outs_of("tags", declared) == ["data/detect", "data/quality", "data/tag"]
    assert outs_of("train@花 a", declared)[:2] == ["models/花 a/checkpoints", "models/花 a/checkpoints.json"]
    assert outs_of("code", declared) == ["data/code.json"]


# What a rule's parameters hold that no table says, by the word for it in rules/, and where DVC sees it.
HELD = {
    "episodes": "data/overview", "launched": "profiles/accelerate", "STYLE": "captions", "VOCABULARY": "vocabulary",
    "decided": "corrections",
}  # fmt: skip
PHASES = {"train": ["train"], "evaluate": ["sample", "evaluate", "report"], "merge": ["merge"]}


@pytest.mark.parametrize("phase", ["stills", "tags", "dataset", "clips", *PHASES])
def test_a_phase_depends_on_all_that_its_rules_hold(root: Path, phase: str) -> None:
    declared = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"][phase]
    declared = declared.get("do", declared)
    stages = PHASES.get(phase) or [next(iter(out)).removeprefix("data/") for out in declared["outs"]]
    own = {"data/raw"} if phase == "stills" else set()
    own |= {f"data/{stage}" for stage in stages}
    named = {name.partition(".")[0] for name in declared["params"] if isinstance(name, str)} | {"merge"}
    for stage in stages:
        rule = (root / f"rules/{stage}.smk").read_text(encoding="utf-8")
        inputs, params = rule[rule.index("input:") : rule.index("output:")], rule[rule.index("params:") :]
        read = {f"data/{one}" for one in re.findall(r'(?:"data/|(?:tables|earlier)\(")(\w+)[/"]', inputs)}
        held = {where for word, where in HELD.items() if re.search(rf"\b{word}\b", params)}
        assert (read | held) - own <= set(declared["deps"]), stage
        if {"params.yaml": None} not in declared["params"]:  # all of it
            assert set(re.findall(r'(?:section|one_value)\("(\w+)"', rule)) <= named, stage


def test_a_phase_is_stale_by_any_section_of_the_parameters(root: Path) -> None:
    declared = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    listed = [name for of in declared.values() for name in of.get("do", of).get("params", ()) if isinstance(name, str)]
    sections = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8")).keys()
    assert sections - {name.partition(".")[0] for name in listed} == {"sample", "evaluate", "report", "sources"}
    assert {"params.yaml": None} in declared["evaluate"]["do"]["params"], "all of it, for these"


def test_what_is_on_record_and_not_here_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = [
        job("tag", "data/tag/s/1.parquet", series="s", episode="1"),
        job("tag", "data/tag/s/2.parquet", series="s", episode="2"),
        job("overview", "data/overview/s.html", series="s"),
        job("train", "models/r/a", "models/r/b", run="r"),
    ]
    records, outs = Records({one.key: one for one in made}), ["data/tag", "data/overview", "models/r"]
    episodes = {("s", "1"), ("s", "2")}
    put(tmp_path / "models/r/a", "a")
    assert list(not_here(records, outs, episodes)) == [
        "data/overview/s.html", "data/tag/s/1.parquet", "data/tag/s/2.parquet", "models/r/b",
    ]  # fmt: skip
    assert list(not_here(records, ["data/tag"], {("s", "2")})) == ["data/tag/s/2.parquet"], "1 was taken away"
    assert list(not_here(records, outs, set())) == ["models/r/b"]


def test_a_lock_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    put(tmp_path / ".dvc/config", "")
    put(tmp_path / "dvc.yaml", "stages: {a: {cmd: x, outs: [y]}}\n")
    put(tmp_path / "dvc.lock", "<<<<<<< ours\n")
    with pytest.raises(GengaError, match=r"dvc.lock: cannot be brought up to date \(.*\); put that right, and run"):
        dvc_lock.keep(["a"], [], set())


def test_without_dvc_nothing_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    dvc_lock.tell(["stills"])
    dvc_lock.catch_up()
    assert list(tmp_path.iterdir()) == []
