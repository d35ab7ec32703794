"""Samples of a base that moves: windows, prompts by frame, other LoRAs, the scale of motion, and their files."""

import json
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from test_interpolation import mixing
from tiny_base import save_tiny_base

from genga.errors import GengaError
from genga.evaluation._sample.beside import check_clips, loras_beside, scaled_over_time
from genga.evaluation.denoising import encoded, halved, window_of, windows_of
from genga.evaluation.prompts_seen import prompts_of, with_style
from genga.evaluation.sample import drawn, sample
from genga.models import registry
from genga.models.registry import Registry
from genga.params.models import Params as Models
from genga.params.sample import Lora, Params
from genga.params.section import parse_section
from genga.store.files import sha256_of
from genga.store.shards import ShardReader, writing_shard
from genga.training._layouts import motion as names
from genga.training._layouts.kohya import unet_name
from genga.training.families import animatediff, modelscope, sd15, wan
from genga.training.families.family import LoadedBase
from genga.video.writing import frames_of

CPU = torch.device("cpu")
LISTED = {"run": "hana", "trigger": "hana", "clip_skip": 1, "windows": 1, "method": "lora", "checkpoints": []}


def params(clips: dict | None = None, **changes) -> Params:
    values = {
        "prompts": ["{trigger}, smile"], "negative": "", "seeds": [3], "width": 16, "height": 16, "steps": 2,
        "guidance": 2.0, "scheduler": "ddim", "batch": 2, "threads": 1, "precision": "float32",
        "clips": {"frames": 4, **(clips or {})}, **changes,
    }  # fmt: skip
    return parse_section("sample", Params, values)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def moving(folder) -> LoadedBase:
    """A base whose motion module does something."""
    base = animatediff.FAMILY.load(folder)
    torch.manual_seed(3)
    with torch.no_grad():
        for name, weight in base.unet.named_parameters():
            if names.is_motion(name) and ".proj_out." in name:
                weight.normal_(std=0.3)
    return LoadedBase(animatediff.FAMILY, "animatediff", base, "tiny", "0" * 64)


def clips(loaded: LoadedBase, values: Params, **more) -> list[np.ndarray]:
    """Each clip drawn, (frames, height, width, 3)."""
    return [np.stack(clip).astype(int) for _, clip in drawn(loaded, [], "hana", 1, values, CPU, **more)]


def test_windows_cover_all_frames_overlap_and_move_from_step_to_step() -> None:
    assert windows_of(16, 16, 4, 0) == [range(16)]
    assert windows_of(8, 16, 4, 3) == [range(8)]
    assert windows_of(32, 16, 4, 0) == [range(0, 16), range(12, 28), range(16, 32)]
    assert windows_of(32, 16, 4, 1) == [range(0, 16), range(6, 22), range(16, 32)]
    assert [halved(step) for step in range(6)] == [0, 0.5, 0.25, 0.75, 0.125, 0.625]
    for frames, length, overlap, step in [(17, 16, 15, 2), (40, 8, 1, 5), (33, 16, 4, 7), (100, 16, 8, 3)]:
        windows = windows_of(frames, length, overlap, step)
        assert {frame for window in windows for frame in window} == set(range(frames))
        assert all(len(window) == length for window in windows)
        assert all(a.stop - b.start >= overlap for a, b in zip(windows, windows[1:], strict=False))


def test_a_clip_is_drawn_with_each_prompt_and_seed_and_its_frames_differ(moving) -> None:
    found = list(drawn(moving, [], "hana", 1, params(seeds=[3, 5]), CPU))
    assert [(task.step, task.prompt_text, task.seed) for task, _ in found] == [
        (0, "hana, smile", 3),
        (0, "hana, smile", 5),
    ]
    first, second = (np.stack(clip).astype(int) for _, clip in found)
    assert first.shape == (4, 16, 16, 3) and (first != second).any()
    assert (first[0] != first[1]).any()
    assert (clips(moving, params())[0] == first).all()  # whatever the batch


def test_more_frames_than_a_window_are_averaged_where_they_overlap(moving) -> None:
    (whole,) = clips(moving, params({"frames": 6, "window": 6}))
    (pieces,) = clips(moving, params({"frames": 6, "window": 4, "overlap": 2}))
    assert pieces.shape == whole.shape == (6, 16, 16, 3) and (pieces != whole).any()


def test_a_base_that_says_the_same_of_every_frame_is_not_changed_by_windows(folder) -> None:
    """A fresh module changes nothing, so each frame is drawn by itself: the mean over windows is the frame's own."""
    fresh = LoadedBase(animatediff.FAMILY, "animatediff", animatediff.FAMILY.load(folder), "tiny", "0" * 64)
    (whole,) = clips(fresh, params({"frames": 6, "window": 6}))
    (pieces,) = clips(fresh, params({"frames": 6, "window": 4, "overlap": 3}))
    assert abs(whole - pieces).max() <= 1


def test_between_two_prompts_by_frame_the_states_of_the_text_go_over(moving) -> None:
    values = params(prompts=[{"0": "{trigger}, smile", "2": "{trigger}, solo"}])
    prompt = prompts_of(moving, "hana", values)[0]
    assert [(frame, one.text) for frame, one in prompt.by_frame] == [(0, "hana, smile"), (2, "hana, solo")]
    (states,) = encoded(moving, prompt, 1, 1, 4)
    (start,), (end,) = (moving.family.encode(moving.base, [text], 1, 1) for text in ("hana, smile", "hana, solo"))
    torch.testing.assert_close(states, torch.cat([start, (start + end) / 2, end, end]))
    travelled, still = (
        clips(moving, params(prompts=[one], batch=1))[0] for one in (values.prompts[0], "{trigger}, smile")
    )
    assert (travelled != still).any()
    (alone,) = clips(moving, params(prompts=[{"0": "{trigger}, smile"}]))
    assert (alone == still).all()
    both = clips(moving, params(prompts=[values.prompts[0], "{trigger}, smile"]))  # in one batch
    assert abs(both[0] - travelled).max() <= 1 and abs(both[1] - still).max() <= 1


def test_the_scale_of_motion_scales_keys_over_time_and_is_taken_back(moving) -> None:
    layers = moving.family.keys_over_time(moving.base)
    before = [layer.weight.clone() for layer in layers]
    assert len(layers) == 13 * 2
    with scaled_over_time(moving, 2.0):
        assert all(torch.equal(layer.weight, 2 * own) for layer, own in zip(layers, before, strict=True))
    assert all(torch.equal(layer.weight, own) for layer, own in zip(layers, before, strict=True))
    assert (clips(moving, params({"motion": 3.0}))[0] != clips(moving, params())[0]).any()


def test_the_style_stands_behind_the_trigger_and_is_compared_from_the_same_noise(moving) -> None:
    assert with_style("{trigger}, smile", "anime") == "{trigger}, anime, smile"
    assert with_style("{trigger}", "anime") == "{trigger}, anime"
    assert with_style("smile, {trigger}", "anime") == "anime, smile, {trigger}"
    found = list(drawn(moving, [], "hana", 1, params(), CPU, style="yuki"))
    assert [(task.prompt, task.prompt_text) for task, _ in found] == [(0, "hana, yuki, smile"), (1, "hana, smile")]
    assert (np.stack(found[1][1]) == clips(moving, params())[0]).all()


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(loaded: LoadedBase, values: Params, style: str = "", models: Registry | None = None):
    """The table of samples, and the bytes of each clip."""
    with writing_shard("hana.tar") as shard:
        table = sample(loaded, LISTED, shard, values, CPU, style, models)
    with ShardReader() as shards:
        return table, list(shards.read_rows(table))


@pytest.mark.parametrize("form", ["mp4", "webm", "webp", "gif"])
def test_clips_are_written_as_videos_of_their_rate(moving, project, form) -> None:
    values = params({"format": form, "rate": 10})
    table, (data,) = made(moving, values)
    assert table.select("sample", "frames", "rate", "by_frame", "width", "height").rows() == [
        ("hana/000000-0-3", 4, 10.0, None, 16, 16)
    ]
    pictures = frames_of(data, "clip")
    drawn_ones = clips(moving, values)[0]
    assert len(pictures) == 4 and pictures[0].shape == (16, 16, 3)
    assert np.abs(np.stack(pictures) - drawn_ones).mean() < 40  # noise at 4:2:0 loses much
    assert made(moving, values)[1] == [data]


def test_frames_between_are_counted_and_prompts_go_with_them(moving, project) -> None:
    values = params({"rate": 8, "interpolate": 24}, prompts=[{"0": "smile", "2": "solo"}], width=32, height=32)
    table, (data,) = made(moving, values)
    assert table.select("frames", "rate").rows() == [(12, 24.0)] and len(frames_of(data, "clip")) == 12
    assert table["by_frame"].to_list() == [[{"frame": 0, "text": "smile"}, {"frame": 6, "text": "solo"}]]
    with pytest.raises(GengaError, match="minterpolate takes no pictures of 16x16 px; leave interpolate out"):
        made(moving, params({"interpolate": 24}))


def fading(root: Path) -> Registry:
    """A set of models of which one fades from one picture into the other."""
    (root / "demo").mkdir()
    mixing(root / "demo/fade.onnx")
    entry = {"name": "fade", "knows": "fading", "licence": "none", "files": {"model": {"path": "demo/fade.onnx"}}}
    catalogue = {"embedded": {"interpolate": entry}, "published": {}}
    (root / "models.yaml").write_text(json.dumps(catalogue), encoding="utf-8")
    return registry.load(Models(use="embedded", folder="weights", device="cpu", batch=1), root)


def test_a_model_draws_what_lies_between_where_it_is_asked_to(moving, project, monkeypatch) -> None:
    shown: list[np.ndarray] = []
    monkeypatch.setattr("genga.evaluation.sample.as_video", lambda pictures, *how: shown.extend(pictures) or b"video")
    before = clips(moving, params())[0]
    table, _ = made(moving, params({"rate": 8, "interpolate": {"by": "model", "rate": 16}}), models=fading(project))
    assert table.select("frames", "rate").rows() == [(8, 16.0)] and len(shown) == 8
    for number in range(3):  # what was drawn at every second one, and between two of them their mean
        assert np.array_equal(shown[2 * number], before[number])
        between = (before[number] + before[number + 1]) / 2
        assert np.abs(shown[2 * number + 1] - between).max() <= 0.5
    assert np.array_equal(shown[6], before[3]) and np.array_equal(shown[7], before[3])


def test_a_model_that_is_missing_is_one_line_before_anything_is_drawn(moving, project) -> None:
    models = fading(project)
    gone = Registry(models.section, {})
    with pytest.raises(GengaError) as error:
        made(moving, params({"interpolate": {"by": "model", "rate": 24}}), models=gone)
    assert str(error.value) == (
        "models.yaml:embedded.interpolate is missing, and params.yaml:sample.clips.interpolate asks for a model: name"
        " one (docs/models.md), or take by: minterpolate"
    )
    (project / "demo/fade.onnx").unlink()
    with pytest.raises(GengaError, match=r"demo/fade.onnx: missing \(model fade, role interpolate\); restore it"):
        made(moving, params({"interpolate": {"by": "model", "rate": 24}}), models=models)


def test_a_rate_alone_is_the_filters() -> None:
    assert params({"interpolate": 24}) == params({"interpolate": {"by": "minterpolate", "rate": 24.0}})
    with pytest.raises(GengaError, match="sample.clips.interpolate.rate: input should be greater than 0, got 0"):
        params({"interpolate": 0})
    with pytest.raises(
        GengaError, match="sample.clips.interpolate.by: input should be 'minterpolate' or 'model', got 'ri"
    ):
        params({"interpolate": {"by": "rife", "rate": 24}})


def test_a_style_of_the_clip_set_doubles_the_prompts_unless_it_is_not_to_be_compared(moving, project) -> None:
    assert made(moving, params(), "yuki")[0]["prompt_text"].to_list() == ["hana, yuki, smile", "hana, smile"]
    assert made(moving, params({"compare_style": False}), "yuki")[0]["prompt_text"].to_list() == ["hana, smile"]


def motion_lora(loaded: LoadedBase, path: Path) -> Path:
    """A LoRA of the first keys over time, as it is published."""
    module = next(p for p, layer in loaded.base.unet.named_modules() if names.is_attention(p) and p.endswith(".to_q"))
    name, side = names.lora_name(module), loaded.base.unet.get_submodule(module).weight.shape[0]
    save_file({f"{name}.down.weight": torch.ones(1, side), f"{name}.up.weight": torch.ones(side, 1)}, path)
    return path


def test_loras_of_motion_and_of_pictures_act_by_their_weights(moving, tmp_path) -> None:
    file = motion_lora(moving, tmp_path / "pan.safetensors")
    module = next(p for p, layer in moving.base.unet.named_modules() if names.is_attention(p) and p.endswith(".to_q"))
    weight = moving.base.unet.get_submodule(module).weight
    own = weight.clone()
    with ExitStack() as stack:
        loras_beside(moving, [Lora(file=str(file), sha256=sha256_of(file), weight=0.5)], stack)
        torch.testing.assert_close(weight, own + 0.5)
    assert torch.equal(weight, own)
    path = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
    still, name = moving.base.unet.get_submodule(path).weight, unet_name(path)
    side = still.shape[0]
    style = {f"{name}.lora_down.weight": torch.ones(2, side), f"{name}.lora_up.weight": torch.ones(side, 2),
             f"{name}.alpha": torch.tensor(1.0)}  # fmt: skip
    save_file(style, tmp_path / "style.safetensors")
    both = [Lora(file=str(one), sha256=sha256_of(one)) for one in (file, tmp_path / "style.safetensors")]
    before = still.clone()
    with ExitStack() as stack:
        loras_beside(moving, both, stack)
        torch.testing.assert_close(weight, own + 1)
        torch.testing.assert_close(still, before + 1)  # alpha / rank of two ones
    assert torch.equal(still, before)


def test_a_motion_lora_of_another_family_or_content_is_refused_by_its_name(moving, folder, tmp_path) -> None:
    file = motion_lora(moving, tmp_path / "pan.safetensors")
    flat = LoadedBase(sd15.FAMILY, "sd15", sd15.FAMILY.load(folder), "flat", "0" * 64)
    lora = {"file": str(file), "sha256": sha256_of(file)}
    values = Params.model_validate({**params().model_dump(), "clips": {}, "loras": [lora]})
    said = r"^params.yaml:sample.loras.0: \S+/pan.safetensors: the LoRA was made for another family, .*, family sd15\)$"
    with pytest.raises(GengaError, match=said):
        next(drawn(flat, [], "hana", 1, values, CPU))
    for change, said in (
        ({"sha256": "1" * 64}, "pan.safetensors has sha256"),
        ({"file": "gone.safetensors"}, "gone.safetensors is not here"),
    ):
        wrong = Params.model_validate({**params().model_dump(), "loras": [{**lora, **change}]})
        with pytest.raises(GengaError, match=f"^params.yaml:sample.loras.0: .*{said}"):
            next(drawn(moving, [], "hana", 1, wrong, CPU))


@pytest.mark.parametrize(
    ("clips_", "prompts", "said"),
    [
        ({"frames": 1}, ["a"], "params.yaml:sample.clips.frames"),
        ({}, [{"0": "a", "4": "b"}], "prompts.0 has frame 4, the last of a clip is 3"),
        ({}, ["a", {"1": "a"}], "prompts.1 must begin at frame 0, got 1"),
        ({"frames": 8, "window": 4, "overlap": 4}, ["a"], "overlap must be less than the window of 4 frames, got 4"),
        ({"interpolate": 8}, ["a"], "interpolate must be more than rate, 8, got 8"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_in_one_line(clips_, prompts, said) -> None:
    with pytest.raises(GengaError) as error:
        params(clips_, prompts=prompts)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_what_a_base_cannot_have_is_refused_by_its_key(moving, folder, tmp_path, monkeypatch) -> None:
    def refused(loaded: LoadedBase, values: Params) -> str:
        with pytest.raises(GengaError) as error:
            next(drawn(loaded, [], "hana", 1, values, CPU))
        return str(error.value)

    assert refused(moving, params({"frames": 40, "window": 36})) == (
        "params.yaml:sample.clips.window: a base of family animatediff (tiny) has positions for 32 frames, not for 36"
        " at once; set it to 32 or less"
    )
    flat = LoadedBase(sd15.FAMILY, "sd15", sd15.FAMILY.load(folder), "flat", "0" * 64)
    assert refused(flat, params()) == (
        "params.yaml:sample.clips: a base of family sd15 (flat) draws pictures that do not move; set it to {}"
    )
    of_video = LoadedBase(modelscope.FAMILY, "modelscope", moving.base, "film", "0" * 64)
    assert "params.yaml:sample.clips.motion: a base of family modelscope (film) has no" in refused(
        of_video, params({"motion": 2})
    )
    assert (
        "params.yaml:sample.prompts.0: a base of family modelscope (film) has one prompt for all of a clip"
        in refused(of_video, params(prompts=[{"0": "smile", "2": "solo"}]))
    )


def test_a_base_without_positions_sees_all_frames_and_wan_takes_its_numbers_alone() -> None:
    film = LoadedBase(modelscope.FAMILY, "modelscope", None, "film", "0" * 64)
    assert window_of(film, params({"frames": 48}).clips) == 48
    of_wan = LoadedBase(wan.FAMILY, "wan", None, "wan", "0" * 64)
    check_clips(of_wan, params({"frames": 33}), 33)
    said = r"^params.yaml:sample.clips: clips have 16 frames, a base of family wan takes 4n \+ 1; set frames"
    with pytest.raises(GengaError, match=said):
        check_clips(of_wan, params({"frames": 16}), None)


def test_a_run_that_was_taught_more_positions_is_drawn_with_them(folder) -> None:
    base = animatediff.FAMILY.load(folder)
    loaded = LoadedBase(animatediff.FAMILY, "animatediff", base, "tiny", "0" * 64)
    (found,) = clips(loaded, params({"frames": 34, "window": 34}, steps=1, guidance=1.0), taught=40)
    assert len(found) == 34 and animatediff.FAMILY.most_frames(base) == 40
