"""Anima, the anime base of 2026: rectified flow, a transformer (Cosmos-Predict2), Qwen3 as text encoder.

References: Esser et al. 2024, "Scaling rectified flow transformers for high-resolution image synthesis"; NVIDIA 2025,
"Cosmos-Predict2". Captions are read twice: by the text encoder, and as tokens of T5, which an adapter (diffusers'
`AnimaTextConditioner`) turns into the conditions by what the encoder says. Both of these stay as they are. A LoRA is a
file as diffusion-pipe writes it, which ComfyUI and diffusers read. Samplers add no noise of their own: Euler's method,
or DPM-Solver++ 2M (Lu et al. 2022) on the flow.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from genga.training._layouts import anima as names
from genga.training.choices import Choices, refuse
from genga.training.families._anima import flow, writing
from genga.training.families._anima.base import PATCH, VAE_SCALE, Base, load
from genga.training.families._anima.files import load_files
from genga.training.families.family import Conditions, Family, NoiseSchedule, Size, States
from genga.vocabulary.text import Part

_TRANSFORMER, _TEXT, _ADAPTER = "transformer", "text", "adapter"
_TOKENS = 512  # of a caption that are seen, by either tokenizer; T5's last one is the end


def networks(base: Base) -> dict[str, torch.nn.Module]:
    return {_TRANSFORMER: base.transformer, _TEXT: base.text_encoder, _ADAPTER: base.adapter}


def autoencoder(base: Base) -> torch.nn.Module:
    return base.vae


def encode(base: Base, captions: Sequence[str], clip_skip: int = 1, windows: int = 1) -> Conditions:
    """Return the conditions of each caption, (captions, 512, width), on the encoder's device.

    Each alone, without padding: its bits do not depend on its neighbours. clip_skip, windows: 1, there are no others.
    """
    return (torch.cat([_condition(base, [(caption, 1.0)]) for caption in captions]),)


def layers(base: Base) -> int:
    """The encoder's last layer alone: the adapter was trained on it."""
    return 1


def encode_parts(base: Base, parts: Sequence[Part], clip_skip: int = 1, windows: int = 1) -> Conditions:
    """Return the conditions of a prompt, (1, 512, width), weighted by its parts.

    As ComfyUI has it: parts are made tokens one by one, and what the adapter says of T5's is multiplied by their
    weights; the text encoder sees none of them.
    """
    if all(weight == 1 for _, weight in parts):
        return (_condition(base, [("".join(text for text, _ in parts), 1.0)]),)
    return (_condition(base, parts),)


def _condition(base: Base, parts: Sequence[Part]) -> torch.Tensor:
    encoder, adapter = base.text_encoder, base.adapter
    read = [token for text, _ in parts for token in _tokens(base.words, text)][:_TOKENS]
    if read:
        ids = torch.tensor([read], device=encoder.device)
        said = encoder(input_ids=ids, use_cache=False).last_hidden_state
    else:  # nothing is said: as if one token were masked
        said = torch.zeros(1, 1, encoder.config.hidden_size, device=encoder.device, dtype=encoder.dtype)
    asked = [(token, weight) for text, weight in parts for token in _tokens(base.t5_words, text)][: _TOKENS - 1]
    asked.append((base.t5_words.eos_token_id, 1.0))
    wanted = torch.tensor([[token for token, _ in asked]], device=adapter.device)
    found = adapter(source_hidden_states=said.to(adapter.dtype), target_input_ids=wanted)
    weights = torch.ones(found.shape[1])
    weights[: len(asked)] = torch.tensor([weight for _, weight in asked])
    return found * weights[None, :, None].to(found)


def _tokens(tokenizer: Any, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False, verbose=False).input_ids


def is_cut(base: Base, texts: Sequence[str], windows: int = 1) -> bool:
    read, asked = (sum(len(_tokens(words, text)) for text in texts) for words in (base.words, base.t5_words))
    return read > _TOKENS or asked > _TOKENS - 1


def latent_shape(base: Base, width: int, height: int) -> tuple[int, int, int]:
    return base.vae.config.z_dim, height // VAE_SCALE, width // VAE_SCALE


def encode_image(base: Base, pixels: torch.Tensor) -> torch.Tensor:
    """Return the mean of the VAE's output, (channels, height, width): of a film that is one frame long."""
    return base.vae.encode(pixels[:, :, None].to(base.vae.device)).latent_dist.mode()[0, :, 0]


def latent(base: Base, kept: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Return the mean as the transformer takes it: about 0 and 1 in every channel. It has no noise of its own."""
    mean, deviation = _moments(base, kept)
    return (kept - mean) / deviation


def decode(base: Base, latents: torch.Tensor) -> torch.Tensor:
    """Return the pixels of latents, by the VAE in float32."""
    mean, deviation = _moments(base, latents.float())
    return base.vae.decode((latents.float() * deviation + mean)[:, :, None]).sample[:, :, 0]


def _moments(base: Base, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and deviation of the VAE's channels, (channels, 1, 1)."""
    config = base.vae.config
    mean, deviation = (torch.tensor(values).view(-1, 1, 1) for values in (config.latents_mean, config.latents_std))
    return mean.to(like), deviation.to(like)


def schedule(base: Base, device: torch.device, shift: float | None = None) -> NoiseSchedule:
    return flow.schedule(base.shift if shift is None else shift)


def sampler(base: Base, name: str) -> Any:
    """Return the scheduler of a name, at the shift of the base: that of training is no matter here."""
    return flow.sampler(name, base.shift)


def predict(
    base: Base, noisy: torch.Tensor, timesteps: torch.Tensor, conditions: Conditions, sizes: Sequence[Size]
) -> torch.Tensor:
    (text,) = conditions
    frames = noisy.to(text.dtype)[:, :, None]
    sigmas = (timesteps.to(noisy.device, torch.float32) / flow.TIMESTEPS).expand(len(noisy))
    padded = torch.zeros_like(frames[:, :1])  # nowhere
    return base.transformer(frames, sigmas, text, condition_mask=padded).sample[:, :, 0]


def check(base: Base, choices: Choices) -> None:
    """Raise GengaError for every choice that has no meaning here, and say what to set it to."""
    refuse("anima", flow.without_meaning(choices))


def adapted(base: Base, choices: Choices) -> dict[str, list[str]]:
    return {_TRANSFORMER: names.modules(base.transformer, choices.modules), _TEXT: [], _ADAPTER: []}


def name_in_file(network: str, module: str) -> str:
    called = {_TRANSFORMER: names.transformer_name, _TEXT: names.text_name, _ADAPTER: names.adapter_name}
    return called[network](module)


def whole(base: Base, states: States) -> dict[str, torch.Tensor]:
    """Return the tensors of one file in the original layout: transformer and adapter, the base's where none is given.

    states: tensors of networks, by their names in `networks`; the text encoder has a file of its own.
    """
    adapter = states.get(_ADAPTER, base.adapter.state_dict())
    return names.whole(states.get(_TRANSFORMER, base.transformer.state_dict()), adapter)


def states(base: Base, tensors: Mapping[str, torch.Tensor]) -> States:
    """Return the networks' states out of such a file; the text encoder's is the base's, it has none of it."""
    transformer, adapter = names.own(tensors, base.transformer, base.adapter)
    return {_TRANSFORMER: transformer, _TEXT: base.text_encoder.state_dict(), _ADAPTER: adapter}


def write_folder(base: Base, states: States, folder: Path) -> None:
    """Write a diffusers folder. states: of networks by their names in `networks`, and of `autoencoder`."""
    places = {_TRANSFORMER: "transformer", _TEXT: "text_encoder", _ADAPTER: "text_conditioner", "autoencoder": "vae"}
    writing.write_folder(base, {places[name]: state for name, state in states.items()}, folder)


def header(base: Base, choices: Choices) -> dict[str, Any]:
    return {
        **names.DESCRIBED,
        "ss_unet_lr": choices.learning_rate,
        "ss_text_encoder_lr": None,
        "ss_timestep_sampling": "uniform" if choices.timesteps == "uniform" else "shift",
        "ss_sigmoid_scale": choices.timestep_scale,
        "ss_discrete_flow_shift": base.shift if choices.shift is None else choices.shift,
    }


FAMILY = Family(
    load=load,
    load_files=load_files,
    networks=networks,
    encoders=frozenset({_TEXT, _ADAPTER}),
    autoencoder=autoencoder,
    encode=encode,
    layers=layers,
    encode_parts=encode_parts,
    is_cut=is_cut,
    side=VAE_SCALE * PATCH,
    latent_shape=latent_shape,
    encode_image=encode_image,
    latent=latent,
    decode=decode,
    schedule=schedule,
    sampler=sampler,
    predict=predict,
    precisions=("bfloat16", "float32"),  # float16 ends at 65504, which sums over 28 blocks leave
    check=check,
    adapted=adapted,
    name_in_file=name_in_file,
    lora_keys=names.LORA_KEYS,
    header=header,
    whole=whole,
    states=states,
    write_folder=write_folder,
)
