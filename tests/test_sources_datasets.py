"""Data sets of Hugging Face in Parquet with pictures in them, as a source; and what may be wrong with such."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sites import picture

from genga.errors import GengaError
from genga.exchange.sources.fetch import Done, fetch
from genga.exchange.sources.local import total
from genga.exchange.sources.record import read_origins
from genga.params.sources import Folder, parse_source
from genga.video.album import read_album

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
NONE = "(bytes and path, as Hugging Face's Image); left out"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def png(seed: int, kind: str = "png", **more: Any) -> bytes:
    out = io.BytesIO()
    picture(seed).save(out, kind, **more)
    return out.getvalue()


def written(path: str, rows: list[dict], **types: pa.DataType) -> Path:
    """A data set of these rows. types: of its columns."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, pa.schema(types)), path)
    return Path(path)


def of(data: bytes | None, path: str | None = None, **more: object) -> dict:
    return {"image": {"bytes": data, "path": path}, **more}


def fetched(path: str, **more: object) -> tuple[Done, list[str]]:
    source = parse_source("mine", {"kind": "folder", "series": "s", "path": path, "names": "keep", **more})
    assert isinstance(source, Folder)
    said: list[str] = []
    return fetch("mine", source, said.append, lambda lines: True), said


def test_pictures_and_what_their_rows_say() -> None:
    rows = [
        of(png(0), "a/0.png", text="1girl, hat", width=96), of(png(1), None, text="A girl in a hat, who waves at us."),
        of(png(2), "c:\\2.png", tags=["smile", "long hair"]),
    ]  # fmt: skip
    written("in/data/train-00000-of-00001.parquet", rows,
            image=IMAGE, text=pa.string(), tags=pa.list_(pa.string()), width=pa.int64())  # fmt: skip
    done, said = fetched("in", licence="mine")
    assert (done.albums, done.files, said) == ({"data/raw/s/mine 001.mov": 3}, [], [])
    assert read_album("data/raw/s/mine 001.mov") == [png(number) for number in range(3)]
    lines = read_origins()[1:]
    name = "data/train-00000-of-00001.parquet"
    assert [(one.origin, one.name, one.frame, one.tags, one.text) for one in lines] == [
        ("in", f"{name}/000000 0.png", 0, {"general": ["1girl", "hat"]}, ""),
        ("in", f"{name}/000001", 1, {}, "A girl in a hat, who waves at us."),
        ("in", f"{name}/000002 2.png", 2, {"general": ["smile", "long_hair"]}, ""),
    ]
    assert list(Path(".cache/fetch/mine").glob("*.png")) == [], "placed, and nothing of them stays"
    again, _ = fetched("in")
    assert (again.albums, again.same) == ({}, 3)


def test_alone_in_a_zip_and_beside_pictures() -> None:
    one = written("one.parquet", [of(png(0))], image=IMAGE)
    assert fetched("one.parquet")[0].albums == {"data/raw/s/mine 001.mov": 1}
    written("in/metadata.parquet", [of(png(1))], image=IMAGE)  # no file_name: not of pictures beside it
    Path("in/5.png").write_bytes(png(5))
    with zipfile.ZipFile("in/some.zip", "w") as out:
        out.writestr("inner.parquet", written("two.parquet", [of(png(2)), of(png(0))], image=IMAGE).read_bytes())
    assert fetched("in")[0].albums == {"data/raw/s/mine 002.mov": 3}
    assert one.exists() and not list(Path(".cache/fetch/mine").glob("*.p*"))
    source = parse_source("mine", {"kind": "folder", "series": "s", "path": "in"})
    assert isinstance(source, Folder) and total(source) == 2, "what is in a parquet in a zip nobody knows before"


def test_columns_of_bytes_and_the_one_called_image_first() -> None:
    written("jpg.parquet", [{"jpg": png(0, "jpeg"), "key": "x"}], jpg=pa.large_binary(), key=pa.string())
    assert fetched("jpg.parquet")[0].albums == {"data/raw/s/mine 001.mov": 1}
    rows = [{**of(png(1)), "control": {"bytes": png(2), "path": ""}}]
    written("two.parquet", rows, control=IMAGE, image=IMAGE)
    assert fetched("two.parquet")[0].albums == {"data/raw/s/mine 002.mov": 1}
    assert read_album("data/raw/s/mine 002.mov") == [png(1)]


def test_what_moves_is_a_file_of_its_own_and_what_is_no_picture_a_line() -> None:
    gif = png(0, "gif", save_all=True, append_images=[picture(1)], duration=100)
    rows = [of(b"<html>gone</html>", "a.png"), of(None, "b.png"), of(gif, "wave.gif"), of(b"", None), of(png(3), "c")]
    written("in/odd.parquet", rows, image=IMAGE)
    done, said = fetched("in")
    assert (done.albums, done.files) == ({"data/raw/s/mine 001.mov": 1}, ["data/raw/s/000002 wave.gif"])
    assert said == [
        "odd.parquet/000000 a.png: is a page of text ('<html>gone</html>'), not a picture or video",
        "in: 'odd.parquet' has no picture in 2 of its rows (the first: row 1, 'b.png')",
    ]


def test_what_is_no_such_data_set_is_damaged_or_a_bomb_is_a_line_and_the_rest_is_done() -> None:
    written("in/words.parquet", [{"text": "a"}], text=pa.string())
    Path("in/cut.parquet").write_bytes(written("whole.parquet", [of(png(0))], image=IMAGE).read_bytes()[:-30])
    Path("in/page.parquet").write_text("<html>")
    zeros = pa.Table.from_pylist([of(bytes(9_000_000 + n)) for n in range(3)], pa.schema({"image": IMAGE}))
    pq.write_table(zeros, "in/bomb.parquet", compression="zstd", use_dictionary=False)
    written("in/whole.parquet", [of(png(1))], image=IMAGE)
    done, said = fetched("in")
    assert done.albums == {"data/raw/s/mine 001.mov": 1}
    assert [line.partition(" of ")[0] for line in said if "bomb" in line] == ["in: 'bomb.parquet' unpacks to 27 MB"]
    assert f"in: 'words.parquet' has no column of pictures {NONE}" in said
    for name in ("cut", "page"):
        assert any(line.startswith(f"in: '{name}.parquet' is damaged (") and "\n" not in line for line in said)
    assert len(said) == 4
    written("in/large.parquet", [of(png(2))] * 300, image=IMAGE)
    with pytest.raises(
        GengaError, match=r"^in/large.parquet: would unpack to 0 MB and more; .* raise megabytes \(0.01\)"
    ):
        fetched("in/large.parquet", megabytes=0.01)
