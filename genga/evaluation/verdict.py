"""One sentence on a run: does its LoRA beat the base?"""

from typing import Any

BASE = 0  # step of the base, which has no LoRA


def decides(low: float, high: float) -> str:
    """Return `better`, `worse` or `undecided`, for the interval of a difference."""
    if low > 0:
        return "better"
    return "worse" if high < 0 else "undecided"


def said(value: float, sign: str = "") -> str:
    """Return a figure to two digits as people read it, `0.00` where it would be minus nothing.

    sign: `+` writes it before positive numbers and nothing.
    """
    # Adding 0.0 after rounding makes a negative zero positive.
    return f"{round(value, 2) + 0.0:{sign}.2f}"


def verdict(figures: dict[str, Any]) -> str:
    """Return one sentence on the figures of comparison(): whether the LoRA beats its base in recognition."""
    words = {"better": "beats its base", "worse": "is worse than its base", "undecided": "cannot be told from its base"}
    step = figures["selection"]["step"]
    of_step = {row["step"]: row["recognition_v1"]["mean"] for row in figures["steps"]}
    difference = figures["difference"]["recognition_v1"]
    mean, low, high = (said(difference[name], "+") for name in ("mean", "low", "high"))
    moves = {row["step"]: row["moves"]["mean"] for row in figures["steps"] if "moves" in row}
    motion = f" Moves as drawn clips do by {moves[step]:.2f} of 1, its base by {moves[BASE]:.2f}." if moves else ""
    return (
        f"Step {step} {words[decides(difference['low'], difference['high'])]}: recognition {of_step[step]:.2f} "
        f"beside {of_step[BASE]:.2f}, difference {mean} "
        f"({figures['bootstrap']['confidence']:.0%} interval {low} to {high})."
        f"{motion}"
    )
