"""Where decisions take effect when tables are others than those they were made on: literal tables, hand-countable."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from genga.decisions.anchors import Anchor, Target, read_anchor, target_of
from genga.decisions.csv import Open, read
from genga.decisions.folder import tables
from genga.decisions.frames import read_verdicts
from genga.decisions.placing import OF_DEDUP, OF_DETECT, OF_STILLS, Episode, Placed, Scene, Unplaced
from genga.decisions.tags import Correction, place, placed_lines, read_corrections
from genga.errors import GengaError
from genga.store.parquet import write_table
from genga.workflow.decided import Decided
from genga.workflow.decided import look as look_at
from genga.workflow.looked_up import landing

# Keeper, reason, the keeper's episode; and where the camera was, if it moves: motion, beside, unlike.
Row = tuple[Any, ...]
Boxes = Mapping[int, Sequence[tuple[int, int, int, int]]]  # by frame of a still of 200 x 100 px: persons, in px

ANNA, BEA, CLEO = (0, 0, 40, 100), (100, 0, 140, 100), (104, 0, 144, 100)  # Cleo stands nearly where Bea does
AT_ANNA, AT_BEA = (0, 0, 200, 1000), (500, 0, 700, 1000)


def episode(
    rows: Sequence[Row], boxes: Boxes, name: str = "ep01", shots: Sequence[int] = (), wide: Mapping[int, int] = {}
) -> Episode:
    """wide: of stitched stills by frame, px; the frame is at their left end."""
    shot_of = shots or [0] * len(rows)
    dedup = [(frame, shot_of[frame], *row, *(None,) * (6 - len(row))) for frame, row in enumerate(rows)]
    stills = [(frame, shot_of[frame], wide.get(frame, 200), 100, 0, 0, 200, 100) for frame in boxes]
    persons = [
        (f"s/{name}/{frame:06d}", box, "person", *sides)
        for frame, found in boxes.items()
        for box, sides in enumerate(found)
    ]
    return Episode(*(
        pl.DataFrame(values, schema=dict(schema), orient="row")
        for values, schema in ((dedup, OF_DEDUP), (stills, OF_STILLS), (persons, OF_DETECT))
    ))  # fmt: skip


def scene(**episodes: Episode) -> Scene:
    return Scene("s", episodes.get)


def kept(frame: int) -> Row:
    return (frame, "kept", None)


def held(keeper: int, reason: str = "held", home: str | None = None) -> Row:
    return (keeper, reason, home)


def lies(keeper: int, right: int, unlike: Sequence[Sequence[int]] = (), reason: str = "camera") -> Row:
    """A frame whose picture lies so many thousandths to the right in the keeper's."""
    return (keeper, reason, None, [1.0, 0.0, float(right), 0.0, 1.0, 0.0], None, [list(box) for box in unlike])


NOT_KNOWN: Row = (5, "camera", None, [], None, [])


# Frames 0 and 1 are one drawing, 2 another, 3 is the first one again; 4 is on the way of a camera move from 5.
ROWS = [held(1), kept(1), kept(2), held(1, "recurring"), NOT_KNOWN, kept(5), (None, "dissolve", None)]
NOW = scene(ep01=episode(ROWS, {1: [ANNA, BEA], 2: [BEA], 5: [ANNA]}))


def person(frame: int, box: int, episode: str = "ep01") -> Target:
    return Target("s", episode, frame, box, None)


@pytest.mark.parametrize(
    ("target", "place_then", "found"),
    [
        (person(1, 1), AT_BEA, Placed((("s/ep01/000001", 1),))),
        (person(0, 0), AT_BEA, Placed((("s/ep01/000001", 1),))),  # another frame of the drawing, another number
        (person(3, 0), AT_ANNA, Placed((("s/ep01/000001", 0),))),  # an earlier drawing stands for it
        (person(2, 1), (520, 0, 700, 1000), Placed((("s/ep01/000002", 0),))),
        (person(2, 0), AT_ANNA,
         Unplaced("nobody is found in that place of s/ep01/000002 now", (("s/ep01/000002", 0),))),
        (person(4, 0), AT_ANNA,
         Unplaced("frame 4 of ep01 shows another view of its drawing than ep01 5", (("s/ep01/000005", 0),))),
        (person(6, 0), AT_ANNA,
         Unplaced("frame 6 of ep01 shows no drawing now (dissolve)",
                  ("s/ep01/000005", "s/ep01/000002", "s/ep01/000001"))),
        (person(7, 0), AT_ANNA,
         Unplaced("s/ep01 has no frame 7", ("s/ep01/000005", "s/ep01/000002", "s/ep01/000001"))),
        (person(0, 0, "ep09"), AT_ANNA, Unplaced("nothing is made of s/ep09")),
        (Target("t", "ep01", 0, 0, None), AT_ANNA, Unplaced("nothing is made of t/ep01")),
    ],
)  # fmt: skip
def test_a_person_is_whoever_stands_there_now(target, place_then, found) -> None:
    assert NOW.place(target, Anchor(target.frame, target.box, place_then)) == found


def test_without_a_place_the_number_counts_while_the_still_is_there() -> None:
    assert NOW.place(person(1, 1), None) == Placed((("s/ep01/000001", 1),))
    why = "the line does not say where the person was (column at)"
    both = (("s/ep01/000001", 0), ("s/ep01/000001", 1))
    assert NOW.place(person(0, 1), None) == Unplaced(why, both)
    assert NOW.place(person(1, 2), None) == Unplaced(why, both)
    assert NOW.place(person(1, 1), Anchor(1, 0, AT_ANNA)) == Placed((("s/ep01/000001", 1),))  # a place of another id


def test_where_two_people_stand_alike_nobody_is_taken() -> None:
    now = scene(ep01=episode([kept(0)], {0: [BEA, CLEO]}))
    assert now.place(person(0, 0), Anchor(0, 0, (510, 0, 710, 1000))) == Unplaced(
        "two people stand in that place now", (("s/ep01/000000", 0), ("s/ep01/000000", 1))
    )
    assert now.place(person(0, 5), Anchor(0, 5, AT_BEA)) == Placed((("s/ep01/000000", 0),))


def test_where_nothing_moved_a_line_says_with_its_place_what_it_says_without() -> None:
    now = scene(ep01=episode([kept(0)], {0: [ANNA, BEA, CLEO]}))
    for box in range(3):
        found = now.place(person(0, box), None)
        assert found == Placed((("s/ep01/000000", box),)) == now.place(person(0, box), now.anchor(person(0, box)))


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ([BEA], [ANNA, BEA], (("s/ep01/000000", 0), ("s/ep01/000002", 1))),
        ([ANNA], [ANNA, BEA], None),  # before, nobody stands there
        ([], [BEA], (("s/ep01/000002", 0),)),  # nobody at all: that still says nothing
        ([], [], None),
    ],
)
def test_who_is_not_seen_is_who_stands_there_before_and_after(before, after, found) -> None:
    now = scene(
        ep01=episode([kept(0), kept(1), kept(2), kept(3)], {0: before, 1: [], 2: after, 3: [BEA]}, shots=[0, 0, 0, 1])
    )
    at = Anchor(1, 0, AT_BEA)
    nobody = Unplaced("nobody is found in that place of s/ep01/000001 now")
    assert now.place(person(1, 0), at, along=True) == (Placed(found) if found else nobody)
    assert now.place(person(1, 0), at) == nobody


def test_where_the_camera_moves_nobody_is_taken_for_who_stood_there_before() -> None:
    now = scene(ep01=episode([kept(0), lies(0, 10), kept(2)], {0: [BEA], 2: []}))
    assert isinstance(now.place(person(2, 0), Anchor(2, 0, AT_BEA), along=True), Unplaced)


def test_a_drawing_is_found_in_the_episode_that_keeps_it() -> None:
    first = episode([kept(0), kept(1), lies(1, 500)], {0: [ANNA], 1: [ANNA, BEA]})
    again = [held(0, "series", "ep01"), held(1, "series", "ep01"), (1, "series", "ep01", *lies(1, 500)[3:])]
    now = scene(ep01=first, ep02=episode([*again, (1, "series", "ep01", [], None, [])], {}, "ep02"))
    assert now.place(person(0, 3, "ep02"), Anchor(0, 3, AT_ANNA)) == Placed((("s/ep01/000000", 0),))
    assert now.place(person(1, 0, "ep02"), Anchor(1, 0, AT_BEA)) == Placed((("s/ep01/000001", 1),))
    assert now.place(person(2, 0, "ep02"), Anchor(2, 0, AT_ANNA)) == Placed((("s/ep01/000001", 1),))
    found = now.place(person(3, 0, "ep02"), Anchor(3, 0, AT_ANNA))
    assert found == Unplaced("frame 3 of ep02 shows another view of its drawing than ep01 1",
                             (("s/ep01/000001", 0), ("s/ep01/000001", 1)))  # fmt: skip


# A pan to the right over 400 px: frame 2 lies 500 thousandths further right than frame 0, frame 4 1000. Anna stands at
# its left end, Bea at 100 to 140 px, Dora at 210 to 250: in frame 2 she is at 110 to 150, in frame 4 at 10 to 50.
NOBODY = "nobody is found in that place of s/ep01/000000 now"
FIRST = [kept(0), *(lies(0, right) for right in (250, 500, 560, 640, 1000))]


@pytest.mark.parametrize(
    ("frame", "place_then", "found"),
    [
        (2, (0, 0, 200, 1000), 1),  # Bea, 100 px further left
        (1, (250, 0, 450, 1000), 1),
        (3, (0, 0, 140, 1000), 1),  # cut off by the border: the 70 % of her that both show are compared
        (4, (0, 0, 60, 1000), None),  # 30 % of her are too little
        (2, (550, 0, 750, 1000), None),  # Dora, whom the still does not show
        (1, (10, 0, 110, 1000), None),  # nobody stood there
        (5, (0, 0, 200, 1000), None),
    ],
)
def test_a_place_moves_with_the_camera(frame: int, place_then, found: int | None) -> None:
    now = scene(ep01=episode(FIRST, {0: [ANNA, BEA]}))
    placed = now.place(person(frame, 7), Anchor(frame, 7, place_then), along=True)
    assert placed[0] == (NOBODY if found is None else (("s/ep01/000000", found),))


def test_of_two_who_stand_alike_where_the_camera_was_nobody_is_taken() -> None:
    now = scene(ep01=episode(FIRST, {0: [BEA, CLEO]}))
    two = (("s/ep01/000000", 0), ("s/ep01/000000", 1))
    assert now.place(person(2, 0), Anchor(2, 0, (10, 0, 210, 1000))) == Unplaced(
        "two people stand in that place now", two
    )


@pytest.mark.parametrize(("unlike", "stands"), [((0, 0, 40, 100), True), ((0, 0, 200, 240), True),
                                                ((0, 0, 200, 260), False), ((600, 0, 900, 1000), True)])  # fmt: skip
def test_who_stands_where_the_picture_is_another_is_not_taken(unlike, stands: bool) -> None:
    now = scene(ep01=episode([kept(0), lies(0, 500, [unlike])], {0: [ANNA, BEA]}))
    placed = now.place(person(1, 0), Anchor(1, 0, (0, 0, 200, 1000)))
    assert placed[0] == ((("s/ep01/000000", 1),) if stands else NOBODY)


def test_a_close_up_is_compared_with_what_it_shows_of_a_wider_view() -> None:
    """Frame 1 is twice as close, its left top corner at 25 % of the width: of Bea it shows the upper half."""
    closer = (0, "camera", None, [0.5, 0.0, 250.0, 0.0, 0.5, 0.0], None, [])
    near = Anchor(1, 0, (500, 0, 900, 1000))
    wide = episode([kept(0), closer], {0: [ANNA, BEA]})
    assert scene(ep01=wide).place(person(1, 0), near) == Placed((("s/ep01/000000", 1),))
    both = [(0, "kept", None, [2.0, 0.0, -500.0, 0.0, 2.0, 0.0], 1, []), (1, "kept", None, closer[3], 0, [])]
    ends = scene(ep01=episode(both, {0: [ANNA, BEA], 1: [(100, 0, 180, 100)]}))
    assert ends.place(person(1, 3), near._replace(box=3)) == Placed((("s/ep01/000001", 0),))
    back = scene(ep01=episode([(1, "camera", None, *both[0][3:]), kept(1)], {1: [(100, 0, 180, 100)]}))
    assert back.place(person(0, 1), Anchor(0, 1, AT_BEA)) == Placed((("s/ep01/000001", 0),))
    assert isinstance(back.place(person(0, 0), Anchor(0, 0, AT_ANNA)), Unplaced)


def test_the_other_end_of_a_move_is_asked_where_the_nearer_one_does_not_show_the_place() -> None:
    """Frame 2 lies 250 to the left of frame 3, its nearer end, and 500 to the right of frame 0."""
    end = (3, "kept", None, [1.0, 0.0, 750.0, 0.0, 1.0, 0.0], 0, [])
    rows = [(0, "kept", None, [1.0, 0.0, -750.0, 0.0, 1.0, 0.0], 3, []), lies(0, 250), lies(3, -250), end]
    now = scene(ep01=episode(rows, {0: [ANNA, BEA], 3: [(60, 0, 100, 100)]}))  # Dora, at 210 to 250 of all
    assert now.place(person(2, 0), Anchor(2, 0, (0, 0, 200, 1000))) == Placed((("s/ep01/000000", 1),))
    assert now.place(person(2, 0), Anchor(2, 0, (550, 0, 750, 1000))) == Placed((("s/ep01/000003", 0),))
    assert isinstance(now.place(person(2, 0), Anchor(2, 0, (300, 0, 500, 1000))), Unplaced)


STITCHED = [kept(0), *(lies(0, right, reason="stitched") for right in (250, 500, 750, 1000))]
DORA = (210, 0, 250, 100)


def test_a_decision_stands_in_a_stitched_picture_and_when_that_is_taken_apart_again() -> None:
    stitched = scene(ep01=episode(STITCHED, {0: [ANNA, BEA, DORA]}, wide={0: 400}))
    ends = scene(ep01=episode([kept(0), lies(0, 250), lies(4, -500), lies(4, -250), kept(4)],
                              {0: [ANNA, BEA], 4: [(10, 0, 50, 100)]}))  # fmt: skip
    dora = stitched.anchor(person(0, 2))
    assert str(dora) == "0-2 300 0 500 1000 in 3"  # where frame 3 shows her, which has her nearest to its middle
    assert str(stitched.anchor(person(0, 1))) == "0-1 500 0 700 1000"  # the frame itself shows her whole
    assert ends.place(person(0, 2), dora) == Placed((("s/ep01/000004", 0),))
    assert ends.place(person(0, 1), stitched.anchor(person(0, 1))) == Placed((("s/ep01/000000", 1),))
    assert stitched.place(person(0, 2), dora) == Placed((("s/ep01/000000", 2),))
    assert stitched.place(person(4, 0), ends.anchor(person(4, 0))) == Placed((("s/ep01/000000", 2),))
    assert stitched.place(person(0, 1), ends.anchor(person(0, 1))) == Placed((("s/ep01/000000", 1),))


def test_of_who_fits_into_no_frame_of_a_stitched_picture_the_largest_part_counts() -> None:
    stitched = scene(ep01=episode([kept(0), lies(0, 600, reason="stitched")], {0: [(150, 0, 250, 100)]}, wide={0: 320}))
    assert str(stitched.anchor(person(0, 0))) == "0-0 150 0 650 1000 in 1"
    narrow = scene(ep01=episode([kept(0), lies(0, 900, reason="stitched")], {0: [(100, 0, 340, 100)]}, wide={0: 380}))
    assert str(narrow.anchor(person(0, 0))) == "0-0 0 0 800 1000 in 1"


def test_what_stands_in_at() -> None:
    for text, anchor in (
        ("152-0 120 40 300 700", Anchor(152, 0, (120, 40, 300, 700))),
        ("152-0 120 40 300 700 in 190", Anchor(152, 0, (120, 40, 300, 700), 190)),
        ("152-0 -120 40 300 700 of -250 0 250 500", Anchor(152, 0, (-120, 40, 300, 700), None, (-250, 0, 250, 500))),
    ):
        assert read_anchor(text, "x.csv:2") == anchor and str(anchor) == text
    with pytest.raises(GengaError, match=r"^x.csv:2: at must be what genga writes, .*; got '152-0 1 2 3'$"):
        read_anchor("152-0 1 2 3", "x.csv:2")


def test_what_an_id_names() -> None:
    assert target_of("s/e 1/000012-3-head") == Target("s", "e 1", 12, 3, "head")
    assert target_of("s/e/000012") == Target("s", "e", 12, None, None)
    assert [target_of(name) for name in ("", "s/000012", "s/e/x", "s/e/1-0-foot", "s/e/1-head")] == [None] * 5


# Tags


def correction(line: int, target: str, box: int | str | None = None, at: Anchor | None = None, verb: str = "add"):
    return Correction(line, target, box, "hat", verb, at)


def test_tags_go_to_the_drawing_and_the_person() -> None:
    lines = [
        correction(2, "s/ep01/000003"),
        correction(3, "s/ep01/000000", "*"),
        correction(4, "s/ep01/000000", 0, Anchor(0, 0, AT_BEA)),
        correction(5, "s/ep01/000000-0-head", None, Anchor(0, 0, AT_BEA)),
        correction(6, "s/ep01/000002", 0),  # by its number: the still is there
        correction(7, "s/ep01/000009"), correction(8, "nonsense"), correction(9, "s/ep01/000001", 7),  # never were
    ]  # fmt: skip
    placed, without = place(lines, NOW, "s/ep01")
    assert [(one.line, one.target, one.box) for one in placed] == [
        (2, "s/ep01/000001", None), (3, "s/ep01/000001", "*"), (4, "s/ep01/000001", 1),
        (5, "s/ep01/000001-1-head", None), (6, "s/ep01/000002", 0),
        (7, "s/ep01/000009", None), (8, "nonsense", None), (9, "s/ep01/000001", 7),
    ]  # fmt: skip
    assert without == []


def test_tags_that_cannot_be_placed_are_told() -> None:
    lines = [correction(2, "s/ep01/000004"), correction(3, "s/ep01/000006"), correction(4, "s/ep01/000000-1-head"),
             correction(5, "s/ep01/000002", 0, Anchor(2, 0, AT_ANNA))]  # fmt: skip
    assert [str(one) for one in place(lines, NOW, "s/ep01")[1]] == [
        "2: s/ep01/000004 add hat: not placed, frame 4 of ep01 shows another view of its drawing than ep01 5;"
        " nearest: s/ep01/000005",
        "3: s/ep01/000006 add hat: not placed, frame 6 of ep01 shows no drawing now (dissolve);"
        " nearest: s/ep01/000005, s/ep01/000002, s/ep01/000001",
        "4: s/ep01/000000-1-head add hat: not placed, the line does not say where the person was (column at);"
        " nearest: s/ep01/000001-0-head, s/ep01/000001-1-head",
        "5: s/ep01/000002 box 0 add hat: not placed, nobody is found in that place of s/ep01/000002 now;"
        " nearest: s/ep01/000002 box 0",
    ]


def test_tags_of_a_whole_picture_hold_in_the_same_view_alone() -> None:
    now = scene(ep01=episode([kept(0), lies(0, 50), lies(0, 60)], {0: [ANNA]}))
    placed, without = place([correction(2, "s/ep01/000001"), correction(3, "s/ep01/000002")], now, "s/ep01")
    assert [one.target for one in placed] == ["s/ep01/000000"]  # 95 % of both are common: 90 % of all
    assert [str(one) for one in without] == [
        "3: s/ep01/000002 add hat: not placed, s/ep01/000000 shows another view of its drawing; nearest: s/ep01/000000"
    ]


def test_tags_of_a_person_go_where_the_camera_went() -> None:
    now = scene(ep01=episode(FIRST, {0: [ANNA, BEA]}))
    lines = [correction(2, "s/ep01/000002", 0, Anchor(2, 0, (0, 0, 200, 1000))),
             correction(3, "s/ep01/000002-0-head", None, Anchor(2, 0, (0, 0, 200, 1000)))]  # fmt: skip
    placed, without = place(lines, now, "s/ep01")
    assert [(one.target, one.box) for one in placed] == [("s/ep01/000000", 1), ("s/ep01/000000-1-head", None)]
    assert without == []


def test_tags_that_contradict_each_other_since_are_told() -> None:
    """The line about the very still holds, else the later one; of two about one id the later holds without a word."""
    own, other = correction(2, "s/ep01/000001"), correction(3, "s/ep01/000000", verb="remove")
    placed, without = place([own, other], NOW, "s/ep01")
    assert [one.line for one in placed] == [2]
    assert without == [Open(3, "s/ep01/000000 remove hat", "line 2 says add of the same", ("s/ep01/000001",))]
    twice = [correction(2, "s/ep01/000000"), correction(3, "s/ep01/000003", verb="remove")]
    assert [one.line for one in place(twice, NOW, "s/ep01")[0]] == [3]
    again = [correction(2, "s/ep01/000000"), correction(3, "s/ep01/000000", verb="remove")]
    assert place(again, NOW, "s/ep01")[1] == []


# In a folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A folder, and what writes the tables of an episode there."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, made: Episode) -> None:
        for stage, schema in (("dedup", OF_DEDUP), ("stills", OF_STILLS), ("detect", OF_DETECT)):
            write_table(f"data/{stage}/s/{name}.parquet", getattr(made, stage), schema)

    write("ep01", episode(ROWS, {1: [ANNA, BEA], 2: [BEA], 5: [ANNA]}))
    write("ep02", episode([kept(0), kept(1), held(2, "series", "ep01")], {0: [ANNA], 1: [BEA]}, "ep02"))
    return write


def put(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def look(series: dict[str, list[str]]) -> Decided:
    return look_at(tables(), series)


NAMES, TAGS, DROPS = "corrections/s/characters.csv", "corrections/s/ep02/tags.csv", "corrections/s/ep01/frames.csv"
GRADES = "corrections/s/tiers.csv"
SERIES, IN_SERIES = {"s": ["ep01", "ep02"]}, {"series": "s"}


def test_lines_are_noted_where_they_were_decided(project, capsys: pytest.CaptureFixture[str]) -> None:
    put(NAMES, "# mine\r\ncrop,character\r\ns/ep01/000001-1-head,bea\r\n\r\ns/ep01/000009-0-head,anna\r\n")
    put(TAGS, "still_or_crop,box,tag,decision,at\ns/ep02/000001,0,hat,add,9-9 1 2 3 4\ns/ep02/000001,*,hat,add\n")
    put(DROPS, "frame,decision\n3,drop\n2,keep\n6,drop\n")
    put(GRADES, "still_or_crop,tier\ns/ep01/000001-1-head,best\ns/ep01/000001,poor\n")
    put("corrections/t/characters.csv", "crop,character\ns/ep01/000001-1-head,bea\n")  # a series without episodes
    decided = look(SERIES)
    assert {path: decided.noted[path].decode() for path in decided.noted} == {
        NAMES: "# mine\r\ncrop,character,at\r\ns/ep01/000001-1-head,bea,1-1 500 0 700 1000\r\n\r\n"
               "s/ep01/000009-0-head,anna\r\n",
        TAGS: "still_or_crop,box,tag,decision,at\ns/ep02/000001,0,hat,add,1-0 500 0 700 1000\n"
              "s/ep02/000001,*,hat,add\n",
        DROPS: "frame,decision,at\n3,drop,3 0-1\n2,keep\n6,drop\n",
        GRADES: "still_or_crop,tier,at\ns/ep01/000001-1-head,best,1-1 500 0 700 1000\ns/ep01/000001,poor\n",
    }  # fmt: skip
    digests = {path: decided.digest(path) for path in (NAMES, TAGS, DROPS, GRADES)}
    assert "at" not in Path(NAMES).read_text(encoding="utf-8").splitlines()[1]  # not before a run starts
    decided.write()
    assert capsys.readouterr().err.splitlines() == [
        f"{path}: noted in 1 line where that was (column at)" for path in (NAMES, GRADES, DROPS, TAGS)
    ]
    assert Path(NAMES).read_bytes() == decided.noted[NAMES]
    after = look(SERIES)
    assert after.noted == {} and {path: after.digest(path) for path in digests} == digests
    assert read_verdicts(DROPS, 7)[3].hold == (0, 1) and read(NAMES, "characters")[0]["at"] == "1-1 500 0 700 1000"


def test_of_tiers_a_job_is_held_to_what_they_say(project) -> None:
    lines = "s/ep01/000001-1-head,best,1-1 500 0 700 1000,ann,so\n"
    put(GRADES, f"still_or_crop,tier,at,who,why\n{lines}")
    said = {GRADES: [["s/ep01/000001-1-head", "best", "1-1 500 0 700 1000"]]}
    place = {"series": "s"}
    assert look(SERIES).of(place, "tiers", [GRADES], str) == (said, [GRADES])
    put(GRADES, "# mine\nstill_or_crop,tier,at\ns/ep01/000001-1-head,best,\n")  # of whom, and why, is another thing
    assert look(SERIES).of(place, "tiers", [GRADES], str) == (said, [GRADES])
    put(GRADES, "still_or_crop,tier\n# none\n")
    assert look(SERIES).concern("tiers", place, ["ep01"]) == []
    put(GRADES, "still_or_crop\n")
    held, read_of = look(SERIES).of(place, "tiers", [GRADES], str)
    assert len(held[GRADES]) == 64 and read_of == look(SERIES).concern("tiers", place, ["ep01"]) == [GRADES]


def test_what_a_run_made_for_the_first_time_is_noted_at_its_end(project, capsys: pytest.CaptureFixture[str]) -> None:
    put(NAMES, "crop,character\ns/ep03/000001-1-head,bea\n")
    put(GRADES, "still_or_crop,tier\ns/ep03/000001-0-head,best\n")
    put(TAGS, "still_or_crop,box,tag,decision\ns/ep03/000001,1,hat,add\n")
    series = {"s": ["ep01", "ep02", "ep03"]}
    decided = look(series)
    assert decided.noted == {} and decided.write_after() == {}
    said = {**decided.of(IN_SERIES, "characters", [NAMES], str)[0], **decided.of(IN_SERIES, "tiers", [GRADES], str)[0]}
    project("ep03", episode(ROWS, {1: [ANNA, BEA], 2: [BEA], 5: [ANNA]}, "ep03"))
    noted = decided.write_after()
    assert Path(NAMES).read_text(encoding="utf-8") == (
        "crop,character,at\ns/ep03/000001-1-head,bea,1-1 500 0 700 1000\n"
    )
    assert {path: table.held[0] for path, table in noted.items()} == said, (
        "no job has read tags.csv: the next run looks"
    )
    assert noted[GRADES].held[1] == [["s/ep03/000001-0-head", "best", "1-0 0 0 200 1000"]]
    now = look(series)
    assert now.digest(NAMES) == noted[NAMES].held[1] == noted[NAMES].sha256[1] and list(now.noted) == [TAGS]
    assert capsys.readouterr().err.count("noted in 1 line") == 2


def test_what_was_written_while_jobs_ran_is_not_noted_for_them(project) -> None:
    put(NAMES, "crop,character\ns/ep03/000001-1-head,bea\n")
    decided = look({"s": ["ep01", "ep03"]})
    decided.digest(NAMES)
    put(NAMES, "crop,character\ns/ep03/000001-1-head,anna\n")
    project("ep03", episode(ROWS, {1: [ANNA, BEA]}, "ep03"))
    assert decided.write_after() == {} and Path(NAMES).read_text(encoding="utf-8").endswith("-head,anna\n")


def test_what_becomes_of_a_dropped_drawing_dedup_alone_says(project) -> None:
    put(DROPS, "frame,decision\n3,drop\n")
    for stage in ("stills", "detect"):
        Path(f"data/{stage}/s/ep01.parquet").unlink()
    assert look(SERIES).noted == {DROPS: b"frame,decision,at\n3,drop,3 0-1\n"}


def test_nothing_is_read_again_that_is_as_it_was(project, monkeypatch: pytest.MonkeyPatch) -> None:
    put(NAMES, "crop,character\ns/ep01/000001-1-head,bea\n")
    first = look(SERIES)
    with monkeypatch.context() as patched:
        patched.setattr("genga.workflow.looked_up.read_episode", lambda *paths: pytest.fail("was read again"))
        assert look(SERIES) == first
    project("ep01", episode(ROWS, {1: [ANNA], 2: [BEA], 5: [ANNA]}))  # nobody has number 1
    assert look(SERIES).noted == {}


def test_a_table_that_changed_meanwhile_is_not_written(project) -> None:
    put(NAMES, "crop,character\ns/ep01/000001-1-head,bea\n")
    decided = look(SERIES)
    put(NAMES, "crop,character\ns/ep01/000001-1-head,anna\n")
    with pytest.raises(GengaError, match=f"^{NAMES}: was written while it was read; run again$"):
        decided.write()


def test_what_cannot_be_read_is_left_to_the_job(project) -> None:
    put(NAMES, "who\n")
    put(TAGS, "still_or_crop,tag,decision,at\ns/ep02/000001-0-head,hat,add,there\n")
    assert look(SERIES) == Decided(tables(), SERIES)


def test_tags_go_to_the_episode_that_keeps_the_drawing(project, capsys: pytest.CaptureFixture[str]) -> None:
    put(TAGS, "still_or_crop,box,tag,decision,at\ns/ep02/000002,4,hat,add,2-4 500 0 700 1000\ns/ep02/000002,,sky,add\n"
              "s/ep02/000002,0,red,add\ns/ep02/000001,,sea,add\n")  # fmt: skip
    decided = look(SERIES)
    assert decided.landed == {"s/ep01": {TAGS: [
        [2, "s/ep01/000002", 4, "hat", "add", "2-4 500 0 700 1000"], [3, "s/ep01/000002", None, "sky", "add", ""],
    ]}}  # fmt: skip
    put("landed.json", json.dumps({TAGS: decided.landed["s/ep01"][TAGS][:1]}))
    tables = [tuple(Path(f"data/{stage}/s/{name}.parquet") for stage in ("dedup", "stills", "detect")) for name in
              ("ep01", "ep02")]  # fmt: skip
    here = placed_lines([Path("landed.json")], Path("data/tag/s/ep01.parquet"), tables[0])
    assert here == [Correction(2, "s/ep01/000002", 0, "hat", "add")]
    there = placed_lines([Path(TAGS)], Path("data/tag/s/ep02.parquet"), tables[1])
    assert [one.tag for one in there] == ["sea"] and capsys.readouterr().err == ""
    project("ep02", episode([kept(0), kept(1), kept(2)], {0: [ANNA], 1: [BEA], 2: [BEA]}, "ep02"))
    assert decided.tell_moved()
    assert capsys.readouterr().err == ("2 decisions moved to or from drawings of other episodes: run snakemake again\n")
    assert landing(TAGS, scene(ep01=NOW.episode("ep01"), ep02=episode([kept(0)] * 3, {}, "ep02")), {}) == {}


def test_a_place_goes_to_another_episode_along_the_camera(project) -> None:
    """Frame 2 of ep02 shows what frame 1 of ep01 does, 500 thousandths further right: Bea stands at its left."""
    away = [kept(0), kept(1), (1, "series", "ep01", *lies(1, 500)[3:])]
    project("ep02", episode(away, {0: [ANNA], 1: [BEA]}, "ep02"))
    put(TAGS, "still_or_crop,box,tag,decision,at\ns/ep02/000002,4,hat,add,2-4 0 0 200 1000\ns/ep02/000002,,sky,add\n")
    landed = look(SERIES).landed["s/ep01"][TAGS]
    assert landed == [[2, "s/ep01/000001", 4, "hat", "add", "1-4 500 0 700 1000 of 500 0 1500 1000"]]
    put("landed.json", json.dumps({TAGS: landed}))
    tables = tuple(Path(f"data/{stage}/s/ep01.parquet") for stage in ("dedup", "stills", "detect"))
    here = placed_lines([Path("landed.json")], Path("data/tag/s/ep01.parquet"), tables)
    assert here == [Correction(2, "s/ep01/000001", 1, "hat", "add")]


def test_a_line_about_a_crop_that_a_person_has_not_is_told(project, capsys: pytest.CaptureFixture[str]) -> None:
    put(TAGS, "still_or_crop,tag,decision,at\ns/ep02/000000-3-head,hat,add,0-3 0 0 200 1000\n")
    tables = tuple(Path(f"data/{stage}/s/ep02.parquet") for stage in ("dedup", "stills", "detect"))
    found = placed_lines([Path(TAGS)], Path("data/crop/s/ep02.parquet"), tables, ["s/ep02/000000-0-fullbody"])
    assert found == [] and capsys.readouterr().err == (
        f"{TAGS}:2: s/ep02/000000-3-head add hat: not placed, that person has no such crop now;"
        " nearest: s/ep02/000000-0-fullbody\n"
    )
    assert len(read_corrections(TAGS)) == 1
