"""What people decided: every kind of table is read with the same manners, and written so that other lines stay."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from genga.decisions.characters import Name, read_names
from genga.decisions.csv import KINDS, Decision, kind_at, line_of, of_stage, parse, path_of, read, records
from genga.decisions.frames import read_verbs
from genga.decisions.tags import Correction, read_corrections
from genga.decisions.writer import append, remove, replace
from genga.errors import GengaError
from genga.stages import LINE

# Of each kind: the columns, a line with all of them, and one with those that are needed.
FULL = {
    "frames": ("frame,decision,who,why", "3,keep,ann,a blink"),
    "tags": ("still_or_crop,box,tag,decision,who,why", "s/e/000003,1,red hat,add,ann,her own"),
    "characters": ("crop,character,outfit,scope,who,why", "s/e/000003-0-head,花子,school,cluster,ann,her face"),
}
LEAST = {
    "frames": ("frame,decision", "3,keep"),
    "tags": ("still_or_crop,tag,decision", "s/e/000003,red hat,add"),
    "characters": ("crop,character", "s/e/000003-0-head,花子"),
}
# What the stages make of such a line that stands on line `line`.
READERS: dict[str, Callable[[Path], object]] = {
    "frames": lambda path: read_verbs(path, 9),
    "tags": read_corrections,
    "characters": read_names,
}
MEANS: dict[str, Callable[[int], object]] = {
    "frames": lambda line: {3: "keep"},
    "tags": lambda line: [Correction(line, "s/e/000003", 1, "red_hat", "add")],
    "characters": lambda line: [Name(line, "s/e/000003-0-head", "花子", "school", "cluster")],
}
LEAST_MEANS = {
    "frames": {3: "keep"},
    "tags": [Correction(2, "s/e/000003", None, "red_hat", "add")],
    "characters": [Name(2, "s/e/000003-0-head", "花子", None, "cluster")],
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def table(folder: Path, kind: str, content: str | bytes) -> Path:
    path = folder / f"{kind}.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# The map


def test_the_map() -> None:
    assert path_of("frames", "花 s", "第1話") == "corrections/花 s/第1話/frames.csv"
    assert path_of("tags", "s", "e") == "corrections/s/e/tags.csv"
    assert path_of("characters", "s") == "corrections/s/characters.csv"
    read_by = {stage.name: kind for stage in LINE if (kind := of_stage(stage.name))}
    assert read_by == {"dedup": "frames", "tag": "tags", "crop": "tags", "characters": "characters"}
    assert {name: kind.header for name, kind in KINDS.items()} == {name: header for name, (header, _) in FULL.items()}


@pytest.mark.parametrize(("kind", "place"), [("characters", ("s", "e")), ("frames", ("s",))])
def test_a_path_has_an_episode_if_the_kind_has(kind: str, place: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=f"^{kind} are decided for each "):
        path_of(kind, *place)


@every_kind
def test_a_stage_that_reads_a_table_is_of_its_level(kind: str) -> None:
    level = {stage.name: stage.level for stage in LINE}
    assert {level[stage] for stage in KINDS[kind].stages} == {KINDS[kind].level}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("corrections/s/e/frames.csv", "frames"),
        ("corrections/s/e/tags.csv", "tags"),
        ("corrections/s/characters.csv", "characters"),
        ("corrections/s/e/characters.csv", None),
        ("corrections/s/tags.csv", None),
        ("corrections/s/e/notes.csv", None),
        ("corrections/README.md", None),
        ("data/s/e/tags.csv", None),
        ("tags.csv", None),
    ],
)
def test_which_kind_a_path_is_of(path: str, kind: str | None) -> None:
    assert kind_at(path) == kind


# Reading: a file that says the same, however it is written. {0} is the first line, {1} the other.

MANNERS: dict[str, tuple[str, int]] = {
    "plain": ("{0}\n{1}\n", 2),
    "no line end at the end": ("{0}\n{1}", 2),
    "Windows": ("{0}\r\n{1}\r\n", 2),
    "an old Mac": ("{0}\r{1}\r", 2),
    "a byte order mark": ("\ufeff{0}\r\n{1}\r\n", 2),
    "empty lines": ("\n{0}\n\n   \n{1}\n\n", 5),
    "comments": ("# mine\n{0}\n#\n# a \"quote, and more\n{1}\n# the end", 5),
    "a comment after a byte order mark": ("\ufeff# mine\n{0}\n{1}\n", 3),
    "a decision taken back": ("{0}\n#{1}\n{1}\n", 3),
    "blanks around": (" {0} \n {1} \n", 2),
}  # fmt: skip


@every_kind
@pytest.mark.parametrize("name", MANNERS)
def test_a_table_is_read_however_it_is_written(tmp_path: Path, kind: str, name: str) -> None:
    pattern, line = MANNERS[name]
    path = table(tmp_path, kind, pattern.format(*FULL[kind]))
    assert READERS[kind](path) == MEANS[kind](line)


@every_kind
def test_columns_stand_in_any_order(tmp_path: Path, kind: str) -> None:
    turned = [",".join(reversed(text.split(","))) for text in FULL[kind]]
    assert READERS[kind](table(tmp_path, kind, "\n".join(turned))) == MEANS[kind](2)


@every_kind
def test_columns_that_are_not_needed_may_be_left_out(tmp_path: Path, kind: str) -> None:
    path = table(tmp_path, kind, "\n".join(LEAST[kind]))
    assert READERS[kind](path) == LEAST_MEANS[kind]
    assert read(path, kind)[0]["why"] == ""


@every_kind
def test_fields_at_the_end_may_be_left_out(tmp_path: Path, kind: str) -> None:
    header, line = FULL[kind]
    assert READERS[kind](table(tmp_path, kind, f"{header}\n{line.rpartition(',')[0]}\n")) == MEANS[kind](2)


@every_kind
def test_a_table_without_a_decision(tmp_path: Path, kind: str) -> None:
    assert not READERS[kind](table(tmp_path, kind, f"{FULL[kind][0]}\n# nothing yet\n"))


@every_kind
def test_a_line_is_called_by_where_it_begins(tmp_path: Path, kind: str) -> None:
    header, line = FULL[kind]
    told = line.rpartition(",")[0] + ',"one\n# two\r\n""three"""\n'
    found = read(table(tmp_path, kind, f"{header}\n{told}# no\n{line}\n"), kind)
    assert [(one.line, one["why"]) for one in found] == [(2, 'one\n# two\r\n"three"'), (6, line.rpartition(",")[2])]
    assert found[0].where == f"{tmp_path / kind}.csv:2"


def test_the_id_of_a_series_that_is_called_like_a_comment() -> None:
    text = "crop,character\n#1 s/e/000003-0-head,hana\n#1 more\n# #1 s/e/000004-0-head,ren\n"
    found = parse(text.encode(), "corrections/#1 s/characters.csv", "characters")
    assert [(one.line, one["crop"]) for one in found] == [(2, "#1 s/e/000003-0-head")]


# Refusing: the same for every kind. {0} is the first line, {1} the other, {2} a column that is needed, {3} all columns.

REFUSED: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "1: column {2} is missing; the first line must be {0}"),
    "comments alone": ("# one\n# two\n", "1: column {2} is missing; the first line must be {0}"),
    "no first line": ("# mine\n{1}\n", "2: column {2} is missing; the first line must be {0}"),
    "an unknown column": ("\n{0},wer\n{1},ann\n", "2: column 'wer' is not known (known: {3}); take it out"),
    "a column without a name": ("{0},\n{1},\n", "1: column '' is not known (known: {3}); take it out"),
    "a column twice": ("{0},who\n{1},ann\n", "1: column who is there twice; take one of them out"),
    "more fields": (
        "{0}\n# mine\n{1}, or so\n",
        "3: has more fields than the first line; put a text with commas in quotes",
    ),
    "an open quote": ('{0}\n{1}\n{1},"or so\n{1}\n', "3: is not CSV (unexpected end of data); put its quotes right"),
    "a quote in quotes": ('{0}\n"a" b,{1}\n', "2: is not CSV (',' expected after '\"'); put its quotes right"),
    "not UTF-8": (b"who\n\xe4nn\n", "2: is not UTF-8 (invalid continuation byte); save the file as UTF-8"),
    "UTF-16": ("who\n".encode("utf-16"), "1: is not UTF-8 (invalid start byte); save the file as UTF-8"),
}


@every_kind
@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_table_is_refused_by_line(tmp_path: Path, kind: str, name: str) -> None:
    content, message = REFUSED[name]
    header, line = FULL[kind]
    words = (header, line, header.partition(",")[0], header.replace(",", ", "))
    path = table(tmp_path, kind, content.format(*words) if isinstance(content, str) else content)
    with pytest.raises(GengaError) as caught:
        READERS[kind](path)
    assert str(caught.value) == f"{path}:{message.format(*words)}"


@every_kind
@pytest.mark.parametrize("column", ["first", "last"])
def test_a_column_that_is_needed_is_missing(tmp_path: Path, kind: str, column: str) -> None:
    needed = LEAST[kind][0].split(",")
    missing = needed.pop(0 if column == "first" else -1)
    path = table(tmp_path, kind, ",".join(needed) + "\n")
    with pytest.raises(GengaError) as caught:
        READERS[kind](path)
    assert str(caught.value) == f"{path}:1: column {missing} is missing; the first line must be {FULL[kind][0]}"


@every_kind
def test_only_who_and_why_hold_line_ends(tmp_path: Path, kind: str) -> None:
    header, line = LEAST[kind]
    first, _, rest = line.partition(",")
    path = table(tmp_path, kind, f'{header}\n"{first}\n{first}",{rest}\n')
    with pytest.raises(GengaError) as caught:
        READERS[kind](path)
    assert str(caught.value) == f"{path}:2: {header.partition(',')[0]} has a line end in it; write it on one line"


@every_kind
def test_a_table_that_is_not_there(tmp_path: Path, kind: str) -> None:
    with pytest.raises(GengaError) as caught:
        READERS[kind](tmp_path / "none.csv")
    assert str(caught.value) == f"{tmp_path}/none.csv: cannot be read (No such file or directory)"


WRONG = [
    ("frames", "9,keep,,", "frame must be a number from 0 to 8, got '9'"),
    ("frames", "x,keep,,", "frame must be a number from 0 to 8, got 'x'"),
    ("frames", "1,delete,,", "decision must be keep or drop, got 'delete'"),
    ("tags", ",,sky,add,,", "names no still or crop"),
    ("tags", "a,,,add,,", "names no tag"),
    ("tags", "a,,sky,drop,,", "decision must be add or remove, got 'drop'"),
    ("tags", "a,x,sky,add,,", "box must be a person's number, * or empty, got 'x'"),
    ("characters", ",hana,,,,", "names no crop"),
    ("characters", "a,hana,,shot,,", "scope must be cluster or crop, got 'shot'"),
    ("characters", 'a,"hana, ren",,,,', "'hana, ren' holds a comma, which separates tags in captions; leave it out"),
    (
        "characters",
        "s/e/000003-0-head,ren,,cluster,,",
        "s/e/000003-0-head was named on line 3 already; keep one of them",
    ),
]


@pytest.mark.parametrize(("kind", "line", "message"), WRONG)
def test_a_wrong_value_is_refused_by_line(tmp_path: Path, kind: str, line: str, message: str) -> None:
    header, right = FULL[kind]
    path = table(tmp_path, kind, f"# mine\n{header}\n{right}\n{line}\n")
    with pytest.raises(GengaError) as caught:
        READERS[kind](path)
    assert str(caught.value) == f"{path}:4: {message}"


# Lines to copy


@pytest.mark.parametrize(
    ("kind", "values", "line"),
    [
        ("frames", {"frame": "4", "decision": "drop"}, "4,drop,,"),
        ("characters", {"crop": "s/e/1-0-head", "scope": "cluster"}, "s/e/1-0-head,,,cluster,,"),
        ("characters", {"crop": "s, t/e/1-0-head"}, '"s, t/e/1-0-head",,,,,'),
        ("characters", {"crop": "#1/e/1-0-head"}, '"#1/e/1-0-head",,,,,'),
        ("characters", {"crop": '#"1", 2/e/1-0-head'}, '"#""1"", 2/e/1-0-head",,,,,'),
        ("tags", {"tag": "sky", "why": 'a "sky"\nat night'}, ',,sky,,,"a ""sky""\nat night"'),
    ],
)
def test_a_line_to_copy_is_one_that_the_reader_takes(kind: str, values: Mapping[str, str], line: str) -> None:
    assert line_of(kind, values) == line
    (found,) = parse(f"{KINDS[kind].header}\n{line}\n".encode(), "f.csv", kind)
    assert {column: value for column, value in found.values.items() if value} == values


# Writing. A file with everything that somebody may care for, and what may stand around it.

KEPT = '# mine: "do not touch\n{0}\n\n#{1}\n  {1}  \n# the "rest\n{2}\n'
AS = {
    "plain": (KEPT, ""),
    "Windows": (KEPT.replace("\n", "\r\n"), ""),
    "a byte order mark": (KEPT.replace("\n", "\r\n"), "\ufeff"),
    "no line end at the end": (KEPT.removesuffix("\n"), ""),
    "mixed line ends": (KEPT.replace("#{1}\n", "#{1}\r\n"), ""),
}
OTHER = {
    "frames": ({"frame": "4", "decision": "drop", "why": "a, b"}, '4,drop,,"a, b"'),
    "tags": ({"still_or_crop": "s/e/000004", "tag": "sky", "decision": "remove"}, "s/e/000004,,sky,remove,,"),
    "characters": ({"crop": "#s/e/000004-0-head", "character": "ren"}, '"#s/e/000004-0-head",ren,,,,'),
}
TOLD = ',"one\ntwo"'


def kept(folder: Path, kind: str, name: str) -> tuple[Path, bytes]:
    header, line = FULL[kind]
    pattern, mark = AS[name]
    last = OTHER[kind][1].rpartition(",")[0] + TOLD if kind != "frames" else f"5,keep,{TOLD}"
    content = (mark + pattern.format(header, line, last)).encode()
    return table(folder, kind, content), content


@every_kind
@pytest.mark.parametrize("name", AS)
def test_records_are_all_of_the_file(tmp_path: Path, kind: str, name: str) -> None:
    _, content = kept(tmp_path, kind, name)
    assert "".join(one.text for one in records(content, "f.csv")).encode() == content.removeprefix(b"\xef\xbb\xbf")


@every_kind
@pytest.mark.parametrize("name", AS)
def test_nothing_is_lost_where_a_line_is_added(tmp_path: Path, kind: str, name: str) -> None:
    path, before = kept(tmp_path, kind, name)
    values, line = OTHER[kind]
    append(path, kind, [values, values])
    end = b"\r\n" if b"\r\n\r\n" in before else b"\n"
    before += b"" if before.endswith(b"\n") else end
    assert path.read_bytes() == before + line.encode() + end + line.encode() + end
    assert [path.name for path in tmp_path.iterdir()] == [f"{kind}.csv"]


@every_kind
@pytest.mark.parametrize("name", AS)
def test_one_line_changes_and_no_other(tmp_path: Path, kind: str, name: str) -> None:
    path, before = kept(tmp_path, kind, name)
    first = read(path, kind)[0]
    replace(first, {"who": "bo", "why": "no"})
    told = FULL[kind][1].rpartition(",ann,")[0] + ",bo,no"
    assert path.read_bytes() == before.replace(f"  {FULL[kind][1]}  ".encode(), told.encode())
    remove(read(path, kind)[0])
    end = b"\r\n" if b"\r\n\r\n" in before else b"\n"
    assert path.read_bytes() == before.replace(f"  {FULL[kind][1]}  ".encode() + end, b"")


@every_kind
@pytest.mark.parametrize("name", AS)
def test_the_last_line_goes_with_all_that_its_quotes_hold(tmp_path: Path, kind: str, name: str) -> None:
    path, before = kept(tmp_path, kind, name)
    remove(read(path, kind)[-1])
    rest = before[: before.index(b'# the "rest')]
    assert path.read_bytes() in (rest + b'# the "rest\n', rest + b'# the "rest\r\n')


@every_kind
def test_a_table_is_begun(tmp_path: Path, kind: str) -> None:
    values, line = OTHER[kind]
    path = tmp_path / "s" / f"{kind}.csv"
    append(path, kind, [values])
    assert path.read_text(encoding="utf-8") == f"{FULL[kind][0]}\n{line}\n"


@every_kind
def test_a_column_is_added_to_the_first_line_alone(tmp_path: Path, kind: str) -> None:
    header, line = LEAST[kind]
    path = table(tmp_path, kind, f"# mine\r\n{header}\r\n{line}\r\n{line}")
    replace(read(path, kind)[1], {"why": "so"})
    assert path.read_bytes().decode() == f"# mine\r\n{header},why\r\n{line}\r\n{line},so"
    assert [one["why"] for one in read(path, kind)] == ["", "so"]


@every_kind
def test_what_has_changed_since_is_not_written_over(tmp_path: Path, kind: str) -> None:
    header, line = FULL[kind]
    path = table(tmp_path, kind, f"{header}\n{line}\n")
    (decision,) = read(path, kind)
    content = f"{header}\n# new\n{line}\n"
    table(tmp_path, kind, content)
    changes: list[Callable[[Decision], None]] = [remove, lambda one: replace(one, {"who": "bo"})]
    for change in changes:
        with pytest.raises(GengaError) as caught:
            change(decision)
        assert str(caught.value) == f"{path}:2: is not what it was when it was read; read the file again"
    assert path.read_text(encoding="utf-8") == content


@every_kind
def test_what_the_reader_would_refuse_is_not_written(tmp_path: Path, kind: str) -> None:
    first = FULL[kind][0].partition(",")[0]
    for content in ("wer\n", f"{FULL[kind][0]}\n"):
        path = table(tmp_path, kind, content)
        with pytest.raises(GengaError, match=f"{kind}.csv:[12]: (column {first} is missing|{first} has a line end)"):
            append(path, kind, [{first: "a\nb"}])
        assert path.read_text(encoding="utf-8") == content
    with pytest.raises(GengaError, match="column 'wer' is not known"):
        append(path, kind, [{"wer": "ann"}])
