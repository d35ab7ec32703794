"""genga.store.parquet: what is written is read back, and another table is refused by name."""

from pathlib import Path

import polars as pl
import pytest

from genga.errors import GengaError
from genga.store.parquet import empty, read_table, write_table

SCHEMA = {"still": pl.String, "score": pl.Float64, "tags": pl.List(pl.String)}
ROWS = pl.DataFrame({"still": ["s/e/000001"], "score": [0.5], "tags": [["1girl", "solo"]]}, schema=SCHEMA)


def test_written_and_read_back_in_schema_order(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", ROWS.select("tags", "score", "still"), SCHEMA)
    assert read_table(tmp_path / "a.parquet", SCHEMA).equals(ROWS)


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_table(tmp_path / name, ROWS, SCHEMA)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_empty_keeps_the_columns(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", empty(SCHEMA), SCHEMA)
    assert read_table(tmp_path / "a.parquet", SCHEMA).schema == pl.Schema(SCHEMA)


def test_a_wrong_table_is_neither_written_nor_read(tmp_path: Path) -> None:
    with pytest.raises(GengaError, match=r"a\.parquet: column tags is missing"):
        write_table(tmp_path / "a.parquet", ROWS.drop("tags"), SCHEMA)
    assert list(tmp_path.iterdir()) == []
    write_table(tmp_path / "a.parquet", ROWS, SCHEMA)
    with pytest.raises(GengaError, match="column score is Float64, expected Int64"):
        read_table(tmp_path / "a.parquet", {"score": pl.Int64})


def test_a_missing_or_damaged_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(GengaError, match=r"a\.parquet: no such table; run snakemake"):
        read_table(tmp_path / "a.parquet", SCHEMA)
    (tmp_path / "a.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(GengaError, match=r"a\.parquet: damaged table"):
        read_table(tmp_path / "a.parquet", SCHEMA)


def test_what_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").mkdir()
    for name, why in (("a.parquet", "Is a directory"), ("x" * 300, "File name too long")):
        with pytest.raises(GengaError) as error:
            read_table(tmp_path / name, {})
        assert str(error.value) == f"{tmp_path / name}: cannot be read ({why})"
