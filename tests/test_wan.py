"""Family wan: text to video by flow matching, the file of its LoRA, and clips of 4n + 1 frames."""

import re
from pathlib import Path

import pytest
import torch
from diffusers import WanPipeline, WanTransformer3DModel
from diffusers.loaders.single_file_utils import convert_wan_transformer_to_diffusers
from safetensors.torch import load_file
from tiny_clips import CLIPS, STILL, clip, read, seen, train_clips
from tiny_training import CPU
from tiny_wan import save_tiny_wan
from training_params import params

from genga.errors import GengaError
from genga.training._layouts import wan as names
from genga.training.applied import applied
from genga.training.clip_latents import cached_latents
from genga.training.families import wan
from genga.training.families.family import LoadedBase
from genga.training.plan import Look

FAMILY = wan.FAMILY
VALUES = {"max_steps": 3, "epochs": 2, "batch": 2, "learning_rate": 0.01}
INSIDE = r"diffusion_model\.blocks\.\d+\.((self|cross)_attn\.(q|k|v|o)|ffn\.(0|2))\.lora_(A|B)\.weight"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_wan(tmp_path_factory.mktemp("base"))


def loaded(base) -> LoadedBase:
    return LoadedBase(FAMILY, "wan", base, "tiny", "0" * 64)


def test_conditions_are_those_of_the_pipeline(folder: Path) -> None:
    base, pipeline = FAMILY.load(folder), WanPipeline.from_pretrained(folder)
    captions = ["hana, smile", "yuki,  outdoors\nstanding", ""]
    theirs, _ = pipeline.encode_prompt(captions, do_classifier_free_guidance=False, max_sequence_length=512)
    with torch.no_grad():
        (ours,) = FAMILY.encode(base, captions, 1, 1)
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
        assert torch.equal(FAMILY.encode(base, captions[:1], 1, 1)[0], ours[:1])  # whatever the neighbours
    assert not FAMILY.is_cut(base, ["hana, " * 20], 1) and FAMILY.is_cut(base, ["hana, " * 400], 1)


def test_a_clip_is_drawn_as_by_the_pipeline_of_diffusers(folder: Path) -> None:
    base, pipeline = FAMILY.load(folder), WanPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    noise = torch.randn(1, 16, 2, 4, 4, generator=torch.Generator().manual_seed(5))
    pipeline.scheduler = FAMILY.sampler(base, "dpm++")
    theirs = pipeline(
        prompt="hana, smile", negative_prompt="", num_frames=5, width=32, height=32, num_inference_steps=3,
        guidance_scale=4.0, latents=noise.clone(), output_type="pt",
    ).frames  # fmt: skip
    scheduler, latents = FAMILY.sampler(base, "dpm++"), noise.clone()
    scheduler.set_timesteps(3)
    with torch.no_grad():
        said = FAMILY.encode(base, ["", "hana, smile"], 1, 1)
        for at in scheduler.timesteps:
            away, towards = FAMILY.predict(base, torch.cat([latents, latents]), at, said, []).chunk(2)
            latents = scheduler.step(away + 4.0 * (towards - away), at, latents).prev_sample
        ours = FAMILY.decode(base, latents)
    assert ours.shape == (1, 3, 5, 32, 32)
    torch.testing.assert_close((ours / 2 + 0.5).clamp(0, 1).transpose(1, 2), theirs, rtol=0, atol=1e-5)


def test_a_clip_is_kept_whole_and_encoded_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, shapes = FAMILY.load(folder), []
    encode = base.vae.encode
    monkeypatch.setattr(base.vae, "encode", lambda pixels: shapes.append(tuple(pixels.shape)) or encode(pixels))
    of = cached_latents([*CLIPS[:2], STILL], read, loaded(base), False, tmp_path, CPU)
    cached_latents([*CLIPS[:2], STILL], read, loaded(base), False, tmp_path, CPU)
    assert shapes == [(1, 3, 5, 32, 32), (1, 3, 5, 32, 32), (1, 3, 1, 32, 32)]
    found = of(Look(CLIPS[0], 1, 0, "", False, 0), torch.zeros(16, 2, 4, 4))
    pixels = torch.stack([seen(CLIPS[0], number) for number in CLIPS[0].frames], dim=2)
    mean, deviation = (torch.tensor(getattr(base.vae.config, f"latents_{what}")).view(1, -1, 1, 1, 1)
                       for what in ("mean", "std"))  # fmt: skip
    with torch.no_grad():
        by_hand = (encode(pixels).latent_dist.mode() - mean) / deviation
    torch.testing.assert_close(found[None], by_hand, rtol=0, atol=1e-6)
    assert of(Look(STILL, 1, 0, "", False, 0), torch.zeros(16, 1, 4, 4)).shape == (16, 1, 4, 4)


def full_size(**changes: int) -> WanTransformer3DModel:
    with torch.device("meta"):
        return WanTransformer3DModel(**changes)


@pytest.mark.parametrize(
    ("size", "count", "numbers", "modules"),
    [
        ({}, 1095, 14_288_491_584, 400),
        ({"num_attention_heads": 12, "ffn_dim": 8960, "num_layers": 30}, 825, 1_418_996_800, 300),
    ],
    ids=["14B", "1.3B"],
)
def test_every_key_and_shape_at_full_size(size: dict, count: int, numbers: int, modules: int) -> None:
    network = full_size(**size)
    state = network.state_dict()
    file = names.outside(state)
    assert len(file) == len(state) == count and sum(one.numel() for one in file.values()) == numbers
    again = convert_wan_transformer_to_diffusers(dict(file))  # by diffusers' own rule
    assert {name: one.shape for name, one in again.items()} == {name: one.shape for name, one in state.items()}
    paths = names.modules(network, "transformer")
    assert len(paths) == modules and len(names.modules(network, "attention")) == modules // 10 * 8
    assert {f"{names.lora_name(path)}.lora_A.weight" for path in paths} == {
        f"diffusion_model.blocks.{block}.{part}.lora_A.weight"
        for block in range(modules // 10)
        for part in [*(f"{kind}_attn.{one}" for kind in ("self", "cross") for one in "qkvo"), "ffn.0", "ffn.2"]
    }


def test_a_lora_is_what_diffusers_loads(folder: Path, tmp_path: Path) -> None:
    base = FAMILY.load(folder)
    train_clips(loaded(base), tmp_path, params(**VALUES, modules="transformer", rank=2, alpha=1.0), CLIPS[:3])
    file = tmp_path / "hana/unfinished/hana-000003.safetensors"
    tensors = load_file(file)
    assert len(tensors) == 2 * 10 * 2 and all(re.fullmatch(INSIDE, key) for key in tensors)
    noisy, at = torch.randn(1, 16, 2, 4, 4, generator=torch.Generator().manual_seed(1)), torch.tensor([500.0])
    pipeline, fresh = WanPipeline.from_pretrained(folder), FAMILY.load(folder)
    with torch.no_grad():
        said = FAMILY.encode(fresh, ["hana"], 1, 1)
        plain, learnt = (FAMILY.predict(one, noisy, at, said, []) for one in (fresh, base))
        with applied(loaded(fresh), file, False):
            merged = FAMILY.predict(fresh, noisy, at, said, [])
        pipeline.load_lora_weights(str(file))
        theirs = pipeline.transformer(noisy, at, said[0]).sample
    assert (learnt - plain).abs().max() > 1e-4
    torch.testing.assert_close(merged, learnt, rtol=0, atol=1e-5)
    torch.testing.assert_close(theirs, learnt, rtol=0, atol=1e-5)


def test_the_folder_that_is_written_is_loaded_again(folder: Path, tmp_path: Path) -> None:
    base = FAMILY.load(folder)
    FAMILY.write_folder(base, {}, tmp_path)
    pipeline, again = WanPipeline.from_pretrained(tmp_path), FAMILY.load(tmp_path)
    for network, state in ((pipeline.transformer, base.transformer), (pipeline.vae, base.vae)):
        assert all(torch.equal(one, state.state_dict()[name]) for name, one in network.state_dict().items())
    assert again.shift == base.shift == 3.0
    with torch.no_grad():
        assert torch.equal(FAMILY.encode(again, ["hana"], 1, 1)[0], FAMILY.encode(base, ["hana"], 1, 1)[0])


@pytest.mark.parametrize(("frames", "length", "longer"), [(16, 13, 17), (4, 1, 5), (3, 1, 5), (18, 17, 21)])
def test_other_numbers_of_frames_are_one_line(folder: Path, frames: int, length: int, longer: int) -> None:
    with pytest.raises(GengaError) as error:
        FAMILY.take_frames(FAMILY.load(folder), frames, False)
    assert str(error.value) == (
        f"params.yaml:train.clips: clips have {frames} frames, a base of family wan takes 4n + 1; set length to"
        f" {length}, or make clips of {longer} (clips.length)"
    )


def test_before_anything_is_done_a_run_says_so(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(GengaError, match="clips have 16 frames, a base of family wan takes 4n"):
        train_clips(loaded(FAMILY.load(folder)), tmp_path, params(**VALUES), [clip(1, range(16))])
    assert not (tmp_path / "cache").exists()
    assert [FAMILY.latent_frames(frames) for frames in (1, 5, 9, 81)] == [1, 2, 3, 21]


def test_what_is_no_such_base_is_one_line(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(GengaError, match="not a diffusers folder of Wan, scheduler/ is missing"):
        FAMILY.load(tmp_path)
    base = FAMILY.load(folder)
    with pytest.raises(GengaError, match="a prompt for a base of family wan has no weights; write 'smile' without br"):
        FAMILY.encode_parts(base, [("hana, ", 1.0), ("smile", 1.1)], 1, 1)
    with pytest.raises(GengaError, match="params.yaml:sample.scheduler: ddim is not for the flow of family wan; set e"):
        FAMILY.sampler(base, "ddim")
    with pytest.raises(GengaError, match="24x32 px: sides must be multiples of 16 for this base of family wan"):
        FAMILY.latent_shape(base, 24, 32)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"text_encoder": True}, "text_encoder: false"),
        ({"convolutions": True}, "convolutions: false"),
        ({"min_snr_gamma": 5.0}, "min_snr_gamma: 0"),
        ({"noise_offset": 0.1}, "noise_offset: 0"),
        ({"multires_iterations": 2}, "multires_iterations: 0"),
        ({"debiased": True}, "debiased: false"),
        ({"max_tokens": 150}, "max_tokens: 75"),
        ({"mask_background": 0.5}, "mask_background: 1"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(folder: Path, said: dict, message: str) -> None:
    with pytest.raises(GengaError, match=f"params.yaml:train: for a base of family wan set {message}"):
        FAMILY.check(FAMILY.load(folder), params(**said))
