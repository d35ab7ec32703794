"""genga.workflow.records: the lines of records.jsonl, written and read again."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from genga.errors import GengaError
from genga.store.hash_cache import Stamps
from genga.workflow.missing_videos import videos_on_record
from genga.workflow.records import Output, Record, Records, line_of, read_records, write_records
from genga.workflow.restore import State, restore
from genga.workflow.snakemake_metadata import Store

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


LINE_ENDS = "\N{NEXT LINE} \N{LINE SEPARATOR} \N{PARAGRAPH SEPARATOR}"


def test_a_line_ends_at_its_line_feed_alone(tmp_path: Path) -> None:
    episode = {"series": "s", "episode": f"e{LINE_ENDS}"}
    probe = replace(
        TAG,
        rule="probe",
        wildcards=episode,
        outputs={f"data/probe/s/e{LINE_ENDS}.json": Output("a" * 64, 5)},
        inputs={f"data/raw/s/e{LINE_ENDS}.mkv": "b" * 64},
        params={"prompt": LINE_ENDS},
    )
    records = replace(RECORDS, jobs={probe.key: probe})
    assert write_records(records, tmp_path / "records.jsonl")
    assert not write_records(records, tmp_path / "records.jsonl")
    assert read_records(tmp_path / "records.jsonl").jobs == {probe.key: probe}
    assert videos_on_record(tmp_path / "records.jsonl") == {("s", f"e{LINE_ENDS}"): f"data/raw/s/e{LINE_ENDS}.mkv"}


OTHERWISE = {
    "inputs": [[], {"a": 1}], "outputs": [{}, {"data/tag/s/e.parquet": {"sha256": 1, "size": 5}}, {"x": 3}],
    "job": ["data/another"], "rule": [None], "wildcards": [{"series": 1}, []], "params": [[]], "code": [3],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, of in OTHERWISE.items() for value in of])
def test_a_record_of_another_form_is_named_by_its_line(tmp_path: Path, name: str, value: object) -> None:
    (tmp_path / "records.jsonl").write_text(json.dumps(json.loads(line_of(TAG)) | {name: value}))
    with pytest.raises(GengaError, match=r"records\.jsonl:1: is not a record .*`git checkout"):
        read_records(tmp_path / "records.jsonl")


@pytest.mark.parametrize(
    "content", [b"\xff\n", b"\n", b"[" * 100_000, b'{"shell":"s","is":[]}', b'{"code":"c","is":"x"}']
)
def test_what_is_no_text_is_named_by_its_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "records.jsonl").write_bytes(content)
    with pytest.raises(GengaError, match=r"records\.jsonl:1: is not a record"):
        read_records(tmp_path / "records.jsonl")


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").touch()
    assert read_records(tmp_path / "records.jsonl") == Records()


@pytest.mark.parametrize("line", ["<<<<<<< HEAD", '{"job":"x"}', "[]"])
def test_what_is_no_record_is_named_by_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "records.jsonl"
    write_records(RECORDS, path)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(GengaError, match=r"records\.jsonl:7: is not a record"):
        read_records(path)


def made(rule: str, output: str, inputs: dict[str, str | None]) -> Record:
    data = Path(output).read_bytes()
    of = Output(hashlib.sha256(data).hexdigest(), len(data))
    return Record(rule, {}, {output: of}, inputs, {}, "c1", "s1", "w1")


def test_a_file_is_odd_by_its_own_line_and_not_by_that_of_a_stale_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    video, probe, frames, dedup = "data/raw/s/e.mkv", "data/probe/s/e.json", "data/frames/s/e", "data/dedup/s/e"
    for path in (video, probe, frames, dedup):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(path)
    of_now = hashlib.sha256(video.encode()).hexdigest()
    # Probe and frames ran again; dedup and stills have not yet: they read what was there before.
    jobs = [
        made("probe", probe, {video: of_now}),
        made("frames", frames, {}),
        made("dedup", dedup, {frames: "0" * 64, video: "0" * 64}),
    ]
    records = replace(RECORDS, jobs={job.key: job for job in jobs})

    def odd() -> list[str]:
        return restore(records, "", State("", {}, {}), Store(Path(".snakemake")), Stamps("stamps.json"))[1]

    assert odd() == []
    os.utime(frames)
    Path(dedup).write_text(dedup)  # the same again
    assert odd() == []
    Path(frames).write_text("FRAMES")
    Path(video).write_text("another")
    assert odd() == [frames, video]
