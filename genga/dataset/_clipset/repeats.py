"""Which clips show again what clips of another episode show: as the series' dataset says of their drawings.

Of short clips that are there twice the dataset leaves one's drawings out for reason `series`, and says which still is
kept in the place of each. A clip most of whose drawings clips of another episode show, so understood, teaches no motion
that these do not. Those come first that show most drawings of their own, then the larger, of better tiers, by name; and
what is left out itself takes no other's place.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from genga.tables.left_out import LEFT_OUT
from genga.tables.quality import TIERS
from genga.tables.schema import only

OF_LEFT_OUT = only(LEFT_OUT, "still", "crop", "reason", "same_as")
PART = 0.6  # of a clip's drawings that another episode's clips must show

Row = Mapping[str, Any]


def standing(left_out: pl.DataFrame) -> dict[str, str]:
    """Return the still that is kept in the place of each that another clip shows too. left_out: OF_LEFT_OUT."""
    whole = left_out.filter(pl.col("crop").is_null(), reason="series")
    return dict(whole.select("still", "same_as").iter_rows())


def repeats(clips: Iterable[Row], stands: Mapping[str, str]) -> dict[str, str]:
    """Return the clips that repeat others, each with the clip that shows most of what it shows.

    clips: rows of CLIPS that would be learnt from. stands: see `standing`.
    """
    if not stands:
        return {}
    shown: dict[str, list[str]] = defaultdict(list)  # of a drawing, the clips that are kept and show it
    found: dict[str, str] = {}
    for row in sorted(clips, key=lambda row: _rank(row, stands)):
        drawings = [stands.get(still, still) for still in row["stills"]]
        episode = _episode(row["clip"])
        there = [clip for one in drawings for clip in shown[one] if _episode(clip) != episode]
        by_episode = Counter(name for one in drawings for name in {_episode(clip) for clip in shown[one]} - {episode})
        home, count = min(by_episode.items(), key=lambda one: (-one[1], one[0]), default=("", 0))
        if drawings and count >= PART * len(drawings):
            of_home = Counter(clip for clip in there if _episode(clip) == home)
            found[row["clip"]] = min(of_home, key=lambda clip: (-of_home[clip], clip))
            continue
        for one in dict.fromkeys(drawings):
            shown[one].append(row["clip"])
    return found


def _rank(row: Row, stands: Mapping[str, str]) -> tuple[float, int, int, str]:
    again = sum(still in stands for still in row["stills"]) / max(1, len(row["stills"]))
    tier = len(TIERS) if row["tier"] is None else TIERS.index(row["tier"])
    return again, -row["width"] * row["height"], tier, row["clip"]


def _episode(clip: str) -> str:
    return clip.rpartition("/")[0]
