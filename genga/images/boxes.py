"""Boxes in an image: (x0, y0, x1, y1) in px, x1 and y1 exclusive; how they overlap and move, and which part is whose.

A part (half body, head, face) belongs to the person box that contains it best, and a person has one part of a kind.
"""

from collections.abc import Sequence

Box = tuple[int, int, int, int]
WHOLE: Box = (0, 0, 1000, 1000)  # a picture, in thousandths of itself


def area(box: Box) -> int:
    """Return the area in px; 0 for an empty or inverted box."""
    x0, y0, x1, y1 = box
    return max(x1 - x0, 0) * max(y1 - y0, 0)


def overlap(a: Box, b: Box) -> int:
    """Return the area that two boxes share, in px."""
    return area(within(a, b))


def containment(part: Box, whole: Box) -> float:
    """Return the share of `part` that lies within `whole`, 0..1; 0 for an empty part."""
    return overlap(part, whole) / area(part) if area(part) else 0.0


def iou(a: Box, b: Box) -> float:
    """Return the shared area over the area of both (intersection over union), 0..1; 0 for empty boxes."""
    shared = overlap(a, b)
    return shared / (area(a) + area(b) - shared) if shared else 0.0


def off_middle(a: Box, b: Box) -> int:
    """Return how far the middles of two boxes are from each other, twice, across and down together."""
    return sum(abs(a[k] + a[k + 2] - b[k] - b[k + 2]) for k in (0, 1))


def around(boxes: Sequence[Box]) -> Box:
    """Return the smallest box around all of them."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def thousandths(box: Box, picture: Box) -> Box:
    """Return a box in thousandths of another one's width and height, from its left top corner."""
    left, top, right, bottom = picture
    x0, x1 = (round(1000 * (x - left) / (right - left)) for x in box[::2])
    y0, y1 = (round(1000 * (y - top) / (bottom - top)) for y in box[1::2])
    return x0, y0, x1, y1


def carried(box: Box, motion: Sequence[float]) -> Box:
    """Return the smallest box around what an affine motion makes of a box: (u, v) to (a u + b v + x, c u + d v + y)."""
    a, b, x, c, d, y = motion
    points = [(a * u + b * v + x, c * u + d * v + y) for u in box[::2] for v in box[1::2]]
    across, down = zip(*points, strict=True)
    return round(min(across)), round(min(down)), round(max(across)), round(max(down))


def clip(box: Box, width: int, height: int) -> Box:
    """Return the part of `box` within an image of `width` x `height` px."""
    x0, y0, x1, y1 = box
    return min(max(x0, 0), width), min(max(y0, 0), height), min(max(x1, 0), width), min(max(y1, 0), height)


def within(box: Box, outer: Box) -> Box:
    """Return the part of `box` within `outer`; empty where they do not meet."""
    x0, y0, x1, y1 = max(box[0], outer[0]), max(box[1], outer[1]), min(box[2], outer[2]), min(box[3], outer[3])
    return x0, y0, max(x1, x0), max(y1, y0)


def padded(box: Box, share: float, width: int, height: int) -> Box:
    """Return `box` grown on each side by `share` of its longer side, clipped to the image."""
    x0, y0, x1, y1 = box
    by = round(share * max(x1 - x0, y1 - y0))
    return clip((x0 - by, y0 - by, x1 + by, y1 + by), width, height)


def widened(box: Box, least_aspect: float, width: int) -> Box:
    """Return the box with as much of both sides as gives it the aspect (width by height); moved in from a border.

    width: px of the image, beyond which nothing can be added.
    """
    x0, y0, x1, y1 = box
    wanted = min(round(least_aspect * (y1 - y0)), width)
    if wanted <= x1 - x0:
        return box
    start = min(max(x0 - (wanted - (x1 - x0)) // 2, 0), width - wanted)
    return start, y0, start + wanted, y1


def square(box: Box, scale: float) -> Box:
    """Return the square around the centre of `box` whose side is `scale` times the box's longer side; not clipped."""
    x0, y0, x1, y1 = box
    side = round(scale * max(x1 - x0, y1 - y0))
    left, top = (x0 + x1 - side) // 2, (y0 + y1 - side) // 2
    return left, top, left + side, top + side


def assign(parts: Sequence[Box], persons: Sequence[Box], least: float) -> list[int | None]:
    """Return for each part the index of its person, None where there is none.

    Pairs whose containment is at least `least` are given away best first, one part to a person. Among persons that
    contain a part alike, the one whose top is nearest comes first: of two that overlap, the head is at the top of its
    own. Later parts of a person already served (a reflection, someone behind) stay without one.
    """
    pairs = sorted(
        (-round(share, 2), abs(part[1] - person[1]), area(person), i, j)
        for i, part in enumerate(parts)
        for j, person in enumerate(persons)
        if (share := containment(part, person)) >= least
    )
    owner: list[int | None] = [None] * len(parts)
    served: set[int] = set()
    for *_, i, j in pairs:
        if owner[i] is None and j not in served:
            owner[i] = j
            served.add(j)
    return owner
