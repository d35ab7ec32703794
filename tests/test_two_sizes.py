"""Pictures of two sizes, in one file and in one folder, from video to clip set."""

from pathlib import Path

import av
import numpy as np
import polars as pl
from films import write_film, write_two_sizes
from test_clips import clips_of, episode_of, walk
from test_clipset import DATASET, PARAMS, ROOT, tables

from genga.dataset.clipset import Outcome, Video, clipset
from genga.dataset.styles import read_style
from genga.store.files import read_facts
from genga.video.footage import Footage


def twice(pictures: list[np.ndarray]) -> list[np.ndarray]:
    """The same scene, twice as large."""
    return [one.repeat(2, 0).repeat(2, 1) for one in pictures]


def set_of(*found: pl.DataFrame) -> Outcome:
    """The clip set of a series of these tables of clips, in which nobody is."""
    rows = [row for table in found for row in table.to_dicts()]
    videos = {row["clip"].rsplit("/", 1)[0]: Video("v", "p", "ab" * 32) for row in rows}
    return clipset(tables(rows), videos, PARAMS, DATASET, read_style(ROOT, DATASET))


def test_a_file_that_changes_its_size_in_mid_stream(tmp_path: Path) -> None:
    scene = walk(32, hold=2)
    video = write_two_sizes(tmp_path / "e.mkv", scene[:12], twice(scene[12:]))
    with av.open(str(video)) as file:
        assert [frame.width for frame in file.decode(video=0)] == [96] * 12 + [192] * 20
    episode = episode_of(tmp_path, video)
    found = clips_of(tmp_path, episode, length=8, sample="frames")
    assert found.select("first", "last", "width", "height", "reason").rows() == [
        (0, 7, 96, 64, None), (8, 15, 192, 128, "size"), (16, 23, 192, 128, None), (24, 31, 192, 128, None),
    ]  # fmt: skip
    made = set_of(found)
    assert made.left_out.select("clip", "reason").rows() == [("s/e/000008-000015", "size")]
    sizes = dict(made.table.select("clip", pl.concat_list("width", "height")).iter_rows())
    with Footage(video, read_facts(tmp_path / "data/probe/s/e.json"), "lanczos") as footage:
        for row in made.table.iter_rows(named=True):  # what the rows say is what is decoded
            shown = {(one.shape[1], one.shape[0]) for one in footage.pictures(row["times"], row["keys"])}
            assert shown == {tuple(sizes[row["clip"]])}
            x0, y0, x1, y1 = row["crop_box"]
            assert (x1 - x0, y1 - y0) == (row["bucket_width"], row["bucket_height"])


def test_files_of_two_sizes_in_one_folder(tmp_path: Path) -> None:
    scene = walk(16, hold=1)
    small = write_film(tmp_path / "small.mkv", scene)
    tall = write_film(tmp_path / "tall.mkv", [np.rot90(one) for one in twice(scene)])
    found = [clips_of(tmp_path, episode_of(tmp_path, video), length=16, sample="frames") for video in (small, tall)]
    made = set_of(*found)
    assert made.table.select("clip", "width", "height").rows() == [
        ("s/small/000000-000015", 96, 64), ("s/tall/000000-000015", 128, 192),
    ]  # fmt: skip
    assert made.left_out.is_empty()
    wide, high = made.table.select("bucket_width", "bucket_height").rows()
    assert wide[0] > wide[1] and high[0] < high[1]  # each is in a bucket of its shape
