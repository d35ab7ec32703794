"""How many recurring drawings are found among millions, and at what cost: `python -m bench.search [--full]`.

Signatures are drawn: scenes of ten drawings that differ from each other as those of the drawn series do, and repeats of
a tenth of them with as many bits flipped as encoding anew flips (the first table measures that on the drawn series).
Every signature is looked up among all; *recall* is the part of the repeats whose original is among the four nearest.
Times are those of genga.drawings.signatures, on two threads unless OMP_NUM_THREADS says otherwise; `--full` goes to ten
million. Prints the tables that docs/frames-speed.md quotes.
"""

import os
import time
from pathlib import Path

import cv2
import faiss
import numpy as np
import typer

from bench._children import own_peak
from bench._peers import SAME_FRAMES, encoded
from bench.models import table
from genga.drawings.frames import signature
from genga.drawings.signatures import Codes, nearest
from genga.video.decode import decode, luma
from genga.video.luma_grid import cells_of, grid_size

COUNTS = (100_000, 300_000, 1_000_000)
FULL = (100_000, 1_000_000, 10_000_000)
SCENE = 10  # drawings in a scene
APART = 16.0  # bits that a drawing differs from its scene's, on average: 32 from another of it
FLIPPED = 5.0  # bits that a repeat differs from its original, on average; 99 of 100 at most 17
MOST = 4  # nearest that are asked for


def signatures(video: Path) -> Codes:
    """The signature of each frame."""
    found = []
    for frame in decode(video, 2):
        plane, bits = luma(frame.frame)
        found.append(signature(cells_of(plane, bits, grid_size(plane.shape[1], plane.shape[0], 120))))
    return np.frombuffer(b"".join(found), np.uint8).reshape(len(found), -1)


def flipped(codes: Codes, mean: float, rng: np.random.Generator) -> Codes:
    """Signatures with some bits turned: as many as a negative binomial of two trials says, anywhere."""
    turned = codes.copy()
    counts = rng.negative_binomial(2, 2 / (2 + mean), len(codes))
    rows = np.repeat(np.arange(len(codes)), counts)
    places = rng.integers(0, codes.shape[1] * 8, len(rows))
    np.bitwise_xor.at(turned, (rows, places // 8), (1 << (places % 8)).astype(np.uint8))
    return turned


def planted(count: int, rng: np.random.Generator) -> tuple[Codes, np.ndarray, np.ndarray]:
    """`count` signatures, and which of them are repeats of which."""
    repeats = count // 10
    scenes = rng.integers(0, 256, (-(-(count - repeats) // SCENE), 32), np.uint8)
    drawings = flipped(np.repeat(scenes, SCENE, axis=0)[: count - repeats], APART, rng)
    originals = rng.choice(count - repeats, repeats, replace=False)
    codes = np.concatenate([drawings, flipped(drawings[originals], FLIPPED, rng)])
    return codes, np.arange(count - repeats, count), originals


def row(count: int) -> tuple[object, ...]:
    """Look up every signature among `count`."""
    codes, copies, originals = planted(count, np.random.default_rng(count))
    wall, cpu = time.perf_counter(), time.process_time()
    _, numbers = nearest(codes, codes, MOST)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    recall = float((numbers[copies] == originals[:, None]).any(axis=1).mean())
    memory = own_peak() / 1e3
    return (f"{count:,}", f"{recall:.4f}", f"{cpu:.1f}", f"{wall:.1f}", f"{cpu / count * 1e6:.1f}", f"{memory:.2f}")


def flips(video: Path, cache: Path) -> list[tuple[object, ...]]:
    """How many bits encoding anew flips: the median, nine of ten, and 99 of 100 frames."""
    native = signatures(video)
    rows: list[tuple[object, ...]] = []
    for variant in SAME_FRAMES[1:]:
        bits = np.bitwise_count(native ^ signatures(encoded(video, variant, cache))).sum(axis=1)
        rows.append((video.stem, variant, *(round(float(part)) for part in np.percentile(bits, [50, 90, 99]))))
    return rows


def main(
    raw: Path = typer.Option(Path("data/raw/sample"), help="folder of the drawn episodes"),
    cache: Path = typer.Option(Path("data/bench/frames"), help="folder of the encoded variants"),
    full: bool = typer.Option(False, help="up to ten million signatures"),
    measure: bool = typer.Option(True, help="measure how many bits encoding flips"),
) -> None:
    """Measure how many recurring drawings are found among many signatures, and at what cost."""
    cv2.setNumThreads(1)
    faiss.omp_set_num_threads(int(os.environ.get("OMP_NUM_THREADS", 2)))
    if measure:
        print("## Bits of 256 that encoding anew flips\n")
        rows = [row for video in sorted(raw.glob("*.mkv"))[:1] for row in flips(video, cache)]
        print(table(("video", "encoded", "median", "90 %", "99 %"), rows))
    print("\n## Repeats among many signatures\n")
    header = ("signatures", "recall", "CPU, s", "wall, s", "CPU us a signature", "peak GB so far")
    print(table(header, [row(count) for count in (FULL if full else COUNTS)]))


if __name__ == "__main__":
    typer.run(main)
