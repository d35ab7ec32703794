"""What the workflow writes beside a model when it is done: its card, and the audit's page beside its report.

Both need the records of the jobs, which are there only when the jobs are done, so no rule can make them. They are
written for every run of which a job was done; what did not change stays as it is.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from genga.audit.card import NAME, card
from genga.audit.lineage import behind
from genga.audit.model import evaluation_of
from genga.audit.page import page
from genga.audit.provenance import made_by_training
from genga.audit.verify import audit
from genga.errors import GengaError
from genga.store.files import write_text
from genga.store.hash_cache import Stamps
from genga.tables.places import path_of
from genga.training.checkpoints import read_checkpoints
from genga.workflow.records import Record, Records


def write_papers(records: Records, stamps: Stamps, made: Iterable[Record] | None) -> list[str]:
    """Write card and page of every run behind which is one of the jobs `made` (None: of every run); return the runs.

    stamps: hashes of files that were read before; a file that has changed since is read again. A run that cannot be
    described is said on stderr and left: its jobs are done all the same.
    """
    keys = None if made is None else {job.key for job in made}
    described = []
    for run in sorted(path.parent.name for path in Path("models").glob("*/checkpoints.json")):
        jobs = {
            job.key for job in behind(records, *made_by_training(run), selected(run), path_of("evaluate", run, "json"))
        }
        if keys is not None and not keys & jobs:
            continue
        try:
            _write(run, records, stamps)
        except GengaError as error:
            print(f"note: no card and no audit of run {run}: {error}", file=sys.stderr)
        else:
            described.append(run)
    return described


def selected(run: str) -> str:
    """Return where the checkpoint is that stage evaluate selected."""
    return f"models/{run}/{run}.safetensors"


def _write(run: str, records: Records, stamps: Stamps) -> None:
    write_text(Path("models", run, NAME), card(run, records))
    listed = read_checkpoints(Path("models", run, "checkpoints.json")).all
    model = selected(run) if evaluation_of(run) and Path(selected(run)).is_file() else listed[-1].file
    write_text(Path("reports", run, "audit.html"), page(audit(model, records, known=stamps)))
