"""genga.training.families.sdxl: what captions and sizes become, a LoRA that others load, pictures as theirs."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
from diffusers.utils import logging
from safetensors.torch import load_file
from tiny_base import save_tiny_base
from tiny_sdxl import UNET, VELOCITY, save_tiny_sdxl
from tiny_training import CPU, EXAMPLES, train_tiny
from training_params import params

from genga.errors import GengaError
from genga.evaluation.sample import drawn, start_noise
from genga.params.sample import Params as SampleParams
from genga.training import adapters, lora_file, tensor_file
from genga.training.applied import modules_by_name
from genga.training.device import state_sha256
from genga.training.families import sd15, sdxl
from genga.training.families.family import LoadedBase, Size
from genga.training.families.sdxl import FAMILY, adapted, encode, encode_parts, load, name_in_file, networks
from genga.training.tensor_file import read_metadata
from genga.training.transforms import Cut

logging.set_verbosity_error()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_sdxl(tmp_path_factory.mktemp("sdxl") / "base")


@pytest.fixture(scope="module")
def base(folder):
    return load(folder)


@pytest.fixture(scope="module")
def velocity(tmp_path_factory):
    """A base as NoobAI is: the velocity, and noise alone at the last timestep."""
    return save_tiny_sdxl(tmp_path_factory.mktemp("velocity") / "base", shallow=True, **VELOCITY)


@pytest.fixture(scope="module")
def shallow(tmp_path_factory):
    return save_tiny_sdxl(tmp_path_factory.mktemp("shallow") / "base", shallow=True)


def loaded_of(folder):
    return LoadedBase(FAMILY, "sdxl", load(folder), "tiny", "0" * 64)


def test_a_folder_of_other_blocks_is_refused(shallow, tmp_path):
    folder = shutil.copytree(shallow, tmp_path / "base")
    unet = UNet2DConditionModel(**{**UNET, "layers_per_block": 1, "transformer_layers_per_block": (1, 1, 1)})
    unet.save_pretrained(folder / "unet")
    with pytest.raises(GengaError) as error:
        load(folder)
    assert str(error.value) == f"{folder}: the UNet has 1 layers a level, or attention elsewhere than SDXL's"


@pytest.mark.parametrize(("clip_skip", "theirs"), [(1, None), (2, None), (3, 1)])
def test_captions_are_encoded_as_diffusers_does(folder, base, clip_skip, theirs):
    pipeline = StableDiffusionXLPipeline.from_pretrained(folder)
    captions = ["hana, smile", "", "solo"]
    wanted, _, pooled_wanted, _ = pipeline.encode_prompt(
        captions, device="cpu", do_classifier_free_guidance=False, clip_skip=theirs
    )
    states, pooled = encode(base, captions, clip_skip)
    assert (states.shape, pooled.shape) == ((3, 16, 16 + 24), (3, 24))
    assert torch.allclose(states, wanted, atol=1e-6)
    assert torch.allclose(pooled, pooled_wanted, atol=1e-6)


def test_a_caption_says_the_same_whatever_its_neighbours(base):
    together = encode(base, ["hana, smile", "solo"], 1, 2)
    for number, caption in enumerate(["hana, smile", "solo"]):
        for one, all_ in zip(encode(base, [caption], 1, 2), together, strict=True):
            assert torch.allclose(one[0], all_[number], atol=1e-6)


def test_weights_act_on_the_states_and_not_on_the_pooled_vector(base):
    plain = encode(base, ["hana, smile, solo"], 1)
    parts = encode_parts(base, [("hana, ", 1.0), ("smile, ", 1.0), ("solo", 1.0)], 1)
    assert all(torch.equal(one, other) for one, other in zip(plain, parts, strict=True))
    states, pooled = encode_parts(base, [("hana, ", 1.0), ("smile", 1.5), (", solo", 1.0)], 1)
    assert torch.equal(pooled, plain[1])
    start = 0
    for width in (16, 24):  # each encoder's own words, and its own mean
        before = plain[0][..., start : start + width]
        by_hand = before.clone()
        by_hand[0, 3] *= 1.5  # start, hana, comma, smile
        by_hand *= before.mean() / by_hand.mean()
        assert torch.allclose(states[..., start : start + width], by_hand, atol=1e-5)
        start += width


LONG = "smile smile" + ", smile" * 66  # 68 words and 66 commas: 134 tokens


@pytest.fixture(scope="module")
def windowed(tmp_path_factory):
    """A base of each family whose windows have 77 tokens, as the published ones have."""
    folder = tmp_path_factory.mktemp("windows")
    return {
        "sd15": LoadedBase(sd15.FAMILY, "sd15", sd15.load(save_tiny_base(folder / "sd15", length=77)), "tiny", ""),
        "sdxl": LoadedBase(FAMILY, "sdxl", load(save_tiny_sdxl(folder / "sdxl", 77)), "tiny", ""),
    }


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_a_caption_of_134_tokens_is_seen_whole_in_two_windows(windowed, family):
    loaded = windowed[family]
    assert [params(max_tokens=tokens).windows for tokens in (75, 150, 225)] == [1, 2, 3]
    tokens = loaded.base.tokenizer(LONG, add_special_tokens=False).input_ids
    assert len(tokens) == 134
    assert [loaded.seen(LONG, windows) == LONG for windows in (1, 2, 3)] == [False, True, True]
    assert loaded.seen(LONG, 1).count("smile") == 38  # two, 36 with a comma: 74 of 75 tokens


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
@pytest.mark.parametrize("windows", [1, 2, 3])
def test_each_window_has_start_and_end(windowed, family, windows):
    loaded, base = windowed[family], windowed[family].base
    tokens = base.tokenizer(LONG, add_special_tokens=False).input_ids
    start, end = base.tokenizer.bos_token_id, base.tokenizer.eos_token_id
    fill = base.tokenizer_2.pad_token_id if family == "sdxl" else end
    assert (fill == end) == (family == "sd15")

    def said(encoder, pad):
        rows = [tokens[:75], tokens[75:] + [], []][:windows]
        rows = [[start, *row, end] + [pad] * (75 - len(row)) for row in rows]
        assert {len(row) for row in rows} == {77}
        return [encoder(torch.tensor([row]), output_hidden_states=True) for row in rows]

    first = said(base.text_encoder, end)
    if family == "sd15":
        by_hand = torch.cat([one.last_hidden_state for one in first], dim=1)
    else:
        second = said(base.text_encoder_2, fill)
        by_hand = torch.cat(
            [torch.cat([one.hidden_states[-2] for one in each], dim=1) for each in (first, second)], dim=-1
        )
    states, *pooled = loaded.family.encode(base, [LONG], 1, windows)
    assert states.shape[1] == 77 * windows
    assert torch.allclose(states, by_hand, atol=1e-5)
    if family == "sdxl":
        assert torch.allclose(pooled[0], second[0].text_embeds, atol=1e-5)  # of the first window
    assert all(
        torch.allclose(one, other, atol=1e-6)
        for one, other in zip(
            loaded.family.encode_parts(base, [(LONG, 1.0)], 1, windows), (states, *pooled), strict=True
        )
    )


def test_what_is_told_of_an_image_is_height_before_width():
    # 1920 x 1080, scaled to 1024 x 576, cut to 896 x 576 from 64, 0 on
    size = Size(original=(1920, 1080), corner=(64, 0), target=(896, 576))
    assert sdxl.time_ids(size) == (1080, 1920, 0, 64, 576, 896)


def test_a_mirrored_look_is_cut_from_the_other_side():
    one = replace(EXAMPLES[0], cut=Cut((60, 40), (8, 4, 40, 36)))
    assert one.size() == Size((96, 80), (8, 4), (32, 32))
    assert one.size(flipped=True) == Size((96, 80), (20, 4), (32, 32))  # 60 - 40


def test_sizes_reach_the_unet_each_to_its_own_image(base):
    noisy, timesteps = torch.randn(2, 4, 4, 4), torch.tensor([10, 900])
    conditions = encode(base, ["hana", "solo"], 1)
    small, wide = Size((64, 32), (0, 0), (32, 32)), Size((1920, 1080), (8, 4), (32, 32))
    together = FAMILY.predict(base, noisy, timesteps, conditions, [small, wide])
    for number, size in enumerate((small, wide)):
        one = tuple(each[number : number + 1] for each in conditions)
        alone = FAMILY.predict(base, noisy[number : number + 1], timesteps[number : number + 1], one, [size])
        assert torch.allclose(alone, together[number : number + 1], atol=1e-5)
    swapped = FAMILY.predict(base, noisy, timesteps, conditions, [wide, small])
    assert (swapped - together).abs().max() > 1e-4


def test_sizes_are_told_in_float32_in_any_precision(base, monkeypatch):
    told = {}

    def forward(noisy, timesteps, text, added_cond_kwargs):
        told.update(added_cond_kwargs)
        return SimpleNamespace(sample=noisy)

    monkeypatch.setattr(base.unet, "forward", forward)
    conditions = tuple(each.bfloat16() for each in encode(base, ["hana"], 1))
    size = Size((1923, 1081), (3, 0), (1024, 576))
    FAMILY.predict(base, torch.zeros(1, 4, 4, 4), torch.tensor([1]), conditions, [size])
    assert told["time_ids"].tolist() == [[1081, 1923, 0, 3, 576, 1024]]
    assert told["text_embeds"].dtype == torch.bfloat16


def test_the_autoencoder_computes_in_float32_whatever_the_precision(folder):
    base = load(folder)
    with torch.no_grad():  # what float16 cannot hold: it ends at 65504
        base.vae.decoder.conv_in.weight.mul_(1e6)
        base.vae.encoder.conv_in.weight.mul_(1e6)
        assert FAMILY.decode(base, torch.randn(1, 4, 4, 4, dtype=torch.float16)).isfinite().all()
        kept = FAMILY.encode_image(base, torch.rand(1, 3, 32, 32))
        assert kept.isfinite().all()
        assert not base.vae.half().decode(torch.randn(1, 4, 4, 4, dtype=torch.float16)).sample.isfinite().all()


def write_random_lora(folder, path, convolutions):
    """A LoRA for every module that can be adapted, with matrices far from zero; returns its tensors."""
    base, tensors = load(folder), {}
    torch.manual_seed(1)
    for network, modules in adapted(
        base, params(modules="transformer", convolutions=convolutions, text_encoder=True)
    ).items():
        module = networks(base)[network]
        adapters.attach(module, modules, 2, 1.0, 0, network)
        for name, down, up in adapters.matrices(module, modules):
            up.data = torch.randn_like(up) * 0.1
            tensors |= lora_file.entry(name_in_file(network, name), down, up, 1.0, torch.float32)
    tensor_file.write(path, tensors, {"ss_network_module": "networks.lora"})
    return tensors


def loaded_matrices(pipeline):
    """What peft holds after loading, by the names in the file."""
    found = {}
    for network, model in (
        ("unet", pipeline.unet),
        ("text", pipeline.text_encoder),
        ("text_2", pipeline.text_encoder_2),
    ):
        for path, module in model.named_modules():
            if hasattr(module, "lora_A") and module.lora_A:
                (adapter,) = module.lora_A
                name = name_in_file(network, path)
                found[f"{name}.lora_down.weight"] = module.lora_A[adapter].weight
                found[f"{name}.lora_up.weight"] = module.lora_B[adapter].weight
                found[f"{name}.alpha"] = torch.tensor(module.scaling[adapter] * module.r[adapter])
    return found


@pytest.mark.parametrize("convolutions", [False, True])
def test_diffusers_uses_every_key_and_draws_what_a_manual_merge_draws(folder, tmp_path, convolutions):
    path = tmp_path / "lora.safetensors"
    tensors = write_random_lora(folder, path, convolutions)
    loaded = loaded_of(folder)
    pipeline = StableDiffusionXLPipeline.from_pretrained(folder)
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)  # adds no noise of its own
    noise = torch.randn(1, 4, 4, 4)

    def draw(**changes):
        said = pipeline(
            prompt="hana, smile", negative_prompt="solo", latents=noise, num_inference_steps=2, guidance_scale=2.0,
            height=32, width=32, output_type="pt", **changes,
        )  # fmt: skip
        return said.images

    plain = draw()
    modules = modules_by_name(loaded)
    with lora_file.merged(modules, tensors):
        for part in ("unet", "text_encoder", "text_encoder_2"):
            getattr(pipeline, part).load_state_dict(getattr(loaded.base, part).state_dict())
        merged = draw()
    for part in ("unet", "text_encoder", "text_encoder_2"):
        getattr(pipeline, part).load_state_dict(getattr(loaded.base, part).state_dict())
    assert torch.equal(draw(), plain)
    pipeline.load_lora_weights(str(path))
    held, saved = loaded_matrices(pipeline), load_file(path)
    assert held.keys() == saved.keys()
    assert all(torch.equal(held[key], saved[key]) for key in saved)
    assert (
        len([key for key in saved if key.startswith("lora_unet_") and key.endswith(".alpha")])
        == 722 + 66 * convolutions
    )
    assert torch.allclose(draw(), merged, atol=1e-5)
    assert (merged - plain).abs().max() > 1e-3


def test_four_losses_of_a_tiny_model(folder, tmp_path):
    trained = train_tiny(loaded_of(folder), tmp_path, params(max_steps=4, epochs=2, text_encoder=True))
    assert trained.losses["loss"].to_list() == pytest.approx([1.185570, 1.224929, 1.208602, 1.132825], rel=1e-4)


def test_four_losses_of_a_tiny_model_that_predicts_the_velocity(velocity, tmp_path):
    values = params(max_steps=4, epochs=2, text_encoder=True, min_snr_gamma=5.0)
    trained = train_tiny(loaded_of(velocity), tmp_path, values)
    assert trained.losses["loss"].to_list() == pytest.approx([0.182565, 0.0185585, 0.0549223, 0.320118], rel=1e-4)


def test_half_precision_comes_close(shallow, tmp_path):
    losses = {}
    for precision in ("float32", "bfloat16"):
        values = params(
            max_steps=2, text_encoder=True, precision=precision, gradient_checkpointing=precision != "float32"
        )
        losses[precision] = train_tiny(loaded_of(shallow), tmp_path / precision, values).losses["loss"].to_list()
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.05)


def test_a_base_that_was_trained_whole_is_one_file_that_loads(velocity, tmp_path):
    values = params(method="full", max_steps=1, text_encoder=True, learning_rate=0.001, text_learning_rate=0.001)
    loaded = loaded_of(velocity)
    train_tiny(loaded, tmp_path, values)
    (file,) = tmp_path.rglob("hana-000001.safetensors")
    no_weights = shutil.ignore_patterns("*.safetensors")
    shutil.copytree(velocity, file.with_suffix(""), ignore=no_weights)
    found, before = load(file), load(velocity)
    assert (found.prediction, found.zero_terminal_snr) == ("v_prediction", True)
    for part in ("unet", "text_encoder", "text_encoder_2", "vae"):
        assert state_sha256(getattr(found, part)) == state_sha256(getattr(loaded.base, part)), part
        assert (state_sha256(getattr(found, part)) == state_sha256(getattr(before, part))) == (part == "vae"), part


@pytest.mark.parametrize("is_velocity", [False, True])
def test_a_checkpoint_says_what_it_is(shallow, velocity, tmp_path, is_velocity):
    base = velocity if is_velocity else shallow
    values = params(max_steps=1, save_precision="float16", text_encoder=True, modules="transformer")
    train_tiny(loaded_of(base), tmp_path, values)
    (file,) = tmp_path.rglob("hana-000001.safetensors")
    about = read_metadata(file)
    expected = {
        "ss_v2": "False",
        "ss_base_model_version": "sdxl_base_v1-0",
        "ss_network_module": "networks.lora",
        "ss_v_parameterization": str(is_velocity),
        "ss_zero_terminal_snr": str(is_velocity),
        "modelspec.architecture": "stable-diffusion-xl-v1-base/lora",
        "modelspec.prediction_type": "v" if is_velocity else "epsilon",
    }
    assert {key: about[key] for key in expected} == expected
    assert json.loads(about["ss_tag_frequency"])["1_hana"]["hana"] == 3
    assert len(load_file(file)) == 3 * (11 * 12 + 6 * 3 + 6 * 4)  # 11 transformers of one block
    StableDiffusionXLPipeline.from_pretrained(base).load_lora_weights(str(file))


def sample_params(**changes):
    return SampleParams(
        **{
            "prompts": ["{trigger}, smile"], "negative": "solo", "seeds": [3], "width": 40, "height": 24, "steps": 4,
            "guidance": 2.0, "scheduler": "ddim", "batch": 3, "threads": 1, "precision": "float32", **changes,
        }
    )  # fmt: skip


@pytest.mark.parametrize("scheduler", ["ddim", "dpm++"])
@pytest.mark.parametrize("kind", ["epsilon", "velocity"])
def test_pictures_are_those_of_diffusers_with_trailing_timesteps(shallow, velocity, scheduler, kind):
    of = velocity if kind == "velocity" else shallow
    values = sample_params(scheduler=scheduler)
    ((_, image),) = list(drawn(loaded_of(of), [], "hana", 1, values, CPU))
    pipeline = StableDiffusionXLPipeline.from_pretrained(of)
    config = pipeline.scheduler.config
    pipeline.scheduler = (
        DDIMScheduler.from_config(config, timestep_spacing="trailing")
        if scheduler == "ddim"
        else DPMSolverMultistepScheduler.from_config(config, timestep_spacing="trailing", algorithm_type="dpmsolver++")
    )
    said = pipeline(
        prompt="hana, smile", negative_prompt="solo", latents=start_noise("{trigger}, smile", 3, (4, 3, 5))[None],
        num_inference_steps=4, guidance_scale=2.0, width=40, height=24, output_type="np",
    )  # fmt: skip
    wanted = (said.images[0] * 255).round().astype(int)
    assert abs(image.astype(int) - wanted).max() <= 1
    if kind == "velocity":
        assert pipeline.scheduler.config.rescale_betas_zero_snr and pipeline.scheduler.timesteps[0] == 999


def test_a_lora_changes_the_pictures_that_are_drawn(folder, tmp_path):
    path = tmp_path / "lora.safetensors"
    write_random_lora(folder, path, convolutions=True)
    pictures = [
        image.astype(int) for _, image in drawn(loaded_of(folder), [(10, path)], "hana", 1, sample_params(), CPU)
    ]
    assert len(pictures) == 2
    assert abs(pictures[0] - pictures[1]).max() > 2
