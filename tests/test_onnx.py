"""Sessions, batch sizes, and decoding ahead."""

import numpy as np
import pytest
from onnx import helper
from tiny_graphs import channel_means, save

from genga.errors import GengaError
from genga.models import onnx


def numbered(count: int) -> np.ndarray:
    """Images (count, 3, 2, 2): image i holds i in its first channel."""
    batch = np.zeros((count, 3, 2, 2), np.float32)
    batch[:, 0] = np.arange(count)[:, None, None]
    return batch


@pytest.mark.parametrize("size", ["batch", 1, 2])
def test_run_any_batch_size(tmp_path, size):
    graph = onnx.session(channel_means(tmp_path / "m.onnx", [size, 3, 2, 2], [2, 3]), "cpu", 1)
    assert onnx.run(graph, numbered(3)).tolist() == [[0, 0, 0], [1, 0, 0], [2, 0, 0]]


def test_what_is_said_of_an_image_depends_on_no_other_image_and_on_no_thread(tmp_path):
    """A mean over tokens: onnxruntime adds them up in another order for one image than for several."""
    mean = helper.make_node("ReduceMean", ["x"], ["y"], axes=[1], keepdims=0)
    path = save(tmp_path / "m.onnx", [mean], {"x": ["batch", 16, 32]}, {"y": ["batch", 32]}, {})
    images = np.random.default_rng(0).standard_normal((7, 16, 32)).astype(np.float32)
    opened = [onnx.session(path, "cpu", threads) for threads in (1, 2, 3)]
    alone = np.concatenate([onnx.run(opened[0], image[None]) for image in images])
    for graph in opened:
        assert onnx.run(graph, images).tobytes() == alone.tobytes()


def test_run_refused_input_is_one_line(tmp_path):
    graph = onnx.session(channel_means(tmp_path / "m.onnx", ["batch", 3, 2, 2], [2, 3]), "cpu", 1)
    with pytest.raises(GengaError, match=r"input input \[1, 3, 9, 9\] is refused") as error:
        onnx.run(graph, np.zeros((1, 3, 9, 9), np.float32))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_an_answer_that_is_not_a_number_names_the_model(tmp_path, number):
    graph = onnx.session(channel_means(tmp_path / "m.onnx", ["batch", 3, 2, 2], [2, 3], number), "cpu", 1)
    with pytest.raises(GengaError, match=r"m.onnx: output output is not a number \(NaN\); .*: genga models verify"):
        onnx.run(graph, numbered(2))


@pytest.mark.parametrize("content", [b"", b"not a graph"])
def test_session_of_no_graph(tmp_path, content):
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(GengaError, match=r"broken\.onnx: not an ONNX graph"):
        onnx.session(path, "cpu", 1)


@pytest.mark.parametrize(("device", "card", "said"), [("cuda", False, 1), ("auto", True, 1), ("auto", False, 0)])
def test_fallback_is_said_once(tmp_path, capsys, monkeypatch, device, card, said):
    monkeypatch.setattr(onnx.ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    monkeypatch.setattr(onnx, "_DRIVER", tmp_path / ("." if card else "absent"))
    onnx._say_fallback.cache_clear()
    path = channel_means(tmp_path / "m.onnx", ["batch", 3, 2, 2], [2, 3])
    for wanted in (device, device, "cpu"):
        onnx.session(path, wanted, 1)
    line = f"note: models.device is {device}, models run on the CPU: this onnxruntime has no CUDA"
    assert capsys.readouterr().err.splitlines() == [f"{line} (install onnxruntime-gpu in its place)"] * said
    onnx._say_fallback.cache_clear()


@pytest.mark.filterwarnings("ignore:Specified provider 'CUDAExecutionProvider' is not in available provider names")
def test_a_cuda_that_cannot_start_is_tried_once_and_said_on_stderr_alone(tmp_path, capsys, monkeypatch):
    """As onnxruntime-gpu is on a machine without a GPU."""
    tried = []
    monkeypatch.setattr(onnx.ort, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    monkeypatch.setattr(onnx.ort, "preload_dlls", lambda: tried.append(print("Failed to load libcudart.so")))
    monkeypatch.setattr(onnx, "_failed", set())
    onnx._say_fallback.cache_clear()
    path = channel_means(tmp_path / "m.onnx", ["batch", 3, 2, 2], [2, 3])
    opened = [onnx.session(path, "auto", 1) for _ in range(3)]
    assert [graph.get_providers() for graph in opened] == [["CPUExecutionProvider"]] * 3
    assert len(tried) == 1
    out, err = capsys.readouterr()
    why = "CUDA could not start (driver, CUDA or cuDNN do not fit onnxruntime)"
    assert out == ""
    assert err.splitlines() == [
        "Failed to load libcudart.so", f"note: models.device is auto, models run on the CPU: {why}",
    ]  # fmt: skip
    onnx._say_fallback.cache_clear()
