"""Counts at each stage, and the lines that say them."""

from pathlib import Path

import polars as pl
import pytest
import yaml

from genga.cli.summary import next_lines, open_lines, run_lines, series_lines, summary, unread_decisions
from genga.errors import GengaError
from genga.pages.counts import EPISODE_TABLES, SERIES_TABLES, count, read_tables, tables_below
from genga.pages.tally import add_up, going_on
from genga.store.files import write_text
from genga.store.parquet import write_table

TABLES = {
    "shots": pl.DataFrame({"shot": [0, 1]}),
    "dedup": pl.DataFrame({"reason": ["kept", "held", "held", "kept", "held"]}),
    "stills": pl.DataFrame({"still": ["s/e/0", "s/e/3"], "time": [0.0, 0.1]}),
    "quality": pl.DataFrame({"tier": ["good", "best"]}),
    "detect": pl.DataFrame({"kind": ["person", "head"]}),
    "tag": pl.DataFrame({"kept": [True, False, True], "reason": ["", "score", ""]}),
    "crop": pl.DataFrame({"kind": ["head", "head"], "kept": [True, False], "reason": ["", "small"]}),
    "characters": pl.DataFrame({"still": ["s/e/0", "s/e/3"], "character": ["hana", None]}),
    "dataset": pl.DataFrame({"still": ["s/e/0"], "split": ["train"]}),
    "dataset/left-out": pl.DataFrame({"still": ["s/e/3"], "reason": ["unnamed"]}),
}
COUNTS = {
    "frames": {"held": 3, "kept": 2},
    "shots": {"shots": 2},
    "stills": {"stills": 2},
    "quality": {"best": 1, "good": 1},
    "boxes": {"head": 1, "person": 1},
    "tags": {"kept": 2, "score": 1},
    "crops": {"head": 1, "small": 1},
    "characters": {"hana": 1, "not named": 1},
    "dataset": {"train": 1, "unnamed": 1},
}


def test_every_row_counts_as_what_became_of_it():
    assert count(TABLES) == COUNTS


def test_labels_are_in_falling_order_then_by_name():
    assert list(count(TABLES)["frames"]) == ["held", "kept"]
    assert list(count(TABLES)["quality"]) == ["best", "good"]


def test_episodes_add_up():
    total = add_up([COUNTS, {"frames": {"kept": 5, "black": 1}}])
    assert list(total["frames"].items()) == [("kept", 7), ("held", 3), ("black", 1)]
    assert add_up([]) == {}


def test_the_series_tables_are_cut_down_to_the_episode(tmp_path):
    for stage in EPISODE_TABLES:
        table = TABLES[stage]
        write_table(tmp_path / stage / "s" / "e.parquet", table, table.schema)
    for stage, schema in SERIES_TABLES.items():
        other = pl.DataFrame({"still": ["s/e2/0"], list(schema)[1]: ["x"]})
        write_table(tmp_path / stage / "s.parquet", pl.concat([TABLES[stage], other]), other.schema)
    assert count(read_tables(tables_below(tmp_path, "s", "e"), "s", "e")) == COUNTS
    with pytest.raises(GengaError, match="no such table"):
        read_tables(tables_below(tmp_path, "s", "e2"), "s", "e2")


def test_a_series_that_no_run_learns_from_says_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], root: Path
) -> None:
    def said() -> list[str]:
        summary(Path("data"), Path("reports"))
        return capsys.readouterr().out.splitlines()

    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "models.yaml"):
        (tmp_path / name).write_bytes((root / name).read_bytes())
    with pytest.raises(GengaError, match="nothing is made of any series yet; put videos into data/raw/SERIES, run"):
        said()
    for name in ("bare/e.mkv", "bare/notes.txt", "new/01.mkv"):
        write_text(f"data/raw/{name}", "")
    with pytest.raises(GengaError, match="yet; videos of bare, new are in data/raw, run snakemake --cores all"):
        said()
    for stage in ("shots", "dedup", "stills"):
        write_table(f"data/{stage}/bare/e.parquet", TABLES[stage], TABLES[stage].schema)
    assert said()[:5] == [
        "bare: 1 episodes (e)",
        "      2 of 5       frames            3 held, 2 kept",
        "      2            shots",
        "  who is who in it is not told yet; run snakemake --cores all",
        "new: nothing is made of its videos yet; run snakemake --cores all",
    ]
    cells = {"still": ["bare/e/000001"] * 3, "cluster": [0, 1, -1], "character": [None] * 3}
    people = pl.DataFrame(cells, schema_overrides={"character": pl.String})
    write_table("data/characters/bare.parquet", people, people.schema)
    assert said()[4:6] == [
        "  data/characters/bare.html: 2 clusters of people have no name; give names in corrections/bare/characters.csv",
        "  no run learns from it; to have one, add under runs in params.yaml: "
        'first: {"series": "bare", "character": null}',
    ]
    named = people.with_columns(character=pl.Series(["hana", None, "hana"]))
    write_table("data/characters/bare.parquet", named, named.schema)
    assert said()[4:6] == [
        "  data/characters/bare.html: 1 of 2 clusters of people have no name; "
        "give names in corrections/bare/characters.csv",
        "  no run learns from it; to have one, add under runs in params.yaml: "
        'hana: {"series": "bare", "character": "hana"}',
    ]
    params = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    params["runs"] = {"hana": {"series": "bare", "character": "hana"}}
    write_text("params.yaml", yaml.safe_dump(params))
    assert said()[4] == "  no dataset of it yet, which hana is to learn from; run snakemake --cores all"


def test_what_comes_next_is_yaml_whatever_things_are_called() -> None:
    people = pl.DataFrame({"cluster": [0], "character": ["86: 花"]})
    (line,) = next_lines('a "b": #', [], Path("data/characters/x.parquet"), people)
    text = line.partition("params.yaml: ")[2]
    assert yaml.safe_load(text) == {"first": {"series": 'a "b": #', "character": "86: 花"}}


def test_clusters_that_were_named_as_nobody_wait_for_no_name() -> None:
    people = pl.DataFrame({"cluster": [0, 0, 1], "character": ["", "", "hana"]})
    (line,) = next_lines("s", [], Path("data/characters/s.parquet"), people)
    assert line.endswith('hana: {"series": "s", "character": "hana"}')


def test_what_goes_on_is_told_from_what_is_left_behind():
    on = {stage: going_on(COUNTS, stage) for stage in COUNTS}
    assert on == {"frames": 2, "shots": 2, "stills": 2, "quality": 2, "boxes": 2, "tags": 2, "crops": 1,
                  "characters": 1, "dataset": 1}  # fmt: skip


def test_a_series_is_said_in_a_line_for_each_stage():
    frames = {"held": 9, "kept": 4, "series": 3, "camera": 2, "black": 1, "restored": 1}
    lines = series_lines("s", ["e"], {**COUNTS, "frames": frames})
    assert lines[:3] == [
        "s: 1 episodes (e)",
        "      5 of 20      frames            9 held, 4 kept, 3 series, 2 camera, 1 black, 1 other",
        "      2            shots",
    ]
    assert lines[-1] == "      1 of 2       training images   1 train, 1 unnamed"


def test_a_run_is_said_beside_its_base():
    def value(mean: float) -> dict[str, float]:
        return {"mean": mean, "low": mean - 0.1, "high": mean + 0.1}

    names = ("recognition_v1", "recognition_v2", "adherence", "copies")
    figures = {
        "run": "hana",
        "steps": [{"step": step, **{name: value(mean) for name in names}} for step, mean in ((0, 0.2), (50, 0.7))],
        "selection": {"step": 50, "file": "models/hana/checkpoints/hana-000050.safetensors"},
        "difference": {**{name: value(0.5) for name in names}, "copies": {"mean": -0.0, "low": -0.001, "high": 0.0}},
        "bootstrap": {"pairs": 12, "confidence": 0.95},
        "references": {"deciding": "held-out", "images": {"held-out": 9, "train": 30}},
    }
    lines = run_lines(figures, Path("reports/hana/index.html"))
    assert lines[0] == "\nhana: step 50 selected of 50"
    assert lines[2].split("  ")[1].strip() == "recognition_v1"
    assert " ".join(lines[2].split()) == "recognition_v1 0.20 [0.10, 0.30] 0.70 [0.60, 0.80] +0.50 [+0.40, +0.60]"
    assert " ".join(lines[5].split()).endswith("+0.00 [+0.00, +0.00]")
    assert lines[6] == "  [low, high]: 95% interval over 12 pairs of prompt and seed; against 9 held-out drawings"
    assert lines[7:] == ["  models/hana/hana.safetensors", "  reports/hana/index.html (not made yet)"]


def test_decisions_that_no_stage_reads_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("data/raw/s/ep1.mkv", "corrections/s/ep1/tags.csv", "corrections/s/ep2/tags.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "corrections/s/tag.csv").touch()
    assert unread_decisions() == [
        "\n2 of 3 tables of decisions are not read:",
        "  corrections/s/tag.csv: no stage reads it; "
        "tags.csv is read in corrections/<series>/<episode>/, or take it away",
        "  corrections/s/ep2/tags.csv: nothing reads it: s has no episode ep2 (is ep1 meant?)",
    ]
    (tmp_path / "corrections/s/tag.csv").unlink()
    (tmp_path / "corrections/s/ep2/tags.csv").unlink()
    assert unread_decisions() == []


def test_a_summary_names_the_decisions_that_take_no_effect() -> None:
    rows = [("corrections/s/e/frames.csv", 2, "drop frame 4", "ep01 keeps its drawing", ["s/ep01/000007"])]
    assert open_lines(rows) == [
        "      1            decision without effect",
        "    corrections/s/e/frames.csv:2: drop frame 4: not placed, ep01 keeps its drawing; nearest: s/ep01/000007",
    ]
    assert open_lines([]) == []
