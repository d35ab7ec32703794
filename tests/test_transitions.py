"""How shots are joined: what is another picture, and what is the same one drawn anew."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import pytest
from films import table_of

from genga.drawings._shots.cuts import Step, scene_of
from genga.drawings._shots.dissolves import gradual
from genga.drawings._shots.events import Passage, softened
from genga.drawings._shots.holds import brief_dissolves
from genga.drawings._shots.pieces import (
    alike,
    beyond_chance,
    but_light,
    found_again,
    one_picture,
    piece_by_piece,
    steadied,
)
from genga.drawings._shots.slides import diagonals, differences, slides
from genga.drawings._shots.whips import broken, made_by_a_cut, whips
from genga.drawings._shots.wipes import wipes
from genga.drawings.dedup import own_drawings
from genga.drawings.shots import shots
from genga.params.dedup import Params as DedupParams
from genga.params.shots import Params
from genga.video.luma_grid import Cells, difference_map

PARAMS = Params(cut=0.11, flash=3, blend=0.35, camera=0.45, black=30.0)
DEDUP = DedupParams(threshold=None, recurring=0, signature=48, keep="first", camera="first", flash=3, text="ignore",
                    weather="ignore", back=0, black=30.0)  # fmt: skip


def drawn(seed: int) -> Cells:
    """A picture of ellipses all over it, of any tone, (120, 160)."""
    rng, picture = np.random.default_rng(seed), np.full((120, 160), 128, np.uint8)
    for x, y, wide, high, turn, tone in rng.integers(
        (0, 0, 6, 6, 0, 0), (160, 120, 30, 30, 180, 256), (70, 6)
    ).tolist():
        cv2.ellipse(picture, (x, y), (wide, high), turn, 0, 360, tone, -1, cv2.LINE_AA)
    return picture


A, B, C = (drawn(seed) for seed in (1, 2, 3))
ALL = np.ones(A.shape, bool)


def shots_of(grids: Sequence[Cells]) -> list[dict]:
    """The shots of a video of these grids."""
    return shots(table_of(grids), grids, PARAMS).rows(named=True)


def starts(grids: Sequence[Cells]) -> list[int]:
    """The first frames of the shots of a video of these grids."""
    return [shot["start"] for shot in shots_of(grids)]


def redrawn(picture: Cells, seed: int) -> Cells:
    """A picture of which each part lies up to ten cells from its place."""
    reach = np.random.default_rng(seed).uniform(-10, 10, (2, 3, 4)).astype(np.float32)
    x, y = (cv2.resize(part, picture.shape[::-1], interpolation=cv2.INTER_CUBIC) for part in reach)
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    return cv2.remap(picture, columns + x, rows + y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def test_pieces_of_a_picture_are_found_again_wherever_each_has_gone() -> None:
    assert found_again(A, redrawn(A, 1), ALL, 0.5) and not found_again(A, redrawn(A, 1), ALL, 1.01)
    assert not found_again(A, B, ALL, 0.001)
    assert not found_again(A, np.full_like(A, 99), ALL, 0.001)


def test_the_pieces_of_a_picture_drawn_anew_are_more_like_it_than_chance_makes_them() -> None:
    assert beyond_chance(A, redrawn(A, 1), ALL) > 0.25
    assert abs(beyond_chance(A, B, ALL)) < 0.06
    soft = [cv2.GaussianBlur(picture, (0, 0), 4) for picture in (A, B)]  # of such, pieces are alike by chance
    assert abs(beyond_chance(*soft, ALL)) < 0.08
    assert beyond_chance(A, np.full_like(A, 99), ALL) == 0.0


def test_lines_that_are_dark_in_both_pictures_are_alike_by_chance() -> None:
    def strokes(seed: int) -> Cells:
        rng, picture = np.random.default_rng(seed), np.full((120, 160), 200, np.uint8)
        for x, y, wide, high, turn, end in rng.integers(
            (0, 0, 8, 8, 0, 120), (160, 120, 40, 40, 180, 360), (20, 6)
        ).tolist():
            cv2.ellipse(picture, (x, y), (wide, high), turn, 0, end, 40, 1, cv2.LINE_AA)
        return cv2.GaussianBlur(picture, (0, 0), 0.8)

    drawings = [strokes(seed) for seed in range(6)]
    assert all(abs(beyond_chance(a, b, ALL)) < 0.06 for a, b in pairwise(drawings))
    assert beyond_chance(drawings[0], redrawn(drawings[0], 1), ALL) > 0.2


def test_large_parts_are_compared_whatever_the_grid_measures() -> None:
    tall = np.pad(A, ((0, 13), (0, 0)), mode="edge")[:, :120]  # parts that overlap by a part of a cell
    assert alike(tall, tall, np.ones(tall.shape, bool)) > 0.99


def test_of_tones_that_are_others_more_pieces_have_to_be_found() -> None:
    half = np.where(COLUMNS < 80, A, B)  # half of the pieces are found again
    for other, alone, one in ((0.1, False, True), (0.2, False, True), (0.4, False, False), (0.01, True, False)):
        assert piece_by_piece(A, half, ALL, other, alone, 0.0125, 0.12) == one
    assert piece_by_piece(A, A, ALL, 0.01, True, 0.0125, 0.12) and not piece_by_piece(
        A, A, ALL, 0.05, True, 0.0125, 0.12
    )


def test_in_the_midst_of_action_a_few_pieces_that_are_found_again_are_enough() -> None:
    def on_threes(wide: int) -> list[Cells]:
        """Drawings that share a part, held for three frames but for something small that moves in the last."""
        drawings = [np.where(wide > COLUMNS, redrawn(A, k), drawn(20 + k)) for k in range(7)]
        return [frame for one in drawings for frame in (one, one, np.where((ROWS < 40) & (COLUMNS > 100), C, one))]

    assert starts(on_threes(0)) == [0, 3, 6, 9, 12, 15, 18]  # cuts as fast
    assert starts(on_threes(70)) == [0, 3, 18]  # where nothing goes on before or after, more has to be found
    grids = on_threes(0)
    sizes = np.array([1.0 if k % 3 == 0 else 0.1 for k in range(len(grids))])
    steps = [Step.of(scene_of(grids, []), sizes[:end], 9, 9, 0.0) for end in (13, 12)]
    assert [(step.amid, step.alone, step.restless) for step in steps] == [(True, False, False), (False, True, False)]


def lines(seed: int) -> Cells:
    """Thin lines on white, which change few of the cells."""
    rng, picture = np.random.default_rng(seed), np.full((120, 160), 250, np.uint8)
    for x, y, wide, high, turn in rng.integers((20, 20, 10, 10, 0), (140, 100, 50, 50, 180), (9, 5)).tolist():
        cv2.ellipse(picture, (x, y), (wide, high), turn, 0, 300, 60, 1, cv2.LINE_AA)
    return picture


def between(a: Cells, b: Cells, length: int) -> list[Cells]:
    """The frames of a dissolve."""
    return [cv2.addWeighted(a, 1 - k / (length + 1), b, k / (length + 1), 0) for k in range(1, length + 1)]


@pytest.mark.parametrize("length", [3, 4, 6])
def test_a_short_dissolve_of_thin_lines_is_one_and_no_cut(length: int) -> None:
    a, b = lines(1), lines(2)
    grids = [a] * 6 + between(a, b, length) + [b] * 6
    (found,) = brief_dissolves(grids, spread(grids))
    assert (found.start, found.end, found.boundary) == (6, 6 + length, 6 + (length + 1) // 2)
    first, second = shots_of(grids)
    assert (second["start"], second["transition"]) == (found.boundary, "dissolve")
    assert [(e["kind"], e["start"], e["end"]) for e in second["events"]] == [("dissolve", 6, 6 + length)]


def test_what_is_no_short_dissolve() -> None:
    a, b = lines(1), lines(2)
    acts = between(a, b, 4)
    acts[2][40:60, 40:60] = 20  # somebody on the way
    for some in (acts, between(a, b, 2), between(a, b, 9), [a, a, b, b], [cv2.addWeighted(a, 0.5, b, 0.5, 0)] * 3):
        grids = [a] * 6 + some + [b] * 6
        assert brief_dissolves(grids, spread(grids)) == []


def test_what_stands_over_two_pictures_is_not_found_again() -> None:
    over = np.zeros(A.shape, bool)
    over[60:] = True
    assert found_again(np.where(over, C, A), np.where(over, C, B), ALL, 0.3)
    assert not found_again(np.where(over, C, A), np.where(over, C, B), ~over, 0.1)


def test_a_picture_that_is_drawn_anew_all_over_on_threes_is_no_cut() -> None:
    held = [redrawn(A, k) for k in range(5) for _ in range(3)]
    assert starts([A] * 4 + held + [B] * 8) == [0, 19]


def test_after_fast_action_a_picture_of_which_nothing_is_found_again_is_a_cut() -> None:
    assert starts([A] * 8 + [redrawn(A, k) for k in range(4)] + [B] * 8) == [0, 12]


def test_the_same_place_framed_anew_in_one_step_is_a_cut_at_night_too() -> None:
    night = (A.astype(np.float32) * 0.3 + 8).astype(np.uint8)
    closer = cv2.resize(night[20:100, 27:133], A.shape[::-1], interpolation=cv2.INTER_LINEAR)
    assert starts([night] * 12 + [closer] * 12) == [0, 12]


def flared(picture: Cells, share: float) -> Cells:
    """A picture out of focus, under so much white."""
    blurred = cv2.GaussianBlur(picture, (0, 0), 0.1 + 6 * share)
    return cv2.addWeighted(blurred, 1 - share, np.full_like(picture, 250), share, 0)


def test_a_picture_that_comes_out_of_a_flash_or_flares_up_before_a_cut_is_cut_once() -> None:
    settles = [flared(B, 0.7), flared(B, 0.7), flared(B, 0.65), B]
    assert starts([A] * 12 + settles + [B] * 12) == [0, 12]
    assert starts([A] * 12 + [flared(A, 0.7)] * 2 + [B] * 12) == [0, 14]


def thrown(frame: int) -> Cells:
    """Somebody in bold lines who is thrown across a plain wall, 12 cells a frame."""
    wall = np.full((120, 160), 235, np.uint8)
    body = wall[30:80, 12 * frame : 12 * frame + 30]
    body[:] = 60
    body[:: 7 + frame % 3], body[:, :: 5 + frame % 4] = 180, 110
    return wall


def test_a_dark_frame_in_which_somebody_acts_is_no_cut() -> None:
    acts = [thrown(k) for k in range(9)]
    dark = [*acts[:4], (acts[4] * 0.4).astype(np.uint8), *acts[5:]]
    negative = [*acts[:4], 255 - acts[4], *acts[5:]]
    assert starts(acts) == starts(dark) == starts(negative) == [0]
    assert starts([*acts[:5], *[A] * 6]) == [0, 5]


def flickering(grids: Sequence[Cells]) -> list[Cells]:
    """Frames in a light that flickers by a tenth."""
    return [(grid * (0.9, 1.0, 0.92)[k % 3]).round().astype(np.uint8) for k, grid in enumerate(grids)]


def test_a_light_that_flickers_is_taken_out_of_a_picture_that_stays() -> None:
    dim = (A * 0.9).astype(np.uint8)
    assert np.abs(steadied(A, dim).astype(int) - dim).max() <= 1
    assert steadied(A, B) is A and steadied(A, (A * 0.5).astype(np.uint8)) is A
    assert but_light([A, dim, B], np.array([0.0, 0.9, 0.8]), 0.05).tolist() == [0.0, 0.0, 0.8]


def test_where_light_flickers_cuts_are_as_elsewhere() -> None:
    acts = [thrown(k // 2) for k in range(18)]
    assert starts(acts) == starts(flickering(acts)) == [0]
    bright = [np.maximum(picture, 120) for picture in (A, B)]
    grids = flickering([bright[0]] * 12 + [bright[1]] * 12)
    assert sum(part > 0.3 for part in spread(grids)) > 8 and starts(grids) == [0, 12]


def test_a_cut_says_nothing_of_the_next_one_after_which_nothing_goes_on() -> None:
    still = [A] * 8 + [B] * 2 + [C] * 6
    moves = [*still[:11], B, A, B]
    for grids, since, restless in ((still, 0, True), (still, 9, False), (moves, 9, True)):
        step = Step.of(scene_of(grids, []), np.array(spread(grids)), 10, 10, 0.0, since=since)
        assert step.restless == restless and step.alone != restless


def test_the_same_picture_in_another_light() -> None:
    assert alike(A, flared(A, 0.7), ALL) > 0.9 and alike(A, (A * 0.3 + 8).astype(np.uint8), ALL) > 0.99
    assert alike(A, B, ALL) < 0.4 and alike(A, 255 - A, ALL) < -0.9 and alike(A, np.full_like(A, 99), ALL) == 0.0
    assert alike(A, A, ~ALL) == 0.0


ROWS, COLUMNS = np.mgrid[:120, :160].astype(np.float32)
EDGES = {  # how late in a wipe the edge comes by, 0..1
    "to the right": COLUMNS / 160,
    "slanting": (COLUMNS / 160 + ROWS / 120) / 2,
    "a circle that opens": np.hypot(COLUMNS - 80, ROWS - 60) / 100,
    "a circle that shuts": 1 - np.hypot(COLUMNS - 80, ROWS - 60) / 100,
    "a hand of a clock": np.arctan2(ROWS - 59.5, COLUMNS - 79.5) / (2 * np.pi) % 1,
}


def wiped(a: Cells, b: Cells, late: np.ndarray, length: int, soft: float = 0.01) -> list[Cells]:
    """The frames of a wipe. soft: width of its edge, part of the way."""
    shares = [np.clip(((k + 1) / (length + 1) * (1 + soft) - late) / soft, 0, 1) for k in range(length)]
    return [(a + (b - a.astype(np.float32)) * share).round().astype(np.uint8) for share in shares]


def spread(grids: Sequence[Cells]) -> list[float]:
    """What of the picture changes in each frame."""
    return [float((difference_map(*pair) > 12).mean()) for pair in pairwise([grids[0], *grids])]


def test_where_the_same_picture_is_beyond_the_edge_a_little_beside_there_is_no_wipe() -> None:
    beside = np.roll(A, 14, axis=1)
    grids = [A] * 8 + wiped(A, beside, EDGES["a circle that opens"], 14) + [beside] * 8
    assert wipes(grids, spread(grids)) == []


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("length", [6, 14, 30])
def test_a_wipe_is_found_with_its_frames(edge: str, length: int) -> None:
    grids = [A] * 12 + wiped(A, B, EDGES[edge], length) + [B] * 12
    [found] = wipes(grids, spread(grids))
    assert found.kind == "dissolve"
    assert abs(found.start - 12) <= 1 and abs(found.end - 12 - length) <= 1


def test_the_frames_of_a_soft_edge_are_those_of_the_wipe() -> None:
    grids = [A] * 12 + wiped(A, B, EDGES["to the right"], 16, soft=0.25) + [B] * 12
    [found] = wipes(grids, spread(grids))
    assert abs(found.start - 12) <= 2 and abs(found.end - 28) <= 2


def test_a_wipe_joins_two_shots_and_holds_no_drawing() -> None:
    grids = [A] * 12 + wiped(A, B, EDGES["to the right"], 14) + [B] * 12
    [first, second] = shots_of(grids)
    assert (first["end"], second["transition"], second["start"]) == (19, "dissolve", 19)
    assert second["events"] == [{"kind": "dissolve", "start": 12, "end": 26}]


def test_what_is_no_wipe() -> None:
    """A cut, a dissolve, a pan, a picture that goes over here and there, somebody who comes in, an edge that waits."""
    cut, mixed = [A] * 12 + [B] * 12, [cv2.addWeighted(A, 1 - k / 15, B, k / 15, 0) for k in range(16)]
    wide = np.hstack([A, B, C])
    panned = [wide[:, 8 * k : 8 * k + 160] for k in range(30)]
    here_and_there = np.kron(np.random.default_rng(5).random((15, 20)), np.ones((8, 8)))
    scattered = wiped(A, B, here_and_there, 14)
    comes = [np.hstack([B[:, : 5 * k], A[:, 5 * k :]]) for k in range(12)]
    half = wiped(A, B, EDGES["to the right"], 14)
    waits = [A] * 4 + half[:7] + [half[6]] * 10 + half[7:] + [B] * 4
    for grids in (cut, mixed, panned, [A] * 12 + scattered + [B] * 12, [A] * 12 + comes + [comes[-1]] * 20, waits):
        assert wipes(grids, spread(grids)) == []


def acting(picture: Cells, frame: int) -> Cells:
    """A picture before which somebody in bold lines, 40 cells wide and 60 high, goes five cells a frame."""
    with_figure = picture.copy()
    body = with_figure[40:100, 5 * frame : 5 * frame + 40]
    body[:] = 40
    body[::10], body[:, ::8] = 230, 230
    return with_figure


def test_somebody_who_acts_while_what_is_behind_fades_is_in_no_dissolve() -> None:
    shares = [0.0, *np.linspace(0, 1, 10), 1.0]
    white = np.full_like(A, 250)
    faded = [cv2.addWeighted(A, 1 - share, white, share, 0) for share in shares]
    turns = [acting(picture, k) for k, picture in enumerate(faded)]
    laid_over = [
        cv2.addWeighted(acting(A, k), 1 - share, acting(B, k)[:, ::-1].copy(), share, 0)
        for k, share in enumerate(shares)
    ]
    passage = Passage("dissolve", 2, 10, 6)
    assert not softened(turns, passage) and softened(laid_over, passage)
    in_full = [*laid_over[:5], turns[5], *laid_over[6:]]
    assert not softened(in_full, passage)  # one frame is enough
    long = [turns[0]] * 6 + turns + [turns[-1]] * 6
    assert gradual(long, [False] * len(long), PARAMS.blend, 12.0) == []


def nearer(picture: Cells, by: float) -> Cells:
    """A picture that the camera has come nearer to, to the middle of it."""
    middle = (picture.shape[1] / 2, picture.shape[0] / 2)
    return cv2.warpAffine(picture, cv2.getRotationMatrix2D(middle, 0, by), picture.shape[::-1])


def halfway(a: Cells, b: Cells) -> Cells:
    """What is seen in the middle of a dissolve."""
    return cv2.addWeighted(a, 0.5, b, 0.5, 0)


def test_a_picture_that_a_camera_comes_nearer_to_or_that_is_lit_otherwise_is_one() -> None:
    close, dusk = nearer(A, 1.2), (255 * (A / 255) ** 1.25).astype(np.uint8)
    assert one_picture(A, nearer(A, 1.1), close, ALL, 0.0)
    assert one_picture(A, halfway(A, dusk), dusk, ALL, 0.0)  # a mixture, cell by cell
    assert not one_picture(A, halfway(A, B), B, ALL, 0.0)
    assert not one_picture(A, halfway(A, nearer(B, 1.2)), nearer(B, 1.2), ALL, 0.0)
    both = halfway(np.roll(A, 8, axis=1), np.roll(close, -8, axis=1))
    assert not one_picture(A, both, close, ALL, 0.0)  # it dissolves into its own close-up, while both go on


def test_two_pictures_that_have_a_part_in_common_are_two_where_they_are_mixed() -> None:
    shared = A.copy()
    shared[:60] = B[:60]
    assert not one_picture(A, halfway(A, shared), shared, ALL, 0.0)
    assert one_picture(A, C, shared, ALL, 0.0)  # no mixture: somebody goes through it


def test_somebody_who_runs_past_is_no_short_wipe() -> None:
    passing = wiped(A, B, EDGES["to the right"], 3)
    drawn_anew = [acting(picture, 3 * k + 2) for k, picture in enumerate(passing)]
    for frames, count in ((passing, 1), (drawn_anew, 0)):
        grids = [A] * 12 + frames + [B] * 12
        assert len(wipes(grids, spread(grids))) == count


def test_what_is_left_in_the_dark_is_a_picture_too() -> None:
    night, other = ((picture * 0.2 + 8).astype(np.uint8) for picture in (A, B))
    grids = [night] * 12 + wiped(night, other, EDGES["slanting"], 12) + [other] * 12
    assert wipes(grids, spread(grids)) == [Passage("dissolve", 12, 24, boundary=18)]


def slid(a: Cells, b: Cells, way: str, length: int) -> list[Cells]:
    """The frames of a slide from the right: a picture is pushed, or the next one comes over it, or it goes off."""
    frames = []
    for k in range(1, length + 1):
        gone = round(160 * k / (length + 1))
        left = a[:, : 160 - gone] if way == "comes" else a[:, gone:]
        right = b[:, 160 - gone :] if way == "goes" else b[:, :gone]
        frames.append(np.hstack([left, right]))
    return frames


@pytest.mark.parametrize("way", ["pushed", "comes", "goes"])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_slide_is_a_passage_of_its_frames_from_any_side(way: str, turns: int) -> None:
    grids = [np.rot90(grid, turns).copy() for grid in [A] * 10 + slid(A, B, way, 12) + [B] * 10]
    assert slides(grids, spread(grids)) == [Passage("dissolve", 10, 22, boundary=16)]


def test_places_of_two_profiles_are_compared_each_with_each_and_summed_along_diagonals() -> None:
    a, b = np.array([[0, 2], [4, 4], [9, 1]], np.float32), np.array([[0, 0], [4, 2], [1, 1]], np.float32)
    assert differences(a, b).tolist() == [[1, 2, 1], [4, 1, 3], [5, 3, 4]]
    assert diagonals(np.arange(9, dtype=np.float32).reshape(3, 3)).tolist() == [1 + 5, 2]


def test_a_slide_held_on_twos_joins_two_shots() -> None:
    held = [frame for frame in slid(A, B, "pushed", 6) for _ in range(2)]
    [first, second] = shots_of([A] * 10 + held + [B] * 10)
    assert (second["start"], second["transition"], first["end"]) == (16, "dissolve", 16)
    assert second["events"] == [{"kind": "dissolve", "start": 10, "end": 22}]


def test_a_slide_comes_in_at_its_pace_unless_it_leaves_next_to_nothing() -> None:
    """A third of the next picture at once, as in a pan; of a clean slide its end may be in a plain part."""
    whole = slid(A, B, "comes", 24)
    for part, found in ((whole, 1), (whole[7:], 1)):
        grids = [A] * 10 + part + [B] * 10
        assert len(slides(grids, spread(grids))) == found
    for part, found in ((whole, 1), (whole[7:], 0)):
        grids = [A] * 10 + [cv2.addWeighted(frame, 0.9, C, 0.1, 0) for frame in part] + [B] * 10
        assert len(slides(grids, spread(grids))) == found


def test_what_is_no_slide() -> None:
    """A pan over one long drawing, past either picture and short of it; a dissolve; a wipe; fast action."""
    long = np.hstack([A, C, B])
    far, near = ([long[:, step * k : step * k + 160] for k in range(13)] for step in (24, 8))
    mixed = [cv2.addWeighted(A, 1 - k / 13, B, k / 13, 0) for k in range(1, 13)]
    edge = wiped(A, B, EDGES["to the right"], 12)
    acts = [redrawn(A, k) for k in range(12)]
    for name, frames in {
        "far": far,
        "near": near,
        "mixed": [A, *mixed, B],
        "edge": [A, *edge, B],
        "acts": acts,
    }.items():
        grids = [frames[0]] * 8 + frames + [frames[-1]] * 8
        assert slides(grids, spread(grids)) == [], name


def toned(*tones: int) -> list[Cells]:
    """Pictures of one tone each, (16, 16)."""
    return [np.full((16, 16), tone, np.uint8) for tone in tones]


@pytest.mark.parametrize(
    ("tones", "cut", "whether"),
    [
        ((0, 0, 60, 70, 80, 90, 100, 100), 2, True),  # a cut, and what moves after it
        ((0, 0, 10, 20, 30, 90, 100, 100), 5, True),
        ((0, 0, 60, 70, 80, 90, 100, 100), 3, False),  # not this one
        ((0, 0, 40, 55, 70, 85, 100, 100), 2, False),  # on the way to another picture
        ((0, 0, 50, 55, 60, 62, 100, 100), 2, False),  # at both ends: a camera that is whipped
        ((0, 80, 85, 90, 93, 96, 100, 100), 1, True),  # the picture before is seen for one frame
        ((0, 0, 4, 8, 12, 16, 20, 99), 7, True),  # and the one after
        ((0, 0, 60, 60, 60, 70, 80, 90), 2, False),  # seen for a while, before it goes on to another picture
        ((0, 0, 60, 60, 60, 60, 70, 70), 2, True),  # drawings held for as long
    ],
)
def test_a_cut_that_is_most_of_what_changes_leaves_no_passage(tones: Sequence[int], cut: int, whether: bool) -> None:
    assert made_by_a_cut(toned(*tones), Passage("dissolve", 2, 6, 4), cut) == whether


def test_a_cut_elsewhere_says_nothing_of_a_passage() -> None:
    grids = toned(200, 0, 0, 0, 20, 40, 60, 80, 80, 80, 200)
    assert not any(made_by_a_cut(grids, Passage("dissolve", 4, 7, 5), cut) for cut in (0, 1, 9, 10, 11))
    assert not made_by_a_cut(toned(0, 90), Passage("dissolve", 0, 2, 1), 2)


def test_a_dissolve_is_none_in_which_a_cut_leads_to_another_picture() -> None:
    passage = Passage("dissolve", 1, 12, 6)
    evening = [(A * (1 - 0.05 * k)).astype(np.uint8) for k in range(10)] + [(B * 0.5).astype(np.uint8)] * 4
    assert broken(scene_of(evening, []), passage, [10]) and not broken(scene_of(evening, []), passage, [13])
    mixed = [A, *((A + k / 12 * (B - A.astype(np.float32))).astype(np.uint8) for k in range(1, 12)), B, B]
    assert not broken(scene_of(mixed, []), passage, range(1, 14))
    assert not broken(scene_of(evening, []), Passage("fade", 1, 12, 6), [10])
    dark = [np.full_like(A, 90 + k) for k in range(14)]  # nothing in it says which picture it is
    assert not broken(scene_of(dark, []), passage, [10])


def test_a_cut_to_black_may_begin_a_fade_out_of_it() -> None:
    one, other = (np.linspace(*ends, 256).reshape(16, 16).astype(np.uint8) for ends in ((100, 250), (200, 0)))
    for share, whether in ((0.0, False), (0.3, False), (0.5, True)):
        begins = [(share * other).astype(np.uint8), *[(part * other).astype(np.uint8) for part in (0.6, 0.8, 0.9)]]
        assert made_by_a_cut([one, one, *begins, other], Passage("dissolve", 3, 5, 4), 2) == whether


def test_a_cut_into_a_blurred_beginning_is_one_and_its_frames_are_drawings() -> None:
    swept = [cv2.blur(np.roll(B, 5 * k, axis=1), (2 * k + 21, 1)) for k in (5, 4, 3, 2, 1)]
    grids = [*[A] * 10, *swept, *[B] * 10]
    assert whips(grids, table_of(grids)["spread"].to_list()) == [Passage("dissolve", 10, 15, 12)]
    found = shots(table_of(grids), grids, PARAMS)
    assert [(shot["start"], shot["transition"]) for shot in found.rows(named=True)] == [(0, "cut"), (10, "cut")]
    keepers = own_drawings(table_of(grids), found, grids, {}, DEDUP)["keeper"].to_list()
    assert None not in keepers and keepers[9] != keepers[10]


def test_a_shot_may_be_cut_as_soon_as_it_has_faded_in() -> None:
    one, other = (np.linspace(*ends, 256).reshape(16, 16).astype(np.uint8) for ends in ((0, 200), (250, 20)))
    dark, fade = np.zeros_like(one), Passage("fade", 1, 4, 1, early=0, late=2)
    come = [dark, one // 4, one // 2, one // 4 * 3, one, one + 2, other, other, other]
    assert [fade.cut_beside(come, frame) for frame in range(9)] == [False] * 6 + [True] + [False] * 2
    assert not Passage("dissolve", 1, 4, 1, early=0, late=2).cut_beside(come, 6)
    assert not fade.cut_beside([*come[:6], other, one, other], 6)  # as much goes on
    assert not fade.cut_beside([*come[:6], dark, dark, dark], 6)  # light
    back = Passage("fade", 5, 8, 7, early=2, late=0)
    assert [back.cut_beside(come[::-1], frame) for frame in range(9)] == [False] * 3 + [True] + [False] * 5
