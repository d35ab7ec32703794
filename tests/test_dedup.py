"""Which frames show the same drawing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from films import texture

from genga.decisions.frames import Verb, Verdict, hold_of, open_drops, read_verdicts
from genga.drawings._dedup.camera import halved, standing, view
from genga.drawings._dedup.drawings import absorb_blends, rate_converted, share_of
from genga.drawings._dedup.faint import (
    compressed,
    faint,
    largest_noise,
    noise_top,
    small_changes,
    strongly_compressed,
)
from genga.drawings._dedup.flashes import _line, turned_up
from genga.drawings._dedup.holds import Run, runs
from genga.drawings._dedup.moving import least_of_new
from genga.drawings._dedup.passing import Pictures, fleeting, on_ones
from genga.drawings._dedup.recurring import proposals, recurring_threshold, repeats, shot_levels
from genga.drawings._dedup.shown import moved_as_one
from genga.drawings._dedup.weather_levels import level, level_without
from genga.drawings._text.tracks import Lettering, MaskedGrid, MaskedGrids, mask_of
from genga.drawings.alignment import UNLIKE
from genga.drawings.dedup import dropped, own_drawings
from genga.drawings.margins import Asked, closer, recurring
from genga.errors import GengaError
from genga.images.boxes import iou
from genga.params.dedup import Params
from genga.tables.dedup import DEDUP
from genga.tables.frames import FRAMES
from genga.tables.shots import SHOTS
from genga.video.luma_grid import Cells, block_difference

NOISE = np.random.default_rng(0).integers(0, 3, (16, 16)).astype(np.uint8)


def drawing(where: int, value: int = 200) -> Cells:
    """A grid with a 4x4 mark in one of nine places: another place, another drawing."""
    grid = np.full((16, 16), 60, np.uint8)
    y, x = divmod(where, 3)
    grid[5 * y : 5 * y + 4, 5 * x : 5 * x + 4] = value
    return grid


A, B, C = drawing(0), drawing(1), drawing(2)
DARK = np.full((16, 16), 16, np.uint8)


def params(**changes) -> Params:
    """Fixed thresholds, first frames kept; with changes."""
    fixed = {"threshold": 14.0, "recurring": 20.0, "signature": 256, "keep": "first", "camera": "ends", "back": 3,
             "text": "ignore", "weather": "ignore", "black": 30.0, "flash": 3}  # fmt: skip
    return Params(**(fixed | changes))


def frames_of(grids: Sequence[Cells], sharpness: Sequence[float] = ()) -> pl.DataFrame:
    """What the frames table says about grids; the columns that dedup looks at."""
    return pl.DataFrame(
        {
            "frame": range(len(grids)),
            "luma": [float(grid.mean()) for grid in grids],
            "contrast": [float(grid.std()) for grid in grids],
            "change": [block_difference(a, b) for a, b in zip([grids[0], *grids], grids, strict=False)],
            "keyframe": [frame == 0 for frame in range(len(grids))],
            "sharpness": list(sharpness) or [1.0] * len(grids),
            "signature": [bytes(32)] * len(grids),
            "lettering": [None] * len(grids),
        },
        schema_overrides={"lettering": FRAMES["lettering"]},
    )


def shots_of(
    *limits: tuple[int, int], events: Sequence[tuple[str, int, int]] = (), lettering: Sequence[Lettering] = ()
) -> pl.DataFrame:
    """A shots table; the events and lines of text stand with the last shot."""
    rows = [
        {"shot": k, "start": a, "end": b, "start_time": 0.0, "end_time": 0.0, "camera": "static", "transition": "cut",
         "timing": 1.0, "threshold": 14.0, "events": [], "lettering": [], "path": []}
        for k, (a, b) in enumerate(limits)
    ]  # fmt: skip
    rows[-1]["events"] = [{"kind": kind, "start": a, "end": b} for kind, a, b in events]
    rows[-1]["lettering"] = [{key: value for key, value in asdict(line).items() if key != "sure"} for line in lettering]
    return pl.DataFrame(rows, schema=dict(SHOTS))


def deduped(
    grids: Sequence[Cells], shots: pl.DataFrame, decided: Mapping[int, Verb] | None = None, **changes
) -> list[tuple]:
    """(keeper, reason) of every frame."""
    verdicts = {frame: Verdict(frame + 2, verb) for frame, verb in (decided or {}).items()}
    kept = [frame for frame, verdict in verdicts.items() if verdict.verb == "keep"]
    table = dropped(own_drawings(frames_of(grids), shots, grids, kept, params(**changes)), verdicts)
    assert table.columns == list(DEDUP) and table["frame"].to_list() == list(range(len(grids)))
    return table.select("keeper", "reason").rows()


def test_held_and_returning_drawings() -> None:
    found = deduped([A, A + NOISE, B, B, A, C], shots_of((0, 4), (4, 6)))
    assert found == [
        (0, "kept"), (0, "held"), (2, "kept"), (2, "held"), (0, "recurring"), (5, "kept"),
    ]  # fmt: skip


def test_the_distance_is_that_to_the_keeper_and_of_a_keeper_that_to_the_drawing_before() -> None:
    table = own_drawings(frames_of([A, A, B, B]), shots_of((0, 4)), [A, A + 3, B, B], {}, params())
    assert table["distance"].to_list() == [None, 3.0, 140.0, 0.0]
    assert table["shot"].to_list() == [0, 0, 0, 0]


def test_what_was_asked_about_a_frame() -> None:
    table = own_drawings(
        frames_of([A, A + 3, B, B, A + 6]), shots_of((0, 4), (4, 5)), [A, A + 3, B, B, A + 6], {}, params()
    )
    assert table.select("asked", "compared", "difference", "threshold").rows() == [
        (None, None, None, None),  # the first of the video
        ("held", 0, 3.0, 14.0),
        ("recurring", 0, 140.0, 20.0),  # likewise asked: held? at 140 beside 14, farther away
        ("held", 2, 0.0, 14.0),
        ("recurring", 0, 6.0, 20.0),  # the first of its shot
    ]


def test_the_closest_question_is_the_one_by_ratio() -> None:
    far, near = Asked("held", 1, 28.0, 14.0), Asked("recurring", 0, 30.0, 20.0)
    assert closer([{5: far, 6: far}, {5: near}]) == {5: near, 6: far}
    assert far.margin == pytest.approx(0.693, abs=1e-3) and Asked("held", 0, 0.0, 14.0).margin == math.inf


def test_the_likeliest_drawing_before_is_asked_about_by_its_own_threshold() -> None:
    proposed = [np.array(numbers, np.int32) for numbers in ([], [0], [0, 1], [0, 1, 2])]
    distances = [np.array(values, np.float32) for values in ([], [30], [18, 25], [40, 24, 1])]
    found = recurring([5, 6, 7, 8], proposed, distances, {2: 0}, [20.0, 10.0, 20.0, 20.0])
    assert found == {
        6: ("recurring", 5, 30.0, 10.0),
        7: ("recurring", 5, 18.0, 20.0),
        8: ("recurring", 5, 40.0, 20.0),  # of 6 it is 24 beside 10; 7 is a repeat itself
    }


def test_nothing_is_asked_on_the_way_of_a_camera_move() -> None:
    table = own_drawings(frames_of(PAN), PANNED, PAN, {}, params(recurring=0.0))
    assert [row[0] for row in table.filter(pl.col("asked") == "held").select("frame").rows()] == [1, 6]


def test_a_slow_change_is_seen_against_the_first_frame() -> None:
    grids = [drawing(0, 100 + 6 * k) for k in range(8)]  # 6 levels a step, 14 are a new drawing
    assert [keeper for keeper, _ in deduped(grids, shots_of((0, 8)), recurring=0.0)] == [0, 0, 0, 3, 3, 3, 6, 6]


def test_a_step_larger_than_the_threshold_begins_a_drawing_however_rough_the_first_frame_is() -> None:
    """An encoder leaves a mouth half open at first: both what it then is and what comes next are near to that."""
    said = [drawing(0, value) for value in (130, 120, 120, 140, 140)]
    assert [keeper for keeper, _ in deduped(said, shots_of((0, 5)), recurring=5.0)] == [0, 0, 0, 3, 3]
    slow = [drawing(0, value) for value in (130, 125, 120, 130, 140)]
    assert {keeper for keeper, _ in deduped(slow, shots_of((0, 5)))} == {0}


def test_the_sharpest_frame_stands_for_a_drawing() -> None:
    table = own_drawings(
        frames_of([A, A, A], [1.0, 3.0, 3.0]), shots_of((0, 3)), [A, A, A], {}, params(keep="sharpest")
    )
    assert table.select("keeper", "reason").rows() == [(1, "held"), (1, "kept"), (1, "held")]


def test_black_and_mixed_frames_are_no_drawings() -> None:
    mixed = ((A.astype(int) + B) // 2).astype(np.uint8)
    shots = shots_of((0, 3), (3, 6), events=[("dissolve", 2, 4)])
    assert deduped([A, DARK, mixed, mixed, B, B], shots) == [
        (0, "kept"), (None, "black"), (None, "dissolve"), (None, "dissolve"), (4, "kept"), (4, "held"),
    ]  # fmt: skip


def test_a_frame_between_two_drawings_that_mixes_them_is_a_blend() -> None:
    mixed = (A + 0.4 * (B.astype(float) - A)).round().astype(np.uint8)
    assert deduped([A, A, mixed, B, B], shots_of((0, 5))) == [
        (0, "kept"), (0, "held"), (0, "blend"), (3, "kept"), (3, "held"),
    ]  # fmt: skip
    on_ones = [A, mixed, B]  # no drawing is held: an in-between is as good as any
    assert [reason for _, reason in deduped(on_ones, shots_of((0, 3)))] == ["kept"] * 3


def jaw(where: float) -> Cells:
    """A grid with a soft line, two cells high or so, that lies `where`."""
    lines = 110 - 45 * np.exp(-((np.arange(16) - where) ** 2))
    return np.repeat(lines.round().astype(np.uint8)[:, None], 16, axis=1)


def test_a_jaw_half_the_way_between_two_is_no_blend() -> None:
    up, between, down = jaw(7.0), jaw(7.75), jaw(8.5)
    mixed = ((up.astype(np.uint16) + down) // 2).astype(np.uint8)
    assert block_difference(up, between) > 14 < block_difference(between, down)
    assert block_difference(mixed, between) < 14  # all but as much as held frames differ by
    shown = deduped([up, up, between, down, down, up, up, mixed, down, down], shots_of((0, 10)), recurring=1.0)
    assert [reason for _, reason in shown[:5]] == ["kept", "held", "kept", "kept", "held"]
    assert [reason for _, reason in shown[5:]] == ["recurring", "recurring", "blend", "recurring", "recurring"]
    near = jaw(8.1)  # nearer to the one after it than the threshold: it is seen by what stays alone
    runs_ = Run(0, [0, 1]), Run(0, [2], 20.0), Run(0, [3, 4], 14.0)
    assert block_difference(near, down) < 14
    assert share_of(*runs_, MaskedGrids([up, up, near, down, down], []), 14.0) is None
    much = np.clip(up + 0.7 * (down.astype(float) - up), 0, 255).astype(np.uint8)
    assert share_of(*runs_, MaskedGrids([up, up, much, down, down], []), 14.0) == pytest.approx(0.7, abs=0.02)


def test_the_last_frame_of_a_hold_that_drifts_begins_no_drawing() -> None:
    held = [np.clip(A.astype(int) + level, 0, 255).astype(np.uint8) for level in (0, 8, 16)]  # steam; 14 is far
    assert [keeper for keeper, _ in deduped([*held, B, B], shots_of((0, 5)))] == [0, 0, 0, 3, 3]
    slow = [*held, np.clip(A.astype(int) + 20, 0, 255).astype(np.uint8)]  # but what goes on from there does
    assert [keeper for keeper, _ in deduped([*slow, B], shots_of((0, 5)), recurring=1.0)] == [0, 0, 2, 2, 4]


def test_a_video_of_a_converted_rate_has_blends_on_ones_too() -> None:
    def half(a: Cells, b: Cells) -> Cells:
        return (a + 0.5 * (b.astype(float) - a)).round().astype(np.uint8)

    held = [grid for k in range(9) for grid in (drawing(k), drawing(k), half(drawing(k), drawing((k + 1) % 9)))]
    twos = [grid for k in range(4) for grid in (drawing(k), half(drawing(k), drawing(k + 1)))] + [drawing(4)]
    reasons = [reason for _, reason in deduped([*held, *twos], shots_of((0, 27), (27, 36)))]
    assert reasons[27:] == ["recurring", "blend"] * 4 + ["recurring"]
    assert reasons[:27].count("blend") == 8  # the last one has nothing after it
    alone = [reason for _, reason in deduped(twos, shots_of((0, 9)))]
    assert alone.count("blend") == 0  # nothing says that the rate was converted


LARGE = texture(3, 160, 40)  # cells of 8: a pan of a whole one leaves no edge between
PAN = [LARGE[:, x : x + 80].copy() for x in (0, 0, 8, 16, 24, 32, 32)]
PANNED = shots_of((0, 7), events=[("pan", 1, 6)])


@pytest.mark.parametrize(
    ("camera", "keepers", "reasons"),
    [
        ("ends", [0, 0, 0, 0, 5, 5, 5], "kept held camera camera camera kept held"),
        ("first", [0, 0, 0, 0, 0, 0, 0], "kept held camera camera camera camera camera"),
        ("stitched", [0, 0, 0, 0, 0, 0, 0], "kept held stitched stitched stitched stitched stitched"),
        ("last", [5, 5, 5, 5, 5, 5, 5], "camera camera camera camera camera kept held"),
        ("sharpest", [0, 0, 0, 0, 0, 0, 0], "kept held camera camera camera camera camera"),
        ("all", [0, 0, 2, 3, 4, 5, 5], "kept held kept kept kept kept held"),
    ],
)
def test_what_is_kept_of_a_camera_move(camera: str, keepers: list[int], reasons: str) -> None:
    found = deduped(PAN, PANNED, camera=camera)
    assert [keeper for keeper, _ in found] == keepers
    assert " ".join(reason for _, reason in found) == reasons


def test_the_sharpest_frame_of_a_move_stands_for_all_of_it() -> None:
    frames = frames_of(PAN, [1, 1, 1, 5, 1, 2, 1])
    table = own_drawings(frames, PANNED, PAN, {}, params(camera="sharpest", keep="sharpest"))
    assert table.select("keeper", "reason").rows() == [(3, "kept" if k == 3 else "camera") for k in range(7)]


RIGHT = [0, 0, 8, 16, 24, 24]  # cells, of 80: 100 thousandths each
SHOWN = [LARGE[:, x : x + 80].copy() for x in RIGHT]
PATH = [{"frame": k, "motion": [1.0, 0.0, 12.5 * x, 0.0, 1.0, 0.0]} for k, x in enumerate(RIGHT) if 1 <= k <= 4]
SHOT = shots_of((0, 6), events=[("pan", 1, 5)])
WITH_PATH = SHOT.with_columns(path=pl.Series([PATH], dtype=SHOTS["path"]))


def views(shots: pl.DataFrame, grids: Sequence[Cells] = SHOWN, **changes) -> list[tuple]:
    """Keeper, how far to the right in its picture a frame lies, the other end, and where they differ."""
    table = own_drawings(frames_of(grids), shots, grids, {}, params(**changes))
    rows = table.select("keeper", "motion", "beside", "unlike").rows()
    return [(keeper, motion and motion[2], beside, unlike) for keeper, motion, beside, unlike in rows]


def test_where_frames_of_a_move_lie_in_what_stands_for_them() -> None:
    assert views(WITH_PATH) == [
        (0, -300, 4, []), (0, None, None, None), (0, 100, None, []), (4, -100, None, []), (4, 300, 0, []),
        (4, None, None, None),
    ]  # fmt: skip
    assert views(WITH_PATH, camera="first") == [
        (0, None, None, None), (0, None, None, None), *((0, right, None, []) for right in (100, 200, 300, 300)),
    ]  # fmt: skip
    assert views(WITH_PATH, camera="stitched") == views(WITH_PATH, camera="first")
    assert [row[1] for row in views(WITH_PATH, camera="last")] == [-300, -300, -200, -100, None, None]
    assert {row[1:] for row in views(WITH_PATH, camera="all")} == {(None, None, None)}


def test_where_the_path_is_not_known_no_place_is() -> None:
    assert views(SHOT) == [
        (0, [], 4, []), (0, None, None, None), (0, [], None, []), (4, [], None, []), (4, [], 0, []),
        (4, None, None, None),
    ]  # fmt: skip


def test_what_moves_by_itself_is_not_the_same_picture() -> None:
    """A bird of 8 x 8 cells stays in the middle of the picture: where it is in frame 4, and where it was in frame 0."""
    grids = [grid.copy() for grid in SHOWN]
    for grid in grids:
        grid[16:24, 40:48] = 255
    motion, _, unlike = view(PATH, 4, 0, MaskedGrids(grids, []), 14.0)
    assert motion == [1, 0, 300, 0, 1, 0] and unlike is not None
    was, here = unlike
    assert iou(tuple(was), (200, 400, 300, 600)) > 0.35 and iou(tuple(here), (500, 400, 600, 600)) > 0.7


def test_two_pictures_that_have_nothing_in_common_are_not_one_drawing_seen_twice() -> None:
    grids = [*SHOWN[:4], *[texture(8, 80, 40)] * 2]
    assert [row[:3] for row in views(WITH_PATH, grids, camera="first")] == [
        (0, [], 4), (0, None, None), (0, 100, None), (0, 200, None), (4, [], 0), (4, None, None),
    ]  # fmt: skip


def test_a_close_up_is_compared_on_the_cells_of_the_wider_view() -> None:
    """Frame 1 is twice as close and shows the left top quarter; half a cell of lines is lost in frame 0."""
    wide = texture(5, 80, 40)
    close = np.kron(wide[:20, :40], np.ones((2, 2), np.uint8))
    close[::2, ::2] //= 2  # detail that larger cells do not have
    at = [{"frame": 0, "motion": [1.0, 0, 0, 0, 1, 0]}, {"frame": 1, "motion": [0.5, 0, 0, 0, 0.5, 0]}]
    seen = MaskedGrids([wide, close], [])
    assert view(at, 1, 0, seen, 40.0) == ([0.5, 0, 0, 0, 0.5, 0], None, [])
    assert view(at, 0, 1, seen, 40.0) == ([2, 0, 0, 0, 2, 0], None, [])
    assert view(at[:1], 1, 0, seen, 40.0).motion == []  # taken for one view


def test_a_flash_is_no_drawing() -> None:
    white = np.full_like(A, 235)
    lit = (0.4 * A + 140).astype(np.uint8)
    found = deduped([A, A, white, lit, A, A, B], shots_of((0, 7)))
    assert [reason for _, reason in found] == ["kept", "held", "flash", "flash", "recurring", "recurring", "kept"]
    assert [keeper for keeper, _ in found] == [0, 0, None, None, 0, 0, 6]
    assert deduped([A, A, white, A], shots_of((0, 4)), flash=0)[2] == (2, "kept")
    across = deduped([A, A, white, B, B], shots_of((0, 2), (2, 3), (3, 5)))
    assert [reason for _, reason in across] == ["kept", "held", "flash", "kept", "held"]


def test_what_is_no_flash() -> None:
    white, negative = np.full_like(A, 235), (255 - A).astype(np.uint8)
    assert deduped([A, A, negative, A], shots_of((0, 4)))[2] == (2, "kept")  # an impact frame is drawn
    assert deduped([A, A, *[white] * 4, A], shots_of((0, 7)))[2] == (2, "kept")  # held too long
    dark = np.full_like(A, 40)
    assert deduped([A, A, dark, A], shots_of((0, 4)))[2] == (2, "kept")  # no light
    assert deduped([A, A, drawing(1, 255), A], shots_of((0, 4)))[2] == (2, "kept")  # another drawing, and brighter


def test_a_cut_in_the_middle_of_a_move() -> None:
    assert deduped(PAN[1:5], shots_of((0, 4), events=[("pan", 0, 5)])) == [
        (0, "kept"), (0, "camera"), (0, "camera"), (0, "camera"),
    ]  # fmt: skip


def test_a_persons_decision_wins() -> None:
    grids, shots = [A, A, B, B, A], shots_of((0, 5))
    assert deduped(grids, shots, {3: "keep"})[2:4] == [(2, "kept"), (3, "restored")]
    assert deduped(grids, shots, {0: "drop"}) == [
        (None, "dropped"), (None, "dropped"), (2, "kept"), (2, "held"), (None, "dropped"),
    ]  # fmt: skip
    assert deduped(grids, shots, {1: "drop"}) == deduped(grids, shots, {0: "drop"})  # the drawing goes


ROWS = [(0, None, "kept"), (0, None, "held"), (2, None, "kept"), (0, None, "recurring"), (7, "ep01", "series"),
        (None, None, "black")]  # fmt: skip


def kept_rows(rows: Sequence[tuple]) -> pl.DataFrame:
    table = pl.DataFrame(rows, schema=["keeper", "keeper_episode", "reason"], orient="row")
    return table.select(pl.arange(0, pl.len()).alias("frame"), *table.columns, distance=pl.lit(0.0))


@pytest.mark.parametrize(
    ("frame", "hold", "gone", "said"),
    [
        (0, (0, 1), [0, 1, 3], ""),
        (1, (0, 1), [0, 1, 3], ""),  # another frame stands for the drawing now
        (3, None, [0, 1, 3], ""),
        (3, (3, 3), [], "4: drop frame 3: not placed, it shows a drawing now that was another when it was dropped;"
                        " nearest: s/ep02/000000"),
        (4, (4, 4), [], "4: drop frame 4: not placed, ep01 keeps its drawing; nearest: s/ep01/000007"),
        (5, None, [5], ""),
    ],
)  # fmt: skip
def test_a_drawing_is_dropped_whichever_frame_stands_for_it(frame, hold, gone, said) -> None:
    verdicts = {frame: Verdict(4, "drop", hold)}
    table = dropped(kept_rows(ROWS), verdicts)
    assert table.filter(reason="dropped")["frame"].to_list() == gone
    assert table.filter(reason="dropped")["keeper"].null_count() == len(gone)
    assert [str(one) for one in open_drops(verdicts, table, "s/ep02")] == ([said] if said else [])


def test_on_which_frames_the_still_of_a_drawing_is_held() -> None:
    held = [hold_of(kept_rows(ROWS), frame) for frame in range(7)]
    assert held == [(0, 1), (0, 1), (2, 2), (0, 1), None, None, None]


def test_thresholds_come_from_the_shot_or_from_the_parameter() -> None:
    grids = [drawing(0, 100), drawing(0, 120)]
    assert deduped(grids, shots_of((0, 2)), threshold=None, recurring=0.0)[1] == (1, "kept")
    assert deduped(grids, shots_of((0, 2)), threshold=25.0, recurring=0.0)[1] == (0, "held")


def lettered(grid: Cells) -> Cells:
    """The grid with a line of letters at its lower edge."""
    copy = grid.copy()
    copy[13:15, 2:14:2] = 235
    return copy


LINE = Lettering(1, 3, 2 / 16, 13 / 16, 14 / 16, 15 / 16)


def test_burnt_in_text_makes_no_new_drawing_unless_it_counts() -> None:
    grids, shots = [A, lettered(A), lettered(A), A], shots_of((0, 4), lettering=[LINE])
    assert deduped(grids, shots) == [(0, "kept"), (0, "held"), (0, "held"), (0, "held")]
    assert deduped(grids, shots, text="counts") == [(0, "kept"), (1, "kept"), (1, "held"), (0, "recurring")]


def test_what_changes_above_the_text_is_seen() -> None:
    grids, shots = [A, lettered(A), lettered(B), B], shots_of((0, 4), lettering=[LINE])
    assert [keeper for keeper, _ in deduped(grids, shots)] == [0, 0, 3, 3]  # of B, the frame without text


def test_a_drawing_is_found_again_under_text() -> None:
    grids, shots = [A, B, lettered(A), lettered(A)], shots_of((0, 2), (2, 4), lettering=[replace(LINE, start=2, end=4)])
    assert deduped(grids, shots)[2:] == [(0, "recurring"), (0, "recurring")]


def test_runs_do_not_cross_shots() -> None:
    found = runs(MaskedGrids([A, A, A], ()), {"shot": 7, "start": 1, "end": 3}, (), {}, 14.0)
    assert found == [Run(7, [1, 2])]


def test_what_an_encoder_leaves_of_mixtures_is_a_blend_where_a_rate_was_converted() -> None:
    rng = np.random.default_rng(0)
    pictures, found = [], []
    for k in range(9):
        pair = [texture(20 + n) for n in (k, k + 1)]
        rough = (pair[0] / 2 + pair[1] / 2 + rng.normal(0, 10, pair[0].shape)).clip(0, 255).astype(np.uint8)
        found += [Run(0, [len(pictures), len(pictures) + 1]), Run(0, [len(pictures) + 2])]
        pictures += [pair[0], pair[0], rough]
    found.append(Run(0, [len(pictures)]))
    seen = MaskedGrids([*pictures, texture(29)], ())
    assert absorb_blends(found, seen, 14.0) == found
    assert rate_converted([found], seen, {0: 14.0}) and not rate_converted([found[:13]], seen, {0: 14.0})
    absorbed = absorb_blends(found, seen, 14.0, converted=True)
    assert sorted(frame for run in absorbed for frame in run.blends) == list(range(2, 27, 3))
    ones = [Run(0, [k]) for k in range(28)]
    assert not rate_converted([ones], seen, {0: 14.0})  # light that grows


def test_blends_are_absorbed_only_between_drawings() -> None:
    found = [Run(0, [0]), Run(0, [1], 140.0)]
    assert absorb_blends(found, MaskedGrids([A, B], ()), 14.0) == found


def test_camera_runs() -> None:
    way = Run(0, [3, 4, 5], 50.0, travel=True)
    assert [run.frames for run in halved([Run(0, [1]), way, Run(0, [6])])] == [[1], [3, 4], [5], [6]]
    assert [run.frames for run in halved([Run(0, [1]), way, Run(0, [6], fresh=True)])] == [[1], [3, 4, 5], [6]]
    line = [Run(0, [1]), way, Run(0, [6]), Run(0, [7, 8], 9.0, travel=True), Run(0, [9]), Run(1, [10])]
    assert standing(line, "first") == [0, 0, 0, 0, 0, 5]
    assert standing(line, "last") == [4, 4, 4, 4, 4, 5]


MOUTH = [grid.copy() for grid in PAN]  # opens in frame 3, over 4 x 4 cells, and goes with the picture
for _k, _x in ((3, 40), (4, 32), (5, 24), (6, 24)):
    MOUTH[_k][16:20, _x : _x + 4] += 128


@pytest.mark.parametrize(
    ("camera", "keepers"),
    [
        ("ends", [0, 0, 0, 5, 5, 5, 5]),
        ("first", [0, 0, 0, 3, 3, 3, 3]),
        ("last", [0, 0, 0, 5, 5, 5, 5]),
        ("sharpest", [0, 0, 0, 3, 3, 3, 3]),
        ("all", [0, 0, 2, 3, 4, 5, 5]),
    ],
)
def test_a_mouth_that_opens_in_a_pan_is_a_drawing(camera: str, keepers: list[int]) -> None:
    assert [keeper for keeper, _ in deduped(MOUTH, PANNED, camera=camera)] == keepers


def test_a_mouth_that_opens_at_the_first_step_of_a_move_is_a_drawing() -> None:
    begun = shots_of((0, 7), events=[("pan", 3, 6)])
    keepers = [keeper for keeper, _ in deduped(MOUTH, begun)]
    assert keepers[2] != keepers[3]


def test_after_a_mixture_on_the_way_of_a_move_another_drawing_is_shown() -> None:
    mixed = ((A.astype(np.uint16) + B) // 2).astype(np.uint8)
    found = [Run(0, [0, 1], travel=True, fresh=True), Run(0, [2], 70.0, travel=True, fresh=True), Run(0, [3], 140.0)]
    before, after = absorb_blends(found, MaskedGrids([A, A, mixed, B], ()), 14.0)
    assert sorted([*before.blends, *after.blends]) == [2] and after.fresh


def test_a_drawing_shown_on_the_way_alone_stands_for_itself() -> None:
    grids = [*MOUTH[:5], *PAN[5:]]  # and closes again
    assert deduped(grids, PANNED) == [
        (0, "kept"), (0, "held"), (0, "camera"), (3, "kept"), (3, "camera"), (5, "kept"), (5, "held"),
    ]  # fmt: skip


def test_what_a_move_leaves_of_a_step() -> None:
    before, same, other = (MaskedGrid(grid) for grid in (PAN[2], PAN[3], MOUTH[3]))
    assert moved_as_one(before, same, None).clear < 20 < 80 < moved_as_one(before, other, None).clear
    text = mask_of([Lettering(0, 9, 0.35, 0.4, 0.6, 0.5)], before.cells.shape)
    lettered = [replace(grid, covered=text) for grid in (before, other)]
    assert moved_as_one(*lettered, None).clear < 20  # the mouth is under it
    assert moved_as_one(before, other, ~text).clear < 20


def test_where_the_motion_of_a_move_is_not_known_in_a_third_of_its_steps_the_others_do_not_say_what_it_leaves() -> None:
    drawn = [60.0, 70.0, 80.0, 37.0]
    assert least_of_new((1.8, 2.5), [*drawn, UNLIKE], 45.0, 1.0, 14.0) == 45.0
    assert least_of_new((1.8, 2.5), [*drawn, UNLIKE, UNLIKE, UNLIKE], 45.0, 1.0, 14.0) == 20.0


def test_signatures_propose_earlier_drawings() -> None:
    ones = bytes([255]) + bytes(31)
    assert [found.tolist() for found in proposals([bytes(32), ones, bytes(32)], 7)] == [[], [], [0]]
    assert [found.tolist() for found in proposals([bytes(32), ones, bytes(32)], 8)] == [[], [0], [0, 1]]
    assert proposals([], 8) == []


def test_a_repeat_is_of_the_nearest_drawing_that_is_no_repeat() -> None:
    proposed = [np.array(numbers, np.int32) for numbers in ([], [0], [0, 1], [0, 2])]
    distances = [np.array(values, np.float32) for values in ([], [10], [18, 2], [21, 1])]
    assert repeats(proposed, distances, [20.0] * 4) == {1: 0, 2: 0}
    assert repeats(proposed, distances, [20.0, 20.0, 0.5, 20.0]) == {1: 0}  # of two the smaller
    # Faintly told from the one before it, it repeats nothing that that does.
    assert repeats(proposed, distances, [20.0] * 4, {2}) == {1: 0, 3: 2}


def test_drawings_that_follow_each_other_say_how_finely_a_shot_is_told() -> None:
    # Three mouths in the dark: steps of 15 levels or so, repeats at 3; the video as a whole would take up to 30.
    proposed = [np.array(numbers, np.int32) for numbers in ([], [0], [0, 1], [0, 1, 2])]
    distances = [np.array(values, np.float32) for values in ([], [15], [3, 15], [16, 3, 16])]
    steps = [None, 15.0, 15.0, 16.0]
    levels = shot_levels([4, 4, 4, 4], steps, {4: 8.0}, proposed, distances, 30.0)
    assert all(8 <= level < 15 for level in levels)
    assert repeats(proposed, distances, levels) == {2: 0, 3: 1}
    assert shot_levels([4], [None], {4: 8.0}, proposed[:1], distances[:1], 30.0) == [30.0]  # nothing follows
    coarse = [np.array([120.0] * len(values), np.float32) for values in distances]
    assert shot_levels([4] * 4, [None, 120.0, 120.0, 120.0], {4: 8.0}, proposed, coarse, 30.0) == [30.0] * 4


def test_no_repeat_differs_as_much_as_what_follows_another_drawing() -> None:
    """Where an encoder is at its coarsest the valley may lie beyond mouths, in this shot and in others."""
    proposed = [np.arange(k, dtype=np.int32) for k in range(4)]
    distances = [np.array(values, np.float32) for values in ([], [40.0], [30.5, 26.0], [35.0, 47.0, 41.0])]
    steps, least = [None, 40.0, None, 41.0], {1: 27.0, 2: 27.0}
    levels = shot_levels([1, 1, 2, 2], steps, least, proposed, distances, 56.0)
    assert all(27 <= level <= 28.2 for level in levels)
    assert repeats(proposed, distances, levels) == {2: 1}


def test_the_threshold_of_repeats_lies_between_them_and_new_drawings() -> None:
    nearest = [np.array([99, value], np.float32) for value in [4, 8, 12, 15, 18, 20, 22, 24] * 4 + [60, 70]]
    assert 25 < recurring_threshold(nearest) < 45
    assert recurring_threshold([]) == pytest.approx(20, abs=0.3)
    assert recurring_threshold([], noise=30.0) == pytest.approx(30, abs=0.5)


def test_a_repeat_may_differ_by_what_frames_of_one_hold_do() -> None:
    distances = (33, 34, 36, 38, 41, 46, 54, 80, 88, 118, 130)  # an encoder at its coarsest
    nearest = [np.array([distance], np.float32) for distance in distances]
    assert 54 < recurring_threshold(nearest, held=32.0) < 65


def test_of_two_decisions_about_a_frame_the_later_one_holds(tmp_path: Path) -> None:
    path = tmp_path / "frames.csv"
    path.write_text("frame,decision,who,why\n3,keep,ann,a blink\n4,drop,ann,\n3,drop,bo,no\n")
    assert read_verdicts(path, 9) == {3: Verdict(4, "drop"), 4: Verdict(3, "drop")}


def test_light_turned_up_is_a_line_through_whole_numbers() -> None:
    drawing = np.arange(0, 200, 10, dtype=np.uint8).reshape(4, 5)
    assert _line(drawing.ravel().astype(np.int64), drawing.ravel().astype(np.int64) // 2 + 100) == (0.5, 100.0)
    lit = turned_up(drawing, (drawing // 2 + 100).astype(np.uint8))
    assert lit is not None and (lit == drawing // 2 + 100).all()


def test_the_hold_of_a_dropped_drawing_is_read(tmp_path: Path) -> None:
    path = tmp_path / "frames.csv"
    path.write_text("frame,decision,at\n3,drop,3 2-4\n4,drop,3 2-4\n")
    assert read_verdicts(path, 9) == {3: Verdict(2, "drop", (2, 4)), 4: Verdict(3, "drop")}  # of another frame
    path.write_text("frame,decision,at\n3,drop,2\n")
    with pytest.raises(GengaError, match="frames.csv:2: at must be what genga writes, as 100 96-104, or empty; "):
        read_verdicts(path, 9)


EYES = texture(6, 96, 60)


def shut(grid: Cells, levels: int = 10) -> Cells:
    """The picture with an eye of 4 x 3 cells darker by so many levels."""
    copy = np.maximum(grid, 60)
    copy[30:33, 40:44] -= levels
    return copy


def test_a_faint_change_that_stays_begins_a_drawing() -> None:
    """A shut eye at 10 levels, where a new drawing is one from 14 on, and held frames differ by 1."""
    rng = np.random.default_rng(0)
    grids = [shut(EYES, 10 * (12 <= k < 15)) + rng.integers(0, 2, EYES.shape, np.uint8) for k in range(30)]
    found = deduped(grids, shots_of((0, 30)), threshold=None, recurring=None)
    assert [keeper for keeper, _ in found] == [0] * 12 + [12] * 3 + [0] * 15
    assert {keeper for keeper, _ in deduped(grids, shots_of((0, 30)))} == {0}  # the threshold was set by hand
    glitch = [shut(EYES, 10 * (k == 12)) + rng.integers(0, 2, EYES.shape, np.uint8) for k in range(30)]
    assert faint(MaskedGrids(glitch, []), 0, 30, [0.0] * 30, 14.0, ()) == {}  # it is gone in the next frame
    assert faint(MaskedGrids(grids, []), 0, 30, [0.0] * 30, 14.0, (12,)).keys() == {15}  # the encoder began anew


def test_what_noise_leaves_ends_where_the_next_is_far() -> None:
    noise = [1.0, 1.5, 2.0, 2.5, 3.0, 1.0, 1.0, 2.0]
    assert noise_top(np.array([*noise, 12.0])) == pytest.approx(6.0)
    assert noise_top(np.array([*noise, 5.0])) is None  # nobody sees it
    assert noise_top(np.array([*noise, 4.0, 6.0, 8.0, 10.0])) is None  # one goes on into the other
    assert noise_top(np.array([*noise[:4], *[12.0] * 4])) is None  # nothing says what noise is
    assert noise_top(np.array([1.0, 12.0])) is None
    # What nobody sees stands between: of enough steps most say what noise is.
    many = [0.5] * 30 + [*noise, 4.5, 8.5]
    assert noise_top(np.array(many)) == pytest.approx(6.15)
    assert noise_top(np.array(many[21:])) is None


def skipped(changes: dict[int, int], pulses: dict[int, int], count: int = 60) -> list[Cells]:
    """A held picture in which an encoder codes nothing but eyes that shut or open, by so many levels, and pulses."""
    grids = [np.maximum(EYES, 60)]
    for frame in range(1, count):
        grid = grids[-1].copy()
        if frame in changes:
            grid[30:33, 40:44] -= np.uint8(changes[frame] % 256)
        if frame in pulses:
            grid[60:62, 10:12] += np.uint8(pulses[frame] % 256)
        grids.append(grid)
    return grids


def test_a_small_change_that_stays_where_strong_compression_left_all_as_it_was() -> None:
    """Eyes shut and open by 12 levels, where a new drawing is one from 20 on; 21 betters what changed in 20."""
    pulses = {3: 6, 4: -6, 11: 8, 20: -50, 21: -10, 23: 8, 24: -8, 31: 4, 43: 8, 44: -8, 50: 8, 51: -8}
    seen = MaskedGrids(skipped({10: 12, 14: -12, 30: 12}, pulses), [])
    apart, new = [0.0, *(block_difference(seen[k - 1].cells, seen[k].cells) for k in range(1, 60))], [20.0] * 60
    whole = [(0, 60)]
    assert compressed(seen, whole, apart, new, ()) == {10: 12.0, 14: 12.0, 30: 12.0}
    assert compressed(seen, whole, apart, new, (14,)) == {10: 12.0, 30: 12.0}  # the encoder began anew
    assert compressed(seen, [(0, 30), (30, 60)], apart, new, ()) == {10: 12.0, 14: 12.0}  # a shot begins with its first
    assert compressed(seen, whole, apart, [11.0] * 60, ()) == {}  # those are drawings anyhow
    many = MaskedGrids(skipped({k: 12 * (-1) ** (k // 5) for k in range(5, 60, 5)}, {}), [])
    assert compressed(many, whole, [0.0, *[12.0] * 59], new, ()) == {}  # a tenth of the steps at most


def test_where_an_encoder_codes_much_anew_at_once_a_small_change_is_noise() -> None:
    """In steps 10 and 30 a part of the picture is a few levels brighter, as where film weaves; the eye by 12 and 18."""
    grids = skipped({10: 12, 20: -12, 30: 18}, {})
    for frame in range(60):
        grids[frame][40:58, 10:35] += np.uint8(3 * (frame >= 10) + 3 * (frame >= 30))
    seen, whole = MaskedGrids(grids, []), [(0, 60)]
    apart, new = [0.0, *(block_difference(a, b) for a, b in pairwise(grids))], [20.0] * 60
    assert (grids[9] != grids[10]).mean() == pytest.approx(0.0802, abs=0.0002)
    assert compressed(seen, whole, apart, new, ()) == {20: 12.0, 30: 18.0}
    assert largest_noise(seen, 10) == pytest.approx(1.56, abs=0.01)
    assert largest_noise(seen, 5) == pytest.approx(0.81, abs=0.01)


def test_below_drawings_that_are_all_large_there_are_no_small_ones() -> None:
    held, new = [2.0] * 60, [20.0] * 90
    assert not small_changes([*held, *[90.0] * 30], new, ())
    assert small_changes([*held, *[90.0] * 28, 30.0, 35.0], new, ())  # two are near it
    assert not small_changes([*held, *[90.0] * 28, 30.0, 35.0], new, (88, 89))
    assert small_changes([*held, *[90.0] * 10], new, ())  # so few say nothing


def test_strong_compression_is_told_by_what_it_leaves() -> None:
    held = MaskedGrids(skipped({}, {}), [])
    noisy, new = [0.0, *[2.0] * 50, *[12.0] * 9], [20.0] * 60
    assert strongly_compressed(held, noisy, new, ())
    assert not strongly_compressed(held, [0.0, *[12.0] * 59], new, ())  # as much in every step
    assert not strongly_compressed(held, [0.0, *[2.0] * 50, *[9.0] * 9], new, ())
    assert not strongly_compressed(held, noisy, [5.0] * 60, ())  # those are drawings
    rng = np.random.default_rng(0)
    grain = MaskedGrids([EYES + rng.integers(0, 3, EYES.shape, np.uint8) for _ in range(60)], [])
    assert not strongly_compressed(grain, noisy, new, ())


def rained_on(grid: Cells, frame: int, by: int = 60) -> Cells:
    """The picture with drops of 1 x 5 cells, elsewhere in every frame. by: how much brighter they are."""
    rng = np.random.default_rng([3, frame])
    copy = grid.copy()
    for y, x in zip(rng.integers(0, 115, 60), rng.integers(0, 160, 60), strict=True):
        copy[y : y + 5, x] = np.minimum(255, copy[y : y + 5, x].astype(int) + by)
    return copy


def test_rain_makes_no_new_drawing_and_hides_none() -> None:
    talk = [texture(7).clip(40, 190) for _ in range(2)]
    talk[1][50:55, 70:78] = 20  # a mouth that opens
    drawn = [rained_on(talk[k // 3 % 2], k) for k in range(24)]
    found = deduped(drawn, shots_of((0, 24)), keep="first")
    assert [keeper for keeper, _ in found[:6]] == [0, 0, 0, 3, 3, 3]
    assert [reason for _, reason in found[:6]] == ["kept", "weather", "weather", "kept", "weather", "weather"]
    kept = {keeper for keeper, _ in found}
    assert kept >= set(range(0, 24, 3)) and len(kept) <= 9  # at either end nothing says what in a frame is rain
    assert {reason for _, reason in deduped(drawn, shots_of((0, 24)), weather="counts")} == {"kept"}
    ones = [figure_at(k) for k in range(24)]
    assert {reason for _, reason in deduped(ones, shots_of((0, 24)))} == {"kept"}  # a figure on ones is no weather


@pytest.mark.parametrize("darker", [10, 14, 22, 26, 34])
def test_a_mouth_that_is_little_more_than_rain_is_not_hidden(darker: int) -> None:
    talk = [texture(7).clip(40, 190) for _ in range(2)]
    talk[1][50:55, 70:78] -= darker
    drawn = [rained_on(talk[k // 3 % 2], k) for k in range(36)]
    found = deduped(drawn, shots_of((0, 36)), keep="first")
    assert {keeper for keeper, _ in found} >= set(range(0, 36, 3))


def test_somebody_walks_on_twos_in_rain_and_is_told_from_it() -> None:
    drawn = [rained_on(figure_at(k // 2), k) for k in range(48)]
    found = deduped(drawn, shots_of((0, 48)), keep="first")
    kept = {keeper for keeper, _ in found}
    assert kept >= set(range(0, 48, 2)) and len(kept) <= 26  # at either end nothing says what in a frame is rain


def changes_of(drawn: list[Cells]) -> list[int]:
    """The frames of one shot at which another drawing is shown than before."""
    keepers = [keeper for keeper, _ in deduped(drawn, shots_of((0, len(drawn))), keep="first")]
    return [k for k in range(1, len(drawn)) if keepers[k] != keepers[k - 1]]


@pytest.mark.parametrize(("held", "most"), [(2, 11), (3, 11), (2.5, 23)])
def test_rain_that_is_held_makes_no_new_drawing_and_hides_none(held: float, most: int) -> None:
    """A mouth of 2 x 3 cells, no larger than a drop, acts on fives; always as rain on twos and threes is drawn anew."""
    talk = [texture(7).clip(40, 190) for _ in range(2)]
    talk[1][50:52, 70:73] -= 40
    assert changes_of([rained_on(talk[0], int(k / held), 30) for k in range(60)]) == []
    found = changes_of([rained_on(talk[k // 5 % 2], int(k / held), 30) for k in range(60)])
    assert {*range(10, 50, 5)} <= {*found} and len(found) <= most


def test_heavy_rain_that_is_held_hides_nothing_and_a_figure_on_twos_is_none() -> None:
    talk = [texture(7).clip(40, 190) for _ in range(2)]
    talk[1][50:52, 70:73] -= 35  # within what two drops at one place leave
    assert changes_of([rained_on(talk[k // 4 % 2], k // 2) for k in range(60)]) == [*range(2, 60, 2)]
    assert changes_of([figure_at(k // 2) for k in range(60)]) == [*range(2, 60, 2)]


def test_a_gap_says_what_is_none_of_weather() -> None:
    leaves = [4.0, 5, 5, 5, 5, 6, 6, 7, 8]  # usually 6 at most
    assert level(np.array([*leaves, 60, 70]), 14.0, 1.2) == pytest.approx((8 * 21) ** 0.5)  # half the way to 1.5 times
    assert level(np.array([*leaves, 13, 14]), 14.0, 1.2) == pytest.approx((8 * 13) ** 0.5)  # a faint mouth
    on = np.array([*leaves, 9, 10, 11, 12, 13, 15, 17, 20])  # one goes on into the other
    assert level(on, 14.0, 1.2) == pytest.approx(16.8)
    assert level(on, 6.0, 1.2) == pytest.approx(7.2)  # weather leaves more than a drawing has to


def test_a_gap_says_what_is_another_picture_without_what_passes() -> None:
    leaves = np.array([8.0, 9, 10, 10, 11, 19, 20, 21])
    assert level_without(np.array([*leaves, 100, 110]), 10.0, (2.0, 3.0), 60.0) == pytest.approx((21 * 100) ** 0.5)
    assert level_without(np.array([*leaves, 100, 110]), 10.0, (2.0, 3.0), 14.0) == 30.0  # weather leaves little
    assert 20 < level_without(np.array([*leaves, 26, 40]), 10.0, (2.0, 3.0), 14.0) < 26  # a mouth
    assert level_without(leaves, 0.0, (2.0, 3.0), 14.0) == 0.0


def test_what_comes_all_over_and_is_gone_again_is_weather_and_a_figure_is_not() -> None:
    rain = [rained_on(figure_at(k // 8), k // 2) for k in range(40)]
    walks = [figure_at(k) for k in range(40)]
    still = [figure_at(0)] * 40
    told = [fleeting(Pictures(MaskedGrids(one, []), range(40), range(40)), 14.0)[1] for one in (rain, walks, still)]
    assert told == [True, False, False]


def running_over(wall: Cells, frame: int, side: int) -> Cells:
    """A still wall with 25 marks of side x side cells that run over it, each its own way."""
    copy = wall.copy()
    for y, x, down, right in np.random.default_rng(5).uniform((0, 0, -6, -6), (120, 160, 6, 6), (25, 4)):
        top, left = int(y + down * frame) % (120 - side), int(x + right * frame) % (160 - side)
        copy[top : top + side, left : left + side] = 10
    return copy


def test_sprites_that_run_all_over_a_still_wall_are_drawn_and_specks_are_weather() -> None:
    wall = texture(7).clip(90, 150)
    sprites, specks = ([running_over(wall, frame, side) for frame in range(30)] for side in (4, 2))
    assert changes_of(sprites) == [*range(1, 30)]
    assert len(changes_of(specks)) <= 4


def test_what_acts_at_one_place_in_one_step_after_another_does_so_in_those_between() -> None:
    """An arm that goes faster and slower is clear of snow in half of the steps of its way."""
    places = np.zeros((20, 2), bool)
    places[[4, 5, 8, 9, 12], 0] = True
    assert np.flatnonzero(on_ones(places)).tolist() == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    places[[4, 8], 0], places[[4, 8], 1] = False, True  # elsewhere: weather beside a step of a figure
    assert not on_ones(places).any()
    mouth = np.arange(20)[:, None] % 3 == 0
    assert not on_ones(mouth).any()
    assert not on_ones(np.zeros((20, 0), bool)).any()


def test_an_arm_that_waves_on_ones_in_the_rain_is_not_hidden() -> None:
    waving = []
    for frame in range(36):
        picture = texture(7).clip(90, 150)
        x = 60 + round(20 * np.sin(frame / 3))
        picture[30:78, x : x + 2] -= 20  # fainter than a drop
        waving.append(rained_on(picture, frame))
    assert {reason for _, reason in deduped(waving, shots_of((0, 36)))} == {"kept"}


def figure_at(frame: int) -> Cells:
    """A figure that walks over a background, elsewhere in every frame."""
    picture = texture(7).clip(40, 190)
    picture[30:90, 5 * frame : 5 * frame + 20] = 255
    return picture
