"""The files of a pack: tables, shards, JSON and pages of its clips put together, and taken apart again.

A table has a column `clip`; a shard is the clips' tars one behind the other; JSON has what was written of each clip
under `clips`, and under `failed` why others have nothing; a page has the clips' pages folded up. What each clip's part
was made by, and where it stands, is noted under .cache/packs/: who has no notes makes all anew.
"""

import hashlib
import html
import importlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

import polars as pl

from genga.errors import GengaError
from genga.store.files import PACK, in_project, read_notes, replacing, write_json, write_text
from genga.store.parquet import digest_of, read_pack, seal_of, write_pack
from genga.store.sweeping import alone

CACHE = Path(".cache/packs")
_RECORD = 10240  # bytes, of which a tar is a multiple
_PAGE = '<!doctype html><meta charset="utf-8"><title>{title}</title>\n<h1>{title}</h1>\n'
_FOLD = (
    '<details data-clip="{clip}" id="{clip}"><summary>{clip}</summary>'
    '<iframe loading="lazy" style="width:100%;height:90vh" srcdoc="{page}"></iframe></details>\n'
)
_FOLDED = re.compile(r'<details data-clip="([^"]*)" id=".*? srcdoc="([^"]*)"></iframe></details>\n')

Part = Any  # what a stage wrote of a clip: a table, the bytes of a shard, a value of JSON, text
Made = dict[str, Part]  # by the ending of the file
Digests = dict[str, str]  # likewise


@dataclass
class Known:
    """What is noted of a clip."""

    key: str  # what it was made of
    digests: Digests = field(default_factory=dict)  # of its parts
    place: tuple[int, int] = (0, 0)  # first byte and length of its part of the shard
    failed: str = ""  # why it has no parts


def content(value: Any) -> str:
    """Return the sha256 of a value of JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def digest(part: Part) -> str:
    """Return the sha256 of a clip's part; of a table wherever its images stand in a shard."""
    if isinstance(part, pl.DataFrame):
        return digest_of(unplaced(part))
    return hashlib.sha256(part).hexdigest() if isinstance(part, bytes) else content(part)


def unplaced(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table with offsets from its first image, and without the shard's name."""
    if "shard" not in table.columns:
        return table
    return table.with_columns(shard=pl.when(pl.col("shard").is_not_null()).then(pl.lit("")),
                              offset=pl.col("offset") - pl.col("offset").min())  # fmt: skip


def placed(table: pl.DataFrame, shard: Path | None, start: int) -> pl.DataFrame:
    """Return an unplaced table with its images in `shard`, the first one's members beginning at byte `start`."""
    if shard is None or "shard" not in table.columns:
        return table
    name = pl.when(pl.col("shard").is_not_null()).then(pl.lit(in_project(shard)))
    return table.with_columns(shard=name, offset=pl.col("offset") + start)


def notes_of(path: Path) -> Path:
    """Return where it is noted what the parts of a pack's file were made by. path: data/<stage>/<series>/<pack>.x."""
    return CACHE / path.parent.parent.name / path.parent.name / f"{path.stem}.json"


def digests_of(path: Path) -> dict[str, str]:
    """Return the digests of the clips' parts of a table, if it is the one that its job left; else nothing."""
    noted = read_notes(notes_of(path))
    if not _as_noted(path, noted):
        return {}
    return {clip: of["digests"][path.suffix] for clip, of in noted["clips"].items() if of["digests"]}


def _as_noted(path: Path, noted: Mapping[str, Any]) -> bool:
    """Whether a table is the one that its job left: its seal is, which whoever reads it holds to its bytes."""
    return path.suffix == ".parquet" and path.is_file() and seal_of(path) == noted.get("seal", None)


@dataclass
class Earlier:
    """What an earlier run made of clips: in this pack's files, or in those of packs it was divided from."""

    known: dict[str, list[tuple[Known, Sequence[Path]]]]
    intact: set[Path] = field(default_factory=set)  # tables that are as noted

    @classmethod
    def of(cls, paths: Sequence[Path]) -> "Earlier":
        own = paths[0].stem
        related = sorted(
            notes.stem for notes in notes_of(paths[0]).parent.glob(f"{PACK}*.json")
            if notes.stem.startswith(own) or own.startswith(notes.stem)
        )  # fmt: skip
        earlier = cls({})
        for name in related:
            files = [path.with_name(f"{name}{path.suffix}") for path in paths]
            noted = read_notes(notes_of(files[0]))
            earlier.intact |= {path for path in files if _as_noted(path, noted)}
            for clip, said in noted.get("clips", {}).items():
                earlier.known.setdefault(clip, []).append((Known(**said), files))
        return earlier

    def take(self, clip: str, key: str) -> tuple[Made | str, Digests] | None:
        """Return what was made of a clip by this key, or why nothing was; None if that is not known or not there."""
        for known, paths in self.known.get(clip, ()) if key else ():
            if known.key == key and (made := self._whole(clip, known, paths)) is not None:
                return made, known.digests
        return None

    def _whole(self, clip: str, known: Known, paths: Sequence[Path]) -> Made | str | None:
        """What was made of a clip; None if the files are gone, or no longer have that."""
        if known.failed:
            return known.failed
        try:
            made = {path.suffix: _part(path, clip, known) for path in paths}
        except (OSError, GengaError, KeyError, ValueError):
            return None
        looked_at = {path.suffix for path in paths if path not in self.intact}
        same = all(digest(made[kind]) == known.digests.get(kind) for kind in looked_at)
        return made if same and made.keys() == known.digests.keys() else None


def _part(path: Path, clip: str, known: Known) -> Part:
    """A clip's part of a pack's file."""
    if path.suffix == ".parquet":
        table, start = read_pack(path)[0][clip], known.place[0]
        return table.with_columns(pl.col("offset") - start) if "shard" in table.columns else table
    if path.suffix == ".tar":
        with path.open("rb") as file:
            file.seek(known.place[0])
            return file.read(known.place[1])
    return _texts(path, path.stat().st_mtime_ns)[clip]


@cache
def _texts(path: Path, _changed: int) -> Mapping[str, Part]:
    """What a pack's JSON or page has of each clip; kept for the job."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return dict(json.loads(text)["clips"])
    return {html.unescape(clip): html.unescape(page) for clip, page in _FOLDED.findall(text)}


@dataclass
class Outputs:
    """The files of a pack while they are made: parts are added clip by clip, in order."""

    stage: str
    paths: Sequence[Path]
    shard: IO[bytes] | None
    videos: Mapping[str, str] = field(default_factory=dict)
    parts: dict[str, dict[str, Part]] = field(default_factory=dict)  # by ending and clip
    known: dict[str, Known] = field(default_factory=dict)

    def add(self, clip: str, key: str, made: Made | str, digests: Digests | None = None) -> None:
        """Add what was made of a clip, or why nothing was. digests: of its parts, where they are known."""
        if isinstance(made, str):
            self.known[clip] = Known(key, failed=made)
            return
        place = (self.shard.tell(), len(made[".tar"])) if self.shard is not None else (0, 0)
        digests = digests or {kind: digest(part) for kind, part in made.items()}
        self.known[clip] = Known(key, digests, place)
        for kind, part in made.items():
            if kind == ".tar":
                assert self.shard is not None
                self.shard.write(part)
            else:
                self.parts.setdefault(kind, {})[clip] = self._placed(part, place[0])

    def _placed(self, part: Part, start: int) -> Part:
        shard = next((path for path in self.paths if path.suffix == ".tar"), None)
        return placed(part, shard, start) if isinstance(part, pl.DataFrame) else part

    @property
    def failed(self) -> dict[str, str]:
        return {clip: of.failed for clip, of in self.known.items() if of.failed}

    def write(self) -> None:
        """Write all but the shard, and the notes last."""
        for path in self.paths:
            parts = self.parts.get(path.suffix, {})
            if path.suffix == ".parquet":
                write_pack(path, parts, self.failed, _schema(self.stage))
            elif path.suffix == ".json":
                more = {"videos": dict(self.videos)} if self.stage == "probe" else {}
                write_json(path, {"clips": parts, "failed": self.failed, **more})
            elif path.suffix == ".html":
                folds = (_FOLD.format(clip=html.escape(clip), page=html.escape(page)) for clip, page in parts.items())
                title = html.escape(f"{path.parent.name}/{path.stem}: {len(parts)} clips")
                write_text(path, _PAGE.format(title=title) + "".join(folds))

    def note(self) -> None:
        """Note what the parts were made by."""
        seal = next((seal_of(path) for path in self.paths if path.suffix == ".parquet"), None)
        noted = {"seal": seal, "clips": {clip: asdict(of) for clip, of in self.known.items()}}
        write_text(notes_of(self.paths[0]), json.dumps(noted), lasting=False)


@contextmanager
def outputs(stage: str, paths: Sequence[Path]) -> Iterator[Outputs]:
    """Give the files of a pack to add to; they appear, each whole, when the block ends well."""
    shard = next((path for path in paths if path.suffix == ".tar"), None)
    with ExitStack() as stack:
        file = stack.enter_context(stack.enter_context(replacing(shard)).open("wb")) if shard is not None else None
        made = Outputs(stage, paths, file)
        stack.callback(_texts.cache_clear)  # one process does the work of many jobs
        yield made
        if file is not None:
            file.write(bytes(-(file.tell() + 1024) % _RECORD + 1024))
    made.write()
    for path in paths:
        alone(path, made.known)
    made.note()


def _schema(stage: str) -> Mapping[str, Any]:
    """The columns of a stage's table, by a computed name: no stage's code knows another's."""
    return dict(getattr(importlib.import_module(f"genga.tables.{stage}"), stage.upper()))
