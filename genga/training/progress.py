"""How far a run is, for whoever waits for it."""

import sys
import time
from collections.abc import Callable

from genga.jobs.progress import duration
from genga.training.plan import Step


def progress_of(run: str, total: int, every: float = 5.0) -> Callable[[Step, float], None]:
    """Return a callback that writes step, loss, rate and time left to stderr every `every` seconds."""
    begun: dict[str, float] = {}

    def say(step: Step, loss: float) -> None:
        now = time.monotonic()
        first = begun.setdefault("step", step.number)
        start, last = begun.setdefault("start", now), begun.setdefault("last", now)
        if now - last < every:
            return
        begun["last"] = now
        rate = (step.number - first) / (now - start)
        left = duration((total - step.number) / rate)
        print(
            f"train {run}: {step.number}/{total} steps, loss {loss:.4f}, {rate:.1f}/s, {left} left",
            file=sys.stderr,
            flush=True,
        )

    return say
