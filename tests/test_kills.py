"""SIGKILL of a job, of Snakemake and of everything: the same command finishes it, to the same bytes (bench.kills)."""

from pathlib import Path

import pytest

from bench.kills import Moment, clean, copy_project, disturb, finish, lasted, moments, outputs
from demo.series import draw_series
from genga.stages import STAGES

TARGET = ("all_stills",)
KILLS = [
    Moment("start", "everything", 0.5, 0),
    Moment("probe", "snakemake", 0.9, 0),
    Moment("record", "snakemake", 0.1, 0),
    Moment("frames", "everything", 0.5, 0),
    Moment("shots", "job", 0.9, 0),
    Moment("stills", "snakemake", 0.7, 0),
]


def test_moments_hit_everything_and_are_the_same_for_a_seed() -> None:
    drawn = moments(50, 0, 3)
    assert drawn == moments(50, 0, 3) != moments(50, 1, 3)
    assert {moment.where for moment in drawn} == {*STAGES, "start", "record", "checkpoint", "finish"}
    assert [moment.pass_ for moment in drawn] == sorted(moment.pass_ for moment in drawn)
    assert {moment.who for moment in drawn} == {"job", "snakemake", "everything"}


@pytest.mark.slow
def test_a_killed_workflow_is_finished_by_the_same_command(tmp_path: Path) -> None:
    draw_series(tmp_path / "raw/s", tmp_path, episodes=1, seconds=3.0, height=180, seed=7)
    project = tmp_path / "project"
    copy_project(project, tmp_path / "raw")
    finish(project, 2, TARGET)
    lasts = lasted(project)
    whole = outputs(project)
    assert {f"data/{stage}/s/ep01.parquet" for stage in ("frames", "shots", "dedup", "stills")} <= whole.keys()
    clean(project)
    assert outputs(project) == {}
    hit = 0
    for moment in KILLS:
        hit += disturb(project, moment, 2, lasts, TARGET)
        found = outputs(project)
        found.pop("records.jsonl", None)  # grows
        assert found.items() <= whole.items(), moment
    assert hit >= len(KILLS) - 1
    finish(project, 2, TARGET)
    assert outputs(project) == whole
    assert list(project.rglob(".*.tmp")) == []
