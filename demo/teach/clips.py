"""Clips and captions that the embedded motion module learns from.

A clip is 16 frames, 12 a second, of one shot: someone talks on threes, walks or looks around on twos, waves or jumps on
ones, blinks, or the camera moves over a drawing. The people are random, never the sample series' own; a clip is drawn
at the size of its aspect bucket. A drawing that is held is one picture, which the clip shows again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from demo.film.picture import Desk
from demo.film.shots import ACTIONS, Exposure, move, talk
from demo.teach.pictures import general_tags
from demo.world.chance import pick, random_scene
from demo.world.model import Camera, Expression, Pose, Scene, camera_on
from demo.world.tags import scene_tags

LENGTH = 16  # frames of a clip
EVERY = 2  # frames of the film from one to the next: 12 a second
_SPAN = LENGTH * EVERY
# Width and height in px, and the share of the clips, as the base's buckets.
BUCKETS = ((96, 160, 0.35), (128, 128, 0.4), (160, 96, 0.25))
_KINDS = ("talk", "walk", "wave", "blink", "jump", "look", "pan", "zoom")
_WEIGHTS = (0.24, 0.24, 0.16, 0.04, 0.08, 0.08, 0.08, 0.08)
_FRAMES = {"talk": 64, "wave": 48, "jump": 34}  # of a shot; others last as long as a clip


@dataclass(frozen=True)
class Clips:
    """Clips of one bucket."""

    images: npt.NDArray[np.uint8]  # (pictures, height, width, 3), RGB: each drawing once
    frames: npt.NDArray[np.int64]  # (clips, LENGTH): of each frame its picture
    tags: tuple[tuple[str, ...], ...]  # of each clip, subject tags first
    kinds: tuple[str, ...]  # of each clip: talk, walk, wave, blink, jump, look, pan, zoom


def draw_clips(count: int, seed: int, most: int = 200) -> Iterator[Clips]:
    """Draw about `count` clips, over the buckets by share, `most` at a time. The same seed draws the same clips."""
    for width, height, share in BUCKETS:
        rng = np.random.default_rng([seed, width])
        left = round(count * share)
        while left > 0:
            yield _drawn(min(left, most), rng, width, height)
            left -= most


def _drawn(n: int, rng: np.random.Generator, width: int, height: int) -> Clips:
    images: list[npt.NDArray[np.uint8]] = []
    frames = np.empty((n, LENGTH), np.int64)
    tags, kinds = [], []
    aspect = width / height
    for i in range(n):
        kinds.append(pick(rng, _KINDS, _WEIGHTS))
        exposures = _exposures(kinds[-1], rng, aspect)
        desk, places = Desk(width, height), dict[Exposure, int]()
        for k, exposure in enumerate(exposures):
            if exposure not in places:
                places[exposure] = len(images)
                images.append(desk.photograph(exposure))
            frames[i, k] = places[exposure]
        tags.append(general_tags(scene_tags(_whole(exposures[0]), aspect)))
    return Clips(np.stack(images), frames, tuple(tags), tuple(kinds))


def _exposures(kind: str, rng: np.random.Generator, aspect: float) -> tuple[Exposure, ...]:
    """The frames of a clip, LENGTH of them, cut out of a shot of its kind."""
    scene = replace(_scene(kind, rng, aspect), subtitle="")
    n = _FRAMES.get(kind, _SPAN)
    if kind == "talk":
        shot = talk(scene, 0, n, rng)
    elif kind in ("pan", "zoom"):
        n += 16  # it rests before and after
        shot = move(scene, *_way(kind, scene, rng), n, aspect)
    else:
        shot = ACTIONS[kind](scene, 0, n)
    start = int(rng.integers(n - _SPAN + 1)) if kind not in ("pan", "zoom") else 8
    return shot[start : start + _SPAN : EVERY]


def _scene(kind: str, rng: np.random.Generator, aspect: float) -> Scene:
    """A scene in which it can happen; a walker is seen whole, and stands where its way has room."""
    if kind in ("pan", "zoom"):
        return random_scene(rng, figures=pick(rng, (0, 1), (0.3, 0.7)), aspect=aspect)
    view = {"walk": "full", "jump": "full"}.get(kind) or pick(rng, ("full", "upper", "portrait"), (0.3, 0.4, 0.3))
    scene = random_scene(rng, figures=1, view=view, aspect=aspect)
    who = scene.figures[0]
    if kind == "walk":
        who = replace(who, pose=Pose(turn=pick(rng, (-1.0, 1.0)), tilt=who.pose.tilt, stride=0.0))
    elif kind == "look":
        who = replace(who, pose=replace(who.pose, stride=None))
    elif kind in ("talk", "blink"):
        who = replace(who, expression=Expression(pick(rng, ("neutral", "smile")), "open", who.expression.blush))
    camera = scene.camera
    if kind == "walk":
        camera = Camera(who.x, camera.y, camera.zoom * 0.92)
    elif kind == "jump":
        camera = Camera(camera.x, camera.y - 0.07, camera.zoom * 0.82)
    return replace(scene, figures=(who,), camera=camera)


def _way(kind: str, scene: Scene, rng: np.random.Generator) -> tuple[Camera, Camera]:
    """Where a move of the camera begins and ends."""
    here = scene.camera
    if kind == "zoom":
        far = replace(here, zoom=here.zoom / float(rng.uniform(1.15, 1.45)))
        return (here, far) if rng.random() < 0.5 else (far, here)
    reach = float(rng.uniform(0.12, 0.3)) / here.zoom
    ends = replace(here, x=here.x - reach), replace(here, x=here.x + reach)
    if scene.figures and rng.random() < 0.3:  # up or down somebody
        ends = camera_on(scene.figures[0], "upper", 1.1), replace(camera_on(scene.figures[0], "portrait", 1.1))
        ends = replace(ends[0], zoom=ends[1].zoom), ends[1]
    return ends if rng.random() < 0.5 else ends[::-1]


def _whole(exposure: Exposure) -> Scene:
    """The scene as an exposure shows it."""
    return replace(exposure.scene, camera=exposure.window) if exposure.window else exposure.scene
