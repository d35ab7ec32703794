"""Which episodes there are: every video below `data/raw/<series>/` is one, and what else lies there is named.

`<series>/<episode>.<ending>` is called by its file; what lies deeper by its folders too: `Title/Season 1/01.mkv` is
episode `Season 1 - 01` of `Title`.
"""

import os
import re
import stat
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from unicodedata import normalize

from genga.params.names import fault_of_name
from genga.video.animated_webp import is_animation

# FFmpeg opens files by content; an ending only tells a video from what lies beside it. These are those that FFmpeg 8
# has for what holds a video (tests/test_episodes.py asks it), and those of what it reads and has no name for: players,
# recorders and cameras do.
EXTENSIONS = (
    ".264", ".265", ".266", ".3g2", ".3gp", ".amv", ".apng", ".apv", ".asf", ".avc", ".avi", ".avif", ".avs",
    ".avs2", ".avs3", ".bmv", ".cavs", ".cdg", ".cdxl", ".cpk", ".dav", ".dif", ".dnxhd", ".dnxhr", ".drc", ".dv",
    ".dvd", ".evc", ".f4v", ".flm", ".flv", ".gif", ".gxf", ".h261", ".h263", ".h264", ".h265", ".h266", ".h26l",
    ".hevc", ".imx", ".ipu", ".ism", ".ismv", ".ivf", ".ivr", ".kux", ".lvf", ".m1v", ".m2t", ".m2ts",
    ".m2v", ".m4v", ".mj2", ".mjpeg", ".mjpg", ".mk3d", ".mkv", ".mods", ".moflex", ".mov", ".mp4", ".mpeg", ".mpg",
    ".mts", ".mvi", ".mxf", ".mxg", ".nut", ".obu", ".ogv", ".pdv", ".psp", ".rcv", ".rm", ".roq", ".ser", ".sga",
    ".swf", ".ts", ".ty", ".ty+", ".usm", ".vc1", ".vc2", ".viv", ".vob", ".vvc", ".webm", ".webp", ".wmv", ".wtv",
    ".xmv", ".y4m", ".yop",
    ".3gpp", ".divx", ".evo", ".flc", ".fli", ".m2p", ".mp2v", ".mpe", ".ogm", ".qt", ".rmvb", ".tod", ".tp", ".trp",
    ".vro",
)  # fmt: skip
_BETWEEN = " - "  # the names of folders and file in that of an episode
_OURS = (".gitignore", ".gitkeep", ".DS_Store", "Thumbs.db")  # of git and of file managers
_IMAGES = (  # or full of such
    ".png", ".jpg", ".jpeg", ".webp", ".avif", ".jxl", ".bmp", ".tif", ".tiff", ".zip", ".cbz",
)  # fmt: skip
# Where file servers, Windows and macOS keep what was deleted, pictures of files, and how folders were before.
_KEPT_ASIDE = {
    "#recycle", "#snapshot", "@eadir", "@recycle", "@recently-snapshot", "$recycle.bin", "lost+found",
    "system volume information", "__macosx",
}  # fmt: skip
_MOST = 3  # files of a series that are named, of those that are no videos
_HEAD = 4096  # bytes that tell an animation from a picture: PNG may say much of colours before

Episode = tuple[str, str]  # series, episode


def find_episodes(
    folder: str | Path, said: list[str] | None = None, aside: dict[str, str] | None = None
) -> dict[Episode, str]:
    """Return the video of every (series, episode) under `folder`, sorted; paths begin with `folder`.

    Names are composed letters (NFC), however the file system has them; paths are as they are there. Hidden files and
    folders, what was deleted and snapshots of a file server are not episodes, nor are single pictures. Of all that is
    left out `said` gets a line: of each video, and of each series for the rest. aside: gets each series that has two
    videos of one episode, with why; the first of them is returned.
    """
    return episodes_of(folder, files_below(folder), said, aside)


def files_below(
    folder: str | Path, above: frozenset[str] = frozenset(), shut: list[OSError] | None = None
) -> Iterator[Path]:
    """Yield the files below a folder, behind links too, but for pipes and devices, of which to read may never end.

    above: folders on the way there, for a link that leads back. shut: gets what is said of folders that cannot be read.
    """
    real = os.path.realpath(folder)
    if real in above:
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:  # gone, or no folder: genga.workflow.missing_videos says so
        if shut is not None:
            shut.append(error)
        return
    for entry in entries:
        if _is_folder(entry):
            yield from files_below(Path(folder) / entry.name, above | {real}, shut)
        elif not _never_ends(entry):
            yield Path(folder) / entry.name


def _never_ends(entry: os.DirEntry[str]) -> bool:
    try:
        return not entry.is_file() and not stat.S_ISREG(mode := entry.stat().st_mode) and not stat.S_ISDIR(mode)
    except OSError:  # a link that leads nowhere: whoever reads it says so
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to a share that does not answer
        return False


def episodes_of(
    folder: str | Path,
    files: Iterable[str | Path],
    said: list[str] | None = None,
    aside: dict[str, str] | None = None,
) -> dict[Episode, str]:
    """Return the video of every (series, episode) among files below `folder`, as `find_episodes` does."""
    episodes: dict[Episode, str] = {}
    notes: dict[str, list[str]] = {}  # of videos that are left out, by series
    twice: dict[str, list[tuple[Path, str]]] = {}  # videos of one episode, by series
    passed: dict[str, list[Path]] = {}  # what is no video, by series
    for video in sorted(map(Path, files)):
        *folders, _ = parts = video.relative_to(folder).parts
        where = repr(video.as_posix())[1:-1]
        if any(map(is_hidden, parts)) or not is_video(video):
            passed.setdefault(folders[0] if folders else "", []).append(video)
            continue
        if not folders:
            notes.setdefault("", []).append(f"{where} is left out, for it is in no folder of a series; move it to one")
            continue
        name = normalize("NFC", folders[0]), normalize("NFC", _BETWEEN.join([*folders[1:], video.stem]))
        if why := next(filter(None, map(fault_of_name, name)), ""):
            notes.setdefault(name[0], []).append(f"{where} is left out, for its name or its folder's: {why}")
        elif other := episodes.get(name):
            twice.setdefault(name[0], []).append((video, other))
        else:
            episodes[name] = video.as_posix()
    if aside is not None:
        aside |= {series: _same(of) for series, of in twice.items()}
    if said is not None:
        said += [line for series, of in notes.items() for line in _first(of, Path(folder, series))]
        said += [line for of in passed.values() if (line := _no_videos(of))]
    return episodes


def is_hidden(part: str) -> bool:
    """Whether a file or folder of this name is hidden, deleted, or an archive's or file server's own."""
    return part.startswith(".") or part.lower() in _KEPT_ASIDE


def _first(notes: Sequence[str], folder: Path) -> list[str]:
    """The first notes of a series, and how many more there are: of thousands of clips hundreds may be called so."""
    left = len(notes) - _MOST
    more = f"{repr(folder.as_posix())[1:-1]}: {left} more videos are left out, for their names"
    return list(notes) if left < 2 else [*notes[:_MOST], more]


def _same(twice: Sequence[tuple[Path, str]]) -> str:
    """Which videos are of one episode, and what to do about it."""
    (video, other), *rest = twice
    alike = normalize("NFC", str(video)) == normalize("NFC", other)
    why = ", by a name that only has its letters composed otherwise" if alike else ""
    said = f"{video}: {other} is the same episode{why}; rename one of them or take it away"
    if not rest:
        return said
    named = ", ".join([*(one.name for one, _ in rest[: _MOST - 1]), *(["…"] if len(rest) >= _MOST else [])])
    return f"{said}; {len(rest)} more are so ({named}): those of one ending may go to a folder of their own, below this"


def is_video(path: Path) -> bool:
    """Whether a file is a video by its ending, and no single picture by its beginning where both have one ending."""
    kind = path.suffix.lower()
    if kind not in (".webp", ".avif", ".png"):
        return kind in EXTENSIONS
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:  # not here, or cannot be read: probe says so
        return kind != ".png"
    if kind == ".png":  # of an animation the first picture's data come behind what says so
        return b"acTL" in head.partition(b"IDAT")[0]
    if kind == ".avif":  # a sequence has a brand of its own
        return head[4:8] != b"ftyp" or b"avis" in head[8 : int.from_bytes(head[:4], "big")]
    return head[:4] != b"RIFF" or is_animation(head)


def _no_videos(files: Sequence[Path]) -> str:
    """What of a series is left out, as files of other kinds and hidden ones; "" if that is nothing."""
    left = [file for file in files if file.name not in _OURS]
    if not left:
        return ""
    named = ", ".join(repr(file.as_posix())[1:-1] for file in left[:_MOST])
    if len(left) > _MOST:
        kinds = Counter(file.suffix.lower() or "no ending" for file in left[_MOST:])
        named += (
            f" and {len(left) - _MOST} more ({', '.join(f'{number} {kind}' for kind, number in kinds.most_common())})"
        )
    albums = "; genga fetch makes episodes of images (docs/sources.md)"
    images = any(file.suffix.lower() in _IMAGES and not file.name.startswith(".") for file in left)
    return f"{named}: left out, by ending or beginning no video, or hidden{albums if images else ''}"


def in_name_order(episodes: Iterable[Episode]) -> dict[str, list[str]]:
    """Return the episodes of each series in name order: ep2 before ep10."""
    names: dict[str, list[str]] = {}
    for series, episode in episodes:
        names.setdefault(series, []).append(episode)
    return {series: sorted(of, key=_name_order) for series, of in names.items()}


def episodes_before(ordered: Sequence[str], episode: str, count: int) -> list[str]:
    """Return the last `count` of the episodes before one. ordered: those of its series, in name order."""
    place = bisect_left(ordered, _name_order(episode), key=_name_order)
    return list(ordered[max(0, place - count) : place])


def _name_order(name: str) -> tuple[list[tuple[int, str]], str]:
    """Digits as their number, and the name itself where that leaves two alike (ep1, ep01)."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name
