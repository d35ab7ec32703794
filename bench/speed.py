"""What raw video to stills costs: `python -m bench.speed [--seconds 120] [--only H.264] [--long] [--video FILE]
[--against FOLDER]`.

Two drawn episodes at 1080 lines one after another, under little grain (0.4 levels at 360 lines), so that x264 at crf 21
comes to the 4 to 5 Mbit/s at which such series are sent; and the same in HEVC of 10 bits. CPU time (user and system)
and peak memory are those of the stages' own commands as child processes, with what Python takes to start and import
taken off, and given beside decoding alone with the same library and threads, and beside the seed workflow: ffmpeg
writes every frame as PNG, then a perceptual hash of each (on a few seconds from the middle, scaled up). `--long`
repeats the video to 24 minutes, without encoding it again, to see what grows; `--video` measures files of your own
instead. Decoding alone and `frames`, whose ratio is the closest to its limit, are run in turn and the median of each is
taken: the same command's CPU time is a few percent more or less from one run to the next, and half as much again on a
busy machine. Compare within a run. `--against` runs the stages of another checkout of the project in turn with these,
and prints what both take. Prints the tables that docs/frames-speed.md quotes.
"""

import json
import shutil
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import av
import ffmpeg
import imageio_ffmpeg
import polars as pl
import typer

from bench._children import ROOT, Cost, cost
from bench.models import table
from genga.params.section import read_params

THREADS = "2"
GRAIN = 0.4  # levels of 0..255 at 360 lines
EPISODES = 2
ENCODED: dict[str, dict[str, object]] = {
    "H.264": {"c": "copy"},  # as drawn
    "HEVC 10-bit": {"vcodec": "libx265", "preset": "ultrafast", "video_bitrate": "4M", "pix_fmt": "yuv420p10le",
                    "x265-params": "log-level=error:keyint=240"},
}  # fmt: skip
LIMITS = {"frames": "1.15", "raw video to stills": "2.5"}  # times decoding alone
SHARES = "CPU 1/6, disk 1/10"  # of the seed workflow's
MEMORY = 1000  # MB
STAGES = ("probe", "frames", "shots", "dedup", "stills")
# A script's imports, ended as its project ends jobs: to take apart what is in memory lasts a tenth of a second.
START = """import runpy, sys
runpy.run_path(sys.argv[1])
getattr(sys.modules["genga.jobs.script"], "_end", sys.exit)()"""


def drawn(cache: Path, seconds: float) -> Path:
    """Drawn episodes of `seconds` in all, at 1080 lines, one after another; drawn once."""
    folder = cache / f"drawn-{seconds:g}"
    video = folder / "all.mkv"
    if not video.exists():
        folder.mkdir(parents=True, exist_ok=True)  # drawn by a child: it needs more memory than what is measured here
        wanted = {"out": folder, "truth": folder, "episodes": EPISODES, "seconds": seconds / EPISODES, "height": 1080,
                  "grain": GRAIN}  # fmt: skip
        options = [str(word) for key, value in wanted.items() for word in (f"--{key}", value)]
        cost([sys.executable, "-m", "demo.series", *options], cache)
        names = [f"file ep{number + 1:02}.mkv\n" for number in range(EPISODES)]
        (folder / "list.txt").write_text("".join(names))
        made(folder / "list.txt", video, {"c": "copy"}, format="concat")
    return video


def made(source: Path, path: Path, options: dict[str, object], **read: object) -> Path:
    """Write `source` anew with ffmpeg's `options`, unless it is there."""
    if not path.exists():
        making = path.with_name(f"making-{path.name}")
        out = ffmpeg.input(str(source), **read).video.output(str(making), **options)
        out.run(cmd=imageio_ffmpeg.get_ffmpeg_exe(), quiet=True, overwrite_output=True)
        making.rename(path)
    return path


def commands(video: Path, root: Path = ROOT) -> dict[str, list[str | Path]]:
    """The command of each stage of the project at `root`, for a folder of its own."""
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
    params = read_params(root / "params.yaml")  # which jobs are given, too: a script that reads them takes longer
    return {
        stage: [sys.executable, root / f"scripts/{stage}.py", "--params", json.dumps(params[stage]),
                *(word for key, value in options.items() for word in (f"--{key}", value))]
        for stage, options in takes.items()
    }  # fmt: skip


def stages(video: Path, folder: Path) -> dict[str, Cost]:
    """Run the stages on a video, in an empty folder; what each took beyond starting."""
    return {stage: ran(command, folder) for stage, command in commands(video).items()}


def ran(command: list[str | Path], folder: Path, root: Path = ROOT) -> Cost:
    """Run a stage's command; what it took beyond starting."""
    start = cost([sys.executable, "-c", START, command[1]], folder, root)
    whole = cost(command, folder, root)
    return replace(whole, cpu=max(0.0, whole.cpu - start.cpu))


def alone(video: Path, folder: Path) -> Cost:
    """Decoding and nothing else."""
    command: list[str | Path] = [sys.executable, "-m", "bench._children", "decode", video, THREADS]
    start = cost([sys.executable, "-c", "import genga.video.decode"], folder)
    return replace(found := cost(command, folder), cpu=found.cpu - start.cpu)


def in_turn(video: Path, folder: Path, rounds: int) -> tuple[Cost, dict[str, Cost]]:
    """Decoding alone and the stages; of it and of `frames` the median of so many rounds, one after the other."""
    bases, founds = [alone(video, folder)], [stages(video, folder)]
    for _ in range(rounds - 1):
        bases.append(alone(video, folder))
        founds.append({"frames": ran(commands(video)["frames"], folder)})
    return median(bases), {**founds[0], "frames": median([found["frames"] for found in founds])}


def beside(name: str, video: Path, other: Path, rounds: int) -> list[tuple[object, ...]]:
    """Rows: CPU s of each stage of the project at `other` and of this one, run in turn so many rounds.

    Of `frames` also what it takes beyond decoding alone, in ms a frame, and of all stages their ratio to it.
    """
    roots = {"before": other, "now": ROOT}
    costs: dict[tuple[str, str], list[Cost]] = {}
    bases: list[Cost] = []
    with tempfile.TemporaryDirectory() as temporary:
        folders = {when: Path(temporary) / when for when in roots}
        for folder in folders.values():
            folder.mkdir()
        for _ in range(rounds):
            bases.append(alone(video, Path(temporary)))
            for when, root in roots.items():
                for stage, command in commands(video, root).items():
                    costs.setdefault((when, stage), []).append(ran(command, folders[when], root))
        count = len(pl.read_parquet(folders["now"] / "frames.parquet", columns=["frame"]))
    base, found = median(bases).cpu, {of: median(some).cpu for of, some in costs.items()}
    before, now = ({stage: found[when, stage] for stage in STAGES} for when in roots)
    beyond, whole = "frames beyond decoding, ms a frame", "raw video to stills, times decoding"
    return [
        versus(name, f"decoding {count} frames alone, s", base, base),
        *(versus(name, f"{stage}, s", before[stage], now[stage]) for stage in STAGES),
        versus(name, beyond, *(1000 * (of["frames"] - base) / count for of in (before, now))),
        versus(name, whole, sum(before.values()) / base, sum(now.values()) / base),
    ]


def versus(name: str, what: str, before: float, now: float) -> tuple[object, ...]:
    """A row: what something took and takes, and how many times less that is."""
    return name, what, f"{before:.2f}", f"{now:.2f}", f"{before / now:.2f}" if now > 0 else ""


def median(costs: list[Cost]) -> Cost:
    """The median CPU time, and the most memory."""
    return Cost(statistics.median(of.cpu for of in costs), max(of.memory for of in costs))


def seed(video: Path, folder: Path, seconds: float, part: float) -> tuple[Cost, float]:
    """The seed workflow on `part` s from the middle, scaled to `seconds`: its cost, and MB of its images."""
    images = folder / "png"
    images.mkdir()
    command: list[str | Path] = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-ss", str((seconds - part) / 2), "-i",
                                 video, "-t", str(part), "-threads", THREADS]  # fmt: skip
    written = cost([*command, images / "%06d.png"], folder)
    start = cost([sys.executable, "-c", "import imagehash"], folder)
    hashed = cost([sys.executable, "-m", "bench._children", "hash", images], folder)
    size = sum(file.stat().st_size for file in images.iterdir()) / 1e6
    shutil.rmtree(images)
    scale = seconds / part
    return Cost((written.cpu + hashed.cpu - start.cpu) * scale, max(written.memory, hashed.memory)), size * scale


def compared(name: str, video: Path, part: float, rounds: int) -> list[tuple[object, ...]]:
    """Rows: each stage, all of them and the seed workflow, beside decoding alone and beside the limits."""
    with av.open(str(video)) as container:
        seconds = (container.duration or 0) / av.time_base
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        base, found = in_turn(video, folder, rounds)
        disk = sum(file.stat().st_size for file in folder.iterdir()) / 1e6  # nothing that is written is taken away
        other, images = seed(video, folder, seconds, min(part, seconds))
    whole = sum(found.values(), Cost(0.0, 0.0))
    costs = {"decoding alone": base, **found, "raw video to stills": whole, "seed workflow": other}
    sizes = {"raw video to stills": disk, "seed workflow": images}
    rows = [(name, what, f"{of.cpu:.1f}", f"{of.cpu / base.cpu:.2f}", LIMITS.get(what, ""), f"{of.memory:.0f}",
             f"{sizes[what]:.0f}" if what in sizes else "") for what, of in costs.items()]  # fmt: skip
    shares = (f"1/{other.cpu / whole.cpu:.1f}", "", SHARES, "", f"1/{images / disk:.1f}")
    return [*rows, (name, "of the seed workflow's", *shares)]


def repeated(name: str, video: Path, seconds: float) -> list[tuple[object, ...]]:
    """Rows: what each stage takes of 24 minutes of the same."""
    times = round(24 * 60 / seconds)
    longer = made(video, video.with_stem(f"{video.stem}-24min"), {"c": "copy"}, stream_loop=times - 1)
    with tempfile.TemporaryDirectory() as temporary:
        found = stages(longer, Path(temporary))
    return [(f"{name}, 24 min", stage, f"{of.cpu:.1f}", "", "", f"{of.memory:.0f}", "") for stage, of in found.items()]


def main(
    seconds: float = typer.Option(120.0, min=10.0, help="length of the drawn video"),
    part: float = typer.Option(5.0, min=1.0, help="s of it that the seed workflow is measured on"),
    rounds: int = typer.Option(3, min=1, help="times that decoding alone and frames are run"),
    only: str = typer.Option("", help="one of the encodings"),
    long: bool = typer.Option(False, help="also repeat the video to 24 minutes, for memory"),
    video: list[Path] = typer.Option([], help="a video to measure instead, again for each"),
    against: Path | None = typer.Option(None, help="checkout of another commit to run in turn with this one"),
    cache: Path = typer.Option(Path("data/bench/speed"), help="folder of the videos"),
) -> None:
    """Measure what raw video to stills costs, beside decoding alone and the seed workflow."""
    cache, rows = cache.absolute(), []
    videos = [(path.stem, path.absolute()) for path in video]
    for name, options in ENCODED.items() if not video else ():
        if only in ("", name):
            encoded = made(drawn(cache, seconds), cache / f"{name.replace(' ', '-')}-{seconds:g}.mkv", options)
            videos.append((name, encoded))
    if against is not None:
        pairs = [row for name, path in videos for row in beside(name, path, against.absolute(), rounds)]
        print(table(("video", "what", "before", "now", "times less"), pairs))
        return
    for name, path in videos:
        rows += compared(name, path, part, rounds)
        rows += repeated(name, path, seconds) if long and not video else []
    print(f"## CPU, memory (limit {MEMORY} MB) and disk, {THREADS} threads\n")
    print(table(("video", "what", "CPU, s", "to decoding", "limit", "peak MB", "disk MB"), rows))


if __name__ == "__main__":
    typer.run(main)
