"""Drawings over time as SVG that stands in the page: what is on screen in a shot, and how busy an episode is."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

_KINDS = {"first": "new", "again": "again", "camera": "move"}  # class of the style sheet by what is seen
_ROW = (5.0, 12.0, 132.0)  # px: least and most height of a drawing's row, most of all rows together
_WIDTH, _HEIGHT, _LEFT, _BELOW = 1000, 130, 34, 22  # of the chart of an episode, in units of its view box


def strip(shot: Mapping[str, Any]) -> Markup:
    """Return a shot's exposure sheet lying down: a row per drawing, a block where it is on screen, a line per second.

    shot: see review_figures.shots_of. A frame is one unit wide, so that the drawing stretches to any width.
    """
    rows = max(1, shot["rows"])
    row = min(_ROW[1], max(_ROW[0], _ROW[2] / rows))
    height = round(row * rows, 1)
    paths: dict[str, list[str]] = {}
    for start, length, number, seen in shot["blocks"]:
        top, tall = (0, rows) if number is None else (number, 1)
        paths.setdefault(_KINDS.get(seen, "none"), []).append(f"M{start} {top}h{length}v{tall}h-{length}z")
    body = "".join(f'<path class="{kind}" d="{"".join(parts)}"/>' for kind, parts in sorted(paths.items()))
    rate = shot["frames"] / shot["seconds"] if shot["seconds"] else 0.0
    ticks = "".join(f"M{round(second * rate, 2)} 0v{rows}" for second in range(1, int(shot["seconds"]) + 1) if rate)
    head = Markup(
        '<svg class="strip" viewBox="0 0 {} {}" preserveAspectRatio="none" style="height:{}px" role="img">'
        "<title>Shot {}: which drawing is on screen for how many frames</title><desc>{}</desc>"
    ).format(shot["frames"], rows, height, shot["shot"], f"{shot['rows']} drawings in {len(shot['blocks'])} exposures")
    return head + Markup(body + (f'<path class="second" d="{ticks}"/>' if ticks else "") + "</svg>")


def exposed(shot: Mapping[str, Any]) -> str:
    """Return a shot's exposure sheet in words: `1 for 6, 2 for 3, 1 camera for 24, dissolve for 12`.

    Drawings go by the numbers of their rows, from 1; frames are those of the video.
    """
    said = {"first": "", "again": "", "camera": " camera"}
    return ", ".join(
        f"{seen if number is None else f'{number + 1}{said[seen]}'} for {length}"
        for _, length, number, seen in shot["blocks"]
    )


def busy(stretches: Sequence[Mapping[str, float]]) -> Markup:
    """Return bars over the time of an episode: how many drawings a second come on screen, new ones below."""
    step, count = stretches[0]["step"], len(stretches)
    most = max(1.0, *((one["new"] + one["again"]) / step for one in stretches))
    width, tall = (_WIDTH - _LEFT) / count, _HEIGHT - _BELOW - 8
    bars: dict[str, list[str]] = {"again": [], "new": []}
    wide = round(width * 0.86, 2)
    for number, one in enumerate(stretches):
        x, foot = round(_LEFT + number * width, 2), float(_HEIGHT - _BELOW)
        for kind in ("new", "again"):
            high = one[kind] / step / most * tall
            foot -= high
            if high:
                bars[kind].append(f"M{x} {foot:.2f}h{wide}v{high:.2f}h-{wide}z")
    seconds = step * count
    every = next((s for s in (5, 10, 30, 60, 120, 300, 600) if seconds / s <= 10), 1800)
    marks = "".join(
        f'<text class="tick" x="{round(_LEFT + at / seconds * (_WIDTH - _LEFT), 1)}" y="{_HEIGHT - 5}">'
        f"{at // 60}:{at % 60:02d}</text>"
        for at in range(0, int(seconds) + 1, every)
        if at / seconds < 0.97
    )
    level = (
        f'<text class="tick end" x="{_LEFT - 6}" y="16">{most:.0f}</text>'
        f'<text class="tick end" x="{_LEFT - 6}" y="{_HEIGHT - _BELOW}">0</text>'
        f'<path class="axis" d="M{_LEFT} {_HEIGHT - _BELOW}H{_WIDTH}"/>'
    )
    body = "".join(f'<path class="{kind}" d="{"".join(parts)}"/>' for kind, parts in bars.items() if parts)
    new, again = (int(sum(one[kind] for one in stretches)) for kind in ("new", "again"))
    head = Markup('<svg class="busy" viewBox="0 0 {} {}" role="img"><title>{}</title><desc>{}</desc>').format(
        _WIDTH,
        _HEIGHT,
        "Drawings that come on screen a second",
        f"{new} new ones and {again} that were there before, over {seconds:.0f} s; at most {most:.1f} a second",
    )
    return head + Markup(body + level + marks + "</svg>")
