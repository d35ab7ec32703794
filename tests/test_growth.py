"""A thousand episodes: commands that fit a command line, and a graph that is looked at in good time."""

from pathlib import Path

import pytest
from standin import change_params, make_standin, put, snakemake

from genga.audit.lineage import behind
from genga.workflow.records import Output, Record, Records

MANY = 1000
LINE = 128 << 10  # bytes that Linux takes as one word of a command


@pytest.mark.slow
def test_more_names_of_episodes_than_a_command_line_holds_fit_into_a_command(tmp_path: Path) -> None:
    project = make_standin(tmp_path / "project")
    change_params(project, "series", long={"shorts": False})
    long = "".join(chr(ord("一") + number) for number in range(60))
    names = [f"第{number:04}話 {long}" for number in range(700)]
    assert sum(len(name.encode()) for name in names) > LINE
    for name in names:
        put(project / f"data/raw/long/{name}.mkv", name)
        for stage in ("crop", "describe", "embed", "dedup", "stills", "frames", "detect", "tag", "quality"):
            put(project / f"data/{stage}/long/{name}.parquet", name)
    table = "data/dataset/long.parquet"
    ran = snakemake(project, "--allowed-rules", "characters", "dataset", "--", table)
    assert ran.code == 0, ran.text
    before = (project / table).read_text(encoding="utf-8")
    put(project / f"data/tag/long/{names[-1]}.parquet", "other")
    ran = snakemake(project, "--allowed-rules", "dataset", "--", table)
    assert ran.code == 0, ran.text
    assert (project / table).read_text(encoding="utf-8") != before, "the command was given every episode's tables"


def test_the_walk_behind_a_file_is_not_limited_by_its_length() -> None:
    """Each episode looks back to the one before: a chain as long as the series."""
    jobs = {}
    for number in range(3 * MANY):
        path, before = f"data/dedup/s/{number}.parquet", f"data/dedup/s/{number - 1}.parquet"
        inputs: dict[str, str | None] = {before: "a"} if number else {}
        jobs[path] = Record("dedup", {}, {path: Output("a", 1)}, inputs, {}, "c", "s", "w")
    found = behind(Records(jobs), f"data/dedup/s/{3 * MANY - 1}.parquet")
    assert [job.key for job in found] == list(jobs)
