"""Sixty short clips in five formats: drawings on fours and cuts of a drawn film; two broken, five there twice."""

from itertools import islice
from pathlib import Path

import av
import numpy as np
from films import texture

from bench._shorts import Picture, pictures, write_clip
from demo.series import draw_series

DRAWINGS, HOLD, RATE = 3, 4, 12  # drawings of a clip, frames that each is held, frames/s
BROKEN = {"page.gif": b"<!doctype html><title>404</title>", "cut off.mp4": b""}
REPOSTS = {  # by name: the clip that it is again
    "repost smaller.mp4": "clip 00", "repost mirrored.webm": "clip 01", "repost cropped.apng": "clip 02",
    "repost faster.gif": "clip 03", "repost as webp.webp": "clip 04",
}  # fmt: skip
ENDINGS = (".gif", ".webp", ".apng", ".webm", ".mp4")
FILMED, PLAIN = 8, 45  # clips of the film, and of drawings that are not again


def drawing(seed: int, width: int = 160, height: int = 96) -> Picture:
    """A drawing unlike that of another seed."""
    return np.repeat(texture(seed, width, height)[:, :, None], 3, axis=2)


def clip_of(number: int, width: int = 160, height: int = 96) -> list[Picture]:
    """The frames of clip `number`: its drawings, each held."""
    shown = [drawing(100 * number + each, width, height) for each in range(DRAWINGS)]
    return [image for image in shown for _ in range(HOLD)]


def unequal(images: list[Picture]) -> list[Picture]:
    """The frames with a corner that is never as before: encoders of WebP make one frame of equal ones."""
    made = [image.copy() for image in images]
    for frame, image in enumerate(made):
        image[0, 0] = 40 + 2 * (frame % 2)
    return made


def small(image: Picture, width: int, height: int) -> Picture:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    return np.asarray(frame.reformat(width, height).to_ndarray(format="rgb24"), np.uint8)


def write_clips(folder: Path, drawn: Path) -> None:
    """Write all sixty below `folder`. drawn: folder for the film."""
    for number in range(PLAIN):
        odd = number % 5 == 2 and number > 4  # apng of an odd size
        times = [n + (n > 5) for n in range(DRAWINGS * HOLD)] if number % 5 == 4 and number > 4 else None  # VFR
        images = clip_of(number, *((131, 77) if odd else (160, 96)))
        images = unequal(images) if number % 5 == 1 else images
        write_clip(folder / f"clip {number:02d}{ENDINGS[number % 5]}", images, RATE, times)
    made = {
        "repost smaller.mp4": [small(image, 120, 72) for image in clip_of(0)],
        "repost mirrored.webm": [image[:, ::-1] for image in clip_of(1)],
        "repost cropped.apng": [image[2:-2, 3:-3] for image in clip_of(2)],
        "repost faster.gif": clip_of(3)[::2],
        "repost as webp.webp": unequal(clip_of(4)),
    }
    for name, images in made.items():
        write_clip(folder / name, images, RATE)
    for name, content in BROKEN.items():
        (folder / name).write_bytes(content or (folder / "clip 04.mp4").read_bytes()[:400])
    film = draw_series(drawn, drawn, episodes=1, seconds=6.0, height=180, seed=7)[0]
    frames = pictures(film)
    for number in range(FILMED):
        write_clip(folder / f"film {number}.mp4", list(islice(frames, 18)), 24)
