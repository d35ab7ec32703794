"""A training set from tables small enough to compose by hand."""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import polars as pl
import pytest

from genga.dataset.candidates import (
    OF_CHARACTERS,
    OF_CROP,
    OF_DESCRIBE,
    OF_DETECT,
    OF_FRAMES,
    OF_QUALITY,
    OF_STILLS,
    OF_TAG,
    Tables,
    candidates,
)
from genga.dataset.cut_off import lost_by_bucket
from genga.dataset.dataset import Outcome, _percentiles, _scores
from genga.dataset.dataset import dataset as composed
from genga.dataset.filters import choose, evenly, of_shot
from genga.dataset.split import divided, draw, shot_groups, split
from genga.dataset.styles import read_style
from genga.dataset.tiers import Given
from genga.dataset.twins import with_signatures
from genga.dataset.written import Written, read_sentences
from genga.drawings.frames import signature as hash_of
from genga.drawings.outlines import outline
from genga.errors import GengaError
from genga.params.dataset import CaptionWords, Params, Weights
from genga.params.section import parse_section
from genga.params.train import Scores
from genga.store.files import write_json
from genga.store.parquet import read_table, write_table
from genga.tables.dataset import DATASET, HELD_OUT, MEASURES, TRAIN
from genga.tables.left_out import LEFT_OUT
from genga.tables.quality import QUALITY

ROOT = Path(__file__).parent.parent

PARAMS = Params(
    seed=0, held_out=0.5, split_by="shot", twin_bits=0, outline_bits=0,
    weights=Weights(fullbody=1.0, halfbody=1.0, head=1.0, still=0.5, scenery=0.25),
    unnamed=True, tiers=["best", "good"], text=0.01, colour=0.0, smear=0.0, min_side=10,
    per_shot=0, balance=["kind"], max_repeats=4,
    drop_core_tags=True, core_share=0.75, escape=True,
    caption_style="sd15", caption_words=CaptionWords(style=None, series={}, artist={}, year={}), captions=["tags"],
    sentences=["model", "clauses"], clause_tags=12,
    resolution=64, bucket_min=32, bucket_max=128, bucket_step=16, no_upscale=False,
    buckets="kohya", bucket_count=16, bucket_band=[0.9, 1.0],
)  # fmt: skip


MEASURED = (900.0, 120.0, 0.01, 0.02, 1.1)  # of a still: sharpness, exposure, clipped dark and bright, blockiness


def params(**changes: object) -> Params:
    return PARAMS.model_copy(update=changes)


def dataset(given: Tables, params: Params) -> Outcome:
    return composed(given, params, read_style(ROOT, params), 0.5)


def signature(number: int) -> bytes:
    """32 bytes; those of different numbers differ in about 128 bits, also mirrored."""
    return hashlib.sha256(str(number % 8).encode()).digest()


def table(rows: list[tuple], schema: dict) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict(schema), orient="row")


def place(name: str) -> tuple[str, int, int, str]:
    return "x.tar", 0, 1, f"sha of {name}"


def tables(*crops: tuple[str, int, str, str | None, list[str]]) -> Tables:
    """A series of one episode: crops as (kind, shot, tier, character, tags), each on a still of its own, 64x64 px."""
    stills = [f"s/e/{number:06d}" for number in range(len(crops))]
    rows = list(zip(stills, crops, strict=True))
    return Tables(
        crops=table(
            [
                (f"{s}-0-{k}", s, 0, k, 8, 0, 72, 64, True, tags, [], 64, 64, None, *place(s))
                for s, (k, _, _, _, tags) in rows
            ],
            OF_CROP,
        ),
        stills=table(
            [(s, n, shot, 128, 64, *place(s), signature(shot)) for n, (s, (_, shot, _, _, _)) in enumerate(rows)],
            {**OF_STILLS, "signature": pl.Binary},
        ),
        persons=table([(s, 0, "person", 10, 0, 50, 64, 0, 0.9, None) for s in stills], OF_DETECT),
        tags=table([], OF_TAG),
        quality=table(
            [(s, tier, *MEASURED, 0.0, 0.0, 30.0, 1.0, None, [], None) for s, (_, _, tier, _, _) in rows], OF_QUALITY
        ),
        names=table([(f"{s}-0-{k}", s, name, None) for s, (k, _, _, name, _) in rows], OF_CHARACTERS),
    )


HANA = [("head", shot, "best", "hana", ["solo", "1girl", "pink_hair", "smile"]) for shot in range(4)]
ONLY_CROPS = Weights(fullbody=1.0, halfbody=1.0, head=1.0, still=0.0, scenery=0.0)


def test_every_column_of_one_image() -> None:
    made = dataset(tables(HANA[0]), params(weights=ONLY_CROPS))
    assert made.table.schema == DATASET
    assert made.table.to_dicts() == [
        {
            "image": "s/e/000000-0-head", "still": "s/e/000000", "crop": "s/e/000000-0-head", "kind": "head",
            "shot": "s/e/0", "group": "s/e/0", "split": "train", "character": "hana", "outfit": None, "tier": "best",
            "sharpness": 900.0, "exposure": 120.0, "clipped_dark": 0.01, "clipped_bright": 0.02, "blockiness": 1.1,
            "text_cover": 0.0, "combing": 0.0, "colour": 30.0, "smear": 1.0, "aesthetic": None,
            "tags": ["solo", "1girl", "pink_hair", "smile"], "caption": "hana, solo, 1girl, smile", "keep_tokens": 1,
            "captions": [{"form": "tags", "parts": [
                {"part": "names", "text": "hana"}, {"part": "tags", "text": "solo, 1girl, smile"},
            ]}],
            "repeats": 1, "weight": 1.0, "width": 64, "height": 64, "scaled_width": 64, "scaled_height": 64,
            "crop_box": [0, 0, 64, 64], "bucket_width": 64, "bucket_height": 64,
            "signature": signature(0), "outline": None, "text": [], "persons": [[2, 0, 42, 64]], "masks": None,
            "shard": "x.tar", "offset": 0, "size": 1, "sha256": "sha of s/e/000000",
        }
    ]  # fmt: skip
    assert made.core == {"hana": ["pink_hair"]}
    assert made.left_out.schema == LEFT_OUT
    assert made.left_out.rows() == [("s/e/000000", "s/e/000000", None, "still", None, "best", "kind", None)]


def test_the_measures_are_those_of_stage_quality() -> None:
    own = list(MEASURES)
    assert own == [name for name, kind in QUALITY.items() if kind == pl.Float64]
    assert own == list(Scores.model_fields), "a run may select by each"


def test_the_order_of_rows_does_not_matter() -> None:
    one = tables(*HANA, ("head", 5, "good", "ren", ["solo", "1boy"]))
    turned = Tables(**{name: rows.reverse() for name, rows in vars(one).items() if rows is not None})
    made, again = dataset(one, PARAMS), dataset(turned, PARAMS)
    assert made.table.equals(again.table) and made.left_out.equals(again.left_out) and made.core == again.core


def test_core_tags_stay_where_they_are_not_wanted_pruned() -> None:
    made = dataset(tables(HANA[0]), params(weights=ONLY_CROPS, drop_core_tags=False))
    assert made.table["caption"].to_list() == ["hana, solo, 1girl, pink hair, smile"]
    assert made.core == {}


def test_text_and_persons_are_told_in_px_of_the_image() -> None:
    given = tables(("head", 0, "best", "ren", []))
    one = given.stills["still"][0]
    lines = [{"x0": 0, "y0": 50, "x1": 100, "y1": 60}, {"x0": 72, "y0": 0, "x1": 90, "y1": 9}]
    boxes = [
        (one, 1, "person", 60, 5, 120, 64, 1, 0.9, None),
        (one, 0, "person", 10, 0, 50, 64, 0, 0.9, None),
        (one, 2, "face", 20, 0, 30, 9, 0, 0.9, None),
    ]
    told = candidates(
        replace(
            given,
            persons=table(boxes, OF_DETECT),
            quality=table([(one, "best", *MEASURED, 0.1, 0.0, 30.0, 1.0, None, lines, None)], OF_QUALITY),
        )
    )
    assert told.select("image", "text", "persons").rows() == [
        (one, [[0, 50, 100, 60], [72, 0, 90, 9]], [[10, 0, 50, 64], [60, 5, 120, 64]]),
        (f"{one}-0-head", [[0, 50, 64, 60]], [[2, 0, 42, 64]]),  # cut out of it at 8 0 72 64, of person 0
    ]


def test_masks_go_with_their_persons_into_each_image() -> None:
    given = tables(("head", 0, "best", "ren", []))
    one = given.stills["still"][0]
    boxes = [(one, 1, "person", 60, 5, 120, 64, 1, 0.9, b"own"), (one, 0, "person", 10, 0, 50, 64, 0, 0.9, None)]

    def told(rows: list[tuple]) -> list[list | None]:
        found = candidates(replace(given, persons=table(rows, OF_DETECT)))["masks"].to_list()
        return [of if of is None else [tuple(mask.values()) for mask in of] for of in found]

    assert told(boxes) == [
        [(10, 0, 50, 64, None), (60, 5, 120, 64, b"own")],
        [(2, 0, 42, 64, None)],  # of a crop at 8 0 72 64 its own person's alone, where a model told the other's
    ]
    assert told([(*row[:-1], None) for row in boxes]) == [None, None]


def test_a_crop_of_a_person_who_was_not_detected_is_named() -> None:
    given = tables(("head", 0, "best", "ren", []))
    with pytest.raises(GengaError, match="^stage detect knows nothing of person 0 in s/e/000000; make its tables"):
        candidates(replace(given, persons=given.persons.clear()))


def test_whole_stills_carry_everybodys_name_and_their_own_tags() -> None:
    given = tables(("head", 0, "best", "ren", []), ("head", 0, "best", "hana", []), ("head", 0, "best", "", []))
    one = given.stills["still"][0]
    given = Tables(
        crops=given.crops.with_columns(still=pl.lit(one)),
        stills=given.stills,
        persons=table(
            [(one, 0, "person", 10, 0, 50, 64, 0, 0.9, None),
             (given.stills["still"][1], 0, "face", 9, 9, 19, 19, None, 0.9, None)], OF_DETECT,
        ),
        tags=table(
            [
                (one, None, "sky", "general", 0.9, "model", True), (one, None, "2girls", "general", 0.5, "model", True),
                (one, None, "tree", "general", 0.2, "model", False), 
                (one, None, "general", "rating", 1.0, "model", True),
                (one, 0, "smile", "general", 0.9, "model", True),
            ],
            OF_TAG,
        ),
        quality=given.quality,
        names=given.names.with_columns(still=pl.lit(one), outfit=pl.lit("coat")),
    )  # fmt: skip
    stills = candidates(given).filter(pl.col("crop").is_null())
    assert stills.select("kind", "names", "tags", "character").rows() == [
        ("still", ["hana", "ren"], ["2girls", "sky"], None),
        ("still", [], [], None),  # a loose face is somebody
        ("scenery", [], [], None),
    ]
    crops = candidates(given).filter(pl.col("crop").is_not_null())
    assert crops["names"].to_list() == [["ren", "coat"], ["hana", "coat"], ["coat"]]
    unnamed = replace(given, names=given.names.with_columns(character=pl.lit(None, pl.String)))
    assert candidates(unnamed).filter(pl.col("crop").is_not_null())["names"].to_list() == [[], [], []]
    made = dataset(given, params(held_out=0.0)).table.filter(pl.col("image") == one)
    assert made.select("caption", "keep_tokens", "weight").rows() == [("hana, ren, 2girls, sky", 2, 0.5)]


def two(**changes: object) -> Outcome:
    """A dataset of one still with two people, one of them named, and its crop."""
    given = tables(("fullbody", 0, "best", "ren", ["solo", "1boy", "hat"]), ("head", 1, "good", None, ["1girl"]))
    one, other = given.stills["still"]
    rows = [(one, None, "1boy", 0.9), (one, None, "1girl", 0.9), (one, None, "sky", 0.8), (one, None, "hat", 0.7),
            (one, 0, "1boy", 0.9), (one, 0, "hat", 0.9), (one, 1, "1girl", 0.9), (one, 1, "bow", 0.9)]  # fmt: skip
    tags = [(still, box, tag, "general", score, "model", True) for still, box, tag, score in rows]
    rated = [(one, None, "questionable", "rating", 0.9, "model", True),
             (one, 0, "explicit", "rating", 0.6, "model", True),
             (one, 1, "general", "rating", 0.6, "model", False)]  # fmt: skip
    boxes = [(one, 0, "person", 10, 0, 50, 64, 0, 0.9, None), (one, 1, "person", 80, 0, 120, 64, 1, 0.9, None),
             (other, 0, "person", 10, 0, 50, 64, 0, 0.9, None)]  # fmt: skip
    given = replace(given, tags=table(tags + rated, OF_TAG), persons=table(boxes, OF_DETECT))
    return dataset(given, params(held_out=0.0, min_side=1, **changes))


def test_a_picture_of_several_people_has_the_captions_asked_for() -> None:
    made = two(captions=["both", "sentence", "tags"])
    captions = {row["image"]: row for row in made.table.to_dicts()}
    still = captions["s/e/000000"]
    said = "On the left, ren, hat. On the right, a girl, bow."
    assert still["caption"] == f"ren, 1boy, 1girl, sky, hat. {said}"
    assert [(of["form"], [tuple(part.values()) for part in of["parts"]]) for of in still["captions"]] == [
        ("both", [("names", "ren"), ("tags", "1boy, 1girl, sky, hat"), ("sentences", said)]),
        ("sentence", [("names", "ren"), ("sentences", f"{said} Around them, sky.")]),
        ("tags", [("names", "ren"), ("tags", "1boy, 1girl, sky, hat")]),
    ]
    assert [of["form"] for of in captions["s/e/000000-0-fullbody"]["captions"]] == ["tags"]
    assert made.warnings == ["1 of 4 images have a sentence, who wears what; others have tags alone"]


def test_without_being_asked_nobody_says_who_wears_what() -> None:
    made = two()
    assert made.warnings == [] and {len(of) for of in made.table["captions"]} == {1}
    assert made.table["caption"].to_list() == ["ren, 1boy, 1girl, sky, hat", "ren, solo, 1boy, hat", "", "1girl"]


def described(*rows: tuple[str, str], written: dict[str, str] | None = None, **changes: object) -> Outcome:
    """The picture of two people, with what a model says of images, and what people wrote."""
    found = []

    def composed_with(given: Tables, params: Params) -> Outcome:
        found.append(composed(
            replace(given, sentences=table(list(rows), OF_DESCRIBE)), params, read_style(ROOT, params), 0.5, None,
            {image: Written("sentences.csv", 2, said) for image, said in (written or {}).items()},
        ))  # fmt: skip
        return found[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "dataset", composed_with)
        return two(**changes)


STILL, CROP = "s/e/000000", "s/e/000000-0-fullbody"
WORN = "On the left, ren, hat. On the right, a girl, bow."


def sentences_of(made: Outcome) -> dict[str, list[str]]:
    """The sentences of each image's captions."""
    return {
        image: [piece["text"] for of in captions for piece in of["parts"] if piece["part"] == "sentences"]
        for image, captions in made.table.select("image", "captions").iter_rows()
    }


def test_what_a_model_says_is_among_the_sentences() -> None:
    rows = [(STILL, "Two people at a (small) table."), (CROP, "A boy stands there.")]
    found = described(*rows, captions=["sentence", "both"])
    said = sentences_of(found)
    assert said[STILL] == [rf"Two people at a \(small\) table. {WORN}"] * 2, "no scene's tags beside a model's word"
    assert said[CROP] == ["A boy stands there."] * 2
    forms = {of["form"]: of["parts"] for of in found.table.filter(image=CROP)["captions"].to_list()[0]}
    assert [part["part"] for part in forms["sentence"]] == ["names", "sentences"]
    assert [part["part"] for part in forms["both"]] == ["names", "tags", "sentences"]
    assert found.warnings == [
        "2 of 4 images have a sentence, who wears what, 2 what a model or a person says; others have tags alone"
    ]
    turned = described(*rows, captions=["both"], sentences=["clauses", "model"])
    assert sentences_of(turned)[STILL] == [rf"{WORN} Two people at a \(small\) table."]
    assert sentences_of(described(*rows, captions=["both"], sentences=["clauses"]))[STILL] == [WORN]
    only = sentences_of(described(*rows, captions=["both"], sentences=["model"]))
    assert only[STILL] == [r"Two people at a \(small\) table."]
    assert sentences_of(described(*rows)) == dict.fromkeys(said, []), "tags alone were asked for"


def test_what_people_wrote_wins() -> None:
    rows = [(STILL, "Two cats."), (CROP, "A dog.")]
    written = {STILL: "They wait.", CROP: "", "s/e/000001": "An empty room.", "s/e/000000-1-fullbody": "Gone."}
    found = described(*rows, written=written, captions=["both"])
    said = sentences_of(found)
    assert (said[STILL], said[CROP], said["s/e/000001"]) == ([f"They wait. {WORN}"], [], ["An empty room."])
    assert found.warnings[0] == (
        "sentences.csv:2: s/e/000000-1-fullbody: not placed, there is no such image now; nearest: s/e/000000-0-fullbody"
    )
    only = described(*rows, written=written, captions=["both"], sentences=["clauses"])
    assert sentences_of(only)[STILL] == [f"{WORN} They wait."]


def test_lines_of_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "corrections/s/sentences.csv"
    path.parent.mkdir(parents=True)
    path.write_text('still_or_crop,sentence,who\ns/e/1,"Red hair, and a hat",me\ns/e/2,\ns/e/1,No.\n', encoding="utf-8")
    other = tmp_path / "tag_rules.csv"
    assert read_sentences([other, path]) == {"s/e/1": Written(str(path), 4, "No."), "s/e/2": Written(str(path), 3, "")}
    said = (
        f"warning: {path}:4: says something of s/e/1, and so does line 2; the later one holds: take one of them out\n"
    )
    assert capsys.readouterr().err == said and read_sentences([other]) == {}
    path.write_text("still_or_crop,sentence\n,Nobody.\n", encoding="utf-8")
    with pytest.raises(GengaError, match=r"sentences\.csv:2: names no still or crop"):
        read_sentences([path])


def test_a_tier_that_people_gave_goes_over_the_judges() -> None:
    given = tables(("head", 0, "best", "ren", []), ("head", 1, "poor", "ren", []))
    said = [Given("tiers.csv", 2, "s/e/000000", "reject"), Given("tiers.csv", 3, "s/e/000001-0-head", "good"),
            Given("tiers.csv", 4, "s/e/000007", "good")]  # fmt: skip
    values = params(weights=ONLY_CROPS)
    made = composed(given, values, read_style(ROOT, values), 0.5, None, None, said)
    assert made.table.select("image", "tier").rows() == [("s/e/000001-0-head", "good")]
    assert made.left_out.select("image", "tier", "reason").rows() == [
        ("s/e/000000", "reject", "kind"), ("s/e/000000-0-head", "reject", "tier"), ("s/e/000001", "poor", "kind"),
    ]  # fmt: skip
    assert "tiers.csv:4: s/e/000007 is good: not placed, there is no such image now" in made.warnings


def test_a_familys_order_and_words() -> None:
    given = CaptionWords(style="anime screencap", series={"s": "star (work)"}, artist={"t": "no one"}, year={"s": 2013})
    made = two(caption_style="noobai", caption_words=given)
    ends = r"star \(work\), anime screencap"
    assert made.table.select("image", "caption", "keep_tokens").rows() == [
        ("s/e/000000", f"good quality, early, nsfw, 1boy, 1girl, ren, {ends}, sky, hat", 8),
        ("s/e/000000-0-fullbody", f"good quality, early, explicit, 1boy, ren, {ends}, solo, hat", 7),
        ("s/e/000001", f"worst quality, early, {ends}", 4),
        ("s/e/000001-0-head", f"worst quality, early, 1girl, {ends}", 5),
    ]  # fmt: skip


def test_beauty_where_it_is_known_says_the_quality() -> None:
    """Else the tier does, then how sharp it is."""
    rows = pl.DataFrame({"aesthetic": [None, 0.2, 0.9], "tier": ["best", "best", "good"], "sharpness": [9.0, 1.0, 5.0]})
    assert _scores(rows) == [None, (0.2,), (0.9,)]
    assert _scores(rows.with_columns(aesthetic=pl.lit(None, dtype=pl.Float64))) == [(0, 9.0), (0, 1.0), (-1, 5.0)]


def test_a_score_of_beauty_is_read_where_stage_quality_has_one() -> None:
    given = tables(("head", 0, "best", "ren", []), ("head", 1, "best", "ren", []))
    assert candidates(given)["aesthetic"].to_list() == [None] * 4
    quality = given.quality.with_columns(aesthetic=pl.Series([0.5, None]))
    scored = replace(given, quality=quality, crops=given.crops.with_columns(aesthetic=pl.Series([2.5, 0.25])))
    found = candidates(scored).select("kind", "aesthetic").rows()
    assert found == [("still", 0.5), ("head", 2.5), ("still", None), ("head", 0.25)], "a crop has its own"


def test_looks_are_compared_within_a_kind() -> None:
    rows = [("head", 1.0), ("still", 9.0), ("head", 3.0), ("still", None), ("still", 5.0), ("head", 2.0)]
    images = pl.DataFrame(rows, schema=["kind", "aesthetic"], orient="row")
    judged = images.with_columns(tier=pl.lit("best"), sharpness=pl.lit(1.0))
    assert _percentiles(judged) == pytest.approx([100 / 6, 75.0, 500 / 6, None, 25.0, 50.0])
    unjudged = judged.with_columns(aesthetic=pl.lit(None, dtype=pl.Float64), sharpness=pl.Series([1.0, 2, 3, 4, 5, 6]))
    assert _percentiles(unjudged) == pytest.approx([100 * (place + 0.5) / 6 for place in range(6)]), "of all"


def test_each_reason_to_leave_an_image_out() -> None:
    images = pl.DataFrame(
        [
            ("a", "head", "hana", "best", 64, 64), ("b", "still", None, "best", 64, 64),
            ("c", "head", "", "best", 64, 64), ("d", "head", None, "best", 64, 64),
            ("e", "head", "hana", "poor", 64, 64), ("f", "head", "hana", "good", 64, 9),
        ],
        schema=["image", "kind", "character", "tier", "width", "height"],
        orient="row",
    ).with_columns(shot=pl.lit("s/e/0"), frame=1, text_cover=0.02, colour=0.5, smear=0.2)  # fmt: skip
    chosen = choose(images, params(weights=ONLY_CROPS, unnamed=False))
    assert chosen["reason"].to_list() == ["", "kind", "nobody", "unnamed", "tier", "small"]
    assert choose(images, PARAMS)["reason"].to_list() == ["", "text", "nobody", "", "tier", "small"]
    assert choose(images, params(text=0.02))["reason"][1] == ""
    grey = choose(images, params(text=0.02, colour=1.0, unnamed=False))["reason"].to_list()
    assert grey == ["monochrome", "monochrome", "nobody", "unnamed", "tier", "monochrome"]
    moved = choose(images, params(text=0.02, smear=0.25))["reason"].to_list()
    assert moved == ["smeared", "smeared", "nobody", "smeared", "tier", "smeared"]
    unknown = images.with_columns(smear=pl.lit(None, dtype=pl.Float64))  # of an episode of few stills
    assert choose(unknown, params(text=0.02, smear=0.25))["reason"].to_list() == ["", "", "nobody", "", "tier", "small"]


def test_of_a_drawing_that_several_clips_show_one_is_kept_that_may_be_learnt_from() -> None:
    """s/b/0 and s/c/0 are s/a/0 again; of s/d/0 there is no other."""
    rows = [
        ("a", "still", "reject", 64, None), ("b", "still", "good", 64, "s/a/0"), ("c", "scenery", "good", 60, "s/a/0"),
        ("a", "head", "best", 32, None), ("b", "head", "best", 40, "s/a/0"), ("c", "head", "best", 40, "s/a/0"),
        ("b", "halfbody", "poor", 50, "s/a/0"), ("d", "still", "best", 64, None), ("d", "head", "poor", 32, None),
    ]  # fmt: skip
    images = pl.DataFrame(
        [(f"s/{clip}/0 {kind}", f"s/{clip}/0", kind, tier, side, side, same) for clip, kind, tier, side, same in rows],
        schema=["image", "still", "kind", "tier", "width", "height", "same_as"],
        orient="row",
    ).with_columns(shot=pl.lit("s/e/0"), frame=1, text_cover=0.0, colour=30.0, smear=1.0, character=pl.lit("hana"))
    chosen = choose(images, params(per_shot=0))
    assert chosen.select("reason", "same_as").rows() == [
        ("series", "s/b/0"), ("", None), ("series", "s/b/0"),
        ("", None), ("series", "s/a/0"), ("series", "s/a/0"),
        ("series", "s/a/0"), ("", None), ("tier", None),
    ]  # fmt: skip


def test_a_shot_gives_so_many_images_of_a_kind_and_character() -> None:
    images = pl.DataFrame(
        [(f"{who}{n}", "head", who, "best", 64, 64, "s/e/0", n) for who in ("h", "r") for n in range(5)],
        schema=["image", "kind", "character", "tier", "width", "height", "shot", "frame"],
        orient="row",
    ).with_columns(text_cover=0.0, colour=30.0, smear=1.0)
    chosen = choose(images, params(per_shot=2))
    assert chosen.filter(reason="")["image"].to_list() == ["h1", "h3", "r1", "r3"]
    assert chosen.filter(reason="shot").height == 6


def test_of_a_shot_the_best_come_first() -> None:
    rows = pl.DataFrame(
        {"image": list("abcde"), "tier": ["good", "best", "good", "good", "poor"], "frame": [1, 2, 3, 4, 5]}
    )
    assert of_shot(rows, 2) == ["b", "c"]
    assert of_shot(rows, 9) == ["b", "a", "c", "d", "e"]


def test_evenly_takes_the_middles_of_equal_parts() -> None:
    assert evenly(list("abcdef"), 3) == ["b", "d", "f"]
    assert evenly(list("abcdef"), 1) == ["d"]
    assert evenly(list("abc"), 0) == []


def test_rare_kinds_and_characters_are_repeated_in_training_only() -> None:
    crops = [
        *(("head", shot, "best", "hana", []) for shot in (0, 1, 2, 3, 4, 5)),
        *(("fullbody", shot, "best", "hana", []) for shot in (0, 1)),
        *(("head", shot, "best", "ren", []) for shot in (6,)),
        ("head", 7, "best", None, []),
    ]
    made = dataset(tables(*crops), params(weights=ONLY_CROPS, held_out=0.0)).table
    found = {(kind, who, repeats) for kind, who, repeats in made.select("kind", "character", "repeats").iter_rows()}
    # Six heads of Hana are the most: her two full bodies three times, Ren's one head six times, but never above four.
    assert found == {("head", "hana", 1), ("fullbody", "hana", 3), ("head", "ren", 4), ("head", None, 1)}


def test_outfits_and_views_can_be_balanced_too() -> None:
    views = [["solo"]] * 6 + [["solo", "from_behind"]] * 2 + [["from_side", "profile"]]
    given = tables(*(("head", shot % 8, "best", "hana", tags) for shot, tags in enumerate(views)))
    given = replace(given, names=given.names.with_columns(outfit=pl.Series([*["coat"] * 3, *["dress"] * 6])))

    def found(*balance: str) -> list[int]:
        made = dataset(given, params(weights=ONLY_CROPS, held_out=0.0, balance=list(balance)))
        return made.table.sort("still")["repeats"].to_list()

    assert found("kind") == [1] * 9
    assert found("kind", "view") == [1, 1, 1, 1, 1, 1, 3, 3, 4]  # 6 from the front, 2 from behind, 1 from aside
    assert found("outfit") == [2, 2, 2, 1, 1, 1, 1, 1, 1]
    assert found("outfit", "view") == [1, 1, 1, 1, 1, 1, 2, 2, 3]  # 3 coats, 3 dresses from the front
    assert found() == [1] * 9


def test_what_is_held_out_is_not_repeated() -> None:
    made = dataset(tables(*HANA, *HANA, ("fullbody", 0, "best", "hana", [])), params(weights=ONLY_CROPS)).table
    assert made.filter(split=HELD_OUT)["repeats"].unique().to_list() == [1]


def test_a_named_character_without_an_image_is_said() -> None:
    made = dataset(tables(*HANA, ("head", 5, "poor", "ren", []), ("head", 6, "poor", "", [])), PARAMS)
    assert made.warnings == ["ren has no training image; left out: 1 (tier 1)"]


def test_nothing_left_is_an_error_with_the_reasons() -> None:
    with pytest.raises(
        GengaError, match=r"no image is left for a dataset, of 2 \(tier 2\); loosen params.yaml:dataset"
    ):
        dataset(tables(("head", 0, "poor", "hana", [])), PARAMS)


def test_an_image_too_thin_for_a_bucket_of_its_own() -> None:
    given = tables(HANA[0])
    thin = Tables(**{**vars(given), "crops": given.crops.with_columns(height=pl.lit(12, dtype=pl.Int64))})
    made = dataset(thin, params(no_upscale=True))
    assert made.left_out.select("image", "reason").rows() == [("s/e/000000-0-head", "bucket")]


def test_chosen_and_named_buckets() -> None:
    """Each crop is 64x64 px, each still 128x64: of 2:1, and 96x48 is of that shape with 4608 px, 1.125 times 64x64."""
    given = tables(*HANA)
    chosen = dataset(given, params(buckets="chosen", bucket_band=[0.9, 1.2])).table
    assert lost_by_bucket(chosen).rows() == [(64, 64, 4, 0.0), (96, 48, 4, 0.0)]
    named = dataset(given, params(buckets=[[32, 32], [64, 48]])).table
    assert lost_by_bucket(named).rows() == [(32, 32, 4, 0.0), (64, 48, 4, pytest.approx(1 / 3))]  # 128x64 at 96x48
    one = dataset(given, params(buckets=[[48, 64]])).table
    assert one.height == chosen.height == 8  # nothing is dropped where nothing fits


def test_buckets_of_two_rules_are_one_line() -> None:
    values = PARAMS.model_dump()
    with pytest.raises(GengaError, match=r"^params.yaml:dataset: no_upscale gives every image a bucket of its own"):
        parse_section("dataset", Params, {**values, "no_upscale": True, "buckets": "chosen"})
    with pytest.raises(GengaError, match=r"^params.yaml:dataset.bucket_band: \[1, 0.5\] holds nothing"):
        parse_section("dataset", Params, {**values, "bucket_band": [1, 0.5]})


def test_tables_that_do_not_belong_together_are_refused() -> None:
    given = tables(*HANA)
    with pytest.raises(GengaError, match="stage quality knows nothing of still s/e/000000; make its tables again"):
        candidates(Tables(**{**vars(given), "quality": given.quality.clear()}))
    with pytest.raises(GengaError, match="stage frames knows nothing of frame 3"):
        with_signatures(
            given.stills.drop("signature"), pl.DataFrame({"frame": [0, 1, 2], "signature": [b"", b"", b""]})
        )


# The split


def test_a_draw_is_fixed_by_seed_and_group() -> None:
    assert draw(0, "s/e/0") == draw(0, "s/e/0")
    assert len({draw(seed, group) for seed in (0, 1) for group in ("s/e/0", "s/e/1")}) == 4
    draws = [draw(7, f"s/e/{shot}") for shot in range(1000)]
    assert all(0 <= value < 1 for value in draws)
    assert 180 < sum(value < 0.2 for value in draws) < 220


def test_shots_that_share_a_drawing_are_one_group() -> None:
    one, near, far = bytes(32), bytes([0b111]) + bytes(31), bytes([0xFF]) + bytes(31)  # 3 and 8 bits from the first
    stills = pl.DataFrame(
        [("s/e2/0", near), ("s/e1/0", one), ("s/e1/1", far), ("s/e1/1", b"\xf0" * 32)],
        schema=["shot", "signature"],
        orient="row",
    )
    assert shot_groups(stills, {"signature": 3}) == {"s/e1/0": "s/e1/0", "s/e1/1": "s/e1/1", "s/e2/0": "s/e1/0"}
    assert shot_groups(stills, {"signature": 2}) == {"s/e1/0": "s/e1/0", "s/e1/1": "s/e1/1", "s/e2/0": "s/e2/0"}
    assert set(shot_groups(stills, {"signature": 5}).values()) == {
        "s/e1/0"
    }  # near and far differ in 5 bits: all hang together
    assert shot_groups(stills.clear(), {"signature": 3}) == {}


def face(flipped: bool = False, hues: tuple[int, int, int] = (0, 1, 2)) -> np.ndarray:
    """A drawing that is not symmetrical, 128x72 px, as it is or mirrored, with its channels in another order."""
    picture = np.full((72, 128, 3), (150, 200, 230), np.uint8)
    cv2.rectangle(picture, (0, 50), (127, 71), (90, 60, 40), -1)
    cv2.circle(picture, (40, 36), 22, (240, 200, 170), -1)
    cv2.rectangle(picture, (70, 8), (80, 60), (200, 30, 60), -1)
    cv2.line(picture, (90, 5), (125, 45), (20, 20, 20), 3)
    picture = picture[..., list(hues)]
    return np.ascontiguousarray(picture[:, ::-1] if flipped else picture)


def hashed(picture: np.ndarray) -> tuple[bytes, bytes | None]:
    return hash_of(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)), outline(picture)


def grouped(*pictures: np.ndarray, **bits: int) -> int:
    """In how many groups shots with a still each are, with these pictures."""
    rows = [(f"s/e/{shot}", *hashed(picture)) for shot, picture in enumerate(pictures)]
    stills = pl.DataFrame(rows, schema=["shot", "signature", "outline"], orient="row")
    return len(set(shot_groups(stills, bits or {"signature": 16, "outline": 32}).values()))


def test_a_drawing_mirrored_or_coloured_anew_is_a_twin_and_another_is_none() -> None:
    other = np.ascontiguousarray(face()[::-1])
    dusk = (face() * np.array([0.95, 0.6, 0.5]) + np.array([10, 0, 25])).astype(np.uint8)
    assert grouped(face(), face(flipped=True), other, np.ascontiguousarray(other[:, ::-1]), signature=16) == 2
    assert grouped(face(), dusk, signature=16) == 1
    anew = face(hues=(2, 0, 1))
    assert grouped(face(), anew, signature=16) == 2, "its luma is another's"
    assert grouped(face(), anew, face(flipped=True, hues=(1, 2, 0))) == 1
    assert grouped(face(), other) == 2


def test_pictures_without_outlines_are_no_twins_by_them() -> None:
    ramps = [np.linspace(a, b, 128).astype(np.uint8) for a, b in ((40, 160), (160, 40), (200, 220))]
    plain = [np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (72, 128, 3))) for ramp in ramps]
    assert [outline(picture) for picture in plain] == [None] * 3


def test_whole_episodes_are_held_out_less_what_others_share() -> None:
    """Four episodes of ten shots; the first shot of each is the opening that all have."""
    rows = [(f"s/e{episode}/{shot}", "hana") for episode in range(4) for shot in range(10)]
    images = pl.DataFrame(rows, schema=["shot", "character"], orient="row")
    group_of = {shot: "s/e0/0" if shot.endswith("/0") else shot for shot, _ in rows}
    for seed in range(9):
        sides = divided(images, group_of, 0.25, seed, "episode").with_columns(episode=pl.col("shot").str.slice(0, 4))
        held = sides.filter(split=HELD_OUT)
        assert held.group_by("episode").len().sort("episode")["len"].to_list() in ([9], [9, 9], [9, 9, 9])
        assert set(sides.filter(pl.col("shot").str.ends_with("/0"))["split"]) == {TRAIN}
        assert not set(held["group"]) & set(sides.filter(split=TRAIN)["group"])


def test_it_is_said_if_nothing_can_be_held_out() -> None:
    made = dataset(tables(*HANA), params(split_by="episode"))
    assert set(made.table["split"]) == {TRAIN}
    assert made.warnings == ["nothing is held out: no episode can be spared, or others show the same; see split_by"]
    assert dataset(tables(*HANA), params(split_by="episode", held_out=0.0)).warnings == []


def test_nothing_is_held_out_at_share_0() -> None:
    assert set(split({"hana": ["a", "b", "c"]}, 0.0, 0).values()) == {TRAIN}


def test_every_character_has_both_sides_where_it_can() -> None:
    groups = [f"g{number}" for number in range(40)]
    for seed in range(20):
        sides = split({"hana": groups[:2], "ren": groups[2:4], "lone": ["g4"], None: groups}, 0.1, seed)
        assert {sides["g0"], sides["g1"]} == {sides["g2"], sides["g3"]} == {TRAIN, HELD_OUT}
        assert sides["g4"] == TRAIN


def test_a_character_holds_out_its_share() -> None:
    for seed in range(20):
        sides = split({"hana": [f"g{number}" for number in range(10)]}, 0.3, seed)
        assert list(sides.values()).count(HELD_OUT) >= 3


def test_a_group_that_a_rare_character_needs_is_not_taken_away() -> None:
    for seed in range(20):
        sides = split({"rare": ["a"], "common": ["a", "b"]}, 0.5, seed)
        assert sides == {"a": TRAIN, "b": HELD_OUT}


def test_a_shot_is_never_on_both_sides() -> None:
    crops = [("head", shot, "best", who, []) for shot in range(8) for who in ("hana", "ren")]
    made = dataset(tables(*crops), params(held_out=0.3)).table
    assert made.group_by("shot").agg(pl.col("split").n_unique())["split"].to_list() == [1] * 8
    assert set(made["split"]) == {TRAIN, HELD_OUT}


# The command


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A folder with the tables of two episodes, and the command for them."""
    monkeypatch.chdir(tmp_path)
    words = [sys.executable, str(ROOT / "scripts/dataset.py"), "--params", PARAMS.model_dump_json(), "--intrude", "0.5"]
    shutil.copytree(ROOT / "captions", "captions")
    names = []
    for episode in ("e1", "e2"):
        given = tables(*HANA)
        own = {name: renamed(rows, episode) for name, rows in vars(given).items() if rows is not None}
        names.append(own.pop("names"))
        frames = own["stills"].select("frame", "signature")
        own["stills"] = own["stills"].drop("signature")
        schemas = {
            "crop": OF_CROP,
            "stills": OF_STILLS,
            "frames": OF_FRAMES,
            "detect": OF_DETECT,
            "tag": OF_TAG,
            "quality": OF_QUALITY,
            "describe": OF_DESCRIBE,
        }
        stages = {"crop": own["crops"], "stills": own["stills"], "frames": frames, "detect": own["persons"]}
        stages |= {"tag": own["tags"], "quality": own["quality"], "describe": own["sentences"]}
        for stage, rows in stages.items():
            write_table(f"data/{stage}/s/{episode}.parquet", rows, schemas[stage])
    write_table("characters.parquet", pl.concat(names), OF_CHARACTERS)
    write_json("episodes.json", ["e1", "e2"])
    return [
        *words,
        "--in-data",
        "data",
        "--episodes",
        "episodes.json",
        "--in-characters",
        "characters.parquet",
        "--out",
        "out/s.parquet",
        "--out-left-out",
        "out/x.parquet",
    ]


def renamed(rows: pl.DataFrame, episode: str) -> pl.DataFrame:
    return rows.with_columns(
        pl.col(column).str.replace("/e/", f"/{episode}/") for column in ("still", "crop") if column in rows.columns
    )


def test_the_command_writes_both_tables_and_one_line(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr.splitlines()) == (
        0,
        [
            "hana stands for: pink_hair",
            "bucket 64x64: 8 images, 0.0 % of them cut off",
            "bucket 80x48: 8 images, 16.7 % of them cut off",  # 128x64 at 96x48: 16 of its 96 columns
        ],
    )
    assert done.stdout == (
        "dataset s: 8 images to train on, 8 held out, 2 buckets that cut 8.3 % off; hana 8; left out: 0\n"
    )
    assert read_table("out/s.parquet", DATASET).height == 16
    assert read_table("out/x.parquet", LEFT_OUT).height == 0
    before = Path("out/s.parquet").read_bytes()
    subprocess.run(command, check=True, capture_output=True)
    assert Path("out/s.parquet").read_bytes() == before


def test_the_command_names_a_table_that_is_missing(command: list[str]) -> None:
    Path("data/quality/s/e2.parquet").unlink()
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: data/quality/s/e2.parquet: no such table; run snakemake to make it\n"
    assert not Path("out").exists()
