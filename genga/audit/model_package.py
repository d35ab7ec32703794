"""A model as hubs and UIs have it: a folder with the file, a card, pictures it drew, and what it was made of.

`<name>.safetensors`; `<name>.json` and `<name>.preview.png` beside it, which UIs show; `README.md`, the card of the run
with its licence, gallery and words that call it; `images/`, pictures and clips that the line drew with it, each with
its prompt and settings (genga.audit.previews); `training.json`, what it has learnt from, in counts. Signed, if a key is
given.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from genga.audit.card import card, what_it_learnt
from genga.audit.model import evaluation_of, folder_of, merges
from genga.audit.previews import IMAGES, Shown, drawn
from genga.audit.provenance import facts, gather
from genga.audit.signing import sign
from genga.errors import GengaError
from genga.exchange.markdown import code, text
from genga.exchange.package import FORMAT, NOTE, Licence
from genga.exchange.package_card import CARD, front, licence_fields
from genga.store.files import sealed, write_json
from genga.store.folders import replacing_folder
from genga.training.checkpoints import Checkpoint, keep, read_checkpoints
from genga.workflow.records import Records

TRAINING = "training.json"
_OF_RUN = ("max_steps", "method", "rank", "alpha", "resolution", "batch", "optimizer", "learning_rate", "seed")


def package_model(
    name: str, out: Path, licence: Licence, records: Records, step: int | None, previews: int, key: Path | None
) -> int:
    """Write a run's or merge's model as a package into `out`; return how many pictures it has.

    step: the checkpoint, None: the selected one. previews: pictures at most. key: signs the folder, None: nobody does.
    Raises GengaError if there is no such model, or none is selected.
    """
    taken = _taken(name, records, step)
    known = facts(gather(taken.file, records))
    shown = [] if known["merged"] else list(drawn(name, taken, known, records, previews))
    listed = "" if known["merged"] else str(_listed(name).get("trigger", ""))
    with replacing_folder(out) as folder:
        keep(taken, folder / f"{name}.safetensors")
        (folder / IMAGES).mkdir()
        for file, data in (pair for one in shown for pair in one.files.items()):
            (folder / file).write_bytes(data)
        if shown:
            (folder / f"{name}.preview{shown[0].ending}").write_bytes(shown[0].data)
        summary = _summary(known)
        write_json(folder / TRAINING, summary)
        write_json(folder / f"{name}.json", _for_uis(listed, known, licence))
        write_json(folder / NOTE, sealed(_note(name, licence, summary, shown)))
        (folder / CARD).write_text(_card(name, records, licence, listed, known, shown), encoding="utf-8")
    if key is not None:
        sign(out, key, passing=(SIGNATURE, GIT))
    return len(shown)


SIGNATURE, GIT = "model.sig", ".gitattributes"  # what is beside the files of a package once it is on a hub


def _taken(name: str, records: Records, step: int | None) -> Checkpoint:
    """The checkpoint that is packed. Raises GengaError if there is none, or none is selected."""
    if (merged := merges(records).get(name)) is not None:
        if step is not None:
            raise GengaError(f"{name}: is a merge, which has no steps; leave --step out")
        return Checkpoint(0, 0, merged, records.maker[merged].outputs[merged].sha256)
    listed = read_checkpoints(folder_of(name) / "checkpoints.json")
    if step is not None:
        return listed.at(step)
    if (judged := evaluation_of(name)) is None:
        steps = ", ".join(str(one.step) for one in listed.all) or "none"
        raise GengaError(
            f"models/{name}: no checkpoint of it is selected; run snakemake, which judges them, or name one of its "
            f"steps: --step (there are {steps})"
        )
    return listed.at(judged["selection"]["step"])


def _listed(name: str) -> dict[str, Any]:
    return dict(json.loads(Path("models", name, "checkpoints.json").read_text(encoding="utf-8")))


def _summary(known: Mapping[str, Any]) -> dict[str, Any]:
    """What it has learnt from, in counts, and with which values."""
    images = known["images"]
    tally = {
        what: dict(sorted(Counter(value for value in values if value).items()))
        for what, values in (
            ("kinds", [one["kind"] for one in images]),
            ("characters", [(one["character"] or {}).get("name") for one in images]),
            ("episodes", [one["episode"] for one in images]),
        )
    }
    ran = known["parameters"].get("train", {})
    return {
        "kind": known["kind"],
        "step": known["checkpoint"]["step"],
        "sha256": known["checkpoint"]["sha256"],
        "base": known["base"],
        "merged": [one["called"] for one in known["merged"]],
        "images": len(images),
        "looks": sum(one["looks"] for one in images),
        "corrections": len(known["corrections"]),
        **tally,
        "parameters": {key: ran[key] for key in _OF_RUN if key in ran},
        "models": [{key: one[key] for key in ("role", "name", "licence")} for one in known["models"]],
    }


def _for_uis(trigger: str, known: Mapping[str, Any], licence: Licence) -> dict[str, Any]:
    """What stands beside a LoRA for the web UIs: the words that call it, and notes."""
    return {
        "activation text": trigger,
        "description": f"{known['about']}. {licence.name or licence.id}.",
        "notes": licence.rights,
    }


def _note(name: str, licence: Licence, summary: Mapping[str, Any], shown: list[Shown]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "name": name,
        "licence": licence.said(),
        "of_others_pictures": {"images_learnt_from": summary["images"], "pixels": False},
        "drawn_by_the_model": [file for one in shown for file in one.files if not file.endswith(".txt")],
    }


def _card(
    name: str, records: Records, licence: Licence, trigger: str, known: Mapping[str, Any], shown: list[Shown]
) -> str:
    """The card of the run, with what a hub wants besides."""
    _, said, body = card(name, records).split("---\n", 2)
    gallery = [{"text": one.prompt, "output": {"url": one.file}} for one in shown]
    more = {**licence_fields(licence.said()), **({"widget": gallery} if gallery else {})}
    head, _, rest = body.partition("\n## ")
    own = [*_calling(trigger, known), *_gallery(shown), *_rights(licence, known)]
    return front({**yaml.safe_load(said), **more}) + "\n".join([head.rstrip("\n"), "", *own, f"## {rest}"])


def _calling(trigger: str, known: Mapping[str, Any]) -> Iterator[str]:
    names = {name for one in known["images"] if (name := (one["character"] or {}).get("name"))}  # "": nobody
    words = list(dict.fromkeys([*([trigger] if trigger else []), *sorted(names)]))
    if words:
        yield from ["## Words that call it", "", ", ".join(map(code, words)), ""]


def _gallery(shown: list[Shown]) -> Iterator[str]:
    if shown:
        moving = any(one.beside for one in shown)
        where = "in a text beside each clip" if moving else "in each picture, where UIs read them"
        yield from ["## Drawn with it", "", f"Prompt and settings are {where}.", ""]
        for one in shown:
            as_drawn = "" if one.drawn == one.file else f" ([as it was drawn]({one.drawn}))"
            yield f"![{text(one.prompt)}]({one.file}){as_drawn}"
        yield ""


def _rights(licence: Licence, known: Mapping[str, Any]) -> Iterator[str]:
    yield from ["## What it has of others' pictures", ""]
    learnt = f"{len(known['images'])} {what_it_learnt(known['images'])}"
    yield f"No picture: it has learnt from {learnt}, which [{TRAINING}]({TRAINING}) counts."
    yield f"The rights in these pictures: {text(licence.rights or 'not stated; they are those of the videos')}."
    yield ""
