"""Which films bench/_worlds.py draws: what goes on in each, in which style, size and rate, and what fails in it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bench._acting import evening, soft, sprites_shown, swarming, things_shown, with_things
from bench._styles import (
    Image,
    boiling,
    by_a_fire,
    credited,
    creeping,
    dimmed,
    hand_held,
    in_frame,
    night_rain,
    plain,
    rolling,
    shaken_rain,
    signed,
    subtitled,
    swaying,
    titled,
    under_water,
    unsteady,
    upright,
    with_clock,
    with_logo,
)
from bench._weather import raining, snowing, sparking
from demo.film.story import FPS

Style = Callable[[Image, int], Image]  # a picture and the number of its frame -> the picture as it is shown

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
    edges: tuple[str, ...] = ()  # they are wipes with such edges, shot after shot: bench._joins.wiped
    soft: float = 0.01  # how wide an edge is, part of the way
    fades: tuple[int, ...] = ()  # frames of each, over and over, to black and out of it, while the pictures move
    dimming: int = 1  # frames for which a fade's light is held
    eased: float = 1.0  # power of a fade's time that its light follows: more begins unseen
    glow: bool = False  # light is added until all is white, instead
    whips: int = 0  # frames of the whip pans that join the shots; none: as drawn
    inserts: tuple[int, ...] = ()  # frames that show quite another picture
    camera: tuple[str, ...] = ()  # how a camera moves over the figures of each shot, over and over: bench._camera
    place: str = ""  # of BACKGROUNDS (demo.world.model); empty: any
    each: int = 0  # frames of each shot; 0: as its beat has it
    acts: Callable[[int], int] | None = None  # what the style shows at a frame that is part of the drawing, a number


WORLDS: dict[str, World] = {
    "480 lines, 25 a second": World(11, fps=PAL),
    "720 lines, 29.97 a second": World(12, height=720, fps=NTSC),
    "1080 lines": World(13, height=1080, frames=200),
    "night": World(14, style=partial(dimmed, contrast=0.22, low=10)),
    "boiling lines": World(15, ("talk", "blink", "wave"), style=partial(boiling, reach=1.2)),
    "small mouths": World(16, ("talk", "blink"), "full"),
    "on ones": World(17, ("wave", "jump", "wave")),
    "on twos": World(150, ("walk", "look", "walk"), "full", frames=200),
    "nearer, on threes": World(151, ("blink", "look", "talk"), "upper", frames=200, camera=("nearer",)),
    "creeps": World(152, ("hold", "blink", "talk"), "portrait", frames=240,
                    style=partial(creeping, grows=0.0004, layers=0.35)),
    "unsteady film": World(153, ("blink", "hold", "talk"), frames=240, style=partial(unsteady, reach=0.5)),
    "layers creep": World(170, ("hold", "blink", "talk"), "portrait", frames=240,
                          style=partial(creeping, grows=0.0004, layers=1.4)),
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
    "rain on threes": World(161, ("talk", "walk"), "full", style=partial(raining, drops=150, share=0.4, held=3)),
    "fine rain, held": World(162, ("talk", "hold", "blink"), "upper",
                             style=partial(raining, drops=240, share=0.2, held=2.5)),
    "snow on twos": World(163, ("talk", "blink", "walk"), "upper", style=partial(snowing, flakes=150, held=2)),
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
    "short fades": World(149, ("walk", "wave", "talk"), frames=300, fades=(3, 5, 4, 6)),
    "fades on twos": World(164, ("walk", "wave", "talk"), frames=300, fades=(12, 24, 16), dimming=2),
    "fades, 60 a second": World(165, ("walk", "wave", "talk"), frames=900, fps=(60, 1), fades=(8, 24, 12)),
    "fades under sparks": World(166, ("talk", "wave", "walk"), frames=300, fades=(12, 24, 8),
                                style=partial(sparking, sparks=60)),
    "glow": World(167, ("walk", "talk", "wave"), frames=300, fades=(12, 24, 8), glow=True),
    "shortest subtitles": World(143, ("talk", "hold", "blink"), style=partial(
        subtitled, fade=0, soft=False, lines=("No.", "Run!", "What?", "Me?"))),
    "credits": World(144, ("talk", "hold", "wave"), style=partial(credited, x=0.07, y=0.45)),
    "wipes": World(151, ("walk", "talk", "wave", "look"), frames=400, dissolves=(12, 8, 24, 14),
                   edges=("across", "opening", "slanting", "shutting", "hand")),
    "soft wipes": World(154, ("talk", "hold", "wave"), "upper", frames=360, dissolves=(16, 20, 12),
                        edges=("across", "slanting", "opening"), soft=0.22),
    "slides": World(155, ("talk", "hold", "wave"), "upper", frames=360, dissolves=(12, 9, 20),
                    edges=("pushing", "over", "off")),
    "credits roll": World(145, ("talk", "hold", "blink"), "upper", style=partial(rolling, x=0.06)),
    "credits roll over a face": World(146, ("talk", "hold", "talk"), "portrait", style=partial(rolling, x=0.36)),
    "upright credits": World(147, ("talk", "hold", "wave"), style=partial(upright, x=0.93)),
    "sign beside a mouth": World(148, ("talk", "blink", "talk"), "portrait", style=partial(signed, x=0.3, y=0.5)),
    "whip pans": World(47, ("talk", "hold", "wave", "talk"), whips=7),
    "whip pans, slower": World(48, ("hold", "talk", "walk"), whips=12),
    "inserts": World(49, ("talk", "hold", "wave", "blink"), inserts=(30, 71, 110, 111, 170, 201, 230)),
    "title beside, zoom": World(51, ("talk",), "upper", frames=120, camera=("zoom",), style=partial(titled, low=0.2)),
    "title beside, pan": World(52, ("talk",), "upper", frames=120, camera=("pan",), style=partial(titled, low=0.96)),
    "title beside, tilt": World(53, ("talk",), "upper", frames=120, camera=("tilt",), style=partial(titled, low=0.96)),
    "title over, zoom": World(54, ("talk",), "upper", frames=120, camera=("zoom",), style=partial(titled, low=0.6)),
    "title over, pan": World(55, ("talk",), "upper", frames=120, camera=("pan",), style=partial(titled, low=0.55)),
    "title over, tilt": World(56, ("talk",), "upper", frames=120, camera=("tilt",), style=partial(titled, low=0.55)),
    "snow, walk": World(145, ("walk", "talk", "wave"), "full", style=partial(snowing, flakes=130)),
    "sparks, walk": World(146, ("walk", "wave"), "upper", style=partial(sparking, sparks=70)),
    "light of water": World(147, ("talk", "blink", "look"), "upper", style=partial(
        under_water, amount=0.15, period=50)),
    "by a fire": World(148, ("talk", "hold", "blink"), "upper", style=partial(by_a_fire, amount=0.25)),
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
    "sunset, then pan": World(171, ("wave",), "upper", frames=210, camera=("later",), place="sunset",
                              style=partial(evening, start=10, end=100)),
    "dusk under a pan": World(171, ("wave",), "upper", frames=210, camera=("pan",), place="sunset",
                              style=partial(evening, start=20, end=80)),
    "dusk, then a cut": World(171, ("wave", "pan"), "upper", frames=400, place="sunset",
                              style=partial(evening, start=10, end=100)),
    "pull back": World(172, ("walk",), "upper", frames=96, camera=("back",), place="meadow",
                       style=partial(soft, by=0.006)),
    "sprites": World(173, ("hold",), place="classroom", frames=240, acts=sprites_shown,
                     style=partial(swarming, sprites=26)),
    "things in a corner": World(174, ("hold",), frames=288, each=72, acts=partial(things_shown, each=72),
                                style=partial(with_things, each=72)),
    "dissolves of pans": World(175, ("pan", "tilt", "pan", "zoom"), frames=400, dissolves=(12, 24, 8, 36)),
    "fades that begin unseen": World(176, ("walk", "talk", "wave"), frames=300, fades=(16, 24, 12), eased=2.5),
    "wipes of pans": World(177, ("talk", "wave", "walk"), "upper", frames=360, dissolves=(14, 10, 24),
                           edges=("across", "slanting", "opening"), camera=("pan", "tilt")),
    "slides of pans": World(178, ("talk", "hold", "wave"), "upper", frames=360, dissolves=(12, 9, 20),
                            edges=("pushing", "over", "off"), camera=("pan",)),
    "dissolves at night": World(32, ("walk", "talk", "wave"), frames=500, dissolves=(12, 24, 8),
                                style=partial(dimmed, contrast=0.3, low=10)),
}  # fmt: skip
