"""Packages of models: what hubs and web UIs read of a run's checkpoint and of a merge."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from audited import BASE, MODEL, SELECTED, WHO, add_merge, make, record
from PIL import Image
from typer.testing import CliRunner

from genga.__main__ import app
from genga.audit.card import what_it_learnt
from genga.audit.model_package import _calling
from genga.audit.previews import OF_SAMPLE
from genga.errors import GengaError
from genga.exchange.png_text import infotext, with_text
from genga.images.codec import decode, encode
from genga.store.files import read_json, sha256_of
from genga.store.parquet import write_table
from genga.store.shards import writing_shard
from genga.video.writing import as_video
from genga.workflow.records import read_records, write_records

SAID = ("--license", "other", "--license-name", "faipl-1.0-sd", "--rights", "of the studio")
DRAWN = {"steps": 20, "scheduler": "dpm++", "guidance": 5.0, "negative": "blurry"}
# What AUTOMATIC1111's web UI takes a line of settings apart with (modules/infotext_utils.py).
SETTING = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The audited project, whose run has drawn two prompts with two seeds at each checkpoint."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path)
    rows = []
    with writing_shard("data/sample/r.tar") as shard:
        for step in (2, 4):
            for prompt, text in enumerate(("hana, smile", "hana, 花")):
                for seed in (7, 8):
                    name, grey = f"r/{step:06d}-{prompt}-{seed}", 40 * step + 10 * prompt + seed
                    place = shard.add(name, encode(np.full((6, 8, 3), grey, np.uint8)))
                    rows.append({"sample": name, "step": step, "prompt_text": text, "seed": seed, "frames": 1,
                                 "width": 8, "height": 6, **place})  # fmt: skip
    write_table("data/sample/r.parquet", pl.DataFrame(rows, schema=dict(OF_SAMPLE)), OF_SAMPLE)
    records = read_records()
    job = record("sample", ["data/sample/r.parquet", "data/sample/r.tar"], ["models/r/checkpoints.json"], sample=DRAWN)
    write_records(replace(records, jobs={**records.jobs, job.key: job}))
    return tmp_path


def genga(*words: str) -> str:
    return CliRunner().invoke(app, list(words), catch_exceptions=False).output


def parameters(png: bytes) -> tuple[list[str], Mapping[str, str]]:
    """The lines of a picture's text, and what the last of them sets, as the web UI reads it."""
    lines = Image.open(io.BytesIO(png)).text["parameters"].split("\n")
    return lines, dict(SETTING.findall(lines[-1]))


def test_the_selected_checkpoint_is_packed_with_what_uis_read(project: Path) -> None:
    assert genga("package", "model", "r", *SAID, "--previews", "3") == (
        "package r: packages/r/r.safetensors with card and 3 pictures\n"
    )
    names = sorted(path.relative_to("packages/r").as_posix() for path in Path("packages/r").rglob("*.*"))
    assert names == [
        "README.md", "genga-export.json", "genga-package.json", "images/00.png", "images/01.png", "images/02.png",
        "r.json", "r.preview.png", "r.safetensors", "training.json",
    ]  # fmt: skip
    assert sha256_of("packages/r/r.safetensors") == sha256_of(SELECTED) != sha256_of(MODEL.replace("4.", "2."))
    beside = read_json("packages/r/r.json")
    assert beside["activation text"] == WHO and beside["notes"] == "of the studio"
    learnt = read_json("packages/r/training.json")
    assert (learnt["images"], learnt["looks"], learnt["characters"]) == (2, 4, {"hana": 1})
    assert learnt["parameters"] == {"max_steps": 4} and learnt["step"] == 4
    note = read_json("packages/r/genga-package.json")
    assert note["of_others_pictures"] == {"images_learnt_from": 2, "pixels": False}


def test_each_prompt_is_shown_before_a_second_seed_and_its_settings_are_in_the_picture(project: Path) -> None:
    genga("package", "model", "r", *SAID, "--previews", "3")
    pictures = [Path(f"packages/r/images/0{number}.png").read_bytes() for number in range(3)]
    assert [decode(png)[0, 0, 0] for png in pictures] == [160 + 7, 170 + 7, 160 + 8]
    lines, settings = parameters(pictures[1])
    assert lines[:2] == ["hana, 花 <lora:r:1>", "Negative prompt: blurry"]
    base = sha256_of(BASE)[:10]
    assert {name: value.strip('"') for name, value in settings.items()} == {
        "Steps": "20", "Sampler": "DPM++ 2M", "CFG scale": "5", "Seed": "7", "Size": "8x6", "Model hash": base,
        "Model": "tiny", "Lora hashes": f"r: {json.loads(_header(SELECTED))['__metadata__']['sshs_model_hash'][:12]}",
        "Version": "genga",
    }  # fmt: skip
    assert Path("packages/r/r.preview.png").read_bytes() == pictures[0]


MOVING = [np.full((6, 8, 3), 40 * k, np.uint8) for k in range(4)]


def moving(form: str) -> bytes:
    """The run's samples are clips; return that of the selected checkpoint."""
    by_frame = [{"frame": 0, "text": "hana, smile"}, {"frame": 2, "text": "hana, closed eyes"}]
    data = as_video(MOVING, 8.0, form)
    with writing_shard("data/sample/r.tar") as shard:
        rows = [{"sample": f"r/{step:06d}-0-7", "step": step, "prompt_text": "hana, smile", "seed": 7, "frames": 4,
                 "rate": 8.0, "by_frame": by_frame, "width": 8, "height": 6, **shard.add(f"{step}.{form}", data)}
                for step in (2, 4)]  # fmt: skip
    write_table("data/sample/r.parquet", pl.DataFrame(rows, schema=dict(OF_SAMPLE)), OF_SAMPLE)
    return data


def test_a_clip_lies_there_as_drawn_and_plays_where_pictures_are_shown(project: Path) -> None:
    data = moving("mp4")
    genga("package", "model", "r", *SAID)
    names = sorted(path.name for path in Path("packages/r/images").iterdir())
    assert names == ["00.mp4", "00.txt", "00.webp"]
    assert Path("packages/r/images/00.mp4").read_bytes() == data
    shown = Path("packages/r/images/00.webp").read_bytes()
    with Image.open(io.BytesIO(shown)) as picture:
        assert (picture.n_frames, picture.size, picture.info["loop"]) == (4, (8, 6), 0)
        picture.load()
        assert picture.info["duration"] == 125  # ms, of the first of them
    assert Path("packages/r/r.preview.webp").read_bytes() == shown
    said = Path("packages/r/images/00.txt").read_text(encoding="utf-8").splitlines()
    assert said[:3] == ["0: hana, smile", "2: hana, closed eyes <lora:r:1>", "Negative prompt: blurry"]
    assert "Size: 8x6, Frames: 4, FPS: 8, Model hash: " in said[3]
    _, front, body = Path("packages/r/README.md").read_text(encoding="utf-8").split("---\n", 2)
    assert yaml.safe_load(front)["widget"] == [{"text": "hana, smile", "output": {"url": "images/00.webp"}}]
    assert "![hana, smile](images/00.webp) ([as it was drawn](images/00.mp4))" in body
    assert "Prompt and settings are in a text beside each clip." in body
    note = read_json("packages/r/genga-package.json")
    assert note["drawn_by_the_model"] == ["images/00.webp", "images/00.mp4"]


@pytest.mark.parametrize("form", ["webp", "gif"])
def test_a_clip_that_pages_play_anyway_is_shown_as_it_was_drawn(project: Path, form: str) -> None:
    data = moving(form)
    genga("package", "model", "r", *SAID)
    for file in (f"images/00.{form}", f"r.preview.{form}"):
        assert Path("packages/r", file).read_bytes() == data
    assert not list(Path("packages/r/images").glob("*.mp4"))
    assert f"![hana, smile](images/00.{form})\n" in Path("packages/r/README.md").read_text(encoding="utf-8")


def _header(path: str) -> bytes:
    data = Path(path).read_bytes()
    return data[8 : 8 + int.from_bytes(data[:8], "little")]


def test_the_card_is_the_runs_with_licence_gallery_and_words(project: Path) -> None:
    genga("package", "model", "r", *SAID, "--previews", "1")
    _, said, body = Path("packages/r/README.md").read_text(encoding="utf-8").split("---\n", 2)
    front = yaml.safe_load(said)
    assert (front["license"], front["license_name"], front["instance_prompt"]) == ("other", "faipl-1.0-sd", WHO)
    assert front["widget"] == [{"text": "hana, smile", "output": {"url": "images/00.png"}}]
    assert "## Words that call it\n\n`hana`\n" in body and "![hana, smile](images/00.png)" in body
    assert "No picture: it has learnt from 2 images" in body and "these pictures: of the studio." in body
    assert body.index("## Drawn with it") < body.index("## Training data") < body.index("## Checkpoints")


def test_crops_that_nobody_named_are_no_words_that_call_it() -> None:
    whose: list[dict | None] = [{"name": None}, {"name": "ren"}, None, {"name": ""}, {"name": "hana"}]
    images = [{"character": one} for one in whose]
    assert list(_calling("red", {"images": images}))[2] == "`red`, `hana`, `ren`"
    assert list(_calling("", {"images": images[:1]})) == []


def test_what_a_model_has_learnt_from_in_a_word() -> None:
    still, clip, unknown = {"kind": "head"}, {"kind": "clip"}, {"kind": None}
    assert [what_it_learnt(of) for of in ([still, unknown], [clip], [clip, still], [])] == [
        "images", "clips", "clips and images", "images",
    ]  # fmt: skip


def test_a_merge_is_packed_without_pictures(project: Path) -> None:
    add_merge("mix", 9, a=("base", "base", BASE), b=("run", "r", SELECTED))
    assert (
        genga("package", "model", "mix", *SAID)
        == "package mix: packages/mix/mix.safetensors with card and 0 pictures\n"
    )
    assert sha256_of("packages/mix/mix.safetensors") == sha256_of("models/mix/mix.safetensors")
    with pytest.raises(GengaError, match="mix: is a merge, which has no steps; leave --step out"):
        genga("package", "model", "mix", *SAID, "--step", "2")


def test_a_run_without_a_selected_checkpoint_and_other_bad_words_are_one_line(project: Path) -> None:
    for words, line in (
        (("../r", *SAID), r"a run or merge is named as its folder in models/, as in akari; got '\.\./r'"),
        (("x", *SAID), r"'x': no such run here \(runs with a checkpoints\.json: r\); train it, or pull it"),
        (("r",), "no licence is named: --license"),
        (("r", *SAID, "--step", "3"), "run r has no checkpoint at step 3"),
    ):
        with pytest.raises(GengaError, match=f"^{line}"):
            genga("package", "model", *words)
    Path("data/evaluate/r.json").unlink()
    with pytest.raises(GengaError, match=r"^models/r: no checkpoint of it is selected; .*: --step \(there are 2, 4\)$"):
        genga("package", "model", "r", *SAID)
    assert not Path("packages").exists()
    genga("package", "model", "r", *SAID, "--step", "2")
    assert read_json("packages/r/training.json")["step"] == 2


def test_pictures_of_which_no_record_says_how_they_were_drawn_are_not_packed(project: Path) -> None:
    records = read_records()
    write_records(replace(records, jobs={key: job for key, job in records.jobs.items() if job.rule != "sample"}))
    with pytest.raises(GengaError, match=r"data/sample/r\.parquet: no record says how it was drawn; .*--previews 0"):
        genga("package", "model", "r", *SAID)
    assert genga("package", "model", "r", *SAID, "--previews", "0").endswith("card and 0 pictures\n")


def test_text_goes_into_a_png_and_its_pixels_stay() -> None:
    png = encode(np.arange(72, dtype=np.uint8).reshape(4, 6, 3))
    told = with_text(png, {"parameters": "花, a\nb"})
    assert (decode(told) == decode(png)).all() and Image.open(io.BytesIO(told)).text == {"parameters": "花, a\nb"}
    assert b"tEXtparameters\0plain" in with_text(png, {"parameters": "plain"})
    with pytest.raises(GengaError, match="is no PNG"):
        with_text(b"JPEG", {})
    assert infotext("a", "", {"Steps": 3, "Model": 'x "y", z'}) == 'a\nSteps: 3, Model: "x \\"y\\", z"'
