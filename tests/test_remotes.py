"""Another machine, by every kind of remote: clone, pull, nothing to do, and every change noticed as on the first."""

import hashlib
import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from servers import REMOTES
from standin import (
    EPISODES,
    RUN,
    SERIES,
    change_params,
    command,
    commit_all,
    digests,
    make_standin,
    put,
    snakemake,
    video,
)

pytestmark = pytest.mark.slow


def shuffle_times(project: Path, seed: int, until: float = 2e9) -> None:
    """Touch every file at a time of its own, `until` in s since the epoch: some in the future."""
    chance = random.Random(seed)
    for path in sorted(project.rglob("*")):
        if path.is_file() and not {".snakemake", ".git", ".dvc"} & set(path.parts):
            os.utime(path, (when := chance.uniform(1e9, until), when))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first machine: the whole line gone through and committed. One video is no .mkv."""
    project = make_standin(tmp_path_factory.mktemp("first") / "project")
    (project / video(EPISODES[1])).rename((project / video(EPISODES[1])).with_suffix(".mp4"))
    commit_all(project)
    return project


@pytest.fixture(scope="module")
def shared(first: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first machine's remote: a folder with all that was pushed."""
    remote = tmp_path_factory.mktemp("shared")
    command(first, "dvc", "remote", "add", "-q", "--local", "-d", "shared", remote)
    command(first, "dvc", "push", "-q")
    return remote


@pytest.fixture
def clone(first: Path, shared: Path, tmp_path: Path) -> Path:
    """Another machine's clone that can pull and has not."""
    clone = tmp_path / "clone"
    command(tmp_path, "git", "clone", "-q", first, clone)
    command(clone, "dvc", "remote", "add", "-q", "--local", "-d", "shared", shared)
    return clone


@pytest.mark.parametrize("kind", REMOTES)
def test_push_clone_pull_and_nothing_to_do(first: Path, tmp_path: Path, kind: str) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    shutil.copytree(first, here, ignore=shutil.ignore_patterns(".snakemake", "config.local"))
    with REMOTES[kind](tmp_path) as remote:
        remote.configure(here)
        command(here, "dvc", "push", "-q")
        command(tmp_path, "git", "clone", "-q", here, there)
        remote.configure(there)
        command(there, "dvc", "pull", "-q")
        kept = remote.names()
    assert digests(there) == digests(here)
    assert {f"data/stills/{SERIES}/{EPISODES[1]}.tar", f"models/{RUN}/checkpoints/a.safetensors"} <= digests(
        there
    ).keys()
    shuffle_times(there, seed=len(kind))
    ran = snakemake(there, "-n")
    assert ran.code == 0 and ran.nothing, ran.text
    videos = [path.read_bytes() for path in (here / "data/raw").rglob("*.m*")]
    cached = {"".join(path.parts[-2:]) for path in (here / ".dvc/cache/files/md5").glob("*/*")}
    assert kept == cached and len(videos) == 2
    assert not {hashlib.md5(data).hexdigest() for data in videos} & kept, "videos never leave"


CORRECTION = "still_or_crop,box,tag,decision,who,why\n"


def append(path: str) -> Callable[[Path], None]:
    def do(project: Path) -> None:
        with open(project / path, "a", encoding="utf-8") as file:
            file.write("\n_ADDED = 1\n")

    return do


# What can be changed where there is no video, and what no job follows from that reads one.
CHANGES: dict[str, Callable[[Path], None]] = {
    "a parameter": lambda project: change_params(project, "tag", threshold=0.4),
    "a module": append("genga/people/tag_rules.py"),
    "a correction": lambda project: put(project / f"corrections/{SERIES}/{EPISODES[0]}/tags.csv", CORRECTION, old=True),
    "a run's own value": lambda project: change_params(
        project, "runs", **{RUN: {"series": SERIES, "character": "hana", "train": {"seed": 2}}}
    ),
    "a video's name": lambda project: None,
}


def test_a_clone_notices_every_change_as_the_first_machine_does(first: Path, clone: Path) -> None:
    command(clone, "dvc", "pull", "-q")
    shuffle_times(clone, seed=1)
    for name, change in CHANGES.items():
        found = []
        for project in (first, clone):
            change(project)
            ran = snakemake(project, "-n")
            assert ran.code == 0, f"{name}: {ran.text}"
            found.append(ran.jobs)
            command(project, "git", "checkout", "-q", ".")
            command(project, "git", "clean", "-qfd", "corrections")
        assert found[0] == found[1], name
        assert (found[0] == {}) is (name == "a video's name"), name
    assert snakemake(clone, "-n").nothing


def test_a_change_that_needs_a_video_is_told_where_there_is_none(clone: Path) -> None:
    command(clone, "dvc", "pull", "-q")
    stills, tags = (
        f"note: data/{stage}/{SERIES}/{EPISODES[1]}.parquet was made with other" for stage in ("stills", "tag")
    )
    assert "was made with other" not in snakemake(clone, "-n").text
    change_params(clone, "stills", scaling="bicubic")
    ran = snakemake(clone, "-n")
    assert f"{stills} stills than now" in ran.text and tags not in ran.text, ran.text
    command(clone, "git", "checkout", "-q", ".")
    append("genga/drawings/stills.py")(clone)
    assert f"{stills} code than now" in snakemake(clone, "-n").text


def test_a_part_is_pulled_trained_and_judged_and_nothing_else_is_made(clone: Path) -> None:
    command(clone, "dvc", "pull", "-q", "dataset", "clips", f"train@{RUN}")
    shuffle_times(clone, seed=2, until=1.7e9)  # Snakemake runs no job on files of the future
    scores = f"data/evaluate/{RUN}.json"
    assert snakemake(clone, "-n", "all_train").nothing
    assert set(snakemake(clone, "-n", scores).jobs) == {"sample", "evaluate"}, "they were not pulled"
    change_params(clone, "train", seed=1)
    assert set(snakemake(clone, "-n", "all_train").jobs) == {"train"}
    append("genga/evaluation/evaluate.py")(clone)
    before = digests(clone)
    ran = snakemake(clone, scores)
    assert ran.code == 0, ran.text
    assert {path.name for path in (clone / "logs").iterdir()} == {"train", "sample", "evaluate"}
    assert {path.name for path in (clone / "data").iterdir() if path.is_dir()} == {
        "crop", "describe", "embed", "characters", "dataset", "clips", "clipset", "sample", "evaluate",
    }  # fmt: skip
    changed = {path for path, digest in digests(clone).items() if before.get(path) != digest}
    assert {path for path in changed if not path.startswith(("models/", "data/sample/", "data/evaluate/"))} == {
        "data/code.json"
    }
    assert snakemake(clone, "-n", scores).nothing


def test_dvc_trains_on_a_part_by_itself(clone: Path) -> None:
    command(clone, "dvc", "pull", "-q", "dataset", "clips", f"train@{RUN}")
    shuffle_times(clone, seed=2, until=1.7e9)
    phases = ("code", f"train@{RUN}")
    assert "Stage 'train@hana' didn't change" in command(clone, "dvc", "repro", "--single-item", *phases)
    change_params(clone, "train", seed=1)
    assert "train: done" in command(clone, "dvc", "repro", "--single-item", *phases)
    assert {path.name for path in (clone / "logs").iterdir()} == {"train"}
    assert snakemake(clone, "-n", "all_train").nothing
    assert "up to date" in command(clone, "dvc", "status", *phases)
    # Without --single-item DVC asks for what the phases before it read, and makes nothing of it.
    assert "data/raw" in command(clone, "dvc", "repro", *phases, status=255)


def test_a_change_of_what_a_part_lacks_is_told_by_both(clone: Path) -> None:
    command(clone, "dvc", "pull", "-q", "dataset", "clips", f"train@{RUN}")
    put(clone / f"corrections/{SERIES}/{EPISODES[0]}/tags.csv", CORRECTION, old=True)
    change_params(clone, "dataset", seed=1)
    ran = snakemake(clone, "-n", "all_train")
    assert ran.code == 0, ran.text
    told = set(
        re.findall(r"^note: data/(\w+)/(.*)\.parquet was made with other (\w+) than now", ran.text, re.MULTILINE)
    )
    where = f"{SERIES}/{EPISODES[0]}"
    series = ("dataset", f"left-out/{SERIES}", "dataset")  # a job is called after the first of its outputs
    people = ("characters", f"open/{SERIES}", "corrections")
    assert told == {("crop", where, "corrections"), ("tag", where, "corrections"), people, series}
    status = command(clone, "dvc", "status")
    assert "corrections" in status and re.search(r"modified: +dataset", status)


def test_a_removed_episode_is_not_missed_elsewhere(first: Path, clone: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(first, source, ignore=shutil.ignore_patterns(".snakemake"))
    (source / video(EPISODES[0])).unlink()
    ran = snakemake(source)
    assert ran.code == 0 and f"note: {video(EPISODES[0])} is on record and not here" in ran.text, ran.text
    assert "is on record and not here" not in snakemake(source, "-n").text
    shutil.rmtree(source / "data/raw")
    ran = snakemake(source, "-n")
    assert ran.nothing, ran.text
