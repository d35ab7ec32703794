"""Text found and read, by tiny graphs of PP-OCR's signature whose answers can be told by hand."""

import sys
from pathlib import Path

import cv2
import numpy as np
import polars as pl
import pytest
import yaml
from onnx import helper
from test_quality import PARAMS, drawing
from tiny_graphs import save

from genga.drawings.inscriptions import in_words, told
from genga.drawings.ocr import Line, Reader, in_letters, lines_in, open_reader, searched, shown_to_read, upright
from genga.drawings.quality import quality
from genga.errors import GengaError
from genga.models.registry import Registry, load
from genga.params.models import Params, ReaderContract
from genga.store.files import sha256_of
from genga.tables.quality import QUALITY

ROOT = Path(__file__).resolve().parent.parent


def finder(path: Path, outputs: int = 1) -> Path:
    """As PP-OCR's finder, dynamic sides: how bright a px is, 0..1, is how likely it is text."""
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["mean", "half"], ["halved"]),
        helper.make_node("Add", ["halved", "half"], ["one"]),
        helper.make_node("Concat", ["one"] * outputs, ["fetch_name_0"], axis=1),
    ]
    shapes = {"x": ["n", 3, "h", "w"]}, {"fetch_name_0": ["n", outputs, "h", "w"]}
    return save(path, nodes, *shapes, {"half": np.float32(0.5)})


def reader(path: Path, letters: str | None = "c\nb\na\n") -> Path:
    """As PP-OCR's reader, 48 px high, a step each 8 px: blank .6, then how much blue, green, red; never the space."""
    nodes = [
        helper.make_node("AveragePool", ["x"], ["fields"], kernel_shape=[48, 8], strides=[48, 8]),
        helper.make_node("Squeeze", ["fields", "two"], ["planes"]),
        helper.make_node("Mul", ["planes", "half"], ["halved"]),
        helper.make_node("Add", ["halved", "half"], ["colours"]),
        helper.make_node("Pad", ["colours", "around", "blank"], ["padded"]),
        helper.make_node("Mul", ["padded", "space"], ["known"]),
        helper.make_node("Transpose", ["known"], ["fetch_name_0"], perm=[0, 2, 1]),
    ]
    constants = {
        "two": np.array([2]), "half": np.float32(0.5), "around": np.array([0, 1, 0, 0, 1, 0]),
        "blank": np.float32(0.6), "space": np.array([1, 1, 1, 1, 0], np.float32)[None, :, None],
    }  # fmt: skip
    metadata = {"character": letters} if letters is not None else {}
    shapes = {"x": ["n", 3, 48, "w"]}, {"fetch_name_0": ["n", "steps", 5]}
    return save(path, nodes, *shapes, constants, metadata)


def written(text: str, size: tuple[int, int] = (736, 736), at: tuple[int, int] = (100, 200)) -> np.ndarray:
    """A black picture with a line, 48 px high: a, b and c are red, green, blue fields 40 px wide."""
    colours = {"a": (255, 120, 120), "b": (120, 255, 120), "c": (120, 120, 255), " ": (0, 0, 0)}
    image = np.zeros((*size, 3), np.uint8)
    for place, letter in enumerate(text):
        image[at[1] : at[1] + 48, at[0] + 40 * place : at[0] + 40 * (place + 1)] = colours[letter]
    return image


def opened(folder: Path, letters: str | None = "c\nb\na\n", **said: object) -> Reader:
    contract = ReaderContract.model_validate(said)
    return Reader(finder(folder / "find.onnx"), reader(folder / "read.onnx", letters), contract, device="cpu")


def test_lines_are_found_and_read(tmp_path):
    both = [written("abca"), np.zeros((90, 160, 3), np.uint8)]
    both[0][400:448, 300:420] = (120, 120, 255)
    found, nothing = opened(tmp_path, unclip=0.0, dilate=False)(both)
    assert nothing == []
    assert [(line.text, line.x0, line.y0, line.x1, line.y1) for line in found] == [
        ("abca", 100, 200, 259, 247), ("c", 300, 400, 419, 447),
    ]  # fmt: skip
    assert all(0.8 < line.score <= 1 for line in found)


def test_a_line_is_as_good_as_its_letters(tmp_path):
    assert [line.text for line in opened(tmp_path, least=0.95)([written("abc")])[0]] == []


def test_what_is_found_is_made_wider_by_area_over_length():
    likely = np.zeros((100, 200), np.float32)
    likely[40:60, 50:150] = 0.8  # contours go through the middles of px: 99 x 19 of them
    (corners,) = lines_in(likely, ReaderContract(unclip=1.6, dilate=False), (2.0, 3.0))
    more = 99 * 19 * 1.6 / (2 * (99 + 19))  # 12.75
    assert np.ptp(corners[:, 0]) == pytest.approx(2 * (99 + 2 * more), abs=2)
    assert np.ptp(corners[:, 1]) == pytest.approx(3 * (19 + 2 * more), abs=3)
    assert lines_in(likely, ReaderContract(box_threshold=0.9), (1.0, 1.0)) == []


def test_what_is_searched_has_sides_of_32_and_its_contracts_channels():
    image = np.zeros((360, 640, 3), np.uint8)
    image[..., 0] = 255
    shown = searched(image, ReaderContract(mean=[0.0, 0.0, 0.5], std=[1.0, 1.0, 0.25]))
    assert shown.shape == (3, 736, 1312), "640 * 736 / 360 is 1308"
    assert shown[:, 0, 0].tolist() == [0.0, 0.0, 2.0], "BGR: red comes last"
    assert searched(image, ReaderContract(order="RGB"))[:, 0, 0].tolist() == [1.0, -1.0, -1.0]
    assert searched(image, ReaderContract(bound="most", side=320)).shape == (3, 192, 320)
    assert searched(np.zeros((900, 1600, 3), np.uint8), ReaderContract()).shape == (3, 896, 1600)


def test_a_leaning_line_is_straightened_and_a_standing_one_laid_down():
    image = np.zeros((200, 200, 3), np.uint8)
    cv2.fillPoly(image, [np.array([[40, 60], [140, 90], [134, 110], [34, 80]])], (200, 200, 200))
    flat = upright(image, np.float32([[40, 60], [140, 90], [134, 110], [34, 80]]))
    assert flat.shape[:2] == (20, 104) and flat[4:-4, 4:-4].min() > 190
    standing = upright(image, np.float32([[10, 10], [30, 10], [30, 110], [10, 110]]))
    assert standing.shape[:2] == (20, 100)


def test_a_short_line_has_nothing_behind_it():
    shown = shown_to_read(np.full((24, 48, 3), 255, np.uint8), 48, "BGR")
    assert shown.shape == (3, 48, 320) and shown[:, :, :96].min() == 1 and shown[:, :, 96:].max() == 0
    assert shown_to_read(np.zeros((24, 480, 3), np.uint8), 48, "BGR").shape == (3, 48, 960)


def test_of_equal_neighbours_the_first_counts():
    steps = np.zeros((7, 4), np.float32)
    for step, (letter, score) in enumerate([(1, 0.9), (1, 0.6), (0, 1), (1, 0.5), (2, 0.7), (3, 1), (0, 1)]):
        steps[step, letter] = score
    assert in_letters(steps, ["", "x", "y", " "]) == ("xxy", pytest.approx((0.9 + 0.5 + 0.7 + 1) / 4))
    assert in_letters(np.eye(4, dtype=np.float32)[[0, 0]], ["", "x", "y", " "]) == ("", 0.0)


def test_letters_in_a_file(tmp_path):
    contract = ReaderContract(unclip=0.0)
    (tmp_path / "letters.txt").write_text("字\nb\na\n", encoding="utf-8")
    paths = finder(tmp_path / "f.onnx"), reader(tmp_path / "r.onnx", None)
    assert Reader(*paths, contract, tmp_path / "letters.txt")([written("c")])[0][0].text == "字"
    with pytest.raises(GengaError, match=r"r\.onnx: does not say its letters .*; name a file `letters`"):
        Reader(*paths, contract)
    (tmp_path / "letters.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(GengaError, match=r"letters\.txt: is no list of letters .*genga models pull --role ocr"):
        Reader(*paths, contract, tmp_path / "letters.txt")


def test_graphs_of_other_models_are_refused_in_one_line(tmp_path):
    with pytest.raises(GengaError, match=r"read\.onnx: answers \[1, \d+, 5\], and 4 letters are known"):
        opened(tmp_path, "b\na\n")([written("ab")])
    other = Reader(finder(tmp_path / "f.onnx", 2), reader(tmp_path / "r.onnx"), ReaderContract(), device="cpu")
    with pytest.raises(GengaError, match=r"f\.onnx: answers \[1, 2, 736, 736\] for .* expected a map of the same size"):
        other([written("ab")])
    flat = save(
        tmp_path / "flat.onnx", [helper.make_node("Identity", ["x"], ["y"])], {"x": ["n", 3]}, {"y": ["n", 3]}, {}
    )
    with pytest.raises(GengaError, match=r"flat\.onnx: input is \['n', 3\], expected \[N, 3, height, width\]"):
        Reader(flat, reader(tmp_path / "r.onnx"), ReaderContract())


def test_what_is_read_of_an_image_does_not_depend_on_those_beside_it(tmp_path):
    ask = opened(tmp_path)
    images = [written("abc"), written("b", (360, 640), (20, 20)), written("ccab", (90, 400), (4, 4))]
    assert ask(images) == [lines for image in images for lines in ask([image])]


# What lines are


def row(still: str, *lines: tuple) -> dict:
    sides = ("x0", "y0", "x1", "y1", "text")
    of = [{**dict(zip(sides, line, strict=True)), "score": 0.9, "kind": None} for line in lines]
    return {name: None for name in QUALITY} | {"still": still, "read": of}


def kinds(table: pl.DataFrame) -> list[list[str]]:
    return [[line["kind"] for line in of] for of in table["read"]]


def test_lines_are_subtitles_marks_signs_or_only_text():
    sub, logo, sign = (40, 80, 60, 90, "Hello"), (90, 2, 98, 6, "TV 5"), (10, 20, 30, 30, "BAKERY")
    names = [f"s/e/{number:06d}" for number in range(6)]
    rows = [row(name, sub, logo, sign) for name in names[:4]]  # of shots 0, 1, 2, 3
    rows[0]["read"][0]["text"] = "Good morning"
    rows += [row(names[4], (90, 2, 98, 6, "TV 6")), row(names[5], sub)]
    stills = pl.DataFrame({"still": names, "shot": [0, 1, 2, 3, 3, 4], "width": 100, "height": 100})
    places = {name: [(0.3, 0.78, 0.7, 0.92), (0.88, 0.0, 1.0, 0.1)] for name in names[:5]}
    found = told(pl.DataFrame(rows, schema=QUALITY), stills, places)
    assert kinds(found) == [["subtitle", "mark", "sign"]] * 4 + [["mark"], ["text"]]
    assert in_words(found) == "; read: 5 mark, 4 sign, 4 subtitle, 1 text"


def test_a_single_letter_in_the_scene_is_a_shape():
    table = pl.DataFrame([row("s/e/1", (0, 0, 9, 9, "福"), (0, 20, 9, 29, "II"), (0, 40, 9, 49, "I!"))], schema=QUALITY)
    stills = pl.DataFrame({"still": ["s/e/1"], "shot": [0], "width": 100, "height": 100})
    texts = [line["text"] for line in told(table, stills, {"s/e/1": []})["read"].to_list()[0]]
    assert texts == ["II"]
    unsure = table.with_columns(read=pl.Series([[{**line, "score": 0.79} for line in table["read"].to_list()[0]]],
                                               dtype=QUALITY["read"]))  # fmt: skip
    assert told(unsure, stills, {"s/e/1": []})["read"].to_list() == [[]]
    assert len(told(unsure, stills, {"s/e/1": [(0.0, 0.0, 1.0, 1.0)]})["read"].to_list()[0]) == 3, "over the picture"
    over = told(table, stills, {"s/e/1": [(0.0, 0.0, 0.1, 0.1)]})["read"].to_list()[0]
    assert [(line["text"], line["kind"]) for line in over] == [("福", "subtitle"), ("II", "sign")]


def test_the_same_words_in_three_shots_are_still_a_subtitle():
    names = ["s/e/1", "s/e/2", "s/e/3"]
    table = pl.DataFrame([row(name, (0, 0, 50, 10, "Ah")) for name in names], schema=QUALITY)
    stills = pl.DataFrame({"still": names, "shot": [0, 1, 2], "width": 100, "height": 100})
    assert kinds(told(table, stills, dict.fromkeys(names, [(0.0, 0.0, 1.0, 0.2)]))) == [["subtitle"]] * 3


def test_where_nobody_reads_nothing_changes():
    images = [[("s/e/1", drawing())]]
    table = quality(images, PARAMS)
    assert table["read"].to_list() == [None] and told(table, pl.DataFrame()).equals(table) and in_words(table) == ""
    read = quality(images, PARAMS, reader=lambda batch: [[Line(1, 2, 3, 4, "x", 0.5)] for _ in batch])
    assert read.drop("read").equals(table.drop("read"))
    assert read["read"].to_list() == [[{"x0": 1, "y0": 2, "x1": 3, "y1": 4, "text": "x", "score": 0.5, "kind": None}]]


# models.yaml


def registry_of(folder: Path, contract: dict | None = None, **more: object) -> Registry:
    paths = {"find": finder(folder / "find.onnx"), "read": reader(folder / "read.onnx")}
    files = {part: {"path": path.name, "sha256": sha256_of(path)} for part, path in paths.items()}
    entry = {"name": "tiny", "knows": "letters", "licence": "none", "files": files, "contract": contract or {}, **more}
    (folder / "models.yaml").write_text(yaml.safe_dump({"embedded": {"ocr": entry}, "published": {}}))
    return load(Params(use="embedded", folder="w", device="cpu", batch=1), folder)


def test_the_model_in_the_role_reads(tmp_path):
    read = open_reader(registry_of(tmp_path, {"unclip": 0.0, "dilate": False}))
    assert read is not None and [line.text for line in read([written("cab")])[0]] == ["cab"]
    (tmp_path / "models.yaml").write_text("embedded: {}\npublished: {}\n")
    assert open_reader(load(Params(use="embedded", folder="w", device="cpu", batch=1), tmp_path)) is None


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        ({"side": 8}, r"models\.yaml:embedded\.ocr\.contract\.side: .* got 8"),
        ({"mean": [0.5]}, r"embedded\.ocr\.contract\.mean: "),
        ({"layout": "NHWC"}, r"embedded\.ocr\.contract\.layout: extra inputs are not permitted"),
    ],
)
def test_a_contract_that_is_none_is_refused_by_its_key(tmp_path, contract, said):
    with pytest.raises(GengaError, match=said):
        registry_of(tmp_path, contract)


def test_opening_without_a_reader_brings_no_runtime():
    import subprocess

    said = "import sys; import genga.drawings.ocr, genga.drawings.quality; print('onnxruntime' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "False"
