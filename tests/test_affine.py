"""Motions of a picture, by hand."""

import numpy as np

from genga.images.affine import carried, in_cells, in_thousandths, inverse, product

MOTION = np.array([[2, 1, 5], [0, 4, -3], [0, 0, 1]])  # x' = 2x + y + 5, y' = 4y - 3


def test_a_motion_carries_points():
    assert carried(MOTION, np.array([[0, 0], [1, 0], [10, 2]])).tolist() == [[5, -3], [7, -3], [27, 5]]


def test_the_first_two_rows_are_enough():
    assert carried(MOTION[:2].astype(np.float32), np.array([[1.0, 1.0]])).tolist() == [[8, 1]]


def test_a_product_is_one_motion_after_another():
    shift = np.array([[1, 0, 1], [0, 1, 1], [0, 0, 1]])
    assert product(MOTION, shift).tolist() == [[2, 1, 8], [0, 4, 1], [0, 0, 1]]


def test_the_way_back():
    # x = x'/2 - y'/8 - 23/8, y = y'/4 + 3/4
    assert inverse(MOTION[:2]).tolist() == [[0.5, -0.125, -2.875], [0, 0.25, 0.75], [0, 0, 1]]
    assert product(inverse(MOTION), MOTION).tolist() == np.eye(3).tolist()


def test_a_motion_of_cells_in_thousandths_of_a_picture():
    """Of 100 x 50 cells: a cell is 10 thousandths wide and 20 high, and the middle of the first lies at (5, 10)."""
    right = np.array([[1, 0, 25], [0, 1, -5], [0, 0, 1]])
    assert in_thousandths(right, (50, 100)).tolist() == [[1, 0, 250], [0, 1, -100], [0, 0, 1]]
    half = np.array([[0.5, 0, 0], [0, 0.5, 0], [0, 0, 1]])  # cell 0 stays, and so does its middle
    assert in_thousandths(half, (50, 100)).tolist() == [[0.5, 0, 2.5], [0, 0.5, 5], [0, 0, 1]]
    turn = np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    assert in_cells(in_thousandths(turn, (50, 100)), (50, 100)).tolist() == turn.tolist()
