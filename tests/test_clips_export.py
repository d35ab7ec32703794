"""Clips as mp4 with captions for other tools, read back by other eyes; and what people change in them."""

import json
import tomllib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import polars as pl
import pytest
from films import flat, with_box, write_film
from test_clipset import clip, made, tables, tag

from genga.cli import clips as command
from genga.cli.import_ import import_
from genga.errors import GengaError
from genga.exchange.clips import edges, grouped
from genga.exchange.edits import edits_of
from genga.params.probe import Params as Probe
from genga.params.section import parse_section, section_of_file
from genga.store.files import write_facts
from genga.store.parquet import write_table
from genga.tables.clipset import CLIPSET
from genga.video.probe import probe
from genga.video.writing import exact_rate, write_mp4

ROOT = Path(__file__).resolve().parent.parent
FIRST, SECOND = "s/e/000000-000009", "s/e/000010-000019"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A series of one episode and two clips of six pictures each, one held out."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    pictures = [with_box(flat(60, 130, 72), 2 * number, 10, 30, 220) for number in range(24)]
    video = write_film(tmp_path / "data/raw/s/e.mkv", pictures, "libx264", "yuv420p", 24, {"crf": "4", "g": "8"})
    values = parse_section("probe", Probe, section_of_file(ROOT / "params.yaml", "probe"))
    probed = probe(video, values)
    write_facts(tmp_path / "data/probe/s/e.json", probed)
    times = [round(number / 24, 3) for number in range(24)]
    rows = []
    for shot, words in ((0, ("solo", "smile")), (1, ("sky",))):
        frames = [10 * shot + number // 2 * 2 for number in range(6)]
        rows.append(
            clip(shot, frames=frames, times=[times[frame] for frame in frames], holds=[1] * 6, width=130,
                 keys=[times[frame // 8 * 8] for frame in frames], rate=8000 / 1001, tags=tuple(map(tag, words)),
                 stills=[f"s/e/{10 * shot:06d}", f"s/e/{10 * shot + 2:06d}"])
        )  # fmt: skip
    images = [("s/e/0", "s/e/0", "train", None, []), ("s/e/1", "s/e/1", "held-out", None, [])]
    table = made(tables(rows, images)).table.with_columns(sha256=pl.lit(probed["sha256"]))
    write_table("data/clipset/s.parquet", table, CLIPSET)
    return tmp_path


def seen(path: Path) -> tuple[int, Fraction, tuple[int, int], str, tuple[int, ...]]:
    """Frames, rate, size, format and colours of a video, by PyAV."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        context = stream.codec_context
        count = sum(1 for _ in file.decode(stream))
        rate = stream.average_rate
        assert rate is not None and context.name == "h264"
        colours = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
        return (
            count,
            Fraction(rate.numerator, rate.denominator),
            (context.width, context.height),
            str(context.pix_fmt),
            colours,
        )


def test_an_mp4_is_h264_420_bt709_at_the_clips_rate(tmp_path: Path) -> None:
    pictures = [with_box(flat(90), number, 8, 16, 200) for number in range(5)]
    assert write_mp4(tmp_path / "a.mp4", pictures, 24000 / 1001 / 3) == 5
    assert seen(tmp_path / "a.mp4") == (5, Fraction(8000, 1001), (64, 48), "yuv420p", (1, 1, 1, 1))
    with av.open(str(tmp_path / "a.mp4")) as file:
        shown = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    assert max(np.abs(a.astype(int) - b).mean() for a, b in zip(shown, pictures, strict=True)) < 2
    write_mp4(tmp_path / "b.mp4", pictures, 24000 / 1001 / 3)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_what_is_no_mp4_says_why(tmp_path: Path) -> None:
    for pictures, why in (
        ([], "no picture to write"),
        ([flat(1, 63, 48)], "pictures of 63x48 px cannot be 4:2:0; cut them to even sides"),
        ([flat(1), flat(1, 32, 48)], "picture 1 is 32x48, those before 64x48"),
    ):  # fmt: skip
        with pytest.raises(GengaError, match=why):
            write_mp4(tmp_path / "a.mp4", pictures, 8)


@pytest.mark.parametrize(
    ("rate", "exact"),
    [(23.976024, (24000, 1001)), (7.992008, (8000, 1001)), (8.0, (8, 1)), (25 / 3, (25, 3)), (59.94006, (60000, 1001))],
)
def test_a_rate_is_the_fraction_that_it_was_rounded_from(rate: float, exact: tuple[int, int]) -> None:
    assert exact_rate(rate) == Fraction(*exact)


def test_4n_plus_1_and_the_shape_of_the_bucket() -> None:
    assert [grouped(count) for count in (1, 4, 5, 16, 17)] == [1, 1, 5, 13, 17]
    row = {"width": 640, "height": 360, "scaled_width": 171, "scaled_height": 96, "crop_box": [5, 0, 165, 96]}
    assert edges(row) == (19, 0, 617, 360)


def test_diffusion_pipe_and_what_is_changed_in_its_captions(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.diffusion_pipe("s", Path("out"))
    settings = tomllib.loads(Path("out/dataset.toml").read_text())
    (folder,) = settings["directory"]
    assert (settings["frame_buckets"], folder["num_repeats"], folder["path"]) == ([1, 5], 1, "out/1_7.992fps")
    assert seen(Path(folder["path"], "s__e__000000-000009.mp4"))[:3] == (5, Fraction(8000, 1001), (120, 72))
    text = Path(folder["path"], "s__e__000000-000009.txt")
    assert text.read_text() == "solo, smile\n"
    text.write_text("solo, waving\n")
    assert [tuple(line)[:3] for line in edits_of(Path("out")).lines] == [
        ("s/e/000000", "smile", "remove"), ("s/e/000000", "waving", "add"),
        ("s/e/000002", "smile", "remove"), ("s/e/000002", "waving", "add"),
    ]  # fmt: skip
    import_(Path("out"), "me", False)
    lines = Path("corrections/s/e/tags.csv").read_text().splitlines()
    assert len(lines) == 5 and lines[1].startswith("s/e/000000,")
    assert "4 lines in corrections/s/e/tags.csv" in capsys.readouterr().out


def test_musubi_has_4n_plus_1_pictures_and_says_their_rate(project: Path) -> None:
    command.musubi("s", Path("out"), found_at="/data/s")
    (of,) = tomllib.loads(Path("out/dataset.toml").read_text())["datasets"]
    assert (of["target_frames"], of["source_fps"], of["video_jsonl_file"]) == (
        [5],
        8000 / 1001,
        "/data/s/1_7.992fps.jsonl",
    )
    (line,) = Path("out/1_7.992fps.jsonl").read_text().splitlines()
    assert json.loads(line) == {"video_path": "/data/s/1_7.992fps/s__e__000000-000009.mp4", "caption": "solo, smile"}
    changed = line.replace("smile", "wink")
    Path("out/1_7.992fps.jsonl").write_text(changed + "\n")
    assert {line.tag for line in edits_of(Path("out")).lines} == {"smile", "wink"}


def test_video_blip2(project: Path) -> None:
    command.video_blip2("s", Path("out"))
    said = json.loads(Path("out/clips.json").read_text())
    path = "out/videos/s__e__000000-000009.mp4"
    prompt = {"frame_index": 0, "prompt": "solo, smile", "clip_path": path}
    assert said == {"name": "s", "data": [{"video_path": path, "num_frames": 6, "data": [prompt]}]}
    assert seen(Path(path))[0] == 6
    Path("out/clips.json").write_text(json.dumps(said).replace("smile", "smile, hat"))
    assert [(line.tag, line.decision) for line in edits_of(Path("out")).lines] == [("hat", "add")] * 2
    Path("out/clips.json").write_text("[]")
    with pytest.raises(GengaError, match="out/clips.json: is not as Video-BLIP2 writes it"):
        edits_of(Path("out"))


def test_animatediff(project: Path) -> None:
    command.animatediff("s", Path("out"), split="held-out")
    assert pl.read_csv("out/clips.csv").rows(named=True) == [
        {"videoid": "s__e__000010-000019", "name": "sky", "page_dir": "s/e"}
    ]
    assert Path("out/videos/s__e__000010-000019.mp4").is_file()
    Path("out/clips.csv").write_text('videoid,name,page_dir\ns__e__000010-000019,"sky, cloud",s/e\n')
    assert [(line.image, line.tag) for line in edits_of(Path("out")).lines] == [
        ("s/e/000010", "cloud"), ("s/e/000012", "cloud"),
    ]  # fmt: skip


def test_videofolder_has_both_sides(project: Path) -> None:
    command.videofolder("s", Path("out"))
    for side, name, caption in (("train", FIRST, "solo, smile"), ("test", SECOND, "sky")):
        (line,) = Path(f"out/{side}/metadata.jsonl").read_text().splitlines()
        said = json.loads(line)
        assert (said["file_name"], said["text"], said["clip"]) == (f"{name.replace('/', '__')}.mp4", caption, name)
        assert Path("out", side, said["file_name"]).is_file()
    assert edits_of(Path("out")).lines == []


def test_what_cannot_be_exported_says_why(project: Path) -> None:
    for words, why in (
        (("gone", None), r"data/clipset/gone.parquet: no such file; make it: snakemake --cores all"),
        (("s", "hana"), r"data/clipset/s.parquet: no clip of hana alone \(characters there: none\)"),
        (("../s", None), "a series is named as its folder"),
    ):  # fmt: skip
        with pytest.raises(GengaError, match=why):
            command.videofolder(words[0], Path("out"), words[1])
    assert not Path("out").exists()


def test_another_video_under_that_name_is_refused(project: Path) -> None:
    write_film(project / "data/raw/s/e.mkv", [flat(9, 130, 72)] * 24)
    with pytest.raises(GengaError, match="not the video that was probed"):
        command.videofolder("s", Path("out"))
    assert not Path("out").exists()
