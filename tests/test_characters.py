"""Who is who on tables small enough to cluster by eye: a feature is a place on a line, a difference is the distance."""

import runpy
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import typer
from pages import Page
from typer.testing import CliRunner, Result

from genga.decisions import placing
from genga.decisions.anchors import Anchor
from genga.decisions.characters import Name, read_names
from genga.decisions.csv import Open
from genga.errors import GengaError
from genga.images.boxes import iou
from genga.images.codec import encode
from genga.pages.contact_sheet import sheet, spread
from genga.params.characters import Params
from genga.people.characters import OF_CROP, OF_EMBED, OF_STILLS, OF_TAG, Tables, characters
from genga.people.clustering import MOST, adopt, by_first, check_size, cluster, merge, merge_tracked
from genga.people.differences import Differences
from genga.people.doubts import doubts
from genga.people.gathering import divided, join_few, medoid, vote
from genga.people.naming import Crop, give_names
from genga.people.outfits import Worn, colours_below, is_worn, outfits, unlike
from genga.people.references import read_references
from genga.people.tracks import links
from genga.store.components import components
from genga.store.parquet import read_table, write_table
from genga.store.shards import writing_shard
from genga.tables.characters import CHARACTERS, OPEN
from genga.tables.schema import SHARD

PARAMS = Params(
    method="linkage", min_crops=2, join=1.0, few_shots=0, few_join=2.0, adopt_share=0.5, merge_share=0.85,
    track=True, track_overlap=0.5, track_difference=2.0, track_gap=1, track_share=0.5, outfits=0.5,
    sheet_crops=8, sheet_tags=5,
)  # fmt: skip
FAR = (500, 0, 510, 10)


def on_a_line(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.abs(first[:, 0][:, None] - second[:, 0][None, :]).astype(np.float32)


def matrix(*places: float) -> np.ndarray:
    features = np.array(places, np.float32)[:, None]
    return on_a_line(features, features)


def line(*places: float) -> Differences:
    return Differences(np.array(places, np.float32)[:, None], on_a_line)


def series(*people: tuple[str, float | None, tuple[int, int, int, int]]) -> tuple[pl.DataFrame, ...]:
    """One full-body crop per (still, place on the line or None for not embedded, box); all stills are of shot 0."""
    crops, features = [], []
    for number, (still, place, box) in enumerate(people):
        crop = f"{still}-{number}-fullbody"
        crops.append((crop, still, number, "fullbody", *box, True, []))
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
    return characters(*tables, None, list(names), on_a_line, 1.0, params)


def name(crop: str, character: str, scope: str = "cluster", outfit: str | None = None, line: int = 2) -> Name:
    return Name(line, crop, character, outfit, scope)


def seen_in(stills: Sequence[str], crops: pl.DataFrame) -> placing.Episode:
    """The episode e as `series` makes it: its stills, 400 x 100 px, are all its frames from 1 on, in one shot."""
    rows = [
        (number, 0, number or None, "kept" if number else "black", *(None,) * 4) for number in range(len(stills) + 1)
    ]
    boxes = crops.select("still", "box", pl.lit("person").alias("kind"), "x0", "y0", "x1", "y1")
    return placing.Episode(
        pl.DataFrame(rows, schema=dict(placing.OF_DEDUP), orient="row"),
        pl.DataFrame(
            [row[:2] + (400, 100, 0, 0, 400, 100) for row in rows[1:]], schema=dict(placing.OF_STILLS), orient="row"
        ),
        pl.DataFrame(boxes.rows(), schema=dict(placing.OF_DETECT), orient="row"),
    )


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


def test_two_names_for_one_person_whom_no_cluster_has_are_said() -> None:
    first, second = "s/e/000001-0-head", "s/e/000002-0-head"
    crops = {crop: Crop((crop[:-7], 0), 5, -1) for crop in (first, second)}
    names = [Name(2, first, "hana", None, "cluster"), Name(3, second, "ren", None, "cluster")]
    found = give_names(crops, names, lambda a, b: 0.0, {crop.person: (5, -1) for crop in crops.values()})
    assert found.warnings == [
        f"one person from still to still has lines of several names ({first} is hana, {second} is ren): line 2 holds"
    ]
    assert {label for label, _ in found.labels.values()} == {"hana"}


@pytest.mark.parametrize("scope", ["cluster", "crop"])
def test_a_name_of_somebody_without_a_crop_takes_no_effect_and_is_said(scope: str) -> None:
    """Who is meant is there; what was cut out of that still was left out, of burnt-in text for instance."""
    crop, person = "s/e/000001-0-head", ("s/e/000002", 0)
    crops = {crop: Crop((crop[:-7], 0), 5, -1)}
    tracks = {("s/e/000001", 0): (5, -1), person: (6, -1)}
    line = Name(2, "s/e/000009-0-head", "hana", None, scope)
    found = give_names(crops, [line], lambda a, b: 0.0, tracks, lambda name: placing.Placed((person,)))
    assert found.labels == {crop: (None, None)}
    assert [(one.line, one.why) for one in found.open] == [(2, "no crop of s/e/000002-0, who is meant, is kept now")]


def test_two_outfits_in_one_cluster_are_no_conflict() -> None:
    found = outcome(TWO_PAIRS, [name(C3, "hana", outfit="school"), name(C4, "hana", outfit="coat", line=3)])
    assert found.table["outfit"].to_list() == [None, None, "school", "coat"]
    assert found.warnings == []


def test_a_name_for_a_crop_that_is_gone_is_passed_over() -> None:
    found = outcome(TWO_PAIRS, [name("s/e/000009-0-head", "hana", line=7)])
    assert found.table["character"].to_list() == [None] * 4
    assert found.open == [Open(7, "s/e/000009-0-head is 'hana'", "there is no such crop")] and found.warnings == []


def at(frame: int, box: int, *place: int) -> Anchor:
    return Anchor(frame, box, place)


def test_a_name_goes_to_whoever_stands_where_it_was_given() -> None:
    """Of crop 7-3, whose frame is none any more, as of a number that somebody else has now."""
    seen = placing.Scene("s", {"e": seen_in([still for still, _ in FOUR], TWO_PAIRS[0])}.get)
    lines = [
        Name(2, "s/e/000003-0-head", "hana", None, "cluster", at(3, 0, 500, 0, 625, 500)),  # box 2 has her place
        Name(3, "s/e/000002-1-fullbody", "ren", None, "crop", at(2, 1, 0, 0, 100, 500)),  # nobody has
    ]
    found = characters(*TWO_PAIRS, seen, lines, on_a_line, 1.0, PARAMS)
    assert found.table["character"].to_list() == [None, None, "hana", "hana"]
    assert [str(one) for one in found.open] == [
        f"3: {C2} is 'ren': not placed, nobody is found in that place of s/e/000002 now; nearest: {C2}"
    ]


def test_two_names_that_come_to_one_person_are_named() -> None:
    """The line about a crop of the still itself holds; where there is none, neither does."""
    episode = seen_in([still for still, _ in FOUR], TWO_PAIRS[0])
    row = pl.DataFrame([(0, 0, 3, "held", *(None,) * 4)], schema=dict(placing.OF_DEDUP), orient="row")
    held = pl.concat([row, episode.dedup[1:]])
    seen = placing.Scene("s", {"e": placing.Episode(held, episode.stills, episode.detect)}.get)
    other = Name(2, "s/e/000000-0-head", "ren", None, "crop", at(0, 0, 500, 0, 625, 500))
    own = Name(3, C3, "hana", None, "crop", at(3, 2, 500, 0, 625, 500))
    found = characters(*TWO_PAIRS, seen, [other, own], on_a_line, 1.0, PARAMS)
    assert found.table["character"].to_list() == [None, None, "hana", None]
    assert [str(one) for one in found.open] == [
        f"2: s/e/000000-0-head is 'ren': not placed, of the same person line 3 says 'hana'; nearest: {C3}"
    ]
    more = Name(4, "s/e/000000-1-head", "mika", None, "crop", at(0, 1, 500, 0, 625, 500))
    none = characters(*TWO_PAIRS, seen, [other, more], on_a_line, 1.0, PARAMS)
    assert none.table["character"].null_count() == 4 and [one.line for one in none.open] == [2, 4]


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
    table = characters(*tables, None, [], on_a_line, 0.5, params).table
    assert table.select("cluster", "origin").rows()[:4] == [
        (0, "model"), (0, "model"), (0, "track"), (0, "track"),
    ]  # fmt: skip


def test_what_looks_too_different_is_not_linked() -> None:
    place = (0, 0, 100, 100)
    tables = series(
        ("s/e/000001", 0.0, place), ("s/e/000002", 0.1, place),
        ("s/e/000003", 9.0, place), ("s/e/000004", 9.1, place), ("s/e/000005", 9.2, place),
    )  # fmt: skip
    assert outcome(tables).table["cluster"].to_list() == [0, 0, 1, 1, 1]


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


@pytest.mark.parametrize("method", ["linkage", "optics", "hdbscan"])
def test_every_method_tells_two_tight_groups_apart(method: str) -> None:
    places = [0.0, 0.1, 0.2, 0.3, 0.4, 9.0, 9.1, 9.2, 9.3, 9.4, 9.5]
    tables = series(*((f"s/e/{number:06}", place, FAR) for number, place in enumerate(places)))
    params = PARAMS.model_copy(update={"method": method, "min_crops": 5, "track": False})
    assert outcome(tables, params=params).table["cluster"].to_list() == [0] * 5 + [1] * 6
    few = series(*((f"s/e/{number:06}", place, FAR) for number, place in enumerate(places[:4])))
    assert outcome(few, params=params).table["cluster"].to_list() == [-1] * 4


@pytest.mark.parametrize("method", ["linkage", "optics", "hdbscan"])
def test_two_boxes_of_a_still_are_two_people_however_alike(method: str) -> None:
    """Four crops of one look; two of them stand in one still."""
    places = [("s/e/000001", 0.0), ("s/e/000001", 0.1), ("s/e/000002", 0.2), ("s/e/000003", 0.3)]
    tables = series(*((still, place, box) for (still, place), box in zip(places, boxes(4), strict=True)))
    params = PARAMS.model_copy(update={"method": method, "track": False})
    first, second, *_ = outcome(tables, params=params).table["cluster"].to_list()
    assert first != second or first == -1  # noise is nobody


def test_a_matrix_that_does_not_fit_into_memory_is_refused_with_the_way_out() -> None:
    check_size(MOST, "optics")
    with pytest.raises(GengaError, match="method optics needs all differences at once, 11 GB for 20000 crops; put"):
        check_size(20_000, "optics")


@pytest.mark.filterwarnings("error")
def test_equal_crops_do_not_disturb_optics() -> None:
    params = PARAMS.model_copy(update={"method": "optics", "min_crops": 2})
    assert cluster(matrix(0, 0, 0, 9, 9, 9), 1.0, params).tolist() == [0, 0, 0, 1, 1, 1]


def test_who_is_seen_in_few_shots_joins_who_is_clearly_nearest() -> None:
    # Clusters 0 and 1 are seen in two shots, 2 to 5 in one: at 1.8 from 0, half way, beyond 2, and in a still with 0.
    labels = np.array([0, 0, 1, 1, 2, 3, 4, 5])
    shots = np.array([0, 1, 0, 1, 2, 3, 4, 5])
    places = line(0.0, 0.0, 9.0, 9.0, 1.8, 4.5, -2.1, 0.1)
    params = PARAMS.model_copy(update={"few_shots": 1})
    apart = np.array([[0, 5]])
    assert join_few(labels, shots, apart, places, 1.0, params).tolist() == [0, 0, 1, 1, 0, 3, 4, 5]
    none = np.zeros((0, 2), np.int64)
    assert join_few(labels, shots, none, places, 1.0, params).tolist() == [0, 0, 1, 1, 0, 3, 4, 0]
    wide = params.model_copy(update={"few_join": 9.0})  # half way is not clear, however far may be
    assert join_few(labels, shots, none, places, 1.0, wide).tolist() == [0, 0, 1, 1, 0, 3, 0, 0]
    assert join_few(labels, shots, none, places, 1.0, PARAMS).tolist() == labels.tolist()  # in no shots: nobody


def test_two_that_are_held_apart_do_not_join_the_same() -> None:
    labels, shots = np.array([0, 0, 1, 2]), np.array([0, 1, 2, 3])
    params = PARAMS.model_copy(update={"few_shots": 1})
    joined = join_few(labels, shots, np.array([[1, 2]]), line(0.0, 0.0, 1.5, 1.2), 1.0, params)
    assert joined.tolist() == [0, 0, 1, 0]  # the nearer one


def test_a_cluster_with_two_people_of_a_still_is_divided() -> None:
    tracks = {0: np.array([0, 1]), 1: np.array([2]), 2: np.array([3])}
    assert divided(np.array([4, 4, 4, 4]), tracks, np.array([[0, 1]])).tolist() == [4, 4, -1, 4]


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


def test_clusters_are_numbered_by_their_first_crop() -> None:
    assert by_first(np.array([3, -1, 0, 0, 3, 1, 1, 1])).tolist() == [0, -1, 1, 1, 0, 2, 2, 2]


def test_a_new_episode_keeps_earlier_numbers() -> None:
    """Somebody new in it has more crops than anybody before."""
    crops, features, stills = TWO_PAIRS
    later = series(*((f"s/f/{number:06}", 20.0, FAR) for number in range(5)), ("s/f/000009", 9.2, FAR))
    before = outcome(TWO_PAIRS).table
    after = outcome(tuple(pl.concat(pair) for pair in zip(TWO_PAIRS, later, strict=True))).table
    assert after["cluster"].to_list() == [0, 0, 1, 1, 2, 2, 2, 2, 2, 1]
    assert after[: len(before)].select("crop", "cluster").equals(before.select("crop", "cluster"))


def test_the_medoid_is_nearest_to_all() -> None:
    places = line(0.0, 1.0, 5.0, 9.0, 9.5)
    assert medoid(np.array([0, 1, 2]), places) == 1 and medoid(np.array([3]), places) == 3


def test_a_vote_is_by_majority_and_noise_has_no_voice() -> None:
    labels = np.array([0, 0, 1, -1, -1, 1, 1, 0, -1])
    rows = {0: np.array([0, 1, 2, 3]), 1: np.array([4]), 2: np.array([5, 7]), 3: np.array([6, 8])}
    # Track 2 is split one to one; both clusters have three crops, so the lower number wins.
    assert vote(labels, rows).tolist() == [0, 0, 0, 0, -1, 0, 1, 0, 1]


# Tracks


def test_iou_of_half_overlapping_boxes() -> None:
    assert iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert iou((0, 0, 10, 10), (10, 0, 20, 10)) == 0.0


Seen = tuple[str, int, int, int, int]  # still, box, left side, shot, frame


def persons(*rows: Seen) -> pl.DataFrame:
    """Persons: 10 px squares."""
    return pl.DataFrame(
        [(s, b, x, 0, x + 10, 10, "s/e", shot, frame) for s, b, x, shot, frame in rows],
        schema=["still", "box", "x0", "y0", "x1", "y1", "episode", "shot", "frame"],
        orient="row",
    )


def linked_up(*rows: Seen, looks: Sequence[float | None] = (), **params: float) -> list[tuple]:
    """Links between these persons, whose places on the line are `looks`; None: not embedded."""
    of = dict(zip([(s, b) for s, b, *_ in rows], looks, strict=False))
    known = {person: place for person, place in of.items() if place is not None}
    rows_of = {person: np.array([number]) for number, person in enumerate(known)}
    return links(persons(*rows), rows_of, line(*known.values()), 1.0, PARAMS.model_copy(update=params))


def test_links_pair_one_to_one_within_a_shot() -> None:
    found = linked_up(("a", 0, 0, 0, 1), ("a", 1, 100, 0, 1), ("b", 0, 101, 0, 2), ("b", 1, 3, 0, 2), ("c", 0, 3, 1, 3))
    assert found == [(("a", 0), ("b", 1)), (("a", 1), ("b", 0))]  # c is in the same place, but in the next shot
    assert linked_up(("a", 0, 0, 0, 1), ("b", 0, 0, 0, 2), track=False) == []


def test_the_better_overlap_wins() -> None:
    found = linked_up(("a", 0, 0, 0, 1), ("a", 1, 2, 0, 1), ("b", 0, 2, 0, 2), track_overlap=0.1)
    assert found == [(("a", 1), ("b", 0))]


def test_where_two_cross_looks_decide() -> None:
    """Each stands where the other stood; who has no looks goes by place."""
    rows = (("a", 0, 0, 0, 1), ("a", 1, 2, 0, 1), ("b", 0, 0, 0, 2), ("b", 1, 2, 0, 2))
    assert linked_up(*rows, looks=[0.0, 1.5, 1.5, 0.0]) == [(("a", 0), ("b", 1)), (("a", 1), ("b", 0))]
    assert linked_up(*rows) == [(("a", 0), ("b", 0)), (("a", 1), ("b", 1))]


def test_whoever_is_hidden_is_taken_up_again_by_looks_and_place() -> None:
    """Of two who cross, one is hidden in still c, and comes out on the other side at the same pace."""
    right = [("a", 0, 0, 0, 10), ("b", 0, 4, 0, 12), ("c", 0, 8, 0, 14), ("d", 1, 12, 0, 16)]
    left = [("a", 1, 20, 0, 10), ("b", 1, 16, 0, 12), ("d", 0, 8, 0, 16)]
    rows, looks = (*right, *left), [0.0] * 4 + [5.0] * 3
    found = linked_up(*rows, looks=looks, track_overlap=0.4)
    assert found == [
        (("a", 0), ("b", 0)), (("a", 1), ("b", 1)), (("b", 0), ("c", 0)), (("b", 1), ("d", 0)), (("c", 0), ("d", 1)),
    ]  # fmt: skip
    hidden = (("b", 1), ("d", 0))
    assert hidden not in linked_up(*rows, looks=looks, track_overlap=0.4, track_gap=0)
    assert hidden not in linked_up(*rows, looks=looks[:4] + [None] * 3, track_overlap=0.4)  # by place alone: too bold


def test_two_boxes_of_a_still_are_never_one_track() -> None:
    """One in front of the other in still a, and both are like the one person of still b."""
    found = linked_up(("a", 0, 0, 0, 1), ("a", 1, 1, 0, 1), ("b", 0, 1, 0, 2), ("c", 0, 0, 0, 3), ("c", 1, 1, 0, 3),
                      looks=[0.0] * 5, track_overlap=0.1)  # fmt: skip
    tracks = components([("a", 0), ("a", 1), ("b", 0), ("c", 0), ("c", 1)], found)
    assert tracks["a", 0] != tracks["a", 1] and tracks["c", 0] != tracks["c", 1]


def test_what_is_joined_hangs_together() -> None:
    assert components("abcde", [("a", "c"), ("e", "c")]) == {"a": 0, "b": 1, "c": 0, "d": 2, "e": 0}


# Outfits


def worn(track: int, shot: int, tags: str, crops: int = 4, cluster: int = 0, colours: int | None = None) -> Worn:
    shares = dict.fromkeys(tags.split(), 1.0)
    seen = None if colours is None else np.eye(16)[colours]
    return Worn(track, cluster, "s/e", 100 * shot, crops, shares, seen)


def test_tracks_are_gathered_by_what_is_worn_and_called_by_what_tells_them_apart() -> None:
    found = outfits(
        [
            worn(0, 1, "serafuku bowtie skirt short_sleeves"), worn(1, 2, "bowtie serafuku short_sleeves"),
            worn(2, 5, "hoodie shorts long_sleeves"), worn(3, 6, "hoodie long_sleeves thighhighs"),
            worn(4, 3, "", crops=0),  # a face, in the shot after 1
            worn(5, 7, "apron"),  # like nobody's, and once: of the shot before it
            worn(6, 1, "kimono", cluster=1), worn(7, 2, "kimono", cluster=1),  # somebody with one outfit
        ],
        0.5,
    )  # fmt: skip
    assert found == {0: "serafuku", 1: "serafuku", 4: "serafuku", 2: "hoodie", 3: "hoodie", 5: "hoodie"}
    assert outfits([worn(0, 1, "serafuku"), worn(1, 2, "hoodie")], 0.0) == {}


def test_colours_tell_outfits_apart_that_have_the_same_tags() -> None:
    same = [worn(track, track, "dress", colours=colours) for track, colours in enumerate((0, 0, 9, 9))]
    assert outfits(same, 0.4) == {0: "outfit 1", 1: "outfit 1", 2: "outfit 2", 3: "outfit 2"}
    assert outfits(same, 0.5) == {}


def test_how_unlike_two_tracks_are() -> None:
    """Of the one who shows less, half is not seen on the other; half of the colours are others."""
    a, b = worn(0, 0, "shirt skirt"), worn(1, 1, "shirt tie socks")
    assert unlike(a, b) == unlike(b, a) == 0.5
    assert unlike(replace(a, colours=np.eye(16)[0]), replace(b, colours=np.eye(16)[:2].mean(axis=0))) == 0.5
    assert unlike(a, worn(2, 2, "")) == 1.0 and unlike(worn(3, 3, "", colours=1), worn(2, 2, "", colours=1)) == 0.0


def test_what_is_worn_is_no_body_and_no_pose() -> None:
    tags = "school_uniform thigh_boots hoodie scarf hand_on_own_hip arms_up bare_shoulders smile long_hair day shoes"
    assert list(filter(is_worn, tags.split())) == ["school_uniform", "thigh_boots", "hoodie", "scarf", "shoes"]


def test_colours_are_those_below_the_head() -> None:
    image = np.zeros((40, 16, 3), np.uint8)
    image[:20] = (255, 0, 0)  # a head
    image[20:] = (0, 0, 255)
    seen = colours_below(image, (100, 50, 116, 90), (100, 50, 116, 70))
    assert seen is not None and seen.tolist() == [float(kind == 8) for kind in range(16)]
    assert colours_below(image, (100, 50, 116, 90), (100, 50, 116, 88)) is None  # two lines of body


def dressed(*tags: list[str]) -> tuple[pl.DataFrame, ...]:
    """TWO_PAIRS as one person in shots of their own, who wears this in each."""
    tables = series(*((still, 0.0, box) for (still, _), box in zip(FOUR, boxes(4), strict=True)))
    return tables[0].with_columns(tags=pl.Series(list(tags), dtype=pl.List(pl.String))), *tables[1:]


def test_a_proposed_outfit_stands_until_a_line_says_another() -> None:
    tables = dressed(["dress"], ["dress"], ["hoodie"], ["hoodie"])
    first, *_, last = tables[0]["crop"]
    assert outcome(tables).table.select("character", "outfit").rows() == [
        (None, "dress"), (None, "dress"), (None, "hoodie"), (None, "hoodie"),
    ]  # fmt: skip
    named = outcome(tables, [name(first, "hana"), name(last, "hana", outfit="winter", line=3)]).table
    assert named.select("character", "outfit").rows() == [("hana", "dress")] * 2 + [("hana", "winter")] * 2
    nobody = outcome(tables, [name(first, "")]).table
    assert nobody.select("character", "outfit").rows() == [("", None)] * 4


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


# Lines that tie


def test_people_who_are_told_together_are_in_one_cluster() -> None:
    """However far apart; outfits and tracks stay those of each."""
    lines = [name(C2, "mask", "together"), name(C4, "mask", "together", line=3), name(C1, "hana", line=4)]
    found = outcome(TWO_PAIRS, lines)
    # From both, 0 differs by 5 in the mean and 9 by 4.5, and then 0 by 6.3.
    assert found.table["cluster"].to_list() == [-1, 0, -1, 0] and found.open == []
    wide = outcome(TWO_PAIRS, lines, PARAMS.model_copy(update={"join": 7.0}))
    assert wide.table["cluster"].to_list() == [0, 0, 0, 0] and set(wide.table["character"]) == {"hana"}


@pytest.mark.parametrize("method", ["linkage", "optics", "hdbscan"])
def test_people_who_are_told_apart_are_in_no_cluster_together(method: str) -> None:
    lines = [name(C1, "twins", "apart"), name(C2, "twins", "apart", line=3)]
    found = outcome(TWO_PAIRS, lines, PARAMS.model_copy(update={"method": method}))
    one, other, *pair = found.table["cluster"].to_list()
    assert (one != other or one == -1) and found.open == []


def test_a_tie_that_cannot_be_takes_no_effect_and_says_why() -> None:
    stills = [("s/e/000001", 0.0), ("s/e/000001", 0.1), ("s/e/000002", 0.2), ("s/e/000003", 9.0)]
    tables = series(*((still, place, box) for (still, place), box in zip(stills, boxes(4), strict=True)))
    a, b, c, d = tables[0]["crop"]
    lines = [
        name(a, "x", "together", line=2), name(b, "x", "together", line=3), name(c, "x", "together", line=4),
        name(a, "y", "apart", line=5), name(c, "y", "apart", line=6),
        name(d, "z", "apart", line=7), name("s/e/000009-0-head", "z", "apart", line=8),
    ]  # fmt: skip
    assert list(map(str, outcome(tables, lines).open)) == [
        f"3: {b} is together with 'x': not placed, line 2 is about one who is in s/e/000001 beside this one",
        f"6: {c} is apart with 'y': not placed, the one of line 5 is the same person",
        f"7: {d} is apart with 'z': not placed, no other line with scope apart has the word 'z'",
        "8: s/e/000009-0-head is apart with 'z': not placed, there is no such crop",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("c,a/b,,", "'a/b' has / in it, and folders are called after names; take it out"),
        ("c,..,,", "'..' begins with a dot, and folders are called after names; take it out"),
        ("c,hana,a\\b,", "'a\\\\b' has \\ in it, and folders are called after names; take it out"),
        ("c,,,apart", "scope apart wants a word in column character that another line has too, and no outfit"),
        ("c,x,a,apart", "scope apart wants a word in column character that another line has too, and no outfit"),
        ("c,x,,nobody", "scope must be cluster, crop, together or apart, got 'nobody'"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_is_refused_with_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    path = names_file(tmp_path, f"crop,character,outfit,scope\n{line}\n")
    with pytest.raises(GengaError) as refused:
        read_names(path)
    assert str(refused.value) == f"{path}:2: {said}"


def test_brackets_may_be_escaped_in_a_name(tmp_path: Path) -> None:
    path = names_file(tmp_path, "crop,character\nc,saber \\(fate\\)\n")
    assert read_names(path)[0].character == "saber \\(fate\\)"


# Names by pictures


def known(*places: float) -> np.ndarray:
    return np.array(places, np.float32)[:, None]


def test_a_cluster_takes_the_name_of_the_pictures_it_is_like() -> None:
    """Clusters at 0 to 0.5 and 9 to 9.5; kai is like nobody."""
    pictures = {"hana": known(0.5, 1.0), "kai": known(20.0), "ren": known(9.0)}
    found = characters(*TWO_PAIRS, None, [], on_a_line, 1.0, PARAMS, None, pictures)
    assert found.table.select("character", "origin").rows() == [("hana", "model")] * 2 + [("ren", "model")] * 2
    assert found.unlike == [
        "references/kai names nobody: cluster 1 is nearest, at 10.750 of at most 1.000, and clear of others"
    ]
    lines = [name(C1, "mika")]
    assert characters(*TWO_PAIRS, None, lines, on_a_line, 1.0, PARAMS, None, pictures).table["character"].to_list() == [
        "mika", "mika", "ren", "ren",
    ]  # fmt: skip


def test_pictures_of_two_who_look_alike_name_nobody() -> None:
    pictures = {"hana": known(0.5), "mika": known(0.55)}
    found = characters(*TWO_PAIRS, None, [], on_a_line, 1.0, PARAMS, None, pictures)
    assert found.table["character"].null_count() == 4 and len(found.unlike) == 2


def test_pictures_are_read_by_the_folder_of_a_name(tmp_path: Path) -> None:
    place = tmp_path / "corrections/s/references/hana  b"
    place.mkdir(parents=True)
    (place / "1.png").write_bytes(encode(np.full((4, 4, 3), 7, np.uint8)))
    (place / "2.webp").write_bytes(encode(np.full((4, 4, 3), 9, np.uint8), "webp"))
    files = [place / "1.png", place / "2.webp", tmp_path / "corrections/s/characters.csv"]
    found = read_references(files, lambda images: np.array([[image[0, 0, 0]] for image in images], np.float32))
    assert {key: seen.tolist() for key, seen in found.items()} == {"hana b": [[7.0], [9.0]]}


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("references/1.png", "{path}: put it into references/<name of the character>/, or take it away"),
        ("references/hana/new/1.png", "{path}: put it into references/<name of the character>/, or take it away"),
        ("references/hana/1.png", "{path}: is no picture that can be read; save it as PNG, or take it away"),
        (
            "references/a,b/1.png",
            "{path.parent}: 'a,b' holds a comma, which separates tags in captions; leave it out",
        ),
    ],
)
def test_a_picture_that_cannot_be_read_is_one_clear_line(tmp_path: Path, place: str, said: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(GengaError) as refused:
        read_references([path], lambda images: np.zeros((len(images), 1), np.float32))
    assert str(refused.value) == said.format(path=path)


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
    page = sheet("s", found, colours.__getitem__, 8)
    assert page.count("data:image/jpeg;base64,") == 4 and Page(page).open == []
    assert "Cluster 0" in page and "Cluster 1" in page and "&lt;Hana&gt;" in page
    assert f"crop,character,outfit,scope,at,who,why\n{C1},,,cluster,,,\n</pre>" in page
    assert "<code>corrections/s/characters.csv</code>" in page and "In no cluster" not in page
    assert page == sheet("s", found, colours.__getitem__, 8)
    at, lost = {C1: "1-0 0 0 500 500"}, Open(3, "s/e/000009-0-head is '<B>'", "it is gone", (C1, C2))
    more = sheet("s", replace(found, open=[lost], at=at), colours.__getitem__, 8)
    assert f"{C1},,,cluster,1-0 0 0 500 500,,\n</pre>" in more
    assert (
        f"<pre>3: s/e/000009-0-head is &#39;&lt;B&gt;&#39;: not placed, it is gone; nearest: {C1}, {C2}\n</pre>" in more
    )


# Tags to look at

# (still, box, tag, category, score, disagreement, origin, kept, reason)
TAGS = [
    ("s/e/000001", None, "sky", "general", 0.5, 0.2, "model", True, ""),
    (
        "s/e/000002",
        None,
        "sky",
        "general",
        0.3,
        0.6,
        "model",
        False,
        "score",
    ),  # of that shot, more doubtful
    ("s/e/000002", 1, "hat", "general", 0.4, 0.5, "shot", True, ""),
    ("s/e/000003", None, "hat", "general", 0.4, 0.5, "persons", True, ""),
    ("s/e/000003", None, "solo", "general", 0.9, 0.9, "box", True, ""),  # boxes decide
    ("s/e/000003", None, "tree", "general", 1.0, 0.8, "person", True, ""),  # somebody did
    ("s/e/000003", None, "bow", "general", 0.6, 0.8, "model", False, "overlap"),  # hair_bow says it
    ("s/e/000003", None, "safe", "rating", 0.6, 0.8, "model", True, ""),
    ("s/e/000003", None, "red", "general", 0.6, None, "model", True, ""),  # one tagger knows it
    ("s/e/000003", None, "dog", "general", 0.6, 0.0, "model", True, ""),  # they agree
]


def tables_of_tags() -> Tables:
    crops, features, stills = TWO_PAIRS
    scene = placing.Scene("s", {"e": seen_in(stills["still"].to_list(), crops)}.get)
    return Tables(crops, features, stills, scene, [], [], pl.DataFrame(TAGS, schema=OF_TAG, orient="row"))


def test_the_tags_on_which_taggers_disagree_most_come_first_one_of_each_in_a_shot() -> None:
    found = doubts(tables_of_tags(), 10)
    assert [(one.still[-1], one.box, one.tag, one.disagreement, one.kept, one.crop) for one in found] == [
        ("2", None, "sky", 0.6, False, None), ("2", 1, "hat", 0.5, True, C2), ("3", None, "hat", 0.5, True, None),
    ]  # fmt: skip
    assert {one.file for one in found} == {"corrections/s/e/tags.csv"}
    assert [one.line for one in found] == [
        "s/e/000002,,sky,add,,,", "s/e/000002,1,hat,remove,2-1 250 0 375 500,,", "s/e/000003,,hat,remove,,,",
    ]  # fmt: skip
    assert doubts(tables_of_tags(), 1) == found[:1] and doubts(tables_of_tags(), 0) == []


def test_the_sheet_has_them_with_a_picture_of_the_person() -> None:
    found = outcome(TWO_PAIRS)
    colours = {crop: np.full((20, 10, 3), 60 * place, np.uint8) for place, crop in enumerate([C1, C2, C3, C4])}
    page = sheet("s", found, colours.__getitem__, 8, doubts(tables_of_tags(), 10))
    assert Page(page).open == [] and page.count("data:image/jpeg;base64,") == 5
    rows = page.split("<tr><td>")[1:]
    assert ["whole still" in row for row in rows] == [True, False, True]
    assert "<td>0.60</td><td>0.30</td><td>sky</td>" in rows[0] and "left out" in rows[0] and "kept" in rows[1]
    assert "<code>still_or_crop,box,tag,decision,at,who,why</code>" in page
    assert "Tags to look at" not in sheet("s", found, colours.__getitem__, 8)


# The command


class LineEmbedder:
    """Stands in for the embedder: its differences are distances on the line."""

    threshold = 1.0
    differences_between = staticmethod(on_a_line)

    @staticmethod
    def features(images: Sequence[np.ndarray]) -> np.ndarray:
        """Where a picture is on the line says its first number."""
        return np.array([[image[0, 0, 0]] for image in images], np.float32).reshape(-1, 1)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A folder with the tables of TWO_PAIRS, and the script, to be called with more arguments."""
    script = Path(__file__).parent.parent / "scripts" / "characters.py"
    monkeypatch.chdir(tmp_path)
    crops, features, stills = TWO_PAIRS
    with writing_shard("crop.tar") as shard:
        places = [shard.add(f"{n}.png", encode(np.full((8, 8, 3), n, np.uint8))) for n in range(4)]
    sides = {"width": 400, "height": 100, "x0": 0, "y0": 0, "x1": 400, "y1": 100}
    sized = stills.with_columns(**{side: pl.lit(px, pl.Int64) for side, px in sides.items()})
    schemas = {"crop": {**OF_CROP, **SHARD}, "embed": OF_EMBED, "stills": {"still": pl.String, **placing.OF_STILLS}}
    for stage, rows in {"crop": crops.hstack(pl.DataFrame(places)), "embed": features, "stills": sized}.items():
        write_table(f"data/{stage}/s/e.parquet", rows, schemas[stage])
    seen = seen_in(sized["still"], crops)
    write_table("data/dedup/s/e.parquet", seen.dedup, placing.OF_DEDUP)
    write_table("data/detect/s/e.parquet", seen.detect, placing.OF_DETECT)
    write_table("data/tag/s/e.parquet", pl.DataFrame(TAGS, schema=OF_TAG, orient="row"), OF_TAG)
    Path("episodes.json").write_text('["e"]', encoding="utf-8")
    main = runpy.run_path(str(script))["main"]
    main.__globals__["open_embedder"] = lambda registry, threads: LineEmbedder()
    main.__globals__["models_of"] = lambda text: None
    app = typer.Typer()
    app.command()(main)
    models = '{"use": "embedded", "folder": "weights", "device": "cpu", "batch": 1}'
    words = ["--in-data", "data", "--episodes", "episodes.json"]
    words += ["--out", "out/s.parquet", "--out-sheet", "out/s.html", "--out-open", "out/open/s.parquet"]
    words += ["--params", PARAMS.model_dump_json(), "--models", models]
    return lambda *more: CliRunner().invoke(app, [*words, *more])


def test_the_command_writes_table_and_sheet_and_one_line(command: Callable[..., Result]) -> None:
    names_file(Path(), f"crop,character\n{C1},hana\ngone,ren\n")
    for kind, text in {"frames": "frame,decision\n2,drop\n", "tags": f"still_or_crop,tag,decision\n{C2},red,add\n"
                       "s/e/000000,sky,add\n"}.items():  # fmt: skip
        Path("s/e").mkdir(parents=True, exist_ok=True)
        Path(f"s/e/{kind}.csv").write_text(text)
    Path("decided.json").write_text('["characters.csv", "s/e/frames.csv", "s/e/tags.csv"]')
    done = command("--decided", "decided.json")
    assert done.exit_code == 0
    assert done.stdout == "characters s: 4 crops, 2 clusters, 0 in none; named: hana 2\n"
    assert done.stderr == "characters.csv:3: gone is 'ren': not placed, that is the id of no crop\n"
    assert read_table("out/s.parquet", CHARACTERS)["character"].to_list() == ["hana", "hana", None, None]
    stills = [f"s/e/00000{number}" for number in (1, 2, 3)]
    assert read_table("out/open/s.parquet", OPEN).rows() == [
        ("characters.csv", 3, "gone is 'ren'", "that is the id of no crop", []),
        (
            "s/e/frames.csv",
            2,
            "drop frame 2",
            "it shows a drawing now that was another when it was dropped",
            stills[1:2],
        ),
        ("s/e/tags.csv", 3, "s/e/000000 add sky", "frame 0 of e shows no drawing now (black)", stills),
    ]
    page = Path("out/s.html").read_text(encoding="utf-8")
    assert "Cluster 1" in page and "s/e/000002,,sky,add,,," in page


def test_the_command_names_by_pictures(command: Callable[..., Result]) -> None:
    place = Path("corrections/s/references/kai")
    place.mkdir(parents=True)
    (place / "1.png").write_bytes(encode(np.full((8, 8, 3), 9, np.uint8)))
    Path("decided.json").write_text('["corrections/s/references/kai/1.png"]')
    assert command("--decided", "decided.json").stdout.endswith("2 clusters, 0 in none; named: kai 2\n")
    (place / "1.png").write_bytes(encode(np.full((8, 8, 3), 99, np.uint8)))
    assert command("--decided", "decided.json").stderr == (
        "warning: references/kai names nobody: cluster 1 is nearest, at 89.750 of at most 1.000, and clear of others\n"
    )


def test_the_command_calls_people_as_all_series_do(command: Callable[..., Result]) -> None:
    names_file(Path(), f"crop,character\n{C1},Hana K\n{C3},ren\n")
    Path("aliases.csv").write_text("character,name\nHana K,hana\nren,hana\nrem,rei\n")
    Path("decided.json").write_text('["characters.csv", "aliases.csv"]')
    done = command("--decided", "decided.json")
    assert done.stdout == "characters s: 4 crops, 2 clusters, 0 in none; named: hana 4\n"
    assert done.stderr == "aliases.csv:4: 'rem' is 'rei': not placed, nobody in the series is called so; nearest: ren\n"
    assert read_table("out/s.parquet", CHARACTERS)["character"].to_list() == ["hana"] * 4
    assert read_table("out/open/s.parquet", OPEN).rows() == [
        ("aliases.csv", 4, "'rem' is 'rei'", "nobody in the series is called so", ["ren"])
    ]
    Path("aliases.csv").write_text("character,name\nHana K,hana\nHana K,ren\n")
    done = command("--decided", "decided.json")
    assert str(done.exception) == "aliases.csv:3: 'Hana K' is 'hana' by line 2 already; keep one of them"


def test_the_command_without_names(command: Callable[..., Result]) -> None:
    assert command().stdout == "characters s: 4 crops, 2 clusters, 0 in none; named: none yet\n"


def test_the_command_refuses_a_wrong_names_file_and_writes_nothing(command: Callable[..., Result]) -> None:
    names_file(Path(), "crop\n")
    Path("decided.json").write_text('["characters.csv"]')
    done = command("--decided", "decided.json")
    assert isinstance(done.exception, GengaError) and "column character is missing" in str(done.exception)
    assert not Path("out").exists()
