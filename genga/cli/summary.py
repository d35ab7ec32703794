"""`genga summary`: what has been made, in a few lines: counts at each stage, models, selected checkpoints, reports."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import typer

from genga.dataset.tiers import without_effect
from genga.decisions.csv import Open, path_of
from genga.decisions.folder import misplaced, tables, without_episode
from genga.decisions.tag_rules import RULE, Rule, of_episode, rules_in
from genga.errors import GengaError
from genga.evaluation.bootstrap import said_interval
from genga.models.registry import load
from genga.pages.counts import count, read_tables, tables_below
from genga.pages.tally import Counts, add_up, going_on
from genga.params.merge import Params as Merge
from genga.params.models import Params as Models
from genga.params.runs import Params as Run
from genga.params.section import parse_section, read_params, section_of_file
from genga.store.files import is_pack, read_json
from genga.store.parquet import names_in, read_table
from genga.tables.characters import CHARACTERS, NOBODY, OPEN
from genga.tables.dedup import DEDUP
from genga.tables.places import FOLDER, RAW
from genga.tables.schema import only
from genga.tables.stills import STILLS
from genga.tables.tag import TAG
from genga.video.episodes import find_episodes, in_name_order
from genga.workflow.merges import model_of
from genga.workflow.missing_videos import videos_on_record

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

ALL = "snakemake --cores all"
OF_CHARACTERS = only(CHARACTERS, "cluster", "character")
OF_TAG = only(TAG, "still", "box", "tag", "origin", "kept")
OF_STILLS = only(STILLS, "still", "shot")
OF_DEDUP = only(DEDUP, "frame", "shot")
# Of what the stages count: what to call it, and how many labels to name beside the number.
LINES = {
    "frames": ("frames", 5),
    "shots": ("shots", 0),
    "quality": ("drawings", 4),
    "boxes": ("boxes", 4),
    "tags": ("tags", 3),
    "crops": ("crops", 4),
    "characters": ("person crops", 6),
    "dataset": ("training images", 4),
}


@app.callback(invoke_without_command=True)
def summary(
    data: Path = typer.Option(Path(FOLDER), help="folder of the tables"),
    reports: Path = typer.Option(Path("reports"), help="folder of the reports"),
) -> None:
    """Print what has been made: counts at each stage, models, selected checkpoints beside their base, reports."""
    made = sorted(path.name for path in (data / "dedup").glob("*") if any(path.glob("*.parquet")))
    raw = data / Path(RAW).name
    waiting = [series for series in in_name_order(find_episodes(raw)) if series not in made]
    if not made:
        there = f"videos of {', '.join(waiting)} are in {raw}" if waiting else f"put videos into {raw}/SERIES"
        raise GengaError(f"{data / 'dedup'}: nothing is made of any series yet; {there}, run {ALL}")
    runs = section_of_file("params.yaml", "runs") or {}
    entries = {name: parse_section(f"runs.{name}", Run, of) for name, of in runs.items()}
    learning = {name: {*of.series, *of.prior} for name, of in entries.items()}
    for series in made:
        print("\n".join(lines_of(data, series, [run for run, of in learning.items() if series in of])))
    for series in waiting:
        print(f"{series}: nothing is made of its videos yet; run {ALL}")
    for path in sorted((data / "evaluate").glob("*.json")):
        print("\n".join(run_lines(read_json(path), reports / path.stem / "index.html")))
    for line in [*merge_lines(read_params("params.yaml").get("merges") or {}), *unread_decisions()]:
        print(line)
    print(f"\n{load(parse_section('models', Models, section_of_file('params.yaml', 'models'))).summary()}")


def lines_of(data: Path, series: str, runs: list[str]) -> list[str]:
    """Return what is made of a series, and what comes next where it has no dataset. runs: that learn from it."""
    episodes = sorted(path.stem for path in (data / "dedup" / series).glob("*.parquet"))
    tables = (read_tables(tables_below(data, series, one), series, one, so_far=True) for one in episodes)
    lines = series_lines(series, episodes, add_up(map(count, tables)))
    path = data / "characters" / "open" / f"{series}.parquet"
    without = read_table(path, OPEN).rows() if path.is_file() else []
    graded = without_effect(Path(path_of("tiers", series)), data, series, episodes)
    lines += open_lines([*without, *((file, *one) for file, one in graded)])
    lines += rule_lines(data, series)
    if (page := data / "overview" / f"{series}.html").is_file():
        lines.append(f"  {page}: its episodes, their drawings, and decisions to check")
    if (data / "dataset" / f"{series}.parquet").is_file():
        return lines
    people = data / "characters" / f"{series}.parquet"
    table = read_table(people, OF_CHARACTERS) if people.is_file() else None
    return lines + next_lines(series, runs, people, table)


def merge_lines(merges: Mapping[str, Any]) -> list[str]:
    """Return a line for each merge: what it is made of and how, and its file, or that it is not made yet."""
    lines = []
    for name, said in merges.items():
        entry = parse_section(f"merges.{name}", Merge, said)
        path, parents = model_of(name), ", ".join(parent.called for parent in entry.parents.values())
        there = path if Path(path).is_file() else f"not made yet; run {ALL}"
        lines.append(f"\n{name}: {entry.method.replace('_', ' ')} of {parents}\n  {there}")
    return lines


def unread_decisions() -> list[str]:
    """Return how many tables under corrections/ no stage reads, and which; nothing if all are read."""
    paths = tables().values()
    unread = misplaced(paths) + without_episode(paths, in_name_order([*find_episodes(RAW), *videos_on_record()]))
    return (
        [f"\n{len(unread)} of {len(paths)} tables of decisions are not read:", *(f"  {line}" for line in unread)]
        if unread
        else []
    )


def rule_lines(data: Path, series: str) -> list[str]:
    """Return how many rules about tags changed nothing in any episode, and which; those about characters left out."""
    if not (path := Path(path_of("tag_rules", series))).is_file():
        return []
    waiting = {rule for rule in rules_in(path) if not rule.character}
    packs = sorted((data / "tag" / series).glob("*.parquet"))
    for table in (path.with_name(f"{name}.parquet") for path in packs for name in names_in(path)):
        tags = read_table(table, OF_TAG)
        stills = dict(read_table(data / "stills" / series / table.name, OF_STILLS).iter_rows())
        shots = read_table(data / "dedup" / series / table.name, OF_DEDUP)["shot"].to_list()
        rows = _by_rules(tags)
        waiting -= {rule for rule in of_episode(waiting, table.stem) if _changed(rule, rows, stills, shots)}
    lines = [f"    {path}:{rule.line}: {rule}" for rule in sorted(waiting)]
    return [f"{len(lines):>7}{'':<11} rule{'s' if len(lines) > 1 else ''} without effect", *lines] if lines else []


def _by_rules(tags: pl.DataFrame) -> list[tuple[str, str, bool, set[str]]]:
    """What rules decided in an episode: still, tag, whether it is kept, and the tags on that picture."""
    by_rule = pl.col("origin") == RULE
    held = tags.filter(pl.col("kept") | by_rule).group_by("still", "box").agg("tag")
    ruled = tags.filter(by_rule).join(held, on=["still", "box"], nulls_equal=True, suffix="s")
    rows = ruled.select("still", "tag", "kept", "tags").iter_rows()
    return [(still, tag, kept, set(beside)) for still, tag, kept, beside in rows]


def _changed(
    rule: Rule, rows: Iterable[tuple[str, str, bool, set[str]]], stills: Mapping[str, int], shots: Sequence[int]
) -> bool:
    """Whether what a rule says of a tag is so on a picture of an episode because of rules.

    rows: see _by_rules. stills: the shot of each. shots: of each frame.
    """
    shot = None if rule.shot is None else shots[rule.shot] if rule.shot < len(shots) else -1
    return any(
        rule.outcome.get(tag) == kept and shot in (None, stills[still]) and set(rule.where) <= beside
        for still, tag, kept, beside in rows
    )


def open_lines(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Return how many decisions of people take no effect, and which. rows: of OPEN."""
    if not rows:
        return []
    lines = [f"{len(rows):>7}{'':<11} decision{'s' if len(rows) > 1 else ''} without effect"]
    for file, line, says, why, nearest in sorted(rows, key=lambda row: row[:2]):
        lines.append(f"    {file}:{Open(line, says, why, tuple(nearest))}")
    return lines


def series_lines(series: str, episodes: list[str], counts: Counts) -> list[str]:
    """Return a heading and a line for each stage: how many rows, and what became of them."""
    packed = f"short clips in {len(episodes)} packs" if any(map(is_pack, episodes)) else ""
    lines = [f"{series}: {packed or f'{len(episodes)} episodes'} ({', '.join(episodes)})"]
    for stage, (name, most) in LINES.items():
        labels = list(counts[stage].items())
        if not any(number for _, number in labels):  # not made yet
            continue
        named = ", ".join(f"{number} {label}" for label, number in labels[:most])
        others = sum(number for _, number in labels[most:])
        said = f"  {named}{f', {others} other' if others else ''}" if named else ""
        on, total = going_on(counts, stage), sum(counts[stage].values())
        number = f"{on:>7}" + (f" of {total:<7}" if on != total else " " * 11)
        lines.append(f"{number} {name:<16}{said}".rstrip())
    return lines


def next_lines(series: str, runs: list[str], path: Path, people: pl.DataFrame | None) -> list[str]:
    """Return what to do for a dataset and a model of a series that has none yet.

    runs: that learn from it. people: OF_CHARACTERS, which lies at `path`; None where that is not made yet.
    """
    if runs:
        return [f"  no dataset of it yet, which {', '.join(runs)} is to learn from; run {ALL}"]
    if people is None:
        return [f"  who is who in it is not told yet; run {ALL}"]
    clusters = people.filter(pl.col("cluster") >= 0).group_by("cluster").agg(pl.col("character").drop_nulls().len())
    unnamed = clusters.filter(character=0).height
    names = people.filter(pl.col("character") != NOBODY)["character"].value_counts(sort=True)["character"].to_list()
    lines = []
    if unnamed:
        of = f"{unnamed} of {clusters.height}" if unnamed < clusters.height else str(unnamed)
        sheet, csv = path.with_suffix(".html"), path_of("characters", series)
        lines.append(f"  {sheet}: {of} clusters of people have no name; give names in {csv}")
    who = names[0] if names else None
    run = who if who and re.fullmatch(r"[A-Za-z][\w-]*", who) else "first"
    keys = json.dumps({"series": series, "character": who}, ensure_ascii=False)
    return [*lines, f"  no run learns from it; to have one, add under runs in params.yaml: {run}: {keys}"]


def run_lines(figures: dict[str, Any], report: Path) -> list[str]:
    """Return the figures of a run's selected checkpoint beside its base's."""
    steps = {row["step"]: row for row in figures["steps"]}
    step = figures["selection"]["step"]
    lines = [f"\n{figures['run']}: step {step} selected of {', '.join(str(s) for s in steps if s)}"]
    lines.append(f"  {'':<16}{'base':>22}{f'step {step}':>22}{'difference':>24}")
    of_clips = [name for name in ("moves", "freezes", "identity") if name in steps[0]]
    for name in ("recognition_v1", "recognition_v2", "adherence", "copies", *of_clips):
        difference = figures["difference"][name]
        base, chosen = said_interval(steps[0][name]), said_interval(steps[step][name])
        lines.append(f"  {name:<16}{base:>22}{chosen:>22}{said_interval(difference, '+'):>24}")
    pairs, confidence = figures["bootstrap"]["pairs"], figures["bootstrap"]["confidence"]
    against = figures["references"]
    lines += [
        f"  [low, high]: {confidence:.0%} interval over {pairs} pairs of prompt and seed; "
        f"against {against['images'][against['deciding']]} {against['deciding']} drawings",
        f"  {selected_file(figures)}",
        f"  {report}" if report.is_file() else f"  {report} (not made yet)",
    ]
    return lines


def selected_file(figures: dict[str, Any]) -> Path:
    """Return where stage evaluate keeps the selected checkpoint: models/<run>/<run>.safetensors."""
    return Path(figures["selection"]["file"]).parents[1] / f"{figures['run']}.safetensors"
