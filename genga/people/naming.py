"""Give the names that people decided to the clusters and crops they meant.

A crop stands for its cluster. Where the crops of one cluster were given different names, the clustering took several
characters for one, and the cluster is divided: each track takes the name of the nearest of the named crops. That is
said in a warning, since near is not always right; a line with scope `crop` then settles a single crop.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from genga.decisions.characters import Label, Name
from genga.people.clustering import NOISE

NOT_NAMED: Label = (None, None)


@dataclass(frozen=True)
class Crop:
    """What naming has to know of a crop."""

    person: tuple[str, int]  # still, box
    track: int
    cluster: int


@dataclass(frozen=True)
class Naming:
    """The outcome: what each crop is called, which of them a person decided, and what a person should look at."""

    labels: dict[str, Label]
    decided: frozenset[str]
    warnings: list[str]


def give_names(crops: Mapping[str, Crop], names: Sequence[Name], distance: Callable[[int, int], float]) -> Naming:
    """Return what every crop is called.

    distance: mean difference between the crops of two tracks. A line whose crop is not there is passed over with a
    warning: crops come and go with the thresholds of earlier stages, and a decision may hold again later.
    """
    present = [name for name in names if name.crop in crops]
    warnings = [
        f"line {name.line}: there is no crop {name.crop} any more, so the name {name.character!r} is not given"
        for name in names
        if name.crop not in crops
    ]
    by_cluster: dict[int, list[Name]] = defaultdict(list)
    by_track: dict[int, Name] = {}
    by_person: dict[tuple[str, int], Name] = {}
    for name in present:
        crop = crops[name.crop]
        if name.scope == "crop":
            by_person[crop.person] = name
        elif crop.cluster == NOISE:
            by_track.setdefault(crop.track, name)
        else:
            by_cluster[crop.cluster].append(name)
    for cluster, stands in sorted(by_cluster.items()):
        warnings += _conflict(cluster, stands)

    def nearest(crop: Crop) -> Name:
        stands = by_cluster[crop.cluster]
        if len({name.label for name in stands}) == 1:
            return stands[0]
        return min(stands, key=lambda name: (distance(crop.track, crops[name.crop].track), name.line))

    of_track = {
        crop.track: nearest(crop).label if crop.cluster in by_cluster else by_track[crop.track].label
        for crop in crops.values()
        if crop.cluster in by_cluster or crop.track in by_track
    }
    labels = {
        key: by_person[crop.person].label if crop.person in by_person else of_track.get(crop.track, NOT_NAMED)
        for key, crop in crops.items()
    }
    decided = {name.crop for name in present} | {key for key, crop in crops.items() if crop.person in by_person}
    return Naming(labels, frozenset(decided), warnings)


def _conflict(cluster: int, stands: Sequence[Name]) -> list[str]:
    """A warning when the named crops of one cluster are not one character; outfits may differ."""
    if len({name.character for name in stands}) == 1:
        return []
    given = ", ".join(f"{name.crop} is {name.character or 'nobody'}" for name in stands)
    return [f"cluster {cluster} holds crops of several names ({given}): each crop in it takes the nearest one's"]
