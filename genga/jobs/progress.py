"""Progress that reads well in a log as in a terminal: what, how far, at which rate, how long still."""

import re
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

T = TypeVar("T")

PROGRESS = re.compile(r": \d+(/\d+)? .*, [\d.]+/s(, .* left)?$")  # a progress line: not a stage's last word


def progress(
    items: Iterable[T],
    total: int | None,
    what: str,
    unit: str,
    every: float = 5.0,
    file: TextIO | None = None,
) -> Iterator[T]:
    """Yield from `items`, writing a line to `file` (stderr) every `every` seconds.

    total: number of items, or None when unknown. The line: `tag sample/ep01: 120/300 stills, 35.0/s, 5 s left`.
    Nothing is written for work that ends before the first interval is over.
    """
    start = last = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - last >= every:
            last = now
            print(progress_line(what, unit, done, total, now - start), file=file or sys.stderr, flush=True)


def progress_line(what: str, unit: str, done: int, total: int | None, seconds: float) -> str:
    """Return one progress line after `done` items in `seconds` seconds."""
    rate = done / seconds if seconds > 0 else 0.0
    if total is None:
        return f"{what}: {done} {unit}, {rate:.1f}/s"
    left = (total - done) / rate if rate > 0 else 0.0
    return f"{what}: {done}/{total} {unit}, {rate:.1f}/s, {duration(left)} left"


def duration(seconds: float) -> str:
    """Return seconds as people say them: `8 s`, `3 min 05 s`, `2 h 14 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
