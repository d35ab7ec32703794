"""Who is in a clip, told from the names on its drawings, and which looks a name stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from genga.dataset.captions import core_tags
from genga.params.dataset import Params
from genga.tables.characters import CHARACTERS, NOBODY
from genga.tables.dataset import DATASET
from genga.tables.detect import DETECT
from genga.tables.schema import only

OF_DETECT = only(DETECT, "still", "kind")
OF_CHARACTERS = only(CHARACTERS, "still", "character", "outfit")
OF_DATASET = only(DATASET, "character", "tags")

_SHARE = 0.5  # of a clip's drawings that somebody is on, of whom its caption speaks


@dataclass(frozen=True)
class Known:
    """Who is on the drawings of a series."""

    names: Mapping[str, Mapping[str, str | None]]  # of each still, with their outfits
    peopled: frozenset[str]  # stills with somebody in them
    crowded: frozenset[str]  # with more than one
    core: Mapping[str, list[str]]  # the looks that a character's name stands for

    @staticmethod
    def of(names: pl.DataFrame, boxes: pl.DataFrame, images: pl.DataFrame, params: Params) -> "Known":
        named = names.filter(pl.col("character").is_not_null() & (pl.col("character") != NOBODY))
        found: dict[str, dict[str, str | None]] = {}
        for still, character, outfit in named.sort("still", "character", "outfit").iter_rows():
            found.setdefault(still, {}).setdefault(character, outfit or None)
        persons = boxes.filter(kind="person").group_by("still").len()
        core = {
            str(name): sorted(core_tags(rows["tags"].to_list(), params.core_share))
            for (name,), rows in images.drop_nulls("character").sort("character").group_by("character")
        }
        return Known(
            found, frozenset(boxes["still"]), frozenset(persons.filter(pl.col("len") > 1)["still"]),
            core if params.drop_core_tags else {},
        )  # fmt: skip

    def row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return who is in a clip, as columns of CLIPSET: by name who is on at least half of its drawings."""
        on = [name for still in row["stills"] for name in self.names.get(still, {})]
        often = sorted(name for name in set(on) if on.count(name) >= _SHARE * len(row["stills"]))
        return {"characters": often, "character": on[0] if len(set(on)) == 1 else None}

    def names_of(self, row: Mapping[str, Any]) -> list[str]:
        """Return whose names a clip's caption says, and what they wear, if somebody is alone in it and wears one."""
        said = self.row(row)
        if (name := said["character"]) is None or not said["characters"]:
            return list(said["characters"])
        worn = {of[name] for still in row["stills"] if name in (of := self.names.get(still, {}))}
        return [name, *(outfit for outfit in worn if outfit is not None and len(worn) == 1)]

    def stood_for(self, row: Mapping[str, Any]) -> list[str]:
        """Return the tags that a clip's caption does not mention: the looks of the one who is in it, by name."""
        alone = not self.crowded & {*row["stills"]}
        said = self.row(row)
        return self.core.get(said["character"], []) if alone and said["characters"] else []
