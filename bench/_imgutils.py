"""What the package dghs-imgutils says of images: `python bench/_imgutils.py FOLDER`, in an environment that has it.

FOLDER as bench.parity writes it: `hub/<repo>/<path>` in the place of the hub, `images/*.png`. Writes `peer.npz`; with a
further argument `peer.json` in its place: what loops over the images, and over `crops/*.png`, take, s of wall time and
of CPU by stage.
Nothing of genga is imported, so the environment needs none of it.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

DETECTORS = {"person": "detect_person", "halfbody": "detect_halfbody", "head": "detect_heads", "face": "detect_faces"}
WD, TIMM = "SwinV2_v3", "tiny/timm"
CCIP = "ccip-caformer-24-randaug-pruned"


def from_folder(hub: Path) -> Callable[..., str]:
    """hf_hub_download, of a folder; what is not there the hub does not have."""
    missing = import_module("huggingface_hub.errors").EntryNotFoundError

    def download(repo_id: str, filename: str, **_: Any) -> str:
        if not (path := hub / repo_id / filename).is_file():
            error = missing.__new__(missing)  # it asks for the hub's answer, and there was none
            error.args = (str(path),)
            raise error
        return str(path)

    return download


def said_of(path: str) -> dict[str, Any]:
    """What imgutils says of one image."""
    tagging, detect = import_module("imgutils.tagging"), import_module("imgutils.detect")
    wd = tagging.get_wd14_tags(path, WD, fmt=("prediction", "general", "character"))
    found: dict[str, Any] = {
        "wd": wd[0],
        "text": ", ".join(tagging.tags_to_text(tags, use_spaces=True, use_escape=True) for tags in wd[1:] if tags),
        "pixai": import_module("imgutils.tagging.pixai").get_pixai_tags(path, fmt="prediction"),
        "timm": import_module("imgutils.generic").multilabel_timm_predict(path, TIMM, fmt="prediction"),
        "ccip": import_module("imgutils.metrics").ccip_extract_feature(path),
    }
    for kind, name in DETECTORS.items():
        boxes = getattr(detect, name)(path, model_name=kind)
        found[kind] = np.array([[*box, score] for box, _, score in boxes], np.float64).reshape(-1, 5)
    return found


LOOPS: dict[str, Callable[[str], Any]] = {
    "detect": lambda path: [
        getattr(import_module("imgutils.detect"), name)(path, model_name=kind) for kind, name in DETECTORS.items()
    ],
    "tag": lambda path: [
        import_module("imgutils.tagging").get_wd14_tags(path, WD),
        import_module("imgutils.tagging.pixai").get_pixai_tags(path),
        import_module("imgutils.generic").multilabel_timm_predict(path, TIMM, fmt="prediction"),
    ],
    "embed": lambda path: import_module("imgutils.metrics").ccip_extract_feature(path),
}  # fmt: skip


def taken(folder: Path) -> dict[str, list[float]]:
    """What each loop takes for its images, wall time and CPU in s, after a first image that opens the models."""
    found = {}
    for stage, loop in LOOPS.items():
        paths = sorted(map(str, (folder / ("crops" if stage == "embed" else "images")).glob("*.png")))
        loop(paths[0])
        wall, cpu = time.perf_counter(), time.process_time()
        for path in paths:
            loop(path)
        found[stage] = [time.perf_counter() - wall, time.process_time() - cpu]
    return found


def main(folder: Path, timed: bool) -> None:
    """Write peer.npz: `<image>/<what>`, and the differences of all features; or peer.json."""
    download = from_folder(folder / "hub")
    for name in ("tagging.wd14", "tagging.pixai", "generic.yolo", "generic.multilabel_timm", "metrics.ccip"):
        vars(import_module(f"imgutils.{name}"))["hf_hub_download"] = download
    import_module("imgutils.generic.yolo").YOLOModel._check_model_name = lambda *_: None  # it asks the hub
    if timed:
        (folder / "peer.json").write_text(json.dumps(taken(folder)))
        return
    answers: dict[str, Any] = {}
    for path in sorted((folder / "images").glob("*.png")):
        answers |= {f"{path.stem}/{what}": value for what, value in said_of(str(path)).items()}
    features = [value for name, value in answers.items() if name.endswith("/ccip")]
    answers["differences"] = import_module("imgutils.metrics").ccip_batch_differences(features)
    np.savez(folder / "peer.npz", **answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]), len(sys.argv) > 2)
