"""Draw the sample series: `python -m demo.series --out data/raw/sample --truth DIR [--episodes 2] [--seconds 60]
[--height 360] [--seed 7] [--grain 1.6]`.

Writes ep01.mkv, ep02.mkv, ... as broadcasts are encoded (x264 crf 21, 24000/1001 fps, 8-bit 4:2:0, BT.709, long GOPs, a
silent AAC track) and ep01.json, ... with everything that is true of them (demo.film.truth documents it).
The same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from demo.film.picture import Desk, Grain, blended, letterboxed, lettered
from demo.film.story import FPS, episode_shots
from demo.film.timeline import Frame, faded_out, timeline
from demo.film.truth import Catalogue, episode_truth
from genga.errors import GengaError
from genga.store.files import replacing, write_text

GRAIN = 1.6  # standard deviation at 360 lines, levels of 0..255
FADE_OUT = 14  # frames at the end
AUDIO_RATE = 48000
LINES = 36  # heights are multiples of it: exactly 16:9
# x264's mbtree reads beyond its rows where the macroblocks do not fill its vectors: without it the bytes repeat
X264 = "threads=1:lookahead-threads=1:scenecut=40:mbtree=0"


def pictures(frames: Sequence[Frame], desk: Desk) -> Iterator[np.ndarray]:
    """The image of each frame, (H, W, 3) uint8 RGB, before grain; the same object as long as nothing changes."""
    before, image = None, np.empty(0)
    for frame in frames:
        if frame != before:
            image, before = picture(frame, desk), frame
        yield image


def picture(frame: Frame, desk: Desk) -> np.ndarray:
    """The image of a frame before grain."""
    image = desk.photograph(frame.first)
    if frame.letterbox:
        image = letterboxed(image)
    if not frame.pure:
        other = desk.photograph(frame.second) if frame.second else np.zeros_like(image)
        image = blended(image, other, frame.share)
    return lettered(image, frame.texts)


def planes(images: Iterable[np.ndarray], grain: Grain | None, seed: int) -> Iterator[np.ndarray]:
    """Images as BT.709 4:2:0, (H * 3/2, W) uint8 as PyAV packs them, with grain on the luma."""
    before: np.ndarray | None = None
    clean = np.empty((0, 0), np.uint8)
    for i, image in enumerate(images):
        if image is not before:
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            to709 = {"dst_colorspace": Colorspace.ITU709, "dst_color_range": ColorRange.MPEG}
            clean, before = frame.reformat(format="yuv420p", **to709).to_ndarray().astype(np.uint8, copy=False), image
        if grain is None:
            yield clean
            continue
        grainy = clean.copy()
        grainy[: image.shape[0]] = grain.over(clean[: image.shape[0]], np.random.default_rng([seed, i]))
        yield grainy


def encode(path: Path, images: Iterable[np.ndarray], width: int, height: int, fps: tuple[int, int] = FPS) -> None:
    """Write frames packed as `planes` makes them to a Matroska file; one thread and no dates: its bytes repeat."""
    with (
        replacing(path) as temporary,
        av.open(str(temporary), "w", format="matroska", options={"fflags": "+bitexact"}) as out,
    ):
        video = out.add_stream("libx264", rate=Fraction(*fps))
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        context = video.codec_context
        context.thread_count = 1
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        context.options = {"crf": "21", "preset": "fast", "g": "250", "x264-params": X264}
        audio = out.add_stream("aac", rate=AUDIO_RATE, layout="mono")
        n = 0
        for n, image in enumerate(images, 1):
            frame = av.VideoFrame.from_ndarray(image, format="yuv420p")
            frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
            frame.pts, frame.time_base = n - 1, Fraction(fps[1], fps[0])
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for packet in _silence(audio, n * fps[1] / fps[0]):
            out.mux(packet)


def _silence(audio: av.AudioStream, seconds: float) -> Iterator[av.Packet]:
    size = 1024
    for k in range(int(seconds * AUDIO_RATE) // size):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, size), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE, k * size, Fraction(1, AUDIO_RATE)
        yield from audio.encode(frame)
    yield from audio.encode(None)


def draw_series(
    out: Path, truth: Path, episodes: int, seconds: float, height: int, seed: int, grain: float = GRAIN
) -> list[Path]:
    """Draw, encode and describe a series; the videos, in order. Raises GengaError for sizes that cannot be.

    grain: its standard deviation at 360 lines, in levels of 0..255; 0 for none.
    """
    if height % LINES or height < LINES or seconds <= 0 or not 1 <= episodes <= 99:
        raise GengaError(
            f"demo.series: --height must be a multiple of {LINES}, --seconds above 0, --episodes 1..99; "
            f"got {height}, {seconds}, {episodes}"
        )
    cv2.setNumThreads(1)
    width = height * 16 // 9
    n, ids, videos = round(seconds * FPS[0] / FPS[1]), Catalogue(), []
    for index in range(episodes):
        name = f"ep{index + 1:02}"
        shots = episode_shots(index, n, seed, width / height)
        frames = faded_out(timeline(shots, n), min(FADE_OUT, n // 4))
        desk = Desk(width, height)
        noise = Grain.of(width, height, grain * height / 360, seed) if grain else None
        videos.append(out / f"{name}.mkv")
        encode(videos[-1], planes(pictures(frames, desk), noise, seed * 100 + index), width, height)
        facts = episode_truth(name, frames, shots, desk, ids, FPS)
        write_text(truth / f"{name}.json", json.dumps(facts, separators=(",", ":")) + "\n")
        print(
            f"{videos[-1]}: {n} frames, {len(facts['shots'])} shots, {len(facts['drawings'])} drawings held still",
            flush=True,
        )
    return videos


def main() -> None:
    """Read the arguments and draw."""
    parser = argparse.ArgumentParser(description="Draw the sample series and the truth about it.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the videos")
    parser.add_argument("--truth", type=Path, required=True, help="folder of the truth")
    parser.add_argument("--episodes", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60, help="length of an episode")
    parser.add_argument("--height", type=int, default=360, help="px, a multiple of 36; the width follows at 16:9")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--grain", type=float, default=GRAIN, help="its deviation at 360 lines, levels of 0..255")
    a = parser.parse_args()
    try:
        draw_series(a.out, a.truth, a.episodes, a.seconds, a.height, a.seed, a.grain)
    except GengaError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
