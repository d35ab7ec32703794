"""The workflow for real: a tiny drawn series in a copy of the project, run by Snakemake: what reruns, how it fails.

The names of series and episode have spaces and letters of other scripts in all of it.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import yaml
from conftest import copy_project

from genga.stages import EPISODE_STAGES, STAGES

SERIES, EPISODE = "花の series", "第1話 one"
EVERYTHING = [
    f"data/overview/{SERIES}.html",
    f"data/quality/{SERIES}/{EPISODE}.parquet",
    f"data/characters/{SERIES}.parquet",
]
SECONDS, HEIGHT = 6.0, 180  # of the drawn episode


class Ran:
    """What a run of Snakemake came to."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code = done.returncode
        self.text = done.stdout + done.stderr
        self.errors = [line for line in self.text.splitlines() if line.startswith("error: ")]

    @property
    def jobs(self) -> dict[str, int]:
        """The jobs to run by rule, as the dry run's table lists them."""
        table = re.search(r"^job +count\n-+ +-+\n(.*?)^total", self.text, re.MULTILINE | re.DOTALL)
        rows = [line.split() for line in table[1].splitlines()] if table else []
        return {rule: int(count) for rule, count in rows if rule in STAGES}


def snakemake(folder: Path, *arguments: str) -> Ran:
    """Run Snakemake in `folder` on two cores, by this Python, whatever PATH says."""
    environment = {**os.environ, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    return Ran(subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few seconds of the drawn series."""
    from demo.series import draw_series

    folder = tmp_path_factory.mktemp("drawn")
    return draw_series(folder, folder, episodes=1, seconds=SECONDS, height=HEIGHT, seed=7)[0]


@pytest.fixture(scope="module")
def finished(project: Path, video: Path) -> Path:
    """The project with one episode gone through every stage that needs no decision by a person."""
    target = project / f"data/raw/{SERIES}/{EPISODE}.mkv"
    target.parent.mkdir(parents=True)
    shutil.copy2(video, target)
    ran = snakemake(project)
    assert ran.code == 0, ran.text
    return project


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A project of its own for one test, without video."""
    copy_project(tmp_path)
    return tmp_path


@pytest.fixture
def restored(finished: Path) -> Iterator[Path]:
    """The finished project; what a test changes in code, parameters and corrections is put back."""
    kept = {path: path.read_bytes() for name in ("genga", "scripts") for path in (finished / name).rglob("*.py")}
    kept[finished / "params.yaml"] = (finished / "params.yaml").read_bytes()
    yield finished
    for path, data in kept.items():
        if path.read_bytes() != data:
            path.write_bytes(data)
    shutil.rmtree(finished / "corrections" / SERIES, ignore_errors=True)


def change(project: Path, section: str, **values: object) -> None:
    """Set keys of a section in the project's params.yaml."""
    path = project / "params.yaml"
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    params[section].update(values)
    path.write_text(yaml.safe_dump(params, sort_keys=False, allow_unicode=True), encoding="utf-8")


def after(*stages: str) -> set[str]:
    """The stages of an episode and of its series that follow from any of `stages`, those included."""
    follows = {
        "probe": ["frames"],
        "frames": ["shots", "dedup"],
        "shots": ["dedup", "quality"],
        "dedup": ["stills"],
        "stills": ["review", "detect", "quality", "tag", "crop", "embed", "characters"],
        "detect": ["tag", "crop"],
        "quality": ["tag", "crop"],
        "tag": ["crop"],
        "crop": ["embed", "characters"],
        "embed": ["characters"],
        "review": ["overview"],
    }
    found = set(stages)
    for stage in [*EPISODE_STAGES, "overview", "characters"]:
        found |= {next_stage for next_stage in follows.get(stage, []) if stage in found}
    return found


# What a series that no run learns from has: nobody asks what its images show.
MADE = [stage for stage in EPISODE_STAGES if stage != "describe"]


@pytest.mark.slow
def test_every_stage_leaves_its_table_and_a_second_run_has_nothing_to_do(finished: Path) -> None:
    for stage in MADE:
        assert list((finished / f"data/{stage}/{SERIES}").glob(f"{EPISODE}.*")), stage
    for target in EVERYTHING:
        assert (finished / target).is_file()
    again = snakemake(finished)
    assert again.code == 0 and "Nothing to be done" in again.text


@pytest.mark.slow
def test_every_job_has_a_log_that_ends_with_its_summary(finished: Path) -> None:
    for stage in MADE:
        log = (finished / f"logs/{stage}/{SERIES}/{EPISODE}.log").read_text(encoding="utf-8")
        assert log.splitlines()[-1].startswith(f"{stage} {SERIES}/{EPISODE}: "), log


@pytest.mark.slow
def test_nothing_temporary_stays(finished: Path) -> None:
    assert list(finished.rglob("*.tmp")) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("section", "key", "value"),
    [("tag", "threshold", 0.4), ("crop", "head_scale", 1.4), ("shots", "black", 31.0), ("embed", "kinds", ["head"])],
)
def test_a_changed_parameter_reruns_its_stage_and_what_follows(
    restored: Path, section: str, key: str, value: object
) -> None:
    change(restored, section, **{key: value})
    assert set(snakemake(restored, "-n").jobs) == after(section)


@pytest.mark.slow
def test_only_the_order_and_comments_of_params_changed_is_nothing(restored: Path) -> None:
    change(restored, "tag")
    assert snakemake(restored, "-n").jobs == {}


@pytest.mark.slow
def test_new_times_of_files_are_nothing(restored: Path) -> None:
    for path in [*restored.glob("genga/*.py"), *restored.glob("scripts/*.py"), *restored.glob("data/raw/*/*")]:
        os.utime(path)
    assert snakemake(restored, "-n").jobs == {}


@pytest.mark.slow
def test_changed_code_reruns_the_stages_that_import_it(restored: Path) -> None:
    with open(restored / "genga/people/tag.py", "a", encoding="utf-8") as file:
        file.write("\n_CHANGED = True\n")
    jobs = set(snakemake(restored, "-n").jobs)
    assert "tag" in jobs and not jobs & {"probe", "frames", "shots", "dedup", "stills", "detect"}
    assert after("tag") <= jobs


@pytest.mark.slow
def test_a_correction_reruns_the_stage_that_reads_it(restored: Path) -> None:
    path = restored / f"corrections/{SERIES}/{EPISODE}/tags.csv"
    path.parent.mkdir(parents=True)
    path.write_text("still_or_crop,box,tag,decision,who,why\n", encoding="utf-8")
    assert set(snakemake(restored, "-n").jobs) == after("tag")


@pytest.mark.slow
def test_a_file_that_is_no_video_fails_alone_and_in_one_line(restored: Path) -> None:
    bad = restored / f"data/raw/{SERIES}/第9話 notes.mkv"  # no episode after it looks back to it
    bad.write_text("not a video\n", encoding="utf-8")
    good = restored / f"data/raw/{SERIES}/第2話.mkv"
    shutil.copy2(restored / f"data/raw/{SERIES}/{EPISODE}.mkv", good)
    try:
        ran = snakemake(restored, "all_stills")
    finally:
        bad.unlink()
        good.unlink()
    assert ran.code != 0
    assert {line.partition(" (log: ")[0] for line in ran.errors} == {ran.errors[0].partition(" (log: ")[0]}
    assert "第9話 notes.mkv" in ran.errors[0]
    assert f"(log: logs/probe/{SERIES}/第9話 notes.log)" in ran.text
    assert (restored / f"data/stills/{SERIES}/第2話.parquet").is_file()
    assert not list((restored / "data").rglob("*notes.json")), "nothing half-written"


@pytest.mark.slow
def test_a_later_episode_leaves_the_earlier_ones_alone(restored: Path, tmp_path: Path) -> None:
    from demo.series import draw_series

    later = "第2話"
    video = restored / f"data/raw/{SERIES}/{later}.mkv"
    made = [path for path in restored.rglob(f"data/*/{SERIES}/{EPISODE}.*") if path.parent.parent.name != "raw"]
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in made}
    # The same seed and the first seconds: all that is drawn is the opening that episodes share.
    shutil.copy2(draw_series(tmp_path, tmp_path, episodes=2, seconds=SECONDS, height=HEIGHT, seed=7)[1], video)
    try:
        assert snakemake(restored, "-n").jobs == {stage: 1 for stage in [*MADE, "overview", "characters"]}
        ran = snakemake(restored)
        assert ran.code == 0, ran.text
        assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before
        found = pl.read_parquet(restored / f"data/dedup/{SERIES}/{later}.parquet").filter(pl.col("reason") == "series")
        assert len(found) > SECONDS * 12 and set(found["keeper_episode"]) == {EPISODE}
        assert snakemake(restored, "-n").jobs == {}
    finally:
        for path in restored.rglob(f"{later}.*"):
            path.unlink()
        assert snakemake(restored).code == 0, "the series' tables without it"


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("models", "bach", 8, "error: params.yaml:models.bach is not a known key"),
        ("models", "batch", -3, "error: params.yaml:models.batch must be 1..1024, got -3"),
        (
            "models",
            "use",
            "mine",
            "error: params.yaml:models.use: input should be 'embedded', 'published', 'published-large' "
            "or 'published-2026', got 'mine'",
        ),
    ],
)
def test_a_wrong_parameter_is_one_line_before_any_job(
    bare: Path, section: str, key: str, value: object, message: str
) -> None:
    change(bare, section, **{key: value})
    ran = snakemake(bare, "-n")
    assert ran.code != 0
    assert len(ran.errors) == 1 and ran.errors[0].startswith(message)
    assert "Traceback" not in ran.text


def test_a_run_without_video_is_left_out_and_said(bare: Path) -> None:
    change(bare, "runs", aoi={"series": "none such", "character": "aoi"})
    ran = snakemake(bare, "-n")
    assert ran.code == 0
    assert "run aoi is left out: no video under data/raw/none such/" in ran.text
    assert ran.jobs == {}


def test_two_videos_of_one_episode_are_refused(bare: Path) -> None:
    (bare / "data/raw/s").mkdir(parents=True)
    for name in ("a.mkv", "a.mp4"):
        (bare / "data/raw/s" / name).touch()
    ran = snakemake(bare, "-n")
    assert ran.code != 0
    assert ran.errors == [
        "error: data/raw/s/a.mp4: data/raw/s/a.mkv is the same episode; rename one of them or take it away"
    ]


def test_a_series_that_has_to_be_put_right_ends_no_other(bare: Path) -> None:
    for name in ("s/a.mkv", "s/a.mp4", "t/b.mkv", "u/c.mkv"):
        (bare / "data/raw" / name).parent.mkdir(parents=True, exist_ok=True)
        (bare / "data/raw" / name).touch()
    (bare / "data/raw/u/d.mkv").symlink_to("/gone/d.mkv")
    ran = snakemake(bare, "-n")
    assert ran.code == 0 and ran.jobs["probe"] == 1, ran.text
    assert "note: data/raw/u/d.mkv, a link to /gone/d.mkv, cannot be read (No such file or directory)" in ran.text
    assert "or take it away; until then series s is what is on record of it" in ran.text


def test_dvc_reads_its_phases(bare: Path) -> None:
    for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
        shutil.copy2(Path(__file__).parent.parent / name, bare / name)
    shutil.copytree(Path(__file__).parent.parent / ".dvc", bare / ".dvc", ignore=shutil.ignore_patterns("tmp", "cache"))
    change(bare, "runs", hana={"series": "sample", "character": "hana"})
    subprocess.run(["git", "init", "-q"], cwd=bare, check=True)

    def dvc(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "dvc", *arguments], cwd=bare, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    names = [line.split()[0] for line in dvc("stage", "list").splitlines()]
    assert [name for name in names if "@" not in name or name.endswith("@hana")] == names[:5] + [
        "train@hana",
        "evaluate@hana",
    ]
    arrows = re.findall(r"(node\d+)-->(node\d+)", graph := dvc("dag", "--mermaid"))
    called = dict(re.findall(r'(node\d+)\["([^"]+)"\]', graph))
    edges = {(called[a], called[b]) for a, b in arrows}
    assert {("code", "stills"), ("stills", "tags"), ("tags", "dataset"), ("train@hana", "evaluate@hana")} <= edges
    assert "changed deps" in dvc("status")
