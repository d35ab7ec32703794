"""Family wan with two transformers, for much and for little noise: one is learnt in a run, samples ask both."""

import json
import re
import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import WanPipeline, WanTransformer3DModel
from safetensors.torch import load_file, save_file
from tiny_base import save_tiny_base
from tiny_clips import CLIPS, train_clips
from tiny_training import CPU
from tiny_wan import save_tiny_wan
from training_params import params

from genga.cli import export
from genga.errors import GengaError
from genga.evaluation._sample.beside import loras_beside
from genga.evaluation.sample import drawn, start_noise
from genga.models import registry
from genga.params.models import Params as Models
from genga.params.sample import Clips, Lora
from genga.params.sample import Params as SampleParams
from genga.store.files import read_facts, sha256_of
from genga.training.applied import of_expert
from genga.training.families import wan
from genga.training.families.family import LoadedBase, load_base
from genga.training.plan import phases_of, steps
from genga.training.resume import RunFolder
from genga.training.tensor_file import read_metadata
from genga.training.timesteps import check
from genga.training.timesteps import drawn as drawn_timestep
from genga.training.train import write

FAMILY = wan.FAMILY
VALUES = {"max_steps": 3, "epochs": 2, "batch": 2, "learning_rate": 0.05, "modules": "transformer", "rank": 2}
SAMPLE = SampleParams(
    prompts=["hana, smile"], negative="", seeds=[0], width=32, height=32, steps=4, guidance=4.0, scheduler="euler",
    batch=1, threads=1, precision="float32", clips=Clips(frames=5),
)  # fmt: skip
FOLDERS = {"high_noise": "transformer", "low_noise": "transformer_2"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_wan(tmp_path_factory.mktemp("base") / "two", 0.875)


@pytest.fixture(scope="module")
def runs(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The file of a LoRA for each of the two."""
    found = {}
    for expert in FOLDERS:
        place = tmp_path_factory.mktemp(expert)
        base = FAMILY.experts.load(folder, expert)
        train_clips(loaded(base), place, params(**VALUES, expert=expert), CLIPS[:3])
        found[expert] = place / "hana/unfinished/hana-000003.safetensors"
    return found


def loaded(base) -> LoadedBase:
    return LoadedBase(FAMILY, "wan", base, "tiny", "0" * 64)


def clip(whole: LoadedBase, files, expert: str | None, values: SampleParams = SAMPLE, is_whole: bool = False):
    """The last clip that is drawn: (frames, height, width, 3)."""
    *_, (_, images) = drawn(whole, files, "", 1, values, CPU, 1, is_whole, 5, expert=expert)
    return np.stack(images)


def by_pipeline(folder: Path, runs: dict[str, Path], guidance_2: float | None = None) -> np.ndarray:
    """The same clip by diffusers, with the LoRAs of these experts, from the noise of the family's samples."""
    base, pipeline = FAMILY.load(folder), WanPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = FAMILY.sampler(base, "euler")
    for expert, file in runs.items():
        pipeline.load_lora_weights(str(file), load_into_transformer_2=expert == "low_noise")
    noise = start_noise("hana, smile", 0, (16, 2, 4, 4))[None]
    frames = pipeline(
        prompt="hana, smile", negative_prompt="", num_frames=5, width=32, height=32, num_inference_steps=4,
        guidance_scale=4.0, guidance_scale_2=guidance_2, latents=noise, output_type="np",
    ).frames  # fmt: skip
    return (frames[0] * 255).round().astype(np.uint8)


def assert_alike(ours: np.ndarray, theirs: np.ndarray) -> None:
    assert ours.shape == theirs.shape and np.abs(ours.astype(int) - theirs).max() <= 1


def test_samples_ask_both_as_the_pipeline_of_diffusers_does(folder: Path, runs: dict[str, Path]) -> None:
    whole = loaded(FAMILY.load(folder))
    plain = clip(whole, [], "high_noise")
    assert_alike(plain, by_pipeline(folder, {}))
    for expert, file in runs.items():
        ours = clip(whole, [(3, file)], expert)
        assert_alike(ours, by_pipeline(folder, {expert: file}))
        assert not np.array_equal(ours, plain)
    other = Lora(file=str(runs["low_noise"]), sha256=sha256_of(runs["low_noise"]))
    both = clip(whole, [(3, runs["high_noise"])], "high_noise", SAMPLE.model_copy(update={"loras": [other]}))
    assert_alike(both, by_pipeline(folder, runs))
    own = clip(whole, [], "high_noise", SAMPLE.model_copy(update={"guidance_low_noise": 2.0}))
    assert_alike(own, by_pipeline(folder, {}, 2.0))
    assert not np.array_equal(own, plain) and np.array_equal(clip(whole, [], "low_noise"), plain)


def test_a_lora_is_of_one_and_its_file_says_of_which(folder: Path, runs: dict[str, Path]) -> None:
    names = {expert: set(load_file(file)) for expert, file in runs.items()}
    assert len(names["high_noise"]) == 2 * 10 * 2 and names["high_noise"] == names["low_noise"]
    assert [read_metadata(file)["ss_expert"] for file in runs.values()] == ["high_noise", "low_noise"]


@pytest.mark.parametrize("expert", FOLDERS)
def test_the_other_one_is_not_even_loaded(folder: Path, tmp_path: Path, expert: str) -> None:
    alone = shutil.copytree(folder, tmp_path / "alone")
    other = next(name for of, name in FOLDERS.items() if of != expert)
    (alone / other / "diffusion_pytorch_model.safetensors").write_bytes(b"nothing")
    base = FAMILY.experts.load(alone, expert)
    assert list(FAMILY.networks(base)) == [FOLDERS[expert], "text"]
    first = load_file(folder / FOLDERS[expert] / "diffusion_pytorch_model.safetensors")
    assert all(torch.equal(one, first[name]) for name, one in base.transformer.state_dict().items())


# By hand: sigma = 3 t / (1 + 2 t) is 0.875 at t = 0.7, just below it in float32, as samplers count; 12 t / (1 + 11 t)
# at t = 0.368; t is 1/1000, 2/1000, ...
@pytest.mark.parametrize(("shift", "first"), [(3.0, 700), (1.0, 874), (12.0, 368)])
def test_an_expert_learns_at_the_timesteps_that_it_is_asked_at(folder: Path, shift: float, first: int) -> None:
    high, low = (
        FAMILY.schedule(FAMILY.experts.load(folder, expert), CPU, shift).among for expert in ("high_noise", "low_noise")
    )
    assert (low, high) == (range(first), range(first, 1000))
    assert FAMILY.schedule(FAMILY.load(folder), CPU, shift).among == range(1000)


def test_every_look_is_at_one_of_them(folder: Path, tmp_path: Path) -> None:
    for expert, among in (("high_noise", range(700, 1000)), ("low_noise", range(700))):
        values = params(**VALUES, expert=expert, timesteps="logit_normal", held_out=2)
        base = loaded(FAMILY.experts.load(folder, expert))
        trained = train_clips(base, tmp_path / expert, values, CLIPS[:3], held={"shot": CLIPS[:1]})
        seen = {look.timestep for step in steps(phases_of(CLIPS[:3], values), 1000, among=among)
                for batch in step.batches for look in batch}  # fmt: skip
        assert {*trained.ledger["timestep"]} <= seen <= {*among}
        assert {*trained.held_out["timestep"]} <= {*among}


def share_at_most(at: int, among: range, values, count: int = 4000) -> float:
    draw = np.random.default_rng(0)
    found = [drawn_timestep(draw, values, 1000, among) for _ in range(count)]
    assert set(found) <= {*among}
    return sum(one <= at for one in found) / count


def test_of_a_part_of_the_timesteps_each_is_drawn_as_often_as_among_all() -> None:
    logit = params(timesteps="logit_normal", timestep_scale=1.0, timestep_mean=0.0)
    draw = np.random.default_rng(1)
    every = [drawn_timestep(draw, logit, 1000, range(1000)) for _ in range(20000)]
    inside = [one for one in every if one >= 700]  # as musubi-tuner has it: others are drawn again
    assert len(inside) == pytest.approx(20000 * 0.198, rel=0.05)
    expected = sum(one <= 800 for one in inside) / len(inside)
    assert share_at_most(800, range(700, 1000), logit) == pytest.approx(expected, abs=0.02)
    assert share_at_most(849, range(700, 1000), params(timesteps="uniform")) == pytest.approx(0.5, abs=0.02)
    far = params(timesteps="logit_normal", timestep_mean=-4.0, timestep_scale=1.0)
    assert share_at_most(999, range(700, 1000), far, 100) == 1.0


def test_a_distribution_that_never_gets_there_is_one_line(folder: Path, tmp_path: Path) -> None:
    far = params(**VALUES, expert="high_noise", timesteps="logit_normal", timestep_mean=-9.0, timestep_scale=0.5)
    with pytest.raises(
        GengaError, match="params.yaml:train: timesteps: logit_normal draws none of 700..999 of 0..999, o"
    ):
        train_clips(loaded(FAMILY.experts.load(folder, "high_noise")), tmp_path, far, CLIPS[:3])
    assert not (tmp_path / "cache").exists()
    check(far, 1000, range(1000))


def test_a_full_fine_tune_is_one_transformers_file(folder: Path, tmp_path: Path) -> None:
    base = FAMILY.experts.load(folder, "low_noise")
    train_clips(loaded(base), tmp_path, params(**VALUES, method="full", expert="low_noise"), CLIPS[:3])
    file = tmp_path / "hana/unfinished/hana-000003.safetensors"
    whole = loaded(FAMILY.load(folder))
    before = {name: one.clone() for name, one in whole.base.loaded["transformer_2"].state_dict().items()}
    assert len(load_file(file)) == len(before)
    plain, learnt = clip(whole, [], "low_noise"), clip(whole, [(3, file)], "low_noise", is_whole=True)
    assert not np.array_equal(plain, learnt)
    assert all(torch.equal(one, before[name]) for name, one in whole.base.loaded["transformer_2"].state_dict().items())


def project(folder: Path) -> registry.Model:
    """A project of one base; returns it."""
    shutil.copytree(folder, "base")
    entry = {"name": "two", "knows": "little", "licence": "none", "family": "wan", "folder": "base"}
    Path("models.yaml").write_text(json.dumps({"embedded": {"base": entry}, "published": {}}), encoding="utf-8")
    section = {"use": "embedded", "folder": "weights", "device": "cpu", "batch": 1}
    Path("params.yaml").write_text(json.dumps({"models": section}), encoding="utf-8")
    return registry.load(Models(**section)).model("base")


def test_a_run_is_exported_with_both(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values = params(**VALUES, expert="low_noise")
    base = load_base(project(folder), values)
    trained = train_clips(base, Path("models"), values, CLIPS[:3])
    write(trained, RunFolder("models/hana", "hana"), base, [], "", values)
    assert read_facts("models/hana/checkpoints.json")["expert"] == "low_noise"
    export.diffusers("hana", Path("out"))
    export.checkpoint("hana", Path("out.safetensors"), precision="float32")
    pipeline, again = WanPipeline.from_pretrained("out"), FAMILY.load(Path("out"))
    assert pipeline.config.boundary_ratio == 0.875 == again.boundary / 1000
    written = {name: load_file(f"out/{name}/diffusion_pytorch_model.safetensors") for name in FOLDERS.values()}
    first = {name: load_file(f"base/{name}/diffusion_pytorch_model.safetensors") for name in FOLDERS.values()}
    assert all(torch.equal(one, first["transformer"][name]) for name, one in written["transformer"].items())
    changed = [
        name for name, one in written["transformer_2"].items() if not torch.equal(one, first["transformer_2"][name])
    ]
    assert len(changed) == 2 * 10
    states = FAMILY.states(of_expert(loaded(again), "low_noise").base, load_file("out.safetensors"))
    assert all(torch.equal(one, written["transformer_2"][name]) for name, one in states["transformer_2"].items())
    assert np.array_equal(
        clip(loaded(again), [], "low_noise"),
        clip(load_base(registry.load(Models(use="embedded", folder="w", device="cpu", batch=1)).model("base")),
             [(3, Path("models/hana/checkpoints/hana-000003.safetensors"))], "low_noise"),
    )  # fmt: skip


def test_at_full_size_both_have_every_name_and_shape() -> None:
    """Wan 2.2's two are of Wan 2.1's form: 14,288,491,584 numbers each, 400 modules of a LoRA."""
    with torch.device("meta"):
        both = {name: WanTransformer3DModel() for name in FOLDERS.values()}
    base = wan.Base(words=None, text_encoder=torch.nn.Linear(1, 1), loaded=both, vae=None, scheduler={},
                    index={"boundary_ratio": 0.875})  # fmt: skip
    choices = params(modules="transformer")
    for expert, name in FOLDERS.items():
        own = replace(base, expert=expert)
        adapted = FAMILY.adapted(own, choices)
        assert {network: len(paths) for network, paths in adapted.items()} == {name: 400, "text": 0}
        file = FAMILY.whole(own, {})
        assert len(file) == 1095 and sum(one.numel() for one in file.values()) == 14_288_491_584
        again = FAMILY.states(own, file)[name]
        assert {key: one.shape for key, one in again.items()} == {
            key: one.shape for key, one in both[name].state_dict().items()
        }
        keys = {FAMILY.name_in_file(name, path) for path in adapted[name]}
        assert len(keys) == 400 and all(re.match(r"diffusion_model\.blocks\.\d+\.", key) for key in keys)


@pytest.mark.parametrize(
    ("two", "expert", "message"),
    [
        (
            True,
            None,
            r"^params.yaml:train.expert: \S+two has two transformers, for much and for little noise; set it to h",
        ),
        (False, "low_noise", r"^params.yaml:train.expert: \S+one has one transformer; set it to null$"),
    ],
)
def test_which_one_is_learnt_has_to_be_said(
    folder: Path, tmp_path: Path, two: bool, expert: str | None, message: str
) -> None:
    path = folder if two else save_tiny_wan(tmp_path / "one")
    with pytest.raises(GengaError, match=message):
        FAMILY.experts.load(path, expert)


def test_what_does_not_go_together_is_one_line(folder: Path, runs: dict[str, Path], tmp_path: Path) -> None:
    high = FAMILY.experts.load(folder, "high_noise")
    with pytest.raises(GengaError, match="for a base of family wan set expert: high_noise"):
        FAMILY.check(high, params(expert="low_noise"))
    whole, one = loaded(FAMILY.load(folder)), loaded(FAMILY.load(save_tiny_wan(tmp_path / "one")))
    with pytest.raises(
        GengaError, match="a checkpoint of expert None is not of this base of family wan, which has two"
    ):
        clip(whole, [], None)
    with pytest.raises(
        GengaError, match="expert low_noise is not of this base of family wan, which has one transformer"
    ):
        clip(one, [], "low_noise")
    with pytest.raises(
        GengaError, match="sample.guidance_low_noise: one network of base tiny sees all noise; set it to"
    ):
        clip(one, [], None, SAMPLE.model_copy(update={"guidance_low_noise": 2.0}))
    file = tmp_path / "silent.safetensors"
    save_file(load_file(runs["low_noise"]), file)
    entry = {"file": str(file), "sha256": sha256_of(file)}
    with ExitStack() as stack:
        with pytest.raises(
            GengaError, match=r"loras.0.expert: \S+ does not say which it is of; set it to high_noise or l"
        ):
            loras_beside(whole, [Lora(**entry)], stack)
        with pytest.raises(
            GengaError, match=r"loras.0.expert: one network of base tiny sees all noise; set it to null"
        ):
            loras_beside(one, [Lora(**entry, expert="low_noise")], stack)
        said = {"file": str(runs["low_noise"]), "sha256": sha256_of(runs["low_noise"]), "expert": "high_noise"}
        with pytest.raises(
            GengaError, match=r"loras.0.expert: \S+ is of low_noise, as its header says; set it to that"
        ):
            loras_beside(whole, [Lora(**said)], stack)
        loras_beside(whole, [Lora(**entry, expert="low_noise")], stack)
        loras_beside(one, [Lora(**entry)], stack)


@pytest.mark.parametrize("ratio", [None, 0, 1.5])
def test_a_folder_of_half_of_it_is_one_line(folder: Path, tmp_path: Path, ratio: float | None) -> None:
    half = shutil.copytree(folder, tmp_path / "half")
    index = json.loads((half / "model_index.json").read_text(encoding="utf-8"))
    (half / "model_index.json").write_text(json.dumps({**index, "boundary_ratio": ratio}), encoding="utf-8")
    said = rf"model_index.json: boundary_ratio is {ratio}, and transformer_2/ is there: a base of two"
    with pytest.raises(GengaError, match=said):
        FAMILY.load(half)
    shutil.rmtree(half / "transformer_2")
    (half / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
    with pytest.raises(GengaError, match="boundary_ratio is 0.875, and transformer_2/ is missing: a base of two trans"):
        FAMILY.load(half)


def test_a_base_of_another_family_has_no_experts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = project(save_tiny_base(tmp_path / "sd"))
    model = replace(model, entry=model.entry.model_copy(update={"family": "sd15"}))
    with pytest.raises(GengaError, match=r"^params.yaml:train.expert: a base of family sd15 has none; set it to null$"):
        load_base(model, params(expert="low_noise"))
    assert load_base(model, params()).kind == "sd15"
