"""genga.training.train: the losses are pinned, a killed run ends in the same bytes, a checkpoint says what it is."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from accelerate.state import AcceleratorState
from interrupted import kill_at
from safetensors.torch import load_file
from tiny_base import save_tiny_base
from training_params import params

from genga.dataset import together
from genga.errors import GengaError
from genga.images.codec import encode
from genga.params.train import Select
from genga.store.files import sha256_of
from genga.store.parquet import read_table, write_table
from genga.store.shards import writing_shard
from genga.tables.held_out import HELD_OUT
from genga.tables.ledger import LEDGER
from genga.tables.losses import LOSSES
from genga.tables.run_left_out import RUN_LEFT_OUT
from genga.tables.schema import SHARD
from genga.training.examples import OF_DATASET, Example, cut_captions, examples_of, held_out_of, trigger_of
from genga.training.families.family import LoadedBase
from genga.training.families.sd15 import FAMILY, load
from genga.training.metadata import metadata
from genga.training.plan import phases_of, steps
from genga.training.resume import RunFolder
from genga.training.selection import selected
from genga.training.tensor_file import read_metadata
from genga.training.train import ledger, train
from genga.training.trainer import Trainer
from genga.training.transforms import Cut

CPU = torch.device("cpu")
EVERYTHING = {
    "rank": 2,
    "modules": "transformer",
    "convolutions": True,
    "text_encoder": True,
    "schedule": "cosine",
    "warmup": 2,
    "epochs": 3,
    "max_steps": 6,
    "save_every": 3,
    "shuffle": True,
    "caption_dropout": 0.2,
    "tag_dropout": 0.2,
    "flip": True,
    "multires_iterations": 3,
    "min_snr_gamma": 5.0,
}


def example(number, bucket):
    cut, caption = Cut(bucket, (0, 0, *bucket)), "hana, 1girl, smile"
    file = ("", 0, 0, str(number))
    return Example(f"i{number}", f"s/e/{number:06d}", None, caption, 1, cut, file, 1, 1.0, original=cut.bucket)


EXAMPLES = [example(0, (32, 32)), example(1, (32, 32)), example(2, (32, 32)), example(3, (40, 24))]


def pixels(of):
    width, height = of.cut.bucket
    return np.random.default_rng(int(of.file[-1])).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory):
    return save_tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(autouse=True)
def fresh_accelerator():
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def run(base_folder, tmp_path, values, after=lambda step, loss: None):
    loaded = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)
    folder = RunFolder(tmp_path / "hana", "hana")
    return train(EXAMPLES, pixels, loaded, values, folder, tmp_path / "cache", CPU, after)


def test_four_losses_of_a_tiny_model(base_folder, tmp_path):
    trained = run(base_folder, tmp_path, params(max_steps=4, epochs=2, text_encoder=True))
    assert trained.losses["loss"].to_list() == pytest.approx([1.071247, 1.231306, 1.231284, 1.167175], rel=1e-4)
    assert trained.losses["learning_rate"].to_list() == [0.01] * 4
    assert trained.ledger.group_by("step", maintain_order=True).len()["len"].to_list() == [1, 2, 1, 2]


def test_a_run_that_was_begun_on_another_family_is_one_line_and_stays_as_it_is(base_folder, tmp_path):
    folder, values = RunFolder(tmp_path / "hana", "hana"), params(max_steps=2, epochs=2, save_every=1)
    sd15, other = (LoadedBase(FAMILY, kind, load(base_folder), "tiny", "0" * 64) for kind in ("sd15", "other"))
    with pytest.raises(KeyboardInterrupt):
        train(EXAMPLES, pixels, sd15, values, folder, tmp_path / "cache", CPU, kill_at(2))
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    with pytest.raises(GengaError) as error:
        train(EXAMPLES, pixels, other, values, folder, tmp_path / "cache", CPU)
    assert str(error.value) == (
        f"{tmp_path}/hana/.state/state.safetensors: is of training on a base of family sd15, now it is other; set"
        " params.yaml:runs.hana.base as it was, or delete that file to begin anew"
    )
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("clip_skip", [1, 2])  # 2: the text encoder's last layer is not used, nor trained
def test_a_killed_run_ends_in_the_same_bytes(base_folder, tmp_path, capsys, clip_skip):
    values = params(**EVERYTHING, clip_skip=clip_skip)
    whole = run(base_folder, tmp_path / "whole", values)

    with pytest.raises(KeyboardInterrupt):
        run(base_folder, tmp_path / "killed", values, kill_at(4))
    seen = []
    resumed = run(base_folder, tmp_path / "killed", values, lambda step, loss: seen.append(step.number))
    assert seen == [4, 5, 6]
    assert "train hana: goes on after step 3" in capsys.readouterr().err
    assert [checkpoint["step"] for checkpoint in whole.checkpoints] == [3, 6]
    assert [checkpoint["sha256"] for checkpoint in resumed.checkpoints] == [
        checkpoint["sha256"] for checkpoint in whole.checkpoints
    ]
    assert resumed.losses.equals(whole.losses)
    assert resumed.ledger.equals(whole.ledger)


def test_sigkill_in_a_step_and_while_writing_ends_in_the_same_bytes(tmp_path):
    script = Path(__file__).parent / "killed_training.py"
    folders = os.pathsep.join([str(script.parent.parent), str(script.parent)])
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), "0", "6"],
        env={**os.environ, "PYTHONPATH": folders},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["ended"].count(-9) >= 4 and found["ended"][-1] == 0
    assert found["killed"] == found["whole"]
    assert [name for name in found["whole"] if name.startswith("checkpoints/")] == [
        f"checkpoints/hana-00000{step}.safetensors" for step in (2, 4, 6, 8)
    ]


def test_a_checkpoint_says_what_it_is(base_folder, tmp_path):
    trained = run(base_folder, tmp_path, params(max_steps=1, save_precision="float16"))
    (checkpoint,) = trained.checkpoints
    assert (checkpoint["step"], checkpoint["epoch"]) == (1, 1)
    folder = RunFolder(tmp_path / "hana", "hana")
    assert checkpoint["file"] == folder.checkpoint(1).as_posix()
    file = folder.unfinished(1)
    about = read_metadata(file)
    assert {key: about[key] for key in ("ss_network_module", "ss_network_dim", "ss_network_alpha", "ss_steps")} == {
        "ss_network_module": "networks.lora",
        "ss_network_dim": "2",
        "ss_network_alpha": "2.0",
        "ss_steps": "1",
    }
    assert about["modelspec.architecture"] == "stable-diffusion-v1/lora"
    assert json.loads(about["ss_tag_frequency"]) == {"1_hana": {"1girl": 4, "hana": 4, "smile": 4}}
    assert json.loads(about["ss_bucket_info"]) == {
        "buckets": {"0": {"resolution": [32, 32], "count": 3}, "1": {"resolution": [40, 24], "count": 1}}
    }
    tensors = load_file(file)
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    assert len(tensors) == 3 * 10 * 8  # 10 transformers with 8 attention projections each


def test_a_loss_that_is_not_a_number_stops_the_run(base_folder, tmp_path):
    broken = [EXAMPLES[0], replace(EXAMPLES[1], weight=float("nan"))]
    loaded = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)
    with pytest.raises(GengaError) as error:
        train(broken, pixels, loaded, params(), RunFolder(tmp_path, "hana"), tmp_path / "cache", CPU)
    assert str(error.value) == "step 1: the loss is nan (image i1); verify the base (genga models verify)"
    assert not list(tmp_path.rglob("hana*.safetensors"))


def test_a_loss_that_is_not_a_number_in_a_phase_names_it_and_leaves_what_is_whole(base_folder, tmp_path):
    """The third image weighs nothing that is a number; the first phase knows it not."""
    whose = [replace(one, tier=tier) for one, tier in zip(EXAMPLES, ("best", "best", "poor", "best"), strict=True)]
    whose[2] = replace(whose[2], weight=float("nan"))
    phases = [{"select": {"tiers": ["best"]}}, {"select": {"tiers": ["poor"]}}]
    loaded, folder = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64), RunFolder(tmp_path, "hana")
    values = params(phases=phases, save_every=2, precision="bfloat16")
    with pytest.raises(GengaError) as error:
        train(whose, pixels, loaded, values, folder, tmp_path / "cache", CPU)
    assert str(error.value) == (
        "phase 2, step 3: the loss is nan (image i2); set params.yaml:train.precision to float32, or lower"
        " params.yaml:train.phases.1.learning_rate"
    )
    assert [file.name for file in tmp_path.rglob("hana*.safetensors")] == ["hana-000002.safetensors"]


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [("prodigy", "prodigy is not installed (package prodigyopt)"), ("adamw8bit", "adamw8bit is for GPUs, and there")],
)
def test_an_optimizer_that_cannot_be_is_refused_before_an_image_is_encoded(
    base_folder, tmp_path, monkeypatch, optimizer, message
):
    monkeypatch.setitem(sys.modules, "prodigyopt", None)
    with pytest.raises(GengaError, match=re.escape(f"params.yaml:train.optimizer: {message}")):
        run(base_folder, tmp_path, params(optimizer=optimizer, learning_rate=1.0, text_learning_rate=1.0))
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_later_a_loss_that_is_not_a_number_is_of_the_learning_rate(base_folder, tmp_path):
    with pytest.raises(
        GengaError, match=r"^step \d: the (loss|gradient's length) is (nan|inf).*; lower params.yaml:train.learning"
    ):
        run(base_folder, tmp_path, params(learning_rate=1.0, alpha=1024.0, max_steps=8, epochs=9, max_grad_norm=1000.0))
    assert not list(tmp_path.rglob("hana*.safetensors"))


@pytest.mark.parametrize(
    ("max_grad_norm", "message"),
    [
        (1.0, r"^step 1: the gradient's length is nan; verify the base \(genga models verify\)$"),
        (0.0, r"^lora_unet_\S+ is not a number in float32; lower train.learning_rate"),  # nobody measures it
    ],
)
def test_a_gradient_that_is_not_a_number_ends_in_no_checkpoint(base_folder, tmp_path, max_grad_norm, message):
    def predict(*given):
        said = FAMILY.predict(*given)
        return said + (said * 0).abs().sqrt()  # the same value, and a slope of infinity times zero

    loaded = LoadedBase(replace(FAMILY, predict=predict), "sd15", load(base_folder), "tiny", "0" * 64)
    values, folder = params(max_steps=1, max_grad_norm=max_grad_norm), RunFolder(tmp_path / "hana", "hana")
    with pytest.raises(GengaError, match=message):
        train(EXAMPLES, pixels, loaded, values, folder, tmp_path / "cache", CPU)
    assert not list(tmp_path.rglob("hana*.safetensors"))


def test_a_lora_that_its_precision_cannot_hold_is_not_written(base_folder, tmp_path):
    values = params(learning_rate=1.0, max_steps=1, weight_decay=0.0, save_precision="float16")
    loaded = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)
    trainer = Trainer(loaded, values, CPU, lambda look, noise: noise)
    with torch.no_grad():
        next(iter(trainer._learnt.parameters.values())).fill_(70000.0)  # float16 ends at 65504
    with pytest.raises(
        GengaError, match=r"^lora_unet_\S+ is not a number in float16; lower .* train.save_precision to float32"
    ):
        trainer.tensors()


def test_an_image_of_which_the_autoencoder_makes_no_number_is_named_and_not_kept(base_folder, tmp_path):
    loaded = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)
    with torch.no_grad():
        loaded.base.vae.quant_conv.bias[0] = float("nan")
    with pytest.raises(GengaError) as error:
        train(EXAMPLES, pixels, loaded, params(), RunFolder(tmp_path / "hana", "hana"), tmp_path / "cache", CPU)
    assert str(error.value) == (
        "base tiny: image i0: the autoencoder's answer is not a number (NaN); its weights are damaged: verify them"
        " (genga models verify), or name another base in models.yaml"
    )
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


@pytest.mark.parametrize("clip_skip", [3, 12])
def test_more_layers_than_the_encoder_has_are_refused_before_anything_is_done(base_folder, tmp_path, clip_skip):
    with pytest.raises(GengaError) as error:
        run(base_folder, tmp_path, params(clip_skip=clip_skip))
    assert str(error.value) == f"params.yaml:train.clip_skip must be 1..2 for base tiny, got {clip_skip}"
    assert not list(tmp_path.iterdir())


def test_mixed_precision_and_checkpointed_gradients(base_folder, tmp_path):
    exact = run(base_folder, tmp_path / "exact", params(max_steps=2, text_encoder=True))
    AcceleratorState._reset_state(reset_partial_state=True)
    shutil.rmtree(tmp_path / "exact" / "hana")
    values = params(max_steps=2, text_encoder=True, precision="bfloat16", gradient_checkpointing=True)
    mixed = run(base_folder, tmp_path / "exact", values)
    assert mixed.losses["loss"].to_list() == pytest.approx(exact.losses["loss"].to_list(), rel=0.05)


def test_a_warmup_that_outlasts_the_run_is_said(base_folder, tmp_path, capsys):
    run(base_folder, tmp_path, params(max_steps=2, warmup=2))
    note = "note: train hana: warmup lasts 2 of 2 steps: learning_rate is never reached"
    assert note in capsys.readouterr().err.splitlines()


def test_the_ledger_is_the_plan_written_down():
    values = params(max_steps=2, tag_dropout=1.0)
    table = ledger(steps(phases_of(EXAMPLES, values), 1000))
    assert dict(table.schema) == dict(LEDGER)
    assert table["step"].to_list() == [1, 2, 2]  # the third image of its bucket is alone
    assert set(table["caption"]) == {"hana"}
    assert table["timestep"].is_between(0, 999).all()
    assert table.select("image", "still").unique().height == 3


def rows(**changes):
    row = {
        "image": "i",
        "still": "s/e/000001",
        "crop": "s/e/000001-0-head",
        "split": "train",
        "kind": "head",
        "character": "hana",
        "tier": "best",
        "sharpness": 900.0,
        "exposure": 120.0,
        "clipped_dark": 0.01,
        "clipped_bright": 0.02,
        "blockiness": 1.1,
        "text_cover": 0.05,
        "combing": 0.0,
        "colour": 30.0,
        "smear": 1.0,
        "aesthetic": None,
        "width": 80,
        "height": 130,
        "scaled_width": 64,
        "scaled_height": 104,
        "crop_box": [0, 4, 64, 100],
        "caption": "hana, smile",
        "captions": [{"form": "tags", "parts": [{"part": "names", "text": "hana"}, {"part": "tags", "text": "smile"}]}],
        "keep_tokens": 1,
        "repeats": 2,
        "weight": 0.5,
        "text": [[0, 110, 80, 125]],
        "persons": [[10, 0, 60, 130]],
        "masks": None,
        **dict(zip(SHARD, ("data/crop/s/e.tar", 512, 9, "f" * 64), strict=True)),
    }
    return pl.DataFrame([{**row, **changes}], schema=dict(OF_DATASET))


def test_examples_are_the_characters_training_images():
    table = pl.concat([rows(), rows(split="held-out", image="h"), rows(character="yuki")])
    expected = Example(
        "i", "s/e/000001", "s/e/000001-0-head", "hana, smile", 1, Cut((64, 104), (0, 4, 64, 100)),
        ("data/crop/s/e.tar", 512, 9, "f" * 64), 2, 0.5, (80, 130), "head", "hana", "best", ((0, 110, 80, 125),),
        ((10, 0, 60, 130),), (900.0, 120.0, 0.01, 0.02, 1.1, 0.05, 0.0, 30.0, 1.0, None),
        (("tags", (("names", "hana"), ("tags", "smile"))),),
    )  # fmt: skip
    assert examples_of(table, "hana", 8, "t") == [expected]
    assert len(examples_of(table, "", 8, "t")) == 2
    assert held_out_of(table, "hana", 8, "t") == [replace(expected, image="h")]
    assert held_out_of(table, "yuki", 8, "t") == []


def test_prior_images_are_learnt_from_whomever_a_run_learns_and_have_no_say_in_its_name():
    prior = rows(split="prior", image="p", character=None, caption="smile", repeats=3,
                 captions=[{"form": "tags", "parts": [{"part": "tags", "text": "smile"}]}])  # fmt: skip
    table = pl.concat([rows(), rows(character="yuki"), prior])
    found = examples_of(table, "hana", 8, "t")
    assert [(one.image, one.prior, one.repeats) for one in found] == [("i", False, 2), ("p", True, 3)]
    assert trigger_of(found) == "hana" and held_out_of(table, "hana", 8, "t") == []
    with pytest.raises(GengaError, match="no training images of character hana"):
        examples_of(prior, "hana", 8, "t")


def test_prior_images_are_in_every_phase_and_count_for_none():
    given = [*EXAMPLES[:2], replace(EXAMPLES[2], prior=True)]
    assert selected(given, Select(images=1), 0, "train")[1:] == given[2:]
    with pytest.raises(GengaError, match="leaves no image to learn from; select of those there are: tier none 2;"):
        selected(given, Select(tiers=["best"]), 0, "train")


def test_a_header_counts_prior_images_as_kohya_does(base_folder):
    loaded = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)
    given = [*EXAMPLES[:2], replace(EXAMPLES[2], prior=True, repeats=5)]
    said = metadata("hana", phases_of(given, params()), params(), loaded, 1, 1)
    own = sum(one.repeats for one in EXAMPLES[:2])
    assert (said["ss_num_train_images"], said["ss_num_reg_images"]) == (str(own), "5")
    assert sum(one["img_count"] for one in json.loads(said["ss_dataset_dirs"]).values()) == 2


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (rows(character="yuki"), r"d.parquet: no training images of character hana \(characters there: yuki\)"),
        (rows(crop_box=[0, 0, 60, 96]), "d.parquet: image i is cut to 60x96 px, sides must be multiples of 8"),
    ],
)
def test_datasets_that_cannot_be_trained_on(table, message):
    with pytest.raises(GengaError, match=message):
        examples_of(table, "hana", 8, "d.parquet")


def test_the_trigger_is_what_all_captions_begin_with():
    assert trigger_of(EXAMPLES) == "hana"
    assert trigger_of([*EXAMPLES, replace(EXAMPLES[0], caption="yuki")]) == ""
    assert trigger_of([replace(EXAMPLES[0], caption=r"hana \(blue\), smile")]) == "hana (blue)"


def test_the_trigger_is_a_name_wherever_it_stands():
    pieces = (("counts", "1girl"), ("names", "hana, coat"), ("tags", "smile"))
    assert trigger_of([replace(EXAMPLES[0], captions=(("tags", pieces),)), EXAMPLES[1]]) == "hana"


def test_sentences_are_no_tags_of_a_checkpoints_header():
    pieces = (("names", "hana"), ("tags", "smile, hat"), ("sentences", "On the left, hana, hat. On the right, ren."))
    assert replace(EXAMPLES[0], captions=(("both", pieces),)).tags == ["hana", "smile", "hat"]
    assert EXAMPLES[0].tags == ["hana", "1girl", "smile"]


def script(name, request):
    spec = importlib.util.spec_from_file_location(name, request.config.rootpath / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_the_command_writes_the_run_and_leaves_no_state(base_folder, tmp_path, monkeypatch, request, capsys):
    monkeypatch.chdir(tmp_path)
    entry = {"name": "tiny", "knows": "nothing", "licence": "Apache-2.0", "folder": "base", "sha256": None}
    (tmp_path / "models.yaml").write_text(json.dumps({"embedded": {"base": entry}, "published": {}}))
    shutil.copytree(base_folder, tmp_path / "base")
    with writing_shard("crops.tar") as writer:
        files = [writer.add(f"{of.image}.png", encode(pixels(of))) for of in EXAMPLES]
    table = [
        rows(
            image=of.image,
            scaled_width=of.cut.scaled[0],
            scaled_height=of.cut.scaled[1],
            crop_box=list(of.cut.box),
            repeats=1,
            **file,
        )
        for of, file in zip(EXAMPLES, files, strict=True)
    ]
    write_table("d.parquet", pl.concat(table), OF_DATASET)
    models = json.dumps({"use": "embedded", "folder": "weights", "device": "cpu", "batch": 1})
    values = params(save_every=2, clip_skip=2).model_dump_json()
    script("train", request)(
        ["d.parquet"], "花", Path("models/花"), "hana", "base", "cache", models, values, "", 0, joined=""
    )

    listed = json.loads(Path("models/花/checkpoints.json").read_text())
    assert {key: listed[key] for key in ("run", "trigger", "clip_skip", "threads")} == {
        "run": "花", "trigger": "hana", "clip_skip": 2, "threads": 1,
    }  # fmt: skip
    assert listed["base"]["name"] == "tiny"
    for checkpoint, name in zip(listed["checkpoints"], ("花-000002", "花-000003"), strict=True):
        assert checkpoint["file"] == f"models/花/checkpoints/{name}.safetensors"
        assert checkpoint["sha256"] == sha256_of(checkpoint["file"])
    assert read_table("models/花/losses.parquet", LOSSES)["step"].to_list() == [1, 2, 3]
    assert read_table("models/花/ledger.parquet", LEDGER)["image"].n_unique() == 4
    assert sorted(path.name for path in Path("models/花").iterdir()) == [
        "checkpoints", "checkpoints.json", "held_out.parquet", "ledger.parquet", "left_out.parquet", "losses.parquet",
    ]  # fmt: skip
    assert "train 花: 3 steps over 4 images, 2 checkpoints, loss " in capsys.readouterr().out


def test_the_command_learns_from_two_series_beside_prior_images(base_folder, tmp_path, monkeypatch, request, capsys):
    monkeypatch.chdir(tmp_path)
    entry = {"name": "tiny", "knows": "nothing", "licence": "Apache-2.0", "folder": "base", "sha256": None}
    (tmp_path / "models.yaml").write_text(json.dumps({"embedded": {"base": entry}, "published": {}}))
    shutil.copytree(base_folder, tmp_path / "base")
    with writing_shard("crops.tar") as writer:
        files = [writer.add(f"{of.image}.png", encode(pixels(of))) for of in EXAMPLES]
    schema = {**OF_DATASET, **together.OF_DATASET}

    def write(series, *images):
        """Of each image its number, side, signature and character; an image has a shot of its own."""
        made = []
        for number, split, signature, who in images:
            more = {"shot": f"{series}/e/{number}", "outfit": None, "tags": ["solo"], "outline": None,
                    "signature": bytes([signature]) * 32}  # fmt: skip
            of = rows(image=f"{series}/e/{number:06d}-0-head", still=f"{series}/e/{number:06d}", crop=None, split=split,
                      character=who, scaled_width=32, scaled_height=32, crop_box=[0, 0, 32, 32], repeats=1,
                      **files[number])  # fmt: skip
            made.append(of.with_columns(**{key: pl.lit(value, dtype=schema[key]) for key, value in more.items()}))
        write_table(f"{series}.parquet", pl.concat(made), schema)

    write("a", (0, "train", 0b1, "hana"), (1, "held-out", 0b1100, "hana"))
    write("b", (0, "train", 0b1100, "hana"), (2, "train", 0b110000, "hana"))
    unnamed = [{"form": "tags", "parts": [{"part": "tags", "text": "smile"}]}]
    write("c", (3, "train", 0b10000011, "yuki"))
    whose = pl.read_parquet("c.parquet").with_columns(pl.Series("captions", [unnamed], dtype=schema["captions"]))
    write_table("c.parquet", whose, schema)
    how = {"series": ["a", "b"], "prior": ["c"], "character": "hana", "balance": ["kind"], "max_repeats": 4,
           "twin_bits": 8, "outline_bits": 8, "prior_loss_weight": 0.5}  # fmt: skip
    models = json.dumps({"use": "embedded", "folder": "weights", "device": "cpu", "batch": 1})
    values = params(save_every=2, held_out=1).model_dump_json()
    script("train", request)(
        [Path(f"{name}.parquet") for name in "bca"], "r", Path("models/r"),
        "hana", "base", "cache", models, values, "", 0, joined=json.dumps(how),
    )  # fmt: skip

    seen = read_table("models/r/ledger.parquet", LEDGER)
    assert set(seen["image"]) == {"a/e/000000-0-head", "b/e/000002-0-head", "c/e/000003-0-head"}
    assert set(seen.filter(image="c/e/000003-0-head")["caption"]) == {"smile"}, "no name"
    assert json.loads(Path("models/r/checkpoints.json").read_text())["trigger"] == "hana"
    left_out = read_table("models/r/left_out.parquet", RUN_LEFT_OUT)
    assert left_out.select("image", "reason").rows() == [("b/e/000000-0-head", "twin")]
    assert read_table("models/r/held_out.parquet", HELD_OUT)["images"].unique().to_list() == [1]
    said = capsys.readouterr().err
    assert "note: train r: left out as twin: 1 (models/r/left_out.parquet)" in said


def test_captions_longer_than_the_encoder_sees_are_counted(base_folder):
    loaded = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)  # 16 tokens: 14 between start and end
    assert cut_captions([replace(EXAMPLES[0], caption=", ".join(["smile"] * count)) for count in (7, 8)], loaded) == 1


def test_the_ledger_has_the_tags_that_the_base_sees_and_training_sees_no_others(base_folder, tmp_path, monkeypatch):
    taught = []
    encode = replace(FAMILY, encode=lambda *given: taught.append(given[1]) or FAMILY.encode(*given))
    loaded = LoadedBase(encode, "sd15", load(base_folder), "tiny", "0" * 64)
    tags = ["hana", "smile", "solo", "outdoors", "standing", "yuki", "smile", "hana \\(solo\\)"]  # 2 tokens each, 4
    long = [replace(EXAMPLES[0], caption=", ".join(tags)), replace(EXAMPLES[1], caption=r"hana, \(solo\)")]
    values = params(max_steps=2, epochs=2, batch=1)
    trained = train(long, pixels, loaded, values, RunFolder(tmp_path / "hana", "hana"), tmp_path / "cache", CPU)
    seen = {"hana, smile, solo, outdoors, standing, yuki, smile", "hana, (solo)"}
    assert set(trained.ledger["caption"]) == {caption for (caption,) in taught} == seen


def metadata_of(base_folder, examples, changes=None, **schedule):
    base = load(base_folder)
    loaded = LoadedBase(FAMILY, "sd15", replace(base, schedule={**base.schedule, **schedule}), "tiny", "0" * 64)
    return metadata("hana", phases_of(examples, values := params(**changes or {})), values, loaded, 1, 1)


@pytest.mark.parametrize(("rescaled", "word"), [(True, "True"), (False, "False")])
def test_the_file_says_whether_the_last_timestep_is_noise_alone(base_folder, rescaled, word):
    about = metadata_of(base_folder, EXAMPLES, prediction_type="v_prediction", rescale_betas_zero_snr=rescaled)
    assert (about["ss_zero_terminal_snr"], about["modelspec.prediction_type"]) == (word, "v")


def test_the_file_says_how_the_loss_differs_from_the_plain_one(base_folder):
    plain = metadata_of(base_folder, EXAMPLES)
    changes = {"loss": "huber", "huber_delta": 0.5, "debiased": True, "input_perturbation": 0.1, "mask_text": 0.0}
    about = metadata_of(base_folder, EXAMPLES, changes)
    assert {key: about[key] for key in about.keys() - plain.keys()} == {
        "ss_loss_type": "huber", "ss_huber_schedule": "constant", "ss_huber_c": "0.5", "ss_debiased_estimation": "True",
        "ss_ip_noise_gamma": "0.1", "ss_mask_text": "0.0",
    }  # fmt: skip
    assert {key: about[key] for key in plain} == plain


def test_the_file_says_that_its_base_predicts_the_velocity_and_tags_in_lower_case(tmp_path):
    examples = [replace(EXAMPLES[0], caption="Hana, School Uniform"), replace(EXAMPLES[1], caption="hana, 1Girl")]
    about = metadata_of(save_tiny_base(tmp_path / "v", "v_prediction"), examples)
    assert (about["ss_base_model_version"], about["modelspec.prediction_type"]) == ("sd_v1_v", "v")
    assert json.loads(about["ss_tag_frequency"]) == {"1_hana": {"hana": 2, "school uniform": 1, "1girl": 1}}


def test_the_file_names_the_trigger_of_a_run_of_one_character(base_folder):
    hana = [replace(one, character="hana", caption=r"hana \(sky\), smile") for one in EXAMPLES]
    assert metadata_of(base_folder, hana)["modelspec.trigger_phrase"] == "hana (sky)"
    two, nobody = [*hana[1:], replace(hana[0], character="yuki")], [replace(one, character=None) for one in hana]
    assert all("modelspec.trigger_phrase" not in metadata_of(base_folder, of) for of in (two, nobody))


def test_the_file_says_what_was_seen_of_the_dataset(base_folder):
    # Two of three images in a bucket of 32 x 32 are seen three times: 7 looks there, and one at 40 x 24.
    examples = [
        replace(EXAMPLES[0], repeats=3, caption=r"hana, star \(sky\)"), replace(EXAMPLES[1], repeats=3),
        replace(EXAMPLES[2], keep_tokens=2), EXAMPLES[3],
    ]  # fmt: skip
    about = metadata_of(base_folder, examples, {"batch": 2, "accumulation": 4, "warmup": 5})
    assert json.loads(about["ss_dataset_dirs"]) == {
        "3_hana": {"n_repeats": 3, "img_count": 2}, "1_hana": {"n_repeats": 1, "img_count": 2},
    }  # fmt: skip
    assert json.loads(about["ss_tag_frequency"]) == {
        "3_hana": {"hana": 2, "star (sky)": 1, "1girl": 1, "smile": 1}, "1_hana": {"hana": 2, "1girl": 2, "smile": 2},
    }  # fmt: skip
    assert [one["count"] for one in json.loads(about["ss_bucket_info"])["buckets"].values()] == [7, 1]
    assert {key: about[key] for key in ("ss_num_train_images", "ss_num_batches_per_epoch", "ss_total_batch_size")} == {
        "ss_num_train_images": "8", "ss_num_batches_per_epoch": "5", "ss_total_batch_size": "8",
    }  # fmt: skip
    assert (about["ss_keep_tokens"], about["ss_lr_scheduler"]) == ("None", "constant_with_warmup")
    alike = metadata_of(base_folder, EXAMPLES)
    assert (alike["ss_keep_tokens"], alike["ss_lr_scheduler"]) == ("1", "constant")
