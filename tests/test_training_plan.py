"""genga.training.plan: who is seen when, in which batch, and how often."""

from collections import Counter
from dataclasses import replace

from training_params import params

from genga.training.examples import Example
from genga.training.plan import epoch_batches, phases_of, total_steps
from genga.training.plan import steps as steps_of
from genga.training.transforms import Cut


def example(name, bucket=(64, 64), repeats=1):
    cut = Cut(bucket, (0, 0, *bucket))
    return Example(name, f"s/e/{name}", None, "hana, smile, solo", 1, cut, ("", 0, 0, name), repeats, 1.0)


def steps(examples, values, *rest):
    return steps_of(phases_of(examples, values), *rest)


FIVE = [example("a"), example("b"), example("c"), example("d", (64, 96)), example("e", (64, 96))]


def names(batches):
    return [[look.example.image for look in batch] for batch in batches]


def test_every_example_is_seen_in_batches_of_one_bucket():
    batches = epoch_batches(FIVE, 1, params(batch=2), 1000)
    assert sorted(len(batch) for batch in batches) == [1, 2, 2]
    assert sorted(name for batch in names(batches) for name in batch) == ["a", "b", "c", "d", "e"]
    assert all(len({look.example.cut.bucket for look in batch}) == 1 for batch in batches)


def test_repeats_are_looks_of_their_own():
    looks = [look for batch in epoch_batches([example("a", repeats=3)], 1, params(), 1000) for look in batch]
    assert sorted(look.repeat for look in looks) == [0, 1, 2]
    assert len({look.timestep for look in looks}) == 3


def test_the_order_differs_between_epochs_and_seeds_but_not_by_the_order_of_the_table():
    once = names(epoch_batches(FIVE, 1, params(batch=1), 1000))
    assert names(epoch_batches(FIVE[::-1], 1, params(batch=1), 1000)) == once
    assert names(epoch_batches(FIVE, 2, params(batch=1), 1000)) != once
    assert names(epoch_batches(FIVE, 1, params(batch=1, seed=1), 1000)) != once


def test_another_example_changes_nothing_about_how_the_others_are_seen():
    def looks(examples):
        batches = epoch_batches(examples, 1, params(shuffle=True, flip=True), 1000)
        return {look.example.image: (look.caption, look.flipped, look.timestep) for batch in batches for look in batch}

    more = looks([*FIVE, example("f")])
    more.pop("f")
    assert more == looks(FIVE)


def test_about_half_is_mirrored_if_asked():
    many = [example(f"p{number}") for number in range(200)]

    def flipped(**changes):
        return sum(look.flipped for batch in epoch_batches(many, 1, params(**changes), 1000) for look in batch)

    assert flipped() == 0
    assert 70 < flipped(flip=True) < 130


def test_steps_by_epochs_and_their_limits():
    values = {"batch": 2, "epochs": 3}
    assert phases_of(FIVE, params(batch=2))[0].steps_per_epoch == 3
    assert phases_of(FIVE, params(batch=2, accumulation=2))[0].steps_per_epoch == 2
    assert total_steps(phases_of(FIVE, params(**values))) == 9
    assert total_steps(phases_of(FIVE, params(**values, min_steps=20))) == 20
    assert total_steps(phases_of(FIVE, params(**values, max_steps=7))) == 7


def test_a_run_entered_in_the_middle_of_an_epoch_sees_what_it_would_have_seen():
    values = params(batch=2, epochs=2, max_steps=5, shuffle=True)
    whole = list(steps(FIVE, values, 1000))
    assert [(step.number, step.epoch) for step in whole] == [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2)]
    for done in range(6):
        assert list(steps(FIVE, values, 1000, done)) == whole[done:]


def test_accumulation_joins_batches_and_leaves_none_out():
    values = params(batch=1, accumulation=2, epochs=1)
    groups = [[len(batch) for batch in step.batches] for step in steps(FIVE, values, 1000)]
    assert groups == [[1, 1], [1, 1], [1]]
    seen = Counter(look.example.image for step in steps(FIVE, values, 1000) for batch in step.batches for look in batch)
    assert seen == {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}


def timesteps_of(examples, **changes):
    batches = epoch_batches(examples, 1, params(**changes), 1000)
    return {look.example.image: look.timestep for batch in batches for look in batch}


def test_uniform_timesteps_are_those_that_were_always_drawn():
    assert timesteps_of(FIVE) == {"a": 598, "b": 346, "c": 422, "d": 225, "e": 514}


def test_logit_normal_timesteps_are_the_sigmoid_of_a_normal_draw():
    given = {"timesteps": "logit_normal", "timestep_scale": 1.3, "timestep_mean": 0.5}
    assert timesteps_of(FIVE, **given) == {"a": 530, "b": 662, "c": 35, "d": 481, "e": 707}
    many = [example(f"p{number}") for number in range(4000)]
    drawn = sorted(timesteps_of(many, timesteps="logit_normal").values())
    # sigmoid(-1), sigmoid(0), sigmoid(1): where 15.9 %, half and 84.1 % of a normal distribution lie
    assert [round(drawn[int(share * 4000)] / 1000, 1) for share in (0.159, 0.5, 0.841)] == [0.3, 0.5, 0.7]
    assert max(timesteps_of(many, timesteps="logit_normal", timestep_scale=10, timestep_mean=10).values()) == 999


SAID = (
    ("tags", (("names", "hana"), ("tags", "smile, solo"))),
    ("sentence", (("names", "hana"), ("sentences", "On the left, hana. On the right, ren."))),
    ("both", (("names", "hana"), ("tags", "smile"), ("sentences", "On the left, hana. On the right, ren."))),
)


def looks_of(example, **changes):
    (phase,) = phases_of([example], params(**changes))
    return [look for batch in epoch_batches([phase.examples[0]], 1, phase.params, 1000) for look in batch]


def test_of_several_captions_each_look_sees_one():
    looks = looks_of(replace(example("a", repeats=300), captions=SAID))
    assert {look.caption for look in looks if look.form == "tags"} == {"hana, smile, solo"}
    assert {look.caption for look in looks if look.form == "sentence"} == {
        "hana. On the left, hana. On the right, ren."
    }
    assert {look.caption for look in looks if look.form == "both"} == {
        "hana, smile. On the left, hana. On the right, ren."
    }
    assert all(70 < count < 130 for count in Counter(look.form for look in looks).values())
    assert looks == looks_of(replace(example("a", repeats=300), captions=SAID)), (
        "of seed, epoch, image and repeat alone"
    )
    other = looks_of(replace(example("a", repeats=300), captions=SAID), seed=1)
    assert [look.form for look in other] != [look.form for look in looks]


def test_a_choice_of_captions_changes_nothing_else_that_is_drawn():
    one, several = (
        looks_of(example("a", repeats=20), flip=True),
        looks_of(replace(example("a", repeats=20), captions=SAID), flip=True),
    )
    assert [(look.flipped, look.timestep) for look in one] == [(look.flipped, look.timestep) for look in several]
    assert {look.form for look in one} == {"tags"}


def test_a_mirrored_look_says_who_stands_where_in_the_mirror():
    looks = looks_of(replace(example("a", repeats=50), captions=SAID[1:2]), flip=True)
    assert {(look.flipped, look.caption) for look in looks} == {
        (False, "hana. On the left, hana. On the right, ren."), (True, "hana. On the right, hana. On the left, ren."),
    }  # fmt: skip
