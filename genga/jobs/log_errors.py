"""What went wrong in a workflow, gathered from the jobs' logs: the line a person needs, found again at the end."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

# A line of genga.jobs.script.progress: not a stage's last word.
PROGRESS = re.compile(r": \d+(/\d+)? .*, [\d.]+/(s|min)(, .* left)?$")
_CRASH = "Traceback (most recent call last):"
# What a shell says that could not start a job.
_SHELL = re.compile(r"(/\S*/)?(ba|da|k|z)?sh: (line )?(\d+: )?(?P<said>.+)")
_KILLED = "error: ended without a word: killed, by somebody or for want of memory; run again, then with fewer --cores"
_SAID = 20  # failures said again at the end
_BEGUN = Path(".cache/packs")  # where it is noted at which clip a pack's job is


@contextmanager
def noting(stage: str, series: str, pack: str) -> Iterator[Callable[[str], None]]:
    """Give whom to tell which clip of a pack is begun, so that it is known of a job that is killed."""
    path = _BEGUN / stage / series / f"{pack}.begun"
    path.parent.mkdir(parents=True, exist_ok=True)

    def begun(clip: str) -> None:
        path.write_text(f"{series}/{clip}", encoding="utf-8", errors="surrogateescape")

    try:
        yield begun
    finally:
        path.unlink(missing_ok=True)


def find_failures(folder: str | Path, since: float) -> list[tuple[str, str]]:
    """Return (log, line) for every log under `folder` that was written after `since` and ends in an error, sorted.

    since: seconds since the epoch. line: the last `error: …` of the log, or the last line where Python crashed. A log
    that does not end with the summary of its stage, which its first folder names, is of a job that was never started,
    as its shell says, or was killed; what it said last is repeated.
    """
    failures = []
    for log in sorted(Path(folder).rglob("*.log")):
        if log.stat().st_mtime < since:
            continue
        lines = [line for line in log.read_text(encoding="utf-8", errors="replace").split("\n") if line.strip()]
        said = [line for line in lines if line.startswith("error: ")]
        stage = log.relative_to(folder).parts[0]
        if said or _CRASH in lines:
            failures.append((log.as_posix(), said[-1] if said else f"error: {lines[-1]}"))
        elif not lines or not lines[-1].startswith(stage) or PROGRESS.search(lines[-1]):
            begun = (_BEGUN / log.relative_to(folder)).with_suffix(".begun")
            clip = begun.read_text(encoding="utf-8", errors="replace") if begun.is_file() else ""
            failures.append((log.as_posix(), _ended_after(lines[-1] if lines else "", clip)))
    return failures


def failures_in_words(failures: Sequence[tuple[str, str]]) -> list[str]:
    """Return what is said of (log, line) of the jobs that failed: the first ones', and how many more there are.

    On a disk that is full, or without the share that the videos are on, all that is left to make fails alike.
    """
    said = [f"{line} (log: {log})" for log, line in failures[:_SAID]]
    more = len(failures) - len(said)
    return [*said, f"error: {more} more jobs failed; each says why in its log, in logs/"] if more else said


def _ended_after(last: str, clip: str) -> str:
    if shell := _SHELL.fullmatch(last):
        return f"error: could not be started: {shell['said']}"
    said = f"{_KILLED}; it was at {clip}: take that away if it is so again" if clip else _KILLED
    return said if not last or PROGRESS.search(last) else f"{said}; it said last: {last}"
