"""How the embedded models are taught: a step of each, and what the written graphs look like from outside."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from bench.models import f1, iou, matches
from demo.teach import detect, embed, tag
from demo.teach.export import write_onnx
from demo.teach.frames import Frame, draw_boxed, seen_through
from demo.teach.pairs import best_threshold, equal_error_rate, error_rates, pair_f1
from demo.teach.people import crop_spans, draw_people, look_alike
from demo.teach.tagged import crop_tags, draw_tagged
from demo.world.cast import CAST
from demo.world.chance import random_character, random_scene, similar
from demo.world.model import Background, Camera, Scene
from demo.world.render import KINDS, render
from demo.world.vocabulary import TAGS


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def answers(path, **inputs):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session, session.run(None, inputs)[0]


def test_the_same_seed_draws_the_same_frames():
    first, again = draw_boxed(2, 5, (96, 160)), draw_boxed(2, 5, (96, 160))
    assert first.images.tobytes() == again.images.tobytes()
    assert first.boxes.tobytes() == again.boxes.tobytes()
    assert first.images.shape == (2, 96, 160, 3)


def test_a_box_is_to_be_found_in_the_cells_around_its_middle():
    centres = detect.cell_centres((32, 48))  # 4 x 6 cells of 8 px
    assert centres[:, 0].tolist() == [4.0, 4.0]
    assert centres[:, 7].tolist() == [12.0, 12.0]
    boxes = torch.full((1, 1, 1, 4), torch.nan)
    boxes[0, 0, 0] = torch.tensor([8.0, 0.0, 40.0, 32.0])  # middle 24, 16: the corner between four cells
    positive, truth = detect.assign(boxes, centres)
    assert positive[0, 0].reshape(4, 6).int().tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    assert truth[0, 0, :, 8].tolist() == [8.0, 0.0, 40.0, 32.0]


def test_of_two_boxes_in_a_place_the_smaller_is_to_be_found():
    boxes = torch.tensor([[0.0, 0.0, 48.0, 32.0], [16.0, 8.0, 32.0, 24.0]]).reshape(1, 2, 1, 4)
    _, truth = detect.assign(boxes, detect.cell_centres((32, 48)))
    assert truth[0, 0, :, 8].tolist() == [16.0, 8.0, 32.0, 24.0]


def test_a_detector_that_is_right_loses_little():
    centres = detect.cell_centres((32, 48))
    boxes = torch.tensor([8.0, 0.0, 40.0, 32.0]).reshape(1, 1, 1, 4)
    right = torch.full((1, 1, 5, 24), -12.0)
    positive, truth = detect.assign(boxes, centres)
    far = torch.cat([centres - truth[0, 0, :2], truth[0, 0, 2:] - centres]).clamp(min=1)
    right[0, 0, 1:] = (far / detect.CELL).log()
    right[0, 0, 0][positive[0, 0]] = 12.0
    assert detect.detection_loss(right, boxes, centres) < 1e-4
    wrong = right.clone()
    wrong[0, 0, 0] = 12.0
    assert detect.detection_loss(wrong, boxes, centres) > 10


def test_detectors_are_taught_and_written_as_published(tmp_path):
    drawn, rng = draw_boxed(2, 0, detect.SIZE), np.random.default_rng(0)
    network = detect.Network(width=4)
    before = network.head.weight.clone()
    for _, average in detect.teach(
        network, lambda net: detect.batch_loss(net, drawn, rng, detect.cell_centres()), 1, 1e-3, "t", 1
    ):
        detect.save(average, tmp_path)
    assert not torch.equal(before, network.head.weight)
    session, found = answers(tmp_path / "head.onnx", images=np.zeros((2, 3, 192, 320), np.float32))
    assert [one.name for one in session.get_outputs()] == ["output0"]
    assert found.shape == (2, 5, 24 * 40)
    facts = session.get_modelmeta().custom_metadata_map
    assert (facts["names"], json.loads(facts["imgsz"])) == ("{0: 'head'}", [192, 320])
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(KINDS)


def test_only_the_best_of_neighbouring_cells_keeps_its_score():
    one = detect.OneKind(detect.Network(width=4).eval(), 0)
    score = one(torch.rand(1, 3, *detect.SIZE))[0, 4].reshape(24, 40)
    y, x = divmod(int(score.argmax()), 40)
    around = score[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
    assert (around > 0).sum() == 1


def test_a_tagger_is_taught_and_written_as_published(tmp_path):
    drawn = draw_tagged(3, 0, tag.DRAWN_SIZE)
    tag.save(tag.pupil("b", drawn, steps=2, seed=0), drawn, tmp_path)
    images = np.full((2, 112, 112, 3), 255, np.float32)
    session, scores = answers(tmp_path / "model.onnx", input=images)
    assert session.get_inputs()[0].shape == ["N", 112, 112, 3]
    assert scores.shape == (2, len(TAGS))
    assert scores.min() >= 0 and scores.max() <= 1
    rows = (tmp_path / "selected_tags.csv").read_text().splitlines()
    assert rows[:2] == ["tag_id,name,category,count", f"0,general,9,{len(drawn.images)}"]


def test_taggers_take_blue_first(tmp_path):
    """The red channel of the network is the last one of the published input."""

    class Red(torch.nn.Module):
        def forward(self, x):
            return x[:, 0].mean((1, 2))[:, None] * 10

    picture = torch.zeros(1, 4, 4, 3)
    picture[..., 2] = 255
    assert tag.AsPublished(Red())(picture).item() == pytest.approx(1 / (1 + np.exp(-10)))


@pytest.mark.parametrize("name", tag.KINDS)
def test_every_kind_of_tagger_answers(name):
    network = tag.Network(tag.KINDS[name], np.full(len(TAGS), 0.1)).eval()
    assert network(torch.rand(1, 3, network.size, network.size)).shape == (1, len(TAGS))


def test_an_untaught_tagger_says_how_frequent_tags_are():
    network = tag.Network(tag.KINDS["a"], np.full(len(TAGS), 0.25)).eval()
    torch.nn.init.zeros_(network.head.weight)
    assert network(torch.rand(1, 3, 112, 112)).sigmoid().tolist()[0] == pytest.approx([0.25] * len(TAGS))


def test_the_embedder_is_taught_and_written_as_published(tmp_path, monkeypatch):
    monkeypatch.setattr(embed, "FAMILIES", 2)
    people = draw_people(2, 2, 2, 0, embed.SIZE)
    rows_of = [np.flatnonzero(people.who == one) for one in range(4)]
    rng = np.random.default_rng(0)
    taught = embed.Taught()
    for _, average in embed.teach(taught, lambda net: embed.batch_loss(net, people, rng, rows_of), 1, 1e-3, "t", 1):
        embedder = embed.save(average.network, tmp_path)
    embed.set_threshold(embedder, people, tmp_path)
    assert 0 <= json.loads((tmp_path / "metrics.json").read_text())["threshold"] <= 1
    session, features = answers(tmp_path / "model_feat.onnx", input=np.zeros((2, 3, 96, 96), np.float32))
    assert session.get_inputs()[0].shape == ["N", 3, 96, 96]
    assert features.shape == (2, 128)
    vectors = np.zeros((3, 128), np.float32)
    vectors[0, 0], vectors[1, 0], vectors[2, 1] = 1, 2, 3  # parallel, parallel, at a right angle
    _, differences = answers(tmp_path / "model_metrics.onnx", input=vectors)
    assert differences == pytest.approx(np.array([[0, 0, 0.5], [0, 0, 0.5], [0.5, 0.5, 0]]), abs=1e-6)


def test_contrast_is_small_when_people_are_told_apart():
    apart = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]])
    assert embed.contrast(apart, torch.tensor([0, 0, 1, 1])) < 1e-6
    assert embed.contrast(apart, torch.tensor([0, 1, 0, 1])) > 10


def test_weights_are_stored_in_half_and_used_in_full(tmp_path):
    layer = torch.nn.Linear(32, 32)
    x = torch.rand(3, 32)
    write_onnx(layer, x, tmp_path / "x.onnx", "in", "out", {"who": "me"})
    session, found = answers(tmp_path / "x.onnx", **{"in": x.numpy()})
    assert found == pytest.approx(layer(x).detach().numpy(), abs=1e-3)
    assert session.get_modelmeta().custom_metadata_map == {"who": "me"}
    stored = {tensor.data_type for tensor in onnx.load(tmp_path / "x.onnx").graph.initializer if tensor.dims[0] == 32}
    assert onnx.TensorProto.FLOAT16 in stored


def test_look_alikes_differ_and_are_not_of_the_cast():
    rng = np.random.default_rng(0)
    for _ in range(20):
        someone = random_character(rng)
        other = look_alike(rng, someone)
        assert other != someone
        assert other.outfits == someone.outfits
        assert not any(similar(other, member) for member in CAST)


def test_a_crop_is_tagged_for_what_it_shows():
    rng = np.random.default_rng(3)
    scene = random_scene(rng, random_character(rng), view="full", aspect=1.0)
    drawing = render(scene, 200, 200)
    frame = Frame(scene, drawing.image, drawing.truth)
    boxes = drawing.truth[0].boxes
    assert "full_body" in crop_tags(frame, 0, boxes["person"])
    head = crop_tags(frame, 0, boxes["head"])
    assert "full_body" not in head and f"{scene.figures[0].character.hair_class}_hair" in head
    kinds = crop_spans(np.random.default_rng(0), frame, boxes, shake=0)
    assert kinds[0] == tuple(round(side) for side in boxes["person"])


def test_a_crop_moves_the_camera():
    scene = Scene(Background("plain"), (), Camera(0.5, 0.0, 2.0))
    frame = Frame(scene, np.zeros((100, 200, 3), np.uint8), ())
    moved, aspect = seen_through(frame, (100, 0, 200, 50))  # the right top quarter; 200 px are a scene unit
    assert aspect == 2.0
    assert (moved.camera.x, moved.camera.y, moved.camera.zoom) == (0.75, -0.125, 4.0)


def test_error_rates_of_pairs():
    same, other = np.array([0.1, 0.2, 0.3, 0.6]), np.array([0.2, 0.5, 0.7, 0.8])
    missed, mistaken = error_rates(same, other, np.array([0.0, 0.3, 0.65]))
    assert missed.tolist() == [1.0, 0.25, 0.0]
    assert mistaken.tolist() == [0.0, 0.25, 0.5]
    assert equal_error_rate(same, other) == 0.25
    # as if half of the pairs were the same: 3 of 4 found, 1 of 4 mistaken
    assert pair_f1(missed, mistaken, 0.5).tolist() == pytest.approx([0.0, 0.75, 0.8])
    threshold, best = best_threshold(same, other)
    assert 0.3 <= threshold < 0.5 or 0.6 <= threshold < 0.7
    assert best > 0.5


def test_boxes_found_are_matched_once():
    truth = np.array([[0.0, 0, 10, 10], [20, 0, 30, 10]])
    found = np.array([[0.0, 0, 10, 9], [0, 0, 10, 10], [24, 0, 34, 10]])  # right, again, too far off: IoU 6 / 14
    assert iou(found[2], truth[1]) == pytest.approx(6 / 14)
    assert matches(found, truth) == 1


def test_f1_of_tags():
    kept, truth = np.array([[1, 0], [1, 1]], bool), np.array([[1, 1], [0, 1]], bool)
    assert f1(kept, truth) == pytest.approx(2 * 2 / 6)
    assert f1(kept, truth, 0).tolist() == pytest.approx([2 / 3, 2 / 3])
