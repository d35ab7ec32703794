"""Who is who on tables small enough to cluster by eye: a feature is a place on a line, a difference is the distance."""

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import typer
from pages import Page
from typer.testing import CliRunner, Result

from genga.decisions.characters import Name, read_names
from genga.errors import GengaError
from genga.images.codec import encode
from genga.pages.contact_sheet import sheet, spread
from genga.params.characters import Params
from genga.people.characters import OF_CROP, OF_EMBED, OF_STILLS, characters, vote
from genga.people.clustering import adopt, by_size, cluster, medoids, merge, merge_tracked
from genga.people.tracks import iou, links
from genga.store.components import components
from genga.store.parquet import read_table, write_table
from genga.store.shards import writing_shard
from genga.tables.characters import CHARACTERS
from genga.tables.schema import SHARD

PARAMS = Params(
    method="linkage", min_crops=2, adopt_share=0.5, merge_share=0.85,
    track=True, track_overlap=0.5, track_difference=2.0, track_share=0.5, sheet_crops=8,
)  # fmt: skip
FAR = (500, 0, 510, 10)


def on_a_line(features: np.ndarray) -> np.ndarray:
    places = features[:, 0]
    return np.abs(places[:, None] - places[None, :]).astype(np.float32)


def matrix(*places: float) -> np.ndarray:
    return on_a_line(np.array(places, np.float32)[:, None])


def series(*people: tuple[str, float | None, tuple[int, int, int, int]]) -> tuple[pl.DataFrame, ...]:
    """One full-body crop per (still, place on the line or None for not embedded, box); all stills are of shot 0."""
    crops, features = [], []
    for number, (still, place, box) in enumerate(people):
        crop = f"{still}-{number}-fullbody"
        crops.append((crop, still, number, "fullbody", *box, True))
        if place is not None:
            features.append((crop, [place], "line"))
    stills = sorted({still for still, _, _ in people})
    return (
        pl.DataFrame(crops, schema=dict(OF_CROP), orient="row"),
        pl.DataFrame(features, schema=dict(OF_EMBED), orient="row"),
        pl.DataFrame([(s, int(s[-6:]), 0) for s in stills], schema=dict(OF_STILLS), orient="row"),
    )


def boxes(count: int) -> list[tuple[int, int, int, int]]:
    """Boxes that do not touch each other, so that nothing is tracked."""
    return [(100 * i, 0, 100 * i + 50, 50) for i in range(count)]


def outcome(tables, names=(), params=PARAMS):
    return characters(*tables, list(names), on_a_line, 1.0, params)


def name(crop: str, character: str, scope: str = "cluster", outfit: str | None = None, line: int = 2) -> Name:
    return Name(line, crop, character, outfit, scope)


FOUR = [("s/e/000001", 0.0), ("s/e/000002", 0.5), ("s/e/000003", 9.0), ("s/e/000004", 9.5)]
TWO_PAIRS = series(*((still, place, box) for (still, place), box in zip(FOUR, boxes(4), strict=True)))
C1, C2, C3, C4 = TWO_PAIRS[0]["crop"]


def test_two_groups_on_the_line_are_two_clusters() -> None:
    table = outcome(TWO_PAIRS).table
    assert table.schema == CHARACTERS
    assert table.select("crop", "cluster", "character", "distance", "origin").rows() == [
        (C1, 0, None, 0.0, "model"),
        (C2, 0, None, 0.5, "model"),
        (C3, 1, None, 0.0, "model"),
        (C4, 1, None, 0.5, "model"),
    ]
    assert outcome(TWO_PAIRS).medoids == [C1, C3]


def test_the_order_of_rows_does_not_matter() -> None:
    crops, features, stills = TWO_PAIRS
    turned = outcome((crops.reverse(), features.reverse(), stills.reverse()))
    assert turned.table.equals(outcome(TWO_PAIRS).table)


def test_a_stray_is_noise_and_has_no_distance() -> None:
    people = [("s/e/000001", 0.0), ("s/e/000002", 0.5), ("s/e/000003", 5.0)]
    table = outcome(series(*((s, p, b) for (s, p), b in zip(people, boxes(3), strict=True)))).table
    assert table.select("cluster", "distance").rows() == [(0, 0.0), (0, 0.5), (-1, None)]


def test_a_name_for_one_crop_names_its_cluster() -> None:
    found = outcome(TWO_PAIRS, [name(C4, "hana", outfit="school")])
    assert found.table.select("character", "outfit", "origin").rows() == [
        (None, None, "model"),
        (None, None, "model"),
        ("hana", "school", "model"),
        ("hana", "school", "person"),
    ]
    assert found.warnings == []


def test_a_name_for_a_crop_alone() -> None:
    found = outcome(TWO_PAIRS, [name(C3, "hana"), name(C4, "ren", scope="crop", line=3)])
    assert found.table.select("character", "origin").rows()[2:] == [("hana", "person"), ("ren", "person")]


def test_an_empty_name_is_nobody() -> None:
    found = outcome(TWO_PAIRS, [name(C3, "hana"), name(C4, "", scope="crop")])
    assert found.table["character"].to_list() == [None, None, "hana", ""]


def test_two_names_in_one_cluster_divide_it_by_the_nearest_and_say_so() -> None:
    places = [0.0, 0.1, 0.6, 0.7]
    stills = [still for still, _ in FOUR]
    tables = series(*((s, p, b) for s, p, b in zip(stills, places, boxes(4), strict=True)))
    first, _, _, last = tables[0]["crop"]
    found = outcome(tables, [name(first, "hana"), name(last, "ren", line=3)])
    assert found.table["cluster"].to_list() == [0, 0, 0, 0]
    assert found.table["character"].to_list() == ["hana", "hana", "ren", "ren"]
    assert found.warnings == [
        f"cluster 0 holds crops of several names ({first} is hana, {last} is ren):"
        " each crop in it takes the nearest one's"
    ]


def test_two_outfits_in_one_cluster_are_no_conflict() -> None:
    found = outcome(TWO_PAIRS, [name(C3, "hana", outfit="school"), name(C4, "hana", outfit="coat", line=3)])
    assert found.table["outfit"].to_list() == [None, None, "school", "coat"]
    assert found.warnings == []


def test_a_name_for_a_crop_that_is_gone_is_passed_over() -> None:
    found = outcome(TWO_PAIRS, [name("s/e/000009-0-head", "hana", line=7)])
    assert found.table["character"].to_list() == [None] * 4
    assert found.warnings == ["line 7: there is no crop s/e/000009-0-head any more, so the name 'hana' is not given"]


def test_a_name_for_a_stray_names_its_track_alone() -> None:
    people = [("s/e/000001", 0.0), ("s/e/000002", 0.5), ("s/e/000003", 5.0)]
    tables = series(*((s, p, b) for (s, p), b in zip(people, boxes(3), strict=True)))
    stray = tables[0]["crop"][2]
    assert outcome(tables, [name(stray, "hana")]).table["character"].to_list() == [None, None, "hana"]


def test_crops_of_a_track_go_where_most_of_them_went() -> None:
    place = (0, 0, 100, 100)
    tables = series(
        ("s/e/000001", 0.0, place), ("s/e/000002", 0.1, place),  # cluster 0 ...
        ("s/e/000003", 1.6, place),  # a stray to the embedder, in the same place of the shot
        ("s/e/000004", None, place),  # not embedded
        ("s/e/000009", 1.6, FAR),  # the same look elsewhere: stays a stray
    )  # fmt: skip
    params = PARAMS.model_copy(update={"adopt_share": 1.0, "track_difference": 3.0})
    table = characters(*tables, [], on_a_line, 0.5, params).table
    assert table.select("cluster", "origin").rows()[:4] == [
        (0, "model"), (0, "model"), (0, "track"), (0, "track"),
    ]  # fmt: skip


def test_what_looks_too_different_is_not_linked() -> None:
    place = (0, 0, 100, 100)
    tables = series(
        ("s/e/000001", 0.0, place), ("s/e/000002", 0.1, place),
        ("s/e/000003", 9.0, place), ("s/e/000004", 9.1, place), ("s/e/000005", 9.2, place),
    )  # fmt: skip
    assert outcome(tables).table["cluster"].to_list() == [1, 1, 0, 0, 0]


def test_crops_that_were_not_kept_have_no_row() -> None:
    crops, features, stills = TWO_PAIRS
    gone = crops.with_columns(kept=pl.col("crop") != C2)
    assert outcome((gone, features, stills)).table["crop"].to_list() == [C1, C3, C4]


def test_no_features_at_all() -> None:
    crops, features, stills = TWO_PAIRS
    found = outcome((crops, features.clear(), stills))
    assert found.table["cluster"].to_list() == [-1] * 4
    assert found.medoids == []
    empty = outcome((crops.clear(), features.clear(), stills.clear()))
    assert empty.table.height == 0 and empty.table.schema == CHARACTERS


def test_features_of_two_models_cannot_be_compared() -> None:
    crops, features, stills = TWO_PAIRS
    mixed = features.with_columns(model=pl.Series(["a", "b", "a", "b"]))
    with pytest.raises(GengaError, match="features come from a and b, which cannot be compared"):
        outcome((crops, mixed, stills))


# Clustering


@pytest.mark.parametrize("method", ["optics", "hdbscan", "linkage"])
def test_every_method_tells_two_tight_groups_apart(method: str) -> None:
    places = [0.0, 0.1, 0.2, 0.3, 0.4, 9.0, 9.1, 9.2, 9.3, 9.4, 9.5]
    params = PARAMS.model_copy(update={"method": method, "min_crops": 5})
    labels = by_size(cluster(matrix(*places), 1.0, params))
    assert labels.tolist() == [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("method", ["optics", "hdbscan", "linkage"])
def test_fewer_crops_than_the_smallest_cluster_are_noise(method: str) -> None:
    params = PARAMS.model_copy(update={"method": method, "min_crops": 5})
    assert cluster(matrix(0.0, 0.1, 0.2, 0.3), 1.0, params).tolist() == [-1, -1, -1, -1]


@pytest.mark.filterwarnings("error")
def test_equal_crops_do_not_disturb_optics() -> None:
    params = PARAMS.model_copy(update={"method": "optics", "min_crops": 2})
    assert cluster(matrix(0, 0, 0, 9, 9, 9), 1.0, params).tolist() == [0, 0, 0, 1, 1, 1]


def test_a_stray_joins_its_nearest_cluster_if_alike_to_half_of_it() -> None:
    labels = np.array([0, 0, 1, 1, -1, -1])
    differences = matrix(0.0, 0.6, 9.0, 9.6, 1.2, 4.0)  # 1.2 is within 1 of 0.6 only; 4.0 of nobody
    assert adopt(labels, differences, 1.0, 0.5).tolist() == [0, 0, 1, 1, 0, -1]
    assert adopt(labels, differences, 1.0, 0.6).tolist() == [0, 0, 1, 1, -1, -1]


def test_alike_clusters_become_one() -> None:
    labels = np.array([0, 0, 1, 1, 2, 2, -1])
    differences = matrix(0.0, 0.1, 5.0, 5.1, 0.9, 1.05, 7.0)
    # Between clusters 0 and 2 the pairs 0.0-0.9, 0.1-0.9, 0.1-1.05 are alike, 0.0-1.05 is not: 3 of 4.
    assert merge(labels, differences, 1.0, 0.75).tolist() == [0, 0, 1, 1, 0, 0, -1]
    assert merge(labels, differences, 1.0, 0.76).tolist() == [0, 0, 1, 1, 2, 2, -1]


def test_clusters_that_meet_in_tracks_become_one() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 3, -1])
    tracks = np.array([0, 1, 2, 0, 1, 2, 3, 4, 4])
    # 0 and 1 meet in tracks 0 and 1, all that 1 has; 2 meets 0 in track 2 alone; 3 meets only noise.
    assert merge_tracked(labels, tracks, 1.0).tolist() == [0, 0, 0, 0, 0, 1, 1, 2, -1]
    assert merge_tracked(np.array([0, 0, 0, 1, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 3, 4]), 0.6).tolist()[3:] == [0] * 4
    assert merge_tracked(np.array([0, 0, 0, 1, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 3, 4]), 0.7).tolist()[3:] == [1] * 4
    assert merge_tracked(np.array([-1, -1]), np.array([0, 0]), 0.5).tolist() == [-1, -1]


def test_clusters_are_numbered_by_size_then_by_the_first_crop() -> None:
    assert by_size(np.array([3, -1, 0, 0, 3, 1, 1, 1])).tolist() == [1, -1, 2, 2, 1, 0, 0, 0]


def test_the_medoid_is_nearest_to_all() -> None:
    assert medoids(np.array([0, 0, 0, 1, -1]), matrix(0.0, 1.0, 5.0, 9.0, 9.5)) == [1, 3]


def test_a_vote_is_by_majority_and_noise_has_no_voice() -> None:
    labels = np.array([0, 0, 1, -1, -1, 1, 1, 0, -1])
    rows = {0: np.array([0, 1, 2, 3]), 1: np.array([4]), 2: np.array([5, 7]), 3: np.array([6, 8])}
    # Track 2 is split one to one; both clusters have three crops, so the lower number wins.
    assert vote(labels, rows).tolist() == [0, 0, 0, 0, -1, 0, 1, 0, 1]


# Tracks


def test_iou_of_half_overlapping_boxes() -> None:
    assert iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert iou((0, 0, 10, 10), (10, 0, 20, 10)) == 0.0


def persons(*rows: tuple[str, int, int, int, int]) -> pl.DataFrame:
    """Persons of (still, box, left side, shot, frame): 10 px squares."""
    return pl.DataFrame(
        [(s, b, x, 0, x + 10, 10, "s/e", shot, frame) for s, b, x, shot, frame in rows],
        schema=["still", "box", "x0", "y0", "x1", "y1", "episode", "shot", "frame"],
        orient="row",
    )


def test_links_pair_one_to_one_within_a_shot() -> None:
    found = links(
        persons(("a", 0, 0, 0, 1), ("a", 1, 100, 0, 1), ("b", 0, 101, 0, 2), ("b", 1, 3, 0, 2), ("c", 0, 3, 1, 3)), 0.5
    )
    assert found == [(("a", 0), ("b", 1)), (("a", 1), ("b", 0))]  # c is in the same place, but in the next shot


def test_the_better_overlap_wins() -> None:
    found = links(persons(("a", 0, 0, 0, 1), ("a", 1, 2, 0, 1), ("b", 0, 2, 0, 2)), 0.1)
    assert found == [(("a", 1), ("b", 0))]


def test_what_is_joined_hangs_together() -> None:
    assert components("abcde", [("a", "c"), ("e", "c")]) == {"a": 0, "b": 1, "c": 0, "d": 2, "e": 0}


# The names file


def names_file(folder: Path, text: str) -> Path:
    path = folder / "characters.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_names_file_is_read(tmp_path: Path) -> None:
    path = names_file(
        tmp_path,
        "\ufeffcrop,character,outfit,scope,who,why\n"
        "s/e/000001-0-head, 花子 ,school,,kim,\n"
        's/e/000002-1-head,,,crop,kim,"a poster, not a person"\n',
    )
    assert read_names(path) == [
        Name(2, "s/e/000001-0-head", "花子", "school", "cluster"),
        Name(3, "s/e/000002-1-head", "", None, "crop"),
    ]


# The contact sheet


def test_a_spread_goes_from_near_to_far() -> None:
    rows = pl.DataFrame({"crop": list("edcbag"), "distance": [0.4, 0.3, 0.2, 0.1, 0.0, None]})
    assert spread(rows, 3) == [("a", 0.0), ("c", 0.2), ("e", 0.4)]
    assert spread(rows, 9) == [("a", 0.0), ("b", 0.1), ("c", 0.2), ("d", 0.3), ("e", 0.4)]
    assert spread(rows, 1) == [("a", 0.0)]
    assert spread(rows.filter(pl.col("distance").is_null()), 2) == [("g", None)]


def test_the_sheet_shows_each_cluster_and_the_lines_still_to_fill_in() -> None:
    found = outcome(TWO_PAIRS, [name(C4, "<Hana>")])
    colours = {crop: np.full((20, 10, 3), 60 * place, np.uint8) for place, crop in enumerate([C1, C2, C3, C4])}
    page = sheet("s", found.table, found.medoids, colours.__getitem__, 8)
    assert page.count("data:image/jpeg;base64,") == 4 and Page(page).open == []
    assert "Cluster 0" in page and "Cluster 1" in page and "&lt;Hana&gt;" in page
    assert f"crop,character,outfit,scope,who,why\n{C1},,,cluster,,\n</pre>" in page
    assert "<code>corrections/s/characters.csv</code>" in page and "In no cluster" not in page
    assert page == sheet("s", found.table, found.medoids, colours.__getitem__, 8)


# The command


class LineEmbedder:
    """Stands in for the embedder: its differences are distances on the line."""

    threshold = 1.0
    differences = staticmethod(on_a_line)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A folder with the tables of TWO_PAIRS, and the script, to be called with more arguments."""
    script = Path(__file__).parent.parent / "scripts" / "characters.py"
    monkeypatch.chdir(tmp_path)
    crops, features, stills = TWO_PAIRS
    with writing_shard("crop.tar") as shard:
        places = [shard.add(f"{n}.png", encode(np.full((8, 8, 3), n, np.uint8))) for n in range(4)]
    schemas = {"crop": {**OF_CROP, **SHARD}, "embed": OF_EMBED, "stills": OF_STILLS}
    for stage, rows in {"crop": crops.hstack(pl.DataFrame(places)), "embed": features, "stills": stills}.items():
        write_table(f"data/{stage}/s/s01.parquet", rows, schemas[stage])
    Path("episodes.json").write_text('["s01"]', encoding="utf-8")
    main = runpy.run_path(str(script))["main"]
    main.__globals__["open_embedder"] = lambda registry, threads: LineEmbedder()
    main.__globals__["models_of"] = lambda text: None
    app = typer.Typer()
    app.command()(main)
    models = '{"use": "embedded", "folder": "weights", "device": "cpu", "batch": 1}'
    words = ["--in-data", "data", "--episodes", "episodes.json"]
    words += ["--out", "out/s.parquet", "--out-sheet", "out/s.html"]
    words += ["--params", PARAMS.model_dump_json(), "--models", models]
    return lambda *more: CliRunner().invoke(app, [*words, *more])


def test_the_command_writes_table_and_sheet_and_one_line(command: Callable[..., Result]) -> None:
    names_file(Path(), f"crop,character\n{C1},hana\ngone,ren\n")
    done = command("--names", "characters.csv")
    assert done.exit_code == 0
    assert done.stdout == "characters s: 4 crops, 2 clusters, 0 in none; named: hana 2\n"
    assert done.stderr == "characters.csv: line 3: there is no crop gone any more, so the name 'ren' is not given\n"
    assert read_table("out/s.parquet", CHARACTERS)["character"].to_list() == ["hana", "hana", None, None]
    assert "Cluster 1" in Path("out/s.html").read_text(encoding="utf-8")


def test_the_command_without_names(command: Callable[..., Result]) -> None:
    assert command().stdout == "characters s: 4 crops, 2 clusters, 0 in none; named: none yet\n"


def test_the_command_refuses_a_wrong_names_file_and_writes_nothing(command: Callable[..., Result]) -> None:
    names_file(Path(), "crop\n")
    done = command("--names", "characters.csv")
    assert isinstance(done.exception, GengaError) and "column character is missing" in str(done.exception)
    assert not Path("out").exists()
