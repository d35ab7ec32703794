"""A stage for the clips of a pack, in one process: `python -m genga.jobs.pack … -- scripts/STAGE.py …`.

The command behind is the stage's own, as for an episode, with the pack's files for the episode's. For each clip it is
run with the clip's in their place: what it reads comes out of packs' files (genga.store.files.pack_of), what it writes
is kept and put together (genga.jobs.pack_files). Modules, parameters and models are loaded once.

What a stage makes of a clip is known by a key: of what the job is held to, its options, and the content of what other
stages made of this clip. Where the key is that of an earlier run, and the earlier files still have what was written
then, rows and images are taken over as they are.
"""

import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from genga.errors import GengaError
from genga.jobs.log_errors import noting
from genga.jobs.pack_files import Digests, Earlier, Made, content, digest, digests_of, outputs
from genga.jobs.script import command_of, progress, run, summary
from genga.store.files import gathering, read_json, sha256_of, write_text
from genga.store.parquet import read_pack

READERS = ("probe", "frames", "stills")  # stages that read a clip's own file, which may be anything
# What scripts call to open models and parameters: once in a process.
OPENERS = (
    "models_of", "params_of", "judge_of", "reader_of", "open_detectors", "open_segmenter", "open_calibrated",
    "open_embedder", "open_captioner",
)  # fmt: skip
_SHOWN = 3  # clips named of those that failed


@dataclass(frozen=True)
class Job:
    """A stage's job for a pack."""

    script: str
    arguments: Sequence[str]  # of the stage's command
    held: str  # digest of what the job is held to besides its options: code, models
    reads: Sequence[str]  # stages whose tables it reads
    videos: Mapping[str, str]  # by clip

    @property
    def stage(self) -> str:
        return Path(self.script).stem

    @property
    def outputs(self) -> list[Path]:
        pairs = zip(self.arguments, self.arguments[1:], strict=False)
        return [Path(value) for name, value in pairs if name == "--out" or name.startswith("--out-")]

    @property
    def pack(self) -> str:
        return self.outputs[0].stem

    @property
    def series(self) -> str:
        return self.outputs[0].parent.name

    def made_by(self, stage: str) -> Path:
        """Return what a stage made of this pack."""
        kind = "json" if stage == "probe" else "parquet"
        return self.outputs[0].parents[2] / stage / self.series / f"{self.pack}.{kind}"

    def command(self, clip: str) -> list[str]:
        """Return the arguments for one clip: its files for the pack's, and what people decided about it."""
        found: list[str] = []
        for name, value in _options(self.arguments):
            if name == "--corrections" and value is not None and not _concerns(Path(value), self.series, clip):
                continue
            if name == "--in-video":
                value = self.videos[clip]
            elif value is not None and Path(value).stem == self.pack and Path(value).parent.name == self.series:
                value = Path(value).with_name(f"{clip}{Path(value).suffix}").as_posix()
            found += [name] if value is None else [name, value]
        return found


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Yield each option with its value; None where it stands in one word with its name, or there is none."""
    at = 0
    while at < len(arguments):
        has = at + 1 < len(arguments) and "=" not in arguments[at] and not arguments[at + 1].startswith("--")
        yield arguments[at], arguments[at + 1] if has else None
        at += 2 if has else 1


def _concerns(path: Path, series: str, clip: str) -> bool:
    """Whether a table of corrections is about the clip, or the whole series."""
    return path.parent.name in (clip, series) or path.suffix == ".json"


def main(
    held: str = typer.Option(..., help="digest of what the job is held to besides its options"),
    reads: str = typer.Option("", help="stages whose tables it reads, with commas"),
    clips: Path | None = typer.Option(None, help="JSON list of the pack's clips, each with its video"),
    command: list[str] = typer.Argument(..., help="the stage's command, as for an episode"),
) -> None:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait for the next clip's few drawings sleep
    stages = [stage for stage in reads.split(",") if stage]
    script, *arguments = command
    job = Job(script, arguments, held, stages, {})
    videos = dict(read_json(clips)) if clips else _videos(job.made_by("probe"))
    work(Job(script, arguments, held, stages, videos), _stage(script))
    del sys.modules[_module(script)]  # with the models that it opened


def _videos(probed: Path) -> dict[str, str]:
    """The video of each clip of a pack, as probe had it."""
    return {clip: str(video) for clip, video in json.loads(probed.read_text(encoding="utf-8"))["videos"].items()}


def _stage(script: str) -> Callable[[list[str]], None]:
    """Return a stage's command as a function of its arguments, with what it opens kept for the next clip."""
    spec = importlib.util.spec_from_file_location(_module(script), script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    for name in OPENERS:
        if hasattr(module, name):
            setattr(module, name, once(getattr(module, name)))
    command = command_of(module.main, module.__doc__)

    def of_clip(arguments: list[str]) -> None:
        command.main(arguments, standalone_mode=False)

    return of_clip


def _module(script: str) -> str:
    return f"stage_{Path(script).stem}"


def once(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with its answers kept, by the text of its arguments: objects are told apart by identity."""
    kept: dict[str, Any] = {}
    alive: list[Any] = []  # so that no address is used again

    def opened(*arguments: Any, **named: Any) -> Any:
        said = [one if isinstance(one, str | int | float | dict | type | None) else id(one) for one in arguments]
        key = repr((said, sorted(named.items())))
        if key not in kept:
            alive.append(arguments)
            kept[key] = function(*arguments, **named)
        return kept[key]

    return opened


def work(job: Job, of_clip: Callable[[list[str]], None]) -> None:
    """Make the files of the pack. Raises GengaError for what is not the fault of one clip."""
    upstream = [_read(job.made_by(stage)) for stage in job.reads]
    earlier, name = Earlier.of(job.outputs), f"{job.stage} {job.series}/{job.pack}"
    anew, before, failed = 0, 0, dict[str, str]()
    with outputs(job.stage, job.outputs) as made, noting(job.stage, job.series, job.pack) as begun:
        for clip in progress(sorted(job.videos), len(job.videos), name, "clips"):
            found: Made | str
            digests: Digests | None = None
            if why := next((of[1][clip] for of in upstream if clip in of[1]), None):
                key, found, before = "", why, before + 1
            else:
                key = _key(job, clip, [known(clip) for known, _ in upstream])
                if taken := earlier.take(clip, key):
                    found, digests = taken
                else:
                    anew += 1
                    begun(clip)
                    found = _made(job, clip, of_clip)
                if isinstance(found, str):
                    failed[clip] = found
            made.add(clip, key, found, digests)
        made.videos = job.videos
    summary(f"{name}: {in_words(len(job.videos), anew, before, failed)}")


def _read(path: Path) -> tuple[Callable[[str], str], Mapping[str, str]]:
    """What tells the content of a stage's part of a clip, and why there is none of others."""
    if path.suffix == ".json":
        said = json.loads(path.read_text(encoding="utf-8"))
        return lambda clip: content(said["clips"][clip]), said["failed"]
    tables, failed = read_pack(path)
    known = digests_of(path)
    return lambda clip: known.get(clip) or digest(tables[clip]), failed


def _key(job: Job, clip: str, upstream: Sequence[str]) -> str:
    """What the stage's part of a clip depends on, as one hash."""
    said: list[Any] = [job.held, clip, upstream]
    for name, value in _options(job.command(clip)):
        if name == "--threads":
            continue
        said.append([name, sha256_of(value) if name in ("--corrections", "--in-video") and value else value])
    return content(said)


def _made(job: Job, clip: str, of_clip: Callable[[list[str]], None]) -> Made | str:
    """What a stage makes of a clip: by the ending of its file; or why it makes nothing."""
    with gathering() as kept, open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        try:
            of_clip(job.command(clip))
        except GengaError as error:
            if job.stage not in READERS:
                raise GengaError(f"{error} (at {job.series}/{clip})") from error
            sha256_of(job.videos[clip])  # a share that went away is no fault of the clip's
            print(f"{job.series}/{clip}: {error}", file=sys.stderr)
            return str(error)
        except (ValueError, TypeError, LookupError, ArithmeticError, AssertionError) as error:
            traceback.print_exc()  # not foreseen: of use to whoever mends it
            why = f"cannot be worked on ({type(error).__name__}: {error})"
            if job.stage not in READERS:
                raise GengaError(f"{job.series}/{clip}: {why}; the log says where") from error
            return f"{job.videos[clip]}: {why}"
    wanted = {path.with_name(f"{clip}{path.suffix}").as_posix() for path in job.outputs}
    for path in kept.keys() - wanted:  # what a stage keeps for itself, as answers of a model
        write_text(path, kept[path])
    return {Path(path).suffix: kept[path] for path in sorted(wanted)}


def in_words(clips: int, anew: int, before: int, failed: Mapping[str, str]) -> str:
    """Return how many clips there are, and what became of them. before: that failed in a stage before this one."""
    of = f"{clips} clips, {anew} anew, {clips - anew - before} as they were"
    of += f", {before} failed before" if before else ""
    if not failed:
        return of
    shown = "; ".join(f"{clip}: {why}" for clip, why in list(failed.items())[:_SHOWN])
    return f"{of}, {len(failed)} failed ({shown}{'; …' if len(failed) > _SHOWN else ''})"


if __name__ == "__main__":
    run(main)
