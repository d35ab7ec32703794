"""On which side of the split a clip is: where the dataset's images of its group are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from genga.dataset.split import Shot, draw
from genga.params.dataset import Params
from genga.tables.dataset import DATASET, HELD_OUT, TRAIN
from genga.tables.schema import only

OF_DATASET = only(DATASET, "shot", "group", "split")


def shot_of(clip: str, shot: int) -> Shot:
    """Return a clip's shot as table dataset names it."""
    return f"{clip.rsplit('/', 1)[0]}/{shot}"


@dataclass(frozen=True)
class Sides:
    """On which side of the split the groups of a series are."""

    group_of: Mapping[Shot, Shot]
    side_of: Mapping[Shot, str]  # of groups with images in the dataset
    episode_side: Mapping[str, str]  # of episodes with images there, where whole ones are held out
    params: Params

    @staticmethod
    def of(images: pl.DataFrame, group_of: Mapping[Shot, Shot], params: Params) -> "Sides":
        episodes: dict[str, str] = {}
        for shot, side in images.select("shot", "split").unique().sort("shot", "split").iter_rows():
            episode = shot.rsplit("/", 1)[0]
            episodes[episode] = HELD_OUT if HELD_OUT in (side, episodes.get(episode)) else TRAIN
        return Sides(group_of, dict(images.select("group", "split").unique().iter_rows()), episodes, params)

    def row(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return a clip's shot, group and side, as columns of CLIPSET.

        A group without an image in the dataset falls as one with some would: by its draw, or its episodes'.
        """
        shot = shot_of(row["clip"], row["shot"])
        group = self.group_of.get(shot, shot)  # a shot without a still is a group of its own
        if group in self.side_of:
            return {"shot": shot, "group": group, "split": self.side_of[group]}
        if self.params.split_by == "shot":
            return {"shot": shot, "group": group, "split": self._drawn(group)}
        shots = [one for one, of in self.group_of.items() if of == group] or [shot]
        episodes = {one.rsplit("/", 1)[0] for one in shots}
        sides = {self.episode_side.get(episode) or self._drawn(episode) for episode in episodes}
        return {"shot": shot, "group": group, "split": TRAIN if TRAIN in sides else HELD_OUT}

    def _drawn(self, name: str) -> str:
        return HELD_OUT if draw(self.params.seed, name) < self.params.held_out else TRAIN
