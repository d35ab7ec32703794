"""What commands cost: CPU time and peak memory of a child process, as the kernel counted them.

`python -m bench._children decode VIDEO THREADS` decodes a video and does nothing else; `... hash FOLDER` takes
imagehash's phash of every PNG in a folder: the commands that others are measured against.
"""

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Cost:
    """What a child took."""

    cpu: float  # s, user and system
    memory: float  # MB, the most it had at once; never less than this process had when it started the child

    def __add__(self, other: "Cost") -> "Cost":
        """One after the other."""
        return Cost(self.cpu + other.cpu, max(self.memory, other.memory))


def cost(command: Sequence[str | Path], folder: Path, root: Path = ROOT) -> Cost:
    """Run a command in `folder`, with the repository's modules at `root`; its output is thrown away unless it fails."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with open(folder / "child.log", "w+b") as log:
        child = subprocess.Popen([str(word) for word in command], cwd=folder, env=environment, stdout=log, stderr=log)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            log.seek(0)
            raise SystemExit(f"{' '.join(map(str, command))}\n{log.read().decode('utf-8', 'replace')}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def own_peak() -> float:
    """MB, the most memory that this process had at once.

    `ru_maxrss` outlives exec on Linux: of a child it says no less than its parent had, so the kernel's own mark of this
    program is read where there is one.
    """
    status = Path("/proc/self/status")
    marks = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")] if status.exists() else []
    return int(marks[0].split()[1]) / 1024 if marks else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(what: str, path: str, *more: str) -> None:
    """Do one of the commands above."""
    if what == "decode":
        from genga.video.decode import decode

        print(sum(1 for _ in decode(path, int(more[0]))), "frames")
    else:
        import imagehash
        from PIL import Image

        print(len({str(imagehash.phash(Image.open(file))) for file in sorted(Path(path).glob("*.png"))}), "hashes")


if __name__ == "__main__":
    main(*sys.argv[1:])
