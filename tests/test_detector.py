"""YOLO, end-to-end and RT-DETR outputs turned into boxes, by graphs with known rows."""

import numpy as np
import pytest
from tiny_graphs import detector

from genga.errors import GengaError
from genga.people.detector import Box, Detector, how, suppress, to_pixels

NAMES = {"names": "{0: 'person'}"}


def plain(height: int, width: int, rgb: tuple[int, int, int] = (0, 0, 0)) -> np.ndarray:
    return np.full((height, width, 3), rgb, np.uint8)


def columns(*anchors: list[float]) -> list:
    """Rows (4+C, A) of YOLO from anchors [x, y, w, h, score, …]."""
    return np.array(anchors).T.tolist()


def test_centres_are_scaled_to_the_image_and_clipped(tmp_path):
    path = detector(tmp_path / "m.onnx", columns([320, 320, 100, 200, 0.9], [630, 10, 40, 40, 0.8]), None, NAMES)
    # The image is half as high as the 640 x 640 input: y is halved, x is not.
    assert Detector(path, "person", "cpu", 1).detect([plain(320, 640)]) == [
        [
            Box(270, 110, 370, 210, pytest.approx(0.9), "person"),
            Box(610, 0, 640, 15, pytest.approx(0.8), "person"),
        ]
    ]


def test_input_is_rgb_0_to_1_and_each_image_has_its_own_boxes(tmp_path):
    path = detector(tmp_path / "m.onnx", columns([100, 100, 20, 20, 0]), (4, 0), NAMES)
    found = Detector(path, "person", "cpu", 1).detect([plain(8, 8, (153, 0, 0)), plain(8, 8, (0, 255, 255))])
    assert [[box.score for box in boxes] for boxes in found] == [[pytest.approx(0.6, abs=1e-3)], []]


def test_score_must_be_above_the_threshold(tmp_path):
    rows = columns([100, 100, 20, 20, 0.5], [300, 300, 20, 20, 0.75])
    path = detector(tmp_path / "m.onnx", rows, None, NAMES)
    image = plain(640, 640)
    assert len(Detector(path, "person", "cpu", 1).detect([image])[0]) == 2  # the person's threshold: 0.3
    assert len(Detector(path, "halfbody", "cpu", 1).detect([image])[0]) == 1  # 0.5, and 0.5 is not above
    assert len(Detector(path, "person", "cpu", 1, confidence=0.75).detect([image])[0]) == 0


def test_best_class_counts_and_suppression_is_blind_to_classes(tmp_path):
    rows = columns([100, 100, 40, 40, 0.2, 0.9], [102, 100, 40, 40, 0.8, 0.1], [300, 300, 40, 40, 0.7, 0.6])
    path = detector(tmp_path / "m.onnx", rows, None, {"names": "{0: 'girl', 1: 'boy'}"})
    found = Detector(path, "person", "cpu", 1).detect([plain(640, 640)])[0]
    assert [(box.label, box.x0) for box in found] == [("boy", 80), ("girl", 280)]


def test_suppress_counts_one_pixel_more():
    # 10 x 10 each and 5 x 10 shared by the +1 rule: IoU 50 / 150. Without it: 36 / 126 = 0.286.
    corners = np.array([[0, 0, 9, 9], [5, 0, 14, 9]], np.float32)
    scores = np.array([0.5, 0.9], np.float32)
    assert suppress(corners, scores, 0.30).tolist() == [1]
    assert suppress(corners, scores, 0.34).tolist() == [1, 0]


def test_suppress_of_nothing():
    assert suppress(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.5).tolist() == []


def test_end_to_end_rows(tmp_path):
    rows = [[64, 64, 128, 128, 0.9, 0], [66, 64, 128, 128, 0.8, 0], [0, 0, 64, 32, 0.6, 0], [0, 0, 9, 9, 0.1, 0]]
    path = detector(tmp_path / "m.onnx", rows, None, NAMES)
    found = Detector(path, "person", "cpu", 1).detect([plain(320, 320)])[0]
    assert [tuple(box[:4]) for box in found] == [(32, 32, 64, 64), (0, 0, 32, 16)]


def test_rtdetr_rows_are_fractions(tmp_path):
    path = detector(tmp_path / "m.onnx", [[0.5, 0.5, 0.5, 0.25, 0.9], [0.1, 0.1, 0.1, 0.1, 0.2]], None, NAMES)
    found = Detector(path, "person", "cpu", 1, layout="rtdetr").detect([plain(100, 200)])[0]
    assert [tuple(box[:4]) for box in found] == [(50, 38, 150, 62)]  # 37.5 and 62.5 round half to even


def test_layout_that_does_not_fit(tmp_path):
    path = detector(tmp_path / "m.onnx", [[0.5, 0.5, 0.5, 0.25, 0.9]] * 3, None, NAMES)
    with pytest.raises(GengaError, match=r"answers \[3, 5\] for 1 classes, which is not the layout yolo"):
        Detector(path, "person", "cpu", 1).detect([plain(8, 8)])


def test_size_is_height_and_width_of_the_metadata(tmp_path):
    path = detector(tmp_path / "m.onnx", columns([160, 96, 32, 19.2, 0.9]), None, NAMES | {"imgsz": "[192, 320]"})
    model = Detector(path, "person", "cpu", 1)
    assert model.size == (192, 320)
    assert tuple(model.detect([plain(360, 640)])[0][0][:4]) == (288, 162, 352, 198)


@pytest.mark.parametrize("names", ["{0: 'a', 1: 'b'}", "{0.0: 'a', 1.0: 'b'}", '{"0": "a", "1": "b"}', "['a', 'b']"])
def test_names_are_read_whatever_their_numbers_are_written_as(tmp_path, names):
    path = detector(tmp_path / "m.onnx", columns([1, 1, 1, 1, 1, 1]), None, {"names": names})
    assert Detector(path, "person", "cpu", 1).labels == ["a", "b"]


@pytest.mark.parametrize("names", ["__import__('os').getcwd()", "[", "{1: 'person'}", "7"])
def test_names_are_read_as_a_literal(tmp_path, names):
    path = detector(tmp_path / "m.onnx", columns([1, 1, 1, 1, 1]), None, {"names": names})
    with pytest.raises(GengaError, match=r"m\.onnx: metadata names is"):
        Detector(path, "person", "cpu", 1)


def test_imgsz_that_is_no_size(tmp_path):
    path = detector(tmp_path / "m.onnx", columns([1, 1, 1, 1, 1]), None, NAMES | {"imgsz": "640"})
    with pytest.raises(GengaError, match=r"metadata imgsz is '640', expected \[height, width\]"):
        Detector(path, "person", "cpu", 1)


def test_prepare_squashes():
    made = how((4, 8))(plain(10, 40, (255, 0, 51)))
    assert made.shape == (3, 4, 8) and made.dtype == np.float32
    assert made[:, 0, 0].tolist() == pytest.approx([1, 0, 0.2])


def test_to_pixels_of_nothing():
    assert to_pixels(np.zeros((0, 4), np.float32), (640, 640), (10, 10)).shape == (0, 4)


def test_detect_nothing(tmp_path):
    path = detector(tmp_path / "m.onnx", columns([1, 1, 1, 1, 0]), None, NAMES)
    model = Detector(path, "face", "cpu", 1)
    assert model.detect([]) == []
    assert model.detect([plain(1, 1)]) == [[]]
