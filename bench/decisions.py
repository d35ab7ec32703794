"""How many decisions stand when parameters change: `python -m bench.decisions`, after `make demo`; hours of two cores.

Everybody whom the detector finds in the sample series is a decision, written down on the tables as they are. Then each
parameter of `frames`, `shots`, `dedup` and `detect` is moved by a fifth either way, and what can be chosen is chosen
otherwise; the stages' own scripts make the tables of it anew in a folder beside, and each decision is placed in them
and judged by what was drawn. `right`: it is about the same character as before. `wrong`: about another one. `lost`: it
is listed as without effect although the still of its drawing shows that character. `gone`: it is listed, and that one
does not. `before`: how many were about the same character by their number alone, as they were placed before lines said
where somebody was. Of what is kept of camera moves the way back is judged as well: everybody found then, with the
parameter set back.
`--only dedup.keep --only detect`: these alone. Prints a row for each, of docs/characters.md.
"""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import typer

from bench.images import figures_found, truths, whole
from bench.models import table
from genga.decisions.anchors import Target, target_of
from genga.decisions.placing import Person, Placed, Scene, read_scene
from genga.images.boxes import area, carried, thousandths
from genga.params.section import section_of_file
from genga.store.files import read_json
from genga.store.parquet import read_table
from genga.tables.dedup import DEDUP
from genga.tables.detect import BOXES
from genga.tables.shots import SHOTS
from genga.tables.stills import STILLS

Sections = dict[str, Any]
Path_ = tuple[str, ...]  # of a parameter, from its section down

MOVED = ("frames", "shots", "dedup", "detect")
CHOSEN: dict[Path_, list[str]] = {
    ("dedup", "keep"): ["first"],
    ("dedup", "camera"): ["first", "last", "sharpest", "all", "stitched"],
    ("dedup", "text"): ["counts"],
    ("stills", "format"): ["png"],
}
COLUMNS = ("right", "wrong", "lost", "gone", "before")


def leaves(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Yield every parameter below a section with its path."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    else:
        yield path, value


def moved(value: float, share: float) -> float:
    """Return a value moved by a share of it; a whole number by one at least."""
    if not isinstance(value, int):
        return round(value * (1 + share), 4)
    return round(value * (1 + share)) if round(value * (1 + share)) != value else value + (1 if share > 0 else -1)


def variants(sections: Sections, measured: Mapping[Path_, float]) -> Iterator[tuple[str, Path_, Any]]:
    """Yield a name, a path and a value for each change. measured: what stands for parameters that are null."""
    for path, values in CHOSEN.items():
        yield from ((f"{'.'.join(path)}: {value}", path, value) for value in values)
    for section in MOVED:
        for path, value in leaves(sections[section], (section,)):
            known = measured.get(path, value)
            if isinstance(known, int | float) and not isinstance(known, bool):
                for share in (-0.2, 0.2):
                    yield f"{'.'.join(path)} {share:+.0%}", path, moved(known, share)


def changed(sections: Sections, path: Path_, value: Any) -> Sections:
    """Return the sections with another value in one place."""
    if len(path) == 1:
        return {**sections, path[0]: value}
    return {**sections, path[0]: changed(sections[path[0]], path[1:], value)}


def run(stage: str, words: list[str]) -> None:
    """Run a stage's script."""
    subprocess.run([sys.executable, f"scripts/{stage}.py", *words], check=True, capture_output=True)


def make(
    data: Path,
    old: Path,
    series: str,
    names: list[str],
    sections: Sections,
    first: str,
    last: str = "detect",
    run: Callable[[str, list[str]], None] = run,
) -> None:
    """Make a series' tables from stage `first` to `last` under `data` by `run`; those of stages before are `old`'s."""
    stages = ("probe", "frames", "shots", "dedup", "stills", "detect")
    for stage in stages[: stages.index(first)]:
        shutil.copytree(old / stage / series, data / stage / series, dirs_exist_ok=True)
    for name in names:
        at = {stage: f"{data}/{stage}/{series}/{name}" for stage in stages}
        earlier = [other for other in names if other < name]
        before = [word for other in earlier for option, stage in
                  (("--earlier", "dedup"), ("--earlier-frames", "frames"), ("--earlier-shots", "shots"))
                  for word in (option, f"{data}/{stage}/{series}/{other}.parquet")]  # fmt: skip
        video = ["--in-video", f"{old}/raw/{series}/{name}.mkv", "--in-probe", f"{at['probe']}.json"]
        frames, dedup, stills = (["--in-" + stage, f"{at[stage]}.parquet"] for stage in ("frames", "dedup", "stills"))
        words = {
            "probe": video[:2],
            "frames": [*video, "--out-cells", f"{at['frames']}.tar"],
            "shots": frames,
            "dedup": [*frames, "--in-shots", f"{at['shots']}.parquet", *before],
            "stills": [*video, *frames, *dedup, "--out-shard", f"{at['stills']}.tar"],
            "detect": [*stills, "--models", json.dumps(sections.get("models"))],
        }
        for stage in stages[stages.index(first) : stages.index(last) + 1]:
            out = ["--out", f"{at[stage]}.{'json' if stage == 'probe' else 'parquet'}"]
            run(stage, [*words[stage], *out, "--params", json.dumps(sections[stage])])


def characters(data: Path, truth: Path, names: list[str]) -> dict[Person, str]:
    """Return who is drawn where somebody is found."""
    found: dict[Person, str] = {}
    for name in names:
        place, drawn = f"{truth.name}/{name}.parquet", read_json(truth / f"{name}.json")
        stills, boxes = read_table(data / "stills" / place, STILLS), read_table(data / "detect" / place, BOXES)
        known = truths(stills, drawn) | laid_together(stills, read_table(data / "dedup" / place, DEDUP), drawn)
        found |= {person: figure["character"] for person, figure in figures_found(boxes, known)}
    return found


def laid_together(stills: pl.DataFrame, dedup: pl.DataFrame, episode: Mapping[str, Any]) -> dict[str, tuple[int, Any]]:
    """Return frame and figures by still of those that are stitched, as `truths`: of each character the largest view.

    What a frame of it shows is laid where the camera was.
    """
    found = {}
    wide = stills.filter(
        (pl.col("x1") - pl.col("x0") < pl.col("width")) | (pl.col("y1") - pl.col("y0") < pl.col("height"))
    )
    for still, frame, x0, y0, x1, y1 in wide.select("still", "frame", "x0", "y0", "x1", "y1").iter_rows():
        parts = (
            dedup.filter(pl.col("keeper") == frame, pl.col("motion").list.len() > 0).select("frame", "motion").rows()
        )
        largest: dict[str, Any] = {}
        for part, motion in [(frame, (1, 0, 0, 0, 1, 0)), *parts]:
            seen = episode["moving"].get(str(part)) or episode["drawings"].get(str(episode["drawing"][part]))
            for figure in (one for one in (seen or {}).get("figures", ()) if "person" in one["boxes"]):
                place = carried(thousandths(whole(figure["boxes"]["person"]), (0, 0, x1 - x0, y1 - y0)), motion)
                across, down = (x1 - x0) / 1000, (y1 - y0) / 1000
                person = [x0 + place[0] * across, y0 + place[1] * down, x0 + place[2] * across, y0 + place[3] * down]
                before = largest.get(figure["character"])
                if before is None or area(whole(person)) > area(whole(before["boxes"]["person"])):
                    largest[figure["character"]] = {**figure, "boxes": {"person": person}}
        found[still] = frame, {"figures": list(largest.values())}
    return found


def judged(then: Scene, now: Scene, was: Mapping[Person, str], drawn: Mapping[Person, str]) -> Counter[str]:
    """Count what becomes of a decision about everybody who was somebody then."""
    counted: Counter[str] = Counter()
    for (still, box), character in was.items():
        target = target_of(f"{still}-{box}") or Target("", "", 0, None, None)
        counted["before"] += drawn.get((still, box)) == character
        found = now.place(target, then.anchor(target), along=True)
        if isinstance(found, Placed):
            counted["right" if {drawn.get(person) for person in found.persons} == {character} else "wrong"] += 1
        else:
            shown = now.shown(target)
            there = {one for (place, _), one in drawn.items() if shown.still and place == shown.still.still}
            counted["lost" if character in there and not shown.why else "gone"] += 1
    return counted


def main(
    only: list[str] = typer.Option([], help="parts of names of changes; all if there are none"),
    truth: Path = typer.Option(Path("data/truth/sample"), help="folder with a JSON for each episode"),
    data: Path = typer.Option(Path("data"), help="folder that the workflow wrote"),
) -> None:
    """Change each parameter, and judge every decision by what was drawn."""
    series, names = truth.name, sorted(path.stem for path in truth.glob("*.json"))
    sections = {name: section_of_file("params.yaml", name) for name in ("models", "stills", *MOVED)}
    shots = pl.concat([read_table(data / "shots" / series / f"{name}.parquet", SHOTS) for name in names])
    asked = pl.concat([read_table(data / "dedup" / series / f"{name}.parquet", DEDUP) for name in names])
    measured: dict[Path_, float] = {
        ("dedup", "threshold"): float(shots["threshold"].median() or 0),  # type: ignore[arg-type]
        ("dedup", "recurring"): float(asked.filter(asked="recurring")["threshold"].median() or 0),  # type: ignore[arg-type]
    }
    then, was = read_scene(data, series, names), characters(data, truth, names)
    rows = []
    for name, path, value in variants(sections, measured):
        if only and not any(part in name for part in only):
            continue
        with TemporaryDirectory() as folder:
            make(Path(folder), data, series, names, changed(sections, path, value), path[0])
            now, drawn = read_scene(Path(folder), series, names), characters(Path(folder), truth, names)
            ways = [(name, then, now, was, drawn)]
            if path == ("dedup", "camera"):
                ways.append((f"{name}, set back", now, then, drawn, was))
            for way, before, after, *who in ways:
                found = judged(before, after, *who)
                rows.append((way, len(who[0]), *(found[column] for column in COLUMNS)))
                print(rows[-1], file=sys.stderr, flush=True)
    typer.echo(table(("changed", "decisions", *COLUMNS), rows))


if __name__ == "__main__":
    typer.run(main)
