"""Counting people and judging how much of them is seen, from boxes drawn on paper."""

import pytest

from genga.params.tag import Framing
from genga.people.figures import Person, count_tags, is_count, main_person, people
from genga.people.tag_rules import framing

FRAMING = Framing(portrait=1.7, cowboy=1.2, full=1.8)


def row(box, kind, place, person=None, score=0.9):
    return {"box": box, "kind": kind, **dict(zip(("x0", "y0", "x1", "y1"), place, strict=True)),
            "person": person, "score": score}  # fmt: skip


def test_people_are_persons_with_their_parts_and_loose_heads_and_faces():
    found = people(
        [
            row(0, "person", (0, 0, 40, 90), 0, 0.8),
            row(1, "head", (10, 0, 30, 20), 0),
            row(2, "head", (80, 0, 99, 20), None, 0.6),
            row(3, "face", (82, 5, 95, 18), None, 0.5),  # in the loose head: the same somebody
            row(4, "face", (60, 5, 70, 18), None, 0.4),
            row(5, "halfbody", (50, 0, 70, 30), None),  # a half body alone is not enough
        ]
    )
    assert found == [
        Person(0, 0.8, person=(0, 0, 40, 90), head=(10, 0, 30, 20)),
        Person(None, 0.6, head=(80, 0, 99, 20)),
        Person(None, 0.4, face=(60, 5, 70, 18)),
    ]


@pytest.mark.parametrize(
    ("nouns", "tags"),
    [
        ([], ["no_humans"]),
        (["girl"], ["solo", "1girl"]),
        (["girl", "boy"], ["1girl", "1boy"]),
        (["girl", "girl", "boy"], ["2girls", "multiple_girls", "1boy"]),
        (["boy"] * 7, ["6+boys", "multiple_boys"]),
        (["other"], ["solo", "1other"]),
    ],
)
def test_count_tags(nouns, tags):
    assert count_tags(nouns) == tags
    assert all(is_count(tag) for tag in tags)


@pytest.mark.parametrize("tag", ["4koma", "solo_focus", "multiple_views", "girl", "3d", "group", ""])
def test_what_does_not_count_people(tag):
    assert not is_count(tag)


# A figure 100 px high, head 30 px, head to waist 50 px; the frame shows it down to the given line.
@pytest.mark.parametrize(
    ("height", "frame", "expected"),
    [
        (100, 120, "full_body"),
        (100, 100, "full_body"),  # at the edge, but two half bodies long: nothing is missing
        (70, 70, "cowboy_shot"),
        (70, 120, "full_body"),  # sits, or stands behind something: not cut by the frame
        (55, 55, "upper_body"),
        (45, 45, "portrait"),
    ],
)
def test_framing_by_half_bodies(height, frame, expected):
    one = Person(0, 0.9, person=(0, 0, 40, height), halfbody=(0, 0, 40, min(50, height)), head=(5, 0, 35, 30))
    assert framing(one, frame, FRAMING) == expected


@pytest.mark.parametrize(
    ("height", "expected"), [(200, "full_body"), (105, "cowboy_shot"), (60, "upper_body"), (45, "portrait")]
)
def test_framing_by_the_head_where_no_half_body_was_found(height, expected):
    assert framing(Person(0, 0.9, person=(0, 0, 40, height), head=(5, 0, 35, 30)), height, FRAMING) == expected


def test_no_framing_without_a_head():
    assert framing(Person(0, 0.9, person=(0, 0, 40, 90)), 90, FRAMING) is None


def test_the_main_person_has_the_largest_head():
    far = Person(0, 0.9, person=(0, 0, 10, 30), head=(0, 0, 10, 10))
    near = Person(1, 0.9, person=(0, 0, 60, 90), head=(0, 0, 30, 30))
    assert main_person([far, near, Person(None, 0.9, head=(0, 0, 99, 99))]) is near
    assert main_person([]) is None
