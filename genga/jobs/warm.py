"""A pack's stages in one process: `python -m genga.jobs.warm`, with the words that genga.jobs.pack has behind it.

A stage of a pack that has little to do takes most of its time to start. So a run of the workflow on one machine keeps a
worker that has all loaded, and jobs have their work done there, one after the other; each job that runs at the same
time has a worker of its own. Snakemake and its graph know nothing of it: the job's process is there as long as the
work, hands its output on, ends as the work ends, and takes the worker with it when it is killed. Workers end with the
run (genga.jobs.script.follow). A job that no run on this machine started does its work itself.
"""

import contextlib
import fcntl
import gc
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import IO, Any, NoReturn

# No other module of genga here: all that this process does is to wait.
FOLDER = Path(".snakemake/genga/warm")
RUN = "GENGA_RUN"  # as genga.jobs.script has it
_SERVE = "--serve"
_TAKEN = b"t"  # said by a worker that has begun; before it, a job can as well be done elsewhere
_MOST = 1 << 20  # bytes of a job's words


def main(words: list[str]) -> NoReturn:
    """Have the work done by a worker, or do it."""
    if words[:1] == [_SERVE]:
        serve(socket.socket(fileno=int(words[1])))
    if started_here(os.environ.get(RUN, "")):
        with contextlib.suppress(OSError):
            ask(words)
    os.execv(sys.executable, [sys.executable, "-m", "genga.jobs.pack", *words])


def started_here(run: str) -> bool:
    """Return whether a run (`process 7 on node`) is an ancestor of this process: not elsewhere, not through a queue."""
    of, _, node = run.removeprefix("process ").partition(" on ")
    process = os.getppid()
    while of.isdigit() and node == os.uname().nodename and process > 1:
        if process == int(of):
            return True
        try:
            process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # no such place on this system
            return False
    return False


def ask(words: list[str]) -> None:
    """Have a worker do the work and end this process as the work ends; return if no worker takes it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    number = 0
    while (held := _locked(FOLDER / f"{number}.lock")) is None:
        number += 1
    with held, _worker(number) as worker:
        if not _ours(worker):
            return
        socket.send_fds(worker, [json.dumps(words).encode()], [1, 2])
        if worker.recv(1) != _TAKEN:
            return
        status = b""
        with contextlib.suppress(OSError):
            status = worker.recv(1)
        if not status:  # killed, as for want of memory
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(status[0])


def _locked(path: Path) -> IO[str] | None:
    """Return the locked file of a worker; None while another job has it."""
    file = open(path, "w")  # noqa: SIM115 (as long as the job)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _worker(number: int) -> socket.socket:
    """Return a connection with the worker of this number, who is started if there is none."""
    # No file: of whoever is killed nothing is left, and a folder with a socket cannot be copied. Any user can connect.
    folder = FOLDER.stat()
    name = f"\0genga {os.environ[RUN].split()[1]} {folder.st_dev} {folder.st_ino} {number}".encode()
    worker = _socket()
    try:
        worker.connect(name)
    except ConnectionRefusedError:
        with _socket() as door:
            door.bind(name)
            door.listen()
            subprocess.Popen(
                [sys.executable, "-m", "genga.jobs.warm", _SERVE, str(door.fileno())],
                pass_fds=[door.fileno()], start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        worker.connect(name)
    return worker


def _socket() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _ours(other: socket.socket) -> bool:
    """Return whether the process at the other end is this user's."""
    said = other.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return bool(struct.unpack("3i", said)[1] == os.getuid())


def serve(door: socket.socket) -> NoReturn:
    """Do the work of one job after the other, until the run ends or a job fails."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait for the next clip's few drawings sleep
    from genga.jobs import pack
    from genga.jobs.script import follow, run

    follow()
    del os.environ[RUN]  # followed once
    nowhere = os.open(os.devnull, os.O_WRONLY)
    status = 0
    while not status:
        job, _ = door.accept()
        if not _ours(job):
            job.close()
            continue
        words, files, _, _ = socket.recv_fds(job, _MOST, 2)
        if not words:
            continue
        for number, file in enumerate(files, 1):
            os.dup2(file, number)
            os.close(file)
        ended = threading.Event()
        threading.Thread(target=_watch, args=(job, ended), daemon=True).start()
        job.send(_TAKEN)
        sys.argv[1:], sys.excepthook = json.loads(words), partial(_crashed, job, ended)
        try:
            run(pack.main)
        except SystemExit as said:
            status = said.code if isinstance(said.code, int) else int(said.code is not None)
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(nowhere, 1)  # whoever reads along waits for the end
        os.dup2(nowhere, 2)
        ended.set()
        job.send(bytes([status]))
        gc.collect()  # models of this stage
    os._exit(status)


def _crashed(job: socket.socket, ended: threading.Event, *error: Any) -> None:
    """Say what no command foresaw, as Python does; this process ends, and so does the job."""
    sys.__excepthook__(*error)
    ended.set()
    job.send(b"\x01")


def _watch(job: socket.socket, ended: threading.Event) -> None:
    """End this process when the job's is killed during the work."""
    job.recv(1)
    if not ended.is_set():
        os.kill(os.getpid(), signal.SIGKILL)
    job.close()


if __name__ == "__main__":
    main(sys.argv[1:])
