"""WD preprocessing and vocabularies, by graphs that answer with channel means."""

import numpy as np
import pytest
from tiny_graphs import tagger

from genga.errors import GengaError
from genga.images.image import padded, resized
from genga.models.preparation import of_contract, prepare
from genga.params.models import Contract
from genga.people.labels import Tag, read_labels
from genga.people.tagger import Tagger

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
    assert model.how.size == (448, 448)
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
    labels = read_labels(csv)
    assert labels.tags == [Tag("general", "rating"), Tag("1girl", "general"), Tag("hana_(sample)", "character")]
    assert labels.counts == [30, 20, 10] and labels.best is None and labels.works == {}


@pytest.mark.parametrize("width", [3, None])  # None: the width shows only when it runs
def test_vocabulary_of_another_width(tmp_path, csv, width):
    csv.write_text(CSV + "4,smile,0,5\n")
    with pytest.raises(GengaError, match=r"selected_tags\.csv: has 4 tags but .*model\.onnx answers 3") as error:
        Tagger(tagger(tmp_path / "model.onnx", size=8, width=width), csv, "cpu", 1).scores([plain(8, 8, (0, 0, 0))])
    assert "genga models pull" in str(error.value) and "\n" not in str(error.value)


def test_vocabulary_with_numbers_as_floats_and_a_byte_order_mark(csv):
    csv.write_text("\ufefftag_id,name,category,count\n9.0,general,9.0,1589178.0\n4.0,1girl,0.0,5.113288e6\n", "utf-8")
    labels = read_labels(csv)
    assert labels.tags == [Tag("general", "rating"), Tag("1girl", "general")]
    assert labels.counts == [1589178, 5113288]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1,smile,0", "it has no count"),
        ("1,smile,0,", "it has no count"),
        ("1,,0,3", "it has no name"),
        ("1,smile,happy,3", "category is 'happy', no whole number"),
        ("1,smile,0.5,3", "category is '0.5', no whole number"),
        ("1,smile,77,3", "category is 77, none of 0, 1, 3, 4, 5, 6, 7, 9, 10"),
        ("1,smile,0,1.5", "count is '1.5', no whole number"),
        ("1,smile,0,-3", "count is '-3', no whole number"),
        ("1,smile,0,nan", "count is 'nan', no whole number"),
        ("1,smile,0,inf", "count is 'inf', no whole number"),
    ],
)
def test_vocabulary_with_a_bad_line(csv, line, why):
    csv.write_text(CSV + line + "\n")
    with pytest.raises(GengaError) as error:
        read_labels(csv)
    said = f"{csv}: line 5 is not tag_id,name,category,count: {why}; fetch it: genga models pull"
    assert str(error.value) == said


@pytest.mark.parametrize(
    "data", [CSV.encode("utf-16"), b"tag_id,name,category,count\n1,\xff,0,3\n", b'x\n"' + b"a" * 200000]
)
def test_vocabulary_that_is_no_csv(csv, data):
    csv.write_bytes(data)
    with pytest.raises(GengaError, match=r"selected_tags\.csv: is no CSV in UTF-8 \(.*\); fetch it"):
        read_labels(csv)


def test_vocabulary_missing(tmp_path):
    with pytest.raises(GengaError, match=r"none\.csv: cannot be read"):
        read_labels(tmp_path / "none.csv")


def test_what_is_padded_has_the_smaller_half_left_and_on_top():
    square = padded(plain(1, 4, (0, 0, 0)), (4, 4), (255, 255, 255))
    assert square[:, 0, 0].tolist() == [255, 0, 255, 255]
    square = padded(plain(4, 1, (0, 0, 0)), (4, 4), (255, 255, 255))
    assert square[0, :, 0].tolist() == [255, 0, 255, 255]


@pytest.mark.parametrize("shape", [(9, 31), (31, 9), (20, 20), (1, 40), (40, 1), (5, 12), (12, 5), (8, 12), (7, 8)])
@pytest.mark.parametrize("how", ["bicubic", "bilinear", "lanczos", "box", "area"])
@pytest.mark.parametrize("size", [8, 12, 40])
def test_a_white_square_is_to_the_bit_what_padding_first_makes(shape, how, size):
    image = np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8)
    square = resized(padded(image, (max(shape),) * 2, (255, 255, 255)), (size, size), how)
    np.testing.assert_array_equal(prepare(image, of_contract(Contract(filter=how), (size, size))), square[:, :, ::-1])


def blue(image: np.ndarray, size: int, how: str) -> list[float]:
    """The first row of blue, which is the first channel, of an image at a size."""
    return prepare(image, of_contract(Contract(filter=how), (size, size)))[0, :, 0].tolist()


def test_filters_differ_where_they_should():
    stripes = np.zeros((4, 4, 3), np.uint8)
    stripes[:, 2:] = 100
    # area shrinks by the mean of areas, bicubic rings at the edge.
    assert blue(stripes, 2, "area") == [0, 100]
    assert blue(stripes, 2, "bicubic") != [0, 100]
    assert blue(stripes, 4, "bicubic") == blue(stripes, 4, "area") == [0, 0, 100, 100]
    # Growing, both are Pillow's, which kohya's are, too: Lanczos rings further than bicubic.
    step = np.repeat(np.array([[[0], [100]]], np.uint8), 2, 0).repeat(3, 2)
    assert blue(step, 4, "area") == blue(step, 4, "lanczos") == [0, 23, 77, 118]
    assert blue(step, 4, "bicubic") == [0, 21, 79, 109]
