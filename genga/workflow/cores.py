"""How many threads a job has that decodes a video: as few as leave no core without work.

By one thread decoding takes less than by two (of 1080 lines 6 to 16 % less CPU), and nothing waits: by two a core is
idle while the other measures frames, or writes stills. So two are for where cores are to spare. On a cluster a job has
them, since others take nothing from it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

_MOST = 2


def decoding_threads(workflow: Any, tables: Sequence[str]) -> int:
    """Return the threads of each job that makes one of `tables`: of those that are not there, or else of all.

    workflow: Snakemake's, which knows the cores and whether jobs run on this machine.
    """
    cores = workflow.resource_settings.cores if workflow.local_exec else None
    if cores is None:  # and each job elsewhere reads the workflow again: it need not look at all files for that
        return _MOST
    jobs = sum(not Path(path).exists() for path in tables) or len(tables)
    return _MOST if cores >= _MOST * jobs else 1
