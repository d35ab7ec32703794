"""Who is who as the desk shows it: clusters in rows, and the crops that are nearest to one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from genga.decisions.anchors import target_of
from genga.desk.index import Hit
from genga.desk.piece import Piece
from genga.errors import GengaError
from genga.store.parquet import has_table, read_table
from genga.tables import embed
from genga.tables.schema import only

OF_EMBED = only(embed.EMBED, "crop", "feature")
NOISE = -1  # a cluster's number: resembles none


class Near(NamedTuple):
    hit: Hit
    likeness: float  # cosine of the two crops' vectors, -1..1


def clusters_of(pieces: Sequence[Piece], shown: int) -> list[dict[str, Any]]:
    """Return the clusters of a series, the largest first, those who resemble none last.

    name, outfit: as most of its crops have it; names: all of them, with how many crops each. nearest: ids of the
    crops that are nearest to its middle, `shown` at most; the first stands for it.
    """
    found: dict[int, list[tuple[float, Piece, int]]] = {}
    for piece in pieces:
        for picture in np.flatnonzero(piece.cluster >= NOISE).tolist():
            distance = float(piece.distance[picture])
            found.setdefault(int(piece.cluster[picture]), []).append(
                (np.inf if np.isnan(distance) else distance, piece, picture)
            )
    rows = []
    for number, crops in found.items():
        crops.sort(key=lambda one: (one[0], one[1].episode, one[2]))
        names = _tally([piece.character.word(picture) for _, piece, picture in crops])
        outfits = _tally([piece.outfit.word(picture) for _, piece, picture in crops])
        rows.append(
            {
                "cluster": number,
                "crops": len(crops),
                "name": next(iter(names)),
                "outfit": next(iter(outfits)),
                "names": names,
                "outfits": outfits,
                "nearest": [piece.name(picture) for _, piece, picture in crops[:shown]],
            }
        )
    return sorted(rows, key=lambda row: (row["cluster"] == NOISE, -row["crops"], row["cluster"]))


def _tally(words: Sequence[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def nearest(root: Path, crop: Hit, pieces: Sequence[Piece], most: int) -> list[Near]:
    """Return the crops whose vectors have the least angle to one's, the nearest first, in all episodes of its series.

    Raises GengaError if the embedder has not looked at the crop.
    """
    own = _features(root, crop.piece).get(crop.name)
    if own is None:
        raise GengaError(f"{crop.name}: the embedder has not looked at it, so nothing is known to be near")
    best: list[Near] = []
    for piece in pieces:
        names, features = _table(root, piece)
        if len(features):
            cosines = np.sum(features * (own / _length(own[None])[0]), axis=1) / _length(features)
            for place in np.argsort(-cosines, kind="stable")[: most + 1].tolist():
                best.append(_near(piece, names[place], float(cosines[place])))
    ordered = sorted((one for one in best if one.hit.picture >= 0), key=lambda one: -one.likeness)
    return [one for one in ordered if one.hit.name != crop.name][:most]


def _near(piece: Piece, name: str, likeness: float) -> Near:
    target = target_of(name)
    found = piece.find(target) if target else None
    return Near(Hit(piece, -1 if found is None else found), likeness)


def _table(root: Path, piece: Piece) -> tuple[list[str], npt.NDArray[np.float32]]:
    path = root / embed.PATH.format(series=piece.series, episode=piece.episode)
    table = read_table(path, OF_EMBED) if has_table(path) else pl.DataFrame()
    if table.is_empty():
        return [], np.zeros((0, 1), np.float32)
    names, lengths = table["crop"].to_list(), table["feature"].list.len()
    return names, table["feature"].explode().to_numpy().reshape(len(names), int(lengths[0]))


def _features(root: Path, piece: Piece) -> Mapping[str, npt.NDArray[np.float32]]:
    names, features = _table(root, piece)
    return dict(zip(names, features, strict=True))


def _length(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    found: npt.NDArray[np.float32] = np.maximum(np.sqrt(np.sum(rows * rows, axis=1)), np.float32(1e-12))
    return found
