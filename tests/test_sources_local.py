"""What is on disk: image folders with sidecars, zips, data sets; into albums, on record, nothing twice."""

import errno
import io
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from films import write_film
from PIL import Image
from sites import picture

from genga.errors import GengaError
from genga.exchange.sources import fetch as fetching
from genga.exchange.sources import placing
from genga.exchange.sources.fetch import Done, Settled, fetch
from genga.exchange.sources.found import About, look, stored
from genga.exchange.sources.local import total
from genga.exchange.sources.record import SOURCES_FILE, Origin, add_origins, read_origins
from genga.exchange.sources.sidecars import beside, by_category, in_table, of_file, of_json, of_table, of_text
from genga.params.sources import Folder, parse_source
from genga.store.files import sha256_of
from genga.video.album import read_album
from genga.video.episodes import find_episodes


def saved(path: Path, seed: int, size: tuple[int, int] = (96, 64)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(seed, size).save(path)
    return path


def folder(path: str | Path, **more: object) -> Folder:
    found = parse_source("mine", {"kind": "folder", "series": "s", "path": str(path), "names": "keep", **more})
    assert isinstance(found, Folder)
    return found


def fetched(path: str | Path, **more: object) -> tuple[Done, list[str]]:
    said: list[str] = []
    return fetch("mine", folder(path, **more), said.append, lambda lines: True), said


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_becomes_an_album_in_the_order_of_people() -> None:
    for number in (1, 2, 10):
        saved(Path(f"in/p{number}.png"), number)
    done, said = fetched("in", licence="CC BY 4.0")
    assert (done.albums, done.files, done.same, said) == ({"data/raw/s/mine 001.mov": 3}, [], 0, [])
    assert read_album("data/raw/s/mine 001.mov") == [Path(f"in/p{n}.png").read_bytes() for n in (1, 2, 10)]
    lines = read_origins()
    assert [(one.file, one.frame, one.name, one.licence) for one in lines] == [
        ("data/raw/s/mine 001.mov", None, "mine 001.mov", "CC BY 4.0"),
        ("data/raw/s/mine 001.mov", 0, "p1.png", "CC BY 4.0"),
        ("data/raw/s/mine 001.mov", 1, "p2.png", "CC BY 4.0"),
        ("data/raw/s/mine 001.mov", 2, "p10.png", "CC BY 4.0"),
    ]
    assert lines[0].sha256 == sha256_of("data/raw/s/mine 001.mov")
    assert [one.sha256 for one in lines[1:]] == [sha256_of(f"in/p{n}.png") for n in (1, 2, 10)]
    assert done.in_words("mine") == "fetch mine: 3 pictures in 1 album"


def test_what_is_added_goes_into_another_album_and_nothing_is_fetched_twice() -> None:
    saved(Path("in/a.png"), 1)
    fetched("in")
    before = sha256_of("data/raw/s/mine 001.mov")
    saved(Path("in/0-first.png"), 2)
    saved(Path("in/copy of a.png"), 1)
    done, _ = fetched("in")
    assert (done.albums, done.same) == ({"data/raw/s/mine 002.mov": 1}, 2)
    assert sha256_of("data/raw/s/mine 001.mov") == before
    again, _ = fetched("in")
    assert (again.albums, again.same, again.in_words("x")) == ({}, 3, "fetch x: 3 were here")


def test_albums_are_full_at_a_number_and_of_one_kind_each() -> None:
    for number in range(5):
        saved(Path(f"in/{number}.png"), number)
    saved(Path("in/5.jpg"), 5)
    done, _ = fetched("in", album=2)
    assert list(done.albums.values()) == [2, 2, 1, 1]
    assert [one.name for one in read_origins() if one.frame == 0] == ["0.png", "2.png", "4.png", "5.jpg"]


@pytest.mark.parametrize(
    ("name", "how", "codec", "repacked"),
    [
        ("a.png", {}, "png", False),
        ("a.jpg", {}, "mjpeg", False),
        ("a.webp", {"lossless": True}, "png", True),
        ("a.bmp", {}, "png", True),
        ("a.gif", {}, "png", True),
    ],
)
def test_a_still_is_stored_as_it_came_where_ffmpeg_shows_it_so(
    name: str, how: dict, codec: str, repacked: bool
) -> None:
    whole = picture(3).quantize(16).convert("RGB")
    whole.save(name, **how)
    found = stored(Path(name))
    assert (found.codec, found.width, found.height, found.repacked) == (codec, 96, 64, repacked)
    assert (found.data == Path(name).read_bytes()) is not repacked
    if codec == "png":
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(found.data)).convert("RGB")), np.asarray(whole))


@pytest.mark.parametrize(("size", "mode", "codec"), [((97, 64), "RGB", "png"), ((97, 65), "L", "mjpeg")])
def test_a_jpeg_of_an_odd_size_in_colour_is_stored_as_its_decoder_shows_it(
    size: tuple[int, int], mode: str, codec: str
) -> None:
    picture(5, size).convert(mode).save("odd.jpg")
    found = stored(Path("odd.jpg"))
    assert found.codec == codec
    if codec == "png":
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(found.data))), np.asarray(Image.open("odd.jpg")))


def test_a_photo_that_exif_turns_is_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    picture(4).save("turned.jpg", exif=exif, quality=95)
    found = stored(Path("turned.jpg"))
    assert (found.codec, found.width, found.height, found.repacked) == ("png", 64, 96, True)


def test_what_is_no_picture_is_one_line_and_the_rest_is_done() -> None:
    saved(Path("in/good.png"), 1)
    Path("in/page.gif").write_text("<!DOCTYPE html>\n<html><body>Too many requests</body></html>")
    Path("in/empty.png").touch()
    Path("in/cut.jpg").write_bytes(saved(Path("whole.jpg"), 2, (600, 400)).read_bytes()[:4000])
    Path("in/noise.mp4").write_bytes(bytes(range(256)) * 8)
    done, said = fetched("in")
    assert done.albums == {"data/raw/s/mine 001.mov": 1}
    assert said == [
        "cut.jpg: is a damaged picture (image file is truncated (16 bytes not processed))",
        "empty.png: is empty (0 bytes)",
        "noise.mp4: not a readable video (Invalid data found when processing input); it may be damaged, cut short, or"
        " of another kind: copy it again, or take it away to go on without it",
        "page.gif: is a page of text ('<!DOCTYPE html> <html><body>Too many req'), not a picture or video",
    ]
    assert sorted(path.name for path in Path("data/raw/s").iterdir()) == ["mine 001.mov"]


def test_an_animation_is_a_file_of_its_own() -> None:
    Path("in").mkdir()
    picture(1).save("in/a b.gif", save_all=True, append_images=[picture(2), picture(3)], duration=100)
    done, _ = fetched("in")
    assert done.files == ["data/raw/s/a b.gif"]
    assert [(one.file, one.frame, one.sha256) for one in read_origins()] == [
        ("data/raw/s/a b.gif", None, sha256_of("in/a b.gif"))
    ]
    assert Path("data/raw/s/a b.gif").stat().st_ino == Path("in/a b.gif").stat().st_ino, "a link, not a copy"


SIDECARS = {
    "a.txt": "1girl, long_hair, red eyes",
    "b.png.txt": "character:akari\nrating:safe\nsmile\nlong hair\n",
    "c.caption": "A girl stands in a field of\nflowers.",
    "d.png.json": json.dumps(
        {"category": "danbooru", "id": 7, "rating": "s", "tags_general": ["hat", "sky"], "tags_character": "akari_(x)",
         "tags_artist": [], "source": "https://art.example/7"}
    ),
    "e.json": json.dumps({"tags": {"general": ["tail"], "species": ["fox"]}, "rating": "e"}),
    "f.txt": "A girl looks at the sky, and smiles at the clouds.",
}  # fmt: skip


def test_sidecars_are_kept_as_decisions_and_sentences() -> None:
    for number, stem in enumerate("abcdef"):
        saved(Path(f"in/{stem}.png"), number)
    for name, text in SIDECARS.items():
        Path("in", name).write_text(text)
    done, said = fetched("in")
    assert (list(done.albums.values()), said) == ([6], [])
    lines = [one for one in read_origins() if one.frame is not None]
    assert [one.tags for one in lines] == [
        {"general": ["1girl", "long_hair", "red_eyes"]},
        {"character": ["akari"], "rating": ["safe"], "general": ["smile", "long_hair"]},
        {},
        {"general": ["hat", "sky"], "character": ["akari_(x)"]},
        {"general": ["tail"], "species": ["fox"]},
        {},
    ]
    assert [(one.rating, one.credited) for one in lines[3:5]] == [
        ("sensitive", "https://art.example/7"), ("explicit", "")
    ]  # fmt: skip
    assert Path("corrections/s/mine 001/tags.csv").read_text().splitlines() == [
        "still_or_crop,box,tag,decision,at,who,why",
        "s/mine 001/000000,,1girl,add,,mine,came with a.png",
        "s/mine 001/000000,,long_hair,add,,mine,came with a.png",
        "s/mine 001/000000,,red_eyes,add,,mine,came with a.png",
        "s/mine 001/000001,,smile,add,,mine,came with b.png",
        "s/mine 001/000001,,long_hair,add,,mine,came with b.png",
        "s/mine 001/000003,,hat,add,,mine,came with d.png",
        "s/mine 001/000003,,sky,add,,mine,came with d.png",
        "s/mine 001/000004,,tail,add,,mine,came with e.png",
    ]
    assert Path("corrections/s/sentences.csv").read_text().splitlines()[1:] == [
        "s/mine 001/000002,A girl stands in a field of flowers.,mine,came with c.png",
        's/mine 001/000005,"A girl looks at the sky, and smiles at the clouds.",mine,came with f.png',
    ]


def test_a_tag_that_no_correction_can_say_is_on_record_alone() -> None:
    saved(Path("in/a.png"), 1)
    Path("in/a.json").write_text(json.dumps({"tags": ["a, b", "hat", "x\ty"]}))
    fetched("in")
    assert read_origins()[1].tags == {"general": ["a,_b", "hat", "x_y"]}
    assert [line.split(",")[2] for line in Path("corrections/s/mine 001/tags.csv").read_text().splitlines()[1:]] == [
        "hat", "x_y"
    ]  # fmt: skip


def test_tags_made_anew_leave_corrections_alone() -> None:
    saved(Path("in/a.png"), 1)
    Path("in/a.txt").write_text("1girl")
    fetched("in", tags="anew")
    assert not Path("corrections").exists()
    assert read_origins()[1].tags == {"general": ["1girl"]}


def test_a_sidecar_that_cannot_be_read_is_said_and_the_image_is_taken() -> None:
    saved(Path("in/a.png"), 1)
    Path("in/a.json").write_text("{")
    done, (line,) = fetched("in")
    assert list(done.albums.values()) == [1]
    assert line.startswith("in: 'a.json' cannot be read as what is said of an image (")


def test_what_is_too_long_for_a_tag_is_a_sentence_and_for_a_sentence_nothing() -> None:
    assert of_text("hat, " + "x" * 200).tags == {} and of_text("hat, " + "x" * 199).tags["general"][1] == "x" * 199
    assert by_category([("", "y" * 200), ("", "hat"), ("", " ")]) == {"general": ["hat"]}
    Path("long.txt").write_bytes(b"hat, " * 300_000)
    with pytest.raises(GengaError, match=r"^long.txt: is too long for what is said of an image \(1500000 bytes\)"):
        of_file(Path("long.txt"))


def test_hydrus_tags_by_service_and_gallery_dls_strings() -> None:
    hydrus = {"tags": {"6c6f63616c": {"name": "my tags", "storage_tags": {"0": ["creator:x", "smile"], "2": ["gone"]}}}}
    assert of_json(hydrus).tags == {"artist": ["x"], "general": ["smile"]}
    assert of_json({"tag_string_general": "hat sky", "tag_string": "hat sky x", "tags": ["hat"]}).tags == {
        "general": ["hat", "sky"]
    }
    assert of_json({"tags": "hat, blue sky"}).tags == {"general": ["hat", "blue_sky"]}
    assert of_json({"tags": "hat blue_sky"}).tags == {"general": ["hat", "blue_sky"]}
    assert of_json([1]).tags == {}
    assert by_category([("Series", "X"), ("", "x"), ("", "x")]) == {"copyright": ["x"], "general": ["x"]}
    assert of_text("smile").tags == {"general": ["smile"]}
    assert of_text("").tags == {}


def test_which_files_are_sidecars() -> None:
    names = {"d/a.png", "d/a.txt", "d/a.png.json", "d/ab.txt", "a.txt"}
    assert beside("d/a.png", names) == ["d/a.png.json", "d/a.txt"]


def test_kohyas_folders_and_metadata() -> None:
    saved(Path("in/10_akari 1girl/x.png"), 1)
    saved(Path("in/10_akari 1girl/y.png"), 2)
    Path("in/meta_cap.json").write_text(
        json.dumps({"/home/somebody/10_akari 1girl/x": {"tags": "hat, smile"}, "y": {"caption": "A girl sits there."}})
    )
    fetched("in")
    assert [(one.name, one.tags, one.text) for one in read_origins()[1:]] == [
        ("10_akari 1girl/x.png", {"concept": ["akari 1girl"]}, ""),
        ("10_akari 1girl/y.png", {"concept": ["akari 1girl"]}, "A girl sits there."),
    ]


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_hugging_faces_image_folder(ending: str) -> None:
    saved(Path("in/train/0001.png"), 1)
    saved(Path("in/train/sub/0002.png"), 2)
    table = pl.DataFrame({"file_name": ["0001.png", "sub/0002.png"], "text": ["hat, smile", "She waves at the sea."]})
    path = Path(f"in/train/metadata.{ending}")
    {"jsonl": table.write_ndjson, "csv": table.write_csv, "parquet": table.write_parquet}[ending](path)
    fetched("in")
    assert [(one.name, one.tags, one.text) for one in read_origins()[1:]] == [
        ("train/0001.png", {"general": ["hat", "smile"]}, ""),
        ("train/sub/0002.png", {}, "She waves at the sea."),
    ]


def test_a_table_without_file_names_and_a_json_that_is_no_table() -> None:
    Path("metadata.csv").write_text("a,b\n1,2\n")
    Path("other.json").write_text('{"x": {"y": 1}}')
    assert of_table(Path("metadata.csv"), "metadata.csv") == {} == of_table(Path("other.json"), "other.json")
    Path("metadata.parquet").write_text("no")
    with pytest.raises(GengaError, match="metadata.parquet: cannot be read as the table of a data set"):
        of_table(Path("metadata.parquet"), "metadata.parquet")
    assert in_table({}, "x.png").tags == {}
    Path("x.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(GengaError, match="x.txt: cannot be read as what is said of an image"):
        of_file(Path("x.txt"))


def zipped(path: Path, files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as out:
        for name, data in files.items():
            out.writestr(zipfile.ZipInfo(name) if how == zipfile.ZIP_STORED else name, data)
    return path


def test_a_cbz_with_sidecars_and_a_table() -> None:
    pages = {f"ch/{n}.png": saved(Path(f"w/{n}.png"), n).read_bytes() for n in (2, 10)}
    table = b'{"file_name": "ch/10.png", "text": "hat"}\n'
    zipped(Path("book.cbz"), {**pages, "ch/2.txt": b"smile", "metadata.jsonl": table, "__MACOSX/x": b"junk"})
    done, said = fetched("book.cbz")
    assert (done.albums, said) == ({"data/raw/s/mine 001.mov": 2}, [])
    assert [(one.name, one.origin, one.tags) for one in read_origins()[1:]] == [
        ("ch/2.png", "book.cbz", {"general": ["smile"]}), ("ch/10.png", "book.cbz", {"general": ["hat"]})
    ]  # fmt: skip
    assert list(Path(".cache/fetch/mine").rglob("*.png")) == [], "what is placed is not kept a second time"


def test_zips_beside_each_other_have_pages_of_their_own_and_sidecars_go() -> None:
    for book in (1, 2):
        pages = {f"{n}.png": saved(Path(f"w/{book}{n}.png"), 10 * book + n).read_bytes() for n in (1, 2)}
        Path("in").mkdir(exist_ok=True)
        zipped(Path(f"in/book {book}.cbz"), {**pages, "1.txt": f"tag {book}".encode()})
    fetch("mine", folder("in"), print, lambda lines: True, dry=True)
    done, said = fetched("in")
    assert (list(done.albums.values()), said) == ([4], [])
    assert read_album("data/raw/s/mine 001.mov") == [Path(f"w/{n}.png").read_bytes() for n in (11, 12, 21, 22)]
    assert [one.tags for one in read_origins()[1::2]] == [{"general": ["tag_1"]}, {"general": ["tag_2"]}]
    assert [path.name for path in Path(".cache/fetch/mine").rglob("*") if path.is_file()] == ["lock"]


def test_how_many_there_are_to_look_at() -> None:
    zipped(Path("in.zip"), {"a.png": b"", "a.txt": b"", "d/b.png": b"", "metadata.csv": b"", ".hidden": b""})
    assert total(folder("in.zip")) == 2
    saved(Path("in/c.png"), 1)
    Path("in/c.json").touch()
    Path("in.zip").rename("in/in.zip")
    assert total(folder("in")) == 3
    Path("in/broken.cbz").write_text("no")
    assert total(folder("in")) is None and total(folder("gone")) is None


def test_images_that_lie_in_data_raw_become_albums_there() -> None:
    saved(Path("data/raw/s/a.png"), 1)
    saved(Path("data/raw/s/b.jpg"), 2)
    notes: list[str] = []
    assert find_episodes("data/raw/", notes) == {}
    assert notes == [
        "data/raw/s/a.png, data/raw/s/b.jpg: left out, by ending or beginning no video, or hidden; genga fetch makes"
        " episodes of images (docs/sources.md)"
    ]
    done, _ = fetched("data/raw/s")
    assert list(done.albums.values()) == [1, 1] and len(find_episodes("data/raw/")) == 2
    again, _ = fetched("data/raw/s")
    assert again.albums == {} and again.same == 4


def test_names_that_lead_out_of_a_zip_are_names_and_no_paths() -> None:
    data = saved(Path("w/1.png"), 1).read_bytes()
    other = saved(Path("w/2.png"), 2).read_bytes()
    zipped(Path("evil.zip"), {"../../../outside.png": data, "C:\\x\\y.png": other})
    done, said = fetched("evil.zip")
    assert list(done.albums.values()) == [2]
    assert said == [
        "evil.zip: '../../../outside.png' leads out of a folder; it is read as a name, and nothing is written there"
    ]
    assert not list(Path().rglob("outside.png")) and not (Path.cwd().parents[2] / "outside.png").exists()


def test_a_zip_bomb_is_refused_and_nothing_of_it_stays() -> None:
    good = saved(Path("in/good.png"), 1).read_bytes()
    zipped(Path("in/bomb.zip"), {"a.png": good + b"1", "big.png": bytes(300_000_000)})
    done, said = fetched("in")
    assert list(done.albums.values()) == [2]
    assert len(said) == 1 and said[0].startswith("in/bomb.zip: 'big.png' unpacks to over ")
    assert said[0].endswith("a zip bomb; not taken")
    assert sum(path.stat().st_size for path in Path(".cache").rglob("*") if path.is_file()) < 1_000_000


def test_a_zip_that_is_too_much_as_a_whole_and_one_that_lies() -> None:
    zipped(Path("big.zip"), {"a.png": bytes(3_000_000)}, zipfile.ZIP_STORED)
    with pytest.raises(GengaError, match=r"big.zip: would unpack to 3 MB; if it is no bomb, raise megabytes \(1\)"):
        fetched("big.zip", megabytes=1)
    Path("no.zip").write_text("no")
    with pytest.raises(GengaError, match="no.zip: is no zip, or damaged"):
        fetched("no.zip")
    with pytest.raises(GengaError, match="gone: no such folder, zip, cbz or parquet"):
        fetched("gone")


def test_a_damaged_file_in_a_zip_is_one_line() -> None:
    one, two = (saved(Path(f"w/{n}.png"), n).read_bytes() for n in (1, 2))
    path = zipped(Path("a.zip"), {"1.png": one, "2.png": two}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.find(one) + len(one) // 2] ^= 255
    path.write_bytes(data)
    done, said = fetched("a.zip")
    assert list(done.albums.values()) == [1] and said == ["a.zip: '1.png' is damaged (Bad CRC-32 for file '1.png')"]


def test_a_full_disk_ends_the_source_in_one_line_and_leaves_what_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        saved(Path(f"in/{number}.png"), number)
    written: list[Path] = []
    writing = placing.write_album

    def no_room(path: Path, *more: object) -> None:
        if written:
            Path(path).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path)
        writing(path, *more)

    with monkeypatch.context() as patched:
        patched.setattr(placing, "write_album", no_room)
        with pytest.raises(GengaError, match="mine 002.mov: cannot be written .*make room, and run again"):
            fetched("in", album=2)
    assert [path.name for path in Path("data/raw/s").iterdir()] == ["mine 001.mov"]
    assert len(read_origins()) == 3
    done, _ = fetched("in", album=2)
    assert done.albums == {"data/raw/s/mine 002.mov": 2} and done.same == 2


def test_a_dry_run_places_nothing() -> None:
    saved(Path("in/a.png"), 1)
    done = fetch("mine", folder("in"), print, lambda lines: True, dry=True)
    assert done.would == ["a.png (still, 0.0 MB)"]
    assert not Path("data").exists() and not Path(SOURCES_FILE).exists()


def test_a_line_that_was_cut_short_is_no_line_and_the_next_one_is_whole() -> None:
    first = Origin("data/raw/s/a.gif", "ab", 3, "mine", "folder", "in", "a.gif", "2026-03-01T12:00:00Z")
    add_origins([first])
    with open(SOURCES_FILE, "ab") as file:
        file.write(b'{"file":"data/raw/s/b.gi')
    assert read_origins() == [first]
    second = Origin("data/raw/s/b.gif", "cd", 4, "mine", "folder", "in", "b.gif", "2026-03-01T12:00:00Z", frame=2)
    add_origins([second])
    assert read_origins() == [first, second]
    assert Path(SOURCES_FILE).read_text().splitlines()[0] == (
        '{"file":"data/raw/s/a.gif","sha256":"ab","size":3,"source":"mine","kind":"folder","origin":"in",'
        '"name":"a.gif","time":"2026-03-01T12:00:00Z"}'
    )
    Path(SOURCES_FILE).write_bytes(b'{"file":"half')
    add_origins([second])
    assert read_origins() == [second]
    Path(SOURCES_FILE).write_text("[]\n")
    with pytest.raises(GengaError, match=f"{SOURCES_FILE}:1: is not a line of where a file came from"):
        read_origins()


def test_a_file_that_was_placed_and_not_recorded_is_recorded() -> None:
    Path("in").mkdir()
    picture(1).save("in/a.gif", save_all=True, append_images=[picture(2)], duration=100)
    fetched("in")
    Path(SOURCES_FILE).unlink()
    done, _ = fetched("in")
    assert (done.files, done.same) == ([], 1)
    assert [one.file for one in read_origins()] == ["data/raw/s/a.gif"]


def test_two_at_once_and_what_a_killed_one_left() -> None:
    saved(Path("in/a.png"), 1)
    Path(".cache/fetch/mine").mkdir(parents=True)
    with (
        fetching.alone(Path(".cache/fetch/mine")),
        pytest.raises(GengaError, match="another genga fetch of this source"),
    ):
        fetched("in")
    left = Path("data/raw/s/.mine 001.mov.999999999.tmp")
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    done, _ = fetched("in")
    assert done.albums == {"data/raw/s/mine 001.mov": 1} and not left.exists()


def test_a_watched_folder_gives_files_that_have_stopped_growing() -> None:
    settled, path = Settled(), saved(Path("in/a.png"), 1)
    looks = []
    for change in (False, True, False, False):
        if change:
            path.write_bytes(path.read_bytes() + b"more")
        looks.append(settled(path))
        settled.next()
    assert looks == [False, False, True, False]
    assert settled(Path("gone")) is False


def test_watching_goes_on_until_it_is_stopped() -> None:
    saved(Path("in/a.png"), 1)
    brought: list[Done] = []

    def sleep(seconds: float) -> None:
        assert seconds == 5.0
        if len(brought) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetching.watch("mine", folder("in"), print, lambda lines: True, brought.append, sleep)
    assert [list(done.albums.values()) for done in brought] == [[], [1], []]


@pytest.mark.parametrize(
    ("kind", "name", "made"),
    [("gif", "x.mp4", "x.gif"), ("webp", "x.webp", "x.webp"), ("webp", "x.gif", "x.webp"), ("png", "x.png", "x.apng")],
)
def test_an_animation_is_called_by_what_it_is(kind: str, name: str, made: str) -> None:
    Path("in").mkdir()
    picture(1).save(f"in/{name}", kind, save_all=True, append_images=[picture(2), picture(3)], duration=100)
    done, said = fetched("in")
    assert (done.files, said) == ([f"data/raw/s/{made}"], []) and list(find_episodes("data/raw/")) == [("s", "x")]


@pytest.mark.parametrize(("name", "made"), [("x.bin", "x.mp4"), ("x.mkv", "x.mkv"), ("x", "x.mp4")])
def test_a_video_has_an_ending_by_which_it_is_an_episode(name: str, made: str) -> None:
    write_film(Path("film.mp4"), [np.asarray(picture(n)) for n in range(3)], "mpeg4", "yuv420p")
    Path("in").mkdir()
    Path("film.mp4").rename(f"in/{name}")
    done, said = fetched("in")
    assert (done.files, said) == ([f"data/raw/s/{made}"], []) and list(find_episodes("data/raw/")) == [("s", "x")]


def test_a_cameras_heic_is_one_line() -> None:
    Path("in").mkdir()
    Path("in/a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    Path("in/b.heif").write_bytes(b"\0\0\0\x18ftypheis" + bytes(100))
    assert fetched("in")[1] == [f"{name}: is HEIC, which is not read here; make a JPEG or PNG of it"
                                for name in ("a.heic", "b.heif")]  # fmt: skip


def test_words_are_no_video_whatever_ffmpeg_makes_of_them() -> None:
    """FFmpeg shows .nfo and .txt as a terminal would, and opens what a playlist names."""
    saved(Path("in/a.png"), 1)
    for name, text in (("show.nfo", "Show, episode 1\n" * 9), ("list.m3u8", "#EXTM3U\n#EXTINF:1,\na.png\n"),
                       ("join.mp4", "ffconcat version 1.0\nfile a.png\n")):  # fmt: skip
        Path("in", name).write_text(text)
        with pytest.raises(GengaError, match=f"^{name}: is text, not a picture or video$"):
            look(Path("in", name), About("in", name))


def test_archives_of_other_kinds_and_words_are_said_to_be_that() -> None:
    Path("in").mkdir()
    with tarfile.open("in/a.tar", "w") as tar:
        tar.add(__file__, "x.py")
    with tarfile.open("in/b.tgz", "w:gz") as tar:
        tar.add(__file__, "x.py")
    Path("in/c.cbr").write_bytes(b"Rar!\x1a\x07\x01\0" + bytes(50))
    Path("in/readme.md").write_text("# Pictures\n\nof mine, häßlich\n")
    Path("in/d.bin").write_bytes(bytes(range(256)))
    Path("in/e.bin").write_bytes(b"words" + bytes([0xC3, 0xFF]) * 99)
    done, said = fetched("in")
    assert said[:3] == [
        f"{name}: is a {kind} archive, which is not read here; unpack it to a folder"
        for name, kind in (("a.tar", "tar"), ("b.tgz", "gzip"), ("c.cbr", "RAR"))
    ]
    assert [line.partition(" (")[0] for line in said[3:5]] == [
        "d.bin: not a readable video",
        "e.bin: not a readable video",
    ]
    assert said[5:] == ["readme.md: is text, not a picture or video"] and done.files == []


def test_what_a_file_is_its_content_says() -> None:
    path = saved(Path("x.png"), 1)
    path.rename("x.mp4")
    assert look(Path("x.mp4"), About("in", "x.mp4")).kind == "still"
