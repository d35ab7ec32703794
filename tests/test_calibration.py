"""What taggers' scores mean by corrections: labels, curves by hand, a biased tagger, the table, and the command."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from test_tag import PARAMS
from typer.testing import CliRunner

from genga.__main__ import app
from genga.cli import calibrate
from genga.errors import GengaError
from genga.images.codec import encode
from genga.images.image import pictures
from genga.people.calibrating import Labels, Looked, as_text, curve_of, in_words, learnt, looked_through
from genga.people.calibration import Calibrated, Curve, calibrated, read_curves
from genga.people.ensemble import USUAL, Ensemble
from genga.people.sharing import OF_STILLS
from genga.store.parquet import write_table
from genga.store.shards import writing_shard
from genga.tables.detect import DETECT
from genga.tables.schema import only
from genga.tables.tag import TAG
from genga.workflow.decided import tables_named

OF_TAG = only(TAG, "still", "box", "tag", "category", "origin", "kept", "reason")


class Tagger:
    """Says of a picture what its first px has, R and G of 255, of hat and tree."""

    tags = [("hat", "general"), ("tree", "general"), ("safe", "rating")]
    how = staticmethod(lambda image: image)

    def __init__(self, name="a"):
        self.name = name

    def scores(self, images):
        found = [(*(image[0, 0, :2] / 255), 0.9) for image in pictures(images)]
        return np.array(found, np.float32).reshape(-1, 3)


def looked(right=(), unsure=(), lines=("hat",)):
    return Looked(frozenset(right), frozenset(unsure), frozenset(lines))


def tags(*rows):
    """(still, box, tag, origin, kept, reason)."""
    return pl.DataFrame([(s, b, t, "general", *rest) for s, b, t, *rest in rows], schema=OF_TAG, orient="row")


# What people said


def test_of_pictures_with_a_line_what_was_left_there_is_right_and_what_was_not_found_wrong():
    found = looked_through(
        tags(
            ("a", None, "hat", "person", True, ""), ("a", None, "tree", "model", True, ""),
            ("a", None, "sky", "model", False, "score"), ("a", None, "solo", "box", True, ""),
            ("a", None, "bow", "model", False, "overlap"), ("a", None, "dress", "rule", False, "rule"),
            ("a", 0, "hat", "model", True, ""),  # nobody said anything of this person
            ("b", 1, "hat", "person", False, "person"), ("b", 1, "coat", "shot", True, ""),
        )
    )  # fmt: skip
    assert found == {
        ("a", None): looked({"hat", "tree"}, {"solo", "bow", "dress"}),
        ("b", 1): looked({"coat"}),
    }


# Curves by hand


def test_an_isotonic_curve_by_hand():
    """Of 8 pictures: .1 wrong, .2 right and .3 wrong (one half together), .4 right: steps at 1/10, 1/2, 9/10."""
    scores = np.float32([0.1, 0.1, 0.2, 0.3, 0.4, 0.4, 0.4, 0.4])
    curve, why = curve_of(scores, np.array([0, 0, 1, 0, 1, 1, 1, 1], bool), "isotonic")
    assert (curve, why) == (Curve((0.1, 0.2, 0.3, 0.4), (0.1, 0.5, 0.5, 0.9)), "")
    assert curve.at(np.float32([0, 0.25, 0.35, 1])).tolist() == pytest.approx([0.1, 0.5, 0.7, 0.9])


def test_platts_curve_by_hand():
    """Of two scores the curve is at each one's target share; with so many pictures that is its share: 1/4 and 3/4."""
    scores = np.float32([0.2] * 400 + [0.8] * 400)
    curve, why = curve_of(scores, np.array([1] * 100 + [0] * 300 + [1] * 300 + [0] * 100, bool), "platt")
    assert why == "" and len(curve.scores) == 21
    assert curve.at(np.float32([0.2, 0.5, 0.8])).tolist() == pytest.approx([0.25, 0.5, 0.75], abs=0.003)


@pytest.mark.parametrize("by", ["isotonic", "platt"])
@pytest.mark.parametrize(
    ("right", "why"),
    [([1, 1, 1, 1], "right in all 4 pictures"), ([0, 0, 0, 0], "wrong in all 4 pictures"),
     ([1, 1, 0, 0], "right as often at low scores as at high ones")],
)  # fmt: skip
def test_what_cannot_be_learnt(by, right, why):
    assert curve_of(np.float32([0.1, 0.2, 0.8, 0.9]), np.array(right, bool), by) == (None, why)


# A biased tagger


def log_loss(probabilities, right):
    sure = np.where(right, probabilities, 1 - probabilities).clip(1e-6, 1)
    return float(-np.log(sure).mean())


def f1(kept, right):
    return 2 * (kept & right).sum() / (kept.sum() + right.sum())


@pytest.mark.parametrize("by", ["isotonic", "platt"])
@pytest.mark.parametrize("bias", [-2.5, 2.0])  # of the logarithm of odds: too shy, too eager
def test_corrections_on_half_make_the_other_half_better(by, bias):
    rng = np.random.default_rng(4)
    probability = rng.beta(0.5, 0.8, 400)
    right = rng.random(400) < probability
    scores = 1 / (1 + (1 - probability) / probability * math.exp(-bias))
    images = [np.full((1, 1, 3), (round(255 * score), 0, 0), np.uint8) for score in scores.clip(0, 1)]
    tagger = Tagger()
    labels = Labels()
    labels.add([tagger], images[:200], [looked({"hat"} if yes else ()) for yes in right[:200]])
    found = learnt([tagger], labels, 20, by)
    curve = {tag: Curve(*zip(*[row[2:] for row in found.rows], strict=True)) for tag in ("hat",)}
    before, after = (one.scores(images[200:])[:, 0] for one in (tagger, Calibrated(tagger, curve)))
    told = right[200:]
    assert log_loss(curve["hat"].at(before), told) < log_loss(before, told) - 0.1
    assert f1(after > USUAL, told) > f1(before > USUAL, told) + 0.02


def test_too_few_lines_are_told_and_change_nothing():
    labels = Labels()
    labels.add([Tagger()], [np.zeros((1, 1, 3), np.uint8)] * 3, [looked({"hat"}), looked(), looked(lines=["tree"])])
    found = learnt([Tagger()], labels, 3, "platt")
    assert found.rows == [] and found.without == {"hat": "2 lines", "tree": "1 line"}
    assert in_words(found, labels) == "3 pictures with corrections; tags calibrated: none"


def test_what_is_unsure_of_a_picture_is_no_label_of_that_tag():
    labels = Labels()
    images = [np.full((1, 1, 3), value, np.uint8) for value in (50, 50, 200, 200, 200)]
    said = [looked(), looked(), looked({"hat"}), looked({"hat"}), looked(unsure=["hat"])]
    labels.add([Tagger()], images, said)
    (low, high) = [row for row in learnt([Tagger()], labels, 2, "isotonic").rows]
    assert low == ("a", "hat", 0.1961, 0.1667) and high == ("a", "hat", 0.7843, 0.8333)  # of four pictures, 1/6


# Applied


def test_what_is_right_as_often_as_not_is_at_the_usual_threshold():
    tagger = Calibrated(Tagger(), {"hat": Curve((0.0, 0.8), (0.0, 1.0)), "safe": Curve((0.0, 1.0), (0.0, 0.1))})
    images = [np.full((1, 1, 3), (value, value, 0), np.uint8) for value in (102, 204)]  # .4 and .8
    assert tagger.scores(images).tolist() == [
        pytest.approx([USUAL, 0.4, 0.9]), pytest.approx([1.0, 0.8, 0.9]),
    ]  # fmt: skip
    opinion = Ensemble([tagger, Tagger("b")], 0.5).scores(images)
    assert opinion.means[:, 0].tolist() == pytest.approx([(USUAL + 0.4) / 2, 0.9])
    assert opinion.votes[:, 0].tolist() == [0, 2]


# The table


def test_the_table_holds_what_was_learnt(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vocabulary").mkdir()
    rows = [("a", 'hat"s, two', 0.1, 0.25), ("a", 'hat"s, two', 0.5, 0.9)]
    (tmp_path / "vocabulary/c.csv").write_text(as_text(rows), encoding="utf-8")
    assert as_text(rows).splitlines()[:2] == ["tagger,tag,score,probability", 'a,"hat""s, two",0.1,0.25']
    assert read_curves(Path("vocabulary/c.csv")) == {"a": {'hat"s, two': Curve((0.1, 0.5), (0.25, 0.9))}}
    both = calibrated(PARAMS.model_copy(update={"calibration": "c.csv"}))([Tagger(), Tagger("b")])
    assert [type(one) for one in both] == [Calibrated, Calibrated]
    path = "vocabulary/c.csv"
    assert capsys.readouterr().err == f"note: {path} has no line about b: scores as they are\n"
    assert calibrated(PARAMS)([tagger := Tagger()]) == [tagger]
    section = {**PARAMS.model_dump(), "calibration": "c.csv"}
    assert list(tables_named(section)) == [path]  # which a job of stage tag is held to


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("tag,score\n", ":1: the first line must be tagger,tag,score,probability"),
        ("{}a,hat,x,0.5\n", ":2: score and probability must be numbers, got 'x' and '0.5'"),
        ("{}a,hat,0.5,\n", ":2: score and probability must be numbers, got '0.5' and None"),
        ("{}a,hat,0.5,nan\n", ":2: score and probability must be 0..1, got 0.5 and nan"),
        ("{}a,hat,0.5,1.5\n", ":2: score and probability must be 0..1, got 0.5 and 1.5"),
        ("{}a,hat,0.5,0.5\na,hat,0.5,0.6\n", ":3: scores of hat must rise and probabilities not fall"),
        ("{}a,hat,0.5,0.5\na,hat,0.6,0.4\n", ":3: scores of hat must rise and probabilities not fall"),
        ("{}a,hat,0.5,0.5,1,2\n", ": cannot be read as CSV"),
        (None, ": cannot be read as CSV"),
    ],
)
def test_a_table_that_is_none_is_one_line(tmp_path, content, why):
    path = tmp_path / "c.csv"
    if content is not None:
        path.write_text(content.format("tagger,tag,score,probability\n"))
    with pytest.raises(GengaError) as error:
        read_curves(path)
    assert str(error.value).startswith(f"{path}{why}") and str(error.value).endswith("; make it anew: genga calibrate")
    assert "\n" not in str(error.value)


# The command


def project(count=8):
    """Stills whose first px says .2 and .8 of hat in turn, half of the .2 corrected to be right; each a still alone."""
    with writing_shard("data/stills/s/e.tar") as shard:
        places = [
            shard.add(f"{i}.png", encode(np.full((4, 4, 3), (51 + 153 * (i % 2), 0, 0), np.uint8)))
            for i in range(count)
        ]
    stills = [(f"s/e/{i:06d}", i, 0, *place.values()) for i, place in enumerate(places)]
    write_table("data/stills/s/e.parquet", pl.DataFrame(stills, schema=OF_STILLS, orient="row"), OF_STILLS)
    write_table("data/detect/s/e.parquet", pl.DataFrame(schema=DETECT), DETECT)
    rows = [(f"s/e/{i:06d}", None, "hat", "person", bool(i % 2), "" if i % 2 else "person") for i in range(count)]
    write_table("data/tag/s/e.parquet", tags(*rows), OF_TAG)


@pytest.fixture
def there(tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text(f"tag: {PARAMS.model_dump_json()}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(calibrate, "models_of", lambda text: None)
    monkeypatch.setattr(calibrate, "open_taggers", lambda registry, threads: [Tagger()])


def test_the_command_writes_the_table_the_same_each_time(there):
    project()
    ran = CliRunner().invoke(app, ["calibrate", "c.csv", "--least", "4", "--by", "isotonic"], catch_exceptions=False)
    assert ran.stdout == (
        "calibrate: 8 pictures with corrections; tags calibrated: 1 of a; write calibration: c.csv into section tag of"
        " params.yaml\n"
    )
    written = Path("vocabulary/c.csv").read_text()
    assert written == "tagger,tag,score,probability\na,hat,0.2,0.1\na,hat,0.8,0.9\n"
    CliRunner().invoke(app, ["calibrate", "c.csv", "--least", "4", "--by", "isotonic"], catch_exceptions=False)
    assert Path("vocabulary/c.csv").read_text() == written


def test_without_corrections_nothing_is_written(there):
    with pytest.raises(GengaError, match="no table of data/tag has a line of tags.csv in it; write some"):
        CliRunner().invoke(app, ["calibrate"], catch_exceptions=False)
    with pytest.raises(GengaError, match="^a/b.csv: must be the name of a file in vocabulary/"):
        CliRunner().invoke(app, ["calibrate", "a/b.csv"], catch_exceptions=False)
    assert not Path("vocabulary").exists()
