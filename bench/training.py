"""What a step of training takes, of genga and of others: `python -m bench.training [--kohya FOLDER] [--tiny]`.

A LoRA of rank 16 on all 192 modules of the transformers of a base of SD 1.5's size with random weights, on one thread:
genga's trainer (exact and fast), a plain loop of diffusers and peft, and one with the network code of kohya's
sd-scripts, where their folder is named. The others have captions encoded and latents at hand. Each is a process of its
own, and they take turns. Seconds are those of the CPU, so a busy machine shows less; the median over all steps counts.
Then the losses of genga's fast trainers are compared with those of the exact one, step by step.

With `--device cuda` LoRA and fine-tune of a base of SD 1.5's size, in two precisions and at two sizes: images a second,
memory of the GPU, and for what share of the time it waits. Not run on a GPU yet; `--tiny` shows that it runs.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PEERS = ("diffusers and peft", "kohya")


def main(words: list[str] | None = None) -> int:
    """Measure, print a table; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.training", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kohya", default="", help="folder of kohya's sd-scripts; without it they are left out")
    parser.add_argument("--tiny", action="store_true", help="a base of a few channels: whether all runs")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each; default 3")
    parser.add_argument("--steps", type=int, default=50, help="whose losses are compared; default 50, 0: none")
    parser.add_argument("--batches", type=int, nargs="*", default=[1, 4], help="default 1 4")
    parser.add_argument("--seconds", type=float, default=600, help="with cuda: when to be through, about; default 600")
    given = parser.parse_args(words)
    from bench._trainers import TRAINERS, Job  # seconds: not for whoever asks for help

    there = bool(given.kohya) and Path(given.kohya, "networks/lora.py").is_file()
    if not there:
        print(
            f"kohya: no sd-scripts in {given.kohya!r}" if given.kohya else "kohya: left out (--kohya names its folder)"
        )
    names = [name for name in TRAINERS if there or not name.startswith("kohya")]
    size, side = ("tiny", 64) if given.tiny else ("SD 1.5", 256)
    job = Job(size, side, 1, 1, 2 if given.tiny else 3, given.device, kohya=given.kohya)
    if given.device == "cuda":
        return on_gpu(names, job, given.seconds, given.tiny)
    for batch in given.batches:
        on_cpu(names, Job(**{**asdict(job), "batch": batch}), given.rounds)
    return compared(Job(**{**asdict(job), "warm": 0, "steps": given.steps})) if given.steps else 0


def child(name: str, job: Any) -> dict[str, Any]:
    """What one process has measured."""
    command = [sys.executable, "-m", "bench._trainers", name, json.dumps(asdict(job))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def on_cpu(names: list[str], job: Any, rounds: int) -> None:
    """Print a row for each: s of CPU and of the clock a step, peak MB, and how fast it is against each peer."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            found[name].append(child(name, job))
    failed = {name: one["error"] for name, runs in found.items() for one in runs if "error" in one}
    found = {name: runs for name, runs in found.items() if name not in failed}
    cpu = {name: median(one for each in runs for one in each["cpu"]) for name, runs in found.items()}
    peers = [name for name in PEERS if name in found]
    print(f"\n## {job.size}, batch {job.batch}, latents {job.side // 8}x{job.side // 8}, one thread\n")
    print(f"| who | CPU s a step | clock s | peak MB | {' | '.join(f'times {name}' for name in peers)} |")
    print("|---" * (4 + len(peers)) + "|")
    for name, runs in found.items():
        clock = median(one for each in runs for one in each["wall"])
        memory = median(each["memory"] for each in runs)
        times = " | ".join(f"{cpu[peer] / cpu[name]:.2f}" for peer in peers)
        print(f"| {name} | {cpu[name]:.3g} | {clock:.3g} | {memory:.0f} | {times} |", flush=True)
    for name, why in failed.items():
        print(f"{name}: failed: {why}", flush=True)


def compared(job: Any) -> int:
    """Print how far the losses of the fast trainers are from the exact one's; 1 if further than they may be."""
    exact, status = child("genga", job)["losses"], 0
    print(f"\n## Losses of {job.steps} steps against the exact ones\n\n| who | mean off by | most off by | may be |")
    print("|---|---|---|---|")
    for name, most in (("genga, fast", 1e-5), ("genga, fast, bfloat16", 1e-2)):
        off = [abs(one / other - 1) for one, other in zip(child(name, job)["losses"], exact, strict=True)]
        print(f"| {name} | {sum(off) / len(off):.1e} | {max(off):.1e} | {most:.0e} |", flush=True)
        status |= max(off) > most
    return status


def on_gpu(names: list[str], job: Any, seconds: float, tiny: bool) -> int:
    """Print a row for each trainer, method, precision and size."""
    import torch

    from bench._gpu import watched

    there = torch.cuda.is_available()
    if not there:
        print(
            "no CUDA here: the CPU stands for it, at tiny size" if tiny else "no CUDA here; --tiny shows that it runs"
        )
        if not tiny:
            return 1
    device = torch.device("cuda" if there else "cpu")
    sides, precisions = ((64,), ("bfloat16",)) if tiny else ((512, 1024), ("float16", "bfloat16"))
    work = [
        (name, method, precision, side)
        for side in sides
        for method in ("lora", "full")
        for precision in precisions
        for name in names
        if "bfloat16" not in name and not (method == "full" and name == "kohya")
    ]
    print("\n| who | what | images/s | GPU memory, MB | GPU waits |\n|---|---|---|---|---|")
    end = time.monotonic() + seconds
    for number, (name, method, precision, side) in enumerate(work):
        each = (end - time.monotonic()) / (len(work) - number)
        batch = 4 if side <= 512 else 1
        one = {**asdict(job), "device": device.type, "side": side, "batch": batch, "method": method}
        one |= {"precision": precision, "warm": 2, "seconds": 0.0 if tiny else max(2.0, each / 3)}
        with watched(device) as seen:
            found = child(name, type(job)(**one))
        what = f"{method}, {precision}, {side} px"
        if "error" in found:
            print(f"| {name} | {what} | {found['error']} | | |", flush=True)
            continue
        busy = seen.busy[-max(1, int(5 * sum(found["wall"]))) :]  # what came before is loading
        waits = f"{1 - sum(busy) / len(busy):.0%}" if busy else "not told"
        speed = batch * len(found["wall"]) / sum(found["wall"])
        print(f"| {name} | {what} | {speed:.2f} | {found['memory']:.0f} | {waits} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
