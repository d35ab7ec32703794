"""Rules about tags that name a character, where it is known at last who is who (`genga.decisions.tag_rules`).

They are about the crops of the character, and about whole stills on which nobody else is. What a line says of the very
picture, or of the person in it, stays; and no crop is said to show what its kind does not, boots on a head.
"""

import polars as pl

from genga.decisions.tag_rules import Ruling
from genga.vocabulary.parts import is_visible


def ruled(images: pl.DataFrame, said: dict[str, frozenset[str]], ruling: Ruling) -> pl.DataFrame:
    """Return candidates with the tags that hold by the rules; what these add stands last.

    images: columns image, kind, shot, names, tags. said: tags that single lines decided, by image.
    """
    if not ruling.rules:
        return images
    tags = [
        _tags(ruling, image, kind, shot, names, held, said.get(image, frozenset()))
        for image, kind, shot, names, held in images.select("image", "kind", "shot", "names", "tags").iter_rows()
    ]
    return images.with_columns(tags=pl.Series(tags, dtype=images.schema["tags"]))


def _tags(
    ruling: Ruling, image: str, kind: str, shot: str, names: list[str], held: list[str], said: frozenset[str]
) -> list[str]:
    """The tags of one image. names: who is on it, and of a crop in which outfit. shot: series/episode/number."""
    whole = kind in ("still", "scenery")
    episode = shot.split("/")[1]
    who = names[0] if names and (not whole or (len(names) == 1 and "solo" in held)) else None
    about = [rule for rule in ruling.rules if rule.character == who and rule.is_about(episode)]
    changed = ruling.on(about, image, held, lambda tag: not (whole or is_visible(tag, kind)), said)
    return [tag for tag in held if changed.get(tag, True)] + [
        tag for tag, holds in changed.items() if holds and tag not in held
    ]


def said_of(tags: pl.DataFrame, crops: pl.DataFrame) -> dict[str, frozenset[str]]:
    """Return by image which tags single lines decided. tags: still, box, tag, origin. crops: crop, decided."""
    whole = tags.filter(pl.col("box").is_null() & (pl.col("origin") == "person")).group_by("still").agg("tag")
    return {image: frozenset(of) for image, of in [*whole.rows(), *crops.select("crop", "decided").rows()] if of}
