"""Prompts as a base sees them: with the trigger in them, as much as fits, and, of clips, by frame."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count as count_from

from genga.errors import GengaError
from genga.evaluation.prompts import check_prompt, composed, first, literal, parts
from genga.params.sample import Params
from genga.training.families.family import LoadedBase
from genga.vocabulary.text import SEPARATOR, Part, fit, tokens

_TRIGGER = "{trigger}"


@dataclass(frozen=True)
class Prompt:
    """A prompt as it is drawn."""

    text: str  # as web interfaces read it
    parts: list[Part]  # what the base sees
    lost: str  # what it does not
    later: tuple[tuple[int, "Prompt"], ...] = ()  # of a clip: what holds from later frames on, in order

    @property
    def by_frame(self) -> list[tuple[int, "Prompt"]]:
        """What holds from which frame on."""
        return [(0, self), *self.later]


@dataclass(frozen=True)
class Template:
    """A prompt as params.yaml has it."""

    key: str  # of it there, below `sample`
    texts: tuple[tuple[int, str], ...]  # from which frame on

    @property
    def noise(self) -> str:
        """What its noise is drawn by: prompts that begin alike begin with the same noise."""
        return self.texts[0][1]


def templates(params: Params) -> list[Template]:
    """Return the prompts of section `sample`."""
    by_frame = [prompt if isinstance(prompt, dict) else {0: prompt} for prompt in params.prompts]
    return [Template(f"prompts.{number}", tuple(sorted(texts.items()))) for number, texts in enumerate(by_frame)]


def with_style(template: str, style: str) -> str:
    """Return a prompt with a word for the style of all clips, where their captions have it: behind the trigger."""
    front, trigger, rest = template.partition(_TRIGGER)
    if front.strip() or not trigger:
        return f"{style}{SEPARATOR}{template}"
    return f"{_TRIGGER}{SEPARATOR}{style}{rest}"


def prompt_of(template: str, trigger: str) -> str:
    """Return the prompt with the trigger in it, to the letter; where there is none, nothing is left of its place."""
    return SEPARATOR.join(tokens(template.replace(_TRIGGER, literal(trigger))))


def prompts_of(loaded: LoadedBase, trigger: str, params: Params, windows: int = 1, style: str = "") -> list[Prompt]:
    """Return every prompt, and last the negative one, as the base sees it. Raises GengaError for what is not read.

    style: a word for the style of all clips: prompts have it, and then come once more without. Empty: as they are.
    """
    found = []
    for word in (style, "") if style else ("",):
        for template in templates(params):
            seen = []
            for frame, text in template.texts:
                check_prompt(
                    text, f"sample.{template.key}" if len(template.texts) == 1 else f"sample.{template.key}.{frame}"
                )
                seen.append(_fitted(loaded, prompt_of(with_style(text, word) if word else text, trigger), windows))
            later = zip((frame for frame, _ in template.texts[1:]), seen[1:], strict=True)
            found.append(replace(seen[0], later=tuple(later)))
    check_prompt(params.negative, "sample.negative")
    if any(prompt.later for prompt in found) and not loaded.family.by_frame:
        key = next(one.key for one in templates(params) if len(one.texts) > 1)
        kind = "one prompt for all of a clip" if loaded.family.moving else "no frames"
        raise GengaError(f"params.yaml:sample.{key}: a base of family {loaded.kind} ({loaded.name}) has {kind}")
    return [*found, _fitted(loaded, params.negative, windows)]


def tell_prompts(prompts: Sequence[Prompt], params: Params, run: str) -> None:
    """Say on stderr which weights act, and what is not seen of which prompt."""
    names = [f"prompt {number}" for number in range(len(prompts) - 1)] + ["the negative prompt"]
    for name, prompt in _named(names, prompts):
        weights = [f"{text.strip(SEPARATOR)!r} {weight:.3g}" for text, weight in prompt.parts if weight != 1]
        if weights:
            print(f"note: sample {run}: weights in {name}: {', '.join(weights)}", file=sys.stderr)
        if prompt.lost:
            print(f"note: sample {run}: {name} is too long, not seen of it: {prompt.lost}", file=sys.stderr)
    if params.guidance == 1 and params.negative:
        print(f"note: sample {run}: sample.guidance is 1: the negative prompt has no effect", file=sys.stderr)


def filled(loaded: LoadedBase, prompts: Sequence[Prompt]) -> int:
    """Return how many windows of the encoder the longest prompt fills: all have as many, as in web UIs."""
    texts = [[text for text, _ in one.parts] for prompt in prompts for _, one in prompt.by_frame]
    return next(n for n in count_from(1) if not any(loaded.family.is_cut(loaded.base, text, n) for text in texts))


def _named(names: Sequence[str], prompts: Sequence[Prompt]) -> Iterator[tuple[str, Prompt]]:
    for name, prompt in zip(names, prompts, strict=True):
        for frame, one in prompt.by_frame:
            yield f"{name} from frame {frame} on" if prompt.later else name, one


def _fitted(loaded: LoadedBase, prompt: str, windows: int) -> Prompt:
    whole = parts(prompt)
    text = "".join(text for text, _ in whole)

    def is_cut(start: str) -> bool:
        return loaded.family.is_cut(loaded.base, [text for text, _ in first(whole, len(start))], windows)

    seen = fit(text, is_cut)
    if seen == text:
        return Prompt(prompt, whole, "")
    kept = first(whole, len(seen))
    return Prompt(composed(kept), kept, text[len(seen) :].lstrip(SEPARATOR))
