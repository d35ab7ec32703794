"""The report of a run whose samples move: videos, filmstrips, ranges of drawn clips, and where a sample comes from."""

import base64
from pathlib import Path

import cv2
import numpy as np
import polars as pl
import pytest
from pages import CLIPS_POLICY, Page
from test_report import evaluation, make, picture, run_folder  # noqa: F401 the fixture
from typer.testing import CliRunner

from genga.cli.summary import app
from genga.images.codec import data_uri
from genga.pages._report.clips import even, strip
from genga.store.files import read_facts, write_facts
from genga.store.parquet import read_table, write_table
from genga.store.shards import writing_shard
from genga.tables.evaluate import EVALUATE
from genga.tables.sample import SAMPLE
from genga.tables.schema import SHARD
from genga.video.writing import as_video, frames_of

NAMES = ("moves", "freezes", "dynamics", "held", "hold", "flicker", "warping", "identity")


def clip(seed: int) -> list[np.ndarray]:
    """A picture that slides, 12 frames of 65x48 px."""
    wide = cv2.resize(picture(seed), (160, 48), interpolation=cv2.INTER_NEAREST)
    return [np.ascontiguousarray(wide[:, 4 * number : 4 * number + 64]) for number in range(12)]


def value(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.1, "high": mean + 0.1}


@pytest.fixture
def moving(run_folder) -> Path:  # noqa: F811
    """The run of test_report, its samples clips; prompt 1 is prompt 0 without the word of the style."""
    schema = pl.read_parquet("data/sample/hana.parquet").schema
    rows = read_table("data/sample/hana.parquet", schema).drop(*SHARD).to_dicts()
    with writing_shard("data/sample/hana.tar") as shard:
        made = [{**row, "frames": 12, "rate": 8.0, **shard.add(f"{n}.mp4", as_video(clip(n), 8, "mp4"))}
                for n, row in enumerate(rows)]  # fmt: skip
    made[0]["by_frame"] = [{"frame": 0, "text": "smile"}, {"frame": 6, "text": "<closed> eyes"}]
    table = pl.DataFrame(made, schema={**schema, "by_frame": SAMPLE["by_frame"]})
    write_table("data/sample/hana.parquet", table, table.schema)
    judged = [
        {**row, "dynamics": 0.25, "held": 0.0, "hold": 0.125, "flicker": 1.5, "warping": 2.5, "identity": 1.0,
         "moves": 1.0 if row["step"] else 0.125, "freezes": not row["step"],
         "outside": [] if row["step"] else ["dynamics", "hold"],
         "nearest_clip": ["show/ep 01/000012-000027"], "nearest_clip_frame": [12], "nearest_clip_difference": [0.25],
         "caption_clip": ["show/第二話/000040-000055"], "caption_overlap": [0.5]}
        for row in read_table("data/evaluate/hana.parquet", EVALUATE).to_dicts()
    ]  # fmt: skip
    write_table("data/evaluate/hana.parquet", pl.DataFrame(judged, schema=dict(EVALUATE)), EVALUATE)
    said = evaluation()
    for row, mean in zip(said["steps"], (0.125, 1.0), strict=True):
        row |= {name: value(mean) for name in NAMES}
    said["difference"] |= {name: value(0.875) for name in NAMES}
    said["motion"] = {"split": "held-out", "clips": 9, "inside": 0.9, "rates": [8.0, 8.0],
                      "ranges": {name: [0.2, 0.75] for name in NAMES[2:]}, "enlarged": []}  # fmt: skip
    added = {name: value(0.25) for name in ("recognition_v1", "adherence", "moves")}
    said["style"] = {"prompts": [[0, 1]], "base": added, "selected": added}
    write_facts("data/evaluate/hana.json", said)
    return run_folder


PARAMETERS = {"clipset": {"style": "anime"}}


def test_the_page_plays_every_sample_and_prints_its_frames(moving) -> None:
    text, figures = make(parameters=PARAMETERS)
    page = Page(text, CLIPS_POLICY)
    videos = [attrs for tag, attrs in page.found if tag == "video"]
    assert {key for attrs in videos for key in attrs} == {
        "src", "aria-label", "autoplay", "loop", "muted", "playsinline"
    }  # fmt: skip
    assert len({attrs["src"] for attrs in videos}) == 8 and all(attrs["aria-label"] for attrs in videos)
    head, data = videos[0]["src"].split(",")
    frames = frames_of(base64.b64decode(data), "video")
    assert head == "data:video/webm;base64" and (len(frames), frames[0].shape) == (12, (24, 32, 3))
    strips = [attrs for tag, attrs in page.found if tag == "img" and "class" in attrs]
    assert len({attrs["src"] for attrs in strips}) == 8 and all(
        attrs["class"] == "strip" and attrs["alt"] for attrs in strips
    )
    assert "script" not in {tag for tag, _ in page.found}
    links = {attrs[key] for _, attrs in page.found for key in ("src", "href") if key in attrs}
    assert all(link.startswith(("data:", "#", "audit.html", "../../data/")) for link in links)
    assert make(parameters=PARAMETERS)[0] == text and figures["samples"][0]["rate"] == 8.0


def test_motion_is_shown_beside_the_range_of_drawn_clips(moving) -> None:
    text, _ = make(parameters=PARAMETERS)
    said = " ".join(Page(text, CLIPS_POLICY).text.split())
    assert "How samples move, beside 9 held-out clips of the series" in said and "drawn clips, 90 % of them" in said
    assert "0.20 to 0.75" in said and "moves 0.12 freezes dynamics" in said and "moves 1.00" in said
    assert "<h3>Moves</h3>" in text and "drawn clips from 0.20" in text and "same person over time" in text


def test_drawings_that_were_made_larger_are_shown(moving) -> None:
    assert "made larger" not in make(parameters=PARAMETERS)[0]
    path = Path("data/evaluate/hana.json")
    said = read_facts(path)
    pair = {"before": data_uri(picture(1), 90), "after": data_uri(picture(2), 90)}
    said["motion"]["enlarged"] = [
        {"frame": "show/<ep>/000012", "by": "realcugan", "denoise": 0, "factor": 2, **pair}
    ]  # fmt: skip
    write_facts(path, said)
    text, _ = make(parameters=PARAMETERS)
    page = Page(text, CLIPS_POLICY)
    assert "show/<ep>/000012: 2 times by realcugan" in " ".join(page.text.split())
    shown = [attrs["src"] for tag, attrs in page.found if tag == "img"]
    assert shown.count(pair["before"]) == shown.count(pair["after"]) == 1


def test_a_sample_leads_to_the_clips_that_it_is_near_to(moving) -> None:
    said = " ".join(Page(make(parameters=PARAMETERS)[0], CLIPS_POLICY).text.split())
    assert "show/ep 01/000012-000027 frame 12, difference 0.250" in said
    assert "show/第二話/000040-000055 shares 50 % of the words" in said
    assert "12 frames at 8 a second" in said and "tag0 from frame 6: <closed> eyes" in said


def test_the_summary_has_the_figures_of_motion(moving) -> None:
    make(parameters=PARAMETERS)
    said = CliRunner().invoke(app, ["--reports", "out"]).output
    line = next(line for line in said.splitlines() if line.startswith("  moves "))
    assert [line.split()[place] for place in (0, 4, 5, 6)] == ["moves", "1.00", "[0.90,", "1.10]"]
    assert "  freezes " in said and "  identity " in said


def test_with_and_without_the_word_for_the_style_stand_beside_each_other(moving) -> None:
    text, _ = make(parameters=PARAMETERS)
    said = " ".join(Page(text, CLIPS_POLICY).text.split())
    assert "With and without the word for their style" in said and "Captions of all clips have the word anime" in said
    assert "recognition +0.25 +0.15 to +0.35" in said
    assert text.count('<div class="pair card">') == 2  # a seed each


def test_a_strip_shows_the_first_and_the_last_frame_and_sides_are_even() -> None:
    frames = [np.full((10, 20, 3), number, np.uint8) for number in range(16)]
    made = strip(frames, 20)
    assert made.shape == (2 * 12, 4 * 22, 3)
    assert [int(made[12 * row, 22 * place, 0]) for row in range(2) for place in range(4)] == [0, 2, 4, 6, 9, 11, 13, 15]
    assert even(np.zeros((25, 33, 3), np.uint8)).shape == (24, 32, 3)
    assert strip(frames[:2], 20).shape == (12, 44, 3) and strip(frames[:5], 20).shape == (24, 88, 3)
