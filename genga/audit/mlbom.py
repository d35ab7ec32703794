"""A model and what it was made of as a CycloneDX bill of materials, with a model card (ML-BOM).

https://cyclonedx.org/capabilities/mlbom, version 1.6. The library writes components and dependencies; it knows no model
cards, so that is added to its JSON, and the whole is held against the strict schema. Equal records give equal bytes:
the serial number follows from the content, and there is no time.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from genga.audit.extras import library
from genga.audit.models import role_of
from genga.errors import GengaError
from genga.tables.places import RAW, path_of

Known = Mapping[str, Any]  # see genga.audit.provenance
NAMESPACE = uuid.UUID("5bb4e5e2-6f0b-5c6c-9d5c-0a7c1d2f9b11")  # of our serial numbers


def mlbom(known: Known, judged: Mapping[str, Any] | None) -> str:
    """Return the bill as JSON, valid by the strict schema. judged: what stage evaluate wrote.

    Raises GengaError if the library is not there, or finds the bill not valid.
    """
    bom = library("cyclonedx.model.bom").Bom()
    component, dataset = library("cyclonedx.model.component"), _dataset(known)
    types = component.ComponentType
    bom.serial_number = uuid.uuid5(NAMESPACE, known["checkpoint"]["sha256"])
    version = None if known["merged"] else str(known["checkpoint"]["step"])
    root = _component(f"run:{known['run']}", types.MACHINE_LEARNING_MODEL, known["run"], version,
                      known["checkpoint"]["sha256"])  # fmt: skip
    bom.metadata.component = root
    models = [_model(model, known, types.MACHINE_LEARNING_MODEL) for model in known["models"]]
    data = [_component(path, types.DATA, path, None, sha256) for path, sha256 in dataset]
    software = [_software(name, one, types.LIBRARY) for name, of in known["software"].items() for one in of]
    bom.components = [*models, *data, *software]
    bom.register_dependency(root, [*models, *data, *software])
    output = library("cyclonedx.output.json").JsonV1Dot6(bom)
    bill = json.loads(output.output_as_string())
    bill["metadata"].pop("timestamp", None)
    bill["metadata"]["component"]["modelCard"] = _card(known, judged, [path for path, _ in dataset])
    text = json.dumps(bill, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    check(text)
    return text


def check(text: str) -> None:
    """Raise GengaError unless the bill is valid by CycloneDX's own strict schema."""
    schema = library("cyclonedx.schema")
    problem = library("cyclonedx.validation.json").JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(text)
    if problem is not None:
        raise GengaError(f"the bill of materials is not valid CycloneDX: {' '.join(str(problem).split())[:500]}")


def _component(ref: str, kind: Any, name: str, version: str | None, sha256: str | None, **more: Any) -> Any:
    model = library("cyclonedx.model")
    hashes = [model.HashType(alg=model.HashAlgorithm.SHA_256, content=sha256)] if sha256 else []
    return library("cyclonedx.model.component").Component(
        bom_ref=ref, type=kind, name=name, version=version, hashes=hashes, **more
    )


def _model(model: Mapping[str, Any], known: Known, kind: Any) -> Any:
    licence = library("cyclonedx.factory.license").LicenseFactory().make_from_string(model["licence"])
    read = {path: sha256 for job in known["jobs"] for path, sha256 in job["inputs"].items()}
    single = read.get(model["files"][0]) if len(model["files"]) == 1 else None
    role = role_of(known["base"], {one["role"]: one["name"] for one in known["models"]})
    sha256 = known["base"].get("sha256", single) if model["role"] == role else single
    name = model["repo"] or model["name"]
    version, about = model["revision"] or model["set"], f"{model['role']}; knows {model['knows']}"
    return _component(f"model:{model['role']}", kind, name, version, sha256, licenses=[licence], description=about)


def _software(name: str, version: str, kind: Any) -> Any:
    # The name as the package index writes it; Python itself is none of its packages.
    purl = (
        None
        if name == "python"
        else library("packageurl").PackageURL("pypi", None, name.lower().replace("_", "-"), version)
    )
    return _component(f"software:{name}@{version}", kind, name, version, None, purl=purl)


def _dataset(known: Known) -> list[tuple[str, str | None]]:
    """The datasets the model learned from and the videos behind them, with their sha256 on record."""
    everything = {path: sha256 for job in known["jobs"] for path, sha256 in job["inputs"].items()}
    wanted = [path for path in everything if path.startswith((path_of("dataset"), RAW))]
    return [(path, everything[path]) for path in sorted(wanted)]


def _card(known: Known, judged: Mapping[str, Any] | None, data: Iterable[str]) -> dict[str, Any]:
    """The model card, as CycloneDX has it."""
    parameters = [
        {"name": f"genga:{stage}.{key}", "value": json.dumps(value, ensure_ascii=False)}
        for stage, values in known["parameters"].items()
        for key, value in values.items()
    ]
    card: dict[str, Any] = {
        "modelParameters": {
            "approach": {"type": "supervised"},
            "task": "text-to-image",
            "architectureFamily": "latent diffusion",
            "modelArchitecture": known["about"].removeprefix("A ")
            if known["merged"]
            else f"{known['kind']} on {known['base']['name']}",
            "datasets": [{"ref": path} for path in data],
        },
        "properties": sorted(parameters, key=lambda one: one["name"]),
    }
    if judged is not None:
        step = judged["selection"]["step"]
        row = next(row for row in judged["steps"] if row["step"] == step)
        card["quantitativeAnalysis"] = {"performanceMetrics": [_metric(name, row[name]) for name in METRICS]}
    return card


METRICS = ("recognition_v1", "recognition_v2", "adherence", "copies")


def _metric(name: str, value: Mapping[str, float]) -> dict[str, Any]:
    interval = {"lowerBound": str(value["low"]), "upperBound": str(value["high"])}
    return {"type": name, "value": str(value["mean"]), "confidenceInterval": interval}
