"""How good the embedded models are on drawings they never learned from: `python -m bench.models`.

Drawings: random scenes of the drawn world from a seed of their own, grained and compressed like stills. Prints the
tables that docs/embedded.md quotes.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import typer

from demo.teach.frames import Frame, random_frame
from demo.teach.pairs import SAME_SHARE, equal_error_rate, error_rates, pair_differences, pair_f1
from demo.teach.people import People, draw_people
from demo.teach.tagged import Tagged, draw_tagged
from demo.world.vocabulary import RATING, TAGS
from genga.people.detector import Detector
from genga.people.embedder import Embedder
from genga.people.tagger import Tagger

SEED = 123_456  # of the drawings here; the models were taught with others
THRESHOLD = 0.35  # score above which a tag counts, the field's usual value
SAME_BOX = 0.5  # IoU from which a box found is the true one
LEAST_SEEN = 5  # pictures that must bear a tag for it to count in the macro average

Corners = npt.NDArray[np.float64]  # (boxes, 4): x0 y0 x1 y1 in px
Scores = npt.NDArray[np.float32]  # (pictures, tags), 0..1


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; numbers below 1 with three decimals."""
    cells = [list(header), ["---"] * len(header)]
    cells += [[f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def matches(found: Corners, truth: Corners) -> int:
    """How many true boxes are found: boxes best first, each takes the free true box it overlaps most, from SAME_BOX."""
    free, hits = list(range(len(truth))), 0
    for box in found:
        overlaps = [iou(box, truth[i]) for i in free]
        if overlaps and max(overlaps) >= SAME_BOX:
            free.pop(int(np.argmax(overlaps)))
            hits += 1
    return hits


def iou(a: Corners, b: Corners) -> float:
    """Intersection over union of two boxes."""
    shared = np.prod(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None))
    return float(shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared))


def detection(weights: Path, frames: Sequence[Frame]) -> list[tuple[object, ...]]:
    """A row for each kind: recall, precision, F1, true boxes, file size."""
    rows: list[tuple[object, ...]] = []
    for kind in ("person", "halfbody", "head", "face"):
        file = weights / "detect" / f"{kind}.onnx"
        detector = Detector(file, kind, "cpu", 1)
        hits = found = real = 0
        for frame in frames:
            boxes = np.array([box[:4] for box in detector.detect([frame.image])[0]], float).reshape(-1, 4)
            truth = np.array([one.boxes[kind] for one in frame.truth if kind in one.boxes]).reshape(-1, 4)
            hits, found, real = hits + matches(boxes, truth), found + len(boxes), real + len(truth)
        rows.append((kind, hits / real, hits / max(found, 1), 2 * hits / (found + real), real, kilobytes(file)))
    return rows


def f1(kept: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_], axis: int | None = None) -> npt.NDArray[np.float64]:
    """F1 of decisions (pictures, tags), over all or along an axis; 0 where nothing is true and nothing kept."""
    hits = (kept & truth).sum(axis)
    return np.asarray(2 * hits / np.maximum(kept.sum(axis) + truth.sum(axis), 1))


def tag_scores(weights: Path, drawn: Tagged) -> dict[str, Scores]:
    """Scores of each tagger by its name, and of the mean of all."""
    scores: dict[str, Scores] = {}
    for name in ("a", "b", "c"):
        folder = weights / "taggers" / name
        tagger = Tagger(folder / "model.onnx", folder / "selected_tags.csv", "cpu", 1)
        images = list(drawn.images)
        scores[name] = np.concatenate([tagger.scores(images[i : i + 32]) for i in range(0, len(images), 32)])
    return {**scores, "mean of the three": np.mean(list(scores.values()), axis=0)}


def tagging(weights: Path, drawn: Tagged) -> list[tuple[object, ...]]:
    """A row for each tagger and for the mean: micro F1 (all, frames, crops), macro F1, precision, recall, file size."""
    general = np.array([category != RATING for _, category in TAGS])
    truth = drawn.tags[:, general] > 0
    seen = truth.sum(0) >= LEAST_SEEN
    rows: list[tuple[object, ...]] = []
    for name, scores in tag_scores(weights, drawn).items():
        kept = scores[:, general] > THRESHOLD
        micro = [float(f1(kept[part], truth[part])) for part in (slice(None), drawn.whole, ~drawn.whole)]
        hits = (kept & truth).sum()
        file = weights / "taggers" / name / "model.onnx"
        size = kilobytes(file) if file.exists() else ""
        rows.append((name, *micro, float(f1(kept, truth, 0)[seen].mean()), hits / kept.sum(), hits / truth.sum(), size))
    return rows


def hardest_tags(weights: Path, drawn: Tagged, count: int = 12) -> list[tuple[object, ...]]:
    """The tags that the mean of the taggers gets wrong most: F1 and how many pictures bear them."""
    kept = tag_scores(weights, drawn)["mean of the three"] > THRESHOLD
    truth = drawn.tags > 0
    each, seen = f1(kept, truth, 0), truth.sum(0)
    worst = [i for i in np.argsort(each, kind="stable") if seen[i] >= LEAST_SEEN][:count]
    return [(TAGS[i][0], float(each[i]), int(seen[i])) for i in worst]


def embedding(weights: Path, strangers: People, look_alikes: People) -> list[tuple[object, ...]]:
    """A row for random characters and one for families of look-alikes: pair F1, error rates, EER, crops."""
    folder = weights / "ccip"
    embedder = Embedder(folder / "model_feat.onnx", folder / "model_metrics.onnx", folder / "metrics.json", "cpu", 1)
    rows: list[tuple[object, ...]] = []
    for what, people in (("random characters", strangers), ("pairs of look-alikes", look_alikes)):
        same, other = pair_differences(embedder, people, within_family=people is look_alikes)
        missed, mistaken = error_rates(same, other, np.array([embedder.threshold], np.float32))
        rates = float(missed[0]), float(mistaken[0])
        rows.append((what, float(pair_f1(missed, mistaken)[0]), *rates, equal_error_rate(same, other), len(people.who)))
    return rows


def kilobytes(path: Path) -> str:
    """A file's size."""
    return f"{path.stat().st_size / 1000:.0f} kB"


def main(
    weights: Path = typer.Option(Path("demo/weights"), help="folder of the embedded models"),
    frames: int = typer.Option(200, help="frames to find people in, and to tag with everybody in them"),
    characters: int = typer.Option(60, help="characters to tell apart"),
) -> None:
    """Measure the embedded detectors, taggers and embedder."""
    cv2.setNumThreads(1)
    say: Callable[[str], None] = typer.echo
    rng = np.random.default_rng(SEED)
    say(f"Detectors, {frames} frames, IoU {SAME_BOX}:\n")
    rows = detection(weights, [random_frame(rng) for _ in range(frames)])
    say(table(("kind", "recall", "precision", "F1", "true boxes", "file"), rows))
    drawn = draw_tagged(frames, SEED, 320, parts=False)
    header: Sequence[str] = (
        "tagger", "micro F1", "on frames", "on persons", "macro F1", "precision", "recall", "file"
    )  # fmt: skip
    say(f"\nTaggers, {len(drawn.whole)} pictures, score above {THRESHOLD}:\n")
    say(table(header, tagging(weights, drawn)))
    say("\nThe hardest tags, mean of the three:\n")
    say(table(("tag", "F1", "pictures"), hardest_tags(weights, drawn)))
    strangers = draw_people(characters, 1, 4, SEED, 160)
    look_alikes = draw_people(characters // 2, 2, 4, SEED + 1, 160)
    say(f"\nEmbedder, at its own threshold, F1 as if {SAME_SHARE:.0%} of the pairs were the same:\n")
    header = ("crops of", "pair F1", "same missed", "others mistaken", "equal error rate", "crops")
    say(table(header, embedding(weights, strangers, look_alikes)))


if __name__ == "__main__":
    typer.run(main)
