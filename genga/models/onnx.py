"""Run ONNX graphs: on the device that was asked for, or saying so.

onnxruntime falls back to the CPU without a word when a provider cannot start, so the providers of the finished session
are looked at, and the fallback is said once on stderr.

On the CPU every image is looked at alone and by one thread; several are looked at at once. onnxruntime chooses its
algorithms, and with them the order of its sums, by the size of a batch and by its threads, so what it says of an image
in a batch depends on how many others are there (7e-7 of a transformer's feature of 1.8).
"""

import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as state

from genga.errors import GengaError
from genga.models.models_file import weights_outside

Array = npt.NDArray[np.float32]

# Everything onnxruntime raises for a file that is no graph it can run, or an input the graph refuses.
_ERRORS = (
    state.EPFail, state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf, state.NoSuchFile,
    state.NotImplemented, state.RuntimeException,
)  # fmt: skip

# Algorithms by rule, not by stopwatch, and no reduced precision: the same image gives the same numbers.
_CUDA = ("CUDAExecutionProvider", {"cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"})
_CPU = "CPUExecutionProvider"

_DRIVER = Path("/proc/driver/nvidia")  # there is an NVIDIA card, whatever onnxruntime can do
_files: weakref.WeakKeyDictionary[ort.InferenceSession, str] = weakref.WeakKeyDictionary()  # for messages
_failed: set[str] = set()  # providers that could not start: not tried again, onnxruntime complains every time


class Session(ort.InferenceSession):
    """An open graph. `map`: as the builtin, for what may run at once."""

    map: Callable[..., Iterable[Any]] = map


def session(path: str | Path, device: str = "auto", threads: int = 2) -> Session:
    """Open a graph on `device` (auto, cpu, cuda); on the CPU it looks at `threads` images at once.

    Raises GengaError if the file is not a graph that can run. Says on stderr when CUDA is not used that was asked for,
    or that device auto would have used: there is a card, or an onnxruntime that is made for one.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    options.use_deterministic_compute = True
    providers = _providers(device)
    try:
        opened = Session(str(path), options, providers=providers)
    except _ERRORS as error:
        for name in weights_outside(Path(path)) if Path(path).is_file() else ():
            if not (beside := Path(path).parent / name).is_file():
                raise GengaError(f"{beside}: missing, and {path} has weights in it: genga models pull") from error
        raise GengaError(f"{path}: not an ONNX graph that onnxruntime can run ({_first_line(error)})") from error
    _files[opened] = str(path)
    if _CUDA in providers and _CUDA[0] not in opened.get_providers():
        _failed.add(_CUDA[0])
    if _CUDA[0] not in opened.get_providers() and (device == "cuda" or device == "auto" and _cuda_expected()):
        _say_fallback(device)
    if threads > 1 and _on_cpu(opened):
        opened.map = ThreadPoolExecutor(threads, "onnx").map
    return opened


def run(opened: Session, images: Sequence[Array] | Array, output: str | None = None) -> Array:
    """Return one output, by default the first, with a row for each of `images`, N of the same shape.

    On the CPU each is fed alone, so that its row does not depend on N; a graph with a fixed batch size of more than one
    is fed in pieces.
    """
    shape = opened.get_inputs()[0].shape
    fixed = shape[0] if shape and isinstance(shape[0], int) else 1 if _on_cpu(opened) else None
    answers = opened.map(lambda piece: run_whole(opened, piece, output), _pieces(images, fixed))
    return np.concatenate(list(answers))[: len(images)]


def run_whole(opened: Session, batch: npt.NDArray[Any], output: str | None = None) -> Array:
    """Return one output, by default the first, for a `batch` (N, …) whose rows the graph looks at together.

    Raises GengaError for an input that the graph refuses, and for an answer that is not a number.
    """
    return run_together(opened, batch, [output or opened.get_outputs()[0].name])[0]


def run_together(opened: Session, batch: npt.NDArray[Any], outputs: Sequence[str]) -> list[Array]:
    """Return several outputs of one run, by name, as `run_whole` does one."""
    entry = opened.get_inputs()[0]
    batch = batch.astype(np.float16 if entry.type == "tensor(float16)" else np.float32, copy=False)
    try:
        answers = opened.run(list(outputs), {entry.name: batch})
    except _ERRORS as error:
        raise GengaError(f"input {entry.name} {list(batch.shape)} is refused ({_first_line(error)})") from error
    answers = [np.asarray(answer, np.float32) for answer in answers]
    for name, answer in zip(outputs, answers, strict=True):
        if not np.isfinite(answer).all():
            model = _files.get(opened, "a model")
            raise GengaError(f"{model}: output {name} is not a number (NaN); the model is damaged: genga models verify")
    return answers


def run_named(opened: Session, values: Mapping[str, npt.NDArray[Any]], output: str) -> Array:
    """Return one output of a graph with several inputs, by name. Raises GengaError as `run_whole` does."""
    kinds = {entry.name: np.float16 if entry.type == "tensor(float16)" else np.float32 for entry in opened.get_inputs()}
    try:
        (answer,) = opened.run([output], {name: value.astype(kinds[name]) for name, value in values.items()})
    except _ERRORS as error:
        raise GengaError(f"{_files.get(opened, 'a model')}: refuses its input ({_first_line(error)})") from error
    found = np.asarray(answer, np.float32)
    if not np.isfinite(found).all():
        model = _files.get(opened, "a model")
        raise GengaError(f"{model}: output {output} is not a number (NaN); the model is damaged: genga models verify")
    return found


def _on_cpu(opened: Session) -> bool:
    return bool(opened.get_providers() == [_CPU])


def _pieces(images: Sequence[Array] | Array, fixed: int | None) -> Iterator[Array]:
    """Put the images into pieces of `fixed` rows, the last one filled up with zeros; into one when any size will do."""
    size = fixed or len(images)
    for start in range(0, len(images), size):
        piece = list(images[start : start + size])
        if len(piece) < size:
            piece += [np.zeros_like(images[0])] * (size - len(piece))
        yield piece[0][None] if size == 1 else np.stack(piece)


def _providers(device: str) -> list[Any]:
    if device == "cpu" or _CUDA[0] in _failed or _CUDA[0] not in ort.get_available_providers():
        return [_CPU]
    if hasattr(ort, "preload_dlls"):
        with redirect_stdout(sys.stderr):  # where a stage's one line goes, it would say what it cannot find
            ort.preload_dlls()  # the CUDA libraries that came with pip packages
    return [_CUDA, _CPU]


def _cuda_expected() -> bool:
    return _DRIVER.exists() or _CUDA[0] in ort.get_available_providers()


@cache
def _say_fallback(device: str) -> None:
    """Say once per process that models run on the CPU, and why."""
    build = "this onnxruntime has no CUDA (install onnxruntime-gpu in its place)"
    start = "CUDA could not start (driver, CUDA or cuDNN do not fit onnxruntime)"
    why = start if _CUDA[0] in ort.get_available_providers() else build
    print(f"note: models.device is {device}, models run on the CPU: {why}", file=sys.stderr)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
