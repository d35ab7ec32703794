"""The commands of auditors: whatever a name or a file is, one line says which it is, and the exit status is not 0."""

import json
import sys
from pathlib import Path

import pytest
from audited import FIRST, PLACE, SELECTED, SERIES, make, text

from genga.__main__ import main
from genga.store.files import sealed

NAMES = ("", ".", "..", "a/b", "../r", "{x}", "86", "x" * 300, "*", "r\n", "\udcff", "-")
COMMANDS = {
    "audit": ["audit", SELECTED, "--json", "out.json"],
    "trace": ["trace", FIRST, "--json", "out.json"],
    "diff": ["diff", "r", "r", "--json", "out.json"],
    "card": ["card", "r"],
    "sign": ["sign", "r", "key"],
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make(tmp_path)
    text("key", "not a key")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> list[str]:
    """What a command that must fail says on stderr: lines without their ends."""
    monkeypatch.setattr(sys, "argv", ["genga", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    return capsys.readouterr().err.removesuffix("\n").split("\n")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", ["audit", "trace", "diff", "card", "sign", "verify"])
def test_a_name_of_nothing_is_one_line(project: Path, capsys, monkeypatch, command: str, name: str) -> None:
    words = {"diff": [name, "r"], "sign": [name, "key"], "verify": [name, "key"]}.get(command, [name])
    before = sorted(project.rglob("*"))
    (line,) = said(capsys, monkeypatch, command, "--", *words)
    assert line.startswith("error: ")
    assert sorted(project.rglob("*")) == before, "nothing is written"


# Files that are not what they should be, and the commands that cannot do without them.
FILES = {
    "records.jsonl": (["audit", "diff", "card", "sign"], [b"[]\n", b"\xff\n", b'{"job":1}\n', b"[" * 99_999]),
    "models.yaml": (
        ["audit", "diff", "card"],
        [b"", b"[]", b"a: [", b"\xff", b"embedded: 3\npublished: {}", b"embedded: {3: {}}\npublished: {}",
         b"embedded: {}\npublished: {a: 3}", b"embedded: {}\npublished: {a: {files: []}}"],
    ),
    "models/r/checkpoints.json": (["audit", "diff", "card"], [b"", b"[]", b"{}", b"3", b"\xff", b"[" * 99_999]),
    "data/evaluate/r.json": (["card"], [b"", b"[]", b"{}", b"null", b"\xff"]),
}  # fmt: skip
CASES = [(path, command, n) for path, (commands, of) in FILES.items() for command in commands for n in range(len(of))]


@pytest.mark.parametrize(("path", "command", "number"), CASES)
def test_a_file_of_another_form_is_named_in_one_line(
    project: Path, capsys, monkeypatch, path: str, command: str, number: int
) -> None:
    text(path, FILES[path][1][number])
    (line,) = said(capsys, monkeypatch, *COMMANDS[command])
    assert line.startswith(f"error: {path}") and len(line) < 400
    assert not Path("out.json").exists()


TABLES = [
    *(f"data/{stage}/{PLACE}.parquet" for stage in ("frames", "dedup", "stills", "crop")),
    *(f"data/dataset/{SERIES}.parquet", "models/r/ledger.parquet", f"data/probe/{PLACE}.json"),
]


@pytest.mark.parametrize("path", TABLES)
@pytest.mark.parametrize("content", [b"", b"PAR1", b"[]", b"\xff" * 20])
def test_a_table_of_another_form_is_changed_and_the_rest_goes_on(
    project: Path, capsys, monkeypatch, path: str, content: bytes
) -> None:
    text(path, content)
    assert said(capsys, monkeypatch, *COMMANDS["audit"]) == [""], "it is a verdict, on stdout"
    assert f'"name": "{path}"' in Path("out.json").read_text(encoding="utf-8")


def test_where_nothing_can_be_written_is_one_line(project: Path, capsys, monkeypatch) -> None:
    for words in ([*COMMANDS["audit"][:2], "--json", "key/out.json"], ["diff", "r", "r", "--json", "models"]):
        (line,) = said(capsys, monkeypatch, *words)
        assert line.startswith("error: ")


def test_an_evaluation_that_lacks_what_a_card_says_is_named(project: Path, capsys, monkeypatch) -> None:
    text("data/evaluate/r.json", json.dumps(sealed({"selection": 3})))
    (line,) = said(capsys, monkeypatch, "card", "r")
    assert line.startswith("error: data/evaluate/r.json: is not what stage evaluate writes")
