"""Stage evaluate, with judges whose answers can be told by hand.

The embedder sees a picture's mean brightness, so characters are shades: hana is about 200, aki about 50. Two pictures
are the same character if they differ by at most 20. The tagger is sure of `bright` at 255 and of `dark` at 0.
"""

import importlib.util
import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from genga.errors import GengaError
from genga.evaluation.evaluate import OF_DATASET, OF_SAMPLE, evaluate, select_references
from genga.evaluation.evaluators import Judges, largest_counts, look_at_references, look_at_samples
from genga.evaluation.selection import by_pair, select
from genga.evaluation.watching import watched
from genga.images.codec import encode
from genga.params.evaluate import Params
from genga.store.files import sha256_of, write_facts
from genga.store.parquet import read_table, write_table
from genga.store.shards import writing_shard
from genga.tables.evaluate import EVALUATE
from genga.tables.schema import SHARD

PARAMS = Params(
    kinds=["fullbody"], crop_person=True, min_held_out=2, nearest=2, fidelity=3.0, select_by="corrected",
    copy_quantile=0.5, resamples=200, confidence=0.95, seed=0,
)  # fmt: skip


def shade(value: int, seed: int = 0) -> np.ndarray:
    """A picture of a mean brightness, with a pattern of its own."""
    pattern = np.random.default_rng(seed).permuted(np.repeat([-8, 8], 8 * 8 // 2)).reshape(8, 8, 1)
    return (value + np.kron(pattern, np.ones((4, 4, 3)))).astype(np.uint8)


def probabilities(images):
    bright = np.array([[image.mean() / 255] for image in images], np.float32)
    return np.concatenate([bright, 1 - bright], axis=1)


JUDGES = Judges(
    features=lambda images: np.array([[image.mean()] for image in images], np.float32),
    differences=lambda first, second: np.abs(first - second.T),
    threshold=20.0,
    counts={"bright": 100, "dark": 100},
    probabilities=probabilities,
    person=None,
)


def references(*rows: tuple[str, str, str, str, int]) -> tuple[pl.DataFrame, list[np.ndarray]]:
    """Rows (image, kind, split, character) of a dataset, and their pictures of a shade."""
    table = pl.DataFrame(
        [(image, f"s/e/{n:06d}", kind, split, who) for n, (image, kind, split, who, _) in enumerate(rows)],
        schema=dict(OF_DATASET),
        orient="row",
    )
    return table, [shade(row[4], 100 + n) for n, row in enumerate(rows)]


def samples(*rows: tuple[int, int, str, int]) -> pl.DataFrame:
    """A table of samples, numbered, from rows (step, prompt, text, seed)."""
    whole = [(f"{n}", *row, 1, None, None, None) for n, row in enumerate(rows)]
    return pl.DataFrame(whole, schema=dict(OF_SAMPLE), orient="row")


DATASET = references(
    ("a", "fullbody", "train", "hana", 200),
    ("b", "fullbody", "train", "hana", 210),
    ("c", "fullbody", "held-out", "hana", 190),
    ("d", "fullbody", "held-out", "hana", 230),
    ("e", "head", "held-out", "hana", 200),
    ("f", "fullbody", "train", "aki", 50),
)


def judged(pictures, prompts=None, params=PARAMS, character="hana", judges=JUDGES, dataset=DATASET, negative=""):
    """Evaluate pictures, one a step, against DATASET."""
    prompts = prompts or ["hana, bright"] * len(pictures)
    looks = watched(samples(*[(step, 0, text, 0) for step, text in enumerate(prompts)]), 8)
    chosen = select_references(dataset[0], character, params)
    kept = [dataset[1][dataset[0]["image"].to_list().index(image)] for image in chosen["image"]]
    seen, known = look_at_samples([pictures], judges), look_at_references([kept], judges)
    return evaluate(looks, seen, chosen, known, judges, params, character, negative)


def test_references_are_the_characters_images_of_the_kinds_asked_for():
    assert select_references(DATASET[0], "hana", PARAMS)["image"].to_list() == ["a", "b", "c", "d"]
    assert select_references(DATASET[0], None, PARAMS)["image"].to_list() == ["a", "b", "c", "d", "f"]
    prior = DATASET[0].with_columns(split=pl.when(image="b").then(pl.lit("prior")).otherwise("split"))
    assert select_references(prior, None, PARAMS)["image"].to_list() == ["a", "c", "d", "f"], "no prior image"


def test_a_character_without_training_images_is_an_error():
    with pytest.raises(GengaError, match="no training image of mio of kind fullbody"):
        select_references(DATASET[0], "mio", PARAMS)


def test_recognition_counts_held_out_references_at_most_the_threshold_away():
    # Held out: 190 and 230. 200 is near one of them, 210 both, 50 neither.
    table, against = judged([shade(200), shade(210), shade(50)])
    assert against.split == "held-out" and against.counts == {"held-out": 2, "train": 2}
    assert table["recognition_v1"].to_list() == [0.5, 1.0, 0.0]
    assert table["recognition_train"].to_list() == [1.0, 1.0, 0.0]


def test_the_second_definition_divides_by_the_datasets_own_upper_bound():
    # The merged feature of 190 and 230 is 210: 20 from each, so the bound is 1. With 190 and 250 it would be 220: 0.
    _, against = judged([shade(200)])
    assert against.upper_bounds == {"hana": 1.0}
    wide = references(
        ("a", "fullbody", "train", "hana", 200), ("b", "fullbody", "held-out", "hana", 150),
        ("c", "fullbody", "held-out", "hana", 155), ("d", "fullbody", "held-out", "hana", 240),
    )  # fmt: skip
    # Merged: 181.7, 20 or less from none. Then definition 2 is 0 rather than a division by zero.
    table, against = judged([shade(155)], dataset=wide)
    assert against.upper_bounds == {"hana": 0.0}
    assert table["recognition_v1"].to_list() == [0.666667] and table["recognition_v2"].to_list() == [0.0]


def test_with_too_few_held_out_images_the_train_split_decides_and_nothing_is_called_a_copy():
    table, against = judged([DATASET[1][0]], params=PARAMS.model_copy(update={"min_held_out": 3}))
    assert (against.split, against.copy_threshold) == ("train", None)
    assert table["recognition_v1"].to_list() == table["recognition_train"].to_list() == [1.0]
    assert table["copies"].to_list() == [False]


def test_a_run_of_many_characters_compares_with_the_one_the_prompt_names():
    params = PARAMS.model_copy(update={"min_held_out": 1})
    table, against = judged([shade(50), shade(50), shade(50)], ["aki", "hana", "bright"], params, character=None)
    assert against.split == "train"  # nothing of aki is held out
    assert table["character"].to_list() == ["aki", "hana", None]
    assert table["recognition_v1"].to_list() == [1.0, 0.0, 0.333333]


def test_nearest_training_images_are_named_with_their_frames_and_never_held_out_ones():
    table, _ = judged([shade(204)])
    assert table["nearest_image"].to_list() == [["a", "b"]]
    assert table["nearest_still"].to_list() == [["s/e/000000", "s/e/000001"]]
    assert table["nearest_difference"].to_list() == [[4.0, 6.0]]


def test_a_copied_picture_is_told_by_its_pixels_and_an_original_is_not():
    table, _ = judged([DATASET[1][1], shade(210, 7)])
    assert table["copies"].to_list() == [True, False]
    assert table["copy_image"][0] == "b" and table["copy_still"][0] == "s/e/000001"
    assert table["copy_difference"][0] == pytest.approx(0.0, abs=1e-5)


def test_adherence_asks_the_taggers_for_the_prompts_tags_and_not_for_the_negative_ones():
    black = np.zeros((8, 8, 3), np.uint8)
    table, _ = judged([black, black, black], ["hana, bright", "hana, dark", "hana, dark"], negative="bright")
    # Of `bright`, 0 is there of 1 asked for, and it was also unwanted; `dark` is all there.
    assert table["adherence"].to_list() == [0.5, 1.0, 1.0]


def test_the_person_is_cut_out_before_it_is_compared():
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[4:20, 8:16] = 190
    finds = replace(JUDGES, person=lambda images: [(8, 4, 16, 20) for _ in images])
    table, _ = judged([picture], judges=finds)
    assert table["recognition_v1"].to_list() == [0.5]
    assert table["box"].to_list() == [[8, 4, 16, 20]]
    table, _ = judged([picture])
    assert table["recognition_v1"].to_list() == [0.0] and table["box"].to_list() == [None]


def test_a_tag_counts_by_the_tagger_that_has_seen_it_most():
    assert largest_counts([{"smile": 3, "rose": 1}, {"smile": 9}]) == {"smile": 9, "rose": 1}


def steps_of(values: dict[int, list[float]], copies: dict[int, bool] | None = None) -> pl.DataFrame:
    """Judged rows of some steps: recognition by seed, adherence all the same."""
    rows = [
        {"step": step, "prompt": 0, "seed": seed, "recognition_v1": value, "recognition_v2": value,
         "recognition_train": value, "adherence": 0.5, "copies": (copies or {}).get(step, False)}
        for step, of_step in values.items() for seed, value in enumerate(of_step)
    ]  # fmt: skip
    return pl.DataFrame(rows)


def test_the_best_checkpoint_is_selected_and_compared_with_the_base_pair_by_pair():
    found = select(
        steps_of({0: [0.0, 0.1, 0.2, 0.3], 100: [0.5, 0.6, 0.7, 0.8], 200: [0.4, 0.5, 0.6, 0.7]}), PARAMS, 10
    )
    assert found["selection"]["step"] == found["selection"]["corrected"] == found["selection"]["published"] == 100
    assert found["selection"]["published_v1"] == 100  # steps from 6 * 10 on
    assert found["difference"]["recognition_v1"] == {"mean": 0.5, "low": 0.5, "high": 0.5}
    assert found["difference"]["out_of_bag"]["recognition_v1"] == 0.5
    assert [row["step"] for row in found["steps"]] == [0, 100, 200]
    assert found["steps"][1]["chosen"] == 1.0 and "chosen" not in found["steps"][0]
    assert found["bootstrap"] == {"pairs": 4, "resamples": 200, "confidence": 0.95, "seed": 0}


def test_equal_checkpoints_give_the_earliest_and_say_that_they_cannot_be_told_apart():
    found = select(steps_of({0: [0.1, 0.2], 100: [0.5, 0.7], 200: [0.7, 0.5]}), PARAMS, 1000)
    assert found["selection"]["step"] == 100
    assert found["selection"]["not_told_apart"] == [200]
    assert found["selection"]["published_v1"] is None


def test_a_checkpoint_that_copies_is_not_selected_unless_the_published_score_decides():
    table = steps_of({0: [0.0, 0.0], 100: [0.6, 0.6], 200: [0.9, 0.9]}, copies={200: True})
    assert select(table, PARAMS, 10)["selection"]["step"] == 100
    assert select(table, PARAMS.model_copy(update={"select_by": "published"}), 10)["selection"]["step"] == 200


def test_the_order_of_the_rows_does_not_matter():
    table = steps_of({0: [0.0, 0.3], 100: [0.6, 0.5]})
    assert select(table.reverse(), PARAMS, 10) == select(table, PARAMS, 10)


def test_steps_must_have_drawn_the_same_pairs():
    with pytest.raises(GengaError, match="step 100 did not draw"):
        by_pair(steps_of({0: [0.0, 0.3], 100: [0.6]}))
    with pytest.raises(GengaError, match="base"):
        by_pair(steps_of({100: [0.6]}))


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    """A project with a run's samples, its dataset and its checkpoints; returns the script."""
    monkeypatch.chdir(tmp_path)
    prompts = [(step, 0, "hana, bright", seed) for step in (0, 100) for seed in (0, 1)]
    table = samples(*prompts)
    shown = [shade(50), shade(60), shade(200, 5), shade(210, 6)]
    for name, rows, pictures in (("sample", table, shown), ("dataset", *DATASET)):
        with writing_shard(f"{name}.tar") as shard:
            index = [shard.add(f"{n}.png", encode(picture)) for n, picture in enumerate(pictures)]
        rows = pl.concat([rows, pl.DataFrame(index, schema=dict(SHARD))], how="horizontal")
        write_table(f"{name}.parquet", rows, rows.schema)
    (tmp_path / "100.safetensors").write_bytes(b"weights")
    checkpoint = {"step": 100, "epoch": 2, "file": "100.safetensors", "sha256": sha256_of("100.safetensors")}
    write_facts(
        "checkpoints.json", {"run": "hana", "base": {"name": "base", "sha256": "0"}, "checkpoints": [checkpoint]}
    )
    path = __file__.replace("tests/test_evaluate.py", "scripts/evaluate.py")
    spec = importlib.util.spec_from_file_location("evaluate_script", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    class Stubs:
        section = type("Section", (), {"batch": 2})

        def summary(self):
            return "embedded models"

    monkeypatch.setattr(script, "models_of", lambda text: Stubs())
    monkeypatch.setattr(script, "open_judges", lambda *_: JUDGES)
    return script


def command(script):
    """Run the script's main on the run folder's files."""
    models = {"use": "embedded", "folder": "weights", "device": "cpu", "batch": 2}
    script.main(
        in_samples="sample.parquet", in_dataset=["dataset.parquet"], how="", in_checkpoints="checkpoints.json",
        out_scores="out/hana.json", out_table="out/hana.parquet", out_model="out/hana.safetensors",
        in_clipset=None, character="hana", params=PARAMS.model_dump_json(), negative="", models=json.dumps(models),
        threads=1,
    )  # fmt: skip


def test_the_script_writes_figures_rows_and_the_selected_checkpoint(run_folder, tmp_path, capsys):
    command(run_folder)
    figures = json.loads((tmp_path / "out/hana.json").read_text())
    assert figures["selection"]["step"] == 100 and figures["selection"]["epoch"] == 2
    assert figures["steps"][1]["recognition_v1"]["mean"] == 0.75
    assert figures["references"]["deciding"] == "held-out"
    assert (tmp_path / "out/hana.safetensors").read_bytes() == b"weights"
    assert read_table("out/hana.parquet", EVALUATE).height == 4
    assert "Step 100 beats its base: recognition 0.75 beside 0.00" in capsys.readouterr().out


def test_the_script_writes_the_same_bytes_twice(run_folder, tmp_path):
    def content():
        return {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    command(run_folder)
    first = content()
    command(run_folder)
    assert content() == first and len(first) == 3


def test_a_checkpoint_of_another_content_is_refused_and_nothing_is_written(run_folder, tmp_path):
    (tmp_path / "100.safetensors").write_bytes(b"others")
    with pytest.raises(GengaError, match="100.safetensors: sha256 is"):
        command(run_folder)
    assert not (tmp_path / "out").exists()
