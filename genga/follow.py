"""A job ends when the run that started it was killed: what it writes nobody waits for, and the next run makes anew.

The run holds a lock of the operating system (genga.journal), whose file the environment names to its jobs. A thread of
the job waits for that lock; it comes when the run is no more, however it ended.
"""

import fcntl
import os
import signal
import threading
from typing import IO

HELD = "GENGA_HELD"  # names the locked file; not set for a command that a person started


def follow() -> None:
    """Have this process killed when the run that started it ends. Does nothing where there is no such run."""
    if not (path := os.environ.get(HELD)):
        return
    try:
        held = open(path, encoding="utf-8")  # noqa: SIM115 (for as long as the process lives)
    except OSError:
        return
    try:
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        threading.Thread(target=_wait, args=(held,), daemon=True).start()
    else:
        held.close()  # another machine, to which its file system does not show the lock


def _wait(held: IO[str]) -> None:
    fcntl.flock(held, fcntl.LOCK_SH)
    os.kill(os.getpid(), signal.SIGKILL)
