"""What people decided: every kind of table is read with the same manners, and written so that other lines stay."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from genga.dataset.tiers import Given
from genga.dataset.tiers import read_table_of as read_given
from genga.dataset.written import read_table_of
from genga.decisions.characters import Alias, Name, read_aliases, read_names
from genga.decisions.csv import KINDS, Decision, kind_at, line_of, of_stage, parse, path_of, read, records
from genga.decisions.folder import misplaced, tables, without_episode
from genga.decisions.frames import read_verdicts
from genga.decisions.issues import Issue, read_issues
from genga.decisions.tag_rules import Rule, read_rules
from genga.decisions.tags import Correction, read_corrections, tell_unknown
from genga.decisions.writer import append, remove, replace
from genga.errors import GengaError
from genga.stages import LINE

# Of each kind: the columns, a line with all of them, and one with those that are needed.
FULL = {
    "frames": ("frame,decision,at,who,why", "3,keep,,ann,a blink"),
    "tags": ("still_or_crop,box,tag,decision,at,who,why", "s/e/000003,1,red hat,add,,ann,her own"),
    "tag_rules": (
        "tag,decision,with,where,episode,shot,character,who,why",
        "Red Hat,replace,hat,1girl & long hair,e,4,,ann,one",
    ),
    "sentences": ("still_or_crop,sentence,who,why", "s/e/000003,A girl asleep,ann,she is"),
    "tiers": ("still_or_crop,tier,at,who,why", "s/e/000003-0-head,best,,ann,her look"),
    "characters": ("crop,character,outfit,scope,at,who,why", "s/e/000003-0-head,花子,school,cluster,,ann,her face"),
    "aliases": ("character,name,who,why", "花子,hana,ann,her name abroad"),
    "issues": ("about,name,issue,state,run,who,why", "tag,Red Hat,is drawn as hair,open,hana,ann,seen at step 300"),
}
LEAST = {
    "frames": ("frame,decision", "3,keep"),
    "tags": ("still_or_crop,tag,decision", "s/e/000003,red hat,add"),
    "tag_rules": ("tag,decision", "red hat,add"),
    "sentences": ("still_or_crop,sentence", "s/e/000003,A girl"),
    "tiers": ("still_or_crop,tier", "s/e/000003,poor"),
    "characters": ("crop,character", "s/e/000003-0-head,花子"),
    "aliases": ("character,name", "花子,hana"),
    "issues": ("about,name,issue,state", "tag,red hat,is drawn as hair,open"),
}
# What the stages make of such a line that stands on line `line`.
READERS: dict[str, Callable[[Path], object]] = {
    "frames": lambda path: {frame: one.verb for frame, one in read_verdicts(path, 9).items()},
    "tags": read_corrections,
    "tag_rules": read_rules,
    "sentences": lambda path: [(image, one.line, one.sentence) for image, one in read_table_of(path).items()],
    "tiers": lambda path: [one[1:] for one in read_given(path)],
    "characters": read_names,
    "aliases": read_aliases,
    "issues": read_issues,
}
MEANS: dict[str, Callable[[int], object]] = {
    "frames": lambda line: {3: "keep"},
    "tags": lambda line: [Correction(line, "s/e/000003", 1, "red_hat", "add")],
    "tag_rules": lambda line: [Rule(line, "red_hat", "replace", "hat", ("1girl", "long_hair"), "e", 4)],
    "sentences": lambda line: [("s/e/000003", line, "A girl asleep.")],
    "tiers": lambda line: [Given("", line, "s/e/000003-0-head", "best")[1:]],
    "characters": lambda line: [Name(line, "s/e/000003-0-head", "花子", "school", "cluster")],
    "aliases": lambda line: [Alias(line, "花子", "hana")],
    "issues": lambda line: [Issue(line, "tag", "red_hat", "is drawn as hair", "open", "hana")],
}
LEAST_MEANS = {
    "frames": {3: "keep"},
    "tags": [Correction(2, "s/e/000003", None, "red_hat", "add")],
    "tag_rules": [Rule(2, "red_hat", "add")],
    "sentences": [("s/e/000003", 2, "A girl.")],
    "tiers": [Given("", 2, "s/e/000003", "poor")[1:]],
    "characters": [Name(2, "s/e/000003-0-head", "花子", None, "cluster")],
    "aliases": [Alias(2, "花子", "hana")],
    "issues": [Issue(2, "tag", "red_hat", "is drawn as hair", "open")],
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
    assert read_by == {
        "dedup": ("frames",), "tag": ("tags", "tag_rules"), "crop": ("tags",), "characters": ("characters", "aliases"),
        "dataset": ("tag_rules", "sentences", "tiers"), "report": ("issues",),
    }  # fmt: skip
    assert {name: kind.header for name, kind in KINDS.items()} == {name: header for name, (header, _) in FULL.items()}


@pytest.mark.parametrize(("kind", "place"), [("characters", ("s", "e")), ("frames", ("s",))])
def test_a_path_has_an_episode_if_the_kind_has(kind: str, place: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=f"^{kind} are decided for each "):
        path_of(kind, *place)


@every_kind
def test_a_stage_that_reads_a_table_is_of_its_level(kind: str) -> None:
    level = {stage.name: stage.level for stage in LINE}
    found = {level[stage] for stage in KINDS[kind].stages}
    if kind == "issues":  # of a series, read by the runs that learn from it
        assert found == {"run"}
        return
    assert KINDS[kind].level in found <= {KINDS[kind].level, "episode"}


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


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ("s/e/tag.csv", "call it corrections/s/e/tags.csv"),
        ("s/e/Tags.csv", "call it corrections/s/e/tags.csv"),
        ("s/e/frame.CSV", "call it corrections/s/e/frames.csv"),
        ("s/e/tags.csv.txt", "call it corrections/s/e/tags.csv"),
        ("s/character.csv", "call it corrections/s/characters.csv"),
        ("s/tags.csv", "tags.csv is read in corrections/<series>/<episode>/"),
        ("tags.csv", "tags.csv is read in corrections/<series>/<episode>/"),
        ("s/e/x/frames.csv", "frames.csv is read in corrections/<series>/<episode>/"),
        ("s/e/characters.csv", "characters.csv is read in corrections/<series>/"),
        ("s/e/tag_rules.csv", "tag_rules.csv is read in corrections/<series>/"),
        ("s/tag_rule.csv", "call it corrections/s/tag_rules.csv"),
        (
            "s/boxes.csv",
            "tables are called frames.csv, tags.csv, tag_rules.csv, sentences.csv, tiers.csv, characters.csv, "
            "aliases.csv, issues.csv",
        ),
    ],
)
def test_a_table_that_no_stage_reads_is_named_with_the_nearest_right_name(path: str, remedy: str) -> None:
    path = f"corrections/{path}"
    right = ["corrections/s/e/frames.csv", "corrections/s/e/tags.csv", "corrections/s/characters.csv"]
    assert misplaced([*right, path]) == [f"{path}: no stage reads it; {remedy}, or take it away"]


def test_a_table_of_an_episode_that_there_is_not_is_named_with_the_nearest() -> None:
    paths = [f"corrections/{path}" for path in (
        "s/ep99/tags.csv", "s/ep1/frames.csv", "t/ep1/tags.csv", "samples/characters.csv", "cafe\u0301/characters.csv",
        "sample/a b/tags.csv", "s/tags.csv",
    )]  # fmt: skip
    episodes = {"s": ["ep1", "ep9"], "sample": ["a\u3000b"], "caf\u00e9": ["x"]}
    assert without_episode(paths, episodes) == [
        "corrections/s/ep99/tags.csv: nothing reads it: s has no episode ep99 (is ep9 meant?)",
        "corrections/t/ep1/tags.csv: nothing reads it: there is no series t",
        "corrections/samples/characters.csv: nothing reads it: there is no series samples (is sample meant?)",
    ]


def test_tables_are_found_by_names_of_any_form_and_notes_are_nobodys(tmp_path: Path) -> None:
    assert tables(tmp_path) == {}
    for name in ("cafe\u0301/a\u3000b/tags.csv", "s/Tags.CSV", "README.md", "s/tags.csv~", "s/.tags.csv", ".git/a.csv"):
        (tmp_path / "corrections" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "corrections" / name).touch()
    (tmp_path / "corrections/s/loop").symlink_to(tmp_path / "corrections")
    found = tables(tmp_path)
    assert found["corrections/caf\u00e9/a b/tags.csv"] == "corrections/cafe\u0301/a\u3000b/tags.csv"
    assert {path for path in found if "loop" not in path} == {
        "corrections/caf\u00e9/a b/tags.csv",
        "corrections/s/Tags.CSV",
    }
    (tmp_path / "corrections/s/loop").unlink()
    (tmp_path / "corrections/caf\u00e9/a b").mkdir(parents=True)
    (tmp_path / "corrections/caf\u00e9/a b/tags.csv").touch()
    with pytest.raises(GengaError, match="is the same table as .*, by names that only look alike; make one of the two"):
        tables(tmp_path)


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
    "bytes of 0": ("{0}\n\0\n", "2: is no text (a byte is 0), or UTF-16; save the file as UTF-8"),
    "UTF-16 without a mark": (
        "who\n".encode("utf-16-le"),
        "1: is no text (a byte is 0), or UTF-16; save the file as UTF-8",
    ),
    "a field without end": (
        '{0}\n{1},"' + "x" * 200_000,
        "2: is not CSV (field larger than field limit (131072)); put its quotes right",
    ),
    "one field alone": (
        "{0}\ns\n",
        "2: ends before column {4}; an empty field, if one is meant, is written by a comma",
    ),
    "a control character": ("{0}\ns\x07/e{5}\n", "2: {2} has a control character in it ('s\\x07/e'); take it out"),
    "UTF-16": ("who\n".encode("utf-16"), "1: is not UTF-8 (invalid start byte); save the file as UTF-8"),
}


@every_kind
@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_table_is_refused_by_line(tmp_path: Path, kind: str, name: str) -> None:
    content, message = REFUSED[name]
    header, line = FULL[kind]
    second = KINDS[kind].needed[1]
    words = (header, line, header.partition(",")[0], header.replace(",", ", "), second, "," * header.count(","))
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


@every_kind
@pytest.mark.parametrize(("sign", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_columns_that_a_spreadsheet_put_apart_otherwise(tmp_path: Path, kind: str, sign: str, name: str) -> None:
    header, line = FULL[kind]
    path = table(tmp_path, kind, f"{header}\n{line}\n".replace(",", sign))
    with pytest.raises(GengaError) as caught:
        READERS[kind](path)
    first = header.partition(",")[0]
    assert (
        str(caught.value)
        == f"{path}:1: column {first} is missing; the first line must be with commas, not {name}, {header}"
    )


def test_names_and_ids_have_one_form_however_they_were_written(tmp_path: Path) -> None:
    text = "crop,character,outfit,why\ncafe\u0301 1\u3000/e/1-0-head,e\u0301\u3000 a,\u304b\u3099\xa0b,e\u0301\u3000a\n"
    (name,) = read_names(table(tmp_path, "characters", text))
    # In an id a blank is a letter of the series' or episode's name.
    assert name == Name(2, "caf\u00e9 1\u3000/e/1-0-head", "\u00e9 a", "\u304c b", "cluster")
    assert read(tmp_path / "characters.csv", "characters")[0]["why"] == "e\u0301\u3000a"


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("Smile", "smile"), ("Long Hair", "long_hair"), ("long_hair", "long_hair"), ("twin  tails", "twin_tails"),
        (r"star \(symbol\)", "star_(symbol)"), ("star (symbol)", "star_(symbol)"), ("^_^", "^_^"), (r"\m/", r"\m/"),
        (r"\\m/", r"\m/"), ("O_O", "o_o"), (":D", ":d"), ("cafe\u0301", "caf\u00e9"), ("red\u3000hat", "red_hat"),
    ],
)  # fmt: skip
def test_a_tag_is_called_as_taggers_call_it(tmp_path: Path, written: str, tag: str) -> None:
    path = table(tmp_path, "tags", f"still_or_crop,tag,decision\ns/e/1,{written},add\n")
    assert read_corrections(path) == [Correction(2, "s/e/1", None, tag, "add")]


TWICE = {
    "frames": (
        "frame,decision\n3,keep\n4,drop\n4,drop\n3,drop\n",
        "5: says drop of frame 3, and line 2 keep; the later one holds: take one of them out",
    ),
    "tags": (
        "still_or_crop,box,tag,decision\n"
        "a,,Red Hat,add\na,0,red hat,remove\na,,sky,add\na,,sky,add\na,,red_hat,remove\n",
        "6: says remove red_hat, and line 2 add of the same; the later one holds: take one of them out",
    ),
    "tag_rules": (
        "tag,decision,where,episode\nHat,add,Red Bow & sky,\nhat,remove,red bow,\nhat,remove,sky & red_bow,e\n"
        "hat,remove,sky & red_bow,\n",
        "5: says remove hat where sky & red_bow, and line 2 add hat where red_bow & sky; the later one holds: "
        "take one of them out",
    ),
    "sentences": (
        "still_or_crop,sentence\na,One.\nb,Two.\na,Three.\n",
        "4: says something of a, and so does line 2; the later one holds: take one of them out",
    ),
    "tiers": (
        "still_or_crop,tier\na,best\nb,poor\na,best\na,reject\n",
        "5: says reject of a, and line 4 best; the later one holds: take one of them out",
    ),
    "characters": (
        "crop,character,outfit,scope\n1-0-fullbody,hana,,crop\n1-1-head,ren,,crop\n1-0-head,,,cluster\n1-0-head,ren,red,crop\n",
        "5: 1-0-head is ren in red, and on line 2 the same person is hana: take one of them out",
    ),
}


@pytest.mark.parametrize("kind", TWICE)  # aliases are refused: see WRONG
def test_lines_that_contradict_each_other_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    content, said = TWICE[kind]
    path = table(tmp_path, kind, content)
    READERS[kind](path)
    assert capsys.readouterr().err == f"warning: {path}:{said}\n"


def test_tags_that_no_tagger_knows_are_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        Correction(2, "a", None, "twin_tails", "remove"),
        Correction(3, "a", None, "smile", "add"),
        Correction(4, "a", 0, "her_own_mark", "add"),
        Correction(5, "b", None, "her_own_mark", "add"),
        Correction(6, "b", 0, "her_own_mark", "add"),
        Correction(7, "c", 0, "her_own_mark", "remove"),
    ]
    assert tell_unknown(lines, {"twintails", "smile", "sky"}, "tags.csv") == lines
    assert capsys.readouterr().err.splitlines() == [
        "warning: tags.csv:2: no tagger here knows twin_tails (is twintails meant?); there is none to remove",
        "warning: tags.csv:4: no tagger here knows her_own_mark; it is added as it is, as by 2 more lines",
        "warning: tags.csv:7: no tagger here knows her_own_mark; there is none to remove",
    ]


WRONG = [
    ("frames", "9,keep,,,", "frame must be a number from 0 to 8, got '9'"),
    ("frames", "x,keep,,,", "frame must be a number from 0 to 8, got 'x'"),
    ("frames", "1,delete,,,", "decision must be keep or drop, got 'delete'"),
    ("frames", "1" * 5000 + ",keep,,,", f"frame must be a number from 0 to 8, got '{'1' * 5000}'"),
    ("tags", f"a,{'1' * 5000},sky,add,,,", f"box must be a person's number, * or empty, got '{'1' * 5000}'"),
    (
        "tags",
        'a,,"red bow, white bow",add,,,',
        "'red bow, white bow' holds a comma, which separates tags; write a line for each",
    ),
    ("tags", ",,sky,add,,,", "names no still or crop"),
    ("tags", "a,,,add,,,", "names no tag"),
    ("tags", "a,,sky,drop,,,", "decision must be add or remove, got 'drop'"),
    ("tags", "a,x,sky,add,,,", "box must be a person's number, * or empty, got 'x'"),
    ("tag_rules", ",add,,,,,,,", "names no tag"),
    ("tag_rules", "sky,drop,,,,,,,", "decision must be add, remove or replace, got 'drop'"),
    ("tag_rules", "sky,replace,,,,,,,", "with names the tag that replaces another, with decision replace alone"),
    ("tag_rules", "sky,add,sea,,,,,,", "with names the tag that replaces another, with decision replace alone"),
    ("tag_rules", "sky,replace,Sky,,,,,,", "replaces sky by itself; take the line out"),
    ("tag_rules", "sky,add,,,,3,,,", "shot must be the number of a frame in it, of the episode named beside it"),
    ("tag_rules", "sky,add,,,e,x,,,", "shot must be the number of a frame in it, of the episode named beside it"),
    (
        "tag_rules",
        "sky,add,,,e,3,hana,,",
        "a rule about a character can be narrowed to an episode, not to a shot",
    ),
    ("tag_rules", 'sky,add,,"a, b",,,,,', "'a, b' holds a comma, which separates tags; write ' & '"),
    ("sentences", ",A girl.,,", "names no still or crop"),
    ("tiers", ",best,,,", "names no still or crop"),
    ("tiers", "a,Best,,,", "tier must be best, good, poor, reject, got 'Best'"),
    ("tiers", "a,,,,", "tier must be best, good, poor, reject, got ''"),
    ("characters", ",hana,,,,,", "names no crop"),
    ("characters", "a,hana,,shot,,,", "scope must be cluster, crop, together or apart, got 'shot'"),
    ("characters", 'a,"hana, ren",,,,,', "'hana, ren' holds a comma, which separates tags in captions; leave it out"),
    (
        "characters",
        "s/e/000003-0-head,ren,,cluster,,,",
        "s/e/000003-0-head was named on line 3 already; keep one of them",
    ),
    ("issues", "hat,hat,too few,open,,,", "about must be tag or character, got 'hat'"),
    ("issues", "tag,hat,too few,done,,,", "state must be open, fixed, kept, got 'done'"),
    ("issues", "tag,,too few,open,,,", "names no tag"),
    ("issues", "tag,hat,,open,,,", "names no issue"),
    ("aliases", ",hana,,", "names nobody; a line wants a character and a name"),
    ("aliases", "ren,,,", "names nobody; a line wants a character and a name"),
    ("aliases", "ren,a/b,,", "'a/b' has / in it, and folders are called after names; take it out"),
    ("aliases", "ren,ren,,", "'ren' is its own alias; take the line out"),
    ("aliases", "花子,ren,,", "'花子' is 'hana' by line 3 already; keep one of them"),
    ("aliases", "ren,花子,,", "'ren' is '花子', and line 3 says '花子' is 'hana'; write who is meant into both"),
]


@pytest.mark.parametrize(("kind", "line", "message"), WRONG)
def test_a_wrong_value_is_refused_by_line(tmp_path: Path, kind: str, line: str, message: str) -> None:
    header, right = FULL[kind]
    path = table(tmp_path, kind, f"# mine\n{header}\n{right}\n{line}\n")
    with pytest.raises(GengaError) as caught:
        READERS[kind](path)
    assert str(caught.value) == f"{path}:4: {message}"


@pytest.mark.parametrize(
    ("kind", "line", "as_in"),
    [
        ("frames", "3,drop,2-4", "100 96-104"),
        ("tags", "a,0,sky,add,1-0 1 2 3", "152-0 120 40 300 700"),
        ("characters", "a,hana,,,120 40 300 700", "152-0 120 40 300 700"),
        ("tiers", "a,best,152-0", "152-0 120 40 300 700"),
    ],
)
def test_where_it_was_is_what_genga_writes(tmp_path: Path, kind: str, line: str, as_in: str) -> None:
    path = table(tmp_path, kind, f"{FULL[kind][0]}\n{line}\n")
    with pytest.raises(GengaError) as caught:
        READERS[kind](path)
    at = line.rpartition(",")[2]
    assert str(caught.value) == f"{path}:2: at must be what genga writes, as {as_in}, or empty; got {at!r}"


# Lines to copy


@pytest.mark.parametrize(
    ("kind", "values", "line"),
    [
        ("frames", {"frame": "4", "decision": "drop"}, "4,drop,,,"),
        ("characters", {"crop": "s/e/1-0-head", "scope": "cluster"}, "s/e/1-0-head,,,cluster,,,"),
        ("characters", {"crop": "s, t/e/1-0-head"}, '"s, t/e/1-0-head",,,,,,'),
        ("characters", {"crop": "#1/e/1-0-head"}, '"#1/e/1-0-head",,,,,,'),
        ("characters", {"crop": '#"1", 2/e/1-0-head'}, '"#""1"", 2/e/1-0-head",,,,,,'),
        ("tags", {"tag": "sky", "why": 'a "sky"\nat night'}, ',,sky,,,,"a ""sky""\nat night"'),
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
    "frames": ({"frame": "4", "decision": "drop", "why": "a, b"}, '4,drop,,,"a, b"'),
    "tags": ({"still_or_crop": "s/e/000004", "tag": "sky", "decision": "remove"}, "s/e/000004,,sky,remove,,,"),
    "sentences": ({"still_or_crop": "s/e/000003", "sentence": "A girl, asleep."}, 's/e/000003,"A girl, asleep.",,'),
    "tag_rules": ({"tag": "sky", "decision": "add", "where": "sea"}, "sky,add,,sea,,,,,"),
    "tiers": ({"still_or_crop": "s/e/000004", "tier": "reject"}, "s/e/000004,reject,,,"),
    "characters": ({"crop": "#s/e/000004-0-head", "character": "ren"}, '"#s/e/000004-0-head",ren,,,,,'),
    "aliases": ({"character": "Len", "name": "ren"}, "Len,ren,,"),
    "issues": ({"about": "tag", "name": "sky", "issue": "grey", "state": "open"}, "tag,sky,grey,open,,,"),
}
TOLD = ',"one\ntwo"'


def kept(folder: Path, kind: str, name: str) -> tuple[Path, bytes]:
    header, line = FULL[kind]
    pattern, mark = AS[name]
    last = OTHER[kind][1].rpartition(",")[0] + TOLD if kind != "frames" else f"5,keep,,{TOLD}"
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
