"""Whether models are asked and understood as by the package dghs-imgutils: `python -m bench.parity [--peer PYTHON]`.

Graphs with the published signatures and random weights; images of odd sizes, grey, with a palette, with alpha, of 16
bits, a pixel wide. The package runs in an environment of its own (`make bench` makes .venv-imgutils). Compares scores
of WD, PixAI and animetimm taggers, tag text, boxes of the four detectors, CCIP's features and differences. Prints the
table that docs/models.md quotes, and ends with 1 where something differs.

Files of three kinds that package (0.19) reads otherwise than they are meant: it is given these in other words, or with
`--as-they-are` as they are. A grey picture is its own mask for the WD taggers; transparency of a palette is dropped,
though it is meant to be over white; grey of 16 bits is cut off at 255 of 65535.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import typer
from onnx import TensorProto, helper, numpy_helper, save
from PIL import Image as Pillow

from bench._imgutils import CCIP, DETECTORS, TIMM
from bench.models import table
from genga.images.codec import decode
from genga.images.image import Image
from genga.params.models import Contract
from genga.people.detector import Detector
from genga.people.embedder import Embedder
from genga.people.tagger import Files, Tagger
from genga.store.files import write_json, write_text
from genga.vocabulary.text import KAOMOJI, escape, to_text

SEED, IMAGES, TAGS = 5, 60, 600
SCORE = 1e-5  # a score, a feature or a difference may be so far from the other's
GENERAL, CHARACTER = 0.35, 0.85  # scores above which imgutils takes a tag
KINDS = ("RGB", "RGBA", "L", "LA", "P", "P with alpha", "16 bit", "16 bit grey", "1 px wide", "1 px high")
MISREAD = {"L": "RGB", "P with alpha": "RGBA", "16 bit grey": "RGB"}  # and how the package is given them
NCHW = {"layout": "NCHW", "order": "RGB", "range": [-1.0, 1.0]}

Graph = tuple[list[Any], dict[str, list[Any]], dict[str, list[Any]], dict[str, Any]]


def write_graph(path: Path, graph: Graph, metadata: Mapping[str, str] | None = None) -> None:
    """Write a graph: nodes, inputs and outputs with their shapes, constants."""
    nodes, inputs, outputs, constants = graph
    given, answered = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in of.items()]
        for of in (inputs, outputs)
    )
    weights = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    made = helper.make_graph(nodes, "random", given, answered, weights)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, dict(metadata or {}))
    path.parent.mkdir(parents=True, exist_ok=True)
    save(model, path)


def tagger(rng: np.random.Generator, nhwc: bool, outputs: tuple[str, ...], wide: int) -> Graph:
    """Means of 8 x 8 fields and a matrix; outputs: of prediction, logits, embedding, in this order."""
    matrix = rng.normal(0, 1, (192, TAGS)) * (1 / 255 if nhwc else 1)
    nodes = [
        helper.make_node("Transpose", ["input"], ["planes"], perm=[0, 3, 1, 2] if nhwc else [0, 1, 2, 3]),
        helper.make_node("AveragePool", ["planes"], ["fields"], kernel_shape=[56, 56], strides=[56, 56]),
        helper.make_node("Flatten", ["fields"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["prediction"]),
        helper.make_node("MatMul", ["flat", "wide"], ["embedding"]),
    ]
    shapes = {name: ["batch", wide if name == "embedding" else TAGS] for name in outputs}
    constants = {"matrix": matrix.astype(np.float32), "wide": rng.normal(0, 1, (192, wide)).astype(np.float32)}
    return nodes, {"input": ["batch", 448, 448, 3] if nhwc else ["batch", 3, 448, 448]}, shapes, constants


def detector(rng: np.random.Generator) -> Graph:
    """A box around each of 20 x 20 places, moved, sized and scored by what is seen there.

    And scored by the place: of equal scores, as all columns of a picture a pixel wide would have, which is thinned out
    by which is chance.
    """
    places = np.stack(np.meshgrid(np.arange(20), np.arange(20)), 0).reshape(2, 400) * 32.0 + 16
    scale, base = np.array([[60], [60], [160], [160], [0.9]], np.float32), np.zeros((5, 400), np.float32)
    base[:2], base[2:4], base[4] = places - 30, 20, np.linspace(0, 0.1, 400)
    nodes = [
        helper.make_node("Conv", ["images", "kernel"], ["seen"], kernel_shape=[32, 32], strides=[32, 32]),
        helper.make_node("Flatten", ["seen"], ["flat"], axis=1),
        helper.make_node("Reshape", ["flat", "shape"], ["rows"]),
        helper.make_node("Sigmoid", ["rows"], ["shares"]),
        helper.make_node("Mul", ["shares", "scale"], ["sized"]),
        helper.make_node("Add", ["sized", "base"], ["output0"]),
    ]
    kernel = rng.normal(0, 0.15, (5, 3, 32, 32)).astype(np.float32)
    constants = {"kernel": kernel, "shape": np.array([-1, 5, 400]), "scale": scale, "base": base}
    return nodes, {"images": ["batch", 3, 640, 640]}, {"output0": ["batch", 5, 400]}, constants


def embedder(rng: np.random.Generator) -> tuple[Graph, Graph]:
    """Features of 8 x 8 fields; differences by the angle between two features."""
    feature: Graph = (
        [
            helper.make_node("AveragePool", ["input"], ["fields"], kernel_shape=[48, 48], strides=[48, 48]),
            helper.make_node("Flatten", ["fields"], ["flat"]),
            helper.make_node("MatMul", ["flat", "matrix"], ["output"]),
        ],
        {"input": ["batch", 3, 384, 384]},
        {"output": ["batch", 768]},
        {"matrix": rng.normal(0, 0.1, (192, 768)).astype(np.float32)},
    )
    metric: Graph = (
        [
            helper.make_node("LpNormalization", ["input"], ["unit"], axis=1, p=2),
            helper.make_node("Transpose", ["unit"], ["across"], perm=[1, 0]),
            helper.make_node("MatMul", ["unit", "across"], ["cosine"]),
            helper.make_node("Sub", ["one", "cosine"], ["output"]),
        ],
        {"input": ["batch", 768]},
        {"output": ["batch", "batch"]},
        {"one": np.float32(1)},
    )
    return feature, metric


STAGES = [
    {"type": "pad_to_size", "size": [512, 512], "background_color": "white", "interpolation": "bilinear"},
    {"type": "resize", "size": 448, "interpolation": "bicubic", "max_size": None, "antialias": True},
    {"type": "center_crop", "size": [448, 448]},
    {"type": "maybe_to_tensor"},
    {"type": "normalize", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
]
SQUASHED = [
    {"type": "resize", "size": [448, 448], "interpolation": "bilinear", "max_size": None, "antialias": True},
    {"type": "to_tensor"},
    {"type": "normalize", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
]


def names(rng: np.random.Generator) -> list[tuple[str, int]]:
    """Names of tags with their category: kaomoji, brackets and backslashes among them."""
    said = [*sorted(KAOMOJI), r"\m/", "hana_(flower)", r"a\b_(c)"]
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz_"))
    while len(said) < TAGS:
        said.append("".join(rng.choice(letters, 9)).strip("_"))
    return [(name, 9 if i < 4 else 4 if i % 5 == 0 else 0) for i, name in enumerate(dict.fromkeys(said))][:TAGS]


def write_hub(hub: Path, rng: np.random.Generator) -> None:
    """Write every model where the hub has it."""
    lines = [f"{i},{i},{name},{category},{i}" for i, (name, category) in enumerate(names(rng))]
    csv = "\n".join(["id,tag_id,name,category,count", *lines]) + "\n"
    wd, pixai, ccip = f"SmilingWolf/{WD_REPO}", "deepghs/pixai-tagger-v0.9-onnx", f"deepghs/ccip_onnx/{CCIP}"
    graph = tagger(rng, True, ("prediction", "embedding"), 1024)
    write_graph(hub / f"deepghs/wd14_tagger_with_embeddings/{wd}/model.onnx", graph)
    write_graph(hub / pixai / "model.onnx", tagger(rng, False, ("embedding", "logits", "prediction"), 1024))
    write_graph(hub / TIMM / "model.onnx", tagger(rng, False, ("embedding", "logits", "prediction"), 512))
    for repo in (wd, pixai, TIMM):
        (hub / repo).mkdir(parents=True, exist_ok=True)
        write_text(hub / repo / "selected_tags.csv", csv)
    kinds = [(0, "general"), (4, "character"), (9, "rating")]
    write_text(hub / pixai / "thresholds.csv", "category,name,threshold\n0,general,0.3\n4,character,0.85\n9,rating,0\n")
    write_json(hub / pixai / "preprocess.json", {"stages": SQUASHED})
    write_json(hub / TIMM / "preprocess.json", {"val": SQUASHED, "test": STAGES})
    (hub / TIMM / "categories.json").write_text(json.dumps([{"category": n, "name": name} for n, name in kinds]))
    for kind in DETECTORS:
        metadata = {"names": f"{{0: '{kind}'}}", "imgsz": "[640, 640]"}
        write_graph(hub / f"deepghs/anime_{kind}_detection/{kind}/model.onnx", detector(rng), metadata)
    feature, metric = embedder(rng)
    write_graph(hub / ccip / "model_feat.onnx", feature)
    write_graph(hub / ccip / "model_metrics.onnx", metric)
    write_json(hub / ccip / "metrics.json", {"threshold": 0.17847511429108218})


WD_REPO = "wd-swinv2-tagger-v3"


def write_images(folder: Path, rng: np.random.Generator, in_other_words: bool, images: int = IMAGES) -> None:
    """Write pictures, of each kind as many; patches of colour under noise. `ours` and, for the package, `images`."""
    for name in ("ours", "images"):
        (folder / name).mkdir(parents=True)
    for i in range(images):
        kind = KINDS[i % len(KINDS)]
        height, width = (int(side) for side in rng.integers(3, 900, 2))
        height, width = (height, 1) if kind == "1 px wide" else (1, width) if kind == "1 px high" else (height, width)
        patches = rng.integers(0, 65536, (-(-height // 40), -(-width // 40), 4))
        pixels = np.kron(patches, np.ones((40, 40, 1)))[:height, :width] + rng.normal(0, 900, (height, width, 4))
        path = folder / f"ours/{i:02d} {kind}.png"
        _write(path, kind, pixels.clip(0, 65535).astype(np.uint16))
        if kind not in MISREAD or not in_other_words:
            shutil.copyfile(path, folder / "images" / path.name)
            continue
        with Pillow.open(path) as picture:
            plain = Pillow.fromarray(np.asarray(picture) >> 8).convert("L") if kind == "16 bit grey" else picture
            plain.convert(MISREAD[kind]).save(folder / "images" / path.name)


def _write(path: Path, kind: str, deep: npt.NDArray[np.uint16]) -> None:
    pixels = (deep >> 8).astype(np.uint8)
    if kind.startswith("16 bit"):
        cv2.imwrite(str(path), deep[:, :, 0] if kind == "16 bit grey" else np.ascontiguousarray(deep[:, :, :3]))
        return
    picture = Pillow.fromarray(pixels if kind in ("RGBA", "LA") else np.ascontiguousarray(pixels[:, :, :3]))
    if kind == "P with alpha":
        picture.quantize(64).save(path, transparency=3)
    else:
        picture.convert(kind if kind in ("L", "LA", "P") else picture.mode).save(path)


@dataclass(frozen=True)
class Models:
    """Models of the stages detect, tag and embed."""

    detectors: dict[str, Detector]
    taggers: list[Tagger]
    embedder: Embedder


def of_hub(hub: Path, device: str, threads: int) -> Models:
    """The graphs of `write_hub`: WD, PixAI v0.9, animetimm; detectors; CCIP."""
    wd, pixai, ccip = hub / f"SmilingWolf/{WD_REPO}", hub / "deepghs/pixai-tagger-v0.9-onnx", hub / "deepghs/ccip_onnx"
    graph = hub / f"deepghs/wd14_tagger_with_embeddings/SmilingWolf/{WD_REPO}/model.onnx"
    squash = Contract.model_validate({**NCHW, "fit": "squash", "filter": "bilinear", "output": "prediction"})
    stages = Contract(output="prediction"), "timm", Files(preprocess=hub / TIMM / "preprocess.json")
    files = ccip / CCIP
    return Models(
        {
            kind: Detector(hub / f"deepghs/anime_{kind}_detection/{kind}/model.onnx", kind, device, threads)
            for kind in DETECTORS
        },
        [
            Tagger(graph, wd / "selected_tags.csv", device, threads),
            Tagger(pixai / "model.onnx", pixai / "selected_tags.csv", device, threads, squash),
            Tagger(hub / TIMM / "model.onnx", hub / TIMM / "selected_tags.csv", device, threads, *stages),
        ],
        Embedder(files / "model_feat.onnx", files / "model_metrics.onnx", files / "metrics.json", device, threads),
    )


class Sides:
    """Genga's side: the same files, by the contracts that models.yaml would have."""

    def __init__(self, hub: Path) -> None:
        models = of_hub(hub, "cpu", 1)
        self.wd, self.pixai, self.timm = models.taggers
        self.ccip, self.detectors = models.embedder, models.detectors

    def said_of(self, image: Image) -> dict[str, Any]:
        """What genga says of one image, by the names that bench._imgutils has."""
        wd = self.wd.probabilities([image])[0]
        found = {"wd": wd, "text": text(self.wd, wd), "ccip": self.ccip.features([image])[0]}
        found |= {"pixai": self.pixai.probabilities([image])[0], "timm": self.timm.probabilities([image])[0]}
        for kind, one in self.detectors.items():
            found[kind] = np.array([box[:5] for box in one.detect([image])[0]], np.float64).reshape(-1, 5)
        return found


def text(tagger: Tagger, scores: npt.NDArray[np.float32]) -> str:
    """The tags that count, the general ones first, each by its score."""
    parts = []
    for category, limit in (("general", GENERAL), ("character", CHARACTER)):
        of = [(-float(s), tag.name) for tag, s in zip(tagger.tags, scores, strict=True) if tag.category == category]
        parts += [escape(to_text(name)) for score, name in sorted(of) if -score > limit]
    return ", ".join(parts)


def furthest(ours: Any, theirs: Any) -> float:
    """How far apart two answers are: the largest difference; of texts and of boxes that differ, infinite."""
    if isinstance(ours, str):
        return 0.0 if ours == str(theirs) else np.inf
    if np.shape(ours) != np.shape(theirs):
        return np.inf
    return float(np.abs(np.asarray(ours, np.float64) - theirs).max(initial=0.0))


WHAT = {
    "wd": "WD tagger: scores", "text": "WD tagger: text of tags", "pixai": "PixAI v0.9: scores",
    "timm": "animetimm: scores", **{kind: f"{kind} detector: boxes" for kind in DETECTORS}, "ccip": "CCIP: features",
}  # fmt: skip
NAMES = {**WHAT, "differences": "CCIP: differences"}
Row = tuple[str, str, int, float]  # what, kind of image, how many, furthest difference


def rows(ours: Mapping[str, Mapping[str, Any]], theirs: Mapping[str, Any]) -> Iterator[Row]:
    """Yield for each answer and kind of image how many images, and the furthest difference."""
    for what in WHAT:
        for kind in KINDS:
            of = [name for name in ours if name.split(" ", 1)[1] == kind]
            yield what, kind, len(of), max((furthest(ours[n][what], theirs[f"{n}/{what}"]) for n in of), default=0.0)


def _worst(said: str, of: list[Row]) -> Row:
    return said, "all", sum(row[2] for row in of), max(row[3] for row in of)


def main(
    peer: Path = typer.Option(
        Path(".venv-imgutils/bin/python"), help="interpreter of an environment with dghs-imgutils"
    ),
    as_they_are: bool = typer.Option(False, help="give the package files that it misreads, and a row for each kind"),
) -> None:
    """Compare genga with dghs-imgutils on the same files."""
    if not peer.exists():
        raise typer.BadParameter(f"{peer} is missing: make .venv-imgutils/.ready, or name an interpreter with --peer")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_hub(folder / "hub", np.random.default_rng(SEED))
        write_images(folder, np.random.default_rng(SEED), not as_they_are)
        subprocess.run([peer, "-W", "ignore", Path(__file__).with_name("_imgutils.py"), folder], check=True)
        with np.load(folder / "peer.npz") as said:
            theirs = {key: said[key] if said[key].ndim else said[key].item() for key in said.files}
        sides = Sides(folder / "hub")
        pictures = {path.stem: decode(path.read_bytes(), path.name) for path in sorted((folder / "ours").glob("*.png"))}
        ours = {name: sides.said_of(picture) for name, picture in pictures.items()}
    found = list(rows(ours, theirs))
    features = np.stack([theirs[f"{name}/ccip"] for name in ours])
    found.append(("differences", "all", len(ours), furthest(sides.ccip.differences(features), theirs["differences"])))
    if not as_they_are:
        found = [_worst(said, [row for row in found if row[0] == what]) for what, said in NAMES.items()]
    print(table(("answer", "of", "images", "furthest", "equal"),
                ((*row[:3], f"{row[3]:.1e}", "yes" if row[3] <= SCORE else "no") for row in found)))  # fmt: skip
    raise typer.Exit(int(any(row[3] > SCORE for row in found)))


if __name__ == "__main__":
    typer.run(main)
