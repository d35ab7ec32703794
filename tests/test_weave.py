"""Film that weaves in its gate: measured, told from what moves otherwise, and held still."""

from math import cos, sin
from pathlib import Path

import cv2
import numpy as np
import pytest
from films import PICTURE, texture, write_film

from genga.drawings.frames import frames
from genga.images.image import moved
from genga.params.frames import Params as FramesParams
from genga.params.probe import Params as ProbeParams
from genga.store.shards import writing_shard
from genga.video.decode import decode
from genga.video.gate_weave import Anchor, Beside, Steady, beside, small_of, weaves
from genga.video.grid_store import CellWriter
from genga.video.luma_grid import block_difference, cells_of
from genga.video.probe import probe

WIDTH, HEIGHT = 320, 240
GATE = [(1.1 * sin(1.9 * n), 0.8 * cos(1.3 * n)) for n in range(40)]  # px by which each frame lies beside its place
PROBE = ProbeParams(uneven=0.01, looked_at=96, fields="auto", weave="auto", **PICTURE)
FRAMES = FramesParams(lines=120, changed=12.0, hwaccel="off", lettering=0)


def scene(seed: int, by: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """A picture (240, 320) whose film lies beside its place by x, y px, as a scanner of four times the size sees it."""
    drawn = cv2.GaussianBlur(texture(seed, WIDTH // 2, HEIGHT // 2), (0, 0), 1)
    scanned = cv2.resize(drawn, (4 * WIDTH, 4 * HEIGHT), interpolation=cv2.INTER_CUBIC)
    return cv2.resize(moved(scanned, (4 * by[0], 4 * by[1])), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


def film(path: Path, pictures: list[np.ndarray]) -> Path:
    """They as a video."""
    return write_film(path, [np.dstack([picture] * 3) for picture in pictures])


@pytest.mark.parametrize("by", [(0.0, 0.0), (0.3, -0.2), (-1.4, 0.9)])
def test_how_far_a_picture_lies_beside_another(by: tuple[float, float]) -> None:
    found = beside(Anchor(small_of(scene(1), 8)), small_of(scene(1, by), 8))
    assert found.by == pytest.approx(by, abs=0.05) and found.share > 0.9
    assert found.moved == (by != (0.0, 0.0)) and (not found.moved or found.left < 0.3)


def test_grain_is_not_moved() -> None:
    chance = np.random.default_rng(0)
    first, second = (np.clip(scene(1) + chance.normal(0, 12, (HEIGHT, WIDTH)), 0, 255).astype(np.uint8) for _ in "ab")
    found = beside(Anchor(small_of(first, 8)), small_of(second, 8))
    assert found.left > 0.95 and not found.moved and not found._replace(by=(0.2, 0.0)).moved


def test_ten_bits_lie_where_eight_do() -> None:
    found = beside(Anchor(small_of(scene(1), 8)), small_of(scene(1, (0.5, 0.5)).astype(np.uint16) << 2, 10))
    assert found.by == pytest.approx((0.5, 0.5), abs=0.05)


def test_what_moves_in_front_does_not_count() -> None:
    first, second = scene(1, (0.4, 0.0)), scene(1, (0.4, 0.0))
    first[60:200, 100:190] = scene(2)[60:200, 100:190]
    second[60:200, 100:190] = scene(2)[56:196, 94:184]
    found = beside(Anchor(small_of(first, 8)), small_of(second, 8))
    assert found.by == pytest.approx((0.0, 0.0), abs=0.05) and 0.6 < found.share < 0.9 and not found.moved


def test_another_scene_and_an_empty_one_say_nothing() -> None:
    assert beside(Anchor(small_of(scene(1), 8)), small_of(scene(2), 8)).share < 0.5
    empty = small_of(np.full((HEIGHT, WIDTH), 90, np.uint8), 8)
    assert beside(Anchor(empty), small_of(scene(1), 8)) == ((0.0, 0.0), 0.0, 0.0)
    stripes = small_of(np.tile((np.arange(WIDTH) // 8 % 2 * 100).astype(np.uint8), (HEIGHT, 1)), 8)
    assert beside(Anchor(stripes), stripes).share == 0.0  # up and down they are the same


def steps(*shifts: tuple[float, float], share: float = 0.9, left: float = 0.3) -> list[Beside]:
    """Pairs of neighbours."""
    return [Beside(shift, share, left) for shift in shifts]


TO_AND_FRO = steps(*[(0.4, 0.1), (-0.4, -0.1)] * 6)
STILL = steps(*[(0.0, 0.0)] * 12)


def test_weaving_is_to_and_fro_in_many_frames_of_nearly_every_scene() -> None:
    assert weaves([TO_AND_FRO] * 3) and weaves([TO_AND_FRO * 3])
    assert weaves([TO_AND_FRO] * 3 + [STILL])
    assert weaves([TO_AND_FRO] * 3 + [steps(*[(0.4, 0.1)] * 12)] * 5)  # a moving camera says nothing
    assert weaves([steps((1.0, 0.0), (0.0, 1.0), *[(0.0, 0.0)] * 9)] * 3)  # in jumps
    assert not weaves([TO_AND_FRO] * 2 + [STILL] * 6)  # an editor shakes two shots
    assert not weaves([TO_AND_FRO] * 2) and not weaves([])


def test_a_camera_that_somebody_holds_goes_on_as_it_went() -> None:
    hand = steps(*[(0.4 * sin(0.9 * n), 0.3 * cos(0.7 * n)) for n in range(12)])
    assert not weaves([hand] * 8)
    assert weaves([hand] * 8 + [TO_AND_FRO] * 3)  # it says nothing, also on film


def test_what_is_drawn_anew_beside_its_place_is_no_film() -> None:
    shaken = [
        one
        for way in (1, -1, -1, 1, -1, 1)
        for one in steps((0.0, 0.0), share=1.0) + steps((1.0 * way, 2.0 * way), share=0.7)
    ]
    assert not weaves([shaken] * 8)
    whole = steps(*[(0.4, 0.1), (-0.4, -0.1)] * 3, share=1.0)
    assert weaves([whole + steps(*[(0.0, 0.0)] * 6, share=0.7)] * 8)  # where nothing else happens, all is moved


def test_what_begins_and_ends_or_goes_now_far_now_near_is_an_editors_shake() -> None:
    near, far = TO_AND_FRO, steps(*[(1.6, 0.4), (-1.6, -0.4)] * 6)
    assert weaves([near] * 6 + [far]) and not weaves([near, near, far, far, near])
    impact = steps(*[(0.0, 0.0)] * 6, *[(1.0, 0.3), (-1.0, -0.3)] * 3, share=0.7)
    assert weaves([TO_AND_FRO] * 9 + [impact]) and not weaves([impact] * 8)
    assert weaves([steps(*[(1.0, 0.3), (0.0, 0.0), (-1.0, -0.3), (0.0, 0.0)] * 3)] * 8)  # in jumps


def test_where_nothing_else_happens_film_weaves_too() -> None:
    drawn = steps((0.0, 0.0), (0.0, 0.0), share=1.0) + steps(*[(0.9, 0.8), (-0.9, -0.8)] * 5, share=0.7)
    assert not weaves([drawn] * 8)
    vague = steps(*[(0.9, 0.5)] * 7, left=0.95)  # it seems to lie elsewhere, and gains nothing by being moved
    assert not weaves([TO_AND_FRO[:5] + vague] * 8) and weaves([TO_AND_FRO + vague] * 8)


@pytest.mark.parametrize(
    "digital",
    [
        STILL,
        steps(*[(0.4, 0.1)] * 12),  # the camera goes one way,
        steps(*[(0.4, 0.1), (0.0, 0.0), (0.0, 0.0)] * 4),  # or does so on threes
        steps(*[(0.4, 0.1), (-0.4, -0.1)] * 6, share=0.3),  # other scenes
        steps(*[(0.4, 0.1), (-0.4, -0.1)] * 6, left=0.95),  # grain, and smoke that drifts: moving gains nothing
        steps(*[(0.0, 0.4), (0.0, -0.4)] * 6),  # an editor's shake up and down
        TO_AND_FRO[:5],
    ],
)
def test_what_does_not_weave(digital: list[Beside]) -> None:
    assert not weaves([digital] * 8)


GRID = (120, 160)


def test_frames_are_held_still_scene_by_scene() -> None:
    steady, grids = Steady(), []
    for n, by in enumerate(GATE):
        grids.append(steady.cells(scene(1 if n < 20 else 2, by), 8, GRID))
    loose = [cells_of(scene(1 if n < 20 else 2, by), 8, GRID) for n, by in enumerate(GATE)]
    for start, end in ((0, 20), (20, 40)):
        apart = [block_difference(grids[start], grids[n]) for n in range(start, end)]
        before = [block_difference(loose[start], loose[n]) for n in range(start, end)]
        assert max(apart) < 12 < 50 < max(before)  # at the edges, too, where others come in


def test_a_scene_that_gains_nothing_is_left_as_it_is() -> None:
    steady, chance = Steady(), np.random.default_rng(0)
    for _ in range(8):
        frame = np.clip(scene(1) + chance.normal(0, 12, (HEIGHT, WIDTH)), 0, 255).astype(np.uint8)
        assert np.array_equal(steady.cells(frame, 8, GRID), cells_of(frame, 8, GRID))


def test_ten_bits_are_held_as_eight_are() -> None:
    found = []
    for bits in (8, 10):
        steady = Steady()
        deep = [
            scene(1, by).astype(np.uint16 if bits > 8 else np.uint8) << (bits - 8) for by in ((0.0, 0.0), (0.7, -0.4))
        ]
        found.append([steady.cells(picture, bits, GRID) for picture in deep])
    assert block_difference(*found[0]) < 8 and block_difference(*found[1]) < 8
    assert np.abs(found[0][1].astype(int) - found[1][1]).max() <= 1


def test_a_camera_move_is_held_back_once_at_most() -> None:
    steady, still = Steady(), []
    wide = cv2.resize(cv2.GaussianBlur(texture(1, 400, 120), (0, 0), 1), (800, 240), interpolation=cv2.INTER_CUBIC)
    for n in range(60):
        picture = wide[:, n : n + WIDTH].copy()
        still.append(not np.array_equal(steady.cells(picture, 8, GRID), cells_of(picture, 8, GRID)))
    assert 1 <= sum(still) <= 4 and not any(still[5:])  # as far as film weaves; then it is the camera until it stands
    for by in GATE[:12]:
        picture = moved(wide[:, 60 : 60 + WIDTH].copy(), by)
        still.append(not np.array_equal(steady.cells(picture, 8, GRID), cells_of(picture, 8, GRID)))
    assert sum(still[62:]) >= 8


def test_a_change_of_size_is_another_scene() -> None:
    steady = Steady()
    steady.cells(scene(1), 8, GRID)
    other = cv2.resize(scene(1, (1.0, 0.0)), (WIDTH, 180), interpolation=cv2.INTER_AREA)
    assert np.array_equal(steady.cells(other, 8, GRID), cells_of(other, 8, GRID))


def test_a_picture_is_moved_by_parts_of_a_px_and_what_comes_in_is_known() -> None:
    row = np.array([[0, 0, 80, 80, 0, 0]], np.uint8).repeat(4, 0)
    assert moved(row, (1.0, 0.0))[0].tolist() == [0, 0, 0, 80, 80, 0]
    assert moved(row, (0.5, 0.0))[0].tolist() == [0, 0, 40, 90, 40, 0]
    assert moved(row, (-3.0, 0.0), np.full_like(row, 9))[0].tolist() == [80, 0, 0, 9, 9, 9]
    assert moved(row, (0.0, 1.0), np.full_like(row, 9))[:, 2].tolist() == [9, 80, 80, 80]


def test_probe_sees_it_and_frames_hold_it(tmp_path: Path) -> None:
    still = film(tmp_path / "still.mkv", [scene(1)] * 40)
    woven = film(tmp_path / "woven.mkv", [scene(1, by) for by in GATE])
    facts = probe(woven, PROBE)
    assert facts["weave"] and facts["fields"]["kind"] == "progressive"  # lines that are drawn are no combs
    assert not probe(still, PROBE)["weave"]
    assert not probe(woven, PROBE.model_copy(update={"weave": "never"}))["weave"]
    assert probe(still, PROBE.model_copy(update={"weave": "always"}))["weave"]
    changes = []
    for weave in (False, True):
        with writing_shard(tmp_path / "cells.tar") as shard:
            table = frames(decode(woven), CellWriter(shard), FRAMES, weave)
        changes.append(table["change"].to_list()[1:])
    assert np.median(changes[0]) > 40 and max(changes[1]) < 12


def test_one_shot_that_an_editor_shakes_is_no_film(tmp_path: Path) -> None:
    shaken = [scene(1, by) for by in GATE] + [scene(2)] * 40 + [scene(3)] * 40
    assert not probe(film(tmp_path / "edit.mkv", shaken), PROBE)["weave"]


def test_stretches_that_begin_at_one_keyframe_go_on_from_each_other(tmp_path: Path) -> None:
    pictures = [np.dstack([scene(1, by)] * 3) for by in GATE * 3]
    options = {"g": "250", "crf": "12", "preset": "ultrafast", "sc_threshold": "0"}
    path = write_film(tmp_path / "one.mkv", pictures, "libx264", "yuv420p", options=options)
    assert probe(path, PROBE)["weave"]  # of the first twelve frames alone nothing would be concluded
