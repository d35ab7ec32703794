"""Merges of tiny bases of SDXL and Anima: what is made loads as a base, and is the base that it should be."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from anima_files import save_original_files
from diffusers import AnimaTextConditioner, CosmosTransformer3DModel
from merge_files import given, merged, params, save
from safetensors.torch import load_file
from tiny_anima import FULL_SIZE, save_tiny_anima
from tiny_sdxl import save_tiny_sdxl

from genga.errors import GengaError
from genga.training import lora_file, tensor_file
from genga.training._layouts import anima as layout
from genga.training._layouts import kohya
from genga.training._layouts.anima import ADAPTER, WHOLE, is_adapted
from genga.training._merge.layout import Source
from genga.training._merge.lora import Module, modules_of
from genga.training.applied import modules_by_name
from genga.training.families import anima, sdxl
from genga.training.families.family import LoadedBase
from genga.training.merge import Given, merge
from genga.training.tensor_file import Entry, Tensors, read_metadata

FAMILIES = {"sdxl": sdxl.FAMILY, "anima": anima.FAMILY}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    top = tmp_path_factory.mktemp("bases")
    return {"sdxl": save_tiny_sdxl(top / "sdxl", shallow=True), "anima": save_tiny_anima(top / "anima")}


@pytest.fixture(scope="module")
def singles(folders: Mapping[str, Path]) -> dict[str, Path]:
    """Another base of each kind as one file: every weight half of the folder's."""
    found = {}
    for kind, folder in folders.items():
        tensors = FAMILIES[kind].whole(FAMILIES[kind].load(folder), {})
        halves = {key: one / 2 if one.is_floating_point() else one for key, one in tensors.items()}
        found[kind] = save({key: one.contiguous() for key, one in halves.items()}, folder.with_suffix(".safetensors"))
    return found


def loaded(kind: str, folder: Path) -> LoadedBase:
    return LoadedBase(FAMILIES[kind], kind, FAMILIES[kind].load(folder), "tiny", "0" * 64)


def of_folder(folder: Path) -> Given:
    return Given(folder, "base", "0" * 64)


def is_lora_module(kind: str, name: str) -> bool:
    if kind == "anima":
        return is_adapted(name.removeprefix("diffusion_model."))
    return "_attentions_" in name or "_1_" in name or "self_attn" in name or "_mlp_" in name


def matrices(weight: torch.Tensor) -> dict[str, dict[str, torch.Tensor]]:
    """Parts of each method for a weight, by lycoris' names; rank 2."""
    rows, columns, *window = weight.shape

    def two(*shape: int) -> torch.Tensor:
        return torch.randn(shape) * 0.1

    lora = {"lora_down.weight": two(2, columns, *window), "lora_up.weight": two(rows, 2, *[1] * len(window))}
    flat = weight[0].numel()
    return {
        "lora": lora,
        "dora": {**lora, "dora_scale": torch.rand(rows, *[1] * (weight.dim() - 1))},
        "loha": {"hada_w1_a": two(rows, 2), "hada_w1_b": two(2, flat), "hada_w2_a": two(rows, 2),
                 "hada_w2_b": two(2, flat)},
        "lokr": {"lokr_w1": two(2, 2), "lokr_w2_a": two(rows // 2, 2), "lokr_w2_b": two(2, flat // 2)},
    }  # fmt: skip


def lora_of(base: LoadedBase, method: str) -> Tensors:
    """A LoRA of every module of a base that such are made of, as training writes it."""
    torch.manual_seed(1)
    tensors: Tensors = {}
    for name, module in modules_by_name(base).items():
        if is_lora_module(base.kind, name):
            parts = matrices(module.weight.detach())[method]
            tensors |= lora_file.entries(name, parts, 2, 1.0, 1.0, torch.float32, base.family.lora_keys)
    return tensors


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize("method", ["lora", "dora", "loha", "lokr"])
def test_a_baked_base_is_the_base_with_the_lora_in_it(
    folders: dict[str, Path], tmp_path: Path, kind: str, method: str
) -> None:
    base = loaded(kind, folders[kind])
    tensors = lora_of(base, method)
    lora = save(tensors, tmp_path / "lora.safetensors")
    made = merge("mix", params("bake_lora", alpha=0.7), {"a": of_folder(folders[kind]), "b": given(lora)})
    made.write(out := tmp_path / "out.safetensors")
    with lora_file.merged(modules_by_name(base), tensors, base.family.lora_keys, scale=0.7):
        expected = {key: one.clone() for key, one in base.family.whole(base.base, {}).items()}
    found, before = load_file(out), base.family.whole(base.base, {})
    assert found.keys() >= {key for key, one in expected.items() if one.is_floating_point() and one.dim()}
    for key, tensor in found.items():
        assert torch.allclose(tensor, expected[key], atol=1e-5), key
    assert made.changed == sum(not torch.equal(expected[key], before[key]) for key in expected) > 15


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize(
    ("said", "share"),
    [
        (params("weighted_sum", alpha=0.5), 0.75),
        (params("add_difference", alpha=0.5), 1.25),
        (params("cosine_a", alpha=0.5), 0.75),  # they point alike: k is alpha
    ],
)
def test_sums_of_a_folder_and_a_file(
    folders: dict[str, Path], singles: dict[str, Path], tmp_path: Path, kind: str, said, share: float
) -> None:
    folder, single, out = folders[kind], singles[kind], tmp_path / "out.safetensors"
    parents = {"a": of_folder(folder), "b": given(single), "c": given(single)}
    if said.method == "add_difference":
        parents["b"] = of_folder(folder)
    merge("mix", said, {letter: parents[letter] for letter in said.parents}).write(out)
    found = load_file(out)
    whole = FAMILIES[kind].whole(FAMILIES[kind].load(folder), {})
    weights = {key for key, one in whole.items() if one.is_floating_point() and one.dim()}
    assert found.keys() >= weights
    for key in weights:
        assert torch.allclose(found[key], share * whole[key], atol=1e-6), key


def test_a_merged_anima_loads_as_a_base(folders: dict[str, Path], singles: dict[str, Path], tmp_path: Path) -> None:
    files = save_original_files(tmp_path / "files", folders["anima"])
    out = tmp_path / "mixed.safetensors"
    merged(out, params("weighted_sum", alpha=0.5), files["model"], singles["anima"])
    base = anima.load_files({**files, "model": out})
    before = anima.load_files(files)
    for name in ("transformer", "adapter"):
        state, wanted = getattr(base, name).state_dict(), getattr(before, name).state_dict()
        assert all(torch.allclose(state[key], 0.75 * of, atol=1e-6) for key, of in wanted.items())
    about = read_metadata(out)
    assert about["modelspec.architecture"] == "anima-base-v1.0" and "modelspec.prediction_type" not in about


@pytest.mark.parametrize("prefix", ["", "model.diffusion_model."])
def test_an_anima_that_a_ui_saved_goes_with_a_published_one(
    folders: dict[str, Path], tmp_path: Path, prefix: str
) -> None:
    saved = save_original_files(tmp_path / "saved", folders["anima"], prefix)["model"]
    tensors = load_file(saved) | {f"{prefix}pos_embedder.seq": torch.arange(3.0)}
    save(tensors, saved)
    published = save_original_files(tmp_path / "files", folders["anima"])["model"]
    for parents in ((saved, published), (published, saved)):
        found = merged(tmp_path / "out.safetensors", params("weighted_sum", alpha=0.5), *parents)
        assert {key for key in found if "pos_embedder" not in key} == load_file(published).keys()
        assert all(key.startswith(WHOLE) for key in found)


def test_a_lora_of_anima_by_kohyas_names_is_baked_in(folders: dict[str, Path], tmp_path: Path) -> None:
    """As kohya's sd-scripts trains it: alpha beside, `_` for dots; in the text adapter, too."""
    name = "blocks.1.self_attn.q_proj"
    weights = load_file(save_original_files(tmp_path / "files", folders["anima"])["model"])
    rows, columns = weights[f"{WHOLE}{name}.weight"].shape
    tensors = {}
    for path in (name, f"{ADAPTER}blocks.0.self_attn.q_proj"):
        tensors |= lora_file.entry(
            kohya.unet_name(path), torch.ones(1, columns), torch.ones(rows, 1), 0.5, torch.float32
        )
    found = merged(
        tmp_path / "out.safetensors", params("bake_lora", alpha=1.0),
        tmp_path / "files" / "model.safetensors", save(tensors, tmp_path / "lora.safetensors"),
    )  # fmt: skip
    changed = {key for key in found if not torch.equal(found[key], weights[key])}
    assert changed == {f"{WHOLE}{name}.weight", f"{WHOLE}{ADAPTER}blocks.0.self_attn.q_proj.weight"}
    for key in changed:
        assert torch.allclose(found[key], weights[key] + 0.5, atol=1e-6)


def test_what_was_baked_into_anima_is_extracted_as_its_trainers_write_it(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    base = loaded("anima", folders["anima"])
    lora = save(tensors := lora_of(base, "lora"), tmp_path / "lora.safetensors")
    parents = {"a": of_folder(folders["anima"]), "b": given(lora)}
    merge("one", params("bake_lora", alpha=1.0), parents).write(baked := tmp_path / "baked.safetensors")
    said = {"a": given(baked), "b": of_folder(folders["anima"])}
    merge("two", params("extract_lora", rank=2), said).write(out := tmp_path / "out.safetensors")
    found = load_file(out)
    assert found.keys() == tensors.keys() and all("lora" in key for key in found)  # no alpha
    keys = base.family.lora_keys
    mine, theirs = lora_file.deltas(found, keys), lora_file.deltas(tensor_file.read(lora), keys)
    assert all(torch.allclose(mine[name], change, atol=1e-5) for name, change in theirs.items())
    about = read_metadata(out)
    assert about["modelspec.architecture"] == "anima-base-v1.0/lora"
    assert about["ss_base_model_version"] == "anima-base-v1.0" and about["ss_network_module"] == "networks.lora_anima"


def test_a_lora_of_the_second_text_encoder_is_not_baked_into_a_file_without_it(
    singles: dict[str, Path], tmp_path: Path
) -> None:
    tensors = {key: one for key, one in load_file(singles["sdxl"]).items() if "conditioner.embedders.1." not in key}
    name = "lora_te2_text_model_encoder_layers_0_mlp_fc1"
    lora = save(
        lora_file.entry(name, torch.ones(1, 24), torch.ones(32, 1), 1.0, torch.float32), tmp_path / "l.safetensors"
    )
    parents = {"a": given(save(tensors, tmp_path / "a.safetensors")), "b": given(lora)}
    with pytest.raises(GengaError, match=r"changes a text encoder \(lora_te2\), which .*a\.safetensors has not; take"):
        merge("mix", params("bake_lora", alpha=1.0), parents)


WRONG = {
    "SDXL into Anima": ("sdxl", "anima", params("weighted_sum", alpha=0.5), r"is of sdxl, and .* of anima; merge like"),
    "Anima into SDXL": ("anima", "sdxl", params("weighted_sum", alpha=0.5), r"is of anima, and .* of sdxl; merge like"),
    "blocks": (
        "anima", "anima", params("weighted_sum", blocks=[0.5] * 26),
        r"params\.yaml:merges\.mix\.blocks: there are no block weights for Anima; say alpha in their place",
    ),
    "convolutions": (
        "anima", "anima", params("extract_lora", rank=2, convolutions=True),
        r"is of Anima, which has no convolutions; set convolutions: false",
    ),
    "SDXL's block weights of another number": (
        "sdxl", "sdxl", params("weighted_sum", blocks=[0.5] * 26),
        r"params\.yaml:merges\.mix\.blocks: SDXL has 20 blocks, BASE, IN00 … OUT08; got 26",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_go_together_is_one_line(folders: dict[str, Path], singles: dict[str, Path], name: str) -> None:
    of_b, of_a, said, message = WRONG[name]
    with pytest.raises(GengaError, match=message) as refused:
        merge("mix", said, {"a": of_folder(folders[of_a]), "b": given(singles[of_b])})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("of_lora", "of_base"), [("anima", "sdxl"), ("sdxl", "anima")])
def test_a_lora_of_another_family_is_one_line(
    folders: dict[str, Path], tmp_path: Path, of_lora: str, of_base: str
) -> None:
    lora = save(lora_of(loaded(of_lora, folders[of_lora]), "lora"), tmp_path / "lora.safetensors")
    message = r"was made for another kind of base: .* \(anima\) has no lora_|\(sdxl\) has no diffusion_model\.blocks\."
    with pytest.raises(GengaError, match=message):
        merge("mix", params("bake_lora", alpha=1.0), {"a": of_folder(folders[of_base]), "b": given(lora)})


@pytest.mark.parametrize(
    ("part", "key", "message"),
    [
        ("unet", "down_blocks.0.motion_modules.0.x", r"unet has down_blocks\.0\.motion_modules\.0\.x, which no SD"),
        ("unet", "down_blocks.0.resnets.0.more.weight", r"unet has down_blocks\.0\.resnets\.0\.more\.weight, which no"),
        ("text_encoder_2", "text_model.more", r"text_encoder_2 has text_model\.more, which no SD 1\.x or SDXL has"),
    ],
)
def test_a_folder_with_what_nobody_knows_is_one_line(tmp_path: Path, part: str, key: str, message: str) -> None:
    folder = save_tiny_sdxl(tmp_path / "base", shallow=True)
    file = next((folder / part).glob("*.safetensors"))
    save({**load_file(file), key: torch.ones(1)}, file)
    with pytest.raises(GengaError, match=message):
        merge("mix", params("weighted_sum", alpha=0.5), {"a": of_folder(folder), "b": of_folder(folder)})


def test_a_folder_of_other_noise_is_one_line(tmp_path: Path) -> None:
    folder = save_tiny_sdxl(tmp_path / "base", shallow=True)
    file = folder / "scheduler" / "scheduler_config.json"
    file.write_text('{"_class_name": "EDMEulerScheduler", "prediction_type": "v_prediction"}')
    with pytest.raises(GengaError) as refused:
        merge("mix", params("weighted_sum", alpha=0.5), {"a": of_folder(folder), "b": of_folder(folder)})
    assert str(refused.value) == (
        f"params.yaml:merges.mix.a: {file}: _class_name is EDMEulerScheduler; SD 1.x, SDXL and Anima can be merged"
    )


def test_a_folder_of_other_names_is_one_line(tmp_path: Path) -> None:
    folder = save_tiny_sdxl(tmp_path / "base", shallow=True)
    save({"input_blocks.0.0.weight": torch.ones(1)}, next((folder / "unet").glob("*.safetensors")))
    with pytest.raises(GengaError, match=r"unet has input_blocks\.0\.0\.weight, (and no names of diffusers|which no)"):
        merge("mix", params("weighted_sum", alpha=0.5), {"a": of_folder(folder), "b": of_folder(folder)})
    (folder / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(GengaError, match=r"is no diffusers folder: unet/ has no weights; pull it"):
        merge("mix", params("weighted_sum", alpha=0.5), {"a": of_folder(folder), "b": of_folder(folder)})


def test_every_module_of_the_real_anima_is_found_under_both_names() -> None:
    """Names alone, on torch's meta device: the ten of each of 28 blocks, as its trainers and kohya's write them."""
    with torch.device("meta"):
        transformer = CosmosTransformer3DModel(**FULL_SIZE)
        published = layout.whole(transformer.state_dict(), AnimaTextConditioner().state_dict())
    entries = {key: Entry(tuple(of.shape), torch.bfloat16, lambda: torch.empty(0)) for key, of in published.items()}
    found = modules_of(Source("anima", "a", "0", entries, {}, "anima"))
    names = [layout.transformer_name(path) for path in layout.modules(transformer, "transformer")]
    assert len(names) == 280 and names[0] == "diffusion_model.blocks.0.self_attn.k_proj"
    for name in names:
        path = name.removeprefix("diffusion_model.")
        assert found[name] == found["lora_unet_" + path.replace(".", "_")] == Module(f"net.{path}.weight")
    assert {module.key for module in found.values()} == {
        key for key, of in published.items() if key.endswith(".weight") and of.dim() == 2
    }
