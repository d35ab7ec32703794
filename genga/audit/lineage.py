"""The walk over the jobs' records (docs/records.md) from a file to what it was made of."""

from collections.abc import Iterable, Iterator

from genga.workflow.records import Record, Records


def behind(records: Records, *paths: str) -> list[Record]:
    """Return the jobs that the files were made by, and those that made what these read, earliest first."""
    found: dict[str, Record] = {}
    # A stack of our own: each episode looks back to those before, which makes chains as long as a series.
    waiting = [(path, False) for path in sorted(paths, reverse=True)]
    while waiting:
        path, done = waiting.pop()
        job = records.maker.get(path)
        if job is None or job.key in found:
            continue
        if done:
            found[job.key] = job
        else:
            waiting.append((path, True))
            waiting.extend((read, False) for read in sorted(job.inputs, reverse=True))
    return list(found.values())


def recorded(jobs: Iterable[Record]) -> Iterator[tuple[str, str | None]]:
    """Yield (path, sha256) of everything that the jobs read and made, sorted; None: no job's record knows a hash.

    A path comes several times if its content changed between two jobs.
    """
    found: dict[str, set[str]] = {}
    for job in jobs:
        made = {path: output.sha256 for path, output in job.outputs.items()}
        for path, sha256 in [*job.inputs.items(), *made.items()]:
            found.setdefault(path, set()).update([sha256] if sha256 else [])
    for path, hashes in sorted(found.items()):
        for sha256 in sorted(hashes):
            yield path, sha256
        if not hashes:
            yield path, None
