"""Write a taught network as ONNX: any batch size, weights in half precision (cast back when loaded), facts in the file.

The weights are kept as float16 initializers with a Cast behind each, which onnxruntime folds away when it opens the
file: half the size in git, and the same float32 arithmetic.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn

from genga.store.files import replacing

OPSET = 17
LEAST = 256  # weights a tensor must have to be stored in half precision


def write_onnx(
    model: nn.Module,
    example: torch.Tensor,
    path: Path,
    input_name: str,
    output_name: str,
    facts: dict[str, str] | None = None,
    square: bool = False,
    free: bool = False,
) -> None:
    """Export `model` as it answers `example`, whose first dimension becomes free. `facts` become metadata.

    square: the answer's second dimension is as long as its first. free: so are height and width of a picture.
    """
    axes = {input_name: {0: "N"}, output_name: {0: "N", 1: "N"} if square else {0: "N"}}
    if free:
        axes = {name: {0: "N", 2: f"height of {name}", 3: f"width of {name}"} for name in (input_name, output_name)}
    with replacing(path) as file:
        torch.onnx.export(
            model.eval(), (example,), file, dynamo=False, opset_version=OPSET, dynamic_axes=axes,
            input_names=[input_name], output_names=[output_name],
        )  # fmt: skip
        graph = onnx.load(file)
        halve_weights(graph)
        graph.producer_name, graph.producer_version = "genga-demo", ""
        helper.set_model_props(graph, facts or {})
        onnx.checker.check_model(graph)
        file.write_bytes(graph.SerializeToString(deterministic=True))


def halve_weights(model: onnx.ModelProto) -> None:
    """Store every float32 initializer of at least LEAST numbers as float16, cast back at the head of the graph."""
    casts = []
    for tensor in model.graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if weights.dtype != np.float32 or weights.size < LEAST:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(weights.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])
