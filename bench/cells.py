"""Why frames are compared by a grid of cells: `python -m bench.cells [--truth data/truth/sample]`.

For each video with a truth about it: the largest difference of a held pair and the smallest of a new drawing, by the
measure that needs the picture (480 lines, Gaussian of sigma 1, mean absolute difference of 8x8 px) and by grids of
several sizes; and the bytes a frame's grid takes. Prints the tables that docs/frames-accuracy.md quotes.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import typer

from bench._keepers import Truth
from bench._peers import encoded
from bench.frames import videos
from bench.models import table
from genga.video.decode import decode, luma
from genga.video.grid_store import STRETCH, pack
from genga.video.luma_grid import cells_of, grid_size

Picture = npt.NDArray[np.uint8]  # (rows, columns) luma
VARIANTS = ("native", "grain", "crf 36")
LINES = 480  # of the reference


def reference(plane: Picture) -> Picture:
    """The picture at 480 lines, blurred."""
    height, width = plane.shape
    size = (round(width * LINES / min(height, width)), round(height * LINES / min(height, width)))
    scaled = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(scaled, (0, 0), 1).astype(np.uint8)


def grid(lines: int) -> Callable[[Picture], Picture]:
    """How a picture becomes a grid with `lines` cells along its shorter side."""
    return lambda plane: cells_of(plane, 8, grid_size(plane.shape[1], plane.shape[0], lines))


# Name, what is kept of a picture, and the side of the box that differences are averaged over, in its cells or pixels.
MEASURES: tuple[tuple[str, Callable[[Picture], Picture], int], ...] = (
    ("picture, 8 px", reference, 8),
    ("4 px cells, 2x2", grid(120), 2),
    ("4 px cells alone", grid(120), 1),
    ("8 px cells alone", grid(60), 1),
    ("2 px cells, 4x4", grid(240), 4),
)


def differences(video: Path) -> Iterator[list[float]]:
    """Yield for each frame its difference to the frame before by each measure; 0 for the first."""
    before: list[Picture] | None = None
    for frame in decode(video, 2):
        plane, bits = luma(frame.frame)
        assert bits == 8
        now = [view(np.ascontiguousarray(plane, np.uint8)) for _, view, _ in MEASURES]
        yield [
            float(cv2.boxFilter(cv2.absdiff(a, b), cv2.CV_32F, (side, side)).max())
            for a, b, (_, _, side) in zip(before or now, now, MEASURES, strict=True)
        ]
        before = now


def separation(video: Path, variant: str, path: Path, truth: Truth) -> list[tuple[object, ...]]:
    """A row for each measure: the largest difference of a held pair and the smallest of a new drawing."""
    found = np.array(list(differences(path)))
    labels = np.array(list(truth.labels))
    held, new = found[labels == "H"], found[np.isin(labels, ["D", "C"])]
    return [
        (video.stem, variant, name, f"{held[:, k].max():.1f}", f"{new[:, k].min():.1f}",
         f"{new[:, k].min() / held[:, k].max():.1f}")
        for k, (name, _, _) in enumerate(MEASURES)
    ]  # fmt: skip


def bytes_a_frame(path: Path) -> tuple[int, float]:
    """Return the bytes of a frame's grid, and the mean of what is stored."""
    view = grid(120)
    grids = [view(np.ascontiguousarray(luma(frame.frame)[0], np.uint8)) for frame in decode(path, 2)]
    stored = sum(len(pack(np.stack(grids[k : k + STRETCH]))) for k in range(0, len(grids), STRETCH))
    return grids[0].size, stored / len(grids)


def main(
    raw: Path = typer.Option(Path("data/raw/sample"), help="folder of the drawn episodes"),
    truth: Path = typer.Option(Path("data/truth/sample"), help="folder of the truth about them"),
    cache: Path = typer.Option(Path("data/bench/frames"), help="folder of the encoded variants"),
) -> None:
    """Measure how well grids of cells tell new drawings from held ones, and what they take."""
    cv2.setNumThreads(1)
    rows: list[tuple[object, ...]] = []
    sizes: list[tuple[object, ...]] = []
    for video, true in videos(raw, truth):
        for variant in VARIANTS:
            path = encoded(video, variant, cache)
            rows += separation(video, variant, path, true)
            plain, stored = bytes_a_frame(path)
            sizes.append((video.stem, variant, plain, round(stored), f"{stored * 34_000 / 1e6:.0f} MB"))
    print("## Largest difference of held pairs, smallest of new drawings\n")
    print(table(("video", "encoded", "measure", "held, most", "new, least", "ratio"), rows))
    print("\n## Bytes of a frame's grid\n")
    print(table(("video", "encoded", "plain", "stored", "34,000 frames"), sizes))


if __name__ == "__main__":
    typer.run(main)
