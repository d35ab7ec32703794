"""Drawings that episodes share: found in step in an earlier episode, or not at all."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from films import texture

from genga.drawings._dedup.series import Film, holds, shared
from genga.drawings._text.tracks import Lettering
from genga.params.dedup import Params
from genga.tables.dedup import DEDUP
from genga.video.luma_grid import Cells

PARAMS = Params(
    threshold=14.0,
    recurring=20.0,
    signature=64,
    keep="first",
    camera="ends",
    back=3,
    text="ignore",
    weather="ignore",
    black=30.0,
    flash=3,
)
RATE = 24

Row = tuple[int | None, str | None, str]  # keeper, its episode, reason


def grid(letter: str) -> Cells:
    """The drawing of a letter: unlike that of any other; a small letter is its capital's with a mark."""
    cells = texture(ord(letter.upper()), 16, 16)
    if letter.islower():
        cells[4:8, 4:8] = 255 - cells[4:8, 4:8]
    return cells


def signature(letter: str) -> bytes:
    """A mark does not move it."""
    return np.random.default_rng(ord(letter.upper())).bytes(32)


def episode(name: str, letters: str, noise: int = 0, changes: dict[int, Row] | None = None) -> Film:
    """An episode that shows a letter per frame, each held as long as it stands; a letter seen before is recurring.

    noise: added to every cell. changes: rows that are otherwise. A dot is a black frame.
    """
    first = {letter: letters.index(letter) for letter in letters}
    rows: list[Row] = []
    for frame, letter in enumerate(letters):
        before = letters[frame - 1] if frame else ""
        reason = "kept" if first[letter] == frame else "held" if letter == before else "recurring"
        rows.append((None, None, "black") if letter == "." else (first[letter], None, reason))
    rows = [(changes or {}).get(frame, row) for frame, row in enumerate(rows)]
    table = pl.DataFrame(
        [
            (frame, 0, keeper, reason, None, where, *(None,) * 4, *(seen or (None,) * 3))
            for frame, (keeper, where, reason, *seen) in enumerate(rows)
        ],
        schema=dict(DEDUP),
        orient="row",
    )
    frames = pl.DataFrame(
        {"time": [frame / RATE for frame in range(len(letters))], "signature": [signature(one) for one in letters]}
    )
    cells = [np.clip(grid(letter).astype(int) + noise, 0, 255).astype(np.uint8) for letter in letters]
    return Film(name, table, frames, cells)


def found(own: Film, earlier: Sequence[Film]) -> list[Row]:
    """(keeper, its episode, reason) of every frame."""
    table = shared(own, earlier, PARAMS)
    assert table.schema == own.table.schema and table["frame"].to_list() == own.table["frame"].to_list()
    return table.select("keeper", "keeper_episode", "reason").rows()


FIRST = episode("ep01", "XXAABBCCYY")


def test_a_shared_stretch_is_found_at_another_time() -> None:
    assert found(episode("ep02", "QAABBCC", noise=5), [FIRST]) == [
        (0, None, "kept"),
        (2, "ep01", "series"), (2, "ep01", "series"), (4, "ep01", "series"), (4, "ep01", "series"),
        (6, "ep01", "series"), (6, "ep01", "series"),
    ]  # fmt: skip


def test_the_distance_is_that_of_the_drawing_to_the_frame_it_was_found_in() -> None:
    table = shared(episode("ep02", "QAABBCC", noise=5), [FIRST], PARAMS)
    assert table["distance"].to_list() == [None, *[5.0] * 6]


def test_the_same_drawings_out_of_step_are_no_shared_film() -> None:
    for letters in ("QAABB", "QCCBBAA", "AABBQQQQCC"):
        assert {where for _, where, _ in found(episode("ep02", letters), [FIRST])} == {None}, letters


def test_a_drawing_that_differs_within_a_shared_stretch_stays() -> None:
    own = episode("ep02", "AAbbCCYY")  # the mark inverts sixteen cells
    assert [row for row in found(own, [FIRST]) if row[1] is None] == [(2, None, "kept"), (2, None, "held")]


def test_a_drawing_that_returns_after_the_stretch_goes_with_it() -> None:
    rows = found(episode("ep02", "AABBCCQQA"), [FIRST])
    assert rows[8] == (2, "ep01", "series") and rows[6] == (6, None, "kept")


def test_what_the_other_found_before_leads_on() -> None:
    second = episode("ep02", "QAABBCC")
    second = Film("ep02", shared(second, [FIRST], PARAMS), second.frames, second.cells)
    rows = found(episode("ep03", "ZZAABBCCQ"), [second])
    assert rows[2] == (2, "ep01", "series") and rows[7] == (6, "ep01", "series")
    assert rows[8] == (8, None, "kept"), "Q alone is no stretch"


def test_the_earliest_episode_that_shows_a_drawing_has_it() -> None:
    second = episode("ep02", "QQAABBCC")
    rows = found(episode("ep03", "AABBCC"), [FIRST, second])
    assert {where for _, where, _ in rows} == {"ep01"}


def test_persons_decisions_stay() -> None:
    dropped = episode("ep01", "AABBCCDDEE", changes={0: (None, None, "dropped"), 1: (None, None, "dropped")})
    own = episode("ep02", "AABBCCDDEE", changes={4: (4, None, "restored")})
    rows = found(own, [dropped])
    assert rows[0] == (0, None, "kept")  # nothing stands for it in ep01
    assert rows[2] == (2, "ep01", "series") and rows[4] == (4, None, "restored")


def test_frames_without_a_drawing_are_not_shared() -> None:
    assert found(episode("ep02", "..AABBCC"), [episode("ep01", "..AABBCC")])[:2] == [(None, None, "black")] * 2
    assert found(episode("ep02", "...."), [FIRST])[0] == (None, None, "black")
    assert found(FIRST, [episode("ep00", "....")]) == found(FIRST, [])


def test_another_shape_of_picture_is_left_out() -> None:
    wide = episode("ep01", "AABBCC")
    cells = [np.hstack([wide.cells[k], wide.cells[k]]) for k in range(6)]
    assert {where for _, where, _ in found(episode("ep02", "AABBCC"), [Film("ep01", wide.table, wide.frames, cells)])
            } == {None}  # fmt: skip


def test_an_episode_that_is_a_copy_has_no_drawing_of_its_own() -> None:
    assert {reason for _, _, reason in found(episode("ep02", "XXAABBCCYY"), [FIRST])} == {"series"}


def test_holds_are_stretches_with_one_keeper() -> None:
    assert holds(episode("ep01", "AAB.A").table).rows() == [(0, 1, 0), (2, 2, 2), (4, 4, 0)]


def test_text_that_is_burnt_in_in_either_episode_is_not_compared() -> None:
    line = Lettering(0, 6, 4 / 16, 4 / 16, 8 / 16, 8 / 16)  # where a small letter has its mark
    lettered = episode("ep02", "aabbcc")
    assert {where for _, where, _ in found(lettered, [episode("ep01", "AABBCC")])} == {None}
    for own, other in ((lettered, episode("ep01", "AABBCC")), (episode("ep02", "AABBCC"), episode("ep01", "aabbcc"))):
        assert {where for _, where, _ in found(replace(own, texts=(line,)), [other])} == {"ep01"}
        assert {where for _, where, _ in found(own, [replace(other, texts=(line,))])} == {"ep01"}


def test_what_the_camera_showed_elsewhere_stays_so_in_another_episode() -> None:
    """Rows with motion, beside and unlike. B: an end of a move; the second C is on the way from there."""
    right, left = [1.0, 0.0, 100.0, 0.0, 1.0, 0.0], [1.0, 0.0, -100.0, 0.0, 1.0, 0.0]
    moving = {4: (4, None, "kept", left, 6, []), 5: (4, None, "camera", right, None, [[0, 0, 9, 9]])}
    own, at = episode("ep02", "XXAABBCCYY", changes=moving), ["motion", "beside", "unlike"]
    plain = shared(own, [FIRST], PARAMS)
    assert plain["keeper"].to_list() == FIRST.table["keeper"].to_list()
    assert plain.select(at)[4:6].rows() == [(None, None, None), (right, None, [[0, 0, 9, 9]])]
    assert shared(own, [], PARAMS).select(at).equals(own.table.select(at))
    # What ep01 shows at that time is itself on the way to what it keeps: nothing is known then.
    way = episode("ep01", "XXAABBCCYY", changes={4: (2, None, "camera", right, None, []), 5: (2, None, "held")})
    assert shared(own, [way], PARAMS).select(at)[4:6].rows() == [([], None, None), ([], None, [[0, 0, 9, 9]])]
