"""Runs of the workflow from the desk: what is stale, a run that is started, how far it is, and its end.

Snakemake is a process of its own: a desk that is closed takes no run with it.
"""

import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genga.desk.desk import FOLDER
from genga.errors import GengaError
from genga.workflow.session import between_runs

LOG = FOLDER / "run.log"

_STEPS = re.compile(r"^(\d+) of (\d+) steps", re.MULTILINE)
_JOB = re.compile(r"^(\w+)\s+(\d+)$", re.MULTILINE)
_TAIL = 16_384  # bytes of the log that are looked at
_LINES = 12  # of it that are shown


@dataclass
class Work:
    """root: the project's folder. cores: that a run may use."""

    root: Path
    cores: str = "all"
    _process: subprocess.Popen[bytes] | None = None
    _stale: dict[str, int] | None = None  # jobs by rule; None: not asked yet, or changed since
    _asking: bool = False
    _fault: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def state(self) -> dict[str, Any]:
        """Return what is going on: who is at work, how far the desk's own run is, what is stale as far as is known."""
        own, code = self._process, self._process.poll() if self._process else None
        with between_runs(self.root, writing=False) as at_work:
            pass
        text = self._log() if own else ""
        steps = _STEPS.findall(text)
        return {
            "running": own is not None and code is None,
            "at_work": at_work,
            "code": code,
            "steps": [int(number) for number in steps[-1]] if steps else None,
            "log": [line for line in text.splitlines() if line.strip()][-_LINES:],
            "stale": self._stale,
            "asking": self._asking,
            "fault": self._fault,
        }

    def changed(self) -> None:
        """What was stale is not known any more."""
        self._stale = None

    def ask(self) -> None:
        """Have `snakemake -n` say what is stale; the answer comes into `state` later."""
        with self._lock:
            if not self._asking:
                self._asking = True
                threading.Thread(target=self._ask, daemon=True).start()

    def _ask(self) -> None:
        try:
            found = stale_jobs(self.root)
            self._stale, self._fault = found, ""
        except GengaError as error:
            self._fault = str(error)
        finally:
            self._asking = False

    def start(self) -> None:
        """Start a run. Raises GengaError if one is at work."""
        with self._lock, between_runs(self.root) as at_work:
            if at_work or (self._process is not None and self._process.poll() is None):
                raise GengaError(f"{at_work or 'a run'} is at work in this project; wait for its end")
            path = self.root / LOG
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "wb") as log:
                command = [*_SNAKEMAKE, "--cores", self.cores]
                self._process = subprocess.Popen(
                    command, cwd=self.root, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
                )
            self._stale = None

    def stop(self) -> None:
        """Ask the desk's own run to end; jobs that are done stay done. Raises GengaError if it has none."""
        if self._process is None or self._process.poll() is not None:
            raise GengaError("this desk has no run that could be stopped")
        self._process.send_signal(signal.SIGINT)

    def _log(self) -> str:
        path = self.root / LOG
        if not path.is_file():
            return ""
        with open(path, "rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL))
            return file.read().decode(errors="replace")


_SNAKEMAKE = (sys.executable, "-m", "snakemake")


def stale_jobs(root: Path) -> dict[str, int]:
    """Return how many jobs of each rule a run would have. Raises GengaError with what Snakemake said if it cannot."""
    done = subprocess.run([*_SNAKEMAKE, "-n"], cwd=root, capture_output=True, text=True, errors="replace")
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        errors = [line for line in said if line.startswith("error:")]
        raise GengaError(f"snakemake -n: {(errors or said or ['no word'])[-1].removeprefix('error: ')}")
    return jobs_in(done.stdout)


def jobs_in(text: str) -> dict[str, int]:
    """Return the jobs by rule that Snakemake's table of a dry run says, but for `all` and the sum."""
    _, _, table = text.rpartition("Job stats:\n")
    found = {rule: int(count) for rule, count in _JOB.findall(table.split("\n\n")[0])}
    return {rule: count for rule, count in found.items() if rule not in ("all", "total")}
