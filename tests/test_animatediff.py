"""Family animatediff: a motion module in an SD 1.x base, its files, what is learnt of it, and what it refuses."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import AnimateDiffPipeline, DDPMScheduler, MotionAdapter, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.models.unets.unet_motion_model import UNetMotionModel
from safetensors.torch import load_file, save_file
from tiny_base import save_tiny_base, unet
from tiny_clips import assert_draws_as, clip, train_clips
from training_params import params

from genga.errors import GengaError
from genga.training import tensor_file
from genga.training._layouts import motion as names
from genga.training.applied import applied
from genga.training.families import animatediff, sd15
from genga.training.families._animatediff.base import assembled
from genga.training.families.family import LoadedBase

FAMILY = animatediff.FAMILY
MODULE = (
    r"(down_blocks\.[0-3]\.motion_modules\.[01]|up_blocks\.[0-3]\.motion_modules\.[0-2]|mid_block\.motion_modules\.0)"
)
INSIDE = (
    r"\.temporal_transformer\.(norm|proj_in|proj_out|transformer_blocks\.0\.(attention_blocks\.[01]\.(to_[qkv]|to_out\.0"
    r"|pos_encoder)|norms\.[01]|ff_norm|ff\.net\.(0\.proj|2)))\.(weight|bias|pe)"
)

LORA = r"\.temporal_transformer\.transformer_blocks\.0\.attention_blocks\.[01]\.processor\.to_(q|k|v|out)_lora"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_base(tmp_path_factory.mktemp("base"))


def loaded(base) -> LoadedBase:
    return LoadedBase(FAMILY, "animatediff", base, "tiny", "0" * 64)


def moved(base) -> None:
    """Give a fresh module's last layers weights, so that it does something."""
    torch.manual_seed(3)
    with torch.no_grad():
        for name, weight in base.unet.named_parameters():
            if names.is_motion(name) and ".proj_out." in name:
                weight.normal_(std=0.3)


def test_a_fresh_module_changes_nothing(folder: Path) -> None:
    flat, moving = sd15.FAMILY.load(folder), FAMILY.load(folder)
    noisy, at = torch.randn(2, 4, 6, 4, 4, generator=torch.Generator().manual_seed(1)), torch.tensor([3, 500])
    said = sd15.FAMILY.encode(flat, ["hana, smile", "yuki"], 1, 1)
    with torch.no_grad():
        video = FAMILY.predict(moving, noisy, at, said, [])
        frames = [sd15.FAMILY.predict(flat, noisy[:, :, frame], at, said, []) for frame in range(6)]
        torch.testing.assert_close(video, torch.stack(frames, dim=2), rtol=0, atol=2e-6)
        moved(moving)
        assert (FAMILY.predict(moving, noisy, at, said, []) - video).abs().max() > 0.01


def test_a_fresh_module_is_the_same_every_time_and_not_zero(folder: Path) -> None:
    torch.manual_seed(1)
    first = FAMILY.whole(FAMILY.load(folder), {})
    torch.manual_seed(2)
    again = FAMILY.whole(FAMILY.load(folder), {})
    assert all(torch.equal(tensor, again[key]) for key, tensor in first.items())
    zero = {key for key, tensor in first.items() if not tensor.any()}
    norms = {key for key in first if re.search(r"(norm|norms\.\d|ff_norm)\.bias$", key)}
    assert zero == norms | {key for key in first if ".proj_out." in key}


def test_the_schedule_is_linear_whatever_the_base_has(folder: Path) -> None:
    base = FAMILY.load(folder)
    assert sd15.FAMILY.load(folder).schedule["beta_schedule"] == "scaled_linear"
    linear = DDPMScheduler(beta_schedule="linear", beta_start=0.00085, beta_end=0.012)
    torch.testing.assert_close(base.alphas_cumprod, linear.alphas_cumprod, rtol=0, atol=0)
    assert FAMILY.sampler(base, "euler").config.beta_schedule == "linear"


def test_names_of_a_file_are_the_published_ones(folder: Path) -> None:
    keys = set(FAMILY.whole(FAMILY.load(folder), {}))
    assert all(re.fullmatch(MODULE + INSIDE, key) for key in keys)
    assert not any(key.startswith("module.") for key in keys)
    blocks = {key.rpartition("attention_blocks.")[0] for key in keys if key.endswith(".pe")}
    assert {f"{block}attention_blocks.{n}.pos_encoder.pe" for block in blocks for n in (0, 1)} <= keys
    assert len(blocks) == 4 * 1 + 4 * 2 + 1  # the tiny base has one layer a block


def full_size() -> UNetMotionModel:
    """The UNet of SD 1.5 with a module of the second version, without its weights."""
    with torch.device("meta"):
        flat = UNet2DConditionModel(cross_attention_dim=768)
        return UNetMotionModel.from_unet2d(flat, MotionAdapter(), load_weights=False)


def test_every_key_and_shape_at_full_size() -> None:
    """What mm_sd_v15_v2 has: 21 modules in the blocks and in the middle, 1.8 GB of float32 and positions for 32."""
    state = full_size().state_dict()
    tensors = {key: state[name] for name in state if names.is_motion(name) for key in names.originals(name)}
    assert len(tensors) == 21 * 28 and all(re.fullmatch(MODULE + INSIDE, key) for key in tensors)
    assert {tensor.shape for key, tensor in tensors.items() if key.endswith(".pe")} == {
        (1, 32, 320), (1, 32, 640), (1, 32, 1280)
    }  # fmt: skip
    first = "down_blocks.0.motion_modules.0.temporal_transformer"
    inside = f"{first}.transformer_blocks.0"
    assert {key: tuple(tensors[key].shape) for key in tensors if key.startswith(f"{first}.")} == {
        f"{first}.norm.weight": (320,), f"{first}.norm.bias": (320,),
        f"{first}.proj_in.weight": (320, 320), f"{first}.proj_in.bias": (320,),
        f"{first}.proj_out.weight": (320, 320), f"{first}.proj_out.bias": (320,),
        **{f"{inside}.attention_blocks.{n}.{name}": shape for n in (0, 1) for name, shape in {
            "to_q.weight": (320, 320), "to_k.weight": (320, 320), "to_v.weight": (320, 320),
            "to_out.0.weight": (320, 320), "to_out.0.bias": (320,), "pos_encoder.pe": (1, 32, 320)}.items()},
        **{f"{inside}.{name}.{kind}": (320,)
           for name in ("norms.0", "norms.1", "ff_norm") for kind in ("weight", "bias")},
        f"{inside}.ff.net.0.proj.weight": (2560, 320), f"{inside}.ff.net.0.proj.bias": (2560,),
        f"{inside}.ff.net.2.weight": (320, 1280), f"{inside}.ff.net.2.bias": (320,),
    }  # fmt: skip
    learnt = sum(state[name].numel() for name in state if names.is_motion(name) and not name.endswith(".pe"))
    assert learnt == 453_209_280


def test_a_motion_lora_at_full_size_has_the_published_names() -> None:
    paths = [path for path, layer in full_size().named_modules() if isinstance(layer, torch.nn.Linear)]
    called = [names.lora_name(path) for path in paths if names.is_attention(path)]
    assert len(called) == len(set(called)) == 21 * 8
    ends = (
        MODULE
        + r"\.temporal_transformer\.transformer_blocks\.0\.attention_blocks\.[01]\.processor\.to_(q|k|v|out)_lora"
    )
    assert all(re.fullmatch(ends, name) for name in called)


def test_what_is_written_is_what_diffusers_and_we_load(folder: Path, tmp_path: Path) -> None:
    base = FAMILY.load(folder)
    moved(base)
    file, written = tmp_path / "motion.safetensors", tmp_path / "adapter"
    save_file(FAMILY.whole(base, {}), file)
    FAMILY.write_folder(base, {}, written)
    config = {"pretrained_model_link_or_path_or_dict": str(file), "config": str(written)}
    by_file = MotionAdapter.from_single_file(**config)
    by_folder = MotionAdapter.from_pretrained(written)
    own = {name: tensor for name, tensor in base.unet.state_dict().items() if names.is_motion(name)}
    for adapter in (by_file, by_folder):
        assert adapter.state_dict().keys() == own.keys()
        assert all(torch.equal(tensor, own[name]) for name, tensor in adapter.state_dict().items())
    for motion in (file, written):
        again = FAMILY.load_files({"base": folder, "motion": motion}).unet.state_dict()
        assert all(torch.equal(again[name], tensor) for name, tensor in base.unet.state_dict().items())


def test_a_module_of_the_first_version_has_no_middle(folder: Path, tmp_path: Path) -> None:
    tensors = FAMILY.whole(FAMILY.load(folder), {})
    first = {key: tensor[:, :24] if key.endswith(".pe") else tensor for key, tensor in tensors.items()
             if not key.startswith("mid_block.")}  # fmt: skip
    save_file({f"module.{key}": tensor.contiguous() for key, tensor in first.items()}, tmp_path / "v1.safetensors")
    base = FAMILY.load_files({"base": folder, "motion": tmp_path / "v1.safetensors"})
    torch.save({"state_dict": load_file(tmp_path / "v1.safetensors")}, tmp_path / "v1.ckpt")
    same = FAMILY.load_files({"base": folder, "motion": tmp_path / "v1.ckpt"}).unet.state_dict()
    assert all(torch.equal(one, same[name]) for name, one in base.unet.state_dict().items())
    assert not hasattr(base.unet.mid_block, "motion_modules")
    written = FAMILY.whole(base, {})
    assert written.keys() == first.keys() and all(torch.equal(written[key], first[key]) for key in first)


def test_a_clip_is_drawn_as_by_the_pipeline_of_diffusers(folder: Path) -> None:
    base = FAMILY.load(folder)
    moved(base)
    flat = StableDiffusionPipeline.from_pretrained(folder)
    pipeline = AnimateDiffPipeline(
        vae=flat.vae, text_encoder=flat.text_encoder, tokenizer=flat.tokenizer, unet=base.unet, motion_adapter=None,
        scheduler=FAMILY.sampler(base, "ddim"),
    )  # fmt: skip
    assert_draws_as(FAMILY, base, pipeline)


VALUES = {"max_steps": 3, "epochs": 2, "batch": 2, "learning_rate": 0.001}


@pytest.mark.parametrize("modules", ["transformer", "attention"])
def test_what_is_learnt_of_a_module_and_nothing_else(folder: Path, tmp_path: Path, modules: str) -> None:
    base = FAMILY.load(folder)
    if modules == "attention":
        moved(base)
    before = {name: tensor.clone() for name, tensor in base.unet.state_dict().items()}
    trained = train_clips(loaded(base), tmp_path, params(**VALUES, method="full", modules=modules))
    changed = {name for name, tensor in base.unet.state_dict().items() if not torch.equal(tensor, before[name])}
    wanted = {name for name, _ in base.unet.named_parameters()
              if (names.is_attention if modules == "attention" else names.is_motion)(name)}  # fmt: skip
    assert changed == wanted
    file = tmp_path / "hana/unfinished/hana-000003.safetensors"
    assert trained.checkpoints[-1]["sha256"] and set(load_file(file)) == set(FAMILY.whole(base, {}))
    about = tensor_file.read_metadata(file)
    assert about["modelspec.architecture"] == "animatediff-v2" and "ss_network_dim" not in about


def test_a_checkpoint_is_applied_and_taken_away_again(folder: Path, tmp_path: Path) -> None:
    base = FAMILY.load(folder)
    train_clips(loaded(base), tmp_path, params(**VALUES, method="full", modules="transformer"))
    learnt = {name: tensor.clone() for name, tensor in base.unet.state_dict().items()}
    fresh = FAMILY.load(folder)
    before = {name: tensor.clone() for name, tensor in fresh.unet.state_dict().items()}
    with applied(loaded(fresh), tmp_path / "hana/unfinished/hana-000003.safetensors", True):
        assert all(torch.equal(tensor, learnt[name]) for name, tensor in fresh.unet.state_dict().items())
    assert all(torch.equal(tensor, before[name]) for name, tensor in fresh.unet.state_dict().items())


def test_a_motion_lora_has_its_scale_folded_in(folder: Path, tmp_path: Path) -> None:
    base = FAMILY.load(folder)
    moved(base)
    train_clips(loaded(base), tmp_path, params(**VALUES, method="lora", rank=2, alpha=1.0))
    tensors = load_file(tmp_path / "hana/unfinished/hana-000003.safetensors")
    assert len(tensors) == 13 * 8 * 2
    assert all(re.fullmatch(MODULE + LORA + r"\.(down|up)\.weight", key) and "temporal" in key for key in tensors)
    other = FAMILY.load(folder)
    moved(other)
    path = "down_blocks.0.motion_modules.0.transformer_blocks.0.attn2.to_out.0"
    name = FAMILY.name_in_file("unet", path)
    layer = base.unet.get_submodule(path)
    before = other.unet.get_submodule(path).weight.clone()
    with applied(loaded(other), tmp_path / "hana/unfinished/hana-000003.safetensors", False):
        change = other.unet.get_submodule(path).weight - before
    by_hand = 0.5 * layer.lora_B["default"].weight @ layer.lora_A["default"].weight
    assert by_hand.abs().max() > 0
    torch.testing.assert_close(change, by_hand.detach(), rtol=0, atol=1e-6)
    torch.testing.assert_close(
        tensors[f"{name}.up.weight"] @ tensors[f"{name}.down.weight"], by_hand.detach(), rtol=0, atol=1e-7
    )


def test_positions_are_stretched_where_that_is_wanted(folder: Path) -> None:
    base = FAMILY.load(folder)
    table = base.unet.down_blocks[0].motion_modules[0].transformer_blocks[0].pos_embed
    before = table.pe.clone()
    FAMILY.take_frames(base, 32, False)
    assert torch.equal(table.pe, before)
    FAMILY.take_frames(base, 63, True)
    assert table.pe.shape == (1, 63, 8)
    torch.testing.assert_close(table.pe[:, ::2], before, rtol=0, atol=1e-6)  # every second is one that it knew
    torch.testing.assert_close(table.pe[:, 1], (before[:, 0] + before[:, 1]) / 2, rtol=0, atol=1e-6)
    assert {tensor.shape[1] for key, tensor in FAMILY.whole(base, {}).items() if key.endswith(".pe")} == {63}


def test_a_run_of_longer_clips_than_the_module_knows(folder: Path, tmp_path: Path) -> None:
    long, values = [clip(9, range(34))], {**VALUES, "method": "full", "modules": "transformer", "max_steps": 1}
    with pytest.raises(GengaError) as error:
        train_clips(loaded(FAMILY.load(folder)), tmp_path, params(**values), long)
    assert str(error.value) == (
        "params.yaml:train.clips: clips have 34 frames, the motion module has positions for 32; set length to 32 or"
        " less, or stretch to true"
    )
    train_clips(loaded(FAMILY.load(folder)), tmp_path, params(**values, clips={"stretch": True}), long)
    tensors = load_file(tmp_path / "hana/unfinished/hana-000001.safetensors")
    assert {tensor.shape[1] for key, tensor in tensors.items() if key.endswith(".pe")} == {34}
    fresh = FAMILY.load(folder)  # which has positions for 32
    with applied(loaded(fresh), tmp_path / "hana/unfinished/hana-000001.safetensors", True):
        said = FAMILY.encode(fresh, [""], 1, 1)
        assert FAMILY.predict(fresh, torch.zeros(1, 4, 34, 4, 4), torch.tensor([1]), said, []).shape[2] == 34
        FAMILY.write_folder(fresh, {}, tmp_path / "written")
    written = MotionAdapter.from_pretrained(tmp_path / "written").state_dict()
    assert {tensor.shape[1] for name, tensor in written.items() if name.endswith(".pe")} == {34}


def spoilt(tensors: dict[str, torch.Tensor], kind: str) -> dict[str, torch.Tensor]:
    if kind == "image LoRA":
        return {"lora_unet_down_blocks_0.lora_up.weight": torch.zeros(1)}
    if kind == "without positions":
        return {key: tensor for key, tensor in tensors.items() if not key.endswith(".pe")}
    if kind == "of SDXL":
        return {key: tensor for key, tensor in tensors.items() if "blocks.3." not in key}
    if kind == "wider":
        return {
            key: torch.cat([tensor, tensor]) if key.endswith("proj_in.weight") else tensor
            for key, tensor in tensors.items()
        }
    return {key: tensor + key.endswith("blocks.1.pos_encoder.pe") for key, tensor in tensors.items()}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("image LoRA", "is no motion module: nothing in it is called ….motion_modules.…"),
        (
            "without positions",
            r"has no positions \(….pos_encoder.pe\), so it is no whole motion module; take its own file",
        ),
        (
            "of SDXL",
            r"is a motion module for another kind of base: of down_blocks.3.\S+ it has none, the base takes 16",
        ),
        (
            "wider",
            r"is a motion module for another kind of base: of \S+proj_in.weight it has 16x8, the base takes 8x8; t",
        ),
        ("two tables", r"is no motion module that is known \(.*pe and that of the block's other attention differ\)"),
    ],
)
def test_a_module_that_does_not_fit_is_one_line(folder: Path, tmp_path: Path, kind: str, message: str) -> None:
    file = tmp_path / "motion.safetensors"
    save_file(
        {key: tensor.contiguous() for key, tensor in spoilt(FAMILY.whole(FAMILY.load(folder), {}), kind).items()}, file
    )
    with pytest.raises(GengaError, match=f"{re.escape(str(file))}: {message}") as error:
        FAMILY.load_files({"base": folder, "motion": file})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"text_encoder": True}, "text_encoder: false"),
        ({"convolutions": True}, "convolutions: false"),
        ({"method": "lora", "modules": "transformer"}, "modules: attention"),
        ({"method": "loha"}, "method: full or lora"),
        ({"mask_text": 0.5}, "mask_text: 1"),
        ({"mask_background": 0.5}, "mask_background: 1"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(folder: Path, said: dict, message: str) -> None:
    base = FAMILY.load(folder)
    moved(base)
    with pytest.raises(GengaError, match=f"params.yaml:train: for a base of family animatediff set {message}"):
        FAMILY.check(base, params(**said))


@pytest.mark.parametrize("said", [{"method": "lora"}, {"method": "full", "modules": "attention"}])
def test_attentions_of_a_fresh_module_would_learn_nothing(folder: Path, said: dict) -> None:
    with pytest.raises(
        GengaError, match="params.yaml:train: a fresh motion module ends in zeros, behind which its att"
    ):
        FAMILY.check(FAMILY.load(folder), params(**said))
    FAMILY.check(FAMILY.load(folder), params(method="full", modules="transformer"))


def test_a_base_of_pictures_takes_no_clips(folder: Path, tmp_path: Path) -> None:
    base = LoadedBase(sd15.FAMILY, "sd15", sd15.FAMILY.load(folder), "tiny", "0" * 64)
    with pytest.raises(GengaError, match="params.yaml:train.clips: a base of family sd15 .tiny. learns from images"):
        base.check_clips(params(clips={"stride": 2}).clips, {1})


def test_channels_that_the_heads_do_not_divide(folder: Path) -> None:
    odd = replace(sd15.FAMILY.load(folder), unet=unet(block_out_channels=(12, 12, 12, 12), norm_num_groups=4))
    with pytest.raises(GengaError, match="its 12, 12, 12, 12 channels are no multiples of 8"):
        assembled(odd, None)


def test_memory_is_spared_and_nothing_else_changes(folder: Path, tmp_path: Path) -> None:
    values, found = {**VALUES, "method": "full", "modules": "transformer"}, []
    for spared in (False, True):
        base = FAMILY.load(folder)
        trained = train_clips(loaded(base), tmp_path / str(spared), params(**values, gradient_checkpointing=spared))
        found.append(trained.losses["loss"].to_list())
        assert ("forward" in vars(base.unet.down_blocks[0].motion_modules[0])) == spared
    assert found[0] == found[1]
