"""What became of a frame, in words: the reasons of stage dedup as traces and pages say them, and its decisions."""

from collections.abc import Iterable
from typing import NamedTuple


class Reason(NamedTuple):
    """A reason in the words of a trace and of a page, and how a page draws the frame."""

    short: str
    long: str
    drawn: str  # new: as a new drawing; again: as one that was there; move; none: as no drawing


REASONS = {
    "kept": Reason("a new drawing", "a drawing seen for the first time: it became a still", "new"),
    "restored": Reason("kept by a person", "a person decided that it is a drawing of its own", "new"),
    "held": Reason("the drawing is held", "the same drawing, in the same hold", "again"),
    "weather": Reason(
        "rain, snow or sparks in front of the drawing",
        "the same drawing, with something else passing in front",
        "again",
    ),
    "recurring": Reason("the drawing was there before", "a drawing that was there before in this episode", "again"),
    "series": Reason("the drawing was there in another episode", "a drawing that an earlier episode keeps", "again"),
    "camera": Reason("the camera moves over the drawing", "on the way of a camera move over one drawing", "move"),
    "stitched": Reason(
        "part of one picture of a camera move", "part of one picture of all that the camera passes", "move"
    ),
    "blend": Reason("a mixture of two drawings", "a single frame that mixes the drawings around it", "none"),
    "flash": Reason("a flash of light: no drawing of its own", "a flash of light: no drawing of its own", "none"),
    "dissolve": Reason(
        "in a dissolve or fade: no drawing of its own", "mixed in a dissolve or fade: no drawing of its own", "none"
    ),
    "black": Reason("black", "black: no drawing", "none"),
    "dropped": Reason("dropped by a person", "a person decided that it is no drawing to keep", "none"),
}

# What a decision came to, by what was asked and whether the answer was yes.
ANSWERS = {
    ("held", True): "taken for one drawing, held",
    ("held", False): "kept as a new drawing",
    ("recurring", True): "taken for a drawing that was there before",
    ("recurring", False): "kept as a drawing that was not there before",
}


def meanings(reasons: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return what each reason means, and how it is drawn; nothing is said of one that is not known."""
    known = {name: (reason.long, reason.drawn) for name, reason in REASONS.items()}
    return known | {reason: ("", "none") for reason in reasons if reason not in known}
