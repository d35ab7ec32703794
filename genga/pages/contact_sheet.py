"""A contact sheet of clusters, for the person who names them: one HTML file that opens anywhere.

For each cluster, its medoid and crops from near to far: if the far ones show someone else, the cluster is a mixture.
Below stand the tags on which the taggers disagree most, the lines of the table of names that take no effect, and those
that it still needs, to be copied and filled in.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined

from genga.decisions.csv import AT, KINDS, line_of, path_of
from genga.images.image import Image
from genga.people.characters import Outcome
from genga.people.clustering import NOISE
from genga.people.doubts import Doubt
from genga.people.doubts import doubts as doubts

TEMPLATE = "characters.html.j2"
HEIGHT = 128  # px of a thumbnail
MAX_CLUSTERS = 200  # more than anyone names at a sitting; about 8 MB


@dataclass(frozen=True)
class Thumbnail:
    crop: str
    distance: float | None  # to the medoid
    source: str  # data URI


@dataclass(frozen=True)
class Card:
    """A cluster on the sheet."""

    cluster: int
    names: str  # as given so far, empty if none
    crops: int  # in all
    pictures: list[Thumbnail]


def sheet(
    series: str, told: Outcome, image_of: Callable[[str], Image], crops: int, doubtful: Sequence[Doubt] = ()
) -> str:
    """Return the page. Equal tables and images give equal bytes.

    told: what stage characters came to. image_of: a crop's pixels; crops: shown per cluster. doubtful: tags to look at.
    """
    table, medoids = told.table, told.medoids
    groups = {number: rows for (number,), rows in table.group_by("cluster", maintain_order=True)}
    clusters = sorted((one for one in groups if one != NOISE), key=lambda one: (-groups[one].height, one))
    cards = [_card(number, groups[number], image_of, crops) for number in clusters[:MAX_CLUSTERS]]
    strays = _card(NOISE, groups[NOISE], image_of, 2 * crops) if NOISE in groups else None
    named = {card.cluster for card in cards if card.names}
    unnamed = [medoids[card.cluster] for card in cards if card.cluster not in named]
    environment = Environment(loader=PackageLoader("genga.pages"), autoescape=True, undefined=StrictUndefined)
    return environment.get_template(TEMPLATE).render(
        series=series,
        corrections=path_of("characters", series),
        cards=cards,
        strays=strays,
        left_out=len(clusters) - len(cards),
        header=KINDS["characters"].header,
        lines=[line_of("characters", {"crop": one, "scope": "cluster", AT: told.at.get(one, "")}) for one in unnamed],
        without_effect=told.open,
        doubtful=[(one, _data_uri(image_of(one.crop)) if one.crop else "") for one in doubtful],
        columns=KINDS["tags"].header,
        height=HEIGHT,
    )


def spread(rows: pl.DataFrame, count: int) -> list[tuple[str, float | None]]:
    """Return (crop, distance) of at most `count` crops, evenly from the nearest to the farthest, medoid first.

    Crops that were not embedded come in only where there are no others.
    """
    known = rows.filter(pl.col("distance").is_not_null())
    ordered = (rows if known.is_empty() else known).sort("distance", "crop")
    last = ordered.height - 1
    picks = [round(i * last / (count - 1)) for i in range(count)] if last >= count > 1 else range(min(count, last + 1))
    return [(ordered["crop"][pick], ordered["distance"][pick]) for pick in picks]


def _card(cluster: int, rows: pl.DataFrame, image_of: Callable[[str], Image], count: int) -> Card:
    pictures = [Thumbnail(crop, distance, _data_uri(image_of(crop))) for crop, distance in spread(rows, count)]
    names = [name or "nobody" for name in rows["character"].drop_nulls().unique().sort()]
    return Card(cluster, ", ".join(names), rows.height, pictures)


def _data_uri(image: Image) -> str:
    """The image at HEIGHT px as a JPEG in a data URI."""
    height, width = image.shape[:2]
    size = (max(1, round(width * HEIGHT / height)), HEIGHT)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if height > HEIGHT else cv2.INTER_CUBIC)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
