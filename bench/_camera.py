"""Figures that go on moving while the camera does: their drawings are held for two or three frames, its path is not.

Each drawing of an action is painted as one large drawing, all with the same rectangle, and photographed through the
window where the camera is: the labels say D where the drawing changes, P where only the window moved.
"""

from collections.abc import Sequence
from dataclasses import replace

from demo.film.shots import Exposure, Shot, move
from demo.world.model import Camera

_AWAY = 0.09  # of the picture's height that a camera goes while a figure stays in it
_CLOSER = 1.25  # and by how much it comes closer


def followed(shot: Shot, kind: str, aspect: float) -> Shot:
    """The shot, which has a still camera, photographed by one that moves. kind: pan, tilt, zoom."""
    camera = shot.exposures[0].scene.camera
    away = _AWAY * len(shot.exposures) / 24 / camera.zoom
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
