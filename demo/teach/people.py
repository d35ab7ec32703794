"""People in many views: crops of random characters and of their look-alikes, for the character embedder.

A family is a character and others who differ from it in one or two features and wear the same clothes: what an
embedder must not mistake for one another.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from demo.teach.frames import Frame, Image, Span, photograph
from demo.world import cast
from demo.world.chance import pick, random_character, random_scene, similar
from demo.world.model import ACCESSORIES, BANGS, HAIR_STYLES, Character
from demo.world.palette import EYES, HAIR, SKIN, jitter
from genga.images.boxes import clip, square, within

HEAD_SCALE = 1.5  # side of a head's crop, times the head's longer side: the published process
LEAST_SIDE = 24  # px; smaller crops are not drawn
SHAKE = 0.03  # standard deviation of a crop's sides, share of its size: detectors are not exact
FRAME_ASPECTS = (16 / 9, 16 / 9, 1.0, 0.6)  # series, and the pictures that a text-to-image model samples
FRAME_HEIGHTS = (160, 240, 360)  # px

TRAITS: dict[str, tuple[str, ...]] = {  # what can be told of a character, and its values
    "gender": ("girl", "boy"),
    "hair_class": tuple(HAIR),
    "style": HAIR_STYLES,
    "bangs": BANGS,
    "eye_class": tuple(EYES),
    "skin_class": tuple(SKIN),
}


@dataclass(frozen=True)
class People:
    """Crops of people."""

    images: Image  # (n, size, size, 3) RGB, squashed
    who: npt.NDArray[np.int64]  # (n,) number of the character
    family: npt.NDArray[np.int64]  # (characters,) number of the family
    traits: npt.NDArray[np.int64]  # (characters, traits): the place of the value in TRAITS
    worn: npt.NDArray[np.float32]  # (characters, accessories and streak): 1 where worn


def look_alike(rng: np.random.Generator, someone: Character) -> Character:
    """Someone who differs in one or two features, and is not of the cast."""
    while True:
        other = someone
        for change in rng.permutation(("hair", "eyes", "style", "bangs", "worn", "streak"))[: rng.integers(1, 3)]:
            other = _changed(rng, other, str(change))
        if other != someone and not any(similar(other, member) for member in cast.CAST):
            return other


def _changed(rng: np.random.Generator, who: Character, feature: str) -> Character:
    if feature in ("hair", "eyes"):
        table, now = (HAIR, who.hair_class) if feature == "hair" else (EYES, who.eye_class)
        name = pick(rng, tuple(key for key in table if key != now))
        colour = jitter(rng, table[name], 9)
        if feature == "hair":
            return replace(who, hair_class=name, hair=colour)
        return replace(who, eye_class=name, eyes=colour)
    if feature == "streak":
        colours = tuple(key for key in HAIR if key != who.hair_class)
        return replace(who, streak=None if who.streak else HAIR[pick(rng, colours)])
    other = random_character(rng)
    while other.gender != who.gender:
        other = random_character(rng)
    if feature == "style":
        return replace(who, style=other.style)
    return replace(who, bangs=other.bangs) if feature == "bangs" else replace(who, accessories=other.accessories)


def draw_people(families: int, members: int, frames: int, seed: int, size: int) -> People:
    """Draw `frames` frames of each member of each family, and cut them. The same seed draws the same ones."""
    rng = np.random.default_rng(seed)
    images: list[Image] = []
    who: list[int] = []
    everyone: list[Character] = []
    for _ in range(families):
        first = random_character(rng)
        for someone in (first, *(look_alike(rng, first) for _ in range(members - 1))):
            for crop in _views(rng, someone, frames):
                images.append(np.asarray(Pillow.fromarray(crop).resize((size, size), Pillow.Resampling.BILINEAR)))
                who.append(len(everyone))
            everyone.append(someone)
    return People(
        np.stack(images),
        np.array(who),
        np.arange(len(everyone)) // members,
        np.array([[values.index(getattr(one, trait)) for trait, values in TRAITS.items()] for one in everyone]),
        np.array(
            [[a in one.accessories for a in ACCESSORIES] + [one.streak is not None] for one in everyone], np.float32
        ),
    )


def _views(rng: np.random.Generator, someone: Character, frames: int) -> Iterator[Image]:
    """Crops of someone in a few frames; of those of a lone upright figure the whole frame as well."""
    for _ in range(frames):
        aspect, height = float(rng.choice(FRAME_ASPECTS)), int(rng.choice(FRAME_HEIGHTS))
        company = 2 if aspect > 1 and rng.random() < 0.2 else 1
        scene = random_scene(rng, someone, figures=company, aspect=aspect)
        frame = photograph(rng, scene, round(height * aspect / 2) * 2, height)
        for truth in frame.truth:
            if scene.figures[truth.figure].character is someone:
                for x0, y0, x1, y1 in crop_spans(rng, frame, truth.boxes):
                    yield frame.image[y0:y1, x0:x1]
        if aspect < 1 and frame.truth:
            yield frame.image


def crop_spans(
    rng: np.random.Generator, frame: Frame, boxes: dict[str, Span], shake: float = SHAKE
) -> list[tuple[int, int, int, int]]:
    """The three-stage crops of someone with these boxes, shaken: whole figure, half body, head, as far as visible."""
    height, width = frame.image.shape[:2]
    spans = []
    if "person" not in boxes:
        return []
    person = shaken(rng, boxes["person"], width, height, shake)
    for kind in ("person", "halfbody", "head"):
        if kind in boxes:
            span = person if kind == "person" else shaken(rng, boxes[kind], width, height, shake)
            span = within(square(span, HEAD_SCALE), person) if kind == "head" else span
            if min(span[2] - span[0], span[3] - span[1]) >= LEAST_SIDE:
                spans.append(span)
    return spans


def shaken(rng: np.random.Generator, box: Span, width: int, height: int, shake: float) -> tuple[int, int, int, int]:
    """A box with every side moved a little, clipped to the frame, in whole px."""
    by = rng.normal(0, shake, 4) * np.array([box[2] - box[0], box[3] - box[1]] * 2)
    x0, y0, x1, y1 = (round(float(side + d)) for side, d in zip(box, by, strict=True))
    return clip((x0, y0, x1, y1), width, height)
