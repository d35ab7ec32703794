"""Names by pictures: `corrections/<series>/references/<name>/*.png`, what somebody is known to look like.

Each is a picture of one person alone, from wherever. A cluster that no line names takes the name whose pictures its
crops differ from least in the mean, if that is within the embedder's threshold and clearly nearer than the next name.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

import numpy as np

from genga.decisions.characters import check_name
from genga.decisions.csv import REFERENCES
from genga.errors import GengaError
from genga.images.codec import decode
from genga.images.image import Image
from genga.people.clustering import NOISE
from genga.people.differences import UNIT, Array, Differences
from genga.people.linkage import Labels, standing

CLEAR = 1.25  # times as far the next name must be
_STAND = 32  # crops that stand for a cluster


class Known(NamedTuple):
    """Which clusters have a name by pictures, and which names none."""

    names: Mapping[int, str]  # by cluster
    warnings: Sequence[str]


def is_reference(path: Path) -> bool:
    """Return whether a file that people put under corrections/ is such a picture."""
    return REFERENCES in path.parts[:-1]


def read_references(paths: Sequence[Path], features: Callable[[Sequence[Image]], Array]) -> dict[str, Array]:
    """Return by name the features of its pictures, (n, d). paths: of all files that people put under corrections/.

    Raises GengaError naming a file that lies elsewhere than in a folder of a name, or is no picture.
    """
    by_name: dict[str, list[Image]] = {}
    for path in paths:
        if is_reference(path):
            name = " ".join(normalize("NFC", path.parent.name).split())  # as in lines
            if path.parent.parent.name != REFERENCES:
                raise GengaError(f"{path}: put it into {REFERENCES}/<name of the character>/, or take it away")
            check_name(name, str(path.parent))
            try:
                image = decode(path.read_bytes(), str(path))
            except GengaError as error:
                raise GengaError(f"{path}: is no picture that can be read; save it as PNG, or take it away") from error
            by_name.setdefault(name, []).append(image)
    return {name: features(images) for name, images in sorted(by_name.items())}


def known_by(references: Mapping[str, Array], labels: Labels, differences: Differences, threshold: float) -> Known:
    """Return which clusters the pictures name. labels: (n,) of each crop."""
    if not references:
        return Known({}, [])
    rows = np.flatnonzero(labels != NOISE)
    rows = rows[standing(labels[rows], _STAND)]
    clusters = np.unique(labels[rows]).tolist()
    means = np.array([[differences.to_others(rows[labels[rows] == cluster], seen).mean() / UNIT for cluster in clusters]
                      for seen in references.values()]).reshape(len(references), -1)  # fmt: skip
    found: dict[int, str] = {}
    names = list(references)
    for column, cluster in enumerate(clusters):
        order = np.argsort(means[:, column], kind="stable")
        least = means[order[0], column]
        if least <= threshold and (len(names) == 1 or means[order[1], column] >= CLEAR * least):
            found[cluster] = names[order[0]]
    warnings = [
        f"{REFERENCES}/{name} names nobody: {_nearest(clusters, means[row], threshold)}"
        for row, name in enumerate(names)
        if name not in found.values()
    ]
    return Known(found, warnings)


def _nearest(clusters: Sequence[int], means: Array, threshold: float) -> str:
    if not len(clusters):
        return "there is no cluster"
    near = int(means.argmin())
    return f"cluster {clusters[near]} is nearest, at {means[near]:.3f} of at most {threshold:.3f}, and clear of others"
