"""Boxes found by stub detectors, their numbers and owners."""

import numpy as np

from genga.params.detect import Confidence, Overlap, Params
from genga.people.detect import detect
from genga.tables.detect import DETECT, KINDS

PARAMS = Params(
    confidence=Confidence(person=0.3, halfbody=0.5, head=0.4, face=0.25),
    overlap=Overlap(person=0.5, halfbody=0.7, head=0.7, face=0.7),
    least_side=4,
    contain=0.6,
)


class Stub:
    """Finds the same boxes in every picture."""

    def __init__(self, name, *found):
        self.name, self.found = name, found

    def detect(self, images):
        return [list(self.found) for _ in images]


def run(stills, **found):
    detectors = {kind: Stub(f"{kind}-stub", *found.get(kind, ())) for kind in KINDS}
    return detect(stills, detectors, PARAMS)


def picture(name, height=100, width=200):
    return name, [np.zeros((height, width, 3), np.uint8)]


def test_boxes_are_numbered_persons_first_from_left_to_right_and_parts_know_their_person():
    table = run(
        [[picture("s/e/000001")]],
        person=[(100, 0, 160, 90, 0.9, "person"), (10, 0, 70, 90, 0.8, "person")],
        head=[(110, 5, 140, 35, 0.75, "head"), (20, 5, 50, 35, 0.71239, "head")],
        face=[(170, 5, 190, 25, 0.5, "face")],
    )
    assert table.rows() == [
        ("s/e/000001", 0, "person", 10, 0, 70, 90, 0.8, "person-stub", 0, None),
        ("s/e/000001", 1, "person", 100, 0, 160, 90, 0.9, "person-stub", 1, None),
        ("s/e/000001", 2, "head", 20, 5, 50, 35, 0.7124, "head-stub", 0, None),
        ("s/e/000001", 3, "head", 110, 5, 140, 35, 0.75, "head-stub", 1, None),
        ("s/e/000001", 4, "face", 170, 5, 190, 25, 0.5, "face-stub", None, None),
    ]


def test_boxes_are_clipped_to_the_still_and_small_ones_left_out():
    table = run([[picture("a", 50, 60)]], person=[(-5, -5, 70, 70, 0.9), (0, 0, 3, 40, 0.9), (57, 0, 90, 40, 0.9)])
    assert table.select("x0", "y0", "x1", "y1").rows() == [(0, 0, 60, 50)]


def test_batches_do_not_matter():
    stills = [picture("a"), picture("b"), picture("c")]
    found = {"person": [(0, 0, 50, 50, 0.9)]}
    assert run([stills], **found).equals(run([[one] for one in stills], **found))


def test_nothing_found_is_a_table_without_rows():
    table = run([[picture("a")]])
    assert table.is_empty()
    assert dict(table.schema) == DETECT
