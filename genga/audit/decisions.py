"""What people decided: the lines under corrections/, as they were when the jobs read them, and whom they concern."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

FOLDER = "corrections"


@dataclass(frozen=True)
class Decision:
    """One line of a file under corrections/."""

    file: str
    line: int  # the header is 1
    values: Mapping[str, str]  # column -> what stands there

    @property
    def kind(self) -> str:
        """The file's name without extension: frames, tags, characters."""
        return PurePosixPath(self.file).stem

    @property
    def target(self) -> str:
        """The id it is about: a still `series/episode/000123`, or a crop of one; "" if the line names none."""
        if self.kind != "frames":
            return self.values.get("still_or_crop") or self.values.get("crop") or ""
        number, folder = self.values.get("frame", ""), PurePosixPath(self.file).parent.relative_to(FOLDER)
        return f"{folder}/{int(number):06d}" if number.isdecimal() else ""

    @property
    def said(self) -> str:
        """The line as a sentence: what, then who and why if they were given."""
        values = self.values
        match self.kind:
            case "frames":
                what = f"{values.get('decision')} frame"
            case "tags":
                of = f" of person {box}" if (box := values.get("box")) else ""
                what = f"{values.get('decision')} {values.get('tag')}{of}"
            case _:
                outfit = f" in {values['outfit']}" if values.get("outfit") else ""
                what = f"is {values.get('character') or 'nobody'}{outfit}"
        because = ": ".join(text for text in (values.get("who"), values.get("why")) if text)
        return f"{what} ({because})" if because else what


def decisions(file: str, content: bytes) -> list[Decision]:
    """Return the lines of a corrections file. file: its path, `corrections/<series>/…`."""
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig", errors="replace"), newline=""))
    return [
        Decision(file, rows.line_num, {key: (value or "").strip() for key, value in row.items() if key}) for row in rows
    ]


def of_image(
    still: str, crop: str | None, by_target: Mapping[str, list[Decision]], of_cluster: Iterable[Decision] = ()
) -> list[Decision]:
    """Return the decisions that concern an image: about its still, its crop, or a crop that stands for its cluster.

    by_target: see by_target(); of_cluster: those that say who its cluster is.
    """
    own = [*by_target.get(still, []), *(by_target.get(crop, []) if crop else [])]
    return sorted(
        {(one.file, one.line): one for one in [*own, *of_cluster]}.values(), key=lambda one: (one.file, one.line)
    )


def by_target(found: Iterable[Decision]) -> dict[str, list[Decision]]:
    """Return decisions by the id they are about."""
    grouped: dict[str, list[Decision]] = {}
    for one in found:
        grouped.setdefault(one.target, []).append(one)
    return grouped
