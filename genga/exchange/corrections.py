"""What people decided elsewhere, as lines of the tables under corrections/: nothing of what these say already.

All lines go through genga.decisions.writer, so every other line of a table stays byte for byte.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from genga.decisions.csv import Decision, content_of, parse, path_of
from genga.decisions.writer import append, changed
from genga.errors import GengaError
from genga.exchange.edits import no_tag
from genga.store.files import replacing
from genga.tables.quality import TIERS
from genga.vocabulary.text import tag_name

DROP = "drop"  # what may be meant by a sign that people gave, beside a tier or a tag

_NAMED = 6  # tables


class Said(NamedTuple):
    """A decision: what a line of a table is to say."""

    kind: str
    series: str
    episode: str  # "" for tables of a series
    about: Mapping[str, str]  # columns that say about what
    says: Mapping[str, str]  # columns that say what
    why: str

    @property
    def table(self) -> str:
        return path_of(self.kind, self.series, self.episode)


class Plan(NamedTuple):
    """What becomes of a table."""

    kind: str
    other: list[tuple[Decision, dict[str, str]]]  # lines that are there, and what they are to say
    new: list[dict[str, str]]  # lines to add

    @property
    def size(self) -> int:
        return len(self.other) + len(self.new)

    def lines(self) -> list[dict[str, str]]:
        """Return all values of each line that changes or is new."""
        return [*({**was.values, **now} for was, now in self.other), *self.new]


def about_tag(image: str, tag: str, decision: str, why: str) -> Said:
    """Return a decision about a tag of a still or a crop."""
    series, episode, _ = image.split("/")
    return Said("tags", series, episode, {"still_or_crop": image, "tag": tag}, {"decision": decision}, why)


def about_crop(crop: str, character: str, outfit: str, why: str) -> Said:
    """Return a decision about who is on a crop, "" for nobody."""
    says = {"character": character, "outfit": outfit}
    return Said("characters", crop.split("/")[0], "", {"crop": crop, "scope": "crop"}, says, why)


def about_frame(still: str, decision: str, why: str) -> Said:
    """Return a decision to keep or drop a still's drawing."""
    series, episode, frame = still.split("/")
    return Said("frames", series, episode, {"frame": str(int(frame))}, {"decision": decision}, why)


def about_tier(image: str, tier: str, why: str) -> Said:
    """Return a decision about how good a still or a crop is."""
    return Said("tiers", image.split("/")[0], "", {"still_or_crop": image}, {"tier": tier}, why)


def meant_by(image: str, meaning: str, why: str) -> Said:
    """Return the decision that a sign stands for. meaning: see meaning_of.

    A crop that is dropped is of nobody, and so in no data set; of a still the drawing is dropped.
    """
    if meaning in TIERS:
        return about_tier(image, meaning, why)
    if meaning != DROP:
        return about_tag(image, meaning, "add", why)
    of_crop = "-" in image.rpartition("/")[2]
    return about_crop(image, "", "", why) if of_crop else about_frame(image, DROP, why)


def meaning_of(text: str, option: str) -> str:
    """Return what a sign stands for: `drop`, a tier, or a tag to add. Raises GengaError, which names the option."""
    if text in (DROP, *TIERS):
        return text
    if why := no_tag(text):
        raise GengaError(f"{option}: {text!r} {why}")
    return tag_name(text)


def plans_of(said: Iterable[Said], who: str) -> dict[str, Plan]:
    """Return what becomes of each table, by path; those that say all of it already are not in it.

    Of several about one thing the last one counts. Raises GengaError for a table that cannot be read.
    """
    by_table: dict[str, dict[tuple[str, ...], Said]] = {}
    for one in said:
        by_table.setdefault(one.table, {})[_key(one.kind, one.about, one.about)] = one
    plans = {table: _plan(table, [*of.values()], who) for table, of in sorted(by_table.items())}
    return {table: plan for table, plan in plans.items() if plan.size}


def _plan(table: str, said: list[Said], who: str) -> Plan:
    kind = said[0].kind
    there = parse(content_of(table), table, kind) if Path(table).is_file() else []
    known = {_key(kind, one.values, said[0].about): one for one in there if not one["box"]}
    plan = Plan(kind, [], [])
    for one in said:
        before = known.get(_key(kind, one.about, one.about))
        values = {**one.says, "who": who, "why": one.why}
        if before is None:
            plan.new.append({**one.about, **values})
        elif any(before[column] != value for column, value in one.says.items()):
            plan.other.append((before, values))
    return plan


def _key(kind: str, values: Mapping[str, str], about: Mapping[str, str]) -> tuple[str, ...]:
    """By what a line is known: the columns of `about`, in one form."""
    found = {column: values.get(column, "") for column in about}
    if kind == "tags":
        found["tag"] = tag_name(found["tag"])
    if kind == "characters":
        found["scope"] = found["scope"] or "cluster"
    if kind == "frames" and found["frame"].isdecimal():
        found["frame"] = str(int(found["frame"]))
    return tuple(found.values())


def write_plan(table: str, plan: Plan) -> None:
    """Change a table as planned. Raises GengaError if it could not be read then."""
    path = Path(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    if plan.other:
        content = changed(content_of(path), plan.other)
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    if plan.new:
        append(path, plan.kind, plan.new)


def settle(plans: Mapping[str, Plan], dry: bool) -> Iterator[tuple[str, dict[str, str]]]:
    """Write every table as planned; in a `dry` run yield instead the table and all values of each line that it gets."""
    for table, plan in plans.items():
        if dry:
            yield from ((table, values) for values in plan.lines())
        else:
            write_plan(table, plan)


def in_words(plans: Mapping[str, Plan]) -> str:
    """Return how many lines there are in which tables, of many only how many; "" for none."""
    if len(plans) > _NAMED:
        return f"{sum(plan.size for plan in plans.values())} lines in {len(plans)} tables under corrections/"
    return ", ".join(f"{plan.size} line{'s' if plan.size > 1 else ''} in {table}" for table, plan in plans.items())
