"""Whether a GPU computes what the CPU does, and how busy it is: `python -m bench.gpu [--seconds 420] [--base FOLDER]`.

For a machine with a GPU and little else: of packages it needs torch, diffusers, peft, accelerate, safetensors, numpy
and onnxruntime or onnxruntime-gpu, with what these bring along. Genga's own detector, tagger, embedder, trainer and
sampler run on the CPU and on CUDA, and what they answer is compared; then it is measured how many images a second each
does, the GPU's memory in use, and for what share of the time it waits. Exit status 1 if an answer is further off than
it may be. Without CUDA the CPU is compared with itself, at tiny size: that shows that the script runs.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(words: list[str] | None = None) -> int:
    """Check, measure, print two tables; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=420, help="when to be through, about; default 420")
    parser.add_argument(
        "--base",
        type=Path,
        help="a diffusers folder of the SD 1.x kind; default: with CUDA the embedded one, and one of SD 1.5's size with"
        " random weights for speed; without CUDA a tiny one with random weights",
    )
    parser.add_argument(
        "--weights", type=Path, default=ROOT / "demo/weights", help="folder of the ONNX models; default demo/weights"
    )
    given = parser.parse_args(words)
    from bench._gpu import report  # seconds: not for whoever asks for help

    return report(given.seconds, given.base, given.weights)


if __name__ == "__main__":
    sys.exit(main())
