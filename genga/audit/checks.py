"""Is a file what is on record of it?

Four answers. `verified`: its content has the sha256 on record. `changed`: it has another, or cannot be read as what it
is. `absent`: there is a sha256 on record and nothing to hold it against here. `unrecorded`: nothing is on record. Only
`changed` is a failure: whoever pulled a part of the data audits that part. Contents are read, times and sizes are not
looked at.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genga.audit.git_history import History
from genga.audit.safetensors_header import header_of, tensors_sha256
from genga.errors import GengaError
from genga.store.files import pack_of, sha256_of
from genga.store.hash_cache import Stamps
from genga.store.shards import ShardReader

VERIFIED, CHANGED, ABSENT, UNRECORDED = "verified", "changed", "absent", "unrecorded"
STATES = (VERIFIED, CHANGED, ABSENT, UNRECORDED)


@dataclass(frozen=True)
class Check:
    """One thing held against its record."""

    what: str  # code, correction, image, model, table, ... see kind_of
    name: str  # a path, or an image's id
    state: str  # one of STATES
    sha256: str | None = None  # on record
    note: str = ""  # what was found instead, or where


class Hashes:
    """The sha256 of the files below a folder, each read once.

    known: hashes of this folder's files that were read before; one that has its size and times since is not read again.
    """

    def __init__(self, root: str | Path = ".", known: Stamps | None = None) -> None:
        self.root = Path(root)
        self._known = known
        self._found: dict[str, str | None] = {}

    def of(self, path: str) -> str | None:
        """Return the sha256 of a file's content; None if it is not there."""
        if path not in self._found:
            place = self.root / path
            read = self._known.sha256 if self._known else sha256_of
            self._found[path] = read(place.as_posix()) if place.is_file() else None
        return self._found[path]


def check_file(what: str, path: str, sha256: str | None, hashes: Hashes) -> Check:
    """Hold a file against the sha256 on record of it."""
    found = hashes.of(path)
    if sha256 is None:
        return Check(what, path, UNRECORDED if found else ABSENT)
    if found is None:
        return Check(what, path, ABSENT, sha256)
    if found != sha256:
        return Check(what, path, CHANGED, sha256, f"is {found}")
    return Check(what, path, VERIFIED, sha256)


def clip_check(row: Mapping[str, Any], hashes: Hashes) -> Check:
    """Hold a clip against the sha256 of the video that its frames are read from. row: image, video, sha256."""
    found = check_file("video", row["video"], row["sha256"], hashes)
    return Check("clip", row["image"], found.state, row["sha256"], found.note)


def check_text(what: str, path: str, sha256: str | None, hashes: Hashes, history: History) -> Check:
    """Hold a file that git keeps against its record: what it was then may lie in an earlier commit."""
    check = check_file(what, path, sha256, hashes)
    if check.state not in (CHANGED, ABSENT) or sha256 is None:
        return check
    commit = history.holds(path, sha256)
    return check if commit is None else Check(what, path, VERIFIED, sha256, f"as in commit {commit[:12]}")


def check_images(rows: Iterable[Mapping[str, Any]], root: Path) -> list[Check]:
    """Hold images in shards against their rows: image, shard, offset, size, sha256."""
    checks, missing = [], set()
    with ShardReader(root) as shards:
        for row in rows:
            shard, place = row["shard"], (row["offset"], row["size"])
            if shard in missing or not (root / shard).is_file():
                missing.add(shard)
                checks.append(Check("image", row["image"], ABSENT, row["sha256"], f"no {shard}"))
                continue
            try:
                shards.read(shard, *place, row["sha256"])
            except GengaError:
                where = f"{shard}, bytes {place[0]}..{sum(place)}"
                checks.append(Check("image", row["image"], CHANGED, row["sha256"], where))
            else:
                checks.append(Check("image", row["image"], VERIFIED, row["sha256"]))
    return checks


def check_seal(path: Path, name: str) -> Check | None:
    """Hold the tensors of a .safetensors against the sha256 in its own header; None if it names none."""
    try:
        sealed = header_of(path).get("sshs_model_hash")
    except GengaError as error:
        return Check("tensors", name, CHANGED, None, str(error))
    if sealed is None:
        return None
    found = tensors_sha256(path)
    return Check(
        "tensors", name, VERIFIED if found == sealed else CHANGED, sealed, "" if found == sealed else f"are {found}"
    )


def counted(checks: Iterable[Check]) -> dict[str, dict[str, int]]:
    """Return how many checks of each kind came to which state: what -> state -> number, sorted."""
    numbers = Counter((check.what, check.state) for check in checks)
    kinds = sorted({what for what, _ in numbers})
    return {what: {state: numbers[what, state] for state in STATES if numbers[what, state]} for what in kinds}


def file_of(root: Path, path: str) -> str:
    """Return the file in which something is: of a clip its pack's."""
    pack = None if (root / path).is_file() else pack_of(root / path)
    return path if pack is None else pack.relative_to(root).as_posix()
