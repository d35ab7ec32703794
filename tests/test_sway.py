"""A camera that sways over held drawings, light that goes over them, rain where most is drawn: each is kept once."""

import cv2
import numpy as np
import pytest
from films import table_of, texture
from test_dedup import deduped, rained_on, shots_of
from test_drifts import SHOTS

from genga.drawings._dedup.drawings import unexplained
from genga.drawings._dedup.holds import Sway, runs, sway_level
from genga.drawings._shots.drifts import held_still
from genga.drawings._text.tracks import MaskedGrid, MaskedGrids, difference
from genga.drawings.alignment import step
from genga.drawings.shots import shots
from genga.drawings.static_tiles import Noise
from genga.video.luma_grid import Cells

LIVE = np.ones((120, 160), bool)
QUIET = Noise(0.0, 0.0)
BESIDE = [1.2 * np.sin(k / 4) for k in range(48)]  # cells that a camera held by hand lies beside where it was


def seen_from(sheet: Cells, x: float = 0.0, y: float = 0.0, closer: float = 1.0) -> Cells:
    """A picture by a camera that has gone x, y cells, and comes closer to its middle."""
    motion = np.array([[1 / closer, 0, x + 80 * (1 - 1 / closer)], [0, 1 / closer, y + 60 * (1 - 1 / closer)]])
    return cv2.warpAffine(sheet, motion, (160, 120), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                          borderMode=cv2.BORDER_REPLICATE)  # fmt: skip


def talking(held: int, n: int) -> list[Cells]:
    """A face whose mouth opens and shuts every `held` frames, as it is drawn."""
    face = cv2.GaussianBlur(texture(7), (0, 0), 1.5)
    spoken = [face.copy(), face.copy()]
    spoken[1][50:56, 70:80] = 20
    return [spoken[k // held % 2] for k in range(n)]


def test_drawings_under_a_camera_that_sways_are_each_kept_once() -> None:
    drawn = talking(6, 48)
    swayed = [seen_from(sheet, x, 0.6 * x) for sheet, x in zip(drawn, BESIDE, strict=True)]
    keepers = [keeper for keeper, _ in deduped(swayed, shots_of((0, 48)))]
    assert keepers == [k // 6 % 2 * 6 for k in range(48)]  # the second and all others are found again
    resting = [keeper for keeper, _ in deduped(drawn, shots_of((0, 48)))]
    assert keepers == resting


def test_who_jumps_by_two_cells_and_stands_is_drawn() -> None:
    """A camera that sways goes on from frame to frame; what stands before and after one step was drawn anew."""
    face = talking(48, 48)[0]
    nearer = [seen_from(face, closer=1.025 ** (k // 4)) for k in range(24)]
    assert [keeper for keeper, _ in deduped(nearer, shots_of((0, 24)))] == [k // 4 * 4 for k in range(24)]
    by_hand = [seen_from(face, closer=1.006**k) for k in range(5)]
    assert {keeper for keeper, _ in deduped(by_hand, shots_of((0, 5)))} == {0}


def test_a_faint_mouth_under_a_camera_that_creeps_is_drawn_where_the_steps_around_leave_far_less() -> None:
    face = cv2.GaussianBlur(texture(7), (0, 0), 1.5)
    spoken = face.copy()
    spoken[52:54, 72:75] = np.clip(spoken[52:54, 72:75].astype(int) + 15, 0, 255)
    crept = [seen_from(spoken if k >= 15 else face, 0.1 * k) for k in range(24)]
    seen, sway = MaskedGrids(crept, []), Sway(QUIET, LIVE, ~LIVE)
    assert (known := sway.explained(seen[14], seen[15], 14.0)) is not None and known[0] < known[1]
    assert [run.frames[0] for run in runs(seen, {"shot": 0, "start": 0, "end": 24}, (), {}, 14.0, sway=sway)] == [0, 15]


def test_what_is_left_of_a_sway_and_of_a_drawing() -> None:
    shut, opened = talking(1, 2)
    sway = Sway(QUIET, LIVE, ~LIVE)

    def rest(a: Cells, b: Cells) -> float | None:
        return sway.rest(MaskedGrid(a), MaskedGrid(b))

    for other in (seen_from(shut, 1.3), seen_from(shut, 0.4, -1.1), seen_from(shut, closer=1.02)):
        assert (left := rest(shut, other)) is not None and left < 10
    assert (left := rest(shut, seen_from(opened, 1.3))) is not None and left > 60
    assert rest(shut, opened) is None  # nothing but a mouth moved
    assert rest(shut, seen_from(shut, 4.5)) is None  # that far goes a camera move
    wall, further = (np.full((120, 160), 120, np.uint8) for _ in range(2))
    wall[40:90, 60:90] = shut[40:90, 60:90]
    further[41:91, 62:92] = wall[40:90, 60:90]
    assert rest(wall, further) is None  # a figure that jumps before a plain wall is another drawing
    hand = seen_from(shut, 0.4)
    hand[118:, 70:90] = 235  # comes in at the edge of the picture, beside which others come in where it goes far
    assert (left := rest(shut, hand)) is not None and left > 60
    part = shut.copy()
    part[:, :60] = seen_from(shut, 1.3)[:, :60]
    assert rest(shut, part) is None or rest(shut, part) > sway_level(14)  # not the whole picture


@pytest.mark.parametrize(("threshold", "level"), [(7, 10), (14, 20), (20, 20), (32, 20)])
def test_how_much_may_be_left(threshold: float, level: float) -> None:
    assert sway_level(threshold) == level


def test_a_sway_says_nothing_about_a_threshold_or_how_long_drawings_are_held() -> None:
    swayed = [seen_from(sheet, x) for sheet, x in zip(talking(3, 48), BESIDE, strict=True)]
    table = table_of(swayed)
    still = held_still(table["change"].to_list(), swayed, LIVE, QUIET, ())
    assert max(still[k] for k in range(1, 48) if k % 3) < 14 < 40 < min(still[k] for k in range(3, 48, 3))
    assert max(table["change"].to_list()[k] for k in range(1, 48) if k % 3) > 14
    assert shots(table, swayed, SHOTS)["timing"].to_list() == [3.0]


def lit_by(grid: Cells, frame: int) -> Cells:
    """The picture under light that goes over it in waves, as of water."""
    y, x = np.mgrid[:120, :160] / 120
    waves = np.sin(9 * x + 3 * y + frame / 4) + np.sin(7 * y - 4 * x - frame / 3)
    return (0.7 * grid * (1 + 0.12 * waves)).clip(0, 255).astype(np.uint8)


def test_drawings_under_light_that_goes_over_them_are_each_kept_once() -> None:
    lit = [lit_by(picture, frame) for frame, picture in enumerate(talking(6, 48))]
    assert min(difference(MaskedGrid(lit[0]), MaskedGrid(lit[k])) for k in range(2, 6)) > 14
    assert [keeper for keeper, _ in deduped(lit, shots_of((0, 48)))] == [k // 6 % 2 * 6 for k in range(48)]


def test_what_is_left_of_light_and_of_a_drawing() -> None:
    shut, opened = talking(1, 2)
    sway = Sway(QUIET, LIVE, ~LIVE)

    def lit(a: Cells, b: Cells) -> float | None:
        return sway.lit(MaskedGrid(a), MaskedGrid(b))

    assert (left := lit(lit_by(shut, 0), lit_by(shut, 9))) is not None and left < 10
    assert (left := lit(lit_by(shut, 0), lit_by(opened, 9))) is not None and left > 60
    faint = shut.copy()
    faint[50:54, 70:74] -= 20
    assert (left := lit(lit_by(shut, 0), lit_by(faint, 9))) is not None and left > 14  # a small mouth
    assert lit(shut, opened) is None  # nothing but a mouth changed


def test_light_that_explains_little_of_a_change_leaves_a_drawing() -> None:
    shut, _ = talking(1, 2)
    shaded = shut.copy()
    shaded[60:66, 60:66] -= 24
    sway, before = Sway(QUIET, LIVE, ~LIVE), MaskedGrid(lit_by(shut, 0))
    assert sway.explained(before, MaskedGrid(lit_by(shut, 4)), 20.0) is not None
    assert sway.lit(before, MaskedGrid(lit_by(shaded, 1))) is not None
    assert sway.explained(before, MaskedGrid(lit_by(shaded, 1)), 20.0) is None


def test_of_small_steps_those_of_a_camera_and_of_light_are_no_drawings() -> None:
    shut, opened = talking(1, 2)
    seen = MaskedGrids([shut, seen_from(shut, 1.3), shut, lit_by(shut, 0), lit_by(shut, 4), shut, opened], [])
    steps = {1: 12.0, 4: 12.0, 6: 12.0}
    assert unexplained(steps, seen, [20.0] * 7, Sway(QUIET, LIVE, ~LIVE)) == {6: 12.0}
    assert unexplained(steps, seen, [20.0] * 7, None) == steps


def test_light_that_goes_over_a_picture_is_no_motion_of_it() -> None:
    shut, _ = talking(1, 2)
    assert all(step(lit_by(shut, k), lit_by(shut, k + 1), LIVE, QUIET) is None for k in range(8))
    assert step(shut, seen_from(shut, 1.3), LIVE, QUIET) is not None


def test_rain_is_told_where_most_of_what_happens_is_drawn() -> None:
    grids = [rained_on(picture, frame) for frame, picture in enumerate(talking(2, 50))]  # at every other step, a mouth
    keepers = {keeper for keeper, _ in deduped(grids, shots_of((0, 50)))}
    assert keepers >= set(range(0, 50, 2)) and len(keepers) <= 30
