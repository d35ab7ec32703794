"""Run the demo by profiles/kubernetes on a stand-in for a cluster, and hold what came out against a run without it.

A copy of the project, whose videos lie in a bucket of an S3 server that is started here; every pod is a process in an
empty folder (`tests/pods/cluster.py`). Then nothing must be left to do; and, brought home from the bucket, every output
must be, to the byte, that of a run on this machine alone, by the sha256 in records.jsonl: of the project, if all
of it was made there, else of one that is made now, or of the file named as argument. Nor must there be anything to do
at home, and every output must be on record. The server's log is logs/s3.log. `--packs` as of tests.slurm.demo.
"""

import re
import tempfile
import time
from pathlib import Path

from genga.store.files import sha256_of
from tests.pods.project import ROOT, bring_home, s3_server, send, snakemake
from tests.slurm.demo import NOTHING, TARGETS, check, copy, made_alone, outputs
from tests.slurm.demo import snakemake as alone


def main() -> None:
    """Run it; one line for each thing that was found, exit status 1 at the first that is wrong."""
    with tempfile.TemporaryDirectory(prefix="genga-pods-") as name, s3_server(ROOT / "logs/s3.log") as server:
        tried(Path(name), server, made_alone(Path(name, "alone")))


def tried(folder: Path, server: str, expected: dict[str, str]) -> None:
    """Run the demo in pods and compare."""
    project, pods = folder / "project", folder / "pods"
    copy(project)
    send(project, server)
    began = time.perf_counter()
    in_pods(project, pods, server)
    count = len((pods / "manifests.jsonl").read_text(encoding="utf-8").splitlines())
    print(f"the demo ran to its end in {count} pods in {time.perf_counter() - began:.0f} s", flush=True)
    check(NOTHING in in_pods(project, pods, server, "-n"), "after it there is something left to do: snakemake -n")
    print("afterwards there is nothing to do")
    bring_home(project, server)
    found = {path: sha256_of(project / path) for path in expected if (project / path).is_file()}
    odd = sorted(path for path in expected if expected[path] != found.get(path))
    check(not odd, f"{len(odd)} outputs are not those of a run on one machine, first: {odd[:1]}")
    print(f"all {len(expected)} outputs have the sha256 that they have on one machine")
    check(
        NOTHING in alone(project, "-n", "--cores", "1", *TARGETS),
        "brought home, there is something left to do: snakemake -n",
    )
    check(outputs(project / "records.jsonl") == expected, "brought home, the outputs are not those on record")
    print("brought home there is nothing to do, and every output is on record")


def in_pods(project: Path, pods: Path, server: str, *words: str) -> str:
    """Run Snakemake with pods and return what it said; the end of that, what pods said, and stop, if it fails."""
    code, text = snakemake(project, pods, server, *TARGETS, *words)
    said = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in pods.glob("*.log")) if code else ""
    errors = "\n".join(re.findall(r"^.*error.*$", said, re.MULTILINE | re.IGNORECASE)[:20])
    check(code == 0, f"ended with {code}:\n{text[-4000:]}\nof the pods:\n{errors}")
    return text


if __name__ == "__main__":
    main()
