"""Samples that move, judged: planted ones that freeze and flicker lose to one that moves as drawn clips do.

Pictures are a square that walks on a tone; the embedder sees a picture's mean brightness, as in test_evaluate.
"""

import base64
import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from test_evaluate import JUDGES, PARAMS, probabilities, references, shade

from genga.errors import GengaError
from genga.evaluation.drawn_clips import (
    Drawn,
    drawn_clips,
    made_larger,
    moves,
    nearest_clips,
    outside,
    ranges_of,
    same_pairs,
    spread,
)  # fmt: skip
from genga.evaluation.evaluate import OF_SAMPLE, evaluate
from genga.evaluation.evaluators import look_at_references, look_at_samples
from genga.evaluation.judged_motion import Moving
from genga.evaluation.selection import OF_CLIPS, comparison, select, styles_compared
from genga.evaluation.verdict import verdict
from genga.evaluation.watching import watched
from genga.images.codec import decode, encode
from genga.images.upscaling import How
from genga.params.evaluate import Clips
from genga.store.shards import writing_shard
from genga.tables.evaluate import EVALUATE
from genga.tables.schema import SHARD
from genga.training.checkpoints import Checkpoint, Checkpoints
from genga.video.writing import as_video

SIDE, FRAMES, RATE = 96, 16, 8.0


def picture(place: int, tone: int = 200) -> np.ndarray:
    """A dark square of 24 px on a tone, `place` px from the left."""
    made = np.full((SIDE, SIDE, 3), tone, np.uint8)
    made[30:54, place : place + 24] = 60
    return made


def walk(exposure: int = 2, pace: int = 6, start: int = 4, tone: int = 200) -> list[np.ndarray]:
    """A square that walks, each drawing standing for so many frames."""
    return [picture(start + pace * (number // exposure), tone) for number in range(FRAMES)]


def frozen(tone: int = 200) -> list[np.ndarray]:
    return [picture(30, tone)] * FRAMES


def flickering(tone: int = 200) -> list[np.ndarray]:
    """A walk whose frames are lighter and darker in turn."""
    return [
        (one.astype(int) + (10 if number % 2 else -10)).astype(np.uint8) for number, one in enumerate(walk(tone=tone))
    ]


def drawn(*clips: list[np.ndarray], held: int = 0, rate: float = RATE):
    """What a run learns from, as genga.training.clips has it; the first `held` clips held out."""
    every = [
        SimpleNamespace(
            image=f"s/e/{20 * number:06d}-{20 * number + 15:06d}",
            frames=tuple(range(20 * number, 20 * number + FRAMES)),
            rate=rate, caption="hana, bright" if number % 2 else "hana, dark, solo", pictures=clip, upscale=None,
        )
        for number, clip in enumerate(clips)
    ]  # fmt: skip

    @contextmanager
    def reading():
        yield lambda clip: zip(clip.frames, clip.pictures, strict=True)

    return SimpleNamespace(examples=every[held:], held=every[:held], reading=reading)


DRAWN = [walk(exposure, pace, start) for exposure in (1, 2, 3) for pace in (3, 4, 5) for start in (2, 8)]


def test_places_are_spread_evenly() -> None:
    assert spread(16, 4) == [2, 6, 10, 14]
    assert spread(3, 8) == [0, 1, 2]
    assert spread(5, 1) == [2]


FIGURES = {"dynamics": 0.5, "held": 0.5, "hold": 0.4, "flicker": 1.0, "warping": 2.0, "identity": 1.0}


def test_ranges_hold_the_middle_share_of_clips() -> None:
    found = ranges_of([{**FIGURES, "dynamics": value / 10} for value in range(11)], 0.8)
    assert found["dynamics"] == pytest.approx((0.1, 0.9)) and found["hold"] == (0.4, 0.4)


def test_what_is_outside_counts_by_how_many_times_it_is() -> None:
    ranges = {"dynamics": (0.2, 1.0), "held": (0, 0.7), "hold": (0.1, 0.5), "flicker": (0.5, 1.5), "warping": (1, 3),
              "identity": (0.9, 1.0)}  # fmt: skip
    assert (outside(FIGURES, ranges), moves(FIGURES, ranges)) == ([], 1.0)
    still = {**FIGURES, "dynamics": 0.0, "hold": 2.0, "held": 1.0, "flicker": 0.0, "warping": 0.0}
    assert (outside(still, ranges), moves(still, ranges)) == (["dynamics", "hold"], 0.0)
    assert moves({**FIGURES, "dynamics": 0.1}, ranges) == 0.5  # half of what the slowest drawn ones do
    assert moves({**FIGURES, "dynamics": 4.0}, ranges) == 0.25
    assert moves({**FIGURES, "hold": 1.0}, ranges) == 0.5
    assert moves({**FIGURES, "flicker": 3.5}, ranges) == 0.5  # (1.5 + 0.5) / (3.5 + 0.5)
    assert moves({**FIGURES, "flicker": 0.0, "warping": 0.0}, ranges) == 1.0  # less of these is no fault
    assert outside({**FIGURES, "identity": 0.5}, ranges) == ["identity"]


def test_identity_is_the_share_of_pairs_that_are_the_same_person() -> None:
    assert same_pairs(np.array([[200.0], [205], [50]], np.float32), JUDGES) == pytest.approx(1 / 3)
    assert same_pairs(np.array([[200.0]], np.float32), JUDGES) == 1.0


def test_drawn_clips_are_those_held_out_where_there_are_enough() -> None:
    many = drawn_clips(drawn(*DRAWN, held=2), JUDGES, PARAMS)
    assert (many.split, many.clips, many.rates) == ("held-out", 2, (8.0, 8.0))
    few = drawn_clips(drawn(*DRAWN, held=1), JUDGES, PARAMS)
    assert (few.split, few.clips) == ("train", 17)
    assert few.ranges["hold"][1] == pytest.approx(3 / 8) and few.ranges["dynamics"][0] > 0.05
    assert few.ranges["identity"] == (1.0, 1.0)
    some = PARAMS.model_copy(update={"clips": Clips(drawn=3)})
    assert drawn_clips(drawn(*DRAWN), JUDGES, some).clips == 3


@dataclass(frozen=True)
class Small:
    """A clip of a drawing that is made larger."""

    image: str
    upscale: How | None


def test_drawings_that_were_made_larger_are_shown_before_and_after() -> None:
    """Not of px that happen to lie there: the middle of both, at one size."""
    rows, columns = np.mgrid[:140, :200]
    before = np.stack([rows, columns, rows], axis=2).astype(np.uint8)
    after = np.repeat(np.repeat(before, 2, 0), 2, 1)
    clips = [Small(f"s/e/{20 * place:06d}-{20 * place + 15:06d}", How("realcugan", 0, 2) if place != 1 else None)
             for place in range(7)]  # fmt: skip
    found = made_larger(clips, lambda clip: [(int(clip.image[4:10]) + 3, after if clip.upscale else before)])
    assert [one["frame"] for one in found] == ["s/e/000003", "s/e/000063", "s/e/000083", "s/e/000123"]
    assert {key: found[0][key] for key in ("by", "denoise", "factor")} == {"by": "realcugan", "denoise": 0, "factor": 2}
    pictures = [decode(base64.b64decode(found[0][key].partition(",")[2]), key) for key in ("before", "after")]
    assert [picture.shape for picture in pictures] == [(240, 240, 3)] * 2
    assert all(np.abs(one.astype(int) - after[20:260, 80:320]).mean() < 3 for one in pictures)
    assert made_larger(clips[1:2], lambda clip: []) == []


REFERENCES = references(
    ("a", "fullbody", "train", "hana", 185), ("b", "fullbody", "train", "hana", 195),
    ("c", "fullbody", "held-out", "hana", 185), ("d", "fullbody", "held-out", "hana", 190),
)  # fmt: skip
LEARNT = drawn(*DRAWN)


def table_of(
    rows: list[tuple[int, int, list[np.ndarray]]], folder, text: str = "hana, bright", by_frame=None
) -> pl.DataFrame:
    """Samples in a shard, of (step, seed, clip)."""
    made = []
    with writing_shard("samples.tar") as shard:
        for step, seed, clip in rows:
            place = shard.add(f"{step}-{seed}.mp4", as_video(clip, RATE, "mp4"))
            made.append({"sample": f"hana/{step}-{seed}", "step": step, "prompt": 0, "prompt_text": text, "seed": seed,
                         "frames": len(clip), "rate": RATE, "by_frame": by_frame,
                         "unstyled": None, **place})  # fmt: skip
    return pl.DataFrame(made, schema={**OF_SAMPLE, **SHARD})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def judged(samples: pl.DataFrame, params=PARAMS, judges=JUDGES, learnt=LEARNT):
    looks = watched(samples, params.clips.frames)
    seen = look_at_samples([list(looks.images("samples"))], judges)
    table, pictures = REFERENCES
    known = look_at_references([pictures], judges)
    moving = Moving(drawn_clips(learnt, judges, params), learnt.examples)
    return *evaluate(looks, seen, table, known, judges, params, "hana", "", moving), moving.drawn


def test_a_planted_frozen_and_a_planted_flickering_checkpoint_lose(folder) -> None:
    """Both look more like the character than the one that moves, and would win as pictures."""
    planted = {0: walk(tone=120), 100: frozen(190), 200: walk(tone=168), 300: flickering(190)}
    sees = replace(JUDGES, features=lambda images: np.array([[np.median(one)] for one in images], np.float32))
    samples = table_of([(step, seed, clip) for step, clip in planted.items() for seed in range(4)], folder)
    table, against, of = judged(samples, judges=sees)
    of_step = {row["step"]: row for row in table.to_dicts()}
    assert [of_step[step]["recognition_v1"] for step in planted] == [0.0, 1.0, 0.5, 1.0]
    assert of_step[100]["moves"] == 0 and of_step[200]["moves"] == 1 and of_step[300]["moves"] < 0.5
    assert [of_step[step]["freezes"] for step in planted] == [False, True, False, False]
    assert [of_step[step]["outside"] for step in (0, 100, 200)] == [[], ["dynamics", "hold"], []]
    assert "flicker" in of_step[300]["outside"]
    found = select(table, PARAMS, 2)
    assert found["selection"]["step"] == found["selection"]["corrected"] == 200
    assert select(table.drop("moves"), PARAMS, 2)["selection"]["step"] != 200  # as pictures they would win
    assert found["steps"][1]["freezes"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    assert found["difference"]["moves"]["mean"] == 0.0 and found["steps"][2]["chosen"] == 1.0
    checkpoint = Checkpoint(200, 1, "200.safetensors", "0" * 64)
    listed = Checkpoints("hana", {"name": "base"}, (checkpoint,))
    figures = comparison(found, against, 20.0, listed, "models", "hana", of.as_dict(0.9))
    assert figures["motion"]["split"] == "train" and figures["motion"]["ranges"]["dynamics"][0] > 0
    assert verdict(figures).endswith(". Moves as drawn clips do by 1.00 of 1, its base by 1.00.")


def test_holds_are_animation_and_sixteen_frames_of_one_picture_are_not(folder) -> None:
    table, *_ = judged(table_of([(0, 0, walk(3)), (0, 1, frozen()), (0, 2, walk(1))], folder))
    assert table["hold"].to_list() == pytest.approx([3 / 8, 2.0, 1 / 8])
    assert table["freezes"].to_list() == [False, True, False]
    assert table["held"].to_list() == pytest.approx([10 / 15, 1.0, 0.0])


def test_looks_of_a_clip_are_judged_as_pictures_and_the_mean_counts(folder) -> None:
    half = [picture(30, 200)] * 8 + [picture(30, 40)] * 8
    table, *_ = judged(table_of([(0, 0, half)], folder))
    assert table["recognition_v1"][0] == pytest.approx(0.5) and table["identity"][0] == pytest.approx(12 / 28, abs=1e-6)
    assert table["adherence"][0] == pytest.approx(np.mean([one[0] for one in probabilities(half)]), abs=0.02)


def test_prompts_by_frame_ask_each_frame_for_its_own(folder) -> None:
    half = [np.full((SIDE, SIDE, 3), 255, np.uint8)] * 8 + [np.zeros((SIDE, SIDE, 3), np.uint8)] * 8
    by_frame = [{"frame": 0, "text": "hana, bright"}, {"frame": 8, "text": "hana, dark"}]
    table, *_ = judged(table_of([(0, 0, half)], folder, by_frame=by_frame))
    assert table["adherence"][0] == pytest.approx(1.0, abs=0.02)
    table, *_ = judged(table_of([(0, 0, half)], folder))
    assert table["adherence"][0] == pytest.approx(0.5, abs=0.02)


def test_a_clip_is_a_copy_if_most_of_its_looks_are(folder) -> None:
    copied = np.kron(REFERENCES[1][1], np.ones((3, 3, 1), np.uint8))
    other = np.kron(shade(195, 7), np.ones((3, 3, 1), np.uint8))
    table, *_ = judged(table_of([(0, 0, [copied] * 12 + [other] * 4), (0, 1, [copied] * 4 + [other] * 12)], folder))
    assert table["copies"].to_list() == [True, False] and table["copy_image"].to_list() == ["b", "b"]


def test_the_clips_a_sample_is_near_to_are_named_with_their_frames() -> None:
    learnt = drawn(*DRAWN[:3])
    found = nearest_clips(
        np.array([[0.5, 0.2, 0.9, np.inf]], np.float32),
        ["s/e/000021", "s/e/000024", "s/e/000003", "s/e/000041"], learnt.examples, ["hana, (dark:1.2)"], 2,
    )  # fmt: skip
    assert found["nearest_clip"] == [["s/e/000020-000035", "s/e/000000-000015"]]
    assert found["nearest_clip_frame"] == [[24, 3]] and found["nearest_clip_difference"] == [[0.2, 0.9]]
    assert found["caption_clip"] == [["s/e/000000-000015", "s/e/000040-000055"]]
    assert found["caption_overlap"] == [[round(2 / 3, 6)] * 2]


def test_pictures_have_no_motion(folder) -> None:
    with writing_shard("samples.tar") as shard:
        place = shard.add("0.png", encode(picture(30)))
    row = {"sample": "hana/0", "step": 0, "prompt": 0, "prompt_text": "hana", "seed": 0, "frames": 1, "rate": None,
           "by_frame": None, "unstyled": None, **place}  # fmt: skip
    looks = watched(pl.DataFrame([row], schema={**OF_SAMPLE, **SHARD}), 8)
    seen = look_at_samples([list(looks.images("samples"))], JUDGES)
    table, pictures = REFERENCES
    found, _ = evaluate(looks, seen, table, look_at_references([pictures], JUDGES), JUDGES, PARAMS, "hana")
    assert found.schema["moves"] == pl.Float64 and found.select("moves", "freezes", "outside").rows() == [(None,) * 3]
    assert set(found.columns) == set(EVALUATE)


def test_clips_that_are_held_against_nothing_are_an_error(folder) -> None:
    looks = watched(table_of([(0, 0, frozen())], folder), 8)
    seen = look_at_samples([list(looks.images("samples"))], JUDGES)
    table, pictures = REFERENCES
    with pytest.raises(
        GengaError, match="the samples are clips, to be held against drawn ones; name these by --in-clipset"
    ):
        evaluate(looks, seen, table, look_at_references([pictures], JUDGES), JUDGES, PARAMS, "hana")


def test_prompts_with_and_without_the_styles_word_are_compared_pair_by_pair() -> None:
    rows = [
        {"step": step, "prompt": prompt, "seed": seed, "recognition_v1": value + seed / 10, "recognition_v2": 0.5,
         "recognition_train": 0.5, "adherence": 0.5, "copies": False,
         **dict.fromkeys(OF_CLIPS, 1.0), "moves": 1.0 if prompt else 0.75}
        for step in (0, 100) for prompt, value in enumerate((0.6 if step else 0.2, 0.2)) for seed in (0, 1)
    ]  # fmt: skip
    none = pl.DataFrame({"prompt": [0], "unstyled": [None]}, schema={"prompt": pl.Int64, "unstyled": pl.Int64})
    found = styles_compared(
        pl.DataFrame(rows), pl.DataFrame({"prompt": [0, 1, 0], "unstyled": [1, None, 1]}), 100, PARAMS
    )
    assert found["prompts"] == [[0, 1]]
    assert found["base"]["recognition_v1"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert found["selected"]["recognition_v1"] == {"mean": 0.4, "low": 0.4, "high": 0.4}
    assert found["selected"]["moves"]["mean"] == -0.25
    assert styles_compared(pl.DataFrame(rows), none, 100, PARAMS) is None


def test_what_is_written_of_drawn_clips() -> None:
    of = Drawn("train", 3, {name: (0.1234567, 1.0) for name in FIGURES}, (7.992008, 24.0))
    said = of.as_dict(0.9)
    assert (said["split"], said["clips"], said["inside"], said["rates"]) == ("train", 3, 0.9, [7.992, 24.0])
    assert said["ranges"]["hold"] == [0.123457, 1.0] and json.dumps(said)
