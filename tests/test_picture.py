"""What of a file is its picture: which stream, in which shape and colours, without which edges, on which ground."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from films import PICTURE, flat, write_film
from PIL import Image
from test_video import ffmpeg

from genga.drawings.stills import shown, wanted
from genga.errors import GengaError
from genga.images.rgb import Converter
from genga.params.probe import Params
from genga.params.stills import Params as Stills
from genga.video.decode import decode, luma
from genga.video.deinterlace import Part
from genga.video.facts import in_words
from genga.video.headers import Header, headers
from genga.video.probe import probe

Film = Path
STILLS = Stills(scaling="bicubic", format="h264", hwaccel="off")


def probed(film: Film, **said: object) -> dict:
    """What probe says of a film."""
    return probe(film, Params(uneven=0.01, looked_at=24, fields="auto", weave="never", **{**PICTURE, **said}))


def pictures(film: Film, **said: object) -> list[np.ndarray]:
    """Every frame of a film as a still, RGB."""
    import polars as pl

    part = Part.of(probed(film, **said))
    rows = [{"frame": one.number, "time": one.time, "keyframe": one.keyframe} for one in decode(film, part=part)]
    table = pl.DataFrame(rows).with_columns(shot=pl.lit(0), keeper="frame", reason=pl.lit("kept"))
    kept = wanted(table.select("frame", "time", "keyframe"), table.select("frame", "shot", "keeper", "reason"))
    return [still.image for _, still in shown(film, kept, STILLS, 1, part=part)]


def together(out: Path, *films: Path, format: str | None = None, marked: int | None = None) -> Path:
    """The first video streams of several files as the streams of one, as they are coded. marked: the default one."""
    with av.open(str(out), "w", format=format) as target:
        sources = [av.open(str(film)) for film in films]
        streams = [target.add_stream_from_template(one.streams.video[0]) for one in sources]
        for number, stream in enumerate(streams):
            stream.disposition = av.stream.Disposition.default if number == marked else av.stream.Disposition(0)
        for source, stream in zip(sources, streams, strict=True):
            for packet in source.demux(source.streams.video[0]):
                if packet.size:
                    packet.stream = stream
                    target.mux(packet)
            source.close()
    return out


def small(path: Path, width: int = 32, height: int = 24, count: int = 6, codec: str = "libx264") -> Path:
    return write_film(path, [flat(90, width, height)] * count, codec, "yuvj420p" if codec == "mjpeg" else "yuv420p")


# Which stream.


def test_a_picture_track_before_the_video_is_a_cover_whatever_it_is_marked_as(tmp_path: Path) -> None:
    cover = small(tmp_path / "cover.mkv", 96, 160, 1, "mjpeg")
    film = small(tmp_path / "film.mkv", 64, 48, 6)
    for name, marked in (("first.mp4", 0), ("plain.mkv", None)):
        found = probed(together(tmp_path / name, cover, film, marked=marked))
        assert (found["stream"], found["width"], found["frames"]) == (1, 64, 6), name
        assert found["others"] == [{"stream": 0, "codec": "mjpeg", "width": 96, "height": 160, "cover": True}]
        assert "1 is taken (probe.stream), left: 0 (mjpeg 96x160, a cover)" in in_words(found)
    assert probed(cover)["frames"] == 1  # alone it is the picture


def test_the_largest_of_several_programmes_is_the_picture_and_a_parameter_chooses(tmp_path: Path) -> None:
    films = small(tmp_path / "a.mkv", codec="mpeg2video"), small(tmp_path / "b.mkv", 64, 48, codec="mpeg2video")
    both = together(tmp_path / "both.ts", *films, format="mpegts")
    assert [probed(both, stream=choice)["width"] for choice in ("largest", "first", 0, 1)] == [64, 32, 32, 64]
    assert "left: 0 (mpeg2video 32x24)" in in_words(probed(both))
    assert [image.shape for image in pictures(both, stream="first")] == [(24, 32, 3)] * 6
    with pytest.raises(
        GengaError, match=r"both\.ts: its stream 7 is no video; .*: 0 \(mpeg2video 32x24\), 1 \(mpeg2video 64x48\)$"
    ):
        probed(both, stream=7)
    marked = together(tmp_path / "marked.mkv", tmp_path / "b.mkv", tmp_path / "a.mkv", marked=1)
    assert [probed(marked, stream=choice)["width"] for choice in ("largest", "default")] == [64, 32]
    alike = together(
        tmp_path / "alike.mkv", tmp_path / "a.mkv", small(tmp_path / "c.mkv", count=7, codec="mpeg2video"), marked=1
    )
    assert probed(alike)["frames"] == 7  # of equals the one that is marked


# In which shape.


def test_each_part_has_its_own_aspect(tmp_path: Path) -> None:
    parts = []
    for number, aspect in enumerate((Fraction(8, 9), Fraction(32, 27))):
        film, time = tmp_path / f"{number}.ts", number * 12
        images = [flat(60 + 60 * number, 720, 480)] * 12
        write_film(film, images, "mpeg2video", "yuv420p", 30, {"bf": "2", "g": "12"}, aspect, range(time, time + 12))
        parts.append(film.read_bytes())
    whole = tmp_path / "whole.ts"
    whole.write_bytes(b"".join(parts))
    for film in (whole, ffmpeg(tmp_path / "whole.mkv", "-i", whole, "-c", "copy")):
        assert [image.shape for image in pictures(film)] == [(480, 640, 3)] * 12 + [(480, 853, 3)] * 12


def test_what_a_container_says_of_the_aspect_goes_for_all_of_it(tmp_path: Path) -> None:
    film = write_film(tmp_path / "own.mkv", [flat(60, 64, 48)] * 2, "mpeg2video", "yuv420p", 25, None, Fraction(16, 15))
    wide = ffmpeg(tmp_path / "wide.mkv", "-i", film, "-c", "copy", "-aspect", "16:9")
    assert probed(wide)["pixel_aspect"] == "4:3" and pictures(wide)[0].shape == (48, 85, 3)


def with_crop_tags(film: Path, left: int, right: int) -> Path:
    """A Matroska that tells players to leave columns out (PixelCropLeft, PixelCropRight)."""
    data = bytearray(film.read_bytes())

    def number(at: int, keep: bool) -> tuple[int, int]:
        length = 9 - data[at].bit_length()
        value = int.from_bytes(data[at : at + length], "big")
        return (value if keep else value & (1 << 7 * length) - 1), length

    chain, at, end = [], 0, len(data)
    for name in (0x18538067, 0x1654AE6B, 0xAE, 0xE0):  # Segment, Tracks, TrackEntry, Video
        while True:
            found, a = number(at, True)
            size, b = number(at + a, False)
            if found == name:
                break
            at += a + b + size
        chain.append((at + a, b, size))
        at, end = at + a + b, min(end, at + a + b + size)
    more = b"\x54\xcc\x81" + bytes([left]) + b"\x54\xdd\x81" + bytes([right])
    data[end:end] = more
    for where, length, size in chain:
        data[where : where + length] = (1 << 7 * length | size + len(more)).to_bytes(length, "big")
    out = film.with_name("cropped.mkv")
    out.write_bytes(data)
    return out


def pillars(width: int = 64, height: int = 48, bar: int = 8, value: int = 150) -> np.ndarray:
    image = flat(0, width, height)
    image[:, bar : width - bar] = value
    return image


def test_crop_tags_of_matroska_are_heeded(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", [pillars()] * 3, "ffv1", "yuv420p")
    cropped = with_crop_tags(film, 8, 8)
    assert headers(film) == {0: Header()} and headers(cropped) == {0: Header((8, 0, 8, 0))}
    found = probed(cropped)
    assert (found["crop"], found["display_aspect"]) == ([8, 0, 8, 0], "1:1")
    assert in_words(found).endswith(
        "; 8 px left, 8 px right cut off, as the file says; colours not stated, taken for bt601"
    )
    images = pictures(cropped)
    assert [image.shape for image in images] == [(48, 48, 3)] * 3 and images[0].min() > 140
    assert luma(next(decode(cropped, part=Part.of(found))).frame)[0].shape == (48, 48)


def test_black_bars_are_told_and_cut_off_where_that_is_asked_for(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", [pillars(value=40 + 20 * n) for n in range(6)], "ffv1", "yuv420p")
    kept, cut = probed(film), probed(film, bars="cut")
    assert (kept["bars"], kept["crop"], cut["crop"]) == ([8, 0, 8, 0], [0, 0, 0, 0], [8, 0, 8, 0])
    assert "black bars of 8 px left, 8 px right, kept (probe.bars)" in in_words(kept)
    assert "black bars of 8 px left, 8 px right, cut off (probe.bars)" in in_words(cut)
    assert pictures(film)[0].shape == (48, 64, 3) and pictures(film, bars="cut")[0].shape == (48, 48, 3)
    odd = write_film(tmp_path / "odd.mkv", [pillars(bar=7)] * 3, "ffv1", "yuv420p")
    assert probed(odd)["bars"] == [8, 0, 8, 0]  # whole px of chroma, and nothing black left
    assert probed(write_film(tmp_path / "full.mkv", [pillars(bar=7)] * 3))["bars"] == [7, 0, 7, 0]  # RGB


def test_grain_over_bars_hides_none(tmp_path: Path) -> None:
    grain = np.random.default_rng(0).integers(0, 20, (4, 96, 128, 1))
    images = [(pillars(128, 96, 16) + noise).clip(0, 255).astype(np.uint8) for noise in grain]
    assert probed(write_film(tmp_path / "film.mkv", images, "ffv1", "yuv420p"))["bars"] == [16, 0, 16, 0]


def test_what_is_no_bar(tmp_path: Path) -> None:
    with_text = pillars()
    with_text[40:44, :6] = 255  # a subtitle in the bar, once
    for name, images in {
        "text": [pillars(), with_text], "night": [flat(0)] * 4, "none": [flat(90)] * 4, "half": [pillars(bar=20)] * 2,
        "comes": [flat(90), pillars(), pillars()],
    }.items():  # fmt: skip
        left, *_ = probed(write_film(tmp_path / f"{name}.mkv", images, "ffv1", "yuv420p"))["bars"]
        assert left == 0, name


# In which colours.

GREEN = (40, 160, 60)


def tagged(path: Path, codec: str, pixels: str, **colours: int) -> Path:
    """A film of GREEN in BT.601's limited range, which says nothing; then put into a container that says `colours`."""
    bare = write_film(path.with_name(f"bare-{path.name}"), [np.full((48, 64, 3), GREEN, np.uint8)] * 3, codec, pixels)
    names = {"color_primaries": "primaries", "color_trc": "transfer", "colorspace": "matrix", "color_range": "range"}
    said = [part for key, name in names.items() if name in colours for part in (f"-{key}", str(colours[name]))]
    return ffmpeg(path, "-i", bare, "-c", "copy", "-movflags", "+write_colr", *said)


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.mkv", "libx265", "yuv420p"), ("a.mp4", "libx265", "yuv420p"), ("a.mov", "prores_ks", "yuv422p10le"),
        ("a.webm", "libvpx-vp9", "yuv420p"), ("a.webm", "libvpx", "yuv420p"), ("a.mkv", "mpeg4", "yuv420p"),
    ],
)  # fmt: skip
def test_what_only_the_container_says_of_colours_counts(tmp_path: Path, name: str, codec: str, pixels: str) -> None:
    film = tagged(tmp_path / name, codec, pixels, primaries=9, transfer=16, matrix=9)
    found = probed(film)["colour"]
    assert (found["primaries"], found["transfer"], found["matrix"]) == ("bt2020", "pq", "bt2020nc")
    assert {int(one.frame.color_trc) for one in decode(film)} == {16}, "and is tone-mapped"
    assert np.abs(pictures(film)[0].mean(axis=(0, 1)) - (0, 187, 0)).max() < 3
    assert np.abs(pictures(tmp_path / f"bare-{name}")[0].mean(axis=(0, 1)) - GREEN).max() < 3


@pytest.mark.parametrize("code", [0, 3, 10, 40])
def test_reserved_codes_of_colours_state_nothing(tmp_path: Path, code: int) -> None:
    film = tagged(tmp_path / "a.mkv", "libx264", "yuv420p")
    matrix = code if code in (3, 40) else 6
    said = f"colour_primaries={code}:transfer_characteristics={code}:matrix_coefficients={matrix}"
    odd = ffmpeg(tmp_path / "odd.mkv", "-i", film, "-c", "copy", "-bsf:v", f"h264_metadata={said}")
    assert np.abs(pictures(odd)[0].mean(axis=(0, 1)) - GREEN).max() < 3
    assert probed(odd)["taken_for"] == ("bt601" if matrix == code else None)


def test_vp8_of_full_range(tmp_path: Path) -> None:
    film = tagged(tmp_path / "a.webm", "libvpx", "yuv420p", range=2)
    assert probed(film)["colour"]["range"] == "full"
    limited, full = (pictures(one)[0].mean(axis=(0, 1)) for one in (tmp_path / "bare-a.webm", film))
    assert np.abs(limited - GREEN).max() < 5
    assert np.abs(full - (limited * 219 / 255 + 16)).max() < 6  # its values are taken for what they are


@pytest.mark.parametrize(
    ("width", "height", "matrix"), [(1278, 576, "bt601"), (1280, 16, "bt709"), (16, 578, "bt709"), (720, 480, "bt601")]
)
def test_colours_that_nobody_states_are_taken_as_players_do(
    tmp_path: Path, width: int, height: int, matrix: str
) -> None:
    film = write_film(tmp_path / "film.mkv", [flat(90, width, height)], "ffv1", "yuv420p")
    found = probed(film)
    assert found["taken_for"] == matrix and in_words(found).endswith(f"colours not stated, taken for {matrix}")
    frame = next(decode(film)).frame
    plane = frame.planes[2]
    plane.update(bytes([200]) * plane.buffer_size)  # red
    green = int(Converter("bicubic").image(frame)[0, 0, 1])
    frame.colorspace = {"bt601": 6, "bt709": 1}[matrix]
    assert green == int(Converter("bicubic").image(frame)[0, 0, 1])


def test_stated_colours_need_no_word(tmp_path: Path) -> None:
    film = tagged(tmp_path / "a.mkv", "mpeg4", "yuv420p", matrix=1)
    assert probed(film)["taken_for"] is None and "colours" not in in_words(probed(film))


@pytest.mark.parametrize(
    ("codec", "pixels"), [("ffv1", "gray"), ("ffv1", "gray10le"), ("ffv1", "bgr0"), ("png", "ya8")]
)
def test_greys_and_rgb_are_taken_for_nothing(tmp_path: Path, codec: str, pixels: str) -> None:
    film = write_film(tmp_path / "a.avi", [flat(90)] * 6, codec, pixels)
    assert probed(film)["taken_for"] is None
    assert set(pictures(film)[0].ravel().tolist()) <= {90, 91}  # swscale rounds one grey up on its way in


@pytest.mark.parametrize(("code", "name"), [(8, "YCgCo"), (10, "BT.2020 of constant luminance"), (14, "ICtCp")])
def test_colours_that_cannot_be_converted_are_one_line(tmp_path: Path, code: int, name: str) -> None:
    film = tagged(tmp_path / "a.mkv", "mpeg4", "yuv420p", matrix=code)
    with pytest.raises(GengaError) as caught:
        probed(film)
    said = str(caught.value)
    assert (
        said.startswith(f"{film}: its colours are {name}, which is not converted here; make a copy")
        and "\n" not in said
    )


def test_cut_bars_do_not_change_what_colours_are_taken_for(tmp_path: Path) -> None:
    image = pillars(1280, 96, 320)
    image[:, 320:960] = GREEN
    film = write_film(tmp_path / "film.mkv", [image], "ffv1", "yuv420p")
    whole, cut = pictures(film)[0], pictures(film, bars="cut")[0]
    assert cut.shape == (96, 640, 3) and (whole[:, 330:950] == cut[:, 10:630]).all()


def with_boxes(film: Path, **bodies: bytes) -> Path:
    """The MP4 with more boxes in its video's sample entry."""
    data = bytearray(film.read_bytes())
    at, sizes = 0, []
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
        while data[at + 4 : at + 8] != name:
            at += struct.unpack(">I", data[at : at + 4])[0]
        sizes.append(at)
        at += 8
    at += 8
    sizes.append(at)
    more = b"".join(struct.pack(">I4s", 8 + len(body), name.encode()) + body for name, body in bodies.items())
    place = at + struct.unpack(">I", data[at : at + 4])[0]
    data[place:place] = more
    for at in sizes:
        data[at : at + 4] = struct.pack(">I", struct.unpack(">I", data[at : at + 4])[0] + len(more))
    out = film.with_name(f"with-{'-'.join(bodies)}.mp4")
    out.write_bytes(data)
    return out


def dolby(profile: int) -> bytes:
    """A DOVIDecoderConfigurationRecord."""
    return b"\x01\x00" + struct.pack(">H", profile << 9 | 6 << 3 | 0b101) + bytes(20)


def element(name: str, content: bytes) -> bytes:
    """An element of EBML."""
    return bytes.fromhex(name) + (1 << 28 | len(content)).to_bytes(4, "big") + content


def test_headers_by_hand(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", [flat(90)] * 2, "mpeg4", "yuv420p")
    aperture = struct.pack(">IIIIiIiI", 56, 1, 44, 1, 2, 1, -1, 1)  # of 64x48; its middle 2 px right, 1 px up
    assert headers(with_boxes(film, clap=aperture)) == {0: Header((6, 1, 2, 3))}
    assert headers(with_boxes(film, pasp=bytes(8), dvvC=dolby(8))) == {0: Header(dolby=8)}
    mapping = element("41e4", element("41e7", b"dvcC") + element("41ed", dolby(5)))
    video = element("e0", element("54bb", b"\x04") + element("54aa", b"\x01\x00"))
    tracks = element("1654ae6b", element("ae", b"") + element("ae", video + mapping))
    (tmp_path / "x.mkv").write_bytes(element("1a45dfa3", b"") + element("18538067", element("ec", b"xx") + tracks))
    assert headers(tmp_path / "x.mkv") == {0: Header(), 1: Header((0, 4, 0, 256), 5)}


def test_dolby_vision_whose_colours_are_others_is_told(tmp_path: Path) -> None:
    film = write_film(
        tmp_path / "film.mp4", [flat(90)] * 3, "libx265", "yuv420p10le", options={"x265-params": "log-level=0"}
    )
    five, eight = probed(with_boxes(film, dvcC=dolby(5))), probed(with_boxes(film, dvvC=dolby(8)))
    assert (probed(film)["dolby_vision"], five["dolby_vision"], eight["dolby_vision"]) == (None, 5, 8)
    assert "Dolby Vision profile 5: its colours come out green and purple" in in_words(five)
    assert "Dolby" not in in_words(eight)


@pytest.mark.parametrize(
    "data", [b"\x1a\x45\xdf\xa3" + b"\xff" * 40, b"\x00\x00\x00\x10moov\x00\x00\x00\x00trak", b"", b"GIF89a"]
)
def test_headers_of_no_sense_say_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    assert set(headers(tmp_path / "x").values()) <= {Header()}


# On which ground.


def half_clear() -> np.ndarray:
    """(24, 32, 4) RGBA: red, its left half transparent, and one column half so."""
    image = np.zeros((24, 32, 4), np.uint8)
    image[..., 0], image[:, 16:, 3], image[:, 16, 3] = 255, 255, 128
    return image


def animated(path: Path, *, durations: list[int] | None = None, count: int = 3) -> Path:
    """An animation that Pillow writes; each picture has another blue."""
    images = []
    for number in range(count):
        image = half_clear()
        image[..., 2] = 40 * number
        images.append(Image.fromarray(image))
    more = (
        {"lossless": True, "exact": True}
        if path.suffix == ".webp"
        else {"disposal": 2}
        if path.suffix == ".gif"
        else {}
    )
    images[0].save(path, save_all=True, append_images=images[1:], duration=durations or [100] * count, loop=0, **more)
    return path


def test_edges_that_show_through_are_no_black_bars(tmp_path: Path) -> None:
    image = np.full((24, 32, 4), 255, np.uint8)
    image[:, :8] = 0
    for alpha, bars in ((0, [0, 0, 0, 0]), (255, [8, 0, 0, 0])):
        image[:, :8, 3] = alpha
        more = [Image.fromarray(np.roll(image, step, axis=0)) for step in (1, 2)]
        Image.fromarray(image).save(tmp_path / "a.png", save_all=True, append_images=more, duration=100)
        assert probed(tmp_path / "a.png")["bars"] == bars


@pytest.mark.parametrize("name", ["a.apng", "a.webp"])
def test_what_is_transparent_lies_on_a_stated_ground(tmp_path: Path, name: str) -> None:
    film = animated(tmp_path / name)
    assert "transparent px lie on white (probe.ground)" in in_words(probed(film))
    for ground, left, between in (("white", [255, 255, 255], [255, 127, 127]), ("black", [0, 0, 0], [128, 0, 0])):
        image = pictures(film, ground=ground)[0].astype(int)
        assert (image[:, :16] == left).all() and (image[:, 17:] == [255, 0, 0]).all()
        assert np.abs(image[:, 16] - between).max() <= 1
        plane, _ = luma(next(decode(film, part=Part(ground=ground))).frame)
        assert plane[0, 0] == (255 if ground == "white" else 0)  # as frames measures it


@pytest.mark.parametrize("name", ["a.apng", "a.webp", "a.gif"])
def test_room_for_transparency_is_none(tmp_path: Path, name: str) -> None:
    whole = half_clear()
    whole[:, :, 3] = 255
    images = [Image.fromarray(np.roll(whole, step, axis=1)) for step in range(3)]
    images[0].save(tmp_path / name, save_all=True, append_images=images[1:], duration=100)
    assert "transparent" not in in_words(probed(tmp_path / name))


def test_transparency_of_a_video(tmp_path: Path) -> None:
    frame = av.VideoFrame.from_ndarray(half_clear(), format="rgba")
    film = tmp_path / "film.mkv"
    with av.open(str(film), "w") as out:
        stream = out.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuva444p"
        made = frame.reformat(format="yuva444p")
        made.pts = 0
        out.mux(stream.encode(made))
        out.mux(stream.encode(None))
    image = pictures(film)[0].astype(int)
    assert (image[:, :16] == 255).all() and np.abs(image[:, 17:] - [255, 0, 0]).max() <= 3
    with av.open(str(film)) as source, av.open(str(tmp_path / "said.mkv"), "w") as out:
        stream = out.add_stream("libvpx-vp9", rate=24)
        stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
        stream.metadata["alpha_mode"] = "1"
        for one in source.decode(video=0):
            out.mux(stream.encode(one.reformat(format="yuv420p")))
        out.mux(stream.encode(None))
    assert "what is transparent is shown as if it were not" in in_words(probed(tmp_path / "said.mkv"))


# Animations.


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.apng"])
def test_delays_are_times(tmp_path: Path, name: str) -> None:
    film = animated(tmp_path / name, durations=[80, 200, 120, 50], count=4)
    assert [round(one.time, 3) for one in decode(film)] == [0, 0.08, 0.28, 0.4]
    found = probed(film)
    assert (found["frames"], found["is_vfr"]) == (4, True) and name.endswith(found["codec"])
    assert len({image[12, 20].tobytes() for image in pictures(film)}) == 4


def test_a_damaged_animation_is_one_line(tmp_path: Path) -> None:
    film = animated(tmp_path / "a.webp")
    film.write_bytes(film.read_bytes()[:120])
    with pytest.raises(GengaError, match=r"a\.webp: is a damaged animated WebP"):
        probed(film)


def test_an_animated_avif_is_no_single_still(tmp_path: Path) -> None:
    film = ffmpeg(
        tmp_path / "a.avif", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=24", "-frames:v", "4", "-c:v", "libsvtav1"
    )
    found = probed(film)
    assert (found["frames"], found["stream"]) == (4, 1) and found["others"][0]["cover"]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.3gp", "mpeg4"), ("a.asf", "wmv2"), ("a.mxf", "mpeg2video"), ("a.m2v", "mpeg2video"), ("a.264", "libx264"),
        ("a.hevc", "libx265"), ("a.nut", "ffv1"), ("a.y4m", "wrapped_avframe"), ("a.mjpeg", "mjpeg"),
        ("a.dv", "dvvideo"),
    ],
)  # fmt: skip
def test_other_containers_and_streams_in_none(tmp_path: Path, name: str, codec: str) -> None:
    size = (720, 576) if codec == "dvvideo" else (64, 48)
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    options = {"x265-params": "log-level=0"} if codec == "libx265" else None
    film = write_film(tmp_path / name, [flat(30 * n, *size) for n in range(5)], codec, pixels, 25, options)
    found = probed(film)
    assert found["frames"] == 5 == len(pictures(film))
    assert np.allclose(np.diff([one.time for one in decode(film)]), 0.04)
