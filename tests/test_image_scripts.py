"""The commands that look at pictures, run as the workflow runs them: tables and a shard in, tables and a shard out."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from test_aesthetic import registry_of

from genga.decisions.placing import OF_DEDUP, OF_STILLS
from genga.drawings._text.in_still import OF_SHOTS
from genga.drawings.aesthetic import open_judge
from genga.images.codec import encode
from genga.images.reading import read_images
from genga.people.crop import OF_TAG
from genga.store.parquet import read_table, write_table
from genga.store.shards import writing_shard
from genga.tables.crop import CROP as CROPS
from genga.tables.detect import BOXES
from genga.tables.quality import QUALITY, TEXT
from genga.tables.stills import FILES

ROOT = Path(__file__).resolve().parent.parent
SERIES = "シリーズ one"
STILL = f"{SERIES}/ep 01/000007"


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (90, 160, 3), np.uint8)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Two stills with their shard, a person on the second, and this folder as the current one."""
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "models.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    with writing_shard("data/stills/e.tar") as shard:
        rows = [
            {
                "still": still,
                "frame": 7 * i,
                "shot": 0,
                **{"width": 160, "height": 90, "x0": 0, "y0": 0, "x1": 160, "y1": 90},
                **shard.add(f"{still}.png", encode(noise(i))),
            }
            for i, still in enumerate((f"{SERIES}/ep 01/000000", STILL))
        ]  # fmt: skip
    columns = {**FILES, **OF_STILLS}
    write_table("data/stills/e.parquet", pl.DataFrame(rows, schema=columns), columns)
    kept = [(frame, 0, frame or 7, "kept" if frame in (0, 7) else "held", *(None,) * 4) for frame in range(9)]
    write_table("data/dedup/e.parquet", pl.DataFrame(kept, schema=dict(OF_DEDUP), orient="row"), OF_DEDUP)
    boxes = [(STILL, 0, "person", 40, 5, 120, 85, 0.9, "stub", 0), (STILL, 1, "head", 60, 5, 100, 45, 0.9, "stub", 0)]
    write_table("data/detect/e.parquet", pl.DataFrame(boxes, schema=BOXES, orient="row"), BOXES)
    tags = [(STILL, 0, name, "general", score, "model", True) for name, score in (("1girl", 0.9), ("boots", 0.8))]
    write_table("data/tag/e.parquet", pl.DataFrame(tags, schema=OF_TAG, orient="row"), OF_TAG)
    write_table("data/shots/e.parquet", pl.DataFrame({"lettering": [[]]}, schema=dict(OF_SHOTS)), OF_SHOTS)
    text = pl.DataFrame({"still": [STILL], "text": [[]]}, schema={"still": pl.String, "text": pl.List(TEXT)})
    write_table("data/quality/e.parquet", text, text.schema)
    return tmp_path


def run(stage: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / f"{stage}.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


STILLS_AND_SHOTS = ("--in-stills", "data/stills/e.parquet", "--in-shots", "data/shots/e.parquet")
CROP = (
    "--in-stills", "data/stills/e.parquet", "--in-detect", "data/detect/e.parquet", "--in-tag", "data/tag/e.parquet",
    "--in-dedup", "data/dedup/e.parquet",
    "--in-quality", "data/quality/e.parquet", "--out", "data/crop/s/e.parquet", "--out-shard", "data/crop/s/e.tar",
)  # fmt: skip


def test_crop_writes_the_pixels_of_the_boxes_and_the_same_bytes_again(project):
    done = run("crop", *CROP)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "crop s/e: 2 crops; kept 1 fullbody, 1 head; left out none\n"
    table = read_table("data/crop/s/e.parquet", CROPS)
    assert table.select("crop", "tags").rows() == [
        (f"{STILL}-0-fullbody", ["solo", "1girl", "boots"]),
        (f"{STILL}-0-head", ["solo", "1girl", "portrait"]),
    ]
    assert np.array_equal(dict(read_images(table, "crop", "test"))[f"{STILL}-0-fullbody"], noise(1)[5:85, 40:120])
    first = [(project / f"data/crop/s/e.{kind}").read_bytes() for kind in ("parquet", "tar")]
    run("crop", *CROP)
    assert [(project / f"data/crop/s/e.{kind}").read_bytes() for kind in ("parquet", "tar")] == first


def test_a_correction_that_fits_nothing_stops_crop_and_leaves_nothing(project):
    Path("tags.csv").write_text(f"still_or_crop,box,tag,decision\n{STILL}-3-head,,hat,add\n")
    done = run("crop", *CROP, "--corrections", "tags.csv")
    assert done.returncode == 1
    assert done.stderr == f"error: tags.csv:2: there is no crop {STILL}-3-head; put it right or take the line out\n"
    assert not list(project.glob("data/crop/**/*.*"))


def test_quality_measures_every_still_whatever_the_threads(project):
    line = (*STILLS_AND_SHOTS, "--out")
    one, two = run("quality", *line, "one/e.parquet", "--threads", "1"), run("quality", *line, "two/e.parquet")
    assert one.returncode == two.returncode == 0
    assert one.stdout.startswith("quality one/e: 2 stills: ")
    assert Path("one/e.parquet").read_bytes() == Path("two/e.parquet").read_bytes()
    assert read_table("one/e.parquet", QUALITY)["still"].to_list() == [f"{SERIES}/ep 01/000000", STILL]


def test_a_model_that_knows_looks_is_asked_about_stills_and_about_crops_by_themselves(project):
    judge = open_judge(registry_of(project))
    assert judge is not None
    assert run("quality", *STILLS_AND_SHOTS, "--out", "out/e.parquet").returncode == 0
    of_stills = read_table("out/e.parquet", QUALITY)["aesthetic"].to_list()
    assert of_stills == judge([noise(0), noise(1)])
    assert run("crop", *CROP).returncode == 0
    crops = read_table("data/crop/s/e.parquet", dict(CROPS))
    kept = crops.filter("kept")
    of_crops = judge([image for _, image in read_images(kept, "crop", "crops")])
    assert kept["aesthetic"].to_list() == of_crops and not {*of_crops} & {*of_stills}
    assert crops.filter(~pl.col("kept"))["aesthetic"].is_null().all()


def test_a_damaged_shard_is_one_line_and_no_table(project):
    tar = project / "data/stills/e.tar"
    tar.write_bytes(tar.read_bytes()[:2000])
    done = run("quality", *STILLS_AND_SHOTS, "--out", "out/e.parquet")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("error: data/stills/e.tar: ")
    assert not list(project.glob("out/*"))


def test_a_missing_table_is_one_line(project):
    done = run("crop", *CROP[:-4], "--in-stills", "nowhere.parquet", *CROP[-4:])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: nowhere.parquet: no such table; run snakemake to make it\n"
