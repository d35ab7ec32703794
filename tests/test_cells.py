"""Grids of cells, how two of them differ, and how they are stored."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import polars as pl
import pytest

from genga.drawings.alignment import largest, left, motion_of_most
from genga.store.shards import writing_shard
from genga.tables.frames import GRID
from genga.video import grid_store, luma_grid
from genga.video.grid_store import STRETCH, CellReader, CellWriter, pack, unpack
from genga.video.luma_grid import (
    block_difference,
    block_sums,
    cells_of,
    grid_size,
    means_of_lines,
    second_lines,
    summed,
    tone_difference,
)


@pytest.mark.parametrize(
    ("width", "height", "grid"),
    [(640, 480, (120, 160)), (1920, 1080, (120, 213)), (720, 1280, (213, 120)), (853, 480, (120, 213)), (1, 1, (1, 1))],
)
def test_the_shorter_side_has_the_lines(width: int, height: int, grid: tuple[int, int]) -> None:
    assert grid_size(width, height, 120) == grid


def quarters(size: int, *values: int) -> np.ndarray:
    """Four flat squares of side `size`: top left, top right, bottom left, bottom right."""
    return np.kron(np.array(values, np.uint8).reshape(2, 2), np.ones((size, size), np.uint8))


@pytest.mark.parametrize("size", [1, 3, 4, 16])
def test_cells_are_means(size: int) -> None:
    assert cells_of(quarters(size, 10, 20, 30, 40), 8, (2, 2)).tolist() == [[10, 20], [30, 40]]


def test_of_large_pictures_every_second_line_is_read() -> None:
    luma = np.repeat(np.array([10, 200] * 8, np.uint8)[:, None], 16, axis=1)  # (16, 16): every second line is 10
    assert cells_of(luma, 8, (2, 2)).tolist() == [[10, 10], [10, 10]]
    assert cells_of(luma[:14, :14], 8, (2, 2)).tolist() == [[105, 105], [105, 105]]  # cells of 7 px


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_lines_that_lie_apart_are_read_as_in_one_piece(kind: type) -> None:
    plane = np.random.default_rng(0).integers(0, 256, (1080, 1920)).astype(kind)
    lines = second_lines(plane, (120, 213))
    assert lines is not None and lines.base is plane
    assert np.array_equal(means_of_lines(lines, (120, 213)), means_of_lines(lines.copy(), (120, 213)))


@pytest.mark.parametrize("bits", [8, 10])
def test_cells_of_a_slope_are_its_means_however_they_are_taken(bits: int) -> None:
    slope = np.tile(np.arange(0, 240, 0.125), (1080, 1))[:, :1920]  # rises by a level every 8 px
    luma = (slope * 2 ** (bits - 8)).astype(np.uint16 if bits > 8 else np.uint8)
    cells, exact = cells_of(luma, bits, (120, 213)), slope.reshape(1080, 1920)[0]
    means = [exact[round(k * 1920 / 213) : round((k + 1) * 1920 / 213)].mean() for k in range(213)]
    assert np.abs(cells - np.array(means)).max() < 1


@pytest.mark.parametrize("height", [720, 1080, 1604, 2160])
def test_outlines_that_sway_by_a_part_of_a_cell_are_found_in_it(height: int) -> None:
    luma = np.full((height, height * 16 // 9), 220, np.uint8)
    for k in range(12):  # ellipses side by side, 3 px of 1080 lines thick
        middle = height * (3 + 4 * (k % 4)) // 9, height * (3 + 5 * (k // 4)) // 16
        size = height // 9 + k * height // 200, height // 8
        cv2.ellipse(luma, middle, size, 15 * k, 0, 360, 40, height // 360, cv2.LINE_AA)
    cell = height / 120
    by = np.array([[1, 0, 0.25 * cell], [0, 1, 0.5 * cell]], np.float32)
    swayed = cv2.warpAffine(luma, by, luma.shape[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    grid = grid_size(luma.shape[1], height, 120)
    first, second = (cells_of(picture.astype(np.uint8), 8, grid) for picture in (luma, swayed))
    motion = motion_of_most(first, second, np.ones(first.shape, bool), None, 2)
    assert motion is not None
    known = left(first, second, np.ones_like(first), motion)
    assert known is not None
    # Where interpolation passes over px it is 28 to 31, and 15 at 720 lines, of which all are read.
    assert largest(known[0]) < 22


def test_ten_bits_are_the_same_code_values() -> None:
    luma = quarters(4, 10, 20, 30, 40).astype(np.uint16) << 2
    assert cells_of(luma, 10, (2, 2)).tolist() == [[10, 20], [30, 40]]


def grid(*changes: tuple[int, int, int]) -> np.ndarray:
    """A grid of 8x8 cells of 100, with (row, column, value) changed."""
    cells = np.full((8, 8), 100, np.uint8)
    for row, column, value in changes:
        cells[row, column] = value
    return cells


def test_the_difference_is_the_largest_mean_of_four_cells() -> None:
    assert block_difference(grid(), grid()) == 0
    assert block_difference(grid(), grid((3, 3, 140))) == 10  # one cell of four
    assert block_difference(grid(), grid((3, 3, 140), (3, 4, 60))) == 20  # brighter and darker do not cancel
    assert block_difference(grid(), grid((3, 3, 140), (6, 6, 140))) == 10  # far apart: no more than one


def test_tones_ignore_where_things_are() -> None:
    left = np.repeat(np.array([[0, 200]], np.uint8), 4, axis=0)
    assert tone_difference(left, left[:, ::-1].copy()) == 0
    assert tone_difference(left, np.zeros((4, 2), np.uint8)) == 0.5
    assert tone_difference(np.zeros((4, 2), np.uint8), np.full((4, 2), 255, np.uint8)) == 1


def test_block_sums_by_hand() -> None:
    a, b = np.array([[0, 10, 0], [5, 0, 255]], np.uint8), np.array([[1, 0, 0], [0, 0, 0]], np.uint8)
    assert block_sums(a, b).tolist() == [[16, 16, 265], [16, 16, 265]]
    assert block_sums(a[:1], b[:1]).tolist() == [[22, 22, 20]]
    assert block_sums(a[:, :1], b[:, :1]).tolist() == [[12], [12]]


@pytest.mark.parametrize("shape", [(120, 213), (2, 2), (1, 5), (5, 1), (1, 1)])
def test_sums_are_those_of_a_filter(shape: tuple[int, int]) -> None:
    apart = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert (summed(apart) / 4 == cv2.boxFilter(apart, cv2.CV_32F, (2, 2))).all()


def test_packed_grids_come_back_even_where_they_wrap_around() -> None:
    steps = np.array([[[0, 255]], [[255, 1]], [[4, 7]]], np.uint8)
    assert unpack(pack(steps), 1, 2).tolist() == [[[0, 255]], [[255, 0]], [[3, 7]]]
    assert pack(steps) == pack(steps.copy())


def test_grids_are_packed_by_their_steps_the_first_of_a_stretch_from_nought(tmp_path: Path) -> None:
    grids = np.random.default_rng(0).integers(0, 256, (STRETCH + 2, 3, 4), np.uint8)
    with writing_shard(tmp_path / "cells.tar") as shard:
        writer = CellWriter(shard)
        for grid in grids:
            writer.add(grid)
        writer.close()
    steps = np.concatenate(
        [grids[:1], np.diff(grids[:STRETCH], axis=0), grids[STRETCH:][:1], grids[-1:] - grids[-2:-1]]
    )
    parts = [pack(steps[:STRETCH]), pack(steps[STRETCH:])]
    assert [row["sha256"] for row in writer.index[::STRETCH]] == [hashlib.sha256(part).hexdigest() for part in parts]


def test_any_frame_can_be_read(tmp_path: Path) -> None:
    count = 2 * STRETCH + 5
    with writing_shard(tmp_path / "cells.tar") as shard:
        writer = CellWriter(shard)
        for number in range(count):
            writer.add(np.full((3, 4), number % 251, np.uint8))
        writer.close()
    index = pl.DataFrame(writer.index, schema=GRID)
    assert len(index) == count
    assert index["sha256"].n_unique() == 3
    with CellReader(index, tmp_path) as cells:
        assert len(cells) == count
        assert [int(cells[n][0, 0]) for n in (count - 1, 0, STRETCH, STRETCH - 1)] == [
            (count - 1) % 251, 0, STRETCH, STRETCH - 1,
        ]  # fmt: skip
        with pytest.raises(IndexError):
            cells[count]


def test_a_reader_unpacks_no_stretch_again_that_it_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with writing_shard(tmp_path / "cells.tar") as shard:
        writer = CellWriter(shard)
        for _ in range(3 * STRETCH):
            writer.add(np.zeros((3, 4), np.uint8))
        writer.close()
    index, unpacked = pl.DataFrame(writer.index, schema=GRID), []
    monkeypatch.setattr(grid_store, "unpack", lambda *of: unpacked.append(len(of[0])) or unpack(*of))
    for kept, times in ((3, 3), (2, 6)):
        unpacked.clear()
        with CellReader(index, tmp_path, kept) as cells:
            assert sum(int(grid[0, 0]) for _ in range(2) for grid in cells) == 0
        assert len(unpacked) == times


def test_of_a_grid_that_nobody_can_write_to_nothing_is_asked_twice_while_it_is_kept() -> None:
    asked: list[tuple[int, int]] = []

    @luma_grid.kept(2)
    def sums(cells: np.ndarray, more: int = 0) -> int:
        asked.append((int(cells[0, 0]), more))
        return int(cells.sum()) + more

    grids = [np.full((2, 2), value, np.uint8) for value in range(4)]
    assert [sums(grids[1]), sums(grids[1])] == [4, 4] and len(asked) == 2  # it may be another meanwhile
    for grid in grids:
        grid.flags.writeable = False
    asked.clear()
    assert [sums(grids[1]), sums(grids[1]), sums(grids[1], 5), sums(grids[1], 5)] == [4, 4, 9, 9]
    assert asked == [(1, 0), (1, 5)]
    assert [sums(grids[2]), sums(grids[1], 5), sums(grids[1])] == [8, 9, 4]  # two are kept: the first is asked again
    assert asked == [(1, 0), (1, 5), (2, 0), (1, 0)]


def test_grids_of_a_reader_cannot_be_written_to_and_are_the_same_while_their_stretch_is_kept(tmp_path: Path) -> None:
    with writing_shard(tmp_path / "cells.tar") as shard:
        writer = CellWriter(shard)
        for value in range(3):
            writer.add(np.full((2, 3), value, np.uint8))
        writer.close()
    with CellReader(pl.DataFrame(writer.index, schema=GRID), tmp_path) as cells:
        assert cells[1] is cells[1] and cells[2].tolist() == [[2, 2, 2], [2, 2, 2]]
        with pytest.raises(ValueError, match="read-only"):
            cells[1][0, 0] = 7
