"""The jobs behind a model, each as an action of its own: the part of a crate that is a Provenance Run Crate.

https://www.researchobject.org/workflow-run-crate/profiles/provenance_run_crate, 0.5: the workflow has a step for each
rule, a step has the script it runs as its tool; a job is a CreateAction of that tool, with what it read, was told and
made; a ControlAction ties it to its step, and one OrganizeAction of the engine to the run.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from genga.stages import STAGES

Add = Callable[[str, Mapping[str, Any]], Any]  # (@id, properties) -> the entity, now in the crate
EntityOf = Callable[[str, str | None], Any]  # (path, sha256) -> the entity of that content
DONE = {"@id": "http://schema.org/CompletedActionStatus"}
ENGINE = "#snakemake"


def add_jobs(
    workflow: Any, jobs: list[Mapping[str, Any]], run: Any, versions: Iterable[str], add: Add, of: EntityOf
) -> None:
    """Put the jobs into the crate: tools and steps of the workflow, and the actions.

    jobs: as in genga.audit.provenance; run: the action of the whole run; versions: of Snakemake.
    """
    rules = sorted({job["rule"] for job in jobs}, key=STAGES.index)
    tools, steps = {}, {}
    for rule in rules:
        command = next(job["shell"] for job in jobs if job["rule"] == rule)
        about = {
            "@type": "SoftwareApplication",
            "name": f"scripts/{rule}.py",
            "description": command or "not on record",
        }
        tools[rule] = add(f"#tool-{rule}", about)
        step = {"@type": "HowToStep", "name": rule, "position": str(STAGES.index(rule) + 1)}
        steps[rule] = add(f"#step-{rule}", {**step, "workExample": _at(tools[rule])})
    workflow["hasPart"], workflow["step"] = list(map(_at, tools.values())), list(map(_at, steps.values()))
    controls = []
    for job in jobs:
        action = _action(job, tools[job["rule"]], add, of)
        about = {"@type": "ControlAction", "name": f"{job['rule']}, done", "actionStatus": DONE}
        controls.append(
            add(f"#control-{_key(job)}", {**about, "instrument": _at(steps[job["rule"]]), "object": [_at(action)]})
        )
    name = {"@type": "SoftwareApplication", "name": "Snakemake", "url": "https://snakemake.github.io"}
    engine = add(ENGINE, {**name, "softwareVersion": " and ".join(versions) or "not on record"})
    about = {"@type": "OrganizeAction", "name": "the workflow's run", "actionStatus": DONE}
    add("#organize", {**about, "instrument": _at(engine), "object": list(map(_at, controls)), "result": _at(run)})


def _action(job: Mapping[str, Any], tool: Any, add: Add, of: EntityOf) -> Any:
    """What a job read, was told and made."""
    told = [
        add(f"#told-{_key(job)}-{iri(name)}", {"@type": "PropertyValue", "name": name, "value": _text(value)})
        for name, value in job["params"].items()
    ]
    read = [of(path, sha256) for path, sha256 in job["inputs"].items()]
    made = [of(path, output["sha256"]) for path, output in job["outputs"].items()]
    where = " ".join(job["wildcards"].values())
    about = {"@type": "CreateAction", "name": f"{job['rule']} {where}".strip(), "actionStatus": DONE}
    results = {"object": [_at(one) for one in [*read, *told]], "result": list(map(_at, made))}
    return add(f"#job-{_key(job)}", {**about, "instrument": _at(tool), **results})


def iri(name: str) -> str:
    """Return a name as part of an @id: what an IRI may not hold is in percent; other scripts stay (RFC 3987)."""
    return re.sub(r"[^!$&-;=?-Z_a-z~\u00a0-\ud7ff\uf900-\U0001ffff]", lambda mark: quote(mark[0], safe=""), name)


def _key(job: Mapping[str, Any]) -> str:
    """What a job is called: the first of its outputs by name."""
    return iri(min(job["outputs"]))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _at(entity: Any) -> dict[str, str]:
    return {"@id": entity.id}
