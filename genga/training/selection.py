"""Which examples a phase of a run learns from, at which sizes, and how many stills are among its clips."""

from collections import Counter, defaultdict
from dataclasses import replace

from genga.dataset.buckets import bucket_sizes, fit
from genga.errors import GengaError
from genga.params.train import Buckets, Params, Select
from genga.tables.dataset import MEASURES
from genga.training.examples import Example
from genga.training.rng import digest
from genga.training.transforms import Cut


def selected(examples: list[Example], select: Select, seed: int, key: str) -> list[Example]:
    """Return the examples that a phase learns from, in their order; clips have neither kinds nor scores, and all stay.

    So do prior images. seed: says which of a character's images are taken, where not all are; key: of `select` in
    params.yaml, for messages. Raises GengaError if there are none.
    """
    ranges = select.scores.model_dump(exclude_none=True) if select.scores is not None else {}
    found = [
        one
        for one in examples
        if one.prior
        or (select.tiers is None or one.tier in select.tiers)
        and (select.kinds is None or one.kind in select.kinds or one.moves)
        and (select.characters is None or one.character in select.characters)
        and (one.moves or all(_is_in(_score(one, name), *bounds) for name, bounds in ranges.items()))
    ]
    if all(one.prior for one in found):
        there = _there(examples, list(ranges))
        raise GengaError(f"params.yaml:{key}.select: leaves no image to learn from; select of those there are: {there}")
    if select.images is None:
        return found
    by_character: dict[str | None, list[Example]] = defaultdict(list)
    counted = [one for one in found if not one.moves and not one.prior]
    for one in sorted(counted, key=lambda one: digest(seed, "select", one.image)):
        by_character[one.character].append(one)
    taken = {one.image for ones in by_character.values() for one in ones[: select.images]}
    return [one for one in found if one.image in taken or one.moves or one.prior]


def _score(one: Example, measure: str) -> float | None:
    return one.scores[list(MEASURES).index(measure)]


def _is_in(score: float | None, least: float | None, most: float | None) -> bool:
    return score is not None and (least is None or score >= least) and (most is None or score <= most)


def _there(examples: list[Example], measures: list[str]) -> str:
    """How many images there are by tier, kind and character, and between what they score, but for prior ones."""
    examples = [one for one in examples if not one.prior]
    tallies = {
        name: Counter(getattr(one, name) or "none" for one in examples) for name in ("tier", "kind", "character")
    }
    said = [f"{name} {', '.join(f'{one} {n}' for one, n in of.items())}" for name, of in tallies.items()]
    for name in measures:
        scores = [score for one in examples if not one.moves and (score := _score(one, name)) is not None]
        there = f"{min(scores):g} to {max(scores):g}" if scores else "of none: models.yaml has no model in that role"
        said.append(f"{name} {there}")
    return "; ".join(said)


def recut(examples: list[Example], buckets: Buckets | None) -> list[Example]:
    """Return the examples as these buckets cut them; None: as the dataset does."""
    if buckets is None:
        return examples
    if buckets.sizes is not None:
        sizes = [(width, height) for width, height in buckets.sizes]
    else:
        assert buckets.resolution is not None
        sizes = bucket_sizes(buckets.resolution, buckets.min, buckets.max, buckets.step)
    fits = [fit(*one.original, sizes) for one in examples]
    return [replace(one, cut=Cut(to.scaled, to.box)) for one, to in zip(examples, fits, strict=True)]


def mixed(examples: list[Example], params: Params, key: str) -> list[Example]:
    """The examples with the frames that section `clips` says, and as many stills as are to be among the looks.

    Which stills, the seed and the phase say. Raises GengaError if there are none to take.
    """
    of = params.clips
    clips = [one.seen_as(of.length, of.stride) for one in examples if one.moves]
    stills = [one for one in examples if not one.moves]
    if not clips:
        return stills
    wanted = round(sum(one.repeats for one in clips) * of.stills / (1 - of.stills))
    if wanted and not stills:
        raise GengaError(f"params.yaml:{key}.clips.stills: the dataset has no image to be seen as a still; set it to 0")
    ordered = sorted(stills, key=lambda one: digest(params.seed, "stills", key, one.image))
    again, rest = divmod(wanted, len(ordered)) if ordered else (0, 0)
    repeats = [(one, again + (number < rest)) for number, one in enumerate(ordered)]
    return clips + [replace(one, repeats=count) for one, count in repeats if count]
