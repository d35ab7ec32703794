"""genga.store.files: whole or not at all, and equal values give equal bytes."""

import errno
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from genga.errors import GengaError
from genga.store.files import read_json, replacing, sha256_of, write_json, write_text
from genga.store.sweeping import check_writable, sweep


def test_replacing_makes_folders_and_the_file(tmp_path: Path) -> None:
    with replacing(tmp_path / "new" / "a.txt") as temporary:
        temporary.write_text("one")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_long_names_can_be_written_side_by_side(tmp_path: Path) -> None:
    """With 255 bytes, as file systems have: what is beside the file while it is written is shorter."""
    table, shard = (tmp_path / f"{'長' * 82}.{kind}" for kind in ("parquet", "tar"))
    with replacing(table) as first, replacing(shard) as second:
        first.write_text("table")
        second.write_text("shard")
        assert first != second
    assert (table.read_text(), shard.read_text()) == ("table", "shard") and len(list(tmp_path.iterdir())) == 2
    with pytest.raises(GengaError, match=r"cannot be written \(File name too long\); give it a shorter name, and run"):
        write_text(tmp_path / ("x" * 256), "")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_in_a_files_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(GengaError, match=r"a: cannot be written \(Is a directory\); move the folder away, and run"):
        write_text(tmp_path / "a", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["a"] and (tmp_path / "a").is_dir()


@pytest.mark.parametrize(
    ("name", "lasting", "steps"),
    [
        ("a", True, ["disk: .a.tmp", "rename: a", "disk: here"]),
        ("b/c/a", True, ["disk: .a.tmp", "rename: a", "disk: c", "disk: b", "disk: here"]),
        ("a", False, ["rename: a"]),
    ],
)
def test_what_lasts_is_on_the_disk_before_its_name_and_its_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, lasting: bool, steps: list[str]
) -> None:
    done, rename = [], os.replace

    def named(path: str | Path) -> str:
        return Path(path).name.replace(f".{os.getpid()}", "")

    def replace(old: Path, new: Path) -> None:
        done.append(f"rename: {named(new)}")
        rename(old, new)

    monkeypatch.setattr(os, "fsync", lambda file: done.append(f"disk: {named(os.readlink(f'/proc/self/fd/{file}'))}"))
    monkeypatch.setattr(os, "replace", replace)
    (tmp_path / "here").mkdir()
    write_text(tmp_path / "here" / name, "text", lasting)
    assert done == steps and (tmp_path / "here" / name).read_text() == "text"


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
def test_a_share_that_has_no_folders_to_disk_is_no_error_and_a_disk_that_fails_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fsync(file: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{file}"):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    with nullcontext() if number == errno.EINVAL else pytest.raises(OSError):
        write_text(tmp_path / "a", "text")


def test_sha256_of_known_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_json_keys_are_sorted_and_text_stays_readable(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": "花", "a": [1]})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "a": [\n    1\n  ],\n  "b": "花"\n}\n'
    assert read_json(tmp_path / "a.json") == {"a": [1], "b": "花"}


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    write_text(tmp_path / "bad.json", "{")
    with pytest.raises(GengaError, match=r"bad\.json: is not valid JSON"):
        read_json(tmp_path / "bad.json")
    with pytest.raises(GengaError, match=r"none: cannot be read \(No such file"):
        sha256_of(tmp_path / "none")


def test_what_killed_processes_began_to_write_is_swept_away(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    names = [f".a.tar.{process.pid}.tmp", f".b.tar.{os.getpid()}.tmp", "c.tmp", ".d.tmp", f".e.{os.getpid()}-7.tmp"]
    for name in (*names, f".e.jpg.{process.pid}-140001.tmp"):  # with a thread's number
        (tmp_path / name).touch()
    assert sweep([tmp_path, tmp_path / "none"]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names[1:])
    (tmp_path / "below").mkdir()
    for folder in (tmp_path, tmp_path / "below"):
        (folder / names[0]).touch()
    assert sweep([tmp_path], idle=60) == 0, "perhaps of a process on another machine"
    assert sweep([tmp_path], deep=False) == 1 and (tmp_path / "below" / names[0]).is_file()
    os.utime(tmp_path / "below" / names[0], (1e9, 1e9))
    assert sweep([tmp_path], idle=60) == 1


def test_where_nothing_can_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(GengaError, match=r"file/a: cannot be written \(.*\); allow writing there, and run again"):
        write_text(tmp_path / "file/a", "a")
    with pytest.raises(GengaError, match=r"file: is read-only; allow writing there, and run again"):
        check_writable([tmp_path / "new/folder", tmp_path / "file/folder"])
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=2048))
    with pytest.raises(GengaError, match=r"its disk is full \(2 kB left\); make room, and run again"):
        check_writable([tmp_path / "new/folder"])
