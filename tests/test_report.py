"""Stage report: a page from a made-up run of two episodes, two prompts, two seeds and one checkpoint."""

import base64
import importlib.util
import json
import re
import shutil
from pathlib import Path
from urllib.parse import quote

import numpy as np
import polars as pl
import pytest
from pages import Page
from typer.testing import CliRunner

from genga.cli.summary import app
from genga.errors import GengaError
from genga.images.codec import data_uri, encode
from genga.images.thumbnails import thumbnail, within_budget
from genga.pages._report import contents
from genga.pages._report.charts import Difference, Line, Point, _ticks, chart, differences
from genga.pages._report.figures import curve, origins, several
from genga.pages.html import clock, count, share, signed
from genga.pages.report import pictures_of, rows_of
from genga.store.files import write_facts, write_text
from genga.store.parquet import read_table, write_table
from genga.store.shards import writing_shard
from genga.tables.characters import OPEN
from genga.tables.evaluate import EVALUATE as JUDGED
from genga.tables.held_out import HELD_OUT
from genga.tables.sample import SAMPLE
from genga.tables.schema import SHARD

ROOT = Path(__file__).resolve().parent.parent
EPISODES = ("ep 01", "第二話")
TRIGGER = "<hana> & co"  # what a page must escape
OF_CLIP = {"rate": pl.Float64, "by_frame": SAMPLE["by_frame"]}
PARAMS = {"thumbnail": 32, "quality": 80, "max_megabytes": 1.0}


STILL = {"frames": 1, "rate": None, "by_frame": None}  # columns of a sample that does not move


def picture(seed: int) -> np.ndarray:
    """A small picture that no other seed gives."""
    return np.kron(np.random.default_rng(seed).integers(0, 256, (4, 4, 3)), np.ones((8, 8, 1))).astype(np.uint8)


def shard(path: str, rows: list[dict], first: int) -> None:
    """Write a table of rows, each with a picture in a shard beside it."""
    with writing_shard(f"{path}.tar") as writer:
        index = [writer.add(f"{n}.png", encode(picture(first + n))) for n in range(len(rows))]
    table = pl.concat(
        [pl.DataFrame(rows, schema_overrides=OF_CLIP), pl.DataFrame(index, schema=dict(SHARD))], how="horizontal"
    )
    write_table(f"{path}.parquet", table, table.schema)


def episode(name: str, series: str = "show") -> None:
    """Write the tables of an episode with one still, one person crop."""
    still = f"{series}/{name}/000012"
    tables = {
        "shots": {"shot": [0]},
        "dedup": {"reason": ["kept", "held", "held"]},
        "stills": {"still": [still], "time": [75.25]},
        "quality": {"tier": ["best"]},
        "detect": {"kind": ["person"]},
        "tag": {"tag": ["hat", "sky"], "category": ["general"] * 2, "score": [0.75, 0.2], "disagreement": [0.5, 0.1],
                "kept": [True, False], "reason": ["", "score"]},
        "crop": {"crop": [f"{still}-0-fullbody"], "kind": ["fullbody"], "kept": [True], "reason": [""],
                 "x0": [10], "y0": [20], "x1": [110], "y1": [220]},
    }  # fmt: skip
    for stage, columns in tables.items():
        table = pl.DataFrame(columns)
        write_table(f"data/{stage}/{series}/{name}.parquet", table, table.schema)
    write_facts(f"data/probe/{series}/{name}.json", {"sha256": "5e" * 32})


def judged_row(sample: str, step: int, prompt: int, seed: int, images: list[str]) -> dict:
    """A row of stage evaluate; images: the training images, the nearest first."""
    return {
        "sample": sample, "step": step, "prompt": prompt, "seed": seed, "character": "hana", "box": None,
        "recognition_v1": 0.5, "recognition_v2": 0.5, "recognition_train": 0.5, "adherence": 0.5,
        "nearest_image": images, "nearest_still": [image.rsplit("-", 2)[0] for image in images],
        "nearest_difference": [0.1] * len(images), "copy_image": images[0],
        "copy_still": images[0].rsplit("-", 2)[0], "copy_difference": 0.25, "copies": step > 0 and seed == 1,
    }  # fmt: skip


def evaluation() -> dict:
    """What stage evaluate writes."""

    def value(mean: float) -> dict[str, float]:
        return {"mean": mean, "low": mean - 0.1, "high": mean + 0.1}

    names = ("recognition_v1", "recognition_v2", "recognition_train", "adherence", "copies")
    at = {step: {name: value(mean) for name in names} for step, mean in ((0, 0.2), (50, 0.7))}
    gain = {name: value(0.5) for name in names}
    return {
        "run": "hana", "character": "hana", "base": {"name": "tiny", "sha256": "ba" * 32}, "models": "embedded models",
        "steps": [{"step": 0, **at[0]}, {"step": 50, **at[50], "score_corrected": 0.6, "score_published": 0.6,
                  "chosen": 1.0, "difference": gain, "epoch": 5, "file": "models/hana/hana-000050.safetensors"}],
        "selection": {"step": 50, "select_by": "corrected", "corrected": 50, "published": 50, "published_v1": None,
                      "dataset_images": 20, "not_told_apart": [], "file": "models/hana/hana-000050.safetensors",
                      "sha256": "c0" * 32, "epoch": 5},
        "difference": {**gain, "out_of_bag": {name: 0.4 for name in names}},
        "bootstrap": {"pairs": 4, "resamples": 100, "confidence": 0.95, "seed": 0},
        "references": {"deciding": "held-out", "images": {"held-out": 9, "train": 20}, "upper_bounds": {"hana": 1.0},
                       "same_character_up_to": 0.2, "copy_below": 0.3},
    }  # fmt: skip


OPEN_ROW = ("corrections/show/characters.csv", 3, "show/e/000001-0-head is '<b>'", "nobody is found in that place now",
            ["show/e/000002-0-head", "show/e/000002-1-head"])  # fmt: skip


def said(form: str, *pieces: tuple[str, str]) -> dict:
    """A caption as the dataset has it."""
    return {"form": form, "parts": [{"part": part, "text": text} for part, text in pieces]}


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    """A project with everything a report is made of; the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in EPISODES:
        episode(name)
    images = [f"show/{name}/000012-0-fullbody" for name in EPISODES]
    still = [image.rsplit("-", 2)[0] for image in images]
    shard("data/dataset/show", [
        {"image": image, "still": of, "crop": image, "kind": "fullbody", "split": "train", "character": "hana",
         "outfit": "<coat>", "tags": ["hat", "smile"],
         "caption": "hana, 1girl", "captions": [said("tags", ("tags", "hana, 1girl"))], "persons": [[0, 0, 9, 9]],
         "width": 32, "height": 32, "scaled_width": 16, "scaled_height": 16, "bucket_width": 16, "bucket_height": 12}
        for image, of in zip(images, still, strict=True)
    ], 100)  # fmt: skip
    characters = pl.DataFrame({"still": still, "character": ["hana", None]})
    write_table("data/characters/show.parquet", characters, characters.schema)
    write_table("data/characters/open/show.parquet", pl.DataFrame([OPEN_ROW], schema=dict(OPEN), orient="row"), OPEN)
    left_out = pl.DataFrame({"still": still, "reason": ["unnamed", "small"]})
    write_table("data/dataset/left-out/show.parquet", left_out, left_out.schema)
    keys = [(f"hana/{step:06d}-{prompt}-{seed}", step, prompt, seed)
            for step in (0, 50) for prompt in (0, 1) for seed in (0, 1)]  # fmt: skip
    shard(
        "data/sample/hana", [{"sample": key[0], "prompt_text": f"{TRIGGER}, tag{key[2]}", **STILL} for key in keys], 0
    )
    judged = pl.DataFrame([judged_row(*key, images[:: 1 - 2 * key[3]]) for key in keys], schema=dict(JUDGED))
    write_table("data/evaluate/hana.parquet", judged, JUDGED)
    write_facts("data/evaluate/hana.json", evaluation())
    losses = pl.DataFrame({"step": [1, 2], "phase": [1, 2], "loss": [0.5, 0.25]})
    write_table("models/hana/losses.parquet", losses, losses.schema)
    unseen = [(step, "shot", at, 3, loss + at / 1000) for step, loss in ((0, 0.5), (50, 0.25)) for at in (250, 750)]
    elsewhere = [(step, "episode", 250, 1, loss) for step, loss in ((0, 0.75), (50, 0.5))]
    held_out = pl.DataFrame([*unseen, *elsewhere], schema=dict(HELD_OUT), orient="row")
    write_table("models/hana/held_out.parquet", held_out, HELD_OUT)
    write_text("episodes.json", json.dumps([f"show/{name}" for name in EPISODES]))
    for name in ("models.yaml", "params.yaml"):
        write_text(name, (ROOT / name).read_text(encoding="utf-8"))
    return tmp_path


PHASES = [{"epochs": 5, "select": None}, {"epochs": 3, "select": {"tiers": ["best"], "kinds": None}}]


def make(
    data: str = "data",
    phases: list | None = None,
    parameters: dict | None = None,
    how: dict | None = None,
    issues: dict | None = None,
    **params: float,
) -> tuple[str, dict]:
    """Run the script in the current folder, on tables below `data`; returns the page and the figures."""
    spec = importlib.util.spec_from_file_location("report_script", ROOT / "scripts/report.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    if issues is not None:
        write_text("issues.json", json.dumps(issues))
    script.main(
        in_scores=Path(data, "evaluate/hana.json"), in_judged=Path(data, "evaluate/hana.parquet"),
        in_samples=Path(data, "sample/hana.parquet"), in_losses=Path("models/hana/losses.parquet"),
        in_held_out=Path("models/hana/held_out.parquet"),
        in_dataset=[Path(data, f"dataset/{name}.parquet") for name in (how or {}).get("series", ["show"])],
        in_data=Path(data), issues=None if issues is None else Path("issues.json"), how=json.dumps(how) if how else "",
        episodes=Path("episodes.json"), out_page=Path("out/index.html"), out_figures=Path("out/figures.json"),
        parameters=json.dumps({"tag": {"general": 0.35}, "train": {"phases": phases or []}, **(parameters or {})}),
        params=json.dumps({**PARAMS, **params}),
        models=json.dumps({"use": "embedded", "folder": "weights", "device": "cpu", "batch": 1}),
    )  # fmt: skip
    return Path("out/index.html").read_text(encoding="utf-8"), json.loads(Path("out/figures.json").read_text())


def test_decisions_without_effect_are_counted_and_listed(run_folder):
    text, figures = make()
    assert figures["open"] == [dict(zip(OPEN, OPEN_ROW, strict=True))]
    assert "<h3>1 decision takes no effect</h3>" in text
    assert (
        "<li><code>corrections/show/characters.csv:3</code> show/e/000001-0-head is &#39;&lt;b&gt;&#39;: nobody is"
        " found in that place now; nearest: <code>show/e/000002-0-head</code>, <code>show/e/000002-1-head</code></li>"
    ) in text
    write_table("data/characters/open/show.parquet", pl.DataFrame(schema=dict(OPEN)), OPEN)
    assert "no effect" not in make()[0]


def test_a_run_of_two_series_is_counted_as_what_it_learns_from(run_folder):
    """Films hold out what show trains on in its first episode, too: a twin, which the run does not see."""
    episode("01", "films")
    rows = read_table("data/dataset/show.parquet", pl.read_parquet_schema("data/dataset/show.parquet"))
    one = pl.lit(1, pl.Int64)
    more = {"shot": pl.col("still") + "/0", "keep_tokens": one, "repeats": one, "weight": pl.lit(1.0),
            "outline": pl.lit(None, pl.Binary)}  # fmt: skip
    signed = rows.with_columns(**more, signature=pl.Series([b"\x00" * 32, b"\x0f" * 32]))
    twin = {"image": "show/ep 01/000099", "still": "show/ep 01/000099", "crop": None, "shot": "show/ep 01/9"}
    image, still = "films/01/000012-0-fullbody", "films/01/000012"
    other = {"image": image, "still": still, "crop": image, "shot": "films/01/0", "split": "held-out"}
    alike = signed[:1].with_columns(signature=pl.lit(b"\xf0" * 32))
    films, seen = (
        alike.with_columns(**{column: pl.lit(value, pl.String) for column, value in of.items()}) for of in (other, twin)
    )
    show = pl.concat([signed, seen])
    for name, table in (("show", show), ("films", films)):
        write_table(f"data/dataset/{name}.parquet", table, table.schema)
    people = pl.DataFrame({"still": [still], "character": ["hana"]})
    write_table("data/characters/films.parquet", people, people.schema)
    write_table("data/characters/open/films.parquet", pl.DataFrame(schema=dict(OPEN)), OPEN)
    left_out = pl.DataFrame({"still": [], "reason": []}, schema=dict.fromkeys(("still", "reason"), pl.String))
    write_table("data/dataset/left-out/films.parquet", left_out, left_out.schema)
    write_text("episodes.json", json.dumps(["films/01", *(f"show/{name}" for name in EPISODES)]))
    how = {"series": ["films", "show"], "balance": ["kind"], "max_repeats": 4, "twin_bits": 8, "outline_bits": 8}
    page, figures = make(how=how)
    assert figures["series"] == "films, show" and "films, show" in page
    assert list(figures["counts"]) == ["films/01", *(f"show/{name}" for name in EPISODES)]
    assert figures["counts"]["show/ep 01"]["dataset"] == {"train": 1, "twin": 1, "unnamed": 1}
    assert figures["total"]["dataset"] == {"train": 2, "held-out": 1, "small": 1, "twin": 1, "unnamed": 1}
    assert [one["path"] for one in figures["sources"][:4]] == [
        "films/01", "show/ep 01", "show/第二話", "data/dataset/films.parquet",
    ]  # fmt: skip


def test_phases_are_shown_where_there_are_several(run_folder):
    text, figures = make(phases=PHASES)
    assert [(one["phase"], one["first"], one["last"], one["loss_first"]) for one in figures["phases"]] == [
        (1, 1, 1, 0.5), (2, 2, 2, 0.25),
    ]  # fmt: skip
    assert figures["phases"][1]["says"] == {"epochs": 3, "select": {"tiers": ["best"]}}
    assert "<td>2 to 2</td><td>0.2500 to 0.2500</td><td><code>epochs: 3</code>, <code>select: {" in text
    losses = pl.DataFrame({"step": [1, 2], "phase": [1, 1], "loss": [0.5, 0.25]})
    write_table("models/hana/losses.parquet", losses, losses.schema)
    text, figures = make(phases=PHASES[:1])
    assert figures["phases"] == [] and "Phases of training" not in text


def test_images_of_several_people_are_shown_with_their_boxes_and_captions(run_folder):
    page, figures = make()
    assert "several" not in figures and "Who wears what" not in page
    sentence = ("sentences", "On the left, hana, <hat>. On the right, a boy.")
    table = read_table("data/dataset/show.parquet", pl.read_parquet("data/dataset/show.parquet").schema)
    rows = table.to_dicts()
    rows[0] |= {"captions": [said("tags", ("tags", "sky")), said("both", ("tags", "sky"), sentence)],
                "persons": [[1, 2, 11, 30], [15, 0, 31, 32]]}  # fmt: skip
    write_table("data/dataset/show.parquet", pl.DataFrame(rows, schema=table.schema), table.schema)
    page, figures = make()
    assert figures["several"] == [
        {"image": "show/ep 01/000012-0-fullbody", "width": 32, "height": 32,
         "persons": [[1, 2, 11, 30], [15, 0, 31, 32]],
         "captions": rows[0]["captions"]},
    ]  # fmt: skip
    assert '<rect x="1" y="2" width="10" height="28"/><rect x="15" y="0" width="16" height="32"/>' in page
    both = "both tags sky sentences On the left, hana, <hat>. On the right, a boy."
    assert both in " ".join(Page(page).text.split())
    assert '<a href="#several">' in page and page.count('class="card several"') == 1


def test_each_character_in_each_outfit_is_shown_with_pictures(run_folder):
    page, figures = make()
    images = [f"show/{name}/000012-0-fullbody" for name in EPISODES]
    assert figures["worn"] == [
        {"character": "hana", "outfit": "<coat>", "train": 2, "held_out": 0, "images": images}
    ]  # fmt: skip
    assert '<a href="#worn">' in page and page.count(f'alt="{images[0]}"') == 1
    assert "hana, <coat> 2 to train on, 0 held out" in " ".join(Page(page).text.split())
    assert "left out to keep the page small" not in page


def test_of_a_character_and_outfit_pictures_that_show_most_come_evenly():
    """Twelve whole figures of which six are shown, heads that show less, another without images to train on."""
    rows = [(f"{number:02d}", "fullbody", "train", "hana", "coat", []) for number in range(12)]
    rows += [("99", "head", "train", "hana", "coat", []), ("a", "head", "held-out", "ren", None, [])]
    rows += [("b", "still", "train", None, None, [])]
    dataset = pl.DataFrame(rows, schema=contents.OF_DATASET, orient="row")
    first, second = contents.worn(dataset, None)
    assert (first["train"], first["images"]) == (13, ["01", "03", "05", "07", "09", "11"])
    assert second == {"character": "ren", "outfit": None, "train": 0, "held_out": 1, "images": ["a"]}
    assert contents.worn(dataset, "ren") == [second] and contents.worn(dataset, "nobody") == []


def test_the_tags_that_most_images_have_are_shown_with_how_far_apart_the_taggers_are(run_folder):
    page, figures = make()
    assert figures["tags"] == [
        {"tag": "hat", "images": 2, "score": 0.75, "disagreement": 0.5, "share": 1.0},
        {"tag": "smile", "images": 2, "score": None, "disagreement": None, "share": 1.0},
    ]  # fmt: skip
    assert '<th scope="row">hat</th><td>2</td><td>100.0</td><td>0.75</td><td>0.50</td>' in page
    rows = [(str(n), "head", "train" if n < 60 else "held-out", "hana", None, [f"t{n:02d}", "all"]) for n in range(70)]
    found = contents.commonest(
        pl.DataFrame(rows, schema=contents.OF_DATASET, orient="row"), pl.DataFrame(schema=contents.OF_TAG), "hana"
    )
    assert len(found) == 40 and [(one["tag"], one["images"]) for one in found[:2]] == [("all", 60), ("t00", 1)]


def test_an_issue_stands_beside_the_figure_that_it_is_about(run_folder):
    noted = [
        {"line": 2, "about": "tag", "name": "smile", "issue": "in no sample", "state": "fixed", "run": ""},
        {"line": 3, "about": "tag", "name": "hat", "issue": "drawn as <hair>", "state": "open", "run": "hana"},
        {"line": 4, "about": "character", "name": "hana", "issue": "too tall", "state": "kept", "run": ""},
    ]
    page, figures = make(issues={"corrections/show/issues.csv": noted})
    assert [(one["name"], one["state"]) for one in figures["issues"]] == [
        ("hat", "open"), ("smile", "fixed"), ("hana", "kept"),
    ]  # fmt: skip
    assert '<th scope="row">hat<i class="issue open">open: drawn as &lt;hair&gt;</i></th>' in page
    assert '<th scope="row">smile<i class="issue fixed">fixed: in no sample</i></th>' in page
    assert '<i class="issue kept">kept: too tall</i>' in page and '<a href="#issues">' in page
    assert "issues" not in make()[1]
    with pytest.raises(GengaError, match="^issues.csv:2: state must be open"):
        make(issues={"issues.csv": "issues.csv:2: state must be open"})


def test_buckets_are_shown_with_what_they_cut_off(run_folder):
    page, figures = make()
    assert figures["buckets"] == [{"bucket_width": 16, "bucket_height": 12, "images": 2, "lost": 0.25}]
    assert '<th scope="row">16&times;12</th>' in page and '<rect width="16" height="12"' in page
    assert "<td>2</td><td>25.0</td>" in page and '<a href="#buckets">' in page


def test_of_many_images_of_several_people_six_are_shown(run_folder):
    rows = [{"image": f"{number:02d}", "width": 1, "height": 1, "persons": [],
             "captions": [said("both", ("sentences", "On the left, a."))]} for number in range(12)]  # fmt: skip
    assert [one["image"] for one in several(pl.DataFrame(rows))] == ["01", "03", "05", "07", "09", "11"]
    assert several(pl.DataFrame(rows[:2]))[1]["image"] == "01" and several(pl.DataFrame(rows[:1]).clear()) == []


def test_the_page_stands_alone(run_folder):
    text, _ = make()
    page = Page(text)
    assert page.open == []
    links = [value for _, attrs in page.found for key, value in attrs.items() if key in ("src", "href")]
    beside = {"audit.html", "../../data/overview/show.html", "../../data/characters/show.html"}
    beside |= {f"../../data/review/show/{quote(name)}.html" for name in EPISODES}
    assert beside <= set(links)
    assert all(link.startswith(("data:image/webp;base64,", "#")) for link in set(links) - beside)
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.found}
    assert "://" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", text)
    assert str(run_folder) not in text


def test_every_reference_within_the_page_has_its_target_and_every_picture_its_words(run_folder):
    page = Page(make()[0])
    ids = [attrs["id"] for _, attrs in page.found if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = {attrs["href"] for tag, attrs in page.found if tag in ("use", "a")}
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert all(attrs.get("alt") for tag, attrs in page.found if tag == "img")


def test_the_page_says_the_verdict_the_frames_the_times_and_the_crops(run_folder):
    text = Page(make()[0]).text
    assert "Step 50 beats its base: recognition 0.70 beside 0.20, difference +0.50" in text
    assert "show/第二話/000012" in text and "at 1:15.250" in text and "px 10 20 110 220" in text
    assert "embedded models" in text and "5e5e5e" in text and "general" in text


def test_text_from_outside_is_escaped(run_folder):
    text, _ = make()
    assert TRIGGER not in text and "&lt;hana&gt; &amp; co" in text


def test_the_figures_hold_what_the_page_shows(run_folder):
    _, figures = make()
    assert figures["total"]["frames"] == {"held": 4, "kept": 2}
    assert figures["counts"]["ep 01"]["dataset"] == {"train": 1, "unnamed": 1}
    assert [row["seed"] for row in figures["samples"]] == [0, 0, 1, 1, 0, 0, 1, 1]
    image = figures["training_images"]["show/ep 01/000012-0-fullbody"]
    assert (image["time"], image["box"], image["kind"]) == (75.25, [10, 20, 110, 220], "fullbody")
    assert figures["losses"] == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}]
    assert figures["held_out"] == [
        {"by": "shot", "step": 0, "images": 3, "loss": 1.0}, {"by": "shot", "step": 50, "images": 3, "loss": 0.75},
        {"by": "episode", "step": 0, "images": 1, "loss": 0.75},
        {"by": "episode", "step": 50, "images": 1, "loss": 0.5},
    ]  # fmt: skip


def test_the_page_shows_the_held_out_loss_beside_that_of_training(run_folder):
    page, _ = make()
    assert "Held-out loss" in page and "by shot: 0.750 at step 50; by episode: 0.500 at step 50; base 1.000" in page
    write_table("models/hana/held_out.parquet", pl.DataFrame(schema=dict(HELD_OUT)), HELD_OUT)
    assert "Held-out loss: nothing recorded." in make()[0]


def test_what_it_reads_are_its_arguments(run_folder):
    """Tables that were moved away: nothing is looked for in data/ but pictures, which tables name."""
    page, figures = make()
    shutil.copytree("data", "elsewhere")
    for path in Path("data").rglob("*.*"):
        if path.suffix != ".tar":
            path.unlink()
    there, others = make("elsewhere")
    assert others["sources"] != figures["sources"] and {**others, "sources": 0} == {**figures, "sources": 0}
    assert there.replace("elsewhere/", "data/") == page


def test_same_figures_same_bytes(run_folder):
    assert make() == make()


def test_rows_beyond_the_budget_are_left_out_and_counted(run_folder):
    text, _ = make(max_megabytes=0.000001)
    assert "The last 3 rows are left out" in text
    assert Page(text).text.count("seed 0") == 2  # in the grid and among the origins
    assert "left out to keep the page small" not in make()[0]


def test_the_summary_says_counts_scores_and_the_page(run_folder):
    make()
    result = CliRunner().invoke(app, ["--reports", "out"])
    assert result.exit_code == 0, result.output
    assert "show: 2 episodes (ep 01, 第二話)" in result.output
    assert "recognition_v1" in result.output and "embedded models" in result.output
    assert "overview" not in result.output  # nobody has made it
    write_text("data/overview/show.html", "")
    assert "data/overview/show.html: its episodes" in CliRunner().invoke(app, ["--reports", "out"]).output


def test_a_chart_shows_every_point_its_interval_and_the_base():
    drawn = str(chart("Up", [Line("x", [Point(0, 0.0, 0.0, 0.1), Point(100, 1.0)])], Point(0, 0.5, 0.4, 0.6), 100))
    assert drawn.count("<circle") == 2 and drawn.count('class="whisker') == 1
    assert 'class="band"' in drawn and 'class="chosen" x1="368.0"' in drawn
    assert "<desc>x: 0.000 at step 0, 1.000 at step 100; base 0.500</desc>" in drawn


def test_a_chart_of_nothing_says_so():
    assert str(chart("Loss", [])) == '<p class="none">Loss: nothing recorded.</p>'


def test_a_plot_of_differences_reaches_from_the_lowest_to_the_highest_and_shows_zero():
    drawn = str(differences("gain", [Difference("a < b", 0.5, 0.25, 1.0)]))
    assert 'class="zero" x1="150.0"' in drawn and 'x2="368.0"' in drawn and "a &lt; b" in drawn


@pytest.mark.parametrize(
    "low, high, ticks",
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (0.31, 0.32, [0.31, 0.312, 0.314, 0.316, 0.318, 0.32]), (5, 5, [5, 6])],
)
def test_ticks_are_round_numbers(low, high, ticks):
    assert _ticks(low, high) == ticks


def test_thumbnails_are_never_enlarged():
    assert thumbnail(np.zeros((100, 50, 3), np.uint8), 20).shape == (20, 10, 3)
    assert thumbnail(np.zeros((10, 5, 3), np.uint8), 20).shape == (10, 5, 3)
    head, data = data_uri(picture(1), 80).split(",")
    assert head == "data:image/webp;base64" and base64.b64decode(data)[8:12] == b"WEBP"


def test_a_picture_that_many_rows_show_counts_once():
    asked = []

    def encoded(name: str) -> str:
        asked.append(name)
        return "x" * 10

    groups = [["a", "t"], ["b", "t"], ["c", "t"]]
    assert within_budget(groups, encoded, 30) == (2, {"a": "x" * 10, "t": "x" * 10, "b": "x" * 10})
    assert asked == ["a", "t", "b", "c"]
    assert within_budget(groups, encoded, 1)[0] == 1


def test_rows_of_the_grid_hold_the_steps_of_a_prompt_and_seed():
    samples = [judged_row(f"{step}-{seed}", step, 0, seed, ["i-0-head"]) | {"prompt_text": "p"}
               for seed in (0, 1) for step in (0, 50)]  # fmt: skip
    rows = rows_of({"samples": samples})
    assert [(row["seed"], [cell["step"] for cell in row["cells"]]) for row in rows] == [(0, [0, 50]), (1, [0, 50])]
    assert pictures_of(rows[0]) == ["0-0", "i-0-head", "i-0-head", "50-0", "i-0-head", "i-0-head"]


def test_a_whole_still_has_no_box():
    dataset = pl.DataFrame({"image": ["a"], "still": ["s/e/1"], "crop": [None], "kind": ["still"], "character": [None],
                            "caption": ["x"]}, schema_overrides={"crop": pl.String})  # fmt: skip
    crops = pl.DataFrame({"crop": ["c"], "x0": [0], "y0": [0], "x1": [1], "y1": [1]})
    found = origins(dataset, crops, pl.DataFrame({"still": ["s/e/1"], "time": [2.0]}))
    assert found["a"]["box"] is None and found["a"]["time"] == 2.0


def test_a_long_loss_becomes_means_of_equal_stretches():
    losses = pl.DataFrame({"step": range(1, 401), "loss": [1.0, 3.0] * 200})
    points = curve(losses)
    assert len(points) == 200 and points[0] == {"step": 2, "loss": 2.0} and points[-1]["step"] == 400


def test_figures_are_said_as_people_read_them():
    assert count(1234567) == "1\u202f234\u202f567"
    assert signed(-0.5) == "\u22120.50" and signed(0.5) == "+0.50"
    assert clock(3723.0004) == "62:03.000"
    assert share(1, 8) == "12.500" and share(0, 0) == "0"
