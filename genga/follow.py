"""A job ends when the run that started it was killed: what it writes nobody waits for, and the next run makes anew.

The run holds a lock of the operating system (genga.journal) on a file that says which run it is. The environment names
file and run to the jobs. A thread of the job waits for that lock; it comes when the run is no more, however it ended.
"""

import fcntl
import os
import signal
import threading
from typing import IO

HELD, RUN = "GENGA_HELD", "GENGA_RUN"  # the locked file, and what stands in it; a person's command has neither


def who() -> str:
    """Return what a run calls itself."""
    return f"process {os.getpid()} on {os.uname().nodename}"


def follow() -> None:
    """Have this process killed when the run that started it ends, or has ended. Does nothing without such a run.

    Nor on another machine, where the lock may not be seen.
    """
    path, run = os.environ.get(HELD, ""), os.environ.get(RUN, "")
    if not run.endswith(f" on {os.uname().nodename}"):
        return
    try:
        held = open(path, encoding="utf-8")  # noqa: SIM115 (for as long as the process lives)
    except OSError:
        return
    try:
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        if held.read().startswith(f"{run},"):
            threading.Thread(target=_wait, args=(held,), daemon=True).start()
            return
    os.kill(os.getpid(), signal.SIGKILL)


def _wait(held: IO[str]) -> None:
    fcntl.flock(held, fcntl.LOCK_SH)
    os.kill(os.getpid(), signal.SIGKILL)
