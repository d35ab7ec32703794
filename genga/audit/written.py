"""What the workflow writes beside a model when it is done: its card, and the audit's page beside its report.

Both need the records of the jobs, which are there only when the jobs are done, so no rule can make them. They are
written for every run and merge of which a job was done; what did not change stays as it is.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from genga.audit.card import NAME, card
from genga.audit.lineage import behind
from genga.audit.model import evaluation_of, file_of, merges, trained
from genga.audit.page import page
from genga.audit.provenance import made_by_training
from genga.audit.verify import audit
from genga.errors import GengaError
from genga.store.files import write_text
from genga.store.hash_cache import Stamps
from genga.tables.places import path_of
from genga.workflow.records import Record, Records


def write_papers(records: Records, stamps: Stamps, made: Iterable[Record] | None) -> list[str]:
    """Write card and page of all behind which is one of the jobs `made` (None: of all); return the runs and merges.

    stamps: hashes of files that were read before; a file that has changed since is read again. What cannot be
    described is said on stderr and left: its jobs are done all the same.
    """
    keys = None if made is None else {job.key for job in made}
    merged = merges(records)
    described = []
    for name in [*(run for run in trained() if run not in merged), *sorted(merged)]:
        made_by = [merged[name]] if name in merged else _made_by_run(name)
        if keys is not None and not keys & {job.key for job in behind(records, *made_by)}:
            continue
        try:
            model = merged[name] if name in merged else _judged(name)
            write_text(Path("models", name, NAME), card(name, records))
            write_text(Path("reports", name, "audit.html"), page(audit(model, records, known=stamps)))
        except GengaError as error:
            what = "merge" if name in merged else "run"
            print(f"note: no card and no audit of {what} {name}: {error}", file=sys.stderr)
        else:
            described.append(name)
    return described


def _made_by_run(run: str) -> list[str]:
    return [*made_by_training(run), selected(run), path_of("evaluate", run, "json")]


def selected(run: str) -> str:
    """Return where the checkpoint is that stage evaluate selected."""
    return f"models/{run}/{run}.safetensors"


def _judged(run: str) -> str:
    """The run's selected checkpoint, before there is one its last."""
    if evaluation_of(run) and Path(selected(run)).is_file():
        return selected(run)
    return file_of(run, Records())
