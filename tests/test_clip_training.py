"""Training on clips: what a look is, what is kept of frames, which stills are mixed in, and what memory it takes."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_base import save_tiny_base
from tiny_clips import CLIPS, STILL, clip, frame, read, seen, train_clips
from tiny_training import CPU, example
from training_params import params

from genga.errors import GengaError
from genga.store.files import read_json
from genga.training import held_out, trainer
from genga.training.clip_latents import cached_latents
from genga.training.families import animatediff, sd15
from genga.training.families.family import LoadedBase
from genga.training.latents import cached_latents as of_images
from genga.training.noise import noise, schedule_of
from genga.training.plan import Look, phases_of, steps
from genga.training.rng import generator, normal

VALUES = {"method": "full", "modules": "transformer", "learning_rate": 0.001, "max_steps": 4, "epochs": 2}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedBase:
    base = animatediff.FAMILY.load(save_tiny_base(tmp_path_factory.mktemp("base")))
    return LoadedBase(animatediff.FAMILY, "animatediff", base, "tiny", "0" * 64)


def look(of, flipped: bool = False) -> Look:
    return Look(of, 1, 0, of.caption, flipped, 500)


def counted(loaded: LoadedBase, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes of what the autoencoder is given from now on."""
    shapes, encode = [], loaded.base.vae.encode
    monkeypatch.setattr(loaded.base.vae, "encode", lambda pixels: shapes.append(tuple(pixels.shape)) or encode(pixels))
    return shapes


def test_a_looks_latent_is_its_frames_and_a_hold_is_one_of_them(loaded: LoadedBase, tmp_path: Path) -> None:
    of = cached_latents([*CLIPS, STILL], read, loaded, True, tmp_path, CPU)
    draw = normal((4, 5, 4, 4), generator("any"))
    latent = of(look(CLIPS[0]), draw)  # of frames 0, 0, 2, 2, 4
    assert latent.shape == (4, 5, 4, 4)
    assert torch.equal(latent[:, 0], latent[:, 1]) and torch.equal(latent[:, 2], latent[:, 3])
    assert not torch.equal(latent[:, 1], latent[:, 2]) and not torch.equal(latent[:, 3], latent[:, 4])
    with torch.no_grad():
        for place, number, first in ((0, 0, 0), (2, 2, 2), (4, 4, 4)):
            said = loaded.base.vae.encode(seen(CLIPS[0], number)).latent_dist
            by_hand = (said.mean[0] + said.std[0] * draw[:, first]) * loaded.base.vae.config.scaling_factor
            torch.testing.assert_close(latent[:, place], by_hand, rtol=0, atol=1e-6)
    assert of(look(STILL), draw[:, :1]).shape == (4, 1, 4, 4)
    assert not torch.equal(of(look(CLIPS[0], True), draw), latent)


def test_each_frame_is_encoded_once_and_alone(
    loaded: LoadedBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = counted(loaded, monkeypatch)
    cached_latents(CLIPS, read, loaded, False, tmp_path, CPU)
    distinct = {(number, one.cut.bucket) for one in CLIPS for number in one.frames}
    assert len(shapes) == len(distinct) == 3 + 1 + 3 + 5
    assert {shape[0] for shape in shapes} == {1}
    cached_latents(CLIPS, read, loaded, False, tmp_path, CPU)  # by another run
    again = [clip(9, (0, 2, 4, 10))]  # another clip of the same frames
    cached_latents(again, read, loaded, False, tmp_path, CPU)
    assert len(shapes) == len(distinct)


def test_pixels_that_changed_are_encoded_anew(
    loaded: LoadedBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = counted(loaded, monkeypatch)
    cached_latents(CLIPS[:1], read, loaded, False, tmp_path, CPU)
    other = [(number, frame(number + (number == 2) * 50, CLIPS[0].cut.scaled)) for number in (0, 2, 4)]
    cached_latents(CLIPS[:1], lambda of: other, loaded, False, tmp_path, CPU)
    assert len(shapes) == 3 + 1


def test_a_still_has_one_latent_for_families_with_one_autoencoder(loaded: LoadedBase, tmp_path: Path) -> None:
    flat = LoadedBase(sd15.FAMILY, "sd15", loaded.base, "tiny", "0" * 64)
    image = next(read(STILL))[1]
    first = of_images([STILL], lambda one: image, flat, False, tmp_path, CPU)
    files = sorted(tmp_path.rglob("*.safetensors"))
    of = cached_latents([STILL], read, loaded, False, tmp_path, CPU)
    assert sorted(tmp_path.rglob("*.safetensors")) == files
    draw = normal((4, 1, 4, 4), generator("any"))
    assert torch.equal(of(look(STILL), draw)[:, 0], first(look(STILL), draw[:, 0]))


def test_what_is_kept_is_noted_by_series_stills_and_clips_alike(loaded: LoadedBase, tmp_path: Path) -> None:
    other = replace(CLIPS[0], image=f"t{CLIPS[0].image[1:]}")  # the same frames, in another series
    cached_latents([*CLIPS[:2], other], read, loaded, False, tmp_path, CPU)
    of_image = replace(STILL, image="u/e/000007")
    of_images([of_image], lambda one: dict(read(one))[0], loaded, True, tmp_path, CPU)
    kept = {path.stem for path in tmp_path.rglob("*.safetensors")}
    noted = {path.stem: set(read_json(path)["keys"]) for path in (tmp_path / "of").iterdir()}
    assert {series: len(keys) for series, keys in noted.items()} == {"s": 4, "t": 3, "u": 2}
    assert noted["t"] < noted["s"] and noted["s"] | noted["u"] == kept

    def broken(example):
        yield from read(example)
        if example is CLIPS[2]:
            raise GengaError("ends here")

    with pytest.raises(GengaError, match="ends here"):
        cached_latents([CLIPS[1], CLIPS[2], CLIPS[3]], broken, loaded, False, tmp_path / "b", CPU)
    (of_s,) = (read_json(path)["keys"] for path in (tmp_path / "b/of").iterdir())
    assert len(of_s) == 1


def test_a_batch_is_of_one_size_and_length() -> None:
    examples = [*CLIPS, clip(8, range(3)), STILL]
    (phase,) = phases_of(examples, params(epochs=1, batch=8, clips={"stills": 0.2}))
    batches = [batch for step in steps([phase], 1000) for batch in step.batches]
    shapes = sorted(([one.example.shape for one in batch] for batch in batches), key=str)
    assert shapes == [[(32, 32, 1)], [(32, 32, 3)], [(32, 32, 5)] * 3, [(40, 24, 5)]]
    assert phase.steps_per_epoch == 4


@pytest.mark.parametrize(
    ("share", "stills", "looks"),
    [(0.0, 3, []), (0.2, 3, [1]), (0.5, 3, [1, 1, 2]), (0.5, 1, [4]), (0.75, 3, [4, 4, 4])],
)
def test_so_many_looks_are_at_stills(share: float, stills: int, looks: list[int]) -> None:
    images = [example(number, (32, 32)) for number in range(stills)]
    (phase,) = phases_of([*CLIPS, *images], params(clips={"stills": share}))
    assert [one for one in phase.examples if one.moves] == CLIPS
    assert sorted(one.repeats for one in phase.examples if not one.moves) == looks
    assert sum(looks) == share * (len(CLIPS) + sum(looks))


def test_which_stills_seed_and_phase_say() -> None:
    images = [example(number, (32, 32)) for number in range(40)]

    def taken(**changes) -> list[set[str]]:
        phases = phases_of([*CLIPS, *images], params(clips={"stills": 0.5}, **changes))
        return [{one.image for one in phase.examples if not one.moves} for phase in phases]

    assert taken() == taken() and taken() != taken(seed=1)
    first, second = taken(phases=[{}, {}])
    assert len(first) == len(second) == 4 and first != second


def test_stills_of_a_dataset_without_images_are_refused() -> None:
    with pytest.raises(GengaError, match="params.yaml:train.clips.stills: the dataset has no image to be seen as a st"):
        phases_of(CLIPS, params(clips={"stills": 0.5}))


def test_length_and_rate_may_differ_by_phase() -> None:
    long = clip(1, range(100, 116))
    phases = phases_of([long], params(phases=[
        {"clips": {"length": 4, "stride": 3}}, {"clips": {"stride": 2}, "buckets": {"sizes": [[16, 16]]}}, {},
    ]))  # fmt: skip
    (first,), (second,), (third,) = (phase.examples for phase in phases)
    assert (first.frames, first.rate) == ((100, 103, 106, 109), 8.0)
    assert first.times == tuple(frame / 24 for frame in first.frames) and len(first.keys) == 4
    assert (second.frames, second.rate, second.cut.bucket) == (tuple(range(100, 116, 2)), 12.0, (16, 16))
    assert third == long


def test_a_clip_that_is_too_short_is_one_line() -> None:
    with pytest.raises(GengaError) as error:
        phases_of([clip(1, range(16))], params(clips={"length": 9, "stride": 2}))
    assert str(error.value) == (
        "params.yaml:train.clips: clip s/e/000000-000015.1 has 16 frames, at a stride of 2 8; set length to that or"
        " less, or make longer clips (clips.length)"
    )


def test_select_leaves_clips_that_have_neither_kind_nor_score() -> None:
    kinds = params(select={"kinds": ["head"], "images": 1}, clips={"stills": 0.5})
    images = [example(number, (32, 32)) for number in range(2)]
    heads = [type(one)(**{**vars(one), "kind": kind}) for one, kind in zip(images, ("head", "still"), strict=True)]
    (phase,) = phases_of([*CLIPS, *heads], kinds)
    assert [one.image for one in phase.examples] == [*(one.image for one in CLIPS), "i0"]


def test_noise_of_a_clip() -> None:
    shape = (4, 5, 6, 8)
    assert torch.equal(noise(shape, generator("a")), normal(shape, generator("a")))
    both = noise(shape, generator("a"), offset=0.5) - normal(shape, generator("a"))
    # As dark, or as bright, in every frame.
    torch.testing.assert_close(both, both[:, :1, :1, :1].expand(shape), rtol=0, atol=1e-6)
    layered = noise(shape, generator("a"), iterations=2)
    assert layered.shape == shape and layered.std() == pytest.approx(1, abs=1e-5)
    schedule = schedule_of(torch.linspace(0.99, 0.01, 10), "v_prediction")
    latents, drawn, at = torch.ones(2, *shape), torch.zeros(2, *shape), torch.tensor([0, 9])
    assert schedule.noised(latents, drawn, at).amax(dim=(1, 2, 3, 4)).tolist() == pytest.approx([0.99**0.5, 0.1])
    assert schedule.target(latents, drawn, at).amin(dim=(1, 2, 3, 4)).tolist() == pytest.approx([-0.1, -(0.99**0.5)])


def test_ledger_held_out_loss_and_average_of_clips(loaded: LoadedBase, tmp_path: Path) -> None:
    held = held_out.chosen([CLIPS[1]], CLIPS[:1], 8)
    assert held == {"shot": [CLIPS[1]]}
    values = params(**VALUES, save_every=2, held_out=2, ema=0.5, caption_dropout=0.5)
    trained = train_clips(loaded, tmp_path, values, [CLIPS[0], *CLIPS[2:], STILL], held=held)
    rows = trained.ledger.rows(named=True)
    assert Counter(row["image"] for row in rows).keys() == {one.image for one in (CLIPS[0], *CLIPS[2:])}
    assert {row["still"] for row in rows} == {one.still for one in (CLIPS[0], *CLIPS[2:])}
    assert {row["crop"] for row in rows} == {None} and "" in {row["caption"] for row in rows}
    assert trained.frames == 5
    assert trained.held_out["step"].unique().sort().to_list() == [0, 2, 4]
    assert trained.held_out.filter(step=0).height == held_out.TIMESTEPS
    assert trained.held_out["images"].unique().to_list() == [1]


def test_held_out_clips_are_looked_at_one_by_one(
    loaded: LoadedBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four timesteps of a clip together would take four times the memory of a step."""
    shapes, forward = [], loaded.base.unet.forward

    def seen_by(noisy, *rest, **more):
        shapes.append(noisy.shape)
        return forward(noisy, *rest, **more)

    monkeypatch.setattr(loaded.base.unet, "forward", seen_by)
    train_clips(
        loaded, tmp_path, params(**{**VALUES, "max_steps": 1}, held_out=1), CLIPS[:1], held={"shot": [CLIPS[1]]}
    )
    assert [shape[0] for shape in shapes] == [1] * (4 + 1 + 4)


def test_clips_that_are_masked_are_refused(loaded: LoadedBase, tmp_path: Path) -> None:
    with pytest.raises(GengaError, match="animatediff set mask_text: 1"):
        train_clips(loaded, tmp_path, params(**VALUES, mask_text=0.5))


def test_conditions_of_captions_do_not_fill_the_memory(
    loaded: LoadedBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "_KEPT", 2 * 16 * 16 * 4)  # bytes: of two captions of 16 tokens, 16 wide
    kept: list[int] = []
    keep = trainer.Trainer._kept_conditions

    def kept_conditions(self, caption):
        found = keep(self, caption)
        kept.append(len(self._kept))
        return found

    monkeypatch.setattr(trainer.Trainer, "_kept_conditions", kept_conditions)
    three = [clip(number, (number,), caption=text) for number, text in enumerate(("hana", "yuki", "solo"))]
    train_clips(loaded, tmp_path, params(**VALUES), three)
    assert max(kept) == 2 and len(kept) >= 6
