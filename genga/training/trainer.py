"""The optimizer step: looks in, a loss out, what is learnt changed."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from accelerate import Accelerator

from genga.errors import GengaError
from genga.params.train import Params
from genga.training import fast, optimizers
from genga.training.device import DTYPES
from genga.training.distributed import Processes
from genga.training.families.family import Conditions, LoadedBase
from genga.training.latents import LatentOf
from genga.training.learnt import Average, learnt_of
from genga.training.losses import losses
from genga.training.noise import noise, perturbed
from genga.training.plan import Look, Step
from genga.training.rng import generator, normal
from genga.training.tensor_file import Tensors

_KEPT = 2**30  # bytes of captions' conditions that stay in memory: of 4,500 at 77 x 768 floats, of 128 at 512 x 4096
_MIXED = {"float32": "no", "float16": "fp16", "bfloat16": "bf16"}  # as accelerate calls it


class Trainer:
    """A base with what is learnt of it, and the optimizer of that.

    latent_of gives a look's latent; together: the processes that train it. Deterministic: a step's result depends on
    the state before it and the step alone, at a fixed number of threads and processes.
    """

    def __init__(
        self,
        loaded: LoadedBase,
        params: Params,
        device: torch.device,
        latent_of: LatentOf,
        together: Processes = Processes(),
    ) -> None:
        self._loaded, self._family, self._base = loaded, loaded.family, loaded.base
        self._params = params
        self._windows = params.windows
        self._latent_of = latent_of
        self._together = together
        self._accelerator = Accelerator(cpu=device.type == "cpu", mixed_precision=_MIXED[params.precision])
        self._device = device
        self.schedule = self._family.schedule(self._base, device, params.shift)
        self._kept: dict[str, Conditions] = {}  # by caption
        self._learnt = learnt_of(loaded, params, device)
        if params.speed == "fast":
            fast.hasten(self._family.networks(self._base).values(), device)
        self._encodes_anew = any(group["of"] == "text_learning_rate" for group in self._learnt.groups)
        self._average = Average(self._learnt.parameters, params.ema)
        self._optimizer = optimizers.optimizer_of(self._learnt.groups, params, device)
        self._stepper = self._accelerator.prepare(self._optimizer)

    def step(self, step: Step) -> float:
        """Do one optimizer step at the learning rates of its phase; returns the mean loss of its looks.

        Raises GengaError if the loss or its gradient is not a number; what is learnt is then as it was before.
        """
        parameters = list(self._learnt.parameters.values())
        params, factor = step.phase.params, step.phase.learning_rate_factor(step.number)
        for group in self._optimizer.param_groups:
            group["lr"] = getattr(params, group["of"]) * factor
        looks = sum(len(batch) for batch in step.batches)
        total, broken = 0.0, []
        for batch in step.batches:
            own = self._together.part(batch)
            if not own:
                continue
            each = self._losses(own, params)
            loss = each.sum()
            total += (value := loss.item())
            if not math.isfinite(value):
                pairs = zip(own, each.tolist(), strict=True)
                broken += [look.example.image for look, one in pairs if not math.isfinite(one)]
            self._accelerator.backward(loss / looks)
        total = self._together.total(total)
        if not math.isfinite(total):
            raise self.no_number(step.number, f"the loss is {total}", broken, step.phase.number)
        self._together.add_gradients(parameters)
        if params.max_grad_norm > 0:
            norm = self._accelerator.clip_grad_norm_(parameters, params.max_grad_norm)
            if not self._accelerator.scaler and not math.isfinite(norm):  # a scaler leaves the step out
                raise self.no_number(step.number, f"the gradient's length is {norm:g}", [], step.phase.number)
        self._stepper.step()
        self._stepper.zero_grad()
        self._average.update(step.number)
        return total / looks

    def tensors(self) -> Tensors:
        """Return a checkpoint's tensors, which may be those that are trained: write them within `to_be_seen`.

        Raises GengaError if one is not a number in its precision.
        """
        precision = self._params.save_precision
        tensors = self._learnt.tensors(DTYPES[precision])
        for name, tensor in tensors.items():
            if not tensor.isfinite().all():
                raise GengaError(
                    f"{name} is not a number in {precision}; lower train.learning_rate, or set train.save_precision to"
                    " float32"
                )
        return tensors

    @contextmanager
    def to_be_seen(self) -> Iterator[None]:
        """Within the block, what is learnt is what a checkpoint has: the average, if there is one."""
        with optimizers.to_be_seen(self._optimizer, self._learnt.parameters), self._average.in_place():
            yield

    @torch.no_grad()
    def losses_to_be_seen(self, batches: list[list[Look]], params: Params) -> list[list[float]]:
        """Return the losses of looks by what a checkpoint has; `params` say which loss. Changes nothing."""
        networks = [one for one in self._family.networks(self._base).values() if one.training]
        with self.to_be_seen():
            for network in networks:
                network.eval()
            found: list[list[float]] = [self._losses(batch, params).tolist() for batch in batches]
            for network in networks:
                network.train()
        return found

    def state(self) -> tuple[Tensors, dict[str, Any]]:
        """Return tensors and words that `restore` needs to go on from here."""
        moments, words = optimizers.state_of(self._optimizer, self._learnt.parameters)
        values = {f"value/{name}": one.detach().clone() for name, one in self._learnt.parameters.items()}
        averages = {f"average/{name}": one.clone() for name, one in self._average.values.items()}
        scaler = self._accelerator.scaler
        told = {"optimizer": words, "scaler": scaler.state_dict() if scaler else {}}
        return {**values, **averages, **{f"moment/{name}": one for name, one in moments.items()}}, told

    def restore(self, tensors: Tensors, words: dict[str, Any]) -> None:
        """Be as the trainer was that gave this `state`."""
        parts: dict[str, Tensors] = {"value": {}, "average": {}, "moment": {}}
        for name, tensor in tensors.items():
            part, _, key = name.partition("/")
            parts[part][key] = tensor
        with torch.no_grad():
            for name, value in parts["value"].items():
                self._learnt.parameters[name].copy_(value)
            for name, value in parts["average"].items():
                self._average.values[name].copy_(value)
        optimizers.restore(self._optimizer, self._learnt.parameters, parts["moment"], words["optimizer"])
        if self._accelerator.scaler:
            self._accelerator.scaler.load_state_dict(words["scaler"])

    def no_number(self, step: int, what: str, images: list[str], phase: int = 0) -> GengaError:
        """The error of a step that came to no number, of these images, and the way out. phase: 1.., 0 if of none."""
        section, where = "params.yaml:train", f"step {step}"
        ways = [] if self._params.precision == "float32" else [f"set {section}.precision to float32"]
        if phase and self._params.phases:
            section, where = f"{section}.phases.{phase - 1}", f"phase {phase}, {where}"
        ways.append(f"lower {section}.learning_rate" if step > 1 else "verify the base (genga models verify)")
        whose = f" (image {', '.join(images)})" if images else ""
        return GengaError(f"{where}: {what}{whose}; {', or '.join(ways)}")

    def _losses(self, batch: list[Look], params: Params) -> torch.Tensor:
        """Each look's weighted loss, (looks,). params: of its phase."""
        latents, noises = self._latents(batch, params)
        timesteps = torch.tensor([look.timestep for look in batch], device=self._device)
        draws = (generator(*look.key(params.seed, "perturbation")) for look in batch)
        with self._accelerator.autocast():
            conditions = self._conditions([look.caption for look in batch])
            noisy = self.schedule.noised(latents, perturbed(noises, draws, params.input_perturbation), timesteps)
            times, sizes = self.schedule.time(timesteps), [look.example.size(look.flipped) for look in batch]
            predicted = self._family.predict(self._base, noisy, times, conditions, sizes).float()
        wanted = self.schedule.target(latents, noises, timesteps)
        return losses(predicted, wanted, timesteps, batch, self.schedule, params)

    def _latents(self, batch: list[Look], params: Params) -> tuple[torch.Tensor, torch.Tensor]:
        """The batch's latents and the noise to put on them, each (looks, channels, ..., height, width)."""
        latents, noises = [], []
        for look in batch:
            shape = self._loaded.latent_shape(*look.example.shape)
            latents.append(self._latent_of(look, normal(shape, generator(*look.key(params.seed, "latent")))))
            draw = generator(*look.key(params.seed, "noise"))
            noises.append(noise(shape, draw, params.noise_offset, params.multires_iterations, params.multires_discount))
        return torch.stack(latents).to(self._device), torch.stack(noises).to(self._device)

    def _conditions(self, captions: list[str]) -> Conditions:
        """What the captions say to the network; with gradients if an encoder is trained."""
        if self._encodes_anew:
            return self._family.encode(self._base, captions, self._params.clip_skip, self._windows)
        rows = [self._kept_conditions(caption) for caption in captions]
        return tuple(torch.stack(each) for each in zip(*rows, strict=True))

    def _kept_conditions(self, caption: str) -> Conditions:
        # One caption at a time: the bits must not depend on which others were known already.
        if caption not in self._kept:
            with torch.no_grad():
                one = self._family.encode(self._base, [caption], self._params.clip_skip, self._windows)
            found = tuple(each[0] for each in one)
            most = max(1, _KEPT // sum(each.numel() * each.element_size() for each in found))
            while len(self._kept) >= most:
                self._kept.pop(next(iter(self._kept)))
            self._kept[caption] = found
        return self._kept[caption]
