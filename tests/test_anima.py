"""genga.training.families.anima: what diffusers' own pipeline says and draws, flow matching, and what is refused."""

import json
import shutil
from types import SimpleNamespace

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, ModularPipeline
from diffusers.models.transformers import transformer_cosmos
from safetensors.torch import load_file, save_file
from tiny_anima import save_tiny_anima
from training_params import params

from genga.errors import GengaError
from genga.evaluation import sample as sampling
from genga.evaluation.sample import Params, drawn
from genga.training.families.anima import (
    FAMILY,
    decode,
    encode,
    encode_image,
    encode_parts,
    is_cut,
    latent,
    latent_shape,
    load,
    predict,
    sampler,
    schedule,
)
from genga.training.families.family import LoadedBase

CPU = torch.device("cpu")
PROMPTS = ["", "hana, smile", "hana, solo, standing, outdoors"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_anima(tmp_path_factory.mktemp("anima"))


@pytest.fixture(scope="module")
def base(folder):
    return load(folder)


@pytest.fixture(scope="module")
def pipeline(folder):
    found = ModularPipeline.from_pretrained(str(folder))
    found.load_components(dtype=torch.float32)
    return found


@pytest.fixture
def padding(monkeypatch):
    """What diffusers needs of torchvision for a transformer that is told of padding: one nearest neighbour."""

    def resize(mask, size, interpolation):
        return torch.nn.functional.interpolate(mask, size=size, mode=interpolation)

    shim = SimpleNamespace(
        functional=SimpleNamespace(resize=resize), InterpolationMode=SimpleNamespace(NEAREST="nearest")
    )
    monkeypatch.setattr(transformer_cosmos, "transforms", shim, raising=False)


def change(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_folder_is_loaded_frozen_and_in_float32(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "base")
    weights = copy / "transformer" / "diffusion_pytorch_model.safetensors"
    save_file({name: tensor.bfloat16() for name, tensor in load_file(weights).items()}, weights)
    loaded = load(copy)
    for part in (loaded.text_encoder, loaded.adapter, loaded.transformer, loaded.vae):
        assert {(weight.dtype, weight.requires_grad) for weight in part.parameters()} == {(torch.float32, False)}
    assert loaded.shift == 3.0


def test_conditions_are_those_of_diffusers(base, pipeline):
    blocks = pipeline.blocks.sub_blocks
    encoder = blocks["text_encoder"]
    said = encoder.encode_prompt(pipeline, PROMPTS, prepare_unconditional_embeds=False, device=CPU)
    found = pipeline.text_conditioner(
        source_hidden_states=said["qwen_prompt_embeds"],
        target_input_ids=said["t5_input_ids"],
        target_attention_mask=said["t5_attention_mask"],
        source_attention_mask=said["qwen_attention_mask"],
    )
    with torch.no_grad():
        (ours,) = encode(base, PROMPTS)
    assert ours.shape == (3, 32, 24)
    assert torch.allclose(ours, found, atol=1e-5)
    assert ours.std(dim=0).max() > 0.1


@torch.no_grad()
def test_conditions_do_not_depend_on_neighbours(base):
    (together,) = encode(base, PROMPTS)
    assert all(torch.equal(encode(base, [prompt])[0][0], together[number]) for number, prompt in enumerate(PROMPTS))


@torch.no_grad()
def test_a_weight_scales_what_the_adapter_says_of_its_tokens(base):
    parts = [("hana, ", 1.0), ("smile", 1.5), (", solo", 1.0)]
    (found,), (even,) = (encode_parts(base, given) for given in (parts, [("hana, smile, solo", 1.0)]))
    assert torch.equal(even, encode(base, ["hana, smile, solo"])[0])
    (plain,) = encode_parts(base, [(text, 1.0 if text != "smile" else 1.0000001) for text, _ in parts])
    by_hand = plain.clone()
    by_hand[0, 2] *= 1.5  # of T5's tokens: hana, the comma, smile
    assert torch.allclose(found, by_hand, atol=1e-5)


def test_what_is_longer_than_512_tokens_is_cut(base):
    # a word and its comma are two tokens of either; T5's last of 512 is the end of the text
    assert [is_cut(base, [", ".join(["smile"] * count)]) for count in (255, 256, 257)] == [False, False, True]
    assert is_cut(base, [", ".join(["smile"] * 256), ", solo"]) and not is_cut(base, [])


@torch.no_grad()
def test_latents_are_the_mean_about_0_and_1(base):
    pixels = torch.rand(1, 3, 32, 48) * 2 - 1
    kept = encode_image(base, pixels)
    assert kept.shape == latent_shape(base, 48, 32) == (16, 4, 6)
    whole = base.vae.encode(pixels[:, :, None]).latent_dist
    assert torch.equal(kept, whole.mean[0, :, 0])
    latents = latent(base, kept, torch.full_like(kept, 9.0))
    assert torch.allclose(latents[0], (kept[0] + 0.7571) / 2.8184)
    assert torch.allclose(latents[15], (kept[15] + 0.2921) / 1.916)
    assert torch.allclose(decode(base, latents[None]), base.vae.decode(kept[None, :, None]).sample[:, :, 0], atol=1e-5)


def test_noise_is_of_rectified_flow_with_a_shift_of_three(base):
    flow = schedule(base, CPU)
    at = torch.tensor([0, 499, 999])
    assert flow.time(at).tolist() == pytest.approx([2.994012, 750.0, 1000.0])
    own = FlowMatchEulerDiscreteScheduler(shift=3.0).timesteps
    assert torch.allclose(flow.time(torch.arange(1000)), own.flip(0), atol=1e-3)
    latents, noise = torch.full((3, 1, 1, 1), 2.0), torch.full((3, 1, 1, 1), 10.0)
    assert flow.noised(latents, noise, at).flatten().tolist() == pytest.approx([2.023952, 8.0, 10.0])
    assert flow.target(latents, noise, at).flatten().tolist() == [8.0] * 3
    assert flow.snr(at).tolist() == pytest.approx([110889.0, 1 / 9, 0.0], rel=1e-4)
    assert (flow.timesteps, flow.prediction) == (1000, "flow")
    assert schedule(base, CPU, 1.0).time(at).tolist() == pytest.approx([1.0, 500.0, 1000.0])


@pytest.mark.parametrize(("name", "tolerance"), [("euler", 1e-6), ("dpm++", 2e-3)])  # dpm++ begins at sigma 0.9997
def test_a_straight_flow_ends_at_its_picture(base, name, tolerance):
    steps = sampler(base, name)
    steps.set_timesteps(4, device=CPU)
    assert steps.timesteps.tolist() == pytest.approx([1000, 900, 750, 500], abs=0.6)
    picture, noise = torch.randn(1, 16, 2, 2), torch.randn(1, 16, 2, 2)
    latents = noise * steps.init_noise_sigma
    for timestep in steps.timesteps:
        latents = steps.step(noise - picture, timestep, steps.scale_model_input(latents, timestep)).prev_sample
    assert torch.allclose(latents, picture, atol=tolerance * 4)


def picture_params(**changes):
    values = {
        "prompts": ["hana, smile"], "negative": "solo", "seeds": [3], "width": 48, "height": 32, "steps": 4,
        "guidance": 4.0, "scheduler": "euler", "batch": 2, "threads": 1, "precision": "float32",
    }  # fmt: skip
    return Params(**{**values, **changes})


def test_a_picture_is_that_of_diffusers_pipeline(folder, pipeline, padding, monkeypatch):
    noise = torch.randn(16, 4, 6, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(sampling, "start_noise", lambda template, seed, shape: noise)
    loaded = LoadedBase(FAMILY, "anima", load(folder), "tiny", "0" * 64)
    ((_, ours),) = drawn(loaded, [], "", 1, picture_params(), CPU)
    theirs = pipeline(
        prompt="hana, smile", negative_prompt="solo", latents=noise[None, :, None], num_inference_steps=4,
        height=32, width=48, output_type="np", output="images",
    )  # fmt: skip
    assert abs(ours.astype(float) - theirs[0] * 255).max() < 0.51
    assert ours.std() > 5
    ((_, plain),) = drawn(loaded, [], "", 1, picture_params(negative=""), CPU)
    assert (plain != ours).any()


@torch.no_grad()
def test_the_transformer_is_told_that_nothing_is_padded(folder, base, padding):
    noisy, text = torch.randn(2, 16, 4, 6), encode(base, ["hana", ""])
    ours = predict(base, noisy, torch.tensor([750.0, 20.0]), text, [])
    other = transformer_cosmos.CosmosTransformer3DModel.from_pretrained(folder / "transformer")
    mask = torch.zeros(1, 1, 32, 48)
    theirs = other(noisy[:, :, None], torch.tensor([0.75, 0.02]), text[0], padding_mask=mask).sample[:, :, 0]
    assert torch.allclose(ours, theirs, atol=1e-6)


def test_a_sampler_of_diffusion_is_refused_before_anything_is_drawn(folder):
    loaded = LoadedBase(FAMILY, "anima", load(folder), "tiny", "0" * 64)
    with pytest.raises(GengaError, match=r"^params.yaml:sample.scheduler: ddim is not for the flow .*; set euler or"):
        next(drawn(loaded, [], "", 1, picture_params(scheduler="ddim"), CPU))
    with pytest.raises(GengaError, match=r"^params.yaml:sample.width must be a multiple of 16, got 40$"):
        next(drawn(loaded, [], "", 1, picture_params(width=40), CPU))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text_encoder": True}, r"text_encoder: false \(it stays as it is\)"),
        ({"convolutions": True}, r"convolutions: false \(it has none\)"),
        ({"max_tokens": 150}, r"max_tokens: 75 \(512 are seen anyhow\)"),
        ({"min_snr_gamma": 5.0}, r"min_snr_gamma: 0 \(it weighs the noise of diffusion\)"),
        ({"debiased": True}, r"debiased: false \(it weighs the noise of diffusion\)"),
        ({"noise_offset": 0.05}, r"noise_offset: 0 \(a flow begins at plain noise\)"),
        ({"multires_iterations": 4}, r"multires_iterations: 0 \(a flow begins at plain noise\)"),
        (
            {"loss": "huber", "huber_schedule": "snr"},
            r"huber_schedule: constant or exponential \(snr is of diffusion\)",
        ),
        ({"convolutions": True, "text_encoder": True}, r"text_encoder: false \(.*\), convolutions: false \(.*\)"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(base, changes, message):
    FAMILY.check(base, params(shift=1.0, timesteps="logit_normal", huber_schedule="snr"))
    with pytest.raises(GengaError, match=rf"^params.yaml:train: for a base of family anima set {message}$"):
        FAMILY.check(base, params(**changes))


@pytest.mark.parametrize("section", ["train", "sample"])
def test_float16_is_refused_for_training_and_pictures(base, section):
    loaded = LoadedBase(FAMILY, "anima", base, "tiny", "0" * 64)
    for precision in ("float32", "bfloat16"):
        loaded.check_precision(precision, section)
    message = (
        rf"^params.yaml:{section}.precision: a base of family anima \(tiny\) leaves the range of float16; set it to"
        " bfloat16 or float32$"
    )
    with pytest.raises(GengaError, match=message):
        loaded.check_precision("float16", section)


def test_the_encoders_last_layer_is_the_only_one(base):
    with pytest.raises(GengaError, match=r"^params.yaml:train.clip_skip must be 1\.\.1 for base tiny, got 2$"):
        LoadedBase(FAMILY, "anima", base, "tiny", "0" * 64).check_clip_skip(2)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda base: shutil.rmtree(base / "t5_tokenizer"),
            "not a diffusers folder of Anima, t5_tokenizer/ is missing",
        ),
        (lambda base: (base / "vae" / "config.json").write_text("{"), "cannot be loaded as a base: "),
        (
            lambda base: (base / "transformer" / "diffusion_pytorch_model.safetensors").write_bytes(b"half"),
            "cannot be loaded as a base: ",
        ),
        (
            lambda base: change(base / "transformer" / "config.json", concat_padding_mask=False),
            "cannot be loaded as a base: ",
        ),
    ],
)
def test_what_is_no_base_is_named_in_one_line(folder, tmp_path, damage, message):
    copy = shutil.copytree(folder, tmp_path / "base")
    damage(copy)
    with pytest.raises(GengaError, match=message) as caught:
        load(copy)
    assert str(caught.value).startswith(str(copy)) and "\n" not in str(caught.value)
