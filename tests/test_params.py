"""genga.params: params.yaml is what it says, and a wrong key or value is refused by name."""

from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field

from genga.errors import GengaError
from genga.params.check import check_params, section_class
from genga.params.section import Section, parse_section, read_params, section_of_file, section_of_run
from genga.stages import STAGES


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
