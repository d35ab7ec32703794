"""Image and gif sites, by the program gallery-dl, which is run as it is and never imported: it is under the GPL.

It knows the sites: log-ins, pages, what each calls things; params.yaml:sources.<name>.config is in its own words. What
is asked of it here is how much, how fast, under which name, and the metadata of each file as JSON beside it. Files that
it has fetched before it does not fetch again.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from genga.errors import GengaError
from genga.exchange.sources.found import About, Say
from genga.exchange.sources.sidecars import of_json
from genga.jobs.script import progress
from genga.params.sources import Gallery
from genga.store.files import write_json

VERSION = "1.32.18"  # envs/gallery.lock has it, and tests ran with it
NAME, OURS = "gallery-dl", ".venv-gallery/bin/gallery-dl"  # on the path, or as `make sources` installs it
_NAME = "{category}_{id|gallery_id|filename}{num:?_//}.{extension}"
_ERRORS = 5  # of a query that are said
_ADDRESSES = ("file_url", "url", "large_file_url")  # of the file, in its metadata
_FULL = ("No space left on device", "Disk quota exceeded")


def seen_by(name: str, source: Gallery, folder: Path, tell: Say) -> Iterator[tuple[Path, About]]:
    """Yield each file of each query that is new, in `folder` until it is placed.

    name: of the source. tell: is given a line for what is missing. Raises GengaError if the program is not there, or
    the disk is full.
    """
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    given: set[Path] = set()  # they stay there until their album is full
    yield from _fetched(files, source.urls[0], given, tell)  # what a run left that ended in the middle
    for url in source.urls:
        run(name, source, folder, url, tell)
        yield from _fetched(files, url, given, tell)


def run(name: str, source: Gallery, folder: Path, url: str, tell: Say, dry: bool = False) -> list[str]:
    """Have gallery-dl fetch a query into `folder`; return what it says of files. dry: have it look only."""
    write_json(folder / "gallery-dl.json", settings(source))
    line = [*command(source, folder), *(["--simulate"] if dry else []), url]
    try:
        process = subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=(folder / "errors").open("w"), text=True, errors="replace"
        )
    except OSError as error:
        raise GengaError(
            f"params.yaml:sources.{name}.command: {source.command} cannot be started ({error.strerror});"
            f" `make sources`, or `pip install gallery-dl=={VERSION}` in an environment of its own, and name the"
            " program (docs/sources.md)"
        ) from error
    with process:
        assert process.stdout is not None
        told = list(progress(_lines(process.stdout), source.most, f"fetch {name}", "files"))
    errors = _errors((folder / "errors").read_text(encoding="utf-8", errors="replace"))
    if full := next((one for one in errors if any(word in one for word in _FULL)), ""):
        raise GengaError(f"{folder}: {full}; make room, and run again: what is there stays")
    if process.returncode:
        for one in errors[:_ERRORS] or [f"ended with {process.returncode}"]:
            tell(f"{url}: gallery-dl: {one}")
    return told


def _lines(out: IO[str]) -> Iterator[str]:
    """The files that it tells of, as it fetches them; those that it had before begin with #."""
    for line in out:
        if line.strip():
            yield line.strip()


def _errors(text: str) -> list[str]:
    """The errors among what it says, each once, with the warning before it, which has the cause."""
    found: dict[str, None] = {}
    cause = ""
    for line in text.splitlines():
        if "[warning]" in line:
            cause = line.partition("[warning]")[2].strip()
        elif "[error]" in line:
            found[line.partition("[error]")[2].strip() + (f" ({cause})" if cause else "")] = None
            cause = ""
    return list(found)


def settings(source: Gallery) -> dict[str, Any]:
    """Return gallery-dl's configuration: what is asked of it, under what the source says in its words.

    The name stands at the top, where it goes over everything: under `extractor` gallery-dl leaves it out for sites that
    it has a name of its own for (1.32.18, extractor/common.py).
    """
    pause = 1 / source.rate
    own = {"user-agent": source.user_agent,
           "extractor": {"sleep-request": pause, "sleep": pause, "sleep-429": 60.0, "retries": source.retries,
                         "tags": True}}  # fmt: skip
    return _over(own, source.config)


def _over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = {**under, **over}
    for key in under.keys() & over.keys():
        if isinstance(under[key], Mapping) and isinstance(over[key], Mapping):
            both[key] = _over(under[key], over[key])
    return both


def command(source: Gallery, folder: Path) -> list[str]:
    """Return the command without its query. The files of other configurations on this machine are not read."""
    here = os.path.abspath(folder)
    return [
        program(source.command), "--config-ignore", "--config", f"{here}/gallery-dl.json", "--no-input",
        "--range", f"1-{source.most}", "--directory", f"{here}/files", "--filename", _NAME, "--write-metadata",
        "--download-archive", f"{here}/fetched.sqlite3",
    ]  # fmt: skip


def program(said: str) -> str:
    """Return the program: by its name alone it is on the path, or where `make sources` put it."""
    return OURS if said == NAME and shutil.which(said) is None and os.path.isfile(OURS) else said


def _fetched(files: Path, url: str, given: set[Path], tell: Say) -> Iterator[tuple[Path, About]]:
    """The files that lie there, each with its metadata. Parts of files are gallery-dl's own."""
    for path in sorted(path for path in files.iterdir() if path.suffix not in (".json", ".part", ".tmp")):
        if path in given:
            continue
        given.add(path)
        beside = path.with_name(f"{path.name}.json")
        try:
            found = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
        except (OSError, ValueError) as error:
            tell(f"{beside.name}: its metadata cannot be read ({error}); taken without")
            found = {}
        yield path, about(found if isinstance(found, dict) else {}, path.name, url)


def about(found: Mapping[str, Any], name: str, url: str) -> About:
    """Return what gallery-dl's metadata says of a file. url: the query."""
    what = of_json(found)
    origin = next((str(found[key]) for key in _ADDRESSES if str(found.get(key) or "").startswith("http")), url)
    called = " ".join(str(found[key]) for key in ("category", "id", "num") if found.get(key))
    return About(origin, name, what.tags, what.rating, what.text, what.credited, called)
