"""genga.training.merge: sums and differences to the last digit, files to the byte, and what is refused."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from merge_files import IDS, IN, OUT, TEXT, UNET, VAE, checkpoint, given, merged, params, save, save_lora
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from genga.errors import GengaError
from genga.training.merge import merge
from genga.training.tensor_file import SEAL, read_file

WEIGHTS = (IN, OUT, TEXT, VAE)


def numbers(tensors: dict[str, torch.Tensor]) -> list[float]:
    """The one number that fills each tensor of weights."""
    assert all((tensors[key] == tensors[key].reshape(-1)[0]).all() for key in WEIGHTS)
    return [tensors[key].reshape(-1)[0].item() for key in WEIGHTS]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A, B and C."""
    values = [(1, 2, 3, 4), (3, 6, -1, 0), (2, 2, 1, 0)]
    return [checkpoint(tmp_path / f"{name}.safetensors", *of) for name, of in zip("abc", values, strict=True)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (params("weighted_sum", alpha=0.25), [1.5, 3.0, 2.0, 3.0]),  # (1 - a) A + a B
        (params("weighted_sum", alpha=0.0), [1.0, 2.0, 3.0, 4.0]),
        (params("weighted_sum", alpha=1.0), [3.0, 6.0, -1.0, 0.0]),
        (params("weighted_sum", alpha=1.5), [4.0, 8.0, -3.0, -2.0]),
        (params("add_difference", alpha=0.5), [1.5, 4.0, 2.0, 4.0]),  # A + a (B - C)
        (params("add_difference", alpha=-1.0), [0.0, -2.0, 5.0, 4.0]),
        # A + 1.8 a (B - C) |B - A| / (|B - C| + |B - A|): of IN 1 + 0.9 * 1 * 2 / 3, of VAE B - C is 0
        (params("train_difference", alpha=0.5), [1.6, 3.8, 1.8, 4.0]),
        # BASE .5 of text encoder and autoencoder, IN01 1, OUT11 .25
        (params("weighted_sum", blocks=[0.5, 0, 1, *[0] * 22, 0.25]), [3.0, 3.0, 1.0, 2.0]),
        (params("weighted_sum", alpha=0.5, blocks=[0, 1, *[0] * 22, 0.25]), [3.0, 3.0, 1.0, 2.0]),
        (params("add_difference", blocks=[0.5, 0, 1, *[0] * 22, 0.25]), [2.0, 3.0, 2.0, 4.0]),
        (params("weighted_sum", blocks="animediffusion-high"), [3.0, 2.0, 3.0, 4.0]),
        # Columns of equal numbers: cosine 1 but for the text encoder's, of 3 and -1, which is -1, and the VAE's, 0
        (params("cosine_a", alpha=0.0), [1.0, 2.0, -1.0, 0.0]),
        (params("cosine_b", alpha=0.25), [1.5, 3.0, -1.0, 0.0]),
        (params("cosine_a", alpha=1.0), [3.0, 6.0, -1.0, 0.0]),
        (params("cosine_a", alpha=-1.0), [1.0, 2.0, -1.0, 4.0]),
        (params("cosine_a", blocks=[1, 0, 0.25, *[0] * 22, 0.5]), [1.5, 4.0, -1.0, 0.0]),
    ],
)
def test_a_merge_is_its_formula(files: list[Path], tmp_path: Path, said, expected: list[float]) -> None:
    assert numbers(merged(tmp_path / "out.safetensors", said, *files)) == pytest.approx(expected, abs=1e-6)


def test_alpha_0_and_1_are_a_and_b_to_the_bit(tmp_path: Path) -> None:
    odd = torch.tensor([[0.1, -0.0], [float("inf"), 65504]]).half()
    a = checkpoint(tmp_path / "a.safetensors", 1, 2, 3, 4, dtype=torch.float16)
    b = checkpoint(tmp_path / "b.safetensors", 1, 2, 3, 4, dtype=torch.float16, **{IN: odd})
    for alpha, like in ((0.0, a), (1.0, b)):
        found, expected = (
            merged(tmp_path / "out.safetensors", params("weighted_sum", alpha=alpha), a, b),
            load_file(like),
        )
        assert found.keys() == expected.keys()
        for key, tensor in expected.items():
            assert found[key].numpy().tobytes() == tensor.numpy().tobytes() and found[key].dtype == tensor.dtype


def test_what_is_no_weight_stays_as_it_is_in_a(tmp_path: Path) -> None:
    a = checkpoint(tmp_path / "a.safetensors", 1, 2, 3, 4, alphas_cumprod=torch.ones(2))
    b = checkpoint(
        tmp_path / "b.safetensors", 3, 6, -1, 0, **{IDS: torch.zeros(1, 3), "model_ema.decay": torch.ones(1)}
    )
    found = merged(tmp_path / "out.safetensors", params("weighted_sum", alpha=1.0), a, b)
    assert found[IDS].tolist() == [[0, 1, 2]] and found["alphas_cumprod"].tolist() == [1, 1]
    assert found.keys() == load_file(a).keys()


@pytest.mark.parametrize(
    ("precision", "dtype"), [("float16", torch.float16), ("bfloat16", torch.bfloat16), (None, torch.float32)]
)
def test_the_precision_is_as_in_a_or_as_said(files: list[Path], tmp_path: Path, precision: str | None, dtype) -> None:
    found = merged(tmp_path / "out.safetensors", params("weighted_sum", alpha=0.25, precision=precision), *files[:2])
    assert {found[key].dtype for key in WEIGHTS} == {dtype} and found[IDS].dtype == torch.int64
    assert numbers(found) == [1.5, 3.0, 2.0, 3.0]


def test_a_large_tensor_is_made_in_pieces(tmp_path: Path) -> None:
    rows = torch.rand(3, 2**21)  # one and a half pieces
    a, b = (
        checkpoint(tmp_path / f"{name}.safetensors", 1, 2, 3, 4, **{IN: rows * of}) for name, of in (("a", 1), ("b", 3))
    )
    found = merged(tmp_path / "out.safetensors", params("weighted_sum", alpha=0.25), a, b)
    assert torch.equal(found[IN], 0.75 * rows + 0.25 * (3 * rows))


def test_equal_merges_are_equal_bytes_and_the_header_is_sealed(files: list[Path], tmp_path: Path) -> None:
    paths = [tmp_path / "one.safetensors", tmp_path / "two.safetensors"]
    for path in paths:
        merged(path, params("weighted_sum", alpha=0.3), *files[:2])
    data = paths[0].read_bytes()
    assert data == paths[1].read_bytes()
    length = int.from_bytes(data[:8], "little")
    assert length % 8 == 0
    assert json.loads(data[8 : 8 + length])["__metadata__"][SEAL] == hashlib.sha256(data[8 + length :]).hexdigest()


def header(path: Path) -> dict[str, str]:
    with safe_open(path, "pt") as file:
        return file.metadata()


def test_the_header_says_recipe_and_parents_and_those_of_a_parent_that_is_a_merge(
    files: list[Path], tmp_path: Path
) -> None:
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    merged(one, params("weighted_sum", alpha=0.25), *files[:2])
    merged(two, params("weighted_sum", blocks=[0.5] * 26), one, files[2])
    digests = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in (*files, one)}
    first = {"alpha": 0.25, "method": "weighted_sum", "model_a": digests["a"], "model_b": digests["b"], "type": "genga"}
    assert json.loads(header(one)["sd_merge_recipe"]) == first
    assert json.loads(header(one)["sd_merge_models"]) == {
        digests["a"]: {"legacy_hash": None, "name": "a"}, digests["b"]: {"legacy_hash": None, "name": "b"},
    }  # fmt: skip
    second = json.loads(header(two)["sd_merge_recipe"])
    assert (
        second["blocks"] == {"BASE": 0.5, **{block: 0.5 for block in second["blocks"]}} and len(second["blocks"]) == 26
    )
    assert second["model_a"] == digests["one"]
    models = json.loads(header(two)["sd_merge_models"])
    assert models.keys() == set(digests.values()) and models[digests["one"]]["sd_merge_recipe"] == first
    assert header(two)["modelspec.merged_from"] == "one, c" and header(two)["modelspec.title"] == "mix"
    assert header(two)["modelspec.architecture"] == "stable-diffusion-v1"
    assert all(isinstance(value, str) for value in header(two).values())


def test_the_markers_of_v_prediction_stay(tmp_path: Path) -> None:
    marks = {"v_pred": torch.empty(0), "ztsnr": torch.empty(0)}
    a, b = (checkpoint(tmp_path / f"{name}.safetensors", 1, 2, 3, 4, **marks) for name in "ab")
    found = merged(tmp_path / "out.safetensors", params("weighted_sum", alpha=0.5), a, b)
    assert found["v_pred"].shape == found["ztsnr"].shape == (0,)
    assert header(tmp_path / "out.safetensors")["modelspec.prediction_type"] == "v"


LORA = "lora_te_text_model_encoder_layers_0_mlp_fc1"


@pytest.mark.parametrize(
    ("marker", "header", "refused"),
    [
        ({"v_pred": torch.empty(0)}, {"modelspec.prediction_type": "v"}, ""),
        ({"v_pred": torch.empty(0)}, {"ss_v_parameterization": "True", "ss_base_model_version": "sd_v1_v"}, ""),
        (
            {"v_pred": torch.empty(0)},
            {"modelspec.prediction_type": "epsilon"},
            r"epsilon \(.*\), .* predicts v",
        ),
        ({"v_pred": torch.empty(0)}, {}, ""),  # its header says nothing: taken as it is
        ({}, {"modelspec.prediction_type": "epsilon", "modelspec.architecture": "stable-diffusion-v1/lora"}, ""),
        ({}, {"ss_v_parameterization": "False", "ss_base_model_version": "sd_v1"}, ""),
        ({}, {"ss_v_parameterization": "True"}, r"predicts v \(ss_v_parameterization\), and .* predicts epsilon"),
        ({}, {"modelspec.predict_key": "v"}, r"predicts v \(modelspec.predict_key\), and .* predicts epsilon"),
        ({"v_pred": torch.empty(0)}, {"modelspec.predict_key": "v"}, ""),
    ],
)
def test_a_lora_goes_by_its_header_into_a_base_that_predicts_alike(tmp_path: Path, marker, header, refused) -> None:
    base = checkpoint(tmp_path / "a.safetensors", 1, 2, 3, 4, **marker)
    halves = {f"{LORA}.lora_down.weight": torch.ones(1, 2), f"{LORA}.lora_up.weight": torch.ones(2, 1)}
    lora = save(halves, tmp_path / "lora.safetensors", **header)
    if refused:
        with pytest.raises(GengaError, match=refused):
            merged(tmp_path / "out.safetensors", params("bake_lora", alpha=1.0), base, lora)
        return
    found = merged(tmp_path / "out.safetensors", params("bake_lora", alpha=1.0), base, lora)
    assert found[TEXT].tolist() == [[4.0, 4.0], [4.0, 4.0]]


def test_a_lora_is_baked_in_with_its_weight(files: list[Path], tmp_path: Path) -> None:
    down, up = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [-1.0]])  # rank 1, alpha 2
    lora = save_lora(tmp_path / "lora.safetensors", {LORA: (down, up, 2.0)})
    found = merged(tmp_path / "out.safetensors", params("bake_lora", alpha=0.5), files[0], lora)
    assert found[TEXT].tolist() == [[6.0, 9.0], [2.0, 1.0]]  # 3 + 0.5 * 2 / 1 * [[3, 6], [-1, -2]]
    assert numbers({**found, TEXT: torch.zeros(1)}) == [1.0, 2.0, 0.0, 4.0]


ROW, COLUMN = torch.ones(1, 2), torch.ones(2, 1)
OTHERS: dict[str, tuple[dict[str, torch.Tensor], list[list[float]]]] = {
    # alpha / rank (w1_a @ w1_b) * (w2_a @ w2_b): 2 * [[1, 1], [2, 2]] * [[2, 3], [2, 3]], half of it
    "loha": (
        {"hada_w1_a": torch.tensor([[1.0], [2.0]]), "hada_w1_b": ROW, "hada_w2_a": COLUMN,
         "hada_w2_b": torch.tensor([[2.0, 3.0]]), "alpha": torch.tensor(2.0)},
        [[5.0, 6.0], [7.0, 9.0]],
    ),
    # the Kronecker product of [[1, 0], [0, 2]] and [[4]], both whole: alpha says nothing
    "lokr": (
        {"lokr_w1": torch.tensor([[1.0, 0.0], [0.0, 2.0]]), "lokr_w2": torch.tensor([[4.0]]),
         "alpha": torch.tensor(9.0)},
        [[5.0, 3.0], [3.0, 7.0]],
    ),
    # 3 + [[0, 1], [0, 1]]: rows (3, 4) of length 5, made 10 and 5 long; half of what that changes
    "dora": (
        {"lora_down.weight": torch.tensor([[0.0, 1.0]]), "lora_up.weight": COLUMN, "alpha": torch.tensor(1.0),
         "dora_scale": torch.tensor([[10.0], [5.0]])},
        [[4.5, 5.5], [3.0, 3.5]],
    ),
    # up @ mid @ down of a core of one number
    "tucker": (
        {"lora_down.weight": ROW, "lora_up.weight": COLUMN, "lora_mid.weight": torch.full((1, 1, 1, 1), 4.0)},
        [[5.0, 5.0], [5.0, 5.0]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_what_lycoris_writes_is_baked_in_with_its_weight(files: list[Path], tmp_path: Path, name: str) -> None:
    parts, expected = OTHERS[name]
    file = save({f"{LORA}.{part}": tensor for part, tensor in parts.items()}, tmp_path / "lora.safetensors")
    found = merged(tmp_path / "out.safetensors", params("bake_lora", alpha=0.5), files[0], file)
    assert torch.allclose(found[TEXT], torch.tensor(expected), atol=1e-5)
    assert numbers({**found, TEXT: torch.zeros(1)}) == [1.0, 2.0, 0.0, 4.0]


def test_a_text_encoders_lora_is_not_baked_into_a_unet_alone(tmp_path: Path) -> None:
    unet = save({IN: torch.ones(2, 2), OUT: torch.ones(2, 2)}, tmp_path / "a.safetensors")
    lora = save_lora(tmp_path / "b.safetensors", {LORA: ONE})
    with pytest.raises(GengaError, match=r"changes a text encoder \(lora_te\), which .*a\.safetensors has not; take"):
        merged(tmp_path / "out.safetensors", params("bake_lora", alpha=1.0), unet, lora)


def test_averages_of_a_training_are_left_out(tmp_path: Path) -> None:
    """They are A's own: what is merged is not what they are the average of."""
    more = {"model_ema.diffusion_modelout2weight": torch.ones(2, 2), "first_stage_model.model_ema.decay": torch.ones(1)}
    a = checkpoint(tmp_path / "a.safetensors", 1, 2, 3, 4, **more)
    b = checkpoint(tmp_path / "b.safetensors", 3, 6, -1, 0)
    found = merged(tmp_path / "out.safetensors", params("weighted_sum", alpha=0.5), a, b)
    assert found.keys() == {*WEIGHTS, IDS, "first_stage_model.model_ema.decay"}
    assert numbers(found) == [2.0, 4.0, 1.0, 2.0]


def test_the_first_anime_bases_go_with_todays(tmp_path: Path) -> None:
    """They name their text encoder without `text_model`."""
    old = {IN: 3, OUT: 6, TEXT.replace("text_model.", ""): -1, VAE: 0}
    b = save({key: torch.full((2, 2), float(value)) for key, value in old.items()}, tmp_path / "b.safetensors")
    a = checkpoint(tmp_path / "a.safetensors", 1, 2, 3, 4)
    for parents, alpha in (((a, b), 0.25), ((b, a), 0.75)):
        found = merged(tmp_path / "out.safetensors", params("weighted_sum", alpha=alpha), *parents)
        assert numbers(found) == [1.5, 3.0, 2.0, 3.0] and set(WEIGHTS) <= found.keys()


def test_precisions_may_differ_and_what_one_has_not_is_one_line(tmp_path: Path) -> None:
    a = checkpoint(tmp_path / "a.safetensors", 1, 2, 3, 4, dtype=torch.float16)
    b = checkpoint(tmp_path / "b.safetensors", 3, 6, -1, 0, dtype=torch.bfloat16)
    found = merged(tmp_path / "out.safetensors", params("weighted_sum", alpha=0.25), a, b)
    assert numbers(found) == [1.5, 3.0, 2.0, 3.0] and {found[key].dtype for key in WEIGHTS} == {torch.float16}
    large = checkpoint(tmp_path / "c.safetensors", 2.0**17, 6, -1, 0, dtype=torch.bfloat16)
    for alpha in (0.75, 1.0):
        with pytest.raises(GengaError) as refused:
            merged(tmp_path / "no.safetensors", params("weighted_sum", alpha=alpha), a, large)
        assert str(refused.value) == (
            f"params.yaml:merges.mix.a: {a} and what it is merged with come to numbers that float16 has not, in {IN};"
            " set precision: float32, or bfloat16"
        )
    assert not (tmp_path / "no.safetensors").exists()
    said = params("weighted_sum", alpha=1.0, precision="bfloat16")
    assert merged(tmp_path / "out.safetensors", said, a, large)[IN][0, 0] == 2.0**17


def test_a_lora_is_found_again_and_the_best_of_its_rank(tmp_path: Path) -> None:
    change = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    base = checkpoint(tmp_path / "base.safetensors", 1, 2, 3, 4)
    tuned = checkpoint(tmp_path / "tuned.safetensors", 1, 2, 3, 4, **{TEXT: torch.full((2, 2), 3.0) + change})
    found = merged(tmp_path / "out.safetensors", params("extract_lora", rank=1), tuned, base)
    assert sorted(found) == [f"{LORA}.alpha", f"{LORA}.lora_down.weight", f"{LORA}.lora_up.weight"]
    down, up, alpha = (found[f"{LORA}.{part}"] for part in ("lora_down.weight", "lora_up.weight", "alpha"))
    assert (alpha.item(), down.shape, up.shape) == (1.0, (1, 2), (2, 1))
    assert torch.allclose(up @ down, torch.tensor([[3.0, 0.0], [0.0, 0.0]]), atol=1e-6)


def test_a_rank_above_the_matrix_is_filled_up_so_that_one_alpha_fits_all(tmp_path: Path) -> None:
    change = torch.tensor([[3.0, 1.0], [0.5, 1.0]])
    base = checkpoint(tmp_path / "base.safetensors", 1, 2, 3, 4)
    tuned = checkpoint(tmp_path / "tuned.safetensors", 1, 2, 3, 4, **{TEXT: torch.full((2, 2), 3.0) + change})
    found = merged(tmp_path / "out.safetensors", params("extract_lora", rank=8), tuned, base)
    assert found[f"{LORA}.alpha"].item() == found[f"{LORA}.lora_down.weight"].shape[0] == 8.0
    assert torch.allclose(found[f"{LORA}.lora_up.weight"] @ found[f"{LORA}.lora_down.weight"], change, atol=1e-6)
    said = header(tmp_path / "out.safetensors")
    assert (said["ss_network_dim"], said["ss_network_alpha"], said["ss_v2"]) == ("8", "8.0", "False")
    assert said["ss_base_model_version"] == "sd_v1" and said["modelspec.architecture"] == "stable-diffusion-v1/lora"


@pytest.mark.parametrize(("markers", "velocity", "zero"), [((), False, False), (("v_pred", "ztsnr"), True, True)])
@pytest.mark.parametrize(("kind", "version"), [("sd15", ("sd_v1", "sd_v1_v")), ("sdxl", ("sdxl_base_v1-0",) * 2)])
def test_an_extracted_lora_says_what_its_base_predicts(tmp_path: Path, kind, version, markers, velocity, zero) -> None:
    also = {name: torch.empty(0) for name in markers}
    if kind == "sdxl":
        also[f"{UNET}label_emb.0.0.weight"] = torch.ones(2, 2)
    base = checkpoint(tmp_path / "base.safetensors", 1, 2, 3, 4, **also)
    module = torch.full((2, 2), 9.0)
    name = f"{UNET}input_blocks.1.1.proj_in.weight"
    base, tuned = (
        save({**load_file(base), name: made}, tmp_path / f"{made[0, 0]}.safetensors") for made in (module, 2 * module)
    )
    merged(tmp_path / "out.safetensors", params("extract_lora", rank=1), tuned, base)
    said = header(tmp_path / "out.safetensors")
    assert said["ss_base_model_version"] == version[velocity] and said["ss_network_module"] == "networks.lora"
    assert said["ss_zero_terminal_snr"] == str(zero)
    assert said["modelspec.prediction_type"] == ("v" if velocity else "epsilon")
    assert said.get("ss_v_parameterization") == (str(velocity) if kind == "sdxl" else None)


def test_a_file_is_read_a_tensor_at_a_time_as_safetensors_reads_it(tmp_path: Path) -> None:
    tensors = {
        "f32": torch.rand(2, 3), "f16": torch.rand(3).half(), "bf16": torch.rand(5).bfloat16(),
        "i64": torch.arange(4), "none": torch.empty(0), "one": torch.tensor(7.0),
    }  # fmt: skip
    save_file(tensors, tmp_path / "x.safetensors", {"said": "so"})
    entries, metadata = read_file(tmp_path / "x.safetensors")
    assert metadata == {"said": "so"} and entries.keys() == tensors.keys()
    assert all(torch.equal(entries[key].read(), tensor) for key, tensor in tensors.items())


ONE = (torch.ones(1, 2), torch.ones(2, 1), 1.0)
OTHER = "lora_te1_text_model_encoder_layers_0_mlp_fc1"  # as in SDXL
# By method, and what B is: the line that says why it does not go with A.


ANIMA = "diffusion_model.blocks.0.self_attn.q_proj"
PREDICTS = "modelspec.prediction_type"


def half(name: str) -> dict[str, torch.Tensor]:
    return {f"{name}.lora_down.weight": torch.ones(1, 2), f"{name}.lora_up.weight": torch.ones(2, 1)}


BAD: dict[str, tuple[str, Callable[[Path], Path], str]] = {
    "another shape": (
        "weighted_sum",
        lambda path: checkpoint(path, 1, 2, 3, 4, **{IN: torch.ones(2, 3)}),
        r"does not fit .*a.safetensors: .*input_blocks.1.0.in_layers.2.weight is of \(2, 3\), not \(2, 2\)",
    ),
    "a weight that one has not": (
        "weighted_sum",
        lambda path: checkpoint(path, 1, 2, 3, 4, **{"first_stage_model.more": torch.ones(1)}),
        r"are not of one layout: .*a\.safetensors has no first_stage_model\.more",
    ),
    "SDXL and SD 1.x": (
        "weighted_sum",
        lambda path: checkpoint(path, 1, 2, 3, 4, **{f"{UNET}label_emb.0.0.weight": torch.ones(1)}),
        r"is of sdxl, and .*a\.safetensors of sd15; merge like with like",
    ),
    "v-prediction and epsilon": (
        "weighted_sum",
        lambda path: checkpoint(path, 1, 2, 3, 4, v_pred=torch.empty(0)),
        r"predict differently: .*b\.safetensors has the marker v_pred, .*a\.safetensors not",
    ),
    "a LoRA as a checkpoint": (
        "weighted_sum",
        lambda path: save_lora(path, {LORA: ONE}),
        r"is a LoRA, where a checkpoint is wanted; bake it into one first",
    ),
    "a LoRA of another family": (
        "bake_lora",
        lambda path: save_lora(path, {OTHER: ONE}),
        rf"was made for another kind of base: .*a\.safetensors \(sd15\) has no {OTHER}",
    ),
    "a LoRA of another width": (
        "bake_lora",
        lambda path: save_lora(path, {LORA: (torch.ones(1, 3), torch.ones(2, 1), 1.0)}),
        rf"was made for another base: {LORA} is of \(2, 3\), in .*a\.safetensors of \(2, 2\)",
    ),
    "a LoHa that is not whole": (
        "bake_lora",
        lambda path: save({f"{LORA}.hada_w1_a": torch.ones(2, 2)}, path),
        rf"is damaged: the LoRA is not whole: {LORA} has no hada_w1_b; .*fetch it again",
    ),
    "a LoRA without its upper half": (
        "bake_lora",
        lambda path: save({f"{LORA}.lora_down.weight": torch.ones(1, 2)}, path),
        rf"is damaged: the LoRA is not whole: {LORA} has no lora_up\.weight; .*fetch it again",
    ),
    "a LoRA whose halves are of two": (
        "bake_lora",
        lambda path: save_lora(path, {LORA: (torch.ones(1, 2), torch.ones(2, 3), 1.0)}),
        rf"is damaged: the parts of {LORA} do not fit one another; fetch it again",
    ),
    "a DoRA with too many lengths": (
        "bake_lora",
        lambda path: save({**half(LORA), f"{LORA}.dora_scale": torch.ones(7, 1)}, path),
        rf"is damaged: {LORA} has 7 lengths, for \(2, 2\); fetch it again",
    ),
    "a LoRA with a key that nobody reads": (
        "bake_lora",
        lambda path: save({**half(LORA), f"{LORA}.diff_b": torch.ones(2)}, path),
        rf"cannot be baked in: .*nothing here reads {LORA}\.diff_b",
    ),
    "a LoRA of peft": (
        "bake_lora",
        lambda path: save({"unet.a.lora_A.weight": torch.ones(1, 2), "unet.a.lora_B.weight": torch.ones(2, 1)}, path),
        r"is in the form of peft \(\.lora_A\), which does not say its scale; take it in kohya's form",
    ),
    "headers that predict differently": (
        "weighted_sum",
        lambda path: save(load_file(checkpoint(path, 1, 2, 3, 4)), path, **{PREDICTS: "v"}),
        r"b\.safetensors and .*a\.safetensors predict differently: their headers say v \(modelspec\.prediction_type\),"
        r" and epsilon \(modelspec\.prediction_type\); take two that are alike$",
    ),
    "a LoRA of v-prediction": (
        "bake_lora",
        lambda path: save(half(LORA), path, **{PREDICTS: "v"}),
        r"made for a base that predicts v \(.*\), and .*a\.safetensors predicts epsilon; take one .* v_pred into it$",
    ),
    "a LoRA of v-prediction, as kohya says it": (
        "bake_lora",
        lambda path: save(half(LORA), path, ss_base_model_version="sd_v1_v"),
        r"predicts v \(ss_base_model_version\), and .*a\.safetensors predicts epsilon",
    ),
    "a LoRA of SDXL by its header": (
        "bake_lora",
        lambda path: save(half(LORA), path, ss_base_model_version="sdxl_base_v1-0"),
        r"for another kind of base: ss_base_model_version is sdxl_base_v1-0, and .*a\.safetensors of SD 1\.x$",
    ),
    "a LoRA of SD 2 by its header": (
        "bake_lora",
        lambda path: save(half(LORA), path, **{"modelspec.architecture": "stable-diffusion-v2-768-v/lora"}),
        r"modelspec\.architecture is stable-diffusion-v2-768-v/lora, and .*a\.safetensors of SD 1\.x$",
    ),
    "a file with nothing in it": ("bake_lora", lambda path: save({}, path), "is empty: there is nothing to bake in"),
    "a checkpoint as a LoRA": (
        "bake_lora",
        lambda path: checkpoint(path, 1, 2, 3, 4),
        "cannot be baked in: .*nothing here reads ",
    ),
    "no checkpoint": (
        "weighted_sum",
        lambda path: save({"x": torch.ones(1)}, path),
        r"is no checkpoint in the original layout",
    ),
    "SD 2": (
        "weighted_sum",
        lambda path: checkpoint(path, 1, 2, 3, 4, **{"cond_stage_model.model.ln_final.weight": torch.ones(1)}),
        r"is of Stable Diffusion 2\.x; SD 1\.x, SDXL and Anima can be merged",
    ),
    "SDXL's refiner": (
        "weighted_sum",
        lambda path: checkpoint(path, 1, 2, 3, 4, **{"conditioner.embedders.0.model.ln_final.bias": torch.ones(1)}),
        r"is of Stable Diffusion XL's refiner; SD 1\.x, SDXL and Anima can be merged",
    ),
    "SDXL trained by EDM": (
        "weighted_sum",
        lambda path: checkpoint(path, 1, 2, 3, 4, edm_mean=torch.ones(4)),
        r"is of Stable Diffusion XL trained by EDM \(CosXL, Playground 2\.5\); SD 1\.x, SDXL and Anima can be merged",
    ),
    "a LoRA of Anima without a header": (
        "bake_lora",
        lambda path: save(
            {f"{ANIMA}.lora_A.weight": torch.ones(1, 2), f"{ANIMA}.lora_B.weight": torch.ones(2, 1)}, path
        ),
        rf"was made for another kind of base: .*a\.safetensors \(sd15\) has no {ANIMA}",
    ),
    "a file of scaled float8": (
        "weighted_sum",
        lambda path: checkpoint(path, 1, 2, 3, 4, **{IN.replace(".weight", ".scale_weight"): torch.ones(1)}),
        r"is quantized: its numbers are to be scaled \(.*input_blocks.*\.scale_weight\); take it in float16 or more",
    ),
    "a LoRA of no rank": (
        "bake_lora",
        lambda path: save_lora(path, {LORA: (torch.ones(0, 2), torch.ones(2, 0), 1.0)}),
        rf"is damaged: the parts of {LORA} do not fit one another; fetch it again",
    ),
    "what else a UI saves": (
        "weighted_sum",
        lambda path: save({f"{UNET}double_blocks.0.img_attn.qkv.weight": torch.ones(2, 2)}, path),
        r"is no checkpoint in the original layout \(no model\.diffusion_model\.input_blocks…\)",
    ),
    "no text encoder": (
        "weighted_sum",
        lambda path: save({key: torch.ones(2, 2) for key in (IN, OUT, VAE)}, path),
        rf"are not of one layout: .*b\.safetensors has no {TEXT}",
    ),
    "nothing to extract": (
        "extract_lora",
        lambda path: checkpoint(path, 1, 2, 3, 4),
        r"are equal where a LoRA can change a base; there is nothing to extract",
    ),
}
ALSO = {"weighted_sum": {"alpha": 0.5}, "bake_lora": {"alpha": 1.0}, "extract_lora": {"rank": 4}}


@pytest.mark.parametrize("name", BAD)
def test_parents_that_do_not_go_together_are_one_line(tmp_path: Path, name: str) -> None:
    method, make, message = BAD[name]
    first = checkpoint(tmp_path / "a.safetensors", 1, 2, 3, 4)
    parents = [save(load_file(first), first, **{PREDICTS: "epsilon"}), make(tmp_path / "b.safetensors")]
    with pytest.raises(GengaError) as refused:
        merged(tmp_path / "out.safetensors", params(method, **ALSO[method]), *parents)
    assert re.fullmatch(rf"params\.yaml:merges\.mix\.[ab]: .*{message}.*", str(refused.value)), str(refused.value)
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize("cut", [0, 5, 40, -1])
def test_a_file_that_is_cut_off_is_one_line(files: list[Path], tmp_path: Path, cut: int) -> None:
    files[1].write_bytes(files[1].read_bytes()[:cut])
    with pytest.raises(
        GengaError, match=r"b\.safetensors: (is not a \.safetensors file|has \d+ bytes).*fetch it again"
    ):
        merged(tmp_path / "out.safetensors", params("weighted_sum", alpha=0.5), *files[:2])


def test_block_weights_of_sdxls_number_do_not_fit_sd15(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(GengaError) as refused:
        merged(tmp_path / "out.safetensors", params("weighted_sum", blocks=[0.5] * 20), *files[:2])
    assert str(refused.value) == (
        "params.yaml:merges.mix.blocks: SD 1.x has 26 blocks, BASE, IN00 … OUT11 (or 25, with alpha for BASE); got 20"
    )


def test_a_parent_that_cannot_be_written_leaves_nothing(files: list[Path], tmp_path: Path) -> None:
    made = merge(
        "mix",
        params("weighted_sum", alpha=0.5),
        {letter: given(path) for letter, path in zip("ab", files, strict=False)},
    )
    files[1].write_bytes(files[1].read_bytes()[:-1])  # while it was merged
    with pytest.raises(GengaError, match="was cut off while it was read"):
        made.write(tmp_path / "out.safetensors")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.safetensors", "b.safetensors", "c.safetensors"]
