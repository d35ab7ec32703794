"""Charts as SVG that stands in the page itself: its colours and letters are the page's, in light, dark and print."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 380, 220  # of a chart, in units of its view box
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 30  # margins, likewise
TICKS = 4  # about how many on an axis
ROW = 26  # height of a row in a plot of differences


@dataclass(frozen=True)
class Point:
    """A value at a step, and the interval around it (None: no interval)."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    """A line of a chart."""

    name: str
    points: Sequence[Point]
    style: str = "main"  # a class of the style sheet: main, second, faint
    dots: bool = True  # False for lines of very many points


def chart(
    title: str,
    lines: Sequence[Line],
    base: Point | None = None,
    selected: float | None = None,
    bounds: tuple[float, float] | None = None,
) -> Markup:
    """Return a chart of values over steps.

    base: drawn across as the level to beat, with its interval; selected: the step that is marked; bounds: lowest and
    highest value that the axis shows at least. Lines without points give a chart that says that there are none.
    """
    points = [point for line in lines for point in line.points]
    if not points:
        return Markup('<p class="none">{}: nothing recorded.</p>').format(title)
    low, high = _bounds([*points, *([base] if base else [])], bounds)
    across = _ticks(min(p.x for p in points), max(p.x for p in points), whole=True)
    up = _ticks(low, high)
    place = _Place(min(across[0], min(p.x for p in points)), max(across[-1], max(p.x for p in points)), up[0], up[-1])
    body = [_axes(place, across, up)]
    if base is not None:
        body.append(_level(place, base))
    if selected is not None:
        body.append(f'<line class="chosen" x1="{place.x(selected)}" x2="{place.x(selected)}" '
                    f'y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')  # fmt: skip
    body += [_line(place, line) for line in lines]
    return _svg(title, _described(lines, base), HEIGHT, "".join(body))


@dataclass(frozen=True)
class Difference:
    """A row of a plot of differences: a mean and its interval."""

    name: str
    mean: float
    low: float
    high: float


def differences(title: str, rows: Sequence[Difference]) -> Markup:
    """Return a plot of differences beside zero: what lies to the right of it is more than the base's."""
    height, left = TOP + BOTTOM + ROW * len(rows), 150
    ticks = _ticks(min(0.0, *(row.low for row in rows)), max(0.0, *(row.high for row in rows)))
    place = _Place(ticks[0], ticks[-1], 0, 1, left=left)
    body = [
        f'<line class="grid" x1="{place.x(tick)}" x2="{place.x(tick)}" y1="{TOP}" y2="{height - BOTTOM}"/>'
        f'<text class="tick middle" x="{place.x(tick)}" y="{height - 10}">{_label(tick)}</text>'
        for tick in ticks
    ]
    body.append(f'<line class="zero" x1="{place.x(0)}" x2="{place.x(0)}" y1="{TOP}" y2="{height - BOTTOM}"/>')
    for number, row in enumerate(rows):
        y = TOP + ROW * number + ROW / 2
        body.append(
            f'<text class="name" x="0" y="{y + 4}">{escape(row.name)}</text>'
            f'<line class="whisker thick" x1="{place.x(row.low)}" x2="{place.x(row.high)}" y1="{y}" y2="{y}"/>'
            f'<circle class="dot main" cx="{place.x(row.mean)}" cy="{y}" r="4"/>'
        )
    text = "; ".join(f"{row.name} {row.mean:+.3f} [{row.low:+.3f}, {row.high:+.3f}]" for row in rows)
    return _svg(title, text, height, "".join(body))


@dataclass(frozen=True)
class _Place:
    """Where values lie in the view box."""

    x0: float
    x1: float
    y0: float
    y1: float
    left: float = LEFT

    def x(self, value: float) -> float:
        return round(self.left + (value - self.x0) / ((self.x1 - self.x0) or 1) * (WIDTH - RIGHT - self.left), 2)

    def y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - self.y0) / ((self.y1 - self.y0) or 1) * (HEIGHT - BOTTOM - TOP), 2)


def _bounds(points: Sequence[Point], bounds: tuple[float, float] | None) -> tuple[float, float]:
    """Return the lowest and highest value, intervals included, at least `bounds`."""
    low = min(p.y if p.low is None else min(p.y, p.low) for p in points)
    high = max(p.y if p.high is None else max(p.y, p.high) for p in points)
    return (min(low, bounds[0]), max(high, bounds[1])) if bounds else (low, high)


def _ticks(low: float, high: float, whole: bool = False) -> list[float]:
    """Return round numbers (1, 2 or 5 times a power of ten apart) from at most `low` to at least `high`."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / TICKS))
    step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= TICKS + 1 + 1e-9)
    if whole:
        step = max(1.0, step)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(first, max(last, first + 1) + 1)]


def _label(value: float) -> str:
    return f"{value:g}"


def _axes(place: _Place, across: Sequence[float], up: Sequence[float]) -> str:
    rows = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{place.y(v)}" y2="{place.y(v)}"/>'
        f'<text class="tick end" x="{LEFT - 6}" y="{place.y(v) + 3.5}">{_label(v)}</text>'
        for v in up
    ]
    columns = [
        f'<text class="tick middle" x="{place.x(v)}" y="{HEIGHT - BOTTOM + 16}">{_label(v)}</text>' for v in across
    ]
    return "".join(rows + columns)


def _level(place: _Place, base: Point) -> str:
    band = ""
    if base.low is not None and base.high is not None:
        band = (f'<rect class="band" x="{LEFT}" width="{WIDTH - RIGHT - LEFT}" y="{place.y(base.high)}" '
                f'height="{round(place.y(base.low) - place.y(base.high), 2)}"/>')  # fmt: skip
    return band + f'<line class="base" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{place.y(base.y)}" y2="{place.y(base.y)}"/>'


def _line(place: _Place, line: Line) -> str:
    path = "M" + "L".join(f"{place.x(p.x)} {place.y(p.y)}" for p in line.points)
    parts = [f'<path class="line {line.style}" d="{path}"/>']
    for p in line.points:
        if p.low is not None and p.high is not None:
            parts.append(f'<line class="whisker {line.style}" x1="{place.x(p.x)}" x2="{place.x(p.x)}" '
                         f'y1="{place.y(p.low)}" y2="{place.y(p.high)}"/>')  # fmt: skip
        if line.dots:
            parts.append(f'<circle class="dot {line.style}" cx="{place.x(p.x)}" cy="{place.y(p.y)}" r="3.5"/>')
    return "".join(parts)


def _described(lines: Sequence[Line], base: Point | None) -> str:
    """Return a chart's values as a sentence, for those who do not see it; of long lines the first and the last."""
    said = []
    for line in lines:
        points = line.points if line.dots else [line.points[0], line.points[-1]]
        said.append(f"{line.name}: " + ", ".join(f"{p.y:.3f} at step {p.x:g}" for p in points))
    return "; ".join([*said, *([f"base {base.y:.3f}"] if base else [])])


def _svg(title: str, text: str, height: float, body: str) -> Markup:
    head = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img"><title>{}</title><desc>{}</desc>')
    return head.format(WIDTH, height, title, text) + Markup(body + "</svg>")
