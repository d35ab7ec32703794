"""Cuts, dissolves, fades, camera moves, and how long drawings are held."""

import math
import subprocess
import sys
from collections.abc import Sequence
from itertools import accumulate, pairwise

import cv2
import numpy as np
import polars as pl
import pytest
from conftest import ROOT
from films import table_of, texture

from genga.drawings._shots import camera_moves
from genga.drawings._shots.camera_moves import Known, align, going, kind_of, moves, path, reach
from genga.drawings._shots.cuts import cuts, scene_of
from genga.drawings._shots.dissolves import between_clear, gradual, mixtures, steady, strange
from genga.drawings._shots.events import Event, Passage
from genga.drawings._shots.holds import film_step, mixed_changes, timing, usual_step
from genga.drawings._shots.pace import liveliest
from genga.drawings._shots.pieces import elsewhere
from genga.drawings._shots.thresholds import bettering, contrasts, noisy, threshold
from genga.drawings._shots.whips import of_two_pictures
from genga.drawings._text.tracks import Lettering, MaskedGrids
from genga.drawings.overlays import pictures, standing
from genga.drawings.shots import camera, shot_limits, shots, unmixed
from genga.drawings.static_tiles import (
    CHANGED,
    Noise,
    block_noise,
    live_cells,
    noise_of,
    staying,
    within,
)
from genga.params.shots import Params
from genga.tables.shots import SHOTS
from genga.video.luma_grid import (
    Cells,
    beyond_light,
    block_difference,
    gone,
    means,
    mixture,
)

PARAMS = Params(cut=0.11, flash=3, blend=0.35, camera=0.45, black=30.0)


def shots_of(grids: Sequence[Cells]) -> list[dict]:
    """The shots of a video of these grids."""
    return shots(table_of(grids), grids, PARAMS).rows(named=True)


def figure(picture: Cells, x: int, value: int = 250) -> Cells:
    """The picture with a figure of 40x60 cells in front of it."""
    copy = picture.copy()
    copy[40:100, x : x + 40] = value
    return copy


def panned(seed: int, shifts: Sequence[float]) -> list[Cells]:
    """A window moved over a large picture, `shifts` cells from its left edge."""
    large = cv2.GaussianBlur(texture(seed, 480, 120), (0, 0), 1.5)
    windows = [np.array([[1, 0, -s], [0, 1, 0]], np.float32) for s in shifts]
    return [cv2.warpAffine(large, m, (160, 120), flags=cv2.INTER_LINEAR) for m in windows]


# Cut out at different places: edges of one raster would lie on each other as those of two pictures never do.
A, B, C = (texture(seed, 176, 136)[5 * seed :, 3 * seed :][:120, :160] for seed in (1, 2, 3))
DARK = np.full_like(A, 16)


def test_a_cut_is_where_nothing_stays() -> None:
    found = shots_of([A] * 10 + [B] * 7 + [C] * 8)
    assert [(s["shot"], s["start"], s["end"], s["transition"], s["camera"]) for s in found] == [
        (0, 0, 10, "cut", "static"), (1, 10, 17, "cut", "static"), (2, 17, 25, "cut", "static"),
    ]  # fmt: skip
    assert found[1]["start_time"] == pytest.approx(10 / 24) and found[2]["end_time"] == pytest.approx(24 / 24)


def test_a_figure_that_jumps_is_no_cut() -> None:
    assert len(shots_of([figure(A, 10)] * 5 + [figure(A, 100)] * 5)) == 1


def test_a_flash_is_no_cut() -> None:
    white = np.full_like(A, 235)
    assert len(shots_of([A] * 6 + [white] * 2 + [A] * 6)) == 1
    assert [s["start"] for s in shots_of([A] * 6 + [white] * 2 + [B] * 6)] == [0, 6, 8]


def test_a_picture_between_bars_is_cut_by_itself() -> None:
    bars = texture(9)

    def boxed(picture: Cells) -> Cells:
        return np.vstack([bars[:36], picture[36:84], bars[84:]])

    assert [s["start"] for s in shots_of([boxed(A)] * 6 + [boxed(B)] * 6)] == [0, 6]


def test_the_edge_of_bars_is_no_background_that_stays() -> None:
    def boxed(value: int, x: int) -> Cells:
        white = np.full_like(A, 235)
        white[48:84] = value
        white[60:72, x : x + 12] = 40
        return white

    grids = [boxed(90, 20)] * 6 + [
        boxed(150, 100)
    ] * 6  # two plain pictures, whose only lines at rest are the bars' edges
    assert [s["start"] for s in shots_of(grids)] == [0, 6]


def test_text_that_stands_over_a_cut_is_no_background_that_stays() -> None:
    title = texture(9)[84:120]
    plain = [np.vstack([figure(np.full_like(A, tone), x)[:84], title]) for tone, x in ((90, 10), (140, 100))]
    grids = [plain[0]] * 6 + [plain[1]] * 6 + [C] * 6
    line = Lettering(0, 12, 0.0, 0.72, 1.0, 1.0)
    table = table_of(grids)
    before, scene = scene_of(grids, []), scene_of(grids, [line])
    assert (before.stays(5, 6) or 0) > 0.3 and scene.stays(5, 6) == 0
    assert cuts(table, before, PARAMS)[0] == [12] and cuts(table, scene, PARAMS)[0] == [6, 12]


def test_strokes_of_a_logo_are_masked_with_it_and_not_as_a_line_with_a_margin_of_its_own() -> None:
    grids = [under(texture(9), 1.0, picture) for picture in FIVE for _ in range(6)]
    stroke, beside = (Lettering(0, 30, x / 160, 8 / 120, (x + 4) / 160, 32 / 120, sure=False) for x in (136, 100))
    bare, marked, named = (scene_of(grids, lines).counting(5, 6) for lines in ([], [stroke], [beside]))
    assert not bare[14:26, 130:146].any() and np.array_equal(bare, marked) and (bare & ~named)[10:30, 101:103].all()


def plain(tone: int, x: int) -> Cells:
    """A figure before a plain wall."""
    return figure(np.full_like(A, tone), x, 255 - tone)


def under(mark: Cells, share: float, picture: Cells) -> Cells:
    """The picture with a mark in a corner through which it shines."""
    copy = picture.astype(np.float32)
    copy[8:32, 124:152] = share * mark[8:32, 124:152] + (1 - share) * copy[8:32, 124:152]
    return copy.round().astype(np.uint8)


EVERYWHERE = np.ones(A.shape, bool)
FIVE = [texture(seed, 200, 160)[5 * seed :, 3 * seed :][:120, :160] for seed in (1, 2, 3, 4, 5)]


@pytest.mark.parametrize("share", [1.0, 0.75])
def test_what_stands_over_all_pictures_is_laid_over_them(share: float) -> None:
    mark = texture(9)
    found = standing([under(mark, share, picture) for picture in FIVE], EVERYWHERE)
    assert (
        found[10:30, 126:150].mean() > (0.95 if share == 1 else 0.3)
        and not found[:, :118].any()
        and not found[40:].any()
    )
    assert not standing([under(mark, share, picture) for picture in FIVE[:3]] * 2, EVERYWHERE).any()  # too few
    assert not standing(FIVE, EVERYWHERE).any()


def test_one_picture_from_sunset_to_night_is_one_whatever_acts_in_it() -> None:
    lights = np.linspace(1.0, 0.3, 24)
    dusk = [(figure(FIVE[0], 20 + 4 * (k % 6)) * light).astype(np.uint8) for k, light in enumerate(lights)]
    assert len(pictures(dusk, EVERYWHERE)) == 1 and not standing(dusk, EVERYWHERE).any()
    night = [(picture * 0.4).astype(np.uint8) for picture in FIVE]
    assert len(pictures([*FIVE, *night], EVERYWHERE)) == 5


def test_a_plain_wall_that_two_pictures_share_is_not_laid_over_them() -> None:
    assert not standing([*FIVE[:2], plain(90, 20), plain(90, 100), plain(160, 60)] * 2, EVERYWHERE).any()


def test_a_figure_that_jumps_before_a_plain_wall_is_no_cut() -> None:
    walk = [plain(120, 20 * (k // 5)) for k in range(30)]
    assert cuts(table_of(walk), scene_of(walk, []), PARAMS) == ([], [])
    walk = [cells.copy() for cells in walk]
    for cells in walk[10:]:  # and meanwhile a subtitle comes
        cells[106:112, 40:120], cells[106:112, 40:120:2] = 20, 240
    text = Lettering(10, 30, 40 / 160, 106 / 120, 120 / 160, 112 / 120)
    assert cuts(table_of(walk), scene_of(walk, [text]), PARAMS) == ([], [])
    others = [plain(120, 20)] * 6 + [figure(plain(120, 90), 90, 30)] * 6  # somebody else
    assert cuts(table_of(others), scene_of(others, []), PARAMS) == ([6], [])


def test_pictures_that_dissolve_into_each_other_are_two() -> None:
    one, two = FIVE[:2]
    shares = np.linspace(0, 1, 12)
    grids = [(one + share * (two - one.astype(np.float32))).round().astype(np.uint8) for share in shares]
    assert len(pictures(grids, EVERYWHERE)) == 2 and not standing(grids, EVERYWHERE).any()


def test_a_logo_is_no_background_that_stays() -> None:
    plain_ones = [plain(tone, x) for tone, x in ((40, 10), (70, 30), (120, 60), (160, 30), (200, 75))]
    logo = under(texture(9), 0.9, np.zeros_like(A))[8:32, 124:152]
    grids = []
    for picture in plain_ones:
        copy = picture.copy()
        copy[8:32, 124:152] = logo
        grids += [copy] * 6
    assert cuts(table_of(grids), scene_of(grids, []), PARAMS) == ([6, 12, 18, 24], [])
    assert (staying(grids[5], grids[6]) or 0) > 0.11  # the logo's edges


def test_a_picture_framed_anew_is_elsewhere() -> None:
    first, small, large = panned(4, [0.0, 6.0, 40.0])
    assert elsewhere(first, large)
    assert not elsewhere(first, small) and not elsewhere(A, B)


def test_noise_is_what_held_frames_differ_by() -> None:
    chance = np.random.default_rng(0)
    grained = [np.clip(A + chance.normal(0, 3, A.shape), 0, 255).astype(np.uint8) for _ in range(12)]
    assert noise_of([A] * 12) == noise_of([A]) == Noise(0.0, 0.0)
    assert noise_of(grained).luma == pytest.approx(3, abs=0.3) and noise_of(grained).gradient > 0.01
    assert noise_of([A, B] * 3 + [A] * 6) == Noise(0.0, 0.0)  # the calmest steps say


def test_a_dissolve_has_its_frames_and_its_boundary() -> None:
    mixed = [(A + k / 9 * (B.astype(float) - A)).round().astype(np.uint8) for k in range(1, 9)]
    found = shots_of([A] * 10 + mixed + [B] * 10)
    assert [(s["start"], s["end"], s["transition"]) for s in found] == [(0, 14, "cut"), (14, 28, "dissolve")]
    assert found[1]["events"] == [{"kind": "dissolve", "start": 10, "end": 18}]


def test_a_fade_out_black_and_fade_in_are_one_fade() -> None:
    out = [(A + k / 9 * (DARK.astype(float) - A)).round().astype(np.uint8) for k in range(1, 9)]
    into = [(DARK + k / 9 * (B.astype(float) - DARK)).round().astype(np.uint8) for k in range(1, 9)]
    found = shots_of([A] * 10 + out + [DARK] * 6 + into + [B] * 10)
    assert [(s["start"], s["transition"]) for s in found] == [(0, "cut"), (21, "fade")]
    assert found[1]["events"] == [{"kind": "fade", "start": 10, "end": 32}]
    last = shots_of([A] * 10 + out + [DARK] * 6)
    assert [(s["start"], s["end"]) for s in last] == [(0, 24)]  # a fade to the end begins no shot
    assert last[0]["events"] == [{"kind": "fade", "start": 10, "end": 18}]


def test_a_pan_is_no_cut_and_is_found() -> None:
    grids = panned(4, [0.0] * 12 + [3.0 * k for k in range(1, 30)] + [87.0] * 12)
    (found,) = shots_of(grids)
    assert found["camera"] == "pan"
    (event,) = found["events"]
    assert event["kind"] == "pan" and abs(event["start"] - 12) <= 6 and abs(event["end"] - 41) <= 6


def test_a_zoom_is_a_zoom() -> None:
    large = cv2.GaussianBlur(texture(5, 160, 120), (0, 0), 1.5)
    grids = [cv2.warpAffine(large, cv2.getRotationMatrix2D((80, 60), 0, 1.01**k), (160, 120)) for k in range(30)]
    assert [m.kind for m in moves(grids, 0, 30, PARAMS.camera, 12.0)] == ["zoom"]


def along(grids: Sequence[Cells]) -> dict[int, list[list[float]]]:
    """The path through the camera moves of a shot, without the row 0, 0, 1."""
    found = moves(grids, 0, len(grids), PARAMS.camera, 12.0)
    seen = MaskedGrids(grids, [])
    return {frame: motion[:2].tolist() for frame, motion in path(seen, found, len(grids), PARAMS.camera, CHANGED)}


def test_frames_that_are_aligned_for_moves_are_not_aligned_again_for_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    grids, known = panned(4, [3.0 * k for k in range(40)]), Known()
    found, seen = moves(grids, 0, 40, PARAMS.camera, CHANGED, known=known), MaskedGrids(grids, [])
    asked: list[int] = []
    monkeypatch.setattr(camera_moves, "align", lambda *of: (asked.append(1), align(*of))[1])
    before = path(seen, found, 40, PARAMS.camera, CHANGED, known)
    assert len(asked) == 7  # halves of steps, and the last, which is shorter
    after = path(seen, found, 40, PARAMS.camera, CHANGED)
    assert len(asked) == 7 + 13
    assert [(frame, way.tolist()) for frame, way in before] == [(frame, way.tolist()) for frame, way in after]


def test_frames_are_aligned_anew_without_other_cells() -> None:
    known: Known = {}
    a, b = panned(4, [0.0, 3.0])
    lower = np.zeros((120, 160), bool)
    lower[60:] = True
    for text in (None, lower, lower.copy(), None):
        found, once = align(a, b, text), camera_moves._once(known, (0, 1), a, b, text)
        assert found is not None and once is not None and (found[0].tolist(), found[1]) == (once[0].tolist(), once[1])


def test_a_camera_does_not_wait_for_held_drawings() -> None:
    """What comes nearer on threes, in a video on ones elsewhere, is drawn; four steps of five are a camera's."""
    threes = panned(4, [2.0 * (k // 3) for k in range(60)])
    assert moves(threes, 0, 60, PARAMS.camera, 12.0) == [Event("pan", 0, 58)]
    assert going(threes, Event("pan", 0, 58)) == pytest.approx(1 / 3, abs=0.02)
    pulled = panned(4, [float(k - k // 5) for k in range(60)])  # 24 frames a second in 30
    assert going(pulled, Event("pan", 0, 58)) == pytest.approx(0.8, abs=0.05)
    lively = panned(5, np.cumsum([3 + k % 3 for k in range(40)]).tolist())
    assert [shot["camera"] for shot in shots_of([*threes, *lively])] == ["static", "pan"]
    assert [shot["camera"] for shot in shots_of([*threes])] == ["static"]  # no camera goes on eight times a second
    twos = panned(4, [2.0 * (k // 2) for k in range(60)])
    assert [shot["camera"] for shot in shots_of([*twos])] == ["pan"]  # for all that is known, nothing moves faster
    grain = np.random.default_rng(2).normal(0, 1.5, (60, 120, 160))
    rough = [(cells + noise).round().clip(0, 255).astype(np.uint8) for cells, noise in zip(threes, grain, strict=True)]
    assert [shot["camera"] for shot in shots_of([*rough, *lively])] == ["static", "pan"]  # grain is no camera's step


def test_how_many_steps_change_the_picture_where_a_video_is_at_its_liveliest() -> None:
    twos = [0.0] + [50.0, 3.0] * 20
    assert liveliest(twos, 14.0, 1 / 240) == 0.5
    assert liveliest([*twos, *[50.0] * 12], 14.0, 1 / 240) == 1
    assert liveliest([0.0, 50.0, 3.0, 50.0], 14.0, 1 / 240) == pytest.approx(2 / 3)
    assert liveliest([0.0], 14.0, 1 / 240) == pytest.approx(0.07, abs=0.01)
    assert liveliest(twos, 14.0, 1 / 24) == pytest.approx(0.71, abs=0.01)  # seventeen times a second at least


def changed_at(frames: Sequence[float]) -> list[float]:
    """Return block differences of a video in which only these frames, rounded up, are other than those before."""
    new = {math.ceil(frame) for frame in frames}
    return [50.0 if frame in new else 3.0 for frame in range(max(new) + 1)]


def test_a_clock_that_ticks_in_few_frames_is_told_by_all_changes_that_lie_on_it() -> None:
    held = [2, 3, 2, 4, 3, 2, 2, 6, 3, 2, 4, 3, 2, 2, 3, 5, 2, 3, 4, 2]  # frames of film, on twos and threes
    film = [0, *accumulate(held)]
    assert liveliest(changed_at(film), 14.0, 1 / 240) == 1  # nothing in it is faster than twos, but cameras may be
    assert liveliest(changed_at([2 * frame for frame in film]), 14.0, 1 / 240) < 0.5  # each frame twice
    assert liveliest(changed_at([2.5 * frame for frame in film]), 14.0, 1 / 240) < 0.5  # 24 frames a second in 60
    cut = film[:17] + [frame - 1 for frame in film[17:]]
    assert liveliest(changed_at([2 * frame for frame in cut]), 14.0, 1 / 240) < 0.5
    spliced = [2 * frame for frame in accumulate(held * 4)] + [601 + 2 * frame for frame in accumulate(held * 4)]
    assert (
        liveliest(changed_at(spliced), 14.0, 1 / 240) < 0.5
    )  # where something was cut out the clock goes on beside its place
    assert liveliest(changed_at(film[:12]), 14.0, 1 / 240) < 0.5  # too few to tell


def test_who_comes_nearer_on_threes_is_drawn_where_other_drawings_are_held_for_other_times() -> None:
    """However few change faster in the video: 5 steps of 13 are no camera's, if its clock ticks in every frame."""
    near = panned(4, [2.0 * (k // 3) for k in range(60)])
    still = panned(5, [0.0] * 90)
    for frame in accumulate([7, 5, 8, 7, 4, 9, 5, 7, 8, 5, 7, 6]):
        for cells in still[frame:]:
            cells[40:52, 60:72] = 255 - cells[40:52, 60:72]
    assert [shot["camera"] for shot in shots_of([*near, *still])] == ["static", "static"]


def test_the_path_of_a_pan_and_its_way_back() -> None:
    """3 cells a frame, of 160: 18.75 thousandths. What was at the picture's right border is at its left in the end."""
    there = [3.0 * k for k in range(1, 30)]
    where = [0.0] * 12 + there + [87.0] * 12 + [87.0 - x for x in there] + [0.0] * 12
    found = along(panned(4, where))
    assert min(found) <= 12 and max(found) >= 82 and all(b - a <= 3 for a, b in pairwise(sorted(found)) if b <= 40)
    for frame, ((a, b, x), (c, d, y)) in found.items():
        assert [a, b, c, d] == pytest.approx([1, 0, 0, 1], abs=0.01)
        assert (x, y) == (pytest.approx(where[frame] / 0.16, abs=10), pytest.approx(0, abs=10)), frame


def test_the_path_of_a_zoom() -> None:
    """A hundredth closer a frame, about cell (80, 60) of 160 x 120, whose middle is at (503, 504)."""
    large = cv2.GaussianBlur(texture(5, 160, 120), (0, 0), 1.5)
    grids = [cv2.warpAffine(large, cv2.getRotationMatrix2D((80, 60), 0, 1.01**k), (160, 120)) for k in range(30)]
    for frame, ((a, _, x), (_, d, y)) in along(grids).items():
        scale = 1.01**-frame
        assert (a, d) == (pytest.approx(scale, abs=0.01), pytest.approx(scale, abs=0.01)), frame
        assert (x, y) == (pytest.approx(503 * (1 - scale), abs=8), pytest.approx(504 * (1 - scale), abs=8)), frame


def test_a_path_that_is_lost_is_none() -> None:
    """Of one lost step it is taken that the camera went on, of two not."""
    where = [3.0 * k for k in range(43)]
    grids, move = panned(4, where), Event("pan", 0, 43)
    flat = np.full_like(A, 120)

    def ends(lost: range) -> list[float]:
        shown = [flat if k in lost else grid for k, grid in enumerate(grids)]
        found = path(MaskedGrids(shown, []), [move], 43, PARAMS.camera, CHANGED)
        return [round(motion[0, 2] / 10) for frame, motion in found if frame == 42]

    assert ends(range(0)) == [79]  # 126 cells of 160
    assert ends(range(12, 13)) == []  # two steps: to it and from it
    assert ends(range(0, 6)) == []  # how it went before is not known
    assert path(MaskedGrids(grids, []), [], 43, PARAMS.camera, CHANGED) == []


def test_the_path_stands_in_the_table() -> None:
    (found,) = shots_of(panned(4, [0.0] * 12 + [3.0 * k for k in range(1, 30)] + [87.0] * 12))
    assert found["path"][0]["motion"] == [1, 0, 0, 0, 1, 0] and found["path"][-1]["frame"] >= 40
    assert found["path"][-1]["motion"] == pytest.approx([1, 0, 543.75, 0, 1, 0], abs=10)
    assert shots_of([A] * 10)[0]["path"] == []


def test_a_walking_figure_is_no_camera_move() -> None:
    grids = [figure(A, 3 * k) for k in range(30)]
    assert moves(grids, 0, 30, PARAMS.camera, 12.0) == []


def test_film_that_weaves_in_its_gate_is_no_camera_move() -> None:
    large = texture(7, 480, 120)

    def seen(places: Sequence[float]) -> list[Cells]:
        windows = [np.array([[1, 0, -20 - x], [0, 1, 0]], np.float32) for x in places]
        return [cv2.warpAffine(large, m, (160, 120), flags=cv2.INTER_LINEAR) for m in windows]

    for cells, turns in ((0.8, 0.46), (1.0, 0.35), (1.2, 0.3)):  # sideways, a frame
        weaving = seen([cells * np.sin(turns * k) for k in range(60)])
        assert moves(weaving, 0, 60, PARAMS.camera, 12.0) == []
    slow = seen([0.2 * k + 0.3 * np.sin(0.46 * k) for k in range(60)])
    assert [m.kind for m in moves(slow, 0, 60, PARAMS.camera, 12.0)] == ["pan"]


def test_a_way_to_and_fro_does_not_lead_far() -> None:
    right, left = (np.array([[1, 0, dx], [0, 1, 0]], np.float32) for dx in (2, -2))
    assert reach([right, left, right, left], (90, 160)) == pytest.approx(2)
    assert reach([right, right, right], (90, 160)) == pytest.approx(6)
    assert reach([], (90, 160)) == 0


def test_alignment_says_how_far() -> None:
    a, b = panned(6, [0.0, 5.0])
    found = align(a, b)
    assert found is not None
    motion, rest = found
    assert motion[0, 2] == pytest.approx(5, abs=0.5) and motion[1, 2] == pytest.approx(0, abs=0.5) and rest < 0.2
    assert kind_of(motion, a.shape) == "pan"
    assert align(DARK, DARK) is None


def test_what_no_camera_does_is_no_move() -> None:
    assert kind_of(np.array([[1.2, 0.1, -60], [0, 1.26, -25]], np.float32), (120, 160)) is None  # stretched
    assert kind_of(np.array([[1, 0, 0.1], [0, 1, 0]], np.float32), (120, 160)) is None  # still
    assert kind_of(np.array([[1.05, 0, -4], [0, 1.05, -3]], np.float32), (120, 160)) == "zoom"


def test_a_mixture_has_a_share_and_a_rest() -> None:
    zero, full = np.zeros((2, 2), np.uint8), np.full((2, 2), 100, np.uint8)
    assert mixture(zero, np.full((2, 2), 25, np.uint8), full) == (0.25, 0.0)
    assert mixture(zero, np.array([[100, 0], [0, 0]], np.uint8), full) == (0.25, pytest.approx(0.375))
    assert mixture(zero, full, zero) == (0.0, 0.0)


def test_a_moving_figure_is_no_dissolve() -> None:
    grids = [figure(A, 5 * k) for k in range(20)]
    assert gradual(grids, [False] * 20, PARAMS.blend, 12.0) == []


def blended(a: Cells, b: Cells, share: float) -> Cells:
    """A mixture of two pictures, with `share` of the second."""
    return (a + share * (b.astype(float) - a)).round().astype(np.uint8)


@pytest.mark.parametrize("length", [4, 12, 30])
def test_a_dissolve_is_found_while_both_pictures_move(length: int) -> None:
    slow = [0.2 * (k // 2) for k in range(20 + length)]  # on twos, as the figures go
    there, back = ([figure(grid, 2 * (k // 2) + 20) for k, grid in enumerate(panned(seed, slow))] for seed in (4, 5))
    mixed = [blended(there[20 + k], back[k], (k + 1) / (length + 1)) for k in range(length)]
    grids = [*there[:20], *mixed, *back[length:]]
    (found,) = gradual(grids, [False] * len(grids), PARAMS.blend, CHANGED)
    assert found.kind == "dissolve" and found.start in (19, 20) and found.end - length in (20, 21)
    assert abs(found.boundary - (20 + length / 2)) <= 2


def test_a_picture_in_full_detail_between_two_mixtures_is_in_none() -> None:
    a, b = texture(21, 160, 120), texture(22, 160, 120)
    tones = cv2.resize(cv2.resize(blended(a, b, 0.55).astype(np.float32), (20, 15)), (160, 120))
    lines = texture(90, 160, 120).astype(np.float32)
    own = np.clip(tones + lines - cv2.blur(lines, (17, 17)), 0, 255).astype(np.uint8)  # half the way, by its tones
    steps = [(k + 1) / 6 for k in range(5)]
    grids = [a, *(blended(a, own, step) for step in steps), *[own] * 8, *(blended(own, b, step) for step in steps), b]
    ends = [between_clear(grids, middle, 1, 18, 2.2 * PARAMS.blend, CHANGED, 0.0) for middle in (3, 16)]
    assert ends == [(1, 5), (14, 18)]
    plain = [a, *(blended(a, b, step) for step in steps), b]
    assert between_clear(plain, 3, 1, 5, 2.2 * PARAMS.blend, CHANGED, 0.0) == (1, 5)


def test_what_goes_through_a_picture_that_stays_is_no_dissolve() -> None:
    walk = [figure(A, 4 * k, 250) for k in range(31)]
    still = [A] * 5 + [(A + share * (B - A.astype(np.float32))).round().astype(np.uint8) for share in (0.25, 0.5, 0.75)]
    scene = scene_of([*walk, *still, *[B] * 5], [])
    assert not of_two_pictures(scene, Passage("dissolve", 1, 30, 15))
    assert of_two_pictures(scene, Passage("fade", 1, 30, 15))
    assert of_two_pictures(scene, Passage("dissolve", 36, 39, 37))
    at_home, away = figure(A, 10), figure(A, 70)  # a dissolve within one picture mixes cell by cell
    mixed = ((at_home.astype(np.uint16) + away) // 2).astype(np.uint8)
    assert of_two_pictures(scene_of([at_home, at_home, mixed, away, away], []), Passage("dissolve", 2, 3, 2))


def test_somebody_who_is_on_the_way_in_the_middle_is_in_no_mixture() -> None:
    before, after = np.array([200, 90, 90, 200], np.float32), np.array([90, 90, 200, 200], np.float32)
    walks, mixed = np.array([90, 200, 90, 200], np.float32), (before + after) / 2
    half = np.full(3, 0.5, np.float32)
    assert strange(np.stack([before, walks, after]), half, CHANGED).tolist() == [0, 0.5, 0]
    assert strange(np.stack([before, mixed, after]), half, CHANGED).tolist() == [0, 0, 0]


def test_where_neither_picture_is_there_is_no_mixture() -> None:
    # Somebody at the left before, at the right after; in the middle meanwhile, or half there at both sides.
    tones = np.array([[200, 90, 90], [90, 90, 200], [90, 200, 90], [145, 90, 145]], np.float32)
    detail = np.array([[40, 0, 0], [0, 0, 40], [0, 40, 0], [10, 0, 10]], np.float32)
    share, left = mixtures(tones, detail, np.array([0, 0]), np.array([2, 3]), np.array([1, 1]), CHANGED)
    assert share.tolist() == [0.5, 0.5] and left == pytest.approx([0.5 - 0.55 * 0.1, 0.0], abs=1e-6)


def test_a_picture_that_loses_its_light_keeps_its_detail() -> None:
    # Half of the light leaves a quarter of the squared gradients; half way there 9/16 of them are seen, and mixed 5/16.
    tones = np.array([[200, 100], [100, 200], [150, 150], [150, 150]], np.float32)
    detail = np.array([[64, 0], [16, 0], [36, 0], [20, 0]], np.float32)
    share, left = mixtures(tones, detail, np.array([0, 0]), np.array([2, 3]), np.array([1, 1]), CHANGED)
    assert share.tolist() == [0.5, 0.5] and left == pytest.approx([0.55, 0.0], abs=1e-6)


def test_motion_and_light_are_no_dissolve() -> None:
    slow = panned(4, [0.3 * k for k in range(60)])
    large = cv2.GaussianBlur(texture(5, 160, 120), (0, 0), 1.5)
    closer = [cv2.warpAffine(large, cv2.getRotationMatrix2D((80, 60), 0, 1.01**k), (160, 120)) for k in range(60)]
    fast = panned(4, [8.0 * k for k in range(40)])
    dark = [A] * 10 + [(A * (1 - 0.05 * k)).astype(np.uint8) for k in range(15)] + [(A * 0.3).astype(np.uint8)] * 10
    for grids in (slow, closer, fast, dark):
        assert gradual(grids, [False] * len(grids), PARAMS.blend, CHANGED) == []


def test_shares_that_jump_or_fall_are_no_dissolve() -> None:
    assert steady([0.2, 0.4, 0.6, 0.8]) and steady([0.3, 0.25, 0.6, 0.9])
    assert not steady([0.1, 0.2, 0.8, 0.9])  # more than half at once: a cut
    assert not steady([0.3, 0.6, 0.3, 0.7])  # there and back: motion


def test_a_fade_from_black_at_the_start_is_an_event_and_hides_no_drawing_that_moves() -> None:
    black = [False] * 60
    still = [blended(DARK, A, min(1.0, k / 20)) for k in range(60)]
    moved = [blended(DARK, figure(A, 3 * k), min(1.0, k / 20)) for k in range(40)]
    assert [(p.kind, p.start, p.end) for p in gradual(still, black, PARAMS.blend, CHANGED)] == [("fade", 1, 20)]
    assert shots_of(still)[0]["events"] == [{"kind": "fade", "start": 1, "end": 20}]
    (fade,) = gradual(moved, black, PARAMS.blend, CHANGED)
    assert fade.kind == "fade" and fade.end == fade.boundary + 1  # from half the light on they are drawings


@pytest.mark.parametrize("between", [0, 4])
@pytest.mark.parametrize("tone", [16, 235])
def test_figures_that_move_while_all_fades_and_comes_back_make_no_cut(between: int, tone: int) -> None:
    plain_ones = np.full_like(A, 150), np.full_like(A, 90)
    there, back = ([figure(one, abs(9 * k % 120 - 60), 230 - one[0, 0]) for k in range(30)] for one in plain_ones)
    flat = np.full_like(A, tone)
    out = [blended(there[18 + k], flat, (k + 1) / 12) for k in range(11)]
    into = [blended(flat, back[k], (k + 1) / 12) for k in range(11)]
    grids = [*there[:18], *out, *[flat] * between, *into, *back[11:]]
    (fade,) = gradual(grids, [False] * len(grids), PARAMS.blend, CHANGED)
    assert fade.kind == "fade" and set(range(19, 38 + between)) <= set(fade.whole)
    assert abs(fade.boundary - 29 - between / 2) <= 2
    assert [s["start"] for s in shots_of(grids)] == [0, 29 + between // 2]


def test_a_dissolve_from_night_to_day_goes_on_though_most_of_it_is_light() -> None:
    night, day = figure(np.full_like(A, 50), 20, 190), figure(np.full_like(A, 200), 90, 60)
    grids = [night] * 14 + [blended(night, day, (k + 1) / 11) for k in range(10)] + [day] * 14
    (found,) = gradual(grids, [False] * len(grids), PARAMS.blend, CHANGED)
    assert (found.kind, found.start, found.end) == ("dissolve", 14, 24)


def test_how_far_a_frame_has_gone_is_what_most_blocks_say() -> None:
    start, goal = np.zeros((40, 40), np.uint8), np.full((40, 40), 100, np.uint8)
    frame = np.full((40, 40), 25, np.uint8)
    frame[:16] = 200  # two fifths are something that moves
    assert gone(start, frame, goal, 12.0) == 0.25 and gone(start, start, goal, 12.0) == 0
    assert gone(start, frame, start, 12.0) == 0  # nothing to go to
    assert means(np.arange(16.0).reshape(4, 4), 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_what_light_does_not_explain() -> None:
    assert np.abs(beyond_light(A, (A * 0.5 + 20).astype(np.uint8))).max() < 1.1  # rounding
    assert np.abs(beyond_light(A, B)).mean() > 10


def test_a_frame_that_mixes_both_sides_of_a_cut_is_no_drawing_of_either() -> None:
    found = shots_of([A] * 8 + [blended(A, B, 0.4)] + [B] * 8)
    assert [(s["start"], s["transition"]) for s in found] == [(0, "cut"), (9, "cut")]
    assert [e for s in found for e in s["events"]] == [{"kind": "dissolve", "start": 8, "end": 9}]
    two = shots_of([A] * 8 + [blended(A, B, 0.3), blended(A, B, 0.7)] + [B] * 8)
    assert [s["start"] for s in two] == [0, 10] and two[0]["events"][0]["end"] == 10


def test_a_step_among_others_like_it_is_no_cut_unless_the_tones_are_others() -> None:
    """Six pictures one after the other, of the same tones, are fast action; one of other tones is a cut."""
    action = [texture(seed, 300, 250)[5 * seed :, 3 * seed :][:120, :160] for seed in range(11, 17)]
    bright = (A // 4 + 190).astype(np.uint8)
    found = [s["start"] for s in shots_of([A] * 8 + action + [bright] * 8)]
    assert found[0] == 0 and found[-1] == 14 and not set(found) & {10, 11, 12, 13}


def test_fast_action_on_threes_is_no_cut_either() -> None:
    action = [texture(seed, 300, 250)[5 * seed :, 3 * seed :][:120, :160] for seed in range(11, 17)]
    held = [picture for picture in action for _ in range(3)]
    bright = (A // 4 + 190).astype(np.uint8)
    found = [s["start"] for s in shots_of([A] * 8 + held + [bright] * 8)]
    assert found[0] == 0 and found[-1] == 26 and not set(found) & {14, 17, 20, 23}


def test_somebody_who_jumps_before_a_plain_wall_in_every_frame_is_not_framed_anew() -> None:
    wall = np.full_like(A, 170)

    def jumping(k: int) -> Cells:
        copy = wall.copy()
        top = (10, 10, 10, 26, 2, 20, 20, 20)[k]
        copy[top : top + 90, 40:120] = A[:90, 40:120] // 3 + 120
        return copy

    grids = [jumping(k) for k in range(8) for _ in range(1 if 2 < k < 6 else 4)]
    assert cuts(table_of(grids), scene_of(grids, []), PARAMS) == ([], [])


def test_a_horizon_that_two_pictures_share_by_chance_is_no_background_that_stays() -> None:
    evening, noon = np.full_like(A, 90), np.full_like(A, 210)
    for picture, ground, at in ((evening, 40, 20), (noon, 130, 70)):
        picture[78:] = ground
        picture[:74, at : at + 80] = A[:74, at : at + 80] // 2 + 20
    grids = [evening] * 8 + [noon] * 8
    stays = staying(evening, noon)
    assert stays is not None and PARAMS.cut < stays < 2 * PARAMS.cut
    assert cuts(table_of(grids), scene_of(grids, []), PARAMS) == ([8], [])


def test_what_stays() -> None:
    assert staying(A, A) == 1
    assert (staying(A, B) or 0) < 0.1
    assert staying(DARK, DARK) is None
    assert 0.5 < (staying(figure(A, 10), figure(A, 100)) or 0) < 0.8


def test_the_picture_within_its_bars() -> None:
    low, high = np.zeros((10, 10), np.uint8), np.zeros((10, 10), np.uint8)
    high[3:8, 1:9] = 200
    live = live_cells([low, high], 12)
    assert live.sum() == 40 and live[3:8, 1:9].all()
    high[3:8, 4:9] = 0
    assert live_cells([low, high], 12).all()  # 15 of 100 cells are a figure, no picture in bars


def test_text_on_the_bars_is_no_picture() -> None:
    low, high, text = np.zeros((20, 20), np.uint8), np.zeros((20, 20), np.uint8), np.zeros((20, 20), bool)
    high[2:12] = 200
    high[16:18, 4:16] = 200
    text[15:19, 3:17] = True
    assert live_cells([low, high], 12)[:18].all(axis=1).tolist() == [False] * 2 + [True] * 16
    assert live_cells([low, high], 12, text).all(axis=1).tolist() == [False] * 2 + [True] * 10 + [False] * 8
    assert within(live_cells([low, high], 12, text)).all(axis=1).tolist() == [False] * 4 + [True] * 6 + [False] * 10
    assert live_cells([low] * 99 + [high], 12).all()  # what one frame in a hundred shows says nothing


def test_timing_is_the_median_hold() -> None:
    change = [0, 1, 1, 50, 1, 1, 50, 1, 1, 1, 1, 50, 1, 1]  # drawings of 3, 3, 5, 3 frames
    times = [k / 24 for k in range(14)]
    assert timing(change, times, 1 / 24, (0, 14), 14.0, []) == 3
    assert timing(change, times, 1 / 24, (3, 11), 14.0, []) == 4  # 3 and 5
    assert timing(change, times, 1 / 24, (0, 14), 14.0, [(3, 7)]) == 7  # 11 and 3: frames 3 and 6 are a camera move


def test_timing_goes_by_time_where_frames_were_left_out() -> None:
    # Drawings of 3 film frames at 24 a second, telecined, one of five left out: of a hold any may be.
    times = [0, 2, 3, 4, 5, 7, 8, 9, 10, 11, 13, 14]  # of 1/30 s
    change = [0, 1, 1, 50, 1, 1, 50, 1, 1, 50, 1, 1]
    assert timing(change, [time / 30 for time in times], 1 / 24, (0, 12), 14.0, []) == 3


def test_the_usual_step_is_that_of_film_wherever_telecine_was_not_undone() -> None:
    assert usual_step([k / 24 for k in range(100)]) == pytest.approx(1 / 24)
    film = [(5 * k // 4) / 30 for k in range(200)]  # one of five left out
    assert usual_step(sorted({*film, 9 / 30, 24 / 30, 154 / 30, 159 / 30})) == pytest.approx(1 / 24, rel=1e-3)
    assert usual_step([0.0, 0.5, 1.0]) == 0.5 and usual_step([3.0]) == 1.0
    assert usual_step([*range(21), 25]) == 1.0  # two stretches of different length: the middle is neither
    assert usual_step([0.0] * 50) == 1.0


def test_mixtures_begin_no_drawing() -> None:
    """Held for three frames at 24 a second, blended to 25: a new one mixes with the one before it now and then."""
    one, two, three = figure(A, 10), figure(A, 60), figure(A, 110)
    grids = [one] * 3 + [blended(one, two, 0.6)] + [two] * 2 + [blended(two, three, 0.3)] + [three] * 3
    change = [block_difference(before, grid) for before, grid in pairwise([grids[0], *grids])]
    new = [frame for frame, value in enumerate(change) if value > 14]
    assert new == [3, 4, 6, 7] and mixed_changes(new, grids, CHANGED) == {3, 6}
    times = [k / 25 for k in range(10)]
    assert (
        timing(change, times, 1 / 25, (0, 10), 14.0, [], {3, 6}) == 3
        and timing(change, times, 1 / 25, (0, 10), 14.0, []) == 2
    )


def test_a_video_of_more_frames_than_film_is_told_in_those_of_film() -> None:
    ones = range(1, 120)
    telecined = [5 * k // 4 for k in range(1, 100)]  # of five frames one repeats
    assert film_step(1 / 24, ones, []) == 1 / 24 and film_step(1 / 25, ones, []) == 1 / 25
    assert film_step(1 / 30, ones, []) == 1 / 30  # drawn so
    assert film_step(1 / 30, telecined, []) == 1 / 24 and film_step(1 / 30, ones, range(40)) == 1 / 24
    assert film_step(1 / 60, ones, []) == 1 / 24 and film_step(1 / 50, ones, []) == 1 / 25


def test_shots_begin_at_cuts_and_boundaries() -> None:
    black = [False] * 20
    passages = [Passage("dissolve", 8, 12, 10), Passage("fade", 17, 20, 19)]
    assert shot_limits(black, [4], passages) == [(0, 4), (4, 10), (10, 20)]
    assert shot_limits([True] * 3 + black, [9], [Passage("fade", 3, 6, 4)]) == [(0, 9), (9, 23)]


def test_a_shot_is_looked_at_over_its_longest_stretch_that_is_not_mixed() -> None:
    between = [Passage("dissolve", 8, 12, 10), Passage("fade", 37, 44, 40)]
    assert unmixed((0, 10), between) == (0, 8)
    assert unmixed((10, 40), between) == (12, 37)
    assert unmixed((40, 60), between) == (44, 60)
    assert unmixed((60, 90), between) == (60, 90)
    assert unmixed((0, 90), [Passage("fade", 1, 9, 5)]) == (9, 90)  # out of the first black
    assert unmixed((0, 90), [Passage("fade", 80, 89, 85)]) == (0, 80)


def test_the_camera_of_a_shot_is_its_longest_move() -> None:
    assert camera([]) == "static"
    assert camera([Event("pan", 0, 5), Event("zoom", 8, 20)]) == "zoom"


def test_the_threshold_follows_the_noise() -> None:
    quiet = pl.DataFrame({"change": [0.0, 2, 3, 40, 2, 3, 50, 2], "spread": [0.0] * 8})
    loud = pl.DataFrame({"change": [0.0, *[12.0, 14, 16] * 6, 45, 50], "spread": [0.0] * 21})
    usual = np.ones(21)
    assert threshold(quiet, usual[:8], [], []) == pytest.approx(14, abs=0.2)
    assert threshold(loud, usual, [], []) > 18
    assert threshold(quiet, usual[:8], [], [], noise=25.0) >= 24.9  # grain alone comes to that
    nothing_left = threshold(loud, usual, [Passage("dissolve", 0, 21, 10)], [])
    assert nothing_left == pytest.approx(14, abs=0.2)


def on_twos(noise: Sequence[int]) -> list[Cells]:
    """A figure that jumps in every second frame, beside which each frame between changes a little where it was."""
    grids: list[Cells] = []
    for k, level in enumerate(noise):
        drawn = figure(A, 10 + 50 * (k % 2))
        coded = drawn.copy()
        coded[60:64, 20:24] -= np.uint8(level)
        grids += [coded, drawn]
    return grids


def changes(grids: Sequence[Cells]) -> list[float]:
    """The block difference of each frame to the one before."""
    return [0.0, *(block_difference(before, grid) for before, grid in pairwise(grids))]


def test_noise_is_where_much_more_changed_just_before() -> None:
    noise = [10, 12, 14, 16, 18, 20, 22, 24, 26, 28]
    grids = on_twos(noise)
    found = bettering(grids, changes(grids))
    assert found == {2 * k + 1: float(level) for k, level in enumerate(noise) if k}
    assert noisy((0, 8), found) and not noisy((0, 4), found)  # an encoder's, in some frames of the shot
    few = {3: 10.0, 5: 12.0}
    assert noisy((0, 20), few) and not noisy((0, 21), few)  # two are enough in a short one
    mouth = [grid.copy() for grid in grids]
    for k in range(1, 20, 2):
        mouth[k][20:24, 140:144] = 40 + 60 * (k // 2 % 2)  # it moves where nothing else does
    assert bettering(mouth, changes(mouth)) == {}
    again = [figure(A, 60, 250 - 20 * (k % 2)) for k in range(20)]
    assert bettering(again, changes(again)) == {}  # as much changed before
    rng = np.random.default_rng(0)
    grained = [np.clip(grid + rng.normal(0, 1.5, grid.shape), 0, 255).astype(np.uint8) for grid in grids]
    assert bettering(grained, changes(grained)) == {}  # most cells are not as they were
    assert {5, 7, 9, 11, 13, 15, 17, 19} <= bettering(grained, changes(grained), 8.0).keys()  # but for grain


def test_a_threshold_is_above_most_noise_and_not_above_all_that_is_known() -> None:
    noise = [16.0, 18, 20, 20, 20, 20, 22, 24, 40] * 2
    on_twos = pl.DataFrame({"change": [0.0, *(step for level in noise for step in (level, 160.0))], "spread": 0.0})
    usual = np.ones(len(on_twos))
    assert threshold(on_twos, usual, [], []) < 12  # there is nothing from 8 to 16 levels
    bettered = {2 * k + 1: level for k, level in enumerate(noise)}
    assert 25 <= threshold(on_twos, usual, [], [], bettered=bettered) <= 40
    few = dict([*bettered.items()][:7])
    assert threshold(on_twos, usual, [], [], bettered=few) < 12  # which say nothing
    small = {frame: 0.5 * level for frame, level in bettered.items()}
    assert threshold(on_twos, usual, [], [], bettered=small) <= 20  # what is larger than any noise may be drawn


def test_the_threshold_follows_the_contrast_of_a_shot() -> None:
    table = pl.DataFrame({"contrast": [45.0] * 4 + [9.0] * 3 + [1.0] * 2})
    assert contrasts(table, [(0, 4), (4, 7), (7, 9)]).tolist() == [1.0] * 4 + [0.3] * 3 + [0.2] * 2
    dim = pl.DataFrame({"change": [0.0, 1, 1, 12, 1, 1, 15, 1], "spread": [0.0] * 8})
    assert threshold(dim, np.full(8, 0.3), [], []) == pytest.approx(14, abs=0.2)  # at the usual contrast: 4 here
    night = [figure(A // 5 + 10, 10 + 20 * (k // 3 % 2), 60) for k in range(24)]
    day = [figure(B, 10 + 30 * (k // 3 % 2)) for k in range(24)]
    levels = [shot["threshold"] for shot in shots_of([*day, *night])]
    assert levels[0] > 1.2 * levels[1]


def test_one_frame_is_one_shot() -> None:
    (found,) = shots_of([A])
    assert list(found) == list(SHOTS)
    assert (found["start"], found["end"], found["timing"], found["camera"]) == (0, 1, 1.0, "static")


def test_grain_is_no_texture() -> None:
    sky = np.full_like(A, 120)
    sky[100:, :] = A[100:, :]
    noise = np.random.default_rng(0)
    grained = [np.clip(sky + noise.normal(0, 2, sky.shape), 0, 255).astype(np.uint8) for _ in range(2)]
    assert (staying(*grained) or 0) > 0.9


def test_another_picture_of_like_brightness_is_not_the_one_before_a_flash() -> None:
    faint = [(110 + (texture(seed) - 128.0) / 16).astype(np.uint8) for seed in (1, 2)]
    marked = [figure(picture, x) for picture, x in zip(faint, (20, 90), strict=True)]
    assert [s["start"] for s in shots_of([marked[0]] * 6 + [marked[1]] * 6)] == [0, 6]


def test_a_figure_on_an_empty_background_is_no_camera_move() -> None:
    plain = np.full_like(A, 120)
    jump = [*range(0, 24, 4), *range(24, 0, -4)]
    grids = [figure(plain, 60)] * 6 + [np.roll(figure(plain, 60), -dy, axis=0) for dy in jump] + [figure(plain, 60)] * 6
    assert moves(grids, 0, len(grids), PARAMS.camera, 12.0) == []


def test_grain_stays_below_its_block_noise() -> None:
    random = np.random.default_rng(3)
    for deviation in (4.0, 8.0):
        grids = [np.clip(A / 2 + 64 + random.normal(0, deviation, A.shape), 0, 255).astype(np.uint8) for _ in range(12)]
        noise = noise_of(grids)
        assert noise.luma == pytest.approx(deviation, rel=0.15)
        held = [block_difference(a, b) for a, b in pairwise(grids)]
        assert max(held) < block_noise(noise) < 1.5 * max(held)


def test_commands_that_decode_nothing_bring_no_decoder_nor_pillow() -> None:
    run = "runpy.run_path('scripts/shots.py'); runpy.run_path('scripts/dedup.py')"
    code = f"import runpy, sys; {run}; print({{'av', 'yaml', 'PIL'}} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
