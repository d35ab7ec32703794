"""Figures that go on moving while the camera does: their drawings are held for two or three frames, its path is not.

Each drawing of an action is painted as one large drawing, all with the same rectangle, and photographed through the
window where the camera is: the labels say D where the drawing changes, P where only the window moved. A camera that
follows a figure goes along with it: the figure stays where it is in the picture, and what is behind it goes by.
"""

from collections.abc import Sequence
from dataclasses import replace

from demo.film.shots import Exposure, Shot, move
from demo.film.timeline import Frame
from demo.world.model import Camera, camera_on

_AWAY = 0.09  # of the picture's height that a camera goes while a figure stays in it
_CLOSER = 1.25  # and by how much it comes closer
_BACK, _ROOM = 4, 1.6  # times that a camera goes back, from a figure and as much more as it is high
_NEARER, _HELD = 0.012, 3  # part of its height that a figure grows by in a drawing, held for so many frames
_ALONG = 0.024  # of a scene's height that a figure and the camera that follows it go in a frame


def followed(shot: Shot, kind: str, aspect: float) -> Shot:
    """The shot, which has a still camera, photographed by one that moves. kind: pan, tilt, zoom, follow.

    Or `later`: it pans in the second half; `back`: it goes far away; `nearer`: it stands, and the figure comes towards
    it in held drawings.
    """
    if kind == "nearer":
        return replace(shot, exposures=nearer(shot.exposures))
    if kind == "follow":
        return replace(shot, exposures=along(shot.exposures), camera="pan")
    if kind == "back":
        drawn = small(shot.exposures)
        near = camera_on(drawn[len(drawn) // 2].scene.figures[0], "full", _ROOM)
        return replace(shot, exposures=through(drawn, near, replace(near, y=0.0, zoom=1.0), aspect), camera="zoom")
    camera = shot.exposures[0].scene.camera
    away = _AWAY * len(shot.exposures) / 24 / camera.zoom
    if kind == "later":
        half = len(shot.exposures) // 2
        goes = through(shot.exposures[half:], camera, replace(camera, x=camera.x + away / 2), aspect)
        stands = (replace(one.scene, camera=goes[0].scene.camera) for one in shot.exposures[:half])
        return replace(shot, exposures=(*(replace(goes[0], scene=scene) for scene in stands), *goes), camera="pan")
    start, end = {
        "pan": (replace(camera, x=camera.x - away / 2), replace(camera, x=camera.x + away / 2)),
        "tilt": (replace(camera, y=camera.y - away / 2), replace(camera, y=camera.y + away / 2)),
        "zoom": (replace(camera, zoom=camera.zoom / _CLOSER), camera),
    }[kind]  # fmt: skip
    named = "zoom" if kind == "zoom" else "pan"
    return replace(shot, exposures=through(shot.exposures, start, end, aspect), camera=named)


def through(drawn: Sequence[Exposure], start: Camera, end: Camera, aspect: float) -> tuple[Exposure, ...]:
    """Exposures with a still camera, photographed from one window to another."""
    windows = move(drawn[0].scene, start, end, len(drawn), aspect)
    whole = windows[0].scene.camera
    return tuple(
        replace(window, scene=replace(one.scene, camera=whole)) for one, window in zip(drawn, windows, strict=True)
    )


def nearer(drawn: Sequence[Exposure]) -> tuple[Exposure, ...]:
    """Exposures of a figure that comes nearer on threes: each drawing shows it a little larger than the one before."""
    found = []
    for k in range(len(drawn)):
        one, grown = drawn[k - k % _HELD], (1 + _NEARER) ** (k // _HELD)
        people = tuple(replace(figure, scale=figure.scale * grown) for figure in one.scene.figures)
        found.append(replace(one, scene=replace(one.scene, figures=people)))
    return tuple(found)


def small(drawn: Sequence[Exposure]) -> tuple[Exposure, ...]:
    """Exposures of a figure that is a part of its size, where its feet stand half way."""
    place, found = drawn[len(drawn) // 2].scene.figures[0].x, []
    for one in drawn:
        people = (
            replace(figure, x=place + (figure.x - place) / _BACK, scale=figure.scale / _BACK)
            for figure in one.scene.figures
        )
        found.append(replace(one, scene=replace(one.scene, figures=tuple(people))))
    return tuple(found)


def along(drawn: Sequence[Exposure]) -> tuple[Exposure, ...]:
    """Exposures with a still camera, of a figure that goes on at a steady pace; the window says how far it has come."""
    place, n = drawn[len(drawn) // 2].scene.figures[0].x, len(drawn)
    scenes = (replace(one.scene, figures=(replace(one.scene.figures[0], x=place),)) for one in drawn)
    return tuple(Exposure(scene, None, Camera(_ALONG * (k - n / 2))) for k, scene in enumerate(scenes))


def gone_along(frame: Frame) -> Frame:
    """A frame as it is painted: where a camera follows a figure, both at the place to which they have come."""
    first = frame.first
    if first.window is None or first.sheet is not None:
        return frame
    scene, by = first.scene, first.window.x
    people = tuple(replace(figure, x=figure.x + by) for figure in scene.figures)
    there = replace(scene, figures=people, camera=replace(scene.camera, x=scene.camera.x + by))
    return replace(frame, first=Exposure(there))
