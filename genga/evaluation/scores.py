"""The published scores of a character LoRA, and the selection of a checkpoint.

Recognition: how often a character embedder takes a generated picture for the same character as a dataset image. Both
published definitions, told apart by name:

- `recognition_v1` (CyberHarem v1.5): the fraction of (generated, dataset) pairs whose difference is at most the
  embedder's threshold. Raw, comparable between runs; the primary figure.
- `recognition_v2` (CyberHarem later): for each picture the mean of the same over the dataset, divided by the dataset's
  own upper bound: the fraction of its images that are the same as their merged feature. It can exceed 1.

Adherence (sdeval, "bikini plus"): the taggers' probability of every tag the prompt asks for (1 - p for the negative
prompt), weighted by 1.5^(ln count - P75), where P75 is the 75th percentile of ln count over the tagger's vocabulary.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

WEIGHT_BASE = 1.5  # of a tag's weight in adherence: frequent tags count for more
NORM_MIDDLE, NORM_SPREAD = 0.6, 0.2  # the published score maps z to 0.6 + 0.2 z ..
NORM_FLOOR = 1e-6  # .. and clips it to 1e-6..1
ADHERENCE_STD_MIN = 0.015  # the published floor, so that noise in adherence is not blown up
V1_STEPS_PER_IMAGE = 6  # v1.5 considers steps from 6 per dataset image on


def same(differences: npt.NDArray[np.float32], threshold: float) -> Values:
    """Return, for each generated picture, the fraction of references that are the same character.

    differences: (pictures, references). Its mean over pictures is `recognition_v1`.
    """
    return (differences <= threshold).mean(axis=1, dtype=np.float64)


def merged(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return one feature (d,) for many (n, d): the mean direction at the mean length."""
    tiny = float(np.finfo(np.float32).tiny)
    lengths = np.sqrt(np.square(features, dtype=np.float64).sum(axis=1, keepdims=True))
    direction = (features / np.maximum(lengths, tiny)).mean(axis=0)
    size = max(math.sqrt(math.fsum(direction * direction)), tiny)
    return (direction / size * lengths.mean()).astype(np.float32)


def tag_weights(counts: Mapping[str, int], base: float = WEIGHT_BASE) -> dict[str, float]:
    """Return a weight for each tag of a vocabulary by how often it occurs; tags that never do have none."""
    logs = {tag: math.log(count) for tag, count in counts.items() if count > 0}
    if not logs:
        return {}
    upper_quartile = float(np.percentile(list(logs.values()), 75))
    return {tag: base ** (value - upper_quartile) for tag, value in logs.items()}


def adherence(
    probabilities: Mapping[str, float],
    wanted: Sequence[str],
    unwanted: Sequence[str],
    weights: Mapping[str, float],
) -> float:
    """Return how well a picture keeps to its prompt, 0..1; 1 for a prompt without any known tag, as published."""
    wanted = [tag for tag in wanted if tag in weights]
    unwanted = [tag for tag in unwanted if tag in weights]
    total = math.fsum(weights[tag] for tag in (*wanted, *unwanted))
    if total == 0:
        return 1.0
    kept = math.fsum(weights[tag] * probabilities.get(tag, 0.0) for tag in wanted)
    avoided = math.fsum(weights[tag] * (1 - probabilities.get(tag, 0.0)) for tag in unwanted)
    return (kept + avoided) / total


def f_score(recognition: Values, adherence: Values, fidelity: float) -> Values:
    """Return (a^2 + 1) c b / (a^2 b + c), 0 where both are 0. Recognition c, adherence b, a = `fidelity`."""
    square = fidelity**2
    below = square * adherence + recognition
    return np.divide((square + 1) * recognition * adherence, below, out=np.zeros_like(below), where=below > 0)


def published_score(recognition_v2: Values, adherence: Values, fidelity: float) -> Values:
    """Return the later published score: both measures z-scored over the run's checkpoints (the first axis)."""
    return f_score(_normalised(recognition_v2, 0.0), _normalised(adherence, ADHERENCE_STD_MIN), fidelity)


def corrected_score(recognition_v2: Values, adherence: Values, copies: Values, fidelity: float) -> Values:
    """Return our score, 0..1, for arrays of one shape; copies: the share of samples that copy, in excess of chance.

    The same F score of the measures as they are: it neither depends on which other checkpoints the run happens to
    have, nor blows up noise. Less the copies, so that a checkpoint that has learned its images by heart does not win.
    """
    return f_score(np.clip(recognition_v2, 0, 1), np.clip(adherence, 0, 1), fidelity) * (1 - copies)


def best(scores: Values) -> npt.NDArray[np.int64]:
    """Return the index of the highest score along the first axis; of equal ones the first (the earliest step)."""
    return np.argmax(scores, axis=0)


def best_published_v1(steps: Sequence[int], recognition_v1: Values, dataset_images: int) -> int | None:
    """Return the step v1.5 selects: the best recognition from 6 steps per dataset image on; None if there is none."""
    late = [index for index, step in enumerate(steps) if step >= V1_STEPS_PER_IMAGE * dataset_images]
    return steps[late[int(best(recognition_v1[late]))]] if late else None


def _normalised(values: Values, std_min: float) -> Values:
    """Map values to 0.6 + 0.2 z along the first axis, clipped; equal values all to 0.6."""
    deviation = np.maximum(values.std(axis=0), std_min)
    z = (values - values.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    return np.clip(z * NORM_SPREAD + NORM_MIDDLE, NORM_FLOOR, 1.0)
