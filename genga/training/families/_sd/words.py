"""Captions and prompts as windows of CLIP's tokens, and weights of a prompt's parts, as web interfaces have them."""

from collections.abc import Sequence
from typing import Any

import torch

from genga.vocabulary.text import Part

_ROUNDING = 1e-4  # of the deviation: a smaller mean is none


def room_of(words: Any) -> int:
    """Return how many tokens a window of a tokenizer has between start and end."""
    return int(words.model_max_length) - 2


def tokens_of(words: Any, text: str) -> list[int]:
    """Return a text's tokens without start and end."""
    return list(words(text, add_special_tokens=False, verbose=False).input_ids)


def windows_of(words: Any, tokens: Sequence[int], count: int) -> list[list[int]]:
    """Return `count` windows with start and end that hold the first tokens; the last ones are filled up."""
    room = room_of(words)
    found = [list(tokens[start : start + room]) for start in range(0, room * count, room)]
    return [[words.bos_token_id, *own, words.eos_token_id] + [words.pad_token_id] * (room - len(own)) for own in found]


def tokens_of_parts(words: Any, parts: Sequence[Part]) -> tuple[list[int], list[float]]:
    """Return the tokens of a prompt, made part by part as stable-diffusion-webui does, and each one's weight."""
    pieces = [(tokens_of(words, text), weight) for text, weight in parts]
    tokens = [token for piece, _ in pieces for token in piece]
    return tokens, [weight for piece, weight in pieces for _ in piece]


def weighted(states: torch.Tensor, weights: Sequence[float], windows: int) -> torch.Tensor:
    """Return an encoder's output for a prompt, (1, windows * tokens, width), scaled by its tokens' weights.

    The mean over all stays, where there is one, as in stable-diffusion-webui.
    """
    room = states.shape[1] // windows - 2
    weights = list(weights[: room * windows])
    if all(weight == 1 for weight in weights):
        return states
    factors = torch.ones(windows, room + 2, 1)
    factors[:, 1:-1] = torch.tensor(weights + [1.0] * (room * windows - len(weights))).reshape(windows, room, 1)
    scaled = states * factors.flatten(0, 1)[None].to(states)
    before, after = states.float().mean(), scaled.float().mean()
    has_mean = bool(torch.minimum(before.abs(), after.abs()) > _ROUNDING * states.float().std())
    return scaled * (before / after).to(scaled) if has_mean else scaled
