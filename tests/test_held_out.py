"""genga.training.held_out: what is measured of which images, that measuring changes nothing, and ending a run by it."""

from dataclasses import replace

import pytest
import torch
from accelerate.state import AcceleratorState
from interrupted import kill_at
from safetensors.torch import load_file
from test_train import CPU, EVERYTHING, EXAMPLES, example, pixels
from tiny_base import save_tiny_base
from training_params import params

from genga.errors import GengaError
from genga.tables.held_out import HELD_OUT
from genga.training.families.family import LoadedBase
from genga.training.families.sd15 import FAMILY, load
from genga.training.held_out import chosen, grid, is_over, means
from genga.training.resume import RunFolder
from genga.training.rng import generator, normal
from genga.training.train import train

UNSEEN = [replace(example(number, (32, 32)), weight=0.5) for number in (5, 6)]
ELSEWHERE = replace(example(7, (40, 24)), still="s/f/000000")
HELD = chosen([*UNSEEN, ELSEWHERE], EXAMPLES, 8)


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory):
    return save_tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(autouse=True)
def fresh_accelerator():
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def run(base_folder, tmp_path, values, held=HELD, after=lambda step, loss: None):
    loaded, folder = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64), RunFolder(tmp_path, "hana")
    return train(EXAMPLES, pixels, loaded, values, folder, tmp_path / "cache", CPU, after, held=held)


def row(step, loss, images=1, by="shot"):
    return {"step": step, "by": by, "timestep": 125, "images": images, "loss": loss}


def test_images_of_an_episode_that_is_not_learnt_from_are_held_out_by_episode():
    assert HELD == {"shot": UNSEEN, "episode": [ELSEWHERE]}
    few = chosen([*reversed(UNSEEN), ELSEWHERE], EXAMPLES, 1)
    assert few["episode"] == [ELSEWHERE] and len(few["shot"]) == 1
    assert few == chosen([*UNSEEN, ELSEWHERE], EXAMPLES, 1), "whatever their order"
    assert chosen([ELSEWHERE], EXAMPLES, 0) == chosen([], EXAMPLES, 3) == {}


def test_timesteps_are_the_middles_of_equal_parts():
    assert grid(range(1000)) == [125, 375, 625, 875]
    assert grid(range(600, 1000)) == [650, 750, 850, 950]


def test_the_loss_is_that_of_a_plain_loop(base_folder, tmp_path):
    values = params(max_steps=2, save_every=2, noise_offset=0.1, min_snr_gamma=5.0, loss="huber", mask_text=0.0,
                    input_perturbation=0.1, caption_dropout=1.0)  # fmt: skip
    table = run(base_folder, tmp_path, values, {"shot": UNSEEN}).held_out
    assert table.schema == HELD_OUT
    base, sums = load(base_folder), dict.fromkeys(grid(range(1000)), 0.0)
    assert [(row["step"], row["timestep"]) for row in table.to_dicts()] == [(s, t) for s in (0, 2) for t in sums]
    for one in UNSEEN:
        image = torch.from_numpy(pixels(one).transpose(2, 0, 1).copy())[None].float() / 127.5 - 1
        with torch.no_grad():
            kept, (words,) = base.vae.encode(image).latent_dist, FAMILY.encode(base, ["hana, 1girl, smile"], 1, 1)
        for number, timestep in enumerate(sums):
            draws = {name: normal((4, 4, 4), generator(0, 0, one.image, number, name)) for name in ("latent", "noise")}
            latent = (kept.mean + kept.std * draws["latent"]) * base.vae.config.scaling_factor
            share = base.alphas_cumprod[timestep]
            noisy = share.sqrt() * latent + (1 - share).sqrt() * draws["noise"]
            with torch.no_grad():
                said = base.unet(noisy, torch.tensor([timestep]), words).sample
            sums[timestep] += (said - draws["noise"]).square().mean().item()
    of_base = table.filter(step=0)
    assert of_base["loss"].to_list() == pytest.approx([total / 2 for total in sums.values()], rel=1e-5)
    assert of_base["images"].to_list() == [2, 2, 2, 2]


@pytest.mark.parametrize("changes", [{}, {"ema": 0.9}, {"optimizer": "schedulefree"}, {"gradient_checkpointing": True}])
def test_measuring_changes_nothing(base_folder, tmp_path, changes):
    values = params(**{**EVERYTHING, "epochs": 2, "max_steps": 3, "save_every": 2}, **changes)
    with_it, without = run(base_folder, tmp_path / "a", values), run(base_folder, tmp_path / "b", values, {})
    assert [one["sha256"] for one in with_it.checkpoints] == [one["sha256"] for one in without.checkpoints]
    assert with_it.losses.equals(without.losses) and with_it.held_out["step"].unique().to_list() == [0, 2, 3]
    assert without.held_out.is_empty() and without.held_out.schema == HELD_OUT


def test_it_is_of_what_the_checkpoint_has(base_folder, tmp_path):
    values = params(max_steps=3, epochs=3, save_every=3, ema=0.5, learning_rate=0.05)
    with_average = means(run(base_folder, tmp_path / "a", values).held_out.to_dicts())
    without = means(run(base_folder, tmp_path / "b", values.model_copy(update={"ema": 0.0})).held_out.to_dicts())
    assert with_average[0] == without[0] and with_average[3] != without[3]


def test_an_image_whose_loss_is_not_a_number_is_named(base_folder, tmp_path):
    def predict(base, noisy, *given):
        return FAMILY.predict(base, noisy, *given) * (float("nan") if noisy.shape[-2:] == (3, 5) else 1.0)

    loaded = LoadedBase(replace(FAMILY, predict=predict), "sd15", load(base_folder), "tiny", "0" * 64)
    seen = [one for one in EXAMPLES if one.cut.bucket == (32, 32)]
    with pytest.raises(GengaError) as error:
        train(seen, pixels, loaded, params(), RunFolder(tmp_path, "hana"), tmp_path / "cache", CPU, held=HELD)
    assert str(error.value) == "step 0: the held-out loss is nan (image i7); verify the base (genga models verify)"
    assert not list(tmp_path.rglob("hana*.safetensors"))


def test_a_run_is_over_when_so_many_checkpoints_brought_nothing():
    falling, stays = [row(0, 0.1), row(1, 0.9), row(2, 0.8)], [row(3, 0.8), row(4, 0.85)]
    assert not is_over(falling, 1) and not is_over([*falling, *stays], 0)
    assert is_over([*falling, stays[0]], 1), "as low is not lower"
    assert not is_over([*falling, stays[0]], 2) and is_over([*falling, *stays], 2)
    assert not is_over([], 1) and not is_over(falling[:2], 1), "the base is no checkpoint"


def test_a_steps_loss_is_the_mean_over_all_its_images():
    assert means([row(0, 1.0, 3), row(0, 5.0, 1, "episode"), row(2, 0.5)]) == {0: 2.0, 2: 0.5}


def test_a_run_that_ends_early_ends_there_again_after_a_kill(base_folder, tmp_path):
    values = params(epochs=20, max_steps=24, save_every=2, patience=2, held_out=8, learning_rate=0.1)
    whole = run(base_folder, tmp_path / "whole", values)
    found = means(whole.held_out.to_dicts())
    assert [one["step"] for one in whole.checkpoints] == [2, 4, 6, 8, 10] and min(found, key=found.get) == 6
    assert whole.ledger["step"].max() == whole.losses.height == whole.held_out["step"].max() == 10

    for stop in (7, 10):  # 10: all is said and done, but the run is not in its place
        with pytest.raises(KeyboardInterrupt):
            run(base_folder, tmp_path / "killed", values, after=kill_at(stop))
    seen = []
    again = run(base_folder, tmp_path / "killed", values, after=lambda step, loss: seen.append(step.number))
    assert seen == []
    for name in ("ledger", "losses", "held_out"):
        assert getattr(again, name).equals(getattr(whole, name)), name
    assert [one["sha256"] for one in again.checkpoints] == [one["sha256"] for one in whole.checkpoints]


def test_the_learning_rate_of_a_run_that_ended_early_is_that_of_its_plan(base_folder, tmp_path):
    values = params(epochs=20, max_steps=8, save_every=1, patience=1, held_out=8, schedule="linear",
                    learning_rate=1e-30)  # fmt: skip
    ended = run(base_folder, tmp_path, values)
    assert ended.losses["learning_rate"].to_list() == pytest.approx([1e-30, 0.875e-30], rel=1e-9)


def test_patience_needs_images_that_are_held_out(base_folder, tmp_path):
    with pytest.raises(
        GengaError, match="^params.yaml:train.patience: the dataset holds no image out; set it to 0, or"
    ):
        run(base_folder, tmp_path, params(patience=1, held_out=8), {})
    assert not list(tmp_path.iterdir())


def test_another_held_out_image_begins_the_run_anew(base_folder, tmp_path, capsys):
    values = params(max_steps=2, save_every=1)
    first = run(base_folder, tmp_path, values)
    run(base_folder, tmp_path, values, {"shot": UNSEEN})
    assert "is of other parameters, another dataset or another base: it is ignored" in capsys.readouterr().err
    tensors = load_file(tmp_path / "unfinished/hana-000002.safetensors")
    assert len(tensors) > 0 and first.held_out.height == 3 * 2 * 4
