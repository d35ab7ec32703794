"""genga.workflow.records: the lines of records.jsonl, written and read again."""

from pathlib import Path

import pytest

from genga.errors import GengaError
from genga.workflow.records import Output, Record, Records, line_of, read_records, write_records

TAG = Record(
    rule="tag",
    wildcards={"series": "s", "episode": "e"},
    outputs={"data/tag/s/e.parquet": Output("a" * 64, 5)},
    inputs={"data/stills/s/e.parquet": "b" * 64, "corrections/s/e/tags.csv": None},
    params={"values": {"threshold": 0.5}},
    code="c1",
    shell="s1",
    software="w1",
)
STILLS = Record(
    rule="stills",
    wildcards={"series": "s", "episode": "e"},
    outputs={"data/stills/s/e.tar": Output("d" * 64, 9), "data/stills/s/e.parquet": Output("b" * 64, 7)},
    inputs={},
    params={},
    code="c2",
    shell="s1",
    software="w1",
)
RECORDS = Records(
    jobs={TAG.key: TAG, STILLS.key: STILLS},
    code={"c1": {"genga/people/tag.py": "1"}, "c2": {"genga/drawings/stills.py": "2"}, "c3": {"genga/old.py": "3"}},
    shell={"s1": "python scripts/x.py"},
    software={"w1": {"python": "3.11"}},
)


def test_a_line_is_one_object_with_sorted_parts() -> None:
    assert line_of(TAG) == (
        '{"job":"data/tag/s/e.parquet","code":"c1","inputs":{"corrections/s/e/tags.csv":null,'
        f'"data/stills/s/e.parquet":"{"b" * 64}"}},'
        f'"outputs":{{"data/tag/s/e.parquet":{{"sha256":"{"a" * 64}","size":5}}}},'
        '"params":{"values":{"threshold":0.5}},"rule":"tag","shell":"s1","software":"w1",'
        '"wildcards":{"episode":"e","series":"s"}}'
    )


def test_a_job_is_called_by_the_first_of_its_outputs() -> None:
    assert STILLS.key == "data/stills/s/e.parquet"


def test_written_and_read_again_without_what_no_job_refers_to(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    assert write_records(RECORDS, path)
    assert not write_records(RECORDS, path)
    lines = path.read_text().splitlines()
    assert lines == sorted(lines) and len(lines) == 6
    read = read_records(path)
    assert read.jobs == RECORDS.jobs
    assert read.code == {"c1": {"genga/people/tag.py": "1"}, "c2": {"genga/drawings/stills.py": "2"}}
    assert (read.shell, read.software) == (RECORDS.shell, RECORDS.software)
    assert read.maker["data/stills/s/e.tar"] == STILLS


def test_no_file_is_no_records(tmp_path: Path) -> None:
    assert read_records(tmp_path / "records.jsonl") == Records()


@pytest.mark.parametrize("line", ["<<<<<<< HEAD", '{"job":"x"}', "[]"])
def test_what_is_no_record_is_named_by_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "records.jsonl"
    write_records(RECORDS, path)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(GengaError, match=r"records\.jsonl:7: is not a record"):
        read_records(path)
