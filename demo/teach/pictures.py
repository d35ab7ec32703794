"""Pictures and captions that the embedded text-to-image base learns from.

Every picture is a random scene of the drawn world, with random people (never the sample series' own), drawn at the size
of its aspect bucket. Captions are Danbooru tags as the dataset stage writes them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from demo.world.chance import random_scene
from demo.world.render import render
from demo.world.tags import scene_tags
from demo.world.vocabulary import GENERAL, TAGS

# Width and height in px, the share of the pictures, and how often each view of it is drawn.
BUCKETS: tuple[tuple[int, int, float, dict[str, float]], ...] = (
    (96, 160, 0.40, {"full": 0.75, "upper": 0.17, "portrait": 0.08}),
    (128, 128, 0.42, {"full": 0.15, "upper": 0.40, "portrait": 0.45}),
    (160, 96, 0.18, {}),  # empty: as in the series, with nobody, one or several in view
)
_GENERAL = frozenset(name for name, category in TAGS if category == GENERAL)
_SUBJECTS = (
    "no_humans",
    "solo",
    "1girl",
    "1boy",
    "2girls",
    "2boys",
    "3girls",
    "3boys",
    "multiple_girls",
    "multiple_boys",
)
_SYLLABLES = (
    "ka",
    "mi",
    "ri",
    "to",
    "ha",
    "no",
    "shi",
    "yu",
    "re",
    "na",
    "so",
    "ki",
    "ma",
    "ru",
    "te",
    "ku",
    "ai",
    "en",
)


@dataclass(frozen=True)
class Pictures:
    """Pictures of one bucket."""

    images: npt.NDArray[np.uint8]  # (n, height, width, 3), RGB
    tags: tuple[tuple[str, ...], ...]  # n, subject tags first


def draw_pictures(count: int, seed: int) -> list[Pictures]:
    """Draw about `count` pictures, split over the buckets by their share. The same seed draws the same pictures."""
    return [
        _draw_bucket(round(count * share), [seed, width], width, height, views)
        for width, height, share, views in BUCKETS
    ]


def _draw_bucket(n: int, seed: list[int], width: int, height: int, views: dict[str, float]) -> Pictures:
    rng = np.random.default_rng(seed)
    images = np.empty((n, height, width, 3), np.uint8)
    tags = []
    aspect = width / height
    for i in range(n):
        view = str(rng.choice(list(views), p=list(views.values()))) if views else None
        scene = random_scene(rng, figures=1 if views else None, view=view, aspect=aspect)
        images[i] = render(scene, width, height).image
        tags.append(general_tags(scene_tags(scene, aspect)))
    return Pictures(images, tuple(tags))


def general_tags(names: Iterable[str]) -> tuple[str, ...]:
    """Those of a scene's tags that a caption names, subject tags first."""
    return tuple(sorted((tag for tag in names if tag in _GENERAL), key=lambda tag: tag not in _SUBJECTS))


def caption(tags: tuple[str, ...], rng: np.random.Generator, drop: float = 0.1) -> str:
    """A caption for one look: sometimes empty, sometimes led by an unknown name, its tags shuffled and dropped.

    drop: the share of captions left empty (for guidance), and of tags left out of the others. The unknown names teach
    the base to pay no heed to a trigger word before someone trains it.
    """
    if rng.random() < drop:
        return ""
    subjects = [tag for tag in tags if tag in _SUBJECTS]
    rest = [tag for tag in tags if tag not in _SUBJECTS and rng.random() >= drop]
    name = ["".join(rng.choice(_SYLLABLES, rng.integers(2, 4)))] if rng.random() < 0.35 else []
    return ", ".join(tag.replace("_", " ") for tag in [*name, *subjects, *rng.permutation(rest).tolist()])
