"""The tags of an episode as they hold in the end: what drawings say for each other, and what people decided.

In this order: sharing (`genga.people.sharing`), what was read (`genga.people.text_tags`), rules of people, pruning
(`genga.people.pruning`), people's single lines. Tags that do not hold stay as rows with their reason.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from genga.decisions.tag_rules import RULE, Rule, Ruling, ruling_of
from genga.decisions.tags import FILE, Correction, placed_lines, table_in, tell_unknown
from genga.errors import GengaError
from genga.params.tag import Params
from genga.people.pruning import prune, read_implied
from genga.people.sharing import OF_STILLS as OF_STILLS
from genga.people.sharing import UNIT, ordered, share
from genga.people.text_tags import OF_QUALITY as OF_QUALITY
from genga.people.text_tags import ORIGIN, decided
from genga.store.parquet import read_table
from genga.tables.dedup import DEDUP
from genga.tables.schema import only
from genga.tables.tag import TAG
from genga.vocabulary.parts import is_subject

OF_DEDUP = only(DEDUP, "frame", "shot")

Named = tuple[str, int | None, str]  # still, box, tag


class Said(NamedTuple):
    """What people decided about an episode."""

    ruling: Ruling
    shots: Sequence[int]  # of every frame, by which rules name a shot
    lines: Sequence[Correction]
    file: str = FILE  # of the lines, for messages


def read_said(files: Sequence[Path], out: Path, tables: tuple[Path, Path, Path]) -> Said:
    """Return what the files of corrections say. out, tables: see placed_lines."""
    ruling, lines = ruling_of(files, out.stem), placed_lines(files, out, tables)
    return Said(ruling, read_table(tables[0], OF_DEDUP)["shot"].to_list(), lines, table_in(files))


def decide(
    tags: pl.DataFrame,
    stills: pl.DataFrame,
    detections: pl.DataFrame,
    params: Params,
    said: Said,
    known: Collection[str],
    read: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the tags as they hold in the end: shared along shots, by the rules, pruned, by people's single lines.

    stills: OF_STILLS. detections: the table detect. known: the tags that the taggers know. read: OF_QUALITY.
    """
    every = {*known, *tags["tag"]}
    said.ruling.tell_unknown(every)
    shared = share(tags, stills, detections, params)
    if read is not None and params.read:
        shared = _with(shared, decided(shared, detections, read), ORIGIN)
    ruled = rule(shared, stills, said.shots, said.ruling)
    said.ruling.tell()
    pruned = prune(ruled, params, read_implied(params))
    return correct(pruned, tell_unknown(said.lines, every, said.file), said.file)


def rule(tags: pl.DataFrame, stills: pl.DataFrame, shots: Sequence[int], ruling: Ruling) -> pl.DataFrame:
    """Return the tags with what rules of people decided. A tag that a rule adds has score 1.

    stills: still and shot of the episode. shots: of every frame. A rule adds no tag about somebody to a picture of
    nobody. Raises GengaError for a frame that is not there.
    """
    in_shot = {one: None if one.shot is None else _shot(one, shots, ruling.file) for one in ruling.rules}
    shot_of = dict(stills.select("still", "shot").iter_rows())
    decided: dict[Named, bool] = {}
    kept = tags.filter("kept").group_by(UNIT, maintain_order=True).agg("tag")
    for still, box, held in kept.iter_rows() if ruling.rules else ():
        about = [one for one, shot in in_shot.items() if shot in (None, shot_of[still])]
        barred = (lambda tag: is_subject(tag, False)) if "no_humans" in held else (lambda tag: False)
        changed = ruling.on(about, still if box is None else f"{still} box {box}", held, barred)
        decided |= {(still, box, tag): holds for tag, holds in changed.items()}
    return _with(tags, decided, RULE)


def _shot(one: Rule, shots: Sequence[int], file: str) -> int:
    """The number of the shot that a rule is about."""
    if one.shot is None or one.shot >= len(shots):
        raise GengaError(f"{file}:{one.line}: {one.episode} has no frame {one.shot}, the last is {len(shots) - 1}")
    return shots[one.shot]


def correct(tags: pl.DataFrame, corrections: Sequence[Correction], source: str = FILE) -> pl.DataFrame:
    """Return the tags with what people decided. A tag that a person adds has score 1.

    Corrections of crops are left to the stage crop. source: the file's name, for messages. Raises GengaError for a
    still or person that is not there.
    """
    known = tags.select(UNIT).unique(maintain_order=True).rows()
    decided: dict[Named, bool] = {}
    for one in corrections:
        if one.of_crop:
            continue
        hit = [(still, box) for still, box in known if still == one.target and one.box in (box, "*")]
        if not hit:
            who = "" if one.box is None else f" with box {one.box}"
            raise GengaError(f"{source}:{one.line}: no still {one.target}{who}; put it right or take the line out")
        decided |= {(still, box, one.tag): one.decision == "add" for still, box in hit}
    return _with(tags, decided, "person")


def _with(tags: pl.DataFrame, decided: Mapping[Named, bool], who: str) -> pl.DataFrame:
    """The tags, in order, with those that are kept or not as `who`, a word for origin and reason, decided."""
    if not decided:
        return tags
    key = [*UNIT, "tag"]
    said = pl.DataFrame(
        [(*one, holds) for one, holds in decided.items()],
        schema={**only(TAG, *key), "holds": TAG["kept"]},
        orient="row",
    )
    known = tags.join(said, on=key, how="left", nulls_equal=True)
    new = said.filter("holds").join(tags, on=key, how="anti", nulls_equal=True)
    added = new.with_columns(category=pl.lit("general"), votes=pl.lit(0, dtype=TAG["votes"]), score=pl.lit(1.0))
    decision = {
        "kept": pl.col("holds"),
        "reason": pl.when("holds").then(pl.lit("")).otherwise(pl.lit(who)),
        "origin": pl.lit(who),
        "score": pl.when("holds").then(pl.lit(1.0)).otherwise("score"),
    }
    is_said = pl.col("holds").is_not_null()
    changed = known.with_columns(**{name: pl.when(is_said).then(of).otherwise(name) for name, of in decision.items()})
    both = [changed.select(list(TAG)), added.with_columns(**decision).drop("holds")]
    return ordered(pl.concat(both, how="diagonal"), tags)
