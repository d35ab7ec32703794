"""Which tags are named at all: blocklist, other names, what is implied, and what another says already."""

import pytest
from test_sharing import tags
from test_tag import PARAMS

from genga.errors import GengaError
from genga.params.tag import Implied
from genga.people.pruning import overlapping, prune, read_implied


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """A project with tables as boorus export them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "vocabulary/implies.csv").write_text(
        "antecedent,consequent\nserafuku,school_uniform\nschool_uniform,uniform\nhair_bow,bow\n", encoding="utf-8"
    )
    (tmp_path / "vocabulary/names.csv").write_text(
        "id,antecedent_name,consequent_name,status\n1,sailor_suit,sailor,active\n2,sailor,serafuku,active\n"
        "3,bow,arc,deleted\n",
        encoding="utf-8",
    )


GIVEN = tags(
    ("a", None, "sailor_suit", 0.9, True), ("a", None, "uniform", 0.2, False), ("a", None, "hair_bow", 0.6, True),
    ("a", None, "sky", 0.5, True), ("a", 0, "serafuku", 0.8, True),
)  # fmt: skip


def pruned(mode="add", aliases="names.csv", implications="implies.csv", given=GIVEN, **values):
    implied = Implied(implications=implications, aliases=aliases, mode=mode)
    params = PARAMS.model_copy(update={"implied": implied, **values})
    table = prune(given, params, read_implied(params))
    assert table.schema == given.schema
    return table.select("box", "tag", "score", "origin", "kept", "reason").rows()


def test_other_names_become_the_usual_one_and_what_is_implied_is_added(tables):
    assert pruned() == [
        (None, "school_uniform", 0.9, "table", True, ""),
        (None, "serafuku", 0.9, "table", True, ""),
        (None, "uniform", 0.9, "table", True, ""),
        (None, "bow", 0.6, "table", True, ""),
        (None, "hair_bow", 0.6, "model", True, ""),
        (None, "sky", 0.5, "model", True, ""),
        (None, "sailor_suit", 0.9, "model", False, "alias"),
        (0, "school_uniform", 0.8, "table", True, ""),
        (0, "serafuku", 0.8, "model", True, ""),
        (0, "uniform", 0.8, "table", True, ""),
    ]


def test_what_is_implied_can_be_left_out(tables):
    given = tags(
        ("a", None, "serafuku", 0.9, True), ("a", None, "uniform", 0.8, True), ("a", None, "bow", 0.5, True),
        ("a", 0, "uniform", 0.8, True),
    )  # fmt: skip
    assert [one for one in pruned("prune", given=given) if not one[4]] == [
        (None, "uniform", 0.8, "model", False, "implied")
    ]


def test_the_blocklist_and_overlaps(tables):
    given = tags(
        ("a", None, "bow", 0.9, True), ("a", None, "hair_bow", 0.8, True), ("a", None, "sky", 0.5, True),
        ("a", 0, "bow", 0.9, True),
    )  # fmt: skip
    found = pruned(aliases=None, implications=None, given=given, blocklist=["Sky"], overlap=True)
    assert [(box, tag, why) for box, tag, _, _, _, why in found] == [
        (None, "hair_bow", ""), (None, "bow", "overlap"), (None, "sky", "blocklist"), (0, "bow", ""),
    ]  # fmt: skip
    assert (
        pruned(aliases=None, implications=None, given=given)
        == given.select("box", "tag", "score", "origin", "kept", "reason").rows()
    )


def test_a_tag_overlaps_with_one_that_ends_in_its_words():
    assert overlapping(["bow", "hair_bow", "dress", "dress_shirt", "shirt", "o_o", "o"]) == {"bow", "shirt"}
    assert overlapping(["black_hair_bow", "hair_bow", "air_bow"]) == {"hair_bow"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read as CSV"),
        (b"a,b\n", "needs the columns antecedent and consequent; has a, b"),
        (b"antecedent,consequent\n\xff,b\n", "cannot be read as CSV"),
        (b"", "cannot be read as CSV"),
    ],
)
def test_a_table_that_is_none_is_named(tables, tmp_path, content, why):
    if content is not None:
        (tmp_path / "vocabulary/x.csv").write_bytes(content)
    with pytest.raises(GengaError, match=f"^vocabulary/x.csv: {why}"):
        pruned(aliases="x.csv")


def test_circles_of_implications_and_names_end(tables, tmp_path):
    (tmp_path / "vocabulary/round.csv").write_text("antecedent,consequent\na,b\nb,a\n", encoding="utf-8")
    given = tags(("x", None, "a", 0.9, True))
    kept = [one[1] for one in pruned(aliases=None, implications="round.csv", given=given) if one[4]]
    assert kept == ["a", "b"]
    assert [one[1] for one in pruned(aliases="round.csv", implications=None, given=given) if one[4]] != []
