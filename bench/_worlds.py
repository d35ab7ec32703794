"""Short drawn films in styles of their own, each with its truth: other sizes, rates, looks and failings.

Who and where come from the distribution that the embedded models learn from, by a seed; nobody of the sample series
is in it. A style is laid over the pictures after they are drawn, so the truth is that of the drawings: logos,
subtitles that fade and boiling lines change none (demo.film.timeline). A change of drawing that is fainter than
VISIBLE as it is shown is not judged, nor are boiling lines themselves.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np

from bench._camera import followed, gone_along
from bench._joins import faded, inserted, overlapped, whip, whipped
from bench._keepers import Truth
from bench._styles import (
    REDRAWN,
    Image,
    boiling,
    credited,
    dimmed,
    hand_held,
    in_frame,
    night_rain,
    plain,
    shaken_rain,
    subtitled,
    swaying,
    titled,
    with_clock,
    with_logo,
)
from bench._weather import raining, snowing, sparking
from demo.film.picture import Desk, Grain
from demo.film.shots import Shot
from demo.film.story import FPS, improvised, scene_of, shot_of
from demo.film.timeline import Frame, pair_labels, timeline, timing
from demo.film.truth import BLACK, BLEND, Catalogue
from demo.series import encode, picture, planes
from demo.world.chance import random_scene
from genga.video.luma_grid import Cells, block_difference, cells_of

Style = Callable[[Image, int], Image]  # a picture and the number of its frame -> the picture as it is shown

VISIBLE = 8.0  # block difference (genga.video.luma_grid) before encoding, under which a change is not judged
EVERY = ("talk", "walk", "wave", "talk", "jump", "look", "pan", "blink", "talk", "zoom", "hold")
PAL, NTSC = (25, 1), (30000, 1001)


@dataclass(frozen=True)
class World:
    """A film: what goes on in it, and how it looks."""

    seed: int
    kinds: tuple[str, ...] = EVERY  # of beats, in order; none: black
    view: str = ""  # full, upper, portrait; empty: as the beat has it
    frames: int = 300
    height: int = 480
    fps: tuple[int, int] = FPS
    grain: float = 1.6  # standard deviation at 360 lines, levels
    style: Style = plain
    flashes: tuple[tuple[int, int, str], ...] = ()  # first frame, frames, white | inverted
    dissolves: tuple[int, ...] = ()  # frames of each, over and over, while both pictures move; none: as drawn
    baked: bool = False  # they are held as the drawings are
    fades: tuple[int, ...] = ()  # frames of each, over and over, to black and out of it, while the pictures move
    whips: int = 0  # frames of the whip pans that join the shots; none: as drawn
    inserts: tuple[int, ...] = ()  # frames that show quite another picture
    camera: tuple[str, ...] = ()  # how a camera moves over the figures of each shot, over and over: bench._camera


WORLDS: dict[str, World] = {
    "480 lines, 25 a second": World(11, fps=PAL),
    "720 lines, 29.97 a second": World(12, height=720, fps=NTSC),
    "1080 lines": World(13, height=1080, frames=200),
    "night": World(14, style=partial(dimmed, contrast=0.22, low=10)),
    "boiling lines": World(15, ("talk", "blink", "wave"), style=partial(boiling, reach=1.2)),
    "small mouths": World(16, ("talk", "blink"), "full"),
    "on ones": World(17, ("wave", "jump", "wave")),
    "dialogue": World(18, ("blink", "talk", "hold", "talk"), "portrait"),
    "pans": World(19, ("pan", "zoom", "tilt", "pan")),
    "subtitles fade": World(20, ("talk", "blink", "wave", "hold"), style=partial(subtitled, fade=6, soft=False)),
    "subtitles soft": World(21, ("talk", "blink", "wave", "hold"), style=partial(subtitled, fade=0, soft=True)),
    "logo": World(22, ("talk", "hold", "blink", "walk"), style=with_logo),
    "film grain": World(23, grain=6.0),
    "one shot": World(24, ("talk",), frames=72),
    "three frames": World(25, ("hold",), frames=3),
    "black": World(26, (), frames=60),
    "a picture for a minute": World(27, ("hold",), frames=1440, height=360),
    "rain": World(29, ("talk", "hold", "blink", "talk"), style=partial(raining, drops=160)),
    "rain on twos": World(30, ("talk", "hold", "wave"), style=partial(raining, drops=90, share=0.6, held=2)),
    "downpour": World(31, ("talk", "blink", "hold"), "full", style=partial(raining, drops=500, share=0.35)),
    "snow": World(32, ("talk", "hold", "blink", "wave"), style=partial(snowing, flakes=150)),
    "sparks": World(33, ("talk", "hold", "wave"), style=partial(sparking, sparks=80)),
    "night rain": World(34, ("talk", "blink", "talk"), "full", style=partial(night_rain, contrast=0.35, share=0.25)),
    "night rain, nearer": World(35, ("talk", "hold", "blink"), "upper",
                                style=partial(night_rain, contrast=0.5, share=0.2)),
    "shower": World(36, ("talk", "blink", "hold", "talk"), "portrait", style=partial(raining, drops=220, share=0.3)),
    "snow flurry": World(37, ("talk", "hold", "blink"), "upper", style=partial(snowing, flakes=80)),
    "flashes": World(28, ("talk", "hold", "wave"),
                     flashes=((20, 1, "white"), (50, 2, "inverted"), (110, 3, "white"), (140, 1, "inverted"),
                              (200, 2, "white"))),
    "dissolves": World(29, ("walk", "wave", "pan", "walk", "zoom"), frames=600, dissolves=(4, 8, 12, 24, 6, 36)),
    "dissolves, 30 a second": World(30, ("walk", "pan", "wave", "tilt"), frames=700, fps=(30, 1),
                                    dissolves=(10, 5, 30, 16, 45)),
    "dissolves, 60 a second": World(31, ("wave", "walk", "zoom", "walk", "pan"), frames=1200, fps=(60, 1),
                                    dissolves=(12, 60, 24, 40, 15), baked=True),
    "pan, talk": World(41, ("talk",), "upper", frames=200, camera=("pan",)),
    "pan, walk": World(42, ("walk", "look"), "full", frames=200, camera=("pan", "tilt")),
    "zoom, talk": World(43, ("talk", "blink"), "full", frames=240, camera=("zoom",)),
    "tilt, small mouths": World(44, ("talk", "blink"), "full", frames=240, camera=("tilt", "pan")),
    "pan, on ones": World(45, ("wave", "jump"), "upper", frames=200, camera=("pan", "zoom")),
    "pan at night": World(46, ("talk", "walk"), frames=240, style=partial(dimmed, contrast=0.3, low=10),
                          camera=("pan", "zoom")),
    "fast action on threes": World(141, ("hold", "blink", "wave"), "upper", style=partial(boiling, reach=40)),
    "fades": World(142, ("walk", "wave", "talk"), frames=400, fades=(12, 24, 8)),
    "shortest subtitles": World(143, ("talk", "hold", "blink"), style=partial(
        subtitled, fade=0, soft=False, lines=("No.", "Run!", "What?", "Me?"))),
    "credits": World(144, ("talk", "hold", "wave"), style=partial(credited, x=0.07, y=0.45)),
    "whip pans": World(47, ("talk", "hold", "wave", "talk"), whips=7),
    "whip pans, slower": World(48, ("hold", "talk", "walk"), whips=12),
    "inserts": World(49, ("talk", "hold", "wave", "blink"), inserts=(30, 71, 110, 111, 170, 201, 230)),
    "title beside, zoom": World(51, ("talk",), "upper", frames=120, camera=("zoom",), style=partial(titled, low=0.2)),
    "title beside, pan": World(52, ("talk",), "upper", frames=120, camera=("pan",), style=partial(titled, low=0.96)),
    "title beside, tilt": World(53, ("talk",), "upper", frames=120, camera=("tilt",), style=partial(titled, low=0.96)),
    "title over, zoom": World(54, ("talk",), "upper", frames=120, camera=("zoom",), style=partial(titled, low=0.6)),
    "title over, pan": World(55, ("talk",), "upper", frames=120, camera=("pan",), style=partial(titled, low=0.55)),
    "title over, tilt": World(56, ("talk",), "upper", frames=120, camera=("tilt",), style=partial(titled, low=0.55)),
    "rain, walk": World(101, ("walk", "look", "talk"), "upper", style=partial(raining, drops=160)),
    "rain, on ones": World(102, ("wave", "jump", "talk"), "upper", style=partial(raining, drops=120, share=0.35)),
    "rain, small mouths": World(124, ("talk", "blink", "walk"), "full", style=partial(raining, drops=120, share=0.3)),
    "rain at night, shaken": World(107, ("talk", "blink", "talk", "hold"), "upper", frames=360,
                                   style=partial(shaken_rain, reach=4.2, contrast=0.45, share=0.2)),
    "rain, walk on twos": World(65, ("walk", "talk", "blink"), "full", style=partial(raining, drops=180, share=0.4)),
    "sway": World(61, ("talk", "look", "blink"), "upper", style=partial(swaying, reach=6, period=90)),
    "sway, walk": World(62, ("talk", "walk", "hold"), style=partial(swaying, reach=12, period=72)),
    "sway, closer and back": World(64, ("talk", "blink", "hold"), "upper",
                                   style=partial(swaying, reach=2, period=80, closer=0.012)),
    "held by hand": World(63, ("talk", "hold", "blink"), "full", fps=PAL, style=partial(hand_held, reach=5)),
    "clock": World(108, style=with_clock),
    "clock, bars at the sides": World(109, style=partial(with_clock, bars="sides", colour=(20, 20, 60))),
    "pan, clock": World(111, ("talk",), "upper", frames=200, camera=("pan", "zoom"), style=with_clock),
    "window frame": World(125, style=in_frame),
    "pan, window frame": World(112, ("talk", "blink"), "upper", frames=240, camera=("pan", "tilt", "zoom"),
                               style=in_frame),
    "followed, talk": World(126, ("talk",), "upper", frames=120, camera=("follow",)),
    "followed, walk": World(127, ("walk",), "full", frames=120, camera=("follow",)),
    "followed, and not": World(129, ("talk", "walk", "blink"), "upper", frames=300, camera=("follow", "pan", "follow")),
    "dissolves of 4 and 60": World(113, ("talk", "talk"), "upper", frames=1200, fps=(60, 1), dissolves=(4, 60),
                                   baked=True),
    "walk, 60 a second": World(114, ("talk", "walk"), "upper", frames=1000, fps=(60, 1), dissolves=(4, 60, 20)),
    "dissolves at night": World(32, ("walk", "talk", "wave"), frames=500, dissolves=(12, 24, 8),
                                style=partial(dimmed, contrast=0.3, low=10)),
}  # fmt: skip


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
        if not shots or world.dissolves or world.whips or world.fades:
            beat = replace(beat, into=("cut", 0))
        if len(world.kinds) == 1:
            beat = replace(beat, frames=world.frames)
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
        frames = faded(shots, world.fades, 0, world.frames)
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
