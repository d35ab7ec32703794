"""A base as one file alone: read without anything beside it, written to the bit, told from others by what it has."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline
from safetensors.torch import load_file, save_file
from tiny_base import save_tiny_base, tokenizer
from tiny_sdxl import VELOCITY, save_tiny_sdxl

from genga.errors import GengaError
from genga.training import tensor_file
from genga.training.device import state_sha256
from genga.training.families import sd15, sdxl
from genga.training.families._sd import files, vocabulary
from genga.training.families._sd15.base import KIND as SD15
from genga.training.families._sdxl.base import KIND as SDXL

KINDS = {"sd15": (sd15, SD15, save_tiny_base), "sdxl": (sdxl, SDXL, save_tiny_sdxl)}


@pytest.fixture(scope="module", params=KINDS)
def made(request, tmp_path_factory):
    """A family, its kind, and a tiny base of it as a folder."""
    family, kind, save = KINDS[request.param]
    return family, kind, save(tmp_path_factory.mktemp(request.param) / "base")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A tiny base of each family as a folder."""
    return {name: save(tmp_path_factory.mktemp(name) / "base") for name, (_, _, save) in KINDS.items()}


def written(family, folder, path, more=(), metadata=None):
    tensors = family.FAMILY.whole(family.load(folder), {})
    save_file(tensors | {name: torch.empty(0) for name in more}, path, metadata)
    return path


def beside(folder, path, *parts):
    """Put parts of a folder's configuration beside a file; none: all."""
    no_weights = shutil.ignore_patterns("*.safetensors")
    for part in parts or [one.name for one in folder.iterdir() if one.is_dir()]:
        shutil.copytree(folder / part, path.with_suffix("") / part, ignore=no_weights, dirs_exist_ok=True)


def tiny(kind, folder):
    """A kind whose configurations are a tiny base's: what the family knows by itself."""
    configs = {one.folder: json.loads((folder / one.folder / "config.json").read_text()) for one in kind.parts}
    return replace(kind, parts=tuple(replace(one, config=configs[one.folder]) for one in kind.parts))


def same(base, other, kind):
    for part in kind.parts:
        assert state_sha256(getattr(base, part.folder)) == state_sha256(getattr(other, part.folder)), part.folder


def test_a_file_alone_is_the_base_it_was_written_from(made, tmp_path):
    family, kind, folder = made
    base, file = family.load(folder), written(family, folder, tmp_path / "tiny.safetensors")
    beside(folder, file, "tokenizer")  # the real vocabulary is not in this repository
    found = files.read(file, tiny(kind, folder))
    same(base, type(base)(**found), kind)
    assert (found["schedule"]["prediction_type"], found["tokenizer"].model_max_length) == ("epsilon", 16)
    assert torch.equal(type(base)(**found).alphas_cumprod, base.alphas_cumprod)
    for one, other in zip(
        family.encode(base, ["hana, smile"], 1, 2),
        family.encode(type(base)(**found), ["hana, smile"], 1, 2),
        strict=True,
    ):
        assert torch.equal(one, other)
    assert {weight.dtype for part in kind.parts for weight in found[part.folder].parameters()} == {torch.float32}
    assert not any(weight.requires_grad for part in kind.parts for weight in found[part.folder].parameters())


def test_half_precision_is_read_as_float32(made, tmp_path):
    family, kind, folder = made
    tensors = {
        name: one.half() if one.is_floating_point() else one
        for name, one in family.FAMILY.whole(family.load(folder), {}).items()
    }
    save_file(tensors, tmp_path / "half.safetensors")
    beside(folder, tmp_path / "half.safetensors")
    base = family.load(tmp_path / "half.safetensors")
    assert {weight.dtype for part in kind.parts for weight in getattr(base, part.folder).parameters()} == {
        torch.float32
    }


def test_names_of_the_first_anime_bases_are_read(folders, tmp_path):
    base, wrapper = sd15.load(folders["sd15"]), "cond_stage_model.transformer.text_model."
    tensors = {
        name.replace(wrapper, "cond_stage_model.transformer."): one for name, one in sd15.FAMILY.whole(base, {}).items()
    }
    assert "cond_stage_model.transformer.embeddings.token_embedding.weight" in tensors
    file = tmp_path / "one.safetensors"
    save_file(tensors, file)
    beside(folders["sd15"], file)
    same(base, sd15.load(file), SD15)


def test_diffusers_reads_what_is_written(made, tmp_path):
    family, kind, folder = made
    base, file = family.load(folder), written(family, folder, tmp_path / "tiny.safetensors")
    pipeline = {"sd15": StableDiffusionPipeline, "sdxl": StableDiffusionXLPipeline}[kind.family]
    none = {"safety_checker": None, "feature_extractor": None} if kind is SD15 else {}
    loaded = pipeline.from_single_file(str(file), config=str(folder), local_files_only=True, **none)
    for part in kind.parts:
        own, read = getattr(base, part.folder).state_dict(), getattr(loaded, part.folder).state_dict()
        assert own.keys() == read.keys()
        assert all(torch.equal(own[name], read[name]) for name in own), part.folder


def test_given_weights_take_the_place_of_the_bases_own(made, tmp_path):
    family, kind, folder = made
    base = family.load(folder)
    given = {
        part.network: {
            name: torch.full_like(one, number).half() for name, one in getattr(base, part.folder).state_dict().items()
        }
        for number, part in enumerate(kind.parts)
        if part.network != "text"
    }
    before = family.FAMILY.whole(base, {})
    tensors = family.FAMILY.whole(base, given)
    assert tensors.keys() == before.keys()
    places = {part.network: {place.key for place in part.places(getattr(base, part.folder).state_dict())
              .values()} for part in kind.parts}  # fmt: skip
    for number, part in enumerate(kind.parts):
        for key in places[part.network]:
            if part.network == "text":
                assert torch.equal(tensors[key], before[key])
            else:
                assert tensors[key].dtype == torch.float16 and set(tensors[key].flatten().tolist()) == {float(number)}
    family.FAMILY.write_folder(base, given, tmp_path / "out")
    found = family.load(tmp_path / "out")
    assert set(found.unet.conv_in.weight.flatten().tolist()) == {0.0}
    assert set(found.vae.quant_conv.weight.flatten().tolist()) == {float(len(kind.parts) - 1)}
    assert state_sha256(found.text_encoder) == state_sha256(base.text_encoder)


def test_a_folder_is_written_to_the_byte_and_loads_in_diffusers(made, tmp_path):
    family, kind, folder = made
    base = family.load(folder)
    for name in ("a", "b"):
        family.FAMILY.write_folder(base if name == "a" else family.load(tmp_path / "a"), {}, tmp_path / name)
    content = [
        {
            path.relative_to(tmp_path / name).as_posix(): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("a", "b")
    ]
    assert content[0] == content[1]
    assert not [
        name for name, data in content[0].items() if str(tmp_path).encode() in data or str(folder).encode() in data
    ]
    same(base, family.load(tmp_path / "a"), kind)
    pipeline = {"sd15": StableDiffusionPipeline, "sdxl": StableDiffusionXLPipeline}[kind.family]
    loaded = pipeline.from_pretrained(tmp_path / "a")
    assert state_sha256(loaded.unet) == state_sha256(base.unet)
    assert loaded.tokenizer("hana, smile").input_ids == base.tokenizer("hana, smile").input_ids
    if kind is SDXL:
        assert loaded.tokenizer_2.pad_token == "!"
        assert loaded.config.force_zeros_for_empty_prompt is False
    vocabulary_of = json.loads((tmp_path / "a/tokenizer/vocab.json").read_text())
    assert vocabulary_of == base.tokenizer.get_vocab()


@pytest.mark.parametrize(
    ("markers", "prediction", "zero"),
    [((), "epsilon", False), (("v_pred",), "v_prediction", False), (("v_pred", "ztsnr"), "v_prediction", True)],
)
def test_markers_say_what_the_base_predicts(folders, tmp_path, capsys, markers, prediction, zero):
    file = written(sdxl, folders["sdxl"], tmp_path / "one.safetensors", markers)
    beside(folders["sdxl"], file, "tokenizer", "unet", "vae", "text_encoder", "text_encoder_2")
    base = sdxl.load(file)
    assert (base.prediction, base.zero_terminal_snr) == (prediction, zero)
    assert (base.alphas_cumprod[-1].item() == 0) == zero
    again = sdxl.FAMILY.whole(base, {})
    assert {name: again[name].numel() for name in ("v_pred", "ztsnr") if name in again} == dict.fromkeys(markers, 0)
    sdxl.FAMILY.write_folder(base, {}, tmp_path / "out")
    scheduler = json.loads((tmp_path / "out/scheduler/scheduler_config.json").read_text())
    assert (scheduler["prediction_type"], scheduler["rescale_betas_zero_snr"]) == (prediction, zero)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("markers", "schedule", "message"),
    [
        (
            ("v_pred",),
            {"prediction_type": "epsilon"},
            "prediction_type is epsilon, but one.safetensors has the marker v_pred, so it was trained with"
            " v_prediction; correct prediction_type, or delete the file: the markers hold then",
        ),
        (
            ("v_pred", "ztsnr"),
            {"prediction_type": "v_prediction"},
            "rescale_betas_zero_snr is False, but one.safetensors has the marker ztsnr, so it was trained with True;"
            " correct rescale_betas_zero_snr, or delete the file: the markers hold then",
        ),
    ],
)
def test_a_scheduler_that_contradicts_the_markers_is_refused(folders, tmp_path, markers, schedule, message):
    file = written(sdxl, folders["sdxl"], tmp_path / "one.safetensors", markers)
    beside(folders["sdxl"], file)
    config = tmp_path / "one/scheduler/scheduler_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), **schedule}))
    with pytest.raises(GengaError) as error:
        sdxl.load(file)
    assert str(error.value) == f"{config}: {message}"


@pytest.mark.parametrize(
    ("name", "about", "says"),
    [
        ("noobaiXL_vpred", None, "name says v-prediction"),
        *(
            ("one", {key: value}, f"header says v-prediction ({key})")
            for key, value in {
                "modelspec.prediction_type": "v",
                "modelspec.predict_key": "v",  # ComfyUI's
                "ss_v_parameterization": "true",  # kohya's GUI's
                "ss_base_model_version": "sd_v1_v",  # kohya's sd-scripts'
            }.items()
        ),
    ],
)
def test_a_file_that_only_calls_itself_v_prediction_is_warned_of(folders, tmp_path, capsys, name, about, says):
    file = written(sdxl, folders["sdxl"], tmp_path / f"{name}.safetensors", metadata=about)
    beside(folders["sdxl"], file, "tokenizer", "unet", "vae", "text_encoder", "text_encoder_2")
    assert sdxl.load(file).prediction == "epsilon"
    config = tmp_path / name / "scheduler/scheduler_config.json"
    assert capsys.readouterr().err == (
        f"note: {file}: its {says}, but it has no marker v_pred and is taken for epsilon; if it predicts v, say so in"
        f" {config}\n"
    )
    beside(folders["sdxl"], file, "scheduler")
    config.write_text(json.dumps({**json.loads(config.read_text()), **VELOCITY}))
    assert (sdxl.load(file).prediction, capsys.readouterr().err) == ("v_prediction", "")


def test_a_file_that_only_speaks_of_zero_terminal_snr_is_warned_of(folders, tmp_path, capsys):
    about = {"ss_zero_terminal_snr": "True", "modelspec.prediction_type": "v"}
    file = written(sdxl, folders["sdxl"], tmp_path / "one.safetensors", ("v_pred",), metadata=about)
    beside(folders["sdxl"], file, "tokenizer", "unet", "vae", "text_encoder", "text_encoder_2")
    assert not sdxl.load(file).zero_terminal_snr
    assert capsys.readouterr().err == (
        f"note: {file}: its header says ss_zero_terminal_snr, but it has no marker ztsnr and is taken to have some"
        " signal at the last timestep; if it has none, say so (rescale_betas_zero_snr) in"
        f" {tmp_path}/one/scheduler/scheduler_config.json\n"
    )


@pytest.mark.parametrize("as_file", [True, False])
@pytest.mark.parametrize(
    ("given", "to", "is_a", "expected"),
    [
        ("sdxl", "sd15", "Stable Diffusion XL", "Stable Diffusion 1.x"),
        ("sd15", "sdxl", "Stable Diffusion 1.x", "Stable Diffusion XL"),
    ],
)
def test_a_base_of_the_other_family_is_one_line(folders, tmp_path, as_file, given, to, is_a, expected):
    path = folders[given]
    if as_file:
        path = written(KINDS[given][0], path, tmp_path / "one.safetensors")
    with pytest.raises(GengaError) as error:
        KINDS[to][0].load(path)
    assert str(error.value) == (
        f"{path}: is a {'file' if as_file else 'folder'} of {is_a}, but models.yaml has family: {to} for it"
        f" ({expected}); write family: {given} for this base in models.yaml"
    )


def test_of_two_families_given_a_third_it_is_not_sent_to_one_that_refuses_it_too(folders, tmp_path):
    file = written(sdxl, folders["sdxl"], tmp_path / "cosxl.safetensors", ("edm_vpred.sigma_max",))
    with pytest.raises(GengaError, match=r"trained by EDM .* family: sd15 for it .*; there is no family for it$"):
        sd15.load(file)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"_class_name": "EDMDPMSolverMultistepScheduler"}, "_class_name is EDMDPMSolverMultistepScheduler"),
        ({"_class_name": "EDMEulerScheduler", "prediction_type": "v_prediction"}, "_class_name is EDMEulerScheduler"),
        ({"_class_name": "FlowMatchEulerDiscreteScheduler"}, "_class_name is FlowMatchEulerDiscreteScheduler"),
        ({"use_flow_sigmas": True}, "use_flow_sigmas is true"),
    ],
)
def test_a_folder_whose_scheduler_is_of_other_noise_is_one_line(folders, tmp_path, said, told):
    folder = shutil.copytree(folders["sdxl"], tmp_path / "base")
    config = folder / "scheduler" / "scheduler_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), **said}))
    with pytest.raises(GengaError) as error:
        sdxl.load(folder)
    assert str(error.value) == (
        f"{folder}: scheduler/scheduler_config.json: {told}: there is no family for such; take another"
    )


def test_a_folder_that_only_calls_itself_v_prediction_is_warned_of(folders, tmp_path, capsys):
    folder = shutil.copytree(folders["sdxl"], tmp_path / "noobai-vpred")
    assert sdxl.load(folder).prediction == "epsilon"
    config = folder / "scheduler" / "scheduler_config.json"
    assert capsys.readouterr().err == (
        f"note: {folder}: its name says v-prediction, but prediction_type is epsilon; if it predicts v, say so in"
        f" {config}\n"
    )
    config.write_text(json.dumps({**json.loads(config.read_text()), **VELOCITY}))
    assert (sdxl.load(folder).prediction, capsys.readouterr().err) == ("v_prediction", "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda tensors: {"net.blocks.0.x": torch.zeros(1)},
            "has no UNet .*in the original layout; take the base's whole",
        ),
        (
            lambda tensors: {name: one for name, one in tensors.items() if not name.startswith("first_stage_model.")},
            r"has no autoencoder \(first_stage_model\.…\), so it is no whole checkpoint of Stable Diffusion XL",
        ),
        (
            lambda tensors: {name: one for name, one in tensors.items() if "label_emb.0.0" not in name},
            r"model\.diffusion_model\.label_emb\.0\.0\.bias is missing \(2 tensors of unet\): it is cut",
        ),
        (
            lambda tensors: {**tensors, "model.diffusion_model.control.weight": torch.zeros(1)},
            r"has model\.diffusion_model\.control\.weight \(1 tensors too many\)",
        ),
        (
            lambda tensors: {**tensors, "model.diffusion_model.out.2.bias": torch.zeros(5)},
            r"model\.diffusion_model\.out\.2\.bias has shape \(5,\), expected \(4,\)",
        ),
        (
            lambda tensors: {"cond_stage_model.model.x": torch.zeros(1), **tensors},
            r"is a file of Stable Diffusion 2\.x, .*; there is no family for it",
        ),
        *(
            (
                lambda tensors, marker=marker: {**tensors, marker: torch.zeros(1)},
                r"is a file of Stable Diffusion XL trained by EDM \(CosXL, .*; there is no family for it",
            )
            for marker in ("edm_mean", "edm_vpred.sigma_max")  # as ComfyUI tells Playground 2.5's and CosXL's
        ),
    ],
)
def test_what_is_no_whole_base_is_one_line(folders, tmp_path, change, message):
    file = tmp_path / "one.safetensors"
    save_file(change(sdxl.FAMILY.whole(sdxl.load(folders["sdxl"]), {})), file)
    beside(folders["sdxl"], file)
    with pytest.raises(GengaError, match=message) as error:
        sdxl.load(file)
    assert str(error.value).startswith(f"{file}: ")
    assert "\n" not in str(error.value)


def test_a_file_cut_short_is_one_line(tmp_path):
    (tmp_path / "one.safetensors").write_bytes(b"half")
    with pytest.raises(GengaError, match=r"one\.safetensors: cannot be loaded as a base: \S"):
        sdxl.load(tmp_path / "one.safetensors")


@pytest.fixture
def vocabulary_pinned(tmp_path, monkeypatch):
    """A folder of models in the project, with the tiny vocabulary in the place of CLIP's, and pinned as it is."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "weights" / vocabulary.PLACE
    words = tokenizer(folder, "!")
    monkeypatch.setattr(vocabulary, "SHA256", {name: vocabulary.sha256_of(folder / name) for name in vocabulary.SHA256})
    return words


@pytest.mark.parametrize("place", ["weights/owner/repo", "elsewhere"])
def test_the_vocabulary_is_found_below_the_folder_of_models(folders, tmp_path, vocabulary_pinned, place):
    file = tmp_path / place / "one.safetensors"
    file.parent.mkdir(parents=True)
    written(sdxl, folders["sdxl"], file)
    found = files.read(file, tiny(SDXL, folders["sdxl"]))
    first, second = found["tokenizer"], found["tokenizer_2"]
    text = "hana, smile"
    assert first(text).input_ids == second(text).input_ids == vocabulary_pinned(text).input_ids
    assert (first.model_max_length, second.model_max_length) == (16, 16)
    assert (first.pad_token_id, second.pad_token_id) == (first.eos_token_id, first.get_vocab()["!"])


def test_a_vocabulary_that_is_missing_or_another_one_is_named_with_the_way_to_it(folders, tmp_path, vocabulary_pinned):
    file = written(sdxl, folders["sdxl"], tmp_path / "one.safetensors")
    kind, place = tiny(SDXL, folders["sdxl"]), tmp_path / "weights" / vocabulary.PLACE
    (place / "merges.txt").write_text("#version: 0.2\n")
    with pytest.raises(
        GengaError, match=r"merges\.txt: is not CLIP's vocabulary .*: genga models pull --role vocabulary"
    ):
        files.read(file, kind)
    shutil.rmtree(place)
    with pytest.raises(GengaError, match=r"one\.safetensors: a single file has no vocabulary, .* --role vocabulary$"):
        files.read(file, kind)


def test_models_yaml_has_the_vocabulary_that_the_families_hold_to(request):
    from genga.models import registry
    from genga.params.models import Params

    section = Params(use="published", folder="weights", device="cpu", batch=1)
    model = registry.load(section, request.config.rootpath).model("vocabulary")
    assert {file.path: file.pinned for file in model.files} == {
        request.config.rootpath / "weights" / vocabulary.PLACE / name: sha256
        for name, sha256 in vocabulary.SHA256.items()
    }


def test_tensors_of_a_file_are_what_they_were(made, tmp_path):
    family, kind, folder = made
    file, base = tmp_path / "one.safetensors", family.load(folder)
    schedule = {**base.schedule, **VELOCITY}
    tensor_file.write(file, family.FAMILY.whole(replace(base, schedule=schedule), {}), {})
    beside(folder, file, *(one.folder for one in kind.parts), "tokenizer")
    again, first = family.FAMILY.whole(family.load(file), {}), load_file(file)
    assert {"v_pred", "ztsnr"} < first.keys()
    assert again.keys() == first.keys()
    assert all(torch.equal(again[name], first[name]) for name in first)
