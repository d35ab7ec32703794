"""What differs between two runs or merges: the data they saw, the parameters, code, models and software behind them."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from genga.audit.model import file_of
from genga.audit.provenance import facts, gather
from genga.tables.places import path_of
from genga.workflow.records import Records

GONE = None  # what a side does not have


def diff(first: str, second: str, records: Records, root: str | Path = ".") -> dict[str, Any]:
    """Return what differs between two models, the last checkpoints of runs, or merges; equal ones differ in nothing.

    Each entry maps a name to what it is in the first and in the second, None where it is not there.
    Raises GengaError for a run without checkpoints, and for a name of neither.
    """
    sides = [facts(gather(file_of(run, records, root), records, root)) for run in (first, second)]
    images = [{image["image"]: image for image in side["images"]} for side in sides]
    return {
        "runs": [first, second],
        "images": {
            "only": [sorted(_without(*images)), sorted(_without(*reversed(images)))],
            "both": len(_both(*images)),
        },
        "changed_images": _differing(*({name: _seen(of[name]) for name in _both(*images)} for of in images)),
        "corrections": _differing(*map(_corrections, sides)),
        "inputs": _differing(*map(_inputs, sides)),
        "parameters": _differing(*map(_parameters, sides)),
        "models": _differing(*map(_models, sides)),
        "code": _differing(*(_by_path(side["code"]["files"]) for side in sides)),
        "commits": [side["code"]["commit"] for side in sides],
        "software": _differing(*(side["software"] for side in sides)),
    }


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the differences as text; one line that says so if there are none."""
    first, second = found["runs"]
    only, both = found["images"]["only"], found["images"]["both"]
    yield f"images: {both} in both, {len(only[0])} only in {first}, {len(only[1])} only in {second}"
    for run, names in zip((first, second), only, strict=True):
        yield from (f"  only {run}: {name}" for name in names)
    commits = " -> ".join(commit or "no one commit" for commit in found["commits"])
    for what in ("changed_images", "corrections", "inputs", "parameters", "models", "code", "software"):
        pairs = found[what]
        yield f"{what.replace('_', ' ')}: {len(pairs) or 'no'} difference{'' if len(pairs) == 1 else 's'}" + (
            f" ({commits})" if what == "code" and pairs else ""
        )
        yield from (f"  {name}: {_shown(one)} -> {_shown(other)}" for name, (one, other) in pairs.items())


def _without(images: Mapping[str, Any], others: Mapping[str, Any]) -> set[str]:
    return images.keys() - others.keys()


def _both(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    return sorted(first.keys() & second.keys())


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (first.get(name, GONE), second.get(name, GONE)) for name in sorted(first.keys() | second.keys())}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _seen(image: Mapping[str, Any]) -> dict[str, Any]:
    return {name: image[name] for name in ("sha256", "caption", "repeats", "weight", "looks")}


def _corrections(side: Mapping[str, Any]) -> dict[str, str]:
    return {f"{one['file']}:{one['line']}": ", ".join(one["values"].values()) for one in side["corrections"]}


def _inputs(side: Mapping[str, Any]) -> dict[str, str | None]:
    """What the jobs read and none of them made: videos, model files, corrections; and the dataset they led to."""
    made = {path: output["sha256"] for job in side["jobs"] for path, output in job["outputs"].items()}
    read = {path: sha256 for job in side["jobs"] for path, sha256 in job["inputs"].items() if path not in made}
    return {**read, **{path: sha256 for path, sha256 in made.items() if path.startswith(path_of("dataset"))}}


def _parameters(side: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{stage}.{key}": value for stage, of in side["parameters"].items() for key, value in of.items()}


def _models(side: Mapping[str, Any]) -> dict[str, str]:
    named = {model["role"]: f"{model['name']} {model['revision'] or model['set']}" for model in side["models"]}
    parents = {f"parent {one['letter']}": f"{one['called']} {one['sha256'] or ''}".strip() for one in side["merged"]}
    tuned = {"base": f"{side['base']['name']} {side['base']['sha256']}"} if side["base"] else {}  # a merge has parents
    return {**named, **tuned, **parents}


def _by_path(files: Iterable[list[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, known_by in files:
        found.setdefault(path, []).append(known_by)
    return found


def _shown(value: Any) -> str:
    if value is GONE:
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
