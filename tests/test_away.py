"""Videos on a network drive, or left out: what is on record, links that lead nowhere, what cannot be made again."""

import json
import os
import shutil
from pathlib import Path

import pytest
from audited import record
from standin import EPISODES, SERIES, command, digests, make_standin, put, snakemake

from genga.errors import GengaError
from genga.workflow.missing_videos import (
    beyond_reach,
    check_links,
    links_unnamed,
    put_aside,
    taken_away,
    videos_on_record,
)
from genga.workflow.records import Records


def lines(path: Path, *jobs: tuple[str, str, str, list[str]]) -> Path:
    """A records.jsonl of jobs: output, rule, episode, inputs; of series s."""
    found = [
        {"job": output, "rule": rule, "wildcards": {"series": "s", "episode": episode}, "inputs": dict.fromkeys(inputs)}
        for output, rule, episode, inputs in jobs
    ]
    path.write_text("".join(f"{json.dumps(job, separators=(',', ':'))}\n" for job in found), encoding="utf-8")
    return path


def probed(episode: str, extension: str) -> tuple[str, str, str, list[str]]:
    return f"data/probe/s/{episode}.json", "probe", episode, [f"data/raw/s/{episode}.{extension}"]


def test_the_videos_on_record_are_those_that_were_put_together_in_the_order_of_their_files(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    assert videos_on_record(path) == {}
    found = videos_on_record(lines(path, probed("ep 1", "mp4"), probed("ep 1 b", "mkv"), probed("ep 2", "mkv")))
    assert list(found.items()) == [
        (("s", "ep 1 b"), "data/raw/s/ep 1 b.mkv"),  # as files are sorted, a space before the dot
        (("s", "ep 1"), "data/raw/s/ep 1.mp4"),
        (("s", "ep 2"), "data/raw/s/ep 2.mkv"),
    ]
    together = ("data/characters/s.html", "characters", "", ["data/crop/s/ep 2.parquet", "data/stills/s/ep 2.parquet"])
    assert list(videos_on_record(lines(path, probed("ep 1", "mp4"), probed("ep 2", "mkv"), together))) == [
        ("s", "ep 2")
    ]
    path.write_text('{"job":"data/probe/\n', encoding="utf-8")
    with pytest.raises(GengaError, match="records.jsonl:1: is not a record"):
        videos_on_record(path)


def test_videos_taken_away_are_those_of_series_that_have_others(tmp_path: Path) -> None:
    recorded = {("s", "1"): "data/raw/s/1.mkv", ("s", "2"): "data/raw/s/2.mkv", ("t", "1"): "data/raw/t/1.mkv"}
    assert taken_away(recorded, [("s", "2")]) == ["data/raw/s/1.mkv"]
    assert taken_away(recorded, []) == []


def test_links_that_lead_nowhere_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    raw, share, video = Path("data/raw"), tmp_path / "nas/s", ["data/raw/s/1.mkv"]
    aside: dict[str, str] = {}
    assert check_links(raw, video, aside) == []  # nothing here: left out of a pull
    share.mkdir(parents=True)
    (share / "1.mkv").touch()
    raw.mkdir(parents=True)
    (raw / "s").symlink_to(share)
    assert check_links(raw, video, aside) == []
    (share / "1.mkv").unlink()
    (line,) = check_links(raw, video, aside)
    assert line.startswith(f"data/raw/s, a link to {share}, cannot be read (there is no video in it)")
    assert check_links(raw, [], aside) == []  # never had any
    share.rmdir()
    (line,) = check_links(raw, video, aside)
    assert line.startswith(f"data/raw/s, a link to {share}, cannot be read (No such file or directory); bring back")
    (raw / "s").unlink()
    (raw / "s").mkdir()
    assert check_links(raw, video, aside) == []  # an empty folder that is no link: left out
    (raw / "s/1.mkv").symlink_to(share / "1.mkv")
    assert aside == {}
    assert check_links(raw, video, aside) == []
    assert aside == {
        "s": f"data/raw/s/1.mkv, a link to {share}/1.mkv, cannot be read (No such file or directory); bring back the "
        "disk or share that it is on, or take the link away"
    }
    shutil.rmtree(raw)
    raw.symlink_to(tmp_path / "nas2")
    (line,) = check_links(raw, video, aside)
    assert line.startswith("data/raw, a link to ")


def test_a_video_and_a_folder_that_may_not_be_read_are_named_and_end_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path in ("s/1.mkv", "s/2.mkv", "t/1.mkv", "t/deeper/2.mkv"):
        Path("data/raw", path).parent.mkdir(parents=True, exist_ok=True)
        Path("data/raw", path).touch()
    scandir = os.scandir

    def some(path: Path) -> object:
        if path == Path("data/raw/t/deeper"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    # Root may read all.
    monkeypatch.setattr("os.scandir", some)
    monkeypatch.setattr("os.access", lambda path, _: path != Path("data/raw/s/2.mkv"))
    aside: dict[str, str] = {}
    (line,) = check_links("data/raw", [], aside)
    assert line.startswith("data/raw/t/deeper cannot be read (Permission denied)")
    why = "data/raw/s/2.mkv cannot be read (Permission denied); bring back the disk or share that it is on, "
    assert aside == {"s": why + "let yourself read it, or take it away"}


def test_what_is_put_aside_is_said_and_ends_nothing_while_there_are_others() -> None:
    assert put_aside({}, []) == []
    assert put_aside({"s": "why", "t": "this"}, ["s", "u"]) == [
        "why; until then series s is what is on record of it",
        "this; until then series t is what is on record of it",
    ]
    with pytest.raises(GengaError, match="^why; this$"):
        put_aside({"s": "why", "t": "this"}, ["t", "s"])


def test_a_link_that_dvc_does_not_look_behind_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data/raw/t").mkdir(parents=True)
    Path("data/raw/s").symlink_to(tmp_path)
    assert links_unnamed("data/raw", "dvc.yaml") == [], "without DVC nothing to say"
    Path("dvc.yaml").write_text("deps: [data/raw]", encoding="utf-8")
    assert links_unnamed("data/raw", "dvc.yaml") == ["data/raw/s"]
    Path("dvc.yaml").write_text("deps: [data/raw, data/raw/s]", encoding="utf-8")
    assert links_unnamed("data/raw", "dvc.yaml") == []


def test_what_would_be_made_otherwise_and_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in ("data/raw/s/1.mkv", "data/stills/s/1.parquet", "data/tag/s/1.parquet"):
        put(Path(path), path)
    stills = record("stills", ["data/stills/s/1.parquet"], ["data/raw/s/1.mkv"], stills={"a": 1, "b": 2})
    tag = record("tag", ["data/tag/s/1.parquet"], ["data/stills/s/1.parquet"], tag=3)
    for job in (stills, tag):
        job.wildcards.update({"series": "s"})
    records, now = Records({job.key: job for job in (stills, tag)}), {"stills": {"b": 2, "a": 0}, "tag": 4}
    assert beyond_reach(records, ["s"], lambda job: now) == [], "all is here: Snakemake's affair"
    os.remove("data/raw/s/1.mkv")
    assert beyond_reach(records, ["s"], lambda job: now) == [(stills.key, ["stills"])]
    assert beyond_reach(records, ["s"], lambda job: {"stills": {"b": 2, "a": 1}}) == []
    os.remove("data/stills/s/1.parquet")
    assert [key for key, _ in beyond_reach(records, ["s"], lambda job: now)] == [stills.key, tag.key]
    assert beyond_reach(records, [], lambda job: now) == []


@pytest.mark.slow
def test_videos_on_a_network_drive_changed_gone_and_back(tmp_path: Path) -> None:
    project, nas = make_standin(tmp_path / "project"), tmp_path / "nas"
    shutil.move(project / f"data/raw/{SERIES}", nas / SERIES)
    link = project / f"data/raw/{SERIES}"
    link.symlink_to(nas / SERIES)
    ran = snakemake(project)
    assert ran.code == 0 and f"note: data/raw/{SERIES} is a link, behind which DVC does not look" in ran.text
    phases = (project / "dvc.yaml").read_text(encoding="utf-8")
    (project / "dvc.yaml").write_text(phases.replace("[data/raw,", f"[data/raw, data/raw/{SERIES},", 1), "utf-8")
    command(project, "git", "init", "-q")
    command(project, "dvc", "commit", "--force", "-q")
    assert "is a link" not in (told := snakemake(project, "-n").text) and "Nothing to be done" in told
    cached = {path.read_bytes() for path in (project / ".dvc/cache").rglob("*") if path.is_file()}
    assert not {path.read_bytes() for path in (nas / SERIES).iterdir()} & cached
    before = digests(project)
    # Gone: both name it, and nothing is made or taken away.
    nas.rename(tmp_path / "gone")
    ran = snakemake(project)
    assert ran.code == 0 and ran.nothing, ran.text
    assert f"note: data/raw/{SERIES}, a link to {nas / SERIES}, cannot be read" in ran.text
    for words in (("status",), ("repro",)):
        assert f"data/raw/{SERIES}'" in command(project, "dvc", *words, status=255)
    assert digests(project) == before
    # Back: nothing to do. A copy anew of the same video is nothing to either.
    (tmp_path / "gone").rename(nas)
    put(nas / SERIES / f"{EPISODES[0]}.mkv", f"video of {EPISODES[0]}", old=True)
    assert snakemake(project, "-n").nothing and "up to date" in command(project, "dvc", "status")
    # Another video, of the same size; then one fewer.
    put(nas / SERIES / f"{EPISODES[1]}.mkv", f"VIDEO of {EPISODES[1]}", old=True)
    ran = snakemake(project, "-n")
    assert f"note: data/raw/{SERIES}/{EPISODES[1]}.mkv is not what records.jsonl says" in ran.text
    assert ran.jobs["probe"] == 1 and f"data/raw/{SERIES}" in command(project, "dvc", "status", "stills")
    put(nas / SERIES / f"{EPISODES[1]}.mkv", f"video of {EPISODES[1]}")
    (nas / SERIES / f"{EPISODES[0]}.mkv").unlink()
    ran = snakemake(project, "-n")
    assert f"note: data/raw/{SERIES}/{EPISODES[0]}.mkv is on record and not here" in ran.text
    assert "characters" in ran.jobs and f"data/raw/{SERIES}" in command(project, "dvc", "status", "stills")
