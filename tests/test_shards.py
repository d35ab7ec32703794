"""genga.store.shards: many images in one tar, each found again by its row."""

import tarfile
from pathlib import Path

import polars as pl
import pytest

from genga.errors import GengaError
from genga.store.shards import ShardReader, shard_names, writing_shard
from genga.tables.schema import SHARD

FILES = {"s/e/000001.png": b"one", "s/e/000002.png": b"x" * 512, "s/e/000003.png": b"three"}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pl.DataFrame:
    """The index of a shard `data/e.tar` with FILES, in an otherwise empty folder."""
    monkeypatch.chdir(tmp_path)
    with writing_shard("data/e.tar") as shard:
        rows = [shard.add(name, data) for name, data in FILES.items()]
    return pl.DataFrame(rows, schema=SHARD)


def test_offsets_are_where_the_bytes_are(index: pl.DataFrame) -> None:
    # A 512-byte header before each file, and each file padded to 512 bytes.
    assert index["offset"].to_list() == [512, 1536, 2560]
    assert index["size"].to_list() == [3, 512, 5]


def test_read_by_row_in_any_order(index: pl.DataFrame) -> None:
    with ShardReader() as reader:
        assert list(reader.read_rows(index.reverse())) == [b"three", b"x" * 512, b"one"]


def test_any_tar_program_opens_it(index: pl.DataFrame) -> None:
    with tarfile.open("data/e.tar") as tar:
        assert tar.getnames() == list(FILES)


def test_equal_files_give_equal_bytes(index: pl.DataFrame) -> None:
    first = Path("data/e.tar").read_bytes()
    with writing_shard("data/e.tar") as shard:
        for name, data in FILES.items():
            shard.add(name, data)
    assert Path("data/e.tar").read_bytes() == first


def test_an_error_leaves_no_shard(index: pl.DataFrame) -> None:
    with pytest.raises(ZeroDivisionError), writing_shard("data/f.tar") as shard:
        shard.add("a", b"a")
        raise ZeroDivisionError
    assert [path.name for path in Path("data").iterdir()] == ["e.tar"]


def test_a_damaged_or_missing_shard_is_named(index: pl.DataFrame) -> None:
    data = bytearray(Path("data/e.tar").read_bytes())
    data[512] ^= 1
    Path("data/e.tar").write_bytes(data)
    with ShardReader() as reader, pytest.raises(GengaError, match=r"data/e\.tar: bytes 512\.\.515 are damaged"):
        next(reader.read_rows(index))
    Path("data/e.tar").unlink()
    with ShardReader() as reader, pytest.raises(GengaError, match=r"data/e\.tar: cannot be read.*dvc pull"):
        next(reader.read_rows(index))


def test_shard_names_are_distinct_and_sorted() -> None:
    assert shard_names(["b.tar", "a.tar", "b.tar"]) == ["a.tar", "b.tar"]
