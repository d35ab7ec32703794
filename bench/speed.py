"""What raw video to stills costs at 1080 lines: `python -m bench.speed [--seconds 20] [--long]`.

The drawn series at 1080 lines, as H.264 and as HEVC in 10 bits, at the bit rates of broadcasts. CPU time (user and
system) and peak memory are those of the stages' own commands as child processes, with what Python takes to start and
import taken off, and given beside decoding alone with the same library and threads, and beside the seed workflow:
ffmpeg writes every frame as PNG, then a perceptual hash of each (on a few seconds, scaled up). `--long` repeats the
video to 24 minutes, without encoding it again, to see what grows. Prints the tables that docs/frames.md quotes.
"""

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import ffmpeg
import imageio_ffmpeg
import typer

from bench._children import Cost, cost
from bench.models import table

THREADS = "2"
ENCODED: dict[str, dict[str, object]] = {
    "H.264": {"vcodec": "libx264", "preset": "veryfast", "video_bitrate": "8M", "g": 240},
    "HEVC 10-bit": {"vcodec": "libx265", "preset": "ultrafast", "video_bitrate": "5M", "pix_fmt": "yuv420p10le",
                    "x265-params": "log-level=error:keyint=240"},
}  # fmt: skip
ROOT = Path(__file__).resolve().parent.parent
STAGES = ("probe", "frames", "shots", "dedup", "stills")


def drawn(cache: Path, seconds: float) -> Path:
    """The first drawn episode at 1080 lines; drawn once."""
    video = cache / f"drawn-{seconds:g}/ep01.mkv"
    if not video.exists():
        cache.mkdir(parents=True, exist_ok=True)  # drawn by a child: it needs more memory than what is measured here
        wanted = {"out": video.parent, "truth": video.parent, "episodes": 1, "seconds": seconds, "height": 1080}
        options = [str(word) for key, value in wanted.items() for word in (f"--{key}", value)]
        cost([sys.executable, "-m", "demo.series", *options], cache)
    return video


def made(source: Path, path: Path, options: dict[str, object], **read: object) -> Path:
    """Write `source` anew with ffmpeg's `options`, unless it is there."""
    if not path.exists():
        making = path.with_name(f"making-{path.name}")
        out = ffmpeg.input(str(source), **read).video.output(str(making), **options)
        out.run(cmd=imageio_ffmpeg.get_ffmpeg_exe(), quiet=True, overwrite_output=True)
        making.rename(path)
    return path


def commands(video: Path) -> dict[str, list[str | Path]]:
    """The command of each stage, for a folder of its own."""
    made = {"in-probe": "probe.json", "in-frames": "frames.parquet", "in-shots": "shots.parquet",
            "in-dedup": "dedup.parquet"}  # fmt: skip
    takes: dict[str, dict[str, str | Path]] = {
        "probe": {"in-video": video, "out": "probe.json"},
        "frames": {"in-video": video, "in-probe": made["in-probe"], "out": "frames.parquet", "out-cells": "cells.tar",
                   "threads": THREADS},
        "shots": {"in-frames": made["in-frames"], "out": "shots.parquet"},
        "dedup": {"in-frames": made["in-frames"], "in-shots": made["in-shots"], "out": "dedup.parquet"},
        "stills": {"in-video": video, "in-probe": made["in-probe"], "in-frames": made["in-frames"],
                   "in-dedup": made["in-dedup"], "out": "stills.parquet", "out-shard": "stills.tar",
                   "threads": THREADS},
    }  # fmt: skip
    return {
        stage: [sys.executable, ROOT / f"scripts/{stage}.py",
                *(word for key, value in options.items() for word in (f"--{key}", value))]
        for stage, options in takes.items()
    }  # fmt: skip


def stages(video: Path, folder: Path) -> dict[str, Cost]:
    """Run the stages on a video, in an empty folder; what each took beyond starting."""
    shutil.copy2(ROOT / "params.yaml", folder)
    found = {}
    for stage, command in commands(video).items():
        start = cost([*command[:2], "--help"], folder)
        whole = cost(command, folder)
        found[stage] = replace(whole, cpu=max(0.0, whole.cpu - start.cpu))
    return found


def alone(video: Path, folder: Path) -> Cost:
    """Decoding and nothing else."""
    command: list[str | Path] = [sys.executable, "-m", "bench._children", "decode", video, THREADS]
    start = cost([sys.executable, "-c", "import genga.video"], folder)
    return replace(found := cost(command, folder), cpu=found.cpu - start.cpu)


def seed(video: Path, folder: Path, part: float) -> tuple[Cost, int]:
    """The seed workflow on the first `part` s: its cost, and the bytes of its images."""
    binary = imageio_ffmpeg.get_ffmpeg_exe()
    images = folder / "png"
    images.mkdir()
    command: list[str | Path] = [binary, "-v", "error", "-i", video, "-t", str(part), "-threads", THREADS]
    written = cost([*command, images / "%06d.png"], folder)
    start = cost([sys.executable, "-c", "import imagehash"], folder)
    hashed = cost([sys.executable, "-m", "bench._children", "hash", images], folder)
    size = sum(file.stat().st_size for file in images.iterdir())
    return replace(found := written + hashed, cpu=found.cpu - start.cpu), size


def compared(name: str, video: Path, seconds: float, part: float) -> list[tuple[object, ...]]:
    """Rows: each stage, all of them and the peers beside decoding alone."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        base = alone(video, folder)
        found = stages(video, folder)
        disk = sum((folder / file).stat().st_size for file in ("cells.tar", "stills.tar"))
        other, images = seed(video, folder, part)
    whole = sum(found.values(), Cost(0.0, 0.0))
    scale = seconds / part
    rows = [("decoding alone", base, "")] + [(stage, of, "") for stage, of in found.items()]
    rows += [("raw video to stills", whole, f"{disk / 1e6:.0f}")]
    rows += [("seed workflow", Cost(other.cpu * scale, other.memory), f"{images * scale / 1e6:.0f}")]
    return [(name, what, f"{of.cpu:.1f}", f"{of.cpu / base.cpu:.2f}", f"{of.memory:.0f}", size)
            for what, of, size in rows]  # fmt: skip


def main(
    seconds: float = typer.Option(20.0, min=5.0, help="length of the drawn video"),
    part: float = typer.Option(5.0, min=1.0, help="s of it that the seed workflow is measured on"),
    only: str = typer.Option("", help="one of the encodings"),
    long: bool = typer.Option(False, help="also repeat the video to 24 minutes, for memory"),
    cache: Path = typer.Option(Path("data/bench/speed"), help="folder of the videos"),
) -> None:
    """Measure what raw video to stills costs, beside decoding alone and the seed workflow."""
    cache = cache.absolute()
    source, rows = drawn(cache, seconds), []
    for name, options in ENCODED.items():
        if only not in ("", name):
            continue
        video = made(source, cache / f"{name.replace(' ', '-')}-{seconds:g}.mkv", options)
        rows += compared(name, video, seconds, min(part, seconds))
        if long:
            times = round(24 * 60 / seconds)
            repeated = made(video, video.with_stem(f"{video.stem}-24min"), {"c": "copy"}, stream_loop=times - 1)
            with tempfile.TemporaryDirectory() as temporary:
                for stage, of in stages(repeated, Path(temporary)).items():
                    rows.append((f"{name}, 24 min", stage, f"{of.cpu:.1f}", "", f"{of.memory:.0f}", ""))
    print(f"## CPU, memory and disk, {seconds:g} s at 1080 lines, {THREADS} threads\n")
    print(table(("video", "what", "CPU, s", "to decoding", "peak MB", "disk MB"), rows))


if __name__ == "__main__":
    typer.run(main)
