"""Short drawn films in styles of their own, each with its truth: other sizes, rates, looks and failings.

Who and where come from the distribution that the embedded models learn from, by a seed; nobody of the sample series
is in it. A style is laid over the pictures after they are drawn, so the truth is that of the drawings: logos,
subtitles that fade and boiling lines change none (demo.film.timeline). A change of drawing that is fainter than
VISIBLE as it is shown is not judged, nor are boiling lines themselves.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np

from bench._camera import followed, gone_along
from bench._films import WORLDS, World
from bench._joins import faded, glowing, inserted, overlapped, whip, whipped, wiped
from bench._keepers import Truth
from bench._styles import REDRAWN, Image, boiling
from demo.film.picture import Desk, Grain
from demo.film.shots import Shot
from demo.film.story import improvised, scene_of, shot_of
from demo.film.timeline import Frame, pair_labels, timeline, timing
from demo.film.truth import BLACK, BLEND, Catalogue
from demo.series import encode, picture, planes
from demo.world.chance import random_scene
from genga.video.luma_grid import Cells, block_difference, cells_of

VISIBLE = 8.0  # block difference (genga.video.luma_grid) before encoding, under which a change is not judged


def shots_of(world: World) -> list[Shot]:
    """The shots of a film, long enough for its frames."""
    rng = np.random.default_rng([world.seed, 1])
    kinds, beats, length = cycle(world.kinds), improvised(rng), 0
    shots: list[Shot] = []
    while length < world.frames:
        kind = next(kinds)
        beat = replace(next(beats), kind=kind, line="")
        view = world.view or ("full" if kind in ("walk", "jump") else beat.view)
        people = 0 if kind in ("pan", "hold") else 1
        scene = scene_of(replace(beat, who=()), rng, 16 / 9) if not people else random_scene(rng, None, 1, view)
        if world.place:
            scene = replace(scene, background=replace(scene.background, kind=world.place))
        if not shots or world.dissolves or world.whips or world.fades:
            beat = replace(beat, into=("cut", 0))
        if len(world.kinds) == 1:
            beat = replace(beat, frames=world.each or world.frames)
        shot = shot_of(beat, replace(scene, subtitle=""), rng, 16 / 9)
        shots.append(followed(shot, world.camera[len(shots) % len(world.camera)], 16 / 9) if world.camera else shot)
        length += len(shots[-1].exposures) + shots[-1].blend
    return shots


def pictures(world: World, frames: Sequence[Frame], width: int) -> Iterator[Image]:
    """Every frame as it is shown, before grain."""
    if not frames:
        yield from islice(cycle([np.zeros((world.height, width, 3), np.uint8)]), world.frames)
    desk = Desk(width, world.height)
    flash = {k: kind for start, long, kind in world.flashes for k in range(start, start + long)}
    for k, frame in enumerate(frames):
        image = shown_at(world, frame, k, desk)
        yield {"white": np.full_like(image, 250), "inverted": 255 - image}.get(flash.get(k, ""), image)


def shown_at(world: World, frame: Frame, k: int, desk: Desk) -> Image:
    """A frame as it is shown at number k, but for flashes."""
    if world.edges and frame.second:
        edge = world.edges[(frame.shot - (frame.share > 0.5)) % len(world.edges)]
        return world.style(wiped(frame, desk, edge, world.soft), k)
    if world.glow and not frame.pure:
        return world.style(glowing(frame, desk), k)
    whips = world.whips and not frame.pure
    return world.style(whipped(frame, desk) if whips else picture(gone_along(frame), desk), k)


def faint(world: World, frames: Sequence[Frame], width: int) -> set[int]:
    """The frames that begin a drawing which hardly differs, as it is shown, from the one before at the same place."""
    desk, found = Desk(width, world.height), set()
    for k in (k for k, label in enumerate(pair_labels(frames)) if label == "D"):
        before, first = frames[k - 1].first, frames[k].first
        if before.sheet == first.sheet:
            before = replace(before, window=first.window)
        one, other = (shown_at(world, replace(frames[k], first=drawing), k, desk) for drawing in (before, first))
        if block_difference(grid_of(one), grid_of(other)) < VISIBLE:
            found.add(k)
    return found


def grid_of(image: Image) -> Cells:
    """The cells of a picture."""
    return cells_of(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.uint8), 8, (120, round(120 * 16 / 9)))


def judged_by(world: World, frames: Sequence[Frame], unseen: Collection[int]) -> Truth:
    """The truth about a film. unseen: frames whose change of drawing is not judged."""
    ids, labels = Catalogue(), list(pair_labels(frames)) if frames else ["-"] + ["H"] * (world.frames - 1)
    drawn = [(BLACK if f.black else BLEND) if not f.pure else ids.number(f.first, f.letterbox) for f in frames]
    for start, long, kind in world.flashes:
        for k in range(start, start + long):
            drawn[k] = BLEND if kind == "white" else drawn[k] + 1_000_000
        for k in (start, start + long):
            labels[k] = "X" if kind == "white" else "D"
        labels[start + 1 : start + long] = [
            "X" if kind == "white" else labels[k] for k in range(start + 1, start + long)
        ]
    if world.acts is not None:
        shown = [world.acts(k) for k in range(len(frames))]
        drawn = [one + 1_000_000 * what for one, what in zip(drawn, shown, strict=True)]
        labels = ["D" if labels[k] == "H" and shown[k] != shown[k - 1] else labels[k] for k in range(len(frames))]
    boils = isinstance(world.style, partial) and world.style.func is boiling
    for k, label in enumerate(labels):
        if label == "D" and k in unseen or boils and label == "H" and k % REDRAWN == 0:
            labels[k] = "S"
    runs = [
        (k, one) for k, one in enumerate(drawn) if one >= 0 and (k == 0 or drawn[k - 1] != one) and labels[k] != "S"
    ]
    if boils:  # each version is a picture of its own: which of them stands for the drawing is not asked
        return Truth("".join(labels), [], [k for k, label in enumerate(labels) if label == "C"])
    starts = [0] + [k for k in range(1, len(frames)) if frames[k].shot != frames[k - 1].shot]
    timings = {a: timing("".join(labels[a:b])) for a, b in zip(starts, [*starts[1:], len(labels)], strict=True)}
    mixed = [k for k, frame in enumerate(frames) if not frame.pure and frame.second]  # of a fade drawings may be kept
    return Truth("".join(labels), runs, [k for k in starts if labels[k] == "C"], timings, mixed)


def drawn(name: str, folder: Path) -> tuple[Path, Truth]:
    """The video of a film, drawn in `folder` unless it is there, and the truth about it."""
    world = WORLDS[name]
    width = round(world.height * 16 / 9 / 2) * 2
    shots = shots_of(world) if world.kinds else []
    if world.dissolves:
        frames = overlapped(shots, world.dissolves, round(world.fps[0] / world.fps[1]), world.baked, world.frames)
    elif world.fades:
        rate = round(world.fps[0] / world.fps[1])
        frames = faded(shots, world.fades, 0, world.frames, world.dimming, rate, world.eased)
    elif world.whips:
        frames = whip(shots, world.whips, world.frames)
    else:
        frames = timeline(shots, world.frames)
    frames = inserted(frames, world.inserts)
    path = folder / f"{name.replace(' ', '-').replace(',', '')}.mkv"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        grain = Grain.of(width, world.height, world.grain * world.height / 360, world.seed)
        shown_frames = pictures(world, frames, width)
        encode(path, planes(shown_frames, grain, world.seed), width, world.height, world.fps)
    return path, judged_by(world, frames, faint(world, frames, width))
