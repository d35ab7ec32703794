"""The truth about the drawn films of bench/_worlds.py."""

import pytest

from bench._acting import sprites_shown, things_shown
from bench._camera import followed
from bench._films import World
from bench._joins import faded
from bench._worlds import judged_by
from demo.film.shots import Exposure, Shot
from demo.film.timeline import Frame
from demo.world.cast import CAST
from demo.world.model import Background, Camera, Figure, Scene

PLACE = Exposure(Scene(Background("plain")))


def test_what_a_style_shows_that_is_drawn_makes_drawings() -> None:
    world = World(1, ("hold",), frames=8, acts=lambda frame: frame // 2 % 2)
    truth = judged_by(world, [Frame(k // 6, PLACE) for k in range(8)], ())
    assert truth.labels == "-HDHDHCH" and truth.cuts == [6]
    (one, other, again) = (kind for _, kind in truth.runs[:3])
    assert [start for start, _ in truth.runs] == [0, 2, 4, 6] and one == again != other


def test_sprites_are_others_in_each_frame_and_things_come_and_act_in_each_shot() -> None:
    assert [sprites_shown(frame) for frame in (19, 20, 21, 220)] == [0, 20, 21, 0]
    assert [things_shown(frame, 72) for frame in (19, 20, 43, 44, 46, 47, 72, 92)] == [0, 1, 1, 2, 2, 3, 0, 4]


def test_a_fade_may_begin_unseen() -> None:
    shots = [Shot((PLACE,) * 8)] * 2
    even, eased = (faded(shots, (3,), 0, 8, eased=power) for power in (1.0, 2.0))
    assert [frame.share for frame in even[4:]] == pytest.approx([0, 0.25, 0.5, 0.75])
    assert [frame.share for frame in eased[4:]] == pytest.approx([0, 0.0625, 0.25, 0.5625])


def test_a_camera_stands_and_then_pans_or_goes_back() -> None:
    shot = Shot((Exposure(Scene(Background("plain"), (Figure(CAST[0]),), Camera(0.1, 0.0, 2.0))),) * 60)
    later, back = (followed(shot, kind, 16 / 9).exposures for kind in ("later", "back"))
    places = [one.window.x for one in later if one.window]
    assert len(set(places[:38])) == 1 and places[59] > places[40] > places[0]
    zooms = [one.window.zoom for one in back if one.window]
    assert zooms[-1] == pytest.approx(1.0) and zooms[0] > 2.5
