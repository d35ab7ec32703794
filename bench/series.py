"""How well drawings that episodes share are found: `python -m bench.series [--truth data/truth/sample]`.

The drawn episodes share an opening; the first one stays as it is, the later ones are encoded as in bench.frames, so
that they are not copies of each other. Shared drawings are those of the truth that an earlier episode shows. A drawing
is *found* if frames of it are given to a frame of an earlier episode that shows it, *missed* if a frame of it is kept,
and *false* if it is given to a frame that shows another drawing. Prints the table that docs/frames-accuracy.md quotes.
"""

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import cv2
import typer

from bench._peers import SAME_FRAMES, encoded
from bench.models import table
from genga.drawings._dedup.series import Film, shared
from genga.drawings.dedup import ignored, own_drawings
from genga.drawings.frames import frames
from genga.drawings.shots import shots
from genga.params.dedup import Params as DedupParams
from genga.params.frames import Params as FramesParams
from genga.params.section import params_of
from genga.params.shots import Params as ShotsParams
from genga.store.files import read_json
from genga.store.shards import writing_shard
from genga.video.decode import decode
from genga.video.grid_store import CellReader, CellWriter

HEADER = ("episode", "encoded", "drawings", "shared", "found", "missed", "false", "frames of it", "s, CPU")


def measured(name: str, video: Path, folder: Path, stack: ExitStack) -> Film:
    """An episode as it is before others are looked at."""
    with writing_shard(folder / f"{video.stem}.tar") as shard:
        found = frames(decode(video, 2), CellWriter(shard), params_of("frames", FramesParams, ""))
    cells = stack.enter_context(CellReader(found, "/"))
    cut = shots(found, cells, params_of("shots", ShotsParams, ""))
    params = params_of("dedup", DedupParams, "")
    return Film(name, own_drawings(found, cut, cells, {}, params), found, cells, ignored(cut, params))


def row(after: Film, earlier: Sequence[Film], drawn: dict[str, list[int]]) -> tuple[object, ...]:
    """Judge an episode of which `earlier` were looked in; drawn: the drawing that each frame shows, by episode."""
    true = drawn[after.name]
    known = {drawing for other in earlier for drawing in drawn[other.name]} & {one for one in true if one >= 0}
    given = [
        (true[frame], drawn[episode][keeper])
        for frame, keeper, episode in after.table.select("frame", "keeper", "keeper_episode").iter_rows()
        if episode is not None and true[frame] >= 0
    ]
    kept = {true[frame] for frame, reason in after.table.select("frame", "reason").iter_rows() if reason == "kept"}
    return (
        len({one for one in true if one >= 0}), len(known),
        len({here for here, there in given if here == there}), len(known & kept),
        len({here for here, there in given if here != there}), len(given),
    )  # fmt: skip


def main(
    raw: Path = typer.Option(Path("data/raw/sample"), help="folder of the drawn episodes"),
    truth: Path = typer.Option(Path("data/truth/sample"), help="folder of the truth about them"),
    cache: Path = typer.Option(Path("data/bench/frames"), help="folder of the encoded variants"),
) -> None:
    """Measure how well drawings that episodes share are found."""
    cv2.setNumThreads(1)
    names = sorted(path.stem for path in truth.glob("*.json"))
    drawn = {name: read_json(truth / f"{name}.json")["drawing"] for name in names}
    rows = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        first = measured(names[0], raw / f"{names[0]}.mkv", Path(folder), stack)
        for variant in SAME_FRAMES:
            earlier = [first]
            for name in names[1:]:
                video = encoded(raw / f"{name}.mkv", variant, cache)
                own = measured(name, video, Path(folder), stack)
                begin = time.process_time()
                found = shared(own, earlier, params_of("dedup", DedupParams, ""))
                spent = f"{time.process_time() - begin:.1f}"
                after = Film(name, found, own.frames, own.cells, own.texts)
                rows.append((name, variant, *row(after, earlier, drawn), spent))
                earlier = [*earlier, after]
    print("## Drawings shared by episodes\n")
    print(table(HEADER, rows))


if __name__ == "__main__":
    typer.run(main)
