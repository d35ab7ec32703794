"""The registry's models as judges, by tiny graphs whose answers are the pictures' mean colours."""

import numpy as np
import pytest
import tiny_graphs
import yaml

from genga.evaluation.evaluators import open_judges
from genga.models.registry import load
from genga.params.models import Params
from genga.store.files import write_json, write_text

# One box of 100 x 200 px in the middle of the detector's 640 px, and a weaker one in the corner.
BOXES = [[320, 320, 100, 200, 0.9], [40, 40, 40, 40, 0.5]]
VOCABULARIES = {
    "a": "9999999,general,9,100\n1,blue_sky,0,10\n2,1girl,0,50\n",
    "b": "1,1girl,0,80\n2,red_hair,0,20\n3,hana,4,5\n",
}


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A registry of tiny graphs: taggers answer the means of blue, green, red; the embedder of red, green, blue."""
    monkeypatch.chdir(tmp_path)
    rows = np.array(BOXES, np.float32).T
    files = {"person": {"model": tiny_graphs.detector(tmp_path / "p.onnx", rows, None, {"names": "{0: 'person'}"})}}
    for number, (name, tags) in enumerate(VOCABULARIES.items(), 1):
        write_text(tmp_path / f"{name}.csv", f"tag_id,name,category,count\n{tags}")
        graph = tiny_graphs.tagger(tmp_path / f"{name}.onnx", 16)
        files[f"tagger-{number}"] = {"model": graph, "tags": tmp_path / f"{name}.csv"}
    write_json(tmp_path / "metrics.json", {"threshold": 0.5})
    means = tiny_graphs.channel_means(tmp_path / "feature.onnx", ["n", 3, 8, 8], [2, 3])
    files["ccip-feature"] = {"model": means}
    metric = tiny_graphs.first_component_metric(tmp_path / "metric.onnx")
    files["ccip-metric"] = {"model": metric, "threshold": tmp_path / "metrics.json"}
    entries = {
        role: {"name": role, "licence": "none", "knows": "colours",
               "files": {part: {"path": path.name, "sha256": None} for part, path in parts.items()}}
        for role, parts in files.items()
    }  # fmt: skip
    write_text(tmp_path / "models.yaml", yaml.safe_dump({"embedded": entries, "published": {}}))
    return load(Params(use="embedded", folder="weights", device="cpu", batch=4))


def flat(red: int, green: int, blue: int) -> np.ndarray:
    """A picture of one colour."""
    return np.full((32, 64, 3), (red, green, blue), np.uint8)


def test_probabilities_are_means_over_the_taggers_that_know_a_general_tag(registry):
    judges = open_judges(registry, crop_person=False, threads=1)
    assert judges.counts == {"blue_sky": 10, "1girl": 80, "red_hair": 20}
    # A white square pads 32 of 64 rows. Of red 51: tagger a says blue_sky = green, 1girl = red; b says 1girl = blue,
    # red_hair = green. Means over the square: red (51 + 255) / 2 = 0.6, green and blue 0.5,
    # but for the border between them, where bicubic overshoots.
    answer = judges.probabilities([flat(51, 0, 0)])
    assert answer.shape == (1, 3)
    assert answer[0] == pytest.approx([0.5, (0.6 + 0.5) / 2, 0.5], abs=2e-3)


def test_the_surest_person_is_cut_out(registry):
    judges = open_judges(registry, crop_person=True, threads=1)
    assert judges.person is not None
    # From 270..370 x 220..420 of 640 to 64 x 32 px.
    assert judges.person([flat(0, 0, 0)]) == [(27, 11, 37, 21)]
    assert open_judges(registry, crop_person=False, threads=1).person is None


def test_the_embedder_tells_reds_apart(registry):
    judges = open_judges(registry, crop_person=False, threads=1)
    features = judges.features([flat(255, 0, 0), flat(255, 255, 0), flat(0, 0, 0)])
    differences = judges.differences(features[:1], features[1:])
    assert (differences <= judges.threshold).tolist() == [[True, False]]
