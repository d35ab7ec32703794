"""What a clip's captions say beside its tags and names: as the dataset's captions of its drawings have it.

Of a drawing that is an image of the dataset these are that image's words; what a captioner says of others stands in
table describe. Of a clip's drawings the most typical one speaks, which is shown for longest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from genga.dataset.styles import Safety, Style
from genga.params.dataset import Params
from genga.tables.dataset import DATASET
from genga.tables.describe import DESCRIBE
from genga.tables.schema import only
from genga.vocabulary.text import SENTENCES, TAGS, plain

OF_DATASET = only(DATASET, "image", "still", "crop", "shot", "captions")
OF_DESCRIBE = only(DESCRIBE, "image", "sentences")

_QUALITY, _SAFETY = "quality", "safety"  # parts of a caption
_RATINGS = tuple(Safety.model_fields)  # from the mildest on

Said = Mapping[str, Mapping[str, str]]  # of an image, by the form of its caption, the text of each part


def typical(row: Mapping[str, Any]) -> list[str]:
    """Return a clip's stills, the one that is shown for longest first; of equals the one nearest its middle."""
    shown: dict[int, float] = {}
    for frame, hold in zip(row["frames"], row["holds"], strict=True):
        shown[frame] = shown.get(frame, 0) + max(1, hold)  # 0: again within a frame that is held for long
    middle = (len(row["stills"]) - 1) / 2
    places = {still: place for place, still in enumerate(row["stills"])}
    return sorted(places, key=lambda still: (-shown.get(_frame(still), 0), abs(places[still] - middle), places[still]))


def _frame(still: str) -> int:
    return int(still.rsplit("/", 1)[1])


@dataclass(frozen=True)
class Told:
    """What is said of the drawings of a series."""

    whole: Mapping[str, Said]  # of each still that is an image of the dataset
    parts: Mapping[str, Sequence[Said]]  # of each still its images there, itself first, then crops
    shots: Mapping[str, Sequence[str]]  # stills with images there, of each shot
    sentences: Mapping[str, str]  # of other stills, by a captioner
    params: Params
    style: Style

    @staticmethod
    def of(images: pl.DataFrame, described: pl.DataFrame, params: Params, style: Style) -> "Told":
        """images: OF_DATASET; described: OF_DESCRIBE."""
        whole: dict[str, Said] = {}
        parts: dict[str, list[Said]] = {}
        shots: dict[str, list[str]] = {}
        for one in images.sort("still", pl.col("crop").fill_null(""), "image").iter_rows(named=True):
            said = {of["form"]: {part["part"]: part["text"] for part in of["parts"]} for of in one["captions"]}
            if one["crop"] is None:
                whole[one["still"]] = said
            parts.setdefault(one["still"], []).append(said)
            shots.setdefault(one["shot"], []).append(one["still"])
        asked = params.captions != [TAGS] and "model" in params.sentences
        return Told(whole, parts, shots, dict(described.iter_rows()) if asked else {}, params, style)

    def sentence(self, row: Mapping[str, Any], form: str) -> str:
        """Return what is said in sentences of the most typical drawing of which any is; "": of none."""
        return next(filter(None, (self._sentence(still, form) for still in typical(row))), "")

    def _sentence(self, still: str, form: str) -> str:
        if still in self.whole:
            return plain(self.whole[still].get(form, {}).get(SENTENCES, ""))
        return self.sentences.get(still, "")

    def words(self, row: Mapping[str, Any], shot: str) -> dict[str, list[str]]:
        """Return the words of quality, its most typical drawing's, and of safety, the least safe drawing's.

        Of a clip without an image in the dataset they are its shot's.
        """
        own = [still for still in typical(row) if still in self.parts] or self.shots.get(shot, [])
        images = [said for still in own for said in self.parts[still]]
        quality = next(filter(None, (text for said in images for text in _texts(said, _QUALITY))), "")
        ratings = {} if self.style.safety is None else {getattr(self.style.safety, name): name for name in _RATINGS}
        found = [plain(text) for said in images for text in _texts(said, _SAFETY)]
        safe = max(
            (word for word in found if word in ratings), key=lambda word: _RATINGS.index(ratings[word]), default=""
        )
        return {_QUALITY: [plain(quality)] if quality else [], _SAFETY: [safe] if safe else []}


def _texts(said: Said, part: str) -> Iterator[str]:
    """A part of an image's first caption; of all its captions it is the same."""
    yield from (parts[part] for parts in list(said.values())[:1] if part in parts)
