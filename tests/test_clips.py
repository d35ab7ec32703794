"""Clips: which frames are a moving picture together, by hand; and real files from video to table."""

import os
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from films import texture, write_film
from PIL import Image as Pillow

from genga.dataset import clips as stage
from genga.dataset._clips import sampling
from genga.dataset._clips.motion import covered, flicker, reason
from genga.dataset._clips.sampling import Film, Stretch, cuts, picks, shown, stretches
from genga.dataset._clips.tags import lasting, scores, voted
from genga.dataset.clips import Episode, clips, size_of
from genga.params.clips import Params
from genga.params.section import parse_section, section_of_file
from genga.store.files import read_facts
from genga.store.parquet import read_table
from genga.tables.clips import CLIPS, REASONS
from genga.tables.detect import DETECT
from genga.tables.quality import QUALITY
from genga.tables.tag import TAG
from scripts import dedup, frames, probe, shots, stills

ROOT = Path(__file__).resolve().parent.parent
PARAMS = parse_section("clips", Params, section_of_file(ROOT / "params.yaml", "clips"))
NTSC = 24000 / 1001


def params(**changes: object) -> Params:
    return PARAMS.model_copy(update=changes)


def film(shown: Sequence[int], rate: float = 24.0, times: Sequence[float] | None = None) -> Film:
    """Frames at a rate, or at these times (the end among them), and which frame's picture each shows."""
    return Film(times or [number / rate for number in range(len(shown) + 1)], shown, rate)


def on(hold: int, count: int) -> list[int]:
    """Frames of drawings held for so many frames each, each shown by its first."""
    return [frame // hold * hold for frame in range(count)]


# What each frame shows


def keepers(*rows: tuple[int, int, int | None, str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["frame", "shot", "keeper", "reason", "keeper_episode"], orient="row")


def test_a_held_drawing_is_one_frame_and_what_moves_under_a_camera_is_itself() -> None:
    found = keepers(
        (0, 0, 1, "held", None), (1, 0, 1, "kept", None), (2, 0, 1, "held", None),
        (3, 0, 1, "camera", None), (4, 0, 9, "weather", None), (5, 0, None, "flash", None),
        (6, 0, 1, "recurring", None),
    )  # fmt: skip
    assert shown(found, set()) == [1, 1, 1, 3, 4, 5, 1]


def test_a_drawing_of_another_shot_or_episode_is_shown_by_a_frame_of_its_own_shot() -> None:
    found = keepers(
        (0, 0, 0, "kept", None), (1, 1, 0, "recurring", None), (2, 1, 0, "recurring", None),
        (3, 1, 0, "series", "ep1"), (4, 1, 0, "series", "ep1"), (5, 1, 7, "series", "ep1"), (6, 1, 7, "series", "ep1"),
    )  # fmt: skip
    assert shown(found, set()) == [0, 1, 1, 3, 3, 5, 5]
    assert shown(found, {5, 6}) == [0, 1, 1, 3, 3, 5, 6]  # the camera moves: an earlier episode's frame says too little


def shots_of(*rows: tuple[int, int, int, float, list[tuple[str, int, int]]]) -> pl.DataFrame:
    data = [
        {"shot": shot, "start": start, "end": end, "timing": timing,
         "events": [{"kind": kind, "start": a, "end": b} for kind, a, b in events]}
        for shot, start, end, timing, events in rows
    ]  # fmt: skip
    return pl.DataFrame(data, schema=dict(sampling.OF_SHOTS))


def test_no_clip_goes_across_a_cut_a_dissolve_a_flash_or_a_frame_that_a_person_dropped() -> None:
    found = shots_of((0, 0, 30, 3.0, []), (1, 30, 60, 2.0, [("dissolve", 26, 36), ("pan", 50, 58)]))
    rows = [(frame, 0 if frame < 30 else 1, frame, "kept", None) for frame in range(60)]
    for frame, why in ((5, "flash"), (6, "flash"), (45, "dropped"), (31, "restored")):
        rows[frame] = (frame, rows[frame][1], None if why != "restored" else frame, why, None)
    assert [(one.shot, one.start, one.end) for one in stretches(found, keepers(*rows), PARAMS)] == [
        (0, 0, 5), (0, 7, 24), (1, 38, 45), (1, 46, 60),  # two frames beside a dissolve are left, too
    ]  # fmt: skip


def test_the_dissolve_belongs_to_both_shots() -> None:
    found = shots_of((0, 0, 30, 3.0, []), (1, 30, 60, 2.0, [("dissolve", 26, 36)]))
    rows = [(frame, 0 if frame < 30 else 1, None if 26 <= frame < 36 else frame, "kept", None) for frame in range(60)]
    assert [(one.start, one.end) for one in stretches(found, keepers(*rows), PARAMS)] == [(0, 24), (38, 60)]


@pytest.mark.parametrize(
    ("timing", "events", "step"),
    [(3.0, [], 3.0), (1.0, [], 1.0), (2.5, [], 2.5), (46.0, [], 3.0), (46.0, [("pan", 2, 20)], 1.0), (0.5, [], 1.0)],
)
def test_a_shot_is_sampled_as_it_is_drawn_and_one_that_says_nothing_on_threes(
    timing: float, events: list, step: float
) -> None:
    found = stretches(
        shots_of((0, 0, 48, timing, events)), keepers(*((f, 0, f, "kept", None) for f in range(48))), PARAMS
    )
    assert [one.step for one in found] == [step]


# Which of them a clip takes


def taken(of: Film, **changes: Any) -> list[tuple[int, int, list[int], list[int], float]]:
    step = changes.pop("step", 1.0)
    start, end = changes.pop("start", 0), changes.pop("end", len(of.shown))
    found = cuts(of, Stretch(0, start, end, step), params(**changes))
    return [(one.first, one.last, one.frames, one.holds, round(one.rate, 4)) for one in found]


def test_a_shot_on_threes_plays_eight_a_second() -> None:
    assert taken(film(on(3, 12)), step=3.0, length=4) == [(0, 11, [0, 3, 6, 9], [3, 3, 3, 3], 8.0)]


def test_the_timing_begins_where_a_drawing_does() -> None:
    held = [0, 0, *(2 + frame for frame in on(3, 9))]
    assert taken(film(held), step=3.0, length=3) == [(2, 10, [2, 5, 8], [3, 3, 3], 8.0)]


def test_at_a_rate_a_hold_is_the_same_frame_again() -> None:
    assert taken(film(on(3, 8)), sample="frames", length=4) == [
        (0, 3, [0, 0, 0, 3], [1, 1, 1, 1], 24.0), (4, 7, [3, 3, 6, 6], [1, 1, 1, 1], 24.0),
    ]  # fmt: skip
    assert taken(film(on(1, 16)), sample="frames", length=4, stride=4) == [(0, 15, [0, 4, 8, 12], [4, 4, 4, 4], 6.0)]
    assert taken(film(on(1, 12)), sample="frames", length=4, rate=8.0) == [(0, 11, [0, 3, 6, 9], [3, 3, 3, 3], 8.0)]


def test_of_drawings_each_is_taken_once_with_its_hold_as_data() -> None:
    held = [0, 0, 0, 3, 4, 4, 3, 3]
    assert taken(film(held), sample="drawings", length=4) == [(0, 7, [0, 3, 4, 3], [3, 1, 2, 2], 12.0)]


def test_what_is_left_over_is_a_row_and_overlap_shows_again() -> None:
    assert [(a, b) for a, b, *_ in taken(film(on(1, 10)), length=4)] == [(0, 3), (4, 7), (8, 9)]
    assert [(a, b) for a, b, *_ in taken(film(on(1, 8)), length=4, overlap=0.5)] == [(0, 3), (2, 5), (4, 7)]


@pytest.mark.parametrize("rate", [NTSC, 24.0, 25.0, 30000 / 1001, 60.0, 10.0])
def test_the_rate_holds_to_a_thousandth_whatever_times_are_rounded_to(rate: float) -> None:
    rounded = [round(number / rate, 3) for number in range(321)]
    for step, sample in ((1.0, "frames"), (3.0, "timing")):
        starts, told = picks(film(on(1, 320), rate, rounded), Stretch(0, 0, 320, step), params(sample=sample))
        seconds = rounded[starts[-1]] - rounded[starts[0]]
        assert (len(starts) - 1) / seconds == pytest.approx(told, rel=1e-3)
        assert told == pytest.approx(rate / (1 if sample == "frames" else step), rel=1e-9)
        assert {b - a for a, b in zip(starts, starts[1:], strict=False)} == {int(step)}


def test_where_steps_differ_times_decide() -> None:
    times = [0.0, 0.1, 0.2, 0.7, 0.8, 1.2]  # a GIF that holds its third picture for half a second
    starts, rate = picks(film(range(5), 10.0, times), Stretch(0, 0, 5, 1.0), params(sample="frames"))
    assert (starts, rate) == ([0, 1, 2, 2, 2, 2, 2, 3, 4, 4, 4, 4, 5], 10.0)
    halved, _ = picks(film(range(5), 10.0, times), Stretch(0, 0, 5, 1.0), params(sample="frames", rate=5.0))
    assert halved == [0, 2, 2, 2, 4, 4, 5]


def test_a_frame_that_is_held_for_longer_than_a_clip_is_one_clip() -> None:
    times = [0.0, 0.1, 0.2, 1.5, 1.6]  # of a GIF whose third picture stays: thirteen pictures of it at 10/s
    assert taken(film(range(4), 10.0, times), sample="frames", length=4) == [
        (0, 2, [0, 1, 2, 2], [1, 1, 0, 1], 10.0), (2, 2, [2, 2, 2, 2], [0, 0, 0, 1], 10.0),
        (2, 3, [2, 2, 2, 3], [0, 0, 1, 1], 10.0),
    ]  # fmt: skip


# How it moves


def test_flicker_is_up_and_down_and_neither_a_fade_nor_a_step() -> None:
    assert flicker([100, 110, 100, 110]) == 10.0
    assert flicker([100, 104, 100, 110]) == 4.0
    assert flicker([100, 110, 120, 130]) == flicker([100, 100, 130, 130]) == flicker([100]) == 0.0


def test_text_is_what_covers_most_in_a_frame_that_is_shown() -> None:
    line = {"x0": 0.0, "x1": 0.5, "y0": 0.9, "y1": 1.0}
    lines = [{**line, "start": 5, "end": 10}, {**line, "y0": 0.0, "y1": 0.1, "start": 8, "end": 20}]
    assert [covered(of, lines) for of in ([0, 4], [0, 5], [8, 9], [12], [25])] == [0.0, 0.05, 0.1, 0.05, 0.0]


GOOD = {"frames": range(16), "another": 0.0, "luma": 120.0, "text": 0.0, "camera": 0.0, "drawings_per_second": 8.0,
        "changed": 0.1}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "changes"),
    [
        (None, {}), ("short", {"frames": range(15)}), ("cut", {"another": 0.6}), ("dark", {"luma": 10.0}),
        ("text", {"text": 0.02}), ("camera", {"camera": 0.9}), ("frozen", {"drawings_per_second": 1.0}),
        ("restless", {"changed": 0.4}), ("cut", {"another": 0.6, "luma": 10.0, "changed": 0.4}),
    ],
)  # fmt: skip
def test_the_first_reason_that_holds_is_said(said: str | None, changes: dict) -> None:
    assert reason({**GOOD, **changes}, 1, False, params(camera=0.5)) == said
    assert said is None or said in REASONS


def test_two_sizes_and_what_an_earlier_episode_has_are_left_out() -> None:
    assert [reason(GOOD, 2, False, PARAMS), reason(GOOD, 1, True, PARAMS)] == ["size", "again"]


def test_limits_at_their_ends_leave_nothing_out() -> None:
    anything = {
        **GOOD,
        "another": 1.0,
        "luma": 0.0,
        "text": 1.0,
        "camera": 1.0,
        "drawings_per_second": 0.0,
        "changed": 1.0,
    }
    off = params(cut=1.0, dark=0.0, text=1.0, camera=1.0, frozen=0.0, restless=1.0)
    assert reason(anything, 1, False, off) is None


# What is on it


def holds(text: str) -> list[bool | None]:
    """`1` has the tag, `0` has it not, `.` is not known."""
    return [{"1": True, "0": False, ".": None}[one] for one in text]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("1111111111111111", [(0, 16)]), ("0000000000000000", []), ("0000000011111111", [(8, 16)]),
        ("1111110000000000", [(0, 6)]), ("1111001100001111", [(0, 8), (12, 16)]),
        ("1111111011111111", [(0, 16)]),  # a blink
        ("0000000100000000", []),  # a blip
        ("1101101101101101", [(0, 16)]),  # a mouth that speaks
        ("1000100010001000", []),  # now and then
        ("........11111111", [(0, 16)]), ("0000....11111111", [(8, 16)]),
    ],
)  # fmt: skip
def test_a_tag_holds_where_it_lasts(text: str, spans: list) -> None:
    assert lasting(holds(text), PARAMS) == spans


def test_smile_from_8_on_and_tags_in_a_captions_order() -> None:
    scored = {"a": {"1girl": 0.9, "sky": 0.8, "solo": 0.7}, "b": {"1girl": 0.7, "sky": 0.8, "smile": 0.6, "solo": 0.7}}
    assert voted(["a"] * 8 + ["b"] * 8, scored, PARAMS) == [
        {"tag": "solo", "score": 0.7, "spans": [{"start": 0, "end": 16}]},
        {"tag": "1girl", "score": 0.8, "spans": [{"start": 0, "end": 16}]},
        {"tag": "sky", "score": 0.8, "spans": [{"start": 0, "end": 16}]},
        {"tag": "smile", "score": 0.6, "spans": [{"start": 8, "end": 16}]},
    ]


def test_what_speaks_of_somebody_counts_where_a_box_is() -> None:
    rows = [
        (still, None, tag, "general", 0.9, True) for still in ("a", "b") for tag in ("1girl", "red_hair", "outdoors")
    ]
    rows += [("a", 0, "hat", "general", 0.9, True), ("a", None, "bow", "general", 0.9, False)]
    tags = pl.DataFrame(rows, schema=["still", "box", "tag", "category", "score", "kept"], orient="row")
    assert scores(tags, pl.DataFrame({"still": ["a", "a"]})) == {
        "a": {"1girl": 0.9, "red_hair": 0.9, "outdoors": 0.9}, "b": {"outdoors": 0.9},
    }  # fmt: skip


def test_a_videos_size_is_upright_with_square_px_and_without_what_is_cut_off() -> None:
    of = {"crop": [0, 0, 0, 0], "pixel_aspect": "1:1", "width": 640, "height": 360, "rotation": 0}
    assert size_of(of) == (640, 360)
    assert size_of({**of, "rotation": 90}) == (360, 640)
    assert size_of({**of, "width": 720, "height": 480, "pixel_aspect": "8:9"}) == (640, 480)
    assert size_of({**of, "crop": [10, 20, 30, 40]}) == (600, 300)


# From a file


def walk(count: int = 24, hold: int = 2, seed: int = 1) -> list[np.ndarray]:
    """A figure that goes over a scene, a step every `hold` frames."""
    scene = np.repeat(texture(seed, 96, 64)[:, :, None] // 3 + 90, 3, axis=2)
    found = []
    for frame in range(count):
        picture = scene.copy()
        at = 6 + 5 * (frame // hold)
        picture[16:48, at : at + 14] = (230, 40, 60)
        found.append(picture)
    return found


def episode_of(folder: Path, video: Path) -> Episode:
    """Take a video from probe to stills in `folder`, and say nothing of its tags."""
    name = f"s/{video.stem}"
    table = {one: Path(f"data/{one}/{name}.parquet") for one in ("frames", "shots", "dedup", "stills")}
    seen = Path(f"data/probe/{name}.json")
    before = Path.cwd()
    os.chdir(folder)
    try:
        (folder / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
        probe.main(video, seen, "")
        frames.main(video, seen, table["frames"], table["frames"].with_suffix(".tar"), "", 1)
        shots.main(table["frames"], table["shots"], "")
        dedup.main(table["frames"], table["shots"], table["dedup"], None, [], [], [], "")
        stills.main(
            video, seen, table["frames"], table["dedup"], table["stills"], table["stills"].with_suffix(".tar"), "", 1
        )
        return Episode(
            name, read_facts(seen), read_table(table["frames"], stage.OF_FRAMES),
            read_table(table["shots"], stage.OF_SHOTS), read_table(table["dedup"], sampling.OF_DEDUP),
            read_table(table["stills"], stage.OF_STILLS), *(pl.DataFrame(schema=of) for of in (QUALITY, TAG, DETECT)),
        )  # fmt: skip
    finally:
        os.chdir(before)


def clips_of(folder: Path, episode: Episode, **changes: object) -> pl.DataFrame:
    before = Path.cwd()
    os.chdir(folder)
    try:
        return clips(episode, params(**changes))
    finally:
        os.chdir(before)


def by_pillow(path: Path, pictures: Iterable[np.ndarray], delay: int | list[int], **how: object) -> Path:
    """An animation whose pictures are shown for so many ms each."""
    first, *rest = [Pillow.fromarray(picture) for picture in pictures]
    first.save(path, save_all=True, append_images=rest, duration=delay, loop=0, **how)
    return path


def test_gif_webp_apng_webm_and_mp4_give_the_same_rows(tmp_path: Path) -> None:
    drawn = walk()[::2]  # each drawing once: animations hold by delays
    held = walk(hold=1, count=12)
    written = [
        by_pillow(tmp_path / "a.gif", drawn, 100), by_pillow(tmp_path / "b.webp", drawn, 100, lossless=True),
        by_pillow(tmp_path / "c.apng", drawn, 100, format="PNG"),
        write_film(tmp_path / "d.mp4", held, "libx264", "yuv420p", 10, {"crf": "4"}),
        write_film(tmp_path / "e.webm", held, "libvpx-vp9", "yuv420p", 10, {"crf": "4", "b": "0"}),
    ]  # fmt: skip
    found = [clips_of(tmp_path, episode_of(tmp_path, video), length=8, sample="frames") for video in written]
    rows = [
        table.select(
            "first", "last", "frames", "holds", pl.col("rate").round(4), "width", "height", "drawings", "reason"
        )
        for table in found
    ]
    assert rows[0].row(0) == (0, 7, list(range(8)), [1] * 8, 10.0, 96, 64, 8, None)
    assert [one.rows() for one in rows] == [rows[0].rows()] * 5
    assert all(table.schema == pl.Schema(CLIPS) for table in found)


def test_delays_of_a_gif_and_a_variable_rate_are_right_to_a_thousandth(tmp_path: Path) -> None:
    delays = [100, 100, 300, 100, 100, 100, 500, 100, 100, 100, 100, 100]
    table = clips_of(
        tmp_path, episode_of(tmp_path, by_pillow(tmp_path / "v.gif", walk()[::2], delays)), length=18, sample="frames"
    )
    row = table.row(0, named=True)
    assert row["rate"] == pytest.approx(10.0, rel=1e-3)
    assert row["frames"] == [0, 1, 2, 2, 2, 3, 4, 5, 6, 6, 6, 6, 6, 7, 8, 9, 10, 11]
    assert row["reason"] is None


def test_ntsc_on_threes_plays_at_7_992(tmp_path: Path) -> None:
    video = write_film(tmp_path / "n.mkv", walk(36, hold=3), rate=24000, pts=[1001 * number for number in range(36)])
    row = clips_of(tmp_path, episode_of(tmp_path, video), length=12).row(0, named=True)
    assert row["rate"] == pytest.approx(NTSC / 3, rel=1e-3)
    assert (row["drawings"], row["held"], row["holds"]) == (12, 0.0, [3] * 12)
    assert row["drawings_per_second"] == pytest.approx(11 / (36 / NTSC), rel=1e-3)


def test_a_picture_of_a_gif_that_stays_for_seconds_is_frozen(tmp_path: Path) -> None:
    gif = by_pillow(tmp_path / "stays.gif", walk()[:12:2], [100, 100, 100, 3000, 100, 100])
    table = clips_of(tmp_path, episode_of(tmp_path, gif), length=4, sample="frames", frozen=1.0)
    assert table["clip"].n_unique() == table.height
    alone = table.filter(pl.col("first") == pl.col("last")).row(0, named=True)
    assert (alone["first"], alone["held"], alone["drawings_per_second"], alone["reason"]) == (3, 1.0, 0.0, "frozen")


def test_a_picture_in_a_gif_is_short_and_a_still_shot_is_frozen(tmp_path: Path) -> None:
    one = clips_of(tmp_path, episode_of(tmp_path, by_pillow(tmp_path / "one.gif", walk()[:1], 100)))
    assert one.select("first", "last", "frames", "reason").rows() == [(0, 0, [0], "short")]
    still = clips_of(
        tmp_path, episode_of(tmp_path, write_film(tmp_path / "still.mkv", walk()[:1] * 48)), sample="frames"
    )
    assert still["reason"].to_list() == ["frozen"] * 3


def test_no_clip_goes_across_a_cut_of_a_film(tmp_path: Path) -> None:
    film = [*walk(24, hold=1), *walk(24, hold=1, seed=2)]
    table = clips_of(tmp_path, episode_of(tmp_path, write_film(tmp_path / "c.mkv", film)), length=12)
    assert table.select("first", "last", "reason").rows() == [
        (0, 11, None),
        (12, 23, None),
        (24, 35, None),
        (36, 47, None),
    ]


def test_a_cut_that_nobody_found_is_told_by_the_step(tmp_path: Path) -> None:
    episode = episode_of(
        tmp_path, write_film(tmp_path / "m.mkv", [*walk(12, 1), *(255 - one for one in walk(12, 1, 2))])
    )
    joined = episode.shots.head(1).with_columns(end=pl.lit(24, dtype=pl.Int64))
    missed = Episode(
        **{**vars(episode), "shots": joined, "keepers": episode.keepers.with_columns(shot=pl.lit(0, dtype=pl.Int64))}
    )
    found = clips_of(tmp_path, missed, length=24, sample="frames").row(0, named=True)
    assert (found["reason"], found["another"] > 0.7) == ("cut", True)


def test_tables_of_two_episodes_are_refused(tmp_path: Path) -> None:
    episode = episode_of(tmp_path, write_film(tmp_path / "t.mkv", walk(8)))
    with pytest.raises(Exception, match="stage dedup knows 7 frames of s/t, frames 8; make its tables again"):
        clips_of(tmp_path, Episode(**{**vars(episode), "keepers": episode.keepers.head(7)}))


def test_what_is_drawn_says_so(tmp_path: Path) -> None:
    table = clips_of(
        tmp_path, episode_of(tmp_path, write_film(tmp_path / "w.mkv", walk(40, hold=2), rate=24)), length=8
    )
    assert stage.in_words(table) == "2 of 3 clips kept (2 at 12/s); left out: short 1"
    assert table["rate"][0] == float(Fraction(24, 2))
