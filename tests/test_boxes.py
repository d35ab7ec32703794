"""Boxes by arithmetic that can be done in the head."""

from genga.images.boxes import (
    area,
    assign,
    carried,
    clip,
    containment,
    off_middle,
    overlap,
    padded,
    square,
    thousandths,
    within,
)


def test_areas():
    assert area((0, 0, 10, 5)) == 50
    assert area((5, 5, 5, 9)) == 0
    assert overlap((0, 0, 10, 10), (5, 5, 20, 20)) == 25
    assert containment((0, 0, 10, 10), (0, 0, 10, 5)) == 0.5


def test_boxes_are_clipped_padded_and_squared():
    assert clip((-5, 3, 50, 90), 40, 60) == (0, 3, 40, 60)
    assert within((0, 0, 10, 10), (20, 20, 30, 30)) == (20, 20, 20, 20)  # empty, not inverted
    assert padded((10, 10, 30, 50), 0.1, 100, 52) == (6, 6, 34, 52)  # a tenth of 40 px, cut at the lower edge
    assert square((10, 20, 30, 60), 1.5) == (-10, 10, 50, 70)  # 60 px around (20, 40)


def test_a_box_in_thousandths_of_another():
    assert thousandths((10, 20, 60, 45), (0, 0, 100, 50)) == (100, 400, 600, 900)
    assert thousandths((10, 20, 260, 45), (110, 0, 210, 50)) == (-1000, 400, 1500, 900)  # it may reach beyond
    assert off_middle((0, 0, 100, 100), (20, 0, 40, 300)) == 40 + 200  # 20 across and 100 down, twice


def test_a_motion_carries_a_box():
    assert carried((0, 100, 200, 300), (1, 0, -50, 0, 1, 25)) == (-50, 125, 150, 325)
    assert carried((0, 100, 200, 300), (2, 0, 0, 0, 0.5, 0)) == (0, 50, 400, 150)
    assert carried((0, 100, 200, 300), (0, -1, 0, 1, 0, 0)) == (-300, 0, -100, 200)  # a quarter turn


def test_a_part_goes_to_the_person_that_contains_it_best():
    persons = [(0, 0, 40, 100), (30, 0, 80, 100)]
    assert assign([(45, 5, 65, 25), (5, 5, 25, 25)], persons, 0.6) == [1, 0]


def test_a_person_has_one_head_and_the_second_has_no_person():
    assert assign([(10, 40, 20, 50), (10, 2, 20, 12)], [(0, 0, 40, 100)], 0.6) == [None, 0]


def test_of_two_persons_who_both_contain_a_head_its_owner_has_it_at_the_top():
    tall, short = (0, 0, 60, 100), (10, 40, 50, 100)
    assert assign([(20, 42, 40, 60), (20, 2, 40, 20)], [tall, short], 0.6) == [1, 0]


def test_a_part_outside_everybody_is_nobodys():
    assert assign([(50, 0, 60, 10)], [(0, 0, 40, 100)], 0.6) == [None]
