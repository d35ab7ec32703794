"""What it takes to bring pictures before models: `python -m bench.preparing [--peer PYTHON] [--against COMMIT]`.

Each of detect, tag and embed, from a shard to its table, is held to the bare session: the same graphs, fed in the same
batches with tensors that are ready. Alternated, the least of each. On the embedded models and stills of 360 lines, and
on graphs with the parameters and multiplications of the published ones, random weights, and stills of 1080 lines.

Then the CPU that a still of 1080 lines takes before four detectors and three WD taggers can look at it, beside another
commit's. Then the loop that users of dghs-imgutils write, on graphs of published signatures, in its environment.

Where other programs run, wall time is theirs too; CPU is ours alone. So there is a column "cores free": the larger of
what the thread that asks the session takes, its work included, and what those ahead of it take each, by the session's.
`--device cuda` for a GPU, where wall time is what counts.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl
import typer
import yaml
from av.video.frame import VideoFrame

from bench._children import own_peak
from bench._imgutils import DETECTORS
from bench._published import write_published
from bench.models import table
from bench.parity import SEED, Models, of_hub, write_graph, write_hub
from bench.parity import detector as detector_graph
from genga.images.codec import encode
from genga.images.h264 import pack
from genga.images.image import Image, Pictures, Prepare
from genga.images.reading import prepared, whole
from genga.models import onnx
from genga.models.preparation import of_contract
from genga.params.detect import Params as DetectParams
from genga.params.models import Contract
from genga.params.tag import Params as TagParams
from genga.people.detect import detect
from genga.people.detector import Detector, how
from genga.people.embed import embed
from genga.people.embedder import Embedder
from genga.people.ensemble import Ensemble
from genga.people.tag import tag, views
from genga.people.tagger import Tagger
from genga.store.shards import writing_shard
from genga.tables.detect import BOXES

ROOT = Path(__file__).resolve().parent.parent
BATCH = 16
Taken = tuple[float, float, float]  # wall time, CPU, CPU of the thread that asks, s
Work = Callable[[], object]


def embedded(weights: Path, device: str, threads: int) -> Models:
    """The models of demo/weights, or of another folder laid out as that."""
    folders = sorted(path.parent for path in (weights / "taggers").glob("*/model.onnx"))
    ccip = weights / "ccip"
    return Models(
        {kind: Detector(weights / f"detect/{kind}.onnx", kind, device, threads) for kind in DETECTORS},
        [Tagger(folder / "model.onnx", folder / "selected_tags.csv", device, threads) for folder in folders],
        Embedder(ccip / "model_feat.onnx", ccip / "model_metrics.onnx", ccip / "metrics.json", device, threads),
    )


def drawn(count: int, width: int, height: int) -> Iterator[Image]:
    """Flat patches with soft edges under a little grain."""
    rng = np.random.default_rng(SEED)
    for _ in range(count):
        patches = rng.integers(0, 256, (-(-height // 90), -(-width // 90), 3), dtype=np.uint8)
        flat = np.kron(patches, np.ones((90, 90, 1), np.uint8))[:height, :width]
        grain = cv2.GaussianBlur(rng.normal(0, 3, flat.shape), (0, 0), 1)
        yield (cv2.GaussianBlur(flat, (0, 0), 1) + grain).clip(0, 255).astype(np.uint8)


def as_video(image: Image) -> bytes:
    """A still as the stage stills keeps it."""
    data = pack(VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p"), "lanczos")
    assert data is not None
    return data


def stored(folder: Path, name: str, images: Iterator[Image], coded: Callable[[Image], bytes]) -> pl.DataFrame:
    """Write images into a shard, and return their rows."""
    with writing_shard(folder / f"{name}.tar") as shard:
        return pl.DataFrame([{"id": f"{i:04}", **shard.add(f"{i}", coded(image))} for i, image in enumerate(images)])


def two_people(stills: pl.DataFrame, width: int, height: int) -> pl.DataFrame:
    """The table detect: in each still two people, as high as the picture's greater part."""
    rows = [
        (still, i, "person", x * width // 8, height // 5, (x + 2) * width // 8, height, 0.9, "x", i)
        for still in stills["id"]
        for i, x in enumerate((1, 5))
    ]
    return pl.DataFrame(rows, schema=BOXES, orient="row")


@dataclass(frozen=True)
class Stage:
    """One stage on some pictures: all of it, and the session alone."""

    work: Work
    bare: Work


def stages(
    models: Models, stills: pl.DataFrame, crops: pl.DataFrame, boxes: pl.DataFrame, threads: int
) -> dict[str, Stage]:
    """The three stages. stills, crops: id and SHARD. boxes: the table detect."""
    said = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    found, tagged = DetectParams.model_validate(said["detect"]), TagParams.model_validate(said["tag"])
    ensemble = Ensemble(models.taggers, tagged.threshold)
    of = views(boxes, tagged.pad) if len(boxes) else whole
    sessions: dict[str, list[tuple[Any, Prepare, str | None]]] = {
        "detect": [(one._session, one.how, None) for one in models.detectors.values()],
        "tag": [(one._session, one.how, one._output) for one in models.taggers],
        "embed": [(models.embedder._features, models.embedder.how, None)],
    }

    def looks(stage: str) -> Iterator[list[tuple[str, Pictures]]]:
        wanted = [one for _, one, _ in sessions[stage]]
        rows = crops if stage == "embed" else stills
        return prepared(rows, "id", stage, wanted, BATCH, threads, of if stage == "tag" else whole)

    known = crops.with_columns(crop="id", kind=pl.lit("fullbody"))
    work: dict[str, Work] = {
        "detect": lambda: detect(looks("detect"), models.detectors, found),
        "tag": lambda: tag(looks("tag"), boxes, ensemble, tagged, BATCH),
        "embed": lambda: embed(known, looks("embed"), models.embedder.features, "x"),
    }
    return {name: Stage(work[name], _bare(sessions[name], list(looks(name)))) for name in work}


def _bare(sessions: Sequence[tuple[Any, Prepare, str | None]], looks: Sequence[Sequence[tuple[str, Pictures]]]) -> Work:
    """The sessions alone, fed with what is ready in batches as the stage has them."""
    pictures = [Pictures.joined(one for _, one in few) for few in looks]
    ready = [
        (session, few[i : i + BATCH].given(how), output)
        for few in pictures
        for i in range(0, len(few), BATCH)
        for session, how, output in sessions
    ]
    return lambda: [onnx.run(session, tensors, output) for session, tensors, output in ready]


def took(work: Work) -> Taken:
    """What it takes."""
    wall, cpu, own = time.perf_counter(), time.process_time(), time.thread_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu, time.thread_time() - own


def least(works: Sequence[Work], rounds: int) -> list[Taken]:
    """The least that each takes, in turn, of some rounds, each figure by itself."""
    taken = [[took(work) for work in works] for _ in range(rounds)]
    return [
        (min(one[0] for one in of), min(one[1] for one in of), min(one[2] for one in of))
        for of in zip(*taken, strict=True)
    ]


def beside_bare(
    models: Models, folder: Path, size: tuple[int, int], count: int, threads: int, rounds: int
) -> Iterator[tuple[object, ...]]:
    """A row for each stage: ms a picture of the bare session and of the stage, and their ratios."""
    width, height = size
    stills = stored(folder, f"stills{height}", drawn(count, width, height), as_video)
    parts = (image[height // 5 :, : width // 4] for image in drawn(count, width, height))
    crops = stored(folder, f"crops{height}", parts, encode)
    for name, stage in stages(models, stills, crops, two_people(stills, width, height), threads).items():
        bare, all_of_it = least([stage.bare, stage.work], rounds)
        each = (f"{1000 * of / count:.1f}" for of in (bare[0], all_of_it[0], bare[1], all_of_it[1]))
        _, cpu, asking = all_of_it
        free = f"{max(asking, (cpu - asking) / 2) / bare[1]:.2f}" if threads == 1 else ""
        yield name, *each, f"{all_of_it[0] / bare[0]:.2f}", f"{cpu / bare[1]:.2f}", free


BEFORE = """
import sys, time, numpy as np, cv2
cv2.setNumThreads(1)
from genga.people import detector, tagger
images = np.load(sys.argv[1])
def work(image):
    for _ in range(4): detector.prepare(image, (640, 640))
    for _ in range(3): tagger.prepare(image, 448)
work(images[0])
start = time.process_time()
for image in images: work(image)
print((time.process_time() - start) / len(images))
"""


def before_inference(folder: Path, against: str, rounds: int) -> tuple[float, float]:
    """CPU, ms, that a still of 1080 lines takes for four detectors and three WD taggers: here, and at a commit."""
    images = list(drawn(6, 1920, 1080))
    np.save(folder / "images.npy", np.stack(images))
    detector, wd = how((640, 640)), of_contract(Contract(), (448, 448))
    here, there = [], []
    tree = folder / "tree"
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", tree, against], cwd=ROOT, check=True)
    try:
        for _ in range(rounds):
            here.append(took(lambda: [[Pictures([image]).given(one) for one in (detector, wd)] for image in images])[1])
            words = [sys.executable, "-c", BEFORE, str(folder / "images.npy")]
            said = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, check=True)
            there.append(float(said.stdout))
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)
    return 1000 * min(here) / len(images), 1000 * min(there)


def beside_imgutils(folder: Path, peer: Path, device: str, threads: int, rounds: int) -> Iterator[tuple[object, ...]]:
    """A row for each stage: ms a picture of the loop with imgutils and of genga, from PNG: of 1080 lines, and crops."""
    rng, count = np.random.default_rng(SEED), 12
    write_hub(folder / "hub", rng)
    for kind in DETECTORS:
        graph = detector_graph(rng)
        graph[3]["scale"][4] = 0.24  # few boxes a picture, not hundreds
        metadata = {"names": f"{{0: '{kind}'}}", "imgsz": "[640, 640]"}
        write_graph(folder / f"hub/deepghs/anime_{kind}_detection/{kind}/model.onnx", graph, metadata)
    images = {"images": list(drawn(count, 1920, 1080)), "crops": list(drawn(count, 480, 864))}
    for name, some in images.items():
        (folder / name).mkdir()
        for i, image in enumerate(some):
            (folder / f"{name}/{i:04}.png").write_bytes(encode(image))
    stills, crops = (stored(folder, f"{name}-png", iter(some), encode) for name, some in images.items())
    ours = stages(of_hub(folder / "hub", device, threads), stills, crops, pl.DataFrame(schema=BOXES), threads)
    theirs: list[dict[str, list[float]]] = []
    mine: list[dict[str, Taken]] = []
    for _ in range(rounds):
        script = Path(__file__).with_name("_imgutils.py")
        subprocess.run([str(peer), "-W", "ignore", str(script), str(folder), "timed"], check=True)
        theirs.append(json.loads((folder / "peer.json").read_text(encoding="utf-8")))
        mine.append({name: took(stage.work) for name, stage in ours.items()})
    for name in ours:
        wall, cpu = (1000 * min(said[name][of] for said in theirs) / count for of in (0, 1))
        own_wall, own_cpu, asking = (1000 * min(said[name][of] for said in mine) / count for of in (0, 1, 2))
        free = f"{cpu / max(asking, (own_cpu - asking) / 2):.1f}" if threads == 1 else ""
        each = (f"{ms:.1f}" for ms in (wall, own_wall, cpu, own_cpu))
        yield name, *each, f"{wall / own_wall:.1f}", f"{cpu / own_cpu:.1f}", free


def memory(folder: Path, embedder: Embedder, many: int, threads: int) -> Iterator[str]:
    """What is said of the most memory in use, after a tenth of `many` crops and after all of them."""
    crops = stored(folder, "many", drawn(100, 48, 96), encode)
    for count in (many // 10, many):
        rows = pl.concat([crops] * (count // 100))
        looks = prepared(rows, "id", "many", [embedder.how], BATCH, threads)
        embed(rows.with_columns(crop="id", kind=pl.lit("fullbody")), looks, embedder.features, "x")
        yield f"{count} crops: {own_peak():.0f} MB at most"


def main(
    device: str = typer.Option("cpu", help="cpu or cuda"),
    threads: int = typer.Option(1, min=1, help="pictures that a session looks at at once; as many again prepare"),
    rounds: int = typer.Option(5, min=1, help="of each measurement, of which the least counts"),
    published: int = typer.Option(4, min=0, help="pictures for graphs of published size; 0: leave them out"),
    against: str = typer.Option("", help="a commit from before preparations were shared, as 3143055; empty: none"),
    many: int = typer.Option(0, min=0, help="crops over which memory is watched, 1000 and more; 0: none"),
    peer: Path = typer.Option(Path(".venv-imgutils/bin/python"), help="interpreter with dghs-imgutils, if it is there"),
) -> None:
    """Measure, and print the tables that docs/models.md quotes."""
    cv2.setNumThreads(1)
    header = ("stage", "bare, ms", "stage, ms", "bare CPU, ms", "stage CPU, ms", "wall", "CPU", "cores free")
    peer = peer.absolute()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chdir(folder)
        tiny = embedded(ROOT / "demo/weights", device, threads)
        print("Embedded models, stills of 360 lines:\n")
        print(table(header, beside_bare(tiny, folder, (640, 360), 96, threads, rounds)), flush=True)
        if many:
            print("\n" + "\n".join(memory(folder, tiny.embedder, many, threads)), flush=True)
        if published:
            write_published(folder / "published")
            print("\nGraphs of published size, stills of 1080 lines:\n")
            large = embedded(folder / "published", device, threads)
            print(table(header, beside_bare(large, folder, (1920, 1080), published, threads, 2)), flush=True)
        if against:
            here, there = before_inference(folder, against, rounds)
            print(f"\nBefore inference, of 1080 lines: {here:.0f} ms of CPU; at {against} {there:.0f} ms", flush=True)
        if peer.exists():
            of_both = ("stage", "imgutils, ms", "genga, ms", "imgutils CPU, ms", "genga CPU, ms", *header[-3:])
            print("\nThe loop with imgutils, PNG of 1080 lines, and of crops of 864:\n")
            print(table(of_both, beside_imgutils(folder, peer, device, threads, max(2, rounds // 2))))


if __name__ == "__main__":
    typer.run(main)
