"""Stage review: the page of a made-up episode of ten frames, four drawings and two shots, counted by hand."""

import importlib.util
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pages import Page

from genga.drawings.exposure_sheet import exposures
from genga.drawings.reasons import meanings
from genga.images.codec import encode
from genga.pages._review.charts import busy, exposed, strip
from genga.pages._review.figures import compose, drawings, rhythm, shots_of, timing
from genga.pages._review.pictures import enlarged, pair, thumbnails
from genga.pages.closest import closest
from genga.pages.review import scale
from genga.params.review import Params
from genga.store.files import write_text
from genga.store.parquet import write_table
from genga.store.shards import writing_shard
from genga.tables.dedup import DEDUP
from genga.video.grid_store import CellWriter

ROOT = Path(__file__).resolve().parent.parent
NAME = "花 s/第1話"
FRAMES = pl.DataFrame({"frame": range(10), "time": [k / 10 for k in range(10)]})
SHOTS = pl.DataFrame(
    {
        "shot": [0, 1], "start": [0, 6], "end": [6, 10], "start_time": [0.0, 0.6], "camera": ["static", "pan"],
        "transition": ["cut", "fade"], "timing": [2.0, 1.5],
    }
)  # fmt: skip


def row(frame: int, keeper: int | None, reason: str, *asked: object, episode: str | None = None) -> tuple:
    """A row of dedup's table. asked: question, compared with, difference, threshold."""
    return (frame, int(frame > 5), keeper, reason, None, episode, *(asked or (None,) * 4), None, None, None)


TABLE = pl.DataFrame(
    [
        row(0, 1, "held"),
        row(1, 1, "kept", "held", 0, 7.0, 14.0),  # frame 0 and 1: one drawing, of which 1 is the sharpest
        row(2, 2, "kept", "held", 0, 21.0, 14.0),  # a new one, by half the threshold
        row(3, 2, "held", "held", 2, 12.0, 14.0),
        row(4, 2, "held", "held", 2, 13.0, 14.0),  # the closest of all, and of this hold
        row(5, 1, "recurring", "recurring", 1, 5.0, 20.0),
        row(6, None, "black"),
        row(7, 7, "restored", "held", 6, 13.9, 14.0),  # a person has decided
        row(8, 3, "series", "held", 7, 14.1, 14.0, episode="第0話"),
        row(9, 9, "kept", "recurring", 1, 60.0, 20.0),
    ],
    schema=dict(DEDUP),
    orient="row",
)
SHEET = exposures(FRAMES, TABLE)


def test_the_closest_calls_and_what_overrules_them() -> None:
    found = closest(TABLE, 10)
    assert [(one.compared, one.frame, one.one, one.line) for one in found] == [
        (2, 4, True, "4,keep,,,"),  # 13 beside 14
        (0, 2, False, "2,drop,,,"),  # 21 beside 14
        (0, 1, True, "0,keep,,,"),  # 7 beside 14: 1 stands for both, so the other is the one to keep
        (1, 9, False, "9,drop,,,"),  # 60 beside 20
        (1, 5, True, "5,keep,,,"),  # 5 beside 20
    ]
    assert closest(TABLE, 2) == found[:2]


def test_no_difference_is_no_close_call() -> None:
    same = TABLE.with_columns(difference=pl.lit(0.0))
    assert closest(same, 10) == []


def test_a_new_drawing_is_called_by_its_keeper() -> None:
    rows = [row(0, 0, "kept"), row(1, 2, "held", "held", 0, 15.0, 14.0), row(2, 2, "kept", "held", 1, 1.0, 14.0)]
    found = closest(pl.DataFrame(rows, schema=dict(DEDUP), orient="row"), 1)
    assert [(one.compared, one.frame, one.line) for one in found] == [(0, 1, "2,drop,,,")]


def test_figures() -> None:
    found = compose(NAME, FRAMES, SHOTS, TABLE, SHEET, closest(TABLE, 1))
    assert (found["series"], found["episode"]) == ("花 s", "第1話")
    assert (found["frames"], found["shots"], found["drawings"], found["exposures"]) == (10, 2, 4, 7)
    assert found["seconds"] == pytest.approx(1.0)
    assert found["reasons"] == {"held": 3, "kept": 3, "black": 1, "recurring": 1, "restored": 1, "series": 1}
    assert found["timing"] == {"between": 1, "on twos": 1}
    assert found["closest"] == [
        {"frame": 4, "shot": 0, "asked": "held", "compared": 2, "difference": 13.0, "threshold": 14.0, "one": True,
         "about": 4, "line": "4,keep,,,", "time": 0.4, "compared_time": 0.2}
    ]  # fmt: skip


def test_a_reason_without_words_is_shown_all_the_same() -> None:
    assert meanings(["kept", "glow"])["glow"] == ("", "none") and "glow" not in meanings(["kept"])


def test_what_timing_is_called() -> None:
    assert [timing(frames) for frames in (1, 2, 2.5, 3, 4, 4.5, 52)] == [
        "on ones", "on twos", "between", "on threes", "on fours", "longer", "longer",
    ]  # fmt: skip


def test_shots_and_their_drawings() -> None:
    first, second = shots_of(SHOTS, TABLE, SHEET)
    assert first["blocks"] == [(0, 2, 0, "first"), (2, 3, 1, "first"), (5, 1, 0, "again")]
    assert second["blocks"] == [(0, 1, None, "black"), (1, 1, 0, "first"), (2, 1, 1, "again"), (3, 1, 2, "first")]
    assert [(one["drawing"], one["row"], one["frames"], one["exposures"]) for one in first["new"]] == [
        (1, 0, 3, 2), (2, 1, 3, 1),
    ]  # fmt: skip
    assert [(one["drawing"], one["row"], one["restored"]) for one in second["new"]] == [(7, 0, True), (9, 2, False)]
    assert (first["again"], second["again"], second["series"]) == ([], [], {"第0話": 1})


def test_for_how_long_drawings_are_on_screen() -> None:
    assert drawings(SHEET).rows() == [
        (1, 0, 0.0, 3, 2, 2), (2, 0, 0.2, 3, 1, 3), (7, 1, 0.7, 1, 1, 1), (9, 1, 0.9, 1, 1, 1),
    ]  # fmt: skip


def test_how_busy_an_episode_is() -> None:
    found = rhythm(SHEET, 1.0)
    assert found == [{"time": 0.0, "step": 1.0, "new": 4, "again": 2}]
    assert "4 new ones and 2 that were there before" in busy(found)
    late = exposures(FRAMES.with_columns(pl.col("time") * 300), TABLE)  # five minutes
    assert [(one["new"], one["again"]) for one in rhythm(late, 300.0)][:21:10] == [(1, 0), (0, 0), (1, 0)]


def test_a_strip_has_a_block_for_each_exposure() -> None:
    (first, _) = shots_of(SHOTS, TABLE, SHEET)
    drawn = strip(first)
    assert 'class="new" d="M0 0h2v1h-2zM2 1h3v1h-3z"' in drawn and 'class="again" d="M5 0h1v1h-1z"' in drawn
    assert "2 drawings in 3 exposures" in drawn


def test_a_shot_in_words() -> None:
    first, second = shots_of(SHOTS, TABLE, SHEET)
    assert exposed(first) == "1 for 2, 2 for 3, 1 for 1"
    assert exposed(second) == "black for 1, 1 for 1, 2 for 1, 3 for 1"
    moved = first | {"blocks": [(0, 2, 0, "first"), (2, 24, 0, "camera")]}
    assert exposed(moved) == "1 for 2, 1 camera for 24"


def test_a_difference_on_the_scale() -> None:
    assert [scale(value, 14.0) for value in (14.0, 28.0, 56.0, 999.0, 7.0, 0.0)] == [50, 75, 100, 100, 25, 0]


GRID = np.zeros((12, 16), np.uint8)
OTHER = GRID.copy()
OTHER[6:8, 4:6] = 40


def test_where_two_grids_differ() -> None:
    (call, *_) = closest(
        pl.DataFrame([row(0, 0, "kept"), row(1, 1, "kept", "held", 0, 40.0, 14.0)], schema=dict(DEDUP), orient="row"), 1
    )
    found = pair(call, [GRID, OTHER])
    assert (found.size, found.block, found.detail) == ((16, 12), (4, 6, 2, 2), (0, 4, 11, 6))
    assert enlarged(OTHER).shape == (240, 320, 3)
    strip = np.zeros((1, 166), np.uint8)  # of a banner of 2000 x 12 px: 240 rows of it are wider than WebP can be
    assert enlarged(strip).shape == (24, 3984, 3)


def test_thumbnails_shrink_until_they_fit_and_none_is_left_out() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 160, 3)).astype(np.uint8)
    stills = [(frame, encode(np.roll(noise, frame, axis=1))) for frame in range(40)]
    with ThreadPoolExecutor(2) as pool:
        many, few = (
            thumbnails(stills, Params(thumbnail=128, quality=60, max_megabytes=size, closest=0), pool)
            for size in (9.0, 0.2)
        )
    assert list(many) == list(few) == list(range(40))
    used = [sum(map(len, found.values())) for found in (many, few)]
    assert used[0] > 200_000 >= used[1] > 100_000


@pytest.fixture
def episode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tables of the episode; the current folder."""
    monkeypatch.chdir(tmp_path)
    with writing_shard(f"data/frames/{NAME}.tar") as shard:
        store = CellWriter(shard)
        for frame in range(10):
            store.add(np.roll(OTHER, frame, axis=1))
        store.close()
    frames = FRAMES.hstack(pl.DataFrame(store.index))
    with writing_shard(f"data/stills/{NAME}.tar") as shard:
        stills = pl.DataFrame(
            [
                {"frame": frame, "width": 64, "height": 48,
                 **shard.add(f"{frame:06d}.png", encode(np.full((48, 64, 3), 20 * frame, np.uint8)))}
                for frame in (1, 2, 7, 9)
            ]
        )  # fmt: skip
    for stage, table in (("frames", frames), ("shots", SHOTS), ("dedup", TABLE), ("stills", stills)):
        write_table(f"data/{stage}/{NAME}.parquet", table, table.schema)
    write_text("params.yaml", (ROOT / "params.yaml").read_text(encoding="utf-8"))
    return tmp_path


def make(out: str = f"data/review/{NAME}") -> tuple[str, dict]:
    """Run the script in the current folder; returns the page and its figures."""
    spec = importlib.util.spec_from_file_location("review_script", ROOT / "scripts/review.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    tables = {f"in_{stage}": Path(f"data/{stage}/{NAME}.parquet") for stage in ("frames", "shots", "dedup", "stills")}
    script.main(**tables, out_page=Path(f"{out}.html"), out_figures=Path(f"{out}.json"), params="", threads=2)
    return Path(f"{out}.html").read_text(encoding="utf-8"), json.loads(Path(f"{out}.json").read_text(encoding="utf-8"))


def test_the_page_stands_alone_and_says_what_there_is(episode: Path) -> None:
    text, figures = make()
    page = Page(text)
    assert page.open == [] and not {"script", "link", "iframe"} & {tag for tag, _ in page.found}
    ids = {f"#{attrs['id']}" for _, attrs in page.found if "id" in attrs}
    links = {value for _, attrs in page.found for key, value in attrs.items() if key in ("src", "href")}
    other = {link for link in links if not link.startswith("data:image/webp;base64,")} - ids
    assert other == {"../../overview/%E8%8A%B1%20s.html", "%E7%AC%AC0%E8%A9%B1.html"}
    assert "://" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", text) and str(episode) not in text
    drawn = [attrs["alt"] for tag, attrs in page.found if tag == "img"]
    assert drawn == ["drawing 1", "drawing 2", "drawing 7", "drawing 9"]
    assert all(attrs.get("aria-label") or attrs.get("aria-hidden") or attrs.get("role") == "img"
               for tag, attrs in page.found if tag == "svg")  # fmt: skip
    said = " ".join(page.text.split())
    assert "4 drawings stand for 10 frames: one in 2.5." in said
    assert "These are two drawings: 4,keep,,," in said and "corrections/花 s/第1話/frames.csv" in said
    assert len(figures["closest"]) == 5


def test_the_same_tables_give_the_same_bytes(episode: Path) -> None:
    assert make() == make(f"data/again/{NAME}")


def test_an_episode_without_drawings_has_a_page(episode: Path) -> None:
    black = TABLE.with_columns(
        keeper=pl.lit(None, pl.Int64), reason=pl.lit("black"), asked=pl.lit(None, pl.String), keeper_episode=None
    ).cast(dict(DEDUP))
    write_table(f"data/dedup/{NAME}.parquet", black, DEDUP)
    stills = pl.read_parquet(f"data/stills/{NAME}.parquet").clear()
    write_table(f"data/stills/{NAME}.parquet", stills, stills.schema)
    text, figures = make()
    assert figures["drawings"] == 0 and "0 drawings stand for 10 frames.</p>" in text
