"""Family modelscope in the files of the original code: read, held to that code's arithmetic, written and read again."""

import json
import os
import re
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import init_empty_weights
from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint, convert_open_clip_checkpoint
from safetensors.torch import load_file, save_file
from tiny_clips import train_clips
from tiny_modelscope import save_tiny_modelscope, save_tiny_originals
from training_params import params

from genga.cli import export
from genga.errors import GengaError
from genga.models import registry
from genga.params.models import Params as Models
from genga.training._layouts import modelscope as names
from genga.training.families import modelscope
from genga.training.families._modelscope.base import KIND, PARTS
from genga.training.families._moving.tensors import read_tensors
from genga.training.families._sd.files import network_of
from genga.training.families.family import load_base
from genga.training.resume import RunFolder
from genga.training.train import write

FAMILY = modelscope.FAMILY
VALUES = {"max_steps": 2, "batch": 2, "learning_rate": 0.01, "method": "full", "convolutions": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_modelscope(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def originals(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return save_tiny_originals(tmp_path_factory.mktemp("files") / "t2v", folder)


def states(base) -> dict[str, torch.Tensor]:
    return {
        f"{part.folder}.{name}": one
        for part in KIND.parts
        for name, one in getattr(base, part.folder).state_dict().items()
    }


def test_the_original_files_are_the_base(folder: Path, originals: dict[str, Path]) -> None:
    ours, theirs = FAMILY.load_files(originals), FAMILY.load(folder)
    found, wanted = states(ours), states(theirs)
    assert found.keys() == wanted.keys() and all(torch.equal(one, found[name]) for name, one in wanted.items())
    assert torch.equal(ours.alphas_cumprod, theirs.alphas_cumprod)
    with torch.no_grad():
        assert torch.equal(FAMILY.encode(ours, ["hana"], 1, 1)[0], FAMILY.encode(theirs, ["hana"], 1, 1)[0])
    assert not any(one.requires_grad for one in ours.unet.parameters())


def test_another_unet_is_taken_from_a_pth(folder: Path, originals: dict[str, Path], tmp_path: Path) -> None:
    tensors = {
        f"model.diffusion_model.{key}": one.half() + 1 for key, one in read_tensors(originals["original"]).items()
    }
    torch.save({"state_dict": tensors}, tmp_path / "zeroscope.pth")
    base, plain = FAMILY.load_files({"base": folder, "original": tmp_path / "zeroscope.pth"}), FAMILY.load(folder)
    found = base.unet.state_dict()
    assert all(torch.equal(found[name], one.half().add(1).float()) for name, one in plain.unet.state_dict().items())
    assert torch.equal(base.vae.decoder.conv_in.weight, plain.vae.decoder.conv_in.weight)


class Block(torch.nn.Module):
    """A block of OpenCLIP's text transformer, in the words of its code."""

    def __init__(self) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = torch.nn.LayerNorm(16), torch.nn.LayerNorm(16)
        self.attn = torch.nn.MultiheadAttention(16, 2, batch_first=True)
        self.mlp = torch.nn.ModuleDict({"c_fc": torch.nn.Linear(16, 32), "c_proj": torch.nn.Linear(32, 16)})

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        seen = self.ln_1(x)
        x = x + self.attn(seen, seen, seen, need_weights=False, attn_mask=mask)[0]
        return x + self.mlp["c_proj"](torch.nn.functional.gelu(self.mlp["c_fc"](self.ln_2(x))))


def test_conditions_are_those_of_the_original_code(originals: dict[str, Path]) -> None:
    """All layers but the last, then the last norm: FrozenOpenCLIPEmbedder, layer penultimate."""
    file, base = read_tensors(originals["text_encoder"]), FAMILY.load_files(originals)
    ids = base.tokenizer(["hana, smile"], padding="max_length", max_length=16, return_tensors="pt").input_ids
    x = file["token_embedding.weight"][ids] + file["positional_embedding"]
    mask = torch.full((16, 16), float("-inf")).triu(1)
    with torch.no_grad():
        for number in (0, 1):  # of three in the file
            block, start = Block(), f"transformer.resblocks.{number}."
            block.load_state_dict({key.removeprefix(start): one for key, one in file.items() if key.startswith(start)})
            x = block(x, mask)
        theirs = torch.nn.functional.layer_norm(x, (16,), file["ln_final.weight"], file["ln_final.bias"])
        (ours,) = FAMILY.encode(base, ["hana, smile"], 1, 1)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


PUBLISHED = {  # of each file some names and shapes, by hand
    "text_encoder": {
        "token_embedding.weight": (49408, 1024), "positional_embedding": (77, 1024), "ln_final.bias": (1024,),
        "transformer.resblocks.22.attn.in_proj_weight": (3072, 1024),
        "transformer.resblocks.0.mlp.c_fc.weight": (4096, 1024),
    },
    "vae": {
        "first_stage_model.encoder.down.2.block.0.nin_shortcut.weight": (512, 256, 1, 1),
        "first_stage_model.decoder.mid.attn_1.q.weight": (512, 512, 1, 1),
        "first_stage_model.post_quant_conv.weight": (4, 4, 1, 1),
    },
    "unet": {"input_blocks.0.1.proj_in.weight": (512, 320, 1), "out.2.weight": (4, 320, 3, 3)},
}  # fmt: skip
COUNTS = {"unet": 1480, "text_encoder": 2 + 23 * 12 + 2, "vae": 248}  # that are read


@pytest.mark.parametrize("part", KIND.parts, ids=lambda part: part.folder)
def test_every_key_and_shape_at_full_size(part, tmp_path: Path) -> None:
    with init_empty_weights(include_buffers=True):
        network = part.build(part.config)
    own, places = network.state_dict(), part.places(network.state_dict())
    file = {key: torch.empty(shape, device="meta") for key, shape in shapes(own, places).items()}
    assert len(file) == COUNTS[part.folder]
    assert {key: tuple(file[key].shape) for key in PUBLISHED[part.folder]} == PUBLISHED[part.folder]
    again = network_of(tmp_path, set(file), file.__getitem__, part, part.config).state_dict()
    assert {name: one.shape for name, one in again.items()} == {name: one.shape for name, one in own.items()}
    if part.folder == "vae":  # by diffusers' own rules
        assert convert_ldm_vae_checkpoint(dict(file), dict(network.config)).keys() == own.keys()
    if part.folder == "text_encoder":
        theirs = convert_open_clip_checkpoint(network, {**file, "text_projection": torch.zeros(1024, 1024)}, prefix="")
        read = {name.removeprefix("text_model.") for name in theirs} - {"text_projection.weight"}
        assert read - {"embeddings.position_ids"} == {name.removeprefix("text_model.") for name in own}


def shapes(own: dict[str, torch.Tensor], places) -> dict[str, tuple[int, ...]]:
    """The file's shapes: a third each where three are one matrix, and ones behind what is a convolution there."""
    more = {"convolution": (1, 1), "line": (1,)}
    found: dict[str, tuple[int, ...]] = {}
    for name, (key, form) in places.items():
        first, *rest = own[name].shape
        found[key] = (3 * first if isinstance(form, int) else first, *rest, *more.get(form, ()))
    return found


def entry(files: dict[str, Path]) -> dict:
    return {
        "name": "t2v", "knows": "little", "licence": "none", "family": "modelscope",
        "files": {part: {"path": path.as_posix()} for part, path in files.items()},
    }  # fmt: skip


def test_a_run_on_original_files_is_exported_as_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = save_tiny_originals(Path("t2v"), folder)
    beside = {path.name: path for path in sorted(Path("t2v/text2video_pytorch_model").rglob("*")) if path.is_file()}
    section = {"use": "embedded", "folder": "weights", "device": "cpu", "batch": 1}
    Path("params.yaml").write_text(json.dumps({"models": section}), encoding="utf-8")

    def listed(entry: dict) -> None:
        Path("models.yaml").write_text(json.dumps({"embedded": {"base": entry}, "published": {}}), encoding="utf-8")

    listed(entry(files))
    with pytest.raises(
        GengaError, match=r"t2v/text2video_pytorch_model/\S+: models.yaml names no such file \(model t2"
    ):
        load_base(registry.load(Models(**section)).model("base"))
    listed(entry({**files, **{f"config_{n}": path for n, path in enumerate(beside.values())},
                  **{f"more_{n}": path for n, path in enumerate(sorted(Path("t2v").rglob("*.*")))
                     if path.is_file() and path not in files.values()}}))  # fmt: skip
    loaded, values = load_base(registry.load(Models(**section)).model("base")), params(**VALUES)
    trained = train_clips(loaded, Path("models"), values)
    write(trained, RunFolder("models/hana", "hana"), loaded, [], "", values)
    export.checkpoint("hana", Path("out.pth"), precision="float32")
    export.checkpoint("hana", Path("again.pth"), precision="float32")
    assert Path("out.pth").read_bytes() == Path("again.pth").read_bytes()
    written = torch.load("out.pth", weights_only=True)  # as ModelScope's code does, and strictly into its UNet
    assert {key: one.shape for key, one in written.items()} == {
        key: one.shape for key, one in torch.load(files["original"], weights_only=True).items()
    }
    learnt = load_file(sorted(Path("models/hana/checkpoints").glob("*.safetensors"))[-1])
    assert written.keys() == learnt.keys() and all(torch.equal(one, learnt[key]) for key, one in written.items())
    own = FAMILY.load_files({"base": folder, "original": Path("out.pth")}).unet.state_dict()
    assert all(torch.equal(one, learnt[key]) for key, one in names.outside(own).items())
    with pytest.raises(GengaError, match=r"out.ckpt: is written as .safetensors, or as torch's .pth; call it so"):
        export.checkpoint("hana", Path("out.ckpt"))


@pytest.fixture
def lightning(monkeypatch: pytest.MonkeyPatch) -> type:
    """A class of a module that is not here when the file is read."""
    module = types.ModuleType("pytorch_lightning.callbacks.model_checkpoint")
    kind = type("ModelCheckpoint", (), {"__module__": module.__name__})
    vars(module)["ModelCheckpoint"] = kind
    for name in ("pytorch_lightning", "pytorch_lightning.callbacks", module.__name__):
        monkeypatch.setitem(sys.modules, name, module)
    return kind


def test_what_a_trainer_left_beside_weights_is_passed_over(tmp_path: Path, lightning: type) -> None:
    left = {lightning: {"best": np.float64(2), "all": np.arange(3), "own": lightning()}}
    torch.save({"callbacks": left, "epoch": 3, "state_dict": {"a": torch.ones(3)}}, tmp_path / "x.ckpt")
    assert {name: one.tolist() for name, one in read_tensors(tmp_path / "x.ckpt").items()} == {"a": [1, 1, 1]}


class Code:
    def __reduce__(self):
        return os.mkdir, ("made",)


def wrong_file(name: str, path: Path) -> None:
    """Write a file that holds no weights, or more than that."""
    if name == "code":
        torch.save({"a": torch.ones(2), "b": Code()}, path)
    elif name == "old":
        torch.save({"a": torch.ones(2)}, path, _use_new_zipfile_serialization=False)
    elif name == "newer":
        torch.save({"a": torch.ones(2)}, path, pickle_protocol=4)
    elif name == "list":
        torch.save([torch.ones(2)], path)
    elif name == "cut":
        torch.save({"a": torch.ones(2000)}, path)
        path.write_bytes(path.read_bytes()[:-500])
    elif name == "zip":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("x.txt", "x")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("code", r"holds \w+.mkdir, which would be run as code; take the same weights as .safetensors"),
        ("old", "is cut off, or not what torch has saved since its version 1.6; verify it"),
        ("cut", "is cut off, or not what torch has saved since its version 1.6; verify it"),
        (
            "newer",
            r"cannot be read as weights of torch \(Unsupported operand 149\); verify it \(genga models verify\), ",
        ),
        ("zip", r"cannot be read as weights of torch \(.*x.txt\); verify it"),
        ("list", "has no weights by name; take the file that its authors load"),
        ("none", "no such file; `genga models pull` fetches the base"),
    ],
)
def test_what_is_no_file_of_weights_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    wrong_file(name, tmp_path / "x.pth")
    with pytest.raises(GengaError, match=f"x.pth: {said}") as error:
        read_tensors(tmp_path / "x.pth")
    assert "\n" not in str(error.value) and not Path("made").exists()


def test_what_is_no_set_of_files_is_one_line(originals: dict[str, Path], folder: Path, tmp_path: Path) -> None:
    for part in PARTS:
        less = {name: path for name, path in originals.items() if name != part}
        with pytest.raises(
            GengaError, match=r": models.yaml has to name a base of family modelscope as folder, of dif"
        ):
            FAMILY.load_files(less)
    with pytest.raises(
        GengaError, match=r"open_clip_pytorch_model.bin: first_stage_model.\S+ is missing \(\d+ tensors"
    ):
        FAMILY.load_files({**originals, "vae": originals["text_encoder"]})
    with pytest.raises(GengaError, match=r"VQGAN_autoencoder.pth: ln_final.bias is missing \(28 tensors of text_enc"):
        FAMILY.load_files({**originals, "text_encoder": originals["vae"]})
    more = {**read_tensors(originals["original"]), "label_emb.0.weight": torch.zeros(2)}
    save_file({key: one.contiguous() for key, one in more.items()}, tmp_path / "more.safetensors")
    with pytest.raises(
        GengaError, match=re.escape("has label_emb.0.weight (1 tensors too many): its UNet is of anoth")
    ):
        FAMILY.load_files({"base": folder, "original": tmp_path / "more.safetensors"})
    (tmp_path / "unet.onnx").write_bytes(b"x")
    with pytest.raises(
        GengaError, match=r"unet.onnx: weights are read of .safetensors, or of torch's .pth, .pt, .bin, "
    ):
        FAMILY.load_files({"base": folder, "original": tmp_path / "unet.onnx"})
