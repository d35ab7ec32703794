"""Short clips in packs, for real: sixty of them from files to a data set, what is made anew, and what is taken over."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from conftest import copy_project
from packs import BROKEN, DRAWINGS, ENDINGS, FILMED, HOLD, PLAIN, RATE, REPOSTS, clip_of, unequal, write_clips
from test_workflow import Ran, snakemake
from typer.testing import CliRunner

from bench._shorts import write_clip
from genga.__main__ import app as genga
from genga.audit.trace import trace
from genga.errors import GengaError
from genga.store.parquet import names_in, read_named, read_pack, read_table
from genga.store.shards import ShardReader
from genga.tables.clipset import CLIPSET
from genga.tables.dataset import DATASET
from genga.tables.dedup import DEDUP
from genga.tables.detect import DETECT
from genga.tables.frames import FRAMES
from genga.tables.left_out import LEFT_OUT
from genga.tables.schema import only
from genga.tables.stills import FILES, STILLS

RAW, TARGET = Path("data/raw/shorts"), "data/dataset/shorts.parquet"
STAGES = (
    "probe", "frames", "shots", "dedup", "stills", "detect", "quality", "tag", "crop", "describe", "embed",
)  # fmt: skip
ALL = {*STAGES, "characters", "dataset"}


@pytest.fixture(scope="module")
def shorts(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with sixty clips gone through every stage up to the data set, in one pack."""
    write_clips(project / RAW, tmp_path_factory.mktemp("film"))
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("\nseries: {} ", "\nseries: {shorts: {shorts: true}} "))
    ran = snakemake(project, TARGET)
    assert ran.code == 0, ran.text
    return project


def anew(ran: Ran) -> dict[str, tuple[int, int]]:
    """Of each stage's job for a pack how many clips were made anew, and how many were taken over."""
    found = re.findall(r"([a-z]+) shorts/pack: \d+ clips, (\d+) anew, (\d+) as they were", ran.text)
    return {stage: (int(anew), int(taken)) for stage, anew, taken in found}


def files(folder: Path) -> dict[str, bytes]:
    """All that stages made."""
    found = (path for path in sorted(folder.glob("data/*/**/*")) if path.is_file() and "raw" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_every_drawing_of_sixty_clips(shorts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shorts)
    assert len(list(RAW.iterdir())) == 60
    clips = [f"clip {number:02d}" for number in range(PLAIN)]
    again = [Path(name).stem for name in REPOSTS]
    filmed = [f"film {number}" for number in range(FILMED)]
    frames = read_named("data/frames/shorts", "pack", FRAMES)
    counts = dict(frames["episode"].value_counts().iter_rows())
    expected = dict.fromkeys([*clips, *again], DRAWINGS * HOLD) | dict.fromkeys(filmed, 18) | {"repost faster": 6}
    assert counts == expected
    assert names_in("data/frames/shorts/pack.parquet") == sorted(expected)
    stills = read_table("data/stills/shorts/pack.parquet", STILLS)
    kept: dict[str, list[int]] = {}
    for clip, frame in (still.split("/")[1:] for still in stills["still"]):
        kept.setdefault(clip, []).append(int(frame))
    for number, clip in enumerate(clips):  # where frames of a hold differ, as of lossy ones, the sharpest is kept
        firsts = kept[clip] if number % 5 in (0, 2) else [frame // HOLD * HOLD for frame in kept[clip]]
        assert firsts == [0, 4, 8], clip
    sizes = stills.filter(pl.col("still").str.starts_with("shorts/clip 07/")).select("width", "height").unique().rows()
    assert sizes == [(131, 77)]
    with ShardReader() as reader:
        assert all(reader.read_rows(stills.select(list(FILES))))
    times = read_table("data/frames/shorts/clip 14.parquet", only(FRAMES, "frame", "time"))["time"].to_list()
    assert times == pytest.approx([(n + (n > 5)) / RATE for n in range(12)], abs=1e-3)
    reasons = read_table("data/dedup/shorts/clip 10.parquet", DEDUP)["reason"].to_list()
    assert reasons == ["kept", "held", "held", "held"] * DRAWINGS
    assert read_table("data/detect/shorts/pack.parquet", DETECT).filter(kind="person").height > 0


def test_a_broken_clip_is_a_line_with_its_reason(shorts: Path) -> None:
    probed = json.loads((shorts / "data/probe/shorts/pack.json").read_text())
    assert {name: why.split(";")[0] for name, why in probed["failed"].items()} == {
        "cut off": "data/raw/shorts/cut off.mp4: not a readable video (Invalid data found when processing input)",
        "page": "data/raw/shorts/page.gif: not a readable video (End of file)",
    }
    assert len(probed["clips"]) == 58 and len(probed["videos"]) == 60
    for table in sorted(shorts.glob("data/*/shorts/pack.parquet")):
        clips, failed = read_pack(table)
        assert sorted(failed) == ["cut off", "page"] and len(clips) == 58, table
    said = (shorts / "logs/probe/shorts/pack.log").read_text().splitlines()
    told = [line.split(":")[0] for line in said if line.startswith("shorts/")]
    assert told == ["shorts/cut off", "shorts/page"]
    assert said[-1].startswith("probe shorts/pack: 60 clips, 60 anew, 0 as they were, 2 failed (cut off: data/raw/")


def test_a_repost_is_left_out_with_the_clip_that_it_repeats(shorts: Path) -> None:
    rows = read_table(shorts / "data/dataset/left-out/shorts.parquet", LEFT_OUT).filter(reason="series")
    stills = rows.filter(pl.col("crop").is_null()).select("still", "same_as").rows()
    whose = Counter((still.split("/")[1], kept.split("/")[1]) for still, kept in stills)
    plain = {pair: count for pair, count in whose.items() if not pair[0].startswith("film")}
    assert plain == {(Path(name).stem, clip): DRAWINGS for name, clip in REPOSTS.items()}
    kept = read_table(shorts / TARGET, only({"still": pl.String, "split": pl.String}, "still", "split"))
    assert not {still.split("/")[1] for still in kept["still"]} & {Path(name).stem for name in REPOSTS}


def test_a_clip_is_traced_as_an_episode_is(shorts: Path) -> None:
    found = trace("shorts/clip 10/000005", shorts)
    assert found["shown_by"] == "shorts/clip 10/000004" and found["absent"] == [] and found["damaged"] == {}
    assert [row["codec"] for row in found["probe"]] == ["gif"]
    assert [row["still"] for row in found["stills"]] == ["shorts/clip 10/000004"]
    again = next(row for row in trace("shorts/repost cropped/000000", shorts)["left_out"] if row["kind"] != "head")
    assert (again["reason"], again["same_as"]) == ("series", "shorts/clip 02/000000")
    for frame, why in (
        ("shorts/page/000000", "nothing is made of it: data/raw/shorts/page.gif: not a readable video"),
        ("shorts/nobody/000000", "no such clip is in "),
        ("shorts/pack/000000", "pack is a pack of clips; name the clip, as shorts/its name/000000"),
    ):
        with pytest.raises(GengaError, match=f"^{frame}: {why}"):
            trace(frame, shorts)


EXPORTS = ("kohya", "diffusion-pipe", "musubi", "imagefolder", "webdataset", "hydrus")
OF_CLIPS = ("video-blip2", "animatediff", "musubi", "diffusion-pipe", "videofolder")


def test_a_series_in_packs_is_exported_packed_and_made_again(
    shorts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "exported"
    shutil.copytree(shorts, folder, symlinks=True)
    params = folder / "params.yaml"
    params.write_text(re.sub(r"(?m)^  length: \d+ ", "  length: 3 ", params.read_text(), count=1))
    ran = snakemake(folder, "data/clipset/shorts.parquet")
    assert ran.code == 0, ran.text
    monkeypatch.chdir(folder)
    rows = read_table(TARGET, only(DATASET, "image", "split"))
    trained = rows.filter(split="train").height
    for kind in EXPORTS:
        assert f"{trained if kind in EXPORTS[:4] else rows.height} images in" in said_by("export", kind, "shorts", kind)
    images = {kind: sum(path.suffix == ".png" for path in Path(kind).rglob("*")) for kind in EXPORTS}
    both = rows.height
    assert images == dict(zip(EXPORTS, (trained, trained, trained, both, 0, both), strict=True))
    clips = read_table("data/clipset/shorts.parquet", only(CLIPSET, "clip", "split"))
    for kind in OF_CLIPS:
        wanted = clips if kind == "videofolder" else clips.filter(split="train")
        assert f"clips shorts: {wanted.height} in" in said_by("clips", kind, "shorts", f"of {kind}")
        assert sum(path.suffix == ".mp4" for path in Path(f"of {kind}").rglob("*")) == wanted.height
    said_by("export", "stills", "shorts/clip 10", "stills")
    assert sorted(path.name for path in Path("stills").glob("*.png")) == ["000000.png", "000004.png", "000008.png"]
    said_by("export", "sheet", "shorts/clip 10", "sheet.csv")
    assert len(Path("sheet.csv").read_text().splitlines()) == 1 + DRAWINGS
    for kind, out in (("stills", "none"), ("sheet", "none.csv")):
        with pytest.raises(GengaError, match=r"^shorts/pack: is a pack of clips; name one of them, as shorts/its name"):
            said_by("export", kind, "shorts/pack", out)
    said_by("package", "dataset", "shorts", "--license", "other", "--license-name", "mine", "--out", "whole")
    said_by(
        "package", "dataset", "shorts", "--license", "other", "--license-name", "mine", "--no-pixels", "--out", "no"
    )
    said_by("rebuild", "no", "--videos", f"{RAW}", "--out", "again")
    assert contents(Path("again")) == contents(Path("whole")) != {}


def said_by(*arguments: str) -> str:
    done = CliRunner().invoke(genga, arguments)
    if done.exception is not None:
        raise done.exception
    return done.output


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_clip_concerns_one_pack_and_the_rest_is_taken_over(shorts: Path, tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(shorts, folder, symlinks=True)
    (folder / RAW / "clip 10.gif").rename(folder / RAW / "renamed.gif")
    write_clip(folder / RAW / "clip 11.webp", unequal(clip_of(990)), RATE)
    write_clip(folder / RAW / "new.mp4", clip_of(991), RATE)
    assert snakemake(folder, "-n", TARGET).jobs == dict.fromkeys(sorted(ALL), 1)
    ran = snakemake(folder, TARGET)
    assert ran.code == 0, ran.text
    # The broken ones are looked at again by nobody: what they are is known, too.
    assert anew(ran) == {stage: (3, 58 if stage == "probe" else 56) for stage in STAGES}
    taken = files(folder)
    for name in ("data", ".cache"):
        for path in (folder / name).iterdir():
            if path.name != "raw":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(folder / ".snakemake")
    (folder / "records.jsonl").unlink()
    all_anew = snakemake(folder, TARGET)
    assert anew(all_anew)["frames"] == (59, 0)
    assert files(folder) == taken


def test_a_decision_about_a_clip_is_that_clips_alone(shorts: Path, tmp_path: Path) -> None:
    folder = tmp_path / "decided"
    shutil.copytree(shorts, folder, symlinks=True)
    csv = folder / "corrections/shorts/clip 12/frames.csv"
    csv.parent.mkdir(parents=True)
    csv.write_text("frame,decision\n0,drop\n")
    ran = snakemake(folder, "data/dedup/shorts/pack.parquet", "data/stills/shorts/pack.parquet")
    assert ran.code == 0, ran.text
    assert anew(ran) == {"dedup": (1, 57), "stills": (1, 57)}
    reasons = read_table(folder / "data/dedup/shorts/clip 12.parquet", DEDUP)["reason"].to_list()
    assert reasons == ["dropped"] * HOLD + ["kept", "held", "held", "held"] * 2


def test_a_pack_is_divided_and_put_together_and_only_what_changed_is_made_anew(shorts: Path, tmp_path: Path) -> None:
    folder = tmp_path / "divided"
    shutil.copytree(shorts, folder, symlinks=True)
    changed = folder / RAW / "clip 12.apng"
    write_clip(changed, clip_of(992), RATE)
    params = folder / "params.yaml"
    params.write_text(params.read_text().replace("{shorts: true}", "{shorts: true, pack: 40}"))
    ran = snakemake(folder, "data/shots/shorts/pack-0.parquet", "data/shots/shorts/pack-1.parquet")
    assert ran.code == 0, ran.text
    assert sorted(re.findall(r" (\d+) anew, ", ran.text)) == ["0"] * 3 + ["1"] * 3
    both = [name for half in "01" for name in names_in(folder / f"data/shots/shorts/pack-{half}.parquet")]
    assert sorted(both) == names_in(shorts / "data/shots/shorts/pack.parquet")
    left = {path.name for stage in ("probe", "frames", "shots") for path in (folder / f"data/{stage}/shorts").iterdir()}
    assert left == {f"pack-{half}.{kind}" for half in "01" for kind in ("json", "parquet", "tar")}
    again = snakemake(folder, "-n", "data/shots/shorts/pack-0.parquet", "data/shots/shorts/pack-1.parquet")
    assert "Nothing to be done" in again.text and again.jobs == {}
    params.write_text(params.read_text().replace(", pack: 40}", "}"))
    shutil.copy2(shorts / RAW / changed.name, changed)
    ran = snakemake(folder, "data/shots/shorts/pack.parquet")
    assert anew(ran) == {"probe": (1, 59), "frames": (1, 57), "shots": (1, 57)}
    for name in ("probe/shorts/pack.json", "frames/shorts/pack.tar", "shots/shorts/pack.parquet"):
        assert (folder / "data" / name).read_bytes() == (shorts / "data" / name).read_bytes()


def test_a_killed_pack_leaves_nothing_half_written(shorts: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    folder.mkdir()
    copy_project(folder)
    shutil.copytree(shorts / RAW, folder / RAW)
    shutil.copy2(shorts / "params.yaml", folder / "params.yaml")
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "data/frames/shorts/pack.parquet"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        shard = folder / "data/frames/shorts"
        until = time.monotonic() + 60
        while not any(path.stat().st_size > 50_000 for path in shard.glob(".pack.tar.*.tmp")):
            assert time.monotonic() < until and run.poll() is None
            time.sleep(0.01)
        os.kill(run.pid, signal.SIGKILL)
    time.sleep(0.3)
    assert not any(shard.glob("pack.*"))
    ran = snakemake(folder, "data/frames/shorts/pack.parquet")
    assert ran.code == 0, ran.text
    for name in ("pack.parquet", "pack.tar"):
        assert (shard / name).read_bytes() == (shorts / "data/frames/shorts" / name).read_bytes()
    assert [path.name for path in sorted(shard.iterdir())] == ["pack.parquet", "pack.tar"]


assert len(BROKEN) == 2 and len(ENDINGS) == 5
