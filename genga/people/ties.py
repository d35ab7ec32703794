"""Who is one person and who is not, as people said: lines with scope `together` or `apart`.

Such a line has a word in place of a name. All lines with one word and one scope belong together: their people are one,
or they are different people, each from each of the others. What cannot be is open and takes no effect: one person who
would stand twice in a still, two who are one by other lines, a word that stands on one line alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from genga.decisions.characters import Name
from genga.decisions.csv import Open
from genga.decisions.placing import Person, Unplaced
from genga.people.naming import Where


@dataclass(frozen=True)
class Ties:
    """What people said of tracks."""

    one_as: Mapping[int, int]  # of a track that is one person with others: the number of the first of these tracks
    apart: Sequence[tuple[int, int]]  # pairs of tracks
    open: Sequence[Open]

    def unit(self, track: int) -> int:
        return self.one_as.get(track, track)


def ties_of(names: Iterable[Name], where: Where, track_of: Mapping[Person, int]) -> Ties:
    """Return what the lines say that tie; other lines are passed over. track_of: of everybody."""
    found: list[Open] = []
    told: dict[tuple[str, str], list[tuple[Name, int]]] = defaultdict(list)
    for name in names:
        if name.is_tie:
            whom = where(name)
            track = _track(whom, track_of)
            if track is None:
                why = whom if isinstance(whom, Unplaced) else Unplaced("who stands there is not found now")
                found.append(_open(name, why.why))
            else:
                told[name.scope, name.character].append((name, track))
    found += [
        _open(lines[0][0], f"no other line with scope {scope} has the word {word!r}")
        for (scope, word), lines in told.items()
        if len(lines) == 1
    ]
    stills: dict[int, set[str]] = defaultdict(set)
    for (still, _), track in track_of.items():
        stills[track].add(still)
    one_as: dict[int, int] = {}
    for (scope, _), lines in told.items():
        for name, track in lines[1:] if scope == "together" else ():
            first, other = (one_as.get(one, one) for one in (lines[0][1], track))
            if first != other and stills[first] & stills[other]:
                still = min(stills[first] & stills[other])
                found.append(_open(name, f"line {lines[0][0].line} is about one who is in {still} beside this one"))
                continue
            keep, gone = sorted((first, other))
            one_as |= {track: keep for track in (keep, gone, *(one for one, of in one_as.items() if of == gone))}
            stills[keep] |= stills[gone]
    apart = []
    for (scope, _), lines in told.items():
        for (before, a), (name, b) in combinations(lines, 2) if scope == "apart" else ():
            if one_as.get(a, a) == one_as.get(b, b):
                found.append(_open(name, f"the one of line {before.line} is the same person"))
            else:
                apart.append((a, b))
    return Ties(one_as, apart, sorted(found))


def _track(whom: object, track_of: Mapping[Person, int]) -> int | None:
    persons = getattr(whom, "persons", ())
    return next((track_of[person] for person in persons if person in track_of), None)


def _open(name: Name, why: str) -> Open:
    return Open(name.line, f"{name.crop} is {name.scope} with {name.character!r}", why)
