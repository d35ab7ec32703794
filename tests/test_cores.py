"""genga.workflow.cores: two threads to decode by where cores are to spare, else one."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from genga.workflow.cores import decoding_threads


def snakemake(cores: int | None, here: bool = True) -> SimpleNamespace:
    return SimpleNamespace(resource_settings=SimpleNamespace(cores=cores), local_exec=here)


@pytest.mark.parametrize(
    ("cores", "episodes", "threads"),
    [(1, 1, 1), (2, 1, 2), (2, 2, 1), (3, 2, 1), (4, 2, 2), (16, 12, 1), (None, 12, 2)],
)
def test_a_job_has_two_threads_where_cores_are_to_spare(
    tmp_path: Path, cores: int | None, episodes: int, threads: int
) -> None:
    tables = [str(tmp_path / f"{number}.parquet") for number in range(episodes)]
    assert decoding_threads(snakemake(cores), tables) == threads


def test_what_is_there_takes_no_core(tmp_path: Path) -> None:
    tables = [str(tmp_path / f"{number}.parquet") for number in range(12)]
    for path in tables[1:]:
        Path(path).touch()
    assert decoding_threads(snakemake(2), tables) == 2  # one new episode
    Path(tables[0]).touch()
    assert decoding_threads(snakemake(2), tables) == 1  # all are made anew


def test_jobs_elsewhere_have_two(tmp_path: Path) -> None:
    assert decoding_threads(snakemake(2, here=False), [str(tmp_path / "a.parquet")] * 12) == 2
