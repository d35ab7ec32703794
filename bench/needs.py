"""What each stage needs of memory and time: `python -m bench.needs`, in a project whose workflow has run to its end.

The commands are Snakemake's own, taken from a dry run of everything; each is run again in a copy of the folder, on what
the stages before it left there. Memory is the most that one process of the command had, CPU its user and system time.
Of the stages of an episode the first episode's is run. Beside each stand the memory and minutes that its rule asks for.
Prints the table that docs/clusters.md quotes.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import typer

from bench._children import cost
from bench.models import table
from genga.stages import STAGES

JOB = re.compile(r"^rule (\w+):\n(.*?)^Shell command: (.*?)$", re.MULTILINE | re.DOTALL)


def jobs() -> dict[str, tuple[str, str]]:
    """The command and the resources of the first job of each stage, as a dry run of everything prints them."""
    words = [sys.executable, "-m", "snakemake", "--cores", "2", "--forceall", "--dry-run", "--printshellcmds"]
    done = subprocess.run([*words, "--quiet", "host"], capture_output=True, text=True, check=True)
    found: dict[str, tuple[str, str]] = {}
    for stage, about, command in JOB.findall(done.stdout + done.stderr):
        found.setdefault(stage, (command, about))
    return {stage: found[stage] for stage in STAGES if stage in found}


def asked(about: str, resource: str) -> str:
    """What a rule asks for of a resource."""
    value = re.search(rf"\b{resource}=(\d+)", about)
    return value[1] if value else ""


def main(
    only: list[str] = typer.Option([], help="stages to measure, again for each; all if left out"),
) -> None:
    """Measure what each stage needs of memory and time."""
    rows, planned = [], jobs()
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name, "project")
        shutil.copytree(".", copy, ignore=shutil.ignore_patterns(".git", ".venv*", ".snakemake", "bench"))
        shutil.copytree(".snakemake/genga/lists", copy / ".snakemake/genga/lists")
        for stage, (command, about) in planned.items():
            if only and stage not in only:
                continue
            python = f"PATH={Path(sys.executable).parent}:$PATH"
            found = cost(["bash", "-c", f"export {python}; set -o pipefail; {command}"], copy)
            row = (stage, f"{found.memory:.0f}", asked(about, "mem_mb"), f"{found.cpu:.1f}", asked(about, "runtime"))
            rows.append(row)
            print(row, file=sys.stderr, flush=True)
    print(table(("stage", "peak MB", "asked for, MB", "CPU, s", "asked for, minutes"), rows))


if __name__ == "__main__":
    typer.run(main)
