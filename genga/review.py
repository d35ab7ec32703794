"""The page of an episode: what was made of its frames, for a person to look through and correct.

Its kept drawings shot by shot, each with how long it is on screen, which drawing is on screen when, and the closest
decisions side by side, each with the line that overrules it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from genga.dedup_corrections import COLUMNS
from genga.pages import page
from genga.reasons import REASONS
from genga.review_charts import busy, exposed, strip
from genga.review_pictures import Pair

TEMPLATE, STYLE = "review.html.j2", "review.css"

ANSWERS = {
    ("held", True): "taken for one drawing, held",
    ("held", False): "kept as a new drawing",
    ("recurring", True): "taken for a drawing that was there before",
    ("recurring", False): "kept as a drawing that was not there before",
}


def review(
    figures: Mapping[str, Any],
    shots: Sequence[Mapping[str, Any]],
    rhythm: Sequence[Mapping[str, float]],
    pictures: Mapping[int, str],
    grids: Mapping[int, str],
    pairs: Sequence[Pair],
    shape: tuple[int, int],
) -> str:
    """Return the page.

    figures, shots, rhythm: see review_figures. pictures: data URIs of the kept drawings by frame; grids: likewise of
    the frames that were compared; pairs: where they differ, for each of figures["closest"]. shape: width and height of
    a still, px.
    """
    return page(
        TEMPLATE,
        STYLE,
        **figures,
        all_shots=shots,
        rhythm=busy(rhythm),
        strips=[(strip(shot), exposed(shot)) for shot in shots],
        pictures=pictures,
        grids=grids,
        pairs=pairs,
        shape=shape,
        why=meanings(figures["reasons"]),
        answers=ANSWERS,
        columns=",".join(COLUMNS),
        scale=scale,
    )


def meanings(reasons: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return what each reason means, and how it is drawn; nothing is said of one that genga.reasons does not know."""
    known = {name: (reason.long, reason.drawn) for name, reason in REASONS.items()}
    return known | {reason: ("", "none") for reason in reasons if reason not in known}


def scale(difference: float, threshold: float) -> float:
    """Return where a difference lies on a scale around its threshold, 0..100: a quarter of it, it (50), four times."""
    ratio = max(difference, 1e-9) / threshold
    return round(50 + 25 * max(-2.0, min(2.0, math.log2(ratio))), 1)
