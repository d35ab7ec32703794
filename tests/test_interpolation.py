"""Pictures between drawings: how many, where, what never lies between two; by FFmpeg's filter and by a model."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from films import flat, texture, with_box
from onnx import helper
from test_clips_export import project as project
from tiny_graphs import save

from genga.cli import clips as command
from genga.errors import GengaError
from genga.models.interpolator import Interpolator, open_interpolator
from genga.models.registry import load
from genga.params.models import InterpolatorContract, Params
from genga.params.section import parse_section, section_of_file
from genga.store.files import read_json
from genga.video import interpolation
from genga.video.interpolation import another, by_ffmpeg, count_at, interpolated

ROOT = Path(__file__).resolve().parent.parent


def box(x: int) -> np.ndarray:
    """A square with an eye at a place."""
    return with_box(with_box(flat(200, 192, 72), x, 20, 30, 40), x + 8, 28, 6, 250)


def left_of(image: np.ndarray) -> int:
    """Where the square begins, px."""
    return int((image[40, :, 0] < 120).argmax())


def noted(asked: list) -> object:
    """In place of what draws: notes how far on the way, and gives the first drawing, lighter by that in percent."""

    def between(one: np.ndarray, other: np.ndarray, way: Sequence[Fraction]) -> list[np.ndarray]:
        asked.append([str(place) for place in way])
        return [one + np.uint8(100 * place) for place in way]

    return between


@pytest.mark.parametrize(
    ("count", "rate", "wanted", "found"),
    [(2, 8, 24, 6), (16, 8, 24, 48), (16, 24, 24, 16), (16, 24, 12, 16), (5, 10, 24, 12), (6, 8000 / 1001, 24, 18),
     (16, 12.5, 24, 31)],
)  # fmt: skip
def test_a_clip_lasts_as_long_as_before(count: int, rate: float, wanted: float, found: int) -> None:
    assert count_at(count, rate, wanted) == found
    assert len(interpolated([flat(10 * number) for number in range(count)], rate, wanted, noted([]))) == found


def test_on_threes_two_pictures_lie_between_and_the_last_is_held() -> None:
    asked: list = []
    found = interpolated([flat(10), flat(20), flat(30)], 8, 24, noted(asked))
    assert asked == [["1/3", "2/3"], ["1/3", "2/3"]]
    assert [int(one[0, 0, 0]) for one in found] == [10, 43, 76, 20, 53, 86, 30, 30, 30]


def test_what_is_held_is_one_drawing() -> None:
    asked: list = []
    held = flat(10)
    found = interpolated([held, held, held.copy(), flat(20), flat(20)], 24, 48, noted(asked))
    assert asked == [["1/6", "1/3", "1/2", "2/3", "5/6"]] and len(found) == 10
    assert [int(one[0, 0, 0]) for one in found][-4:] == [20, 20, 20, 20]


def test_a_long_hold_rests_until_a_quarter_of_a_second_before_it_ends() -> None:
    asked: list = []
    found = interpolated([flat(10)] * 24 + [flat(20)], 24, 24.0001, noted([]))
    assert len(found) == 25
    found = interpolated([flat(10)] * 8 + [flat(20)], 8, 24, noted(asked))
    assert asked == [["1/6", "1/3", "1/2", "2/3", "5/6"]]  # of the last 6 of 24
    assert all((one == 10).all() for one in found[:19]) and len(found) == 27


def test_nothing_lies_across_a_cut() -> None:
    dark, light = (np.dstack([texture(seed, 128, 72) // 2 + 128 * seed] * 3) for seed in (0, 1))
    assert another(dark, light) and not another(box(10), box(60)) and not another(dark, np.roll(dark, 9, axis=1))
    asked: list = []
    found = interpolated([dark, np.roll(dark, 1, axis=1), light], 8, 24, noted(asked))
    assert len(asked) == 1 and len(found) == 9
    assert all((one == np.roll(dark, 1, axis=1)).all() for one in found[3:6])


@pytest.mark.parametrize("count", [2, 3, 16])
def test_minterpolate_is_made_whole(count: int) -> None:
    drawings = [box(30 + 6 * number) for number in range(count)]
    found = interpolated(drawings, 8, 24, by_ffmpeg)
    assert len(found) == 3 * count
    assert all((found[3 * number] == one).all() for number, one in enumerate(drawings))  # drawings stay as they are
    last = 24 + 6 * count
    wanted = [30 + 2 * number for number in range(3 * count - 3)] + [last] * 3  # the last is held to the end
    assert max(abs(left_of(one) - place) for one, place in zip(found, wanted, strict=True)) <= 1  # of blocks


def test_minterpolate_gives_the_same_again_of_odd_sizes_and_rates() -> None:
    small = [one[:35, :67] for one in (box(20), box(26))]
    way = [Fraction(1, 7), Fraction(23, 41), Fraction(99, 100)]
    first, second = by_ffmpeg(*small, way), by_ffmpeg(*small, way)
    assert [one.shape for one in first] == [(35, 67, 3)] * 3
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


def test_a_filter_that_is_not_there_and_pictures_too_small_for_it_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GengaError, match="^clip: minterpolate takes no pictures of 16x16 px; leave interpolate out"):
        interpolated([flat(10, 16, 16), flat(20, 16, 16)], 8, 24, by_ffmpeg, "clip")
    monkeypatch.setattr(av.filter, "filters_available", {"scale"})
    with pytest.raises(GengaError, match="^clip: this FFmpeg has no filter minterpolate; leave interpolate out"):
        interpolated([box(10), box(20)], 8, 24, by_ffmpeg, "clip")


def test_too_few_pictures_are_an_error_not_a_shorter_clip() -> None:
    with pytest.raises(GengaError, match="0 pictures came out between two drawings, not 2"):
        interpolated([flat(10), flat(20)], 8, 24, lambda one, other, way: [])


def mixing(path: Path, names: tuple[str, str, str] = ("img0", "img1", "timestep")) -> Path:
    """A graph that fades: first * (1 - time) + second * time."""
    first, second, time = names
    nodes = [
        helper.make_node("Sub", [second, first], ["apart"]), helper.make_node("Mul", ["apart", time], ["part"]),
        helper.make_node("Add", [first, "part"], ["output"]),
    ]  # fmt: skip
    shape = [1, 3, "height", "width"]
    return save(path, nodes, {first: shape, second: shape, time: [1]}, {"output": shape}, {})


def test_a_model_is_given_both_drawings_and_the_way(tmp_path: Path) -> None:
    model = Interpolator(mixing(tmp_path / "a.onnx"), InterpolatorContract(), "cpu")
    found = interpolated([flat(10, 66, 50), flat(31, 66, 50)], 8, 24, model)
    assert [one.shape for one in found] == [(50, 66, 3)] * 6
    assert [sorted({*one.ravel().tolist()}) for one in found] == [[10], [17], [24], [31], [31], [31]]


def test_another_model_is_named(tmp_path: Path) -> None:
    path = mixing(tmp_path / "a.onnx", ("x0", "x1", "time"))
    with pytest.raises(GengaError, match="inputs are x0, x1, time, expected img0, img1, timestep"):
        Interpolator(path, InterpolatorContract(), "cpu")
    Interpolator(path, InterpolatorContract(first="x0", second="x1", time="time"), "cpu")


def test_a_model_that_is_missing_is_one_line() -> None:
    registry = load(parse_section("models", Params, section_of_file(ROOT / "params.yaml", "models")), ROOT)
    with pytest.raises(GengaError) as error:
        open_interpolator(registry)
    assert str(error.value) == (
        "models.yaml:embedded.interpolate is missing, and params.yaml:clips.interpolate asks for a model: name one"
        " (docs/models.md), or take by: minterpolate"
    )


def test_an_export_plays_at_the_rate_that_is_asked_for(project: Path) -> None:
    path = project / "params.yaml"
    said = path.read_text()
    path.write_text(said.replace("interpolate: null", "interpolate: {by: minterpolate, rate: 24}"))
    command.video_blip2("s", project / "out")
    command.musubi("s", project / "grouped")
    (video,) = sorted((project / "out/videos").glob("*.mp4"))
    with av.open(str(video)) as file:
        rate = file.streams.video[0].average_rate
        assert rate is not None and (rate.numerator, rate.denominator) == (24, 1)
        assert sum(1 for _ in file.decode(video=0)) == 18  # six at 7.992 a second
    assert [one["num_frames"] for one in read_json(project / "out/clips.json")["data"]] == [18]
    told = (project / "grouped/dataset.toml").read_text()
    assert "target_frames = [17]" in told and "source_fps = 24.0" in told


def test_at_23_976_a_second_thirds_are_asked_for_as_thirds(monkeypatch: pytest.MonkeyPatch) -> None:
    """At exactly 24/s the places are 1000/3003 and 2000/3003: 64 steps would take twenty times as long."""
    asked: list[int] = []
    made = interpolation._between
    monkeypatch.setattr(interpolation, "_between", lambda *of: asked.append(of[2]) or made(*of))
    found = interpolated([box(30), box(36), box(42)], 8000 / 1001, 24, by_ffmpeg)
    assert (asked, len(found)) == ([3, 3], 9)
