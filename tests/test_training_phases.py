"""Phases of a run: what each learns from and how long, gone on from in any of them."""

from dataclasses import replace

import pytest
from test_train import base_folder, run  # noqa: F401 (a fixture)
from test_training_plan import FIVE
from training_params import params

from genga.errors import GengaError
from genga.params.section import parse_section
from genga.params.train import Buckets, Params, Select
from genga.training.families.family import LoadedBase
from genga.training.families.sd15 import FAMILY, load
from genga.training.metadata import metadata
from genga.training.plan import phases_of, steps, total_steps
from genga.training.selection import recut, selected
from genga.training.train import loss_table
from genga.training.transforms import Cut

TWO = {"phases": [{"epochs": 2}, {"epochs": 1, "select": {"tiers": ["best"]}, "learning_rate": 0.001, "batch": 1}]}
SHOWN = [
    replace(
        one,
        tier=tier,
        kind=kind,
        character=who,
        original=(640, 360),
        scores=(sharp, 120.0, 0, 0, 1.5, cover, 0, 30.0, 1.0, looks),
    )  # fmt: skip
    for one, sharp, cover, looks, tier, kind, who in zip(
        FIVE,
        (900.0, 400.0, 850.5, 300.0, 450.0),
        (0.0, 0.0, 0.02, 0.0, 0.1),
        (4.5, 1.25, 3.0, None, 3.0),
        ("best", "good", "best", "good", "good"),
        ("head", "head", "fullbody", "still", "head"),
        ("hana", "hana", "yuki", None, "hana"),
        strict=True,
    )
]


def test_a_phase_has_its_images_its_length_and_its_rate():
    phases = phases_of(SHOWN, params(batch=5, **TWO))
    assert [(phase.number, phase.before, phase.steps, phase.epochs_before) for phase in phases] == [
        (1, 0, 4, 0),
        (2, 4, 2, 2),
    ]
    whole = list(steps(phases, 1000))
    assert [(step.number, step.epoch, step.phase.number) for step in whole] == [
        (1, 1, 1), (2, 1, 1), (3, 2, 1), (4, 2, 1), (5, 3, 2), (6, 3, 2),
    ]  # fmt: skip
    assert sorted(look.example.image for step in whole[4:] for batch in step.batches for look in batch) == ["a", "c"]
    assert total_steps(phases) == 6
    assert loss_table([1.0] * 6, phases)["learning_rate"].to_list() == [0.01] * 4 + [0.001] * 2
    for done in range(7):
        assert list(steps(phases, 1000, done)) == whole[done:]


def test_one_phase_is_what_a_run_without_phases_is():
    said = params(batch=2, epochs=3, warmup=2, schedule="cosine")
    whole, named = (
        list(steps(phases_of(FIVE, one), 1000)) for one in (said, params(**{**said.model_dump(), "phases": [{}]}))
    )
    assert [step.batches for step in whole] == [step.batches for step in named]


def test_a_schedule_is_of_its_phase():
    phases = phases_of(FIVE, params(batch=5, schedule="linear", phases=[{"epochs": 2}, {"epochs": 1, "warmup": 1}]))
    rates = [step.phase.learning_rate_factor(step.number) for step in steps(phases, 1000)]
    assert rates == pytest.approx([1, 0.75, 0.5, 0.25, 0.5, 1])


@pytest.mark.parametrize(
    ("select", "names"),
    [
        ({}, "abcde"),
        ({"tiers": ["best"]}, "ac"),
        ({"kinds": ["head", "still"]}, "abde"),
        ({"characters": ["hana"], "tiers": ["good"]}, "be"),
        ({"scores": {"sharpness": [450, None]}}, "ace"),
        ({"scores": {"sharpness": [None, 850.5]}}, "bcde"),  # both bounds are in
        ({"scores": {"sharpness": [400, 900], "text_cover": [0, 0.02]}}, "abc"),
        ({"scores": {"sharpness": [400, 900]}, "tiers": ["good"]}, "be"),
        ({"scores": {"aesthetic": [3, None]}}, "ace"),
        ({"scores": {"aesthetic": [None, 3]}}, "bce"),  # of d nobody knows
    ],
)
def test_images_are_selected(select, names):
    assert "".join(one.image for one in selected(SHOWN, Select(**select), 0, "train")) == names


def test_a_bound_on_looks_that_nobody_judged_is_one_line():
    unjudged = [replace(one, scores=(*one.scores[:-1], None)) for one in SHOWN]
    with pytest.raises(GengaError, match="train.select: leaves no .*; aesthetic of none: models.yaml has no model in"):
        selected(unjudged, Select(scores={"aesthetic": [0, None]}), 0, "train")


def test_of_each_character_so_many_and_the_same_ones_whoever_is_beside_them():
    chosen = selected(SHOWN, Select(images=2), 0, "train")
    assert [one.character for one in chosen].count("hana") == 2
    assert {None, "yuki"} <= {one.character for one in chosen}
    fewer = [one for one in SHOWN if one.character == "hana"]
    assert selected(fewer, Select(images=2), 0, "train") == [one for one in chosen if one.character == "hana"]
    assert any(
        selected(fewer, Select(images=1), seed, "train") != selected(fewer, Select(images=1), 0, "train")
        for seed in range(9)
    )


def test_nothing_to_learn_from_is_one_line_that_says_what_there_is():
    with pytest.raises(GengaError) as error:
        phases_of(SHOWN, params(phases=[{}, {"select": {"tiers": ["poor"]}}]))
    assert str(error.value) == (
        "params.yaml:train.phases.1.select: leaves no image to learn from; select of those there are: tier best 2,"
        " good 3; kind head 3, fullbody 1, still 1; character hana 3, yuki 1, none 1"
    )


def test_scores_that_none_has_are_told_beside_those_there_are():
    with pytest.raises(GengaError) as error:
        phases_of(SHOWN, params(phases=[{}, {"select": {"scores": {"sharpness": [1000, None], "blockiness": [0, 1]}}}]))
    assert str(error.value) == (
        "params.yaml:train.phases.1.select: leaves no image to learn from; select of those there are: tier best 2,"
        " good 3; kind head 3, fullbody 1, still 1; character hana 3, yuki 1, none 1; sharpness 300 to 900;"
        " blockiness 1.5 to 1.5"
    )


def test_images_are_cut_anew():
    (one,) = recut(SHOWN[:1], Buckets(sizes=[[640, 880]]))
    assert one.cut == Cut((1564, 880), (462, 0, 1102, 880))
    (one,) = recut(SHOWN[:1], Buckets(resolution=512))
    assert one.cut.bucket == (640, 384)
    assert one.size().original == (640, 360) and one.size().target == (640, 384)
    assert recut(SHOWN, None) is SHOWN


WHOLE = params().model_dump()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"phases": [{"epochs": 0}]}, "train: phases.0.epochs: input should be greater than or equal to 1"),
        ({"phases": [{"rank": 3}]}, r"train.phases.0.rank is not a known key \(known: select, buckets, clips, "),
        ({"phases": [{}, {"select": {"tier": ["best"]}}]}, r"phases.1.select.tier is not a known key \(known: tiers, "),
        ({"phases": [{"noise_offset": 0.1, "multires_iterations": 3}]}, "train: phases.0: noise_offset and multi"),
        ({"select": {"scores": {"sharp": [1, 2]}}}, r"select.scores.sharp is not a known key \(known: sharpness, "),
        ({"select": {"scores": {"sharpness": [None, None]}}}, r"scores.sharpness: has no bound; write \[least, most\]"),
        ({"select": {"scores": {"exposure": [200, 100]}}}, r"scores.exposure: \[200, 100\] leaves nothing; write"),
        ({"select": {"scores": {"exposure": [1]}}}, r"select.scores.exposure"),
        ({"phases": [{"select": {"scores": {"exposure": [2, 1]}}}]}, r"phases.0.select.scores.exposure: \[2, 1\] "),
        ({"buckets": {}}, "train.buckets: name either sizes"),
        ({"buckets": {"resolution": 64, "min": 128}}, "buckets: resolution must be in min..max, 128..1024, got 64"),
        ({"buckets": {"resolution": 512, "max": 1000}}, "buckets: min and max must be multiples of step 64, got"),
    ],
)  # fmt: skip
def test_what_a_phase_cannot_be_is_one_line(said, message):
    with pytest.raises(GengaError, match=message):
        parse_section("train", Params, {**WHOLE, **said})


def test_a_side_that_the_base_cannot_have_is_one_line(base_folder, tmp_path):  # noqa: F811
    with pytest.raises(GengaError, match=r"params.yaml:train.buckets: 36x32 px: sides must be multiples of 8"):
        run(base_folder, tmp_path, params(buckets={"sizes": [[36, 32]]}))


def test_a_checkpoint_says_what_held_in_its_phase(base_folder):  # noqa: F811
    loaded = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)
    values = params(batch=5, **TWO)
    about = [metadata("hana", phases_of(SHOWN, values), values, loaded, step, 1) for step in (4, 5)]
    assert [one["ss_learning_rate"] for one in about] == ["0.01", "0.001"]
    assert [one["ss_unet_lr"] for one in about] == ["0.01", "0.001"]
    assert [one["ss_num_epochs"] for one in about] == ["3", "3"] and about[0]["ss_max_train_steps"] == "6"


@pytest.mark.parametrize(("of_dataset", "size"), [(96, 96), (None, 64)])  # None: its buckets are a list of sizes
def test_the_resolution_of_a_phase_is_that_of_training_or_its_commonest_bucket(base_folder, of_dataset, size):  # noqa: F811
    loaded = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)
    own = [{}, {"buckets": {"resolution": 512}}, {"buckets": {"sizes": [[320, 512], [640, 384], [640, 352]]}}]
    values = params(batch=5, phases=own)
    phases = phases_of(SHOWN, values)
    about = [metadata("hana", phases, values, loaded, phase.before + 1, 1, of_dataset) for phase in phases]
    assert [one["ss_resolution"] for one in about] == [f"({size}, {size})", "(512, 512)", "(640, 352)"]
    assert [one["modelspec.resolution"] for one in about] == [f"{size}x{size}", "512x512", "640x352"]
