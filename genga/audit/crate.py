"""A run as a Workflow Run RO-Crate: what the workflow read, what it made, with which parameters and software.

Profiles: Process, Workflow and Provenance Run Crate 0.5, https://www.researchobject.org/workflow-run-crate; the last
one, which has each job by itself, is in genga.audit.crate_jobs. Small files are in the crate, if they are what is on
record; videos, shards and models are named by path and sha256: they are large, or not ours to give.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from genga.audit.crate_jobs import add_jobs, iri
from genga.audit.extras import library
from genga.decisions.csv import FOLDER as CORRECTIONS
from genga.errors import GengaError
from genga.store.files import sha256_of
from genga.tables.places import path_of

Known = Mapping[str, Any]  # see genga.audit.provenance

DATE = "1970-01-01T00:00:00+00:00"  # fixed, so that equal records give equal bytes
RUN = "https://w3id.org/ro/wfrun/{}/0.5"
PROFILES = {
    RUN.format("process"): "Process Run Crate",
    RUN.format("workflow"): "Workflow Run Crate",
    RUN.format("provenance"): "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
ALWAYS = ("params.yaml", "models.yaml", "records.jsonl")
LANGUAGE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"


def crate(known: Known, folder: Path, root: Path = Path(".")) -> int:
    """Write the crate into `folder`, which is there and empty; return the number of files in it.

    Raises GengaError if the library is not there, or there is no Snakefile under `root`.
    """
    if not (root / "Snakefile").is_file():
        raise GengaError(f"{root / 'Snakefile'}: no such workflow; run genga in the project's folder")
    made = library("rocrate.rocrate").ROCrate(version="1.1")
    entity = library("rocrate.model.contextentity").ContextEntity
    _root(made, known)
    workflow = made.add_workflow(root / "Snakefile", "Snakefile", main=True, lang="snakemake", gen_cwl=False)
    workflow["name"] = "genga"
    included = {path: _file(made, path, sha256, root) for path, sha256 in _included(known, root).items()}
    named: dict[str, Any] = {}

    def add(name: str, properties: Mapping[str, Any]) -> Any:
        return made.add(entity(made, name, properties=dict(properties)))

    def of(path: str, sha256: str | None) -> Any:
        """The entity of a path with that content: the file in the crate, or a name and a sha256."""
        if path in included and sha256 in (None, included[path]["sha256"]):
            return included[path]
        other = sha256 and sha256 != known_as.get(path)  # two jobs, two contents of one path
        name = f"#{path}@{sha256[:12]}" if sha256 and other else f"#{path}"
        if name not in named:
            hashed = {"sha256": sha256} if sha256 else {}
            named[name] = add(f"#{iri(name[1:])}", {"@type": "CreativeWork", "name": path, **hashed})
        return named[name]

    known_as = _paths(known)
    entities = {path: of(path, sha256) for path, sha256 in sorted(known_as.items())}
    made_here = {path for job in known["jobs"] for path in job["outputs"]} | {known["checkpoint"]["file"]}
    to = "the merge" if known["merged"] else f"step {known['checkpoint']['step']}"
    run = {
        "@type": "CreateAction",
        "name": f"run {known['run']}: from the videos to {to}",
        "instrument": {"@id": workflow.id},
        "agent": {"@id": "#genga"},
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
        "endTime": DATE,
        "object": [{"@id": of.id} for path, of in entities.items() if path not in made_here]
        + [{"@id": one.id} for one in _parameters(made, known)],
        "result": [{"@id": of.id} for path, of in entities.items() if path in made_here],
    }
    action = add(f"#run-{iri(known['run'])}", run)
    made.root_dataset["mentions"] = [{"@id": action.id}]
    about = {"@type": "SoftwareApplication", "name": "genga", "softwareRequirements": _software(made, known)}
    add("#genga", {**about, "version": known["code"]["commit"] or "not of one commit"})
    if known["jobs"]:
        add_jobs(workflow, known["jobs"], action, known["software"].get("snakemake", ()), add, of)
    made.write(folder)
    _sorted(folder / "ro-crate-metadata.json")
    return len(included)


def _root(made: Any, known: Known) -> None:
    entity = library("rocrate.model.contextentity").ContextEntity
    for profile, name in PROFILES.items():
        version = profile.rsplit("/", 1)[1]
        made.add(entity(made, profile, properties={"@type": "CreativeWork", "name": name, "version": version}))
    root = made.root_dataset
    root["conformsTo"] = [{"@id": profile} for profile in PROFILES]
    made.name = known["title"]
    made.description = f"{known['about']}, and everything on record of how it came about."
    root["datePublished"] = DATE
    licence = entity(
        made,
        "#licence",
        properties={
            "@type": "CreativeWork",
            "name": "not decided",
            "description": "Nobody has decided under which licence this model is given away; see those of the models.",
        },
    )
    root["license"] = {"@id": made.add(licence).id}


def _included(known: Known, root: Path) -> dict[str, str]:
    """The small files of a run that are here, and are what is on record if anything is, with their sha256."""
    on_record = _paths(known)
    paths = [
        *ALWAYS,
        *([] if known["merged"] else [known["checkpoint"]["file"]]),  # a merge is as large as its base
    ]
    if known["merged"]:
        paths.append(f"models/{known['run']}/README.md")
    for run in known["runs"]:
        tables = (f"{name}.parquet" for name in ("ledger", "losses", "held_out", "left_out"))
        paths += [f"models/{run}/{name}" for name in ("checkpoints.json", *tables, "README.md")]
        paths.append(path_of("evaluate", run, "json"))
    paths += [path for path in on_record if path.startswith((f"{CORRECTIONS}/", path_of("dataset"), path_of("probe")))]
    here = {path: sha256_of(root / path) for path in sorted(set(paths)) if (root / path).is_file()}
    return {path: sha256 for path, sha256 in here.items() if sha256 == (on_record.get(path) or sha256)}


def _paths(known: Known) -> dict[str, str | None]:
    """Everything the jobs read and made, with the sha256 on record."""
    found: dict[str, str | None] = {known["checkpoint"]["file"]: known["checkpoint"]["sha256"]}
    for job in known["jobs"]:
        found |= job["inputs"] | {path: output["sha256"] for path, output in job["outputs"].items()}
    return found


def _file(made: Any, path: str, sha256: str, root: Path) -> Any:
    kind = FORMATS.get(PurePosixPath(path).suffix, "application/octet-stream")
    properties = {"name": path, "encodingFormat": kind, "sha256": sha256}
    return made.add_file(root / path, path, properties=properties)


FORMATS = {
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".yaml": "application/yaml",
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
}


def _parameters(made: Any, known: Known) -> Iterable[Any]:
    entity = library("rocrate.model.contextentity").ContextEntity
    for stage, values in known["parameters"].items():
        said = json.dumps(values, ensure_ascii=False, sort_keys=True)
        properties = {"@type": "PropertyValue", "name": f"params.yaml:{stage}", "value": said}
        yield made.add(entity(made, f"#params-{iri(stage)}", properties=properties))


def _software(made: Any, known: Known) -> list[dict[str, str]]:
    entity = library("rocrate.model.contextentity").ContextEntity
    pairs = [(name, version) for name, of in known["software"].items() for version in of]
    for name, version in pairs:
        about = {"@type": "SoftwareApplication", "name": name, "softwareVersion": version}
        made.add(entity(made, f"#software-{name}-{version}", properties=about))
    return [{"@id": f"#software-{name}-{version}"} for name, version in pairs]


def _sorted(path: Path) -> None:
    """The metadata with its entities in one order; a workflow of steps is a HowTo as well."""
    found = json.loads(path.read_text(encoding="utf-8"))
    for one in found["@graph"]:
        one["@type"] = [*one["@type"], "HowTo"] if "step" in one else one["@type"]
    found["@graph"].sort(key=lambda one: one["@id"])
    path.write_text(json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
