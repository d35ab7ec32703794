"""genga.training.device: the CPU where there is no other, and equal weights by their hash."""

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
