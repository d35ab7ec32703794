"""The bench that holds genga beside dghs-imgutils: its files, its side of genga, and that it sees what differs."""

import io

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from bench.parity import KINDS, MISREAD, SCORE, WD_REPO, WHAT, Sides, furthest, rows, text, write_hub, write_images
from genga.images.codec import decode
from genga.people.labels import Tag


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parity")
    write_hub(folder / "hub", np.random.default_rng(1))
    write_images(folder, np.random.default_rng(1), True, len(KINDS))
    return folder


def test_the_package_is_given_what_is_meant(folder):
    for path in sorted((folder / "ours").iterdir()):
        ours, theirs = path.read_bytes(), (folder / "images" / path.name).read_bytes()
        kind = path.stem.split(" ", 1)[1]
        assert (ours == theirs) == (kind not in MISREAD), kind
        with Image.open(io.BytesIO(theirs)) as picture:
            seen = picture.convert("RGBA")
            flat = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
        assert np.abs(decode(ours).astype(int) - np.asarray(flat)).max() <= 1, kind


def test_gengas_side_is_the_graphs_answer_to_what_the_publisher_prepares(folder):
    sides = Sides(folder / "hub")
    path = next(folder.glob("ours/*RGBA.png"))
    with Image.open(path) as picture:
        side = max(picture.size)
        square = Image.new("RGB", (side, side), "white")
        square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2), mask=picture)
    given = np.asarray(square.resize((448, 448), Image.Resampling.BICUBIC), np.float32)[None, :, :, ::-1]
    graph = folder / f"hub/deepghs/wd14_tagger_with_embeddings/SmilingWolf/{WD_REPO}/model.onnx"
    (scores,) = onnxruntime.InferenceSession(graph).run(["prediction"], {"input": np.ascontiguousarray(given)})
    said = sides.said_of(decode(path.read_bytes()))
    assert said.keys() == WHAT.keys()
    np.testing.assert_allclose(said["wd"], scores[0], rtol=0, atol=SCORE)
    assert said["text"] == text(sides.wd, scores[0]) and len(said["person"]) > 1


def test_what_differs_is_seen():
    said = {what: np.array([[1.0, 2, 3, 4, 0.5]]) for what in WHAT} | {"text": "sky"}
    ours = {f"{i:02d} {kind}": said for i, kind in enumerate(KINDS)}
    theirs = {f"{name}/{what}": value for name, of in ours.items() for what, value in of.items()}
    assert {far for *_, far in rows(ours, theirs)} == {0.0}
    theirs |= {"00 RGB/text": "sea", "01 RGBA/person": np.array([[1.0, 2, 4, 4, 0.5]]), "02 L/head": np.zeros((0, 5))}
    worse = {(what, kind): far for what, kind, _, far in rows(ours, theirs) if far > SCORE}
    assert worse == {("text", "RGB"): np.inf, ("person", "RGBA"): 1.0, ("head", "L"): np.inf}
    assert furthest(np.array([0.5]), np.array([0.50001])) == pytest.approx(1e-5)


def test_text_of_tags():
    class Knows:
        tags = [Tag("general", "rating"), Tag("long_hair", "general"), Tag("^_^", "general"), Tag("a_(b)", "character"),
                Tag("sky", "general")]  # fmt: skip

    assert text(Knows(), np.array([0.9, 0.5, 0.6, 0.86, 0.35], np.float32)) == r"^_^, long hair, a \(b\)"
