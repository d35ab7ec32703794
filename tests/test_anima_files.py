"""genga.training.families.anima: a base of published files is the one of the folder, and is written as they are."""

import json
import re
from pathlib import Path

import pytest
import torch
import yaml
from anima_files import save_original_files, transformer_key, vae_key
from diffusers import AnimaTextConditioner, AutoencoderKLQwenImage, CosmosTransformer3DModel, ModularPipeline
from diffusers.loaders.single_file_utils import convert_wan_vae_to_diffusers
from safetensors.torch import load_file, save_file
from tiny_anima import FULL_SIZE, save_tiny_anima

from genga.errors import GengaError
from genga.models import registry
from genga.params.models import Params
from genga.training._layouts.anima import original
from genga.training._layouts.anima import whole as whole_names
from genga.training.device import state_sha256
from genga.training.families import sd15
from genga.training.families._anima.base import FOLDERS
from genga.training.families._anima.files import PARTS, load_files
from genga.training.families.anima import FAMILY, encode, load, whole, write_folder
from genga.training.families.family import family_of, load_base


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_anima(tmp_path_factory.mktemp("anima"))


@pytest.fixture
def files(folder, tmp_path):
    return save_original_files(tmp_path / "files", folder)


@pytest.mark.parametrize("prefix", ["net.", "model.diffusion_model."])
def test_the_files_are_the_folder(folder, tmp_path, prefix):
    of_files, of_folder = load_files(save_original_files(tmp_path, folder, prefix)), load(folder)
    for part in ("transformer", "adapter", "text_encoder", "vae"):
        assert state_sha256(getattr(of_files, part)) == state_sha256(getattr(of_folder, part)), part
        assert {weight.requires_grad for weight in getattr(of_files, part).parameters()} == {False}
    assert of_files.shift == of_folder.shift == 3.0
    for key in ("num_attention_heads", "mlp_ratio", "rope_scale", "text_embed_dim", "adaln_lora_dim", "in_channels"):
        found, wanted = (getattr(base.transformer.config, key) for base in (of_files, of_folder))
        assert found == (tuple(wanted) if isinstance(wanted, list) else wanted), key
    with torch.no_grad():
        (found,), (wanted,) = encode(of_files, ["", "hana, smile"]), encode(of_folder, ["", "hana, smile"])
    # the folder's tiny adapter fills up to 32 places, that of files to the 512 of Anima's
    assert found.shape == (2, 512, 24)
    assert torch.allclose(found[:, :32], wanted, atol=1e-5) and not found[:, 32:].any()


def test_precision_of_the_files_and_buffers_of_the_original_code_do_not_matter(files):
    tensors = {name: tensor.bfloat16() for name, tensor in load_file(files["model"]).items()}
    save_file(
        {**tensors, "net.pos_embedder.seq": torch.arange(4.0), "net.accum_iteration": torch.ones(1)}, files["model"]
    )
    found = load_files(files).transformer
    assert {weight.dtype for weight in found.parameters()} == {torch.float32}


def test_a_base_of_files_comes_by_its_entry(files, tmp_path, monkeypatch):
    listed = "".join(f"      {part}: {{path: files/{path.name}}}\n" for part, path in files.items())
    entry = f"    name: small\n    knows: little\n    licence: none\n    family: anima\n    files:\n{listed}"
    (tmp_path / "models.yaml").write_text(f"embedded:\n  base:\n{entry}published: {{}}\n", encoding="utf-8")
    section = Params(use="embedded", folder="weights", device="cpu", batch=1)
    loaded = load_base(registry.load(section, tmp_path).model("base"))
    assert (loaded.kind, loaded.name, loaded.family) == ("anima", "small", FAMILY)
    assert loaded.base.transformer.config.num_layers == 2


def swapped(files, part, other):
    return {**files, part: files[other]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda files: swapped(files, "model", "vae"),
            r"vae.safetensors: has no llm_adapter.\* as Anima has; write its own family",
        ),
        (
            lambda files: swapped(files, "vae", "model"),
            r"model.safetensors: has no encoder.conv1.weight; not of a",
        ),
        (lambda files: swapped(files, "text_encoder", "vae"), r"vae.safetensors: has no embed_tokens.weight; not of"),
        (lambda files: swapped(files, "vae", "tokenizer"), r"tokenizer.json: cannot be read as safetensors"),
        (
            lambda files: swapped(files, "tokenizer", "vae"),
            r"vae.safetensors: is not the tokenizer.json that",
        ),
        (lambda files: swapped(files, "t5_tokenizer", "tokenizer"), r"has no token </s>: it is not T5's"),
        (
            lambda files: {part: path for part, path in files.items() if part != "vae"},
            r"model.safetensors: models.yaml lists no file vae with it; a base of Anima has model, text_encoder",
        ),
        (lambda files: {**files, "vae": files["vae"].with_name("gone")}, r"gone: no such file; `genga models pull`"),
    ],
)
def test_files_that_are_others_are_named_in_one_line(files, change, message):
    with pytest.raises(GengaError, match=message) as caught:
        load_files(change(files))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("gone", "added"), [("net.blocks.1.mlp.layer2.weight", None), (None, "net.blocks.0.more")])
def test_a_tensor_too_few_or_too_many_is_named(files, gone, added):
    tensors = load_file(files["model"])
    tensors = {name: tensor for name, tensor in tensors.items() if name != gone}
    save_file({**tensors, **({added: torch.ones(1)} if added else {})}, files["model"])
    wanted = r"has no blocks.1.mlp.layer2.weight" if gone else r"has a strange blocks.0.more"
    with pytest.raises(GengaError, match=rf"model.safetensors: {wanted} \(1 such names\)"):
        load_files(files)


def test_one_file_alone_says_what_it_lacks(files):
    with pytest.raises(GengaError, match=r"holds its transformer and adapter alone; list text_encoder, vae, tokenizer"):
        load(files["model"])


def test_a_file_of_anima_given_to_another_family_says_so(files):
    message = "is a file of Anima, but models.yaml has family: sd15 for it .*; write family: anima for this base"
    with pytest.raises(GengaError, match=message):
        sd15.load(files["model"])


def test_a_base_is_written_as_it_was_published(folder, files):
    base, published = load(folder), load_file(files["model"])
    written = whole(base, {})
    assert written.keys() == published.keys()
    assert all(torch.equal(written[name], published[name]) for name in published)
    trained = {name: tensor + 1 for name, tensor in base.transformer.state_dict().items()}
    changed = whole(base, {"transformer": trained})
    assert torch.equal(changed["net.blocks.1.mlp.layer1.weight"], published["net.blocks.1.mlp.layer1.weight"] + 1)
    assert torch.equal(changed["net.llm_adapter.embed.weight"], published["net.llm_adapter.embed.weight"])
    read = FAMILY.states(base, changed)
    assert read.keys() == FAMILY.networks(base).keys()
    assert all(torch.equal(tensor, trained[name]) for name, tensor in read["transformer"].items())
    assert read["adapter"].keys() == base.adapter.state_dict().keys()


def test_the_published_file_is_of_just_these_names_and_shapes():
    with torch.device("meta"):
        tensors = whole_names(CosmosTransformer3DModel(**FULL_SIZE).state_dict(), AnimaTextConditioner().state_dict())
    assert len(tensors) == 28 * 20 + 7 + 6 * 19 + 4
    assert sum(tensor.numel() for tensor in tensors.values()) == 2_091_068_928
    assert {name.split(".")[0] for name in tensors} == {"net"}
    # anima-base-v1.0.safetensors has 4,182,218,328 bytes: those of these tensors in bfloat16, by name, and their header
    header, end = {}, 0
    for name in sorted(tensors):
        start, end = end, end + 2 * tensors[name].numel()
        header[name] = {"dtype": "BF16", "shape": list(tensors[name].shape), "data_offsets": [start, end]}
    length = len(json.dumps(header, separators=(",", ":")))
    assert 8 + length + -length % 8 + end == 4_182_218_328


def test_names_of_full_size_are_those_of_the_original_code():
    with torch.device("meta"):
        transformer, vae = CosmosTransformer3DModel(**FULL_SIZE).state_dict(), AutoencoderKLQwenImage().state_dict()
    assert [original(name) for name in transformer] == [transformer_key(name) for name in transformer]
    assert len(vae) == 194
    assert convert_wan_vae_to_diffusers({vae_key(name): name for name in vae}) == {name: name for name in vae}


def entries() -> list[dict]:
    """The entries for models.yaml in docs/training.md."""
    page = (Path(__file__).parents[1] / "docs" / "training.md").read_text(encoding="utf-8")
    section = page.split("\n## On Anima\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^```yaml\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return [found for block in blocks if "base" in (found := yaml.safe_load(block))]


@pytest.mark.parametrize("number", [0, 1])
def test_the_entries_in_the_docs_are_read(tmp_path, number):
    catalogue = {"embedded": {}, "published": entries()[number]}
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(catalogue, sort_keys=False), encoding="utf-8")
    section = Params(use="published", folder="weights", device="cpu", batch=1)
    model = registry.load(section, tmp_path).model("base")
    assert family_of(model) is FAMILY and "non-commercial" in model.entry.licence and model.revision
    by_part = {file.part: file for file in model.files}
    if model.entry.folder is None:
        assert tuple(by_part) == PARTS
        assert by_part["t5_tokenizer"].path == (
            tmp_path / "weights/circlestone-labs/Anima-Base-v1.0-Diffusers/t5_tokenizer/tokenizer.json"
        )
        assert by_part["model"].pinned == "bd43b7cffe1ed1153d9c41e7beb2f18cb1273eafbaa3af3edd6a173dc90a006e"
    else:
        listed = {file.remote.split("/")[0] for file in model.files if "/" in file.remote}
        assert listed == set(FOLDERS)


@pytest.mark.parametrize("source", ["files", "folder"])
def test_a_folder_is_written_that_diffusers_and_we_read(folder, files, tmp_path, source):
    base = load_files(files) if source == "files" else load(folder)
    trained = {name: tensor + 1 for name, tensor in base.transformer.state_dict().items()}
    contents = []
    for name in ("one", "other"):
        write_folder(base, {"transformer": trained}, tmp_path / name)
        written = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        contents.append([(path.relative_to(tmp_path / name), path.read_bytes()) for path in written])
    assert contents[0] == contents[1]
    found = load(tmp_path / "one")
    for part in ("adapter", "text_encoder", "vae"):
        assert state_sha256(getattr(found, part)) == state_sha256(getattr(base, part)), part
    assert all(torch.equal(tensor, trained[name]) for name, tensor in found.transformer.state_dict().items())
    with torch.no_grad():
        assert torch.allclose(encode(found, ["", "hana, 1girl"])[0], encode(base, ["", "hana, 1girl"])[0], atol=1e-5)
    pipeline = ModularPipeline.from_pretrained(str(tmp_path / "one"))
    pipeline.load_components(dtype=torch.float32)
    assert pipeline.transformer.config.concat_padding_mask and pipeline.scheduler.config.shift == 3.0
    assert torch.equal(pipeline.transformer.proj_out.weight, trained["proj_out.weight"])
    assert pipeline.tokenizer("hana, smile").input_ids == base.words("hana, smile").input_ids
    assert pipeline.t5_tokenizer("hana, 1girl").input_ids == base.t5_words("hana, 1girl").input_ids
