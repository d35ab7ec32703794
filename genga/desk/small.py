"""Small pictures of stills, crops and samples, cut out of shards when they are first looked at, and kept.

Kept in memory, the latest, and below .cache/desk by the sha256 of what they are made of: a picture that changes has
another name.
"""

import os
import threading
from collections import OrderedDict
from pathlib import Path

import cv2

from genga.errors import GengaError
from genga.images.codec import decode
from genga.images.image import Image
from genga.images.thumbnails import thumbnail
from genga.store.shards import ShardReader

SIDES = (192, 640)  # px of the longer side: in a grid; one picture
_QUALITY = 82  # of JPEG
_MEMORY = 48 << 20  # bytes of small pictures in memory


class Kept:
    """The latest of what was made, up to so many bytes. Several threads may ask at once."""

    def __init__(self, most: int) -> None:
        self._most, self._used = most, 0
        self._found: OrderedDict[object, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object) -> bytes | None:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: object, data: bytes) -> bytes:
        with self._lock:
            self._used += len(data) - len(self._found.pop(key, b""))
            self._found[key] = data
            while self._used > self._most and len(self._found) > 1:
                self._used -= len(self._found.popitem(last=False)[1])
        return data


class SmallPictures:
    """root: the project's folder. folder: where they are kept; None: in memory alone."""

    def __init__(self, root: Path, folder: Path | None) -> None:
        self._shards, self._folder = ShardReader(root), folder
        self._kept = Kept(_MEMORY)

    def of(self, place: tuple[str, int, int, str], name: str, side: int = SIDES[0]) -> bytes:
        """Return a JPEG of an image. place: its row of SHARD. name: for messages.

        Raises GengaError if the shard or the image is missing or damaged.
        """
        key = place[3], side
        if (known := self._kept.get(key)) is not None:
            return known
        path = self._folder / place[3][:2] / f"{place[3]}-{side}.jpg" if self._folder else None
        if path is not None and path.is_file() and (small := path.read_bytes()):  # else power was lost
            return self._kept.put(key, small)
        data = jpeg(thumbnail(decode(self._shards.read(*place), name), side))
        if path is not None:
            _keep(path, data)
        return self._kept.put(key, data)


def jpeg(image: Image) -> bytes:
    """Return an image as a JPEG to be looked at."""
    ok, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not ok:
        raise GengaError(f"an image of shape {image.shape} cannot be encoded as JPEG")
    return data.tobytes()


def _keep(path: Path, data: bytes) -> None:
    """Write a note that can be made again; a disk that takes none is no reason to show nothing."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
