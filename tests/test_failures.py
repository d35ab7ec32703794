"""genga.jobs.log_errors: what the failed jobs said."""

import os
from pathlib import Path

import pytest

from genga.jobs.log_errors import failures_in_words, find_failures, noting


def test_errors_and_crashes_of_this_run_only(tmp_path: Path) -> None:
    logs = {
        "probe/b.log": "reading\nerror: b.mkv: not a video\n",
        "probe/a.log": "Traceback (most recent call last):\n  File x\nKeyError: 'y'\n",
        "probe/good.log": "probe good: 1 stream\n",
        "train/killed.log": "note: goes on\ntrain r: 588/600 steps, loss 0.1426, 19.3/min, 37 s left\n",
        "probe/killed.log": "",
        "probe/old.log": "error: long ago\n",
        "probe/shell.log": "bash: line 1: /opt/bin/python: Argument list too long\n",
        "probe/shell2.log": "/bin/sh: 1: python: not found\n",
        "probe/shell3.log": "bash: python: command not found\n",
        "train/torch.log": "note: goes on\nterminate called after throwing an instance of 'std::bad_alloc'\n",
    }
    (tmp_path / "probe").mkdir()
    (tmp_path / "train").mkdir()
    for name, text in logs.items():
        (tmp_path / name).write_text(text)
    killed = (
        "error: ended without a word: killed, by somebody or for want of memory; run again, then with fewer --cores"
    )
    os.utime(tmp_path / "probe/old.log", (100, 100))
    assert find_failures(tmp_path, since=200) == [
        (f"{tmp_path}/probe/a.log", "error: KeyError: 'y'"),
        (f"{tmp_path}/probe/b.log", "error: b.mkv: not a video"),
        (f"{tmp_path}/probe/killed.log", killed),
        (f"{tmp_path}/probe/shell.log", "error: could not be started: /opt/bin/python: Argument list too long"),
        (f"{tmp_path}/probe/shell2.log", "error: could not be started: python: not found"),
        (f"{tmp_path}/probe/shell3.log", "error: could not be started: python: command not found"),
        (f"{tmp_path}/train/killed.log", killed),
        (
            f"{tmp_path}/train/torch.log",
            f"{killed}; it said last: terminate called after throwing an instance of 'std::bad_alloc'",
        ),
    ]


def test_a_line_ends_at_its_line_feed_alone(tmp_path: Path) -> None:
    said = "error: a\N{LINE SEPARATOR}b\N{NEXT LINE}c.mkv: not a video"
    (tmp_path / "a.log").write_text(f"reading\n{said}\n", encoding="utf-8")
    assert find_failures(tmp_path, since=0) == [(f"{tmp_path}/a.log", said)]


def test_of_a_killed_job_for_a_pack_the_clip_is_named_that_it_was_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("logs/frames/s").mkdir(parents=True)
    Path("logs/frames/s/pack-0.log").write_text("frames s/pack-0: 7/9 clips, 1.4/s, 1 s left\n")
    killed = (
        "error: ended without a word: killed, by somebody or for want of memory; run again, then with fewer --cores"
    )
    with noting("frames", "s", "pack-0") as begun:
        assert find_failures("logs", since=0) == [("logs/frames/s/pack-0.log", killed)]
        begun("a.b")
        begun("huge #2")
        said = f"{killed}; it was at s/huge #2: take that away if it is so again"
        assert find_failures("logs", since=0) == [("logs/frames/s/pack-0.log", said)]
    assert find_failures("logs", since=0) == [("logs/frames/s/pack-0.log", killed)]


def test_of_many_failures_the_first_twenty_are_said() -> None:
    failures = [(f"logs/probe/s/{k}.log", "error: no room") for k in range(23)]
    assert failures_in_words(failures[:2]) == [
        "error: no room (log: logs/probe/s/0.log)", "error: no room (log: logs/probe/s/1.log)",
    ]  # fmt: skip
    assert failures_in_words(failures)[20:] == ["error: 3 more jobs failed; each says why in its log, in logs/"]
