"""How well text is found and read in stills: `python -m bench.reading [--peer PYTHON]`.

Of the drawn sample series (`make demo` first), whose burnt-in text is known to the frame: which stills have some, by
the measure that stage quality has without a model, by PP-OCRv6 as stage quality asks it, and by the package rapidocr,
which carries these very weights, with its own pipeline, in an environment of its own (`make bench` makes
.venv-rapidocr). The weights are taken from there too. Prints the tables that docs/models.md quotes.
"""

import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import cv2
import polars as pl
import typer

from bench.images import Tally, Truth, scores, tally, truths
from bench.models import table
from genga.drawings.inscriptions import told
from genga.drawings.ocr import Line, Reader
from genga.drawings.quality import OF_SHOTS, OF_STILLS, where_text_is
from genga.images.boxes import iou
from genga.images.codec import encode
from genga.images.reading import read_images
from genga.params.models import ReaderContract
from genga.params.quality import Params
from genga.params.section import params_of
from genga.store.files import read_json
from genga.store.parquet import read_table
from genga.tables.quality import QUALITY

WEIGHTS = "import pathlib, rapidocr; print(pathlib.Path(rapidocr.__file__).parent / 'models')"
FILES = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
SAME = 0.5  # IoU from which two lines are one

Lines = Mapping[str, Sequence[Line]]  # by still


def letters(text: str) -> str:
    """What is compared of a text: small, and without blanks, which readers take for narrow or wide gaps."""
    return "".join(text.casefold().split())


def found_in(has: Mapping[str, bool], known: Mapping[str, tuple[int, Truth]], episode: Mapping[str, Any]) -> Tally:
    """Count stills with burnt-in text that has been found, found where there is none, and missed."""
    counted: Tally = Counter()
    for still, (frame, _) in known.items():
        counted += tally({"text"} if has.get(still) else set(), {"text"} if shown(episode, frame) else set())
    return counted


def shown(episode: Mapping[str, Any], frame: int) -> list[str]:
    """The texts that are burnt in at a frame."""
    return [span["text"] for span in episode["texts"] if span["start"] <= frame < span["end"]]


def right_letters(lines: Lines, known: Mapping[str, tuple[int, Truth]], episode: Mapping[str, Any]) -> list[float]:
    """For each still with text how much of it was read, 0..1: 1 where it is the same to the letter."""
    found = []
    for still, (frame, _) in known.items():
        if texts := shown(episode, frame):
            own = letters("".join(line.text for line in lines.get(still, ())))
            found.append(SequenceMatcher(None, own, letters("".join(texts)), autojunk=False).ratio())
    return found


def agreement(ours: Lines, theirs: Lines) -> tuple[int, int, int, int]:
    """Lines of ours, of theirs, in the same place in both, and of these with the same letters."""
    same, equal = 0, 0
    for still, lines in ours.items():
        for line in lines:
            near = [one for one in theirs.get(still, ()) if iou(box(line), box(one)) >= SAME]
            same += bool(near)
            equal += any(letters(one.text) == letters(line.text) for one in near)
    return sum(map(len, ours.values())), sum(map(len, theirs.values())), same, equal


def box(line: Line) -> tuple[int, int, int, int]:
    """The box of a line."""
    return line.x0, line.y0, line.x1, line.y1


def peer_of(python: Path, images: Path) -> tuple[dict[str, list[Line]], float]:
    """What the package reads in a folder of images, and its CPU time, s."""
    subprocess.run([python, Path(__file__).with_name("_rapidocr.py"), images], check=True)
    said = read_json(images / "peer.json")
    return {
        still: [Line(int(x0), int(y0), int(x1), int(y1), text, score) for x0, y0, x1, y1, text, score in lines]
        for still, lines in said["lines"].items()
    }, said["cpu"]


def main(
    truth: Path = typer.Option(Path("data/truth/sample"), help="folder with a JSON for each episode"),
    data: Path = typer.Option(Path("data"), help="folder that the workflow wrote"),
    peer: Path = typer.Option(Path(".venv-rapidocr/bin/python"), help="Python of an environment with rapidocr"),
    most: int = typer.Option(10_000, help="stills of an episode that are looked at, from the first"),
) -> None:
    """Measure found and read text on the sample series."""
    cv2.setNumThreads(1)
    weights = Path(subprocess.run([peer, "-c", WEIGHTS], check=True, capture_output=True, text=True).stdout.strip())
    reader = Reader(weights / FILES[0], weights / FILES[1], ReaderContract(), device="cpu", threads=1)
    measured = ("without a model", "PP-OCRv6 here, over the picture", "PP-OCRv6 here, any line", "rapidocr, any line")
    counts: dict[str, Tally] = {name: Counter() for name in measured}
    of_ours: list[float] = []
    of_theirs: list[float] = []
    alike, cpu, pictures = [0, 0, 0, 0], [0.0, 0.0], 0
    for path in sorted(truth.glob("*.json")):
        episode, place = read_json(path), f"{truth.name}/{path.stem}.parquet"
        stills = read_table(data / "stills" / place, OF_STILLS).head(most)
        before = read_table(data / "quality" / place, {"still": pl.String, "text_cover": pl.Float64})
        known = truths(stills, episode)
        with tempfile.TemporaryDirectory() as folder:
            ours: dict[str, list[Line]] = {}
            for still, image in read_images(stills, "still", path.stem):
                begun = time.process_time()
                (ours[still],) = reader([image])
                cpu[0] += time.process_time() - begun
                (Path(folder) / f"{still.rpartition('/')[2]}.png").write_bytes(encode(image))
            read, taken = peer_of(peer, Path(folder))
        theirs = {still: read[still.rpartition("/")[2]] for still in ours}
        cpu[1], pictures = cpu[1] + taken, pictures + len(ours)
        rows = [{"still": still, "read": [{**line._asdict(), "kind": None} for line in ours[still]]} for still in ours]
        full = pl.DataFrame([{name: None for name in QUALITY} | row for row in rows], schema=QUALITY)
        shots = read_table(data / "shots" / place, OF_SHOTS)
        kinds = told(full, stills, where_text_is(stills, shots, params_of("quality", Params, "")))
        lined = dict(kinds.select("still", "read").iter_rows())
        over = {still: any(line["kind"] in ("subtitle", "mark") for line in of) for still, of in lined.items()}
        any_line = {still: bool(of) for still, of in lined.items()}
        covers = dict(before.iter_rows())
        of_peer = {still: bool(of) for still, of in theirs.items()}
        for name, has in zip(
            measured, ({still: covers[still] > 0 for still in ours}, over, any_line, of_peer), strict=True
        ):
            counts[name] += found_in(has, known, episode)
        of_ours += right_letters(ours, known, episode)
        of_theirs += right_letters(theirs, known, episode)
        alike = [a + b for a, b in zip(alike, agreement(ours, theirs), strict=True)]
    rows_found = [(name, *scores(one), one["right"] + one["missed"]) for name, one in counts.items()]
    print(table(["burnt-in text found", "precision", "recall", "F1", "stills with text"], rows_found), end="\n\n")
    read_rows = [
        (name, sum(of) / len(of), sum(one == 1 for one in of), len(of), f"{1000 * spent / pictures:.0f}")
        for name, of, spent in (("PP-OCRv6 here", of_ours, cpu[0]), ("rapidocr", of_theirs, cpu[1]))
    ]
    print(table(["read", "letters right", "stills without a mistake", "of", "CPU a still, ms"], read_rows), end="\n\n")
    print(table(["lines here", "lines of rapidocr", "in the same place", "with the same letters"], [alike]))


if __name__ == "__main__":
    typer.run(main)
