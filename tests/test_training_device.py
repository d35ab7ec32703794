"""genga.training.device: the CPU where there is no other, and equal weights by their hash."""

import subprocess
import sys

import pytest
import torch

from genga.training.device import device_of, state_sha256


def test_equal_weights_have_equal_hashes() -> None:
    torch.manual_seed(0)
    layer, other = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    other.load_state_dict(layer.state_dict())
    before = state_sha256(layer)
    assert state_sha256(other) == before
    next(other.parameters()).data += 1
    assert state_sha256(other) != before


def test_the_device_is_the_cpu_where_there_is_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of("auto") == torch.device("cpu")
    assert capsys.readouterr().err == ""
    assert device_of("cuda") == torch.device("cpu")
    assert "there is no CUDA device: the CPU is used" in capsys.readouterr().err
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_of("cpu") == torch.device("cpu")
    assert device_of("auto") == torch.device("cuda")


def test_transformers_reads_each_of_its_folders_once() -> None:
    """By itself it reads them twice: of 550 it keeps 128."""
    code = (
        "import genga.training.device, peft, functools\n"
        "from transformers.utils.import_utils import create_import_structure_from_path as read\n"
        "print(*read.cache_info()[1:], functools.lru_cache(len).cache_info().maxsize)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    read, kept, there, otherwise = done.stdout.split()
    assert (read, kept, otherwise) == (there, "None", "128")
    assert int(there) > 128
