"""One merge of the files of this folder, for bench.merges: `python -m bench._merge_once METHOD PARENT ...`."""

import sys
from pathlib import Path
from typing import Any

from genga.params.merge import Params
from genga.params.section import parse_section
from genga.training.device import use_threads
from genga.training.merge import Given, merge

OUT = "out.safetensors"
FILE = {"file": "x.safetensors", "sha256": "0" * 64}
SAID: dict[str, dict[str, Any]] = {
    "weighted_sum": {"alpha": 0.3},
    "cosine_b": {"alpha": 0.3},
    "add_difference": {"alpha": 0.3, "c": FILE},
    "train_difference": {"alpha": 0.3, "c": FILE},
    "bake_lora": {"alpha": 0.8},
    "extract_lora": {"rank": 32},
}


def main(method: str, *names: str) -> None:
    """Merge, with what stands above for the rest of the entry. `peer`: by sd-mecha, the last word its threads."""
    if method == "peer":
        _peer(*names)
        return
    paths = {letter: Path(f"{name}.safetensors") for letter, name in zip("abc", names, strict=False)}
    said = _by_blocks(paths["a"]) if method == "by_blocks" else {"method": method, **SAID[method]}
    params = parse_section("merges.out", Params, {"a": FILE, "b": FILE, **said})
    use_threads(params.threads)
    merge("out", params, {letter: Given(path, path.stem, "0" * 64) for letter, path in paths.items()}).write(OUT)


def _by_blocks(path: Path) -> dict[str, Any]:
    from genga.training._merge.layout import source_of

    count = 26 if source_of(path, "a", "0").kind == "sd15" else 20
    return {"method": "weighted_sum", "blocks": [number / count for number in range(count)]}


def _peer(a: str, b: str, threads: str) -> None:
    import sd_mecha  # type: ignore[import-not-found, unused-ignore]

    recipe = sd_mecha.weighted_sum(
        *(sd_mecha.model(Path(f"{name}.safetensors").absolute()) for name in (a, b)), alpha=0.3
    )
    more = {} if threads == "default" else {"threads": int(threads)}
    sd_mecha.merge(recipe, output=Path(OUT).absolute(), **more)


if __name__ == "__main__":
    main(*sys.argv[1:])
