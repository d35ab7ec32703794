"""What a person does at the desk, as edits of lines: tags in bulk, tiers, names of clusters and crops, frames, issues.

A tag of a crop is said of the person in the still, whom all crops show, unless the crop alone is meant. Nothing is said
that is so already.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from genga.decisions.anchors import target_of
from genga.decisions.characters import check_name
from genga.decisions.csv import Decision
from genga.decisions.issues import About, State
from genga.desk.edits import TIES, Edit, Place
from genga.desk.index import Hit
from genga.desk.piece import Piece
from genga.errors import GengaError
from genga.tables.quality import TIERS
from genga.vocabulary.text import tag_name

Hits = Sequence[Hit]


def text_of(said: Mapping[str, Any], key: str) -> str:
    """Return a line of text that a browser sent, "" for none. Raises GengaError for what is none."""
    text = said.get(key) or ""
    if not isinstance(text, str) or any(ord(letter) < 32 or letter in "\x85\u2028\u2029" for letter in text):
        raise GengaError(f"{key}: must be text on one line")
    return text.strip()


def texts_of(said: Mapping[str, Any], key: str) -> list[str]:
    """Return a list of such texts."""
    texts = said.get(key) or []
    if not isinstance(texts, list):
        raise GengaError(f"{key}: must be a list of texts")
    return [text_of({key: one}, key) for one in texts]


def tag_edits(hits: Hits, said: Mapping[str, str], why: str, alone: bool) -> list[Edit]:
    """Return the edits by which tags hold, or hold no more, on pictures. said: `add`, `remove` or "" (no line) by tag.

    alone: of crops themselves, not of the persons they show.
    """
    found: dict[tuple[str, ...], Edit] = {}
    for hit in hits:
        for tag, verb in said.items():
            name = tag_name(tag)
            if "," in name or not name:
                raise GengaError(f"{tag!r} is no tag: write one at a time, without commas")
            edit = _tag_edit(hit, name, verb, why, alone)
            if verb and _is_so(hit, name, verb == "add", alone):
                continue
            found[edit.place.path, *edit.key] = edit
    return list(found.values())


def _tag_edit(hit: Hit, tag: str, verb: str, why: str, alone: bool) -> Edit:
    target = target_of(hit.name)
    if target is None:
        raise GengaError(f"{hit.name}: is no picture")
    whole = target.kind is None or alone
    about = {"still_or_crop": hit.name if whole else target.still, "box": "" if whole else str(target.box), "tag": tag}
    place = Place("tags", target.series, target.episode)
    return Edit(place, about, {"decision": verb, "why": why} if verb else None)


def _is_so(hit: Hit, tag: str, holds: bool, alone: bool) -> bool:
    target = target_of(hit.name)
    shown = hit.piece.pictures_of(target._replace(kind=None)) if target and target.kind and not alone else [hit.picture]
    mask = hit.piece.holding(tag)
    return all(bool(mask[picture]) == holds for picture in shown)


def tier_edits(hits: Hits, tier: str, lines: Iterable[Decision], why: str) -> list[Edit]:
    """Return the edits by which pictures are so good. tier: of TIERS, "" to take lines back. lines: of their series.

    A crop whose still is spoken of, too, needs no line of its own, but where it has one.
    """
    if tier not in ("", *TIERS):
        raise GengaError(f"{tier!r} is no tier; known: {', '.join(TIERS)}")
    own = {line["still_or_crop"] for line in lines}
    whole = {hit.name for hit in hits if not hit.piece.kind[hit.picture]}
    found = []
    for hit in hits:
        target = target_of(hit.name)
        is_so = hit.piece.tier.word(hit.picture) == tier or (target and target.kind and target.still in whole)
        if target is not None and (hit.name in own or not (tier and is_so)):
            place = Place("tiers", target.series)
            found.append(Edit(place, {"still_or_crop": hit.name}, {"tier": tier, "why": why} if tier else None))
    return found


def frame_edit(series: str, episode: str, frame: int, verb: str, why: str) -> Edit:
    """Return the edit about a frame. verb: keep, drop, or "" to take the line back."""
    if verb not in ("keep", "drop", ""):
        raise GengaError(f"{verb!r} is nothing that can be done with a frame; it is kept, dropped, or neither")
    place = Place("frames", series, episode)
    return Edit(place, {"frame": str(frame)}, {"decision": verb, "why": why} if verb else None)


def cluster_edits(
    series: str,
    medoids: Mapping[int, str],
    lines: Iterable[Decision],
    pieces: Sequence[Piece],
    said: tuple[str, str],
    why: str,
) -> list[Edit]:
    """Return the edits by which clusters are called so. medoids: the crop that stands for each. said: name, outfit.

    Lines that name such a cluster say so from now on; a cluster without one gets a line.
    """
    check_names(*said)
    says = {"character": said[0], "outfit": said[1], "why": why}
    found: list[Edit] = []
    place = Place("characters", series)
    own: dict[int, list[str]] = {}
    for line in lines:
        if line["scope"] in ("", "cluster") and (number := cluster_of(line["crop"], pieces)) is not None:
            own.setdefault(number, []).append(line["crop"])
    for number, medoid in medoids.items():
        crops = dict.fromkeys(own.get(number, [medoid]))
        found += [Edit(place, {"crop": crop, "scope": _scope(crop, lines)}, says) for crop in crops]
    return found


def _scope(crop: str, lines: Iterable[Decision]) -> str:
    """How the table writes that a crop stands for its cluster: in words, or by nothing."""
    written = [line["scope"] for line in lines if line["crop"] == crop and line["scope"] in ("", "cluster")]
    return written[-1] if written else "cluster"


def crop_edits(hits: Hits, said: tuple[str, str] | None, why: str) -> list[Edit]:
    """Return the edits by which these persons are called so in their stills, whatever their clusters say.

    said: name and outfit; None: lines about them are taken back.
    """
    if said is not None:
        check_names(*said)
    persons = {hit.name.rpartition("-")[0]: hit for hit in hits if target_of(hit.name) and hit.piece.kind[hit.picture]}
    if not persons:
        raise GengaError("none of these pictures is a crop; who somebody is, is said of crops")
    says = None if said is None else {"character": said[0], "outfit": said[1], "why": why}
    return [Edit(Place("characters", hit.piece.series), {"crop": hit.name, "scope": "crop"}, says)
            for hit in persons.values()]  # fmt: skip


def tie_edits(series: str, crops: Sequence[str], scope: str, lines: Iterable[Decision], why: str) -> list[Edit]:
    """Return the edits that tie crops by a word that no other line has. scope: together (one person) or apart."""
    taken = {line["character"] for line in lines if line["scope"] in TIES}
    word = next(name for number in range(1, len(taken) + 2) if (name := f"{scope}-{number}") not in taken)
    place = Place("characters", series)
    about = [{"crop": crop, "scope": scope, "character": word} for crop in dict.fromkeys(crops)]
    return [Edit(place, one, {"outfit": "", "why": why}) for one in about]


def issue_edit(series: str, about: str, name: str, issue: str, state: str, run: str, why: str) -> Edit:
    """Return the edit about an issue. state: as genga.decisions.issues has it, or "" to take the line back."""
    if about not in get_args(About) or state not in ("", *get_args(State)):
        raise GengaError(f"an issue is about a tag or a character, and open, fixed or kept; got {about!r}, {state!r}")
    if not name or not issue:
        raise GengaError(f"say which {about}, and what is wrong with it")
    named = {"about": about, "name": tag_name(name) if about == "tag" else name, "issue": issue}
    return Edit(Place("issues", series), named, {"state": state, "run": run, "why": why} if state else None)


def cluster_of(crop: str, pieces: Sequence[Piece]) -> int | None:
    """Return the cluster that a crop is in now; None if there is no such crop, or it is in none."""
    target = target_of(crop)
    piece = next((one for one in pieces if target and one.episode == target.episode), None)
    found = piece.find(target) if piece and target else None
    return int(piece.cluster[found]) if piece and found is not None and piece.cluster[found] >= 0 else None


def check_names(character: str, outfit: str) -> None:
    """Raise GengaError for what can be no name."""
    for text in (character, outfit):
        check_name(text, "who is who")
    if outfit and not character:
        raise GengaError("an outfit wants a character who wears it")
