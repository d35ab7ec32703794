"""Pictures and their tags for the taggers: whole frames, and everybody's box cut out of them.

A crop is a frame whose camera shows less: its tags are those of the person in it and of the place, seen through it.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from demo.teach.frames import Frame, Image, Span, random_frame, seen_through
from demo.teach.people import crop_spans, shaken
from demo.world.tags import figure_tags, place_tags, scene_tags
from demo.world.vocabulary import INDEX, TAGS
from genga.images.boxes import padded
from genga.models.preparation import of_contract, prepare
from genga.params.models import Contract

FRAME_ASPECTS = (16 / 9, 16 / 9, 16 / 9, 1.0, 0.6)  # series, and the pictures that a text-to-image model samples
FRAME_HEIGHTS = (160, 240, 360)  # px
PADS = (0.0, 0.05, 0.1)  # how far beyond a person's box a tagger may look, share of its longer side
PART_SHARE = 0.5  # of persons whose half body and head are cut out too
LEAST_SIDE = 24  # px
SUBTITLE_LINE = 0.91  # where subtitles are, share of the frame's height
SHAKE = 0.02  # standard deviation of a box's sides, share of its size


@dataclass(frozen=True)
class Tagged:
    """Pictures with their tags."""

    images: Image  # (n, size, size, 3) RGB, padded to a white square
    tags: npt.NDArray[np.uint8]  # (n, tags): 1 where true, in the order of the vocabulary
    whole: npt.NDArray[np.bool_]  # (n,): a whole frame, not a crop


def resized(drawn: Tagged, size: int) -> Tagged:
    """The same pictures, `size` px high and wide."""
    return replace(drawn, images=np.stack([_as_seen(image, size) for image in drawn.images]))


def _as_seen(image: Image, size: int) -> Image:
    """A picture as a WD tagger is shown it, but RGB."""
    return prepare(image, of_contract(Contract(order="RGB"), (size, size))).astype(np.uint8)


def row_of(names: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """Tags as a row of ones and zeros."""
    row = np.zeros(len(TAGS), np.uint8)
    row[[INDEX[name] for name in names]] = 1
    return row


def crop_tags(frame: Frame, figure: int, span: Span) -> tuple[str, ...]:
    """What is true of `span` of a frame, that figure as if alone; empty when it shows nobody."""
    scene, aspect = seen_through(frame, span)
    person = figure_tags(scene, figure, aspect)
    if not person:
        return ()
    text = ("subtitled",) if scene.subtitle and _shows_text(frame, span) else ()
    return (*person, *sorted(place_tags(scene, aspect)), *text, "general")


def _shows_text(frame: Frame, span: Span) -> bool:
    """Whether the middle of the subtitle's line is in view."""
    height, width = frame.image.shape[:2]
    return span[0] < width / 2 < span[2] and span[3] > SUBTITLE_LINE * height


def draw_tagged(frames: int, seed: int, size: int, parts: bool = True) -> Tagged:
    """Draw frames and cut out everybody, as the taggers see them. The same seed draws the same ones.

    parts: half bodies and heads as well, now and then.
    """
    rng = np.random.default_rng(seed)
    images, tags, whole = [], [], []
    for _ in range(frames):
        aspect = float(rng.choice(FRAME_ASPECTS))
        frame = random_frame(rng, aspect, FRAME_HEIGHTS)
        found = [(frame.image, scene_tags(frame.scene, aspect)), *_crops(rng, frame, parts)]
        for i, (image, names) in enumerate(found):
            images.append(_as_seen(image, size))
            tags.append(row_of(names))
            whole.append(i == 0)
    return Tagged(np.stack(images), np.stack(tags), np.array(whole))


def _crops(rng: np.random.Generator, frame: Frame, parts: bool) -> list[tuple[Image, tuple[str, ...]]]:
    height, width = frame.image.shape[:2]
    crops = []
    for truth in frame.truth:
        if "person" not in truth.boxes:
            continue
        person = shaken(rng, truth.boxes["person"], width, height, SHAKE)
        spans = [padded(person, float(rng.choice(PADS)), width, height)]
        if parts and rng.random() < PART_SHARE:
            spans += crop_spans(rng, frame, truth.boxes)[1:]
        for x0, y0, x1, y1 in spans:
            names = crop_tags(frame, truth.figure, (x0, y0, x1, y1)) if min(x1 - x0, y1 - y0) >= LEAST_SIDE else ()
            if names:
                crops.append((frame.image[y0:y1, x0:x1], names))
    return crops
