"""What a merged file's header says of itself: stable-diffusion-webui's `sd_merge_*` keys, and the modelspec.

All values are strings; times are fixed, so that equal merges are equal bytes. modelspec: the "Stability AI model
metadata standard", version 1.0.1, with the `merged_from` that kohya's sd-scripts writes.
"""

import json
from collections.abc import Mapping
from typing import Any

from genga.params.merge import Params
from genga.training._layouts import anima, sd
from genga.training._merge.layout import Source, prediction_of

RECIPE, MODELS = "sd_merge_recipe", "sd_merge_models"
_ARCHITECTURES = {**sd.ARCHITECTURES, "anima": anima.VERSION}
_STABILITY = "https://github.com/Stability-AI/generative-models"


def header(
    name: str,
    params: Params,
    parents: Mapping[str, Source],
    called: Mapping[str, str],
    weights: Mapping[str, float] | None,
) -> dict[str, str]:
    """Return the metadata of merge `name`. called: what each parent is called, by letter; weights: of blocks."""
    first, is_lora = parents["a"], params.method == "extract_lora"
    said = params.model_dump(exclude={"a", "b", "c", "blocks"}, exclude_defaults=True)
    recipe = {"type": "genga", **said, **({"blocks": dict(weights)} if weights else {})}
    recipe |= {f"model_{letter}": source.sha256 for letter, source in parents.items()}
    return {
        RECIPE: _json(recipe),
        MODELS: _json(_models(parents, called)),
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.implementation": "diffusers" if first.kind == "anima" else _STABILITY,
        "modelspec.architecture": _ARCHITECTURES[first.kind] + ("/lora" if is_lora else ""),
        **({} if first.kind == "anima" else {"modelspec.prediction_type": prediction_of(first)}),  # a flow has none
        "modelspec.title": name,
        "modelspec.merged_from": ", ".join(called[letter] for letter in parents),
        "modelspec.date": "1970-01-01T00:00:00",
        **(_of_lora(name, params, first) if is_lora else {}),
    }


def _models(parents: Mapping[str, Source], called: Mapping[str, str]) -> dict[str, Any]:
    """The parents by their sha256; where one is a merge itself, its recipe and its parents too."""
    found: dict[str, Any] = {}
    for letter, source in parents.items():
        found |= _parsed(source.metadata.get(MODELS))
        own = {"sd_merge_recipe": of} if (of := _parsed(source.metadata.get(RECIPE))) else {}
        found[source.sha256] = {"name": called[letter], "legacy_hash": None, **own}
    return found


def _parsed(text: str | None) -> dict[str, Any]:
    """What another's header says, if that is what it should be."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _of_lora(name: str, params: Params, source: Source) -> dict[str, str]:
    arguments = {"conv_dim": str(params.rank), "conv_alpha": str(params.rank)} if params.convolutions else {}
    if source.kind == "anima":
        base = anima.DESCRIBED
    else:
        zero = sd.ZTSNR in source.entries or sd.has_zero_terminal_snr(source.metadata)
        base = sd.described(source.kind, prediction_of(source) == "v", zero)
    return {
        "ss_network_module": "networks.lora",
        **{key: str(value) for key, value in base.items()},
        "ss_network_dim": str(params.rank),
        "ss_network_alpha": str(float(params.rank or 0)),
        "ss_network_args": _json(arguments),
        "ss_output_name": name,
    }


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
