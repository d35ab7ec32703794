"""What the package rapidocr reads in images: `python bench/_rapidocr.py FOLDER`, in an environment that has it.

FOLDER has PNG. Writes `peer.json` there: lines of each image, [x0, y0, x1, y1, text, score], and the CPU time, s.
Nothing of genga is imported, so the environment needs none of it.
"""

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any


def lines_of(found: Any) -> list[list[Any]]:
    """Boxes around its quadrangles, with text and score."""
    if found.boxes is None:
        return []
    return [
        [*(float(side) for side in (*box.min(axis=0), *box.max(axis=0))), text, float(score)]
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
    ]


def main(folder: Path) -> None:
    """Read every image in turn, on one thread."""
    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    read = import_module("rapidocr").RapidOCR(params={"Global.log_level": "error", **threads})
    import_module("cv2").setNumThreads(1)
    paths = sorted(folder.glob("*.png"))
    read(str(paths[0]))
    begun = time.process_time()
    lines = {path.stem: lines_of(read(str(path))) for path in paths}
    said = {"lines": lines, "cpu": time.process_time() - begun}
    (folder / "peer.json").write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
