"""What goes by cosines, to the last digit of small tensors; in a checkpoint: test_merge."""

import math

import pytest
import torch

from genga.training._merge.arithmetic import cosine_a, cosine_b

A = torch.tensor([[1.0, 3.0], [0.0, 4.0]])
B = torch.tensor([[1.0, 4.0], [1.0, 3.0]])
# Of the columns (1, 0) and (1, 1): 1 / sqrt(2); of (3, 4) and (4, 3): 24 / 25; of all: 25 / sqrt(26 * 27).
FIRST, SECOND, WHOLE = math.sqrt(0.5), 0.96, 25 / math.sqrt(26 * 27)


def mixed(first: float, second: float) -> list[float]:
    """A, where B counts so much in its columns."""
    return [1.0, 3 + second, first, 4 - second]


@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_columns_that_point_alike_stay_as_they_are_in_a(alpha: float) -> None:
    found = cosine_a(A, B, alpha)
    assert found.flatten().tolist() == pytest.approx(mixed(1 - FIRST + alpha, 1 - SECOND + alpha), abs=1e-6)


@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_the_second_goes_by_the_whole_tensor_too(alpha: float) -> None:
    first, second = (1 - (one + WHOLE) / 2 + alpha for one in (FIRST, SECOND))
    assert cosine_b(A, B, alpha).flatten().tolist() == pytest.approx(mixed(first, second), abs=1e-6)


@pytest.mark.parametrize("mix", [cosine_a, cosine_b])
def test_at_1_all_is_b_and_at_minus_1_what_does_not_point_away_is_a(mix) -> None:
    assert torch.equal(mix(A, B, 1.0), B) and torch.equal(mix(A, B, -1.0), A)
    assert torch.equal(mix(A, -A, -0.5), -A)


@pytest.mark.parametrize("mix", [cosine_a, cosine_b])
def test_a_tensor_of_one_dimension_is_one_column_and_zeros_point_nowhere(mix) -> None:
    half = torch.tensor([2.0, 0.0]), torch.tensor([1.0, math.sqrt(3)])  # 60 degrees
    assert mix(*half, 0.0).tolist() == pytest.approx([1.5, math.sqrt(3) / 2], abs=1e-6)
    assert mix(torch.zeros(2), torch.ones(2), 0.0).tolist() == [1.0, 1.0]
    assert mix(torch.tensor(2.0), torch.tensor(-3.0), 0.0).item() == -3.0
    kernel = torch.rand(4, 3, 3, 3)
    assert torch.equal(mix(kernel, kernel, 0.0), kernel)
