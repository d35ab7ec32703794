"""genga.training.optimizers and the average: by numbers worked out by hand, and gone on from to the bit."""

import sys

import pytest
import torch
from training_params import params

from genga.errors import GengaError
from genga.training import optimizers
from genga.training.learnt import Average

CPU = torch.device("cpu")
NAMES = ("adamw", "adafactor", "prodigy", "schedulefree")


def problem():
    """Two matrices that are to become a given product, and the optimizer's groups of them."""
    torch.manual_seed(0)
    parameters = {name: torch.nn.Parameter(torch.randn(4, 4)) for name in ("net.a.down", "net.b.up")}
    return parameters, [{"params": [one], "of": "learning_rate"} for one in parameters.values()]


def descend(optimizer, parameters, steps):
    wanted, losses = torch.eye(4), []
    for group in optimizer.param_groups:
        group["lr"] = 0.05
    for _ in range(steps):
        first, second = parameters.values()
        loss = (first @ second - wanted).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("name", NAMES)
def test_an_optimizer_learns_and_is_gone_on_from_to_the_bit(name):
    parameters, groups = problem()
    whole = descend(optimizers.optimizer_of(groups, params(optimizer=name), CPU), parameters, 12)
    assert whole[-1] < whole[0]

    parameters, groups = problem()
    optimizer = optimizers.optimizer_of(groups, params(optimizer=name), CPU)
    first = descend(optimizer, parameters, 5)
    state = optimizers.state_of(optimizer, parameters)
    values = {key: one.detach().clone() for key, one in parameters.items()}

    parameters, groups = problem()
    with torch.no_grad():
        for key, value in values.items():
            parameters[key].copy_(value)
    optimizer = optimizers.optimizer_of(groups, params(optimizer=name), CPU)
    optimizers.restore(optimizer, parameters, *state)
    assert first + descend(optimizer, parameters, 7) == whole


@pytest.mark.parametrize(("method", "at_once"), [("lora", True), ("full", False)])  # full: where it would take GBs
def test_adamw_over_all_tensors_at_once_is_tensor_by_tensor_to_the_bit(method, at_once):
    def learnt():
        torch.manual_seed(0)
        return [torch.nn.Parameter(torch.randn(shape)) for shape in ((3, 5), (16, 7), (1,), (4, 3, 3, 3), (33,))]

    one_by_one, own = learnt(), learnt()
    plain = torch.optim.AdamW([{"params": one_by_one[:3]}, {"params": one_by_one[3:]}], foreach=False)
    ours = optimizers.optimizer_of([{"params": own[:3]}, {"params": own[3:]}], params(method=method), CPU)
    assert [group["foreach"] for group in ours.param_groups] == [at_once] * 2
    for step in range(30):
        for number, (first, second) in enumerate(zip(one_by_one, own, strict=True)):
            gradient = torch.randn(first.shape, generator=torch.Generator().manual_seed(step * 9 + number))
            gradient *= 10.0 ** (step % 5 - 3)
            first.grad, second.grad = gradient.clone(), gradient.clone()
        for optimizer in (plain, ours):
            for group, rate in zip(optimizer.param_groups, (0.01 / (1 + step), 0.003), strict=True):
                group["lr"] = rate
            optimizer.step()
    assert all(torch.equal(first, second) for first, second in zip(one_by_one, own, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_looking_at_what_was_found_changes_nothing(name):
    found = []
    for looks in (False, True):
        parameters, groups = problem()
        optimizer = optimizers.optimizer_of(groups, params(optimizer=name), CPU)
        losses = descend(optimizer, parameters, 3)
        if looks:
            at = [one.clone() for one in parameters.values()]
            with optimizers.to_be_seen(optimizer, parameters):
                moved = not all(torch.equal(*pair) for pair in zip(at, parameters.values(), strict=True))
            assert moved == (name == "schedulefree")
        found.append(losses + descend(optimizer, parameters, 3))
    assert found[0] == found[1]


def test_an_optimizer_of_a_package_that_is_not_there_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "prodigyopt", None)
    with pytest.raises(GengaError) as error:
        optimizers.optimizer_of(problem()[1], params(optimizer="prodigy"), CPU)
    assert str(error.value) == (
        "params.yaml:train.optimizer: prodigy is not installed (package prodigyopt); pip install prodigyopt,"
        " or set it to adamw"
    )


def test_eight_bits_are_for_gpus():
    with pytest.raises(GengaError, match="train.optimizer: adamw8bit is for GPUs, and there is none; set it to adamw"):
        optimizers.optimizer_of(problem()[1], params(optimizer="adamw8bit"), CPU)


def test_an_average_by_hand():
    parameter = torch.nn.Parameter(torch.tensor([1.0]))
    average = Average({"a": parameter}, decay=0.5)
    for step, value in ((1, 3.0), (2, 5.0), (100, 5.0)):
        parameter.data.fill_(value)
        average.update(step)
    first = 2 / 11 * 1.0 + 9 / 11 * 3.0  # (1 + 1) / (10 + 1) is less than 0.5
    second = 3 / 12 * first + 9 / 12 * 5.0
    assert average.values["a"].item() == pytest.approx(0.5 * second + 0.5 * 5.0)
    with average.in_place():
        assert parameter.item() == average.values["a"].item()
    assert parameter.item() == 5.0


def test_no_average_costs_nothing():
    average = Average({"a": torch.nn.Parameter(torch.tensor([1.0]))}, decay=0.0)
    average.update(1)
    assert average.values == {}
