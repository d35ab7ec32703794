"""Packages of data sets: what one uploads, and the same made again elsewhere from the videos, to the byte."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import packed
import polars as pl
import pyarrow.parquet as pq
import pytest
import uploads
import yaml
from typer.testing import CliRunner

from genga.__main__ import app
from genga.errors import GengaError
from genga.exchange import rebuild as rebuilding
from genga.exchange.package import FRAMES_FILE, NOTE, OF_DATASET
from genga.exchange.sources.record import Origin, add_origins
from genga.images.codec import decode, encode, encode_mask
from genga.images.image import Image
from genga.store.files import read_json, sha256_of, write_facts
from genga.store.folders import MARK
from genga.store.parquet import read_table, write_table
from genga.store.shards import ShardReader
from genga.tables.package import PACKAGE, PACKAGE_FRAMES, PACKAGE_ORIGINS
from genga.tables.schema import SHARD
from genga.workflow.records import Output, Record, Records, write_records

SAID = ("--license", "cc-by-4.0")


def genga(*words: str | Path) -> str:
    """What `genga WORDS` prints; raises what it raises."""
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False).output


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a project in it, which is the working folder."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    packed.make(tmp_path / "project")
    return tmp_path


def videos_elsewhere(place: Path) -> Path:
    """The videos as another person has them: other names, other folders, and more files than these."""
    for old, new in (("ep 1.mkv", "Title [BD]/01.mkv"), ("ep2.mkv", "Title [BD]/Extra/02.mkv")):
        (place / "videos" / new).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(place / "project/data/raw/s" / old, place / "videos" / new)
    (place / "videos/ep2.mkv").write_bytes(b"something else of that name")
    return place / "videos"


@pytest.mark.parametrize(
    ("layout", "kind", "looked"),
    [("parquet", "h264", {}), ("webdataset", "jxl", {}), ("parquet", "png", {"fields": "deinterlace"}),
     ("parquet", "webp", {"fields": "telecine"})],
)  # fmt: skip
def test_a_package_without_pixels_and_the_videos_are_the_package_with_pixels_to_the_byte(
    place: Path, layout: str, kind: str, looked: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    packed.make(place / "project", kind, **looked)
    given = ("--layout", layout, *SAID, "--rights", "of the studio")
    assert genga("package", "dataset", "s", *given, "--out", place / "whole") == (
        f"package s: 6 images in {place}/whole, with their pixels\n"
    )
    assert genga("package", "dataset", "s", *given, "--no-pixels", "--out", place / "small") == (
        f"package s: 6 images in {place}/small, without their pixels\n"
    )
    videos = videos_elsewhere(place)
    (place / "elsewhere").mkdir()
    monkeypatch.chdir(place / "elsewhere")  # no project: no table, no parameters
    shutil.rmtree(place / "project")
    said = genga("rebuild", place / "small", "--videos", videos, "--out", "made")
    assert said == f"rebuild {place}/small: 6 images in made, each with the sha256 that it had\n"
    made = packed.sums(Path("made"))
    assert made == packed.sums(place / "whole")
    pictures = ["test-00000-of-00001.parquet", "train-00000-of-00001.parquet"]
    pictures = pictures if layout == "parquet" else ["test-000000.tar", "train-000000.tar"]
    rows = ["rows/test.parquet", "rows/train.parquet"]
    also = ["README.md", "croissant.json", FRAMES_FILE, MARK, NOTE]
    assert sorted(made) == sorted([*also, *pictures, *rows, "preview.png"])
    assert sorted(packed.sums(place / "small")) == sorted([*also, *rows])
    assert [path.name for path in Path().iterdir()] == ["made"], "nothing else is left"


def masked(image: str) -> np.ndarray:
    """Say of an image which px are somebody's: the left half of its person's box; return that."""
    shape = np.zeros((38, 29), bool)
    shape[:, :14] = True
    table = read_table("data/dataset/s.parquet", OF_DATASET)
    of = {"x0": 1, "y0": 2, "x1": 30, "y1": 40, "mask": encode_mask(shape)}
    masks = [[of] if name == image else [] for name in table["image"]]
    said = table.with_columns(masks=pl.Series(masks, dtype=OF_DATASET["masks"]))
    write_table("data/dataset/s.parquet", said, OF_DATASET)
    return shape


@pytest.mark.parametrize("layout", ["parquet", "webdataset"])
def test_masks_go_along_and_are_the_same_in_what_is_made_again(place: Path, layout: str) -> None:
    head = "s/ep 1/000007-0-head"
    masked(head)
    given = ("--layout", layout, *SAID, "--masks", "both")
    genga("package", "dataset", "s", *given, "--out", place / "whole")
    genga("package", "dataset", "s", *given, "--no-pixels", "--out", place / "small")
    genga("rebuild", place / "small", "--videos", "data/raw", "--out", place / "made")
    assert packed.sums(place / "made") == packed.sums(place / "whole")
    if layout == "parquet":
        table = pq.read_table(place / "whole/train-00000-of-00001.parquet")
        features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
        assert features == {"image": {"_type": "Image"}, "mask": {"_type": "Image"}}
        shown = {row["id"]: row["mask"]["bytes"] for row in table.to_pylist()}
    else:
        with tarfile.open(place / "whole/train-000000.tar") as tar:
            names = [name for name in tar.getnames() if name.endswith(".mask.png")]
            of = {"s__ep 1__000007": "s/ep 1/000007", "s__ep 1__000007-0-head": head}
            shown = {of.get(name[:-9], name): tar.extractfile(name).read() for name in names}
    mask = decode(shown[head])[..., 0] > 0
    assert mask.shape == (32, 32) and mask[2:, 1:15].all() and not mask[:, 16:].any() and not mask[:2].any()
    whole = decode(shown["s/ep 1/000007"])[..., 0] > 0
    assert not whole[40:48, :20].any() and whole[:40].all(), "nobody is marked on it: all but its text is learnt"
    card = (place / "whole/README.md").read_text(encoding="utf-8")
    assert "a mask of each, white where it is to be learnt: people, but for burnt-in text" in card
    assert "frame numbers, boxes, which px are people's, captions" in (place / "small/README.md").read_text()


def test_without_being_asked_no_mask_goes_along(place: Path) -> None:
    masked("s/ep 1/000007-0-head")
    genga("package", "dataset", "s", *SAID)
    assert read_table("packages/s/rows/train.parquet", PACKAGE)["masks"].null_count() == 5
    assert "mask" not in pq.read_table("packages/s/train-00000-of-00001.parquet").column_names


def test_where_it_came_from_goes_along_but_no_place_of_ones_own(place: Path) -> None:
    of = {"ep 1.mkv": ("gallery", "https://me:secret@example.org/post/7?page=2", "cc-by-4.0"),
          "ep2.mkv": ("folder", "/home/hana/found here", "")}  # fmt: skip
    add_origins([
        Origin(f"data/raw/s/{name}", sha256_of(f"data/raw/s/{name}"), 9, "mine", kind, origin, name, "2026", licence,
               credited="the studio" if licence else "")
        for name, (kind, origin, licence) in of.items()
    ])  # fmt: skip
    add_origins([Origin("data/raw/s/other.mkv", "ab" * 32, 9, "mine", "gallery", "https://x.org", "o", "2026")])
    genga("package", "dataset", "s", *SAID, "--out", place / "whole")
    genga("package", "dataset", "s", *SAID, "--no-pixels", "--out", place / "small")
    found = read_table(place / "small/origins.parquet", PACKAGE_ORIGINS)
    assert found.drop("sha256").rows() == [
        ("s/ep 1", None, "ep 1.mkv", "gallery", "https://example.org/post/7?page=2", "cc-by-4.0", "the studio"),
        ("s/ep2", None, "ep2.mkv", "folder", "", "", ""),
    ]
    card = (place / "small/README.md").read_text(encoding="utf-8")
    assert "| example.org | 1 | cc-by-4.0 |" in card and "| a folder | 1 | not noted |" in card
    for path in (place / "small").rglob("*"):
        assert not path.is_file() or not any(word in path.read_bytes() for word in (b"secret", b"found here"))
    genga("rebuild", place / "small", "--videos", "data/raw", "--out", place / "made")
    assert packed.sums(place / "made") == packed.sums(place / "whole")


def test_pictures_of_an_album_are_made_again_of_its_file(place: Path) -> None:
    shutil.rmtree("data")
    packed.make(place / "project", album=True)
    genga("package", "dataset", "s", *SAID)
    genga("rebuild", small(place), "--videos", "data/raw", "--out", place / "made")
    assert packed.sums(place / "made") == packed.sums(Path("packages/s"))


def test_no_pixel_is_in_a_package_without_pixels(place: Path) -> None:
    genga("package", "dataset", "s", *SAID, "--no-pixels")
    with ShardReader() as reader:
        places = pl.read_parquet("data/dataset/s.parquet").select(list(SHARD)).rows()
        kept = [reader.read(*one) for one in places]
    files = [path.read_bytes() for path in Path("packages/s").rglob("*") if path.is_file()]
    assert len(files) == 7 and sum(map(len, files)) < 60_000
    for data in files:
        assert b"\x89PNG" not in data and b"\0\0\0\1\x67" not in data
        assert not any(one[200:260] in data for one in kept)
    note = read_json(f"packages/s/{NOTE}")
    assert note["pixels"] is False
    assert note["of_others_pictures"] == {"images": 6, "whole": 3, "parts": 3, "frames": 4, "videos": 2}
    assert note["videos"]["s/ep2"]["sha256"] == sha256_of("data/raw/s/ep2.mkv")
    assert note["software"]["av"] and note["software"]["libavcodec"]


def test_rows_say_where_an_image_is_and_frames_what_it_is_laid_together_of(place: Path) -> None:
    genga("package", "dataset", "s", *SAID, "--no-pixels")
    rows = read_table("packages/s/rows/train.parquet", PACKAGE)
    assert rows.select("id", "episode", "frame", "box", "caption").rows()[2] == (
        "s/ep 1/000007-0-head", "s/ep 1", 7, [10, 4, 42, 36], "hana, smile",
    )  # fmt: skip
    assert rows["caption"][1] == "hana, star (symbol), 1girl"
    frames = read_table(f"packages/s/{FRAMES_FILE}", PACKAGE_FRAMES)
    assert frames.filter(episode="s/ep 1").select("frame", "keyframe", "keeper", "reason").rows() == [
        (0, True, None, None), (7, False, 7, "kept"), (24, True, None, None), (30, False, 30, "kept"),
        (33, False, 30, "stitched"),
    ]  # fmt: skip


def test_parquet_is_as_hugging_faces_readers_want_it(place: Path) -> None:
    genga("package", "dataset", "s", *SAID)
    table = pq.read_table("packages/s/train-00000-of-00001.parquet")
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features == {"image": {"_type": "Image"}}
    row = table.to_pylist()[1]
    assert row["text"] == "hana, star (symbol), 1girl" and row["character"] == "hana"
    assert row["image"]["path"] == "s__ep 1__000007-0-fullbody.png"
    whole = decode(table.to_pylist()[0]["image"]["bytes"])
    assert (decode(row["image"]["bytes"]) == whole[2:48, 4:60]).all()
    front = yaml.safe_load(Path("packages/s/README.md").read_text().split("---\n")[1])
    assert front["license"] == "cc-by-4.0" and front["size_categories"] == ["n<1K"]
    assert front["configs"][0] == {
        "config_name": "images", "default": True,
        "data_files": [{"split": "train", "path": "train-*.parquet"}, {"split": "test", "path": "test-*.parquet"}],
    }  # fmt: skip


def test_webdataset_has_picture_caption_and_json_of_one_key(place: Path) -> None:
    genga("package", "dataset", "s", *SAID, "--layout", "webdataset", "--character", "hana", "--out", "out")
    with tarfile.open("out/train-000000.tar") as tar:
        names = tar.getnames()
        said = json.loads(tar.extractfile("s__ep 1__000007-0-head.json").read())
    assert names[:3] == [f"s__ep 1__000007-0-fullbody.{kind}" for kind in ("png", "txt", "json")] and len(names) == 6
    assert said["character"] == "hana" and said["outfit"] == "", "no null: readers guess types by the first images"
    assert "test-000000.tar" not in packed.sums(Path("out")), "nobody of hers is held out"


def test_the_card_says_whose_the_pictures_are(place: Path) -> None:
    genga("package", "dataset", "s", *SAID, "--rights", "of the *studio*", "--no-pixels")
    card = Path("packages/s/README.md").read_text()
    assert "No pixel. It says where 6 images are in 4 frames of 2 videos: 3 whole, 3 parts cut out of them:" in card
    assert r"The rights in these pictures: of the \*studio\*." in card
    assert f"| s/ep2 | `{sha256_of('data/raw/s/ep2.mkv')}` | ep2.mkv |" in card
    assert "The pixels of" not in card and "| kind scenery | 1 |" in card


def test_equal_projects_give_equal_packages_and_a_changed_one_is_not_replaced(place: Path) -> None:
    for out in ("a", "b", "b"):
        genga("package", "dataset", "s", *SAID, "--out", out)
    assert packed.sums(Path("a")) == packed.sums(Path("b"))
    Path("b/README.md").write_text("mine")
    with pytest.raises(GengaError, match=r"b: README.md was changed since the export before"):
        genga("package", "dataset", "s", *SAID, "--out", "b")
    assert not [name for name in os.listdir() if name.startswith(".")], "nothing half-written"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("s",), "no licence is named: --license, as hubs name them .*"),
        (("s", "--license", "mine"), "--license mine: hubs know no such licence; say --license other .*"),
        (("s", "--license", "other"), "--license other: has no name; say --license-name NAME, .*"),
        (("s", *SAID, "--rights", "a\nb"), "--rights: has a line end in it; say it on one line"),
        (("../s", *SAID), r"a series is named as its folder in data/raw/, as in sample; got '\.\./s'"),
        (("t", *SAID), r"data/dataset/t\.parquet: no such table; run snakemake to make it"),
        (("s", *SAID, "--character", "x"), r"data/dataset/s\.parquet: no image of x \(characters there: hana\)"),
        (("s", *SAID, "--push", "../x"), r"--push \.\./x: is no repo of a hub; name it OWNER/NAME, .*"),
        (("s", *SAID, "--push", "hana/x"), "--push: no token is set; `hf auth login`, or HF_TOKEN .*"),
    ],
)  # fmt: skip
def test_bad_words_are_one_line_and_nothing_is_written(
    place: Path, words: tuple[str, ...], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(GengaError, match=f"^{line}$"):
        genga("package", "dataset", *words)
    assert not Path("packages").exists()


def test_stills_that_were_made_otherwise_are_not_packed(place: Path) -> None:
    path = "data/stills/s/ep2.parquet"
    Path(path).touch()
    made = Record("stills", {"series": "s", "episode": "ep2"}, {path: Output(sha256_of(path), 0)}, {},
                  {"stills": {"scaling": "bilinear", "format": "h264"}}, "c", "s", "v")  # fmt: skip
    write_records(Records({path: made}, {"c": {}}, {"s": ""}, {"v": {}}))
    with pytest.raises(GengaError) as told:
        genga("package", "dataset", "s", *SAID, "--no-pixels")
    assert str(told.value).startswith(f"{path}: was made with stills.scaling bilinear, and params.yaml says ")
    assert not Path("packages").exists()


def test_a_video_that_is_another_by_now_is_known_by_what_was_probed_alone(place: Path) -> None:
    with open("data/raw/s/ep2.mkv", "ab") as file:
        file.write(b"more")
    note = read_json(small(place) / NOTE)
    assert set(note["videos"]["s/ep2"]) == {"sha256", "probe"}
    assert set(note["videos"]["s/ep 1"]) == {"sha256", "probe", "file", "size"}


def small(place: Path) -> Path:
    genga("package", "dataset", "s", *SAID, "--no-pixels", "--out", place / "small")
    return place / "small"


def test_a_video_that_is_missing_or_another_is_named_before_anything_is_decoded(place: Path) -> None:
    package, videos = small(place), videos_elsewhere(place)
    (videos / "Title [BD]/Extra/02.mkv").unlink()
    sha256 = sha256_of("data/raw/s/ep2.mkv")[:12]
    other = sha256_of(videos / "ep2.mkv")[:12]
    with pytest.raises(GengaError) as told:
        genga("rebuild", package, "--videos", videos)
    assert str(told.value) == (
        f"{videos}: has not all of the videos: s/ep2: {videos}/ep2.mkv is another file ({other}…), wanted is that of "
        f"sha256 {sha256}…; put them there"
    )
    (videos / "ep2.mkv").unlink()
    with pytest.raises(GengaError, match=rf"s/ep2 \(sha256 {sha256}…, ep2.mkv\) is not there; put them there$"):
        genga("rebuild", package, "--videos", videos)
    with pytest.raises(GengaError, match="nowhere: is no folder; name the one that has the videos"):
        genga("rebuild", package, "--videos", "nowhere")
    assert sorted(os.listdir(place)) == ["project", "small", "videos"]


def test_what_cannot_be_made_again_is_one_line(place: Path) -> None:
    package, videos = small(place), videos_elsewhere(place)
    with pytest.raises(GengaError, match=rf"project: is no package \({NOTE} is missing\)"):
        genga("rebuild", place / "project", "--videos", videos)
    genga("package", "dataset", "s", *SAID)
    with pytest.raises(GengaError, match="s: has its pictures already; there is nothing to be made again"):
        genga("rebuild", "packages/s", "--videos", videos)
    (place / "taken").mkdir()
    (place / "taken/mine").touch()
    with pytest.raises(GengaError, match=r"taken: holds files that are not from an export \(mine\)"):
        genga("rebuild", package, "--videos", videos, "--out", place / "taken")
    shutil.copy("packages/s/rows/test.parquet", package / "rows/train.parquet")
    with pytest.raises(GengaError, match=rf"small: rows/ and {NOTE} are not of one package; get it again"):
        genga("rebuild", package, "--videos", videos)
    shutil.copy("packages/s/rows/train.parquet", package / "rows/train.parquet")
    with open(package / "rows/train.parquet", "r+b") as file:
        file.seek(100)
        file.write(b"\xff")
    with pytest.raises(GengaError, match=r"rows/train\.parquet: damaged table"):
        genga("rebuild", package, "--videos", videos)
    write_facts(package / NOTE, {"format": 99, "videos": {}})
    with pytest.raises(GengaError, match="is of another version of genga, or of no data set; have it packed again"):
        genga("rebuild", package, "--videos", videos)


def test_an_interrupted_rebuild_goes_on_with_the_next_video(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package, videos, asked = small(place), videos_elsewhere(place), list[str]()
    whole = rebuilding.stills

    def stops(path: Path, *rest: object) -> pl.DataFrame:
        asked.append(path.name)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return whole(path, *rest)

    monkeypatch.setattr(rebuilding, "stills", stops)
    genga("rebuild", package, "--videos", videos, "--out", place / "made")
    assert asked == ["01.mkv", "02.mkv"] and not (place / "made").exists()
    genga("rebuild", package, "--videos", videos, "--out", place / "made")
    assert asked == ["01.mkv", "02.mkv", "02.mkv"]
    genga("package", "dataset", "s", *SAID)
    assert packed.sums(place / "made") == packed.sums(Path("packages/s"))


def test_an_image_that_comes_out_otherwise_is_named_with_the_software(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package, videos = small(place), videos_elsewhere(place)
    rows = read_table(package / "rows/test.parquet", PACKAGE)
    now = rebuilding.libraries()
    with monkeypatch.context() as other:
        other.setattr(rebuilding, "libraries", lambda: {**now, "libavcodec": "99.0.0"})
        read = rebuilding.read_images
        other.setattr(rebuilding, "read_images", lambda *of: ((name, 255 - image) for name, image in read(*of)))
        with pytest.raises(GengaError) as told:
            genga("rebuild", package, "--videos", videos)
    assert str(told.value) == (
        "s/ep 1/000007: does not come out as it was (its pixels are another's); it was made with libavcodec "
        f"{now['libavcodec']}, here 99.0.0: install those"
    )

    def padded(image: Image) -> bytes:
        return encode(image) + b"more"

    with monkeypatch.context() as other:
        other.setattr(rebuilding, "encode", padded)
        with pytest.raises(GengaError, match=r"\(its pixels are the same, its PNG is not\); the software is the same"):
            genga("rebuild", package, "--videos", videos)
    assert rows.height == 1 and not (place / "small-with-pixels").exists()
    genga("rebuild", package, "--videos", videos)
    assert (place / "small-with-pixels/preview.png").is_file()


def test_the_preview_has_the_training_images_side_by_side(place: Path) -> None:
    genga("package", "dataset", "s", *SAID)
    preview = decode(Path("packages/s/preview.png").read_bytes())
    assert preview.shape == (256, 5 * 256, 3) and np.any(preview != 255)


def test_a_push_that_breaks_off_keeps_the_package_and_the_next_one_goes_on(place: Path) -> None:
    said = [sys.executable, "-m", "genga", "package", "dataset", "s", *SAID, "--push", "hana/pictures"]
    with uploads.serving(cuts=1) as (endpoint, hub):
        ours = {"HF_ENDPOINT": endpoint, "HF_TOKEN": uploads.TOKEN, "HF_HOME": str(place / "hf"),
                "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}  # fmt: skip
        path = os.pathsep.join([str(Path(__file__).resolve().parent.parent), *sys.path])
        run = {"env": {**os.environ, **ours, "PYTHONPATH": path}, "capture_output": True, "text": True}
        first = subprocess.run(said, check=False, **run)
        assert first.returncode == 1 and "package s: 6 images in packages/s" in first.stdout
        *_, line = first.stderr.splitlines()
        assert line.startswith("error: --push hana/pictures: ")
        assert line.endswith("; packages/s is whole, run again to go on")
        sent = list(hub.sent)
        second = subprocess.run(said, check=False, **run)
        assert second.returncode == 0, second.stderr
        assert second.stdout.endswith(f"push: {endpoint}/hana/pictures/commit/1\n")
        assert hub.sent == sent and len(sent) == 5, "the hub had the large files"
        there = hub.repos["dataset", "hana/pictures"]
        assert {name: sha256_of(f"packages/s/{name}") for name in there} == packed.sums(Path("packages/s"))
        assert hub.private == {("dataset", "hana/pictures"): True}
        wrong = subprocess.run(said, check=False, **{**run, "env": {**run["env"], "HF_TOKEN": "hf_other"}})
        assert wrong.returncode == 1 and "401" in wrong.stderr.splitlines()[-1]
