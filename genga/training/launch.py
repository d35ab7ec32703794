"""Start a script as several processes, as a configuration of accelerate says, and wait for all of them.

https://huggingface.co/docs/accelerate: `accelerate launch --config_file`. Of several machines each starts its own; the
first one says how. If a process dies, the others are ended: what they would wait for does not come.
"""

import ctypes
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from genga.errors import GengaError

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

_PR_SET_PDEATHSIG = 1  # of Linux' prctl: which signal to get when the parent ends


def read_config(path: str | Path) -> dict[str, Any]:
    """Return an accelerate configuration. Raises GengaError if it is not there or is none."""
    try:
        found = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error).splitlines()[0]
        raise GengaError(f"{path}: cannot be read as an accelerate configuration ({reason})") from error
    if not isinstance(found, dict) or not isinstance(found.get("num_processes"), int) or found["num_processes"] < 1:
        raise GengaError(f"{path}: num_processes is missing; profiles/accelerate has examples")
    return found


def launch(config: str | Path, script: str, words: Sequence[str], machine: int = 0) -> None:
    """Run `script words...` in each process of the configuration. machine: which of its machines this is, 0..

    Raises GengaError, of one line, if a process ended badly; all others are then ended, too.
    """
    # Seconds: only a launcher needs them.
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    found = read_config(config)
    machines = found.get("num_machines", 1)
    if machine == 0:
        for other in range(1, machines):
            line = shlex.join(["python", script, *words, "--launch", str(config), "--machine", str(other)])
            print(f"waits for machine {other}; start there, in this folder: {line}", file=sys.stderr, flush=True)
    rank = ["--machine_rank", str(machine)] if machines > 1 else []
    arguments = launch_command_parser().parse_args(["--config_file", str(config), *rank, script, *words])
    try:
        launch_command(arguments)
    except ChildFailedError as error:
        raise GengaError(said(list(error.failures.items()), found["num_processes"])) from None
    except SignalException as error:
        raise SystemExit(128 + error.sigval) from None  # its processes were ended before
    except subprocess.CalledProcessError as error:
        raise SystemExit(error.returncode) from None  # one process: it has said why


def without(words: Sequence[str], *options: str) -> list[str]:
    """Return a command's words without these options and their values, written `--option value` or `--option=value`."""
    kept, drop = [], False
    for word in words:
        if not drop and word.partition("=")[0] not in options:
            kept.append(word)
        drop = not drop and word in options
    return kept


def said(failures: Sequence[tuple[int, "ProcessFailure"]], count: int) -> str:
    """Return in one line why a job of `count` processes ended: the cause, not what followed from it.

    failures: (rank, failure). One that was killed comes first, then one that named a reason, then the earliest: the
    others lose their connection to it, or are ended by the launcher.
    """

    def cause(failure: tuple[int, "ProcessFailure"]) -> tuple[bool, bool, int]:
        _, one = failure
        killed = one.exitcode < 0 and one.exitcode != -signal.SIGTERM
        return not killed, not _reason(one).startswith(GengaError.__name__), one.timestamp

    rank, first = min(failures, key=cause)
    who = f"process {rank + 1} of {count}"
    if first.exitcode < 0:
        name = signal.Signals(-first.exitcode).name
        return f"{who} was ended by {name}, so the others were, too; run again: it goes on from its last checkpoint"
    return f"{who}: {_reason(first).removeprefix(f'{GengaError.__name__}: ') or f'ended with status {first.exitcode}'}"


class launched:
    """In a process that a launcher started: end with the launcher, and leave it the reason of a failure."""

    def __enter__(self) -> None:
        ending: Callable[..., int] | None = getattr(ctypes.CDLL(None), "prctl", None)
        if _is_launched() and ending is not None:
            ending(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if _is_launched() and isinstance(error, Exception):
            from torch.distributed.elastic.multiprocessing.errors import ErrorHandler

            ErrorHandler().record_exception(error)


def _is_launched() -> bool:
    from torch import distributed  # seconds: only training needs it

    return distributed.is_torchelastic_launched()


def _reason(failure: "ProcessFailure") -> str:
    """What the process left as its reason, on one line; "" if it left none."""
    message = failure.error_file_data.get("message")
    text = message.get("message", "") if isinstance(message, dict) else ""
    return " ".join(str(text).split())
