"""genga.evaluation.sample: every prompt and seed from the same noise, whatever the batch."""

import importlib.util
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_base import save_tiny_base

from genga.errors import GengaError
from genga.evaluation import sample as sampling
from genga.evaluation.prompts_seen import prompt_of, prompts_of, tell_prompts
from genga.evaluation.sample import count, drawn, start_noise
from genga.images.codec import decode
from genga.params.sample import Params
from genga.store.files import sha256_of, write_facts
from genga.store.parquet import read_table
from genga.store.shards import ShardReader
from genga.tables.sample import SAMPLE
from genga.training import adapters, lora_file, tensor_file
from genga.training._layouts.kohya import unet_name
from genga.training.families._sd15.lora import unet_modules
from genga.training.families.family import LoadedBase
from genga.training.families.sd15 import FAMILY, load

CPU = torch.device("cpu")


def params(**changes):
    return Params(
        **{
            "prompts": ["{trigger}, smile", "{trigger}, solo"],
            "negative": "",
            "seeds": [3, 5],
            "width": 24,
            "height": 16,
            "steps": 2,
            "guidance": 2.0,
            "scheduler": "ddim",
            "batch": 3,
            "threads": 1,
            "precision": "float32",
            **changes,
        }
    )


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory):
    return save_tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def base(base_folder):
    return LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)


@pytest.fixture(scope="module")
def checkpoints(base_folder, tmp_path_factory):
    """A LoRA that changes nothing, after step 10, and one that changes much, after step 20."""
    base, folder = load(base_folder), tmp_path_factory.mktemp("checkpoints")
    modules = unet_modules(base.unet, "attention", False)
    adapters.attach(base.unet, modules, 2, 2.0, 0, "unet")
    files = []
    for step, strength in ((10, 0.0), (20, 1.0)):
        tensors = {}
        for module, down, up in adapters.matrices(base.unet, modules):
            torch.manual_seed(step)
            tensors |= lora_file.entry(unet_name(module), down, torch.randn_like(up) * strength, 2.0, torch.float32)
        files.append((step, folder / f"hana-{step:06d}.safetensors"))
        tensor_file.write(files[-1][1], tensors, {})
    return files


def test_the_trigger_takes_its_place_or_leaves_none():
    assert prompt_of("{trigger}, 1girl, solo", "hana") == "hana, 1girl, solo"
    assert prompt_of("{trigger}, 1girl, solo", "") == "1girl, solo"
    assert prompt_of("a drawing of {trigger}", "hana") == "a drawing of hana"
    assert prompt_of("{trigger}, (smile:1.2)", "hana (blue)") == r"hana \(blue\), (smile:1.2)"  # a name has no weight


def test_noise_is_of_prompt_and_seed_alone():
    first = start_noise("{trigger}, smile", 3, (4, 2, 3))
    assert first.shape == (4, 2, 3)
    assert torch.equal(first, start_noise("{trigger}, smile", 3, (4, 2, 3)))
    assert not torch.equal(first, start_noise("{trigger}, smile", 5, (4, 2, 3)))
    assert not torch.equal(first, start_noise("{trigger}, solo", 3, (4, 2, 3)))


def test_every_prompt_and_seed_with_base_and_checkpoints(base, checkpoints):
    pictures = list(drawn(base, checkpoints, "hana", 1, params(), CPU))
    assert len(pictures) == count(len(checkpoints), params()) == 12
    tasks = [(task.step, task.prompt, task.prompt_text, task.seed) for task, _ in pictures]
    assert tasks[:5] == [
        (0, 0, "hana, smile", 3),
        (0, 0, "hana, smile", 5),
        (0, 1, "hana, solo", 3),
        (0, 1, "hana, solo", 5),
        (10, 0, "hana, smile", 3),
    ]
    images = np.stack([image for _, image in pictures]).reshape(3, 4, 16, 24, 3).astype(int)
    assert (images[0] == images[1]).all()  # step 10 changes nothing
    assert (images[0] != images[2]).any(axis=(1, 2, 3)).all()
    assert (images[0, 0] != images[0, 1]).any()


@pytest.mark.parametrize("scheduler", ["ddim", "dpm++", "euler"])
def test_a_picture_does_not_depend_on_its_batch(base, scheduler):
    several, single = (
        [image.astype(int) for _, image in drawn(base, [], "hana", 1, params(batch=batch, scheduler=scheduler), CPU)]
        for batch in (4, 1)
    )
    assert max(abs(one - other).max() for one, other in zip(several, single, strict=True)) <= 1


def test_guidance_one_ignores_the_negative_prompt(base):
    def draw(**changes):
        return [image.tolist() for _, image in drawn(base, [], "hana", 1, params(steps=1, seeds=[3], **changes), CPU)]

    assert draw(guidance=1.0, negative="solo") == draw(guidance=1.0)
    assert draw(guidance=9.0, negative="solo") != draw(guidance=9.0)


def images_of(base, prompt, **changes):
    given = params(prompts=[prompt], seeds=[3], **{"steps": 1, **changes})
    return [(task.prompt_text, image.tolist()) for task, image in drawn(base, [], "hana (solo)", 1, given, CPU)]


def test_weights_act_and_escapes_are_not_seen(base, monkeypatch):
    monkeypatch.setattr(sampling, "start_noise", lambda template, seed, shape: torch.ones(shape))  # whatever the prompt
    pictures = {weight: images_of(base, f"({{trigger}}, smile:{weight})")[0][1] for weight in ("1", "1.0", "3", "-3")}
    assert pictures["1"] == pictures["1.0"]
    assert len({str(picture) for picture in pictures.values()}) == 3
    ((text, _),) = images_of(base, "{trigger}, smile")
    assert text == r"hana \(solo\), smile"
    assert prompts_of(base, "hana (solo)", params(prompts=["{trigger}"]))[0].parts == [("hana (solo)", 1.0)]


def test_what_is_not_seen_of_a_prompt_is_said_and_not_drawn(base, capsys):
    # 14 tokens fit: a word and its comma are two of them.
    long = "smile, solo, (hana, yuki:1.5), outdoors, standing, smile, solo, (hana:1.2)"
    prompts = prompts_of(base, "", params(prompts=["smile", long], negative="smile, " * 9))
    assert [(prompt.text, prompt.lost) for prompt in prompts] == [
        ("smile", ""),
        ("smile, solo, (hana, yuki:1.5), outdoors, standing, smile", "solo, hana"),
        ("smile, smile, smile, smile, smile, smile, smile", "smile, smile, "),
    ]
    tell_prompts(prompts, params(prompts=["smile", long], negative="smile, " * 9, guidance=1.0), "花")
    assert capsys.readouterr().err.splitlines() == [
        "note: sample 花: weights in prompt 1: 'hana, yuki' 1.5",
        "note: sample 花: prompt 1 is too long, not seen of it: solo, hana",
        "note: sample 花: the negative prompt is too long, not seen of it: smile, smile, ",
        "note: sample 花: sample.guidance is 1: the negative prompt has no effect",
    ]
    assert prompts[1].parts == [("smile, solo, ", 1.0), ("hana, yuki", 1.5), (", outdoors, standing, smile", 1.0)]


@pytest.mark.parametrize("key", ["prompts.1", "negative"])
def test_what_cannot_be_read_of_a_prompt_is_refused_by_its_key(base, key):
    wrong = {"prompts": ["smile", "a AND b"]} if key == "prompts.1" else {"negative": "a AND b"}
    with pytest.raises(GengaError, match=rf"^params.yaml:sample.{key}: AND is not read here"):
        next(drawn(base, [], "hana", 1, params(**wrong), CPU))


def test_more_layers_than_the_encoder_has_are_refused(base):
    with pytest.raises(GengaError, match=r"^params.yaml:train.clip_skip must be 1\.\.2 for base tiny, got 3$"):
        next(drawn(base, [], "hana", 3, params(), CPU))


def test_a_picture_that_is_not_a_number_is_named(base_folder):
    broken = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)
    with torch.no_grad():
        broken.base.vae.post_quant_conv.bias[0] = float("nan")
    message = r"^prompt 0, seed 3 by the base: the picture is not a number \(NaN\); "
    with pytest.raises(GengaError, match=f"{message}verify it"):
        next(drawn(broken, [], "hana", 1, params(), CPU))
    with pytest.raises(GengaError, match=f"{message}set sample.precision to float32"):
        next(drawn(broken, [], "hana", 1, params(precision="bfloat16"), CPU))


@pytest.mark.parametrize("scheduler", ["ddim", "dpm++", "euler"])
def test_a_base_whose_last_timestep_is_noise_alone_draws(base, scheduler):
    rescaled = {**base.base.schedule, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
    loaded = replace(base, base=replace(base.base, schedule=rescaled))
    assert loaded.base.alphas_cumprod[-1] == 0
    (image,) = [
        image
        for _, image in drawn(loaded, [], "hana", 1, params(prompts=["smile"], seeds=[3], scheduler=scheduler), CPU)
    ]
    assert image.std() > 0


def test_sizes_the_vae_cannot_make_are_refused(base):
    with pytest.raises(GengaError, match=r"params.yaml:sample.width must be a multiple of 8, got 20"):
        next(drawn(base, [], "hana", 1, params(width=20), CPU))


@pytest.fixture
def project(tmp_path, monkeypatch, base_folder):
    """A folder with a catalogue of models that names the tiny base."""
    entry = {"name": "tiny", "knows": "nothing", "licence": "Apache-2.0", "folder": "base", "sha256": None}
    (tmp_path / "models.yaml").write_text(json.dumps({"embedded": {"base": entry}, "published": {}}))
    shutil.copytree(base_folder, tmp_path / "base")
    monkeypatch.chdir(tmp_path)
    return tmp_path


MODELS = json.dumps({"use": "embedded", "folder": "weights", "device": "cpu", "batch": 1})


def script(name, request):
    spec = importlib.util.spec_from_file_location(name, request.config.rootpath / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_the_command_writes_shard_and_table(project, checkpoints, request):
    files = [{"step": step, "epoch": 1, "file": str(file), "sha256": sha256_of(file)} for step, file in checkpoints[1:]]
    listed = {"run": "花", "trigger": "hana", "clip_skip": 1, "windows": 1, "method": "lora", "checkpoints": files}
    write_facts("checkpoints.json", listed)
    values = params(seeds=[3]).model_dump_json()

    def make(name):
        table, shard = project / name / "花.parquet", project / "花.tar"
        script("sample", request)("checkpoints.json", table, "花.tar", "base", MODELS, values)
        return table.read_bytes(), shard.read_bytes()

    assert make("one") == make("two")
    table = read_table(project / "one" / "花.parquet", SAMPLE)
    assert table["sample"].to_list() == ["花/000000-0-3", "花/000000-1-3", "花/000020-0-3", "花/000020-1-3"]
    assert table.select("width", "height").unique().rows() == [(24, 16)]
    with ShardReader() as shards:
        images = [decode(data) for data in shards.read_rows(table)]
    assert {image.shape for image in images} == {(16, 24, 3)}

    listed["checkpoints"][0]["sha256"] = "0" * 64
    write_facts("checkpoints.json", listed)
    with pytest.raises(
        GengaError, match="hana-000020.safetensors: sha256 is .*, recorded 000000000000…; delete it and its run"
    ):
        make("three")
    assert not (project / "three").exists()
