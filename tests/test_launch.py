"""Scripts started as several processes by accelerate's own launcher; how they end is said in one line."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from genga.errors import GengaError
from genga.training.launch import launch, read_config, without

SCRIPT = """
import os, signal, sys, time
from pathlib import Path
from genga.errors import GengaError
from genga.training.launch import launched

with launched():
    me = int(os.environ["RANK"])
    Path(f"started-{{me}}").write_text(" ".join([os.environ["WORLD_SIZE"], *sys.argv[1:]]))
    if me == 1:
        while not Path("started-0").exists() or not Path("started-0").read_text():  # who dies first ends the other
            time.sleep(0.02)
        {last}
    time.sleep({wait})
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(root))


def config(**changes: object) -> Path:
    values = {"compute_environment": "LOCAL_MACHINE", "distributed_type": "MULTI_GPU", "num_machines": 1,
              "num_processes": 2, "main_process_port": 0, "use_cpu": True, **changes}  # fmt: skip
    Path("two.yaml").write_text(yaml.safe_dump(values))
    return Path("two.yaml")


def script(last: str, wait: float = 60) -> str:
    Path("job.py").write_text(SCRIPT.format(last=last, wait=wait))
    return "job.py"


@pytest.mark.parametrize(
    ("last", "line"),
    [
        (
            "os.kill(os.getpid(), signal.SIGKILL)",
            "process 2 of 2 was ended by SIGKILL, so the others were, too; "
            "run again: it goes on from its last checkpoint",
        ),
        ("raise GengaError('data/x.tar: is damaged')", "process 2 of 2: data/x.tar: is damaged"),
    ],
)
def test_a_process_that_dies_ends_all_and_is_named(last: str, line: str) -> None:
    with pytest.raises(GengaError) as raised:
        launch(config(), script(last), ["--run", "hana"])
    assert str(raised.value) == line
    assert Path("started-0").read_text() == Path("started-1").read_text() == "2 --run hana"


def test_two_machines_are_started_by_the_commands_that_the_first_prints(capfd: pytest.CaptureFixture[str]) -> None:
    """Two launchers on this machine, as if they were of two."""
    of = config(num_machines=2, main_process_ip="127.0.0.1", main_process_port=_free_port(), same_network=True)
    start = "import sys; from genga.training.launch import launch; launch(*sys.argv[1:3], ['x'], int(sys.argv[3]))"
    other = subprocess.Popen([sys.executable, "-c", start, str(of), script("pass", wait=0), "1"])
    launch(of, "job.py", ["x"])
    assert other.wait(timeout=60) == 0
    assert capfd.readouterr().err.startswith(
        "waits for machine 1; start there, in this folder: python job.py x --launch two.yaml --machine 1\n"
    )
    assert Path("started-0").read_text() == Path("started-1").read_text() == "2 x"


def _free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_processes_end_with_their_launcher() -> None:
    start = "import sys; from genga.training.launch import launch; launch(sys.argv[1], sys.argv[2], [])"
    job = script("Path('pid').write_text(str(os.getpid())) and Path('pid').rename('there')", wait=300)
    launcher = subprocess.Popen([sys.executable, "-c", start, str(config()), job])
    while not Path("there").exists():
        assert launcher.poll() is None
        time.sleep(0.01)
    launcher.kill()
    launcher.wait()
    process = int(Path("there").read_text())
    for _ in range(1000):  # ten seconds, on a machine that is busy
        if not _is_running(process):
            return
        time.sleep(0.01)
    pytest.fail(f"process {process} goes on without its launcher")


def _is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("text", [None, "a: [", "[]", "num_processes: 0"])
def test_configurations_that_are_none(text: str | None) -> None:
    if text is not None:
        Path("bad.yaml").write_text(text)
    with pytest.raises(GengaError, match="^bad.yaml: "):
        launch("bad.yaml", "job.py", [])


@pytest.mark.parametrize("name", ["gpu", "gpus", "machines", "cpus"])
def test_the_shipped_configurations_are_accelerates(root: Path, name: str) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    path = root / f"profiles/accelerate/{name}.yaml"
    assert load_config_from_file(str(path)).num_processes == read_config(path)["num_processes"]


def test_options_are_taken_out_of_a_command() -> None:
    words = ["--run", "a", "--launch", "x.yaml", "--machine=1", "--out", "--launch"]
    assert without(words, "--launch", "--machine") == ["--run", "a", "--out"]
