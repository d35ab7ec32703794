"""How a stage's command starts, tells how far it is, and ends: parameters in, one summary line or one clear error out.

OpenCV has one thread in every job: what some of its functions make depends on how many share the work.

A job ends when the run that started it was killed: what it writes nobody waits for, and the next run makes anew. The
run holds a lock of the operating system (genga.workflow.session) on a file that says which run it is. The environment
names file and run to the jobs. A thread of the job waits for that lock; it comes when the run is no more, however it
ended.
"""

import atexit
import errno
import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NoReturn, TextIO, TypeVar

import typer

from genga.errors import GengaError
from genga.params.section import params_of as params_of  # what every command begins with

T = TypeVar("T")

# What goes wrong with disks, not with programs.
_DISK = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT)

# Of glibc: from which size on a piece of memory is the system's again at once, and from which what is free at the end.
_LARGE, _TRIMMED = -3, -1
_HELD = 16 << 20  # bytes

HELD, RUN = "GENGA_HELD", "GENGA_RUN"  # the locked file, and what stands in it; a person's command has neither

# Options that many commands have.
PARAMS: str = typer.Option("", help="the section's values as JSON; without it they are read from params.yaml")
MODELS: str = typer.Option("", help="section models as JSON; without it it is read from params.yaml")
THREADS: int = typer.Option(2, min=1, help="CPU threads")
DATA: Path = typer.Option(..., help="folder of the tables, by stage and series")
TOGETHER: str = typer.Option("", "--together", help="how the tables of a run's series become one, as JSON")
EPISODES: Path = typer.Option(..., help="file that names the episodes, a JSON list")


def run(main: Callable[..., None]) -> NoReturn:
    """Run `main` as a command (its arguments by typer). A GengaError becomes one line on stderr and exit status 1.

    So does a disk that is full, read-only or gone. A job of the workflow ends when its run is killed.
    """
    follow()
    one_thread_each()
    try:
        command_of(main, sys.modules[main.__module__].__doc__)(standalone_mode=True)
    except SystemExit as done:  # what a command ends with that went well, too
        if done.code or main.__module__ != "__main__":
            raise
    except GengaError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if error.errno not in _DISK:
            raise
        _tell(error)
        if main.__module__ != "__main__":
            sys.exit(1)
        _end(1)
    _end()


def _tell(error: OSError) -> None:
    where = error.filename or "a disk or share"
    print(f"error: {where}: {error.strerror}; put the disk right, and run again", file=sys.stderr)


def _end(status: int = 0) -> NoReturn:
    """End with a status. What is in memory is left to the system: to take torch apart lasts half a second."""
    if any(not one.daemon for one in threading.enumerate() if one is not threading.main_thread()):
        sys.exit(status)
    atexit._run_exitfuncs()
    try:
        sys.stderr.flush()
        sys.stdout.flush()  # what it holds may not be written before: then this is the first to know
    except OSError as error:
        if not status and error.errno not in _DISK:
            sys.exit(0)  # which says so
        if not status:
            _tell(error)
            sys.stderr.flush()
        os._exit(1)
    os._exit(status)


def command_of(main: Callable[..., None], about: str | None) -> Any:
    """Return `main` as a command, with `about` as its help."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(help=about)(main)
    return typer.main.get_command(app)


def leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield a command, or all commands below it, by full name: `genga models pull`."""
    if not hasattr(command, "list_commands"):
        yield name, command
        return
    context = typer.Context(command, info_name=name)
    for child in command.list_commands(context):
        yield from leaves(f"{name} {child}", command.get_command(context, child))


def one_thread_each() -> None:
    """Have each call of OpenCV do its work in the thread that calls it.

    Grids are small, and stills are spread over threads: handing parts to further ones takes longer than the work, too.
    """
    import cv2  # not for a command that only looks

    cv2.setNumThreads(1)


def hold_memory() -> None:
    """Have what this process gives back of its memory, but large pieces, stay with it for when it needs some again.

    The system clears every page that it gives: of an encoder for each picture that is a tenth of the work. Where there
    is no glibc, nothing is done.
    """
    import ctypes  # not for a command that only looks

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_LARGE, _HELD)
        mallopt(_TRIMMED, 2 * _HELD)


def summary(line: str) -> None:
    """Print a stage's one summary line."""
    print(line, flush=True)


def at_once(threads: int) -> int:
    """Return how many of so many threads can work at once: more than this process has cores get in each other's way."""
    return min(threads, cores())


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1  # not on macOS


def ahead(items: Iterator[T]) -> Generator[T]:
    """Yield from `items`, none of which is None; a thread makes the next one meanwhile. To be closed at the end."""
    from concurrent.futures import ThreadPoolExecutor  # not for a command that only looks

    with ThreadPoolExecutor(1, "ahead") as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item


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
        return f"{what}: {done} {unit}, {pace(rate)}"
    left = (total - done) / rate if rate > 0 else 0.0
    return f"{what}: {done}/{total} {unit}, {pace(rate)}, {duration(left)} left"


def pace(rate: float) -> str:
    """Return a rate, 1/s, as people say it: `30.0/s`, and `12.4/min` where it is less than one a second."""
    return f"{60 * rate:.1f}/min" if 0 < rate < 1 else f"{rate:.1f}/s"


def duration(seconds: float) -> str:
    """Return seconds as people say them: `8 s`, `3 min 05 s`, `2 h 14 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


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
