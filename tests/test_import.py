"""Captions edited in an export come back as the lines that say what was changed, and nothing else."""

import io
import json
import re
import tarfile
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from test_export import export, files, project
from typer.testing import CliRunner

from genga.cli.import_ import app
from genga.decisions.tags import Correction, lines_of
from genga.errors import GengaError
from genga.exchange.captions import FILE, words_in
from genga.exchange.folders import OF_DATASET
from genga.images.codec import decode, encode_mask
from genga.store.parquet import read_table, write_table

__all__ = ["project"]  # a fixture

TAGS = "corrections/s/e 1/tags.csv"
HEAD, BARE, STILL = "s/e 1/000001-0-head", "s/e 1/000003-0-head", "s/e 1/000003"


def take(*words: str) -> tuple[str, list[str]]:
    """What `genga import …` prints, and what it says on stderr; raises what it raises."""
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    return result.stdout, result.stderr.splitlines()


def put(path: str, text: str | bytes) -> None:
    Path(path).write_bytes(text if isinstance(text, bytes) else text.encode())


def swap(path: str, *pairs: tuple[str, str]) -> None:
    """Replace texts in a file, each there once."""
    text = Path(path).read_text(encoding="utf-8")
    for old, new in pairs:
        assert text.count(old) == 1, (old, text)
        text = text.replace(old, new)
    Path(path).write_text(text, encoding="utf-8")


def in_tar(path: str, *pairs: tuple[str, str]) -> None:
    """The same in the members of a tar."""
    with tarfile.open(path) as tar:
        members = [(one, tar.extractfile(one).read()) for one in tar]  # type: ignore[union-attr]
    with tarfile.open(path, "w") as tar:
        for member, content in members:
            for old, new in pairs if member.name.endswith(".txt") else ():
                content = content.replace(old.encode(), new.encode())
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


KOHYA, STILLS = "out/3_花_keep2/s__e 1__000001-0-head.txt", "out/1_stills_keep2/s__e 1__000003.txt"
LINES = (("solo, smile", "solo, grin"), ("outdoors", "outdoors, night sky"), ("star (symbol)", "star (symbol), heart"))
IN_TEXT = [
    ('"text": "花, coat, solo, smile"', '"text": "花, coat, solo, grin"'),
    ('"text": "花, ren, outdoors"', '"text": "花, ren, outdoors, night sky"'),
]
ONES = [("solo, smile", "solo, grin"), ("outdoors", "outdoors, night sky")]


def kohya() -> None:
    swap(KOHYA, LINES[0])
    swap(STILLS, LINES[1])


def musubi() -> None:
    swap("out/3_花_keep2.jsonl", LINES[0])
    swap("out/1_stills_keep2.jsonl", LINES[1])


def hydrus() -> None:
    swap("out/s__e 1__000001-0-head.png.txt", ("smile\n", "grin\n"))
    swap("out/s__e 1__000003.png.txt", ("outdoors\n", "night sky\noutdoors\n\n"))


def hydrus_json() -> None:
    swap("out/s__e 1__000001-0-head.png.json", ("smile", "grin"))
    swap("out/s__e 1__000003.png.json", ('"outdoors"', '"outdoors", "Night Sky"'))


EXPORTS: dict[str, tuple[tuple[str, ...], Callable[[], None]]] = {
    "kohya": (("kohya",), kohya),
    "kohya with masks": (("kohya", "--masks", "both"), kohya),
    "diffusion-pipe": (("diffusion-pipe",), kohya),
    "musubi": (
        ("musubi",),
        musubi,
    ),
    "imagefolder": (("imagefolder",), lambda: swap("out/train/metadata.jsonl", *IN_TEXT)),
    "webdataset": (("webdataset",), lambda: in_tar("out/train-000000.tar", *ONES)),
    "hydrus": (("hydrus",), hydrus),
    "hydrus in JSON": (("hydrus", "--json"), hydrus_json),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_untouched_export_is_nothing_and_an_edited_one_is_what_was_edited(project: Path, name: str) -> None:
    (command, *options), edit = EXPORTS[name]
    export(command, "s", "out", *options)
    assert take("out") == ("import out: nothing new; 0 not understood\n", [])
    assert not Path("corrections").exists()
    edit()
    assert take("out", "--who", "ann") == (f"import out: 3 lines in {TAGS}; 0 not understood\n", [])
    assert lines_of(TAGS) == [
        Correction(2, HEAD, None, "smile", "remove"),
        Correction(3, HEAD, None, "grin", "add"),
        Correction(4, STILL, None, "night_sky", "add"),
    ]
    assert ",ann,changed in " in Path(TAGS).read_text(encoding="utf-8")
    before = Path(TAGS).read_bytes()
    assert take("out")[0] == "import out: nothing new; 0 not understood\n"
    assert Path(TAGS).read_bytes() == before


def test_order_case_blanks_escapes_and_line_ends_change_nothing(project: Path) -> None:
    export("kohya", "s", "out")
    put(KOHYA, "\ufeffsmile ,  花, Solo,coat,,\r\n")
    put("out/1_unnamed_keep0/s__e 1__000003-0-head.txt", r"star \(symbol\)")
    assert take("out") == ("import out: nothing new; 0 not understood\n", [])


def test_of_wildcards_on_several_lines_all_count(project: Path) -> None:
    export("kohya", "s", "out")
    put(KOHYA, "花, coat, solo\n花, coat, smile\n")
    assert take("out")[0] == "import out: nothing new; 0 not understood\n"
    put(KOHYA, "花, coat, solo\n花, coat, hat\n")
    take("out")
    assert [(one.tag, one.decision) for one in lines_of(TAGS)] == [("smile", "remove"), ("hat", "add")]


def test_sentences_after_a_mark_stay_whole_and_their_change_decides_nothing(project: Path) -> None:
    assert words_in("花, coat ||| solo, {{a}} ||| She waves, at us.\n花 ||| solo ||| Rain.\n") == [
        "花", "coat", "solo", "{a}", "She waves, at us.", "Rain.",
    ]  # fmt: skip
    export("kohya", "s", "out", "--wildcard")
    file = "out/3_花/s__e 1__000001-0-head.txt"
    assert Path(file).read_text(encoding="utf-8") == "花, coat ||| solo, smile\n"
    assert take("out") == ("import out: nothing new; 0 not understood\n", [])
    put(file, "花, coat ||| solo, smile, hat ||| She waves, at us.\n")
    said, odd = take("out")
    assert said == f"import out: 1 line in {TAGS}; 1 not understood\n"
    assert odd == [f"{file}: 'She waves, at us.' is a sentence, and no tag"]


def test_what_is_no_tag_is_said_and_decides_nothing(project: Path) -> None:
    export("kohya", "s", "out")
    put(KOHYA, "花, solo, smile, (hat:1.2), She waves at us., character:ren, a b c d e f g, hat\n")
    Path(STILLS).unlink()
    put("out/1_unnamed_keep0/s__e 1__000003-0-head.txt", "\n")
    said, odd = take("out", "--dry")
    assert said == f"import out: 1 line in {TAGS}; 7 not understood, and nothing is written\n"
    assert odd == [
        f"{STILLS}: the caption of 1_stills_keep2/s__e 1__000003.png is not there any more",
        "out/1_unnamed_keep0/s__e 1__000003-0-head.txt: is empty; take tags out one by one, or leave the image out by "
        "its kind or quality",
        f"{KOHYA}: '(hat:1.2)' has a weight, which no tag has",
        f"{KOHYA}: 'She waves at us.' is a sentence, and no tag",
        f"{KOHYA}: 'a b c d e f g' is a sentence, and no tag",
        f"{KOHYA}: 'character:ren' is a name, which says characters.csv",
        f"{KOHYA}: 'coat' was taken out; who is who says characters.csv",
        f"{TAGS}: {HEAD} add hat",
    ]
    assert not Path("corrections").exists()


def test_lines_of_tables_that_cannot_be_made_out_are_named(project: Path) -> None:
    export("imagefolder", "s", "out")
    lines = Path("out/train/metadata.jsonl").read_text(encoding="utf-8").splitlines()
    more = ["{", '{"file_name": "x.png", "text": "a"}', lines[0], ""]
    put("out/train/metadata.jsonl", "\n".join(lines[:2] + more))
    _, odd = take("out")
    assert [one.removeprefix("out/train/metadata.jsonl") for one in odd] == [
        ": the caption of train/s__e 1__000003-0-head.png is not there any more",
        ":3: is no JSON object with file_name and text",
        ":4: x.png is no image of this export",
        ":5: train/s__e 1__000001-0-head.png is there twice",
    ]


def test_a_line_that_said_the_opposite_says_it_now_and_others_stay(project: Path) -> None:
    export("kohya", "s", "out")
    Path(TAGS).parent.mkdir(parents=True)
    put(TAGS, f"# mine\nstill_or_crop,tag,decision\n{HEAD},grin,remove\n{HEAD},Smile,remove\ns/e 1/000009,sky,add\n")
    kohya()
    assert take("out")[0] == f"import out: 2 lines in {TAGS}; 0 not understood\n"
    assert [(one.target, one.tag, one.decision) for one in lines_of(TAGS)] == [
        (HEAD, "grin", "add"), (HEAD, "smile", "remove"), ("s/e 1/000009", "sky", "add"), (STILL, "night_sky", "add"),
    ]  # fmt: skip
    assert Path(TAGS).read_text(encoding="utf-8").startswith("# mine\n")


@pytest.mark.parametrize("content", [b"\xff\xfes\x00o\x00", b"caf\xe9, solo", b"s\x00o\x00"])
def test_a_sidecar_of_an_unknown_encoding_is_named_and_nothing_is_written(project: Path, content: bytes) -> None:
    export("kohya", "s", "out")
    swap(STILLS, LINES[1])
    put(KOHYA, content)
    with pytest.raises(GengaError, match=f"^{KOHYA}: is (not UTF-8|no text).*; save it as UTF-8$"):
        take("out")
    assert not Path("corrections").exists()


def test_what_is_no_export_or_a_broken_one_is_named(project: Path) -> None:
    with pytest.raises(GengaError, match=f"^nowhere: is no export .*{FILE} is missing"):
        take("nowhere")
    export("webdataset", "s", "out")
    put("out/train-000000.tar", b"no tar")
    with pytest.raises(GengaError, match=r"^out/train-000000.tar: cannot be read as a tar"):
        take("out")
    put(f"out/{FILE}", "[]")
    with pytest.raises(GengaError, match=f"^out/{FILE}: is not as an export writes it"):
        take("out")
    put(f"out/{FILE}", '{"format": "other", "images": {}}')
    with pytest.raises(GengaError, match=f"^out/{FILE}: is not as an export writes it"):
        take("out")


# As the tools read them


def test_hydrus_has_namespaces(project: Path) -> None:
    export("hydrus", "s", "out")
    assert Path("out/s__e 1__000001-0-head.png.txt").read_text(encoding="utf-8").splitlines() == [
        "series:s", "episode:e 1", "scene:7", "character:花", "outfit:coat", "solo", "smile",
    ]  # fmt: skip
    assert Path("out/s__e 1__000003.png.txt").read_text(encoding="utf-8").splitlines() == [
        "series:s", "episode:e 1", "scene:7", "character:花", "character:ren", "outdoors",
    ]  # fmt: skip
    export("hydrus", "s", "json", "--json")
    said = json.loads(Path("json/s__e 1__000002-0-head.png.json").read_text(encoding="utf-8"))
    assert said == {"tags": ["series:s", "episode:e 1", "scene:7", "character:花", "solo"]}
    assert len(files("json")) == 2 * 4 + 2


def test_diffusion_pipe_finds_images_captions_and_masks(project: Path) -> None:
    export("diffusion-pipe", "s", "out", "--masks", "both", "--found-at", "/data")
    settings = tomllib.loads(Path("out/dataset.toml").read_text(encoding="utf-8"))
    assert settings == {
        "resolutions": [512], "enable_ar_bucket": True, "frame_buckets": [1],
        "directory": [
            {"path": f"/data/{name}", "num_repeats": repeats, "mask_path": f"/data/masks/{name}"}
            for name, repeats in (("1_stills_keep2", 1), ("1_unnamed_keep0", 1), ("3_花_keep2", 3))
        ],
    }  # fmt: skip
    images = [name for name in files("out") if name.endswith(".png") and not name.startswith("masks/")]
    assert len(images) == 3 and all(Path("out/masks", name).is_file() for name in images)
    assert all(Path("out", name).with_suffix(".txt").is_file() for name in images)


@pytest.mark.parametrize(
    ("what", "rows"),
    [("text", ["000000", "111111"]), ("person", ["011000", "011000"]), ("both", ["000000", "011000"])],
)
def test_masks_are_white_where_is_learnt(project: Path, what: str, rows: list[str]) -> None:
    """Text lies on the first row of six px, a person on columns 1 and 2."""
    export("kohya", "s", "out", "--masks", what)
    mask = decode(Path("out/masks/3_花_keep2/s__e 1__000001-0-head.png").read_bytes())
    assert mask.shape == (4, 6, 3)
    seen = ["".join(map(str, (mask[row, :, 0] // 255).tolist())) for row in (0, 3)]
    assert seen == rows and np.array_equal(mask[..., 0], mask[..., 2])
    settings = tomllib.loads(Path("out/dataset.toml").read_text(encoding="utf-8"))
    subsets = settings["datasets"][0]["subsets"]
    assert [one["conditioning_data_dir"] for one in subsets][2] == "out/masks/3_花_keep2"
    assert all(Path(one["conditioning_data_dir"]).is_dir() for one in subsets)


def test_a_mask_of_people_is_what_a_model_said_of_their_px(project: Path) -> None:
    """The left half of a box of four columns, the first of which lies beyond the image."""
    table = read_table("data/dataset/s.parquet", OF_DATASET)
    own = encode_mask(np.repeat([[True, True, False, False]], 4, axis=0))
    masks = [[{"x0": -1, "y0": 0, "x1": 3, "y1": 4, "mask": own}]] * len(table)
    made = table.with_columns(pl.Series("masks", masks, dtype=OF_DATASET["masks"]))
    write_table("data/dataset/s.parquet", made, OF_DATASET)
    export("kohya", "s", "out", "--masks", "person")
    mask = decode(Path("out/masks/3_花_keep2/s__e 1__000001-0-head.png").read_bytes())
    assert (mask[..., 0] // 255).tolist() == [[1, 0, 0, 0, 0, 0]] * 4


def test_musubi_finds_what_its_settings_name(project: Path) -> None:
    export("musubi", "s", "out")
    settings = tomllib.loads(Path("out/dataset.toml").read_text(encoding="utf-8"))
    assert settings["general"] == {
        "resolution": [512, 512], "batch_size": 1, "enable_bucket": True, "bucket_no_upscale": True,
    }  # fmt: skip
    assert [one["num_repeats"] for one in settings["datasets"]] == [1, 1, 3]
    assert len({one["cache_directory"] for one in settings["datasets"]}) == 3
    lines = Path(settings["datasets"][2]["image_jsonl_file"]).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"image_path": "out/3_花_keep2/s__e 1__000001-0-head.png", "caption": "花, coat, solo, smile"}
    ]
    assert Path(json.loads(lines[0])["image_path"]).is_file()


def test_a_webdatasets_samples_are_of_one_key_side_by_side(project: Path) -> None:
    """webdataset groups members that follow each other by their name up to its first dot."""
    export("webdataset", "s", "out")
    with tarfile.open("out/train-000000.tar") as tar:
        members = [(one.name, tar.extractfile(one).read()) for one in tar]  # type: ignore[union-attr]
    keys = [name.split(".", 1) for name, _ in members]
    assert [kind for _, kind in keys] == ["png", "txt", "json"] * 3
    assert [keys[i][0] for i in range(0, 9, 3)] == ["s__e 1__000001-0-head", "s__e 1__000003", "s__e 1__000003-0-head"]
    assert all(keys[i][0] == keys[i + 1][0] == keys[i + 2][0] for i in range(0, 9, 3))
    assert members[1][1].decode() == "花, coat, solo, smile"
    assert json.loads(members[2][1]) == {
        "image": HEAD, "still": "s/e 1/000001", "kind": "head", "character": "花", "outfit": "coat", "repeats": 3,
        "weight": 1.0,
    }  # fmt: skip
    assert decode(members[0][1]).shape == (4, 6, 3)
    before = Path("out/train-000000.tar").read_bytes()
    export("webdataset", "s", "out")
    assert Path("out/train-000000.tar").read_bytes() == before


def test_a_split_folder_is_above_every_image_of_an_imagefolder(project: Path) -> None:
    """datasets 5.2 looks for splits' names in folders first, and only then in files, where `tower_test` would hide all.

    And captions are beside the images: of a metadata.jsonl above the split folders it takes none.
    """
    export("imagefolder", "s", "out")
    for name in files("out"):
        assert re.match(r"(train|test)/", name) or name.startswith("genga-")
    for side in ("train", "test"):
        named = [json.loads(line) for line in Path(f"out/{side}/metadata.jsonl").read_text("utf-8").splitlines()]
        assert {one["file_name"] for one in named} == {path.name for path in Path("out", side).glob("*.png")}
