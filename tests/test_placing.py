"""Where decisions take effect when tables are others than those they were made on: literal tables, hand-countable."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest

from genga.decisions.anchors import Anchor, Target, target_of
from genga.decisions.csv import Open, read
from genga.decisions.folder import tables
from genga.decisions.frames import read_verdicts
from genga.decisions.placing import OF_DEDUP, OF_DETECT, OF_STILLS, Episode, Placed, Scene, Unplaced
from genga.decisions.tags import Correction, place, placed_lines, read_corrections
from genga.store.parquet import write_table
from genga.workflow.decided import Decided
from genga.workflow.decided import look as look_at
from genga.workflow.looked_up import landing

Row = tuple[int | None, str, str | None]  # keeper, reason, the keeper's episode
Boxes = Mapping[int, Sequence[tuple[int, int, int, int]]]  # by frame of a still of 200 x 100 px: persons, in px

ANNA, BEA, CLEO = (0, 0, 40, 100), (100, 0, 140, 100), (104, 0, 144, 100)  # Cleo stands nearly where Bea does
AT_ANNA, AT_BEA = (0, 0, 200, 1000), (500, 0, 700, 1000)


def episode(
    rows: Sequence[Row], boxes: Boxes, name: str = "ep01", shots: Sequence[int] = (), wide: int = 200
) -> Episode:
    shot_of = shots or [0] * len(rows)
    dedup = [(frame, shot_of[frame], *row) for frame, row in enumerate(rows)]
    stills = [(frame, shot_of[frame], wide, 100) for frame in boxes]
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


# Frames 0 and 1 are one drawing, 2 another, 3 is the first one again; 4 is on the way of a camera move from 5.
ROWS = [held(1), kept(1), kept(2), held(1, "recurring"), held(5, "camera"), kept(5), (None, "dissolve", None)]
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
    now = scene(ep01=episode([kept(0), held(0, "camera"), kept(2)], {0: [BEA], 2: []}))
    assert isinstance(now.place(person(2, 0), Anchor(2, 0, AT_BEA), along=True), Unplaced)


def test_a_drawing_is_found_in_the_episode_that_keeps_it() -> None:
    first = episode([kept(0), kept(1), held(1, "camera")], {0: [ANNA], 1: [ANNA, BEA]})
    now = scene(ep01=first, ep02=episode([held(0, "series", "ep01"), held(1, "series", "ep01")], {}, "ep02"))
    assert now.place(person(0, 3, "ep02"), Anchor(0, 3, AT_ANNA)) == Placed((("s/ep01/000000", 0),))
    # Still 1 stands for a camera move as well: nothing says that this was its beginning.
    found = now.place(person(1, 0, "ep02"), Anchor(1, 0, AT_ANNA))
    assert found == Unplaced("frame 1 of ep02 shows another view of its drawing than ep01 1",
                             (("s/ep01/000001", 0), ("s/ep01/000001", 1)))  # fmt: skip


def test_a_stitched_picture_has_places_of_its_own() -> None:
    rows = [kept(0), held(0, "stitched")]
    then, wider = scene(ep01=episode(rows, {0: [ANNA]}, wide=400)), scene(ep01=episode(rows, {0: [ANNA]}, wide=500))
    single = scene(ep01=episode([kept(0), kept(1)], {0: [ANNA], 1: []}))
    at = then.anchor(person(0, 0))
    assert str(at) == "0-0 0 0 100 1000 400x100"
    assert then.place(person(0, 0), at) == Placed((("s/ep01/000000", 0),))
    why = Unplaced("s/ep01/000000 is another picture of its drawing now (dedup.camera)", (("s/ep01/000000", 0),))
    assert [now.place(person(0, 0), at) for now in (wider, single)] == [why, why]
    assert then.place(person(0, 0), single.anchor(person(0, 0))) == why


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
SERIES = {"s": ["ep01", "ep02"]}


def test_lines_are_noted_where_they_were_decided(project, capsys: pytest.CaptureFixture[str]) -> None:
    put(NAMES, "# mine\r\ncrop,character\r\ns/ep01/000001-1-head,bea\r\n\r\ns/ep01/000009-0-head,anna\r\n")
    put(TAGS, "still_or_crop,box,tag,decision,at\ns/ep02/000001,0,hat,add,9-9 1 2 3 4\ns/ep02/000001,*,hat,add\n")
    put(DROPS, "frame,decision\n3,drop\n2,keep\n6,drop\n")
    put("corrections/t/characters.csv", "crop,character\ns/ep01/000001-1-head,bea\n")  # a series without episodes
    decided = look(SERIES)
    assert {path: decided.noted[path].decode() for path in decided.noted} == {
        NAMES: "# mine\r\ncrop,character,at\r\ns/ep01/000001-1-head,bea,1-1 500 0 700 1000\r\n\r\n"
               "s/ep01/000009-0-head,anna\r\n",
        TAGS: "still_or_crop,box,tag,decision,at\ns/ep02/000001,0,hat,add,1-0 500 0 700 1000\n"
              "s/ep02/000001,*,hat,add\n",
        DROPS: "frame,decision,at\n3,drop,3 0-1\n2,keep\n6,drop\n",
    }  # fmt: skip
    digests = {path: decided.digest(path) for path in (NAMES, TAGS, DROPS)}
    assert "at" not in Path(NAMES).read_text(encoding="utf-8").splitlines()[1]  # not before a run starts
    decided.write()
    assert capsys.readouterr().err.splitlines() == [
        f"{path}: noted in 1 line where that was (column at)" for path in (NAMES, DROPS, TAGS)
    ]
    assert Path(NAMES).read_bytes() == decided.noted[NAMES]
    after = look(SERIES)
    assert after.noted == {} and {path: after.digest(path) for path in digests} == digests
    assert read_verdicts(DROPS, 7)[3].hold == (0, 1) and read(NAMES, "characters")[0]["at"] == "1-1 500 0 700 1000"


def test_nothing_is_read_again_that_is_as_it_was(project, monkeypatch: pytest.MonkeyPatch) -> None:
    put(NAMES, "crop,character\ns/ep01/000001-1-head,bea\n")
    first = look(SERIES)
    monkeypatch.setattr("genga.workflow.looked_up.read_episode", lambda *paths: pytest.fail("was read again"))
    assert look(SERIES) == first
    monkeypatch.undo()
    project("ep01", episode(ROWS, {1: [ANNA], 2: [BEA], 5: [ANNA]}))  # nobody has number 1
    assert look(SERIES).noted == {}


def test_a_table_that_changed_meanwhile_is_not_written(project) -> None:
    from genga.errors import GengaError

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
    decided.tell_moved()
    assert capsys.readouterr().err == ("2 decisions moved to or from drawings of other episodes: run snakemake again\n")
    assert landing(TAGS, scene(ep01=NOW.episode("ep01"), ep02=episode([kept(0)] * 3, {}, "ep02")), {}) == {}


def test_a_line_about_a_crop_that_a_person_has_not_is_told(project, capsys: pytest.CaptureFixture[str]) -> None:
    put(TAGS, "still_or_crop,tag,decision,at\ns/ep02/000000-3-head,hat,add,0-3 0 0 200 1000\n")
    tables = tuple(Path(f"data/{stage}/s/ep02.parquet") for stage in ("dedup", "stills", "detect"))
    found = placed_lines([Path(TAGS)], Path("data/crop/s/ep02.parquet"), tables, ["s/ep02/000000-0-fullbody"])
    assert found == [] and capsys.readouterr().err == (
        f"{TAGS}:2: s/ep02/000000-3-head add hat: not placed, that person has no such crop now;"
        " nearest: s/ep02/000000-0-fullbody\n"
    )
    assert len(read_corrections(TAGS)) == 1
