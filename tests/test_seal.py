"""Seals: whichever bit of a table or a fact file is another, it is named and not read."""

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from genga.errors import GengaError
from genga.store.files import read_facts, read_json, write_facts
from genga.store.parquet import read_table, write_table

SCHEMA = {"still": pl.String, "score": pl.Float64, "tags": pl.List(pl.String)}
ROWS = pl.DataFrame({"still": ["s/e/000001"], "score": [0.5], "tags": [["1girl", "solo"]]}, schema=SCHEMA)
FACTS = {"frames": 2878, "duration": 60.06, "name": "花", "damaged": [[1.5, 2.0]]}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    write_table(tmp_path / "a.parquet", ROWS, SCHEMA)
    return tmp_path / "a.parquet"


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    write_facts(tmp_path / "a.json", FACTS)
    return tmp_path / "a.json"


def test_any_reader_of_parquet_reads_a_sealed_table(table: Path) -> None:
    assert pl.read_parquet(table).equals(ROWS)
    assert pq.read_table(table).num_rows == 1
    assert pl.scan_parquet(table).select("score").collect().item() == 0.5


def test_every_flipped_byte_of_a_table_is_noticed(table: Path) -> None:
    data = table.read_bytes()
    for place in range(len(data)):
        table.write_bytes(data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :])
        with pytest.raises(GengaError, match=r"a\.parquet: damaged table.*; delete it and run snakemake again"):
            read_table(table, SCHEMA)


def test_every_shorter_and_longer_table_is_noticed(table: Path) -> None:
    data = table.read_bytes()
    for changed in [*(data[:end] for end in range(len(data))), data + b"\0", data + data]:
        table.write_bytes(changed)
        with pytest.raises(GengaError, match=r"a\.parquet: damaged table"):
            read_table(table, SCHEMA)


def test_a_table_without_seal_is_not_one_of_ours(table: Path) -> None:
    ROWS.write_parquet(table)
    with pytest.raises(GengaError, match=r"a\.parquet: damaged table, or made by another version"):
        read_table(table, SCHEMA)


def test_facts_come_back_without_their_seal(facts: Path) -> None:
    assert read_facts(facts) == read_json(facts) == FACTS


def test_every_flipped_byte_of_facts_is_noticed_or_means_the_same(facts: Path) -> None:
    data = facts.read_bytes()
    same = 0
    for place in range(len(data)):
        facts.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        try:
            assert read_facts(facts) == FACTS
            same += 1
        except GengaError as error:
            assert str(error).startswith(f"{facts}: ") and "delete it" in str(error)
    assert same == 0  # blanks become "!", line ends a vertical tab: no JSON


def test_facts_without_seal_are_refused_where_a_stage_builds_on_them(facts: Path) -> None:
    facts.write_text('{"frames": 2878}')
    assert read_json(facts) == {"frames": 2878}
    with pytest.raises(GengaError, match=r"a\.json: has no seal: damaged, or made by another version; delete it"):
        read_facts(facts)
    facts.write_text("[1]")
    with pytest.raises(GengaError, match=r"a\.json: is not what was written: damaged; delete it"):
        read_facts(facts)
