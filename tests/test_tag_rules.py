"""Rules of people about tags: what they change, in which order, what is told, and who wins."""

from pathlib import Path

import polars as pl
import pytest
from test_sharing import NOTHING, tags
from test_tag import PARAMS

from genga.audit.decisions import decisions, target_of
from genga.audit.decisions import said as audited
from genga.cli.summary import rule_lines
from genga.dataset.candidates import CANDIDATES
from genga.dataset.ruled import ruled, said_of
from genga.decisions.tag_rules import Rule, Ruling, of_characters, of_episode, ruling_of
from genga.decisions.tags import Correction
from genga.errors import GengaError
from genga.people.deciding import Said, decide, rule
from genga.people.sharing import OF_STILLS
from genga.store.parquet import write_table
from genga.tables.schema import only
from genga.tables.tag import TAG

STILLS = pl.DataFrame([("s/e/1", 1, 4, *NOTHING), ("s/e/2", 2, 5, *NOTHING)], schema=OF_STILLS, orient="row")
SHOTS = [4, 4, 5, 5]  # of frames 0 to 3
GIVEN = tags(
    ("s/e/1", None, "hat", 0.9, True), ("s/e/1", None, "sky", 0.8, True), ("s/e/1", None, "sea", 0.2, False),
    ("s/e/1", 0, "hat", 0.9, True),
    ("s/e/2", None, "hat", 0.9, True), ("s/e/2", None, "no_humans", 0.8, True),
)  # fmt: skip


def changed(*rules, given=GIVEN):
    """What of each picture another decision stands for since, by the rules: (still, box, tag, score, kept, reason)."""
    table = rule(given, STILLS, SHOTS, Ruling(rules))
    assert table.schema == given.schema
    return table.filter(origin="rule").select("still", "box", "tag", "score", "kept", "reason").rows()


def test_a_tag_is_removed_added_or_replaced_wherever_another_holds():
    assert changed(Rule(2, "hat", "remove", where=("sky",))) == [("s/e/1", None, "hat", 0.9, False, "rule")]
    assert changed(Rule(2, "sea", "add", where=("hat", "sky"))) == [("s/e/1", None, "sea", 1.0, True, "")]
    assert changed(Rule(2, "hat", "replace", "red_hat", shot=0, episode="e")) == [
        ("s/e/1", None, "red_hat", 1.0, True, ""), ("s/e/1", None, "hat", 0.9, False, "rule"),
        ("s/e/1", 0, "red_hat", 1.0, True, ""), ("s/e/1", 0, "hat", 0.9, False, "rule"),
    ]  # fmt: skip


def test_no_rule_puts_a_hat_where_nobody_is():
    assert changed(Rule(2, "scarf", "add")) == [
        ("s/e/1", None, "scarf", 1.0, True, ""), ("s/e/1", 0, "scarf", 1.0, True, ""),
    ]  # fmt: skip
    assert ("s/e/2", None, "night", 1.0, True, "") in changed(Rule(2, "night", "add"))


def test_a_rule_is_about_its_episode_and_shot():
    rules = [
        Rule(2, "a", "add"), Rule(3, "b", "add", episode="e"), Rule(4, "c", "add", episode="f"),
        Rule(5, "d", "add", character="hana"), Rule(6, "f", "add", episode="caf\u00e9"),
    ]  # fmt: skip
    assert [one.line for one in of_episode(rules, "e")] == [2, 3]
    assert [one.line for one in of_episode(rules, "cafe\u0301")] == [2, 6]
    assert [one.line for one in of_characters(rules)] == [5]
    assert [one[0] for one in changed(Rule(2, "sea", "add", episode="e", shot=3))] == ["s/e/2"]


def test_a_shot_of_a_frame_that_is_not_there_is_an_error():
    with pytest.raises(GengaError, match=r"^tag_rules.csv:2: e has no frame 4, the last is 3$"):
        changed(Rule(2, "sea", "add", episode="e", shot=4))


def test_rules_see_what_models_said_and_nothing_of_each_other():
    assert [
        one[2] for one in changed(Rule(2, "sea", "add", where=("sky",)), Rule(3, "boat", "add", where=("sea",)))
    ] == ["sea"]


def test_the_narrower_rule_holds_and_of_two_alike_the_later_one_which_is_told(capsys):
    shot, series = Rule(2, "hat", "add", episode="e", shot=1), Rule(3, "hat", "remove")
    assert [one[0] for one in changed(shot, series)] == ["s/e/2"]
    ruling = Ruling([Rule(2, "sea", "add", where=("sky",)), Rule(3, "sea", "remove", where=("hat",))], "rules.csv")
    given = tags(
        ("s/e/1", None, "hat", 0.9, True), ("s/e/1", None, "sky", 0.8, True), ("s/e/1", None, "sea", 0.9, True)
    )
    table = rule(given, STILLS, SHOTS, ruling)
    assert table.filter("kept")["tag"].to_list() == ["hat", "sky"]
    ruling.tell()
    assert capsys.readouterr().err.splitlines() == [
        "rules.csv:2: add sea where sky: without effect",
        "rules.csv:3: remove sea where hat: 1 picture",
        "warning: rules.csv:3: remove sea where hat contradicts line 2, add sea where sky, on s/e/1; "
        "the later one holds: take one of them out",
    ]


def test_a_rule_with_a_tag_that_no_tagger_knows_is_told(capsys):
    ruling = Ruling([Rule(2, "scarf", "add", where=("twin_tails",))], "rules.csv")
    ruling.tell_unknown({"twintails", "scarf"})
    assert capsys.readouterr().err == (
        "warning: rules.csv:2: add scarf where twin_tails: no tagger here knows twin_tails (is twintails meant?)\n"
    )


def test_a_line_about_a_picture_holds_against_all_rules(capsys):
    lines = [Correction(2, "s/e/1", None, "hat", "add")]
    detections = pl.DataFrame(schema={"still": pl.String, "box": pl.Int64, "kind": pl.String})
    said = Said(Ruling([Rule(2, "hat", "remove")]), SHOTS, lines)
    table = decide(GIVEN, STILLS, detections, PARAMS, said, ["hat", "sky", "sea"])
    hats = table.filter(tag="hat").select("still", "box", "kept", "origin").rows()
    assert hats == [("s/e/1", None, True, "person"), ("s/e/1", 0, False, "rule"), ("s/e/2", None, False, "rule")]
    assert "tag_rules.csv:2: remove hat: 3 pictures" in capsys.readouterr().err


def test_the_summary_lists_rules_that_changed_nothing_in_any_episode(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "corrections/s/tag_rules.csv"
    path.parent.mkdir(parents=True)
    path.write_text(
        "tag,decision,where,episode,shot,character\nhat,remove,sky,,,\nhat,remove,sea,,,\nhat,remove,,e,3,\n"
        "hat,remove,,f,,\nhat,remove,,,,hana\nsky,add,,,,\n",
        encoding="utf-8",
    )
    assert rule_lines(Path("data"), "other") == []
    write_table("data/stills/s/e.parquet", STILLS.select("still", "shot"), {"still": pl.String, "shot": pl.Int64})
    frames = pl.DataFrame({"frame": range(4), "shot": SHOTS})
    write_table("data/dedup/s/e.parquet", frames, {"frame": pl.Int64, "shot": pl.Int64})
    write_table("data/tag/s/e.parquet", rule(GIVEN, STILLS, SHOTS, ruling_of([path], "e")), TAG)
    assert rule_lines(Path("data"), "s") == [
        "      2            rules without effect",
        "    corrections/s/tag_rules.csv:3: remove hat where sea",
        "    corrections/s/tag_rules.csv:5: remove hat in f",
    ]


def test_the_table_of_rules_is_found_among_the_files(tmp_path):
    path = tmp_path / "tag_rules.csv"
    path.write_text("tag,decision,character,episode\nhat,add,,\nhat,add,hana,\nhat,add,,f\n", encoding="utf-8")
    files = [tmp_path / "tags.csv", path]
    assert [one.line for one in ruling_of(files, "e").rules] == [2] and ruling_of(files, "e").file == str(path)
    assert [one.line for one in ruling_of(files).rules] == [3]
    assert ruling_of([], "e").rules == []


# Characters


def images(*rows):
    """(image, kind, shot, names, tags)."""
    return pl.DataFrame(rows, schema=only(CANDIDATES, "image", "kind", "shot", "names", "tags"), orient="row")


IMAGES = images(
    ("s/e/1-0-head", "head", "s/e/4", ["hana", "coat"], ["solo", "glasses"]),
    ("s/e/1-0-fullbody", "fullbody", "s/e/4", ["hana", "coat"], ["solo", "glasses"]),
    ("s/e/1-1-head", "head", "s/e/4", ["ren"], ["glasses"]),
    ("s/e/1", "still", "s/e/4", ["hana", "ren"], ["glasses"]),
    ("s/e/2", "still", "s/e/5", ["hana"], ["solo", "glasses"]),
    ("s/e/3", "scenery", "s/e/6", [], ["glasses"]),
)  # fmt: skip


def of_hana(*rules, said=None):
    ruling = Ruling([one._replace(character="hana") for one in rules])
    return dict(ruled(IMAGES, said or {}, ruling).select("image", "tags").rows()), ruling


def test_a_rule_about_a_character_is_about_its_crops_and_stills_with_nobody_else():
    found, _ = of_hana(Rule(2, "glasses", "remove"))
    assert {image: "glasses" not in held for image, held in found.items()} == {
        "s/e/1-0-head": True, "s/e/1-0-fullbody": True, "s/e/1-1-head": False, "s/e/1": False, "s/e/2": True,
        "s/e/3": False,
    }  # fmt: skip


def test_it_adds_no_boots_to_a_head_and_is_narrowed_by_episode():
    found, ruling = of_hana(Rule(2, "boots", "add", episode="e"))
    assert {image for image, held in found.items() if "boots" in held} == {"s/e/1-0-fullbody", "s/e/2"}
    assert found["s/e/1-0-fullbody"] == ["solo", "glasses", "boots"] and sum(ruling.hits.values()) == 2
    assert of_hana(Rule(2, "boots", "add", episode="f"))[0] == dict(IMAGES.select("image", "tags").rows())


def test_what_a_line_says_of_the_picture_stays():
    found, _ = of_hana(Rule(2, "glasses", "remove"), said={"s/e/2": frozenset(["glasses"])})
    assert found["s/e/2"] == ["solo", "glasses"] and found["s/e/1-0-head"] == ["solo"]


def test_which_tags_single_lines_decided():
    rows = pl.DataFrame(
        [("s/e/1", None, "hat", "person"), ("s/e/1", 0, "sky", "person"), ("s/e/2", None, "sea", "rule")],
        schema={"still": pl.String, "box": pl.Int64, "tag": pl.String, "origin": pl.String}, orient="row",
    )  # fmt: skip
    crops = pl.DataFrame(
        [("s/e/1-0-head", ["sky"]), ("s/e/2-0-head", [])], schema={"crop": pl.String, "decided": pl.List(pl.String)},
        orient="row",
    )  # fmt: skip
    assert said_of(rows, crops) == {"s/e/1": {"hat"}, "s/e/1-0-head": {"sky"}}


def test_audits_tell_a_rule_as_a_sentence(tmp_path):
    content = b"tag,decision,with,where,episode,shot,character,why\nhat,replace,cap,sky,e,3,,hers\nhat,add,,,,,hana,\n"
    found = decisions("corrections/s/tag_rules.csv", content)
    assert list(map(audited, found)) == ["replace hat with cap where sky of e 3 (hers)", "add hat of hana"]
    assert list(map(target_of, found)) == ["", ""]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (
            Rule(2, "hat", "replace", "cap", ("sky", "sea"), "e", 3),
            "replace hat with cap where sky & sea in the shot of frame 3 of e",
        ),
        (Rule(2, "hat", "add", character="hana"), "add hat of hana"),
    ],
)
def test_a_rule_is_said_as_a_sentence(rule, text):
    assert str(rule) == text
