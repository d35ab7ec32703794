"""Which px are a person's, by tiny graphs of published signatures whose masks can be told by hand."""

import io
from pathlib import Path

import numpy as np
import pytest
import yaml
from onnx import helper
from PIL import Image as Pillow
from test_detect import PARAMS, Stub, picture
from tiny_graphs import save

from genga.dataset.clauses import Somebody, places
from genga.errors import GengaError
from genga.images.codec import MASK_SIDE, encode_mask, lay_mask
from genga.models.registry import Registry, load
from genga.params.models import Params, SegmenterContract
from genga.people.detect import detect
from genga.people.segmenter import Segmenter, open_segmenter, region
from genga.store.files import sha256_of
from genga.tables.detect import KINDS


def anime_seg(path: Path, side: int = 64, logits: bool = False, channels: int = 1) -> Path:
    """As isnetis.onnx: `img` NCHW to `mask` (N, 1, H, W), here how red a px is: 0..1, or -4 to 4."""
    nodes = [
        helper.make_node("Slice", ["img", "zero", "one", "one"], ["red"]),
        helper.make_node("Mul", ["red", "times"], ["more"]),
        helper.make_node("Add", ["more", "plus"], ["level"]),
        helper.make_node("Concat", ["level"] * channels, ["mask"], axis=1),
    ]
    constants = {
        "zero": np.array([0]), "one": np.array([1]), "times": np.float32(8 if logits else 1),
        "plus": np.float32(-4 if logits else 0),
    }  # fmt: skip
    shapes = {"img": ["n", 3, side, side]}, {"mask": ["n", channels, side, side]}
    return save(path, nodes, *shapes, constants)


def yolo_seg(path: Path, boxes: list[tuple[float, ...]], side: int = 64) -> Path:
    """As YOLO's models of segmentation: always these (cx, cy, w, h, score, first, second), masks made of two planes.

    The first plane is 8 in the left half of the input, else -8, the second 8 in its lower half, else -8.
    """
    rows = np.asarray(boxes, np.float32).T[None]
    planes = np.full((1, 2, 16, 16), -8, np.float32)
    planes[0, 0, :, :8] = planes[0, 1, 8:] = 8
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "nought"], ["zeros"]),
        helper.make_node("Reshape", ["zeros", "two"], ["pixel"]),
        helper.make_node("Add", ["rows", "pixel"], ["output0"]),
        helper.make_node("Reshape", ["zeros", "three"], ["dot"]),
        helper.make_node("Add", ["planes", "dot"], ["output1"]),
    ]
    constants = {
        "nought": np.float32(0), "two": np.array([-1, 1, 1]), "three": np.array([-1, 1, 1, 1]), "rows": rows,
        "planes": planes,
    }  # fmt: skip
    shapes = {"images": ["n", 3, side, side]}, {"output0": list(rows.shape), "output1": list(planes.shape)}
    return save(path, nodes, *shapes, constants)


def opened(path: Path, **said: object) -> Segmenter:
    return Segmenter(path, SegmenterContract.model_validate(said), device="cpu")


def laid(box: tuple, mask: bytes | None, size: tuple[int, int]) -> np.ndarray:
    plane = np.zeros(size, bool)
    lay_mask(plane, box, mask)
    return plane


def red(size: tuple[int, int], *boxes: tuple[int, int, int, int]) -> np.ndarray:
    image = np.zeros((*size, 3), np.uint8)
    for x0, y0, x1, y1 in boxes:
        image[y0:y1, x0:x1, 0] = 255
    return image


@pytest.mark.parametrize("size", [(64, 64), (90, 160), (160, 90)])
def test_a_mask_is_of_the_image_though_the_model_saw_it_between_bars(tmp_path, size):
    height, width = size
    image = red(size, (width // 4, height // 4, width // 2, height // 2))
    whole = (0, 0, width, height)
    ((mask,), nobody) = opened(anime_seg(tmp_path / "m.onnx")).masks([image, image], [[whole], []])
    assert nobody == []
    found, true = laid(whole, mask, size), image[..., 0] > 0
    assert (found & true).sum() / (found | true).sum() > 0.85, "at 64 px a step is 2.5 px"


def test_everyones_mask_is_what_lies_in_their_box(tmp_path):
    image = red((64, 64), (0, 0, 16, 64), (48, 0, 64, 32))
    of = opened(anime_seg(tmp_path / "m.onnx", logits=True), activation="logits")
    ((left, right),) = of.masks([image], [[(0, 0, 32, 64), (32, 0, 64, 64)]])
    assert laid((0, 0, 32, 64), left, (64, 64)).sum() == 16 * 64
    assert laid((32, 0, 64, 64), right, (64, 64)).sum() == 16 * 32


def test_what_a_model_is_given_is_its_contracts(tmp_path):
    of = opened(anime_seg(tmp_path / "m.onnx"))
    shown = of.how(red((32, 64), (0, 0, 64, 32)))
    assert shown.shape == (3, 64, 64) and shown[0, 16:48].min() == 1 and shown[0, :16].max() == 0 == shown[1:].max()


@pytest.mark.parametrize(
    ("fit", "expected"),
    [("black", (0, 14, 64, 36)), ("squash", (0.0, 0.0, 64.0, 64.0)), ("white", (0.0, 14.0, 64.0, 36.0))],
)
def test_where_an_image_lies_in_what_it_was_fitted_to(fit, expected):
    assert region((360, 640), (64, 64), fit) == pytest.approx(expected)


def test_instances_are_the_persons_they_share_most_with(tmp_path):
    rows = [
        (16, 32, 32, 64, 0.9, 1, 0),  # on the left: all of its half
        (48, 32, 32, 64, 0.8, 0, 1),  # on the right: its lower half
        (47, 32, 32, 64, 0.5, 1, 0),  # the same one, weaker
        (32, 32, 8, 8, 0.1, 1, 1),  # not above the confidence
    ]
    of = opened(yolo_seg(tmp_path / "m.onnx", rows), kind="instances", fit="squash")
    right, left, other = (50, 0, 100, 100), (0, 0, 50, 100), (40, 40, 60, 60)
    ((one, two, none),) = of.masks([np.zeros((100, 100, 3), np.uint8)], [[right, left, other]])
    assert none is None
    assert laid(left, two, (100, 100))[:, :48].all() and not laid(left, two, (100, 100))[:, 50:].any()
    found = laid(right, one, (100, 100))
    assert not found[:45].any() and found[55:, 50:].all() and not found[:, :50].any()


def test_a_mask_is_a_small_png_of_one_bit_and_comes_back():
    mask = np.zeros((1080, 600), bool)
    mask[270:810, 150:450] = True
    data = encode_mask(mask)
    with Pillow.open(io.BytesIO(data)) as file:
        assert file.mode == "1" and file.size == (142, 256) and max(file.size) == MASK_SIDE
    assert len(data) < 500
    back = laid((0, 0, 600, 1080), data, (1080, 600))
    assert (back & mask).sum() / (back | mask).sum() > 0.97


def test_a_box_that_reaches_beyond_the_plane_is_cut_off():
    mask = encode_mask(np.eye(4, dtype=bool))
    assert laid((-2, -2, 2, 2), mask, (3, 3)).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert laid((-2, -2, 2, 2), None, (3, 3)).sum() == 4
    with pytest.raises(GengaError, match="mask is not a readable image"):
        lay_mask(np.zeros((3, 3), bool), (0, 0, 2, 2), b"nothing")


@pytest.mark.parametrize(
    ("graph", "said", "message"),
    [
        ({"channels": 2}, {}, r"m\.onnx: answers \[1, 2, 64, 64\], expected \[N, 1, height, width\]"),
        ({"logits": True}, {}, r"answers -4 to 4, which is not how likely a px is .*activation: logits"),
        ({}, {"size": 32}, r"m\.onnx: input is \['n', 3, 64, 64\], expected a segmenter's \[N, 3, 32, 32\]"),
        ({}, {"layout": "NHWC"}, r"expected a segmenter's \[N, 3, 3, 3\]|expected a segmenter's \[N, 64, 64, 3\]"),
        ({}, {"output": "masks"}, r"answers mask, and masks is asked for .*put contract.output"),
        ({}, {"kind": "instances"}, r"answers mask, and mask is asked for, with another beside it"),
    ],
)
def test_another_model_is_refused_in_one_line(tmp_path, graph, said, message):
    with pytest.raises(GengaError, match=message):
        opened(anime_seg(tmp_path / "m.onnx", **graph), **said).masks([red((64, 64), (0, 0, 9, 9))], [[(0, 0, 9, 9)]])


# The table detect


class Maker:
    def masks(self, images, persons):
        return [[bytes([number]) for number, _ in enumerate(boxes)] for boxes in persons]


def test_masks_stand_beside_persons_and_nobody_else():
    found = {"person": [(100, 0, 160, 90, 0.9, "p"), (10, 0, 70, 90, 0.8, "p")], "head": [(20, 5, 50, 35, 0.7, "h")]}
    detectors = {kind: Stub(kind, *found.get(kind, ())) for kind in KINDS}
    table = detect([[picture("s/e/1")]], detectors, PARAMS, Maker())
    assert table.select("kind", "x0", "mask").rows() == [
        ("person", 10, b"\0"),
        ("person", 100, b"\1"),
        ("head", 20, None),
    ]
    bare = detect([[picture("s/e/1")]], detectors, PARAMS)
    assert bare["mask"].null_count() == 3 and bare.drop("mask").equals(table.drop("mask"))


def registry_of(folder: Path, contract: dict) -> Registry:
    path = anime_seg(folder / "m.onnx")
    files = {"model": {"path": path.name, "sha256": sha256_of(path)}}
    entry = {"name": "tiny", "knows": "red", "licence": "none", "files": files, "contract": contract}
    (folder / "models.yaml").write_text(yaml.safe_dump({"embedded": {"segment": entry}, "published": {}}))
    return load(Params(use="embedded", folder="w", device="cpu", batch=1), folder)


def test_the_model_in_the_role(tmp_path):
    of = open_segmenter(registry_of(tmp_path, {}))
    assert of is not None and of.masks([red((64, 64), (0, 0, 64, 64))], [[(0, 0, 9, 9)]])[0][0] is not None
    with pytest.raises(GengaError, match=r"models\.yaml:embedded\.segment\.contract: .*thresholds is of taggers"):
        registry_of(tmp_path, {"thresholds": {"general": 0.5}})
    (tmp_path / "models.yaml").write_text("embedded: {}\npublished: {}\n")
    assert open_segmenter(load(Params(use="embedded", folder="w", device="cpu", batch=1), tmp_path)) is None


# Who is in front


def test_in_front_is_whose_px_are_most_of_what_both_boxes_share():
    here, there = (0, 0, 100, 200), (10, 0, 110, 200)
    full, thin = encode_mask(np.ones((200, 100), bool)), encode_mask(np.eye(200, 100, dtype=bool))
    told = places([Somebody(0, here, mask=thin), Somebody(1, there, mask=full)])
    assert told == {0: "Behind", 1: "In front"}
    assert places([Somebody(0, here, mask=full), Somebody(1, there, mask=full)]) == {}, "one mask of both tells nothing"
    assert places([Somebody(0, here), Somebody(1, there)]) == {}
