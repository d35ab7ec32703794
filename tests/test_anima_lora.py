"""A LoRA of Anima: losses as of a plain loop, names as others read them, and a picture as merged by hand."""

import re
from collections import Counter

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from anima_files import save_original_files
from conftest import ROOT
from diffusers import (
    AnimaTextConditioner,
    AutoencoderKLQwenImage,
    CosmosTransformer3DModel,
    ModularPipeline,
)
from peft import LoraConfig, inject_adapter_in_model
from safetensors.torch import load_file
from tiny_anima import FULL_SIZE, save_tiny_anima
from training_params import params
from transformers import Qwen2Tokenizer, Qwen3Model, T5TokenizerFast

from genga.errors import GengaError
from genga.evaluation.sample import Params, drawn
from genga.params.check import check_recipe
from genga.params.recipes import read_recipe
from genga.params.section import read_params
from genga.training import lora_file, tensor_file
from genga.training._layouts import anima as names
from genga.training.applied import modules_by_name
from genga.training.examples import Example
from genga.training.families._anima.files import load_files
from genga.training.families.anima import FAMILY, load
from genga.training.families.family import LoadedBase
from genga.training.latents import cached_latents
from genga.training.noise import noise
from genga.training.plan import phases_of, steps
from genga.training.resume import RunFolder
from genga.training.rng import generator
from genga.training.train import train
from genga.training.trainer import Trainer
from genga.training.transforms import Cut, to_tensor

CPU = torch.device("cpu")


def example(number, bucket, caption):
    cut = Cut(bucket, (0, 0, *bucket))
    return Example(f"i{number}", f"s/e/{number:06d}", None, caption, 1, cut, ("", 0, 0, str(number)), 1, 1.0)


EXAMPLES = [
    example(0, (32, 32), "hana, 1girl, smile"),
    example(1, (32, 32), "hana, solo"),
    example(2, (32, 32), "yuki, outdoors, standing"),
    example(3, (48, 16), ""),
]


def pixels(of):
    width, height = of.cut.bucket
    return np.random.default_rng(int(of.file[-1])).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_anima(tmp_path_factory.mktemp("anima"))


@pytest.fixture(autouse=True)
def fresh_accelerator():
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def loaded(folder):
    return LoadedBase(FAMILY, "anima", load(folder), "tiny", "0" * 64)


def run(folder, tmp_path, after=None, **changes):
    values, at = params(modules="transformer", **changes), RunFolder(tmp_path / "hana", "hana")
    return train(EXAMPLES, pixels, loaded(folder), values, at, tmp_path / "cache", CPU, after)


def test_four_losses_of_a_tiny_model(folder, tmp_path):
    trained = run(folder, tmp_path, max_steps=4, epochs=2)
    assert trained.losses["loss"].to_list() == pytest.approx([1.614736, 1.566245, 1.548774, 1.392585], rel=1e-4)


@pytest.mark.parametrize("changes", [{"precision": "bfloat16"}, {"gradient_checkpointing": True}])
def test_precision_and_memory_change_little(folder, tmp_path, changes):
    trained = run(folder, tmp_path, max_steps=4, epochs=2, **changes)
    losses = [1.614736, 1.566245, 1.548774, 1.392585]
    assert trained.losses["loss"].to_list() == pytest.approx(losses, rel=2e-2 if "precision" in changes else 1e-5)


def test_a_fine_tune_is_written_as_a_base_is_published(folder, tmp_path):
    run(folder, tmp_path, method="full", max_steps=2, learning_rate=0.05)
    files = save_original_files(tmp_path / "files", folder)
    published = load_files(files)
    before, after = load_file(files["model"]), load_file(tmp_path / "hana" / "unfinished" / "hana-000002.safetensors")
    assert {name: tensor.shape for name, tensor in after.items()} == {name: one.shape for name, one in before.items()}
    kept = {name for name in before if torch.equal(before[name], after[name])}
    assert kept == {name for name in before if name.startswith("net.llm_adapter.")}
    files["model"] = tmp_path / "hana" / "unfinished" / "hana-000002.safetensors"
    checkpoints = [(2, files["model"])]
    found = drawn(loaded_of(published), checkpoints, "", 1, picture_params(), CPU, is_whole=True)
    pictures = [image for _, image in found]
    ((_, wanted),) = drawn(loaded_of(load_files(files)), [], "", 1, picture_params(), CPU)
    assert abs(pictures[1].astype(int) - wanted.astype(int)).max() <= 1
    assert (pictures[0] != wanted).any()
    trained = load_files(files).transformer.state_dict()
    assert torch.equal(trained["proj_out.weight"], after["net.final_layer.linear.weight"])


def test_a_phase_is_held_to_what_its_base_can_be_trained_with(folder, tmp_path):
    with pytest.raises(GengaError, match=r"for a base of family anima set noise_offset: 0 "):
        run(folder, tmp_path, phases=[{}, {"noise_offset": 0.05}])


def plain_losses(folder, plan, start):
    """The losses of a loop with diffusers, transformers and peft alone, from the looks of a plan and their noise.

    start: (module, matrix) -> what the LoRA's matrices begin with.
    """
    words = Qwen2Tokenizer.from_pretrained(folder / "tokenizer")
    t5 = T5TokenizerFast.from_pretrained(folder / "t5_tokenizer")
    encoder = Qwen3Model.from_pretrained(folder / "text_encoder", dtype=torch.float32).eval()
    adapter = AnimaTextConditioner.from_pretrained(folder / "text_conditioner").eval()
    vae = AutoencoderKLQwenImage.from_pretrained(folder / "vae").eval()
    transformer = CosmosTransformer3DModel.from_pretrained(folder / "transformer").eval().requires_grad_(False)
    transformer.register_to_config(concat_padding_mask=False)  # its channel of zeros is given below
    target = r"transformer_blocks\.\d+\.(attn[12]\.to_(q|k|v|out\.0)|ff\.net\.(0\.proj|2))"
    inject_adapter_in_model(LoraConfig(r=2, lora_alpha=1.0, target_modules=target), transformer)
    trained = [(name, weight) for name, weight in transformer.named_parameters() if weight.requires_grad]
    assert len(trained) == 2 * 10 * 2
    for name, weight in trained:
        module, matrix = re.fullmatch(r"(.+)\.lora_([AB])\.default\.weight", name).groups()
        weight.data = start[f"transformer.{module}.{ {'A': 'lora_down', 'B': 'lora_up'}[matrix] }.weight"].clone()
    optimizer = torch.optim.AdamW([weight for _, weight in trained], lr=0.01, weight_decay=0.01)
    mean = torch.tensor(vae.config.latents_mean).view(1, -1, 1, 1, 1)
    deviation = torch.tensor(vae.config.latents_std).view(1, -1, 1, 1, 1)
    losses = []
    for step in plan:
        (batch,) = step.batches
        with torch.no_grad():
            images = torch.cat([to_tensor(pixels(look.example)) for look in batch])
            latents = (vae.encode(images[:, :, None]).latent_dist.mode() - mean) / deviation
            said = words([look.caption or "a" for look in batch], padding=True, return_tensors="pt")
            spoken = torch.tensor([bool(look.caption) for look in batch])[:, None] * said.attention_mask
            states = encoder(**said).last_hidden_state * spoken[..., None]
            asked = t5([look.caption for look in batch], padding=True, return_tensors="pt")
            text = adapter(states, asked.input_ids, asked.attention_mask, spoken)
        shape = latents.shape[1:2] + latents.shape[3:]
        added = torch.stack([noise(shape, generator(*look.key(0, "noise"))) for look in batch])[:, :, None]
        t = torch.tensor([(look.timestep + 1) / 1000 for look in batch])
        sigma = 3 * t / (1 + 2 * t)
        share = sigma.view(-1, 1, 1, 1, 1)
        noisy = (1 - share) * latents + share * added
        found = transformer(noisy, sigma, text, condition_mask=torch.zeros_like(noisy[:, :1])).sample
        loss = torch.nn.functional.mse_loss(found, added - latents)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([weight for _, weight in trained], 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def test_ten_steps_are_those_of_a_plain_loop(folder, tmp_path):
    values = params(modules="transformer", alpha=1.0, epochs=5, max_steps=10, timesteps="logit_normal")
    base = loaded(folder)
    trainer = Trainer(base, values, CPU, cached_latents(EXAMPLES, pixels, base, False, tmp_path / "cache", CPU))
    plan = list(steps(phases_of(EXAMPLES, values), trainer.schedule.timesteps))
    start = {name.removeprefix("value/"): value for name, value in trainer.state()[0].items()}
    ours = [trainer.step(step) for step in plan]
    theirs = plain_losses(folder, plan, start)
    assert len(ours) == 10
    assert ours == pytest.approx(theirs, abs=1e-6)
    assert max(ours) - min(ours) > 0.1


def picture_params():
    return Params(
        prompts=["hana, smile"], negative="solo", seeds=[3], width=48, height=32, steps=3, guidance=4.0,
        scheduler="euler", batch=1, threads=1, precision="float32",
    )  # fmt: skip


def held(transformer):
    """What peft holds after loading, by the names in the file; its own scale is to be 1."""
    found = {}
    for path, module in transformer.named_modules():
        if hasattr(module, "lora_A") and module.lora_A:
            (adapter,) = module.lora_A
            assert module.scaling[adapter] == 1.0
            name = names.transformer_name(path)
            found[f"{name}.lora_A.weight"] = module.lora_A[adapter].weight
            found[f"{name}.lora_B.weight"] = module.lora_B[adapter].weight
    return found


def test_diffusers_uses_every_key_and_draws_what_a_manual_merge_draws(folder, tmp_path):
    trained = run(folder, tmp_path, max_steps=6, epochs=3, alpha=1.0, learning_rate=0.1)
    file = tmp_path / "hana" / "unfinished" / "hana-000006.safetensors"
    assert trained.checkpoints[-1]["step"] == 6
    saved = load_file(file)
    assert len(saved) == 2 * 10 * 2 and all("lora" in name for name in saved)

    pipeline = ModularPipeline.from_pretrained(str(folder))
    pipeline.load_components(dtype=torch.float32)
    pipeline.load_lora_weights(str(file))
    found = held(pipeline.transformer)
    assert found.keys() == saved.keys()
    assert all(torch.equal(found[name], saved[name]) for name in saved)

    base = load(folder)
    noisy, text = torch.randn(1, 16, 4, 6), FAMILY.encode(base, ["hana, smile"], 1, 1)
    with torch.no_grad():
        plain = FAMILY.predict(base, noisy, torch.tensor([500.0]), text, [])
        with lora_file.merged(modules_by_name(loaded_of(base)), saved, FAMILY.lora_keys):
            merged = FAMILY.predict(base, noisy, torch.tensor([500.0]), text, [])
        pipeline.transformer.register_to_config(concat_padding_mask=False)
        zeros = torch.zeros(1, 1, 1, 4, 6)
        theirs = pipeline.transformer(noisy[:, :, None], torch.tensor([0.5]), text[0], condition_mask=zeros).sample
        by_hand = {name: weight.clone() for name, weight in base.transformer.state_dict().items()}
        for name in by_hand:
            start = f"diffusion_model.{names.original(name)}".removesuffix(".weight")
            if f"{start}.lora_B.weight" in saved:
                by_hand[name] += saved[f"{start}.lora_B.weight"] @ saved[f"{start}.lora_A.weight"]
    assert torch.allclose(theirs[:, :, 0], merged, atol=1e-5)
    assert (merged - plain).abs().max() > 1e-2

    base.transformer.load_state_dict(by_hand)
    ((_, wanted),) = drawn(loaded_of(base), [], "", 1, picture_params(), CPU)
    pictures = [image for _, image in drawn(loaded(folder), [(6, file)], "", 1, picture_params(), CPU)]
    assert abs(pictures[1].astype(int) - wanted.astype(int)).max() <= 1
    assert (pictures[0] != wanted).any()


def loaded_of(base):
    return LoadedBase(FAMILY, "anima", base, "tiny", "0" * 64)


def test_the_scale_is_folded_in():
    down, up = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    tensors = lora_file.entry("a", down, up, alpha=1.0, dtype=torch.float32, keys=FAMILY.lora_keys)
    assert sorted(tensors) == ["a.lora_A.weight", "a.lora_B.weight"]
    assert tensors["a.lora_B.weight"].tolist() == [[0.5, 0.0], [0.0, 0.5], [0.5, 0.5]]
    assert lora_file.deltas(tensors, FAMILY.lora_keys)["a"].tolist() == [[0.5, 1.0], [1.5, 2.0], [2.0, 3.0]]


def test_a_file_says_what_it_is_of(folder, tmp_path):
    run(folder, tmp_path, max_steps=1, timesteps="logit_normal", timestep_scale=1.3, shift=1.0)
    about = tensor_file.read_metadata(tmp_path / "hana" / "unfinished" / "hana-000001.safetensors")
    wanted = {
        "ss_base_model_version": "anima-base-v1.0",
        "modelspec.architecture": "anima-base-v1.0/lora",
        "ss_timestep_sampling": "shift",
        "ss_sigmoid_scale": "1.3",
        "ss_discrete_flow_shift": "1.0",
    }
    assert {key: about.get(key) for key in wanted} == wanted
    assert about["ss_network_module"] == "networks.lora_anima"  # kohya's
    assert "modelspec.prediction_type" not in about


def test_nothing_is_trained_or_drawn_in_float16(folder, tmp_path):
    with pytest.raises(
        GengaError, match=r"train.precision: a base of family anima \(tiny\) leaves the range of float16"
    ):
        run(folder, tmp_path, precision="float16")
    with pytest.raises(GengaError, match=r"sample.precision: a base of family anima"):
        list(drawn(loaded(folder), [], "", 1, picture_params().model_copy(update={"precision": "float16"}), CPU))
    assert not list(tmp_path.iterdir())


def test_a_fine_tune_says_what_it_is_as_the_published_file_does(folder, tmp_path):
    run(folder, tmp_path, method="full", max_steps=1, learning_rate=0.001, save_precision="bfloat16")
    file = tmp_path / "hana" / "unfinished" / "hana-000001.safetensors"
    about, tensors = tensor_file.read_metadata(file), load_file(file)
    assert about["modelspec.architecture"] == about["ss_base_model_version"] == "anima-base-v1.0"
    assert [key for key in about if key.startswith("ss_network")] == []
    assert "modelspec.prediction_type" not in about  # it has words for diffusion alone
    # No markers: those are SDXL's. UIs tell it by its names.
    assert {name.split(".")[0] for name in tensors} == {"net"}
    assert "net.llm_adapter.embed.weight" in tensors and "net.blocks.0.self_attn.q_proj.weight" in tensors
    assert {tensor.dtype for tensor in tensors.values()} == {torch.bfloat16}


def test_names_and_shapes_of_full_size():
    with torch.device("meta"):
        transformer = CosmosTransformer3DModel(**FULL_SIZE)
        published = names.whole(transformer.state_dict(), AnimaTextConditioner().state_dict())
    paths = names.modules(transformer, "transformer")
    modules = {names.transformer_name(path): transformer.get_submodule(path) for path in paths}
    assert len(modules) == 28 * 10 and len(names.modules(transformer, "attention")) == 28 * 8
    pattern = r"diffusion_model\.blocks\.(\d+)\.((?:self|cross)_attn\.(?:q|k|v|output)_proj|mlp\.layer[12])"
    found = [re.fullmatch(pattern, name).groups() for name in modules]
    assert Counter(int(block) for block, _ in found) == dict.fromkeys(range(28), 10)
    assert len({inner for _, inner in found}) == 10
    # (out, in) of the weights
    shapes = {name.split(".", 3)[3]: tuple(module.weight.shape) for name, module in modules.items()}
    wide = (2048, 2048)
    assert shapes == {
        **{f"self_attn.{which}_proj": wide for which in ("q", "k", "v", "output")},
        **{f"cross_attn.{which}_proj": wide for which in ("q", "output")},
        "cross_attn.k_proj": (2048, 1024),
        "cross_attn.v_proj": (2048, 1024),
        "mlp.layer1": (8192, 2048),
        "mlp.layer2": (2048, 8192),
    }
    # ComfyUI finds a LoRA's modules by the checkpoint's own names, `diffusion_model.` in the place of `net.`
    known = {name.replace("net.", "diffusion_model.", 1).removesuffix(".weight") for name in published}
    assert modules.keys() <= known


def test_the_recipe_is_one_that_the_base_can_be_trained_with(folder):
    values = check_recipe(read_params(ROOT / "params.yaml"), read_recipe(ROOT, "anima-lora"))
    train, sample = values.of("train"), values.of("sample")
    FAMILY.check(load(folder), params(**train))
    assert FAMILY.sampler(load(folder), sample["scheduler"])
    assert (train["timesteps"], train["timestep_scale"], train["shift"]) == ("logit_normal", 1.3, 1.0)
    assert sample["width"] % FAMILY.side == sample["height"] % FAMILY.side == 0
