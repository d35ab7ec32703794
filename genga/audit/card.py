"""The model card of a run or a merge: `models/<name>/README.md`, from the same records as the audit.

In the form that model hubs read: YAML between dashes, then Markdown. No licence is named for the model itself: nobody
has decided it. Equal records give equal bytes: no date, no place of this machine, nothing of what happens to lie here.
"""

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from genga.audit.model import MERGE, evaluation_of, folder_of, merges
from genga.audit.models import role_of
from genga.audit.provenance import facts, gather
from genga.errors import GengaError
from genga.evaluation.bootstrap import said_interval
from genga.exchange.markdown import code, row, text
from genga.store.files import read_json
from genga.training.checkpoints import read_checkpoints
from genga.workflow.records import Records

NAME = "README.md"
FIGURES = ("recognition_v1", "recognition_v2", "adherence", "copies")
OF_CLIPS = ("moves", "freezes", "identity")  # besides, of a run whose base moves


def card(run: str, records: Records, root: str | Path = ".") -> str:
    """Return the card of a merge, or of a run: of its selected checkpoint, before there is one of its last.

    Raises GengaError if the run has no checkpoints.
    """
    root = Path(root)
    if (merged := merges(records, root).get(run)) is not None:
        return _card_of_merge(facts(gather(merged, records, root)))
    listed = read_checkpoints(folder_of(run, root) / "checkpoints.json")
    if not listed.all:
        raise GengaError(f"models/{run}/checkpoints.json: names no checkpoint; train the run again")
    judged = evaluation_of(run, root)
    file = listed.at(judged["selection"]["step"]).file if judged else listed.all[-1].file
    known = facts(gather(file, records, root))
    trigger = read_json(root / "models" / run / "checkpoints.json").get("trigger", "")
    files = [row(code(Path(one.file).name), text(one.step), code(one.sha256)) for one in listed.all]
    said = [*_head(known, trigger), *_about(known, trigger, judged), *_data(known), *_judged(judged), *_making(known)]
    return "\n".join([*said, "## Checkpoints", "", "| file | step | sha256 |", "|---|---|---|", *files]) + "\n"


def _card_of_merge(known: Mapping[str, Any]) -> str:
    said = [*_merged_head(known), *_merged_about(known), *(_data(known) if known["runs"] else ()), *_making(known)]
    file = row(code(Path(known["checkpoint"]["file"]).name), code(known["checkpoint"]["sha256"]))
    return "\n".join([*said, "## File", "", "| file | sha256 |", "|---|---|", file]) + "\n"


def _merged_head(known: Mapping[str, Any]) -> list[str]:
    bases = {model["role"]: model["repo"] or model["name"] for model in known["models"]}
    is_lora = _entry(known).get("method") == "extract_lora"
    parents = [one for one in known["merged"] if not is_lora or one["letter"] == "b"]  # it goes on that
    said = (bases.get(one["called"].removeprefix("base "), one["called"]) for one in parents)
    relation = {"base_model": list(dict.fromkeys(said)), "base_model_relation": "adapter" if is_lora else "merge"}
    return _front([*(["lora"] if is_lora else []), "merge", "anime", "genga"], relation)


def _merged_about(known: Mapping[str, Any]) -> Iterator[str]:
    """Which parents, and how they were merged: the rest of its entry is among the parameters."""
    entry = _entry(known)
    more = {key: entry[key] for key in ("alpha", "blocks", "rank") if entry.get(key) is not None}
    how = ", ".join([str(entry.get("method")), *(f"{key} {_json(value)}" for key, value in more.items())])
    yield from [f"# {text(known['run'])}", "", f"{text(known['about'])}: {code(how)}.", ""]
    yield f"- this model: {code(known['checkpoint']['sha256'])}"
    for one in known["merged"]:
        known_by = code(one["sha256"]) if one["sha256"] else "by its files below"
        yield f"- {one['letter']}, {text(one['called'])}: {known_by}"
    yield ""


def _entry(known: Mapping[str, Any]) -> Mapping[str, Any]:
    """What params.yaml said of the merge when it was made: there may be others behind it."""
    own = known["checkpoint"]["file"]
    return next((job["params"].get(MERGE) or {} for job in known["jobs"] if own in job["outputs"]), {})


def what_it_learnt(images: Iterable[Mapping[str, Any]]) -> str:
    """Return what a model has learnt from, in a word: images, clips, or both."""
    kinds = {image["kind"] == "clip" for image in images}
    return {frozenset({True}): "clips", frozenset({True, False}): "clips and images"}.get(frozenset(kinds), "images")


def _head(known: Mapping[str, Any], trigger: str) -> list[str]:
    role = role_of(known["base"], {model["role"]: model["name"] for model in known["models"]})
    base = next((model for model in known["models"] if model["role"] == role), None)
    tags = [*([] if known["kind"] == "model" else [known["kind"].lower()]), "anime", "genga"]
    prompt = {"instance_prompt": trigger} if trigger else {}
    more = {"base_model": (base and base["repo"]) or known["base"]["name"], **prompt}
    return _front(tags, more, "image" if what_it_learnt(known["images"]) == "images" else "video")


def _front(tags: list[str], more: Mapping[str, Any], draws: str = "image") -> list[str]:
    values = {"library_name": "diffusers", "pipeline_tag": f"text-to-{draws}", "tags": tags, **more}
    # No line is folded: whoever looks for the closing dashes finds ours.
    return ["---", yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=float("inf")).rstrip(), "---", ""]


def _about(known: Mapping[str, Any], trigger: str, judged: Mapping[str, Any] | None) -> Iterator[str]:
    checkpoint, base = known["checkpoint"], known["base"]
    yield from [f"# {text(known['run'])}", ""]
    how = "selected by its evaluation" if judged else "the last one; none has been selected yet"
    named = f" Its captions begin with {code(trigger)}." if trigger else ""
    many = len(known["parameters"].get("train", {}).get("phases", ()))
    phases = f" It was trained in {many} phases." if many > 1 else ""
    yield f"A {known['kind']} fine-tuned from {text(base['name'])}, step {checkpoint['step']}, {how}.{phases}{named}"
    yield from ["", f"- this checkpoint: {code(checkpoint['sha256'])}", f"- its base: {code(base['sha256'])}", ""]


def _data(known: Mapping[str, Any]) -> Iterator[str]:
    """What it has seen. Counts alone: every image is in the audit."""
    images = known["images"]
    looks = sum(image["looks"] for image in images)
    yield from ["## Training data", ""]
    yield f"{len(images)} {what_it_learnt(images)} of {len(known['episodes'])} episodes, looked at {looks} times."
    command = code(f"genga audit {shlex.quote(known['checkpoint']['file'])} --images")
    yield f"{command} names each with frame, time, crop, caption and who"
    yield from ["decided its tags.", "", f"| | {what_it_learnt(images)} |", "|---|---|"]
    yield from _tally("episode", (image["episode"] for image in images))
    yield from _tally("kind", (image["kind"] for image in images))
    yield from _tally("character", ((image["character"] or {}).get("name") for image in images))
    yield from ["", f"People corrected {len(known['corrections'])} times what models had decided before this.", ""]


def _tally(what: str, values: Iterable[str | None]) -> Iterator[str]:
    counts = Counter(value for value in values if value)
    yield from (row(text(f"{what} {value}"), text(count)) for value, count in sorted(counts.items()))


def _judged(judged: Mapping[str, Any] | None) -> Iterator[str]:
    if judged is None:
        return
    steps, step = {row["step"]: row for row in judged["steps"]}, judged["selection"]["step"]
    against = judged["references"]
    yield from ["## Evaluation", ""]
    yield f"Against {against['images'][against['deciding']]} {text(against['deciding'])} drawings; [low, high] is the"
    bootstrap = judged["bootstrap"]
    yield f"{bootstrap['confidence']:.0%} interval over {bootstrap['pairs']} pairs of prompt and seed."
    yield from [
        text(f"{judged['models'][:1].upper()}{judged['models'][1:]}."),
        "",
        "| | base | this |",
        "|---|---|---|",
    ]
    yield from (
        f"| {name} | {said_interval(steps[0][name])} | {said_interval(steps[step][name])} |"
        for name in (*FIGURES, *(name for name in OF_CLIPS if name in steps[0]))
    )
    yield ""


def _making(known: Mapping[str, Any]) -> Iterator[str]:
    """Models, parameters, code and software, and the content it was made of."""
    yield from ["## How it was made", "", "| role | model | revision | licence |", "|---|---|---|---|"]
    for model in known["models"]:
        said = (model["role"], model["name"], model["revision"] or model["set"], model["licence"])
        yield row(*map(text, said))
    yield from ["", "| stage | parameters |", "|---|---|"]
    for stage, values in known["parameters"].items():
        yield row(text(stage), code(_json(values)))
    commit = known["code"]["commit"] or ("in no one commit" if known["code"]["files"] else "not on record")
    software = ", ".join(f"{name} {' and '.join(of)}" for name, of in known["software"].items())
    yield from ["", f"Code: {text(commit)}. Software: {text(software or 'not on record')}.", ""]
    made = {path: output["sha256"] for job in known["jobs"] for path, output in job["outputs"].items()}
    read = {path: sha256 for job in known["jobs"] for path, sha256 in job["inputs"].items() if path not in made}
    if made or read:
        yield from ["| content | sha256 |", "|---|---|"]
        yield from (row(code(path), code(sha256)) for path, sha256 in sorted({**read, **made}.items()) if sha256)
        yield ""


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
