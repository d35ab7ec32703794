"""Taggers of every published contract: tiny graphs of their signatures with random weights, behind entries of
models.yaml, against preprocessing written out here, after the publishers' own demonstrations."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from genga.errors import GengaError
from genga.models.preparation import prepare, read_stages
from genga.models.registry import load
from genga.params.models import Contract, Params
from genga.people.ensemble import USUAL
from genga.people.tagger import Tagger, open_taggers
from genga.store.files import write_json, write_text

ROOT = Path(__file__).resolve().parent.parent

# category numbers as Danbooru's, and 9 for ratings
TAGS = [("general", 9), ("explicit", 9), ("1girl", 0), ("long_hair", 0), ("hana_(work)", 4), ("work", 3), ("best", 6)]
NAMES = {9: "Rating", 0: "General", 4: "Character", 3: "Copyright", 6: "Quality"}


def graph(
    path: Path, size: int | str, layout: str = "NCHW", outputs: tuple[str, ...] = ("prediction",),
    batch: int | str = "batch", beside: bool = False, real: int = 0, tags: int = len(TAGS),
) -> Path:  # fmt: skip
    """A tagger of random weights: means of 4 x 4 fields, a matrix, and a sigmoid, by an output's name.

    real: px, the size where the graph does not say it. beside: the weights lie in a file of their own.
    """
    rng = np.random.default_rng(7)
    field = (size if isinstance(size, int) else real) // 4
    scale = 1 / 255 if layout == "NHWC" else 1
    constants = {
        "matrix": (rng.normal(0, 1.5, (48, tags)) * scale).astype(np.float32),
        "wide": rng.normal(0, 1, (48, 16)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Transpose", ["input"], ["planes"], perm=[0, 3, 1, 2] if layout == "NHWC" else [0, 1, 2, 3]),
        helper.make_node("AveragePool", ["planes"], ["fields"], kernel_shape=[field] * 2, strides=[field] * 2),
        helper.make_node("Flatten", ["fields"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["prediction"]),
        helper.make_node("MatMul", ["flat", "wide"], ["embedding"]),
    ]
    shape = [batch, size, size, 3] if layout == "NHWC" else [batch, 3, size, size]
    made = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, 16 if name == "embedding" else tags])
            for name in outputs
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    external = {"save_as_external_data": True, "location": f"{path.name}.data", "size_threshold": 0} if beside else {}
    onnx.save(model, path, **external)
    return path


def selected_tags(path: Path, **more: Callable[[str], str]) -> None:
    """Write selected_tags.csv, with further columns by the tag's name."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "tag_id", "name", "category", "count", *more])
        writer.writerows(
            [i, i, name, number, 10 * i, *(of(name) for of in more.values())] for i, (name, number) in enumerate(TAGS)
        )


# Images as codec gives them: odd sizes, one of a pixel's width, one as large as the input.
def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    sizes = [(45, 101), (300, 1), (1, 777), (448, 448), (620, 1103), (1, 1)]
    return [
        np.kron(rng.integers(0, 256, (-(-height // 5), -(-width // 5), 3)), np.ones((5, 5, 1)))[:height, :width].astype(
            np.uint8
        )
        for height, width in sizes
    ]


# What a publisher's demonstration does with an image, written out again; (height, width, 3) -> the input.


def white_square(image: np.ndarray, size: int, how: Image.Resampling) -> Image.Image:
    side = max(image.shape[:2])
    square = Image.new("RGB", (side, side), "white")
    square.paste(Image.fromarray(image), ((side - image.shape[1]) // 2, (side - image.shape[0]) // 2))
    return square.resize((size, size), how)


def half(picture: Image.Image) -> np.ndarray:
    """-1..1, channels first."""
    return ((np.asarray(picture, np.float32) / 255 - np.float32(0.5)) / np.float32(0.5)).transpose(2, 0, 1)


def wd(image: np.ndarray) -> np.ndarray:
    return np.asarray(white_square(image, 448, Image.Resampling.BICUBIC), np.float32)[:, :, ::-1]


def canary(image: np.ndarray) -> np.ndarray:
    return half(white_square(image, 448, Image.Resampling.BICUBIC))


def pixai_09(image: np.ndarray) -> np.ndarray:
    return half(Image.fromarray(image).resize((448, 448), Image.Resampling.BILINEAR))


def pixai_10(image: np.ndarray) -> np.ndarray:
    ratio = min(1008 / image.shape[0], 1008 / image.shape[1])
    width, height = (max(1, int(side * ratio)) for side in (image.shape[1], image.shape[0]))
    canvas = Image.new("RGB", (1008, 1008))
    inside = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    canvas.paste(inside, ((1008 - width) // 2, (1008 - height) // 2))
    return half(canvas)


def cl_1(image: np.ndarray) -> np.ndarray:
    return canary(image)[::-1]


def cl_2(image: np.ndarray) -> np.ndarray:
    return half(Image.fromarray(image).resize((384, 384), Image.Resampling.BICUBIC))


def camie(image: np.ndarray) -> np.ndarray:
    """Fitted into 512 on grey, by ImageNet's mean and deviation."""
    ratio = min(512 / image.shape[1], 512 / image.shape[0])
    width, height = (max(1, round(side * ratio)) for side in (image.shape[1], image.shape[0]))
    canvas = Image.new("RGB", (512, 512), (124, 116, 104))
    inside = Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS)
    canvas.paste(inside, ((512 - width) // 2, (512 - height) // 2))
    values = np.asarray(canvas, np.float32).transpose(2, 0, 1) / 255
    mean, deviation = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    return (values - mean[:, None, None]) / deviation[:, None, None]


CAMIE = [
    {"type": "convert_rgb", "force_background": "white"},
    {"type": "pad_to_size", "size": [512, 512], "background_color": [124, 116, 104], "interpolation": "lanczos"},
    {"type": "to_tensor"},
    {"type": "normalize", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
]


def animetimm(image: np.ndarray) -> np.ndarray:
    """Fitted into a white square of 512, resized to 448."""
    ratio = min(512 / image.shape[1], 512 / image.shape[0])
    width, height = (max(1, round(side * ratio)) for side in (image.shape[1], image.shape[0]))
    canvas = Image.new("RGB", (512, 512), "white")
    inside = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    canvas.paste(inside, ((512 - width) // 2, (512 - height) // 2))
    return half(canvas.resize((448, 448), Image.Resampling.BICUBIC))


ANIMETIMM = [
    {"type": "pad_to_size", "size": [512, 512], "background_color": "white", "interpolation": "bilinear"},
    {"type": "resize", "size": 448, "interpolation": "bicubic", "max_size": None, "antialias": True},
    {"type": "center_crop", "size": [448, 448]},
    {"type": "maybe_to_tensor"},
    {"type": "normalize", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
]


# How each model lies in its folder, and its contract.


def put_wd(folder: Path) -> dict:
    graph(folder / "model.onnx", 448, "NHWC")
    selected_tags(folder / "selected_tags.csv")
    return {"model": "model.onnx", "tags": "selected_tags.csv"}


def put_canary(folder: Path) -> dict:
    graph(folder / "model.onnx", 448)
    selected_tags(folder / "selected_tags.csv")
    return {"model": "model.onnx", "tags": "selected_tags.csv"}


def put_pixai_09(folder: Path) -> dict:
    graph(folder / "model.onnx", 448, outputs=("embedding", "logits", "prediction"))
    works = {"hana_(work)": '["work", "other"]'}
    selected_tags(folder / "selected_tags.csv", ips=lambda name: works.get(name, "[]"))
    return {"model": "model.onnx", "tags": "selected_tags.csv"}


def put_pixai_10(folder: Path) -> dict:
    graph(folder / "model.onnx", 1008, outputs=("logits",), batch=1, beside=True)
    groups, start = [], 0
    for name, of in [("rating", ["rating:g", "rating:e"]), ("general", ["1girl", "long_hair"]),
                     ("character", ["hana_(work)"]), ("copyright", ["work"]), ("style", ["best"])]:  # fmt: skip
        groups.append({"name": name, "offset": start, "count": len(of), "tags": of})
        start += len(of)
    write_json(folder / "tags.json", {"num_classes": start, "categories": groups[::-1]})
    return {"model": "model.onnx", "data": "model.onnx.data", "tags": "tags.json"}


def put_cl_1(folder: Path) -> dict:
    graph(folder / "model.onnx", 448, outputs=("logits",))
    tags = {str(i): {"tag": name, "category": NAMES[number]} for i, (name, number) in enumerate(TAGS)}
    write_json(folder / "tag_mapping.json", tags)
    return {"model": "model.onnx", "tags": "tag_mapping.json"}


def put_cl_2(folder: Path) -> dict:
    graph(folder / "model.onnx", 384, outputs=("logits",), beside=True)
    said = {"idx_to_tag": {str(i): name.replace("_", " ") for i, (name, _) in enumerate(TAGS)}}
    said["tag_to_category"] = {name.replace("_", " "): NAMES[number] for name, number in TAGS}
    write_json(folder / "model_vocabulary.json", said)
    return {"model": "model.onnx", "data": "model.onnx.data", "tags": "model_vocabulary.json"}


def put_camie(folder: Path) -> dict:
    graph(folder / "model.onnx", "side", real=512, outputs=("embedding", "logits", "prediction"))
    selected_tags(folder / "selected_tags.csv")
    write_json(folder / "preprocess.json", {"stages": CAMIE})
    modes = {"balanced": {"threshold": 0.25}, "high_recall": {"threshold": 0.1}}
    write_json(folder / "threshold.json", {"overall": modes, "general": modes, "character": modes})
    return {"model": "model.onnx", "tags": "selected_tags.csv", "preprocess": "preprocess.json",
            "thresholds": "threshold.json"}  # fmt: skip


def put_animetimm(folder: Path) -> dict:
    graph(folder / "model.onnx", 448, outputs=("embedding", "logits", "prediction"))
    best = {"1girl": "0.5", "long_hair": "0.2"}
    selected_tags(folder / "selected_tags.csv", best_threshold=lambda name: best.get(name, "0.4"))
    write_json(folder / "preprocess.json", {"val": CAMIE, "test": ANIMETIMM})
    return {"model": "model.onnx", "tags": "selected_tags.csv", "preprocess": "preprocess.json"}


PIXAI_10 = {"general": 0.17, "character": 0.27, "copyright": 0.24, "artist": 0.15, "meta": 0.17, "rating": 0.41}
NCHW = {"layout": "NCHW", "order": "RGB", "range": [-1, 1]}
ROWS = {
    "WD v3, EVA02-L v3": (put_wd, wd, {}),
    "WD EVA02 2026 Canary": (put_canary, canary, NCHW),
    "PixAI v0.9": (
        put_pixai_09,
        pixai_09,
        {**NCHW, "fit": "squash", "filter": "bilinear", "output": "prediction",
         "thresholds": {"general": 0.3, "character": 0.85}},
    ),
    "PixAI v1.0": (
        put_pixai_10,
        pixai_10,
        {**NCHW, "fit": "black", "filter": "bilinear", "activation": "logits", "labels": "tags",
         "thresholds": PIXAI_10},
    ),
    "CL v1.02": (
        put_cl_1,
        cl_1,
        {**NCHW, "order": "BGR", "activation": "logits", "labels": "mapping",
         "thresholds": {"general": 0.55, "character": 0.55}},
    ),
    "CL v2.01a": (
        put_cl_2,
        cl_2,
        {**NCHW, "fit": "squash", "activation": "logits", "labels": "vocabulary", "thresholds": {"general": 0.55}},
    ),
    "Camie v2": (put_camie, camie, {"output": "prediction", "mode": "balanced"}),
    "animetimm dbv4": (put_animetimm, animetimm, {"output": "prediction", "mode": "best_threshold"}),
}  # fmt: skip


def opened(root: Path, put: Callable[[Path], dict], contract: dict) -> Tagger:
    """The tagger behind an entry of models.yaml."""
    files = put(root / "model")
    entry = {"name": "tiny", "licence": "none", "knows": "colours", "contract": contract,
             "files": {part: {"path": f"model/{name}"} for part, name in files.items()}}  # fmt: skip
    write_text(root / "models.yaml", yaml.safe_dump({"embedded": {"tagger-1": entry}, "published": {}}))
    (tagger,) = open_taggers(load(Params(use="embedded", folder="weights", device="cpu", batch=1), root), 1)
    return tagger


@pytest.mark.parametrize("row", ROWS)
def test_a_tagger_of_each_contract_says_what_its_publishers_code_does(tmp_path, row):
    put, reference, contract = ROWS[row]
    tagger = opened(tmp_path, put, contract)
    session = onnxruntime.InferenceSession(tmp_path / "model/model.onnx")
    output = contract.get("output") or session.get_outputs()[0].name
    for image in pictures():
        given = reference(image)
        np.testing.assert_array_equal(prepare(image, tagger.how), given)
        (said,) = session.run([output], {"input": np.ascontiguousarray(given)[None]})
        if contract.get("activation") == "logits":
            said = 1 / (1 + np.exp(-said))
        np.testing.assert_allclose(tagger.probabilities([image])[:, : len(TAGS)], said, rtol=0, atol=1e-6)
    assert np.ptp(tagger.probabilities(pictures()), axis=0).max() > 0.05, "what is said depends on the picture"


def test_labels_are_the_same_in_every_form(tmp_path):
    wanted = [("general", "rating"), ("explicit", "rating"), ("1girl", "general"), ("long_hair", "general"),
              ("hana_(work)", "character"), ("work", "copyright")]  # fmt: skip
    last = {"PixAI v1.0": ("best", "artist")}
    for row, (put, _, contract) in ROWS.items():
        tags = [tuple(tag) for tag in opened(tmp_path / row, put, contract).tags]
        more = [("other", "copyright")] if row == "PixAI v0.9" else []
        assert tags == [*wanted, last.get(row, ("best", "quality")), *more], row


def test_a_work_is_as_likely_as_its_likeliest_character(tmp_path):
    tagger = opened(tmp_path, put_pixai_09, ROWS["PixAI v0.9"][2])
    said = dict(zip([tag.name for tag in tagger.tags], tagger.probabilities(pictures()[:1])[0], strict=True))
    assert said["other"] == said["hana_(work)"] and said["work"] != said["hana_(work)"], "the work has its own column"
    assert tagger.counts == [0, 10, 20, 30, 40, 50, 60, 40]


def test_a_column_without_a_name_stands_for_nothing(tmp_path):
    """PixAI's csv has one; where there is no column `ips` it is a damaged file."""

    def nameless(folder: Path) -> dict:
        files = put_pixai_09(folder)
        edited("selected_tags.csv", ",long_hair,", ",,")(folder)
        return files

    whole = opened(tmp_path / "whole", put_pixai_09, ROWS["PixAI v0.9"][2])
    lacking = opened(tmp_path / "lacking", nameless, ROWS["PixAI v0.9"][2])
    assert [tag for tag in whole.tags if tag.name != "long_hair"] == lacking.tags
    np.testing.assert_array_equal(np.delete(whole.scores(pictures()), 3, axis=1), lacking.scores(pictures()))


@pytest.mark.parametrize(
    ("row", "general", "character", "rating"),
    [
        ("WD v3, EVA02-L v3", None, None, None),
        ("PixAI v0.9", [0.3, 0.3], [0.85], [np.nan, np.nan]),
        ("PixAI v1.0", [0.17, 0.17], [0.27], [0.41, 0.41]),
        ("CL v2.01a", [0.55, 0.55], [np.nan], [np.nan, np.nan]),
        ("Camie v2", [0.25, 0.25], [0.25], [np.nan, np.nan]),
        ("animetimm dbv4", [0.5, 0.2], [0.4], [0.4, 0.4]),
    ],
)
def test_thresholds_by_category_by_tag_and_by_mode(tmp_path, row, general, character, rating):
    put, _, contract = ROWS[row]
    tagger = opened(tmp_path, put, contract)
    if general is None:
        assert tagger.thresholds is None and np.array_equal(tagger.scores(pictures()), tagger.probabilities(pictures()))
        return
    found = [
        tagger.thresholds[[tag.category == kind for tag in tagger.tags]] for kind in ("general", "character", "rating")
    ]
    for own, wanted in zip(found, (general, character, rating), strict=True):
        np.testing.assert_allclose(own, wanted, atol=1e-7)
    likely = tagger.probabilities(pictures()) > np.where(np.isnan(tagger.thresholds), USUAL, tagger.thresholds)
    assert np.array_equal(tagger.scores(pictures()) > np.float32(USUAL), likely), "one scale, and the order stays"


def test_models_yaml_has_these_contracts():
    large, pixai_9, pixai_1 = (
        load(Params(use="published-2026", folder="weights", device="cpu", batch=1), ROOT).model(f"tagger-{n}").entry
        for n in (4, 5, 6)
    )
    assert large.contract == Contract()
    assert pixai_9.contract == Contract.model_validate(ROWS["PixAI v0.9"][2])
    assert pixai_1.contract == Contract.model_validate(ROWS["PixAI v1.0"][2])
    assert [file.path for file in pixai_1.files.values()] == ["model.onnx", "model.onnx.data", "tags.json"]


# What is not what it should be is one line.

NHWC_GRAPH = r"model\.onnx: input is \['batch', 448, 448, 3\], expected a tagger's "


def instead(name: str, value: object) -> Callable[[Path], object]:
    """A folder's file with another value in JSON, or text."""
    return lambda folder: write_text(folder / name, value if isinstance(value, str) else json.dumps(value))


def edited(name: str, old: str, new: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        write_text(folder / name, text.replace(old, new))

    return change


def another(size: int | str, layout: str) -> Callable[[Path], object]:
    return lambda folder: graph(folder / "model.onnx", size, layout, real=448)


MAPPING, VOCABULARY = "tag_mapping.json", "model_vocabulary.json"
BROKEN = [
    ("WD EVA02 2026 Canary", another(448, "NHWC"), {},
     NHWC_GRAPH + r"\[N, 3, 448, 448\] \(model tiny, as models\.yaml has it\); it is another model, or its"),
    ("WD v3, EVA02-L v3", None, {"size": 384}, NHWC_GRAPH + r"\[N, 384, 384, 3\]"),
    ("WD v3, EVA02-L v3", another("side", "NHWC"), {},
     r"input is \['batch', 'side', 'side', 3\], expected a tagger's \[N, size, size, 3\]"),
    ("PixAI v0.9", None, {"output": "scores"},
     r"model\.onnx: has no output scores \(model tiny\), but embedding, logits, prediction; name one of them"),
    ("PixAI v0.9", None, {"output": "embedding"}, r"selected_tags\.csv: has 7 tags but .*model\.onnx answers 16"),
    ("PixAI v0.9", None, {"output": "logits"}, r"which are no probabilities \(model tiny\); write contract: "),
    ("CL v2.01a", lambda folder: (folder / "model.onnx.data").unlink(), {},
     r"model\.onnx\.data: missing \(model tiny, role tagger-1\)"),
    ("PixAI v1.0", instead("tags.json", {"0": {"tag": "a", "category": "General"}}), {},
     r"tags\.json: is no label file of the form tags \(KeyError: 'categories'\); name its form, or fetch it"),
    ("PixAI v1.0", edited("tags.json", '"count": 2', '"count": 3'), {},
     r"tags\.json: is no label file of the form tags \(rating has 2 tags from 0: not 3 from 0\)"),
    ("PixAI v1.0", edited("tags.json", 'classes": 7', 'classes": 8'), {}, r"\(7 tags, and num_classes is 8\)"),
    ("CL v1.02", edited(MAPPING, '"3"', '"9"'), {}, r"of the form mapping \(column 3 has no tag\)"),
    ("CL v1.02", edited(MAPPING, "Quality", "Q"), {}, r"\('best' of the category 'Q' is no tag\)"),
    ("CL v1.02", instead(MAPPING, "{"), {}, r"tag_mapping\.json: "),
    ("CL v1.02", instead(MAPPING, {}), {}, r"tag_mapping\.json: has no tags"),
    ("CL v2.01a", instead(VOCABULARY, {"idx_to_tag": ["a"], "tag_to_category": {"a": "meta"}}), {},
     r"model_vocabulary\.json: has 1 tags but .*model\.onnx answers 7"),
    ("WD v3, EVA02-L v3", instead("selected_tags.csv", '{"0":\n {"tag": "a"}}\n'), {},
     r"selected_tags\.csv: line 2 is not tag_id,name,category,count: it has no name; name its form in models\.yaml"),
    ("PixAI v0.9", instead("selected_tags.csv", "name,category,count,ips\na,0,1,[\n"), {},
     r"line 2 is not .*: ips is '\[', no list of names in JSON"),
    ("animetimm dbv4", lambda folder: selected_tags(folder / "selected_tags.csv"), {},
     r"csv: has no column best_threshold \(model tiny\)"),
    ("animetimm dbv4", edited("selected_tags.csv", "0.2", "2"), {}, r"best_threshold is '2', not between 0 and 1"),
    ("Camie v2", None, {"mode": "high_precision"}, r"threshold\.json: has no thresholds for the mode high_precision"),
    ("Camie v2", instead("preprocess.json", {"stages": [{"type": "rotate"}]}), {},
     r"preprocess\.json: stage 0 is \{'type': 'rotate'\}, of which nothing is known here"),
    ("Camie v2", instead("preprocess.json", {"stages": CAMIE[::-1]}), {},
     r"preprocess\.json: its stages are normalize, to_tensor, pad_to_size; those of pixels come before one to_tensor"),
    ("Camie v2", instead("preprocess.json", []), {}, r"preprocess\.json: has no list `stages` or `test`"),
    ("animetimm dbv4", instead("preprocess.json", {"stages": CAMIE}), {},
     r"input is \['batch', 3, 448, 448\], expected a tagger's \[N, 3, 512, 512\] \(model tiny, as .*preprocess\.json"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "change", "contract", "message"), BROKEN)
def test_what_is_another_is_one_line(tmp_path, row, change, contract, message):
    put, _, said = ROWS[row]

    def made(folder: Path) -> dict:
        files = put(folder)
        if change is not None:
            change(folder)
        return files

    with pytest.raises(GengaError, match=message) as error:
        opened(tmp_path, made, {**said, **contract}).scores(pictures()[:1])
    assert "\n" not in str(error.value)


def test_weights_that_a_graph_has_elsewhere_are_listed(tmp_path):
    files = put_cl_2(tmp_path / "model")
    assert files.pop("data") == "model.onnx.data"
    with pytest.raises(GengaError, match=r"model\.onnx\.data: models\.yaml names no such file .* list it under files"):
        opened(tmp_path, lambda folder: files, ROWS["CL v2.01a"][2])
    (tmp_path / "model/model.onnx.data").unlink()
    with pytest.raises(GengaError, match=r"model\.onnx\.data: missing, and .*model\.onnx has weights in it"):
        Tagger(tmp_path / "model/model.onnx", tmp_path / "model/model_vocabulary.json", "cpu", 1,
               Contract.model_validate(ROWS["CL v2.01a"][2]))  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"preprocess": "scipy"}, "preprocess: extra inputs are not permitted, got 'scipy'"),
        ({"preprocess": "opencv", "contract": {"size": 8}}, "preprocess: extra inputs are not permitted, got 'opencv'"),
        ({"contract": {"fit": "round"}}, "contract.fit: input should be 'white', 'black' or 'squash', got 'round'"),
        ({"contract": {"shape": 3}}, "contract.shape: extra inputs are not permitted, got 3"),
        ({"contract": {"range": [1, 0]}}, "range [1.0, 0.0] does not rise: first the value of black"),
        ({"contract": {"thresholds": {"general": 1.5}}}, "contract.thresholds.general: input should be less than 1"),
        ({"contract": {"mode": "balanced"}}, "contract.mode: balanced and the file `thresholds` go together"),
        ({"contract": {"mode": "best_threshold", "labels": "tags"}}, "mode best_threshold is a column of a csv"),
        ({"contract": {"mode": "best_threshold", "thresholds": {"general": 0.5}}}, "leave one of them out"),
        ({"contract": {"fit": "black"}, "files": {"preprocess": {"path": "p.json"}}},
         "contract.fit: the file `preprocess` says that; leave one of them out"),
        ({"profiles": ["published-large"]}, "profiles: are of published models; leave it out"),
    ],
)  # fmt: skip
def test_an_entry_that_says_what_cannot_be_is_one_line(tmp_path, entry, message):
    files = {"model": {"path": "m.onnx"}, "tags": {"path": "t.csv"}} | entry.get("files", {})
    whole = {"name": "tiny", "licence": "none", "knows": "colours", **entry, "files": files}
    write_text(tmp_path / "models.yaml", yaml.safe_dump({"embedded": {"tagger-1": whole}, "published": {}}))
    with pytest.raises(GengaError) as error:
        load(Params(use="embedded", folder="weights", device="cpu", batch=1), tmp_path)
    assert str(error.value).startswith("models.yaml:embedded.tagger-1") and message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("said", "contract"), [("pillow", {}), ("opencv", {"filter": "area"})])
def test_the_word_from_before_contracts_still_counts(tmp_path, said, contract):
    entry = {
        "name": "tiny",
        "licence": "none",
        "knows": "colours",
        "preprocess": said,
        "files": {"model": {"path": "m"}},
    }
    write_text(tmp_path / "models.yaml", yaml.safe_dump({"embedded": {"tagger-1": entry}, "published": {}}))
    found = load(Params(use="embedded", folder="weights", device="cpu", batch=1), tmp_path).model("tagger-1")
    assert found.entry.contract == Contract.model_validate(contract)


def test_the_profiles_of_the_published_models():
    taggers = {
        use: [model.role for model in load(Params(use=use, folder="w", device="cpu", batch=1), ROOT).taggers()]
        for use in ("published", "published-large", "published-2026")
    }
    three = ["tagger-1", "tagger-2", "tagger-3"]
    assert taggers == {
        "published": three,
        "published-large": [*three, "tagger-4"],
        "published-2026": [*three, "tagger-4", "tagger-5", "tagger-6"],
    }
    models = load(Params(use="published-2026", folder="w", device="cpu", batch=1), ROOT)
    assert {model.entry.licence for model in models.taggers()} == {"Apache-2.0"}, "no other licence joins by a profile"
    with pytest.raises(GengaError, match=r"models\.yaml:published\.wings is missing"):
        models.model("wings")


def test_stages_do_what_they_say(tmp_path):
    pixels = np.arange(12 * 6 * 3, dtype=np.uint8).reshape(12, 6, 3)

    def after(*stages: dict) -> np.ndarray:
        path = tmp_path / "preprocess.json"
        path.write_text(json.dumps({"stages": [*stages, {"type": "to_tensor"}]}))
        return prepare(pixels, read_stages(path))

    assert after({"type": "center_crop", "size": 4}).shape == (3, 4, 4)
    np.testing.assert_array_equal(after({"type": "center_crop", "size": 4})[0] * 255, pixels[4:8, 1:5, 0])
    wide = after({"type": "center_crop", "size": [2, 8]})
    assert wide.shape == (3, 2, 8) and not wide[:, :, 0].any() and not wide[:, :, 7].any(), "what lacks is black"
    assert after({"type": "resize", "size": 3}).shape == (3, 6, 3), "the shorter side"
    assert after({"type": "resize", "size": 3, "max_size": 4}).shape == (3, 4, 2)
    assert after({"type": "resize", "size": [5, 7], "interpolation": 0}).shape == (3, 5, 7)
    padded = after({"type": "pad_to_size", "size": [10, 6], "background_color": 255, "interpolation": "nearest"})
    assert padded.shape == (3, 6, 10) and (padded[:, :, :3] == 1).all() and (padded[:, :, 6:] == 1).all()
