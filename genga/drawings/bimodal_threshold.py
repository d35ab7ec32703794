"""Find where a set of distances falls into two: those of one kind below, those of another above.

Differences between frames of one drawing are noise, those between drawings are not; on a logarithmic axis each makes a
hill, and the place between them moves with the noise of the video. The valley is where a kernel estimate of the density
(Silverman 1981, "Using kernel density estimates to investigate multimodality") is lowest; a weak pull towards a usual
value decides where the valley is wide and flat, or where there is no data at all.
"""

import numpy as np
import numpy.typing as npt

_WIDTH = 0.12  # of the kernel, in natural logarithm units: 12 % of a distance
_PULL = 0.02  # density that a distance e times the usual value has to be lower by
_STEPS = 200  # places looked at between the limits
_NARROW = 0.08  # as _WIDTH, for the distances of one shot, which are alike
_PART = 0.06  # of the distances of a shot that make a hill; noise has fewer in its tail
_STEEP = 3.0  # times that a hill is as dense as the place under it
_EMPTY = 0.1  # distances by which places may differ and be as empty; the middle of them is taken
_FEWEST = 6  # distances from which a hill can be told
_GAP = 1.2  # times that a value is larger than the next smaller one, where it is of another kind


def valley(distances: npt.NDArray[np.float64], usual: float, low: float, high: float) -> float:
    """Return the emptiest place between `low` and `high` among positive distances (n,), `usual` if there are none.

    Deterministic; the unit is that of the distances.
    """
    places = np.linspace(np.log(low), np.log(high), _STEPS)
    near = np.log(distances[(distances > low / 2) & (distances < high * 2)])
    density = np.exp(-(((places[:, None] - near[None, :]) / _WIDTH) ** 2) / 2).sum(axis=1) / max(1, len(distances))
    cost = density + _PULL * (places - np.log(usual)) ** 2
    return float(np.exp(places[int(np.argmin(cost))]))


def below_hill(distances: npt.NDArray[np.float64], level: float, low: float) -> float:
    """Return the place under a hill of small distances that lies below `level`, or `level` if there is no such hill.

    Noise is what there is most of; a hill that stands above it, apart by an emptier place and with at least _PART of
    the distances, is of another kind. Looked for from `low` on. Deterministic; the unit is that of the distances.
    """
    near = np.log(distances[distances > low / 2])
    if level <= low or len(near) < _FEWEST:
        return level
    places = np.linspace(np.log(low), np.log(level), _STEPS)
    density = np.exp(-(((places[:, None] - near[None, :]) / _NARROW) ** 2) / 2).sum(axis=1)
    above = int((near >= np.log(level)).sum())
    fit: list[int] = []  # places with noise below and a hill above
    for place in range(_STEPS):
        hill = int(((near > places[place]) & (near < np.log(level))).sum())
        most = len(distances) - above - hill  # noise
        steep = density[place:].max() >= _STEEP * max(1.0, float(density[place]))
        if hill >= _PART * len(distances) and most >= hill >= above and steep:
            fit.append(place)
    if fit:
        emptiest = [place for place in fit if density[place] <= density[fit].min() + _EMPTY]
        return float(np.exp(places[emptiest[len(emptiest) // 2]]))
    return level


def gap_above(values: npt.NDArray[np.floating], low: float, high: float) -> float:
    """Return a level between `low` and `high`, or just below, at which values (n,) leave a gap: above most of them.

    The middle, on a logarithmic axis, of the first gap of a fifth or more, and of the widest where none is so wide. Of
    few values, most of them noise, these say themselves what noise comes to at most, and what is another thing.
    """
    if low <= 0:
        return low
    below = values[values <= low].max(initial=0.0) or low
    places = np.log([below, *np.sort(values[(values > low) & (values < high)]), high])
    gaps = np.diff(places)
    gap = int((gaps >= np.log(_GAP)).argmax() if gaps.max() >= np.log(_GAP) else gaps.argmax())
    return float(np.exp(places[gap : gap + 2].mean()))
