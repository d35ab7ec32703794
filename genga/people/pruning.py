"""Which tags are named at all: none of a blocklist, by their usual names, with what they imply or without it.

Boorus say of their tags which ones are other names for one (aliases) and which go along with one (implications:
`serafuku` is a `school_uniform`), as CSV with columns antecedent and consequent. And a tag whose words end another
that is kept (`bow`, `hair_bow`) says nothing more than it.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl

from genga.errors import GengaError
from genga.params.tag import VOCABULARY, Params
from genga.people.sharing import UNIT, ordered
from genga.tables.tag import TAG
from genga.vocabulary.text import KAOMOJI, tag_name

_COLUMNS = (("antecedent", "antecedent_name"), ("consequent", "consequent_name"))  # as they are called


class Implied(NamedTuple):
    """What boorus say of tags."""

    implications: Mapping[str, frozenset[str]] = {}  # tag -> all that go along with it
    aliases: Mapping[str, str] = {}  # tag -> its usual name


def read_implied(params: Params) -> Implied:
    """Return what the tables say that the section names. Raises GengaError naming the file."""
    implications = _pairs(params.implied.implications)
    usual = dict(_pairs(params.implied.aliases))
    aliases = {one: _last(one, usual) for one in usual}
    of: dict[str, set[str]] = {}
    for one, other in implications:
        of.setdefault(one, set()).add(other)
    return Implied({one: _closure(one, of) for one in of}, aliases)


def _pairs(name: str | None) -> list[tuple[str, str]]:
    """The lines of a table of antecedents and consequents; of one that says a status, those that are active."""
    if name is None:
        return []
    path = Path(VOCABULARY, name)
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise GengaError(f"{path}: cannot be read as CSV ({str(error).splitlines()[0]})") from error
    names = [next((name for name in known if name in table.columns), "") for known in _COLUMNS]
    if "" in names:
        raise GengaError(f"{path}: needs the columns antecedent and consequent; has {', '.join(table.columns)}")
    active = table.filter(status="active") if "status" in table.columns else table
    return [(tag_name(one), tag_name(other)) for one, other in active.select(names).drop_nulls().rows()]


def _last(name: str, names: Mapping[str, str]) -> str:
    """The usual name at the end of a row of aliases."""
    seen: list[str] = []
    while name in names and name not in seen:
        seen.append(name)
        name = names[name]
    return name


def _closure(tag: str, of: Mapping[str, Collection[str]]) -> frozenset[str]:
    found: set[str] = set()
    waiting = [tag]
    while waiting:
        more = set(of.get(waiting.pop(), ())) - found
        found |= more
        waiting += more
    return frozenset(found - {tag})


def prune(tags: pl.DataFrame, params: Params, implied: Implied) -> pl.DataFrame:
    """Return the tags (TAG), in order, without those that are not to be named: rows that say why.

    Aliases first, then implications, the blocklist, and overlaps: what is not named implies what it does.
    """
    named = _renamed(tags, implied.aliases)
    if params.implied.mode == "add":
        named = _with_implied(named, implied.implications)
    else:
        named = _without(named, lambda held: _consequents(held, implied.implications), "implied")
    blocked = frozenset(map(tag_name, params.blocklist))
    named = _without(named, lambda held: held & blocked, "blocklist") if blocked else named
    return _without(named, overlapping, "overlap") if params.overlap else named


def overlapping(tags: Collection[str]) -> set[str]:
    """Return the tags whose words end another one: `bow` with `hair_bow`, not `dress` with `dress_shirt`."""
    words = (tag.split("_") for tag in tags if tag not in KAOMOJI)
    ends = {"_".join(parts[start:]) for parts in words for start in range(1, len(parts))}
    return ends & set(tags)


def _consequents(held: Collection[str], implications: Mapping[str, Collection[str]]) -> set[str]:
    return {other for one in held for other in implications.get(one, ())} & set(held)


def _without(tags: pl.DataFrame, which: Callable[[set[str]], set[str]], why: str) -> pl.DataFrame:
    """The tags where of each picture's kept general ones those that `which` returns are no longer kept."""
    general = tags.filter(pl.col("kept") & (pl.col("category") == "general"))
    units = general.group_by(UNIT, maintain_order=True).agg("tag").rows()
    out = [(still, box, tag) for still, box, held in units for tag in sorted(which(set(held)))]
    if not out:
        return tags
    struck = pl.DataFrame(out, schema={name: TAG[name] for name in (*UNIT, "tag")}, orient="row")
    marked = tags.join(struck.with_columns(struck=True), on=[*UNIT, "tag"], how="left", nulls_equal=True)
    gone = pl.col("struck").is_not_null() & pl.col("kept")
    rows = marked.with_columns(kept=pl.col("kept") & ~gone, reason=pl.when(gone).then(pl.lit(why)).otherwise("reason"))
    return ordered(rows.select(list(TAG)), tags)


def _renamed(tags: pl.DataFrame, aliases: Mapping[str, str]) -> pl.DataFrame:
    """The tags, those with an alias by their usual name."""
    used = {tag: aliases[tag] for tag in tags.filter(category="general")["tag"].unique() if tag in aliases}
    if not used:
        return tags
    others = tags.filter(pl.col("tag").is_in(list(used)) & pl.col("kept") & (pl.col("category") == "general"))
    added = others.with_columns(tag=pl.col("tag").replace(used))
    return _joined(_without(tags, lambda held: held & used.keys(), "alias"), added)


def _with_implied(tags: pl.DataFrame, implications: Mapping[str, Collection[str]]) -> pl.DataFrame:
    """The tags with all that go along with those kept, by the score of the likeliest of these."""
    used = [tag for tag in tags["tag"].unique() if tag in implications]
    if not used:
        return tags
    pairs = [(one, other) for one in used for other in sorted(implications[one])]
    table = pl.DataFrame(pairs, schema={"tag": TAG["tag"], "other": TAG["tag"]}, orient="row")
    kept = tags.filter(pl.col("kept") & (pl.col("category") == "general")).join(table, on="tag")
    return _joined(tags, kept.with_columns(tag="other").select(list(TAG)))


def _joined(tags: pl.DataFrame, added: pl.DataFrame) -> pl.DataFrame:
    """The tags with more that hold, in the place of rows of the same name that do not."""
    key = [*UNIT, "tag"]
    more = (
        added.sort("score", descending=True)
        .unique(key, keep="first", maintain_order=True)
        .join(tags.filter("kept"), on=key, how="anti", nulls_equal=True)
        .with_columns(origin=pl.lit("table"), kept=True, reason=pl.lit(""))
    )
    rest = tags.join(more, on=key, how="anti", nulls_equal=True)
    return ordered(pl.concat([rest, more.select(list(TAG))]), tags)
