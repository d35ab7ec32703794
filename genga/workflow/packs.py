"""Series of short clips: which series are such, and which pack each clip is in.

A pack has the clips whose names' hashes begin with the same bits: as many bits as it takes for a pack to have no more
clips than it may. So a clip that is added, taken away or renamed concerns its own pack, which at most becomes two, or
one with its neighbour; that follows from the names alone, on any machine, in any order.
"""

import glob
import hashlib
import os
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from genga.errors import GengaError
from genga.params.series import Params
from genga.stages import LINE
from genga.store.files import PACK, bits_of, is_pack
from genga.store.sweeping import FOUND
from genga.tables.places import FOLDER, RAW
from genga.video.episodes import Episode

MANY = 200  # videos of a series, from which they may be told to be short clips
LIGHT = 16 << 20  # bytes: a short clip has fewer
ANIMATIONS = (".gif", ".webp", ".apng", ".png", ".avif")

Packs = dict[str, dict[str, str]]  # by name of a pack: the video of each of its clips


def divided(clips: Mapping[str, str], most: int, bits: str = "") -> Packs:
    """Return the packs of a series, in name order. clips: the video of each. most: clips in a pack."""
    if len(clips) <= most or len(bits) > 20:
        return {f"{PACK}-{bits}".rstrip("-"): dict(sorted(clips.items()))} if clips else {}
    halves: tuple[dict[str, str], dict[str, str]] = {}, {}
    for clip, video in clips.items():
        halves[int(bits_of(clip)[len(bits)])][clip] = video
    return divided(halves[0], most, f"{bits}0") | divided(halves[1], most, f"{bits}1")


def in_packs(
    videos: Mapping[Episode, str], params: Mapping[str, Any], notes: list[str]
) -> tuple[dict[str, Packs], dict[Episode, str]]:
    """Return the packs of each series of short clips, and the videos with a pack, which has none, for its clips.

    params: section `series`. notes: gets one for each that is told to be such a series by what lies there. Raises
    GengaError for an episode that is called as packs are.
    """
    of: dict[str, dict[str, str]] = {}
    for (series, clip), video in videos.items():
        if is_pack(clip):
            raise GengaError(f"{video}: packs of clips are called so; rename it")
        of.setdefault(series, {})[clip] = video
    packs: dict[str, Packs] = {}
    for series, clips in of.items():
        said = Params(**params.get(series, {}))
        if said.shorts or said.shorts is None and (why := _short(list(clips.values()))):
            packs[series] = divided(clips, said.pack)
            if not said.shorts:
                notes.append(
                    f"{RAW}{series}/: {len(clips)} videos, {why}: worked on in {_counted(packs[series])}; "
                    f"`series: {{{series}: {{shorts: false}}}}` in params.yaml makes each an episode"
                )
    others = {name: video for name, video in videos.items() if name[0] not in packs}
    return packs, others | {(series, pack): "" for series, of_series in packs.items() for pack in of_series}


def _counted(packs: Packs) -> str:
    return f"{len(packs)} packs" if len(packs) > 1 else "a pack"


def _short(videos: Sequence[str]) -> str:
    """Why videos are short clips, as far as their files tell; "" if they are not."""
    if len(videos) < MANY:
        return ""
    if all(video.lower().endswith(ANIMATIONS) for video in videos):
        return "all of them animated pictures"
    return f"none of {LIGHT >> 20} MB or more" if all(_size(video) < LIGHT for video in videos) else ""


def _size(video: str) -> int:
    """Bytes of a file; of one that is not here, or that nobody can read, more than a clip has."""
    try:
        return os.stat(video).st_size
    except OSError:
        return LIGHT


def clips_of(packs: Mapping[str, Packs], series: str, names: Iterable[str]) -> list[str]:
    """Return the episodes of a series: of a pack its clips, others as they are."""
    of = packs.get(series, {})
    return [clip for name in names for clip in of.get(name, (name,))]


def take_away(
    ordered: Mapping[str, Collection[str]],
    packs: Mapping[str, Packs],
    here: Collection[str],
    before: bool,
    folder: str = FOLDER,
) -> None:
    """Take away files of packs that were divided or put together, and of episodes that are clips of packs, or again
    episodes, where those that have their part are made.

    ordered: the episodes of each series, of short clips its packs. here: series that have videos here. before: jobs,
    that is; then nothing but what a job would read in the place of what is made (genga.store.sweeping.alone).
    """
    for series, names in ordered.items():
        if series not in here:
            continue
        packed = {clip: name for name, clips in packs.get(series, {}).items() for clip in clips}
        now = {*names}
        for path in _made(series, folder):
            if path.stem in now:
                continue
            others = [packed[path.stem]] if path.stem in packed else _instead(path.stem, now, series in packs)
            if not others or not all(path.with_name(f"{name}{path.suffix}").is_file() for name in others):
                continue
            first = path.stem in packed or any(path.stem.startswith(name) for name in others)  # it is looked in
            if not before or (first and path.suffix in FOUND):
                path.unlink()


def _made(series: str, folder: str) -> Iterator[Path]:
    """The files that stages made of the episodes of a series."""
    for stage in LINE:
        if stage.level == "episode":
            yield from (path for path in Path(folder, stage.name).glob(f"{glob.escape(series)}/*") if path.is_file())


def _instead(name: str, now: Collection[str], in_packs: bool) -> list[str]:
    """Which episodes have what a pack had that there is no more, if it is one."""
    if not is_pack(name):
        return []
    return [other for other in now if not in_packs or other.startswith(name) or name.startswith(other)]


def held_in_pack(said: str) -> str:
    """Return what stands in a command for all that a pack's job is held to besides its options."""
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def run_by(stage: str, held: str, clips: str) -> str:
    """Return what stands between `python` and a stage's script where it works on a pack (genga.jobs.pack).

    clips: the file that lists the pack's clips, for the first stage; others know them from it.
    """
    reads = next(one.reads for one in LINE if one.name == stage)
    said = ["--held", held, "--reads", ",".join([] if stage == "probe" else ["probe", *reads])]
    return shlex.join(["-m", "genga.jobs.warm", *said, *(["--clips", clips] if clips else []), "--"])
