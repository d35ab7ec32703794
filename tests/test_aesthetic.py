"""How good a still looks: tiny graphs of published signatures, against preprocessing and softmax written out here."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from onnx import helper
from PIL import Image
from test_quality import PARAMS, drawing
from tiny_graphs import save

from genga.drawings.aesthetic import Judge, open_judge, read_labels
from genga.drawings.quality import quality
from genga.errors import GengaError
from genga.models.registry import Registry, load
from genga.params.models import ClassifierContract, Contract, Params
from genga.store.files import sha256_of, write_json
from genga.workflow.held_models import HeldModels

ROOT = Path(__file__).resolve().parent.parent
SEVEN = ["masterpiece", "best", "great", "good", "normal", "low", "worst"]  # in an order of its own, as theirs may be
WORTH = {"worst": 0, "low": 1, "normal": 2, "good": 3, "great": 4, "best": 5, "masterpiece": 6}
CAFE = {"scores": {"not_aesthetic": 0, "aesthetic": 1}, "activation": "logits"}


def weights(labels: int) -> np.ndarray:
    return np.random.default_rng(11).normal(0, 2, (48, labels)).astype(np.float32)


def graph(path: Path, labels: int, size: int | str = 32, real: int = 0, softmax: bool = True) -> Path:
    """A classifier with the signature of CLASSIFY: means of 4 x 4 fields, a matrix, and a softmax where it has one."""
    field = (size if isinstance(size, int) else real) // 4
    nodes = [
        helper.make_node("AveragePool", ["input"], ["fields"], kernel_shape=[field] * 2, strides=[field] * 2),
        helper.make_node("Flatten", ["fields"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["sums" if softmax else "output"]),
    ]
    nodes += [helper.make_node("Softmax", ["sums"], ["output"], axis=1)] if softmax else []
    shapes = {"input": ["batch", 3, size, size]}, {"output": ["batch", labels]}
    return save(path, nodes, *shapes, {"matrix": weights(labels)})


def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.integers(0, 256, (*size, 3), np.uint8) for size in ((45, 101), (300, 1), (1, 77), (32, 32), (1, 1))]


def shown(image: np.ndarray, size: int) -> np.ndarray:
    """What imgutils.generic.classify shows a graph."""
    pixels = np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR), np.float32)
    return ((pixels / 255 - 0.5) / 0.5).transpose(2, 0, 1)


def expected(image: np.ndarray, size: int, worth: list[float]) -> float:
    planes = shown(image, size).astype(np.float64)
    fields = planes.reshape(3, 4, size // 4, 4, size // 4).mean(axis=(2, 4)).ravel()
    powers = np.exp([(fields * column).sum() for column in weights(len(worth)).T.astype(np.float64)])
    return sum(power * one for power, one in zip(powers, worth, strict=True)) / sum(powers)


def judge(folder: Path, labels: list[str] = SEVEN, said: object = None, **graphs: object) -> Callable[..., Judge]:
    contract = {**graphs.pop("contract", {})}  # type: ignore[dict-item]
    write_json(folder / "meta.json", said or {"labels": labels})
    made = graph(folder / "model.onnx", len(labels), **graphs)  # type: ignore[arg-type]
    return Judge(made, folder / "meta.json", ClassifierContract.model_validate(contract), device="cpu")


@pytest.mark.parametrize(
    ("size", "real"), [(32, 32), ("side", 384)], ids=["as the graph says", "384 where it does not"]
)
def test_a_score_is_the_mean_worth_of_labels(tmp_path, size, real):
    found = judge(tmp_path, size=size, real=real)(pictures())
    wanted = [expected(image, real, [WORTH[name] for name in SEVEN]) for image in pictures()]
    assert found == pytest.approx(wanted, abs=2e-4) and len({*found}) == 5
    assert all(0 <= score <= 6 for score in found)


def test_a_classifier_of_two_labels_by_its_contract(tmp_path):
    said = {"id2label": {"1": "not_aesthetic", "0": "aesthetic"}}  # a transformers config.json
    found = judge(tmp_path, ["aesthetic", "not_aesthetic"], said, softmax=False, contract=CAFE)(pictures())
    assert found == pytest.approx([expected(image, 32, [1, 0]) for image in pictures()], abs=2e-4)


def test_a_preprocess_json_is_obeyed(tmp_path):
    def by_stages(deviation: float) -> list[float]:
        steps = [
            {"type": "resize", "size": [32, 32], "interpolation": "bilinear"}, {"type": "to_tensor"},
            {"type": "normalize", "mean": [0.5] * 3, "std": [deviation] * 3},
        ]  # fmt: skip
        stages = tmp_path / "preprocess.json"
        write_json(stages, {"stages": steps})
        return Judge(tmp_path / "model.onnx", tmp_path / "meta.json", ClassifierContract(), stages)(pictures())

    own = judge(tmp_path)(pictures())
    assert by_stages(0.5) == pytest.approx(own, abs=2e-4)
    assert by_stages(0.25) != pytest.approx(own, abs=0.01)


def test_the_score_of_an_image_does_not_depend_on_those_beside_it(tmp_path):
    ask = judge(tmp_path)
    assert ask(pictures()) == [score for image in pictures() for score in ask([image])]


LABELS_DIFFER = r"meta\.json: its labels are a, b, and what they are worth is said of worst, low, .*; write contract: "


@pytest.mark.parametrize(
    ("labels", "said", "graphs", "contract", "message"),
    [
        (["a", "b"], None, {}, {}, LABELS_DIFFER),
        (["a", "a"], None, {}, {"scores": {"a": 1}}, r"meta\.json: its labels are a, a, .*one stands twice"),
        (SEVEN, {"names": SEVEN}, {}, {}, r"meta\.json: has no list `labels`, no `id2label` of 0, 1, "),
        (SEVEN, {"id2label": {"0": "worst", "2": "low"}}, {}, {}, r"meta\.json: has no list `labels`, no `id2label`"),
        (SEVEN, SEVEN, {}, {}, r"meta\.json: has no list `labels`"),
        (SEVEN, None, {"softmax": False}, {}, r"answers .*, which are no probabilities of labels .*activation: logits"),
        (SEVEN, None, {}, {"layout": "NHWC"}, r"input is \['batch', 3, 32, 32\], expected a classifier's \[N, "),
        (SEVEN, None, {}, {"size": 64}, r"expected a classifier's \[N, 3, 64, 64\] \(role aesthetic, as models\.yaml"),
        (SEVEN, None, {}, {"output": "scores"}, r"has no output scores \(role aesthetic\), but output; name "),
    ],
)  # fmt: skip
def test_what_is_not_what_it_should_be_is_one_line(tmp_path, labels, said, graphs, contract, message):
    with pytest.raises(GengaError, match=message):
        judge(tmp_path, labels, said, contract=contract, **graphs)(pictures())


def test_a_graph_of_another_width_is_one_line(tmp_path):
    write_json(tmp_path / "meta.json", {"labels": SEVEN})
    other = Judge(graph(tmp_path / "model.onnx", 5), tmp_path / "meta.json", ClassifierContract())
    with pytest.raises(
        GengaError, match=r"meta\.json: has 7 labels but .*model\.onnx answers \[5\] \(role aesthetic\)"
    ):
        other(pictures())


def registry_of(folder: Path, **entry: object) -> Registry:
    """A project whose embedded set has the role, or not."""
    files = {"model": graph(folder / "a/model.onnx", 7), "labels": folder / "a/meta.json"}
    write_json(files["labels"], {"labels": SEVEN})
    listed = {part: {"path": f"a/{path.name}", "sha256": sha256_of(path)} for part, path in files.items()}
    said = {"name": "tiny", "knows": "nothing", "licence": "MIT", "files": listed, **entry}
    (folder / "models.yaml").write_text(yaml.safe_dump({"embedded": {"aesthetic": said}, "published": {}}))
    return load(Params(use="embedded", folder="weights", device="cpu", batch=1), folder)


def test_the_role_fills_the_column_and_without_it_the_column_is_empty(tmp_path):
    stills = [[("a", drawing(60)), ("b", np.zeros((60, 80, 3), np.uint8))], [("c", drawing(90))]]
    open_one = open_judge(registry_of(tmp_path))
    assert open_one is not None
    judged, bare = quality(stills, PARAMS, judge=open_one), quality(stills, PARAMS)
    wanted = [expected(image, 32, [WORTH[name] for name in SEVEN]) for batch in stills for _, image in batch]
    assert judged["aesthetic"].to_list() == pytest.approx(wanted, abs=2e-4)
    assert bare["aesthetic"].to_list() == [None] * 3
    assert judged.drop("aesthetic").equals(bare.drop("aesthetic")), "it changes nothing else"
    (tmp_path / "models.yaml").write_text("embedded: {}\npublished: {}\n")
    assert open_judge(load(Params(use="embedded", folder="w", device="cpu", batch=1), tmp_path)) is None


def test_a_judge_that_is_not_the_one_on_record_is_refused(tmp_path):
    registry = registry_of(tmp_path)
    write_json(tmp_path / "a/meta.json", {"labels": SEVEN[::-1]})
    with pytest.raises(GengaError, match=r"a/meta\.json: sha256 is .*, expected .*role aesthetic"):
        open_judge(registry)


def test_jobs_are_held_to_what_its_contract_says(tmp_path):
    def held(**entry: object) -> object:
        return HeldModels(registry_of(tmp_path, **entry), None).contracts(["aesthetic"])["aesthetic"].get("contract")

    assert HeldModels(registry_of(tmp_path), None).judged
    assert held() is held(contract={}) is held(contract={"order": "RGB", "range": [-1, 1]}) is None
    # What a tagger does that says nothing is something else here.
    assert held(contract={"order": "BGR", "layout": "NHWC"}) == {"order": "BGR", "layout": "NHWC"}
    assert held(contract={"scores": {"a": 1, "b": 0}}) == {"scores": {"a": 1, "b": 0}}


@pytest.mark.parametrize(
    ("contract", "message"),
    [
        ({"labels": "csv"}, r"embedded\.aesthetic\.contract: .*labels is of taggers; leave it out, and say what"),
        ({"thresholds": {"general": 0.4}}, r"thresholds is of taggers"),
        ({"range": [1, 1]}, r"range \[1.0, 1.0\] does not rise"),
        ({"score": {"a": 1}}, r"embedded\.aesthetic\.contract\.score: "),
    ],
)
def test_a_contract_that_says_what_it_cannot_is_refused(tmp_path, contract, message):
    with pytest.raises(GengaError, match=message):
        registry_of(tmp_path, contract=contract)


def test_scores_are_no_taggers(tmp_path):
    entry = {
        "name": "t",
        "knows": "x",
        "licence": "x",
        "contract": {"scores": {"a": 1}},
        "files": {"model": {"path": "t"}},
    }
    (tmp_path / "models.yaml").write_text(json.dumps({"embedded": {"tagger-1": entry}, "published": {}}))
    with pytest.raises(GengaError, match=r"embedded\.tagger-1\.contract\.scores: extra inputs are not permitted"):
        load(Params(use="embedded", folder="w", device="cpu", batch=1), tmp_path)


def test_models_yaml_has_the_published_one_and_no_embedded_one():
    published = load(Params(use="published", folder="weights", device="cpu", batch=1), ROOT).model("aesthetic").entry
    assert published.contract == ClassifierContract() and isinstance(published.contract, Contract)
    assert [file.path for file in published.files.values()] == [
        "swinv2pv3_v0_448_ls0.2_x/model.onnx", "swinv2pv3_v0_448_ls0.2_x/meta.json",
    ]  # fmt: skip
    assert ClassifierContract().scores == WORTH
    embedded = load(Params(use="embedded", folder="w", device="cpu", batch=1), ROOT)
    assert "aesthetic" not in embedded.models and not HeldModels(embedded, None).judged


def test_labels_of_both_kinds_of_files(tmp_path):
    write_json(tmp_path / "meta.json", {"name": "x", "labels": ["low", "best"]})
    write_json(tmp_path / "config.json", {"id2label": {"1": "best", "0": "low"}, "label2id": {"low": 0, "best": 1}})
    assert read_labels(tmp_path / "meta.json") == read_labels(tmp_path / "config.json") == ["low", "best"]
