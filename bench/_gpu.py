"""What `bench.gpu` compares and measures; that module says what for."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch

from bench import _gpu_parts as parts
from bench._bases import LoadedBase, load_base, random_base
from genga.errors import GengaError
from genga.models import onnx
from genga.people.detector import KINDS  # _gpu_parts has stood in for what is not installed
from genga.training import lora_file, tensor_file

CPU = torch.device("cpu")
Work = tuple[str, Callable[[], Iterator[int]], torch.device]  # what it is, how it is begun, where it runs
LONGEST = 20.0  # s that one speed is measured for

# How far an answer on CUDA may be from the CPU's. Both compute in float32, but add in another order: a part in a
# million for each sum, which many layers carry on. TF32 keeps 10 of the 23 bits of a product's factors, float16 10 of
# everything, bfloat16 7.
CORNERS = 0.1  # px of the detector's input
SCORES = 1e-3  # of a detector or tagger, 0..1
FEATURES = 1e-3  # of the embedder, share of the largest
DIFFERENCES = 1e-3  # of two images, by the embedder's metric
# By precision, `exact` being float32 without TF32. Losses: share of the CPU's. Weights: how far their changes are
# apart, share of their length; the first steps of AdamW go by a gradient's sign however small it is, so that some go
# the other way. Levels: mean difference of the pictures drawn, of 0..255. On the CPU another number of threads comes to
# 1e-7, 2e-5 and 2e-4, bfloat16 to 0.002, 0.09 and 2.1, with the embedded base.
LOSSES = {"exact": 1e-3, "float32": 5e-3, "float16": 0.01, "bfloat16": 0.02}
WEIGHTS = {"exact": 0.02, "float32": 0.1, "float16": 0.2, "bfloat16": 0.5}
LEVELS = {"exact": 0.5, "float32": 2.0, "float16": 4.0, "bfloat16": 12.0}


@dataclass
class Findings:
    """What was compared and measured, printed as it is found."""

    end: float  # time.monotonic() at which to be through
    wrong: list[str] = field(default_factory=list)

    def compared(self, what: str, off: float, most: float) -> None:
        """Print a row: what, how far it is off, how far it may be."""
        good = off <= most  # not so if it is not a number
        print(f"| {what} | {off:.2g} | {most:.2g} | {'yes' if good else 'NO'} |", flush=True)
        if not good:
            self.wrong.append(what)

    def measured(self, what: str, work: Iterator[int], seconds: float, device: torch.device) -> None:
        """Print a row: images a second over so many seconds, memory of the GPU, share of the time that it waits.

        work: does some images whenever it is asked, and yields how many.
        """
        try:
            if time.monotonic() > self.end:
                print(f"| {what} | no time left | | |", flush=True)
                return
            next(work), next(work)  # libraries choose their algorithms, memory is taken
            with watched(device) as seen:
                began, images = time.monotonic(), 0
                while (took := time.monotonic() - began) < seconds or not images:
                    images += next(work)
            memory = f"{max(seen.memory):.0f}" if seen.memory else "not told"
            waits = f"{1 - np.mean(seen.busy):.0%}" if seen.busy else "not told"
            print(f"| {what} | {images / took:.2f} | {memory} | {waits} |", flush=True)
        except (torch.cuda.OutOfMemoryError, GengaError) as error:
            print(f"| {what} | {str(error).splitlines()[0]} | | |", flush=True)


@dataclass
class Seen:
    """What nvidia-smi said while it was asked."""

    busy: list[float] = field(default_factory=list)  # share of the time in which some kernel ran
    memory: list[float] = field(default_factory=list)  # MB in use on the card, by all programs


@contextmanager
def watched(device: torch.device) -> Iterator[Seen]:
    """Ask nvidia-smi five times a second, if there is one; what it said is there afterwards."""
    seen = Seen()
    if device.type != "cuda":
        yield seen
        return
    uuid = getattr(torch.cuda.get_device_properties(device), "uuid", None)
    command = ["nvidia-smi", "--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits", "-lms", "200",
               "-i", f"GPU-{uuid}" if uuid else "0"]  # fmt: skip
    try:
        asked = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except OSError:
        yield seen
        return
    try:
        yield seen
    finally:
        asked.terminate()
        said, _ = asked.communicate()
        read(said, seen)


def read(said: str, seen: Seen) -> None:
    """Take in what nvidia-smi printed."""
    for line in said.splitlines()[2:]:  # the first tell of the time before
        try:
            busy, memory = map(float, line.split(","))
        except ValueError:
            continue  # cut off, or [N/A]
        seen.busy.append(busy / 100)
        seen.memory.append(memory)


def compare_onnx(weights: Path, device: str, findings: Findings) -> None:
    """Detectors, taggers and embedder: `device` against the CPU."""
    images, crops = parts.pictures(12, 640, 360), parts.pictures(12, 200, 260)
    for kind in KINDS:
        here, there = (parts.detected(weights, kind, images, on) for on in ("cpu", device))
        findings.compared(f"detector {kind}, corners, px", furthest(here[0], there[0]), CORNERS)
        findings.compared(f"detector {kind}, scores", furthest(here[1], there[1]), SCORES)
    for one, other in zip(*(parts.open_taggers(weights, on) for on in ("cpu", device)), strict=True):
        findings.compared(f"tagger {one.name}, scores", furthest(one.scores(crops), other.scores(crops)), SCORES)
    first, second = (parts.open_embedder(weights, on) for on in ("cpu", device))
    ours, theirs = first.features(crops), second.features(crops)
    findings.compared("embedder, features", furthest(ours, theirs) / float(np.abs(ours).max()), FEATURES)
    differences = first.differences(ours), second.differences(theirs)
    findings.compared("embedder, differences", furthest(*differences), DIFFERENCES)


def compare_diffusion(make: parts.MakeBase, device: torch.device, findings: Findings) -> None:
    """Trainer and sampler: `device` against the CPU."""
    count, precisions = (4, list(LOSSES)) if device.type == "cuda" else (2, ["exact", "bfloat16"])
    losses, tensors = parts.trained(make(CPU), {}, CPU, count)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder, "hana.safetensors")
        tensor_file.write(checkpoint, tensors, {})
        images = parts.drawn(make(CPU), {}, checkpoint, CPU)
        for name in precisions:
            said = "float32 without TF32" if name == "exact" else name
            changes = {"precision": "float32" if name == "exact" else name}
            with exact(name == "exact"):
                found, others = parts.trained(make(CPU), changes, device, count)
                again = parts.drawn(make(CPU), changes, checkpoint, device)
            findings.compared(f"trainer, {said}, losses", float(np.abs(found / losses - 1).max()), LOSSES[name])
            findings.compared(f"trainer, {said}, weights", apart(others, tensors), WEIGHTS[name])
            findings.compared(f"sampler, {said}, levels", float(np.abs(again - images).mean()), LEVELS[name])


@contextmanager
def exact(wanted: bool) -> Iterator[None]:
    """Switch TF32 off, which torch uses for convolutions unless it is told not to."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = before and not wanted
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def furthest(ours: parts.Floats, theirs: parts.Floats) -> float:
    """The largest difference."""
    return float(np.abs(ours.astype(np.float64) - theirs).max())


def apart(ours: lora_file.Tensors, theirs: lora_file.Tensors) -> float:
    """How far two LoRAs' changes of the base's weights are apart: the difference's length by that of the latter."""
    one, other = changes(ours), changes(theirs)
    return float((one - other).norm() / other.norm())


def changes(tensors: lora_file.Tensors) -> torch.Tensor:
    """The change of every weight, in one row."""
    return torch.cat([change.flatten() for _, change in sorted(lora_file.deltas(tensors).items())])


def report(seconds: float, folder: Path | None, weights: Path) -> int:
    """Print what is compared and measured; returns the exit status."""
    findings = Findings(time.monotonic() + seconds)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    graphs = device_of_graphs(weights, device)
    embedded = parts.ROOT / "demo/weights/base"
    path = folder or (embedded if device.type == "cuda" and embedded.is_dir() else None)

    def make(on: torch.device) -> LoadedBase:
        return load_base(path) if path else random_base("tiny", on)

    torch.set_num_threads(1 if device.type == "cpu" else 4)  # more wait for each other: the pictures are small
    describe(device, graphs)
    name = f"base {path.name}" if path else "tiny base"
    print(f"\n## Against the CPU, {name}\n\n| what | off by | may be | good |\n|---|---|---|---|")
    compare_onnx(weights, graphs.type, findings)
    compare_diffusion(make, device, findings)

    print("\n## Speed\n\n| what | images/s | GPU memory, MB | GPU waits |\n|---|---|---|---|")
    sizes = parts.SMALL if device.type == "cpu" else parts.REAL if folder else parts.EMBEDDED
    work = [(what, start, graphs) for what, start in parts.onnx_work(weights, graphs.type, sizes).items()]
    work += diffusion_work(name, make, sizes, device)
    if device.type == "cuda" and not folder:
        work += diffusion_work("SD 1.5's size", partial(random_base, "SD 1.5"), parts.REAL, device)
    for number, (what, start, on) in enumerate(work):
        left = (findings.end - time.monotonic()) / (len(work) - number)
        findings.measured(what, start(), min(LONGEST, left / 3), on)  # the rest: to load, and the first images
        if device.type == "cuda":
            torch.cuda.empty_cache()
    return verdict(findings)


def diffusion_work(name: str, make: parts.MakeBase, sizes: parts.Sizes, device: torch.device) -> list[Work]:
    """The trainer and the sampler of a base."""
    precision, width = sizes.train.get("precision", "float32"), sizes.sample.get("width", parts.SIDE)
    return [
        (f"trainer, {name}, {sizes.side} px, {precision}", partial(parts.train_work, make, sizes, device), device),
        (f"sampler, {name}, {width} px, {precision}", partial(parts.sample_work, make, sizes, device), device),
    ]


def device_of_graphs(weights: Path, device: torch.device) -> torch.device:
    """Where onnxruntime runs graphs if it is asked for this device."""
    started = onnx.session(weights / "detect/person.onnx", device.type, 1).get_providers()
    return device if "CUDAExecutionProvider" in started else CPU


def describe(device: torch.device, graphs: torch.device) -> None:
    """Print what this machine has."""
    print(f"torch {torch.__version__}, onnxruntime {onnx.ort.__version__}")
    if parts.MISSING:
        print(f"not installed, and not needed: {', '.join(parts.MISSING)}")
    if device.type == "cpu":
        print("no CUDA here: the CPU is compared with itself, at tiny size")
        return
    card = torch.cuda.get_device_properties(device)
    print(f"{card.name}, {card.total_memory / 1e6:.0f} MB, CUDA {torch.version.cuda}")
    if graphs.type == "cpu":
        print("onnxruntime has no CUDA here: detector, tagger and embedder are on the CPU, compared with itself")


def verdict(findings: Findings) -> int:
    """Print whether all is well; the exit status."""
    if findings.wrong:
        print(f"\nfurther off than it may be: {'; '.join(findings.wrong)}")
    else:
        print("\nall as near as it should be")
    return 1 if findings.wrong else 0
