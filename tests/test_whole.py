"""Fine-tunes of all weights: trained, gone on from, drawn with, and one file that loads."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from test_train import EXAMPLES, base_folder, pixels  # noqa: F401 (a fixture)
from tiny_base import save_tiny_base
from training_params import params

from genga.cli import export
from genga.errors import GengaError
from genga.evaluation.sample import drawn
from genga.models import registry
from genga.params.models import Params as Models
from genga.params.sample import Params as SampleParams
from genga.training.families.family import LoadedBase, load_base
from genga.training.families.sd15 import FAMILY, load
from genga.training.resume import RunFolder
from genga.training.tensor_file import read_metadata
from genga.training.train import train, write
from genga.training.whole import chosen, write_file, write_folder

CPU = torch.device("cpu")
LEARNS = {"method": "full", "max_steps": 4, "epochs": 9, "save_every": 2, "learning_rate": 0.001, "batch": 1}
SAMPLE = SampleParams(
    prompts=["{trigger}, smile"], negative="", seeds=[0], width=16, height=16, steps=2, guidance=2.0, scheduler="ddim",
    batch=1, threads=1, precision="float32",
)  # fmt: skip


def run(base_folder, tmp_path, values, after=None):  # noqa: F811
    loaded = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)
    folder = RunFolder(tmp_path / "hana", "hana")
    return loaded, train(EXAMPLES, pixels, loaded, values, folder, tmp_path / "cache", CPU, after), folder


def pictures(loaded, files, is_whole=True):
    return [image for _, image in drawn(loaded, files, "hana", 1, SAMPLE, CPU, 1, is_whole)]


def test_a_checkpoint_is_drawn_with_and_the_base_is_what_it_was(base_folder, tmp_path):  # noqa: F811
    _, _, folder = run(base_folder, tmp_path, params(**LEARNS))
    fresh = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)
    files = [(step, folder.unfinished(step)) for step in (2, 4)]
    before, second, fourth = pictures(fresh, files)
    assert not np.array_equal(before, second) and not np.array_equal(second, fourth)
    assert np.array_equal(pictures(fresh, [])[0], before)
    # What UIs do: the file alone. Its configuration is beside it, since a tiny base has not the family's.
    shutil.copytree(base_folder, files[1][1].with_suffix(""), ignore=shutil.ignore_patterns("*.safetensors"))
    alone = LoadedBase(FAMILY, "sd15", load(files[1][1]), "tiny", "0" * 64)
    assert np.array_equal(pictures(alone, [])[0], fourth)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_an_average_is_what_is_written(base_folder, tmp_path, method):  # noqa: F811
    said = LEARNS | {"method": method}
    plain, averaged = (run(base_folder, tmp_path / str(ema), params(**said, ema=ema)) for ema in (0.0, 0.999))
    assert plain[1].losses.equals(averaged[1].losses)  # it is looked at, and not learnt from
    assert plain[1].checkpoints[0]["sha256"] != averaged[1].checkpoints[0]["sha256"]


def test_its_header_is_of_a_base_and_not_of_a_network(base_folder, tmp_path):  # noqa: F811
    _, _, folder = run(base_folder, tmp_path, params(**LEARNS, optimizer="prodigy"))
    about = read_metadata(folder.unfinished(2))
    assert about["modelspec.architecture"] == "stable-diffusion-v1"
    assert about["ss_optimizer"] == "prodigyopt.prodigy.Prodigy"
    assert [key for key in about if key.startswith("ss_network")] == []


def test_a_checkpoint_of_another_base_is_one_line(base_folder, tmp_path):  # noqa: F811
    _, _, folder = run(base_folder, tmp_path, params(**LEARNS | {"method": "lora"}))
    loaded = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)
    with pytest.raises(GengaError, match=r"hana-000002.safetensors: was made of another base than tiny \('model.diff"):
        pictures(loaded, [(2, folder.unfinished(2))])


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_runs_model_is_written_as_a_base(base_folder, tmp_path, monkeypatch, method):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    values = params(**LEARNS | {"method": method})
    loaded = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)
    folder = RunFolder("models/hana", "hana")
    trained = train(EXAMPLES, pixels, loaded, values, folder, tmp_path / "cache", CPU)
    write(trained, folder, loaded, EXAMPLES, "hana", values)
    assert [chosen("hana", *of).step for of in ((None, None), (None, 2), (2, 4))] == [4, 2, 2]
    fresh = LoadedBase(FAMILY, "sd15", load(base_folder), "tiny", "0" * 64)
    drawn_with = pictures(fresh, [(4, folder.checkpoint(4))], method == "full")[1]
    known = (fresh, chosen("hana", None, None), folder.path / "checkpoints.json")
    write_folder(*known, tmp_path / "out")
    write_file(*known, tmp_path / "out.safetensors", "float32")
    assert read_metadata(tmp_path / "out.safetensors")["modelspec.architecture"] == "stable-diffusion-v1"
    for place in (tmp_path / "out", tmp_path / "out.safetensors"):  # the folder is also the file's configuration
        alone = LoadedBase(FAMILY, "sd15", load(place), "tiny", "0" * 64)
        assert np.array_equal(pictures(alone, [])[0], drawn_with)


def test_what_a_run_exports_is_of_the_base_that_it_was_trained_on(base_folder, tmp_path, monkeypatch, capsys):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    shutil.copytree(base_folder, "own")
    shutil.copytree(save_tiny_base(tmp_path / "made", prediction="v_prediction"), "other")
    entries = {
        role: {"name": name, "knows": "little", "licence": "none", "folder": folder}
        for role, name, folder in (("base", "other", "other"), ("mine", "tiny", "own"))
    }
    Path("models.yaml").write_text(json.dumps({"embedded": entries, "published": {}}), encoding="utf-8")
    section = {"use": "embedded", "folder": "weights", "device": "cpu", "batch": 1}
    Path("params.yaml").write_text(json.dumps({"models": section}), encoding="utf-8")
    loaded = load_base(registry.load(Models(**section)).model("mine"))
    folder, values = RunFolder("models/hana", "hana"), params(max_steps=1)
    write(train(EXAMPLES, pixels, loaded, values, folder, "cache", CPU), folder, loaded, EXAMPLES, "hana", values)
    export.diffusers("hana", tmp_path / "out")
    assert load(tmp_path / "out").schedule["prediction_type"] == "epsilon"

    Path("own/scheduler/scheduler_config.json").write_text("{}", encoding="utf-8")  # of other content
    with pytest.raises(GengaError) as error:
        export.checkpoint("hana", tmp_path / "out.safetensors", precision="float32")
    assert str(error.value).startswith("models/hana/checkpoints.json: the run was trained on tiny (")
    assert "models.yaml's tiny is" in str(error.value) and not Path("out.safetensors").exists()
