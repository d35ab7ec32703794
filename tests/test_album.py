"""Still images as an episode: an album of any sizes, through the stages, each picture a shot of its own."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from films import write_film
from PIL import Image

from genga.drawings import shots as shots_stage
from genga.drawings.dedup import Episode, dedup
from genga.drawings.frames import frames
from genga.drawings.shots import shots
from genga.drawings.stills import stills
from genga.images.codec import decode as decode_image
from genga.params import dedup as dedup_params
from genga.params import frames as frames_params
from genga.params import probe as probe_params
from genga.params import shots as shots_params
from genga.params import stills as stills_params
from genga.params.section import section_of_file
from genga.store.shards import ShardReader, writing_shard
from genga.tables.dedup import KEPT
from genga.tables.schema import SHARD
from genga.video import probe as probe_stage
from genga.video.album import STEP, read_album, write_album
from genga.video.decode import decode_probed
from genga.video.decode_errors import Damage
from genga.video.grid_store import CellReader, CellWriter
from genga.video.probe import probe

ROOT = Path(__file__).resolve().parent.parent


def section(name: str, kind: type) -> object:
    return kind.model_validate(section_of_file(ROOT / "params.yaml", name))


def picture(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Blocks of colours, smoothed: a picture like no other."""
    blocks = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize(size, Image.Resampling.BICUBIC)


def packed(image: Image.Image, kind: str = "png") -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **({"quality": 92} if kind == "jpeg" else {}))
    return out.getvalue()


def pictures() -> dict[str, Image.Image]:
    """Of several sizes and modes: one black, a white page with a line, a repost, one changed in a place."""
    page = Image.new("RGB", (240, 320), "white")
    page.paste((0, 0, 0), (60, 80, 180, 84))
    changed = picture(1)
    changed.paste((255, 255, 255), (200, 60, 240, 80))
    changed.paste((0, 0, 0), (200, 80, 240, 100))
    return {
        "one": picture(1), "black": Image.new("RGB", (300, 200)), "tall": picture(2, (200, 400)),
        "one again, smaller": picture(1).resize((240, 180), Image.Resampling.LANCZOS), "page": page,
        "one, changed": changed, "grey": picture(3).convert("L"), "clear": clear(),
        "few colours": picture(5).quantize(32),
    }  # fmt: skip


def clear() -> Image.Image:
    image = picture(4).convert("RGBA")
    image.putalpha(Image.new("L", image.size, 255))
    image.paste((10, 20, 30, 0), (0, 0, 100, 240))
    return image


def line(path: Path, folder: Path) -> tuple[dict, dict[str, pl.DataFrame]]:
    """The stages from probe to stills, with params.yaml's values."""
    probed = probe(path, section("probe", probe_params.Params))
    with writing_shard(folder / "cells.tar") as shard:
        decoded = decode_probed(path, probed, 1, Damage(), "off", "frames")
        measured = frames(decoded, CellWriter(shard), section("frames", frames_params.Params), probed["weave"])
    with CellReader(measured) as cells:
        cut = shots(measured, cells, section("shots", shots_params.Params))
        kept = dedup(Episode("a", measured, cut, cells), {}, section("dedup", dedup_params.Params))
    with writing_shard(folder / "stills.tar") as shard:
        wanted = section("stills", stills_params.Params)
        made = stills(path, probed, measured, kept, "s/a", shard, wanted)
    return probed, {"frames": measured, "shots": cut, "dedup": kept, "stills": made}


@pytest.fixture
def album(tmp_path: Path) -> Path:
    path = tmp_path / "a.mov"
    write_album(path, (packed(image) for image in pictures().values()), "png", (320, 240))
    return path


def test_an_album_holds_the_files_as_they_are(album: Path, tmp_path: Path) -> None:
    files = [packed(image) for image in pictures().values()]
    assert read_album(album) == files
    write_album(tmp_path / "b.mov", files, "png", (320, 240))
    assert (tmp_path / "b.mov").read_bytes() == album.read_bytes()


def test_each_picture_is_a_shot_and_what_was_there_before_recurs(
    album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    probed, tables = line(album, tmp_path)
    assert (probed["codec"], probed["frames"], probed["duration"], probed["frame_rate"]) == ("png", 9, 540.0, "1/60")
    assert (probed["fields"]["kind"], probed["weave"], probed["damaged"], probed["is_vfr"]) == (
        "progressive", False, [], False
    )  # fmt: skip
    cut = tables["shots"]
    assert cut.select("start", "end").rows() == [(n, n + 1) for n in range(9)]
    assert cut["camera"].unique().to_list() == ["static"] and cut["transition"].unique().to_list() == ["cut"]
    assert tables["dedup"].select("frame", "shot", "keeper", "reason").rows() == [
        (0, 0, 0, "kept"), (1, 1, None, "black"), (2, 2, 2, "kept"), (3, 3, 0, "recurring"), (4, 4, 4, "kept"),
        (5, 5, 5, "kept"), (6, 6, 6, "kept"), (7, 7, 7, "kept"), (8, 8, 8, "kept"),
    ]  # fmt: skip
    assert tables["stills"].select("still", "time", "width", "height").rows() == [
        ("s/a/000000", 0.0, 320, 240), ("s/a/000002", 120.0, 200, 400), ("s/a/000004", 240.0, 240, 320),
        ("s/a/000005", 300.0, 320, 240), ("s/a/000006", 360.0, 320, 240), ("s/a/000007", 420.0, 320, 240),
        ("s/a/000008", 480.0, 320, 240),
    ]  # fmt: skip


def test_stills_are_the_pictures_to_the_pixel(album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _, tables = line(album, tmp_path)
    images = list(pictures().values())
    with ShardReader() as shards:
        for frame, *place in tables["stills"].select("frame", *SHARD).iter_rows():
            shown = images[frame].convert("RGBA")
            over = Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB")
            found = decode_image(shards.read(*place))
            assert np.array_equal(found, np.asarray(over)), list(pictures())[frame]


def test_jpegs_keep_their_bytes_and_are_shown_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = [packed(picture(n, size), "jpeg") for n, size in ((1, (320, 240)), (2, (200, 150)), (3, (160, 320)))]
    files.append(packed(picture(4).convert("L"), "jpeg"))
    write_album(Path("j.mov"), files, "mjpeg", (320, 240))
    assert read_album("j.mov") == files
    _, tables = line(Path("j.mov"), tmp_path)
    with ShardReader() as shards:
        for frame, *place in tables["stills"].select("frame", *SHARD).iter_rows():
            found, meant = decode_image(shards.read(*place)), decode_image(files[frame])
            assert found.shape == meant.shape
            assert np.abs(found.astype(int) - meant.astype(int)).max() <= 6, "swscale's chroma is not libjpeg's"
    assert tables["stills"].height == 4


def test_an_album_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_album(Path("one.mov"), [packed(picture(1))], "png", (320, 240))
    probed, tables = line(Path("one.mov"), tmp_path)
    assert (probed["frames"], probed["duration"]) == (1, 60.0)
    assert tables["shots"].select("start", "end").rows() == [(0, 1)]
    assert tables["dedup"]["reason"].to_list() == ["kept"]


def test_pictures_of_a_film_are_no_stills(tmp_path: Path) -> None:
    """Ten a second of the same pictures: moving, with shots of more than a frame."""
    film = write_film(tmp_path / "f.mkv", [np.asarray(picture(n // 4)) for n in range(12)], rate=10)
    _, tables = line(film, tmp_path)
    assert tables["shots"].select("start", "end").rows() == [(0, 4), (4, 8), (8, 12)]
    assert set(tables["dedup"]["reason"]) <= {*KEPT, "held"}


def test_probe_and_shots_know_an_album_by_what_it_is_written_with() -> None:
    assert probe_stage._APART == shots_stage._APART <= STEP
