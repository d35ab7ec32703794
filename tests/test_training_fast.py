"""genga.training.fast: what it computes is what torch computes, and a fast run is a run like any other."""

import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file
from test_train import CPU, EVERYTHING, base_folder, fresh_accelerator, run
from training_params import params

from genga.training import fast
from genga.training.tensor_file import read_metadata

__all__ = ["base_folder", "fresh_accelerator"]  # fixtures


def both(layer, shape, learnt):
    """(output, gradient of the input, of the weight, of the bias) of a layer as it is, and after it was hastened."""
    torch.manual_seed(0)
    layer.requires_grad_(learnt)
    given, found = torch.randn(shape), []
    for _ in range(2):
        input = given.clone().requires_grad_()
        output = layer(input)
        (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
        gradients = [input.grad, *(one.grad for one in layer.parameters())]
        found.append([output.detach(), *(one.clone() for one in gradients if one is not None)])
        layer.zero_grad()
        fast.hasten([layer], CPU)
    return found


@pytest.mark.parametrize("learnt", [False, True])
@pytest.mark.parametrize(
    ("layer", "shape", "name"),
    [
        (lambda: torch.nn.Linear(256, 320), (2, 5, 256), "_Linear"),
        (lambda: torch.nn.Linear(256, 320, bias=False), (3, 256), "_Linear"),
        (lambda: torch.nn.Conv2d(256, 320, 3, padding=1), (2, 256, 4, 3), "_Convolution"),
        (lambda: torch.nn.Conv2d(256, 320, 3, stride=2, padding=1), (1, 256, 7, 8), "_Convolution"),
        (
            lambda: torch.nn.Conv2d(256, 320, 3, padding=1),
            (1, 256, 16, 16),
            "_Convolution",
        ),  # more pixels than channels
        (lambda: torch.nn.Conv2d(256, 320, 1), (2, 256, 16, 16), "_Convolution"),
        (lambda: torch.nn.Conv2d(256, 320, 2, padding=(0, 1)), (1, 256, 3, 4), "_Convolution"),
        (lambda: torch.nn.Linear(16, 320), (2, 5, 16), "Linear"),
        (lambda: torch.nn.Conv2d(256, 256, 3, groups=2), (1, 256, 5, 5), "Conv2d"),
        (lambda: torch.nn.Conv2d(256, 256, 3, padding="same"), (1, 256, 5, 5), "Conv2d"),
    ],
)
def test_a_layer_gives_what_it_gave(layer, shape, name, learnt):
    made = layer()
    before, after = both(made, shape, learnt)
    assert type(made).__name__ == name
    assert len(before) == len(after) == 2 + learnt * len(list(made.parameters()))
    for one, other in zip(before, after, strict=True):
        assert one.shape == other.shape
        assert (one - other).abs().max() <= 1e-5 * one.abs().max()


def test_half_precision_is_left_to_torch():
    layer, input = torch.nn.Linear(256, 256), torch.randn(4, 256)
    fast.hasten([layer], CPU)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(input).dtype == torch.bfloat16


@pytest.mark.parametrize(("precision", "off"), [("float32", 1e-5), ("bfloat16", 1e-2)])
def test_losses_of_a_fast_run_are_those_of_an_exact_one(base_folder, tmp_path, monkeypatch, precision, off):
    monkeypatch.setattr(fast, "_SMALL", 8)  # so are the layers of the tiny base
    monkeypatch.setattr(fast, "multiplies_bfloat16", lambda: True)
    # The tiny base's lowest level is one px wide: torch's own gradients are no numbers there in bfloat16, in the exact
    # mode, too (findings/bf16-narrow-convolution.sh).
    # Where a gradient is all but 0, AdamW goes a whole rate by its sign: last bits, each processor's own, grow
    # by that to 3e-5 in six steps at 0.01, and to 2e-7 at 0.001.
    rate = 0.001 if precision == "float32" else 0.01
    wanted = {**EVERYTHING, "convolutions": precision == "float32", "learning_rate": rate}
    exact = run(base_folder, tmp_path / "exact", params(**wanted))
    AcceleratorState._reset_state(reset_partial_state=True)
    found = run(base_folder, tmp_path / "fast", params(**wanted, speed="fast", precision=precision))
    assert found.losses["loss"].to_list() == pytest.approx(exact.losses["loss"].to_list(), rel=off)
    headers = [read_metadata(tmp_path / name / "hana/unfinished/hana-000006.safetensors") for name in ("exact", "fast")]
    tensors = load_file(tmp_path / "fast/hana/unfinished/hana-000006.safetensors")
    assert all(tensor.is_contiguous() for tensor in tensors.values())
    assert [header.get("ss_speed") for header in headers] == [None, "fast"]
    assert headers[1]["ss_mixed_precision"] == {"float32": "no", "bfloat16": "bf16"}[precision]


def test_a_processor_without_bfloat16_trains_in_float32_and_says_so(monkeypatch, capsys):
    monkeypatch.setattr(fast, "multiplies_bfloat16", lambda: False)
    values = params(speed="fast", precision="bfloat16")
    assert fast.resolved(values, CPU) == params(speed="fast")
    assert capsys.readouterr().err == (
        "note: this processor does not multiply in bfloat16: train.precision is float32\n"
    )
    assert fast.resolved(values, torch.device("cuda")) is values
    exact = params(precision="bfloat16")
    assert fast.resolved(exact, CPU) is exact and capsys.readouterr().err == ""


def test_float16_on_a_cpu_is_said_to_have_no_scaler_and_stays_what_it_was(capsys):
    exact = params(precision="float16")
    assert fast.resolved(exact, CPU) is exact
    assert capsys.readouterr().err == (
        "note: on a CPU float16 has no scaler of the loss, so small gradients are lost; set train.precision to bfloat16"
        " or float32\n"
    )
    assert fast.resolved(exact, torch.device("cuda")) is exact and capsys.readouterr().err == ""
