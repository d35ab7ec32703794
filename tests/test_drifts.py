"""Figures that go on under a moving camera, what is swept past by a whip pan, and pictures of a single frame."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import pytest
from films import table_of, texture

from genga.drawings._dedup.moving import Layers, anew
from genga.drawings._dedup.shown import moved_as_one
from genga.drawings._shots import drifts as of_drifts
from genga.drawings._shots.camera_moves import joined, moves, way_of
from genga.drawings._shots.cuts import Scene
from genga.drawings._shots.drifts import drifts, held_still
from genga.drawings._shots.events import Event, Passage
from genga.drawings._shots.holds import mixed_frames
from genga.drawings._shots.whips import of_two_pictures, whips, with_others
from genga.drawings._text.burnt_in import goes_along
from genga.drawings._text.tracks import Lettering, MaskedGrids
from genga.drawings.alignment import UNLIKE, motion_of_most, step
from genga.drawings.dedup import own_drawings
from genga.drawings.overlays import layers
from genga.drawings.shots import shots
from genga.drawings.static_tiles import CHANGED, Noise, noise_of
from genga.params.dedup import Params as DedupParams
from genga.params.shots import Params as ShotsParams
from genga.video.luma_grid import Cells, difference_map

SHOTS = ShotsParams(cut=0.11, flash=3, blend=0.35, camera=0.45, black=30.0)
DEDUP = DedupParams(threshold=None, recurring=0, signature=48, keep="first", camera="first", flash=3, text="ignore",
                    weather="ignore", back=0, black=30.0)  # fmt: skip
LIVE = np.ones((120, 160), bool)
LARGE = cv2.GaussianBlur(texture(4, 320, 120), (0, 0), 1.5)
FIGURES = [texture(10 + k, 70, 100) for k in range(8)]


def filmed(places: Sequence[float], held: int) -> list[Cells]:
    """A window at these places of a large picture, with a figure over much of it that is drawn anew every `held`."""
    grids = []
    for k, place in enumerate(places):
        sheet = LARGE.copy()
        sheet[20:120, 60:130] = FIGURES[k // held % len(FIGURES)]
        grids.append(cv2.warpAffine(sheet, np.array([[1, 0, -place], [0, 1, 0]], np.float32), (160, 120)))
    return grids


PANNED = [cv2.warpAffine(LARGE, np.array([[1, 0, -k], [0, 1, 0]], np.float32), (160, 120)) for k in range(8)]
TWOS = filmed([0.0] * 6 + [0.5 * k for k in range(36)] + [17.5] * 6, 3)


def test_a_move_is_found_under_a_figure_that_goes_on() -> None:
    assert moves(TWOS, 0, len(TWOS), SHOTS.camera, CHANGED) == []  # over six frames no motion explains it
    (found,) = drifts(TWOS, (0, len(TWOS)), LIVE, noise_of(TWOS), 0.5)
    assert found.kind == "pan" and abs(found.start - 6) <= 1 and abs(found.end - 42) <= 1


def test_a_move_is_found_in_a_shot_of_eight_frames() -> None:
    assert moves(PANNED, 0, 8, SHOTS.camera, CHANGED) == []  # too short for two comparisons over six frames
    (found,) = drifts(PANNED, (0, 8), LIVE, noise_of(PANNED), 0.5)
    assert (found.kind, found.start, found.end) == ("pan", 0, 8)
    assert drifts(PANNED[:6], (0, 6), LIVE, noise_of(PANNED), 0.5) == []  # who jumps goes one way for a while, too


def test_within_a_known_move_none_is_looked_for() -> None:
    whole, early = Event("pan", 0, len(TWOS)), Event("pan", 0, 20)
    assert drifts(TWOS, (0, len(TWOS)), LIVE, noise_of(TWOS), 0.5, [whole]) == []
    assert len(drifts(TWOS, (0, len(TWOS)), LIVE, noise_of(TWOS), 0.5, [early])) == 1


def test_steps_that_are_found_are_not_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[int, np.ndarray | None] = {}
    change = [0.0, *(float(difference_map(a, b).max()) for a, b in pairwise(TWOS))]
    held_still(change, TWOS, LIVE, noise_of(TWOS), (), asked)
    alone: list[int] = []  # steps that are looked for without one that they are near to
    monkeypatch.setattr(of_drifts, "step", lambda *of: (alone.append(of[-1] is None), step(*of))[1])
    assert drifts(TWOS, (0, len(TWOS)), LIVE, noise_of(TWOS), 0.5, (), asked) and sum(alone) == 0
    assert drifts(TWOS, (0, len(TWOS)), LIVE, noise_of(TWOS), 0.5) and sum(alone) > 0


def test_a_step_that_leaves_what_has_texture_is_none_of_a_camera() -> None:
    picture, shifted = TWOS[0], TWOS[0].copy()
    shifted[:30] = cv2.warpAffine(TWOS[0], np.array([[1, 0, -1.5], [0, 1, 0]], np.float32), (160, 120))[:30]
    noise = noise_of(TWOS)
    assert step(picture, shifted, LIVE, noise) is None
    whole = cv2.warpAffine(picture, np.array([[1, 0, -1.5], [0, 1, 0]], np.float32), (160, 120))
    assert step(picture, whole, LIVE, noise) is not None


def test_what_stands_on_the_spot_or_goes_to_and_fro_is_no_move() -> None:
    still = filmed([0.0] * 40, 3)
    assert drifts(still, (0, 40), LIVE, noise_of(still), 0.3) == []
    weaving = filmed([4 + 0.5 * (k % 2) for k in range(40)], 3)
    assert drifts(weaving, (0, 40), LIVE, noise_of(weaving), 0.5) == []


def test_one_drawing_under_a_move_is_kept_once() -> None:
    found = shots(table_of(TWOS), TWOS, SHOTS)
    keepers = own_drawings(table_of(TWOS), found, TWOS, {}, DEDUP)["keeper"].to_list()
    drawn = [k // 3 for k in range(len(TWOS))]
    assert all(keepers[k] != keepers[k - 1] for k in range(1, len(TWOS)) if drawn[k] != drawn[k - 1])
    assert len(set(keepers)) == len(set(drawn))


def test_moves_found_in_two_ways_are_one() -> None:
    pan, zoom = Event("pan", 4, 30), Event("zoom", 25, 40)
    assert joined([pan], [zoom, Event("pan", 60, 80)]) == [Event("pan", 4, 40), Event("pan", 60, 80)]


def whipped(length: int) -> list[Cells]:
    """A picture at rest, `length` frames of being swept to another beside it, and that one at rest."""
    a, b = (cv2.GaussianBlur(texture(seed, 160, 120), (0, 0), 1.5) for seed in (21, 22))
    both = np.hstack([a, b])
    swept = []
    for k in range(length):
        left = round(160 * (k + 1) / (length + 1))
        swept.append(cv2.blur(both, (41, 1))[:, left : left + 160].copy())
    return [a] * 5 + swept + [b] * 5


@pytest.mark.parametrize("length", [4, 7, 12])
def test_a_whip_pan_is_a_passage_without_drawings(length: int) -> None:
    grids = whipped(length)
    assert whips(grids, table_of(grids)["spread"].to_list()) == [
        Passage("dissolve", 5, 5 + length, boundary=5 + length // 2)
    ]
    found = shots(table_of(grids), grids, SHOTS)
    assert found["transition"].to_list() == ["cut", "dissolve"]
    keepers = own_drawings(table_of(grids), found, grids, {}, DEDUP)["keeper"].to_list()
    assert set(keepers[5 : 5 + length]) == {None} and len(set(keepers)) == 3


def test_what_is_no_whip_pan() -> None:
    smear = whipped(2)  # an animator's
    assert whips(smear, table_of(smear)["spread"].to_list()) == []
    sharp = whipped(7)
    for k in range(5, 12):
        sharp[k][20:100, 40:120] = FIGURES[k % 8][:80, :70].repeat(2, axis=1)[:, :80]  # a figure stays sharp
    assert whips(sharp, table_of(sharp)["spread"].to_list()) == []


def test_a_body_drawn_without_lines_before_a_background_that_stays_is_no_whip_pan() -> None:
    wall, (first, *flat, last) = 62 + soft(31, 160, 120) // 10 * 3, [soft(40 + k, 100, 80) for k in range(9)]
    thrown = [(24 + 6 * (k % 3), cv2.blur(body, (45, 1))) for k, body in enumerate(flat)]
    grids = []
    for x, body in [*[(30, first)] * 6, *thrown, *[(36, last)] * 6]:
        grids.append(wall.copy())
        grids[-1][20:100, x : x + 100] = body
    for film, whether in ((grids, False), (whipped(7), True)):
        (whip,) = whips(film, table_of(film)["spread"].to_list())  # by what is sharp, both are
        scene = Scene(film, LIVE, noise_of(film), MaskedGrids(film, ()))
        assert of_two_pictures(scene, whip) == whether


def soft(seed: int, width: int, height: int) -> Cells:
    return np.asarray(cv2.GaussianBlur(texture(seed, width, height), (0, 0), 1.5), np.uint8)


def test_a_part_of_a_whip_pan_may_pass_for_a_dissolve() -> None:
    whip, far = Passage("dissolve", 10, 20, boundary=15), Passage("fade", 40, 50, boundary=45)
    assert with_others([Passage("dissolve", 14, 22, boundary=18), far], [whip]) == [whip, far]


def test_a_picture_of_one_frame_is_a_drawing_and_no_cut() -> None:
    a, b = (texture(seed, 176, 136)[:120, 9:169] for seed in (31, 32))
    grids = [a] * 12 + [b] + [a] * 12
    found = shots(table_of(grids), grids, SHOTS)
    assert found["start"].to_list() == [0]
    keepers = own_drawings(table_of(grids), found, grids, {}, DEDUP)["keeper"].to_list()
    assert keepers == [0] * 12 + [12] + ([0] * 12 if keepers[13] == 0 else [13] * 12)


def test_a_last_drawing_of_one_frame_is_no_mixture_with_the_next_shot() -> None:
    a, b = (texture(seed, 176, 136)[:120, 9:169] for seed in (31, 32))
    other = a.copy()
    other[30:80, 40:80] = (0.8 * a[30:80, 40:80] + 0.2 * b[30:80, 40:80]).astype(np.uint8)  # an eighth of the picture
    other[80:100, 40:80] = b[80:100, 40:80]
    mixed = cv2.addWeighted(a, 0.5, b, 0.5, 0)
    spread = np.array([0.0, 0.0, 0.4, 0.9, 0.0])
    assert mixed_frames([a, a, other, b, b], spread, 0.05) == {}
    assert mixed_frames([a, a, mixed, b, b], spread, 0.05) == {2: 3}


def test_text_does_not_go_along_with_the_picture() -> None:
    line = Lettering(0, 30, 0.35, 0.4, 0.6, 0.5)
    moving = [cv2.warpAffine(LARGE, np.array([[1, 0, -0.6 * k], [0, 1, 0]], np.float32), (160, 120)) for k in range(30)]
    assert goes_along(moving, line)
    over = [grid.copy() for grid in moving]
    for grid in over:
        grid[44:64, 50:102] = np.where(texture(7, 52, 20) > 128, 250, 10)
    assert not goes_along(over, line)


TITLE = np.where(texture(7, 90, 26) > 128, 245, 15).astype(np.uint8)


def titled(grids: Sequence[Cells], first: int) -> list[Cells]:
    """The same with a title over their middle from frame `first` on."""
    over = [grid.copy() for grid in grids]
    for grid in over[first:]:
        grid[88:114, 35:125] = TITLE
    return over


SHEET = (100 + cv2.GaussianBlur(texture(4, 400, 120), (0, 0), 0.6) * 0.09).astype(np.uint8)


def seen_by(k: int, scale: float = 1.0, contrast: float = 1.0) -> Cells:
    """A large picture by a camera that goes a cell a frame, and comes closer by `scale`."""
    return cv2.warpAffine(
        cv2.convertScaleAbs(SHEET, alpha=contrast, beta=100 - 100 * contrast),
        np.array([[scale**k, 0, -k], [0, scale**k, 0]], np.float32),
        (160, 120),
    )


def begun(grids: Sequence[Cells], threshold: float = 8.0) -> set[int]:
    """The frames of a move over all grids that begin another drawing."""
    travel = dict.fromkeys(range(len(grids)), len(grids) - 1)
    return set(anew(MaskedGrids(grids, []), 0, len(grids), set(), travel, threshold, None))


@pytest.mark.parametrize("scale", [1.0, 1.004], ids=["pan", "zoom"])
def test_a_title_that_stands_over_a_move_takes_no_part_in_it(scale: float) -> None:
    grids = [seen_by(k, scale, 2.0) for k in range(36)]
    assert begun(grids) == set()
    grids = titled(grids, 10)
    seen = MaskedGrids(grids, [])
    layers = Layers(seen, 0, 36, None)
    for k in range(12, 34):
        rest = layers.rest(k)
        assert rest.clear < 10 < 15 < moved_as_one(seen[k - 1], seen[k], None).clear
        assert rest.beside is not None  # what comes out behind it may be anything
    for k in range(20, 36):
        grids[k][40:48, 80:90] = 30  # a mouth beside it
    assert {10, 20} <= begun(grids)


def test_a_mouth_speaks_right_below_the_words_that_stand_over_a_move() -> None:
    line = Lettering(
        0, 36, 35 / 160, 92 / 120, 125 / 160, 100 / 120
    )  # six cells of margin, and three more of what moves
    grids = [seen_by(k) for k in range(36)]
    for k, grid in enumerate(grids):
        grid[92:100, 35:125] = TITLE[:8]
        grid[106:108, 100 - k : 110 - k] = 100 if k < 20 else 140
    travel = dict.fromkeys(range(36), 35)
    assert set(anew(MaskedGrids(grids, [line]), 0, 36, set(), travel, 8.0, None)) == {20}


def test_a_mouth_of_a_figure_that_the_camera_follows_is_a_drawing() -> None:
    grids = [seen_by(k) for k in range(36)]
    for k, grid in enumerate(grids):
        grid[20:100, 60:110] = FIGURES[0][:80, :50]
        grid[60:66, 80:90] = 20 if k < 20 else 200
    assert begun(grids) == {20}


@pytest.mark.parametrize(("by", "drawn"), [(14, set(range(3, 36, 3))), (0, set())], ids=["talks", "is silent"])
def test_who_talks_before_a_slow_camera_is_drawn_anew_far_below_the_threshold_of_a_video_of_snow(
    by: int, drawn: set[int]
) -> None:
    rng = np.random.default_rng(5)
    grids = []
    for k in range(36):
        grid = cv2.warpAffine(SHEET, np.array([[1, 0, -0.05 * k], [0, 1, 0]], np.float32), (160, 120)).astype(float)
        grid[60:68, 80:88] += by * (k // 3 % 3)
        grids.append(np.clip(grid + rng.normal(0, 1, grid.shape), 0, 255).astype(np.uint8))
    assert begun(grids, 32.0) == drawn


def test_an_eye_shuts_of_somebody_who_is_followed_all_through_a_video() -> None:
    wide = cv2.GaussianBlur(texture(21, 160 + 3 * 60, 120), (0, 0), 1).astype(np.float32)
    wide = np.clip((wide - wide.mean()) * (60 / wide.std()) + 128, 0, 255).astype(np.uint8)
    face = cv2.GaussianBlur(FIGURES[0], (0, 0), 1.5)[:60, :40]
    grids = []
    for k in range(60):
        grid = wide[:, 3 * k : 3 * k + 160].copy()
        grid[40:100, 60:100] = face
        if 30 <= k < 33:
            grid[60:66, 74:88] = face[20:26, 14:28] // 2 + 10
        grids.append(grid)
    live, over = layers(grids, noise_of(grids))
    assert over[60:66, 74:88].mean() > 0.9  # it stands still over all else, as a logo does
    travel = dict.fromkeys(range(60), 59)
    begun = set(anew(MaskedGrids(grids, []), 0, 60, set(), travel, 8.0, live, over))
    assert begun >= {30, 33}


def test_who_flies_past_soft_clouds_is_not_the_picture_and_clouds_that_hardly_go_do_not_stand_over_it() -> None:
    clouds = cv2.GaussianBlur(texture(5, 160, 150), (0, 0), 14).astype(np.float32)
    clouds = 150 + (clouds - clouds.mean()) * (16 / clouds.std())
    plane = cv2.GaussianBlur(FIGURES[0], (0, 0), 1)[:16, :16] / 2
    grids = []
    for k in range(36):
        grid = cv2.warpAffine(clouds, np.array([[1, 0, 0], [0, 1, -0.12 * k]], np.float32), (160, 120))
        grid[50:66, 30 + k // 3 * 2 : 46 + k // 3 * 2] = plane
        grids.append(grid.astype(np.uint8))
    seen = MaskedGrids(grids, [])
    layers = Layers(seen, 0, 36, None)
    for k in range(12, 36, 3):
        assert layers.rest(k).clear == UNLIKE and moved_as_one(seen[k - 1], seen[k], None).clear > 20


def test_edges_along_the_way_of_a_camera_say_nothing_about_it() -> None:
    sheet = np.full((120, 240), 120, np.uint8)
    sheet[::6] = 60  # lines along its way, nearly everywhere
    sheet[:, 60:110] = cv2.GaussianBlur(texture(3, 50, 120), (0, 0), 1.5)
    first, second = sheet[:, 10:170], cv2.addWeighted(sheet[:, 10:170], 0.5, sheet[:, 11:171], 0.5, 0)
    found = step(first.copy(), second, LIVE, Noise(0.0, 0.0))
    assert found is not None and way_of(found, (120, 160))[:, 0] == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize(("scale", "turn", "shift"), [(1, 0, 5.5), (1.02, 0, -1), (0.99, 0.01, 2)])
def test_the_motion_of_most_of_a_picture_whatever_stands_over_it(scale: float, turn: float, shift: float) -> None:
    true = np.array([[scale, -turn, shift], [turn, scale, 0.4 * shift]], np.float32)
    before = cv2.GaussianBlur(texture(5, 160, 120), (0, 0), 2)
    after = cv2.warpAffine(before, true, (160, 120), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    before, after = titled([before, after], 0)
    for finest in (1, 2):
        found = motion_of_most(before, after, LIVE, None, finest)
        assert found is not None and np.abs(way_of(found, (120, 160)) - way_of(true, (120, 160))).max() < 0.4
    assert motion_of_most(np.full_like(before, 90), np.full_like(after, 90), LIVE) is None
