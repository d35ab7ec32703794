"""How fast the desk is with 50,000 stills and 200,000 crops: `python -m bench.desk`.

Writes a project of that size (episodes of 1,000 stills, four crops of each, some 40 tags that taggers spoke of per
still and person; few different pictures in a small shard for each episode), opens the desk on it in a process of its
own, and looks at it with a real Chromium without a window: how long until the first pictures are there, how long a
search takes from its key to an answer, how long frames are while the grid is scrolled through, and how much memory the
server has. Prints the table that docs/desk.md quotes. Needs `chromium` on the PATH; takes a minute, and two to write
the project, which stays below --folder.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import typer

from bench._chromium import Browser
from bench.models import table
from genga.images.codec import encode
from genga.store.files import write_text
from genga.store.parquet import write_table
from genga.store.shards import writing_shard
from genga.tables import characters, crop, dataset, dedup, detect, embed, frames, left_out, quality, shots, stills, tag
from genga.tables.schema import SHARD, Schema

ROOT = Path(__file__).resolve().parent.parent
SERIES = "s"
STILLS = 1000  # of an episode
CUTS = (("fullbody", 0), ("halfbody", 0), ("head", 0), ("head", 1))  # crops of a still
TAGS = 1500  # different ones
SPOKEN = 40  # of a still, and of each of its two persons
PICTURES = 64  # different ones in an episode
FEATURES = 768  # numbers in the embedder's vector, as the published one has them
QUERIES = (
    "kind:crop", "t0003", "character:name3 -t0001 shot:12", "-t0002 score:0.2..0.4 disagreement:>0.3",
    "*07 kind:head", "sort:disagreement", "score:>0.9 kind:head", "in:train tier:best",
)  # fmt: skip
app = typer.Typer(add_completion=False)


def filled(schema: Schema, rows: int, **columns: Any) -> pl.DataFrame:
    """A table with these columns, the others null."""
    known = {name: pl.lit(value).alias(name) if isinstance(value, str | int | float | bool) else None
             for name, value in columns.items()}  # fmt: skip
    series = [pl.Series(name, value).cast(schema[name]) for name, value in columns.items() if known[name] is None]
    made = pl.DataFrame(series) if series else pl.DataFrame({"_": range(rows)})
    constant = [one for one in known.values() if one is not None]
    nulls = [pl.lit(None).alias(name) for name in schema if name not in columns]
    return made.with_columns(*constant, *nulls).select(pl.col(name).cast(kind) for name, kind in schema.items())


def build(episodes: int) -> None:
    """Write the project into the folder that is current."""
    for name in ("params.yaml", "models.yaml"):
        write_text(name, (ROOT / name).read_text(encoding="utf-8"))
    who: list[pl.DataFrame] = []
    chance = np.random.default_rng(0)
    names = np.array([f"t{number:04d}" for number in range(TAGS)])
    weight = 1 / np.arange(1, TAGS + 1)
    for number in range(episodes):
        who.append(_episode(f"e{number:03d}", chance, names, weight / weight.sum()))
        print(f"{number + 1} of {episodes} episodes are written", file=sys.stderr, end="\r")
    every = pl.concat(who)
    cluster = chance.integers(0, 60, len(every))
    write_table(characters.PATH.format(series=SERIES), filled(
        characters.CHARACTERS, len(every), crop=every["crop"], still=every["still"], box=every["box"], cluster=cluster,
        character=[f"name{one}" for one in cluster % 12], distance=chance.random(len(every)), origin="model",
    ), characters.CHARACTERS)  # fmt: skip
    third = len(every) // 3
    write_table(dataset.PATH.format(series=SERIES), filled(
        dataset.DATASET, third, image=every["crop"][:third], still=every["still"][:third], kind="head", split="train",
        bucket_width=512, bucket_height=768, caption="a caption of some length that nobody reads here",
    ), dataset.DATASET)  # fmt: skip
    rest = every[third:]
    write_table(left_out.PATH.format(series=SERIES), filled(
        left_out.LEFT_OUT, len(rest), image=rest["crop"], still=rest["still"], kind="head", reason="shot",
    ), left_out.LEFT_OUT)  # fmt: skip


def _episode(episode: str, chance: np.random.Generator, names: np.ndarray, weight: np.ndarray) -> pl.DataFrame:
    where = {"series": SERIES, "episode": episode}
    places: dict[str, list] = {}
    for folder, size in (("stills", (90, 160)), ("crop", (120, 80))):
        with writing_shard(f"data/{folder}/{SERIES}/{episode}.tar") as shard:
            pictures = [chance.integers(0, 255, (4, 4, 3), np.uint8).repeat(size[0] // 4, 0).repeat(size[1] // 4, 1)
                        for _ in range(PICTURES)]  # fmt: skip
            places[folder] = [shard.add(f"{k}.png", encode(picture)) for k, picture in enumerate(pictures)]
    at = np.arange(STILLS) * 3
    ids = [f"{SERIES}/{episode}/{frame:06d}" for frame in at]
    shot = at // 60
    of_still = {name: [places["stills"][k % PICTURES][name] for k in range(STILLS)] for name in SHARD}
    write_table(stills.PATH.format(**where), filled(
        stills.STILLS, STILLS, still=ids, frame=at, shot=shot, time=at / 24, width=160, height=90, x0=0, y0=0, x1=160,
        y1=90, **of_still), stills.STILLS)  # fmt: skip
    write_table(quality.PATH.format(**where), filled(
        quality.QUALITY, STILLS, still=ids, tier=np.array(quality.TIERS)[chance.integers(0, 3, STILLS)], reason=""),
        quality.QUALITY)  # fmt: skip
    crops = [(still, kind, box) for still in ids for kind, box in CUTS]
    count = len(crops)
    of_crop = {name: [places["crop"][k % PICTURES][name] for k in range(count)] for name in SHARD}
    drawn = names[chance.choice(TAGS, (count, 20), p=weight)]
    cut = filled(
        crop.CROP, count, crop=[f"{still}-{box}-{kind}" for still, kind, box in crops], still=[one[0] for one in crops],
        box=[one[2] for one in crops], kind=[one[1] for one in crops], x0=0, y0=0, x1=80, y1=120, width=80, height=120,
        kept=True, reason="", tags=[list(dict.fromkeys(one)) for one in drawn.tolist()], **of_crop,
    )  # fmt: skip
    write_table(crop.PATH.format(**where), cut, crop.CROP)
    subjects = [(still, box) for still in ids for box in (None, 0, 1)]
    spoken = names[chance.choice(TAGS, (len(subjects), SPOKEN), p=weight)]
    score = chance.random(spoken.size)
    write_table(tag.PATH.format(**where), filled(
        tag.TAG, spoken.size, still=[one[0] for one in subjects for _ in range(SPOKEN)],
        box=[one[1] for one in subjects for _ in range(SPOKEN)], tag=spoken.ravel(), category="general", score=score,
        votes=1, disagreement=chance.random(spoken.size) * 0.6, origin="model", kept=score > 0.5, reason="",
    ).unique(["still", "box", "tag"], keep="first", maintain_order=True), tag.TAG)  # fmt: skip
    features = pl.Series("feature", chance.standard_normal((count, FEATURES), np.float32), dtype=None)
    write_table(
        embed.PATH.format(**where),
        filled(embed.EMBED, count, crop=cut["crop"], kind="head", model="m", feature=features.arr.to_list()),
        embed.EMBED,
    )
    _drawn(where, at)
    return cut.select("crop", "still", "box")


def _drawn(where: dict[str, str], at: np.ndarray) -> None:
    """The frames, shots and holds of an episode whose stills are held for three frames each."""
    count = 3 * STILLS
    number = np.arange(count)
    keeper = number // 3 * 3
    write_table(dedup.PATH.format(**where), filled(
        dedup.DEDUP, count, frame=number, shot=number // 60, keeper=keeper,
        reason=np.where(keeper == number, "kept", "held"), asked="held", compared=np.maximum(number - 1, 0),
        difference=number % 17, threshold=10.0), dedup.DEDUP)  # fmt: skip
    write_table(
        frames.PATH.format(**where),
        filled(frames.FRAMES, count, frame=number, time=number / 24, keyframe=number % 24 == 0),
        frames.FRAMES,
    )
    starts = np.arange(0, count, 60)
    write_table(shots.PATH.format(**where), filled(
        shots.SHOTS, len(starts), shot=starts // 60, start=starts, end=starts + 60, start_time=starts / 24,
        end_time=starts / 24 + 2.5, camera="static", transition="cut", timing=3.0, threshold=10.0,
        events=[[]] * len(starts), lettering=[[]] * len(starts), path=[[]] * len(starts)), shots.SHOTS)  # fmt: skip
    empty = pl.DataFrame(schema=dict(detect.DETECT))
    write_table(detect.PATH.format(**where), empty, detect.DETECT)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[str, int, float]]:
    """Open the desk on a project; give address, process and how long it took to say so."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from genga.__main__ import main; main()"
    began = time.perf_counter()
    words = [sys.executable, "-c", code, "review", "--port", "0", "--who", "bench"]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        try:
            yield address, process.pid, time.perf_counter() - began
        finally:
            process.terminate()


def cpu(process: int) -> float:
    """How much of a processor's time a process has had, ms."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def held(process: int) -> str:
    """How much memory a process has, and had at most."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    sizes = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines if line.endswith("kB")}
    return f"{sizes['VmRSS:']:.0f} and {sizes['VmHWM:']:.0f} MB"


# How long each frame took while the grid is scrolled by so many px a frame, for so many frames.
_SCROLL = """(async () => {
  const grid = document.querySelector('.grid'); const gaps = []; let before = performance.now();
  for (let k = 0; k < %d; k++) { grid.scrollTop += %d; await new Promise(requestAnimationFrame);
    const now = performance.now(); gaps.push(now - before); before = now; } return gaps; })()"""
_SHOWN = """[...document.querySelectorAll('.cell')].filter((one) => { const box = one.getBoundingClientRect();
  const grid = document.querySelector('.grid').getBoundingClientRect();
  return box.bottom > grid.top && box.top < grid.bottom; }).every((one) => one.querySelector('img')?.complete
  && one.querySelector('img').naturalWidth > 0)"""


def found_in(page: Browser, query: str) -> tuple[float, int]:
    """Type a query; return ms from Enter until its first pictures are asked for, and how many it finds."""
    page.press("/")
    page.run("document.querySelector('#search').value = ''; delete document.body.dataset.found")
    page.type(query)
    began = time.perf_counter()
    page.press("Enter")
    count = int(page.wait("document.body.dataset.found"))
    return (time.perf_counter() - began) * 1000, count


@app.command()
def main(
    episodes: int = typer.Option(50, help="of 1,000 stills and 4,000 crops each"),
    folder: Path = typer.Option(Path(".cache/bench-desk"), help="where the project lies; one that is there is taken"),
) -> None:
    """Print the figures of docs/desk.md."""
    if not (folder / stills.PATH.format(series=SERIES, episode=f"e{episodes - 1:03d}")).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.chdir(folder):
            build(episodes)
    rows: list[list[str]] = []
    with served(folder) as (address, process, opened), Browser() as page:
        rows.append(["from the command to its address", f"{opened:.2f} s"])
        began = time.perf_counter()
        page.open(address)
        page.open(f"{address.split('?')[0]}tags")
        page.wait(f"document.querySelectorAll('.cell img').length > 0 && {_SHOWN}", 60)
        rows.append(["from there to a view full of pictures, while it reads", f"{time.perf_counter() - began:.2f} s"])
        page.wait(f"document.body.dataset.found === '{episodes * STILLS * (1 + len(CUTS))}'", 240)
        rows.append(["until all of it is read", f"{time.perf_counter() - began:.1f} s"])
        page.open(f"{address.split('?')[0]}tags")
        began = time.perf_counter()
        page.open(f"{address.split('?')[0]}tags")
        page.wait(f"document.querySelectorAll('.cell img').length > 0 && {_SHOWN}")
        rows.append(["a view of it then", f"{time.perf_counter() - began:.2f} s"])
        took: dict[str, list[tuple[float, float, int]]] = {query: [] for query in QUERIES}
        for query in 3 * QUERIES:  # one after another: the same again is not looked for anew
            before = cpu(process)
            ms, count = found_in(page, query)
            took[query].append((ms, cpu(process) - before, count))
        for query, of in took.items():
            ms, spent = (sorted(one[k] for one in of)[1] for k in (0, 1))
            rows.append([f"`{query}`, {of[0][2]:,} found", f"{ms:.0f} ms ({spent:.0f} ms of the server's CPU)"])
        found_in(page, "kind:crop")
        for name, step in (("a wheel's pace, 120 px a frame", 120), ("leaps of 5,000 px a frame", 5000)):
            gaps = sorted(page.run(_SCROLL % (400, step)))
            began = time.perf_counter()
            page.wait(_SHOWN)
            rest = (time.perf_counter() - began) * 1000
            said = f"{gaps[200]:.0f}, {gaps[395]:.0f} and {gaps[-1]:.0f} ms"
            rows.append([f"scrolling at {name}: a frame of 400, median, all but 4, longest", said])
            rows.append(["then, until every picture in view is there", f"{rest:.0f} ms"])
        rows.append(["memory of the server, and at most", held(process)])
        began = time.perf_counter()
        page.run(f"fetch('/api/near?id={SERIES}/e000/000000-0-head').then((one) => one.json())")
        rows.append(["the crops nearest to one, of all", f"{time.perf_counter() - began:.1f} s"])
        rows.append(["memory of the server then, and at most", held(process)])
    print(table(["what", "took"], rows))
    print(f"{os.cpu_count()} cores", file=sys.stderr)


if __name__ == "__main__":
    app()
