"""What a decision came to and what a reason means, in the words of the pages that show them."""

from collections.abc import Iterable

from genga.reasons import REASONS

ANSWERS = {
    ("held", True): "taken for one drawing, held",
    ("held", False): "kept as a new drawing",
    ("recurring", True): "taken for a drawing that was there before",
    ("recurring", False): "kept as a drawing that was not there before",
}


def meanings(reasons: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return what each reason means, and how it is drawn; nothing is said of one that genga.reasons does not know."""
    known = {name: (reason.long, reason.drawn) for name, reason in REASONS.items()}
    return known | {reason: ("", "none") for reason in reasons if reason not in known}
