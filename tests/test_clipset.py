"""Clip sets by hand: sides, captions, who is in a clip, buckets; what of a project follows what."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from standin import EPISODES, SERIES, change_params, copy_of, make_finished, put, snakemake

from genga.dataset import clipset as stage
from genga.dataset._clipset import sides, who
from genga.dataset._clipset.repeats import OF_LEFT_OUT, repeats
from genga.dataset.clipset import Outcome, Tables, Video, clipset, in_words
from genga.dataset.split import draw
from genga.dataset.styles import read_style
from genga.errors import GengaError
from genga.params.clips import Upscale
from genga.params.clipset import Params
from genga.params.dataset import Params as Dataset
from genga.params.section import parse_section, section_of_file
from genga.tables.clips import CLIPS
from genga.tables.clipset import CLIPSET

ROOT = Path(__file__).resolve().parent.parent
PARAMS = parse_section("clipset", Params, section_of_file(ROOT / "params.yaml", "clipset"))
DATASET = parse_section("dataset", Dataset, section_of_file(ROOT / "params.yaml", "dataset"))
VIDEO = Video("data/raw/s/e.mkv", "data/probe/s/e.json", "ab" * 32)


def tag(name: str, start: int = 0, end: int = 4) -> dict:
    return {"tag": name, "score": 0.9, "spans": [{"start": start, "end": end}]}


def clip(shot: int, still: str = "", reason: str | None = None, tags: tuple[dict, ...] = (), **changes: object) -> dict:
    """A clip of four pictures of a shot of ten frames; its drawing is `still`, s/e/000000 for shot 0 and so on."""
    first = 10 * shot
    row = {
        "clip": f"s/e/{first:06d}-{first + 9:06d}", "shot": shot, "first": first, "last": first + 9, "sample": "timing",
        "frames": [first] * 4, "times": [first / 24] * 4, "keys": [0.0] * 4, "holds": [3, 3, 3, 1], "rate": 8.0,
        "width": 128, "height": 72, "drawings": 1, "drawings_per_second": 8.0, "held": 0.0, "difference": 30.0,
        "changed": 0.1, "another": 0.0, "camera": 0.0, "flicker": 0.0, "luma": 120.0, "text": 0.0, "tier": "best",
        "stills": [still or f"s/e/{first:06d}"], "tags": list(tags), "reason": reason,
    }  # fmt: skip
    return {**row, **changes}


def signature(number: int) -> bytes:
    """32 bytes; those of different numbers differ in about 128 bits, also mirrored."""
    return hashlib.sha256(str(number).encode()).digest()


def tables(
    clips: list[dict],
    images: list[tuple] = (),
    names: list[tuple] = (),
    people: list[str] = (),
    same: dict[int, int] | None = None,
) -> Tables:  # noqa: E501
    """A series of one episode, a still at the beginning of each of its shots. same: shots that show what others do."""
    shots = sorted({row["shot"] for row in clips})
    stills = [(f"s/e/{10 * shot:06d}", 10 * shot, shot, signature((same or {}).get(shot, shot))) for shot in shots]
    return Tables(
        pl.DataFrame(clips, schema=dict(CLIPS)),
        pl.DataFrame(stills, schema={**stage.OF_STILLS, "signature": pl.Binary}, orient="row"),
        pl.DataFrame([(still, None) for still, *_ in stills], schema=dict(stage.OF_QUALITY), orient="row"),
        pl.DataFrame([(still, "person") for still in people], schema=dict(who.OF_DETECT), orient="row"),
        pl.DataFrame(list(names), schema=dict(who.OF_CHARACTERS), orient="row"),
        pl.DataFrame(list(images), schema={**sides.OF_DATASET, **who.OF_DATASET}, orient="row"),
    )


def made(
    given: Tables, dataset: dict | None = None, upscale: Upscale | None = None, style_of=read_style, **changes: object
) -> Outcome:
    shared = DATASET.model_copy(update=dataset or {})
    values = PARAMS.model_copy(update=changes)
    return clipset(given, {"s/e": VIDEO}, values, shared, style_of(ROOT, shared), upscale)


IN_0 = ("s/e/0", "s/e/0", "train", None, [])


def test_every_column_of_one_clip() -> None:
    tags = (tag("solo"), tag("1girl"), tag("pink_hair"), tag("smile", 2))
    given = tables(
        [clip(0, tags=tags)], [("s/e/0", "s/e/0", "train", "hana", ["1girl", "pink_hair"])],
        [("s/e/000000", "hana", None)], ["s/e/000000"],
    )  # fmt: skip
    found = made(given, style="anime").table
    assert found.schema == pl.Schema(CLIPSET)
    assert found.to_dicts() == [
        {
            "clip": "s/e/000000-000009", "shot": "s/e/0", "group": "s/e/0", "split": "train", "characters": ["hana"],
            "character": "hana", "tier": "best", "stills": ["s/e/000000"], "tags": list(tags),
            "caption": "hana, anime, solo, 1girl, smile", "keep_tokens": 2,
            "captions": [{"form": "tags", "parts": [
                {"part": "names", "text": "hana"}, {"part": "style", "text": "anime"},
                {"part": "tags", "text": "solo, 1girl, smile"},
            ]}],
            "repeats": 1, "weight": 1.0, "sample": "timing", "frames": [0] * 4, "times": [0.0] * 4, "keys": [0.0] * 4,
            "holds": [3, 3, 3, 1], "rate": 8.0, "width": 128, "height": 72,
            "scaled_width": 171, "scaled_height": 96, "crop_box": [5, 0, 165, 96], "bucket_width": 160,
            "bucket_height": 96, "upscale": None, "video": "data/raw/s/e.mkv", "probe": "data/probe/s/e.json",
            "sha256": "ab" * 32,
        }
    ]  # fmt: skip


def test_a_clip_is_cut_to_its_bucket_and_never_padded() -> None:
    given = tables(
        [
            clip(shot, width=width, height=height)
            for shot, (width, height) in enumerate([(640, 360), (480, 640), (96, 96)])
        ]
    )
    for row in made(given).table.iter_rows(named=True):
        x0, y0, x1, y1 = row["crop_box"]
        assert (x1 - x0, y1 - y0) == (row["bucket_width"], row["bucket_height"])
        assert x0 >= 0 and x1 <= row["scaled_width"] and y0 >= 0 and y1 <= row["scaled_height"]


def test_a_clip_is_on_the_side_of_the_images_of_its_group() -> None:
    images = [("s/e/0", "s/e/0", "held-out", None, []), ("s/e/1", "s/e/1", "train", None, [])]
    found = made(tables([clip(shot) for shot in range(3)], images, same={2: 0})).table
    assert found.select("shot", "group", "split").rows() == [
        ("s/e/0", "s/e/0", "held-out"), ("s/e/1", "s/e/1", "train"), ("s/e/2", "s/e/0", "held-out"),
    ]  # fmt: skip


def test_a_shot_without_an_image_falls_as_the_datasets_rule_has_it() -> None:
    found = made(tables([clip(shot) for shot in range(40)], [IN_0]), {"held_out": 0.3}).table
    drawn = {shot: "held-out" if draw(DATASET.seed, shot) < 0.3 else "train" for shot in found["group"]}
    assert dict(found.select("group", "split").iter_rows()) == {**drawn, "s/e/0": "train"}
    assert {"train", "held-out"} == set(found["split"])
    whole = made(tables([clip(shot) for shot in range(4)], [IN_0]), {"held_out": 0.5, "split_by": "episode"}).table
    assert set(whole["split"]) == {"train"}  # as the episode's images are


def test_who_is_in_a_clip_and_what_a_name_stands_for() -> None:
    two = clip(1, tags=(tag("pink_hair"), tag("smile")))
    crowd = clip(2, tags=(tag("pink_hair"),))
    brief = clip(3, stills=["s/e/000030", "s/e/000020", "s/e/000010"], tags=(tag("pink_hair"),))
    names = [
        ("s/e/000000", "hana", "uniform"), ("s/e/000010", "hana", None), ("s/e/000010", "ren", None),
        ("s/e/000020", "hana", None), ("s/e/000030", "", None),
    ]  # fmt: skip
    given = tables(
        [clip(0, tags=(tag("pink_hair"), tag("smile"))), two, crowd, brief],
        [("s/e/0", "s/e/0", "train", "hana", ["pink_hair"])], names,
        ["s/e/000000", "s/e/000010", "s/e/000010", "s/e/000020", "s/e/000020"],
    )  # fmt: skip
    found = made(given).table
    assert found.select("characters", "character", "caption").rows() == [
        (["hana"], "hana", "hana, uniform, smile"),
        (["hana", "ren"], None, "hana, ren, pink hair, smile"),
        (["hana"], "hana", "hana, pink hair"),  # somebody else's hair may be meant
        (["hana"], None, "hana, pink hair"),  # ren is on one of three drawings
    ]


def test_what_is_left_out_says_why() -> None:
    rows = [clip(0), clip(1, reason="frozen"), clip(2, tier="reject"), clip(3, width=60, height=40)]
    found = made(tables(rows, people=["s/e/000000"]), weights=PARAMS.weights.model_copy(update={"scenery": 0.0}))
    assert found.left_out.rows() == [
        ("s/e/000010-000019", "frozen", None), ("s/e/000020-000029", "kind", None), ("s/e/000030-000039", "kind", None),
    ]  # fmt: skip
    found = made(tables(rows))
    assert found.left_out.rows() == [
        ("s/e/000010-000019", "frozen", None), ("s/e/000020-000029", "tier", None),
        ("s/e/000030-000039", "small", None),
    ]  # fmt: skip
    assert in_words(found).endswith("left out: 3 (frozen 1, small 1, tier 1)")


def shown(name: str, *stills: int, width: int = 128, tier: str | None = "best") -> dict:
    """A clip of an episode by its name, and which of the episode's drawings it shows."""
    return clip(0, clip=f"s/{name}/{stills[0]:06d}-000999", stills=[f"s/{name}/{still:06d}" for still in stills],
                width=width, tier=tier)  # fmt: skip


def again(name: str, other: str, *stills: int) -> dict[str, str]:
    return {f"s/{name}/{still:06d}": f"s/{other}/{still:06d}" for still in stills}


def test_a_clip_that_another_clip_shows_is_left_out_for_it() -> None:
    first, rest = shown("b", 0, 1, 2), shown("b", 3, 4, 5)
    whole = again("a", "b", 0, 1, 2, 3, 4, 5)
    assert repeats([shown("a", 0, 1, 2), shown("a", 3, 4, 5), first, rest], whole) == {
        "s/a/000000-000999": "s/b/000000-000999", "s/a/000003-000999": "s/b/000003-000999",
    }  # fmt: skip
    shifted = repeats([shown("a", 2, 3, 4), first, rest], whole)
    assert shifted == {"s/a/000002-000999": "s/b/000003-000999"}, "of its drawings one clip shows one, the other two"
    assert repeats([shown("a", 0, 1, 2), rest], whole) == {}, "what is left out itself takes no other's place"
    assert repeats([shown("a", 0, 1, 2), shown("b", 0, 8, 9)], whole) == {}, "one drawing in three"
    assert repeats([shown("a", 0, 1), shown("a", 0, 1)], whole) == {}, "an episode's own"
    assert repeats([first, shown("a", 0, 1, 2)], {}) == {}


def test_of_three_that_show_the_same_one_is_kept() -> None:
    stands = again("b", "a", 0, 1) | again("c", "a", 0, 1)
    kept = shown("b", 0, 1, tier="good"), shown("c", 0, 1)
    assert repeats(kept, stands) == {"s/b/000000-000999": "s/c/000000-000999"}, "without the first: of better tier"
    assert repeats([shown("b", 0, 1, width=130, tier="good"), kept[1]], stands) == {
        "s/c/000000-000999": "s/b/000000-000999"
    }, "larger"
    assert {*repeats([*kept, shown("a", 0, 1)], stands).values()} == {"s/a/000000-000999"}


def test_what_the_dataset_left_out_for_others_is_read() -> None:
    rows = [clip(0), clip(1, clip="s/f/000010-000019", stills=["s/f/000010"])]
    unlearnt = pl.DataFrame(
        [("s/f/000010", None, "series", "s/e/000000"), ("s/e/000000", "s/e/000000-0-head", "series", "s/f/000010"),
         ("s/e/000000", None, "text", None)],
        schema=dict(OF_LEFT_OUT), orient="row",
    )  # fmt: skip
    found = made(replace(tables(rows), unlearnt=unlearnt))
    assert found.table["clip"].to_list() == ["s/e/000000-000009"]
    assert found.left_out.rows() == [("s/f/000010-000019", "series", "s/e/000000-000009")]


def test_a_clips_tier_is_that_of_its_drawings_in_the_dataset() -> None:
    """Where people may have given it, in place of the judge."""
    stills = ["s/e/000000", "s/e/000002"]
    rows = [clip(0, stills=stills), clip(1, tier="reject"), clip(2, tier=None)]
    graded = [(stills[0], None, "best"), (stills[1], None, "poor"), (stills[1], f"{stills[1]}-0-head", "reject"),
              ("s/e/000010", None, "good")]  # fmt: skip
    given = replace(tables(rows), tiers=pl.DataFrame(graded, schema=dict(stage.OF_TIERS), orient="row"))
    found = made(given)
    assert found.table.select("clip", "tier").rows() == [("s/e/000010-000019", "good"), ("s/e/000020-000029", None)]
    assert found.left_out.rows() == [("s/e/000000-000009", "tier", None)]


def test_where_nothing_is_enlarged_a_clip_too_thin_for_any_bucket_is_left_out() -> None:
    found = made(tables([clip(0), clip(1, width=3000, height=60)]), {"no_upscale": True, "bucket_step": 64})
    assert found.left_out.rows() == [("s/e/000010-000019", "bucket", None)]


def test_of_a_shot_as_many_as_asked_for_evenly_spread() -> None:
    rows = [clip(0, clip=f"s/e/{number:06d}-{number + 9:06d}") for number in range(6)]
    found = made(tables(rows), per_shot=2)
    assert found.table["clip"].to_list() == ["s/e/000001-000010", "s/e/000004-000013"]
    assert set(found.left_out["reason"]) == {"shot"}


def test_the_one_who_has_fewest_is_looked_at_more_often() -> None:
    names = [(f"s/e/{10 * shot:06d}", "hana" if shot < 6 else "ren", None) for shot in range(7)]
    images = [(f"s/e/{shot}", f"s/e/{shot}", "train", None, []) for shot in range(7)]
    found = made(tables([clip(shot) for shot in range(7)], images, names), max_repeats=4).table
    assert found["repeats"].to_list() == [1] * 6 + [4]


def test_where_nothing_is_left_one_line_says_so() -> None:
    with pytest.raises(
        GengaError, match=r"no clip is left to learn from, of 2 \(short 2\); loosen params.yaml:clips, "
    ):
        made(tables([clip(0, reason="short"), clip(1, reason="short")]))


# In a project


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = make_finished(tmp_path_factory.mktemp("standin") / "project")
    assert snakemake(project, WANTED).code == 0
    return project


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Iterator[Path]:
    with copy_of(finished, tmp_path / "copy") as folder:
        yield folder


WANTED = f"data/clipset/{SERIES}.parquet"
LATER = {"clips": 1, "clipset": 1}


@pytest.mark.slow
def test_clips_are_made_where_something_asks_for_them(finished: Path) -> None:
    assert (finished / f"data/clips/{SERIES}/{EPISODES[0]}.parquet").is_file()
    assert snakemake(finished, "-n").nothing and snakemake(finished, "-n", WANTED).nothing


@pytest.mark.slow
def test_a_parameter_of_clips_makes_them_stale_and_nothing_else(copy: Path) -> None:
    change_params(copy, "clips", length=8)
    assert snakemake(copy, "-n").jobs == {"report": 1}  # which shows every section
    assert snakemake(copy, "-n", WANTED).jobs == {"clips": 2, "clipset": 1}
    change_params(copy, "clips", length=16)
    change_params(copy, "clipset", style="anime")
    assert snakemake(copy, "-n", WANTED).jobs == {"clipset": 1}


@pytest.mark.slow
def test_how_drawings_are_made_larger_makes_the_set_stale_and_how_exports_play_nothing(copy: Path) -> None:
    change_params(copy, "clips", interpolate={"by": "minterpolate", "rate": 24})
    assert snakemake(copy, "-n", WANTED).nothing
    change_params(copy, "clips", upscale={"by": "waifu2x", "denoise": 0, "above": 1.25})
    assert snakemake(copy, "-n", WANTED).jobs == {"clipset": 1}


@pytest.mark.slow
def test_a_frame_that_a_person_drops_makes_what_follows_of_its_episode_stale(copy: Path) -> None:
    put(copy / f"corrections/{SERIES}/{EPISODES[0]}/frames.csv", "frame,decision,who,why\n7,drop,me,blurred\n")
    found = snakemake(copy, "-n", WANTED).jobs
    assert {stage: found[stage] for stage in ("dedup", "stills", "clips", "clipset", "tag")} == {
        "dedup": found["dedup"], "stills": found["dedup"], "clips": found["dedup"], "clipset": 1, "tag": found["dedup"],
    }  # fmt: skip
    assert not {"probe", "frames", "shots"} & found.keys()
