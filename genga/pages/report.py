"""The report of a run: one page that opens anywhere, offline, from figures and pictures that are all in it.

The page holds no date, no path of this machine and no script: same figures, same bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from markupsafe import Markup

from genga.dataset.cut_off import lost_by_bucket
from genga.images.thumbnails import within_budget
from genga.pages._report import clips
from genga.pages._report.charts import Difference, Line, Point, chart, differences
from genga.pages._report.clips import Shown, motion_charts, strip_of, uri_of
from genga.pages._report.clips import showing as showing
from genga.pages._report.contents import commonest, noted, worn
from genga.pages._report.figures import OF_DATASET, OF_SAMPLE, compose, origins, several
from genga.pages._report.figures import roles as roles
from genga.pages._report.tables import Tables
from genga.pages._report.tables import read_tables as read_tables
from genga.pages.html import page
from genga.pages.tally import goes_on, going_on
from genga.params.report import Params
from genga.tables.held_out import BY

TEMPLATE, STYLE = "report.html.j2", "report.css"
BASE = 0  # step of the base
PERCENT = (0.0, 1.0)

NAMES = {
    "recognition_v1": "recognition",
    "recognition_v2": "recognition, definition 2",
    "recognition_train": "recognition, trained images",
    "adherence": "adherence",
    "copies": "copies",
    "moves": "moves",
    "identity": "same person over time",
}
# Of what the stages count, the columns of the page.
STAGES = {
    "frames": "Frames",
    "quality": "Kept drawings",
    "boxes": "Boxes",
    "tags": "Tags",
    "crops": "Crops",
    "characters": "Person crops",
    "dataset": "Training images",
}


class Report(NamedTuple):
    """A run's page, its figures as data, and how many pictures it shows."""

    page: str
    figures: dict[str, Any]
    pictures: int


def report(
    tables: Tables,
    series: str,
    models: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, Any],
    read: Callable[[str], Shown],
    params: Params,
    issues: Mapping[str, Any] | None = None,
) -> Report:
    """Return the report of a run.

    series: what it learned from; models: see report_figures.roles; parameters: all sections of params.yaml as the run
    has them, to be shown; read: a sample or training image by its name, see showing;
    issues: by the table that people note them in, see contents.noted. Raises GengaError for such a table that is wrong.
    """
    figures = compose(
        tables.scores,
        tables.judged,
        tables.samples.select(list(OF_SAMPLE)),
        origins(tables.dataset.select(list(OF_DATASET)), tables.crops, tables.stills),
        tables.losses,
        tables.held_out,
        series,
        tables.counts,
        models,
        parameters,
        tables.sources,
        tables.open,
    )
    whose = figures["character"]
    figures["worn"] = worn(tables.dataset, whose)
    figures["tags"] = commonest(tables.dataset, tables.tags, whose)
    figures["buckets"] = lost_by_bucket(tables.dataset).to_dicts()
    if of_several := several(tables.dataset.select(list(OF_DATASET))):
        figures["several"] = of_several
    if of_tables := noted(issues or {}):
        figures["issues"] = of_tables

    def picture(name: str) -> str:
        return uri_of(name, read, params.thumbnail, params.quality)

    rows = [*map(pictures_of, rows_of(figures))]
    groups = [*rows, *(one["images"] for one in figures["worn"]), *([one["image"]] for one in of_several)]
    shown, pictures = within_budget(groups, picture, round(params.max_megabytes * 1e6))
    return Report(page_of(figures, pictures, min(shown, len(rows))), figures, len(pictures))


def page_of(figures: Mapping[str, Any], pictures: Mapping[str, str], shown: int) -> str:
    """Return the page.

    figures: see report_figures.compose; pictures: data URIs of samples and training images by name; shown: how many
    rows of the grid, see rows_of, have their pictures there.
    """
    evaluation = figures["evaluation"]
    steps = {row["step"]: row for row in evaluation["steps"]}
    rows = rows_of(figures)
    return page(
        TEMPLATE,
        STYLE,
        **{"several": [], "issues": [], **figures},
        goes_on=goes_on,
        going_on=going_on,
        steps=steps,
        base=steps[BASE],
        chosen=steps[evaluation["selection"]["step"]],
        selection=evaluation["selection"],
        references=evaluation["references"],
        pictures=pictures,
        ids={name: f"t{number}" for number, name in enumerate(figures["training_images"])},
        prompts=[(text, list(of_prompt)) for text, of_prompt in groupby(rows[:shown], lambda row: row["prompt_text"])],
        left_out=len(rows) - shown,
        charts=[*charts(evaluation, figures["losses"], figures["held_out"]), *motion_charts(evaluation)],
        motion_figures=clips.FIGURES,
        strip_of=strip_of,
        styled=styled(rows[:shown], evaluation),
        gains=gains(evaluation),
        stages=STAGES,
    )


def rows_of(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the grid, by prompt and seed: prompt_text, seed, and a cell (a sample's row) for each step."""
    rows = []
    for (_, seed), cells in groupby(figures["samples"], lambda row: (row["prompt"], row["seed"])):
        row = list(cells)
        rows.append({"prompt_text": row[0]["prompt_text"], "seed": seed, "cells": row})
    return rows


def pictures_of(row: Mapping[str, Any]) -> list[str]:
    """Return the names of the pictures that a row of the grid shows: its samples and the images they are near to."""
    return [
        name
        for cell in row["cells"]
        for name in (cell["sample"], *_strip(cell), *cell["nearest_image"], cell["copy_image"])
    ]


def _strip(cell: Mapping[str, Any]) -> list[str]:
    return [strip_of(cell["sample"])] if cell.get("rate") else []


def styled(rows: Sequence[Mapping[str, Any]], evaluation: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Return the selected step's samples with the word for the style of clips, each beside the one without."""
    if (compared := evaluation.get("style")) is None:
        return []
    step = evaluation["selection"]["step"]
    cells = {(cell["prompt"], cell["seed"]): cell for row in rows for cell in row["cells"] if cell["step"] == step}
    without = dict(compared["prompts"])
    pairs = [(cell, cells.get((without.get(prompt), seed))) for (prompt, seed), cell in cells.items()]
    return [(cell, other) for cell, other in pairs if other is not None]


def charts(
    evaluation: Mapping[str, Any], losses: list[dict[str, float]], held_out: list[dict[str, Any]]
) -> list[tuple[str, str, Markup]]:
    """Return the curves over steps: heading, one line of explanation, chart."""
    steps, base = evaluation["steps"][1:], evaluation["steps"][0]
    chosen, deciding = evaluation["selection"]["step"], evaluation["references"]["deciding"]

    def measured(name: str) -> list[Point]:
        return [Point(row["step"], *(row[name][key] for key in ("mean", "low", "high"))) for row in steps]

    def level(name: str) -> Point:
        return Point(BASE, *(base[name][key] for key in ("mean", "low", "high")))

    first = [Line(f"{deciding} drawings", measured("recognition_v1"))]
    if deciding != "train":
        trained = [Point(row["step"], row["recognition_train"]["mean"]) for row in steps]
        first.append(Line("trained drawings", trained, "second"))
    scores = [
        Line("corrected", [Point(row["step"], row["score_corrected"]) for row in steps]),
        Line("published", [Point(row["step"], row["score_published"]) for row in steps], "second"),
    ]
    loss = [Line("loss", [Point(row["step"], row["loss"]) for row in losses], "main", dots=False)] if losses else []
    return [
        ("Recognition", f"pairs of a sample and one of the {deciding} drawings that show the same character",
         chart("Recognition", first, level("recognition_v1"), chosen, PERCENT)),
        ("Recognition, definition 2", "the same over the dataset's own upper bound",
         chart("Recognition, definition 2", [Line("samples", measured("recognition_v2"))], level("recognition_v2"),
               chosen, PERCENT)),
        ("Adherence", "what of its prompt the taggers find in a sample",
         chart("Adherence", [Line("samples", measured("adherence"))], level("adherence"), chosen, PERCENT)),
        ("Copies", "samples nearer to a training image than held-out drawings are",
         chart("Copies", [Line("samples", measured("copies"))], level("copies"), chosen, PERCENT)),
        ("Score", "what selects: recognition and adherence, less copies; beside it the published score",
         chart("Score", scores, None, chosen, PERCENT)),
        ("Loss", "of training, the mean of each stretch", chart("Loss", loss, None, chosen)),
        ("Held-out loss", "of images that training never saw, at fixed timesteps and noise",
         chart("Held-out loss", *_unseen(held_out), chosen)),
    ]  # fmt: skip


def _unseen(held_out: list[dict[str, Any]]) -> tuple[list[Line], Point | None]:
    """The lines of the held-out loss, and the base's level beside the first of them."""
    found = {by: [row for row in held_out if row["by"] == by] for by in BY}
    named = [(f"by {by}", [Point(row["step"], row["loss"]) for row in rows]) for by, rows in found.items() if rows]
    lines = [Line(name, points[1:], style) for (name, points), style in zip(named, ("main", "second"), strict=False)]
    return lines, named[0][1][0] if named else None


def gains(evaluation: Mapping[str, Any]) -> Markup:
    """Return the plot of what the selected checkpoint has over its base."""
    rows = [
        Difference(label, *(evaluation["difference"][name][key] for key in ("mean", "low", "high")))
        for name, label in NAMES.items()
        if name != "recognition_train" and name in evaluation["difference"]
    ]
    return differences("Selected checkpoint less its base", rows)
