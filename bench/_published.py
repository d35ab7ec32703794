"""Graphs with the parameters and multiplications of published models and random weights, laid out as demo/weights.

Parameters and multiplications of one picture: detectors of YOLO's size s 11 million and 14 thousand million at 640 px,
taggers of ViT-B at 448 px 86 million and 59 thousand million, CCIP's CAFormer at 384 px 38 million and 22 thousand
million: two matrices a block for every patch of 16 px, or convolutions of 3 x 3 at four scales.
"""

from pathlib import Path
from typing import Any

import numpy as np
from onnx import helper

from bench.parity import Graph, embedder, write_graph
from genga.store.files import write_json, write_text

TAGS = 10_861  # of WD v3


def detector(rng: np.random.Generator) -> Graph:
    """Convolutions at strides of 4 to 32, three each; a box for each of 20 x 20 places."""
    nodes: list[Any] = []
    constants: dict[str, Any] = {}
    last, before = "images", 3

    def conv(channels: int, stride: int, kernel: int = 3) -> None:
        nonlocal last, before
        name = f"c{len(constants)}"
        spread = (2 / (before * kernel * kernel)) ** 0.5
        constants[name] = rng.normal(0, spread, (channels, before, kernel, kernel)).astype(np.float32)
        nodes.append(helper.make_node("Conv", [last, name], [f"{name}y"], strides=[stride] * 2, pads=[kernel // 2] * 4))
        nodes.append(helper.make_node("Relu", [f"{name}y"], [f"{name}r"]))
        last, before = f"{name}r", channels

    conv(32, 2)
    for channels in (64, 128, 256, 512):
        conv(channels, 2)
        for _ in range(3):
            conv(channels, 1)
    constants["out"] = rng.normal(0, 0.01, (5, before, 1, 1)).astype(np.float32)
    constants["shape"] = np.array([-1, 5, 400])
    nodes += [
        helper.make_node("Conv", [last, "out"], ["seen"]),
        helper.make_node("Sigmoid", ["seen"], ["shares"]),
        helper.make_node("Reshape", ["shares", "shape"], ["output0"]),
    ]
    return nodes, {"images": ["batch", 3, 640, 640]}, {"output0": ["batch", 5, 400]}, constants


def transformer(rng: np.random.Generator, size: int, nhwc: bool, blocks: int, wide: int, answers: int) -> Graph:
    """Patches of 16 px, and of each block of a transformer the two matrices that hold most of it."""
    scale = 1 / 255 if nhwc else 1
    constants = {
        "patch": (rng.normal(0, 0.03, (wide, 3, 16, 16)) * scale).astype(np.float32),
        "rows": np.array([0, wide, -1]),
        "head": rng.normal(0, 0.03, (wide, answers)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Transpose", ["input"], ["planes"], perm=[0, 3, 1, 2] if nhwc else [0, 1, 2, 3]),
        helper.make_node("Conv", ["planes", "patch"], ["patches"], strides=[16, 16]),
        helper.make_node("Reshape", ["patches", "rows"], ["columns"]),
        helper.make_node("Transpose", ["columns"], ["x0"], perm=[0, 2, 1]),
    ]
    for i in range(blocks):
        constants[f"a{i}"] = rng.normal(0, (2 / wide) ** 0.5, (wide, 4 * wide)).astype(np.float32)
        constants[f"b{i}"] = rng.normal(0, (0.5 / wide) ** 0.5, (4 * wide, wide)).astype(np.float32)
        nodes += [
            helper.make_node("MatMul", [f"x{i}", f"a{i}"], [f"y{i}"]),
            helper.make_node("Relu", [f"y{i}"], [f"z{i}"]),
            helper.make_node("MatMul", [f"z{i}", f"b{i}"], [f"x{i + 1}"]),
        ]
    nodes += [
        helper.make_node("ReduceMean", [f"x{blocks}"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["mean", "head"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["output"]),
    ]
    shape = ["batch", size, size, 3] if nhwc else ["batch", 3, size, size]
    return nodes, {"input": shape}, {"output": ["batch", answers]}, constants


def write_published(folder: Path) -> None:
    """Write four detectors, three taggers and the two graphs of CCIP."""
    rng = np.random.default_rng(5)
    for kind in ("person", "halfbody", "head", "face"):
        write_graph(folder / f"detect/{kind}.onnx", detector(rng), {"names": f"{{0: '{kind}'}}", "imgsz": "[640, 640]"})
    csv = "\n".join(["tag_id,name,category,count", *(f"{i},tag_{i},0,1" for i in range(TAGS))]) + "\n"
    for name in "abc":
        write_graph(folder / f"taggers/{name}/model.onnx", transformer(rng, 448, True, 16, 768, TAGS))
        write_text(folder / f"taggers/{name}/selected_tags.csv", csv)
    write_graph(folder / "ccip/model_feat.onnx", transformer(rng, 384, False, 8, 768, 768))
    write_graph(folder / "ccip/model_metrics.onnx", embedder(rng)[1])
    write_json(folder / "ccip/metrics.json", {"threshold": 0.18})
