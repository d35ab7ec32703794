"""genga.params: params.yaml is what it says, and a wrong key or value is refused by name."""

import json
import math
import re
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field

from genga.errors import GengaError
from genga.params.check import check_params, section_class
from genga.params.notation import plain
from genga.params.section import Section, parse_section, read_params, section_of_file, section_of_run
from genga.stages import SECTION_STAGES, STAGES


class Params(Section):
    threshold: int = Field(ge=0, le=255)
    share: float = Field(gt=0, le=1)
    keep: Literal["first", "all"]


GOOD: dict[str, Any] = {"threshold": 12, "share": 0.5, "keep": "first"}


def test_a_good_section() -> None:
    assert parse_section("dedup", Params, GOOD) == Params(threshold=12, share=0.5, keep="first")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": -3}, "params.yaml:dedup.threshold must be 0..255, got -3"),
        ({"threshold": 256}, "params.yaml:dedup.threshold must be 0..255, got 256"),
        ({"threshold": "12"}, "params.yaml:dedup.threshold: input should be a valid integer, got '12'"),
        ({"share": 0}, "params.yaml:dedup.share must be above 0..1, got 0"),
        ({"keep": "last"}, "params.yaml:dedup.keep: input should be 'first' or 'all', got 'last'"),
        ({"treshold": 1}, "params.yaml:dedup.treshold is not a known key (known: threshold, share, keep)"),
    ],
)
def test_a_wrong_value_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(GengaError) as refused:
        parse_section("dedup", Params, {**GOOD, **change})
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"noise_offset": 0.1, "multires_iterations": 6}, "noise_offset and multires_iterations do not go together"),
        ({"multires_iterations": 1}, "multires_iterations adds nothing coarser with 1 layer"),
        ({"multires_iterations": 6, "multires_discount": 0.0}, "multires_iterations adds nothing coarser with 1 layer"),
    ],
)
def test_keys_that_cancel_each_other_are_named_in_one_line(root: Path, changes: dict[str, Any], message: str) -> None:
    section = section_class("train")
    values = section_of_file(root / "params.yaml", "train")
    with pytest.raises(GengaError) as refused:
        parse_section("train", section, values | changes)
    assert str(refused.value).startswith(f"params.yaml:train: {message}") and "\n" not in str(refused.value)
    assert parse_section("train", section, values | {"noise_offset": 0.1}).model_dump()["noise_offset"] == 0.1
    assert parse_section("train", section, values | {"multires_iterations": 2}).model_dump()["multires_iterations"] == 2


def test_a_missing_key_and_a_section_that_is_no_mapping() -> None:
    with pytest.raises(GengaError, match=r"params\.yaml:dedup\.keep is missing"):
        parse_section("dedup", Params, {"threshold": 1, "share": 1.0})
    with pytest.raises(GengaError, match=r"params\.yaml:dedup must be a mapping of keys, got 3"):
        parse_section("dedup", Params, 3)


def test_the_projects_own_file_is_valid(root: Path) -> None:
    check_params(read_params(root / "params.yaml"))


def test_unknown_and_missing_sections(root: Path) -> None:
    values = read_params(root / "params.yaml")
    with pytest.raises(GengaError, match=r"params\.yaml:tags is not a known section"):
        check_params({**values, "tags": {}})
    with pytest.raises(GengaError, match=r"params\.yaml:crop is missing"):
        check_params({name: value for name, value in values.items() if name != "crop"})


def test_a_run_changes_its_own_section_only() -> None:
    values = {"train": {"steps": 100, "rank": 4}, "runs": {"hana": {"train": {"steps": 5}}, "ren": {}}}
    assert section_of_run(values, "hana", "train") == {"steps": 5, "rank": 4}
    assert section_of_run(values, "ren", "train") == {"steps": 100, "rank": 4}
    with pytest.raises(GengaError, match=r"params\.yaml:runs\.mio is missing"):
        section_of_run(values, "mio", "train")


def test_a_runs_wrong_change_is_named(root: Path) -> None:
    values = read_params(root / "params.yaml")
    wrong = {"hana": {"series": "sample", "character": None, "train": {"no_such_key": 1}}}
    with pytest.raises(GengaError, match=r"params\.yaml:runs\.hana\.train\.no_such_key is not a known key"):
        check_params({**values, "runs": wrong})


def test_unreadable_files(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    with pytest.raises(GengaError, match=r"params\.yaml: cannot be read"):
        read_params(path)
    path.write_text("tag: [1, 2\n")
    with pytest.raises(GengaError, match=r"params\.yaml: is not valid YAML"):
        read_params(path)
    path.write_text("- tag\n")
    with pytest.raises(GengaError, match="must be a mapping of sections, got list"):
        section_of_file(path, "tag")


@pytest.mark.parametrize("section", ["models", *STAGES, "runs"])
def test_every_section_has_a_class_of_frozen_known_keys(section: str) -> None:
    assert issubclass(section_class(section), Section)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "params.yaml"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", "off"), ("on", "on"), ("yes", "yes"), ("NO", "NO"), ("'off'", "off"), ("true", True), ("FALSE", False),
        ("5e-05", 0.00005), ("1e3", 1000.0), ("1E+3", 1000.0), (".5", 0.5), ("5.", 5.0), ("-1.5e2", -150.0),
        ("-.inf", -math.inf), ("1_000", 1000), ("010", 10), ("0o10", 8), ("0x1F", 31), ("-0b11", -3), ("+7", 7),
        ("1:30", "1:30"), ("2024-01-01", "2024-01-01"), ("12e", "12e"), ("~", None), ("null", None), ("", None),
        ("'16'", "16"), ("e5", "e5"), ("=", "="), ("<<", "<<"), ("!!str 16", "16"), ("!!float 16", 16.0),
    ],
)  # fmt: skip
def test_values_are_read_as_yaml_1_2_has_them(tmp_path: Path, text: str, value: object) -> None:
    found = read_params(written(tmp_path, f"key: {text}\n"))["key"]
    assert found == value and isinstance(found, type(value))
    assert text.startswith(("'", "!")) or plain(text) == value


@pytest.mark.parametrize("key", ["86", "1e3", "on", "null", "~", "true", "2024-01-01", "0x1F", "é", "{x}", "a b"])
def test_keys_are_text(tmp_path: Path, key: str) -> None:
    assert read_params(written(tmp_path, f"'{key}': 1\n")) == {key: 1}


@pytest.mark.parametrize("key", ["86", "1e3", "null", "~", "true", "0x1F", ".5"])
def test_a_key_that_is_no_text_to_dvc_is_asked_for_in_quotes(tmp_path: Path, key: str) -> None:
    path = written(tmp_path, f"runs:\n  hana: 1\n  {key}: 1\n")
    with pytest.raises(GengaError) as refused:
        read_params(path)
    said = "is no name as it is written, but a number, true, false or nothing; put it in quotes"
    assert str(refused.value) == f"{path}:3: runs.{key} {said}"


def test_what_a_merge_brings_is_no_second_key(tmp_path: Path) -> None:
    text = "base: &base {series: s, train: {seed: 1}}\nhana: {<<: *base, series: t}\n"
    assert read_params(written(tmp_path, text))["hana"] == {"series": "t", "train": {"seed": 1}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 1\n", "3: a is on line 1 already; keep one of them"),
        ("runs:\n  hana: {x: 1}\n\n  hana: {x: 2}\n", "4: runs.hana is on line 2 already; keep one of them"),
        ("t:\n  u:\n    v: 1\n    w: 2\n    'v': 1\n", "5: t.u.v is on line 3 already; keep one of them"),
        ("a: {b: 1, b: 1}\n", "1: a.b is on line 1 already; keep one of them"),
        ("a:\n- {b: 1}\n- c: 1\n  c: 2\n", "4: a.c is on line 3 already; keep one of them"),
        ("runs:\n  'a': 1\n  \"a\": 2\n", "3: runs.a is on line 2 already; keep one of them"),
        ("\u00e9: 1\ne\u0301: 2\n", "2: \u00e9 is on line 1 already; keep one of them"),
    ],
)  # fmt: skip
def test_a_key_given_twice_is_an_error_that_names_both_lines(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(GengaError) as refused:
        read_params(path)
    assert str(refused.value) == f"{path}:{message}"


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]", "a: &a {b: *a}", "? [1, 2]\n: 3", "a: !!python/object:os.system x", "a: !own x", "a: !!int x",
        "a: \0", "a: *b", "a: [1", "- a\nb: c", "\tb: c", "[" * 3000, "a: 1\n---\nb: 2\n", "a: !!set {b}",
    ],
)  # fmt: skip
def test_what_is_no_mapping_of_values_is_one_line(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(GengaError) as refused:
        read_params(path)
    assert str(refused.value).startswith(f"{path}: is not valid YAML: ") and "\n" not in str(refused.value)


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    for content in ("a: \u00e9".encode("latin-1"), "a: 1".encode("utf-16")):
        path.write_bytes(content)
        with pytest.raises(GengaError, match=r"params\.yaml: is not UTF-8 \(.*\); save the file as UTF-8"):
            read_params(path)
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n")  # which DVC would take for part of the key
    with pytest.raises(GengaError, match="begins with a byte order mark; save the file as UTF-8 without one"):
        read_params(path)


class Kinds(Section):
    name: str
    either: str | None
    whole: int
    part: float
    perhaps: float | None
    mode: Literal["off", "3"]
    seeds: list[int]
    words: list[str]
    flag: bool


KINDS = "name: a\neither: b\nwhole: 1\npart: 1.0\nperhaps: 1.0\nmode: off\nseeds: [1]\nwords: [a]\nflag: true\n"


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("name", "86", "86"), ("name", "1.5", "1.5"), ("name", "'007'", "007"), ("either", "86", "86"),
        ("either", "null", None), ("whole", "1e3", 1000),
        ("whole", "2.0", 2), ("part", "2", 2.0), ("part", "5e-05", 0.00005), ("perhaps", "2", 2.0),
        ("perhaps", "~", None), ("mode", "3", "3"), ("mode", "off", "off"), ("seeds", "[1.0, 2e0]", [1, 2]),
        ("words", "[1, -2]", ["1", "-2"]),
    ],
)  # fmt: skip
def test_a_value_is_what_its_field_wants(tmp_path: Path, key: str, text: str, value: object) -> None:
    found = parse_section("x", Kinds, read_params(written(tmp_path, put(key, text)))).model_dump(mode="json")[key]
    assert found == value and isinstance(found, type(value))


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("whole", "1.5", "input should be a valid integer, got 1.5"),
        ("whole", "'1'", "input should be a valid integer, got '1'"),
        ("whole", "true", "input should be a valid integer, got True"),
        ("part", "'5e-05'", "input should be a valid number, got '5e-05'"),
        ("part", ".inf", "input should be a finite number, got inf"),
        ("part", ".nan", "input should be a finite number, got nan"),
        ("part", "1e999", "input should be a finite number, got inf"),
        ("mode", "false", "input should be 'off' or '3', got False"),
    ],
)  # fmt: skip
def test_a_value_that_no_field_wants_is_refused(tmp_path: Path, key: str, text: str, message: str) -> None:
    with pytest.raises(GengaError) as refused:
        parse_section("x", Kinds, read_params(written(tmp_path, put(key, text))))
    assert str(refused.value) == f"params.yaml:x.{key}: {message}"


def test_truth_and_text_are_asked_for_in_plain_words(tmp_path: Path) -> None:
    for key, text, message in (
        ("flag", "yes", 'x.flag must be true or false, got "yes"'),
        ("flag", "1", "x.flag must be true or false, got 1"),
        ("name", "null", "x.name must be text, in quotes if it looks like something else, got null"),
        ("name", "007", "x.name must be text, in quotes if it looks like something else, got 7"),
        ("name", "1e3", "x.name must be text, in quotes if it looks like something else, got 1000.0"),
        ("name", "true", "x.name must be text, in quotes if it looks like something else, got true"),
    ):
        with pytest.raises(GengaError) as refused:
            parse_section("x", Kinds, read_params(written(tmp_path, put(key, text))))
        assert str(refused.value) == f"params.yaml:{message}"


def put(key: str, text: str) -> str:
    return re.sub(f"^{key}: .*$", f"{key}: {text}", KINDS, flags=re.MULTILINE)


def test_the_whole_file_in_one_form(root: Path) -> None:
    values = read_params(root / "params.yaml")
    own = {"character": "", "series": 86, "train": {"alpha": 8, "max_steps": 1e2}, "sample": {"seeds": [1.0]}}
    found = check_params(dict(reversed({**values, "runs": {"86": own}}.items())))
    assert list(found) == ["models", *SECTION_STAGES, "series", "runs", "merges"]
    assert json.dumps(found["train"]).count('"alpha": 16.0') == 1 and list(found["train"])[:2] == ["seed", "threads"]
    assert json.dumps(found["runs"]["86"]["train"]) == '{"max_steps": 100, "alpha": 8.0}'
    assert found["runs"]["86"]["sample"] == {"seeds": [1]} and found["runs"]["86"]["evaluate"] == {}
    assert check_params(found) == found  # in this form already
    assert all(list(found[stage]) == list(values[stage]) for stage in SECTION_STAGES)  # as the file has them


@pytest.mark.parametrize(
    "name", ["a.b", "a[0]", "*", "a@b", "$HOME", "it's", "a\\b", "..", "{x}", "a/b", "", "x" * 19 + "y" * 300]
)
def test_a_run_that_cannot_be_called_so(root: Path, name: str) -> None:
    with pytest.raises(
        GengaError, match=r"^params\.yaml:runs: a run cannot be called .*: it .*; (take|shorten|rename)"
    ):
        check_params({**read_params(root / "params.yaml"), "runs": {name: {"series": "s", "character": None}}})


@pytest.mark.parametrize("runs", [["hana"], "hana", 3])
def test_runs_that_are_no_mapping(root: Path, runs: object) -> None:
    with pytest.raises(GengaError, match=r"^params\.yaml:runs must be a mapping of runs, got"):
        check_params({**read_params(root / "params.yaml"), "runs": runs})
