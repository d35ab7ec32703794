"""Packs that are divided, put together, or made of episodes: where a clip is read then, and what goes away."""

from pathlib import Path

import polars as pl
import pytest

from genga.jobs import pack_files
from genga.jobs.pack_files import outputs
from genga.store.files import bits_of
from genga.store.parquet import read_table, write_pack, write_table
from genga.workflow.packs import take_away

SCHEMA = {"frame": pl.Int64}


def test_a_clip_is_read_from_the_pack_that_has_it_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two packs become one, and an episode a clip of it: what was made of them before is read by nobody."""
    monkeypatch.chdir(tmp_path)
    one, other = (
        "clip 0",
        next(name for name in map("clip {}".format, range(9)) if bits_of(name)[0] != bits_of("clip 0")[0]),
    )
    folder = Path("data/frames/s")
    old, new = pl.DataFrame({"frame": [0]}), pl.DataFrame({"frame": [7]})
    for clip in (one, other):
        write_pack(folder / f"pack-{bits_of(clip)[0]}.parquet", {clip: old}, {}, SCHEMA)
        (folder / f"pack-{bits_of(clip)[0]}.tar").touch()
    write_table(folder / f"{other}.parquet", old, SCHEMA)
    monkeypatch.setattr(pack_files, "_schema", lambda stage: SCHEMA)
    with outputs("frames", [folder / "pack.parquet"]) as made:
        made.add(one, "key", {".parquet": new})
        made.add(other, "key", {".parquet": new})
    assert [read_table(folder / f"{clip}.parquet", SCHEMA)["frame"].to_list() for clip in (one, other)] == [[7], [7]]
    assert sorted(path.name for path in folder.iterdir()) == ["pack-0.tar", "pack-1.tar", "pack.parquet"]


def test_what_was_read_of_packs_is_kept_for_one_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = Path("data/review/s/pack.html")
    for number in range(3):
        with outputs("review", [page]) as made:
            taken = pack_files.Earlier.of([page]).take("a", "key")
            assert (taken[0] if taken else None) == ({".html": "<p>"} if number else None)
            made.add("a", "key", {".html": "<p>"})
        assert pack_files._texts.cache_info().currsize == 0


def made_in(folder: Path, *names: str) -> None:
    for name in names:
        (folder / "frames/s" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "frames/s" / name).touch()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "frames/s").iterdir())


def test_what_was_made_of_other_packs_goes_when_it_is_replaced(tmp_path: Path) -> None:
    clips = {"clip 0": "clip 0.gif"}
    made_in(
        tmp_path, "pack-0.parquet", "pack-0.tar", "clip 0.parquet", "clip 0.tar", "clip 0.answers.jsonl", "other.tar"
    )
    (tmp_path / "raw/s").mkdir(parents=True)
    (tmp_path / "raw/s/clip 0.parquet").touch()  # a person's
    said = {"s": ["pack"]}, {"s": {"pack": clips}}
    take_away(*said, {"s"}, False, f"{tmp_path}")
    assert len(left_in(tmp_path)) == 6, "nothing has their part yet"
    made_in(tmp_path, "pack.parquet", "pack.tar")
    take_away(*said, set(), False, f"{tmp_path}")
    take_away(*said, {"s"}, True, f"{tmp_path}")
    assert left_in(tmp_path) == [
        "clip 0.answers.jsonl", "clip 0.tar", "other.tar", "pack-0.tar", "pack.parquet", "pack.tar",
    ]  # fmt: skip
    take_away(*said, {"s"}, False, f"{tmp_path}")
    assert left_in(tmp_path) == ["clip 0.answers.jsonl", "other.tar", "pack.parquet", "pack.tar"]
    assert (tmp_path / "raw/s/clip 0.parquet").exists()


def test_before_jobs_a_larger_pack_stays_for_what_was_made_of_it(tmp_path: Path) -> None:
    halves = {"pack-0": {"clip 0": ""}, "pack-1": {"clip 1": ""}}
    made_in(tmp_path, "pack.parquet", "pack-0.parquet", "pack-1.parquet")
    take_away({"s": [*halves]}, {"s": halves}, {"s"}, True, f"{tmp_path}")
    assert left_in(tmp_path) == ["pack-0.parquet", "pack-1.parquet", "pack.parquet"]
    take_away({"s": [*halves]}, {"s": halves}, {"s"}, False, f"{tmp_path}")
    assert left_in(tmp_path) == ["pack-0.parquet", "pack-1.parquet"]


def test_a_series_that_is_of_episodes_again_has_no_packs(tmp_path: Path) -> None:
    made_in(tmp_path, "pack.parquet", "a.parquet")
    take_away({"s": ["a", "b"]}, {}, {"s"}, False, f"{tmp_path}")
    assert left_in(tmp_path) == ["a.parquet", "pack.parquet"]
    made_in(tmp_path, "b.parquet")
    take_away({"s": ["a", "b"]}, {}, {"s"}, False, f"{tmp_path}")
    assert left_in(tmp_path) == ["a.parquet", "b.parquet"]
