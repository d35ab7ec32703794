"""genga.workflow.unreadable: a video that is none holds up its series once, and comes back when it is another."""

from pathlib import Path

import pytest

from genga.workflow.unreadable import leave_out, note

PARAMS = {"probe": {"stream": "largest"}, "frames": {"lines": 54}}
VIDEOS = {("s", name): f"data/raw/s/{name}.mkv" for name in ("1", "2", "3")} | {("gifs", "pack"): ""}


class Code:
    def __init__(self, key: str) -> None:
        self.key = key

    def code(self, stage: str, *also: str) -> str:
        return f"{self.key} of {stage}"


@pytest.fixture
def failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Why jobs failed: of videos 2 and 3 that they are none, of 1 that its share is gone."""
    monkeypatch.chdir(tmp_path)
    said = [
        ("probe/s/1", "error: data/raw/s/1.mkv: cannot be read (Stale file handle); bring it back, and run again"),
        ("probe/s/2", "error: data/raw/s/2.mkv: not a readable video; copy it again"),
        ("probe/s/3", "error: data/raw/s/3.mkv: is empty (0 bytes); copy it again"),
        ("frames/s/3", "error: data/raw/s/3.mkv: no space left"),
        ("probe/gifs/pack", "error: ended without a word"),
    ]
    for name in ("1", "2", "3"):
        Path("data/raw/s").mkdir(parents=True, exist_ok=True)
        Path(f"data/raw/s/{name}.mkv").write_text("no video")
    for name, line in said:
        log = Path(f"logs/{name}.log")
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(line)
    return [(f"logs/{name}.log", line) for name, line in said]


def left(code: str = "a", params: dict[str, object] = PARAMS) -> tuple[set[str], list[str]]:
    said: list[str] = []
    there = leave_out(VIDEOS, Code(code), params, said)
    return {name for series, name in VIDEOS if (series, name) not in there}, said


def test_a_video_that_cannot_be_read_is_left_out_of_the_next_run(
    failed: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert left() == (set(), [])
    note(failed, VIDEOS, Code("a"), PARAMS)
    assert capsys.readouterr().err == (
        "note: run again, and series s goes on without data/raw/s/2.mkv, data/raw/s/3.mkv\n"
    )
    names, said = left()
    assert names == {"2", "3"} and said == [
        "data/raw/s/2.mkv: not a readable video; copy it again; until then series s goes on without it",
        "data/raw/s/3.mkv: is empty (0 bytes); copy it again; until then series s goes on without it",
    ]


def test_of_many_the_first_are_named_and_the_others_counted(
    failed: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("genga.workflow.unreadable._MOST", 1)
    note(failed, VIDEOS, Code("a"), PARAMS)
    assert capsys.readouterr().err == "note: run again, and series s goes on without data/raw/s/2.mkv and 1 more\n"
    assert left()[1][1:] == ["series s goes on without 1 more that cannot be read"]


def test_it_comes_back_as_another_file_or_to_another_probe(failed: list[tuple[str, str]]) -> None:
    note(failed, VIDEOS, Code("a"), PARAMS)
    assert left(code="b")[0] == set()
    assert left(params={**PARAMS, "probe": {"stream": 1}})[0] == set()
    assert left(params={**PARAMS, "frames": {}})[0] == {"2", "3"}
    Path("data/raw/s/2.mkv").write_text("mended")
    Path("data/raw/s/3.mkv").unlink()
    assert left()[0] == set()


def test_a_file_that_is_still_written_is_tried_again(failed: list[tuple[str, str]]) -> None:
    Path("data/raw/s/2.mkv").write_text("no video yet")  # after the job
    note(failed, VIDEOS, Code("a"), PARAMS)
    assert left()[0] == {"3"}


def test_what_was_noted_before_stays_while_it_holds(failed: list[tuple[str, str]]) -> None:
    note([one for one in failed if "3" in one[0]], VIDEOS, Code("a"), PARAMS)
    note([one for one in failed if "2" in one[0]], VIDEOS, Code("a"), PARAMS)
    assert left()[0] == {"2", "3"}
    note([one for one in failed if "2" in one[0]], VIDEOS, Code("b"), PARAMS)
    assert left("b")[0] == {"2"}
