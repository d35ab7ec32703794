"""Who trains a LoRA in `bench.training`, each in a process of its own: `python -m bench._trainers NAME JSON`."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from bench._bases import random_base
from bench._children import own_peak
from bench._gpu_parts import TRAIN, TrainParams, learnt, pictures
from genga.training.families.family import LoadedBase
from genga.training.plan import phases_of, steps
from genga.training.trainer import Trainer

# What differs from TRAIN of who is in the table. `peer` is no genga.
TRAINERS: dict[str, dict[str, Any]] = {
    "genga": {},
    "genga, fast": {"speed": "fast"},
    "genga, fast, bfloat16": {"speed": "fast", "precision": "bfloat16"},
    "diffusers and peft": {"peer": "peft"},
    "diffusers and peft, bfloat16": {"peer": "peft", "precision": "bfloat16"},
    "kohya": {"peer": "kohya"},
    "kohya, bfloat16": {"peer": "kohya", "precision": "bfloat16"},
}
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
TOKENS = 77


@dataclass(frozen=True)
class Job:
    """What one process does."""

    size: str  # of the base: one of bench._bases.SIZES
    side: int  # px of the images
    batch: int
    warm: int  # steps before it is measured
    steps: int
    device: str = "cpu"
    seconds: float = 0.0  # steps go on until so many are over, and there are at least `steps`
    method: str = "lora"
    precision: str | None = None  # in place of the trainer's own
    kohya: str = ""  # folder of its sd-scripts


def trained_by_genga(job: Job, base: LoadedBase, changes: dict[str, Any]) -> Iterator[float]:
    """Yield the losses of genga's trainer, on latents that are noise."""
    images = learnt(pictures(4 * job.batch, job.side, job.side))
    values = {**TRAIN, "batch": job.batch, "convolutions": False, "text_encoder": False, "method": job.method,
              "tag_dropout": 0.0, "shuffle": False, **changes}  # fmt: skip
    params, device = TrainParams(**values), torch.device(job.device)
    trainer = Trainer(base, params, device, lambda look, noise: noise)
    for step in steps(phases_of(images, params), trainer.schedule.timesteps):
        yield trainer.step(step)


def trained_by_peer(job: Job, base: LoadedBase, changes: dict[str, Any]) -> Iterator[float]:
    """Yield the losses of a plain loop, as diffusers' examples have it; captions are encoded, latents at hand."""
    unet, device = base.base.unet, torch.device(job.device)
    dtype = DTYPES[changes.get("precision", "float32")]
    unet.to(device, torch.float32 if job.method == "full" else dtype)
    if job.method == "full":
        unet.requires_grad_(True)
        parameters = list(unet.parameters())
    else:
        parameters = (by_kohya if changes["peer"] == "kohya" else by_peft)(unet, job)
    optimizer = torch.optim.AdamW(parameters, lr=TRAIN["learning_rate"], weight_decay=TRAIN["weight_decay"])
    half = dtype != torch.float32
    scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)
    draw = torch.Generator().manual_seed(0)
    alphas = base.base.alphas_cumprod.to(device)
    texts = torch.randn(4, TOKENS, unet.config.cross_attention_dim, generator=draw)
    for _ in count():
        latents, noise = torch.randn(2, job.batch, 4, job.side // 8, job.side // 8, generator=draw).to(device)
        at = torch.randint(0, 1000, (job.batch,), generator=draw).to(device)
        kept = alphas[at].view(-1, 1, 1, 1)
        text = texts[torch.arange(job.batch) % 4].to(device, dtype)
        with torch.autocast(device.type, dtype, enabled=half):
            said = unet((kept.sqrt() * latents + (1 - kept).sqrt() * noise).to(dtype), at, text).sample
        loss = (said.float() - noise).square().mean()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(parameters, TRAIN["max_grad_norm"])
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        yield loss.item()


def by_peft(unet: Any, job: Job) -> list[torch.nn.Parameter]:
    """LoRA matrices at every layer of the transformers, as diffusers' examples put them there."""
    from peft import LoraConfig

    of = [name for name, layer in unet.named_modules() if "attentions" in name and _is_layer(layer)]
    unet.add_adapter(LoraConfig(r=TRAIN["rank"], lora_alpha=TRAIN["alpha"], target_modules=of))
    parameters = [one for one in unet.parameters() if one.requires_grad]
    for one in parameters:
        one.data = one.data.float()
    return parameters


def by_kohya(unet: Any, job: Job) -> list[torch.nn.Parameter]:
    """LoRA matrices by networks/lora.py of kohya's sd-scripts."""
    network: Any = kohya(Path(job.kohya)).LoRANetwork(
        [], unet, lora_dim=TRAIN["rank"], alpha=TRAIN["alpha"], varbose=False
    )
    network.apply_to([], unet, False, True)
    network.to(job.device)
    parameters = list(network.parameters())
    unet.kohya = [network]  # to keep it
    return parameters


def kohya(folder: Path) -> ModuleType:
    """Load that module; what it asks of kohya's other modules is stood in for: they need packages that it does not."""
    utils, other = ModuleType("library.utils"), ModuleType("library.sdxl_original_unet")
    utils.setup_logging = lambda *_, **__: None  # type: ignore[attr-defined]
    other.SdxlUNet2DConditionModel = type("SdxlUNet2DConditionModel", (), {})  # type: ignore[attr-defined]
    sys.modules |= {"library": ModuleType("library"), utils.__name__: utils, other.__name__: other}
    spec = spec_from_file_location("kohya_lora", folder / "networks/lora.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _is_layer(layer: torch.nn.Module) -> bool:
    return isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)


def do(name: str, job: Job) -> dict[str, Any]:
    """Train and return what it took: s of CPU and wall of each step, its losses, peak MB."""
    torch.set_num_threads(1 if job.device == "cpu" else 4)
    changes = dict(TRAINERS[name])
    if job.precision:
        changes["precision"] = job.precision
    base = random_base(job.size, torch.device(job.device))
    work: Callable[..., Iterator[float]] = trained_by_peer if "peer" in changes else trained_by_genga
    losses, took, end = [], [], 0.0
    for number, (loss, *cost) in enumerate(timed(work(job, base, changes), job.device), 1):
        if number <= job.warm:
            end = time.monotonic() + job.seconds
            continue
        losses.append(loss)
        took.append(cost)
        if len(took) >= job.steps and time.monotonic() >= end:
            break
    memory = own_peak()
    if job.device == "cuda":
        memory = torch.cuda.max_memory_allocated() / 2**20
    return {"losses": losses, "cpu": [one for one, _ in took], "wall": [one for _, one in took], "memory": memory}


def timed(losses: Iterator[float], device: str) -> Iterator[tuple[float, float, float]]:
    """Yield (loss, s of CPU, s of wall) of each."""
    while True:
        cpu, wall = time.process_time(), time.monotonic()
        loss = next(losses)  # asking for the number waits for the GPU
        if device == "cuda":
            torch.cuda.synchronize()
        yield loss, time.process_time() - cpu, time.monotonic() - wall


if __name__ == "__main__":
    print(json.dumps(do(sys.argv[1], Job(**json.loads(sys.argv[2])))))
