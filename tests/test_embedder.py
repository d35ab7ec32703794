"""CCIP preprocessing, differences in blocks, and the threshold."""

import numpy as np
import pytest
from tiny_graphs import channel_means, first_component_metric

from genga.errors import GengaError
from genga.people.embedder import Embedder, Squash, read_threshold


@pytest.fixture
def embedder(tmp_path):
    feature = channel_means(tmp_path / "model_feat.onnx", ["batch", 3, 16, 24], [2, 3])
    metric = first_component_metric(tmp_path / "model_metrics.onnx")
    (tmp_path / "metrics.json").write_text('{"threshold": 0.25, "f1": 0.9}')
    return Embedder(feature, metric, tmp_path / "metrics.json", "cpu", 1)


def test_features_are_rgb_by_clips_mean_and_deviation(embedder):
    assert embedder.how.size == (16, 24)
    image = np.full((7, 5, 3), (255, 0, 51), np.uint8)
    expected = [(1 - 0.48145466) / 0.26862954, -0.4578275 / 0.26130258, (0.2 - 0.40821073) / 0.27577711]
    assert embedder.features([image, image])[1].tolist() == pytest.approx(expected, abs=1e-5)


def test_prepare_is_bilinear_and_squashes():
    image = np.zeros((2, 2, 3), np.uint8)
    image[:, 1] = 200
    row = Squash((2, 4))(image)[0, 0] * 0.26862954 + 0.48145466
    assert row.tolist() == pytest.approx([0, 50 / 255, 150 / 255, 200 / 255], abs=1e-6)


def test_differences_do_not_depend_on_the_block(embedder):
    features = np.array([[0, 9, 9], [1, 9, 9], [3, 9, 9], [7, 9, 9], [15, 9, 9]], np.float32)
    expected = [[0, 1, 3, 7, 15], [1, 0, 2, 6, 14], [3, 2, 0, 4, 12], [7, 6, 4, 0, 8], [15, 14, 12, 8, 0]]
    for block in (1, 2, 3, 5, 100):
        assert embedder.differences(features, block).tolist() == expected


def test_differences_between_two_lists(embedder):
    first = np.array([[0, 0, 0], [10, 0, 0]], np.float32)
    second = np.array([[1, 0, 0], [2, 0, 0], [4, 0, 0]], np.float32)
    for block in (1, 2, 100):
        assert embedder.differences_between(first, second, block).tolist() == [[1, 2, 4], [9, 8, 6]]


def test_no_features(embedder):
    assert embedder.features([]).shape == (0, 3)
    assert embedder.differences(np.zeros((0, 3), np.float32)).shape == (0, 0)


def test_threshold(embedder):
    assert embedder.threshold == 0.25


@pytest.mark.parametrize("text", ["{}", "[0.2]", '{"threshold": "0.2"}', '{"threshold": true}', '{"threshold": NaN}'])
def test_threshold_that_is_none(tmp_path, text):
    path = tmp_path / "metrics.json"
    path.write_text(text)
    with pytest.raises(GengaError, match=r"metrics\.json: has no number `threshold`"):
        read_threshold(path)
