"""Exports read back as the tools they are for would read them."""

import json
import re
import tomllib
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.json
import pytest
import yaml
from typer.testing import CliRunner

from genga.cli.export import app
from genga.errors import GengaError
from genga.exchange.captions import FILE
from genga.exchange.folders import OF_DATASET, Kohya, kohya_toml
from genga.exchange.names import file_names
from genga.images.codec import decode, encode
from genga.params.dataset import Params
from genga.store.files import sha256_of
from genga.store.folders import MARK, replacing_folder
from genga.store.parquet import read_table, write_table
from genga.store.shards import writing_shard
from genga.tables.stills import FILES
from genga.vocabulary.text import pieces_of

SECTION = Path(__file__).parent.parent / "params.yaml"


def said(form: str, *pieces: tuple[str, str]) -> dict:
    """A caption as the dataset has it."""
    return {"form": form, "parts": [{"part": part, "text": text} for part, text in pieces]}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a dataset of four images: two of Hana (one of them held out), one unnamed, one whole still."""
    monkeypatch.chdir(tmp_path)
    section = yaml.safe_load(SECTION.read_text(encoding="utf-8"))["dataset"]
    sizes = {"resolution": 512, "bucket_min": 256, "bucket_max": 1024, "bucket_step": 64, "no_upscale": True}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"dataset": section | sizes}))
    images = [
        ("s/e 1/000001-0-head", "head", "train", "花", "coat", "花, coat, solo, smile", 2, 3),
        ("s/e 1/000002-0-head", "head", "held-out", "花", None, "花, solo", 1, 1),
        ("s/e 1/000003-0-head", "head", "train", None, None, r"star \(symbol\)", 0, 1),
        ("s/e 1/000003", "still", "train", None, None, "花, ren, outdoors", 2, 1),
    ]
    rows = []
    with writing_shard("data/crop.tar") as shard:
        for number, (image, kind, split, who, outfit, caption, keep, repeats) in enumerate(images):
            pixels = encode(np.full((4, 6, 3), 50 * number, np.uint8), "png" if "-" in image else "jxl")
            still, crop = image.split("-")[0], image if "-" in image else None
            place = shard.add(f"{number}", pixels)
            captions = [said("tags", *pieces_of(caption, keep))]
            row = (
                image,
                still,
                crop,
                kind,
                "s/e 1/7",
                split,
                who,
                outfit,
                "best",
                caption,
                captions,
                keep,
                repeats,
                1.0,
                6,
                4,
            )
            rows.append((*row, [[0, 0, 6, 1]], [[1, 0, 3, 4]], None, *place.values()))
    write_table("data/dataset/s.parquet", pl.DataFrame(rows, schema=dict(OF_DATASET), orient="row"), OF_DATASET)
    return tmp_path


def export(*arguments: str) -> str:
    """What `genga export …` prints; raises what it raises."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def files(folder: str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


def test_a_kohya_folder_has_images_captions_metadata_and_settings(project: Path) -> None:
    said = export("kohya", "s", "out")
    assert said == "export s: 3 images in out; train with --dataset_config out/dataset.toml\n"
    assert files("out") == [
        "1_stills_keep2.json", "1_stills_keep2/s__e 1__000003.png", "1_stills_keep2/s__e 1__000003.txt",
        "1_unnamed_keep0.json",
        "1_unnamed_keep0/s__e 1__000003-0-head.png", "1_unnamed_keep0/s__e 1__000003-0-head.txt",
        "3_花_keep2.json", "3_花_keep2/s__e 1__000001-0-head.png", "3_花_keep2/s__e 1__000001-0-head.txt",
        "dataset.toml", FILE, MARK,
    ]  # fmt: skip
    assert Path("out/3_花_keep2/s__e 1__000001-0-head.txt").read_text(encoding="utf-8") == "花, coat, solo, smile\n"
    pixels = decode(Path("out/1_unnamed_keep0/s__e 1__000003-0-head.png").read_bytes())
    assert pixels.shape == (4, 6, 3) and set(pixels.ravel()) == {100}


def test_kohya_settings_are_toml_that_names_the_folders(project: Path) -> None:
    export("kohya", "s", "out", "--found-at", '/data/"x"')
    with open("out/dataset.toml", "rb") as file:
        settings = tomllib.load(file)
    assert settings == {
        "general": {"caption_extension": ".txt", "shuffle_caption": True, "enable_bucket": True},
        "datasets": [
            {
                "resolution": [512, 512],
                "min_bucket_reso": 256,
                "max_bucket_reso": 1024,
                "bucket_reso_steps": 64,
                "bucket_no_upscale": True,
                "subsets": [
                    {"image_dir": '/data/"x"/1_stills_keep2', "num_repeats": 1, "keep_tokens": 2},
                    {"image_dir": '/data/"x"/1_unnamed_keep0', "num_repeats": 1, "keep_tokens": 0},
                    {"image_dir": '/data/"x"/3_花_keep2', "num_repeats": 3, "keep_tokens": 2},
                ],
            }
        ],
    }


def test_kohya_metadata_joins_to_the_caption(project: Path) -> None:
    export("kohya", "s", "out")
    named = json.loads(Path("out/3_花_keep2.json").read_text(encoding="utf-8"))
    assert named == {
        "out/3_花_keep2/s__e 1__000001-0-head.png": {"caption": "花, coat", "tags": "solo, smile", "image_size": [6, 4],
                                                  "id": "s/e 1/000001-0-head"}
    }  # fmt: skip
    unnamed = json.loads(Path("out/1_unnamed_keep0.json").read_text(encoding="utf-8"))
    assert list(unnamed.values()) == [{"tags": "star (symbol)", "image_size": [6, 4], "id": "s/e 1/000003-0-head"}]
    assert all(Path(path).is_file() for path in [*named, *unnamed])


def test_trainers_get_captions_without_the_backslashes_of_prompts(project: Path) -> None:
    export("kohya", "s", "kohya")
    assert Path("kohya/1_unnamed_keep0/s__e 1__000003-0-head.txt").read_text(encoding="utf-8") == "star (symbol)\n"
    export("imagefolder", "s", "images")
    lines = [json.loads(line) for line in Path("images/train/metadata.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["text"] for line in lines] == ["花, coat, solo, smile", "花, ren, outdoors", "star (symbol)"]


BOTH = (("names", "花"), ("tags", r"smile, star \(symbol\)"), ("sentences", "On the left, 花, hat. On the right, ren."))


def with_captions(*of: dict) -> None:
    """The dataset of `project` with other captions for the first image."""
    table = read_table("data/dataset/s.parquet", OF_DATASET)
    rows = table.to_dicts()
    rows[0] |= {"captions": list(of), "caption": "the first"}
    write_table("data/dataset/s.parquet", pl.DataFrame(rows, schema=dict(OF_DATASET)), OF_DATASET)


def parts_read(line: str) -> tuple[str, list[str], str]:
    """What sd-scripts reads in a caption with keep_tokens_separator `|||`: what is fixed, its tags, what is fixed."""
    fixed, varied, *end = line.split("|||")
    tokens = [[token.strip() for token in part.split(",") if token.strip()] for part in (fixed, varied, *end, "")[:3]]
    return ", ".join(tokens[0]), tokens[1], ", ".join(tokens[2])


def test_sentences_stay_whole_in_a_kohya_folder(project: Path) -> None:
    with_captions(said("both", *BOTH))
    export("kohya", "s", "out")
    text = Path("out/3_花/s__e 1__000001-0-head.txt").read_text(encoding="utf-8")
    assert text == "花 ||| smile, star (symbol) ||| On the left, 花, hat. On the right, ren.\n"
    assert parts_read(text) == ("花", ["smile", "star (symbol)"], "On the left, 花, hat. On the right, ren.")
    still = Path("out/1_stills/s__e 1__000003.txt").read_text(encoding="utf-8")
    assert parts_read(still) == ("花, ren", ["outdoors"], "")
    with open("out/dataset.toml", "rb") as file:
        settings = tomllib.load(file)
    assert settings["general"]["keep_tokens_separator"] == "|||" and "enable_wildcard" not in settings["general"]
    assert {tuple(one) for one in settings["datasets"][0]["subsets"]} == {("image_dir", "num_repeats")}
    (entry,) = json.loads(Path("out/3_花.json").read_text(encoding="utf-8")).values()
    assert entry == {"caption": text.strip(), "image_size": [6, 4], "id": "s/e 1/000001-0-head"}


def test_what_stands_in_front_of_the_tags_is_kept_in_front(project: Path) -> None:
    with_captions(said("tags", ("counts", "1girl"), ("names", "花, coat"), ("style", "screencap"), ("tags", "hat")))
    export("kohya", "s", "out")
    text = Path("out/3_花/s__e 1__000001-0-head.txt").read_text(encoding="utf-8")
    assert parts_read(text) == ("1girl, 花, coat, screencap", ["hat"], "")


def test_several_captions_are_lines_of_which_the_trainer_draws_one(project: Path) -> None:
    with_captions(said("tags", *BOTH[:2], ("style", "{a|b}")), said("sentence", BOTH[0], BOTH[2]), said("both", *BOTH))
    export("kohya", "s", "out", "--wildcard")
    lines = Path("out/3_花/s__e 1__000001-0-head.txt").read_text(encoding="utf-8").splitlines()
    assert [parts_read(line) for line in lines] == [
        ("花", ["smile", "star (symbol)"], "{{a|b}}"),
        ("花. On the left, 花, hat. On the right, ren.", [], ""),
        ("花", ["smile", "star (symbol)"], "On the left, 花, hat. On the right, ren."),
    ]
    with open("out/dataset.toml", "rb") as file:
        assert tomllib.load(file)["general"]["enable_wildcard"] is True
    export("kohya", "s", "first")
    (first,) = Path("first/3_花/s__e 1__000001-0-head.txt").read_text(encoding="utf-8").splitlines()
    assert parts_read(first)[2] == "{a|b}"


def test_a_mark_in_a_name_is_said(project: Path) -> None:
    with_captions(said("both", ("names", "a|||b"), *BOTH[1:]))
    with pytest.raises(GengaError, match=r"'a\|\|\|b': \|\|\| is a mark of sd-scripts' captions; name it otherwise"):
        export("kohya", "s", "out")
    assert not Path("out").exists()


def test_an_imagefolder_has_captions_part_by_part(project: Path) -> None:
    with_captions(said("tags", *BOTH[:2]), said("both", *BOTH))
    export("imagefolder", "s", "out")
    line = json.loads(Path("out/train/metadata.jsonl").read_text(encoding="utf-8").splitlines()[0])
    plain = [(part, text.replace("\\", "")) for part, text in BOTH]
    assert line["captions"] == [said("tags", *plain[:2]), said("both", *plain)]


def test_one_character_and_one_side(project: Path) -> None:
    assert "1 images" in export("kohya", "s", "out", "--character", "花", "--split", "held-out")
    assert [name for name in files("out") if name.endswith(".png")] == ["1_花_keep1/s__e 1__000002-0-head.png"]


def test_an_imagefolder_has_both_sides(project: Path) -> None:
    assert export("imagefolder", "s", "out") == "export s: 3 images in out/train, 1 in out/test\n"
    lines = [json.loads(line) for line in Path("out/train/metadata.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["file_name"] for line in lines] == [
        "s__e 1__000001-0-head.png", "s__e 1__000003.png", "s__e 1__000003-0-head.png",
    ]  # fmt: skip
    (held,) = Path("out/test/metadata.jsonl").read_text(encoding="utf-8").splitlines()
    line = json.loads(held)
    assert line == {
        "file_name": "s__e 1__000002-0-head.png", "text": "花, solo", "id": "s/e 1/000002-0-head",
        "still": "s/e 1/000002", "crop": "s/e 1/000002-0-head", "kind": "head", "character": "花", "outfit": "",
        "captions": [said("tags", ("names", "花"), ("tags", "solo"))],
        "tier": "best", "keep_tokens": 1, "repeats": 1, "weight": 1.0, "width": 6, "height": 4,
        "sha256": sha256_of("out/test/s__e 1__000002-0-head.png"),
    }  # fmt: skip


def test_the_same_export_twice_gives_the_same_bytes(project: Path) -> None:
    export("kohya", "s", "out")
    before = {name: sha256_of(Path("out", name)) for name in files("out")}
    export("kohya", "s", "out")
    assert {name: sha256_of(Path("out", name)) for name in files("out")} == before
    assert not [path for path in Path().iterdir() if path.name.startswith(".")]


def test_a_folder_of_somebody_else_is_left_alone(project: Path) -> None:
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine")
    with pytest.raises(GengaError, match=r"mine: holds files that are not from an export \(notes.txt\)"):
        export("kohya", "s", "mine")
    assert files("mine") == ["notes.txt"]
    with pytest.raises(GengaError, match="params.yaml: is a file; name a new folder"):
        export("kohya", "s", "params.yaml")


def test_what_was_added_or_changed_by_hand_is_not_lost(project: Path) -> None:
    export("kohya", "s", "out")
    caption = Path("out/1_stills_keep2/s__e 1__000003.txt")
    caption.write_text("my own words")
    with pytest.raises(GengaError, match="s__e 1__000003.txt was changed since the export before"):
        export("kohya", "s", "out")
    assert caption.read_text() == "my own words"
    caption.write_text("花, ren, outdoors\n", encoding="utf-8")
    Path("out/cache.npz").write_bytes(b"")
    with pytest.raises(GengaError, match=r"cache\.npz is not from the export before"):
        export("kohya", "s", "out")


def test_a_failed_export_leaves_nothing_behind(project: Path) -> None:
    Path("data/crop.tar").unlink()
    with pytest.raises(GengaError, match="data/crop.tar: cannot be read"):
        export("kohya", "s", "out")
    assert files(".") == ["data/dataset/s.parquet", "params.yaml"]


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with replacing_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("a")
    assert files(str(tmp_path / "out")) == ["a", MARK]


def test_no_images_is_an_error_with_a_way_out(project: Path) -> None:
    with pytest.raises(GengaError, match=r"data/dataset/s.parquet: no image of ren \(characters there: 花\)"):
        export("imagefolder", "s", "out", "--character", "ren")
    with pytest.raises(GengaError, match="data/dataset/other.parquet: no such table; run snakemake to make it"):
        export("imagefolder", "other", "out")


def test_both_sides_of_an_imagefolder_have_columns_of_one_type(project: Path) -> None:
    """As datasets reads them, which refuses a folder where they differ: an outfit is known on one side only."""
    export("imagefolder", "s", "out")
    train, test = (pyarrow.json.read_json(f"out/{side}/metadata.jsonl") for side in ("train", "test"))
    assert train.schema == test.schema
    assert {str(train.schema.field(name).type) for name in ("character", "outfit", "crop")} == {"string"}
    assert train["outfit"].to_pylist() == ["coat", "", ""] and test["outfit"].to_pylist() == [""]
    assert train["crop"].to_pylist() == ["s/e 1/000001-0-head", "", "s/e 1/000003-0-head"]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("sample/ep01", "sample__ep01"),
        ("[A] 花/01 (1080p).x'y!", "[A] 花__01 (1080p).x'y!"),
        ("か\u3099/e", "が__e"),  # NFD is written in NFC
        ('Re:Zero/01 What is "this"?', "Re_Zero__01 What is _this__-c4eb50e5f180"),
        ("a\\b|c*d<e>f\x1f\x7f/e", "a_b_c_d_e_f____e-37dbbaf2c25e"),
        (".hack/e. ", "hack__e-e5860bedc64a"),
        ("..", "_-5ec1f7e700f3"),
        ("con", "_con-1143da2bc54c"),
        ("NUL.x/e", "_NUL.x__e-a53cb89670e2"),
        ("console/e", "console__e"),
        ("com1", "_com1-957a49c3e803"),
        ("e" * 100, "e" * 100),
        ("e" * 101, "e" * 87 + "-d7bb8586f8b6"),
        ("長" * 84, "長" * 29 + "-ff3f10ef6d49"),
    ],
)
def test_a_name_becomes_a_files_that_every_system_takes(name: str, file: str) -> None:
    assert file_names([name]) == {name: file}


def test_names_that_some_system_takes_for_one_are_told_apart() -> None:
    names = [
        "EP01",
        "ep01",
        "ep02",
        "a:b",
        "a?b",
        "a__b",
        "a/b",
        "が",
        "か\u3099",
        "x\u200by",
        "xy",
        "Stills",
        "e" * 200 + "1",
        "e" * 200 + "2",
    ]
    made = file_names(names, taken=["stills"])
    assert made["ep02"] == "ep02"
    assert [name for name in names if made[name] == name] == ["ep02"]
    assert len({text.casefold() for text in made.values()}) == len(names)
    assert max(len(text.encode()) for text in made.values()) == 100
    assert file_names(["ep01"]) == {"ep01": "ep01"}


def renamed(series: str, episode: str, character: str) -> None:
    """The dataset of `project` under other names, as data/dataset/<series>.parquet."""
    table = read_table("data/dataset/s.parquet", OF_DATASET)
    for column in ("image", "still", "crop"):
        table = table.with_columns(pl.col(column).str.replace("s/e 1", f"{series}/{episode}", literal=True))
    write_table(
        f"data/dataset/{series}.parquet",
        table.with_columns(character=pl.col("character").replace({"花": character})),
        OF_DATASET,
    )


def test_whatever_series_episodes_and_people_are_called_files_have_names(project: Path) -> None:
    renamed("Re:Zero", '01 What is "this"?', "A?")
    export("kohya", "Re:Zero", "out")
    stem = "Re_Zero__01 What is _this__-c4eb50e5f180__000001-0-head"
    assert f"3_A_-2d003dcd002f_keep2/{stem}.png" in files("out") and f"3_A_-2d003dcd002f_keep2/{stem}.txt" in files(
        "out"
    )
    assert not [name for name in files("out") if re.search(r'[\\:*?"<>|]', name)]
    (entry,) = json.loads(Path("out/3_A_-2d003dcd002f_keep2.json").read_text(encoding="utf-8")).values()
    assert entry["id"] == 'Re:Zero/01 What is "this"?/000001-0-head'
    with open("out/dataset.toml", "rb") as file:
        folders = [one["image_dir"] for one in tomllib.load(file)["datasets"][0]["subsets"]]
    assert all(Path(folder).is_dir() for folder in folders) and len(folders) == 3
    export("imagefolder", "Re:Zero", "out2")
    line = json.loads(Path("out2/train/metadata.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert (line["file_name"], line["id"]) == (f"{stem}.png", 'Re:Zero/01 What is "this"?/000001-0-head')


def test_long_names_are_exported(project: Path) -> None:
    renamed("長" * 75, "第" * 83, "花" * 83)
    export("kohya", "長" * 75, "out")
    export("imagefolder", "長" * 75, "out2")
    names = [Path(name).name for name in (*files("out"), *files("out2"))]
    assert max(len(name.encode()) for name in names) <= 130


def test_an_export_that_cannot_be_written_is_one_line_and_leaves_nothing(project: Path) -> None:
    before = files(".")
    for out in ("x" * 300, "params.yaml/out", f"a/{'x' * 256}"):
        with pytest.raises(GengaError, match=r"cannot be written \(.*\); name another folder"):
            export("kohya", "s", out)
    assert files(".") == before and not Path("a").exists()
    assert "3 images" in export("kohya", "s", "x" * 250)


@pytest.mark.parametrize("series", ["", ".", "..", "../s", "a/s"])
def test_a_series_is_never_a_path(project: Path, series: str) -> None:
    for command in ("kohya", "imagefolder", "croissant"):
        with pytest.raises(GengaError, match="a series is named as its folder in data/raw/, as in sample; got"):
            export(command, series, "out")


@pytest.mark.parametrize("episode", ["s", "s/", "s/..", "./e", "s/e/000001"])
def test_an_episode_is_named_with_its_series(project: Path, episode: str) -> None:
    for command in ("stills", "sheet"):
        with pytest.raises(GengaError, match="an episode is named SERIES/EPISODE, as in sample/ep01; got"):
            export(command, episode, "out")


@pytest.mark.parametrize("words", [("o\udcff",), ("out", "--found-at", "o\udcff")])
def test_a_folder_that_is_not_utf_8_is_named(project: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(GengaError, match=r"'o\\udcff' is not UTF-8, as dataset.toml is"):
        export("kohya", "s", *words)
    assert files(".") == ["data/crop.tar", "data/dataset/s.parquet", "params.yaml"]


def test_stills_leave_as_png_whatever_they_are_kept_in(project: Path) -> None:
    pixels = np.full((4, 6, 3), (1, 2, 200), np.uint8)
    with writing_shard("data/stills/s/e.tar") as shard:
        rows = [
            {"still": f"s/e/00000{number}", **shard.add(f"{number}", encode(pixels + number, kind))}
            for number, kind in enumerate(("jxl", "webp", "png"))
        ]
    write_table("data/stills/s/e.parquet", pl.DataFrame(rows), FILES)
    assert "3 stills" in export("stills", "s/e", "out")
    assert files("out") == ["000000.png", "000001.png", "000002.png", MARK]
    for number in range(3):
        data = Path(f"out/00000{number}.png").read_bytes()
        assert data.startswith(b"\x89PNG") and (decode(data) == pixels + number).all()
    with pytest.raises(GengaError, match="named SERIES/EPISODE"):
        export("stills", "s", "out")


def test_kohya_is_told_where_the_buckets_are_not_its_own() -> None:
    section = yaml.safe_load(SECTION.read_text(encoding="utf-8"))["dataset"]
    told = kohya_toml({}, Params(**section | {"buckets": [[64, 48]]}), ".", Kohya(marked=False, wildcard=False))
    assert told.splitlines()[:2] == [
        "# The data set has buckets of its own. The trainer knows no list of sizes: it cuts by these values.",
        "[general]",
    ]
    assert kohya_toml({}, Params(**section), ".", Kohya(marked=False, wildcard=False)).startswith("[general]\n")
