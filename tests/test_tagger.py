"""WD preprocessing and vocabularies, by graphs that answer with channel means."""

import numpy as np
import pytest
from tiny_graphs import tagger

from genga.errors import GengaError
from genga.people.tagger import Tag, Tagger, pad_square, passes, prepare, read_tags

CSV = "tag_id,name,category,count\n1,general,9,30\n2,1girl,0,20\n3,hana_(sample),4,10\n"


def plain(height: int, width: int, rgb: tuple[int, int, int]) -> np.ndarray:
    return np.full((height, width, 3), rgb, np.uint8)


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "selected_tags.csv"
    path.write_text(CSV)
    return path


@pytest.mark.parametrize("batch", ["batch", 1])
def test_scores_bgr_white_square_0_to_255(tmp_path, csv, batch):
    model = Tagger(tagger(tmp_path / "model.onnx", batch=batch), csv, "cpu", 1)
    assert model.size == 448
    # Half of the square is the image (10, 20, 30), half white: B (30 + 255) / 2 / 255, then G, then R.
    scores = model.scores([plain(224, 448, (10, 20, 30)), plain(448, 448, (0, 0, 255))])
    assert scores == pytest.approx(np.array([[285, 275, 265], [510, 0, 0]]) / 510, abs=5e-3)  # a mean of 200,000 floats
    assert scores.dtype == np.float32


def test_scores_are_the_output_as_wide_as_the_vocabulary(tmp_path, csv):
    model = Tagger(tagger(tmp_path / "model.onnx", size=8, embedding=True), csv, "cpu", 1)
    assert model.scores([plain(8, 8, (255, 0, 0))]).tolist() == [[0, 0, 1]]


def test_scores_of_nothing(tmp_path, csv):
    assert Tagger(tagger(tmp_path / "model.onnx"), csv, "cpu", 1).scores([]).shape == (0, 3)


def test_vocabulary(csv):
    tags, counts = read_tags(csv)
    assert tags == [Tag("general", "rating"), Tag("1girl", "general"), Tag("hana_(sample)", "character")]
    assert counts == [30, 20, 10]


@pytest.mark.parametrize("width", [3, None])  # None: the width shows only when it runs
def test_vocabulary_of_another_width(tmp_path, csv, width):
    csv.write_text(CSV + "4,smile,0,5\n")
    with pytest.raises(GengaError, match=r"selected_tags\.csv: has 4 tags but .*model\.onnx answers 3") as error:
        Tagger(tagger(tmp_path / "model.onnx", size=8, width=width), csv, "cpu", 1).scores([plain(8, 8, (0, 0, 0))])
    assert "genga models pull" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("line", ["1,smile,0", "1,smile,happy,3", "1,smile,77,3"])
def test_vocabulary_with_a_bad_line(csv, line):
    csv.write_text(CSV + line + "\n")
    with pytest.raises(GengaError, match=r"selected_tags\.csv: line 5 is not"):
        read_tags(csv)


def test_vocabulary_missing(tmp_path):
    with pytest.raises(GengaError, match=r"none\.csv: cannot be read"):
        read_tags(tmp_path / "none.csv")


def test_pad_square_left_and_top_get_the_smaller_half():
    square = pad_square(plain(1, 4, (0, 0, 0)))
    assert square[:, 0, 0].tolist() == [255, 0, 255, 255]
    square = pad_square(plain(4, 1, (0, 0, 0)))
    assert square[0, :, 0].tolist() == [255, 0, 255, 255]


def test_prepare_dialects_differ_where_they_should():
    stripes = np.zeros((4, 4, 3), np.uint8)
    stripes[:, 2:] = 100
    # opencv shrinks by the mean of areas, pillow by a bicubic that rings at the edge.
    assert prepare(stripes, 2, "opencv")[0, :, 0].tolist() == [0, 100]
    assert prepare(stripes, 2, "pillow")[0, :, 0].tolist() != [0, 100]
    assert prepare(stripes, 4, "pillow").tolist() == prepare(stripes, 4, "opencv").tolist()


def test_passes_at_the_threshold():
    scores = np.array([0.25, 0.5, 0.75], np.float32)
    assert passes(scores, 0.5, "pillow").tolist() == [False, False, True]
    assert passes(scores, 0.5, "opencv").tolist() == [False, True, True]
