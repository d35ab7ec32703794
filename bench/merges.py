"""What a merge costs: `python -m bench.merges [--sdxl] [--sparse] [--extract] [--peer] [--only WORDS]`.

Checkpoints of SD 1.5's real names and shapes (2.1 GB, float16, random numbers), with --sdxl of SDXL's too (6.9 GB
each), are written into a temporary folder, then merged, each time in a process of its own: seconds of the CPU, and the
most memory it had at once, as a share of the largest file that it read. --sparse: B and C are zeros, which take no room
on the disk, so that SDXL needs 14 GB of it and not 28; memory and arithmetic are the same. --extract finds a LoRA too,
which takes long. --only: the merges that have these words in their names. --peer merges by sd-mecha as well, if it is
installed, in its default and in one thread, each twice: are the bytes equal?
Prints the tables that docs/merging.md and docs/dependencies.md quote.
"""

import importlib.util
import sys
import tempfile
from pathlib import Path

import typer

from bench._checkpoints import NAMES, write_random, write_random_lora, write_zeros
from bench._children import cost
from genga.store.files import sha256_of

# By what is done: the method and the parents (bench._merge_once).
METHODS = {
    "weighted sum": ("weighted_sum", "a", "b"),
    "weighted sum by blocks": ("by_blocks", "a", "b"),
    "by cosines": ("cosine_b", "a", "b"),
    "add difference": ("add_difference", "a", "b", "c"),
    "train difference": ("train_difference", "a", "b", "c"),
    "LoRA of rank 32 baked in": ("bake_lora", "a", "lora"),
}
EXTRACT = {"LoRA of rank 32 extracted": ("extract_lora", "a", "b")}
LIMIT = 1.5  # times the largest input: what is promised


def main(sdxl: bool = False, sparse: bool = False, extract: bool = False, peer: bool = False, only: str = "") -> None:
    """Write the checkpoints, merge them, print."""
    methods = {name: words for name, words in (METHODS | (EXTRACT if extract else {})).items() if only in name}
    print(f"{'checkpoint':<10} {'merge':<28} {'CPU s':>6} {'MB':>7} {'of the largest file':>20}")
    for kind in ("sd15", *(["sdxl"] if sdxl else [])):
        with tempfile.TemporaryDirectory() as name:
            _write(kind, Path(name), sparse)
            _measure(kind, Path(name), methods, peer)


def _write(kind: str, folder: Path, sparse: bool) -> None:
    for seed, letter in enumerate("abc"):
        if sparse and seed:
            write_zeros(folder / f"{letter}.safetensors", kind)
        else:
            write_random(folder / f"{letter}.safetensors", kind, seed)
    write_random_lora(folder / "lora.safetensors", kind, 32)


def _measure(kind: str, folder: Path, methods: dict[str, tuple[str, ...]], peer: bool) -> None:
    for called, (method, *parents) in methods.items():
        _row(kind, called, folder, ["bench._merge_once", method, *parents])
    if peer and importlib.util.find_spec("sd_mecha"):
        for threads in ("default", "0"):
            made = set()
            for _ in range(2):
                _row(kind, f"sd-mecha, threads {threads}", folder, ["bench._merge_once", "peer", "a", "b", threads])
                made.add(sha256_of(folder / "out.safetensors"))
            print(f"{'':<10} {'its bytes are equal' if len(made) == 1 else 'its bytes differ'}")


def _row(kind: str, called: str, folder: Path, words: list[str]) -> None:
    took = cost([sys.executable, "-m", *words], folder)
    read = [folder / f"{word}.safetensors" for word in words[2:] if (folder / f"{word}.safetensors").is_file()]
    share = took.memory * 2**20 / max(path.stat().st_size for path in read)
    beyond = "" if share < LIMIT else "  beyond what is promised"
    print(f"{NAMES[kind]:<10} {called:<28} {took.cpu:>6.0f} {took.memory:>7.0f} {share:>20.2f}{beyond}", flush=True)


if __name__ == "__main__":
    typer.run(main)
