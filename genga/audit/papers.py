"""Card and audit of runs and merges, for the workflow to write last: whoever only looks does not wait for imports."""

from collections.abc import Iterable

from genga.store.hash_cache import Stamps
from genga.workflow.records import Record, Records


def write_papers(records: Records, stamps: Stamps, made: Iterable[Record] | None) -> list[str]:
    """Write card and audit of runs and merges; see `genga.audit.written.write_papers`."""
    from genga.audit import written  # a second

    return written.write_papers(records, stamps, made)
