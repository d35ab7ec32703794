"""Single frames of an episode, out of its video, so that a shot can be played; where it is not here, as its stills are.

Frames are decoded some at a time, as they are wanted, and the latest are kept as small JPEGs.
"""

import threading
from pathlib import Path

import numpy as np
import polars as pl

from genga.desk.small import Kept, jpeg
from genga.errors import GengaError
from genga.images.thumbnails import thumbnail
from genga.store.files import pack_of, read_facts
from genga.store.hash_cache import stamp_of
from genga.store.parquet import read_table
from genga.tables import frames
from genga.tables.places import RAW, path_of
from genga.tables.schema import only
from genga.video.episodes import find_episodes
from genga.video.footage import Footage

OF_FRAMES = only(frames.FRAMES, "time", "keyframe")
SIDE = 640  # px of the longer side
TOGETHER = 24  # frames decoded at once: a second
_MEMORY = 96 << 20  # bytes of JPEGs: ten minutes of frames


class Player:
    """root: the project's folder. scaling: params.yaml:stills.scaling."""

    def __init__(self, root: Path, scaling: str, threads: int = 2) -> None:
        self._root, self._scaling, self._threads = root, scaling, threads
        self._kept = Kept(_MEMORY)
        self._lock = threading.Lock()  # one decoder at a time
        self._open: tuple[tuple[str, str], Footage, pl.DataFrame] | None = None
        self._videos: dict[tuple[str, str], str] = {}

    def frame(self, series: str, episode: str, frame: int) -> bytes:
        """Return a frame as a JPEG. Raises GengaError if its video is not here, or has no such frame."""
        path = self._root / frames.PATH.format(series=series, episode=episode)
        stamp = stamp_of(pack_of(path) or path)
        key = series, episode, stamp
        if (known := self._kept.get((*key, frame))) is None:
            with self._lock:
                if (known := self._kept.get((*key, frame))) is None:
                    self._decode(series, episode, frame // TOGETHER * TOGETHER, key)
                    known = self._kept.get((*key, frame))
        if known is None:
            raise GengaError(f"{series}/{episode} has no frame {frame}")
        return known

    def has_video(self, series: str, episode: str) -> bool:
        return self._video(series, episode) is not None

    def _video(self, series: str, episode: str) -> str | None:
        if (series, episode) not in self._videos:
            self._videos = find_episodes(self._root / RAW)
        return self._videos.get((series, episode))

    def _decode(self, series: str, episode: str, first: int, key: tuple[object, ...]) -> None:
        footage, table = self._footage(series, episode)
        last = min(first + TOGETHER, table.height)
        times, keyed = table["time"].to_numpy(), np.flatnonzero(table["keyframe"].to_numpy())
        before = [int(np.searchsorted(keyed, number, "right")) - 1 for number in range(first, last)]
        keys = [float(times[keyed[place]]) if place >= 0 else None for place in before]
        pictures = footage.pictures([float(times[number]) for number in range(first, last)], keys)
        for number, picture in zip(range(first, last), pictures, strict=True):
            self._kept.put((*key, number), jpeg(thumbnail(picture, SIDE)))

    def _footage(self, series: str, episode: str) -> tuple[Footage, pl.DataFrame]:
        if self._open is None or self._open[0] != (series, episode):
            if (video := self._video(series, episode)) is None:
                raise GengaError(f"{RAW}{series}/{episode}: its video is not here; bring it back to play its frames")
            if self._open is not None:
                self._open[1].__exit__(None, None, None)
                self._open = None
            probed = read_facts(self._root / path_of("probe", f"{series}/{episode}", "json"))
            table = read_table(self._root / frames.PATH.format(series=series, episode=episode), OF_FRAMES)
            self._open = (series, episode), Footage(video, probed, self._scaling, self._threads), table
        return self._open[1], self._open[2]
