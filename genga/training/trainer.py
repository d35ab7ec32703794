"""The optimizer step: looks in, a loss out, the LoRA matrices changed."""

import math
from typing import Any

import torch
from accelerate import Accelerator

from genga.errors import GengaError
from genga.params.train import Params
from genga.training import adapters, lora_file
from genga.training.device import DTYPES, place
from genga.training.distributed import Processes
from genga.training.families.family import Conditions, LoadedBase
from genga.training.latents import LatentOf
from genga.training.noise import loss_weight, noise
from genga.training.plan import Look, Step
from genga.training.rng import generator, normal

_CAPTIONS_KEPT = 4096  # whose conditions stay in memory: 1 GB at SD 1.5's 77 x 768 floats
_MIXED = {"float32": "no", "float16": "fp16", "bfloat16": "bf16"}  # as accelerate calls it


class Trainer:
    """A base with LoRA matrices in it and their optimizer.

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
        self._family, self._base = loaded.family, loaded.base
        self._params = params
        self._windows = params.windows
        self._latent_of = latent_of
        self._together = together
        self._accelerator = Accelerator(cpu=device.type == "cpu", mixed_precision=_MIXED[params.precision])
        self._device = device
        self.schedule = self._family.schedule(self._base, device)
        self._kept: dict[str, Conditions] = {}  # by caption
        self._networks = self._family.networks(self._base)
        self._adapted = self._family.adapted(self._base, params)
        self._attach()
        self._optimizer = torch.optim.AdamW(self._groups(), weight_decay=params.weight_decay, foreach=False)
        self._stepper = self._accelerator.prepare(self._optimizer)

    def step(self, step: Step, factor: float) -> float:
        """Do one optimizer step at `factor` times the learning rates; returns the mean loss of its looks.

        Raises GengaError if the loss or its gradient is not a number; the matrices are then as they were before.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = group["rate"] * factor
        looks = sum(len(batch) for batch in step.batches)
        total, broken = 0.0, []
        for batch in step.batches:
            own = self._together.part(batch)
            if not own:
                continue
            losses = self._losses(own)
            loss = losses.sum()
            total += (value := loss.item())
            if not math.isfinite(value):
                pairs = zip(own, losses.tolist(), strict=True)
                broken += [look.example.image for look, one in pairs if not math.isfinite(one)]
            self._accelerator.backward(loss / looks)
        total = self._together.total(total)
        if not math.isfinite(total):
            raise self._no_number(step.number, f"the loss is {total}", broken)
        self._together.add_gradients(self._parameters().values())
        if self._params.max_grad_norm > 0:
            norm = self._accelerator.clip_grad_norm_(list(self._parameters().values()), self._params.max_grad_norm)
            if not self._accelerator.scaler and not math.isfinite(norm):  # a scaler leaves the step out
                raise self._no_number(step.number, f"the gradient's length is {norm:g}", [])
        self._stepper.step()
        self._stepper.zero_grad()
        return total / looks

    def lora(self) -> lora_file.Tensors:
        """Return the LoRA as the tensors of its file. Raises GengaError if one is not a number in its precision."""
        dtype, alpha = DTYPES[self._params.save_precision], self._params.alpha
        tensors: lora_file.Tensors = {}
        for name, network in self._networks.items():
            for module, down, up in adapters.matrices(network, self._adapted[name]):
                called = self._family.name_in_file(name, module)
                tensors |= lora_file.entry(called, down, up, alpha, dtype, self._family.lora_keys)
        for name, tensor in tensors.items():
            if not tensor.isfinite().all():
                raise GengaError(
                    f"{name} is not a number in {self._params.save_precision}; lower train.learning_rate, or set"
                    " train.save_precision to float32"
                )
        return tensors

    def state(self) -> tuple[dict[str, torch.Tensor], dict]:
        """Return the tensors that `restore` needs to go on from here, and the gradient scaler's numbers (fp16)."""
        tensors = {}
        for name, parameter in self._parameters().items():
            tensors[f"{name}.value"] = parameter.detach().clone()
            for kind, value in self._optimizer.state[parameter].items():
                tensors[f"{name}.{kind}"] = value.detach().clone()
        scaler = self._accelerator.scaler
        return tensors, scaler.state_dict() if scaler else {}

    def restore(self, tensors: dict[str, torch.Tensor], scaler: dict) -> None:
        """Be as the trainer was that gave this `state`."""
        with torch.no_grad():
            for name, parameter in self._parameters().items():
                parameter.copy_(tensors[f"{name}.value"])
                # One that never had a gradient has no moments: of an encoder, what clip_skip leaves out.
                kinds = [kind for kind in ("step", "exp_avg", "exp_avg_sq") if f"{name}.{kind}" in tensors]
                # AdamW counts its steps on the CPU, and keeps its moments where the matrices are.
                moments = {
                    kind: tensors[f"{name}.{kind}"].to("cpu" if kind == "step" else parameter.device) for kind in kinds
                }
                if moments:
                    self._optimizer.state[parameter] = moments
        if self._accelerator.scaler:
            self._accelerator.scaler.load_state_dict(scaler)

    def _no_number(self, step: int, what: str, images: list[str]) -> GengaError:
        """The error of a step that came to no number, of these images, and the way out."""
        ways = [] if self._params.precision == "float32" else ["set train.precision to float32"]
        ways.append("lower train.learning_rate" if step > 1 else "verify the base (genga models verify)")
        whose = f" (image {', '.join(images)})" if images else ""
        return GengaError(f"step {step}: {what}{whose}; {', or '.join(ways)}")

    def _attach(self) -> None:
        params = self._params
        for name, network in self._networks.items():
            place(network, self._device, params.precision)
            if modules := self._adapted[name]:
                adapters.attach(network, modules, params.rank, params.alpha, params.seed, name)
                if params.gradient_checkpointing:
                    _checkpoint_gradients(network)

    def _groups(self) -> list[dict]:
        """The parameters of each network that is adapted, and their learning rate at its highest."""
        params, groups = self._params, []
        for name, network in self._networks.items():
            rate = params.text_learning_rate if name in self._family.encoders else params.learning_rate
            matrices = [one for _, *pair in adapters.matrices(network, self._adapted[name]) for one in pair]
            groups += [{"params": matrices, "rate": rate}] if matrices else []
        return groups

    def _parameters(self) -> dict[str, torch.nn.Parameter]:
        parameters = {}
        for name, network in self._networks.items():
            for module, down, up in adapters.matrices(network, self._adapted[name]):
                parameters[f"{name}.{module}.down"], parameters[f"{name}.{module}.up"] = down, up
        return parameters

    def _losses(self, batch: list[Look]) -> torch.Tensor:
        """Each look's weighted loss, (looks,)."""
        latents, noises = self._latents(batch)
        timesteps = torch.tensor([look.timestep for look in batch], device=self._device)
        weights = torch.tensor([look.example.weight for look in batch], device=self._device)
        with self._accelerator.autocast():
            conditions = self._conditions([look.caption for look in batch])
            noisy = self.schedule.noised(latents, noises, timesteps)
            times, sizes = self.schedule.time(timesteps), [look.example.size for look in batch]
            predicted = self._family.predict(self._base, noisy, times, conditions, sizes).float()
        wanted = self.schedule.target(latents, noises, timesteps)
        errors = (predicted - wanted).square().mean(dim=(1, 2, 3))
        return errors * loss_weight(self.schedule, timesteps, self._params.min_snr_gamma) * weights

    def _latents(self, batch: list[Look]) -> tuple[torch.Tensor, torch.Tensor]:
        """The batch's latents and the noise to put on them, each (looks, channels, height, width)."""
        params, latents, noises = self._params, [], []
        for look in batch:
            shape = self._family.latent_shape(self._base, *look.example.cut.bucket)
            latents.append(self._latent_of(look, normal(shape, generator(*look.key(params.seed, "latent")))))
            draw = generator(*look.key(params.seed, "noise"))
            noises.append(noise(shape, draw, params.noise_offset, params.multires_iterations, params.multires_discount))
        return torch.stack(latents).to(self._device), torch.stack(noises).to(self._device)

    def _conditions(self, captions: list[str]) -> Conditions:
        """What the captions say to the network; with gradients if an encoder is trained."""
        if any(self._adapted[name] for name in self._family.encoders):
            return self._family.encode(self._base, captions, self._params.clip_skip, self._windows)
        rows = [self._kept_conditions(caption) for caption in captions]
        return tuple(torch.stack(each) for each in zip(*rows, strict=True))

    def _kept_conditions(self, caption: str) -> Conditions:
        # One caption at a time: the bits must not depend on which others were known already.
        if caption not in self._kept:
            if len(self._kept) >= _CAPTIONS_KEPT:
                self._kept.pop(next(iter(self._kept)))
            with torch.no_grad():
                one = self._family.encode(self._base, [caption], self._params.clip_skip, self._windows)
                self._kept[caption] = tuple(each[0] for each in one)
        return self._kept[caption]


def _checkpoint_gradients(network: Any) -> None:
    """Recompute activations in the backward pass."""
    network.train()  # in evaluation the networks ignore the switch
    names = ("enable_gradient_checkpointing", "activation_checkpointing_enable", "gradient_checkpointing_enable")
    switch = next(name for name in names if hasattr(network, name))  # diffusers', transformers' now and before
    getattr(network, switch)()
