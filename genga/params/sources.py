"""Section `sources`: where pictures and videos come from, an entry each, for `genga fetch`. No stage reads it."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from genga.errors import GengaError
from genga.params.names import fault_of_name, one_form
from genga.params.section import Section, parse_section


def _series(name: str) -> str:
    """A series' name in the one form. Raises ValueError where no series can be called so."""
    if why := fault_of_name(one_form(name)):
        raise ValueError(f"no series can be called {name!r}: {why}")
    return one_form(name)


Url = Annotated[str, Field(pattern=r"^https?://\S+$")]


class Source(Section):
    """What every kind has."""

    kind: str
    series: Annotated[str, AfterValidator(_series)]  # what is fetched goes to data/raw/<series>/
    licence: str = ""  # a note that goes on record with every file
    album: int = Field(default=200, ge=1, le=10_000)  # still images that become one episode at most
    tags: Literal["keep", "anew"] = "keep"  # of still images: keep what came with them as corrections, beside taggers'


class Web(Source):
    """What the kinds that ask a site have."""

    most: int = Field(default=200, ge=1, le=100_000)  # files of each query
    rate: float = Field(default=1.0, gt=0, le=100)  # requests a second at most
    user_agent: str = Field(default="genga", min_length=1)
    retries: int = Field(default=4, ge=0, le=100)  # after a 429, a 5xx, or where nobody answers


class Gallery(Web):
    """Image and gif sites, by the program gallery-dl."""

    kind: Literal["gallery"]
    urls: list[Annotated[str, Field(pattern=r"^\S+$")]] = Field(min_length=1)  # a query each: a search, a pool, …
    command: str = Field(default="gallery-dl", min_length=1)  # where the program is
    config: dict[str, Any] = {}  # of gallery-dl, in its own words: instances, log-ins, filters


class Gifs(Web):
    """A JSON API of gifs and short mp4s in Tenor's form."""

    kind: Literal["gifs"]
    endpoint: Url
    queries: list[str] = Field(min_length=1)
    key: str | None = Field(default=None, pattern=r"^[A-Za-z_]\w*$")  # the environment variable that has the API key
    format: str = Field(default="mp4", min_length=1)  # of media_formats: mp4, gif, webm, …


class Named(Source):
    """What the kinds have whose videos may be releases."""

    names: Literal["read", "keep"] = "read"  # read: season and episode out of releases' names; keep: a file's own name
    episodes: dict[str, str | None] = {}  # what a file is, by its name or a pattern; null: leave it out
    versions: Literal["refuse", "newest"] = "refuse"  # two files for one episode: an error, or the v2 of a v1
    place: Literal["link", "copy", "move"] = "link"  # link: one file under two names, on another disk a copy


class Torrent(Named):
    kind: Literal["torrent"]
    torrent: str = Field(min_length=1)  # a magnet, or a .torrent file
    files: list[str] = ["*"]  # patterns of the files in it that are wanted
    seed: bool = False  # go on uploading when all is there, until it is stopped
    stalled: float = Field(default=300.0, gt=0, le=1e6)  # s without a byte after which it is given up
    dht: bool = True  # look for peers without a tracker, too
    peers: list[Annotated[str, Field(pattern=r"^\S+:\d{1,5}$")]] = []  # host:port of peers that are known
    upload: int = Field(default=0, ge=0)  # bytes/s at most; 0: as much as it likes
    listen: str = "0.0.0.0:6881"  # where peers may call

    @model_validator(mode="after")
    def _stays(self) -> Self:
        if self.place == "move":
            raise ValueError("place: move takes files away that the torrent is held against; write link or copy")
        return self


class Folder(Named):
    kind: Literal["folder"]
    path: str = Field(min_length=1)  # a folder, a zip, a cbz, a parquet
    every: float = Field(default=5.0, gt=0, le=86_400)  # s between looks, with --watch
    ratio: float = Field(default=200.0, gt=1)  # times its size that a file in a zip, or a parquet, may have unpacked
    megabytes: float = Field(default=20_000.0, gt=0)  # that a zip or parquet may have unpacked


KINDS: dict[str, type[Source]] = {"gallery": Gallery, "gifs": Gifs, "torrent": Torrent, "folder": Folder}


def parse_source(name: str, said: Any) -> Source:
    """Return an entry of section `sources`. Raises GengaError that names its key."""
    kind = said.get("kind") if isinstance(said, dict) else None
    if not isinstance(said, dict) or kind not in KINDS:
        raise GengaError(f"params.yaml:sources.{name}.kind must be one of {', '.join(KINDS)}, got {kind!r}")
    return parse_section(f"sources.{name}", KINDS[kind], said)


def sources_of(values: dict[str, Any]) -> dict[str, Source]:
    """Return the sources of a whole parameter file, which may have none. Raises GengaError."""
    said = values.get("sources") or {}
    if not isinstance(said, dict):
        raise GengaError(f"params.yaml:sources must be a mapping of sources, got {said!r}")
    for name in said:
        if why := fault_of_name(name):
            raise GengaError(f"params.yaml:sources: a source cannot be called {name!r}: {why}")
    return {name: parse_source(name, of) for name, of in said.items()}
