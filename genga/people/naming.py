"""Give the names that people decided to the clusters and crops they meant.

A crop stands for its cluster. Where the crops of one cluster were given different names, the clustering took several
characters for one, and the cluster is divided: each track takes the name of the nearest of the named crops. That is
said in a warning, since near is not always right; a line with scope `crop` then settles a single crop.

Who is meant by a line is genga.decisions.placing's to say, since crops have other ids after a parameter changed. A line
that it cannot place, or that says of somebody something else than another line does, is open: it takes no effect.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from genga.decisions.anchors import target_of
from genga.decisions.characters import Label, Name
from genga.decisions.csv import Open
from genga.decisions.placing import Person, Placed, Scene, Unplaced
from genga.people.clustering import NOISE
from genga.tables.crop import KINDS

Where = Callable[[Name], Placed | Unplaced]  # who is meant by a line


@dataclass(frozen=True)
class Crop:
    """What naming has to know of a crop."""

    person: Person
    track: int
    cluster: int


@dataclass(frozen=True)
class Naming:
    """The outcome: what each crop is called, which of them a person decided, and what a person should look at."""

    labels: dict[str, Label]
    decided: frozenset[str]
    warnings: list[str]
    open: list[Open]


class _Given(NamedTuple):
    """A line, and whom it is about now."""

    name: Name
    person: Person
    track: int
    cluster: int

    @property
    def exact(self) -> bool:
        """Whether the line is about a crop of this very still."""
        return self.name.crop.startswith(f"{self.person[0]}-")


def by_id(crops: Collection[str]) -> Where:
    """Return who is meant where nothing is known but the crops that there are: whoever has the line's number."""
    gone = Unplaced("there is no such crop")
    return lambda name: Placed((person_of(name.crop),)) if name.crop in crops else gone


def person_of(crop: str) -> Person:
    """Return the person on a crop, by its id."""
    still, box, _ = crop.rsplit("-", 2)
    return still, int(box)


def by_place(crops: Collection[str], scene: Scene) -> Where:
    """Return who is meant by place, or by the number of a crop that is there if a line says no place."""

    def where(name: Name) -> Placed | Unplaced:
        target = target_of(name.crop)
        if target is None:
            return Unplaced("that is the id of no crop")
        at = name.at if name.at is not None and name.at.is_of(target) else None
        found = scene.place(target, at, along=name.scope == "cluster")
        if at is None and isinstance(found, Placed) and name.crop not in crops:
            return Unplaced("there is no such crop, and the line does not say where it was (column at)", found.persons)
        return found

    return where


def give_names(
    crops: Mapping[str, Crop],
    names: Sequence[Name],
    distance: Callable[[int, int], float],
    tracks: Mapping[Person, tuple[int, int]],
    where: Where | None = None,
    worn: Mapping[int, str] | None = None,
    known: Mapping[int, str] | None = None,
) -> Naming:
    """Return what every crop is called.

    distance: mean difference between the crops of two tracks. tracks: track and cluster of everybody, with crops or
    without. where: see by_place; by_id(crops) if left out. worn: proposed outfits of tracks.
    known: names of clusters that no line names.
    """
    placed, found = [], []
    for name in (one for one in names if not one.is_tie):
        one = _given(name, (where or by_id(crops))(name), tracks)
        if isinstance(one, _Given):
            placed.append(one)
        else:
            found.append(_open(name, one, crops))
    present, against = _settled(placed)
    found += [_open(name, one, crops) for name, one in [*against, *_without_crops(present, crops)]]
    by_cluster: dict[int, list[_Given]] = defaultdict(list)
    by_track: dict[int, list[_Given]] = defaultdict(list)
    by_person: dict[Person, Name] = {}
    for given in present:
        if given.name.scope == "crop":
            by_person[given.person] = given.name
        elif given.cluster == NOISE:
            by_track[given.track].append(given)
        else:
            by_cluster[given.cluster].append(given)
    warnings = [
        text
        for cluster, stands in sorted(by_cluster.items())
        for text in _conflict(f"cluster {cluster} holds crops", stands, "each crop in it takes the nearest one's")
    ]
    for lines in by_track.values():
        warnings += _conflict("one person from still to still has lines", lines, f"line {lines[0].name.line} holds")

    outfit_of = worn or {}

    def nearest(crop: Crop) -> Label:
        stands = by_cluster[crop.cluster]
        if len(stands) > 1:
            stands = sorted(stands, key=lambda given: (distance(crop.track, given.track), given.name.line))
        near = stands[0].name
        if crop.track not in outfit_of:
            return near.label
        same = (given.name.outfit for given in stands if given.name.outfit and given.name.character == near.character
                and outfit_of.get(given.track) == outfit_of[crop.track])  # fmt: skip
        told = next(same, None)
        return near.character, told or (outfit_of[crop.track] if near.character else None)

    def called(crop: Crop) -> Label:
        if crop.cluster in by_cluster:
            return nearest(crop)
        if crop.track in by_track:
            return by_track[crop.track][0].name.label
        return (known or {}).get(crop.cluster), outfit_of.get(crop.track)

    of_track = {crop.track: crop for crop in crops.values()}
    label_of = {track: called(crop) for track, crop in of_track.items()}
    labels = {
        key: by_person[crop.person].label if crop.person in by_person else label_of[crop.track]
        for key, crop in crops.items()
    }
    named = {f"{given.person[0]}-{given.person[1]}-{_kind(given.name)}" for given in present}
    decided = (named & crops.keys()) | {key for key, crop in crops.items() if crop.person in by_person}
    return Naming(labels, frozenset(decided), warnings, sorted(found))


def _given(name: Name, whom: Placed | Unplaced, tracks: Mapping[Person, tuple[int, int]]) -> _Given | Unplaced:
    """A line with whom it is about; several persons must be one by their track, or by their cluster."""
    if isinstance(whom, Unplaced):
        return whom
    found = {tracks[person] for person in whom.persons if person in tracks}
    clusters = {cluster for _, cluster in found}
    if not found or len(clusters) > 1 or (NOISE in clusters and len(found) > 1):
        return Unplaced("who stands there in the stills before and after is not one person", whom.persons)
    person = next(person for person in whom.persons if person in tracks)
    return _Given(name, person, *tracks[person])


def _settled(given: Iterable[_Given]) -> tuple[list[_Given], list[tuple[Name, Unplaced]]]:
    """The lines that hold, and those that contradict another about the same person.

    A line about a crop of the still itself holds against those that were written about another frame of its drawing.
    """
    about: dict[tuple[Person, str], list[_Given]] = defaultdict(list)
    for one in given:
        about[one.person, one.name.scope].append(one)
    holds: list[_Given] = []
    against: list[tuple[Name, Unplaced]] = []
    for lines in about.values():
        exact = [one for one in lines if one.exact]
        stands = lines if len({one.name.label for one in lines}) == 1 else exact
        stands = stands if len({one.name.label for one in stands}) == 1 else []
        holds += stands
        for one in lines:
            if one not in stands:
                others = [other for other in lines if other.name.label != one.name.label]
                said = " and ".join(f"line {o.name.line} says {o.name.character or 'nobody'!r}" for o in others)
                against.append((one.name, Unplaced(f"of the same person {said}", (one.person,))))
    return sorted(holds, key=lambda one: one.name.line), against


def _without_crops(given: Iterable[_Given], crops: Mapping[str, Crop]) -> Iterator[tuple[Name, Unplaced]]:
    """Yield the lines that name nobody's crop: who is meant is known, and none of the crops is kept."""
    persons, tracks, clusters = (
        {getattr(crop, of) for crop in crops.values()} for of in ("person", "track", "cluster")
    )
    for one in given:
        is_of_crop = one.name.scope == "crop"
        if not (one.person in persons if is_of_crop else one.track in tracks or one.cluster in clusters - {NOISE}):
            yield one.name, Unplaced(f"no crop of {one.person[0]}-{one.person[1]}, who is meant, is kept now")


def _open(name: Name, why: Unplaced, crops: Mapping[str, Crop]) -> Open:
    """A line that takes no effect. Offered are the crops that there are, of the line's own kind if there is one."""
    kinds = sorted(KINDS, key=lambda kind: kind != _kind(name))
    ids = [[one] if isinstance(one, str) else [f"{one[0]}-{one[1]}-{kind}" for kind in kinds] for one in why.nearest]
    offered = [next((id for id in of if id in crops), None) if len(of) > 1 else of[0] for of in ids]
    says = f"{name.crop} is {name.character or 'nobody'!r}"
    return Open(name.line, says, why.why, tuple(id for id in offered if id is not None))


def _kind(name: Name) -> str:
    return name.crop.rpartition("-")[2]


def _conflict(what: str, stands: Sequence[_Given], outcome: str) -> list[str]:
    """A warning when the named crops of one cluster or track are not one character; outfits may differ."""
    if len({given.name.character for given in stands}) == 1:
        return []
    said = ", ".join(f"{given.name.crop} is {given.name.character or 'nobody'}" for given in stands)
    return [f"{what} of several names ({said}): {outcome}"]
