"""Where people are cut out of a still: the boxes of the published three-stage crop, and what speaks against one."""

from collections.abc import Sequence

from genga.images.boxes import Box, area, overlap, square, widened, within
from genga.params.crop import Params
from genga.people.figures import Person


def crop_boxes(one: Person, width: int, params: Params) -> dict[str, Box]:
    """Return the boxes to cut for a person in a still of `width` px, by kind; none without a person box."""
    if one.person is None:
        return {}
    boxes = {"fullbody": widened(one.person, params.least_aspect, width)}
    if one.halfbody is not None:
        boxes["halfbody"] = within(one.halfbody, one.person)
    if one.head is not None:
        boxes["head"] = within(square(one.head, params.head_scale), one.person)
    return boxes


def under(box: Box, text: Sequence[Box]) -> float:
    """Return the share of a box that lies under lines of text, 0..1; lines do not overlap."""
    return min(1.0, sum(overlap(box, line) for line in text) / area(box))


def freed(box: Box, text: Sequence[Box], most: float) -> Box:
    """Return a box without its lower or upper edge that lies under text, if that is at most `most` of its height."""
    x0, y0, x1, y1 = box
    over = [line for line in text if overlap(box, line) > 0]
    top = max((line[3] for line in over if line[1] + line[3] < y0 + y1), default=y0)
    bottom = min((line[1] for line in over if line[1] + line[3] >= y0 + y1), default=y1)
    return (x0, top, x1, bottom) if bottom - top >= (1 - most) * (y1 - y0) else box


def against(box: Box, larger: Sequence[Box], least_side: int, repeat: float) -> str:
    """Return why a crop is not kept, or "": a side is too short, or it is nearly one of the `larger` crops."""
    if min(box[2] - box[0], box[3] - box[1]) < least_side:
        return "small"
    same = (overlap(box, other) / (area(box) + area(other) - overlap(box, other)) for other in larger)
    return "repeat" if any(share > repeat for share in same) else ""
