"""Tags of stills by stub taggers: what the mean says, what the boxes say, what a person says."""

import numpy as np
import polars as pl
import pytest

from genga.decisions.tags import Correction, read_corrections
from genga.errors import GengaError
from genga.params.tag import Framing, Implied, Params, Share
from genga.people.deciding import correct
from genga.people.ensemble import Ensemble, on_one_scale
from genga.people.tag import tag, views
from genga.people.tag_rules import REASONS, mcut
from genga.tables.detect import BOXES
from genga.tables.tag import TAG

PARAMS = Params(
    ensemble="mean", threshold=0.35, votes=0, floor=0.1, calibration=None, pad=0.0, unknown="scene",
    exclusive=["hair_colour"],
    framing=Framing(portrait=1.7, cowboy=1.2, full=1.8), share=Share(shot=1.0, persons=False),
    read=True, implied=Implied(implications=None, aliases=None, mode="add"), overlap=False, blocklist=[],
)  # fmt: skip


class Stub:
    """Scores by the picture's first pixel: `by_pixel[value]` lists a score for each tag."""

    def __init__(self, tags, **by_pixel):
        self.tags = [(name, "general") if isinstance(name, str) else name for name in tags]
        self.by_pixel = by_pixel
        self.seen = []

    def scores(self, images):
        self.seen.append(len(images))
        return np.array([self.by_pixel[f"p{image[0, 0, 0]}"] for image in images], np.float32)


def still(name, pixel=0, person=None, height=100, width=200):
    """A still whose first pixel is `pixel`; the corner (100, 10), where persons stand, has the value `person`."""
    image = np.zeros((height, width, 3), np.uint8)
    image[0, 0] = pixel
    if person is not None:
        image[10, 100] = person
    return name, image


def boxes(*rows):
    """(still, box, kind, x0, y0, x1, y1, score, person) as a detect table."""
    return pl.DataFrame([(*row[:8], "stub", row[8]) for row in rows], schema=BOXES, orient="row")


SOMEBODY = (("a", 0, "person", 100, 10, 140, 90, 0.8, 0), ("a", 1, "head", 105, 10, 135, 30, 0.9, 0))


def run(stills, detections, *taggers, params=PARAMS, batch=8):
    return tag([looked(stills, detections)], detections, Ensemble(taggers, params.threshold), params, batch)


def looked(stills, detections):
    of = views(detections, PARAMS.pad)
    return [(name, list(of(name, image))) for name, image in stills]


def rows(table, *columns):
    return table.select(columns).rows()


def test_the_mean_is_over_the_taggers_that_know_the_tag():
    first = Stub(["sky", "tree"], p0=[0.9, 0.5])
    second = Stub(["tree", "cloud"], p0=[0.1, 0.4])
    table = run([still("a")], boxes(), first, second)
    assert rows(table, "tag", "score", "votes", "kept", "reason") == [
        ("no_humans", 1.0, 0, True, ""),
        ("sky", 0.9, 1, True, ""),
        ("cloud", 0.4, 1, True, ""),
        ("tree", 0.3, 1, False, "score"),
    ]


def test_a_tag_can_need_more_than_one_vote():
    taggers = Stub(["sky", "sea"], p0=[0.9, 0.5]), Stub(["sky", "sea"], p0=[0.0, 0.6])
    table = run([still("a")], boxes(), *taggers, params=PARAMS.model_copy(update={"votes": 2}))
    assert rows(table.filter(pl.col("tag") != "no_humans"), "tag", "kept", "reason") == [
        ("sea", True, ""), ("sky", False, "votes"),
    ]  # fmt: skip


def test_a_vote_needs_most_of_the_taggers_that_know_the_tag():
    taggers = (
        Stub(["sky", "sea", "sun"], p0=[0.99, 0.4, 0.3]),
        Stub(["sky", "sea", "sun"], p0=[0.3, 0.4, 0.3]),
        Stub(["sky", "sea"], p0=[0.3, 0.1]),
        Stub(["sun"], p0=[0.9]),
        Stub(["tree"], p0=[0.36]),
    )
    table = run([still("a")], boxes(), *taggers, params=PARAMS.model_copy(update={"ensemble": "vote"}))
    assert rows(table.filter(pl.col("tag") != "no_humans"), "tag", "score", "votes", "kept", "reason") == [
        ("tree", 0.36, 1, True, ""),
        ("sea", 0.3, 2, True, ""),  # two of three, though the mean is below
        ("sky", 0.53, 1, False, "votes"),
        ("sun", 0.5, 1, False, "votes"),
    ]


def test_mcut_cuts_at_the_widest_gap_of_the_picture():
    tags = ["sky", "sea", "sun", "tree", ("general", "rating"), ("hana", "character")]
    tagger = Stub(tags, p0=[0.9, 0.8, 0.4, 0.3, 0.99, 0.6], p1=[0.3, 0.28, 0.12, 0.0, 0.5, 0.5])
    params = PARAMS.model_copy(update={"ensemble": "mcut"})
    table = run([still("a"), still("b", 1)], boxes(), tagger, params=params).filter(pl.col("category") == "general")
    assert rows(table.filter(pl.col("tag") != "no_humans"), "still", "tag", "kept", "reason") == [
        ("a", "sky", True, ""), ("a", "sea", True, ""), ("a", "sun", False, "score"), ("a", "tree", False, "score"),
        ("b", "sky", True, ""), ("b", "sea", True, ""), ("b", "sun", False, "score"),
    ]  # fmt: skip
    assert mcut(np.array([0.25, 0.9, 0.3, 0.8])) == pytest.approx(0.55)
    assert mcut(np.array([0.9])) == mcut(np.array([])) == 0.0


def test_how_far_apart_the_taggers_are():
    first = Stub(["sky", "sea", "1girl"], p0=[0.9, 0.5, 0.7], p9=[0.9, 0.5, 0.7])
    second = Stub(["sea", "1girl"], p0=[0.8, 0.1], p9=[0.8, 0.1])
    table = run([still("a", 0, 9)], boxes(*SOMEBODY), first, second)
    assert rows(table.filter(pl.col("box").is_null()), "tag", "disagreement") == [
        ("sky", None), ("1girl", 0.6), ("full_body", None), ("solo", None), ("sea", 0.3),
    ]  # fmt: skip
    added = correct(table, [Correction(2, "a", None, "tree", "add")])
    assert rows(added.filter(pl.col("tag") == "tree"), "disagreement", "score") == [(None, 1.0)]


def test_a_name_in_two_categories_counts_once():
    twice = Stub([("sky", "general"), ("sky", "character")], p0=[0.2, 0.6])
    table = run([still("a")], boxes(), twice, Stub(["sky"], p0=[0.8]))
    assert rows(table.filter(pl.col("tag") == "sky"), "category", "score", "votes", "disagreement") == [
        ("general", 0.7, 2, 0.2)
    ]


def test_one_scale_puts_a_tags_own_threshold_where_the_usual_one_is():
    scores = np.array([[0.0, 0.085, 0.17, 0.585, 1.0]], np.float32)
    moved = on_one_scale(scores, np.full(5, 0.17, np.float32))
    assert moved[0] == pytest.approx([0.0, 0.175, 0.35, 0.675, 1.0], abs=1e-6)
    assert on_one_scale(scores, None) is scores
    mixed = on_one_scale(scores, np.array([np.nan, np.nan, 0.85, 0.85, np.nan], np.float32))
    assert mixed[0] == pytest.approx([0.0, 0.085, 0.07, 0.240882, 1.0], abs=1e-6)
    assert mixed.dtype == moved.dtype == np.float32


def test_nobody_is_invented_on_scenery():
    tagger = Stub(["1girl", "long_hair", "sky", "no_humans"], p0=[0.8, 0.7, 0.9, 0.2])
    assert rows(run([still("a")], boxes(), tagger), "box", "tag", "origin", "kept", "reason") == [
        (None, "no_humans", "box", True, ""),
        (None, "sky", "model", True, ""),
        (None, "1girl", "box", False, "boxes"),
        (None, "long_hair", "model", False, "no subject box"),
    ]


@pytest.mark.parametrize("kind", ["person", "head", "face"])
def test_any_box_of_somebody_vouches(kind):
    tagger = Stub(["long_hair"], p0=[0.7])
    found = boxes(("a", 0, kind, 0, 0, 20, 20, 0.9, 0 if kind == "person" else None))
    table = run([still("a")], found, tagger)
    assert rows(table.filter(pl.col("box").is_null() & (pl.col("tag") == "long_hair")), "kept") == [(True,)]


def test_the_still_and_the_person_are_tagged_apart_and_counts_come_from_the_boxes():
    tagger = Stub(
        ["1girl", "1boy", "2girls", "sky", "red_hair"],
        p7=[0.2, 0.3, 0.6, 0.9, 0.2],  # the whole still
        p9=[0.9, 0.1, 0.0, 0.0, 0.8],  # the person
    )
    table = run([still("a", 7, 9)], boxes(*SOMEBODY), tagger)
    assert rows(table, "box", "tag", "score", "origin", "kept", "reason") == [
        (None, "sky", 0.9, "model", True, ""),
        (None, "1girl", 0.8, "box", True, ""),
        (None, "full_body", 0.8, "box", True, ""),
        (None, "solo", 0.8, "box", True, ""),
        (None, "2girls", 0.6, "box", False, "boxes"),
        (None, "1boy", 0.3, "model", False, "score"),
        (None, "red_hair", 0.2, "model", False, "score"),
        (0, "1girl", 0.8, "box", True, ""),
        (0, "full_body", 0.8, "box", True, ""),
        (0, "red_hair", 0.8, "model", True, ""),
        (0, "solo", 0.8, "box", True, ""),
        (0, "1boy", 0.1, "model", False, "score"),
    ]
    assert dict(table.schema) == TAG
    assert set(table["reason"]) - {""} <= set(REASONS)


def test_the_taggers_framing_gives_way_to_the_boxes():
    tagger = Stub(["1girl", "portrait"], p0=[0.9, 0.9])
    table = run([still("a")], boxes(*SOMEBODY), tagger)
    assert rows(table.filter(pl.col("tag") == "portrait"), "box", "kept", "reason") == [
        (None, False, "boxes"), (0, False, "boxes"),
    ]  # fmt: skip


def test_names_are_not_taken_and_one_rating_is_kept():
    tags = [("general", "rating"), ("sensitive", "rating"), ("nobody_(work)", "character"), ("work", "copyright")]
    table = run([still("a")], boxes(), Stub(tags, p0=[0.3, 0.6, 0.99, 0.99]))
    assert rows(table, "tag", "kept", "reason") == [
        ("no_humans", True, ""),
        ("sensitive", True, ""),
        ("nobody_(work)", False, "name"),
        ("work", False, "name"),
        ("general", False, "rating"),
    ]


@pytest.mark.parametrize(
    ("several", "reason"), [(0.0, "exclusive"), (0.9, "")], ids=["one colour of hair", "two, and a tag that says so"]
)
def test_a_person_has_one_colour_of_hair_unless_there_are_several(several, reason):
    tagger = Stub(["1girl", "red_hair", "pink_hair", "streaked_hair"], p0=[0.9, 0.8, 0.5, several])
    table = run([still("a")], boxes(*SOMEBODY), tagger)
    assert rows(table.filter((pl.col("box") == 0) & (pl.col("tag") == "pink_hair")), "reason") == [(reason,)]


def test_two_people_may_have_two_colours_on_the_still():
    tagger = Stub(["1girl", "red_hair", "pink_hair"], p0=[0.9, 0.8, 0.5])
    found = boxes(("a", 0, "person", 0, 0, 40, 90, 0.8, 0), ("a", 1, "person", 100, 0, 140, 90, 0.7, 1))
    whole = run([still("a")], found, tagger).filter(pl.col("box").is_null() & pl.col("kept"))
    assert whole["tag"].to_list() == ["red_hair", "2girls", "multiple_girls", "pink_hair"]
    assert whole["score"].to_list() == [0.8, 0.7, 0.7, 0.5]


def test_tags_under_the_floor_have_no_row():
    table = run([still("a")], boxes(), Stub(["sky", "sea"], p0=[0.0999, 0.1]))
    assert rows(table, "tag") == [("no_humans",), ("sea",)]


def test_batches_do_not_matter_and_the_taggers_never_see_more_than_asked():
    tagger = Stub(["1girl", "sky"], p0=[0.9, 0.5])
    stills, found = [still("a"), still("b")], boxes(*SOMEBODY)
    whole = run(stills, found, tagger)
    apart = tag([looked([one], found) for one in stills], found, Ensemble([tagger], 0.35), PARAMS, 1)
    assert whole.equals(apart)
    assert tagger.seen == [3, 1, 1, 1]


def test_no_tagger_is_an_error():
    with pytest.raises(GengaError, match="no tagger"):
        Ensemble([], 0.35)


def corrected(*corrections):
    tagger = Stub(["1girl", "sky", "sea"], p0=[0.9, 0.5, 0.2])
    table = run([still("s/e/000001")], boxes(("s/e/000001", 0, "person", 0, 0, 40, 90, 0.8, 0)), tagger)
    return correct(table, [Correction(2 + i, *one) for i, one in enumerate(corrections)])


def test_a_person_wins_over_models_and_boxes():
    table = corrected(
        ("s/e/000001", None, "sea", "add"),
        ("s/e/000001", None, "sky", "remove"),
        ("s/e/000001", 0, "red_hair", "add"),
        ("s/e/000001", "*", "1girl", "remove"),
    )
    assert rows(table.filter(pl.col("origin") == "person"), "box", "tag", "score", "kept", "reason") == [
        (None, "sea", 1.0, True, ""),
        (None, "1girl", 0.8, False, "person"),
        (None, "sky", 0.5, False, "person"),
        (0, "red_hair", 1.0, True, ""),
        (0, "1girl", 0.8, False, "person"),
    ]


def test_the_later_of_two_lines_holds_and_removing_what_is_not_there_is_nothing():
    table = corrected(
        ("s/e/000001", None, "sky", "remove"),
        ("s/e/000001", None, "sky", "add"),
        ("s/e/000001", None, "moon", "remove"),
        ("s/e/000001-0-head", None, "hat", "add"),  # of a crop: not for this stage
    )
    assert rows(table.filter(pl.col("tag").is_in(["sky", "moon", "hat"]) & pl.col("box").is_null()), "tag", "kept") == [
        ("sky", True)
    ]


@pytest.mark.parametrize(("target", "box", "who"), [("s/e/000009", None, ""), ("s/e/000001", 3, " with box 3")])
def test_a_correction_of_what_is_not_there_is_an_error(target, box, who):
    with pytest.raises(GengaError, match=f"^tags.csv:2: no still {target}{who}; put it right or take the line out$"):
        corrected((target, box, "sky", "add"))


def test_corrections_are_read_with_spaces_and_faces_as_people_write_them(tmp_path):
    path = tmp_path / "tags.csv"
    path.write_text(
        "still_or_crop,box,tag,decision,who,why\n"
        "s/e/000001,,long hair,add,me,\n"
        's/e/000001,2,^_^,remove,me,"not, really"\n'
        "s/e/000001,*,sky,add,,\n"
        "s/e/000001-2-head,,hat,add,,\n"
    )
    found = read_corrections(path)
    assert found == [
        Correction(2, "s/e/000001", None, "long_hair", "add"),
        Correction(3, "s/e/000001", 2, "^_^", "remove"),
        Correction(4, "s/e/000001", "*", "sky", "add"),
        Correction(5, "s/e/000001-2-head", None, "hat", "add"),
    ]
    assert [one.of_crop for one in found] == [False, False, False, True]
