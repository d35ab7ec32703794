"""What people decided, as audits tell it: each line as a sentence, and whom it concerns."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from unicodedata import normalize

from genga.decisions.csv import FOLDER, Decision, kind_at, parse


def decisions(file: str, content: bytes) -> list[Decision]:
    """Return the lines of a table below the project's folder; none if no stage reads it.

    Raises GengaError naming file and line.
    """
    kind = kind_at(file)
    return parse(content, file, kind) if kind else []


def target_of(decision: Decision) -> str:
    """Return the id it is about: a still `series/episode/000123`, or a crop of one; "" if the line names none."""
    if decision.kind != "frames":
        return decision["still_or_crop"] or decision["crop"]  # neither: a rule
    number, folder = decision["frame"], PurePosixPath(decision.file).parent.relative_to(FOLDER)
    return f"{normalize('NFC', str(folder))}/{int(number):06d}" if number.isdecimal() else ""


def said(decision: Decision) -> str:
    """Return the line as a sentence: what, then who and why if they were given."""
    match decision.kind:
        case "frames":
            what = f"{decision['decision']} frame"
        case "tags":
            of = f" of person {box}" if (box := decision["box"]) else ""
            what = f"{decision['decision']} {decision['tag']}{of}"
        case "tag_rules":
            by, where = (f" {word} {decision[word]}" if decision[word] else "" for word in ("with", "where"))
            of = " ".join(filter(None, (decision["episode"], decision["shot"], decision["character"])))
            what = f"{decision['decision']} {decision['tag']}{by}{where}{f' of {of}' if of else ''}"
        case "sentences":
            what = f"says {decision['sentence']!r}" if decision["sentence"] else "says nothing"
        case "tiers":
            what = f"is {decision['tier']}"
        case "issues":
            what = f"{decision['about']} {decision['name']}: {decision['issue']}, {decision['state']}"
        case "aliases":
            what = f"{decision['character']} is {decision['name']}"
        case _ if decision["scope"] in ("together", "apart"):
            one = "the one person" if decision["scope"] == "together" else "another person than all others"
            what = f"is {one} of lines with {decision['character']!r}"
        case _:
            outfit = f" in {decision['outfit']}" if decision["outfit"] else ""
            what = f"is {decision['character'] or 'nobody'}{outfit}"
    because = ": ".join(text for text in (decision["who"], decision["why"]) if text)
    return f"{what} ({because})" if because else what


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
        grouped.setdefault(target_of(one), []).append(one)
    return grouped
