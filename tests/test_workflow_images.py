"""A series of still images for real, by fetch and Snakemake, from a folder to a data set."""

import os
import subprocess
import sys
from pathlib import Path

import av
import polars as pl
import pytest
import yaml
from conftest import copy_project
from PIL import Image
from test_workflow import snakemake

from demo.series import draw_series
from genga.stages import EPISODE_STAGES

DATASET = "data/dataset/pics.parquet"


def fetch(folder: Path) -> str:
    """Run `genga fetch` in a project; return what it says."""
    command = [sys.executable, "-m", "genga", "fetch"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Image.Image]:
    """Frames of the drawn series, a second apart."""
    folder = tmp_path_factory.mktemp("drawn")
    film = draw_series(folder, folder, episodes=1, seconds=10.0, height=360, seed=7)[0]
    with av.open(str(film)) as container:
        return [frame.to_image() for n, frame in enumerate(container.decode(video=0)) if n % 24 == 12]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, drawn: list[Image.Image]) -> Path:
    """A project with an album of six and one of two, gone to its data set."""
    folder = tmp_path_factory.mktemp("project")
    copy_project(folder)
    values = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    values["dataset"] |= {"unnamed": True, "min_side": 16}
    values |= {"runs": {}, "merges": {}}
    values["sources"] = {"mine": {"kind": "folder", "series": "pics", "path": "in", "licence": "drawn here"}}
    (folder / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    (folder / "in").mkdir()
    for number, image in enumerate(drawn[:8]):
        width, height = image.size
        own = image.crop((width // 5, 0, width, height)) if number % 3 == 1 else image
        own.save(folder / f"in/{number}.{'jpg' if number in (2, 5) else 'png'}")
        (folder / f"in/{number}.txt").write_text("her own mark, drawn")
    assert fetch(folder) == "fetch mine: 8 pictures in 2 albums\n"
    ran = snakemake(folder, DATASET)
    assert ran.code == 0, ran.text
    return folder


@pytest.mark.slow
def test_images_go_through_the_line_and_keep_their_tags(finished: Path) -> None:
    stills = pl.concat(pl.read_parquet(path) for path in sorted((finished / "data/stills/pics").glob("*.parquet")))
    assert set(stills["still"]) <= {f"pics/mine 001/{n:06d}" for n in range(6)} | {
        "pics/mine 002/000000",
        "pics/mine 002/000001",
    }
    assert stills.height >= 5 and len(set(stills.select("width", "height").rows())) == 2
    tags = pl.read_parquet(finished / "data/tag/pics/mine 001.parquet")
    kept = tags.filter(pl.col("kept") & (pl.col("tag") == "her_own_mark") & pl.col("box").is_null())
    assert set(kept["still"]) == set(stills.filter(pl.col("still").str.starts_with("pics/mine 001/"))["still"])
    dataset = pl.read_parquet(finished / DATASET)
    assert dataset.height > 0 and set(dataset["still"]) <= set(stills["still"])


@pytest.mark.slow
def test_an_image_more_is_an_album_more_and_nothing_else_is_made_again(
    finished: Path, drawn: list[Image.Image]
) -> None:
    drawn[8].save(finished / "in/0 before all others.png")
    assert fetch(finished) == "fetch mine: 1 picture in 1 album, 8 were here\n"
    planned = snakemake(finished, "-n", DATASET).jobs
    asked = [stage for stage in EPISODE_STAGES if stage in planned]
    assert {"probe", "frames", "shots", "dedup", "stills", "tag"} <= set(asked)
    assert {stage: planned[stage] for stage in asked} == dict.fromkeys(asked, 1)


@pytest.mark.slow
def test_a_trace_begins_with_the_picture(finished: Path) -> None:
    command = [sys.executable, "-m", "genga", "trace", "pics/mine 002/000001"]
    environment = {**os.environ, "PYTHONPATH": str(finished)}
    said = subprocess.run(command, cwd=finished, env=environment, capture_output=True, text=True, check=True).stdout
    assert "  fetch      5.jpg of in, by mine (folder) at " in said and "licence: drawn here" in said
