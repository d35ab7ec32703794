"""Files that grow by lines."""

from pathlib import Path

import pytest

from genga.desk.journal import Journal
from genga.errors import GengaError
from genga.store.lines import add_lines


@pytest.mark.parametrize(
    ("there", "then"),
    [
        (None, b"a\n\xc3\xa9\n"),
        (b"", b"a\n\xc3\xa9\n"),
        (b"one\n", b"one\na\n\xc3\xa9\n"),
        (b"one\nha", b"one\na\n\xc3\xa9\n"),  # of a loss of power
        (b"ha", b"a\n\xc3\xa9\n"),
    ],
)
def test_lines_are_added_and_half_a_line_is_cut_away(there: bytes | None, then: bytes, tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    if there is not None:
        path.write_bytes(there)
    add_lines(path, ["a", "é"])
    assert path.read_bytes() == then
    add_lines(path, [])
    assert path.read_bytes() == then


def test_nothing_makes_no_file_and_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    add_lines(tmp_path / "none", [])
    assert not (tmp_path / "none").exists()
    with pytest.raises(GengaError, match=r"lines: cannot be written \(Is a directory\); make room there, and"):
        (tmp_path / "lines").mkdir()
        add_lines(tmp_path / "lines", ["a"])


def test_what_the_desk_does_after_a_loss_of_power_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path).add("first", [])
    with path.open("ab") as file:
        file.write(b'{"did": "ha')
    Journal(path).add("second", [])
    assert [entry.what for entry in Journal(path).past] == ["first", "second"]
