"""What lines that were read in stills are: a subtitle, a mark, or a sign in the scene.

A line where stage shots found burnt-in text lies over the picture; any other belongs to the scene. Of those over the
picture one that stands in the same place with the same letters in several shots is a mark, such as a station's logo or
the name of who recorded it; the others are subtitles, credits among them, since they come and go. Where nobody looked
for burnt-in text, and in stitched stills, a line is only text. What does not lie over the picture and is a single
letter, or is read with little certainty, is a shape that looks like letters, and no line.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import polars as pl

from genga.drawings._text.in_still import Shares, part
from genga.tables.quality import QUALITY

MARK, SIGN, SUBTITLE, TEXT = "mark", "sign", "subtitle", "text"

_INSIDE = 0.5  # part of a line that lies at a place of burnt-in text
_SAME_PLACE, _SAME_LETTERS = 0.5, 0.6  # IoU, and share of letters, from which two lines are one that stayed
_LETTERS = 2  # that a line in the scene has at least
_SURE = 0.8  # score that such a line has at least: on the drawn series shapes have up to .79, its title .97 and more
_SHOTS = 4  # in which a line stands that is a mark; a subtitle outlasts a cut or two


class _Seen(NamedTuple):
    """A line over the picture, and the shots that it stands in."""

    place: Shares
    letters: str
    shots: set[int]


def told(
    table: pl.DataFrame, stills: pl.DataFrame, located: Mapping[str, Sequence[Shares]] | None = None
) -> pl.DataFrame:
    """Return the table quality with what each line in `read` is.

    stills: still, shot, width, height. located: where burnt-in text may be in a still, see genga.drawings._text.
    """
    if table["read"].is_null().all():
        return table
    about = {
        still: (shot, size) for still, shot, *size in stills.select("still", "shot", "width", "height").iter_rows()
    }
    lines = [[dict(line) for line in of or ()] for of in table["read"].to_list()]
    over: list[tuple[dict[str, Any], int, Shares]] = []
    for still, of in zip(table["still"], lines, strict=True):
        places, (shot, (width, height)) = (located or {}).get(still), about[still]
        for line in of:
            at = line["x0"] / width, line["y0"] / height, line["x1"] / width, line["y1"] / height
            inside = places is not None and any(part(at, place) >= _INSIDE for place in places)
            line["kind"] = TEXT if places is None else SUBTITLE if inside else SIGN
            over += [(line, shot, at)] if inside else []
    for line in _marks(over):
        line["kind"] = MARK
    kept = [[line for line in of if line["kind"] in (SUBTITLE, MARK) or _is_written(line)] for of in lines]
    return table.with_columns(pl.Series("read", kept, dtype=QUALITY["read"]))


def _is_written(line: Mapping[str, Any]) -> bool:
    return line["score"] >= _SURE and sum(map(str.isalnum, line["text"])) >= _LETTERS


def _marks(over: Sequence[tuple[dict[str, Any], int, Shares]]) -> Iterator[dict[str, Any]]:
    """Yield the lines that stand in several shots."""
    groups: list[_Seen] = []
    of: list[_Seen] = []
    for line, shot, place in over:
        letters = "".join(line["text"].casefold().split())
        found = next((one for one in groups if _alike(one, place, letters)), None)
        if found is None:
            groups.append(found := _Seen(place, letters, set()))
        found.shots.add(shot)
        of.append(found)
    yield from (line for (line, *_), group in zip(over, of, strict=True) if len(group.shots) >= _SHOTS)


def _alike(one: _Seen, place: Shares, letters: str) -> bool:
    shared = part(one.place, place)
    own, other = ((at[2] - at[0]) * (at[3] - at[1]) for at in (one.place, place))
    if shared * own < _SAME_PLACE * (own + other - shared * own):
        return False
    likeness = SequenceMatcher(None, one.letters, letters, autojunk=False)
    return likeness.real_quick_ratio() >= _SAME_LETTERS and likeness.ratio() >= _SAME_LETTERS


def in_words(table: pl.DataFrame) -> str:
    """Return how many lines of each kind were read; "" where nobody read any."""
    if table["read"].is_null().all():
        return ""
    kinds = table.select("read").explode("read").drop_nulls().unnest("read")["kind"].value_counts()
    said = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.iter_rows())) or "nothing"
    return f"; read: {said}"
