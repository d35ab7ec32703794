"""The optimizer step: looks in, a loss out, the LoRA matrices changed."""

import math
from typing import Any

import torch
from accelerate import Accelerator

from genga.errors import GengaError
from genga.params.train import Params
from genga.training import adapters, lora_file
from genga.training.distributed import Processes
from genga.training.families.sd15 import DTYPES, Base, encode, place
from genga.training.latents import LatentOf
from genga.training.noise import loss_weight, noise, noised, signal_to_noise, target
from genga.training.plan import Look, Step
from genga.training.rng import generator, normal

_CAPTIONS_KEPT = 4096  # text encoder outputs in memory: 1 GB at SD 1.5's 77 x 768 floats
_MIXED = {"float32": "no", "float16": "fp16", "bfloat16": "bf16"}  # as accelerate calls it


class Trainer:
    """A base with LoRA matrices in it and their optimizer.

    latent_of gives a look's latent; together: the processes that train it. Deterministic: a step's result depends on
    the state before it and the step alone, at a fixed number of threads and processes.
    """

    def __init__(
        self, base: Base, params: Params, device: torch.device, latent_of: LatentOf, together: Processes = Processes()
    ) -> None:
        self._base = base
        self._params = params
        self._latent_of = latent_of
        self._together = together
        self._accelerator = Accelerator(cpu=device.type == "cpu", mixed_precision=_MIXED[params.precision])
        self._device = device
        self._alphas = base.alphas_cumprod.to(device)
        self._captions: dict[str, torch.Tensor] = {}
        self.unet_modules = adapters.unet_modules(base.unet, params.modules, params.convolutions)
        self.text_modules = adapters.text_modules(base.text_encoder) if params.text_encoder else []
        self._attach()
        self._optimizer = torch.optim.AdamW(self._groups(), weight_decay=params.weight_decay, foreach=False)
        self._stepper = self._accelerator.prepare(self._optimizer)

    def step(self, step: Step, factor: float) -> float:
        """Do one optimizer step at `factor` times the learning rates; returns the mean loss of its looks.

        Raises GengaError if the loss is not a number; the matrices are then as they were before the step.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = group["rate"] * factor
        looks = sum(len(batch) for batch in step.batches)
        total = 0.0
        for batch in step.batches:
            own = self._together.part(batch)
            if not own:
                continue
            loss = self._losses(own).sum()
            total += loss.item()
            self._accelerator.backward(loss / looks)
        total = self._together.total(total)
        if not math.isfinite(total):
            raise GengaError(
                f"step {step.number}: the loss is {total}; lower train.learning_rate, or set train.precision to float32"
            )
        self._together.add_gradients(self._parameters().values())
        if self._params.max_grad_norm > 0:
            self._accelerator.clip_grad_norm_(list(self._parameters().values()), self._params.max_grad_norm)
        self._stepper.step()
        self._stepper.zero_grad()
        return total / looks

    def lora(self) -> lora_file.Tensors:
        """Return the LoRA as the tensors of its file."""
        dtype, alpha = DTYPES[self._params.save_precision], self._params.alpha
        tensors: lora_file.Tensors = {}
        for module, down, up in adapters.matrices(self._base.unet, self.unet_modules):
            tensors |= lora_file.entry(lora_file.unet_name(module), down, up, alpha, dtype)
        for module, down, up in adapters.matrices(self._base.text_encoder, self.text_modules):
            tensors |= lora_file.entry(lora_file.text_name(module), down, up, alpha, dtype)
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
                # One that never had a gradient has no moments: the text encoder's last layer, with clip_skip 2.
                kinds = [kind for kind in ("step", "exp_avg", "exp_avg_sq") if f"{name}.{kind}" in tensors]
                # AdamW counts its steps on the CPU, and keeps its moments where the matrices are.
                moments = {
                    kind: tensors[f"{name}.{kind}"].to("cpu" if kind == "step" else parameter.device) for kind in kinds
                }
                if moments:
                    self._optimizer.state[parameter] = moments
        if self._accelerator.scaler:
            self._accelerator.scaler.load_state_dict(scaler)

    def _attach(self) -> None:
        base, params = self._base, self._params
        for part, model, modules in (
            ("unet", base.unet, self.unet_modules),
            ("text", base.text_encoder, self.text_modules),
        ):
            place(model, self._device, params.precision)
            if modules:
                adapters.attach(model, modules, params.rank, params.alpha, params.seed, part)
            if params.gradient_checkpointing and modules:
                _checkpoint_gradients(model)

    def _groups(self) -> list[dict]:
        rates = {"unet": self._params.learning_rate, "text": self._params.text_learning_rate}
        parameters = self._parameters()
        return [
            {"params": [value for name, value in parameters.items() if name.startswith(part)], "rate": rate}
            for part, rate in rates.items()
            if any(name.startswith(part) for name in parameters)
        ]

    def _parameters(self) -> dict[str, torch.nn.Parameter]:
        found = {}
        for part, model, modules in (
            ("unet", self._base.unet, self.unet_modules),
            ("text", self._base.text_encoder, self.text_modules),
        ):
            for module, down, up in adapters.matrices(model, modules):
                found[f"{part}.{module}.down"], found[f"{part}.{module}.up"] = down, up
        return found

    def _losses(self, batch: list[Look]) -> torch.Tensor:
        """Each look's weighted loss, (looks,)."""
        params, prediction = self._params, self._base.prediction
        latents, noises = self._latents(batch)
        timesteps = torch.tensor([look.timestep for look in batch], device=self._device)
        weights = torch.tensor([look.picture.weight for look in batch], device=self._device)
        with self._accelerator.autocast():
            text = self._text([look.caption for look in batch])
            noisy = noised(latents, noises, self._alphas, timesteps)
            predicted = self._base.unet(noisy.to(text.dtype), timesteps, text).sample.float()
        wanted = target(latents, noises, self._alphas, timesteps, prediction)
        errors = (predicted - wanted).square().mean(dim=(1, 2, 3))
        snr = signal_to_noise(self._alphas, timesteps)
        return errors * loss_weight(snr, params.min_snr_gamma, prediction) * weights

    def _latents(self, batch: list[Look]) -> tuple[torch.Tensor, torch.Tensor]:
        """The batch's latents and the noise to put on them, each (looks, channels, height, width)."""
        params, latents, noises = self._params, [], []
        for look in batch:
            width, height = look.picture.cut.bucket
            shape = (self._base.vae.config.latent_channels, height // 8, width // 8)
            latents.append(self._latent_of(look, normal(shape, generator(*look.key(params.seed, "latent")))))
            draw = generator(*look.key(params.seed, "noise"))
            noises.append(noise(shape, draw, params.noise_offset, params.multires_iterations, params.multires_discount))
        return torch.stack(latents).to(self._device), torch.stack(noises).to(self._device)

    def _text(self, captions: list[str]) -> torch.Tensor:
        """The captions' embeddings, (looks, tokens, width); with gradients if the text encoder is trained."""
        if self.text_modules:
            return encode(self._base, captions, self._params.clip_skip)
        return torch.stack([self._kept_text(caption) for caption in captions])

    def _kept_text(self, caption: str) -> torch.Tensor:
        # One caption at a time: the bits must not depend on which others were known already.
        if caption not in self._captions:
            if len(self._captions) >= _CAPTIONS_KEPT:
                self._captions.pop(next(iter(self._captions)))
            with torch.no_grad():
                self._captions[caption] = encode(self._base, [caption], self._params.clip_skip)[0]
        return self._captions[caption]


def _checkpoint_gradients(model: Any) -> None:
    """Recompute activations in the backward pass."""
    model.train()  # in evaluation the models ignore the switch
    names = ("enable_gradient_checkpointing", "activation_checkpointing_enable", "gradient_checkpointing_enable")
    next(getattr(model, name) for name in names if hasattr(model, name))()  # diffusers', transformers' now and before
