"""What a checkpoint's header says about itself: kohya's `ss_*` keys and the modelspec.

UIs show these, and tools compare them; all values are strings. Times and session are fixed, so that the same run gives
the same bytes. modelspec: the "Stability AI model metadata standard", version 1.0.1.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from genga.params.train import Buckets, Params
from genga.training.examples import Example, trigger_of
from genga.training.families.family import LoadedBase
from genga.training.plan import Phase, total_steps

_FIXED = {
    "ss_network_module": "networks.lora",  # where neither family nor method has another
    "ss_session_id": 0,
    "ss_training_started_at": 0.0,
    "ss_training_finished_at": 0.0,
    "ss_cache_latents": True,
    "ss_enable_bucket": True,
    "modelspec.sai_model_spec": "1.0.1",
    "modelspec.implementation": "diffusers",
    "modelspec.date": "1970-01-01T00:00:00",
}


_OPTIMIZERS = {
    "adamw": "torch.optim.adamw.AdamW",
    "adamw8bit": "bitsandbytes.optim.adamw.AdamW8bit",
    "adafactor": "transformers.optimization.Adafactor",
    "prodigy": "prodigyopt.prodigy.Prodigy",
    "schedulefree": "schedulefree.adamw_schedulefree.AdamWScheduleFree",
}


def metadata(
    run: str,
    phases: Sequence[Phase],
    params: Params,
    loaded: LoadedBase,
    step: int,
    epoch: int,
    resolution: int | None = None,
) -> dict[str, str]:
    """Return the metadata of the checkpoint after `step` steps, in epoch `epoch`; all but the model's hash.

    Where phases differ, kohya's keys say what held in the one of this step. resolution: px, of the dataset's buckets;
    None: they are about none.
    """
    reached = [phase for phase in phases if phase.before < step]
    now = reached[-1]
    seen = list({example.image: example for phase in reached for example in phase.examples}.values())
    values: dict[str, Any] = {
        **_FIXED,
        **loaded.family.header(loaded.base, now.params),
        **_training(now.params),
        **_dataset(run, seen, now.params.buckets, resolution),
        "ss_output_name": run,
        "ss_sd_model_name": loaded.name,
        "ss_new_sd_model_hash": loaded.sha256,
        "ss_sd_model_hash": loaded.sha256[:8],
        "ss_max_train_steps": total_steps(phases),
        "ss_num_batches_per_epoch": now.batches_per_epoch,
        "ss_num_epochs": sum(phase.epochs for phase in phases),
        "ss_steps": step,
        "ss_epoch": epoch,
        "modelspec.title": run,
    }
    if trigger := _trigger(seen):
        values["modelspec.trigger_phrase"] = trigger
    if params.method == "full":  # no network beside a base, but a base
        values["modelspec.architecture"] = values["modelspec.architecture"].removesuffix("/lora")
        values = {key: value for key, value in values.items() if not key.startswith("ss_network_")}
    return {key: value if isinstance(value, str) else str(value) for key, value in values.items()}


def _trigger(seen: list[Example]) -> str:
    """What a prompt calls the one character that all images are of; empty if they are of several, or of nobody."""
    characters = {one.character for one in seen}
    return trigger_of(seen) if len(characters) == 1 and None not in characters else ""


def _training(params: Params) -> dict[str, Any]:
    warmed = params.schedule == "constant" and params.warmup > 0  # which kohya's `constant` is without
    arguments = _arguments(params)
    computed = {"ss_speed": params.speed} if params.speed != "exact" else {}
    by_lycoris = {"ss_network_module": "lycoris.kohya"} if params.method in ("dora", "loha", "lokr") else {}
    return {
        **computed,
        **by_lycoris,
        "ss_network_dim": params.rank,
        "ss_network_alpha": params.alpha,
        "ss_network_args": json.dumps({key: str(value) for key, value in arguments.items()}),
        "ss_optimizer": _OPTIMIZERS[params.optimizer],
        "ss_learning_rate": params.learning_rate,
        "ss_lr_scheduler": "constant_with_warmup" if warmed else params.schedule,
        "ss_lr_warmup_steps": params.warmup,
        "ss_gradient_checkpointing": params.gradient_checkpointing,
        "ss_gradient_accumulation_steps": params.accumulation,
        "ss_total_batch_size": params.batch * params.accumulation,
        "ss_max_grad_norm": params.max_grad_norm,
        "ss_mixed_precision": {"float32": "no", "float16": "fp16", "bfloat16": "bf16"}[params.precision],
        "ss_clip_skip": params.clip_skip,
        "ss_seed": params.seed,
        "ss_noise_offset": params.noise_offset or None,
        "ss_multires_noise_iterations": params.multires_iterations or None,
        "ss_multires_noise_discount": params.multires_discount if params.multires_iterations else None,
        "ss_min_snr_gamma": params.min_snr_gamma or None,
        **_losses(params),
        "ss_caption_dropout_rate": params.caption_dropout,
        "ss_caption_tag_dropout_rate": params.tag_dropout,
        "ss_shuffle_caption": params.shuffle,
        "ss_flip_aug": params.flip,
        "ss_threads": params.threads,
    }


def _arguments(params: Params) -> dict[str, Any]:
    """What kohya calls the network's arguments, and lycoris reads of them."""
    own: dict[str, dict[str, Any]] = {
        "dora": {"algo": "lora", "dora_wd": True},
        "loha": {"algo": "loha"},
        "lokr": {"algo": "lokr", "factor": params.factor},
    }
    wide = {"conv_dim": params.conv_rank or params.rank, "conv_alpha": params.conv_alpha or params.alpha}
    return {**own.get(params.method, {}), **(wide if params.convolutions else {})}


def _losses(params: Params) -> dict[str, Any]:
    """How the loss differs from the plain one, by kohya's keys where it has them; what is off is not said."""
    is_bent, masked = params.loss != "l2", {"text": params.mask_text, "background": params.mask_background}
    said = {
        "ss_ip_noise_gamma": params.input_perturbation or None,
        "ss_loss_type": params.loss if is_bent else None,
        "ss_huber_schedule": params.huber_schedule if is_bent else None,
        "ss_huber_c": params.huber_delta if is_bent else None,
        "ss_debiased_estimation": params.debiased or None,
        **{f"ss_mask_{what}": weight if weight < 1 else None for what, weight in masked.items()},
    }
    return {key: value for key, value in said.items() if value is not None}


def _dataset(run: str, examples: list[Example], given: Buckets | None, resolution: int | None) -> dict[str, Any]:
    """The dataset as kohya describes it, as JSON: folders by repeats, their tags, and buckets with looks.

    given: the run's own buckets; resolution: of the dataset's. Tags are those of the captions, whether or not the base
    sees so many.
    """
    folders: dict[str, list[Example]] = defaultdict(list)
    buckets: Counter[tuple[int, int]] = Counter()
    priors = sum(example.repeats for example in examples if example.prior)
    for example in examples:
        if not example.prior:
            folders[f"{example.repeats}_{run}"].append(example)
        buckets[example.cut.bucket] += example.repeats
    tags = {name: Counter(tag.lower() for one in ones for tag in one.tags) for name, ones in folders.items()}
    counts = {name: {"n_repeats": ones[0].repeats, "img_count": len(ones)} for name, ones in folders.items()}
    kept = {example.keep_tokens for example in examples}
    width, height = _resolution(buckets, given, resolution)
    info = {
        str(number): {"resolution": list(size), "count": count}
        for number, (size, count) in enumerate(sorted(buckets.items()))
    }
    return {
        "ss_num_train_images": buckets.total() - priors,
        "ss_num_reg_images": priors,
        "ss_keep_tokens": kept.pop() if len(kept) == 1 else None,  # images differ
        "ss_resolution": f"({width}, {height})",
        "ss_tag_frequency": json.dumps(tags, ensure_ascii=False, sort_keys=True),
        "ss_dataset_dirs": json.dumps(counts, ensure_ascii=False, sort_keys=True),
        "ss_bucket_info": json.dumps({"buckets": info}),
        "modelspec.resolution": f"{width}x{height}",
    }


def _resolution(buckets: Counter[tuple[int, int]], given: Buckets | None, of_dataset: int | None) -> tuple[int, int]:
    """Width and height that images are trained at about; of a list of sizes that of which there are most looks."""
    resolution = of_dataset if given is None else given.resolution
    if resolution is not None:
        return resolution, resolution
    sizes = None if given is None else given.sizes
    own = list(buckets) if sizes is None else [(width, height) for width, height in sizes]
    return max(own, key=lambda size: (buckets[size], size))
